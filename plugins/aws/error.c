/*
 * error - failures of calls under the names that Step Functions gives them.
 */
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "aws.h"
#include "xml.h"

#define ATTEMPTS " (SDK Attempt Count: 1)"

/* What an answer says went wrong. */
struct complaint {
	char *type;    /* the exception, as a code or the name of a shape; NULL = none */
	char *code;    /* what the query protocol calls it; NULL = as type */
	char *message; /* NULL = none */
};

void
aws_failure_fini(struct aws_failure *f)
{
	free(f->error);
	free(f->cause);
	*f = (struct aws_failure){ 0 };
}

/* --- reading ------------------------------------------------------------------------------------ */

/* "com.amazonaws#Name:http://..." is Name; NULL stays NULL. */
static char *
bare_name(const char *s)
{
	const char *hash;

	if (s == NULL || *s == '\0')
		return NULL;
	hash = strrchr(s, '#');
	s = hash != NULL ? hash + 1 : s;
	return aws_copy(s, strcspn(s, ":;"));
}

static char *
first_string(const struct pawl_host *h, struct pawl_doc d, const char *const *names)
{
	char *text = NULL, *copy;

	for (; *names != NULL && text == NULL; names++)
		text = h->doc_string(h, h->doc_get(h, d, *names), NULL);
	if (text == NULL)
		return NULL;
	copy = aws_copy(text, strlen(text));
	h->free(h, text);
	return copy;
}

static void
read_json(const struct pawl_host *h, const struct aws_answer *a, struct complaint *c)
{
	static const char *const types[] = { "__type", "code", "Code", NULL };
	static const char *const messages[] = { "message", "Message", "errorMessage", NULL };
	struct pawl_doc d = h->doc_parse(h, a->body, a->body_len, NULL);
	char *type = first_string(h, d, types);
	const char *header = aws_answer_header(a, "x-amzn-ErrorType");

	c->type = bare_name(header != NULL ? header : type);
	c->code = bare_name(aws_answer_header(a, "x-amzn-query-error"));
	c->message = first_string(h, d, messages);
	free(type);
	h->doc_unref(h, d);
}

/* <Error> is the root, or in <ErrorResponse>, or in <Response><Errors>. */
static const struct aws_xml *
error_element(const struct aws_xml *root)
{
	const struct aws_xml *errors = aws_xml_child(root, "Errors");

	if (root == NULL || strcmp(root->name, "Error") == 0)
		return root;
	return aws_xml_child(errors != NULL ? errors : root, "Error");
}

static char *
copy_text(const struct aws_xml *x)
{
	return x != NULL ? aws_copy(aws_xml_text(x), x->text.len) : NULL;
}

static void
read_xml(const struct aws_answer *a, struct complaint *c)
{
	struct aws_xml *root = aws_xml_read(a->body, a->body_len);
	const struct aws_xml *e = error_element(root);

	c->type = copy_text(aws_xml_child(e, "Code"));
	c->message = copy_text(aws_xml_child(e, "Message"));
	aws_xml_free(root);
}

static void
read_complaint(const struct pawl_host *h, const struct aws_target *t, const struct aws_answer *a,
    struct complaint *c)
{
	if (t->service->protocol == AWS_JSON || t->service->protocol == AWS_REST_JSON)
		read_json(h, a, c);
	else
		read_xml(a, c);
}

static void
complaint_fini(struct complaint *c)
{
	free(c->type);
	free(c->code);
	free(c->message);
}

char *
aws_request_id(const struct aws_answer *a)
{
	static const char *const headers[] = { "x-amzn-RequestId", "x-amz-request-id", NULL };
	static const char *const elements[] = { "RequestId", "RequestID", NULL };
	struct aws_xml *root;
	char *id = NULL;

	for (size_t i = 0; headers[i] != NULL; i++) {
		const char *value = aws_answer_header(a, headers[i]);

		if (value != NULL)
			return aws_copy(value, strlen(value));
	}
	root = aws_xml_read(a->body, a->body_len);
	for (size_t i = 0; elements[i] != NULL && id == NULL; i++) {
		id = copy_text(aws_xml_child(root, elements[i]));
		if (id == NULL)
			id = copy_text(
			    aws_xml_child(aws_xml_child(root, "ResponseMetadata"), elements[i]));
	}
	aws_xml_free(root);
	if (id != NULL)
		return id;
	id = text_alloc(ENVELOPE_ID_SIZE);
	envelope_request_id(id);
	return id;
}

