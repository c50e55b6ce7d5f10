/*
 * names - the names of all states of a machine: no two may be the same.
 */
#include <stdlib.h>
#include <string.h>

#include "asl/compiler.h"
#include "base/xalloc.h"

static uint64_t
names_hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h;
}

/* The place of the state of that name, or the free one where it belongs. */
static const struct state **
names_find(const struct names *n, const struct state *st)
{
	size_t mask = n->cap - 1;
	size_t i = (size_t)names_hash(st->name, st->name_len) & mask;

	while (n->slots[i] != NULL &&
	    (n->slots[i]->name_len != st->name_len ||
		memcmp(n->slots[i]->name, st->name, st->name_len) != 0))
		i = (i + 1) & mask;
	return &n->slots[i];
}

static void
names_grow(struct names *n)
{
	struct names bigger = { .cap = n->cap ? n->cap * 2 : 64, .n = n->n };
	size_t i;

	bigger.slots = xcalloc(bigger.cap, sizeof(*bigger.slots));
	for (i = 0; i < n->cap; i++)
		if (n->slots[i] != NULL)
			*names_find(&bigger, n->slots[i]) = n->slots[i];
	free(n->slots);
	*n = bigger;
}

bool
names_add(struct names *n, const struct state *st)
{
	const struct state **slot;

	if (n->n * 2 >= n->cap)
		names_grow(n);
	slot = names_find(n, st);
	if (*slot != NULL)
		return false;
	*slot = st;
	n->n++;
	return true;
}

void
names_fini(struct names *n)
{
	free(n->slots);
	*n = (struct names){ NULL, 0, 0 };
}
