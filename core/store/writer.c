/*
 * writer - one connection that owns shards, and writes the batches of their runs.
 *
 * One batch is under way at a time; what is queued meanwhile is the next one, sealed
 * at the end of the turn in which its predecessor's answer came. On any doubt the
 * connection is given up, and with it the locks: everything queued is lost, and the
 * owner loads it again from what was committed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/parts.h"

/* A little longer than the server waits for us (session_writer): who is cut off must not believe for long that it owns shards. */
#define WRITER_PATIENCE_MS 20000
/* The server cuts a session that said nothing for 15 s (session_writer). */
#define WRITER_PING_MS 4000
#define WRITER_CLAIM_MIN_MS 50
#define WRITER_CLAIM_MAX_MS 1000
#define WRITER_SHED_MS 100
/* So long a shard that is to go waits for the tasks that can be begun again elsewhere. */
#define WRITER_HURRY_MS 30000
/*
 * A batch of large records is cut before batch_max: what comes next is prepared while PostgreSQL works on it, and
 * who has a small one need not wait for long. (One message can be 1 GB at most.)
 */
#define WRITER_BATCH_BYTES (2u << 20)

enum start_param {
	START_SHARD,
	START_ID,
	START_MACHINE,
	START_REVISION,
	START_NAME,
	START_STATUS,
	START_START,
	START_STOP,
	START_INPUT,
	START_OUTPUT,
	START_ERROR,
	START_CAUSE,
	START_VERSION,
	START_ALIAS,
	START_TRACE,
	START_SEQ,
	START_FIRST,
	START_COUNT,
	START_SNAPSHOT,
	START_RECORD,
	START_PARENT_SHARD,
	START_PARENT,
	START_PARENT_TASK,
	START_PARENT_WAITS,
	START_PARAMS
};
static const enum param_type start_types[START_PARAMS] = { PARAM_I16, PARAM_UUID, PARAM_UUID,
	PARAM_I64, PARAM_TEXT, PARAM_TEXT, PARAM_I64, PARAM_I64, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT,
	PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_I64, PARAM_I64, PARAM_I32, PARAM_BOOL,
	PARAM_TEXT, PARAM_I16, PARAM_UUID, PARAM_I64, PARAM_BOOL };

enum append_param {
	APPEND_SHARD,
	APPEND_ID,
	APPEND_SEQ,
	APPEND_FIRST,
	APPEND_COUNT,
	APPEND_SNAPSHOT,
	APPEND_RECORD,
	APPEND_PARAMS
};
static const enum param_type append_types[APPEND_PARAMS] = { PARAM_I16, PARAM_UUID, PARAM_I64,
	PARAM_I64, PARAM_I32, PARAM_BOOL, PARAM_TEXT };

enum close_param {
	CLOSE_SHARD,
	CLOSE_ID,
	CLOSE_STATUS,
	CLOSE_STOP,
	CLOSE_OUTPUT,
	CLOSE_ERROR,
	CLOSE_CAUSE,
	CLOSE_PARAMS
};
static const enum param_type close_types[CLOSE_PARAMS] = { PARAM_I16, PARAM_UUID, PARAM_TEXT,
	PARAM_I64, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT };

enum sleep_param { SLEEP_SHARD, SLEEP_ID, SLEEP_WAKE, SLEEP_OFFERED, SLEEP_PARAMS };
static const enum param_type sleep_types[SLEEP_PARAMS] = { PARAM_I16, PARAM_UUID, PARAM_I64,
	PARAM_TEXT };

enum wake_param { WAKE_SHARD, WAKE_ID, WAKE_PARAMS };
static const enum param_type wake_types[WAKE_PARAMS] = { PARAM_I16, PARAM_UUID };

struct writer {
	struct store *store;
	int index, of;
	struct pg *pg;
	struct loop_timer timer; /* the next try to claim, or the next ping */
	int64_t claim_ms;
	bool claiming;
	int quota;             /* how many shards it is to own; 0 until the nodes are known */
	int32_t first;         /* where it looks for free ones first */
	int nreleased;         /* locks that are being given back */
	int64_t shed_since_ms; /* monotonic: since when it has had too many */
	bool closed;

	struct line line;
	struct commit **batch, **answered; /* batch_max each */
	unsigned nbatch;
	int64_t batch_since_us; /* when the one of the batch that has waited longest was queued */
	struct commit **starts; /* those of the batch with ROW_INSERT, sorted */
	unsigned nstarts;
	int64_t sent_us;
	bool failing; /* batches fail, and it was told */

