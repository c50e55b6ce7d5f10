/*
 * engine - the running executions of this node, as the API sees them: start, stop,
 * answer a task.
 */
#include "task/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/nested.h"
#include "task/resident.h"
#include "task/token.h"

/* Wall clocks are set back and forth by people: look at least this often. */
#define CLOCK_CHECK_MS 10000
#define INBOX_BYTES_MAX (128u << 20)
#define DUE_TURN_US 10000 /* for the runs that are due, in one turn of the loop */

static void engine_on_due(void *arg);
static void engine_drain_over(void *arg);
static void engine_shard_claimed(void *arg, int32_t shard);
static void engine_shards_lost(void *arg, const struct shard_set *set);
static bool engine_shard_quiet(void *arg, int32_t shard, bool hurry);
static void engine_catalogue_changed(void *arg);
static void engine_unit_taken(void *arg, int64_t key, bool got);
static void engine_units_lost(void *arg);
static void engine_asked(void *arg, enum store_asked what, int32_t shard, const struct uuid *id);
static void engine_committed(void *arg);

static struct admission_options
admission_bounds(const struct engine_bounds *b)
{
	return (struct admission_options){ .delay_ms = b->start_delay_ms,
		.places = b->start_queue,
		.bytes = b->start_queue_bytes,
		.memory = b->max_memory,
		.used = memory_used };
}

struct engine *
engine_new(struct loop *l, const struct engine_options *o)
{
	struct engine *g = xcalloc(1, sizeof(*g));
	struct admission_options bounds = admission_bounds(&o->bounds);

	g->loop = l;
	g->admission = admission_new(&bounds);
	g->max_memory = o->bounds.max_memory;
	g->region = xstrdup(o->region);
	g->account_id = xstrdup(o->account_id);
	g->token_secret = xstrdup(o->token_secret);
	g->aws_limits = o->aws_limits;
	g->hibernate_after_ms = o->hibernate_after_ms;
	g->hooks = o->hooks;
	TAILQ_INIT(&g->to_load);
	for (int i = 0; i < STORE_SHARDS; i++)
		TAILQ_INIT(&g->of_shard[i]);
	TAILQ_INIT(&g->client_reads);
	TAILQ_INIT(&g->nested_detached);
	g->activities = activities_new(g);
	g->limits = limits_new(g);
	g->execution_limits = execution_limits_new(g);
	g->transitions = transitions_new(g);
	loop_timer_init(l, &g->due_timer, engine_on_due, g);
	loop_timer_init(l, &g->drain_timer, engine_drain_over, g);
	g->events = (struct store_events){ .shard_claimed = engine_shard_claimed,
		.shards_lost = engine_shards_lost,
		.shard_quiet = engine_shard_quiet,
		.catalogue_changed = engine_catalogue_changed,
		.asked = engine_asked,
		.unit_taken = engine_unit_taken,
		.units_lost = engine_units_lost,
		.committed = engine_committed,
		.arg = g };
	return g;
}

void
engine_set_recovering(struct engine *g, struct slot *s, bool on)
{
	if (s->recovering == on)
		return;
	s->recovering = on;
	if (on)
		g->recovering++;
	else
		g->recovering--;
	if (g->recovering == 0)
		limits_touch(g->limits);
}

static void
engine_remove_slot(struct engine *g, struct slot *s)
{
	engine_set_recovering(g, s, false);
	activity_drop_all(s);
	limit_drop_all(g, s);
	slots_remove(&g->slots, s);
}

/* All executions of these shards (NULL = of all) go, without a trace. */
static void
engine_drop(struct engine *g, const struct shard_set *set)
{
	size_t n, i;
	struct slot **list = slots_list(&g->slots, &n);

	for (i = 0; i < n; i++) {
		if (set != NULL && !set->has[list[i]->shard])
			continue;
		if (list[i]->resident != NULL)
			resident_discard(list[i]->resident); /* frees the slot too */
		else
			engine_remove_slot(g, list[i]);
	}
	free(list);
}

