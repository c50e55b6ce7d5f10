/*
 * query - Query and Scan: pages of items.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "dynamo.h"

#define PAGE_MAX 10000 /* items that are looked at in one call */

/* What a KeyConditionExpression says. */
struct range {
	const struct value *hash;
	char *low, *high; /* of the range key, hexadecimal; NULL = any */
	bool low_open, high_open;
};

static bool
is_query(const struct call *c)
{
	return strcmp(c->action->name, "Query") == 0;
}

/* --- the answer ---------------------------------------------------------------------------------- */

static void
add_last_key(struct call *c, struct pawl_builder *b, const struct value *item)
{
	const struct pawl_host *h = c->dynamo->host;

	h->build_key(b, "LastEvaluatedKey");
	h->build_object(b);
	for (size_t i = 0; i < 2 && c->keys.names[i] != NULL; i++) {
		const struct value *v = value_get(item, c->keys.names[i]);

		if (v == NULL)
			continue;
		h->build_key(b, c->keys.names[i]);
		value_write(h, b, v);
	}
	h->build_end(b);
}

static int64_t
limit_of(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	int64_t limit = PAGE_MAX;

	docs_int(h, h->doc_get(h, c->params, "Limit"), &limit);
	return limit > PAGE_MAX ? PAGE_MAX : limit;
}

static struct value *
row_item(struct call *c, const struct pawl_sql_rows *rows, size_t row)
{
	const struct pawl_host *h = c->dynamo->host;
	struct dynamo_error e = { 0 };
	const char *text = call_value(rows, row, 0);
	struct pawl_doc d = h->doc_parse(h, text, strlen(text), NULL);
	struct value *item = value_read_map(h, d, &e);

	dynamo_error_fini(&e);
	h->doc_unref(h, d);
	return item != NULL ? item : value_new(VALUE_M);
}

static void
add_item(struct call *c, struct pawl_builder *b, const struct value *item)
{
	const struct pawl_host *h = c->dynamo->host;
	struct value *part;

	if (c->projection == NULL) {
		value_write_map(h, b, item);
		return;
	}
	part = projection_of(c->projection, item);
	value_write_map(h, b, part);
	value_free(part);
}

static void
paged(struct call *c, const struct pawl_sql_rows *rows)
{
	size_t units;
	const struct pawl_host *h = c->dynamo->host;
	bool only_count = h->doc_is(h, h->doc_get(h, c->params, "Select"), "COUNT");
	struct pawl_builder *b = h->build(h), *items = h->build(h);
	struct pawl_doc list;
	struct value *item = NULL;
	int64_t count = 0, bytes = 0, found = 0;

	h->build_array(items);
	for (size_t i = 0; i < rows->nrows; i++) {
		value_free(item);
		item = row_item(c, rows, i);
		bytes += strtoll(call_value(rows, i, 1), NULL, 10);
		found = strtoll(call_value(rows, i, 2), NULL, 10);
		if (c->filter != NULL && !condition_holds(c->filter, item))
			continue;
		count++;
		if (!only_count)
			add_item(c, items, item);
	}
	h->build_end(items);
	list = h->build_finish(items);
	h->build_object(b);
	if (!only_count)
		docs_add_doc(h, b, "Items", list);
	docs_add_int(h, b, "Count", count);
	docs_add_int(h, b, "ScannedCount", (int64_t)rows->nrows);
	if (item != NULL && ((int64_t)rows->nrows < found || found == limit_of(c)))
		add_last_key(c, b, item);
	units = bytes / 4096 + 1;
	capacity_add(c, b, (double)units / 2);
	h->build_end(b);
	h->doc_unref(h, list);
	value_free(item);
	call_answer(c, h->build_finish(b));
}

/* --- key conditions ---------------------------------------------------------------------------------- */

static int
bad_key_condition(struct dynamo_error *e)
{
	return dynamo_invalid(e, "Query key condition not supported");
}

