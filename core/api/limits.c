/*
 * limits - what the API tells of the limits of tasks.
 */
#include "api/limits.h"

#include <stdlib.h>

#include "base/xalloc.h"

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

void
limits_show(void *api, struct http_request *r)
{
	struct api *a = api;

	if (call_refuse_unsigned(a, r))
		return;
	buf_adds(&r->reply, "{\"limits\":[");
	engine_each_limit(a->engine, print_limit, &r->reply);
	buf_adds(&r->reply, "]}\n");
	http_reply(r, 200, "application/json", "Cache-Control: no-store\r\n");
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
