/*
 * The private PostgreSQL: made, started, stopped, and found again after every kind of crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "store/laptop.h"

static char root[] = "/tmp/pawl-laptop-XXXXXX";
static char *data_dir;

static struct laptop *
start(void)
{
	const struct laptop_options o = { .data_dir = data_dir,
		.postgres_bin = getenv("PAWL_PG_BIN") };
	struct err e = ERR_INIT;
	struct laptop *l = laptop_start(&o, &e);

	if (l == NULL)
		fail_msg("%s", err_cause(&e));
	return l;
}

static void
assert_refused(const struct laptop_options *o, const char *why)
{
	struct err e = ERR_INIT;
	struct laptop *l = laptop_start(o, &e);

	if (l != NULL)
		laptop_stop(l);
	assert_null(l);
	if (strstr(err_cause(&e), why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err_cause(&e), why);
	err_fini(&e);
}

static char *
ask(const char *conninfo, const char *statement)
{
	PGconn *conn = PQconnectdb(conninfo);
	PGresult *r = PQexec(conn, statement);
	char *out;

	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", statement, PQerrorMessage(conn));
	out = xstrdup(PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);
	PQfinish(conn);
	return out;
}

static void
assert_answer(const struct laptop *l, const char *statement, const char *expected)
{
	char *got = ask(laptop_conninfo(l), statement);

	assert_string_equal(got, expected);
	free(got);
}

static pid_t
postmaster(void)
{
	char *path = xasprintf("%s/postgres/postmaster.pid", data_dir), line[32] = "";
	FILE *f = fopen(path, "r");

	free(path);
	if (f == NULL)
		return 0;
	/* it may be empty: the server has just made it */
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	fclose(f);
	return (pid_t)atoi(line);
}

