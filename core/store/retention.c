/*
 * retention - deletes executions that were closed long enough ago.
 *
 * A round goes through the shards that are ours:
 *
 *	TAGS -> for each shard: PURGE* FORGET, for each time: (EXPIRE, PURGE* FORGET)* -> MACHINES
 *
 * EXPIRE deletes rows of pawl.execution, which is the moment when they are gone for everybody, and notes them;
 * PURGE deletes the journals of what is noted, by portions, after a crash too. Ids are ordered by
 * start, so a shard is walked from the oldest to those that started too lately to be due, and the next round goes on there.
 * What it left behind (it was open, or closed too lately) is looked at again only now and then.
 */
#include "store/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/options.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/parts.h"

#define EXPIRE_PAGE 500
#define PURGE_PAGE 2000
#define PATIENCE_MS 40000 /* the server's own limit for a statement is 30 s */
/* After a batch it rests so many times as long as that took. */
#define REST 2
/* A round begins when a tenth of the time to keep is over, what was left behind is looked at again likewise. */
#define SHARE 10
#define ROUND_MIN_MS 1000
#define ROUND_MAX_MS (60 * 1000)
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS (24 * 60 * 60 * 1000)
/* Nobody starts executions of a deleted machine so long afterwards. */
#define MACHINE_MS (60 * 60 * 1000)

enum step { STEP_TAGS, STEP_PURGE, STEP_FORGET, STEP_EXPIRE, STEP_MACHINES, STEP_OVER };

/* Executions that are kept for one time. */
struct kept {
	int64_t keep_ms;
	int64_t again_ms;                 /* when all are looked at again, monotonic */
	struct uuid behind[STORE_SHARDS]; /* looked at up to here */
};

struct retention {
	struct store *store;
	struct pg *pg;
	struct loop_timer timer;
	int64_t keep_ms; /* without a tag */
	bool changed;    /* a round has to begin at once */
	struct kept **list;
	size_t n;

	enum step step; /* the next, or the one under way */
	bool asked;
	int64_t asked_us;
	int32_t shard;
	size_t at;             /* in list */
	struct uuid purged_id; /* PURGE goes on behind this row */
	int64_t purged_seq;
	bool is_pure[STORE_SHARDS];  /* nothing is left to be purged there, as far as we know */
	int64_t executions, records; /* deleted in this round */
};

static int64_t
between(int64_t ms, int64_t min, int64_t max)
{
	return ms < min ? min : ms > max ? max : ms;
}

/* --- the times ------------------------------------------------------------- */

static struct kept *
kept_find(const struct retention *r, int64_t keep_ms)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i] != NULL && r->list[i]->keep_ms == keep_ms)
			return r->list[i];
	return NULL;
}

/* The one of that time moves from the old list to the new one, or is made. */
static void
kept_take(struct retention *r, struct kept **list, size_t *n, int64_t keep_ms)
{
	struct kept *k;

	for (size_t i = 0; i < *n; i++)
		if (list[i]->keep_ms == keep_ms)
			return;
	if ((k = kept_find(r, keep_ms)) == NULL) {
		k = xcalloc(1, sizeof *k);
		k->keep_ms = keep_ms;
	} else {
		for (size_t i = 0; i < r->n; i++)
			if (r->list[i] == k)
				r->list[i] = NULL;
	}
	list[(*n)++] = k;
}

static void
kept_free_all(struct retention *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->list[i]);
	free(r->list);
	r->list = NULL;
	r->n = 0;
}

static void
take_tags(struct retention *r, const PGresult *answer)
{
	int rows = PQntuples(answer);
	struct kept **list = xcalloc((size_t)rows + 1, sizeof(struct kept *));
	size_t n = 0;

	if (r->keep_ms != KEEP_FOR_EVER)
		kept_take(r, list, &n, r->keep_ms);
	for (int i = 0; i < rows; i++)
		kept_take(r, list, &n, result_i64(answer, i, 0));
	kept_free_all(r);
	r->list = list;
	r->n = n;
}

/* --- a round --------------------------------------------------------------- */

static int64_t
round_ms(const struct retention *r)
{
	int64_t least = ROUND_MAX_MS;

	for (size_t i = 0; i < r->n; i++) {
		int64_t ms = between(r->list[i]->keep_ms / SHARE, ROUND_MIN_MS, ROUND_MAX_MS);

		least = ms < least ? ms : least;
	}
	return least;
}

