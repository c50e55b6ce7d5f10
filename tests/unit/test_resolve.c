/*
 * Hosts of a connection string: which ones are looked up, and what libpq is given for them.
 */
#include "store/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
only_names_are_looked_up(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("PGHOST") | unsetenv("PGHOSTADDR") | unsetenv("PGPORT"), 0);
	assert_false(resolve_needed("dbname=x"));
	assert_false(resolve_needed("host=/run/postgresql dbname=x"));
	assert_false(resolve_needed("host=127.0.0.1"));
	assert_false(resolve_needed("host=::1"));
	assert_false(resolve_needed("host=/run,10.0.0.1"));
	assert_false(resolve_needed("host=db.example hostaddr=10.0.0.1"));
	assert_false(resolve_needed("not a connection string"));
	assert_true(resolve_needed("host=localhost"));
	assert_true(resolve_needed("postgresql://user@db.example:5433/x"));
	assert_true(resolve_needed("host=10.0.0.1,db.example"));
	assert_int_equal(setenv("PGHOST", "db.example", 1), 0);
	assert_true(resolve_needed("dbname=x"));
	assert_false(resolve_needed("host=/run"));
	assert_int_equal(unsetenv("PGHOST"), 0);
}

static struct loop *loop;
static char hosts[512], addresses[512], ports[512];
static bool failed;

static void
got(void *arg, const char *host, const char *hostaddr, const char *port, const char *failure)
{
	(void)arg;
	failed = failure != NULL;
	if (!failed) {
		strncpy(hosts, host, sizeof hosts - 1);
		strncpy(addresses, hostaddr, sizeof addresses - 1);
		strncpy(ports, port, sizeof ports - 1);
	}
	loop_stop(loop);
}

static void
resolve(const char *conninfo)
{
	struct resolve *r;

	loop = loop_new();
	r = resolve_start(loop, conninfo, got, NULL);
	loop_run(loop);
	resolve_free(r);
	loop_free(loop);
}

static void
every_address_has_its_host_and_port(void **state)
{
	char *first;

	(void)state;
	resolve("host=/run/pg,localhost,10.0.0.1 port=1,2,3");
	assert_false(failed);
	/* localhost is one address or two */
	assert_int_equal(strncmp(hosts, "/run/pg,localhost,", 18), 0);
	assert_int_equal(strncmp(ports, "1,2,", 4), 0);
	assert_string_equal(strrchr(hosts, ','), ",10.0.0.1");
	assert_string_equal(strrchr(addresses, ','), ",10.0.0.1");
	assert_string_equal(strrchr(ports, ','), ",3");
	assert_int_equal(addresses[0], ',');
	first = strtok(addresses, ",");
	assert_true(strcmp(first, "127.0.0.1") == 0 || strcmp(first, "::1") == 0);
}

static void
one_port_is_for_all_hosts(void **state)
{
	(void)state;
	resolve("host=10.0.0.1,10.0.0.2 port=7");
	assert_string_equal(hosts, "10.0.0.1,10.0.0.2");
	assert_string_equal(addresses, "10.0.0.1,10.0.0.2");
	assert_string_equal(ports, "7,7");
}

static void
a_name_without_address_is_a_failure_but_not_when_another_host_has_one(void **state)
{
	(void)state;
	resolve("host=no-such-host.invalid");
	assert_true(failed);
	resolve("host=no-such-host.invalid,10.0.0.1 port=1,2");
	assert_false(failed);
	assert_string_equal(hosts, "10.0.0.1");
	assert_string_equal(ports, "2");
}

static void
it_can_be_given_up(void **state)
{
	struct resolve *r;

	(void)state;
	loop = loop_new();
	r = resolve_start(loop, "host=/run/pg,10.0.0.1", got, NULL);
	resolve_free(r);
	resolve_free(NULL);
	loop_free(loop);
}

static void
assert_turned(const char *expected, const char *conninfo, const char *keyword, const char *list,
    unsigned by)
{
	char *got = resolve_turned(conninfo, keyword, list, by);

	if (expected == NULL)
		assert_null(got);
	else
		assert_string_equal(got, expected);
	free(got);
}

static void
lists_begin_with_another_host(void **state)
{
	(void)state;
	assert_turned(NULL, "host=a,b", "host", NULL, 0);
	assert_turned("b,c,a", "host=a,b,c port=1,2,3", "host", NULL, 1);
	assert_turned("3,1,2", "host=a,b,c port=1,2,3", "port", NULL, 5);
	assert_turned("a", "host=a", "host", NULL, 3);
	assert_turned(NULL, "host=a,b", "hostaddr", NULL, 1);
	assert_turned("y,x", "postgresql://a,b/d", "host", "x,y", 1);
	assert_turned("b,a", "postgresql://a,b/d", "host", NULL, 1);
	setenv("PGPORT", "7,8", 1);
	assert_turned("8,7", "host=a,b", "port", NULL, 1);
	unsetenv("PGPORT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_are_looked_up),
		cmocka_unit_test(every_address_has_its_host_and_port),
		cmocka_unit_test(one_port_is_for_all_hosts),
		cmocka_unit_test(
		    a_name_without_address_is_a_failure_but_not_when_another_host_has_one),
		cmocka_unit_test(it_can_be_given_up),
		cmocka_unit_test(lists_begin_with_another_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
