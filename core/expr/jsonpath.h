/*
 * jsonpath - AWS's dialect of JSONPath: compiled once, evaluated often.
 *
 * The dialect is Jayway's as the service uses it, not RFC 9535: a definite path
 * gives its value or fails, an indefinite one gives an array of all matches, even
 * none. Roots: $ the document, $$ the Context Object, $name a variable.
 */
#ifndef PAWL_EXPR_JSONPATH_H
#define PAWL_EXPR_JSONPATH_H

#include "expr/scope.h"

struct jsonpath; /* immutable after compile */

/* NULL and e (name "pawl.Path", cause: what is wrong where) when the text is no path. */
struct jsonpath *jsonpath_compile(const char *text, size_t len, struct err *e);
void jsonpath_free(struct jsonpath *p);
const char *jsonpath_text(const struct jsonpath *p); /* as written */

enum jsonpath_root { JSONPATH_DOCUMENT, JSONPATH_CONTEXT, JSONPATH_VARIABLE };
enum jsonpath_root jsonpath_root_kind(const struct jsonpath *p);
const char *jsonpath_variable(const struct jsonpath *p); /* name without $, or NULL */
/* Only names and integer indexes: usable as a Reference Path. */
bool jsonpath_is_reference(const struct jsonpath *p);
/*
 * What the service lets pass where it asks for a Reference Path to read: no function at
 * the end, no regular expression and no operator that is a word (in, size ...) in a filter.
 */
bool jsonpath_is_lax_reference(const struct jsonpath *p);
bool jsonpath_is_definite(const struct jsonpath *p);
/* "$", "$$" or "$name" alone. */
bool jsonpath_is_whole(const struct jsonpath *p);

/*
 * Evaluates. 0 and *out (owned), or -1 and e: name "States.Runtime", cause the
 * body in the service's words, e.g. "No results for path: $['x']" or
 * "Missing property in path $['no']" (spec ASL.md 6.2); the caller knows the field
 * and builds the sentence around it. *root_out, when not NULL, is the borrowed
 * document the path was applied to (for "could not be found in the input '...'").
 */
int jsonpath_eval(const struct jsonpath *p, const struct expr_scope *s, struct doc *out,
    struct err *e);
struct doc jsonpath_root(const struct jsonpath *p, const struct expr_scope *s);
/* Appends what a sentence quotes as the input in which p found nothing. */
void jsonpath_show_root(const struct jsonpath *p, const struct expr_scope *s, struct buf *out);

/*
 * Writes value at reference path p into doc (ResultPath): missing objects are
 * created. *out is owned. -1 and e "States.ResultPathMatchFailure" when a step does
 * not fit (an index beyond the end, a step through a scalar), "States.DataLimitExceeded"
 * when the result does not (bound.h).
 */
int jsonpath_put(const struct jsonpath *p, struct doc into, struct doc value, struct doc *out,
    struct err *e);

#endif