	struct param_array start[START_PARAMS], append[APPEND_PARAMS], close[CLOSE_PARAMS],
	    sleep[SLEEP_PARAMS], wake[WAKE_PARAMS];
	struct params params;
};

/* --- one batch ------------------------------------------------------------- */

static void
arrays_begin(struct param_array *a, const enum param_type *types, int n)
{
	for (int i = 0; i < n; i++)
		param_array_begin(&a[i], types[i]);
}

static void
array_text_or_null(struct param_array *a, const char *s, size_t len)
{
	if (s != NULL)
		param_array_text(a, s, len);
	else
		param_array_null(a);
}

static void
array_ms_or_null(struct param_array *a, int64_t ms)
{
	if (ms != 0)
		param_array_i64(a, ms);
	else
		param_array_null(a);
}

static void
add_parent(struct param_array *a, const struct parent_link *p)
{
	if (p->task_id == 0) {
		for (int i = START_PARENT_SHARD; i < START_PARAMS; i++)
			param_array_null(&a[i]);
		return;
	}
	param_array_i16(&a[START_PARENT_SHARD], (int16_t)p->shard);
	param_array_uuid(&a[START_PARENT], &p->id);
	param_array_i64(&a[START_PARENT_TASK], p->task_id);
	param_array_bool(&a[START_PARENT_WAITS], p->waits);
}

static void
add_start(struct writer *w, const struct commit *c)
{
	struct param_array *a = w->start;

	assert(c->seq >= 0 && (c->stop_ms == 0) == (strcmp(c->status, "RUNNING") == 0));
	param_array_i16(&a[START_SHARD], (int16_t)c->shard);
	param_array_uuid(&a[START_ID], &c->execution_id);
	param_array_uuid(&a[START_MACHINE], &c->machine_id);
	param_array_i64(&a[START_REVISION], c->revision);
	param_array_words(&a[START_NAME], c->name);
	param_array_words(&a[START_STATUS], c->status);
	param_array_i64(&a[START_START], c->start_ms);
	array_ms_or_null(&a[START_STOP], c->stop_ms);
	param_array_text(&a[START_INPUT], c->input, c->input_len);
	array_text_or_null(&a[START_OUTPUT], c->output, c->output_len);
	param_array_words(&a[START_ERROR], c->error);
	param_array_words(&a[START_CAUSE], c->cause);
	param_array_words(&a[START_VERSION], c->version_arn);
	param_array_words(&a[START_ALIAS], c->alias_arn);
	param_array_words(&a[START_TRACE], c->trace_header);
	param_array_i64(&a[START_SEQ], c->seq);
	param_array_i64(&a[START_FIRST], c->first_event_id);
	param_array_i32(&a[START_COUNT], c->event_count);
	param_array_bool(&a[START_SNAPSHOT], c->snapshot);
	param_array_text(&a[START_RECORD], c->record->data, c->record->len);
	add_parent(a, &c->parent);
}

static void
add_append(struct writer *w, const struct commit *c)
{
	struct param_array *a = w->append;

	param_array_i16(&a[APPEND_SHARD], (int16_t)c->shard);
	param_array_uuid(&a[APPEND_ID], &c->execution_id);
	param_array_i64(&a[APPEND_SEQ], c->seq);
	param_array_i64(&a[APPEND_FIRST], c->first_event_id);
	param_array_i32(&a[APPEND_COUNT], c->event_count);
	param_array_bool(&a[APPEND_SNAPSHOT], c->snapshot);
	param_array_text(&a[APPEND_RECORD], c->record->data, c->record->len);
}

static void
add_close(struct writer *w, const struct commit *c)
{
	struct param_array *a = w->close;

	assert(c->stop_ms != 0);
	param_array_i16(&a[CLOSE_SHARD], (int16_t)c->shard);
	param_array_uuid(&a[CLOSE_ID], &c->execution_id);
	param_array_words(&a[CLOSE_STATUS], c->status);
	param_array_i64(&a[CLOSE_STOP], c->stop_ms);
	array_text_or_null(&a[CLOSE_OUTPUT], c->output, c->output_len);
	param_array_words(&a[CLOSE_ERROR], c->error);
	param_array_words(&a[CLOSE_CAUSE], c->cause);
}

