/*
 * approval: which forms are refused, what people fill in, and that no link is made without the key.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "task/plugin_module.h"

#include "form.h"
#include "link.h"

/* As much of a plugin as the functions on documents look at. */
static struct plugin_host owner;
static struct module module = { .magic = MODULE_MAGIC, .host = &owner };
#define host module.table

static struct pawl_doc
parse(const char *json)
{
	struct pawl_doc d = host.doc_parse(&host, json, strlen(json), NULL);

	assert_non_null(d.block_);
	return d;
}

static void
assert_form(const char *field, const char *part)
{
	char form[512], *problem;
	struct pawl_doc d;

	snprintf(form, sizeof(form), "{\"type\":\"object\",\"properties\":{\"a\":%s}}", field);
	d = parse(form);
	problem = form_problem(&host, d);
	if (part == NULL)
		assert_null(problem);
	else
		assert_true(problem != NULL && strstr(problem, part) != NULL);
	free(problem);
	host.doc_unref(&host, d);
}

static void
a_form_is_a_part_of_json_schema(void **state)
{
	(void)state;
	assert_form("{\"type\":\"string\",\"format\":\"date\",\"default\":\"2024-02-29\"}", NULL);
	assert_form("{\"type\":\"integer\",\"minimum\":1,\"maximum\":3,\"enum\":[1,2]}", NULL);
	assert_form("{\"type\":\"string\",\"pattern\":\"a\"}", "pattern");
	assert_form("{\"type\":\"array\"}", "needs a type");
	assert_form("{\"type\":\"string\",\"minimum\":1}", "minimum");
	assert_form("{\"type\":\"number\",\"format\":\"date\"}", "format");
	assert_form("{\"type\":\"string\",\"maxLength\":-1}", "maxLength");
	assert_form("{\"type\":\"string\",\"enum\":[1]}", "enum");
	assert_form("{\"type\":\"integer\",\"default\":\"x\"}", "default");
}

static void
assert_values(const char *given, bool texts, const char *expected, const char *error)
{
	struct pawl_doc form = parse("{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{"
				     "\"n\":{\"type\":\"integer\",\"minimum\":2},"
				     "\"b\":{\"type\":\"boolean\"},"
				     "\"e\":{\"type\":\"string\",\"format\":\"email\"}}}");
	struct pawl_doc d = parse(given), errors;
	struct pawl_doc values = form_read(&host, form, d, texts, &errors);
	char *text;

	assert_true((values.block_ == NULL) == (expected == NULL));
	text = host.doc_text(&host, expected != NULL ? values : errors, NULL);
	if (expected != NULL)
		assert_string_equal(text, expected);
	else
		assert_non_null(strstr(text, error));
	host.free(&host, text);
	host.doc_unref(&host, values);
	host.doc_unref(&host, errors);
	host.doc_unref(&host, d);
	host.doc_unref(&host, form);
}

static void
what_is_filled_in_has_the_types_of_the_form(void **state)
{
	(void)state;
	assert_values("{\"n\":\" 7 \",\"b\":\"true\",\"e\":\"\"}", true, "{\"n\":7,\"b\":true}",
	    NULL);
	assert_values("{\"n\":\"7\"}", true, "{\"n\":7,\"b\":false}", NULL);
	assert_values("{\"n\":7}", false, "{\"n\":7}", NULL);
	assert_values("{\"n\":\"7\"}", false, NULL, "must be a number");
	assert_values("{\"n\":\"7.5\"}", true, NULL, "whole number");
	assert_values("{\"n\":\"1\"}", true, NULL, "2 at least");
	assert_values("{}", true, NULL, "required");
	assert_values("{\"n\":2,\"x\":1}", false, NULL, "no such field");
	assert_values("{\"n\":2,\"e\":\"a@b@c\"}", false, NULL, "e-mail");
	assert_values("{\"n\":2,\"b\":1}", false, NULL, "true or false");
}

static void
dates_and_addresses_are_real_ones(void **state)
{
	(void)state;
	assert_true(form_is_date("2000-02-29"));
	assert_false(form_is_date("1900-02-29"));
	assert_false(form_is_date("2026-04-31"));
	assert_false(form_is_date("2026-4-30"));
	assert_true(form_is_email("a@b"));
	assert_false(form_is_email("a@"));
	assert_false(form_is_email("@b"));
	assert_false(form_is_email("a@b\nBcc: c@d"));
	assert_false(form_is_email("a@b,c"));
}

static void
only_the_key_makes_links(void **state)
{
	unsigned char key[LINK_KEY_SIZE] = { 1 }, other[LINK_KEY_SIZE] = { 2 };
	char nonce[LINK_NONCE_SIZE], again[LINK_NONCE_SIZE], link[LINK_SIZE];

	(void)state;
	link_new_nonce(nonce);
	link_new_nonce(again);
	assert_string_not_equal(nonce, again);
	link_make(key, nonce, link);
	assert_int_equal(strlen(link), LINK_SIZE - 1);
	assert_true(link_read(key, link, strlen(link), again));
	assert_string_equal(nonce, again);
	assert_false(link_read(other, link, strlen(link), again));
	assert_false(link_read(key, link, strlen(link) - 1, again));
	for (size_t i = 0; i < LINK_SIZE - 1; i++) {
		link[i] ^= 1;
		assert_false(link_read(key, link, strlen(link), again));
		link[i] ^= 1;
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_a_part_of_json_schema),
		cmocka_unit_test(what_is_filled_in_has_the_types_of_the_form),
		cmocka_unit_test(dates_and_addresses_are_real_ones),
		cmocka_unit_test(only_the_key_makes_links),
	};

	owner.thread = pthread_self();
	plugin_table_init(&host);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