static void
purge_from_start(struct retention *r)
{
	r->step = STEP_PURGE;
	r->is_pure[r->shard] = false;
	r->purged_id = (struct uuid){ { 0 } };
	r->purged_seq = -1;
}

/* To that shard, or the next one that is ours and has something to be done. */
static void
go_to_shard(struct retention *r, int32_t shard)
{
	for (; shard < STORE_SHARDS; shard++) {
		if (!store_owns(r->store, shard))
			r->is_pure[shard] = false;
		else if (!r->is_pure[shard] || r->n > 0)
			break;
	}
	r->shard = shard;
	r->at = 0;
	if (shard == STORE_SHARDS)
		r->step = STEP_MACHINES;
	else if (r->is_pure[shard])
		r->step = STEP_EXPIRE;
	else
		purge_from_start(r);
}

static void
begin_shards(struct retention *r)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < r->n; i++) {
		struct kept *k = r->list[i];

		if (k->again_ms > now_ms)
			continue;
		memset(k->behind, 0, sizeof k->behind);
		k->again_ms = now_ms + between(k->keep_ms / SHARE, AGAIN_MIN_MS, AGAIN_MAX_MS);
	}
	go_to_shard(r, 0);
}

/* This shard has nothing to be purged: the next time to keep, or the next shard. */
static void
go_on_in_shard(struct retention *r)
{
	if (r->at < r->n && store_owns(r->store, r->shard))
		r->step = STEP_EXPIRE;
	else
		go_to_shard(r, r->shard + 1);
}

static void
take_purged(struct retention *r, const PGresult *answer)
{
	if (PQntuples(answer) == 0) {
		r->step = STEP_FORGET;
		return;
	}
	r->records += result_i64(answer, 0, 0);
	stat_add(STAT_records_deleted, result_i64(answer, 0, 0));
	r->purged_id = result_uuid(answer, 0, 1);
	r->purged_seq = result_i64(answer, 0, 2);
}

static void
take_expired(struct retention *r, const PGresult *answer)
{
	int64_t seen = PQntuples(answer) > 0 ? result_i64(answer, 0, 0) : 0;
	int64_t gone = seen > 0 ? result_i64(answer, 0, 1) : 0;

	if (seen > 0)
		r->list[r->at]->behind[r->shard] = result_uuid(answer, 0, 2);
	if (seen < EXPIRE_PAGE)
		r->at++;
	r->executions += gone;
	stat_add(STAT_executions_deleted, gone);
	if (gone == 0) {
		go_on_in_shard(r);
		return;
	}
	purge_from_start(r);
	if (FAILPOINT(retention_expired))
		pg_fail(r->pg, "fail point retention.expired");
}

static void
take(struct retention *r, const PGresult *answer)
{
	switch (r->step) {
	case STEP_TAGS:
		r->changed = false;
		take_tags(r, answer);
		begin_shards(r);
		break;
	case STEP_PURGE:
		take_purged(r, answer);
		break;
	case STEP_FORGET:
		r->is_pure[r->shard] = true;
		go_on_in_shard(r);
		break;
	case STEP_EXPIRE:
		take_expired(r, answer);
		break;
	case STEP_MACHINES:
		if (result_i64(answer, 0, 0) > 0)
			log_info(
			    "retention: %lld deleted state machines have no executions any more "
			    "and are gone",
			    (long long)result_i64(answer, 0, 0));
		r->step = STEP_OVER;
		break;
	case STEP_OVER:
		break;
	}
}

/* The least id of an execution that starts at that time. */
static struct uuid
id_at(int64_t ms)
{
	struct uuid id = { { 0 } };

	for (int i = 0; i < 6 && ms > 0; i++)
		id.b[i] = (uint8_t)(ms >> 8 * (5 - i));
	return id;
}

static enum query
fill_expire(const struct retention *r, struct params *p)
{
	const struct kept *k = r->list[r->at];
	int64_t before_ms = clock_wall_ms() - k->keep_ms;
	struct uuid before = id_at(before_ms);

	params_i16(p, (int16_t)r->shard);
	params_uuid(p, &k->behind[r->shard]);
	params_uuid(p, &before);
	params_i64(p, k->keep_ms);
	params_i64(p, r->keep_ms);
	params_i64(p, before_ms);
	params_i32(p, EXPIRE_PAGE);
	return QUERY_retention_expire;
}

