/*
 * property - random trials that can be repeated, and random JSON values to try.
 *
 * A trial has a seed of its own. The seeds of a run begin at PAWL_TEST_SEED (or at a fixed
 * number): giving it the seed that a failure names makes that trial the first one.
 * Values are plain trees, which share nothing with the documents they are compared to.
 */
#ifndef PAWL_TEST_PROPERTY_H
#define PAWL_TEST_PROPERTY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "doc/doc.h"

#define PROPERTY_SEED UINT64_C(20260114)

/* --- trials ---------------------------------------------------------------------- */

struct trial {
	uint64_t seed, state;
	struct arena arena; /* emptied with the trial */
};

static inline uint64_t
property_seed(void)
{
	const char *text = getenv("PAWL_TEST_SEED");

	return text != NULL ? strtoull(text, NULL, 10) : PROPERTY_SEED;
}

/* splitmix64 */
static inline uint64_t
trial_next(struct trial *t)
{
	uint64_t z = t->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline unsigned
trial_below(struct trial *t, unsigned n)
{
	return (unsigned)(trial_next(t) % n);
}

/* One of n. */
static inline bool
trial_one_in(struct trial *t, unsigned n)
{
	return trial_below(t, n) == 0;
}

/* Runs n trials, each with its own seed. */
static inline void
property(unsigned n, void (*one)(struct trial *t))
{
	uint64_t first = property_seed();

	for (unsigned i = 0; i < n; i++) {
		struct trial t = { .seed = first + i, .state = first + i };

		arena_init(&t.arena);
		one(&t);
		arena_fini(&t.arena);
	}
}

/* Ends the test: PAWL_TEST_SEED=... repeats the trial. */
#define trial_fail(t, ...) \
	do { \
		print_error("PAWL_TEST_SEED=%llu: ", (unsigned long long)(t)->seed); \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		fail(); \
	} while (0)

/* --- values ------------------------------------------------------------------------ */

struct tree {
	enum doc_type type;
	const char *text; /* the bytes of a string, the source of a number */
	size_t len;
	struct tree **kids;
	struct tree **keys; /* strings; objects only */
	size_t n;
};

static inline struct tree *
tree_new(struct trial *t, enum doc_type type)
{
	struct tree *v = arena_alloc(&t->arena, sizeof(*v));

	v->type = type;
	return v;
}

static inline struct tree *
tree_text(struct trial *t, enum doc_type type, const char *text, size_t len)
{
	struct tree *v = tree_new(t, type);

	v->text = len > 0 ? arena_memdup(&t->arena, text, len) : "";
	v->len = len;
	return v;
}

static inline struct tree *
tree_string(struct trial *t, const char *text)
{
	return tree_text(t, DOC_STRING, text, strlen(text));
}

static inline struct tree *
tree_number(struct trial *t, const char *text)
{
	return tree_text(t, DOC_NUMBER, text, strlen(text));
}

/* key is NULL in arrays. */
static inline void
tree_add(struct trial *t, struct tree *into, struct tree *key, struct tree *value)
{
	if ((into->n & (into->n - 1)) == 0) {
		size_t cap = into->n > 0 ? 2 * into->n : 1;
		struct tree **kids = arena_calloc(&t->arena, cap, sizeof(*kids));
		struct tree **keys = arena_calloc(&t->arena, cap, sizeof(*keys));

		for (size_t i = 0; i < into->n; i++) {
			kids[i] = into->kids[i];
			keys[i] = into->keys[i];
		}
		into->kids = kids;
		into->keys = keys;
	}
	into->keys[into->n] = key;
	into->kids[into->n++] = value;
}

static inline bool
tree_same_text(const struct tree *a, const struct tree *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static inline struct tree *
tree_get(const struct tree *object, const struct tree *key)
{
	for (size_t i = 0; object->type == DOC_OBJECT && i < object->n; i++) {
		if (tree_same_text(object->keys[i], key))
			return object->kids[i];
	}
	return NULL;
}

/* --- random values -------------------------------------------------------------------- */

/* What values are made of; a key that is there already is not added again. */
struct tree_words {
	const char *const *keys;
	unsigned nkeys;
	struct tree *(*leaf)(struct trial *t);
	unsigned width; /* members or elements at most */
};

static inline struct tree *
tree_random(struct trial *t, const struct tree_words *w, unsigned depth)
{
	struct tree *v;
	unsigned n;

	if (depth == 0 || trial_one_in(t, 4))
		return w->leaf(t);
	v = tree_new(t, trial_one_in(t, 2) ? DOC_ARRAY : DOC_OBJECT);
	n = trial_below(t, w->width + 1);
	for (unsigned i = 0; i < n; i++) {
		struct tree *key = NULL;

		if (v->type == DOC_OBJECT) {
			key = tree_string(t, w->keys[trial_below(t, w->nkeys)]);
			if (tree_get(v, key) != NULL)
				continue;
		}
		tree_add(t, v, key, tree_random(t, w, depth - 1));
	}
	return v;
}

/* --- their text ------------------------------------------------------------------------ */

static inline void
tree_print_string(const struct tree *v, struct buf *out)
{
	static const char shorts[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";

	buf_addc(out, '"');
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->text[i];
		const char *at = c != '\0' ? strchr(shorts, c) : NULL;

		if (at != NULL)
			buf_addf(out, "\\%c", letters[at - shorts]);
		else if (c < 0x20)
			buf_addf(out, "\\u%04x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

/* The one text that a document of this value prints as. */
static inline void
tree_print(const struct tree *v, struct buf *out)
{
	static const char
	    *const words[] = { [DOC_NULL] = "null", [DOC_FALSE] = "false", [DOC_TRUE] = "true" };
	bool object = v->type == DOC_OBJECT;

	switch (v->type) {
	case DOC_NULL:
	case DOC_FALSE:
	case DOC_TRUE:
		buf_adds(out, words[v->type]);
		return;
	case DOC_NUMBER:
		buf_add(out, v->text, v->len);
		return;
	case DOC_STRING:
		tree_print_string(v, out);
		return;
	case DOC_ARRAY:
	case DOC_OBJECT:
		break;
	}
	buf_addc(out, object ? '{' : '[');
	for (size_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (object) {
			tree_print_string(v->keys[i], out);
			buf_addc(out, ':');
		}
		tree_print(v->kids[i], out);
	}
	buf_addc(out, object ? '}' : ']');
}

/* The value as a document; owned. */
static inline struct doc
tree_doc(struct trial *t, const struct tree *v)
{
	struct buf text;
	struct doc d;

	buf_init(&text, BUF_UNLIMITED);
	tree_print(v, &text);
	d = doc_parse(text.data, text.len, NULL);
	if (doc_is_none(d))
		trial_fail(t, "refused: %s", text.data);
	buf_fini(&text);
	return d;
}

#endif
