/*
 * topic - the actions on topics: create, list, describe, change, tag, delete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

#define TAGS_MAX 50

/* --- parameters ---------------------------------------------------------------------------- */

static int
check_attribute(const struct pawl_host *h, const char *topic, bool create, const char *name,
    const char *value, struct notify_error *e)
{
	static const struct {
		const char *name;
		enum { TEXT, JSON, BOOL } kind;
		bool fifo;
	} known[] = { { "DisplayName", TEXT, false }, { "Policy", JSON, false },
		{ "DeliveryPolicy", JSON, false }, { "KmsMasterKeyId", TEXT, false },
		{ "TracingConfig", TEXT, false }, { "SignatureVersion", TEXT, false },
		{ "FifoTopic", BOOL, false }, { "ContentBasedDeduplication", BOOL, true },
		{ "FifoThroughputScope", TEXT, true } };
	size_t i = 0;
	struct pawl_doc parsed;
	bool right = true;

	while (i < sizeof(known) / sizeof(*known) && strcmp(known[i].name, name) != 0)
		i++;
	if (i == sizeof(known) / sizeof(*known) || (known[i].fifo && !names_is_fifo(topic)) ||
	    (strcmp(name, "FifoTopic") == 0 && !create))
		return notify_invalid(e, "AttributeName");
	if (known[i].kind == BOOL)
		right = strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
	if (known[i].kind == JSON && *value != '\0') {
		parsed = h->doc_parse(h, value, strlen(value), NULL);
		right = h->doc_type(h, parsed) == PAWL_DOC_OBJECT;
		h->doc_unref(h, parsed);
	}
	return right ? 0 : notify_invalid(e, "%s Reason: it cannot be '%.100s'", name, value);
}

static int
check_attributes(struct request *r, struct pawl_doc given, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_doc_iter it = { .of = given };
	bool fifo;

	while (e->code == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);
		char *value = h->doc_string(h, it.value, NULL);

		if (value == NULL)
			notify_invalid(e, "AttributeValue");
		else
			check_attribute(h, r->topic, true, name, value, e);
		h->free(h, name);
		h->free(h, value);
	}
	fifo = h->doc_is(h, h->doc_get(h, given, "FifoTopic"), "true");
	if (e->code == NULL && fifo != names_is_fifo(r->topic))
		notify_invalid(e,
		    "Topic Name Reason: the name of a FIFO topic ends with .fifo, and its attribute FifoTopic is true");
	return e->code != NULL ? -1 : 0;
}

/* The list Tags as the text of an object, to be released with host->free; NULL and *e. */
static char *
read_tags(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_doc list = h->doc_get(h, r->params, "Tags"), object;
	struct pawl_doc_iter it = { .of = list };
	struct pawl_builder *b = h->build(h);
	char *text = NULL;

	h->build_object(b);
	while (h->doc_type(h, list) == PAWL_DOC_ARRAY && h->doc_next(h, &it)) {
		char *key = docs_string(h, it.value, "Key");
		char *value = docs_string(h, it.value, "Value");

		if (key == NULL || *key == '\0' || strlen(key) > 512 || value == NULL)
			notify_invalid(e, "Tags Reason: a tag has a Key and a Value");
		else
			docs_add_string(h, b, key, value);
		h->free(h, key);
		h->free(h, value);
	}
	h->build_end(b);
	object = h->build_finish(b);
	if (h->doc_len(h, object) > TAGS_MAX)
		notify_error_set(e, "TagLimitExceeded", "A topic has %d tags at most.", TAGS_MAX);
	if (e->code == NULL)
		text = h->doc_text(h, object, NULL);
	h->doc_unref(h, object);
	return text;
}

/* --- create, delete ------------------------------------------------------------------------- */

