/*
 * resident - a run plus its place in this node.
 */
#include "task/nested.h"
#include "task/resident.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/hook_run.h"

#define RESIDENT_MAGIC 0x7e51de47u
/* A crash hands a task out again when it was handed out later than this before; most are answered by then. */
#define KEEP_MS 1000
/*
 * A run that does not sleep writes a snapshot when its records since the latest one have so many bytes,
 * and so many times the bytes of a snapshot: a load reads no more than that, and snapshots
 * take a quarter of the room of the other records at most.
 */
#define SNAPSHOT_TAIL (256u << 10)
#define SNAPSHOT_TAILS 4
/* A resident that had one large record does not keep its memory. */
#define RECORD_KEPT 16384
/* Most records are longer: it need not grow from nothing. */
#define RECORD_FIRST 1000

static void resident_fill(struct commit *c);
static void resident_committed(struct commit *c, enum commit_result result);

void
resident_log(const struct resident *r, int level, const char *fmt, ...)
{
	char ids[UUID_TEXT_SIZE + 8] = "exec=";
	va_list ap;

	if (!log_enabled((enum log_level)level))
		return;
	uuid_format(&r->slot->id, ids + 5);
	va_start(ap, fmt);
	log_vline((enum log_level)level, ids, fmt, ap);
	va_end(ap);
}

struct resident *
resident_new(struct engine *g, struct slot *slot)
{
	struct resident *r = xcalloc(1, sizeof(*r));

	assert(slot->resident == NULL);
	r->magic = RESIDENT_MAGIC;
	r->engine = g;
	r->slot = slot;
	r->where = RES_LOADING;
	TAILQ_INIT(&r->inbox);
	TAILQ_INIT(&r->replies);
	TAILQ_INIT(&r->dispatches);
	TAILQ_INIT(&r->nested);
	buf_init(&r->record, BUF_UNLIMITED);
	buf_reserve(&r->record, RECORD_FIRST);
	buf_init(&r->offers, BUF_UNLIMITED);
	r->commit.execution_id = slot->id;
	r->commit.shard = slot->shard;
	r->commit.fill = resident_fill;
	r->commit.done = resident_committed;
	r->idle_since_ms = clock_wall_ms();
	slot->resident = r;
	TAILQ_INSERT_TAIL(&g->of_shard[slot->shard], r, shard_link);
	g->nresidents++;
	return r;
}

static struct resident *
resident_from(struct commit *c)
{
	struct resident *r = (struct resident *)((char *)c - offsetof(struct resident, commit));

	assert(r->magic == RESIDENT_MAGIC);
	return r;
}

static size_t
text_size(const char *s)
{
	return s != NULL ? strlen(s) + 1 : 0;
}

static size_t
inbox_item_size(const struct inbox_item *it)
{
	const struct stimulus *s = &it->stimulus;

	return sizeof(*it) + (doc_is_none(s->output) ? 0 : doc_memory(s->output)) +
	    text_size(s->error) + text_size(s->cause) + text_size(s->worker);
}

/* What plugins say is bounded by the tasks that they have; what clients say is counted. */
static void
inbox_count(const struct resident *r, const struct inbox_item *it, bool in)
{
	size_t size = it->reply != NULL ? inbox_item_size(it) : 0;

	r->engine->inbox_bytes += in ? size : -size;
	if (size > 0)
		stat_set(STAT_inbox_bytes, (int64_t)r->engine->inbox_bytes);
}

static void
inbox_item_free(struct inbox_item *it)
{
	doc_unref(it->stimulus.output);
	free((char *)(uintptr_t)it->stimulus.error);
	free((char *)(uintptr_t)it->stimulus.cause);
	free((char *)(uintptr_t)it->stimulus.worker);
	free(it);
}

static char *
copy_or_null(const char *s)
{
	return s == NULL ? NULL : xstrdup(s);
}

static void
inbox_add(struct resident *r, const struct stimulus *s, struct reply *reply)
{
	struct inbox_item *it = xcalloc(1, sizeof(*it));

	it->stimulus = *s;
	it->stimulus.output = doc_ref(s->output);
	it->stimulus.error = copy_or_null(s->error);
	it->stimulus.cause = copy_or_null(s->cause);
	it->stimulus.worker = copy_or_null(s->worker);
	it->reply = reply;
	TAILQ_INSERT_TAIL(&r->inbox, it, link);
	inbox_count(r, it, true);
}

