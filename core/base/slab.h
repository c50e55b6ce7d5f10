/*
 * slab - many small things of one size that live long, kept apart from what comes and goes.
 *
 * Between short-lived allocations of malloc's heap a million of them would hold on to the holes around
 * them. A slab that is empty again is given back; one is kept for the next thing.
 */
#ifndef PAWL_BASE_SLAB_H
#define PAWL_BASE_SLAB_H

#include <stddef.h>
#include <sys/queue.h>

struct slab_page;

struct slab {
	size_t size_; /* of one thing, bytes */
	LIST_HEAD(, slab_page) pages_with_room_;
	size_t npages;
};

/* size: bytes of one thing, at most a few hundred; things are aligned like a pointer. */
void slab_init(struct slab *s, size_t size);
/* A thing, all zero; never NULL. */
void *slab_get(struct slab *s);
/* Gives back what slab_get() gave. */
void slab_put(struct slab *s, void *thing);
/* All things have been given back. */
void slab_fini(struct slab *s);

#endif
