/*
 * visit - a request from the web under way: what was posted, and the queries that answer it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "approval.h"
#include "docs.h"

#define PARTS_MAX 300 /* of a posted form */

/* --- outcomes --------------------------------------------------------------------------------- */

static const struct visit_outcome outcomes[] = {
	{ "noted", "Thank you", "Your decision is noted. Others are asked as well.", NULL, 200 },
	{ "done", "Thank you", "Your decision is noted.", NULL, 200 },
	{ "approved", "Decided", "The request has been approved.", "AlreadyDecided", 409 },
	{ "rejected", "Decided", "The request has been rejected.", "AlreadyDecided", 409 },
	{ "again", "Decided", "You have decided already. A decision cannot be changed.",
	    "AlreadyDecided", 409 },
	{ "expired", "Too late", "The time for this decision is over.", "Expired", 410 },
	{ "cancelled", "Not needed any more",
	    "Nobody waits for this decision any more: the work that it was for has ended.",
	    "Cancelled", 410 },
	{ "missing", "No such request", "The link is not complete, or there is no such request.",
	    "NotFound", 404 },
};

const struct visit_outcome *
visit_outcome(const char *word)
{
	size_t i = 0;

	while (strcmp(outcomes[i].word, word) != 0)
		i++;
	return &outcomes[i];
}

/* --- what a browser sends ------------------------------------------------------------------------ */

const char *
visit_header(const struct pawl_http_call *c, const char *name)
{
	for (size_t i = 0; i < c->nheaders; i++)
		if (strcmp(c->headers[i].name, name) == 0)
			return c->headers[i].value;
	return NULL;
}

/* Whether two addresses begin with the same host and port, scheme aside. */
static bool
same_host(const char *url, const char *other)
{
	const char *a = strstr(url, "://"), *b = strstr(other, "://");
	size_t n;

	a = a != NULL ? a + 3 : url;
	b = b != NULL ? b + 3 : other;
	n = strcspn(a, "/?#");
	return n == strcspn(b, "/?#") && strncasecmp(a, b, n) == 0;
}

static bool
is_ours(const struct approval *a, const struct pawl_http_call *c, const char *url)
{
	const char *host = visit_header(c, "host");

	return (host != NULL && same_host(url, host)) ||
	    same_host(url, a->host->setting(a->host, "url"));
}

