/*
 * test_http_plugin - http:invoke against a real peer: what is sent, what comes back, how
 * it fails, and that credentials show nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugin_fixture.h"

#define INVOKE "arn:aws:states:::http:invoke"

static struct http_peer peer;
static struct fixture f;

static const char options_text[] =
    "plugins = { http = { timeout = '2s', max_response = '4 KiB', connections = {\n"
    "  pay = { type = 'basic', username = 'pawl', password = 'basic-secret' },\n"
    "  score = { type = 'api_key', header = 'X-Api-Key', value = 'key-secret', headers = { ['X-Tenant'] = 'tenant-7' },\n"
    "    query = { q = 'from-connection' } },\n"
    "  crm = { type = 'bearer', token = 'bearer-secret' } } } }";

/* Parameters for a path of the peer; more are members to add: ",\"Headers\":{}". Yours. */
static char *
parameters(const char *method, const char *path, const char *more)
{
	return xasprintf("{\"ApiEndpoint\":\"http://127.0.0.1:%d%s\",\"Method\":\"%s\"%s}",
	    peer.port, path, method, more);
}

static struct fixture_answer *
call(const char *method, const char *path, const char *more)
{
	char *p = parameters(method, path, more);
	struct fixture_answer *a = fixture_run(&f, INVOKE, p);

	free(p);
	return a;
}

/* The part of the result at a path of member names; JSON text, "" when it is not there. Yours. */
static char *
part(const struct fixture_answer *a, const char *names)
{
	struct doc d, v;
	char *copy = xstrdup(names), *name = strtok(copy, "/"), *text;

	if (a->failed)
		fail_msg("failed: %s: %s", a->error, a->cause);
	v = d = doc_parse(a->output, strlen(a->output), NULL);
	for (; name != NULL && !doc_is_none(v); name = strtok(NULL, "/"))
		v = doc_gets(v, name);
	text = doc_is_none(v) ? xstrdup("") : doc_text(v, NULL);
	doc_unref(d);
	free(copy);
	return text;
}

static void
assert_part(const struct fixture_answer *a, const char *names, const char *expected)
{
	char *text = part(a, names);

	assert_string_equal(text, expected);
	free(text);
}

static void
assert_failed(const struct fixture_answer *a, const char *error, const char *cause_part)
{
	assert_int_equal(a->nanswers, 1);
	if (!a->failed)
		fail_msg("it succeeded: %s", a->output);
	assert_string_equal(a->error, error);
	if (strstr(a->cause, cause_part) == NULL)
		fail_msg("cause: %s", a->cause);
}

static void
the_result_has_headers_body_status_and_its_text(void **state)
{
	struct fixture_answer *a = call("GET", "/echo", "");
	const char *at = a->output;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "\"Headers\":", "\"ResponseBody\":",
			"\"StatusCode\":200", "\"StatusText\":\"OK\"" };

		assert_non_null(at = strstr(at, names[i]));
	}
	assert_part(a, "Headers/Content-Type", "[\"application/json\"]");
	assert_part(a, "ResponseBody/method", "\"GET\"");
	assert_part(a, "ResponseBody/headers/idempotency-key", "[\"key-1\"]");
	assert_part(a, "ResponseBody/headers/user-agent",
	    "[\"Amazon|StepFunctions|HttpInvoke|us-east-1\"]");
	assert_part(a, "ResponseBody/headers/content-type", "");
}

static void
a_text_body_is_a_string_and_repeated_headers_are_lists(void **state)
{
	struct fixture_answer *a = call("GET", "/text", "");

	(void)state;
	assert_part(a, "ResponseBody", "\"plain words\"");
	assert_part(a, "Headers/X-Twice", "[\"1\",\"2\"]");
	a = call("DELETE", "/empty", "");
	assert_part(a, "ResponseBody", "\"\"");
	assert_part(a, "StatusCode", "204");
	a = call("HEAD", "/echo", "");
	assert_part(a, "ResponseBody", "\"\"");
}

