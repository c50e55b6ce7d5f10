/*
 * test_slots - the open executions: found by id, first due first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "task/slots.h"

#define N 3000

static struct uuid
id_of(unsigned i)
{
	struct uuid u = { { 0 } };
	uint64_t bits = i * 0x9e3779b97f4a7c15u;
	int k;

	for (k = 0; k < 8; k++)
		u.b[8 + k] = (uint8_t)(bits >> (8 * k));
	return u;
}

static void
slots_are_found_by_id_until_removed(void **state)
{
	struct slots t = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < N; i++) {
		struct uuid u = id_of(i);

		slots_add(&t, &u, (int32_t)(i % 4));
	}
	for (i = 0; i < N; i += 2) {
		struct uuid u = id_of(i);

		slots_remove(&t, slots_find(&t, &u));
	}
	for (i = 0; i < N; i++) {
		struct uuid u = id_of(i);
		struct slot *s = slots_find(&t, &u);

		assert_int_equal(s != NULL, i % 2);
		if (s != NULL)
			assert_int_equal(s->shard, i % 4);
	}
	assert_int_equal(t.n, N / 2);
	slots_fini(&t);
}

static void
the_first_due_comes_first_whatever_was_changed_before(void **state)
{
	struct slots t = { 0 };
	int64_t last = INT64_MIN;
	struct slot *s;
	unsigned i, seen = 0;

	(void)state;
	srand(4);
	for (i = 0; i < N; i++) {
		struct uuid u = id_of(i);

		slots_set_due(&t, slots_add(&t, &u, 0), rand() % 1000);
	}
	for (i = 0; i < N; i++) {
		struct uuid u = id_of((unsigned)rand() % N);

		slots_set_due(&t, slots_find(&t, &u), i % 7 == 0 ? SLOT_NEVER : rand() % 1000);
	}
	while ((s = slots_first_due(&t)) != NULL) {
		assert_true(s->due_ms >= last);
		last = s->due_ms;
		seen++;
		if (seen % 2 == 0)
			slots_remove(&t, s);
		else
			slots_set_due(&t, s, SLOT_NEVER);
	}
	assert_true(seen > N / 2 && seen < N);
	slots_fini(&t);
}

static void
those_that_wait_are_not_due_and_go_by_how_long(void **state)
{
	struct slots t = { 0 };
	struct slot *s;
	int64_t last = INT64_MIN;
	unsigned i, seen = 0;

	(void)state;
	srand(5);
	for (i = 0; i < N; i++) {
		struct uuid u = id_of(i);

		s = slots_add(&t, &u, 0);
		slots_set_due(&t, s, rand() % 1000);
		if (i % 3 != 0)
			slots_wait(&t, s, rand() % 1000);
	}
	for (i = 0; i < N; i += 3) { /* some are called away, some go */
		struct uuid u = id_of(i + 1);

		if (i % 2 == 0)
			slots_set_due(&t, slots_find(&t, &u), SLOT_NEVER);
		else
			slots_remove(&t, slots_find(&t, &u));
	}
	while ((s = slots_first_waiting(&t)) != NULL) {
		assert_true(s->due_ms >= last);
		last = s->due_ms;
		seen++;
		slots_set_due(&t, s, 2000);
	}
	assert_int_equal(seen, N / 3);
	for (seen = 0; (s = slots_first_due(&t)) != NULL; seen++)
		slots_set_due(&t, s, SLOT_NEVER);
	assert_int_equal(seen, 2 * N / 3);
	slots_fini(&t);
}

static void
the_list_has_each_of_them(void **state)
{
	struct slots t = { 0 };
	struct slot **list;
	size_t n, i;

	(void)state;
	for (i = 0; i < 100; i++) {
		struct uuid u = id_of((unsigned)i);

		slots_add(&t, &u, (int32_t)(i % 3));
	}
	list = slots_list(&t, &n);
	assert_int_equal(n, 100);
	for (i = 0; i < n; i++)
		assert_ptr_equal(slots_find(&t, &list[i]->id), list[i]);
	free(list);
	slots_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_found_by_id_until_removed),
		cmocka_unit_test(the_first_due_comes_first_whatever_was_changed_before),
		cmocka_unit_test(those_that_wait_are_not_due_and_go_by_how_long),
		cmocka_unit_test(the_list_has_each_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
