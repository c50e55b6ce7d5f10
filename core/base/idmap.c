/*
 * idmap - a hash table from 64-bit ids to pointers.
 *
 * Open addressing with linear probing; a removal shifts the followers back, so
 * there are no tombstones and lookups stay short however long the process lives.
 */
#include "base/idmap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

struct idmap_slot {
	uint64_t id; /* 0 = free */
	void *p;
};

static size_t
idmap_home(const struct idmap *m, uint64_t id)
{
	id ^= id >> 32;
	id *= 0x9e3779b97f4a7c15u;
	return (size_t)(id >> 20) & (m->cap_ - 1);
}

static struct idmap_slot *
idmap_find(const struct idmap *m, uint64_t id)
{
	size_t i;

	if (m->cap_ == 0)
		return NULL;
	for (i = idmap_home(m, id); m->slots_[i].id != 0; i = (i + 1) & (m->cap_ - 1))
		if (m->slots_[i].id == id)
			return &m->slots_[i];
	return NULL;
}

static void
idmap_insert(struct idmap *m, uint64_t id, void *p)
{
	size_t i = idmap_home(m, id);

	while (m->slots_[i].id != 0)
		i = (i + 1) & (m->cap_ - 1);
	m->slots_[i].id = id;
	m->slots_[i].p = p;
	m->n++;
}

static void
idmap_grow(struct idmap *m)
{
	struct idmap old = *m;
	size_t i;

	m->cap_ = old.cap_ == 0 ? 16 : old.cap_ * 2;
	m->slots_ = xcalloc(m->cap_, sizeof(*m->slots_));
	m->n = 0;
	for (i = 0; i < old.cap_; i++)
		if (old.slots_[i].id != 0)
			idmap_insert(m, old.slots_[i].id, old.slots_[i].p);
	free(old.slots_);
}

void
idmap_fini(struct idmap *m)
{
	free(m->slots_);
	*m = (struct idmap){ 0 };
}

void
idmap_put(struct idmap *m, uint64_t id, void *p)
{
	struct idmap_slot *s;

	assert(id != 0);
	if ((s = idmap_find(m, id)) != NULL) {
		s->p = p;
		return;
	}
	if ((m->n + 1) * 4 > m->cap_ * 3)
		idmap_grow(m);
	idmap_insert(m, id, p);
}

void *
idmap_get(const struct idmap *m, uint64_t id)
{
	const struct idmap_slot *s = idmap_find(m, id);

	return s == NULL ? NULL : s->p;
}

void *
idmap_take(struct idmap *m, uint64_t id)
{
	struct idmap_slot *s = idmap_find(m, id);
	size_t hole, i;
	void *p;

	if (s == NULL)
		return NULL;
	p = s->p;
	hole = (size_t)(s - m->slots_);
	for (i = (hole + 1) & (m->cap_ - 1); m->slots_[i].id != 0; i = (i + 1) & (m->cap_ - 1)) {
		size_t home = idmap_home(m, m->slots_[i].id);

		/* i may move into the hole unless its home lies cyclically in (hole, i] */
		if (((i - home) & (m->cap_ - 1)) >= ((i - hole) & (m->cap_ - 1))) {
			m->slots_[hole] = m->slots_[i];
			hole = i;
		}
	}
	m->slots_[hole].id = 0;
	m->n--;
	return p;
}

/* FNV-1a. */
uint64_t
idmap_id_of(uint64_t seed, const char *text)
{
	uint64_t h = seed != 0 ? seed : UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h != 0 ? h : 1;
}
