/*
 * sigv4 - AWS Signature Version 4: is this request signed with one of our keys?
 *
 * The canonical form is made from what came in: method, path, query, the headers
 * that the client says it signed, the hash of the body as we see it. The derived
 * key of the last day, region and service is kept with each key, so an ordinary
 * call costs three hashes.
 */
#include "api/sigv4.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "doc/doc.h"

#define SCOPE_PART_MAX 64
#define HEX_SIZE 65 /* of a SHA-256, with NUL */
#define CANONICAL_MAX (1u << 20)

struct sigv4_key {
	char *id, *secret;
	char scope[4 * SCOPE_PART_MAX]; /* what derived is for: "date/region/service" */
	unsigned char derived[32];
};

struct sigv4 {
	struct sigv4_key *keys;
	size_t nkeys;
};

/* The Authorization header in its parts; texts are borrowed and not terminated. */
struct part {
	const char *s;
	size_t len;
};
struct authorization {
	struct part key_id, date, region, service, terminator, signed_headers, signature;
};

struct sigv4 *
sigv4_new(const char *keys_json, struct err *e)
{
	struct sigv4 *s = xcalloc(1, sizeof(*s));
	struct doc d = doc_parse(keys_json, strlen(keys_json), e);
	struct doc_iter it;

	if (doc_is_none(d))
		goto fail;
	if (doc_type(d) != DOC_OBJECT) {
		err_set(e, "pawl.Keys", "access_keys is not a table of key ids and secrets");
		goto fail;
	}
	s->keys = xcalloc(doc_len(d) + 1, sizeof(*s->keys));
	it = doc_iter(d);
	while (doc_next(&it)) {
		struct sigv4_key *k = &s->keys[s->nkeys];

		k->id = doc_strdup(it.key);
		k->secret = doc_strdup(it.value);
		s->nkeys++;
		if (k->id == NULL || k->secret == NULL || k->id[0] == '\0' ||
		    k->secret[0] == '\0') {
			err_set(e, "pawl.Keys",
			    "access_keys: a key id or its secret is empty or no text");
			goto fail;
		}
	}
	doc_unref(d);
	return s;
fail:
	doc_unref(d);
	sigv4_free(s);
	return NULL;
}

void
sigv4_free(struct sigv4 *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nkeys; i++) {
		if (s->keys[i].secret != NULL)
			OPENSSL_cleanse(s->keys[i].secret, strlen(s->keys[i].secret));
		OPENSSL_cleanse(s->keys[i].derived, sizeof(s->keys[i].derived));
		free(s->keys[i].id);
		free(s->keys[i].secret);
	}
	free(s->keys);
	free(s);
}

size_t
sigv4_nkeys(const struct sigv4 *s)
{
	return s->nkeys;
}

