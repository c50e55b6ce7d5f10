/*
 * idmap - a hash table from 64-bit ids to pointers.
 *
 * Answers find their owner by id; an id that is not there is a normal case. Ids may
 * be any value but 0. Removing while walking is not allowed.
 */
#ifndef PAWL_BASE_IDMAP_H
#define PAWL_BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap_slot;
struct idmap {
	struct idmap_slot *slots_;
	size_t cap_; /* a power of two, or 0 */
	size_t n;
};

void idmap_fini(struct idmap *m);                      /* a zeroed map is an empty one */
void idmap_put(struct idmap *m, uint64_t id, void *p); /* replaces */
void *idmap_get(const struct idmap *m, uint64_t id);   /* NULL = none */
void *idmap_take(struct idmap *m, uint64_t id);        /* removes; NULL = none */
/* An id for a text (never 0), behind what seed stands for (0 = nothing). That two texts share one can be neglected. */
uint64_t idmap_id_of(uint64_t seed, const char *text);

#endif
