/*
 * test_template - payload templates and the intrinsic functions in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "expr/intrinsic.h"
#include "expr/template.h"

static const char document[] =
    "{\"a\":1,\"s\":\"str\",\"o\":{\"k\":[1,2,3]},\"n\":null,\"arr\":[1,2,2,1.0,\"2\",{\"x\":1,\"y\":2},"
    "{\"y\":2,\"x\":1.0}],\"half\":-1.5}";

static struct doc the_context;

static struct doc
give_context(void *arg)
{
	(void)arg;
	return the_context;
}

static void
remember(void *arg, enum template_problem problem, const char *where, const char *message,
    const char *reason)
{
	struct buf *b = arg;

	(void)problem;
	(void)reason;
	buf_addf(b, "%s%s: %s", b->len > 0 ? "; " : "", where, message);
}

/* The result as text, "!name: cause" when it fails, "?reports" when it does not compile. Yours. */
static char *
evaluate(const char *source)
{
	struct doc t = doc_parse(source, strlen(source), NULL);
	struct doc d = doc_parse(document, strlen(document), NULL);
	struct doc vars = doc_parse("{\"v\":{\"w\":[7,8]},\"name\":\"N\"}", 28, NULL);
	struct expr_random random = { 42 };
	struct expr_scope s = { .root = d,
		.vars = vars,
		.context = give_context,
		.random = &random };
	struct err e = ERR_INIT;
	struct template *template;
	struct buf reports;
	struct doc out;
	char *result;

	assert_false(doc_is_none(t));
	the_context = doc_parse("{\"Execution\":{\"Name\":\"e1\"}}", 27, NULL);
	buf_init(&reports, BUF_UNLIMITED);
	template = template_compile(NULL, "Parameters", t, remember, &reports);
	doc_unref(t);
	if (template == NULL) {
		result = xasprintf("?%s", buf_text(&reports));
	} else if (template_eval(template, &s, &out, &e) == 0) {
		result = doc_text(out, NULL);
		doc_unref(out);
	} else {
		result = xasprintf("!%s: %s", e.name, err_cause(&e));
	}
	err_fini(&e);
	template_free(template);
	buf_fini(&reports);
	doc_unref(the_context);
	doc_unref(vars);
	doc_unref(d);
	return result;
}

static void
expect(const char *source, const char *result)
{
	char *found = evaluate(source);

	if (strcmp(found, result) != 0)
		print_error("%s\n", source);
	assert_string_equal(found, result);
	free(found);
}

/* {"v.$": call}, and what member v is. */
static void
call(const char *text, const char *result)
{
	struct buf source, want;

	buf_init(&source, BUF_UNLIMITED);
	buf_init(&want, BUF_UNLIMITED);
	buf_adds(&source, "{\"v.$\":");
	buf_add_json_string(&source, text, strlen(text));
	buf_addc(&source, '}');
	if (result[0] == '!' || result[0] == '?')
		buf_adds(&want, result);
	else
		buf_addf(&want, "{\"v\":%s}", result);
	expect(buf_text(&source), buf_text(&want));
	buf_fini(&source);
	buf_fini(&want);
}

static void
computed_members_lose_their_suffix_and_the_rest_is_copied(void **state)
{
	(void)state;
	expect(
	    "{\"x.$\":\"$.a\",\"y\":\"$.a\",\"z\":{\"p.$\":\"$.o.k[1:]\",\"q\":[1,{\"r.$\":\"$.s\"}]}}",
	    "{\"x\":1,\"y\":\"$.a\",\"z\":{\"p\":[2,3],\"q\":[1,{\"r\":\"str\"}]}}");
	expect(
	    "{\"c.$\":\"$$.Execution.Name\",\"w.$\":\"$$\",\"v.$\":\"$v.w[1]\",\"all.$\":\"$v\"}",
	    "{\"c\":\"e1\",\"w\":{\"Execution\":{\"Name\":\"e1\"}},\"v\":8,\"all\":{\"w\":[7,8]}}");
	expect("{\"null.$\":\"$.n\"}", "{\"null\":null}");
	expect("[\"$.a\",\"States.UUID()\"]", "[\"$.a\",\"States.UUID()\"]");
	expect("\"$.a\"", "\"$.a\"");
	expect("{}", "{}");
	expect("{\"m.$\":\"$.o[*]\",\"none.$\":\"$..nothing\"}", "{\"m\":[[1,2,3]],\"none\":[]}");
}

