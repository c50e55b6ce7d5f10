/*
 * dynamo - DynamoDB's calls, from its API and from tasks, and their answers.
 *
 * A task that writes leaves a receipt: {"RequestId": ..., "At": ms, "Answer": the API's}, all that
 * its result is made of. The item is read with the receipt's key as well, so that a task that
 * was done before is answered before its condition is looked at again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "dynamo.h"

#define CONNECTIONS 4

static const struct awswire_service dynamo_wire = {
	.shapes = "com.amazonaws.dynamodb.v20120810#",
	.json_type = "application/x-amz-json-1.0",
};

/* Of a call that is on no list. */
static void
call_release(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;

	for (size_t i = 0; i < c->nparts; i++)
		call_release(c->parts[i]);
	free(c->parts);
	h->timer_cancel(h, c->timer);
	h->doc_unref(h, c->params);
	h->doc_unref(h, c->answer);
	free(c->receipt);
	free(c->table);
	free(c->lock);
	free(c->version);
	keys_fini(&c->keys);
	node_free(c->condition);
	node_free(c->update);
	node_free(c->projection);
	node_free(c->filter);
	substitutes_fini(&c->substitutes);
	value_free(c->key);
	value_free(c->old);
	value_free(c->new);
	free(c);
}

static void
call_free(struct call *c)
{
	TAILQ_REMOVE(&c->dynamo->calls, c, link);
	call_release(c);
}

/* --- turns --------------------------------------------------------------------------------------- */

static void
take_turn(void *arg)
{
	struct call *c = arg;
	void (*turn)(struct call *) = c->turn;

	c->timer = 0;
	c->turn = NULL;
	turn(c);
}

void
call_take_turn(struct call *c, char *lock, void (*turn)(struct call *c))
{
	struct call *other;

	TAILQ_FOREACH(other, &c->dynamo->calls, link)
		if (other->lock != NULL && strcmp(other->lock, lock) == 0)
			break;
	c->lock = lock;
	c->turn = other != NULL ? turn : NULL;
	if (other == NULL)
		turn(c);
}

/* The call is over: whoever waits for the same comes next, on the loop's next turn. */
static void
call_end(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct call *next = NULL;

	if (c->lock != NULL && (c->turn == NULL || c->timer != 0))
		TAILQ_FOREACH(next, &c->dynamo->calls, link)
			if (next != c && next->turn != NULL && strcmp(next->lock, c->lock) == 0)
				break;
	if (next != NULL && next->timer == 0)
		next->timer = h->timer_start(h, 0, take_turn, next);
	call_free(c);
}

/* --- results of tasks ------------------------------------------------------------------------------- */

