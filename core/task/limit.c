/*
 * limit - the named limits of tasks: who has a permit, who waits for one.
 *
 * Permits are given on a turn of their own (limits_pump): nothing here calls back inside a call.
 */
#include "task/limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/member.h"
#include "store/unit.h"
#include "task/limit_rule.h"
#include "task/limit_units.h"
#include "task/resident.h"

#define PUMP_TURN_US 10000 /* for giving permits, in one turn of the loop */
#define AGAIN_MS 1000      /* after one that could not be used */
#define TOKEN_US 1000000   /* a whole token of a rate, in the parts that it is counted in */

/* A permit's part in one limit. */
struct share {
	TAILQ_ENTRY(share) link; /* of its line */
	struct permit *permit;
	struct limit *limit;
	struct line *line; /* NULL = it does not wait */
	bool named; /* by the definition; else the configuration says that it is under the limit */
};
TAILQ_HEAD(share_list, share);

struct permit {
	LIST_ENTRY(permit) link; /* of its slot; those that are held stand first */
	struct slot *slot;
	int64_t task_id, since_ms;
	uint64_t ticket; /* its run is being loaded; 0 = it is not */
	bool held, put_off;
	TAILQ_ENTRY(permit) put_off_link;
	char *machine;
	size_t n; /* at least one, once it is linked */
	struct share shares[];
};

/* The permits of a slot that has some; most have none, so a slot has no place for them. */
struct holder {
	LIST_HEAD(, permit) permits;
};

/* Those of one machine that wait for one limit. */
struct line {
	TAILQ_ENTRY(line) link;
	char *machine;
	struct share_list shares;
	bool unsorted; /* some came back from the journal: older than those before them */
};

struct limit {
	TAILQ_ENTRY(limit) link;
	STAILQ_ENTRY(limit) pump_link;
	struct limits *all;
	char *name;
	struct limit_rule rule; /* its texts are those of all->rules */
	bool declared;
	bool to_pump;
	bool waits; /* with the first of its line, for another limit */
	int64_t used, waiting, granted;
	int64_t tokens; /* in parts of TOKEN_US */
	int64_t filled_us;
	TAILQ_HEAD(, line) lines; /* whose turn it is stands first */
	struct loop_timer timer;  /* when the rate lets the next one go */
	struct limit_units units;
};

struct limits {
	struct engine *engine;
	struct limit_rules rules;
	TAILQ_HEAD(, limit) list; /* declared ones, and others that somebody waits for */
	size_t nbound;            /* that take tasks which do not name them */
	STAILQ_HEAD(, limit) to_pump;
	struct loop_timer pump_timer;
	TAILQ_HEAD(, permit) put_off; /* could not be used; they wait again when the timer comes */
	struct loop_timer again_timer;
	bool counted;          /* the shards that are ours, as the others were told */
	struct idmap starting; /* ticket -> struct permit */
	struct idmap holders;  /* address of a slot -> struct holder */
};

static uint64_t limit_next_ticket;

/* --- limits by name ------------------------------------------------------------------- */

static void limit_touch(struct limit *l);
static void limit_timer(void *arg);

static struct limit *
limit_find(const struct limits *all, const char *name)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

static struct limit *
limit_get(struct limits *all, const char *name)
{
	struct limit *l = limit_find(all, name);

	if (l != NULL)
		return l;
	l = xcalloc(1, sizeof(*l));
	l->all = all;
	l->name = xstrdup(name);
	TAILQ_INIT(&l->lines);
	loop_timer_init(all->engine->loop, &l->timer, limit_timer, l);
	limit_units_init(&l->units, all->engine->loop, l->name, limit_timer, l);
	TAILQ_INSERT_TAIL(&all->list, l, link);
	return l;
}

static void
limit_free(struct limit *l)
{
	struct limits *all = l->all;

	assert(l->used == 0 && TAILQ_EMPTY(&l->lines));
	if (l->to_pump)
		STAILQ_REMOVE(&all->to_pump, l, limit, pump_link);
	TAILQ_REMOVE(&all->list, l, link);
	loop_timer_fini(&l->timer);
	limit_units_fini(&l->units);
	free(l->name);
	free(l);
}

/* --- room -------------------------------------------------------------------------------- */

/* A rate is shared by all nodes evenly. */
static int64_t
limit_nodes(const struct limit *l)
{
	const struct store *s = l->all->engine->store;

	return s != NULL && store_nodes(s) > 1 ? store_nodes(s) : 1;
}

