/*
 * visible - what strangers wrote, in a form that moves no cursor.
 */
#include "cli/visible.h"

#include <stdbool.h>
#include <string.h>

#include "doc/doc.h"
#include "expr/ident.h"

struct range {
	uint32_t first, last;
};

/* Controls, and what makes text read in another order than it is written in. */
static const struct range hidden[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };
/* Marks that stand over or under the character before. */
static const struct range narrow[] = { { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
	{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef } };
/* East Asian scripts and pictures, which fill two columns. */
static const struct range wide[] = { { 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x23e9, 0x23ec },
	{ 0x2614, 0x2615 }, { 0x26a1, 0x26a1 }, { 0x2705, 0x2705 }, { 0x274c, 0x274c },
	{ 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0xa4cf },
	{ 0xa960, 0xa97c }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1faff }, { 0x20000, 0x3fffd } };

#define HOLDS(ranges, c) holds(ranges, sizeof(ranges) / sizeof(*(ranges)), c)

static bool
holds(const struct range *ranges, size_t n, uint32_t c)
{
	size_t i;

	for (i = 0; i < n && c >= ranges[i].first; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

/* Decodes the character; 0 = it is none of UTF-8, of which ident_utf8 is not the judge. */
static size_t
decode(const char *s, size_t len, uint32_t *c)
{
	size_t n = ident_utf8(s, len, c);

	return n > 1 && !doc_utf8_valid(s, n) ? 0 : n;
}

size_t
visible_length(const char *s, size_t len)
{
	uint32_t c;
	size_t n = decode(s, len, &c);

	return n > 0 ? n : 1;
}

size_t
visible_add(struct buf *out, const char *s, size_t len, size_t *cells)
{
	size_t before = out->len, n;
	uint32_t c;

	if ((n = decode(s, len, &c)) == 0) {
		c = (unsigned char)*s;
		n = 1;
	} else if (!HOLDS(hidden, c)) {
		buf_add(out, s, n);
		*cells = HOLDS(narrow, c) ? 0 : HOLDS(wide, c) ? 2 : 1;
		return n;
	}
	buf_addf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
	*cells = out->len - before;
	return n;
}

void
visible_add_all(struct buf *out, const char *s, size_t len)
{
	size_t at, cells;

	for (at = 0; at < len;)
		at += visible_add(out, s + at, len - at, &cells);
}
