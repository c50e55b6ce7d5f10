/*
 * load - applies a record to a run: the opposite of record.c.
 *
 * Nothing is evaluated: a frame becomes what the record says it was. What the record
 * says is checked as far as memory safety needs it, so a journal that somebody
 * edited makes an error and not a crash.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/history.h"
#include "engine/move.h"

struct loader {
	struct run *run;
	struct history_record events;
	size_t len; /* of the record's text */
	bool snapshot;
	struct err *e;
};

static int
unfit(const struct loader *l, const char *what)
{
	return err_set(l->e, "pawl.Journal", "A record does not fit its run: %s", what);
}

static bool
is_a(struct doc d, enum doc_type t)
{
	return !doc_is_none(d) && doc_type(d) == t;
}

/* --- scalars ---------------------------------------------------------------------- */

static int
get_int(const struct loader *l, struct doc d, const char *key, int64_t min, int64_t max,
    int64_t absent, int64_t *out)
{
	struct doc value = doc_gets(d, key);

	if (doc_is_none(value)) {
		*out = absent;
		return 0;
	}
	if (!doc_i64(value, out) || *out < min || *out > max)
		return unfit(l, key);
	return 0;
}

/* Takes what was in *out; NULL when the member is absent. */
static int
get_string(const struct loader *l, struct doc d, const char *key, char **out)
{
	struct doc value = doc_gets(d, key);

	free(*out);
	*out = NULL;
	if (doc_is_none(value))
		return 0;
	return (*out = doc_strdup(value)) != NULL ? 0 : unfit(l, key);
}

/* --- payloads ---------------------------------------------------------------------- */

/* id: of an event, or PAYLOAD_INPUT. */
static struct doc
shown(const struct loader *l, int64_t id)
{
	if (id != PAYLOAD_INPUT)
		id = history_shown_by(&l->events, id);
	return id == PAYLOAD_INPUT ? l->run->facts.input : history_payload(&l->events, id);
}

static struct doc
nth(struct doc d, int64_t n)
{
	struct doc_iter it = doc_iter(d);

	while (doc_next(&it)) {
		if (n-- == 0)
			return it.value;
	}
	return DOC_NONE;
}

static struct doc
inside(struct doc input, struct doc positions)
{
	struct doc_iter it = doc_iter(positions);
	int64_t n;

	if (!is_a(positions, DOC_ARRAY))
		return DOC_NONE;
	while (!doc_is_none(input) && doc_next(&it))
		input = doc_i64(it.value, &n) ? nth(input, n) : DOC_NONE;
	return input;
}

/* Into *out, which holds a document or none; input is the frame's raw input, or DOC_NONE. */
static int
get_payload(const struct loader *l, struct doc value, struct doc input, struct payload *out)
{
	struct payload p = { DOC_NONE, PAYLOAD_NOWHERE };

	switch (doc_type(value)) {
	case DOC_NUMBER:
		if (!doc_i64(value, &p.event))
			break;
		p.doc = shown(l, p.event);
		break;
	case DOC_ARRAY:
		p.doc = doc_at(value, 0);
		break;
	case DOC_OBJECT:
		p.doc = inside(input, doc_gets(value, "in"));
		break;
	case DOC_NULL:
	case DOC_FALSE:
	case DOC_TRUE:
	case DOC_STRING:
		break;
	}
	if (doc_is_none(p.doc))
		return unfit(l, "a payload");
	doc_ref(p.doc);
	doc_unref(out->doc);
	*out = p;
	return 0;
}

/* --- frames ------------------------------------------------------------------------ */

static int
load_phase(const struct loader *l, struct doc d, enum frame_phase *out)
{
	struct doc value = doc_gets(d, "ph");
	char *name = doc_strdup(value);
	int rc = name != NULL ? frame_phase_parse(name, strlen(name), out) : -1;

	free(name);
	return rc == 0 ? 0 : unfit(l, "ph");
}

