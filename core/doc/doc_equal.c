/*
 * doc_equal - deep equality of documents.
 */
#include "doc/doc.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "doc/block.h"

/* Below so many members it is quicker to look through them than to make a table. */
#define SMALL_OBJECT 16

/* Containers that are still to be compared: no recursion, so that any depth is fine. */
struct work {
	struct pair {
		struct doc a, b;
	} * pairs;
	size_t n, cap;
	struct key_table keys;
};

static bool
same_text(struct doc a, struct doc b)
{
	const struct doc_node *x = doc_node(a), *y = doc_node(b);

	return x->len == y->len && memcmp(doc_node_text(a), doc_node_text(b), x->len) == 0;
}

static bool
has_links(struct doc d)
{
	return (doc_node(d)->meta & NODE_LINKED) != 0;
}

/* False when the two differ for sure; containers that may differ inside are put on the list. */
static bool
compare(struct work *w, struct doc a, struct doc b)
{
	if (doc_is(a, b))
		return true;
	if (doc_type(a) != doc_type(b) || doc_len(a) != doc_len(b))
		return false;
	if (!has_links(a) && !has_links(b) && same_text(a, b))
		return true;
	if (doc_type(a) == DOC_NUMBER)
		return doc_num_cmp(a, b) == 0;
	if (!node_is_container(doc_node(a)))
		return false;
	if (w->n == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 16;
		w->pairs = xreallocarray(w->pairs, w->cap, sizeof(*w->pairs));
	}
	w->pairs[w->n++] = (struct pair){ a, b };
	return true;
}

static bool
compare_elements(struct work *w, struct doc a, struct doc b)
{
	struct doc_iter x = doc_iter(a), y = doc_iter(b);

	while (doc_next(&x) && doc_next(&y))
		if (!compare(w, x.value, y.value))
			return false;
	return true;
}

/* The member of obj that has the key, by its text: printing is canonical. */
static struct doc
member(struct work *w, struct doc obj, bool indexed, struct doc key)
{
	struct doc_iter it;
	const struct key_entry *e;

	if (indexed) {
		e = key_table_find(&w->keys, obj, doc_node_text(key), doc_node(key)->len);
		return e != NULL ? doc_resolve(obj.block, e->last + 1) : DOC_NONE;
	}
	it = doc_iter(obj);
	while (doc_next(&it))
		if (same_text(it.key, key))
			return it.value;
	return DOC_NONE;
}

/* Most often both have the same order: the table is made when they turn out not to. */
static bool
compare_members(struct work *w, struct doc a, struct doc b)
{
	struct doc_iter x = doc_iter(a), y = doc_iter(b);
	bool indexed = false;

	while (doc_next(&x) && doc_next(&y)) {
		struct doc other = y.value;

		if (!same_text(x.key, y.key)) {
			if (!indexed && doc_len(b) > SMALL_OBJECT) {
				key_table_fill(&w->keys, b);
				indexed = true;
			}
			other = member(w, b, indexed, x.key);
		}
		if (doc_is_none(other) || !compare(w, x.value, other))
			return false;
	}
	return true;
}

bool
doc_equal(struct doc a, struct doc b)
{
	struct work w = { .keys = KEY_TABLE_INIT };
	bool equal = compare(&w, a, b);

	while (equal && w.n > 0) {
		struct pair p = w.pairs[--w.n];

		if (doc_type(p.a) == DOC_OBJECT)
			equal = compare_members(&w, p.a, p.b);
		else
			equal = compare_elements(&w, p.a, p.b);
	}
	free(w.pairs);
	key_table_fini(&w.keys);
	return equal;
}