void
engine_free(struct engine *g)
{
	if (g == NULL)
		return;
	g->store = NULL;
	client_stop(g);
	engine_drop(g, NULL);
	nested_free_all(g);
	activities_free(g->activities);
	limits_free(g->limits);
	execution_limits_free(g->execution_limits);
	transitions_free(g->transitions);
	loop_timer_fini(&g->due_timer);
	loop_timer_fini(&g->drain_timer);
	slots_fini(&g->slots);
	idmap_fini(&g->dispatches);
	admission_free(g->admission);
	free(g->region);
	free(g->account_id);
	free(g->token_secret);
	free(g);
}

void
engine_attach(struct engine *g, struct store *s, struct plugin_host *h)
{
	g->store = s;
	g->plugins = h;
	execution_limits_attach(g->execution_limits);
}

const struct store_events *
engine_store_events(struct engine *g)
{
	return &g->events;
}

/* --- ownership -------------------------------------------------------------- */

static void
engine_shard_claimed(void *arg, int32_t shard)
{
	struct engine *g = arg;

	g->claimed_ms[shard] = clock_wall_ms();
	loader_claim(g, shard, false);
}

static void
engine_shards_lost(void *arg, const struct shard_set *set)
{
	engine_drop(arg, set);
}

static bool
engine_shard_quiet(void *arg, int32_t shard, bool hurry)
{
	const struct engine *g = arg;
	const struct resident *r;

	if (g->claiming[shard] > 0)
		return false;
	TAILQ_FOREACH(r, &g->of_shard[shard], shard_link)
		if (!resident_is_quiet(r, hurry))
			return false;
	return true;
}

static void
engine_catalogue_changed(void *arg)
{
	/* runs keep the revision they began with; the catalogue drops its own cache */
	activities_changed(arg);
}

static void
engine_unit_taken(void *arg, int64_t key, bool got)
{
	const struct engine *g = arg;

	limit_unit_taken(g->limits, key, got);
}

static void
engine_units_lost(void *arg)
{
	const struct engine *g = arg;

	limit_units_all_lost(g->limits);
}

static void
engine_asked(void *arg, enum store_asked what, int32_t shard, const struct uuid *id)
{
	if (what == ASKED_UNHEARD)
		client_missed(arg);
	else
		client_asked(arg, what, shard, id);
}

void
engine_forget(struct resident *r)
{
	struct engine *g = r->engine;
	struct slot *slot = r->slot;

	resident_set_where(r, RES_GONE);
	engine_remove_slot(g, slot);
	engine_rearm(g);
}

struct resident *
engine_wake(struct engine *g, struct slot *s)
{
	struct resident *r = resident_new(g, s);

	slots_set_due(&g->slots, s, SLOT_NEVER);
	r->row_asleep = !s->row_awake;
	s->row_awake = false;
	loader_enqueue(r);
	return r;
}

struct resident *
engine_resident(struct engine *g, struct slot *s)
{
	return s->resident != NULL ? s->resident : engine_wake(g, s);
}

/* --- time -------------------------------------------------------------------- */

void
engine_rearm(struct engine *g)
{
	const struct slot *first = slots_first_due(&g->slots);
	int64_t delay = CLOCK_CHECK_MS;

	if (waking_can_go_on(g)) {
		loop_timer_set(&g->due_timer, 0);
		return;
	}
	if (first == NULL) {
		loop_timer_cancel(&g->due_timer);
		return;
	}
	if (first->due_ms - clock_wall_ms() < delay)
		delay = first->due_ms - clock_wall_ms();
	loop_timer_set(&g->due_timer, delay < 0 ? 0 : delay);
}

/*
 * The runs that are due now; those of a large crowd share the turn's batch. When their moves take long,
 * as those full of expressions may, what else the loop has to do comes between them.
 */
