/*
 * catalogue - state machines, their revisions, activities, tags: looked up, listed, changed.
 *
 * A change is one transaction whose statements are sent together; what they answer
 * is gathered on the way and told after COMMIT.
 */
#include "store/catalogue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/machine_cache.h"
#include "store/parts.h"

#define CATALOGUE_PATIENCE_MS 40000
#define CATALOGUE_WAIT_MS 2000 /* a change waits so long for the connection */

struct waiter {
	uint64_t ticket;
	catalogue_machine_cb *cb;
};

/* One question to the database and all who wait for its answer. */
struct lookup {
	LIST_ENTRY(lookup) link;
	struct catalogue *catalogue;
	char *name; /* NULL = by id and revision */
	struct uuid id;
	int64_t revision;
	uint64_t generation;
	struct waiter *waiters;
	size_t nwaiters;
};

/* An answer from the cache, to be given on a later turn. */
struct hit {
	STAILQ_ENTRY(hit) link;
	uint64_t ticket;
	catalogue_machine_cb *cb;
	struct machine_entry *entry;
};

struct change;
struct change_step {
	struct change *change;
	enum query query;
	struct params params;
	/* Gathers from a result that went well. */
	void (*take)(struct change *c, const PGresult *r);
};

#define CHANGE_STEPS_MAX 4

struct change {
	TAILQ_ENTRY(change) link;
	struct catalogue *catalogue;
	const char *what;
	int64_t asked_ms;
	struct change_step steps[CHANGE_STEPS_MAX];
	int nsteps;
	bool sent;
	struct err err; /* set = it failed */
	/* gathered */
	bool changed; /* the statement that changes something did */
	bool found, same, too_many;
	struct machine_entry *entry;
	struct activity_entry activity; /* its texts are ours */
	char *tags;
	/* told */
	void (*tell)(struct change *c);
	uint64_t ticket;
	catalogue_change_cb *change_cb;
	catalogue_tags_cb *tags_cb;
	catalogue_activity_cb *activity_cb;
	catalogue_deleted_cb *deleted_cb;
};

TAILQ_HEAD(change_list, change);

struct catalogue {
	struct store *store;
	struct pg *pg;
	bool closed;
	struct machine_cache *cache;
	LIST_HEAD(, lookup) lookups;
	STAILQ_HEAD(hit_list, hit) hits;
	struct loop_timer hit_timer;
	struct change_list changes; /* until they are told */
	struct loop_timer change_timer;
};

/* --- looking up -------------------------------------------------------------------- */

static void
lookup_answer(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	struct catalogue *c = s->catalogue;
	struct lookup *l = q->context;
	struct machine_entry *m = NULL;
	struct err failed = ERR_INIT;

	LIST_REMOVE(l, link);
	if (e == NULL && PQntuples(r) > 0) {
		m = machine_cache_take(c->cache, r, &failed);
		if (m == NULL)
			e = &failed;
		else if (l->name != NULL && l->generation == machine_cache_generation(c->cache))
			machine_cache_mark_newest(c->cache, m);
	}
	/* who is told may make the cache drop it */
	if (m != NULL)
		machine_entry_ref(m);
	for (size_t i = 0; i < l->nwaiters; i++)
		l->waiters[i].cb(l->waiters[i].ticket, m, e);
	machine_entry_unref(m);
	err_fini(&failed);
	free(l->waiters);
	free(l->name);
	free(l);
}

static struct lookup *
lookup_find(struct catalogue *c, const char *name, const struct uuid *id, int64_t revision)
{
	struct lookup *l;

	for (l = LIST_FIRST(&c->lookups); l != NULL; l = LIST_NEXT(l, link)) {
		if (l->generation != machine_cache_generation(c->cache) ||
		    (l->name == NULL) != (name == NULL))
			continue;
		if (name != NULL ? strcmp(l->name, name) == 0
				 : l->revision == revision && uuid_equal(&l->id, id))
			return l;
	}
	return NULL;
}

