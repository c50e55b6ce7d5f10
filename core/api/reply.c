/*
 * reply - answers in the form of AWS JSON 1.0, and what writes their members.
 */
#include "api/reply.h"

#include <string.h>

#include "base/log.h"

static void
send_body(struct http_request *r, const char *request_id, int status, const char *error,
    int retry_after_s)
{
	struct buf headers;

	buf_init(&headers, 512);
	buf_adds(&headers, "x-amzn-RequestId: ");
	buf_adds(&headers, request_id);
	buf_adds(&headers, "\r\n");
	if (error != NULL) {
		buf_adds(&headers, "x-amzn-errortype: ");
		buf_adds(&headers, error);
		buf_adds(&headers, "\r\n");
	}
	if (retry_after_s > 0)
		buf_addf(&headers, "Retry-After: %d\r\n", retry_after_s);
	http_reply(r, status, REPLY_TYPE, headers.data);
	buf_fini(&headers);
}

void
reply_send_body(struct http_request *r, const char *request_id, int status, const char *error)
{
	send_body(r, request_id, status, error, 0);
}

void
reply_ok(struct http_request *r, const char *request_id)
{
	reply_send_body(r, request_id, 200, NULL);
}

/* All errors of the model are 400; these are the framework's. */
static int
error_status(const char *name)
{
	static const struct {
		const char *name;
		int status;
	} others[] = {
		{ "MissingAuthenticationTokenException", 403 },
		{ "IncompleteSignatureException", 403 },
		{ "InvalidSignatureException", 403 },
		{ "UnrecognizedClientException", 403 },
		{ "NotFoundException", 404 },
		{ "MethodNotAllowedException", 405 },
		{ "RequestEntityTooLargeException", 413 },
		{ "InternalFailure", 500 },
		{ "ServiceUnavailable", 503 },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(others[i].name, name) == 0)
			return others[i].status;
	}
	return 400;
}

void
reply_error(struct http_request *r, const char *request_id, const struct err *e,
    const struct reply_extra *extra)
{
	const char *name = e->name, *message = err_cause(e);
	size_t message_len = e->cause_len;
	struct buf *b = &r->reply;

	if (name[0] == '\0' || strchr(name, '.') != NULL) {
		log_error("request=%s api: %s: %s", request_id, name, message);
		name = "InternalFailure";
		message = "The request could not be processed; the log of pawld says why.";
		message_len = strlen(message);
	}
	buf_reset(b);
	buf_addc(b, '{');
	reply_text(b, "__type", name);
	reply_text_n(b, "message", message, message_len);
	if (extra != NULL && extra->key != NULL)
		reply_text(b, extra->key, extra->value);
	buf_addc(b, '}');
	send_body(r, request_id, error_status(name), name,
	    extra != NULL ? extra->retry_after_s : 0);
}

void
reply_throttled(struct http_request *r, const char *request_id, const char *why, int retry_s)
{
	struct reply_extra extra = { .key = "reason", .value = why, .retry_after_s = retry_s };
	struct err e = ERR_INIT;

	log_debug("request=%s throttled: %s", request_id, why);
	http_disfavour(r);
	err_set(&e, "ThrottlingException", "Rate exceeded");
	reply_error(r, request_id, &e, &extra);
	err_fini(&e);
}

void
reply_key(struct buf *b, const char *key)
{
	if (b->len > 0 && b->data[b->len - 1] != '{')
		buf_addc(b, ',');
	buf_addc(b, '"');
	buf_adds(b, key);
	buf_add(b, "\":", 2);
}

void
reply_text(struct buf *b, const char *key, const char *text)
{
	if (text != NULL)
		reply_text_n(b, key, text, strlen(text));
}

void
reply_text_n(struct buf *b, const char *key, const char *text, size_t len)
{
	if (text == NULL)
		return;
	reply_key(b, key);
	buf_add_json_string(b, text, len);
}

void
reply_int(struct buf *b, const char *key, int64_t v)
{
	reply_key(b, key);
	buf_add_i64(b, v);
}

void
reply_bool(struct buf *b, const char *key, bool v)
{
	reply_key(b, key);
	buf_adds(b, v ? "true" : "false");
}

void
reply_time(struct buf *b, const char *key, int64_t ms)
{
	reply_thousandths(b, key, ms);
}

void
reply_thousandths(struct buf *b, const char *key, int64_t v)
{
	char fraction[4] = { '.', (char)('0' + v / 100 % 10), (char)('0' + v / 10 % 10),
		(char)('0' + v % 10) };

	reply_key(b, key);
	buf_add_i64(b, v / 1000);
	buf_add(b, fraction, sizeof(fraction));
}

void
reply_json(struct buf *b, const char *key, const char *json)
{
	if (json == NULL)
		return;
	reply_key(b, key);
	buf_adds(b, json);
}
