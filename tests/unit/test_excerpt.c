/*
 * test_excerpt - a line of a text with its caret, whatever the line is made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/excerpt.h"

/* The excerpt of the bytes from begin to end. */
static void
shows_bytes(const char *text, size_t len, size_t begin, size_t end, const char *want)
{
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	excerpt_add(&b, text, len, begin, end);
	assert_string_equal(buf_text(&b), want);
	buf_fini(&b);
}

/* The place is where the word stands in the text. */
static void
shows(const char *text, const char *word, const char *want)
{
	const char *at = strstr(text, word);

	assert_non_null(at);
	shows_bytes(text, strlen(text), (size_t)(at - text), (size_t)(at - text) + strlen(word),
	    want);
}

static void
stands_at(const char *text, size_t offset, size_t line, size_t column)
{
	struct excerpt_point p = excerpt_point(text, strlen(text), offset);

	assert_int_equal(p.line, line);
	assert_int_equal(p.column, column);
}

static void
lines_end_with_any_line_break(void **state)
{
	(void)state;
	stands_at("", 0, 1, 1);
	stands_at("ab\ncd", 0, 1, 1);
	stands_at("ab\ncd", 2, 1, 3);
	stands_at("ab\ncd", 3, 2, 1);
	stands_at("ab\ncd", 5, 2, 3);
	stands_at("ab\r\ncd", 3, 1, 4);
	stands_at("ab\r\ncd", 4, 2, 1);
	stands_at("ab\rcd", 3, 2, 1);
	stands_at("\n\r\r\n\n", 5, 5, 1);
	stands_at("a\n", 2, 2, 1);
}

static void
a_column_is_a_character(void **state)
{
	(void)state;
	stands_at("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x", 9, 1, 4);
	stands_at("\tx", 1, 1, 2);
	/* what is no UTF-8 counts byte by byte */
	stands_at("\xff\xe2\x82x", 3, 1, 4);
}

static void
the_caret_is_as_long_as_the_word(void **state)
{
	(void)state;
	shows("one\ntwo three\nfour", "three",
	    "    2 | two three\n"
	    "      |     ^~~~~\n");
	shows("a", "a",
	    "    1 | a\n"
	    "      | ^\n");
	/* up to the end of the line only */
	shows("one two\nthree", "two\nthr",
	    "    1 | one two\n"
	    "      |     ^~~\n");
	/* the end of a line or of the text has a caret too */
	shows_bytes("ab\ncd", 5, 2, 2,
	    "    1 | ab\n"
	    "      |   ^\n");
	shows_bytes("ab\n", 3, 3, 3,
	    "    2 | \n"
	    "      | ^\n");
}

static void
tabs_and_wide_characters_do_not_move_the_caret(void **state)
{
	(void)state;
	shows("\t\"a\":\tx", "x",
	    "    1 |     \"a\":    x\n"
	    "      |             ^\n");
	shows("\xc3\xa9\xc3\xa9 xy", "xy",
	    "    1 | \xc3\xa9\xc3\xa9 xy\n"
	    "      |    ^~\n");
	/* two columns each */
	shows("\xe6\x97\xa5\xe6\x9c\xac x", "x",
	    "    1 | \xe6\x97\xa5\xe6\x9c\xac x\n"
	    "      |      ^\n");
	shows("x \xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
	    "    1 | x \xf0\x9f\x98\x80\xf0\x9f\x98\x80\n"
	    "      |   ^~~~\n");
	/* an accent of its own: none */
	shows("e\xcc\x81 x", "x",
	    "    1 | e\xcc\x81 x\n"
	    "      |   ^\n");
}

static void
what_a_terminal_would_obey_is_spelt_out(void **state)
{
	(void)state;
	shows("a\x1b[31m x", "x",
	    "    1 | a\\x1b[31m x\n"
	    "      |           ^\n");
	shows("\xc2\x9b x", "x",
	    "    1 | \\x9b x\n"
	    "      |      ^\n");
	/* text that would run from right to left */
	shows("\xe2\x80\xae x", "x",
	    "    1 | \\u202e x\n"
	    "      |        ^\n");
	shows("\xff\xfe x", "x",
	    "    1 | \\xff\\xfe x\n"
	    "      |          ^\n");
	/* beyond Unicode, a surrogate, more bytes than needed */
	shows("\xf4\xa7\xa7\xa7\xed\xa0\x80\xc0\x9b x", "x",
	    "    1 | \\xf4\\xa7\\xa7\\xa7\\xed\\xa0\\x80\\xc0\\x9b x\n"
	    "      |                                      ^\n");
	shows_bytes("a\0b", 3, 2, 3,
	    "    1 | a\\x00b\n"
	    "      |      ^\n");
}

static void
a_long_line_is_a_window_around_the_caret(void **state)
{
	char text[3001], *want;

	(void)state;
	memset(text, '-', sizeof(text) - 1);
	text[3000] = '\0';
	memcpy(text + 1500, "word", 4);
	want = xasprintf("    1 | ...%.40sword%.56s...\n      | %43s^~~~\n", text, text, "");
	shows(text, "word", want);
	free(want);
	memset(text, '-', sizeof(text) - 1);
	memcpy(text + 10, "word", 4);
	want = xasprintf("    1 | %.10sword%.86s...\n      | %10s^~~~\n", text, text + 14, "");
	shows(text, "word", want);
	free(want);
	memset(text, '-', sizeof(text) - 1);
	memcpy(text + 2996, "word", 4);
	want = xasprintf("    1 | ...%.40sword\n      | %43s^~~~\n", text, "");
	shows(text, "word", want);
	free(want);
}

static void
a_line_that_fits_is_shown_whole(void **state)
{
	char text[102], *want;

	(void)state;
	memset(text, '-', sizeof(text) - 1);
	text[101] = '\0';
	text[99] = 'x';
	text[100] = '\0';
	want = xasprintf("    1 | %s\n      | %99s^\n", text, "");
	shows(text, "x", want);
	free(want);
	text[99] = '-';
	text[100] = 'x';
	want = xasprintf("    1 | ...%.40sx\n      | %43s^\n", text, "");
	shows(text, "x", want);
	free(want);
}

/* Every place of a text of every byte, and more: nothing but letters comes out. */
static void
any_bytes_and_any_place_can_be_shown(void **state)
{
	char text[600];
	struct buf b;
	size_t i, begin;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i < 256 ? i : i * i >> 3);
	buf_init(&b, BUF_UNLIMITED);
	for (begin = 0; begin <= sizeof(text); begin++) {
		buf_reset(&b);
		excerpt_add(&b, text, sizeof(text), begin, begin + 7);
		for (i = 0; i < b.len; i++)
			assert_true(b.data[i] == '\n' || (unsigned char)b.data[i] >= ' ');
		assert_true(b.len < 2000);
		assert_true(excerpt_point(text, sizeof(text), begin).line >= 1);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_with_any_line_break),
		cmocka_unit_test(a_column_is_a_character),
		cmocka_unit_test(the_caret_is_as_long_as_the_word),
		cmocka_unit_test(tabs_and_wide_characters_do_not_move_the_caret),
		cmocka_unit_test(what_a_terminal_would_obey_is_spelt_out),
		cmocka_unit_test(a_long_line_is_a_window_around_the_caret),
		cmocka_unit_test(a_line_that_fits_is_shown_whole),
		cmocka_unit_test(any_bytes_and_any_place_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