/* The smallest key that is larger than all that begin with it; NULL = there is none. */
static char *
behind(const char *hex)
{
	char *end = text_format("%s", hex);
	size_t len = strlen(end);

	while (len >= 2 && strncmp(end + len - 2, "ff", 2) == 0)
		len -= 2;
	if (len < 2) {
		free(end);
		return NULL;
	}
	end[len] = '\0';
	snprintf(end + len - 2, 3, "%02lx", strtoul(end + len - 2, NULL, 16) + 1);
	return end;
}

static int
read_range(const struct node *n, struct range *r, struct dynamo_error *e)
{
	char *key = key_hex(n->kids[1]->value);

	switch (n->kind) {
	case NODE_EQ:
		r->low = text_format("%s", key);
		r->high = key;
		return 0;
	case NODE_GE:
	case NODE_GT:
		r->low = key;
		r->low_open = n->kind == NODE_GT;
		return 0;
	case NODE_LE:
	case NODE_LT:
		r->high = key;
		r->high_open = n->kind == NODE_LT;
		return 0;
	case NODE_BETWEEN:
		r->low = key;
		r->high = key_hex(n->kids[2]->value);
		return 0;
	case NODE_BEGINS:
		r->low = key;
		r->high = behind(key);
		r->high_open = true;
		return 0;
	default:
		free(key);
		return bad_key_condition(e);
	}
}

static int
read_key_test(const struct call *c, const struct node *n, struct range *r, struct dynamo_error *e)
{
	const struct keys *k = &c->keys;
	const struct node *path = n->nkids >= 2 ? n->kids[0] : NULL;
	const char *name;
	size_t which;

	if (path == NULL || path->kind != NODE_PATH || path->path.nsteps != 1)
		return bad_key_condition(e);
	name = path->path.steps[0].name;
	which = k->names[1] != NULL && strcmp(name, k->names[1]) == 0 ? 1 : 0;
	if (which == 0 && strcmp(name, k->names[0]) != 0)
		return dynamo_invalid(e, "Query condition missed key schema element: %s",
		    k->names[0]);
	for (size_t i = 1; i < n->nkids; i++) {
		const struct value *v = n->kids[i]->value;

		if (n->kids[i]->kind != NODE_VALUE)
			return bad_key_condition(e);
		if (strcmp(value_type_name(v), k->types[which]) != 0)
			return dynamo_invalid(e,
			    "One or more parameter values were invalid: Condition "
			    "parameter type does not match schema type");
	}
	if (which == 1)
		return r->low == NULL && r->high == NULL ? read_range(n, r, e)
							 : bad_key_condition(e);
	if (n->kind != NODE_EQ || r->hash != NULL)
		return bad_key_condition(e);
	r->hash = n->kids[1]->value;
	return 0;
}

static int
read_key_condition(const struct call *c, struct range *r, struct dynamo_error *e)
{
	const struct node *n = c->condition;
	bool two = n->kind == NODE_AND;

	if (read_key_test(c, two ? n->kids[0] : n, r, e) != 0 ||
	    (two && read_key_test(c, n->kids[1], r, e) != 0))
		return -1;
	if (r->hash == NULL)
		return dynamo_invalid(e, "Query condition missed key schema element: %s",
		    c->keys.names[0]);
	return 0;
}

/* --- asking -------------------------------------------------------------------------------------------- */

/* No key is between a key and the same with a byte 0 behind it. */
static char *
next_key(const char *hex)
{
	return text_format("%s00", hex);
}

/* Sets keys.hash and keys.range from ExclusiveStartKey; both NULL when it is missing. */
static int
read_start(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct value *start;
	int rc;

	if (!docs_has(h, c->params, "ExclusiveStartKey"))
		return 0;
	if ((start = value_read_map(h, h->doc_get(h, c->params, "ExclusiveStartKey"), e)) == NULL)
		return -1;
	rc = keys_of_item(&c->keys, start, true, e);
	value_free(start);
	return rc == 0 ? 0
		       : dynamo_invalid(e,
			     "The provided starting key is invalid: The provided key "
			     "element does not match the schema");
}

