/*
 * arena - memory that is freed in one call: that of one request or one move.
 *
 *	struct arena a;
 *	arena_init(&a);
 *	... arena_alloc(&a, n), arena_strndup(&a, s, n) ...
 *	arena_fini(&a);
 *
 * What it gives is never freed alone. Like xalloc it never returns NULL: what a
 * caller can make large is capped where it enters.
 */
#ifndef PAWL_BASE_ARENA_H
#define PAWL_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk; /* opaque */

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *next, *end;           /* what is left of the newest small chunk */
	size_t chunk_size;
};

void arena_init(struct arena *a);
/* Frees all that was given out; may be used again. */
void arena_fini(struct arena *a);
/* n bytes, aligned for any type, zeroed. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
/* n elements of size bytes, zeroed; ends the process when n * size overflows. */
void *arena_calloc(struct arena *a, size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *arena_memdup(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/* The first n bytes of s (which holds at least so many, or ends before with NUL) and a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

#endif
