/*
 * table - DynamoDB's actions on tables, and the keys that a table has.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "dynamo.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* --- names --------------------------------------------------------------------------------------- */

static int
check_name(const char *name, struct dynamo_error *e)
{
	size_t len = strlen(name);

	if (strspn(name, NAME_CHARACTERS) != len)
		return dynamo_invalid(e,
		    "1 validation error detected: Value '%s' at 'tableName' failed to "
		    "satisfy constraint: Member must satisfy regular expression "
		    "pattern: [a-zA-Z0-9_.-]+",
		    name);
	if (len < 3 || len > 255)
		return dynamo_invalid(e,
		    "TableName must be at least 3 characters long and at most 255 "
		    "characters long");
	return 0;
}

int
table_read_name(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	char *name = docs_string(h, c->params, "TableName"), *slash;

	if (name == NULL)
		return dynamo_invalid(e,
		    "1 validation error detected: Value null at 'tableName' failed to "
		    "satisfy constraint: Member must not be null");
	slash = strncmp(name, "arn:", 4) == 0 ? strchr(name, '/') : NULL;
	c->table = text_format("%s", slash != NULL ? slash + 1 : name);
	h->free(h, name);
	return check_name(c->table, e);
}

void
table_fail_missing(struct call *c)
{
	bool table = c->action->start == table_actions[1].start ||
	    c->action->start == table_actions[2].start;
	struct dynamo_error e = { 0 };

	if (table)
		dynamo_error_set(&e, "ResourceNotFoundException",
		    "Requested resource not found: Table: %s not found", c->table);
	else
		dynamo_error_set(&e, "ResourceNotFoundException", "Requested resource not found");
	call_fail(c, &e);
}

/* --- keys ------------------------------------------------------------------------------------------- */

char *
key_hex(const struct value *v)
{
	struct text key = { 0 }, hex = { 0 };
	char *s;

	value_key(v, &key);
	for (size_t i = 0; i < key.len; i++)
		text_addf(&hex, "%02x", (unsigned char)key.s[i]);
	s = text_format("%s", hex.s != NULL ? hex.s : "");
	text_fini(&key);
	text_fini(&hex);
	return s;
}

void
keys_fini(struct keys *k)
{
	free(k->table_id);
	free(k->hash);
	free(k->range);
	for (size_t i = 0; i < 2; i++) {
		free(k->names[i]);
		free(k->types[i]);
	}
	*k = (struct keys){ 0 };
}

void
keys_read(struct keys *k, const struct pawl_sql_rows *rows, size_t row)
{
	keys_fini(k);
	k->table_id = text_format("%s", call_value(rows, row, 0));
	for (size_t i = 0; i < 2 && call_value(rows, row, 1 + 2 * i) != NULL; i++) {
		k->names[i] = text_format("%s", call_value(rows, row, 1 + 2 * i));
		k->types[i] = text_format("%s", call_value(rows, row, 2 + 2 * i));
	}
}

static char *
key_of_item(const struct keys *k, size_t i, const struct value *item, bool exact,
    struct dynamo_error *e)
{
	const struct value *v = value_get(item, k->names[i]);

	if (v == NULL && !exact) {
		dynamo_invalid(e,
		    "One or more parameter values were invalid: Missing the key %s in the item",
		    k->names[i]);
	} else if (v == NULL) {
		dynamo_invalid(e, "The provided key element does not match the schema");
	} else if (strcmp(value_type_name(v), k->types[i]) != 0) {
		if (exact)
			dynamo_invalid(e, "The provided key element does not match the schema");
		else
			dynamo_invalid(e,
			    "One or more parameter values were invalid: Type mismatch for key "
			    "%s expected: %s actual: %s",
			    k->names[i], k->types[i], value_type_name(v));
	} else if (v->kind != VALUE_N && v->text.len == 0) {
		dynamo_invalid(e,
		    "One or more parameter values are not valid. The AttributeValue for a key "
		    "attribute cannot contain an empty %s value. Key: %s",
		    v->kind == VALUE_S ? "string" : "binary", k->names[i]);
	} else if (v->text.len > (i == 0 ? 2048 : 1024)) {
		dynamo_invalid(e,
		    "One or more parameter values were invalid: Size of %s has exceeded the "
		    "maximum size limit of %d bytes",
		    i == 0 ? "hashkey" : "rangekey", i == 0 ? 2048 : 1024);
	} else {
		return key_hex(v);
	}
	return NULL;
}

