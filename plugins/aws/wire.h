/*
 * wire - bytes and times as AWS's protocols write them.
 */
#ifndef PAWL_PLUGIN_AWS_WIRE_H
#define PAWL_PLUGIN_AWS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* New texts, to be released with free; len bytes and a NUL. */
char *aws_copy(const char *s, size_t len);
char *aws_base64(const void *bytes, size_t len);
/* NULL when it is no base64. */
char *aws_unbase64(const char *s, size_t len, size_t *out_len);

enum aws_time_style {
	AWS_TIME_EPOCH, /* 1700000000.5 */
	AWS_TIME_ISO,   /* 2023-11-14T22:13:20.500Z; no fraction when there is none */
	AWS_TIME_HTTP   /* Tue, 14 Nov 2023 22:13:20 GMT */
};
/* Reads any of the three; milliseconds since 1970. */
bool aws_time_read(const char *s, int64_t *ms);
char *aws_time_write(int64_t ms, enum aws_time_style style); /* new */

#endif
