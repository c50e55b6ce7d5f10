/*
 * loop - the one event loop of the process: timers, signals, deferred calls.
 *
 * A thin layer over libevent. Rules it keeps for everybody: callbacks that might
 * run at once are deferred to the next turn (loop_defer), what is freed in a
 * callback is freed after the turn (loop_free_later), and code that wants to act
 * once when a turn's callbacks are done (group commit) registers with loop_at_turn_end.
 */
#ifndef PAWL_BASE_LOOP_H
#define PAWL_BASE_LOOP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(void);
/* What was given to loop_free_later is freed; deferred calls that did not come yet never come. */
void loop_free(struct loop *l);
struct event_base *loop_base(struct loop *l);
/*
 * Runs until loop_stop (the turn is finished first); may be run again. Measures its own lag (how
 * long something that is ready waits for its callback, in us) into stat loop_lag.
 */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

typedef void loop_cb(void *arg);

/* A one-shot timer on monotonic time; rearming replaces. Embedded in its owner; zero-initialised is valid. */
struct loop_timer {
	struct loop *loop_;
	struct event *ev_;
	loop_cb *cb_;
	void *arg_;
	int64_t due_us_; /* it never fires before */
};
void loop_timer_init(struct loop *l, struct loop_timer *t, loop_cb *cb, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
bool loop_timer_pending(const struct loop_timer *t);
void loop_timer_cancel(struct loop_timer *t);
void loop_timer_fini(struct loop_timer *t);

/* Calls cb(arg) on the next turn, never inside this call. */
void loop_defer(struct loop *l, loop_cb *cb, void *arg);
/* free_cb(p) after all callbacks of this turn. */
void loop_free_later(struct loop *l, void *p, loop_cb *free_cb);
/*
 * cb(arg) once, when the callbacks that are ready now have run. At most once pending for the same cb and
 * arg; meant for a handful of callers a turn.
 */
void loop_at_turn_end(struct loop *l, loop_cb *cb, void *arg);
/* cb(arg) when the loop is freed, before anything of it is: for what lives as long as the loop. */
void loop_at_free(struct loop *l, loop_cb *cb, void *arg);
/* cb(arg) on the loop when signal signo comes. */
void loop_signal(struct loop *l, int signo, loop_cb *cb, void *arg);

#endif
