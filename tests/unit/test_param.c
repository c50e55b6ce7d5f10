/*
 * Parameters in binary form: bytes as PostgreSQL reads them, text that is not UTF-8.
 */
#include "store/param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
an_array_is_dimensions_type_and_elements(void **state)
{
	static const unsigned char expected[] = { 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 3,
		0, 0, 0, 1, /* head: smallint, 3 of them */
		0, 0, 0, 2, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0xff, 0xfe };
	struct param_array a;

	(void)state;
	param_array_init(&a);
	param_array_begin(&a, PARAM_I16);
	param_array_i16(&a, 7);
	param_array_null(&a);
	param_array_i16(&a, -2);
	assert_int_equal(a.b.len, sizeof expected);
	assert_memory_equal(a.b.data, expected, sizeof expected);
	param_array_fini(&a);
}

static void
an_array_without_elements_has_no_dimensions(void **state)
{
	static const unsigned char expected[] = { 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 25 };
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	struct param_array a;
	struct params p;

	(void)state;
	param_array_init(&a);
	params_init(&p);
	param_array_begin(&a, PARAM_TEXT);
	param_array_text(&a, "gone", 4);
	param_array_begin(&a, PARAM_TEXT);
	params_array(&p, &a);
	params_values(&p, values, lengths, formats);
	assert_int_equal(lengths[0], sizeof expected);
	assert_memory_equal(values[0], expected, sizeof expected);
	params_fini(&p);
	param_array_fini(&a);
}

static void
values_stay_right_while_more_are_added(void **state)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	struct params p;
	char long_text[1000];

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	params_init(&p);
	params_i64(&p, -1);
	params_str(&p, NULL);
	params_text(&p, long_text, sizeof long_text);
	params_str(&p, "");
	params_bool(&p, true);
	params_values(&p, values, lengths, formats);
	assert_memory_equal(values[0], "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_null(values[1]);
	assert_int_equal(lengths[2], sizeof long_text);
	assert_memory_equal(values[2], long_text, sizeof long_text);
	assert_non_null(values[3]);
	assert_int_equal(lengths[3], 0);
	assert_int_equal(lengths[4], 1);
	assert_int_equal(values[4][0], 1);
	params_fini(&p);
}

static void
words(const char *in, const char *expected)
{
	struct param_array a;

	param_array_init(&a);
	param_array_begin(&a, PARAM_TEXT);
	param_array_words(&a, in);
	assert_int_equal(a.b.len, 24 + strlen(expected));
	assert_memory_equal(a.b.data + 24, expected, strlen(expected));
	param_array_fini(&a);
}

static void
words_that_are_not_utf8_are_made_so(void **state)
{
#define BAD "\xef\xbf\xbd"
	(void)state;
	words("", "");
	words("plain", "plain");
	words("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	words("\xff", BAD);
	words("a\xc3", "a" BAD);
	words("\xc0\x80", BAD BAD);                 /* an overlong form */
	words("\xed\xa0\x80x", BAD BAD BAD "x");    /* half of a surrogate pair */
	words("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* beyond U+10FFFF */
	words("\xe2\x82", BAD BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_is_dimensions_type_and_elements),
		cmocka_unit_test(an_array_without_elements_has_no_dimensions),
		cmocka_unit_test(values_stay_right_while_more_are_added),
		cmocka_unit_test(words_that_are_not_utf8_are_made_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
