/*
 * run - an execution loaded in memory: the tree of its frames, and run_move, the
 * one function that changes it.
 *
 * A move is: the stimulus makes frames ready, then frames take turns until none is
 * ready. Frames that are ready stand in a queue; the first takes one step and goes
 * to the end. A move that would go on for too long (a loop without a Wait is a
 * legal machine) stops when its fuel is used up; the queue is part of the run, and
 * run_due_ms says that the next timer is due at once.
 */
#include "engine/run.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/move.h"

#define MOVE_STEPS_MAX 10000
#define MOVE_BYTES_MAX (4u << 20)
#define EVENTS_FIRST 1000 /* bytes; a few states make as many */
/*
 * What all Lua code of one step of a frame may take: one expression that takes all it may, and
 * a Catcher after it. With the steps before it in the same move that is two million, or 50 ms, at most.
 */
#define STEP_LUA_STEPS (LUABOX_EXPRESSION_STEPS * 3 / 2)
#define LUA_STEPS_PER_FUEL 50

static const char *const status_names[] = {
	[RUN_RUNNING] = "RUNNING",
	[RUN_SUCCEEDED] = "SUCCEEDED",
	[RUN_FAILED] = "FAILED",
	[RUN_TIMED_OUT] = "TIMED_OUT",
	[RUN_ABORTED] = "ABORTED",
};

const char *
run_status_name(enum run_status s)
{
	return status_names[s];
}

int
run_status_parse(const char *s, enum run_status *out)
{
	for (int i = RUN_RUNNING; i <= RUN_ABORTED; i++) {
		if (strcmp(status_names[i], s) == 0) {
			*out = (enum run_status)i;
			return 0;
		}
	}
	return -1;
}

/* --- life --------------------------------------------------------------------- */

/* The strings of the facts that run_new copies. */
static void
each_fact(struct run_facts *f, void (*cb)(const char **field))
{
	const char **fields[] = { &f->execution_arn, &f->execution_name, &f->machine_arn,
		&f->machine_name, &f->role_arn, &f->version_arn, &f->alias_arn, &f->region };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		cb(fields[i]);
}

static void
fact_copy(const char **field)
{
	if (*field != NULL)
		*field = xstrdup(*field);
}

static void
fact_free(const char **field)
{
	free((char *)(uintptr_t)*field);
}

struct run *
run_new(struct machine *m, const struct run_facts *f, const struct run_host *host)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->magic = RUN_MAGIC;
	r->machine = machine_ref(m);
	r->facts = *f;
	each_fact(&r->facts, fact_copy);
	r->facts.input_text = xstrndup(f->input_text, f->input_len);
	doc_ref(r->facts.input);
	if (host != NULL)
		r->host = *host;
	r->expr_host = (struct expr_host){
		.module = r->host.module,
		.give_up = r->host.give_up,
		.arg = r->host.arg,
	};
	r->output.event = PAYLOAD_NOWHERE;
	r->timeout_due_ms = DUE_NEVER;
	r->next_frame_id = 1;
	TAILQ_INIT(&r->frames);
	TAILQ_INIT(&r->ready);
	TAILQ_INIT(&r->dirty);
	buf_init(&r->events, BUF_UNLIMITED);
	buf_reserve(&r->events, EVENTS_FIRST);
	return r;
}

void
run_free(struct run *r)
{
	struct frame *f;

	if (r == NULL)
		return;
	assert(r->magic == RUN_MAGIC);
	while ((f = TAILQ_FIRST(&r->frames)) != NULL) {
		TAILQ_REMOVE(&r->frames, f, all_link);
		frame_free(f);
	}
	idmap_fini(&r->by_id);
	idmap_fini(&r->tasks);
	due_fini(&r->due);
	buf_fini(&r->events);
	doc_unref(r->shown.doc);
	free(r->gone);
	doc_unref(r->output.doc);
	free(r->error);
	free(r->cause);
	doc_unref(r->context_execution);
	doc_unref(r->context_machine);
	each_fact(&r->facts, fact_free);
	free((char *)(uintptr_t)r->facts.input_text);
	doc_unref(r->facts.input);
	machine_unref(r->machine);
	r->magic = 0;
	free(r);
}

