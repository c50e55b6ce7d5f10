/*
 * pg - one connection to PostgreSQL on the loop, that comes back by itself.
 *
 *	PG_WAITING --pause--> PG_CONNECTING --> PG_SETTING_UP --> PG_UP
 *	     ^------------------- lost -------------------------------'
 *
 * Being lost is decided anywhere (p->lost is set) and done in one place, pg_drop,
 * which never runs below a callback of the owner.
 */
#include "store/pg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/resolve.h"

#define PG_PAUSE_MIN_MS 100
#define PG_PAUSE_MAX_MS 5000
#define PG_CONNECT_MS 10000
#define PG_STABLE_MS 3000

enum pg_where { PG_WAITING, PG_CONNECTING, PG_SETTING_UP, PG_UP };

enum pg_op_kind { PG_OP_PREPARE, PG_OP_QUERY, PG_OP_SYNC };

struct pg_op {
	enum pg_op_kind kind;
	bool by_row; /* a query whose rows come one by one */
	enum query query;
	pg_result_cb *cb;
	void *arg;
};

struct pg {
	struct loop *loop;
	struct pg_events events;
	char *conninfo, *application_name, *what;
	enum query session;
	bool listen, quiet;
	int64_t patience_ms;

	enum pg_where where;
	struct resolve *resolve; /* NULL = nothing was to be looked up */
	PGconn *conn;
	struct event *readable, *writable;
	struct loop_timer timer;   /* pause, connecting takes too long, an answer takes too long */
	struct loop_timer dropper; /* pg_drop on a clean stack */
	char *lost;                /* why; set = to be dropped */
	char *why;                 /* why it was lost last */
	bool on_purpose;           /* pg_reset */
	size_t arriving;           /* bytes since the last whole message of an answer */
	bool busy;                 /* inside pg_drain: do not drop below it */
	bool closed;
	bool separator; /* libpq's NULL after a query's result is to come */
	bool prepared[QUERY_COUNT];
	bool was_up, told_down;
	int64_t pause_ms, up_since_ms, down_since_ms;
	unsigned silent; /* so many hosts were given up: the list is begun so much later */

	struct pg_op *ops; /* a ring: what answers are to come */
	unsigned nops, ops_cap, ops_first;
};

static void pg_connect(struct pg *p);

bool
pg_rows(const PGresult *r)
{
	return r != NULL && PQresultStatus(r) == PGRES_TUPLES_OK;
}

bool
pg_done(const PGresult *r)
{
	return pg_rows(r) || (r != NULL && PQresultStatus(r) == PGRES_COMMAND_OK);
}

