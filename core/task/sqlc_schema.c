/*
 * sqlc_schema - the tables that must be there before calls run: those for receipts, and the plugin's own.
 *
 * Calls wait for both. When the plugin's tables cannot be brought up to date the calls that wait are
 * answered, and it is tried again, with growing pauses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "store/store.h"
#include "task/sqlc_parts.h"

#define MIGRATION_PAUSE_MIN_MS 1000
#define MIGRATION_PAUSE_MAX_MS 60000

/* --- the plugin's tables: the end of an attempt ---------------------------------------- */

static void
fail_waiting(struct sqlc *s, bool receipts_only, enum pawl_sql_result result, const char *sqlstate,
    const char *why)
{
	struct sqlc_call *c, *next;

	for (c = TAILQ_FIRST(&s->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->in_doubt || (receipts_only && c->spec.receipt == NULL))
			continue;
		sqlc_unwait(s, c);
		sqlc_call_set_failure(c, result, sqlstate, why);
		c->where = CALL_REFUSED;
		TAILQ_INSERT_TAIL(&s->refused, c, link);
	}
	if (!TAILQ_EMPTY(&s->refused))
		loop_timer_set(&s->refuser, 0);
}

static void
migration_failed(struct sqlc *s, const char *why)
{
	struct migration *m = &s->migration;
	pawl_db_migrated_cb *cb = m->cb;

	m->paused = true;
	loop_timer_set(&m->timer, m->pause_ms);
	m->pause_ms =
	    m->pause_ms * 2 < MIGRATION_PAUSE_MAX_MS ? m->pause_ms * 2 : MIGRATION_PAUSE_MAX_MS;
	log_error("plugin %s: its tables are not up to date, trying again: %s", s->plugin, why);
	fail_waiting(s, false, PAWL_SQL_UNAVAILABLE, "", why);
	cb(m->arg, why);
}

static void
migration_done(struct sqlc *s)
{
	struct migration *m = &s->migration;

	if (m->nsteps > m->known)
		log_info("plugin %s: its tables are brought up to date, to step %zu", s->plugin,
		    m->nsteps);
	m->wanted = false;
	m->cb(m->arg, NULL);
}

/* --- the tables for receipts --------------------------------------------------------------- */

static void
house_built(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc *s = conn->sqlc;
	char *why;

	if (r == NULL)
		return;
	if (pg_done(r)) {
		s->house = HOUSE_READY;
		return;
	}
	s->house = HOUSE_UNKNOWN;
	why = sqlc_house_message(conn, r);
	fail_waiting(s, true, PAWL_SQL_ERROR, sqlc_sqlstate(r), why);
	if (s->migration.wanted)
		migration_failed(s, why);
	free(why);
}

static void
house_synced(void *arg, const PGresult *r)
{
	if (r != NULL)
		conn_idle(arg);
}

void
house_begin(struct sqlc_conn *conn)
{
	conn->where = CONN_HOUSE;
	conn->sqlc->house = HOUSE_BUILDING;
	pg_exec(conn->pg, store_effect_schema(), 0, NULL, false, house_built, conn);
	pg_sync(conn->pg, house_synced, conn);
	pg_flush(conn->pg);
}

void
house_lost(struct sqlc *s)
{
	if (s->house == HOUSE_BUILDING)
		s->house = HOUSE_UNKNOWN;
}

/* --- the plugin's tables ------------------------------------------------------------------- */

/* The lock, the table of the house, COMMIT. */
static void
migration_common(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct migration *m = &conn->sqlc->migration;

	if (r != NULL && m->why == NULL && !pg_done(r))
		m->why = sqlc_house_message(conn, r);
}

static void
migration_known(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;

	migration_common(arg, r);
	if (pg_rows(r))
		conn->sqlc->migration.known = (size_t)strtoull(PQgetvalue(r, 0, 0), NULL, 10);
}

