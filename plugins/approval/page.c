/*
 * page - the pages behind the links, as HTML: a GET shows a request, a POST decides.
 *
 * No scripts; all that others wrote is escaped; the only style is the one whose hash is in the header
 * Content-Security-Policy.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "approval.h"
#include "docs.h"

#define ROUTE "/approval/r/"
#define ROWS_MAX 500 /* of a table */
#define COLUMNS_MAX 20

static const char style[] =
    "body{font:1rem/1.5 sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#111;background:#fff}"
    "h1{font-size:1.5rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "th,td{border:1px solid #888;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "label,legend{display:block;font-weight:bold;margin-top:1rem}"
    "input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}"
    "input[type=checkbox]{width:auto;margin-right:.5rem}"
    "button{font:inherit;font-weight:bold;padding:.75rem 1.5rem;margin:1rem 1rem 0 0;border:2px solid #111;background:#fff;color:#111}"
    "button.yes{background:#111;color:#fff}"
    ".error{font-weight:bold;border-left:.3rem solid #a00;padding-left:.5rem;margin:.3rem 0}"
    ".text{white-space:pre-wrap;overflow-wrap:anywhere}"
    ".hint{margin:0}";

char *
page_headers(void)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct text hash = { 0 };
	unsigned len;
	char *s;

	if (EVP_Digest(style, sizeof(style) - 1, digest, &len, EVP_sha256(), NULL) != 1)
		abort();
	text_add_base64(&hash, (const char *)digest, len);
	s = text_format(
	    "Content-Security-Policy: default-src 'none'; style-src 'sha256-%s'; form-action 'self'; "
	    "base-uri 'none'; frame-ancestors 'none'\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "X-Frame-Options: DENY\r\n"
	    "X-Robots-Tag: noindex, nofollow\r\n",
	    hash.s);
	text_fini(&hash);
	return s;
}

/* --- pieces of HTML ---------------------------------------------------------------------------- */

/* Text, or an attribute's value; what cannot be shown becomes a sign for it. */
static void
add_escaped(struct text *t, const char *s, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c >= ' ' && c != 0x7f) || c == '\n' || c == '\t')
			continue;
		text_add_xml(t, s + begin, i - begin);
		if (c != '\r')
			text_adds(t, "\xef\xbf\xbd");
		begin = i + 1;
	}
	text_add_xml(t, s + begin, len - begin);
}

static void
add_text(struct text *t, const char *s)
{
	add_escaped(t, s, strlen(s));
}

/* The characters of a text, the JSON of anything else; PAWL_NO_DOC is nothing. */
static void
add_value(struct text *t, const struct pawl_host *h, struct pawl_doc d)
{
	size_t len;
	char *s;

	if (d.block_ == NULL)
		return;
	s = h->doc_type(h, d) == PAWL_DOC_STRING ? h->doc_string(h, d, &len)
						 : h->doc_text(h, d, &len);
	add_escaped(t, s, len);
	h->free(h, s);
}

