/*
 * task - the task approval:request: its parameters checked, and the request made exactly once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "docs.h"

#define APPROVERS_MAX 100
#define TITLE_MAX 200
#define TEXT_MAX 20000
#define DATA_MAX 262144
#define FORM_MAX 65536
#define REMINDERS_MAX 20
#define SECONDS_MAX 315360000 /* ten years */

struct task_call {
	TAILQ_ENTRY(task_call) link;
	struct approval *approval;
	uint64_t id, sql;
};

static void
task_free(struct task_call *c)
{
	TAILQ_REMOVE(&c->approval->tasks, c, link);
	free(c);
}

/* --- approvers ------------------------------------------------------------------------------ */

struct names {
	char *list[APPROVERS_MAX]; /* owned */
	size_t n;
};

static void
names_fini(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->list[i]);
}

static bool
is_name(const char *s, size_t len)
{
	if (len == 0 || len > APPROVAL_NAME_MAX || strlen(s) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return strchr(s, '@') == NULL || form_is_email(s);
}

/* Adds a name that is not there yet. */
static char *
names_add(struct names *l, const struct pawl_host *h, struct pawl_doc d)
{
	size_t len;
	char *s = h->doc_string(h, d, &len), *problem = NULL;

	if (s == NULL || !is_name(s, len)) {
		problem =
		    text_format("An approver must be an e-mail address or a name of 1 to %d bytes.",
			APPROVAL_NAME_MAX);
		h->free(h, s);
		return problem;
	}
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i], s) == 0) {
			h->free(h, s);
			return NULL;
		}
	if (l->n == APPROVERS_MAX)
		problem = text_format("There may be %d approvers at most.", APPROVERS_MAX);
	else
		l->list[l->n++] = text_format("%s", s);
	h->free(h, s);
	return problem;
}

static char *
names_add_list(struct names *l, const struct pawl_host *h, struct pawl_doc d, const char *what)
{
	struct pawl_doc_iter it = { .of = d };
	char *problem = NULL;

	if (h->doc_type(h, d) != PAWL_DOC_ARRAY)
		return text_format("%s must be a list.", what);
	while (problem == NULL && h->doc_next(h, &it))
		problem = names_add(l, h, it.value);
	return problem;
}

static char *
names_add_groups(struct names *l, const struct pawl_host *h, struct pawl_doc groups)
{
	struct pawl_doc_iter it = { .of = groups };
	char *problem = NULL;

	if (h->doc_type(h, groups) != PAWL_DOC_ARRAY)
		return text_format("Groups must be a list.");
	while (problem == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.value, NULL);
		struct pawl_doc group =
		    name != NULL ? h->doc_get(h, h->option_doc(h, "groups"), name) : PAWL_NO_DOC;

		problem = group.block_ == NULL
		    ? text_format("There is no group \"%.64s\" in plugins.approval.groups.",
			  name != NULL ? name : "")
		    : names_add_list(l, h, group, "A group in plugins.approval.groups");
		h->free(h, name);
	}
	return problem;
}

static char *
read_approvers(const struct pawl_host *h, struct pawl_doc p, struct names *l)
{
	char *problem = NULL;

	if (docs_has(h, p, "Approvers"))
		problem = names_add_list(l, h, h->doc_get(h, p, "Approvers"), "Approvers");
	if (problem == NULL && docs_has(h, p, "Groups"))
		problem = names_add_groups(l, h, h->doc_get(h, p, "Groups"));
	if (problem == NULL && l->n == 0)
		problem = text_format("Approvers or Groups must name somebody.");
	return problem;
}

static void
add_approvers(const struct pawl_host *h, struct pawl_builder *b, const struct names *l)
{
	char nonce[LINK_NONCE_SIZE];

	h->build_key(b, "approvers");
	h->build_array(b);
	for (size_t i = 0; i < l->n; i++) {
		link_new_nonce(nonce);
		h->build_object(b);
		docs_add_string(h, b, "name", l->list[i]);
		docs_add_string(h, b, "nonce", nonce);
		h->build_end(b);
	}
	h->build_end(b);
}

/* --- the other parameters ------------------------------------------------------------------------ */

static char *
unknown_parameter(const struct pawl_host *h, struct pawl_doc p)
{
	static const char *const known[] = { "Title", "Text", "Data", "Form", "Approvers", "Groups",
		"Quorum", "Deadline", "Reminder", "CommentRequired", "RejectIsOutput" };
	struct pawl_doc_iter it = { .of = p };
	char *name, *problem;

	if (h->doc_type(h, p) != PAWL_DOC_OBJECT)
		return text_format("The parameters must be an object.");
	while (h->doc_next(h, &it)) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= h->doc_is(h, it.key, known[i]);
		if (found)
			continue;
		name = h->doc_string(h, it.key, NULL);
		problem = text_format("approval:request has no parameter \"%.64s\".", name);
		h->free(h, name);
		return problem;
	}
	return NULL;
}

