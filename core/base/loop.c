/*
 * loop - the one event loop of the process: timers, signals, deferred calls.
 *
 * A turn is: wait, the callbacks of everything that is ready, the calls that were
 * deferred before this point, the turn-end calls, the frees. What these add waits
 * for the next turn, which then does not sleep.
 */
#include "base/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"

#define LAG_PROBE_EVERY_MS 500

struct loop_call {
	loop_cb *cb;
	void *arg;
};

/* Calls in order; run_calls takes what is there and leaves what they add. */
struct loop_calls {
	struct loop_call *list, *running;
	size_t n, cap, running_cap;
};

struct loop_signal {
	SLIST_ENTRY(loop_signal) link;
	struct event *ev;
	loop_cb *cb;
	void *arg;
};

struct loop {
	struct event_base *base;
	bool stopping;
	struct loop_calls deferred, turn_end, graveyard, at_free;
	SLIST_HEAD(, loop_signal) signals;
	/* The lag probe: a timer makes lag_fd readable; how late its callback comes is the lag. */
	struct loop_timer lag_timer;
	struct event *lag_ev;
	int lag_fd;
	int64_t lag_since_us;
};

/* Timers and lag are about real waiting: a clock that tests stopped must not stop them. */
static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
calls_add(struct loop_calls *c, loop_cb *cb, void *arg)
{
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? c->cap * 2 : 16;
		c->list = xreallocarray(c->list, c->cap, sizeof *c->list);
	}
	c->list[c->n++] = (struct loop_call){ cb, arg };
}

static void
calls_run(struct loop_calls *c)
{
	struct loop_call *list = c->list;
	size_t n = c->n, cap = c->cap;

	if (n == 0)
		return;
	c->list = c->running;
	c->cap = c->running_cap;
	c->n = 0;
	c->running = NULL;
	c->running_cap = 0;
	for (size_t i = 0; i < n; i++)
		list[i].cb(list[i].arg);
	c->running = list;
	c->running_cap = cap;
}

static void
calls_fini(struct loop_calls *c)
{
	free(c->list);
	free(c->running);
}

static void
lag_measured(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) == (ssize_t)sizeof count)
		stat_observe(STAT_loop_lag_seconds, (double)(now_us() - l->lag_since_us) / 1e6);
	loop_timer_set(&l->lag_timer, LAG_PROBE_EVERY_MS);
}

static void
lag_probe(void *arg)
{
	struct loop *l = arg;
	uint64_t one = 1;

	l->lag_since_us = now_us();
	if (write(l->lag_fd, &one, sizeof one) != (ssize_t)sizeof one)
		loop_timer_set(&l->lag_timer, LAG_PROBE_EVERY_MS);
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof *l);

	l->base = event_base_new();
	l->lag_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->base != NULL && l->lag_fd >= 0)
		l->lag_ev = event_new(l->base, l->lag_fd, EV_READ | EV_PERSIST, lag_measured, l);
	if (l->lag_ev == NULL || event_add(l->lag_ev, NULL) != 0) {
		log_error("loop: no event loop can be made (out of file descriptors or memory)");
		abort();
	}
	loop_timer_init(l, &l->lag_timer, lag_probe, l);
	return l;
}

