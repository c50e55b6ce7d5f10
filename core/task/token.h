/*
 * token - task tokens: self-contained, URL-safe, signed.
 *
 * A token names the attempt: its execution's shard and id, and the event id of its
 * ...Scheduled event. There is no table of tokens. The same attempt always has the
 * same token; a retry has another. All tokens are TOKEN_LEN letters: a "t" (a word
 * that begins with "-" is an option on every command line), then base64url without
 * padding of these 42 bytes,
 *
 *	MAC (16) | shard (2, big endian) | execution id (16) | task id (8, big endian)
 *
 * where MAC is the first half of HMAC-SHA256(secret, the 26 bytes behind it) and secret is
 * pawl.secret's "token": 64 letters, which is one block of SHA-256. So SQL can
 * check a token with sha256() alone.
 */
#ifndef PAWL_TASK_TOKEN_H
#define PAWL_TASK_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

#define TOKEN_LEN 57

/* One attempt of a task of one execution. */
struct task_ref {
	struct uuid execution;
	int32_t shard;
	int64_t task_id;
};

void token_make(const char *secret, const struct task_ref *t, struct buf *out);
/* 0, or -1 for anything that token_make with this secret did not make. */
int token_read(const char *secret, const char *token, size_t len, struct task_ref *t);

#endif
