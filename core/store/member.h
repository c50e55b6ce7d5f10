/*
 * member - what is known of the nodes of this database. Tickets and errors as in store/read.h.
 */
#ifndef PAWL_STORE_MEMBER_H
#define PAWL_STORE_MEMBER_H

#include "store/store.h"

/* address NULL: nobody has ever owned the shard. The owner that it names may be gone. */
typedef void read_shard_owner_cb(uint64_t ticket, const char *address, const struct err *e);
void read_shard_owner(struct store *s, int32_t shard, uint64_t ticket, read_shard_owner_cb *cb);

/* A node that lives, as it was seen last; texts are borrowed for the time of the callback. */
struct node_row {
	const char *name, *address;
	int64_t connected_ms, seen_ms, shards;
	struct node_load load;
};
typedef void read_nodes_cb(uint64_t ticket, const struct node_row *rows, size_t n,
    const struct err *e);
void read_nodes(struct store *s, uint64_t ticket, read_nodes_cb *cb);

/* How many nodes live, this one included, as far as is known; 0 = not known yet. */
int store_nodes(const struct store *s);
/* Ours among them, for hints; it is another one after each reconnect. */
int32_t store_node_number(const struct store *s);
/* Where a node that lives is reached, "host:port"; NULL = there is none of that number. */
const char *store_node_address(const struct store *s, int32_t number);
/* Something that other nodes should hear (store_events.hinted), and may not; this one hears it as well. */
void store_hint(struct store *s, const char *hint);

#endif
