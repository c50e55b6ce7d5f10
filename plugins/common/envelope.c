/*
 * envelope - what AWS's optimized integrations put around the answer of a service:
 * request ids, the blocks about the exchange, and errors in their words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "docs.h"
#include "envelope.h"
#include "text.h"

/* --- request ids, dates ------------------------------------------------------------- */

static void
format_id(uint64_t high, uint64_t low, char out[ENVELOPE_ID_SIZE])
{
	snprintf(out, ENVELOPE_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
	    (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
	    (unsigned)(low >> 48 & 0x3fff) | 0x8000, (unsigned long long)(low & 0xffffffffffff));
}

void
envelope_request_id(char out[ENVELOPE_ID_SIZE])
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* 16 bytes are always there */
	format_id(random[0], random[1], out);
}

static uint64_t
mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
envelope_request_id_from(uint64_t seed, char out[ENVELOPE_ID_SIZE])
{
	uint64_t high = mix(&seed);

	format_id(high, mix(&seed), out);
}

void
envelope_date(int64_t wall_ms, char out[ENVELOPE_DATE_SIZE])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, ENVELOPE_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* --- the blocks about the exchange ------------------------------------------------------ */

static bool
is_repeated(const struct pawl_http_header *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcasecmp(list[k].name, list[i].name) == 0)
			return true;
	return false;
}

static void
add_all_headers(const struct pawl_host *h, struct pawl_builder *b,
    const struct pawl_http_header *list, size_t n)
{
	h->build_key(b, "AllHttpHeaders");
	h->build_object(b);
	for (size_t i = 0; i < n; i++) {
		if (is_repeated(list, i))
			continue;
		h->build_key(b, list[i].name);
		h->build_array(b);
		for (size_t k = i; k < n; k++)
			if (strcasecmp(list[k].name, list[i].name) == 0)
				h->build_string(b, list[k].value, strlen(list[k].value));
		h->build_end(b);
	}
	h->build_end(b);
}

static int
compare_headers(const void *a, const void *b)
{
	const struct pawl_http_header *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

/* One value a name, in the order of names. */
static void
add_headers(const struct pawl_host *h, struct pawl_builder *b, const struct pawl_http_header *list,
    size_t n)
{
	struct pawl_http_header *sorted = text_alloc((n + 1) * sizeof(*sorted));

	if (n > 0)
		memcpy(sorted, list, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_headers);
	h->build_key(b, "HttpHeaders");
	h->build_object(b);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcasecmp(sorted[i].name, sorted[i - 1].name) != 0)
			docs_add_string(h, b, sorted[i].name, sorted[i].value);
	h->build_end(b);
	free(sorted);
}

void
envelope_add(const struct pawl_host *h, struct pawl_builder *b, const struct envelope *v)
{
	h->build_key(b, "SdkHttpMetadata");
	h->build_object(b);
	add_all_headers(h, b, v->headers, v->nheaders);
	add_headers(h, b, v->headers, v->nheaders);
	docs_add_int(h, b, "HttpStatusCode", v->status);
	h->build_end(b);
	h->build_key(b, "SdkResponseMetadata");
	h->build_object(b);
	docs_add_string(h, b, "RequestId", v->request_id);
	h->build_end(b);
}

struct pawl_doc
envelope_result(const struct pawl_host *h, struct pawl_doc answer, const struct envelope *v)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc_iter it = { .of = answer };
	bool added = false;

	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		if (!added && strcmp(key, "SdkHttpMetadata") > 0) {
			envelope_add(h, b, v);
			added = true;
		}
		docs_add_doc(h, b, key, it.value);
		h->free(h, key);
	}
	if (!added)
		envelope_add(h, b, v);
	h->build_end(b);
	return h->build_finish(b);
}

struct pawl_doc
envelope_remember(const struct pawl_host *h, const char *request_id, int64_t at_ms,
    struct pawl_doc answer)
{
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	docs_add_string(h, b, "RequestId", request_id);
	docs_add_int(h, b, "At", at_ms);
	docs_add_doc(h, b, "Answer", answer);
	h->build_end(b);
	return h->build_finish(b);
}

struct pawl_doc
envelope_recall(const struct pawl_host *h, struct pawl_doc receipt,
    char request_id[ENVELOPE_ID_SIZE], int64_t *at_ms)
{
	char *id = docs_string(h, receipt, "RequestId");

	snprintf(request_id, ENVELOPE_ID_SIZE, "%s", id != NULL ? id : "");
	h->free(h, id);
	h->doc_int(h, h->doc_get(h, receipt, "At"), at_ms);
	return h->doc_get(h, receipt, "Answer");
}

/* --- errors ------------------------------------------------------------------------------ */

char *
envelope_error_name(const struct envelope_error *e)
{
	size_t len = strlen(e->name);
	bool complete = len > 9 && strcmp(e->name + len - 9, "Exception") == 0;

	return text_format("%s.%s%s", e->prefix, e->name, complete ? "" : "Exception");
}

char *
envelope_error_cause(const struct envelope_error *e)
{
	return text_format(
	    "%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
	    e->message, e->service, e->status, e->code, e->request_id);
}

void
envelope_fail(const struct pawl_host *h, uint64_t task, const struct envelope_error *e)
{
	char *name = envelope_error_name(e), *cause = envelope_error_cause(e);

	h->fail(h, task, name, cause);
	free(name);
	free(cause);
}

void
envelope_refuse(const struct pawl_host *h, const struct pawl_task *t, const char *why)
{
	char *parameters = h->doc_text(h, t->parameters, NULL);
	char *cause = text_format("The Parameters '%s' could not be used to start the Task: [%s]",
	    parameters, why);

	h->fail(h, t->id, "States.Runtime", cause);
	h->free(h, parameters);
	free(cause);
}
