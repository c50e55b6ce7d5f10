/*
 * place - starts of executions of which only so many may run at the same time.
 *
 * A lock and a statement between two syncs are one transaction, and the sync's answer says that it is over.
 */
#include "store/place.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/parts.h"

#define PLACES_PATIENCE_MS 40000 /* the server's own limit for a statement is 30 s */
#define SHOW_MAX 1000
#define START_WAIT_MS 2000 /* a start waits so long for the connection */

struct start {
	TAILQ_ENTRY(start) link;
	struct places *places;
	struct uuid machine_id;
	struct params params;
	int64_t asked_ms;
	bool sent;
	bool decided; /* the statement has said what is so once the transaction is over */
	enum place_answer answer;
	uint64_t ticket;
	place_start_cb *cb;
};

/* A round of admissions; one at a time. */
struct round {
	bool under_way, waiting;
	place_admitted_cb *cb;
	void *arg;
};

struct places {
	struct store *store;
	struct pg *pg; /* NULL until somebody needs it */
	TAILQ_HEAD(, start) starts;
	struct loop_timer late_timer; /* for starts that are not sent */
	struct round round;
	char *setting; /* to be published; NULL = it is */
	bool closed;
};

static void
say_failed(const PGresult *r, const char *what)
{
	char line[512];

	if (r != NULL && !pg_done(r))
		log_warn("store: %s: %s", what, pg_message(r, line, sizeof line));
}

static void
lock_answered(void *arg, const PGresult *r)
{
	(void)arg;
	say_failed(r, "the lock of a state machine's places could not be had");
}

/* The statement q behind the lock of the machine; the sync is the caller's. */
static void
query_locked(struct places *p, const struct uuid *machine, enum query q,
    const struct params *params, pg_result_cb *cb, void *arg)
{
	struct params lock;

	params_init(&lock);
	params_uuid(&lock, machine);
	pg_query(p->pg, QUERY_place_lock, &lock, lock_answered, NULL);
	pg_query(p->pg, q, params, cb, arg);
	params_fini(&lock);
}

/* --- starts ------------------------------------------------------------------------- */

static void
start_over(struct start *st, const char *doubt)
{
	struct err e = ERR_INIT;

	TAILQ_REMOVE(&st->places->starts, st, link);
	if (doubt != NULL)
		err_set(&e, "ServiceUnavailable", "%s", doubt);
	st->cb(st->ticket, st->answer, doubt != NULL ? &e : NULL);
	err_fini(&e);
	params_fini(&st->params);
	free(st);
}

static void
start_answered(void *arg, const PGresult *r)
{
	struct start *st = arg;

	say_failed(r, "a start could not be decided");
	if (!pg_rows(r))
		return;
	st->decided = true;
	if (result_bool(r, 0, 0))
		st->answer = PLACE_TAKEN;
	else
		st->answer = result_bool(r, 0, 1) ? PLACE_NAMED : PLACE_NONE;
}

static void
start_synced(void *arg, const PGresult *r)
{
	struct start *st = arg;

	start_over(st,
	    r != NULL && st->decided ? NULL : "The database is not available. Try again.");
}

static void
start_send(struct start *st)
{
	st->sent = true;
	query_locked(st->places, &st->machine_id, QUERY_place_start, &st->params, start_answered,
	    st);
	pg_sync(st->places->pg, start_synced, st);
}

static void
starts_too_late(void *arg)
{
	struct places *p = arg;
	struct start *st, *next;
	bool waiting = false;

	for (st = TAILQ_FIRST(&p->starts); st != NULL; st = next) {
		next = TAILQ_NEXT(st, link);
		if (st->sent)
			continue;
		if (p->closed || clock_mono_ms() - st->asked_ms >= START_WAIT_MS)
			start_over(st, "The database cannot be reached at the moment.");
		else
			waiting = true;
	}
	if (waiting)
		loop_timer_set(&p->late_timer, START_WAIT_MS / 4);
}

static void
fill_parent(struct params *p, const struct parent_link *parent)
{
	if (parent->task_id == 0) {
		for (int i = 0; i < 4; i++)
			params_null(p);
		return;
	}
	params_i16(p, (int16_t)parent->shard);
	params_uuid(p, &parent->id);
	params_i64(p, parent->task_id);
	params_bool(p, parent->waits);
}

static void
fill_start(struct params *p, const struct place_start *s)
{
	params_uuid(p, &s->machine_id);
	params_i64(p, s->most);
	params_i16(p, (int16_t)s->shard);
	params_uuid(p, &s->id);
	params_i64(p, s->revision);
	params_str(p, s->name);
	params_i64(p, s->start_ms);
	params_text(p, s->input, s->input_len);
	params_str(p, s->version_arn);
	params_str(p, s->alias_arn);
	params_str(p, s->trace_header);
	fill_parent(p, &s->parent);
}

void
place_start(struct store *s, const struct place_start *what, uint64_t ticket, place_start_cb *cb)
{
	struct places *p = s->places;
	struct start *st = xcalloc(1, sizeof *st);

	place_prepare(s);
	st->places = p;
	st->machine_id = what->machine_id;
	st->asked_ms = clock_mono_ms();
	st->ticket = ticket;
	st->cb = cb;
	params_init(&st->params);
	fill_start(&st->params, what);
	TAILQ_INSERT_TAIL(&p->starts, st, link);
	if (pg_is_up(p->pg))
		start_send(st);
	else if (!loop_timer_pending(&p->late_timer))
		loop_timer_set(&p->late_timer, START_WAIT_MS);
}

