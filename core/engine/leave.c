/*
 * leave - how a state ends: with an output and a next state, or with a failure
 * that a Retrier, a Catcher or the end of the execution takes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/dataflow.h"
#include "engine/move.h"
#include "expr/bound.h"

#define DATA_LIMIT_ERROR "States.DataLimitExceeded"

bool
run_over_limit(const struct run *r, struct doc d)
{
	if (doc_is_none(d))
		return false;
	return !expr_fits(d) || (r->facts.aws_limits && doc_size(d) > LIMIT_PAYLOAD);
}

/* --- success ------------------------------------------------------------------- */

/* What belongs to one stay in a state and not to the frame. */
static void
forget_state(struct run *r, struct frame *f)
{
	frame_close_attempt(r, f, false);
	frame_drop_fan(r, f);
	free(f->retries);
	f->retries = NULL;
	f->retry_count = 0;
	f->due_ms = DUE_NEVER;
	doc_unref(f->context);
	f->context = DOC_NONE;
	f->entered_event_id = 0;
	f->entered_ms = 0;
}

static void
assign(struct run *r, struct frame *f, struct doc assigned, int64_t event)
{
	(void)r;
	if (doc_is_none(assigned))
		return;
	vars_assign(&f->vars, assigned);
	if (f->nassigned == f->assigned_cap) {
		f->assigned_cap = f->assigned_cap > 0 ? 2 * f->assigned_cap : 4;
		f->assigned = xreallocarray(f->assigned, f->assigned_cap, sizeof(*f->assigned));
	}
	f->assigned[f->nassigned++] = event;
	doc_unref(assigned);
}

/* The frame has no next state. Takes output. */
static void
frame_end(struct run *r, struct frame *f, struct payload output)
{
	if (r->history_full) /* the run is about to fail */
		doc_unref(output.doc);
	else if (f->parent == NULL)
		run_succeed(r, f, output);
	else
		st_child_ended(r, f, output);
}

void
frame_exit(struct run *r, struct frame *f, struct doc output, struct doc assigned,
    const struct state *next)
{
	const struct state *s = f->state;
	int64_t shown;

	f->cursor = event_begin(r, event_exited(s->type), f->cursor);
	event_members(r, s->member, s->member_len);
	shown = event_payload(r, f, "output", output);
	event_doc(r, "assignedVariables", assigned);
	event_end(r);
	forget_state(r, f);
	assign(r, f, assigned, f->cursor);
	frame_touch(r, f);
	if (next == NULL) {
		frame_end(r, f, (struct payload){ output, shown });
		return;
	}
	doc_unref(f->input.doc);
	f->input = (struct payload){ output, shown };
	f->input_changed = true;
	f->state = next;
	frame_set_phase(r, f, FRAME_ENTER);
}

/* AWS: 256 KiB for what one state assigns, 10 MiB for all variables of an execution. Ours: what one document may be. */
static bool
variables_over_limit(const struct run *r, const struct frame *f, struct doc assigned)
{
	size_t all_max = r->facts.aws_limits ? LIMIT_VARIABLES : EXPR_SIZE_MAX;

	if (doc_is_none(assigned))
		return false;
	return run_over_limit(r, assigned) || vars_size_with(f->vars, assigned) > all_max;
}

static bool
over_limits(const struct run *r, const struct frame *f, struct doc output, struct doc assigned)
{
	return run_over_limit(r, output) || variables_over_limit(r, f, assigned);
}

void
frame_leave(struct run *r, struct frame *f, struct doc output, struct doc assigned,
    const struct state *next)
{
	if (!over_limits(r, f, output, assigned)) {
		frame_exit(r, f, output, assigned, next);
		return;
	}
	doc_unref(assigned);
	doc_unref(output);
	frame_fail_limit(r, f, f->state->name);
}

void
frame_finish(struct run *r, struct frame *f, struct doc result)
{
	enum flow_about about = f->state->type == STATE_PASS ? ABOUT_INPUT : ABOUT_RESULT;
	struct err e = ERR_INIT;
	struct doc assigned = DOC_NONE, output = DOC_NONE;

	if (flow_assign(r, f, f->state->assign, about, result, &assigned, &e) != 0 ||
	    flow_output(r, f, about, result, &output, &e) != 0) {
		doc_unref(assigned);
		frame_fail_err(r, f, &e);
		return;
	}
	frame_leave(r, f, output, assigned, f->state->next);
}

/* --- failure ------------------------------------------------------------------- */

