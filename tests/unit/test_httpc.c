/*
 * test_httpc - the HTTP client against a peer that answers, is slow, resets, sends
 * garbage, and shows a certificate that nobody signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "doc/doc.h"
#include "http_peer.h"
#include "task/httpc.h"

static struct http_peer peer;
static struct loop *loop;
static struct httpc *client;

/* One exchange and what came of it. */
struct result {
	bool done;
	enum httpc_result result;
	int status;
	char *message, *status_text, *body, *location;
	struct result *also; /* the loop stops when this one is done as well */
};

static void
keep(void *arg, const struct httpc_answer *a)
{
	struct result *r = arg;

	assert_false(r->done);
	r->done = true;
	r->result = a->result;
	r->status = a->status;
	r->message = xstrdup(a->message);
	r->status_text = xstrdup(a->status_text);
	r->body = xstrndup(a->body, a->body_len);
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcmp(a->headers[i].name, "Location") == 0)
			r->location = xstrdup(a->headers[i].value);
	if (r->also == NULL || r->also->done)
		loop_stop(loop);
}

static void
result_fini(struct result *r)
{
	free(r->message);
	free(r->status_text);
	free(r->body);
	free(r->location);
	memset(r, 0, sizeof(*r));
}

static const char *
url_of(const char *path)
{
	static char url[256];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", peer.port, path);
	return url;
}

static struct result
run(const struct httpc_request *q)
{
	struct result r = { 0 };

	httpc_start(client, q, keep, &r);
	assert_false(r.done);
	test_loop_run(loop);
	return r;
}

static struct result
get(const char *path)
{
	struct httpc_request q = { .url = url_of(path), .timeout_ms = 20000 };

	return run(&q);
}

/* Member of the JSON that /echo answers. */
static char *
echoed(const struct result *r, const char *a, const char *b)
{
	struct doc d = doc_parse(r->body, strlen(r->body), NULL);
	struct doc v = doc_gets(d, a);
	char *text;

	if (b != NULL)
		v = doc_at(doc_gets(v, b), 0);
	text = doc_is_none(v)           ? NULL
	    : doc_type(v) == DOC_STRING ? doc_strdup(v)
					: doc_text(v, NULL);
	doc_unref(d);
	return text;
}

static void
assert_echoed(const struct result *r, const char *a, const char *b, const char *expected)
{
	char *text = echoed(r, a, b);

	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
	free(text);
}

static void
a_request_is_answered_with_status_headers_and_body(void **state)
{
	struct httpc_header headers[] = { { "X-One", "1" }, { "X-Empty", "" } };
	struct httpc_request q = { .method = "PUT",
		.url = url_of("/echo?a=b"),
		.headers = headers,
		.nheaders = 2,
		.body = "some body",
		.body_len = 9 };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_OK);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.status_text, "OK");
	assert_echoed(&r, "method", NULL, "PUT");
	assert_echoed(&r, "path", NULL, "/echo?a=b");
	assert_echoed(&r, "body", NULL, "some body");
	assert_echoed(&r, "headers", "x-one", "1");
	assert_echoed(&r, "headers", "x-empty", "");
	assert_echoed(&r, "headers", "expect", NULL);
	result_fini(&r);
}

static void
every_method_is_sent_as_it_is_named(void **state)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS" };

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct httpc_request q = { .method = methods[i], .url = url_of("/echo") };
		struct result r = run(&q);

		assert_int_equal(r.result, HTTPC_OK);
		assert_echoed(&r, "method", NULL, methods[i]);
		result_fini(&r);
	}
}

static void
a_head_request_has_no_body_to_wait_for(void **state)
{
	struct httpc_request q = { .method = "HEAD", .url = url_of("/text") };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_OK);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "");
	result_fini(&r);
}

static void
connections_are_reused(void **state)
{
	struct result a = get("/echo"), b = get("/echo");
	char *first = echoed(&a, "connection", NULL);

	(void)state;
	assert_echoed(&b, "connection", NULL, first);
	free(first);
	result_fini(&a);
	result_fini(&b);
}

static void
an_error_status_is_an_answer(void **state)
{
	struct result r = get("/status/503");

	(void)state;
	assert_int_equal(r.result, HTTPC_OK);
	assert_int_equal(r.status, 503);
	assert_string_equal(r.status_text, "Service Unavailable");
	assert_string_equal(r.body, "status 503");
	result_fini(&r);
}

