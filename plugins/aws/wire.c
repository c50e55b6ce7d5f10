/*
 * wire - bytes and times as AWS's protocols write them.
 */
#include "wire.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

char *
aws_copy(const char *s, size_t len)
{
	char *copy = text_alloc(len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
aws_base64(const void *bytes, size_t len)
{
	struct text t = { 0 };

	text_add_base64(&t, bytes, len);
	return t.s != NULL ? t.s : aws_copy("", 0);
}

char *
aws_unbase64(const char *s, size_t len, size_t *out_len)
{
	struct text t = { 0 };

	if (!text_add_unbase64(&t, s, len)) {
		text_fini(&t);
		return NULL;
	}
	*out_len = t.len;
	return t.s;
}

/* --- times ------------------------------------------------------------------------------- */

/* What stands behind the seconds: ".5Z", "+01:00", "Z" or nothing. */
static bool
read_rest(const char *s, int64_t *ms)
{
	int64_t scale = 100, hours, minutes;
	char *end;

	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++, scale /= 10)
			*ms += (*s - '0') * scale;
	if (*s == 'Z' || *s == '\0')
		return true;
	if (*s != '+' && *s != '-')
		return false;
	hours = strtol(s + 1, &end, 10);
	minutes = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
	*ms -= (*s == '-' ? -1 : 1) * (hours * 60 + minutes) * 60000;
	return true;
}

bool
aws_time_read(const char *s, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *rest;
	char *end;
	double seconds;

	if ((rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm)) != NULL) {
		*ms = (int64_t)timegm(&tm) * 1000;
		return read_rest(rest, ms);
	}
	if (strptime(s, "%a, %d %b %Y %H:%M:%S", &tm) != NULL) {
		*ms = (int64_t)timegm(&tm) * 1000;
		return true;
	}
	seconds = strtod(s, &end);
	if (end == s || *end != '\0' || !(fabs(seconds) < 1e13))
		return false;
	*ms = (int64_t)llround(seconds * 1000);
	return true;
}

char *
aws_time_write(int64_t ms, enum aws_time_style style)
{
	int64_t fraction = ms % 1000 + (ms % 1000 < 0 ? 1000 : 0);
	time_t seconds = (time_t)((ms - fraction) / 1000);
	char text[64];
	struct tm tm;

	if (style == AWS_TIME_EPOCH && fraction == 0)
		return text_format("%lld", (long long)seconds);
	if (style == AWS_TIME_EPOCH)
		return text_format("%lld.%03lld", (long long)seconds, (long long)fraction);
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text),
	    style == AWS_TIME_HTTP ? "%a, %d %b %Y %H:%M:%S GMT" : "%Y-%m-%dT%H:%M:%S", &tm);
	if (style == AWS_TIME_HTTP)
		return text_format("%s", text);
	if (fraction == 0)
		return text_format("%sZ", text);
	return text_format("%s.%03lldZ", text, (long long)fraction);
}
