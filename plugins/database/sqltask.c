/*
 * sqltask - the tasks database:execute and database:query.
 *
 * execute: the statements and the task's receipt, which holds the result, commit in one transaction.
 * After a crash the task is dispatched again, finds its receipt, and answers with the same result.
 * query: the statements run in a read-only transaction without a receipt, so that a standby will do; after
 * a crash they run again.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "envelope.h"

struct sqltask {
	TAILQ_ENTRY(sqltask) link;
	struct database *database;
	struct place *place;
	uint64_t id; /* the task */
	uint64_t sql;
	bool is_query, is_list;
	char *problem; /* why the result cannot be given */
};

static void
sqltask_free(struct sqltask *t)
{
	TAILQ_REMOVE(&t->database->tasks, t, link);
	place_give_back(t->database, t->place);
	free(t->problem);
	free(t);
}

/* --- the answer --------------------------------------------------------------------------------- */

/* What to do about it, where PostgreSQL cannot know. */
static const char *
hint(const struct sqltask *t, const struct pawl_sql_answer *a)
{
	if (t->is_query && strcmp(a->sqlstate, "25006") == 0)
		return "; database:query only reads, statements that write are for database:execute";
	if (strcmp(a->sqlstate, "42601") == 0 && strstr(a->message, "multiple commands") != NULL)
		return "; a Statement is one SQL statement, several go to Statements";
	return "";
}

static void
fail_sql(const struct sqltask *t, const struct pawl_sql_answer *a)
{
	const struct pawl_host *h = t->database->host;
	struct text cause = { 0 };
	char *name = sqlstate_error(a->sqlstate);
	size_t lead = t->is_query ? 1 : 0;

	if (t->is_list && a->failed >= lead)
		text_addf(&cause, "Statement %zu: ", a->failed - lead + 1);
	text_adds(&cause, a->message);
	if (*a->sqlstate != '\0')
		text_addf(&cause, " (SQLSTATE %s)", a->sqlstate);
	text_adds(&cause, hint(t, a));
	h->fail(h, t->id, name, cause.s);
	free(name);
	text_fini(&cause);
}

static void
fail(const struct sqltask *t, const struct pawl_sql_answer *a)
{
	const struct pawl_host *h = t->database->host;

	switch (a->result) {
	case PAWL_SQL_UNAVAILABLE:
		h->fail(h, t->id, "Database.ConnectionException", a->message);
		break;
	case PAWL_SQL_LOST:
		h->fail(h, t->id, "Database.OutcomeUnknown", a->message);
		break;
	case PAWL_SQL_TIMEOUT:
		h->fail(h, t->id, "States.Timeout", a->message);
		break;
	case PAWL_SQL_TOO_LARGE:
		h->fail(h, t->id, "Database.ResultTooLarge", a->message);
		break;
	default:
		fail_sql(t, a);
	}
}

/* The result, or PAWL_NO_DOC and t->problem. */
static struct pawl_doc
result_of(struct sqltask *t, const struct pawl_sql_answer *a)
{
	size_t lead = t->is_query ? 1 : 0;

	free(t->problem);
	return result_doc(t->database->host, a->sets + lead, a->nsets - lead, t->is_list,
	    &t->problem);
}

static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	return result_of(arg, a);
}

static void
answered(void *arg, const struct pawl_sql_answer *a)
{
	struct sqltask *t = arg;
	const struct pawl_host *h = t->database->host;
	struct pawl_doc result = PAWL_NO_DOC;

	if (a->result == PAWL_SQL_OK)
		result = t->is_query ? result_of(t, a) : h->doc_ref(h, a->output);
	if (a->result != PAWL_SQL_OK)
		fail(t, a);
	else if (result.block_ != NULL)
		h->succeed(h, t->id, result);
	else
		h->fail(h, t->id, "Database.DuplicateColumn", t->problem);
	h->doc_unref(h, result);
	sqltask_free(t);
}

/* --- the call ------------------------------------------------------------------------------------- */

static void
call(struct sqltask *t, const struct pawl_task *task, const struct request *r)
{
	const struct pawl_host *h = t->database->host;
	struct pawl_sql_statement *statements =
	    text_alloc((r->nstatements + 1) * sizeof(*statements));
	size_t lead = t->is_query ? 1 : 0, max_rows = (size_t)h->option_int(h, "max_rows");
	struct pawl_sql_call c = { .size = sizeof(c),
		.statements = statements,
		.nstatements = r->nstatements + lead,
		.receipt = t->is_query ? NULL : task->idempotency_key,
		.remember = t->is_query ? NULL : remember,
		.timeout_ms = task->timeout_ms > 0 ? task->timeout_ms : h->option_int(h, "timeout"),
		.max_rows = r->max_rows > 0 && r->max_rows < max_rows ? r->max_rows : max_rows,
		.max_bytes = (size_t)h->option_int(h, "max_bytes"),
		.task_id = task->id };

	if (t->is_query)
		statements[0].sql = "SET TRANSACTION READ ONLY";
	memcpy(statements + lead, r->statements, r->nstatements * sizeof(*statements));
	t->sql = h->sql_start(h, t->place->db, &c, answered, t);
	free(statements);
}

static void
fail_place(const struct pawl_host *h, const struct pawl_task *task, const char *name)
{
	char *cause = *name != '\0'
	    ? text_format("pawl.conf has no database '%s' in plugins.database.databases", name)
	    : text_format("Name a Database: tasks may not use pawld's own "
			  "(plugins.database.own in pawl.conf is false)");

	h->fail(h, task->id, "Database.UnknownDatabase", cause);
	free(cause);
}

void
sqltask_start(struct database *d, const struct pawl_task *task)
{
	const struct pawl_host *h = d->host;
	const char *verb = strrchr(task->base, ':');
	struct request r;
	struct place *p;
	struct sqltask *t;

	request_read(h, task->parameters, &r);
	if (r.why != NULL) {
		envelope_refuse(h, task, r.why);
	} else if ((p = place_take(d, r.place)) == NULL) {
		fail_place(h, task, r.place);
	} else {
		t = text_alloc(sizeof(*t));
		t->database = d;
		t->place = p;
		t->id = task->id;
		t->is_query = strcmp(verb, ":query") == 0;
		t->is_list = r.is_list;
		TAILQ_INSERT_TAIL(&d->tasks, t, link);
		call(t, task, &r);
	}
	request_fini(&r);
}

bool
sqltask_cancel(struct database *d, uint64_t task)
{
	struct sqltask *t;

	TAILQ_FOREACH(t, &d->tasks, link)
		if (t->id == task)
			break;
	if (t == NULL)
		return false;
	d->host->sql_cancel(d->host, t->sql);
	sqltask_free(t);
	return true;
}

void
sqltasks_fini(struct database *d)
{
	struct sqltask *t, *next;

	for (t = TAILQ_FIRST(&d->tasks); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		d->host->sql_cancel(d->host, t->sql);
		sqltask_free(t);
	}
}
