/*
 * outcome - what a function's answer becomes in a history: the envelope of
 * lambda:invoke, and errors under Lambda's names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "lambda.h"

#define VERSION "$LATEST"

void *
lambda_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		abort();
	return p;
}

char *
lambda_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	return s;
}

void
lambda_outcome_fini(const struct pawl_host *h, struct lambda_outcome *o)
{
	h->doc_unref(h, o->output);
	free(o->error);
	free(o->cause);
	memset(o, 0, sizeof(*o));
}

/* --- request ids --------------------------------------------------------------------- */

static void
format_id(uint64_t high, uint64_t low, char out[LAMBDA_ID_SIZE])
{
	snprintf(out, LAMBDA_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
	    (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
	    (unsigned)(low >> 48 & 0x3fff) | 0x8000, (unsigned long long)(low & 0xffffffffffff));
}

void
lambda_request_id(char out[LAMBDA_ID_SIZE])
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* 16 bytes are always there */
	format_id(random[0], random[1], out);
}

static uint64_t
mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
lambda_request_id_from(uint64_t seed, char out[LAMBDA_ID_SIZE])
{
	uint64_t high = mix(&seed);

	format_id(high, mix(&seed), out);
}

/* --- the envelope ---------------------------------------------------------------------- */

static void
add_value(const struct pawl_host *h, struct pawl_builder *b, const char *value)
{
	h->build_string(b, value, value != NULL ? strlen(value) : 0);
}

static void
add_string(const struct pawl_host *h, struct pawl_builder *b, const char *key, const char *value)
{
	h->build_key(b, key);
	add_value(h, b, value);
}

static bool
is_repeated(const struct pawl_http_header *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(list[k].name, list[i].name) == 0)
			return true;
	return false;
}

static void
add_all_headers(const struct pawl_host *h, struct pawl_builder *b,
    const struct pawl_http_header *list, size_t n)
{
	h->build_key(b, "AllHttpHeaders");
	h->build_object(b);
	for (size_t i = 0; i < n; i++) {
		if (is_repeated(list, i))
			continue;
		h->build_key(b, list[i].name);
		h->build_array(b);
		for (size_t k = i; k < n; k++)
			if (strcasecmp(list[k].name, list[i].name) == 0)
				add_value(h, b, list[k].value);
		h->build_end(b);
	}
	h->build_end(b);
}

static int
compare_headers(const void *a, const void *b)
{
	const struct pawl_http_header *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

/* One value a name, in the order of names. */
static void
add_headers(const struct pawl_host *h, struct pawl_builder *b, const struct pawl_http_header *list,
    size_t n)
{
	struct pawl_http_header *sorted = lambda_alloc((n + 1) * sizeof(*sorted));

	memcpy(sorted, list, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_headers);
	h->build_key(b, "HttpHeaders");
	h->build_object(b);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcasecmp(sorted[i].name, sorted[i - 1].name) != 0)
			add_string(h, b, sorted[i].name, sorted[i].value);
	h->build_end(b);
	free(sorted);
}

struct envelope {
	const char *executed_version; /* NULL = none */
	const char *log_result;       /* NULL = none */
	struct pawl_doc payload;      /* PAWL_NO_DOC: "" */
	const struct pawl_http_header *headers;
	size_t nheaders;
	const char *request_id;
	int status;
};

static struct pawl_doc
envelope_build(const struct pawl_host *h, const struct envelope *v)
{
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	if (v->executed_version != NULL)
		add_string(h, b, "ExecutedVersion", v->executed_version);
	if (v->log_result != NULL)
		add_string(h, b, "LogResult", v->log_result);
	h->build_key(b, "Payload");
	if (v->payload.block_ != NULL)
		h->build_doc(b, v->payload);
	else
		h->build_string(b, "", 0);
	h->build_key(b, "SdkHttpMetadata");
	h->build_object(b);
	add_all_headers(h, b, v->headers, v->nheaders);
	add_headers(h, b, v->headers, v->nheaders);
	h->build_key(b, "HttpStatusCode");
	h->build_int(b, v->status);
	h->build_end(b);
	h->build_key(b, "SdkResponseMetadata");
	h->build_object(b);
	add_string(h, b, "RequestId", v->request_id);
	h->build_end(b);
	h->build_key(b, "StatusCode");
	h->build_int(b, v->status);
	h->build_end(b);
	return h->build_finish(b);
}

