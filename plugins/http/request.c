/*
 * request - the HTTP request that a task's parameters describe.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

int
http_build_bad(struct http_build *b, const char *sentence, const char *name)
{
	text_adds(&b->why->text, sentence);
	if (name != NULL) {
		text_adds(&b->why->text, name);
		text_adds(&b->why->text, "\"");
	}
	return -1;
}

struct pawl_doc
http_build_get(const struct http_build *b, const char *name)
{
	return b->h->doc_get(b->h, b->parameters, name);
}

/* --- headers and URLs ---------------------------------------------------------------- */

static char *
copy_of(const char *s)
{
	struct text t = { 0 };

	text_adds(&t, s);
	return t.s;
}

static void
wipe(const char *s)
{
	char *mine = (char *)(uintptr_t)s;

	explicit_bzero(mine, strlen(mine));
	free(mine);
}

void
http_headers_add(struct http_headers *headers, const char *name, const char *value)
{
	struct pawl_http_header *grown = text_alloc((headers->n + 1) * sizeof(*grown));

	if (headers->n > 0)
		memcpy(grown, headers->list, headers->n * sizeof(*grown));
	free(headers->list);
	headers->list = grown;
	grown[headers->n++] = (struct pawl_http_header){ copy_of(name), copy_of(value) };
}

void
http_headers_set(struct http_headers *headers, const char *name, const char *value)
{
	size_t kept = 0;

	for (size_t i = 0; i < headers->n; i++) {
		if (strcasecmp(headers->list[i].name, name) == 0) {
			wipe(headers->list[i].name);
			wipe(headers->list[i].value);
		} else {
			headers->list[kept++] = headers->list[i];
		}
	}
	headers->n = kept;
	http_headers_add(headers, name, value);
}

static const char *
headers_get(const struct http_headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->n; i++)
		if (strcasecmp(headers->list[i].name, name) == 0)
			return headers->list[i].value;
	return NULL;
}

void
http_request_fini(struct http_request *r)
{
	for (size_t i = 0; i < r->headers.n; i++) {
		wipe(r->headers.list[i].name);
		wipe(r->headers.list[i].value);
	}
	free(r->headers.list);
	text_fini(&r->url);
	text_fini(&r->body);
}

static void
remove_query(struct text *url, const char *encoded_name)
{
	size_t len = strlen(encoded_name);
	char *q = strchr(url->s, '?');
	struct text left = { 0 };
	const char *s, *between = "?";

	if (q == NULL)
		return;
	text_add(&left, url->s, (size_t)(q - url->s));
	for (s = q + 1; *s != '\0'; s += *s == '&') {
		size_t n = strcspn(s, "&");

		if (!(n >= len && memcmp(s, encoded_name, len) == 0 &&
			(n == len || s[len] == '='))) {
			text_adds(&left, between);
			text_add(&left, s, n);
			between = "&";
		}
		s += n;
	}
	text_fini(url);
	*url = left;
}

void
http_url_add_query(struct text *url, const char *name, const char *value, bool replace)
{
	struct text encoded = { 0 };

	text_add_encoded(&encoded, name, strlen(name), false);
	if (replace)
		remove_query(url, encoded.s);
	text_adds(url, strchr(url->s, '?') == NULL ? "?" : "&");
	text_adds(url, encoded.s);
	text_adds(url, "=");
	text_add_encoded(url, value, strlen(value), false);
	text_fini(&encoded);
}

/* --- the fields ------------------------------------------------------------------------ */

int
http_build_fields(struct http_build *b, const char *const *known)
{
	struct pawl_doc_iter it = { .of = b->parameters };

	if (b->h->doc_type(b->h, b->parameters) != PAWL_DOC_OBJECT)
		return http_build_bad(b, "The parameters must be an object", NULL);
	while (b->h->doc_next(b->h, &it)) {
		size_t i;

		for (i = 0; known[i] != NULL && !b->h->doc_is(b->h, it.key, known[i]); i++)
			;
		if (known[i] == NULL) {
			char *name = b->h->doc_string(b->h, it.key, NULL);

			http_build_bad(b, "The field \"", name);
			text_adds(&b->why->text, " is not supported by Step Functions");
			b->h->free(b->h, name);
			return -1;
		}
	}
	return 0;
}

static int
build_url(struct http_build *b)
{
	const struct pawl_host *h = b->h;
	char *url = h->doc_string(h, http_build_get(b, "ApiEndpoint"), NULL);
	bool https;

	if (url == NULL)
		return http_build_bad(b, "The field 'ApiEndpoint' is required and must be a string",
		    NULL);
	url[strcspn(url, "#")] = '\0';
	text_adds(&b->r->url, url);
	h->free(h, url);
	https = strncasecmp(b->r->url.s, "https://", 8) == 0;
	if (!https && strncasecmp(b->r->url.s, "http://", 7) != 0)
		return http_build_bad(b,
		    "The value of the field 'ApiEndpoint' must be a URL that begins with https:// or http://",
		    NULL);
	if (!https && !h->option_bool(h, "allow_http"))
		return http_build_bad(b,
		    "The value of the field 'ApiEndpoint' must be a URL that begins with https://",
		    NULL);
	return 0;
}

