/*
 * slots - every open execution of this node, in memory or asleep: who is it, when
 * is it due, who waits to be loaded.
 *
 * An open-addressing table of pointers by uuid and two binary heaps by time.
 */
#include "task/slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* The second half of a version 7 uuid is random: it is its own hash. */
static size_t
slots_hash(const struct uuid *id)
{
	uint64_t h;

	memcpy(&h, id->b + 8, sizeof(h));
	return (size_t)((h * 0x9e3779b97f4a7c15u) >> 16);
}

static size_t
slots_place(const struct slots *t, const struct uuid *id)
{
	size_t i = slots_hash(id) & (t->cap - 1);

	while (t->table[i] != NULL && !uuid_equal(&t->table[i]->id, id))
		i = (i + 1) & (t->cap - 1);
	return i;
}

static void
slots_grow(struct slots *t)
{
	struct slot **old = t->table;
	size_t old_cap = t->cap, i;

	t->cap = old_cap == 0 ? 64 : old_cap * 2;
	t->table = xcalloc(t->cap, sizeof(*t->table));
	for (i = 0; i < old_cap; i++)
		if (old[i] != NULL)
			t->table[slots_place(t, &old[i]->id)] = old[i];
	free(old);
}

void
slots_fini(struct slots *t)
{
	size_t i;

	for (i = 0; i < t->cap; i++)
		if (t->table[i] != NULL)
			slab_put(&t->slab, t->table[i]);
	slab_fini(&t->slab);
	free(t->table);
	free(t->due.list);
	free(t->waiting.list);
	*t = (struct slots){ 0 };
}

struct slot *
slots_find(const struct slots *t, const struct uuid *id)
{
	return t->cap == 0 ? NULL : t->table[slots_place(t, id)];
}

struct slot *
slots_add(struct slots *t, const struct uuid *id, int32_t shard)
{
	struct slot *s;
	size_t i;

	if (t->cap == 0)
		slab_init(&t->slab, sizeof(*s));
	if ((t->n + 1) * 4 > t->cap * 3)
		slots_grow(t);
	i = slots_place(t, id);
	assert(t->table[i] == NULL);
	s = slab_get(&t->slab);
	s->id = *id;
	s->shard = (int16_t)shard;
	s->due_ms = SLOT_NEVER;
	t->table[i] = s;
	t->n++;
	return s;
}

static void
heap_put(struct slot_heap *h, size_t pos, struct slot *s)
{
	h->list[pos - 1] = s;
	s->heap_pos = (uint32_t)pos;
}

/* Moves s, which belongs near pos, up or down to where the heap's order holds. */
static void
heap_settle(struct slot_heap *h, size_t pos, struct slot *s)
{
	while (pos > 1 && h->list[pos / 2 - 1]->due_ms > s->due_ms) {
		heap_put(h, pos, h->list[pos / 2 - 1]);
		pos /= 2;
	}
	for (;;) {
		size_t child = pos * 2;

		if (child > h->n)
			break;
		if (child < h->n && h->list[child]->due_ms < h->list[child - 1]->due_ms)
			child++;
		if (h->list[child - 1]->due_ms >= s->due_ms)
			break;
		heap_put(h, pos, h->list[child - 1]);
		pos = child;
	}
	heap_put(h, pos, s);
}

static void
heap_add(struct slot_heap *h, struct slot *s)
{
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 64 : h->cap * 2;
		h->list = xreallocarray(h->list, h->cap, sizeof(struct slot *));
	}
	h->n++;
	heap_settle(h, h->n, s);
}

static void
heap_remove(struct slot_heap *h, struct slot *s)
{
	size_t pos = s->heap_pos;
	struct slot *last = h->list[h->n - 1];

	s->heap_pos = 0;
	h->n--;
	if (last != s)
		heap_settle(h, pos, last);
}

static void
slots_take_out(struct slots *t, struct slot *s)
{
	if (s->heap_pos != 0)
		heap_remove(s->waits ? &t->waiting : &t->due, s);
	s->waits = false;
}

void
slots_set_due(struct slots *t, struct slot *s, int64_t due_ms)
{
	if (s->heap_pos != 0 && !s->waits && due_ms != SLOT_NEVER) {
		s->due_ms = due_ms;
		heap_settle(&t->due, s->heap_pos, s);
		return;
	}
	slots_take_out(t, s);
	s->due_ms = due_ms;
	if (due_ms != SLOT_NEVER)
		heap_add(&t->due, s);
}

void
slots_wait(struct slots *t, struct slot *s, int64_t since_ms)
{
	slots_take_out(t, s);
	s->due_ms = since_ms;
	s->waits = true;
	heap_add(&t->waiting, s);
}

void
slots_remove(struct slots *t, struct slot *s)
{
	size_t hole = slots_place(t, &s->id), i;

	assert(t->table[hole] == s);
	slots_take_out(t, s);
	for (i = (hole + 1) & (t->cap - 1); t->table[i] != NULL; i = (i + 1) & (t->cap - 1)) {
		size_t home = slots_hash(&t->table[i]->id) & (t->cap - 1);

		if (((i - home) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
			t->table[hole] = t->table[i];
			hole = i;
		}
	}
	t->table[hole] = NULL;
	t->n--;
	slab_put(&t->slab, s);
}

struct slot *
slots_first_due(const struct slots *t)
{
	return t->due.n == 0 ? NULL : t->due.list[0];
}

struct slot *
slots_first_waiting(const struct slots *t)
{
	return t->waiting.n == 0 ? NULL : t->waiting.list[0];
}

struct slot **
slots_list(const struct slots *t, size_t *n)
{
	struct slot **list = xcalloc(t->n + 1, sizeof(struct slot *));
	size_t i;

	*n = 0;
	for (i = 0; i < t->cap; i++)
		if (t->table[i] != NULL)
			list[(*n)++] = t->table[i];
	return list;
}
