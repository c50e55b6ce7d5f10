/*
 * sqlc_call - one call: what is said on its connection, and what becomes of it when that is lost.
 *
 *	WAITING --> WORKING --> COMMITTING --> answered
 *	   ^           |  \          |
 *	   |           |   '--> REPLAYING (the receipt was there)
 *	   '--- lost --+-------------'
 *
 * Lost while WORKING: nothing was changed, it is made again. Lost while COMMITTING: in doubt. Without a
 * receipt that is the answer; with one it is made again as well, and the row of the receipt tells: it is
 * there, or it is not, or our old transaction still has it and we wait. The old transaction has had its
 * row since before its COMMIT was sent, so no COMMIT that is still on its way can slip in behind.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/plugin_module.h"
#include "task/sqlc_parts.h"

#define CALL_TIMEOUT_MAX_MS INT32_MAX /* what a setting of PostgreSQL holds */
#define CALL_GRACE_MS 1000            /* the server's own limit comes first */
#define CALL_COMMIT_MS 10000          /* a COMMIT may take so long in any case */
#define CALL_DOUBT_MS (10 * 60 * 1000)
#define CALL_REST_MS 1000
#define CALL_TRIES 5
#define CALL_PARAMS_MAX 65535
#define CALL_VALUE_COST 8 /* beside its bytes */
#define CALL_BYTES_SLACK ((size_t)1 << 20)

static void call_timer(void *arg);

static struct sqlc_call *
call_from(void *arg)
{
	struct sqlc_call *c = arg;

	assert(c != NULL && c->magic == SQLC_CALL_MAGIC);
	return c;
}

/* --- what was asked, copied ---------------------------------------------------------- */

static void
copy_statement(struct sqlc_call *c, struct pawl_sql_statement *to,
    const struct pawl_sql_statement *from)
{
	const char **params = arena_calloc(&c->asked, from->nparams + 1, sizeof *params);

	to->sql = arena_strdup(&c->asked, from->sql);
	c->bytes += strlen(to->sql);
	for (size_t i = 0; i < from->nparams; i++) {
		if (from->params[i] == NULL)
			continue;
		params[i] = arena_strdup(&c->asked, from->params[i]);
		c->bytes += strlen(params[i]);
	}
	to->params = params;
	to->nparams = from->nparams;
}

static void
copy_spec(struct sqlc_call *c, const struct pawl_sql_call *asked)
{
	struct pawl_sql_statement *copies;

	memcpy(&c->spec, asked, asked->size < sizeof c->spec ? asked->size : sizeof c->spec);
	copies = arena_calloc(&c->asked, c->spec.nstatements + 1, sizeof *copies);
	for (size_t i = 0; i < c->spec.nstatements; i++)
		copy_statement(c, &copies[i], &c->spec.statements[i]);
	c->spec.statements = copies;
	while (c->nlead < c->spec.nstatements && statement_sets_transaction(copies[c->nlead].sql))
		c->nlead++;
	if (c->spec.receipt != NULL)
		c->spec.receipt = arena_strdup(&c->asked, c->spec.receipt);
	if (c->spec.timeout_ms <= 0)
		c->spec.timeout_ms = SQLC_TIMEOUT_MS;
	if (c->spec.timeout_ms > CALL_TIMEOUT_MAX_MS)
		c->spec.timeout_ms = CALL_TIMEOUT_MAX_MS;
	if (c->spec.max_rows == 0)
		c->spec.max_rows = SQLC_ROWS_MAX;
	if (c->spec.max_bytes == 0)
		c->spec.max_bytes = SQLC_BYTES_MAX;
}

/* Sets the failure of a call that cannot be sent at all. */
static void
check_spec(struct sqlc_call *c)
{
	for (size_t i = 0; i < c->spec.nstatements; i++) {
		const char *why = sqlc_refuses(c->spec.statements[i].sql);

		if (c->spec.statements[i].nparams > CALL_PARAMS_MAX)
			why = "a statement has at most 65535 parameters";
		if (why == NULL)
			continue;
		sqlc_call_set_failure(c, PAWL_SQL_ERROR, "0A000", why);
		c->failure.failed = i;
		return;
	}
}

