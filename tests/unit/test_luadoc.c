/*
 * test_luadoc - documents in Lua and back: nothing is lost on the way, and what was not
 * touched is the same document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/luabox.h"

/* Runs code with the global input; the result as JSON, or "!message". Yours. */
static char *
run(const char *code, const char *input, size_t output_max)
{
	struct luabox_options o = { .steps = 1000000,
		.memory = 16 << 20,
		.output_max = output_max };
	struct luabox *b = luabox_new(&o);
	struct doc in = doc_parse(input, strlen(input), NULL), result;
	struct luabox_value global = { .name = "input", .value = in };
	struct luabox_call call = { .globals = &global, .nglobals = 1 };
	struct luabox_failure f;
	int id = luabox_load(b, "Test", code, strlen(code), NULL);
	char *text;

	assert_true(id >= 0);
	if (luabox_run(b, id, &call, &result, &f) == 0) {
		text = doc_text(result, NULL);
		doc_unref(result);
	} else {
		text = xasprintf("!%s", f.message);
		luabox_failure_fini(&f);
	}
	doc_unref(in);
	luabox_free(b);
	return text;
}

static void
check(const char *code, const char *input, const char *expected)
{
	char *text = run(code, input, 1 << 20);

	assert_string_equal(text, expected);
	free(text);
}

static void
an_untouched_document_comes_back_as_it_was(void **state)
{
	static const char input[] =
	    "{\"z\":1,\"a\":[1.0,1e2,12345678901234567890,-0.0],\"e\":{},\"l\":[],\"n\":null,"
	    "\"t\":\"\\u0000\xe2\x82\xac\"}";

	(void)state;
	check("return input", input, input);
	check("local x = input.a[2] + input.z for k, v in pairs(input) do x = v end return input",
	    input, input);
	check("return {input, input.a}", "{\"a\":[1.50]}", "[{\"a\":[1.50]},[1.50]]");
}

static void
scalars_have_the_types_that_lua_has_for_them(void **state)
{
	(void)state;
	check("return math.type(input)", "5", "\"integer\"");
	check("return math.type(input)", "5.0", "\"float\"");
	check("return math.type(input)", "5e0", "\"float\"");
	check("return math.type(input)", "9223372036854775807", "\"integer\"");
	check("return math.type(input)", "9223372036854775808", "\"float\"");
	check("return input == pawl.null and type(input)", "null", "\"null\"");
	check("return type(input) .. type(input.a) .. #input.a", "{\"a\":[1]}", "\"tabletable1\"");
	check("return #input", "\"\\u0000\\u20ac\"", "4");
	check("return input + 1", "1e400", "!a number of 5 characters is too large for Lua");
}

static void
results_keep_integers_floats_and_null(void **state)
{
	(void)state;
	check("return {1, 1.0, -0.0, 0.1, 1e300, 2^53, 10 // 3, 10 / 5}", "null",
	    "[1,1.0,-0.0,0.1,1e+300,9007199254740992.0,3,2.0]");
	check("return {a = pawl.null}", "null", "{\"a\":null}");
	check("return {pawl.null, 1, json.null}", "null", "[null,1,null]");
	check("return {true, false, '\xe2\x82\xac\\n'}", "null",
	    "[true,false,\"\xe2\x82\xac\\n\"]");
	check("return math.mininteger", "null", "-9223372036854775808");
}

static void
writing_changes_what_was_written_and_nothing_else(void **state)
{
	static const char input[] =
	    "{\"z\":1.50,\"a\":{\"n\":12345678901234567890,\"deep\":[1.0,{\"x\":1}]},\"k\":[1e2,2]}";

	(void)state;
	check("input.a.deep[2].x = 2 return input", input,
	    "{\"z\":1.50,\"a\":{\"n\":12345678901234567890,\"deep\":[1.0,{\"x\":2}]},\"k\":[1e2,2]}");
	check("input.new = 1 input.also = 2 return input", input,
	    "{\"z\":1.50,\"a\":{\"n\":12345678901234567890,\"deep\":[1.0,{\"x\":1}]},\"k\":[1e2,2],\"also\":2,\"new\":1}");
	check("input.a = nil return input", input, "{\"z\":1.50,\"k\":[1e2,2]}");
	check("input.a.n = input.a.n return input.a", input,
	    "{\"n\":12345678901234567890,\"deep\":[1.0,{\"x\":1}]}");
	check("input.k[3] = 3 return input.k", input, "[1e2,2,3]");
	check("local k = input.k input.k = nil k[1] = 0 return {input.k == nil, k}", input,
	    "[true,[0,2]]");
	check("local a = input.a a.deep = nil return input.a == a", input, "true");
	check("for k, v in pairs(input) do input[k] = 0 end return input", input,
	    "{\"z\":0,\"a\":0,\"k\":0}");
	check("input.z = nil input.z = 9 return input", "{\"a\":1,\"z\":2,\"b\":3}",
	    "{\"a\":1,\"z\":9,\"b\":3}");
	check("input.x = input return 1", input, "1");
}

