/*
 * sqlc - the SQL client of this process: pools of connections to databases that plugins name, on the loop.
 *
 * A call is one transaction. Its statements go out in one piece; when their results are here, and not too
 * many, COMMIT follows: so whatever ends a call before its COMMIT changed nothing, for certain.
 *
 *	BEGIN, receipt, statements, sync  ->  results  ->  what is remembered, COMMIT, sync  ->  answer
 *
 * With a receipt the transaction begins with a row in pawl.effect. Its key decides: when it is there already
 * the effect is too, and what was remembered is the answer; while another transaction has it we wait. So
 * a call with a receipt whose connection is lost is simply made again, from its beginning.
 *
 * The shapes are those of the plugin interface. Nothing calls back inside a call.
 */
#ifndef PAWL_TASK_SQLC_H
#define PAWL_TASK_SQLC_H

#include "base/err.h"
#include "base/loop.h"
#include "task/plugin.h"

struct sqlc; /* the connections to one database */

#define SQLC_CONNECTIONS_MAX 64
#define SQLC_TIMEOUT_MS 30000
#define SQLC_ROWS_MAX 100000
#define SQLC_BYTES_MAX ((size_t)32 << 20)

struct sqlc_options {
	const char *conninfo;
	const char *plugin; /* who asks: for application_name, receipts and the log */
	int connections;    /* 1 to SQLC_CONNECTIONS_MAX */
	bool own;           /* pawld's own database: the tables for receipts are there */
};

/* Connects when it is first used. NULL and e when conninfo makes no sense. */
struct sqlc *sqlc_open(struct loop *l, const struct sqlc_options *o, struct err *e);
/* What is under way never calls back. NULL is fine. */
void sqlc_close(struct sqlc *s);

/*
 * Copies c. cb (and c->remember) get arg. ids: "exec=... state=..." for log lines, or NULL. Returns the
 * id of the call; cb comes exactly once unless it is cancelled.
 */
uint64_t sqlc_start(struct sqlc *s, const struct pawl_sql_call *c, const char *ids, pawl_sql_cb *cb,
    void *arg);
/* Unknown ids are fine. What was sent may have its effect all the same. */
void sqlc_cancel(struct sqlc *s, uint64_t id);

/* As db_migrate and db_listen of the plugin interface; the steps are copied. */
void sqlc_migrate(struct sqlc *s, const char *const *steps, size_t nsteps, pawl_db_migrated_cb *cb,
    void *arg);
void sqlc_listen(struct sqlc *s, const char *channel, pawl_db_notified_cb *cb, void *arg);

/*
 * Removes receipts that nobody can ask for any more, page by page: in pawld's own database an hour after
 * the effect, when the execution is not open; elsewhere, and when the key names no execution, after 30 days.
 * A pool that writes receipts does this by itself every few minutes.
 */
void sqlc_sweep(struct sqlc *s);

/* Why a statement cannot be sent: a sentence, NULL when it can. */
const char *sqlc_refuses(const char *sql);

#endif