struct sqlc_call *
sqlc_call_new(struct sqlc *s, const struct pawl_sql_call *asked, const char *ids, pawl_sql_cb *cb,
    void *arg)
{
	static uint64_t last_id;
	struct sqlc_call *c = xcalloc(1, sizeof *c);

	c->magic = SQLC_CALL_MAGIC;
	c->sqlc = s;
	c->id = ++last_id;
	c->cb = cb;
	c->arg = arg;
	c->ids = ids != NULL ? xstrdup(ids) : NULL;
	c->output = DOC_NONE;
	arena_init(&c->asked);
	arena_init(&c->given);
	copy_spec(c, asked);
	c->begun_ms = clock_mono_ms();
	c->deadline_ms = c->begun_ms + c->spec.timeout_ms;
	loop_timer_init(s->loop, &c->timer, call_timer, c);
	loop_timer_set(&c->timer, c->spec.timeout_ms);
	idmap_put(&s->calls, c->id, c);
	TAILQ_INSERT_TAIL(&s->all, c, all);
	check_spec(c);
	return c;
}

/* --- one attempt --------------------------------------------------------------------------- */

static void
forget_attempt(struct sqlc_call *c)
{
	for (size_t i = 0; c->sets != NULL && i < c->spec.nstatements; i++)
		free(c->sets[i].values);
	free(c->sets);
	free(c->rows);
	c->sets = NULL;
	c->rows = NULL;
	arena_fini(&c->given);
	arena_init(&c->given);
	free(c->failure.message);
	c->failure = (struct call_failure){ .set = false };
	doc_unref(c->output);
	c->output = DOC_NONE;
	c->receipt_written = c->duplicate = c->again = false;
	c->at = c->nrows = c->nbytes = 0;
}

static void
call_free(void *arg)
{
	struct sqlc_call *c = call_from(arg);

	forget_attempt(c);
	arena_fini(&c->asked);
	arena_fini(&c->given);
	loop_timer_fini(&c->timer);
	free(c->ids);
	c->magic = 0;
	free(c);
}

void
sqlc_call_drop(struct sqlc_call *c)
{
	struct sqlc *s = c->sqlc;

	assert(c->where != CALL_GONE);
	if (c->where == CALL_WAITING)
		sqlc_unwait(s, c);
	else if (c->where == CALL_REFUSED)
		TAILQ_REMOVE(&s->refused, c, link);
	if (c->conn != NULL)
		c->conn->call = NULL;
	c->conn = NULL;
	c->where = CALL_GONE;
	loop_timer_cancel(&c->timer);
	idmap_take(&s->calls, c->id);
	TAILQ_REMOVE(&s->all, c, all);
	loop_free_later(s->loop, c, call_free);
}

/* --- answers ---------------------------------------------------------------------------------- */

static const char *const result_names[] = { [PAWL_SQL_OK] = "ok",
	[PAWL_SQL_ERROR] = "error",
	[PAWL_SQL_UNAVAILABLE] = "unavailable",
	[PAWL_SQL_LOST] = "lost",
	[PAWL_SQL_TIMEOUT] = "timeout",
	[PAWL_SQL_TOO_LARGE] = "too_large" };

/* The results as they are now. */
static struct pawl_sql_answer
answer_of(struct sqlc_call *c)
{
	struct pawl_sql_answer a = { .size = sizeof a,
		.result = PAWL_SQL_OK,
		.sqlstate = "",
		.message = "",
		.output = doc_to_pawl(c->output) };

	if (c->sets == NULL || c->duplicate)
		return a;
	for (size_t i = 0; i < c->spec.nstatements; i++) {
		c->rows[i] = c->sets[i].rows;
		c->rows[i].values = c->sets[i].values;
	}
	a.sets = c->rows;
	a.nsets = c->spec.nstatements;
	return a;
}

static void
call_answer(struct sqlc_call *c, const struct pawl_sql_answer *a)
{
	pawl_sql_cb *cb = c->cb;
	void *arg = c->arg;

	stat_add_label(STAT_sql_calls, result_names[a->result], 1);
	stat_observe(STAT_sql_seconds, (double)(clock_mono_ms() - c->begun_ms) / 1000);
	if (a->replayed)
		stat_add(STAT_sql_replayed, 1);
	sqlc_call_drop(c);
	if (cb != NULL)
		cb(arg, a);
}