/* libpq's messages end in a line feed and may have several lines; a log line has one. */
static const char *
one_line(const char *s, char *out, size_t size)
{
	size_t n = 0;

	while (*s != '\0' && n + 1 < size) {
		out[n] = *s;
		if (*s == '\n' || *s == '\t')
			out[n] = ' ';
		n++;
		s++;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

const char *
pg_message(const PGresult *r, char *out, size_t size)
{
	if (r == NULL)
		return one_line("the connection was lost", out, size);
	if (PQresultStatus(r) == PGRES_PIPELINE_ABORTED)
		return one_line("a query before it failed", out, size);
	return one_line(PQresultErrorMessage(r), out, size);
}

bool
pg_is_up(const struct pg *p)
{
	return p->where == PG_UP && p->lost == NULL && !p->closed;
}

unsigned
pg_pending(const struct pg *p)
{
	return p->nops;
}

int64_t
pg_down_ms(const struct pg *p)
{
	return p->where == PG_UP ? 0 : clock_mono_ms() - p->down_since_ms;
}

/* --- the ring of open answers ------------------------------------------- */

static void
ops_push(struct pg *p, struct pg_op op)
{
	if (p->nops == p->ops_cap) {
		unsigned cap = p->ops_cap > 0 ? p->ops_cap * 2 : 32;
		struct pg_op *ops = xreallocarray(NULL, cap, sizeof *ops);

		for (unsigned i = 0; i < p->nops; i++)
			ops[i] = p->ops[(p->ops_first + i) % p->ops_cap];
		free(p->ops);
		p->ops = ops;
		p->ops_cap = cap;
		p->ops_first = 0;
	}
	p->ops[(p->ops_first + p->nops++) % p->ops_cap] = op;
}

static struct pg_op
ops_pop(struct pg *p)
{
	struct pg_op op = p->ops[p->ops_first];

	assert(p->nops > 0);
	p->ops_first = (p->ops_first + 1) % p->ops_cap;
	p->nops--;
	return op;
}

/* --- losing it ------------------------------------------------------------ */

static void
pg_disconnect(struct pg *p)
{
	if (p->readable != NULL)
		event_free(p->readable);
	if (p->writable != NULL)
		event_free(p->writable);
	p->readable = p->writable = NULL;
	resolve_free(p->resolve);
	p->resolve = NULL;
	if (p->conn != NULL)
		PQfinish(p->conn);
	p->conn = NULL;
	loop_timer_cancel(&p->timer);
	p->separator = false;
	p->arriving = 0;
	memset(p->prepared, 0, sizeof p->prepared);
}

static void
pg_answer_all_lost(struct pg *p)
{
	while (p->nops > 0) {
		struct pg_op op = ops_pop(p);

		if (op.cb != NULL)
			op.cb(op.arg, NULL);
	}
}

/* One line when it goes away, none for each attempt that fails or that does not last. */
static void
pg_tell_lost(struct pg *p)
{
	if (p->told_down || p->quiet || p->on_purpose || p->pause_ms > PG_PAUSE_MIN_MS) {
		log_debug("store: %s: %s", p->what, p->lost);
		return;
	}
	p->told_down = true;
	log_warn("store: %s: the connection is lost, trying again until PostgreSQL is back: %s",
	    p->what, p->lost);
}

static void
pg_pause(struct pg *p)
{
	int64_t jitter = (int64_t)(id_random64() % (uint64_t)(p->pause_ms / 2 + 1));

	loop_timer_set(&p->timer, p->on_purpose ? 0 : p->pause_ms * 3 / 4 + jitter);
	if (!p->on_purpose)
		p->pause_ms = p->pause_ms * 2 < PG_PAUSE_MAX_MS ? p->pause_ms * 2 : PG_PAUSE_MAX_MS;
	p->on_purpose = false;
}

static void
pg_drop(void *arg)
{
	struct pg *p = arg;
	bool was_up = p->where == PG_UP;

	assert(p->lost != NULL && !p->busy);
	loop_timer_cancel(&p->dropper);
	if (was_up)
		p->down_since_ms = clock_mono_ms();
	/* who is lost again and again right after connecting pauses longer and longer */
	if (was_up && p->down_since_ms - p->up_since_ms > PG_STABLE_MS)
		p->pause_ms = PG_PAUSE_MIN_MS;
	pg_tell_lost(p);
	pg_disconnect(p);
	p->where = PG_WAITING;
	p->busy = true; /* the owner may close us in a callback, and asks nothing */
	pg_answer_all_lost(p);
	if (was_up && !p->closed && p->events.down != NULL)
		p->events.down(p->events.arg);
	p->busy = false;
	free(p->why);
	p->why = p->lost;
	p->lost = NULL;
	if (!p->closed)
		pg_pause(p);
}

void
pg_fail(struct pg *p, const char *why)
{
	char line[512];

	if (p->lost != NULL || p->closed)
		return;
	p->lost = xstrdup(one_line(why, line, sizeof line));
	/*
	 * libpq may have closed the socket. Who opens one before it is dropped gets its number, and libevent would
	 * take that for the one that it waits for already, and never wait for the new one.
	 */
	if (p->readable != NULL)
		event_del(p->readable);
	if (p->writable != NULL)
		event_del(p->writable);
	loop_timer_set(&p->dropper, 0);
}

void
pg_reset(struct pg *p)
{
	if (p->lost != NULL || p->closed)
		return;
	p->on_purpose = true;
	p->was_up = false; /* so that it is not counted as lost and found */
	pg_fail(p, "the connection is given up");
}

const char *
pg_why(const struct pg *p)
{
	const char *why = p->lost != NULL ? p->lost : p->why;

	return why != NULL ? why : "";
}

const char *
pg_parameter(const struct pg *p, const char *name)
{
	return p->conn != NULL ? PQparameterStatus(p->conn, name) : NULL;
}

static void
pg_fail_conn(struct pg *p)
{
	pg_fail(p, PQerrorMessage(p->conn));
}

static void
pg_timer(void *arg)
{
	struct pg *p = arg;

	switch (p->where) {
	case PG_WAITING:
		pg_connect(p);
		break;
	case PG_CONNECTING:
		p->silent++;
		pg_fail(p, "connecting takes too long");
		break;
	case PG_SETTING_UP:
	case PG_UP:
		if (p->nops > 0)
			pg_fail(p, "it does not answer");
		break;
	}
}

/* --- sending ---------------------------------------------------------------- */

void
pg_flush(struct pg *p)
{
	int left;

	if (p->conn == NULL || p->lost != NULL || p->where < PG_SETTING_UP)
		return;
	left = PQflush(p->conn);
	if (left < 0)
		pg_fail_conn(p);
	else if (left > 0)
		event_add(p->writable, NULL);
	else
		event_del(p->writable);
}

static void
pg_flush_later(void *arg)
{
	pg_flush(arg);
}

/* An answer is to come within the owner's patience; setting up is not his affair. */
static void
pg_wait(struct pg *p)
{
	if (p->patience_ms > 0)
		loop_timer_set(&p->timer, p->patience_ms);
	else if (p->where == PG_SETTING_UP)
		loop_timer_set(&p->timer, PG_CONNECT_MS);
}

/* libpq wants to be told before the first row of a query comes in, when its turn has come. */
static void
pg_begin_next(struct pg *p)
{
	if (p->nops > 0 && p->ops[p->ops_first].by_row && p->conn != NULL)
		(void)PQsetSingleRowMode(p->conn);
}

static void
pg_push(struct pg *p, struct pg_op op)
{
	bool first = p->nops == 0;

	if (first)
		pg_wait(p);
	ops_push(p, op);
	if (first && !p->separator)
		pg_begin_next(p);
}

static void
pg_prepare(struct pg *p, enum query q)
{
	if (p->prepared[q])
		return;
	if (PQsendPrepare(p->conn, query_table[q].name, query_text(q), 0, NULL) == 0)
		pg_fail_conn(p);
	pg_push(p, (struct pg_op){ .kind = PG_OP_PREPARE, .query = q });
	p->prepared[q] = true;
}

void
pg_query(struct pg *p, enum query q, const struct params *params, pg_result_cb *cb, void *arg)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	int n = params != NULL ? params->n : 0;

	assert(p->where >= PG_SETTING_UP && !p->closed);
	assert(n == query_table[q].nparams);
	if (p->lost == NULL)
		pg_prepare(p, q);
	if (n > 0)
		params_values(params, values, lengths, formats);
	if (p->lost == NULL &&
	    PQsendQueryPrepared(p->conn, query_table[q].name, n, values, lengths, formats, 1) == 0)
		pg_fail_conn(p);
	pg_push(p, (struct pg_op){ .kind = PG_OP_QUERY, .query = q, .cb = cb, .arg = arg });
}

void
pg_exec(struct pg *p, const char *sql, int n, const char *const *params, bool by_row,
    pg_result_cb *cb, void *arg)
{
	assert(p->where >= PG_SETTING_UP && !p->closed);
	if (p->lost == NULL && PQsendQueryParams(p->conn, sql, n, NULL, params, NULL, NULL, 0) == 0)
		pg_fail_conn(p);
	pg_push(p, (struct pg_op){ .kind = PG_OP_QUERY, .by_row = by_row, .cb = cb, .arg = arg });
}

void
pg_sync(struct pg *p, pg_result_cb *cb, void *arg)
{
	assert(p->where >= PG_SETTING_UP && !p->closed);
	if (p->lost == NULL && PQpipelineSync(p->conn) == 0)
		pg_fail_conn(p);
	pg_push(p, (struct pg_op){ .kind = PG_OP_SYNC, .cb = cb, .arg = arg });
	loop_at_turn_end(p->loop, pg_flush_later, p);
}

/* --- answers ------------------------------------------------------------------ */

static void
pg_answered(struct pg *p, const PGresult *r)
{
	struct pg_op op;
	char line[512];

	if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
		op = p->ops[p->ops_first];
		op.cb(op.arg, r);
		return;
	}
	op = ops_pop(p);
	p->separator = op.kind != PG_OP_SYNC;
	if (op.kind == PG_OP_SYNC)
		pg_begin_next(p);
	if (op.kind == PG_OP_PREPARE && !pg_done(r)) {
		log_error("store: %s: the query %s cannot be prepared: %s", p->what,
		    query_table[op.query].name, pg_message(r, line, sizeof line));
		pg_fail(p, "a query cannot be prepared");
	}
	if (op.cb != NULL)
		op.cb(op.arg, r);
}

