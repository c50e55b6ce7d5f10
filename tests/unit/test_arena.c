/*
 * test_arena - memory freed in one call: what is given stays apart, aligned and zeroed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void
pieces_of_all_sizes_are_aligned_zeroed_and_apart(void **state)
{
	static unsigned char *pieces[500];
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < 500; i++) {
		size_t n = i % 50 == 49 ? 20000 : i;

		pieces[i] = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i % 251) + 1, n);
	}
	for (size_t i = 0; i < 500; i++) {
		size_t n = i % 50 == 49 ? 20000 : i;

		for (size_t k = 0; k < n; k++)
			assert_int_equal(pieces[i][k], i % 251 + 1);
	}
	arena_fini(&a);
}

static void
texts_are_copied_and_the_arena_may_be_used_again(void **state)
{
	struct arena a;
	int *list;

	(void)state;
	arena_init(&a);
	assert_string_equal(arena_strdup(&a, "hello"), "hello");
	assert_string_equal(arena_strndup(&a, "hello", 3), "hel");
	assert_string_equal(arena_strndup(&a, "he", 30), "he");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
	assert_memory_equal(arena_memdup(&a, "a\0b", 3), "a\0b", 3);
	arena_fini(&a);
	assert_null(a.chunks);
	list = arena_calloc(&a, 1000, sizeof(*list));
	assert_int_equal(list[999], 0);
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_all_sizes_are_aligned_zeroed_and_apart),
		cmocka_unit_test(texts_are_copied_and_the_arena_may_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