static void
add_sleep(struct writer *w, const struct commit *c)
{
	struct param_array *a = w->sleep;

	param_array_i16(&a[SLEEP_SHARD], (int16_t)c->shard);
	param_array_uuid(&a[SLEEP_ID], &c->execution_id);
	if (c->row == ROW_SLEEP) {
		param_array_i64(&a[SLEEP_WAKE], c->wake_at_ms);
		array_text_or_null(&a[SLEEP_OFFERED], c->offered, c->offered_len);
	} else {
		param_array_null(&a[SLEEP_WAKE]);
		param_array_null(&a[SLEEP_OFFERED]);
	}
}

/* The parent that waits for it. */
static void
add_wake(struct writer *w, const struct commit *c)
{
	assert(c->parent.shard == c->shard);
	param_array_i16(&w->wake[WAKE_SHARD], (int16_t)c->parent.shard);
	param_array_uuid(&w->wake[WAKE_ID], &c->parent.id);
}

/* Two batches that insert the same names in two orders would wait for each other. */
static int
by_machine_and_name(const void *pa, const void *pb)
{
	const struct commit *a = *(struct commit *const *)pa, *b = *(struct commit *const *)pb;
	int d = memcmp(a->machine_id.b, b->machine_id.b, sizeof a->machine_id.b);

	return d != 0 ? d : strcmp(a->name, b->name);
}

static size_t
commit_bytes(const struct commit *c)
{
	size_t bytes = c->seq >= 0 ? c->record->len : 0;

	bytes += c->row == ROW_INSERT ? c->input_len : 0;
	bytes += c->row == ROW_INSERT || c->row == ROW_CLOSE ? c->output_len : 0;
	return bytes;
}

/* Moves what is queued into the batch and lets each run write its part. */
static void
batch_fill(struct writer *w)
{
	size_t bytes = 0, more;
	struct commit *c;

	w->nstarts = 0;
	w->batch_since_us = INT64_MAX;
	while (w->nbatch < (unsigned)w->store->batch_max && bytes < WRITER_BATCH_BYTES &&
	    (c = line_take(&w->line)) != NULL) {
		c->where_ = COMMIT_SENT;
		c->name_taken_ = false;
		w->batch[w->nbatch++] = c;
		if (c->queued_us_ < w->batch_since_us)
			w->batch_since_us = c->queued_us_;
		c->fill(c);
		if (c->row == ROW_INSERT)
			w->starts[w->nstarts++] = c;
		more = commit_bytes(c);
		line_charge(&w->line, more);
		bytes += more;
	}
}

static void
batch_build(struct writer *w)
{
	arrays_begin(w->start, start_types, START_PARAMS);
	arrays_begin(w->append, append_types, APPEND_PARAMS);
	arrays_begin(w->close, close_types, CLOSE_PARAMS);
	arrays_begin(w->sleep, sleep_types, SLEEP_PARAMS);
	arrays_begin(w->wake, wake_types, WAKE_PARAMS);
	if (w->nstarts > 1)
		qsort(w->starts, w->nstarts, sizeof *w->starts, by_machine_and_name);
	for (unsigned i = 0; i < w->nstarts; i++)
		add_start(w, w->starts[i]);
	for (unsigned i = 0; i < w->nbatch; i++) {
		const struct commit *c = w->batch[i];

		if (c->row != ROW_INSERT && c->seq >= 0)
			add_append(w, c);
		if (c->row == ROW_CLOSE)
			add_close(w, c);
		if (c->row == ROW_SLEEP || c->row == ROW_WAKE)
			add_sleep(w, c);
		if (c->row == ROW_CLOSE && c->parent.waits)
			add_wake(w, c);
	}
}

/* True when the statement went well; else the batch is lost, and with it the connection. */
static bool
batch_went_well(struct writer *w, const PGresult *r)
{
	char line[512];

	if (pg_done(r))
		return true;
	if (r != NULL && pg_is_up(w->pg)) {
		pg_message(r, line, sizeof line);
		if (!w->failing)
			log_error(
			    "store: writer %d: a batch of %u failed, its runs are loaded and tried again "
			    "until it goes well: %s",
			    w->index, w->nbatch, line);
		w->failing = true;
		pg_fail(w->pg, line);
	}
	return false;
}

static void
batch_step_done(void *arg, const PGresult *r)
{
	batch_went_well(arg, r);
}

