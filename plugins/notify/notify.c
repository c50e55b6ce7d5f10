/*
 * notify - SNS on PostgreSQL: the task arn:aws:states:::sns:publish, the API of SNS for real
 * clients, and deliveries to queues, webhooks and mailboxes.
 *
 * Everything is in the schema pawl_notify of pawld's own database (schema.sql); this process keeps
 * nothing but calls and tries under way.
 */
#include <pawl/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "notify.h"
#include "text.h"

static const struct pawl_option notify_options[] = {
	{ "connections", PAWL_INT, "4", "Connections to PostgreSQL for topics, 1 to 64." },
	{ "trusted_hosts", PAWL_STRING, NULL,
	    "Hosts, with or without a port, whose webhooks need no confirmation, separated by blanks." },
	{ "timeout", PAWL_DURATION, "15s", "How long one try of a delivery may take." },
	{ "max_tries", PAWL_INT, "50",
	    "How often a delivery is tried, unless DeliveryPolicy says otherwise." },
	{ "first_delay", PAWL_DURATION, "1s",
	    "How long after the first try the second one comes; it doubles with each." },
	{ "max_delay", PAWL_DURATION, "20m", "The longest time between two tries." },
	{ "keep", PAWL_DURATION, "1d", "How long it can be seen what became of a delivery." },
	{ "sweep", PAWL_DURATION, "1m", "How often what is older is deleted." },
	{ NULL, 0, NULL, NULL },
};

#define SWEEP_BATCH 5000

/* --- SNS on the wire ---------------------------------------------------------------------- */

