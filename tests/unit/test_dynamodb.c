/*
 * dynamodb: attribute values and expressions that are odd, and what is said about them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "doc/doc.h"
#include "task/plugin_module.h"

#include "expression.h"
#include "text.h"

/* As much of a plugin as the functions on documents look at. */
static struct plugin_host owner;
static struct module module = { .magic = MODULE_MAGIC, .host = &owner };
#define host module.table

static struct value *
read_item(const char *json, struct dynamo_error *e)
{
	struct pawl_doc d = host.doc_parse(&host, json, strlen(json), NULL);
	struct value *v = value_read_map(&host, d, e);

	host.doc_unref(&host, d);
	return v;
}

/* The parameters hold an expression of that kind; it fails with a message that has this part. */
static void
assert_refused(enum expression_kind kind, const char *params, const char *part)
{
	static const char *const names[] = { "ConditionExpression", "UpdateExpression",
		"ProjectionExpression" };
	struct pawl_doc d = host.doc_parse(&host, params, strlen(params), NULL);
	struct dynamo_error e = { 0 };
	struct substitutes s;

	assert_int_equal(substitutes_read(&host, d, &s, &e), 0);
	assert_null(expression_read(d, names[kind], kind, &s, &e));
	assert_string_equal(e.code, "ValidationException");
	assert_non_null(strstr(e.message, part));
	assert_true(doc_utf8_valid(e.message, strlen(e.message)));
	dynamo_error_fini(&e);
	substitutes_fini(&s);
	host.doc_unref(&host, d);
}

static void
a_character_that_is_no_ascii_is_named_whole_in_the_error(void **state)
{
	(void)state;
	assert_refused(EXPRESSION_CONDITION, "{\"ConditionExpression\": \"\xc3\xa9 = a\"}",
	    "token: \"\xc3\xa9\", near: \"\xc3\xa9 =\"");
	assert_refused(EXPRESSION_PROJECTION, "{\"ProjectionExpression\": \"a, \xe6\x97\xa5\"}",
	    "token: \"\xe6\x97\xa5\"");
	assert_refused(EXPRESSION_UPDATE, "{\"UpdateExpression\": \"SET a\xf0\x9f\x98\x80 = b\"}",
	    "token: \"\xf0\x9f\x98\x80\"");
}

static void
nothing_is_cut_at_the_character_0(void **state)
{
	static const char *const items[] = { "{\"a\\u0000b\": {\"S\": \"x\"}}",
		"{\"m\": {\"M\": {\"a\\u0000\": {\"S\": \"x\"}}}}",
		"{\"n\": {\"N\": \"1\\u0000x\"}}", "{\"n\": {\"NS\": [\"1\", \"1\\u0000\"]}}",
		"{\"s\": {\"S\": \"x\\u0000\"}}" };

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		struct dynamo_error e = { 0 };

		assert_null(read_item(items[i], &e));
		assert_non_null(strstr(e.message, "U+0000"));
		dynamo_error_fini(&e);
	}
	assert_refused(EXPRESSION_CONDITION, "{\"ConditionExpression\": \"a = a\\u0000 nonsense\"}",
	    "U+0000");
	assert_refused(EXPRESSION_CONDITION,
	    "{\"ConditionExpression\": \"#a = #a\", \"ExpressionAttributeNames\": {\"#a\": \"a\\u0000b\"}}",
	    "U+0000");
}

static void
functions_about_a_place_want_a_path(void **state)
{
	static const char *const conditions[] = { "attribute_exists(:v)",
		"attribute_not_exists(:v)", "attribute_type(:v, :v)", "attribute_exists(size(a))" };

	(void)state;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++) {
		char *params =
		    text_format("{\"ConditionExpression\": \"%s\", "
				"\"ExpressionAttributeValues\": {\":v\": {\"S\": \"S\"}}}",
			conditions[i]);

		assert_refused(EXPRESSION_CONDITION, params, "requires a document path");
		free(params);
	}
	assert_refused(EXPRESSION_UPDATE,
	    "{\"UpdateExpression\": \"SET a = if_not_exists(:v, :v)\", "
	    "\"ExpressionAttributeValues\": {\":v\": {\"S\": \"S\"}}}",
	    "requires a document path; operator or function: if_not_exists");
}

/* {"M": {"m": {"M": ... {}}}} with that many Ms; to be released with free. */
static char *
nested(int depth)
{
	struct text t = { 0 };

	for (int i = 1; i < depth; i++)
		text_adds(&t, "{\"M\":{\"m\":");
	text_adds(&t, "{\"M\":{}}");
	for (int i = 1; i < depth; i++)
		text_adds(&t, "}}");
	return t.s;
}

/* What SET a.m = :v says when a is 2 levels deep and :v so many. */
static int
update_deeper(int depth, struct dynamo_error *e)
{
	char *value = nested(depth);
	char *json = text_format("{\"UpdateExpression\": \"SET a.m = :v\", "
				 "\"ExpressionAttributeValues\": {\":v\": %s}}",
	    value);
	struct pawl_doc params = host.doc_parse(&host, json, strlen(json), NULL);
	struct value *item = read_item("{\"a\": {\"M\": {\"m\": {\"S\": \"x\"}}}}", e);
	struct substitutes s;
	struct node *update;
	int rc;

	assert_int_equal(substitutes_read(&host, params, &s, e), 0);
	update = expression_read(params, "UpdateExpression", EXPRESSION_UPDATE, &s, e);
	assert_non_null(update);
	rc = update_apply(update, item, e);
	node_free(update);
	substitutes_fini(&s);
	value_free(item);
	host.doc_unref(&host, params);
	free(json);
	free(value);
	return rc;
}

static void
an_update_makes_no_item_that_could_not_be_read_again(void **state)
{
	struct dynamo_error e = { 0 };

	(void)state;
	assert_int_equal(update_deeper(31, &e), 0);
	assert_int_equal(update_deeper(32, &e), -1);
	assert_string_equal(e.message, "Nesting Levels have exceeded supported limits");
	dynamo_error_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_character_that_is_no_ascii_is_named_whole_in_the_error),
		cmocka_unit_test(nothing_is_cut_at_the_character_0),
		cmocka_unit_test(functions_about_a_place_want_a_path),
		cmocka_unit_test(an_update_makes_no_item_that_could_not_be_read_again),
	};

	plugin_table_init(&host);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
