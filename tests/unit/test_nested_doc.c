/*
 * test_nested_doc - what tasks that start executions are given and give.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/nested_doc.h"

#define MACHINE "arn:aws:states:us-east-1:123456789012:stateMachine:m"

static const struct territory here = { "us-east-1", "123456789012" };

static struct doc
parse(const char *text)
{
	struct err e = ERR_INIT;
	struct doc d = doc_parse(text, strlen(text), &e);

	assert_false(doc_is_none(d));
	return d;
}

static int
read_request(struct nested_request *q, const char *parameters, struct err *e)
{
	struct doc d = parse(parameters);
	int rc = nested_request_read(q, &here, d, e);

	doc_unref(d);
	return rc;
}

static void
assert_input(const char *member, const char *expected)
{
	char text[256];
	struct nested_request q;
	struct err e = ERR_INIT;

	snprintf(text, sizeof(text), "{\"StateMachineArn\":\"" MACHINE "\"%s}", member);
	assert_int_equal(read_request(&q, text, &e), 0);
	assert_string_equal(q.input, expected);
	assert_int_equal(q.input_len, strlen(expected));
	assert_string_equal(q.machine.name, "m");
	nested_request_fini(&q);
}

static void
a_string_is_sent_as_it_is_anything_else_as_json(void **state)
{
	(void)state;
	assert_input("", "{}");
	assert_input(",\"Input\":null", "{}");
	assert_input(",\"Input\":{\"a\": 1.50}", "{\"a\":1.50}");
	assert_input(",\"Input\":\"{\\\"a\\\":  1}\"", "{\"a\":  1}");
	assert_input(",\"Input\":[null]", "[null]");
	assert_input(",\"Input\":\"\\\"x\\\"\"", "\"x\"");
	assert_input(",\"Input\":false", "false");
}

static void
assert_refused(const char *parameters, const char *name, const char *part)
{
	struct nested_request q;
	struct err e = ERR_INIT;

	assert_int_equal(read_request(&q, parameters, &e), -1);
	assert_string_equal(e.name, name);
	if (strstr(err_cause(&e), part) == NULL)
		fail_msg("'%s' is not in '%s'", part, err_cause(&e));
	nested_request_fini(&q);
	err_fini(&e);
}

static void
what_cannot_be_asked_for_is_refused(void **state)
{
	(void)state;
	assert_refused("{}", "States.Runtime", "\"StateMachineArn\" is required but was missing");
	assert_refused("[]", "States.Runtime", "\"StateMachineArn\" is required but was missing");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"name\":\"x\"}", "States.Runtime",
	    "The field \"name\" is not supported by Step Functions");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"Name\":{}}", "States.Runtime",
	    "The value of the field 'Name' has an invalid format");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"Name\":\"a\\u0000\"}",
	    "States.Runtime", "'Name' has an invalid format");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"Name\":\"\"}", "ValidationException",
	    "at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"Name\":\"a/b\"}", "InvalidName",
	    "Invalid Name: 'a/b'");
	assert_refused("{\"StateMachineArn\":\"" MACHINE "\",\"Input\":\"{\"}",
	    "InvalidExecutionInput", "Invalid State Machine Execution Input: '");
	assert_refused("{\"StateMachineArn\":\"" MACHINE ":live\"}", "StateMachineDoesNotExist",
	    "State Machine Does Not Exist: '" MACHINE ":live'");
	assert_refused("{\"StateMachineArn\":\"arn:aws:states:us-east-1:1:stateMachine:m\"}",
	    "StateMachineDoesNotExist", "State Machine Does Not Exist");
	assert_refused("{\"StateMachineArn\":\"arn:aws:states:us-east-1:1:activity:m\"}",
	    "InvalidArn", "Resource type not valid in this context: activity");
}

static void
a_refusal_has_the_name_and_the_words_of_the_service(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, "InvalidName", "Invalid Name: 'a b'");
	nested_failure(&e, "r-1");
	assert_string_equal(e.name, "StepFunctions.InvalidNameException");
	assert_string_equal(err_cause(&e),
	    "Invalid Name: 'a b' (Service: AWSStepFunctions; Status Code: 400; Error Code: "
	    "InvalidName; Request ID: r-1; Proxy: null)");
	err_set(&e, "ValidationException", "1 validation error detected: x");
	nested_failure(&e, "r-1");
	assert_string_equal(e.name, "StepFunctions.AWSStepFunctionsException");
	err_set(&e, "States.Runtime", "as it is");
	nested_failure(&e, "r-1");
	assert_string_equal(e.name, "States.Runtime");
	assert_string_equal(err_cause(&e), "as it is");
	err_fini(&e);
}

static void
the_answer_says_how_long_it_was_on_the_wire(void **state)
{
	struct doc d = nested_accepted("arn:x", 1700000000123, "r-1", 1700000001000), headers;
	char *text;

	(void)state;
	assert_true(doc_str_is(doc_gets(d, "ExecutionArn"), "arn:x"));
	headers = doc_gets(doc_gets(d, "SdkHttpMetadata"), "HttpHeaders");
	text = doc_text(headers, NULL);
	/* {"executionArn":"arn:x","startDate":1700000000.123} */
	assert_string_equal(text,
	    "{\"x-amzn-RequestId\":\"r-1\",\"connection\":\"keep-alive\",\"Content-Length\":\"51\","
	    "\"Date\":\"Tue, 14 Nov 2023 22:13:21 GMT\","
	    "\"Content-Type\":\"application/x-amz-json-1.0\"}");
	free(text);
	text = doc_text(doc_gets(d, "StartDate"), NULL);
	assert_string_equal(text, "1700000000123");
	free(text);
	doc_unref(d);
}

