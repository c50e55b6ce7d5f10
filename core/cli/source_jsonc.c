/*
 * source_jsonc - JSON, with comments and with commas before closing brackets.
 *
 * What JSON does not know is overwritten with blanks, then the strict parser has the
 * word. Where it is content the text is walked once more for the outline, which can
 * trust it.
 */
#include <string.h>

#include "base/xalloc.h"
#include "cli/source.h"
#include "cli/visible.h"

/* --- what JSON does not know -------------------------------------------------------- */

/* The end of the string that begins at the place. */
static size_t
string_end(const char *s, size_t len, size_t at)
{
	for (at++; at < len && s[at] != '"'; at++)
		if (s[at] == '\\' && at + 1 < len)
			at++;
	return at < len ? at + 1 : len;
}

/* The end of the comment that begins at the place; 0 = there is none, or it has no end. */
static size_t
comment_end(const char *s, size_t len, size_t at)
{
	const char *end;

	if (len - at < 2 || s[at] != '/')
		return 0;
	if (s[at + 1] == '/') {
		while (at < len && s[at] != '\n' && s[at] != '\r')
			at++;
		return at;
	}
	if (s[at + 1] != '*')
		return 0;
	end = memmem(s + at + 2, len - at - 2, "*/", 2);
	return end != NULL ? (size_t)(end - s) + 2 : 0;
}

static void
blank(char *s, size_t from, size_t to)
{
	for (; from < to; from++)
		if (s[from] != '\n' && s[from] != '\r')
			s[from] = ' ';
}

/* Blanks out comments and needless commas; true = there were some. */
static bool
blank_comments(char *s, size_t len)
{
	size_t at = 0, comma = SIZE_MAX, end;
	bool found = false;
	char before = '\0'; /* the last character that is no white space */

	while (at < len) {
		char c = s[at];

		if ((end = comment_end(s, len, at)) > 0) {
			blank(s, at, end);
			found = true;
			at = end;
			continue;
		}
		if ((c == '}' || c == ']') && comma != SIZE_MAX) {
			s[comma] = ' ';
			found = true;
		}
		if (strchr(" \t\r\n", c) == NULL || c == '\0') {
			comma = c == ',' && strchr("[{,:", before) == NULL ? at : SIZE_MAX;
			before = c;
		}
		at = c == '"' ? string_end(s, len, at) : at + 1;
	}
	return found;
}

/* --- the outline ---------------------------------------------------------------------- */

struct walk {
	struct source *s;
	const char *json;
	size_t at;
	struct buf scratch;
};

static void
walk_space(struct walk *w)
{
	while (strchr(" \t\r\n", w->json[w->at]) != NULL)
		w->at++;
}

static struct outline_span
walk_string(struct walk *w)
{
	struct outline_span span = { w->at, string_end(w->json, w->s->json.len, w->at) };

	w->at = span.end;
	return span;
}

static void
walk_key(struct walk *w, struct outline_member *m)
{
	struct doc key;
	const char *name;

	m->key = walk_string(w);
	key = doc_parse(w->json + m->key.begin, m->key.end - m->key.begin, NULL);
	name = doc_str(key, &w->scratch, &m->len);
	m->name = arena_memdup(&w->s->arena, name, m->len);
	doc_unref(key);
	walk_space(w);
	w->at++; /* : */
	walk_space(w);
}

static struct outline_node *walk_value(struct walk *w, struct outline_span *span);

static void
walk_members(struct walk *w, struct outline_node *node)
{
	w->at++;
	walk_space(w);
	while (strchr("]}", w->json[w->at]) == NULL) {
		struct outline_member *m = outline_add(&w->s->arena, node);

		if (node->type == DOC_OBJECT)
			walk_key(w, m);
		m->node = walk_value(w, &m->value);
		walk_space(w);
		if (w->json[w->at] == ',')
			w->at++;
		walk_space(w);
	}
	w->at++;
}

static enum doc_type
type_of(char c)
{
	switch (c) {
	case '{':
		return DOC_OBJECT;
	case '[':
		return DOC_ARRAY;
	case '"':
		return DOC_STRING;
	case 't':
		return DOC_TRUE;
	case 'f':
		return DOC_FALSE;
	case 'n':
		return DOC_NULL;
	default:
		return DOC_NUMBER;
	}
}

/* The recursion ends at DOC_DEPTH_MAX: the text was parsed. */
static struct outline_node *
walk_value(struct walk *w, struct outline_span *span)
{
	struct outline_node *node = outline_node(&w->s->arena, type_of(w->json[w->at]));

	*span = (struct outline_span){ w->at, w->at + 1 };
	if (node->type == DOC_OBJECT || node->type == DOC_ARRAY) {
		walk_members(w, node);
	} else if (node->type == DOC_STRING) {
		*span = walk_string(w);
	} else {
		w->at += strcspn(w->json + w->at, ",]} \t\r\n");
		span->end = w->at;
	}
	return node;
}

/* --- errors ------------------------------------------------------------------------------ */

/* The byte behind the character that the parser did not like; it counts in UTF-16 as Java does. */
static size_t
offset_of(const char *s, size_t len, size_t line, size_t column)
{
	size_t at = 0, units = 1;

	while (line > 1 && at < len) {
		if (s[at] == '\n' || (s[at] == '\r' && (at + 1 == len || s[at + 1] != '\n')))
			line--;
		at++;
	}
	while (units < column && at < len) {
		size_t n = visible_length(s + at, len - at);

		units += n == 4 ? 2 : 1;
		at += n;
	}
	return at;
}

static bool
is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Where what the parser did not like begins; it names the place behind. */
static size_t
token_begin(const char *s, size_t end, const char *cause)
{
	size_t at = end;

	if (strncmp(cause, "Unrecognized token", strlen("Unrecognized token")) == 0) {
		while (at > 0 && is_token(s[at - 1]))
			at--;
	} else if (at > 0) {
		at--;
		while (at > 0 && ((unsigned char)s[at] & 0xc0) == 0x80)
			at--;
	}
	return at;
}

static void
fail_json(struct source *s, const char *cause, size_t line, size_t column)
{
	size_t end = offset_of(s->json.data, s->len, line, column), begin;

	if (strstr(cause, "end-of-input") != NULL) {
		/* not the empty line at the end of the file, but the last there is */
		while (end > 0 && strchr(" \t\r\n", s->json.data[end - 1]) != NULL)
			end--;
		begin = end;
	} else {
		begin = token_begin(s->json.data, end, cause);
	}
	source_fail(s, begin, end, "%s", cause);
}

void
source_read_json(struct source *s)
{
	struct walk w = { .s = s };
	struct err e = ERR_INIT;
	size_t line, column;
	struct doc d;

	buf_add(&s->json, s->text, s->len);
	s->comments = blank_comments(s->json.data, s->json.len);
	d = doc_parse_at(s->json.data, s->json.len, &e, &line, &column);
	if (doc_is_none(d)) {
		fail_json(s, err_cause(&e), line, column);
		err_fini(&e);
		return;
	}
	buf_init(&w.scratch, BUF_UNLIMITED);
	w.json = s->json.data;
	walk_space(&w);
	s->root = walk_value(&w, &s->root_span);
	buf_fini(&w.scratch);
	doc_unref(d);
}
