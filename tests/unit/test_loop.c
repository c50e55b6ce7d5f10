/*
 * The event loop: timers never early, deferred calls on the next turn, frees after it.
 */
#include "base/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"

static struct loop *loop;
static struct buf trace;

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	buf_init(&trace, BUF_UNLIMITED);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	loop_free(loop);
	buf_fini(&trace);
	return 0;
}

static int64_t
real_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
note(void *arg)
{
	buf_adds(&trace, arg);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static char text_a[] = "a", text_b[] = "b", text_end[] = "e", text_free[] = "f";

static void
first_turn(void *arg)
{
	(void)arg;
	loop_free_later(loop, text_free, note);
	loop_at_turn_end(loop, note, text_end);
	loop_at_turn_end(loop, note, text_end);
	loop_defer(loop, note, text_a);
	loop_defer(loop, note, text_b);
	loop_defer(loop, stop, NULL);
	buf_addc(&trace, '1');
}

static void
a_turn_is_callbacks_then_turn_end_then_frees_and_deferred_calls_come_next(void **state)
{
	(void)state;
	loop_defer(loop, first_turn, NULL);
	loop_run(loop);
	assert_string_equal(buf_text(&trace), "1efab");
}

struct timed {
	struct loop_timer timer;
	int64_t armed_us, delay_ms;
	int fired;
};

static void
timed_fired(void *arg)
{
	struct timed *t = arg;

	t->fired++;
	assert_true(real_us() - t->armed_us >= t->delay_ms * 1000);
}

static int nready;

static void
always_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (++nready > 100) /* it would go on so */
		event_base_loopbreak(loop_base(loop));
}

static void
what_is_always_ready_does_not_keep_a_turn_from_ending(void **state)
{
	int ends[2];
	struct event *ev;

	(void)state;
	nready = 0;
	assert_int_equal(pipe(ends), 0);
	ev = event_new(loop_base(loop), ends[1], EV_WRITE | EV_PERSIST, always_ready, NULL);
	event_add(ev, NULL);
	loop_defer(loop, note, text_a); /* so the turn does not sleep */
	loop_at_turn_end(loop, stop, NULL);
	loop_run(loop);
	assert_int_equal(nready, 1);
	assert_string_equal(buf_text(&trace), "a");
	event_free(ev);
	close(ends[0]);
	close(ends[1]);
}

static void
timers_fire_once_and_never_early(void **state)
{
	struct timed t[20] = { 0 };
	struct loop_timer end = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		t[i].delay_ms = i * 3 % 17;
		loop_timer_init(loop, &t[i].timer, timed_fired, &t[i]);
		t[i].armed_us = real_us();
		loop_timer_set(&t[i].timer, t[i].delay_ms);
		assert_true(loop_timer_pending(&t[i].timer));
	}
	loop_timer_init(loop, &end, stop, NULL);
	loop_timer_set(&end, 40);
	loop_run(loop);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(t[i].fired, 1);
		assert_false(loop_timer_pending(&t[i].timer));
		loop_timer_fini(&t[i].timer);
	}
	loop_timer_fini(&end);
}

static void
a_cancelled_timer_does_not_fire_and_rearming_replaces(void **state)
{
	struct loop_timer cancelled = { 0 }, rearmed = { 0 }, end = { 0 };

	(void)state;
	loop_timer_init(loop, &cancelled, note, text_a);
	loop_timer_init(loop, &rearmed, note, text_b);
	loop_timer_init(loop, &end, stop, NULL);
	loop_timer_set(&cancelled, 1);
	loop_timer_set(&rearmed, INT64_MAX);
	loop_timer_set(&rearmed, 5);
	loop_timer_set(&end, 20);
	loop_timer_cancel(&cancelled);
	loop_run(loop);
	assert_string_equal(buf_text(&trace), "b");
	loop_timer_fini(&cancelled);
	loop_timer_fini(&rearmed);
	loop_timer_fini(&end);
}

static void
zeroed_timers_can_be_asked_cancelled_and_ended(void **state)
{
	struct loop_timer t = { 0 };

	(void)state;
	assert_false(loop_timer_pending(&t));
	loop_timer_cancel(&t);
	loop_timer_fini(&t);
}

static void
signals_come_as_calls_on_the_loop(void **state)
{
	(void)state;
	loop_signal(loop, SIGUSR1, stop, NULL);
	kill(getpid(), SIGUSR1);
	loop_run(loop);
}

static void
what_is_to_be_freed_is_freed_with_the_loop(void **state)
{
	(void)state;
	loop_free_later(loop, malloc(10), free); /* the leak checker is the judge */
}

static void
what_lives_as_long_as_the_loop_is_told_when_it_is_freed(void **state)
{
	struct loop *l = loop_new();

	(void)state;
	loop_at_free(l, note, text_a);
	loop_free_later(l, text_free, note);
	loop_free(l);
	assert_string_equal(buf_text(&trace), "af");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_turn_is_callbacks_then_turn_end_then_frees_and_deferred_calls_come_next),
		TEST(what_is_always_ready_does_not_keep_a_turn_from_ending),
		TEST(timers_fire_once_and_never_early),
		TEST(a_cancelled_timer_does_not_fire_and_rearming_replaces),
		TEST(zeroed_timers_can_be_asked_cancelled_and_ended),
		TEST(signals_come_as_calls_on_the_loop),
		TEST(what_is_to_be_freed_is_freed_with_the_loop),
		TEST(what_lives_as_long_as_the_loop_is_told_when_it_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