int
keys_of_item(struct keys *k, const struct value *item, bool exact, struct dynamo_error *e)
{
	if (exact && item->nparts != (k->names[1] != NULL ? 2 : 1))
		return dynamo_invalid(e, "The provided key element does not match the schema");
	free(k->hash);
	free(k->range);
	k->range = NULL;
	if ((k->hash = key_of_item(k, 0, item, exact, e)) == NULL)
		return -1;
	k->range = k->names[1] != NULL ? key_of_item(k, 1, item, exact, e) : text_format("%s", "");
	return k->range != NULL ? 0 : -1;
}

bool
capacity_is_wanted(const struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc wanted = h->doc_get(h, c->params, "ReturnConsumedCapacity");

	return h->doc_is(h, wanted, "TOTAL") || h->doc_is(h, wanted, "INDEXES");
}

void
capacity_write(struct call *c, struct pawl_builder *b, const char *name, double units)
{
	const struct pawl_host *h = c->dynamo->host;

	h->build_object(b);
	docs_add_string(h, b, "TableName", name);
	h->build_key(b, "CapacityUnits");
	h->build_double(b, units);
	if (h->doc_is(h, h->doc_get(h, c->params, "ReturnConsumedCapacity"), "INDEXES")) {
		h->build_key(b, "Table");
		h->build_object(b);
		h->build_key(b, "CapacityUnits");
		h->build_double(b, units);
		h->build_end(b);
	}
	h->build_end(b);
}

void
capacity_add(struct call *c, struct pawl_builder *b, double units)
{
	if (!capacity_is_wanted(c))
		return;
	c->dynamo->host->build_key(b, "ConsumedCapacity");
	capacity_write(c, b, c->table, units);
}

/* --- descriptions ------------------------------------------------------------------------------------- */

static void
describe(struct call *c, const struct pawl_sql_rows *rows, const char *member, const char *status)
{
	const struct pawl_host *h = c->dynamo->host;
	const char *text = call_value(rows, 0, 0);
	struct pawl_doc definition = h->doc_parse(h, text, strlen(text), NULL);
	struct pawl_doc_iter it = { .of = definition };
	struct pawl_builder *b = h->build(h);
	char *arn = text_format("arn:aws:dynamodb:%s:%s:table/%s", h->setting(h, "region"),
	    h->setting(h, "account_id"), c->table);
	char *id = text_format("00000000-0000-4000-8000-%012llx",
	    strtoull(call_value(rows, 0, 1), NULL, 10));

	h->build_object(b);
	h->build_key(b, member);
	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		docs_add_doc(h, b, key, it.value);
		h->free(h, key);
	}
	docs_add_string(h, b, "TableName", c->table);
	docs_add_string(h, b, "TableStatus", status);
	h->build_key(b, "CreationDateTime");
	h->build_double(b, strtod(call_value(rows, 0, 2), NULL));
	docs_add_int(h, b, "ItemCount", strtoll(call_value(rows, 0, 3), NULL, 10));
	docs_add_int(h, b, "TableSizeBytes", strtoll(call_value(rows, 0, 4), NULL, 10));
	docs_add_string(h, b, "TableArn", arn);
	docs_add_string(h, b, "TableId", id);
	h->build_end(b);
	h->build_end(b);
	h->doc_unref(h, definition);
	free(arn);
	free(id);
	call_answer(c, h->build_finish(b));
}

static void
created(struct call *c, const struct pawl_sql_rows *rows)
{
	struct dynamo_error e = { 0 };

	if (rows->nrows > 0) {
		describe(c, rows, "TableDescription", "ACTIVE");
		return;
	}
	dynamo_error_set(&e, "ResourceInUseException", "Table already exists: %s", c->table);
	call_fail(c, &e);
}

