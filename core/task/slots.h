/*
 * slots - every open execution of this node, in memory or asleep: who is it, when
 * is it due, who waits to be loaded.
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
	bool claimed : 1; /* was open when its shard was claimed, and has not been loaded since */
	bool recovering : 1; /* and was in memory then, so limits wait until it is again */
	bool row_awake : 1;  /* its open row has no wake_at, though it is not in memory */
	bool waits : 1;      /* stands in the heap waiting, not in due */
	uint32_t heap_pos;   /* place in the heap from 1; 0 = in none (due_ms is SLOT_NEVER) */
	int64_t due_ms;      /* waits: since when */
	struct resident *resident; /* NULL = asleep */
	struct offer *offers;      /* activity.c; NULL = none */
};

struct slot_heap {
	struct slot **list; /* by due_ms, the first is the least */
	size_t n, cap;
};

struct slots {
	struct slab slab; /* the slots themselves */
	struct slot **table;
	size_t cap, n;
	struct slot_heap due;     /* at their time something is to be done */
	struct slot_heap waiting; /* their time has come, and there was no room to load them yet */
};

void slots_fini(struct slots *t); /* frees the slots, not the residents; a zeroed struct is empty */
struct slot *slots_find(const struct slots *t, const struct uuid *id);
/* A new one; the id must not be there. */
struct slot *slots_add(struct slots *t, const struct uuid *id, int32_t shard);
void slots_remove(struct slots *t, struct slot *s); /* frees it */
void slots_set_due(struct slots *t, struct slot *s, int64_t due_ms);
/* The slot that is due first, NULL when none has a time. */
struct slot *slots_first_due(const struct slots *t);
/* It waits, since that time, until slots_set_due. */
void slots_wait(struct slots *t, struct slot *s, int64_t since_ms);
/* The one that has waited longest; NULL when none waits. */
struct slot *slots_first_waiting(const struct slots *t);
/* All slots, a heap copy of the pointers; yours. */
struct slot **slots_list(const struct slots *t, size_t *n);

#endif
