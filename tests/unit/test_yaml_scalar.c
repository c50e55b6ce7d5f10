/*
 * test_yaml_scalar - plain scalars by the core schema of YAML 1.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cli/yaml_scalar.h"

static void
is(const char *text, enum doc_type type)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	if (yaml_scalar_type(text, strlen(text), &b) != type)
		print_error("'%s'\n", text);
	assert_int_equal(yaml_scalar_type(text, strlen(text), &b), type);
	buf_fini(&b);
}

/* json "" = a number that JSON does not have. */
static void
is_number(const char *text, const char *json)
{
	struct doc d;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "what was there before");
	if (yaml_scalar_type(text, strlen(text), &b) != DOC_NUMBER)
		print_error("'%s'\n", text);
	assert_int_equal(yaml_scalar_type(text, strlen(text), &b), DOC_NUMBER);
	assert_string_equal(buf_text(&b), json);
	if (b.len > 0) {
		d = doc_parse(b.data, b.len, NULL);
		assert_int_equal(doc_type(d), DOC_NUMBER);
		doc_unref(d);
	}
	buf_fini(&b);
}

static void
words_of_the_core_schema_are_no_strings(void **state)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const trues[] = { "true", "True", "TRUE" };
	static const char *const falses[] = { "false", "False", "FALSE" };
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		is(nulls[i], DOC_NULL);
	for (i = 0; i < 3; i++) {
		is(trues[i], DOC_TRUE);
		is(falses[i], DOC_FALSE);
	}
}

static void
what_only_yaml_1_1_knows_is_a_string(void **state)
{
	static const char *const strings[] = { "yes", "no", "on", "off", "y", "n", "Yes", "NO",
		"2001-12-14", "2001-12-14T21:59:43.10-05:00", "1_000", "12:30", "0b101", "tRUE",
		"nULL", "=", "<<", "Infinity", "NaN", "inf", ".Nan", "0x", "0o8", "0xg", "-0x1",
		"+0o7", "1e", "1e+", ".", "+", "-", "-.", ".e3", "e3", "1.2.3", "--1", "1 2", "1a",
		"$.a", "1,5", "+-1", "0X1F", " 1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		is(strings[i], DOC_STRING);
}

static void
numbers_keep_their_text_where_json_allows_it(void **state)
{
	(void)state;
	is_number("0", "0");
	is_number("-0", "-0");
	is_number("12345678901234567890123", "12345678901234567890123");
	is_number("1.50", "1.50");
	is_number("-1.5E-10", "-1.5E-10");
	is_number("1e+3", "1e+3");
	is_number("0.0", "0.0");
}

static void
numbers_that_json_writes_otherwise_are_rewritten(void **state)
{
	(void)state;
	is_number("+7", "7");
	is_number("007", "7");
	is_number("-007.5", "-7.5");
	is_number("000", "0");
	is_number(".5", "0.5");
	is_number("-.5e1", "-0.5e1");
	is_number("5.", "5");
	is_number("5.e2", "5e2");
	is_number("0x1F", "31");
	is_number("0xff", "255");
	is_number("0o17", "15");
	is_number("0x0", "0");
	is_number("0xffffffffffffffff", "18446744073709551615");
	is_number("0o1777777777777777777777", "18446744073709551615");
}

static void
numbers_that_json_does_not_have_are_numbers_without_a_text(void **state)
{
	static const char *const texts[] = { ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf",
		".nan", ".NaN", ".NAN", "0x10000000000000000", "0o2000000000000000000000" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		is_number(texts[i], "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_the_core_schema_are_no_strings),
		cmocka_unit_test(what_only_yaml_1_1_knows_is_a_string),
		cmocka_unit_test(numbers_keep_their_text_where_json_allows_it),
		cmocka_unit_test(numbers_that_json_writes_otherwise_are_rewritten),
		cmocka_unit_test(numbers_that_json_does_not_have_are_numbers_without_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
