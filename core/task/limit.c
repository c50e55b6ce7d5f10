/*
 * limit - the limits themselves: by name, as the configuration and the other nodes want them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/member.h"
#include "store/unit.h"
#include "task/limit_parts.h"

/* --- looking again ------------------------------------------------------------------------------- */

static void
limit_to_pump(struct limit *l)
{
	if (l->to_pump)
		return;
	l->to_pump = true;
	STAILQ_INSERT_TAIL(&l->all->to_pump, l, pump_link);
}

void
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

/* --- limits by name ---------------------------------------------------------------------------- */

static struct limit *
limit_find(const struct limits *all, const char *name)
{
	struct limit *l;

	TAILQ_FOREACH(l, &all->list, link)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

struct limit *
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
