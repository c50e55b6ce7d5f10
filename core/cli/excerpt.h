/*
 * excerpt - a place in a text as compilers show it: its line and a caret below.
 *
 * Lines end with \n, \r\n or \r. Lines and columns count from 1, a column is a character.
 */
#ifndef PAWL_CLI_EXCERPT_H
#define PAWL_CLI_EXCERPT_H

#include "base/buf.h"

struct excerpt_point {
	size_t line, column;
};

/* Where the byte stands; offset may be len, the end. */
struct excerpt_point excerpt_point(const char *text, size_t len, size_t offset);
/*
 * Two lines: the one that has text[begin] (of a long one, a window around it) and a caret
 * below it, drawn out up to end or the end of the line. Nothing that a terminal would obey.
 */
void excerpt_add(struct buf *out, const char *text, size_t len, size_t begin, size_t end);

#endif
