/*
 * limit_turn - gives permits to those that wait, on a turn of its own: nothing here calls back inside a call.
 */
#include <string.h>

#include "base/clock.h"
#include "store/unit.h"
#include "task/limit_parts.h"
#include "task/resident.h"

#define PUMP_TURN_US 10000 /* for giving permits, in one turn of the loop */
#define AGAIN_MS 1000      /* after one that could not be used */

static uint64_t limit_next_ticket;

/* It could not be used now: others need not wait behind it. */
static void
permit_put_off(struct permit *p)
{
	struct limits *all = permit_all(p);

	permit_release(p);
	p->put_off = true;
	TAILQ_INSERT_TAIL(&all->put_off, p, put_off_link);
	if (!loop_timer_pending(&all->again_timer))
		loop_timer_set(&all->again_timer, AGAIN_MS);
}

void
limits_again(void *arg)
{
	struct limits *all = arg;
	struct permit *p;

	while ((p = TAILQ_FIRST(&all->put_off)) != NULL) {
		TAILQ_REMOVE(&all->put_off, p, put_off_link);
		p->put_off = false;
		permit_queue(p);
	}
}

/* Its run is there. */
static void
permit_use(struct permit *p, struct resident *r)
{
	struct run_task t;

	if (run_task(r->run, p->task_id, &t) == 0)
		dispatch_permitted(r, &t);
	else
		permit_free(p);
}

static void
permit_begin(struct permit *p)
{
	struct engine *g = permit_all(p)->engine;
	const struct stimulus s = { .kind = STIMULUS_TASK_HEARTBEAT, .task_id = p->task_id };
	struct resident *r = engine_resident(g, p->slot);
	struct reply *reply;

	permit_had_turn(p);
	permit_give(p);
	permit_to_front(p);
	if (r->where == RES_LIVE) {
		permit_use(p, r);
		return;
	}
	p->ticket = ++limit_next_ticket;
	idmap_put(&g->limits->starting, p->ticket, p);
	reply = reply_new(p->ticket);
	reply->kind = REPLY_PERMITTED;
	reply->engine = g;
	resident_deliver(r, &s, reply);
}

void
limit_answered(struct engine *g, uint64_t ticket, struct resident *r, const struct err *e)
{
	struct permit *p = idmap_take(&g->limits->starting, ticket);

	if (p == NULL) /* it was dropped meanwhile */
		return;
	p->ticket = 0;
	if (e == NULL)
		permit_use(p, r);
	else if (strcmp(e->name, "TaskTimedOut") == 0 || strcmp(e->name, "ExecutionClosed") == 0)
		permit_free(p);
	else
		permit_put_off(p);
}

/* False: the turn is over before it is through. */
static bool
limit_pump(struct limit *l, int64_t until_us)
{
	struct permit *p;
	struct limit *full;

	l->waits = false;
	while (limits_open(l->all) && (p = limit_next(l)) != NULL) {
		if (clock_mono_us() > until_us)
			return false;
		if ((full = permit_obstacle(p)) != NULL) {
			l->waits = full != l;
			limit_await_token(full);
			break;
		}
		permit_begin(p);
	}
	return true;
}

/* What was found in the journal has its units, as far as there are some: others may take theirs. */
static void
limits_settle(struct limits *all)
{
	struct limit *l;

	if (all->counted || all->engine->store == NULL || !limits_open(all))
		return;
	TAILQ_FOREACH(l, &all->list, link)
		if (l->declared && !limit_units_settled(&l->units, l->used))
			return;
	store_count_shards(all->engine->store);
	all->counted = true;
}

void
limits_pump(void *arg)
{
	struct limits *all = arg;
	int64_t until_us = clock_mono_us() + PUMP_TURN_US;
	struct limit *l;

	limits_settle(all); /* before units are asked for */
	while ((l = STAILQ_FIRST(&all->to_pump)) != NULL) {
		STAILQ_REMOVE_HEAD(&all->to_pump, pump_link);
		l->to_pump = false;
		if (!limit_pump(l, until_us)) {
			limit_touch(l);
			return;
		}
		if (l->declared && all->engine->store != NULL)
			limit_units_balance(&l->units, all->engine->store, l->used,
			    limits_open(all) ? l->waiting : 0);
	}
	limits_settle(all);
}