static void
a_redirect_is_followed_only_when_asked(void **state)
{
	struct httpc_request q = { .url = url_of("/redirect"), .max_redirects = 2 };
	struct result r = get("/redirect");

	(void)state;
	assert_int_equal(r.status, 302);
	assert_string_equal(r.location, "/echo");
	result_fini(&r);
	r = run(&q);
	assert_int_equal(r.status, 200);
	assert_null(r.location); /* headers are those of the last response */
	assert_echoed(&r, "path", NULL, "/echo");
	result_fini(&r);
}

static void
a_silent_peer_is_a_timeout(void **state)
{
	struct httpc_request q = { .url = url_of("/slow"), .timeout_ms = 100 };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_TIMEOUT);
	assert_non_null(strstr(r.message, "Timed out"));
	result_fini(&r);
}

static void
a_broken_exchange_says_so(void **state)
{
	static const char *const paths[] = { "/reset", "/garbage", "/partial" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct result r = get(paths[i]);

		assert_int_equal(r.result, HTTPC_BROKEN);
		assert_true(strlen(r.message) > 0);
		result_fini(&r);
	}
}

/* libcurl sends a request again on its own when a kept connection ended without an answer. */
static void
a_request_that_was_taken_is_never_a_failed_connect(void **state)
{
	struct result r = get("/leaving");
	char url[64];
	struct httpc_request q = { .url = url, .timeout_ms = 20000 };

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%s/", r.body);
	result_fini(&r);
	r = run(&q);
	assert_int_equal(r.result, HTTPC_OK);
	result_fini(&r);
	r = run(&q);
	assert_int_equal(r.result, HTTPC_BROKEN);
	result_fini(&r);
}

static void
nobody_at_the_port_is_a_failed_connect(void **state)
{
	struct httpc_request q = { .url = "http://127.0.0.1:1/" };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_CONNECT);
	result_fini(&r);
}

static void
a_name_that_does_not_exist_is_a_dns_error(void **state)
{
	struct httpc_request q = { .url = "http://nobody.invalid/", .timeout_ms = 20000 };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_DNS);
	assert_string_equal(r.message, "nobody.invalid: Name or service not known");
	result_fini(&r);
}

static void
a_body_or_a_head_beyond_the_limit_is_refused(void **state)
{
	struct httpc_request q = { .url = url_of("/large/5000"), .max_response = 1000 };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_TOO_LARGE);
	result_fini(&r);
	r = get("/headers/40");
	assert_int_equal(r.result, HTTPC_TOO_LARGE);
	result_fini(&r);
}

static void
a_certificate_that_nobody_signed_is_refused(void **state)
{
	char url[128];
	struct httpc_request q = { .url = url };
	struct result r;

	(void)state;
	if (peer.tls_port == 0)
		skip();
	snprintf(url, sizeof(url), "https://localhost:%d/echo", peer.tls_port);
	r = run(&q);
	assert_int_equal(r.result, HTTPC_TLS);
	assert_non_null(strstr(r.message, "certificate"));
	result_fini(&r);
	q.ca_file = peer.certificate;
	r = run(&q);
	assert_int_equal(r.result, HTTPC_OK);
	assert_int_equal(r.status, 200);
	result_fini(&r);
}

