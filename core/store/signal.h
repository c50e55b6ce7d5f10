/*
 * signal - what was said to executions by SQL functions and waits in pawl.signal.
 *
 * A signal stays in its table until its effect is durable; so it may be read more than
 * once, and its receiver must not mind. Tickets and errors as in store/read.h.
 */
#ifndef PAWL_STORE_SIGNAL_H
#define PAWL_STORE_SIGNAL_H

#include "store/store.h"

enum signal_kind { SIGNAL_ANSWER, SIGNAL_HEARTBEAT, SIGNAL_STOP };

/* Which row it is. */
struct signal_ref {
	struct uuid execution_id;
	int32_t shard;
	int64_t task_id; /* 0 for STOP */
	int64_t created_ms;
	enum signal_kind kind;
};

struct signal_row {
	struct signal_ref ref;
	bool failed;        /* ANSWER: with error and cause; else with output */
	const char *output; /* JSON; borrowed for the time of the callback, like what follows */
	size_t output_len;
	const char *error, *cause; /* NULL = none */
};

/* In the order in which they were said; more: ask again when these are forgotten. */
typedef void read_signals_cb(uint64_t ticket, const struct signal_row *rows, size_t n, bool more,
    const struct err *e);
/* Those of one execution, or (id NULL) of a shard. */
void read_signals(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_signals_cb *cb);

/*
 * Takes it out of the table, some time soon: what was done about it is durable, or nothing can be done. When
 * PostgreSQL is away the row stays, to be read again.
 */
void signal_forget(struct store *s, const struct signal_ref *ref);

#endif
