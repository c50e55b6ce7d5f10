/*
 * buf - a byte buffer that is born with its limit.
 *
 * An append over the limit leaves the buffer as it is and marks it failed;
 * appending goes on doing nothing, so a long chain of appends is checked once
 * at its end with buf_failed().
 */
#ifndef PAWL_BASE_BUF_H
#define PAWL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_UNLIMITED SIZE_MAX

struct buf {
	char *data; /* NUL-terminated after every append; NULL while nothing was appended */
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties it, keeps its memory. */
void buf_reset(struct buf *b);
bool buf_failed(const struct buf *b);
/* Room for n more bytes at the returned place, to be counted by buf_advance; NULL over the limit. */
char *buf_reserve(struct buf *b, size_t n);
void buf_advance(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_add_i64(struct buf *b, int64_t v);
/* The digits of v, I64_CHARS at most and no NUL; returns the place behind them. */
#define I64_CHARS 20
char *put_i64(char *to, int64_t v);
/* A JSON string literal, quotes included; s must be valid UTF-8. Escapes only what RFC 8259 section 7 demands. */
void buf_add_json_string(struct buf *b, const char *s, size_t n);
/* The same without the quotes, for a literal that is written in pieces. */
void buf_add_json_escaped(struct buf *b, const char *s, size_t n);
/* How one byte stands in a JSON string, written to out; the length, 1 to 6. */
size_t buf_json_escape(char out[6], unsigned char c);
/* The text (never NULL), yours; the buffer is empty afterwards. len may be NULL. */
char *buf_steal(struct buf *b, size_t *len);
const char *buf_text(const struct buf *b); /* "" when empty */

#endif