void
sqlc_call_set_failure(struct sqlc_call *c, enum pawl_sql_result result, const char *sqlstate,
    const char *message)
{
	struct buf b;

	/* a server says in any encoding why it lets nobody in */
	buf_init(&b, BUF_UNLIMITED);
	plugin_add_utf8(&b, message, strlen(message));
	free(c->failure.message);
	c->failure = (struct call_failure){ .set = true,
		.result = result,
		.message = xstrdup(buf_text(&b)) };
	buf_fini(&b);
	snprintf(c->failure.sqlstate, sizeof c->failure.sqlstate, "%s", sqlstate);
}

void
sqlc_call_answer_failure(struct sqlc_call *c)
{
	const struct pawl_sql_answer a = { .size = sizeof a,
		.result = c->failure.result,
		.sqlstate = c->failure.sqlstate,
		.message = c->failure.message,
		.failed = c->failure.failed };

	call_answer(c, &a);
}

void
sqlc_call_fail(struct sqlc_call *c, enum pawl_sql_result result, const char *sqlstate,
    const char *message)
{
	sqlc_call_set_failure(c, result, sqlstate, message);
	sqlc_call_answer_failure(c);
}

static void
fail_timeout(struct sqlc_call *c)
{
	char message[96];

	snprintf(message, sizeof message,
	    "The statements took longer than %lld ms; nothing was changed",
	    (long long)c->spec.timeout_ms);
	sqlc_call_fail(c, PAWL_SQL_TIMEOUT, "", message);
}

static void
fail_lost(struct sqlc_call *c)
{
	char *message = c->spec.receipt == NULL
	    ? xasprintf("The connection was lost during the COMMIT, so nobody knows whether it was "
			"done: %s",
		  sqlc_why(c->sqlc))
	    : xasprintf("The connection was lost during the COMMIT, and the database stayed away: "
			"whether it was done, the receipt '%s' in pawl.effect tells",
		  c->spec.receipt);

	sqlc_call_fail(c, PAWL_SQL_LOST, "", message);
	free(message);
}

/* --- again -------------------------------------------------------------------------------------- */

/* From the start, with the next connection that is free. */
static void
call_again(struct sqlc_call *c)
{
	int64_t left_ms = c->deadline_ms - clock_mono_ms();

	if (c->conn != NULL)
		c->conn->call = NULL;
	c->conn = NULL;
	forget_attempt(c);
	loop_timer_set(&c->timer, left_ms > 0 ? left_ms : 0);
	sqlc_wait(c->sqlc, c, true);
}

static void
call_rest(struct sqlc_call *c)
{
	if (c->conn != NULL)
		c->conn->call = NULL;
	c->conn = NULL;
	forget_attempt(c);
	c->where = CALL_RESTING;
	loop_timer_set(&c->timer, CALL_REST_MS);
}

static void
call_doubt(struct sqlc_call *c)
{
	if (!c->in_doubt) {
		c->in_doubt = true;
		c->deadline_ms = clock_mono_ms() + CALL_DOUBT_MS;
		log_line(LOG_LEVEL_WARN, c->ids,
		    "plugin %s: the connection was lost during a COMMIT; its receipt will tell",
		    c->sqlc->plugin);
	}
	call_again(c);
}

void
sqlc_call_lost(struct sqlc_call *c)
{
	char *message;

	c->conn = NULL;
	if (c->where == CALL_COMMITTING && c->cb == NULL) {
		sqlc_call_drop(c);
	} else if (c->where == CALL_COMMITTING && c->spec.receipt == NULL) {
		fail_lost(c);
	} else if (c->where == CALL_COMMITTING) {
		call_doubt(c);
	} else if (++c->tries >= CALL_TRIES && !c->in_doubt && c->where == CALL_WORKING) {
		message = xasprintf("The connection was lost %d times while the statements ran; "
				    "nothing was changed: %s",
		    c->tries, sqlc_why(c->sqlc));
		sqlc_call_fail(c, PAWL_SQL_UNAVAILABLE, "", message);
		free(message);
	} else {
		call_again(c);
	}
}

