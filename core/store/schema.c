/*
 * schema - brings the database's schema to what this program needs, before the loop runs.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/pg.h"
#include "store/schema_gen.h"
#include "store/store.h"

#define SERVER_MIN 150000

struct migration {
	int number;
	const char *name, *text;
};

static const struct migration migrations[] = {
#define SQL(number, name, text) { number, name, text },
	SQL_SCHEMA(SQL)
#undef SQL
};

#define NMIGRATIONS ((int)(sizeof migrations / sizeof migrations[0]))

const char *
store_effect_schema(void)
{
	int i = 0;

	while (strcmp(migrations[i].name, "0005_effect") != 0)
		i++;
	return migrations[i].text;
}

/* libpq's messages end in a line feed. */
static int
fail(struct err *e, const char *what, const char *message)
{
	int len = (int)strlen(message);

	while (len > 0 && message[len - 1] == '\n')
		len--;
	return err_set(e, "pawl.Store", "%s: %.*s", what, len, message);
}

/* The server may be starting, or on its way back: tries until the time is over. */
static PGconn *
connect_until(const char *conninfo, int64_t end_ms, struct err *e)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };

	for (;;) {
		PGconn *conn = pg_connect_now(conninfo);

		if (PQstatus(conn) == CONNECTION_OK)
			return conn;
		if (clock_mono_ms() >= end_ms) {
			fail(e, "The database cannot be reached", PQerrorMessage(conn));
			PQfinish(conn);
			return NULL;
		}
		PQfinish(conn);
		nanosleep(&pause, NULL);
	}
}

/* NULL and e when it did not go well. */
static PGresult *
ask(PGconn *conn, enum query q, int n, const char *const *values, struct err *e)
{
	PGresult *r = PQexecParams(conn, query_table[q].text, n, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK)
		return r;
	fail(e, "The schema of the database cannot be brought up to date", PQresultErrorMessage(r));
	PQclear(r);
	return NULL;
}

static int
tell(PGconn *conn, enum query q, struct err *e)
{
	PGresult *r = ask(conn, q, 0, NULL, e);

	PQclear(r);
	return r != NULL ? 0 : -1;
}

static int
ask_int(PGconn *conn, enum query q, int *out, struct err *e)
{
	PGresult *r = ask(conn, q, 0, NULL, e);
	const char *text = r != NULL ? PQgetvalue(r, 0, 0) : "";

	/* a boolean is t or f */
	*out = *text == 't' ? 1 : (int)strtol(text, NULL, 10);
	PQclear(r);
	return r != NULL ? 0 : -1;
}

static int
check_server(PGconn *conn, struct err *e)
{
	PGresult *r = ask(conn, QUERY_schema_server, 0, NULL, e);
	int rc = 0;

	if (r == NULL)
		return -1;
	if (strtol(PQgetvalue(r, 0, 0), NULL, 10) < SERVER_MIN)
		rc = err_set(e, "pawl.Store",
		    "The database server is PostgreSQL %s; pawl needs 15 or newer.",
		    PQparameterStatus(conn, "server_version"));
	else if (strcmp(PQgetvalue(r, 0, 1), "UTF8") != 0)
		rc = err_set(e, "pawl.Store",
		    "The encoding of the database is %s; pawl needs UTF8 "
		    "(CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0).",
		    PQgetvalue(r, 0, 1));
	PQclear(r);
	return rc;
}

static int
lock(PGconn *conn, int64_t end_ms, struct err *e)
{
	int64_t left_ms = end_ms - clock_mono_ms();
	char text[24];
	const char *values[] = { text };
	PGresult *r;

	snprintf(text, sizeof text, "%lld", (long long)(left_ms > 1000 ? left_ms : 1000));
	if ((r = ask(conn, QUERY_schema_wait, 1, values, e)) == NULL)
		return -1;
	PQclear(r);
	return tell(conn, QUERY_schema_lock, e);
}

static int
create_version_table(PGconn *conn, struct err *e)
{
	int exists;

	if (ask_int(conn, QUERY_schema_exists, &exists, e) != 0)
		return -1;
	if (exists)
		return 0;
	if (tell(conn, QUERY_tx_begin, e) != 0 || tell(conn, QUERY_schema_create, e) != 0 ||
	    tell(conn, QUERY_schema_comment, e) != 0 ||
	    tell(conn, QUERY_schema_version_table, e) != 0 ||
	    tell(conn, QUERY_schema_version_comment, e) != 0)
		return -1;
	return tell(conn, QUERY_tx_commit, e);
}

static int
apply(PGconn *conn, const struct migration *m, struct err *e)
{
	char number[16];
	const char *values[] = { number, m->name };
	PGresult *r;

	if (tell(conn, QUERY_tx_begin, e) != 0)
		return -1;
	r = PQexec(conn, m->text);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
		char what[128];

		snprintf(what, sizeof what, "The schema change %s failed", m->name);
		fail(e, what, PQresultErrorMessage(r));
		PQclear(r);
		return -1;
	}
	PQclear(r);
	snprintf(number, sizeof number, "%d", m->number);
	if ((r = ask(conn, QUERY_schema_applied, 2, values, e)) == NULL)
		return -1;
	PQclear(r);
	if (tell(conn, QUERY_tx_commit, e) != 0)
		return -1;
	log_info("store: schema change %s is applied", m->name);
	return 0;
}

/* sql/citus/distribute.sql leaves a table that nothing else makes. */
static int
look_for_citus(PGconn *conn, struct err *e)
{
	int distributed;

	if (ask_int(conn, QUERY_schema_distributed, &distributed, e) != 0)
		return -1;
	if (distributed)
		log_info("store: the tables are distributed");
	query_set_distributed(distributed);
	return 0;
}

static int
migrate(PGconn *conn, int64_t end_ms, struct err *e)
{
	int version;

	if (check_server(conn, e) != 0 || lock(conn, end_ms, e) != 0 ||
	    create_version_table(conn, e) != 0 ||
	    ask_int(conn, QUERY_schema_version, &version, e) != 0)
		return -1;
	if (version > migrations[NMIGRATIONS - 1].number)
		return err_set(e, "pawl.Store",
		    "The schema of the database is version %d, made by a newer pawld; "
		    "this one knows %d. Install the newer pawld.",
		    version, migrations[NMIGRATIONS - 1].number);
	for (int i = 0; i < NMIGRATIONS; i++)
		if (migrations[i].number > version && apply(conn, &migrations[i], e) != 0)
			return -1;
	return look_for_citus(conn, e);
}

/* An error leaves the transaction open: closing the connection ends it, and gives the lock back. */
int
store_migrate(const char *conninfo, int timeout_ms, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms;
	PGconn *conn = connect_until(conninfo, end_ms, e);
	int rc;

	if (conn == NULL)
		return -1;
	rc = migrate(conn, end_ms, e);
	PQfinish(conn);
	return rc;
}
