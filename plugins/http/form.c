/*
 * form - a document as application/x-www-form-urlencoded.
 *
 * Members of objects are a[b]=c; elements of arrays as the task's ArrayFormat says.
 * Names and values are encoded, the brackets are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

void
http_scalar_text(const struct pawl_host *h, struct pawl_doc d, struct text *out)
{
	size_t len;
	char *s;

	text_add(out, "", 0);
	switch (h->doc_type(h, d)) {
	case PAWL_DOC_NONE:
	case PAWL_DOC_NULL:
		return;
	case PAWL_DOC_STRING:
		s = h->doc_string(h, d, &len);
		break;
	default:
		s = h->doc_text(h, d, &len);
		break;
	}
	text_add(out, s, len);
	h->free(h, s);
}

static void
add_pair(const struct pawl_host *h, const char *name, struct pawl_doc value, struct text *out)
{
	struct text text = { 0 };

	if (out->len > 0)
		text_adds(out, "&");
	text_adds(out, name);
	text_adds(out, "=");
	http_scalar_text(h, value, &text);
	text_add_encoded(out, text.s, text.len, true);
	text_fini(&text);
}

static void
add_commas(const struct pawl_host *h, const char *name, struct pawl_doc array, struct text *out)
{
	struct pawl_doc_iter it = { .of = array };
	const char *between = "";

	if (out->len > 0)
		text_adds(out, "&");
	text_adds(out, name);
	text_adds(out, "=");
	while (h->doc_next(h, &it)) {
		struct text text = { 0 };

		http_scalar_text(h, it.value, &text);
		text_adds(out, between);
		text_add_encoded(out, text.s, text.len, true);
		text_fini(&text);
		between = ",";
	}
}

static void add_value(const struct pawl_host *h, const char *name, struct pawl_doc value,
    enum http_array_format format, struct text *out);

static void
add_elements(const struct pawl_host *h, const char *name, struct pawl_doc array,
    enum http_array_format format, struct text *out)
{
	struct pawl_doc_iter it = { .of = array };
	unsigned long index = 0;

	while (h->doc_next(h, &it)) {
		struct text inner = { 0 };
		char suffix[32] = "";

		if (format == HTTP_INDICES)
			snprintf(suffix, sizeof(suffix), "[%lu]", index++);
		else if (format == HTTP_BRACKETS)
			strcpy(suffix, "[]");
		text_adds(&inner, name);
		text_adds(&inner, suffix);
		add_value(h, inner.s, it.value, format, out);
		text_fini(&inner);
	}
}

static void
add_members(const struct pawl_host *h, const char *name, struct pawl_doc object,
    enum http_array_format format, struct text *out)
{
	struct pawl_doc_iter it = { .of = object };

	while (h->doc_next(h, &it)) {
		struct text inner = { 0 };
		size_t len;
		char *key = h->doc_string(h, it.key, &len);

		if (name != NULL) {
			text_adds(&inner, name);
			text_adds(&inner, "[");
		}
		text_add_encoded(&inner, key, len, true);
		if (name != NULL)
			text_adds(&inner, "]");
		add_value(h, inner.s, it.value, format, out);
		text_fini(&inner);
		h->free(h, key);
	}
}

static void
add_value(const struct pawl_host *h, const char *name, struct pawl_doc value,
    enum http_array_format format, struct text *out)
{
	switch (h->doc_type(h, value)) {
	case PAWL_DOC_OBJECT:
		add_members(h, name, value, format, out);
		break;
	case PAWL_DOC_ARRAY:
		if (format == HTTP_COMMAS)
			add_commas(h, name, value, out);
		else
			add_elements(h, name, value, format, out);
		break;
	default:
		add_pair(h, name, value, out);
		break;
	}
}

void
http_form_encode(const struct pawl_host *h, struct pawl_doc object, enum http_array_format format,
    struct text *out)
{
	text_add(out, "", 0);
	add_members(h, NULL, object, format, out);
}
