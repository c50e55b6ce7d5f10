/*
 * several - BatchGetItem, BatchWriteItem, TransactGetItems and TransactWriteItems.
 *
 * Each item is a part of the call: a GetItem, PutItem, UpdateItem or DeleteItem with parameters of its
 * own, so that item.c reads and changes it. One query reads all of them, one writes all of them or
 * none. A transaction writes on the condition that all items are still as they were read; when they are
 * not, all begins anew.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "dynamo.h"

#define BATCH_GET_MAX 100
#define BATCH_WRITE_MAX 25
#define TRANSACT_MAX 100
#define BYTES_MAX "4194304" /* of all items that are read */

static const struct action check_action = { "ConditionCheck", true, NULL };

static void several_find(struct call *c);

static bool
is_action(const struct call *c, const char *name)
{
	return strcmp(c->action->name, name) == 0;
}

static bool
is_batch(const struct call *c)
{
	return strncmp(c->action->name, "Batch", 5) == 0;
}

/* The name of a part's table as the call has it: maybe an ARN. */
static char *
given_name(const struct call *part)
{
	return docs_string(part->dynamo->host, part->params, "TableName");
}

/* --- answers ------------------------------------------------------------------------------------------ */

/* Where the parts of the same table end, which begin at i. */
static size_t
end_of_table(const struct call *c, size_t i)
{
	size_t end = i + 1;

	while (end < c->nparts && strcmp(c->parts[end]->table, c->parts[i]->table) == 0)
		end++;
	return end;
}

static void
add_capacity(struct call *c, struct pawl_builder *b)
{
	const struct pawl_host *h = c->dynamo->host;
	double factor = is_batch(c) ? 1 : c->action->writes ? 2 : 4; /* reads are consistent */

	if (!capacity_is_wanted(c))
		return;
	h->build_key(b, "ConsumedCapacity");
	h->build_array(b);
	for (size_t i = 0, end; i < c->nparts; i = end) {
		double units = 0;

		end = end_of_table(c, i);
		for (size_t k = i; k < end; k++)
			units += item_units(c->parts[k]) * factor;
		capacity_write(c, b, c->parts[i]->table, units);
	}
	h->build_end(b);
}

/* The items that were found, by table. */
static void
add_responses(struct call *c, struct pawl_builder *b)
{
	const struct pawl_host *h = c->dynamo->host;

	h->build_key(b, "Responses");
	h->build_object(b);
	for (size_t i = 0, end; i < c->nparts; i = end) {
		char *given = given_name(c->parts[i]);

		h->build_key(b, given);
		h->build_array(b);
		end = end_of_table(c, i);
		for (size_t k = i; k < end; k++)
			if (c->parts[k]->old != NULL)
				item_write(c->parts[k], b);
		h->build_end(b);
		h->free(h, given);
	}
	h->build_end(b);
}

/* A table of the request, with the keys from a part on. */
static void
add_unprocessed_table(struct call *c, struct pawl_builder *b, size_t from)
{
	const struct pawl_host *h = c->dynamo->host;
	char *given = given_name(c->parts[from]);
	struct pawl_doc asked = h->doc_get(h, h->doc_get(h, c->params, "RequestItems"), given);
	struct pawl_doc_iter it = { .of = asked };

	h->build_key(b, given);
	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		if (strcmp(name, "Keys") != 0)
			docs_add_doc(h, b, name, it.value);
		h->free(h, name);
	}
	h->build_key(b, "Keys");
	h->build_array(b);
	for (size_t k = from; k < end_of_table(c, from); k++)
		h->build_doc(b, h->doc_get(h, c->parts[k]->params, "Key"));
	h->build_end(b);
	h->build_end(b);
	h->free(h, given);
}

/* done: as many of the parts, from the first on, are in the answer. */
static void
add_unprocessed(struct call *c, struct pawl_builder *b, size_t done)
{
	const struct pawl_host *h = c->dynamo->host;

	h->build_key(b, is_action(c, "BatchGetItem") ? "UnprocessedKeys" : "UnprocessedItems");
	h->build_object(b);
	for (size_t i = done; i < c->nparts; i = end_of_table(c, i))
		add_unprocessed_table(c, b, i);
	h->build_end(b);
}

