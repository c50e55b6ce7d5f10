/*
 * test_luacode - the Lua expressions of a machine: what the compiler says of them, what they
 * see, what they may spend, and that the box they share is a cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asl/compile.h"
#include "base/xalloc.h"
#include "expr/luacode.h"

/* --- definitions ------------------------------------------------------------------- */

static void
assert_diagnostics(const char *text, bool machine, const char *wanted)
{
	struct diagnostics d;
	struct machine *m;
	struct buf b;

	diagnostics_init(&d);
	buf_init(&b, BUF_UNLIMITED);
	m = machine_compile(text, strlen(text), MACHINE_STANDARD, &d);
	for (size_t i = 0; i < d.n; i++)
		buf_addf(&b, "%s%s %s: %s", i > 0 ? "\n" : "", d.list[i].code, d.list[i].location,
		    d.list[i].message);
	assert_string_equal(buf_text(&b), wanted);
	assert_int_equal(m != NULL, machine);
	machine_unref(m);
	buf_fini(&b);
	diagnostics_fini(&d);
}

#define NOT_PORTABLE \
	": The QueryLanguage 'Lua' is pawl's own: AWS Step Functions does not take this definition."

static void
a_machine_in_lua_is_told_to_be_not_portable(void **state)
{
	(void)state;
	assert_diagnostics("{\"QueryLanguage\":\"Lua\",\"StartAt\":\"A\",\"States\":{"
			   "\"A\":{\"Type\":\"Pass\",\"Output\":\"{% 1 %}\",\"End\":true}}}",
	    true, "NOT_PORTABLE /QueryLanguage" NOT_PORTABLE);
	assert_diagnostics("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
			   "\"QueryLanguage\":\"Lua\",\"End\":true}}}",
	    true, "NOT_PORTABLE /States/A/QueryLanguage" NOT_PORTABLE);
}

static void
every_expression_is_compiled_and_its_mistakes_told_with_their_place(void **state)
{
	(void)state;
	assert_diagnostics(
	    "{\"QueryLanguage\":\"Lua\",\"StartAt\":\"A\",\"States\":{"
	    "\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::lambda:invoke\","
	    "\"Arguments\":{\"FunctionName\":\"f\",\"Payload\":[1,\"{% 1 + %}\"]},\"TimeoutSeconds\":\"{% ) %}\","
	    "\"Output\":\"{% local x = 1\\nfor %}\",\"Assign\":{\"v\":\"{% 'unfinished %}\"},"
	    "\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Output\":\"{% } %}\",\"Next\":\"B\"}],"
	    "\"Next\":\"B\"},"
	    "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Condition\":\"{% = %}\",\"Next\":\"A\","
	    "\"Output\":{\"y\":\"{% .. %}\"}}],\"Default\":\"C\"},\"C\":{\"Type\":\"Succeed\"}}}",
	    false,
	    "NOT_PORTABLE /QueryLanguage" NOT_PORTABLE "\n"
	    "INVALID_LUA_EXPRESSION /States/A/Arguments/Payload[1]: A.Arguments/Payload[1]:1: unexpected symbol near <eof>\n"
	    "INVALID_LUA_EXPRESSION /States/A/Output: A.Output:2: <name> expected near <eof>\n"
	    "INVALID_LUA_EXPRESSION /States/A/Assign/v: A.Assign/v:1: unfinished string near <eof>\n"
	    "INVALID_LUA_EXPRESSION /States/A/Catch[0]/Output: A.Catch[0]/Output:1: unexpected symbol near '}'\n"
	    "INVALID_LUA_EXPRESSION /States/A/TimeoutSeconds: A.TimeoutSeconds:1: unexpected symbol near ')'\n"
	    "INVALID_LUA_EXPRESSION /States/B/Choices[0]/Condition: B.Choices[0]/Condition:1: unexpected symbol near '='\n"
	    "INVALID_LUA_EXPRESSION /States/B/Choices[0]/Output/y: B.Choices[0]/Output/y:1: unexpected symbol near '..'");
}

