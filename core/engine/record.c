/*
 * record - the journal's form of a run: what a record says beside its events.
 */
#include "engine/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/move.h"

#define EVENTS_KEPT 16384

/* What is being written: a record of changes, or a snapshot of everything. */
struct writer {
	const struct run *run;
	struct buf *out;
	bool snapshot;
};

/* --- payloads ------------------------------------------------------------------ */

/* The child of d that is part, or else the only one that may hold it: nodes of a subtree follow their root. */
static bool
descend(struct doc d, struct doc part, struct doc *child, size_t *position)
{
	struct doc_iter it = doc_iter(d);
	bool found = false;

	for (size_t i = 0; doc_next(&it); i++) {
		bool candidate = it.value.block == part.block && it.value.node <= part.node;

		if (!candidate || (found && it.value.node < child->node))
			continue;
		found = true;
		*child = it.value;
		*position = i;
	}
	return found;
}

bool
record_locate(struct doc root, struct doc part, struct buf *out)
{
	size_t start = out->len, position;
	struct doc at = root, child;

	buf_addc(out, '[');
	while (!doc_is(at, part)) {
		if (!descend(at, part, &child, &position) || doc_is(child, at)) {
			out->len = start;
			return false;
		}
		if (!doc_is(at, root))
			buf_addc(out, ',');
		buf_add_i64(out, (int64_t)position);
		at = child;
	}
	buf_addc(out, ']');
	return true;
}

static bool
in_record(const struct writer *w, int64_t event)
{
	return !w->snapshot && event >= run_record_first(w->run);
}

static void
write_payload(const struct writer *w, struct payload p, struct doc input)
{
	struct buf *b = w->out;

	if (p.event == PAYLOAD_INPUT || doc_is(p.doc, w->run->facts.input)) {
		buf_addc(b, '0');
		return;
	}
	if (p.event != PAYLOAD_NOWHERE && in_record(w, p.event)) {
		buf_add_i64(b, p.event);
		return;
	}
	if (!doc_is_none(input)) {
		size_t start = b->len;

		buf_adds(b, "{\"in\":");
		if (record_locate(input, p.doc, b)) {
			buf_addc(b, '}');
			return;
		}
		b->len = start;
	}
	buf_addc(b, '[');
	doc_print(p.doc, b);
	buf_addc(b, ']');
}

/* --- scalars: absent when they have their default --------------------------------- */

/* (Each record has dozens of these, so none of them goes through printf.) */
static void
write_key(const struct writer *w, const char *key)
{
	buf_add(w->out, ",\"", 2);
	buf_adds(w->out, key);
	buf_add(w->out, "\":", 2);
}

static void
write_int(const struct writer *w, const char *key, int64_t value, int64_t unless)
{
	if (value == unless)
		return;
	write_key(w, key);
	buf_add_i64(w->out, value);
}

static void
write_true(const struct writer *w, const char *key, bool value)
{
	if (!value)
		return;
	write_key(w, key);
	buf_adds(w->out, "true");
}

static void
write_string(const struct writer *w, const char *key, const char *value)
{
	if (value == NULL)
		return;
	write_key(w, key);
	buf_add_json_string(w->out, value, strlen(value));
}

static void
write_ids(const struct writer *w, const char *key, const int64_t *ids, size_t n)
{
	if (n == 0)
		return;
	write_key(w, key);
	buf_addc(w->out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		buf_add_i64(w->out, ids[i]);
	}
	buf_addc(w->out, ']');
}

/* --- frames ---------------------------------------------------------------------- */

static void
write_variables(const struct writer *w, const struct frame *f)
{
	bool inherited = f->parent != NULL && doc_is(f->vars, f->parent->vars);

	if (!w->snapshot) {
		write_ids(w, "va", f->assigned, f->nassigned);
	} else if (!inherited && !doc_is_none(f->vars)) {
		buf_adds(w->out, ",\"vars\":");
		doc_print(f->vars, w->out);
	}
}

static void
write_retries(const struct writer *w, const struct frame *f)
{
	if (f->retries == NULL)
		return;
	buf_adds(w->out, ",\"rt\":[");
	for (size_t i = 0; i < f->state->nretry; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		buf_add_i64(w->out, f->retries[i]);
	}
	buf_addc(w->out, ']');
	write_int(w, "rn", f->retry_count, 0);
}

