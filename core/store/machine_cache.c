/*
 * machine_cache - compiled revisions of state machines, and which one is the newest of its name.
 */
#include "store/machine_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "store/param.h"

#define CACHE_BUCKETS 512
#define CACHE_MAX 2000 /* entries that nobody else holds are dropped beyond that */

struct cached {
	struct machine_entry *entry;
	bool newest;
	TAILQ_ENTRY(cached) by_use;
	struct cached *next_by_id, *next_by_name;
};

struct machine_cache {
	uint64_t generation;
	TAILQ_HEAD(cached_use, cached) by_use; /* the latest used first */
	struct cached *by_id[CACHE_BUCKETS], *by_name[CACHE_BUCKETS];
	size_t n;
};

/* --- entries --------------------------------------------------------------- */

struct machine_entry *
machine_entry_ref(struct machine_entry *m)
{
	m->refs++;
	return m;
}

void
machine_entry_unref(struct machine_entry *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	free(m->name);
	free(m->revision_id);
	free(m->definition);
	free(m->role_arn);
	free(m->logging);
	free(m->tracing);
	free(m->encryption);
	machine_unref(m->machine);
	free(m);
}

static char *
text_copy(const PGresult *r, int col)
{
	const char *s = result_text(r, 0, col, NULL);

	return s != NULL ? xstrdup(s) : NULL;
}

/* A definition that was accepted once and does not compile now: an older program's, or a damaged row. */
static struct machine *
compile(const struct machine_entry *m, struct err *e)
{
	struct diagnostics d;
	struct machine *machine;
	struct buf sentence;

	diagnostics_init(&d);
	machine = machine_compile(m->definition, m->definition_len, m->type, &d);
	if (machine == NULL) {
		buf_init(&sentence, BUF_UNLIMITED);
		diagnostics_sentence(&d, &sentence);
		err_set(e, "InvalidDefinition", "%s", buf_text(&sentence));
		log_error("store: revision %lld of the state machine %s does not compile: %s",
		    (long long)m->revision, m->name, buf_text(&sentence));
		buf_fini(&sentence);
	}
	diagnostics_fini(&d);
	return machine;
}

static struct machine_entry *
entry_of(const PGresult *r, struct err *e)
{
	struct machine_entry *m = xcalloc(1, sizeof *m);
	bool express = strcmp(result_text(r, 0, 2, NULL), "EXPRESS") == 0;

	m->refs = 1;
	m->id = result_uuid(r, 0, 0);
	m->name = text_copy(r, 1);
	m->type = express ? MACHINE_EXPRESS : MACHINE_STANDARD;
	m->deleting = result_bool(r, 0, 3);
	m->created_ms = result_i64(r, 0, 4);
	m->revision = result_i64(r, 0, 5);
	m->revision_id = text_copy(r, 6);
	m->revised_ms = result_i64(r, 0, 7);
	m->definition = text_copy(r, 8);
	m->definition_len = strlen(m->definition);
	m->role_arn = text_copy(r, 9);
	m->logging = text_copy(r, 10);
	m->tracing = text_copy(r, 11);
	m->encryption = text_copy(r, 12);
	if ((m->machine = compile(m, e)) == NULL) {
		machine_entry_unref(m);
		return NULL;
	}
	return m;
}

/* --- the cache ----------------------------------------------------------------- */

static size_t
hash_bytes(const void *p, size_t len)
{
	const unsigned char *b = p;
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32) % CACHE_BUCKETS;
}

static struct cached **
bucket_of_id(struct machine_cache *c, const struct uuid *id)
{
	return &c->by_id[hash_bytes(id->b, sizeof id->b)];
}

static struct cached **
bucket_of_name(struct machine_cache *c, const char *name)
{
	return &c->by_name[hash_bytes(name, strlen(name))];
}

static struct machine_entry *
use(struct machine_cache *c, struct cached *e)
{
	TAILQ_REMOVE(&c->by_use, e, by_use);
	TAILQ_INSERT_HEAD(&c->by_use, e, by_use);
	return e->entry;
}

