/*
 * sqlc_parts - what a SQL client is made of: connections, calls, the tables of the house; for the sqlc*.c files only.
 */
#ifndef PAWL_TASK_SQLC_PARTS_H
#define PAWL_TASK_SQLC_PARTS_H

#include <sys/queue.h>

#include "base/arena.h"
#include "base/idmap.h"
#include "doc/doc.h"
#include "store/pg.h"
#include "task/sqlc.h"

/* Of sqlc_statement.c: SET TRANSACTION, which must stand before everything else. */
bool statement_sets_transaction(const char *sql);

#define SQLC_CALL_MAGIC 0x73716c63u

/* --- calls (sqlc_call.c) ---------------------------------------------------------- */

enum call_where {
	CALL_REFUSED,    /* on s->refused: answered on the next turn */
	CALL_WAITING,    /* on s->waiting: for a connection */
	CALL_RESTING,    /* on no list: waits again when its timer fires */
	CALL_WORKING,    /* its statements are sent */
	CALL_COMMITTING, /* its COMMIT is sent: what the connection says now decides */
	CALL_REPLAYING,  /* its effect was there; the receipt is being read */
	CALL_GONE        /* answered or cancelled; freed at the end of this turn */
};

/* What one statement gave; rows.values is ours and grows. */
struct call_set {
	struct pawl_sql_rows rows;
	const char **values;
	size_t nvalues, cap;
};

struct call_failure {
	bool set;
	enum pawl_sql_result result;
	char sqlstate[6];
	char *message; /* owned */
	size_t failed;
};

struct sqlc_call {
	unsigned magic;
	TAILQ_ENTRY(sqlc_call) link; /* waiting, refused */
	TAILQ_ENTRY(sqlc_call) all;  /* until it is gone */
	struct sqlc *sqlc;
	struct sqlc_conn *conn; /* WORKING, COMMITTING, REPLAYING */
	enum call_where where;
	uint64_t id;
	pawl_sql_cb *cb; /* NULL = cancelled during its COMMIT */
	void *arg;
	char *ids;
	/* as asked */
	struct arena asked;
	struct pawl_sql_call spec; /* the texts are in asked */
	size_t nlead;              /* statements that go before the receipt */
	size_t bytes;
	/* time */
	struct loop_timer timer;
	int64_t begun_ms, deadline_ms;
	int64_t sent_ms, allowed_ms; /* of this attempt: what the server was told */
	int tries;                   /* connections lost under it */
	bool in_doubt;               /* a COMMIT was sent, and nobody knows */
	/* this attempt */
	bool receipt_written, duplicate, again;
	struct arena given; /* columns and values */
	struct call_set *sets;
	struct pawl_sql_rows *rows; /* the same for the answer */
	size_t at;                  /* the statement whose result is to come */
	size_t nrows, nbytes;
	struct call_failure failure;
	struct doc output;
};
TAILQ_HEAD(call_list, sqlc_call);

struct sqlc_call *sqlc_call_new(struct sqlc *s, const struct pawl_sql_call *c, const char *ids,
    pawl_sql_cb *cb, void *arg);
/* Sends it on an idle connection. */
void sqlc_call_begin(struct sqlc_call *c, struct sqlc_conn *conn);
/* Its connection is lost. */
void sqlc_call_lost(struct sqlc_call *c);
/* Answers with a failure and frees it; the callback may close s. */
void sqlc_call_fail(struct sqlc_call *c, enum pawl_sql_result result, const char *sqlstate,
    const char *message);
/* What was set as its failure is its answer. */
void sqlc_call_answer_failure(struct sqlc_call *c);
void sqlc_call_set_failure(struct sqlc_call *c, enum pawl_sql_result result, const char *sqlstate,
    const char *message);
void sqlc_call_cancel(struct sqlc_call *c);
/* More than it may get: too large. */
void sqlc_call_arriving(struct sqlc_call *c, size_t bytes);
/* Off all lists, without a callback; freed at the end of the turn. */
void sqlc_call_drop(struct sqlc_call *c);

/* --- connections (sqlc.c) ----------------------------------------------------------- */

