/*
 * test_num - numbers as text: reading, comparing and the shortest text of a double.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/num.h"

static void
assert_formats(double v, const char *expected)
{
	char text[NUM_TEXT_SIZE + 1];
	size_t len = num_format_f64(v, text);

	text[len] = '\0';
	assert_string_equal(text, expected);
}

static void
doubles_are_laid_out_as_javascript_does(void **state)
{
	(void)state;
	assert_formats(0, "0");
	assert_formats(-0.0, "0");
	assert_formats(1, "1");
	assert_formats(-42, "-42");
	assert_formats(100, "100");
	assert_formats(0.1, "0.1");
	assert_formats(0.1 + 0.2, "0.30000000000000004");
	assert_formats(-1.5, "-1.5");
	assert_formats(123456.789, "123456.789");
	assert_formats(1e20, "100000000000000000000");
	assert_formats(123456789012345680000.0, "123456789012345680000");
	assert_formats(1e21, "1e+21");
	assert_formats(1.5e300, "1.5e+300");
	assert_formats(0.000001, "0.000001");
	assert_formats(0.00000123, "0.00000123");
	assert_formats(1e-7, "1e-7");
	assert_formats(1.25e-7, "1.25e-7");
	assert_formats(5e-324, "5e-324");
	assert_formats(DBL_MAX, "1.7976931348623157e+308");
	assert_formats(DBL_MIN, "2.2250738585072014e-308");
	assert_formats(9007199254740993.0, "9007199254740992");
	assert_formats(1.0 / 3, "0.3333333333333333");
	assert_formats(2.0 / 3, "0.6666666666666666");
	assert_formats(9.5367431640625e-7, "9.5367431640625e-7");
	assert_formats(ldexp(1, -1019), "1.7800590868057611e-307");
	/* the nearest decimal of 16 digits misses, the next one above reads back */
	assert_formats(ldexp(1, -44), "5.684341886080802e-14");
}

static uint64_t walk = 88172645463325252u;

static uint64_t
rnd(void)
{
	walk ^= walk << 13;
	walk ^= walk >> 7;
	walk ^= walk << 17;
	return walk;
}

static void
assert_reads_back(double v)
{
	char text[NUM_TEXT_SIZE + 1];
	size_t len = num_format_f64(v, text);
	double again;

	assert_true(num_to_f64(text, len, &again));
	text[len] = '\0';
	if (again != v || strtod(text, NULL) != v)
		fail_msg("%.17g prints as %s", v, text);
}

static void
every_double_reads_back_from_its_text(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = rnd();
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (isfinite(v))
			assert_reads_back(v);
		assert_reads_back((double)(int64_t)rnd());
		assert_reads_back((double)(rnd() % 1000000) / 1000);
		assert_reads_back((double)(rnd() % 1000000000) * 1e-12);
	}
	for (int e = -1074; e < 1024; e++)
		assert_reads_back(ldexp(1, e));
}

static void
reading_a_decimal_gives_the_nearest_double(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		char text[64];
		double v;
		int n = snprintf(text, sizeof(text), "%s%llu.%06lluE%d", rnd() % 2 == 0 ? "-" : "",
		    (unsigned long long)(rnd() >> (rnd() % 64)),
		    (unsigned long long)(rnd() % 1000000), (int)(rnd() % 600) - 300);

		if (isinf(strtod(text, NULL)))
			assert_false(num_to_f64(text, (size_t)n, &v));
		else if (!num_to_f64(text, (size_t)n, &v) || v != strtod(text, NULL))
			fail_msg("%s is read as %.17g", text, v);
	}
}

static void
assert_i64(const char *text, bool is, int64_t expected)
{
	int64_t v = 0;

	if (num_to_i64(text, strlen(text), &v) != is || v != expected)
		fail_msg("%s: %lld", text, (long long)v);
}

