/*
 * commit - one run's part in a batch of the writer.
 *
 * Embedded in its owner (task/resident). The owner queues it with store_commit when
 * the run has moved; until the batch is sealed the run may move again (its record
 * grows). At sealing the writer calls fill, then sends the batch; after COMMIT (or
 * its failure) it calls done, and the commit may be queued again.
 *
 * A batch is one transaction: a handful of statements over arrays. It is sealed when
 * the connection is idle at the end of a loop turn: group commit without a timer.
 */
#ifndef PAWL_STORE_COMMIT_H
#define PAWL_STORE_COMMIT_H

#include <sys/queue.h>

#include "base/buf.h"
#include "store/store.h"

enum commit_result {
	COMMIT_OK,
	COMMIT_NAME_TAKEN, /* ROW_INSERT only: (machine, name) exists; nothing of this commit was written */
	COMMIT_LOST /* not written, or nobody knows: throw the run away */
};

enum commit_row {
	ROW_KEEP,   /* the execution row stays as it is */
	ROW_INSERT, /* first record: write the row (with its end, when status is no longer RUNNING) */
	ROW_CLOSE, /* the execution ended: status, stop_ms, output or error and cause */
	ROW_SLEEP, /* hibernation: wake_at of the open row (INT64_MAX = only an answer wakes it) */
	ROW_WAKE   /* the run is in memory again: no wake_at */
};

struct commit {
	/* By the owner, before the first store_commit; stay good while it is queued. */
	struct uuid execution_id;
	struct uuid machine_id; /* machines take turns, see line.h */
	int32_t shard;
	void (*fill)(struct commit *c);
	void (*done)(struct commit *c, enum commit_result r);

	/* By fill. The pointers stay good until done. */
	int64_t seq; /* of the journal row; -1 = no journal row in this commit */
	int64_t first_event_id;
	int32_t event_count;
	bool snapshot; /* the record holds the whole run */
	struct buf *record;
	enum commit_row row;
	/* ROW_INSERT */
	int64_t revision; /* pawl.machine_revision.number */
	const char *name;
	int64_t start_ms;
	const char *input;
	size_t input_len;
	const char *version_arn, *alias_arn, *trace_header; /* or NULL */
	/* ROW_INSERT, ROW_CLOSE: a parent that waits is marked as due when it sleeps while its child ends */
	struct parent_link parent;
	/* ROW_INSERT, ROW_CLOSE */
	const char *status; /* "RUNNING", "SUCCEEDED" ... */
	int64_t stop_ms;    /* 0 while RUNNING */
	const char *output; /* or NULL */
	size_t output_len;
	const char *error, *cause; /* or NULL */
	/* ROW_SLEEP */
	int64_t wake_at_ms;
	const char *offered; /* JSON: activity tasks that no worker has, permits; NULL = none */
	size_t offered_len;

	/* The writer's. */
	TAILQ_ENTRY(commit) link_, turn_link_;
	int64_t queued_us_; /* monotonic */
	enum { COMMIT_IDLE, COMMIT_QUEUED, COMMIT_SENT } where_;
	bool name_taken_;
};

/* Queues c on the writer that owns its shard (does nothing when it is queued already). done(COMMIT_LOST) comes later when nobody owns it. */
void store_commit(struct store *s, struct commit *c);
bool commit_is_idle(const struct commit *c);
/* Sent but not yet answered: the run must not move. */
bool commit_is_sent(const struct commit *c);

#endif
