/*
 * pool - connections that read: questions wait in one queue, each reader takes a few at a time.
 *
 * Reading twice does no harm: a question whose connection was lost is asked again on
 * another. While PostgreSQL is away questions wait for a moment (a restart is not
 * worth an error), then fail, and new ones fail at once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/parts.h"

#define POOL_PATIENCE_MS 40000 /* the server's own limit for a statement is 30 s */
#define POOL_WAIT_MS 2000      /* for a connection, while there is none */
#define POOL_QUEUE_MAX 20000
#define POOL_DEPTH 4 /* questions on their way on one connection */
#define POOL_TRIES 3

struct request {
	TAILQ_ENTRY(request) link;
	struct pool *pool;
	struct reader *reader; /* NULL = it waits */
	struct pool_question question;
	struct params params;
	int64_t asked_ms;
	int tries;
};

TAILQ_HEAD(request_list, request);

struct reader {
	struct pool *pool;
	struct pg *pg;
	unsigned nsent;
};

struct pool {
	struct store *store;
	struct reader *readers;
	int nreaders;
	struct request_list waiting, refused;
	unsigned nwaiting;
	struct loop_timer timer;        /* who waits too long */
	struct loop_timer refuse_timer; /* answers those that were refused */
	int64_t hurried_ms;             /* when the server was found again, maybe not by a reader */
	bool closed;
};

static void
request_answer(struct request *q, const PGresult *r, const struct err *e)
{
	q->question.answer(q->pool->store, &q->question, r, e);
	params_fini(&q->params);
	free(q);
}

static void
request_fail(struct request *q, const char *why)
{
	struct err e = ERR_INIT;

	err_set(&e, "ServiceUnavailable", "%s", why);
	request_answer(q, NULL, &e);
	err_fini(&e);
}

bool
pool_is_up(const struct pool *p)
{
	for (int i = 0; i < p->nreaders; i++)
		if (pg_is_up(p->readers[i].pg))
			return true;
	return false;
}

/* All readers are down, for so long already (and without hope); 0 when one is up. */
static int64_t
pool_down_ms(const struct pool *p)
{
	int64_t least = clock_mono_ms() - p->hurried_ms;

	for (int i = 0; i < p->nreaders; i++) {
		int64_t ms = pg_is_up(p->readers[i].pg) ? 0 : pg_down_ms(p->readers[i].pg);

		least = ms < least ? ms : least;
	}
	return least;
}

static void
list_fail(struct request_list *list, const char *why)
{
	struct request *q;

	while ((q = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, q, link);
		request_fail(q, why);
	}
}

static void
pool_refuse(void *arg)
{
	struct pool *p = arg;
	struct request_list refused = TAILQ_HEAD_INITIALIZER(refused);

	TAILQ_CONCAT(&refused, &p->refused, link);
	list_fail(&refused, "The database cannot be reached at the moment, or has too much to do.");
}

static void
pool_wait(struct pool *p, struct request *q, bool first)
{
	q->reader = NULL;
	if (first)
		TAILQ_INSERT_HEAD(&p->waiting, q, link);
	else
		TAILQ_INSERT_TAIL(&p->waiting, q, link);
	p->nwaiting++;
	if (!loop_timer_pending(&p->timer))
		loop_timer_set(&p->timer, POOL_WAIT_MS);
}

static struct request *
pool_unwait(struct pool *p)
{
	struct request *q = TAILQ_FIRST(&p->waiting);

	if (q == NULL)
		return NULL;
	TAILQ_REMOVE(&p->waiting, q, link);
	p->nwaiting--;
	return q;
}

static void pool_dispatch(void *arg);

static void
request_done(void *arg, const PGresult *r)
{
	struct request *q = arg;
	struct pool *p = q->pool;
	char line[512];

	q->reader->nsent--;
	if (pg_rows(r)) {
		request_answer(q, r, NULL);
	} else if (r == NULL && !p->closed && ++q->tries < POOL_TRIES) {
		pool_wait(p, q, true);
	} else {
		log_warn("store: reading (%s) failed: %s", query_table[q->question.query].name,
		    pg_message(r, line, sizeof line));
		request_fail(q, "The database could not answer.");
	}
	if (!p->closed && p->nwaiting > 0)
		loop_at_turn_end(p->store->loop, pool_dispatch, p);
}

static struct reader *
pool_idlest(struct pool *p)
{
	struct reader *best = NULL;

	for (int i = 0; i < p->nreaders; i++) {
		struct reader *r = &p->readers[i];

		if (pg_is_up(r->pg) && r->nsent < POOL_DEPTH &&
		    (best == NULL || r->nsent < best->nsent))
			best = r;
	}
	return best;
}

