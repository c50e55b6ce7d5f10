/*
 * http - arn:aws:states:::http:invoke and apigateway:invoke: tasks that call an HTTP service.
 *
 * A call goes through: parameters checked -> request built (form.c) -> the connection
 * added, which wins -> pawld's HTTP client -> the answer as a document. What comes from
 * a connection is secret: it is never logged, and taken out of what the service
 * sends back before that becomes a result or a cause.
 */
#include <pawl/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "envelope.h"
#include "http.h"

static const struct pawl_option http_options[] = {
	{ "connections", PAWL_TABLE, NULL, "Credentials by name, which a ConnectionArn selects." },
	{ "timeout", PAWL_DURATION, "60s", "How long one call may take." },
	{ "max_response", PAWL_BYTES, "8 MiB", "Largest response body." },
	{ "allow_http", PAWL_BOOL, "true", "Whether endpoints may be plain http, without TLS." },
	{ "ca_file", PAWL_STRING, "",
	    "PEM file of certificate authorities to trust instead of the system's." },
	{ NULL, 0, NULL, NULL },
};

struct http;

/* A task whose answer is awaited. */
struct http_call {
	struct http_call *next;
	struct http *http;
	uint64_t task, exchange;
	bool gateway; /* apigateway:invoke: its errors have other names */
	bool by_token;
	struct http_secrets secrets;
};

struct http {
	const struct pawl_host *host;
	struct http_call *calls;
};

/* --- life ---------------------------------------------------------------------- */

static int
http_init(const struct pawl_host *h, void **state)
{
	struct http *p;
	char *why = http_connections_problem(h, h->option_doc(h, "connections"));
	int rc;

	if (why != NULL) {
		rc = h->refuse(h, "%s", why);
		free(why);
		return rc;
	}
	p = text_alloc(sizeof(*p));
	p->host = h;
	*state = p;
	return 0;
}

/* What is wrong after a reload fails the tasks that use it; here it is said once. */
static void
http_reload(void *state)
{
	const struct pawl_host *h = ((struct http *)state)->host;
	char *why = http_connections_problem(h, h->option_doc(h, "connections"));

	if (why != NULL)
		h->log(h, PAWL_LOG_ERROR, 0, "%s", why);
	free(why);
}

static void
call_free(struct http_call *c)
{
	struct http_call **at = &c->http->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	http_secrets_fini(&c->secrets);
	free(c);
}

static void
http_cancel(void *state, uint64_t task)
{
	struct http *p = state;
	struct http_call *c = p->calls;

	while (c != NULL && c->task != task)
		c = c->next;
	if (c == NULL)
		return;
	p->host->http_cancel(p->host, c->exchange);
	call_free(c);
}

static void
http_stop(void *state)
{
	struct http *p = state;

	while (p->calls != NULL)
		http_cancel(p, p->calls->task);
	free(p);
}

/* --- the answer ------------------------------------------------------------------ */

static bool
is_text_type(const char *type)
{
	static const char *const texts[] = { "application/json", "application/xml",
		"application/javascript", "application/x-www-form-urlencoded", "application/yaml",
		"application/x-ndjson", "application/graphql" };
	size_t len = strcspn(type, "; \t");

	if (len == 0 || strncasecmp(type, "text/", 5) == 0)
		return true;
	if (len > 5 &&
	    (strncasecmp(type + len - 5, "+json", 5) == 0 ||
		strncasecmp(type + len - 4, "+xml", 4) == 0))
		return true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strlen(texts[i]) == len && strncasecmp(type, texts[i], len) == 0)
			return true;
	return false;
}

static const char *
answer_header(const struct pawl_http_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	return "";
}

static bool
is_repeated(const struct pawl_http_answer *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(a->headers[k].name, a->headers[i].name) == 0)
			return true;
	return false;
}

