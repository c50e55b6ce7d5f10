/*
 * diagnostic - what is wrong with a definition: a code, a sentence, a place.
 */
#ifndef PAWL_ASL_DIAGNOSTIC_H
#define PAWL_ASL_DIAGNOSTIC_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/similar.h"

#define DIAGNOSTICS_MAX 1000    /* kept in the list; further ones are only counted */
#define DIAGNOSTIC_NAME_MAX 320 /* bytes of a name that a location shows: 80 characters */

enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING };

struct diagnostic {
	enum diagnostic_severity severity;
	const char *code; /* static: "SCHEMA_VALIDATION_FAILED" ... */
	char *message;
	char *location; /* "/States/A/Next"; NULL = none */
	/* Help for people, which no answer of the API has; NULL = none. */
	char *below;      /* what is meant below the location: "/Foo", "/a[2]/b.$" */
	bool at_key;      /* the name of that member is what is wrong, not its value */
	char *suggestion; /* the word that was meant */
	char *hint;       /* more than the service says, a sentence without its full stop */
};

struct diagnostics {
	struct diagnostic *list;
	size_t n;
	size_t nerrors; /* all of them, kept or not */
	bool help;      /* set by who wants help, and warnings that the service does not have */
	const char **
	    limits; /* names that Limit may have, set by who knows them; a NULL ends them. NULL = any */
};

void diagnostics_init(struct diagnostics *d);
void diagnostics_fini(struct diagnostics *d);
/* The new one, for help to be added; NULL = nobody wants help, or the list is full. Good until the next. */
struct diagnostic *diagnostics_add(struct diagnostics *d, enum diagnostic_severity severity,
    const char *code, const char *location, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
struct diagnostic *diagnostics_vadd(struct diagnostics *d, enum diagnostic_severity severity,
    const char *code, const char *location, const char *fmt, va_list ap);
/* Nothing when g is NULL or nothing is similar. */
void diagnostic_suggest(struct diagnostic *g, const struct similar *s);
void diagnostic_hint(struct diagnostic *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "Invalid State Machine Definition: 'CODE: message at location, CODE: ...'" (errors only) */
void diagnostics_sentence(const struct diagnostics *d, struct buf *out);

#endif
