/*
 * approval - the parts of the plugin approval: tasks that wait for people.
 *
 *	approval.c  the plugin: its life, and the work that is due at some time
 *	schema.c    the tables and functions of schema.sql
 *	task.c      the task approval:request, its parameters checked
 *	form.c      forms: a subset of JSON Schema, and what people fill in
 *	link.c      links that only their receiver knows
 *	notice.c    the mails
 *	visit.c     a request from the web under way
 *	page.c      the pages behind the links, as HTML
 *	api.c       requests and decisions as JSON, for consoles and scripts
 */
#ifndef PAWL_PLUGIN_APPROVAL_H
#define PAWL_PLUGIN_APPROVAL_H

#include <sys/queue.h>

#include <pawl/plugin.h>

#include "form.h"
#include "link.h"
#include "queries_gen.h"
#include "sweep.h"
#include "text.h"

#define APPROVAL_COMMENT_MAX 2000 /* bytes */
#define APPROVAL_BODY_MAX 65536   /* bytes of what is posted */
#define APPROVAL_NAME_MAX 254     /* bytes of an approver's name or address */

/* --- queries.sql ---------------------------------------------------------------------- */

enum approval_query {
#define SQL(name, nparams, text) QUERY_##name,
	SQL_QUERIES(SQL)
#undef SQL
};
/* The statement with its parameters, of which there are as many as it has. */
struct pawl_sql_statement approval_statement(enum approval_query query, const char *const *params);
extern const char *const approval_schema[]; /* the steps of db_migrate */
extern const size_t approval_nschema;
const char *approval_value(const struct pawl_sql_rows *rows, size_t row, size_t column);

/* --- the plugin's state ---------------------------------------------------------------- */

struct task_call;
struct notice;
struct visit;

struct approval {
	const struct pawl_host *host;
	struct pawl_db *db;
	unsigned char key[32]; /* signs links */
	char *page_headers;    /* owned; of all pages */
	TAILQ_HEAD(, task_call) tasks;
	TAILQ_HEAD(, notice) notices;
	TAILQ_HEAD(, visit) visits;
	unsigned nnotices;
	uint64_t timer; /* until something is due; 0 = none */
	bool working;   /* a query about what is due is under way */
	bool again;     /* there is more to do when it has ended */
	struct sweep sweep;
};

/* Does what is due now: something has changed. */
void approval_work(struct approval *a);
/* Seconds between two looks at the task of an open request, as a parameter. */
void approval_check_text(const struct approval *a, char out[32]);

/* --- task.c ------------------------------------------------------------------------------ */

void task_start(void *approval, const struct pawl_task *t);
void task_cancel(void *approval, uint64_t task);
void task_fini(struct approval *a);

/* --- notice.c ---------------------------------------------------------------------------- */

/* How many mails more may be under way. */
unsigned notice_room(const struct approval *a);
/* Sends the mails that claim_mails gave. */
void notice_send(struct approval *a, const struct pawl_sql_rows *rows);
void notice_fini(struct approval *a);

/* --- visit.c ------------------------------------------------------------------------------ */

struct visit {
	TAILQ_ENTRY(visit) link;
	struct approval *approval;
	uint64_t id;  /* of the call */
	uint64_t sql; /* 0 = no query is under way */
	bool post;
	char *address, *agent;   /* owned */
	struct pawl_doc given;   /* what was posted, an object */
	char *decision;          /* owned: "approved", "rejected"; NULL = none */
	char *comment;           /* owned, never NULL */
	long long limit;         /* api.c: requests of a page */
	bool one;                /* api.c: one request is asked for */
	struct visit_view *view; /* owned */
};

/* The row of look. */
struct visit_view {
	char *approver_id, *name, *decision, *state, *title, *body, *deadline, *quorum, *approvers;
	struct pawl_doc data, form; /* PAWL_NO_DOC = none */
	bool comment_required;
};

struct visit *visit_open(struct approval *a, const struct pawl_http_call *c);
void visit_free(struct visit *v);
void visit_fini(struct approval *a);
void visit_query(struct visit *v, enum approval_query query, const char *const *params,
    pawl_sql_cb *done);
/* Asks for decide with these values (PAWL_NO_DOC = no form). */
void visit_decide(struct visit *v, struct pawl_doc form, const char *via, pawl_sql_cb *done);
/* Takes the row of look; false: there is none. */
bool visit_see(struct visit *v, const struct pawl_sql_rows *rows);
/* A sentence about the decision and comment, or NULL. */
const char *visit_problem(const struct visit *v);
/* Whether a page of another site made the browser send this. */
bool visit_is_foreign(const struct approval *a, const struct pawl_http_call *c);
/* A header of the call, or NULL. */
const char *visit_header(const struct pawl_http_call *c, const char *name);
/* A form (application/x-www-form-urlencoded) as an object of texts; PAWL_NO_DOC: it is none. */
struct pawl_doc visit_read_form(const struct pawl_host *h, const char *s, size_t len);
/* What is to be told when decide or look say this, and with which status. */
struct visit_outcome {
	const char *word, *title, *text, *error;
	int status;
};
const struct visit_outcome *visit_outcome(const char *word);

/* --- page.c, api.c ------------------------------------------------------------------------ */

/* Headers of the pages; to be released with free. */
char *page_headers(void);
void page_called(void *approval, const struct pawl_http_call *c);
void api_called(void *approval, const struct pawl_http_call *c);

#endif
