/*
 * api - requests and decisions as JSON, for consoles and scripts.
 *
 *	GET  /approval/requests?state=&approver=&machine=&after=&limit=
 *	GET  /approval/requests/ID
 *	POST /approval/requests/ID/decisions   {"approver", "decision", "comment", "form"}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "approval.h"
#include "docs.h"

#define ROUTE "/approval/requests"
#define UUID_LEN 36
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 200

/* --- answers ----------------------------------------------------------------------------------- */

/* Sends the document, which is given away. */
static void
api_send(const struct pawl_host *h, uint64_t call, int status, struct pawl_doc d)
{
	size_t len;
	char *text = h->doc_text(h, d, &len);

	h->reply(h, call, status, "application/json",
	    status == 401 ? "WWW-Authenticate: Bearer\r\nCache-Control: no-store\r\n"
			  : "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
	    text, len);
	h->free(h, text);
	h->doc_unref(h, d);
}

/* fields: what is wrong with each field of the form, or PAWL_NO_DOC. */
static void
api_refuse(const struct pawl_host *h, uint64_t call, int status, const char *error,
    const char *message, struct pawl_doc fields)
{
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	docs_add_string(h, b, "error", error);
	docs_add_string(h, b, "message", message);
	if (fields.block_ != NULL)
		docs_add_doc(h, b, "fields", fields);
	h->build_end(b);
	api_send(h, call, status, h->build_finish(b));
}

static void
visit_refuse(struct visit *v, int status, const char *error, const char *message,
    struct pawl_doc fields)
{
	api_refuse(v->approval->host, v->id, status, error, message, fields);
	visit_free(v);
}

static bool
api_failed(struct visit *v, const struct pawl_sql_answer *answer)
{
	v->sql = 0;
	if (answer->result == PAWL_SQL_OK)
		return false;
	visit_refuse(v, 503, "Unavailable", answer->message, PAWL_NO_DOC);
	return true;
}

/* --- who may ------------------------------------------------------------------------------------- */

static bool
has_token(const struct pawl_http_call *c, const char *token)
{
	const char *given = visit_header(c, "authorization");
	size_t len = strlen(token);

	return given != NULL && strncasecmp(given, "Bearer ", 7) == 0 && strlen(given + 7) == len &&
	    CRYPTO_memcmp(given + 7, token, len) == 0;
}

static bool
may_call(struct approval *a, const struct pawl_http_call *c)
{
	const struct pawl_host *h = a->host;
	const char *token = h->option_string(h, "api_token");

	if (*token != '\0') {
		if (has_token(c, token))
			return true;
		api_refuse(h, c->id, 401, "Unauthorized",
		    "This needs the header Authorization: Bearer, with plugins.approval.api_token.",
		    PAWL_NO_DOC);
		return false;
	}
	if (*h->setting(h, "own_access_key_id") != '\0')
		api_refuse(h, c->id, 403, "Forbidden",
		    "pawld has access_keys: set plugins.approval.api_token in pawl.conf to use this.",
		    PAWL_NO_DOC);
	else if (visit_is_foreign(a, c))
		api_refuse(h, c->id, 403, "Forbidden", "Pages of other sites may not call this.",
		    PAWL_NO_DOC);
	else
		return true;
	return false;
}

/* --- requests --------------------------------------------------------------------------------------- */

static void
add_known(const struct pawl_host *h, struct pawl_builder *b, const char *key, const char *value)
{
	if (value != NULL)
		docs_add_string(h, b, key, value);
}

static void
add_json(const struct pawl_host *h, struct pawl_builder *b, const char *key, const char *json)
{
	struct pawl_doc d;

	if (json == NULL)
		return;
	d = h->doc_parse(h, json, strlen(json), NULL);
	docs_add_doc(h, b, key, d);
	h->doc_unref(h, d);
}

