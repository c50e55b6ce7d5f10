/*
 * clock - the two times, which are never mixed: wall (stored, shown) and
 * monotonic (deadlines in this process). Tests replace both.
 */
#ifndef PAWL_BASE_CLOCK_H
#define PAWL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void); /* milliseconds since 1970 UTC */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* CPU time that this thread has had; never a fixed value. */
int64_t clock_cpu_us(void);
/* Sets both to fixed values for tests; -1, -1 gives the real clocks back. */
void clock_fake(int64_t wall_ms, int64_t mono_ms);

#define CLOCK_ISO_SIZE 32
/* "2026-01-01T00:00:00.123Z" */
void clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);
/*
 * RFC 3339 / ISO-8601 extended offset date-time: upper-case T, offset Z or
 * +hh:mm, seconds with up to nine fractional digits (cut to milliseconds).
 * 0, or -1 when the text is anything else.
 */
int clock_parse_iso(const char *s, size_t len, int64_t *wall_ms);

#endif
