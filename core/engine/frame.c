/*
 * frame - one thread of control of a run: the top level, a Parallel branch, a Map
 * iteration.
 */
#include "engine/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/move.h"

static const char *const phase_names[] = {
	[FRAME_ENTER] = "enter",
	[FRAME_WORK] = "work",
	[FRAME_START] = "start",
	[FRAME_JOIN] = "join",
	[FRAME_TASK] = "task",
	[FRAME_TIMER] = "timer",
	[FRAME_RETRY] = "retry",
	[FRAME_CHILDREN] = "children",
	[FRAME_STOPPED] = "stopped",
};

const char *
frame_phase_name(enum frame_phase p)
{
	return phase_names[p];
}

int
frame_phase_parse(const char *s, size_t len, enum frame_phase *out)
{
	for (int p = FRAME_ENTER; p <= FRAME_STOPPED; p++) {
		if (strlen(phase_names[p]) == len && memcmp(phase_names[p], s, len) == 0) {
			*out = (enum frame_phase)p;
			return 0;
		}
	}
	return -1;
}

void
fan_free(struct fan *fan)
{
	if (fan == NULL)
		return;
	for (uint32_t i = 0; i < fan->next; i++)
		doc_unref(fan->results[i]);
	free(fan->results);
	doc_unref(fan->items);
	doc_unref(fan->effective);
	free(fan->news);
	free(fan);
}

void
frame_free(struct frame *f)
{
	doc_unref(f->input.doc);
	doc_unref(f->vars);
	doc_unref(f->task.parameters.doc);
	doc_unref(f->task.response.doc);
	free(f->task.role);
	free(f->retries);
	fan_free(f->fan);
	doc_unref(f->item);
	doc_unref(f->context);
	free(f->assigned);
	free(f);
}

/* --- the run's tables --------------------------------------------------------- */

void
frame_touch(struct run *r, struct frame *f)
{
	if (f->dirty)
		return;
	f->dirty = true;
	TAILQ_INSERT_TAIL(&r->dirty, f, dirty_link);
}

void
frame_link(struct run *r, struct frame *f)
{
	TAILQ_INIT(&f->children);
	TAILQ_INSERT_TAIL(&r->frames, f, all_link);
	if (f->parent != NULL)
		TAILQ_INSERT_TAIL(&f->parent->children, f, sibling_link);
	idmap_put(&r->by_id, (uint64_t)f->id, f);
}

struct frame *
frame_new(struct run *r, struct frame *parent, uint32_t index, const struct container *c,
    int64_t cursor, struct payload input, struct doc vars)
{
	struct frame *f = xcalloc(1, sizeof(*f));

	f->id = r->next_frame_id++;
	f->parent = parent;
	f->index = index;
	f->state = c->start;
	f->cursor = cursor;
	f->input = input;
	f->input_changed = true;
	f->vars = vars;
	f->due_ms = DUE_NEVER;
	f->task.timeout_due_ms = f->task.heartbeat_due_ms = DUE_NEVER;
	frame_link(r, f);
	frame_touch(r, f);
	frame_set_phase(r, f, FRAME_ENTER);
	return f;
}

/*
 * True while something on our side works for the open attempt. An activity waits for
 * a worker, what is not started for a permit, and a callback whose request is accepted for its token.
 */
static bool
attempt_is_busy(const struct frame *f)
{
	const struct task_resource *res = &f->state->resource;

	if (res->kind == TASK_ACTIVITY || !f->task.started)
		return false;
	/* an execution that was started goes on without us, as whoever got a token does */
	return !f->task.submitted || (res->pattern != PATTERN_TOKEN && !res->nested);
}

void
frame_rearm(struct run *r, struct frame *f)
{
	int64_t ms = DUE_NEVER;

	if (f->phase == FRAME_TIMER || f->phase == FRAME_RETRY)
		ms = f->due_ms;
	else if (f->phase == FRAME_TASK)
		ms = f->task.timeout_due_ms < f->task.heartbeat_due_ms ? f->task.timeout_due_ms
								       : f->task.heartbeat_due_ms;
	due_set(&r->due, f, ms);
}

/* Takes the frame out of every table that its phase put it into. */
static void
tables_leave(struct run *r, struct frame *f)
{
	if (f->ready) {
		TAILQ_REMOVE(&r->ready, f, ready_link);
		f->ready = false;
	}
	due_set(&r->due, f, DUE_NEVER);
	if (f->phase == FRAME_TASK) {
		idmap_take(&r->tasks, (uint64_t)f->task.id);
		if (attempt_is_busy(f))
			r->nbusy--;
	}
}

void
frame_set_phase(struct run *r, struct frame *f, enum frame_phase to)
{
	tables_leave(r, f);
	f->phase = to;
	if (frame_is_ready_phase(to)) {
		TAILQ_INSERT_TAIL(&r->ready, f, ready_link);
		f->ready = true;
	} else if (to == FRAME_TASK) {
		idmap_put(&r->tasks, (uint64_t)f->task.id, f);
		if (attempt_is_busy(f))
			r->nbusy++;
	}
	frame_rearm(r, f);
	frame_touch(r, f);
}