bool
visit_is_foreign(const struct approval *a, const struct pawl_http_call *c)
{
	const char *origin = visit_header(c, "origin"), *referer = visit_header(c, "referer");
	const char *site = visit_header(c, "sec-fetch-site");

	/* our pages send no referrer, so browsers say "null" for them */
	if (origin != NULL && strcmp(origin, "null") != 0 && !is_ours(a, c, origin))
		return true;
	if (referer != NULL && !is_ours(a, c, referer))
		return true;
	return site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static bool
read_part(const struct pawl_host *h, const char *s, size_t len, struct pawl_builder *b)
{
	const char *equals = memchr(s, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - s) : len;
	size_t skip = equals != NULL ? name_len + 1 : len;
	struct text name = { 0 }, value = { 0 };
	bool good = text_add_decoded(&name, s, name_len, true) &&
	    text_add_decoded(&value, s + skip, len - skip, true) && strlen(name.s) == name.len &&
	    strlen(value.s) == value.len && text_is_utf8(name.s, name.len) &&
	    text_is_utf8(value.s, value.len);

	if (good)
		docs_add_string(h, b, name.s, value.s);
	text_fini(&name);
	text_fini(&value);
	return good;
}

struct pawl_doc
visit_read_form(const struct pawl_host *h, const char *s, size_t len)
{
	struct pawl_builder *b = h->build(h);
	const char *end = s + len;
	struct pawl_doc d;
	bool good = true;
	int nparts = 0;

	h->build_object(b);
	while (good && s < end) {
		const char *next = memchr(s, '&', (size_t)(end - s));
		size_t part = next != NULL ? (size_t)(next - s) : (size_t)(end - s);

		good = ++nparts <= PARTS_MAX && (part == 0 || read_part(h, s, part, b));
		s += part + (next != NULL);
	}
	h->build_end(b);
	d = h->build_finish(b);
	if (good)
		return d;
	h->doc_unref(h, d);
	return PAWL_NO_DOC;
}

const char *
visit_problem(const struct visit *v)
{
	if (v->decision == NULL ||
	    (strcmp(v->decision, "approved") != 0 && strcmp(v->decision, "rejected") != 0))
		return "The decision must be \"approved\" or \"rejected\".";
	if (strlen(v->comment) > APPROVAL_COMMENT_MAX)
		return "The comment is too long.";
	if (v->view->comment_required && strspn(v->comment, " \t\r\n") == strlen(v->comment))
		return "A comment is required.";
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------------- */

static void
visit_gone(void *arg)
{
	visit_free(arg);
}

struct visit *
visit_open(struct approval *a, const struct pawl_http_call *c)
{
	const struct pawl_host *h = a->host;
	struct visit *v = text_alloc(sizeof(*v));
	const char *agent = visit_header(c, "user-agent");

	v->approval = a;
	v->id = c->id;
	v->address = text_format("%s", c->address);
	v->agent = agent != NULL && text_is_utf8(agent, strlen(agent))
	    ? text_format("%.*s", (int)(strlen(agent) < 300 ? strlen(agent) : 0), agent)
	    : text_format("%s", "");
	v->comment = text_format("%s", "");
	v->given = PAWL_NO_DOC;
	TAILQ_INSERT_TAIL(&a->visits, v, link);
	h->call_gone(h, c->id, visit_gone, v);
	return v;
}

static void
view_free(const struct pawl_host *h, struct visit_view *w)
{
	if (w == NULL)
		return;
	free(w->approver_id);
	free(w->name);
	free(w->decision);
	free(w->state);
	free(w->title);
	free(w->body);
	free(w->deadline);
	free(w->quorum);
	free(w->approvers);
	h->doc_unref(h, w->data);
	h->doc_unref(h, w->form);
	free(w);
}

void
visit_free(struct visit *v)
{
	const struct pawl_host *h = v->approval->host;

	h->sql_cancel(h, v->sql);
	TAILQ_REMOVE(&v->approval->visits, v, link);
	h->doc_unref(h, v->given);
	view_free(h, v->view);
	free(v->decision);
	free(v->comment);
	free(v->address);
	free(v->agent);
	free(v);
}

void
visit_fini(struct approval *a)
{
	struct visit *v, *next;

	for (v = TAILQ_FIRST(&a->visits); v != NULL; v = next) {
		next = TAILQ_NEXT(v, link);
		visit_free(v);
	}
}

/* --- queries --------------------------------------------------------------------------------------- */

void
visit_query(struct visit *v, enum approval_query query, const char *const *params,
    pawl_sql_cb *done)
{
	const struct pawl_host *h = v->approval->host;
	struct pawl_sql_statement s = approval_statement(query, params);
	struct pawl_sql_call c = { .size = sizeof(c), .statements = &s, .nstatements = 1 };

	v->sql = h->sql_start(h, v->approval->db, &c, done, v);
}

void
visit_decide(struct visit *v, struct pawl_doc form, const char *via, pawl_sql_cb *done)
{
	const struct pawl_host *h = v->approval->host;
	char *text = form.block_ != NULL ? h->doc_text(h, form, NULL) : NULL;

	visit_query(v, QUERY_decide,
	    (const char *const[]){ v->view->approver_id, v->decision, v->comment, text, via,
		v->address, v->agent },
	    done);
	h->free(h, text);
}

static char *
own(const struct pawl_sql_rows *rows, size_t column)
{
	const char *s = approval_value(rows, 0, column);

	return s != NULL ? text_format("%s", s) : NULL;
}

static struct pawl_doc
parsed(const struct pawl_host *h, const char *json)
{
	return json != NULL ? h->doc_parse(h, json, strlen(json), NULL) : PAWL_NO_DOC;
}

bool
visit_see(struct visit *v, const struct pawl_sql_rows *rows)
{
	const struct pawl_host *h = v->approval->host;
	struct visit_view *w;

	if (rows->nrows == 0)
		return false;
	w = v->view = text_alloc(sizeof(*w));
	w->approver_id = own(rows, 0);
	w->name = own(rows, 1);
	w->decision = own(rows, 2);
	w->state = own(rows, 3);
	w->title = own(rows, 4);
	w->body = own(rows, 5);
	w->data = parsed(h, approval_value(rows, 0, 6));
	w->form = parsed(h, approval_value(rows, 0, 7));
	w->comment_required = strcmp(approval_value(rows, 0, 8), "t") == 0;
	w->deadline = own(rows, 9);
	w->quorum = own(rows, 10);
	w->approvers = own(rows, 11);
	return true;
}
