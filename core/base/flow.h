/*
 * flow - a request as a list of named steps, any of which may wait.
 *
 *	static const struct flow_step start_execution[] = {
 *		{ "read", start_read },
 *		{ "machine", start_machine },
 *		{ "answer", start_answer },
 *		{ NULL, NULL } };
 *
 * A step returns FLOW_NEXT (go on), FLOW_WAIT (flow_resume comes later, with the
 * flow's id) or FLOW_DONE (the flow is over). A step that fails sets e and returns
 * FLOW_FAIL: the flow's fail callback answers and the flow is over. An error given to
 * flow_resume does the same. Flows are found by id; an id that is gone is a normal
 * case. flow_resume before the step returned FLOW_WAIT is fine. What is over is freed
 * (kind->fini) at the end of the turn; the id is gone at once.
 */
#ifndef PAWL_BASE_FLOW_H
#define PAWL_BASE_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct flow;
enum flow_next { FLOW_NEXT, FLOW_WAIT, FLOW_DONE, FLOW_FAIL };

struct flow_step {
	const char *name;
	enum flow_next (*run)(struct flow *f, void *state, struct err *e);
};

struct flow_kind {
	const char *name;
	const struct flow_step *steps;
	size_t state_size; /* zeroed before the first step */
	void (*fail)(struct flow *f, void *state, const struct err *e);
	void (*fini)(void *state); /* frees what the state holds; NULL = nothing */
	int64_t deadline_ms; /* of the whole flow; 0 = none. Past it: e "ServiceUnavailable" */
};

/* Makes a flow and returns its state for the caller to fill; flow_begin runs the first step. */
struct flow *flow_new(struct loop *l, const struct flow_kind *k);
void *flow_state_of(struct flow *f);
uint64_t flow_id(const struct flow *f);
void flow_begin(struct flow *f);
/* The state of the flow with that id, or NULL when it is over. */
void *flow_state(uint64_t id);
struct flow *flow_find(uint64_t id);
/* Goes on with the next step (e NULL) or fails. Unknown ids are ignored. */
void flow_resume(uint64_t id, const struct err *e);
/* Ends it without answer (the client hung up). */
void flow_cancel(uint64_t id);

#endif
