/*
 * intrinsic - calls of the intrinsic functions (States.Format ...): compiled once,
 * evaluated often.
 */
#ifndef PAWL_EXPR_INTRINSIC_H
#define PAWL_EXPR_INTRINSIC_H

#include "expr/scope.h"

struct intrinsic; /* immutable after compile */

/* Does the text look like a call? Nothing else begins with "States.". */
bool intrinsic_is_call(const char *text, size_t len);
/*
 * NULL and e (name "pawl.Intrinsic", cause: what is wrong) when the text is no
 * call, names an unknown function or gives it arguments that it cannot take.
 */
struct intrinsic *intrinsic_compile(const char *text, size_t len, struct err *e);
void intrinsic_free(struct intrinsic *f); /* NULL is fine */
/* The function's name without "States.". */
const char *intrinsic_name(const struct intrinsic *f);
/*
 * 0 and *out (owned), or -1 and e: "States.Runtime" when the path of an argument finds
 * nothing, "States.IntrinsicFailure" when the function cannot do its work.
 */
int intrinsic_eval(const struct intrinsic *f, const struct expr_scope *s, struct doc *out,
    struct err *e);
/* Calls cb for every variable that an argument reads. */
void intrinsic_variables(const struct intrinsic *f, void (*cb)(void *arg, const char *name),
    void *arg);

#endif
