/*
 * problems - what is wrong with a definition, as people and as editors read it.
 */
#include "cli/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/excerpt.h"
#include "cli/visible.h"

/* --- for people ------------------------------------------------------------------------ */

static void
add_text(struct buf *out, const char *text)
{
	visible_add_all(out, text, strlen(text));
}

static void
add_line(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_addf(out, "      = %s", before);
	add_text(out, text);
	buf_addf(out, "%s\n", after);
}

static const char *
colour(const struct cli *c, enum cli_colour which)
{
	return c != NULL ? cli_colour(c, which) : "";
}

static void
print_one(const struct cli *c, const struct source *s, const struct diagnostic *g, struct buf *out)
{
	bool error = g->severity == DIAGNOSTIC_ERROR;
	struct outline_span span = { 0, 0 };
	bool found = source_find(s, g, &span);

	add_text(out, s->name);
	if (found) {
		struct excerpt_point p = excerpt_point(s->text, s->len, span.begin);

		buf_addf(out, ":%zu:%zu", p.line, p.column);
	}
	buf_addf(out, ": %s%s%s: %s: ", colour(c, error ? CLI_RED : CLI_YELLOW),
	    error ? "error" : "warning", colour(c, CLI_PLAIN), g->code);
	add_text(out, g->message);
	if (g->location != NULL) {
		buf_adds(out, " at ");
		add_text(out, g->location);
	}
	buf_addc(out, '\n');
	if (found && s->len > 0)
		excerpt_add(out, s->text, s->len, span.begin, span.end);
	if (g->suggestion != NULL)
		add_line(out, "did you mean '", g->suggestion, "'?");
	if (g->hint != NULL)
		add_line(out, "", g->hint, "");
}

/* AWS's own tools would refuse the file, and its name does not say that. */
static bool
surprises(const struct source *s)
{
	size_t n = strlen(s->name);

	return s->problem == NULL && s->format == SOURCE_JSON && (s->comments || s->marked) &&
	    (n < 6 || strcmp(s->name + n - 6, ".jsonc") != 0);
}

void
problems_print(const struct cli *c, const struct source *s, const struct diagnostics *d,
    struct buf *out)
{
	size_t i, errors = 0;

	for (i = 0; i < d->n; i++) {
		print_one(c, s, &d->list[i], out);
		errors += d->list[i].severity == DIAGNOSTIC_ERROR;
	}
	if (errors < d->nerrors)
		buf_addf(out, "... and %zu more errors\n", d->nerrors - errors);
	if (surprises(s)) {
		add_text(out, s->name);
		buf_addf(out, ": note: %s; AWS itself takes plain JSON\n",
		    s->comments ? "it has comments, or commas before a closing bracket"
				: "it begins with a byte order mark");
	}
}

/* --- for editors -------------------------------------------------------------------------- */

static void
add_member(struct buf *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(out, ",\"%s\":", name);
	buf_add_json_string(out, text, strlen(text));
}

static void
json_one(const struct source *s, const struct diagnostic *g, struct buf *out)
{
	struct outline_span span;
	struct excerpt_point p;

	buf_addf(out, "{\"severity\":\"%s\",\"code\":\"%s\"",
	    g->severity == DIAGNOSTIC_ERROR ? "ERROR" : "WARNING", g->code);
	add_member(out, "message", g->message);
	add_member(out, "location", g->location);
	if (source_find(s, g, &span)) {
		p = excerpt_point(s->text, s->len, span.begin);
		buf_addf(out, ",\"line\":%zu,\"column\":%zu", p.line, p.column);
		p = excerpt_point(s->text, s->len, span.end);
		buf_addf(out, ",\"endLine\":%zu,\"endColumn\":%zu", p.line, p.column);
	}
	add_member(out, "suggestion", g->suggestion);
	add_member(out, "hint", g->hint);
	buf_addc(out, '}');
}

void
problems_print_json(const struct source *s, const struct diagnostics *d, struct buf *out)
{
	size_t i;

	buf_addf(out, "{\"result\":\"%s\",\"diagnostics\":[", d->nerrors > 0 ? "FAIL" : "OK");
	for (i = 0; i < d->n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		json_one(s, &d->list[i], out);
	}
	buf_adds(out, "]}");
}

/* --- for other commands than validate ------------------------------------------------------- */

static void
complain(const struct source *s, const struct diagnostics *d)
{
	struct buf out;

	buf_init(&out, BUF_UNLIMITED);
	problems_print(NULL, s, d, &out);
	fputs(buf_text(&out), stderr);
	buf_fini(&out);
}

struct machine *
problems_compile(const struct source *s, enum machine_type type)
{
	struct diagnostics d;
	struct machine *m;

	diagnostics_init(&d);
	d.help = true;
	m = source_compile(s, type, &d);
	if (m == NULL)
		complain(s, &d);
	diagnostics_fini(&d);
	return m;
}

char *
problems_source_json(const struct source *s)
{
	char *json = source_json(s);

	if (json == NULL)
		problems_compile(s, MACHINE_STANDARD);
	return json;
}