static void
lookup_wait(struct catalogue *c, const char *name, const struct uuid *id, int64_t revision,
    uint64_t ticket, catalogue_machine_cb *cb)
{
	struct lookup *l = lookup_find(c, name, id, revision);
	bool is_new = l == NULL;
	struct params p;

	if (is_new) {
		l = xcalloc(1, sizeof *l);
		l->catalogue = c;
		l->name = name != NULL ? xstrdup(name) : NULL;
		if (id != NULL)
			l->id = *id;
		l->revision = revision;
		l->generation = machine_cache_generation(c->cache);
		LIST_INSERT_HEAD(&c->lookups, l, link);
	}
	l->waiters = xreallocarray(l->waiters, l->nwaiters + 1, sizeof *l->waiters);
	l->waiters[l->nwaiters++] = (struct waiter){ ticket, cb };
	if (is_new) {
		params_init(&p);
		if (name != NULL) {
			params_str(&p, name);
		} else {
			params_uuid(&p, id);
			params_i64(&p, revision);
		}
		pool_ask(c->store->pool,
		    &(struct pool_question){ .query = name != NULL ? QUERY_machine_by_name
								   : QUERY_machine_by_id,
			.answer = lookup_answer,
			.context = l },
		    &p);
	}
}

static void
hits_answer(void *arg)
{
	struct catalogue *c = arg;
	struct hit_list hits = STAILQ_HEAD_INITIALIZER(hits);
	struct hit *h;

	STAILQ_CONCAT(&hits, &c->hits);
	while ((h = STAILQ_FIRST(&hits)) != NULL) {
		STAILQ_REMOVE_HEAD(&hits, link);
		h->cb(h->ticket, h->entry, NULL);
		machine_entry_unref(h->entry);
		free(h);
	}
}

static void
hit(struct catalogue *c, struct machine_entry *m, uint64_t ticket, catalogue_machine_cb *cb)
{
	struct hit *h = xcalloc(1, sizeof *h);

	h->ticket = ticket;
	h->cb = cb;
	h->entry = machine_entry_ref(m);
	if (STAILQ_EMPTY(&c->hits))
		loop_timer_set(&c->hit_timer, 0);
	STAILQ_INSERT_TAIL(&c->hits, h, link);
}

/* While we do not hear other nodes nothing is known to be the newest. */
struct machine_entry *
catalogue_cached(struct store *s, const char *name)
{
	struct catalogue *c = s->catalogue;

	return pg_is_up(c->pg) ? machine_cache_newest(c->cache, name) : NULL;
}

void
catalogue_by_name(struct store *s, const char *name, uint64_t ticket, catalogue_machine_cb *cb)
{
	struct machine_entry *m = catalogue_cached(s, name);

	if (m != NULL)
		hit(s->catalogue, m, ticket, cb);
	else
		lookup_wait(s->catalogue, name, NULL, 0, ticket, cb);
}

void
catalogue_by_id(struct store *s, const struct uuid *id, int64_t revision, uint64_t ticket,
    catalogue_machine_cb *cb)
{
	struct machine_entry *m = machine_cache_by_id(s->catalogue->cache, id, revision);

	if (m != NULL)
		hit(s->catalogue, m, ticket, cb);
	else
		lookup_wait(s->catalogue, NULL, id, revision, ticket, cb);
}

/* --- changing ------------------------------------------------------------------------ */

static struct change *
change_new(struct store *s, const char *what, uint64_t ticket, void (*tell)(struct change *))
{
	struct change *ch = xcalloc(1, sizeof *ch);

	ch->catalogue = s->catalogue;
	ch->what = what;
	ch->asked_ms = clock_mono_ms();
	ch->ticket = ticket;
	ch->tell = tell;
	return ch;
}

/* The next statement; its parameters are to be added to what is returned. */
static struct params *
change_step(struct change *ch, enum query q, void (*take)(struct change *, const PGresult *))
{
	struct change_step *st = &ch->steps[ch->nsteps++];

	assert(ch->nsteps <= CHANGE_STEPS_MAX);
	st->change = ch;
	st->query = q;
	st->take = take;
	params_init(&st->params);
	return &st->params;
}