void
effects_fini(struct effects *fx)
{
	for (size_t i = 0; i < fx->n; i++) {
		struct failed_state *failed = fx->list[i].failed;

		if (failed == NULL)
			continue;
		free(failed->error);
		free(failed->cause);
		free(failed);
	}
	free(fx->list);
	*fx = (struct effects){ 0 };
}

static void
effects_add(struct effects *fx, const struct effect *x)
{
	if (fx->n == fx->cap) {
		fx->cap = fx->cap > 0 ? 2 * fx->cap : 8;
		fx->list = xreallocarray(fx->list, fx->cap, sizeof(*fx->list));
	}
	fx->list[fx->n++] = *x;
}

void
run_effect(struct run *r, enum effect_kind kind, int64_t task_id)
{
	const struct effect x = { .kind = kind, .task_id = task_id };

	effects_add(r->fx, &x);
}

void
run_effect_answered(struct run *r, int64_t task_id)
{
	const struct effect x = { .kind = EFFECT_CANCEL, .task_id = task_id, .answered = true };

	effects_add(r->fx, &x);
}

void
run_effect_failed(struct run *r, const struct failed_state *failed)
{
	struct effect x = { .kind = EFFECT_FAILED };

	if (r->host.tells_failures == NULL || !r->host.tells_failures(r->host.arg))
		return;
	x.failed = xmalloc(sizeof(*x.failed));
	*x.failed = *failed;
	x.failed->error = failed->error != NULL ? xstrdup(failed->error) : NULL;
	x.failed->cause = failed->cause != NULL ? xstrdup(failed->cause) : NULL;
	effects_add(r->fx, &x);
}

/* --- the move ----------------------------------------------------------------- */

static void
enter_state(struct run *r, struct frame *f)
{
	const struct state *s = f->state;

	r->ntransitions++;
	f->before_event_id = f->cursor;
	f->cursor = event_begin(r, event_entered(s->type), f->cursor);
	event_members(r, s->member, s->member_len);
	f->input.event = event_payload(r, f, "input", f->input.doc);
	event_end(r);
	f->entered_event_id = f->cursor;
	f->entered_ms = r->now_ms;
}

static void (*const work[])(struct run *r, struct frame *f) = {
	[STATE_TASK] = st_task_work,
	[STATE_PASS] = st_pass_work,
	[STATE_CHOICE] = st_choice_work,
	[STATE_WAIT] = st_wait_work,
	[STATE_SUCCEED] = st_succeed_work,
	[STATE_FAIL] = st_fail_work,
	[STATE_PARALLEL] = st_parallel_work,
	[STATE_MAP] = st_map_work,
};

/* Tasks are scheduled, and Fail states fail, in the step that enters them. */
static void
step_enter(struct run *r, struct frame *f)
{
	enum state_type t = f->state->type;

	enter_state(r, f);
	if (t == STATE_TASK || t == STATE_FAIL)
		work[t](r, f);
	else
		frame_set_phase(r, f, FRAME_WORK);
}

static void
step(struct run *r, struct frame *f)
{
	switch (f->phase) {
	case FRAME_ENTER:
		step_enter(r, f);
		break;
	case FRAME_WORK:
		work[f->state->type](r, f);
		break;
	case FRAME_START:
		st_task_start(r, f);
		break;
	case FRAME_JOIN:
		st_join(r, f);
		break;
	case FRAME_TASK:
	case FRAME_TIMER:
	case FRAME_RETRY:
	case FRAME_CHILDREN:
	case FRAME_STOPPED:
		assert(false);
	}
}

/* What a frame does at once has a budget of its own, and counts for one and for what its Lua code took. */
static void
burn(struct run *r, struct frame *f, void (*act)(struct run *r, struct frame *f))
{
	act(r, f);
	r->fuel -= 1 + (STEP_LUA_STEPS - r->lua_steps) / LUA_STEPS_PER_FUEL;
	r->lua_steps = STEP_LUA_STEPS;
}

