/*
 * call - one call of an API: from parameters to a result or a failure.
 *
 * A call finds its place, is encoded, gets the keys of its role when it has one, is sent, and
 * its answer is decoded. What goes wrong on the way is told later as well.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "docs.h"
#include "envelope.h"
#include "aws.h"

struct aws_call {
	struct aws *aws;
	struct aws_target target;
	aws_call_cb *cb;
	void *arg;
	struct aws_place place;
	struct aws_request request;
	uint64_t exchange, timer;   /* what is waited for; 0 = not that */
	struct aws_failure failure; /* that is told when the timer goes off */
};

static void
call_free(struct aws_call *c)
{
	aws_place_fini(&c->place);
	aws_request_fini(&c->request);
	aws_failure_fini(&c->failure);
	free(c);
}

void
aws_call_cancel(struct aws_call *c)
{
	const struct pawl_host *h = c->aws->host;

	if (c->exchange != 0)
		h->http_cancel(h, c->exchange);
	if (c->timer != 0)
		h->timer_cancel(h, c->timer);
	aws_role_forget(c->aws, c);
	call_free(c);
}

/* --- the end --------------------------------------------------------------------------------- */

/* Takes output. */
static void
finish(struct aws_call *c, struct pawl_doc output)
{
	aws_call_cb *cb = c->cb;
	void *arg = c->arg;
	const struct pawl_host *h = c->aws->host;
	struct aws_failure failure = c->failure;

	c->failure = (struct aws_failure){ 0 };
	call_free(c);
	cb(arg, output, failure.cause != NULL ? &failure : NULL);
	aws_failure_fini(&failure);
	h->doc_unref(h, output);
}

static void
on_timer(void *arg)
{
	struct aws_call *c = arg;

	c->timer = 0;
	finish(c, PAWL_NO_DOC);
}

static void
fail_later(struct aws_call *c)
{
	const struct pawl_host *h = c->aws->host;

	c->timer = h->timer_start(h, 0, on_timer, c);
}

static struct pawl_doc
add_metadata(const struct pawl_host *h, struct pawl_doc members, const struct aws_answer *a)
{
	char *id = aws_request_id(a);
	struct envelope v = { .headers = a->headers,
		.nheaders = a->nheaders,
		.status = a->status,
		.request_id = id };
	struct pawl_doc d = envelope_result(h, members, &v);

	h->doc_unref(h, members);
	free(id);
	return d;
}

static struct pawl_doc
result_of(struct aws_call *c, const struct aws_answer *a)
{
	const struct pawl_host *h = c->aws->host;
	struct aws_codec codec = { .host = h,
		.service = c->target.service,
		.action = c->target.action,
		.sdk = c->target.sdk };
	struct pawl_builder *b = h->build(h);
	struct pawl_doc d;
	bool ok;

	h->build_object(b);
	ok = aws_decode(&codec, a, b);
	h->build_end(b);
	d = h->build_finish(b);
	if (!ok) {
		h->doc_unref(h, d);
		return PAWL_NO_DOC;
	}
	return c->target.metadata ? add_metadata(h, d, a) : d;
}

/* This pawld was asked because a plugin might have served it, and none does. */
static bool
is_nobody(const struct aws_call *c, const struct aws_answer *a)
{
	return c->place.own && strcmp(c->target.service->id, "sfn") != 0 &&
	    aws_is_unknown_action(c->aws->host, &c->target, a);
}

static void
on_exchange(void *arg, const struct pawl_http_answer *got)
{
	struct aws_call *c = arg;
	struct aws_answer a = { .headers = got->headers,
		.nheaders = got->nheaders,
		.status = got->status,
		.body = got->body,
		.body_len = got->body_len };
	struct pawl_doc d = PAWL_NO_DOC;

	c->exchange = 0;
	if (got->result != PAWL_HTTP_OK) {
		aws_failure_of_exchange(&c->target, got, &c->failure);
	} else if (aws_is_failure(&c->target, &a) && is_nobody(c, &a)) {
		c->failure.error = text_format("States.Runtime");
		c->failure.cause = aws_place_missing(c->target.service);
	} else if (aws_is_failure(&c->target, &a)) {
		aws_failure_of_answer(c->aws->host, &c->target, &a, &c->failure);
	} else if ((d = result_of(c, &a)).block_ == NULL) {
		c->failure.error = text_format("%s.SdkClientException", c->target.prefix);
		c->failure.cause = text_format(
		    "Unable to unmarshall response: the body of the answer is not what %s sends",
		    c->target.action->name);
	}
	finish(c, d);
}

/* --- sending ----------------------------------------------------------------------------------- */

/* Such a request has a body, if an empty one. */
static bool
wants_body(const char *method)
{
	return strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0 ||
	    strcmp(method, "PATCH") == 0;
}

static void
sign_request(struct aws_call *c, const char *url)
{
	const struct pawl_host *h = c->aws->host;
	const char *host = strstr(url, "://") + 3;
	size_t host_len = strcspn(host, "/");
	char *host_name = aws_copy(host, host_len);
	char *path = aws_copy(host + host_len, strcspn(host + host_len, "?"));
	const struct aws_signing s = { .keys = &c->place.keys,
		.service = c->target.service->signing,
		.region = c->place.region,
		.host = host_name,
		.path = path,
		.now_ms = h->wall_ms(h) };

	aws_sign(&c->request, &s);
	free(host_name);
	free(path);
}

