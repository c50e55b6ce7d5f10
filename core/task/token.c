/*
 * token - task tokens: self-contained, URL-safe, signed.
 *
 * Plain form before base64url: MAC (16 bytes), task id (8 bytes, big endian), execution ARN.
 */
#include "task/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define MAC_LEN 16
#define HEAD_LEN (MAC_LEN + 8)

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

void
token_make(const char *secret, const char *execution_arn, int64_t task_id, struct buf *out)
{
	unsigned char mac[MAC_LEN];
	struct buf plain;
	int shift;

	buf_init(&plain, BUF_UNLIMITED);
	buf_add(&plain, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", MAC_LEN);
	for (shift = 56; shift >= 0; shift -= 8)
		buf_addc(&plain, (char)((uint64_t)task_id >> shift & 0xff));
	buf_adds(&plain, execution_arn);
	token_mac(secret, (unsigned char *)plain.data + MAC_LEN, plain.len - MAC_LEN, mac);
	memcpy(plain.data, mac, MAC_LEN);
	token_encode((unsigned char *)plain.data, plain.len, out);
	buf_fini(&plain);
}

int
token_read(const char *secret, const char *token, size_t len, struct buf *arn, int64_t *task_id)
{
	unsigned char mac[MAC_LEN];
	struct buf plain;
	uint64_t id = 0;
	int rc = -1, i;

	buf_init(&plain, 4096);
	if (token_decode(token, len, &plain) != 0 || plain.len <= HEAD_LEN)
		goto out;
	token_mac(secret, (unsigned char *)plain.data + MAC_LEN, plain.len - MAC_LEN, mac);
	if (CRYPTO_memcmp(mac, plain.data, MAC_LEN) != 0)
		goto out;
	for (i = MAC_LEN; i < HEAD_LEN; i++)
		id = id << 8 | (unsigned char)plain.data[i];
	*task_id = (int64_t)id;
	buf_add(arn, plain.data + HEAD_LEN, plain.len - HEAD_LEN);
	rc = 0;
out:
	buf_fini(&plain);
	return rc;
}
