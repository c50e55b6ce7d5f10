/*
 * test_sigv4 - signatures: a published test vector, and every way to be refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/sigv4.h"
#include "base/clock.h"

#define KEYS "{\"OTHER\":\"x\",\"AKIDEXAMPLE\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}"
#define BODY \
	"{\"stateMachineArn\": \"arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld\", " \
	"\"input\": \"{}\"}"
#define SIGNATURE "7d3fd283ac98e655fa587eb9c3715fded1c48a914c301412fbfb5c4583210afa"
#define AUTHORIZATION(credential, signed_headers, signature) \
	"AWS4-HMAC-SHA256 Credential=" credential ", SignedHeaders=" signed_headers \
	", Signature=" signature
#define CREDENTIAL "AKIDEXAMPLE/20260101/us-east-1/states/aws4_request"
#define SIGNED "content-type;host;x-amz-date;x-amz-target"
#define GOOD AUTHORIZATION(CREDENTIAL, SIGNED, SIGNATURE)

static struct http_request request;
static struct sigv4 *keys;
static int64_t signed_ms;

static void
add(const char *name, const char *value)
{
	request.headers[request.nheaders++] = (struct http_header){ .name = name,
		.name_len = strlen(name),
		.value = value,
		.value_len = strlen(value) };
}

static void
set(const char *name, const char *value)
{
	for (size_t i = 0; i < request.nheaders; i++) {
		if (strcmp(request.headers[i].name, name) == 0) {
			request.headers[i].value = value;
			request.headers[i].value_len = strlen(value);
		}
	}
}

static int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	memset(&request, 0, sizeof(request));
	request.method = "POST";
	request.path = "/";
	request.query = "";
	request.body = BODY;
	request.body_len = strlen(BODY);
	add("host", "127.0.0.1:8083");
	add("content-type", "application/x-amz-json-1.0");
	add("x-amz-target", "AWSStepFunctions.StartExecution");
	add("x-amz-date", "20260101T000000Z");
	add("authorization", GOOD);
	add("user-agent", "nobody signs this");
	keys = sigv4_new(KEYS, &e);
	assert_non_null(keys);
	return clock_parse_iso("2026-01-01T00:00:00Z", 20, &signed_ms);
}

static int
teardown(void **state)
{
	(void)state;
	sigv4_free(keys);
	return 0;
}

static void
assert_refused(const char *name, int64_t now_ms)
{
	struct err e = ERR_INIT;
	const char *id;

	assert_int_equal(sigv4_verify(keys, &request, "states", now_ms, &id, &e), -1);
	assert_string_equal(e.name, name);
	assert_true(strlen(err_cause(&e)) > 0);
	err_fini(&e);
}

static void
assert_accepted(int64_t now_ms)
{
	struct err e = ERR_INIT;
	const char *id = NULL;

	if (sigv4_verify(keys, &request, "states", now_ms, &id, &e) != 0)
		fail_msg("%s: %s", e.name, err_cause(&e));
	assert_string_equal(id, "AKIDEXAMPLE");
}

static void
the_name_of_the_service_counts_when_one_is_asked_for(void **state)
{
	struct err e = ERR_INIT;
	const char *id = NULL;

	(void)state;
	assert_int_equal(sigv4_verify(keys, &request, NULL, signed_ms, &id, &e), 0);
	assert_string_equal(id, "AKIDEXAMPLE");
	assert_int_equal(sigv4_verify(keys, &request, "sqs", signed_ms, &id, &e), -1);
	assert_string_equal(e.name, "InvalidSignatureException");
	err_fini(&e);
}

static void
the_test_vector_is_accepted_again_and_again(void **state)
{
	(void)state;
	assert_accepted(signed_ms);
	assert_accepted(signed_ms + 299000);
	assert_accepted(signed_ms - 299000);
	set("authorization",
	    "AWS4-HMAC-SHA256 Credential=" CREDENTIAL ",SignedHeaders=" SIGNED
	    ",Signature=" SIGNATURE);
	assert_accepted(signed_ms);
}

static void
white_space_in_values_is_folded(void **state)
{
	(void)state;
	set("content-type", "application/x-amz-json-1.0");
	assert_accepted(signed_ms);
	set("content-type", "application/ x-amz-json-1.0");
	assert_refused("InvalidSignatureException", signed_ms);
}

static void
what_was_changed_after_signing_is_refused(void **state)
{
	static const char *const names[] = { "host", "content-type", "x-amz-target" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		set(names[i], "other");
		assert_refused("InvalidSignatureException", signed_ms);
		teardown(NULL);
		setup(NULL);
	}
	assert_accepted(signed_ms);
	request.body_len--;
	assert_refused("InvalidSignatureException", signed_ms);
	request.body_len++;
	request.method = "PUT";
	assert_refused("InvalidSignatureException", signed_ms);
	request.method = "POST";
	request.path = "/x";
	assert_refused("InvalidSignatureException", signed_ms);
	request.path = "/";
	request.query = "a=b";
	assert_refused("InvalidSignatureException", signed_ms);
}

static void
old_and_early_signatures_are_refused(void **state)
{
	struct err e = ERR_INIT;
	const char *id;

	(void)state;
	assert_refused("InvalidSignatureException", signed_ms + 301000);
	assert_refused("InvalidSignatureException", signed_ms - 301000);
	sigv4_verify(keys, &request, "states", signed_ms + 3600000, &id, &e);
	assert_string_equal(err_cause(&e),
	    "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z - 5 min.");
	err_fini(&e);
}

static void
incomplete_headers_are_refused(void **state)
{
	static const char *const incomplete[] = {
		"",
		"Basic abc",
		"AWS4-HMAC-SHA256",
		"AWS4-HMAC-SHA256 ",
		"AWS4-HMAC-SHA256 Credential=" CREDENTIAL,
		"AWS4-HMAC-SHA256 Credential=" CREDENTIAL ", SignedHeaders=" SIGNED,
		AUTHORIZATION("AKIDEXAMPLE", SIGNED, SIGNATURE),
		AUTHORIZATION("AKIDEXAMPLE/20260101/us-east-1/states/other", SIGNED, SIGNATURE),
		AUTHORIZATION(CREDENTIAL, SIGNED, "abc"),
		AUTHORIZATION(CREDENTIAL, "host;content-type;x-amz-date;x-amz-target", SIGNATURE),
		AUTHORIZATION(CREDENTIAL, "host;host", SIGNATURE),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(incomplete) / sizeof(incomplete[0]); i++) {
		set("authorization", incomplete[i]);
		assert_refused("IncompleteSignatureException", signed_ms);
	}
	request.nheaders -= 2; /* authorization and what follows */
	assert_refused("MissingAuthenticationTokenException", signed_ms);
}

