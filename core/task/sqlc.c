/*
 * sqlc - the SQL client of this process: pools of connections to databases that plugins name, on the loop.
 *
 * Connections are opened one after the other while calls wait, and closed when nobody has needed them
 * for a while; one that is lost when nothing waits is not looked for again.
 */
#include "task/sqlc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "task/sqlc_parts.h"

#define SQLC_QUEUE_MAX 10000
#define SQLC_QUEUE_BYTES_MAX ((size_t)64 << 20)
#define SQLC_TICK_MS 30000
#define SQLC_IDLE_MS 300000
#define SWEEP_PAUSE_MS 300000    /* between two passes */
#define SWEEP_PAGE_PAUSE_MS 1000 /* between two pages that had nothing to delete */
#define SWEEP_PAGE "5000"
#define SWEEP_OWN_MS (3600 * 1000)
#define SWEEP_ELSEWHERE_MS (30 * INT64_C(86400) * 1000)

/* --- what PostgreSQL says ------------------------------------------------------------ */

static const char *
field(const PGresult *r, int code)
{
	const char *s = PQresultErrorField(r, code);

	return s != NULL ? s : "";
}

const char *
sqlc_sqlstate(const PGresult *r)
{
	return field(r, PG_DIAG_SQLSTATE);
}

char *
sqlc_message(const PGresult *r)
{
	const char *primary = field(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = field(r, PG_DIAG_MESSAGE_DETAIL);
	char line[512];

	if (*primary == '\0')
		primary = pg_message(r, line, sizeof line);
	return *detail == '\0' ? xstrdup(primary) : xasprintf("%s (%s)", primary, detail);
}

char *
sqlc_house_message(const struct sqlc_conn *conn, const PGresult *r)
{
	const char *role = pg_parameter(conn->pg, "session_authorization");
	char *message = sqlc_message(r), *whole;

	if (strcmp(sqlc_sqlstate(r), "42501") != 0)
		return message;
	if (role == NULL)
		role = "...";
	whole = xasprintf(
	    "%s. pawld keeps tables in the schema pawl of this database; let an "
	    "administrator run: CREATE SCHEMA IF NOT EXISTS pawl; GRANT USAGE, CREATE ON "
	    "SCHEMA pawl TO \"%s\"; and, where there are tables in it already: GRANT SELECT, "
	    "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pawl TO \"%s\"",
	    message, role, role);
	free(message);
	return whole;
}

void
conn_exec(struct sqlc_conn *conn, enum query q, int n, const char *const *params, pg_result_cb *cb)
{
	pg_exec(conn->pg, query_table[q].text, n, params, false, cb, conn);
}

/* --- who is there ------------------------------------------------------------------------ */

bool
sqlc_is_up(const struct sqlc *s)
{
	const struct sqlc_conn *conn;

	TAILQ_FOREACH(conn, &s->conns, link)
		if (pg_is_up(conn->pg))
			return true;
	return false;
}

const char *
sqlc_why(const struct sqlc *s)
{
	const struct sqlc_conn *conn;

	TAILQ_FOREACH(conn, &s->conns, link)
		if (*pg_why(conn->pg) != '\0')
			return pg_why(conn->pg);
	return "";
}

void
sqlc_tell_away(struct sqlc *s)
{
	if (s->told_away)
		return;
	s->told_away = true;
	log_warn("plugin %s: its database cannot be reached, trying again while somebody waits: %s",
	    s->plugin, sqlc_why(s));
}

/* --- connections ---------------------------------------------------------------------------- */

static void
conn_free(void *arg)
{
	free(arg);
}

static void
conn_close(struct sqlc_conn *conn)
{
	struct sqlc *s = conn->sqlc;

	TAILQ_REMOVE(&s->conns, conn, link);
	s->nconns--;
	pg_close(conn->pg);
	loop_free_later(s->loop, conn, conn_free);
}

void
conn_idle(struct sqlc_conn *conn)
{
	conn->where = CONN_IDLE;
	conn->call = NULL;
	conn->idle_since_ms = clock_mono_ms();
	sqlc_dispatch_later(conn->sqlc);
}

static void
conn_rolled_back(void *arg, const PGresult *r)
{
	if (r != NULL)
		conn_idle(arg);
}

void
conn_roll_back(struct sqlc_conn *conn)
{
	conn->where = CONN_CALL;
	conn_exec(conn, QUERY_tx_rollback, 0, NULL, NULL);
	pg_sync(conn->pg, conn_rolled_back, conn);
	pg_flush(conn->pg);
}

static void
conn_up(void *arg)
{
	struct sqlc_conn *conn = arg;
	struct sqlc *s = conn->sqlc;
	struct sqlc_conn *other;

	if (s->told_away)
		log_info("plugin %s: its database is there again", s->plugin);
	s->told_away = false;
	TAILQ_FOREACH(other, &s->conns, link)
		pg_hurry(other->pg);
	conn_idle(conn);
}

static bool
somebody_waits(const struct sqlc *s)
{
	return s->nwaiting > 0 || s->migration.wanted;
}

static void
conn_down(void *arg)
{
	struct sqlc_conn *conn = arg;
	struct sqlc *s = conn->sqlc;
	struct sqlc_call *c = conn->call;

	if (conn->where == CONN_HOUSE)
		house_lost(s);
	else if (conn->where == CONN_MIGRATING)
		migration_lost(s);
	conn->where = CONN_COMING;
	conn->call = NULL;
	if (c != NULL)
		sqlc_call_lost(c);
	if (s->closed)
		return;
	if (!somebody_waits(s))
		conn_close(conn);
	else
		sqlc_dispatch_later(s);
}

static void
conn_arriving(void *arg, size_t bytes)
{
	struct sqlc_conn *conn = arg;

	if (conn->call != NULL)
		sqlc_call_arriving(conn->call, bytes);
}

static void
conn_open(struct sqlc *s)
{
	struct sqlc_conn *conn = xcalloc(1, sizeof *conn);
	const struct pg_events events = { .up = conn_up,
		.down = conn_down,
		.arriving = conn_arriving,
		.arg = conn };
	char *what = xasprintf("plugin %s: a connection", s->plugin);
	const struct pg_options o = { .conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = what,
		.session = QUERY_session_plugin,
		.quiet = true };

	conn->sqlc = s;
	conn->where = CONN_COMING;
	conn->pg = pg_open(s->loop, &o, &events);
	TAILQ_INSERT_TAIL(&s->conns, conn, link);
	s->nconns++;
	free(what);
}

static struct sqlc_conn *
conn_in(const struct sqlc *s, enum conn_where where)
{
	struct sqlc_conn *conn;

	TAILQ_FOREACH(conn, &s->conns, link)
		if (conn->where == where && (where != CONN_IDLE || pg_is_up(conn->pg)))
			return conn;
	return NULL;
}

/* --- whose turn it is ------------------------------------------------------------------------- */

void
sqlc_wait(struct sqlc *s, struct sqlc_call *c, bool first)
{
	c->where = CALL_WAITING;
	if (first)
		TAILQ_INSERT_HEAD(&s->waiting, c, link);
	else
		TAILQ_INSERT_TAIL(&s->waiting, c, link);
	s->nwaiting++;
	s->waiting_bytes += c->bytes;
	sqlc_dispatch_later(s);
}

void
sqlc_unwait(struct sqlc *s, struct sqlc_call *c)
{
	TAILQ_REMOVE(&s->waiting, c, link);
	s->nwaiting--;
	s->waiting_bytes -= c->bytes;
}

/* What is to be done next: CONN_IDLE = nothing now. */
static enum conn_where
next_work(const struct sqlc *s)
{
	const struct sqlc_call *c = TAILQ_FIRST(&s->waiting);
	const struct migration *m = &s->migration;

	if (!m->wanted && c == NULL)
		return CONN_IDLE;
	if (s->house != HOUSE_READY &&
	    ((m->wanted && !m->paused) || (c != NULL && c->spec.receipt != NULL)))
		return s->house == HOUSE_UNKNOWN ? CONN_HOUSE : CONN_IDLE;
	if (m->wanted)
		return m->paused || conn_in(s, CONN_MIGRATING) != NULL ? CONN_IDLE : CONN_MIGRATING;
	return CONN_CALL;
}

static void
sqlc_dispatch(void *arg)
{
	struct sqlc *s = arg;
	struct sqlc_conn *conn;
	enum conn_where work;

	while (!s->closed && (work = next_work(s)) != CONN_IDLE) {
		struct sqlc_call *c = TAILQ_FIRST(&s->waiting);

		if ((conn = conn_in(s, CONN_IDLE)) == NULL) {
			if (s->nconns < s->nmax && conn_in(s, CONN_COMING) == NULL)
				conn_open(s);
			return;
		}
		if (work == CONN_HOUSE) {
			house_begin(conn);
		} else if (work == CONN_MIGRATING) {
			migration_begin(conn);
		} else {
			sqlc_unwait(s, c);
			sqlc_call_begin(c, conn);
		}
	}
}

void
sqlc_dispatch_later(struct sqlc *s)
{
	if (!s->closed)
		loop_at_turn_end(s->loop, sqlc_dispatch, s);
}

/* --- calls ---------------------------------------------------------------------------------------- */

static void
answer_refused(void *arg)
{
	struct sqlc *s = arg;
	struct call_list refused = TAILQ_HEAD_INITIALIZER(refused);
	struct sqlc_call *c;

	TAILQ_CONCAT(&refused, &s->refused, link);
	while ((c = TAILQ_FIRST(&refused)) != NULL) {
		TAILQ_REMOVE(&refused, c, link);
		TAILQ_INSERT_HEAD(&s->refused, c, link);
		sqlc_call_answer_failure(c);
		if (s->closed)
			return;
	}
}

static void
refuse(struct sqlc *s, struct sqlc_call *c)
{
	c->where = CALL_REFUSED;
	TAILQ_INSERT_TAIL(&s->refused, c, link);
	loop_timer_set(&s->refuser, 0);
}

uint64_t
sqlc_start(struct sqlc *s, const struct pawl_sql_call *asked, const char *ids, pawl_sql_cb *cb,
    void *arg)
{
	struct sqlc_call *c = sqlc_call_new(s, asked, ids, cb, arg);

	if (!c->failure.set &&
	    (s->nwaiting >= SQLC_QUEUE_MAX ||
		(s->nwaiting > 0 && s->waiting_bytes + c->bytes > SQLC_QUEUE_BYTES_MAX)))
		sqlc_call_set_failure(c, PAWL_SQL_UNAVAILABLE, "",
		    "Too many calls wait for the database; nothing was changed");
	if (c->failure.set)
		refuse(s, c);
	else
		sqlc_wait(s, c, false);
	return c->id;
}

void
sqlc_cancel(struct sqlc *s, uint64_t id)
{
	struct sqlc_call *c = idmap_get(&s->calls, id);

	if (c != NULL)
		sqlc_call_cancel(c);
}

/* --- receipts that nobody needs ---------------------------------------------------------------------- */

static void sweep_page(void *arg);

static void
sweep_begin(struct sqlc *s)
{
	snprintf(s->swept_ms, sizeof s->swept_ms, "0");
	free(s->swept_key);
	s->swept_key = xstrdup("");
	s->sweeping = true;
}

static void
sweep_end(struct sqlc *s)
{
	s->sweeping = false;
	s->sweep_at_ms = clock_mono_ms() + SWEEP_PAUSE_MS;
}

static void
swept(void *arg, const struct pawl_sql_answer *a)
{
	struct sqlc *s = arg;
	const char *const *row;

	if (a->result != PAWL_SQL_OK)
		log_warn("plugin %s: old receipts cannot be removed: %s", s->plugin, a->message);
	if (a->result != PAWL_SQL_OK || a->sets[0].nrows == 0) {
		sweep_end(s);
		return;
	}
	row = a->sets[0].values; /* seen, deleted, time and key of the last */
	snprintf(s->swept_ms, sizeof s->swept_ms, "%s", row[2]);
	free(s->swept_key);
	s->swept_key = xstrdup(row[3]);
	loop_timer_set(&s->sweeper, strcmp(row[1], "0") != 0 ? 0 : SWEEP_PAGE_PAUSE_MS);
}

static void
sweep_page(void *arg)
{
	struct sqlc *s = arg;
	int64_t now_ms = clock_wall_ms();
	char young[24], very_old[24];
	const char *const params[] = { s->swept_ms, s->swept_key, young, very_old, SWEEP_PAGE };
	const struct pawl_sql_statement statement = {
		.sql = query_text(s->own ? QUERY_effect_sweep : QUERY_effect_sweep_elsewhere),
		.params = params,
		.nparams = 5
	};
	const struct pawl_sql_call call = { .size = sizeof call,
		.statements = &statement,
		.nstatements = 1 };

	snprintf(young, sizeof young, "%lld",
	    (long long)(now_ms - (s->own ? SWEEP_OWN_MS : SWEEP_ELSEWHERE_MS)));
	snprintf(very_old, sizeof very_old, "%lld", (long long)(now_ms - SWEEP_ELSEWHERE_MS));
	sqlc_start(s, &call, NULL, swept, s);
}

void
sqlc_sweep(struct sqlc *s)
{
	if (s->sweeping)
		return;
	sweep_begin(s);
	sweep_page(s);
}

/* --- life ------------------------------------------------------------------------------------------------- */

static void
sqlc_tick(void *arg)
{
	struct sqlc *s = arg;
	int64_t now_ms = clock_mono_ms();
	struct sqlc_conn *conn, *next;

	for (conn = TAILQ_FIRST(&s->conns); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if ((conn->where == CONN_COMING && !somebody_waits(s)) ||
		    (conn->where == CONN_IDLE && now_ms - conn->idle_since_ms > SQLC_IDLE_MS))
			conn_close(conn);
	}
	if (s->receipts && now_ms >= s->sweep_at_ms)
		sqlc_sweep(s);
	loop_timer_set(&s->tick, SQLC_TICK_MS);
}

/* What libpq says may quote a part of the string, which may be a part of a password. */
static int
check_conninfo(const char *conninfo, struct err *e)
{
	char *why = NULL;
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &why);
	bool secret = strstr(conninfo, "password") != NULL || strchr(conninfo, '@') != NULL;
	int rc = 0;

	if (parsed == NULL)
		rc = err_set(e, "pawl.Sql",
		    "It is no connection string of PostgreSQL (\"host=db dbname=orders\" or "
		    "\"postgresql://db/orders\")%s%.*s",
		    secret ? "" : ": ", secret || why == NULL ? 0 : (int)strcspn(why, "\n"),
		    why != NULL ? why : "");
	PQconninfoFree(parsed);
	PQfreemem(why);
	return rc;
}

