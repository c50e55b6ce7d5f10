/*
 * task - arn:aws:states:::sns:publish: a message published exactly once.
 *
 * The message, what queues get of it, what is to be delivered, and the task's receipt commit in one
 * transaction. After a crash the task is dispatched again and answers what its receipt has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

struct task_call {
	TAILQ_ENTRY(task_call) link;
	struct notify *notify;
	uint64_t id;
	enum pawl_pattern pattern;
	char request_id[ENVELOPE_ID_SIZE];
	uint64_t sql;
};

static void
task_free(struct task_call *c)
{
	c->notify->host->sql_cancel(c->notify->host, c->sql);
	TAILQ_REMOVE(&c->notify->tasks, c, link);
	free(c);
}

static void
fail(const struct task_call *c, struct notify_error *e)
{
	struct envelope_error error = { .prefix = "SNS",
		.service = "AmazonSNS",
		.name = e->code,
		.code = e->code,
		.status = e->status != 0 ? e->status : 400,
		.message = e->message,
		.request_id = c->request_id };

	envelope_fail(c->notify->host, c->id, &error);
	notify_error_fini(e);
}

static void
fail_connection(const struct task_call *c, const char *why)
{
	char *cause = text_format("Unable to execute HTTP request: %s", why);

	c->notify->host->fail(c->notify->host, c->id, "SNS.SdkClientException", cause);
	free(cause);
}

/* --- the answer --------------------------------------------------------------------------- */

static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct task_call *c = arg;
	const struct pawl_host *h = c->notify->host;
	struct pawl_doc answer, receipt;
	struct pawl_builder *b;

	if (a->sets[0].nrows == 0 || notify_value(&a->sets[0], 0, 3) != NULL)
		return PAWL_NO_DOC;
	b = h->build(h);
	h->build_object(b);
	publish_add_result(h, b, &a->sets[0], 0);
	h->build_end(b);
	answer = h->build_finish(b);
	receipt = envelope_remember(h, c->request_id, h->wall_ms(h), answer);
	h->doc_unref(h, answer);
	return receipt;
}

/* How long the answer of SNS is, in bytes: its XML, indented, with two ids of 36 letters. */
static int
length_of(const struct pawl_host *h, struct pawl_doc answer)
{
	return docs_has(h, answer, "SequenceNumber") ? 352 : 294;
}

static struct pawl_doc
result_of(const struct pawl_host *h, struct pawl_doc remembered)
{
	char id[ENVELOPE_ID_SIZE], length[16], date[ENVELOPE_DATE_SIZE];
	int64_t at_ms = 0;
	struct pawl_doc answer = envelope_recall(h, remembered, id, &at_ms);

	envelope_date(at_ms, date);
	snprintf(length, sizeof(length), "%d", length_of(h, answer));
	return envelope_result(h, answer,
	    &(struct envelope){ .status = 200,
		.request_id = id,
		.nheaders = 5,
		.headers = (const struct pawl_http_header[]){ { "x-amzn-RequestId", id },
		    { "connection", "keep-alive" }, { "Content-Length", length }, { "Date", date },
		    { "Content-Type", "text/xml" } } });
}

static void
succeed(const struct task_call *c, struct pawl_doc remembered)
{
	const struct pawl_host *h = c->notify->host;
	struct pawl_doc result = result_of(h, remembered);

	if (c->pattern == PAWL_TOKEN)
		h->submitted(h, c->id, result);
	else
		h->succeed(h, c->id, result);
	h->doc_unref(h, result);
}

static void
answered(void *arg, const struct pawl_sql_answer *a)
{
	struct task_call *c = arg;
	struct notify_error e = { 0 };

	c->sql = 0;
	if (a->result == PAWL_SQL_ERROR) {
		notify_query_error(a, &e);
	} else if (a->result != PAWL_SQL_OK) {
		fail_connection(c, a->message);
		task_free(c);
		return;
	} else if (a->output.block_ == NULL) {
		if (a->sets[0].nrows == 0)
			notify_no_topic(&e);
		else
			message_problem(notify_value(&a->sets[0], 0, 3), &e);
	}
	if (e.code != NULL) {
		fail(c, &e);
	} else {
		if (a->sets != NULL)
			publish_wake(c->notify, &a->sets[0]);
		succeed(c, a->output);
	}
	task_free(c);
}

/* --- the call --------------------------------------------------------------------------------- */

/* Whether all parameters are publish's; else *out is the first that is not, to be released with host->free. */
static bool
are_known(const struct pawl_host *h, struct pawl_doc params, char **out)
{
	static const char known[] =
	    " TopicArn TargetArn PhoneNumber Message Subject MessageStructure MessageAttributes MessageGroupId MessageDeduplicationId ";
	struct pawl_doc_iter it = { .of = params };

	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL), *word = text_format(" %s ", name);
		bool is = strstr(known, word) != NULL && strchr(name, ' ') == NULL;

		free(word);
		if (!is) {
			*out = name;
			return false;
		}
		h->free(h, name);
	}
	return true;
}

static int
publish(struct task_call *c, const struct pawl_task *t, struct notify_error *e)
{
	const struct pawl_host *h = c->notify->host;
	struct pawl_doc message = h->doc_get(h, t->parameters, "Message"), entry;
	enum pawl_doc_type type = h->doc_type(h, message);
	char *topic = publish_target(h, t->parameters, e), *text = NULL, *entries;
	size_t len = 0, size;

	if (topic == NULL)
		return -1;
	if (type == PAWL_DOC_STRING)
		text = h->doc_string(h, message, &len);
	else if (type != PAWL_DOC_NONE && type != PAWL_DOC_NULL)
		text = h->doc_text(h, message, &len);
	entry = message_read(h, topic, t->parameters, text, len, &size, e);
	h->free(h, text);
	if (entry.block_ != NULL) {
		text = h->doc_text(h, entry, NULL);
		entries = text_format("[%s]", text);
		h->free(h, text);
		h->doc_unref(h, entry);
		struct pawl_sql_statement s =
		    notify_statement(QUERY_publish, (const char *const[]){ topic, entries });

		c->sql = h->sql_start(h, c->notify->db,
		    &(struct pawl_sql_call){ .size = sizeof(struct pawl_sql_call),
			.statements = &s,
			.nstatements = 1,
			.receipt = t->idempotency_key,
			.remember = remember,
			.task_id = t->id },
		    answered, c);
		free(entries);
	}
	free(topic);
	return e->code != NULL ? -1 : 0;
}

void
task_start(void *notify, const struct pawl_task *t)
{
	struct notify *n = notify;
	struct task_call *c;
	struct notify_error e = { 0 };
	char *unknown, *why;

	if (!are_known(n->host, t->parameters, &unknown)) {
		why = text_format("The field \"%s\" is not supported by Step Functions", unknown);
		envelope_refuse(n->host, t, why);
		n->host->free(n->host, unknown);
		free(why);
		return;
	}
	c = text_alloc(sizeof(*c));
	c->notify = n;
	c->id = t->id;
	c->pattern = t->pattern;
	envelope_request_id(c->request_id);
	TAILQ_INSERT_TAIL(&n->tasks, c, link);
	if (publish(c, t, &e) != 0) {
		fail(c, &e);
		task_free(c);
	}
}

void
task_cancel(void *notify, uint64_t task)
{
	struct notify *n = notify;
	struct task_call *c;

	TAILQ_FOREACH(c, &n->tasks, link)
		if (c->id == task) {
			task_free(c);
			return;
		}
}

void
task_fini(struct notify *n)
{
	for (struct task_call *c = TAILQ_FIRST(&n->tasks), *next; c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		task_free(c);
	}
}
