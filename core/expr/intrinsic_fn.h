/*
 * intrinsic_fn - the intrinsic functions themselves, on evaluated arguments.
 */
#ifndef PAWL_EXPR_INTRINSIC_FN_H
#define PAWL_EXPR_INTRINSIC_FN_H

#include "base/similar.h"
#include "expr/scope.h"

/* What a function works with. */
struct intrinsic_call {
	const char *name; /* without "States." */
	const struct doc *args;
	size_t n;
	struct expr_random *random;
	bool aws_limits;
	/*
	 * States.Format only: the first argument was a literal, this is its text with its
	 * escapes; a backslash takes the meaning from the character behind it.
	 */
	const char *literal;
	size_t literal_len;
};
/* 0 and *out (owned), or -1 and e "States.IntrinsicFailure". */
typedef int intrinsic_fn(const struct intrinsic_call *c, struct doc *out, struct err *e);

struct intrinsic_function {
	const char *name;
	/*
	 * A letter for each argument: s string, n number, b boolean, a array, o object,
	 * x anything; "?" before one: from here on arguments may be missing; "*" at the end: the
	 * last one any number of times, none included.
	 */
	const char *arguments;
	intrinsic_fn *fn;
};
/* NULL = there is none of that name. */
const struct intrinsic_function *intrinsic_find(const char *name, size_t len);
void intrinsic_offer_names(struct similar *s);

#endif