static int
load_variables(const struct loader *l, struct frame *f, struct doc d)
{
	struct doc_iter it = doc_iter(doc_gets(d, "va"));
	struct doc all = doc_gets(d, "vars");
	int64_t id;

	if (is_a(all, DOC_OBJECT)) {
		doc_unref(f->vars);
		f->vars = doc_ref(all);
	}
	while (doc_next(&it)) {
		struct doc assigned = DOC_NONE;

		if (doc_i64(it.value, &id))
			assigned = history_assigned(&l->events, id);
		if (!is_a(assigned, DOC_OBJECT))
			return unfit(l, "va");
		vars_assign(&f->vars, assigned);
	}
	return 0;
}

static int
load_retries(const struct loader *l, struct frame *f, struct doc d)
{
	struct doc list = doc_gets(d, "rt");
	struct doc_iter it = doc_iter(list);
	int64_t n;

	free(f->retries);
	f->retries = NULL;
	if (get_int(l, d, "rn", 0, UINT32_MAX, 0, &n) != 0)
		return -1;
	f->retry_count = (uint32_t)n;
	if (doc_is_none(list))
		return n == 0 ? 0 : unfit(l, "rn");
	if (!is_a(list, DOC_ARRAY) || doc_len(list) != f->state->nretry)
		return unfit(l, "rt");
	f->retries = xcalloc(f->state->nretry > 0 ? f->state->nretry : 1, sizeof(*f->retries));
	for (size_t i = 0; doc_next(&it); i++) {
		if (!doc_i64(it.value, &n) || n < 0 || n > UINT32_MAX)
			return unfit(l, "rt");
		f->retries[i] = (uint32_t)n;
	}
	return 0;
}

static void
forget_attempt(struct attempt *a)
{
	doc_unref(a->parameters.doc);
	doc_unref(a->response.doc);
	free(a->role);
	*a = (struct attempt){ .timeout_due_ms = DUE_NEVER, .heartbeat_due_ms = DUE_NEVER };
}

static int
load_attempt(const struct loader *l, struct frame *f, struct doc d)
{
	struct doc tk = doc_gets(d, "tk"), parameters = doc_gets(tk, "p");
	struct doc response = doc_gets(tk, "r");
	struct attempt *a = &f->task;
	int64_t id;

	if (doc_is_none(tk)) {
		forget_attempt(a);
		return 0;
	}
	if (f->state->type != STATE_TASK || get_int(l, tk, "id", 1, INT64_MAX, 0, &id) != 0 ||
	    id == 0)
		return unfit(l, "tk");
	if (id != a->id)
		forget_attempt(a);
	a->id = id;
	if (!doc_is_none(parameters) &&
	    get_payload(l, parameters, f->input.doc, &a->parameters) != 0)
		return -1;
	if (doc_is_none(a->parameters.doc))
		return unfit(l, "p");
	if (!doc_is_none(response) && get_payload(l, response, DOC_NONE, &a->response) != 0)
		return -1;
	a->started = is_a(doc_gets(tk, "on"), DOC_TRUE);
	a->handed = is_a(doc_gets(tk, "ho"), DOC_TRUE);
	a->submitted = is_a(doc_gets(tk, "sub"), DOC_TRUE);
	if (get_int(l, tk, "to", 0, INT64_MAX, 0, &a->timeout_s) != 0 ||
	    get_int(l, tk, "hb", 0, INT64_MAX, 0, &a->heartbeat_s) != 0 ||
	    get_int(l, tk, "td", 0, INT64_MAX, DUE_NEVER, &a->timeout_due_ms) != 0 ||
	    get_int(l, tk, "hd", 0, INT64_MAX, DUE_NEVER, &a->heartbeat_due_ms) != 0)
		return -1;
	return get_string(l, tk, "role", &a->role);
}

/*
 * A result is part of its record, which would stay in memory for it until the Map ends.
 * Takes and returns it: as a copy where it is a small part. (In a snapshot it has
 * all the others for company.)
 */
static struct doc
free_of_record(const struct loader *l, struct doc result)
{
	struct doc copy;

	if (l->snapshot || doc_size(result) > l->len / 2)
		return result;
	copy = doc_compact(result);
	doc_unref(result);
	return copy;
}