static int64_t
tokens_max(const struct limit *l)
{
	int64_t n = l->rule.burst / limit_nodes(l);

	return (n > 1 ? n : 1) * TOKEN_US;
}

/* Parts of a token that come in a microsecond. */
static double
tokens_per_us(const struct limit *l)
{
	return (double)l->rule.rate * TOKEN_US /
	    ((double)l->rule.per_ms * 1000 * (double)limit_nodes(l));
}

/* What has come since the last look. */
static void
tokens_fill(struct limit *l)
{
	int64_t now = clock_mono_us(), us = now - l->filled_us;
	double come =
	    (double)us * (double)l->rule.rate * TOKEN_US / ((double)l->rule.per_ms * 1000);

	if (come < 1)
		return;
	l->filled_us = now;
	if (come >= (double)(tokens_max(l) - l->tokens))
		l->tokens = tokens_max(l);
	else
		l->tokens += (int64_t)come;
}

static bool
limit_lets_begin(struct limit *l)
{
	if (l->rule.rate == 0)
		return true;
	tokens_fill(l);
	return l->tokens >= TOKEN_US;
}

/* The timer for the next token. */
static void
tokens_await(struct limit *l)
{
	double us = (double)(TOKEN_US - l->tokens) / tokens_per_us(l);

	loop_timer_set(&l->timer, (int64_t)(us / 1000) + 1);
}

/* Not while it is not known what the open executions of our shards hold. */
static bool
limits_open(const struct limits *all)
{
	const struct engine *g = all->engine;

	return !g->draining && g->claims_pending == 0 && g->recovering == 0;
}

static bool
share_has_room(const struct share *s)
{
	struct limit *l = s->limit;

	if (!l->declared)
		return !s->named;
	return (l->rule.concurrency == 0 || l->used < limit_units_room(&l->units)) &&
	    limit_lets_begin(l);
}

/* The limit for which the permit cannot be given; NULL = it can. */
static struct limit *
permit_obstacle(const struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!share_has_room(&p->shares[i]))
			return p->shares[i].limit;
	return NULL;
}

/* --- permits ----------------------------------------------------------------------------- */

static void
share_count(struct share *s, int n)
{
	s->limit->used += n;
	stat_add_label(STAT_limit_used, s->limit->name, n);
}

static void
permit_hold(struct permit *p)
{
	p->held = true;
	for (size_t i = 0; i < p->n; i++)
		share_count(&p->shares[i], 1);
}

/* The same for one that begins now. */
static void
permit_give(struct permit *p)
{
	permit_hold(p);
	for (size_t i = 0; i < p->n; i++) {
		struct limit *l = p->shares[i].limit;

		if (l->declared && l->rule.rate > 0)
			l->tokens -= TOKEN_US;
		l->granted++;
		stat_add_label(STAT_limit_granted, l->name, 1);
	}
}

static void
permit_release(struct permit *p)
{
	p->held = false;
	for (size_t i = 0; i < p->n; i++) {
		share_count(&p->shares[i], -1);
		limit_touch(p->shares[i].limit);
	}
}

static uint64_t
slot_key(const struct slot *s)
{
	return (uint64_t)(uintptr_t)s;
}

/* The first of its permits, the others behind it; NULL = it has none. */
static struct permit *
permits_of(const struct limits *all, const struct slot *s)
{
	const struct holder *h = all->holders.n > 0 ? idmap_get(&all->holders, slot_key(s)) : NULL;

	return h != NULL ? LIST_FIRST(&h->permits) : NULL;
}

static struct permit *
permit_find(const struct limits *all, const struct slot *s, int64_t task_id)
{
	struct permit *p = permits_of(all, s);

	while (p != NULL && p->task_id != task_id)
		p = LIST_NEXT(p, link);
	return p;
}

static struct limits *
permit_all(const struct permit *p)
{
	return p->shares[0].limit->all;
}

/* First among those of its slot. */
static void
permit_insert(struct permit *p)
{
	struct limits *all = permit_all(p);
	struct holder *h = idmap_get(&all->holders, slot_key(p->slot));

	if (h == NULL) {
		h = xcalloc(1, sizeof(*h));
		LIST_INIT(&h->permits);
		idmap_put(&all->holders, slot_key(p->slot), h);
	}
	LIST_INSERT_HEAD(&h->permits, p, link);
}

