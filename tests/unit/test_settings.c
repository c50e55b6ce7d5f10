/*
 * test_settings - logging, tracing, encryption and tags: rules and canonical forms.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "api/settings.h"

typedef int settings_fn(struct doc d, struct buf *out, struct err *e);

static int
tracing(struct doc d, struct buf *out, struct err *e)
{
	(void)e;
	settings_tracing(d, out);
	return 0;
}

/* json NULL = absent. */
static void
assert_gives(settings_fn *f, const char *json, const char *canonical)
{
	struct doc d = json != NULL ? doc_parse(json, strlen(json), NULL) : DOC_NONE;
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	if (f(d, &b, &e) != 0)
		fail_msg("%s", err_cause(&e));
	assert_string_equal(b.data, canonical);
	buf_fini(&b);
	doc_unref(d);
}

static void
assert_refuses(settings_fn *f, const char *json, const char *name, const char *cause)
{
	struct doc d = doc_parse(json, strlen(json), NULL);
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	assert_false(doc_is_none(d));
	assert_int_equal(f(d, &b, &e), -1);
	assert_string_equal(e.name, name);
	if (cause != NULL)
		assert_string_equal(err_cause(&e), cause);
	err_fini(&e);
	buf_fini(&b);
	doc_unref(d);
}

#define GROUP(arn) "{\"cloudWatchLogsLogGroup\":{\"logGroupArn\":\"" arn "\"}}"
#define LOGS GROUP("arn:aws:logs:us-east-1:123456789012:log-group:g:*")
#define OFF "{\"includeExecutionData\":false,\"level\":\"OFF\"}"
#define EXACTLY_ONE "Invalid Logging Configuration: Must specify exactly one Log Destination."

static void
no_logging_is_off(void **state)
{
	(void)state;
	assert_gives(settings_logging, NULL, OFF);
	assert_gives(settings_logging, "{}", OFF);
	assert_gives(settings_logging, "{\"level\":null,\"destinations\":null}", OFF);
	assert_gives(settings_logging, "{\"destinations\":[]}",
	    "{\"destinations\":[],\"includeExecutionData\":false,\"level\":\"OFF\"}");
}

static void
logging_is_kept_in_one_form(void **state)
{
	static const char form[] =
	    "{\"destinations\":[" LOGS "],\"includeExecutionData\":true,\"level\":\"ALL\"}";

	(void)state;
	assert_gives(settings_logging, form, form);
	assert_gives(settings_logging,
	    "{\"level\":\"ALL\",\"unknown\":1,\"includeExecutionData\":true,\"destinations\":[" LOGS
	    "]}",
	    form);
	assert_gives(settings_logging, "{\"destinations\":[" LOGS "]}",
	    "{\"destinations\":[" LOGS "],\"includeExecutionData\":false,\"level\":\"OFF\"}");
}

static void
logging_needs_one_destination(void **state)
{
	(void)state;
	assert_refuses(settings_logging, "{\"level\":\"ALL\"}", "InvalidLoggingConfiguration",
	    EXACTLY_ONE);
	assert_refuses(settings_logging, "{\"level\":\"ERROR\",\"destinations\":[]}",
	    "InvalidLoggingConfiguration", EXACTLY_ONE);
	assert_refuses(settings_logging,
	    "{\"level\":\"FATAL\",\"destinations\":[" LOGS "," LOGS "]}",
	    "InvalidLoggingConfiguration", EXACTLY_ONE);
	assert_refuses(settings_logging, "{\"level\":\"ALL\",\"destinations\":[" GROUP("g") "]}",
	    "InvalidLoggingConfiguration",
	    "Invalid Logging Configuration: Log Destination not found.");
	assert_refuses(settings_logging, "{\"level\":\"ALL\",\"destinations\":[{}]}",
	    "InvalidLoggingConfiguration",
	    "Invalid Logging Configuration: Log Destination not found.");
}