static void
a_template_without_computed_parts_is_its_source(void **state)
{
	struct doc d = doc_parse("{\"a\":[{\"b\":1}]}", 15, NULL), out;
	struct template *t = template_compile(NULL, "Parameters", d, NULL, NULL);
	struct expr_scope s = { .root = d };

	(void)state;
	assert_true(template_is_static(t));
	assert_int_equal(template_eval(t, &s, &out, NULL), 0);
	assert_ptr_equal(out.block, d.block);
	assert_int_equal(out.node, d.node);
	doc_unref(out);
	template_free(t);
	doc_unref(d);
}

static void
a_path_that_finds_nothing_names_field_and_input(void **state)
{
	(void)state;
	expect("{\"value.$\":\"$$.Execution.x\"}",
	    "!States.Runtime: The JSONPath '$$.Execution.x' specified for the field 'value.$' could "
	    "not be found in the input '{\"Execution\":{\"Name\":\"e1\"}}'");
	expect("{\"value.$\":\"$v.nope\"}",
	    "!States.Runtime: The JSONPath '$v.nope' specified for the field 'value.$' could not be "
	    "found in the input '{\"w\":[7,8]}'");
	call("States.Format('{}', $$.x)",
	    "!States.Runtime: The JsonPath argument for the field '$$.x' could not be found in the "
	    "input '{\"Execution\":{\"Name\":\"e1\"}}'");
}

static void
every_wrong_member_is_reported_where_it_stands(void **state)
{
	(void)state;
	expect("{\"x.$\":\"no\",\"l\":[0,{\"y.$\":5}],\"z.$\":\"$$23\"}",
	    "?/x.$: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic "
	    "function call; /l[1]/y.$: The value for the field 'y.$' must be a STRING; /z.$: The "
	    "value for the field 'z.$' must be a valid JSONPath or a valid intrinsic function call");
	expect("{\"o\":{\"x.$\":\"$.a\",\"x\":1}}",
	    "?/o/x.$: The field 'x.$' conflicts with the field of the same name without '.$'");
	expect("{\"x.$\":\" $.a\"}",
	    "?/x.$: The value for the field 'x.$' must be a valid JSONPath or "
	    "a valid intrinsic function call");
}

static void
a_deep_template_does_no_harm(void **state)
{
	struct buf b;
	char *result;
	int i;

	(void)state;
	buf_init(&b, BUF_UNLIMITED);
	for (i = 0; i < DOC_DEPTH_MAX - 1; i++)
		buf_adds(&b, "{\"a\":");
	buf_adds(&b, "{\"b.$\":\"$.a\"}");
	for (i = 0; i < DOC_DEPTH_MAX - 1; i++)
		buf_addc(&b, '}');
	result = evaluate(buf_text(&b));
	assert_non_null(strstr(result, "{\"b\":1}"));
	free(result);
	buf_fini(&b);
}

static void
collect(void *arg, const char *name)
{
	buf_addf(arg, "%s ", name);
}

static void
a_template_knows_the_variables_it_reads(void **state)
{
	const char *source =
	    "{\"a.$\":\"$x.y\",\"b\":[{\"c.$\":\"States.Array($p, States.Array($q.r), "
	    "$.no, $$.no)\"}]}";
	struct doc d = doc_parse(source, strlen(source), NULL);
	struct template *t = template_compile(NULL, "Parameters", d, NULL, NULL);
	struct buf names;

	(void)state;
	buf_init(&names, BUF_UNLIMITED);
	template_variables(t, collect, &names);
	assert_string_equal(names.data, "x p q ");
	buf_fini(&names);
	template_free(t);
	doc_unref(d);
}

/* --- intrinsic functions ------------------------------------------------------------- */

static void
format_fills_its_places(void **state)
{
	(void)state;
	call("States.Format('Hello {}, {}!', $.s, 2)", "\"Hello str, 2!\"");
	call("States.Format('{} {} {}', 1.50, true, null)", "\"1.50 true null\"");
	call("States.Format('{}', $.o)", "\"{k=[1, 2, 3]}\"");
	call("States.Format('\\{\\} \\'q\\' \\\\ {}', 1)", "\"{} 'q' \\\\ 1\"");
	call("States.Format('{a} {}', 1)", "\"{a} 1\"");
	call("States.Format( 'x' )", "\"x\"");
	call("States.Format('{} {}', 1)",
	    "!States.IntrinsicFailure: States.Format: the number of arguments does not match the "
	    "occurrences of {}");
	call("States.Format('', 1)",
	    "!States.IntrinsicFailure: States.Format: the number of arguments does not match the "
	    "occurrences of {}");
}

