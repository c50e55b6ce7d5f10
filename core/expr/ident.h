/*
 * ident - which characters may stand in the name of a variable.
 */
#ifndef PAWL_EXPR_IDENT_H
#define PAWL_EXPR_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one character of UTF-8 text: its length in bytes, 0 at the end or where the text is not UTF-8. */
size_t ident_utf8(const char *s, size_t len, uint32_t *c);
/* Bytes of the longest variable name at the beginning of s: one ID_Start, then ID_Continue. 0 = none. */
size_t ident_length(const char *s, size_t len);
/* The longest beginning of len bytes of UTF-8 that keeps within max bytes and cuts no character. */
size_t ident_cut(const char *s, size_t len, size_t max);
/* How many characters len bytes of UTF-8 are. */
size_t ident_characters(const char *s, size_t len);

#endif