static void
headers_query_and_body_are_sent(void **state)
{
	struct fixture_answer *a = call("POST", "/echo?z=1#fragment",
	    ",\"Headers\":{\"X-One\":\"1\",\"X-Num\":2,\"X-List\":[\"a\",\"b\"],\"Idempotency-Key\":\"mine\"},"
	    "\"QueryParameters\":{\"a b\":\"c&d\",\"list\":[1,true,null],\"e\":\"\xc3\xa9\"},"
	    "\"RequestBody\":{\"z\":1.50,\"a\":[\"\xc3\xa9\"]}");

	(void)state;
	assert_part(a, "ResponseBody/path",
	    "\"/echo?z=1&a%20b=c%26d&list=1&list=true&list=&e=%C3%A9\"");
	assert_part(a, "ResponseBody/headers/x-one", "[\"1\"]");
	assert_part(a, "ResponseBody/headers/x-num", "[\"2\"]");
	assert_part(a, "ResponseBody/headers/x-list", "[\"a\",\"b\"]");
	assert_part(a, "ResponseBody/headers/idempotency-key", "[\"mine\"]");
	assert_part(a, "ResponseBody/headers/content-type", "[\"application/json\"]");
	assert_part(a, "ResponseBody/body",
	    "\"{\\\"z\\\":1.50,\\\"a\\\":[\\\"\xc3\x83\xc2\xa9\\\"]}\"");
	a = call("POST", "/echo", ",\"RequestBody\":\"text\"");
	assert_part(a, "ResponseBody/body", "\"\\\"text\\\"\"");
	a = call("POST", "/echo",
	    ",\"RequestBody\":\"<a/>\",\"Headers\":{\"Content-Type\":\"application/xml\"}");
	assert_part(a, "ResponseBody/body", "\"<a/>\"");
}

static void
forms_are_encoded_as_the_array_format_says(void **state)
{
	static const char *const cases[][2] = {
		{ "", "s=a+b%26c&l[0]=1&l[1]=two&o[x]=true&o[y][0][z]=1&n=" },
		{ ",\"RequestEncodingOptions\":{\"ArrayFormat\":\"INDICES\"}",
		    "s=a+b%26c&l[0]=1&l[1]=two&o[x]=true&o[y][0][z]=1&n=" },
		{ ",\"RequestEncodingOptions\":{\"ArrayFormat\":\"REPEAT\"}",
		    "s=a+b%26c&l=1&l=two&o[x]=true&o[y][z]=1&n=" },
		{ ",\"RequestEncodingOptions\":{\"ArrayFormat\":\"COMMAS\"}",
		    "s=a+b%26c&l=1,two&o[x]=true&o[y]=%7B%22z%22%3A1%7D&n=" },
		{ ",\"RequestEncodingOptions\":{\"ArrayFormat\":\"BRACKETS\"}",
		    "s=a+b%26c&l[]=1&l[]=two&o[x]=true&o[y][][z]=1&n=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *more = xasprintf(
		    ",\"Transform\":{\"RequestBodyEncoding\":\"URL_ENCODED\"%s},"
		    "\"RequestBody\":{\"s\":\"a b&c\",\"l\":[1,\"two\"],\"o\":{\"x\":true,\"y\":[{\"z\":1}]},\"n\":null}",
		    cases[i][0]);
		struct fixture_answer *a = call("POST", "/echo", more);
		char *expected = xasprintf("\"%s\"", cases[i][1]);

		assert_part(a, "ResponseBody/body", expected);
		assert_part(a, "ResponseBody/headers/content-type",
		    "[\"application/x-www-form-urlencoded\"]");
		free(expected);
		free(more);
	}
}

static void
an_error_status_fails_with_its_number_and_the_body(void **state)
{
	(void)state;
	assert_failed(call("GET", "/status/404", ""), "States.Http.StatusCode.404", "status 404");
	assert_failed(call("GET", "/status/503", ""), "States.Http.StatusCode.503", "status 503");
	assert_failed(call("GET", "/redirect", ""), "States.Http.StatusCode.302", "moved");
}

static void
a_failed_exchange_is_a_socket_error(void **state)
{
	(void)state;
	assert_failed(call("GET", "/reset", ""), "States.Http.Socket", "127.0.0.1");
	assert_failed(call("GET", "/garbage", ""), "States.Http.Socket", "127.0.0.1");
	assert_failed(call("GET", "/slow", ""), "States.Http.Socket", "Timed out");
	assert_failed(fixture_run(&f, INVOKE,
			  "{\"ApiEndpoint\":\"http://127.0.0.1:1/\",\"Method\":\"GET\"}"),
	    "States.Http.Socket", "Connection refused");
	if (peer.tls_port != 0) {
		char *p =
		    xasprintf("{\"ApiEndpoint\":\"https://127.0.0.1:%d/\",\"Method\":\"GET\"}",
			peer.tls_port);

		assert_failed(fixture_run(&f, INVOKE, p), "States.Http.Socket", "certificate");
		free(p);
	}
	assert_failed(call("GET", "/large/5000", ""), "States.DataLimitExceeded",
	    "larger than 4096 bytes");
	assert_failed(call("GET", "/binary", ""), "States.Http.Socket", "application/octet-stream");
	assert_failed(call("GET", "/latin", ""), "States.Http.Socket", "neither JSON nor text");
}