static int
load_result(const struct loader *l, struct fan *fan, struct doc pair)
{
	struct payload p = { DOC_NONE, PAYLOAD_NOWHERE };
	int64_t index;

	if (!is_a(pair, DOC_ARRAY) || doc_len(pair) != 2 || !doc_i64(doc_at(pair, 0), &index) ||
	    index < 0 || index >= fan->next || !doc_is_none(fan->results[index]))
		return unfit(l, "R");
	if (get_payload(l, doc_at(pair, 1), DOC_NONE, &p) != 0)
		return -1;
	fan_set_result(fan, (uint32_t)index, free_of_record(l, p.doc), PAYLOAD_NOWHERE);
	return 0;
}

static int
load_items(const struct loader *l, struct frame *f, struct doc d, int64_t n)
{
	struct payload items = { f->fan->items, PAYLOAD_NOWHERE };
	struct doc value = doc_gets(d, "items");

	if (!doc_is_none(value)) {
		if (get_payload(l, value, f->input.doc, &items) != 0)
			return -1;
		f->fan->items = items.doc;
	}
	if (f->state->type != STATE_MAP)
		return (size_t)n == f->state->nbranches ? 0 : unfit(l, "n");
	if (!is_a(items.doc, DOC_ARRAY) || doc_len(items.doc) != (size_t)n)
		return unfit(l, "items");
	return 0;
}

static int
load_fan(const struct loader *l, struct frame *f, struct doc d)
{
	struct doc value = doc_gets(d, "fan");
	struct doc_iter it = doc_iter(doc_gets(value, "R"));
	int64_t started, n, next, limit;

	if (doc_is_none(value)) {
		fan_free(f->fan);
		f->fan = NULL;
		return 0;
	}
	if (f->state->type != STATE_MAP && f->state->type != STATE_PARALLEL)
		return unfit(l, "fan");
	if (get_int(l, value, "st", 1, INT64_MAX, 0, &started) != 0 ||
	    get_int(l, value, "n", 0, UINT32_MAX, 0, &n) != 0 ||
	    get_int(l, value, "x", 0, n, 0, &next) != 0 ||
	    get_int(l, value, "lim", 0, UINT32_MAX, 0, &limit) != 0)
		return -1;
	if (f->fan == NULL || f->fan->started_event_id != started) {
		/* before n is believed: a record cannot ask for more memory than its items take */
		struct fan *old = f->fan;

		f->fan = fan_new(DOC_NONE, 0, (uint32_t)limit, started);
		fan_free(old);
		if (load_items(l, f, value, n) != 0)
			return -1;
		f->fan->n = (uint32_t)n;
		f->fan->results =
		    xreallocarray(f->fan->results, n > 0 ? (size_t)n : 1, sizeof(*f->fan->results));
		memset(f->fan->results, 0, (n > 0 ? (size_t)n : 1) * sizeof(*f->fan->results));
	} else if (f->fan->n != n || next < f->fan->next) {
		return unfit(l, "n");
	}
	f->fan->next = (uint32_t)next;
	while (doc_next(&it)) {
		if (load_result(l, f->fan, it.value) != 0)
			return -1;
	}
	f->fan->fresh = false;
	f->fan->nnews = 0;
	return 0;
}

/* Containers the frame may stand in, from its parent: a branch of that state, or the top. */
static bool
state_fits(const struct frame *f, const struct state *s)
{
	const struct container *c = s->container;

	if (f->parent == NULL)
		return c->owner == NULL;
	if (c->owner != f->parent->state)
		return false;
	return f->parent->state->type == STATE_MAP || c->index == f->index;
}

