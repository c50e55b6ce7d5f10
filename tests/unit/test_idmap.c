/*
 * test_idmap - the table of ids against a plain array as its model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/idmap.h"

#define IDS 5000

static void
an_id_that_was_never_put_is_not_there(void **state)
{
	struct idmap m = { 0 };

	(void)state;
	assert_null(idmap_get(&m, 7));
	assert_null(idmap_take(&m, 7));
	idmap_fini(&m);
}

static void
it_agrees_with_an_array_after_many_puts_and_takes(void **state)
{
	static void *model[IDS + 1];
	struct idmap m = { 0 };
	uint64_t x = 88172645463325252u;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		size_t id;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		id = 1 + x % IDS;
		if ((x >> 40) % 3 != 0) {
			model[id] = &model[id];
			idmap_put(&m, id, &model[id]);
		} else {
			assert_ptr_equal(idmap_take(&m, id), model[id]);
			model[id] = NULL;
		}
	}
	for (i = 1; i <= IDS; i++) {
		assert_ptr_equal(idmap_get(&m, i), model[i]);
		n += model[i] != NULL;
	}
	assert_int_equal(m.n, n);
	idmap_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_was_never_put_is_not_there),
		cmocka_unit_test(it_agrees_with_an_array_after_many_puts_and_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
