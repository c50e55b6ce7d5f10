/*
 * read - questions to the reads pool, answered on the loop.
 */
#include "store/read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/parts.h"

/* The columns of execution_by_name, which all questions about execution rows share. */
static struct execution_row
execution_of(const PGresult *r, int i)
{
	struct execution_row e = {
		.id = result_uuid(r, i, 0),
		.machine_id = result_uuid(r, i, 1),
		.shard = result_i16(r, i, 2),
		.revision = result_i64(r, i, 3),
		.machine_name = result_text(r, i, 4, NULL),
		.name = result_text(r, i, 5, NULL),
		.status = result_text(r, i, 6, NULL),
		.start_ms = result_i64(r, i, 7),
		.stop_ms = result_i64_or_zero(r, i, 8),
		.error = result_text(r, i, 11, NULL),
		.cause = result_text(r, i, 12, NULL),
		.version_arn = result_text(r, i, 13, NULL),
		.alias_arn = result_text(r, i, 14, NULL),
		.trace_header = result_text(r, i, 15, NULL),
		.redrive_count = result_i32(r, i, 16),
		.redrive_ms = result_i64_or_zero(r, i, 17),
		.machine_deleting = result_bool(r, i, 18),
		.event_count = result_i64_or_zero(r, i, 19),
	};

	if (!result_null(r, i, 20))
		e.parent = (struct parent_link){ .shard = result_i16(r, i, 20),
			.id = result_uuid(r, i, 21),
			.task_id = result_i64(r, i, 22),
			.waits = result_bool(r, i, 23) };
	e.input = result_text(r, i, 9, &e.input_len);
	e.output = result_text(r, i, 10, &e.output_len);
	return e;
}

static void
answer_execution(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	read_execution_cb *cb = (read_execution_cb *)q->cb;
	struct execution_row row;

	(void)s;
	if (e != NULL || PQntuples(r) == 0) {
		cb(q->ticket, NULL, e);
		return;
	}
	row = execution_of(r, 0);
	cb(q->ticket, &row, NULL);
}

void
read_execution(struct store *s, const char *machine_name, const char *name, uint64_t ticket,
    read_execution_cb *cb)
{
	const struct pool_question q = { .query = QUERY_execution_by_name,
		.answer = answer_execution,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_str(&p, machine_name);
	params_str(&p, name);
	pool_ask(s->pool, &q, &p);
}

void
read_execution_by_id(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_execution_cb *cb)
{
	const struct pool_question q = { .query = QUERY_execution_by_id,
		.answer = answer_execution,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	params_uuid(&p, id);
	pool_ask(s->pool, &q, &p);
}

static void
answer_executions(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	read_executions_cb *cb = (read_executions_cb *)q->cb;
	struct execution_row *rows;
	int n, found;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, false, e);
		return;
	}
	found = PQntuples(r);
	n = found < q->limit ? found : q->limit;
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++)
		rows[i] = execution_of(r, i);
	cb(q->ticket, rows, (size_t)n, found > n, NULL);
	free(rows);
}

void
read_executions(struct store *s, const struct execution_filter *f, uint64_t ticket,
    read_executions_cb *cb)
{
	bool running = f->status != NULL && strcmp(f->status, "RUNNING") == 0;
	const struct pool_question q = { .query = running ? QUERY_execution_list_running
							  : QUERY_execution_list,
		.answer = answer_executions,
		.ticket = ticket,
		.cb = (void (*)(void))cb,
		.limit = f->limit };
	struct params p;

	params_init(&p);
	params_uuid(&p, &f->machine_id);
	params_str(&p, f->status);
	params_str(&p, f->version_arn);
	params_str(&p, f->alias_arn);
	if (f->redriven >= 0)
		params_bool(&p, f->redriven > 0);
	else
		params_null(&p);
	if (f->after_set)
		params_uuid(&p, &f->after_id);
	else
		params_null(&p);
	params_i32(&p, f->limit + 1);
	pool_ask(s->pool, &q, &p);
}

void
read_children(struct store *s, int32_t shard, const struct uuid *id, const int64_t *tasks,
    size_t ntasks, uint64_t ticket, read_executions_cb *cb)
{
	const struct pool_question q = { .query = QUERY_nested_children,
		.answer = answer_executions,
		.ticket = ticket,
		.cb = (void (*)(void))cb,
		.limit = INT_MAX };
	struct param_array ids;
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	params_uuid(&p, id);
	param_array_init(&ids);
	param_array_begin(&ids, PARAM_I64);
	for (size_t i = 0; i < ntasks; i++)
		param_array_i64(&ids, tasks[i]);
	params_array_copy(&p, &ids);
	param_array_fini(&ids);
	pool_ask(s->pool, &q, &p);
}

static void
answer_abandoned(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	read_abandoned_cb *cb = (read_abandoned_cb *)q->cb;

	(void)s;
	cb(q->ticket, e == NULL && result_bool(r, 0, 0), e);
}

void
read_abandoned(struct store *s, const struct parent_link *task, uint64_t ticket,
    read_abandoned_cb *cb)
{
	const struct pool_question q = { .query = QUERY_nested_abandoned,
		.answer = answer_abandoned,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)task->shard);
	params_uuid(&p, &task->id);
	params_i64(&p, task->task_id);
	pool_ask(s->pool, &q, &p);
}

static void
answer_journal(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	read_journal_cb *cb = (read_journal_cb *)q->cb;
	struct journal_row *rows;
	int n;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, e);
		return;
	}
	n = PQntuples(r);
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++) {
		rows[i].seq = result_i64(r, i, 0);
		rows[i].first_event_id = result_i64(r, i, 1);
		rows[i].event_count = result_i32(r, i, 2);
		rows[i].snapshot = result_bool(r, i, 3);
		rows[i].record = result_text(r, i, 4, &rows[i].record_len);
	}
	cb(q->ticket, rows, (size_t)n, NULL);
	free(rows);
}

void
read_journal(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_journal_cb *cb)
{
	const struct pool_question q = { .query = QUERY_journal_load,
		.answer = answer_journal,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	params_uuid(&p, id);
	pool_ask(s->pool, &q, &p);
}

void
read_history(struct store *s, int32_t shard, const struct uuid *id, int64_t first, int64_t last,
    uint64_t ticket, read_journal_cb *cb)
{
	const struct pool_question q = { .query = QUERY_journal_events,
		.answer = answer_journal,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	params_uuid(&p, id);
	params_i64(&p, first);
	params_i64(&p, last);
	pool_ask(s->pool, &q, &p);
}

static void
answer_open(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	read_open_cb *cb = (read_open_cb *)q->cb;
	struct open_row *rows;
	int n;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, e);
		return;
	}
	n = PQntuples(r);
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++) {
		rows[i].id = result_uuid(r, i, 0);
		rows[i].asleep = !result_null(r, i, 1);
		rows[i].wake_at_ms = result_i64_or_zero(r, i, 1);
		rows[i].has_parent = !result_null(r, i, 2);
		if (rows[i].has_parent)
			rows[i].parent = result_uuid(r, i, 2);
		rows[i].offered = result_text(r, i, 3, &rows[i].offered_len);
		rows[i].waits = result_bool(r, i, 4);
	}
	cb(q->ticket, rows, (size_t)n, NULL);
	free(rows);
}

void
read_open(struct store *s, int32_t shard, uint64_t ticket, read_open_cb *cb)
{
	const struct pool_question q = { .query = QUERY_shard_open,
		.answer = answer_open,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	pool_ask(s->pool, &q, &p);
}
