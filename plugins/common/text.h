/*
 * text - growing texts and their encodings, for plugins.
 */
#ifndef PAWL_COMMON_TEXT_H
#define PAWL_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory; out of memory ends the process, which is loaded again from its journal. */
void *text_alloc(size_t size);
/* printf into a new text, to be released with free; never NULL. */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NUL-terminated; zeroed is empty (s NULL until something was added). May hold secrets. */
struct text {
	char *s;
	size_t len, cap;
};
void text_add(struct text *t, const char *s, size_t len);
void text_adds(struct text *t, const char *s);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_fini(struct text *t); /* wipes it */
/* Percent-encodes all but unreserved characters; form: blanks become '+'. */
void text_add_encoded(struct text *t, const char *s, size_t len, bool form);
/* Decodes them; false when a '%' is not followed by two hexadecimal digits. */
bool text_add_decoded(struct text *t, const char *s, size_t len, bool form);
void text_add_base64(struct text *t, const char *s, size_t len);
/* Decodes; false when it is no base64 (padding is required, line ends are not allowed). */
bool text_add_unbase64(struct text *t, const char *s, size_t len);
/* For XML character data and attribute values. */
void text_add_xml(struct text *t, const char *s, size_t len);
bool text_is_utf8(const char *s, size_t len);

#endif
