/*
 * send - the actions that send messages.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

static void
read_entry(struct request *r, struct pawl_doc params, struct batch_entry *entry)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc given = h->doc_get(h, params, "MessageBody");
	size_t len = 0;
	char *body = h->doc_string(h, given, &len);

	entry->message = text_alloc(sizeof(*entry->message));
	message_read(h, r->name, params, body, len, entry->message, &entry->error);
	h->free(h, body);
}

static int
check_total(const struct request *r, struct queue_error *e)
{
	size_t total = 0;

	for (size_t i = 0; i < r->nentries; i++)
		total += r->entries[i].message->size;
	if (total > QUEUE_MESSAGE_MAX && r->nentries > 1)
		return queue_error_set(e, "BatchRequestTooLong",
		    "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.",
		    QUEUE_MESSAGE_MAX, total);
	return 0;
}

static void
query(struct request *r)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b = h->build(h);
	struct pawl_doc entries;
	char *text;

	h->build_array(b);
	for (size_t i = 0; i < r->nentries; i++)
		if (r->entries[i].error.code == NULL)
			h->build_doc(b, r->entries[i].message->entry);
	h->build_end(b);
	entries = h->build_finish(b);
	text = h->doc_text(h, entries, NULL);
	request_query(r, QUERY_send, (const char *const[]){ r->name, text });
	h->free(h, text);
	h->doc_unref(h, entries);
}

static int
start(struct request *r, struct queue_error *e)
{
	if (request_read_entries(r, read_entry, e) != 0 || check_total(r, e) != 0)
		return -1;
	if (request_number_entries(r) > 0)
		query(r);
	else
		request_answer_batch(r, NULL, NULL);
	return 0;
}

/* When the first of what was sent can be received: its own delay, or now as far as is known here. */
static int64_t
delay_of(const struct request *r)
{
	const struct pawl_host *h = r->queue->host;
	int64_t least = QUEUE_DELAY_MAX;

	for (size_t i = 0; i < r->nentries; i++) {
		int64_t delay = 0;

		if (r->entries[i].error.code != NULL)
			continue;
		h->doc_int(h, h->doc_get(h, r->entries[i].message->entry, "delay"), &delay);
		least = delay < least ? delay : least;
	}
	return least * 1000;
}

static void
add_result(struct pawl_builder *b, const struct request *r, const struct batch_entry *entry,
    const struct pawl_sql_rows *rows)
{
	message_add_result(r->queue->host, b, entry->message, rows, entry->row);
}

static void
answer_one(struct request *r, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b;

	if (r->entries[0].error.code != NULL) {
		request_fail_entry(r);
		return;
	}
	b = h->build(h);
	h->build_object(b);
	add_result(b, r, &r->entries[0], rows);
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}

static void
done(struct request *r, const struct pawl_sql_rows *rows)
{
	size_t nsent;

	if (rows->nrows == 0) {
		request_fail_missing(r);
		return;
	}
	if ((nsent = request_note_problems(r, rows, 3, message_problem)) > 0)
		line_tell(r->queue, r->name, nsent, delay_of(r));
	if (request_is_batch(r))
		request_answer_batch(r, add_result, rows);
	else
		answer_one(r, rows);
}

const struct action send_actions[] = {
	{ "SendMessage", true, start, done },
	{ "SendMessageBatch", true, start, done },
	{ NULL, false, NULL, NULL },
};
