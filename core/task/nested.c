/*
 * nested - executions that tasks of other executions start, and wait for.
 */
#include "task/nested.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/nested_doc.h"
#include "task/start.h"

#define RETRY_MS 200
#define WATCH_MS 1000

#define CAUSE_GONE "The execution that the task waits for is not there any more."
#define CAUSE_STOPPED "The task that started the execution does not wait for it any more."

enum nested_at {
	NESTED_NEW,     /* nothing is under way */
	NESTED_MACHINE, /* the state machine is being read */
	NESTED_START,   /* the first record of the child is on its way */
	NESTED_NAME,    /* the execution that has the name is being read */
	NESTED_LATER,   /* did not work now; the timer tries again */
	NESTED_WAIT,    /* .sync: the child runs */
	NESTED_WATCH,   /* .sync: somebody else's execution runs; the timer looks again */
	NESTED_STOP,    /* no task any more: the child is being stopped */
	NESTED_ORPHAN   /* no task at all: a child whose parent may have given it up */
};

struct nested {
	TAILQ_ENTRY(nested) link; /* of its parent, or of the engine's detached ones */
	struct engine *engine;
	struct resident *parent; /* NULL: the task is given up, or there never was one (ORPHAN) */
	struct parent_link task;
	enum task_pattern pattern;
	enum nested_at at;
	uint64_t ticket; /* answers find us by it */
	struct nested_request request;
	struct machine_entry *machine; /* or NULL */
	bool submitted;                /* the run knows that StartExecution answered */
	struct doc accepted;           /* that answer, until then */
	bool has_child, ours;          /* the execution is known; this task started it */
	struct uuid child;
	int32_t child_shard;
	bool ended; /* .sync: and this is how */
	struct nested_end end;
	struct loop_timer timer;
};

static struct idmap by_ticket; /* -> struct nested */
static uint64_t next_ticket;

static void nested_again(void *arg);

/* --- life -------------------------------------------------------------------------- */

static bool
is_busy(enum nested_at at)
{
	return at == NESTED_MACHINE || at == NESTED_START || at == NESTED_NAME;
}

static void
set_at(struct nested *n, enum nested_at to)
{
	struct engine *g = n->engine;

	g->nested_busy += (unsigned)is_busy(to) - (unsigned)is_busy(n->at);
	n->at = to;
}

static bool
waits(enum task_pattern pattern)
{
	return pattern == PATTERN_SYNC || pattern == PATTERN_SYNC2;
}

static struct nested *
nested_new(struct engine *g)
{
	struct nested *n = xcalloc(1, sizeof(*n));

	n->engine = g;
	n->ticket = ++next_ticket;
	idmap_put(&by_ticket, n->ticket, n);
	loop_timer_init(g->loop, &n->timer, nested_again, n);
	return n;
}

static void
nested_free_now(void *arg)
{
	struct nested *n = arg;

	loop_timer_fini(&n->timer);
	free(n);
}

/* What is needed for the start only. */
static void
nested_forget_request(struct nested *n)
{
	nested_request_fini(&n->request);
	machine_entry_unref(n->machine);
	n->machine = NULL;
}

static void
nested_free(struct nested *n)
{
	struct engine *g = n->engine;

	set_at(n, NESTED_NEW);
	idmap_take(&by_ticket, n->ticket);
	if (n->parent != NULL)
		TAILQ_REMOVE(&n->parent->nested, n, link);
	else
		TAILQ_REMOVE(&g->nested_detached, n, link);
	nested_forget_request(n);
	doc_unref(n->accepted);
	nested_end_fini(&n->end);
	loop_timer_cancel(&n->timer);
	loop_free_later(g->loop, n, nested_free_now);
	engine_check_drained(g);
}

static struct nested *
nested_of(const struct resident *r, int64_t task_id)
{
	struct nested *n;

	TAILQ_FOREACH(n, &r->nested, link)
		if (n->task.task_id == task_id)
			return n;
	return NULL;
}

