/*
 * outcome - what a function's answer becomes in a history: the envelope of
 * lambda:invoke, and errors under Lambda's names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "docs.h"
#include "envelope.h"
#include "lambda.h"
#include "text.h"

#define VERSION "$LATEST"

void
lambda_outcome_fini(const struct pawl_host *h, struct lambda_outcome *o)
{
	h->doc_unref(h, o->output);
	free(o->error);
	free(o->cause);
	memset(o, 0, sizeof(*o));
}

/* --- the envelope ---------------------------------------------------------------------- */

struct response {
	const char *executed_version; /* NULL = none */
	const char *log_result;       /* NULL = none */
	struct pawl_doc payload;      /* PAWL_NO_DOC: "" */
	struct envelope exchange;
};

static struct pawl_doc
response_build(const struct pawl_host *h, const struct response *r)
{
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	if (r->executed_version != NULL)
		docs_add_string(h, b, "ExecutedVersion", r->executed_version);
	if (r->log_result != NULL)
		docs_add_string(h, b, "LogResult", r->log_result);
	if (r->payload.block_ != NULL)
		docs_add_doc(h, b, "Payload", r->payload);
	else
		docs_add_string(h, b, "Payload", "");
	envelope_add(h, b, &r->exchange);
	docs_add_int(h, b, "StatusCode", r->exchange.status);
	h->build_end(b);
	return h->build_finish(b);
}

/* The headers that AWS's endpoint sends; a call that has no clock has no Date. */
static struct pawl_doc
local_envelope(const struct pawl_host *h, struct pawl_doc payload, int status,
    const char *request_id, int64_t now_ms)
{
	char length[32], date[ENVELOPE_DATE_SIZE], trace[64];
	struct pawl_http_header headers[8] = { { "", "" } };
	struct response r = { .executed_version = VERSION,
		.payload = payload,
		.exchange = { .headers = headers, .request_id = request_id, .status = status } };
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
		envelope_date(now_ms, date);
		headers[n++] = (struct pawl_http_header){ "Date", date };
	}
	headers[n++] = (struct pawl_http_header){ "X-Amzn-Trace-Id", trace };
	headers[n++] = (struct pawl_http_header){ "Content-Type", "application/json" };
	r.exchange.nheaders = n;
	return response_build(h, &r);
}

/* --- errors ------------------------------------------------------------------------------ */

static void
fail(struct lambda_outcome *o, const char *error, char *cause)
{
	o->error = text_format("%s", error);
	o->cause = cause;
}

static void
fail_service(struct lambda_outcome *o, const char *code, int status, const char *message,
    const char *request_id)
{
	struct envelope_error e = { "Lambda", "AWSLambda", code, code, status, message,
		request_id };

	o->error = envelope_error_name(&e);
	o->cause = envelope_error_cause(&e);
}

/* A payload that names no error type. */
static void
fail_unknown(struct lambda_outcome *o, const char *payload)
{
	fail(o, "Lambda.Unknown",
	    text_format(
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
	docs_add_string(h, b, "errorMessage", message);
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
	docs_add_string(h, b, "errorMessage", message);
	docs_add_string(h, b, "errorType", type);
	docs_add_string(h, b, "requestId", request_id);
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
	fail(o, type, text_format("%s", text));
	h->free(h, text);
	h->doc_unref(h, d);
}

static char *
timeout_message(const struct pawl_function_answer *a, const char *request_id, int64_t now_ms)
{
	char when[40] = "";
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	if (a->limit_ms == 0)
		return text_format("RequestId: %s Error: Task used up its budget of steps",
		    request_id);
	if (now_ms != 0)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	return text_format("%s%s Task timed out after %.2f seconds", when, request_id,
	    (double)a->limit_ms / 1000);
}

void
lambda_missing_outcome(const struct pawl_host *h, const struct lambda_target *target,
    const char *request_id, struct lambda_outcome *o)
{
	char *arn = lambda_function_arn(h, target);
	char *message = text_format("Function not found: %s", arn);

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
		    text_format("RequestId: %s Error: Runtime exited with error: out of memory",
			request_id));
		break;
	case PAWL_FUNCTION_CRASHED:
		fail_unknown_message(h, o,
		    text_format("RequestId: %s Error: %s", request_id,
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
request_id_of(const struct pawl_http_answer *a, char fallback[ENVELOPE_ID_SIZE])
{
	const char *id = header(a, "x-amzn-RequestId");

	if (id == NULL)
		id = header(a, "x-amz-request-id");
	if (id != NULL)
		return id;
	envelope_request_id(fallback);
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
	code = text_format("%.*s", (int)strcspn(named, ":"), named);
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
	char id[ENVELOPE_ID_SIZE];
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
		fail(o, type, text_format("%s", text));
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
	char id[ENVELOPE_ID_SIZE];
	struct pawl_doc payload = a->body_len > 0 ? payload_of(h, a) : PAWL_NO_DOC;
	struct response r = { .executed_version = header(a, "X-Amz-Executed-Version"),
		.log_result = header(a, "X-Amz-Log-Result"),
		.payload = payload,
		.exchange = { a->headers, a->nheaders, a->status, request_id_of(a, id) } };

	if (find_header(a, "X-Amz-Function-Error") != NULL)
		fail_function(h, a, payload, o);
	else if (!target->direct)
		o->output = response_build(h, &r);
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
		fail(o, "States.DataLimitExceeded", text_format("%s", a->message));
	else if (a->result != PAWL_HTTP_OK)
		fail(o, "Lambda.SdkClientException",
		    text_format("Unable to execute HTTP request: %s", a->message));
	else if (a->status >= 300)
		fail_response(h, a, o);
	else
		remote_response(h, target, a, o);
}
