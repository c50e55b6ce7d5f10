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

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct task_ref task = {
	.execution = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
	.shard = 200,
	.task_id = 123456789012345,
};

static void
make(struct buf *b, const char *secret, const struct task_ref *t)
{
	buf_init(b, BUF_UNLIMITED);
	token_make(secret, t, b);
}

static void
a_token_is_read_back(void **state)
{
	struct task_ref t = { .shard = -1 };
	struct buf token;

	(void)state;
	make(&token, SECRET, &task);
	assert_int_equal(token.len, TOKEN_LEN);
	assert_int_equal(token_read(SECRET, token.data, token.len, &t), 0);
	assert_int_equal(t.task_id, task.task_id);
	assert_int_equal(t.shard, task.shard);
	assert_true(uuid_equal(&t.execution, &task.execution));
	assert_int_equal(strspn(token.data,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
	    token.len);
	buf_fini(&token);
}

/* Programs in other languages check tokens by the description in token.h; this one is Python's. */
static void
the_form_of_a_token_is_as_described(void **state)
{
	struct buf token;

	(void)state;
	make(&token, SECRET, &task);
	assert_string_equal(token.data,
	    "tZI-gSuv4xS3e81kIv3HNcwDIAQIDBAUGBwgJCgsMDQ4PEAAAcEiGDd95");
	buf_fini(&token);
}

static void
the_same_attempt_has_the_same_token_and_another_one_another(void **state)
{
	struct task_ref other = task;
	struct buf a, b, c, d;

	(void)state;
	make(&a, SECRET, &task);
	make(&b, SECRET, &task);
	other.task_id++;
	make(&c, SECRET, &other);
	other = task;
	other.shard--;
	make(&d, SECRET, &other);
	assert_string_equal(a.data, b.data);
	assert_string_not_equal(a.data, c.data);
	assert_string_not_equal(a.data, d.data);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
	buf_fini(&d);
}

static void
any_changed_letter_and_any_other_secret_is_refused(void **state)
{
	struct task_ref t = { .shard = -1 };
	struct buf token;
	size_t i;

	(void)state;
	make(&token, SECRET, &task);
	assert_int_equal(token_read("t", token.data, token.len, &t), -1);
	for (i = 0; i < token.len; i++) {
		char was = token.data[i];

		token.data[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(token_read(SECRET, token.data, token.len, &t), -1);
		token.data[i] = '=';
		assert_int_equal(token_read(SECRET, token.data, token.len, &t), -1);
		token.data[i] = '\0';
		assert_int_equal(token_read(SECRET, token.data, token.len, &t), -1);
		token.data[i] = was;
		assert_int_equal(token_read(SECRET, token.data, i, &t), -1);
	}
	buf_addc(&token, 'A');
	assert_int_equal(token_read(SECRET, token.data, token.len, &t), -1);
	assert_int_equal(t.shard, -1);
	buf_fini(&token);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_read_back),
		cmocka_unit_test(the_form_of_a_token_is_as_described),
		cmocka_unit_test(the_same_attempt_has_the_same_token_and_another_one_another),
		cmocka_unit_test(any_changed_letter_and_any_other_secret_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
