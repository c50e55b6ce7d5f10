/*
 * validate - a request's body against the shapes of the API's model.
 */
#ifndef PAWL_API_VALIDATE_H
#define PAWL_API_VALIDATE_H

#include "api/model.h"
#include "doc/doc.h"

/*
 * 0 when body, an object, is one of shape; members that the shape does not have are ignored, null is
 * absent. Else -1 and e: "SerializationException" for a value of the wrong JSON type,
 * "ValidationException" with all broken constraints in AWS's words. Payloads (definition,
 * input, output ...) are held to their maximum only with payload_limits.
 */
int validate_body(const struct model_shape *shape, struct doc body, bool payload_limits,
    struct err *e);
/* Whether validate_body knows how to match this pattern of the model. */
bool validate_knows_pattern(const char *pattern);
/* Unicode characters in valid UTF-8. */
size_t validate_length(const char *s, size_t len);

/* One sentence of the grammar above for rules that the model does not hold. path: "tags.1.member.key". */
int validate_fail(struct err *e, const char *value, size_t value_len, const char *path,
    const char *constraint);

#endif
