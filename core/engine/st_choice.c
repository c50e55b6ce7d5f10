/*
 * st_choice - the Choice state: the first rule that matches says what is next.
 */
#include "engine/dataflow.h"

/* 0 with *rule (NULL = none matches), or -1 and e. */
static int
find_rule(struct run *r, struct frame *f, struct doc effective, const struct choice_rule **rule,
    struct err *e)
{
	const struct state *s = f->state;
	struct context_env env;
	struct expr_scope scope;
	int matches = 0;

	*rule = NULL;
	context_env_init(&env, r, f);
	scope = context_scope(&env, effective);
	for (size_t i = 0; i < s->nrules && matches == 0; i++) {
		matches = choice_rule_eval(&s->rules[i], &scope, e);
		if (matches == 1)
			*rule = &s->rules[i];
	}
	context_env_fini(&env);
	return matches < 0 ? -1 : 0;
}

void
st_choice_work(struct run *r, struct frame *f)
{
	const struct state *s = f->state, *next;
	const struct choice_rule *rule;
	struct err e = ERR_INIT;
	struct doc effective = DOC_NONE, assigned = DOC_NONE, output = DOC_NONE;

	if (flow_input(r, f, &effective, &e) != 0 || find_rule(r, f, effective, &rule, &e) != 0)
		goto out;
	next = rule != NULL ? rule->next : s->default_;
	if (next == NULL) {
		err_set(&e, "States.Runtime",
		    "Failed to transition out of the state. "
		    "The state does not point to a next state.");
		goto out;
	}
	if (flow_assign(r, f, rule != NULL ? rule->assign : s->assign, ABOUT_INPUT, effective,
		&assigned, &e) != 0)
		goto out;
	if (flow_pass_on(r, f, rule != NULL ? rule->output : s->output, effective, &output, &e) !=
	    0) {
		doc_unref(assigned);
		goto out;
	}
	frame_leave(r, f, output, assigned, next);
out:
	if (err_is_set(&e))
		frame_fail_err(r, f, &e);
	doc_unref(effective);
}