static struct nested *
nested_of_task(struct resident *r, const struct run_task *t)
{
	struct nested *n = nested_new(r->engine);

	n->parent = r;
	n->pattern = t->state->resource.pattern;
	n->submitted = t->submitted;
	n->task = (struct parent_link){ .id = r->slot->id,
		.task_id = t->task_id,
		.shard = r->slot->shard,
		.waits = waits(n->pattern) };
	TAILQ_INSERT_TAIL(&r->nested, n, link);
	return n;
}

void
nested_drop_all(struct resident *r)
{
	struct nested *n;

	while ((n = TAILQ_FIRST(&r->nested)) != NULL)
		nested_free(n);
}

void
nested_free_all(struct engine *g)
{
	struct nested *n;

	while ((n = TAILQ_FIRST(&g->nested_detached)) != NULL)
		nested_free(n);
}

bool
nested_watches(const struct resident *r)
{
	const struct nested *n;

	TAILQ_FOREACH(n, &r->nested, link)
		if (n->at != NESTED_WAIT)
			return true;
	return false;
}

bool
nested_is_idle(const struct engine *g)
{
	return g->nested_busy == 0;
}

/* PostgreSQL is away, or the answer is not clear yet. */
static void
nested_later(struct nested *n, enum nested_at at, int64_t delay_ms)
{
	set_at(n, at);
	loop_timer_set(&n->timer, delay_ms);
	engine_check_drained(n->engine);
}

static struct territory
here(const struct engine *g)
{
	return (struct territory){ g->region, g->account_id };
}

/* --- answers to the run ------------------------------------------------------------------ */

/* Frees n: the attempt is over. */
static void
nested_failed(struct nested *n, const char *error, const char *cause)
{
	struct stimulus s = { .kind = STIMULUS_TASK_FAILED,
		.task_id = n->task.task_id,
		.error = error,
		.cause = cause };
	struct resident *r = n->parent;

	nested_free(n);
	resident_deliver(r, &s, NULL);
}

static void
make_request_id(char out[UUID_TEXT_SIZE])
{
	struct uuid id = uuid_v4();

	uuid_format(&id, out);
}

/* StartExecution refused. Frees n, empties e. */
static void
nested_refused(struct nested *n, struct err *e)
{
	char id[UUID_TEXT_SIZE];

	make_request_id(id);
	nested_failure(e, id);
	nested_failed(n, e->name, err_cause(e));
	err_fini(e);
}

/* Frees n: the execution that it waited for has ended. */
static void
nested_ended(struct nested *n)
{
	struct stimulus s = { .kind = STIMULUS_TASK_SUCCEEDED, .task_id = n->task.task_id };
	struct resident *r = n->parent;
	struct nested_end end = n->end;

	n->end = (struct nested_end){ .output = DOC_NONE };
	s.output = end.output;
	if (end.cause != NULL) {
		s.kind = STIMULUS_TASK_FAILED;
		s.error = "States.TaskFailed";
		s.cause = end.cause;
	}
	nested_free(n);
	resident_deliver(r, &s, NULL);
	nested_end_fini(&end);
}

/* The execution is known: what StartExecution answers, and how it ended if it did. */
static void
nested_note(struct nested *n, const struct execution_row *row)
{
	const struct territory t = here(n->engine);
	char id[UUID_TEXT_SIZE];
	struct buf arn;

	n->has_child = true;
	n->child = row->id;
	n->child_shard = row->shard;
	n->ours =
	    row->parent.task_id == n->task.task_id && uuid_equal(&row->parent.id, &n->task.id);
	if (!n->submitted && doc_is_none(n->accepted)) {
		buf_init(&arn, BUF_UNLIMITED);
		resource_execution_arn(&t, row->machine_name, row->name, &arn);
		make_request_id(id);
		n->accepted = nested_accepted(arn.data, row->start_ms, id, clock_wall_ms());
		buf_fini(&arn);
	}
	if (n->task.waits && !n->ended && strcmp(row->status, "RUNNING") != 0) {
		nested_end_read(&n->end, row, &t, n->pattern, n->engine->aws_limits);
		n->ended = true;
	}
}

/*
 * Tells the run what is known and not told yet. A task that does not wait is through with it: the answer of
 * StartExecution is its result, or somebody has its token.
 */
