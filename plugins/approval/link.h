/*
 * link - the secret part of a link: a nonce of 128 bits and its signature.
 *
 * The nonce says whose link it is and is kept in the database; the signature needs the key, so neither a
 * guess nor a copy of the tables makes a link.
 */
#ifndef PAWL_APPROVAL_LINK_H
#define PAWL_APPROVAL_LINK_H

#include <stdbool.h>
#include <stddef.h>

#define LINK_KEY_SIZE 32
#define LINK_NONCE_SIZE 33 /* hexadecimal digits and NUL */
#define LINK_SIZE 97       /* digits of nonce and signature, and NUL */

void link_new_nonce(char nonce[LINK_NONCE_SIZE]);
void link_make(const unsigned char key[LINK_KEY_SIZE], const char nonce[LINK_NONCE_SIZE],
    char link[LINK_SIZE]);
/* False: it was not made with this key. */
bool link_read(const unsigned char key[LINK_KEY_SIZE], const char *link, size_t len,
    char nonce[LINK_NONCE_SIZE]);

#endif
