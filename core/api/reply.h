/*
 * reply - answers in the form of AWS JSON 1.0, and what writes their members.
 */
#ifndef PAWL_API_REPLY_H
#define PAWL_API_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/http.h"
#include "base/err.h"

#define REPLY_TYPE "application/x-amz-json-1.0"

/* 200 with r->reply as it is. request_id is the text of a uuid. */
void reply_ok(struct http_request *r, const char *request_id);

/* r->reply with this status, and the name of the error in its header (NULL = none). */
void reply_send_body(struct http_request *r, const char *request_id, int status, const char *error);

/* What an error has beside __type and message. */
struct reply_extra {
	const char *key, *value; /* one more member of its body; key NULL = none */
	int retry_after_s;       /* a header that says when to try again; 0 = none */
};
/*
 * The error name with its status, as AWS answers it. Names that are not AWS's ("pawl.Journal") become
 * InternalFailure and are logged.
 */
void reply_error(struct http_request *r, const char *request_id, const struct err *e,
    const struct reply_extra *extra);

/* ThrottlingException: why is for people, retry_s for programs. */
void reply_throttled(struct http_request *r, const char *request_id, const char *why, int retry_s);

/* Members of the object that b ends in; each writes its own comma. text NULL: nothing is written. */
void reply_key(struct buf *b, const char *key);
void reply_text(struct buf *b, const char *key, const char *text);
void reply_text_n(struct buf *b, const char *key, const char *text, size_t len);
void reply_int(struct buf *b, const char *key, int64_t v);
/* v / 1000 with three decimals; v is not negative. */
void reply_thousandths(struct buf *b, const char *key, int64_t v);
void reply_bool(struct buf *b, const char *key, bool v);
/* Seconds with three decimals. */
void reply_time(struct buf *b, const char *key, int64_t ms);
/* json is written as it is; NULL: nothing is written. */
void reply_json(struct buf *b, const char *key, const char *json);

#endif
