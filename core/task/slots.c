/*
 * slots - every open execution of this node, in memory or asleep: who is it, when
 * is it due.
 *
 * An open-addressing table of pointers by uuid and a binary heap by due time.
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
	free(t->heap);
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
slots_heap_put(struct slots *t, size_t pos, struct slot *s)
{
	t->heap[pos - 1] = s;
	s->heap_pos = (uint32_t)pos;
}

/* Moves s, which belongs near pos, up or down to where the heap's order holds. */
static void
slots_heap_settle(struct slots *t, size_t pos, struct slot *s)
{
	while (pos > 1 && t->heap[pos / 2 - 1]->due_ms > s->due_ms) {
		slots_heap_put(t, pos, t->heap[pos / 2 - 1]);
		pos /= 2;
	}
	for (;;) {
		size_t child = pos * 2;

		if (child > t->nheap)
			break;
		if (child < t->nheap && t->heap[child]->due_ms < t->heap[child - 1]->due_ms)
			child++;
		if (t->heap[child - 1]->due_ms >= s->due_ms)
			break;
		slots_heap_put(t, pos, t->heap[child - 1]);
		pos = child;
	}
	slots_heap_put(t, pos, s);
}

static void
slots_heap_remove(struct slots *t, struct slot *s)
{
	size_t pos = s->heap_pos;
	struct slot *last = t->heap[t->nheap - 1];

	s->heap_pos = 0;
	t->nheap--;
	if (last != s)
		slots_heap_settle(t, pos, last);
}

void
slots_set_due(struct slots *t, struct slot *s, int64_t due_ms)
{
	s->due_ms = due_ms;
	if (due_ms == SLOT_NEVER) {
		if (s->heap_pos != 0)
			slots_heap_remove(t, s);
		return;
	}
	if (s->heap_pos == 0) {
		if (t->nheap == t->heap_cap) {
			t->heap_cap = t->heap_cap == 0 ? 64 : t->heap_cap * 2;
			t->heap = xreallocarray(t->heap, t->heap_cap, sizeof(struct slot *));
		}
		t->nheap++;
		slots_heap_settle(t, t->nheap, s);
		return;
	}
	slots_heap_settle(t, s->heap_pos, s);
}

void
slots_remove(struct slots *t, struct slot *s)
{
	size_t hole = slots_place(t, &s->id), i;

	assert(t->table[hole] == s);
	if (s->heap_pos != 0)
		slots_heap_remove(t, s);
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
	return t->nheap == 0 ? NULL : t->heap[0];
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
