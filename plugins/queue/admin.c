/*
 * admin - the actions on queues: create, find, list, describe, change, tag, purge, delete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

#define LIST_MAX 1000
#define TAGS_MAX 50

/* --- answers that many have -------------------------------------------------------------- */

static void
answer_url(struct request *r, const char *name)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b = h->build(h);
	char *url = request_url(r, name);

	h->build_object(b);
	docs_add_string(h, b, "QueueUrl", url);
	h->build_end(b);
	free(url);
	request_answer(r, h->build_finish(b));
}

static void
answer_names(struct request *r, const char *member, const struct pawl_sql_rows *rows, size_t first,
    size_t limit)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b = h->build(h);
	size_t end = rows->nrows < first + limit ? rows->nrows : first + limit;

	h->build_object(b);
	h->build_key(b, member);
	h->build_array(b);
	for (size_t i = first; i < end; i++) {
		char *url = request_url(r, request_value(rows, i, 0));

		h->build_string(b, url, strlen(url));
		free(url);
	}
	h->build_end(b);
	if (end < rows->nrows) {
		const char *last = request_value(rows, end - 1, 0);
		struct text token = { 0 };

		text_add_base64(&token, last, strlen(last));
		docs_add_string(h, b, "NextToken", token.s);
		text_fini(&token);
	}
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

/* There is a row, or no such queue. */
static void
done_nothing(struct request *r, const struct pawl_sql_rows *rows)
{
	if (rows->nrows == 0)
		request_fail_missing(r);
	else
		request_answer(r, PAWL_NO_DOC);
}

static int
query_name(struct request *r, enum queue_query query)
{
	request_query(r, query, (const char *const[]){ r->name });
	return 0;
}

static int
query_name_and_doc(struct request *r, enum queue_query query, struct pawl_doc d)
{
	const struct pawl_host *h = r->queue->host;
	char *text = h->doc_text(h, d, NULL);

	request_query(r, query, (const char *const[]){ r->name, text });
	h->free(h, text);
	return 0;
}

/* --- create, change --------------------------------------------------------------------------- */

static int
read_queue_name(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	char *name = docs_string(h, r->params, "QueueName");

	if (name == NULL)
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter QueueName.");
	r->name = text_format("%s", name);
	h->free(h, name);
	return 0;
}

static int
check_tags(const struct pawl_host *h, struct pawl_doc tags, struct queue_error *e)
{
	struct pawl_doc_iter it = { .of = tags };

	if (h->doc_len(h, tags) > TAGS_MAX)
		return queue_error_set(e, "InvalidParameterValue",
		    "Too many tags added for queue: %d is the most it can have.", TAGS_MAX);
	while (h->doc_next(h, &it))
		if (h->doc_type(h, it.value) != PAWL_DOC_STRING)
			return queue_error_set(e, "InvalidParameterValue",
			    "The values of tags are texts.");
	return 0;
}

static int
create_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc tags = h->doc_get(h, r->params, "tags"), checked;
	char *attributes, *tag_text;

	if (read_queue_name(r, e) != 0)
		return -1;
	if (!queue_name_is_valid(r->name))
		return queue_error_set(e, "InvalidParameterValue",
		    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
	if (h->doc_type(h, tags) != PAWL_DOC_OBJECT)
		tags = h->doc_get(h, r->params, "Tags"); /* the query protocol spells it so */
	if (check_tags(h, tags, e) != 0)
		return -1;
	checked = attributes_check(h, r->name, h->doc_get(h, r->params, "Attributes"), true, e);
	if (checked.block_ == NULL)
		return -1;
	attributes = h->doc_text(h, checked, NULL);
	tag_text = h->doc_type(h, tags) == PAWL_DOC_OBJECT ? h->doc_text(h, tags, NULL) : NULL;
	request_query(r, QUERY_create_queue,
	    (const char *const[]){ r->name, attributes, tag_text != NULL ? tag_text : "{}" });
	h->free(h, attributes);
	h->free(h, tag_text);
	h->doc_unref(h, checked);
	return 0;
}

