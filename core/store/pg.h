/*
 * pg - one connection to PostgreSQL on the loop, that comes back by itself.
 *
 * libpq's pipeline mode: queries are sent one after the other without waiting, and
 * their answers come in the same order, each exactly once: a result, or NULL when
 * the connection was lost before. What stands between two syncs fails together; a
 * sync after each query makes them independent. Statements are prepared when a
 * connection first needs them.
 *
 * Nothing calls back inside a call. A connection is lost when the server closes it,
 * when it does not answer for patience_ms, or when its owner gives it up; then
 * everything that was asked is answered with NULL, "down" comes, and connecting
 * begins again with growing pauses (0.1 to 5 s). With several hosts in the connection string it goes to the
 * one that is the primary; a host that says nothing does not keep it from the others.
 */
#ifndef PAWL_STORE_PG_H
#define PAWL_STORE_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "store/param.h"
#include "store/query.h"

struct pg;

struct pg_options {
	const char *conninfo;
	const char *application_name;
	const char *what;    /* for the log: "writer 0" */
	enum query session;  /* asked first on every new connection */
	bool listen;         /* then asks listen_catalogue, and reports notifications */
	bool quiet;          /* others tell already when PostgreSQL is away */
	int64_t patience_ms; /* an answer may take so long; 0 = the owner watches that */
};

struct pg_events {
	void (*up)(void *arg); /* connected, the session is set up */
	/* It was up, and everything that was asked has been answered with NULL; NULL = not wanted. */
	void (*down)(void *arg);
	void (*notified)(void *arg, bool by_us); /* NULL = not wanted */
	void (*heard)(void *arg, const char *channel,
	    const char *payload); /* each notification; NULL = not wanted */
	/* So many bytes came, and the message they belong to is not whole yet; NULL = not wanted. */
	void (*arriving)(void *arg, size_t bytes);
	void *arg;
};

struct pg *pg_open(struct loop *l, const struct pg_options *o, const struct pg_events *ev);
/* Answers what is open with NULL, no "down". NULL is fine. */
void pg_close(struct pg *p);
bool pg_is_up(const struct pg *p);
/* Answers that are still to come, syncs included. */
unsigned pg_pending(const struct pg *p);
/* How long it has not been up, 0 when it is. */
int64_t pg_down_ms(const struct pg *p);

typedef void pg_result_cb(void *arg, const PGresult *r);
/*
 * Sends; p must be up. The result is binary and borrowed by cb. A query that fails, or that stands
 * between the same syncs after one that failed, is answered with a result that says so.
 */
void pg_query(struct pg *p, enum query q, const struct params *params, pg_result_cb *cb, void *arg);
/*
 * Sends a statement given as text, as pg_query does; it is not prepared, and its parameters (NULL =
 * SQL's NULL) and its result are texts. by_row: cb gets each row by itself (PGRES_SINGLE_TUPLE) as it
 * arrives, and at last a result without rows, or the failure.
 */
void pg_exec(struct pg *p, const char *sql, int n, const char *const *params, bool by_row,
    pg_result_cb *cb, void *arg);
/* Closes the group of queries; cb when all of them are through (NULL = not wanted). Bytes leave at the end of the turn. */
void pg_sync(struct pg *p, pg_result_cb *cb, void *arg);
/* Now rather than at the end of the turn. */
void pg_flush(struct pg *p);
/* Gives the connection up; the sentence is for the log. NULLs and "down" come on a later turn, or after the running callback. */
void pg_fail(struct pg *p, const char *why);
/* The same on purpose: it connects again at once, and nothing is logged. */
void pg_reset(struct pg *p);
/* Why it was lost, or could not be had, last; "" when it never was. */
const char *pg_why(const struct pg *p);
/* What the server told about itself ("server_encoding"), NULL when not connected or not known. */
const char *pg_parameter(const struct pg *p, const char *name);

/* The server is there again, somebody found: tries now when it pauses between two attempts. */
void pg_hurry(struct pg *p);

/* Blocking, for the start of the process: a connection to the primary, or one whose status says why there is none. */
PGconn *pg_connect_now(const char *conninfo);

/* The message of a failed result as one line: "ERROR: ...", "the connection was lost" for NULL. */
const char *pg_message(const PGresult *r, char *out, size_t size);
bool pg_rows(const PGresult *r); /* PGRES_TUPLES_OK */
bool pg_done(const PGresult *r); /* rows, or PGRES_COMMAND_OK */

#endif