static void
change_over(struct change *ch)
{
	TAILQ_REMOVE(&ch->catalogue->changes, ch, link);
	ch->tell(ch);
	for (int i = 0; i < ch->nsteps; i++)
		params_fini(&ch->steps[i].params);
	machine_entry_unref(ch->entry);
	free((char *)(uintptr_t)ch->activity.encryption);
	free(ch->tags);
	err_fini(&ch->err);
	free(ch);
}

static void
change_fail(struct change *ch, const char *why)
{
	if (err_is_set(&ch->err))
		return;
	err_set(&ch->err, "ServiceUnavailable", "%s", why);
}

/* False, and the change has failed, when the statement did not go well. */
static bool
change_went_well(struct change *ch, const PGresult *r)
{
	char line[512];

	if (pg_done(r))
		return true;
	if (!err_is_set(&ch->err))
		log_warn("store: %s failed: %s", ch->what, pg_message(r, line, sizeof line));
	change_fail(ch, "The database could not make the change.");
	return false;
}

static void
change_step_done(void *arg, const PGresult *r)
{
	struct change_step *st = arg;

	if (change_went_well(st->change, r) && st->take != NULL)
		st->take(st->change, r);
}

static void
change_plain_done(void *arg, const PGresult *r)
{
	change_went_well(arg, r);
}

static void
change_committed(void *arg, const PGresult *r)
{
	struct change *ch = arg;

	if (change_went_well(ch, r) && strcmp(PQcmdStatus((PGresult *)(uintptr_t)r), "COMMIT") != 0)
		change_fail(ch, "The database rolled the change back.");
}

static void
change_synced(void *arg, const PGresult *r)
{
	(void)r;
	change_over(arg);
}

static void
change_send(struct change *ch)
{
	struct pg *pg = ch->catalogue->pg;

	ch->sent = true;
	pg_query(pg, QUERY_tx_begin, NULL, change_plain_done, ch);
	for (int i = 0; i < ch->nsteps; i++)
		pg_query(pg, ch->steps[i].query, &ch->steps[i].params, change_step_done,
		    &ch->steps[i]);
	if (FAILPOINT(catalogue_commit))
		pg_fail(pg, "fail point catalogue.commit");
	pg_query(pg, QUERY_tx_commit, NULL, change_committed, ch);
	pg_sync(pg, change_synced, ch);
}

static void
change_begin(struct change *ch)
{
	struct catalogue *c = ch->catalogue;

	TAILQ_INSERT_TAIL(&c->changes, ch, link);
	if (pg_is_up(c->pg))
		change_send(ch);
	else if (!loop_timer_pending(&c->change_timer))
		loop_timer_set(&c->change_timer, CATALOGUE_WAIT_MS);
}

static void
changes_too_late(void *arg)
{
	struct catalogue *c = arg;
	struct change *ch, *next;
	bool waiting = false;

	for (ch = TAILQ_FIRST(&c->changes); ch != NULL; ch = next) {
		next = TAILQ_NEXT(ch, link);
		if (ch->sent)
			continue;
		waiting = true;
		if (clock_mono_ms() - ch->asked_ms < CATALOGUE_WAIT_MS)
			continue;
		change_fail(ch, "The database cannot be reached at the moment.");
		change_over(ch);
	}
	if (waiting)
		loop_timer_set(&c->change_timer, CATALOGUE_WAIT_MS / 4);
}

static void
take_changed(struct change *ch, const PGresult *r)
{
	ch->changed = PQntuples(r) > 0;
}

/* The machine as the transaction leaves it. The mark of being the newest comes after COMMIT. */
static void
take_entry(struct change *ch, const PGresult *r)
{
	struct err e = ERR_INIT;
	struct machine_entry *m;

	if (PQntuples(r) == 0)
		return;
	ch->found = true;
	if ((m = machine_cache_take(ch->catalogue->cache, r, &e)) != NULL)
		ch->entry = machine_entry_ref(m);
	else
		err_move(&ch->err, &e);
	err_fini(&e);
}