static void
add_transact_responses(struct call *c, struct pawl_builder *b)
{
	const struct pawl_host *h = c->dynamo->host;

	h->build_key(b, "Responses");
	h->build_array(b);
	for (size_t i = 0; i < c->nparts; i++) {
		h->build_object(b);
		if (c->parts[i]->old != NULL) {
			h->build_key(b, "Item");
			item_write(c->parts[i], b);
		}
		h->build_end(b);
	}
	h->build_end(b);
}

static void
several_answer(struct call *c, size_t done)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	if (is_action(c, "BatchGetItem"))
		add_responses(c, b);
	if (is_action(c, "TransactGetItems"))
		add_transact_responses(c, b);
	if (is_batch(c))
		add_unprocessed(c, b, done);
	add_capacity(c, b);
	h->build_end(b);
	call_answer(c, h->build_finish(b));
}

/* --- a transaction is cancelled ---------------------------------------------------------------------------- */

/* The reason of one part; e is what was wrong with it, or none. */
static void
add_reason(const struct pawl_host *h, struct pawl_builder *b, const struct dynamo_error *e)
{
	const char *code = e->code;

	if (code == NULL)
		code = "None";
	else if (strcmp(code, "ConditionalCheckFailedException") == 0)
		code = "ConditionalCheckFailed";
	else if (strcmp(code, "ValidationException") == 0)
		code = "ValidationError";
	h->build_object(b);
	docs_add_string(h, b, "Code", code);
	if (e->code != NULL)
		docs_add_string(h, b, "Message", e->message);
	if (e->item != NULL) {
		h->build_key(b, "Item");
		value_write_map(h, b, e->item);
	}
	h->build_end(b);
}

/* Ends the call with the errors of its parts, as many as it has parts. */
static void
cancel(struct call *c, struct dynamo_error *errors)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	struct dynamo_error e = { 0 };
	struct text codes = { 0 };
	struct pawl_doc_iter it = { 0 };
	struct pawl_doc reasons;

	h->build_array(b);
	for (size_t i = 0; i < c->nparts; i++)
		add_reason(h, b, &errors[i]);
	h->build_end(b);
	reasons = h->build_finish(b);
	it.of = reasons;
	while (h->doc_next(h, &it)) {
		char *code = docs_string(h, it.value, "Code");

		text_addf(&codes, "%s%s", codes.len > 0 ? ", " : "", code);
		h->free(h, code);
	}
	dynamo_error_set(&e, "TransactionCanceledException",
	    "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
	    codes.s);
	e.reasons = h->doc_text(h, reasons, NULL);
	h->doc_unref(h, reasons);
	text_fini(&codes);
	call_fail(c, &e);
}

/* --- writing ------------------------------------------------------------------------------------------------ */

static void
try_again(void *arg)
{
	struct call *c = arg;

	c->timer = 0;
	several_find(c);
}

/* Others change the same items all the time. */
static void
give_up(struct call *c)
{
	struct dynamo_error errors[TRANSACT_MAX] = { 0 };

	for (size_t i = 0; i < c->nparts; i++)
		dynamo_error_set(&errors[i], "TransactionConflict",
		    "Transaction is ongoing for the item");
	cancel(c, errors);
	for (size_t i = 0; i < TRANSACT_MAX; i++)
		dynamo_error_fini(&errors[i]);
}

static void
written(struct call *c, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = c->dynamo->host;

	if (*call_value(rows, 0, 0) == 't')
		several_answer(c, c->nparts);
	else if (++c->tries < TRIES_MAX)
		c->timer = h->timer_start(h, item_pause(c), try_again, c);
	else
		give_up(c);
}

/* What write_items does with a part, and on which condition. */
static const char *
kind_of(const struct call *part)
{
	bool depends = part->condition != NULL || is_action(part, "UpdateItem");

	if (part->action == &check_action)
		return part->old != NULL ? "there" : "absent";
	if (part->new != NULL && !depends)
		return "put";
	if (part->new != NULL)
		return part->old != NULL ? "change" : "add";
	if (!depends)
		return "drop";
	return part->old != NULL ? "delete" : "absent";
}

