/*
 * doc_parse - strict JSON text to a document.
 *
 * One pass writes the compact text and the tape into one block: both are never
 * longer than the source asks for, since canonical escapes are never longer than
 * those of the source, and the block is cut to what was used at the end. There is
 * no recursion: the containers that are open are kept in an array of RECORD_DEPTH_MAX.
 *
 * Repeated keys are rare, so the tape is first made as if there were none. Small
 * objects look for a key among those before it, and only when a Bloom filter says
 * that it may be there; large ones make a table when they end. Only a document
 * where a key did repeat is then built anew.
 *
 * Sentences, and the places that come with them, are those of Jackson, since that
 * is what clients of AWS know: the place is behind the character that was wrong.
 */
#include "doc/doc.h"

#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "doc/block.h"

#define SLACK 16         /* bytes that may be written behind the text in one go */
#define FILTERED_KEYS 32 /* an object with more keys gets a table */
#define TOKEN_SHOWN 256  /* of a token that is not JSON */
#define FILTER_WORDS 4
#define RECORD_DEPTH_MAX (DOC_DEPTH_MAX + DOC_WRAP_DEPTH)

/* Errors end a parse: they stay out of the way of the code that reads. */
#define COLD __attribute__((cold, noinline))

#define VALID_TOKENS "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/* A container that is open. Its node has the number of children so far. */
struct level {
	uint32_t node;
	uint32_t begin;                /* where in the source, for error messages */
	uint64_t filter[FILTER_WORDS]; /* keys that may be there already */
};

struct parser {
	const unsigned char *s, *end, *begin;
	char *out;  /* where the text goes on */
	char *text; /* where it began */
	struct doc_block *block;
	struct doc_node *nodes;
	uint32_t nnodes, nodes_cap;
	uint32_t nlevels, depth, depth_max;
	struct level *levels;
	struct key_table keys;
	bool repeats;
	struct err *e;
	const unsigned char *wrong; /* behind the character that was wrong */
};

/* What happens next, after a piece of the source was read. */
enum step { STEP_BAD, STEP_VALUE, STEP_AFTER_VALUE, STEP_DONE };

static enum step fail(struct parser *p, const unsigned char *wrong, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- errors ------------------------------------------------------------- */

static COLD enum step
fail(struct parser *p, const unsigned char *wrong, const char *fmt, ...)
{
	va_list ap;
	char *cause;

	va_start(ap, fmt);
	if (vasprintf(&cause, fmt, ap) < 0)
		abort();
	va_end(ap);
	p->wrong = wrong;
	err_set_text(p->e, "pawl.Json", cause, strlen(cause));
	free(cause);
	return STEP_BAD;
}

/* Line and column, both from 1, a column being a UTF-16 unit as in Java. */
static void
place_of(const struct parser *p, const unsigned char *at, size_t *line, size_t *column)
{
	*line = 1;
	*column = 1;
	for (const unsigned char *s = p->begin; s < at; s++) {
		if (*s == '\n' || (*s == '\r' && (s + 1 == p->end || s[1] != '\n'))) {
			++*line;
			*column = 1;
		} else if ((*s & 0xc0) != 0x80) {
			*column += *s >= 0xf0 && utf8_length(s, (size_t)(p->end - s)) == 4 ? 2 : 1;
		}
	}
}

/* One character (or byte that is none), as Jackson shows it. */
struct shown {
	char text[64];
	size_t len; /* of the character in the source */
};

static struct shown
show(const struct parser *p, const unsigned char *at)
{
	struct shown c = { .len = 1 };
	unsigned code = *at;
	char utf8[5] = "";

	if (code >= 0x80) {
		c.len = utf8_length(at, (size_t)(p->end - at));
		if (c.len == 0) {
			c.len = 1;
			snprintf(c.text, sizeof(c.text), "byte 0x%02x", code);
			return c;
		}
		code &= 0xffu >> (c.len + 1);
		for (size_t i = 1; i < c.len; i++)
			code = code << 6 | (at[i] & 0x3f);
	}
	memcpy(utf8, at, c.len);
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		snprintf(c.text, sizeof(c.text), "(CTRL-CHAR, code %u)", code);
	else if (code > 255)
		snprintf(c.text, sizeof(c.text), "'%.4s' (code %u / 0x%x)", utf8, code, code);
	else
		snprintf(c.text, sizeof(c.text), "'%.4s' (code %u)", utf8, code);
	return c;
}

static bool
is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    c == '_' || c == '$' || c >= 0x80;
}

