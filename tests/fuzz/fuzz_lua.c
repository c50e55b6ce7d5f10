/*
 * fuzz_lua - any text as Lua code in the sandbox: it ends within its budget, and what it
 * returns is a document that reads back as the same.
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct luabox_options o = { .steps = 100000, .memory = 4 << 20, .output_max = 1 << 20 };
	struct luabox *b = luabox_new(&o);
	struct doc input = doc_parse(INPUT, strlen(INPUT), NULL), result;
	struct luabox_value global = { .name = "input", .value = input };
	struct luabox_call call = { .seed = 1, .globals = &global, .nglobals = 1 };
	struct luabox_failure f;
	int code = luabox_load(b, "Fuzz", (const char *)data, size, NULL);

	if (code >= 0 && luabox_run(b, code, &call, &result, &f) == 0) {
		check_result(result);
		doc_unref(result);
	} else if (code >= 0) {
		luabox_failure_fini(&f);
	}
	doc_unref(input);
	luabox_free(b);
	return 0;
}