static int
create_start(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	char *name = docs_string(h, r->params, "Name"), *tags, *attributes;
	struct pawl_doc given = h->doc_get(h, r->params, "Attributes");

	if (name == NULL || !names_is_topic(name))
		notify_invalid(e, "Topic Name");
	else
		r->topic = text_format("%s", name);
	h->free(h, name);
	if (e->code != NULL || check_attributes(r, given, e) != 0 ||
	    (tags = read_tags(r, e)) == NULL)
		return -1;
	attributes = h->doc_type(h, given) == PAWL_DOC_OBJECT ? h->doc_text(h, given, NULL) : NULL;
	request_query(r, QUERY_create_topic,
	    (const char *const[]){ r->topic, attributes != NULL ? attributes : "{}", tags });
	h->free(h, attributes);
	h->free(h, tags);
	return 0;
}

static void
create_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const char *other = notify_value(rows, 0, 1);
	struct notify_error e = { 0 };
	char *arn;

	if (other != NULL) {
		if (strcmp(other, "tags") == 0)
			notify_invalid(&e, "Tags Reason: Topic already exists with different tags");
		else
			notify_invalid(&e,
			    "Attributes Reason: Topic already exists with different attributes (%s)",
			    other);
		request_fail(r, &e);
		return;
	}
	arn = names_topic_arn(r->notify->host, r->topic);
	request_answer_text(r, "TopicArn", arn);
	free(arn);
}

static int
delete_start(struct request *r, struct notify_error *e)
{
	(void)e;
	request_query(r, QUERY_delete_topic, (const char *const[]){ r->topic });
	return 0;
}

/* Deleting a topic that there is not is fine. */
static void
delete_done(struct request *r, const struct pawl_sql_rows *rows)
{
	(void)rows;
	request_answer(r, PAWL_NO_DOC);
}

/* --- list, describe, change ------------------------------------------------------------------- */

static int
list_start(struct request *r, struct notify_error *e)
{
	char *last = request_read_page(r, names_is_topic, e), limit[16];

	if (last == NULL)
		return -1;
	snprintf(limit, sizeof(limit), "%d", NOTIFY_PAGE + 1);
	request_query(r, QUERY_list_topics, (const char *const[]){ last, limit });
	free(last);
	return 0;
}

static void
list_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	h->build_key(b, "Topics");
	h->build_array(b);
	for (size_t i = 0; i < rows->nrows && i < NOTIFY_PAGE; i++) {
		char *arn = names_topic_arn(h, notify_value(rows, i, 0));

		h->build_object(b);
		docs_add_string(h, b, "TopicArn", arn);
		h->build_end(b);
		free(arn);
	}
	h->build_end(b);
	if (rows->nrows > NOTIFY_PAGE)
		request_add_next(r, b, notify_value(rows, NOTIFY_PAGE - 1, 0));
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

static int
read_start(struct request *r, struct notify_error *e)
{
	(void)e;
	request_query(r, QUERY_read_topic, (const char *const[]){ r->topic });
	return 0;
}

static bool
is_missing(struct request *r, const struct pawl_sql_rows *rows, const char *code)
{
	struct notify_error e = { .status = 404 };

	if (rows->nrows > 0)
		return false;
	notify_error_set(&e, code,
	    strcmp(code, "NotFound") == 0 ? "Topic does not exist" : "Resource does not exist");
	request_fail(r, &e);
	return true;
}

