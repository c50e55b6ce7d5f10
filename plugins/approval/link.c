/*
 * link - the secret part of a link: a nonce of 128 bits and its signature.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "link.h"

#define NONCE_BYTES 16
#define NONCE_DIGITS (LINK_NONCE_SIZE - 1)
#define MAC_BYTES 32

static void
add_hex(char *out, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + i * 2, 3, "%02x", bytes[i]);
}

void
link_new_nonce(char nonce[LINK_NONCE_SIZE])
{
	unsigned char bytes[NONCE_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	add_hex(nonce, bytes, sizeof(bytes));
}

void
link_make(const unsigned char key[LINK_KEY_SIZE], const char nonce[LINK_NONCE_SIZE],
    char link[LINK_SIZE])
{
	unsigned char mac[MAC_BYTES];
	unsigned len = sizeof(mac);

	if (HMAC(EVP_sha256(), key, LINK_KEY_SIZE, (const unsigned char *)nonce, NONCE_DIGITS, mac,
		&len) == NULL ||
	    len != sizeof(mac))
		abort();
	memcpy(link, nonce, NONCE_DIGITS);
	add_hex(link + NONCE_DIGITS, mac, sizeof(mac));
}

bool
link_read(const unsigned char key[LINK_KEY_SIZE], const char *link, size_t len,
    char nonce[LINK_NONCE_SIZE])
{
	char right[LINK_SIZE];
	bool same;

	if (len != LINK_SIZE - 1)
		return false;
	memcpy(nonce, link, NONCE_DIGITS);
	nonce[NONCE_DIGITS] = '\0';
	link_make(key, nonce, right);
	same = CRYPTO_memcmp(right, link, len) == 0;
	OPENSSL_cleanse(right, sizeof(right));
	return same;
}
