/*
 * protocol_query - parameters as the form of the query protocol, and of EC2's kind of it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

static void add_value(struct aws_codec *c, struct text *body, struct text *name,
    const struct aws_type *t, struct pawl_doc value, bool flattened);

static void
text_cut(struct text *t, size_t len)
{
	t->len = len;
	if (t->s != NULL)
		t->s[len] = '\0';
}

static void
add_pair(struct text *body, const char *name, const char *value, size_t len)
{
	if (body->len > 0)
		text_adds(body, "&");
	text_add_encoded(body, name, strlen(name), false);
	text_adds(body, "=");
	text_add_encoded(body, value, len, false);
}

static void
add_segment(struct text *name, const char *segment)
{
	if (name->len > 0)
		text_adds(name, ".");
	text_adds(name, segment);
}

/* EC2 has the names of its requests in the model, or as those of its answers with a capital. */
static void
add_member_segment(const struct aws_codec *c, struct text *name, const struct aws_member *m,
    bool flattened)
{
	size_t at;
	const char *wire = m->wire;

	if (c->service->protocol != AWS_EC2) {
		if (flattened && m->type->kind == '[' && m->type->name != NULL)
			wire = m->type->name;
		add_segment(name, wire);
		return;
	}
	add_segment(name, m->query != NULL ? m->query : wire);
	if (m->query != NULL)
		return;
	at = name->len - strlen(wire);
	name->s[at] = (char)toupper((unsigned char)name->s[at]);
}

static void
add_list(struct aws_codec *c, struct text *body, struct text *name, const struct aws_type *t,
    struct pawl_doc value, bool flattened)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	size_t len;

	if (h->doc_len(h, value) == 0 && c->service->protocol != AWS_EC2) {
		add_pair(body, text_chars(name), "", 0); /* an empty list is said to be one */
		return;
	}
	if (!flattened)
		add_segment(name, t->name != NULL ? t->name : "member");
	len = name->len;
	for (int i = 1; h->doc_next(h, &it); i++) {
		text_addf(name, ".%d", i);
		add_value(c, body, name, t->of, it.value, false);
		text_cut(name, len);
	}
}

static void
add_map(struct aws_codec *c, struct text *body, struct text *name, const struct aws_type *t,
    struct pawl_doc value, bool flattened)
{
	static const struct aws_type text = { .kind = 's' };
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };
	size_t len;

	if (!flattened)
		add_segment(name, "entry");
	len = name->len;
	for (int i = 1; h->doc_next(h, &it); i++) {
		text_addf(name, ".%d.%s", i, t->key_name != NULL ? t->key_name : "key");
		add_value(c, body, name, &text, it.key, false);
		text_cut(name, len);
		text_addf(name, ".%d.%s", i, t->name != NULL ? t->name : "value");
		add_value(c, body, name, t->of, it.value, false);
		text_cut(name, len);
	}
}

static void
add_members(struct aws_codec *c, struct text *body, struct text *name, const struct aws_type *t,
    struct pawl_doc object)
{
	struct aws_given g = { 0 };
	size_t len = name->len;

	while (aws_next_given(c, t, object, &g)) {
		bool flattened = c->service->protocol == AWS_EC2 || g.member->flattened ||
		    g.member->type->flattened;

		add_member_segment(c, name, g.member, flattened);
		add_value(c, body, name, g.member->type, g.value, flattened);
		text_cut(name, len);
	}
}

static void
add_value(struct aws_codec *c, struct text *body, struct text *name, const struct aws_type *t,
    struct pawl_doc value, bool flattened)
{
	size_t len;
	char *text;

	if (c->host->doc_type(c->host, value) == PAWL_DOC_NULL)
		return;
	switch (t->kind) {
	case '{':
		add_members(c, body, name, t, value);
		break;
	case '[':
		add_list(c, body, name, t, value, flattened || c->service->protocol == AWS_EC2);
		break;
	case '<':
		add_map(c, body, name, t, value, flattened);
		break;
	default:
		text = aws_scalar_text(c, t, value, AWS_TIME_ISO, &len);
		add_pair(body, text_chars(name), text, len);
		free(text);
	}
}

void
aws_query_encode(struct aws_codec *c, struct pawl_doc parameters, struct aws_request *r)
{
	struct text name = { 0 };

	add_pair(&r->body, "Action", c->action->name, strlen(c->action->name));
	add_pair(&r->body, "Version", c->service->version, strlen(c->service->version));
	if (c->action->input != NULL)
		add_members(c, &r->body, &name, c->action->input, parameters);
	text_fini(&name);
	r->has_body = true;
}