/* given: one of the objects that list makes. */
static void
add_approver(const struct approval *a, struct pawl_builder *b, struct pawl_doc given, bool open)
{
	static const char *const members[][2] = { { "name", "approver" },
		{ "decision", "decision" }, { "comment", "comment" }, { "form", "form" },
		{ "at", "decidedAt" }, { "mail", "mail" }, { "error", "mailError" } };
	const struct pawl_host *h = a->host;
	char *nonce = docs_string(h, given, "nonce"), link[LINK_SIZE], *url;

	h->build_object(b);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (docs_has(h, given, members[i][0]))
			docs_add_doc(h, b, members[i][1], h->doc_get(h, given, members[i][0]));
	if (open && !docs_has(h, given, "decision")) {
		link_make(a->key, nonce, link);
		url = text_format("%s/approval/r/%s", h->setting(h, "url"), link);
		docs_add_string(h, b, "link", url);
		free(url);
	}
	h->build_end(b);
	h->free(h, nonce);
}

static void
add_request(const struct approval *a, struct pawl_builder *b, const struct pawl_sql_rows *rows,
    size_t row)
{
	const struct pawl_host *h = a->host;
	const char *approvers = approval_value(rows, row, 15);
	struct pawl_doc list = h->doc_parse(h, approvers, strlen(approvers), NULL);
	struct pawl_doc_iter it = { .of = list };

	h->build_object(b);
	docs_add_string(h, b, "requestId", approval_value(rows, row, 1));
	docs_add_string(h, b, "state", approval_value(rows, row, 2));
	docs_add_string(h, b, "title", approval_value(rows, row, 3));
	docs_add_string(h, b, "text", approval_value(rows, row, 4));
	add_json(h, b, "data", approval_value(rows, row, 5));
	add_json(h, b, "form", approval_value(rows, row, 6));
	docs_add_int(h, b, "quorum", strtoll(approval_value(rows, row, 7), NULL, 10));
	docs_add_bool(h, b, "commentRequired", strcmp(approval_value(rows, row, 8), "t") == 0);
	docs_add_string(h, b, "createdAt", approval_value(rows, row, 9));
	add_known(h, b, "deadline", approval_value(rows, row, 10));
	add_known(h, b, "closedAt", approval_value(rows, row, 11));
	docs_add_string(h, b, "executionArn", approval_value(rows, row, 12));
	docs_add_string(h, b, "stateMachineArn", approval_value(rows, row, 13));
	docs_add_string(h, b, "stateName", approval_value(rows, row, 14));
	h->build_key(b, "approvers");
	h->build_array(b);
	while (h->doc_next(h, &it))
		add_approver(a, b, it.value, strcmp(approval_value(rows, row, 2), "open") == 0);
	h->build_end(b);
	h->build_end(b);
	h->doc_unref(h, list);
}

static void
api_listed(void *arg, const struct pawl_sql_answer *answer)
{
	struct visit *v = arg;
	struct approval *a = v->approval;
	const struct pawl_host *h = a->host;
	const struct pawl_sql_rows *rows;
	struct pawl_builder *b;
	size_t n;

	if (api_failed(v, answer))
		return;
	rows = &answer->sets[0];
	if (v->one && rows->nrows == 0) {
		visit_refuse(v, 404, "NotFound", "There is no such request.", PAWL_NO_DOC);
		return;
	}
	b = h->build(h);
	if (v->one) {
		add_request(a, b, rows, 0);
	} else {
		n = rows->nrows < (size_t)v->limit ? rows->nrows : (size_t)v->limit;
		h->build_object(b);
		h->build_key(b, "requests");
		h->build_array(b);
		for (size_t i = 0; i < n; i++)
			add_request(a, b, rows, i);
		h->build_end(b);
		if (n < rows->nrows)
			docs_add_string(h, b, "next", approval_value(rows, n - 1, 0));
		h->build_end(b);
	}
	api_send(h, v->id, 200, h->build_finish(b));
	visit_free(v);
}

static bool
is_state(const char *s)
{
	static const char *const states[] = { "open", "approved", "rejected", "expired",
		"cancelled", "all" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(s, states[i]) == 0)
			return true;
	return false;
}

/* A whole number without sign; -1: it is none. */
static long long
count_of(const char *s, long long missing)
{
	if (s == NULL)
		return missing;
	if (*s == '\0' || strlen(s) > 18 || strspn(s, "0123456789") != strlen(s))
		return -1;
	return strtoll(s, NULL, 10);
}

