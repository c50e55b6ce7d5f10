/*
 * publish - the actions that publish messages.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

char *
publish_target(const struct pawl_host *h, struct pawl_doc params, struct notify_error *e)
{
	const char *what = docs_has(h, params, "TopicArn") ? "TopicArn" : "TargetArn";
	char *arn = docs_string(h, params, what), *topic = NULL;

	if (arn != NULL && *arn != '\0')
		topic = names_topic_of_arn(h, arn, what, e);
	else if (docs_has(h, params, "PhoneNumber"))
		notify_invalid(e, "PhoneNumber Reason: pawl sends no text messages");
	else
		notify_invalid(e, "TopicArn or TargetArn Reason: no value for required parameter");
	h->free(h, arn);
	return topic;
}

void
publish_wake(struct notify *n, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = n->host;
	const char *woken = rows->nrows > 0 ? notify_value(rows, 0, 4) : NULL;
	struct pawl_doc names = PAWL_NO_DOC;
	struct pawl_doc_iter it;

	if (woken != NULL)
		names = h->doc_parse(h, woken, strlen(woken), NULL);
	it = (struct pawl_doc_iter){ .of = names };
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.value, NULL);

		if (name != NULL)
			hint_add(n, name);
		h->free(h, name);
	}
	h->doc_unref(h, names);
	if (rows->nrows > 0 && strcmp(notify_value(rows, 0, 5), "0") != 0)
		deliver_look(n);
}

void
publish_add_result(const struct pawl_host *h, struct pawl_builder *b,
    const struct pawl_sql_rows *rows, size_t row)
{
	docs_add_string(h, b, "MessageId", notify_value(rows, row, 1));
	if (notify_value(rows, row, 2) != NULL)
		docs_add_string(h, b, "SequenceNumber", notify_value(rows, row, 2));
}

/* --- reading ------------------------------------------------------------------------------ */

/* Its size. */
static size_t
read_entry(struct request *r, struct pawl_doc params, struct batch_entry *entry)
{
	const struct pawl_host *h = r->notify->host;
	size_t len = 0, size;
	char *message = h->doc_string(h, h->doc_get(h, params, "Message"), &len);

	entry->entry = message_read(h, r->topic, params, message, len, &size, &entry->error);
	h->free(h, message);
	return size;
}

