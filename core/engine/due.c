/*
 * due - the due times of a run's frames: a heap, so that the earliest is at hand.
 */
#include "engine/due.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "engine/frame.h"

void
due_fini(struct due_heap *h)
{
	free(h->list);
	*h = (struct due_heap){ 0 };
}

static bool
before(const struct frame *a, const struct frame *b)
{
	if (a->heap_ms != b->heap_ms)
		return a->heap_ms < b->heap_ms;
	return a->id < b->id;
}

static void
put(struct due_heap *h, size_t at, struct frame *f)
{
	h->list[at] = f;
	f->heap_at = at + 1;
}

static void
sift_up(struct due_heap *h, size_t at)
{
	struct frame *f = h->list[at];

	while (at > 0 && before(f, h->list[(at - 1) / 2])) {
		put(h, at, h->list[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(h, at, f);
}

static void
sift_down(struct due_heap *h, size_t at)
{
	struct frame *f = h->list[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(h->list[child + 1], h->list[child]))
			child++;
		if (!before(h->list[child], f))
			break;
		put(h, at, h->list[child]);
		at = child;
	}
	put(h, at, f);
}

static void
take_out(struct due_heap *h, struct frame *f)
{
	size_t at = f->heap_at - 1;
	struct frame *last = h->list[--h->n];

	f->heap_at = 0;
	if (last == f)
		return;
	put(h, at, last);
	sift_up(h, at);
	sift_down(h, last->heap_at - 1);
}

void
due_set(struct due_heap *h, struct frame *f, int64_t ms)
{
	if (f->heap_at != 0)
		take_out(h, f);
	if (ms == DUE_NEVER)
		return;
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 8;
		h->list = xreallocarray(h->list, h->cap, sizeof(struct frame *));
	}
	f->heap_ms = ms;
	put(h, h->n++, f);
	sift_up(h, h->n - 1);
}

struct frame *
due_first(const struct due_heap *h)
{
	return h->n > 0 ? h->list[0] : NULL;
}