static void
add_entry(struct pawl_builder *b, const struct call *part)
{
	const struct pawl_host *h = part->dynamo->host;

	h->build_object(b);
	docs_add_string(h, b, "kind", kind_of(part));
	docs_add_string(h, b, "table", part->keys.table_id);
	docs_add_string(h, b, "hash", part->keys.hash);
	docs_add_string(h, b, "range", part->keys.range);
	if (part->version != NULL)
		docs_add_string(h, b, "version", part->version);
	if (part->new != NULL) {
		docs_add_int(h, b, "size", (int64_t)value_bytes(part->new));
		h->build_key(b, "item");
		value_write_map(h, b, part->new);
	}
	h->build_end(b);
}

/* The parameter that makes a transaction happen once; to be released with host->free. */
static char *
token_of(const struct call *c)
{
	return is_action(c, "TransactWriteItems")
	    ? docs_string(c->dynamo->host, c->params, "ClientRequestToken")
	    : NULL;
}

static char *
request_of(const struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;

	return h->doc_text(h, h->doc_get(h, c->params, "TransactItems"), NULL);
}

static void
several_write(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	char *entries, *token = token_of(c), *request = token != NULL ? request_of(c) : NULL;
	struct pawl_doc d;

	h->build_array(b);
	for (size_t i = 0; i < c->nparts; i++)
		add_entry(b, c->parts[i]);
	h->build_end(b);
	d = h->build_finish(b);
	entries = h->doc_text(h, d, NULL);
	call_query(c, DYNAMO_write_items, (const char *const[]){ entries, token, request },
	    written);
	h->doc_unref(h, d);
	h->free(h, entries);
	h->free(h, token);
	h->free(h, request);
}

/* --- what becomes of the items --------------------------------------------------------------------------------- */

static int
change_parts(struct call *c, struct dynamo_error *errors)
{
	int rc = 0;

	for (size_t i = 0; i < c->nparts; i++)
		if (c->parts[i]->action->writes && item_change(c->parts[i], &errors[i]) != 0)
			rc = -1;
	return rc;
}

static void
several_change(struct call *c)
{
	struct dynamo_error errors[TRANSACT_MAX] = { 0 };

	if (change_parts(c, errors) == 0) {
		several_write(c);
	} else if (is_batch(c)) {
		size_t i = 0;

		while (errors[i].code == NULL)
			i++;
		call_fail(c, &errors[i]);
	} else {
		cancel(c, errors);
	}
	for (size_t i = 0; i < TRANSACT_MAX; i++)
		dynamo_error_fini(&errors[i]);
}

static bool
is_same_item(const struct call *a, const struct call *b)
{
	return strcmp(a->keys.table_id, b->keys.table_id) == 0 &&
	    strcmp(a->keys.hash, b->keys.hash) == 0 && strcmp(a->keys.range, b->keys.range) == 0;
}

static int
check_twice(const struct call *c, struct dynamo_error *e)
{
	for (size_t i = 0; i < c->nparts; i++)
		for (size_t k = 0; k < i; k++)
			if (is_same_item(c->parts[i], c->parts[k]))
				return dynamo_invalid(e,
				    is_batch(c)
					? "Provided list of item keys contains duplicates"
					: "Transaction request cannot include multiple operations on one item");
	return 0;
}

/* How many parts were read, the others did not fit; -1 and *e. */
static int
take_rows(struct call *c, const struct pawl_sql_rows *rows, size_t *nread, struct dynamo_error *e)
{
	*nread = 0;
	for (size_t i = 0; i < c->nparts; i++) {
		if (call_value(rows, i, 0) == NULL)
			return dynamo_error_set(e, "ResourceNotFoundException",
			    "Requested resource not found");
		if (item_take_old(c->parts[i], rows, i, e) != 0)
			return -1;
		if (*call_value(rows, i, 7) == 'f')
			*nread = i + 1;
	}
	if (!is_batch(c) && *nread < c->nparts)
		return dynamo_invalid(e,
		    "Transaction request cannot be about more than 4 MB of items");
	return check_twice(c, e);
}

