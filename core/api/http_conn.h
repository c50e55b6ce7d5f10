/*
 * http_conn - what the parts of the HTTP server share: a connection, the parser of heads
 * and bodies.
 */
#ifndef PAWL_API_HTTP_CONN_H
#define PAWL_API_HTTP_CONN_H

#include "api/http.h"

/* How the head says that its body ends. */
enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED };

/* Why a request is refused before anybody sees it. */
struct http_refusal {
	int status;
	const char *type; /* as the API names errors */
	const char *message;
};

/* A head that is being looked for and read in a buffer that may move between calls. */
struct http_head {
	size_t scanned; /* bytes known to hold no end of the head */
	size_t len;     /* of the head with its last CRLF; 0 = not whole yet */
	enum http_framing framing;
	size_t body_len; /* HTTP_LENGTH */
	bool http10, keep_alive, expects_continue, is_head;
};

/*
 * Looks for the end of the head in the first len bytes of text. 1 = found, h->len is set; 0 = more is
 * needed; -1 = refused.
 */
int http_head_find(struct http_head *h, const char *text, size_t len, size_t max_head,
    struct http_refusal *why);
/*
 * Reads the head found (of h->len bytes) into r, whose texts point into text; writes NULs and lower-case
 * names there. 0, or -1 = refused.
 */
int http_head_parse(struct http_head *h, char *text, struct http_request *r,
    struct http_refusal *why);

/* A chunked body on its way in. */
struct http_chunks {
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_DONE } where;
	uint64_t left;   /* of this chunk */
	size_t overhead; /* bytes of size lines and trailers in all */
};
/*
 * Takes what it can of text and appends the data to body (whose limit is that of bodies); *used is how many
 * bytes were taken. 1 = the body is whole, 0 = more is needed, -1 = refused.
 */
int http_chunks_feed(struct http_chunks *c, const char *text, size_t len, size_t *used,
    struct buf *body, struct http_refusal *why);

#endif
