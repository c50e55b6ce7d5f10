/*
 * signal - what was said to executions by SQL functions and waits in pawl.signal; and the hints of nodes.
 *
 * A connection of its own hears the notifications, so a flood of them is in nobody's way, and
 * deletes what has arrived: rows to be forgotten gather while a deletion is under way, and one
 * statement takes them all. Hints to other nodes gather in the same way; without a connection they are lost.
 */
#include "store/signal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "store/member.h"
#include "store/parts.h"

#define SIGNALS_PATIENCE_MS 30000
#define SIGNAL_PAGE 1000 /* as in signal_list */

static const char *const kind_names[] = { "ANSWER", "HEARTBEAT", "STOP" };

static enum signal_kind
kind_of(const PGresult *r, int row)
{
	size_t len;
	const char *text = result_text(r, row, 3, &len);

	return *text == 'A' ? SIGNAL_ANSWER : *text == 'H' ? SIGNAL_HEARTBEAT : SIGNAL_STOP;
}

static const char *
text_or_null(const PGresult *r, int row, int column, size_t *len)
{
	*len = 0;
	return result_null(r, row, column) ? NULL : result_text(r, row, column, len);
}

static void
answer_signals(struct store *s, const struct pool_question *q, const PGresult *r,
    const struct err *e)
{
	read_signals_cb *cb = (read_signals_cb *)q->cb;
	struct signal_row *rows;
	size_t len;
	int n;

	(void)s;
	if (e != NULL) {
		cb(q->ticket, NULL, 0, false, e);
		return;
	}
	n = PQntuples(r);
	rows = xcalloc((size_t)n + 1, sizeof *rows);
	for (int i = 0; i < n; i++) {
		rows[i].ref = (struct signal_ref){ .execution_id = result_uuid(r, i, 0),
			.shard = q->limit,
			.task_id = result_i64(r, i, 1),
			.created_ms = result_i64(r, i, 2),
			.kind = kind_of(r, i) };
		rows[i].failed = result_bool(r, i, 4);
		rows[i].output = text_or_null(r, i, 5, &rows[i].output_len);
		rows[i].error = text_or_null(r, i, 6, &len);
		rows[i].cause = text_or_null(r, i, 7, &len);
	}
	cb(q->ticket, rows, (size_t)n, n == SIGNAL_PAGE, NULL);
	free(rows);
}

void
read_signals(struct store *s, int32_t shard, const struct uuid *id, uint64_t ticket,
    read_signals_cb *cb)
{
	const struct pool_question q = { .query = QUERY_signal_list,
		.answer = answer_signals,
		.ticket = ticket,
		.cb = (void (*)(void))cb,
		.limit = shard };
	struct params p;

	params_init(&p);
	params_i16(&p, (int16_t)shard);
	if (id != NULL)
		params_uuid(&p, id);
	else
		params_null(&p);
	pool_ask(s->pool, &q, &p);
}

/* --- the connection ----------------------------------------------------------- */

enum { FORGET_SHARD, FORGET_ID, FORGET_TASK, FORGET_KIND, FORGET_CREATED, FORGET_PARAMS };

struct signals {
	struct store *store;
	struct pg *pg; /* hears, and deletes what is to be forgotten */
	struct param_array arrays[FORGET_PARAMS];
	bool forgetting; /* a deletion is under way */
	struct param_array hints;
	bool hinting; /* hints are being told */
};

static void forget_send(void *arg);

static void
signals_tell(const struct signals *g, enum store_asked what, int32_t shard, const struct uuid *id)
{
	const struct store_events *ev = &g->store->events;

	if (ev->asked != NULL)
		ev->asked(ev->arg, what, shard, id);
}

static enum store_asked
asked_of(const char *payload)
{
	if (strncmp(payload, "start:", 6) == 0)
		return ASKED_START;
	return strncmp(payload, "wait:", 5) == 0 ? ASKED_WAIT : ASKED_SIGNAL;
}

/* "start:SHARD:EXECUTION_ID", "wait:..." or "signal:..."; anybody may send anything here, which is no reason to believe it. */
static void
signals_heard_client(const struct signals *g, const char *payload)
{
	enum store_asked what = asked_of(payload);
	const char *rest = strchr(payload, ':');
	char *end = NULL;
	long shard = rest != NULL ? strtol(rest + 1, &end, 10) : -1;
	struct uuid id;

	if (shard >= 0 && shard < STORE_SHARDS && *end == ':' &&
	    uuid_parse(end + 1, strlen(end + 1), &id) == 0)
		signals_tell(g, what, (int32_t)shard, &id);
	else
		log_warn("store: a notification of pawl_client that is not pawl's is dropped");
}

static void
signals_heard(void *arg, const char *channel, const char *payload)
{
	const struct signals *g = arg;
	const struct store_events *ev = &g->store->events;

	if (strcmp(channel, "pawl_client") == 0)
		signals_heard_client(g, payload);
	else if (ev->hinted != NULL)
		ev->hinted(ev->arg, payload);
}