static void
found(struct call *c, const struct pawl_sql_rows *rows)
{
	const char *before = call_value(rows, 0, 8);
	struct dynamo_error e = { 0 };
	size_t nread;

	if (before != NULL && *before == 't') {
		several_answer(c, c->nparts);
	} else if (before != NULL) {
		dynamo_error_set(&e, "IdempotentParameterMismatchException",
		    "The ClientRequestToken was used with other parameters before");
		call_fail(c, &e);
	} else if (take_rows(c, rows, &nread, &e) != 0) {
		call_fail(c, &e);
	} else if (c->action->writes) {
		several_change(c);
	} else {
		several_answer(c, nread);
	}
}

static void
several_find(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	char *wanted, *token = token_of(c), *request = token != NULL ? request_of(c) : NULL;
	struct pawl_doc d;

	h->build_array(b);
	for (size_t i = 0; i < c->nparts; i++) {
		char *keys = item_possible_keys(c->parts[i]);
		struct pawl_doc k = h->doc_parse(h, keys, strlen(keys), NULL);

		h->build_object(b);
		docs_add_string(h, b, "table", c->parts[i]->table);
		docs_add_doc(h, b, "keys", k);
		h->build_end(b);
		h->doc_unref(h, k);
		h->free(h, keys);
	}
	h->build_end(b);
	d = h->build_finish(b);
	wanted = h->doc_text(h, d, NULL);
	call_query(c, DYNAMO_find_items,
	    (const char *const[]){ wanted, is_action(c, "BatchWriteItem") ? "0" : BYTES_MAX, token,
		request },
	    found);
	h->doc_unref(h, d);
	h->free(h, wanted);
	h->free(h, token);
	h->free(h, request);
}

/* --- asking: batches -------------------------------------------------------------------------------------- */

/* Adds a part that is about member (Key or Item) of a table, with what else the table's request says. */
static int
add_batch_part(struct call *c, const char *table, const struct action *action, const char *member,
    struct pawl_doc item, struct pawl_doc more, struct dynamo_error *e)
{
	static const char *const copied[] = { "ProjectionExpression", "ExpressionAttributeNames",
		"ConsistentRead", "AttributesToGet" };
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	size_t max = is_action(c, "BatchGetItem") ? BATCH_GET_MAX : BATCH_WRITE_MAX;

	h->build_object(b);
	docs_add_string(h, b, "TableName", table);
	if (h->doc_type(h, item) != PAWL_DOC_NONE)
		docs_add_doc(h, b, member, item);
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		if (docs_has(h, more, copied[i]))
			docs_add_doc(h, b, copied[i], h->doc_get(h, more, copied[i]));
	h->build_end(b);
	if (item_read(call_add_part(c, action, h->build_finish(b)), e) != 0)
		return -1;
	if (c->nparts > max)
		return dynamo_invalid(e, "Too many items requested for the %s call",
		    c->action->name);
	return 0;
}

static int
read_write_request(struct call *c, const char *table, struct pawl_doc request,
    struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc put = h->doc_get(h, request, "PutRequest"),
			drop = h->doc_get(h, request, "DeleteRequest");
	bool has_put = docs_has(h, request, "PutRequest");

	if (has_put == docs_has(h, request, "DeleteRequest"))
		return dynamo_invalid(e,
		    "A WriteRequest must have exactly one of PutRequest and DeleteRequest");
	return has_put ? add_batch_part(c, table, item_action("PutItem"), "Item",
			     h->doc_get(h, put, "Item"), PAWL_NO_DOC, e)
		       : add_batch_part(c, table, item_action("DeleteItem"), "Key",
			     h->doc_get(h, drop, "Key"), PAWL_NO_DOC, e);
}

