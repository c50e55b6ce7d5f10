/*
 * log - one line is one fact, with the ids first:
 *
 *	2026-11-23T04:31:07.123Z info  exec=9f2c1b state=Pay http: answered 503, retry 2 of 3 in 4.0 s
 *
 * No secrets, no task input or output above debug. Levels: error = a person must
 * act, warn = pawl coped, info = life of executions and plugins, debug = steps.
 */
#ifndef PAWL_BASE_LOG_H
#define PAWL_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* "error", "warn", "info", "debug"; 0 or -1. */
int log_level_parse(const char *s, enum log_level *out);
/* ids may be NULL; control characters of the message are shown as \xNN, so a line stays a line. */
void log_line(enum log_level level, const char *ids, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_vline(enum log_level level, const char *ids, const char *fmt, va_list ap);

#define log_error(...) log_line(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, NULL, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...) \
	do { \
		if (log_enabled(LOG_LEVEL_DEBUG)) \
			log_line(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__); \
	} while (0)

#endif
