/*
 * Reading: rows, lists by page, journals from their latest snapshot, pages of a history, an absent server.
 */
#include "store_fixture.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "store/read.h"

#define MACHINE "00000000-0000-7000-8000-00000000000a"

static struct store *store;
static int owned;
static bool up, answered;

static void
claimed(void *arg, int32_t shard)
{
	(void)arg;
	(void)shard;
	up = ++owned == STORE_SHARDS;
}

static void
lost(void *arg, const struct shard_set *set)
{
	(void)arg;
	owned -= set->n;
	up = false;
}

static char *conninfo; /* NULL = the fixture's */

static int
setup(void **state)
{
	const struct store_options o = { .conninfo = conninfo != NULL
		    ? conninfo
		    : laptop_conninfo(fixture_laptop),
		.node_name = "reader",
		.writers = 1,
		.readers = 2,
		.batch_max = 100 };
	const struct store_events ev = { .shard_claimed = claimed, .shards_lost = lost };

	(void)state;
	loop = loop_new();
	owned = 0;
	up = answered = false;
	store = store_open(loop, &o, &ev);
	run_until(&up);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	store_close(store);
	loop_free(loop);
	return 0;
}

static int
group_setup(void **state)
{
	if (fixture_start(state) != 0)
		return -1;
	free(sql("INSERT INTO pawl.machine (id, name, type, created_ms) VALUES ('" MACHINE
		 "', 'M', 'STANDARD', 1)"));
	/* ten executions; 3, 6 and 9 are open; ids in order of start; shard = number */
	free(sql(
	    "INSERT INTO pawl.execution (shard, id, machine_id, revision, name, status, start_ms, stop_ms, input, "
	    "output) SELECT n, ('00000000-0000-7000-8000-0000000001' || lpad(n::text, 2, '0'))::uuid, '" MACHINE
	    "', 1, "
	    "'x' || n, CASE WHEN n %% 3 = 0 THEN 'RUNNING' ELSE 'SUCCEEDED' END, 1000 + n, "
	    "CASE WHEN n %% 3 <> 0 THEN 2000 + n END, '{\"n\":' || n || '}', CASE WHEN n %% 3 <> 0 THEN n::text END "
	    "FROM generate_series(1, 10) AS n"));
	free(sql(
	    "INSERT INTO pawl.open_execution (shard, execution_id, machine_id, wake_at, offered) SELECT shard, id, "
	    "machine_id, CASE name WHEN 'x6' THEN 77 WHEN 'x9' THEN 9223372036854775807 END, "
	    "CASE name WHEN 'x6' THEN '[[\"a\",3,5,false]]' END "
	    "FROM pawl.execution WHERE status = 'RUNNING'"));
	/* x3: rows of two events each, a snapshot without events at seq 4 and 7 */
	free(sql(
	    "INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record) "
	    "SELECT 3, '00000000-0000-7000-8000-000000000103', n, "
	    "1 + 2 * (n - (n > 4)::int - (n > 7)::int), CASE WHEN n IN (4, 7) THEN 0 ELSE 2 END, n IN (4, 7), "
	    "'{\"seq\":' || n || '}' FROM generate_series(0, 9) AS n"));
	return 0;
}

static void
got_execution(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	assert_null(e);
	switch (ticket) {
	case 1:
		assert_string_equal(row->name, "x3");
		assert_string_equal(row->machine_name, "M");
		assert_string_equal(row->status, "RUNNING");
		assert_int_equal(row->shard, 3);
		assert_int_equal(row->start_ms, 1003);
		assert_int_equal(row->stop_ms, 0);
		assert_string_equal(row->input, "{\"n\":3}");
		assert_null(row->output);
		assert_int_equal(row->event_count, 16);
		assert_false(row->machine_deleting);
		break;
	case 2:
		assert_string_equal(row->output, "4");
		assert_int_equal(row->output_len, 1);
		assert_int_equal(row->stop_ms, 2004);
		assert_int_equal(row->event_count, 0);
		break;
	default:
		assert_null(row);
		break;
	}
	answered = true;
}

static void
ask_execution(uint64_t ticket, const char *machine, const char *name)
{
	answered = false;
	read_execution(store, machine, name, ticket, got_execution);
	assert_false(answered);
	run_until(&answered);
}