static struct inbox_item *
inbox_take(struct resident *r)
{
	struct inbox_item *it = TAILQ_FIRST(&r->inbox);

	if (it == NULL)
		return NULL;
	TAILQ_REMOVE(&r->inbox, it, link);
	inbox_count(r, it, false);
	return it;
}

static void
resident_free(void *arg)
{
	struct resident *r = arg;
	struct inbox_item *it;

	assert(r->magic == RESIDENT_MAGIC && r->where == RES_GONE);
	assert(TAILQ_EMPTY(&r->replies) && TAILQ_EMPTY(&r->dispatches));
	assert(TAILQ_EMPTY(&r->nested));
	while ((it = inbox_take(r)) != NULL)
		inbox_item_free(it);
	run_free(r->run);
	load_free(r->load);
	machine_entry_unref(r->machine);
	effects_fini(&r->effects);
	buf_fini(&r->record);
	buf_fini(&r->offers);
	free(r->output);
	free(r->trace_header);
	r->magic = 0;
	free(r);
}

void
resident_set_where(struct resident *r, enum resident_where to)
{
	static const char *const names[] = { "loading", "placing", "live", "committing", "checking",
		"gone" };
	struct engine *g = r->engine;

	assert(r->where != RES_GONE);
	if (log_enabled(LOG_LEVEL_DEBUG))
		resident_log(r, LOG_LEVEL_DEBUG, "resident: %s -> %s", names[r->where], names[to]);
	if (r->where == RES_COMMITTING)
		g->ncommitting--;
	if (to == RES_COMMITTING)
		g->ncommitting++;
	r->where = to;
	if (to == RES_GONE) {
		waking_gone(r);
		transition_leave(r);
		g->nresidents--;
		TAILQ_REMOVE(&g->of_shard[r->commit.shard], r, shard_link);
		if (r->slot != NULL)
			r->slot->resident = NULL;
		loop_free_later(g->loop, r, resident_free);
	}
}

static bool
resident_only_waits(const struct resident *r)
{
	return run_only_waits(r->run) && !nested_watches(r);
}

/* How long it stays in memory when it only waits. */
static int64_t
resident_patience_ms(const struct resident *r)
{
	return waking_needs_room(r->engine) ? 0 : r->engine->hibernate_after_ms;
}

/*
 * When the run next wants a turn: its own timers, or the time to go to sleep. Never
 * this instant: one that has more to do than a move may (run.h) must let others in between.
 */
static void
resident_schedule(struct resident *r)
{
	int64_t due = run_due_ms(r->run), next = clock_wall_ms() + 1;

	if (resident_only_waits(r) && !r->hibernating) {
		int64_t sleep_at = r->idle_since_ms + resident_patience_ms(r);

		/* worth it only when the wait goes on for as long again */
		if (due == INT64_MAX || due > sleep_at + r->engine->hibernate_after_ms)
			due = sleep_at;
	}
	if (r->keep_at_ms != 0 && due > r->keep_at_ms)
		due = r->keep_at_ms;
	if (run_is_held(r->run) && !transition_wait(r))
		due = next;
	if (due < next)
		due = next;
	else if (commit_is_idle(&r->commit))
		waking_over(r); /* it was not due, or what was due needs no record */
	slots_set_due(&r->engine->slots, r->slot, due == INT64_MAX ? SLOT_NEVER : due);
	engine_rearm(r->engine);
}

/*
 * Tells how a move went, e NULL = well: at once, or with the commit that is queued, when there
 * is one. A refusal waits for it as well: what came first and is not durable may be its reason.
 */
static void
resident_reply(struct resident *r, struct reply *reply, const struct err *e)
{
	if (reply == NULL)
		return;
	if (commit_is_idle(&r->commit)) {
		reply_send(reply, r, false, e);
		return;
	}
	if (e != NULL)
		err_copy(&reply->refusal, e);
	TAILQ_INSERT_TAIL(&r->replies, reply, link);
}

