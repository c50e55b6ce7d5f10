/*
 * fuzz_api - what a stranger can send: heads, chunked bodies, arguments of every action,
 * signatures, ARNs, page tokens. Nothing may crash, and the way the bytes are cut
 * into pieces may not change what is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/http_conn.h"
#include "api/model.h"
#include "api/page.h"
#include "api/settings.h"
#include "api/sigv4.h"
#include "api/validate.h"
#include "base/names.h"
#include "doc/doc.h"

#define MAX_HEAD 4096
#define MAX_BODY 4096
#define NOW_MS INT64_C(1767225600000) /* 2026-01-01, as the signatures in the corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* --- HTTP ---------------------------------------------------------------------------- */

/* 1 = a head of h->len bytes was read, 0 = it is not whole, -1 = refused. */
static int
read_head(char *text, size_t len, size_t piece, struct http_head *h, struct http_request *r)
{
	struct http_refusal why;
	size_t have = 0;
	int rc = 0;

	memset(h, 0, sizeof(*h));
	memset(r, 0, sizeof(*r));
	while (rc == 0 && have < len) {
		have = len - have < piece ? len : have + piece;
		rc = http_head_find(h, text, have, MAX_HEAD, &why);
	}
	if (rc == 1)
		rc = http_head_parse(h, text, r, &why) == 0 ? 1 : -1;
	if (rc == -1)
		require(why.status >= 400 && why.type != NULL && why.message != NULL);
	return rc;
}

static void
check_request(const struct http_head *h, const char *text, const struct http_request *r)
{
	require(r->method[0] != '\0' && r->nheaders <= HTTP_HEADERS_MAX);
	require(r->path[0] == '/' || strcmp(r->path, "*") == 0);
	require(strchr(r->path, '?') == NULL);
	for (size_t i = 0; i < r->nheaders; i++) {
		const struct http_header *hd = &r->headers[i];

		require(hd->name >= text && hd->value + hd->value_len < text + h->len);
		require(strlen(hd->name) == hd->name_len && strlen(hd->value) == hd->value_len);
		require(strpbrk(hd->value, "\r\n") == NULL);
	}
}

static void
fuzz_signature(struct http_request *r)
{
	static struct sigv4 *keys;
	const char *id = NULL;
	struct err e = ERR_INIT;

	if (keys == NULL)
		keys =
		    sigv4_new("{\"AKIDEXAMPLE\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"}", &e);
	r->body = "{}";
	r->body_len = 2;
	if (sigv4_verify(keys, r, "states", NOW_MS, &id, &e) == 0)
		require(id != NULL);
	else
		require(err_is_set(&e) && e.name[0] != '\0');
	err_fini(&e);
}

static int
read_chunks(const char *text, size_t len, size_t piece, struct buf *body, size_t *used)
{
	struct http_chunks c = { .where = CHUNK_SIZE };
	struct http_refusal why;
	size_t have = 0;
	int rc = 0;

	*used = 0;
	while (rc == 0 && have < len) {
		size_t n;

		have = len - have < piece ? len : have + piece;
		rc = http_chunks_feed(&c, text + *used, have - *used, &n, body, &why);
		*used += n;
		require(*used <= have);
	}
	return rc;
}

static void
fuzz_http(const char *data, size_t size)
{
	static struct http_request whole, cut; /* large: not on the stack */
	struct http_head h1, h2;
	char *one = malloc(size + 1), *two = malloc(size + 1);
	int rc;

	memcpy(one, data, size);
	memcpy(two, data, size);
	rc = read_head(one, size, size > 0 ? size : 1, &h1, &whole);
	/* at once a head that is too large is found before a mistake behind the limit, so lengths within it */
	if (size <= MAX_HEAD) {
		require(read_head(two, size, 3, &h2, &cut) == rc);
		if (rc == 1)
			require(h1.len == h2.len && h1.framing == h2.framing &&
			    whole.nheaders == cut.nheaders && strcmp(whole.path, cut.path) == 0);
	}
	if (rc == 1) {
		check_request(&h1, one, &whole);
		fuzz_signature(&whole);
	}
	free(one);
	free(two);
}