static void
an_empty_expression_is_none(void **state)
{
	(void)state;
	assert_diagnostics("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
			   "\"QueryLanguage\":\"Lua\",\"Output\":[\"{%  %}\"],\"End\":true}}}",
	    false,
	    "NOT_PORTABLE /States/A/QueryLanguage" NOT_PORTABLE "\n"
	    "INVALID_LUA_EXPRESSION /States/A/Output[0]: A.Output[0]: there is no code between {% and %}");
}

static void
a_variable_has_a_name_and_no_suffix(void **state)
{
	(void)state;
	assert_diagnostics("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
			   "\"QueryLanguage\":\"Lua\",\"Assign\":{\"x.$\":\"$.x\"},\"End\":true}}}",
	    false,
	    "NOT_PORTABLE /States/A/QueryLanguage" NOT_PORTABLE "\n"
	    "SCHEMA_VALIDATION_FAILED /States/A/Assign: The variable name 'x.$' is not valid");
}

static void
a_long_name_is_cut_between_characters(void **state)
{
	char name[81 * 4] = "", *text;

	(void)state;
	for (int i = 0; i < 80; i++)
		strcat(name, "\xf0\x9f\x90\xbe");
	text =
	    xasprintf("{\"QueryLanguage\":\"Lua\",\"StartAt\":\"%s\",\"States\":{\"%s\":{\"Type\":"
		      "\"Pass\",\"Output\":\"{%% + %%}\",\"End\":true}}}",
		name, name);
	name[7 * 4] = '\0';
	struct diagnostics d;
	char *wanted = xasprintf("%s.Output:1: unexpected symbol near '+'", name);

	diagnostics_init(&d);
	assert_null(machine_compile(text, strlen(text), MACHINE_STANDARD, &d));
	assert_string_equal(d.list[1].message, wanted);
	diagnostics_fini(&d);
	free(wanted);
	free(text);
}

/* --- evaluation ----------------------------------------------------------------------- */

static int ncontexts, nmodules, giving_up_after;

static struct doc
context(void *arg)
{
	ncontexts++;
	return *(struct doc *)arg;
}

/* The module is one text until the test says that it has changed. */
static uint64_t module_stamp = 1;

static int
module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	(void)arg;
	if (strcmp(name, "m") != 0)
		return err_set(e, "pawl.Test", "there is no such module");
	if (*stamp == module_stamp)
		return 1;
	nmodules++;
	*stamp = module_stamp;
	buf_addf(text,
	    "local m = {n = (counter or 0) + %d} counter = m.n\n"
	    "function m.sees() return states == nil and v == nil end return m",
	    (int)module_stamp);
	return 0;
}

static int
give_up(void *arg, bool first)
{
	static int asked;

	(void)arg;
	if (first)
		asked = 0;
	return giving_up_after > 0 && ++asked > giving_up_after ? LUABOX_TIME_OVER : 0;
}

static struct doc the_context;
static const struct expr_host host = { .module = module, .give_up = give_up };

/* The result as text, "nil", or "!kind place message". Yours. */
static char *
eval(struct luacode *c, int number, int64_t *steps)
{
	struct doc input = doc_parse("{\"a\":[1,2]}", 11, NULL), out;
	struct doc vars = doc_parse("{\"v\":7,\"w\":{\"x\":1}}", 19, NULL);
	struct expr_random random = { 42 };
	struct expr_scope s = { .root = input,
		.vars = vars,
		.context = context,
		.context_arg = &the_context,
		.random = &random,
		.host = &host,
		.steps = steps };
	struct luabox_failure f;
	char *text;

	the_context = doc_parse("{\"x\":{\"y\":[1]}}", 15, NULL);
	if (luacode_eval(c, number, &s, &out, &f) != 0) {
		text = xasprintf("!%d %s %s", f.result, f.place != NULL ? f.place : "-", f.message);
		luabox_failure_fini(&f);
	} else if (doc_is_none(out)) {
		text = xstrdup("nil");
	} else {
		text = doc_text(out, NULL);
	}
	doc_unref(out);
	doc_unref(the_context);
	doc_unref(input);
	doc_unref(vars);
	return text;
}

