/*
 * check_flow - every state is reached from StartAt, and the machine can end.
 */
#include <stdlib.h>

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

/* The states of one container by their index there; state numbers of a container are not contiguous. */
struct flow {
	const struct container *box;
	bool *reached; /* by index in box->states */
	const struct state **queue;
	size_t n;
};

static size_t
flow_index(const struct flow *f, const struct state *st)
{
	size_t low = 0, high = f->box->nstates;

	/* Numbers grow in the order of states. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->box->states[mid]->number < st->number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
flow_reach(struct flow *f, const struct state *st)
{
	size_t i;

	if (st == NULL)
		return;
	i = flow_index(f, st);
	if (f->reached[i])
		return;
	f->reached[i] = true;
	f->queue[f->n++] = st;
}

static void
flow_follow(struct flow *f, const struct state *st)
{
	size_t i;

	flow_reach(f, st->next);
	flow_reach(f, st->default_);
	for (i = 0; i < st->ncatch; i++)
		flow_reach(f, st->catch_[i].next);
	for (i = 0; i < st->nrules; i++)
		flow_reach(f, st->rules[i].next);
}

static bool
flow_can_end(const struct container *box)
{
	size_t i;

	for (i = 0; i < box->nstates; i++) {
		const struct state *st = box->states[i];

		if (st->end || st->type == STATE_SUCCEED || st->type == STATE_FAIL)
			return true;
	}
	return false;
}

static void
flow_report(struct compiler *c, const struct flow *f, const struct place *at)
{
	size_t i;

	for (i = 0; i < f->box->nstates; i++) {
		const struct state *st = f->box->states[i];
		struct place here = { .up = at, .name = st->name, .len = st->name_len };

		if (!f->reached[i])
			report(c, &here, "MISSING_TRANSITION_TARGET",
			    "State \"%.*s\" is not reachable.",
			    (int)ident_cut(st->name, st->name_len, DIAGNOSTIC_NAME_MAX), st->name);
	}
}

void
check_flow(struct compiler *c, const struct container *box, const struct place *at)
{
	struct flow f = { .box = box };
	size_t i;

	if (c->here.flow_unknown)
		return;
	if (box->owner == NULL && !c->here.flow_dangles && !flow_can_end(box)) {
		diagnostics_add(c->d, DIAGNOSTIC_ERROR, "MISSING_END_STATE", NULL,
		    "Workflow has no terminal state");
		return;
	}
	if (box->start == NULL)
		return;
	f.reached = xcalloc(box->nstates, sizeof(*f.reached));
	f.queue = xcalloc(box->nstates, sizeof(*f.queue));
	flow_reach(&f, box->start);
	for (i = 0; i < f.n; i++)
		flow_follow(&f, f.queue[i]);
	flow_report(c, &f, at);
	free(f.reached);
	free(f.queue);
}