static COLD enum step
fail_utf8(struct parser *p, const unsigned char *at)
{
	return fail(p, at + 1, "Invalid UTF-8: byte 0x%02x", *at);
}

/* The end of the source came inside of a container, or before any value. */
static COLD enum step
fail_end(struct parser *p)
{
	const struct level *l;
	size_t line, column;

	if (p->nlevels == 0)
		return fail(p, p->s, "No content to map due to end-of-input");
	l = &p->levels[p->nlevels - 1];
	place_of(p, p->begin + l->begin, &line, &column);
	return fail(p, p->s,
	    "Unexpected end-of-input: expected close marker for %s (start marker at [line: %zu, column: %zu])",
	    node_type(&p->nodes[l->node]) == DOC_OBJECT ? "Object" : "Array", line, column);
}

static COLD enum step
fail_char(struct parser *p, const char *expected)
{
	struct shown c;

	if (p->s == p->end)
		return fail_end(p);
	if (*p->s >= 0x80 && utf8_length(p->s, (size_t)(p->end - p->s)) == 0)
		return fail_utf8(p, p->s);
	c = show(p, p->s);
	if (*p->s < 0x20)
		return fail(p, p->s + 1,
		    "Illegal character (%s): only regular white space (\\r, \\n, \\t) is allowed between tokens",
		    c.text);
	return fail(p, p->s + c.len, "Unexpected character (%s): %s", c.text, expected);
}

/* Something that is no JSON token stands where a value is due, from the given place on. */
static COLD enum step
fail_token(struct parser *p, const unsigned char *from)
{
	const unsigned char *to = from;

	while (to < p->end && is_token_char(*to)) {
		size_t n = *to < 0x80 ? 1 : utf8_length(to, (size_t)(p->end - to));

		if (n == 0)
			return fail_utf8(p, to);
		if (to + n - from > TOKEN_SHOWN)
			break;
		to += n;
	}
	if (to == from)
		return fail_char(p, "expected a valid value " VALID_TOKENS);
	return fail(p, to, "Unrecognized token '%.*s': was expecting " VALID_TOKENS,
	    (int)(to - from), (const char *)from);
}

/* A closing bracket of the other kind. */
static COLD enum step
fail_close(struct parser *p)
{
	const struct level *l = &p->levels[p->nlevels - 1];
	bool object = node_type(&p->nodes[l->node]) == DOC_OBJECT;
	size_t line, column;

	place_of(p, p->begin + l->begin, &line, &column);
	return fail(p, p->s + 1,
	    "Unexpected close marker '%c': expected '%c' (for %s starting at [line: %zu, column: %zu])",
	    *p->s, object ? '}' : ']', object ? "Object" : "Array", line, column);
}

/* --- the block ------------------------------------------------------------- */