/* A failed evaluation has an event of its own, which all that comes of it follows. */
static void
write_evaluation_failed(struct run *r, struct frame *f, const struct failure *x)
{
	bool untouched = f->cursor == f->entered_event_id && f->state->type != STATE_WAIT;

	f->cursor =
	    event_begin(r, EVENT_EVALUATION_FAILED, untouched ? f->before_event_id : f->cursor);
	event_strings(r, "error", x->error);
	event_strings(r, "cause", x->cause);
	event_strings(r, "location", r->failed_field);
	event_string(r, "state", f->state->name, f->state->name_len);
	event_end(r);
	r->failed_field = NULL;
	frame_touch(r, f);
}

/* Empties e. */
static void
failure_init_err(struct failure *x, struct run *r, struct frame *f, struct err *e)
{
	char *cause = xasprintf(
	    "An error occurred while executing the state '%s' (entered at the event id #%lld). %s",
	    f->state->name, (long long)f->entered_event_id, err_cause(e));

	failure_init(x, e->name, cause);
	free(cause);
	err_fini(e);
	if (failure_is_evaluation(x))
		write_evaluation_failed(r, f, x);
}

void
frame_fail_err(struct run *r, struct frame *f, struct err *e)
{
	struct failure x;

	failure_init_err(&x, r, f, e);
	x.terminal = x.error != NULL && strcmp(x.error, DATA_LIMIT_ERROR) == 0;
	frame_fail(r, f, &x);
}

void
failure_init_limit(struct failure *x, const char *what)
{
	char *cause = xasprintf("The state/task '%s' returned a result with a size exceeding the "
				"maximum number of bytes service limit.",
	    what);

	failure_init(x, DATA_LIMIT_ERROR, cause);
	free(cause);
}

void
frame_fail_limit(struct run *r, struct frame *f, const char *what)
{
	struct failure x;

	failure_init_limit(&x, what);
	x.terminal = true;
	frame_fail(r, f, &x);
}

static void
write_iteration(struct run *r, enum event_type t, const struct frame *iteration, int64_t previous)
{
	const struct state *map = iteration->parent->state;

	event_begin(r, t, previous);
	event_members(r, map->member, map->member_len);
	event_int(r, "index", iteration->index);
	event_end(r);
}

static void
write_state_aborted(struct run *r, const struct frame *f, int64_t previous)
{
	enum event_type t = event_aborted(f->state->type);

	if (f->entered_event_id != 0 && t != EVENT_TYPE_COUNT)
		event_plain(r, t, previous);
}

/* The frame and everything in it stops because of the event culprit. It stays in memory. */
static void
abort_frame(struct run *r, struct frame *f, int64_t culprit)
{
	struct frame *child;

	if (f->parent->state->type == STATE_MAP)
		write_iteration(r, EVENT_MAP_ITERATION_ABORTED, f, culprit);
	write_state_aborted(r, f, culprit);
	TAILQ_FOREACH(child, &f->children, sibling_link)
		abort_frame(r, child, culprit);
	frame_close_attempt(r, f, true);
	frame_set_phase(r, f, FRAME_STOPPED);
}

/*
 * f failed inside the Parallel or Map of its parent: f's own clean-up events, then
 * its siblings', all of them leaves on the failing event. What f's state has to say
 * for itself is not said again when ...StateFailed stands in the history already.
 */
static void
abort_siblings(struct run *r, struct frame *f, bool logged)
{
	struct frame *parent = f->parent, *child;
	int64_t culprit = f->cursor;

	if (parent->state->type == STATE_MAP)
		write_iteration(r, EVENT_MAP_ITERATION_FAILED, f, culprit);
	if (!logged)
		write_state_aborted(r, f, culprit);
	TAILQ_FOREACH(child, &parent->children, sibling_link) {
		if (child != f)
			abort_frame(r, child, culprit);
	}
	frame_set_phase(r, f, FRAME_STOPPED);
	parent->cursor = culprit;
	frame_touch(r, parent);
}

/*
 * A Parallel or Map that will not be retried says so in an event of its own, except
 * when it never came to run because of an error nothing can catch.
 */
static void
write_state_failed(struct run *r, struct frame *f, struct failure *x)
{
	enum state_type t = f->state->type;

	x->logged = (t == STATE_PARALLEL || t == STATE_MAP) && (x->inside || !failure_is_fatal(x));
	if (!x->logged)
		return;
	f->cursor = event_plain(r,
	    t == STATE_MAP ? EVENT_MAP_STATE_FAILED : EVENT_PARALLEL_STATE_FAILED, f->cursor);
	frame_touch(r, f);
}

