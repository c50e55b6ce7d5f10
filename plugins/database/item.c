/*
 * item - GetItem, PutItem, UpdateItem and DeleteItem.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "dynamo.h"

#define ITEM_MAX 409600

static void item_find(struct call *c);

static bool
is_action(const struct call *c, const char *name)
{
	return strcmp(c->action->name, name) == 0;
}

/* --- the answer ------------------------------------------------------------------------------------ */

static void
add_map(struct call *c, struct pawl_builder *b, const char *member, const struct value *map)
{
	if (map == NULL || map->nparts == 0)
		return;
	c->dynamo->host->build_key(b, member);
	value_write_map(c->dynamo->host, b, map);
}

/* What ReturnValues wants of the item before or after. */
static void
add_attributes(struct call *c, struct pawl_builder *b)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc wanted = h->doc_get(h, c->params, "ReturnValues");
	const struct value *whole = NULL;
	struct value *part;

	if (h->doc_is(h, wanted, "ALL_OLD") || h->doc_is(h, wanted, "UPDATED_OLD"))
		whole = c->old;
	else if (h->doc_is(h, wanted, "ALL_NEW") || h->doc_is(h, wanted, "UPDATED_NEW"))
		whole = c->new;
	if (whole == NULL)
		return;
	if (h->doc_is(h, wanted, "ALL_OLD") || h->doc_is(h, wanted, "ALL_NEW")) {
		add_map(c, b, "Attributes", whole);
	} else if (c->update != NULL) {
		part = projection_of(c->update, whole);
		add_map(c, b, "Attributes", part);
		value_free(part);
	}
}

static double
units(const struct value *v, size_t unit)
{
	size_t bytes = v != NULL ? value_bytes(v) : 0;

	return (double)(bytes > unit ? (bytes + unit - 1) / unit : 1);
}

double
item_units(const struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	double read = units(c->old, 4096);

	if (c->action->writes)
		return units(c->new != NULL ? c->new : c->old, 1024);
	return h->doc_true(h, h->doc_get(h, c->params, "ConsistentRead")) ? read : read / 2;
}

void
item_write(struct call *c, struct pawl_builder *b)
{
	struct value *part;

	if (c->projection == NULL) {
		value_write_map(c->dynamo->host, b, c->old);
		return;
	}
	part = projection_of(c->projection, c->old);
	value_write_map(c->dynamo->host, b, part);
	value_free(part);
}

static struct pawl_doc
answer_of(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	if (!is_action(c, "GetItem")) {
		add_attributes(c, b);
	} else if (c->old != NULL) {
		h->build_key(b, "Item");
		item_write(c, b);
	}
	capacity_add(c, b, item_units(c));
	h->build_end(b);
	return h->build_finish(b);
}

static void
finish(struct call *c)
{
	struct pawl_doc answer = c->answer;

	c->answer = PAWL_NO_DOC;
	call_answer(c, answer.block_ != NULL ? answer : answer_of(c));
}

/* --- writing --------------------------------------------------------------------------------------- */

int64_t
item_pause(const struct call *c)
{
	return (c->tries * 7 + (int)((uintptr_t)c >> 4) % 13) % 100;
}

static void
try_again(void *arg)
{
	struct call *c = arg;

	c->timer = 0;
	item_find(c);
}

static void
written(struct call *c, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = c->dynamo->host;
	struct dynamo_error e = { 0 };

	if (rows->nrows > 0) {
		finish(c);
	} else if (++c->tries < TRIES_MAX) { /* another node was faster */
		h->doc_unref(h, c->answer);
		c->answer = PAWL_NO_DOC;
		c->timer = h->timer_start(h, item_pause(c), try_again, c);
	} else {
		dynamo_error_set(&e, "ProvisionedThroughputExceededException",
		    "The item is changed by others all the time; it was not changed. Try again later");
		call_fail(c, &e);
	}
}

