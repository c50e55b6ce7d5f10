/*
 * flow - a request as a list of named steps, any of which may wait.
 *
 * Flows live in a table of slots; an id is a slot's number and how often the slot
 * was used, so that an id that is gone is never taken for its successor. What is
 * over is freed at the end of the turn: whoever still holds its state is safe.
 */
#include "base/flow.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"

enum flow_where { FLOW_NEW, FLOW_RUNNING, FLOW_WAITING, FLOW_OVER };

struct flow {
	uint64_t id;
	struct loop *loop;
	const struct flow_kind *kind;
	const struct flow_step *step;
	enum flow_where where;
	bool resumed;           /* flow_resume came before the step said FLOW_WAIT */
	struct err resumed_err; /* and this is what it brought */
	struct loop_timer deadline;
	_Alignas(max_align_t) unsigned char state[];
};

struct slot {
	struct flow *flow; /* NULL = free */
	uint32_t uses;
	uint32_t next_free;
};

#define NO_SLOT UINT32_MAX

static struct {
	struct slot *slots;
	uint32_t n, cap, first_free;
} table = { .first_free = NO_SLOT };

static uint64_t
slot_take(struct flow *f)
{
	uint32_t i = table.first_free;

	if (i != NO_SLOT) {
		table.first_free = table.slots[i].next_free;
	} else {
		if (table.n == table.cap) {
			table.cap = table.cap > 0 ? table.cap * 2 : 64;
			table.slots = xreallocarray(table.slots, table.cap, sizeof *table.slots);
		}
		i = table.n++;
		table.slots[i].uses = 0;
	}
	table.slots[i].flow = f;
	table.slots[i].uses++;
	return (uint64_t)table.slots[i].uses << 32 | i;
}

static void
slot_give(uint64_t id)
{
	uint32_t i = (uint32_t)id;

	table.slots[i].flow = NULL;
	table.slots[i].next_free = table.first_free;
	table.first_free = i;
}

struct flow *
flow_find(uint64_t id)
{
	uint32_t i = (uint32_t)id;

	if (i >= table.n || table.slots[i].uses != id >> 32)
		return NULL;
	return table.slots[i].flow;
}

static void
flow_free(void *arg)
{
	struct flow *f = arg;

	if (f->kind->fini != NULL)
		f->kind->fini(f->state);
	err_fini(&f->resumed_err);
	free(f);
}

/* From here on the id is gone; memory goes at the end of the turn. */
static void
flow_over(struct flow *f)
{
	assert(f->where != FLOW_OVER);
	f->where = FLOW_OVER;
	loop_timer_fini(&f->deadline);
	slot_give(f->id);
	loop_free_later(f->loop, f, flow_free);
}

static void
flow_fail(struct flow *f, const struct err *e)
{
	assert(err_is_set(e));
	log_debug("flow %s: step %s failed: %s: %s", f->kind->name,
	    f->step->name != NULL ? f->step->name : "(end)", e->name, err_cause(e));
	flow_over(f);
	if (f->kind->fail != NULL)
		f->kind->fail(f, f->state, e);
}

static void
flow_too_late(void *arg)
{
	struct flow *f = arg;
	struct err e = ERR_INIT;

	err_set(&e, "ServiceUnavailable",
	    "The request took longer than %lld ms (waiting in step '%s').",
	    (long long)f->kind->deadline_ms, f->step->name);
	flow_fail(f, &e);
	err_fini(&e);
}

/* Takes what an early flow_resume brought. True: go on with the next step; false: wait, or it failed. */
static bool
flow_was_resumed(struct flow *f)
{
	struct err e = ERR_INIT;

	if (!f->resumed) {
		f->where = FLOW_WAITING;
		return false;
	}
	f->resumed = false;
	if (!err_is_set(&f->resumed_err))
		return true;
	err_move(&e, &f->resumed_err);
	flow_fail(f, &e);
	err_fini(&e);
	return false;
}

static void
flow_run(struct flow *f)
{
	struct err e = ERR_INIT;

	f->where = FLOW_RUNNING;
	for (; f->step->run != NULL; f->step++) {
		enum flow_next next = f->step->run(f, f->state, &e);

		if (f->where == FLOW_OVER) /* cancelled from inside the step */
			break;
		assert(next == FLOW_WAIT || next == FLOW_FAIL || !f->resumed);
		if (next == FLOW_DONE)
			break;
		if (next == FLOW_FAIL) {
			flow_fail(f, &e);
			break;
		}
		if (next == FLOW_WAIT && !flow_was_resumed(f))
			break;
	}
	err_fini(&e);
	if (f->where == FLOW_RUNNING)
		flow_over(f);
}

struct flow *
flow_new(struct loop *l, const struct flow_kind *k)
{
	struct flow *f = xcalloc(1, sizeof *f + k->state_size);

	f->loop = l;
	f->kind = k;
	f->step = k->steps;
	f->id = slot_take(f);
	loop_timer_init(l, &f->deadline, flow_too_late, f);
	return f;
}

void *
flow_state_of(struct flow *f)
{
	return f->state;
}

uint64_t
flow_id(const struct flow *f)
{
	return f->id;
}

void
flow_begin(struct flow *f)
{
	assert(f->where == FLOW_NEW);
	if (f->kind->deadline_ms > 0)
		loop_timer_set(&f->deadline, f->kind->deadline_ms);
	flow_run(f);
}

void *
flow_state(uint64_t id)
{
	struct flow *f = flow_find(id);

	return f != NULL ? f->state : NULL;
}

void
flow_resume(uint64_t id, const struct err *e)
{
	struct flow *f = flow_find(id);

	if (f == NULL)
		return;
	if (f->where == FLOW_RUNNING) {
		assert(!f->resumed);
		f->resumed = true;
		if (e != NULL && err_is_set(e))
			err_copy(&f->resumed_err, e);
		return;
	}
	assert(f->where == FLOW_WAITING);
	if (e != NULL && err_is_set(e)) {
		flow_fail(f, e);
		return;
	}
	f->step++;
	flow_run(f);
}

void
flow_cancel(uint64_t id)
{
	struct flow *f = flow_find(id);

	if (f != NULL)
		flow_over(f);
}
