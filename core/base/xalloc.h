/*
 * xalloc - allocation for our own small needs: it never returns NULL.
 *
 * Out of memory ends the process with a line on stderr: memory is a cache of
 * the journal, and loading it again is tested. What a caller can make large is
 * capped where it enters (see base/buf.h), never here.
 */
#ifndef PAWL_BASE_XALLOC_H
#define PAWL_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
/* Like xrealloc for n * size, and ends the process when that overflows. */
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

#endif
