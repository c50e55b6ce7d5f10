/*
 * buf - a byte buffer that is born with its limit.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define BUF_FIRST 64

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

/* Makes cap at least need; need includes the NUL. */
static void
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = xrealloc(b->data, cap);
	b->cap = cap;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	/* max may be SIZE_MAX, and the NUL needs its byte too */
	if (n > b->max - b->len || b->len + n == SIZE_MAX) {
		b->failed = true;
		return NULL;
	}
	if (b->len + n >= b->cap)
		grow(b, b->len + n + 1);
	return b->data + b->len;
}

void
buf_advance(struct buf *b, size_t n)
{
	assert(b->data != NULL && b->len + n < b->cap);
	b->len += n;
	b->data[b->len] = '\0';
}

/* Nearly always: an interpreter's step adds a hundred small pieces. */
static inline bool
has_room(const struct buf *b, size_t n)
{
	return n < b->cap - b->len && n <= b->max - b->len && !b->failed;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!has_room(b, n) && buf_reserve(b, n) == NULL)
		return;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	if (!has_room(b, 1) && buf_reserve(b, 1) == NULL)
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	if ((to = buf_reserve(b, (size_t)len)) == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf_advance(b, (size_t)len);
}

char *
put_i64(char *to, int64_t v)
{
	char digits[I64_CHARS];
	size_t at = sizeof(digits);
	/* the negative range is the larger one */
	uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		digits[--at] = '-';
	memcpy(to, digits + at, sizeof(digits) - at);
	return to + sizeof(digits) - at;
}

void
buf_add_i64(struct buf *b, int64_t v)
{
	char digits[I64_CHARS];

	buf_add(b, digits, (size_t)(put_i64(digits, v) - digits));
}

/* The letter after the backslash, 'u' for a \u00xx, 0 for a byte that stands for itself. */
static const char escape_of[256] = {
	[0x00 ... 0x07] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[0x0b] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e ... 0x1f] = 'u',
	['"'] = '"',
	['\\'] = '\\',
};

size_t
buf_json_escape(char out[6], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char e = escape_of[c];

	if (e == '\0') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = e;
	if (e != 'u')
		return 2;
	out[2] = '0';
	out[3] = '0';
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

/* What the escapes make the text longer by. */
static size_t
escapes_cost(const char *s, size_t n)
{
	size_t cost = 0;

	for (size_t i = 0; i < n; i++) {
		char e = escape_of[(unsigned char)s[i]];

		cost += (size_t)(e != '\0') + (size_t)(e == 'u') * 4;
	}
	return cost;
}

/* JSON inside JSON is full of quotes, in no order that a branch could learn: hence none for them. */
void
buf_add_json_escaped(struct buf *b, const char *s, size_t n)
{
	size_t cost = escapes_cost(s, n);
	char *to = n <= SIZE_MAX - cost ? buf_reserve(b, n + cost) : NULL;

	if (to == NULL) {
		b->failed = true;
		return;
	}
	if (cost == 0) {
		memcpy(to, s, n);
	} else {
		for (size_t i = 0; i < n; i++) {
			char e = escape_of[(unsigned char)s[i]];

			if (e == 'u') {
				to += buf_json_escape(to, (unsigned char)s[i]);
				continue;
			}
			/* the second byte may be the next one's place, or the NUL's */
			to[0] = (char)(e != '\0' ? '\\' : s[i]);
			to[1] = e;
			to += 1 + (e != '\0');
		}
	}
	buf_advance(b, n + cost);
}

void
buf_add_json_string(struct buf *b, const char *s, size_t n)
{
	buf_addc(b, '"');
	buf_add_json_escaped(b, s, n);
	buf_addc(b, '"');
}

char *
buf_steal(struct buf *b, size_t *len)
{
	char *text = b->data;

	if (len != NULL)
		*len = b->len;
	if (text == NULL)
		text = xstrdup("");
	*b = (struct buf){ .max = b->max };
	return text;
}

const char *
buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
