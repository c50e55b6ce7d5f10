/*
 * transition - how fast executions enter states: the bucket StateTransition of the option throttle.
 */
#include "task/transition.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/idmap.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/resident.h"

#define TURN_US 5000   /* of a turn of the loop, for those who go on */
#define LANES_MAX 1000 /* machines; more only while their runs wait or their buckets are not full */

TAILQ_HEAD(waiting_list, resident);

/* Who shares a bucket. */
struct lane {
	LIST_ENTRY(lane) link;
	struct transitions *all;
	uint64_t key;
	struct bucket bucket;
	struct waiting_list waiting;
	unsigned nwaiting;
	const struct resident *turn; /* whose it is */
	struct loop_timer timer;
};

struct transitions {
	struct engine *engine;
	struct transition_rule rule;
	struct idmap by_key;
	LIST_HEAD(, lane) lanes;
};

static void lane_turn(void *arg);

struct transitions *
transitions_new(struct engine *g)
{
	struct transitions *t = xcalloc(1, sizeof(*t));

	t->engine = g;
	LIST_INIT(&t->lanes);
	return t;
}

static void
lane_free(struct lane *l)
{
	LIST_REMOVE(l, link);
	idmap_take(&l->all->by_key, l->key);
	loop_timer_fini(&l->timer);
	free(l);
}

void
transitions_free(struct transitions *t)
{
	struct lane *l, *next;

	for (l = LIST_FIRST(&t->lanes); l != NULL; l = next) {
		next = LIST_NEXT(l, link);
		lane_free(l);
	}
	idmap_fini(&t->by_key);
	free(t);
}

/* Lanes that say nothing that a new one would not. */
static void
forget_full(struct transitions *t)
{
	struct lane *l, *next;

	for (l = LIST_FIRST(&t->lanes); l != NULL; l = next) {
		next = LIST_NEXT(l, link);
		if (l->nwaiting == 0 &&
		    bucket_fill(&l->bucket, &t->rule.bucket) >= t->rule.bucket.size)
			lane_free(l);
	}
}

static struct lane *
lane_of(const struct resident *r)
{
	struct transitions *t = r->engine->transitions;
	uint64_t key = idmap_id_of(0, t->rule.by_machine ? r->machine->name : "");
	struct lane *l = r->lane != NULL ? r->lane : idmap_get(&t->by_key, key);

	if (l != NULL)
		return l;
	if (t->by_key.n >= LANES_MAX)
		forget_full(t);
	l = xcalloc(1, sizeof(*l));
	l->all = t;
	l->key = key;
	l->bucket = bucket_full(&t->rule.bucket);
	TAILQ_INIT(&l->waiting);
	loop_timer_init(t->engine->loop, &l->timer, lane_turn, l);
	idmap_put(&t->by_key, key, l);
	LIST_INSERT_HEAD(&t->lanes, l, link);
	return l;
}

/* Who waits first goes first; whose turn it is gets an equal part, but one. */
bool
transition_grant(struct resident *r, int64_t *n)
{
	struct transitions *t = r->engine->transitions;
	struct lane *l;
	double tokens;

	if (t->rule.bucket.size == 0)
		return false;
	l = lane_of(r);
	tokens = bucket_fill(&l->bucket, &t->rule.bucket);
	*n = 0;
	if (tokens < 1 || (l->turn != r && l->nwaiting > 0))
		return true;
	*n = l->nwaiting > 0 ? (int64_t)(tokens / l->nwaiting) : (int64_t)tokens;
	if (*n == 0)
		*n = 1;
	return true;
}

void
transition_spend(struct resident *r, int64_t n)
{
	struct lane *l = lane_of(r);

	l->bucket.tokens -= (double)n;
	if (r->lane == NULL)
		return;
	if (!run_is_held(r->run)) {
		transition_leave(r);
	} else if (n > 0) {
		stat_add_label(STAT_executions_throttled, r->machine->name, 1);
		TAILQ_REMOVE(&l->waiting, r, lane_link);
		TAILQ_INSERT_TAIL(&l->waiting, r, lane_link);
	}
}

static void
lane_arm(struct lane *l)
{
	double tokens = bucket_fill(&l->bucket, &l->all->rule.bucket);

	loop_timer_set(&l->timer,
	    tokens >= 1 ? 0 : bucket_wait_ms(&l->bucket, &l->all->rule.bucket));
}

bool
transition_wait(struct resident *r)
{
	struct transitions *t = r->engine->transitions;
	struct lane *l;

	if (t->rule.bucket.size == 0)
		return false;
	l = lane_of(r);
	if (r->lane == NULL) {
		stat_add_label(STAT_executions_throttled, r->machine->name, 1);
		stat_add(STAT_executions_held, 1);
		r->lane = l;
		l->nwaiting++;
		TAILQ_INSERT_TAIL(&l->waiting, r, lane_link);
	}
	if (l->turn == NULL)
		lane_arm(l);
	return true;
}

void
transition_leave(struct resident *r)
{
	struct lane *l = r->lane;

	if (l == NULL)
		return;
	stat_add(STAT_executions_held, -1);
	r->lane = NULL;
	l->nwaiting--;
	TAILQ_REMOVE(&l->waiting, r, lane_link);
}

/* Those who can move go on; one whose record is on its way keeps its place, and comes again when it is there. */
static void
lane_turn(void *arg)
{
	struct lane *l = arg;
	const struct bucket_rule *rule = &l->all->rule.bucket;
	int64_t until_us = clock_mono_us() + TURN_US;
	const struct resident *last = TAILQ_LAST(&l->waiting, waiting_list);
	struct resident *r, *next;
	bool whole = true;

	(void)bucket_fill(&l->bucket, rule);
	for (r = TAILQ_FIRST(&l->waiting); r != NULL && l->bucket.tokens >= 1; r = next) {
		next = r == last ? NULL : TAILQ_NEXT(r, lane_link);
		if (r->where != RES_LIVE)
			continue;
		if (clock_mono_us() > until_us) {
			whole = false;
			break;
		}
		l->turn = r;
		resident_go_on(r);
	}
	l->turn = NULL;
	if (l->nwaiting > 0 && (!whole || bucket_fill(&l->bucket, rule) < 1))
		lane_arm(l);
}

void
engine_set_transitions(struct engine *g, const struct transition_rule *rule)
{
	struct transitions *t = g->transitions;
	struct waiting_list all;
	struct resident *r;
	struct lane *l, *after;

	TAILQ_INIT(&all);
	for (l = LIST_FIRST(&t->lanes); l != NULL; l = after) {
		after = LIST_NEXT(l, link);
		while ((r = TAILQ_FIRST(&l->waiting)) != NULL) {
			transition_leave(r);
			TAILQ_INSERT_TAIL(&all, r, lane_link);
		}
		lane_free(l);
	}
	t->rule = *rule;
	while ((r = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, r, lane_link);
		resident_reconsider(r);
	}
}
