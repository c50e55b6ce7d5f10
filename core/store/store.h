/*
 * store - pawl's PostgreSQL: the connections of one node and their common fate.
 *
 * A store has one or more writer connections, each of which owns shards by
 * holding their advisory locks (the connection that may write is the connection
 * that holds the lock: when it dies, both go), and a pool of reader connections.
 * Several nodes share the shards evenly: one that has too many gives those back of which
 * nothing is under way.
 * All of them are non-blocking on the loop. The store reconnects by itself with
 * backoff; its owner hears about ownership through store_events and fails calls
 * with ServiceUnavailable while it is down.
 */
#ifndef PAWL_STORE_STORE_H
#define PAWL_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/loop.h"

struct store;

#define STORE_SHARDS 256 /* fixed when the schema is made; shard = 0 .. 255 */

struct shard_set {
	bool has[STORE_SHARDS];
	int n;
};

/* How a node does, for the table of nodes. */
struct node_load {
	int64_t open, sleeping; /* executions */
	int64_t transitions_per_ks;
	int64_t cpu_permille; /* of one core */
	int64_t lag_ms;       /* of the execution that has been due longest */
};

/* The task that started an execution. task_id 0: nobody did, it was started from outside. */
struct parent_link {
	struct uuid id; /* of the execution that the task is in */
	int64_t task_id;
	int32_t shard;
	bool waits; /* .sync: the task waits for its end. Then both are in one shard. */
};

struct store_options {
	const char *conninfo;  /* libpq connection string */
	const char *node_name; /* for pawl.node and application_name */
	int writers;           /* connections that own shards, 1 to 16; each its share */
	int readers;           /* connections of the reads pool */
	int batch_max;         /* records in one batch at most */
};

enum store_asked {
	ASKED_START,  /* it is to begin: its row is there, and it has no journal */
	ASKED_SIGNAL, /* there is a signal for it (store/signal.h) */
	ASKED_WAIT,   /* its row is there, and it waits for a place (store/place.h) */
	ASKED_UNHEARD /* anything, while we did not hear it; shard -1, id NULL */
};

struct store_events {
	/*
	 * The shard is ours from now on (its writer holds the lock): load its open
	 * executions. Called again after every reconnect.
	 */
	void (*shard_claimed)(void *arg, int32_t shard);
	/*
	 * These shards are no longer ours: throw their runs away, on the spot. Commits that were
	 * under way have had done(COMMIT_LOST) before this.
	 */
	void (*shards_lost)(void *arg, const struct shard_set *set);
	/*
	 * May the shard go to another node now: is nothing of it under way that would be cut off? hurry: it
	 * has been asked for long; what can be begun again elsewhere is no reason any more. NULL = always.
	 */
	bool (*shard_quiet)(void *arg, int32_t shard, bool hurry);
	/* Another node changed the catalogue (or we cannot know): cached machines are to be looked up again. */
	void (*catalogue_changed)(void *arg);
	/* What an application asked for by SQL, for this execution. NULL = not wanted. */
	void (*asked)(void *arg, enum store_asked what, int32_t shard, const struct uuid *id);
	/* What a node said by store_hint; anybody in the database may have. NULL = not wanted. */
	void (*hinted)(void *arg, const char *hint);
	/* A batch was committed. NULL = not wanted. */
	void (*committed)(void *arg);
	/* One of those that store_units_take asked for is ours, or is not. NULL = none are asked for. */
	void (*unit_taken)(void *arg, int64_t key, bool got);
	/* All that were ours are not any more, and nothing comes of what was asked for. */
	void (*units_lost)(void *arg);
	/* How this node does, every few seconds. NULL = nobody knows. */
	void (*load)(void *arg, struct node_load *out);
	void *arg;
};

/*
 * Blocking part of the start, before the loop runs: connects, takes the advisory
 * lock of the schema, migrates, checks the version. -1 and e (a sentence that says
 * what to do) when the server is older than 15, the schema newer than the program,
 * or no connection can be had in timeout_ms.
 */
int store_migrate(const char *conninfo, int timeout_ms, struct err *e);
/* One statement that makes the tables for receipts and plugins' schemas, in any database; those that are there stay. */
const char *store_effect_schema(void);

/* Starts connecting; events come on the loop. */
struct store *store_open(struct loop *l, const struct store_options *o,
    const struct store_events *ev);
/* Where other nodes reach this one, HOST:PORT. Before the loop runs; without it nobody forwards calls to it. */
void store_set_address(struct store *s, const char *address);
/* Waits for nothing: commits that are under way are lost (their owner drains first). */
void store_close(struct store *s);
/* True while at least one writer owns shards and a reader is connected. */
bool store_is_up(const struct store *s);
/* True when this node owns as many shards as it is to own. */
bool store_is_settled(const struct store *s);
/* A shard of ours for a new execution (spread evenly), or -1 when none is owned. */
int32_t store_pick_shard(struct store *s);
bool store_owns(const struct store *s, int32_t shard);
/*
 * Asks PostgreSQL whether the shard is still ours: a process that stood still for a while believes so until it
 * has read that its session has ended, and others went on meanwhile. cb comes once, on a later turn.
 */
typedef void store_confirmed_cb(void *arg, bool ours);
void store_confirm(struct store *s, int32_t shard, store_confirmed_cb *cb, void *arg);
/* Commits that are queued or under way. */
unsigned store_pending(const struct store *s);
/* How long the one that has waited longest does so by now; 0 = there is none. */
int64_t store_waited_ms(const struct store *s);

#endif