static void
to_hex(const unsigned char hash[32], char out[HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[64] = '\0';
}

static void
hash_hex(const void *p, size_t len, char out[HEX_SIZE])
{
	unsigned char hash[32];

	SHA256(p, len, hash);
	to_hex(hash, out);
}

static void
hmac(const void *key, size_t key_len, const void *p, size_t len, unsigned char out[32])
{
	unsigned int n = 32;

	HMAC(EVP_sha256(), key, (int)key_len, p, len, out, &n);
}

static bool
part_is(struct part p, const char *s)
{
	return p.s != NULL && strlen(s) == p.len && memcmp(s, p.s, p.len) == 0;
}

/* Cuts text up to the next c off *rest. */
static struct part
cut(struct part *rest, char c)
{
	const char *at = rest->len > 0 ? memchr(rest->s, c, rest->len) : NULL;
	struct part p = { rest->s, at != NULL ? (size_t)(at - rest->s) : rest->len };

	rest->s += at != NULL ? p.len + 1 : p.len;
	rest->len -= at != NULL ? p.len + 1 : p.len;
	return p;
}

static int
incomplete(struct err *e, const char *what)
{
	return err_set(e, "IncompleteSignatureException", "Authorization header: %s", what);
}

static int
parse_credential(struct part v, struct authorization *a, struct err *e)
{
	a->key_id = cut(&v, '/');
	a->date = cut(&v, '/');
	a->region = cut(&v, '/');
	a->service = cut(&v, '/');
	a->terminator = v;
	if (a->key_id.len == 0 || a->date.len != 8 || a->region.len == 0 || a->service.len == 0 ||
	    a->region.len > SCOPE_PART_MAX || a->service.len > SCOPE_PART_MAX ||
	    !part_is(a->terminator, "aws4_request"))
		return incomplete(e, "Credential is not KEY/YYYYMMDD/REGION/SERVICE/aws4_request.");
	return 0;
}

static int
parse_authorization(const char *text, struct authorization *a, struct err *e)
{
	static const char algorithm[] = "AWS4-HMAC-SHA256";
	struct part rest;

	memset(a, 0, sizeof(*a));
	if (strncmp(text, algorithm, sizeof(algorithm) - 1) != 0 ||
	    (text[sizeof(algorithm) - 1] != ' ' && text[sizeof(algorithm) - 1] != '\t'))
		return incomplete(e, "the only algorithm is AWS4-HMAC-SHA256.");
	text += sizeof(algorithm);
	rest = (struct part){ text, strlen(text) };
	while (rest.len > 0) {
		struct part v = cut(&rest, ','), name;

		while (v.len > 0 && (*v.s == ' ' || *v.s == '\t'))
			v.s++, v.len--;
		while (v.len > 0 && (v.s[v.len - 1] == ' ' || v.s[v.len - 1] == '\t'))
			v.len--;
		name = cut(&v, '=');
		if (part_is(name, "Credential")) {
			if (parse_credential(v, a, e) != 0)
				return -1;
		} else if (part_is(name, "SignedHeaders")) {
			a->signed_headers = v;
		} else if (part_is(name, "Signature")) {
			a->signature = v;
		}
	}
	if (a->key_id.len == 0)
		return incomplete(e, "it has no 'Credential'.");
	if (a->signed_headers.len == 0)
		return incomplete(e, "it has no 'SignedHeaders'.");
	if (a->signature.len != 64)
		return incomplete(e, "it has no 'Signature' of 64 hexadecimal digits.");
	return 0;
}

/* "20260101T000000Z"; 0 or -1. */
static int
parse_amz_date(const char *s, int64_t *ms)
{
	static const char form[] = "ddddddddTddddddZ";
	struct tm tm = { 0 };
	size_t i;

	for (i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
			return -1;
	}
	if (s[i] != '\0' || strptime(s, "%Y%m%dT%H%M%SZ", &tm) == NULL)
		return -1;
	*ms = (int64_t)timegm(&tm) * 1000;
	return 0;
}

/* When it was signed, as X-Amz-Date spells it: from that header or from Date. */
static int
request_date(const struct http_request *r, char date[32], int64_t *ms, struct err *e)
{
	const char *amz = http_header_value(r, "x-amz-date");
	const char *http = http_header_value(r, "date");
	struct tm tm = { 0 };
	time_t t;

	if (amz != NULL) {
		if (parse_amz_date(amz, ms) != 0)
			return err_set(e, "IncompleteSignatureException",
			    "X-Amz-Date is not of the form YYYYMMDDTHHMMSSZ.");
		memcpy(date, amz, 17);
		return 0;
	}
	if (http == NULL || strptime(http, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL)
		return err_set(e, "IncompleteSignatureException",
		    "The request has neither X-Amz-Date nor Date.");
	t = timegm(&tm);
	*ms = (int64_t)t * 1000;
	gmtime_r(&t, &tm);
	strftime(date, 32, "%Y%m%dT%H%M%SZ", &tm);
	return 0;
}

static int
check_date(const struct authorization *a, const char *date, int64_t signed_ms, int64_t now_ms,
    struct err *e)
{
	char now_text[32];
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	assert(a->date.s != NULL); /* parse_authorization wants all its parts */
	if (memcmp(a->date.s, date, 8) != 0)
		return err_set(e, "InvalidSignatureException",
		    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
		    "HTTP: '%.8s' != '%.8s', from '%s'.",
		    a->date.s, date, date);
	gmtime_r(&now, &tm);
	strftime(now_text, sizeof(now_text), "%Y%m%dT%H%M%SZ", &tm);
	if (signed_ms < now_ms - SIGV4_SKEW_MS)
		return err_set(e, "InvalidSignatureException",
		    "Signature expired: %s is now earlier than %s - 5 min.", date, now_text);
	if (signed_ms > now_ms + SIGV4_SKEW_MS)
		return err_set(e, "InvalidSignatureException",
		    "Signature not yet current: %s is still later than %s + 5 min.", date,
		    now_text);
	return 0;
}

static bool
is_unreserved(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

/* Each byte that is not unreserved as %XX; '/' too when it may stand for itself. */
static void
add_uri(struct buf *b, const char *s, size_t len, bool slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (is_unreserved(c) || (slash && c == '/')) {
			buf_addc(b, (char)c);
		} else {
			buf_addc(b, '%');
			buf_addc(b, digits[c >> 4]);
			buf_addc(b, digits[c & 15]);
		}
	}
}

static int
compare_parameters(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* name=value pairs, sorted; they come encoded and stay so. */
static void
add_query(struct buf *b, const char *query)
{
	char *copy = xstrdup(query), *save = NULL, *p;
	char **list = xcalloc(strlen(query) / 2 + 2, sizeof(*list));
	size_t n = 0;

	for (p = strtok_r(copy, "&", &save); p != NULL; p = strtok_r(NULL, "&", &save))
		list[n++] = p;
	qsort(list, n, sizeof(*list), compare_parameters);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(b, '&');
		buf_adds(b, list[i]);
		if (strchr(list[i], '=') == NULL)
			buf_addc(b, '=');
	}
	free(list);
	free(copy);
}

/* The value with inner runs of white space folded to one space. */
static void
add_folded(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s != ' ' && *s != '\t')
			buf_addc(b, *s);
		else if (s[1] != ' ' && s[1] != '\t')
			buf_addc(b, ' ');
	}
}

