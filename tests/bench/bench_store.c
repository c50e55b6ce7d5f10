/*
 * bench_store - how many records a second PostgreSQL takes from us, without the engine.
 *
 *	bench_store WHAT CONNINFO [SECONDS [BATCH [BYTES]]]
 *
 * WHAT is the SQL of the writer alone, sent by two connections in batches of the same
 * size (the yardstick):
 *	append1           one transition a row: two events of 200 bytes
 *	append            ten transitions a row
 *	start_finish      an execution that starts and ends in one record, of 4 events
 *	start_then_finish one that starts in one record and ends in the next
 *	copy1, copy       the rows of append1 and append by COPY, each batch a transaction of its own
 * with records of BYTES instead, when it says so,
 * or the same through the writer (store_commit), which must be able to own the shards:
 *	writer_append1, writer_append, writer_start_finish, writer_start_then_finish
 * or all: everything once, as a table.
 * Prints one JSON object: rows per second, and the CPU of this process for each row.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/commit.h"
#include "store/param.h"
#include "store/query.h"
#include "store/store.h"

#define CONNECTIONS 2

/* Those of the writer first. */
enum kind { APPEND1, APPEND10, START_FINISH, START_THEN_FINISH, COPY1, COPY10 };
#define WRITER_KINDS (START_THEN_FINISH + 1)

static const char *const kind_names[] = { "append1", "append", "start_finish", "start_then_finish",
	"copy1", "copy" };

static const char *conninfo;
static double seconds = 3;
static int batch = 500;
static struct buf record1, record10, record4;
static char input[200];
static struct uuid machine;

struct figures {
	double rows, elapsed_s, cpu_s;
};

static double
cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
add_event(struct buf *b, int i)
{
	buf_addf(b,
	    "%s[\"%s\",%d,17000000%05d,{\"name\":\"State%d\",\"%s\":{\"order\":\"A-%d\",\"amount\":%d.25,"
	    "\"items\":[{\"sku\":\"s%d\",\"n\":%d},{\"sku\":\"t%d\",\"n\":2}],\"customer\":\"c-%d\"}}]",
	    i > 0 ? "," : "", i % 2 == 0 ? "PassStateEntered" : "PassStateExited", i + 1,
	    rand() % 100000, i / 2, i % 2 == 0 ? "input" : "output", rand() % 100000, rand() % 1000,
	    rand() % 1000, rand() % 10, rand() % 1000, rand() % 1000000);
}

/* So many events; or bytes of them, where the last one is cut (nobody reads it). */
static void
make_record(struct buf *b, int events, size_t bytes)
{
	buf_init(b, BUF_UNLIMITED);
	buf_adds(b, "{\"e\":[");
	for (int i = 0; bytes > 0 ? b->len < bytes : i < events; i++)
		add_event(b, i);
	if (bytes > 0)
		b->len = bytes;
	else
		buf_adds(b, "]}");
}

static const struct buf *
record_of(enum kind k)
{
	return k == APPEND10 || k == COPY10 ? &record10 : k == START_FINISH ? &record4 : &record1;
}

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, why);
	exit(1);
}

#define START_PARAMS 24 /* of batch_start */

/* --- the SQL alone ------------------------------------------------------------ */

struct raw {
	PGconn *conn;
	struct param_array a[START_PARAMS];
	struct params p;
	bool prepared[QUERY_COUNT];
	int sent;         /* answers to come, syncs included */
	struct uuid *ids; /* of the batch that is to be finished next */
	bool finishing;
	bool copies;
	struct buf rows;
};

static void
raw_send(struct raw *r, enum query q, int narrays)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];

	params_reset(&r->p);
	for (int i = 0; i < narrays; i++)
		params_array(&r->p, &r->a[i]);
	params_values(&r->p, values, lengths, formats);
	if (!r->prepared[q] &&
	    PQsendPrepare(r->conn, query_table[q].name, query_table[q].text, 0, NULL) == 0)
		die("prepare", PQerrorMessage(r->conn));
	r->prepared[q] = true;
	if (PQsendQueryPrepared(r->conn, query_table[q].name, narrays, values, lengths, formats,
		1) == 0)
		die("send", PQerrorMessage(r->conn));
}