void
frame_wait_until(struct run *r, struct frame *f, enum frame_phase phase, int64_t due_ms)
{
	assert(phase == FRAME_TIMER || phase == FRAME_RETRY);
	f->due_ms = due_ms;
	frame_set_phase(r, f, phase);
}

void
frame_set_submitted(struct run *r, struct frame *f, struct payload response)
{
	assert(f->phase == FRAME_TASK && !f->task.submitted);
	if (attempt_is_busy(f))
		r->nbusy--;
	f->task.submitted = true;
	f->task.response = response;
	if (attempt_is_busy(f))
		r->nbusy++;
	frame_touch(r, f);
}

void
frame_close_attempt(struct run *r, struct frame *f, bool cancel)
{
	struct attempt *a = &f->task;

	if (a->id == 0)
		return;
	if (cancel && f->phase == FRAME_TASK)
		run_effect(r, EFFECT_CANCEL, a->id);
	if (r->host.permit != NULL)
		run_effect(r, EFFECT_CLOSED, a->id);
	/* the tables know the attempt by its id */
	frame_set_phase(r, f, FRAME_STOPPED);
	doc_unref(a->parameters.doc);
	doc_unref(a->response.doc);
	free(a->role);
	*a = (struct attempt){ .timeout_due_ms = DUE_NEVER, .heartbeat_due_ms = DUE_NEVER };
}

void
frame_drop_fan(struct run *r, struct frame *f)
{
	if (f->fan == NULL)
		return;
	fan_free(f->fan);
	f->fan = NULL;
	frame_touch(r, f);
}

void
frame_remove_children(struct run *r, struct frame *f)
{
	struct frame *child, *next;

	for (child = TAILQ_FIRST(&f->children); child != NULL; child = next) {
		next = TAILQ_NEXT(child, sibling_link);
		frame_remove(r, child);
	}
}

static void
note_gone(struct run *r, int64_t id)
{
	if (r->ngone == r->gone_cap) {
		r->gone_cap = r->gone_cap > 0 ? 2 * r->gone_cap : 8;
		r->gone = xreallocarray(r->gone, r->gone_cap, sizeof(*r->gone));
	}
	r->gone[r->ngone++] = id;
}

void
frame_unlink(struct run *r, struct frame *f)
{
	tables_leave(r, f);
	if (f->parent != NULL)
		TAILQ_REMOVE(&f->parent->children, f, sibling_link);
	TAILQ_REMOVE(&r->frames, f, all_link);
	if (f->dirty)
		TAILQ_REMOVE(&r->dirty, f, dirty_link);
	idmap_take(&r->by_id, (uint64_t)f->id);
}

void
frame_remove(struct run *r, struct frame *f)
{
	frame_remove_children(r, f);
	if (f->stored)
		note_gone(r, f->id);
	frame_unlink(r, f);
	frame_free(f);
}

/* --- variables ---------------------------------------------------------------- */

static struct doc
member_by_key(struct doc object, struct doc key)
{
	struct buf scratch;
	struct doc value;
	const char *name;
	size_t len;

	buf_init(&scratch, BUF_UNLIMITED);
	name = doc_str(key, &scratch, &len);
	value = doc_get(object, name, len);
	buf_fini(&scratch);
	return value;
}

size_t
vars_size_with(struct doc vars, struct doc assigned)
{
	size_t size = doc_size(assigned);
	struct doc_iter it = doc_iter(assigned);

	if (doc_is_none(vars))
		return size;
	size += doc_size(vars);
	while (doc_next(&it)) {
		struct doc replaced = member_by_key(vars, it.key);

		if (!doc_is_none(replaced))
			size -= doc_size(replaced);
	}
	return size;
}

/* One pass over both, so that many names cost no more than one. */
void
vars_assign(struct doc *vars, struct doc assigned)
{
	struct doc_builder *b;
	struct doc_iter it;
	struct doc merged;

	if (doc_is_none(*vars)) {
		*vars = doc_ref(assigned);
		return;
	}
	b = docb_new();
	docb_object(b);
	for (it = doc_iter(*vars); doc_next(&it);) {
		struct doc new_value = member_by_key(assigned, it.key);

		docb_key_doc(b, it.key);
		docb_doc(b, doc_is_none(new_value) ? it.value : new_value);
	}
	for (it = doc_iter(assigned); doc_next(&it);) {
		if (!doc_is_none(member_by_key(*vars, it.key)))
			continue;
		docb_key_doc(b, it.key);
		docb_doc(b, it.value);
	}
	docb_end(b);
	merged = docb_finish(b);
	doc_unref(*vars);
	*vars = merged;
}