/* What pawl_queue.set_queue has against it. */
static void
fail_set(struct request *r, const char *problem)
{
	const struct pawl_host *h = r->queue->host;
	struct queue_error e = { 0 };
	char *policy;

	if (strcmp(problem, "missing") == 0) {
		request_fail_missing(r);
		return;
	}
	if (strcmp(problem, "dead letter") == 0) {
		policy = docs_string(h, h->doc_get(h, r->params, "Attributes"), "RedrivePolicy");
		queue_error_set(&e, "InvalidParameterValue",
		    "Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
		    policy);
		h->free(h, policy);
	} else {
		queue_error_set(&e, "QueueNameExists",
		    "A queue already exists with the same name and a different value for attribute %s",
		    problem);
	}
	request_fail(r, &e);
}

static void
create_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (request_value(rows, 0, 0) != NULL)
		fail_set(r, request_value(rows, 0, 0));
	else
		answer_url(r, r->name);
}

static int
set_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc given = h->doc_get(h, r->params, "Attributes"), checked;

	if (h->doc_type(h, given) != PAWL_DOC_OBJECT)
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter Attribute.Name.");
	checked = attributes_check(h, r->name, given, false, e);
	if (checked.block_ == NULL)
		return -1;
	query_name_and_doc(r, QUERY_set_attributes, checked);
	h->doc_unref(h, checked);
	return 0;
}

static void
set_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (request_value(rows, 0, 0) != NULL)
		fail_set(r, request_value(rows, 0, 0));
	else
		request_answer(r, PAWL_NO_DOC);
}

/* --- find, list ---------------------------------------------------------------------------------- */

static int
get_url_start(struct request *r, struct queue_error *e)
{
	if (read_queue_name(r, e) != 0)
		return -1;
	return query_name(r, QUERY_find_queue);
}

static void
get_url_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (rows->nrows == 0)
		request_fail_missing(r);
	else
		answer_url(r, r->name);
}

/* How many a page has, and the last name of the one before; to be released with free. NULL: *e. */
static char *
read_page(struct request *r, int64_t *limit, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	char *token = docs_string(h, r->params, "NextToken");
	struct text after = { 0 };

	*limit = LIST_MAX;
	request_number(h, r->params, "MaxResults", 1, LIST_MAX, "Must be between 1 and 1000.",
	    limit, e);
	if (!text_add_unbase64(&after, token != NULL ? token : "",
		token != NULL ? strlen(token) : 0) ||
	    (after.len > 0 && !queue_name_is_valid(after.s)))
		queue_error_set(e, "InvalidParameterValue", "Invalid or expired next token.");
	h->free(h, token);
	if (e->code == NULL)
		return after.s;
	text_fini(&after);
	return NULL;
}

static int
list_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	char *prefix, *after, number[24];
	int64_t limit;

	if ((after = read_page(r, &limit, e)) == NULL)
		return -1;
	prefix = docs_string(h, r->params, "QueueNamePrefix");
	snprintf(number, sizeof(number), "%lld", (long long)limit + 1);
	request_query(r, QUERY_list_queues,
	    (const char *const[]){ prefix != NULL ? prefix : "", after, number });
	h->free(h, prefix);
	free(after);
	return 0;
}

static size_t
page_size(struct request *r)
{
	int64_t n;

	if (!docs_int(r->queue->host,
		r->queue->host->doc_get(r->queue->host, r->params, "MaxResults"), &n))
		n = LIST_MAX;
	return (size_t)n;
}

static void
list_done(struct request *r, const struct pawl_sql_rows *rows)
{
	answer_names(r, "QueueUrls", rows, 0, page_size(r));
}

static int
sources_start(struct request *r, struct queue_error *e)
{
	char *after, number[24];
	int64_t limit;

	if ((after = read_page(r, &limit, e)) == NULL)
		return -1;
	snprintf(number, sizeof(number), "%lld", (long long)limit + 1);
	request_query(r, QUERY_list_sources, (const char *const[]){ r->name, after, number });
	free(after);
	return 0;
}

