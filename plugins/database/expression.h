/*
 * expression - DynamoDB's expressions: conditions, updates, projections and key conditions, parsed.
 */
#ifndef PAWL_DATABASE_EXPRESSION_H
#define PAWL_DATABASE_EXPRESSION_H

#include "value.h"

/* a.b[1].c */
struct path_step {
	char *name; /* NULL = an index */
	size_t index;
};
struct path {
	struct path_step *steps;
	size_t nsteps;
};
/* What is there; NULL = nothing. Borrowed. */
struct value *path_find(const struct value *item, const struct path *p);

enum node_kind {
	/* operands */
	NODE_PATH,
	NODE_VALUE,
	NODE_SIZE,
	NODE_IF_NOT_EXISTS,
	NODE_LIST_APPEND,
	NODE_PLUS,
	NODE_MINUS,
	/* conditions */
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_EQ,
	NODE_NE,
	NODE_LT,
	NODE_LE,
	NODE_GT,
	NODE_GE,
	NODE_BETWEEN,
	NODE_IN,
	NODE_EXISTS,
	NODE_NOT_EXISTS,
	NODE_TYPE,
	NODE_BEGINS,
	NODE_CONTAINS,
	/* actions of an update: kids[0] is a path, kids[1] an operand */
	NODE_SET,
	NODE_REMOVE,
	NODE_ADD,
	NODE_DELETE,
	/* what a whole update or projection is */
	NODE_LIST
};

struct node {
	enum node_kind kind;
	struct path path;
	const struct value *value; /* borrowed from the values */
	struct node **kids;
	size_t nkids;
};

/* The names and values that the expressions of one request may use, and which they did. */
struct substitutes {
	const struct pawl_host *host;
	struct pawl_doc names;  /* borrowed */
	struct value *values;   /* a map, named ":x" */
	bool *used;             /* of values */
	struct text used_names; /* each followed by a blank */
};
/* Reads ExpressionAttributeNames and ExpressionAttributeValues. */
int substitutes_read(const struct pawl_host *h, struct pawl_doc params, struct substitutes *s,
    struct dynamo_error *e);
/* All expressions are parsed: whether all was used. */
int substitutes_check(const struct substitutes *s, struct dynamo_error *e);
void substitutes_fini(struct substitutes *s);

enum expression_kind { EXPRESSION_CONDITION, EXPRESSION_UPDATE, EXPRESSION_PROJECTION };
/* Parses the member of that name; NULL without *e when it is missing. */
struct node *expression_read(struct pawl_doc params, const char *name, enum expression_kind kind,
    struct substitutes *s, struct dynamo_error *e);
void node_free(struct node *n); /* NULL is fine */

/* --- condition.c ----------------------------------------------------------------------------- */

/* item NULL = there is none. */
bool condition_holds(const struct node *n, const struct value *item);

/* --- update.c ---------------------------------------------------------------------------------- */

/* Changes item, a map; it is left half done when it fails. */
int update_apply(const struct node *update, struct value *item, struct dynamo_error *e);
/* Whether the update changes the attribute of that name. */
bool update_touches(const struct node *update, const char *name);

/* --- projection.c -------------------------------------------------------------------------------- */

/* The parts of the item that the paths of a list (or of the actions of an update) name; new. */
struct value *projection_of(const struct node *list, const struct value *item);

#endif
