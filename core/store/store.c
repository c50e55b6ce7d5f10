/*
 * store - pawl's PostgreSQL: the connections of one node and their common fate.
 */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/parts.h"

/* The same sentence for everything that counts on the store being up. */
void
store_tell_up(const struct store *s)
{
	stat_set(STAT_database_up, store_is_up(s) ? 1 : 0);
}

void
store_hurry(struct store *s)
{
	for (int i = 0; i < s->nwriters; i++)
		writer_hurry(s->writers[i]);
	catalogue_hurry(s->catalogue);
	signals_hurry(s->signals);
	places_hurry(s->places);
	pool_hurry(s->pool);
}

void
store_shard_claimed(struct store *s, struct writer *w, int32_t shard)
{
	assert(shard >= 0 && shard < STORE_SHARDS && s->owner[shard] == NULL);
	s->owner[shard] = w;
	s->nowned++;
	s->events.shard_claimed(s->events.arg, shard);
}

void
commit_finish(struct commit *c, enum commit_result r)
{
	c->where_ = COMMIT_IDLE;
	c->done(c, r);
}

static void
finish_lost(struct commit_list *list)
{
	struct commit *c;

	while ((c = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, c, link_);
		commit_finish(c, COMMIT_LOST);
	}
}

static void
shards_disown(struct store *s, const struct shard_set *set)
{
	for (int32_t i = 0; i < STORE_SHARDS; i++)
		if (set->has[i]) {
			s->owner[i] = NULL;
			s->leaving[i] = false;
			s->counted[i] = false;
		}
	s->nowned -= set->n;
	store_tell_up(s);
}

void
store_writer_lost(struct store *s, struct writer *w, struct commit_list *lost)
{
	struct shard_set lost_shards = { .n = 0 };

	for (int32_t i = 0; i < STORE_SHARDS; i++) {
		if (s->owner[i] != w)
			continue;
		lost_shards.has[i] = true;
		lost_shards.n++;
	}
	shards_disown(s, &lost_shards);
	finish_lost(lost);
	/* what was queued while its writer was on its way out */
	finish_lost(&s->orphans);
	if (lost_shards.n > 0)
		s->events.shards_lost(s->events.arg, &lost_shards);
}

void
store_shards_given(struct store *s, const struct shard_set *set)
{
	shards_disown(s, set);
	s->events.shards_lost(s->events.arg, set);
}

void
store_set_quota(struct store *s, int quota, int32_t first)
{
	s->quota = quota;
	for (int i = 0; i < s->nwriters; i++)
		writer_set_quota(s->writers[i], quota / s->nwriters + (i < quota % s->nwriters),
		    first);
}

void
store_set_address(struct store *s, const char *address)
{
	free(s->node_address);
	s->node_address = xstrdup(address);
}

static void
orphans_lost(void *arg)
{
	struct store *s = arg;

	finish_lost(&s->orphans);
}

void
store_commit(struct store *s, struct commit *c)
{
	struct writer *w;

	assert(c->where_ != COMMIT_SENT);
	assert(c->shard >= 0 && c->shard < STORE_SHARDS);
	if (c->where_ == COMMIT_QUEUED)
		return;
	if ((w = s->owner[c->shard]) != NULL) {
		writer_queue(w, c);
		return;
	}
	c->where_ = COMMIT_QUEUED;
	TAILQ_INSERT_TAIL(&s->orphans, c, link_);
	loop_timer_set(&s->orphan_timer, 0);
}

bool
commit_is_idle(const struct commit *c)
{
	return c->where_ == COMMIT_IDLE;
}

bool
commit_is_sent(const struct commit *c)
{
	return c->where_ == COMMIT_SENT;
}

bool
store_is_up(const struct store *s)
{
	return s->nowned > 0 && pool_is_up(s->pool);
}

bool
store_is_settled(const struct store *s)
{
	return s->quota > 0 && s->nowned >= s->quota;
}

int32_t
store_pick_shard(struct store *s)
{
	int32_t leaving = -1;

	for (int i = 0; i < STORE_SHARDS; i++) {
		s->next_shard = (s->next_shard + 1) % STORE_SHARDS;
		if (s->owner[s->next_shard] == NULL)
			continue;
		if (!s->leaving[s->next_shard])
			return s->next_shard;
		leaving = s->next_shard;
	}
	return leaving;
}

bool
store_owns(const struct store *s, int32_t shard)
{
	return shard >= 0 && shard < STORE_SHARDS && s->owner[shard] != NULL;
}

void
store_confirm(struct store *s, int32_t shard, store_confirmed_cb *cb, void *arg)
{
	writer_confirm(s, s->owner[shard], cb, arg);
}

unsigned
store_pending(const struct store *s)
{
	const struct commit *c;
	unsigned n = 0;

	for (int i = 0; i < s->nwriters; i++)
		n += writer_pending(s->writers[i]);
	for (c = TAILQ_FIRST(&s->orphans); c != NULL; c = TAILQ_NEXT(c, link_))
		n++;
	return n;
}

int64_t
store_waited_ms(const struct store *s)
{
	int64_t first_us = INT64_MAX, us;

	for (int i = 0; i < s->nwriters; i++)
		if ((us = writer_oldest_us(s->writers[i])) < first_us)
			first_us = us;
	return first_us == INT64_MAX ? 0 : (clock_mono_us() - first_us) / 1000;
}

struct store *
store_open(struct loop *l, const struct store_options *o, const struct store_events *ev)
{
	struct store *s = xcalloc(1, sizeof *s);

	assert(o->writers >= 1 && o->writers <= STORE_WRITERS_MAX);
	assert(o->readers >= 1 && o->batch_max >= 1);
	s->loop = l;
	s->events = *ev;
	s->conninfo = xstrdup(o->conninfo);
	s->node_name = xstrdup(o->node_name);
	s->node_address = xstrdup("");
	s->application_name = xasprintf("pawld %s", o->node_name);
	s->batch_max = o->batch_max;
	TAILQ_INIT(&s->orphans);
	loop_timer_init(l, &s->orphan_timer, orphans_lost, s);
	s->pool = pool_new(s, o->readers);
	s->catalogue = catalogue_new(s);
	s->signals = signals_new(s);
	s->places = places_new(s);
	s->nwriters = o->writers;
	s->members = members_new(s);
	s->units = units_new(s);
	for (int i = 0; i < s->nwriters; i++)
		s->writers[i] = writer_new(s, i, s->nwriters);
	return s;
}

static void
store_free(void *arg)
{
	struct store *s = arg;

	loop_timer_fini(&s->orphan_timer);
	free(s->conninfo);
	free(s->node_name);
	free(s->node_address);
	free(s->application_name);
	free(s);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int32_t i = 0; i < STORE_SHARDS; i++)
		s->owner[i] = NULL;
	s->nowned = 0;
	for (int i = 0; i < s->nwriters; i++)
		writer_free(s->writers[i]);
	finish_lost(&s->orphans);
	members_free(s->members);
	units_free(s->units);
	catalogue_free(s->catalogue);
	signals_free(s->signals);
	places_free(s->places);
	pool_free(s->pool);
	store_tell_up(s);
	loop_free_later(s->loop, s, store_free);
}