static void
wrong_parameters_fail_with_what_is_wrong(void **state)
{
	static const char *const cases[][2] = {
		{ "{}", "[The field 'ApiEndpoint' is required and must be a string]" },
		{ "5", "[The parameters must be an object]" },
		{ "{\"ApiEndpoint\":\"ftp://x\",\"Method\":\"GET\"}",
		    "must be a URL that begins with https:// or http://" },
		{ "{\"ApiEndpoint\":\"http://x\"}", "[The field 'Method' is required" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"get\"}", "must be one of GET, POST" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"Body\":1}",
		    "The Parameters '{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"Body\":1}' could not be used to start the "
		    "Task: [The field \"Body\" is not supported by Step Functions]" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"Headers\":5}",
		    "'Headers' has an invalid format" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"Headers\":{\"a\":{}}}",
		    "'Headers' has an invalid format" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"QueryParameters\":[]}",
		    "'QueryParameters' has an invalid" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"POST\",\"RequestBody\":1,\"Transform\":{\"RequestBodyEncoding\":\"X\"}}",
		    "'RequestBodyEncoding' must be one of" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"POST\",\"RequestBody\":1,"
		  "\"Transform\":{\"RequestBodyEncoding\":\"URL_ENCODED\"}}",
		    "'RequestBody' must be an object" },
		{ "{\"ApiEndpoint\":\"http://x\",\"Method\":\"GET\",\"Authentication\":{\"ConnectionArn\":\"nonsense\"}}",
		    "'ConnectionArn' has an invalid format" },
	};
	static const char *const forbidden[] = { "Authorization", "host", "If-Match", "Proxy-X",
		"X-Amzn-Trace-Id", "x-forwarded-for", "Transfer-Encoding", "Content-Length", "TE" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_failed(fixture_run(&f, INVOKE, cases[i][0]), "States.Runtime", cases[i][1]);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		char *more = xasprintf(",\"Headers\":{\"%s\":\"x\"}", forbidden[i]);

		assert_failed(call("GET", "/echo", more), "States.Runtime",
		    "is not allowed in the field 'Headers'");
		free(more);
	}
	assert_failed(call("GET", "/echo", ",\"Headers\":{\"X\":\"a\\nb\"}"), "States.Runtime",
	    "line end");
}

static struct fixture_answer *
call_connected(const char *path, const char *arn)
{
	char *more = xasprintf(
	    ",\"InvocationConfig\":{\"ConnectionArn\":\"%s\"},\"QueryParameters\":{\"q\":\"mine\"},"
	    "\"Headers\":{\"X-Tenant\":\"mine\"}",
	    arn);
	struct fixture_answer *a = call("GET", path, more);

	free(more);
	return a;
}

static void
connections_add_credentials_that_show_nowhere(void **state)
{
	struct fixture_answer *a =
	    call_connected("/echo", "arn:aws:events:us-east-1:123456789012:connection/pay/uuid");

	(void)state;
	/* the peer echoes what it got: in the result it is blotted out */
	assert_part(a, "ResponseBody/headers/authorization", "[\"Basic ***\"]");
	assert_part(a, "ResponseBody/headers/x-tenant", "[\"mine\"]");
	a = call_connected("/echo", "arn:pawl:states:us-east-1:123456789012:connection/score");
	assert_part(a, "ResponseBody/headers/x-api-key", "[\"***\"]");
	assert_part(a, "ResponseBody/headers/x-tenant", "[\"***\"]"); /* the connection wins */
	assert_part(a, "ResponseBody/path", "\"/echo?q=***\"");
	a = call_connected("/echo", "arn:aws:events:us-east-1:123456789012:connection/crm/uuid");
	assert_part(a, "ResponseBody/headers/authorization", "[\"Bearer ***\"]");
	for (size_t i = 0; i < FIXTURE_TICKETS; i++)
		if (f.answers[i].output != NULL)
			assert_null(strstr(f.answers[i].output, "-secret"));
	assert_failed(call_connected("/echo",
			  "arn:aws:events:us-east-1:123456789012:connection/other/uuid"),
	    "Events.ConnectionResource.NotFound", "The connection 'other' does not exist");
}

