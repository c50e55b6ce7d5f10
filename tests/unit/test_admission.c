/*
 * test_admission - who may start when there is more work than can be done, on a clock that the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "task/admission.h"

#define DELAY_MS 500

static int64_t now_ms;
static size_t memory;
static int memory_looks;

static size_t
used(size_t enough)
{
	(void)enough;
	memory_looks++;
	return memory;
}

static void
advance(int64_t ms)
{
	now_ms += ms;
	clock_fake(1700000000000 + now_ms, now_ms);
}

static struct admission *
new_admission(uint64_t places, size_t bytes)
{
	const struct admission_options o = { .delay_ms = DELAY_MS,
		.places = places,
		.bytes = bytes,
		.memory = 1000,
		.used = used };

	now_ms = 5000;
	advance(0);
	memory = 10;
	memory_looks = 0;
	return admission_new(&o);
}

static void
free_admission(struct admission *a, struct admission_place *places, size_t n)
{
	for (size_t i = 0; i < n; i++)
		admission_leave(a, &places[i], true);
	assert_int_equal(admission_state(a).waiting, 0);
	assert_int_equal(admission_state(a).bytes, 0);
	admission_free(a);
	clock_fake(-1, -1);
}

/* Starts of the machine until one is refused; how many went in. */
static size_t
fill(struct admission *a, const char *machine, size_t bytes, struct admission_place *out,
    size_t max)
{
	size_t n = 0;

	while (n < max && admission_ask(a, machine, bytes) == ADMISSION_YES)
		out[n++] = admission_enter(a, machine, bytes);
	return n;
}

static void
a_machine_alone_gets_half_of_the_places_and_the_next_a_half_of_the_rest(void **state)
{
	struct admission *a = new_admission(100, 1000000);
	struct admission_place p[200];
	size_t n;

	(void)state;
	n = fill(a, "big", 1, p, 200);
	assert_int_equal(n, 50);
	assert_int_equal(admission_ask(a, "big", 1), ADMISSION_QUEUE);
	n += fill(a, "second", 1, p + n, 200 - n);
	assert_int_equal(n, 75);
	n += fill(a, "third", 1, p + n, 200 - n);
	assert_in_range(n, 85, 90);
	assert_int_equal(admission_ask(a, "fourth", 1), ADMISSION_YES);
	free_admission(a, p, n);
}

static void
inputs_are_bounded_by_their_bytes_and_one_always_fits(void **state)
{
	struct admission *a = new_admission(100, 1000);
	struct admission_place p[200];
	size_t n;

	(void)state;
	assert_int_equal(admission_ask(a, "big", 5000), ADMISSION_YES);
	n = fill(a, "big", 100, p, 200);
	assert_int_equal(n, 5);
	assert_int_equal(admission_ask(a, "big", 100), ADMISSION_QUEUE);
	assert_int_equal(admission_ask(a, "small", 100), ADMISSION_YES);
	assert_int_equal(admission_ask(a, "small", 501), ADMISSION_QUEUE);
	free_admission(a, p, n);
}

static void
a_place_is_left_once(void **state)
{
	struct admission *a = new_admission(100, 1000);
	struct admission_place p = admission_enter(a, "m", 10), none = { 0 };

	(void)state;
	admission_leave(a, &p, true);
	admission_leave(a, &p, true);
	admission_leave(a, &none, true);
	free_admission(a, &p, 0);
}

static void
waiting_long_for_a_moment_refuses_nobody(void **state)
{
	struct admission *a = new_admission(100, 1000);

	(void)state;
	admission_look(a, 2 * DELAY_MS);
	advance(ADMISSION_INTERVAL_MS - 1);
	admission_look(a, 2 * DELAY_MS);
	assert_int_equal(admission_state(a).places, 100);
	advance(2);
	admission_look(a, 0);
	advance(ADMISSION_INTERVAL_MS);
	admission_look(a, 2 * DELAY_MS);
	assert_int_equal(admission_state(a).places, 100);
	free_admission(a, NULL, 0);
}

static void
a_database_that_stands_still_leaves_a_few_places(void **state)
{
	struct admission *a = new_admission(1000, 100000);
	struct admission_place p[1000];
	size_t n = fill(a, "m", 1, p, 400);

	(void)state;
	for (int waited = 0; waited < 5 * DELAY_MS; waited += 50) {
		advance(50);
		admission_look(a, waited);
	}
	assert_int_equal(admission_state(a).places, ADMISSION_PLACES_MIN);
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_DELAY);
	/* that others are in line is not its fault */
	n += fill(a, "other", 1, p + n, 1000 - n);
	assert_int_equal(n, 400 + ADMISSION_PLACES_MIN / 3);
	assert_int_equal(admission_ask(a, "other", 1), ADMISSION_DELAY);
	assert_int_equal(admission_retry_s(a), 1 + 4 * DELAY_MS / 1000);
	assert_string_equal(admission_answer_name(ADMISSION_DELAY), "delay");
	/* it moves again */
	for (size_t i = 0; i < n; i++)
		admission_leave(a, &p[i], true);
	for (int i = 0; i < 100; i++) {
		advance(ADMISSION_INTERVAL_MS);
		admission_look(a, 1);
	}
	assert_int_equal(admission_state(a).places, 1000);
	free_admission(a, NULL, 0);
}

