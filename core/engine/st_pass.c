/*
 * st_pass - the Pass state: its input, or a constant, is its result.
 */
#include "engine/dataflow.h"

void
st_pass_work(struct run *r, struct frame *f)
{
	const struct state *s = f->state;
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE, result = DOC_NONE;
	struct context_env env;

	context_env_init(&env, r, f);
	if (flow_input(r, f, &effective, &e) != 0)
		goto out;
	if (!doc_is_none(s->result))
		result = doc_ref(s->result);
	else if (s->parameters == NULL)
		result = doc_ref(effective);
	else if (flow_template(&env, s->parameters, effective, &result, &e) != 0)
		goto out;
	frame_finish(r, f, result);
out:
	if (err_is_set(&e))
		frame_fail_err(r, f, &e);
	context_env_fini(&env);
	doc_unref(effective);
	doc_unref(result);
}
