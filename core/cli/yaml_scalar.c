/*
 * yaml_scalar - what a plain scalar of YAML stands for, by the core schema of YAML 1.2.
 */
#include "cli/yaml_scalar.h"

#include <inttypes.h>
#include <string.h>

/* Is the text one of the words, which a NULL ends? */
static bool
is_one_of(const char *text, size_t len, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && memcmp(*words, text, len) == 0)
			return true;
	return false;
}

static size_t
count_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

/* 0x1f and 0o17; false = the text is neither. */
static bool
read_based(const char *text, size_t len, struct buf *out)
{
	uint64_t value = 0;
	unsigned base, digit;
	bool large = false;
	size_t i;

	if (len < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'o'))
		return false;
	base = text[1] == 'x' ? 16 : 8;
	for (i = 2; i < len; i++) {
		char c = text[i], letter = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (letter >= 'a' && letter <= 'f')
			digit = (unsigned)(letter - 'a') + 10;
		else
			return false;
		if (digit >= base)
			return false;
		large |= value > (UINT64_MAX - digit) / base;
		value = value * base + digit;
	}
	if (!large)
		buf_addf(out, "%" PRIu64, value);
	return true;
}

/* An exponent or nothing: its length, or SIZE_MAX when it is something else. */
static size_t
exponent_length(const char *text, size_t len)
{
	size_t at = 1;

	if (len == 0)
		return 0;
	if (text[0] != 'e' && text[0] != 'E')
		return SIZE_MAX;
	if (at < len && (text[at] == '-' || text[at] == '+'))
		at++;
	return at < len && count_digits(text + at, len - at) == len - at ? len : SIZE_MAX;
}

/* A sign, digits, a point and an exponent; JSON wants digits on both sides of a point, and no plus or zero in front. */
static bool
read_decimal(const char *text, size_t len, struct buf *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t sign = negative || (len > 0 && text[0] == '+') ? 1 : 0;
	const char *s = text + sign;
	size_t left = len - sign, whole = count_digits(s, left), fraction = 0, point = 0, tail;

	if (whole < left && s[whole] == '.') {
		point = 1;
		fraction = count_digits(s + whole + 1, left - whole - 1);
	}
	if (whole + fraction == 0)
		return false;
	tail = exponent_length(s + whole + point + fraction, left - whole - point - fraction);
	if (tail == SIZE_MAX)
		return false;
	while (whole > 1 && *s == '0') {
		s++;
		whole--;
	}
	buf_adds(out, negative ? "-" : "");
	buf_add(out, whole > 0 ? s : "0", whole > 0 ? whole : 1);
	if (fraction > 0)
		buf_add(out, s + whole, fraction + 1);
	buf_add(out, s + whole + point + fraction, tail);
	return true;
}

enum doc_type
yaml_scalar_type(const char *text, size_t len, struct buf *out)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	static const char *const others[] = { ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF",
		"-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN", NULL };

	buf_reset(out);
	if (is_one_of(text, len, nulls))
		return DOC_NULL;
	if (is_one_of(text, len, trues))
		return DOC_TRUE;
	if (is_one_of(text, len, falses))
		return DOC_FALSE;
	if (is_one_of(text, len, others) || read_based(text, len, out) ||
	    read_decimal(text, len, out))
		return DOC_NUMBER;
	return DOC_STRING;
}