/* Reads everything of the COPY. */
static void
raw_wait_copied(struct raw *r)
{
	PGresult *res;

	while ((res = PQgetResult(r->conn)) != NULL) {
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			die("copy", PQresultErrorMessage(res));
		PQclear(res);
	}
}

/* Reads everything up to the sync. */
static void
raw_wait(struct raw *r)
{
	if (r->copies) {
		raw_wait_copied(r);
		return;
	}
	for (;;) {
		PGresult *res = PQgetResult(r->conn);
		ExecStatusType status = PQresultStatus(res);

		if (res != NULL && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
		    status != PGRES_PIPELINE_SYNC)
			die("batch", PQresultErrorMessage(res));
		PQclear(res);
		if (res != NULL && status == PGRES_PIPELINE_SYNC)
			return;
	}
}

static void
raw_connect(struct raw *r, enum kind k)
{
	memset(r, 0, sizeof *r);
	buf_init(&r->rows, BUF_UNLIMITED);
	r->conn = PQconnectdb(conninfo);
	if (PQstatus(r->conn) != CONNECTION_OK || PQenterPipelineMode(r->conn) == 0)
		die("connect", PQerrorMessage(r->conn));
	params_init(&r->p);
	for (int i = 0; i < START_PARAMS; i++)
		param_array_init(&r->a[i]);
	r->ids = xcalloc((size_t)batch, sizeof *r->ids);
	raw_send(r, QUERY_session_writer, 0);
	PQpipelineSync(r->conn);
	raw_wait(r);
	r->copies = k == COPY1 || k == COPY10;
	/* libpq knows no COPY in a pipeline */
	if (r->copies && PQexitPipelineMode(r->conn) == 0)
		die("pipeline", PQerrorMessage(r->conn));
}

static void
add_bytes(struct buf *b, uint64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--)
		buf_addc(b, (char)(v >> 8 * i));
}

static void
add_field(struct buf *b, uint64_t v, int n)
{
	add_bytes(b, (uint64_t)n, 4);
	add_bytes(b, v, n);
}

/* The binary format of COPY; the columns are those of batch_append. */
static void
raw_copy(struct raw *r, enum kind k)
{
	static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	const struct buf *record = record_of(k);
	struct buf *b = &r->rows;
	PGresult *res;

	buf_reset(b);
	buf_add(b, header, 19);
	for (int i = 0; i < batch; i++) {
		add_bytes(b, 7, 2);
		add_field(b, (uint64_t)i % STORE_SHARDS, 2);
		add_bytes(b, sizeof r->ids[i].b, 4);
		buf_add(b, (const char *)r->ids[i].b, sizeof r->ids[i].b);
		add_field(b, 0, 8);
		add_field(b, 1, 8);
		add_field(b, 2, 4);
		add_field(b, 0, 1);
		add_bytes(b, record->len, 4);
		buf_add(b, record->data, record->len);
	}
	add_bytes(b, 0xffff, 2);
	res = PQexec(r->conn,
	    "COPY pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record) "
	    "FROM STDIN (FORMAT binary)");
	if (PQresultStatus(res) != PGRES_COPY_IN ||
	    PQputCopyData(r->conn, b->data, (int)b->len) != 1 || PQputCopyEnd(r->conn, NULL) != 1)
		die("copy", PQerrorMessage(r->conn));
	PQclear(res);
	PQflush(r->conn);
}

static void
raw_append(struct raw *r, enum kind k, int64_t seq)
{
	static const enum param_type types[] = { PARAM_I16, PARAM_UUID, PARAM_I64, PARAM_I64,
		PARAM_I32, PARAM_BOOL, PARAM_TEXT };
	const struct buf *record = record_of(k);

	for (int i = 0; i < 7; i++)
		param_array_begin(&r->a[i], types[i]);
	for (int i = 0; i < batch; i++) {
		param_array_i16(&r->a[0], (int16_t)(i % STORE_SHARDS));
		param_array_uuid(&r->a[1], &r->ids[i]);
		param_array_i64(&r->a[2], seq);
		param_array_i64(&r->a[3], seq * 2 + 1);
		param_array_i32(&r->a[4], 2);
		param_array_bool(&r->a[5], false);
		param_array_text(&r->a[6], record->data, record->len);
	}
	raw_send(r, QUERY_batch_append, 7);
}

