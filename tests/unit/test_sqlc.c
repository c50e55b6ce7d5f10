/*
 * The SQL client on a real PostgreSQL: results, failures, receipts through every loss of a connection,
 * other databases, schemas of plugins, notifications.
 */
#include "store_fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/stat.h"
#include "doc/doc.h"
#include "task/plugin_doc.h"
#include "task/sqlc.h"

/* One call and what came of it. */
struct asked {
	struct sqlc *sqlc;
	uint64_t id;
	bool done, remembered;
	int nanswers, nremembered;
	enum pawl_sql_result result;
	char sqlstate[6];
	char *message;
	size_t failed, nsets, nrows, ncolumns;
	int64_t affected; /* by the last statement */
	char *first;      /* first value of the last statement that has rows; NULL = NULL */
	char *column;     /* its column's name */
	uint32_t type;    /* and type */
	bool replayed;
	char *output; /* JSON, NULL = none */
	bool forget;  /* remember nothing */
	bool cancel_in_remember;
	bool close_in_answer;
};

static struct sqlc *db;

static void
answered(void *arg, const struct pawl_sql_answer *a)
{
	struct asked *q = arg;

	q->nanswers++;
	q->done = true;
	q->result = a->result;
	snprintf(q->sqlstate, sizeof q->sqlstate, "%s", a->sqlstate);
	q->message = xstrdup(a->message);
	q->failed = a->failed;
	q->nsets = a->nsets;
	q->replayed = a->replayed;
	for (size_t i = 0; i < a->nsets; i++) {
		const struct pawl_sql_rows *s = &a->sets[i];

		q->affected = s->affected;
		if (s->nrows == 0)
			continue;
		q->nrows = s->nrows;
		q->ncolumns = s->ncolumns;
		free(q->first);
		free(q->column);
		q->first = s->values[0] != NULL ? xstrdup(s->values[0]) : NULL;
		q->column = xstrdup(s->columns[0].name);
		q->type = s->columns[0].type;
	}
	if (a->output.block_ != NULL)
		q->output = doc_text(doc_from_pawl(a->output), NULL);
	if (q->close_in_answer)
		sqlc_close(q->sqlc);
}

/* What is remembered is the first value of the last statement. */
static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	struct asked *q = arg;
	const struct pawl_sql_rows *s = a->nsets > 0 ? &a->sets[a->nsets - 1] : NULL;
	struct doc_builder *b;

	q->nremembered++;
	q->remembered = true;
	assert_int_equal(a->result, PAWL_SQL_OK);
	if (q->cancel_in_remember)
		sqlc_cancel(q->sqlc, q->id);
	if (q->forget)
		return PAWL_NO_DOC;
	b = docb_new();
	docb_object(b);
	docb_keys(b, "first");
	docb_strings(b, s != NULL && s->nrows > 0 ? s->values[0] : "");
	docb_end(b);
	return doc_to_pawl(docb_finish(b));
}

static void
asked_fini(struct asked *q)
{
	free(q->message);
	free(q->first);
	free(q->column);
	free(q->output);
}

/* Starts it; the statements end with NULL and have no parameters. */
static void
start_all(struct sqlc *s, struct asked *q, struct pawl_sql_call c, const char *const *statements)
{
	struct pawl_sql_statement st[16] = { { 0 } };

	while (statements[c.nstatements] != NULL) {
		st[c.nstatements].sql = statements[c.nstatements];
		c.nstatements++;
	}
	c.size = sizeof c;
	c.statements = st;
	if (c.receipt != NULL)
		c.remember = remember;
	q->sqlc = s;
	q->id = sqlc_start(s, &c, NULL, answered, q);
}

#define START(s, q, spec, ...) \
	start_all(s, q, (struct pawl_sql_call)spec, (const char *const[]){ __VA_ARGS__, NULL })
#define SPEC(...) \
	{ \
		__VA_ARGS__ \
	}

/* Runs one to its end; the answer of the one before is forgotten. */
static struct asked *
run_all(struct sqlc *s, struct pawl_sql_call c, const char *const *statements)
{
	static struct asked q;

	asked_fini(&q);
	memset(&q, 0, sizeof q);
	start_all(s, &q, c, statements);
	assert_false(q.done);
	run_until(&q.done);
	return &q;
}

