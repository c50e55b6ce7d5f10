/*
 * subscription - the actions on subscriptions: subscribe, confirm, list, describe, change, end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

static const char pending_arn[] = "pending confirmation";

static bool
is_missing(struct request *r, const struct pawl_sql_rows *rows)
{
	struct notify_error e = { .status = 404 };

	if (rows->nrows > 0)
		return false;
	notify_error_set(&e, "NotFound", "Subscription does not exist");
	request_fail(r, &e);
	return true;
}

static void
done_nothing(struct request *r, const struct pawl_sql_rows *rows)
{
	if (!is_missing(r, rows))
		request_answer(r, PAWL_NO_DOC);
}

/* --- subscribe, confirm ------------------------------------------------------------------------ */

static int
check_attributes(const struct pawl_host *h, const char *protocol, struct pawl_doc given,
    struct notify_error *e)
{
	struct pawl_doc_iter it = { .of = given };
	bool body = h->doc_is(h, h->doc_get(h, given, "FilterPolicyScope"), "MessageBody");

	while (e->code == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);
		char *value = h->doc_string(h, it.value, NULL);

		if (value == NULL || *value == '\0')
			notify_invalid(e, "Attributes Reason: %s has no value", name);
		else
			endpoint_check_attribute(h, protocol, body, name, value, e);
		h->free(h, name);
		h->free(h, value);
	}
	return e->code != NULL ? -1 : 0;
}

static void
subscribe(struct request *r, const char *protocol, const char *endpoint, struct pawl_doc given)
{
	const struct pawl_host *h = r->notify->host;
	char *text = h->doc_type(h, given) == PAWL_DOC_OBJECT ? h->doc_text(h, given, NULL) : NULL;
	bool confirmed = strcmp(protocol, "sqs") == 0 ||
	    (strncmp(protocol, "http", 4) == 0 &&
		endpoint_is_trusted(endpoint, h->option_string(h, "trusted_hosts")));

	request_query(r, QUERY_subscribe,
	    (const char *const[]){ r->topic, protocol, endpoint, text != NULL ? text : "{}",
		confirmed ? "true" : "false" });
	h->free(h, text);
}

static int
subscribe_start(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_doc given = h->doc_get(h, r->params, "Attributes");
	char *protocol = docs_string(h, r->params, "Protocol");
	char *endpoint = docs_string(h, r->params, "Endpoint");

	if (protocol == NULL || endpoint == NULL)
		notify_invalid(e, "%s Reason: no value for required parameter",
		    protocol == NULL ? "Protocol" : "Endpoint");
	else if (endpoint_check(protocol, endpoint, e) == 0 &&
	    check_attributes(h, protocol, given, e) == 0)
		subscribe(r, protocol, endpoint, given);
	h->free(h, protocol);
	h->free(h, endpoint);
	return e->code != NULL ? -1 : 0;
}

static void
subscribe_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	const char *problem = rows->nrows > 0 ? notify_value(rows, 0, 2) : NULL;
	struct notify_error e = { 0 };
	bool pending;
	char *arn;

	if (rows->nrows == 0)
		notify_no_topic(&e);
	else if (problem != NULL && strcmp(problem, "fifo") == 0)
		notify_invalid(&e,
		    "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
	else if (problem != NULL)
		notify_invalid(&e,
		    "Attributes Reason: Subscription already exists with different attributes");
	if (e.code != NULL) {
		request_fail(r, &e);
		return;
	}
	pending = strcmp(notify_value(rows, 0, 1), "t") == 0;
	if (pending)
		deliver_look(r->notify);
	arn = names_subscription_arn(h, r->topic, notify_value(rows, 0, 0));
	request_answer_text(r, "SubscriptionArn",
	    pending && !docs_true(h, h->doc_get(h, r->params, "ReturnSubscriptionArn"))
		? pending_arn
		: arn);
	free(arn);
}

static int
confirm_start(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	char *token = docs_string(h, r->params, "Token");

	if (token == NULL || *token == '\0')
		return notify_invalid(e, "Token");
	request_query(r, QUERY_confirm,
	    (const char *const[]){ token, r->topic, NULL,
		docs_true(h, h->doc_get(h, r->params, "AuthenticateOnUnsubscribe")) ? "true"
										    : "false" });
	h->free(h, token);
	return 0;
}

static void
confirm_done(struct request *r, const struct pawl_sql_rows *rows)
{
	struct notify_error e = { 0 };
	char *arn;

	if (rows->nrows == 0) {
		notify_invalid(&e, "Token");
		request_fail(r, &e);
		return;
	}
	arn = names_subscription_arn(r->notify->host, r->topic, notify_value(rows, 0, 0));
	request_answer_text(r, "SubscriptionArn", arn);
	free(arn);
}

/* --- unsubscribe --------------------------------------------------------------------------------- */

static int
query_it(struct request *r, enum notify_query query)
{
	request_query(r, query, (const char *const[]){ r->topic, r->id });
	return 0;
}

static int
unsubscribe_start(struct request *r, struct notify_error *e)
{
	(void)e;
	return query_it(r, QUERY_unsubscribe);
}

/* --- list, describe, change ----------------------------------------------------------------------- */

