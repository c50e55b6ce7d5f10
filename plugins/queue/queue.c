/*
 * queue - SQS on PostgreSQL: the task arn:aws:states:::sqs:sendMessage, and the API of
 * SQS for real clients.
 *
 * Everything is in the schema pawl_queue of pawld's own database (schema.sql); this process keeps
 * nothing but calls under way and the receivers that wait.
 */
#include <pawl/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "queue.h"
#include "text.h"

static const struct pawl_option queue_options[] = {
	{ "connections", PAWL_INT, "4", "Connections to PostgreSQL for queues, 1 to 64." },
	{ "sweep", PAWL_DURATION, "1m", "How often messages past their retention are deleted." },
	{ NULL, 0, NULL, NULL },
};

#define SWEEP_BATCH 1000 /* messages of each queue */

/* --- SQS on the wire -------------------------------------------------------------------- */

static const struct awswire_field queue_fields[] = {
	{ "AttributeNames", "AttributeName", NULL, NULL, NULL },
	{ "Attributes", "Attribute", "Name", "Value", NULL },
	{ "MessageAttributeNames", "MessageAttributeName", NULL, NULL, NULL },
	{ "MessageAttributes", "MessageAttribute", "Name", "Value", NULL },
	{ "MessageSystemAttributeNames", "MessageSystemAttributeName", NULL, NULL, NULL },
	{ "MessageSystemAttributes", "MessageSystemAttribute", "Name", "Value", NULL },
	{ "Messages", "Message", NULL, NULL, NULL },
	{ "QueueUrls", "QueueUrl", NULL, NULL, NULL },
	{ "queueUrls", "QueueUrl", NULL, NULL, NULL },
	{ "Tags", "Tag", "Key", "Value", NULL },
	{ "TagKeys", "TagKey", NULL, NULL, NULL },
	{ "Entries", "SendMessageBatchRequestEntry", NULL, NULL, NULL },
	{ "Entries", "DeleteMessageBatchRequestEntry", NULL, NULL, NULL },
	{ "Entries", "ChangeMessageVisibilityBatchRequestEntry", NULL, NULL, NULL },
	{ "Failed", "BatchResultErrorEntry", NULL, NULL, NULL },
	{ "Successful", "SendMessageBatchResultEntry", NULL, NULL, "SendMessageBatch" },
	{ "Successful", "DeleteMessageBatchResultEntry", NULL, NULL, "DeleteMessageBatch" },
	{ "Successful", "ChangeMessageVisibilityBatchResultEntry", NULL, NULL,
	    "ChangeMessageVisibilityBatch" },
	{ NULL, NULL, NULL, NULL, NULL },
};

#define QUERY_CODE(name) \
	{ \
		name, "AWS.SimpleQueueService." name \
	}

static const struct awswire_code queue_codes[] = {
	{ "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue" },
	{ "QueueNameExists", "QueueAlreadyExists" },
	QUERY_CODE("BatchEntryIdsNotDistinct"),
	QUERY_CODE("BatchRequestTooLong"),
	QUERY_CODE("EmptyBatchRequest"),
	QUERY_CODE("InvalidBatchEntryId"),
	QUERY_CODE("MessageNotInflight"),
	QUERY_CODE("PurgeQueueInProgress"),
	QUERY_CODE("TooManyEntriesInBatchRequest"),
	QUERY_CODE("UnsupportedOperation"),
	{ NULL, NULL },
};

const struct awswire_service queue_wire = {
	.shapes = "com.amazonaws.sqs#",
	.xmlns = "http://queue.amazonaws.com/doc/2012-11-05/",
	.json_type = "application/x-amz-json-1.0",
	.fields = queue_fields,
	.codes = queue_codes,
	.query_header = true,
};

/* --- names -------------------------------------------------------------------------------- */

bool
queue_is_fifo(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".fifo") == 0;
}

bool
queue_name_is_valid(const char *name)
{
	size_t len = strlen(name), stem = queue_is_fifo(name) ? len - 5 : len;

	return stem > 0 && len <= QUEUE_NAME_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	    stem;
}

char *
queue_arn(const struct pawl_host *h, const char *name)
{
	return text_format("arn:aws:sqs:%s:%s:%s", h->setting(h, "region"),
	    h->setting(h, "account_id"), name);
}

char *
queue_name_of_url(const char *url)
{
	size_t len = strlen(url), begin;
	char *name;

	while (len > 0 && url[len - 1] == '/')
		len--;
	for (begin = len; begin > 0 && url[begin - 1] != '/';)
		begin--;
	name = text_format("%.*s", (int)(len - begin), url + begin);
	if (queue_name_is_valid(name))
		return name;
	free(name);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

static void
schema_is_there(void *arg, const char *why)
{
	struct queue *q = arg;

	if (why != NULL)
		q->host->log(q->host, PAWL_LOG_ERROR, 0, "the schema pawl_queue is not there: %s",
		    why);
	else
		sweep_start(&q->sweep);
}

static void
queue_called(void *arg, const struct pawl_http_call *c)
{
	request_open(arg, c);
}

static int
queue_init(const struct pawl_host *h, void **state)
{
	int64_t connections = h->option_int(h, "connections");
	struct queue *q;
	struct pawl_db *db;
	char *why;

	if (connections < 1 || connections > 64)
		return h->refuse(h, "connections is 1 to 64");
	if (sweep_problem(h) != NULL)
		return h->refuse(h, "%s", sweep_problem(h));
	if ((db = h->db_open(h, NULL, (int)connections, &why)) == NULL) {
		h->refuse(h, "%s", why);
		h->free(h, why);
		return -1;
	}
	q = text_alloc(sizeof(*q));
	q->host = h;
	q->db = db;
	q->sweep = (struct sweep){ .host = h,
		.db = db,
		.statement = queue_statement(QUERY_sweep, NULL),
		.batch = SWEEP_BATCH,
		.gone = "messages were past their retention" };
	envelope_request_id(q->node);
	TAILQ_INIT(&q->requests);
	TAILQ_INIT(&q->tasks);
	for (size_t i = 0; i < QUEUE_BUCKETS; i++)
		TAILQ_INIT(&q->lines[i]);
	if (h->service(h, "AmazonSQS", "2012-11-05", queue_called, q) != 0) {
		h->db_close(h, db);
		free(q);
		return h->refuse(h, "another plugin serves AmazonSQS already");
	}
	h->db_migrate(h, db, queue_schema, queue_nschema, schema_is_there, q);
	h->db_listen(h, db, "pawl_queue", line_notified, q);
	*state = q;
	return 0;
}

static void
queue_stop(void *state)
{
	struct queue *q = state;

	while (!TAILQ_EMPTY(&q->requests))
		request_free(TAILQ_FIRST(&q->requests));
	task_fini(q);
	line_fini(q);
	sweep_stop(&q->sweep);
	q->host->db_close(q->host, q->db);
	free(q);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "queue",
	.version = "1.0",
	.resources =
	    "arn:aws:states:::sqs:sendMessage arn:aws-cn:states:::sqs:sendMessage arn:aws-us-gov:states:::sqs:sendMessage",
	.patterns = PAWL_REQUEST | PAWL_TOKEN,
	.after_crash = PAWL_EXACTLY_ONCE,
	.options = queue_options,
	.init = queue_init,
	.start = task_start,
	.cancel = task_cancel,
	.stop = queue_stop,
};