static void
permit_remove(struct permit *p)
{
	struct limits *all = permit_all(p);

	LIST_REMOVE(p, link);
	if (permits_of(all, p->slot) == NULL)
		free(idmap_take(&all->holders, slot_key(p->slot)));
}

/* --- lines ------------------------------------------------------------------------------- */

static struct line *
line_get(struct limit *l, const char *machine)
{
	struct line *line;

	TAILQ_FOREACH(line, &l->lines, link)
		if (strcmp(line->machine, machine) == 0)
			return line;
	line = xcalloc(1, sizeof(*line));
	line->machine = xstrdup(machine);
	TAILQ_INIT(&line->shares);
	TAILQ_INSERT_TAIL(&l->lines, line, link);
	return line;
}

static void
share_queue(struct share *s)
{
	struct line *line = line_get(s->limit, s->permit->machine);
	const struct share *last = TAILQ_LAST(&line->shares, share_list);

	if (last != NULL && last->permit->since_ms > s->permit->since_ms)
		line->unsorted = true;
	TAILQ_INSERT_TAIL(&line->shares, s, link);
	s->line = line;
	s->limit->waiting++;
	stat_add_label(STAT_limit_waiting, s->limit->name, 1);
	limit_touch(s->limit);
}

static void
share_leave(struct share *s)
{
	struct limit *l = s->limit;
	struct line *line = s->line;

	TAILQ_REMOVE(&line->shares, s, link);
	s->line = NULL;
	l->waiting--;
	stat_add_label(STAT_limit_waiting, l->name, -1);
	if (!TAILQ_EMPTY(&line->shares))
		return;
	TAILQ_REMOVE(&l->lines, line, link);
	free(line->machine);
	free(line);
}

static int
by_age(const void *a, const void *b)
{
	const struct permit *x = (*(struct share *const *)a)->permit;
	const struct permit *y = (*(struct share *const *)b)->permit;

	if (x->since_ms != y->since_ms)
		return x->since_ms < y->since_ms ? -1 : 1;
	return x->task_id < y->task_id ? -1 : x->task_id > y->task_id;
}

static void
line_sort(struct line *line, size_t nmax)
{
	struct share **list = xcalloc(nmax, sizeof(struct share *)), *s;
	size_t n = 0;

	while ((s = TAILQ_FIRST(&line->shares)) != NULL) {
		TAILQ_REMOVE(&line->shares, s, link);
		list[n++] = s;
	}
	qsort(list, n, sizeof(struct share *), by_age);
	for (size_t i = 0; i < n; i++)
		TAILQ_INSERT_TAIL(&line->shares, list[i], link);
	free(list);
	line->unsorted = false;
}

/* Whose turn it is; NULL = nobody waits. */
static struct permit *
limit_next(struct limit *l)
{
	struct line *line = TAILQ_FIRST(&l->lines);

	if (line == NULL)
		return NULL;
	if (line->unsorted)
		line_sort(line, (size_t)l->waiting);
	/* Who is freed has left its lines. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return TAILQ_FIRST(&line->shares)->permit;
}

/* The other machines first, the next time. */
static void
line_had_turn(struct share *s)
{
	struct limit *l = s->limit;
	struct line *line = s->line;

	TAILQ_REMOVE(&l->lines, line, link);
	TAILQ_INSERT_TAIL(&l->lines, line, link);
	share_leave(s);
}

static void
permit_queue(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		share_queue(&p->shares[i]);
}

/* --- making and ending permits --------------------------------------------------------------- */

static struct permit *
permit_alloc(struct slot *slot, int64_t task_id, int64_t since_ms, const char *machine)
{
	struct permit *p = xcalloc(1, sizeof(*p));

	p->slot = slot;
	p->task_id = task_id;
	p->since_ms = since_ms;
	p->machine = xstrdup(machine);
	return p;
}

/* Before it is linked: it may move. */
static struct permit *
permit_add(struct permit *p, struct limit *l, bool named)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->shares[i].limit == l)
			return p;
	p = xrealloc(p, sizeof(*p) + (p->n + 1) * sizeof(p->shares[0]));
	p->shares[p->n++] = (struct share){ .limit = l, .named = named };
	return p;
}

static struct permit *
permit_add_names(struct permit *p, struct limits *all, const struct limit_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		p = permit_add(p, limit_get(all, names->list[i]), true);
	return p;
}

