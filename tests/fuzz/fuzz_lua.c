/*
 * fuzz_lua - any text as Lua code in the sandbox, as a chunk and as an expression: it ends
 * within its budget, and what it returns is a document that reads back as the same.
 *
 * What stands behind a NUL is the text of the document that the code sees as input.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expr/luabox.h"

#define INPUT \
	"{\"z\":1.50,\"a\":[1,2,{\"b\":null,\"c\":[]}],\"s\":\"text\",\"n\":12345678901234567890}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_result(struct doc result)
{
	size_t len;
	char *text = doc_text(result, &len);
	struct doc again = doc_parse(text, len, NULL);

	if (doc_is_none(again) || !doc_equal(result, again))
		abort();
	doc_unref(again);
	free(text);
}

typedef int load_fn(struct luabox *b, const char *name, const char *text, size_t len,
    struct err *e);

static void
check_code(load_fn *load, const char *text, size_t len, struct doc input)
{
	struct luabox_options o = { .steps = 100000, .memory = 4 << 20, .output_max = 1 << 20 };
	struct luabox *b = luabox_new(&o);
	struct luabox_value global = { .name = "input", .value = input };
	struct luabox_call call = { .seed = 1, .globals = &global, .nglobals = 1 };
	struct luabox_failure f;
	struct doc result;
	int code = load(b, "Fuzz", text, len, NULL);

	if (code >= 0 && luabox_run(b, code, &call, &result, &f) == 0) {
		check_result(result);
		doc_unref(result);
	} else if (code >= 0) {
		luabox_failure_fini(&f);
	}
	luabox_free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size > 0 ? memchr(text, '\0', size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - text) : size;
	struct doc input = DOC_NONE;

	if (nul != NULL)
		input = doc_parse(nul + 1, size - len - 1, NULL);
	if (doc_is_none(input))
		input = doc_parse(INPUT, strlen(INPUT), NULL);
	check_code(luabox_load, text, len, input);
	check_code(luabox_load_expression, text, len, input);
	doc_unref(input);
	return 0;
}
