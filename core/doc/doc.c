/*
 * doc - immutable JSON values, shared instead of copied: life and reading.
 */
#include "doc/doc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "doc/block.h"
#include "doc/num.h"

/* --- life ------------------------------------------------------------- */

struct doc_block *
block_new(size_t text_len, size_t nnodes, size_t nlinks, size_t nspans)
{
	size_t at = block_nodes_at(text_len);
	struct doc_block *b = xmalloc(at + nnodes * sizeof(struct doc_node) +
	    nlinks * sizeof(struct doc_link) + nspans * sizeof(struct doc_span));

	*b = (struct doc_block){
		.refs = 1,
		.text_len = (uint32_t)text_len,
		.nnodes = (uint32_t)nnodes,
		.nlinks = (uint32_t)nlinks,
		.nspans = (uint32_t)nspans,
		.nodes = (struct doc_node *)(void *)((char *)b + at),
	};
	block_text(b)[text_len] = '\0';
	return b;
}

struct doc
doc_ref(struct doc d)
{
	if (d.block != NULL)
		d.block->refs++;
	return d;
}

/* A dead block waits for its end in a list through the first bytes of its text. */
static void
bury(struct doc_block *b, struct doc_block **graves)
{
	memcpy(block_text(b), graves, sizeof(*graves));
	*graves = b;
}

/*
 * A chain of documents, each wrapping the one before, may be longer than the stack is
 * deep: hence no recursion.
 */
void
doc_unref(struct doc d)
{
	struct doc_block *graves = NULL;

	if (d.block == NULL || --d.block->refs > 0)
		return;
	bury(d.block, &graves);
	while (graves != NULL) {
		struct doc_block *b = graves;
		const struct doc_link *links = block_links(b);

		memcpy(&graves, block_text(b), sizeof(graves));
		for (uint32_t i = 0; i < b->nlinks; i++)
			if (--links[i].target.block->refs == 0)
				bury(links[i].target.block, &graves);
		free(b);
	}
}

/* --- constants and scalars --------------------------------------------- */

/* One block of one node, laid out as block_new lays them out. */
struct constant {
	struct doc_block block;
	char text[8];
	struct doc_node node;
};

#define CONSTANT(type, literal, levels) \
	{ \
		.block.refs = 1, .block.text_len = sizeof(literal) - 1, .block.nnodes = 1, \
		.block.depth = levels, .text = literal, \
		.node = { .off = 0, .len = sizeof(literal) - 1, .skip = 1, .meta = type }, \
	}

static struct doc
constant(struct constant *c)
{
	c->block.nodes = &c->node;
	return doc_ref((struct doc){ &c->block, 0 });
}

struct doc
doc_null(void)
{
	static struct constant c = CONSTANT(DOC_NULL, "null", 0);

	return constant(&c);
}

struct doc
doc_bool(bool v)
{
	static struct constant yes = CONSTANT(DOC_TRUE, "true", 0);
	static struct constant no = CONSTANT(DOC_FALSE, "false", 0);

	return constant(v ? &yes : &no);
}

struct doc
doc_empty_object(void)
{
	static struct constant c = CONSTANT(DOC_OBJECT, "{}", 1);

	return constant(&c);
}

struct doc
doc_empty_array(void)
{
	static struct constant c = CONSTANT(DOC_ARRAY, "[]", 1);

	return constant(&c);
}

static struct doc
scalar(uint32_t meta, const char *text, size_t len)
{
	struct doc_block *b = block_new(len, 1, 0, 0);

	memcpy(block_text(b), text, len);
	b->nodes[0] = (struct doc_node){ .off = 0, .len = (uint32_t)len, .skip = 1, .meta = meta };
	return (struct doc){ b, 0 };
}

struct doc
doc_int(int64_t v)
{
	char text[NUM_TEXT_SIZE];

	return scalar(DOC_NUMBER, text, num_format_i64(v, text));
}

struct doc
doc_double(double v)
{
	char text[NUM_TEXT_SIZE];

	return scalar(DOC_NUMBER, text, num_format_f64(v, text));
}

struct doc
doc_string(const char *s, size_t len)
{
	struct buf literal;
	struct doc d = DOC_NONE;

	buf_init(&literal, DOC_SIZE_MAX);
	buf_reserve(&literal, len + 2);
	buf_add_json_string(&literal, s, len);
	if (!buf_failed(&literal))
		d = scalar(literal.len > len + 2 ? DOC_STRING | NODE_ESCAPED : DOC_STRING,
		    literal.data, literal.len);
	buf_fini(&literal);
	return d;
}

