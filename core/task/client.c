/*
 * client - what applications asked for by SQL, carried to the executions it is meant for.
 *
 * A notification names an execution: one that is new is loaded, and starts, having no
 * journal; or what pawl.signal holds for it is delivered. A signal leaves its table when its
 * effect is durable. Notifications may be missed: a claim of a shard, and the
 * connection that listens coming back, look for all there is. Delivering twice does no harm: a task
 * has one answer, an execution one end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/signal.h"
#include "task/resident.h"

#define RETRY_MS 1000
#define CLAIM_LOOK_MS 5

/* A list of signals that is being read; execution unset = those of the shard. */
struct client_read {
	TAILQ_ENTRY(client_read) link; /* of its engine */
	struct engine *engine;
	int32_t shard;
	bool one;
	struct uuid id;
	uint64_t ticket;
	struct loop_timer retry;
};

/* A signal on its way to its run. */
struct delivery {
	struct engine *engine;
	struct signal_ref ref;
	uint64_t ticket;
};

static struct idmap client_reads, deliveries;
static uint64_t next_ticket;

/* --- one signal -------------------------------------------------------------------- */

static void
delivery_count(const struct delivery *d, const struct err *e)
{
	static const char *const kinds[] = { "answer", "heartbeat", "stop" };

	stat_add_label(STAT_signals, e == NULL ? kinds[d->ref.kind] : "dropped", 1);
	if (e != NULL)
		log_info("client: a signal by SQL is dropped: %s", err_cause(e));
}

static void
delivery_over(uint64_t ticket, const struct err *e)
{
	struct delivery *d = idmap_take(&deliveries, ticket);
	struct engine *g;

	if (d == NULL)
		return;
	g = d->engine;
	/* PostgreSQL is away: the signal is read again when its shard is claimed */
	if (e == NULL || strcmp(e->name, "ServiceUnavailable") != 0)
		delivery_count(d, e);
	if (g->store != NULL && (e == NULL || strcmp(e->name, "ServiceUnavailable") != 0))
		signal_forget(g->store, &d->ref);
	else if (g->store != NULL && store_owns(g->store, d->ref.shard))
		client_read(g, d->ref.shard, &d->ref.execution_id, RETRY_MS);
	free(d);
}

static void
delivery_stopped(uint64_t ticket, int64_t stop_ms, const struct err *e)
{
	(void)stop_ms;
	delivery_over(ticket, e);
}

/* The answer to give; *output is to be released. */
static struct task_answer
answer_of(const struct signal_row *row, struct doc *output)
{
	struct task_answer a = { .kind = TASK_HEARTBEAT };
	struct err e = ERR_INIT;

	*output = DOC_NONE;
	if (row->ref.kind == SIGNAL_HEARTBEAT)
		return a;
	a.kind = TASK_FAILED;
	a.error = row->error;
	a.cause = row->cause;
	if (row->failed)
		return a;
	*output = doc_parse(row->output, row->output_len, &e);
	if (!doc_is_none(*output)) {
		a.kind = TASK_SUCCEEDED;
		a.output = *output;
	} else {
		/* what PostgreSQL takes for JSON and we do not: nested too deeply */
		a.error = "States.Runtime";
		a.cause = "The output that was sent by SQL is nested too deeply.";
	}
	err_fini(&e);
	return a;
}

static void
deliver(struct engine *g, const struct signal_row *row)
{
	struct delivery *d;
	struct task_answer a;
	struct task_ref task;
	struct doc output;

	if (slots_find(&g->slots, &row->ref.execution_id) == NULL) {
		signal_forget(g->store, &row->ref); /* the execution has ended */
		return;
	}
	d = xcalloc(1, sizeof(*d));
	d->engine = g;
	d->ref = row->ref;
	d->ticket = ++next_ticket;
	idmap_put(&deliveries, d->ticket, d);
	if (row->ref.kind == SIGNAL_STOP) {
		engine_stop_execution(g, row->ref.shard, &row->ref.execution_id, row->error,
		    row->cause, d->ticket, delivery_stopped);
		return;
	}
	task = (struct task_ref){ .execution = row->ref.execution_id,
		.shard = row->ref.shard,
		.task_id = row->ref.task_id };
	a = answer_of(row, &output);
	engine_answer_task(g, &task, &a, d->ticket, delivery_over);
	doc_unref(output);
}