static void
strangers_are_refused(void **state)
{
	(void)state;
	set("authorization",
	    AUTHORIZATION("AKID/20260101/us-east-1/states/aws4_request", SIGNED, SIGNATURE));
	assert_refused("UnrecognizedClientException", signed_ms);
	set("authorization",
	    AUTHORIZATION("OTHER/20260101/us-east-1/states/aws4_request", SIGNED, SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
}

static void
the_scope_must_fit(void **state)
{
	(void)state;
	set("authorization",
	    AUTHORIZATION("AKIDEXAMPLE/20260102/us-east-1/states/aws4_request", SIGNED, SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
	set("authorization",
	    AUTHORIZATION("AKIDEXAMPLE/20260101/us-west-2/states/aws4_request", SIGNED, SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
	set("authorization",
	    AUTHORIZATION("AKIDEXAMPLE/20260101/us-east-1/sts/aws4_request", SIGNED, SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
	/* the good one still passes: no derived key of another scope is used */
	set("authorization", GOOD);
	assert_accepted(signed_ms);
}

/* Else a recorded call could be sent again as another action. */
static void
who_calls_what_must_be_signed(void **state)
{
	(void)state;
	set("authorization", AUTHORIZATION(CREDENTIAL, "content-type;host;x-amz-date", SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
	set("authorization", AUTHORIZATION(CREDENTIAL, SIGNED ";x-missing", SIGNATURE));
	assert_refused("InvalidSignatureException", signed_ms);
}

static void
a_given_body_hash_must_be_right(void **state)
{
	(void)state;
	add("x-amz-content-sha256",
	    "3b00a55bfe173d25e06afd254612e1208b183069e5030816b6c7718d9bb55588");
	assert_accepted(signed_ms);
	set("x-amz-content-sha256",
	    "4b00a55bfe173d25e06afd254612e1208b183069e5030816b6c7718d9bb55588");
	assert_refused("InvalidSignatureException", signed_ms);
}

static void
bad_dates_are_refused(void **state)
{
	(void)state;
	set("x-amz-date", "20260101T000000");
	assert_refused("IncompleteSignatureException", signed_ms);
	set("x-amz-date", "2026-01-01T00:00Z");
	assert_refused("IncompleteSignatureException", signed_ms);
}

static void
keys_must_be_texts(void **state)
{
	struct err e = ERR_INIT;
	struct sigv4 *none = sigv4_new("{}", &e);

	(void)state;
	assert_int_equal(sigv4_nkeys(none), 0);
	sigv4_free(none);
	assert_null(sigv4_new("[]", &e));
	assert_null(sigv4_new("{\"a\":1}", &e));
	assert_null(sigv4_new("{\"a\":\"\"}", &e));
	assert_null(sigv4_new("{", &e));
	err_fini(&e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_name_of_the_service_counts_when_one_is_asked_for),
		T(the_test_vector_is_accepted_again_and_again),
		T(white_space_in_values_is_folded),
		T(what_was_changed_after_signing_is_refused),
		T(old_and_early_signatures_are_refused),
		T(incomplete_headers_are_refused),
		T(strangers_are_refused),
		T(the_scope_must_fit),
		T(who_calls_what_must_be_signed),
		T(a_given_body_hash_must_be_right),
		T(bad_dates_are_refused),
		cmocka_unit_test(keys_must_be_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
