/*
 * fuzz_jsonpath - any path on any document, any call of an intrinsic function: nothing but
 * a value or an error with its name comes out.
 *
 * The input is a path or a call, a line end, and the text of a document.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expr/intrinsic.h"
#include "expr/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct doc
give_context(void *arg)
{
	return *(struct doc *)arg;
}

/* What came out is a document that prints as JSON, or an error that says something. */
static void
check_result(int rc, struct doc out, struct err *e)
{
	struct buf text;
	struct doc again;

	require((rc == 0) == !doc_is_none(out) && (rc == 0) == !err_is_set(e));
	if (rc != 0) {
		require(strncmp(e->name, "States.", 7) == 0 && *err_cause(e) != '\0');
		require(doc_utf8_valid(err_cause(e), strlen(err_cause(e))));
		err_fini(e);
		return;
	}
	buf_init(&text, BUF_UNLIMITED);
	doc_print(out, &text);
	again = doc_parse(buf_text(&text), text.len, NULL);
	/* A result may stand deeper than a text that is parsed. */
	if (!doc_is_none(again))
		require(doc_equal(again, out));
	doc_unref(again);
	doc_unref(out);
	buf_fini(&text);
}

/* What was written at a reference path is found there. */
static void
check_put(const struct jsonpath *p, struct doc into)
{
	struct doc value = doc_int(42), made, found;
	struct err e = ERR_INIT;
	int rc = jsonpath_put(p, into, value, &made, &e);

	if (rc == 0) {
		struct expr_scope s = { .root = made };

		require(jsonpath_eval(p, &s, &found, NULL) == 0);
		require(doc_equal(found, value));
		doc_unref(found);
	}
	check_result(rc, rc == 0 ? made : DOC_NONE, &e);
	doc_unref(value);
}

static void
check_path(const char *text, size_t len, const struct expr_scope *s)
{
	struct err e = ERR_INIT;
	struct jsonpath *p = jsonpath_compile(text, len, &e);
	struct doc out;
	int rc;

	require((p == NULL) == err_is_set(&e));
	err_fini(&e);
	if (p == NULL)
		return;
	require(!jsonpath_is_reference(p) || jsonpath_is_definite(p));
	require(!jsonpath_is_whole(p) || jsonpath_is_reference(p));
	require((jsonpath_variable(p) != NULL) == (jsonpath_root_kind(p) == JSONPATH_VARIABLE));
	rc = jsonpath_eval(p, s, &out, &e);
	check_result(rc, out, &e);
	if (jsonpath_is_reference(p) && jsonpath_root_kind(p) == JSONPATH_DOCUMENT)
		check_put(p, s->root);
	jsonpath_free(p);
}

static void
check_call(const char *text, size_t len, const struct expr_scope *s)
{
	struct err e = ERR_INIT;
	struct intrinsic *f = intrinsic_compile(text, len, &e);
	struct doc out;
	int rc;

	require((f == NULL) == err_is_set(&e));
	err_fini(&e);
	if (f == NULL)
		return;
	rc = intrinsic_eval(f, s, &out, &e);
	check_result(rc, out, &e);
	intrinsic_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct expr_random random = { 1 };
	struct expr_scope s = { .context = give_context, .random = &random };
	struct doc root;
	size_t len;

	if (line == NULL)
		return 0;
	len = (size_t)(line - text);
	/* Paths come out of documents: they are UTF-8 always. */
	if (!doc_utf8_valid(text, len))
		return 0;
	root = doc_parse(line + 1, size - len - 1, NULL);
	if (doc_is_none(root))
		root = doc_parse("{\"a\":[1,{\"b\":\"c\"}]}", 19, NULL);
	s.root = root;
	s.vars = doc_type(root) == DOC_OBJECT ? root : DOC_NONE;
	s.context_arg = &root;
	if (intrinsic_is_call(text, len))
		check_call(text, len, &s);
	else
		check_path(text, len, &s);
	doc_unref(root);
	return 0;
}
