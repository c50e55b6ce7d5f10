/*
 * http - a small, strict HTTP/1.1 server on the loop.
 *
 * A connection is in one place at a time:
 *
 *	READING -> BUSY -> WRITING -> READING ...       (keep-alive)
 *	   |         |        |`---> LINGER -> closed   (refused: let the client read why)
 *	   `---------`--------`----> closed
 *
 * It reads with recv into its own buffer and writes head and body with one sendmsg:
 * nothing is copied but what the kernel copies. What arrives while a request is
 * BUSY waits in another buffer, since the request's texts point into the first.
 * Everybody but the BUSY is on one list in the order of since_ms, which one timer
 * watches for those that take longer than client_timeout.
 */
#include "api/http.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/http_conn.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/httpc.h"

#define CONN_MAGIC 0x48545450u /* "HTTP" */
#define READ_SIZE 4096         /* room for one ordinary call */
#define READ_SIZE_MAX (256u << 10)
#define KEEP_SIZE (64u << 10)  /* a buffer above this is given back after its request */
#define SMALL_SIZE (64u << 10) /* a body up to this is always taken */
#define AHEAD_MAX (64u << 10)  /* pipelined bytes that are taken while a request is busy */
#define LINGER_MS 2000
#define LATER_TURN_US 5000 /* of a turn, for connections that asked too much */
#define ACCEPT_AT_ONCE 64
#define ACCEPT_PAUSE_MS 200 /* when there are no file descriptors left */

enum conn_where { CONN_READING, CONN_BUSY, CONN_WRITING, CONN_LINGER, CONN_CLOSED };

struct conn {
	unsigned magic;
	struct http *http;
	int fd;
	enum conn_where where;
	bool running;     /* conn_run is up the stack */
	bool refused;     /* the reply is why: LINGER comes after it */
	bool disfavoured; /* its last request was one too many */
	bool is_later;    /* it waits on the list later, and its socket is not watched */
	struct event readable, writable;
	int64_t since_ms; /* monotonic: silent, or sending this call, since then */
	TAILQ_ENTRY(conn) by_since;
	TAILQ_ENTRY(conn) all;
	TAILQ_ENTRY(conn) by_turn;

	struct buf in; /* the request, from its first byte */
	size_t used;   /* bytes of in that belong to it */
	struct buf ahead;
	struct http_head head;
	bool head_parsed;
	struct http_chunks chunks;
	struct buf body; /* decoded chunks */
	struct http_request request;

	size_t held; /* bytes that count for the bound of all connections */

	struct buf out; /* head of the reply */
	size_t sent;    /* bytes of head and body that are out */
	bool send_body;
};
TAILQ_HEAD(conn_list, conn);

struct listener {
	int fd;
	struct event *ev;
	STAILQ_ENTRY(listener) link;
};

struct route {
	char *path;
	size_t len;
	enum http_methods methods;
	http_route_cb *cb;
	void *arg;
	STAILQ_ENTRY(route) link;
};

struct http {
	struct loop *loop;
	struct http_limits limits;
	http_request_cb *cb;
	void *arg;
	STAILQ_HEAD(, listener) listeners;
	STAILQ_HEAD(, route) routes;
	struct conn_list conns, by_since;
	struct conn_list later; /* disfavoured ones that have something to say */
	unsigned nconns, nbusy;
	size_t held; /* by all connections */
	bool accepting, stopped;
	bool shared; /* its port is other processes' too */
	struct loop_timer timeout, accept_pause, later_timer;
	int64_t date_s; /* the second that date is the text of */
	char date[32];
};

static void conn_run(struct conn *c);
static void conn_reset(struct conn *c);

/* --- time --------------------------------------------------------------------- */

static int64_t
conn_patience_ms(const struct conn *c)
{
	return c->where == CONN_LINGER ? LINGER_MS : c->http->limits.client_timeout_ms;
}

static void
http_arm_timeout(struct http *h)
{
	const struct conn *first = TAILQ_FIRST(&h->by_since);

	if (first != NULL && !loop_timer_pending(&h->timeout))
		loop_timer_set(&h->timeout,
		    first->since_ms + conn_patience_ms(first) - clock_mono_ms());
}