static void
signals_listening(void *arg, const PGresult *r)
{
	if (pg_done(r))
		signals_tell(arg, ASKED_UNHEARD, -1, NULL);
}

static void
signals_up(void *arg)
{
	struct signals *g = arg;

	store_hurry(g->store);
	pg_query(g->pg, QUERY_listen_client, NULL, signals_listening, g);
	pg_query(g->pg, QUERY_listen_node, NULL, NULL, NULL);
	pg_sync(g->pg, NULL, NULL);
}

static void
arrays_begin(struct signals *g)
{
	static const enum param_type types[FORGET_PARAMS] = { PARAM_I16, PARAM_UUID, PARAM_I64,
		PARAM_TEXT, PARAM_I64 };

	for (int i = 0; i < FORGET_PARAMS; i++)
		param_array_begin(&g->arrays[i], types[i]);
}

struct signals *
signals_new(struct store *s)
{
	struct signals *g = xcalloc(1, sizeof *g);
	const struct pg_events events = { .up = signals_up, .heard = signals_heard, .arg = g };
	const struct pg_options options = {
		.conninfo = s->conninfo,
		.application_name = s->application_name,
		.what = "signals",
		.session = QUERY_session_catalogue,
		.quiet = true,
		.patience_ms = SIGNALS_PATIENCE_MS,
	};

	g->store = s;
	for (int i = 0; i < FORGET_PARAMS; i++)
		param_array_init(&g->arrays[i]);
	arrays_begin(g);
	param_array_init(&g->hints);
	param_array_begin(&g->hints, PARAM_TEXT);
	g->pg = pg_open(s->loop, &options, &events);
	return g;
}

void
signals_hurry(struct signals *g)
{
	pg_hurry(g->pg);
}

static void
signals_free_now(void *arg)
{
	struct signals *g = arg;

	for (int i = 0; i < FORGET_PARAMS; i++)
		param_array_fini(&g->arrays[i]);
	param_array_fini(&g->hints);
	free(g);
}

void
signals_free(struct signals *g)
{
	pg_close(g->pg);
	g->pg = NULL;
	loop_free_later(g->store->loop, g, signals_free_now);
}

/* --- forgetting --------------------------------------------------------------- */

static void
forget_done(void *arg, const PGresult *r)
{
	struct signals *g = arg;
	char line[512];

	g->forgetting = false;
	if (r != NULL && !pg_done(r))
		log_warn("store: signals that have arrived stay in their table: %s",
		    pg_message(r, line, sizeof line));
	if (g->pg != NULL && g->arrays[FORGET_ID].n > 0)
		loop_at_turn_end(g->store->loop, forget_send, g);
}

static void
forget_send(void *arg)
{
	struct signals *g = arg;
	struct params p;

	if (g->forgetting || g->pg == NULL || g->arrays[FORGET_ID].n == 0)
		return;
	if (pg_is_up(g->pg)) {
		params_init(&p);
		for (int i = 0; i < FORGET_PARAMS; i++)
			params_array(&p, &g->arrays[i]);
		g->forgetting = true;
		pg_query(g->pg, QUERY_signal_forget, &p, forget_done, g);
		pg_sync(g->pg, NULL, NULL);
		params_fini(&p);
	}
	arrays_begin(g);
}

void
signal_forget(struct store *s, const struct signal_ref *ref)
{
	struct signals *g = s->signals;

	param_array_i16(&g->arrays[FORGET_SHARD], (int16_t)ref->shard);
	param_array_uuid(&g->arrays[FORGET_ID], &ref->execution_id);
	param_array_i64(&g->arrays[FORGET_TASK], ref->task_id);
	param_array_words(&g->arrays[FORGET_KIND], kind_names[ref->kind]);
	param_array_i64(&g->arrays[FORGET_CREATED], ref->created_ms);
	loop_at_turn_end(s->loop, forget_send, g);
}

/* --- hints ---------------------------------------------------------------------- */

static void hints_send(void *arg);

static void
hints_told(void *arg, const PGresult *r)
{
	struct signals *g = arg;

	(void)r;
	g->hinting = false;
	if (g->pg != NULL && g->hints.n > 0)
		loop_at_turn_end(g->store->loop, hints_send, g);
}

static void
hints_send(void *arg)
{
	struct signals *g = arg;
	struct params p;

	if (g->hinting || g->pg == NULL || g->hints.n == 0)
		return;
	if (pg_is_up(g->pg)) {
		params_init(&p);
		params_array(&p, &g->hints);
		g->hinting = true;
		pg_query(g->pg, QUERY_node_hint, &p, hints_told, g);
		pg_sync(g->pg, NULL, NULL);
		params_fini(&p);
	}
	param_array_begin(&g->hints, PARAM_TEXT);
}

void
store_hint(struct store *s, const char *hint)
{
	struct signals *g = s->signals;

	param_array_text(&g->hints, hint, strlen(hint));
	loop_at_turn_end(s->loop, hints_send, g);
}