static void
json_functions_convert_and_merge(void **state)
{
	(void)state;
	call("States.StringToJson('{\"a\":[1]}')", "{\"a\":[1]}");
	call("States.StringToJson('')", "null");
	call("States.StringToJson(' ')", "null");
	call("States.StringToJson('-0')", "0");
	call("States.StringToJson('x')",
	    "!States.IntrinsicFailure: States.StringToJson: the string is not valid JSON");
	call("States.JsonToString($.o)", "\"{\\\"k\\\":[1,2,3]}\"");
	call("States.JsonMerge($.o, States.StringToJson('{\"z\":1,\"k\":2}'), false)",
	    "{\"k\":2,\"z\":1}");
	call("States.JsonMerge($.o, $.o, true)",
	    "!States.IntrinsicFailure: States.JsonMerge: the deep merge mode is not supported");
	call("States.JsonMerge($.s, $.o, false)",
	    "!States.IntrinsicFailure: Argument 1 of States.JsonMerge must be an object");
}

static void
array_functions_make_and_take_arrays(void **state)
{
	(void)state;
	call("States.Array()", "[]");
	call("States.Array('a', 1, $.n, States.Array(true))", "[\"a\",1,null,[true]]");
	call("States.ArrayPartition($.o.k, 2)", "[[1,2],[3]]");
	call("States.ArrayPartition($.o.k, 1.6)", "[[1,2],[3]]");
	call("States.ArrayPartition(States.Array(), 4)", "[]");
	call("States.ArrayPartition($.o.k, 0)",
	    "!States.IntrinsicFailure: States.ArrayPartition: the size of a chunk must be positive");
	call("States.ArrayContains($.arr, '2')", "true");
	call("States.ArrayContains($.arr, 3)", "false");
	call("States.ArrayRange(1, 9, 2)", "[1,3,5,7,9]");
	call("States.ArrayRange(3, 1, -1)", "[3,2,1]");
	call("States.ArrayRange(3, 1, 1)", "[]");
	call("States.ArrayRange(1, 1000, 1).x",
	    "?/v.$: The value for the field 'v.$' must be a valid "
	    "JSONPath or a valid intrinsic function call");
	call("States.ArrayRange(0, 1000, 1)",
	    "!States.IntrinsicFailure: States.ArrayRange: the range has more than 1000 elements");
	call("States.ArrayLength(States.ArrayRange(1, 1000, 1))", "1000");
	call("States.ArrayRange(0, 1, 0)",
	    "!States.IntrinsicFailure: States.ArrayRange: the step must not be 0");
	call("States.ArrayGetItem($.arr, 4)", "\"2\"");
	call("States.ArrayGetItem($.arr, 7)",
	    "!States.IntrinsicFailure: States.ArrayGetItem: the index is out of range");
	call("States.ArrayGetItem($.arr, -1)",
	    "!States.IntrinsicFailure: States.ArrayGetItem: the index is out of range");
	call("States.ArrayUnique($.arr)", "[1,2,\"2\",{\"x\":1,\"y\":2}]");
	call("States.ArrayGetItem($.arr[?(@.x == 1)].y, 0)", "2");
}

