/*
 * scalar - single values between JSON and the texts of AWS's protocols.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec.h"

bool
aws_is_scalar(const struct aws_type *t)
{
	return t->kind != '{' && t->kind != '[' && t->kind != '<';
}

char *
aws_bytes(struct aws_codec *c, struct pawl_doc value, size_t *len)
{
	const struct pawl_host *h = c->host;
	char *text = h->doc_type(h, value) == PAWL_DOC_STRING ? h->doc_string(h, value, len)
							      : h->doc_text(h, value, len);
	char *copy = aws_copy(text, *len);

	h->free(h, text);
	return copy;
}

/* A time given as a text or a number is written as the protocol wants it. */
static char *
time_text(const struct aws_type *t, char *given, enum aws_time_style style)
{
	int64_t ms;
	char *text;

	if (t->time != '\0')
		style = t->time == 'e' ? AWS_TIME_EPOCH
		    : t->time == 'i'   ? AWS_TIME_ISO
				       : AWS_TIME_HTTP;
	if (!aws_time_read(given, &ms))
		return given; /* the service says what it thinks of it */
	text = aws_time_write(ms, style);
	free(given);
	return text;
}

char *
aws_scalar_text(struct aws_codec *c, const struct aws_type *t, struct pawl_doc value,
    enum aws_time_style style, size_t *len)
{
	char *text = aws_bytes(c, value, len), *other;

	if (t->kind == 't') {
		text = time_text(t, text, style);
		*len = strlen(text);
	} else if (t->kind == 'x' || t->kind == 'v') {
		other = aws_base64(text, *len);
		free(text);
		text = other;
		*len = strlen(text);
	}
	return text;
}

void
aws_build_time(struct aws_codec *c, struct pawl_builder *b, int64_t ms)
{
	char *text;

	if (!c->sdk) {
		c->host->build_int(b, ms);
		return;
	}
	text = aws_time_write(ms, AWS_TIME_ISO);
	c->host->build_string(b, text, strlen(text));
	free(text);
}

void
aws_build_bytes(struct aws_codec *c, struct pawl_builder *b, const char *s, size_t len)
{
	char *text;

	if (text_is_utf8(s, len)) {
		c->host->build_string(b, s, len);
		return;
	}
	text = aws_base64(s, len);
	c->host->build_string(b, text, strlen(text));
	free(text);
}

/* A number keeps its text, so that none is too large. */
static bool
build_number(const struct pawl_host *h, struct pawl_builder *b, const char *s, size_t len)
{
	struct pawl_doc d = h->doc_parse(h, s, len, NULL);
	bool is_number = h->doc_type(h, d) == PAWL_DOC_NUMBER;

	if (is_number)
		h->build_doc(b, d);
	h->doc_unref(h, d);
	return is_number;
}

static bool
build_base64(struct aws_codec *c, struct pawl_builder *b, const char *s, size_t len)
{
	size_t n;
	char *bytes = aws_unbase64(s, len, &n);

	if (bytes == NULL)
		return false;
	aws_build_bytes(c, b, bytes, n);
	free(bytes);
	return true;
}

static bool
build_typed(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t, const char *s,
    size_t len)
{
	int64_t ms;

	switch (t->kind) {
	case 'i':
	case 'd':
		return build_number(c->host, b, s, len);
	case 'b':
		if (strcasecmp(s, "true") != 0 && strcasecmp(s, "false") != 0)
			return false;
		c->host->build_bool(b, strcasecmp(s, "true") == 0);
		return true;
	case 't':
		if (!aws_time_read(s, &ms))
			return false;
		aws_build_time(c, b, ms);
		return true;
	case 'x':
	case 'v':
		return build_base64(c, b, s, len);
	default:
		return false;
	}
}

void
aws_build_scalar(struct aws_codec *c, struct pawl_builder *b, const struct aws_type *t,
    const char *s, size_t len)
{
	if (!build_typed(c, b, t, s, len))
		c->host->build_string(b, s, len);
}