/* The frame of a record's entry: the one that is there, or a new one. NULL and e. */
static struct frame *
entry_frame(const struct loader *l, struct doc d)
{
	struct run *r = l->run;
	struct frame *f, *parent = NULL;
	int64_t id, up, index;

	if (get_int(l, d, "id", 1, INT64_MAX - 1, 0, &id) != 0 ||
	    get_int(l, d, "up", 1, INT64_MAX, 0, &up) != 0 ||
	    get_int(l, d, "ix", 0, UINT32_MAX, 0, &index) != 0)
		return NULL;
	if (id == 0 || (up != 0 && (parent = idmap_get(&r->by_id, (uint64_t)up)) == NULL) ||
	    (up == 0 && id != 1)) {
		unfit(l, "id");
		return NULL;
	}
	if ((f = idmap_get(&r->by_id, (uint64_t)id)) != NULL) {
		if (f->parent == parent && f->index == index)
			return f;
		unfit(l, "up");
		return NULL;
	}
	if (!TAILQ_EMPTY(&r->frames) && TAILQ_LAST(&r->frames, frame_list)->id > id) {
		unfit(l, "id");
		return NULL;
	}
	if (parent != NULL && (parent->fan == NULL || index >= parent->fan->next)) {
		unfit(l, "ix");
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->id = id;
	f->parent = parent;
	f->index = (uint32_t)index;
	f->phase = FRAME_STOPPED;
	f->task.timeout_due_ms = f->task.heartbeat_due_ms = DUE_NEVER;
	f->vars = parent != NULL ? doc_ref(parent->vars) : DOC_NONE;
	frame_link(r, f);
	return f;
}

/* Which phases a frame can be in depends on its state, and on what it has. */
static bool
phase_fits(const struct frame *f, enum frame_phase p)
{
	switch (p) {
	case FRAME_START:
	case FRAME_TASK:
		return f->task.id != 0;
	case FRAME_JOIN:
		return f->fan != NULL && f->fan->ndone == f->fan->n;
	case FRAME_CHILDREN:
		return f->fan != NULL;
	case FRAME_TIMER:
		return f->state->type == STATE_WAIT;
	case FRAME_RETRY:
	case FRAME_ENTER:
	case FRAME_WORK:
	case FRAME_STOPPED:
		break;
	}
	return true;
}

static int
load_frame(const struct loader *l, struct doc d)
{
	struct run *r = l->run;
	struct frame *f = entry_frame(l, d);
	struct doc input = doc_gets(d, "in");
	enum frame_phase phase = FRAME_STOPPED;
	int64_t number;

	if (f == NULL)
		return -1;
	/* out of the tables before anything that they look at changes */
	frame_set_phase(r, f, FRAME_STOPPED);
	if (get_int(l, d, "s", 0, (int64_t)r->machine->nstates - 1, -1, &number) != 0)
		return -1;
	if (number < 0 || !state_fits(f, r->machine->states[number]))
		return unfit(l, "s");
	f->state = r->machine->states[number];
	doc_unref(f->context);
	f->context = DOC_NONE;
	if (!doc_is_none(input) && get_payload(l, input, DOC_NONE, &f->input) != 0)
		return -1;
	if (doc_is_none(f->input.doc))
		return unfit(l, "in");
	if (load_phase(l, d, &phase) != 0 ||
	    get_int(l, d, "ev", 0, INT64_MAX, 0, &f->entered_event_id) != 0 ||
	    get_int(l, d, "ms", 0, INT64_MAX, 0, &f->entered_ms) != 0 ||
	    get_int(l, d, "cu", 0, INT64_MAX, 0, &f->cursor) != 0 ||
	    get_int(l, d, "be", 0, INT64_MAX, 0, &f->before_event_id) != 0 ||
	    get_int(l, d, "due", 0, INT64_MAX, DUE_NEVER, &f->due_ms) != 0 ||
	    load_variables(l, f, d) != 0 || load_retries(l, f, d) != 0 ||
	    load_attempt(l, f, d) != 0 || load_fan(l, f, d) != 0)
		return -1;
	if (!phase_fits(f, phase))
		return unfit(l, "ph");
	frame_set_phase(r, f, phase);
	f->stored = true;
	f->input_changed = false;
	return 0;
}

/* --- the run ----------------------------------------------------------------------- */

static int
load_gone(const struct loader *l, struct doc list)
{
	struct doc_iter it = doc_iter(list);
	struct frame *f;
	int64_t id;

	while (doc_next(&it)) {
		/* one that stood below another one is gone with it */
		if (!doc_i64(it.value, &id) || id <= 0)
			return unfit(l, "g");
		if ((f = idmap_get(&l->run->by_id, (uint64_t)id)) != NULL)
			frame_remove(l->run, f);
	}
	return 0;
}

static int
load_queue(const struct loader *l, struct doc list)
{
	struct run *r = l->run;
	struct doc_iter it = doc_iter(list);
	struct frame *f;
	int64_t id;

	while ((f = TAILQ_FIRST(&r->ready)) != NULL) {
		TAILQ_REMOVE(&r->ready, f, ready_link);
		f->ready = false;
	}
	while (doc_next(&it)) {
		f = doc_i64(it.value, &id) && id > 0 ? idmap_get(&r->by_id, (uint64_t)id) : NULL;
		if (f == NULL || f->ready || !frame_is_ready_phase(f->phase))
			return unfit(l, "q");
		TAILQ_INSERT_TAIL(&r->ready, f, ready_link);
		f->ready = true;
	}
	return 0;
}

static int
load_status(const struct loader *l, struct doc d)
{
	struct run *r = l->run;
	struct doc value = doc_gets(d, "st"), out = doc_gets(d, "out");
	char *name;
	int rc;

	if (doc_is_none(value))
		return 0;
	name = doc_strdup(value);
	rc = name != NULL ? run_status_parse(name, &r->status) : -1;
	free(name);
	if (rc != 0)
		return unfit(l, "st");
	if (!doc_is_none(out) && get_payload(l, out, DOC_NONE, &r->output) != 0)
		return -1;
	if (get_int(l, d, "stop", 0, INT64_MAX, 0, &r->stop_ms) != 0 ||
	    get_int(l, d, "due", 0, INT64_MAX, DUE_NEVER, &r->timeout_due_ms) != 0 ||
	    get_string(l, d, "err", &r->error) != 0)
		return -1;
	return get_string(l, d, "cause", &r->cause);
}

static int
load_run(const struct loader *l, struct doc d)
{
	struct run *r = l->run;

	if (get_int(l, d, "n", 1, INT64_MAX, r->next_frame_id, &r->next_frame_id) != 0 ||
	    load_status(l, d) != 0)
		return -1;
	if (!TAILQ_EMPTY(&r->frames) && TAILQ_LAST(&r->frames, frame_list)->id >= r->next_frame_id)
		return unfit(l, "n");
	if (l->snapshot &&
	    (get_int(l, d, "last", 0, INT64_MAX, 0, &r->last_event_id) != 0 ||
		get_int(l, d, "ms", 0, INT64_MAX, 0, &r->last_ms) != 0))
		return -1;
	return load_queue(l, doc_gets(d, "q"));
}

/* A snapshot stands for everything before it. */
static void
reset(struct run *r)
{
	struct frame *top = TAILQ_FIRST(&r->frames);

	if (top != NULL)
		frame_remove(r, top);
	doc_unref(r->output.doc);
	r->output = (struct payload){ DOC_NONE, PAYLOAD_NOWHERE };
}

static int
load_record(struct loader *l, struct doc record)
{
	struct run *r = l->run;
	struct doc_iter it = doc_iter(doc_gets(record, "f"));

	l->snapshot = !doc_is_none(doc_gets(doc_gets(record, "r"), "last"));
	if (history_open(&l->events, record, r->last_event_id + 1, l->e) != 0)
		return -1;
	if (l->snapshot)
		reset(r);
	r->last_event_id += (int64_t)l->events.n;
	if (l->events.n > 0 && !history_ms(&l->events, r->last_event_id, &r->last_ms))
		return unfit(l, "e");
	if (load_gone(l, doc_gets(record, "g")) != 0)
		return -1;
	while (doc_next(&it)) {
		if (load_frame(l, it.value) != 0)
			return -1;
	}
	return load_run(l, doc_gets(record, "r"));
}

/* What the changes above left for a record is in one already. */
static void
forget_changes(struct run *r)
{
	struct frame *f;

	while ((f = TAILQ_FIRST(&r->dirty)) != NULL) {
		TAILQ_REMOVE(&r->dirty, f, dirty_link);
		f->dirty = false;
	}
	r->ngone = 0;
	r->changed = false;
	r->stored_next_frame_id = r->next_frame_id;
}

int
run_load(struct run *r, const char *record, size_t len, struct err *e)
{
	struct loader l = { .run = r, .len = len, .e = e };
	struct err why = ERR_INIT;
	struct doc d = doc_parse_record(record, len, &why);
	int rc;

	assert(r->magic == RUN_MAGIC && run_record_is_empty(r));
	if (doc_is_none(d)) {
		rc = unfit(&l, err_cause(&why));
		err_fini(&why);
		return rc;
	}
	rc = load_record(&l, d);
	history_close(&l.events);
	doc_unref(d);
	if (rc == 0)
		forget_changes(r);
	return rc;
}