/* It waited for a connection until its time was over. */
static void
expired(struct sqlc_call *c)
{
	struct sqlc *s = c->sqlc;
	char *message;

	if (c->in_doubt) {
		fail_lost(c);
	} else if (!sqlc_is_up(s)) {
		sqlc_tell_away(s);
		message =
		    xasprintf("There is no connection to the database; nothing was changed: %s",
			*sqlc_why(s) != '\0' ? sqlc_why(s) : "it does not answer");
		sqlc_call_fail(c, PAWL_SQL_UNAVAILABLE, "", message);
		free(message);
	} else {
		message = xasprintf("It waited %lld ms for one of its %d connections; nothing was "
				    "changed",
		    (long long)c->spec.timeout_ms, s->nmax);
		sqlc_call_fail(c, PAWL_SQL_TIMEOUT, "", message);
		free(message);
	}
}

/* The server did not keep its time: the connection goes, and the transaction with it. */
static void
overdue(struct sqlc_call *c)
{
	struct pg *pg = c->conn->pg;

	c->conn->call = NULL;
	c->conn = NULL;
	pg_reset(pg);
	if (c->where == CALL_COMMITTING || c->where == CALL_REPLAYING) {
		c->where = CALL_COMMITTING;
		sqlc_call_lost(c);
	} else if (c->in_doubt && !c->receipt_written) {
		call_again(c);
	} else {
		fail_timeout(c);
	}
}

static void
call_timer(void *arg)
{
	struct sqlc_call *c = call_from(arg);

	switch (c->where) {
	case CALL_WAITING:
		expired(c);
		break;
	case CALL_RESTING:
		call_again(c);
		break;
	case CALL_WORKING:
	case CALL_COMMITTING:
	case CALL_REPLAYING:
		overdue(c);
		break;
	case CALL_REFUSED:
	case CALL_GONE:
		break;
	}
}

void
sqlc_call_cancel(struct sqlc_call *c)
{
	struct pg *pg = c->conn != NULL ? c->conn->pg : NULL;

	if (c->where == CALL_COMMITTING) {
		c->cb = NULL;
		return;
	}
	sqlc_call_drop(c);
	if (pg != NULL) /* ends the transaction, with whatever it waits for */
		pg_reset(pg);
}

/* --- what it says on its connection ---------------------------------------------------------------- */

/* Results are for the call that has the connection, if it is still there. */
static struct sqlc_call *
call_of(const struct sqlc_conn *conn, const PGresult *r)
{
	return r != NULL ? conn->call : NULL;
}

static void
note_error(struct sqlc_call *c, const PGresult *r, size_t at, const char *prefix)
{
	char *message, *whole;
	bool late = clock_mono_ms() - c->sent_ms >= c->allowed_ms;

	if (c->failure.set || pg_done(r) || PQresultStatus(r) == PGRES_PIPELINE_ABORTED ||
	    PQresultStatus(r) == PGRES_EMPTY_QUERY)
		return;
	message = sqlc_message(r);
	whole = xasprintf("%s%s", prefix, message);
	sqlc_call_set_failure(c, PAWL_SQL_ERROR, sqlc_sqlstate(r), whole);
	if (strcmp(c->failure.sqlstate, "57014") == 0 && late)
		c->failure.result = PAWL_SQL_TIMEOUT;
	c->failure.failed = at;
	free(whole);
	free(message);
}

/* BEGIN and the like. */
static void
got_beginning(void *arg, const PGresult *r)
{
	struct sqlc_call *c = call_of(arg, r);

	if (c != NULL)
		note_error(c, r, 0, "");
}

