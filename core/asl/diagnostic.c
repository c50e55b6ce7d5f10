/*
 * diagnostic - what is wrong with a definition: a code, a sentence, a place.
 */
#include "asl/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
diagnostics_init(struct diagnostics *d)
{
	*d = (struct diagnostics){ .n = 0 };
}

void
diagnostics_fini(struct diagnostics *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->list[i].message);
		free(d->list[i].location);
		free(d->list[i].below);
		free(d->list[i].suggestion);
		free(d->list[i].hint);
	}
	free(d->list);
	diagnostics_init(d);
}

static char *
diagnostic_format(const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = xmalloc((size_t)(n < 0 ? 0 : n) + 1);
	text[0] = '\0';
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

struct diagnostic *
diagnostics_vadd(struct diagnostics *d, enum diagnostic_severity severity, const char *code,
    const char *location, const char *fmt, va_list ap)
{
	struct diagnostic *new;

	d->nerrors += severity == DIAGNOSTIC_ERROR;
	if (d->n >= DIAGNOSTICS_MAX)
		return NULL;
	if ((d->n & (d->n - 1)) == 0)
		d->list = xreallocarray(d->list, d->n ? d->n * 2 : 1, sizeof(*d->list));
	new = &d->list[d->n++];
	*new = (struct diagnostic){ .severity = severity,
		.code = code,
		.location = location != NULL ? xstrdup(location) : NULL,
		.message = diagnostic_format(fmt, ap) };
	return d->help ? new : NULL;
}

struct diagnostic *
diagnostics_add(struct diagnostics *d, enum diagnostic_severity severity, const char *code,
    const char *location, const char *fmt, ...)
{
	struct diagnostic *g;
	va_list ap;

	va_start(ap, fmt);
	g = diagnostics_vadd(d, severity, code, location, fmt, ap);
	va_end(ap);
	return g;
}

void
diagnostic_suggest(struct diagnostic *g, const struct similar *s)
{
	const char *best = similar_best(s);

	if (g == NULL || best == NULL)
		return;
	free(g->suggestion);
	g->suggestion = xstrdup(best);
}

void
diagnostic_hint(struct diagnostic *g, const char *fmt, ...)
{
	va_list ap;

	if (g == NULL)
		return;
	va_start(ap, fmt);
	free(g->hint);
	g->hint = diagnostic_format(fmt, ap);
	va_end(ap);
}

void
diagnostics_sentence(const struct diagnostics *d, struct buf *out)
{
	const char *between = "";
	size_t i;

	buf_adds(out, "Invalid State Machine Definition: '");
	for (i = 0; i < d->n; i++) {
		const struct diagnostic *one = &d->list[i];

		if (one->severity != DIAGNOSTIC_ERROR)
			continue;
		buf_addf(out, "%s%s: %s at ", between, one->code, one->message);
		buf_adds(out, one->location != NULL ? one->location : "null");
		between = ", ";
	}
	buf_addc(out, '\'');
}
