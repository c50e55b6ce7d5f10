/*
 * slots - every open execution of this node, in memory or asleep: who is it, when
 * is it due.
 *
 * A slot is all that a sleeping execution costs (75 to 90 bytes with its places in
 * the table and the heap); one that is in memory has a resident as well. Times are
 * wall clock, as in the journal.
 */
#ifndef PAWL_TASK_SLOTS_H
#define PAWL_TASK_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slab.h"

struct resident;
struct offer;

#define SLOT_NEVER INT64_MAX

struct slot {
	struct uuid id;
	int16_t shard;
	bool claimed;      /* was open when its shard was claimed, and has not been loaded since */
	uint32_t heap_pos; /* place in the heap from 1; 0 = not in it (due_ms is SLOT_NEVER) */
	int64_t due_ms;
	struct resident *resident; /* NULL = asleep */
	struct offer *offers;      /* activity.c; NULL = none */
};

struct slots {
	struct slab slab; /* the slots themselves */
	struct slot **table;
	size_t cap, n;
	struct slot **heap;
	size_t nheap, heap_cap;
};

void slots_fini(struct slots *t); /* frees the slots, not the residents; a zeroed struct is empty */
struct slot *slots_find(const struct slots *t, const struct uuid *id);
/* A new one; the id must not be there. */
struct slot *slots_add(struct slots *t, const struct uuid *id, int32_t shard);
void slots_remove(struct slots *t, struct slot *s); /* frees it */
void slots_set_due(struct slots *t, struct slot *s, int64_t due_ms);
/* The slot that is due first, NULL when none has a time. */
struct slot *slots_first_due(const struct slots *t);
/* All slots, a heap copy of the pointers; yours. */
struct slot **slots_list(const struct slots *t, size_t *n);

#endif