static void
take_compared(struct change *ch, const PGresult *r)
{
	take_entry(ch, r);
	ch->same = ch->found && result_bool(r, 0, 13);
}

static enum catalogue_outcome
outcome_of(const struct change *ch)
{
	if (!ch->found)
		return CATALOGUE_NONE;
	if (ch->changed)
		return CATALOGUE_DONE;
	if (ch->entry->deleting)
		return CATALOGUE_DELETING;
	return ch->same ? CATALOGUE_SAME : CATALOGUE_CONFLICT;
}

static void
tell_change(struct change *ch)
{
	struct catalogue *c = ch->catalogue;

	if (!err_is_set(&ch->err) && ch->changed && !c->closed) {
		/* other nodes hear of it by NOTIFY; our own notification is not waited for */
		machine_cache_wipe_newest(c->cache);
		if (!ch->entry->deleting)
			machine_cache_mark_newest(c->cache, ch->entry);
	}
	if (err_is_set(&ch->err))
		ch->change_cb(ch->ticket, CATALOGUE_NONE, NULL, &ch->err);
	else
		ch->change_cb(ch->ticket, outcome_of(ch), ch->entry, NULL);
}

static const char *
type_name(enum machine_type t)
{
	return t == MACHINE_EXPRESS ? "EXPRESS" : "STANDARD";
}

static void
params_definition(struct params *p, const struct machine_spec *spec)
{
	if (spec->definition != NULL)
		params_text(p, spec->definition, spec->definition_len);
	else
		params_null(p);
}

void
catalogue_create(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb)
{
	struct change *ch = change_new(s, "creating a state machine", ticket, tell_change);
	struct params *p = change_step(ch, QUERY_machine_insert, take_changed);
	struct uuid id = uuid_v7(spec->now_ms);

	ch->change_cb = cb;
	params_uuid(p, &id);
	params_str(p, spec->name);
	params_str(p, type_name(spec->type));
	params_i64(p, spec->now_ms);
	params_definition(p, spec);
	params_str(p, spec->role_arn);
	params_str(p, spec->logging);
	params_str(p, spec->tracing);
	params_str(p, spec->encryption);
	params_str(p, spec->tags != NULL ? spec->tags : "[]");

	p = change_step(ch, QUERY_machine_compare, take_compared);
	params_str(p, spec->name);
	params_str(p, type_name(spec->type));
	params_definition(p, spec);
	params_str(p, spec->logging);
	params_str(p, spec->tracing);
	params_str(p, spec->encryption);
	change_begin(ch);
}

static void
take_updated(struct change *ch, const PGresult *r)
{
	take_entry(ch, r);
	ch->same = !ch->changed;
}

static void
step_lock(struct change *ch, enum query lock, const char *name)
{
	params_str(change_step(ch, lock, NULL), name);
}

void
catalogue_update(struct store *s, const struct machine_spec *spec, uint64_t ticket,
    catalogue_change_cb *cb)
{
	struct change *ch = change_new(s, "updating a state machine", ticket, tell_change);
	struct params *p;

	ch->change_cb = cb;
	step_lock(ch, QUERY_machine_lock, spec->name);
	p = change_step(ch, QUERY_machine_revise, take_changed);
	params_str(p, spec->name);
	params_i64(p, spec->now_ms);
	params_definition(p, spec);
	params_str(p, spec->role_arn);
	params_str(p, spec->logging);
	params_str(p, spec->tracing);
	params_str(p, spec->encryption);
	params_str(change_step(ch, QUERY_machine_by_name, take_updated), spec->name);
	change_begin(ch);
}

