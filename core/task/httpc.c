/*
 * httpc - the HTTP client of this process: libcurl's multi interface on the loop.
 *
 * libcurl says which sockets it watches and when it wants to be called again; both
 * become events of the loop. Finished exchanges are collected at the end of each
 * call into libcurl, so callbacks never run inside one.
 */
#include "task/httpc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/idmap.h"
#include "base/log.h"
#include "base/xalloc.h"

#define CONNECTIONS_KEPT 256L /* idle ones */
#define CONNECTIONS_MAX 1024L /* more exchanges wait inside libcurl */
#define HEADERS_MAX ((size_t)256 << 10)

struct exchange_header {
	size_t name, value; /* offsets in head */
};

struct exchange {
	TAILQ_ENTRY(exchange) link;
	struct httpc *client; /* NULL: a blocking one */
	uint64_t id;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	char *host; /* for messages */
	size_t max_response;
	httpc_cb *cb;
	void *arg;
	/* the answer so far */
	struct buf head; /* names and values, each NUL-terminated */
	struct exchange_header *list;
	size_t nlist, list_cap;
	char status_text[64];
	struct buf content;
	bool too_large;
	const char *refused; /* why it was never sent */
	char error[CURL_ERROR_SIZE];
};

struct httpc {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
	struct loop_timer refused_timer; /* answers those that were never sent */
	struct idmap by_id;
	TAILQ_HEAD(exchange_list, exchange) exchanges;
	uint64_t next_id, first_refused;
};

struct httpc_blocking {
	CURLM *multi; /* keeps the connections */
};

/* --- small parts ------------------------------------------------------------ */

static const struct {
	int status;
	const char *text;
} status_texts[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *
httpc_status_text(int status)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return "";
}

static bool
is_token(const char *s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		bool alnum = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9');

		if (!alnum && strchr(others, *s) == NULL)
			return false;
	}
	return true;
}

static bool
is_one_line(const char *s)
{
	return strpbrk(s, "\r\n") == NULL;
}

static bool
is_http_url(const char *url)
{
	for (const char *s = url; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* "host:port" of a URL without what may be secret in it. */
static char *
host_of(const char *url)
{
	const char *s = strstr(url, "://");
	const char *end, *at;

	s = s == NULL ? url : s + 3;
	end = s + strcspn(s, "/?#");
	while ((at = memchr(s, '@', (size_t)(end - s))) != NULL)
		s = at + 1;
	return xstrndup(s, (size_t)(end - s));
}

/* --- what comes in ---------------------------------------------------------- */

static void
head_reset(struct exchange *x)
{
	buf_reset(&x->head);
	x->nlist = 0;
	x->status_text[0] = '\0';
}

static void
status_line(struct exchange *x, const char *s, size_t len)
{
	const char *end = s + len;

	head_reset(x); /* of a 100 or a redirect */
	for (int words = 0; words < 2; words++) {
		while (s < end && *s != ' ')
			s++;
		while (s < end && *s == ' ')
			s++;
	}
	len = (size_t)(end - s);
	if (len >= sizeof(x->status_text))
		len = sizeof(x->status_text) - 1;
	memcpy(x->status_text, s, len);
	x->status_text[len] = '\0';
}

static size_t
on_header(char *s, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	size_t total = size * n, len = total;
	const char *colon, *value;

	while (len > 0 && (s[len - 1] == '\r' || s[len - 1] == '\n'))
		len--;
	if (len >= 5 && memcmp(s, "HTTP/", 5) == 0) {
		status_line(x, s, len);
		return total;
	}
	if ((colon = memchr(s, ':', len)) == NULL || memchr(s, '\0', len) != NULL)
		return total; /* the blank line, or nothing anybody could use */
	for (value = colon + 1; value < s + len && (*value == ' ' || *value == '\t');)
		value++;
	if (x->nlist == x->list_cap) {
		x->list_cap = x->list_cap == 0 ? 16 : x->list_cap * 2;
		x->list = xreallocarray(x->list, x->list_cap, sizeof(*x->list));
	}
	x->list[x->nlist].name = x->head.len;
	buf_add(&x->head, s, (size_t)(colon - s));
	buf_add(&x->head, "", 1);
	x->list[x->nlist].value = x->head.len;
	buf_add(&x->head, value, (size_t)(s + len - value));
	buf_add(&x->head, "", 1);
	x->nlist++;
	if (!buf_failed(&x->head))
		return total;
	x->too_large = true;
	return 0;
}

static size_t
on_body(char *s, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	buf_add(&x->content, s, size * n);
	if (!buf_failed(&x->content))
		return size * n;
	x->too_large = true;
	return 0;
}

/* --- exchanges -------------------------------------------------------------- */

static void
exchange_free(void *arg)
{
	struct exchange *x = arg;

	if (x->easy != NULL)
		curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	buf_fini(&x->head);
	buf_fini(&x->content);
	free(x->list);
	free(x->body);
	free(x->host);
	free(x);
}

static enum httpc_result
result_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTPC_OK;
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return HTTPC_BAD_REQUEST;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTPC_DNS;
	case CURLE_COULDNT_CONNECT:
		return HTTPC_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTPC_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTPC_TIMEOUT;
	default: /* an answer that is no HTTP is an "unsupported protocol" to libcurl */
		return HTTPC_BROKEN;
	}
}