static void
batch_started(void *arg, const PGresult *r)
{
	struct writer *w = arg;

	if (!batch_went_well(w, r))
		return;
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t place = result_i64(r, i, 0);

		assert(place >= 1 && place <= w->nstarts);
		w->starts[place - 1]->name_taken_ = true;
	}
}

static void
batch_closed(void *arg, const PGresult *r)
{
	struct writer *w = arg;

	if (!batch_went_well(w, r))
		return;
	if (result_i64(r, 0, 0) != w->close[CLOSE_ID].n)
		log_error("store: writer %d: %d executions ended, but %lld were open in their rows",
		    w->index, (int)w->close[CLOSE_ID].n, (long long)result_i64(r, 0, 0));
}

static void
batch_committed(void *arg, const PGresult *r)
{
	struct writer *w = arg;

	if (batch_went_well(w, r) && strcmp(PQcmdStatus((PGresult *)(uintptr_t)r), "COMMIT") != 0)
		pg_fail(w->pg, "a batch was rolled back");
}

static void writer_seal(void *arg);

static void
batch_over(void *arg, const PGresult *r)
{
	struct writer *w = arg;
	unsigned n = w->nbatch;
	struct commit **list = w->batch;
	int64_t now_us = clock_mono_us();

	if (r == NULL || !pg_is_up(w->pg))
		return; /* writer_down answers them */
	if (FAILPOINT(store_commit_received)) {
		pg_fail(w->pg, "fail point store.commit_received");
		return;
	}
	if (w->failing)
		log_info("store: writer %d: a batch went well again", w->index);
	w->failing = false;
	stat_add(STAT_commits, 1);
	stat_add(STAT_records, n);
	stat_observe(STAT_batch_runs, n);
	stat_observe(STAT_commit_seconds, (double)(now_us - w->sent_us) / 1e6);
	stat_observe(STAT_commit_wait_seconds, (double)(now_us - w->batch_since_us) / 1e6);
	w->batch = w->answered;
	w->answered = list;
	w->nbatch = 0;
	for (unsigned i = 0; i < n; i++)
		commit_finish(list[i], list[i]->name_taken_ ? COMMIT_NAME_TAKEN : COMMIT_OK);
	if (w->store->events.committed != NULL)
		w->store->events.committed(w->store->events.arg);
	if (!w->closed && w->line.n > 0)
		loop_at_turn_end(w->store->loop, writer_seal, w);
}

static void
batch_query(struct writer *w, enum query q, struct param_array *arrays, int n, pg_result_cb *cb)
{
	params_reset(&w->params);
	for (int i = 0; i < n; i++)
		params_array(&w->params, &arrays[i]);
	pg_query(w->pg, q, &w->params, cb, w);
}

static void
batch_send(struct writer *w)
{
	pg_query(w->pg, QUERY_tx_begin, NULL, batch_step_done, w);
	if (w->nstarts > 0)
		batch_query(w, QUERY_batch_start, w->start, START_PARAMS, batch_started);
	if (w->append[0].n > 0)
		batch_query(w, QUERY_batch_append, w->append, APPEND_PARAMS, batch_step_done);
	if (w->close[0].n > 0)
		batch_query(w, QUERY_batch_close, w->close, CLOSE_PARAMS, batch_closed);
	if (w->sleep[0].n > 0)
		batch_query(w, QUERY_batch_sleep, w->sleep, SLEEP_PARAMS, batch_step_done);
	if (w->wake[0].n > 0)
		batch_query(w, QUERY_batch_wake, w->wake, WAKE_PARAMS, batch_step_done);
	pg_query(w->pg, QUERY_tx_commit, NULL, batch_committed, w);
	pg_sync(w->pg, batch_over, w);
	w->sent_us = clock_mono_us();
	pg_flush(w->pg);
}

static void
writer_seal(void *arg)
{
	struct writer *w = arg;

	if (w->closed || w->nbatch > 0 || w->line.n == 0 || !pg_is_up(w->pg))
		return;
	batch_fill(w);
	batch_build(w);
	if (FAILPOINT(store_batch_sealed)) {
		pg_fail(w->pg, "fail point store.batch_sealed");
		return;
	}
	batch_send(w);
	if (FAILPOINT(store_batch_sent))
		pg_fail(w->pg, "fail point store.batch_sent");
}

void
writer_queue(struct writer *w, struct commit *c)
{
	assert(c->where_ == COMMIT_IDLE);
	c->where_ = COMMIT_QUEUED;
	c->queued_us_ = clock_mono_us();
	line_add(&w->line, c);
	if (w->nbatch == 0)
		loop_at_turn_end(w->store->loop, writer_seal, w);
}

