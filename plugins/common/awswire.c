/*
 * awswire - the server's side of AWS's protocols: a call to one document of parameters,
 * an answer or an error to what the caller's protocol has.
 */
#include <stdio.h>
#include <string.h>

#include "awswire.h"
#include "awswire_form.h"
#include "docs.h"
#include "text.h"

/* --- calls ---------------------------------------------------------------------------- */

void
awswire_open(const struct pawl_http_call *c, struct awswire_call *call)
{
	call->id = c->id;
	call->query = c->query_protocol;
	snprintf(call->request_id, sizeof(call->request_id), "%s",
	    c->request_id != NULL ? c->request_id : "");
	snprintf(call->action, sizeof(call->action), "%s", c->action != NULL ? c->action : "");
}

struct pawl_doc
awswire_read(const struct awswire_service *s, const struct pawl_host *h,
    const struct pawl_http_call *c, const char **why)
{
	struct pawl_doc d;

	*why = NULL;
	if (c->query_protocol && c->body_len == 0)
		return awswire_form_read(s, h, c->action, c->query, strlen(c->query), why);
	if (c->query_protocol)
		return awswire_form_read(s, h, c->action, c->body, c->body_len, why);
	d = c->body_len > 0 ? h->doc_parse(h, c->body, c->body_len, NULL)
			    : h->doc_parse(h, "{}", 2, NULL);
	if (h->doc_type(h, d) == PAWL_DOC_OBJECT)
		return d;
	*why = "The body of the request is no JSON object.";
	h->doc_unref(h, d);
	return PAWL_NO_DOC;
}

/* --- XML ------------------------------------------------------------------------------- */

struct xml {
	const struct awswire_service *service;
	const struct pawl_host *host;
	const char *action;
	struct text out;
};

static void add_member(struct xml *x, const char *name, struct pawl_doc value);

static void
open_tag(struct xml *x, const char *name)
{
	text_addf(&x->out, "<%s>", name);
}

static void
close_tag(struct xml *x, const char *name)
{
	text_addf(&x->out, "</%s>", name);
}

static void
add_text(struct xml *x, const char *name, const char *s, size_t len)
{
	open_tag(x, name);
	text_add_xml(&x->out, s, len);
	close_tag(x, name);
}

static void
add_members(struct xml *x, struct pawl_doc object)
{
	const struct pawl_host *h = x->host;
	struct pawl_doc_iter it = { .of = object };

	while (h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		add_member(x, name, it.value);
		h->free(h, name);
	}
}

static void
add_list(struct xml *x, const char *name, struct pawl_doc list)
{
	struct pawl_doc_iter it = { .of = list };

	while (x->host->doc_next(x->host, &it))
		add_member(x, name, it.value);
}

static void
add_map(struct xml *x, const char *name, const char *key, const char *value, struct pawl_doc map)
{
	const struct pawl_host *h = x->host;
	struct pawl_doc_iter it = { .of = map };

	while (h->doc_next(h, &it)) {
		size_t len;
		char *k = h->doc_string(h, it.key, &len);

		open_tag(x, name);
		add_text(x, key, k, len);
		add_member(x, value, it.value);
		close_tag(x, name);
		h->free(h, k);
	}
}

static const struct awswire_field *
field_of(const struct xml *x, const char *api)
{
	const struct awswire_field *f = x->service->fields;

	for (; f != NULL && f->api != NULL; f++)
		if (strcmp(f->api, api) == 0 &&
		    (f->action == NULL || strcmp(f->action, x->action) == 0))
			return f;
	return NULL;
}

static void
add_scalar(struct xml *x, const char *name, struct pawl_doc value)
{
	const struct pawl_host *h = x->host;
	size_t len;
	char *s = h->doc_type(h, value) == PAWL_DOC_STRING ? h->doc_string(h, value, &len)
							   : h->doc_text(h, value, &len);

	add_text(x, name, s, len);
	h->free(h, s);
}