/* --- reading them ------------------------------------------------------------------ */

static void
client_read_end(struct client_read *c)
{
	idmap_take(&client_reads, c->ticket);
	TAILQ_REMOVE(&c->engine->client_reads, c, link);
	loop_timer_fini(&c->retry);
	free(c);
}

static void
client_got_signals(uint64_t ticket, const struct signal_row *rows, size_t n, bool more,
    const struct err *e)
{
	struct client_read *c = idmap_get(&client_reads, ticket);
	struct engine *g;
	size_t i;

	if (c == NULL)
		return;
	g = c->engine;
	if (!store_owns(g->store, c->shard)) {
		client_read_end(c); /* whoever claims the shard reads them */
		return;
	}
	if (e != NULL || g->claiming[c->shard] > 0) {
		loop_timer_set(&c->retry, e != NULL ? RETRY_MS : CLAIM_LOOK_MS);
		return;
	}
	for (i = 0; i < n; i++)
		deliver(g, &rows[i]);
	if (more)
		loop_timer_set(&c->retry, RETRY_MS);
	else
		client_read_end(c);
}

static void
client_read_ask(void *arg)
{
	struct client_read *c = arg;

	if (c->engine->store == NULL || !store_owns(c->engine->store, c->shard))
		client_read_end(c);
	else if (c->engine->claiming[c->shard] > 0)
		loop_timer_set(&c->retry, CLAIM_LOOK_MS); /* slots are there after the claim */
	else
		read_signals(c->engine->store, c->shard, c->one ? &c->id : NULL, c->ticket,
		    client_got_signals);
}

void
client_read(struct engine *g, int32_t shard, const struct uuid *id, int64_t delay_ms)
{
	struct client_read *c = xcalloc(1, sizeof(*c));

	c->engine = g;
	c->shard = shard;
	c->one = id != NULL;
	if (id != NULL)
		c->id = *id;
	c->ticket = ++next_ticket;
	loop_timer_init(g->loop, &c->retry, client_read_ask, c);
	idmap_put(&client_reads, c->ticket, c);
	TAILQ_INSERT_TAIL(&g->client_reads, c, link);
	if (delay_ms > 0)
		loop_timer_set(&c->retry, delay_ms);
	else
		client_read_ask(c);
}

/* --- notifications ------------------------------------------------------------------ */

void
client_asked(struct engine *g, enum store_asked what, int32_t shard, const struct uuid *id)
{
	struct slot *slot;

	if (what == ASKED_WAIT)
		execution_limit_waits(g);
	if (!store_owns(g->store, shard))
		return;
	slot = slots_find(&g->slots, id);
	/* for a signal as well: the word of its start may have been missed */
	if (slot == NULL && what == ASKED_WAIT) {
		(void)slots_add(&g->slots, id, shard);
	} else if (slot == NULL) {
		slot = slots_add(&g->slots, id, shard);
		slot->row_awake = true;
		waking_wait(g, slot, clock_wall_ms());
	} else if (what == ASKED_START && slot->resident == NULL && !slot->waits) {
		waking_wait(g, slot, clock_wall_ms()); /* it waited for a place */
	}
	engine_rearm(g);
	if (what == ASKED_SIGNAL)
		client_read(g, shard, id, 0);
}

void
client_missed(struct engine *g)
{
	for (int32_t shard = 0; shard < STORE_SHARDS; shard++)
		if (store_owns(g->store, shard))
			loader_claim(g, shard, true);
}

void
client_stop(struct engine *g)
{
	struct client_read *c, *next;

	for (c = TAILQ_FIRST(&g->client_reads); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		client_read_end(c);
	}
}
