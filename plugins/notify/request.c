/*
 * request - a call of the API under way: from its parameters over one query to its answer.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

void
request_free(struct request *r)
{
	const struct pawl_host *h = r->notify->host;

	TAILQ_REMOVE(&r->notify->requests, r, link);
	h->sql_cancel(h, r->sql);
	for (struct batch_entry *entry = r->entries; entry < r->entries + r->nentries; entry++) {
		h->doc_unref(h, entry->entry);
		notify_error_fini(&entry->error);
		free(entry->id);
	}
	h->doc_unref(h, r->params);
	free(r->topic);
	free(r);
}

void
request_answer(struct request *r, struct pawl_doc answer)
{
	const struct pawl_host *h = r->notify->host;

	awswire_answer(&notify_wire, h, &r->call, answer);
	h->doc_unref(h, answer);
	request_free(r);
}

void
request_answer_text(struct request *r, const char *key, const char *value)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	docs_add_string(h, b, key, value);
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

void
request_fail(struct request *r, struct notify_error *e)
{
	awswire_fail(&notify_wire, r->notify->host, &r->call,
	    &(struct awswire_error){ e->code, e->message, e->status });
	notify_error_fini(e);
	request_free(r);
}

static void
answered(void *arg, const struct pawl_sql_answer *a)
{
	struct request *r = arg;
	struct notify_error e = { 0 };

	r->sql = 0;
	if (a->result == PAWL_SQL_OK) {
		r->action->done(r, &a->sets[0]);
		return;
	}
	r->notify->host->log(r->notify->host, PAWL_LOG_WARN, 0, "%s failed: %s", r->call.action,
	    a->message);
	notify_query_error(a, &e);
	request_fail(r, &e);
}

void
request_query(struct request *r, enum notify_query query, const char *const *params)
{
	r->sql = notify_query(r->notify, query, params, answered, r);
}

int
request_set_attribute(struct request *r, enum notify_query query,
    int (*check)(struct request *r, const char *name, const char *value, struct notify_error *e),
    struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	char *name = docs_string(h, r->params, "AttributeName"), *text;
	char *value = docs_string(h, r->params, "AttributeValue");
	struct pawl_builder *b;
	struct pawl_doc attribute;

	if (name == NULL) {
		notify_invalid(e, "AttributeName Reason: no value for required parameter");
	} else if (check(r, name, value != NULL ? value : "", e) == 0) {
		b = h->build(h);
		h->build_object(b);
		docs_add_string(h, b, name, value);
		h->build_end(b);
		attribute = h->build_finish(b);
		text = h->doc_text(h, attribute, NULL);
		request_query(r, query, (const char *const[]){ r->topic, text, r->id });
		h->free(h, text);
		h->doc_unref(h, attribute);
	}
	h->free(h, name);
	h->free(h, value);
	return e->code != NULL ? -1 : 0;
}

/* --- pages ------------------------------------------------------------------------------- */

char *
request_read_page(struct request *r, bool (*is_item)(const char *), struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	size_t len = 0;
	char *token = h->doc_string(h, h->doc_get(h, r->params, "NextToken"), &len);
	struct text last = { 0 };

	if (!text_add_unbase64(&last, token != NULL ? token : "", len) ||
	    (last.len > 0 && !is_item(last.s))) {
		notify_invalid(e, "NextToken");
		text_fini(&last);
	}
	h->free(h, token);
	return last.s;
}

void
request_add_next(struct request *r, struct pawl_builder *b, const char *last)
{
	struct text token = { 0 };

	text_add_base64(&token, last, strlen(last));
	docs_add_string(r->notify->host, b, "NextToken", token.s);
	text_fini(&token);
}

/* --- a call ------------------------------------------------------------------------------- */

static const struct action *
find_action(const char *name)
{
	static const struct action *const tables[] = { publish_actions, subscription_actions,
		topic_actions };

	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct action *a = tables[t]; a->name != NULL; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

static int
read_target(struct request *r, struct notify_error *e)
{
	static const char *const members[] = { [AT_TOPIC] = "TopicArn",
		[AT_RESOURCE] = "ResourceArn",
		[AT_SUBSCRIPTION] = "SubscriptionArn" };
	const struct pawl_host *h = r->notify->host;
	enum action_at at = r->action->at;
	char *arn;

	if (at == AT_NOTHING)
		return 0;
	if (at == AT_TARGET) {
		r->topic = publish_target(h, r->params, e);
		return r->topic != NULL ? 0 : -1;
	}
	if ((arn = docs_string(h, r->params, members[at])) == NULL)
		return notify_invalid(e, "%s Reason: no value for required parameter", members[at]);
	r->topic = at == AT_SUBSCRIPTION ? names_subscription_of_arn(h, arn, r->id, e)
					 : names_topic_of_arn(h, arn, members[at], e);
	h->free(h, arn);
	return r->topic != NULL ? 0 : -1;
}

static int
start(struct request *r, const struct pawl_http_call *c, struct notify_error *e)
{
	const char *why;

	r->action = find_action(r->call.action);
	if (r->action == NULL)
		return notify_error_set(e, "InvalidAction",
		    "The action %s is not valid for this endpoint.", r->call.action);
	r->params = awswire_read(&notify_wire, r->notify->host, c, &why);
	if (r->params.block_ == NULL)
		return notify_error_set(e, "MalformedQueryString", "%s", why);
	return read_target(r, e) != 0 ? -1 : r->action->start(r, e);
}

void
request_open(struct notify *n, const struct pawl_http_call *c)
{
	struct request *r = text_alloc(sizeof(*r));
	struct notify_error e = { 0 };

	r->notify = n;
	r->params = PAWL_NO_DOC;
	awswire_open(c, &r->call);
	TAILQ_INSERT_TAIL(&n->requests, r, link);
	if (start(r, c, &e) != 0)
		request_fail(r, &e);
}
