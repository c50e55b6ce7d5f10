/*
 * scope - what an expression sees when it is evaluated.
 *
 * Nothing here reads a clock or a random source: random bits come from the
 * stimulus that makes the run move, through struct expr_random.
 */
#ifndef PAWL_EXPR_SCOPE_H
#define PAWL_EXPR_SCOPE_H

#include <stdint.h>

#include "doc/doc.h"

/* A deterministic generator (splitmix64): the same seed, the same numbers. */
struct expr_random {
	uint64_t state;
};
uint64_t expr_random_next(struct expr_random *r);

struct expr_scope {
	struct doc root; /* $: the document flowing through; borrowed */
	struct doc vars; /* object of the variables in scope, or DOC_NONE; borrowed */
	/* $$: returns the Context Object, borrowed; asked at most once an evaluation, built on demand. NULL = none. */
	struct doc (*context)(void *arg);
	void *context_arg;
	struct expr_random
	    *random;     /* for States.UUID and States.MathRandom; NULL = a bug to need it */
	bool aws_limits; /* AWS's quotas for what intrinsic functions take are on */
};

#endif
