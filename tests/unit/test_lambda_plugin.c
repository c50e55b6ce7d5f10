/*
 * test_lambda_plugin - functions as tasks: Lua ones in workers and in process, those of an
 * endpoint, and the errors of all under Lambda's names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lambda_fixture.h"

static struct http_peer peer;
static bool have_peer;
static struct fixture f;

static void
function(struct fixture *x, const char *name, const char *code)
{
	char *path = xasprintf("functions/%s.lua", name);

	fixture_write(x, path, code);
	free(path);
}

/* The part of a JSON text at a path of member names; JSON text, "" when it is not there. Yours. */
static char *
part(const char *json, const char *names)
{
	struct doc d = doc_parse(json, strlen(json), NULL), v = d;
	char *copy = xstrdup(names), *name = strtok(copy, "/"), *text;

	for (; name != NULL && !doc_is_none(v); name = strtok(NULL, "/"))
		v = doc_gets(v, name);
	text = doc_is_none(v) ? xstrdup("") : doc_text(v, NULL);
	doc_unref(d);
	free(copy);
	return text;
}

static void
assert_part(const char *json, const char *names, const char *expected)
{
	char *text;

	assert_non_null(json);
	text = part(json, names);
	assert_string_equal(text, expected);
	free(text);
}

static void
the_result_of_a_function_arn_is_what_the_function_returns(void **state)
{
	(void)state;
	function(&f, "add", "return function(e) return {sum = e.a + e.b} end");
	assert_succeeded(fixture_run(&f, ARN("add"), "{\"a\":1,\"b\":2}"), "{\"sum\":3}");
	assert_succeeded(fixture_run(&f, ARN("add") ":alias", "{\"a\":1,\"b\":2}"), "{\"sum\":3}");
	function(&f, "same", "return function(e) return e end");
	assert_succeeded(fixture_run(&f, ARN("same"), "null"), "null");
	assert_succeeded(fixture_run(&f, ARN("same"), "{\"z\":1.50,\"a\":[]}"),
	    "{\"z\":1.50,\"a\":[]}");
}

static void
lambda_invoke_answers_in_the_envelope_of_the_service(void **state)
{
	static const char *const names[] = { "add", ARN("add"), ARN("add") ":v1",
		"123456789012:function:add", "add:v1" };
	static const char head[] =
	    "{\"ExecutedVersion\":\"$LATEST\",\"Payload\":{\"sum\":3},\"SdkHttpMetadata\":{\"AllHttpHeaders\":{"
	    "\"X-Amz-Executed-Version\":[\"$LATEST\"],\"x-amzn-Remapped-Content-Length\":[\"0\"],"
	    "\"Connection\":[\"keep-alive\"],\"x-amzn-RequestId\":[\"";
	const struct fixture_answer *a;

	(void)state;
	function(&f, "add", "return function(e) return {sum = e.a + e.b} end");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *p =
		    xasprintf("{\"FunctionName\":\"%s\",\"Payload\":{\"a\":1,\"b\":2}}", names[i]);

		a = fixture_run(&f, INVOKE, p);
		assert_false(a->failed);
		assert_int_equal(strncmp(a->output, head, strlen(head)), 0);
		assert_part(a->output, "SdkHttpMetadata/HttpStatusCode", "200");
		assert_part(a->output, "SdkHttpMetadata/HttpHeaders/Content-Length", "\"9\"");
		assert_part(a->output, "SdkHttpMetadata/HttpHeaders/Content-Type",
		    "\"application/json\"");
		assert_part(a->output, "StatusCode", "200");
		free(p);
	}
}

static void
no_payload_and_null_reach_the_function_as_an_empty_object(void **state)
{
	(void)state;
	function(&f, "same", "return function(e) return e end");
	assert_part(fixture_run(&f, INVOKE, "{\"FunctionName\":\"same\"}")->output, "Payload",
	    "{}");
	assert_part(fixture_run(&f, INVOKE, "{\"FunctionName\":\"same\",\"Payload\":null}")->output,
	    "Payload", "{}");
	assert_part(fixture_run(&f, INVOKE, "{\"FunctionName\":\"same\",\"Payload\":\"x\"}")
			->output,
	    "Payload", "\"x\"");
	assert_part(fixture_run(&f, INVOKE, "{\"FunctionName\":\"same\",\"Payload\":false}")
			->output,
	    "Payload", "false");
}

