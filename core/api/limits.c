/*
 * limits - what the API tells of the limits of tasks and executions.
 */
#include "api/limits.h"

#include <stdlib.h>

#include "api/show.h"
#include "base/xalloc.h"
#include "store/place.h"

/* Comma or not. */
static void
print_limit(void *arg, const struct limit_counts *l)
{
	struct buf *b = arg;

	if (b->data[b->len - 1] == '}')
		buf_addc(b, ',');
	buf_addc(b, '{');
	reply_text(b, "name", l->name);
	reply_bool(b, "declared", l->declared);
	if (l->concurrency > 0) {
		reply_int(b, "concurrency", l->concurrency);
		reply_int(b, "room", l->room);
	}
	if (l->rate > 0) {
		reply_int(b, "rate", l->rate);
		reply_int(b, "perMilliseconds", l->per_ms);
		reply_int(b, "burst", l->burst);
	}
	reply_int(b, "used", l->used);
	reply_int(b, "waiting", l->waiting);
	reply_int(b, "granted", l->granted);
	buf_addc(b, '}');
}

static void
print_place(const struct place_row *p, struct buf *b)
{
	buf_addc(b, '{');
	reply_text(b, "name", p->machine_name);
	reply_int(b, "most", p->most);
	reply_int(b, "running", p->running);
	reply_int(b, "waiting", p->waiting);
	buf_addc(b, '}');
}

static void
limits_end(struct http_request *r)
{
	buf_adds(&r->reply, "]}\n");
	show_json(r);
}

/* The limits of tasks are known here, those of executions in the database. */
static void
limits_got_places(uint64_t ticket, const struct place_row *rows, size_t n, const struct err *e)
{
	struct http_request *r = show_take(ticket, e);

	if (r == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&r->reply, ',');
		print_place(&rows[i], &r->reply);
	}
	limits_end(r);
}

void
limits_show(void *api, struct http_request *r)
{
	struct api *a = api;

	if (call_refuse_unsigned(a, r))
		return;
	buf_adds(&r->reply, "{\"limits\":[");
	engine_each_limit(a->engine, print_limit, &r->reply);
	buf_adds(&r->reply, "],\"executions\":[");
	if (engine_limits_executions(a->engine))
		place_show(a->store, show_wait(r), limits_got_places);
	else
		limits_end(r);
}

/* --- for definitions ---------------------------------------------------------------------- */

struct known {
	const char **names;
	size_t n;
};

static void
add_known(void *arg, const struct limit_counts *l)
{
	struct known *k = arg;

	if (!l->declared)
		return;
	k->names = xreallocarray(k->names, k->n + 2, sizeof(*k->names));
	k->names[k->n++] = l->name;
}

void
limits_known(const struct api *a, struct diagnostics *d)
{
	struct known k = { xcalloc(1, sizeof(*k.names)), 0 };

	engine_each_limit(a->engine, add_known, &k);
	k.names[k.n] = NULL;
	d->limits = k.names;
}

void
limits_known_fini(struct diagnostics *d)
{
	free(d->limits);
	d->limits = NULL;
}
