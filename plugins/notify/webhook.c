/*
 * webhook - deliveries over HTTP.
 *
 * X-Pawl-Signature: t=SECONDS,v1=HEX, the HMAC-SHA256 of "SECONDS.BODY" with the key of the
 * subscription, which GetSubscriptionAttributes tells as SigningKey.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "notify.h"
#include "text.h"

#define KEY_SIZE 32
#define ANSWER_MAX 65536 /* bytes; nobody reads it */

static void
add_hex(struct text *t, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text_addf(t, "%02x", bytes[i]);
}

static void
derive(const struct pawl_host *h, const char *subscription, unsigned char key[KEY_SIZE])
{
	char *purpose = text_format("webhook %s", subscription);

	h->derive_key(h, purpose, key);
	free(purpose);
}

char *
webhook_key(const struct pawl_host *h, const char *subscription)
{
	unsigned char key[KEY_SIZE];
	struct text hex = { 0 };

	derive(h, subscription, key);
	add_hex(&hex, key, sizeof(key));
	return hex.s;
}

/* The key is the text that SigningKey shows. */
static void
add_signature(struct text *out, const struct delivery *d, const char *body)
{
	const struct pawl_host *h = d->notify->host;
	char *key = webhook_key(h, d->subscription);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;
	struct text signed_text = { 0 };

	text_addf(out, "t=%lld,v1=", (long long)(h->wall_ms(h) / 1000));
	text_addf(&signed_text, "%lld.", (long long)(h->wall_ms(h) / 1000));
	text_adds(&signed_text, body);
	if (HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)signed_text.s,
		signed_text.len, digest, &len) == NULL)
		abort();
	add_hex(out, digest, len);
	text_fini(&signed_text);
	free(key);
}

/* SNS gives up at once when the client is said to be wrong; what may pass is tried again. */
static bool
is_passing(int status)
{
	return status >= 500 || status == 408 || status == 429;
}

static void
answered(void *arg, const struct pawl_http_answer *a)
{
	struct delivery *d = arg;
	const struct pawl_host *h = d->notify->host;
	int64_t wait_ms = 0;
	char *why;

	if (a->result == PAWL_HTTP_OK && a->status >= 200 && a->status < 300) {
		deliver_done(d);
		return;
	}
	for (size_t i = 0; i < a->nheaders; i++)
		if (strcasecmp(a->headers[i].name, "retry-after") == 0)
			wait_ms = webhook_retry_after(a->headers[i].value, h->wall_ms(h));
	why = a->result == PAWL_HTTP_OK
	    ? text_format("The endpoint answered %d %.100s.", a->status, a->status_text)
	    : text_format("%s", a->message);
	if (a->result == PAWL_HTTP_BAD_REQUEST ||
	    (a->result == PAWL_HTTP_OK && !is_passing(a->status)))
		deliver_dead(d, why);
	else
		deliver_later(d, wait_ms, why);
	free(why);
}

void
webhook_start(struct delivery *d, const struct pawl_sql_rows *rows, size_t row)
{
	const struct pawl_host *h = d->notify->host;
	const char *body = notify_value(rows, row, TAKEN_ENVELOPE);
	const char *topic = notify_value(rows, row, TAKEN_TOPIC);
	const char *kind = notify_value(rows, row, TAKEN_KIND);
	bool plain = strcmp(kind, "Notification") == 0;
	bool raw = plain && strcmp(notify_value(rows, row, TAKEN_RAW), "t") == 0;
	char *subscription = text_format("%s:%s", topic, d->subscription);
	struct text signature = { 0 };
	struct pawl_http_header headers[8] = { { "Content-Type", "text/plain; charset=UTF-8" },
		{ "User-Agent", "pawl (Amazon Simple Notification Service)" },
		{ "x-amz-sns-message-type", kind },
		{ "x-amz-sns-message-id", notify_value(rows, row, TAKEN_MESSAGE_ID) },
		{ "x-amz-sns-topic-arn", topic } };
	size_t n = 5;

	add_signature(&signature, d, body);
	headers[n++] = (struct pawl_http_header){ "X-Pawl-Signature", signature.s };
	if (plain)
		headers[n++] =
		    (struct pawl_http_header){ "x-amz-sns-subscription-arn", subscription };
	if (raw)
		headers[n++] = (struct pawl_http_header){ "x-amz-sns-rawdelivery", "true" };
	d->http = h->http_start(h,
	    &(struct pawl_http_request){ .size = sizeof(struct pawl_http_request),
		.method = "POST",
		.url = d->endpoint,
		.headers = headers,
		.nheaders = n,
		.body = body,
		.body_len = strlen(body),
		.timeout_ms = h->option_int(h, "timeout"),
		.max_response = ANSWER_MAX },
	    answered, d);
	free(subscription);
	text_fini(&signature);
}
