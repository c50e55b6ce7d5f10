/*
 * form - reads application/x-www-form-urlencoded bodies.
 */
#include "api/form.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool
form_is(const struct http_request *r)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = http_header_value(r, "content-type");

	return type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
decode(const char *p, const char *end, char *out, size_t size)
{
	size_t n = 0;

	while (p < end) {
		char c = (char)(*p == '+' ? ' ' : *p);

		if (c == '%') {
			int high = end - p > 2 ? hex_digit(p[1]) : -1,
			    low = end - p > 2 ? hex_digit(p[2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			p += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		out[n++] = c;
		p++;
	}
	out[n] = '\0';
	return true;
}

bool
form_value(const struct http_request *r, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	const char *p = r->body, *end = r->body + r->body_len;

	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *to = amp != NULL ? amp : end;

		if ((size_t)(to - p) > len && memcmp(p, name, len) == 0 && p[len] == '=') {
			while (isspace((unsigned char)to[-1]))
				to--;
			return decode(p + len + 1, to, out, size);
		}
		p = amp != NULL ? amp + 1 : end;
	}
	return false;
}