struct sqlc *
sqlc_open(struct loop *l, const struct sqlc_options *o, struct err *e)
{
	struct sqlc *s;

	if (check_conninfo(o->conninfo, e) != 0)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->loop = l;
	s->conninfo = xstrdup(o->conninfo);
	s->plugin = xstrdup(o->plugin);
	s->application_name = xasprintf("pawl %s", o->plugin);
	s->own = o->own;
	s->nmax = o->connections < 1                ? 1
	    : o->connections > SQLC_CONNECTIONS_MAX ? SQLC_CONNECTIONS_MAX
						    : o->connections;
	s->house = o->own ? HOUSE_READY : HOUSE_UNKNOWN;
	TAILQ_INIT(&s->conns);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->refused);
	TAILQ_INIT(&s->all);
	TAILQ_INIT(&s->listeners);
	loop_timer_init(l, &s->refuser, answer_refused, s);
	loop_timer_init(l, &s->tick, sqlc_tick, s);
	loop_timer_init(l, &s->sweeper, sweep_page, s);
	s->sweep_at_ms = clock_mono_ms() + (int64_t)(id_random64() % SWEEP_PAUSE_MS);
	loop_timer_set(&s->tick, SQLC_TICK_MS);
	return s;
}

static void
sqlc_free(void *arg)
{
	struct sqlc *s = arg;

	loop_timer_fini(&s->refuser);
	loop_timer_fini(&s->tick);
	loop_timer_fini(&s->sweeper);
	migration_fini(&s->migration);
	listeners_fini(s);
	idmap_fini(&s->calls);
	free(s->conninfo);
	free(s->plugin);
	free(s->application_name);
	free(s->swept_key);
	free(s);
}

void
sqlc_close(struct sqlc *s)
{
	struct sqlc_call *c;
	struct sqlc_conn *conn;

	if (s == NULL)
		return;
	s->closed = true;
	loop_timer_cancel(&s->refuser);
	loop_timer_cancel(&s->tick);
	loop_timer_cancel(&s->sweeper);
	loop_timer_cancel(&s->migration.timer);
	while ((c = TAILQ_FIRST(&s->all)) != NULL)
		sqlc_call_drop(c);
	while ((conn = TAILQ_FIRST(&s->conns)) != NULL)
		conn_close(conn);
	pg_close(s->ear);
	loop_free_later(s->loop, s, sqlc_free);
}