unsigned
writer_pending(const struct writer *w)
{
	return w->line.n + w->nbatch;
}

int64_t
writer_oldest_us(const struct writer *w)
{
	const struct commit *c = line_oldest(&w->line);
	int64_t us = c != NULL ? c->queued_us_ : INT64_MAX;

	return w->nbatch > 0 && w->batch_since_us < us ? w->batch_since_us : us;
}

/* --- owning shards ------------------------------------------------------------ */

static bool
is_mine(const struct writer *w, int32_t shard)
{
	return shard % w->of == w->index;
}

static int
count_owned(const struct writer *w)
{
	int n = 0;

	for (int32_t shard = 0; shard < STORE_SHARDS; shard++)
		n += w->store->owner[shard] == w;
	return n;
}

static void
writer_told(void *arg, const PGresult *r)
{
	struct writer *w = arg;
	char line[512];

	if (r != NULL && !pg_done(r))
		log_warn("store: writer %d: the table of shards does not say who owns them: %s",
		    w->index, pg_message(r, line, sizeof line));
}

static void
tell_people(struct writer *w, struct param_array *shards)
{
	params_reset(&w->params);
	params_str(&w->params, w->store->node_name);
	params_array(&w->params, shards);
	params_i64(&w->params, clock_wall_ms());
	pg_query(w->pg, QUERY_shard_tell, &w->params, writer_told, w);
	pg_sync(w->pg, NULL, NULL);
}

/* When to look next: soon while the number of our shards is not what it is to be. */
static void
writer_schedule(struct writer *w)
{
	int owned = count_owned(w);

	if (owned > w->quota) {
		loop_timer_set(&w->timer, WRITER_SHED_MS);
	} else if (owned < w->quota) {
		loop_timer_set(&w->timer, w->claim_ms);
		w->claim_ms =
		    w->claim_ms * 2 < WRITER_CLAIM_MAX_MS ? w->claim_ms * 2 : WRITER_CLAIM_MAX_MS;
	} else {
		loop_timer_set(&w->timer, WRITER_PING_MS);
	}
}

struct confirmation {
	store_confirmed_cb *cb;
	void *arg;
};

static void
confirmation_over(void *arg, const PGresult *r)
{
	struct confirmation *c = arg;

	c->cb(c->arg, pg_rows(r));
	free(c);
}

static void
confirmation_denied(void *arg)
{
	confirmation_over(arg, NULL);
}

void
writer_confirm(struct store *s, struct writer *w, store_confirmed_cb *cb, void *arg)
{
	struct confirmation *c = xcalloc(1, sizeof *c);

	c->cb = cb;
	c->arg = arg;
	if (w == NULL || !pg_is_up(w->pg)) {
		loop_defer(s->loop, confirmation_denied, c);
		return;
	}
	pg_query(w->pg, QUERY_ping, NULL, confirmation_over, c);
	pg_sync(w->pg, NULL, NULL);
}

/* Those that are too many are to go: the last ones, so that it is the same ones each time. */
static void
mark_leaving(struct writer *w)
{
	bool *leaving = w->store->leaving;
	int excess = count_owned(w) - w->quota;

	w->shed_since_ms = clock_mono_ms();
	for (int32_t shard = STORE_SHARDS - 1; shard >= 0; shard--)
		if (w->store->owner[shard] == w)
			leaving[shard] = excess-- > 0;
}

static void
writer_claimed(void *arg, const PGresult *r)
{
	struct writer *w = arg;
	struct param_array shards;
	char line[512];

	w->claiming = false;
	if (r == NULL)
		return;
	if (!pg_rows(r)) {
		pg_fail(w->pg, pg_message(r, line, sizeof line));
		return;
	}
	param_array_init(&shards);
	param_array_begin(&shards, PARAM_I16);
	for (int i = 0; i < PQntuples(r); i++) {
		param_array_i16(&shards, (int16_t)result_i32(r, i, 0));
		store_shard_claimed(w->store, w, result_i32(r, i, 0));
	}
	if (shards.n > 0) {
		log_info("store: writer %d owns %d more shards", w->index, (int)shards.n);
		w->claim_ms = WRITER_CLAIM_MIN_MS;
		if (pg_is_up(w->pg))
			tell_people(w, &shards);
		store_tell_up(w->store);
	}
	param_array_fini(&shards);
	mark_leaving(w); /* the quota may be another one than when they were asked for */
	writer_schedule(w);
}

