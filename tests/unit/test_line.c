/*
 * test_line - commits that wait for the writer: in the order of time within a machine, and machines take turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/line.h"

#define N 200

static struct commit commits[2][N];

/* n commits of machine m stand in line. */
static void
queue(struct line *l, int m, int n)
{
	for (int i = 0; i < n; i++) {
		commits[m][i].machine_id.b[8] = (uint8_t)(2 + 2 * m);
		line_add(l, &commits[m][i]);
	}
}

static int
machine_of(const struct commit *c)
{
	return c >= commits[1];
}

static void
one_machine_is_served_in_the_order_of_time(void **state)
{
	struct line l;

	(void)state;
	line_init(&l);
	queue(&l, 0, N);
	for (int i = 0; i < N; i++) {
		assert_ptr_equal(line_oldest(&l), &commits[0][i]);
		assert_ptr_equal(line_take(&l), &commits[0][i]);
		line_charge(&l, i % 2 == 0 ? 100 : 5000000);
	}
	assert_int_equal(l.n, 0);
	assert_null(line_take(&l));
	assert_null(line_oldest(&l));
	line_fini(&l);
}

static void
who_wants_little_waits_for_one_turn_of_the_others(void **state)
{
	struct line l;
	int before = 0;

	(void)state;
	line_init(&l);
	queue(&l, 0, N);
	/* alone, it owes nothing for all that it had */
	for (int i = 0; i < 50; i++) {
		(void)line_take(&l);
		line_charge(&l, 1000000);
	}
	queue(&l, 1, 1);
	assert_ptr_equal(line_oldest(&l), &commits[0][50]);
	while (machine_of(line_take(&l)) == 0) {
		line_charge(&l, 1000000);
		before++;
	}
	assert_in_range(before, 0, 1);
	assert_int_equal(l.n, N - 50 - before);
	for (int i = 50 + before; i < N; i++)
		assert_ptr_equal(line_take(&l), &commits[0][i]);
	line_fini(&l);
}

static void
two_machines_have_the_same_part_of_the_bytes(void **state)
{
	struct line l;
	size_t bytes[2] = { 0, 0 };
	const size_t size[2] = { 60000, 1000 };

	(void)state;
	line_init(&l);
	queue(&l, 0, N);
	queue(&l, 1, N);
	while (bytes[1] < N * size[1]) {
		int m = machine_of(line_take(&l));

		line_charge(&l, size[m]);
		bytes[m] += size[m];
	}
	/* what each commit costs beside its bytes makes the small ones dearer */
	assert_in_range(bytes[0], bytes[1] - 100000, 2 * bytes[1]);
	while (line_take(&l) != NULL)
		;
	line_fini(&l);
}

static void
all_of_them_come_out_in_the_order_of_time(void **state)
{
	struct commit_list out = TAILQ_HEAD_INITIALIZER(out);
	struct line l;
	struct commit *c;

	(void)state;
	line_init(&l);
	queue(&l, 1, 3);
	queue(&l, 0, 3);
	assert_ptr_equal(line_take(&l), &commits[1][0]);
	line_take_all(&l, &out);
	assert_int_equal(l.n, 0);
	line_charge(&l, 1000);
	for (int i = 0; i < 5; i++) {
		c = TAILQ_FIRST(&out);
		assert_ptr_equal(c, i < 2 ? &commits[1][i + 1] : &commits[0][i - 2]);
		TAILQ_REMOVE(&out, c, link_);
	}
	queue(&l, 0, 1);
	assert_ptr_equal(line_take(&l), &commits[0][0]);
	line_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_machine_is_served_in_the_order_of_time),
		cmocka_unit_test(who_wants_little_waits_for_one_turn_of_the_others),
		cmocka_unit_test(two_machines_have_the_same_part_of_the_bytes),
		cmocka_unit_test(all_of_them_come_out_in_the_order_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
