/*
 * test_throttle - token buckets of API actions, on a clock that the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/throttle.h"
#include "base/clock.h"

static int64_t now_ms;

static void
advance(int64_t ms)
{
	now_ms += ms;
	clock_fake(1700000000000 + now_ms, now_ms);
}

static int
setup(void **state)
{
	(void)state;
	now_ms = 1000;
	advance(0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clock_fake(-1, -1);
	return 0;
}

static struct throttle *
throttle_of(const char *json)
{
	struct err e = ERR_INIT;
	struct throttle *t = throttle_new(json, &e);

	if (t == NULL)
		fail_msg("%s", err_cause(&e));
	return t;
}

static int
taken(struct throttle *t, const char *action, const char *machine, int tries)
{
	int n = 0;

	for (int i = 0; i < tries; i++)
		n += throttle_take(t, action, machine) == 0;
	return n;
}

static void
without_a_bucket_everything_passes(void **state)
{
	struct throttle *t = throttle_of("{}");

	(void)state;
	assert_int_equal(taken(t, "StartExecution", "m", 100000), 100000);
	throttle_free(t);
}

static void
a_bucket_has_so_many_tokens_and_gets_so_many_a_second(void **state)
{
	struct throttle *t = throttle_of("{\"StartExecution\":{\"bucket\":5,\"refill\":2}}");

	(void)state;
	assert_int_equal(taken(t, "StartExecution", "", 10), 5);
	assert_int_equal(throttle_take(t, "StartExecution", ""), 1);
	advance(499);
	assert_int_equal(taken(t, "StartExecution", "", 10), 0);
	advance(1);
	assert_int_equal(taken(t, "StartExecution", "", 10), 1);
	advance(3600000);
	assert_int_equal(taken(t, "StartExecution", "", 10), 5);
	assert_int_equal(taken(t, "StopExecution", "", 10), 10);
	throttle_free(t);
}

static void
who_is_refused_hears_when_there_will_be_a_token(void **state)
{
	struct throttle *t = throttle_of("{\"CreateStateMachine\":{\"bucket\":1,\"refill\":0.1}}");

	(void)state;
	assert_int_equal(throttle_take(t, "CreateStateMachine", ""), 0);
	assert_in_range(throttle_take(t, "CreateStateMachine", ""), 10, 11);
	advance(9000);
	assert_in_range(throttle_take(t, "CreateStateMachine", ""), 1, 2);
	advance(2000);
	assert_int_equal(throttle_take(t, "CreateStateMachine", ""), 0);
	throttle_free(t);
}

static void
each_machine_may_have_a_bucket(void **state)
{
	struct throttle *t =
	    throttle_of("{\"StartExecution\":{\"bucket\":3,\"refill\":1,\"each\":\"machine\"}}");
	char name[32];

	(void)state;
	assert_true(throttle_by_machine(t, "StartExecution"));
	assert_false(throttle_by_machine(t, "StopExecution"));
	assert_int_equal(taken(t, "StartExecution", "a", 10), 3);
	assert_int_equal(taken(t, "StartExecution", "b", 10), 3);
	/* however many names there are, they do not fill the memory */
	for (int i = 0; i < 30000; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_int_equal(throttle_take(t, "StartExecution", name), 0);
	}
	throttle_free(t);
}

static void
the_bucket_of_state_transitions_is_for_no_call(void **state)
{
	struct throttle *t = throttle_of(
	    "{\"StateTransition\":{\"bucket\":5000,\"refill\":1500,\"each\":\"machine\"}}");
	struct transition_rule r = throttle_transitions(t);

	(void)state;
	assert_true(r.by_machine);
	assert_true(r.bucket.size == 5000 && r.bucket.per_ms == 1.5);
	assert_int_equal(taken(t, "StartExecution", "a", 10), 10);
	throttle_free(t);
	t = throttle_of("{\"StartExecution\":{\"bucket\":1,\"refill\":1}}");
	assert_true(throttle_transitions(t).bucket.size == 0);
	throttle_free(t);
}

static void
assert_wrong(const char *json, const char *part)
{
	struct err e = ERR_INIT;

	assert_null(throttle_new(json, &e));
	assert_non_null(strstr(err_cause(&e), part));
	err_fini(&e);
}

static void
mistakes_are_told(void **state)
{
	(void)state;
	assert_wrong("{\"Nothing\":{\"bucket\":1,\"refill\":1}}", "no action \"Nothing\"");
	assert_wrong("{\"StopExecution\":{\"bucket\":1}}", "a number refill");
	assert_wrong("{\"StopExecution\":{\"bucket\":0,\"refill\":1}}", "a number bucket from 1");
	assert_wrong("{\"StopExecution\":{\"bucket\":\"1\",\"refill\":1}}", "a number bucket");
	assert_wrong("{\"StopExecution\":{\"bucket\":1,\"refill\":1,\"per\":1}}", "nothing else");
	assert_wrong("{\"StopExecution\":{\"bucket\":1,\"refill\":1,\"each\":\"moon\"}}",
	    "\"machine\"");
	assert_wrong("{\"StateTransition\":{\"bucket\":1}}",
	    "StateTransition must have a number refill");
	assert_wrong("{\"SendTaskSuccess\":{\"bucket\":1,\"refill\":1,\"each\":\"machine\"}}",
	    "name no state machine");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(without_a_bucket_everything_passes),
		T(a_bucket_has_so_many_tokens_and_gets_so_many_a_second),
		T(who_is_refused_hears_when_there_will_be_a_token),
		T(each_machine_may_have_a_bucket),
		T(the_bucket_of_state_transitions_is_for_no_call),
		T(mistakes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
