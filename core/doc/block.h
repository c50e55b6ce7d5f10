/*
 * block - how documents lie in memory; for the files of this folder only.
 *
 *	+-------------+---------------------------+------------------+-------+-------+
 *	| doc_block   | {"a":1,"b":[true,null]}\0 | node node node.. | links | spans |
 *	+-------------+---------------------------+------------------+-------+-------+
 *
 * The nodes stand in the order of the text: a container, then its children, each
 * with its own subtree; in an object every value follows its key. So a subtree is
 * nodes[i] .. nodes[i + skip - 1] and text[off] .. text[off + len - 1].
 *
 * A derived block has holes in its text: each NODE_LINK stands for a subtree of
 * another block, which is to be printed there. A link never points to a link. A
 * container with a link somewhere inside has NODE_LINKED, and its off is the
 * index of a span, which knows the text with the holes and the size without them.
 */
#ifndef PAWL_DOC_BLOCK_H
#define PAWL_DOC_BLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doc/doc.h"

/* meta: three bits of enum doc_type or NODE_LINK, flags, and above them the number of children */
#define NODE_TYPE_MASK 7u
#define NODE_LINK 7u    /* off: index of the link; never seen outside of this folder */
#define NODE_ESCAPED 8u /* a string with a backslash in its text */
#define NODE_REPEATS 8u /* an object with a repeated key; only while parsing */
#define NODE_LINKED 16u /* a container with a link in its subtree */
#define NODE_CHILD 32u  /* one child more */
#define NODE_COUNT_SHIFT 5
#define NODE_COUNT_MAX ((1u << 27) - 1)

struct doc_node {
	uint32_t off; /* of its text; string literals with their quotes */
	uint32_t len;
	uint32_t skip; /* nodes of the subtree, this one too */
	uint32_t meta;
};

struct doc_link {
	struct doc target; /* owned */
	uint32_t hole;     /* where in the text it is to be printed */
};

struct doc_span {
	uint64_t size; /* what doc_print writes */
	uint32_t off, len;
	uint32_t first_link, nlinks;
};

struct doc_block {
	uint32_t refs;
	uint32_t text_len;
	uint32_t nnodes, nlinks, nspans;
	uint32_t depth; /* nesting levels of the root, at most; links counted */
	struct doc_node *nodes;
};

static inline char *
block_text(const struct doc_block *b)
{
	return (char *)(b + 1);
}

static inline struct doc_link *
block_links(const struct doc_block *b)
{
	return (struct doc_link *)(void *)(b->nodes + b->nnodes);
}

static inline struct doc_span *
block_spans(const struct doc_block *b)
{
	return (struct doc_span *)(void *)(block_links(b) + b->nlinks);
}

/* Where nodes begin behind so much text and its NUL. */
static inline size_t
block_nodes_at(size_t text_len)
{
	return sizeof(struct doc_block) + (text_len + 1 + 7) / 8 * 8;
}

static inline const struct doc_node *
doc_node(struct doc d)
{
	assert(d.block != NULL);
	return &d.block->nodes[d.node];
}

static inline const char *
doc_node_text(struct doc d)
{
	return block_text(d.block) + doc_node(d)->off;
}

static inline enum doc_type
node_type(const struct doc_node *n)
{
	return (enum doc_type)(n->meta & NODE_TYPE_MASK);
}

static inline uint32_t
node_count(const struct doc_node *n)
{
	return n->meta >> NODE_COUNT_SHIFT;
}

static inline bool
node_is_container(const struct doc_node *n)
{
	return node_type(n) == DOC_ARRAY || node_type(n) == DOC_OBJECT;
}

/* The text with the holes of a container with links. */
static inline const struct doc_span *
doc_span(struct doc d)
{
	return &block_spans(d.block)[doc_node(d)->off];
}

/* The value at that node of the block, links followed. */
static inline struct doc
doc_resolve(struct doc_block *b, uint32_t node)
{
	const struct doc_node *n = &b->nodes[node];

	if ((n->meta & NODE_TYPE_MASK) == NODE_LINK)
		return block_links(b)[n->off].target;
	return (struct doc){ b, node };
}

/* A block with room for all of it; the caller fills it. One reference. */
struct doc_block *block_new(size_t text_len, size_t nnodes, size_t nlinks, size_t nspans);

/* Whether a DOC_STRING is s once unescaped. */
bool string_is(struct doc d, const char *s, size_t len);

/* Bytes of the UTF-8 character that begins at p (p[0] >= 0x80), 0 when it is not valid. */
size_t utf8_length(const unsigned char *p, size_t avail);

/*
 * The keys of one object, to be found by their text (as a literal) in constant time.
 * A repeated key has one entry, which knows its first and its last place.
 */
struct key_entry {
	uint32_t first, last; /* nodes of keys; first = 0: empty, since node 0 is never a key */
};
struct key_table {
	struct key_entry *slots;
	size_t nslots, cap;
};

#define KEY_TABLE_INIT ((struct key_table){ NULL, 0, 0 })

/* Fills the table anew with the keys of obj; true when a key repeats. */
bool key_table_fill(struct key_table *t, struct doc obj);
/* The entry of that literal, or NULL. obj is what the table was filled from. */
const struct key_entry *key_table_find(const struct key_table *t, struct doc obj,
    const char *literal, size_t len);
void key_table_fini(struct key_table *t);

/* --- of doc_derive.c, for the others */

/* As docb_doc, but copies a value of any size. It must have no links inside. */
void docb_copy(struct doc_builder *b, struct doc value);

#endif
