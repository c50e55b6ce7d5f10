/*
 * consume - the actions on messages that were received: delete, change their visibility.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

/* QUEUE_ID.SEQ.UUID, as pawl_queue.receive makes it. */
static bool
parse_handle(const char *text, struct receipt *out)
{
	char *at;

	out->queue_id = strtol(text, &at, 10);
	if (at == text || *at++ != '.')
		return false;
	out->seq = strtoll(at, &at, 10);
	if (at[-1] == '.' || *at++ != '.' || strlen(at) != ENVELOPE_ID_SIZE - 1)
		return false;
	memcpy(out->id, at, ENVELOPE_ID_SIZE);
	return out->id[8] == '-' && out->id[13] == '-' && out->id[18] == '-' &&
	    out->id[23] == '-' && strspn(out->id, "0123456789abcdef-") == strlen(out->id);
}

static void
read_handle(struct request *r, struct pawl_doc params, struct batch_entry *entry)
{
	const struct pawl_host *h = r->queue->host;
	char *handle = docs_string(h, params, "ReceiptHandle");

	if (handle == NULL)
		queue_error_set(&entry->error, "MissingParameter",
		    "The request must contain the parameter ReceiptHandle.");
	else if (!parse_handle(handle, &entry->receipt))
		queue_error_set(&entry->error, "ReceiptHandleIsInvalid",
		    "The input receipt handle \"%.200s\" is not a valid receipt handle.", handle);
	h->free(h, handle);
}

static void
read_visibility(struct request *r, struct pawl_doc params, struct batch_entry *entry)
{
	const struct pawl_host *h = r->queue->host;

	read_handle(r, params, entry);
	if (entry->error.code != NULL)
		return;
	if (!docs_has(h, params, "VisibilityTimeout"))
		queue_error_set(&entry->error, "MissingParameter",
		    "The request must contain the parameter VisibilityTimeout.");
	else
		request_number(h, params, "VisibilityTimeout", 0, QUEUE_VISIBILITY_MAX,
		    "VisibilityTimeout must be an integer between 0 and 43200.", &entry->seconds,
		    &entry->error);
}

/* --- the query -------------------------------------------------------------------------- */

enum column { COLUMN_QUEUE, COLUMN_SEQ, COLUMN_RECEIPT, COLUMN_SECONDS, NCOLUMNS };

static void
add_value(struct text *t, const struct batch_entry *entry, enum column column)
{
	text_adds(t, t->len == 0 ? "{" : ",");
	switch (column) {
	case COLUMN_QUEUE:
		text_addf(t, "%ld", entry->receipt.queue_id);
		break;
	case COLUMN_SEQ:
		text_addf(t, "%lld", entry->receipt.seq);
		break;
	case COLUMN_RECEIPT:
		text_adds(t, entry->receipt.id);
		break;
	default:
		text_addf(t, "%d", (int)entry->seconds);
		break;
	}
}

static void
query(struct request *r, enum queue_query query)
{
	struct text columns[NCOLUMNS] = { 0 };
	const char *params[1 + NCOLUMNS] = { r->name };

	for (int c = 0; c < NCOLUMNS; c++) {
		for (size_t i = 0; i < r->nentries; i++)
			if (r->entries[i].error.code == NULL)
				add_value(&columns[c], &r->entries[i], (enum column)c);
		text_adds(&columns[c], "}");
		params[1 + c] = columns[c].s;
	}
	request_query(r, query, params);
	for (int c = 0; c < NCOLUMNS; c++)
		text_fini(&columns[c]);
}

static bool
is_delete(const struct request *r)
{
	return strncmp(r->action->name, "Delete", 6) == 0;
}

static int
start(struct request *r, struct queue_error *e)
{
	if (request_read_entries(r, is_delete(r) ? read_handle : read_visibility, e) != 0)
		return -1;
	if (request_number_entries(r) > 0)
		query(r, is_delete(r) ? QUERY_delete_messages : QUERY_change_visibility);
	else
		request_answer_batch(r, NULL, NULL);
	return 0;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void
explain(const char *problem, struct queue_error *e)
{
	static const char invalid[] = "InvalidParameterValue";

	if (strcmp(problem, "queue") == 0)
		queue_error_set(e, "ReceiptHandleIsInvalid",
		    "The input receipt handle is not one of this queue.");
	else if (strcmp(problem, "expired") == 0)
		queue_error_set(e, invalid,
		    "The value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.");
	else if (strcmp(problem, "flight") == 0)
		queue_error_set(e, "MessageNotInflight",
		    "The message referred to is not in flight: its visibility timeout is over.");
	else
		queue_error_set(e, invalid,
		    "The value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.");
}

/* What may be received now, or soon, that was not before. */
static void
tell(struct request *r, const struct batch_entry *entry)
{
	if (is_delete(r)) {
		if (queue_is_fifo(r->name))
			line_tell(r->queue, r->name, 1, 0); /* the next one of its group */
	} else if (entry->seconds <= QUEUE_WAIT_MAX) {
		line_tell(r->queue, r->name, 1, entry->seconds * 1000);
	}
}

static void
done(struct request *r, const struct pawl_sql_rows *rows)
{
	if (rows->nrows == 0) {
		request_fail_missing(r);
		return;
	}
	request_note_problems(r, rows, 1, explain);
	for (size_t i = 0; i < r->nentries; i++)
		if (r->entries[i].error.code == NULL)
			tell(r, &r->entries[i]);
	if (request_is_batch(r))
		request_answer_batch(r, NULL, rows);
	else if (r->entries[0].error.code != NULL)
		request_fail_entry(r);
	else
		request_answer(r, PAWL_NO_DOC);
}

const struct action consume_actions[] = {
	{ "DeleteMessage", true, start, done },
	{ "DeleteMessageBatch", true, start, done },
	{ "ChangeMessageVisibility", true, start, done },
	{ "ChangeMessageVisibilityBatch", true, start, done },
	{ NULL, false, NULL, NULL },
};