int
http_build_method(struct http_build *b)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
		"HEAD" };
	struct pawl_doc method = http_build_get(b, "Method");

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (b->h->doc_is(b->h, method, methods[i]))
			b->r->method = methods[i];
	if (b->r->method == NULL)
		return http_build_bad(b,
		    "The field 'Method' is required and must be one of GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD",
		    NULL);
	return 0;
}

bool
http_header_is_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++) {
		size_t len = strlen(*list);

		if (strncasecmp(name, *list, len) == 0 &&
		    ((*list)[len - 1] == '-' || name[len] == '\0'))
			return true;
	}
	return false;
}

/* Headers that the client owns or that speak for somebody else. */
static bool
is_forbidden(const char *name)
{
	static const char *const forbidden[] = { "A-IM", "Accept-Charset", "Accept-Datetime",
		"Accept-Encoding", "Authorization", "Cache-Control", "Connection",
		"Content-Encoding", "Content-Length", "Content-MD5", "Date", "Expect", "Forwarded",
		"From", "Host", "HTTP2-Settings", "If-", "Max-Forwards", "Origin", "Pragma",
		"Proxy-", "Referer", "Server", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
		"Via", "Warning", "X-Forwarded-", "x-amz-", "x-amzn-", NULL };

	return http_header_is_of(name, forbidden);
}

static int
build_header(struct http_build *b, const char *name, struct pawl_doc value)
{
	struct pawl_doc_iter it = { .of = value };
	struct text text = { 0 };

	if (is_forbidden(name)) {
		http_build_bad(b, "The header \"", name);
		text_adds(&b->why->text, " is not allowed in the field 'Headers'");
		return -1;
	}
	if (b->h->doc_type(b->h, value) == PAWL_DOC_OBJECT)
		return http_build_bad(b, "The value of the field 'Headers' has an invalid format",
		    NULL);
	if (b->h->doc_type(b->h, value) == PAWL_DOC_ARRAY) {
		while (b->h->doc_next(b->h, &it))
			if (build_header(b, name, it.value) != 0)
				return -1;
		return 0;
	}
	http_scalar_text(b->h, value, &text);
	http_headers_add(&b->r->headers, name, text.s);
	text_fini(&text);
	return 0;
}

static int
build_headers(struct http_build *b)
{
	struct pawl_doc_iter it = { .of = http_build_get(b, "Headers") };
	enum pawl_doc_type type = b->h->doc_type(b->h, it.of);
	int rc = 0;

	if (type != PAWL_DOC_OBJECT && type != PAWL_DOC_NONE && type != PAWL_DOC_NULL)
		return http_build_bad(b, "The value of the field 'Headers' has an invalid format",
		    NULL);
	while (rc == 0 && b->h->doc_next(b->h, &it)) {
		char *name = b->h->doc_string(b->h, it.key, NULL);

		rc = build_header(b, name, it.value);
		b->h->free(b->h, name);
	}
	return rc;
}

static void
add_query(struct http_build *b, const char *name, struct pawl_doc value)
{
	struct pawl_doc_iter it = { .of = value };
	struct text text = { 0 };

	if (b->h->doc_type(b->h, value) == PAWL_DOC_ARRAY) {
		while (b->h->doc_next(b->h, &it))
			add_query(b, name, it.value);
		return;
	}
	http_scalar_text(b->h, value, &text);
	http_url_add_query(&b->r->url, name, text.s, false);
	text_fini(&text);
}

static int
build_query(struct http_build *b)
{
	struct pawl_doc_iter it = { .of = http_build_get(b, "QueryParameters") };
	enum pawl_doc_type type = b->h->doc_type(b->h, it.of);

	if (type != PAWL_DOC_OBJECT && type != PAWL_DOC_NONE && type != PAWL_DOC_NULL)
		return http_build_bad(b,
		    "The value of the field 'QueryParameters' has an invalid format", NULL);
	while (b->h->doc_next(b->h, &it)) {
		char *name = b->h->doc_string(b->h, it.key, NULL);

		add_query(b, name, it.value);
		b->h->free(b->h, name);
	}
	return 0;
}

/* --- the body ------------------------------------------------------------------------- */