static void
pool_dispatch(void *arg)
{
	struct pool *p = arg;
	struct reader *r;
	struct request *q;

	while (!p->closed && (r = pool_idlest(p)) != NULL && (q = pool_unwait(p)) != NULL) {
		q->reader = r;
		r->nsent++;
		pg_query(r->pg, q->question.query, &q->params, request_done, q);
		pg_sync(r->pg, NULL, NULL);
	}
	for (int i = 0; i < p->nreaders; i++)
		if (!p->closed && pg_is_up(p->readers[i].pg) && p->readers[i].nsent > 0)
			pg_flush(p->readers[i].pg);
}

/* Nobody waits for ever for a connection. (Who waits for a busy one is served in turn.) */
static void
pool_timer(void *arg)
{
	struct pool *p = arg;
	int64_t now_ms = clock_mono_ms();
	struct request_list late = TAILQ_HEAD_INITIALIZER(late);
	struct request *q;

	/* the first have waited longest: those that are asked again go back to the front */
	while (!pool_is_up(p) && (q = TAILQ_FIRST(&p->waiting)) != NULL &&
	    now_ms - q->asked_ms >= POOL_WAIT_MS) {
		pool_unwait(p);
		TAILQ_INSERT_TAIL(&late, q, link);
	}
	list_fail(&late, "The database cannot be reached at the moment.");
	if (p->nwaiting > 0 && !p->closed)
		loop_timer_set(&p->timer, POOL_WAIT_MS / 4);
}

void
pool_ask(struct pool *p, const struct pool_question *question, struct params *params)
{
	struct request *q = xcalloc(1, sizeof *q);

	q->pool = p;
	q->question = *question;
	q->params = *params;
	q->asked_ms = clock_mono_ms();
	params_init(params);
	if (p->nwaiting >= POOL_QUEUE_MAX || pool_down_ms(p) > POOL_WAIT_MS) {
		TAILQ_INSERT_TAIL(&p->refused, q, link);
		loop_timer_set(&p->refuse_timer, 0);
		return;
	}
	pool_wait(p, q, false);
	loop_at_turn_end(p->store->loop, pool_dispatch, p);
}

static void
reader_up(void *arg)
{
	struct reader *r = arg;

	store_hurry(r->pool->store);
	store_tell_up(r->pool->store);
	loop_at_turn_end(r->pool->store->loop, pool_dispatch, r->pool);
}

static void
reader_down(void *arg)
{
	struct reader *r = arg;

	store_tell_up(r->pool->store);
}

void
pool_hurry(struct pool *p)
{
	p->hurried_ms = clock_mono_ms();
	for (int i = 0; i < p->nreaders; i++)
		pg_hurry(p->readers[i].pg);
}

struct pool *
pool_new(struct store *s, int nreaders)
{
	struct pool *p = xcalloc(1, sizeof *p);

	p->store = s;
	p->readers = xcalloc((size_t)nreaders, sizeof *p->readers);
	p->nreaders = nreaders;
	p->hurried_ms = clock_mono_ms();
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->refused);
	loop_timer_init(s->loop, &p->timer, pool_timer, p);
	loop_timer_init(s->loop, &p->refuse_timer, pool_refuse, p);
	for (int i = 0; i < nreaders; i++) {
		struct reader *r = &p->readers[i];
		char what[32];
		const struct pg_events events = { .up = reader_up, .down = reader_down, .arg = r };
		const struct pg_options options = {
			.conninfo = s->conninfo,
			.application_name = s->application_name,
			.what = what,
			.session = QUERY_session_reader,
			.quiet = i > 0,
			.patience_ms = POOL_PATIENCE_MS,
		};

		snprintf(what, sizeof what, "reader %d", i);
		r->pool = p;
		r->pg = pg_open(s->loop, &options, &events);
	}
	return p;
}

static void
pool_free_now(void *arg)
{
	struct pool *p = arg;

	loop_timer_fini(&p->timer);
	loop_timer_fini(&p->refuse_timer);
	free(p->readers);
	free(p);
}

void
pool_free(struct pool *p)
{
	p->closed = true;
	loop_timer_cancel(&p->timer);
	loop_timer_cancel(&p->refuse_timer);
	for (int i = 0; i < p->nreaders; i++)
		pg_close(p->readers[i].pg);
	p->nwaiting = 0;
	list_fail(&p->waiting, "The store is closing.");
	list_fail(&p->refused, "The store is closing.");
	loop_free_later(p->store->loop, p, pool_free_now);
}
