/*
 * gateway - arn:aws:states:::apigateway:invoke: the request that its parameters describe.
 *
 * The same call as http:invoke's with other names: the address is a host, a stage and a path; headers and
 * query parameters are lists of values.
 */
#include <string.h>
#include <strings.h>

#include "http.h"

bool
http_is_gateway(const struct pawl_task *t)
{
	return strstr(t->base, ":apigateway:") != NULL;
}

/* Stage and path go behind the host, each with one slash before it. */
static void
add_part(struct text *url, const char *part)
{
	part += strspn(part, "/");
	if (*part == '\0')
		return;
	text_adds(url, "/");
	text_adds(url, part);
}

static int
add_named_part(struct http_build *b, const char *name)
{
	struct pawl_doc d = http_build_get(b, name);
	char *part;

	if (d.block_ == NULL || b->h->doc_type(b->h, d) == PAWL_DOC_NULL)
		return 0;
	if ((part = b->h->doc_string(b->h, d, NULL)) == NULL) {
		http_build_bad(b, "The value of the field '", NULL);
		text_adds(&b->why->text, name);
		text_adds(&b->why->text, "' must be a string");
		return -1;
	}
	part[strcspn(part, "#?")] = '\0';
	add_part(&b->r->url, part);
	b->h->free(b->h, part);
	return 0;
}

static int
build_url(struct http_build *b)
{
	const struct pawl_host *h = b->h;
	char *host = h->doc_string(h, http_build_get(b, "ApiEndpoint"), NULL);
	size_t len;

	if (host == NULL)
		return http_build_bad(b, "The field 'ApiEndpoint' is required and must be a string",
		    NULL);
	/* AWS knows hosts only, by https; whoever runs his own gateway may say http:// */
	if (strncasecmp(host, "https://", 8) != 0 && strncasecmp(host, "http://", 7) != 0)
		text_adds(&b->r->url, "https://");
	len = strlen(host);
	while (len > 0 && host[len - 1] == '/')
		len--;
	text_add(&b->r->url, host, len);
	h->free(h, host);
	if (strncasecmp(b->r->url.s, "http://", 7) == 0 && !h->option_bool(h, "allow_http"))
		return http_build_bad(b,
		    "The value of the field 'ApiEndpoint' must be a host or begin with https://",
		    NULL);
	if (add_named_part(b, "Stage") != 0 || add_named_part(b, "Path") != 0)
		return -1;
	if (strchr(strstr(b->r->url.s, "://") + 3, '/') == NULL)
		text_adds(&b->r->url, "/");
	return 0;
}

/* Those of API Gateway. */
static bool
is_forbidden(const char *name)
{
	static const char *const forbidden[] = { "Authorization", "Connection", "Content-Length",
		"Content-md5", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate", "Server",
		"TE", "Transfer-Encoding", "Trailer", "Upgrade", "Via", "Www-Authenticate",
		"X-Forwarded-", "X-Amz-", "X-Amzn-", NULL };

	return http_header_is_of(name, forbidden);
}

static void
add_header(struct http_build *b, const char *name, const char *value)
{
	http_headers_add(&b->r->headers, name, value);
}

static void
add_query(struct http_build *b, const char *name, const char *value)
{
	http_url_add_query(&b->r->url, name, value, false);
}

typedef void add_cb(struct http_build *b, const char *name, const char *value);

/* Nulls are left out, unless AllowNullValues sends them, empty. */
static int
add_values(struct http_build *b, const char *field, const char *name, struct pawl_doc values,
    add_cb *add)
{
	struct pawl_doc_iter it = { .of = values };
	bool nulls = b->h->doc_true(b->h, http_build_get(b, "AllowNullValues"));
	enum pawl_doc_type type = b->h->doc_type(b->h, values);
	struct text text = { 0 };

	if (type == PAWL_DOC_NULL) {
		if (nulls)
			add(b, name, "");
		return 0;
	}
	if (type != PAWL_DOC_ARRAY) {
		http_build_bad(b, "The value of the field '", NULL);
		text_adds(&b->why->text, field);
		text_adds(&b->why->text, "' has an invalid format");
		return -1;
	}
	while (b->h->doc_next(b->h, &it)) {
		if (b->h->doc_type(b->h, it.value) == PAWL_DOC_NULL && !nulls)
			continue;
		text_fini(&text);
		http_scalar_text(b->h, it.value, &text);
		add(b, name, text.s);
	}
	text_fini(&text);
	return 0;
}

static int
add_all(struct http_build *b, const char *field, add_cb *add)
{
	struct pawl_doc_iter it = { .of = http_build_get(b, field) };
	enum pawl_doc_type type = b->h->doc_type(b->h, it.of);
	int rc = 0;

	if (type == PAWL_DOC_NONE || type == PAWL_DOC_NULL)
		return 0;
	if (type != PAWL_DOC_OBJECT) {
		http_build_bad(b, "The value of the field '", NULL);
		text_adds(&b->why->text, field);
		text_adds(&b->why->text, "' has an invalid format");
		return -1;
	}
	while (rc == 0 && b->h->doc_next(b->h, &it)) {
		char *name = b->h->doc_string(b->h, it.key, NULL);

		if (add == add_header && is_forbidden(name)) {
			http_build_bad(b, "The header \"", name);
			text_adds(&b->why->text, " is not allowed in the field 'Headers'");
			rc = -1;
		} else {
			rc = add_values(b, field, name, it.value, add);
		}
		b->h->free(b->h, name);
	}
	return rc;
}

static int
build_auth(struct http_build *b, bool *sign)
{
	static const char *const types[] = { "NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY" };
	struct pawl_doc type = http_build_get(b, "AuthType");

	*sign = false;
	if (type.block_ == NULL || b->h->doc_is(b->h, type, types[0]))
		return 0;
	if (!b->h->doc_is(b->h, type, types[1]) && !b->h->doc_is(b->h, type, types[2]))
		return http_build_bad(b,
		    "The field 'AuthType' must be one of NO_AUTH, IAM_ROLE, RESOURCE_POLICY", NULL);
	*sign = true;
	return 0;
}

int
http_gateway_build(const struct pawl_host *h, const struct pawl_task *t, struct http_request *r,
    bool *sign, struct http_problem *why)
{
	static const char *const known[] = { "ApiEndpoint", "Method", "Stage", "Path", "Headers",
		"QueryParameters", "RequestBody", "AllowNullValues", "AuthType", NULL };
	struct http_build b = { h, t->parameters, r, why };
	struct pawl_doc body;

	if (http_build_fields(&b, known) != 0 || build_url(&b) != 0 || http_build_method(&b) != 0 ||
	    add_all(&b, "Headers", add_header) != 0 ||
	    add_all(&b, "QueryParameters", add_query) != 0 || build_auth(&b, sign) != 0)
		return -1;
	body = http_build_get(&b, "RequestBody");
	if (body.block_ != NULL && h->doc_type(h, body) != PAWL_DOC_NULL)
		http_build_json(&b, body);
	http_build_own_headers(&b, t, "ApiGatewayInvoke");
	return 0;
}
