/*
 * st_parallel - the Parallel state: every branch gets the same input, all results
 * make one array.
 */
#include "engine/dataflow.h"

void
st_parallel_work(struct run *r, struct frame *f)
{
	const struct state *s = f->state;
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE, input = DOC_NONE;
	struct context_env env;
	uint32_t n = (uint32_t)s->nbranches;

	context_env_init(&env, r, f);
	if (flow_input(r, f, &effective, &e) != 0)
		goto out;
	if (s->parameters == NULL)
		input = doc_ref(effective);
	else if (flow_template(&env, s->parameters, effective, &input, &e) != 0)
		goto out;
	if (run_over_limit(r, input)) {
		frame_fail_limit(r, f, s->name);
		goto out;
	}
	f->cursor = event_plain(r, EVENT_PARALLEL_STATE_STARTED, f->cursor);
	f->fan = fan_new(DOC_NONE, n, n, f->cursor);
	f->fan->next = n;
	frame_set_phase(r, f, FRAME_CHILDREN);
	for (uint32_t i = 0; i < n; i++) {
		struct payload p = { .doc = doc_ref(input), .event = PAYLOAD_NOWHERE };

		(void)frame_new(r, f, i, s->branches[i], f->cursor, p, doc_ref(f->vars));
	}
out:
	if (err_is_set(&e))
		frame_fail_err(r, f, &e);
	context_env_fini(&env);
	doc_unref(effective);
	doc_unref(input);
}
