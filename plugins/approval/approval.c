/*
 * approval - tasks that wait for people: arn:pawl:states:::approval:request.waitForTaskToken.
 *
 * Everything is in the schema pawl_approval of pawld's own database (schema.sql), where a decision and the
 * answer to its task are one transaction; this process keeps nothing but what is under way.
 */
#include <pawl/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"

/* Beyond the limit of a try: pawld cuts off a mail that does not end by itself, and its row is written. */
#define LEASE_MORE_MS 10000

static const struct pawl_option approval_options[] = {
	{ "groups", PAWL_TABLE, NULL, "Names of groups, each with a list of approvers." },
	{ "api_token", PAWL_SECRET, "",
	    "Bearer token for /approval/requests; without one only a pawld without access_keys answers there." },
	{ "connections", PAWL_INT, "2", "Connections to PostgreSQL for approvals, 1 to 64." },
	{ "check", PAWL_DURATION, "1m",
	    "How often open requests are held against their tasks, and the tables looked at for what other nodes left." },
	{ "keep", PAWL_DURATION, "90d",
	    "How long closed requests, their links and their audit are kept; 0s = for ever." },
	{ "sweep", PAWL_DURATION, "1m", "How often what is older is deleted." },
	{ "mail_timeout", PAWL_DURATION, "60s", "How long one try of a mail may take." },
	{ NULL, 0, NULL, NULL },
};

#define SWEEP_BATCH 500

/* --- queries ------------------------------------------------------------------------------- */

struct pawl_sql_statement
approval_statement(enum approval_query query, const char *const *params)
{
	static const struct {
		const char *sql;
		size_t nparams;
	} all[] = {
#define SQL(name, n, text) [QUERY_##name] = { text, n },
		SQL_QUERIES(SQL)
#undef SQL
	};

	return (struct pawl_sql_statement){ all[query].sql, params, all[query].nparams };
}

const char *
approval_value(const struct pawl_sql_rows *rows, size_t row, size_t column)
{
	return rows->values[row * rows->ncolumns + column];
}

static void
seconds_text(int64_t ms, char out[32])
{
	snprintf(out, 32, "%.3f", (double)ms / 1000);
}

void
approval_check_text(const struct approval *a, char out[32])
{
	seconds_text(a->host->option_int(a->host, "check"), out);
}

/* --- what is due ----------------------------------------------------------------------------- */

static void
work_due(void *arg)
{
	struct approval *a = arg;

	a->timer = 0;
	approval_work(a);
}

/* The next look: when something is due, or when another node may have left something. */
static void
work_later(struct approval *a, const char *due)
{
	int64_t delay = a->host->option_int(a->host, "check");

	if (due != NULL && strtoll(due, NULL, 10) < delay)
		delay = strtoll(due, NULL, 10);
	if (delay < 1)
		delay = notice_room(a) > 0 ? 1 : 1000;
	a->timer = a->host->timer_start(a->host, delay, work_due, a);
}

static void
work_done(void *arg, const struct pawl_sql_answer *answer)
{
	struct approval *a = arg;
	const char *due = "1000";

	a->working = false;
	if (answer->result == PAWL_SQL_OK) {
		notice_send(a, &answer->sets[1]);
		due = approval_value(&answer->sets[2], 0, 0);
	} else {
		a->host->log(a->host, PAWL_LOG_WARN, 0, "what is due is looked at later: %s",
		    answer->message);
	}
	if (a->again) {
		a->again = false;
		due = "1";
	}
	work_later(a, due);
}

void
approval_work(struct approval *a)
{
	const struct pawl_host *h = a->host;
	char check[32], lease[32], room[16];
	struct pawl_sql_statement s[3];
	struct pawl_sql_call c = { .size = sizeof(c), .statements = s, .nstatements = 3 };

	if (a->working) {
		a->again = true;
		return;
	}
	h->timer_cancel(h, a->timer);
	a->timer = 0;
	a->working = true;
	approval_check_text(a, check);
	seconds_text(h->option_int(h, "mail_timeout") + LEASE_MORE_MS, lease);
	snprintf(room, sizeof(room), "%u", notice_room(a));
	s[0] = approval_statement(QUERY_work, (const char *const[]){ check });
	s[1] = approval_statement(QUERY_claim_mails, (const char *const[]){ room, lease });
	s[2] = approval_statement(QUERY_next_due, NULL);
	h->sql_start(h, a->db, &c, work_done, a);
}

/* --- life ------------------------------------------------------------------------------------ */

static void
schema_is_there(void *arg, const char *why)
{
	struct approval *a = arg;

	if (why != NULL) {
		a->host->log(a->host, PAWL_LOG_ERROR, 0,
		    "the schema pawl_approval is not there: %s", why);
		return;
	}
	approval_work(a);
	if (a->host->option_int(a->host, "keep") > 0)
		sweep_start(&a->sweep);
}

static int
approval_init(const struct pawl_host *h, void **state)
{
	int64_t connections = h->option_int(h, "connections");
	struct approval *a;
	struct pawl_db *db;
	char *why;

	if (connections < 1 || connections > 64)
		return h->refuse(h, "connections is 1 to 64");
	if (h->option_int(h, "check") < 100)
		return h->refuse(h, "check is 100ms at least");
	if (sweep_problem(h) != NULL)
		return h->refuse(h, "%s", sweep_problem(h));
	if (h->option_int(h, "mail_timeout") < 100 || h->option_int(h, "mail_timeout") > 600000)
		return h->refuse(h, "mail_timeout is 100ms to 10m");
	if ((db = h->db_open(h, NULL, (int)connections, &why)) == NULL) {
		h->refuse(h, "%s", why);
		h->free(h, why);
		return -1;
	}
	a = text_alloc(sizeof(*a));
	a->host = h;
	a->db = db;
	a->sweep = (struct sweep){ .host = h,
		.db = db,
		.statement = approval_statement(QUERY_sweep, NULL),
		.batch = SWEEP_BATCH,
		.gone = "requests were kept long enough" };
	TAILQ_INIT(&a->tasks);
	TAILQ_INIT(&a->notices);
	TAILQ_INIT(&a->visits);
	if (h->route(h, "/approval/r/", page_called, a) != 0 ||
	    h->route(h, "/approval/requests", api_called, a) != 0 ||
	    h->route(h, "/approval/requests/", api_called, a) != 0) {
		h->db_close(h, db);
		free(a);
		return h->refuse(h, "another plugin serves /approval/ already");
	}
	a->page_headers = page_headers();
	h->derive_key(h, "links", a->key);
	h->db_migrate(h, db, approval_schema, approval_nschema, schema_is_there, a);
	*state = a;
	return 0;
}

static void
approval_stop(void *state)
{
	struct approval *a = state;

	visit_fini(a);
	task_fini(a);
	notice_fini(a);
	a->host->timer_cancel(a->host, a->timer);
	sweep_stop(&a->sweep);
	a->host->db_close(a->host, a->db);
	free(a->page_headers);
	explicit_bzero(a->key, sizeof(a->key));
	free(a);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "approval",
	.version = "1.0",
	.resources = "arn:pawl:states:::approval:request",
	.patterns = PAWL_TOKEN,
	.after_crash = PAWL_EXACTLY_ONCE,
	.options = approval_options,
	.init = approval_init,
	.start = task_start,
	.cancel = task_cancel,
	.stop = approval_stop,
};
