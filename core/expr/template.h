/*
 * template - payload templates: a JSON value some of whose leaves are computed.
 *
 * In JSONPath states a member whose name ends in ".$" is computed by a path or an
 * intrinsic function and loses the suffix; everything else is copied. (JSONata
 * and Lua states compute strings "{% ... %}"; the same type serves them.)
 */
#ifndef PAWL_EXPR_TEMPLATE_H
#define PAWL_EXPR_TEMPLATE_H

#include "expr/scope.h"

enum query_language { QUERY_JSONPATH, QUERY_JSONATA, QUERY_LUA };

struct template;

/* What a compile found wrong; where is a path below the template ("/a/b.$"), "" = the template itself. */
typedef void template_report_cb(void *arg, const char *where, const char *message);

/*
 * Borrows value (and keeps a reference). Every problem is reported; NULL if there was one.
 */
struct template *template_compile(enum query_language lang, struct doc value,
    template_report_cb *report, void *arg);
void template_free(struct template *t);
/* The value as written in the definition; borrowed. */
struct doc template_source(const struct template *t);
/* True when nothing in it is computed: evaluation returns the source itself. */
bool template_is_static(const struct template *t);
/*
 * 0 and *out (owned), or -1 and e: "States.Runtime" ("The JSONPath '$.x' specified for
 * the field 'value.$' could not be found in the input '{...}'") or
 * "States.IntrinsicFailure" or "States.DataLimitExceeded" (bound.h); the cause has no state prefix, the engine adds it.
 */
int template_eval(const struct template *t, const struct expr_scope *s, struct doc *out,
    struct err *e);

/* Calls cb for every variable ($name) the template reads, nested calls included. */
typedef void template_variable_cb(void *arg, const char *name);
void template_variables(const struct template *t, template_variable_cb *cb, void *arg);

#endif
