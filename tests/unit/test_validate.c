/*
 * test_validate - request checks against the model: the words of every kind of refusal.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "api/validate.h"

static int
check(const char *action, const char *body, bool payload_limits, struct err *e)
{
	const struct model_action *a = model_action_find(action, strlen(action));
	struct doc d = doc_parse(body, strlen(body), e);
	int rc;

	assert_non_null(a);
	assert_false(doc_is_none(d));
	rc = validate_body(model_shape(a->input), d, payload_limits, e);
	doc_unref(d);
	return rc;
}

static void
assert_fine(const char *action, const char *body)
{
	struct err e = ERR_INIT;

	if (check(action, body, true, &e) != 0)
		fail_msg("%s: %s", body, err_cause(&e));
}

static void
assert_refused(const char *action, const char *body, const char *name, const char *cause)
{
	struct err e = ERR_INIT;

	assert_int_equal(check(action, body, true, &e), -1);
	assert_string_equal(e.name, name);
	assert_string_equal(err_cause(&e), cause);
	err_fini(&e);
}

#define MACHINE "\"stateMachineArn\":\"arn:aws:states:us-east-1:123456789012:stateMachine:x\""

static void
good_requests_pass(void **state)
{
	(void)state;
	assert_fine("ListStateMachines", "{}");
	assert_fine("ListStateMachines", "{\"maxResults\":null,\"nextToken\":null}");
	assert_fine("ListStateMachines", "{\"maxResults\":0,\"another\":{\"x\":[1]}}");
	assert_fine("ListStateMachines", "{\"maxResults\":1000}");
	assert_fine("StartExecution", "{" MACHINE ",\"input\":\"\",\"name\":\"n\"}");
	assert_fine("TagResource", "{\"resourceArn\":\"a\",\"tags\":[]}");
	assert_fine("ValidateStateMachineDefinition", "{\"definition\":\"\"}");
	assert_fine("ListExecutions", "{\"statusFilter\":\"PENDING_REDRIVE\"}");
	assert_fine("UpdateMapRun", "{\"mapRunArn\":\"a\",\"toleratedFailurePercentage\":99.5}");
}

static void
numbers_keep_their_bounds(void **state)
{
	(void)state;
	assert_refused("ListStateMachines", "{\"maxResults\":1001}", "ValidationException",
	    "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
	    "Member must have value less than or equal to 1000");
	assert_refused("ListStateMachines", "{\"maxResults\":-1}", "ValidationException",
	    "1 validation error detected: Value '-1' at 'maxResults' failed to satisfy constraint: "
	    "Member must have value greater than or equal to 0");
	assert_refused("UpdateMapRun", "{\"mapRunArn\":\"a\",\"toleratedFailurePercentage\":100.5}",
	    "ValidationException",
	    "1 validation error detected: Value '100.5' at 'toleratedFailurePercentage' failed to "
	    "satisfy constraint: Member must have value less than or equal to 100");
}

static void
texts_keep_their_length(void **state)
{
	(void)state;
	assert_refused("ListStateMachines", "{\"nextToken\":\"\"}", "ValidationException",
	    "1 validation error detected: Value '' at 'nextToken' failed to satisfy constraint: "
	    "Member must have length greater than or equal to 1");
	assert_refused("StartExecution",
	    "{" MACHINE ",\"name\":\""
	    "123456789012345678901234567890123456789012345678901234567890123456789012345678901\"}",
	    "ValidationException",
	    "1 validation error detected: Value '12345678901234567890123456789012345678901234567890"
	    "1234567890123456789012345678901' at 'name' failed to satisfy constraint: Member must have "
	    "length less than or equal to 80");
	/* 80 characters of two bytes each */
	assert_fine("StartExecution",
	    "{" MACHINE ",\"name\":\""
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	    "\"}");
}

static void
required_members_are_asked_for(void **state)
{
	(void)state;
	assert_refused("StartExecution", "{}", "ValidationException",
	    "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy "
	    "constraint: Member must not be null");
	assert_refused("StartExecution", "{\"stateMachineArn\":null}", "ValidationException",
	    "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy "
	    "constraint: Member must not be null");
}

