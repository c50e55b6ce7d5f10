/*
 * due - the due times of a run's frames: a heap, so that the earliest is at hand.
 *
 * A frame stands in it at most once, under the earliest of its times; equal times
 * go by frame id, so that timers fire in the same order every time.
 */
#ifndef PAWL_ENGINE_DUE_H
#define PAWL_ENGINE_DUE_H

#include <stddef.h>
#include <stdint.h>

struct frame;

struct due_heap {
	struct frame **list;
	size_t n, cap;
};

#define DUE_NEVER INT64_MAX

void due_fini(struct due_heap *h);
/* Puts f in under ms, moves it there, or takes it out (DUE_NEVER). */
void due_set(struct due_heap *h, struct frame *f, int64_t ms);
/* The frame whose time comes first; NULL = none. */
struct frame *due_first(const struct due_heap *h);

#endif
