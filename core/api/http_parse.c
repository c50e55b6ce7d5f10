/*
 * http_parse - heads and chunked bodies of HTTP/1.1, read strictly.
 *
 * Strict means: what RFC 9112 lets a server reject, because two readers could
 * disagree about where a request ends, is rejected.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "api/http_conn.h"

#define CHUNK_OVERHEAD_MAX 65536 /* size lines and trailers of one body */
#define CHUNK_LINE_MAX 256
#define METHOD_MAX 16

static int
refuse(struct http_refusal *why, int status, const char *type, const char *message)
{
	*why = (struct http_refusal){ status, type, message };
	return -1;
}

static int
refuse_syntax(struct http_refusal *why, const char *message)
{
	return refuse(why, 400, "BadRequestException", message);
}

int
http_head_find(struct http_head *h, const char *text, size_t len, size_t max_head,
    struct http_refusal *why)
{
	size_t at = h->scanned;
	const char *lf;

	while ((lf = memchr(text + at, '\n', len - at)) != NULL) {
		size_t i = (size_t)(lf - text);

		if (i == 0 || text[i - 1] != '\r')
			return refuse_syntax(why, "Lines of the head end with CR LF.");
		at = i + 1;
		if (i >= 3 && text[i - 2] == '\n') {
			h->len = at;
			break;
		}
	}
	h->scanned = at;
	if ((h->len > 0 ? h->len : len) > max_head)
		return refuse(why, 431, "RequestHeaderFieldsTooLargeException",
		    "The head of the request is larger than max_header.");
	return h->len > 0;
}

/* A character of a token (RFC 9110, 5.6.2). */
static bool
is_token(unsigned char c)
{
	return isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* An absolute target names its host; only what follows counts here. */
static char *
target_path(char *target)
{
	char *p = NULL;

	if (strncasecmp(target, "http://", 7) == 0)
		p = strchr(target + 7, '/');
	else if (strncasecmp(target, "https://", 8) == 0)
		p = strchr(target + 8, '/');
	return p != NULL ? p : target;
}

static int
parse_version(struct http_head *h, const char *s, struct http_refusal *why)
{
	if (strcmp(s, "HTTP/1.1") == 0)
		h->http10 = false;
	else if (strcmp(s, "HTTP/1.0") == 0)
		h->http10 = true;
	else if (strncmp(s, "HTTP/", 5) == 0)
		return refuse(why, 505, "HttpVersionNotSupportedException",
		    "This server speaks HTTP/1.1.");
	else
		return refuse_syntax(why, "The request line is not METHOD TARGET HTTP/1.1.");
	h->keep_alive = !h->http10;
	return 0;
}

/* line ends with NUL. */
static int
parse_request_line(struct http_head *h, char *line, struct http_request *r,
    struct http_refusal *why)
{
	char *target, *version, *query;
	size_t i = 0;

	while (is_token((unsigned char)line[i]))
		i++;
	if (i == 0 || i > METHOD_MAX || line[i] != ' ')
		return refuse_syntax(why, "The request line is not METHOD TARGET HTTP/1.1.");
	line[i] = '\0';
	r->method = line;
	h->is_head = strcmp(line, "HEAD") == 0;
	target = line + i + 1;
	for (i = 0; target[i] > ' ' && target[i] < 0x7f; i++)
		;
	if (i == 0 || target[i] != ' ')
		return refuse_syntax(why, "The request line is not METHOD TARGET HTTP/1.1.");
	target[i] = '\0';
	version = target + i + 1;
	target = target_path(target);
	if (target[0] != '/' && strcmp(target, "*") != 0)
		return refuse_syntax(why, "The target of the request is not a path.");
	r->path = target;
	query = target + strcspn(target, "?");
	r->query = *query == '?' ? query + 1 : query;
	*query = '\0';
	return parse_version(h, version, why);
}

/* line ends with NUL at its length. */
static int
parse_header(char *line, size_t len, struct http_request *r, struct http_refusal *why)
{
	struct http_header *hd;
	size_t n = 0, from, to = len;

	if (r->nheaders == HTTP_HEADERS_MAX)
		return refuse(why, 431, "RequestHeaderFieldsTooLargeException",
		    "The request has too many headers.");
	for (; is_token((unsigned char)line[n]); n++)
		line[n] = (char)tolower((unsigned char)line[n]);
	if (n == 0 || line[n] != ':')
		return refuse_syntax(why, "A header is not NAME: VALUE.");
	for (from = n + 1; line[from] == ' ' || line[from] == '\t'; from++)
		;
	while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
		to--;
	for (size_t i = from; i < to; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return refuse_syntax(why, "A header holds a control character.");
	}
	line[n] = '\0';
	line[to] = '\0';
	hd = &r->headers[r->nheaders++];
	*hd = (struct http_header){ .name = line,
		.name_len = n,
		.value = line + from,
		.value_len = to - from };
	return 0;
}

/* Is word an element of the comma-separated list? */
static bool
list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

static int
parse_length(struct http_head *h, const struct http_header *hd, struct http_refusal *why)
{
	uint64_t v = 0;

	if (hd->value_len == 0 || hd->value_len > 15)
		return refuse_syntax(why, "Content-Length is not a length.");
	for (size_t i = 0; i < hd->value_len; i++) {
		if (!isdigit((unsigned char)hd->value[i]))
			return refuse_syntax(why, "Content-Length is not a length.");
		v = v * 10 + (uint64_t)(hd->value[i] - '0');
	}
	if (h->framing == HTTP_LENGTH && h->body_len != v)
		return refuse_syntax(why, "The request has two lengths.");
	if (h->framing == HTTP_CHUNKED)
		return refuse_syntax(why, "The request has a length and a transfer encoding.");
	h->framing = HTTP_LENGTH;
	h->body_len = (size_t)v;
	return 0;
}

static int
parse_transfer_encoding(struct http_head *h, const struct http_header *hd, struct http_refusal *why)
{
	if (h->framing == HTTP_LENGTH)
		return refuse_syntax(why, "The request has a length and a transfer encoding.");
	if (h->framing == HTTP_CHUNKED || h->http10 || strcasecmp(hd->value, "chunked") != 0)
		return refuse(why, 501, "NotImplementedException",
		    "The only transfer encoding is chunked.");
	h->framing = HTTP_CHUNKED;
	return 0;
}

/* What a header means for the connection itself. */
static int
apply_header(struct http_head *h, const struct http_header *hd, unsigned *nhosts,
    struct http_refusal *why)
{
	if (strcmp(hd->name, "content-length") == 0)
		return parse_length(h, hd, why);
	if (strcmp(hd->name, "transfer-encoding") == 0)
		return parse_transfer_encoding(h, hd, why);
	if (strcmp(hd->name, "connection") == 0) {
		if (list_has(hd->value, "close"))
			h->keep_alive = false;
		else if (h->http10 && list_has(hd->value, "keep-alive"))
			h->keep_alive = true;
	} else if (strcmp(hd->name, "expect") == 0) {
		if (strcasecmp(hd->value, "100-continue") != 0)
			return refuse(why, 417, "ExpectationFailedException",
			    "The only expectation is 100-continue.");
		h->expects_continue = !h->http10;
	} else if (strcmp(hd->name, "host") == 0) {
		(*nhosts)++;
	}
	return 0;
}

int
http_head_parse(struct http_head *h, char *text, struct http_request *r, struct http_refusal *why)
{
	char *line = text, *end = text + h->len - 2;
	unsigned nhosts = 0;
	bool first = true;

	if (memchr(text, '\0', h->len) != NULL)
		return refuse_syntax(why, "The head holds a control character.");
	h->framing = HTTP_NO_BODY;
	h->body_len = 0;
	h->expects_continue = false;
	r->nheaders = 0;
	while (line < end) {
		char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)(lf - line) - 1;
		int rc;

		line[len] = '\0';
		if (first)
			rc = parse_request_line(h, line, r, why);
		else
			rc = parse_header(line, len, r, why);
		if (rc == 0 && !first)
			rc = apply_header(h, &r->headers[r->nheaders - 1], &nhosts, why);
		if (rc != 0)
			return -1;
		first = false;
		line = lf + 1;
	}
	if (nhosts > 1 || (nhosts == 0 && !h->http10))
		return refuse_syntax(why, "The request needs one Host header.");
	return 0;
}

