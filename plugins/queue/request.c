/*
 * request - a call of the API under way: from its parameters over one query to its answer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

#define CLEAR_MS 600000 /* some ten million messages may have to be deleted */

static const struct {
	const char *text;
	size_t nparams;
} queries[] = {
#define SQL(name, nparams, text) { text, nparams },
	SQL_QUERIES(SQL)
#undef SQL
};

struct pawl_sql_statement
queue_statement(enum queue_query query, const char *const *params)
{
	return (struct pawl_sql_statement){ .sql = queries[query].text,
		.params = params,
		.nparams = queries[query].nparams };
}

/* --- errors ----------------------------------------------------------------------------- */

int
queue_error_set(struct queue_error *e, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != NULL)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	if (vasprintf(&e->message, fmt, ap) < 0)
		abort();
	va_end(ap);
	return -1;
}

void
queue_error_fini(struct queue_error *e)
{
	free(e->message);
	*e = (struct queue_error){ 0 };
}

/* --- life ---------------------------------------------------------------------------------- */

void
request_free(struct request *r)
{
	const struct pawl_host *h = r->queue->host;

	TAILQ_REMOVE(&r->queue->requests, r, link);
	if (r->sql != 0)
		h->sql_cancel(h, r->sql);
	if (r->receiver != NULL) {
		line_leave(r->receiver);
		h->timer_cancel(h, r->receiver->timer);
		free(r->receiver);
	}
	for (size_t i = 0; i < r->nentries; i++) {
		free(r->entries[i].id);
		queue_error_fini(&r->entries[i].error);
		if (r->entries[i].message != NULL)
			message_fini(h, r->entries[i].message);
		free(r->entries[i].message);
	}
	h->doc_unref(h, r->params);
	free(r->name);
	free(r->base_url);
	free(r);
}

bool
request_answer(struct request *r, struct pawl_doc answer)
{
	const struct pawl_host *h = r->queue->host;
	bool sent = awswire_answer(&queue_wire, h, &r->call, answer);

	h->doc_unref(h, answer);
	request_free(r);
	return sent;
}

void
request_fail(struct request *r, struct queue_error *e)
{
	struct awswire_error error = { e->code, e->message, e->status };

	awswire_fail(&queue_wire, r->queue->host, &r->call, &error);
	queue_error_fini(e);
	request_free(r);
}

void
request_fail_entry(struct request *r)
{
	struct queue_error e = r->entries[0].error;

	r->entries[0].error = (struct queue_error){ 0 };
	request_fail(r, &e);
}

void
request_fail_missing(struct request *r)
{
	struct queue_error e = { 0 };

	queue_error_set(&e, "QueueDoesNotExist", "The specified queue does not exist.");
	request_fail(r, &e);
}

/* --- queries --------------------------------------------------------------------------------- */

static void
query_failed(struct request *r, const struct pawl_sql_answer *a)
{
	const struct pawl_host *h = r->queue->host;
	struct queue_error e = { .status = 503 };

	h->log(h, PAWL_LOG_WARN, 0, "%s failed: %s", r->call.action, a->message);
	if (a->result == PAWL_SQL_ERROR && strncmp(a->sqlstate, "22", 2) == 0) {
		e.status = 400;
		queue_error_set(&e, "InvalidParameterValue",
		    "A parameter has a value that cannot be kept: %s", a->message);
	} else if (a->result == PAWL_SQL_ERROR) {
		e.status = 500;
		queue_error_set(&e, "InternalFailure",
		    "The database refused the operation; the log of pawld says why.");
	} else {
		queue_error_set(&e, "ServiceUnavailable",
		    "The database cannot be reached at the moment.");
	}
	request_fail(r, &e);
}

static void
query_answered(void *arg, const struct pawl_sql_answer *a)
{
	struct request *r = arg;

	r->sql = 0;
	if (a->result == PAWL_SQL_OK)
		r->action->done(r, &a->sets[0]);
	else
		query_failed(r, a);
}

void
request_query(struct request *r, enum queue_query query, const char *const *params)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_sql_statement s = queue_statement(query, params);
	struct pawl_sql_call c = { .size = sizeof(c), .statements = &s, .nstatements = 1 };

	if (query == QUERY_purge || query == QUERY_delete_queue)
		c.timeout_ms = CLEAR_MS;
	r->sql = h->sql_start(h, r->queue->db, &c, query_answered, r);
}