void
catalogue_delete(struct store *s, const char *name, int64_t now_ms, uint64_t ticket,
    catalogue_change_cb *cb)
{
	struct change *ch = change_new(s, "deleting a state machine", ticket, tell_change);
	struct params *p;

	ch->change_cb = cb;
	step_lock(ch, QUERY_machine_lock, name);
	p = change_step(ch, QUERY_machine_delete, take_changed);
	params_str(p, name);
	params_i64(p, now_ms);
	params_str(change_step(ch, QUERY_machine_by_name, take_entry), name);
	change_step(ch, QUERY_machine_sweep, NULL);
	change_begin(ch);
}

static void
tell_sweep(struct change *ch)
{
	if (!err_is_set(&ch->err) && ch->changed)
		machine_cache_wipe_newest(ch->catalogue->cache);
}

void
catalogue_sweep(struct store *s)
{
	struct change *ch;

	if (!pg_is_up(s->catalogue->pg))
		return;
	ch = change_new(s, "removing deleted state machines", 0, tell_sweep);
	change_step(ch, QUERY_machine_sweep, take_changed);
	change_begin(ch);
}

/* --- lists -------------------------------------------------------------------------------- */

static void
list_answer(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	catalogue_list_cb *cb = (catalogue_list_cb *)q->cb;
	struct machine_item *items;
	int n, found;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, false, e);
		return;
	}
	found = PQntuples(r);
	n = found < q->limit ? found : q->limit;
	items = xcalloc((size_t)n + 1, sizeof *items);
	for (int i = 0; i < n; i++) {
		items[i].name = result_text(r, i, 0, NULL);
		items[i].type = strcmp(result_text(r, i, 1, NULL), "EXPRESS") == 0
		    ? MACHINE_EXPRESS
		    : MACHINE_STANDARD;
		items[i].created_ms = result_i64(r, i, 2);
	}
	cb(q->ticket, items, (size_t)n, found > n, NULL);
	free(items);
}

/* A list by name, of at most q->limit and one more. */
static void
ask_list(struct store *s, const struct pool_question *q, const char *after_name)
{
	struct params p;

	params_init(&p);
	params_str(&p, after_name != NULL ? after_name : "");
	params_i32(&p, q->limit + 1);
	pool_ask(s->pool, q, &p);
}

void
catalogue_list(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_list_cb *cb)
{
	const struct pool_question q = { .query = QUERY_machine_list,
		.answer = list_answer,
		.ticket = ticket,
		.cb = (void (*)(void))cb,
		.limit = limit };

	ask_list(s, &q, after_name);
}

/* --- activities ----------------------------------------------------------------------------- */

static struct activity_entry
activity_of(const PGresult *r)
{
	return (struct activity_entry){ .created_ms = result_i64(r, 0, 0),
		.encryption = result_text(r, 0, 1, NULL) };
}

static void
activity_answer(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	catalogue_activity_cb *cb = (catalogue_activity_cb *)q->cb;
	struct activity_entry a;

	(void)s;
	if (e != NULL || PQntuples(r) == 0) {
		cb(q->ticket, NULL, e);
		return;
	}
	a = activity_of(r);
	cb(q->ticket, &a, NULL);
}

void
catalogue_activity(struct store *s, const char *name, uint64_t ticket, catalogue_activity_cb *cb)
{
	const struct pool_question q = { .query = QUERY_activity_by_name,
		.answer = activity_answer,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_str(&p, name);
	pool_ask(s->pool, &q, &p);
}

static void
activities_answer(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	catalogue_activities_cb *cb = (catalogue_activities_cb *)q->cb;
	struct activity_item *items;
	int n, found;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, false, e);
		return;
	}
	found = PQntuples(r);
	n = found < q->limit ? found : q->limit;
	items = xcalloc((size_t)n + 1, sizeof *items);
	for (int i = 0; i < n; i++) {
		items[i].name = result_text(r, i, 0, NULL);
		items[i].created_ms = result_i64(r, i, 1);
	}
	cb(q->ticket, items, (size_t)n, found > n, NULL);
	free(items);
}