static char *
read_text(const struct pawl_host *h, struct pawl_doc p, const char *name, const char *key,
    size_t max, bool required, struct pawl_builder *b)
{
	size_t len = 0;
	char *s = h->doc_string(h, h->doc_get(h, p, name), &len), *problem = NULL;

	if ((s == NULL && (required || docs_has(h, p, name))) || len > max ||
	    (s != NULL && strlen(s) != len) || (required && len == 0))
		problem = text_format("%s must be a text of %d to %zu bytes.", name, required, max);
	else
		docs_add_string(h, b, key, s);
	h->free(h, s);
	return problem;
}

static char *
read_flag(const struct pawl_host *h, struct pawl_doc p, const char *name, const char *key,
    struct pawl_builder *b)
{
	struct pawl_doc d = h->doc_get(h, p, name);

	if (docs_has(h, p, name) && h->doc_type(h, d) != PAWL_DOC_BOOL)
		return text_format("%s must be true or false.", name);
	docs_add_bool(h, b, key, h->doc_true(h, d));
	return NULL;
}

static char *
read_document(const struct pawl_host *h, struct pawl_doc p, const char *name, const char *key,
    size_t max, struct pawl_builder *b)
{
	size_t len;

	if (!docs_has(h, p, name))
		return NULL;
	h->free(h, h->doc_text(h, h->doc_get(h, p, name), &len));
	if (len > max)
		return text_format("%s may have %zu bytes of JSON at most.", name, max);
	docs_add_doc(h, b, key, h->doc_get(h, p, name));
	return NULL;
}

static char *
read_form(const struct pawl_host *h, struct pawl_doc p, struct pawl_builder *b)
{
	char *about, *problem;

	if (!docs_has(h, p, "Form"))
		return NULL;
	if ((about = form_problem(h, h->doc_get(h, p, "Form"))) == NULL)
		return read_document(h, p, "Form", "form", FORM_MAX, b);
	problem = text_format("Form makes no sense: %s.", about);
	free(about);
	return problem;
}

static char *
read_quorum(const struct pawl_host *h, struct pawl_doc p, size_t napprovers, struct pawl_builder *b)
{
	struct pawl_doc d = h->doc_get(h, p, "Quorum");
	int64_t n = 1;

	if (h->doc_is(h, d, "all"))
		n = (int64_t)napprovers;
	else if (docs_has(h, p, "Quorum") &&
	    (!h->doc_int(h, d, &n) || n < 1 || n > (int64_t)napprovers))
		return text_format("Quorum must be \"all\" or 1 to the number of approvers, %zu.",
		    napprovers);
	docs_add_int(h, b, "quorum", n);
	return NULL;
}

static bool
is_seconds(const struct pawl_host *h, struct pawl_doc d, int64_t *n)
{
	return h->doc_int(h, d, n) && *n >= 1 && *n <= SECONDS_MAX;
}