/*
 * libcurl sends a request again on its own when a kept connection ends without an answer. When that second attempt
 * finds nobody, the first may still have been taken.
 */
static enum httpc_result
exchange_result(const struct exchange *x, CURLcode code)
{
	enum httpc_result result = result_of(code);
	long sent = 0;

	if ((result == HTTPC_CONNECT || result == HTTPC_DNS) && x->easy != NULL &&
	    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent > 0)
		return HTTPC_BROKEN;
	return result;
}

/* libcurl's own words about a connection say more than the kind of failure, and hold no secret. */
static char *
message_of(const struct exchange *x, enum httpc_result result, CURLcode code)
{
	const char *words = x->error[0] != '\0' ? x->error : curl_easy_strerror(code);

	switch (result) {
	case HTTPC_OK:
		return xstrdup("");
	case HTTPC_BAD_REQUEST:
		return xstrdup(x->refused != NULL ? x->refused : curl_easy_strerror(code));
	case HTTPC_DNS:
		return xasprintf("%s: Name or service not known", x->host);
	case HTTPC_CONNECT:
		return xasprintf("%s: Connection refused or not reachable", x->host);
	case HTTPC_TIMEOUT:
		return xasprintf("%s: Timed out", x->host);
	case HTTPC_TOO_LARGE:
		return xasprintf("%s: The response is larger than %zu bytes", x->host,
		    x->max_response);
	case HTTPC_TLS:
	case HTTPC_BROKEN:
		break;
	}
	return xasprintf("%s: %s", x->host, words);
}

static void
exchange_report(struct exchange *x, CURLcode code)
{
	struct httpc_header *list = xcalloc(x->nlist + 1, sizeof(*list));
	struct httpc_answer a = { .headers = list, .nheaders = x->nlist };
	char *message;
	long status = 0;

	if (x->refused != NULL)
		a.result = HTTPC_BAD_REQUEST;
	else if (x->too_large)
		a.result = HTTPC_TOO_LARGE;
	else
		a.result = exchange_result(x, code);
	message = message_of(x, a.result, code);
	a.message = message;
	if (x->easy != NULL)
		curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	a.status = (int)status;
	a.status_text = x->status_text[0] != '\0' ? x->status_text : httpc_status_text(a.status);
	for (size_t i = 0; i < x->nlist; i++)
		list[i] = (struct httpc_header){ x->head.data + x->list[i].name,
			x->head.data + x->list[i].value };
	a.body = buf_text(&x->content);
	a.body_len = x->content.len;
	x->cb(x->arg, &a);
	free(message);
	free(list);
}

static const char *
request_problem(const struct httpc_request *r)
{
	if (r->url == NULL || !is_http_url(r->url))
		return "The URL must begin with http:// or https:// and hold no blanks";
	if (r->method != NULL && !is_token(r->method))
		return "The method is not an HTTP method";
	for (size_t i = 0; i < r->nheaders; i++) {
		if (!is_token(r->headers[i].name))
			return "A header has a name that HTTP does not allow";
		if (!is_one_line(r->headers[i].value))
			return "A header has a line end in its value";
	}
	return NULL;
}

static void
add_header_line(struct exchange *x, const char *line)
{
	struct curl_slist *grown = curl_slist_append(x->headers, line);

	if (grown == NULL)
		abort(); /* out of memory, as in xalloc */
	x->headers = grown;
}

/* libcurl wants a header without value as "Name;". */
static void
add_header(struct exchange *x, const char *name, const char *value)
{
	char *line = *value == '\0' ? xasprintf("%s;", name) : xasprintf("%s: %s", name, value);

	add_header_line(x, line);
	explicit_bzero(line, strlen(line));
	free(line);
}