static void
described(struct call *c, const struct pawl_sql_rows *rows)
{
	if (rows->nrows > 0)
		describe(c, rows, "Table", "ACTIVE");
	else
		table_fail_missing(c);
}

static void
deleted(struct call *c, const struct pawl_sql_rows *rows)
{
	if (rows->nrows > 0)
		describe(c, rows, "TableDescription", "DELETING");
	else
		table_fail_missing(c);
}

/* --- CreateTable ---------------------------------------------------------------------------------------- */

static int
read_key(struct call *c, struct pawl_doc element, size_t i, char **name, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	char *given = docs_string(h, element, "AttributeName");

	if (given == NULL ||
	    !h->doc_is(h, h->doc_get(h, element, "KeyType"), i == 0 ? "HASH" : "RANGE")) {
		h->free(h, given);
		return dynamo_invalid(e,
		    "Invalid KeySchema: The %s KeySchemaElement is not a %s key type",
		    i == 0 ? "first" : "second", i == 0 ? "HASH" : "RANGE");
	}
	*name = text_format("%s", given);
	h->free(h, given);
	return 0;
}

static int
read_key_type(struct call *c, const char *name, char **type, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc_iter it = { .of = h->doc_get(h, c->params, "AttributeDefinitions") };

	while (h->doc_type(h, it.of) == PAWL_DOC_ARRAY && h->doc_next(h, &it)) {
		char *given;

		if (!h->doc_is(h, h->doc_get(h, it.value, "AttributeName"), name))
			continue;
		given = docs_string(h, it.value, "AttributeType");
		if (given != NULL && strlen(given) == 1 && strchr("SNB", *given) != NULL)
			*type = text_format("%s", given);
		h->free(h, given);
	}
	if (*type != NULL)
		return 0;
	return dynamo_invalid(e,
	    "One or more parameter values were invalid: Some index key attributes are "
	    "not defined in AttributeDefinitions. Keys: [%s]",
	    name);
}

static int
read_keys(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc schema = h->doc_get(h, c->params, "KeySchema");
	struct pawl_doc_iter it = { .of = schema };
	size_t n = h->doc_type(h, schema) == PAWL_DOC_ARRAY ? h->doc_len(h, schema) : 0;

	if (n < 1 || n > 2)
		return dynamo_invalid(e,
		    "1 validation error detected: Value '[]' at 'keySchema' failed to "
		    "satisfy constraint: Member must have 1 or 2 elements");
	for (size_t i = 0; h->doc_next(h, &it); i++)
		if (read_key(c, it.value, i, &c->keys.names[i], e) != 0 ||
		    read_key_type(c, c->keys.names[i], &c->keys.types[i], e) != 0)
			return -1;
	if (n == 2 && strcmp(c->keys.names[0], c->keys.names[1]) == 0)
		return dynamo_invalid(e,
		    "Invalid KeySchema: Some index key attribute have no definition");
	if (h->doc_len(h, h->doc_get(h, c->params, "AttributeDefinitions")) != n)
		return dynamo_invalid(e,
		    "One or more parameter values were invalid: Number of attributes in "
		    "KeySchema does not exactly match number of attributes defined in "
		    "AttributeDefinitions");
	return 0;
}

/* Members of the request that the description repeats. */
static struct pawl_doc
definition_of(struct call *c)
{
	static const char *const kept[] = { "AttributeDefinitions", "KeySchema",
		"DeletionProtectionEnabled" };
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc throughput = h->doc_get(h, c->params, "ProvisionedThroughput");
	struct pawl_builder *b = h->build(h);
	int64_t read = 0, write = 0;

	h->build_object(b);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (docs_has(h, c->params, kept[i]))
			docs_add_doc(h, b, kept[i], h->doc_get(h, c->params, kept[i]));
	docs_int(h, h->doc_get(h, throughput, "ReadCapacityUnits"), &read);
	docs_int(h, h->doc_get(h, throughput, "WriteCapacityUnits"), &write);
	h->build_key(b, "ProvisionedThroughput");
	h->build_object(b);
	docs_add_int(h, b, "NumberOfDecreasesToday", 0);
	docs_add_int(h, b, "ReadCapacityUnits", read);
	docs_add_int(h, b, "WriteCapacityUnits", write);
	h->build_end(b);
	if (h->doc_is(h, h->doc_get(h, c->params, "BillingMode"), "PAY_PER_REQUEST")) {
		h->build_key(b, "BillingModeSummary");
		h->build_object(b);
		docs_add_string(h, b, "BillingMode", "PAY_PER_REQUEST");
		h->build_end(b);
	}
	h->build_end(b);
	return h->build_finish(b);
}

