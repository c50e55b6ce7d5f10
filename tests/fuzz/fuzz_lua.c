/*
 * fuzz_lua - any text as Lua code in the sandbox, as a chunk and as an expression of a state: it ends
 * within its budget, and what it returns is a document that reads back as the same.
 *
 * An expression is evaluated twice with the same seed: both times the same comes out, whatever the
 * first time did to its globals, libraries and documents. What stands behind a NUL is the text of the
 * document that the code sees as input.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "expr/expression.h"
#include "expr/luabox.h"

#define STEPS 100000
#define INPUT \
	"{\"z\":1.50,\"a\":[1,2,{\"b\":null,\"c\":[]}],\"s\":\"text\",\"n\":12345678901234567890}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_result(struct doc result)
{
	size_t len;
	char *text = doc_text(result, &len);
	struct doc again = doc_parse(text, len, NULL);

	require(!doc_is_none(again) && doc_equal(result, again));
	doc_unref(again);
	free(text);
}

static void
run_chunk(const char *text, size_t size, struct doc input)
{
	struct luabox_options o = { .steps = STEPS, .memory = 4 << 20, .output_max = 1 << 20 };
	struct luabox *b = luabox_new(&o);
	struct luabox_value global = { .name = "input", .value = input };
	struct luabox_call call = { .seed = 1, .globals = &global, .nglobals = 1 };
	struct luabox_failure f;
	struct doc result;
	int code = luabox_load(b, "Fuzz", text, size, NULL);

	if (code >= 0 && luabox_run(b, code, &call, &result, &f) == 0) {
		check_result(result);
		doc_unref(result);
	} else if (code >= 0) {
		luabox_failure_fini(&f);
	}
	luabox_free(b);
}

static struct doc
give_context(void *arg)
{
	return *(struct doc *)arg;
}

static int
give_module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	static const char module[] =
	    "local m = {n = 1} function m.twice(x) return x * 2 end return m";

	(void)arg;
	if (strcmp(name, "m") != 0)
		return err_set(e, "pawl.Fuzz", "there is no such module");
	if (*stamp == 1)
		return 1;
	*stamp = 1;
	buf_adds(text, module);
	return 0;
}

/* The value, or the sentence of the error as one; yours. Looks at either. */
static struct doc
evaluate(const struct expression *x, struct doc input, struct doc vars)
{
	static const struct expr_host host = { .module = give_module };
	struct expr_random random = { .state = 7 };
	const char *field = NULL;
	int64_t steps = STEPS;
	struct expr_scope s = { .root = input,
		.result = vars,
		.vars = vars,
		.context = give_context,
		.context_arg = &input,
		.random = &random,
		.host = &host,
		.steps = &steps,
		.failed_field = &field };
	struct err e = ERR_INIT;
	struct doc out = DOC_NONE;
	int rc = expression_eval(x, &s, &out, &e);

	require((rc == 0) == !doc_is_none(out) && (rc == 0) == !err_is_set(&e));
	require(steps <= STEPS);
	if (rc == 0) {
		check_result(out);
		return out;
	}
	require(field != NULL && strcmp(e.name, "States.QueryEvaluationError") == 0);
	require(doc_utf8_valid(err_cause(&e), strlen(err_cause(&e))));
	out = doc_string(err_cause(&e), strlen(err_cause(&e)));
	err_fini(&e);
	return out;
}

static void
run_expression(const char *text, size_t size, struct doc input)
{
	struct luacode *lua = luacode_new();
	const struct expression_home home = { .language = QUERY_LUA, .lua = lua, .state = "Fuzz" };
	struct buf marked;
	struct doc vars = doc_parse(INPUT, strlen(INPUT), NULL), first, second;
	struct expression *x;

	buf_init(&marked, BUF_UNLIMITED);
	buf_adds(&marked, "{%");
	buf_add(&marked, text, size);
	buf_adds(&marked, "%}");
	x = expression_compile(&home, "Output", buf_text(&marked), marked.len, NULL);
	if (x != NULL) {
		first = evaluate(x, input, vars);
		second = evaluate(x, input, vars);
		require(doc_equal(first, second));
		doc_unref(first);
		doc_unref(second);
	}
	expression_free(x);
	luacode_free(lua);
	doc_unref(vars);
	buf_fini(&marked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size > 0 ? memchr(text, '\0', size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - text) : size, printed_len;
	struct doc input = DOC_NONE, before;
	char *printed;

	if (nul != NULL)
		input = doc_parse(nul + 1, size - len - 1, NULL);
	if (doc_is_none(input))
		input = doc_parse(INPUT, strlen(INPUT), NULL);
	printed = doc_text(input, &printed_len);
	run_chunk(text, len, input);
	if (doc_utf8_valid(text, len)) /* what a definition can hold */
		run_expression(text, len, input);
	before = doc_parse(printed, printed_len, NULL);
	require(doc_equal(input, before));
	free(printed);
	doc_unref(input);
	doc_unref(before);
	return 0;
}