static void
the_context_says_who_calls(void **state)
{
	const char *out;

	(void)state;
	function(&f, "context", "return function(e, c) return c end");
	out = fixture_run(&f, ARN("context"), "{}")->output;
	assert_part(out, "function_name", "\"context\"");
	assert_part(out, "state_name", "\"Pay\"");
	assert_part(out, "idempotency_key", "\"key-1\"");
	assert_part(out, "execution_arn",
	    "\"arn:aws:states:us-east-1:123456789012:execution:m:run-1\"");
	assert_part(out, "invoked_function_arn",
	    "\"arn:aws:lambda:us-east-1:123456789012:function:context:$LATEST\"");
}

static void
a_raised_error_has_its_type_and_the_payload_as_cause(void **state)
{
	const struct fixture_answer *a;

	(void)state;
	function(&f, "bad", "return function()\n  error('broken') end");
	a = fixture_run(&f, ARN("bad"), "{}");
	assert_failed(a, "Error", "");
	assert_part(a->cause, "errorMessage", "\"broken\"");
	assert_part(a->cause, "errorType", "\"Error\"");
	assert_part(a->cause, "stackTrace",
	    "[\"functions/bad.lua:2: in function <functions/bad.lua:1>\"]");
	function(&f, "typed",
	    "return function() error({errorType = 'NoMoney', errorMessage = 'none'}) end");
	a = fixture_run(&f, INVOKE, "{\"FunctionName\":\"typed\"}");
	assert_failed(a, "NoMoney", "\"errorMessage\":\"none\"");
	function(&f, "value", "return function() return print end");
	assert_failed(fixture_run(&f, ARN("value"), "{}"), "Error",
	    "the result: a function cannot be put into a document");
}

static void
time_and_memory_that_run_out_are_lambda_unknown(void **state)
{
	struct fixture g;

	(void)state;
	fixture_init(&g, "function_timeout = '100ms' function_memory = '2 MiB'");
	fixture_load(&g, "lambda");
	function(&g, "endless", "return function() while true do end end");
	assert_failed(fixture_run(&g, ARN("endless"), "{}"), "Lambda.Unknown",
	    "Task timed out after 0.10 seconds\"}");
	assert_failed(fixture_run(&g, ARN("endless"), "{}"), "Lambda.Unknown",
	    "The cause could not be determined because Lambda did not return an error type. Returned payload: "
	    "{\"errorMessage\":\"");
	fixture_fini(&g);
	fixture_init(&g, "function_memory = '2 MiB'");
	fixture_load(&g, "lambda");
	function(&g, "hungry",
	    "return function() local t = {} while true do t[#t + 1] = {} end end");
	assert_failed(fixture_run(&g, ARN("hungry"), "{}"), "Lambda.Unknown", "out of memory");
	fixture_fini(&g);
}

static void
a_function_that_is_not_there_is_resource_not_found(void **state)
{
	(void)state;
	assert_failed(fixture_run(&f, INVOKE, "{\"FunctionName\":\"no_such\",\"Payload\":null}"),
	    "Lambda.ResourceNotFoundException",
	    "Function not found: arn:aws:lambda:us-east-1:123456789012:function:no_such:$LATEST (Service: AWSLambda; "
	    "Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ");
	assert_failed(fixture_run(&f, ARN("../etc/passwd"), "{}"),
	    "Lambda.ResourceNotFoundException", "; Proxy: null)");
}

static void
wrong_parameters_fail_with_what_is_wrong(void **state)
{
	(void)state;
	assert_failed(fixture_run(&f, INVOKE, "{}"), "States.Runtime",
	    "The Parameters '{}' could not be used to start the Task: [The required field 'FunctionName' is missing]");
	assert_failed(fixture_run(&f, INVOKE, "[]"), "States.Runtime", "must be an object");
	assert_failed(fixture_run(&f, INVOKE, "{\"FunctionName\":\"f\",\"X\":1}"), "States.Runtime",
	    "[The field \"X\" is not supported by Step Functions]");
	assert_failed(fixture_run(&f, INVOKE,
			  "{\"FunctionName\":\"f\",\"InvocationType\":\"Maybe\"}"),
	    "States.Runtime", "'InvocationType' has an invalid format");
	assert_failed(fixture_run(&f, INVOKE, "{\"FunctionName\":\"\"}"), "States.Runtime",
	    "'FunctionName'");
}