static int
create_table(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_doc definition, stream = h->doc_get(h, c->params, "StreamSpecification");
	char *text;

	if (table_read_name(c, e) != 0)
		return -1;
	if (docs_has(h, c->params, "GlobalSecondaryIndexes") ||
	    docs_has(h, c->params, "LocalSecondaryIndexes"))
		return dynamo_invalid(e,
		    "pawl's tables have no secondary indexes: leave out "
		    "GlobalSecondaryIndexes and LocalSecondaryIndexes");
	if (h->doc_true(h, h->doc_get(h, stream, "StreamEnabled")))
		return dynamo_invalid(e,
		    "pawl's tables have no streams: leave out StreamSpecification");
	if (read_keys(c, e) != 0)
		return -1;
	definition = definition_of(c);
	text = h->doc_text(h, definition, NULL);
	call_query(c, DYNAMO_create_table,
	    (const char *const[]){ c->table, c->keys.names[0], c->keys.types[0], c->keys.names[1],
		c->keys.types[1], text },
	    created);
	h->free(h, text);
	h->doc_unref(h, definition);
	return 0;
}

static int
describe_table(struct call *c, struct dynamo_error *e)
{
	if (table_read_name(c, e) != 0)
		return -1;
	call_query(c, DYNAMO_describe_table, (const char *const[]){ c->table }, described);
	return 0;
}

static int
delete_table(struct call *c, struct dynamo_error *e)
{
	if (table_read_name(c, e) != 0)
		return -1;
	call_query(c, DYNAMO_delete_table, (const char *const[]){ c->table }, deleted);
	return 0;
}

/* --- ListTables ------------------------------------------------------------------------------------------- */

static int64_t
list_limit(struct call *c)
{
	const struct pawl_host *h = c->dynamo->host;
	int64_t limit = 100;

	docs_int(h, h->doc_get(h, c->params, "Limit"), &limit);
	return limit < 1 || limit > 100 ? 100 : limit;
}

static void
listed(struct call *c, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = c->dynamo->host;
	struct pawl_builder *b = h->build(h);
	size_t n = (size_t)list_limit(c);

	h->build_object(b);
	h->build_key(b, "TableNames");
	h->build_array(b);
	for (size_t i = 0; i < rows->nrows && i < n; i++)
		h->build_string(b, call_value(rows, i, 0), strlen(call_value(rows, i, 0)));
	h->build_end(b);
	if (rows->nrows > n)
		docs_add_string(h, b, "LastEvaluatedTableName", call_value(rows, n - 1, 0));
	h->build_end(b);
	call_answer(c, h->build_finish(b));
}

static int
list_tables(struct call *c, struct dynamo_error *e)
{
	const struct pawl_host *h = c->dynamo->host;
	char *after = docs_string(h, c->params, "ExclusiveStartTableName");
	char *limit = text_format("%lld", (long long)list_limit(c) + 1);

	(void)e;
	call_query(c, DYNAMO_list_tables,
	    (const char *const[]){ after != NULL ? after : "", limit }, listed);
	h->free(h, after);
	free(limit);
	return 0;
}

const struct action table_actions[] = {
	{ "CreateTable", false, create_table },
	{ "DescribeTable", false, describe_table },
	{ "DeleteTable", false, delete_table },
	{ "ListTables", false, list_tables },
	{ NULL, false, NULL },
};