/* FATAL: the server ends the session (it shuts down, somebody terminated us). */
static bool
is_fatal(const PGresult *r)
{
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity != NULL &&
	    (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static void
pg_drain(struct pg *p)
{
	bool progress = false;

	assert(!p->busy);
	p->busy = true;
	while (p->nops > 0 && p->lost == NULL && !p->closed && !PQisBusy(p->conn)) {
		PGresult *r = PQgetResult(p->conn);

		if (r == NULL && !p->separator)
			break;
		if (r == NULL) {
			p->separator = false;
			pg_begin_next(p);
		} else if (PQstatus(p->conn) == CONNECTION_BAD || is_fatal(r)) {
			pg_fail(p, PQresultErrorMessage(r));
		} else {
			pg_answered(p, r);
			progress = true;
		}
		PQclear(r);
	}
	p->busy = false;
	if (p->closed || p->lost != NULL)
		return;
	if (p->nops == 0)
		loop_timer_cancel(&p->timer);
	else if (progress)
		pg_wait(p);
	if (progress || p->nops == 0)
		p->arriving = 0;
	else if (p->events.arriving != NULL)
		p->events.arriving(p->events.arg, p->arriving);
}

static void
pg_notifications(struct pg *p)
{
	bool ours = false, others = false;
	PGnotify *n;

	while (!p->closed && (n = PQnotifies(p->conn)) != NULL) {
		if (n->be_pid == PQbackendPID(p->conn))
			ours = true;
		else
			others = true;
		if (p->events.heard != NULL)
			p->events.heard(p->events.arg, n->relname, n->extra);
		PQfreemem(n);
	}
	if (ours && p->events.notified != NULL)
		p->events.notified(p->events.arg, true);
	if (others && p->events.notified != NULL)
		p->events.notified(p->events.arg, false);
}

static void
pg_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pg *p = arg;
	int waiting = 0;

	(void)what;
	if (p->lost != NULL)
		return;
	/* what waits in the socket is what libpq takes, as long as it waits for the rest of a message */
	if (p->events.arriving != NULL && ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0)
		p->arriving += (size_t)waiting;
	if (PQconsumeInput(p->conn) == 0) {
		pg_fail_conn(p);
		return;
	}
	pg_drain(p);
	if (p->lost == NULL && !p->closed)
		pg_notifications(p);
	if (p->lost == NULL && !p->closed && PQstatus(p->conn) == CONNECTION_BAD)
		pg_fail_conn(p);
}

static void
pg_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pg_flush(arg);
}