static void
event_and_dry_run_answer_without_waiting(void **state)
{
	const char *out;

	(void)state;
	function(&f, "slow", "return function() sleep(1000) end");
	out = fixture_run(&f, INVOKE, "{\"FunctionName\":\"slow\",\"InvocationType\":\"Event\"}")
		  ->output;
	assert_part(out, "StatusCode", "202");
	assert_part(out, "Payload", "\"\"");
	out = fixture_run(&f, INVOKE, "{\"FunctionName\":\"slow\",\"InvocationType\":\"DryRun\"}")
		  ->output;
	assert_part(out, "StatusCode", "204");
}

static void
wait_for_task_token_is_submitted_when_the_function_has_returned(void **state)
{
	const struct fixture_answer *a;

	(void)state;
	function(&f, "hand", "return function(e) return {handed = e.token} end");
	a = fixture_run(&f, INVOKE ".waitForTaskToken",
	    "{\"FunctionName\":\"hand\",\"Payload\":{\"token\":\"t\"}}");
	assert_int_equal(a->nsubmitted, 1);
	assert_int_equal(a->nanswers, 0);
	assert_part(a->output, "Payload", "{\"handed\":\"t\"}");
	function(&f, "bad", "return function() error('no') end");
	a = fixture_run(&f, INVOKE ".waitForTaskToken", "{\"FunctionName\":\"bad\"}");
	assert_failed(a, "Error", "\"no\"");
}

/* --- pure ------------------------------------------------------------------------------- */

static int
call_pure(const char *arn, const char *parameters, uint64_t seed, struct doc *result, struct err *e)
{
	struct task_resource r = fixture_resource(arn);
	struct doc p = doc_parse(parameters, strlen(parameters), NULL);
	int64_t steps = 2 * LUABOX_EXPRESSION_STEPS, before = steps;
	int rc = plugin_host_pure_call(f.host, &r, p, seed, &steps, result, e);

	assert_true(rc == 1 ? steps < before : steps == before);
	doc_unref(p);
	fixture_resource_fini(&r);
	return rc;
}

static void
pure_functions_run_inside_the_call_and_the_same_way_each_time(void **state)
{
	struct err e = ERR_INIT;
	struct doc result, again;
	char *a, *b;

	(void)state;
	function(&f, "score",
	    "return pawl.pure(function(e) return {e.n * 2, math.random(1000000)} end)");
	assert_int_equal(call_pure(INVOKE, "{\"FunctionName\":\"score\",\"Payload\":{\"n\":4}}", 9,
			     &result, &e),
	    1);
	assert_int_equal(call_pure(INVOKE, "{\"FunctionName\":\"score\",\"Payload\":{\"n\":4}}", 9,
			     &again, &e),
	    1);
	assert_false(err_is_set(&e));
	a = doc_text(result, NULL);
	b = doc_text(again, NULL);
	assert_string_equal(a, b);
	assert_non_null(strstr(a, "\"Payload\":[8,"));
	free(a);
	free(b);
	doc_unref(result);
	doc_unref(again);
	assert_int_equal(call_pure(ARN("score"), "{\"n\":4}", 9, &result, &e), 1);
	assert_int_equal(doc_len(result), 2);
	doc_unref(result);
	assert_int_equal(call_pure(ARN("score"), "{}", 9, &result, &e), 1);
	assert_string_equal(e.name, "Error");
	assert_non_null(strstr(err_cause(&e), "attempt to perform arithmetic on a nil value"));
	err_fini(&e);
	/* a worker is not needed, but a dispatched one works as well */
	assert_non_null(strstr(fixture_run(&f, ARN("score"), "{\"n\":1}")->output, "[2,"));
}

