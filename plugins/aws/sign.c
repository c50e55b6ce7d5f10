/*
 * sign - requests signed with AWS's signature version 4.
 *
 * libcurl can sign as well, but its rules changed from release to release: that of Debian 12
 * encodes a path once where all services but S3 want it twice, and says no hash to S3.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "aws.h"

#define HASH_SIZE 32

static void
add_hex(struct text *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text_addf(out, "%02x", bytes[i]);
}

static void
add_hash(struct text *out, const char *s, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(s, len, digest, &n, EVP_sha256(), NULL) != 1)
		abort(); /* there is no libcrypto without it */
	add_hex(out, digest, n);
}

static void
hmac(unsigned char key[HASH_SIZE], const char *s)
{
	unsigned char out[EVP_MAX_MD_SIZE];

	if (HMAC(EVP_sha256(), key, HASH_SIZE, (const unsigned char *)s, strlen(s), out, NULL) ==
	    NULL)
		abort();
	memcpy(key, out, HASH_SIZE);
}

static void
signing_key(const struct aws_signing *s, const char *day, unsigned char key[HASH_SIZE])
{
	struct text secret = { 0 };
	unsigned char out[EVP_MAX_MD_SIZE];

	text_addf(&secret, "AWS4%s", s->keys->secret);
	if (HMAC(EVP_sha256(), secret.s, (int)secret.len, (const unsigned char *)day, strlen(day),
		out, NULL) == NULL)
		abort();
	text_fini(&secret);
	memcpy(key, out, HASH_SIZE);
	hmac(key, s->region);
	hmac(key, s->service);
	hmac(key, "aws4_request");
}

static int
compare_headers(const void *a, const void *b)
{
	const struct pawl_http_header *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

static void
add_lower(struct text *out, const char *s)
{
	for (; *s != '\0'; s++) {
		char c = (char)tolower((unsigned char)*s);

		text_add(out, &c, 1);
	}
}

/* Runs of blanks count as one, those around it not at all. */
static void
add_value(struct text *out, const char *s)
{
	while (*(s += strspn(s, " \t")) != '\0') {
		size_t len = strcspn(s, " \t");

		text_add(out, s, len);
		s += len;
		if (s[strspn(s, " \t")] != '\0')
			text_adds(out, " ");
	}
}

/* The headers as they are signed, and the list of their names. */
static void
canonical_headers(const struct aws_request *r, const char *host, struct text *lines,
    struct text *names)
{
	size_t n = r->nheaders + 1;
	struct pawl_http_header *all = text_alloc(n * sizeof(*all));

	memcpy(all + 1, r->headers, r->nheaders * sizeof(*all));
	all[0] = (struct pawl_http_header){ "host", host };
	qsort(all, n, sizeof(*all), compare_headers);
	for (size_t i = 0; i < n; i++) {
		add_lower(lines, all[i].name);
		text_adds(lines, ":");
		add_value(lines, all[i].value);
		text_adds(lines, "\n");
		text_adds(names, i > 0 ? ";" : "");
		add_lower(names, all[i].name);
	}
	free(all);
}

/* The path as it is signed: encoded once more, but for S3. */
static void
canonical_path(const struct aws_signing *s, const char *path, struct text *out)
{
	if (strcmp(s->service, "s3") == 0) {
		text_adds(out, path);
		return;
	}
	for (;; path++) {
		size_t len = strcspn(path, "/");

		text_add_encoded(out, path, len, false);
		path += len;
		if (*path == '\0')
			return;
		text_adds(out, "/");
	}
}

static void
add_authorization(struct aws_request *r, const struct aws_signing *s, const char *stamp,
    const char *payload)
{
	struct text request = { 0 }, names = { 0 }, scope = { 0 }, text = { 0 }, line = { 0 };
	unsigned char key[HASH_SIZE];
	char day[9] = "";

	memcpy(day, stamp, 8);
	text_addf(&request, "%s\n", r->method);
	canonical_path(s, s->path, &request);
	text_addf(&request, "\n%s\n", text_chars(&r->query));
	canonical_headers(r, s->host, &request, &names);
	text_addf(&request, "\n%s\n%s", names.s, payload);
	text_addf(&scope, "%s/%s/%s/aws4_request", day, s->region, s->service);
	text_addf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n", stamp, scope.s);
	add_hash(&text, request.s, request.len);
	signing_key(s, day, key);
	hmac(key, text.s);
	text_addf(&line,
	    "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=", s->keys->id, scope.s,
	    names.s);
	add_hex(&line, key, HASH_SIZE);
	aws_request_add_header(r, "Authorization", line.s);
	text_fini(&request);
	text_fini(&names);
	text_fini(&scope);
	text_fini(&text);
	text_fini(&line);
}

void
aws_sign(struct aws_request *r, const struct aws_signing *s)
{
	time_t now = (time_t)(s->now_ms / 1000);
	struct text payload = { 0 };
	struct tm tm;
	char stamp[32];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	add_hash(&payload, text_chars(&r->body), r->body.len);
	aws_request_add_header(r, "X-Amz-Date", stamp);
	if (s->keys->token != NULL)
		aws_request_add_header(r, "X-Amz-Security-Token", s->keys->token);
	if (strcmp(s->service, "s3") == 0)
		aws_request_add_header(r, "X-Amz-Content-Sha256", payload.s);
	add_authorization(r, s, stamp, payload.s);
	text_fini(&payload);
}
