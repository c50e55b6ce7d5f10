/*
 * num - JSON numbers that are kept as their text.
 *
 * Every text here is one number as RFC 8259 writes it; it is never checked again.
 */
#ifndef PAWL_DOC_NUM_H
#define PAWL_DOC_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUM_TEXT_SIZE 32

/* True and *out when the value is an integer within int64, however it is written. */
bool num_to_i64(const char *s, size_t len, int64_t *out);
/* The nearest double; false beyond double's range. */
bool num_to_f64(const char *s, size_t len, double *out);
/* <0, 0, >0 by value, exact at any length; exponents beyond 18 digits count as equally large. */
int num_cmp(const char *a, size_t a_len, const char *b, size_t b_len);
/* The shortest text that reads back as v, laid out as JavaScript does; -0 is "0". v is finite. Its length. */
size_t num_format_f64(double v, char out[NUM_TEXT_SIZE]);
size_t num_format_i64(int64_t v, char out[NUM_TEXT_SIZE]);

#endif