void
loop_free(struct loop *l)
{
	struct loop_signal *s;

	if (l == NULL)
		return;
	calls_run(&l->at_free);
	while (l->graveyard.n > 0)
		calls_run(&l->graveyard);
	while ((s = SLIST_FIRST(&l->signals)) != NULL) {
		SLIST_REMOVE_HEAD(&l->signals, link);
		event_free(s->ev);
		free(s);
	}
	loop_timer_fini(&l->lag_timer);
	event_free(l->lag_ev);
	close(l->lag_fd);
	calls_fini(&l->deferred);
	calls_fini(&l->turn_end);
	calls_fini(&l->graveyard);
	calls_fini(&l->at_free);
	event_base_free(l->base);
	free(l);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

void
loop_run(struct loop *l)
{
	int64_t before_us = clock_cpu_us(), now;

	loop_timer_set(&l->lag_timer, LAG_PROBE_EVERY_MS);
	while (!l->stopping) {
		bool waiting = l->deferred.n == 0 && l->turn_end.n == 0 && l->graveyard.n == 0;

		/* once in any case: alone, EVLOOP_NONBLOCK goes on for as long as something is ready */
		event_base_loop(l->base,
		    EVLOOP_ONCE | (waiting ? 0 : EVLOOP_NONBLOCK) | EVLOOP_NO_EXIT_ON_EMPTY);
		calls_run(&l->deferred);
		calls_run(&l->turn_end);
		calls_run(&l->graveyard);
		now = clock_cpu_us();
		stat_observe(STAT_loop_turn_seconds, (double)(now - before_us) / 1e6);
		before_us = now;
	}
	l->stopping = false;
	loop_timer_cancel(&l->lag_timer);
}

void
loop_stop(struct loop *l)
{
	l->stopping = true;
}

/*
 * libevent counts from the time its turn began and on a coarse clock, so it may
 * come a little early; nobody who armed a timer shall have to think of that.
 */
static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;
	int64_t left_us = t->due_us_ - now_us();

	(void)fd;
	(void)what;
	if (left_us > 0)
		loop_timer_set(t, (left_us + 999) / 1000);
	else
		t->cb_(t->arg_);
}

void
loop_timer_init(struct loop *l, struct loop_timer *t, loop_cb *cb, void *arg)
{
	*t = (struct loop_timer){ .loop_ = l, .cb_ = cb, .arg_ = arg };
}

void
loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	struct timeval tv;

	assert(t->loop_ != NULL);
	if (t->ev_ == NULL)
		t->ev_ = evtimer_new(t->loop_->base, timer_fired, t);
	if (delay_ms < 0)
		delay_ms = 0;
	/* a century is as good as for ever, and stays clear of overflows */
	if (delay_ms > INT64_C(100) * 366 * 86400 * 1000)
		delay_ms = INT64_C(100) * 366 * 86400 * 1000;
	t->due_us_ = now_us() + delay_ms * 1000;
	tv.tv_sec = (time_t)(delay_ms / 1000);
	tv.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000;
	if (t->ev_ == NULL || evtimer_add(t->ev_, &tv) != 0) {
		log_error("loop: out of memory for a timer");
		abort();
	}
}

bool
loop_timer_pending(const struct loop_timer *t)
{
	return t->ev_ != NULL && evtimer_pending(t->ev_, NULL) != 0;
}

void
loop_timer_cancel(struct loop_timer *t)
{
	if (t->ev_ != NULL)
		evtimer_del(t->ev_);
}

void
loop_timer_fini(struct loop_timer *t)
{
	if (t->ev_ != NULL)
		event_free(t->ev_);
	t->ev_ = NULL;
}

void
loop_defer(struct loop *l, loop_cb *cb, void *arg)
{
	calls_add(&l->deferred, cb, arg);
}

void
loop_free_later(struct loop *l, void *p, loop_cb *free_cb)
{
	calls_add(&l->graveyard, free_cb, p);
}

void
loop_at_turn_end(struct loop *l, loop_cb *cb, void *arg)
{
	for (size_t i = 0; i < l->turn_end.n; i++)
		if (l->turn_end.list[i].cb == cb && l->turn_end.list[i].arg == arg)
			return;
	calls_add(&l->turn_end, cb, arg);
}

void
loop_at_free(struct loop *l, loop_cb *cb, void *arg)
{
	calls_add(&l->at_free, cb, arg);
}

static void
signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)signo;
	(void)what;
	s->cb(s->arg);
}

void
loop_signal(struct loop *l, int signo, loop_cb *cb, void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof *s);

	s->cb = cb;
	s->arg = arg;
	s->ev = evsignal_new(l->base, signo, signal_came, s);
	if (s->ev == NULL || evsignal_add(s->ev, NULL) != 0) {
		log_error("loop: signal %d cannot be watched", signo);
		abort();
	}
	SLIST_INSERT_HEAD(&l->signals, s, link);
}
