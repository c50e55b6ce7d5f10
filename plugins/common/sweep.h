/*
 * sweep - a query that deletes what is old, again and again, as the options "sweep" and "keep" say.
 */
#ifndef PAWL_COMMON_SWEEP_H
#define PAWL_COMMON_SWEEP_H

#include <pawl/plugin.h>

/* The caller fills in the members above the line. */
struct sweep {
	const struct pawl_host *host;
	struct pawl_db *db;
	/*
	 * Deletes up to $1 rows, a batch, and gives how many; negative: another node is at it. When
	 * it has a second parameter, that is the seconds to keep (option "keep").
	 */
	struct pawl_sql_statement statement; /* params: not looked at */
	long batch;
	const char *gone; /* what the log says after the number */
	/* --- */
	bool running;
	uint64_t timer;
};

/* What is wrong with the option "sweep", or NULL. */
const char *sweep_problem(const struct pawl_host *h);
/* Sweeps from now on, the first time after the pause; nothing when it does already. */
void sweep_start(struct sweep *s);
void sweep_stop(struct sweep *s);

#endif
