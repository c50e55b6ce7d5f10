/*
 * source - a definition as a person wrote it: JSON, JSON with comments, or YAML.
 *
 * AWS and the API take plain JSON only. What is read here is made JSON before anything
 * else looks at it, and a diagnostic finds its way back to the text that was written.
 *
 *	text -> struct outline (where things are)
 *	     -> JSON           (what is compiled, and sent)
 *
 * The JSON of a text with comments has blanks in their place, so that its offsets are
 * those of the text; the JSON of YAML is printed from the outline.
 */
#ifndef PAWL_CLI_SOURCE_H
#define PAWL_CLI_SOURCE_H

#include "asl/compile.h"
#include "cli/outline.h"

enum source_format { SOURCE_JSON, SOURCE_YAML };

struct source {
	char *name; /* for messages */
	char *text; /* as written, without a byte order mark */
	size_t len;
	enum source_format format;
	bool marked;   /* there was a byte order mark */
	bool comments; /* or commas before a closing bracket: no plain JSON */
	struct buf json;
	struct arena arena; /* of the outline */
	struct outline_node *root;
	struct outline_span root_span;
	/* what keeps it from being JSON at all; then there is neither JSON nor an outline */
	char *problem;
	struct outline_span problem_span;
};

/* Reads the file ("-": standard input). NULL after cli_fail's line. */
struct source *source_open(const char *path);
/* Takes text. The name ends in .yaml, .yml, .json, .jsonc, or the text tells what it is. */
struct source *source_new_take(const char *name, char *text, size_t len);
void source_free(struct source *s); /* NULL is fine */

/* As machine_compile; a text that is no JSON and no YAML is an error among d. */
struct machine *source_compile(const struct source *s, enum machine_type type,
    struct diagnostics *d);
/* The definition as the API takes it: what was written when that is plain JSON, else its content. Yours; NULL = a problem. */
char *source_json(const struct source *s);
/* Where the diagnostic of source_compile stands; false = in no particular place. */
bool source_find(const struct source *s, const struct diagnostic *g, struct outline_span *span);

/* source_jsonc.c, source_yaml.c: fill json, root and root_span, or problem and problem_span. */
void source_read_json(struct source *s);
void source_read_yaml(struct source *s);
/* Says what is wrong with the text, unless something is already. */
void source_fail(struct source *s, size_t begin, size_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
