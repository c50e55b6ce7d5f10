/*
 * context - the Context Object ($$) of a frame, built when an expression asks for it.
 */
#ifndef PAWL_ENGINE_CONTEXT_H
#define PAWL_ENGINE_CONTEXT_H

#include "engine/move.h"
#include "expr/scope.h"

/* What one evaluation sees besides $. */
struct context_env {
	struct run *run;
	struct frame *frame;
	/* Parameters of a task that has a token: Task.Token of the attempt with this id; 0 = no Task */
	int64_t task_id;
	/* ItemSelector: the item that is about to begin; DOC_NONE = what the frame itself is in */
	struct doc item;
	uint32_t index;
	/* states.result and states.errorOutput; borrowed */
	struct doc result, error_output;
	struct doc built; /* owned: the object, when it is of this evaluation only */
};

void context_env_init(struct context_env *env, struct run *r, struct frame *f);
void context_env_fini(struct context_env *env);
/* The scope of an evaluation; borrows root and env. */
struct expr_scope context_scope(struct context_env *env, struct doc root);

#endif
