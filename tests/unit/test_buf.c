/*
 * test_buf - the byte buffer: its limit, its escapes, who owns its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void
appends_add_up_and_end_with_nul(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	assert_string_equal(buf_text(&b), "");
	buf_adds(&b, "one");
	buf_addc(&b, ' ');
	buf_addf(&b, "%d-%s", 2, "two");
	buf_add(&b, " three", 6);
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_text(&b), "one 2-two three");
	assert_int_equal(b.len, 15);
	assert_int_equal(b.data[b.len], 0);
	buf_reset(&b);
	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 10000; i++)
		buf_addc(&b, 'x');
	assert_int_equal(b.len, 10000);
	assert_int_equal(strlen(b.data), 10000);
	buf_fini(&b);
}

static void
an_append_over_the_limit_leaves_the_text_and_fails_for_good(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_adds(&b, "0123456789");
	assert_false(buf_failed(&b));
	buf_addc(&b, 'x');
	assert_true(buf_failed(&b));
	assert_string_equal(buf_text(&b), "0123456789");
	buf_reset(&b);
	assert_false(buf_failed(&b));
	buf_addf(&b, "%s", "01234567890");
	assert_true(buf_failed(&b));
	buf_addc(&b, 'x');
	assert_string_equal(buf_text(&b), "");
	buf_reset(&b);
	buf_add_json_escaped(&b, "\n\n\n\n\n", 5);
	assert_false(buf_failed(&b));
	assert_null(buf_reserve(&b, 1));
	buf_fini(&b);
	buf_init(&b, BUF_UNLIMITED);
	buf_adds(&b, "a");
	assert_null(buf_reserve(&b, SIZE_MAX - 1));
	assert_true(buf_failed(&b));
	buf_fini(&b);
}

static void
reserved_room_may_be_used_in_part(void **state)
{
	struct buf b;
	char *to;

	(void)state;
	buf_init(&b, 100);
	to = buf_reserve(&b, 100);
	memset(to, 'a', 3);
	buf_advance(&b, 3);
	assert_string_equal(buf_text(&b), "aaa");
	to = buf_reserve(&b, 97);
	assert_non_null(to);
	memset(to, 'x', 97);
	buf_advance(&b, 97);
	assert_int_equal(strlen(buf_text(&b)), 100);
	buf_fini(&b);
}

static void
integers_are_written_over_their_whole_range(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_add_i64(&b, 0);
	buf_addc(&b, ' ');
	buf_add_i64(&b, -1);
	buf_addc(&b, ' ');
	buf_add_i64(&b, INT64_MIN);
	buf_addc(&b, ' ');
	buf_add_i64(&b, INT64_MAX);
	assert_string_equal(buf_text(&b), "0 -1 -9223372036854775808 9223372036854775807");
	buf_fini(&b);
}

static void
a_json_string_escapes_what_must_be_and_no_more(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	buf_add_json_string(&b, "a\"b\\c/\x7f\xc3\xa9", 9);
	assert_string_equal(buf_text(&b), "\"a\\\"b\\\\c/\x7f\xc3\xa9\"");
	buf_reset(&b);
	buf_add_json_string(&b, "\0\x01\b\t\n\x0b\f\r\x1f", 9);
	assert_string_equal(buf_text(&b), "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\"");
	buf_reset(&b);
	buf_add_json_string(&b, "", 0);
	assert_string_equal(buf_text(&b), "\"\"");
	buf_fini(&b);
}

static void
a_stolen_text_is_the_takers_and_the_buffer_begins_anew(void **state)
{
	struct buf b;
	char *text;
	size_t len;

	(void)state;
	buf_init(&b, 5);
	text = buf_steal(&b, &len);
	assert_string_equal(text, "");
	assert_int_equal(len, 0);
	free(text);
	buf_adds(&b, "12345");
	text = buf_steal(&b, &len);
	assert_int_equal(len, 5);
	buf_adds(&b, "678901");
	assert_true(buf_failed(&b));
	assert_string_equal(text, "12345");
	free(text);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_add_up_and_end_with_nul),
		cmocka_unit_test(an_append_over_the_limit_leaves_the_text_and_fails_for_good),
		cmocka_unit_test(reserved_room_may_be_used_in_part),
		cmocka_unit_test(integers_are_written_over_their_whole_range),
		cmocka_unit_test(a_json_string_escapes_what_must_be_and_no_more),
		cmocka_unit_test(a_stolen_text_is_the_takers_and_the_buffer_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