bool
doc_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		size_t n = *p < 0x80 ? 1 : utf8_length(p, (size_t)(end - p));

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/* --- reading ------------------------------------------------------------ */

enum doc_type
doc_type(struct doc d)
{
	return node_type(doc_node(d));
}

bool
doc_is_bool(struct doc d)
{
	return doc_type(d) == DOC_TRUE || doc_type(d) == DOC_FALSE;
}

bool
doc_is_true(struct doc d)
{
	return doc_type(d) == DOC_TRUE;
}

size_t
doc_size(struct doc d)
{
	const struct doc_node *n = doc_node(d);

	return (n->meta & NODE_LINKED) != 0 ? doc_span(d)->size : n->len;
}

size_t
doc_memory(struct doc d)
{
	const struct doc_block *b = d.block;

	return block_nodes_at(b->text_len) + b->nnodes * sizeof(struct doc_node) +
	    b->nlinks * sizeof(struct doc_link) + b->nspans * sizeof(struct doc_span);
}

size_t
doc_len(struct doc d)
{
	return node_count(doc_node(d));
}

struct doc_iter
doc_iter(struct doc d)
{
	return (struct doc_iter){
		.of_ = d,
		.next_ = d.node + 1,
		.left_ = d.block != NULL ? node_count(doc_node(d)) : 0,
	};
}

bool
doc_next(struct doc_iter *it)
{
	struct doc_block *b = it->of_.block;
	uint32_t value = it->next_;

	if (it->left_ == 0)
		return false;
	it->left_--;
	if (node_type(doc_node(it->of_)) == DOC_OBJECT)
		it->key = (struct doc){ b, value++ };
	it->value = doc_resolve(b, value);
	it->next_ = value + b->nodes[value].skip;
	return true;
}

/*
 * Reads a string literal piece by piece: the bytes up to the next escape as they are,
 * then the one that the escape stands for. Printing is canonical, so \u00xx is the
 * only long form there is.
 */
struct unescape {
	const char *s, *end;
	char byte;
};

/* The byte that the escape at s stands for; returns the place behind it. */
static const char *
unescape_one(const char *s, char *byte)
{
	static const char letters[256] = {
		['b'] = '\b',
		['f'] = '\f',
		['n'] = '\n',
		['r'] = '\r',
		['t'] = '\t',
		['"'] = '"',
		['\\'] = '\\',
	};

	if (s[1] == 'u') {
		*byte = (char)((s[4] - '0') << 4 | (s[5] <= '9' ? s[5] - '0' : s[5] - 'a' + 10));
		return s + 6;
	}
	*byte = letters[(unsigned char)s[1]];
	return s + 2;
}

static bool
unescape_next(struct unescape *u, const char **piece, size_t *len)
{
	const char *stop;

	if (u->s == u->end)
		return false;
	if (*u->s != '\\') {
		stop = memchr(u->s, '\\', (size_t)(u->end - u->s));
		*piece = u->s;
		u->s = stop != NULL ? stop : u->end;
		*len = (size_t)(u->s - *piece);
		return true;
	}
	u->s = unescape_one(u->s, &u->byte);
	*piece = &u->byte;
	*len = 1;
	return true;
}

static struct unescape
unescape_start(struct doc d)
{
	const char *text = doc_node_text(d);

	return (struct unescape){ .s = text + 1, .end = text + doc_node(d)->len - 1 };
}

bool
string_is(struct doc d, const char *s, size_t len)
{
	const struct doc_node *n = doc_node(d);
	struct unescape u;
	const char *piece;
	size_t piece_len;

	if ((n->meta & NODE_ESCAPED) == 0)
		return n->len == len + 2 && memcmp(doc_node_text(d) + 1, s, len) == 0;
	u = unescape_start(d);
	while (unescape_next(&u, &piece, &piece_len)) {
		if (piece_len > len || memcmp(piece, s, piece_len) != 0)
			return false;
		s += piece_len;
		len -= piece_len;
	}
	return len == 0;
}

struct doc
doc_get(struct doc d, const char *key, size_t key_len)
{
	const struct doc_node *nodes;
	uint32_t at = d.node + 1;

	if (d.block == NULL || doc_type(d) != DOC_OBJECT)
		return DOC_NONE;
	nodes = d.block->nodes;
	for (uint32_t left = node_count(doc_node(d)); left > 0; left--) {
		if (string_is((struct doc){ d.block, at }, key, key_len))
			return doc_resolve(d.block, at + 1);
		at += 1 + nodes[at + 1].skip;
	}
	return DOC_NONE;
}