static void
write_attempt(const struct writer *w, const struct frame *f)
{
	const struct attempt *a = &f->task;

	if (a->id == 0)
		return;
	buf_adds(w->out, ",\"tk\":{\"id\":");
	buf_add_i64(w->out, a->id);
	if (w->snapshot || in_record(w, a->id)) {
		buf_adds(w->out, ",\"p\":");
		write_payload(w, a->parameters, f->input.doc);
	}
	write_int(w, "to", a->timeout_s, 0);
	write_int(w, "hb", a->heartbeat_s, 0);
	write_int(w, "td", a->timeout_due_ms, DUE_NEVER);
	write_int(w, "hd", a->heartbeat_due_ms, DUE_NEVER);
	write_string(w, "role", a->role);
	write_true(w, "on", a->started);
	write_true(w, "ho", a->handed);
	write_true(w, "sub", a->submitted);
	if (!doc_is_none(a->response.doc) && (w->snapshot || in_record(w, a->response.event))) {
		write_key(w, "r");
		write_payload(w, a->response, DOC_NONE);
	}
	buf_addc(w->out, '}');
}

/* Opens the list R with its first result. */
static void
write_result(const struct writer *w, size_t *n, uint32_t index, struct payload result)
{
	buf_adds(w->out, (*n)++ == 0 ? ",\"R\":[[" : ",[");
	buf_add_i64(w->out, index);
	buf_addc(w->out, ',');
	write_payload(w, result, DOC_NONE);
	buf_addc(w->out, ']');
}

static void
write_results(const struct writer *w, const struct fan *fan)
{
	size_t n = 0;

	for (size_t i = 0; !w->snapshot && i < fan->nnews; i++) {
		struct payload p = { fan->results[fan->news[i].index], fan->news[i].event };

		write_result(w, &n, fan->news[i].index, p);
	}
	for (uint32_t i = 0; w->snapshot && i < fan->next; i++) {
		struct payload p = { fan->results[i], PAYLOAD_NOWHERE };

		if (!doc_is_none(p.doc))
			write_result(w, &n, i, p);
	}
	if (n > 0)
		buf_addc(w->out, ']');
}

static void
write_fan(const struct writer *w, const struct frame *f)
{
	const struct fan *fan = f->fan;

	if (fan == NULL)
		return;
	buf_adds(w->out, ",\"fan\":{\"st\":");
	buf_add_i64(w->out, fan->started_event_id);
	write_int(w, "n", fan->n, 0);
	write_int(w, "x", fan->next, 0);
	write_int(w, "lim", fan->limit, 0);
	if (!doc_is_none(fan->items) && (w->snapshot || fan->fresh)) {
		struct payload items = { fan->items, PAYLOAD_NOWHERE };

		buf_adds(w->out, ",\"items\":");
		write_payload(w, items, f->input.doc);
	}
	write_results(w, fan);
	buf_addc(w->out, '}');
}

static void
write_frame(const struct writer *w, const struct frame *f)
{
	buf_adds(w->out, "{\"id\":");
	buf_add_i64(w->out, f->id);
	write_int(w, "up", f->parent != NULL ? f->parent->id : 0, 0);
	write_int(w, "ix", f->index, 0);
	write_key(w, "s");
	buf_add_i64(w->out, f->state->number);
	buf_adds(w->out, ",\"ph\":\"");
	buf_adds(w->out, frame_phase_name(f->phase));
	buf_addc(w->out, '"');
	write_int(w, "ev", f->entered_event_id, 0);
	write_int(w, "ms", f->entered_ms, 0);
	write_int(w, "cu", f->cursor, 0);
	write_int(w, "be", frame_before(f), 0);
	if (w->snapshot || f->input_changed) {
		buf_adds(w->out, ",\"in\":");
		write_payload(w, f->input, DOC_NONE);
	}
	write_variables(w, f);
	write_retries(w, f);
	write_int(w, "due", f->due_ms, DUE_NEVER);
	write_attempt(w, f);
	write_fan(w, f);
	buf_addc(w->out, '}');
}

/* --- the run --------------------------------------------------------------------- */

static void
write_queue(const struct writer *w)
{
	const struct frame *f;
	char comma = '[';

	if (TAILQ_EMPTY(&w->run->ready))
		return;
	buf_adds(w->out, ",\"q\":");
	TAILQ_FOREACH(f, &w->run->ready, ready_link) {
		buf_addc(w->out, comma);
		buf_add_i64(w->out, f->id);
		comma = ',';
	}
	buf_addc(w->out, ']');
}