/* "name:value\n" for one signed header, several of one name joined by commas. */
static int
add_header(struct buf *b, const struct http_request *r, struct part name, struct err *e)
{
	bool found = false;

	buf_add(b, name.s, name.len);
	buf_addc(b, ':');
	for (size_t i = 0; i < r->nheaders; i++) {
		const struct http_header *h = &r->headers[i];

		if (h->name_len != name.len || memcmp(h->name, name.s, name.len) != 0)
			continue;
		if (found)
			buf_addc(b, ',');
		add_folded(b, h->value);
		found = true;
	}
	buf_addc(b, '\n');
	if (!found)
		return err_set(e, "InvalidSignatureException",
		    "The header '%.*s' was signed but is not there.", (int)(name.len & 0xff),
		    name.s);
	return 0;
}

static bool
list_has(struct part list, const char *name)
{
	while (list.len > 0) {
		if (part_is(cut(&list, ';'), name))
			return true;
	}
	return false;
}

/* What says who calls what when must be under the signature. */
static int
check_signed(const struct http_request *r, struct part list, struct err *e)
{
	static const char *const names[] = { "host", "x-amz-date", "x-amz-target",
		"x-amz-security-token" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (http_header(r, names[i]) != NULL && !list_has(list, names[i]))
			return err_set(e, "InvalidSignatureException",
			    "The header '%s' must be signed.", names[i]);
	}
	return list_has(list, "host") ? 0 : incomplete(e, "SignedHeaders does not name 'host'.");
}

static int
add_headers(struct buf *b, const struct http_request *r, struct part list, struct err *e)
{
	struct part rest = list, name, last = { "", 0 };

	while (rest.len > 0) {
		size_t n;

		name = cut(&rest, ';');
		n = last.len < name.len ? last.len : name.len;
		if (memcmp(last.s, name.s, n) > 0 ||
		    (memcmp(last.s, name.s, n) == 0 && last.len >= name.len))
			return incomplete(e, "SignedHeaders is not sorted.");
		if (add_header(b, r, name, e) != 0)
			return -1;
		last = name;
	}
	return check_signed(r, list, e);
}

/* The hash of the body as it counts in the canonical request. */
static int
payload_hash(const struct http_request *r, char out[HEX_SIZE], const char **hash, struct err *e)
{
	const char *given = http_header_value(r, "x-amz-content-sha256");

	*hash = out;
	hash_hex(r->body, r->body_len, out);
	if (given == NULL || strcmp(given, out) == 0)
		return 0;
	*hash = given;
	if (strcmp(given, "UNSIGNED-PAYLOAD") == 0)
		return 0;
	return err_set(e, "InvalidSignatureException",
	    "The value of x-amz-content-sha256 is not the hash of the body.");
}

static int
canonical_hash(const struct http_request *r, struct part signed_headers, char out[HEX_SIZE],
    struct err *e)
{
	char body_hex[HEX_SIZE];
	const char *body_hash;
	struct buf b;
	int rc = -1;

