/*
 * unit - shares of what all nodes of the database have in common: one node has each unit at a time.
 */
#include "store/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/xalloc.h"
#include "store/parts.h"

#define UNIT_BITS 6 /* of a key, for the index; the rest is a hash of the name */

struct units {
	struct store *store;
	struct pg *pg; /* of writer 0; NULL while that is down */
};

/* Some that are being taken. */
struct take {
	struct units *units;
	bool counted;
	size_t n;
	bool *got;
	int64_t keys[];
};

int64_t
unit_key(const char *name, unsigned index)
{
	return (int64_t)(idmap_id_of(0, name) >> UNIT_BITS << UNIT_BITS | index);
}

static void
units_query(struct units *u, enum query q, const int64_t *keys, size_t n, pg_result_cb *cb,
    void *arg)
{
	struct param_array list;
	struct params p;

	param_array_init(&list);
	param_array_begin(&list, PARAM_I64);
	for (size_t i = 0; i < n; i++)
		param_array_i64(&list, keys[i]);
	params_init(&p);
	params_array(&p, &list);
	pg_query(u->pg, q, &p, cb, arg);
	pg_sync(u->pg, NULL, NULL);
	params_fini(&p);
	param_array_fini(&list);
}

/* On any doubt the session ends, and all of its locks. */
static bool
units_doubt(struct units *u, bool good, const PGresult *r, const char *what)
{
	char line[512];

	if (good)
		return false;
	pg_fail(u->pg, pg_rows(r) ? what : pg_message(r, line, sizeof line));
	return true;
}

static void
units_given(void *arg, const PGresult *r)
{
	struct units *u = arg;

	if (r != NULL)
		(void)units_doubt(u, pg_rows(r), r, "");
}

static void
take_free(struct take *t)
{
	free(t->got);
	free(t);
}

/* What was had too early goes back. */
static void
take_undo(struct take *t)
{
	int64_t *keys = xcalloc(t->n, sizeof *keys);
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->got[i])
			keys[n++] = t->keys[i];
		t->got[i] = false;
	}
	if (n > 0)
		units_query(t->units, QUERY_unit_give, keys, n, units_given, t->units);
	free(keys);
}

static void
take_tell(struct take *t)
{
	const struct store_events *ev = &t->units->store->events;

	for (size_t i = 0; i < t->n && ev->unit_taken != NULL; i++)
		ev->unit_taken(ev->arg, t->keys[i], t->got[i]);
	take_free(t);
}

static void
units_counted(void *arg, const PGresult *r)
{
	struct take *t = arg;

	if (r == NULL || units_doubt(t->units, pg_rows(r), r, "")) {
		take_free(t);
		return;
	}
	if (t->counted && result_i64(r, 0, 0) < STORE_SHARDS)
		take_undo(t);
	take_tell(t);
}

static void
units_taken(void *arg, const PGresult *r)
{
	struct take *t = arg;

	/* units_counted comes after this one, whatever becomes of it, and frees */
	if (r == NULL ||
	    units_doubt(t->units, pg_rows(r) && (size_t)PQntuples(r) == t->n, r,
		"not all units were answered"))
		return;
	for (size_t i = 0; i < t->n; i++)
		t->got[i] = result_bool(r, (int)i, 1);
}

bool
store_units_take(struct store *s, const int64_t *keys, size_t n, bool counted)
{
	struct units *u = s->units;
	struct take *t;

	if (u->pg == NULL)
		return false;
	t = xcalloc(1, sizeof *t + n * sizeof *keys);
	t->units = u;
	t->counted = counted;
	t->n = n;
	t->got = xcalloc(n, sizeof *t->got);
	memcpy(t->keys, keys, n * sizeof *keys);
	units_query(u, QUERY_unit_take, keys, n, units_taken, t);
	/* afterwards: an owner whose units were free has ended, and is not counted any more */
	pg_query(u->pg, QUERY_shards_counted, NULL, units_counted, t);
	pg_sync(u->pg, NULL, NULL);
	return true;
}

void
store_units_give(struct store *s, const int64_t *keys, size_t n)
{
	if (s->units->pg != NULL && n > 0)
		units_query(s->units, QUERY_unit_give, keys, n, units_given, s->units);
}

/* --- beginning and end ----------------------------------------------------------- */

struct units *
units_new(struct store *s)
{
	struct units *u = xcalloc(1, sizeof *u);

	u->store = s;
	return u;
}

static void
units_free_now(void *arg)
{
	free(arg);
}

void
units_free(struct units *u)
{
	u->pg = NULL;
	loop_free_later(u->store->loop, u, units_free_now);
}

void
units_up(struct units *u, struct pg *pg)
{
	u->pg = pg;
}

void
units_down(struct units *u)
{
	const struct store_events *ev = &u->store->events;

	u->pg = NULL;
	if (ev->units_lost != NULL)
		ev->units_lost(ev->arg);
}

void
store_count_shards(struct store *s)
{
	for (int i = 0; i < s->nwriters; i++)
		writer_count_shards(s->writers[i]);
}
