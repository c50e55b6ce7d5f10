/*
 * arena - memory that is freed in one call: that of one request or one move.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define ARENA_ALIGN _Alignof(max_align_t)
#define ARENA_FIRST 1024
#define ARENA_LARGEST 65536

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){ .chunk_size = ARENA_FIRST };
}

void
arena_fini(struct arena *a)
{
	while (a->chunks != NULL) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	arena_init(a);
}

static char *
chunk_new(struct arena *a, size_t n)
{
	struct arena_chunk *c = xmalloc(n < SIZE_MAX / 2 ? sizeof(*c) + n : SIZE_MAX / 2);

	c->next = a->chunks;
	a->chunks = c;
	return c->bytes;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t room;
	char *p;

	if (n == 0)
		n = 1;
	/* what is too large to be rounded up is too large for xmalloc as well */
	room = n > SIZE_MAX / 2 ? n : (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (room <= (size_t)(a->end - a->next)) {
		p = a->next;
		a->next += room;
	} else if (room > a->chunk_size / 4) {
		p = chunk_new(a,
		    room); /* large: a chunk of its own, the current one stays in use */
	} else {
		p = chunk_new(a, a->chunk_size);
		a->next = p + room;
		a->end = p + a->chunk_size;
		if (a->chunk_size < ARENA_LARGEST)
			a->chunk_size *= 2;
	}
	return memset(p, 0, n);
}

void *
arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		bytes = SIZE_MAX; /* xmalloc says so and ends the process */
	return arena_alloc(a, bytes);
}

void *
arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	s = arena_alloc(a, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}