#define RUN(...) \
	run_all(db, (struct pawl_sql_call){ 0 }, (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_WITH(spec, ...) \
	run_all(db, (struct pawl_sql_call)spec, (const char *const[]){ __VA_ARGS__, NULL })

static void
assert_result(const struct asked *q, enum pawl_sql_result result, const char *sqlstate,
    const char *part)
{
	if (q->result != result || strcmp(q->sqlstate, sqlstate) != 0 ||
	    strstr(q->message, part) == NULL)
		fail_msg("%d %s %s", q->result, q->sqlstate, q->message);
}

static void
assert_ok(const struct asked *q)
{
	assert_result(q, PAWL_SQL_OK, "", "");
}

static struct sqlc *
open_db(const char *conninfo, const char *plugin, int connections)
{
	const struct sqlc_options o = { .conninfo = conninfo != NULL
		    ? conninfo
		    : laptop_conninfo(fixture_laptop),
		.plugin = plugin,
		.connections = connections,
		.own = conninfo == NULL };
	struct err e = ERR_INIT;
	struct sqlc *s = sqlc_open(loop, &o, &e);

	if (s == NULL)
		fail_msg("%s", err_cause(&e));
	return s;
}

/* The conninfo of another database of the same server, made anew; yours. */
static char *
new_database(const char *name, const char *more)
{
	free(sql("CREATE DATABASE %s TEMPLATE template0 %s", name, more));
	return xasprintf("%s dbname=%s", laptop_conninfo(fixture_laptop), name);
}

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	stat_reset();
	free(sql("DROP TABLE IF EXISTS t; CREATE TABLE t (a integer PRIMARY KEY, b text); "
		 "DELETE FROM pawl.effect; DELETE FROM pawl.plugin_schema"));
	db = open_db(NULL, "test", 2);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sqlc_close(db);
	loop_free(loop);
	return 0;
}

/* --- results -------------------------------------------------------------------------- */

static void
results_are_texts_with_names_and_types(void **state)
{
	struct asked *q;

	(void)state;
	q = RUN("SELECT 'caf\xc3\xa9'::text AS word, 2 UNION ALL SELECT 'x', 3");
	assert_ok(q);
	assert_int_equal(q->nsets, 1);
	assert_int_equal(q->nrows, 2);
	assert_int_equal(q->ncolumns, 2);
	assert_int_equal(q->affected, 2);
	assert_string_equal(q->first, "caf\xc3\xa9");
	assert_string_equal(q->column, "word");
	assert_int_equal(q->type, 25);
	assert_null(q->output);
	q = RUN("SELECT NULL::integer");
	assert_int_equal(q->nrows, 1);
	assert_null(q->first);
	q = RUN("INSERT INTO t VALUES (1, 'x'), (2, NULL)", "UPDATE t SET b = 'y'", "");
	assert_ok(q);
	assert_int_equal(q->nsets, 3);
	assert_int_equal(q->affected, 0);
	q = RUN("INSERT INTO t VALUES (3, 'z')", "DELETE FROM t WHERE a > 1");
	assert_int_equal(q->affected, 2);
	assert_sql("1", "SELECT count(*) FROM t");
	assert_sql("1", "SELECT count(*) FROM t WHERE b = 'y'");
	q = run_all(db, (struct pawl_sql_call){ 0 }, (const char *const[]){ NULL });
	assert_ok(q);
	assert_int_equal(q->nsets, 0);
}

static void
parameters_are_texts_or_null(void **state)
{
	const char *const params[] = { "7", NULL, "it's\n\"\\" };
	const struct pawl_sql_statement st[] = {
		{ "SELECT $3::text || coalesce($2::text, '-') || ($1::integer + 1)", params, 3 }
	};
	const struct pawl_sql_call c = { .size = sizeof c, .statements = st, .nstatements = 1 };
	struct asked q = { 0 };

	(void)state;
	sqlc_start(db, &c, NULL, answered, &q);
	run_until(&q.done);
	assert_string_equal(q.first, "it's\n\"\\-8");
	asked_fini(&q);
}

static void
texts_have_one_form_whatever_the_database_says(void **state)
{
	char *conninfo = new_database("forms", "");
	struct sqlc *here = db;

	(void)state;
	free(sql("ALTER DATABASE forms SET DateStyle = 'German'"));
	free(sql("ALTER DATABASE forms SET IntervalStyle = 'iso_8601'"));
	free(sql("ALTER DATABASE forms SET bytea_output = 'escape'"));
	db = open_db(conninfo, "test", 1);
	assert_string_equal(RUN("SELECT '2026-02-03'::date || ' ' || '1 day 2 hours'::interval || "
				"' ' || '\\x00ff'::bytea")
				->first,
	    "2026-02-03 1 day 02:00:00 \\x00ff");
	assert_string_equal(RUN("SELECT current_setting('application_name')")->first, "pawl test");
	sqlc_close(db);
	db = here;
	free(conninfo);
}

/* --- failures --------------------------------------------------------------------------- */

static void
a_failure_says_which_statement_and_nothing_was_changed(void **state)
{
	struct asked *q;

	(void)state;
	q = RUN("INSERT INTO t VALUES (1)", "SELECT 1", "INSERT INTO t VALUES (1)", "SELECT 2");
	assert_result(q, PAWL_SQL_ERROR, "23505", "duplicate key");
	assert_non_null(strstr(q->message, "Key (a)=(1) already exists."));
	assert_int_equal(q->failed, 2);
	assert_int_equal(q->nsets, 0);
	assert_sql("0", "SELECT count(*) FROM t");
	q = RUN("SELEC 1");
	assert_result(q, PAWL_SQL_ERROR, "42601", "syntax error");
	q = RUN("SELECT 1; SELECT 2");
	assert_result(q, PAWL_SQL_ERROR, "42601", "multiple commands");
	q = RUN("VACUUM");
	assert_result(q, PAWL_SQL_ERROR, "25001", "VACUUM");
	q = RUN(
	    "SELECT 'x', 1 / (2 - a) FROM generate_series(1, 2) AS a"); /* after its first row */
	assert_result(q, PAWL_SQL_ERROR, "22012", "division by zero");
	assert_int_equal(stat_value(STAT_sql_calls), 5);
	assert_ok(RUN("SELECT 1"));
}

static void
a_commit_that_fails_changed_nothing(void **state)
{
	struct asked *q;

	(void)state;
	free(sql("CREATE TABLE child (a integer REFERENCES t DEFERRABLE INITIALLY DEFERRED)"));
	q = RUN("SELECT 1", "INSERT INTO child VALUES (5)");
	assert_result(q, PAWL_SQL_ERROR, "23503", "COMMIT: ");
	assert_int_equal(q->failed, 1);
	q = RUN_WITH(SPEC(.receipt = "child"), "INSERT INTO child VALUES (5)");
	assert_result(q, PAWL_SQL_ERROR, "23503", "COMMIT: ");
	assert_sql("0", "SELECT count(*) FROM pawl.effect");
	assert_ok(RUN("SELECT 1"));
	free(sql("DROP TABLE child"));
}

static void
what_would_end_the_transaction_or_stay_with_the_connection_is_refused(void **state)
{
	static const char *const refused[] = { "COPY t TO STDOUT", "copy t from stdin",
		" ;-- x\n/* a /* b */ c */ Copy t TO STDOUT", "COMMIT", "end", "ROLLBACK", "BEGIN",
		"START TRANSACTION", "SAVEPOINT x", "PREPARE TRANSACTION 'x'",
		"SET search_path = x", "SET SESSION statement_timeout = 0", "LISTEN x",
		"DISCARD ALL", "PREPARE x AS SELECT 1", "ABORT", "reset all" };
	static const char *const fine[] = { "SET LOCAL search_path = public",
		"SET TRANSACTION READ ONLY", "SET CONSTRAINTS ALL IMMEDIATE", "SELECT 'COMMIT'",
		"WITH copy AS (SELECT 1) SELECT * FROM copy", "/* open", "", "--", "commitment" };

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct asked *q = RUN("INSERT INTO t VALUES (1)", refused[i]);

		assert_result(q, PAWL_SQL_ERROR, "0A000", "");
		assert_int_equal(q->failed, 1);
	}
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		assert_null(sqlc_refuses(fine[i]));
	assert_sql("0", "SELECT count(*) FROM t");
	assert_ok(RUN("SELECT 1"));
}