static void
without_memory_nothing_starts_and_it_is_looked_at_once_a_second(void **state)
{
	struct admission *a = new_admission(100, 1000);

	(void)state;
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_YES);
	memory = 1001;
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_YES);
	assert_int_equal(memory_looks, 1);
	advance(1000);
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_MEMORY);
	memory = 1000;
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_MEMORY);
	advance(1000);
	assert_int_equal(admission_ask(a, "m", 1), ADMISSION_YES);
	assert_int_equal(memory_looks, 3);
	free_admission(a, NULL, 0);
}

/* --- a server that does so many starts a second, and clients that want more ---------- */

#define LINE_MAX 100000
#define TICK_MS 10

struct line {
	struct admission_place place[LINE_MAX];
	int64_t since_ms[LINE_MAX];
	int machine[LINE_MAX];
	size_t first, n;
};

struct demand {
	const char *machine;
	int per_tick; /* starts offered */
	int offered, admitted, served;
};

static struct line line;

/* Runs so long; *longest is the longest wait of a served start in the second half. */
static void
serve(struct admission *a, struct demand *d, int nd, int served_per_tick, int64_t ms,
    int64_t *longest)
{
	int64_t end = now_ms + ms, half = now_ms + ms / 2;

	line.first = line.n = 0;
	*longest = 0;
	while (now_ms < end) {
		advance(TICK_MS);
		for (int i = 0; i < served_per_tick && line.first < line.n; i++) {
			size_t at = line.first++;

			admission_leave(a, &line.place[at], true);
			d[line.machine[at]].served += now_ms >= half;
			if (now_ms >= half && now_ms - line.since_ms[at] > *longest)
				*longest = now_ms - line.since_ms[at];
		}
		admission_look(a, line.first < line.n ? now_ms - line.since_ms[line.first] : 0);
		for (int m = 0; m < nd; m++)
			for (int i = 0; i < d[m].per_tick; i++) {
				bool ok = admission_ask(a, d[m].machine, 1) == ADMISSION_YES;

				d[m].offered += now_ms >= half;
				d[m].admitted += ok && now_ms >= half;
				if (!ok)
					continue;
				assert_true(line.n < LINE_MAX);
				line.place[line.n] = admission_enter(a, d[m].machine, 1);
				line.since_ms[line.n] = now_ms;
				line.machine[line.n++] = m;
			}
	}
	while (line.first < line.n)
		admission_leave(a, &line.place[line.first++], true);
}

static void
twice_the_work_is_served_at_full_speed_within_about_the_delay(void **state)
{
	struct admission *a = new_admission(50000, 1000000);
	struct demand d[] = { { .machine = "m", .per_tick = 40 } };
	int64_t longest;

	(void)state;
	serve(a, d, 1, 20, 20000, &longest);
	assert_in_range(d[0].served, 19000, 20100); /* of 10 s at 2,000/s */
	assert_in_range(longest, DELAY_MS / 2, 3 * DELAY_MS);
	free_admission(a, NULL, 0);
}

static void
who_wants_little_is_not_refused_beside_who_wants_everything(void **state)
{
	struct admission *a = new_admission(50000, 1000000);
	struct demand d[] = { { .machine = "greedy", .per_tick = 100 },
		{ .machine = "modest", .per_tick = 1 } };
	int64_t longest;

	(void)state;
	serve(a, d, 2, 20, 20000, &longest);
	assert_int_equal(d[1].admitted, d[1].offered);
	assert_in_range(d[0].served + d[1].served, 19000, 20100);
	free_admission(a, NULL, 0);
}

static void
two_that_want_more_than_there_is_share_it_evenly(void **state)
{
	struct admission *a = new_admission(50000, 1000000);
	struct demand d[] = { { .machine = "greedy", .per_tick = 200 },
		{ .machine = "less so", .per_tick = 15 } };
	int64_t longest;

	(void)state;
	serve(a, d, 2, 20, 20000, &longest);
	assert_in_range(d[1].served, 7000, 12000);
	assert_in_range(d[0].served, 7000, 12000);
	free_admission(a, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_machine_alone_gets_half_of_the_places_and_the_next_a_half_of_the_rest),
		cmocka_unit_test(inputs_are_bounded_by_their_bytes_and_one_always_fits),
		cmocka_unit_test(a_place_is_left_once),
		cmocka_unit_test(waiting_long_for_a_moment_refuses_nobody),
		cmocka_unit_test(a_database_that_stands_still_leaves_a_few_places),
		cmocka_unit_test(without_memory_nothing_starts_and_it_is_looked_at_once_a_second),
		cmocka_unit_test(twice_the_work_is_served_at_full_speed_within_about_the_delay),
		cmocka_unit_test(who_wants_little_is_not_refused_beside_who_wants_everything),
		cmocka_unit_test(two_that_want_more_than_there_is_share_it_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
