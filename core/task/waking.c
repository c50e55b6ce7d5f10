/*
 * waking - which executions are loaded when more are to go on than memory should hold.
 */
#include "task/waking.h"

#include "base/stat.h"
#include "task/resident.h"

/* More would not make it faster: so many are in a batch. */
#define WAKING_MAX 1000
/* Enough that the loads under way never wait for somebody to begin the next. */
#define UNREAD_MAX 128
/* A run has some times the memory of the text that it was loaded from. */
#define PART_WAKING 32
#define PART_IN_MEMORY 16
/* What one costs that was loaded from nothing. */
#define BYTES_LEAST 4096

static bool
has_room(const struct engine *g)
{
	const struct waking *w = &g->waking;

	if (w->n == 0)
		return true;
	return w->n < WAKING_MAX && w->unread < UNREAD_MAX &&
	    w->bytes < g->max_memory / PART_WAKING && !admission_is_short(g->admission);
}

void
waking_wait(struct engine *g, struct slot *s, int64_t since_ms)
{
	slots_wait(&g->slots, s, since_ms);
}

bool
waking_can_go_on(const struct engine *g)
{
	return slots_first_waiting(&g->slots) != NULL && !g->draining && has_room(g);
}

void
waking_go_on(struct engine *g)
{
	struct resident *r;

	while (waking_can_go_on(g)) {
		r = engine_wake(g, slots_first_waiting(&g->slots));
		r->waking = true;
		g->waking.n++;
		g->waking.unread++;
	}
	if (slots_first_waiting(&g->slots) != NULL)
		stat_add(STAT_waking_full, 1);
}

void
waking_read(struct resident *r, size_t bytes)
{
	struct waking *w = &r->engine->waking;

	r->loaded_bytes = BYTES_LEAST + bytes;
	w->in_memory += r->loaded_bytes;
	if (!r->waking)
		return;
	w->unread--;
	w->bytes += r->loaded_bytes;
}

void
waking_over(struct resident *r)
{
	struct waking *w = &r->engine->waking;

	if (!r->waking)
		return;
	r->waking = false;
	w->n--;
	if (r->loaded_bytes == 0)
		w->unread--;
	else
		w->bytes -= r->loaded_bytes;
	engine_rearm(r->engine);
}

void
waking_gone(struct resident *r)
{
	waking_over(r);
	r->engine->waking.in_memory -= r->loaded_bytes;
}

bool
waking_needs_room(const struct engine *g)
{
	return slots_first_waiting(&g->slots) != NULL &&
	    g->waking.in_memory > g->max_memory / PART_IN_MEMORY;
}