static bool
has_header(const struct httpc_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return true;
	return false;
}

/* libcurl signs the headers that it is told to leave out as well, so a signed request has none of those. */
static bool
is_signed(const struct httpc_request *r)
{
	return r->aws_service != NULL && r->aws_access_key_id != NULL &&
	    *r->aws_access_key_id != '\0' && r->aws_secret_access_key != NULL;
}

static void
set_headers(struct exchange *x, const struct httpc_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++)
		add_header(x, r->headers[i].name, r->headers[i].value);
	if (r->aws_session_token != NULL && *r->aws_session_token != '\0')
		add_header(x, "x-amz-security-token", r->aws_session_token);
	if (r->body != NULL && !has_header(r, "Content-Type"))
		add_header(x, "Content-Type", "application/octet-stream");
	if (is_signed(r))
		curl_easy_setopt(x->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
	else if (r->body != NULL && !has_header(r, "Expect"))
		add_header_line(x, "Expect:"); /* libcurl would wait for a 100 */
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static void
set_method_and_body(struct exchange *x, const struct httpc_request *r)
{
	const char *method = r->method != NULL ? r->method : r->body != NULL ? "POST" : "GET";

	if (r->body != NULL) {
		x->body = xmalloc(r->body_len + 1);
		memcpy(x->body, r->body, r->body_len);
		x->body[r->body_len] = '\0';
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->body);
	} else if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	    strcmp(method, "PATCH") == 0) {
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, "");
		if (!is_signed(r))
			add_header_line(x, "Content-Type:");
	}
	if (strcmp(method, "GET") != 0 || r->body != NULL)
		curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void
set_signature(struct exchange *x, const struct httpc_request *r)
{
	char *provider, *keys;

	if (!is_signed(r))
		return;
	provider = xasprintf("aws:amz:%s:%s", r->aws_region, r->aws_service);
	keys = xasprintf("%s:%s", r->aws_access_key_id, r->aws_secret_access_key);
	curl_easy_setopt(x->easy, CURLOPT_AWS_SIGV4, provider);
	curl_easy_setopt(x->easy, CURLOPT_USERPWD, keys);
	explicit_bzero(keys, strlen(keys));
	free(keys);
	free(provider);
}

static struct exchange *
exchange_new(const struct httpc_request *r, httpc_cb *cb, void *arg)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->cb = cb;
	x->arg = arg;
	x->max_response = r->max_response > 0 ? r->max_response : HTTPC_RESPONSE_MAX;
	buf_init(&x->head, HEADERS_MAX);
	buf_init(&x->content, x->max_response);
	if ((x->refused = request_problem(r)) != NULL)
		return x;
	x->host = host_of(r->url);
	if ((x->easy = curl_easy_init()) == NULL)
		abort(); /* out of memory, as in xalloc */
	set_method_and_body(x, r);
	set_headers(x, r);
	set_signature(x, r);
	curl_easy_setopt(x->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->easy, CURLOPT_FOLLOWLOCATION, r->max_redirects > 0 ? 1L : 0L);
	curl_easy_setopt(x->easy, CURLOPT_MAXREDIRS, (long)r->max_redirects);
	curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS,
	    (long)(r->timeout_ms > 0 ? r->timeout_ms : HTTPC_TIMEOUT_MS));
	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(r->connect_timeout_ms > 0 ? r->connect_timeout_ms : HTTPC_CONNECT_TIMEOUT_MS));
	if (r->ca_file != NULL && *r->ca_file != '\0')
		curl_easy_setopt(x->easy, CURLOPT_CAINFO, r->ca_file);
	curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
	return x;
}

/* --- on the loop ------------------------------------------------------------ */

static void
exchange_unlink(struct exchange *x)
{
	struct httpc *c = x->client;

	idmap_take(&c->by_id, x->id);
	TAILQ_REMOVE(&c->exchanges, x, link);
	if (x->easy != NULL)
		curl_multi_remove_handle(c->multi, x->easy);
}

static void
exchange_done(struct exchange *x, CURLcode code)
{
	exchange_unlink(x);
	exchange_report(x, code);
	exchange_free(x);
}

static void
collect(struct httpc *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct exchange *x;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		exchange_done(x, m->data.result);
	}
}

static void
socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct httpc *c = arg;
	int running;

	curl_multi_socket_action(c->multi, fd,
	    ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0),
	    &running);
	collect(c);
}

static void
timer_fired(void *arg)
{
	struct httpc *c = arg;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(c);
}

