/*
 * form - reads application/x-www-form-urlencoded bodies.
 */
#ifndef PAWL_API_FORM_H
#define PAWL_API_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "api/http.h"

/* Does the request say that its body is such a form? */
bool form_is(const struct http_request *r);
/*
 * The value of the first pair of that name, decoded, into out; white space at its end does not count.
 * False when there is none, or one that is longer than size - 1 bytes, holds a NUL or half an escape.
 */
bool form_value(const struct http_request *r, const char *name, char *out, size_t size);

#endif