static void
got_receipt(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);
	const char *state;
	char *message;

	if (c == NULL || PQresultStatus(r) == PGRES_PIPELINE_ABORTED)
		return;
	state = sqlc_sqlstate(r);
	if (pg_done(r)) {
		c->receipt_written = true;
		if (c->in_doubt)
			log_line(LOG_LEVEL_INFO, c->ids,
			    "plugin %s: it was not done, it is done now", c->sqlc->plugin);
		c->in_doubt = false;
	} else if (strcmp(state, "23505") == 0) {
		c->duplicate = true;
	} else if (strcmp(state, "40001") == 0 && ++c->tries < CALL_TRIES) {
		c->again = true; /* serializable: somebody else was there at the same time */
	} else {
		note_error(c, r, 0, "");
		message = sqlc_house_message(conn, r);
		free(c->failure.message);
		c->failure.message = message;
		if (strcmp(state, "42P01") == 0)
			conn->sqlc->house = HOUSE_UNKNOWN; /* somebody took the table away */
	}
}

/* --- rows ----------------------------------------------------------------------------------------------- */

static void
take_columns(struct sqlc_call *c, struct call_set *set, const PGresult *r)
{
	int n = PQnfields(r);
	struct pawl_sql_column *columns;

	if (set->rows.columns != NULL || n == 0)
		return;
	columns = arena_calloc(&c->given, (size_t)n, sizeof *columns);
	for (int i = 0; i < n; i++) {
		columns[i].name = arena_strdup(&c->given, PQfname(r, i));
		columns[i].type = PQftype(r, i);
	}
	set->rows.columns = columns;
	set->rows.ncolumns = (size_t)n;
}

static void
take_value(struct sqlc_call *c, struct call_set *set, const PGresult *r, int row, int col)
{
	const char *value = NULL;
	size_t len = 0;

	if (!PQgetisnull(r, row, col)) {
		len = (size_t)PQgetlength(r, row, col);
		value = arena_strndup(&c->given, PQgetvalue(r, row, col), len);
	}
	c->nbytes += len + CALL_VALUE_COST;
	if (set->nvalues == set->cap) {
		set->cap = set->cap > 0 ? set->cap * 2 : 16;
		set->values = xreallocarray(set->values, set->cap, sizeof *set->values);
	}
	set->values[set->nvalues++] = value;
}

static void
fail_too_large(struct sqlc_call *c, const char *what, size_t limit)
{
	struct pg *pg = c->conn->pg;
	char message[96];

	/* the rest may be endless */
	pg_reset(pg);
	snprintf(message, sizeof message, "The result has more than %zu %s; nothing was changed",
	    limit, what);
	sqlc_call_fail(c, PAWL_SQL_TOO_LARGE, "", message);
}

/* False when it was too much, and the call is gone. */
static bool
take_rows(struct sqlc_call *c, struct call_set *set, const PGresult *r)
{
	int nrows = PQntuples(r), ncolumns = PQnfields(r);

	take_columns(c, set, r);
	for (int i = 0; i < nrows; i++) {
		if (++c->nrows > c->spec.max_rows) {
			fail_too_large(c, "rows", c->spec.max_rows);
			return false;
		}
		for (int j = 0; j < ncolumns; j++)
			take_value(c, set, r, i, j);
		set->rows.nrows++;
		if (c->nbytes > c->spec.max_bytes) {
			fail_too_large(c, "bytes", c->spec.max_bytes);
			return false;
		}
	}
	return true;
}

void
sqlc_call_arriving(struct sqlc_call *c, size_t bytes)
{
	if (c->where == CALL_WORKING && bytes > CALL_BYTES_SLACK &&
	    bytes - CALL_BYTES_SLACK > c->spec.max_bytes)
		fail_too_large(c, "bytes", c->spec.max_bytes);
}

static bool
is_copy(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static void
got_statement(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);
	struct call_set *set;
	const char *affected;

	if (c == NULL || c->failure.set)
		return;
	if (is_copy(r)) { /* nothing that we let through should do it */
		pg_reset(conn->pg);
		sqlc_call_fail(c, PAWL_SQL_ERROR, "0A000", "COPY is not possible here");
		return;
	}
	set = &c->sets[c->at];
	if (!take_rows(c, set, r) || PQresultStatus(r) == PGRES_SINGLE_TUPLE)
		return;
	note_error(c, r, c->at++, "");
	affected = PQcmdTuples((PGresult *)(uintptr_t)r);
	set->rows.affected =
	    *affected != '\0' ? strtoll(affected, NULL, 10) : (int64_t)set->rows.nrows;
}

/* --- the answer of the receipt ------------------------------------------------------------------------------ */