static int
list_start(struct request *r, struct notify_error *e)
{
	char *last = request_read_page(r, names_is_uuid, e), limit[16];

	if (last == NULL)
		return -1;
	snprintf(limit, sizeof(limit), "%d", NOTIFY_PAGE + 1);
	request_query(r, QUERY_list_subscriptions,
	    (const char *const[]){ r->topic, *last != '\0' ? last : NULL, limit });
	free(last);
	return 0;
}

static void
add_subscription(const struct pawl_host *h, struct pawl_builder *b,
    const struct pawl_sql_rows *rows, size_t row)
{
	char *topic = names_topic_arn(h, notify_value(rows, row, 0));
	char *arn =
	    names_subscription_arn(h, notify_value(rows, row, 0), notify_value(rows, row, 2));
	bool confirmed = strcmp(notify_value(rows, row, 5), "t") == 0;

	h->build_object(b);
	docs_add_string(h, b, "SubscriptionArn", confirmed ? arn : "PendingConfirmation");
	docs_add_string(h, b, "Owner", h->setting(h, "account_id"));
	docs_add_string(h, b, "Protocol", notify_value(rows, row, 3));
	docs_add_string(h, b, "Endpoint", notify_value(rows, row, 4));
	docs_add_string(h, b, "TopicArn", topic);
	h->build_end(b);
	free(topic);
	free(arn);
}

static void
list_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	size_t first = r->topic != NULL ? 1 : 0, end;
	struct notify_error e = { 0 };
	struct pawl_builder *b;

	if (rows->nrows < first) {
		notify_no_topic(&e);
		request_fail(r, &e);
		return;
	}
	end = rows->nrows - first > NOTIFY_PAGE ? first + NOTIFY_PAGE : rows->nrows;
	b = h->build(h);
	h->build_object(b);
	h->build_key(b, "Subscriptions");
	h->build_array(b);
	for (size_t i = first; i < end; i++)
		add_subscription(h, b, rows, i);
	h->build_end(b);
	if (end < rows->nrows)
		request_add_next(r, b, notify_value(rows, end - 1, 2));
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

static int
read_start(struct request *r, struct notify_error *e)
{
	(void)e;
	return query_it(r, QUERY_read_subscription);
}

static void
add_attributes(struct request *r, struct pawl_builder *b, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	const char *set = notify_value(rows, 0, 0), *protocol = notify_value(rows, 0, 1);
	struct pawl_doc attributes = h->doc_parse(h, set, strlen(set), NULL);
	struct pawl_doc_iter it = { .of = attributes };
	char *arn = names_subscription_arn(h, r->topic, r->id),
	     *topic = names_topic_arn(h, r->topic);
	bool confirmed = strcmp(notify_value(rows, 0, 3), "t") == 0;
	bool owner = strcmp(notify_value(rows, 0, 4), "t") == 0 || strcmp(protocol, "sqs") == 0;

	docs_add_string(h, b, "SubscriptionArn", arn);
	docs_add_string(h, b, "TopicArn", topic);
	docs_add_string(h, b, "Owner", h->setting(h, "account_id"));
	docs_add_string(h, b, "Protocol", protocol);
	docs_add_string(h, b, "Endpoint", notify_value(rows, 0, 2));
	docs_add_string(h, b, "PendingConfirmation", confirmed ? "false" : "true");
	docs_add_string(h, b, "ConfirmationWasAuthenticated", owner ? "true" : "false");
	if (!docs_has(h, attributes, "RawMessageDelivery"))
		docs_add_string(h, b, "RawMessageDelivery", "false");
	if (strncmp(protocol, "http", 4) == 0) {
		char *key = webhook_key(h, r->id);

		docs_add_string(h, b, "SigningKey", key);
		free(key);
	}
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		docs_add_doc(h, b, name, it.value);
		h->free(h, name);
	}
	free(arn);
	free(topic);
	h->doc_unref(h, attributes);
}

static void
read_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_builder *b;

	if (is_missing(r, rows))
		return;
	b = h->build(h);
	h->build_object(b);
	h->build_key(b, "Attributes");
	h->build_object(b);
	h->build_key(b, "entry");
	h->build_object(b);
	add_attributes(r, b, rows);
	h->build_end(b);
	h->build_end(b);
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

/* Which protocol and which scope it has is not known here, so what either allows is taken. */
static int
check_new_attribute(struct request *r, const char *name, const char *value, struct notify_error *e)
{
	return endpoint_check_attribute(r->notify->host, NULL, true, name, value, e);
}

static int
set_start(struct request *r, struct notify_error *e)
{
	return request_set_attribute(r, QUERY_set_subscription, check_new_attribute, e);
}

const struct action subscription_actions[] = {
	{ "Subscribe", AT_TOPIC, subscribe_start, subscribe_done },
	{ "ConfirmSubscription", AT_TOPIC, confirm_start, confirm_done },
	{ "Unsubscribe", AT_SUBSCRIPTION, unsubscribe_start, done_nothing },
	{ "ListSubscriptions", AT_NOTHING, list_start, list_done },
	{ "ListSubscriptionsByTopic", AT_TOPIC, list_start, list_done },
	{ "GetSubscriptionAttributes", AT_SUBSCRIPTION, read_start, read_done },
	{ "SetSubscriptionAttributes", AT_SUBSCRIPTION, set_start, done_nothing },
	{ NULL, AT_NOTHING, NULL, NULL },
};