static void
tracing_is_off_by_default(void **state)
{
	(void)state;
	assert_gives(tracing, NULL, "{\"enabled\":false}");
	assert_gives(tracing, "{}", "{\"enabled\":false}");
	assert_gives(tracing, "{\"enabled\":true}", "{\"enabled\":true}");
}

static void
only_owned_keys_encrypt(void **state)
{
	static const char owned[] = "{\"type\":\"AWS_OWNED_KEY\"}";

	(void)state;
	assert_gives(settings_encryption, NULL, owned);
	assert_gives(settings_encryption, owned, owned);
	assert_refuses(settings_encryption,
	    "{\"type\":\"CUSTOMER_MANAGED_KMS_KEY\",\"kmsKeyId\":\"k\"}",
	    "InvalidEncryptionConfiguration", NULL);
	assert_refuses(settings_encryption, "{\"type\":\"AWS_OWNED_KEY\",\"kmsKeyId\":\"k\"}",
	    "InvalidEncryptionConfiguration", NULL);
}

static void
of_equal_tag_keys_the_last_wins(void **state)
{
	(void)state;
	assert_gives(settings_tags, "[]", "[]");
	assert_gives(settings_tags,
	    "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"\"}]",
	    "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":\"\"}]");
	assert_gives(settings_tags,
	    "[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\"},{\"key\":\"a\",\"value\":\"2\"}]",
	    "[{\"key\":\"b\",\"value\":\"\"},{\"key\":\"a\",\"value\":\"2\"}]");
}

static void
tags_are_made_of_harmless_characters(void **state)
{
	(void)state;
	assert_gives(settings_tags, "[{\"key\":\"a b_.:/=+-@\u00e9\",\"value\":\"\u540d\"}]",
	    "[{\"key\":\"a b_.:/=+-@\u00e9\",\"value\":\"\u540d\"}]");
	assert_refuses(settings_tags, "[{\"key\":\"a*\"}]", "ValidationException", NULL);
	assert_refuses(settings_tags, "[{\"key\":\"a\",\"value\":\"<\"}]", "ValidationException",
	    "1 validation error detected: Value '<' at 'tags.1.member.value' failed to satisfy "
	    "constraint: Member must satisfy regular expression pattern: "
	    "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$");
	assert_refuses(settings_tags, "[{\"key\":\"a\\u0000\"}]", "ValidationException", NULL);
	assert_refuses(settings_tags, "[{\"key\":\"a\\u0085\"}]", "ValidationException", NULL);
	assert_refuses(settings_tags, "[{\"key\":\"aws:x\"}]", "ValidationException", NULL);
	assert_refuses(settings_tags, "[{\"value\":\"x\"}]", "ValidationException",
	    "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy "
	    "constraint: Member must not be null");
}

static void
fifty_tags_are_enough(void **state)
{
	struct err e = ERR_INIT;
	struct buf b, out;
	struct doc d;

	(void)state;
	for (int n = 50; n <= 51; n++) {
		buf_init(&b, BUF_UNLIMITED);
		buf_init(&out, BUF_UNLIMITED);
		buf_addc(&b, '[');
		/* each key twice: they count once */
		for (int i = 0; i < 2 * n; i++)
			buf_addf(&b, "%s{\"key\":\"k%d\"}", i > 0 ? "," : "", i % n);
		buf_addc(&b, ']');
		d = doc_parse(b.data, b.len, &e);
		assert_int_equal(settings_tags(d, &out, &e), n == 50 ? 0 : -1);
		doc_unref(d);
		buf_fini(&b);
		buf_fini(&out);
	}
	assert_string_equal(e.name, "TooManyTags");
	err_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_logging_is_off),
		cmocka_unit_test(logging_is_kept_in_one_form),
		cmocka_unit_test(logging_needs_one_destination),
		cmocka_unit_test(tracing_is_off_by_default),
		cmocka_unit_test(only_owned_keys_encrypt),
		cmocka_unit_test(of_equal_tag_keys_the_last_wins),
		cmocka_unit_test(tags_are_made_of_harmless_characters),
		cmocka_unit_test(fifty_tags_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