static struct execution_row
row(const char *status)
{
	return (struct execution_row){ .machine_name = "m",
		.name = "n",
		.status = status,
		.start_ms = 1000,
		.stop_ms = 2000,
		.input = "{\"a\":1}",
		.input_len = 7 };
}

static void
an_output_is_a_text_or_a_value(void **state)
{
	struct execution_row r = row("SUCCEEDED");
	struct nested_end end;

	(void)state;
	r.output = "[1]";
	r.output_len = 3;
	nested_end_read(&end, &r, &here, PATTERN_SYNC, false);
	assert_null(end.cause);
	assert_true(doc_str_is(doc_gets(end.output, "Output"), "[1]"));
	assert_true(doc_str_is(doc_gets(end.output, "Input"), "{\"a\":1}"));
	nested_end_fini(&end);
	nested_end_read(&end, &r, &here, PATTERN_SYNC2, false);
	assert_int_equal(doc_type(doc_gets(end.output, "Output")), DOC_ARRAY);
	assert_int_equal(doc_type(doc_gets(end.output, "Input")), DOC_OBJECT);
	nested_end_fini(&end);
}

/* The cause as a document, which must be whole; its length in *len. */
static struct doc
cause_of(const struct execution_row *r, size_t *len)
{
	struct nested_end end;
	struct doc d;

	nested_end_read(&end, r, &here, PATTERN_SYNC2, false);
	assert_non_null(end.cause);
	*len = strlen(end.cause);
	d = parse(end.cause);
	nested_end_fini(&end);
	return d;
}

static char *
long_text(char c, size_t n)
{
	char *s = xcalloc(n + 1, 1);

	memset(s, c, n);
	return s;
}

static void
a_cause_stays_json_however_long_its_parts_are(void **state)
{
	struct execution_row r = row("FAILED");
	char *longest = long_text('"', 32000), *number = long_text('1', 40000);
	size_t len;
	struct doc d;

	(void)state;
	r.error = "E";
	r.cause = "C";
	d = cause_of(&r, &len);
	assert_true(doc_str_is(doc_gets(d, "Input"), "{\"a\":1}"));
	assert_true(doc_str_is(doc_gets(d, "Cause"), "C"));
	assert_true(doc_is_none(doc_gets(d, "Output")));
	doc_unref(d);

	r.input = number;
	r.input_len = 40000;
	d = cause_of(&r, &len);
	assert_true(doc_is_none(doc_gets(d, "Input")));
	assert_false(doc_is_true(doc_gets(doc_gets(d, "InputDetails"), "Included")));
	assert_true(doc_str_is(doc_gets(d, "Cause"), "C"));
	assert_true(len < 1000);
	doc_unref(d);

	r.cause = longest;
	d = cause_of(&r, &len);
	assert_true(doc_is_none(doc_gets(d, "Cause")));
	assert_true(doc_str_is(doc_gets(d, "Error"), "E"));
	assert_true(len < 1000);
	doc_unref(d);
	free(longest);
	free(number);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_is_sent_as_it_is_anything_else_as_json),
		cmocka_unit_test(what_cannot_be_asked_for_is_refused),
		cmocka_unit_test(a_refusal_has_the_name_and_the_words_of_the_service),
		cmocka_unit_test(the_answer_says_how_long_it_was_on_the_wire),
		cmocka_unit_test(an_output_is_a_text_or_a_value),
		cmocka_unit_test(a_cause_stays_json_however_long_its_parts_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
