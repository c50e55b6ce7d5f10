/*
 * activity - the tasks that wait for a worker, and the workers that wait for a task.
 *
 * Offers and polls are brought together on a turn of their own (activities_match): nothing here
 * calls back inside a call, and what was refused does not come round again in the same turn.
 */
#include "task/activity.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/resident.h"

#define AWS_POLLERS_MAX 1000
#define MATCH_TURN_US 10000 /* for handing out, in one turn of the loop */
#define AGAIN_MS 1000       /* after a task that could not be handed out */
#define HINT_MS 50          /* between two hints about one activity */
#define WANT_MS 5000        /* a hint may be lost: workers who wait are told of again */

enum known { UNKNOWN, EXISTS, ABSENT };

struct offer {
	struct offer *next, *prev; /* of its slot: a ring, in the order of offering */
	struct activity *activity;
	struct slot *slot;
	int64_t task_id, since_ms;
	uint64_t ticket;   /* being handed out; 0 = it stands in the heap */
	struct poll *poll; /* being handed out: to whom; NULL = he is gone */
	uint32_t heap_at;  /* place + 1 */
	bool started;      /* ActivityStarted is written */
};

struct poll {
	TAILQ_ENTRY(poll) link, all_link; /* while it is parked */
	bool parked;
	bool away;      /* a task is being fetched for it from another node */
	bool neighbour; /* another node asks: it does not wait */
	struct activity *activity;
	uint64_t id, ticket;
	engine_polled_cb *cb;
	char *worker;
	int64_t due_ms;      /* monotonic */
	struct offer *offer; /* being handed to it, or NULL */
};
TAILQ_HEAD(poll_list, poll);

struct activity {
	struct activities *all;
	char *name;
	TAILQ_ENTRY(activity) link;
	STAILQ_ENTRY(activity) match_link;
	bool to_match; /* its offers and polls are to be brought together, or it may be unneeded */
	enum known known;
	bool wanted;  /* by a run, which asks again: an ABSENT one is kept for it */
	uint64_t ask; /* ticket of the question to the database; 0 = none is under way */
	struct poll_list parked;
	unsigned npolls;    /* parked ones, and those that are being handed a task */
	unsigned nhandouts; /* offers that are being handed out */
	int64_t hinted_ms;  /* monotonic: when the neighbours were told last */
	bool hint_due;      /* something that they were not told yet */
	struct offer **heap;
	uint32_t noffers, heap_cap;
};

struct activities {
	struct engine *engine;
	void *by_name; /* tsearch */
	TAILQ_HEAD(activity_list, activity) list;
	STAILQ_HEAD(, activity) to_match;
	struct loop_timer match_timer, poll_timer;
	bool match_soon;                     /* the timer fires on the next turn */
	struct idmap handouts;               /* ticket -> struct offer */
	struct poll_list parked;             /* of all activities; who waits longest is first */
	bool stopped;                        /* nobody waits any more */
	struct engine_neighbours neighbours; /* without functions: there are none */
	struct loop_timer want_timer, hint_timer;
};

/* Found by whoever outlives an engine: */
static struct idmap activity_polls; /* id -> struct poll */
static struct idmap activity_asks;  /* ticket of a question to the database -> struct activity */
static uint64_t activity_next_id;

/* --- activities by name ------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct activity *)a)->name, ((const struct activity *)b)->name);
}

static struct activity *
activity_find(const struct activities *all, const char *name)
{
	const struct activity key = { .name = (char *)(uintptr_t)name };
	void *node = tfind(&key, &all->by_name, by_name);

	return node == NULL ? NULL : *(struct activity **)node;
}

static struct activity *
activity_get(struct activities *all, const char *name)
{
	struct activity *a = activity_find(all, name);

	if (a != NULL)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->all = all;
	a->name = xstrdup(name);
	TAILQ_INIT(&a->parked);
	TAILQ_INSERT_TAIL(&all->list, a, link);
	if (tsearch(a, &all->by_name, by_name) == NULL)
		abort();
	return a;
}

static void
activity_free(struct activity *a)
{
	struct activities *all = a->all;

	if (a->ask != 0)
		idmap_take(&activity_asks, a->ask);
	tdelete(a, &all->by_name, by_name);
	TAILQ_REMOVE(&all->list, a, link);
	free(a->heap);
	free(a->name);
	free(a);
}

/* Those that exist are kept, so that nobody has to ask again. */
static bool
activity_is_needed(const struct activity *a)
{
	return a->noffers > 0 || a->npolls > 0 || a->nhandouts > 0 || a->ask != 0 ||
	    a->known == EXISTS || (a->known == ABSENT && a->wanted);
}