static void
the_kind_of_transaction_may_be_set_first(void **state)
{
	(void)state;
	assert_string_equal(RUN_WITH(SPEC(.receipt = "iso"),
				"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
				"SELECT current_setting('transaction_isolation')")
				->output,
	    "{\"first\":\"serializable\"}");
	assert_string_equal(RUN("SET TRANSACTION READ ONLY",
				"SELECT current_setting('transaction_read_only')")
				->first,
	    "on");
	assert_string_equal(RUN("SELECT current_setting('transaction_read_only')")->first, "off");
}

static void
what_takes_too_long_is_ended_and_changes_nothing(void **state)
{
	struct asked *q;

	(void)state;
	q = RUN_WITH(SPEC(.timeout_ms = 200), "INSERT INTO t VALUES (1)", "SELECT pg_sleep(600)");
	assert_result(q, PAWL_SQL_TIMEOUT, "57014", "");
	assert_sql("0", "SELECT count(*) FROM t");
	/* the statement switches the server's own limit off: the connection is given up */
	q = RUN_WITH(SPEC(.timeout_ms = 100), "INSERT INTO t VALUES (1)",
	    "SET LOCAL statement_timeout = 0", "SELECT pg_sleep(600)");
	assert_result(q, PAWL_SQL_TIMEOUT, "", "longer than 100 ms; nothing was changed");
	q = RUN("SET LOCAL statement_timeout = 20", "SELECT pg_sleep(600)");
	assert_result(q, PAWL_SQL_ERROR, "57014", "statement timeout");
	assert_ok(RUN("SELECT 1"));
	/* what was given up does not go on for ever */
	await_sql("0",
	    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
	    "AND pid <> pg_backend_pid() AND state = 'active'");
	assert_sql("0", "SELECT count(*) FROM t");
}

/* What is freed stays in the sanitizer's quarantine for a while. */
#ifdef __SANITIZE_ADDRESS__
#define FREED_KB (340 * 1024)
#else
#define FREED_KB 0
#endif
#define MANY_ROWS_KB (60 * 1024 + FREED_KB)
#define LARGE_ROW_KB (60 * 1024 + FREED_KB)

/* The most it ever was. */
static long
peak_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static long
resident_kb(void)
{
	long all, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &all, &resident), 2);
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
results_that_are_too_large_change_nothing_and_keep_no_memory(void **state)
{
	struct asked *q;
	long before;

	(void)state;
	q = RUN_WITH(SPEC(.max_rows = 3), "INSERT INTO t VALUES (1), (2), (3) RETURNING a");
	assert_ok(q);
	assert_int_equal(q->nrows, 3);
	q = RUN_WITH(SPEC(.max_rows = 3), "INSERT INTO t VALUES (4), (5) RETURNING a",
	    "SELECT generate_series(1, 2)");
	assert_result(q, PAWL_SQL_TOO_LARGE, "", "more than 3 rows; nothing was changed");
	await_sql("3", "SELECT count(*) FROM t");
	q = RUN_WITH(SPEC(.max_bytes = 1000), "SELECT repeat('x', 993)");
	assert_result(q, PAWL_SQL_TOO_LARGE, "", "more than 1000 bytes");
	assert_ok(RUN_WITH(SPEC(.max_bytes = 1000), "SELECT repeat('x', 992)"));
	before = peak_kb();
	q = RUN("SELECT repeat('x', 100) || generate_series(1, 100000000)");
	assert_result(q, PAWL_SQL_TOO_LARGE, "", "more than 100000 rows");
	assert_true(peak_kb() - before < MANY_ROWS_KB);
	/* how much of one row libpq reads before it lets us look depends on how fast it comes */
	before = resident_kb();
	q = RUN_WITH(SPEC(.max_bytes = 100000), "SELECT repeat('x', 500000000)");
	assert_result(q, PAWL_SQL_TOO_LARGE, "", "more than 100000 bytes");
	assert_ok(RUN("SELECT 1"));
	assert_true(resident_kb() - before < LARGE_ROW_KB);
}

static void
what_waits_too_long_for_a_connection_says_so(void **state)
{
	struct sqlc *one = open_db(NULL, "test", 1);
	struct asked slow = { 0 }, late = { 0 }, bad = { 0 };
	struct sqlc *nowhere = open_db("host=/nonexistent dbname=x", "test", 1);

	(void)state;
	START(one, &slow, SPEC(.timeout_ms = 60000), "SELECT pg_sleep(0.7)");
	START(one, &late, SPEC(.timeout_ms = 100), "SELECT 1");
	START(nowhere, &bad, SPEC(.timeout_ms = 100), "SELECT 1");
	run_until(&late.done);
	run_until(&bad.done);
	assert_result(&bad, PAWL_SQL_UNAVAILABLE, "", "There is no connection to the database");
	assert_non_null(strstr(bad.message, "/nonexistent"));
	run_until(&slow.done);
	assert_ok(&slow);
	assert_result(&late, PAWL_SQL_TIMEOUT, "", "waited 100 ms for one of its 1 connections");
	sqlc_close(one);
	sqlc_close(nowhere);
	asked_fini(&slow);
	asked_fini(&late);
	asked_fini(&bad);
}

