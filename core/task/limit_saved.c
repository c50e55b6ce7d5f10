/*
 * limit_saved - permits as the open row of a sleeping execution keeps them.
 */
#include <stdlib.h>
#include <string.h>

#include "task/limit_parts.h"
#include "task/resident.h"

static void
print_names(const struct permit *p, bool named, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->shares[i].limit->name;

		if (p->shares[i].named != named)
			continue;
		buf_adds(out, between);
		buf_add_json_string(out, name, strlen(name));
		between = ",";
	}
}

void
limit_print_permits(const struct engine *g, const struct slot *s, struct buf *out)
{
	const struct permit *p;

	for (p = permits_of(g->limits, s); p != NULL; p = LIST_NEXT(p, link)) {
		buf_addf(out,
		    "{\"task\":%lld,\"since\":%lld,\"held\":%s,\"machine\":", (long long)p->task_id,
		    (long long)p->since_ms, p->held ? "true" : "false");
		buf_add_json_string(out, p->machine, strlen(p->machine));
		buf_adds(out, ",\"named\":[");
		print_names(p, true, out);
		buf_adds(out, "],\"bound\":[");
		print_names(p, false, out);
		buf_adds(out, "]},");
	}
}

static struct permit *
load_names(struct permit *p, struct limits *all, struct doc names, bool named)
{
	struct doc_iter it = doc_iter(names);

	while (doc_next(&it)) {
		char *name = doc_strdup(it.value);

		if (name != NULL)
			p = permit_add(p, limit_get(all, name), named);
		free(name);
	}
	return p;
}

static void
load_permit(struct limits *all, struct slot *s, struct doc d)
{
	char *machine = doc_strdup(doc_gets(d, "machine"));
	int64_t task_id, since_ms;
	struct permit *p;

	if (machine != NULL && doc_i64(doc_gets(d, "task"), &task_id) &&
	    doc_i64(doc_gets(d, "since"), &since_ms)) {
		p = permit_alloc(s, task_id, since_ms, machine);
		p = load_names(p, all, doc_gets(d, "named"), true);
		p = load_names(p, all, doc_gets(d, "bound"), false);
		if (p->n == 0) {
			permit_discard(p);
		} else {
			permit_link(p);
			if (doc_is_true(doc_gets(d, "held")))
				permit_hold(p);
			else
				permit_queue(p);
		}
	}
	free(machine);
}

void
limit_load_permits(struct engine *g, struct slot *s, const char *text, size_t len)
{
	struct doc list = doc_parse(text, len, NULL);
	struct doc_iter it = doc_iter(list);

	while (doc_next(&it))
		if (doc_type(it.value) == DOC_OBJECT)
			load_permit(g->limits, s, it.value);
	doc_unref(list);
}