static void
conn_since_now(struct conn *c)
{
	struct http *h = c->http;

	TAILQ_REMOVE(&h->by_since, c, by_since);
	c->since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&h->by_since, c, by_since);
}

/* --- memory ------------------------------------------------------------------- */

static const struct http_refusal too_much = { 503, "ServiceUnavailable",
	"The server has too many large calls on their way. Try again." };

/* However small the bound is, two of the largest bodies fit. */
static size_t
http_held_max(const struct http *h)
{
	size_t least = 2 * h->limits.max_body;

	return h->limits.max_held > least ? h->limits.max_held : least;
}

/* Counts what the connection holds now; a body that was announced counts as if it were there. */
static void
conn_hold(struct conn *c)
{
	size_t in = c->in.cap, announced = 0, now;

	if (c->head_parsed && c->head.framing == HTTP_LENGTH)
		announced = c->head.len + c->head.body_len;
	now = (in > announced ? in : announced) + c->ahead.cap + c->body.cap + c->request.reply.cap;
	c->http->held += now - c->held;
	c->held = now;
}

/* --- places ------------------------------------------------------------------- */

static bool
where_is_timed(enum conn_where w)
{
	return w == CONN_READING || w == CONN_WRITING || w == CONN_LINGER;
}

/* The only writer of c->where after the birth of c. */
static void
conn_set_where(struct conn *c, enum conn_where to)
{
	struct http *h = c->http;
	enum conn_where from = c->where;

	if (where_is_timed(from))
		TAILQ_REMOVE(&h->by_since, c, by_since);
	if (from == CONN_BUSY || from == CONN_WRITING)
		h->nbusy--;
	if (to == CONN_BUSY || to == CONN_WRITING)
		h->nbusy++;
	c->where = to;
	if (where_is_timed(to)) {
		c->since_ms = clock_mono_ms();
		TAILQ_INSERT_TAIL(&h->by_since, c, by_since);
		if (to == CONN_LINGER) /* may be due before the first */
			loop_timer_set(&h->timeout, LINGER_MS);
		else
			http_arm_timeout(h);
	}
}

static void
http_accept_on(struct http *h, bool on)
{
	struct listener *l;

	if (h->accepting == on)
		return;
	h->accepting = on;
	STAILQ_FOREACH(l, &h->listeners, link) {
		if (on)
			event_add(l->ev, NULL);
		else
			event_del(l->ev);
	}
}

static void
conn_free(void *arg)
{
	struct conn *c = arg;

	assert(c->magic == CONN_MAGIC && c->where == CONN_CLOSED);
	c->magic = 0;
	buf_fini(&c->in);
	buf_fini(&c->ahead);
	buf_fini(&c->body);
	buf_fini(&c->out);
	buf_fini(&c->request.reply);
	free(c);
}

static void
conn_close(struct conn *c)
{
	struct http *h = c->http;
	bool was_busy = c->where == CONN_BUSY;

	if (c->where == CONN_CLOSED)
		return;
	conn_set_where(c, CONN_CLOSED);
	event_del(&c->readable);
	event_del(&c->writable);
	close(c->fd);
	TAILQ_REMOVE(&h->conns, c, all);
	if (c->is_later)
		TAILQ_REMOVE(&h->later, c, by_turn);
	c->is_later = false;
	h->nconns--;
	h->held -= c->held;
	c->held = 0;
	stat_add(STAT_connections, -1);
	loop_free_later(h->loop, c, conn_free);
	if (!h->stopped && h->nconns < h->limits.max_connections &&
	    !loop_timer_pending(&h->accept_pause))
		http_accept_on(h, true);
	if (was_busy && c->request.gone != NULL)
		c->request.gone(c->request.gone_arg);
}

static void
http_on_timeout(void *arg)
{
	struct http *h = arg;
	int64_t now = clock_mono_ms();
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&h->by_since); c != NULL; c = next) {
		next = TAILQ_NEXT(c, by_since);
		if (now - c->since_ms >= conn_patience_ms(c))
			conn_close(c);
		else if (c->where != CONN_LINGER && now - c->since_ms < LINGER_MS)
			break; /* whoever follows came later still */
	}
	/* one look a moment is enough: a connection may stay that much longer */
	if (!TAILQ_EMPTY(&h->by_since)) {
		int64_t wait = h->limits.client_timeout_ms / 4;

		loop_timer_set(&h->timeout, wait < 50 ? 50 : wait > 1000 ? 1000 : wait);
	}
}

