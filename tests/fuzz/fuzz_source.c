/*
 * fuzz_source - any bytes as a definition's file, in JSON, YAML and what they look like:
 * what is accepted is a document and compiles to diagnostics whose places lie in the text;
 * what is printed about it holds nothing that a terminal would obey.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/problems.h"

#define COMPILED_MAX \
	(1u << 20) /* bytes: aliases can make more of a few bytes than is worth the time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_span(const struct source *s, struct outline_span span)
{
	require(span.begin <= span.end && span.end <= s->len);
}

/* What AWS would get is JSON, and means what was read. */
static void
check_json(const struct source *s)
{
	char *json = source_json(s);
	struct doc sent, read;

	require((json == NULL) == (s->problem != NULL));
	if (json == NULL)
		return;
	sent = doc_parse(json, strlen(json), NULL);
	read = doc_parse(s->json.data, s->json.len, NULL);
	require(!doc_is_none(sent) && !doc_is_none(read) && doc_equal(sent, read));
	check_span(s, s->root_span);
	doc_unref(sent);
	doc_unref(read);
	free(json);
}

static void
check_printed(const struct source *s, const struct diagnostics *d)
{
	struct buf b;
	struct doc json;
	size_t i;

	buf_init(&b, BUF_UNLIMITED);
	problems_print(NULL, s, d, &b);
	for (i = 0; i < b.len; i++)
		require(
		    b.data[i] == '\n' || ((unsigned char)b.data[i] >= ' ' && b.data[i] != '\x7f'));
	require(doc_utf8_valid(buf_text(&b), b.len));
	buf_reset(&b);
	problems_print_json(s, d, &b);
	json = doc_parse(buf_text(&b), b.len, NULL);
	require(doc_len(doc_gets(json, "diagnostics")) == d->n);
	doc_unref(json);
	buf_fini(&b);
}

static void
check(const char *name, const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	struct outline_span span;
	struct diagnostics d;
	struct source *s;
	size_t i;

	memcpy(text, data, size);
	text[size] = '\0';
	s = source_new_take(name, text, size);
	if (s->problem != NULL)
		check_span(s, s->problem_span);
	if (s->json.len <= COMPILED_MAX) {
		check_json(s);
		diagnostics_init(&d);
		d.help = true;
		machine_unref(source_compile(s, MACHINE_STANDARD, &d));
		for (i = 0; i < d.n; i++)
			if (source_find(s, &d.list[i], &span))
				check_span(s, span);
		check_printed(s, &d);
		diagnostics_fini(&d);
	}
	source_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check("f.json", data, size);
	check("f.yaml", data, size);
	check("f", data, size);
	return 0;
}
