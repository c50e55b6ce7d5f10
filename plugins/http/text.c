/*
 * text - growing texts, encodings, and the removal of secrets.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

void *
http_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		abort();
	return p;
}

void
http_text_add(struct http_text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		size_t cap = (t->len + len + 1) * 2;
		char *grown = http_alloc(cap);

		if (t->len > 0)
			memcpy(grown, t->s, t->len);
		if (t->s != NULL)
			explicit_bzero(t->s, t->len);
		free(t->s);
		t->s = grown;
		t->cap = cap;
	}
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void
http_text_adds(struct http_text *t, const char *s)
{
	http_text_add(t, s, strlen(s));
}

void
http_text_fini(struct http_text *t)
{
	if (t->s != NULL)
		explicit_bzero(t->s, t->len);
	free(t->s);
	*t = (struct http_text){ 0 };
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

void
http_text_add_encoded(struct http_text *t, const char *s, size_t len, bool form)
{
	static const char digits[] = "0123456789ABCDEF";

	http_text_add(t, "", 0);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(c))
			http_text_add(t, s + i, 1);
		else if (form && c == ' ')
			http_text_add(t, "+", 1);
		else
			http_text_add(t, code, 3);
	}
}

void
http_text_add_base64(struct http_text *t, const char *s, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned v = (unsigned)u[i] << 16 | (n > 1 ? (unsigned)u[i + 1] << 8 : 0) |
		    (n > 2 ? u[i + 2] : 0);
		char out[4] = { digits[v >> 18], digits[v >> 12 & 63], '=', '=' };

		if (n > 1)
			out[2] = digits[v >> 6 & 63];
		if (n > 2)
			out[3] = digits[v & 63];
		http_text_add(t, out, 4);
	}
}

bool
http_is_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s, *end = u + len;

	while (u < end) {
		size_t n = *u < 0x80 ? 1
		    : *u < 0xc2      ? 0
		    : *u < 0xe0      ? 2
		    : *u < 0xf0      ? 3
		    : *u < 0xf5      ? 4
				     : 0;

		if (n == 0 || n > (size_t)(end - u))
			return false;
		for (size_t i = 1; i < n; i++)
			if ((u[i] & 0xc0) != 0x80)
				return false;
		if ((*u == 0xe0 && u[1] < 0xa0) || (*u == 0xed && u[1] > 0x9f) ||
		    (*u == 0xf0 && u[1] < 0x90) || (*u == 0xf4 && u[1] > 0x8f))
			return false;
		u += n;
	}
	return true;
}

/* --- secrets ------------------------------------------------------------------------ */

#define SECRET_MIN 4 /* shorter ones would blot out innocent text */

void
http_secrets_add(struct http_secrets *s, const char *secret, size_t len)
{
	char **grown;

	if (len < SECRET_MIN)
		return;
	grown = http_alloc((s->n + 1) * sizeof(*grown));
	if (s->n > 0)
		memcpy(grown, s->list, s->n * sizeof(*grown));
	free(s->list);
	s->list = grown;
	s->list[s->n] = http_alloc(len + 1);
	memcpy(s->list[s->n++], secret, len);
}

void
http_secrets_fini(struct http_secrets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		explicit_bzero(s->list[i], strlen(s->list[i]));
		free(s->list[i]);
	}
	free(s->list);
	*s = (struct http_secrets){ 0 };
}

/* Length of the longest secret that begins at text; 0 = none. */
static size_t
secret_at(const struct http_secrets *s, const char *text, size_t left)
{
	size_t best = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t len = strlen(s->list[i]);

		if (len <= left && len > best && memcmp(text, s->list[i], len) == 0)
			best = len;
	}
	return best;
}

void
http_redact(const struct http_secrets *s, const char *text, size_t len, struct http_text *out)
{
	size_t begin = 0, i = 0;

	http_text_add(out, "", 0);
	while (s->n > 0 && i < len) {
		size_t n = secret_at(s, text + i, len - i);

		if (n == 0) {
			i++;
			continue;
		}
		http_text_add(out, text + begin, i - begin);
		http_text_adds(out, "***");
		i += n;
		begin = i;
	}
	http_text_add(out, text + begin, len - begin);
}
