/*
 * bound - how large and how deep a value that an expression makes may be.
 *
 * Sharing makes documents of any size for nothing, but sooner or later they are written
 * out: an event holds them, and a record with a few of them must be a text that can be
 * parsed. So each evaluation ends with this question.
 */
#ifndef PAWL_EXPR_BOUND_H
#define PAWL_EXPR_BOUND_H

#include "doc/doc.h"

#define EXPR_SIZE_MAX (DOC_SIZE_MAX / 8)

/* Both are O(1) for what is anywhere near normal. DOC_NONE (too large to be made at all) does not fit. */
static inline bool
expr_fits(struct doc d)
{
	return !doc_is_none(d) && doc_size(d) <= EXPR_SIZE_MAX && !doc_too_deep(d);
}

#endif