static void
nested_proceed(struct nested *n)
{
	struct resident *r = n->parent;
	struct stimulus s = { .kind = n->pattern == PATTERN_REQUEST ? STIMULUS_TASK_SUCCEEDED
								    : STIMULUS_TASK_SUBMITTED,
		.task_id = n->task.task_id,
		.output = n->accepted };
	bool over = !n->task.waits;

	n->accepted = DOC_NONE;
	if (over) {
		nested_free(n);
	} else {
		n->submitted = true;
		nested_forget_request(n);
		if (n->ours)
			set_at(n, NESTED_WAIT);
		else
			nested_later(n, NESTED_WATCH, WATCH_MS);
	}
	if (!doc_is_none(s.output))
		resident_deliver(r, &s, NULL);
	doc_unref(s.output);
	if (!over && n->ended)
		nested_ended(n);
}

/* --- stopping children -------------------------------------------------------------------- */

/* Without its parent it only sees to it that a child is stopped. */
static void
nested_detach(struct nested *n)
{
	if (n->parent != NULL)
		TAILQ_REMOVE(&n->parent->nested, n, link);
	n->parent = NULL;
	TAILQ_INSERT_TAIL(&n->engine->nested_detached, n, link);
}

static void
nested_stopped(uint64_t ticket, int64_t stop_ms, const struct err *e)
{
	struct nested *n = idmap_get(&by_ticket, ticket);

	(void)stop_ms;
	if (n == NULL)
		return;
	if (e != NULL && strcmp(e->name, "ServiceUnavailable") == 0) {
		nested_later(n, NESTED_STOP, RETRY_MS);
		return;
	}
	stat_add(STAT_nested_stopped, e == NULL ? 1 : 0); /* else it had ended */
	nested_free(n);
}

static void
nested_stop(struct nested *n)
{
	set_at(n, NESTED_STOP);
	(void)FAILPOINT(nested_before_stop);
	engine_stop_execution(n->engine, n->child_shard, &n->child, NULL, CAUSE_STOPPED, n->ticket,
	    nested_stopped);
}

bool
nested_cancel(struct resident *r, int64_t task_id, bool answered)
{
	struct nested *n = nested_of(r, task_id);

	if (n == NULL)
		return false;
	if (answered || !n->task.waits || (n->at != NESTED_START && !n->ours)) {
		nested_free(n);
		return true;
	}
	nested_detach(n);
	if (n->ours)
		nested_stop(n);
	return true;
}

/* --- starting -------------------------------------------------------------------------------- */

/* An execution has the name: ours, somebody's who asked for the same, or one that is in the way. */
static void
nested_settle_name(struct nested *n, const struct execution_row *row)
{
	const struct territory t = here(n->engine);
	struct err e = ERR_INIT;
	struct buf arn;

	nested_note(n, row);
	if (n->ours)
		stat_add(STAT_nested_found, 1);
	if (n->ours || n->submitted || start_is_same(row, n->request.input, n->request.input_len)) {
		nested_proceed(n);
		return;
	}
	buf_init(&arn, BUF_UNLIMITED);
	resource_execution_arn(&t, row->machine_name, row->name, &arn);
	start_already_exists(arn.data, &e);
	buf_fini(&arn);
	nested_refused(n, &e);
}

static void
nested_got_name(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	struct nested *n = idmap_get(&by_ticket, ticket);

	if (n == NULL)
		return;
	if (row != NULL)
		nested_settle_name(n, row);
	else if (e == NULL && n->submitted)
		nested_failed(n, "States.TaskFailed", CAUSE_GONE);
	else /* PostgreSQL is away; or the machine that has the name is going away just now */
		nested_later(n, NESTED_LATER, RETRY_MS);
}

static void
nested_read_name(struct nested *n)
{
	struct store *s = n->engine->store;

	set_at(n, NESTED_NAME);
	if (n->has_child)
		read_execution_by_id(s, n->child_shard, &n->child, n->ticket, nested_got_name);
	else
		read_execution(s, n->request.machine.name, n->request.name, n->ticket,
		    nested_got_name);
}

