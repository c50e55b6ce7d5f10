/*
 * task - arn:aws:states:::sqs:sendMessage: a message sent exactly once.
 *
 * The message and the task's receipt commit in one transaction. After a crash the task is dispatched
 * again, finds its receipt, and answers with what was remembered: the same message id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

struct task_call {
	TAILQ_ENTRY(task_call) link;
	struct queue *queue;
	uint64_t id; /* the task */
	enum pawl_pattern pattern;
	char *name; /* of the queue */
	struct message message;
	char request_id[ENVELOPE_ID_SIZE];
	uint64_t sql;
};

static void
task_free(struct task_call *c)
{
	TAILQ_REMOVE(&c->queue->tasks, c, link);
	message_fini(c->queue->host, &c->message);
	free(c->name);
	free(c);
}

/* --- errors ------------------------------------------------------------------------------- */

/* The service's own exceptions; all others are AmazonSQSException. */
static bool
is_modeled(const char *code)
{
	static const char *const codes[] = { "QueueDoesNotExist", "InvalidMessageContents",
		"UnsupportedOperation" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

static void
fail_service(const struct pawl_host *h, uint64_t task, struct queue_error *e)
{
	char id[ENVELOPE_ID_SIZE];
	struct envelope_error error = { .prefix = "SQS",
		.service = "AmazonSQS",
		.name = is_modeled(e->code) ? e->code : "AmazonSQS",
		.code = awswire_query_code(&queue_wire, e->code),
		.status = e->status != 0 ? e->status : 400,
		.message = e->message,
		.request_id = id };

	envelope_request_id(id);
	envelope_fail(h, task, &error);
	queue_error_fini(e);
}

static void
fail_query(const struct pawl_host *h, uint64_t task, const struct pawl_sql_answer *a)
{
	struct queue_error e = { .status = 500 };
	char *cause;

	if (a->result == PAWL_SQL_ERROR) {
		queue_error_set(&e, "InternalFailure", "The database refused the message: %s",
		    a->message);
		fail_service(h, task, &e);
		return;
	}
	cause = text_format("Unable to execute HTTP request: %s", a->message);
	h->fail(h, task, "SQS.SdkClientException", cause);
	free(cause);
}

/* --- the answer ------------------------------------------------------------------------------ */

static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct task_call *c = arg;
	const struct pawl_host *h = c->queue->host;
	const struct pawl_sql_rows *rows = &a->sets[0];
	struct pawl_doc answer, receipt;
	struct pawl_builder *b;

	if (rows->nrows == 0 || request_value(rows, 0, 3) != NULL)
		return PAWL_NO_DOC;
	b = h->build(h);
	h->build_object(b);
	message_add_result(h, b, &c->message, rows, 0);
	h->build_end(b);
	answer = h->build_finish(b);
	receipt = envelope_remember(h, c->request_id, h->wall_ms(h), answer);
	h->doc_unref(h, answer);
	return receipt;
}

static struct pawl_doc
result_of(const struct pawl_host *h, struct pawl_doc remembered)
{
	char id[ENVELOPE_ID_SIZE], length[24], date[ENVELOPE_DATE_SIZE];
	int64_t at_ms = 0;
	struct pawl_doc answer = envelope_recall(h, remembered, id, &at_ms);
	size_t len;

	envelope_date(at_ms, date);
	h->free(h, h->doc_text(h, answer, &len));
	snprintf(length, sizeof(length), "%zu", len);
	return envelope_result(h, answer,
	    &(struct envelope){
		.headers = (const struct pawl_http_header[]){ { "x-amzn-RequestId", id },
		    { "connection", "keep-alive" }, { "Content-Length", length }, { "Date", date },
		    { "Content-Type", queue_wire.json_type } },
		.nheaders = 5,
		.status = 200,
		.request_id = id });
}

static void
task_answered(void *arg, const struct pawl_sql_answer *a)
{
	struct task_call *c = arg;
	const struct pawl_host *h = c->queue->host;
	struct queue_error e = { 0 };
	struct pawl_doc result;

	if (a->result != PAWL_SQL_OK) {
		fail_query(h, c->id, a);
	} else if (a->output.block_ != NULL) {
		line_tell(c->queue, c->name, 1, 0);
		result = result_of(h, a->output);
		if (c->pattern == PAWL_TOKEN)
			h->submitted(h, c->id, result);
		else
			h->succeed(h, c->id, result);
		h->doc_unref(h, result);
	} else {
		if (a->sets[0].nrows == 0)
			queue_error_set(&e, "QueueDoesNotExist",
			    "The specified queue does not exist.");
		else
			message_problem(request_value(&a->sets[0], 0, 3), &e);
		fail_service(h, c->id, &e);
	}
	task_free(c);
}

/* --- the call ----------------------------------------------------------------------------------- */

/* The first parameter that sendMessage does not have; to be released with host->free. NULL = none. */
static char *
unknown_parameter(const struct pawl_host *h, struct pawl_doc params)
{
	static const char *const known[] = { "QueueUrl", "MessageBody", "DelaySeconds",
		"MessageAttributes", "MessageAttribute", "MessageSystemAttributes",
		"MessageGroupId", "MessageDeduplicationId" };
	struct pawl_doc_iter it = { .of = params };

	while (h->doc_next(h, &it)) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= h->doc_is(h, it.key, known[i]);
		if (!found)
			return h->doc_string(h, it.key, NULL);
	}
	return NULL;
}

