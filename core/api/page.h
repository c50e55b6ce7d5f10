/*
 * page - tokens that say where the next page of a list begins.
 *
 * A token is opaque, good for a day, and bound to the action and arguments that it was
 * given for: a keyed hash over all of them is part of it.
 */
#ifndef PAWL_API_PAGE_H
#define PAWL_API_PAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define PAGE_TOKEN_LIFE_MS 86400000

/* What a token is bound to: the action and its arguments, the page size apart. */
struct page_binding {
	struct buf text;
};
void page_binding_init(struct page_binding *b, const char *action);
/* value NULL = the argument was not given. */
void page_binding_add(struct page_binding *b, const char *value, size_t len);
void page_binding_fini(struct page_binding *b);

/* Appends the token of that position. */
void page_token_make(const char *secret, const struct page_binding *b, const void *position,
    size_t len, int64_t now_ms, struct buf *out);
/* Appends the position of the token. -1 and e "InvalidToken" when it is not ours, not for this or too old. */
int page_token_read(const char *secret, const struct page_binding *b, const char *token, size_t len,
    int64_t now_ms, struct buf *position, struct err *e);

#endif