static void
close_full(struct run *r)
{
	int64_t previous = TAILQ_FIRST(&r->frames)->cursor;

	/* the cursor may stand at the event that was not written any more */
	if (previous > r->last_event_id)
		previous = r->last_event_id;
	run_close(r, RUN_FAILED, "States.Runtime",
	    "The execution reached the maximum number of history events (25000).", previous);
}

/* Frames take turns until none is ready, the fuel is used up, or the next one may not enter its state. */
static void
take_turns(struct run *r, size_t bytes_before)
{
	struct frame *f;

	while (r->status == RUN_RUNNING && (f = TAILQ_FIRST(&r->ready)) != NULL) {
		if (r->fuel <= 0 || r->events.len - bytes_before > MOVE_BYTES_MAX)
			break;
		if (f->phase == FRAME_ENTER && r->ntransitions >= r->enter_until) {
			r->held = true;
			break;
		}
		burn(r, f, step);
		if (r->history_full && r->status == RUN_RUNNING)
			close_full(r);
	}
}

static void
fire(struct run *r, struct frame *f)
{
	switch (f->phase) {
	case FRAME_TIMER:
		st_wait_fired(r, f);
		break;
	case FRAME_RETRY:
		f->due_ms = DUE_NEVER;
		frame_set_phase(r, f, FRAME_WORK);
		break;
	case FRAME_TASK:
		st_task_due(r, f);
		break;
	case FRAME_ENTER:
	case FRAME_WORK:
	case FRAME_START:
	case FRAME_JOIN:
	case FRAME_CHILDREN:
	case FRAME_STOPPED:
		assert(false);
	}
}

/* The next frame that is due by now and before the machine's own end; NULL = none. */
static struct frame *
next_due(const struct run *r)
{
	struct frame *f = due_first(&r->due);

	return f != NULL && f->heap_ms <= r->now_ms && f->heap_ms < r->timeout_due_ms ? f : NULL;
}

/* All that are due move, in the order of the due times, as long as there is fuel. */
static void
fire_due(struct run *r)
{
	struct frame *f;

	while (r->status == RUN_RUNNING && !r->history_full && r->fuel > 0 &&
	    (f = next_due(r)) != NULL)
		burn(r, f, fire);
}

static void
start(struct run *r)
{
	struct payload input = { .doc = doc_ref(r->facts.input), .event = PAYLOAD_INPUT };

	event_begin(r, EVENT_EXECUTION_STARTED, 0);
	event_string(r, "input", r->facts.input_text, r->facts.input_len);
	event_strings(r, "roleArn", r->facts.role_arn);
	event_strings(r, "stateMachineAliasArn", r->facts.alias_arn);
	event_strings(r, "stateMachineVersionArn", r->facts.version_arn);
	event_end(r);
	r->changed = true;
	if (r->machine->timeout_s > 0)
		r->timeout_due_ms = r->now_ms + r->machine->timeout_s * 1000;
	/* ExecutionStarted is a leaf: the first state's previousEventId is 0 */
	(void)frame_new(r, NULL, 0, &r->machine->top, 0, input, DOC_NONE);
}

/* The frame whose attempt the stimulus is for, when it may take it now; NULL and e. */
static struct frame *
find_task(const struct run *r, const struct stimulus *s, struct err *e)
{
	struct frame *f = s->task_id > 0 ? idmap_get(&r->tasks, (uint64_t)s->task_id) : NULL;
	bool fits = f != NULL;

	if (fits && s->kind == STIMULUS_TASK_STARTED)
		fits = !f->task.started;
	if (fits && s->kind == STIMULUS_TASK_SUBMITTED)
		fits = f->state->resource.pattern != PATTERN_REQUEST && !f->task.submitted;
	if (!fits) {
		err_set(e, "TaskTimedOut",
		    "Task Timed Out: 'Provided task does not exist anymore'");
		return NULL;
	}
	return f;
}