static void
nested_started(uint64_t ticket, bool name_taken, const char *name, int64_t start_ms,
    const struct err *e)
{
	struct nested *n = idmap_get(&by_ticket, ticket);

	if (n == NULL)
		return;
	if (n->parent == NULL) {
		if (e == NULL && !name_taken)
			nested_stop(n);
		else
			nested_free(n);
	} else if (e != NULL && strcmp(e->name, "ExecutionLimitExceeded") == 0) {
		struct err refused = ERR_INIT;

		err_copy(&refused, e);
		nested_refused(n, &refused);
	} else if (e != NULL) {
		nested_later(n, NESTED_LATER, RETRY_MS);
	} else if (name_taken) {
		nested_read_name(n);
	} else {
		const struct execution_row row = { .id = n->child,
			.shard = n->child_shard,
			.machine_name = n->machine->name,
			.name = name,
			.status = "RUNNING",
			.start_ms = start_ms,
			.parent = n->task };

		(void)FAILPOINT(nested_started);
		stat_add(STAT_nested_started, 1);
		nested_note(n, &row);
		nested_proceed(n);
	}
}

static void
nested_start(struct nested *n)
{
	struct engine *g = n->engine;
	struct engine_start s = { .machine = n->machine,
		.name = n->request.name,
		.input_text = n->request.input,
		.input_len = n->request.input_len,
		.input = n->request.input_doc,
		.trace_header = n->request.trace_header,
		.parent = n->task,
		.id = &n->child };
	struct err e = ERR_INIT;

	if (start_check_machine(n->machine, n->request.machine_arn, &e) != 0) {
		nested_refused(n, &e);
		return;
	}
	n->child = uuid_v7(clock_wall_ms());
	n->child_shard = n->task.shard; /* it matters only for one that is waited for */
	set_at(n, NESTED_START);
	engine_start_execution(g, &s, n->ticket, nested_started);
}

static void
nested_got_machine(uint64_t ticket, struct machine_entry *m, const struct err *e)
{
	struct nested *n = idmap_get(&by_ticket, ticket);

	if (n == NULL)
		return;
	if (e != NULL && strcmp(e->name, "ServiceUnavailable") == 0) {
		nested_later(n, NESTED_LATER, RETRY_MS);
	} else if (e != NULL) {
		nested_failed(n, "States.Runtime", err_cause(e));
	} else {
		n->machine = m == NULL ? NULL : machine_entry_ref(m);
		nested_start(n);
	}
}

/* A node that shuts down starts nothing: the next one does, for the task is open. */
static void
nested_find(struct nested *n)
{
	struct engine *g = n->engine;
	struct machine_entry *m = catalogue_cached(g->store, n->request.machine.name);

	machine_entry_unref(n->machine);
	n->machine = NULL;
	if (g->draining)
		return;
	if (m != NULL) {
		n->machine = machine_entry_ref(m);
		nested_start(n);
		return;
	}
	set_at(n, NESTED_MACHINE);
	catalogue_by_name(g->store, n->request.machine.name, n->ticket, nested_got_machine);
}

void
nested_dispatch(struct resident *r, const struct run_task *t)
{
	const struct territory here_now = here(r->engine);
	struct nested *n = nested_of_task(r, t);
	char key[DISPATCH_KEY_SIZE];
	struct err e = ERR_INIT;

	if (nested_request_read(&n->request, &here_now, t->parameters, &e) != 0) {
		nested_refused(n, &e);
		return;
	}
	if (n->request.name == NULL) {
		dispatch_key(r, t->task_id, key);
		n->request.name = xstrdup(key);
	}
	if (n->submitted)
		nested_read_name(n); /* it watches what another one started */
	else
		nested_find(n);
}

/* --- after a load ------------------------------------------------------------------------------ */

bool
nested_to_adopt(const struct resident *r)
{
	const struct machine *m = run_machine(r->run);
	size_t i;

	for (i = 0; i < m->nstates; i++)
		if (m->states[i]->resource.nested)
			return true;
	return false;
}

