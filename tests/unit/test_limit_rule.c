/*
 * test_limit_rule - the option task_limits: what is read, what is refused, which tasks a limit takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "task/limit_rule.h"

static struct limit_rules
rules_of(const char *json)
{
	struct limit_rules r;
	struct err e = ERR_INIT;

	if (limit_rules_parse(json, &r, &e) != 0)
		fail_msg("%s: %s", json, err_cause(&e));
	return r;
}

static void
what_is_not_said_has_a_default(void **state)
{
	struct limit_rules r = rules_of("{\"a\":{\"concurrency\":5},\"b\":{\"rate\":10}}");

	(void)state;
	assert_int_equal(r.n, 2);
	assert_string_equal(r.list[0].name, "a");
	assert_int_equal(r.list[0].concurrency, 5);
	assert_int_equal(r.list[0].rate, 0);
	assert_int_equal(r.list[1].concurrency, 0);
	assert_int_equal(r.list[1].rate, 10);
	assert_int_equal(r.list[1].per_ms, 1000);
	assert_int_equal(r.list[1].burst, 1);
	limit_rules_fini(&r);
}

static void
an_empty_option_has_no_limits(void **state)
{
	struct limit_rules r = rules_of("{}");

	(void)state;
	assert_int_equal(r.n, 0);
	limit_rules_fini(&r);
}

static void
tasks_are_taken_by_resource_or_by_machine(void **state)
{
	struct limit_rules r = rules_of(
	    "{\"a\":{\"rate\":1,\"resources\":[\"arn:aws:states:::sns:*\",\"arn:x\"],\"machines\":[\"M\","
	    "\"arn:aws:states:us-east-1:1:stateMachine:N*\"]}}");
	const struct limit_rule *a = r.list;

	(void)state;
	assert_true(limit_rule_takes(a, "arn:aws:states:::sns:publish", "X", "arn:X"));
	assert_true(limit_rule_takes(a, "arn:x", "X", "arn:X"));
	assert_false(limit_rule_takes(a, "arn:xy", "X", "arn:X"));
	assert_true(limit_rule_takes(a, "arn:y", "M", "arn:M"));
	assert_false(limit_rule_takes(a, "arn:y", "MM", "arn:MM"));
	assert_true(
	    limit_rule_takes(a, "arn:y", "No", "arn:aws:states:us-east-1:1:stateMachine:No"));
	limit_rules_fini(&r);
}

static void
refused(const char *json, const char *why)
{
	struct limit_rules r;
	struct err e = ERR_INIT;

	assert_int_equal(limit_rules_parse(json, &r, &e), -1);
	if (strstr(err_cause(&e), why) == NULL)
		fail_msg("%s: %s", json, err_cause(&e));
	assert_int_equal(r.n, 0);
	err_fini(&e);
}

static void
nonsense_is_refused_with_its_place(void **state)
{
	(void)state;
	refused("{\"a\":{\"rate\":-1}}", "a.rate must be a whole number from 1 to 1000000, not -1");
	refused("{\"a\":{\"rate\":\"5\"}}", "a.rate must be a whole number");
	refused("{\"a\":{\"rate\":1,\"per\":5}}", "a.per must be a time");
	refused("{\"a\":{\"rate\":1,\"per\":\"2d\"}}", "a.per must be a time");
	refused("{\"a\":{\"rate\":1,\"resources\":[5]}}", "a.resources must be a list of texts");
	refused("{\"a\":{\"rate\":1,\"machines\":[\"a*b\"]}}",
	    "a.machines must be a list of texts");
	refused("{\"a\":{\"concurrency\":1,\"burst\":5}}",
	    "a has burst, which is nothing without rate");
	refused("{\"a\":{\"zebra\":5}}", "a has no zebra: it may have concurrency");
	refused("{\"\":{\"rate\":5}}", "\"\" is no name of a limit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(an_empty_option_has_no_limits),
		cmocka_unit_test(tasks_are_taken_by_resource_or_by_machine),
		cmocka_unit_test(nonsense_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