static void
too_many_calls_are_refused_and_the_others_served(void **state)
{
	enum { N = 10100 };
	struct asked *q = xcalloc(N, sizeof *q);
	int refused = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		START(db, &q[i], SPEC(.timeout_ms = 60000), "SELECT 1");
	for (int i = 0; i < N; i++) {
		run_until(&q[i].done);
		assert_int_equal(q[i].nanswers, 1);
		if (q[i].result == PAWL_SQL_UNAVAILABLE)
			refused++;
		else
			assert_ok(&q[i]);
		asked_fini(&q[i]);
	}
	assert_int_equal(refused, 100);
	free(q);
}

static void
a_cancelled_call_never_answers(void **state)
{
	struct asked a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	struct sqlc *one = open_db(NULL, "test", 1);

	(void)state;
	START(one, &a, SPEC(), "INSERT INTO t VALUES (1)", "SELECT pg_sleep(600)");
	START(one, &b, SPEC(), "INSERT INTO t VALUES (2)");
	START(one, &c, SPEC(), "COMMIT");
	START(one, &d, SPEC(), "SELECT 1");
	sqlc_cancel(one, b.id);
	sqlc_cancel(one, c.id);
	await_sql("1",
	    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
	    "AND pid <> pg_backend_pid() AND state = 'active'");
	sqlc_cancel(one, a.id);
	sqlc_cancel(one, a.id);
	sqlc_cancel(one, 12345678);
	run_until(&d.done);
	assert_ok(&d);
	assert_int_equal(a.nanswers + b.nanswers + c.nanswers, 0);
	assert_sql("0", "SELECT count(*) FROM t");
	sqlc_close(one);
	asked_fini(&d);
}

static void
it_may_be_closed_at_any_time(void **state)
{
	struct asked a = { 0 }, b = { 0 }, c = { .close_in_answer = true };
	struct sqlc *one = open_db(NULL, "test", 1);
	bool turn = true;

	(void)state;
	START(one, &a, SPEC(), "SELECT pg_sleep(600)");
	START(one, &b, SPEC(), "COMMIT");
	await_sql("1",
	    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
	    "AND pid <> pg_backend_pid() AND state = 'active'");
	assert_int_equal(b.nanswers, 1);
	sqlc_close(one);
	run_until(&turn);
	assert_int_equal(a.nanswers, 0);
	one = open_db(NULL, "test", 2);
	START(one, &c, SPEC(), "SELECT 1");
	run_until(&c.done);
	run_until(&turn);
	one = open_db(NULL, "test", 2);
	START(one, &a, SPEC(), "SELECT 1");
	sqlc_close(one); /* before it is connected */
	sqlc_close(NULL);
	run_until(&turn);
	assert_int_equal(a.nanswers, 0);
	asked_fini(&b);
	asked_fini(&c);
}

static void
a_connection_string_that_makes_no_sense_is_refused_without_its_secrets(void **state)
{
	struct err e = ERR_INIT;
	struct sqlc_options o = { .conninfo = "hots=db", .plugin = "test", .connections = 1 };

	(void)state;
	assert_null(sqlc_open(loop, &o, &e));
	assert_non_null(strstr(err_cause(&e), "invalid connection option \"hots\""));
	o.conninfo = "host=db password=my secret";
	assert_null(sqlc_open(loop, &o, &e));
	assert_null(strstr(err_cause(&e), "secret"));
	err_fini(&e);
}

/* --- receipts ------------------------------------------------------------------------------ */

static void
a_receipt_is_the_answer_the_second_time(void **state)
{
	struct asked *q;
	struct sqlc *here = db;

	(void)state;
	q = RUN_WITH(SPEC(.receipt = "k"), "INSERT INTO t VALUES (1, 'one') RETURNING b");
	assert_ok(q);
	assert_false(q->replayed);
	assert_int_equal(q->nremembered, 1);
	assert_int_equal(q->nsets, 1);
	assert_string_equal(q->output, "{\"first\":\"one\"}");
	assert_sql("test {\"first\":\"one\"}",
	    "SELECT plugin || ' ' || answer FROM pawl.effect WHERE key = 'k'");
	q = RUN_WITH(SPEC(.receipt = "k"), "INSERT INTO t VALUES (2, 'two') RETURNING b");
	assert_ok(q);
	assert_true(q->replayed);
	assert_int_equal(q->nremembered, 0);
	assert_int_equal(q->nsets, 0);
	assert_string_equal(q->output, "{\"first\":\"one\"}");
	db = open_db(NULL, "other", 1);
	assert_true(RUN_WITH(SPEC(.receipt = "k"), "INSERT INTO t VALUES (3)")->replayed);
	sqlc_close(db);
	db = here;
	assert_sql("1", "SELECT count(*) FROM t");
	assert_int_equal(stat_value(STAT_sql_replayed), 2);
}

static void
what_is_not_remembered_is_undone(void **state)
{
	struct asked q = { .forget = true }, c = { .cancel_in_remember = true };

	(void)state;
	START(db, &q, SPEC(.receipt = "k"), "INSERT INTO t VALUES (1) RETURNING a");
	run_until(&q.done);
	assert_ok(&q);
	assert_string_equal(q.first, "1");
	assert_null(q.output);
	assert_false(q.replayed);
	START(db, &c, SPEC(.receipt = "k"), "INSERT INTO t VALUES (1) RETURNING a");
	run_until(&c.remembered);
	assert_ok(RUN("SELECT 1"));
	assert_int_equal(c.nanswers, 0);
	assert_int_equal(c.nremembered, 1);
	assert_sql("0", "SELECT count(*) FROM t");
	assert_sql("0", "SELECT count(*) FROM pawl.effect");
	asked_fini(&q);
}