void
catalogue_activities(struct store *s, const char *after_name, int limit, uint64_t ticket,
    catalogue_activities_cb *cb)
{
	const struct pool_question q = { .query = QUERY_activity_list,
		.answer = activities_answer,
		.ticket = ticket,
		.cb = (void (*)(void))cb,
		.limit = limit };

	ask_list(s, &q, after_name);
}

static void
take_activity(struct change *ch, const PGresult *r)
{
	ch->found = PQntuples(r) > 0;
	if (!ch->found)
		return;
	ch->activity = activity_of(r);
	ch->activity.encryption = xstrdup(ch->activity.encryption);
}

static void
tell_created(struct change *ch)
{
	if (!err_is_set(&ch->err) && !ch->found) /* somebody deleted it just now */
		change_fail(ch, "The activity is being changed. Try again.");
	if (err_is_set(&ch->err))
		ch->activity_cb(ch->ticket, NULL, &ch->err);
	else
		ch->activity_cb(ch->ticket, &ch->activity, NULL);
}

void
catalogue_create_activity(struct store *s, const struct activity_spec *spec, uint64_t ticket,
    catalogue_activity_cb *cb)
{
	struct change *ch = change_new(s, "creating an activity", ticket, tell_created);
	struct params *p = change_step(ch, QUERY_activity_insert, NULL);
	struct uuid id = uuid_v7(spec->now_ms);

	ch->activity_cb = cb;
	params_uuid(p, &id);
	params_str(p, spec->name);
	params_i64(p, spec->now_ms);
	params_str(p, spec->encryption);
	params_str(p, spec->tags);
	p = change_step(ch, QUERY_activity_by_name, take_activity);
	params_str(p, spec->name);
	change_begin(ch);
}

static void
tell_deleted(struct change *ch)
{
	ch->deleted_cb(ch->ticket, err_is_set(&ch->err) ? &ch->err : NULL);
}

void
catalogue_delete_activity(struct store *s, const char *name, uint64_t ticket,
    catalogue_deleted_cb *cb)
{
	struct change *ch = change_new(s, "deleting an activity", ticket, tell_deleted);

	ch->deleted_cb = cb;
	params_str(change_step(ch, QUERY_activity_delete, NULL), name);
	change_begin(ch);
}

/* --- tags ----------------------------------------------------------------------------------- */

static void
tags_answer(struct store *s, const struct pool_question *q, const PGresult *r, const struct err *e)
{
	catalogue_tags_cb *cb = (catalogue_tags_cb *)q->cb;

	(void)s;
	if (e != NULL || PQntuples(r) == 0)
		cb(q->ticket, false, false, NULL, e);
	else
		cb(q->ticket, true, false, result_text(r, 0, 0, NULL), NULL);
}

static void
params_owner(struct params *p, const struct tag_owner *o)
{
	params_str(p, o->activity ? "activity" : "stateMachine");
	params_str(p, o->name);
}

void
catalogue_tags(struct store *s, const struct tag_owner *o, uint64_t ticket, catalogue_tags_cb *cb)
{
	const struct pool_question q = { .query = QUERY_tag_list,
		.answer = tags_answer,
		.ticket = ticket,
		.cb = (void (*)(void))cb };
	struct params p;

	params_init(&p);
	params_owner(&p, o);
	pool_ask(s->pool, &q, &p);
}

static void
take_tag_count(struct change *ch, const PGresult *r)
{
	ch->too_many = PQntuples(r) > 0 && result_i64(r, 0, 0) > 50;
}

static void
take_tags(struct change *ch, const PGresult *r)
{
	ch->found = PQntuples(r) > 0;
	if (ch->found)
		ch->tags = xstrdup(result_text(r, 0, 0, NULL));
}

static void
tell_tags(struct change *ch)
{
	if (err_is_set(&ch->err))
		ch->tags_cb(ch->ticket, false, false, NULL, &ch->err);
	else
		ch->tags_cb(ch->ticket, ch->found, ch->too_many, ch->tags, NULL);
}

