/*
 * test_choice - the rules of Choice states: what matches, what does not, what fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asl/compile.h"
#include "base/xalloc.h"

#define NO 0
#define YES 1
#define FAILS (-1)

static const char input[] =
    "{\"s\":\"foo\",\"n\":5,\"f\":1.0,\"t\":true,\"z\":null,\"a\":[1],\"o\":{},\"d\":"
    "\"2016-03-14T01:59:00Z\",\"d2\":\"2016-03-14T02:59:00+01:00\",\"ns\":"
    "\"2016-03-14T01:59:00.000000002Z\",\"star\":\"a*b\",\"num\":\"5\",\"empty\":\"\","
    "\"high\":\"\\ud83d\\ude00\",\"last\":\"\\uffee\"}";

static struct machine *
compile_rule(const char *rule, struct diagnostics *d)
{
	char *text =
	    xasprintf("{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":["
		      "%.*s,\"Next\":\"E\"}]},\"E\":{\"Type\":\"Succeed\"}}}",
		(int)strlen(rule) - 1, rule);
	struct machine *m;

	diagnostics_init(d);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, d);
	free(text);
	return m;
}

static void
rule(const char *text, int result)
{
	struct diagnostics d;
	struct machine *m = compile_rule(text, &d);
	struct doc in = doc_parse(input, strlen(input), NULL);
	struct expr_scope s = { .root = in };
	struct err e = ERR_INIT;
	int r;

	assert_false(doc_is_none(in));
	if (m == NULL)
		print_error("%s: %s\n", text, d.list[0].message);
	assert_non_null(m);
	r = choice_rule_eval(&m->top.states[0]->rules[0], &s, &e);
	if (r != result)
		print_error("%s\n", text);
	assert_int_equal(r, result);
	assert_int_equal(err_is_set(&e), r < 0);
	if (r < 0)
		assert_string_equal(e.name, "States.Runtime");
	err_fini(&e);
	doc_unref(in);
	machine_unref(m);
	diagnostics_fini(&d);
}

static void
strings_compare_by_code_unit(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.s\",\"StringEquals\":\"foo\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringEquals\":\"fo\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringLessThan\":\"fooo\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringLessThan\":\"foo\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringLessThanEquals\":\"foo\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringGreaterThan\":\"Foo\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringGreaterThanEquals\":\"goo\"}", NO);
	rule("{\"Variable\":\"$.empty\",\"StringLessThan\":\"a\"}", YES);
	rule("{\"Variable\":\"$.high\",\"StringLessThanPath\":\"$.last\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.s\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.n\"}", NO);
}

static void
numbers_compare_by_value(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.f\",\"NumericEquals\":1}", YES);
	rule("{\"Variable\":\"$.n\",\"NumericEquals\":5.0}", YES);
	rule("{\"Variable\":\"$.n\",\"NumericLessThan\":5.5}", YES);
	rule("{\"Variable\":\"$.n\",\"NumericGreaterThan\":5}", NO);
	rule("{\"Variable\":\"$.n\",\"NumericGreaterThanEquals\":5}", YES);
	rule("{\"Variable\":\"$.n\",\"NumericLessThanEquals\":4}", NO);
	rule("{\"Variable\":\"$.n\",\"NumericGreaterThanPath\":\"$.f\"}", YES);
	rule("{\"Variable\":\"$.n\",\"NumericLessThanEqualsPath\":\"$.f\"}", NO);
}

static void
booleans_and_timestamps_compare(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.t\",\"BooleanEquals\":true}", YES);
	rule("{\"Variable\":\"$.t\",\"BooleanEquals\":false}", NO);
	rule("{\"Variable\":\"$.t\",\"BooleanEqualsPath\":\"$.t\"}", YES);
	rule("{\"Variable\":\"$.d\",\"TimestampEquals\":\"2016-03-14T01:59:00Z\"}", YES);
	rule("{\"Variable\":\"$.d\",\"TimestampEqualsPath\":\"$.d2\"}", YES);
	rule("{\"Variable\":\"$.d\",\"TimestampLessThan\":\"2016-03-14T01:59:00.001Z\"}", YES);
	rule("{\"Variable\":\"$.ns\",\"TimestampGreaterThanPath\":\"$.d\"}", YES);
	rule("{\"Variable\":\"$.ns\",\"TimestampLessThan\":\"2016-03-14T01:59:00.00000001Z\"}",
	    YES);
	rule("{\"Variable\":\"$.d\",\"TimestampGreaterThanEquals\":\"2017-03-14T01:59:00Z\"}", NO);
	rule("{\"Variable\":\"$.d\",\"TimestampLessThanEquals\":\"2017-03-14T01:59:00Z\"}", YES);
	rule("{\"Variable\":\"$.s\",\"TimestampEquals\":\"2016-03-14T01:59:00Z\"}", NO);
}

static void
a_type_that_does_not_fit_is_no_match_and_no_error(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.num\",\"NumericEquals\":5}", NO);
	rule("{\"Variable\":\"$.z\",\"StringEquals\":\"null\"}", NO);
	rule("{\"Variable\":\"$.f\",\"BooleanEquals\":true}", NO);
	rule("{\"Variable\":\"$.a\",\"StringEquals\":\"1\"}", NO);
	rule("{\"Variable\":\"$.n\",\"StringMatches\":\"*\"}", NO);
	rule("{\"Variable\":\"$.n\",\"TimestampEquals\":\"2016-03-14T01:59:00Z\"}", NO);
	rule("{\"Not\":{\"Variable\":\"$.num\",\"NumericEquals\":5}}", YES);
}

static void
type_tests_compare_with_their_literal(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.z\",\"IsNull\":true}", YES);
	rule("{\"Variable\":\"$.n\",\"IsNull\":false}", YES);
	rule("{\"Variable\":\"$.n\",\"IsNumeric\":true}", YES);
	rule("{\"Variable\":\"$.num\",\"IsNumeric\":true}", NO);
	rule("{\"Variable\":\"$.num\",\"IsString\":true}", YES);
	rule("{\"Variable\":\"$.num\",\"IsString\":false}", NO);
	rule("{\"Variable\":\"$.t\",\"IsBoolean\":true}", YES);
	rule("{\"Variable\":\"$.z\",\"IsBoolean\":false}", YES);
	rule("{\"Variable\":\"$.d2\",\"IsTimestamp\":true}", YES);
	rule("{\"Variable\":\"$.s\",\"IsTimestamp\":false}", YES);
	rule("{\"Variable\":\"$.z\",\"IsPresent\":true}", YES);
	rule("{\"Variable\":\"$.z\",\"IsPresent\":false}", NO);
	rule("{\"Variable\":\"$.nope\",\"IsPresent\":false}", YES);
	rule("{\"Variable\":\"$.nope.nope\",\"IsPresent\":true}", NO);
}

static void
patterns_match_whole_strings(void **state)
{
	(void)state;
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"*\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"f*\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"*o\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"f*o\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"*o*o\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"*o*o*o\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"foo*foo\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"fo\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"***\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"\"}", NO);
	rule("{\"Variable\":\"$.empty\",\"StringMatches\":\"\"}", YES);
	rule("{\"Variable\":\"$.empty\",\"StringMatches\":\"*\"}", YES);
	rule("{\"Variable\":\"$.star\",\"StringMatches\":\"a\\\\*b\"}", YES);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"f\\\\*o\"}", NO);
	rule("{\"Variable\":\"$.s\",\"StringMatches\":\"x*\\\\\\\\*\"}", NO);
}

static void
conditions_combine_and_stop_early(void **state)
{
	static const char bad[] = "{\"Variable\":\"$.nope\",\"IsNull\":true}";
	static const char yes[] = "{\"Variable\":\"$.n\",\"IsNumeric\":true}";
	static const char no[] = "{\"Variable\":\"$.n\",\"IsNumeric\":false}";
	static const struct {
		const char *op, *a, *b;
		int result;
	} cases[] = { { "And", yes, yes, YES }, { "And", yes, no, NO }, { "And", no, bad, NO },
		{ "And", yes, bad, FAILS }, { "Or", no, yes, YES }, { "Or", no, no, NO },
		{ "Or", yes, bad, YES }, { "Or", no, bad, FAILS } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = xasprintf("{\"%s\":[%s,%s]}", cases[i].op, cases[i].a, cases[i].b);

		rule(text, cases[i].result);
		free(text);
	}
	rule("{\"Not\":{\"Variable\":\"$.nope\",\"IsNull\":true}}", FAILS);
	rule("{\"Not\":{\"Not\":{\"Variable\":\"$.n\",\"IsNumeric\":true}}}", YES);
}

static void
a_variable_or_operand_that_is_missing_fails_with_the_services_words(void **state)
{
	struct diagnostics d;
	struct machine *m =
	    compile_rule("{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.x.y\"}", &d);
	struct doc in = doc_parse(input, strlen(input), NULL);
	struct expr_scope s = { .root = in };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(choice_rule_eval(&m->top.states[0]->rules[0], &s, &e), -1);
	assert_string_equal(err_cause(&e),
	    "Invalid path '$.x.y': The choice state's condition path "
	    "references an invalid value.");
	err_fini(&e);
	doc_unref(in);
	machine_unref(m);
	diagnostics_fini(&d);
	rule("{\"Variable\":\"$.nope\",\"StringEquals\":\"a\"}", FAILS);
	rule("{\"Variable\":\"$.nope\",\"IsString\":false}", FAILS);
	rule("{\"Variable\":\"$undefined\",\"IsPresent\":true}", NO);
}

static void
broken_rules_are_refused(void **state)
{
	static const struct {
		const char *rule, *message, *location;
	} cases[] = {
		{ "{\"Variable\":\"$.s\"}", "A choice rule must have exactly one operator",
		    "/States/C/Choices[0]" },
		{ "{\"Variable\":\"$.s\",\"IsNull\":true,\"IsString\":true}",
		    "A choice rule must have exactly one operator", "/States/C/Choices[0]" },
		{ "{\"StringEquals\":\"a\"}", "These fields are required: [Variable]",
		    "/States/C/Choices[0]" },
		{ "{\"Variable\":\"$.s\",\"StringEquals\":1}", "Expected value of type [STRING]",
		    "/States/C/Choices[0]/StringEquals" },
		{ "{\"Variable\":\"$.s\",\"NumericEquals\":\"1\"}",
		    "Expected value of type [NUMBER]", "/States/C/Choices[0]/NumericEquals" },
		{ "{\"Variable\":\"$.s\",\"IsNull\":\"true\"}", "Expected value of type [BOOLEAN]",
		    "/States/C/Choices[0]/IsNull" },
		{ "{\"Variable\":\"$.s\",\"TimestampEquals\":\"2016-03-14t01:59:00Z\"}",
		    "String does not match RFC3339 timestamp",
		    "/States/C/Choices[0]/TimestampEquals" },
		{ "{\"Variable\":\"s\",\"StringEquals\":\"a\"}",
		    "Value is not a Reference Path: The syntax of the path is invalid",
		    "/States/C/Choices[0]/Variable" },
		{ "{\"Variable\":\"$.s\",\"BooleanLessThan\":true}",
		    "Field 'BooleanLessThan' is not supported", "/States/C/Choices[0]" },
		{ "{\"And\":[]}", "Value cannot be empty", "/States/C/Choices[0]/And" },
		{ "{\"And\":[{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"E\"}]}",
		    "Field 'Next' is not supported", "/States/C/Choices[0]/And[0]" },
		{ "{\"Not\":[]}", "Expected value of type [OBJECT]", "/States/C/Choices[0]/Not" },
		{ "{\"Or\":[1]}", "Expected value of type [OBJECT]", "/States/C/Choices[0]/Or[0]" },
		{ "{\"Variable\":\"$.s\",\"StringMatches\":\"x*\\\\\"}",
		    "A backslash may only stand before * and \\",
		    "/States/C/Choices[0]/StringMatches" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct diagnostics d;
		struct machine *m = compile_rule(cases[i].rule, &d);

		assert_null(m);
		assert_true(d.n >= 1);
		assert_string_equal(d.list[0].message, cases[i].message);
		assert_string_equal(d.list[0].location, cases[i].location);
		diagnostics_fini(&d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_compare_by_code_unit),
		cmocka_unit_test(numbers_compare_by_value),
		cmocka_unit_test(booleans_and_timestamps_compare),
		cmocka_unit_test(a_type_that_does_not_fit_is_no_match_and_no_error),
		cmocka_unit_test(type_tests_compare_with_their_literal),
		cmocka_unit_test(patterns_match_whole_strings),
		cmocka_unit_test(conditions_combine_and_stop_early),
		cmocka_unit_test(
		    a_variable_or_operand_that_is_missing_fails_with_the_services_words),
		cmocka_unit_test(broken_rules_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