static void
raw_start(struct raw *r, enum kind k)
{
	static const enum param_type types[] = { PARAM_I16, PARAM_UUID, PARAM_UUID, PARAM_I64,
		PARAM_TEXT, PARAM_TEXT, PARAM_I64, PARAM_I64, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT,
		PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_TEXT, PARAM_I64, PARAM_I64, PARAM_I32,
		PARAM_BOOL, PARAM_TEXT, PARAM_I16, PARAM_UUID, PARAM_I64, PARAM_BOOL };
	const struct buf *record = record_of(k);
	char name[UUID_TEXT_SIZE];

	for (int i = 0; i < START_PARAMS; i++)
		param_array_begin(&r->a[i], types[i]);
	for (int i = 0; i < batch; i++) {
		uuid_format(&r->ids[i], name);
		param_array_i16(&r->a[0], (int16_t)(i % STORE_SHARDS));
		param_array_uuid(&r->a[1], &r->ids[i]);
		param_array_uuid(&r->a[2], &machine);
		param_array_i64(&r->a[3], 1);
		param_array_text(&r->a[4], name, strlen(name));
		param_array_words(&r->a[5], k == START_FINISH ? "SUCCEEDED" : "RUNNING");
		param_array_i64(&r->a[6], INT64_C(1700000000000));
		if (k == START_FINISH)
			param_array_i64(&r->a[7], INT64_C(1700000000001));
		else
			param_array_null(&r->a[7]);
		param_array_text(&r->a[8], input, sizeof input);
		if (k == START_FINISH)
			param_array_text(&r->a[9], input, sizeof input);
		else
			param_array_null(&r->a[9]);
		for (int j = 10; j < 15; j++)
			param_array_null(&r->a[j]);
		param_array_i64(&r->a[15], 0);
		param_array_i64(&r->a[16], 1);
		param_array_i32(&r->a[17], 4);
		param_array_bool(&r->a[18], false);
		param_array_text(&r->a[19], record->data, record->len);
		for (int j = 20; j < START_PARAMS; j++)
			param_array_null(&r->a[j]); /* no parent */
	}
	raw_send(r, QUERY_batch_start, START_PARAMS);
}

static void
raw_close(struct raw *r)
{
	static const enum param_type types[] = { PARAM_I16, PARAM_UUID, PARAM_TEXT, PARAM_I64,
		PARAM_TEXT, PARAM_TEXT, PARAM_TEXT };

	for (int i = 0; i < 7; i++)
		param_array_begin(&r->a[i], types[i]);
	for (int i = 0; i < batch; i++) {
		param_array_i16(&r->a[0], (int16_t)(i % STORE_SHARDS));
		param_array_uuid(&r->a[1], &r->ids[i]);
		param_array_words(&r->a[2], "SUCCEEDED");
		param_array_i64(&r->a[3], INT64_C(1700000000001));
		param_array_text(&r->a[4], input, sizeof input);
		param_array_null(&r->a[5]);
		param_array_null(&r->a[6]);
	}
	raw_send(r, QUERY_batch_close, 7);
}

/* The next batch of this connection; how many rows of the kind that is counted it completes. */
static int
raw_batch(struct raw *r, enum kind k)
{
	int completed = batch;

	if (!r->finishing)
		for (int i = 0; i < batch; i++)
			r->ids[i] = uuid_v7(clock_wall_ms());
	if (r->copies) {
		raw_copy(r, k);
		return completed;
	}
	raw_send(r, QUERY_tx_begin, 0);
	if (k == APPEND1 || k == APPEND10) {
		raw_append(r, k, 0);
	} else if (!r->finishing) {
		raw_start(r, k);
		r->finishing = k == START_THEN_FINISH;
		completed = r->finishing ? 0 : batch;
	} else {
		raw_append(r, k, 1);
		raw_close(r);
		r->finishing = false;
	}
	raw_send(r, QUERY_tx_commit, 0);
	PQpipelineSync(r->conn);
	PQflush(r->conn);
	return completed;
}

