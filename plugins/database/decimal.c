/*
 * decimal - DynamoDB's numbers: 38 significant digits, calculated with without loss.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"

#define EXPONENT_MAX 126  /* 9.99...e125 */
#define EXPONENT_MIN -129 /* 1e-130 */
#define PLACES (EXPONENT_MAX - EXPONENT_MIN + DECIMAL_DIGITS + 2)

/* Sets d from n digits, the first of which stands just behind the point. */
static bool
set_digits(struct decimal *d, bool negative, const unsigned char *digits, int n, int exponent,
    const char **why)
{
	while (n > 0 && digits[0] == 0) {
		digits++;
		n--;
		exponent--;
	}
	while (n > 0 && digits[n - 1] == 0)
		n--;
	*d = (struct decimal){ .negative = negative && n > 0, .exponent = n > 0 ? exponent : 0 };
	if (n > DECIMAL_DIGITS) {
		*why = "Attempting to store more than 38 significant digits in a Number";
		return false;
	}
	if (n > 0 && exponent > EXPONENT_MAX) {
		*why = "Number overflow. Attempting to store a number with magnitude larger than "
		       "supported range";
		return false;
	}
	if (n > 0 && exponent < EXPONENT_MIN) {
		*why = "Number underflow. Attempting to store a number with magnitude smaller than "
		       "supported range";
		return false;
	}
	d->n = n;
	memcpy(d->digits, digits, (size_t)n);
	return true;
}

bool
decimal_parse(const char *s, struct decimal *d, const char **why)
{
	unsigned char *digits = text_alloc(strlen(s) + 1);
	bool negative = *s == '-', point = false, fits = false;
	int n = 0, before = 0;
	long exponent = 0;
	char *end;

	if (*s == '-' || *s == '+')
		s++;
	for (; isdigit((unsigned char)*s) || (*s == '.' && !point); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		digits[n++] = (unsigned char)(*s - '0');
		if (!point)
			before++;
	}
	end = (char *)(uintptr_t)s;
	if ((*s == 'e' || *s == 'E') && s[1] != '\0' && strchr("+-0123456789", s[1]) != NULL)
		exponent = strtol(s + 1, &end, 10);
	*why = "The parameter cannot be converted to a numeric value";
	if (n > 0 && *end == '\0') {
		exponent = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : exponent;
		fits = set_digits(d, negative, digits, n, before + (int)exponent, why);
	}
	free(digits);
	return fits;
}

static int
compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
	int n = a->n < b->n ? a->n : b->n, order;

	if (a->n == 0 || b->n == 0)
		return (a->n > 0) - (b->n > 0);
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	order = memcmp(a->digits, b->digits, (size_t)n);
	return order != 0 ? order : a->n - b->n;
}

int
decimal_compare(const struct decimal *a, const struct decimal *b)
{
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	return a->negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

/* Adds the digits, times sign, to places; place 0 stands just behind the point of 10^EXPONENT_MAX. */
static void
add_to_places(int *places, const struct decimal *d, int sign)
{
	for (int i = 0; i < d->n; i++)
		places[EXPONENT_MAX - d->exponent + 1 + i] += sign * d->digits[i];
}

bool
decimal_add(const struct decimal *a, const struct decimal *b, bool subtract, struct decimal *sum,
    const char **why)
{
	int places[PLACES] = { 0 }, carry = 0, order = compare_magnitudes(a, b);
	unsigned char digits[PLACES];
	bool b_negative = b->negative != subtract;
	bool negative = order >= 0 ? a->negative : b_negative;
	int same = a->negative == b_negative ? 1 : -1;

	/* the larger minus or plus the smaller, so that the result is not below zero */
	add_to_places(places, order >= 0 ? a : b, 1);
	add_to_places(places, order >= 0 ? b : a, same);
	for (int i = PLACES - 1; i >= 0; i--) {
		int place = places[i] + carry;

		carry = place < 0 ? -1 : place / 10;
		digits[i] = (unsigned char)(place - carry * 10);
	}
	return set_digits(sum, negative, digits, PLACES, EXPONENT_MAX + 1, why);
}

void
decimal_print(const struct decimal *d, struct text *out)
{
	int first = d->exponent < 0 ? d->exponent : 0; /* zeros behind the point come first */

	text_adds(out, d->negative ? "-" : "");
	if (d->exponent <= 0)
		text_adds(out, "0");
	for (int i = first; i < d->n || i < d->exponent; i++) {
		char digit = (char)('0' + (i >= 0 && i < d->n ? d->digits[i] : 0));

		if (i == d->exponent)
			text_adds(out, ".");
		text_add(out, &digit, 1);
	}
}

void
decimal_key(const struct decimal *d, struct text *out)
{
	unsigned char key[DECIMAL_DIGITS + 4];
	size_t n = 0;

	key[n++] = d->n == 0 ? 1 : d->negative ? 0 : 2;
	if (d->n > 0) {
		int exponent = d->exponent + 1000;

		key[n++] = (unsigned char)(exponent >> 8);
		key[n++] = (unsigned char)(exponent & 0xff);
		for (int i = 0; i < d->n; i++)
			key[n++] = (unsigned char)(d->digits[i] + 1);
		key[n++] = 0;
	}
	for (size_t i = 1; d->negative && i < n; i++)
		key[i] = (unsigned char)~key[i];
	text_add(out, (const char *)key, n);
}