/* Answers have their maps as {"entry": {...}}. */
static const struct awswire_field notify_fields[] = {
	{ "entry", "entry", "key", "value", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

const struct awswire_service notify_wire = {
	.shapes = "com.amazonaws.sns#",
	.xmlns = "http://sns.amazonaws.com/doc/2010-03-31/",
	.json_type = "application/x-amz-json-1.0",
	.fields = notify_fields,
};

/* --- errors --------------------------------------------------------------------------------- */

int
notify_error_set(struct notify_error *e, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != NULL)
		return -1;
	va_start(ap, fmt);
	if (vasprintf(&e->message, fmt, ap) < 0)
		abort();
	va_end(ap);
	e->code = code;
	return -1;
}

int
notify_no_topic(struct notify_error *e)
{
	e->status = 404;
	return notify_error_set(e, "NotFound", "Topic does not exist");
}

void
notify_query_error(const struct pawl_sql_answer *a, struct notify_error *e)
{
	if (a->result == PAWL_SQL_ERROR && strncmp(a->sqlstate, "22", 2) == 0) {
		notify_invalid(e, "A value cannot be kept: %s", a->message);
		return;
	}
	e->status = a->result == PAWL_SQL_ERROR ? 500 : 503;
	notify_error_set(e, "InternalError",
	    a->result == PAWL_SQL_ERROR
		? "The database refused the operation; the log of pawld says why."
		: "The database cannot be reached at the moment.");
}

void
notify_error_fini(struct notify_error *e)
{
	free(e->message);
	*e = (struct notify_error){ 0 };
}

/* --- queries ---------------------------------------------------------------------------------- */

struct pawl_sql_statement
notify_statement(enum notify_query query, const char *const *params)
{
	static const struct {
		const char *text;
		size_t nparams;
	} all[] = {
#define SQL(name, nparams, text) { text, nparams },
		SQL_QUERIES(SQL)
#undef SQL
	};

	return (struct pawl_sql_statement){ all[query].text, params, all[query].nparams };
}

uint64_t
notify_query(struct notify *n, enum notify_query query, const char *const *params, pawl_sql_cb *cb,
    void *arg)
{
	struct pawl_sql_statement s = notify_statement(query, params);

	return n->host->sql_start(n->host, n->db,
	    &(struct pawl_sql_call){ .size = sizeof(struct pawl_sql_call),
		.statements = &s,
		.nstatements = 1 },
	    cb, arg);
}

const char *
notify_value(const struct pawl_sql_rows *rows, size_t row, size_t column)
{
	return rows->values[row * rows->ncolumns + column];
}

/* --- life ------------------------------------------------------------------------------------ */

static void set_here(void *arg);

static void
here_set(void *arg, const struct pawl_sql_answer *a)
{
	struct notify *n = arg;

	if (a->result != PAWL_SQL_OK) {
		n->here_timer = n->host->timer_start(n->host, 1000, set_here, n);
		return;
	}
	n->ready = true;
	deliver_look(n);
}

/* Links need the address of pawld, which it has as soon as it listens. */
static void
set_here(void *arg)
{
	struct notify *n = arg;
	const char *url = n->host->setting(n->host, "url");
	char *arn;

	n->here_timer = 0;
	if (*url == '\0') {
		n->here_timer = n->host->timer_start(n->host, 20, set_here, n);
		return;
	}
	arn = names_topic_arn(n->host, "");
	notify_query(n, QUERY_set_here, (const char *const[]){ arn, url }, here_set, n);
	free(arn);
}

static void
schema_is_there(void *arg, const char *why)
{
	struct notify *n = arg;

	if (why != NULL) {
		n->host->log(n->host, PAWL_LOG_ERROR, 0, "the schema pawl_notify is not there: %s",
		    why);
		return;
	}
	set_here(n);
	sweep_start(&n->sweep);
}

static void
called(void *arg, const struct pawl_http_call *c)
{
	request_open(arg, c);
}

static const char *
wrong_option(const struct pawl_host *h)
{
	if (h->option_int(h, "connections") < 1 || h->option_int(h, "connections") > 64)
		return "connections is 1 to 64";
	if (h->option_int(h, "timeout") < 100 || h->option_int(h, "timeout") > 600000)
		return "timeout is 100ms to 10m";
	if (h->option_int(h, "max_tries") < 1 || h->option_int(h, "max_tries") > 1000)
		return "max_tries is 1 to 1000";
	if (h->option_int(h, "first_delay") < 1 ||
	    h->option_int(h, "max_delay") < h->option_int(h, "first_delay"))
		return "first_delay is 1ms at least, max_delay no less than that";
	return sweep_problem(h);
}

static int
init(const struct pawl_host *h, void **state)
{
	const char *wrong = wrong_option(h);
	struct notify *n;
	struct pawl_db *db;

	if (wrong != NULL)
		return h->refuse(h, "%s", wrong);
	if ((db = h->db_open(h, NULL, (int)h->option_int(h, "connections"), NULL)) == NULL)
		return h->refuse(h, "pawld's database cannot be opened");
	n = text_alloc(sizeof(*n));
	n->host = h;
	n->db = db;
	n->sweep = (struct sweep){ .host = h,
		.db = db,
		.statement = notify_statement(QUERY_sweep, NULL),
		.batch = SWEEP_BATCH,
		.gone = "messages and deliveries were kept long enough" };
	TAILQ_INIT(&n->requests);
	TAILQ_INIT(&n->tasks);
	TAILQ_INIT(&n->pages);
	TAILQ_INIT(&n->deliveries);
	if (h->service(h, NULL, "2010-03-31", called, n) != 0 ||
	    h->route(h, "/notify/", page_open, n) != 0) {
		h->db_close(h, db);
		free(n);
		return h->refuse(h, "another plugin serves Amazon SNS or /notify/ already");
	}
	h->db_migrate(h, db, notify_schema, notify_nschema, schema_is_there, n);
	h->db_listen(h, db, "pawl_notify", deliver_notified, n);
	*state = n;
	return 0;
}

static void
stop(void *state)
{
	struct notify *n = state;
	const struct pawl_host *h = n->host;

	while (!TAILQ_EMPTY(&n->requests))
		request_free(TAILQ_FIRST(&n->requests));
	task_fini(n);
	page_fini(n);
	deliver_fini(n);
	hint_fini(n);
	sweep_stop(&n->sweep);
	h->timer_cancel(h, n->here_timer);
	h->db_close(h, n->db);
	free(n);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "notify",
	.version = "1.0",
	.resources =
	    "arn:aws:states:::sns:publish arn:aws-cn:states:::sns:publish arn:aws-us-gov:states:::sns:publish",
	.patterns = PAWL_REQUEST | PAWL_TOKEN,
	.after_crash = PAWL_EXACTLY_ONCE,
	.options = notify_options,
	.init = init,
	.start = task_start,
	.cancel = task_cancel,
	.stop = stop,
};
