/*
 * store_fixture - a private PostgreSQL, a store on it, and helpers for its tests.
 *
 * Included by the test programs of core/store; each has its own server in a folder
 * of its own, which is removed at the end.
 */
#ifndef PAWL_TEST_STORE_FIXTURE_H
#define PAWL_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/commit.h"
#include "store/laptop.h"
#include "store/store.h"

static char fixture_dir[] = "/tmp/pawl-test-XXXXXX";
static struct laptop *fixture_laptop;
static struct loop *loop;

/* Runs the loop until *done is true; a test that waits for ever fails after a minute. */
static bool *fixture_until;
static struct loop_timer fixture_tick, fixture_limit;

static inline void
fixture_ticked(void *arg)
{
	(void)arg;
	if (*fixture_until)
		loop_stop(loop);
	else
		loop_timer_set(&fixture_tick, 1);
}

static inline void
fixture_too_late(void *arg)
{
	(void)arg;
	fprintf(stderr, "the test waited for a minute\n");
	abort();
}

static inline void
run_until(bool *done)
{
	fixture_until = done;
	loop_timer_init(loop, &fixture_tick, fixture_ticked, NULL);
	loop_timer_init(loop, &fixture_limit, fixture_too_late, NULL);
	loop_timer_set(&fixture_tick, 0);
	loop_timer_set(&fixture_limit, 60000);
	loop_run(loop);
	loop_timer_fini(&fixture_tick);
	loop_timer_fini(&fixture_limit);
}

/* One statement on a connection of its own; the first field of the first row, yours. */
static inline char *sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline char *
sql(const char *fmt, ...)
{
	PGconn *conn = PQconnectdb(laptop_conninfo(fixture_laptop));
	char text[4096], *out;
	PGresult *r;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r = PQexec(conn, text);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", text, PQresultErrorMessage(r));
	out = xstrdup(PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);
	PQfinish(conn);
	return out;
}

static inline void
assert_sql(const char *expected, const char *statement)
{
	char *got = sql("%s", statement);

	assert_string_equal(got, expected);
	free(got);
}

/* Runs the loop until the statement answers so. */
static inline void
await_sql(const char *expected, const char *statement)
{
	bool turn = true, is = false;

	for (int64_t end_ms = clock_mono_ms() + 60000; !is && clock_mono_ms() < end_ms;) {
		char *got;

		run_until(&turn);
		got = sql("%s", statement);
		is = strcmp(got, expected) == 0;
		free(got);
	}
	assert_true(is);
}

static inline int
fixture_start(void **state)
{
	const struct laptop_options o = { .data_dir = fixture_dir,
		.postgres_bin = getenv("PAWL_PG_BIN") };
	struct err e = ERR_INIT;

	(void)state;
	log_set_level(getenv("PAWL_TEST_VERBOSE") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	if (mkdtemp(fixture_dir) == NULL)
		return -1;
	if ((fixture_laptop = laptop_start(&o, &e)) == NULL ||
	    store_migrate(laptop_conninfo(fixture_laptop), 10000, &e) != 0) {
		fprintf(stderr, "%s\n", err_cause(&e));
		err_fini(&e);
		return -1;
	}
	return 0;
}

static inline int
fixture_stop(void **state)
{
	char command[128];

	(void)state;
	laptop_stop(fixture_laptop);
	snprintf(command, sizeof command, "rm -rf '%s'", fixture_dir);
	return system(command) == 0 ? 0 : -1;
}

#endif