/* 0 when the Catcher's state is next; -1 when the Catcher itself failed: *x is that failure then. */
static int
catch_failure(struct run *r, struct frame *f, const struct catcher *c, struct failure *x)
{
	struct err e = ERR_INIT;
	struct doc error_output = failure_output(x), assigned = DOC_NONE, output = DOC_NONE;
	bool logged = x->logged;
	int rc;

	rc = flow_assign(r, f, c->assign, ABOUT_ERROR, error_output, &assigned, &e);
	if (rc == 0)
		rc = flow_catch(r, f, c, error_output, &output, &e);
	doc_unref(error_output);
	if (rc == 0 && !over_limits(r, f, output, assigned)) {
		frame_remove_children(r, f);
		frame_exit(r, f, output, assigned, c->next);
		return 0;
	}
	doc_unref(assigned);
	doc_unref(output);
	failure_fini(x);
	if (rc != 0)
		failure_init_err(x, r, f, &e);
	else
		failure_init_limit(x, f->state->name);
	x->terminal = rc == 0;
	x->logged = logged;
	return -1;
}

/* f goes on at its next attempt or in a Catcher's state, or it does not; *out is what hooks hear of it. */
static bool
failure_is_handled(struct run *r, struct frame *f, struct failure *x, struct failed_state *out)
{
	const struct catcher *c;

	*out = (struct failed_state){ .state = f->state, .retry_count = (int)f->retry_count };
	/* branches that began before the state failed by itself */
	if (!x->inside) {
		struct frame *child;

		TAILQ_FOREACH(child, &f->children, sibling_link)
			abort_frame(r, child, f->cursor);
	}
	if (retry_schedule(r, f, x)) {
		frame_remove_children(r, f);
		frame_drop_fan(r, f);
		out->end = FAILED_RETRIED;
		return true;
	}
	write_state_failed(r, f, x);
	if ((c = catch_find(f, x)) == NULL || catch_failure(r, f, c, x) != 0)
		return false;
	out->end = FAILED_CAUGHT;
	out->next = c->next;
	return true;
}

/* The same, and tells of it. */
static bool
failure_ends(struct run *r, struct frame *f, struct failure *x)
{
	struct failed_state failed;
	bool handled = failure_is_handled(r, f, x, &failed);

	failed.error = x->error;
	failed.cause = x->cause;
	run_effect_failed(r, &failed);
	return handled;
}

/*
 * Goes up from the frame that failed, state by state, until one handles it. The
 * frames below that one are forgotten; when none does they stay as they were left,
 * which is what a redrive begins with.
 */
void
frame_fail(struct run *r, struct frame *f, struct failure *x)
{
	frame_close_attempt(r, f, false);
	while (!failure_ends(r, f, x)) {
		if (f->parent == NULL) {
			if (!r->history_full)
				run_close(r, RUN_FAILED, x->error, x->cause, f->cursor);
			break;
		}
		abort_siblings(r, f, x->logged);
		x->inside = true;
		f = f->parent;
	}
	failure_fini(x);
}

/* --- the end ------------------------------------------------------------------- */

void
run_close(struct run *r, enum run_status status, const char *error, const char *cause,
    int64_t previous)
{
	static const enum event_type ends[] = {
		[RUN_FAILED] = EVENT_EXECUTION_FAILED,
		[RUN_TIMED_OUT] = EVENT_EXECUTION_TIMED_OUT,
		[RUN_ABORTED] = EVENT_EXECUTION_ABORTED,
	};
	struct frame *f;

	assert(r->status == RUN_RUNNING && status != RUN_RUNNING && status != RUN_SUCCEEDED);
	event_begin(r, ends[status], previous);
	event_strings(r, "error", error);
	event_strings(r, "cause", cause);
	event_end(r);
	r->status = status;
	r->stop_ms = r->now_ms;
	r->error = error != NULL ? xstrdup(error) : NULL;
	r->cause = cause != NULL ? xstrdup(cause) : NULL;
	r->changed = true;
	TAILQ_FOREACH(f, &r->frames, all_link) {
		frame_close_attempt(r, f, true);
		if (f->phase != FRAME_STOPPED)
			frame_set_phase(r, f, FRAME_STOPPED);
	}
	run_effect(r, EFFECT_ENDED, 0);
}

void
run_succeed(struct run *r, struct frame *top, struct payload output)
{
	event_begin(r, EVENT_EXECUTION_SUCCEEDED, top->cursor);
	output.event = event_payload(r, top, "output", output.doc);
	event_end(r);
	r->status = RUN_SUCCEEDED;
	r->stop_ms = r->now_ms;
	r->output = output;
	r->changed = true;
	frame_remove(r, top);
	run_effect(r, EFFECT_ENDED, 0);
}