static void
engine_on_due(void *arg)
{
	struct engine *g = arg;
	int64_t now = clock_wall_ms(), until_us = clock_mono_us() + DUE_TURN_US;
	struct slot *s;

	while ((s = slots_first_due(&g->slots)) != NULL && s->due_ms <= now &&
	    clock_mono_us() <= until_us) {
		if (s->resident != NULL)
			resident_due(s->resident, now);
		else
			waking_wait(g, s, s->due_ms);
	}
	waking_go_on(g);
	engine_rearm(g);
}

/* --- what the interpreter asks ------------------------------------------------ */

static int
engine_activity(void *arg, const char *arn)
{
	return activity_exists(arg, arn);
}

static void
engine_task_token(void *arg, const struct run *r, int64_t task_id, struct buf *out)
{
	const struct engine *g = arg;

	token_make(g->token_secret,
	    &(struct task_ref){ .execution = run_facts(r)->id,
		.shard = run_facts(r)->shard,
		.task_id = task_id },
	    out);
}

static int
engine_pure_call(void *arg, const struct task_resource *res, struct doc parameters, uint64_t seed,
    int64_t *steps, struct doc *result, struct err *e)
{
	const struct engine *g = arg;

	return plugin_host_pure_call(g->plugins, res, parameters, seed, steps, result, e);
}

static int
engine_module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	const struct engine *g = arg;

	return plugin_host_module(g->plugins, name, stamp, text, e);
}

static int
engine_give_up(void *arg, bool first)
{
	const struct engine *g = arg;

	return plugin_host_give_up(g->plugins, first);
}

static bool
engine_permit(void *arg, const struct run *r, const struct state *s, int64_t task_id)
{
	return limit_permit(arg, r, s, task_id);
}

static bool
engine_tells_failures(void *arg)
{
	const struct engine *g = arg;

	return hooks_any(g->hooks, HOOK_state_failed);
}

const struct run_host *
engine_run_host(struct engine *g)
{
	static struct run_host host = { .activity = engine_activity,
		.task_token = engine_task_token,
		.pure_call = engine_pure_call,
		.module = engine_module,
		.give_up = engine_give_up,
		.permit = engine_permit,
		.tells_failures = engine_tells_failures };

	host.arg = g;
	return &host;
}

/* --- replies ------------------------------------------------------------------ */

struct reply *
reply_new(uint64_t ticket)
{
	struct reply *p = xcalloc(1, sizeof(*p));

	p->ticket = ticket;
	return p;
}

void
reply_send(struct reply *p, struct resident *r, bool name_taken, const struct err *e)
{
	bool loaded = r != NULL && r->run != NULL;

	switch (p->kind) {
	case REPLY_STARTED:
		admission_leave(p->engine->admission, &p->place, e == NULL);
		p->started(p->ticket, name_taken, loaded ? run_facts(r->run)->execution_name : NULL,
		    loaded ? run_facts(r->run)->start_ms : 0, e);
		break;
	case REPLY_STOPPED:
		p->stopped(p->ticket,
		    loaded && run_status(r->run) != RUN_RUNNING ? run_stop_ms(r->run) : 0, e);
		break;
	case REPLY_ANSWERED:
		answer_tell(p, e);
		break;
	case REPLY_HANDED:
		activity_answered(p->engine, p->ticket, r, e);
		break;
	case REPLY_PERMITTED:
		limit_answered(p->engine, p->ticket, r, e);
		break;
	case REPLY_TAKEN_BACK:
		activity_taken_back((int64_t)p->ticket, r, e);
		break;
	}
	err_fini(&p->refusal);
	free(p);
}

/* A refusal that must not come inside the asking call. */
struct refusal {
	struct reply *reply;
	struct err err;
};

static void
refusal_send(void *arg)
{
	struct refusal *f = arg;

	reply_send(f->reply, NULL, false, &f->err);
	err_fini(&f->err);
	free(f);
}

void
engine_refuse(struct engine *g, struct reply *reply, const char *name, const char *cause)
{
	struct refusal *f = xcalloc(1, sizeof(*f));

	f->reply = reply;
	err_set(&f->err, name, "%s", cause);
	loop_defer(g->loop, refusal_send, f);
}