static int
array_format(struct http_build *b, struct pawl_doc transform, enum http_array_format *out)
{
	static const char *const names[] = { "INDICES", "REPEAT", "COMMAS", "BRACKETS" };
	struct pawl_doc options = b->h->doc_get(b->h, transform, "RequestEncodingOptions");
	struct pawl_doc format = b->h->doc_get(b->h, options, "ArrayFormat");

	*out = HTTP_INDICES;
	if (format.block_ == NULL)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		if (b->h->doc_is(b->h, format, names[i])) {
			*out = (enum http_array_format)i;
			return 0;
		}
	}
	return http_build_bad(b,
	    "The field 'ArrayFormat' must be one of INDICES, REPEAT, COMMAS, BRACKETS", NULL);
}

static int
build_form(struct http_build *b, struct pawl_doc transform, struct pawl_doc body)
{
	const char *type = headers_get(&b->r->headers, "Content-Type");
	enum http_array_format format;

	if (array_format(b, transform, &format) != 0)
		return -1;
	if (type != NULL && strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) != 0)
		return http_build_bad(b,
		    "With the body encoding URL_ENCODED the header Content-Type must be " FORM_TYPE,
		    NULL);
	if (b->h->doc_type(b->h, body) != PAWL_DOC_OBJECT)
		return http_build_bad(b,
		    "With the body encoding URL_ENCODED the field 'RequestBody' must be an object",
		    NULL);
	if (type == NULL)
		http_headers_add(&b->r->headers, "Content-Type", FORM_TYPE);
	http_form_encode(b->h, body, format, &b->r->body);
	b->r->has_body = true;
	return 0;
}

void
http_build_json(struct http_build *b, struct pawl_doc body)
{
	const char *type = headers_get(&b->r->headers, "Content-Type");
	size_t len;
	char *text;

	if (type != NULL && strstr(type, "json") == NULL &&
	    b->h->doc_type(b->h, body) == PAWL_DOC_STRING)
		text = b->h->doc_string(b->h, body, &len);
	else
		text = b->h->doc_text(b->h, body, &len);
	text_add(&b->r->body, text, len);
	b->h->free(b->h, text);
	if (type == NULL)
		http_headers_add(&b->r->headers, "Content-Type", "application/json");
	b->r->has_body = true;
}

static int
build_body(struct http_build *b)
{
	struct pawl_doc body = http_build_get(b, "RequestBody");
	struct pawl_doc transform = http_build_get(b, "Transform");
	struct pawl_doc encoding = b->h->doc_get(b->h, transform, "RequestBodyEncoding");

	if (encoding.block_ != NULL && !b->h->doc_is(b->h, encoding, "NONE") &&
	    !b->h->doc_is(b->h, encoding, "URL_ENCODED"))
		return http_build_bad(b,
		    "The field 'RequestBodyEncoding' must be one of NONE, URL_ENCODED", NULL);
	if (body.block_ == NULL)
		return 0;
	if (b->h->doc_is(b->h, encoding, "URL_ENCODED"))
		return build_form(b, transform, body);
	http_build_json(b, body);
	return 0;
}

/* --- all of it ------------------------------------------------------------------------ */

static int
build_connection(struct http_build *b, struct http_secrets *secrets)
{
	static const char *const places[] = { "InvocationConfig", "Authentication" };

	for (size_t i = 0; i < 2; i++) {
		struct pawl_doc named =
		    b->h->doc_get(b->h, http_build_get(b, places[i]), "ConnectionArn");
		struct pawl_doc connection;
		char *arn = b->h->doc_string(b->h, named, NULL);

		if (arn == NULL)
			continue;
		connection = http_connection_find(b->h, arn, b->why);
		b->h->free(b->h, arn);
		if (connection.block_ == NULL)
			return -1;
		http_connection_apply(b->h, connection, b->r, secrets);
		return 0;
	}
	return 0;
}

void
http_build_own_headers(struct http_build *b, const struct pawl_task *t, const char *what)
{
	struct text agent = { 0 };

	text_adds(&agent, "Amazon|StepFunctions|");
	text_adds(&agent, what);
	text_adds(&agent, "|");
	text_adds(&agent, b->h->setting(b->h, "region"));
	http_headers_set(&b->r->headers, "User-Agent", agent.s);
	text_fini(&agent);
	if (headers_get(&b->r->headers, "Idempotency-Key") == NULL && *t->idempotency_key != '\0')
		http_headers_add(&b->r->headers, "Idempotency-Key", t->idempotency_key);
}

int
http_request_build(const struct pawl_host *h, const struct pawl_task *t, struct http_request *r,
    struct http_secrets *secrets, struct http_problem *why)
{
	static const char *const known[] = { "ApiEndpoint", "Method", "Authentication",
		"InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform",
		NULL };
	struct http_build b = { h, t->parameters, r, why };

	if (http_build_fields(&b, known) != 0 || build_url(&b) != 0 || http_build_method(&b) != 0 ||
	    build_headers(&b) != 0 || build_query(&b) != 0 || build_body(&b) != 0 ||
	    build_connection(&b, secrets) != 0)
		return -1;
	http_build_own_headers(&b, t, "HttpInvoke");
	return 0;
}
