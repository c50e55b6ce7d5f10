/*
 * key_table - the keys of one large object, to be found in constant time.
 */
#include "doc/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/xalloc.h"

/* The two halves of the product folded together. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/*
 * Nothing that a document is depends on the seed: it only keeps who sends us
 * documents from choosing keys that all fall into one slot.
 */
static uint64_t
hash(const char *s, size_t len)
{
	static uint64_t seed;
	uint64_t h, word;

	if (seed == 0)
		seed = id_random64() | 1;
	h = seed ^ len;
	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&word, s, 8);
		h = mix(h ^ word, 0x9e3779b97f4a7c15u ^ seed);
	}
	word = 0;
	memcpy(&word, s, len);
	return mix(h ^ word, 0xd6e8feb86659fd93u ^ seed);
}

static struct key_entry *
slot_of(const struct key_table *t, struct doc obj, const char *literal, size_t len)
{
	size_t at = (size_t)hash(literal, len) & (t->nslots - 1);

	for (;; at = (at + 1) & (t->nslots - 1)) {
		struct key_entry *e = &t->slots[at];
		const struct doc_node *n = &obj.block->nodes[e->first];

		if (e->first == 0)
			return e;
		if (n->len == len && memcmp(block_text(obj.block) + n->off, literal, len) == 0)
			return e;
	}
}

bool
key_table_fill(struct key_table *t, struct doc obj)
{
	const struct doc_node *nodes = obj.block->nodes;
	uint32_t count = node_count(&nodes[obj.node]), key = obj.node + 1;
	bool repeats = false;

	t->nslots = 16;
	while (t->nslots < (size_t)count * 2)
		t->nslots *= 2;
	if (t->nslots > t->cap) {
		free(t->slots);
		t->slots = xmalloc(t->nslots * sizeof(*t->slots));
		t->cap = t->nslots;
	}
	memset(t->slots, 0, t->nslots * sizeof(*t->slots));
	for (uint32_t i = 0; i < count; i++) {
		struct key_entry *e =
		    slot_of(t, obj, block_text(obj.block) + nodes[key].off, nodes[key].len);

		if (e->first == 0)
			e->first = key;
		else
			repeats = true;
		e->last = key;
		key += 1 + nodes[key + 1].skip;
	}
	return repeats;
}

const struct key_entry *
key_table_find(const struct key_table *t, struct doc obj, const char *literal, size_t len)
{
	const struct key_entry *e = slot_of(t, obj, literal, len);

	return e->first != 0 ? e : NULL;
}

void
key_table_fini(struct key_table *t)
{
	free(t->slots);
	*t = KEY_TABLE_INIT;
}