/* --- admission ------------------------------------------------------------------ */

void
engine_set_bounds(struct engine *g, const struct engine_bounds *b)
{
	struct admission_options bounds = admission_bounds(b);

	admission_set(g->admission, &bounds);
	g->max_memory = b->max_memory;
}

static void
tell_line(const struct engine *g)
{
	struct admission_state s = admission_state(g->admission);

	stat_set(STAT_starts_waiting, (int64_t)s.waiting);
	stat_set(STAT_start_places, (int64_t)s.places);
}

/* The line of starts, as it stands now. */
static void
look_at_line(struct engine *g)
{
	admission_look(g->admission, store_waited_ms(g->store));
	tell_line(g);
}

static void
engine_committed(void *arg)
{
	look_at_line(arg);
}

static void
explain(const struct admission *a, enum admission_answer answer, struct engine_refusal *out)
{
	const struct admission_state s = admission_state(a);

	out->retry_s = admission_retry_s(a);
	switch (answer) {
	case ADMISSION_DELAY:
		snprintf(out->why, sizeof(out->why),
		    "The database takes %lld ms to commit (start_delay): %llu starts wait, as many as "
		    "can be served in time.",
		    (long long)s.waited_ms, (unsigned long long)s.waiting);
		break;
	case ADMISSION_QUEUE:
		snprintf(out->why, sizeof(out->why),
		    "%llu starts with %zu bytes of input wait to be committed (start_queue, "
		    "start_queue_bytes).",
		    (unsigned long long)s.waiting, s.bytes);
		break;
	default:
		snprintf(out->why, sizeof(out->why), "pawld has %zu MiB of memory (max_memory).",
		    s.memory >> 20);
	}
}

int
engine_admit(struct engine *g, const char *machine, size_t input_len, struct engine_refusal *out)
{
	enum admission_answer answer;

	look_at_line(g);
	answer = admission_ask(g->admission, machine, input_len);
	if (answer == ADMISSION_YES)
		return 0;
	stat_add_label(STAT_starts_refused, admission_answer_name(answer), 1);
	explain(g->admission, answer, out);
	return -1;
}

bool
engine_is_full(struct engine *g, struct reply *reply)
{
	if (g->inbox_bytes < INBOX_BYTES_MAX)
		return false;
	engine_refuse(g, reply, "ServiceUnavailable",
	    "Too many answers and stops wait for the database. Try again.");
	return true;
}

/* --- start, stop --------------------------------------------------------------- */

static struct resident *
engine_new_run(struct engine *g, const struct engine_start *s, int32_t shard)
{
	struct run_facts f = { .version_arn = s->version_arn,
		.alias_arn = s->alias_arn,
		.start_ms = clock_wall_ms(),
		.input_text = s->input_text,
		.input_len = s->input_len,
		.input = s->input };
	struct uuid id = s->id != NULL ? *s->id : uuid_v7(f.start_ms);
	/* AWS's form; by time, since random ones would each touch another page of the names' index */
	struct uuid name = uuid_v4_by_time(f.start_ms);
	char name_text[UUID_TEXT_SIZE];
	struct resident *r;
	struct buf arns;

	uuid_format(&name, name_text);
	r = resident_new(g, slots_add(&g->slots, &id, shard));
	r->machine = machine_entry_ref(s->machine);
	r->commit.machine_id = s->machine->id;
	r->commit.parent = s->parent;
	r->trace_header = s->trace_header == NULL ? NULL : xstrdup(s->trace_header);
	buf_init(&arns, BUF_UNLIMITED);
	loader_facts(r, s->name == NULL ? name_text : s->name, &f, &arns);
	r->run = run_new(s->machine->machine, &f, engine_run_host(g));
	buf_fini(&arns);
	return r;
}