static void
a_failure_leaves_no_receipt(void **state)
{
	(void)state;
	assert_result(RUN_WITH(SPEC(.receipt = "k"), "SELECT 1", "SELECT 1/0"), PAWL_SQL_ERROR,
	    "22012", "division");
	assert_sql("0", "SELECT count(*) FROM pawl.effect");
	assert_false(RUN_WITH(SPEC(.receipt = "k"), "SELECT 1")->replayed);
}

static void
a_receipt_may_hold_nothing(void **state)
{
	const struct pawl_sql_call c = { .size = sizeof c, .receipt = "k" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct asked q = { 0 };

		sqlc_start(db, &c, NULL, answered, &q);
		run_until(&q.done);
		assert_ok(&q);
		assert_int_equal(q.replayed, i);
		assert_string_equal(q.output, "null");
		asked_fini(&q);
	}
}

static void
the_same_key_at_the_same_time_is_done_once(void **state)
{
	enum { N = 8 };
	struct sqlc *pools[2] = { db, open_db(NULL, "other", 3) };
	struct asked q[N] = { { 0 } };
	int replayed = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		START(pools[i % 2], &q[i], SPEC(.receipt = "same"),
		    "INSERT INTO t SELECT coalesce(max(a), 0) + 1 FROM t",
		    "SELECT 'x' FROM pg_sleep(0.05)");
	for (int i = 0; i < N; i++) {
		run_until(&q[i].done);
		assert_ok(&q[i]);
		assert_string_equal(q[i].output, "{\"first\":\"x\"}");
		replayed += q[i].replayed;
		asked_fini(&q[i]);
	}
	assert_int_equal(replayed, N - 1);
	assert_sql("1", "SELECT count(*) FROM t");
	sqlc_close(pools[1]);
}

static void
terminate_backends(const char *plugin, const char *query)
{
	char *pids = sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
			 "WHERE application_name = 'pawl %s' AND query LIKE '%%%s%%'",
	    plugin, query);

	assert_string_equal(pids, "1");
	free(pids);
}

static void
a_connection_that_is_cut_during_the_statements_is_replaced(void **state)
{
	struct asked q = { 0 }, r = { 0 };

	(void)state;
	free(sql("CREATE SEQUENCE calls"));
	/* sleeps the first time only: sequences are not rolled back */
	START(db, &q, SPEC(.receipt = "k"), "INSERT INTO t VALUES (1) RETURNING 'x'",
	    "SELECT CASE nextval('calls') WHEN 1 THEN pg_sleep(600)::text ELSE 'again' END");
	await_sql("1", "SELECT last_value FROM calls WHERE is_called");
	await_sql("1",
	    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%nextval%' "
	    "AND pid <> pg_backend_pid() AND state = 'active'");
	terminate_backends("test", "nextval");
	run_until(&q.done);
	assert_ok(&q);
	assert_false(q.replayed);
	assert_string_equal(q.output, "{\"first\":\"again\"}");
	assert_sql("1", "SELECT count(*) FROM t");
	free(sql("ALTER SEQUENCE calls RESTART"));
	/* and without a receipt: nothing was committed, so it may be done again as well */
	START(db, &r, SPEC(), "INSERT INTO t VALUES (2)",
	    "SELECT CASE nextval('calls') WHEN 1 THEN pg_sleep(600)::text ELSE 'again' END");
	await_sql("1",
	    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%nextval%' "
	    "AND pid <> pg_backend_pid() AND state = 'active'");
	terminate_backends("test", "nextval");
	run_until(&r.done);
	assert_ok(&r);
	assert_sql("2", "SELECT count(*) FROM t");
	free(sql("DROP SEQUENCE calls"));
	asked_fini(&q);
	asked_fini(&r);
}

/* A COMMIT that sleeps the first time: a deferred trigger does it. */
static void
make_commits_sleep(void)
{
	free(sql(
	    "CREATE SEQUENCE commits; CREATE TABLE slow (a integer); "
	    "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	    "IF nextval('commits') = 1 THEN PERFORM pg_sleep(600); END IF; RETURN NULL; END $$; "
	    "CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED "
	    "FOR EACH ROW EXECUTE FUNCTION slowly()"));
}

static void
unmake_commits_sleep(void)
{
	free(sql("DROP TABLE slow; DROP FUNCTION slowly; DROP SEQUENCE commits"));
}

static void
await_commit(void)
{
	await_sql("1",
	    "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT;' || chr(10) "
	    "AND wait_event = 'PgSleep'");
}

static void
a_connection_that_is_cut_during_the_commit_leaves_it_to_the_receipt(void **state)
{
	struct asked q = { 0 }, r = { 0 };

	(void)state;
	make_commits_sleep();
	START(db, &q, SPEC(.receipt = "k"), "INSERT INTO slow VALUES (1) RETURNING 'x'");
	await_commit();
	terminate_backends("test", "COMMIT");
	run_until(&q.done);
	assert_ok(&q);
	assert_false(q.replayed);
	assert_int_equal(q.nremembered, 2);
	assert_sql("1", "SELECT count(*) FROM slow");
	free(sql("ALTER SEQUENCE commits RESTART"));
	START(db, &r, SPEC(), "INSERT INTO slow VALUES (2)");
	await_commit();
	terminate_backends("test", "COMMIT");
	run_until(&r.done);
	assert_result(&r, PAWL_SQL_LOST, "", "nobody knows");
	assert_sql("1", "SELECT count(*) FROM slow");
	unmake_commits_sleep();
	asked_fini(&q);
	asked_fini(&r);
}

