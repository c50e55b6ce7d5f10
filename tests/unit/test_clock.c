/*
 * test_clock - times as text and back, and the clocks that tests set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"

static void
assert_formats(int64_t ms, const char *expected)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(ms, text);
	assert_string_equal(text, expected);
}

static void
a_time_is_written_in_utc_with_milliseconds(void **state)
{
	(void)state;
	assert_formats(0, "1970-01-01T00:00:00.000Z");
	assert_formats(1767225600123, "2026-01-01T00:00:00.123Z");
	assert_formats(951782400000, "2000-02-29T00:00:00.000Z");
	assert_formats(-1, "1969-12-31T23:59:59.999Z");
	assert_formats(-62167219200000, "0000-01-01T00:00:00.000Z");
	assert_formats(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void
every_day_of_ten_thousand_years_reads_back(void **state)
{
	char text[CLOCK_ISO_SIZE];
	int64_t back;

	(void)state;
	for (int64_t ms = -62167219200000; ms < 253402300800000; ms += 86400000 + 1) {
		struct tm tm;
		time_t s = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);

		clock_format_iso(ms, text);
		gmtime_r(&s, &tm);
		assert_int_equal(text[8] * 10 + text[9] - '0' * 11, tm.tm_mday);
		assert_int_equal(text[5] * 10 + text[6] - '0' * 11, tm.tm_mon + 1);
		assert_int_equal(clock_parse_iso(text, strlen(text), &back), 0);
		assert_true(back == ms);
	}
}

static void
offsets_and_fractions_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "2026-01-01T00:00:00Z", 1767225600000 },
		{ "2026-01-01T02:30:00+02:30", 1767225600000 },
		{ "2025-12-31T19:00:00-05:00", 1767225600000 },
		{ "2026-01-01T00:00:00.1Z", 1767225600100 },
		{ "2026-01-01T00:00:00.12Z", 1767225600120 },
		{ "2026-01-01T00:00:00.123999999Z", 1767225600123 },
		{ "2026-01-01T00:00:00.001+00:00", 1767225600001 },
		{ "2024-02-29T23:59:59Z", 1709251199000 },
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(clock_parse_iso(good[i].text, strlen(good[i].text), &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void
anything_else_is_refused(void **state)
{
	static const char *const bad[] = { "", "2026-01-01", "2026-01-01T00:00:00",
		"2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+0200",
		"2026-01-01T00:00:00+02", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Z ",
		" 2026-01-01T00:00:00Z", "20260101T000000Z", "26-01-01T00:00:00Z",
		"2026-1-1T00:00:00Z", "2026-01-01T00:00Z", "+2026-01-01T00:00:00Z" };
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (clock_parse_iso(bad[i], strlen(bad[i]), &ms) != -1)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(ms, 7);
}

static void
a_test_sets_both_clocks_and_gives_them_back(void **state)
{
	int64_t before = clock_mono_us();

	(void)state;
	clock_fake(1000, 2000);
	assert_int_equal(clock_wall_ms(), 1000);
	assert_int_equal(clock_mono_ms(), 2000);
	assert_int_equal(clock_mono_us(), 2000000);
	clock_fake(-1, -1);
	assert_true(clock_wall_ms() > 1600000000000);
	assert_true(clock_mono_us() >= before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_written_in_utc_with_milliseconds),
		cmocka_unit_test(every_day_of_ten_thousand_years_reads_back),
		cmocka_unit_test(offsets_and_fractions_are_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_test_sets_both_clocks_and_gives_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
