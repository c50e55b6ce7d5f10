/*
 * test_page - page tokens: good for what they were given for, and for nothing else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "api/page.h"

#define NOW INT64_C(1800000000000)

static struct page_binding
bind(const char *action, const char *a, const char *b)
{
	struct page_binding p;

	page_binding_init(&p, action);
	page_binding_add(&p, a, a != NULL ? strlen(a) : 0);
	page_binding_add(&p, b, b != NULL ? strlen(b) : 0);
	return p;
}

static int
read_token(const char *secret, const char *action, const char *a, const char *b, const char *token,
    int64_t now_ms, struct buf *position)
{
	struct page_binding p = bind(action, a, b);
	struct err e = ERR_INIT;
	int rc = page_token_read(secret, &p, token, strlen(token), now_ms, position, &e);

	if (rc != 0) {
		assert_string_equal(e.name, "InvalidToken");
		assert_string_equal(err_cause(&e), "Invalid Token: 'Invalid token'");
	}
	err_fini(&e);
	page_binding_fini(&p);
	return rc;
}

/* A token of List with the arguments "ab" and "c" for the position "here\0x". */
static void
make(struct buf *token)
{
	struct page_binding p = bind("List", "ab", "c");

	buf_init(token, BUF_UNLIMITED);
	page_token_make("secret", &p, "here\0x", 6, NOW, token);
	page_binding_fini(&p);
}

static void
a_token_gives_its_position_back(void **state)
{
	struct buf token, position;

	(void)state;
	make(&token);
	buf_init(&position, BUF_UNLIMITED);
	assert_int_equal(read_token("secret", "List", "ab", "c", token.data, NOW, &position), 0);
	assert_int_equal(position.len, 6);
	assert_memory_equal(position.data, "here\0x", 6);
	assert_int_equal(strspn(token.data,
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			     "0123456789-_"),
	    token.len);
	buf_fini(&position);
	buf_fini(&token);
}

static void
a_token_is_bound_to_its_arguments(void **state)
{
	struct buf token, none;

	(void)state;
	make(&token);
	buf_init(&none, BUF_UNLIMITED);
	assert_int_equal(read_token("other", "List", "ab", "c", token.data, NOW, &none), -1);
	assert_int_equal(read_token("secret", "Lisp", "ab", "c", token.data, NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "a", "bc", token.data, NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "ab", NULL, token.data, NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "ab", "", token.data, NOW, &none), -1);
	assert_int_equal(none.len, 0);
	buf_fini(&none);
	buf_fini(&token);
}

static void
a_token_lives_a_day(void **state)
{
	struct buf token, position;

	(void)state;
	make(&token);
	buf_init(&position, BUF_UNLIMITED);
	assert_int_equal(read_token("secret", "List", "ab", "c", token.data,
			     NOW + PAGE_TOKEN_LIFE_MS, &position),
	    0);
	assert_int_equal(read_token("secret", "List", "ab", "c", token.data,
			     NOW + PAGE_TOKEN_LIFE_MS + 1, &position),
	    -1);
	buf_fini(&position);
	buf_fini(&token);
}

static void
no_changed_character_goes_unnoticed(void **state)
{
	struct buf token, none;

	(void)state;
	make(&token);
	buf_init(&none, BUF_UNLIMITED);
	for (size_t i = 0; i < token.len; i++) {
		char was = token.data[i];

		token.data[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(read_token("secret", "List", "ab", "c", token.data, NOW, &none),
		    -1);
		token.data[i] = was;
	}
	token.data[token.len - 1] = '\0';
	assert_int_equal(read_token("secret", "List", "ab", "c", token.data, NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "ab", "c", "", NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "ab", "c", "!", NOW, &none), -1);
	assert_int_equal(read_token("secret", "List", "ab", "c", "\xc3\xa9", NOW, &none), -1);
	buf_fini(&none);
	buf_fini(&token);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_gives_its_position_back),
		cmocka_unit_test(a_token_is_bound_to_its_arguments),
		cmocka_unit_test(a_token_lives_a_day),
		cmocka_unit_test(no_changed_character_goes_unnoticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