/* --- connecting ---------------------------------------------------------------- */

/* The server says good-bye to an idle connection in a notice. */
static void
pg_notice(void *arg, const PGresult *r)
{
	struct pg *p = arg;
	char line[512];

	pg_message(r, line, sizeof line);
	if (is_fatal(r))
		pg_fail(p, line);
	else
		log_debug("store: %s: %s", p->what, line);
}

static void
pg_session_done(void *arg, const PGresult *r)
{
	struct pg *p = arg;

	(void)r;
	if (r == NULL || p->lost != NULL)
		return;
	p->where = PG_UP;
	p->up_since_ms = clock_mono_ms();
	if (p->told_down)
		log_info("store: %s: connected again after %.1f s", p->what,
		    (double)(clock_mono_ms() - p->down_since_ms) / 1000);
	if (p->was_up)
		stat_add(STAT_database_reconnects, 1);
	p->was_up = true;
	p->told_down = false;
	p->events.up(p->events.arg);
}

static void
pg_session_set(void *arg, const PGresult *r)
{
	struct pg *p = arg;
	char line[512];

	if (r != NULL && !pg_done(r))
		pg_fail(p, pg_message(r, line, sizeof line));
}

static void
pg_set_up(struct pg *p)
{
	int fd = PQsocket(p->conn);

	event_free(p->readable);
	p->readable = event_new(loop_base(p->loop), fd, EV_READ | EV_PERSIST, pg_readable, p);
	p->writable = event_new(loop_base(p->loop), fd, EV_WRITE | EV_PERSIST, pg_writable, p);
	if (p->readable == NULL || p->writable == NULL || event_add(p->readable, NULL) != 0 ||
	    PQsetnonblocking(p->conn, 1) != 0 || PQenterPipelineMode(p->conn) == 0) {
		pg_fail(p, "the connection cannot be put on the event loop");
		return;
	}
	loop_timer_cancel(&p->timer);
	p->where = PG_SETTING_UP;
	pg_exec(p, query_text(p->session), 0, NULL, false, pg_session_set, p);
	if (p->listen)
		pg_query(p, QUERY_listen_catalogue, NULL, pg_session_set, p);
	pg_sync(p, pg_session_done, p);
	pg_flush(p);
}

