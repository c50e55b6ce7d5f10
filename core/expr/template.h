/*
 * template - payload templates: a JSON value some of whose leaves are computed.
 *
 * In JSONPath states a member whose name ends in ".$" is computed by a path or an
 * intrinsic function and loses the suffix; everything else is copied. In the other query
 * languages every string "{% ... %}" is computed, names never are.
 */
#ifndef PAWL_EXPR_TEMPLATE_H
#define PAWL_EXPR_TEMPLATE_H

#include "expr/expression.h"

struct template;

enum template_problem {
	TEMPLATE_FORM, /* it is no template */
	TEMPLATE_CODE  /* an expression in it is no code */
};
/*
 * What a compile found wrong; where is a path below the template ("/a/b.$"), "" = the
 * template itself. The reason says more than the message, which is the service's; NULL =
 * nothing.
 */
typedef void template_report_cb(void *arg, enum template_problem problem, const char *where,
    const char *message, const char *reason);

/*
 * Borrows value (and keeps a reference). Every problem is reported; NULL if there was one. field
 * is what sentences about expressions call the template; JSONPath needs none, and no home.
 */
struct template *template_compile(const struct expression_home *home, const char *field,
    struct doc value, template_report_cb *report, void *arg);
void template_free(struct template *t);
/* The value as written in the definition; borrowed. */
struct doc template_source(const struct template *t);
/* The expression that the whole template is; NULL = it is something else. */
const struct expression *template_expression(const struct template *t);
/* True when nothing in it is computed: evaluation returns the source itself. */
bool template_is_static(const struct template *t);
/*
 * 0 and *out (owned), or -1 and e: "States.Runtime" ("The JSONPath '$.x' specified for
 * the field 'value.$' could not be found in the input '{...}'"),
 * "States.IntrinsicFailure", "States.QueryEvaluationError" or "States.DataLimitExceeded" (bound.h);
 * the cause has no state prefix, the engine adds it.
 */
int template_eval(const struct template *t, const struct expr_scope *s, struct doc *out,
    struct err *e);

/* Calls cb for every variable ($name) the template reads, nested calls included. */
typedef void template_variable_cb(void *arg, const char *name);
void template_variables(const struct template *t, template_variable_cb *cb, void *arg);

#endif