static void
add_headers(const struct pawl_host *h, struct pawl_builder *b, const struct http_call *c,
    const struct pawl_http_answer *a)
{
	h->build_object(b);
	for (size_t i = 0; i < a->nheaders; i++) {
		if (is_repeated(a, i))
			continue;
		h->build_key(b, a->headers[i].name);
		h->build_array(b);
		for (size_t k = i; k < a->nheaders; k++) {
			struct text value = { 0 };

			if (strcasecmp(a->headers[k].name, a->headers[i].name) != 0)
				continue;
			http_redact(&c->secrets, a->headers[k].value, strlen(a->headers[k].value),
			    &value);
			h->build_string(b, value.s, value.len);
			text_fini(&value);
		}
		h->build_end(b);
	}
	h->build_end(b);
}

static void
succeed(const struct http_call *c, const struct pawl_http_answer *a, const struct text *body)
{
	const struct pawl_host *h = c->http->host;
	struct pawl_doc parsed = h->doc_parse(h, body->s, body->len, NULL);
	struct pawl_builder *b = h->build(h);
	struct pawl_doc result;

	h->build_object(b);
	h->build_key(b, "Headers");
	add_headers(h, b, c, a);
	h->build_key(b, "ResponseBody");
	if (parsed.block_ != NULL)
		h->build_doc(b, parsed);
	else
		h->build_string(b, body->s, body->len);
	h->build_key(b, "StatusCode");
	h->build_int(b, a->status);
	h->build_key(b, "StatusText");
	h->build_string(b, a->status_text, strlen(a->status_text));
	h->build_end(b);
	result = h->build_finish(b);
	if (c->by_token)
		h->submitted(h, c->task, result);
	else
		h->succeed(h, c->task, result);
	h->doc_unref(h, result);
	h->doc_unref(h, parsed);
}

/* A cause must be UTF-8 like every text of a history. */
static void
fail_with_text(const struct http_call *c, const char *error, const char *s, size_t len)
{
	const struct pawl_host *h = c->http->host;
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *cause;

	h->build_string(b, s, strnlen(s, len));
	d = h->build_finish(b);
	cause = h->doc_string(h, d, NULL);
	h->fail(h, c->task, error, cause);
	h->free(h, cause);
	h->doc_unref(h, d);
}

static const char *
socket_error(const struct http_call *c)
{
	return c->gateway ? "ApiGateway.SdkClientException" : "States.Http.Socket";
}

static void
fail_without_answer(const struct http_call *c, const char *message)
{
	const struct pawl_host *h = c->http->host;
	struct text cause = { 0 };

	if (c->gateway)
		text_adds(&cause, "Unable to execute HTTP request: ");
	text_adds(&cause, message);
	h->fail(h, c->task, socket_error(c), cause.s);
	text_fini(&cause);
}

static void
answer_response(const struct http_call *c, const struct pawl_http_answer *a)
{
	const struct pawl_host *h = c->http->host;
	const char *type = answer_header(a, "Content-Type");
	struct text body = { 0 };
	char error[64], cause[256];

	http_redact(&c->secrets, a->body, a->body_len, &body);
	if (a->status >= 300) {
		snprintf(error, sizeof(error), "%s.%d",
		    c->gateway ? "ApiGateway" : "States.Http.StatusCode", a->status);
		fail_with_text(c, error, body.len > 0 ? body.s : a->status_text,
		    body.len > 0 ? body.len : strlen(a->status_text));
	} else if (a->body_len > 0 &&
	    (!is_text_type(type) || !text_is_utf8(a->body, a->body_len))) {
		snprintf(cause, sizeof(cause),
		    "The response is neither JSON nor text: its content type is '%.100s'", type);
		h->fail(h, c->task, socket_error(c), cause);
	} else {
		succeed(c, a, &body);
	}
	text_fini(&body);
}

