/*
 * token - task tokens: self-contained, URL-safe, signed.
 *
 * A token names the execution and the attempt (the event id of its ...Scheduled
 * event) and carries an HMAC-SHA256 of both, cut to 16 bytes; there is no table of
 * tokens. The same attempt always has the same token; a retry has another.
 */
#ifndef PAWL_TASK_TOKEN_H
#define PAWL_TASK_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

void token_make(const char *secret, const char *execution_arn, int64_t task_id, struct buf *out);
/*
 * 0 and the parts, or -1 for anything that token_make with this secret did not
 * make. execution_arn is appended to *arn.
 */
int token_read(const char *secret, const char *token, size_t len, struct buf *arn,
    int64_t *task_id);

#endif