static void
api_list(struct approval *a, const struct pawl_http_call *c)
{
	const struct pawl_host *h = a->host;
	struct pawl_doc q = visit_read_form(h, c->query, strlen(c->query));
	char *state = docs_string(h, q, "state"), *approver = docs_string(h, q, "approver");
	char *machine = docs_string(h, q, "machine"), *after = docs_string(h, q, "after");
	char *limit = docs_string(h, q, "limit"), rows[24];
	long long n = count_of(limit, LIMIT_DEFAULT);
	struct visit *v;

	if (q.block_ == NULL || n < 1 || n > LIMIT_MAX || count_of(after, 0) < 0 ||
	    (state != NULL && !is_state(state))) {
		api_refuse(h, c->id, 400, "BadRequest",
		    "The query takes state (open, approved, rejected, expired, cancelled, all), approver, machine, after (what next said) and limit (1 to 200).",
		    PAWL_NO_DOC);
	} else {
		v = visit_open(a, c);
		v->limit = n;
		snprintf(rows, sizeof(rows), "%lld", n + 1);
		visit_query(v, QUERY_list,
		    (const char *const[]){ state == NULL ? "open"
			    : strcmp(state, "all") == 0  ? NULL
							 : state,
			approver, machine, after != NULL ? after : "0", rows, NULL },
		    api_listed);
	}
	h->free(h, state);
	h->free(h, approver);
	h->free(h, machine);
	h->free(h, after);
	h->free(h, limit);
	h->doc_unref(h, q);
}

static void
api_describe(struct approval *a, const struct pawl_http_call *c, const char *id)
{
	struct visit *v = visit_open(a, c);

	v->one = true;
	visit_query(v, QUERY_list, (const char *const[]){ NULL, NULL, NULL, "0", "1", id },
	    api_listed);
}

/* --- decisions --------------------------------------------------------------------------------------- */

static void
api_tell(struct visit *v, const char *word)
{
	const struct visit_outcome *o = visit_outcome(word);
	const struct pawl_host *h = v->approval->host;
	struct pawl_builder *b;

	if (o->error != NULL) {
		visit_refuse(v, o->status, o->error, o->text, PAWL_NO_DOC);
		return;
	}
	b = h->build(h);
	h->build_object(b);
	docs_add_bool(h, b, "settled", strcmp(word, "done") == 0);
	h->build_end(b);
	api_send(h, v->id, o->status, h->build_finish(b));
	visit_free(v);
}

static void
api_decided(void *arg, const struct pawl_sql_answer *answer)
{
	struct visit *v = arg;

	if (!api_failed(v, answer))
		api_tell(v, approval_value(&answer->sets[0], 0, 0));
}

static void
api_decide(struct visit *v)
{
	const struct pawl_host *h = v->approval->host;
	const char *problem = visit_problem(v);
	struct pawl_doc values = PAWL_NO_DOC, errors = PAWL_NO_DOC;

	if (problem == NULL && strcmp(v->decision, "approved") == 0)
		values =
		    form_read(h, v->view->form, h->doc_get(h, v->given, "form"), false, &errors);
	if (problem != NULL || errors.block_ != NULL)
		visit_refuse(v, 422, "Invalid",
		    problem != NULL ? problem : "The form is not filled in right.", errors);
	else
		visit_decide(v, values, "api", api_decided);
	h->doc_unref(h, values);
	h->doc_unref(h, errors);
}

static void
api_seen(void *arg, const struct pawl_sql_answer *answer)
{
	struct visit *v = arg;

	if (api_failed(v, answer))
		return;
	if (!visit_see(v, &answer->sets[0]))
		visit_refuse(v, 404, "NotFound", "There is no such request with this approver.",
		    PAWL_NO_DOC);
	else if (v->view->decision != NULL)
		api_tell(v, "again");
	else if (strcmp(v->view->state, "open") != 0)
		api_tell(v, v->view->state);
	else
		api_decide(v);
}

/* A text without NUL, copied to be released with free; *good becomes false when it is something else. */
static char *
plain_text(const struct pawl_host *h, struct pawl_doc d, const char *name, bool *good)
{
	size_t len;
	char *s = h->doc_string(h, h->doc_get(h, d, name), &len), *copy = NULL;

	if (s != NULL && strlen(s) == len)
		copy = text_format("%s", s);
	else if (docs_has(h, d, name))
		*good = false;
	h->free(h, s);
	return copy;
}

