/*
 * slab - many small things of one size that live long, kept apart from what comes and goes.
 *
 * Pages are aligned to their size, so that a thing's address says which page it is in.
 */
#include "base/slab.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Larger than what malloc cuts from its heap at first: it is memory of its own. */
#define SLAB_PAGE ((size_t)256 * 1024)

struct slab_page {
	LIST_ENTRY(slab_page) link; /* while it has room */
	void *free;                 /* things that were given back, each points to the next */
	size_t used;                /* things in use */
	size_t fresh;               /* things from this one on were never used */
	max_align_t things[];
};

void
slab_init(struct slab *s, size_t size)
{
	assert(size >= sizeof(void *) && size % sizeof(void *) == 0);
	*s = (struct slab){ .size_ = size };
	LIST_INIT(&s->pages_with_room_);
}

void
slab_fini(struct slab *s)
{
	struct slab_page *page = LIST_FIRST(&s->pages_with_room_);

	assert(page == NULL || (page->used == 0 && s->npages == 1));
	free(page);
	*s = (struct slab){ 0 };
}

/* The sanitizer sees what is used after it was given back only when each thing is malloc's. */
#ifdef __SANITIZE_ADDRESS__

void *
slab_get(struct slab *s)
{
	return xcalloc(1, s->size_);
}

void
slab_put(struct slab *s, void *thing)
{
	(void)s;
	free(thing);
}

#else

static size_t
slab_capacity(const struct slab *s)
{
	return (SLAB_PAGE - offsetof(struct slab_page, things)) / s->size_;
}

static void
slab_grow(struct slab *s)
{
	struct slab_page *page = aligned_alloc(SLAB_PAGE, SLAB_PAGE);

	if (page == NULL)
		page = xmalloc(SIZE_MAX); /* ends the process, and says so */
	*page = (struct slab_page){ 0 };
	LIST_INSERT_HEAD(&s->pages_with_room_, page, link);
	s->npages++;
}

void *
slab_get(struct slab *s)
{
	struct slab_page *page;
	void *thing;

	if (LIST_EMPTY(&s->pages_with_room_))
		slab_grow(s);
	page = LIST_FIRST(&s->pages_with_room_);
	thing = page->free;
	if (thing != NULL)
		memcpy(&page->free, thing, sizeof(void *));
	else
		thing = (char *)page->things + page->fresh++ * s->size_;
	if (++page->used == slab_capacity(s))
		LIST_REMOVE(page, link);
	return memset(thing, 0, s->size_);
}

void
slab_put(struct slab *s, void *thing)
{
	/* not through an integer: the pointer keeps what it points into */
	struct slab_page *page = (void *)((char *)thing - ((uintptr_t)thing & (SLAB_PAGE - 1)));

	memcpy(thing, &page->free, sizeof(void *));
	page->free = thing;
	if (page->used-- == slab_capacity(s))
		LIST_INSERT_HEAD(&s->pages_with_room_, page, link);
	/* one that is empty stays when it is the only one with room: the next thing would make it again */
	if (page->used == 0 &&
	    (LIST_FIRST(&s->pages_with_room_) != page || LIST_NEXT(page, link) != NULL)) {
		LIST_REMOVE(page, link);
		s->npages--;
		free(page);
	}
}

#endif