static void
connections_are_checked_when_the_plugin_starts(void **state)
{
	static const char *const cases[][2] = {
		{ "{ a = { type = 'magic' } }", "connections.a: type must be" },
		{ "{ a = { type = 'basic', username = 'u' } }",
		    "connections.a needs a text for password" },
		{ "{ a = { type = 'api_key', value = 'v' } }",
		    "connections.a needs a text for header" },
		{ "{ a = { type = 'bearer' } }", "connections.a needs a text for token" },
		{ "{ a = 'x' }", "connections.a: type must be" },
	};
	char *path = realpath(fixture_build_path("plugins/http.so"), NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *lines = xasprintf("plugins = { http = { connections = %s } }", cases[i][0]);
		struct fixture g;
		struct err e = ERR_INIT;

		fixture_init(&g, lines);
		assert_int_equal(plugin_host_load(g.host, path, &e), -1);
		if (strstr(err_cause(&e), cases[i][1]) == NULL)
			fail_msg("%s", err_cause(&e));
		err_fini(&e);
		fixture_fini(&g);
		free(lines);
	}
	free(path);
}

static void
a_connection_that_a_reload_broke_fails_its_tasks(void **state)
{
	struct fixture_answer *a;

	(void)state;
	free((char *)(uintptr_t)f.conf->plugins);
	f.conf->plugins = xstrdup("{\"http\":{\"connections\":{\"pay\":{\"type\":\"basic\"}}}}");
	plugin_host_reload(f.host, f.conf);
	a = call_connected("/echo", "arn:aws:events:us-east-1:123456789012:connection/pay/uuid");
	assert_failed(a, "Events.ConnectionResource.InvalidConnectionState",
	    "needs a text for username");
}

static void
plain_http_can_be_forbidden_and_other_authorities_trusted(void **state)
{
	struct fixture g;
	char *lines, *p;

	(void)state;
	if (peer.tls_port == 0)
		skip();
	lines = xasprintf("plugins = { http = { allow_http = false, ca_file = '%s' } }",
	    peer.certificate);
	fixture_init(&g, lines);
	fixture_load(&g, "http");
	p = parameters("GET", "/echo", "");
	assert_failed(fixture_run(&g, INVOKE, p), "States.Runtime", "begins with https://");
	free(p);
	p = xasprintf("{\"ApiEndpoint\":\"https://localhost:%d/echo\",\"Method\":\"GET\"}",
	    peer.tls_port);
	assert_part(fixture_run(&g, INVOKE, p), "StatusCode", "200");
	free(p);
	free(lines);
	fixture_fini(&g);
}

static void
a_cancelled_call_and_a_stop_end_the_exchange(void **state)
{
	struct fixture g;
	uint64_t id, t;
	char *p = parameters("GET", "/slow", "");

	(void)state;
	fixture_init(&g, "");
	fixture_load(&g, "http");
	t = fixture_start(&g, INVOKE, p, &id);
	fixture_start(&g, INVOKE, p, NULL);
	plugin_host_cancel(g.host, id);
	fixture_settle(&g);
	assert_int_equal(g.answers[t].nanswers, 0);
	fixture_fini(&g);
	free(p);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&f, options_text);
	fixture_load(&f, "http");
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
		TEST(the_result_has_headers_body_status_and_its_text),
		TEST(a_text_body_is_a_string_and_repeated_headers_are_lists),
		TEST(headers_query_and_body_are_sent),
		TEST(forms_are_encoded_as_the_array_format_says),
		TEST(an_error_status_fails_with_its_number_and_the_body),
		TEST(a_failed_exchange_is_a_socket_error),
		TEST(wrong_parameters_fail_with_what_is_wrong),
		TEST(connections_add_credentials_that_show_nowhere),
		TEST(connections_are_checked_when_the_plugin_starts),
		TEST(a_connection_that_a_reload_broke_fails_its_tasks),
		TEST(plain_http_can_be_forbidden_and_other_authorities_trusted),
		TEST(a_cancelled_call_and_a_stop_end_the_exchange),
	};
	int rc;

	if (http_peer_start(&peer) != 0)
		return 77; /* no python3 */
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	http_peer_stop(&peer);
	return rc;
}
