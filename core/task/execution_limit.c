/*
 * execution_limit - state machines of which only so many executions may run at the same time.
 */
#include "task/execution_limit.h"

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/names.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/place.h"
#include "task/execution_rule.h"
#include "task/resident.h"

#define LOOK_MS 1000

struct execution_limits {
	struct engine *engine;
	struct execution_rules rules;
	char *json;              /* the option's text, for the SQL functions */
	bool waits;              /* somebody does, as far as we know */
	bool looking;            /* a round is under way */
	bool again;              /* something has changed since it began */
	struct loop_timer timer; /* the next round */
};

static struct idmap placing; /* ticket -> struct resident */
static uint64_t next_ticket;

/* --- the limit of a machine -------------------------------------------------------------- */

int64_t
execution_limit_of(const struct engine *g, const char *machine_name)
{
	const struct execution_limits *all = g->execution_limits;
	const struct territory here = { .region = g->region, .account_id = g->account_id };
	struct buf arn;
	int64_t most;

	if (all->rules.n == 0)
		return 0;
	buf_init(&arn, BUF_UNLIMITED);
	if (all->rules.by_arn)
		resource_machine_arn(&here, machine_name, &arn);
	most = execution_rules_most(&all->rules, machine_name, buf_text(&arn));
	buf_fini(&arn);
	return most;
}

/* --- places --------------------------------------------------------------------------------- */

static void
refuse_full(struct resident *r)
{
	struct err e = ERR_INIT;

	err_set(&e, "ExecutionLimitExceeded",
	    "Execution Limit Exceeded: '%s' has as many running executions as it may have "
	    "(execution_limits)",
	    run_facts(r->run)->machine_arn);
	stat_add_label(STAT_starts_refused, "limit", 1);
	resident_not_started(r, &e);
	err_fini(&e);
}

static void
placed(uint64_t ticket, enum place_answer answer, const struct err *e)
{
	struct resident *r = idmap_take(&placing, ticket);
	struct engine *g;

	if (r == NULL) /* its shard went; should its row be there, the next owner begins it */
		return;
	r->place_ticket = 0;
	g = r->engine;
	if (e != NULL) {
		resident_not_started(r, e);
	} else if (answer == PLACE_TAKEN) {
		(void)FAILPOINT(place_taken);
		r->row_written = true;
		resident_set_where(r, RES_LIVE);
		resident_begin(r);
	} else if (answer == PLACE_NAMED) {
		resident_not_started(r, NULL);
	} else {
		refuse_full(r);
	}
	engine_check_drained(g);
}

void
execution_limit_place(struct resident *r, int64_t most)
{
	const struct run_facts *f = run_facts(r->run);
	const struct place_start what = { .machine_id = r->machine->id,
		.most = most,
		.shard = r->slot->shard,
		.id = r->slot->id,
		.revision = r->machine->revision,
		.name = f->execution_name,
		.start_ms = f->start_ms,
		.input = f->input_text,
		.input_len = f->input_len,
		.version_arn = f->version_arn,
		.alias_arn = f->alias_arn,
		.trace_header = r->trace_header,
		.parent = r->commit.parent };

	r->place_ticket = ++next_ticket;
	idmap_put(&placing, r->place_ticket, r);
	place_start(r->engine->store, &what, r->place_ticket, placed);
}

void
execution_limit_forget(struct resident *r)
{
	if (r->place_ticket != 0)
		idmap_take(&placing, r->place_ticket);
	r->place_ticket = 0;
}

bool
execution_limit_is_idle(const struct engine *g)
{
	(void)g;
	return placing.n == 0;
}

/* --- those that wait ------------------------------------------------------------------------- */

static void
round_over(void *arg, bool waiting)
{
	struct execution_limits *all = arg;

	all->looking = false;
	all->waits = waiting || all->again;
	if (all->waits)
		loop_timer_set(&all->timer, all->again ? 0 : LOOK_MS);
}

static void
look(void *arg)
{
	struct execution_limits *all = arg;
	struct engine *g = all->engine;

	if (g->store == NULL || g->draining)
		return;
	all->again = false;
	all->looking = place_admit(g->store, round_over, all);
	if (!all->looking)
		loop_timer_set(&all->timer, LOOK_MS);
}

/* A round begins, or another one when that is over which is under way. */
static void
look_soon(struct execution_limits *all)
{
	all->again = true;
	if (!all->looking)
		loop_timer_set(&all->timer, 0);
}

void
execution_limit_waits(struct engine *g)
{
	g->execution_limits->waits = true;
	look_soon(g->execution_limits);
}

void
execution_limit_ended(const struct resident *r)
{
	const struct engine *g = r->engine;

	if (g->execution_limits->waits && execution_limit_of(g, r->machine->name) > 0)
		look_soon(g->execution_limits);
}

/* --- the configuration ----------------------------------------------------------------------- */

int
engine_set_execution_limits(struct engine *g, const char *json, struct err *e)
{
	struct execution_limits *all = g->execution_limits;
	struct execution_rules rules;

	if (execution_rules_parse(json, &rules, e) != 0)
		return -1;
	execution_rules_fini(&all->rules);
	all->rules = rules;
	if (all->json != NULL && strcmp(all->json, json) == 0)
		return 0;
	free(all->json);
	all->json = xstrdup(json);
	if (g->store != NULL) {
		place_publish(g->store, json);
		execution_limit_waits(g); /* there may be more room */
	}
	return 0;
}

bool
engine_limits_executions(const struct engine *g)
{
	return g->execution_limits->rules.n > 0;
}

void
execution_limits_attach(struct execution_limits *all)
{
	if (all->rules.n > 0)
		place_prepare(all->engine->store);
}

struct execution_limits *
execution_limits_new(struct engine *g)
{
	struct execution_limits *all = xcalloc(1, sizeof(*all));

	all->engine = g;
	loop_timer_init(g->loop, &all->timer, look, all);
	return all;
}

void
execution_limits_free(struct execution_limits *all)
{
	execution_rules_fini(&all->rules);
	loop_timer_fini(&all->timer);
	free(all->json);
	free(all);
}
