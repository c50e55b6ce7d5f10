/*
 * compile - a definition's text to a machine.
 *
 * The work is spread by noun: compile_container.c names the states of StartAt and
 * States and compiles each (compile_state.c and its neighbours), check_flow.c looks
 * at the whole. Every part reports all it finds and goes on.
 */
#include "asl/compile.h"

#include "asl/compiler.h"
#include "base/xalloc.h"
#include "expr/ident.h"

#define SOURCE_SHOWN_MAX 500 /* characters of the text that a JSON error quotes */

/* The text is no JSON. The words are those of the service's parser, which quotes the beginning of the text. */
static void
report_json(struct diagnostics *d, const char *text, size_t len, const char *cause, size_t line,
    size_t column)
{
	struct buf source;
	size_t shown = 0, n = 0, left;

	while (shown < len && n < SOURCE_SHOWN_MAX) {
		shown++;
		while (shown < len && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown++;
		n++;
	}
	left = ident_characters(text + shown, len - shown);
	buf_init(&source, BUF_UNLIMITED);
	buf_adds(&source, "[Source: (String)\"");
	buf_add(&source, text, shown);
	buf_addc(&source, '"');
	if (left > 0)
		buf_addf(&source, "[truncated %zu chars]", left);
	buf_addf(&source, "; line: %zu, column: %zu]", line, column);
	diagnostics_add(d, DIAGNOSTIC_ERROR, "INVALID_JSON_DESCRIPTION", buf_text(&source),
	    "%s\n at %s", cause, buf_text(&source));
	buf_fini(&source);
}

/* The text as a JSON object, or DOC_NONE and a diagnostic. */
static struct doc
parse_definition(const char *text, size_t len, struct diagnostics *d)
{
	struct err e = ERR_INIT;
	size_t line = 1, column = 1;
	struct doc def = DOC_NONE;

	if (len > 0)
		def = doc_parse_at(text, len, &e, &line, &column);
	if (doc_is_none(def) && len > 0) {
		report_json(d, text, len, err_cause(&e), line, column);
	} else if (doc_is_none(def) || doc_type(def) != DOC_OBJECT) {
		diagnostics_add(d, DIAGNOSTIC_ERROR, SCHEMA, NULL,
		    "Definition must be a valid JSON object");
		doc_unref(def);
		def = DOC_NONE;
	}
	err_fini(&e);
	return def;
}

/* The fields that only the machine itself has, and what is in its States. */
static void
compile_top(const struct part *p)
{
	static const char *const known[] = { "StartAt", "States", "Comment", "Version",
		"TimeoutSeconds", "QueryLanguage", "Limit", NULL };
	static const char *const versions[] = { "1.0" };
	struct place language = place_name(NULL, "QueryLanguage");
	struct machine *m = p->c->m;
	struct doc v = field_get(p, "QueryLanguage");

	fields_only(p, known);
	field_choice(p, "Version", versions, 1);
	field_integer(p, "TimeoutSeconds", 1, ASL_SECONDS_MAX, &m->timeout_s);
	if (!doc_is_none(v))
		m->language = compile_language(p->c, v, &language);
	compile_limits(p, &m->limits);
	compile_container(p, &m->top, NULL);
}

struct machine *
machine_compile(const char *text, size_t len, enum machine_type type, struct diagnostics *d)
{
	struct doc def = parse_definition(text, len, d);
	struct compiler c = { .d = d, .type = type };
	struct part top = { .c = &c, .def = def };
	size_t before = d->nerrors, i;

	if (doc_is_none(def))
		return NULL;
	diagnostics_init(&c.unbuilt);
	c.m = xcalloc(1, sizeof(*c.m));
	c.m->refs = 1;
	c.m->definition = def;
	compile_top(&top);
	for (i = 0; d->nerrors == before && i < c.unbuilt.n; i++)
		diagnostics_add(d, DIAGNOSTIC_ERROR, c.unbuilt.list[i].code,
		    c.unbuilt.list[i].location, "%s", c.unbuilt.list[i].message);
	diagnostics_fini(&c.unbuilt);
	names_fini(&c.names);
	labels_fini(&c.labels);
	if (d->nerrors > before) {
		machine_unref(c.m);
		return NULL;
	}
	return c.m;
}
