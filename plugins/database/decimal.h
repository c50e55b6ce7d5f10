/*
 * decimal - DynamoDB's numbers: 38 significant digits, calculated with without loss.
 */
#ifndef PAWL_DATABASE_DECIMAL_H
#define PAWL_DATABASE_DECIMAL_H

#include "text.h"

#define DECIMAL_DIGITS 38

/* 0.d1d2...dn times ten to the power of exponent; neither d1 nor dn is 0; zero has no digits. */
struct decimal {
	bool negative;
	int n, exponent;
	unsigned char digits[DECIMAL_DIGITS];
};
/* False and *why (static) when it is no number, or one that does not fit. */
bool decimal_parse(const char *s, struct decimal *d, const char **why);
/* a + b, or a - b; false and *why when the result does not fit. */
bool decimal_add(const struct decimal *a, const struct decimal *b, bool subtract,
    struct decimal *sum, const char **why);
int decimal_compare(const struct decimal *a, const struct decimal *b);
void decimal_print(const struct decimal *d, struct text *out);
/* Bytes that compare as the numbers do. */
void decimal_key(const struct decimal *d, struct text *out);

#endif