static inline bool
is_space(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void
skip_space(struct parser *p)
{
	while (p->s < p->end && is_space(*p->s))
		p->s++;
}

/* The tape lies behind the text in the block, which has room for the whole source. */
static size_t
nodes_at(const struct parser *p)
{
	return block_nodes_at((size_t)(p->end - p->begin) + SLACK);
}

static void
use_block(struct parser *p, struct doc_block *b, size_t written)
{
	p->block = b;
	p->text = block_text(b);
	p->out = p->text + written;
	p->nodes = (struct doc_node *)(void *)((char *)b + nodes_at(p));
}

static COLD void
grow_nodes(struct parser *p)
{
	size_t written = (size_t)(p->out - p->text);

	p->nodes_cap += p->nodes_cap / 2;
	use_block(p, xrealloc(p->block, nodes_at(p) + p->nodes_cap * sizeof(struct doc_node)),
	    written);
}

static inline struct doc_node *
add_node(struct parser *p, uint32_t meta, const char *from)
{
	struct doc_node *n;

	if (p->nnodes == p->nodes_cap) {
		size_t off = (size_t)(from - p->text);

		grow_nodes(p);
		from = p->text + off;
	}
	n = &p->nodes[p->nnodes++];
	n->off = (uint32_t)(from - p->text);
	n->len = (uint32_t)(p->out - from);
	n->skip = 1;
	n->meta = meta;
	return n;
}

static inline struct level *
innermost(struct parser *p)
{
	return &p->levels[p->nlevels - 1];
}

/* Up to 16 bytes in one go when both sides have room for it; the text always has. */
static inline void
put_short(struct parser *p, const unsigned char *from, size_t n)
{
	if (n <= SLACK && p->end - from >= SLACK)
		memcpy(p->out, from, SLACK);
	else
		memcpy(p->out, from, n);
	p->out += n;
}

/* --- strings ---------------------------------------------------------------- */

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t
utf8_length(const unsigned char *p, size_t avail)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	/* not longer than need be, no surrogates, nothing above U+10FFFF */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n > avail || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!is_tail(p[i]))
			return 0;
	return n;
}