/* --- writing -------------------------------------------------------------------- */

static const char *
http_date(struct http *h)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	if (h->date_s != (int64_t)now) {
		gmtime_r(&now, &tm);
		strftime(h->date, sizeof(h->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		h->date_s = (int64_t)now;
	}
	return h->date;
}

/* Ready for the next request, or for the end. */
static void
conn_sent(struct conn *c)
{
	if (c->refused) {
		shutdown(c->fd, SHUT_WR);
		conn_set_where(c, CONN_LINGER);
		event_add(&c->readable, NULL);
		return;
	}
	if (!c->head.keep_alive || c->http->stopped) {
		conn_close(c);
		return;
	}
	conn_reset(c);
	conn_set_where(c, CONN_READING);
	event_add(&c->readable, NULL);
	/* what was sent ahead is looked at on a later turn, never under the caller's feet */
	if (c->in.len > 0 && !c->running)
		event_active(&c->readable, EV_TIMEOUT, 0);
}

static void
conn_send(struct conn *c)
{
	const struct buf *body = &c->request.reply;
	size_t body_len = c->send_body ? body->len : 0;
	size_t total = c->out.len + body_len;

	while (c->sent < total) {
		struct iovec iov[2];
		struct msghdr m = { .msg_iov = iov };
		size_t from = c->sent;
		ssize_t n;

		if (from < c->out.len) {
			iov[0] = (struct iovec){ c->out.data + from, c->out.len - from };
			m.msg_iovlen = 1;
			from = 0;
		} else {
			from -= c->out.len;
		}
		if (from < body_len) {
			iov[m.msg_iovlen] = (struct iovec){ body->data + from, body_len - from };
			m.msg_iovlen++;
		}
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(&c->writable, NULL);
			return;
		}
		if (n < 0) {
			conn_close(c);
			return;
		}
		c->sent += (size_t)n;
		conn_since_now(c);
	}
	conn_sent(c);
}

static struct conn *
conn_of(struct http_request *r)
{
	struct conn *c = (struct conn *)((char *)r - offsetof(struct conn, request));

	assert(c->magic == CONN_MAGIC);
	return c;
}

static void
conn_reply(struct conn *c, int status, const char *content_type, const char *headers)
{
	struct http *h = c->http;
	bool closing = !c->head.keep_alive || h->stopped;
	bool has_body = status != 204 && status != 304;

	buf_reset(&c->out);
	buf_adds(&c->out, "HTTP/1.1 ");
	buf_add_i64(&c->out, status);
	buf_addc(&c->out, ' ');
	buf_adds(&c->out, httpc_status_text(status));
	buf_adds(&c->out, "\r\nDate: ");
	buf_adds(&c->out, http_date(h));
	if (content_type != NULL) {
		buf_adds(&c->out, "\r\nContent-Type: ");
		buf_adds(&c->out, content_type);
	}
	if (has_body) {
		buf_adds(&c->out, "\r\nContent-Length: ");
		buf_add_i64(&c->out, (int64_t)c->request.reply.len);
	}
	buf_adds(&c->out, "\r\n");
	buf_adds(&c->out, headers);
	if (closing)
		buf_adds(&c->out, "Connection: close\r\n");
	else if (c->head.http10)
		buf_adds(&c->out, "Connection: keep-alive\r\n");
	buf_adds(&c->out, "\r\n");
	c->send_body = has_body && !c->head.is_head;
	c->sent = 0;
	conn_hold(c);
	conn_set_where(c, CONN_WRITING);
	conn_send(c);
}

void
http_reply(struct http_request *r, int status, const char *content_type, const char *headers)
{
	struct conn *c = conn_of(r);

	assert(c->where == CONN_BUSY);
	assert(!buf_failed(&r->reply));
	r->gone = NULL;
	conn_reply(c, status, content_type, headers);
}

