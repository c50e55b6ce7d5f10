/*
 * instant - points in time as Choice rules compare them, to the nanosecond.
 */
#include <string.h>

#include "asl/compiler.h"
#include "base/clock.h"

/* The fourth to ninth digit behind the point: what the clock's milliseconds leave out. */
static int32_t
instant_fraction(const char *s, size_t len)
{
	const char *point = memchr(s, '.', len);
	const char *end = s + len;
	int32_t ns = 0;
	size_t i;

	if (point == NULL)
		return 0;
	for (i = 0; i < 9; i++) {
		const char *at = point + 1 + i;
		int32_t digit = 0;

		if (at < end && *at >= '0' && *at <= '9')
			digit = *at - '0';
		else
			end = at;
		if (i >= 3)
			ns = ns * 10 + digit;
	}
	return ns;
}

int
instant_parse(struct doc text, struct instant *out)
{
	struct buf scratch;
	const char *s;
	size_t len;
	int rc;

	if (doc_is_none(text) || doc_type(text) != DOC_STRING)
		return -1;
	buf_init(&scratch, BUF_UNLIMITED);
	s = doc_str(text, &scratch, &len);
	rc = clock_parse_iso(s, len, &out->ms);
	if (rc == 0)
		out->ns = instant_fraction(s, len);
	buf_fini(&scratch);
	return rc;
}