static struct tm
utc(int64_t now_ms)
{
	time_t t = (time_t)(now_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	return tm;
}

/* The headers that AWS's endpoint sends; a call that has no clock has no Date. */
static struct pawl_doc
local_envelope(const struct pawl_host *h, struct pawl_doc payload, int status,
    const char *request_id, int64_t now_ms)
{
	char length[32], date[64], trace[64];
	struct pawl_http_header headers[8] = { { "", "" } };
	struct envelope v = { .executed_version = VERSION,
		.payload = payload,
		.headers = headers,
		.request_id = request_id,
		.status = status };
	size_t len = 0, n = 0;

	if (payload.block_ != NULL)
		h->free(h, h->doc_text(h, payload, &len));
	snprintf(length, sizeof(length), "%zu", len);
	snprintf(trace, sizeof(trace), "Root=1-%.8s-%.12s%.12s;Sampled=0", request_id,
	    request_id + 24, request_id + 24);
	headers[n++] = (struct pawl_http_header){ "X-Amz-Executed-Version", VERSION };
	headers[n++] = (struct pawl_http_header){ "x-amzn-Remapped-Content-Length", "0" };
	headers[n++] = (struct pawl_http_header){ "Connection", "keep-alive" };
	headers[n++] = (struct pawl_http_header){ "x-amzn-RequestId", request_id };
	headers[n++] = (struct pawl_http_header){ "Content-Length", length };
	if (now_ms != 0) {
		struct tm tm = utc(now_ms);

		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		headers[n++] = (struct pawl_http_header){ "Date", date };
	}
	headers[n++] = (struct pawl_http_header){ "X-Amzn-Trace-Id", trace };
	headers[n++] = (struct pawl_http_header){ "Content-Type", "application/json" };
	v.nheaders = n;
	return envelope_build(h, &v);
}

/* --- errors ------------------------------------------------------------------------------ */

static void
fail(struct lambda_outcome *o, const char *error, char *cause)
{
	o->error = lambda_format("%s", error);
	o->cause = cause;
}

static void
fail_service(struct lambda_outcome *o, const char *code, int status, const char *message,
    const char *request_id)
{
	size_t len = strlen(code);
	bool complete = len > 9 && strcmp(code + len - 9, "Exception") == 0;

	o->error = lambda_format("Lambda.%s%s", code, complete ? "" : "Exception");
	o->cause = lambda_format(
	    "%s (Service: AWSLambda; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
	    message, status, code, request_id);
}

/* A payload that names no error type. */
static void
fail_unknown(struct lambda_outcome *o, const char *payload)
{
	fail(o, "Lambda.Unknown",
	    lambda_format(
		"The cause could not be determined because Lambda did not return an error type. "
		"Returned payload: %s",
		payload));
}

static void
fail_unknown_message(const struct pawl_host *h, struct lambda_outcome *o, char *message)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *payload;

	h->build_object(b);
	add_string(h, b, "errorMessage", message);
	h->build_end(b);
	d = h->build_finish(b);
	payload = h->doc_text(h, d, NULL);
	fail_unknown(o, payload);
	h->free(h, payload);
	h->doc_unref(h, d);
	free(message);
}

static void
fail_raised(const struct pawl_host *h, const struct pawl_function_answer *a, const char *request_id,
    struct lambda_outcome *o)
{
	const char *type = a->error_type != NULL ? a->error_type : "Error";
	const char *message = a->error_message != NULL ? a->error_message : "";
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	char *text;

