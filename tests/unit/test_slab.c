/*
 * test_slab - things of one size: zeroed, apart from each other, and given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/slab.h"

#define SIZE 56
#define N 20000 /* more than one page holds */

static char *things[N];

static void
assert_all(const char *thing, char value)
{
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(thing[i], value);
}

static void
things_are_zeroed_and_apart_whatever_was_given_back_before(void **state)
{
	struct slab s;
	uint64_t x = 88172645463325252u;

	(void)state;
	slab_init(&s, SIZE);
	for (size_t i = 0; i < 200000; i++) {
		size_t n;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		n = x % N;
		if (things[n] == NULL) {
			things[n] = slab_get(&s);
			assert_int_equal((uintptr_t)things[n] % sizeof(void *), 0);
			assert_all(things[n], 0);
			memset(things[n], (char)n, SIZE);
		} else {
			assert_all(things[n], (char)n);
			slab_put(&s, things[n]);
			things[n] = NULL;
		}
	}
	for (size_t n = 0; n < N; n++)
		if (things[n] != NULL) {
			assert_all(things[n], (char)n);
			slab_put(&s, things[n]);
			things[n] = NULL;
		}
	assert_true(s.npages <= 1);
	if (s.npages == 1)
		slab_put(&s, slab_get(&s)); /* the page that was kept serves again */
	assert_true(s.npages <= 1);
	slab_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_are_zeroed_and_apart_whatever_was_given_back_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