static int
add(struct luacode *c, const char *text)
{
	struct err e = ERR_INIT;
	int number = luacode_add(c, "T", text, strlen(text), &e);

	if (number < 0)
		print_error("%s\n", err_cause(&e));
	err_fini(&e);
	assert_true(number >= 0);
	return number;
}

static void
assert_eval(struct luacode *c, const char *code, const char *wanted)
{
	char *text = eval(c, add(c, code), NULL);

	assert_string_equal(text, wanted);
	free(text);
}

static void
the_context_is_built_when_somebody_looks(void **state)
{
	struct luacode *c = luacode_new();

	(void)state;
	ncontexts = 0;
	assert_eval(c, "states.input.a[2]", "2");
	assert_eval(c, "type(states.context)", "\"table\"");
	assert_eval(c, "states.context == states.context", "true");
	assert_int_equal(ncontexts, 1); /* type() looks whether it is a document */
	assert_eval(c, "states.context.x.y[1]", "1");
	assert_int_equal(ncontexts, 2);
	assert_eval(c, "#states.context.x.y + #states.context.x.y", "2");
	assert_int_equal(ncontexts, 3);
	assert_eval(c, "states.context", "{\"x\":{\"y\":[1]}}");
	assert_eval(c, "states", "{\"context\":{\"x\":{\"y\":[1]}},\"input\":{\"a\":[1,2]}}");
	assert_eval(c,
	    "(function() local n = 0 for _ in pairs(states.context) do n = n + 1 end return n end)()",
	    "1");
	assert_eval(c, "(function() states.context.x.y = 3 return states.context end)()",
	    "{\"x\":{\"y\":3}}");
	luacode_free(c);
}

static void
variables_are_one_object_and_globals(void **state)
{
	struct luacode *c = luacode_new();

	(void)state;
	assert_eval(c, "v + vars.v", "14");
	assert_eval(c, "w == vars.w and w.x == vars.w.x", "true");
	assert_eval(c, "vars.w.x = 2 return w", "{\"x\":2}");
	assert_eval(c, "v = 1 return {v, vars.v}", "[1,7]");
	assert_eval(c, "vars", "{\"v\":7,\"w\":{\"x\":1}}");
	assert_eval(c, "nothing == nil and vars.nothing == nil and _ENV[1] == nil", "true");
	luacode_free(c);
}

static void
a_module_is_compiled_once_and_run_anew_for_each_evaluation(void **state)
{
	struct luacode *c = luacode_new();

	(void)state;
	nmodules = 0;
	module_stamp = 1;
	assert_eval(c, "require('m').n", "1");
	assert_eval(c, "require('m').n + require('m').n", "2");
	assert_eval(c, "require('m').sees()", "true");
	assert_int_equal(nmodules, 1);
	module_stamp = 5;
	assert_eval(c, "require('m').n", "5");
	assert_int_equal(nmodules, 2);
	assert_eval(c, "require('n')",
	    "!1 T:1 module 'n' cannot be loaded: there is no such module");
	luacode_free(c);
}

/* A box knows the modules that it compiled; a new one asks for them again. */
static void
much_code_is_no_reason_to_throw_a_box_away(void **state)
{
	struct luacode *c = luacode_new();

	(void)state;
	nmodules = 0;
	module_stamp = 1;
	for (int i = 0; i < 6000; i++)
		add(c, "states.input.a[1] + states.input.a[2] + v");
	for (int i = 0; i < 3; i++)
		assert_eval(c, "require('m').n", "1");
	assert_int_equal(nmodules, 1);
	luacode_free(c);
}