const char *
request_value(const struct pawl_sql_rows *rows, size_t row, size_t column)
{
	return rows->values[row * rows->ncolumns + column];
}

/* --- a call ------------------------------------------------------------------------------------ */

static const struct action *
find_action(const char *name)
{
	static const struct action *const tables[] = { send_actions, receive_actions,
		consume_actions, admin_actions };

	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (const struct action *a = tables[t]; a->name != NULL; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

static const char *
header(const struct pawl_http_call *c, const char *name)
{
	for (size_t i = 0; i < c->nheaders; i++)
		if (strcmp(c->headers[i].name, name) == 0)
			return c->headers[i].value;
	return "";
}

static char *
base_url(const struct pawl_host *h, const struct pawl_http_call *c)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	const char *host = header(c, "host");
	bool tls = strcmp(header(c, "x-forwarded-proto"), "https") == 0;

	if (*host == '\0' || strspn(host, allowed) != strlen(host))
		return text_format("%s", h->setting(h, "url"));
	return text_format("http%s://%s", tls ? "s" : "", host);
}

char *
request_url(const struct request *r, const char *name)
{
	const struct pawl_host *h = r->queue->host;

	return text_format("%s/%s/%s", r->base_url, h->setting(h, "account_id"), name);
}

/* The member QueueUrl, or the path that the call came to. */
static int
read_name(struct request *r, const struct pawl_http_call *c, struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	char *url = docs_string(h, r->params, "QueueUrl");
	const char *given = url != NULL ? url : c->path;

	if (*given != '\0' && strcmp(given, "/") != 0)
		r->name = queue_name_of_url(given);
	else
		queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter QueueUrl.");
	if (r->name == NULL)
		queue_error_set(e, "QueueDoesNotExist", "The specified queue does not exist.");
	h->free(h, url);
	return e->code != NULL ? -1 : 0;
}

static int
request_start(struct request *r, const struct pawl_http_call *c, struct queue_error *e)
{
	const char *why;

	if ((r->action = find_action(r->call.action)) == NULL)
		return queue_error_set(e,
		    c->query_protocol ? "InvalidAction" : "UnknownOperationException",
		    "The action %s is not valid for this endpoint.", r->call.action);
	r->params = awswire_read(&queue_wire, r->queue->host, c, &why);
	if (r->params.block_ == NULL)
		return queue_error_set(e,
		    c->query_protocol ? "MalformedQueryString" : "SerializationException", "%s",
		    why);
	if (r->action->at_queue && read_name(r, c, e) != 0)
		return -1;
	return r->action->start(r, e);
}

void
request_open(struct queue *q, const struct pawl_http_call *c)
{
	struct request *r = text_alloc(sizeof(*r));
	struct queue_error e = { 0 };

	r->queue = q;
	r->params = PAWL_NO_DOC;
	r->base_url = base_url(q->host, c);
	awswire_open(c, &r->call);
	TAILQ_INSERT_TAIL(&q->requests, r, link);
	if (request_start(r, c, &e) != 0)
		request_fail(r, &e);
}

int
request_number(const struct pawl_host *h, struct pawl_doc params, const char *name, int64_t min,
    int64_t max, const char *must, int64_t *out, struct queue_error *e)
{
	struct pawl_doc given = h->doc_get(h, params, name);
	char *text;
	int64_t n;

	if (!docs_has(h, params, name))
		return 0;
	if (docs_int(h, given, &n) && n >= min && n <= max) {
		*out = n;
		return 0;
	}
	text = h->doc_type(h, given) == PAWL_DOC_STRING ? h->doc_string(h, given, NULL)
							: h->doc_text(h, given, NULL);
	queue_error_set(e, "InvalidParameterValue",
	    "Value %.100s for parameter %s is invalid. Reason: %s", text, name, must);
	h->free(h, text);
	return -1;
}

/* --- batches -------------------------------------------------------------------------------------- */

static bool
is_entry_id(const char *id)
{
	size_t len = strlen(id);

	return len > 0 && len <= 80 &&
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

static int
read_entry_id(struct request *r, struct pawl_doc params, struct batch_entry *entry,
    struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	char *id = docs_string(h, params, "Id");

	entry->id = text_format("%s", id != NULL ? id : "");
	h->free(h, id);
	if (!is_entry_id(entry->id))
		return queue_error_set(e, "InvalidBatchEntryId",
		    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.");
	for (struct batch_entry *other = r->entries; other != entry; other++)
		if (strcmp(other->id, entry->id) == 0)
			return queue_error_set(e, "BatchEntryIdsNotDistinct", "Id %s repeated.",
			    entry->id);
	return 0;
}

bool
request_is_batch(const struct request *r)
{
	size_t len = strlen(r->action->name);

	return len > 5 && strcmp(r->action->name + len - 5, "Batch") == 0;
}

int
request_read_entries(struct request *r,
    void (*read)(struct request *r, struct pawl_doc params, struct batch_entry *entry),
    struct queue_error *e)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_doc list = h->doc_get(h, r->params, "Entries");
	struct pawl_doc_iter it = { .of = list };
	size_t n = h->doc_type(h, list) == PAWL_DOC_ARRAY ? h->doc_len(h, list) : 0;

	if (!request_is_batch(r)) {
		struct batch_entry *only = &r->entries[r->nentries++];

		read(r, r->params, only);
		*e = only->error;
		only->error = (struct queue_error){ 0 };
		return e->code != NULL ? -1 : 0;
	}
	if (n == 0)
		return queue_error_set(e, "EmptyBatchRequest",
		    "There should be at least one %sRequestEntry in the request.", r->action->name);
	if (n > QUEUE_BATCH_MAX)
		return queue_error_set(e, "TooManyEntriesInBatchRequest",
		    "Maximum number of entries per request are %d. You have sent %zu.",
		    QUEUE_BATCH_MAX, n);
	while (h->doc_next(h, &it)) {
		struct batch_entry *entry = &r->entries[r->nentries++];

		if (read_entry_id(r, it.value, entry, e) != 0)
			return -1;
		read(r, it.value, entry);
	}
	return 0;
}

size_t
request_number_entries(struct request *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nentries; i++)
		if (r->entries[i].error.code == NULL)
			r->entries[i].row = n++;
	return n;
}

size_t
request_note_problems(struct request *r, const struct pawl_sql_rows *rows, size_t column,
    void (*explain)(const char *problem, struct queue_error *e))
{
	size_t nright = 0;

	for (size_t i = 0; i < r->nentries; i++) {
		struct batch_entry *entry = &r->entries[i];
		const char *problem;

		if (entry->error.code != NULL)
			continue;
		if ((problem = request_value(rows, entry->row, column)) != NULL)
			explain(problem, &entry->error);
		else
			nright++;
	}
	return nright;
}

static size_t
count_entries(const struct request *r, bool failed)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nentries; i++)
		n += (r->entries[i].error.code != NULL) == failed;
	return n;
}

static void
add_failure(const struct pawl_host *h, struct pawl_builder *b, const struct queue_error *e)
{
	docs_add_string(h, b, "Code", awswire_query_code(&queue_wire, e->code));
	docs_add_string(h, b, "Message", e->message);
	docs_add_bool(h, b, "SenderFault", true);
}

void
request_answer_batch(struct request *r,
    void (*add_result)(struct pawl_builder *b, const struct request *r,
	const struct batch_entry *entry, const struct pawl_sql_rows *rows),
    const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = r->queue->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	for (int failed = 0; failed <= 1; failed++) {
		if (count_entries(r, failed) == 0)
			continue;
		h->build_key(b, failed ? "Failed" : "Successful");
		h->build_array(b);
		for (size_t i = 0; i < r->nentries; i++) {
			const struct batch_entry *entry = &r->entries[i];

			if ((entry->error.code != NULL) != failed)
				continue;
			h->build_object(b);
			docs_add_string(h, b, "Id", entry->id);
			if (failed)
				add_failure(h, b, &entry->error);
			else if (add_result != NULL)
				add_result(b, r, entry, rows);
			h->build_end(b);
		}
		h->build_end(b);
	}
	h->build_end(b);
	request_answer(r, h->build_finish(b));
}