static void
all_violations_stand_in_one_message(void **state)
{
	(void)state;
	assert_refused("CreateStateMachine", "{\"roleArn\":\"\",\"definition\":\"{}\"}",
	    "ValidationException",
	    "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member "
	    "must not be null; Value '' at 'roleArn' failed to satisfy constraint: Member must have "
	    "length greater than or equal to 1");
}

static void
enums_list_their_values(void **state)
{
	(void)state;
	assert_refused("ListExecutions", "{\"statusFilter\":\"succeeded\"}", "ValidationException",
	    "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy "
	    "constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, "
	    "ABORTED, FAILED, RUNNING]");
	assert_refused("CreateStateMachine",
	    "{\"name\":\"n\",\"roleArn\":\"r\",\"definition\":\"{}\",\"type\":\"x\"}",
	    "ValidationException",
	    "1 validation error detected: Value 'x' at 'type' failed to satisfy constraint: Member "
	    "must satisfy enum value set: [STANDARD, EXPRESS]");
}

static void
patterns_are_matched(void **state)
{
	(void)state;
	assert_refused("StartExecution", "{" MACHINE ",\"traceHeader\":\"caf\u00e9\"}",
	    "ValidationException",
	    "1 validation error detected: Value 'caf\u00e9' at 'traceHeader' failed to satisfy "
	    "constraint: Member must satisfy regular expression pattern: \\p{ASCII}*");
	assert_fine("CreateStateMachineAlias",
	    "{\"name\":\"PROD-1\",\"routingConfiguration\":"
	    "[{\"stateMachineVersionArn\":\"a\",\"weight\":100}]}");
	assert_refused("CreateStateMachineAlias",
	    "{\"name\":\"17\",\"routingConfiguration\":"
	    "[{\"stateMachineVersionArn\":\"a\",\"weight\":100}]}",
	    "ValidationException",
	    "1 validation error detected: Value '17' at 'name' failed to satisfy constraint: Member "
	    "must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$");
}

static void
every_pattern_of_the_model_is_known(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < model_nshapes; i++) {
		if (model_shapes[i].pattern == NULL)
			continue;
		n++;
		if (!validate_knows_pattern(model_shapes[i].pattern))
			fail_msg("%s: %s", model_shapes[i].name, model_shapes[i].pattern);
	}
	assert_true(n > 0);
}

static void
places_in_lists_count_from_one(void **state)
{
	(void)state;
	assert_refused("CreateStateMachineAlias",
	    "{\"name\":\"a\",\"routingConfiguration\":"
	    "[{\"stateMachineVersionArn\":\"a\",\"weight\":101}]}",
	    "ValidationException",
	    "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' "
	    "failed to satisfy constraint: Member must have value less than or equal to 100");
	assert_refused("UntagResource", "{\"resourceArn\":\"a\",\"tagKeys\":[\"x\",null]}",
	    "ValidationException",
	    "1 validation error detected: Value null at 'tagKeys.2.member' failed to satisfy "
	    "constraint: Member must not be null");
}

static void
structures_print_like_java(void **state)
{
	(void)state;
	assert_refused("CreateStateMachineAlias",
	    "{\"name\":\"a\",\"routingConfiguration\":["
	    "{\"weight\":50,\"stateMachineVersionArn\":\"v1\"},"
	    "{\"stateMachineVersionArn\":\"v2\",\"weight\":20},"
	    "{\"stateMachineVersionArn\":\"v3\",\"weight\":30}]}",
	    "ValidationException",
	    "1 validation error detected: Value '["
	    "RoutingConfigurationListItem(stateMachineVersionArn=v1, weight=50), "
	    "RoutingConfigurationListItem(stateMachineVersionArn=v2, weight=20), "
	    "RoutingConfigurationListItem(stateMachineVersionArn=v3, weight=30)]' at "
	    "'routingConfiguration' failed to satisfy constraint: Member must have length less than "
	    "or equal to 2");
}