struct doc
doc_gets(struct doc d, const char *key)
{
	return doc_get(d, key, strlen(key));
}

struct doc
doc_at(struct doc d, size_t index)
{
	const struct doc_node *n;
	uint32_t at = d.node + 1;

	if (d.block == NULL || doc_type(d) != DOC_ARRAY || index >= doc_len(d))
		return DOC_NONE;
	n = doc_node(d);
	if (n->skip == node_count(n) + 1) /* no element has children: all are one node each */
		return doc_resolve(d.block, at + (uint32_t)index);
	for (; index > 0; index--)
		at += d.block->nodes[at].skip;
	return doc_resolve(d.block, at);
}

/*
 * Goes down the first thing that is deeper than the limit, if there is one, with an
 * iterator for each level.
 */
bool
doc_too_deep(struct doc d)
{
	struct doc_iter *levels;
	size_t depth = 1;

	if (d.block->depth <= DOC_DEPTH_MAX)
		return false;
	levels = xreallocarray(NULL, DOC_DEPTH_MAX + 1, sizeof(*levels));
	levels[0] = doc_iter(d);
	while (depth > 0 && depth <= DOC_DEPTH_MAX) {
		struct doc_iter *it = &levels[depth - 1];

		if (!doc_next(it))
			depth--;
		else if (node_is_container(doc_node(it->value)))
			levels[depth++] = doc_iter(it->value);
	}
	free(levels);
	return depth > DOC_DEPTH_MAX;
}

/* --- strings ------------------------------------------------------------- */

/*
 * All of it, to where there is room for as many bytes as the literal has; returns the place behind. JSON inside
 * JSON has an escape every few bytes: only a longer run is worth the calls of memchr and memcpy.
 */
static char *
unescape_all(struct unescape u, char *to)
{
	const char *piece;
	size_t n;

	while (u.s < u.end) {
		const char *soon = u.end - u.s < 16 ? u.end : u.s + 16;

		while (u.s < soon && *u.s != '\\')
			*to++ = *u.s++;
		if (u.s < u.end && *u.s == '\\') {
			u.s = unescape_one(u.s, to++);
		} else if (unescape_next(&u, &piece, &n)) {
			memcpy(to, piece, n);
			to += n;
		}
	}
	return to;
}

const char *
doc_str(struct doc d, struct buf *scratch, size_t *len)
{
	char *room;

	assert(doc_type(d) == DOC_STRING);
	if ((doc_node(d)->meta & NODE_ESCAPED) == 0) {
		*len = doc_node(d)->len - 2;
		return doc_node_text(d) + 1;
	}
	buf_reset(scratch);
	if ((room = buf_reserve(scratch, doc_node(d)->len)) != NULL)
		buf_advance(scratch, (size_t)(unescape_all(unescape_start(d), room) - room));
	*len = scratch->len;
	return buf_text(scratch);
}

char *
doc_strdup(struct doc d)
{
	struct buf scratch;
	const char *s;
	char *copy = NULL;
	size_t len;

	if (d.block == NULL || doc_type(d) != DOC_STRING)
		return NULL;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(d, &scratch, &len);
	if (memchr(s, '\0', len) == NULL)
		copy = xstrndup(s, len);
	buf_fini(&scratch);
	return copy;
}

bool
doc_str_is(struct doc d, const char *s)
{
	return d.block != NULL && doc_type(d) == DOC_STRING && string_is(d, s, strlen(s));
}

/* --- numbers -------------------------------------------------------------- */

const char *
doc_num_text(struct doc d, size_t *len)
{
	assert(doc_type(d) == DOC_NUMBER);
	*len = doc_node(d)->len;
	return doc_node_text(d);
}

bool
doc_i64(struct doc d, int64_t *out)
{
	return d.block != NULL && doc_type(d) == DOC_NUMBER &&
	    num_to_i64(doc_node_text(d), doc_node(d)->len, out);
}

bool
doc_f64(struct doc d, double *out)
{
	return d.block != NULL && doc_type(d) == DOC_NUMBER &&
	    num_to_f64(doc_node_text(d), doc_node(d)->len, out);
}

int
doc_num_cmp(struct doc a, struct doc b)
{
	assert(doc_type(a) == DOC_NUMBER && doc_type(b) == DOC_NUMBER);
	return num_cmp(doc_node_text(a), doc_node(a)->len, doc_node_text(b), doc_node(b)->len);
}