static void
write_run(const struct writer *w)
{
	const struct run *r = w->run;

	buf_adds(w->out, ",\"r\":{\"n\":");
	buf_add_i64(w->out, r->next_frame_id);
	if (w->snapshot || r->changed) {
		write_string(w, "st", run_status_name(r->status));
		write_int(w, "stop", r->stop_ms, 0);
		if (!doc_is_none(r->output.doc)) {
			buf_adds(w->out, ",\"out\":");
			write_payload(w, r->output, DOC_NONE);
		}
		write_string(w, "err", r->error);
		write_string(w, "cause", r->cause);
		write_int(w, "due", r->timeout_due_ms, DUE_NEVER);
	}
	if (w->snapshot) {
		write_int(w, "last", r->last_event_id, 0);
		write_int(w, "ms", r->last_ms, 0);
	}
	write_queue(w);
	buf_addc(w->out, '}');
}

int64_t
run_record_first(const struct run *r)
{
	return r->last_event_id - r->nevents + 1;
}

int32_t
run_record_count(const struct run *r)
{
	return r->nevents;
}

bool
run_record_is_empty(const struct run *r)
{
	return r->nevents == 0 && TAILQ_EMPTY(&r->dirty) && r->ngone == 0 && !r->changed;
}

static int
by_id(const void *a, const void *b)
{
	const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* From now on the frame is as its record says. */
static void
frame_sealed(struct run *r, struct frame *f)
{
	TAILQ_REMOVE(&r->dirty, f, dirty_link);
	f->dirty = false;
	f->stored = true;
	f->input_changed = false;
	f->nassigned = 0;
	if (f->fan != NULL) {
		f->fan->fresh = false;
		f->fan->nnews = 0;
	}
}

static void
write_events(const struct writer *w)
{
	const struct buf *events = &w->run->events;

	buf_adds(w->out, "{\"e\":[");
	if (events->len > 0) /* each event begins with a comma */
		buf_add(w->out, events->data + 1, events->len - 1);
	buf_addc(w->out, ']');
}

/* Parents before their children: loading a child looks at its parent. */
static void
write_dirty(const struct writer *w, struct run *r)
{
	struct frame **list, *f;
	size_t n = 0;

	if (TAILQ_EMPTY(&r->dirty))
		return;
	TAILQ_FOREACH(f, &r->dirty, dirty_link)
		n++;
	list = xreallocarray(NULL, n, sizeof(struct frame *));
	n = 0;
	TAILQ_FOREACH(f, &r->dirty, dirty_link)
		list[n++] = f;
	qsort(list, n, sizeof(struct frame *), by_id);
	buf_adds(w->out, ",\"f\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(w->out, ',');
		write_frame(w, list[i]);
		frame_sealed(r, list[i]);
	}
	buf_addc(w->out, ']');
	free(list);
}

void
run_record_seal(struct run *r, struct buf *out)
{
	struct writer w = { .run = r, .out = out };

	assert(r->magic == RUN_MAGIC);
	write_events(&w);
	write_dirty(&w, r);
	write_ids(&w, "g", r->gone, r->ngone);
	if (r->changed || r->next_frame_id != r->stored_next_frame_id || !TAILQ_EMPTY(&r->ready))
		write_run(&w);
	buf_addc(out, '}');
	/* a run that had one large record does not keep its memory while it waits */
	if (r->events.cap > EVENTS_KEPT)
		buf_fini(&r->events);
	else
		buf_reset(&r->events);
	doc_unref(r->shown.doc);
	r->shown.doc = DOC_NONE;
	r->nevents = 0;
	r->ngone = 0;
	r->changed = false;
	r->stored_next_frame_id = r->next_frame_id;
}

void
run_snapshot(const struct run *r, struct buf *out)
{
	struct writer w = { .run = r, .out = out, .snapshot = true };
	const struct frame *f;
	bool first = true;

	assert(r->magic == RUN_MAGIC);
	write_events(&w);
	buf_adds(out, ",\"f\":[");
	TAILQ_FOREACH(f, &r->frames, all_link) {
		if (!first)
			buf_addc(out, ',');
		first = false;
		write_frame(&w, f);
	}
	buf_addc(out, ']');
	write_run(&w);
	buf_addc(out, '}');
}
