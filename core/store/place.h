/*
 * place - starts of executions of which only so many may run at the same time.
 *
 * The rows of such an execution are written by a transaction of their own that has counted, on a connection
 * that is there once somebody needs it; its first record follows, as with those that SQL starts. Whoever
 * was started by SQL and finds no room waits in the database until he is admitted. Nothing calls back inside a call.
 */
#ifndef PAWL_STORE_PLACE_H
#define PAWL_STORE_PLACE_H

#include "base/err.h"
#include "store/store.h"

/* What is to be written; all of it is borrowed. */
struct place_start {
	struct uuid machine_id;
	int64_t most; /* of the machine's executions may run */
	int32_t shard;
	struct uuid id;
	int64_t revision;
	const char *name;
	int64_t start_ms;
	const char *input;
	size_t input_len;
	const char *version_arn, *alias_arn, *trace_header; /* or NULL */
	struct parent_link parent;
};
enum place_answer {
	PLACE_TAKEN, /* its rows are there */
	PLACE_NAMED, /* another execution has the name; nothing was written */
	PLACE_NONE   /* as many run, or somebody waits who was first; nothing was written */
};
/* e: ServiceUnavailable; nobody knows then whether it was written. */
typedef void place_start_cb(uint64_t ticket, enum place_answer a, const struct err *e);
void place_start(struct store *s, const struct place_start *p, uint64_t ticket, place_start_cb *cb);

/*
 * Gives the places that are free to those that wait. cb: the round is over, and another one may begin; waiting: when it began
 * somebody waited, or nobody knows. False: there is no connection now, and no cb comes.
 */
typedef void place_admitted_cb(void *arg, bool waiting);
bool place_admit(struct store *s, place_admitted_cb *cb, void *arg);

/* The option execution_limits (JSON) is another one from now on, for the SQL functions and for place_admit. */
void place_publish(struct store *s, const char *json);
/* For people: the machines with a limit. */
struct place_row {
	const char *machine_name;
	int64_t most, running, waiting;
};
/* Borrowed rows, by name; e: ServiceUnavailable. */
typedef void place_show_cb(uint64_t ticket, const struct place_row *rows, size_t n,
    const struct err *e);
void place_show(struct store *s, uint64_t ticket, place_show_cb *cb);

/* Connects before it is needed. */
void place_prepare(struct store *s);

#endif