static void
fuzz_chunks(const char *data, size_t size)
{
	struct buf one, two;
	size_t used1, used2;
	int rc;

	buf_init(&one, MAX_BODY);
	buf_init(&two, MAX_BODY);
	rc = read_chunks(data, size, size > 0 ? size : 1, &one, &used1);
	/* a refusal may come earlier when less is there to look at, but what is accepted is the same */
	if (read_chunks(data, size, 1, &two, &used2) == 1 || rc == 1) {
		require(rc == 1 && used1 == used2 && one.len == two.len);
		require(one.len == 0 || memcmp(one.data, two.data, one.len) == 0);
	}
	require(!buf_failed(&one) && !buf_failed(&two));
	buf_fini(&one);
	buf_fini(&two);
}

/* --- arguments ------------------------------------------------------------------------- */

static void
fuzz_settings(struct doc body)
{
	struct doc logging = doc_gets(body, "loggingConfiguration");
	struct doc encryption = doc_gets(body, "encryptionConfiguration");
	struct doc tags = doc_gets(body, "tags");
	struct err e = ERR_INIT;
	struct buf b;

	buf_init(&b, BUF_UNLIMITED);
	if (!doc_is_none(logging) && doc_type(logging) == DOC_OBJECT &&
	    settings_logging(logging, &b, &e) == 0) {
		struct doc again = doc_parse(b.data, b.len, &e), same;
		struct buf b2;

		/* the canonical form of a canonical form is itself */
		require(!doc_is_none(again));
		buf_init(&b2, BUF_UNLIMITED);
		require(settings_logging(again, &b2, &e) == 0 && strcmp(b.data, b2.data) == 0);
		same = doc_parse(b2.data, b2.len, &e);
		require(doc_equal(again, same));
		doc_unref(again);
		doc_unref(same);
		buf_fini(&b2);
	}
	buf_reset(&b);
	if (!doc_is_none(encryption) && doc_type(encryption) == DOC_OBJECT)
		settings_encryption(encryption, &b, &e);
	buf_reset(&b);
	if (!doc_is_none(tags) && doc_type(tags) == DOC_ARRAY && settings_tags(tags, &b, &e) == 0) {
		struct doc again = doc_parse(b.data, b.len, &e);

		require(!doc_is_none(again) && doc_len(again) <= TAGS_MAX);
		doc_unref(again);
	}
	buf_fini(&b);
	err_fini(&e);
}

static void
fuzz_body(unsigned which, const char *data, size_t size)
{
	const struct model_action *a = &model_actions[which % model_nactions];
	struct err e = ERR_INIT;
	struct doc body = doc_parse(data, size, &e);

	err_fini(&e);
	if (doc_is_none(body))
		return;
	if (doc_type(body) == DOC_OBJECT) {
		if (validate_body(model_shape(a->input), body, which % 2 == 0, &e) != 0)
			require(strcmp(e.name, "ValidationException") == 0 ||
			    strcmp(e.name, "SerializationException") == 0);
		else if (strcmp(a->name, "CreateStateMachine") == 0)
			fuzz_settings(body);
	}
	err_fini(&e);
	doc_unref(body);
}

static void
fuzz_text(const char *data, size_t size)
{
	static const struct territory here = { "us-east-1", "123456789012" };
	struct page_binding binding;
	struct resource *r = malloc(sizeof(*r));
	struct err e = ERR_INIT;
	struct buf position;

	if (resource_parse(&here, data, size, r, &e) == 0)
		require(strlen(r->name) <= size && strlen(r->part) <= size);
	else
		require(strcmp(e.name, "InvalidArn") == 0);
	role_arn_check(data, size, &e);
	err_fini(&e);
	page_binding_init(&binding, "x");
	buf_init(&position, BUF_UNLIMITED);
	/* nobody guesses a signature */
	require(page_token_read("secret", &binding, data, size, NOW_MS, &position, &e) != 0);
	buf_fini(&position);
	page_binding_fini(&binding);
	err_fini(&e);
	free(r);
}

/* The first byte says what the others are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	switch (data[0] & 3) {
	case 0:
		fuzz_http(text, size - 1);
		break;
	case 1:
		fuzz_chunks(text, size - 1);
		break;
	case 2:
		fuzz_body(data[0] >> 2, text, size - 1);
		break;
	default:
		fuzz_text(text, size - 1);
		break;
	}
	return 0;
}