/* S3 may find out that it has failed when it has sent "200 OK" already. */
bool
aws_is_failure(const struct aws_target *t, const struct aws_answer *a)
{
	const char *at = a->body;

	if (a->status >= 300)
		return true;
	if (t->service->protocol != AWS_REST_XML || t->action->output == NULL)
		return false;
	at += strncmp(at, "<?xml", 5) == 0 ? strcspn(at, ">") + 1 : 0;
	at += strspn(at, "\r\n ");
	return strncmp(at, "<Error>", 7) == 0;
}

/* --- names ---------------------------------------------------------------------------------------- */

static const struct aws_exception *
exception_find(const struct aws_service *s, const char *type)
{
	for (size_t i = 0; type != NULL && i < s->nexceptions; i++)
		if (strcmp(s->exceptions[i].code, type) == 0 ||
		    strcmp(s->exceptions[i].shape, type) == 0)
			return &s->exceptions[i];
	return NULL;
}

static char *
sdk_cause(const struct aws_target *t, const struct aws_answer *a, const char *message,
    const char *request_id)
{
	const char *extended = aws_answer_header(a, "x-amz-id-2");

	return text_format("%s (Service: %s, Status Code: %d, Request ID: %s%s%s)" ATTEMPTS,
	    message, t->service_name, a->status, request_id,
	    extended != NULL ? ", Extended Request ID: " : "", extended != NULL ? extended : "");
}

static void
sdk_failure(const struct aws_target *t, const struct aws_answer *a, const struct complaint *c,
    const char *request_id, struct aws_failure *f)
{
	const struct aws_exception *x = exception_find(t->service, c->type);

	f->error = x != NULL ? text_format("%s.%s", t->prefix, x->name)
			     : text_format("%s.%sException", t->prefix, t->exception);
	f->cause = sdk_cause(t, a, c->message != NULL ? c->message : "null", request_id);
}

static void
optimized_failure(const struct aws_target *t, const struct aws_answer *a, const struct complaint *c,
    const char *request_id, struct aws_failure *f)
{
	const struct aws_exception *x = exception_find(t->service, c->type);
	const struct envelope_error e = { .prefix = t->prefix,
		.service = t->service_name,
		.name = x != NULL ? x->shape : t->exception,
		.code = c->code != NULL ? c->code
		    : c->type != NULL   ? c->type
					: "null",
		.status = a->status,
		.message = c->message != NULL ? c->message : "null",
		.request_id = request_id };

	f->error = envelope_error_name(&e);
	f->cause = envelope_error_cause(&e);
}

void
aws_failure_of_answer(const struct pawl_host *h, const struct aws_target *t,
    const struct aws_answer *a, struct aws_failure *f)
{
	struct complaint c = { 0 };
	char *id = aws_request_id(a);

	read_complaint(h, t, a, &c);
	f->passing = a->status >= 500 || a->status == 429 ||
	    (c.type != NULL &&
		(strstr(c.type, "Throttl") != NULL || strstr(c.type, "TooManyRequests") != NULL ||
		    strstr(c.type, "RequestLimitExceeded") != NULL));
	if (t->sdk)
		sdk_failure(t, a, &c, id, f);
	else
		optimized_failure(t, a, &c, id, f);
	free(id);
	complaint_fini(&c);
}

bool
aws_is_unknown_action(const struct pawl_host *h, const struct aws_target *t,
    const struct aws_answer *a)
{
	struct complaint c = { 0 };
	bool unknown;

	read_complaint(h, t, a, &c);
	unknown = c.type != NULL &&
	    (strcmp(c.type, "UnknownOperationException") == 0 ||
		strcmp(c.type, "InvalidAction") == 0);
	complaint_fini(&c);
	return unknown;
}

void
aws_failure_of_exchange(const struct aws_target *t, const struct pawl_http_answer *a,
    struct aws_failure *f)
{
	if (a->result == PAWL_HTTP_TOO_LARGE) {
		f->error = text_format("States.DataLimitExceeded");
		f->cause = text_format("%s", a->message);
		return;
	}
	f->passing = true;
	f->error = text_format("%s.SdkClientException", t->prefix);
	f->cause =
	    text_format("Unable to execute HTTP request: %s%s", a->message, t->sdk ? ATTEMPTS : "");
}