static void
got_answer(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);
	struct err e = ERR_INIT;
	char *message;

	if (c == NULL)
		return;
	if (pg_rows(r) && PQntuples(r) == 1 && !PQgetisnull(r, 0, 0)) {
		c->output = doc_parse_record(PQgetvalue(r, 0, 0), (size_t)PQgetlength(r, 0, 0), &e);
		if (doc_is_none(c->output)) {
			message = xasprintf("The receipt '%s' in pawl.effect is no JSON: %s",
			    c->spec.receipt, err_cause(&e));
			sqlc_call_set_failure(c, PAWL_SQL_ERROR, "", message);
			free(message);
		}
	} else if (pg_rows(r)) {
		c->again = true; /* it was removed meanwhile */
	} else {
		note_error(c, r, 0, "");
	}
	err_fini(&e);
}

static void
replayed(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);
	struct pawl_sql_answer a;

	if (r != NULL)
		conn_idle(conn);
	if (c == NULL)
		return;
	if (c->again && ++c->tries < CALL_TRIES) {
		call_again(c);
		return;
	}
	if (c->failure.set) {
		sqlc_call_answer_failure(c);
		return;
	}
	a = answer_of(c);
	a.replayed = true;
	call_answer(c, &a);
}

static void
say_replay(struct sqlc_call *c)
{
	struct sqlc_conn *conn = c->conn;
	const char *const params[] = { c->spec.receipt };

	c->where = CALL_REPLAYING;
	loop_timer_set(&c->timer, CALL_COMMIT_MS);
	conn_exec(conn, QUERY_tx_rollback, 0, NULL, NULL);
	conn_exec(conn, QUERY_effect_get, 1, params, got_answer);
	pg_sync(conn->pg, replayed, conn);
	pg_flush(conn->pg);
}

/* --- COMMIT ------------------------------------------------------------------------------------------------------ */

static void
got_commit(void *arg, const PGresult *r)
{
	struct sqlc_call *c = call_of(arg, r);

	if (c != NULL)
		note_error(c, r, c->spec.nstatements > 0 ? c->spec.nstatements - 1 : 0, "COMMIT: ");
}

static void
committed(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);
	struct pawl_sql_answer a;

	if (c != NULL && c->spec.receipt != NULL && FAILPOINT(sql_commit_received)) {
		pg_fail(conn->pg, "fail point");
		return;
	}
	if (c == NULL) {
		if (r != NULL)
			conn_idle(conn);
		return;
	}
	if (c->failure.set) { /* maybe before the COMMIT: then the transaction is still there */
		conn_roll_back(conn);
		sqlc_call_answer_failure(c);
		return;
	}
	conn_idle(conn);
	a = answer_of(c);
	call_answer(c, &a);
}

static size_t
unicode_at(const unsigned char *s, uint32_t *c)
{
	size_t n = *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

	*c = *s & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (s[i] & 0x3fu);
	return n;
}

/* JSON in ASCII, for a database whose encoding lacks some characters; yours. */
static char *
ascii_json(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	struct buf b;
	uint32_t c;

	buf_init(&b, BUF_UNLIMITED);
	while (*s != '\0') {
		if (*s < 0x80) {
			buf_addc(&b, (char)*s++);
			continue;
		}
		s += unicode_at(s, &c);
		if (c >= 0x10000)
			buf_addf(&b, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + ((c - 0x10000) & 0x3ff));
		else
			buf_addf(&b, "\\u%04x", c);
	}
	return buf_steal(&b, NULL);
}

static void
say_answer(struct sqlc_call *c)
{
	const char *encoding = pg_parameter(c->conn->pg, "server_encoding");
	char *text = doc_text(c->output, NULL), *ascii = NULL;
	const char *params[] = { c->spec.receipt, text };

	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		params[1] = ascii = ascii_json(text);
	conn_exec(c->conn, QUERY_effect_answer, 2, params, got_commit);
	free(ascii);
	free(text);
}