static struct figures
run_raw(enum kind k)
{
	struct raw r[CONNECTIONS];
	struct figures f = { 0 };
	double cpu = cpu_s();
	int64_t begun_us;

	for (int c = 0; c < CONNECTIONS; c++)
		raw_connect(&r[c], k);
	begun_us = clock_mono_us();
	for (int c = 0; c < CONNECTIONS; c++)
		f.rows += raw_batch(&r[c], k);
	for (int c = 0;; c = (c + 1) % CONNECTIONS) {
		raw_wait(&r[c]);
		f.elapsed_s = (double)(clock_mono_us() - begun_us) / 1e6;
		if (f.elapsed_s >= seconds && !r[c].finishing) {
			for (int d = 0; d < CONNECTIONS; d++)
				if (d != c)
					raw_wait(&r[d]);
			break;
		}
		f.rows += raw_batch(&r[c], k);
	}
	f.elapsed_s = (double)(clock_mono_us() - begun_us) / 1e6;
	f.cpu_s = cpu_s() - cpu;
	for (int c = 0; c < CONNECTIONS; c++) {
		for (int i = 0; i < START_PARAMS; i++)
			param_array_fini(&r[c].a[i]);
		params_fini(&r[c].p);
		free(r[c].ids);
		buf_fini(&r[c].rows);
		PQfinish(r[c].conn);
	}
	return f;
}

/* --- through the writer -------------------------------------------------------------- */

struct job {
	struct commit c;
	char name[UUID_TEXT_SIZE];
	bool finishing;
};

static struct loop *loop;
static struct store *store;
static enum kind job_kind;
static int nowned, njobs_open;
static int64_t jobs_begun_us;
static double jobs_done;
static struct job *jobs;

static void
job_fill(struct commit *c)
{
	struct job *j = (struct job *)c;

	c->record = (struct buf *)(uintptr_t)record_of(job_kind);
	if (job_kind == APPEND1 || job_kind == APPEND10) {
		c->row = ROW_KEEP;
		return;
	}
	c->row = j->finishing ? ROW_CLOSE : ROW_INSERT;
	c->seq = j->finishing ? 1 : 0;
	c->status = job_kind == START_FINISH || j->finishing ? "SUCCEEDED" : "RUNNING";
	c->stop_ms = *c->status == 'S' ? INT64_C(1700000000001) : 0;
	c->output = *c->status == 'S' ? input : NULL;
	c->output_len = sizeof input;
}

static void
job_next(struct job *j)
{
	if (!j->finishing) {
		j->c.execution_id = uuid_v7(clock_wall_ms());
		uuid_format(&j->c.execution_id, j->name);
		j->c.shard = store_pick_shard(store);
	}
	store_commit(store, &j->c);
}

static void
job_done(struct commit *c, enum commit_result r)
{
	struct job *j = (struct job *)c;

	if (r != COMMIT_OK)
		die("writer", "a commit was lost");
	j->finishing = job_kind == START_THEN_FINISH && !j->finishing;
	jobs_done += !j->finishing;
	if ((double)(clock_mono_us() - jobs_begun_us) / 1e6 < seconds || j->finishing)
		job_next(j);
	else if (--njobs_open == 0)
		loop_stop(loop);
}

static void
claimed(void *arg, int32_t shard)
{
	(void)arg;
	(void)shard;
	if (++nowned == STORE_SHARDS)
		loop_stop(loop);
}

static void
lost(void *arg, const struct shard_set *set)
{
	(void)arg;
	(void)set;
	die("writer", "a shard was lost");
}

