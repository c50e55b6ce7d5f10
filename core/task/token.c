/*
 * token - task tokens: self-contained, URL-safe, signed.
 */
#include "task/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define TOKEN_FIRST 't'
#define MAC_LEN 16
#define PLAIN_LEN (MAC_LEN + 2 + 16 + 8)

static const char token_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
token_mac(const char *secret, const unsigned char *body, size_t len, unsigned char out[MAC_LEN])
{
	unsigned char full[EVP_MAX_MD_SIZE];
	unsigned int full_len = 0;

	HMAC(EVP_sha256(), secret, (int)strlen(secret), body, len, full, &full_len);
	memcpy(out, full, MAC_LEN);
}

static void
token_encode(const unsigned char *p, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < len)
			v |= p[i + 2];
		buf_addc(out, token_alphabet[v >> 18]);
		buf_addc(out, token_alphabet[(v >> 12) & 63]);
		if (i + 1 < len)
			buf_addc(out, token_alphabet[(v >> 6) & 63]);
		if (i + 2 < len)
			buf_addc(out, token_alphabet[v & 63]);
	}
}

static int
token_decode(const char *s, size_t len, struct buf *out)
{
	uint32_t v = 0;
	unsigned bits = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		const char *at = s[i] == '\0' ? NULL : strchr(token_alphabet, s[i]);

		if (at == NULL)
			return -1;
		v = v << 6 | (uint32_t)(at - token_alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits & 0xff));
		}
	}
	return (v & ((1u << bits) - 1)) == 0 && !buf_failed(out) ? 0 : -1;
}

/* Of numbers that are never negative. */
static void
put_number(struct buf *out, uint64_t v, int nbytes)
{
	while (--nbytes >= 0)
		buf_addc(out, (char)(v >> 8 * nbytes & 0xff));
}

static uint64_t
get_number(const unsigned char *p, int nbytes)
{
	uint64_t v = 0;

	while (--nbytes >= 0)
		v = v << 8 | *p++;
	return v;
}

void
token_make(const char *secret, const struct task_ref *t, struct buf *out)
{
	unsigned char mac[MAC_LEN] = { 0 };
	struct buf plain;

	buf_init(&plain, PLAIN_LEN + 1);
	buf_add(&plain, mac, MAC_LEN);
	put_number(&plain, (uint64_t)t->shard, 2);
	buf_add(&plain, t->execution.b, sizeof(t->execution.b));
	put_number(&plain, (uint64_t)t->task_id, 8);
	token_mac(secret, (unsigned char *)plain.data + MAC_LEN, PLAIN_LEN - MAC_LEN, mac);
	memcpy(plain.data, mac, MAC_LEN);
	buf_addc(out, TOKEN_FIRST);
	token_encode((unsigned char *)plain.data, plain.len, out);
	buf_fini(&plain);
}

int
token_read(const char *secret, const char *token, size_t len, struct task_ref *t)
{
	unsigned char mac[MAC_LEN];
	const unsigned char *p;
	struct buf plain;
	int rc = -1;

	if (len != TOKEN_LEN || *token != TOKEN_FIRST)
		return -1;
	buf_init(&plain, PLAIN_LEN + 1);
	if (token_decode(token + 1, len - 1, &plain) != 0)
		goto out;
	p = (const unsigned char *)plain.data + MAC_LEN;
	token_mac(secret, p, PLAIN_LEN - MAC_LEN, mac);
	if (CRYPTO_memcmp(mac, plain.data, MAC_LEN) != 0)
		goto out;
	t->shard = (int32_t)get_number(p, 2);
	memcpy(t->execution.b, p + 2, sizeof(t->execution.b));
	t->task_id = (int64_t)get_number(p + 18, 8);
	rc = 0;
out:
	buf_fini(&plain);
	return rc;
}