static struct cached *
find_id(struct machine_cache *c, const struct uuid *id, int64_t revision)
{
	struct cached *e = *bucket_of_id(c, id);

	while (e != NULL && (e->entry->revision != revision || !uuid_equal(&e->entry->id, id)))
		e = e->next_by_id;
	return e;
}

static void
add(struct machine_cache *c, struct machine_entry *m)
{
	struct cached *e = xcalloc(1, sizeof *e);
	struct cached **id = bucket_of_id(c, &m->id), **name = bucket_of_name(c, m->name);

	e->entry = m;
	e->next_by_id = *id;
	*id = e;
	e->next_by_name = *name;
	*name = e;
	TAILQ_INSERT_HEAD(&c->by_use, e, by_use);
	c->n++;
}

static void
drop(struct machine_cache *c, struct cached *e)
{
	struct cached **id = bucket_of_id(c, &e->entry->id);
	struct cached **name = bucket_of_name(c, e->entry->name);

	while (*id != e)
		id = &(*id)->next_by_id;
	*id = e->next_by_id;
	while (*name != e)
		name = &(*name)->next_by_name;
	*name = e->next_by_name;
	TAILQ_REMOVE(&c->by_use, e, by_use);
	c->n--;
	machine_entry_unref(e->entry);
	free(e);
}

/* The one that was just added is at the front, and stays. */
static void
trim(struct machine_cache *c)
{
	struct cached *e = TAILQ_LAST(&c->by_use, cached_use), *before;

	for (; c->n > CACHE_MAX && e != TAILQ_FIRST(&c->by_use); e = before) {
		before = TAILQ_PREV(e, cached_use, by_use);
		if (e->entry->refs == 1)
			drop(c, e);
	}
}

struct machine_cache *
machine_cache_new(void)
{
	struct machine_cache *c = xcalloc(1, sizeof *c);

	TAILQ_INIT(&c->by_use);
	return c;
}

void
machine_cache_free(struct machine_cache *c)
{
	struct cached *e, *next;

	for (e = TAILQ_FIRST(&c->by_use); e != NULL; e = next) {
		next = TAILQ_NEXT(e, by_use);
		drop(c, e);
	}
	free(c);
}

uint64_t
machine_cache_generation(const struct machine_cache *c)
{
	return c->generation;
}

void
machine_cache_wipe_newest(struct machine_cache *c)
{
	c->generation++;
	for (struct cached *e = TAILQ_FIRST(&c->by_use); e != NULL; e = TAILQ_NEXT(e, by_use))
		e->newest = false;
}

struct machine_entry *
machine_cache_by_id(struct machine_cache *c, const struct uuid *id, int64_t revision)
{
	struct cached *e = find_id(c, id, revision);

	return e != NULL ? use(c, e) : NULL;
}

struct machine_entry *
machine_cache_newest(struct machine_cache *c, const char *name)
{
	struct cached *e = *bucket_of_name(c, name);

	while (e != NULL && (!e->newest || strcmp(e->entry->name, name) != 0))
		e = e->next_by_name;
	return e != NULL ? use(c, e) : NULL;
}

void
machine_cache_mark_newest(struct machine_cache *c, const struct machine_entry *m)
{
	struct cached *e = find_id(c, &m->id, m->revision);

	if (e != NULL)
		e->newest = true;
}

struct machine_entry *
machine_cache_take(struct machine_cache *c, const PGresult *r, struct err *e)
{
	struct uuid id = result_uuid(r, 0, 0);
	struct cached *old = find_id(c, &id, result_i64(r, 0, 5));
	struct machine_entry *m;

	/* the one thing about a revision that may change */
	if (old != NULL && old->entry->deleting == result_bool(r, 0, 3))
		return use(c, old);
	if ((m = entry_of(r, e)) == NULL)
		return NULL;
	if (old != NULL)
		drop(c, old);
	add(c, m);
	trim(c);
	return m;
}