static void
what_is_not_pure_is_left_to_start(void **state)
{
	struct err e = ERR_INIT;
	struct doc result;

	(void)state;
	function(&f, "plain", "return function() return 1 end");
	function(&f, "impure", "sleep(0) return pawl.pure(function() return 1 end)");
	function(&f, "score", "return pawl.pure(function() return 1 end)");
	assert_int_equal(call_pure(ARN("plain"), "{}", 1, &result, &e), 0);
	assert_int_equal(call_pure(ARN("impure"), "{}", 1, &result, &e), 0);
	assert_int_equal(call_pure(ARN("nobody"), "{}", 1, &result, &e), 0);
	assert_int_equal(call_pure(INVOKE, "{}", 1, &result, &e), 0);
	assert_int_equal(call_pure(INVOKE ".waitForTaskToken", "{\"FunctionName\":\"score\"}", 1,
			     &result, &e),
	    0);
	assert_int_equal(call_pure(INVOKE,
			     "{\"FunctionName\":\"score\",\"InvocationType\":\"Event\"}", 1,
			     &result, &e),
	    0);
	assert_int_equal(call_pure("arn:pawl:states:::nobody:home", "{}", 1, &result, &e), 0);
}

static void
a_pure_function_has_a_budget_no_world_and_no_memory_of_earlier_calls(void **state)
{
	struct err e = ERR_INIT;
	struct doc result;

	(void)state;
	function(&f, "endless",
	    "return pawl.pure(function() while true do pcall(function() while true do end end) end end)");
	assert_int_equal(call_pure(ARN("endless"), "{}", 1, &result, &e), 1);
	assert_string_equal(e.name, "Lambda.Unknown");
	assert_non_null(strstr(err_cause(&e), "budget of steps"));
	err_fini(&e);
	function(&f, "world",
	    "return pawl.pure(function() n = (n or 0) + 1 return {http == nil, sleep == nil, log == nil, n} end)");
	for (int i = 0; i < 3; i++) {
		char *text;

		assert_int_equal(call_pure(ARN("world"), "{}", 1, &result, &e), 1);
		text = doc_text(result, NULL);
		assert_string_equal(text, "[true,true,true,1]");
		free(text);
		doc_unref(result);
	}
}

static void
a_changed_file_is_read_again(void **state)
{
	struct err e = ERR_INIT;
	struct doc result;
	int64_t v = 0;

	(void)state;
	function(&f, "change", "return pawl.pure(function() return 1 end)");
	assert_int_equal(call_pure(ARN("change"), "{}", 1, &result, &e), 1);
	doc_unref(result);
	function(&f, "change", "return pawl.pure(function() return 22 end)");
	assert_int_equal(call_pure(ARN("change"), "{}", 1, &result, &e), 1);
	assert_true(doc_i64(result, &v) && v == 22);
	doc_unref(result);
	function(&f, "change", "return function() return 333 end");
	assert_int_equal(call_pure(ARN("change"), "{}", 1, &result, &e), 0);
}

/* --- an endpoint ---------------------------------------------------------------------------- */

static void
with_endpoint(struct fixture *g, const char *more)
{
	char *lines = xasprintf("aws_endpoint = 'http://127.0.0.1:%d/' %s", peer.port, more);

	fixture_init(g, lines);
	fixture_load(g, "lambda");
	free(lines);
}

static void
functions_of_an_endpoint_are_invoked_there(void **state)
{
	struct fixture g;
	const struct fixture_answer *a;

	(void)state;
	if (!have_peer)
		skip();
	with_endpoint(&g, "");
	assert_succeeded(fixture_run(&g, ARN("double"), "{\"z\":[1]}"),
	    "{\"got\":{\"z\":[1]},\"path\":\"/2015-03-31/functions/double/invocations\"}");
	a = fixture_run(&g, INVOKE,
	    "{\"FunctionName\":\"double\",\"Payload\":1,\"Qualifier\":\"v2\",\"LogType\":\"Tail\"}");
	assert_part(a->output, "Payload/path",
	    "\"/2015-03-31/functions/double/invocations?Qualifier=v2\"");
	assert_part(a->output, "ExecutedVersion", "\"$LATEST\"");
	assert_part(a->output, "LogResult", "\"bG9n\"");
	assert_part(a->output, "SdkResponseMetadata/RequestId", "\"req-1\"");
	assert_part(a->output, "SdkHttpMetadata/AllHttpHeaders/x-amzn-RequestId", "[\"req-1\"]");
	assert_part(a->output, "SdkHttpMetadata/HttpHeaders/x-amzn-RequestId", "\"req-1\"");
	a = fixture_run(&g, INVOKE, "{\"FunctionName\":\"text\"}");
	assert_part(a->output, "Payload", "\"not json\"");
	function(&g, "double", "return function() return 'local wins' end");
	assert_succeeded(fixture_run(&g, ARN("double"), "{}"), "\"local wins\"");
	fixture_fini(&g);
}

