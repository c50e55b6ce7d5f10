/*
 * read - questions to the reads pool, answered on the loop.
 *
 * Everything that is read here is committed. Callers give a ticket (a flow's id, a
 * resident's id): answers find their owner by it, and an owner that is gone is a
 * normal case. Answers never come inside the asking call. e is NULL on success; on
 * failure its name is "ServiceUnavailable" (PostgreSQL is away, the pool is full).
 */
#ifndef PAWL_STORE_READ_H
#define PAWL_STORE_READ_H

#include "doc/doc.h"
#include "store/store.h"

/* One execution row; strings are borrowed for the time of the callback. */
struct execution_row {
	struct uuid id, machine_id;
	int32_t shard;
	int64_t revision;
	const char *machine_name, *name, *status;
	int64_t start_ms, stop_ms; /* stop_ms 0 = still open */
	const char *input, *output, *error,
	    *cause; /* NULL = none; lists leave input, output, error and cause NULL */
	size_t input_len, output_len;
	const char *version_arn, *alias_arn, *trace_header;
	int32_t redrive_count;
	int64_t redrive_ms; /* 0 = never */
	bool machine_deleting;
	int64_t event_count; /* history events so far */
	struct parent_link parent;
};

/* row NULL and e NULL: there is none. */
typedef void read_execution_cb(uint64_t ticket, const struct execution_row *row,
    const struct err *e);
void read_execution(struct store *s, const char *machine_name, const char *name, uint64_t ticket,
    read_execution_cb *cb);
void read_execution_by_id(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_execution_cb *cb);

struct execution_filter {
	struct uuid machine_id;
	const char *status;                  /* NULL = any */
	const char *version_arn, *alias_arn; /* NULL = any */
	int redriven;                        /* -1 any, 0 never, 1 redriven */
	bool after_set;                      /* only rows after this one (newest first) */
	int64_t after_start_ms;
	struct uuid after_id;
	int limit; /* rows wanted; one more is asked for to know about a next page */
};
typedef void read_executions_cb(uint64_t ticket, const struct execution_row *rows, size_t n,
    bool more, const struct err *e);
void read_executions(struct store *s, const struct execution_filter *f, uint64_t ticket,
    read_executions_cb *cb);

/*
 * What a run that is loaded has to know: the executions that its open tasks started, and those that are
 * open though the task that waited for them is over.
 */
void read_children(struct store *s, int32_t shard, const struct uuid *id, const int64_t *tasks,
    size_t ntasks, uint64_t ticket, read_executions_cb *cb);
/* The task is over without an answer, its execution exists; false with e too. */
typedef void read_abandoned_cb(uint64_t ticket, bool abandoned, const struct err *e);
void read_abandoned(struct store *s, const struct parent_link *task, uint64_t ticket,
    read_abandoned_cb *cb);

/* Journal rows; record is borrowed for the time of the callback. */
struct journal_row {
	int64_t seq, first_event_id;
	int32_t event_count;
	bool snapshot;
	const char *record;
	size_t record_len;
};
typedef void read_journal_cb(uint64_t ticket, const struct journal_row *rows, size_t n,
    const struct err *e);
/* From the latest snapshot (or the beginning) to the end, for loading a run. Comes in one answer. */
void read_journal(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_journal_cb *cb);
/* The rows that hold events first .. last (ids, inclusive), ascending: a page of the history. Rows without events are left out. */
void read_history(struct store *s, int32_t shard, const struct uuid *id, int64_t first,
    int64_t last, uint64_t ticket, read_journal_cb *cb);

/* Open executions of a shard, for claiming it. */
struct open_row {
	struct uuid id;
	bool asleep;
	int64_t wake_at_ms; /* asleep: INT64_MAX = only an answer wakes it */
	bool has_parent;    /* that waits for it */
	struct uuid parent;
	const char *offered; /* asleep: as in its commit; NULL = none */
	size_t offered_len;
	bool waits; /* for a place; asleep */
};
typedef void read_open_cb(uint64_t ticket, const struct open_row *rows, size_t n,
    const struct err *e);
void read_open(struct store *s, int32_t shard, uint64_t ticket, read_open_cb *cb);

#endif