static void
send_request(struct aws_call *c)
{
	const struct pawl_host *h = c->aws->host;
	struct aws_request *q = &c->request;
	struct pawl_http_request r = { .size = sizeof(r),
		.method = q->method,
		.timeout_ms = h->option_int(h, "timeout"),
		.max_response = (size_t)h->option_int(h, "max_response") };
	char *url;

	aws_place_move_bucket(&c->place, c->target.service, q->path.s);
	url = text_format("%s%s%s%s", c->place.base, q->path.s, q->query.len > 0 ? "?" : "",
	    text_chars(&q->query));
	if (!q->has_body && wants_body(q->method)) {
		q->has_body = true;
		aws_request_add_header(q, "Content-Type", "application/octet-stream");
	}
	if (c->place.keys.id != NULL && !c->target.action->is_unsigned)
		sign_request(c, url);
	r.url = url;
	r.headers = q->headers;
	r.nheaders = q->nheaders;
	r.body = q->has_body ? text_chars(&q->body) : NULL;
	r.body_len = q->body.len;
	c->exchange = h->http_start(h, &r, on_exchange, c);
	free(url);
}

static void
on_role(void *arg, const struct aws_keys *keys, const struct aws_failure *failure)
{
	struct aws_call *c = arg;

	if (failure != NULL) {
		c->failure.error = aws_copy(failure->error, strlen(failure->error));
		c->failure.cause = aws_copy(failure->cause, strlen(failure->cause));
		fail_later(c);
		return;
	}
	aws_keys_fini(&c->place.keys);
	c->place.keys.id = aws_copy(keys->id, strlen(keys->id));
	c->place.keys.secret = aws_copy(keys->secret, strlen(keys->secret));
	if (keys->token != NULL)
		c->place.keys.token = aws_copy(keys->token, strlen(keys->token));
	send_request(c);
}

/* --- the beginning -------------------------------------------------------------------------------- */

static const struct aws_member *
token_member(const struct aws_type *t)
{
	for (size_t i = 0; t != NULL && i < t->nmembers; i++)
		if (t->members[i].token)
			return &t->members[i];
	return NULL;
}

/* A token that every API takes: as a uuid, the same for the same key. */
static void
token_of(const char *key, char out[ENVELOPE_ID_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	uint64_t seed = 0;
	unsigned len = 0;

	if (EVP_Digest(key, strlen(key), digest, &len, EVP_sha256(), NULL) != 1)
		abort(); /* there is no libcrypto without it */
	memcpy(&seed, digest, sizeof(seed));
	envelope_request_id_from(seed, out);
}

/* The parameters, with the API's idempotency token when they have none; new. */
static struct pawl_doc
with_token(const struct pawl_host *h, const struct aws_call_spec *spec)
{
	const struct aws_member *m = token_member(spec->target.action->input);
	struct pawl_builder *b;
	struct pawl_doc_iter it = { .of = spec->parameters };
	char token[ENVELOPE_ID_SIZE];

	if (m == NULL || spec->idempotency_key == NULL || *spec->idempotency_key == '\0' ||
	    docs_has(h, spec->parameters, m->sdk) || docs_has(h, spec->parameters, m->plain))
		return h->doc_ref(h, spec->parameters);
	token_of(spec->idempotency_key, token);
	b = h->build(h);
	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		if (key != NULL)
			docs_add_doc(h, b, key, it.value);
		h->free(h, key);
	}
	docs_add_string(h, b, m->sdk, token);
	h->build_end(b);
	return h->build_finish(b);
}

/* False: c->failure says why not. */
static bool
prepare(struct aws_call *c, const struct aws_call_spec *spec)
{
	const struct pawl_host *h = c->aws->host;
	struct aws_codec codec = { .host = h,
		.service = spec->target.service,
		.action = spec->target.action,
		.sdk = spec->target.sdk };
	struct pawl_doc parameters;
	char *why;

	if (aws_place_find(c->aws, &spec->target, &c->place, &why) != 0) {
		c->failure.error = text_format("States.Runtime");
		c->failure.cause = why;
		return false;
	}
	parameters = with_token(h, spec);
	aws_encode(&codec, parameters, &c->request);
	h->doc_unref(h, parameters);
	c->failure.cause = codec.problem;
	return codec.problem == NULL;
}

struct aws_call *
aws_call_start(struct aws *p, const struct aws_call_spec *spec, aws_call_cb *cb, void *arg)
{
	struct aws_call *c = text_alloc(sizeof(*c));

	c->aws = p;
	c->target = spec->target;
	c->cb = cb;
	c->arg = arg;
	if (!prepare(c, spec))
		fail_later(c);
	else if (spec->role_arn != NULL && *spec->role_arn != '\0' && !c->place.own)
		aws_role_keys(p, spec->role_arn, on_role, c);
	else
		send_request(c);
	return c;
}