/*
 * Its offers and polls are brought together on the next turn, or after delay_ms at the latest.
 * There, and nowhere else, it is forgotten when nobody needs it any more.
 */
static void
activity_touch(struct activity *a, int64_t delay_ms)
{
	struct activities *all = a->all;

	if (!a->to_match) {
		STAILQ_INSERT_TAIL(&all->to_match, a, match_link);
		a->to_match = true;
	}
	if (delay_ms == 0 ? all->match_soon : loop_timer_pending(&all->match_timer))
		return;
	all->match_soon = delay_ms == 0;
	loop_timer_set(&all->match_timer, delay_ms);
}

/* The last part of an ARN of ours; NULL when it is of another account or region. */
static const char *
activity_name(const struct engine *g, const char *text)
{
	static const char kind[] = "activity:";
	struct arn arn;

	if (arn_parse(text, strlen(text), &arn) != 0 || !arn_part_is(&arn.region, g->region) ||
	    !arn_part_is(&arn.account, g->account_id) ||
	    strncmp(arn.resource.s, kind, sizeof(kind) - 1) != 0)
		return NULL;
	return arn.resource.s + sizeof(kind) - 1;
}

/* --- the heap of offers ----------------------------------------------------------------- */

static bool
before(const struct offer *a, const struct offer *b)
{
	int d;

	if (a->since_ms != b->since_ms)
		return a->since_ms < b->since_ms;
	d = memcmp(a->slot->id.b, b->slot->id.b, sizeof(a->slot->id.b));
	return d != 0 ? d < 0 : a->task_id < b->task_id;
}

static void
heap_put(struct activity *a, uint32_t at, struct offer *o)
{
	a->heap[at] = o;
	o->heap_at = at + 1;
}

