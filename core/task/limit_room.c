/*
 * limit_room - whether one more task may begin under a limit: its part of the units, and the tokens of its rate.
 */
#include "base/clock.h"
#include "store/member.h"
#include "task/limit_parts.h"

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
	double come = (double)us * tokens_per_us(l);

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

void
limit_await_token(struct limit *l)
{
	double us;

	if (!l->declared || l->rule.rate == 0 || l->tokens >= TOKEN_US)
		return;
	us = (double)(TOKEN_US - l->tokens) / tokens_per_us(l);
	loop_timer_set(&l->timer, (int64_t)(us / 1000) + 1);
}

bool
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

struct limit *
permit_obstacle(const struct permit *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!share_has_room(&p->shares[i]))
			return p->shares[i].limit;
	return NULL;
}

bool
permit_may_pass(const struct permit *p)
{
	if (!limits_open(permit_all(p)))
		return false;
	for (size_t i = 0; i < p->n; i++)
		if (p->shares[i].limit->waiting > 0)
			return false;
	return permit_obstacle(p) == NULL;
}
