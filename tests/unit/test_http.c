/*
 * test_http - the HTTP server against a client on a real socket of the same loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/http.h"
#include "base/loop.h"

#define BIG (5u << 20)

struct client {
	int fd;
	struct event *ev;
	struct buf got;
	bool closed;
};

static struct loop *loop;
static struct http *http;
static struct http_limits limits;
/* What the server under test saw, and how it is to answer. */
static struct {
	int requests, gone;
	char method[32], path[256], query[256], header[256];
	struct buf body;
	bool keep; /* do not answer yet */
	bool big;
	struct http_request *kept;
	struct client *watch; /* loop_stop when this client has until, or is closed */
	const char *until;
	int until_times;
} seen;

static void
on_gone(void *arg)
{
	(void)arg;
	seen.gone++;
	seen.kept = NULL;
	loop_stop(loop);
}

static void
answer(struct http_request *r)
{
	if (seen.big) {
		char *p = buf_reserve(&r->reply, BIG);

		memset(p, 'b', BIG);
		buf_advance(&r->reply, BIG);
	} else {
		buf_adds(&r->reply, "<");
		buf_add(&r->reply, r->body, r->body_len);
		buf_adds(&r->reply, ">");
	}
	http_reply(r, 200, "text/plain", "X-Test: yes\r\n");
}

static void
on_request(void *arg, struct http_request *r)
{
	const char *h = http_header_value(r, "x-some");

	(void)arg;
	seen.requests++;
	snprintf(seen.method, sizeof(seen.method), "%s", r->method);
	snprintf(seen.path, sizeof(seen.path), "%s", r->path);
	snprintf(seen.query, sizeof(seen.query), "%s", r->query);
	snprintf(seen.header, sizeof(seen.header), "%s", h != NULL ? h : "(none)");
	buf_reset(&seen.body);
	buf_add(&seen.body, r->body, r->body_len);
	if (strcmp(r->path, "/too-many") == 0)
		http_disfavour(r);
	if (seen.keep) {
		r->gone = on_gone;
		seen.kept = r;
		loop_stop(loop);
	} else {
		answer(r);
	}
}

static void
on_route(void *arg, struct http_request *r)
{
	buf_adds(&r->reply, arg);
	buf_adds(&r->reply, r->path);
	http_reply(r, 200, "text/plain", "");
}

/* Answers as arg says: a status, then " type" or none. */
static void
on_status(void *arg, struct http_request *r)
{
	const char *says = arg;

	buf_adds(&r->reply, "body");
	http_reply(r, atoi(says), says[3] != '\0' ? says + 4 : NULL, "X-Test: yes\r\n");
}

static int
count(const struct buf *b, const char *what)
{
	const char *p = buf_text(b);
	int n = 0;

	while ((p = memmem(p, b->len - (size_t)(p - buf_text(b)), what, strlen(what))) != NULL) {
		n++;
		p += strlen(what);
	}
	return n;
}

static void
client_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	char *p = buf_reserve(&c->got, 65536);
	ssize_t n = recv(fd, p, 65536, MSG_DONTWAIT);

	(void)what;
	if (n > 0)
		buf_advance(&c->got, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		c->closed = true;
		event_del(c->ev);
	}
	if (seen.watch == c && (c->closed || count(&c->got, seen.until) >= seen.until_times))
		loop_stop(loop);
}

static void
client_open(struct client *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	buf_init(&c->got, BUF_UNLIMITED);
	c->ev = event_new(loop_base(loop), c->fd, EV_READ | EV_PERSIST, client_readable, c);
	event_add(c->ev, NULL);
}

static void
client_close(struct client *c)
{
	event_free(c->ev);
	close(c->fd);
	buf_fini(&c->got);
}