/* --- those that wait ---------------------------------------------------------------- */

static void
round_over(void *arg, const PGresult *r)
{
	struct places *p = arg;

	p->round.under_way = false;
	if (!p->closed)
		p->round.cb(p->round.arg, r == NULL || p->round.waiting);
}

static void
round_admitted(void *arg, const PGresult *r)
{
	(void)arg;
	say_failed(r,
	    "executions that wait for a place could not be admitted, and are tried again");
}

static void
round_listed(void *arg, const PGresult *r)
{
	struct places *p = arg;
	struct params machine;

	say_failed(r, "it is not known who waits for a place");
	if (!pg_rows(r))
		return; /* round_synced comes */
	p->round.waiting = PQntuples(r) > 0;
	params_init(&machine);
	for (int i = 0; i < PQntuples(r); i++) {
		struct uuid id = result_uuid(r, i, 0);

		params_reset(&machine);
		params_uuid(&machine, &id);
		query_locked(p, &id, QUERY_place_admit, &machine, round_admitted, NULL);
		pg_sync(p->pg, NULL, NULL);
	}
	params_fini(&machine);
}

/* Behind the admissions, when there are any. */
static void
round_synced(void *arg, const PGresult *r)
{
	struct places *p = arg;

	if (r == NULL || !pg_is_up(p->pg)) {
		round_over(p, NULL);
		return;
	}
	pg_sync(p->pg, round_over, p);
}

bool
place_admit(struct store *s, place_admitted_cb *cb, void *arg)
{
	struct places *p = s->places;

	place_prepare(s);
	assert(!p->round.under_way);
	if (!pg_is_up(p->pg))
		return false;
	p->round = (struct round){ .under_way = true, .waiting = true, .cb = cb, .arg = arg };
	pg_query(p->pg, QUERY_place_waiting, NULL, round_listed, p);
	pg_sync(p->pg, round_synced, p);
	return true;
}

/* --- the option ---------------------------------------------------------------------- */

static void
setting_put(void *arg, const PGresult *r)
{
	say_failed(r, "execution_limits could not be told to the SQL functions");
	(void)arg;
}

static void
setting_send(struct places *p)
{
	struct params params;

	if (p->setting == NULL || !pg_is_up(p->pg))
		return;
	params_init(&params);
	params_str(&params, "execution_limits");
	params_str(&params, p->setting);
	pg_query(p->pg, QUERY_setting_put, &params, setting_put, p);
	pg_sync(p->pg, NULL, NULL);
	params_fini(&params);
}

void
place_publish(struct store *s, const char *json)
{
	struct places *p = s->places;

	place_prepare(s);
	free(p->setting);
	p->setting = xstrdup(json);
	setting_send(p);
}

/* --- for people ---------------------------------------------------------------------- */

static void
answer_show(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	place_show_cb *cb = (place_show_cb *)q->cb;
	struct place_row *rows;
	int n;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, e);
		return;
	}
	n = PQntuples(r);
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++)
		rows[i] = (struct place_row){ .machine_name = result_text(r, i, 0, NULL),
			.most = result_i64(r, i, 1),
			.running = result_i64(r, i, 2),
			.waiting = result_i64(r, i, 3) };
	cb(q->ticket, rows, (size_t)n, NULL);
	free(rows);
}

void
place_show(struct store *s, uint64_t ticket, place_show_cb *cb)
{
	const struct pool_question q = { .query = QUERY_place_show,
		.answer = answer_show,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i32(&p, SHOW_MAX);
	pool_ask(s->pool, &q, &p);
}

/* --- the connection ------------------------------------------------------------------ */

static void
places_up(void *arg)
{
	struct places *p = arg;
	struct start *st;

	store_hurry(p->store);
	setting_send(p); /* before anybody is admitted by it */
	TAILQ_FOREACH(st, &p->starts, link)
		if (!st->sent)
			start_send(st);
}

void
place_prepare(struct store *s)
{
	struct places *p = s->places;
	const struct pg_events events = { .up = places_up, .arg = p };
	const struct pg_options options = {
		.conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = "places",
		.session = QUERY_session_place,
		.quiet = true,
		.patience_ms = PLACES_PATIENCE_MS,
	};

	if (p->pg == NULL)
		p->pg = pg_open(s->loop, &options, &events);
}

void
places_hurry(struct places *p)
{
	if (p->pg != NULL)
		pg_hurry(p->pg);
}

struct places *
places_new(struct store *s)
{
	struct places *p = xcalloc(1, sizeof *p);

	p->store = s;
	TAILQ_INIT(&p->starts);
	loop_timer_init(s->loop, &p->late_timer, starts_too_late, p);
	return p;
}

static void
places_free_now(void *arg)
{
	struct places *p = arg;

	loop_timer_fini(&p->late_timer);
	free(p->setting);
	free(p);
}

void
places_free(struct places *p)
{
	p->closed = true;
	pg_close(p->pg);
	starts_too_late(p);
	loop_timer_cancel(&p->late_timer);
	loop_free_later(p->store->loop, p, places_free_now);
}
