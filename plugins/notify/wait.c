/*
 * wait - how long a webhook asks to wait before the next try.
 */
#include <stdlib.h>
#include <time.h>

#include "notify.h"

#define WAIT_MAX_MS 3600000 /* the longest that is respected */

int64_t
webhook_retry_after(const char *value, int64_t now_ms)
{
	struct tm tm = { 0 };
	char *end;
	long long seconds = strtoll(value, &end, 10);
	int64_t ms = 0;

	if (end != value && *end == '\0')
		ms = seconds > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : seconds * 1000;
	else if ((end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm)) != NULL && *end == '\0')
		ms = (int64_t)timegm(&tm) * 1000 - now_ms;
	return ms < 0 ? 0 : ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms;
}
