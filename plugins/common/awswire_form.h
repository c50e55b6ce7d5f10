/*
 * awswire_form - a form of the query protocol to a document.
 */
#ifndef PAWL_COMMON_AWSWIRE_FORM_H
#define PAWL_COMMON_AWSWIRE_FORM_H

#include "awswire.h"

/* A new object; PAWL_NO_DOC and *why (static) when the form is malformed. */
struct pawl_doc awswire_form_read(const struct awswire_service *s, const struct pawl_host *h,
    const char *action, const char *form, size_t len, const char **why);

#endif