static size_t
utf8_put(char *to, uint32_t code)
{
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The four hex digits behind "\u" at p->s; the escape is passed over. -1: not four digits. */
static int32_t
read_hex(struct parser *p)
{
	int32_t code = 0;

	p->s += 2;
	for (int i = 0; i < 4; i++, p->s++) {
		unsigned char c = p->s < p->end ? *p->s : 0;

		if (c >= '0' && c <= '9')
			code = code << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			code = code << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return code;
}

static COLD bool
fail_hex(struct parser *p)
{
	if (p->s >= p->end)
		fail(p, p->end, "Unexpected end-of-input in character escape sequence");
	else
		fail(p, p->s + show(p, p->s).len,
		    "Unexpected character (%s): expected a hex-digit for character escape sequence",
		    show(p, p->s).text);
	return false;
}

static COLD bool
fail_surrogate(struct parser *p, int32_t code)
{
	fail(p, p->s, "Invalid character escape: \\u%04x is half of a surrogate pair",
	    (unsigned)code);
	return false;
}

/* "\uXXXX", maybe both halves of a surrogate pair, in its canonical form. */
static bool
read_unicode(struct parser *p)
{
	int32_t code = read_hex(p), low;

	if (code < 0)
		return fail_hex(p);
	if (code < 0x80) {
		p->out += buf_json_escape(p->out, (unsigned char)code);
		return true;
	}
	if (code >= 0xd800 && code <= 0xdfff) {
		if (code >= 0xdc00 || p->end - p->s < 2 || p->s[0] != '\\' || p->s[1] != 'u')
			return fail_surrogate(p, code);
		low = read_hex(p);
		if (low < 0)
			return fail_hex(p);
		if (low < 0xdc00 || low > 0xdfff)
			return fail_surrogate(p, code);
		code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
	}
	p->out += utf8_put(p->out, (uint32_t)code);
	return true;
}

static bool
read_escape(struct parser *p)
{
	unsigned char c;

	if (p->end - p->s < 2) {
		fail(p, p->end, "Unexpected end-of-input in character escape sequence");
		return false;
	}
	c = p->s[1];
	switch (c) {
	case 'u':
		return read_unicode(p);
	case '/':
		*p->out++ = '/';
		break;
	case '"':
	case '\\':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		*p->out++ = '\\';
		*p->out++ = (char)c;
		break;
	default:
		fail(p, p->s + 1 + show(p, p->s + 1).len, "Unrecognized character escape %s",
		    show(p, p->s + 1).text);
		return false;
	}
	p->s += 2;
	return true;
}

#define EACH_BYTE(c) (0x0101010101010101u * (c))

/*
 * A bit at the first byte of the word that ends a plain run: a quote, a backslash, a
 * control character or one beyond ASCII. (Bits above the first may be wrong.)
 */
static inline uint64_t
special_bytes(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE('"'), backslash = w ^ EACH_BYTE('\\');
	uint64_t found = (quote - EACH_BYTE(1)) & ~quote;

	found |= (backslash - EACH_BYTE(1)) & ~backslash;
	found |= (w - EACH_BYTE(0x20)) & ~w;
	return (found | w) & EACH_BYTE(0x80);
}

/* Copies bytes that stand for themselves, up to the first that needs a look. */
static inline void
copy_plain(struct parser *p)
{
	const unsigned char *s = p->s;
	char *out = p->out;

	while (p->end - s >= 8) {
		uint64_t w, special;

		memcpy(&w, s, 8);
		memcpy(out, &w, 8);
		special = special_bytes(le64toh(w));
		if (special != 0) {
			unsigned n = (unsigned)__builtin_ctzll(special) / 8;

			p->s = s + n;
			p->out = out + n;
			return;
		}
		s += 8;
		out += 8;
	}
	while (s < p->end && *s >= 0x20 && *s < 0x80 && *s != '"' && *s != '\\')
		*out++ = (char)*s++;
	p->s = s;
	p->out = out;
}

static bool
copy_utf8(struct parser *p)
{
	do {
		size_t n = utf8_length(p->s, (size_t)(p->end - p->s));

		if (n == 0) {
			fail_utf8(p, p->s);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			*p->out++ = (char)*p->s++;
	} while (p->s < p->end && *p->s >= 0x80);
	return true;
}

static COLD bool
fail_string(struct parser *p, bool key)
{
	if (p->s == p->end && key)
		fail(p, p->s, "Unexpected end-of-input in field name");
	else if (p->s == p->end)
		fail(p, p->s,
		    "Unexpected end-of-input: was expecting closing quote for a string value");
	else
		fail(p, p->s + 1,
		    "Illegal unquoted character ((CTRL-CHAR, code %u)): has to be escaped using backslash to be included in %s",
		    *p->s, key ? "name" : "string value");
	return false;
}

/* At a quote: copies the whole literal and makes its node. */
static inline bool
read_string(struct parser *p, bool key)
{
	char *from = p->out;
	uint32_t meta = DOC_STRING;
	unsigned char c;

	*p->out++ = '"';
	p->s++;
	for (;;) {
		copy_plain(p);
		c = p->s < p->end ? *p->s : 0;
		if (c == '"')
			break;
		if (c == '\\') {
			if (!read_escape(p))
				return false;
			meta = DOC_STRING | NODE_ESCAPED;
		} else if (c >= 0x80) {
			if (!copy_utf8(p))
				return false;
		} else {
			return fail_string(p, key);
		}
	}
	*p->out++ = '"';
	p->s++;
	/* an escape of the source may have turned into a plain character */
	if (meta != DOC_STRING && memchr(from, '\\', (size_t)(p->out - from)) == NULL)
		meta = DOC_STRING;
	add_node(p, meta, from);
	return true;
}

/* --- keys --------------------------------------------------------------------- */

/* Whether one of the keys before the newest one, which is the last node, is the same. */
static bool
key_was_there(const struct parser *p, const struct level *l)
{
	const struct doc_node *key = &p->nodes[p->nnodes - 1], *n = &p->nodes[l->node];
	uint32_t at = l->node + 1;

	for (uint32_t left = node_count(n) - 1; left > 0; left--) {
		const struct doc_node *other = &p->nodes[at];

		if (other->len == key->len &&
		    memcmp(p->text + other->off, p->text + key->off, key->len) == 0)
			return true;
		at += 1 + p->nodes[at + 1].skip;
	}
	return false;
}

/* The newest key of a small object. */
static inline void
check_key(struct parser *p, struct level *l)
{
	const struct doc_node *key = &p->nodes[p->nnodes - 1];
	const unsigned char *text = (const unsigned char *)p->text + key->off;
	uint32_t h = key->len * 0x9e3779b1u + text[1] * 0x85ebca6bu +
	    text[key->len - 2] * 0xc2b2ae35u + text[key->len / 2] * 0x27d4eb2fu;
	uint64_t *word = &l->filter[h >> 30], bit = (uint64_t)1 << (h >> 24 & 63);

	if ((*word & bit) != 0 && key_was_there(p, l)) {
		p->nodes[l->node].meta |= NODE_REPEATS;
		p->repeats = true;
	}
	*word |= bit;
}

/* A large object ends. */
static void
check_keys(struct parser *p, struct level *l)
{
	p->block->nodes = p->nodes;
	if (key_table_fill(&p->keys, (struct doc){ p->block, l->node })) {
		p->nodes[l->node].meta |= NODE_REPEATS;
		p->repeats = true;
	}
}

/* The key of a member is due: reads it with its colon. */
static inline enum step
read_key(struct parser *p)
{
	struct level *l;

	skip_space(p);
	if (p->s == p->end || *p->s != '"')
		return fail_char(p, "was expecting double-quote to start field name");
	if (!read_string(p, true))
		return STEP_BAD;
	l = innermost(p);
	p->nodes[l->node].meta += NODE_CHILD;
	if (node_count(&p->nodes[l->node]) <= FILTERED_KEYS)
		check_key(p, l);
	skip_space(p);
	if (p->s == p->end)
		return fail(p, p->s, "Unexpected end-of-input within/between Object entries");
	if (*p->s != ':')
		return fail_char(p, "was expecting a colon to separate field name and value");
	p->s++;
	*p->out++ = ':';
	return STEP_VALUE;
}

/* --- values ------------------------------------------------------------------- */

static inline void
skip_digits(struct parser *p)
{
	while (p->s < p->end && *p->s >= '0' && *p->s <= '9')
		p->s++;
}

/* At least one digit must be here. */
static inline bool
read_digits(struct parser *p, const char *missing)
{
	const unsigned char *from = p->s;

	skip_digits(p);
	if (p->s > from)
		return true;
	if (p->s == p->end)
		fail(p, p->s, "Unexpected end-of-input in a Number value");
	else
		fail(p, p->s + show(p, p->s).len, "Unexpected character (%s) in numeric value: %s",
		    show(p, p->s).text, missing);
	return false;
}

static enum step
read_number(struct parser *p)
{
	const unsigned char *from = p->s;
	char *text = p->out;

	if (*p->s == '-')
		p->s++;
	if (p->end - p->s >= 2 && p->s[0] == '0' && p->s[1] >= '0' && p->s[1] <= '9')
		return fail(p, p->s + 2, "Invalid numeric value: Leading zeroes not allowed");
	if (!read_digits(p, "expected digit (0-9) to follow minus sign, for valid numeric value"))
		return STEP_BAD;
	if (p->s < p->end && *p->s == '.') {
		p->s++;
		if (!read_digits(p, "Decimal point not followed by a digit"))
			return STEP_BAD;
	}
	if (p->s < p->end && (*p->s | 0x20) == 'e') {
		p->s++;
		if (p->s < p->end && (*p->s == '-' || *p->s == '+'))
			p->s++;
		if (!read_digits(p, "Exponent indicator not followed by a digit"))
			return STEP_BAD;
	}
	put_short(p, from, (size_t)(p->s - from));
	add_node(p, DOC_NUMBER, text);
	return STEP_AFTER_VALUE;
}

static inline enum step
read_word(struct parser *p, enum doc_type type, const char *word, size_t len)
{
	char *text = p->out;

	if ((size_t)(p->end - p->s) < len || memcmp(p->s, word, len) != 0 ||
	    ((size_t)(p->end - p->s) > len && is_token_char(p->s[len])))
		return fail_token(p, p->s);
	memcpy(p->out, word, len);
	p->out += len;
	p->s += len;
	add_node(p, type, text);
	return STEP_AFTER_VALUE;
}

static inline enum step
close_container(struct parser *p)
{
	struct level *l = innermost(p);
	struct doc_node *n = &p->nodes[l->node];

	*p->out++ = (char)*p->s++;
	n->len = (uint32_t)(p->out - p->text) - n->off;
	n->skip = p->nnodes - l->node;
	if (node_type(n) == DOC_OBJECT && node_count(n) > FILTERED_KEYS)
		check_keys(p, l);
	p->nlevels--;
	return STEP_AFTER_VALUE;
}

static inline enum step
open_container(struct parser *p, enum doc_type type, unsigned char closing)
{
	char *text = p->out;
	struct level *l;

	if (p->nlevels == p->depth_max)
		return fail(p, p->s + 1,
		    "Document nesting depth (%u) exceeds the maximum allowed (%u)",
		    p->depth_max + 1, p->depth_max);
	l = &p->levels[p->nlevels++];
	*l = (struct level){ .node = p->nnodes, .begin = (uint32_t)(p->s - p->begin) };
	if (p->depth < p->nlevels)
		p->depth = p->nlevels;
	*p->out++ = (char)*p->s++;
	add_node(p, type, text);
	skip_space(p);
	if (p->s < p->end && *p->s == closing)
		return close_container(p);
	return type == DOC_OBJECT ? read_key(p) : STEP_VALUE;
}

/* A value is due. */
static enum step
read_value(struct parser *p)
{
	skip_space(p);
	if (p->s == p->end)
		return fail_end(p);
	if (p->nlevels > 0 && node_type(&p->nodes[innermost(p)->node]) == DOC_ARRAY)
		p->nodes[innermost(p)->node].meta += NODE_CHILD;
	switch (*p->s) {
	case '"':
		return read_string(p, false) ? STEP_AFTER_VALUE : STEP_BAD;
	case '{':
		return open_container(p, DOC_OBJECT, '}');
	case '[':
		return open_container(p, DOC_ARRAY, ']');
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return read_number(p);
	case 'n':
		return read_word(p, DOC_NULL, "null", 4);
	case 't':
		return read_word(p, DOC_TRUE, "true", 4);
	case 'f':
		return read_word(p, DOC_FALSE, "false", 5);
	default:
		return fail_token(p, p->s);
	}
}

/* A value ended: a comma, a closing bracket or the end of the source is due. */
static inline enum step
read_after_value(struct parser *p)
{
	bool object;

	skip_space(p);
	if (p->nlevels == 0) {
		if (p->s < p->end)
			return fail_char(p, "was expecting the end of the document");
		return STEP_DONE;
	}
	if (p->s == p->end)
		return fail_end(p);
	object = node_type(&p->nodes[innermost(p)->node]) == DOC_OBJECT;
	if (*p->s == ',') {
		p->s++;
		*p->out++ = ',';
		return object ? read_key(p) : STEP_VALUE;
	}
	if (*p->s == (object ? '}' : ']'))
		return close_container(p);
	if (*p->s == '}' || *p->s == ']')
		return fail_close(p);
	if (object)
		return fail_char(p, "was expecting comma to separate Object entries");
	return fail_char(p, "was expecting comma to separate Array entries");
}

/* --- documents ------------------------------------------------------------------- */

/* Cuts the block to what was used. */
static struct doc
finish(struct parser *p)
{
	struct doc_block *b = p->block;
	size_t len = (size_t)(p->out - p->text), at = block_nodes_at(len);
	size_t size = p->nnodes * sizeof(struct doc_node);

	p->text[len] = '\0';
	memmove((char *)b + at, p->nodes, size);
	b = xrealloc(b, at + size);
	*b = (struct doc_block){
		.refs = 1,
		.text_len = (uint32_t)len,
		.nnodes = p->nnodes,
		.depth = p->depth,
		.nodes = (struct doc_node *)(void *)((char *)b + at),
	};
	return (struct doc){ b, 0 };
}

static void build_unique(struct doc_builder *b, struct key_table *keys, struct doc d);

/* The last value of each key, at the place of its first. */
static void
build_members(struct doc_builder *b, struct key_table *keys, struct doc d)
{
	struct doc_iter it = doc_iter(d);
	struct doc_node *nodes = d.block->nodes;

	if ((nodes[d.node].meta & NODE_REPEATS) != 0) {
		/* the table is used again further down: what it says is noted in the keys' skips */
		key_table_fill(keys, d);
		while (doc_next(&it)) {
			const struct key_entry *e = key_table_find(keys, d,
			    block_text(d.block) + nodes[it.key.node].off, nodes[it.key.node].len);

			nodes[it.key.node].skip = e->first == it.key.node ? e->last : 0;
		}
	} else {
		while (doc_next(&it))
			nodes[it.key.node].skip = it.key.node;
	}
	it = doc_iter(d);
	while (doc_next(&it)) {
		uint32_t last = nodes[it.key.node].skip;

		if (last == 0)
			continue;
		docb_key_doc(b, it.key);
		build_unique(b, keys, (struct doc){ d.block, last + 1 });
	}
}

/* No deeper than RECORD_DEPTH_MAX: this document was parsed. */
static void
build_unique(struct doc_builder *b, struct key_table *keys, struct doc d)
{
	struct doc_iter it = doc_iter(d);

	switch (doc_type(d)) {
	case DOC_OBJECT:
		docb_object(b);
		build_members(b, keys, d);
		docb_end(b);
		break;
	case DOC_ARRAY:
		docb_array(b);
		while (doc_next(&it))
			build_unique(b, keys, it.value);
		docb_end(b);
		break;
	default:
		docb_copy(b, d);
		break;
	}
}

/* Takes d. */
static struct doc
without_repeats_take(struct parser *p, struct doc d)
{
	struct doc_builder *b = docb_new();

	build_unique(b, &p->keys, d);
	doc_unref(d);
	return docb_finish(b);
}

static struct doc
parse(const char *text, size_t len, uint32_t depth_max, struct err *e, size_t *err_line,
    size_t *err_column)
{
	struct level levels[RECORD_DEPTH_MAX];
	struct parser p = {
		.s = (const unsigned char *)text,
		.begin = (const unsigned char *)text,
		.end = (const unsigned char *)text + len,
		.depth_max = depth_max,
		.levels = levels,
		.keys = KEY_TABLE_INIT,
		.e = e,
	};
	enum step step = STEP_VALUE;
	struct doc d = DOC_NONE;
	size_t line, column;

	if (len > DOC_SIZE_MAX) {
		step = fail(&p, p.begin, "Document length (%zu) exceeds the maximum allowed (%u)",
		    len, DOC_SIZE_MAX);
	} else {
		/* most documents have no more nodes than this; then the block never moves */
		p.nodes_cap = (uint32_t)len / 6 + 8;
		use_block(&p, xmalloc(nodes_at(&p) + p.nodes_cap * sizeof(struct doc_node)), 0);
	}
	while (step == STEP_VALUE || step == STEP_AFTER_VALUE)
		step = step == STEP_VALUE ? read_value(&p) : read_after_value(&p);
	if (step == STEP_DONE) {
		d = finish(&p);
		if (p.repeats)
			d = without_repeats_take(&p, d);
	} else {
		place_of(&p, p.wrong, &line, &column);
		if (err_line != NULL)
			*err_line = line;
		if (err_column != NULL)
			*err_column = column;
		free(p.block);
	}
	key_table_fini(&p.keys);
	return d;
}

struct doc
doc_parse_at(const char *text, size_t len, struct err *e, size_t *err_line, size_t *err_column)
{
	return parse(text, len, DOC_DEPTH_MAX, e, err_line, err_column);
}

struct doc
doc_parse(const char *text, size_t len, struct err *e)
{
	return parse(text, len, DOC_DEPTH_MAX, e, NULL, NULL);
}

struct doc
doc_parse_record(const char *text, size_t len, struct err *e)
{
	return parse(text, len, RECORD_DEPTH_MAX, e, NULL, NULL);
}