/* 2026-11-26T12:00:00Z, with fractions or an offset if wanted; PostgreSQL checks the rest. */
static bool
is_timestamp(const char *s)
{
	static const char shape[] = "0000-00-00T00:00:00";
	size_t len = sizeof(shape) - 1;

	if (strlen(s) <= len || strlen(s) > 40 ||
	    strspn(s + len, "0123456789.:+-Z") != strlen(s + len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	return strpbrk(s + len, "Z+-") != NULL;
}

static char *
read_deadline(const struct pawl_host *h, struct pawl_doc p, struct pawl_builder *b)
{
	struct pawl_doc d = h->doc_get(h, p, "Deadline");
	char *s;
	bool good;
	int64_t n;

	if (!docs_has(h, p, "Deadline"))
		return NULL;
	if (is_seconds(h, d, &n)) {
		docs_add_int(h, b, "seconds", n);
		return NULL;
	}
	s = h->doc_string(h, d, NULL);
	good = s != NULL && is_timestamp(s);
	if (good)
		docs_add_string(h, b, "until", s);
	h->free(h, s);
	return good ? NULL
		    : text_format("Deadline must be seconds from now (1 to %d), or a time such as "
				  "2026-11-26T12:00:00Z.",
			  SECONDS_MAX);
}

static char *
read_reminder(const struct pawl_host *h, struct pawl_doc p, struct pawl_builder *b)
{
	struct pawl_doc d = h->doc_get(h, p, "Reminder");
	struct pawl_doc_iter it = { .of = d };
	bool good;
	int64_t n;

	if (!docs_has(h, p, "Reminder"))
		return NULL;
	if (is_seconds(h, d, &n)) {
		docs_add_int(h, b, "every", n);
		return NULL;
	}
	good = h->doc_type(h, d) == PAWL_DOC_ARRAY && h->doc_len(h, d) <= REMINDERS_MAX;
	while (good && h->doc_next(h, &it))
		good = is_seconds(h, it.value, &n);
	if (good)
		docs_add_doc(h, b, "reminders", d);
	return good
	    ? NULL
	    : text_format("Reminder must be seconds (1 to %d), or a list of %d of them at most.",
		  SECONDS_MAX, REMINDERS_MAX);
}

static char *
read_rest(const struct pawl_host *h, struct pawl_doc p, size_t napprovers, struct pawl_builder *b)
{
	char *problem = read_text(h, p, "Title", "title", TITLE_MAX, true, b);

	if (problem == NULL)
		problem = read_text(h, p, "Text", "text", TEXT_MAX, false, b);
	if (problem == NULL)
		problem = read_document(h, p, "Data", "data", DATA_MAX, b);
	if (problem == NULL)
		problem = read_form(h, p, b);
	if (problem == NULL)
		problem = read_quorum(h, p, napprovers, b);
	if (problem == NULL)
		problem = read_deadline(h, p, b);
	if (problem == NULL)
		problem = read_reminder(h, p, b);
	if (problem == NULL)
		problem = read_flag(h, p, "CommentRequired", "comment", b);
	if (problem == NULL)
		problem = read_flag(h, p, "RejectIsOutput", "output", b);
	return problem;
}

/* The parameter of create_request, new; NULL and *problem, a new sentence. */
static char *
read_request(const struct pawl_host *h, const struct pawl_task *t, char **problem)
{
	struct names names = { .n = 0 };
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *text = NULL;

	h->build_object(b);
	docs_add_string(h, b, "token", t->task_token);
	docs_add_string(h, b, "execution", t->execution_arn);
	docs_add_string(h, b, "machine", t->state_machine_arn);
	docs_add_string(h, b, "state", t->state_name);
	if ((*problem = unknown_parameter(h, t->parameters)) == NULL)
		*problem = read_approvers(h, t->parameters, &names);
	if (*problem == NULL) {
		add_approvers(h, b, &names);
		*problem = read_rest(h, t->parameters, names.n, b);
	}
	h->build_end(b);
	d = h->build_finish(b);
	if (*problem == NULL)
		text = h->doc_text(h, d, NULL);
	h->doc_unref(h, d);
	names_fini(&names);
	return text;
}

/* --- the call ---------------------------------------------------------------------------------- */

/* {"RequestId": ...}: what the task is told when the request is there. */
static struct pawl_doc
remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct task_call *c = arg;
	const struct pawl_host *h = c->approval->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	docs_add_string(h, b, "RequestId", approval_value(&a->sets[0], 0, 0));
	h->build_end(b);
	return h->build_finish(b);
}

static void
task_answered(void *arg, const struct pawl_sql_answer *a)
{
	struct task_call *c = arg;
	struct approval *approval = c->approval;
	const struct pawl_host *h = approval->host;
	char *cause;

	if (a->result == PAWL_SQL_OK) {
		h->submitted(h, c->id, a->output);
		approval_work(approval);
	} else if (strncmp(a->sqlstate, "22007", 5) == 0 || strncmp(a->sqlstate, "22008", 5) == 0) {
		h->fail(h, c->id, "States.Runtime", "Deadline is no time that there is.");
	} else {
		cause = text_format("The request could not be stored: %s", a->message);
		h->fail(h, c->id, "States.TaskFailed", cause);
		free(cause);
	}
	task_free(c);
}

void
task_start(void *approval, const struct pawl_task *t)
{
	struct approval *a = approval;
	const struct pawl_host *h = a->host;
	char check[32], *problem, *request = read_request(h, t, &problem);
	struct pawl_sql_statement s;
	struct pawl_sql_call call = { .size = sizeof(call),
		.statements = &s,
		.nstatements = 1,
		.receipt = t->idempotency_key,
		.remember = remember,
		.task_id = t->id };
	struct task_call *c;

	if (request == NULL) {
		h->fail(h, t->id, "States.Runtime", problem);
		free(problem);
		return;
	}
	c = text_alloc(sizeof(*c));
	c->approval = a;
	c->id = t->id;
	TAILQ_INSERT_TAIL(&a->tasks, c, link);
	approval_check_text(a, check);
	s = approval_statement(QUERY_create, (const char *const[]){ request, check });
	c->sql = h->sql_start(h, a->db, &call, task_answered, c);
	h->free(h, request);
}

/* The request may be there all the same; the next look at its task closes it. */
void
task_cancel(void *approval, uint64_t task)
{
	struct approval *a = approval;
	struct task_call *c;

	TAILQ_FOREACH(c, &a->tasks, link)
		if (c->id == task)
			break;
	if (c == NULL)
		return;
	a->host->sql_cancel(a->host, c->sql);
	task_free(c);
}

void
task_fini(struct approval *a)
{
	struct task_call *c, *next;

	for (c = TAILQ_FIRST(&a->tasks); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		a->host->sql_cancel(a->host, c->sql);
		task_free(c);
	}
}
