/*
 * visible - what strangers wrote, in a form that moves no cursor.
 */
#ifndef PAWL_CLI_VISIBLE_H
#define PAWL_CLI_VISIBLE_H

#include "base/buf.h"

/* How many bytes the first character of s takes; len must not be 0. A byte that is not UTF-8 counts as one. */
size_t visible_length(const char *s, size_t len);
/*
 * Adds the first character of s as a terminal may show it: control characters, those that
 * turn the direction of the text, and bytes that are no UTF-8 become "\x1b", "\u202e".
 * The bytes it took of s; *cells = how many columns of the terminal it fills.
 */
size_t visible_add(struct buf *out, const char *s, size_t len, size_t *cells);
void visible_add_all(struct buf *out, const char *s, size_t len);

#endif