static struct permit *
permit_add_bound(struct permit *p, struct limits *all, const struct run *r, const struct state *s)
{
	const struct run_facts *f = run_facts(r);
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (l->declared &&
		    limit_rule_takes(&l->rule, s->resource.base_arn, f->machine_name,
			f->machine_arn))
			p = permit_add(p, l, false);
	return p;
}

static void
permit_discard(struct permit *p)
{
	free(p->machine);
	free(p);
}

/* It is not linked yet; NULL = the task is under no limit. */
static struct permit *
permit_make(struct limits *all, struct slot *slot, const struct run *r, const struct state *s,
    int64_t task_id)
{
	const struct machine *m = run_machine(r);
	struct permit *p;

	if (m->limits.n == 0 && s->limits.n == 0 && all->nbound == 0)
		return NULL;
	p = permit_alloc(slot, task_id, clock_wall_ms(), run_facts(r)->machine_name);
	p = permit_add_names(p, all, &m->limits);
	p = permit_add_names(p, all, &s->limits);
	if (all->nbound > 0)
		p = permit_add_bound(p, all, r, s);
	if (p->n > 0)
		return p;
	permit_discard(p);
	return NULL;
}

static void
permit_link(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->shares[i].permit = p;
	permit_insert(p);
}

static void
permit_unqueue(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->shares[i].line != NULL)
			share_leave(&p->shares[i]);
}

static void
permit_free(struct permit *p)
{
	struct limits *all = permit_all(p);

	if (p->ticket != 0)
		idmap_take(&all->starting, p->ticket);
	if (p->put_off)
		TAILQ_REMOVE(&all->put_off, p, put_off_link);
	permit_unqueue(p);
	if (p->held)
		permit_release(p);
	permit_remove(p);
	permit_discard(p);
}

/* There is room in all its limits, and nobody waits there. */
static bool
permit_may_pass(const struct permit *p)
{
	if (!limits_open(permit_all(p)))
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (p->shares[i].limit->waiting > 0)
			return false;
	return permit_obstacle(p) == NULL;
}

bool
limit_permit(struct engine *g, const struct run *r, const struct state *s, int64_t task_id)
{
	struct slot *slot = slots_find(&g->slots, &run_facts(r)->id);
	struct permit *p = slot != NULL ? permit_find(g->limits, slot, task_id) : NULL;

	if (p != NULL || slot == NULL)
		return p == NULL || p->held;
	if ((p = permit_make(g->limits, slot, r, s, task_id)) == NULL)
		return true;
	if (!permit_may_pass(p)) {
		permit_discard(p);
		return false;
	}
	permit_link(p);
	permit_give(p);
	return true;
}

static void
warn_undeclared(const struct resident *r, const struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->shares[i].limit->declared)
			resident_log(r, LOG_LEVEL_WARN,
			    "a task waits for the limit %s, which task_limits does not have",
			    p->shares[i].limit->name);
}

bool
limit_wait(struct resident *r, const struct run_task *t)
{
	struct permit *p = permit_find(r->engine->limits, r->slot, t->task_id);

	if (p != NULL)
		return !p->held || p->ticket != 0;
	p = permit_make(r->engine->limits, r->slot, r->run, t->state, t->task_id);
	if (p == NULL)
		return false;
	permit_link(p);
	if (permit_may_pass(p)) {
		permit_give(p);
		return false;
	}
	/* what was there before a crash keeps its place */
	if (r->slot->claimed || t->started)
		p->since_ms = t->since_ms;
	warn_undeclared(r, p);
	permit_queue(p);
	return true;
}

void
limit_hold(struct resident *r, const struct run_task *t)
{
	struct permit *p = permit_find(r->engine->limits, r->slot, t->task_id);

	if (p != NULL)
		return;
	p = permit_make(r->engine->limits, r->slot, r->run, t->state, t->task_id);
	if (p == NULL)
		return;
	permit_link(p);
	permit_hold(p);
}

void
limit_drop(struct engine *g, const struct slot *s, int64_t task_id)
{
	struct permit *p = permit_find(g->limits, s, task_id);

	if (p != NULL)
		permit_free(p);
}

/* What it stands for may go on elsewhere: the next owner of the shard is to find room for it. */
static void
permit_goes_away(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->shares[i].limit->units.away++;
}

