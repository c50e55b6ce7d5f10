/*
 * value - DynamoDB's attribute values: {"S": "x"}, {"N": "1"}, {"M": {...}} as trees that can be changed.
 */
#ifndef PAWL_DATABASE_VALUE_H
#define PAWL_DATABASE_VALUE_H

#include <pawl/plugin.h>

#include "decimal.h"

enum value_kind {
	VALUE_S,
	VALUE_N,
	VALUE_B,
	VALUE_BOOL,
	VALUE_NULL,
	VALUE_M,
	VALUE_L,
	VALUE_SS,
	VALUE_NS,
	VALUE_BS
};

struct value {
	enum value_kind kind;
	bool yes;         /* BOOL */
	struct text text; /* S: characters; B: bytes; N: its digits in one form */
	struct decimal number;
	char **names; /* M: of the parts */
	struct value **parts;
	size_t nparts;
};

/* --- errors, as DynamoDB has them ------------------------------------------------------------ */

/* Zeroed = none. */
struct dynamo_error {
	const char *code;   /* static */
	int status;         /* 0 = 400 */
	char *message;      /* owned */
	struct value *item; /* owned: what the condition was tested on, when that is wanted */
	char *reasons;      /* owned: the JSON of why a transaction was cancelled, an array */
};
/* Returns -1; the first error stays. */
int dynamo_error_set(struct dynamo_error *e, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same as ValidationException. */
int dynamo_invalid(struct dynamo_error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void dynamo_error_fini(struct dynamo_error *e);

/* --- values ------------------------------------------------------------------------------------ */

/* NULL and *e when it is none. */
struct value *value_read(const struct pawl_host *h, struct pawl_doc d, struct dynamo_error *e);
/* An object of values as a map: an item, a key. */
struct value *value_read_map(const struct pawl_host *h, struct pawl_doc d, struct dynamo_error *e);
struct value *value_new(enum value_kind kind);
struct value *value_new_number(const struct decimal *d);
struct value *value_copy(const struct value *v);
void value_free(struct value *v); /* NULL is fine */

void value_write(const struct pawl_host *h, struct pawl_builder *b, const struct value *v);
/* The object of values that a map is. */
void value_write_map(const struct pawl_host *h, struct pawl_builder *b, const struct value *map);
char *value_json(const struct pawl_host *h, const struct value *map); /* free with host->free */

const char *value_type_name(const struct value *v); /* "S", "NS" ... */
bool value_equal(const struct value *a, const struct value *b);
/* False when they have no order. */
bool value_compare(const struct value *a, const struct value *b, int *order);
size_t value_size(const struct value *v);  /* as the function size() has it */
size_t value_bytes(const struct value *v); /* as it counts against 400 KB */
/* 0, or -1 and *e: the item has values in values deeper than DynamoDB allows. */
int value_check_depth(const struct value *item, struct dynamo_error *e);
bool value_contains(const struct value *set, const struct value *v);
bool value_begins(const struct value *v, const struct value *prefix);

/* Members of maps, elements of lists and sets. */
struct value *value_get(const struct value *map, const char *name);   /* borrowed; NULL = none */
void value_set(struct value *map, const char *name, struct value *v); /* takes v */
void value_remove(struct value *map, const char *name);
void value_append(struct value *list, struct value *v); /* takes v */
void value_remove_at(struct value *list, size_t i);

/* Bytes that compare as keys do: of S, N and B. */
void value_key(const struct value *v, struct text *out);

#endif
