/*
 * test_history - records to events in the API's form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/event.h"
#include "engine/history.h"

static void
check(const char *record, size_t index, bool data, const char *expected)
{
	struct doc r = doc_parse(record, strlen(record), NULL);
	struct err e = ERR_INIT;
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	assert_false(doc_is_none(r));
	assert_int_equal(history_print_event(r, 1, index, data, &out, &e), 0);
	assert_string_equal(out.data, expected);
	buf_fini(&out);
	err_fini(&e);
	doc_unref(r);
}

static void
the_input_of_the_execution_is_the_text_of_the_caller(void **state)
{
	(void)state;
	check(
	    "{\"e\":[[\"ExecutionStarted\",0,1700000000125,{\"input\":\"{\\\"k\\\": true}\",\"roleArn\":\"r\"}]]}",
	    0, true,
	    "{\"id\":1,\"previousEventId\":0,\"timestamp\":1700000000.125,\"type\":\"ExecutionStarted\","
	    "\"executionStartedEventDetails\":{\"input\":\"{\\\"k\\\": true}\",\"inputDetails\":{\"truncated\":false},\"roleArn\":\"r\"}}");
}

static void
payloads_become_json_text_with_their_details(void **state)
{
	const char *record =
	    "{\"e\":[[\"PassStateEntered\",0,1700000000005,{\"name\":\"A\",\"input\":{\"a\":[1,\"x\"]}}],"
	    "[\"TaskScheduled\",2,1700000000005,{\"resourceType\":\"lambda\",\"resource\":\"invoke\",\"region\":\"us-east-1\",\"parameters\":\"s\",\"timeoutInSeconds\":5}],"
	    "[\"TaskSucceeded\",3,1700000000005,{\"resourceType\":\"lambda\",\"resource\":\"invoke\",\"output\":null}]]}";

	(void)state;
	check(record, 0, true,
	    "{\"id\":1,\"previousEventId\":0,\"timestamp\":1700000000.005,\"type\":\"PassStateEntered\",\"stateEnteredEventDetails\":"
	    "{\"name\":\"A\",\"input\":\"{\\\"a\\\":[1,\\\"x\\\"]}\",\"inputDetails\":{\"truncated\":false}}}");
	check(record, 1, true,
	    "{\"id\":2,\"previousEventId\":2,\"timestamp\":1700000000.005,\"type\":\"TaskScheduled\",\"taskScheduledEventDetails\":"
	    "{\"resourceType\":\"lambda\",\"resource\":\"invoke\",\"region\":\"us-east-1\",\"parameters\":\"\\\"s\\\"\",\"timeoutInSeconds\":5}}");
	check(record, 2, true,
	    "{\"id\":3,\"previousEventId\":3,\"timestamp\":1700000000.005,\"type\":\"TaskSucceeded\",\"taskSucceededEventDetails\":"
	    "{\"resourceType\":\"lambda\",\"resource\":\"invoke\",\"output\":\"null\",\"outputDetails\":{\"truncated\":false}}}");
}

static void
assigned_variables_become_json_texts_by_name(void **state)
{
	(void)state;
	check(
	    "{\"e\":[[\"PassStateExited\",2,1000,{\"name\":\"A\",\"output\":{},\"assignedVariables\":{\"n\":42,\"s\":\"hi\",\"o\":{\"a\":1}}}]]}",
	    0, true,
	    "{\"id\":1,\"previousEventId\":2,\"timestamp\":1.000,\"type\":\"PassStateExited\",\"stateExitedEventDetails\":{\"name\":\"A\","
	    "\"output\":\"{}\",\"outputDetails\":{\"truncated\":false},\"assignedVariables\":{\"n\":\"42\",\"s\":\"\\\"hi\\\"\",\"o\":\"{\\\"a\\\":1}\"},"
	    "\"assignedVariablesDetails\":{\"truncated\":false}}}");
}

static void
payloads_are_left_out_when_nobody_wants_them(void **state)
{
	(void)state;
	check(
	    "{\"e\":[[\"PassStateExited\",2,1000,{\"name\":\"A\",\"output\":{},\"assignedVariables\":{\"n\":42}}]]}",
	    0, false,
	    "{\"id\":1,\"previousEventId\":2,\"timestamp\":1.000,\"type\":\"PassStateExited\",\"stateExitedEventDetails\":{\"name\":\"A\"}}");
	check("{\"e\":[[\"ExecutionSucceeded\",2,1000,{\"output\":{}}]]}", 0, false,
	    "{\"id\":1,\"previousEventId\":2,\"timestamp\":1.000,\"type\":\"ExecutionSucceeded\",\"executionSucceededEventDetails\":{}}");
}

static void
details_are_empty_or_absent_by_the_type(void **state)
{
	const char *record =
	    "{\"e\":[[\"ActivityStarted\",2,1000,{}],[\"ParallelStateStarted\",1,1000]]}";

	(void)state;
	check(record, 0, true,
	    "{\"id\":1,\"previousEventId\":2,\"timestamp\":1.000,\"type\":\"ActivityStarted\",\"activityStartedEventDetails\":{}}");
	check(record, 1, true,
	    "{\"id\":2,\"previousEventId\":1,\"timestamp\":1.000,\"type\":\"ParallelStateStarted\"}");
}

static void
what_is_no_event_is_told(void **state)
{
	static const char *const records[] = { "{}", "1", "{\"e\":1}", "{\"e\":[]}", "{\"e\":[1]}",
		"{\"e\":[[]]}", "{\"e\":[[\"PassStateEntered\",1]]}",
		"{\"e\":[[\"NoSuchType\",1,1,{}]]}", "{\"e\":[[\"PassStateEntered\",1,1]]}",
		"{\"e\":[[\"PassStateEntered\",1,1,2]]}",
		"{\"e\":[[\"PassStateEntered\",1,-1,{}]]}", "{\"e\":[[7,1,1,{}]]}",
		"{\"e\":[[\"PassStateEntered\",\"1\",1,{}]]}" };
	struct buf out;

	(void)state;
	buf_init(&out, BUF_UNLIMITED);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		struct doc r = doc_parse(records[i], strlen(records[i]), NULL);
		struct err e = ERR_INIT;

		assert_int_equal(history_print_event(r, 1, 0, true, &out, &e), -1);
		assert_string_equal(e.name, "pawl.Journal");
		err_fini(&e);
		doc_unref(r);
	}
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void
a_record_tells_how_many_events_it_has(void **state)
{
	struct doc r = doc_parse("{\"e\":[1,2,3]}", 13, NULL), none = doc_parse("{}", 2, NULL);

	(void)state;
	assert_int_equal(history_count(r), 3);
	assert_int_equal(history_count(none), 0);
	doc_unref(r);
	doc_unref(none);
}

static void
every_type_is_found_by_its_name_and_nothing_else_is(void **state)
{
	enum event_type t;

	(void)state;
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		const char *name = event_type_name((enum event_type)i);

		assert_int_equal(event_type_parse(name, strlen(name), &t), 0);
		assert_int_equal(t, i);
		assert_int_equal(event_type_parse(name, strlen(name) - 1, &t), -1);
		if (i > 0)
			assert_true(strcmp(event_type_name((enum event_type)(i - 1)), name) < 0);
	}
	assert_int_equal(EVENT_TYPE_COUNT, 62);
	assert_int_equal(event_type_parse("", 0, &t), -1);
	assert_int_equal(event_type_parse("Zzz", 3, &t), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_input_of_the_execution_is_the_text_of_the_caller),
		cmocka_unit_test(payloads_become_json_text_with_their_details),
		cmocka_unit_test(assigned_variables_become_json_texts_by_name),
		cmocka_unit_test(payloads_are_left_out_when_nobody_wants_them),
		cmocka_unit_test(details_are_empty_or_absent_by_the_type),
		cmocka_unit_test(what_is_no_event_is_told),
		cmocka_unit_test(a_record_tells_how_many_events_it_has),
		cmocka_unit_test(every_type_is_found_by_its_name_and_nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