static bool
runs(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static int
setup(void **state)
{
	(void)state;
	log_set_level(getenv("PAWL_TEST_VERBOSE") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	if (mkdtemp(root) == NULL)
		return -1;
	/* a folder above is closed to the server's user when root made it */
	if (chmod(root, 0711) != 0)
		return -1;
	data_dir = xasprintf("%s/it's data", root);
	return 0;
}

static int
teardown(void **state)
{
	char *command = xasprintf("/bin/rm -rf '%s'", root);
	int rc = system(command);

	(void)state;
	free(command);
	free(data_dir);
	return rc;
}

static void
it_is_made_started_stopped_and_keeps_what_it_was_told(void **state)
{
	struct laptop *l = start();
	pid_t pid = postmaster();
	char *path = xasprintf("%s/postgres", data_dir);
	struct stat st;

	(void)state;
	free(ask(laptop_conninfo(l), "CREATE TABLE kept AS SELECT 42 AS n"));
	assert_answer(l, "SHOW listen_addresses", "");
	assert_answer(l, "SHOW server_encoding", "UTF8");
	assert_answer(l, "SHOW lc_collate", "C");
	assert_answer(l, "SHOW fsync", "on");
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_uid != 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(path);
	assert_true(runs(pid));
	laptop_stop(l);
	assert_false(runs(pid));
	l = start();
	assert_answer(l, "SELECT n FROM kept", "42");
	laptop_stop(l);
}

/* What a pawld in a process of its own says of the folder: 0 = that another one uses it. */
static int
second_start(const struct laptop_options *o)
{
	struct err e = ERR_INIT;

	if (laptop_start(o, &e) != NULL)
		return 1;
	return strstr(err_cause(&e), "Another pawld (process ") != NULL ? 0 : 2;
}

static void
a_second_pawld_on_the_same_folder_is_refused(void **state)
{
	const struct laptop_options o = { .data_dir = data_dir,
		.postgres_bin = getenv("PAWL_PG_BIN") };
	struct laptop *l = start();
	pid_t second = fork();
	int status = 0;

	(void)state;
	if (second == 0)
		_exit(second_start(&o));
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_int_equal(status, 0);
	assert_answer(l, "SELECT 1", "1");
	laptop_stop(l);
}

static void
a_cluster_that_crashed_recovers(void **state)
{
	struct laptop *l = start();

	(void)state;
	free(ask(laptop_conninfo(l), "CREATE TABLE crashed AS SELECT 43 AS n"));
	kill(postmaster(), SIGKILL);
	laptop_stop(l);
	assert_true(postmaster() > 0); /* its file is stale now */
	l = start();
	assert_answer(l, "SELECT n FROM crashed", "43");
	laptop_stop(l);
}

static void
a_postmaster_pid_that_names_somebody_else_does_not_stand_in_the_way(void **state)
{
	char *path = xasprintf("%s/postgres/postmaster.pid", data_dir);
	pid_t other = fork();
	struct laptop *l;
	FILE *f;

	(void)state;
	if (other == 0) {
		pause();
		_exit(0);
	}
	assert_non_null(f = fopen(path, "w"));
	fprintf(f, "%d\n%s/postgres\n1700000000\n5432\n/tmp\n\n", (int)other, data_dir);
	fclose(f);
	l = start();
	assert_answer(l, "SELECT 1", "1");
	assert_true(runs(other));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	laptop_stop(l);
	free(path);
}

static void
a_server_that_a_killed_pawld_left_is_taken_over(void **state)
{
	pid_t pawld = fork(), old;
	struct laptop *l;
	int status;

	(void)state;
	if (pawld == 0) {
		start();
		kill(getpid(), SIGKILL);
	}
	waitpid(pawld, &status, 0);
	assert_true(WIFSIGNALED(status));
	old = postmaster();
	l = start();
	assert_answer(l, "SELECT n FROM crashed", "43");
	assert_int_not_equal(postmaster(), old);
	laptop_stop(l);
}

static void
half_a_cluster_is_made_again(void **state)
{
	char *path = xasprintf("%s/half", root), *fresh = xasprintf("%s/postgres.new", path);
	char *rest = xasprintf("%s/PG_VERSION", fresh), *whole = data_dir;
	struct laptop *l;
	FILE *f;

	(void)state;
	assert_int_equal(mkdir(path, 0711), 0);
	assert_int_equal(mkdir(fresh, 0700), 0);
	assert_non_null(f = fopen(rest, "w"));
	fclose(f);
	data_dir = path;
	l = start();
	assert_answer(l, "SELECT 1", "1");
	laptop_stop(l);
	data_dir = whole;
	free(path);
	free(fresh);
	free(rest);
}

static void
a_path_that_is_too_long_for_a_socket_is_fine(void **state)
{
	char *whole = data_dir, *folder;
	struct laptop *l;

	(void)state;
	folder = xasprintf("%s/%0120d", root, 7);
	data_dir = folder;
	l = start();
	assert_non_null(strstr(laptop_conninfo(l), "'/tmp/pawl-"));
	assert_answer(l, "SELECT 1", "1");
	laptop_stop(l);
	data_dir = whole;
	free(folder);
}

static void
missing_servers_are_told_with_the_package_to_install(void **state)
{
	char *empty = xasprintf("%s/empty", root), *old = xasprintf("%s/old", root);
	char *version = xasprintf("%s/postgres/PG_VERSION", old),
	     *cluster = xasprintf("%s/postgres", old);
	struct laptop_options o = { .data_dir = empty, .postgres_bin = root };
	FILE *f;

	(void)state;
	assert_refused(&o, "has no initdb and postgres");
	/* a cluster of a version that nobody has installed */
	assert_int_equal(mkdir(old, 0711), 0);
	assert_int_equal(mkdir(cluster, 0700), 0);
	assert_non_null(f = fopen(version, "w"));
	fputs("7\n", f);
	fclose(f);
	o = (struct laptop_options){ .data_dir = old, .postgres_bin = "" };
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	assert_refused(&o, "install the package postgresql-7");
	free(empty);
	free(old);
	free(version);
	free(cluster);
}

static struct loop *loop;
static struct loop_timer tick;
static pid_t killed;

static void
wait_for_another(void *arg)
{
	pid_t now = postmaster();

	if (now > 0 && now != killed && PQping(arg) == PQPING_OK)
		loop_stop(loop);
	else
		loop_timer_set(&tick, 20);
}

static void
a_server_that_dies_while_we_run_is_started_again(void **state)
{
	struct laptop *l = start();

	(void)state;
	loop = loop_new();
	laptop_watch(l, loop);
	for (int i = 0; i < 2; i++) {
		killed = postmaster();
		kill(killed, SIGKILL);
		loop_timer_init(loop, &tick, wait_for_another,
		    (void *)(uintptr_t)laptop_conninfo(l));
		loop_timer_set(&tick, 0);
		loop_run(loop);
		loop_timer_fini(&tick);
		assert_answer(l, "SELECT 1", "1");
	}
	laptop_stop(l);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_made_started_stopped_and_keeps_what_it_was_told),
		cmocka_unit_test(a_second_pawld_on_the_same_folder_is_refused),
		cmocka_unit_test(a_cluster_that_crashed_recovers),
		cmocka_unit_test(
		    a_postmaster_pid_that_names_somebody_else_does_not_stand_in_the_way),
		cmocka_unit_test(a_server_that_a_killed_pawld_left_is_taken_over),
		cmocka_unit_test(half_a_cluster_is_made_again),
		cmocka_unit_test(a_path_that_is_too_long_for_a_socket_is_fine),
		cmocka_unit_test(a_server_that_dies_while_we_run_is_started_again),
		cmocka_unit_test(missing_servers_are_told_with_the_package_to_install),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