/* 0, or -1 when the run did not take it. Takes reply. */
static int
resident_move(struct resident *r, const struct stimulus *s, struct reply *reply)
{
	struct stimulus stimulus = *s;
	struct err e = ERR_INIT;
	int64_t before = run_transitions(r->run);

	stimulus.now_ms = clock_wall_ms();
	stimulus.seed = id_random64();
	stimulus.counted = transition_grant(r, &stimulus.may_enter);
	if (run_move(r->run, &stimulus, &r->effects, &e) != 0) {
		resident_log(r, LOG_LEVEL_DEBUG, "move refused: %s %s", e.name, err_cause(&e));
		resident_reply(r, reply, &e);
		err_fini(&e);
		return -1;
	}
	if (stimulus.counted)
		transition_spend(r, run_transitions(r->run) - before);
	stat_add(STAT_transitions, run_transitions(r->run) - before);
	r->hibernating = false;
	r->idle_since_ms = stimulus.now_ms;
	if (!run_record_is_empty(r->run))
		store_commit(r->engine->store, &r->commit);
	resident_reply(r, reply, NULL);
	resident_schedule(r);
	return 0;
}

void
resident_go_on(struct resident *r)
{
	struct stimulus s = { .kind = STIMULUS_TIMER };

	(void)resident_move(r, &s, NULL);
}

void
resident_reconsider(struct resident *r)
{
	if (r->where == RES_LIVE)
		resident_schedule(r);
}

void
resident_handed(struct resident *r, int64_t task_id)
{
	run_handed(r->run, task_id);
	if (r->keep_at_ms == 0)
		r->keep_at_ms = clock_wall_ms() + KEEP_MS;
}

void
resident_deliver(struct resident *r, const struct stimulus *s, struct reply *reply)
{
	if (r->where == RES_LIVE)
		(void)resident_move(r, s, reply);
	else
		inbox_add(r, s, reply);
}

static void
inbox_run(struct resident *r)
{
	struct inbox_item *it;

	while (r->where == RES_LIVE && (it = inbox_take(r)) != NULL) {
		(void)resident_move(r, &it->stimulus, it->reply);
		inbox_item_free(it);
	}
}

static enum commit_row
resident_row(const struct resident *r)
{
	if (!r->row_written)
		return ROW_INSERT;
	if (run_status(r->run) != RUN_RUNNING)
		return ROW_CLOSE;
	if (r->hibernating)
		return ROW_SLEEP;
	return r->row_asleep ? ROW_WAKE : ROW_KEEP;
}

void
resident_count_record(struct resident *r, size_t len, bool snapshot)
{
	r->tail_len = snapshot ? 0 : r->tail_len + len;
	if (snapshot)
		r->snapshot_len = len;
}

/* May a snapshot be due? One is not made only to find that it is not. */
static bool
resident_may_snapshot(const struct resident *r)
{
	if (r->hibernating)
		return true;
	return run_status(r->run) == RUN_RUNNING && r->tail_len >= SNAPSHOT_TAIL &&
	    r->tail_len / SNAPSHOT_TAILS >= r->snapshot_len;
}

/*
 * What the run did since the last record (heartbeats alone are nothing), or the whole run, when that is short
 * beside what it spares the next load to read: to sleep on, as long as that; else so many times
 * shorter. A run that has much to say and moves little would fill the journal with copies of itself.
 */
static void
resident_fill_record(struct resident *r, struct commit *c)
{
	struct buf snapshot;

	c->seq = run_record_is_empty(r->run) ? -1 : r->next_seq;
	buf_init(&snapshot, BUF_UNLIMITED);
	if (resident_may_snapshot(r))
		run_snapshot(r->run, &snapshot);
	if (c->seq >= 0)
		run_record_seal(r->run, &r->record);
	if (snapshot.len > 0) {
		size_t worth = r->tail_len / (r->hibernating ? 1 : SNAPSHOT_TAILS);

		c->snapshot = snapshot.len <= worth + r->record.len;
		r->snapshot_len = snapshot.len;
	}
	if (c->snapshot) {
		struct buf record = r->record;

		r->record = snapshot;
		snapshot = record;
		c->seq = r->next_seq;
	}
	buf_fini(&snapshot);
}

/* Writes what goes into the journal; c->seq -1: nothing does. */
static void
resident_write(struct resident *r, struct commit *c)
{
	buf_reset(&r->record);
	c->first_event_id = run_record_first(r->run);
	c->event_count = run_record_count(r->run);
	c->snapshot = false;
	c->record = &r->record;
	resident_fill_record(r, c);
	if (c->seq < 0)
		return;
	r->next_seq++;
	resident_count_record(r, r->record.len, c->snapshot);
}