static void
write_new(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	const struct keys *k = &c->keys;
	char *json = value_json(h, c->new), *size = text_format("%zu", value_bytes(c->new));

	call_write(c, c->old == NULL ? DYNAMO_add_item : DYNAMO_change_item,
	    (const char *const[]){ k->table_id, k->hash, k->range, json, size, c->version },
	    written);
	h->free(h, json);
	free(size);
}

static void
write_item(struct call *c)
{
	const struct keys *k = &c->keys;

	c->answer = answer_of(c);
	if (c->new != NULL)
		write_new(c);
	else if (c->old != NULL)
		call_write(c, DYNAMO_delete_item,
		    (const char *const[]){ k->table_id, k->hash, k->range, c->version }, written);
	else
		finish(c); /* there was nothing to delete */
}

/* --- what becomes of the item ---------------------------------------------------------------------------- */

static int
check_condition(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc wanted = h->doc_get(h, c->params, "ReturnValuesOnConditionCheckFailure");

	if (c->condition == NULL || condition_holds(c->condition, c->old))
		return 0;
	dynamo_error_set(e, "ConditionalCheckFailedException", "The conditional request failed");
	if (h->doc_is(h, wanted, "ALL_OLD") && c->old != NULL)
		e->item = value_copy(c->old);
	return -1;
}

static int
update_item(struct call *c, struct dynamo_error *e)
{
	for (size_t i = 0; i < 2 && c->update != NULL && c->keys.names[i] != NULL; i++)
		if (update_touches(c->update, c->keys.names[i]))
			return dynamo_invalid(e,
			    "One or more parameter values were invalid: Cannot update "
			    "attribute %s. This attribute is part of the key",
			    c->keys.names[i]);
	c->new = value_copy(c->old != NULL ? c->old : c->key);
	return c->update != NULL ? update_apply(c->update, c->new, e) : 0;
}

static int
make_new(struct call *c, struct dynamo_error *e)
{
	if (is_action(c, "PutItem"))
		c->new = value_copy(c->key);
	else if (is_action(c, "UpdateItem") && update_item(c, e) != 0)
		return -1;
	if (c->new != NULL && value_bytes(c->new) > ITEM_MAX)
		return dynamo_invalid(e, "Item size has exceeded the maximum allowed size");
	return 0;
}

int
item_change(struct call *c, struct dynamo_error *e)
{
	return check_condition(c, e) == 0 && make_new(c, e) == 0 ? 0 : -1;
}

int
item_take_old(struct call *c, const struct pawl_sql_rows *rows, size_t row, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	const char *text = call_value(rows, row, 5);
	struct pawl_doc d;

	keys_read(&c->keys, rows, row);
	value_free(c->old);
	value_free(c->new);
	free(c->version);
	c->old = c->new = NULL;
	c->version = NULL;
	if (keys_of_item(&c->keys, c->key, !is_action(c, "PutItem"), e) != 0)
		return -1;
	if (text == NULL)
		return 0;
	d = h->doc_parse(h, text, strlen(text), NULL);
	c->old = value_read_map(h, d, e);
	h->doc_unref(h, d);
	c->version = text_format("%s", call_value(rows, row, 6));
	return c->old != NULL ? 0 : -1;
}

static void
found(struct call *c, const struct pawl_sql_rows *rows)
{
	struct dynamo_error e = { 0 };

	if (rows->nrows == 0)
		table_fail_missing(c);
	else if (item_take_old(c, rows, 0, &e) != 0 ||
	    (c->action->writes && item_change(c, &e) != 0))
		call_fail(c, &e);
	else if (!c->action->writes)
		finish(c);
	else
		write_item(c);
}

/* --- asking ------------------------------------------------------------------------------------------------ */