static void
orphan_answered(uint64_t ticket, bool abandoned, const struct err *e)
{
	struct nested *n = idmap_get(&by_ticket, ticket);

	if (n == NULL)
		return;
	if (e != NULL) {
		nested_later(n, NESTED_ORPHAN, RETRY_MS);
		return;
	}
	if (abandoned)
		nested_stop(n);
	else
		nested_free(n);
}

/*
 * The task that waited for the child is over. Given up, and we died before the child was stopped? Or answered by
 * somebody who had its token? Then the child goes on.
 */
static void
nested_orphan(struct engine *g, const struct uuid *child, const struct parent_link *task)
{
	struct nested *n = nested_new(g);

	nested_detach(n);
	n->child = *child;
	n->child_shard = task->shard;
	n->task = *task;
	set_at(n, NESTED_ORPHAN);
	read_abandoned(g->store, &n->task, n->ticket, orphan_answered);
}

void
nested_adopt(struct resident *r, const struct execution_row *children, size_t nchildren)
{
	struct run_task t;
	size_t i;

	for (i = 0; i < nchildren; i++) {
		const struct execution_row *row = &children[i];

		if (run_task(r->run, row->parent.task_id, &t) == 0) {
			stat_add(STAT_nested_found, t.submitted ? 0 : 1);
			nested_note(nested_of_task(r, &t), row);
		} else if (r->slot->claimed) {
			nested_orphan(r->engine, &row->id, &row->parent);
		}
	}
}

bool
nested_resume(struct resident *r, int64_t task_id)
{
	struct nested *n = nested_of(r, task_id);

	if (n != NULL)
		nested_proceed(n);
	return n != NULL;
}

void
nested_check_parent(struct resident *r)
{
	struct engine *g = r->engine;
	struct slot *parent;

	if (!r->commit.parent.waits)
		return;
	parent = slots_find(&g->slots, &r->commit.parent.id);
	if (parent == NULL)
		nested_orphan(g, &r->slot->id, &r->commit.parent);
	else if (parent->resident == NULL && parent->claimed)
		(void)engine_wake(g, parent); /* it looks for us */
}

static void
nested_again(void *arg)
{
	struct nested *n = arg;

	if (n->at == NESTED_ORPHAN)
		read_abandoned(n->engine->store, &n->task, n->ticket, orphan_answered);
	else if (n->at == NESTED_STOP)
		nested_stop(n);
	else if (n->has_child || n->submitted)
		nested_read_name(n);
	else
		nested_find(n);
}

/* --- the child's end ---------------------------------------------------------------------------- */

/* A run that has ended and is in memory, as its row shows it. */
static struct execution_row
row_of(const struct resident *r)
{
	const struct commit *c = &r->commit;

	return (struct execution_row){ .id = r->slot->id,
		.machine_id = c->machine_id,
		.shard = r->slot->shard,
		.revision = c->revision,
		.machine_name = r->machine->name,
		.name = c->name,
		.status = c->status,
		.start_ms = c->start_ms,
		.stop_ms = c->stop_ms,
		.input = c->input,
		.input_len = c->input_len,
		.output = c->output,
		.output_len = c->output_len,
		.error = c->error,
		.cause = c->cause,
		.version_arn = c->version_arn,
		.alias_arn = c->alias_arn,
		.trace_header = c->trace_header,
		.machine_deleting = r->machine->deleting,
		.event_count = run_last_event_id(r->run),
		.parent = c->parent };
}

void
nested_child_ended(struct resident *child)
{
	const struct parent_link *task = &child->commit.parent;
	struct engine *g = child->engine;
	struct execution_row row;
	struct slot *parent;
	struct nested *n;

	if (!task->waits || (parent = slots_find(&g->slots, &task->id)) == NULL)
		return;
	(void)FAILPOINT(nested_child_ended);
	if (parent->resident == NULL) {
		(void)engine_wake(g, parent); /* it finds the child's row */
	} else if (parent->resident->where == RES_LOADING) {
		parent->resident->child_ended = true;
	} else if ((n = nested_of(parent->resident, task->task_id)) != NULL) {
		row = row_of(child);
		nested_note(n, &row);
		nested_proceed(n);
	}
}