	buf_init(&b, CANONICAL_MAX);
	buf_adds(&b, r->method);
	buf_addc(&b, '\n');
	add_uri(&b, r->path, strlen(r->path), true);
	buf_addc(&b, '\n');
	add_query(&b, r->query);
	buf_addc(&b, '\n');
	if (add_headers(&b, r, signed_headers, e) != 0)
		goto out;
	buf_addc(&b, '\n');
	buf_add(&b, signed_headers.s, signed_headers.len);
	buf_addc(&b, '\n');
	if (payload_hash(r, body_hex, &body_hash, e) != 0)
		goto out;
	buf_adds(&b, body_hash);
	if (buf_failed(&b)) {
		incomplete(e, "the signed headers are too large.");
		goto out;
	}
	hash_hex(b.data, b.len, out);
	rc = 0;
out:
	buf_fini(&b);
	return rc;
}

static struct sigv4_key *
find_key(struct sigv4 *s, struct part id)
{
	for (size_t i = 0; i < s->nkeys; i++) {
		if (part_is(id, s->keys[i].id))
			return &s->keys[i];
	}
	return NULL;
}

/* The key of that day, region and service; *scope becomes "date/region/service". */
static const unsigned char *
derived_key(struct sigv4_key *k, const struct authorization *a, struct buf *scope)
{
	struct buf first;
	unsigned char *d = k->derived;

	buf_add(scope, a->date.s, a->date.len);
	buf_addc(scope, '/');
	buf_add(scope, a->region.s, a->region.len);
	buf_addc(scope, '/');
	buf_add(scope, a->service.s, a->service.len);
	if (strcmp(k->scope, scope->data) == 0)
		return d;
	buf_init(&first, BUF_UNLIMITED);
	buf_adds(&first, "AWS4");
	buf_adds(&first, k->secret);
	hmac(first.data, first.len, a->date.s, a->date.len, d);
	OPENSSL_cleanse(first.data, first.len);
	buf_fini(&first);
	hmac(d, 32, a->region.s, a->region.len, d);
	hmac(d, 32, a->service.s, a->service.len, d);
	hmac(d, 32, "aws4_request", 12, d);
	memcpy(k->scope, scope->data, scope->len + 1);
	return d;
}

static bool
signature_fits(struct sigv4_key *k, const struct authorization *a, const char *date,
    const char *canonical_hex)
{
	unsigned char mac[32];
	char hex[HEX_SIZE];
	struct buf scope, text;
	const unsigned char *key;

	buf_init(&scope, sizeof(k->scope) - 1);
	buf_init(&text, 1024);
	key = derived_key(k, a, &scope);
	buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n%s/aws4_request\n%s", date, scope.data,
	    canonical_hex);
	hmac(key, 32, text.data, text.len, mac);
	to_hex(mac, hex);
	buf_fini(&scope);
	buf_fini(&text);
	return CRYPTO_memcmp(hex, a->signature.s, 64) == 0;
}

int
sigv4_verify(struct sigv4 *s, const struct http_request *r, const char *service, int64_t now_ms,
    const char **key_id, struct err *e)
{
	const char *text = http_header_value(r, "authorization");
	char date[32], canonical_hex[HEX_SIZE];
	struct authorization a;
	struct sigv4_key *k;
	int64_t signed_ms = 0;

	if (text == NULL)
		return err_set(e, "MissingAuthenticationTokenException",
		    "Missing Authentication Token");
	if (parse_authorization(text, &a, e) != 0)
		return -1;
	if (service != NULL && !part_is(a.service, service))
		return err_set(e, "InvalidSignatureException",
		    "Credential should be scoped to correct service: '%s'.", service);
	if ((k = find_key(s, a.key_id)) == NULL)
		return err_set(e, "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
	if (request_date(r, date, &signed_ms, e) != 0 ||
	    check_date(&a, date, signed_ms, now_ms, e) != 0 ||
	    canonical_hash(r, a.signed_headers, canonical_hex, e) != 0)
		return -1;
	if (!signature_fits(k, &a, date, canonical_hex))
		return err_set(e, "InvalidSignatureException",
		    "The request signature we calculated does not match the signature you provided. "
		    "Check your AWS Secret Access Key and signing method.");
	*key_id = k->id;
	return 0;
}