static void
empty_arrays_and_objects_are_told_apart(void **state)
{
	(void)state;
	check("return {}", "null", "{}");
	check("return pawl.array()", "null", "[]");
	check("return pawl.array({1})", "null", "[1]");
	check("return pawl.object({})", "null", "{}");
	check("table.remove(input) return input", "[1]", "[]");
	check("input.a = nil return input", "{\"a\":1}", "{}");
	check("input[1] = 5 return input", "{}", "[5]");
	check("local t = pawl.array() t[1] = 1 return t", "null", "[1]");
	check("return pawl.array(setmetatable({}, {}))", "null",
	    "!the table has a metatable already");
}

static void
arrays_are_read_in_any_order(void **state)
{
	(void)state;
	check("local t = {} for i = #input, 1, -1 do t[#t + 1] = input[i].v end return t",
	    "[{\"v\":1},{\"v\":2},{\"v\":3}]", "[3,2,1]");
	check(
	    "return {input[2], input[2], input[1], input[4] == nil, input[0] == nil, input.x == nil, input[1.0]}",
	    "[1,2,3]", "[2,2,1,true,true,true,1]");
	check("local a, b = input[1], input[3] a.x = 1 b.x = 1 return {input, a == input[1]}",
	    "[{},{},{}]", "[[{\"x\":1},{},{\"x\":1}],true]");
}

static void
what_is_no_document_is_refused_with_a_reason(void **state)
{
	(void)state;
	check("return type", "null", "!the result: a function cannot be put into a document");
	check("return {a = coroutine.create(type)}", "null",
	    "!the result: a thread cannot be put into a document");
	check("return pawl.pure(type)", "null",
	    "!the result: a userdata cannot be put into a document");
	check("return 0 / 0", "null",
	    "!the result: a number that is not finite cannot be put into a document");
	check("return {1, nil, 3}", "null",
	    "!the result: an array with holes cannot be put into a document; use pawl.null");
	check("return {1, a = 2}", "null",
	    "!the result: a table with both texts and integers as keys is neither an array nor an object");
	check("return {[true] = 1}", "null",
	    "!the result: a table with a key that is neither a text nor a positive integer cannot be put into a document");
	check("return {[1.5] = 1}", "null",
	    "!the result: a table with a key that is neither a text nor a positive integer cannot be put into a document");
	check("return '\\xff'", "null",
	    "!the result: a text that is not valid UTF-8 cannot be put into a document");
	check("return {['\\xff'] = 1}", "null",
	    "!the result: a name that is not valid UTF-8 cannot be put into a document");
	check("local t = {} t.t = t return t", "null",
	    "!the result: a table is nested too deep, or holds itself");
	check("input.self = input return input", "{}",
	    "!the result: a table is nested too deep, or holds itself");
}

static void
a_result_is_limited_in_size_and_work(void **state)
{
	char *text = run("return ('x'):rep(2000)", "null", 1000);

	(void)state;
	assert_string_equal(text, "!the result: the result is larger than the limit");
	free(text);
	text = run("return {input, input, input}", "[\"aaaaaaaaaaaaaaaaaaaa\"]", 50);
	assert_string_equal(text, "!the result: the result is larger than the limit");
	free(text);
	text = run("local t = {1} for i = 1, 40 do t = {t, t} end return t", "null", 64 << 20);
	assert_string_equal(text, "!the budget of steps is used up");
	free(text);
}

static void
json_is_encoded_and_decoded(void **state)
{
	(void)state;
	check("return json.encode({b = 1, a = {1, pawl.null}})", "null",
	    "\"{\\\"a\\\":[1,null],\\\"b\\\":1}\"");
	check("return json.encode(input)", "{\"z\":1.50,\"a\":[]}",
	    "\"{\\\"z\\\":1.50,\\\"a\\\":[]}\"");
	check("return json.decode('{\"z\":[1,{}],\"a\":1.0}')", "null", "{\"z\":[1,{}],\"a\":1.0}");
	check("return json.decode('5') + json.decode('\"6\"')", "null", "11");
	check("return json.decode('null') == pawl.null", "null", "true");
	check("local ok, e = pcall(json.decode, '{') return ok", "null", "false");
	check("local ok, e = pcall(json.encode, type) return e", "null",
	    "\"a function cannot be put into a document\"");
}

static void
deep_documents_go_through(void **state)
{
	char input[1500];

	(void)state;
	memset(input, '[', 700);
	memset(input + 700, ']', 700);
	input[1400] = '\0';
	check("return input", input, input);
	memcpy(input + 700, "1", 1);
	memset(input + 701, ']', 700);
	input[1401] = '\0';
	check("local t = input for i = 1, 699 do t = t[1] end t[1] = 2 return input[1] ~= nil",
	    input, "true");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untouched_document_comes_back_as_it_was),
		cmocka_unit_test(scalars_have_the_types_that_lua_has_for_them),
		cmocka_unit_test(results_keep_integers_floats_and_null),
		cmocka_unit_test(writing_changes_what_was_written_and_nothing_else),
		cmocka_unit_test(empty_arrays_and_objects_are_told_apart),
		cmocka_unit_test(arrays_are_read_in_any_order),
		cmocka_unit_test(what_is_no_document_is_refused_with_a_reason),
		cmocka_unit_test(a_result_is_limited_in_size_and_work),
		cmocka_unit_test(json_is_encoded_and_decoded),
		cmocka_unit_test(deep_documents_go_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
