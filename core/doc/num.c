/*
 * num - JSON numbers that are kept as their text.
 *
 * What calculates here never meets a decimal point in strtod or takes one from
 * printf, so the locale of the process does not matter.
 */
#include "doc/num.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define EXPONENT_MAX 1000000000000000000 /* where exponents stop growing */
#define EXACT_DIGITS 15                  /* any decimal of so many digits survives a double */
#define EXACT_POWER 22                   /* the largest power of ten that a double holds exactly */

/* A number taken apart: sign * 0.DIGITS * 10^point; DIGITS may have the '.' inside. */
struct parts {
	int sign;                 /* 0 for zero, which has no digits */
	const char *first, *past; /* from the first digit that is not 0 to behind the last one */
	int64_t point;
};

static const double powers[EXACT_POWER + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

static int64_t
read_exponent(const char *s, const char *end)
{
	bool negative = *s == '-';
	int64_t v = 0;

	if (*s == '-' || *s == '+')
		s++;
	for (; s < end && v < EXPONENT_MAX / 10; s++)
		v = v * 10 + (*s - '0');
	if (s < end)
		v = EXPONENT_MAX;
	return negative ? -v : v;
}

static struct parts
take_apart(const char *s, size_t len)
{
	const char *end = s + len;
	struct parts p = { .sign = 1 };
	int64_t whole = 0; /* digits between the first one that counts and the point */
	bool in_fraction = false;

	if (*s == '-') {
		p.sign = -1;
		s++;
	}
	for (; s < end && *s != 'e' && *s != 'E'; s++) {
		if (*s == '.') {
			in_fraction = true;
			continue;
		}
		if (*s != '0') {
			if (p.first == NULL)
				p.first = s;
			p.past = s + 1;
		}
		if (p.first != NULL && !in_fraction)
			whole++;
		else if (p.first == NULL && in_fraction)
			whole--;
	}
	if (p.first == NULL)
		return (struct parts){ .sign = 0 };
	p.point = whole;
	if (s < end)
		p.point += read_exponent(s + 1, end);
	return p;
}

/* How many digits there are, the point not counted. */
static int64_t
count_digits(const struct parts *p)
{
	int64_t n = p->past - p->first;

	return memchr(p->first, '.', (size_t)n) != NULL ? n - 1 : n;
}

bool
num_to_i64(const char *s, size_t len, int64_t *out)
{
	struct parts p = take_apart(s, len);
	const char *d = p.first;
	uint64_t v = 0, limit = p.sign < 0 ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

	if (p.sign == 0) {
		*out = 0;
		return true;
	}
	if (p.point > 19 || count_digits(&p) > p.point)
		return false;
	for (int64_t i = 0; i < p.point; i++) {
		unsigned digit = 0;

		if (d < p.past && *d == '.')
			d++;
		if (d < p.past)
			digit = (unsigned)(*d++ - '0');
		if (v > (limit - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = p.sign < 0 ? (int64_t)-v : (int64_t)v;
	return true;
}

/* digits * 10^exponent by strtod: right for any length, and slow. */
static double
scale_slowly(const struct parts *p, int64_t ndigits, int64_t exponent)
{
	char *text = xmalloc((size_t)ndigits + 32), *to = text;
	double v;

	for (const char *d = p->first; d < p->past; d++)
		if (*d != '.')
			*to++ = *d;
	sprintf(to, "e%lld", (long long)exponent);
	v = strtod(text, NULL);
	free(text);
	return v;
}

bool
num_to_f64(const char *s, size_t len, double *out)
{
	struct parts p = take_apart(s, len);
	int64_t ndigits, exponent;
	double v = 0;

	if (p.sign == 0) {
		*out = s[0] == '-' ? -0.0 : 0.0;
		return true;
	}
	ndigits = count_digits(&p);
	exponent = p.point - ndigits;
	if (ndigits <= EXACT_DIGITS && exponent >= -EXACT_POWER && exponent <= EXACT_POWER) {
		/* both factors are exact, so that the one operation rounds rightly */
		uint64_t digits = 0;

		for (const char *d = p.first; d < p.past; d++)
			if (*d != '.')
				digits = digits * 10 + (uint64_t)(*d - '0');
		v = exponent < 0 ? (double)digits / powers[-exponent]
				 : (double)digits * powers[exponent];
	} else {
		v = scale_slowly(&p, ndigits, exponent);
	}
	if (!isfinite(v))
		return false;
	*out = p.sign < 0 ? -v : v;
	return true;
}

/* The digits of both as fractions 0.DIGITS. */
static int
cmp_digits(const struct parts *a, const struct parts *b)
{
	const char *x = a->first, *y = b->first;

	for (;; x++, y++) {
		if (x < a->past && *x == '.')
			x++;
		if (y < b->past && *y == '.')
			y++;
		if (x == a->past || y == b->past)
			return (x < a->past) - (y < b->past);
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
}

int
num_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct parts p = take_apart(a, a_len), q = take_apart(b, b_len);

	if (p.sign != q.sign)
		return p.sign < q.sign ? -1 : 1;
	if (p.sign == 0)
		return 0;
	if (p.point != q.point)
		return p.point < q.point ? -p.sign : p.sign;
	return p.sign * cmp_digits(&p, &q);
}

size_t
num_format_i64(int64_t v, char out[NUM_TEXT_SIZE])
{
	char digits[NUM_TEXT_SIZE];
	size_t at = sizeof(digits), len;
	uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		digits[--at] = '-';
	len = sizeof(digits) - at;
	memcpy(out, digits + at, len);
	return len;
}

/* 0.DIGITS * 10^point, the digits without zeros at either end. */
struct decimal {
	char digits[NUM_TEXT_SIZE];
	int n;
	int point;
};

/* v > 0, rounded to so many digits. */
static struct decimal
round_to(double v, int precision)
{
	struct decimal d = { .n = 0 };
	char text[40], *p = text;

	snprintf(text, sizeof(text), "%.*e", precision - 1, v);
	for (; *p != 'e'; p++)
		if (*p >= '0' && *p <= '9') /* whatever the locale has for a point */
			d.digits[d.n++] = *p;
	d.point = (int)strtol(p + 1, NULL, 10) + 1;
	while (d.n > 1 && d.digits[d.n - 1] == '0')
		d.n--;
	return d;
}

static double
decimal_value(const struct decimal *d)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*se%d", d->n, d->digits, d->point - d->n);
	return strtod(text, NULL);
}

/* One more in the last place; false when that would carry out of it. */
static bool
step_up(struct decimal *d, int precision)
{
	while (d->n < precision)
		d->digits[d->n++] = '0';
	if (d->digits[d->n - 1] == '9')
		return false;
	d->digits[d->n - 1]++;
	return true;
}

/*
 * v > 0. Fifteen digits hold every shorter decimal, except among the denormals, where
 * fewer may do. Below a power of two doubles lie twice as dense as above it: there the
 * nearest decimal may miss while the next one above is good.
 */
static struct decimal
shortest(double v)
{
	int precision = v < DBL_MIN ? 1 : EXACT_DIGITS;
	int ignored;

	for (; precision < 17; precision++) {
		struct decimal d = round_to(v, precision);

		if (decimal_value(&d) == v)
			return d;
		if (frexp(v, &ignored) == 0.5 && step_up(&d, precision) && decimal_value(&d) == v)
			return d;
	}
	return round_to(v, 17);
}

/* The layout of ECMA-262, Number::toString. */
static size_t
lay_out(const struct decimal *d, char *out)
{
	char *to = out;

	if (d->point >= d->n && d->point <= 21) {
		memcpy(to, d->digits, (size_t)d->n);
		memset(to + d->n, '0', (size_t)(d->point - d->n));
		return (size_t)d->point;
	}
	if (d->point > 0 && d->point <= 21) {
		memcpy(to, d->digits, (size_t)d->point);
		to[d->point] = '.';
		memcpy(to + d->point + 1, d->digits + d->point, (size_t)(d->n - d->point));
		return (size_t)d->n + 1;
	}
	if (d->point > -6 && d->point <= 0) {
		memcpy(to, "0.00000", (size_t)(2 - d->point));
		memcpy(to + 2 - d->point, d->digits, (size_t)d->n);
		return (size_t)(2 - d->point) + (size_t)d->n;
	}
	*to++ = d->digits[0];
	if (d->n > 1) {
		*to++ = '.';
		memcpy(to, d->digits + 1, (size_t)d->n - 1);
		to += d->n - 1;
	}
	to += sprintf(to, "e%+d", d->point - 1);
	return (size_t)(to - out);
}

/*
 * Most numbers that people calculate with have few digits behind the point: the
 * smallest k for which digits / 10^k gives v back is found without any printf. Both
 * operands are exact, so the division rounds as reading the text would.
 */
static bool
format_short(double v, struct decimal *d)
{
	for (int k = 0; k <= 8; k++) {
		double digits = nearbyint(v * powers[k]);

		if (digits >= 1e15)
			return false;
		if (digits >= 1 && digits / powers[k] == v) {
			d->n = (int)num_format_i64((int64_t)digits, d->digits);
			d->point = d->n - k;
			while (d->n > 1 && d->digits[d->n - 1] == '0')
				d->n--;
			return true;
		}
	}
	return false;
}

size_t
num_format_f64(double v, char out[NUM_TEXT_SIZE])
{
	struct decimal d;
	char *to = out;

	assert(isfinite(v));
	if (v == 0) {
		*to = '0';
		return 1;
	}
	if (v < 0) {
		*to++ = '-';
		v = -v;
	}
	if (!format_short(v, &d))
		d = shortest(v);
	return (size_t)(to - out) + lay_out(&d, to);
}
