/*
 * mail_text - the texts of a mail's head: addresses, and words that are not ASCII. All are UTF-8.
 */
#ifndef PAWL_TASK_MAIL_TEXT_H
#define PAWL_TASK_MAIL_TEXT_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads one address, "a@example.com" or "Name <a@example.com>". header gets it as it stands in From and
 * To, path the bare address. -1 and e with a sentence: it is none, or holds what could end a line.
 */
int mail_address(const char *given, struct buf *header, struct buf *path, struct err *e);

/*
 * Appends text as the value of a header line of which column bytes are written: as it is when it is
 * short and plain, else in encoded words (RFC 2047) that are folded. -1 and e when it holds a
 * control character; what names it in the sentence ("The subject").
 */
int mail_words(const char *text, size_t column, const char *what, struct buf *out, struct err *e);

/* A header line "Name: value" of the sender's own. -1 and e: no such name, or one that pawl writes. */
int mail_header(const char *name, const char *value, struct buf *out, struct err *e);

/* The text with CR LF at each line end. */
void mail_body(const char *text, struct buf *out);

#endif
