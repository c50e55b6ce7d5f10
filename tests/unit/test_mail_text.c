/*
 * test_mail_text - addresses and words in the head of a mail, and what is refused there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "task/mail_text.h"

static struct buf out, path;

static int
setup(void **state)
{
	(void)state;
	buf_init(&out, BUF_UNLIMITED);
	buf_init(&path, BUF_UNLIMITED);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&out);
	buf_fini(&path);
	return 0;
}

static void
assert_address(const char *given, const char *header, const char *bare)
{
	struct err e = ERR_INIT;

	buf_reset(&out);
	buf_reset(&path);
	if (mail_address(given, &out, &path, &e) != 0)
		fail_msg("%s: %s", given, err_cause(&e));
	assert_string_equal(buf_text(&out), header);
	assert_string_equal(buf_text(&path), bare);
}

static void
assert_no_address(const char *given)
{
	struct err e = ERR_INIT;

	if (mail_address(given, &out, &path, &e) == 0)
		fail_msg("%s is taken as %s", given, buf_text(&path));
	assert_true(strlen(err_cause(&e)) > 10);
	err_fini(&e);
}

static void
addresses_come_bare_and_with_a_name(void **state)
{
	(void)state;
	assert_address("a@example.com", "a@example.com", "a@example.com");
	assert_address("  a.b+c@x ", "a.b+c@x", "a.b+c@x");
	assert_address("<a@b.c>", "a@b.c", "a@b.c");
	assert_address("Ann Lee <ann@b.c>", "\"Ann Lee\" <ann@b.c>", "ann@b.c");
	assert_address("\"Lee, \\\"Ann\\\"\"  <ann@b.c>", "\"Lee, \\\"Ann\\\"\" <ann@b.c>",
	    "ann@b.c");
	assert_address("a <b> c <ann@b.c>", "\"a <b> c\" <ann@b.c>", "ann@b.c");
	assert_address("J\xc3\xb6rg <j@b.c>", "=?UTF-8?B?SsO2cmc=?= <j@b.c>", "j@b.c");
	assert_address("=?x?= <j@b.c>", "=?UTF-8?B?PT94Pz0=?= <j@b.c>", "j@b.c");
}

static void
what_is_no_address_or_could_end_a_line_is_refused(void **state)
{
	(void)state;
	assert_no_address("");
	assert_no_address(" ");
	assert_no_address("a");
	assert_no_address("@b.c");
	assert_no_address("a@");
	assert_no_address("a@b@c");
	assert_no_address("a b@c");
	assert_no_address("a@b c");
	assert_no_address("a@b.c, d@e.f");
	assert_no_address("<a@b.c");
	assert_no_address("a@b.c>");
	assert_no_address("a@b.c> <d@e.f>x");
	assert_no_address("a@-b");
	assert_no_address("a@.b");
	assert_no_address("a@b.");
	assert_no_address("a@b.c\r\nBcc: d@e.f");
	assert_no_address("a\r\nBcc: x <a@b.c>");
	assert_no_address("a\n <a@b.c>");
	assert_no_address("x <a@b.c\r\n>");
	assert_no_address("a@b\xc3\xb6.c");
	assert_no_address("\xc3\xb6@b.c");
}

static void
plain_words_stay_as_they_are(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mail_words("Your order: 50% off!", 9, "The subject", &out, &e), 0);
	assert_string_equal(buf_text(&out), "Your order: 50% off!");
	buf_reset(&out);
	assert_int_equal(mail_words("", 9, "The subject", &out, &e), 0);
	assert_string_equal(buf_text(&out), "");
}

/* Each line holds one encoded word of 75 characters at most, and is 76 long at most. */
static void
assert_folded(size_t column)
{
	const char *line = buf_text(&out);

	for (;;) {
		const char *end = strstr(line, "\r\n");
		size_t len = end != NULL ? (size_t)(end - line) : strlen(line);

		assert_true(len + column <= 76);
		assert_true(len == 0 || strncmp(line + (column == 0), "=?UTF-8?B?", 10) == 0);
		assert_true(len == 0 || memcmp(line + len - 2, "?=", 2) == 0);
		if (end == NULL)
			return;
		line = end + 2;
		column = 0;
	}
}

static void
other_words_are_encoded_and_folded_between_characters(void **state)
{
	struct err e = ERR_INIT;
	char text[2000] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, i % 3 == 0 ? "\xf0\x9f\x98\x80" : i % 3 == 1 ? "\xc3\xa4" : "x");
	for (size_t column = 2; column < 76; column++) {
		buf_reset(&out);
		assert_int_equal(mail_words(text, column, "A header", &out, &e), 0);
		assert_folded(column);
	}
	buf_reset(&out);
	memset(text, 'a', 1500);
	text[1500] = '\0';
	assert_int_equal(mail_words(text, 9, "The subject", &out, &e), 0);
	assert_folded(9);
}

static void
words_with_line_ends_are_refused(void **state)
{
	static const char *const bad[] = { "a\nb", "a\r\nBcc: x", "a\rb", "a\tb", "a\x7f", "\x1b[m",
		"\xc3\xa4\n" };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mail_words(bad[i], 9, "The subject", &out, &e), -1);
		assert_string_equal(err_cause(&e),
		    "The subject holds a control character, as a line end is one");
	}
	assert_int_equal(out.len, 0);
	err_fini(&e);
}

static void
headers_have_names_that_are_the_senders_to_set(void **state)
{
	static const char *const bad[] = { "", "a b", "a:", "To", "bcc", "FROM", "Content-Type",
		"content-x", "a\r\nb", "mime-version", "\xc3\xa4" };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mail_header("Message-ID", "<1@x>", &out, &e), 0);
	assert_string_equal(buf_text(&out), "Message-ID: <1@x>");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mail_header(bad[i], "x", &out, &e), -1);
	assert_int_equal(mail_header("X-A", "x\r\nBcc: y", &out, &e), -1);
	err_fini(&e);
}

static void
bodies_have_line_ends_of_mail(void **state)
{
	(void)state;
	mail_body("a\nb\r\nc\rd\n\ne", &out);
	assert_string_equal(buf_text(&out), "a\r\nb\r\nc\r\nd\r\n\r\ne");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(addresses_come_bare_and_with_a_name),
		T(what_is_no_address_or_could_end_a_line_is_refused),
		T(plain_words_stay_as_they_are),
		T(other_words_are_encoded_and_folded_between_characters),
		T(words_with_line_ends_are_refused),
		T(headers_have_names_that_are_the_senders_to_set),
		T(bodies_have_line_ends_of_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
