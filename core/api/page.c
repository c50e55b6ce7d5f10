/*
 * page - tokens that say where the next page of a list begins.
 *
 * Plain form before base64url: version (1 byte), time of issue in ms (8, big endian), MAC (16), position.
 */
#include "api/page.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define VERSION 1
#define MAC_LEN 16
#define HEAD_LEN (1 + 8 + MAC_LEN)
#define TOKEN_MAX 4096

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
page_binding_init(struct page_binding *b, const char *action)
{
	buf_init(&b->text, BUF_UNLIMITED);
	page_binding_add(b, action, strlen(action));
}

void
page_binding_add(struct page_binding *b, const char *value, size_t len)
{
	/* lengths keep neighbours apart: "ab","c" is not "a","bc" */
	buf_add_i64(&b->text, value != NULL ? (int64_t)len : -1);
	buf_addc(&b->text, ':');
	if (value != NULL)
		buf_add(&b->text, value, len);
}

void
page_binding_fini(struct page_binding *b)
{
	buf_fini(&b->text);
}

static void
put_time(unsigned char out[8], int64_t ms)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)((uint64_t)ms >> 8 * (7 - i));
}

static int64_t
get_time(const unsigned char in[8])
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return (int64_t)v;
}

static void
page_mac(const char *secret, const struct page_binding *b, int64_t issued_ms, const void *position,
    size_t len, unsigned char out[MAC_LEN])
{
	unsigned char full[EVP_MAX_MD_SIZE], issued[8];
	unsigned int full_len = sizeof(full);
	struct buf all;

	put_time(issued, issued_ms);
	buf_init(&all, BUF_UNLIMITED);
	buf_adds(&all, "pawl page ");
	buf_add(&all, issued, sizeof(issued));
	buf_add_i64(&all, (int64_t)len);
	buf_addc(&all, ':');
	buf_add(&all, position, len);
	buf_add(&all, b->text.data, b->text.len);
	HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)all.data, all.len, full,
	    &full_len);
	memcpy(out, full, MAC_LEN);
	buf_fini(&all);
}

static void
encode(const unsigned char *p, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < len)
			v |= p[i + 2];
		buf_addc(out, alphabet[v >> 18]);
		buf_addc(out, alphabet[v >> 12 & 63]);
		if (i + 1 < len)
			buf_addc(out, alphabet[v >> 6 & 63]);
		if (i + 2 < len)
			buf_addc(out, alphabet[v & 63]);
	}
}

static int
decode(const char *s, size_t len, struct buf *out)
{
	uint32_t v = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] == '\0' ? NULL : strchr(alphabet, s[i]);

		if (at == NULL)
			return -1;
		v = v << 6 | (uint32_t)(at - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits & 0xff));
		}
	}
	/* left-over bits are zero, so that a token has one spelling */
	return (v & ((1u << bits) - 1)) == 0 && !buf_failed(out) ? 0 : -1;
}

void
page_token_make(const char *secret, const struct page_binding *b, const void *position, size_t len,
    int64_t now_ms, struct buf *out)
{
	unsigned char head[HEAD_LEN];
	struct buf plain;

	head[0] = VERSION;
	put_time(head + 1, now_ms);
	page_mac(secret, b, now_ms, position, len, head + 9);
	buf_init(&plain, TOKEN_MAX);
	buf_add(&plain, head, sizeof(head));
	buf_add(&plain, position, len);
	encode((const unsigned char *)plain.data, plain.len, out);
	buf_fini(&plain);
}

int
page_token_read(const char *secret, const struct page_binding *b, const char *token, size_t len,
    int64_t now_ms, struct buf *position, struct err *e)
{
	unsigned char mac[MAC_LEN];
	const unsigned char *p;
	struct buf plain;
	int64_t issued_ms;
	int rc = -1;

	buf_init(&plain, TOKEN_MAX);
	if (decode(token, len, &plain) != 0 || plain.len < HEAD_LEN || plain.data[0] != VERSION)
		goto out;
	p = (const unsigned char *)plain.data;
	issued_ms = get_time(p + 1);
	page_mac(secret, b, issued_ms, p + HEAD_LEN, plain.len - HEAD_LEN, mac);
	if (CRYPTO_memcmp(mac, p + 9, MAC_LEN) != 0 || now_ms - issued_ms > PAGE_TOKEN_LIFE_MS)
		goto out;
	buf_add(position, p + HEAD_LEN, plain.len - HEAD_LEN);
	rc = 0;
out:
	if (rc != 0)
		err_set(e, "InvalidToken", "Invalid Token: 'Invalid token'");
	buf_fini(&plain);
	return rc;
}