static int
ask_query(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc forward = h->doc_get(h, c->params, "ScanIndexForward");
	bool down = h->doc_type(h, forward) == PAWL_DOC_BOOL && !h->doc_true(h, forward);
	struct range r = { 0 };
	char *limit = text_format("%lld", (long long)limit_of(c)), *hash = NULL, *low = NULL;
	int rc = read_key_condition(c, &r, e);

	if (rc == 0) {
		hash = key_hex(r.hash);
		low = r.low != NULL && r.low_open ? next_key(r.low) : NULL;
		call_query(c, down ? DYNAMO_query_down : DYNAMO_query_up,
		    (const char *const[]){ c->keys.table_id, hash, low != NULL ? low : r.low,
			r.high, c->keys.range, limit, r.high_open ? "f" : "t" },
		    paged);
	}
	free(limit);
	free(hash);
	free(low);
	free(r.low);
	free(r.high);
	return rc;
}

static int
ask_scan(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	int64_t segment = 0, total = 1;
	char *limit, *segment_text, *total_text;

	docs_int(h, h->doc_get(h, c->params, "Segment"), &segment);
	docs_int(h, h->doc_get(h, c->params, "TotalSegments"), &total);
	if (total < 1 || total > 1000000 || segment < 0 || segment >= total)
		return dynamo_invalid(e,
		    "The Segment parameter is zero-based and must be less than "
		    "parameter TotalSegments");
	limit = text_format("%lld", (long long)limit_of(c));
	segment_text = text_format("%lld", (long long)segment);
	total_text = text_format("%lld", (long long)total);
	call_query(c, DYNAMO_scan,
	    (const char *const[]){ c->keys.table_id, c->keys.hash, c->keys.range, limit,
		segment_text, total_text },
	    paged);
	free(limit);
	free(segment_text);
	free(total_text);
	return 0;
}

static void
table_found(struct call *c, const struct pawl_sql_rows *rows)
{
	struct dynamo_error e = { 0 };

	if (rows->nrows == 0) {
		table_fail_missing(c);
		return;
	}
	keys_read(&c->keys, rows, 0);
	if (read_start(c, &e) != 0 || (is_query(c) ? ask_query(c, &e) : ask_scan(c, &e)) != 0)
		call_fail(c, &e);
}

static int
query_start(struct call *c, struct dynamo_error *e)
{
	static const char *const refused[] = { "IndexName", "KeyConditions", "QueryFilter",
		"ScanFilter", "AttributesToGet", "ConditionalOperator" };
	const struct pawl_host *h = c->dynamo->host;
	struct substitutes *s = &c->substitutes;

	if (table_read_name(c, e) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (docs_has(h, c->params, refused[i]))
			return dynamo_invalid(e,
			    "pawl does not know %s: there are no secondary indexes "
			    "and no legacy parameters",
			    refused[i]);
	if (limit_of(c) < 1)
		return dynamo_invalid(e,
		    "1 validation error detected: Value '%lld' at 'limit' failed to "
		    "satisfy constraint: Member must have value greater than or equal "
		    "to 1",
		    (long long)limit_of(c));
	if (substitutes_read(h, c->params, s, e) != 0)
		return -1;
	if (is_query(c))
		c->condition = expression_read(c->params, "KeyConditionExpression",
		    EXPRESSION_CONDITION, s, e);
	c->filter = expression_read(c->params, "FilterExpression", EXPRESSION_CONDITION, s, e);
	c->projection =
	    expression_read(c->params, "ProjectionExpression", EXPRESSION_PROJECTION, s, e);
	if (e->code == NULL && is_query(c) && c->condition == NULL)
		dynamo_invalid(e,
		    "Either the KeyConditions or KeyConditionExpression parameter must be "
		    "specified in the request.");
	if (e->code != NULL || substitutes_check(s, e) != 0)
		return -1;
	call_query(c, DYNAMO_find_table, (const char *const[]){ c->table }, table_found);
	return 0;
}

const struct action query_actions[] = {
	{ "Query", false, query_start },
	{ "Scan", false, query_start },
	{ NULL, false, NULL },
};