static void
page_begin(struct text *t, const char *title)
{
	text_adds(t,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	add_text(t, title);
	text_addf(t, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
	add_text(t, title);
	text_adds(t, "</h1>\n");
}

/* Sends the page and ends the visit, if there is one. */
static void
page_send(struct approval *a, uint64_t call, struct visit *v, int status, struct text *t)
{
	text_adds(t, "</main>\n</body>\n</html>\n");
	a->host->reply(a->host, call, status, "text/html; charset=utf-8", a->page_headers, t->s,
	    t->len);
	text_fini(t);
	if (v != NULL)
		visit_free(v);
}

static void
page_say(struct approval *a, uint64_t call, struct visit *v, int status, const char *title,
    const char *what)
{
	struct text t = { 0 };

	page_begin(&t, title);
	text_adds(&t, "<p>");
	add_text(&t, what);
	text_adds(&t, "</p>\n");
	page_send(a, call, v, status, &t);
}

static void
page_say_outcome(struct visit *v, const char *word)
{
	const struct visit_outcome *o = visit_outcome(word);

	page_say(v->approval, v->id, v, o->status, o->title, o->text);
}

/* --- data as a table --------------------------------------------------------------------------- */

static void
add_pairs(struct text *t, const struct pawl_host *h, struct pawl_doc object)
{
	struct pawl_doc_iter it = { .of = object };

	text_adds(t, "<table>\n");
	for (int n = 0; n < ROWS_MAX && h->doc_next(h, &it); n++) {
		text_adds(t, "<tr><th scope=\"row\">");
		add_value(t, h, it.key);
		text_adds(t, "</th><td>");
		add_value(t, h, it.value);
		text_adds(t, "</td></tr>\n");
	}
	text_adds(t, "</table>\n");
}

/* The columns are the members of the first row. */
static void
add_rows(struct text *t, const struct pawl_host *h, struct pawl_doc array, struct pawl_doc first)
{
	struct pawl_doc_iter row = { .of = array }, column = { .of = first };

	text_adds(t, "<table>\n<tr>");
	for (int n = 0; n < COLUMNS_MAX && h->doc_next(h, &column); n++) {
		text_adds(t, "<th scope=\"col\">");
		add_value(t, h, column.key);
		text_adds(t, "</th>");
	}
	text_adds(t, "</tr>\n");
	for (int i = 0; i < ROWS_MAX && h->doc_next(h, &row); i++) {
		text_adds(t, "<tr>");
		column = (struct pawl_doc_iter){ .of = first };
		for (int n = 0; n < COLUMNS_MAX && h->doc_next(h, &column); n++) {
			char *name = h->doc_string(h, column.key, NULL);

			text_adds(t, "<td>");
			add_value(t, h, h->doc_get(h, row.value, name));
			text_adds(t, "</td>");
			h->free(h, name);
		}
		text_adds(t, "</tr>\n");
	}
	text_adds(t, "</table>\n");
}

/* The first element when all are objects, else PAWL_NO_DOC. */
static struct pawl_doc
first_row(const struct pawl_host *h, struct pawl_doc d)
{
	struct pawl_doc_iter it = { .of = d };
	struct pawl_doc first = PAWL_NO_DOC;

	if (h->doc_type(h, d) != PAWL_DOC_ARRAY)
		return PAWL_NO_DOC;
	while (h->doc_next(h, &it)) {
		if (h->doc_type(h, it.value) != PAWL_DOC_OBJECT)
			return PAWL_NO_DOC;
		if (first.block_ == NULL)
			first = it.value;
	}
	return first;
}

static void
add_data(struct text *t, const struct pawl_host *h, struct pawl_doc d)
{
	struct pawl_doc first = first_row(h, d);

	if (h->doc_type(h, d) == PAWL_DOC_OBJECT) {
		add_pairs(t, h, d);
	} else if (first.block_ != NULL) {
		add_rows(t, h, d, first);
	} else if (d.block_ != NULL) {
		text_adds(t, "<p class=\"text\">");
		add_value(t, h, d);
		text_adds(t, "</p>\n");
	}
}

/* --- the form ------------------------------------------------------------------------------------ */

static bool
field_is(const struct pawl_host *h, struct pawl_doc field, const char *member, const char *value)
{
	return h->doc_is(h, h->doc_get(h, field, member), value);
}

static void
add_choices(struct text *t, const struct pawl_host *h, struct pawl_doc field, const char *shown)
{
	struct pawl_doc_iter it = { .of = h->doc_get(h, field, "enum") };

	text_adds(t, "<option value=\"\"></option>");
	while (h->doc_next(h, &it)) {
		struct text choice = { 0 };

		text_add(&choice, "", 0);
		add_value(&choice, h, it.value);
		text_addf(t, "<option value=\"%s\"%s>%s</option>", choice.s,
		    strcmp(choice.s, shown) == 0 ? " selected" : "", choice.s);
		text_fini(&choice);
	}
	text_adds(t, "</select>\n");
}

static const char *
input_type(const struct pawl_host *h, struct pawl_doc field)
{
	if (field_is(h, field, "format", "date"))
		return "date";
	if (field_is(h, field, "format", "email"))
		return "email";
	return "text";
}

/* shown: the value, escaped. */
static void
add_input(struct text *t, const struct pawl_host *h, struct pawl_doc field, int n, const char *name,
    const char *shown, const char *more)
{
	int64_t max = 0;

	if (field_is(h, field, "type", "boolean")) {
		text_addf(t,
		    "<input type=\"checkbox\" id=\"f%d\" name=\"f.%s\" value=\"true\"%s%s>\n", n,
		    name, strcmp(shown, "true") == 0 ? " checked" : "", more);
	} else if (docs_has(h, field, "enum")) {
		text_addf(t, "<select id=\"f%d\" name=\"f.%s\"%s>", n, name, more);
		add_choices(t, h, field, shown);
	} else if (field_is(h, field, "type", "string") &&
	    h->doc_int(h, h->doc_get(h, field, "maxLength"), &max) && max > 200) {
		text_addf(t, "<textarea id=\"f%d\" name=\"f.%s\" rows=\"4\"%s>\n%s</textarea>\n", n,
		    name, more, shown);
	} else if (field_is(h, field, "type", "string")) {
		text_addf(t, "<input type=\"%s\" id=\"f%d\" name=\"f.%s\" value=\"%s\"%s>\n",
		    input_type(h, field), n, name, shown, more);
	} else {
		text_addf(t,
		    "<input type=\"text\" inputmode=\"%s\" id=\"f%d\" name=\"f.%s\" value=\"%s\"%s>\n",
		    field_is(h, field, "type", "integer") ? "numeric" : "decimal", n, name, shown,
		    more);
	}
}

/* What the field shows: what was typed, or its default. */
static void
add_shown(struct text *t, const struct visit *v, struct pawl_doc field, const char *name)
{
	const struct pawl_host *h = v->approval->host;
	char *key;

	text_add(t, "", 0);
	if (!v->post) {
		add_value(t, h, h->doc_get(h, field, "default"));
		return;
	}
	key = text_format("f.%s", name);
	add_value(t, h, h->doc_get(h, v->given, key));
	free(key);
}

static void
add_error(struct text *t, const char *id, const char *error)
{
	text_addf(t, "<p class=\"error\" id=\"%s\">Error: ", id);
	add_text(t, error);
	text_adds(t, "</p>\n");
}

static void
add_field(struct text *t, const struct visit *v, struct pawl_doc key, struct pawl_doc field, int n,
    struct pawl_doc errors)
{
	const struct pawl_host *h = v->approval->host;
	char *name = h->doc_string(h, key, NULL);
	char *error = docs_string(h, errors, name);
	struct text shown = { 0 }, escaped = { 0 };
	char *more = error != NULL
	    ? text_format(" aria-invalid=\"true\" aria-describedby=\"e%d\"", n)
	    : text_format("%s", "");
	char *id = text_format("e%d", n);

	add_shown(&shown, v, field, name);
	add_value(&escaped, h, key);
	text_addf(t, "<label for=\"f%d\">", n);
	add_value(t, h, docs_has(h, field, "title") ? h->doc_get(h, field, "title") : key);
	text_addf(t, "%s</label>\n", form_is_required(h, v->view->form, key) ? " (required)" : "");
	if (docs_has(h, field, "description")) {
		text_adds(t, "<p class=\"hint\">");
		add_value(t, h, h->doc_get(h, field, "description"));
		text_adds(t, "</p>\n");
	}
	if (error != NULL)
		add_error(t, id, error);
	add_input(t, h, field, n, escaped.s, shown.s, more);
	text_fini(&shown);
	text_fini(&escaped);
	free(more);
	free(id);
	h->free(h, error);
	h->free(h, name);
}

/* The whole request with its form; problem: about the decision and comment, or NULL. */
static void
page_show(struct visit *v, int status, const char *problem, struct pawl_doc errors)
{
	const struct pawl_host *h = v->approval->host;
	const struct visit_view *w = v->view;
	struct pawl_doc_iter it = { .of = h->doc_get(h, w->form, "properties") };
	struct text t = { 0 };

	page_begin(&t, w->title);
	if (*w->body != '\0') {
		text_adds(&t, "<p class=\"text\">");
		add_text(&t, w->body);
		text_adds(&t, "</p>\n");
	}
	add_data(&t, h, w->data);
	text_adds(&t, "<p>You decide as <strong>");
	add_text(&t, w->name);
	text_addf(&t, "</strong>. %s of %s must approve.", w->quorum, w->approvers);
	if (w->deadline != NULL)
		text_addf(&t, " Open until %s.", w->deadline);
	text_adds(&t, "</p>\n<form method=\"post\" action=\"\" accept-charset=\"utf-8\">\n");
	if (problem != NULL || errors.block_ != NULL)
		text_adds(&t,
		    "<p class=\"error\" role=\"alert\">Nothing was decided yet. See what is marked as an error.</p>\n");
	for (int n = 1; h->doc_next(h, &it); n++)
		add_field(&t, v, it.key, it.value, n, errors);
	text_addf(&t, "<label for=\"c\">Comment%s</label>\n",
	    w->comment_required ? " (required)" : "");
	if (problem != NULL)
		add_error(&t, "ec", problem);
	text_addf(&t, "<textarea id=\"c\" name=\"comment\" rows=\"3\" maxlength=\"%d\"%s>\n",
	    APPROVAL_COMMENT_MAX,
	    problem != NULL ? " aria-invalid=\"true\" aria-describedby=\"ec\"" : "");
	add_text(&t, v->comment);
	text_adds(&t,
	    "</textarea>\n<button class=\"yes\" type=\"submit\" name=\"decision\" value=\"approved\">Approve</button>\n"
	    "<button type=\"submit\" name=\"decision\" value=\"rejected\">Reject</button>\n</form>\n");
	page_send(v->approval, v->id, v, status, &t);
}

/* --- the visit ------------------------------------------------------------------------------------- */

static bool
page_failed(struct visit *v, const struct pawl_sql_answer *answer)
{
	v->sql = 0;
	if (answer->result == PAWL_SQL_OK)
		return false;
	v->approval->host->log(v->approval->host, PAWL_LOG_WARN, 0, "a page could not be shown: %s",
	    answer->message);
	page_say(v->approval, v->id, v, 503, "Not now",
	    "This does not work at the moment. Please try again in a minute.");
	return true;
}

static void
page_decided(void *arg, const struct pawl_sql_answer *answer)
{
	struct visit *v = arg;

	if (!page_failed(v, answer))
		page_say_outcome(v, approval_value(&answer->sets[0], 0, 0));
}

/* The posted fields, whose names begin with "f.", as an object. */
static struct pawl_doc
posted_fields(const struct pawl_host *h, struct pawl_doc given)
{
	struct pawl_doc_iter it = { .of = given };
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		if (strncmp(name, "f.", 2) == 0)
			docs_add_doc(h, b, name + 2, it.value);
		h->free(h, name);
	}
	h->build_end(b);
	return h->build_finish(b);
}

static void
page_decide(struct visit *v)
{
	const struct pawl_host *h = v->approval->host;
	const char *problem = visit_problem(v);
	struct pawl_doc fields, values = PAWL_NO_DOC, errors = PAWL_NO_DOC;

	/* who rejects need not fill in the form */
	if (v->decision == NULL || strcmp(v->decision, "rejected") != 0) {
		fields = posted_fields(h, v->given);
		values = form_read(h, v->view->form, fields, true, &errors);
		h->doc_unref(h, fields);
	}
	if (problem != NULL || errors.block_ != NULL)
		page_show(v, 422, problem, errors);
	else
		visit_decide(v, values, "link", page_decided);
	h->doc_unref(h, values);
	h->doc_unref(h, errors);
}

static void
page_seen(void *arg, const struct pawl_sql_answer *answer)
{
	struct visit *v = arg;

	if (page_failed(v, answer))
		return;
	if (!visit_see(v, &answer->sets[0]))
		page_say_outcome(v, "missing");
	else if (v->view->decision != NULL)
		page_say_outcome(v, "again");
	else if (strcmp(v->view->state, "open") != 0)
		page_say_outcome(v, v->view->state);
	else if (v->post)
		page_decide(v);
	else
		page_show(v, 200, NULL, PAWL_NO_DOC);
}

static char *
take(const struct pawl_host *h, struct pawl_doc given, const char *name)
{
	char *s = docs_string(h, given, name), *copy = s != NULL ? text_format("%s", s) : NULL;

	h->free(h, s);
	return copy;
}

/* False: the post was refused, and answered. */
static bool
page_read_post(struct approval *a, const struct pawl_http_call *c, struct pawl_doc *given)
{
	const char *type = visit_header(c, "content-type");

	if (visit_is_foreign(a, c)) {
		page_say(a, c->id, NULL, 403, "Not from here",
		    "Another page sent this decision, so it does not count. Open the link and decide there.");
	} else if (c->body_len > APPROVAL_BODY_MAX) {
		page_say(a, c->id, NULL, 413, "Too much", "This is more than the form takes.");
	} else if (type == NULL ||
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0) {
		page_say(a, c->id, NULL, 415, "Not a form",
		    "A decision is sent with the form of this page.");
	} else {
		*given = visit_read_form(a->host, c->body, c->body_len);
		if (given->block_ != NULL)
			return true;
		page_say(a, c->id, NULL, 400, "Not a form",
		    "What was sent is no form, or has characters that are not allowed.");
	}
	return false;
}

void
page_called(void *approval, const struct pawl_http_call *c)
{
	struct approval *a = approval;
	const struct pawl_host *h = a->host;
	const char *link = c->path + strlen(ROUTE);
	bool post = strcmp(c->method, "POST") == 0;
	char nonce[LINK_NONCE_SIZE];
	struct pawl_doc given = PAWL_NO_DOC;
	struct visit *v;

	if (!post && strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0) {
		h->reply(h, c->id, 405, NULL, "Allow: GET, HEAD, POST\r\n", "", 0);
		return;
	}
	if (!link_read(a->key, link, strlen(link), nonce)) {
		const struct visit_outcome *o = visit_outcome("missing");

		page_say(a, c->id, NULL, o->status, o->title, o->text);
		return;
	}
	if (post && !page_read_post(a, c, &given))
		return;
	v = visit_open(a, c);
	v->post = post;
	v->given = given;
	v->decision = take(h, given, "decision");
	if (docs_has(h, given, "comment")) {
		free(v->comment);
		v->comment = take(h, given, "comment");
	}
	visit_query(v, QUERY_look, (const char *const[]){ nonce, NULL, NULL }, page_seen);
}