static void
an_execution_is_found_by_machine_and_name(void **state)
{
	struct uuid id;

	(void)state;
	ask_execution(1, "M", "x3");
	ask_execution(2, "M", "x4");
	ask_execution(3, "M", "unknown");
	ask_execution(3, "unknown", "x3");
	uuid_parse("00000000-0000-7000-8000-000000000103", 36, &id);
	answered = false;
	read_execution_by_id(store, 3, &id, 1, got_execution);
	run_until(&answered);
	answered = false;
	read_execution_by_id(store, 4, &id, 3, got_execution);
	run_until(&answered);
}

static struct buf names;
static bool list_more;
static struct uuid last_id;

static void
got_executions(uint64_t ticket, const struct execution_row *rows, size_t n, bool more,
    const struct err *e)
{
	(void)ticket;
	assert_null(e);
	buf_reset(&names);
	for (size_t i = 0; i < n; i++) {
		buf_addf(&names, "%s ", rows[i].name);
		assert_null(rows[i].input);
		last_id = rows[i].id;
	}
	list_more = more;
	answered = true;
}

static void
list(struct execution_filter *f, const char *expected, bool more)
{
	uuid_parse(MACHINE, 36, &f->machine_id);
	answered = false;
	read_executions(store, f, 0, got_executions);
	run_until(&answered);
	assert_string_equal(buf_text(&names), expected);
	assert_int_equal(list_more, more);
}

static void
lists_are_newest_first_and_go_on_after_the_last_row(void **state)
{
	struct execution_filter f = { .redriven = -1, .limit = 4 };

	(void)state;
	buf_init(&names, BUF_UNLIMITED);
	list(&f, "x10 x9 x8 x7 ", true);
	f.after_set = true;
	f.after_id = last_id;
	list(&f, "x6 x5 x4 x3 ", true);
	f.after_id = last_id;
	list(&f, "x2 x1 ", false);
	f = (struct execution_filter){ .redriven = -1, .limit = 2, .status = "RUNNING" };
	list(&f, "x9 x6 ", true);
	f.after_set = true;
	f.after_id = last_id;
	list(&f, "x3 ", false);
	f = (struct execution_filter){ .redriven = -1, .limit = 7, .status = "SUCCEEDED" };
	list(&f, "x10 x8 x7 x5 x4 x2 x1 ", false);
	f = (struct execution_filter){ .redriven = 1, .limit = 7 };
	list(&f, "", false);
	f = (struct execution_filter){ .redriven = 0, .limit = 1 };
	list(&f, "x10 ", true);
	buf_fini(&names);
}

static void
got_rows(uint64_t ticket, const struct journal_row *rows, size_t n, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	buf_reset(&names);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i].record_len, strlen(rows[i].record));
		buf_addf(&names, "%s@%lld+%d%s ", rows[i].record, (long long)rows[i].first_event_id,
		    (int)rows[i].event_count, rows[i].snapshot ? "!" : "");
	}
	answered = true;
}

static void
a_journal_is_loaded_from_its_latest_snapshot(void **state)
{
	struct uuid id;

	(void)state;
	buf_init(&names, BUF_UNLIMITED);
	uuid_parse("00000000-0000-7000-8000-000000000103", 36, &id);
	read_journal(store, 3, &id, 0, got_rows);
	run_until(&answered);
	assert_string_equal(buf_text(&names),
	    "{\"seq\":7}@13+0! {\"seq\":8}@13+2 {\"seq\":9}@15+2 ");
	answered = false;
	read_journal(store, 4, &id, 0, got_rows);
	run_until(&answered);
	assert_string_equal(buf_text(&names), "");
	buf_fini(&names);
}

static void
a_page_of_the_history_is_the_rows_that_touch_it(void **state)
{
	struct uuid id;

	(void)state;
	buf_init(&names, BUF_UNLIMITED);
	uuid_parse("00000000-0000-7000-8000-000000000103", 36, &id);
	read_history(store, 3, &id, 8, 9, 0, got_rows);
	run_until(&answered);
	assert_string_equal(buf_text(&names), "{\"seq\":3}@7+2 {\"seq\":5}@9+2 ");
	answered = false;
	read_history(store, 3, &id, 17, 99, 0, got_rows);
	run_until(&answered);
	assert_string_equal(buf_text(&names), "");
	buf_fini(&names);
}

