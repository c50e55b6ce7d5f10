/*
 * outline - where the members of a definition stand in its text.
 *
 * A tree of what was read, whatever the text's language: JSON's and YAML's readers make
 * it, a diagnostic's location is looked up in it. YAML's aliases make it a graph without
 * cycles: a node may be the value of several members. All of it lives in one arena.
 */
#ifndef PAWL_CLI_OUTLINE_H
#define PAWL_CLI_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "doc/doc.h"

struct outline_span {
	size_t begin, end; /* bytes of the text */
};

struct outline_node {
	enum doc_type type;
	const char *text; /* YAML: a string's text, a number as JSON writes it */
	size_t len;
	struct outline_member *first, *last; /* of objects and arrays */
	size_t n;
};

struct outline_member {
	struct outline_member *next;
	const char *name; /* NULL in arrays */
	size_t len;
	struct outline_span key, value; /* of containers just the beginning */
	struct outline_node *node;
};

struct outline_node *outline_node(struct arena *a, enum doc_type type);
/* Adds an empty member at the end of the node. */
struct outline_member *outline_add(struct arena *a, struct outline_node *to);

/*
 * Where the location ("/States/A/Choices[0]") stands: the value, when that is no object or
 * array, else the key. False = it is not there: *span is then the last part that is.
 * Names may hold '/' and '[': all ways to read the location are tried, long names first.
 */
bool outline_find(const struct outline_node *root, struct outline_span root_span,
    const char *location, bool at_key, struct outline_span *span);

#endif