static void
encodings_and_hashes_are_right(void **state)
{
	(void)state;
	call("States.Base64Encode('Data to encode')", "\"RGF0YSB0byBlbmNvZGU=\"");
	call("States.Base64Encode('')", "\"\"");
	call("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "\"Data to encode\"");
	call("States.Base64Decode('YQ')", "\"a\"");
	call("States.Base64Decode('/w==')", "\"\xef\xbf\xbd\"");
	call("States.Base64Decode('a')",
	    "!States.IntrinsicFailure: States.Base64Decode: the string is not valid Base64");
	call("States.Base64Decode('Y-==')",
	    "!States.IntrinsicFailure: States.Base64Decode: the string is not valid Base64");
	call("States.Hash('input data', 'SHA-1')", "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"");
	call("States.Hash('', 'MD5')", "\"d41d8cd98f00b204e9800998ecf8427e\"");
	call("States.Hash($.o.k, 'SHA-256')",
	    "\"a615eeaee21de5179de080de8c3052c8da901138406ba71c38c032845f7d54f4\"");
	call("States.Hash('x', 'sha-1')",
	    "!States.IntrinsicFailure: States.Hash: the algorithm is none of MD5, SHA-1, SHA-256, "
	    "SHA-384, SHA-512");
}

static void
strings_are_split_at_every_character(void **state)
{
	(void)state;
	call("States.StringSplit('1,2,3', ',')", "[\"1\",\"2\",\"3\"]");
	call("States.StringSplit(',,,,', ',')", "[]");
	call("States.StringSplit(' , ', ',')", "[\" \",\" \"]");
	call("States.StringSplit('This.is+a,test=string', '.+,=')",
	    "[\"This\",\"is\",\"a\",\"test\",\"string\"]");
	call("States.StringSplit('a\xc3\xa9"
	     "b\xe2\x82\xac"
	     "c', '\xe2\x82\xac\xc3\xa9')",
	    "[\"a\",\"b\",\"c\"]");
	call("States.StringSplit('abc', '')", "[\"abc\"]");
}

static void
sums_round_half_up_first(void **state)
{
	(void)state;
	call("States.MathAdd(1.5, 1.51)", "4");
	call("States.MathAdd($.half, 0)", "-1");
	call("States.MathAdd(-0.5, 0.5)", "1");
	call("States.MathAdd($.a, -1)", "0");
	call("States.MathAdd(3000000000, 1)",
	    "!States.IntrinsicFailure: States.MathAdd: an integer is out of range");
	call("States.MathAdd(1, $.s)",
	    "!States.IntrinsicFailure: Argument 2 of States.MathAdd must be a number");
}

static void
random_values_come_from_the_scope(void **state)
{
	char *a = evaluate("{\"v.$\":\"States.UUID()\"}");
	char *b = evaluate("{\"v.$\":\"States.UUID()\"}");
	char *c = evaluate("{\"v.$\":\"States.MathRandom(1, 1000000, 42)\"}");
	char *d = evaluate("{\"w\":1,\"v.$\":\"States.MathRandom(1, 1000000, 42)\"}");
	struct expr_random r = { 1 };

	(void)state;
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), strlen("{\"v\":\"01234567-89ab-4def-8123-456789abcdef\"}"));
	assert_int_equal(a[20], '4');
	assert_string_equal(strstr(c, "\"v\""), strstr(d, "\"v\""));
	assert_int_not_equal(expr_random_next(&r), expr_random_next(&r));
	free(a);
	free(b);
	free(c);
	free(d);
	call("States.MathRandom(5, 6)", "5");
	call("States.MathRandom(5, 6, 1)", "5");
	call("States.MathRandom(5, 5)",
	    "!States.IntrinsicFailure: States.MathRandom: the start must be less than the end");
}

static void
what_is_no_call_is_refused(void **state)
{
	static const char *const bad[] = { "States.", "States.Nope()", "States.Array",
		"States.Array(", "States.Array(1", "States.Array(1,)", "States.Array(,1)",
		"States.Array(1) x", " States.Array()", "States.MathAdd(1,'-1')",
		"States.MathAdd(1)", "States.MathAdd(1, 2, 3)", "States.UUID(1)", "States.Format()",
		"States.Format(1)", "States.ArrayLength('x')", "States.JsonMerge($.a, $.b, 1)",
		"States.Array(abc)", "States.Array([1])", "States.Array(\"x\")", "States.Array('x)",
		"States.Array($.)",
		"States.StringToJson('{\"text\":\"An \\\"escaped double quote\\\" here\"}')",
		"States.Format('\\n')", "States.MathRandom(1)", "States.MathRandom(1,2,3,4)",
		"states.Array()", "States.array()",
		"States.Array(States.Array(States.Array(States.Array(States.Array(States.Array("
		"States.Array(States.Array(States.Array(States.Array(States.Array()))))))))))" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;

		assert_null(intrinsic_compile(bad[i], strlen(bad[i]), &e));
		assert_string_equal(e.name, "pawl.Intrinsic");
		err_fini(&e);
	}
}