static void
a_broken_box_is_made_anew_and_nobody_sees_it(void **state)
{
	struct luacode *c = luacode_new();
	int good = add(c, "states.input.a[1] + v"),
	    loop = add(c, "(function() while true do end end)()"),
	    big = add(c, "#string.rep('x', 3000000)");

	(void)state;
	for (int i = 0; i < 3; i++) {
		char *one = eval(c, good, NULL), *two = eval(c, loop, NULL),
		     *three = eval(c, big, NULL);

		assert_string_equal(one, "8");
		assert_string_equal(two, "!2 T:1 the budget of steps is used up");
		assert_string_equal(three, "3000000");
		free(one);
		free(two);
		free(three);
	}
	luacode_free(c);
}

static void
expressions_share_the_budget_that_they_are_given(void **state)
{
	struct luacode *c = luacode_new();
	int sum =
	    add(c, "(function() local n = 0 for i = 1, 30000 do n = n + i end return n end)()");
	int64_t steps = 300000;
	char *text;
	int n = 0;

	(void)state;
	for (;; n++) {
		int64_t before = steps;

		text = eval(c, sum, &steps);
		assert_true(steps < before || before <= 0);
		if (text[0] == '!')
			break;
		assert_string_equal(text, "450015000");
		assert_in_range(before - steps, 30000, 200000);
		free(text);
	}
	assert_string_equal(text, "!2 T:1 the budget of steps is used up");
	free(text);
	assert_in_range(n, 1, 9);
	text = eval(c, add(c, "1"), &steps);
	assert_string_equal(text, "!2 - the budget of steps is used up");
	free(text);
	luacode_free(c);
}

static void
an_owner_with_a_clock_can_end_an_evaluation(void **state)
{
	struct luacode *c = luacode_new();

	(void)state;
	giving_up_after = 3;
	assert_eval(c, "(function() for i = 1, 300 do end return 1 end)()", "1");
	assert_eval(c, "(function() for i = 1, 100000 do end return 1 end)()",
	    "!2 T:1 the budget of steps is used up");
	giving_up_after = 0;
	luacode_free(c);
}

static void
a_text_is_an_expression_or_a_block(void **state)
{
	static const char *const wrong[][2] = {
		{ "1 +", "T:1: unexpected symbol near <eof>" },
		{ "local x = ", "T:1: unexpected symbol near <eof>" },
		{ "  if x then", "T:1: 'end' expected near <eof>" },
		{ "function() return 1", "T:1: 'end' expected near <eof>" },
		{ "function f() return 1", "T:1: 'end' expected near <eof>" },
		{ "x) + (y", "T:1: <eof> expected near ')'" },
		{ "1 end", "T:1: <eof> expected near 'end'" },
		{ "\x1bLua", "T:1: unexpected symbol near '<\\27>'" },
	};
	struct luacode *c = luacode_new();

	(void)state;
	assert_eval(c, "if v == 7 then return 'seven' end return 'other'", "\"seven\"");
	assert_eval(c, "local f = function() return 3 end return f()", "3");
	assert_eval(c, "(function() return 4 end)()", "4");
	assert_eval(c, "x = 5 return x", "5");
	assert_eval(c, "local x = 1", "nil");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(luacode_add(c, "T", wrong[i][0], strlen(wrong[i][0]), &e), -1);
		assert_string_equal(err_cause(&e), wrong[i][1]);
		err_fini(&e);
	}
	luacode_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_in_lua_is_told_to_be_not_portable),
		cmocka_unit_test(
		    every_expression_is_compiled_and_its_mistakes_told_with_their_place),
		cmocka_unit_test(an_empty_expression_is_none),
		cmocka_unit_test(a_variable_has_a_name_and_no_suffix),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(the_context_is_built_when_somebody_looks),
		cmocka_unit_test(variables_are_one_object_and_globals),
		cmocka_unit_test(a_module_is_compiled_once_and_run_anew_for_each_evaluation),
		cmocka_unit_test(much_code_is_no_reason_to_throw_a_box_away),
		cmocka_unit_test(a_broken_box_is_made_anew_and_nobody_sees_it),
		cmocka_unit_test(expressions_share_the_budget_that_they_are_given),
		cmocka_unit_test(an_owner_with_a_clock_can_end_an_evaluation),
		cmocka_unit_test(a_text_is_an_expression_or_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