	h->build_object(b);
	add_string(h, b, "errorMessage", message);
	add_string(h, b, "errorType", type);
	add_string(h, b, "requestId", request_id);
	h->build_key(b, "stackTrace");
	if (a->trace.block_ != NULL) {
		h->build_doc(b, a->trace);
	} else {
		h->build_array(b);
		h->build_end(b);
	}
	h->build_end(b);
	d = h->build_finish(b);
	text = h->doc_text(h, d, NULL);
	fail(o, type, lambda_format("%s", text));
	h->free(h, text);
	h->doc_unref(h, d);
}

static char *
timeout_message(const struct pawl_function_answer *a, const char *request_id, int64_t now_ms)
{
	char when[40] = "";
	struct tm tm = utc(now_ms);

	if (a->limit_ms == 0)
		return lambda_format("RequestId: %s Error: Task used up its budget of steps",
		    request_id);
	if (now_ms != 0)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	return lambda_format("%s%s Task timed out after %.2f seconds", when, request_id,
	    (double)a->limit_ms / 1000);
}

void
lambda_missing_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const char *request_id, struct lambda_outcome *o)
{
	char *arn = lambda_function_arn(h, target);
	char *message = lambda_format("Function not found: %s", arn);

	fail_service(o, "ResourceNotFoundException", 404, message, request_id);
	free(message);
	free(arn);
}

/* --- answers of local functions ------------------------------------------------------------ */

void
lambda_local_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_function_answer *a, const char *request_id, int64_t now_ms,
    struct lambda_outcome *o)
{
	switch (a->result) {
	case PAWL_FUNCTION_OK:
		o->output = target->direct ? h->doc_ref(h, a->value)
					   : local_envelope(h, a->value, 200, request_id, now_ms);
		break;
	case PAWL_FUNCTION_RAISED:
		fail_raised(h, a, request_id, o);
		break;
	case PAWL_FUNCTION_TIMEOUT:
		fail_unknown_message(h, o, timeout_message(a, request_id, now_ms));
		break;
	case PAWL_FUNCTION_MEMORY:
		fail_unknown_message(h, o,
		    lambda_format("RequestId: %s Error: Runtime exited with error: out of memory",
			request_id));
		break;
	case PAWL_FUNCTION_CRASHED:
		fail_unknown_message(h, o,
		    lambda_format("RequestId: %s Error: %s", request_id,
			a->error_message != NULL ? a->error_message : "Runtime exited"));
		break;
	case PAWL_FUNCTION_MISSING:
		lambda_missing_outcome(h, target, request_id, o);
		break;
	case PAWL_FUNCTION_BUSY:
		fail_service(o, "TooManyRequestsException", 429, "Rate Exceeded.", request_id);
		break;
	}
}

void
lambda_accepted_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const char *request_id, int64_t now_ms, struct lambda_outcome *o)
{
	o->output = local_envelope(h, PAWL_NO_DOC, target->type == LAMBDA_EVENT ? 202 : 204,
	    request_id, now_ms);
}

/* --- answers of an endpoint -------------------------------------------------------------------- */

static const struct pawl_http_header *
find_header(const struct pawl_http_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return &a->headers[i];
	return NULL;
}

static const char *
header(const struct pawl_http_answer *a, const char *name)
{
	const struct pawl_http_header *found = find_header(a, name);

	return found != NULL ? found->value : NULL;
}

static const char *
request_id_of(const struct pawl_http_answer *a, char fallback[LAMBDA_ID_SIZE])
{
	const char *id = header(a, "x-amzn-RequestId");

	if (id == NULL)
		id = header(a, "x-amz-request-id");
	if (id != NULL)
		return id;
	lambda_request_id(fallback);
	return fallback;
}

/* The document that the body is, or a string of it; owned. */
static struct pawl_doc
payload_of(const struct pawl_host *h, const struct pawl_http_answer *a)
{
	struct pawl_doc d = h->doc_parse(h, a->body, a->body_len, NULL);
	struct pawl_builder *b;

	if (d.block_ != NULL)
		return d;
	b = h->build(h);
	h->build_string(b, a->body, a->body_len);
	return h->build_finish(b);
}

