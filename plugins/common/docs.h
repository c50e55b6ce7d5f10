/*
 * docs - documents read and made in fewer words, for plugins.
 */
#ifndef PAWL_COMMON_DOCS_H
#define PAWL_COMMON_DOCS_H

#include <pawl/plugin.h>

/* A member of the object that is being built; value NULL = "". */
void docs_add_string(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    const char *value);
void docs_add_int(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    int64_t value);
void docs_add_bool(const struct pawl_host *h, struct pawl_builder *b, const char *key, bool value);
void docs_add_doc(const struct pawl_host *h, struct pawl_builder *b, const char *key,
    struct pawl_doc value);

/* Whether the object has the member, and not as null. */
bool docs_has(const struct pawl_host *h, struct pawl_doc d, const char *key);
/* A member that is a string, NULL when it is not; to be released with host->free. */
char *docs_string(const struct pawl_host *h, struct pawl_doc d, const char *key);
/* A whole number, or a string of one, as forms have it; false when it is neither. */
bool docs_int(const struct pawl_host *h, struct pawl_doc value, int64_t *out);
/* The value true, or the string "true", as forms have it. */
bool docs_true(const struct pawl_host *h, struct pawl_doc value);
/* The JSON text of an array or object, the characters of a string; NULL for others. To be released with host->free. */
char *docs_text(const struct pawl_host *h, struct pawl_doc value, size_t *len);

#endif
