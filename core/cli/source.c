/*
 * source - a definition as a person wrote it: JSON, JSON with comments, or YAML.
 */
#include "cli/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/visible.h"

#define MARK "\xef\xbb\xbf" /* the byte order mark of UTF-8 */
#define JSON_MAX (64u << 20)

void
source_fail(struct source *s, size_t begin, size_t end, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->problem != NULL)
		return;
	va_start(ap, fmt);
	n = vasprintf(&s->problem, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	s->problem_span = (struct outline_span){ begin, end };
}

/* --- which language --------------------------------------------------------------------- */

static bool
name_ends(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n > t && strcasecmp(name + n - t, tail) == 0;
}

/* JSON begins with a bracket, or a comment before it; what begins otherwise may be YAML. */
static enum source_format
format_of(const char *name, const char *text)
{
	if (name_ends(name, ".yaml") || name_ends(name, ".yml"))
		return SOURCE_YAML;
	if (name_ends(name, ".json") || name_ends(name, ".jsonc"))
		return SOURCE_JSON;
	text += strspn(text, " \t\r\n");
	return strchr("{[/", *text) != NULL ? SOURCE_JSON : SOURCE_YAML;
}

/* --- life ---------------------------------------------------------------------------------- */

/* False, and a problem, when it is no text at all. */
static bool
check_text(struct source *s)
{
	size_t at = 0;

	if (strspn(s->text, " \t\r\n") == s->len) {
		source_fail(s, 0, 0, "The file is empty");
		return false;
	}
	if (doc_utf8_valid(s->text, s->len))
		return true;
	while ((unsigned char)s->text[at] < 0x80 || visible_length(s->text + at, s->len - at) > 1)
		at += visible_length(s->text + at, s->len - at);
	source_fail(s, at, at + 1, "The file is not UTF-8: byte 0x%02x",
	    (unsigned char)s->text[at]);
	return false;
}

struct source *
source_new_take(const char *name, char *text, size_t len)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->marked = len >= strlen(MARK) && memcmp(text, MARK, strlen(MARK)) == 0;
	if (s->marked)
		memmove(text, text + strlen(MARK), len - strlen(MARK) + 1);
	s->name = xstrdup(name);
	s->text = text;
	s->len = len - (s->marked ? strlen(MARK) : 0);
	s->format = format_of(name, text);
	arena_init(&s->arena);
	buf_init(&s->json, JSON_MAX);
	if (!check_text(s))
		return s;
	if (s->format == SOURCE_JSON)
		source_read_json(s);
	else
		source_read_yaml(s);
	return s;
}

struct source *
source_open(const char *path)
{
	size_t len;
	char *text = cli_read_file(path, &len);

	return text == NULL
	    ? NULL
	    : source_new_take(strcmp(path, "-") == 0 ? "standard input" : path, text, len);
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	arena_fini(&s->arena);
	buf_fini(&s->json);
	free(s->problem);
	free(s->name);
	free(s->text);
	free(s);
}

/* --- what it is for ----------------------------------------------------------------------- */

struct machine *
source_compile(const struct source *s, enum machine_type type, struct diagnostics *d)
{
	if (s->problem == NULL)
		return machine_compile(s->json.data, s->json.len, type, d);
	diagnostics_add(d, DIAGNOSTIC_ERROR,
	    s->format == SOURCE_YAML ? "INVALID_YAML_DESCRIPTION" : "INVALID_JSON_DESCRIPTION",
	    NULL, "%s", s->problem);
	return NULL;
}

bool
source_find(const struct source *s, const struct diagnostic *g, struct outline_span *span)
{
	char *location;
	bool found = false;

	if (s->problem != NULL) {
		*span = s->problem_span;
		return true;
	}
	if (g->location == NULL || s->root == NULL)
		return false;
	if (g->below != NULL) {
		location =
		    xasprintf("%s%s", strcmp(g->location, "/") == 0 ? "" : g->location, g->below);
		found = outline_find(s->root, s->root_span, location, g->at_key, span);
		free(location);
	}
	if (!found)
		outline_find(s->root, s->root_span, g->location, false, span);
	return true;
}

char *
source_json(const struct source *s)
{
	struct doc d;
	char *text;

	if (s->problem != NULL)
		return NULL;
	if (!s->comments || s->format == SOURCE_YAML)
		return xstrndup(s->json.data, s->json.len);
	d = doc_parse(s->json.data, s->json.len, NULL);
	text = doc_text(d, NULL);
	doc_unref(d);
	return text;
}