enum conn_where {
	CONN_COMING, /* not connected, tries */
	CONN_IDLE,
	CONN_CALL,      /* works for conn->call; NULL = what comes does not matter */
	CONN_HOUSE,     /* makes the tables for receipts */
	CONN_MIGRATING, /* brings the plugin's schema up to date */
};

struct sqlc_conn {
	TAILQ_ENTRY(sqlc_conn) link;
	struct sqlc *sqlc;
	struct pg *pg;
	enum conn_where where;
	struct sqlc_call *call;
	int64_t idle_since_ms;
};

/* Work on it is through: somebody else's turn. */
void conn_idle(struct sqlc_conn *conn);
/* ROLLBACK, then idle. */
void conn_roll_back(struct sqlc_conn *conn);
/* Something changed: whoever waits may go on. Done at the end of the turn. */
void sqlc_dispatch_later(struct sqlc *s);
/* Queues it, at the front when it waited before. */
void sqlc_wait(struct sqlc *s, struct sqlc_call *c, bool first);
void sqlc_unwait(struct sqlc *s, struct sqlc_call *c);
bool sqlc_is_up(const struct sqlc *s);
/* Why it is not; "" when that is not known. */
const char *sqlc_why(const struct sqlc *s);
/* One line in the log while it is away, not one for each call. */
void sqlc_tell_away(struct sqlc *s);

/* pg_exec of a named query, without its rows one by one. */
void conn_exec(struct sqlc_conn *conn, enum query q, int n, const char *const *params,
    pg_result_cb *cb);
/* PostgreSQL's message and detail as one sentence; yours. */
char *sqlc_message(const PGresult *r);
const char *sqlc_sqlstate(const PGresult *r); /* "" = none */
/* The same, with what an administrator has to do when we lack a privilege; yours. */
char *sqlc_house_message(const struct sqlc_conn *conn, const PGresult *r);

/* --- the tables of the house, and the plugin's (sqlc_schema.c) ------------------------ */

enum house { HOUSE_UNKNOWN, HOUSE_BUILDING, HOUSE_READY };

struct migration {
	bool wanted; /* asked for, and not done */
	bool paused; /* it failed, and waits for its timer */
	char **steps;
	size_t nsteps;
	size_t known;  /* how many were applied before */
	size_t answer; /* which of our statements the next result is for */
	char *why;     /* why it failed */
	pawl_db_migrated_cb *cb;
	void *arg;
	struct loop_timer timer;
	int64_t pause_ms;
};

void house_begin(struct sqlc_conn *conn);
void house_lost(struct sqlc *s);
void migration_begin(struct sqlc_conn *conn);
void migration_lost(struct sqlc *s);
void migration_fini(struct migration *m);

/* --- notifications (sqlc_listen.c) ----------------------------------------------------- */

enum listener_where { LISTENER_NEW, LISTENER_SENT, LISTENER_ON };

struct listener {
	TAILQ_ENTRY(listener) link;
	enum listener_where where;
	char *channel;
	pawl_db_notified_cb *cb;
	void *arg;
};
TAILQ_HEAD(listener_list, listener);
void listeners_fini(struct sqlc *s);

/* ---------------------------------------------------------------------------------------- */

struct sqlc {
	struct loop *loop;
	char *conninfo, *plugin, *application_name;
	bool own, closed, told_away;
	int nmax, nconns;
	TAILQ_HEAD(, sqlc_conn) conns;
	struct idmap calls;
	struct call_list waiting, refused, all;
	size_t nwaiting, waiting_bytes;
	struct loop_timer refuser; /* answers those that were refused */
	struct loop_timer tick;    /* closes idle connections, begins sweeps */
	enum house house;
	struct migration migration;
	struct pg *ear; /* listens; NULL = nobody wants to */
	struct listener_list listeners;
	/* sweeping */
	bool receipts; /* some were written here */
	bool sweeping;
	struct loop_timer sweeper; /* the next page */
	int64_t sweep_at_ms;
	char swept_ms[24]; /* where the page begins: text of a bigint */
	char *swept_key;
};

#endif