static void
requests_that_make_no_sense_are_refused_later(void **state)
{
	static const struct httpc_header line_end = { "X", "a\r\nEvil: 1" },
					 bad_name = { "X Y", "a" };
	const struct httpc_request requests[] = {
		{ .url = NULL },
		{ .url = "ftp://127.0.0.1/" },
		{ .url = "file:///etc/passwd" },
		{ .url = "http://127.0.0.1/a b" },
		{ .url = url_of("/echo"), .method = "GET / HTTP/1.1\r\nX:" },
		{ .url = url_of("/echo"), .headers = &line_end, .nheaders = 1 },
		{ .url = url_of("/echo"), .headers = &bad_name, .nheaders = 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct result r = run(&requests[i]);

		assert_int_equal(r.result, HTTPC_BAD_REQUEST);
		assert_true(strlen(r.message) > 0);
		result_fini(&r);
	}
}

static void
what_is_secret_in_a_url_is_in_no_message(void **state)
{
	struct httpc_request q = { .url = "http://user:hidden@127.0.0.1:1/?key=hidden" };
	struct result r = run(&q);

	(void)state;
	assert_int_equal(r.result, HTTPC_CONNECT);
	assert_null(strstr(r.message, "hidden"));
	result_fini(&r);
}

static void
a_cancelled_exchange_never_calls_back(void **state)
{
	struct httpc_request slow = { .url = url_of("/slow") }, bad = { .url = "nonsense" };
	struct result cancelled = { 0 }, refused = { 0 }, r;
	uint64_t id = httpc_start(client, &slow, keep, &cancelled);
	uint64_t bad_id = httpc_start(client, &bad, keep, &refused);

	(void)state;
	httpc_cancel(client, bad_id);
	r = get("/echo");
	httpc_cancel(client, id);
	httpc_cancel(client, id);
	httpc_cancel(client, 12345);
	result_fini(&r);
	r = get("/echo");
	assert_false(cancelled.done);
	assert_false(refused.done);
	result_fini(&r);
}

static void
exchanges_run_at_the_same_time(void **state)
{
	struct httpc_request slow = { .url = xstrdup(url_of("/slow")), .timeout_ms = 300 };
	struct httpc_request fast = { .url = xstrdup(url_of("/echo")) };
	struct result a = { 0 }, b = { .also = &a };

	(void)state;
	a.also = &b;
	httpc_start(client, &slow, keep, &a);
	httpc_start(client, &fast, keep, &b);
	test_loop_run(loop);
	assert_int_equal(a.result, HTTPC_TIMEOUT);
	assert_int_equal(b.result, HTTPC_OK);
	free((char *)(uintptr_t)slow.url);
	free((char *)(uintptr_t)fast.url);
	result_fini(&a);
	result_fini(&b);
}

static void
freeing_the_client_ends_what_is_under_way(void **state)
{
	struct httpc_request slow = { .url = url_of("/slow") };
	struct result r = { 0 };
	struct httpc *other = httpc_new(loop);

	(void)state;
	httpc_start(other, &slow, keep, &r);
	httpc_free(other);
	assert_false(r.done);
}

static void
a_signed_request_names_its_key_and_scope(void **state)
{
	struct httpc_request q = { .method = "POST",
		.url = url_of("/echo"),
		.body = "{}",
		.body_len = 2,
		.aws_service = "lambda",
		.aws_region = "eu-central-1",
		.aws_access_key_id = "AKIDEXAMPLE",
		.aws_secret_access_key = "very-secret",
		.aws_session_token = "session" };
	struct result r = run(&q);
	char *authorization = echoed(&r, "headers", "authorization");

	(void)state;
	assert_non_null(strstr(authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
	assert_non_null(strstr(authorization, "/eu-central-1/lambda/aws4_request"));
	assert_non_null(strstr(authorization, "x-amz-security-token"));
	assert_null(strstr(authorization, "very-secret"));
	assert_echoed(&r, "headers", "x-amz-security-token", "session");
	free(authorization);
	result_fini(&r);
}

static void
the_blocking_client_does_the_same(void **state)
{
	struct httpc_blocking *b = httpc_blocking_new();
	struct httpc_request q = { .url = url_of("/echo") }, bad = { .url = "nonsense" };
	struct result first = { 0 }, second = { 0 }, refused = { 0 };
	char *connection;

	(void)state;
	httpc_blocking_run(b, &q, keep, &first);
	httpc_blocking_run(b, &q, keep, &second);
	httpc_blocking_run(b, &bad, keep, &refused);
	assert_true(first.done && second.done);
	assert_int_equal(refused.result, HTTPC_BAD_REQUEST);
	connection = echoed(&first, "connection", NULL);
	assert_echoed(&second, "connection", NULL, connection);
	free(connection);
	result_fini(&first);
	result_fini(&second);
	result_fini(&refused);
	httpc_blocking_free(b);
}

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	client = httpc_new(loop);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	httpc_free(client);
	loop_free(loop);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered_with_status_headers_and_body),
		TEST(every_method_is_sent_as_it_is_named),
		TEST(a_head_request_has_no_body_to_wait_for),
		TEST(connections_are_reused),
		TEST(an_error_status_is_an_answer),
		TEST(a_redirect_is_followed_only_when_asked),
		TEST(a_silent_peer_is_a_timeout),
		TEST(a_broken_exchange_says_so),
		TEST(a_request_that_was_taken_is_never_a_failed_connect),
		TEST(nobody_at_the_port_is_a_failed_connect),
		TEST(a_name_that_does_not_exist_is_a_dns_error),
		TEST(a_body_or_a_head_beyond_the_limit_is_refused),
		TEST(a_certificate_that_nobody_signed_is_refused),
		TEST(requests_that_make_no_sense_are_refused_later),
		TEST(what_is_secret_in_a_url_is_in_no_message),
		TEST(a_cancelled_exchange_never_calls_back),
		TEST(exchanges_run_at_the_same_time),
		TEST(freeing_the_client_ends_what_is_under_way),
		TEST(a_signed_request_names_its_key_and_scope),
		TEST(the_blocking_client_does_the_same),
	};
	int rc;

	if (http_peer_start(&peer) != 0)
		return 77; /* no python3 */
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	http_peer_stop(&peer);
	return rc;
}
