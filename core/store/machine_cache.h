/*
 * machine_cache - compiled revisions of state machines, and which one is the newest of its name.
 *
 * Revisions never change, so a compiled one is good for ever. What does change is the
 * mark "newest": reads and changes set it, and it is wiped for all when any node says
 * that it changed something, or when we may have missed it saying so. Each wiping is a
 * generation: what was asked before it must not set the mark.
 */
#ifndef PAWL_STORE_MACHINE_CACHE_H
#define PAWL_STORE_MACHINE_CACHE_H

#include <libpq-fe.h>

#include "store/catalogue.h"

struct machine_cache;

struct machine_cache *machine_cache_new(void);
void machine_cache_free(struct machine_cache *c);
uint64_t machine_cache_generation(const struct machine_cache *c);
/* Nobody knows any more which revision is the newest of any name. */
void machine_cache_wipe_newest(struct machine_cache *c);
/* Borrowed, until the next call that adds one; NULL when it is not there. */
struct machine_entry *machine_cache_by_id(struct machine_cache *c, const struct uuid *id,
    int64_t revision);
struct machine_entry *machine_cache_newest(struct machine_cache *c, const char *name);
/* The entry, if it is still there, is the newest of its name. */
void machine_cache_mark_newest(struct machine_cache *c, const struct machine_entry *m);
/*
 * The entry of row 0 of a result with the columns of machine_by_name: the cached one
 * when that revision is there, else compiled from the row and added. Borrowed; NULL
 * and e ("InvalidDefinition") when it does not compile.
 */
struct machine_entry *machine_cache_take(struct machine_cache *c, const PGresult *r, struct err *e);

#endif
