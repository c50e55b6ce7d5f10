/*
 * expression - one "{% ... %}" of a state whose query language is not JSONPath.
 *
 * It knows the field that it stands in, as the service's sentences call it: "Output/total",
 * "Choices[0]/Condition", "Catch[1]/Assign/name".
 */
#ifndef PAWL_EXPR_EXPRESSION_H
#define PAWL_EXPR_EXPRESSION_H

#include "expr/luacode.h"
#include "expr/scope.h"

enum query_language { QUERY_JSONPATH, QUERY_JSONATA, QUERY_LUA };

struct expression; /* immutable after compile, but for what luacode caches */

/* Where expressions are at home. Borrowed. */
struct expression_home {
	enum query_language language;
	struct luacode *lua; /* of the machine; outlives the expressions */
	const char *state;   /* its name: what places in code are called begins so */
};

/* How a string is marked. */
enum expression_mark {
	EXPRESSION_NOT,    /* a plain string */
	EXPRESSION_WHOLE,  /* "{% ... %}" */
	EXPRESSION_BROKEN, /* begins so or ends so, and not both */
};
enum expression_mark expression_mark(const char *s, size_t len);

/*
 * Compiles the text of a string that is EXPRESSION_WHOLE. NULL and e (the cause is a sentence of
 * its own) when it is no code.
 */
struct expression *expression_compile(const struct expression_home *home, const char *field,
    const char *text, size_t len, struct err *e);
void expression_free(struct expression *x); /* NULL is fine */
/*
 * 0 and *out (owned), or -1 and e "States.QueryEvaluationError" with the service's
 * sentence; *s->failed_field is the field then.
 */
int expression_eval(const struct expression *x, const struct expr_scope *s, struct doc *out,
    struct err *e);
/*
 * The value is not what the field takes ("array", "number", "string", "boolean"): sets e and *s->failed_field.
 * Always -1.
 */
int expression_wrong_type(const struct expression *x, const struct expr_scope *s,
    const char *expected, struct doc value, struct err *e);

#endif
