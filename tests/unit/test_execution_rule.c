/*
 * test_execution_rule - the option execution_limits: what is read, what is refused, which pattern decides for a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "task/execution_rule.h"

#define ARN "arn:aws:states:us-east-1:123456789012:stateMachine:"

static struct execution_rules
rules_of(const char *json)
{
	struct execution_rules r;
	struct err e = ERR_INIT;

	if (execution_rules_parse(json, &r, &e) != 0)
		fail_msg("%s: %s", json, err_cause(&e));
	return r;
}

static void
assert_most(const struct execution_rules *r, const char *name, int64_t most)
{
	char arn[200];

	snprintf(arn, sizeof(arn), ARN "%s", name);
	assert_int_equal(execution_rules_most(r, name, arn), most);
}

static void
without_rules_no_machine_has_a_limit(void **state)
{
	struct execution_rules r = rules_of("{}");

	(void)state;
	assert_int_equal(r.n, 0);
	assert_most(&r, "Nightly", 0);
	execution_rules_fini(&r);
}

static void
what_says_most_of_the_name_decides(void **state)
{
	struct execution_rules r =
	    rules_of("{\"*\":100,\"Report-*\":10,\"Report-2*\":5,\"Report-2\":1,\"Report-20\":2}");

	(void)state;
	assert_false(r.by_arn);
	assert_most(&r, "other", 100);
	assert_most(&r, "Report-", 10);
	assert_most(&r, "Report-1", 10);
	assert_most(&r, "Report-2", 1);
	assert_most(&r, "Report-20", 2);
	assert_most(&r, "Report-21", 5);
	assert_most(&r, "report-1", 100);
	execution_rules_fini(&r);
}

static void
an_arn_says_as_much_as_the_name_in_it(void **state)
{
	struct execution_rules r =
	    rules_of("{\"" ARN "*\":100,\"" ARN "Report-1\":1,\"Report-*\":10,\"arn:aws:x\":7}");

	(void)state;
	assert_true(r.by_arn);
	assert_most(&r, "Report-1", 1);
	assert_most(&r, "Report-2", 10);
	assert_most(&r, "other", 100);
	execution_rules_fini(&r);
}

static void
assert_refused(const char *json, const char *why)
{
	struct execution_rules r;
	struct err e = ERR_INIT;

	assert_int_equal(execution_rules_parse(json, &r, &e), -1);
	if (strstr(err_cause(&e), why) == NULL)
		fail_msg("%s: %s", json, err_cause(&e));
	assert_int_equal(r.n, 0);
	err_fini(&e);
}

static void
nonsense_is_refused_with_what_to_do(void **state)
{
	(void)state;
	assert_refused("{\"a\":0}", "a must be a whole number from 1 to 1000000, not 0");
	assert_refused("{\"a\":1000001}", "a must be a whole number");
	assert_refused("{\"a\":1.5}", "not 1.5");
	assert_refused("{\"b\":1,\"a\":\"1\"}", "not \"1\"");
	assert_refused("{\"*a\":1}", "\"*a\" must be the name or the ARN of a state machine");
	assert_refused("{\"\":1}", "\"\" must be the name");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_no_machine_has_a_limit),
		cmocka_unit_test(what_says_most_of_the_name_decides),
		cmocka_unit_test(an_arn_says_as_much_as_the_name_in_it),
		cmocka_unit_test(nonsense_is_refused_with_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