/* As the header x-amz-crc32 has it. */
static uint32_t
crc32(const char *s, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)s[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void
succeed_task(struct call *c, struct pawl_doc answer)
{
	const struct pawl_host *h = c->dynamo->host;
	/* AWS's front for reads spells it in small letters */
	const char *id_name = c->action->writes ? "x-amzn-RequestId" : "x-amzn-requestid";
	char length[24], date[ENVELOPE_DATE_SIZE], crc[16];
	size_t len;
	char *body = h->doc_text(h, answer, &len);
	struct pawl_doc result;

	envelope_date(c->at_ms, date);
	snprintf(length, sizeof(length), "%zu", len);
	snprintf(crc, sizeof(crc), "%u", (unsigned)crc32(body, len));
	h->free(h, body);
	result = envelope_result(h, answer,
	    &(struct envelope){
		.headers = (const struct pawl_http_header[]){ { "Server", "Server" },
		    { id_name, c->request_id }, { "Connection", "keep-alive" },
		    { "x-amz-crc32", crc }, { "Content-Length", length }, { "Date", date },
		    { "Content-Type", dynamo_wire.json_type } },
		.nheaders = 7,
		.status = 200,
		.request_id = c->request_id });
	h->succeed(h, c->task, result);
	h->doc_unref(h, result);
}

/* The exceptions that a task's error is named after; the others are AmazonDynamoDBException. */
static bool
is_modeled(const char *code)
{
	static const char *const codes[] = { "ConditionalCheckFailedException",
		"ResourceNotFoundException", "ProvisionedThroughputExceededException",
		"InternalServerError" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

static void
fail_task(struct call *c, const struct dynamo_error *e)
{
	struct envelope_error error = { .prefix = "DynamoDB",
		.service = "AmazonDynamoDBv2",
		.name = is_modeled(e->code) ? e->code : "AmazonDynamoDBException",
		.code = e->code,
		.status = e->status != 0 ? e->status : 400,
		.message = e->message,
		.request_id = c->request_id };

	envelope_fail(c->dynamo->host, c->task, &error);
}

/* --- answers --------------------------------------------------------------------------------------------- */

void
call_answer(struct call *c, struct pawl_doc answer)
{
	const struct pawl_host *h = c->dynamo->host;

	if (c->task != 0)
		succeed_task(c, answer);
	else
		awswire_answer(&dynamo_wire, h, &c->wire, answer);
	h->doc_unref(h, answer);
	call_end(c);
}

/* An error with the item that the condition was tested on, or with why the transaction was cancelled. */
static void
fail_with_more(struct call *c, const struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	char *type = text_format("%s%s", dynamo_wire.shapes, e->code), *body;
	char *headers = text_format("x-amzn-RequestId: %s\r\n", c->wire.request_id);
	struct pawl_doc d;
	size_t len;

	h->build_object(b);
	docs_add_string(h, b, "__type", type);
	docs_add_string(h, b, e->reasons != NULL ? "Message" : "message", e->message);
	if (e->reasons != NULL) {
		struct pawl_doc reasons = h->doc_parse(h, e->reasons, strlen(e->reasons), NULL);

		docs_add_doc(h, b, "CancellationReasons", reasons);
		h->doc_unref(h, reasons);
	} else {
		h->build_key(b, "Item");
		value_write_map(h, b, e->item);
	}
	h->build_end(b);
	d = h->build_finish(b);
	body = h->doc_text(h, d, &len);
	h->reply(h, c->wire.id, 400, dynamo_wire.json_type, headers, body, len);
	h->free(h, body);
	h->doc_unref(h, d);
	free(type);
	free(headers);
}

void
call_fail(struct call *c, struct dynamo_error *e)
{
	if (c->task != 0)
		fail_task(c, e);
	else if (e->item != NULL || e->reasons != NULL)
		fail_with_more(c, e);
	else
		awswire_fail(&dynamo_wire, c->dynamo->host, &c->wire,
		    &(struct awswire_error){ e->code, e->message, e->status });
	dynamo_error_fini(e);
	call_end(c);
}

/* --- queries ------------------------------------------------------------------------------------------------ */

const char *
call_value(const struct pawl_sql_rows *rows, size_t row, size_t column)
{
	return rows->values[row * rows->ncolumns + column];
}

static void
fail_query(struct call *c, const struct pawl_sql_answer *a)
{
	const struct pawl_host *h = c->dynamo->host;
	struct dynamo_error e = { 0 };
	char *cause;

	if (strcmp(a->sqlstate, "23503") == 0) { /* the table was deleted meanwhile */
		table_fail_missing(c);
	} else if (c->task != 0 && a->result != PAWL_SQL_ERROR) {
		cause = text_format("Unable to execute HTTP request: %s", a->message);
		h->fail(h, c->task, "DynamoDB.SdkClientException", cause);
		free(cause);
		call_end(c);
	} else {
		dynamo_error_set(&e, "InternalServerError", "The database refused the request: %s",
		    a->message);
		e.status = 500;
		call_fail(c, &e);
	}
}

static void
answer_remembered(struct call *c, struct pawl_doc remembered)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc answer = envelope_recall(h, remembered, c->request_id, &c->at_ms);

	call_answer(c, h->doc_ref(h, answer));
}

static void
query_answered(void *arg, const struct pawl_sql_answer *a)
{
	struct call *c = arg;

	c->sql = 0;
	if (a->result != PAWL_SQL_OK)
		fail_query(c, a);
	else if (a->replayed)
		answer_remembered(c, a->output);
	else
		c->done(c, &a->sets[0]);
}

static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct call *c = arg;

	if (c->answer.block_ == NULL || a->sets[0].nrows == 0)
		return PAWL_NO_DOC;
	return envelope_remember(c->dynamo->host, c->request_id, c->at_ms, c->answer);
}

static void
ask(struct call *c, const char *receipt, enum dynamo_query query, const char *const *params,
    void (*done)(struct call *c, const struct pawl_sql_rows *rows))
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_sql_statement s = dynamo_statement(query, params);
	struct pawl_sql_call call = { .size = sizeof(call),
		.statements = &s,
		.nstatements = 1,
		.receipt = receipt,
		.remember = receipt != NULL ? remember : NULL,
		.task_id = c->task };

	c->done = done;
	c->sql = h->sql_start(h, c->dynamo->db, &call, query_answered, c);
}

void
call_query(struct call *c, enum dynamo_query query, const char *const *params,
    void (*done)(struct call *c, const struct pawl_sql_rows *rows))
{
	ask(c, NULL, query, params, done);
}