static void
change_tags(struct store *s, enum query q, void (*take)(struct change *, const PGresult *),
    const struct tag_owner *o, const char *json, uint64_t ticket, catalogue_tags_cb *cb)
{
	struct change *ch = change_new(s, "changing tags", ticket, tell_tags);
	struct params *p;

	ch->tags_cb = cb;
	step_lock(ch, o->activity ? QUERY_activity_lock : QUERY_machine_lock, o->name);
	p = change_step(ch, q, take);
	params_owner(p, o);
	params_str(p, json);
	params_owner(change_step(ch, QUERY_tag_list, take_tags), o);
	change_begin(ch);
}

void
catalogue_tag(struct store *s, const struct tag_owner *o, const char *tags_json, uint64_t ticket,
    catalogue_tags_cb *cb)
{
	change_tags(s, QUERY_tag_put, take_tag_count, o, tags_json, ticket, cb);
}

void
catalogue_untag(struct store *s, const struct tag_owner *o, const char *keys_json, uint64_t ticket,
    catalogue_tags_cb *cb)
{
	change_tags(s, QUERY_tag_drop, NULL, o, keys_json, ticket, cb);
}

/* --- the connection --------------------------------------------------------------------------- */

static void
catalogue_up(void *arg)
{
	struct catalogue *c = arg;
	struct change *ch;

	store_hurry(c->store);
	machine_cache_wipe_newest(c->cache);
	if (c->store->events.catalogue_changed != NULL)
		c->store->events.catalogue_changed(c->store->events.arg);
	for (ch = TAILQ_FIRST(&c->changes); ch != NULL; ch = TAILQ_NEXT(ch, link))
		if (!ch->sent)
			change_send(ch);
}

static void
catalogue_down(void *arg)
{
	struct catalogue *c = arg;

	machine_cache_wipe_newest(c->cache);
}

static void
catalogue_notified(void *arg, bool by_us)
{
	struct catalogue *c = arg;

	if (by_us)
		return;
	machine_cache_wipe_newest(c->cache);
	if (c->store->events.catalogue_changed != NULL)
		c->store->events.catalogue_changed(c->store->events.arg);
}

struct catalogue *
catalogue_new(struct store *s)
{
	struct catalogue *c = xcalloc(1, sizeof *c);
	const struct pg_events events = { .up = catalogue_up,
		.down = catalogue_down,
		.notified = catalogue_notified,
		.arg = c };
	const struct pg_options options = {
		.conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = "catalogue",
		.session = QUERY_session_catalogue,
		.listen = true,
		.quiet = true,
		.patience_ms = CATALOGUE_PATIENCE_MS,
	};

	c->store = s;
	c->cache = machine_cache_new();
	LIST_INIT(&c->lookups);
	STAILQ_INIT(&c->hits);
	TAILQ_INIT(&c->changes);
	loop_timer_init(s->loop, &c->hit_timer, hits_answer, c);
	loop_timer_init(s->loop, &c->change_timer, changes_too_late, c);
	c->pg = pg_open(s->loop, &options, &events);
	return c;
}

void
catalogue_hurry(struct catalogue *c)
{
	pg_hurry(c->pg);
}

static void
catalogue_free_now(void *arg)
{
	struct catalogue *c = arg;

	machine_cache_free(c->cache);
	loop_timer_fini(&c->hit_timer);
	loop_timer_fini(&c->change_timer);
	free(c);
}

/* Answers every open change; lookups are answered by the pool, which closes after us. */
void
catalogue_free(struct catalogue *c)
{
	struct change *ch, *next;

	c->closed = true;
	pg_close(c->pg);
	for (ch = TAILQ_FIRST(&c->changes); ch != NULL; ch = next) {
		next = TAILQ_NEXT(ch, link);
		change_fail(ch, "The store is closing.");
		change_over(ch);
	}
	hits_answer(c);
	loop_timer_cancel(&c->hit_timer);
	loop_timer_cancel(&c->change_timer);
	loop_free_later(c->store->loop, c, catalogue_free_now);
}
