/*
 * test_token - task tokens: what was made is read, what was forged is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "task/token.h"

#define ARN "arn:aws:states:us-east-1:123456789012:execution:m:e-1"

static void
make(struct buf *b, const char *secret, int64_t task)
{
	buf_init(b, BUF_UNLIMITED);
	token_make(secret, ARN, task, b);
}

static void
a_token_is_read_back(void **state)
{
	struct buf token, arn;
	int64_t task = 0;

	(void)state;
	make(&token, "s", 123456789012345);
	buf_init(&arn, BUF_UNLIMITED);
	assert_int_equal(token_read("s", token.data, token.len, &arn, &task), 0);
	assert_int_equal(task, 123456789012345);
	assert_string_equal(buf_text(&arn), ARN);
	assert_int_equal(strspn(token.data,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	    token.len);
	buf_fini(&arn);
	buf_fini(&token);
}

static void
the_same_attempt_has_the_same_token_and_another_one_another(void **state)
{
	struct buf a, b, c;

	(void)state;
	make(&a, "s", 5);
	make(&b, "s", 5);
	make(&c, "s", 6);
	assert_string_equal(a.data, b.data);
	assert_string_not_equal(a.data, c.data);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
}

static void
any_changed_letter_and_any_other_secret_is_refused(void **state)
{
	struct buf token, arn;
	int64_t task;
	size_t i;

	(void)state;
	make(&token, "s", 5);
	buf_init(&arn, BUF_UNLIMITED);
	assert_int_equal(token_read("t", token.data, token.len, &arn, &task), -1);
	for (i = 0; i < token.len; i++) {
		char was = token.data[i];

		token.data[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(token_read("s", token.data, token.len, &arn, &task), -1);
		token.data[i] = '=';
		assert_int_equal(token_read("s", token.data, token.len, &arn, &task), -1);
		token.data[i] = was;
		assert_int_equal(token_read("s", token.data, i, &arn, &task), -1);
	}
	assert_int_equal(arn.len, 0);
	buf_fini(&arn);
	buf_fini(&token);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_read_back),
		cmocka_unit_test(the_same_attempt_has_the_same_token_and_another_one_another),
		cmocka_unit_test(any_changed_letter_and_any_other_secret_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