static void
migration_stepped(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct migration *m = &conn->sqlc->migration;
	char *message;

	m->answer++;
	if (r == NULL || m->why != NULL || pg_done(r))
		return;
	message = sqlc_message(r);
	m->why = xasprintf("step %zu for the tables of the plugin failed: %s", m->answer, message);
	free(message);
}

static void
migration_give_up(struct sqlc_conn *conn)
{
	struct sqlc *s = conn->sqlc;
	char *why = s->migration.why;

	s->migration.why = NULL;
	conn_roll_back(conn);
	migration_failed(s, why);
	free(why);
}

static void
migration_committed(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc *s = conn->sqlc;

	if (r == NULL)
		return;
	if (s->migration.why != NULL) {
		migration_give_up(conn);
		return;
	}
	conn_idle(conn);
	migration_done(s);
}

/* It is known how many steps were applied, and nobody else can apply one. */
static void
migration_go_on(void *arg, const PGresult *r)
{
	struct sqlc_conn *conn = arg;
	struct sqlc *s = conn->sqlc;
	struct migration *m = &s->migration;
	char nsteps[24];
	const char *const params[] = { s->plugin, nsteps };

	if (r == NULL)
		return;
	if (m->why != NULL) {
		migration_give_up(conn);
		return;
	}
	if (m->known >= m->nsteps) { /* more: a newer version of the plugin was here */
		conn_roll_back(conn);
		migration_done(s);
		return;
	}
	m->answer = m->known;
	for (size_t i = m->known; i < m->nsteps; i++)
		pg_exec(conn->pg, m->steps[i], 0, NULL, false, migration_stepped, conn);
	snprintf(nsteps, sizeof nsteps, "%zu", m->nsteps);
	conn_exec(conn, QUERY_plugin_schema_set, 2, params, migration_common);
	conn_exec(conn, QUERY_tx_commit, 0, NULL, migration_common);
	pg_sync(conn->pg, migration_committed, conn);
	pg_flush(conn->pg);
}

void
migration_begin(struct sqlc_conn *conn)
{
	const char *const params[] = { conn->sqlc->plugin };

	conn->where = CONN_MIGRATING;
	conn->sqlc->migration.known = 0;
	conn_exec(conn, QUERY_tx_begin, 0, NULL, migration_common);
	conn_exec(conn, QUERY_tx_no_timeout, 0, NULL, migration_common);
	conn_exec(conn, QUERY_plugin_schema_lock, 1, params, migration_common);
	conn_exec(conn, QUERY_plugin_schema_get, 1, params, migration_known);
	pg_sync(conn->pg, migration_go_on, conn);
	pg_flush(conn->pg);
}

/* Whether it was committed, the next attempt sees. */
void
migration_lost(struct sqlc *s)
{
	free(s->migration.why);
	s->migration.why = NULL;
}

static void
migration_retry(void *arg)
{
	struct sqlc *s = arg;

	s->migration.paused = false;
	sqlc_dispatch_later(s);
}

void
sqlc_migrate(struct sqlc *s, const char *const *steps, size_t nsteps, pawl_db_migrated_cb *cb,
    void *arg)
{
	struct migration *m = &s->migration;
	struct sqlc_conn *conn;

	TAILQ_FOREACH(conn, &s->conns, link) /* it was asked before: that one counts no more */
		if (conn->where == CONN_MIGRATING)
			pg_reset(conn->pg);
	migration_fini(m);
	*m = (struct migration){ .wanted = true,
		.steps = xcalloc(nsteps + 1, sizeof *m->steps),
		.nsteps = nsteps,
		.cb = cb,
		.arg = arg,
		.pause_ms = MIGRATION_PAUSE_MIN_MS };
	for (size_t i = 0; i < nsteps; i++)
		m->steps[i] = xstrdup(steps[i]);
	loop_timer_init(s->loop, &m->timer, migration_retry, s);
	sqlc_dispatch_later(s);
}

void
migration_fini(struct migration *m)
{
	for (size_t i = 0; i < m->nsteps; i++)
		free(m->steps[i]);
	free(m->steps);
	free(m->why);
	loop_timer_fini(&m->timer);
}