static void
add_member(struct xml *x, const char *name, struct pawl_doc value)
{
	enum pawl_doc_type type = x->host->doc_type(x->host, value);
	const struct awswire_field *f =
	    type == PAWL_DOC_ARRAY || type == PAWL_DOC_OBJECT ? field_of(x, name) : NULL;

	if (f != NULL && f->key != NULL) {
		add_map(x, f->wire, f->key, f->value, value);
	} else if (f != NULL && type == PAWL_DOC_ARRAY) {
		add_list(x, f->wire, value);
	} else if (type == PAWL_DOC_ARRAY) {
		open_tag(x, name);
		add_list(x, "member", value);
		close_tag(x, name);
	} else if (type == PAWL_DOC_OBJECT) {
		open_tag(x, name);
		add_members(x, value);
		close_tag(x, name);
	} else if (type != PAWL_DOC_NULL) {
		add_scalar(x, name, value);
	}
}

/* --- answers ---------------------------------------------------------------------------- */

static bool
send(const struct pawl_host *h, const struct awswire_call *call, int status, const char *type,
    const char *more_headers, const char *body, size_t len)
{
	struct text headers = { 0 };
	bool sent;

	text_addf(&headers, "x-amzn-RequestId: %s\r\n%s", call->request_id, more_headers);
	sent = h->reply(h, call->id, status, type, headers.s, body, len);
	text_fini(&headers);
	return sent;
}

static bool
answer_xml(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, struct pawl_doc answer)
{
	struct xml x = { .service = s, .host = h, .action = call->action };
	bool sent;

	text_addf(&x.out, "<?xml version=\"1.0\"?><%sResponse xmlns=\"%s\">", call->action,
	    s->xmlns);
	if (answer.block_ != NULL) {
		text_addf(&x.out, "<%sResult>", call->action);
		add_members(&x, answer);
		text_addf(&x.out, "</%sResult>", call->action);
	}
	text_addf(&x.out,
	    "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>",
	    call->request_id, call->action);
	sent = send(h, call, 200, "text/xml", "", x.out.s, x.out.len);
	text_fini(&x.out);
	return sent;
}

bool
awswire_answer(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, struct pawl_doc answer)
{
	size_t len = 2;
	char *body;
	bool sent;

	if (call->query)
		return answer_xml(s, h, call, answer);
	if (answer.block_ == NULL)
		return send(h, call, 200, s->json_type, "", "{}", 2);
	body = h->doc_text(h, answer, &len);
	sent = send(h, call, 200, s->json_type, "", body, len);
	h->free(h, body);
	return sent;
}

/* --- errors ------------------------------------------------------------------------------ */

const char *
awswire_query_code(const struct awswire_service *s, const char *code)
{
	for (const struct awswire_code *c = s->codes; c != NULL && c->code != NULL; c++)
		if (strcmp(c->code, code) == 0)
			return c->query;
	return code;
}

static bool
fail_xml(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, const struct awswire_error *e, int status)
{
	struct text out = { 0 };
	bool sent;

	text_addf(&out,
	    "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type><Code>%s</Code><Message>",
	    s->xmlns, status < 500 ? "Sender" : "Receiver", awswire_query_code(s, e->code));
	text_add_xml(&out, e->message, strlen(e->message));
	text_addf(&out, "</Message><Detail/></Error><RequestId>%s</RequestId></ErrorResponse>",
	    call->request_id);
	sent = send(h, call, status, "text/xml", "", out.s, out.len);
	text_fini(&out);
	return sent;
}

static bool
fail_json(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, const struct awswire_error *e, int status)
{
	struct pawl_builder *b = h->build(h);
	struct text type = { 0 }, header = { 0 };
	struct pawl_doc d;
	size_t len;
	char *body;
	bool sent;

	text_addf(&type, "%s%s", s->shapes, e->code);
	text_adds(&header, "");
	if (s->query_header)
		text_addf(&header, "x-amzn-query-error: %s;%s\r\n", awswire_query_code(s, e->code),
		    status < 500 ? "Sender" : "Receiver");
	h->build_object(b);
	docs_add_string(h, b, "__type", type.s);
	docs_add_string(h, b, "message", e->message);
	h->build_end(b);
	d = h->build_finish(b);
	body = h->doc_text(h, d, &len);
	sent = send(h, call, status, s->json_type, header.s, body, len);
	h->free(h, body);
	h->doc_unref(h, d);
	text_fini(&type);
	text_fini(&header);
	return sent;
}

bool
awswire_fail(const struct awswire_service *s, const struct pawl_host *h,
    const struct awswire_call *call, const struct awswire_error *e)
{
	int status = e->status != 0 ? e->status : 400;

	return call->query ? fail_xml(s, h, call, e, status) : fail_json(s, h, call, e, status);
}