static void
writer_claim(struct writer *w)
{
	struct param_array shards;

	param_array_init(&shards);
	param_array_begin(&shards, PARAM_I32);
	/* nodes begin at different places, so that they do not all try the same */
	for (int32_t i = 0; i < STORE_SHARDS; i++) {
		int32_t shard = (w->first + i) % STORE_SHARDS;

		if (is_mine(w, shard) && w->store->owner[shard] == NULL)
			param_array_i32(&shards, shard);
	}
	params_reset(&w->params);
	params_array(&w->params, &shards);
	params_i32(&w->params, w->quota - count_owned(w));
	w->claiming = true;
	pg_query(w->pg, QUERY_shard_claim, &w->params, writer_claimed, w);
	pg_sync(w->pg, NULL, NULL);
	param_array_fini(&shards);
}

static void
writer_released(void *arg, const PGresult *r)
{
	struct writer *w = arg;
	char line[512];

	/* on any doubt the session ends, and all of its locks */
	if (r != NULL && (!pg_rows(r) || result_i64(r, 0, 0) != w->nreleased))
		pg_fail(w->pg,
		    pg_rows(r) ? "a lock that was to be given back was not held"
			       : pg_message(r, line, sizeof line));
	w->nreleased = 0;
}

static void
writer_counted(void *arg, const PGresult *r)
{
	struct writer *w = arg;
	char line[512];

	if (r != NULL && !pg_rows(r))
		pg_fail(w->pg, pg_message(r, line, sizeof line));
}

/* Sets counted of those of its shards that are to be (which NULL: all), and says so. */
static void
writer_set_counted(struct writer *w, bool counted, const struct shard_set *which)
{
	struct store *s = w->store;
	struct param_array shards;

	param_array_init(&shards);
	param_array_begin(&shards, PARAM_I32);
	for (int32_t shard = 0; shard < STORE_SHARDS; shard++) {
		if (s->owner[shard] != w || s->counted[shard] == counted ||
		    (which != NULL && !which->has[shard]))
			continue;
		s->counted[shard] = counted;
		param_array_i32(&shards, shard);
	}
	if (shards.n > 0) {
		params_reset(&w->params);
		params_array(&w->params, &shards);
		pg_query(w->pg, counted ? QUERY_shard_count : QUERY_shard_uncount, &w->params,
		    writer_counted, w);
		pg_sync(w->pg, NULL, NULL);
	}
	param_array_fini(&shards);
}

void
writer_count_shards(struct writer *w)
{
	if (pg_is_up(w->pg))
		writer_set_counted(w, true, NULL);
}

/* Gives those back of which nothing is under way. */
static void
writer_shed(struct writer *w)
{
	const struct store_events *ev = &w->store->events;
	bool hurry = clock_mono_ms() - w->shed_since_ms > WRITER_HURRY_MS;
	struct shard_set set = { .n = 0 };
	struct param_array shards;

	if (w->nreleased > 0)
		return;
	param_array_init(&shards);
	param_array_begin(&shards, PARAM_I32);
	for (int32_t shard = 0; shard < STORE_SHARDS; shard++) {
		if (w->store->owner[shard] != w || !w->store->leaving[shard] ||
		    (ev->shard_quiet != NULL && !ev->shard_quiet(ev->arg, shard, hurry)))
			continue;
		set.has[shard] = true;
		set.n++;
		param_array_i32(&shards, shard);
	}
	if (set.n > 0) {
		log_info("store: writer %d gives %d shards to other nodes", w->index, set.n);
		writer_set_counted(w, false, &set);
		store_shards_given(w->store, &set);
		w->nreleased = set.n;
		params_reset(&w->params);
		params_array(&w->params, &shards);
		pg_query(w->pg, QUERY_shard_release, &w->params, writer_released, w);
		pg_sync(w->pg, NULL, NULL);
	}
	param_array_fini(&shards);
}

static void
writer_timer(void *arg)
{
	struct writer *w = arg;
	int owned = count_owned(w);

	if (!pg_is_up(w->pg) || w->claiming)
		return;
	if (owned < w->quota) {
		writer_claim(w);
		return;
	}
	if (owned > w->quota) {
		writer_shed(w);
	} else {
		pg_query(w->pg, QUERY_ping, NULL, NULL, NULL);
		pg_sync(w->pg, NULL, NULL);
	}
	if (pg_is_up(w->pg))
		writer_schedule(w);
}