/* What a shard's next owner wants to know without loading the run: offers of activities, permits. */
static void
resident_print_offered(struct resident *r)
{
	struct buf *b = &r->offers;

	buf_addc(b, '[');
	activity_print_offers(r->slot, b);
	limit_print_permits(r->engine, r->slot, b);
	if (b->len == 1)
		buf_reset(b);
	else
		b->data[b->len - 1] = ']'; /* the last comma */
}

/* The batch is being sealed: what the run did since the last one becomes one record. */
static void
resident_fill(struct commit *c)
{
	struct resident *r = resident_from(c);
	const struct run_facts *f = run_facts(r->run);
	int64_t due = run_due_ms(r->run);

	if (r->keep_at_ms != 0 && r->keep_at_ms <= clock_wall_ms()) {
		run_keep(r->run);
		r->keep_at_ms = 0;
	}
	c->row = resident_row(r);
	resident_write(r, c);
	c->revision = r->machine->revision;
	c->name = f->execution_name;
	c->start_ms = f->start_ms;
	c->input = f->input_text;
	c->input_len = f->input_len;
	c->version_arn = f->version_arn;
	c->alias_arn = f->alias_arn;
	c->trace_header = r->trace_header;
	c->status = run_status_name(run_status(r->run));
	c->stop_ms = run_status(r->run) == RUN_RUNNING ? 0 : run_stop_ms(r->run);
	free(r->output);
	r->output = NULL;
	c->output_len = 0;
	if (run_status(r->run) == RUN_SUCCEEDED)
		r->output = doc_text(run_output(r->run), &c->output_len);
	c->output = r->output;
	c->error = run_error(r->run);
	c->cause = run_cause(r->run);
	c->wake_at_ms = due;
	buf_reset(&r->offers);
	if (c->row == ROW_SLEEP)
		resident_print_offered(r);
	c->offered = r->offers.len > 0 ? r->offers.data : NULL;
	c->offered_len = r->offers.len;
	resident_set_where(r, RES_COMMITTING);
}

/* Its first answer to a client leaves here: nothing of it was known before. */
static void
replies_send(struct resident *r, bool name_taken, const struct err *e)
{
	struct reply *p;

	while ((p = TAILQ_FIRST(&r->replies)) != NULL) {
		TAILQ_REMOVE(&r->replies, p, link);
		if (e == NULL)
			(void)FAILPOINT(answer_before_reply);
		reply_send(p, r, name_taken,
		    e == NULL && err_is_set(&p->refusal) ? &p->refusal : e);
	}
}

static void
inbox_refuse(struct resident *r, const struct err *e)
{
	struct inbox_item *it;

	while ((it = inbox_take(r)) != NULL) {
		if (it->reply != NULL)
			reply_send(it->reply, r, false, e);
		inbox_item_free(it);
	}
}

/* After COMMIT of a hibernation: the slot stays, the run goes. */
static void
resident_sleep(struct resident *r)
{
	struct slot *slot = r->slot;
	int64_t due = run_due_ms(r->run);

	(void)FAILPOINT(hibernate_before_drop);
	resident_log(r, LOG_LEVEL_DEBUG, "hibernates");
	nested_drop_all(r);
	resident_set_where(r, RES_GONE);
	slots_set_due(&r->engine->slots, slot, due == INT64_MAX ? SLOT_NEVER : due);
	engine_rearm(r->engine);
}

static void
resident_close(struct resident *r)
{
	struct err e = ERR_INIT;

	stat_add_label(STAT_executions_closed, run_status_name(run_status(r->run)), 1);
	if (log_enabled(LOG_LEVEL_INFO))
		resident_log(r, LOG_LEVEL_INFO, "execution %s",
		    run_status_name(run_status(r->run)));
	err_set(&e, "ExecutionClosed", "the execution has ended");
	inbox_refuse(r, &e);
	err_fini(&e);
	dispatch_drop_all(r, true);
	execution_limit_ended(r);
	engine_forget(r);
}

