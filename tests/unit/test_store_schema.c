/*
 * The schema: migrated once, every query can be prepared on it, everything has its comment.
 */
#include "store_fixture.h"

#include "store/query.h"

static void
migrating_again_changes_nothing(void **state)
{
	struct err e = ERR_INIT;
	char *before = sql("SELECT count(*) || ' ' || max(applied) FROM pawl.schema_version"),
	     *after;

	(void)state;
	assert_int_equal(store_migrate(laptop_conninfo(fixture_laptop), 10000, &e), 0);
	after = sql("SELECT count(*) || ' ' || max(applied) FROM pawl.schema_version");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void
every_query_can_be_prepared_on_a_fresh_schema(void **state)
{
	PGconn *conn = PQconnectdb(laptop_conninfo(fixture_laptop));

	(void)state;
	for (int q = 0; q < QUERY_COUNT; q++) {
		PGresult *r = PQprepare(conn, query_table[q].name, query_table[q].text, 0, NULL),
			 *d;

		if (PQresultStatus(r) != PGRES_COMMAND_OK)
			fail_msg("%s: %s", query_table[q].name, PQresultErrorMessage(r));
		d = PQdescribePrepared(conn, query_table[q].name);
		if (PQnparams(d) != query_table[q].nparams)
			fail_msg("%s has %d parameters, not %d", query_table[q].name, PQnparams(d),
			    query_table[q].nparams);
		PQclear(d);
		PQclear(r);
	}
	PQfinish(conn);
}

/* The plan of a query as it is made, and kept, while the tables are empty. */
static char *
plan_of(enum query session, enum query q)
{
	PGconn *conn = PQconnectdb(laptop_conninfo(fixture_laptop));
	struct buf b;
	PGresult *r;

	PQclear(PQexec(conn, query_table[session].text));
	buf_init(&b, BUF_UNLIMITED);
	buf_addf(&b, "PREPARE q AS %s", query_table[q].text);
	PQclear(PQexec(conn, buf_text(&b)));
	buf_reset(&b);
	buf_adds(&b, "EXPLAIN (COSTS off) EXECUTE q(");
	for (int i = 0; i < query_table[q].nparams; i++)
		buf_adds(&b, i > 0 ? ", NULL" : "NULL");
	buf_adds(&b, ")");
	r = PQexec(conn, buf_text(&b));
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", query_table[q].name, PQresultErrorMessage(r));
	buf_reset(&b);
	for (int i = 0; i < PQntuples(r); i++)
		buf_addf(&b, "%s\n", PQgetvalue(r, i, 0));
	PQclear(r);
	PQfinish(conn);
	return buf_steal(&b, NULL);
}

static void
assert_plan(enum query session, enum query q, const char *with)
{
	char *plan = plan_of(session, q);

	if (strstr(plan, "Seq Scan") != NULL || strstr(plan, with) == NULL)
		fail_msg("%s has the plan\n%s", query_table[q].name, plan);
	free(plan);
}

static void
plans_that_are_made_on_empty_tables_are_good_for_full_ones(void **state)
{
	(void)state;
	/* writers */
	assert_plan(QUERY_session_writer, QUERY_batch_start, "hashed SubPlan");
	assert_plan(QUERY_session_writer, QUERY_batch_close,
	    "Index Cond: ((shard = u.shard) AND (id = u.id))");
	assert_plan(QUERY_session_writer, QUERY_batch_close,
	    "Index Cond: ((shard = u_1.shard) AND (execution_id = u_1.id))");
	assert_plan(QUERY_session_writer, QUERY_batch_sleep,
	    "Index Cond: ((shard = u.shard) AND (execution_id = u.id))");
	assert_plan(QUERY_session_place, QUERY_place_start, "Index Cond: (machine_id = $1)");
	assert_plan(QUERY_session_place, QUERY_place_start, "Index Cond: (waits_for = $1)");
	assert_plan(QUERY_session_place, QUERY_place_start,
	    "Index Cond: ((machine_id = $1) AND (name >= $6) AND (name <= $6))");
	assert_plan(QUERY_session_place, QUERY_place_admit, "Index Cond: (waits_for = $1)");
	assert_plan(QUERY_session_place, QUERY_place_admit,
	    "Index Cond: ((shard = due.shard) AND (execution_id = due.execution_id))");
	/* readers */
	assert_plan(QUERY_session_reader, QUERY_execution_by_name,
	    "Index Cond: ((machine_id = m.id) AND (name >= $2) AND (name <= $2))");
	assert_plan(QUERY_session_reader, QUERY_execution_by_id,
	    "Index Cond: ((shard = $1) AND (id = $2))");
	assert_plan(QUERY_session_reader, QUERY_execution_list,
	    "Index Scan Backward using execution_by_machine");
	assert_plan(QUERY_session_reader, QUERY_execution_list_running,
	    "Index Scan Backward using open_execution_by_machine");
	assert_plan(QUERY_session_reader, QUERY_journal_load,
	    "Index Cond: ((shard = $1) AND (execution_id = $2) AND (seq >= ");
	assert_plan(QUERY_session_reader, QUERY_journal_events,
	    "Index Cond: ((shard = $1) AND (execution_id = $2) AND (seq >= ");
	assert_plan(QUERY_session_reader, QUERY_nested_abandoned, "(seq >= ");
	assert_plan(QUERY_session_reader, QUERY_shard_open, "Index Cond: (shard = $1)");
	assert_plan(QUERY_session_retention, QUERY_retention_expire,
	    "Index Cond: ((shard = $1) AND (id > $2) AND (id < $3))");
	assert_plan(QUERY_session_retention, QUERY_retention_expire, "Tid Scan on execution e");
	assert_plan(QUERY_session_retention, QUERY_retention_purge,
	    "Index Cond: ((shard = x.shard) AND (execution_id = x.execution_id) AND (seq > ");
	assert_plan(QUERY_session_retention, QUERY_retention_purge, "Tid Scan on journal j");
	assert_plan(QUERY_session_retention, QUERY_retention_forget, "Index Cond: (shard = $1)");
	assert_plan(QUERY_session_reader, QUERY_machine_by_name, "Index Cond: (name = $1)");
}

static void
a_newer_schema_is_refused_with_a_sentence(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	free(sql(
	    "INSERT INTO pawl.schema_version (version, name) VALUES (9999, 'from the future')"));
	assert_int_equal(store_migrate(laptop_conninfo(fixture_laptop), 10000, &e), -1);
	assert_non_null(strstr(err_cause(&e), "version 9999"));
	assert_non_null(strstr(err_cause(&e), "newer pawld"));
	err_fini(&e);
	free(sql("DELETE FROM pawl.schema_version WHERE version = 9999"));
}

static void
a_database_that_is_not_utf8_is_refused(void **state)
{
	struct err e = ERR_INIT;
	char *conninfo = xasprintf("%s dbname=latin", laptop_conninfo(fixture_laptop));

	(void)state;
	free(sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"));
	assert_int_equal(store_migrate(conninfo, 10000, &e), -1);
	assert_non_null(strstr(err_cause(&e), "LATIN1"));
	err_fini(&e);
	free(conninfo);
	free(sql("DROP DATABASE latin"));
}

static void
a_database_that_is_away_is_an_error_after_the_time_that_was_given(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(store_migrate("host=/nonexistent dbname=none", 200, &e), -1);
	assert_non_null(strstr(err_cause(&e), "cannot be reached"));
	err_fini(&e);
}

static void
migrators_take_turns(void **state)
{
	struct err e = ERR_INIT;
	PGconn *other = PQconnectdb(laptop_conninfo(fixture_laptop));

	(void)state;
	PQclear(PQexec(other, query_table[QUERY_schema_lock].text));
	assert_int_equal(store_migrate(laptop_conninfo(fixture_laptop), 100, &e), -1);
	assert_non_null(strstr(err_cause(&e), "lock timeout"));
	err_fini(&e);
	PQfinish(other);
	assert_int_equal(store_migrate(laptop_conninfo(fixture_laptop), 10000, &e), 0);
}

static void
every_table_view_and_column_has_its_comment(void **state)
{
	(void)state;
	assert_sql("",
	    "SELECT string_agg(c.relname, ' ') FROM pg_class c WHERE c.relnamespace = 'pawl'::regnamespace "
	    "AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL");
	assert_sql("",
	    "SELECT string_agg(c.relname || '.' || a.attname, ' ') FROM pg_class c "
	    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
	    "WHERE c.relnamespace = 'pawl'::regnamespace AND c.relkind IN ('r', 'v') "
	    "AND col_description(c.oid, a.attnum) IS NULL");
}

static void
records_are_compressed_with_lz4(void **state)
{
	(void)state;
	assert_sql("l",
	    "SELECT attcompression FROM pg_attribute WHERE attrelid = 'pawl.journal'::regclass "
	    "AND attname = 'record'");
}

static void
tables_say_how_they_are_vacuumed(void **state)
{
	(void)state;
	/* in portions that do not grow with the table */
	assert_sql("execution journal",
	    "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class "
	    "WHERE relnamespace = 'pawl'::regnamespace AND relkind = 'r' "
	    "AND reloptions @> '{autovacuum_vacuum_insert_scale_factor=0}'");
	assert_sql("{autovacuum_freeze_min_age=0}",
	    "SELECT array_agg(o) FROM pg_class, unnest(reloptions) AS o "
	    "WHERE oid = 'pawl.journal'::regclass AND o LIKE '%freeze%'");
	/* queues: early, without pauses */
	assert_sql("expired_execution open_execution signal start_request",
	    "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class "
	    "WHERE relnamespace = 'pawl'::regnamespace AND relkind = 'r' "
	    "AND reloptions @> '{autovacuum_vacuum_cost_delay=0,autovacuum_vacuum_scale_factor=0.02}'");
}

static void
the_views_show_events_tasks_and_summaries(void **state)
{
	(void)state;
	free(sql("INSERT INTO pawl.machine (id, name, type, created_ms) "
		 "VALUES ('00000000-0000-0000-0000-000000000001', 'Pay', 'STANDARD', 0)"));
	free(sql(
	    "INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, input) VALUES "
	    "(1, '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 1, 'x', 'RUNNING', "
	    "1700000000123, '{}')"));
	free(sql(
	    "INSERT INTO pawl.open_execution (shard, execution_id, machine_id, wake_at) VALUES "
	    "(1, '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 1700000001000)"));
	free(sql(
	    "INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record) "
	    "VALUES (1, '00000000-0000-0000-0000-000000000002', 0, 1, 2, false, "
	    "'{\"e\":[[\"ExecutionStarted\",0,1700000000123,{\"input\":\"\\u0000\\u0000 \\\\u0000 \\\\\\u0000\"}],"
	    "[\"TaskScheduled\",1,1700000000124,{\"resource\":\"invoke\"}]]}'), "
	    "(1, '00000000-0000-0000-0000-000000000002', 1, 3, 0, true, '{}')"));
	assert_sql("1 ExecutionStarted 0,2 TaskScheduled 1",
	    "SELECT string_agg(id || ' ' || type || ' ' || "
	    "previous_event_id, ',' ORDER BY id) FROM pawl.history_event WHERE machine = 'Pay' AND execution = 'x'");
	assert_sql("2023-11-14 22:13:20.123",
	    "SELECT happened AT TIME ZONE 'UTC' FROM pawl.history_event WHERE id = 1");
	assert_sql("{\"input\":\"\\ufffd\\ufffd \\\\u0000 \\\\\\ufffd\"}",
	    "SELECT details FROM pawl.history_event WHERE id = 1");
	assert_sql("Pay x 2 invoke",
	    "SELECT machine || ' ' || execution || ' ' || event_id || ' ' || "
	    "(details->>'resource') FROM pawl.open_task");
	assert_sql("Pay x RUNNING true 2",
	    "SELECT machine || ' ' || name || ' ' || status || ' ' || asleep || ' ' || "
	    "events FROM pawl.execution_summary");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrating_again_changes_nothing),
		cmocka_unit_test(every_query_can_be_prepared_on_a_fresh_schema),
		cmocka_unit_test(plans_that_are_made_on_empty_tables_are_good_for_full_ones),
		cmocka_unit_test(a_newer_schema_is_refused_with_a_sentence),
		cmocka_unit_test(a_database_that_is_not_utf8_is_refused),
		cmocka_unit_test(a_database_that_is_away_is_an_error_after_the_time_that_was_given),
		cmocka_unit_test(migrators_take_turns),
		cmocka_unit_test(every_table_view_and_column_has_its_comment),
		cmocka_unit_test(records_are_compressed_with_lz4),
		cmocka_unit_test(tables_say_how_they_are_vacuumed),
		cmocka_unit_test(the_views_show_events_tasks_and_summaries),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
