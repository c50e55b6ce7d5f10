/*
 * test_due - the heap of due times against a plain list as its model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/due.h"
#include "engine/frame.h"

#define FRAMES 300

static struct frame frames[FRAMES];
static int64_t due[FRAMES];

/* The first by time, then by id. */
static struct frame *
model_first(void)
{
	struct frame *first = NULL;

	for (size_t i = 0; i < FRAMES; i++) {
		if (due[i] != DUE_NEVER && (first == NULL || due[i] < due[first->id - 1]))
			first = &frames[i];
	}
	return first;
}

static void
an_empty_heap_has_no_first(void **state)
{
	struct due_heap h = { 0 };

	(void)state;
	assert_null(due_first(&h));
	due_fini(&h);
}

static void
the_first_is_always_the_earliest_and_of_equals_the_smallest_id(void **state)
{
	struct due_heap h = { 0 };
	uint64_t x = 88172645463325252u;

	(void)state;
	for (size_t i = 0; i < FRAMES; i++) {
		frames[i].id = (int64_t)i + 1;
		due[i] = DUE_NEVER;
	}
	for (size_t i = 0; i < 50000; i++) {
		size_t at;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at = x % FRAMES;
		due[at] = (x >> 20) % 4 == 0 ? DUE_NEVER : (int64_t)((x >> 32) % 50);
		due_set(&h, &frames[at], due[at]);
		assert_ptr_equal(due_first(&h), model_first());
	}
	while (due_first(&h) != NULL) {
		struct frame *f = due_first(&h);

		assert_ptr_equal(f, model_first());
		due[f->id - 1] = DUE_NEVER;
		due_set(&h, f, DUE_NEVER);
	}
	due_fini(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_heap_has_no_first),
		cmocka_unit_test(the_first_is_always_the_earliest_and_of_equals_the_smallest_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