void
writer_set_quota(struct writer *w, int quota, int32_t first)
{
	bool changed = quota != w->quota;

	w->quota = quota;
	w->first = first;
	if (!changed)
		return;
	w->claim_ms = WRITER_CLAIM_MIN_MS;
	mark_leaving(w);
	loop_timer_set(&w->timer, 0);
}

static void
writer_up(void *arg)
{
	struct writer *w = arg;

	w->claim_ms = WRITER_CLAIM_MIN_MS;
	store_hurry(w->store);
	if (w->index == 0) {
		members_up(w->store->members, w->pg);
		units_up(w->store->units, w->pg);
	}
	loop_timer_set(&w->timer, 0);
}

void
writer_hurry(struct writer *w)
{
	pg_hurry(w->pg);
}

/* What is in the batch and in line, in this order; both are empty afterwards. */
static void
take_all(struct writer *w, struct commit_list *out)
{
	TAILQ_INIT(out);
	for (unsigned i = 0; i < w->nbatch; i++)
		TAILQ_INSERT_TAIL(out, w->batch[i], link_);
	line_take_all(&w->line, out);
	w->nbatch = 0;
}

static void
writer_down(void *arg)
{
	struct writer *w = arg;
	struct commit_list lost;

	loop_timer_cancel(&w->timer);
	w->claiming = false;
	w->nreleased = 0;
	if (w->index == 0)
		members_down(w->store->members);
	take_all(w, &lost);
	store_writer_lost(w->store, w, &lost);
	if (w->index == 0)
		units_down(w->store->units);
}

struct writer *
writer_new(struct store *s, int index, int of)
{
	struct writer *w = xcalloc(1, sizeof *w);
	char what[32];
	const struct pg_events events = { .up = writer_up, .down = writer_down, .arg = w };
	const struct pg_options options = {
		.conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = what,
		.session = QUERY_session_writer,
		.quiet = index > 0,
		.patience_ms = WRITER_PATIENCE_MS,
	};

	snprintf(what, sizeof what, "writer %d", index);
	w->store = s;
	w->index = index;
	w->of = of;
	line_init(&w->line);
	w->batch = xcalloc((size_t)s->batch_max, sizeof(struct commit *));
	w->answered = xcalloc((size_t)s->batch_max, sizeof(struct commit *));
	w->starts = xcalloc((size_t)s->batch_max, sizeof(struct commit *));
	for (int i = 0; i < START_PARAMS; i++)
		param_array_init(&w->start[i]);
	for (int i = 0; i < APPEND_PARAMS; i++)
		param_array_init(&w->append[i]);
	for (int i = 0; i < CLOSE_PARAMS; i++)
		param_array_init(&w->close[i]);
	for (int i = 0; i < SLEEP_PARAMS; i++)
		param_array_init(&w->sleep[i]);
	for (int i = 0; i < WAKE_PARAMS; i++)
		param_array_init(&w->wake[i]);
	params_init(&w->params);
	loop_timer_init(s->loop, &w->timer, writer_timer, w);
	w->pg = pg_open(s->loop, &options, &events);
	return w;
}

static void
writer_free_now(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < START_PARAMS; i++)
		param_array_fini(&w->start[i]);
	for (int i = 0; i < APPEND_PARAMS; i++)
		param_array_fini(&w->append[i]);
	for (int i = 0; i < CLOSE_PARAMS; i++)
		param_array_fini(&w->close[i]);
	for (int i = 0; i < SLEEP_PARAMS; i++)
		param_array_fini(&w->sleep[i]);
	for (int i = 0; i < WAKE_PARAMS; i++)
		param_array_fini(&w->wake[i]);
	params_fini(&w->params);
	loop_timer_fini(&w->timer);
	line_fini(&w->line);
	free(w->batch);
	free(w->answered);
	free(w->starts);
	free(w);
}

void
writer_free(struct writer *w)
{
	struct commit_list lost;
	struct commit *c;

	w->closed = true;
	loop_timer_cancel(&w->timer);
	pg_close(w->pg);
	take_all(w, &lost);
	while ((c = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, c, link_);
		commit_finish(c, COMMIT_LOST);
	}
	loop_free_later(w->store->loop, w, writer_free_now);
}
