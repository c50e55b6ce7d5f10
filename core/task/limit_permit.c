/*
 * limit_permit - permits: which limits a task is under, who has which, and how they count.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/limit_parts.h"
#include "task/resident.h"

/* --- who has which ----------------------------------------------------------------------------- */

static uint64_t
slot_key(const struct slot *s)
{
	return (uint64_t)(uintptr_t)s;
}

struct permit *
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

struct limits *
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

void
permit_to_front(struct permit *p)
{
	permit_remove(p);
	permit_insert(p);
}

/* --- counting ---------------------------------------------------------------------------------- */

static void
share_count(struct share *s, int n)
{
	s->limit->used += n;
	stat_add_label(STAT_limit_used, s->limit->name, n);
}

void
permit_hold(struct permit *p)
{
	p->held = true;
	for (size_t i = 0; i < p->n; i++)
		share_count(&p->shares[i], 1);
}

void
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

void
permit_release(struct permit *p)
{
	p->held = false;
	for (size_t i = 0; i < p->n; i++) {
		share_count(&p->shares[i], -1);
		limit_touch(p->shares[i].limit);
	}
}

/* --- making and ending ------------------------------------------------------------------------- */

struct permit *
permit_alloc(struct slot *slot, int64_t task_id, int64_t since_ms, const char *machine)
{
	struct permit *p = xcalloc(1, sizeof(*p));

	p->slot = slot;
	p->task_id = task_id;
	p->since_ms = since_ms;
	p->machine = xstrdup(machine);
	return p;
}

struct permit *
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

void
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

void
permit_link(struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->shares[i].permit = p;
	permit_insert(p);
}

void
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

/* --- what runs ask ----------------------------------------------------------------------------- */

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
