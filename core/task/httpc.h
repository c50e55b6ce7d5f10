/*
 * httpc - the HTTP client of this process: libcurl's multi interface on the loop.
 *
 * Connections are kept and reused, certificates are verified, names are resolved in
 * libcurl's own threads, and every exchange has limits of time and size. What is
 * sent and received is never logged.
 */
#ifndef PAWL_TASK_HTTPC_H
#define PAWL_TASK_HTTPC_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct httpc;

struct httpc_header {
	const char *name, *value;
};

#define HTTPC_TIMEOUT_MS 60000
#define HTTPC_CONNECT_TIMEOUT_MS 10000
#define HTTPC_RESPONSE_MAX ((size_t)8 << 20)

/* Everything is copied by httpc_start; zero and NULL mean the default. */
struct httpc_request {
	const char *method; /* NULL = GET, or POST when there is a body */
	const char *url;    /* http or https */
	const struct httpc_header *headers;
	size_t nheaders;
	const void *body;
	size_t body_len;
	int64_t timeout_ms; /* the whole exchange */
	int64_t connect_timeout_ms;
	size_t max_response; /* bytes of body */
	int max_redirects;   /* 0 = a redirect is an answer like any other */
	/* AWS signature version 4 when aws_service is set */
	const char *aws_service, *aws_region, *aws_access_key_id, *aws_secret_access_key;
	const char *aws_session_token;
	const char *ca_file; /* certificate authorities to trust instead of the system's */
};

enum httpc_result {
	HTTPC_OK, /* an answer came, of whatever status */
	HTTPC_BAD_REQUEST,
	HTTPC_DNS, /* this one and the next: nothing was sent */
	HTTPC_CONNECT,
	HTTPC_TLS,
	HTTPC_TIMEOUT,
	HTTPC_BROKEN, /* reset, closed early, not HTTP */
	HTTPC_TOO_LARGE
};

struct httpc_answer {
	enum httpc_result result;
	const char *message; /* one sentence unless OK; names the host, nothing secret */
	int status;
	const char *status_text;            /* "OK"; from a table when the protocol has none */
	const struct httpc_header *headers; /* of the last response, as received */
	size_t nheaders;
	const char *body; /* ends in NUL besides; "" when there is none */
	size_t body_len;
};
/* a is borrowed. Never called inside httpc_start, never after httpc_cancel. */
typedef void httpc_cb(void *arg, const struct httpc_answer *a);

struct httpc *httpc_new(struct loop *l);
/* Exchanges that are under way never call back. NULL is fine. */
void httpc_free(struct httpc *c);
/* Returns the id of the exchange; cb comes exactly once unless it is cancelled. */
uint64_t httpc_start(struct httpc *c, const struct httpc_request *r, httpc_cb *cb, void *arg);
void httpc_cancel(struct httpc *c, uint64_t id); /* unknown ids are fine */

/*
 * The same, waiting: for a process that may block (the function worker). cb is called
 * before it returns.
 */
struct httpc_blocking;
struct httpc_blocking *httpc_blocking_new(void);
void httpc_blocking_free(struct httpc_blocking *b);
void httpc_blocking_run(struct httpc_blocking *b, const struct httpc_request *r, httpc_cb *cb,
    void *arg);

/* The standard reason phrase, "" for an unknown status. */
const char *httpc_status_text(int status);

#endif
