/*
 * http - a small, strict HTTP/1.1 server on the loop.
 *
 * One request at a time per connection (pipelined bytes wait). Heads and bodies
 * are bounded, a connection that is silent or takes too long is closed, above
 * max_connections nobody is accepted until somebody leaves. What all of them hold together is
 * bounded too: above max_held large bodies, and calls, are answered with 503. Anything that two
 * parsers could read differently (a bare LF, folded headers, two lengths) is
 * refused. Keep-alive, chunked bodies, Expect: 100-continue, HTTP/1.0.
 */
#ifndef PAWL_API_HTTP_H
#define PAWL_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#define HTTP_HEADERS_MAX 64

struct http;

struct http_limits {
	size_t max_head, max_body; /* bytes */
	size_t
	    max_held; /* bytes of requests and answers on their way; what is large and too much gets 503 */
	unsigned max_connections;
	int64_t client_timeout_ms; /* of silence, and for one request to arrive whole */
};

struct http_header {
	const char *name;  /* in lower case */
	const char *value; /* without surrounding white space */
	size_t name_len, value_len;
};

/* One whole request. All texts end with NUL and stay good until the reply. */
struct http_request {
	const char *method;
	const char *path;  /* as sent, without the query */
	const char *query; /* "" = none */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t nheaders;
	const char *body; /* may hold anything; not NUL-terminated */
	size_t body_len;
	struct buf reply; /* the body of the answer, to be filled before http_reply */
	/* The receiver's: called when the client went away before the reply; the request is gone then. */
	void (*gone)(void *arg);
	void *gone_arg;
};

/* Answers by http_reply, at once or later. */
typedef void http_request_cb(void *arg, struct http_request *r);

struct http *http_new(struct loop *l, const struct http_limits *limits, http_request_cb *cb,
    void *arg);
/* Closes everything on the spot; gone is called for requests under way. NULL is fine. */
void http_free(struct http *h);
int http_listen(struct http *h, const char *address, struct err *e);
/* Before http_listen: other processes of this user may listen on the same port (SO_REUSEPORT). */
void http_share_port(struct http *h);
/*
 * Makes sure that nobody else listens on the address, and keeps the port for sockets that share it:
 * the descriptor of a socket that does not listen. *out is the address with the port that it has; yours. -1 and e.
 */
int http_reserve(const char *address, char **out, struct err *e);
int http_port(const struct http *h); /* of the first listener, 0 = none */
void http_set_limits(struct http *h, const struct http_limits *limits);
/* Closes the listeners and idle connections; the others close after their reply. */
void http_stop(struct http *h);
/* Requests that wait for their reply or are being sent theirs. */
unsigned http_busy(const struct http *h);

#define HTTP_PEER_SIZE 64
/* The address of the client, without its port: "127.0.0.1", "::1"; "" when it is not known. Returns out. */
const char *http_peer(const struct http_request *r, char out[HTTP_PEER_SIZE]);

/* The first header of that name (in lower case), or NULL. */
const struct http_header *http_header(const struct http_request *r, const char *name);
/* The value of that header, or NULL. */
const char *http_header_value(const struct http_request *r, const char *name);

/*
 * Sends r->reply with this status. content_type NULL = none. headers: further header
 * lines, each ending with CRLF, "" = none; Date, Content-Length and Content-Type are
 * written here. 204 and 304 have no body. r is gone afterwards.
 */
void http_reply(struct http_request *r, int status, const char *content_type, const char *headers);

/*
 * The request was one too many: until this connection asks for something else, those of others go first, and all like it
 * get a few milliseconds of a turn. Before http_reply.
 */
void http_disfavour(struct http_request *r);

/* Has the client hung up, as far as can be known now? For answers that must not go to nobody. */
bool http_client_is_gone(const struct http_request *r);

enum http_methods { HTTP_READS, HTTP_ALL }; /* GET and HEAD; every method there is */

/*
 * Requests of a path: cb fills r->reply and calls http_reply, at once or later. A path that ends
 * with "/" serves all below it, but "/" only itself; the longest that fits gets the
 * request. These requests do not reach the http_request_cb.
 */
typedef void http_route_cb(void *arg, struct http_request *r);
void http_route(struct http *h, enum http_methods methods, const char *path, http_route_cb *cb,
    void *arg);

/* What a host:port text says. -1 and e when it is none; host "" = all addresses. */
int http_address_parse(const char *address, char *host, size_t host_size, char *port,
    size_t port_size, struct err *e);

#endif
