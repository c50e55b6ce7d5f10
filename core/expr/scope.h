/*
 * scope - what an expression sees when it is evaluated.
 *
 * Nothing here reads a clock or a random source: random bits come from the
 * stimulus that makes the run move, through struct expr_random.
 */
#ifndef PAWL_EXPR_SCOPE_H
#define PAWL_EXPR_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "doc/doc.h"

/* A deterministic generator (splitmix64): the same seed, the same numbers. */
struct expr_random {
	uint64_t state;
};
uint64_t expr_random_next(struct expr_random *r);

/* What expressions ask of the owner of the run; members may be NULL. */
struct expr_host {
	/* The source of a Lua module: a luabox_module_cb (expr/luabox.h). */
	int (
	    *module)(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e);
	/* For owners that have a clock: a luabox_give_up_cb. */
	int (*give_up)(void *arg, bool first);
	void *arg;
};

struct expr_scope {
	struct doc root; /* $, or states.input: the document flowing through; borrowed */
	/* states.result and states.errorOutput, where there are such; borrowed */
	struct doc result, error_output;
	struct doc vars; /* object of the variables in scope, or DOC_NONE; borrowed */
	/* $$: returns the Context Object, borrowed; asked at most once an evaluation, built on demand. NULL = none. */
	struct doc (*context)(void *arg);
	void *context_arg;
	struct expr_random *
	    random; /* for States.UUID, States.MathRandom and math.random; NULL = a bug to need it */
	const struct expr_host *host; /* NULL = none */
	int64_t
	    *steps; /* what Lua code may still take, see expr/luabox.h; NULL = its own limit only */
	const char **failed_field; /* out: the field whose expression failed; NULL = nobody asks */
	bool aws_limits;           /* AWS's quotas for what intrinsic functions take are on */
};

#endif