void
limit_drop_all(struct engine *g, const struct slot *s)
{
	struct permit *p;

	while ((p = permits_of(g->limits, s)) != NULL) {
		if (p->held)
			permit_goes_away(p);
		permit_free(p); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
}

/* --- giving ---------------------------------------------------------------------------------- */

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

static void
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

	for (size_t i = 0; i < p->n; i++)
		line_had_turn(&p->shares[i]);
	permit_give(p);
	permit_remove(p);
	permit_insert(p);
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
			if (full->declared && full->rule.rate > 0 && full->tokens < TOKEN_US)
				tokens_await(full);
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

static void
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

static void
limit_to_pump(struct limit *l)
{
	if (l->to_pump)
		return;
	l->to_pump = true;
	STAILQ_INSERT_TAIL(&l->all->to_pump, l, pump_link);
}

/* It may have room: it, and those that wait with somebody for another one, look again. */
static void
limit_touch(struct limit *l)
{
	struct limit *other;

	limit_to_pump(l);
	TAILQ_FOREACH(other, &l->all->list, link)
		if (other->waits)
			limit_to_pump(other);
	if (!loop_timer_pending(&l->all->pump_timer))
		loop_timer_set(&l->all->pump_timer, 0);
}

static void
limit_timer(void *arg)
{
	limit_touch(arg);
}

void
limits_touch(struct limits *all)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		limit_touch(l);
	/* without any, the others still wait to hear that our shards are counted */
	all->counted = false;
	if (!loop_timer_pending(&all->pump_timer))
		loop_timer_set(&all->pump_timer, 0);
}

/* --- nodes ------------------------------------------------------------------------------------- */

void
limit_unit_taken(struct limits *all, int64_t key, bool got)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (limit_units_taken(&l->units, all->engine->store, key, got)) {
			limit_touch(l);
			return;
		}
	if (got) /* it is not declared any more */
		store_units_give(all->engine->store, &key, 1);
}

void
limit_units_all_lost(struct limits *all)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		limit_units_lost(&l->units);
	limits_touch(all);
}

/* "limit-want NODE UNITS NAME", "limit-free NODE UNITS NAME" */
bool
engine_heard_hint(struct engine *g, const char *hint)
{
	char *end = NULL;
	long node, units;
	struct limit *l;
	bool ours;

	if (strncmp(hint, "limit-", 6) != 0)
		return false;
	if (strlen(hint) < 12)
		return true;
	node = strtol(hint + 11, &end, 10);
	units = strtol(end, &end, 10);
	if (*end != ' ' || units < 0 || (l = limit_find(g->limits, end + 1)) == NULL)
		return true;
	ours = node == store_node_number(g->store);
	if (strncmp(hint, "limit-free ", 11) == 0)
		limit_units_given(&l->units, (int32_t)node, ours);
	else if (!ours)
		limit_units_wanted(&l->units, (int32_t)node, (unsigned)units,
		    l->units.capacity - l->used - l->waiting);
	limit_touch(l);
	return true;
}

/* --- sleep ----------------------------------------------------------------------------------- */

static void
print_names(const struct permit *p, bool named, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->shares[i].limit->name;

		if (p->shares[i].named != named)
			continue;
		buf_adds(out, between);
		buf_add_json_string(out, name, strlen(name));
		between = ",";
	}
}

void
limit_print_permits(const struct engine *g, const struct slot *s, struct buf *out)
{
	const struct permit *p;

	for (p = permits_of(g->limits, s); p != NULL; p = LIST_NEXT(p, link)) {
		buf_addf(out,
		    "{\"task\":%lld,\"since\":%lld,\"held\":%s,\"machine\":", (long long)p->task_id,
		    (long long)p->since_ms, p->held ? "true" : "false");
		buf_add_json_string(out, p->machine, strlen(p->machine));
		buf_adds(out, ",\"named\":[");
		print_names(p, true, out);
		buf_adds(out, "],\"bound\":[");
		print_names(p, false, out);
		buf_adds(out, "]},");
	}
}

static struct permit *
load_names(struct permit *p, struct limits *all, struct doc names, bool named)
{
	struct doc_iter it = doc_iter(names);

	while (doc_next(&it)) {
		char *name = doc_strdup(it.value);

		if (name != NULL)
			p = permit_add(p, limit_get(all, name), named);
		free(name);
	}
	return p;
}