char *
item_possible_keys(const struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *json;

	h->build_object(b);
	for (size_t i = 0; i < c->key->nparts; i++) {
		const struct value *v = c->key->parts[i];
		char *hex;

		if (v->kind > VALUE_B || v->text.len > 2048)
			continue;
		hex = key_hex(v);
		docs_add_string(h, b, c->key->names[i], hex);
		free(hex);
	}
	h->build_end(b);
	d = h->build_finish(b);
	json = h->doc_text(h, d, NULL);
	h->doc_unref(h, d);
	return json;
}

static void
item_find(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	char *keys = item_possible_keys(c);
	const char *const params[] = { c->table, keys };

	if (c->action->writes)
		call_write(c, DYNAMO_find_item, params, found);
	else
		call_query(c, DYNAMO_find_item, params, found);
	h->free(h, keys);
}

/* Which attributes of a whole item are its key is not known yet, so a PutItem takes its chance. */
static void
item_begin(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	char *keys;

	if (!c->action->writes || is_action(c, "PutItem")) {
		item_find(c);
		return;
	}
	keys = item_possible_keys(c);
	call_take_turn(c, text_format("%s %s", c->table, keys), item_find);
	h->free(h, keys);
}

static int
refuse_legacy(struct call *c, struct dynamo_error *e)
{
	static const char *const legacy[] = { "Expected", "ConditionalOperator", "AttributesToGet",
		"AttributeUpdates" };
	const struct pawl_host *h = c->dynamo->host;

	for (size_t i = 0; i < sizeof(legacy) / sizeof(*legacy); i++)
		if (docs_has(h, c->params, legacy[i]))
			return dynamo_invalid(e,
			    "pawl does not know the legacy parameter %s: use "
			    "ConditionExpression, ProjectionExpression or "
			    "UpdateExpression",
			    legacy[i]);
	return 0;
}

static int
check_return_values(struct call *c, struct dynamo_error *e)
{
	static const char *const values[] = { "NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW",
		"UPDATED_NEW" };
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc given = h->doc_get(h, c->params, "ReturnValues");
	size_t i = 0, n = is_action(c, "UpdateItem") ? 5 : 2;

	if (!docs_has(h, c->params, "ReturnValues"))
		return 0;
	while (i < n && !h->doc_is(h, given, values[i]))
		i++;
	return i < n ? 0 : dynamo_invalid(e, "Return values set to invalid value");
}

int
item_read(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	const char *member = is_action(c, "PutItem") ? "Item" : "Key";
	struct substitutes *s = &c->substitutes;

	if (table_read_name(c, e) != 0 || refuse_legacy(c, e) != 0 ||
	    check_return_values(c, e) != 0)
		return -1;
	if (!docs_has(h, c->params, member))
		return dynamo_invalid(e,
		    "1 validation error detected: Value null at '%s' failed to satisfy "
		    "constraint: Member must not be null",
		    is_action(c, "PutItem") ? "item" : "key");
	if ((c->key = value_read_map(h, h->doc_get(h, c->params, member), e)) == NULL ||
	    substitutes_read(h, c->params, s, e) != 0)
		return -1;
	c->condition =
	    expression_read(c->params, "ConditionExpression", EXPRESSION_CONDITION, s, e);
	c->update = expression_read(c->params, "UpdateExpression", EXPRESSION_UPDATE, s, e);
	c->projection =
	    expression_read(c->params, "ProjectionExpression", EXPRESSION_PROJECTION, s, e);
	return e->code != NULL || substitutes_check(s, e) != 0 ? -1 : 0;
}

static int
item_start(struct call *c, struct dynamo_error *e)
{
	if (item_read(c, e) != 0)
		return -1;
	item_begin(c);
	return 0;
}

const struct action item_actions[] = {
	{ "GetItem", false, item_start },
	{ "PutItem", true, item_start },
	{ "UpdateItem", true, item_start },
	{ "DeleteItem", true, item_start },
	{ NULL, false, NULL },
};

const struct action *
item_action(const char *name)
{
	const struct action *a = item_actions;

	while (strcmp(a->name, name) != 0)
		a++;
	return a;
}