static void
heap_up(struct activity *a, uint32_t at)
{
	struct offer *o = a->heap[at];

	for (; at > 0 && before(o, a->heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap_put(a, at, a->heap[(at - 1) / 2]);
	heap_put(a, at, o);
}

static void
heap_down(struct activity *a, uint32_t at)
{
	struct offer *o = a->heap[at];
	uint32_t child;

	while ((child = 2 * at + 1) < a->noffers) {
		if (child + 1 < a->noffers && before(a->heap[child + 1], a->heap[child]))
			child++;
		if (!before(a->heap[child], o))
			break;
		heap_put(a, at, a->heap[child]);
		at = child;
	}
	heap_put(a, at, o);
}

static void
heap_add(struct offer *o)
{
	struct activity *a = o->activity;

	if (a->noffers == a->heap_cap) {
		a->heap_cap = a->heap_cap == 0 ? 8 : 2 * a->heap_cap;
		a->heap = xreallocarray(a->heap, a->heap_cap, sizeof(struct offer *));
	}
	heap_put(a, a->noffers++, o);
	heap_up(a, o->heap_at - 1);
	stat_add(STAT_activity_offers, 1);
}

static void
heap_remove(struct offer *o)
{
	struct activity *a = o->activity;
	uint32_t at = o->heap_at - 1;
	struct offer *last = a->heap[--a->noffers];

	o->heap_at = 0;
	stat_add(STAT_activity_offers, -1);
	if (last == o)
		return;
	heap_put(a, at, last);
	heap_up(a, at);
	heap_down(a, last->heap_at - 1);
}

/* --- polls ------------------------------------------------------------------------------------ */

static void
polls_rearm(struct activities *all)
{
	const struct poll *first = TAILQ_FIRST(&all->parked);
	int64_t delay;

	if (first == NULL)
		return;
	delay = first->due_ms - clock_mono_ms();
	loop_timer_set(&all->poll_timer, delay < 0 ? 0 : delay);
}

static void
poll_park(struct poll *p, bool first)
{
	struct activities *all = p->activity->all;

	if (first) {
		TAILQ_INSERT_HEAD(&p->activity->parked, p, link);
		TAILQ_INSERT_HEAD(&all->parked, p, all_link);
	} else {
		TAILQ_INSERT_TAIL(&p->activity->parked, p, link);
		TAILQ_INSERT_TAIL(&all->parked, p, all_link);
	}
	p->parked = true;
	stat_add(STAT_activity_pollers, 1);
	if (TAILQ_FIRST(&all->parked) == p)
		polls_rearm(all);
}

static void
poll_unpark(struct poll *p)
{
	TAILQ_REMOVE(&p->activity->parked, p, link);
	TAILQ_REMOVE(&p->activity->all->parked, p, all_link);
	p->parked = false;
	stat_add(STAT_activity_pollers, -1);
}

static void
poll_free(struct poll *p)
{
	if (p->offer != NULL)
		p->offer->poll = NULL;
	if (p->parked)
		poll_unpark(p);
	idmap_take(&activity_polls, p->id);
	p->activity->npolls--;
	activity_touch(p->activity, 0);
	free(p->worker);
	free(p);
}

/* The poll ends without a task. */
static void
poll_end(struct poll *p, const struct err *e)
{
	engine_polled_cb *cb = p->cb;
	uint64_t ticket = p->ticket;

	poll_free(p);
	(void)cb(ticket, NULL, e);
}

/* One that did not get a task after all waits on, in its old place. */
static void
poll_park_again(struct poll *p, int64_t delay_ms)
{
	poll_park(p, true);
	if (p->activity->all->stopped || p->neighbour)
		poll_end(p, NULL);
	else
		activity_touch(p->activity, delay_ms);
}

static void
polls_refuse(struct poll_list *parked, const struct err *e)
{
	struct poll *p;

	/* poll_end takes it off the list */
	while ((p = TAILQ_FIRST(parked)) != NULL)
		poll_end(p, e); /* NOLINT(clang-analyzer-unix.Malloc) */
}

static void
polls_due(void *arg)
{
	struct activities *all = arg;
	int64_t now = clock_mono_ms();
	struct poll *p;

	/* poll_end takes it off the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	while ((p = TAILQ_FIRST(&all->parked)) != NULL && p->due_ms <= now)
		poll_end(p, NULL);
	polls_rearm(all);
}

/* --- which activities there are ------------------------------------------------------------------ */

static void
activity_refuse(struct activity *a)
{
	struct err e = ERR_INIT;

	err_set(&e, "ActivityDoesNotExist", "%s", a->name);
	polls_refuse(&a->parked, &e);
	err_fini(&e);
}

static void
activity_got(uint64_t ticket, const struct activity_entry *entry, const struct err *e)
{
	struct activity *a = idmap_take(&activity_asks, ticket);

	if (a == NULL)
		return;
	a->ask = 0;
	activity_touch(a, 0);
	if (e != NULL) {
		polls_refuse(&a->parked, e);
		return;
	}
	a->known = entry != NULL ? EXISTS : ABSENT;
	if (a->known == ABSENT)
		activity_refuse(a);
}

static void
activity_ask(struct activity *a)
{
	struct engine *g = a->all->engine;

	if (a->ask != 0)
		return;
	a->ask = ++activity_next_id;
	idmap_put(&activity_asks, a->ask, a);
	catalogue_activity(g->store, a->name, a->ask, activity_got);
}

/* What was known of it, or is being asked, is old. */
static void
activity_forget(struct activity *a, enum known known)
{
	if (a->ask != 0)
		idmap_take(&activity_asks, a->ask);
	a->ask = 0;
	a->known = known;
	activity_touch(a, 0);
}

int
activity_exists(struct engine *g, const char *arn)
{
	const char *name = activity_name(g, arn);
	struct activity *a;

	if (name == NULL)
		return 0;
	a = activity_get(g->activities, name);
	a->wanted = true;
	if (a->known == UNKNOWN)
		activity_ask(a);
	return a->known == UNKNOWN ? -1 : a->known == EXISTS;
}

void
engine_activity_changed(struct engine *g, const char *name, bool exists)
{
	struct activity *a = activity_find(g->activities, name);

	if (a == NULL)
		return;
	activity_forget(a, exists ? EXISTS : ABSENT);
	if (!exists)
		activity_refuse(a);
}

void
activities_changed(struct engine *g)
{
	struct activity *a;

	TAILQ_FOREACH(a, &g->activities->list, link) {
		activity_forget(a, UNKNOWN);
		a->wanted = false;
		if (!TAILQ_EMPTY(&a->parked))
			activity_ask(a);
	}
}

/* --- offers -------------------------------------------------------------------------- */

static struct offer *
offer_new(struct activity *a, struct slot *slot, int64_t task_id, int64_t since_ms, bool started)
{
	struct offer *o = xcalloc(1, sizeof(*o));

	o->activity = a;
	o->slot = slot;
	o->task_id = task_id;
	o->since_ms = since_ms;
	o->started = started;
	o->next = o->prev = o;
	if (slot->offers == NULL) {
		slot->offers = o;
	} else {
		o->next = slot->offers;
		o->prev = slot->offers->prev;
		o->prev->next = o->next->prev = o;
	}
	heap_add(o);
	activity_touch(a, 0);
	return o;
}

static struct offer *
offer_find(const struct slot *slot, int64_t task_id)
{
	struct offer *o = slot->offers;

	if (o == NULL)
		return NULL;
	do {
		if (o->task_id == task_id)
			return o;
		o = o->next;
	} while (o != slot->offers);
	return NULL;
}

/* It stands in no heap and is being handed to nobody. */
static void
offer_free(struct offer *o)
{
	struct slot *slot = o->slot;

	assert(o->heap_at == 0 && o->ticket == 0);
	if (o->next == o) {
		slot->offers = NULL;
	} else {
		o->next->prev = o->prev;
		o->prev->next = o->next;
		if (slot->offers == o)
			slot->offers = o->next;
	}
	activity_touch(o->activity, 0);
	free(o);
}

/* It is not being handed out any more: the poll that was to have it, or NULL when its client is gone. */
static struct poll *
offer_end_handout(struct offer *o)
{
	struct poll *p = o->poll;

	idmap_take(&o->activity->all->handouts, o->ticket);
	o->activity->nhandouts--;
	o->ticket = 0;
	o->poll = NULL;
	if (p != NULL)
		p->offer = NULL;
	return p;
}

static void
offer_drop(struct offer *o)
{
	struct poll *p = NULL;

	if (o->ticket != 0)
		p = offer_end_handout(o);
	else
		heap_remove(o);
	if (p != NULL)
		poll_park_again(p, 0);
	offer_free(o);
}

void
activity_drop(struct slot *s, int64_t task_id)
{
	struct offer *o = offer_find(s, task_id);

	if (o != NULL)
		offer_drop(o);
}

void
activity_drop_all(struct slot *s)
{
	struct offer *o, *next;

	for (o = s->offers; o != NULL; o = next) {
		next = o->next == o ? NULL : o->next;
		offer_drop(o);
	}
}

void
activity_offer(struct resident *r, const struct run_task *t)
{
	struct activities *all = r->engine->activities;
	const char *name = activity_name(r->engine, t->state->resource.arn);

	assert(name != NULL); /* or it would not have been scheduled */
	if (!t->started)
		stat_add_label(STAT_activities_scheduled, name, 1);
	offer_new(activity_get(all, name), r->slot, t->task_id, t->since_ms, t->started);
}

/* --- neighbours ---------------------------------------------------------------------------- */

static void
activity_hint(struct activity *a)
{
	const struct engine_neighbours *n = &a->all->neighbours;
	bool offers = a->noffers > 0, polls = !TAILQ_EMPTY(&a->parked);
	int64_t since_ms = clock_mono_ms() - a->hinted_ms;

	if (n->want == NULL || offers == polls)
		return;
	if (a->known == UNKNOWN)
		activity_ask(a); /* and then again */
	if (a->known != EXISTS)
		return;
	if (since_ms < HINT_MS) {
		a->hint_due = true;
		if (!loop_timer_pending(&a->all->hint_timer))
			loop_timer_set(&a->all->hint_timer, HINT_MS - since_ms);
		return;
	}
	a->hinted_ms += since_ms;
	(polls ? n->want : n->have)(n->arg, a->name);
}

static void
activities_hint(void *arg)
{
	struct activities *all = arg;
	struct activity *a;

	TAILQ_FOREACH(a, &all->list, link)
		if (a->hint_due) {
			a->hint_due = false;
			activity_touch(a, 0);
		}
}

static void
activities_want(void *arg)
{
	struct activities *all = arg;
	struct activity *a;

	TAILQ_FOREACH(a, &all->list, link)
		if (!TAILQ_EMPTY(&a->parked))
			activity_touch(a, 0);
	loop_timer_set(&all->want_timer, WANT_MS);
}

void
engine_set_neighbours(struct engine *g, const struct engine_neighbours *n)
{
	g->activities->neighbours = *n;
	loop_timer_set(&g->activities->want_timer, WANT_MS);
}

void
engine_neighbour_wants(struct engine *g, const char *activity)
{
	struct activity *a = activity_find(g->activities, activity);

	if (a != NULL && a->noffers > 0)
		activity_touch(a, 0);
}

uint64_t
engine_fetch_for(struct engine *g, const char *activity, const char **worker)
{
	struct activity *a = activity_find(g->activities, activity);
	struct poll *p = a != NULL ? TAILQ_FIRST(&a->parked) : NULL;

	if (p == NULL || a->noffers > 0)
		return 0;
	poll_unpark(p);
	p->away = true;
	*worker = p->worker;
	return p->id;
}

bool
engine_fetched(uint64_t poll, const struct polled_task *t)
{
	struct poll *p = idmap_get(&activity_polls, poll);
	bool taken;

	if (p == NULL)
		return false;
	p->away = false;
	if (t == NULL) {
		poll_park_again(p, 0);
		return true;
	}
	taken = p->cb(p->ticket, t, NULL);
	poll_free(p);
	return taken;
}

/* --- matching ----------------------------------------------------------------------------- */

static void
hand_out(struct offer *o, struct poll *p)
{
	struct activities *all = p->activity->all;
	struct engine *g = all->engine;
	struct reply *reply = reply_new(++activity_next_id);
	/* the worker of one that was started and not handed is heard from now on */
	const struct stimulus s = {
		.kind = o->started ? STIMULUS_TASK_HEARTBEAT : STIMULUS_TASK_STARTED,
		.task_id = o->task_id,
		.worker = p->worker,
	};

	heap_remove(o);
	poll_unpark(p);
	o->poll = p;
	p->offer = o;
	o->ticket = reply->ticket;
	o->activity->nhandouts++;
	idmap_put(&all->handouts, o->ticket, o);
	reply->kind = REPLY_HANDED;
	reply->engine = g;
	resident_deliver(engine_resident(g, o->slot), &s, reply);
}

static void
activities_match(void *arg)
{
	struct activities *all = arg;
	int64_t until_us = clock_mono_us() + MATCH_TURN_US;
	struct activity *a;

	all->match_soon = false;
	while ((a = STAILQ_FIRST(&all->to_match)) != NULL) {
		while (a->known == EXISTS && a->noffers > 0 && !TAILQ_EMPTY(&a->parked)) {
			if (clock_mono_us() > until_us) {
				activity_touch(a, 0);
				return;
			}
			hand_out(a->heap[0], TAILQ_FIRST(&a->parked));
		}
		STAILQ_REMOVE_HEAD(&all->to_match, match_link);
		a->to_match = false;
		activity_hint(a);
		if (!activity_is_needed(a))
			activity_free(a);
	}
}

/* --- workers ---------------------------------------------------------------------------------- */

static int
poll_check_limit(const struct engine *g, const struct activity *a, struct err *e)
{
	if (!g->aws_limits || a->npolls < AWS_POLLERS_MAX)
		return 0;
	return err_set(e, "ActivityWorkerLimitExceeded",
	    "The maximum number of workers concurrently polling for activity tasks has been "
	    "reached.");
}

static struct poll *
poll_new(struct activity *a, const struct engine_poll *what, uint64_t ticket, engine_polled_cb *cb)
{
	struct poll *p = xcalloc(1, sizeof(*p));

	p->activity = a;
	p->id = ++activity_next_id;
	p->ticket = ticket;
	p->cb = cb;
	p->worker = what->worker == NULL ? NULL : xstrdup(what->worker);
	p->due_ms = clock_mono_ms() + what->wait_ms;
	p->neighbour = what->wait_ms < 0;
	a->npolls++;
	idmap_put(&activity_polls, p->id, p);
	return p;
}

/* For a worker of another node. Our own, who wait, go first. */
static uint64_t
neighbour_poll(struct activity *a, const struct engine_poll *what, uint64_t ticket,
    engine_polled_cb *cb)
{
	struct poll *p;

	if (a->known != EXISTS || a->noffers == 0 || !TAILQ_EMPTY(&a->parked)) {
		(void)cb(ticket, NULL, NULL);
		return 0;
	}
	p = poll_new(a, what, ticket, cb);
	poll_park(p, true);
	hand_out(a->heap[0], p);
	return p->id;
}

uint64_t
engine_poll(struct engine *g, const struct engine_poll *what, uint64_t ticket, engine_polled_cb *cb)
{
	struct activities *all = g->activities;
	struct activity *a = activity_get(all, what->activity);
	struct err e = ERR_INIT;
	struct poll *p;

	activity_touch(a, 0);
	if (all->stopped || poll_check_limit(g, a, &e) != 0) {
		(void)cb(ticket, NULL, err_is_set(&e) ? &e : NULL);
		err_fini(&e);
		return 0;
	}
	if (what->wait_ms < 0)
		return neighbour_poll(a, what, ticket, cb);
	p = poll_new(a, what, ticket, cb);
	poll_park(p, false);
	if (a->known != EXISTS)
		activity_ask(a);
	return p->id;
}

void
engine_cancel_poll(uint64_t id)
{
	struct poll *p = idmap_get(&activity_polls, id);

	if (p != NULL)
		poll_free(p);
}

void
engine_stop_polls(struct engine *g)
{
	g->activities->stopped = true;
	polls_refuse(&g->activities->parked, NULL);
}

/* --- handing out ---------------------------------------------------------------------------- */

/* True when the poll's client takes it; the poll is gone then, and else as well. */
static bool
poll_take(struct poll *p, const struct resident *r, const struct run_task *t)
{
	const struct run_host *host = engine_run_host(r->engine);
	struct polled_task task = { .input = t->parameters };
	struct buf token;
	bool taken;

	buf_init(&token, BUF_UNLIMITED);
	host->task_token(host->arg, r->run, t->task_id, &token);
	task.token = buf_text(&token);
	taken = p->cb(p->ticket, &task, NULL);
	poll_free(p);
	buf_fini(&token);
	return taken;
}

/* Back into its queue. */
static void
offer_again(struct offer *o, int64_t delay_ms)
{
	heap_add(o);
	activity_touch(o->activity, delay_ms);
}

/* ActivityStarted is durable, or was before. */
static void
offer_started(struct offer *o, struct poll *p, struct resident *r, const struct run_task *t)
{
	if (!o->started)
		stat_add_label(STAT_activities_started, o->activity->name, 1);
	o->started = true;
	(void)FAILPOINT(activity_handed);
	if (p != NULL && poll_take(p, r, t)) {
		resident_handed(r, o->task_id);
		offer_free(o);
	} else {
		offer_again(o, 0);
	}
}

static bool
is_over(const struct err *e)
{
	return strcmp(e->name, "TaskTimedOut") == 0 || strcmp(e->name, "ExecutionClosed") == 0;
}

void
activity_answered(struct engine *g, uint64_t ticket, struct resident *r, const struct err *e)
{
	struct offer *o = idmap_get(&g->activities->handouts, ticket);
	struct poll *p;
	struct run_task t;

	if (o == NULL) /* it was dropped meanwhile */
		return;
	p = offer_end_handout(o);
	if (e == NULL && run_task(r->run, o->task_id, &t) == 0) {
		offer_started(o, p, r, &t);
		return;
	}
	if (e == NULL || is_over(e)) {
		offer_free(o);
		if (p != NULL)
			poll_park_again(p, 0);
		return;
	}
	/* not now: others need not wait behind it */
	o->since_ms = clock_wall_ms();
	offer_again(o, AGAIN_MS);
	if (p != NULL)
		poll_park_again(p, AGAIN_MS);
}

/* --- taking back -------------------------------------------------------------------------- */

void
activity_taken_back(int64_t task_id, struct resident *r, const struct err *e)
{
	struct run_task t;

	if (e == NULL && run_task(r->run, task_id, &t) == 0 && offer_find(r->slot, task_id) == NULL)
		activity_offer(r, &t);
}

void
engine_take_back(struct engine *g, const struct task_ref *task)
{
	const struct stimulus s = { .kind = STIMULUS_TASK_HEARTBEAT, .task_id = task->task_id };
	struct slot *slot = slots_find(&g->slots, &task->execution);
	struct reply *reply;

	if (slot == NULL)
		return;
	reply = reply_new((uint64_t)task->task_id);
	reply->kind = REPLY_TAKEN_BACK;
	reply->engine = g;
	resident_deliver(engine_resident(g, slot), &s, reply);
}

/* --- sleep -------------------------------------------------------------------------------- */

void
activity_print_offers(const struct slot *s, struct buf *out)
{
	const struct offer *o = s->offers;

	if (o == NULL)
		return;
	do {
		buf_addc(out, '[');
		buf_add_json_string(out, o->activity->name, strlen(o->activity->name));
		buf_addf(out, ",%lld,%lld,%s],", (long long)o->task_id, (long long)o->since_ms,
		    o->started ? "true" : "false");
		o = o->next;
	} while (o != s->offers);
}

void
activity_load_offers(struct engine *g, struct slot *s, const char *text, size_t len)
{
	struct doc list = doc_parse(text, len, NULL);
	struct doc_iter it = doc_iter(list);
	int64_t task_id, since_ms;

	while (doc_next(&it)) {
		char *name = doc_strdup(doc_at(it.value, 0));

		if (name != NULL && doc_i64(doc_at(it.value, 1), &task_id) &&
		    doc_i64(doc_at(it.value, 2), &since_ms))
			offer_new(activity_get(g->activities, name), s, task_id, since_ms,
			    doc_is_true(doc_at(it.value, 3)));
		free(name);
	}
	doc_unref(list);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct activities *
activities_new(struct engine *g)
{
	struct activities *all = xcalloc(1, sizeof(*all));

	all->engine = g;
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->parked);
	STAILQ_INIT(&all->to_match);
	loop_timer_init(g->loop, &all->match_timer, activities_match, all);
	loop_timer_init(g->loop, &all->poll_timer, polls_due, all);
	loop_timer_init(g->loop, &all->want_timer, activities_want, all);
	loop_timer_init(g->loop, &all->hint_timer, activities_hint, all);
	return all;
}

void
activities_free(struct activities *all)
{
	struct activity *a, *next;

	all->stopped = true;
	polls_refuse(&all->parked, NULL);
	for (a = TAILQ_FIRST(&all->list); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		activity_free(a);
	}
	loop_timer_fini(&all->match_timer);
	loop_timer_fini(&all->poll_timer);
	loop_timer_fini(&all->want_timer);
	loop_timer_fini(&all->hint_timer);
	idmap_fini(&all->handouts);
	free(all);
}