/* A whole line from text: its length without CRLF, -1 = more is needed, -2 = refused. */
static long
chunk_line(struct http_chunks *c, const char *text, size_t len, size_t *used,
    struct http_refusal *why)
{
	const char *lf = memchr(text, '\n', len);
	size_t n = lf != NULL ? (size_t)(lf - text) + 1 : len;

	if (n > CHUNK_LINE_MAX || c->overhead + n > CHUNK_OVERHEAD_MAX)
		return refuse_syntax(why, "The chunks of the body have too long lines."), -2;
	if (lf == NULL)
		return -1;
	if (n < 2 || text[n - 2] != '\r')
		return refuse_syntax(why, "Lines between chunks end with CR LF."), -2;
	c->overhead += n;
	*used += n;
	return (long)n - 2;
}

static int
chunk_size(struct http_chunks *c, const char *line, size_t len, struct http_refusal *why)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < len && isxdigit((unsigned char)line[i]) && i < 12; i++) {
		int d = tolower((unsigned char)line[i]);

		v = v << 4 | (uint64_t)(isdigit(d) ? d - '0' : d - 'a' + 10);
	}
	/* what follows may only be an extension, which means nothing to us */
	if (i == 0 || (i < len && line[i] != ';' && line[i] != ' ' && line[i] != '\t'))
		return refuse_syntax(why, "The size of a chunk is no number.");
	c->left = v;
	c->where = v > 0 ? CHUNK_DATA : CHUNK_TRAILER;
	return 0;
}

static int
chunk_data(struct http_chunks *c, const char *text, size_t len, size_t *used, struct buf *body,
    struct http_refusal *why)
{
	size_t n = c->left < len ? (size_t)c->left : len;

	if (c->left > body->max - body->len)
		return refuse(why, 413, "RequestEntityTooLargeException",
		    "The body of the request is larger than max_body.");
	buf_add(body, text, n);
	*used += n;
	c->left -= n;
	if (c->left == 0)
		c->where = CHUNK_DATA_END;
	return 0;
}

int
http_chunks_feed(struct http_chunks *c, const char *text, size_t len, size_t *used,
    struct buf *body, struct http_refusal *why)
{
	*used = 0;
	while (c->where != CHUNK_DONE) {
		const char *p = text + *used;
		size_t left = len - *used;
		long n;

		if (left == 0)
			return 0;
		if (c->where == CHUNK_DATA) {
			if (chunk_data(c, p, left, used, body, why) != 0)
				return -1;
			continue;
		}
		if ((n = chunk_line(c, p, left, used, why)) < 0)
			return n == -1 ? 0 : -1;
		if (c->where == CHUNK_SIZE) {
			if (chunk_size(c, p, (size_t)n, why) != 0)
				return -1;
		} else if (c->where == CHUNK_DATA_END) {
			if (n != 0)
				return refuse_syntax(why, "A chunk is longer than its size.");
			c->where = CHUNK_SIZE;
		} else if (n == 0) {
			c->where = CHUNK_DONE;
		}
	}
	return 1;
}