void
engine_start_execution(struct engine *g, const struct engine_start *s, uint64_t ticket,
    engine_started_cb *cb)
{
	struct stimulus start = { .kind = STIMULUS_START };
	struct reply *reply = reply_new(ticket);
	int32_t shard = store_pick_shard(g->store);
	struct resident *r;
	int64_t most;

	if (shard >= 0 && s->parent.waits)
		shard = s->parent.shard;
	reply->kind = REPLY_STARTED;
	reply->started = cb;
	reply->engine = g;
	if (s->parent.task_id == 0) { /* else it is work of an execution that was admitted */
		reply->place = admission_enter(g->admission, s->machine->name, s->input_len);
		tell_line(g);
	}
	if (g->draining || shard < 0) {
		engine_refuse(g, reply, "ServiceUnavailable",
		    g->draining ? "The service is shutting down. Try again."
				: "The database is not available. Try again.");
		return;
	}
	r = engine_new_run(g, s, shard);
	most = execution_limit_of(g, s->machine->name);
	if (most > 0) {
		resident_set_where(r, RES_PLACING);
		TAILQ_INSERT_TAIL(&r->replies, reply, link);
		execution_limit_place(r, most);
		return;
	}
	resident_set_where(r, RES_LIVE);
	stat_add(STAT_executions_started, 1);
	resident_deliver(r, &start, reply);
	(void)FAILPOINT(start_before_submit);
}

void
engine_stop_execution(struct engine *g, int32_t shard, const struct uuid *id, const char *error,
    const char *cause, uint64_t ticket, engine_stopped_cb *cb)
{
	struct stimulus stop = { .kind = STIMULUS_STOP, .error = error, .cause = cause };
	struct reply *reply = reply_new(ticket);
	struct slot *slot = slots_find(&g->slots, id);

	reply->kind = REPLY_STOPPED;
	reply->stopped = cb;
	if (slot == NULL && !engine_serves(g, shard)) {
		engine_refuse(g, reply, "ServiceUnavailable", ENGINE_NOT_HERE);
		return;
	}
	if (slot == NULL) {
		engine_refuse(g, reply, "ExecutionClosed", "the execution has ended");
		return;
	}
	if (engine_is_full(g, reply))
		return;
	resident_deliver(engine_resident(g, slot), &stop, reply);
}

/* --- the end -------------------------------------------------------------------- */

static bool
engine_is_idle(const struct engine *g)
{
	return store_pending(g->store) == 0 && g->dispatches.n == 0 && g->loading == 0 &&
	    nested_is_idle(g) && execution_limit_is_idle(g);
}

static void
engine_drain_over(void *arg)
{
	struct engine *g = arg;
	loop_cb *cb = g->drained;

	loop_timer_cancel(&g->drain_timer);
	g->drained = NULL;
	if (cb != NULL)
		cb(g->drained_arg);
}

void
engine_check_drained(struct engine *g)
{
	if (g->drained != NULL && engine_is_idle(g))
		loop_timer_set(&g->drain_timer, 0);
}

void
engine_drain(struct engine *g, int64_t deadline_ms, loop_cb *cb, void *arg)
{
	g->draining = true;
	g->drained = cb;
	g->drained_arg = arg;
	loop_timer_set(&g->drain_timer, engine_is_idle(g) ? 0 : deadline_ms);
}

bool
engine_serves(const struct engine *g, int32_t shard)
{
	return store_owns(g->store, shard) && g->claiming[shard] == 0;
}

bool
engine_is_ready(const struct engine *g)
{
	return g->claims_pending == 0;
}

struct engine_counts
engine_counts(const struct engine *g)
{
	const struct slot *due = slots_first_due(&g->slots);
	const struct slot *waiting = slots_first_waiting(&g->slots);
	int64_t now = clock_wall_ms(), since = due != NULL ? due->due_ms : now;

	if (waiting != NULL && waiting->due_ms < since)
		since = waiting->due_ms;
	return (struct engine_counts){ .live = g->nresidents - g->ncommitting,
		.committing = g->ncommitting,
		.sleeping = g->slots.n - g->nresidents,
		.open_tasks = g->dispatches.n,
		.waiting = g->slots.waiting.n,
		.waking = g->waking.n,
		.late_ms = since < now ? now - since : 0 };
}