static void
client_send(struct client *c, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(c->fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Runs the loop until the client has got text so many times, or was hung up on. */
static void
client_wait(struct client *c, const char *text, int times)
{
	seen.watch = c;
	seen.until = text;
	seen.until_times = times;
	if (!c->closed && count(&c->got, text) < times)
		loop_run(loop);
	seen.watch = NULL;
}

static void
client_wait_closed(struct client *c)
{
	client_wait(c, "(never sent)", 1);
	assert_true(c->closed);
}

/* One request on a connection of its own, answered with close: the whole answer. */
static void
exchange(struct client *c, const char *request)
{
	client_open(c);
	client_send(c, request);
	client_wait(c, "\r\n\r\n", 1);
}

static void
assert_status(struct client *c, const char *status)
{
	char line[64];

	snprintf(line, sizeof(line), "HTTP/1.1 %s", status);
	if (strncmp(buf_text(&c->got), line, strlen(line)) != 0)
		fail_msg("wanted %s, got %s", line, buf_text(&c->got));
}

static int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	buf_init(&seen.body, BUF_UNLIMITED);
	limits = (struct http_limits){ .max_head = 2000,
		.max_body = 10000,
		.max_held = 200000,
		.max_connections = 50,
		.client_timeout_ms = 30000 };
	loop = loop_new();
	http = http_new(loop, &limits, on_request, NULL);
	assert_int_equal(http_listen(http, "127.0.0.1:0", &e), 0);
	http_route(http, HTTP_READS, "/health", on_route, (void *)(uintptr_t) "health:");
	http_route(http, HTTP_READS, "/console/", on_route, (void *)(uintptr_t) "console:");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	http_free(http);
	loop_free(loop);
	buf_fini(&seen.body);
	return 0;
}

/* --- tests ------------------------------------------------------------------------- */

static void
a_request_is_read_and_answered(void **state)
{
	struct client c;

	(void)state;
	exchange(&c,
	    "POST /a/b?x=1&y HTTP/1.1\r\nHost: h\r\nX-Some: \t some value \r\n"
	    "Content-Length: 5\r\n\r\nhello");
	client_wait(&c, "<hello>", 1);
	assert_status(&c, "200 OK\r\n");
	assert_non_null(strstr(c.got.data, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(c.got.data, "\r\nX-Test: yes\r\n"));
	assert_non_null(strstr(c.got.data, "\r\nDate: "));
	assert_null(strstr(c.got.data, "Connection: close"));
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.path, "/a/b");
	assert_string_equal(seen.query, "x=1&y");
	assert_string_equal(seen.header, "some value");
	assert_false(c.closed);
	client_close(&c);
}

static void
requests_on_one_connection_are_answered_in_order(void **state)
{
	struct client c;

	(void)state;
	client_open(&c);
	for (int i = 1; i <= 3; i++) {
		client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
		client_wait(&c, "<x>", i);
	}
	/* three at once, the last one in pieces, with an empty line between */
	client_send(&c,
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na"
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb\r\n"
	    "POST / HTTP/1.1\r\nHo");
	client_wait(&c, "<b>", 1);
	client_send(&c, "st: h\r\nContent-Length: 1\r\n\r\nc");
	client_wait(&c, "<c>", 1);
	assert_int_equal(seen.requests, 6);
	assert_true(strstr(c.got.data, "<a>") < strstr(c.got.data, "<b>"));
	client_close(&c);
}

static void
bytes_sent_ahead_wait_for_the_answer(void **state)
{
	struct client c;
	struct http_request *first;

	(void)state;
	seen.keep = true;
	client_open(&c);
	client_send(&c, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na");
	loop_run(loop);
	first = seen.kept;
	assert_non_null(first);
	client_send(&c, "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb");
	for (int i = 0; i < 20; i++)
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	assert_int_equal(seen.requests, 1);
	assert_string_equal(first->path, "/1");
	seen.keep = false;
	answer(first);
	client_wait(&c, "<b>", 1);
	assert_int_equal(seen.requests, 2);
	assert_string_equal(seen.path, "/2");
	client_close(&c);
}

static void
a_request_may_come_byte_by_byte(void **state)
{
	static const char text[] = "POST /slow HTTP/1.1\r\nHost: h\r\nX-Some: v\r\n"
				   "Content-Length: 3\r\n\r\nabc";
	struct client c;

	(void)state;
	client_open(&c);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(c.fd, text + i, 1, MSG_NOSIGNAL), 1);
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	client_wait(&c, "<abc>", 1);
	assert_string_equal(seen.path, "/slow");
	assert_string_equal(seen.header, "v");
	client_close(&c);
}

/* The texts of the head point into a buffer that grows with the body. */
static void
a_large_body_does_not_harm_the_head(void **state)
{
	struct client c;
	struct buf b;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	for (int i = 0; i < 10000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	client_open(&c);
	client_send(&c,
	    "POST /large?q HTTP/1.1\r\nHost: h\r\nX-Some: v\r\nContent-Length: 10000\r\n\r\n");
	for (size_t i = 0; i < b.len; i += 1000) {
		assert_int_equal(send(c.fd, b.data + i, 1000, MSG_NOSIGNAL), 1000);
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	client_wait(&c, ">", 1);
	assert_int_equal(seen.body.len, 10000);
	assert_memory_equal(seen.body.data, b.data, 10000);
	assert_string_equal(seen.path, "/large");
	assert_string_equal(seen.query, "q");
	assert_string_equal(seen.header, "v");
	buf_fini(&b);
	client_close(&c);
}

static void
chunks_are_joined(void **state)
{
	static const char text[] =
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
	    "X-Some: v\r\n\r\n5;ext=1\r\nhello\r\nA\r\n, world!!!\r\n0\r\nTrailer: x\r\n\r\n";
	struct client c;

	(void)state;
	client_open(&c);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(c.fd, text + i, 1, MSG_NOSIGNAL), 1);
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	client_wait(&c, "<hello, world!!!>", 1);
	assert_string_equal(seen.header, "v");
	/* in one piece, and another request behind it */
	client_send(&c, text);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "<>", 1);
	assert_int_equal(count(&c.got, "<hello, world!!!>"), 2);
	client_close(&c);
}

static void
expect_100_continue_is_answered(void **state)
{
	struct client c;

	(void)state;
	client_open(&c);
	client_send(&c,
	    "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	client_wait(&c, "HTTP/1.1 100 Continue\r\n\r\n", 1);
	assert_int_equal(seen.requests, 0);
	client_send(&c, "ok");
	client_wait(&c, "<ok>", 1);
	assert_int_equal(count(&c.got, "100 Continue"), 1);
	client_close(&c);
}

static void
what_is_ambiguous_is_refused(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{ "POST / HTTP/1.1\nHost: h\n\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nA: b\n\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1,1\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501" },
		{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "501" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", "417" },
		{ "POST / HTTP/1.1\r\nHost : h\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nA: b\x01\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "400" },
		{ "POST / HTTP/2.0\r\nHost: h\r\n\r\n", "505" },
		{ "POST /\r\nHost: h\r\n\r\n", "400" },
		{ "POST  / HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "POST / HTTP/1.1 \r\nHost: h\r\n\r\n", "505" },
		{ "POST x HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "\x16\x03\x01\x02 / HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\n",
		    "400" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "fffffffffffffffff\r\n",
		    "400" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client c;

		exchange(&c, cases[i].request);
		assert_status(&c, cases[i].status);
		assert_non_null(strstr(c.got.data, "{\"__type\":\""));
		assert_non_null(strstr(c.got.data, "Connection: close\r\n"));
		client_wait_closed(&c);
		client_close(&c);
	}
	assert_int_equal(seen.requests, 0);
}

static void
a_head_that_is_too_large_is_refused(void **state)
{
	struct client c;
	char text[3001];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "POST / HTTP/1.1\r\nHost: h\r\nA: ", 29);
	text[3000] = '\0';
	exchange(&c, text);
	assert_status(&c, "431");
	client_close(&c);
	/* many small headers too */
	client_open(&c);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < HTTP_HEADERS_MAX; i++)
		client_send(&c, "a: b\r\n");
	client_send(&c, "\r\n");
	client_wait(&c, "\r\n\r\n", 1);
	assert_status(&c, "431");
	client_close(&c);
}

static void
a_body_that_is_too_large_is_refused(void **state)
{
	struct client c;

	(void)state;
	exchange(&c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10001\r\n\r\n");
	client_wait(&c, "}", 1);
	assert_status(&c, "413");
	assert_non_null(strstr(c.got.data, "RequestEntityTooLargeException"));
	client_close(&c);
	exchange(&c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\nx");
	assert_status(&c, "413");
	client_close(&c);
	/* one that does not ask before it sends can still read the refusal */
	client_open(&c);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		char waste[1000] = { 0 };

		assert_int_equal(send(c.fd, waste, sizeof(waste), MSG_NOSIGNAL), 1000);
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	}
	client_wait(&c, "}", 1);
	assert_status(&c, "413");
	client_close(&c);
	assert_int_equal(seen.requests, 0);
}

/* Its next requests are read a little later, whole or in pieces, and one that hangs up is forgotten. */
static void
who_asked_too_much_is_served_later(void **state)
{
	static const char too_many[] =
	    "POST /too-many HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none";
	struct client c, other;

	(void)state;
	exchange(&c, too_many);
	client_send(&c, too_many);
	client_wait(&c, "<one>", 2);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nt");
	event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	client_send(&c, "wo");
	client_wait(&c, "<two>", 1);
	client_send(&c, too_many);
	client_wait(&c, "<one>", 3);
	client_send(&c, too_many);
	client_close(&c);
	exchange(&other, too_many);
	client_send(&other, too_many); /* the server ends before it is read */
	assert_int_equal(seen.requests >= 5, 1);
	client_close(&other);
}

#define ANNOUNCE \
	"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 90000\r\n\r\n"

/* The bound is not less than two of the largest bodies. */
static void
large_bodies_that_are_too_much_together_are_refused(void **state)
{
	struct http_limits tight = limits;
	struct client first, second, third, small;

	(void)state;
	tight.max_body = 100000;
	tight.max_held = 1;
	http_set_limits(http, &tight);
	exchange(&first, ANNOUNCE);
	assert_status(&first, "100 Continue");
	exchange(&second, ANNOUNCE);
	assert_status(&second, "100 Continue");
	exchange(&third, ANNOUNCE);
	assert_status(&third, "503");
	assert_non_null(strstr(third.got.data, "\r\nRetry-After: 1\r\n"));
	client_close(&third);
	exchange(&third,
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	assert_status(&third, "200");
	client_close(&third);
	exchange(&small, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
	assert_status(&small, "200");
	/* who goes away makes room */
	client_close(&first);
	client_close(&small);
	exchange(&small, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"); /* the loop hears of it */
	exchange(&third, ANNOUNCE);
	assert_status(&third, "100 Continue");
	client_close(&third);
	client_close(&second);
	client_close(&small);
}

static void
gets_are_routed(void **state)
{
	struct client c;

	(void)state;
	client_open(&c);
	client_send(&c, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "health:/health", 1);
	client_send(&c, "GET /console/a/b HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "console:/console/a/b", 1);
	client_send(&c, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "404 Not Found", 1);
	client_send(&c, "HEAD /health HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "Content-Length: 14\r\n\r\n", 2);
	assert_string_equal(c.got.data + c.got.len - 4, "\r\n\r\n");
	client_send(&c, "GET http://h:1/health HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n");
	client_wait_closed(&c);
	assert_int_equal(count(&c.got, "health:/health"), 2);
	client_close(&c);
	assert_int_equal(seen.requests, 0);
}

static void
the_longest_route_that_fits_gets_a_request_of_its_methods(void **state)
{
	struct client c;

	(void)state;
	http_route(http, HTTP_ALL, "/console/forms/", on_route, (void *)(uintptr_t) "forms:");
	http_route(http, HTTP_READS, "/", on_route, (void *)(uintptr_t) "root:");
	http_route(http, HTTP_ALL, "/console/forms/exact", on_route, (void *)(uintptr_t) "exact:");
	client_open(&c);
	client_send(&c, "BREW /console/forms/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
	client_wait(&c, "forms:/console/forms/a", 1);
	client_send(&c, "GET /console/forms/exact HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "exact:/console/forms/exact", 1);
	client_send(&c, "GET /console/forms HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "console:/console/forms", 1);
	client_send(&c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "root:/", 1);
	client_send(&c, "GET /other HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "404 Not Found", 1);
	assert_int_equal(seen.requests, 0);
	client_send(&c, "POST /console/a HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "<>", 1);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "<>", 2);
	assert_int_equal(seen.requests, 2);
	client_close(&c);
}

static void
some_statuses_have_no_body_and_some_answers_no_type(void **state)
{
	struct client c;

	(void)state;
	http_route(http, HTTP_ALL, "/204", on_status, (void *)(uintptr_t) "204");
	http_route(http, HTTP_ALL, "/304", on_status, (void *)(uintptr_t) "304 text/plain");
	http_route(http, HTTP_ALL, "/299", on_status, (void *)(uintptr_t) "299");
	client_open(&c);
	client_send(&c, "GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "X-Test: yes\r\n\r\n", 1);
	client_send(&c, "GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "Content-Type: text/plain\r\nX-Test: yes\r\n\r\n", 1);
	assert_int_equal(count(&c.got, "body"), 0);
	assert_int_equal(count(&c.got, "Content-Length"), 0);
	client_send(&c, "GET /299 HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&c, "Content-Length: 4\r\nX-Test: yes\r\n\r\nbody", 1);
	assert_int_equal(count(&c.got, "Content-Type"), 1);
	client_close(&c);
}

static void
http_1_0_closes_unless_asked(void **state)
{
	struct client c;

	(void)state;
	exchange(&c, "POST / HTTP/1.0\r\n\r\n");
	client_wait_closed(&c);
	assert_status(&c, "200");
	client_close(&c);
	exchange(&c, "POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	client_send(&c, "POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	client_wait(&c, "<>", 2);
	assert_int_equal(count(&c.got, "Connection: keep-alive"), 2);
	client_close(&c);
}

static void
a_client_that_hangs_up_is_noticed(void **state)
{
	struct client c;

	(void)state;
	seen.keep = true;
	client_open(&c);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	loop_run(loop);
	assert_non_null(seen.kept);
	assert_int_equal(http_busy(http), 1);
	client_close(&c);
	loop_run(loop); /* on_gone stops it */
	assert_int_equal(seen.gone, 1);
	assert_int_equal(http_busy(http), 0);
}

static void
a_large_answer_gets_through(void **state)
{
	struct client c;

	(void)state;
	seen.big = true;
	client_open(&c);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	client_wait_closed(&c);
	assert_true(c.got.len > BIG);
	assert_int_equal(count(&c.got, "Content-Length: 5242880"), 1);
	assert_memory_equal(c.got.data + c.got.len - 3, "bbb", 3);
	client_close(&c);
}

static void
silent_connections_are_closed(void **state)
{
	struct client idle, slow, busy;

	(void)state;
	limits.client_timeout_ms = 150;
	http_set_limits(http, &limits);
	client_open(&idle);
	client_open(&slow);
	client_open(&busy);
	client_send(&slow, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12");
	seen.keep = true;
	client_send(&busy, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	loop_run(loop);
	assert_non_null(seen.kept);
	client_wait_closed(&idle);
	client_wait_closed(&slow);
	/* who waits for an answer is not silent */
	assert_false(busy.closed);
	answer(seen.kept);
	client_wait(&busy, "<>", 1);
	client_wait_closed(&busy);
	client_close(&idle);
	client_close(&slow);
	client_close(&busy);
}

static void
above_the_limit_connections_wait(void **state)
{
	struct client a, b, c;

	(void)state;
	limits.max_connections = 2;
	http_set_limits(http, &limits);
	client_open(&a);
	client_open(&b);
	client_send(&a, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_send(&b, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	client_wait(&a, "<>", 1);
	client_wait(&b, "<>", 1);
	client_open(&c);
	client_send(&c, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	for (int i = 0; i < 20; i++)
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
	assert_int_equal(seen.requests, 2);
	client_close(&a);
	client_wait(&c, "<>", 1);
	assert_int_equal(seen.requests, 3);
	client_close(&b);
	client_close(&c);
}

static void
stop_finishes_what_is_under_way(void **state)
{
	struct client idle, busy;

	(void)state;
	seen.keep = true;
	client_open(&idle);
	client_open(&busy);
	client_send(&busy, "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	loop_run(loop);
	assert_non_null(seen.kept);
	http_stop(http);
	client_wait_closed(&idle);
	assert_false(busy.closed);
	assert_int_equal(http_port(http), 0);
	answer(seen.kept);
	client_wait_closed(&busy);
	assert_non_null(strstr(busy.got.data, "Connection: close"));
	assert_non_null(strstr(busy.got.data, "<>"));
	client_close(&idle);
	client_close(&busy);
}

static void
addresses_are_parsed(void **state)
{
	struct err e = ERR_INIT;
	char host[64], port[8];

	(void)state;
	assert_int_equal(http_address_parse("1.2.3.4:80", host, 64, port, 8, &e), 0);
	assert_string_equal(host, "1.2.3.4");
	assert_string_equal(port, "80");
	assert_int_equal(http_address_parse("[::1]:8083", host, 64, port, 8, &e), 0);
	assert_string_equal(host, "::1");
	assert_int_equal(http_address_parse(":8083", host, 64, port, 8, &e), 0);
	assert_string_equal(host, "");
	assert_int_equal(http_address_parse("8083", host, 64, port, 8, &e), -1);
	assert_int_equal(http_address_parse("h:", host, 64, port, 8, &e), -1);
	assert_int_equal(http_address_parse("h:8a", host, 64, port, 8, &e), -1);
	err_fini(&e);
}

static void
a_taken_port_is_an_error_with_a_sentence(void **state)
{
	struct err e = ERR_INIT;
	char address[64];

	(void)state;
	snprintf(address, sizeof(address), "127.0.0.1:%d", http_port(http));
	assert_int_equal(http_listen(http, address, &e), -1);
	assert_non_null(strstr(err_cause(&e), "cannot listen on 127.0.0.1:"));
	err_fini(&e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_is_read_and_answered),
		T(requests_on_one_connection_are_answered_in_order),
		T(bytes_sent_ahead_wait_for_the_answer),
		T(a_request_may_come_byte_by_byte),
		T(a_large_body_does_not_harm_the_head),
		T(chunks_are_joined),
		T(expect_100_continue_is_answered),
		T(what_is_ambiguous_is_refused),
		T(a_head_that_is_too_large_is_refused),
		T(a_body_that_is_too_large_is_refused),
		T(who_asked_too_much_is_served_later),
		T(large_bodies_that_are_too_much_together_are_refused),
		T(gets_are_routed),
		T(the_longest_route_that_fits_gets_a_request_of_its_methods),
		T(some_statuses_have_no_body_and_some_answers_no_type),
		T(http_1_0_closes_unless_asked),
		T(a_client_that_hangs_up_is_noticed),
		T(a_large_answer_gets_through),
		T(silent_connections_are_closed),
		T(above_the_limit_connections_wait),
		T(stop_finishes_what_is_under_way),
		T(addresses_are_parsed),
		T(a_taken_port_is_an_error_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