static int
read_id(struct request *r, struct pawl_doc params, struct batch_entry *entry,
    struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	char *id = docs_string(h, params, "Id");
	size_t len = id != NULL ? strlen(id) : 0;

	entry->id = text_format("%s", len > 0 ? id : "");
	h->free(h, id);
	if (len == 0 || len > 80 ||
	    strspn(entry->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
		len)
		return notify_error_set(e, "InvalidBatchEntryId",
		    "The Id of a batch entry has 1 to 80 letters, digits, hyphens and underscores.");
	for (const struct batch_entry *other = r->entries; other < entry; other++)
		if (strcmp(other->id, entry->id) == 0)
			return notify_error_set(e, "BatchEntryIdsNotDistinct",
			    "Two or more batch entries in the request have the same Id: %s.",
			    entry->id);
	return 0;
}

static int
read_batch(struct request *r, struct notify_error *e)
{
	const struct pawl_host *h = r->notify->host;
	struct pawl_doc list = h->doc_get(h, r->params, "PublishBatchRequestEntries");
	struct pawl_doc_iter it = { .of = list };
	size_t n = h->doc_type(h, list) == PAWL_DOC_ARRAY ? h->doc_len(h, list) : 0, size = 0;

	if (n == 0)
		return notify_error_set(e, "EmptyBatchRequest",
		    "The batch request doesn't contain any entries.");
	if (n > NOTIFY_BATCH_MAX)
		return notify_error_set(e, "TooManyEntriesInBatchRequest",
		    "The batch request contains more entries than permissible.");
	while (h->doc_next(h, &it)) {
		struct batch_entry *entry = &r->entries[r->nentries++];

		entry->entry = PAWL_NO_DOC;
		if (read_id(r, it.value, entry, e) != 0)
			return -1;
		size += read_entry(r, it.value, entry);
	}
	if (size > NOTIFY_MESSAGE_MAX)
		return notify_error_set(e, "BatchRequestTooLong",
		    "The length of all the messages put together is more than the limit.");
	return 0;
}

static void
query(struct request *r)
{
	const struct pawl_host *h = r->notify->host;
	struct text list = { 0 };
	size_t n = 0;

	for (struct batch_entry *entry = r->entries; entry < r->entries + r->nentries; entry++) {
		char *text;

		if (entry->error.code != NULL)
			continue;
		text = h->doc_text(h, entry->entry, NULL);
		text_adds(&list, n == 0 ? "[" : ",");
		text_adds(&list, text);
		h->free(h, text);
		entry->row = n++;
	}
	text_adds(&list, n == 0 ? "[]" : "]");
	request_query(r, QUERY_publish, (const char *const[]){ r->topic, list.s });
	text_fini(&list);
}

/* --- Publish --------------------------------------------------------------------------------- */

static int
publish_start(struct request *r, struct notify_error *e)
{
	struct batch_entry *only = &r->entries[r->nentries++];

	read_entry(r, r->params, only);
	if (only->error.code != NULL) {
		*e = only->error;
		only->error = (struct notify_error){ 0 };
		return -1;
	}
	query(r);
	return 0;
}

static void
publish_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct notify_error e = { 0 };
	struct pawl_builder *b;

	if (rows->nrows == 0)
		notify_no_topic(&e);
	else if (notify_value(rows, 0, 3) != NULL)
		message_problem(notify_value(rows, 0, 3), &e);
	if (e.code != NULL) {
		request_fail(r, &e);
		return;
	}
	publish_wake(r->notify, rows);
	b = h->build(h);
	h->build_object(b);
	publish_add_result(h, b, rows, 0);
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

/* --- PublishBatch ------------------------------------------------------------------------------- */

static int
batch_start(struct request *r, struct notify_error *e)
{
	if (read_batch(r, e) != 0)
		return -1;
	query(r);
	return 0;
}

static void
add_outcome(const struct pawl_host *h, struct pawl_builder *b, const struct batch_entry *entry,
    const struct pawl_sql_rows *rows)
{
	h->build_object(b);
	docs_add_string(h, b, "Id", entry->id);
	if (entry->error.code == NULL) {
		publish_add_result(h, b, rows, entry->row);
	} else {
		docs_add_string(h, b, "Code", entry->error.code);
		docs_add_string(h, b, "Message", entry->error.message);
		docs_add_bool(h, b, "SenderFault", true);
	}
	h->build_end(b);
}

static void
batch_done(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->notify->host;
	struct batch_entry *end = r->entries + r->nentries;
	struct notify_error e = { 0 };
	struct pawl_builder *b;
	bool missing = rows->nrows == 0;

	for (struct batch_entry *entry = r->entries; entry < end; entry++) {
		missing = missing && entry->error.code == NULL;
		if (entry->error.code == NULL && rows->nrows > 0 &&
		    notify_value(rows, entry->row, 3) != NULL)
			message_problem(notify_value(rows, entry->row, 3), &entry->error);
	}
	if (missing) {
		notify_no_topic(&e);
		request_fail(r, &e);
		return;
	}
	publish_wake(r->notify, rows);
	b = h->build(h);
	h->build_object(b);
	for (int failed = 0; failed <= 1; failed++) {
		h->build_key(b, failed ? "Failed" : "Successful");
		h->build_array(b);
		for (struct batch_entry *entry = r->entries; entry < end; entry++)
			if ((entry->error.code != NULL) == failed)
				add_outcome(h, b, entry, rows);
		h->build_end(b);
	}
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

const struct action publish_actions[] = {
	{ "Publish", AT_TARGET, publish_start, publish_done },
	{ "PublishBatch", AT_TOPIC, batch_start, batch_done },
	{ NULL, AT_NOTHING, NULL, NULL },
};