static void
wrong_json_types_do_not_deserialise(void **state)
{
	(void)state;
	assert_refused("StartExecution", "{\"stateMachineArn\":1}", "SerializationException",
	    "NUMBER_VALUE can not be converted to a String: stateMachineArn");
	assert_refused("ListStateMachines", "{\"maxResults\":\"5\"}", "SerializationException",
	    "STRING_VALUE can not be converted to an Integer: maxResults");
	assert_refused("ListStateMachines", "{\"maxResults\":1.5}", "SerializationException",
	    "NUMBER_VALUE can not be converted to an Integer: maxResults");
	assert_refused("ListStateMachines", "{\"maxResults\":3000000000}", "SerializationException",
	    "NUMBER_VALUE can not be converted to an Integer: maxResults");
	assert_refused("GetExecutionHistory", "{\"executionArn\":\"a\",\"reverseOrder\":\"true\"}",
	    "SerializationException",
	    "STRING_VALUE can not be converted to a Boolean: reverseOrder");
	assert_refused("TagResource", "{\"resourceArn\":\"a\",\"tags\":{}}",
	    "SerializationException", "START_OBJECT can not be converted to a List: tags");
	assert_refused("TagResource", "{\"resourceArn\":\"a\",\"tags\":[[]]}",
	    "SerializationException",
	    "START_ARRAY can not be converted to a Structure: tags.1.member");
	assert_refused("StartExecution", "{" MACHINE ",\"input\":{\"a\":1}}",
	    "SerializationException", "START_OBJECT can not be converted to a String: input");
}

static void
payloads_are_limited_only_on_request(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "{" MACHINE ",\"input\":\"");
	for (int i = 0; i < 262145; i++)
		buf_addc(&b, '1');
	buf_adds(&b, "\"}");
	assert_int_equal(check("StartExecution", b.data, false, &e), 0);
	assert_int_equal(check("StartExecution", b.data, true, &e), -1);
	/* what is in a payload is nobody's business */
	assert_string_equal(err_cause(&e),
	    "1 validation error detected: Value '***' at 'input' failed to satisfy constraint: Member "
	    "must have length less than or equal to 262144");
	err_fini(&e);
	buf_fini(&b);
}

static void
a_definition_counts_in_characters_on_request(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "{\"definition\":\"");
	for (int i = 0; i < 1048576; i++)
		buf_adds(&b, "\u00e9");
	buf_adds(&b, "\"}");
	assert_fine("ValidateStateMachineDefinition", b.data);
	b.len -= 2;
	buf_adds(&b, "x\"}");
	assert_int_equal(check("ValidateStateMachineDefinition", b.data, false, &e), 0);
	assert_int_equal(check("ValidateStateMachineDefinition", b.data, true, &e), -1);
	assert_string_equal(err_cause(&e),
	    "1 validation error detected: Value '***' at 'definition' failed to satisfy constraint: "
	    "Member must have length less than or equal to 1048576");
	err_fini(&e);
	buf_fini(&b);
}

static void
characters_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(validate_length("a\u00e9\u20ac\U0001f600", 10), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_pass),
		cmocka_unit_test(numbers_keep_their_bounds),
		cmocka_unit_test(texts_keep_their_length),
		cmocka_unit_test(required_members_are_asked_for),
		cmocka_unit_test(all_violations_stand_in_one_message),
		cmocka_unit_test(enums_list_their_values),
		cmocka_unit_test(patterns_are_matched),
		cmocka_unit_test(every_pattern_of_the_model_is_known),
		cmocka_unit_test(places_in_lists_count_from_one),
		cmocka_unit_test(structures_print_like_java),
		cmocka_unit_test(wrong_json_types_do_not_deserialise),
		cmocka_unit_test(payloads_are_limited_only_on_request),
		cmocka_unit_test(a_definition_counts_in_characters_on_request),
		cmocka_unit_test(characters_are_counted_not_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
