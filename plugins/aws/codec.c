/*
 * codec - parameters of a task to a request on the wire, and an answer to a result.
 */
#include "codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xml.h"

/* --- requests and answers -------------------------------------------------------------------- */

void
aws_request_add_header(struct aws_request *r, const char *name, const char *value)
{
	r->headers = reallocarray(r->headers, r->nheaders + 1, sizeof(*r->headers));
	if (r->headers == NULL)
		abort();
	r->headers[r->nheaders++] = (struct pawl_http_header){ aws_copy(name, strlen(name)),
		aws_copy(value, strlen(value)) };
}

void
aws_request_fini(struct aws_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++) {
		free((char *)(uintptr_t)r->headers[i].name);
		free((char *)(uintptr_t)r->headers[i].value);
	}
	free(r->headers);
	text_fini(&r->path);
	text_fini(&r->query);
	text_fini(&r->body);
	*r = (struct aws_request){ 0 };
}

const char *
aws_answer_header(const struct aws_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	return NULL;
}

/* --- parameters ------------------------------------------------------------------------------- */

void
aws_problem(struct aws_codec *c, const char *fmt, ...)
{
	va_list ap;

	if (c->problem != NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&c->problem, fmt, ap) < 0)
		abort();
	va_end(ap);
}

const char *
aws_member_name(const struct aws_codec *c, const struct aws_member *m)
{
	return c->sdk ? m->sdk : m->plain;
}

static bool
fits(const struct aws_codec *c, const struct aws_type *t, struct pawl_doc value)
{
	enum pawl_doc_type type = c->host->doc_type(c->host, value);

	return aws_is_scalar(t) || type == (t->kind == '[' ? PAWL_DOC_ARRAY : PAWL_DOC_OBJECT);
}

bool
aws_next_given(struct aws_codec *c, const struct aws_type *t, struct pawl_doc object,
    struct aws_given *g)
{
	const struct pawl_host *h = c->host;

	if (g->it.of.block_ == NULL)
		g->it.of = object;
	while (h->doc_next(h, &g->it)) {
		char *name = h->doc_string(h, g->it.key, NULL);

		g->member = name != NULL ? aws_member_find(t, name) : NULL;
		g->value = g->it.value;
		if (g->member == NULL && name != NULL)
			aws_problem(c, "The field \"%s\" is not supported by Step Functions", name);
		else if (g->member != NULL && h->doc_type(h, g->value) != PAWL_DOC_NULL &&
		    !fits(c, g->member->type, g->value))
			aws_problem(c, "The value of the field '%s' has an invalid format", name);
		h->free(h, name);
		if (g->member != NULL && h->doc_type(h, g->value) != PAWL_DOC_NULL)
			return true;
	}
	return false;
}

/* --- JSON -------------------------------------------------------------------------------------- */

static void
json_request(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r)
{
	static const struct aws_type nothing = { .kind = '{' };
	const struct pawl_host *h = c->host;
	struct pawl_builder *b = h->build(h);
	char *type = text_format("application/x-amz-json-%s", c->service->json_version);
	char *target = text_format("%s.%s", c->service->target, c->action->name);
	struct pawl_doc d;
	char *text;
	size_t len;

	aws_json_encode(c, b, c->action->input != NULL ? c->action->input : &nothing, parameters);
	d = h->build_finish(b);
	text = h->doc_text(h, d, &len);
	text_add(&r->body, text, len);
	r->has_body = true;
	aws_request_add_header(r, "Content-Type", type);
	aws_request_add_header(r, "X-Amz-Target", target);
	h->free(h, text);
	h->doc_unref(h, d);
	free(target);
	free(type);
}

static void
copy_members(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc object)
{
	struct pawl_doc_iter it = { .of = object };

	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		if (key != NULL && h->doc_type(h, it.value) != PAWL_DOC_NULL) {
			h->build_key(b, key);
			h->build_doc(b, it.value);
		}
		h->free(h, key);
	}
}

static bool
json_answer(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc d;

	if (c->action->output == NULL || a->body_len == 0)
		return true;
	d = h->doc_parse(h, a->body, a->body_len, NULL);
	if (h->doc_type(h, d) == PAWL_DOC_NONE)
		return false;
	if (c->action->output->kind == 'j')
		copy_members(h, b, d);
	else
		aws_json_decode_members(c, b, c->action->output, d);
	h->doc_unref(h, d);
	return true;
}

/* --- query --------------------------------------------------------------------------------------- */

static bool
query_answer(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b)
{
	char *wrapper;
	struct aws_xml *root;
	const struct aws_xml *result;

	if (c->action->output == NULL)
		return true;
	if ((root = aws_xml_read(a->body, a->body_len)) == NULL)
		return false;
	wrapper = text_format("%sResult", c->action->name);
	result = aws_xml_child(root, wrapper);
	aws_xml_decode_members(c, b, c->action->output, result != NULL ? result : root);
	free(wrapper);
	aws_xml_free(root);
	return true;
}

/* --- all of them --------------------------------------------------------------------------------- */

void
aws_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r)
{
	r->method = c->action->method;
	switch (c->service->protocol) {
	case AWS_JSON:
		json_request(c, parameters, r);
		break;
	case AWS_QUERY:
	case AWS_EC2:
		aws_query_encode(c, parameters, r);
		aws_request_add_header(r, "Content-Type",
		    "application/x-www-form-urlencoded; charset=utf-8");
		break;
	case AWS_REST_JSON:
	case AWS_REST_XML:
		aws_rest_encode(c, parameters, r);
		break;
	}
	if (r->path.len == 0)
		text_adds(&r->path, "/");
}

bool
aws_decode(struct aws_codec *c, const struct aws_answer *a, struct pawl_builder *b)
{
	if (c->action->output != NULL && c->action->output->kind == 'j')
		return json_answer(c, a, b);
	switch (c->service->protocol) {
	case AWS_JSON:
		return json_answer(c, a, b);
	case AWS_QUERY:
	case AWS_EC2:
		return query_answer(c, a, b);
	default:
		return aws_rest_decode(c, a, b);
	}
}