static int
read_batch_table(struct call *c, const char *table, struct pawl_doc asked, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	bool get = is_action(c, "BatchGetItem");
	struct pawl_doc list = get ? h->doc_get(h, asked, "Keys") : asked;
	struct pawl_doc_iter it = { .of = list };
	int rc = 0;

	if (h->doc_type(h, list) != PAWL_DOC_ARRAY || h->doc_len(h, list) == 0)
		return dynamo_invalid(e,
		    "1 validation error detected: Value at 'requestItems.%s.member%s' failed to "
		    "satisfy constraint: Member must have length greater than or equal to 1",
		    table, get ? ".keys" : "");
	while (rc == 0 && h->doc_next(h, &it))
		rc = get
		    ? add_batch_part(c, table, item_action("GetItem"), "Key", it.value, asked, e)
		    : read_write_request(c, table, it.value, e);
	return rc;
}

static int
batch_start(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc asked = h->doc_get(h, c->params, "RequestItems");
	struct pawl_doc_iter it = { .of = asked };
	int rc = 0;

	if (h->doc_type(h, asked) != PAWL_DOC_OBJECT)
		return dynamo_invalid(e,
		    "1 validation error detected: Value null at 'requestItems' failed to satisfy "
		    "constraint: Member must not be null");
	if (h->doc_len(h, asked) == 0)
		return dynamo_invalid(e,
		    "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy "
		    "constraint: Member must have length greater than or equal to 1");
	while (rc == 0 && h->doc_next(h, &it)) {
		char *table = h->doc_string(h, it.key, NULL);

		rc = read_batch_table(c, table, it.value, e);
		h->free(h, table);
	}
	if (rc == 0)
		several_find(c);
	return rc;
}

/* --- asking: transactions ----------------------------------------------------------------------------------- */

static int
read_transact_item(struct call *c, struct pawl_doc item, struct dynamo_error *e)
{
	static const struct {
		const char *member, *action; /* NULL = check_action */
	} kinds[] = { { "Get", "GetItem" }, { "Put", "PutItem" }, { "Update", "UpdateItem" },
		{ "Delete", "DeleteItem" }, { "ConditionCheck", NULL } };
	const struct pawl_host *h = c->dynamo->host;
	size_t first = c->action->writes ? 1 : 0, end = c->action->writes ? 5 : 1, which = end;

	for (size_t i = first; i < end; i++) {
		if (!docs_has(h, item, kinds[i].member))
			continue;
		if (which != end)
			return dynamo_invalid(e,
			    "TransactItems can only contain one of Check, Put, Update or Delete");
		which = i;
	}
	if (which == end)
		return dynamo_invalid(e,
		    c->action->writes
			? "TransactItems must contain one of ConditionCheck, Put, Update or Delete"
			: "TransactItems must contain Get");
	return item_read(call_add_part(c,
			     kinds[which].action != NULL ? item_action(kinds[which].action)
							 : &check_action,
			     h->doc_ref(h, h->doc_get(h, item, kinds[which].member))),
	    e);
}

static int
check_parts(const struct call *c, struct dynamo_error *e)
{
	for (size_t i = 0; i < c->nparts; i++)
		if (c->parts[i]->action == &check_action && c->parts[i]->condition == NULL)
			return dynamo_invalid(e,
			    "1 validation error detected: Value null at "
			    "'transactItems.%zu.member.conditionCheck.conditionExpression' failed to "
			    "satisfy constraint: Member must not be null",
			    i + 1);
	return 0;
}

static int
transact_start(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc items = h->doc_get(h, c->params, "TransactItems");
	struct pawl_doc_iter it = { .of = items };
	size_t n = h->doc_type(h, items) == PAWL_DOC_ARRAY ? h->doc_len(h, items) : 0;

	if (n < 1 || n > TRANSACT_MAX)
		return dynamo_invalid(e,
		    "1 validation error detected: Value at 'transactItems' failed to satisfy "
		    "constraint: Member must have length %s than or equal to %d",
		    n < 1 ? "greater" : "less", n < 1 ? 1 : TRANSACT_MAX);
	while (h->doc_next(h, &it))
		if (read_transact_item(c, it.value, e) != 0)
			return -1;
	if (check_parts(c, e) != 0)
		return -1;
	several_find(c);
	return 0;
}

const struct action several_actions[] = {
	{ "BatchGetItem", false, batch_start },
	{ "BatchWriteItem", true, batch_start },
	{ "TransactGetItems", false, transact_start },
	{ "TransactWriteItems", true, transact_start },
	{ NULL, false, NULL },
};
