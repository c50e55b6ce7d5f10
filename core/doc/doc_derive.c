/*
 * doc_derive - documents made from values and from parts of other documents.
 *
 * The builder writes what the parser would have written: compact text and a tape.
 * A value of another document is copied when it is small; else its place in the
 * text stays a hole, and the tape gets a link (see block.h).
 */
#include "doc/doc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "doc/block.h"
#include "doc/num.h"

/* A link costs 40 bytes and a jump when it is read or printed; so much text is copied instead. */
#define COPY_MAX 256

/* What a builder begins with; both small enough to come from malloc's quick lists. */
#define FIRST_TEXT 1000
#define FIRST_NODES 60

/* A container that is open. */
struct level {
	uint32_t node;
	uint32_t first_link;
	uint64_t linked_size; /* what the links inside print */
	bool key_given;       /* the value of a member is due */
};

struct doc_builder {
	struct buf text;
	struct doc_node *nodes;
	size_t nnodes, nodes_cap;
	struct doc_link *links;
	size_t nlinks, links_cap;
	struct doc_span *spans;
	size_t nspans, spans_cap;
	struct level *levels;
	size_t nlevels, levels_cap;
	size_t depth;    /* of the deepest value so far */
	struct doc root; /* owned: the one value given, when it is no container of ours */
	bool failed;     /* larger than a block may be; nothing happens any more */
};

#define GROW(list, n, cap) \
	do { \
		if ((n) == (cap)) { \
			(cap) = (cap) > 0 ? (cap)*2 : 8; \
			(list) = xreallocarray(list, cap, sizeof(*(list))); \
		} \
	} while (0)

struct doc_builder *
docb_new(void)
{
	struct doc_builder *b = xcalloc(1, sizeof(*b));

	buf_init(&b->text, DOC_SIZE_MAX);
	/* most documents that are made stay below this, and nothing has to move */
	buf_reserve(&b->text, FIRST_TEXT);
	b->nodes_cap = FIRST_NODES;
	b->nodes = xreallocarray(NULL, FIRST_NODES, sizeof(*b->nodes));
	return b;
}

void
docb_free(struct doc_builder *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->nlinks; i++)
		doc_unref(b->links[i].target);
	doc_unref(b->root);
	buf_fini(&b->text);
	free(b->nodes);
	free(b->links);
	free(b->spans);
	free(b->levels);
	free(b);
}

static struct level *
innermost(struct doc_builder *b)
{
	return b->nlevels > 0 ? &b->levels[b->nlevels - 1] : NULL;
}

/* One child more in the innermost container; writes the comma before it. */
static void
count_child(struct doc_builder *b, struct level *l)
{
	struct doc_node *n = &b->nodes[l->node];

	if (node_count(n) > 0)
		buf_addc(&b->text, ',');
	if (node_count(n) == NODE_COUNT_MAX)
		b->failed = true;
	else
		n->meta += NODE_CHILD;
}

/* Every value passes here before it is written; false when nothing is written any more. */
static bool
begin_value(struct doc_builder *b)
{
	struct level *l = innermost(b);

	if (b->failed)
		return false;
	if (l == NULL) {
		assert(b->nnodes == 0 && doc_is_none(b->root));
	} else if (node_type(&b->nodes[l->node]) == DOC_OBJECT) {
		assert(l->key_given);
		l->key_given = false;
	} else {
		count_child(b, l);
	}
	return true;
}

static void
check_size(struct doc_builder *b)
{
	if (buf_failed(&b->text) || b->nnodes > DOC_SIZE_MAX)
		b->failed = true;
}

/* The node of the text from off to the end of the text. */
static void
add_node(struct doc_builder *b, uint32_t meta, size_t off)
{
	GROW(b->nodes, b->nnodes, b->nodes_cap);
	b->nodes[b->nnodes++] = (struct doc_node){
		.off = (uint32_t)off,
		.len = (uint32_t)(b->text.len - off),
		.skip = 1,
		.meta = meta,
	};
	check_size(b);
}

