/*
 * protocol_xml - values between a task's JSON and the XML of a message.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "xml.h"

/* --- to the service ----------------------------------------------------------------------- */

static void
open_tag(struct text *out, const char *name)
{
	text_addf(out, "<%s", name);
}

static void
close_tag(struct text *out, const char *name)
{
	text_addf(out, "</%s>", name);
}

static void
encode_attributes(struct aws_codec *c, struct text *out, const struct aws_type *t,
    struct pawl_doc value)
{
	struct aws_given g = { 0 };

	while (aws_next_given(c, t, value, &g)) {
		size_t len;
		char *text;

		if (!g.member->attribute)
			continue;
		text = aws_scalar_text(c, g.member->type, g.value, AWS_TIME_ISO, &len);
		if (strcmp(g.member->wire, "xsi:type") == 0)
			text_adds(out, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
		text_addf(out, " %s=\"", g.member->wire);
		text_add_xml(out, text, len);
		text_adds(out, "\"");
		free(text);
	}
}

static void
encode_list(struct aws_codec *c, struct text *out, const char *name, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };

	while (h->doc_next(h, &it))
		aws_xml_encode(c, out, name, NULL, t->of, it.value);
}

static void
encode_map(struct aws_codec *c, struct text *out, const char *name, const struct aws_type *t,
    struct pawl_doc value)
{
	static const struct aws_type text = { .kind = 's' };
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };

	while (h->doc_next(h, &it)) {
		text_addf(out, "<%s>", name);
		aws_xml_encode(c, out, t->key_name != NULL ? t->key_name : "key", NULL, &text,
		    it.key);
		aws_xml_encode(c, out, t->name != NULL ? t->name : "value", NULL, t->of, it.value);
		close_tag(out, name);
	}
}

static void
encode_member(struct aws_codec *c, struct text *out, const struct aws_member *m,
    struct pawl_doc value)
{
	const struct aws_type *t = m->type;

	if (t->kind == '[' && (t->flattened || m->flattened))
		encode_list(c, out, m->wire, t, value);
	else if (t->kind == '<' && (t->flattened || m->flattened))
		encode_map(c, out, m->wire, t, value);
	else
		aws_xml_encode(c, out, m->wire, NULL, t, value);
}

static void
encode_content(struct aws_codec *c, struct text *out, const struct aws_type *t,
    struct pawl_doc value)
{
	struct aws_given g = { 0 };
	size_t len;
	char *text;

	switch (t->kind) {
	case '{':
		while (aws_next_given(c, t, value, &g))
			if (g.member->place == 'b' && !g.member->attribute)
				encode_member(c, out, g.member, g.value);
		break;
	case '[':
		encode_list(c, out, t->name != NULL ? t->name : "member", t, value);
		break;
	case '<':
		encode_map(c, out, "entry", t, value);
		break;
	default:
		text = aws_scalar_text(c, t, value, AWS_TIME_ISO, &len);
		text_add_xml(out, text, len);
		free(text);
	}
}

void
aws_xml_encode(struct aws_codec *c, struct text *out, const char *name, const char *ns,
    const struct aws_type *t, struct pawl_doc value)
{
	open_tag(out, name);
	if (ns != NULL)
		text_addf(out, " xmlns=\"%s\"", ns);
	if (t->kind == '{')
		encode_attributes(c, out, t, value);
	text_adds(out, ">");
	encode_content(c, out, t, value);
	close_tag(out, name);
}

/* --- from the service ------------------------------------------------------------------------ */

/* The elements of a list: x is the first one when it is flattened, else what is around them. */
static void
decode_list(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x, bool flattened)
{
	const struct aws_xml *e = flattened ? x : x->child;

	c->host->build_array(b);
	for (; e != NULL; e = flattened ? aws_xml_again(e) : e->next)
		aws_xml_decode(c, b, t->of, e);
	c->host->build_end(b);
}

static void
decode_map(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x, bool flattened)
{
	const struct aws_xml *e = flattened ? x : x->child;

	c->host->build_object(b);
	for (; e != NULL; e = flattened ? aws_xml_again(e) : e->next) {
		const struct aws_xml *key =
		    aws_xml_child(e, t->key_name != NULL ? t->key_name : "key");
		const struct aws_xml *value = aws_xml_child(e, t->name != NULL ? t->name : "value");

		if (key == NULL || value == NULL)
			continue;
		c->host->build_key(b, aws_xml_text(key));
		aws_xml_decode(c, b, t->of, value);
	}
	c->host->build_end(b);
}

static const char *
attribute_of(const struct aws_xml *x, const char *name)
{
	const struct aws_xml_attribute *a = x->attributes;

	while (a != NULL && strcmp(a->name, name) != 0)
		a = a->next;
	return a != NULL ? a->value : NULL;
}

static void
decode_attribute(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *m,
    const struct aws_xml *x)
{
	const char *value = attribute_of(x, m->wire);

	if (value == NULL)
		return;
	c->host->build_key(b, aws_member_name(c, m));
	aws_build_scalar(c, b, m->type, value, strlen(value));
}

/* A flattened list's elements have the name that the list gives, when it gives one. */
static const struct aws_xml *
find_member(const struct aws_xml *x, const struct aws_member *m, bool flattened)
{
	const struct aws_xml *found = aws_xml_child(x, m->wire);

	if (found == NULL && flattened && m->type->kind == '[' && m->type->name != NULL)
		found = aws_xml_child(x, m->type->name);
	return found;
}

static void
decode_member(struct aws_codec *c, struct pawl_builder *b, const struct aws_member *m,
    const struct aws_xml *x)
{
	const struct aws_type *t = m->type;
	bool flattened = (t->kind == '[' || t->kind == '<') && (t->flattened || m->flattened);
	const struct aws_xml *found = find_member(x, m, flattened);

	if (found == NULL)
		return;
	c->host->build_key(b, aws_member_name(c, m));
	if (t->kind == '[')
		decode_list(c, b, t, found, flattened);
	else if (t->kind == '<')
		decode_map(c, b, t, found, flattened);
	else
		aws_xml_decode(c, b, t, found);
}

void
aws_xml_decode_members(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x)
{
	for (size_t i = 0; i < t->nmembers; i++) {
		const struct aws_member *m = &t->members[i];

		if (m->attribute)
			decode_attribute(c, b, m, x);
		else if (m->place == 'b')
			decode_member(c, b, m, x);
	}
}

void
aws_xml_decode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const struct aws_xml *x)
{
	switch (t->kind) {
	case '{':
		c->host->build_object(b);
		aws_xml_decode_members(c, b, t, x);
		c->host->build_end(b);
		break;
	case '[':
		decode_list(c, b, t, x, false);
		break;
	case '<':
		decode_map(c, b, t, x, false);
		break;
	default:
		aws_build_scalar(c, b, t, text_chars(&x->text), x->text.len);
	}
}
