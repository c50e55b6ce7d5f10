/*
 * fuzz_jsonpath - any path on any document: nothing but a value or an error with its name
 * comes out.
 *
 * The input is a path, a line end, and the text of a document.
 */
#include "expr/jsonpath.h"
#include "result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct doc
give_context(void *arg)
{
	return *(struct doc *)arg;
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct expr_scope s = { .context = give_context };
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
	check_path(text, len, &s);
	doc_unref(root);
	return 0;
}
