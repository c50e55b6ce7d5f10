/*
 * supervisor - the parent of several workers on one port.
 *
 * A worker is the same program, started by its parent with its place in the environment. It does all that a single
 * pawld does, and is a node of its own to the database. The parent starts them, starts again what
 * ends (with growing pauses) or says nothing any more, passes signals on, and keeps the private PostgreSQL.
 */
#ifndef PAWL_API_SUPERVISOR_H
#define PAWL_API_SUPERVISOR_H

#include "base/conf.h"
#include "base/err.h"
#include "store/laptop.h"

/* What a worker's parent told it. */
struct worker_place {
	int index, count; /* of the workers */
	int board_fd;
	const char *listen;   /* the address, with the port that all share */
	const char *database; /* of laptop mode; NULL = as the configuration says */
};
/* Fills out and makes the process end with its parent; false when it is no worker. */
bool worker_place_read(struct worker_place *out);
/* The parent hears that this worker lives; about once a second. */
void worker_beat(void);

/* How many workers there should be: what conf says, or one per core, as far as the server's connections go. */
int supervisor_workers(const struct conf *c, const char *conninfo, struct err *e);
/* Runs n workers until SIGTERM; the exit status. laptop NULL = there is none. */
int supervise(const struct conf *c, char *const *argv, int n, struct laptop *laptop);

#endif
