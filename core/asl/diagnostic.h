/*
 * diagnostic - what is wrong with a definition: a code, a sentence, a place.
 */
#ifndef PAWL_ASL_DIAGNOSTIC_H
#define PAWL_ASL_DIAGNOSTIC_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"

#define DIAGNOSTICS_MAX 1000 /* kept in the list; further ones are only counted */

enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

struct diagnostic {
	enum diagnostic_severity severity;
	const char *code; /* static: "SCHEMA_VALIDATION_FAILED" ... */
	char *message;
	char *location; /* "/States/A/Next"; NULL = none */
};

struct diagnostics {
	struct diagnostic *list;
	size_t n;
	size_t nerrors; /* all of them, kept or not */
};

void diagnostics_init(struct diagnostics *d);
void diagnostics_fini(struct diagnostics *d);
void diagnostics_add(struct diagnostics *d, enum diagnostic_severity severity, const char *code,
    const char *location, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void diagnostics_vadd(struct diagnostics *d, enum diagnostic_severity severity, const char *code,
    const char *location, const char *fmt, va_list ap);
/* "Invalid State Machine Definition: 'CODE: message at location, CODE: ...'" (errors only) */
void diagnostics_sentence(const struct diagnostics *d, struct buf *out);

#endif