/* A template in Lua, evaluated with {"n":1} as input and one variable. */
static char *
eval_lua(const char *text)
{
	struct luacode *code = luacode_new();
	struct expression_home home = { .language = QUERY_LUA, .lua = code, .state = "S" };
	struct doc d = doc_parse(text, strlen(text), NULL), out;
	struct expr_scope s = { .root = doc_parse("{\"n\":1}", 7, NULL),
		.vars = doc_parse("{\"v\":[]}", 8, NULL) };
	struct err e = ERR_INIT;
	struct template *t;
	struct buf reports;
	char *result;

	buf_init(&reports, BUF_UNLIMITED);
	t = template_compile(&home, "Output", d, remember, &reports);
	if (t == NULL) {
		result = xasprintf("refused %s", buf_text(&reports));
	} else if (template_eval(t, &s, &out, &e) == 0) {
		result = doc_text(out, NULL);
		doc_unref(out);
	} else {
		result = xasprintf("%s: %s", e.name, err_cause(&e));
	}
	template_free(t);
	luacode_free(code);
	doc_unref(d);
	doc_unref(s.root);
	doc_unref(s.vars);
	err_fini(&e);
	buf_fini(&reports);
	return result;
}

static void
assert_lua(const char *text, const char *expected)
{
	char *result = eval_lua(text);

	assert_string_equal(result, expected);
	free(result);
}

static void
strings_in_marks_are_code_and_names_never_are(void **state)
{
	(void)state;
	assert_lua("\"{% states.input %}\"", "{\"n\":1}");
	assert_lua("{\"a\":[1,\"{%states.input.n + 1%}\",{\"b\":\"{% v %}\"}],\"{% x %}\":\"y\"}",
	    "{\"a\":[1,2,{\"b\":[]}],\"{% x %}\":\"y\"}");
	assert_lua("{\"a.$\":\"$.n\",\"b\":\"States.UUID()\"}",
	    "{\"a.$\":\"$.n\",\"b\":\"States.UUID()\"}");
	assert_lua("{\"a\":\" {% 1 %}\"}",
	    "refused /a: An expression begins with '{%' and ends with '%}', but the value is ' {% 1 %}'");
	assert_lua("{\"a\":[\"{% 1 +* 2 %}\"]}",
	    "refused /a[0]: S.Output/a[0]:1: unexpected symbol near '*'");
}

static void
a_failed_expression_names_field_code_and_line(void **state)
{
	(void)state;
	assert_lua("{\"a\":\"{% states.input.x %}\"}",
	    "States.QueryEvaluationError: The Lua expression 'states.input.x' specified for the "
	    "field 'Output/a' returned nothing (undefined).");
	assert_lua("{\"a\":\"{% states.input.x.y %}\"}",
	    "States.QueryEvaluationError: The Lua expression 'states.input.x.y' specified for the "
	    "field 'Output/a' threw an error during evaluation: S.Output/a:1: attempt to index a "
	    "nil value (field 'x')");
	assert_lua("\"{% tostring %}\"",
	    "States.QueryEvaluationError: The Lua expression 'tostring' specified for the field "
	    "'Output' returned an unsupported result type: a function cannot be put into a document");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computed_members_lose_their_suffix_and_the_rest_is_copied),
		cmocka_unit_test(a_template_without_computed_parts_is_its_source),
		cmocka_unit_test(a_path_that_finds_nothing_names_field_and_input),
		cmocka_unit_test(every_wrong_member_is_reported_where_it_stands),
		cmocka_unit_test(a_deep_template_does_no_harm),
		cmocka_unit_test(a_template_knows_the_variables_it_reads),
		cmocka_unit_test(format_fills_its_places),
		cmocka_unit_test(json_functions_convert_and_merge),
		cmocka_unit_test(array_functions_make_and_take_arrays),
		cmocka_unit_test(encodings_and_hashes_are_right),
		cmocka_unit_test(strings_are_split_at_every_character),
		cmocka_unit_test(sums_round_half_up_first),
		cmocka_unit_test(random_values_come_from_the_scope),
		cmocka_unit_test(what_is_no_call_is_refused),
		cmocka_unit_test(strings_in_marks_are_code_and_names_never_are),
		cmocka_unit_test(a_failed_expression_names_field_code_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