/* "com.amazonaws#Name", "Name:http://..." and "Name" are Name; yours, NULL when there is none. */
static char *
code_of(const struct pawl_host *h, const struct pawl_http_answer *a, struct pawl_doc body)
{
	static const char *const members[] = { "__type", "code", "Code", "Type" };
	const char *named = header(a, "x-amzn-ErrorType");
	char *text = NULL, *code;
	const char *hash;

	for (size_t i = 0; named == NULL && i < 4; i++)
		named = text = h->doc_string(h, h->doc_get(h, body, members[i]), NULL);
	if (named == NULL)
		return NULL;
	hash = strrchr(named, '#');
	named = hash != NULL ? hash + 1 : named;
	code = lambda_format("%.*s", (int)strcspn(named, ":"), named);
	h->free(h, text);
	if (*code == '\0' || strcmp(code, "User") == 0 || strcmp(code, "Service") == 0) {
		free(code); /* "Type" of a Lambda error says who is to blame */
		return NULL;
	}
	return code;
}

static void
fail_response(const struct pawl_host *h, const struct pawl_http_answer *a, struct lambda_outcome *o)
{
	char id[LAMBDA_ID_SIZE];
	struct pawl_doc body = h->doc_parse(h, a->body, a->body_len, NULL);
	char *code = code_of(h, a, body);
	char *message = h->doc_string(h, h->doc_get(h, body, "Message"), NULL);

	if (message == NULL)
		message = h->doc_string(h, h->doc_get(h, body, "message"), NULL);
	fail_service(o,
	    code != NULL           ? code
		: a->status >= 500 ? "ServiceException"
				   : "AWSLambdaException",
	    a->status, message != NULL ? message : a->status_text, request_id_of(a, id));
	free(code);
	h->free(h, message);
	h->doc_unref(h, body);
}

/* The cause is the function's answer as it came, blanks and all; bytes that are no UTF-8 are replaced. */
static void
fail_function(const struct pawl_host *h, const struct pawl_http_answer *a, struct pawl_doc payload,
    struct lambda_outcome *o)
{
	char *type = h->doc_string(h, h->doc_get(h, payload, "errorType"), NULL);
	struct pawl_builder *b = h->build(h);
	struct pawl_doc body;
	char *text;

	h->build_string(b, a->body, strnlen(a->body, a->body_len));
	body = h->build_finish(b);
	text = h->doc_string(h, body, NULL);
	if (type != NULL)
		fail(o, type, lambda_format("%s", text));
	else
		fail_unknown(o, text);
	h->free(h, type);
	h->free(h, text);
	h->doc_unref(h, body);
}

static void
remote_response(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_http_answer *a, struct lambda_outcome *o)
{
	char id[LAMBDA_ID_SIZE];
	struct pawl_doc payload = a->body_len > 0 ? payload_of(h, a) : PAWL_NO_DOC;
	struct envelope v = { .executed_version = header(a, "X-Amz-Executed-Version"),
		.log_result = header(a, "X-Amz-Log-Result"),
		.payload = payload,
		.headers = a->headers,
		.nheaders = a->nheaders,
		.request_id = request_id_of(a, id),
		.status = a->status };

	if (find_header(a, "X-Amz-Function-Error") != NULL)
		fail_function(h, a, payload, o);
	else if (!target->direct)
		o->output = envelope_build(h, &v);
	else if (payload.block_ != NULL)
		o->output = h->doc_ref(h, payload);
	else
		o->output = h->doc_parse(h, "null", 4, NULL);
	h->doc_unref(h, payload);
}

void
lambda_remote_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const struct pawl_http_answer *a, struct lambda_outcome *o)
{
	if (a->result == PAWL_HTTP_TOO_LARGE)
		fail(o, "States.DataLimitExceeded", lambda_format("%s", a->message));
	else if (a->result != PAWL_HTTP_OK)
		fail(o, "Lambda.SdkClientException",
		    lambda_format("Unable to execute HTTP request: %s", a->message));
	else if (a->status >= 300)
		fail_response(h, a, o);
	else
		remote_response(h, target, a, o);
}
