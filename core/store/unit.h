/*
 * unit - shares of what all nodes of the database have in common: one node has each unit at a time.
 *
 * A unit is an advisory lock of the session of writer 0, so it is free again when that session ends, and
 * store_events.units_lost says so to its node. Units may be taken only when it is known what the executions
 * of every shard hold of them: each owner of shards says when he has counted that. When an owner
 * dies, nobody takes what he had before the next one has counted.
 */
#ifndef PAWL_STORE_UNIT_H
#define PAWL_STORE_UNIT_H

#include "store/store.h"

/* The key of unit index (0 to 63) of what has that name. */
int64_t unit_key(const char *name, unsigned index);
/*
 * store_events.unit_taken is told of each, on a later turn, unless units_lost comes before. None of them may be ours or
 * asked for. counted: only when all shards are counted. False: there is no session; nothing comes.
 */
bool store_units_take(struct store *s, const int64_t *keys, size_t n, bool counted);
/* They are ours, and from now on not. */
void store_units_give(struct store *s, const int64_t *keys, size_t n);
/* All shards that are ours are counted. */
void store_count_shards(struct store *s);

#endif