static void
read_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_builder *b;
	struct pawl_doc set;
	struct pawl_doc_iter it;
	char *arn;

	if (is_missing(r, rows, "NotFound"))
		return;
	set = h->doc_parse(h, notify_value(rows, 0, 0), strlen(notify_value(rows, 0, 0)), NULL);
	it = (struct pawl_doc_iter){ .of = set };
	arn = names_topic_arn(h, r->topic);
	b = h->build(h);
	h->build_object(b);
	h->build_key(b, "Attributes");
	h->build_object(b);
	h->build_key(b, "entry");
	h->build_object(b);
	docs_add_string(h, b, "TopicArn", arn);
	docs_add_string(h, b, "Owner", h->setting(h, "account_id"));
	docs_add_string(h, b, "SubscriptionsConfirmed", notify_value(rows, 0, 1));
	docs_add_string(h, b, "SubscriptionsPending", notify_value(rows, 0, 2));
	docs_add_string(h, b, "SubscriptionsDeleted", "0");
	if (!docs_has(h, set, "DisplayName"))
		docs_add_string(h, b, "DisplayName", "");
	if (names_is_fifo(r->topic) && !docs_has(h, set, "ContentBasedDeduplication"))
		docs_add_string(h, b, "ContentBasedDeduplication", "false");
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		docs_add_doc(h, b, name, it.value);
		h->free(h, name);
	}
	for (int open = 0; open < 3; open++)
		h->build_end(b);
	free(arn);
	h->doc_unref(h, set);
	request_answer(r, h->build_finish(b));
}

static int
check_new_attribute(struct request *r, const char *name, const char *value, struct notify_error *e)
{
	return check_attribute(r->notify->host, r->topic, false, name, value, e);
}

static int
set_start(struct request *r, struct notify_error *e)
{
	return request_set_attribute(r, QUERY_set_topic, check_new_attribute, e);
}

static void
set_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (!is_missing(r, rows, "NotFound"))
		request_answer(r, PAWL_NO_DOC);
}

/* --- tags ---------------------------------------------------------------------------------------- */

static int
tag_start(struct request *r, struct notify_error *e)
{
	char *tags = read_tags(r, e);

	if (tags == NULL)
		return -1;
	request_query(r, QUERY_add_tags, (const char *const[]){ r->topic, tags });
	r->notify->host->free(r->notify->host, tags);
	return 0;
}

static int
untag_start(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_doc keys = h->doc_get(h, r->params, "TagKeys");
	char *text;

	if (h->doc_type(h, keys) != PAWL_DOC_ARRAY)
		return notify_invalid(e, "TagKeys Reason: no value for required parameter");
	text = h->doc_text(h, keys, NULL);
	request_query(r, QUERY_take_tags, (const char *const[]){ r->topic, text });
	h->free(h, text);
	return 0;
}

/* These have a result, of no members. */
static void
tagged(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;

	if (!is_missing(r, rows, "ResourceNotFound"))
		request_answer(r, h->doc_parse(h, "{}", 2, NULL));
}

static void
list_tags_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_builder *b;
	struct pawl_doc tags;
	struct pawl_doc_iter it;

	if (is_missing(r, rows, "ResourceNotFound"))
		return;
	tags = h->doc_parse(h, notify_value(rows, 0, 3), strlen(notify_value(rows, 0, 3)), NULL);
	it = (struct pawl_doc_iter){ .of = tags };
	b = h->build(h);
	h->build_object(b);
	h->build_key(b, "Tags");
	h->build_array(b);
	while (h->doc_next(h, &it)) {
		h->build_object(b);
		docs_add_doc(h, b, "Key", it.key);
		docs_add_doc(h, b, "Value", it.value);
		h->build_end(b);
	}
	h->build_end(b);
	h->build_end(b);
	h->doc_unref(h, tags);
	request_answer(r, h->build_finish(b));
}

const struct action topic_actions[] = {
	{ "CreateTopic", AT_NOTHING, create_start, create_done },
	{ "DeleteTopic", AT_TOPIC, delete_start, delete_done },
	{ "ListTopics", AT_NOTHING, list_start, list_done },
	{ "GetTopicAttributes", AT_TOPIC, read_start, read_done },
	{ "SetTopicAttributes", AT_TOPIC, set_start, set_done },
	{ "TagResource", AT_RESOURCE, tag_start, tagged },
	{ "UntagResource", AT_RESOURCE, untag_start, tagged },
	{ "ListTagsForResource", AT_RESOURCE, read_start, list_tags_done },
	{ NULL, AT_NOTHING, NULL, NULL },
};