/* May the run take it? 0 (*f is the task's frame), or -1 and e. Changes nothing. */
static int
check(const struct run *r, const struct stimulus *s, struct frame **f, struct err *e)
{
	*f = NULL;
	if (r->status != RUN_RUNNING)
		return err_set(e, "ExecutionClosed", "The execution has ended: %s",
		    run_status_name(r->status));
	switch (s->kind) {
	case STIMULUS_START:
		return r->last_event_id == 0
		    ? 0
		    : err_set(e, "pawl.Stimulus", "The execution has started before");
	case STIMULUS_TIMER:
	case STIMULUS_STOP:
		return r->last_event_id > 0
		    ? 0
		    : err_set(e, "pawl.Stimulus", "The execution has not started");
	case STIMULUS_TASK_STARTED:
	case STIMULUS_TASK_SUBMITTED:
	case STIMULUS_TASK_SUCCEEDED:
	case STIMULUS_TASK_FAILED:
	case STIMULUS_TASK_HEARTBEAT:
		break;
	}
	*f = find_task(r, s, e);
	return *f != NULL ? 0 : -1;
}

static void
set_now(struct run *r, int64_t now_ms)
{
	r->now_ms = now_ms > r->last_ms ? now_ms : r->last_ms;
	r->now_text[0] = ',';
	r->now_text_len = (size_t)(put_i64(r->now_text + 1, r->now_ms) - r->now_text);
}

static void
stop(struct run *r, const struct stimulus *s)
{
	struct failure x;

	failure_init(&x, s->error, s->cause);
	run_close(r, RUN_ABORTED, x.error, x.cause, 0);
	failure_fini(&x);
}

static void
apply(struct run *r, const struct stimulus *s, struct frame *f)
{
	switch (s->kind) {
	case STIMULUS_START:
		start(r);
		break;
	case STIMULUS_TIMER:
		fire_due(r);
		break;
	case STIMULUS_STOP:
		stop(r, s);
		break;
	case STIMULUS_TASK_STARTED:
		st_task_picked_up(r, f, s);
		break;
	case STIMULUS_TASK_SUBMITTED:
		st_task_submitted(r, f, s);
		break;
	case STIMULUS_TASK_SUCCEEDED:
		st_task_answered(r, f, s);
		break;
	case STIMULUS_TASK_FAILED:
		st_task_failed(r, f, s);
		break;
	case STIMULUS_TASK_HEARTBEAT:
		st_task_heard(f, r->now_ms);
		break;
	}
}

int
run_move(struct run *r, const struct stimulus *s, struct effects *fx, struct err *e)
{
	size_t bytes_before = r->events.len;
	struct frame *f;

	assert(r->magic == RUN_MAGIC);
	if (check(r, s, &f, e) != 0)
		return -1;
	set_now(r, s->now_ms);
	r->random.state = s->seed;
	r->fx = fx;
	r->held = false;
	r->enter_until = s->counted ? r->ntransitions + s->may_enter : INT64_MAX;
	r->fuel = MOVE_STEPS_MAX;
	r->lua_steps = STEP_LUA_STEPS;
	r->failed_field = NULL;
	apply(r, s, f);
	r->fuel -= (STEP_LUA_STEPS - r->lua_steps) / LUA_STEPS_PER_FUEL;
	if (r->history_full && r->status == RUN_RUNNING)
		close_full(r);
	take_turns(r, bytes_before);
	/* what was due before has its turn first */
	if (r->status == RUN_RUNNING && s->kind == STIMULUS_TIMER &&
	    r->timeout_due_ms <= r->now_ms && next_due(r) == NULL)
		run_close(r, RUN_TIMED_OUT, NULL, NULL, 0);
	r->fx = NULL;
	return 0;
}

/* --- what can be asked -------------------------------------------------------- */

enum run_status
run_status(const struct run *r)
{
	return r->status;
}