static void pg_poll(evutil_socket_t fd, short what, void *arg);

/* libpq may change its socket between two polls (several addresses): the event is made anew each time. */
static void
pg_poll_on(struct pg *p, short what)
{
	if (p->readable != NULL)
		event_free(p->readable);
	p->readable = event_new(loop_base(p->loop), PQsocket(p->conn), what, pg_poll, p);
	if (p->readable == NULL || event_add(p->readable, NULL) != 0)
		pg_fail(p, "the connection cannot be put on the event loop");
}

static void
pg_poll(evutil_socket_t fd, short what, void *arg)
{
	struct pg *p = arg;

	(void)fd;
	(void)what;
	if (p->lost != NULL)
		return;
	switch (PQconnectPoll(p->conn)) {
	case PGRES_POLLING_READING:
		pg_poll_on(p, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		pg_poll_on(p, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
		pg_set_up(p);
		break;
	default:
		pg_fail_conn(p);
		break;
	}
}

/*
 * What stands before dbname is a default that the connection string may replace. A
 * connection whose other end is gone without a word is noticed in half a minute; a
 * standby is not the database (with several hosts in the string: the next one is tried).
 */
static PGconn *
pg_conn_start(const struct pg *p, const char *host, const char *hostaddr, const char *port)
{
	/* what is NULL stays as the string has it */
	const char *const keys[] = { "keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "application_name", "target_session_attrs", "dbname",
		"client_encoding", "host", "hostaddr", "port", NULL };
	const char *const values[] = { "10", "5", "3", "20000", p->application_name, "read-write",
		p->conninfo, "UTF8", host, hostaddr, port, NULL };

	return PQconnectStartParams(keys, values, 1);
}

PGconn *
pg_connect_now(const char *conninfo)
{
	const char *const keys[] = { "connect_timeout", "application_name", "target_session_attrs",
		"dbname", "client_encoding", NULL };
	const char *const values[] = { "5", "pawld start", "read-write", conninfo, "UTF8", NULL };

	return PQconnectdbParams(keys, values, 1);
}

/*
 * libpq tries one host after the other, but waits for ever for one that takes the connection or no
 * packet at all and says nothing. So the next attempt begins with the next host.
 */
static PGconn *
pg_conn_start_turned(const struct pg *p, const char *host, const char *hostaddr, const char *port)
{
	char *hosts = resolve_turned(p->conninfo, "host", host, p->silent);
	char *addresses = resolve_turned(p->conninfo, "hostaddr", hostaddr, p->silent);
	char *ports = resolve_turned(p->conninfo, "port", port, p->silent);
	PGconn *conn = pg_conn_start(p, hosts, addresses, ports);

	free(hosts);
	free(addresses);
	free(ports);
	return conn;
}

static void
pg_connect_to(struct pg *p, const char *host, const char *hostaddr, const char *port)
{
	assert(p->conn == NULL);
	if ((p->conn = pg_conn_start_turned(p, host, hostaddr, port)) == NULL) {
		log_error("store: out of memory for a connection");
		abort();
	}
	PQsetNoticeReceiver(p->conn, pg_notice, p);
	if (PQstatus(p->conn) == CONNECTION_BAD) {
		pg_fail_conn(p);
		return;
	}
	pg_poll_on(p, EV_WRITE);
}

static void
pg_resolved(void *arg, const char *host, const char *hostaddr, const char *port,
    const char *failure)
{
	struct pg *p = arg;

	if (p->closed || p->lost != NULL)
		return;
	if (failure != NULL)
		pg_fail(p, failure);
	else
		pg_connect_to(p, host, hostaddr, port);
}

static void
pg_connect(struct pg *p)
{
	p->where = PG_CONNECTING;
	loop_timer_set(&p->timer, PG_CONNECT_MS);
	if (resolve_needed(p->conninfo))
		p->resolve = resolve_start(p->loop, p->conninfo, pg_resolved, p);
	else
		pg_connect_to(p, NULL, NULL, NULL);
}

void
pg_hurry(struct pg *p)
{
	if (p->where != PG_WAITING || p->closed)
		return;
	loop_timer_set(&p->timer, 0);
}

struct pg *
pg_open(struct loop *l, const struct pg_options *o, const struct pg_events *ev)
{
	struct pg *p = xcalloc(1, sizeof *p);

	p->loop = l;
	p->events = *ev;
	p->conninfo = xstrdup(o->conninfo);
	p->application_name = xstrdup(o->application_name);
	p->what = xstrdup(o->what);
	p->session = o->session;
	p->listen = o->listen;
	p->quiet = o->quiet;
	p->patience_ms = o->patience_ms;
	p->pause_ms = PG_PAUSE_MIN_MS;
	p->down_since_ms = clock_mono_ms();
	p->where = PG_WAITING;
	loop_timer_init(l, &p->timer, pg_timer, p);
	loop_timer_init(l, &p->dropper, pg_drop, p);
	loop_timer_set(&p->timer, 0);
	return p;
}

static void
pg_free(void *arg)
{
	struct pg *p = arg;

	pg_disconnect(p);
	loop_timer_fini(&p->timer);
	loop_timer_fini(&p->dropper);
	free(p->conninfo);
	free(p->application_name);
	free(p->what);
	free(p->lost);
	free(p->why);
	free(p->ops);
	free(p);
}

void
pg_close(struct pg *p)
{
	if (p == NULL)
		return;
	assert(!p->closed);
	p->closed = true;
	pg_answer_all_lost(p);
	/* libpq and libevent may be in our frames further up: they are done at the end of the turn */
	if (p->readable != NULL)
		event_del(p->readable);
	if (p->writable != NULL)
		event_del(p->writable);
	loop_timer_cancel(&p->timer);
	loop_timer_cancel(&p->dropper);
	loop_free_later(p->loop, p, pg_free);
}