static bool
has_only_known(const struct pawl_host *h, struct pawl_doc d)
{
	struct pawl_doc_iter it = { .of = d };

	while (h->doc_next(h, &it))
		if (!h->doc_is(h, it.key, "approver") && !h->doc_is(h, it.key, "decision") &&
		    !h->doc_is(h, it.key, "comment") && !h->doc_is(h, it.key, "form"))
			return false;
	return h->doc_type(h, d) == PAWL_DOC_OBJECT &&
	    (!docs_has(h, d, "form") ||
		h->doc_type(h, h->doc_get(h, d, "form")) == PAWL_DOC_OBJECT);
}

static void
api_post(struct approval *a, const struct pawl_http_call *c, const char *id)
{
	const struct pawl_host *h = a->host;
	const char *type = visit_header(c, "content-type");
	struct pawl_doc d = c->body_len <= APPROVAL_BODY_MAX
	    ? h->doc_parse(h, c->body, c->body_len, NULL)
	    : PAWL_NO_DOC;
	bool good = has_only_known(h, d);
	char *approver = plain_text(h, d, "approver", &good);
	char *decision = plain_text(h, d, "decision", &good);
	char *comment = plain_text(h, d, "comment", &good);
	struct visit *v;

	if (c->body_len > APPROVAL_BODY_MAX) {
		api_refuse(h, c->id, 413, "TooLarge", "A decision has 64 KiB at most.",
		    PAWL_NO_DOC);
	} else if (type == NULL || strncasecmp(type, "application/json", 16) != 0) {
		api_refuse(h, c->id, 415, "BadRequest", "A decision is sent as application/json.",
		    PAWL_NO_DOC);
	} else if (!good || approver == NULL) {
		api_refuse(h, c->id, 400, "BadRequest",
		    "A decision is {\"approver\": text, \"decision\": \"approved\" or \"rejected\", \"comment\": text, \"form\": object}.",
		    PAWL_NO_DOC);
	} else {
		v = visit_open(a, c);
		v->given = h->doc_ref(h, d);
		v->decision = text_format("%s", decision != NULL ? decision : "");
		free(v->comment);
		v->comment = text_format("%s", comment != NULL ? comment : "");
		visit_query(v, QUERY_look, (const char *const[]){ NULL, id, approver }, api_seen);
	}
	free(approver);
	free(decision);
	free(comment);
	h->doc_unref(h, d);
}

/* --- the routes -------------------------------------------------------------------------------------- */

static bool
is_uuid(const char *s, size_t len)
{
	if (len != UUID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			? s[i] != '-'
			: strchr("0123456789abcdef", s[i]) == NULL)
			return false;
	return true;
}

void
api_called(void *approval, const struct pawl_http_call *c)
{
	struct approval *a = approval;
	const struct pawl_host *h = a->host;
	const char *rest = c->path + strlen(ROUTE);
	size_t len = *rest == '/' ? strcspn(rest + 1, "/") : 0;
	bool post = strcmp(c->method, "POST") == 0, get = strcmp(c->method, "GET") == 0;
	char id[UUID_LEN + 1] = "";

	if (!may_call(a, c))
		return;
	if (len > 0 && is_uuid(rest + 1, len)) {
		memcpy(id, rest + 1, len);
		rest += 1 + len;
	}
	if (*rest == '\0' && get && *id == '\0')
		api_list(a, c);
	else if (*rest == '\0' && get)
		api_describe(a, c, id);
	else if (strcmp(rest, "/decisions") == 0 && post && *id != '\0')
		api_post(a, c, id);
	else if (*rest == '\0' || (strcmp(rest, "/decisions") == 0 && *id != '\0'))
		api_refuse(h, c->id, 405, "MethodNotAllowed",
		    "Requests are read with GET, decisions are sent with POST to ID/decisions.",
		    PAWL_NO_DOC);
	else
		api_refuse(h, c->id, 404, "NotFound", "There is no such request.", PAWL_NO_DOC);
}
