/*
 * notify: names, endpoints and filter policies as they are checked, and what a webhook asks for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "task/plugin_module.h"

#include "notify.h"
#include "text.h"

/* As much of a plugin as the functions on documents look at. */
static struct plugin_host owner;
static struct module module = { .magic = MODULE_MAGIC, .host = &owner };
#define host module.table

/* Of the plugin's other parts. */
int
notify_error_set(struct notify_error *e, const char *code, const char *fmt, ...)
{
	(void)fmt;
	e->code = code;
	return -1;
}

int
notify_no_topic(struct notify_error *e)
{
	return notify_error_set(e, "NotFound", "%s", "");
}

static const char *
setting(const struct pawl_host *h, const char *name)
{
	(void)h;
	return strcmp(name, "region") == 0 ? "eu-west-1" : "123456789012";
}

/* What is wrong with a policy; NULL = nothing. */
static const char *
check(const char *text, bool nested)
{
	struct pawl_doc policy = host.doc_parse(&host, text, strlen(text), NULL);
	const char *why;
	bool right = filter_check(&host, policy, nested, &why);

	assert_int_equal(right, why == NULL);
	host.doc_unref(&host, policy);
	return why;
}

static void
policies_that_make_sense(void **state)
{
	static const char *const right[] = { "{}", "{\"a\": [\"x\", 1, true, null]}",
		"{\"a\": [{\"prefix\": \"x\"}, {\"suffix\": \"y\"}, {\"equals-ignore-case\": \"z\"}]}",
		"{\"a\": [{\"anything-but\": [\"x\", 3]}], \"b\": [{\"anything-but\": \"x\"}]}",
		"{\"a\": [{\"anything-but\": {\"prefix\": \"x\"}}]}",
		"{\"a\": [{\"numeric\": [\"=\", 3]}, {\"numeric\": [\">\", 0, \"<=\", 1e3]}]}",
		"{\"a\": [{\"exists\": false}], \"b\": [{\"exists\": true}]}",
		"{\"$or\": [{\"a\": [1]}, {\"b\": [2]}], \"c\": [3]}",
		"{\"a\": [1], \"b\": [1], \"c\": [1], \"d\": [1], \"e\": [1]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		assert_null(check(right[i], false));
	assert_null(check("{\"o\": {\"p\": {\"a\": [1]}}}", true));
}

static void
policies_that_make_none(void **state)
{
	static const char *const wrong[] = { "[]", "7", "no JSON", "{\"a\": \"x\"}", "{\"a\": []}",
		"{\"a\": [[1]]}", "{\"a\": [{}]}", "{\"a\": [{\"prefix\": 1}]}",
		"{\"a\": [{\"prefix\": \"x\", \"suffix\": \"y\"}]}", "{\"a\": [{\"like\": \"x\"}]}",
		"{\"a\": [{\"exists\": \"true\"}]}", "{\"a\": [{\"anything-but\": []}]}",
		"{\"a\": [{\"anything-but\": [[1]]}]}",
		"{\"a\": [{\"anything-but\": {\"numeric\": [\"=\", 1]}}]}",
		"{\"a\": [{\"numeric\": []}]}", "{\"a\": [{\"numeric\": [\"=\"]}]}",
		"{\"a\": [{\"numeric\": [\"!=\", 1]}]}", "{\"a\": [{\"numeric\": [\"=\", \"1\"]}]}",
		"{\"$or\": [{\"a\": [1]}]}", "{\"$or\": [1, 2]}", "{\"$or\": [{}, {\"a\": [1]}]}",
		"{\"o\": {\"a\": [1]}}",
		"{\"a\": [1], \"b\": [1], \"c\": [1], \"d\": [1], \"e\": [1], \"f\": [1]}",
		"{\"a\": [1,2,3,4,5,6], \"b\": [1,2,3,4,5,6], \"c\": [1,2,3,4,5,6]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_non_null(check(wrong[i], false));
	assert_non_null(check("{\"o\": {}}", true));
}

static void
a_deep_policy_is_refused(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		text_adds(&t, "{\"a\":");
	text_adds(&t, "[1]");
	for (int i = 0; i < 40; i++)
		text_adds(&t, "}");
	assert_string_equal(check(t.s, true), "It is nested too deeply");
	text_fini(&t);
}

static void
names_of_topics_and_subscriptions(void **state)
{
	static const char uuid[] = "0a1b2c3d-0000-4000-8000-0123456789ab";
	struct notify_error e = { 0 };
	char *arn, *topic, id[NOTIFY_ID_SIZE];
	bool fifo;

	(void)state;
	arn = names_subscription_arn(&host, "orders.fifo", uuid);
	topic = names_subscription_of_arn(&host, arn, id, &e);
	assert_string_equal(topic, "orders.fifo");
	assert_string_equal(id, uuid);
	free(topic);
	assert_null(names_topic_of_arn(&host, arn, "TopicArn", &e));
	assert_string_equal(e.code, "NotFound");
	free(arn);
	assert_null(
	    names_topic_of_arn(&host, "arn:aws:sns:us-east-1:123456789012:x", "TopicArn", &e));
	assert_null(
	    names_topic_of_arn(&host, "arn:aws:sqs:eu-west-1:123456789012:x", "TopicArn", &e));
	assert_string_equal(e.code, "InvalidParameter");
	assert_null(names_topic_of_arn(&host, "", "TopicArn", &e));
	assert_true(names_is_topic("a-b_C9") && names_is_topic("a.fifo"));
	assert_false(names_is_topic("") || names_is_topic(".fifo") || names_is_topic("a.b") ||
	    names_is_topic("a b"));
	assert_true(names_is_queue_arn("arn:aws:sqs:eu-west-1:123456789012:q.fifo", &fifo) && fifo);
	assert_false(names_is_queue_arn("arn:aws:sqs:eu-west-1:q", NULL));
	assert_false(names_is_uuid("0a1b2c3d-0000-4000-8000-0123456789aB") || names_is_uuid(""));
}

static void
hosts_that_are_trusted(void **state)
{
	(void)state;
	assert_true(endpoint_is_trusted("http://a.example/x", "b.example, A.example"));
	assert_true(endpoint_is_trusted("http://a.example:8080", "a.example:8080"));
	assert_true(endpoint_is_trusted("http://u:p@a.example:8080?q", "a.example"));
	assert_false(endpoint_is_trusted("http://a.example:8080", "a.example:80 example"));
	assert_false(endpoint_is_trusted("http://a.example@evil.example/", "a.example"));
	assert_false(endpoint_is_trusted("http://evil.example/a.example", "a.example"));
	assert_false(endpoint_is_trusted("http://evil.example?@a.example", "a.example"));
	assert_false(endpoint_is_trusted("http://a.example", ""));
}

static void
how_long_a_webhook_asks_to_wait(void **state)
{
	(void)state;
	assert_int_equal(webhook_retry_after("7", 0), 7000);
	assert_int_equal(webhook_retry_after("99999999999999999999", 0), 3600000);
	assert_int_equal(webhook_retry_after("-7", 0), 0);
	assert_int_equal(webhook_retry_after("soon", 0), 0);
	assert_int_equal(webhook_retry_after("", 0), 0);
	assert_int_equal(webhook_retry_after("Thu, 01 Jan 1970 00:00:09 GMT", 4000), 5000);
	assert_int_equal(webhook_retry_after("Thu, 01 Jan 1970 00:00:09 GMT", 10000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_that_make_sense),
		cmocka_unit_test(policies_that_make_none),
		cmocka_unit_test(a_deep_policy_is_refused),
		cmocka_unit_test(names_of_topics_and_subscriptions),
		cmocka_unit_test(hosts_that_are_trusted),
		cmocka_unit_test(how_long_a_webhook_asks_to_wait),
	};

	plugin_table_init(&host);
	host.setting = setting;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