static void
open_container(struct doc_builder *b, enum doc_type type, char bracket)
{
	size_t off;

	if (!begin_value(b))
		return;
	GROW(b->levels, b->nlevels, b->levels_cap);
	b->levels[b->nlevels++] = (struct level){
		.node = (uint32_t)b->nnodes,
		.first_link = (uint32_t)b->nlinks,
	};
	if (b->depth < b->nlevels)
		b->depth = b->nlevels;
	off = b->text.len;
	buf_addc(&b->text, bracket);
	add_node(b, type, off);
}

void
docb_object(struct doc_builder *b)
{
	open_container(b, DOC_OBJECT, '{');
}

void
docb_array(struct doc_builder *b)
{
	open_container(b, DOC_ARRAY, '[');
}

/* Sizes may be sums of sums of shared parts: they stop at the end of their type. */
static uint64_t
add_sizes(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* A container with links gets its span, and its parent learns what they print. */
static void
add_span(struct doc_builder *b, const struct level *l)
{
	struct doc_node *n = &b->nodes[l->node];
	struct level *parent;

	GROW(b->spans, b->nspans, b->spans_cap);
	b->spans[b->nspans] = (struct doc_span){
		.size = add_sizes(n->len, l->linked_size),
		.off = n->off,
		.len = n->len,
		.first_link = l->first_link,
		.nlinks = (uint32_t)b->nlinks - l->first_link,
	};
	n->off = (uint32_t)b->nspans++;
	n->meta |= NODE_LINKED;
	parent = b->nlevels > 1 ? &b->levels[b->nlevels - 2] : NULL;
	if (parent != NULL)
		parent->linked_size = add_sizes(parent->linked_size, l->linked_size);
}

void
docb_end(struct doc_builder *b)
{
	struct level *l = innermost(b);
	struct doc_node *n;

	if (b->failed)
		return;
	assert(l != NULL && !l->key_given);
	n = &b->nodes[l->node];
	buf_addc(&b->text, node_type(n) == DOC_OBJECT ? '}' : ']');
	n->len = (uint32_t)(b->text.len - n->off);
	n->skip = (uint32_t)(b->nnodes - l->node);
	if (b->nlinks > l->first_link)
		add_span(b, l);
	b->nlevels--;
	check_size(b);
}

/* False when nothing is written any more. */
static bool
begin_key(struct doc_builder *b)
{
	struct level *l = innermost(b);

	if (b->failed)
		return false;
	assert(l != NULL && node_type(&b->nodes[l->node]) == DOC_OBJECT && !l->key_given);
	count_child(b, l);
	l->key_given = true;
	return true;
}

static void
add_string(struct doc_builder *b, const char *s, size_t len)
{
	size_t off = b->text.len;

	buf_add_json_string(&b->text, s, len);
	add_node(b, b->text.len - off > len + 2 ? DOC_STRING | NODE_ESCAPED : DOC_STRING, off);
}

void
docb_key(struct doc_builder *b, const char *key, size_t len)
{
	if (!begin_key(b))
		return;
	add_string(b, key, len);
	buf_addc(&b->text, ':');
}

void
docb_keys(struct doc_builder *b, const char *key)
{
	docb_key(b, key, strlen(key));
}

void
docb_key_doc(struct doc_builder *b, struct doc key)
{
	const struct doc_node *n = doc_node(key);
	size_t off;

	assert(node_type(n) == DOC_STRING);
	if (!begin_key(b))
		return;
	off = b->text.len;
	buf_add(&b->text, doc_node_text(key), n->len);
	add_node(b, n->meta, off);
	buf_addc(&b->text, ':');
}

/* Text and nodes of a value without links, the nodes moved to where the text is now. */
static void
add_copy(struct doc_builder *b, struct doc value)
{
	const struct doc_node *from = doc_node(value);
	uint32_t shift = (uint32_t)b->text.len - from->off;
	struct doc_node *to;

	buf_add(&b->text, doc_node_text(value), from->len);
	if (b->nnodes + from->skip > b->nodes_cap) {
		b->nodes_cap = b->nodes_cap * 2 + from->skip;
		b->nodes = xreallocarray(b->nodes, b->nodes_cap, sizeof(*b->nodes));
	}
	to = b->nodes + b->nnodes;
	for (uint32_t i = 0; i < from->skip; i++) {
		to[i] = from[i];
		to[i].off += shift;
	}
	b->nnodes += from->skip;
	check_size(b);
}

static void
add_link(struct doc_builder *b, struct doc value)
{
	size_t hole = b->text.len;
	struct level *l = innermost(b);

	GROW(b->links, b->nlinks, b->links_cap);
	b->links[b->nlinks] = (struct doc_link){ .target = doc_ref(value), .hole = (uint32_t)hole };
	add_node(b, NODE_LINK, hole);
	b->nodes[b->nnodes - 1].off = (uint32_t)b->nlinks++;
	l->linked_size = add_sizes(l->linked_size, doc_size(value));
}

/* How deep a value goes at most, at no cost: its block's depth, or what its text has room for. */
static size_t
depth_bound(struct doc value)
{
	size_t by_text = doc_size(value) / 2;

	if (!node_is_container(doc_node(value)))
		return 0;
	return by_text < value.block->depth ? by_text : value.block->depth;
}

static void
add_value(struct doc_builder *b, struct doc value, size_t copy_max)
{
	size_t depth = b->nlevels + depth_bound(value);

	if (!begin_value(b))
		return;
	if (b->depth < depth)
		b->depth = depth;
	if ((doc_node(value)->meta & NODE_LINKED) == 0 && doc_node(value)->len <= copy_max)
		add_copy(b, value);
	else if (b->nlevels == 0)
		b->root = doc_ref(value);
	else
		add_link(b, value);
}

void
docb_doc(struct doc_builder *b, struct doc value)
{
	assert(!doc_is_none(value));
	add_value(b, value, COPY_MAX);
}

void
docb_copy(struct doc_builder *b, struct doc value)
{
	add_value(b, value, DOC_SIZE_MAX);
}

void
docb_string(struct doc_builder *b, const char *s, size_t len)
{
	if (begin_value(b))
		add_string(b, s, len);
}

void
docb_strings(struct doc_builder *b, const char *s)
{
	docb_string(b, s, strlen(s));
}

static void
add_scalar(struct doc_builder *b, enum doc_type type, const char *text, size_t len)
{
	size_t off;

	if (!begin_value(b))
		return;
	off = b->text.len;
	buf_add(&b->text, text, len);
	add_node(b, type, off);
}

void
docb_i64(struct doc_builder *b, int64_t v)
{
	char text[NUM_TEXT_SIZE];

	add_scalar(b, DOC_NUMBER, text, num_format_i64(v, text));
}

void
docb_f64(struct doc_builder *b, double v)
{
	char text[NUM_TEXT_SIZE];

	add_scalar(b, DOC_NUMBER, text, num_format_f64(v, text));
}

void
docb_bool(struct doc_builder *b, bool v)
{
	if (v)
		add_scalar(b, DOC_TRUE, "true", 4);
	else
		add_scalar(b, DOC_FALSE, "false", 5);
}

void
docb_null(struct doc_builder *b)
{
	add_scalar(b, DOC_NULL, "null", 4);
}

static struct doc
make_block(struct doc_builder *b)
{
	struct doc_block *block = block_new(b->text.len, b->nnodes, b->nlinks, b->nspans);

	block->depth = b->depth < UINT32_MAX ? (uint32_t)b->depth : UINT32_MAX;
	memcpy(block_text(block), b->text.data, b->text.len);
	memcpy(block->nodes, b->nodes, b->nnodes * sizeof(*b->nodes));
	if (b->nlinks > 0) {
		memcpy(block_links(block), b->links, b->nlinks * sizeof(*b->links));
		memcpy(block_spans(block), b->spans, b->nspans * sizeof(*b->spans));
		b->nlinks = 0; /* the references moved */
	}
	return (struct doc){ block, 0 };
}

struct doc
docb_finish(struct doc_builder *b)
{
	struct doc d = DOC_NONE;

	if (!b->failed) {
		assert(b->nlevels == 0 && (b->nnodes > 0 || !doc_is_none(b->root)));
		d = doc_is_none(b->root) ? make_block(b) : doc_ref(b->root);
	}
	docb_free(b);
	return d;
}

/* --- sharing edits ---------------------------------------------------------- */

struct doc
doc_with(struct doc obj, const char *key, size_t key_len, struct doc value)
{
	struct doc old = doc_get(obj, key, key_len);
	struct doc_builder *b = docb_new();
	struct doc_iter it = doc_iter(obj);

	assert(doc_type(obj) == DOC_OBJECT);
	docb_object(b);
	while (doc_next(&it)) {
		/* a value may stand twice in an object, a key may not: ask for the key */
		bool replaced = !doc_is_none(old) && string_is(it.key, key, key_len);

		docb_key_doc(b, it.key);
		docb_doc(b, replaced ? value : it.value);
	}
	if (doc_is_none(old)) {
		docb_key(b, key, key_len);
		docb_doc(b, value);
	}
	docb_end(b);
	return docb_finish(b);
}

struct doc
doc_with_at(struct doc arr, size_t index, struct doc value)
{
	struct doc_builder *b = docb_new();
	struct doc_iter it = doc_iter(arr);

	assert(doc_type(arr) == DOC_ARRAY && index < doc_len(arr));
	docb_array(b);
	for (size_t i = 0; doc_next(&it); i++)
		docb_doc(b, i == index ? value : it.value);
	docb_end(b);
	return docb_finish(b);
}

struct doc
doc_without(struct doc obj, const char *key, size_t key_len)
{
	struct doc_builder *b;
	struct doc_iter it = doc_iter(obj);

	assert(doc_type(obj) == DOC_OBJECT);
	b = docb_new();
	docb_object(b);
	while (doc_next(&it)) {
		if (string_is(it.key, key, key_len))
			continue;
		docb_key_doc(b, it.key);
		docb_doc(b, it.value);
	}
	docb_end(b);
	return docb_finish(b);
}

static void
open_like(struct doc_builder *b, struct doc d)
{
	if (doc_type(d) == DOC_OBJECT)
		docb_object(b);
	else
		docb_array(b);
}

/* An iterator for each open container: what has no links inside is copied as a whole. */
static struct doc
copy_linked(struct doc d)
{
	struct doc_builder *b = docb_new();
	struct doc_iter *levels = NULL;
	size_t n = 0, cap = 0;

	GROW(levels, n, cap);
	levels[n++] = doc_iter(d);
	open_like(b, d);
	while (n > 0 && !b->failed) {
		struct doc_iter *it = &levels[n - 1];
		struct doc value;

		if (!doc_next(it)) {
			docb_end(b);
			n--;
			continue;
		}
		if (!doc_is_none(it->key))
			docb_key_doc(b, it->key);
		value = it->value;
		if ((doc_node(value)->meta & NODE_LINKED) == 0) {
			docb_copy(b, value);
			continue;
		}
		GROW(levels, n, cap);
		levels[n++] = doc_iter(value);
		open_like(b, value);
	}
	free(levels);
	return docb_finish(b);
}

struct doc
doc_compact(struct doc d)
{
	struct doc_builder *b;

	if ((doc_node(d)->meta & NODE_LINKED) != 0)
		return copy_linked(d);
	if (d.node == 0)
		return doc_ref(d);
	b = docb_new();
	docb_copy(b, d);
	return docb_finish(b);
}