static void
load_permit(struct limits *all, struct slot *s, struct doc d)
{
	char *machine = doc_strdup(doc_gets(d, "machine"));
	int64_t task_id, since_ms;
	struct permit *p;

	if (machine != NULL && doc_i64(doc_gets(d, "task"), &task_id) &&
	    doc_i64(doc_gets(d, "since"), &since_ms)) {
		p = permit_alloc(s, task_id, since_ms, machine);
		p = load_names(p, all, doc_gets(d, "named"), true);
		p = load_names(p, all, doc_gets(d, "bound"), false);
		if (p->n == 0) {
			permit_discard(p);
		} else {
			permit_link(p);
			if (doc_is_true(doc_gets(d, "held")))
				permit_hold(p);
			else
				permit_queue(p);
		}
	}
	free(machine);
}

void
limit_load_permits(struct engine *g, struct slot *s, const char *text, size_t len)
{
	struct doc list = doc_parse(text, len, NULL);
	struct doc_iter it = doc_iter(list);

	while (doc_next(&it))
		if (doc_type(it.value) == DOC_OBJECT)
			load_permit(g->limits, s, it.value);
	doc_unref(list);
}

/* --- the configuration ------------------------------------------------------------------------- */

static void
limit_declare(struct limits *all, const struct limit_rule *rule)
{
	struct limit *l = limit_get(all, rule->name);

	if (!l->declared || l->tokens > rule->burst * TOKEN_US || l->rule.rate == 0) {
		l->tokens = rule->burst * TOKEN_US;
		l->filled_us = clock_mono_us();
	}
	l->rule = *rule;
	l->declared = true;
	limit_units_resize(&l->units, all->engine->store, rule->concurrency);
	all->nbound += rule->nresources > 0 || rule->nmachines > 0;
}

static void
limits_sweep(struct limits *all)
{
	struct limit *l, *next;

	for (l = TAILQ_FIRST(&all->list); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (!l->declared && l->used == 0 && l->units.nasked == 0 && TAILQ_EMPTY(&l->lines))
			limit_free(l);
	}
}

static void
limits_undeclare(struct limits *all)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		l->declared = false;
	all->nbound = 0;
}

static void
limits_release_undeclared(struct limits *all)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (!l->declared)
			limit_units_resize(&l->units, all->engine->store, 0);
}

int
engine_set_limits(struct engine *g, const char *json, struct err *e)
{
	struct limits *all = g->limits;
	struct limit_rules rules;

	if (limit_rules_parse(json, &rules, e) != 0)
		return -1;
	limits_undeclare(all);
	for (size_t i = 0; i < rules.n; i++)
		limit_declare(all, &rules.list[i]);
	limits_release_undeclared(all);
	limit_rules_fini(&all->rules); /* the old texts; nobody has them any more */
	all->rules = rules;
	limits_sweep(all);
	limits_touch(all);
	return 0;
}

bool
engine_has_limit(const struct engine *g, const char *name)
{
	const struct limit *l = limit_find(g->limits, name);

	return l != NULL && l->declared;
}

void
engine_each_limit(const struct engine *g, engine_limit_cb *cb, void *arg)
{
	const struct limit *l;

	TAILQ_FOREACH(l, &g->limits->list, link) {
		const struct limit_counts c = { .name = l->name,
			.declared = l->declared,
			.concurrency = l->declared ? l->rule.concurrency : 0,
			.rate = l->declared ? l->rule.rate : 0,
			.per_ms = l->declared ? l->rule.per_ms : 0,
			.burst = l->declared ? l->rule.burst : 0,
			.room = limit_units_room(&l->units),
			.used = l->used,
			.waiting = l->waiting,
			.granted = l->granted };

		cb(arg, &c);
	}
}

struct limits *
limits_new(struct engine *g)
{
	struct limits *all = xcalloc(1, sizeof(*all));

	all->engine = g;
	TAILQ_INIT(&all->list);
	TAILQ_INIT(&all->put_off);
	STAILQ_INIT(&all->to_pump);
	loop_timer_init(g->loop, &all->pump_timer, limits_pump, all);
	loop_timer_init(g->loop, &all->again_timer, limits_again, all);
	return all;
}

void
limits_free(struct limits *all)
{
	struct limit *l, *next;

	for (l = TAILQ_FIRST(&all->list); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		limit_free(l);
	}
	limit_rules_fini(&all->rules);
	loop_timer_fini(&all->pump_timer);
	loop_timer_fini(&all->again_timer);
	idmap_fini(&all->starting);
	idmap_fini(&all->holders);
	free(all);
}