bool
http_client_is_gone(const struct http_request *r)
{
	const struct conn *c = conn_of((struct http_request *)(uintptr_t)r);
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* An answer of our own in the API's error form. */
static void
conn_reply_error(struct conn *c, const struct http_refusal *why)
{
	struct buf *b = &c->request.reply;

	buf_reset(b);
	buf_adds(b, "{\"__type\":\"");
	buf_adds(b, why->type);
	buf_adds(b, "\",\"message\":\"");
	buf_adds(b, why->message);
	buf_adds(b, "\"}");
	conn_reply(c, why->status, "application/x-amz-json-1.0",
	    why->status == 503 ? "Retry-After: 1\r\n" : "");
}

/* The request cannot be read; where the next one begins nobody knows. */
static void
conn_refuse(struct conn *c, const struct http_refusal *why)
{
	log_debug("http: refused with %d: %s", why->status, why->message);
	c->refused = true;
	c->head.keep_alive = false;
	c->head.is_head = false;
	conn_reply_error(c, why);
}

/* --- reading -------------------------------------------------------------------- */

/* What a connection keeps between two calls is little when all together have much. */
static void
conn_shrink(const struct conn *c, struct buf *b)
{
	size_t keep = c->http->held > http_held_max(c->http) / 2 ? READ_SIZE : KEEP_SIZE;

	if (b->cap > keep)
		buf_fini(b);
	else
		buf_reset(b);
}

/* Makes room for the next request; what came after this one stays. */
static void
conn_reset(struct conn *c)
{
	size_t left = c->in.len - c->used;

	if (left > 0) {
		memmove(c->in.data, c->in.data + c->used, left);
		c->in.len = left;
		c->in.data[left] = '\0';
	} else {
		conn_shrink(c, &c->in);
	}
	if (c->ahead.len > 0)
		buf_add(&c->in, c->ahead.data, c->ahead.len);
	buf_fini(&c->ahead);
	c->used = 0;
	c->head = (struct http_head){ .keep_alive = true };
	c->head_parsed = false;
	c->chunks.where = CHUNK_SIZE;
	c->chunks.overhead = 0;
	conn_shrink(c, &c->body);
	conn_shrink(c, &c->request.reply);
	c->request.gone = NULL;
	conn_hold(c);
}

/* The head's texts after the buffer that they are in has moved. */
static void
request_rebase(struct http_request *r, const char *from, char *to)
{
	r->method = to + (r->method - from);
	r->path = to + (r->path - from);
	r->query = to + (r->query - from);
	for (size_t i = 0; i < r->nheaders; i++) {
		r->headers[i].name = to + (r->headers[i].name - from);
		r->headers[i].value = to + (r->headers[i].value - from);
	}
}

static int
conn_read_head(struct conn *c, struct http_refusal *why)
{
	size_t blank = 0;
	int rc;

	/* RFC 9112, 2.2: empty lines before a request are ignored */
	while (c->head.scanned == 0 && c->in.len - blank >= 2 && c->in.data[blank] == '\r' &&
	    c->in.data[blank + 1] == '\n')
		blank += 2;
	if (blank > 0) {
		memmove(c->in.data, c->in.data + blank, c->in.len - blank);
		c->in.len -= blank;
		c->in.data[c->in.len] = '\0';
	}
	if (c->in.len == 0)
		return 0;
	rc = http_head_find(&c->head, c->in.data, c->in.len, c->http->limits.max_head, why);
	if (rc <= 0)
		return rc;
	if (http_head_parse(&c->head, c->in.data, &c->request, why) != 0)
		return -1;
	c->head_parsed = true;
	c->used = c->head.len;
	c->body.max = c->http->limits.max_body;
	if (c->head.framing == HTTP_LENGTH && c->head.body_len > c->http->limits.max_body) {
		*why = (struct http_refusal){ 413, "RequestEntityTooLargeException",
			"The body of the request is larger than max_body." };
		return -1;
	}
	if (c->head.framing == HTTP_LENGTH && c->head.body_len > SMALL_SIZE &&
	    c->http->held + c->head.body_len > http_held_max(c->http)) {
		*why = too_much;
		return -1;
	}
	conn_hold(c);
	return 1;
}

static int
conn_read_body(struct conn *c, struct http_refusal *why)
{
	size_t n;
	int rc;

	switch (c->head.framing) {
	case HTTP_NO_BODY:
		c->request.body = "";
		c->request.body_len = 0;
		return 1;
	case HTTP_LENGTH:
		if (c->in.len - c->head.len < c->head.body_len)
			return 0;
		c->used = c->head.len + c->head.body_len;
		c->request.body = c->in.data + c->head.len;
		c->request.body_len = c->head.body_len;
		return 1;
	case HTTP_CHUNKED:
		rc = http_chunks_feed(&c->chunks, c->in.data + c->used, c->in.len - c->used, &n,
		    &c->body, why);
		c->used += n;
		if (rc == 0 && n > 0) {
			/* the decoded copy is all we need */
			c->in.len = c->head.len + (c->in.len - c->used);
			memmove(c->in.data + c->head.len, c->in.data + c->used,
			    c->in.len - c->head.len);
			c->in.data[c->in.len] = '\0';
			c->used = c->head.len;
		}
		c->request.body = buf_text(&c->body);
		c->request.body_len = c->body.len;
		conn_hold(c);
		if (rc >= 0 && c->body.len > SMALL_SIZE && c->http->held > http_held_max(c->http)) {
			*why = too_much;
			return -1;
		}
		return rc;
	}
	return -1;
}

static void
conn_continue(struct conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	c->head.expects_continue = false;
	/* a socket that has no room for this has nobody who reads; the client may also go on without it */
	if (send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("http: 100 Continue was not sent: %s", strerror(errno));
}

/* 1 = a request is whole. */
static int
conn_read_request(struct conn *c, struct http_refusal *why)
{
	int rc = 1;

	if (!c->head_parsed)
		rc = conn_read_head(c, why);
	if (rc == 1)
		rc = conn_read_body(c, why);
	if (rc == 0 && c->head_parsed && c->head.expects_continue)
		conn_continue(c);
	return rc;
}

static bool
route_fits(const struct route *r, const char *path, bool reads)
{
	bool prefix = r->len > 1 && r->path[r->len - 1] == '/';

	return (reads || r->methods == HTTP_ALL) &&
	    (prefix ? strncmp(path, r->path, r->len) == 0 : strcmp(path, r->path) == 0);
}

static const struct route *
http_route_find(const struct http *h, const char *path, bool reads)
{
	const struct route *r, *best = NULL;

	STAILQ_FOREACH(r, &h->routes, link)
		if (route_fits(r, path, reads) && (best == NULL || r->len > best->len))
			best = r;
	return best;
}

static void
conn_dispatch(struct conn *c)
{
	static const struct http_refusal not_found = { 404, "NotFoundException",
		"There is nothing at this path." };
	struct http_request *r = &c->request;
	bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
	const struct route *route = http_route_find(c->http, r->path, reads);

	conn_set_where(c, CONN_BUSY);
	c->disfavoured = false;
	if (route != NULL)
		route->cb(route->arg, r);
	else if (c->http->held > http_held_max(c->http))
		conn_reply_error(c, &too_much);
	else if (reads)
		conn_reply_error(c, &not_found);
	else
		c->http->cb(c->http->arg, r);
}

/* Handles what is in the buffer, request after request, until one has to wait. */
static void
conn_run(struct conn *c)
{
	struct http_refusal why;

	if (c->running)
		return;
	c->running = true;
	while (c->where == CONN_READING && c->in.len > 0) {
		int rc = conn_read_request(c, &why);

		if (rc == 0)
			break;
		if (rc < 0)
			conn_refuse(c, &why);
		else
			conn_dispatch(c);
	}
	c->running = false;
}

/* recv into b; what recv says. */
static ssize_t
conn_recv(struct conn *c, struct buf *b, size_t n)
{
	char *p = buf_reserve(b, n);
	ssize_t got;

	assert(p != NULL);
	do {
		got = recv(c->fd, p, n, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		buf_advance(b, (size_t)got);
	return got;
}

/* A large body is read in larger pieces the more of it has come. */
static size_t
conn_read_size(const struct conn *c)
{
	size_t n = c->in.len;

	return n < READ_SIZE ? READ_SIZE : n > READ_SIZE_MAX ? READ_SIZE_MAX : n;
}

static void
conn_read(struct conn *c)
{
	const char *before = c->in.data;
	bool first = c->in.len == 0;
	ssize_t got = conn_recv(c, &c->in, conn_read_size(c));

	if (c->head_parsed && c->in.data != before)
		request_rebase(&c->request, before, c->in.data);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
		conn_close(c);
		return;
	}
	if (got < 0)
		return;
	conn_hold(c);
	if (first)
		conn_since_now(c);
	conn_run(c);
}

static void
conn_read_later(struct conn *c)
{
	struct http *h = c->http;

	event_del(&c->readable);
	c->is_later = true;
	TAILQ_INSERT_TAIL(&h->later, c, by_turn);
	if (!loop_timer_pending(&h->later_timer))
		loop_timer_set(&h->later_timer, 0);
}

/* What others have to say comes between the slices. */
static void
http_on_later(void *arg)
{
	struct http *h = arg;
	int64_t until_us = clock_mono_us() + LATER_TURN_US;
	struct conn *c;

	while ((c = TAILQ_FIRST(&h->later)) != NULL && clock_mono_us() <= until_us) {
		TAILQ_REMOVE(&h->later, c, by_turn);
		c->is_later = false;
		event_add(&c->readable, NULL);
		conn_read(c);
	}
	if (c != NULL)
		loop_timer_set(&h->later_timer, 0);
}

void
http_disfavour(struct http_request *r)
{
	conn_of(r)->disfavoured = true;
}

/* The client sends its next request early, or hangs up. */
static void
conn_read_ahead(struct conn *c)
{
	ssize_t got;

	if (c->ahead.len >= AHEAD_MAX) {
		event_del(&c->readable);
		return;
	}
	got = conn_recv(c, &c->ahead, READ_SIZE);
	conn_hold(c);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
		conn_close(c);
}

static void
conn_discard(struct conn *c)
{
	char waste[READ_SIZE];
	ssize_t got = recv(c->fd, waste, sizeof(waste), MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		conn_close(c);
}

static void
conn_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	assert(c->magic == CONN_MAGIC);
	if ((what & EV_READ) == 0) { /* conn_sent asked for it */
		conn_run(c);
		return;
	}
	switch (c->where) {
	case CONN_READING:
		if (c->disfavoured)
			conn_read_later(c);
		else
			conn_read(c);
		break;
	case CONN_BUSY:
	case CONN_WRITING:
		conn_read_ahead(c);
		break;
	case CONN_LINGER:
		conn_discard(c);
		break;
	case CONN_CLOSED:
		break;
	}
}

static void
conn_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	assert(c->magic == CONN_MAGIC && c->where == CONN_WRITING);
	conn_send(c);
}

/* --- listening -------------------------------------------------------------------- */

static void
conn_new(struct http *h, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	int one = 1;

	c->magic = CONN_MAGIC;
	c->http = h;
	c->fd = fd;
	buf_init(&c->in, BUF_UNLIMITED); /* bounded by max_head and max_body as it is read */
	buf_init(&c->ahead, BUF_UNLIMITED);
	buf_init(&c->body, h->limits.max_body);
	buf_init(&c->out, BUF_UNLIMITED);
	buf_init(&c->request.reply, BUF_UNLIMITED);
	c->head.keep_alive = true;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	event_assign(&c->readable, loop_base(h->loop), fd, EV_READ | EV_PERSIST, conn_readable, c);
	event_assign(&c->writable, loop_base(h->loop), fd, EV_WRITE, conn_writable, c);
	event_add(&c->readable, NULL);
	TAILQ_INSERT_TAIL(&h->conns, c, all);
	h->nconns++;
	stat_add(STAT_connections, 1);
	c->since_ms = clock_mono_ms();
	c->where = CONN_READING;
	TAILQ_INSERT_TAIL(&h->by_since, c, by_since);
	http_arm_timeout(h);
}

static void
http_accept_again(void *arg)
{
	struct http *h = arg;

	if (!h->stopped && h->nconns < h->limits.max_connections)
		http_accept_on(h, true);
}

static void
http_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct http *h = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd;

		if (h->nconns >= h->limits.max_connections) {
			log_debug("http: max_connections (%u) reached", h->limits.max_connections);
			http_accept_on(h, false);
			return;
		}
		fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			conn_new(h, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_warn("http: cannot accept: %s; trying again in %d ms", strerror(errno),
			    ACCEPT_PAUSE_MS);
			http_accept_on(h, false);
			loop_timer_set(&h->accept_pause, ACCEPT_PAUSE_MS);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

int
http_address_parse(const char *address, char *host, size_t host_size, char *port, size_t port_size,
    struct err *e)
{
	const char *colon = strrchr(address, ':');
	const char *from = address;
	size_t host_len, port_len;

	if (colon == NULL)
		return err_set(e, "pawl.Address", "\"%s\" is not host:port", address);
	host_len = (size_t)(colon - address);
	port_len = strlen(colon + 1);
	if (host_len >= 2 && address[0] == '[' && colon[-1] == ']') {
		from++;
		host_len -= 2;
	}
	if (host_len >= host_size || port_len >= port_size || port_len == 0 ||
	    strspn(colon + 1, "0123456789") != port_len)
		return err_set(e, "pawl.Address", "\"%s\" is not host:port", address);
	memcpy(host, from, host_len);
	host[host_len] = '\0';
	memcpy(port, colon + 1, port_len + 1);
	return 0;
}

enum share { SHARE_NOT, SHARE_PORT };

/* A bound socket. */
static int
bind_on(const struct addrinfo *ai, enum share share)
{
	int one = 1, zero = 0;
	int fd =
	    socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (share == SHARE_PORT)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (ai->ai_family == AF_INET6) /* "all addresses" means both families */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A bound socket for the first of the addresses that works. */
static int
bind_socket(const char *address, enum share share, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL, *ai;
	char host[256] = "", port[16] = "";
	int fd = -1, rc;

	if (http_address_parse(address, host, sizeof(host), port, sizeof(port), e) != 0)
		return -1;
	rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &list);
	if (rc != 0)
		return err_set(e, "pawl.Address", "cannot listen on %s: %s", address,
		    gai_strerror(rc));
	for (int pass = 0; pass < 2 && fd < 0; pass++) {
		for (ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
			/* for all addresses the IPv6 socket serves both families, so it goes first */
			if ((host[0] == '\0' && pass == 0) == (ai->ai_family == AF_INET6) ||
			    host[0] != '\0')
				fd = bind_on(ai, share);
		}
	}
	if (fd < 0)
		err_set(e, "pawl.Address", "cannot listen on %s: %s", address, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

int
http_listen(struct http *h, const char *address, struct err *e)
{
	struct listener *l;
	int fd = bind_socket(address, h->shared ? SHARE_PORT : SHARE_NOT, e);

	if (fd < 0)
		return -1;
	if (listen(fd, 1024) != 0) {
		err_set(e, "pawl.Address", "cannot listen on %s: %s", address, strerror(errno));
		close(fd);
		return -1;
	}
	l = xcalloc(1, sizeof(*l));
	l->fd = fd;
	l->ev = event_new(loop_base(h->loop), fd, EV_READ | EV_PERSIST, http_accept, h);
	if (h->accepting)
		event_add(l->ev, NULL);
	STAILQ_INSERT_TAIL(&h->listeners, l, link);
	if (!h->accepting)
		http_accept_on(h, true);
	return 0;
}

void
http_share_port(struct http *h)
{
	h->shared = true;
}

/* 0 = none. */
static int
port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to = { .v6 = { 0 } };
	socklen_t len = sizeof(to);

	if (getsockname(fd, &to.any, &len) != 0)
		return 0;
	return ntohs(to.any.sa_family == AF_INET6 ? to.v6.sin6_port : to.v4.sin_port);
}

int
http_port(const struct http *h)
{
	const struct listener *l = STAILQ_FIRST(&h->listeners);

	return l != NULL ? port_of(l->fd) : 0;
}

int
http_reserve(const char *address, char **out, struct err *e)
{
	/* a port that is shared lets everybody in who shares it: so first without */
	int alone = bind_socket(address, SHARE_NOT, e), fd;
	const char *colon = strrchr(address, ':');

	if (alone < 0)
		return -1;
	*out = xasprintf("%.*s:%d", (int)(colon - address), address, port_of(alone));
	close(alone);
	fd = bind_socket(*out, SHARE_PORT, e);
	if (fd < 0) {
		free(*out);
		*out = NULL;
	}
	return fd;
}

/* --- life ------------------------------------------------------------------------- */

struct http *
http_new(struct loop *l, const struct http_limits *limits, http_request_cb *cb, void *arg)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	h->limits = *limits;
	h->cb = cb;
	h->arg = arg;
	h->date_s = -1;
	STAILQ_INIT(&h->listeners);
	STAILQ_INIT(&h->routes);
	TAILQ_INIT(&h->conns);
	TAILQ_INIT(&h->by_since);
	TAILQ_INIT(&h->later);
	loop_timer_init(l, &h->later_timer, http_on_later, h);
	loop_timer_init(l, &h->timeout, http_on_timeout, h);
	loop_timer_init(l, &h->accept_pause, http_accept_again, h);
	return h;
}

void
http_set_limits(struct http *h, const struct http_limits *limits)
{
	h->limits = *limits;
	loop_timer_cancel(&h->timeout);
	http_arm_timeout(h);
	if (!h->stopped && !STAILQ_EMPTY(&h->listeners) && h->nconns < limits->max_connections)
		http_accept_on(h, true);
}

static void
http_close_listeners(struct http *h)
{
	struct listener *l;

	while ((l = STAILQ_FIRST(&h->listeners)) != NULL) {
		STAILQ_REMOVE_HEAD(&h->listeners, link);
		event_free(l->ev);
		close(l->fd);
		free(l);
	}
	h->accepting = false;
}

void
http_stop(struct http *h)
{
	struct conn *c, *next;

	h->stopped = true;
	http_close_listeners(h);
	for (c = TAILQ_FIRST(&h->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->where == CONN_READING && c->in.len == 0)
			conn_close(c);
	}
}

unsigned
http_busy(const struct http *h)
{
	return h->nbusy;
}

void
http_free(struct http *h)
{
	struct conn *c;
	struct route *r;

	if (h == NULL)
		return;
	h->stopped = true;
	http_close_listeners(h);
	while ((c = TAILQ_FIRST(&h->conns)) != NULL)
		conn_close(c);
	while ((r = STAILQ_FIRST(&h->routes)) != NULL) {
		STAILQ_REMOVE_HEAD(&h->routes, link);
		free(r->path);
		free(r);
	}
	loop_timer_fini(&h->timeout);
	loop_timer_fini(&h->later_timer);
	loop_timer_fini(&h->accept_pause);
	free(h);
}

void
http_route(struct http *h, enum http_methods methods, const char *path, http_route_cb *cb,
    void *arg)
{
	struct route *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	r->len = strlen(path);
	r->methods = methods;
	r->cb = cb;
	r->arg = arg;
	STAILQ_INSERT_TAIL(&h->routes, r, link);
}

const char *
http_peer(const struct http_request *r, char out[HTTP_PEER_SIZE])
{
	const struct conn *c = conn_of((struct http_request *)(uintptr_t)r);
	static const char mapped[] = "::ffff:";
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getpeername(c->fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, out, HTTP_PEER_SIZE, NULL, 0,
		NI_NUMERICHOST) != 0)
		*out = '\0';
	/* a client of IPv4 at a socket for both */
	if (strncmp(out, mapped, strlen(mapped)) == 0 && strchr(out, '.') != NULL)
		memmove(out, out + strlen(mapped), strlen(out) - strlen(mapped) + 1);
	return out;
}

const struct http_header *
http_header(const struct http_request *r, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < r->nheaders; i++) {
		if (r->headers[i].name_len == len && memcmp(r->headers[i].name, name, len) == 0)
			return &r->headers[i];
	}
	return NULL;
}

const char *
http_header_value(const struct http_request *r, const char *name)
{
	const struct http_header *h = http_header(r, name);

	return h != NULL ? h->value : NULL;
}
