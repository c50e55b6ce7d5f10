/*
 * fuzz_dynamodb - any expressions of DynamoDB on any item: what comes out is an item that can be
 * written and read again, or an error that can be told; keys and numbers keep their order and sums.
 *
 * The input is a condition, an update and a projection, a line each, and the text of a document
 * {"Item": ..., "Names": ..., "Values": ...}.
 */
#include <stdint.h>

#include "result.h"
#include "task/plugin_module.h"

#include "docs.h"
#include "expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As much of a plugin as the functions on documents look at. */
static struct plugin_host owner;
static struct module module = { .magic = MODULE_MAGIC, .host = &owner };
static struct pawl_host *const h = &module.table;

static const char default_given[] =
    "{\"Item\":{\"id\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"},\"l\":{\"L\":[{\"N\":\"2\"},{\"M\":{\"a\":{\"S\":\"b\"}}}]},"
    "\"t\":{\"SS\":[\"p\",\"q\"]}},\"Names\":{\"#a\":\"a\"},\"Values\":{\":n\":{\"N\":\"0.1\"},\":t\":{\"SS\":[\"q\"]},"
    "\":l\":{\"L\":[{\"NULL\":true}]}}}";

static void
check_error(struct dynamo_error *e)
{
	require(e->code != NULL && e->message != NULL && *e->message != '\0');
	require(doc_utf8_valid(e->message, strlen(e->message)));
	dynamo_error_fini(e);
}

/* What is stored is what is read again. */
static void
check_item(const struct value *item)
{
	struct dynamo_error e = { 0 };
	char *json = value_json(h, item);
	struct pawl_doc d = h->doc_parse(h, json, strlen(json), NULL);
	struct value *again;

	require(d.block_ != NULL);
	again = value_read_map(h, d, &e);
	require(again != NULL && value_equal(item, again));
	require(value_bytes(item) == value_bytes(again));
	value_free(again);
	h->doc_unref(h, d);
	h->free(h, json);
}

static int
sign(int order)
{
	return (order > 0) - (order < 0);
}

static int
compare_keys(const struct value *a, const struct value *b)
{
	struct text x = { 0 }, y = { 0 };
	size_t n;
	int order;

	value_key(a, &x);
	value_key(b, &y);
	n = x.len < y.len ? x.len : y.len;
	order = n > 0 ? memcmp(x.s, y.s, n) : 0;
	if (order == 0)
		order = (x.len > y.len) - (x.len < y.len);
	text_fini(&x);
	text_fini(&y);
	return order;
}

/* Sums are exact or refused. */
static void
check_sum(const struct decimal *a, const struct decimal *b)
{
	struct decimal sum, back;
	const char *why;

	if (decimal_add(a, b, false, &sum, &why) && decimal_add(&sum, b, true, &back, &why))
		require(decimal_compare(&back, a) == 0);
}

static void
check_pairs(const struct value *item)
{
	for (size_t i = 0; i < item->nparts; i++)
		for (size_t k = 0; k < item->nparts; k++) {
			const struct value *a = item->parts[i], *b = item->parts[k];
			int order;

			if (!value_compare(a, b, &order))
				continue;
			require((order == 0) == value_equal(a, b));
			require(sign(compare_keys(a, b)) == sign(order));
			if (a->kind == VALUE_N)
				check_sum(&a->number, &b->number);
		}
}

static void
check_update(const struct node *update, const struct value *item)
{
	struct dynamo_error e = { 0 };
	struct value *changed = value_copy(item);

	if (update_apply(update, changed, &e) == 0)
		check_item(changed);
	else
		check_error(&e);
	update_touches(update, "id");
	value_free(changed);
}

/* The expressions, of which kinds, and what is done with them. */
static void
check_expressions(struct pawl_doc params, struct substitutes *s, const struct value *item)
{
	static const char *const names[] = { "ConditionExpression", "UpdateExpression",
		"ProjectionExpression" };

	for (size_t kind = EXPRESSION_CONDITION; kind <= EXPRESSION_PROJECTION; kind++) {
		struct dynamo_error e = { 0 };
		struct node *n =
		    expression_read(params, names[kind], (enum expression_kind)kind, s, &e);
		struct value *part;

		if (n == NULL) {
			check_error(&e);
			continue;
		}
		if (kind == EXPRESSION_CONDITION) {
			condition_holds(n, item);
			condition_holds(n, NULL);
		} else if (kind == EXPRESSION_UPDATE) {
			check_update(n, item);
		} else {
			part = projection_of(n, item);
			check_item(part);
			require(value_bytes(part) <= value_bytes(item));
			value_free(part);
		}
		node_free(n);
	}
}

static void
check_given(struct pawl_doc params, struct pawl_doc item_doc)
{
	struct dynamo_error e = { 0 };
	struct substitutes s;
	struct value *item = value_read_map(h, item_doc, &e);

	if (item == NULL)
		check_error(&e);
	else
		check_item(item);
	if (item == NULL)
		item = value_new(VALUE_M);
	check_pairs(item);
	if (substitutes_read(h, params, &s, &e) != 0) {
		check_error(&e);
	} else {
		check_expressions(params, &s, item);
		if (substitutes_check(&s, &e) != 0)
			check_error(&e);
	}
	substitutes_fini(&s);
	value_free(item);
}

/* The next line, or NULL when there is none that a request could have; *at is set behind it. */
static char *
take_line(const char **at, const char *end)
{
	const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));

	if (stop == NULL || memchr(line, '\0', (size_t)(stop - line)) != NULL ||
	    !doc_utf8_valid(line, (size_t)(stop - line)))
		return NULL;
	*at = stop + 1;
	return text_format("%.*s", (int)(stop - line), line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	char *condition, *update = NULL, *projection = NULL;
	struct pawl_doc given, params;
	struct pawl_builder *b;

	if (size == 0)
		return 0;
	if (h->doc_parse == NULL) {
		owner.thread = pthread_self();
		plugin_table_init(h);
	}
	condition = take_line(&at, end);
	if (condition != NULL)
		update = take_line(&at, end);
	if (update != NULL)
		projection = take_line(&at, end);
	if (projection != NULL) {
		given = h->doc_parse(h, at, (size_t)(end - at), NULL);
		if (given.block_ == NULL)
			given = h->doc_parse(h, default_given, sizeof(default_given) - 1, NULL);
		b = h->build(h);
		h->build_object(b);
		docs_add_string(h, b, "ConditionExpression", condition);
		docs_add_string(h, b, "UpdateExpression", update);
		docs_add_string(h, b, "ProjectionExpression", projection);
		if (docs_has(h, given, "Names"))
			docs_add_doc(h, b, "ExpressionAttributeNames",
			    h->doc_get(h, given, "Names"));
		if (docs_has(h, given, "Values"))
			docs_add_doc(h, b, "ExpressionAttributeValues",
			    h->doc_get(h, given, "Values"));
		h->build_end(b);
		params = h->build_finish(b);
		require(params.block_ != NULL);
		check_given(params, h->doc_get(h, given, "Item"));
		h->doc_unref(h, params);
		h->doc_unref(h, given);
	}
	free(condition);
	free(update);
	free(projection);
	return 0;
}