void
call_write(struct call *c, enum dynamo_query query, const char *const *params,
    void (*done)(struct call *c, const struct pawl_sql_rows *rows))
{
	ask(c, c->receipt, query, params, done);
}

/* --- calls ---------------------------------------------------------------------------------------------------- */

static const struct action *
action_find(const char *name)
{
	const struct action *const tables[] = { table_actions, item_actions, several_actions,
		query_actions };

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct action *a = tables[i]; a->name != NULL; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

/* On no list; takes params. */
static struct call *
call_make(struct dynamo *d, const struct action *action, struct pawl_doc params)
{
	struct call *c = text_alloc(sizeof(*c));

	c->dynamo = d;
	c->action = action;
	c->params = params;
	c->answer = PAWL_NO_DOC;
	return c;
}

struct call *
call_add_part(struct call *c, const struct action *action, struct pawl_doc params)
{
	struct call **grown = realloc(c->parts, (c->nparts + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	c->parts = grown;
	return c->parts[c->nparts++] = call_make(c->dynamo, action, params);
}

static struct call *
call_new(struct dynamo *d, const struct action *action, struct pawl_doc params)
{
	struct call *c = call_make(d, action, d->host->doc_ref(d->host, params));

	c->at_ms = d->host->wall_ms(d->host);
	envelope_request_id(c->request_id);
	TAILQ_INSERT_TAIL(&d->calls, c, link);
	return c;
}

static void
call_begin(struct call *c)
{
	struct dynamo_error e = { 0 };

	if (c->action->start(c, &e) != 0)
		call_fail(c, &e);
}

static void
dynamo_called(void *arg, const struct pawl_http_call *http)
{
	struct dynamo *d = arg;
	const struct action *action = action_find(http->action);
	struct awswire_call wire = { 0 };
	const char *why;
	struct pawl_doc params;
	struct call *c;

	awswire_open(http, &wire);
	params = awswire_read(&dynamo_wire, d->host, http, &why);
	if (params.block_ == NULL) {
		awswire_fail(&dynamo_wire, d->host, &wire,
		    &(struct awswire_error){ "SerializationException", why, 400 });
	} else if (action == NULL) {
		awswire_fail(&dynamo_wire, d->host, &wire,
		    &(struct awswire_error){ "UnknownOperationException",
			"pawl's DynamoDB does not know this operation", 400 });
	} else {
		c = call_new(d, action, params);
		c->wire = wire;
		call_begin(c);
	}
	d->host->doc_unref(d->host, params);
}

/* --- tasks ------------------------------------------------------------------------------------------------------ */

/* "putItem" at the end of a resource. */
static const struct action *
action_of_task(const struct pawl_task *t)
{
	char *name = text_format("%s", strrchr(t->base, ':') + 1);
	const struct action *a;

	*name = (char)(*name - 'a' + 'A');
	a = action_find(name);
	free(name);
	return a;
}

void
dynamo_task_start(struct dynamo *d, const struct pawl_task *t)
{
	struct call *c = call_new(d, action_of_task(t), t->parameters);

	c->task = t->id;
	if (c->action->writes)
		c->receipt = text_format("%s", t->idempotency_key);
	call_begin(c);
}

void
dynamo_task_cancel(struct dynamo *d, uint64_t task)
{
	struct call *c;

	TAILQ_FOREACH(c, &d->calls, link)
		if (c->task == task)
			break;
	if (c == NULL)
		return;
	d->host->sql_cancel(d->host, c->sql);
	call_end(c);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void
schema_is_there(void *arg, const char *why)
{
	struct dynamo *d = arg;

	if (why != NULL)
		d->host->log(d->host, PAWL_LOG_ERROR, 0,
		    "the schema pawl_dynamodb is not there: %s", why);
}

int
dynamo_open(struct dynamo *d, const struct pawl_host *h)
{
	char *why;

	d->host = h;
	TAILQ_INIT(&d->calls);
	if ((d->db = h->db_open(h, NULL, CONNECTIONS, &why)) == NULL) {
		h->refuse(h, "%s", why);
		h->free(h, why);
		return -1;
	}
	if (h->service(h, "DynamoDB_20120810", NULL, dynamo_called, d) != 0) {
		h->db_close(h, d->db);
		return h->refuse(h, "another plugin serves DynamoDB already");
	}
	h->db_migrate(h, d->db, dynamo_schema, dynamo_nschema, schema_is_there, d);
	return 0;
}

void
dynamo_close(struct dynamo *d)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&d->calls); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		d->host->sql_cancel(d->host, c->sql);
		call_free(c);
	}
	d->host->db_close(d->host, d->db);
}
