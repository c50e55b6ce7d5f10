/*
 * log - one line is one fact, with the ids first.
 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* A line that would be longer is cut here: logs are read by people. */
#define LOG_MESSAGE_MAX 4096

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static enum log_level level_now = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	level_now = level;
}

bool
log_enabled(enum log_level level)
{
	return level <= level_now;
}

int
log_level_parse(const char *s, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(s, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

/* What would break the line, or play with the terminal of who reads it, is shown as \xNN. */
static void
add_visible(struct buf *b, const char *s)
{
	size_t from = 0, i;

	for (i = 0; s[i] != '\0'; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != 0x7f)
			continue;
		buf_add(b, s + from, i - from);
		buf_addf(b, "\\x%02x", c);
		from = i + 1;
	}
	buf_add(b, s + from, i - from);
}

/* A log that cannot be written (disk full, closed pipe) must not stop the work: the line is lost. */
static void
write_whole(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		s += done;
		n -= (size_t)done;
	}
}

void
log_vline(enum log_level level, const char *ids, const char *fmt, va_list ap)
{
	char time[CLOCK_ISO_SIZE], message[LOG_MESSAGE_MAX];
	int saved = errno;
	struct buf line;

	if (!log_enabled(level))
		return;
	clock_format_iso(clock_wall_ms(), time);
	vsnprintf(message, sizeof(message), fmt, ap);
	buf_init(&line, BUF_UNLIMITED);
	buf_addf(&line, "%s %-5s ", time, level_names[level]);
	if (ids != NULL && ids[0] != '\0') {
		add_visible(&line, ids);
		buf_addc(&line, ' ');
	}
	add_visible(&line, message);
	buf_addc(&line, '\n');
	write_whole(line.data, line.len);
	buf_fini(&line);
	errno = saved;
}

void
log_line(enum log_level level, const char *ids, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(level, ids, fmt, ap);
	va_end(ap);
}
