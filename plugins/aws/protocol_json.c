/*
 * protocol_json - values between a task's JSON and the JSON of a message.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"

typedef void convert(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value);

/* The elements of a list, the values of a map. */
static void
convert_elements(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value, convert *one)
{
	const struct pawl_host *h = c->host;
	struct pawl_doc_iter it = { .of = value };

	if (t->kind == '[')
		h->build_array(b);
	else
		h->build_object(b);
	while (h->doc_next(h, &it)) {
		if (t->kind == '<') {
			char *key = h->doc_string(h, it.key, NULL);

			h->build_key(b, key);
			h->free(h, key);
		}
		one(c, b, t->of, it.value);
	}
	h->build_end(b);
}

/* --- to the service ---------------------------------------------------------------------- */

/* What is no text where the API wants one is written as JSON. */
static void
encode_text(struct aws_codec *c, struct pawl_builder *b, struct pawl_doc value)
{
	size_t len;
	char *text = aws_bytes(c, value, &len);

	c->host->build_string(b, text, len);
	free(text);
}

static void
encode_bytes(struct aws_codec *c, struct pawl_builder *b, struct pawl_doc value)
{
	static const struct aws_type bytes = { .kind = 'x' };
	size_t len;
	char *text = aws_scalar_text(c, &bytes, value, AWS_TIME_EPOCH, &len);

	c->host->build_string(b, text, len);
	free(text);
}

static void
encode_time(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	size_t len;
	char *text = aws_scalar_text(c, t, value, AWS_TIME_EPOCH, &len);
	struct pawl_doc number = h->doc_parse(h, text, len, NULL);

	if (t->time != 'i' && t->time != 'r' && h->doc_type(h, number) == PAWL_DOC_NUMBER)
		h->build_doc(b, number);
	else
		h->build_string(b, text, len);
	h->doc_unref(h, number);
	free(text);
}

/* "5" and "true" are a number and a truth where the API wants these. */
static void
encode_plain(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	size_t len;
	char *text;

	if (h->doc_type(h, value) != PAWL_DOC_STRING) {
		h->build_doc(b, value);
		return;
	}
	text = aws_bytes(c, value, &len);
	aws_build_scalar(c, b, t, text, len);
	free(text);
}

static void
encode_scalar(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	switch (t->kind) {
	case 's':
	case 'v':
		encode_text(c, b, value);
		break;
	case 'x':
		encode_bytes(c, b, value);
		break;
	case 't':
		encode_time(c, b, t, value);
		break;
	case 'j':
		c->host->build_doc(b, value);
		break;
	default:
		encode_plain(c, b, t, value);
	}
}

void
aws_json_encode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	enum pawl_doc_type given = h->doc_type(h, value);
	struct aws_given g = { 0 };

	if (given == PAWL_DOC_NULL) {
		h->build_null(b);
	} else if (aws_is_scalar(t)) {
		encode_scalar(c, b, t, value);
	} else if (given != (t->kind == '[' ? PAWL_DOC_ARRAY : PAWL_DOC_OBJECT)) {
		h->build_doc(b, value); /* the service says what it thinks of it */
	} else if (t->kind != '{') {
		convert_elements(c, b, t, value, aws_json_encode);
	} else {
		h->build_object(b);
		while (aws_next_given(c, t, value, &g)) {
			h->build_key(b, g.member->wire);
			aws_json_encode(c, b, g.member->type, g.value);
		}
		h->build_end(b);
	}
}

/* --- from the service ---------------------------------------------------------------------- */

static void
decode_text(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	size_t len;
	char *text = aws_bytes(c, value, &len);

	aws_build_scalar(c, b, t, text, len);
	free(text);
}

void
aws_json_decode(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc value)
{
	const struct pawl_host *h = c->host;
	enum pawl_doc_type type = h->doc_type(h, value);

	if (t->kind == 't' || (t->kind == 'x' && type == PAWL_DOC_STRING)) {
		decode_text(c, b, t, value);
	} else if (aws_is_scalar(t) ||
	    type != (t->kind == '[' ? PAWL_DOC_ARRAY : PAWL_DOC_OBJECT)) {
		h->build_doc(b, value);
	} else if (t->kind != '{') {
		convert_elements(c, b, t, value, aws_json_decode);
	} else {
		h->build_object(b);
		aws_json_decode_members(c, b, t, value);
		h->build_end(b);
	}
}

void
aws_json_decode_members(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    struct pawl_doc object)
{
	const struct pawl_host *h = c->host;

	for (size_t i = 0; i < t->nmembers; i++) {
		const struct aws_member *m = &t->members[i];
		struct pawl_doc value =
		    m->place == 'b' ? h->doc_get(h, object, m->wire) : PAWL_NO_DOC;
		enum pawl_doc_type type = h->doc_type(h, value);

		if (type == PAWL_DOC_NONE || type == PAWL_DOC_NULL)
			continue;
		h->build_key(b, aws_member_name(c, m));
		aws_json_decode(c, b, m->type, value);
	}
}