static struct figures
run_writer(enum kind k)
{
	const struct store_options o = { .conninfo = conninfo,
		.node_name = "bench",
		.writers = CONNECTIONS,
		.readers = 1,
		.batch_max = 1000 };
	const struct store_events ev = { .shard_claimed = claimed, .shards_lost = lost };
	int njobs = batch * CONNECTIONS * 2; /* one batch under way, one filling */
	struct figures f = { 0 };
	double cpu;

	loop = loop_new();
	nowned = 0;
	store = store_open(loop, &o, &ev);
	loop_run(loop);
	job_kind = k;
	jobs_done = 0;
	njobs_open = njobs;
	jobs = xcalloc((size_t)njobs, sizeof *jobs);
	cpu = cpu_s();
	jobs_begun_us = clock_mono_us();
	for (int i = 0; i < njobs; i++) {
		jobs[i].c = (struct commit){ .fill = job_fill,
			.done = job_done,
			.machine_id = machine,
			.revision = 1,
			.name = jobs[i].name,
			.start_ms = INT64_C(1700000000000),
			.first_event_id = 1,
			.event_count = 4,
			.input = input,
			.input_len = sizeof input };
		job_next(&jobs[i]);
	}
	loop_run(loop);
	f.rows = jobs_done;
	f.elapsed_s = (double)(clock_mono_us() - jobs_begun_us) / 1e6;
	f.cpu_s = cpu_s() - cpu;
	store_close(store);
	loop_free(loop);
	free(jobs);
	return f;
}

/* --- telling ------------------------------------------------------------------------------ */

static struct figures
run(const char *what)
{
	bool writer = strncmp(what, "writer_", 7) == 0;

	for (size_t k = 0; k < (writer ? WRITER_KINDS : sizeof kind_names / sizeof kind_names[0]);
	     k++)
		if (strcmp(writer ? what + 7 : what, kind_names[k]) == 0)
			return writer ? run_writer((enum kind)k) : run_raw((enum kind)k);
	die(what,
	    "not one of append1, append, start_finish, start_then_finish, copy1, copy, writer_..., all");
	return (struct figures){ 0 };
}

static void
run_all(void)
{
	printf("%-20s %12s %12s %7s %10s\n", "rows/s", "SQL alone", "writer", "ratio", "us CPU");
	for (size_t k = 0; k < WRITER_KINDS; k++) {
		struct figures raw = run_raw((enum kind)k), writer = run_writer((enum kind)k);

		printf("%-20s %12.0f %12.0f %7.2f %10.2f\n", kind_names[k],
		    raw.rows / raw.elapsed_s, writer.rows / writer.elapsed_s,
		    writer.rows / writer.elapsed_s / (raw.rows / raw.elapsed_s),
		    writer.cpu_s / writer.rows * 1e6);
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct figures f;
	size_t bytes = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;

	if (argc < 3)
		die("usage", "bench_store WHAT CONNINFO [SECONDS [BATCH [BYTES]]]");
	conninfo = argv[2];
	if (argc > 3)
		seconds = strtod(argv[3], NULL);
	if (argc > 4)
		batch = (int)strtol(argv[4], NULL, 10);
	if (seconds <= 0 || batch < 1 || batch > 1000)
		die("usage", "SECONDS is above 0, BATCH 1 to 1000");
	log_set_level(LOG_LEVEL_WARN);
	if (store_migrate(conninfo, 10000, &e) != 0)
		die("migrate", err_cause(&e));
	make_record(&record1, 2, bytes);
	make_record(&record4, 4, bytes);
	make_record(&record10, 20, bytes);
	memset(input, ' ', sizeof input);
	memcpy(input, "{\"order\":1}", 11);
	machine = uuid_v7(clock_wall_ms());
	if (strcmp(argv[1], "all") == 0) {
		run_all();
	} else {
		f = run(argv[1]);
		printf(
		    "{\"what\": \"%s\", \"per_second\": %.0f, \"cpu_us\": %.2f, \"batch\": %d}\n",
		    argv[1], f.rows / f.elapsed_s, f.cpu_s / f.rows * 1e6, batch);
	}
	buf_fini(&record1);
	buf_fini(&record4);
	buf_fini(&record10);
	return 0;
}
