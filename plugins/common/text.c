/*
 * text - growing texts and their encodings, for plugins.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void *
text_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		abort();
	return p;
}

static char *
format(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	return s;
}

char *
text_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap);
	va_end(ap);
	return s;
}

void
text_add(struct text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		size_t cap = (t->len + len + 1) * 2;
		char *grown = text_alloc(cap);

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
text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap);
	va_end(ap);
	text_adds(t, s);
	free(s);
}

void
text_fini(struct text *t)
{
	if (t->s != NULL)
		explicit_bzero(t->s, t->len);
	free(t->s);
	*t = (struct text){ 0 };
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

void
text_add_encoded(struct text *t, const char *s, size_t len, bool form)
{
	static const char digits[] = "0123456789ABCDEF";

	text_add(t, "", 0);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(c))
			text_add(t, s + i, 1);
		else if (form && c == ' ')
			text_add(t, "+", 1);
		else
			text_add(t, code, 3);
	}
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
				    : -1;
}

bool
text_add_decoded(struct text *t, const char *s, size_t len, bool form)
{
	size_t begin = 0;

	text_add(t, "", 0);
	for (size_t i = 0; i < len; i++) {
		char c;

		if (s[i] != '%' && !(form && s[i] == '+'))
			continue;
		text_add(t, s + begin, i - begin);
		if (s[i] == '+') {
			c = ' ';
		} else {
			if (len - i < 3 || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
			i += 2;
		}
		text_add(t, &c, 1);
		begin = i + 1;
	}
	text_add(t, s + begin, len - begin);
	return true;
}

void
text_add_base64(struct text *t, const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned v = (unsigned)u[i] << 16 | (n > 1 ? (unsigned)u[i + 1] << 8 : 0) |
		    (n > 2 ? u[i + 2] : 0);
		char out[4] = { base64_digits[v >> 18], base64_digits[v >> 12 & 63], '=', '=' };

		if (n > 1)
			out[2] = base64_digits[v >> 6 & 63];
		if (n > 2)
			out[3] = base64_digits[v & 63];
		text_add(t, out, 4);
	}
}

bool
text_add_unbase64(struct text *t, const char *s, size_t len)
{
	text_add(t, "", 0);
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		size_t npads = i + 4 < len ? 0 : (size_t)(s[i + 3] == '=') + (s[i + 2] == '=');
		unsigned v = 0;
		char out[3];

		for (size_t k = 0; k < 4 - npads; k++) {
			const char *digit =
			    s[i + k] != '\0' ? strchr(base64_digits, s[i + k]) : NULL;

			if (digit == NULL)
				return false;
			v |= (unsigned)(digit - base64_digits) << (18 - 6 * k);
		}
		out[0] = (char)(v >> 16);
		out[1] = (char)(v >> 8);
		out[2] = (char)v;
		text_add(t, out, 3 - npads);
	}
	return true;
}

static const char *
xml_reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\r':
		return "&#xD;";
	default:
		return NULL;
	}
}

void
text_add_xml(struct text *t, const char *s, size_t len)
{
	size_t begin = 0;

	for (size_t i = 0; i < len; i++) {
		const char *reference = xml_reference(s[i]);

		if (reference == NULL)
			continue;
		text_add(t, s + begin, i - begin);
		text_adds(t, reference);
		begin = i + 1;
	}
	text_add(t, s + begin, len - begin);
}

bool
text_is_utf8(const char *s, size_t len)
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