static void
a_cancel_during_the_commit_lets_it_be_done(void **state)
{
	struct asked q = { 0 };

	(void)state;
	make_commits_sleep();
	START(db, &q, SPEC(.receipt = "k"), "INSERT INTO slow VALUES (1) RETURNING 'x'");
	await_commit();
	sqlc_cancel(db, q.id);
	assert_ok(RUN("SELECT 1"));
	free(sql(
	    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"));
	await_sql("0", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
	assert_ok(RUN("SELECT 1"));
	assert_int_equal(q.nanswers, 0);
	unmake_commits_sleep();
}

#ifdef PAWL_FAILPOINTS_ENABLED
/* main() arms the points; each of them cuts the connection once. */
static void
the_effect_is_there_once_wherever_the_connection_is_lost(void **state)
{
	struct asked *q;

	(void)state;
	q = RUN_WITH(SPEC(.receipt = "first"), "INSERT INTO t VALUES (1) RETURNING 'x'");
	assert_ok(q);
	assert_true(q->nremembered >= 1);
	assert_string_equal(q->output, "{\"first\":\"x\"}");
	assert_sql("1", "SELECT count(*) FROM t");
	q = RUN_WITH(SPEC(.receipt = "second"), "INSERT INTO t VALUES (2) RETURNING 'y'");
	assert_ok(q);
	assert_true(q->replayed); /* the COMMIT was answered, and nobody heard */
	assert_string_equal(q->output, "{\"first\":\"y\"}");
	assert_sql("2", "SELECT count(*) FROM t");
	assert_sql("2", "SELECT count(*) FROM pawl.effect");
}
#endif

/* --- other databases -------------------------------------------------------------------------- */

static void
another_database_gets_its_receipts_when_the_first_is_needed(void **state)
{
	char *conninfo = new_database("orders", "");
	struct sqlc *here = db, *both[2];
	struct asked q[2] = { { 0 } };

	(void)state;
	both[0] = open_db(conninfo, "test", 1);
	both[1] = open_db(conninfo, "other", 1);
	db = both[0];
	assert_ok(RUN("CREATE TABLE t (a text)"));
	assert_string_equal(RUN("SELECT count(*) FROM pg_namespace WHERE nspname = 'pawl'")->first,
	    "0");
	for (int i = 0; i < 2; i++)
		START(both[i], &q[i], SPEC(.receipt = "k"),
		    "INSERT INTO t VALUES ('x') RETURNING a");
	for (int i = 0; i < 2; i++) {
		run_until(&q[i].done);
		assert_ok(&q[i]);
		asked_fini(&q[i]);
	}
	assert_int_equal(q[0].replayed + q[1].replayed, 1);
	assert_string_equal(RUN("SELECT count(*) FROM t")->first, "1");
	/* the tables are those of pawld's own database, comments included */
	{
		static const char definition[] =
		    "SELECT string_agg(attname || atttypid || attnotnull || attcollation || "
		    "col_description(attrelid, attnum), ',' ORDER BY attrelid::regclass::text, attnum) "
		    "FROM pg_attribute WHERE attnum > 0 AND attrelid IN ('pawl.effect'::regclass, "
		    "'pawl.plugin_schema'::regclass)";
		char *own = sql("%s", definition);

		assert_string_equal(RUN(definition)->first, own);
		free(own);
	}
	/* somebody takes it away: one failure, then it is made again */
	assert_ok(RUN("DROP TABLE pawl.effect"));
	assert_result(RUN_WITH(SPEC(.receipt = "l"), "SELECT 1"), PAWL_SQL_ERROR, "42P01", "");
	assert_ok(RUN_WITH(SPEC(.receipt = "l"), "SELECT 1"));
	sqlc_close(both[0]);
	sqlc_close(both[1]);
	db = here;
	free(conninfo);
}

static void
who_may_not_make_the_table_hears_what_to_do(void **state)
{
	char *conninfo = new_database("locked", ""), *as;
	struct sqlc *here = db;
	struct asked *q;

	(void)state;
	free(sql("CREATE ROLE clerk LOGIN PASSWORD 'x'"));
	as = xasprintf("%s user=clerk password=x", conninfo);
	db = open_db(as, "test", 1);
	assert_ok(RUN("SELECT 1"));
	q = RUN_WITH(SPEC(.receipt = "k"), "SELECT 1");
	assert_result(q, PAWL_SQL_ERROR, "42501", "let an administrator run: CREATE SCHEMA");
	assert_non_null(strstr(q->message, "TO \"clerk\""));
	{
		PGconn *conn = PQconnectdb(conninfo);

		PQclear(PQexec(conn, "CREATE SCHEMA IF NOT EXISTS pawl"));
		PQclear(PQexec(conn, "GRANT USAGE, CREATE ON SCHEMA pawl TO \"clerk\""));
		PQfinish(conn);
	}
	assert_ok(RUN_WITH(SPEC(.receipt = "k"), "SELECT 1"));
	assert_true(RUN_WITH(SPEC(.receipt = "k"), "SELECT 1")->replayed);
	sqlc_close(db);
	db = here;
	free(as);
	free(conninfo);
}

static void
a_receipt_holds_what_the_encoding_of_its_database_cannot(void **state)
{
	char *conninfo = new_database("latin", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
	struct sqlc *here = db;

	(void)state;
	db = open_db(conninfo, "test", 1);
	/* the only text that brings such characters is one that does not go through the server */
	assert_string_equal(RUN_WITH(SPEC(.receipt = "k"), "SELECT 'caf\xc3\xa9'")->output,
	    "{\"first\":\"caf\xc3\xa9\"}");
	assert_string_equal(RUN_WITH(SPEC(.receipt = "k"), "SELECT 1")->output,
	    "{\"first\":\"caf\xc3\xa9\"}");
	assert_string_equal(RUN("SELECT answer FROM pawl.effect")->first,
	    "{\"first\":\"caf\\u00e9\"}");
	sqlc_close(db);
	db = here;
	free(conninfo);
}

static void
what_is_said_is_utf8_whatever_the_server_speaks(void **state)
{
	char *conninfo = new_database("ascii", "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"),
	     *latin = xasprintf("%s user=caf\xe9", conninfo);
	struct sqlc *here = db;
	struct asked *q;

	(void)state;
	db = open_db(conninfo, "test", 1);
	assert_result(RUN("SELECT convert_from('\\x41ff', 'SQL_ASCII')"), PAWL_SQL_ERROR, "22021",
	    "0xff");
	sqlc_close(db);
	db = open_db(latin, "test", 1);
	q = RUN_WITH(SPEC(.timeout_ms = 500), "SELECT 1");
	assert_result(q, PAWL_SQL_UNAVAILABLE, "", "caf\xef\xbf\xbd");
	sqlc_close(db);
	db = here;
	free(latin);
	free(conninfo);
}

static void
postgresql_may_be_restarted(void **state)
{
	char path[128], line[64];
	struct asked a = { 0 }, b = { 0 };
	FILE *f;
	pid_t pid;

	(void)state;
	assert_ok(RUN("SELECT 1"));
	snprintf(path, sizeof path, "%s/postgres/postmaster.pid", fixture_dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	fclose(f);
	pid = (pid_t)strtol(line, NULL, 10);
	laptop_watch(fixture_laptop, loop); /* starts it again */
	START(db, &a, SPEC(.receipt = "r", .timeout_ms = 50000), "INSERT INTO t VALUES (1)",
	    "SELECT pg_sleep(0.3)");
	for (int i = 0; i < 3; i++) { /* it works when the server goes */
		bool turn = true;

		run_until(&turn);
	}
	kill(pid, SIGKILL);
	START(db, &b, SPEC(.timeout_ms = 50000), "INSERT INTO t VALUES (2)");
	run_until(&a.done);
	run_until(&b.done);
	assert_ok(&a);
	assert_ok(&b);
	assert_sql("2", "SELECT count(*) FROM t");
	asked_fini(&a);
	asked_fini(&b);
}

/* --- old receipts -------------------------------------------------------------------------------- */

static void
receipts_that_nobody_needs_are_removed(void **state)
{
	static const char open_id[] = "01234567-89ab-7cde-8f01-23456789abcd";

	(void)state;
	free(sql("INSERT INTO pawl.open_execution (execution_id, machine_id, shard) VALUES ('%s', "
		 "'%s', 0)",
	    open_id, open_id));
	free(sql("WITH now AS (SELECT (extract(epoch FROM now()) * 1000)::bigint AS ms) "
		 "INSERT INTO pawl.effect (key, plugin, created_ms, answer) "
		 "SELECT k, 'test', ms - hours * 3600000::bigint, '{}' FROM now, (VALUES "
		 "('%s-7', 2), ('11234567-89ab-7cde-8f01-23456789abcd-7', 2), "
		 "('21234567-89ab-7cde-8f01-23456789abcd-7', 0), ('mine', 2), ('very old', 800)) "
		 "AS v (k, hours)",
	    open_id));
	/* more than a page of them */
	free(sql(
	    "INSERT INTO pawl.effect (key, plugin, created_ms) SELECT gen_random_uuid() || '-1', "
	    "'test', i %% 100 FROM generate_series(1, 12000) AS i"));
	sqlc_sweep(db);
	await_sql("01234567,21234567,mine",
	    "SELECT string_agg(left(key, 8), ',' ORDER BY key) FROM pawl.effect");
	free(sql("DELETE FROM pawl.open_execution"));
}

/* --- the plugin's tables ------------------------------------------------------------------------------ */

struct migrated {
	bool told;
	int ngood, nbad;
	char *why;
};

static void
migrated(void *arg, const char *why)
{
	struct migrated *m = arg;

	m->told = true;
	if (why == NULL)
		m->ngood++;
	else
		m->nbad++;
	free(m->why);
	m->why = why != NULL ? xstrdup(why) : NULL;
}

static void
two_nodes_bring_a_schema_up_to_date_once(void **state)
{
	static const char *const steps[] = { "CREATE TABLE work (a integer)",
		"INSERT INTO work SELECT 1 FROM pg_sleep(0.1)", "ALTER TABLE work ADD b integer" };
	struct sqlc *nodes[2] = { db, open_db(NULL, "test", 1) };
	struct migrated m[2] = { { 0 } };
	struct asked q[2] = { { 0 } };
	struct sqlc *here = db;

	(void)state;
	for (int i = 0; i < 2; i++) {
		sqlc_migrate(nodes[i], steps, 2, migrated, &m[i]);
		START(nodes[i], &q[i], SPEC(), "INSERT INTO work VALUES (2)");
	}
	for (int i = 0; i < 2; i++) {
		run_until(&m[i].told);
		assert_int_equal(m[i].ngood, 1);
		run_until(&q[i].done);
		assert_ok(&q[i]); /* it waited for the table */
		asked_fini(&q[i]);
	}
	assert_sql("2", "SELECT steps FROM pawl.plugin_schema WHERE plugin = 'test'");
	assert_sql("3", "SELECT count(*) FROM work");
	m[0].told = false;
	sqlc_migrate(nodes[0], steps, 3, migrated, &m[0]);
	run_until(&m[0].told);
	assert_ok(RUN("INSERT INTO work VALUES (3, 4)"));
	m[1].told = false; /* an older one: nothing to do */
	sqlc_migrate(nodes[1], steps, 2, migrated, &m[1]);
	run_until(&m[1].told);
	db = nodes[1];
	assert_ok(RUN("SELECT b FROM work"));
	db = here;
	assert_sql("3", "SELECT steps FROM pawl.plugin_schema WHERE plugin = 'test'");
	assert_int_equal(m[0].nbad + m[1].nbad, 0);
	sqlc_close(nodes[1]);
	free(sql("DROP TABLE work"));
}

static void
a_schema_that_cannot_be_brought_up_to_date_is_tried_again(void **state)
{
	static const char *const steps[] = { "CREATE TABLE made (a integer)",
		"INSERT INTO missing VALUES (1)" };
	struct migrated m = { 0 };
	struct asked q = { 0 };

	(void)state;
	sqlc_migrate(db, steps, 2, migrated, &m);
	START(db, &q, SPEC(), "SELECT 1");
	run_until(&m.told);
	assert_non_null(strstr(m.why, "step 2"));
	assert_non_null(strstr(m.why, "\"missing\" does not exist"));
	run_until(&q.done);
	assert_result(&q, PAWL_SQL_UNAVAILABLE, "", "step 2");
	assert_sql("t", "SELECT to_regclass('made') IS NULL");
	free(sql("CREATE TABLE missing (a integer)"));
	m.told = false;
	run_until(&m.told);
	assert_null(m.why);
	assert_ok(RUN("SELECT a FROM made"));
	free(sql("DROP TABLE made, missing"));
	asked_fini(&q);
}

static void
a_schema_goes_on_where_its_connection_was_cut(void **state)
{
	static const char *const steps[] = { "CREATE TABLE cut (a integer)",
		"SELECT CASE nextval('cuts') WHEN 1 THEN pg_sleep(600)::text END" };
	struct migrated m = { 0 };

	(void)state;
	free(sql("CREATE SEQUENCE cuts"));
	sqlc_migrate(db, steps, 2, migrated, &m);
	await_sql("1", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
	terminate_backends("test", "nextval");
	run_until(&m.told);
	assert_null(m.why);
	assert_ok(RUN("SELECT a FROM cut"));
	free(sql("DROP TABLE cut; DROP SEQUENCE cuts"));
}

/* --- notifications ---------------------------------------------------------------------------------- */

struct heard {
	bool some;
	int n, nmissed;
	char last[64];
};

static void
heard(void *arg, const char *payload)
{
	struct heard *h = arg;

	h->some = true;
	if (*payload == '\0')
		h->nmissed++;
	else
		h->n++;
	snprintf(h->last, sizeof h->last, "%s", payload);
}

static void
notifications_are_heard_and_missed_ones_announced(void **state)
{
	struct heard a = { 0 }, b = { 0 }, odd = { 0 };

	(void)state;
	sqlc_listen(db, "news", heard, &a);
	sqlc_listen(db, "news", heard, &b);
	run_until(&a.some);
	run_until(&b.some);
	assert_int_equal(a.nmissed, 1);
	sqlc_listen(db, "o\"dd Channel", heard, &odd);
	sqlc_listen(db, "", heard, &odd);
	run_until(&odd.some);
	a.some = odd.some = false;
	assert_ok(RUN("SELECT pg_notify('news', 'hello')"));
	free(sql("NOTIFY \"o\"\"dd Channel\", 'x'"));
	run_until(&a.some);
	run_until(&odd.some);
	assert_string_equal(a.last, "hello");
	assert_string_equal(odd.last, "x");
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(odd.n, 1);
	a.some = false;
	terminate_backends("test", "LISTEN");
	run_until(&a.some);
	assert_int_equal(a.nmissed, 2);
	a.some = false;
	free(sql("NOTIFY news, 'again'"));
	run_until(&a.some);
	assert_string_equal(a.last, "again");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
#ifdef PAWL_FAILPOINTS_ENABLED
		TEST(the_effect_is_there_once_wherever_the_connection_is_lost),
#endif
		TEST(results_are_texts_with_names_and_types),
		TEST(parameters_are_texts_or_null),
		TEST(texts_have_one_form_whatever_the_database_says),
		TEST(a_failure_says_which_statement_and_nothing_was_changed),
		TEST(a_commit_that_fails_changed_nothing),
		TEST(what_would_end_the_transaction_or_stay_with_the_connection_is_refused),
		TEST(the_kind_of_transaction_may_be_set_first),
		TEST(what_takes_too_long_is_ended_and_changes_nothing),
		TEST(results_that_are_too_large_change_nothing_and_keep_no_memory),
		TEST(what_waits_too_long_for_a_connection_says_so),
		TEST(too_many_calls_are_refused_and_the_others_served),
		TEST(a_cancelled_call_never_answers),
		TEST(it_may_be_closed_at_any_time),
		TEST(a_connection_string_that_makes_no_sense_is_refused_without_its_secrets),
		TEST(a_receipt_is_the_answer_the_second_time),
		TEST(what_is_not_remembered_is_undone),
		TEST(a_failure_leaves_no_receipt),
		TEST(a_receipt_may_hold_nothing),
		TEST(the_same_key_at_the_same_time_is_done_once),
		TEST(a_connection_that_is_cut_during_the_statements_is_replaced),
		TEST(a_connection_that_is_cut_during_the_commit_leaves_it_to_the_receipt),
		TEST(a_cancel_during_the_commit_lets_it_be_done),
		TEST(another_database_gets_its_receipts_when_the_first_is_needed),
		TEST(who_may_not_make_the_table_hears_what_to_do),
		TEST(a_receipt_holds_what_the_encoding_of_its_database_cannot),
		TEST(what_is_said_is_utf8_whatever_the_server_speaks),
		TEST(receipts_that_nobody_needs_are_removed),
		TEST(two_nodes_bring_a_schema_up_to_date_once),
		TEST(a_schema_that_cannot_be_brought_up_to_date_is_tried_again),
		TEST(a_schema_goes_on_where_its_connection_was_cut),
		TEST(notifications_are_heard_and_missed_ones_announced),
		TEST(postgresql_may_be_restarted),
	};

	/* hits count from the first test on: each point cuts the first receipt, the last one the second */
	setenv("PAWL_FAILPOINTS",
	    "sql.effect_sent=fail@1,sql.effect_done=fail@1,sql.commit_sent=fail@1,"
	    "sql.commit_received=fail@1",
	    1);
	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