static void
an_integer_is_one_however_it_is_written(void **state)
{
	(void)state;
	assert_i64("0", true, 0);
	assert_i64("-0.00e99999999999999999999", true, 0);
	assert_i64("1", true, 1);
	assert_i64("1.0", true, 1);
	assert_i64("1e2", true, 100);
	assert_i64("1.25e2", true, 125);
	assert_i64("1200e-2", true, 12);
	assert_i64("0.00012e5", true, 12);
	assert_i64("-120E-1", true, -12);
	assert_i64("9223372036854775807", true, INT64_MAX);
	assert_i64("-9223372036854775808", true, INT64_MIN);
	assert_i64("9223372036854775807.0", true, INT64_MAX);
	assert_i64("9223372036854775808", false, 0);
	assert_i64("-9223372036854775809", false, 0);
	assert_i64("10000000000000000000", false, 0);
	assert_i64("1e18", true, 1000000000000000000);
	assert_i64("1e19", false, 0);
	assert_i64("1e99999999999999999999", false, 0);
	assert_i64("1e-99999999999999999999", false, 0);
	assert_i64("0.5", false, 0);
	assert_i64("1.01", false, 0);
	assert_i64("125e-3", false, 0);
}

/* Each is smaller than the next; equal ones stand in one line. */
static void
comparing_is_exact_at_any_length(void **state)
{
	static const char *const lines[][3] = {
		{ "-1e999999999999", "-1.0e999999999999", "-10e999999999998" },
		{ "-1e400" },
		{ "-12345678901234567891" },
		{ "-12345678901234567890", "-1234567890123456789e1", "-12345678901234567890.000" },
		{ "-1.5", "-15e-1" },
		{ "-1e-400" },
		{ "0", "-0", "0.0e5" },
		{ "1e-400" },
		{ "0.1", "1e-1", "0.100" },
		{ "0.1000000000000000055511151231257827" },
		{ "0.11" },
		{ "1", "1.0", "10e-1" },
		{ "9" },
		{ "10", "1e1", "1.0E+1" },
		{ "99.99" },
		{ "100" },
		{ "12345678901234567890" },
		{ "12345678901234567891" },
		{ "1e400" },
		{ "1.1e400" },
	};
	size_t n = sizeof(lines) / sizeof(lines[0]);

	(void)state;
	for (size_t i = 0; i < n * 3; i++) {
		for (size_t k = 0; k < n * 3; k++) {
			const char *a = lines[i / 3][i % 3], *b = lines[k / 3][k % 3];
			int cmp;

			if (a == NULL || b == NULL)
				continue;
			cmp = num_cmp(a, strlen(a), b, strlen(b));
			if ((cmp > 0) - (cmp < 0) != (i / 3 > k / 3) - (i / 3 < k / 3))
				fail_msg("%s and %s compare as %d", a, b, cmp);
		}
	}
}

static void
beyond_the_range_of_a_double_there_is_none(void **state)
{
	char digits[2000];
	double v;

	(void)state;
	assert_false(num_to_f64("1e400", 5, &v));
	assert_false(num_to_f64("-1e99999999999999999999", 23, &v));
	assert_true(num_to_f64("1e-400", 6, &v));
	assert_true(v == 0);
	memset(digits, '9', sizeof(digits));
	assert_false(num_to_f64(digits, sizeof(digits), &v));
	digits[1] = '.';
	assert_true(num_to_f64(digits, sizeof(digits), &v));
	assert_true(v == 10);
	assert_true(num_to_f64("-0", 2, &v));
	assert_true(v == 0 && signbit(v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_are_laid_out_as_javascript_does),
		cmocka_unit_test(every_double_reads_back_from_its_text),
		cmocka_unit_test(reading_a_decimal_gives_the_nearest_double),
		cmocka_unit_test(an_integer_is_one_however_it_is_written),
		cmocka_unit_test(comparing_is_exact_at_any_length),
		cmocka_unit_test(beyond_the_range_of_a_double_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
