/*
 * laptop - a private PostgreSQL in the data folder, started and stopped with pawld.
 *
 * initdb when there is none, unix socket only (in the data folder), a stale
 * postmaster.pid and a crashed cluster recover. As root the server (and the data
 * folder's ownership) drops to an unprivileged user. Runs before the loop: blocking.
 */
#ifndef PAWL_STORE_LAPTOP_H
#define PAWL_STORE_LAPTOP_H

#include "base/err.h"
#include "base/loop.h"

struct laptop;

struct laptop_options {
	const char *data_dir; /* pawl's; the cluster is data_dir/postgres */
	const char *
	    postgres_bin; /* folder of initdb and postgres; "" = search PATH and /usr/lib/postgresql */
};

/*
 * Makes and starts it; waits until it accepts connections. NULL and e with one
 * sentence that says what to do (which package to install when the server
 * binaries are missing).
 */
struct laptop *laptop_start(const struct laptop_options *o, struct err *e);
const char *laptop_conninfo(const struct laptop *l);
/* Watches the server on the loop, once: one that died is started again. */
void laptop_watch(struct laptop *l, struct loop *loop);
/* Fast shutdown, waits for it; frees. Before or after loop_free. NULL is fine. */
void laptop_stop(struct laptop *l);

#endif