/* The characters of a text, the JSON of anything else; NULL = missing. */
static char *
body_of(const struct pawl_host *h, struct pawl_doc params, size_t *len)
{
	struct pawl_doc body = h->doc_get(h, params, "MessageBody");

	if (!docs_has(h, params, "MessageBody"))
		return NULL;
	return h->doc_type(h, body) == PAWL_DOC_STRING ? h->doc_string(h, body, len)
						       : h->doc_text(h, body, len);
}

/* Documentation of AWS once called it MessageAttribute, so definitions have that. */
static struct pawl_doc
with_attributes(const struct pawl_host *h, struct pawl_doc params)
{
	struct pawl_builder *b;
	struct pawl_doc_iter it = { .of = params };

	if (!docs_has(h, params, "MessageAttribute"))
		return h->doc_ref(h, params);
	b = h->build(h);
	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		docs_add_doc(h, b, strcmp(key, "MessageAttribute") == 0 ? "MessageAttributes" : key,
		    it.value);
		h->free(h, key);
	}
	h->build_end(b);
	return h->build_finish(b);
}

static int
read_task(struct task_call *c, struct pawl_doc given, struct queue_error *e)
{
	const struct pawl_host *h = c->queue->host;
	struct pawl_doc params = with_attributes(h, given);
	char *url = docs_string(h, params, "QueueUrl");
	size_t len = 0;
	char *body = body_of(h, params, &len);

	if (url == NULL || *url == '\0')
		queue_error_set(e, "MissingParameter",
		    "The request must contain the parameter QueueUrl.");
	else if ((c->name = queue_name_of_url(url)) == NULL)
		queue_error_set(e, "QueueDoesNotExist", "The specified queue does not exist.");
	else
		message_read(h, c->name, params, body, len, &c->message, e);
	h->free(h, url);
	h->free(h, body);
	h->doc_unref(h, params);
	return e->code != NULL ? -1 : 0;
}

static void
query(struct task_call *c, const char *receipt)
{
	const struct pawl_host *h = c->queue->host;
	char *entry = h->doc_text(h, c->message.entry, NULL);
	char *entries = text_format("[%s]", entry);
	struct pawl_sql_statement s =
	    queue_statement(QUERY_send, (const char *const[]){ c->name, entries });
	struct pawl_sql_call call = { .size = sizeof(call),
		.statements = &s,
		.nstatements = 1,
		.receipt = receipt,
		.remember = remember,
		.task_id = c->id };

	c->sql = h->sql_start(h, c->queue->db, &call, task_answered, c);
	h->free(h, entry);
	free(entries);
}

void
task_start(void *queue, const struct pawl_task *t)
{
	struct queue *q = queue;
	const struct pawl_host *h = q->host;
	struct task_call *c = text_alloc(sizeof(*c));
	char *unknown = unknown_parameter(h, t->parameters), *why;
	struct queue_error e = { 0 };

	c->queue = q;
	c->id = t->id;
	c->pattern = t->pattern;
	c->message.entry = PAWL_NO_DOC;
	envelope_request_id(c->request_id);
	TAILQ_INSERT_TAIL(&q->tasks, c, link);
	if (unknown != NULL) {
		why = text_format("The field \"%s\" is not supported by Step Functions", unknown);
		envelope_refuse(h, t, why);
		free(why);
		task_free(c);
	} else if (read_task(c, t->parameters, &e) != 0) {
		fail_service(h, t->id, &e);
		task_free(c);
	} else {
		query(c, t->idempotency_key);
	}
	h->free(h, unknown);
}

void
task_cancel(void *queue, uint64_t task)
{
	struct queue *q = queue;
	struct task_call *c;

	TAILQ_FOREACH(c, &q->tasks, link)
		if (c->id == task)
			break;
	if (c == NULL)
		return;
	q->host->sql_cancel(q->host, c->sql);
	task_free(c);
}

void
task_fini(struct queue *q)
{
	struct task_call *c, *next;

	for (c = TAILQ_FIRST(&q->tasks); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		q->host->sql_cancel(q->host, c->sql);
		task_free(c);
	}
}