static void
call_answered(void *arg, const struct pawl_http_answer *a)
{
	struct http_call *c = arg;
	const struct pawl_host *h = c->http->host;

	switch (a->result) {
	case PAWL_HTTP_OK:
		h->log(h, PAWL_LOG_DEBUG, c->task, "answered %d", a->status);
		answer_response(c, a);
		break;
	case PAWL_HTTP_TOO_LARGE:
		h->fail(h, c->task, "States.DataLimitExceeded", a->message);
		break;
	case PAWL_HTTP_BAD_REQUEST:
		h->fail(h, c->task, "States.Runtime", a->message);
		break;
	default:
		h->log(h, PAWL_LOG_INFO, c->task, "%s", a->message);
		fail_without_answer(c, a->message);
		break;
	}
	call_free(c);
}

/* --- the call -------------------------------------------------------------------- */

static void
refuse_task(const struct http *p, const struct pawl_task *t, const struct http_problem *why)
{
	const struct pawl_host *h = p->host;

	if (why->error != NULL)
		h->fail(h, t->id, why->error, why->text.s);
	else
		envelope_refuse(h, t, why->text.s);
}

/* With the keys for AWS; -1 and why when there are none. */
static int
sign_for_gateway(const struct pawl_host *h, struct pawl_http_request *q, struct http_problem *why)
{
	q->aws_service = "execute-api";
	q->aws_region = h->setting(h, "region");
	q->aws_access_key_id = h->setting(h, "aws_access_key_id");
	q->aws_secret_access_key = h->setting(h, "aws_secret_access_key");
	if (*q->aws_access_key_id != '\0')
		return 0;
	why->error = "States.Runtime";
	text_adds(&why->text,
	    "AuthType asks for a signature, and there are no AWS credentials: set aws_access_key_id and "
	    "aws_secret_access_key in pawl.conf");
	return -1;
}

static int
build(const struct http_call *c, const struct pawl_task *t, struct http_request *r,
    struct http_secrets *secrets, struct pawl_http_request *q, struct http_problem *why)
{
	const struct pawl_host *h = c->http->host;
	bool sign = false;
	int rc = c->gateway ? http_gateway_build(h, t, r, &sign, why)
			    : http_request_build(h, t, r, secrets, why);

	if (rc != 0 || (sign && sign_for_gateway(h, q, why) != 0))
		return -1;
	q->method = r->method;
	q->url = r->url.s;
	q->headers = r->headers.list;
	q->nheaders = r->headers.n;
	q->body = r->has_body ? r->body.s : NULL;
	q->body_len = r->body.len;
	q->timeout_ms = h->option_int(h, "timeout");
	q->max_response = (size_t)h->option_int(h, "max_response");
	q->ca_file = h->option_string(h, "ca_file");
	return 0;
}

static void
http_start(void *state, const struct pawl_task *t)
{
	struct http *p = state;
	struct pawl_http_request q = { .size = sizeof(q) };
	struct http_request r = { 0 };
	struct http_problem why = { 0 };
	struct http_call *c = text_alloc(sizeof(*c));

	c->http = p;
	c->task = t->id;
	c->gateway = http_is_gateway(t);
	c->by_token = t->pattern == PAWL_TOKEN;
	c->next = p->calls;
	p->calls = c;
	if (build(c, t, &r, &c->secrets, &q, &why) != 0) {
		call_free(c);
		refuse_task(p, t, &why);
	} else {
		c->exchange = p->host->http_start(p->host, &q, call_answered, c);
	}
	http_request_fini(&r);
	text_fini(&why.text);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "http",
	.version = "1.0",
	.resources =
	    "arn:aws:states:::http:invoke arn:aws-cn:states:::http:invoke arn:aws-us-gov:states:::http:invoke "
	    "arn:aws:states:::apigateway:invoke arn:aws-cn:states:::apigateway:invoke "
	    "arn:aws-us-gov:states:::apigateway:invoke",
	.patterns = PAWL_REQUEST | PAWL_TOKEN,
	.after_crash = PAWL_AGAIN,
	.options = http_options,
	.init = http_init,
	.start = http_start,
	.cancel = http_cancel,
	.stop = http_stop,
	.reload = http_reload,
};