static enum query
fill_purge(const struct retention *r, struct params *p)
{
	params_i16(p, (int16_t)r->shard);
	params_uuid(p, &r->purged_id);
	params_i64(p, r->purged_seq);
	params_i32(p, PURGE_PAGE);
	return QUERY_retention_purge;
}

/* The query of the next step, and its parameters. */
static enum query
fill(const struct retention *r, struct params *p)
{
	switch (r->step) {
	case STEP_PURGE:
		return fill_purge(r, p);
	case STEP_EXPIRE:
		return fill_expire(r, p);
	case STEP_FORGET:
		params_i16(p, (int16_t)r->shard);
		return QUERY_retention_forget;
	case STEP_MACHINES:
		params_i64(p, clock_wall_ms() - MACHINE_MS);
		return QUERY_retention_machines;
	case STEP_TAGS:
	case STEP_OVER:
		break;
	}
	return QUERY_retention_tags;
}

static void retention_ask(void *arg);

static void
round_over(struct retention *r)
{
	if (r->executions > 0 || r->records > 0)
		log_info("retention: %lld executions and %lld records deleted",
		    (long long)r->executions, (long long)r->records);
	r->executions = r->records = 0;
	r->step = STEP_TAGS;
	loop_timer_set(&r->timer, r->changed ? 0 : round_ms(r));
}

static void
retention_answered(void *arg, const PGresult *answer)
{
	struct retention *r = arg;
	int64_t took_us = clock_mono_us() - r->asked_us;
	char line[512];

	r->asked = false;
	if (answer == NULL)
		return; /* a new round begins when it is up again */
	if (!pg_done(answer)) {
		log_warn("retention: deleting failed, and is tried again: %s",
		    pg_message(answer, line, sizeof line));
		round_over(r);
		return;
	}
	stat_observe(STAT_retention_seconds, (double)took_us / 1e6);
	take(r, answer);
	if (r->step == STEP_OVER)
		round_over(r);
	else
		loop_timer_set(&r->timer, 1 + REST * took_us / 1000);
}

static void
retention_ask(void *arg)
{
	struct retention *r = arg;
	struct params p;
	enum query q;

	if (r->asked || !pg_is_up(r->pg))
		return;
	params_init(&p);
	q = fill(r, &p);
	r->asked = true;
	r->asked_us = clock_mono_us();
	pg_query(r->pg, q, p.n > 0 ? &p : NULL, retention_answered, r);
	pg_sync(r->pg, NULL, NULL);
	params_fini(&p);
}

static void
retention_up(void *arg)
{
	struct retention *r = arg;

	r->step = STEP_TAGS;
	memset(r->is_pure, 0, sizeof r->is_pure);
	loop_timer_set(&r->timer, 0);
}

static void
retention_down(void *arg)
{
	struct retention *r = arg;

	loop_timer_cancel(&r->timer);
}

void
retention_set(struct retention *r, int64_t keep_ms)
{
	if (r->keep_ms == keep_ms)
		return;
	r->keep_ms = keep_ms;
	r->changed = true;
	if (r->step == STEP_TAGS && !r->asked)
		loop_timer_set(&r->timer, 0);
}

struct retention *
retention_new(struct loop *l, struct store *s, int64_t keep_ms)
{
	struct retention *r = xcalloc(1, sizeof *r);
	const struct pg_events events = { .up = retention_up, .down = retention_down, .arg = r };
	const struct pg_options connection = {
		.conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = "retention",
		.session = QUERY_session_retention,
		.quiet = true,
		.patience_ms = PATIENCE_MS,
	};

	r->store = s;
	r->keep_ms = keep_ms;
	loop_timer_init(l, &r->timer, retention_ask, r);
	r->pg = pg_open(l, &connection, &events);
	return r;
}

void
retention_free(struct retention *r)
{
	if (r == NULL)
		return;
	pg_close(r->pg);
	loop_timer_fini(&r->timer);
	kept_free_all(r);
	free(r);
}