void
resident_settle(struct resident *r)
{
	struct engine *g = r->engine;
	bool slept = r->hibernating;

	waking_over(r);
	if (r->commit.seq == 0)
		hook_run_started(r);
	dispatch_release(r);
	replies_send(r, false, NULL);
	if (run_status(r->run) != RUN_RUNNING) {
		resident_close(r);
	} else if (slept && TAILQ_EMPTY(&r->inbox)) {
		resident_sleep(r);
	} else {
		r->hibernating = false;
		resident_set_where(r, RES_LIVE);
		resident_schedule(r);
		inbox_run(r);
	}
	engine_check_drained(g);
}

void
resident_begin(struct resident *r)
{
	struct stimulus start = { .kind = STIMULUS_START };

	stat_add(STAT_executions_started, 1);
	resident_deliver(r, &start, NULL);
}

void
resident_loaded(struct resident *r)
{
	resident_set_where(r, RES_LIVE);
	run_heard(r->run, r->engine->claimed_ms[r->slot->shard]);
	dispatch_resume(r); /* before all that moves it: only what was open in the journal */
	if (run_last_event_id(r->run) == 0)
		resident_begin(r);
	engine_set_recovering(r->engine, r->slot, false);
	resident_schedule(r);
	if (r->slot->claimed)
		nested_check_parent(r);
	r->slot->claimed = false;
	inbox_run(r);
}

void
resident_not_started(struct resident *r, const struct err *e)
{
	struct err closed = ERR_INIT;

	replies_send(r, e == NULL, e);
	err_set(&closed, "ExecutionClosed", "the execution did not start");
	inbox_refuse(r, &closed);
	err_fini(&closed);
	engine_forget(r);
}

static void
resident_committed(struct commit *c, enum commit_result result)
{
	struct resident *r = resident_from(c);

	switch (result) {
	case COMMIT_OK:
		r->row_written = true;
		r->row_asleep = c->row == ROW_SLEEP;
		if (r->record.cap > RECORD_KEPT)
			buf_fini(&r->record);
		if (run_status(r->run) != RUN_RUNNING)
			nested_child_ended(r);
#ifdef PAWL_CHECK_BUILD
		resident_set_where(r, RES_CHECKING);
		loader_check(r);
#else
		resident_settle(r);
#endif
		return;
	case COMMIT_NAME_TAKEN:
		resident_not_started(r, NULL);
		return;
	case COMMIT_LOST:
		resident_discard(r);
		return;
	}
}

void
resident_refuse_inbox(struct resident *r)
{
	struct err e = ERR_INIT;

	err_set(&e, "ServiceUnavailable", "The database is not available. Try again.");
	inbox_refuse(r, &e);
	err_fini(&e);
}

void
resident_discard(struct resident *r)
{
	struct err e = ERR_INIT;

	err_set(&e, "ServiceUnavailable", "The database is not available. Try again.");
	replies_send(r, false, &e);
	err_fini(&e);
	resident_refuse_inbox(r);
	dispatch_drop_all(r, false);
	execution_limit_forget(r);
	loader_forget(r);
	engine_forget(r);
}

bool
resident_is_quiet(const struct resident *r, bool hurry)
{
	if (!TAILQ_EMPTY(&r->inbox) || !TAILQ_EMPTY(&r->replies))
		return false;
	if (r->where == RES_LOADING)
		return true;
	return r->where == RES_LIVE && commit_is_idle(&r->commit) && r->keep_at_ms == 0 &&
	    dispatch_is_quiet(r, hurry);
}

void
resident_due(struct resident *r, int64_t now_ms)
{
	struct stimulus s = { .kind = STIMULUS_TIMER };

	slots_set_due(&r->engine->slots, r->slot, SLOT_NEVER); /* set again by move or settling */
	if (r->where != RES_LIVE || !commit_is_idle(&r->commit))
		return;
	if (run_due_ms(r->run) <= now_ms || (run_is_held(r->run) && r->lane == NULL)) {
		(void)FAILPOINT(timer_fired);
		if (resident_move(r, &s, NULL) == 0)
			return;
	} else if (resident_only_waits(r) && r->idle_since_ms + resident_patience_ms(r) <= now_ms) {
		run_keep(r->run);
		r->hibernating = true;
		store_commit(r->engine->store, &r->commit);
		return;
	} else if (r->keep_at_ms != 0 && r->keep_at_ms <= now_ms) {
		store_commit(r->engine->store, &r->commit);
		return;
	}
	resident_schedule(r);
}
