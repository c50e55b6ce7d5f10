/*
 * model - the request shapes of the Step Functions API, as tables.
 *
 * model_gen.c is made by scripts/apigen from AWS's service model and holds every
 * action with everything its input can reach. Names, limits, patterns and the
 * order of members and enum values are the model's. Shapes name each other by
 * index, for model_shape().
 */
#ifndef PAWL_API_MODEL_H
#define PAWL_API_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_kind {
	MODEL_STRUCTURE,
	MODEL_STRING,
	MODEL_INTEGER,
	MODEL_LONG,
	MODEL_FLOAT,
	MODEL_BOOLEAN,
	MODEL_TIMESTAMP,
	MODEL_LIST,
	MODEL_MAP
};

#define MODEL_NO_MIN INT64_MIN
#define MODEL_NO_MAX INT64_MAX

struct model_member {
	const char *name;
	uint16_t shape;
	bool required;
};

struct model_shape {
	const char *name;
	enum model_kind kind;
	bool sensitive; /* its value belongs into no log and no error text */
	int64_t min,
	    max; /* of the length (strings: characters, lists, maps) or of the value (numbers) */
	const char *pattern;            /* Java regular expression for the whole string, or NULL */
	const char *const *enum_values; /* NULL-terminated, or NULL: any value */
	const struct model_member *members; /* structures */
	size_t nmembers;
	uint16_t key;     /* maps: the shape of the keys */
	uint16_t element; /* lists: of an element, maps: of a value */
};

struct model_action {
	const char *name;
	uint16_t input;
};

/* Sorted by name. */
extern const struct model_action model_actions[];
extern const size_t model_nactions;
extern const struct model_shape model_shapes[];
extern const size_t model_nshapes;

/* NULL when the model has no such action. */
const struct model_action *model_action_find(const char *name, size_t len);
/* index comes from a model_action, model_member or model_shape. Never NULL. */
const struct model_shape *model_shape(uint16_t index);
/* NULL when the structure has no such member. */
const struct model_member *model_member_find(const struct model_shape *s, const char *name,
    size_t len);

#endif