static void
errors_of_an_endpoint_have_lambdas_names(void **state)
{
	struct fixture g;

	(void)state;
	if (!have_peer)
		skip();
	with_endpoint(&g, "");
	assert_failed(fixture_run(&g, ARN("raises"), "{}"), "Mine",
	    "{\"errorMessage\":\"no\",\"errorType\":\"Mine\",\"stackTrace\":[]}");
	assert_failed(fixture_run(&g, ARN("untyped"), "{}"), "Lambda.Unknown",
	    "Returned payload: {\"errorMessage\":\"timed out\"}");
	assert_failed(fixture_run(&g, ARN("other"), "{}"), "Lambda.ResourceNotFoundException",
	    "Function not found: other (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; "
	    "Request ID: req-3; Proxy: null)");
	assert_failed(fixture_run(&g, ARN("busy"), "{}"), "Lambda.TooManyRequestsException",
	    "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: req-2; "
	    "Proxy: null)");
	fixture_fini(&g);
	fixture_init(&g, "plugins = { lambda = { endpoint = 'http://127.0.0.1:1' } }");
	fixture_load(&g, "lambda");
	assert_failed(fixture_run(&g, ARN("f"), "{}"), "Lambda.SdkClientException",
	    "Unable to execute HTTP request: 127.0.0.1:1: ");
	fixture_fini(&g);
}

static void
calls_are_signed_when_there_are_keys(void **state)
{
	struct fixture g;
	const struct fixture_answer *a;

	(void)state;
	if (!have_peer)
		skip();
	with_endpoint(&g,
	    "aws_access_key_id = 'AKID' aws_secret_access_key = 'very-secret' region = 'eu-west-1'");
	a = fixture_run(&g, ARN("signed"), "{}");
	assert_non_null(strstr(a->output, "AWS4-HMAC-SHA256 Credential=AKID/"));
	assert_non_null(strstr(a->output, "/eu-west-1/lambda/aws4_request"));
	assert_null(strstr(a->output, "very-secret"));
	assert_part(a->output, "Idempotency-Key", "\"key-1\"");
	fixture_fini(&g);
	with_endpoint(&g, "");
	a = fixture_run(&g, ARN("signed"), "{}");
	assert_null(strstr(a->output, "AWS4-HMAC-SHA256"));
	fixture_fini(&g);
}

static void
a_cancelled_task_ends_its_function(void **state)
{
	uint64_t id, t;

	(void)state;
	function(&f, "slow", "return function() sleep(1000) end");
	t = fixture_start(&f, ARN("slow"), "{}", &id);
	fixture_start(&f, ARN("slow"), "{}", NULL);
	fixture_settle(&f);
	plugin_host_cancel(f.host, id);
	fixture_settle(&f);
	assert_int_equal(f.answers[t].nanswers, 0);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&f, "");
	fixture_load(&f, "lambda");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_result_of_a_function_arn_is_what_the_function_returns),
		TEST(lambda_invoke_answers_in_the_envelope_of_the_service),
		TEST(no_payload_and_null_reach_the_function_as_an_empty_object),
		TEST(the_context_says_who_calls),
		TEST(a_raised_error_has_its_type_and_the_payload_as_cause),
		TEST(time_and_memory_that_run_out_are_lambda_unknown),
		TEST(a_function_that_is_not_there_is_resource_not_found),
		TEST(wrong_parameters_fail_with_what_is_wrong),
		TEST(event_and_dry_run_answer_without_waiting),
		TEST(wait_for_task_token_is_submitted_when_the_function_has_returned),
		TEST(pure_functions_run_inside_the_call_and_the_same_way_each_time),
		TEST(what_is_not_pure_is_left_to_start),
		TEST(a_pure_function_has_a_budget_no_world_and_no_memory_of_earlier_calls),
		TEST(a_changed_file_is_read_again),
		TEST(functions_of_an_endpoint_are_invoked_there),
		TEST(errors_of_an_endpoint_have_lambdas_names),
		TEST(calls_are_signed_when_there_are_keys),
		TEST(a_cancelled_task_ends_its_function),
	};
	int rc;

	have_peer = http_peer_start(&peer) == 0;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (have_peer)
		http_peer_stop(&peer);
	return rc;
}