int64_t
run_stop_ms(const struct run *r)
{
	return r->stop_ms;
}

struct doc
run_output(const struct run *r)
{
	return r->output.doc;
}

const char *
run_error(const struct run *r)
{
	return r->error;
}

const char *
run_cause(const struct run *r)
{
	return r->cause;
}

const struct run_facts *
run_facts(const struct run *r)
{
	return &r->facts;
}

const struct machine *
run_machine(const struct run *r)
{
	return r->machine;
}

int64_t
run_timer_ms(const struct run *r)
{
	const struct frame *f = due_first(&r->due);
	int64_t due = r->timeout_due_ms;

	if (r->status != RUN_RUNNING || r->last_event_id == 0)
		return DUE_NEVER;
	return f != NULL && f->heap_ms < due ? f->heap_ms : due;
}

int64_t
run_due_ms(const struct run *r)
{
	if (r->status == RUN_RUNNING && r->last_event_id > 0 && !TAILQ_EMPTY(&r->ready) && !r->held)
		return r->last_ms;
	return run_timer_ms(r);
}

int64_t
run_transitions(const struct run *r)
{
	return r->ntransitions;
}

bool
run_is_held(const struct run *r)
{
	return r->held && r->status == RUN_RUNNING;
}

int64_t
run_last_event_id(const struct run *r)
{
	return r->last_event_id;
}

bool
run_only_waits(const struct run *r)
{
	return r->status == RUN_RUNNING && r->last_event_id > 0 && TAILQ_EMPTY(&r->ready) &&
	    r->nbusy == 0;
}

void
run_heard(struct run *r, int64_t ms)
{
	struct frame *f;

	TAILQ_FOREACH(f, &r->frames, all_link)
		st_task_heard(f, ms);
}

void
run_handed(struct run *r, int64_t task_id)
{
	struct frame *f = idmap_get(&r->tasks, (uint64_t)task_id);

	if (f != NULL)
		f->task.handed_now = true;
}

void
run_keep(struct run *r)
{
	struct frame *f;

	TAILQ_FOREACH(f, &r->frames, all_link) {
		(void)st_task_beat(r, f);
		if (!f->task.handed_now || f->task.handed)
			continue;
		f->task.handed = true;
		frame_touch(r, f);
	}
}

static void
describe_task(const struct frame *f, struct run_task *out)
{
	const struct attempt *a = &f->task;

	*out = (struct run_task){
		.task_id = a->id,
		.state = f->state,
		.parameters = a->parameters.doc,
		.timeout_s = a->timeout_s,
		.heartbeat_s = a->heartbeat_s,
		.credentials_role = a->role,
		.retry_count = (int)f->retry_count,
		.started = a->started,
		.handed = a->handed || a->handed_now,
		.since_ms = f->entered_ms,
		.submitted = a->submitted,
		.response = a->response.doc,
	};
}

int
run_task(const struct run *r, int64_t task_id, struct run_task *out)
{
	const struct frame *f = task_id > 0 ? idmap_get(&r->tasks, (uint64_t)task_id) : NULL;

	if (f == NULL)
		return -1;
	describe_task(f, out);
	return 0;
}

static int
by_task_id(const void *a, const void *b)
{
	const struct run_task *x = a, *y = b;

	return x->task_id < y->task_id ? -1 : x->task_id > y->task_id;
}

void
run_each_task(const struct run *r, void (*cb)(void *arg, const struct run_task *t), void *arg)
{
	struct run_task *list;
	const struct frame *f;
	size_t n = 0;

	if (r->tasks.n == 0)
		return;
	list = xreallocarray(NULL, r->tasks.n, sizeof(*list));
	TAILQ_FOREACH(f, &r->frames, all_link) {
		if (f->phase == FRAME_TASK)
			describe_task(f, &list[n++]);
	}
	qsort(list, n, sizeof(*list), by_task_id);
	for (size_t i = 0; i < n; i++)
		cb(arg, &list[i]);
	free(list);
}