static int
on_timer(CURLM *multi, long delay_ms, void *arg)
{
	struct httpc *c = arg;

	(void)multi;
	if (delay_ms < 0)
		loop_timer_cancel(&c->timer);
	else
		loop_timer_set(&c->timer, delay_ms);
	return 0;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct httpc *c = arg;
	struct event *ev = socket_arg;
	short events = EV_PERSIST;

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EV_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EV_WRITE;
	ev = event_new(loop_base(c->loop), fd, events, socket_ready, c);
	if (ev == NULL || event_add(ev, NULL) != 0) {
		log_error("http: out of memory for an event");
		abort();
	}
	curl_multi_assign(c->multi, fd, ev);
	return 0;
}

static void
report_refused(void *arg)
{
	struct httpc *c = arg;
	uint64_t first = c->first_refused, newest = c->next_id;

	c->first_refused = 0;
	/* by id, for callbacks may add and cancel */
	for (uint64_t id = first; id <= newest; id++) {
		struct exchange *x = idmap_get(&c->by_id, id);

		if (x != NULL && x->refused != NULL)
			exchange_done(x, CURLE_OK);
	}
}

struct httpc *
httpc_new(struct loop *l)
{
	struct httpc *c = xcalloc(1, sizeof(*c));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (c->multi = curl_multi_init()) == NULL) {
		log_error("http: libcurl cannot be initialised");
		abort();
	}
	if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) == 0)
		log_error(
		    "http: this libcurl resolves names without threads: a slow name server stops everything");
	c->loop = l;
	TAILQ_INIT(&c->exchanges);
	loop_timer_init(l, &c->timer, timer_fired, c);
	loop_timer_init(l, &c->refused_timer, report_refused, c);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
	return c;
}

void
httpc_free(struct httpc *c)
{
	struct exchange *x, *next;

	if (c == NULL)
		return;
	for (x = TAILQ_FIRST(&c->exchanges); x != NULL; x = next) {
		next = TAILQ_NEXT(x, link);
		exchange_unlink(x);
		exchange_free(x);
	}
	curl_multi_cleanup(c->multi);
	loop_timer_fini(&c->timer);
	loop_timer_fini(&c->refused_timer);
	idmap_fini(&c->by_id);
	curl_global_cleanup();
	free(c);
}

uint64_t
httpc_start(struct httpc *c, const struct httpc_request *r, httpc_cb *cb, void *arg)
{
	struct exchange *x = exchange_new(r, cb, arg);

	x->client = c;
	x->id = ++c->next_id;
	idmap_put(&c->by_id, x->id, x);
	TAILQ_INSERT_TAIL(&c->exchanges, x, link);
	if (x->refused != NULL) {
		if (c->first_refused == 0)
			c->first_refused = x->id;
		loop_timer_set(&c->refused_timer, 0);
		return x->id;
	}
	if (curl_multi_add_handle(c->multi, x->easy) != CURLM_OK) {
		log_error("http: libcurl does not take a request");
		abort(); /* it says so only when used wrongly or out of memory */
	}
	return x->id;
}

void
httpc_cancel(struct httpc *c, uint64_t id)
{
	struct exchange *x = idmap_get(&c->by_id, id);

	if (x == NULL)
		return;
	exchange_unlink(x);
	exchange_free(x);
}

/* --- waiting ---------------------------------------------------------------- */

struct httpc_blocking *
httpc_blocking_new(void)
{
	struct httpc_blocking *b = xcalloc(1, sizeof(*b));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (b->multi = curl_multi_init()) == NULL)
		abort(); /* out of memory, as in xalloc */
	return b;
}

void
httpc_blocking_free(struct httpc_blocking *b)
{
	if (b == NULL)
		return;
	curl_multi_cleanup(b->multi);
	curl_global_cleanup();
	free(b);
}

static CURLcode
perform(CURLM *multi)
{
	CURLMsg *m;
	int running = 1, left;

	while (running > 0) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	while ((m = curl_multi_info_read(multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_FAILED_INIT;
}

void
httpc_blocking_run(struct httpc_blocking *b, const struct httpc_request *r, httpc_cb *cb, void *arg)
{
	struct exchange *x = exchange_new(r, cb, arg);
	CURLcode code = CURLE_OK;

	if (x->refused == NULL) {
		curl_multi_add_handle(b->multi, x->easy);
		code = perform(b->multi);
		curl_multi_remove_handle(b->multi, x->easy);
	}
	exchange_report(x, code);
	exchange_free(x);
}