static void
say_commit(struct sqlc_call *c)
{
	struct sqlc_conn *conn = c->conn;
	int64_t left_ms = c->deadline_ms - clock_mono_ms();

	c->where = CALL_COMMITTING;
	loop_timer_set(&c->timer, left_ms > CALL_COMMIT_MS ? left_ms : CALL_COMMIT_MS);
	if (c->spec.receipt != NULL)
		say_answer(c);
	conn_exec(conn, QUERY_tx_commit, 0, NULL, got_commit);
	pg_sync(conn->pg, committed, conn);
	pg_flush(conn->pg);
	if (c->spec.receipt != NULL && FAILPOINT(sql_commit_sent))
		pg_fail(conn->pg, "fail point");
}

/* --- the results are here -------------------------------------------------------------------------------------------- */

/* True when the transaction is to be committed; else it has been dealt with. */
static bool
remember(struct sqlc_call *c)
{
	struct sqlc_conn *conn = c->conn;
	struct pawl_sql_answer a = answer_of(c);

	c->output =
	    c->spec.remember != NULL ? doc_from_pawl(c->spec.remember(c->arg, &a)) : doc_null();
	if (c->where == CALL_GONE) /* cancelled, or all is closed */
		return false;
	if (!doc_is_none(c->output))
		return true;
	conn_roll_back(conn);
	call_answer(c, &a);
	return false;
}

static void
worked(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc_call *c = call_of(conn, r);

	if (c == NULL) {
		if (r != NULL)
			conn_roll_back(conn);
		return;
	}
	if (c->duplicate) {
		say_replay(c);
		return;
	}
	if (c->again || (c->failure.set && c->in_doubt)) {
		conn_roll_back(conn);
		if (c->again)
			call_again(c);
		else
			call_rest(c);
		return;
	}
	if (c->failure.set) {
		conn_roll_back(conn);
		sqlc_call_answer_failure(c);
		return;
	}
	if (c->spec.receipt != NULL) {
		if (FAILPOINT(sql_effect_done)) {
			pg_fail(conn->pg, "fail point");
			return;
		}
		if (!remember(c))
			return;
	}
	say_commit(c);
}

static void
say_statements(struct sqlc_call *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct pawl_sql_statement *st = &c->spec.statements[i];

		pg_exec(c->conn->pg, st->sql, (int)st->nparams, st->params, true, got_statement,
		    c->conn);
	}
}

static void
say_receipt(struct sqlc_call *c)
{
	char now[24];
	const char *const params[] = { c->spec.receipt, c->sqlc->plugin, now };

	snprintf(now, sizeof now, "%lld", (long long)clock_wall_ms());
	conn_exec(c->conn, QUERY_effect_insert, 3, params, got_receipt);
	c->sqlc->receipts = true;
}

void
sqlc_call_begin(struct sqlc_call *c, struct sqlc_conn *conn)
{
	int64_t left_ms = c->deadline_ms - clock_mono_ms();
	char limit[64];

	c->conn = conn;
	conn->call = c;
	conn->where = CONN_CALL;
	c->where = CALL_WORKING;
	c->sets = xcalloc(c->spec.nstatements + 1, sizeof *c->sets);
	c->rows = xcalloc(c->spec.nstatements + 1, sizeof *c->rows);
	c->sent_ms = clock_mono_ms();
	c->allowed_ms = left_ms < c->spec.timeout_ms ? left_ms : c->spec.timeout_ms;
	if (c->allowed_ms < 1)
		c->allowed_ms = 1;
	loop_timer_set(&c->timer, c->allowed_ms + CALL_GRACE_MS);
	conn_exec(conn, QUERY_tx_begin, 0, NULL, got_beginning);
	/* no parameter, and no SELECT, which would be too early for SET TRANSACTION */
	snprintf(limit, sizeof limit, "SET LOCAL statement_timeout = %lld",
	    (long long)c->allowed_ms);
	pg_exec(conn->pg, limit, 0, NULL, false, got_beginning, conn);
	say_statements(c, 0, c->nlead);
	if (c->spec.receipt != NULL)
		say_receipt(c);
	say_statements(c, c->nlead, c->spec.nstatements);
	pg_sync(conn->pg, worked, conn);
	pg_flush(conn->pg);
	if (c->spec.receipt != NULL && FAILPOINT(sql_effect_sent))
		pg_fail(conn->pg, "fail point");
}
