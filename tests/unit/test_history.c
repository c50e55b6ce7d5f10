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
#include "engine/frame.h"
#include "engine/history.h"

static void
check(const char *record, size_t index, bool data, const char *expected)
{
	struct doc r = doc_parse(record, strlen(record), NULL);
	struct history_record h;
	struct err e = ERR_INIT;
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	assert_false(doc_is_none(r));
	assert_int_equal(history_open(&h, r, 1, &e), 0);
	assert_int_equal(history_print_event(&h, 1 + (int64_t)index, data, &out, &e), 0);
	assert_string_equal(out.data, expected);
	history_close(&h);
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
		struct history_record h;
		struct err e = ERR_INIT;

		assert_true(history_open(&h, r, 1, &e) != 0 ||
		    history_print_event(&h, 1, true, &out, &e) != 0);
		assert_string_equal(e.name, "pawl.Journal");
		history_close(&h);
		err_fini(&e);
		doc_unref(r);
	}
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

/* Events 8 to 13 of an execution. */
static const char referring[] =
    "{\"e\":[[\"TaskSucceeded\",7,1000,{\"output\":{\"a\":1.50}}],"
    "[\"TaskStateExited\",8,1000,{\"name\":\"A\",\"output\":8,\"assignedVariables\":{\"n\":8}},\"output\"],"
    "[\"TaskStateEntered\",9,1000,{\"name\":\"B\",\"input\":8},\"input\"],"
    "[\"TaskScheduled\",10,1000,{\"parameters\":8,\"timeoutInSeconds\":8}],"
    "[\"TaskStateEntered\",9,1000,{\"name\":\"B\",\"input\":9},\"input\"],"
    "[\"TaskStateEntered\",9,1000,{\"name\":\"B\",\"input\":99},\"input\"]]}";

static void
a_payload_that_stands_in_another_event_is_shown_in_its_place(void **state)
{
	struct doc r = doc_parse(referring, strlen(referring), NULL);
	struct history_record h;
	struct err e = ERR_INIT;
	struct buf out;

	(void)state;
	buf_init(&out, BUF_UNLIMITED);
	assert_int_equal(history_open(&h, r, 8, &e), 0);
	assert_int_equal(h.n, 6);
	assert_int_equal(history_print_event(&h, 9, true, &out, &e), 0);
	assert_string_equal(out.data,
	    "{\"id\":9,\"previousEventId\":8,\"timestamp\":1.000,\"type\":\"TaskStateExited\",\"stateExitedEventDetails\":"
	    "{\"name\":\"A\",\"output\":\"{\\\"a\\\":1.50}\",\"outputDetails\":{\"truncated\":false},"
	    "\"assignedVariables\":{\"n\":\"8\"},\"assignedVariablesDetails\":{\"truncated\":false}}}");
	assert_int_equal(history_shown_by(&h, 10), 8);
	assert_int_equal(history_shown_by(&h, 8), 8);
	assert_true(doc_is_none(history_payload(&h, 10)));
	/* without the mark a number is a number */
	buf_reset(&out);
	assert_int_equal(history_print_event(&h, 11, true, &out, &e), 0);
	assert_string_equal(out.data,
	    "{\"id\":11,\"previousEventId\":10,\"timestamp\":1.000,\"type\":\"TaskScheduled\",\"taskScheduledEventDetails\":"
	    "{\"parameters\":\"8\",\"timeoutInSeconds\":8}}");
	buf_reset(&out);
	for (int64_t id = 12; id <= 14;
	     id++) { /* to one that refers itself, to nothing; no such event */
		assert_int_equal(history_shown_by(&h, id), PAYLOAD_NOWHERE);
		assert_int_equal(history_print_event(&h, id, true, &out, &e), -1);
		err_fini(&e);
	}
	assert_int_equal(out.len, 0);
	history_close(&h);
	buf_fini(&out);
	doc_unref(r);
}

static void
the_first_event_shows_the_input_as_text(void **state)
{
	const char *record =
	    "{\"e\":[[\"ExecutionStarted\",0,1000,{\"input\":\"{ \\\"k\\\": 1.0 }\"}],"
	    "[\"PassStateEntered\",0,1000,{\"name\":\"A\",\"input\":1},\"input\"]]}";
	struct doc r = doc_parse(record, strlen(record), NULL);
	struct history_record h;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(history_open(&h, r, 1, &e), 0);
	assert_int_equal(history_shown_by(&h, 2), PAYLOAD_INPUT);
	assert_int_equal(history_shown_by(&h, 1), PAYLOAD_INPUT);
	history_close(&h);
	doc_unref(r);
	check(record, 1, true,
	    "{\"id\":2,\"previousEventId\":0,\"timestamp\":1.000,\"type\":\"PassStateEntered\",\"stateEnteredEventDetails\":"
	    "{\"name\":\"A\",\"input\":\"{\\\"k\\\":1.0}\",\"inputDetails\":{\"truncated\":false}}}");
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
		cmocka_unit_test(a_payload_that_stands_in_another_event_is_shown_in_its_place),
		cmocka_unit_test(the_first_event_shows_the_input_as_text),
		cmocka_unit_test(every_type_is_found_by_its_name_and_nothing_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
