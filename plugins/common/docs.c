/*
 * docs - documents read and made in fewer words, for plugins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"

void
docs_add_string(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    const char *value)
{
	h->build_key(b, key);
	h->build_string(b, value != NULL ? value : "", value != NULL ? strlen(value) : 0);
}

void
docs_add_int(const struct pawl_host *h, struct pawl_builder *b, const char *key, int64_t value)
{
	h->build_key(b, key);
	h->build_int(b, value);
}

void
docs_add_bool(const struct pawl_host *h, struct pawl_builder *b, const char *key, bool value)
{
	h->build_key(b, key);
	h->build_bool(b, value);
}

void
docs_add_doc(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    struct pawl_doc value)
{
	h->build_key(b, key);
	h->build_doc(b, value);
}

bool
docs_has(const struct pawl_host *h, struct pawl_doc d, const char *key)
{
	enum pawl_doc_type type = h->doc_type(h, h->doc_get(h, d, key));

	return type != PAWL_DOC_NONE && type != PAWL_DOC_NULL;
}

char *
docs_string(const struct pawl_host *h, struct pawl_doc d, const char *key)
{
	return h->doc_string(h, h->doc_get(h, d, key), NULL);
}

bool
docs_int(const struct pawl_host *h, struct pawl_doc value, int64_t *out)
{
	char *text, *end;
	bool whole;

	if (h->doc_int(h, value, out))
		return true;
	if ((text = h->doc_string(h, value, NULL)) == NULL)
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	whole = errno == 0 && end != text && *end == '\0' && strchr(" \t\n\v\f\r+", *text) == NULL;
	h->free(h, text);
	return whole;
}

bool
docs_true(const struct pawl_host *h, struct pawl_doc value)
{
	return h->doc_true(h, value) || h->doc_is(h, value, "true");
}

char *
docs_text(const struct pawl_host *h, struct pawl_doc value, size_t *len)
{
	switch (h->doc_type(h, value)) {
	case PAWL_DOC_STRING:
		return h->doc_string(h, value, len);
	case PAWL_DOC_ARRAY:
	case PAWL_DOC_OBJECT:
		return h->doc_text(h, value, len);
	default:
		return NULL;
	}
}