static void
got_open(uint64_t ticket, const struct open_row *rows, size_t n, const struct err *e)
{
	assert_null(e);
	assert_int_equal(n, ticket == 4 ? 0 : 1);
	if (ticket == 3)
		assert_false(rows[0].asleep);
	if (ticket == 6) {
		assert_true(rows[0].asleep && rows[0].wake_at_ms == 77);
		assert_string_equal(rows[0].offered, "[[\"a\",3,5,false]]");
	} else if (ticket != 4) {
		assert_null(rows[0].offered);
	}
	if (ticket == 9)
		assert_true(rows[0].asleep && rows[0].wake_at_ms == INT64_MAX);
	answered = true;
}

static void
a_claimed_shard_says_what_is_open_and_what_sleeps(void **state)
{
	(void)state;
	for (int32_t shard = 3; shard <= 9; shard++) {
		if (shard % 3 != 0 && shard != 4)
			continue;
		answered = false;
		read_open(store, shard, (uint64_t)shard, got_open);
		run_until(&answered);
	}
}

static int expected_answers;
static bool all_answered;

static void
counted(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	(void)ticket;
	assert_null(e);
	assert_non_null(row);
	all_answered = --expected_answers == 0;
}

static void
questions_survive_the_loss_of_their_connections(void **state)
{
	(void)state;
	expected_answers = 500;
	all_answered = false;
	for (int i = 0; i < 500; i++)
		read_execution(store, "M", "x3", 0, counted);
	free(sql(
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pawld reader'"));
	run_until(&all_answered);
}

static void
refused(uint64_t ticket, const struct execution_row *row, const struct err *e)
{
	assert_null(row);
	assert_non_null(e);
	assert_string_equal(e->name, "ServiceUnavailable");
	all_answered = --expected_answers == 0;
	(void)ticket;
}

static void
while_postgres_is_away_questions_fail_as_unavailable_and_soon_at_once(void **state)
{
	int64_t begun;

	(void)state;
	laptop_stop(fixture_laptop);
	all_answered = false;
	expected_answers = 3;
	for (int i = 0; i < 3; i++)
		read_execution(store, "M", "x3", 0, refused);
	assert_int_equal(expected_answers, 3);
	run_until(&all_answered);
	assert_false(store_is_up(store));
	begun = clock_mono_ms();
	all_answered = false;
	expected_answers = 1;
	read_execution(store, "M", "x3", 0, refused);
	assert_int_equal(expected_answers, 1);
	run_until(&all_answered);
	assert_true(clock_mono_ms() - begun < 1000);

	/* and it goes on by itself when it is back */
	fixture_laptop = laptop_start(&(struct laptop_options){ .data_dir = fixture_dir,
					  .postgres_bin = getenv("PAWL_PG_BIN") },
	    NULL);
	assert_non_null(fixture_laptop);
	run_until(&up);
	ask_execution(1, "M", "x3");
	assert_true(store_is_up(store));
}

static int silent = -1;

/* The first host takes connections and says nothing, as a machine that hangs. */
static int
silent_setup(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof a;
	char *port = sql("SHOW port");
	int rc;

	silent = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(silent, (struct sockaddr *)&a, len) != 0 || listen(silent, 64) != 0 ||
	    getsockname(silent, (struct sockaddr *)&a, &len) != 0)
		return -1;
	conninfo = xasprintf("%s host=127.0.0.1,%s/run port=%d,%s", laptop_conninfo(fixture_laptop),
	    fixture_dir, ntohs(a.sin_port), port);
	rc = setup(state);
	free(port);
	return rc;
}

static int
silent_teardown(void **state)
{
	int rc = teardown(state);

	close(silent);
	free(conninfo);
	conninfo = NULL;
	return rc;
}

static void
a_host_that_says_nothing_does_not_keep_from_the_next(void **state)
{
	(void)state; /* connecting was the test */
	ask_execution(1, "M", "x3");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_execution_is_found_by_machine_and_name),
		TEST(lists_are_newest_first_and_go_on_after_the_last_row),
		TEST(a_journal_is_loaded_from_its_latest_snapshot),
		TEST(a_page_of_the_history_is_the_rows_that_touch_it),
		TEST(a_claimed_shard_says_what_is_open_and_what_sleeps),
		TEST(questions_survive_the_loss_of_their_connections),
		cmocka_unit_test_setup_teardown(
		    a_host_that_says_nothing_does_not_keep_from_the_next, silent_setup,
		    silent_teardown),
		TEST(while_postgres_is_away_questions_fail_as_unavailable_and_soon_at_once),
	};

	return cmocka_run_group_tests(tests, group_setup, fixture_stop);
}
