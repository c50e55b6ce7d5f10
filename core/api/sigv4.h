/*
 * sigv4 - AWS Signature Version 4: is this request signed with one of our keys?
 */
#ifndef PAWL_API_SIGV4_H
#define PAWL_API_SIGV4_H

#include <stdint.h>

#include "api/http.h"
#include "base/err.h"

#define SIGV4_SKEW_MS 300000 /* how far the date of a request may be off */

struct sigv4; /* the keys */

/*
 * keys_json: an object of access key ids and their secrets. NULL and e when it is none.
 */
struct sigv4 *sigv4_new(const char *keys_json, struct err *e);
void sigv4_free(struct sigv4 *s); /* NULL is fine */
size_t sigv4_nkeys(const struct sigv4 *s);

/*
 * 0 and *key_id (borrowed from s) when r is signed with one of the keys, for service (NULL: for any), not
 * too long ago. Else -1 and e as AWS answers: MissingAuthenticationTokenException,
 * IncompleteSignatureException, UnrecognizedClientException, InvalidSignatureException.
 */
int sigv4_verify(struct sigv4 *s, const struct http_request *r, const char *service, int64_t now_ms,
    const char **key_id, struct err *e);

#endif