static void
sources_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (rows->nrows == 0)
		request_fail_missing(r);
	else
		answer_names(r, "queueUrls", rows, 1, page_size(r));
}

/* --- describe ------------------------------------------------------------------------------------- */

static int
get_attributes_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	bool counts;

	if (attributes_wanted(h, h->doc_get(h, r->params, "AttributeNames"), &counts, e) != 0)
		return -1;
	request_query(r, QUERY_read_attributes,
	    (const char *const[]){ r->name, counts ? "true" : "false" });
	return 0;
}

static void
get_attributes_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->queue->host;

	if (rows->nrows == 0)
		request_fail_missing(r);
	else
		request_answer(r,
		    attributes_answer(h, r->name, h->doc_get(h, r->params, "AttributeNames"),
			rows));
}

/* --- purge, delete -------------------------------------------------------------------------------- */

static int
purge_start(struct request *r, struct queue_error *e)
{
	(void)e;
	return query_name(r, QUERY_purge);
}

static void
purge_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const char *problem = request_value(rows, 0, 0);
	struct queue_error e = { 0 };

	if (problem == NULL) {
		request_answer(r, PAWL_NO_DOC);
	} else if (strcmp(problem, "missing") == 0) {
		request_fail_missing(r);
	} else {
		queue_error_set(&e, "PurgeQueueInProgress",
		    "Only one PurgeQueue operation on %s is allowed every 60 seconds.", r->name);
		request_fail(r, &e);
	}
}

static int
delete_start(struct request *r, struct queue_error *e)
{
	(void)e;
	return query_name(r, QUERY_delete_queue);
}

static void
delete_done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (strcmp(request_value(rows, 0, 0), "t") != 0) {
		request_fail_missing(r);
		return;
	}
	line_tell(r->queue, r->name, SIZE_MAX, 0); /* those who wait there learn that it is gone */
	request_answer(r, PAWL_NO_DOC);
}

/* --- tags ------------------------------------------------------------------------------------------ */

static int
tag_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc tags = h->doc_get(h, r->params, "Tags");

	if (h->doc_type(h, tags) != PAWL_DOC_OBJECT)
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter Tags.");
	if (check_tags(h, tags, e) != 0)
		return -1;
	return query_name_and_doc(r, QUERY_add_tags, tags);
}

static int
untag_start(struct request *r, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc keys = h->doc_get(h, r->params, "TagKeys");

	if (h->doc_type(h, keys) != PAWL_DOC_ARRAY)
		return queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter TagKeys.");
	return query_name_and_doc(r, QUERY_take_tags, keys);
}

static int
list_tags_start(struct request *r, struct queue_error *e)
{
	(void)e;
	return query_name(r, QUERY_read_tags);
}

static void
list_tags_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b;
	struct pawl_doc tags;
	const char *text;

	if (rows->nrows == 0) {
		request_fail_missing(r);
		return;
	}
	text = request_value(rows, 0, 0);
	tags = h->doc_parse(h, text, strlen(text), NULL);
	b = h->build(h);
	h->build_object(b);
	docs_add_doc(h, b, "Tags", tags);
	h->build_end(b);
	h->doc_unref(h, tags);
	request_answer(r, h->build_finish(b));
}

const struct action admin_actions[] = {
	{ "CreateQueue", false, create_start, create_done },
	{ "GetQueueUrl", false, get_url_start, get_url_done },
	{ "ListQueues", false, list_start, list_done },
	{ "ListDeadLetterSourceQueues", true, sources_start, sources_done },
	{ "GetQueueAttributes", true, get_attributes_start, get_attributes_done },
	{ "SetQueueAttributes", true, set_start, set_done },
	{ "PurgeQueue", true, purge_start, purge_done },
	{ "DeleteQueue", true, delete_start, delete_done },
	{ "TagQueue", true, tag_start, done_nothing },
	{ "UntagQueue", true, untag_start, done_nothing },
	{ "ListQueueTags", true, list_tags_start, list_tags_done },
	{ NULL, false, NULL, NULL },
};
