/*
 * test_luabox - the Lua sandbox: what it offers works, what escapes elsewhere is ended
 * here, and the same call has the same result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "expr/luabox.h"

#define STEPS 1000000

static const char *module_source; /* what require finds, under any name but "none" */

static int
module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	(void)arg;
	(void)stamp;
	if (strcmp(name, "none") == 0)
		return err_set(e, "pawl.Script", "there is no such file");
	buf_adds(text, module_source);
	return 0;
}

static struct luabox *
new_box(int64_t steps, size_t memory)
{
	struct luabox_options o = { .steps = steps,
		.memory = memory,
		.output_max = 1 << 20,
		.module = module };

	return luabox_new(&o);
}

/* Runs code (a whole chunk) with the global input; the result as JSON, or "!kind type: message". Yours. */
static char *
run_in(struct luabox *b, const char *code, const char *input, uint64_t seed)
{
	struct err e = ERR_INIT;
	struct doc in = doc_parse(input, strlen(input), NULL), result;
	struct luabox_value global = { .name = "input", .value = in };
	struct luabox_call call = { .seed = seed, .globals = &global, .nglobals = 1 };
	struct luabox_failure f;
	char *text;
	int id = luabox_load(b, "Test", code, strlen(code), &e);

	if (id < 0) {
		text = xasprintf("!load %s", err_cause(&e));
	} else if (luabox_run(b, id, &call, &result, &f) == 0) {
		text = doc_text(result, NULL);
		doc_unref(result);
	} else {
		text = xasprintf("!%d %s: %s", f.result, f.type, f.message);
		luabox_failure_fini(&f);
	}
	err_fini(&e);
	doc_unref(in);
	return text;
}

static void
check(const char *code, const char *input, const char *expected)
{
	struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	char *text = run_in(b, code, input, 1);

	assert_string_equal(text, expected);
	free(text);
	luabox_free(b);
}

#define STEPS_GONE "!2 Error: the budget of steps is used up"

static void
plain_lua_works(void **state)
{
	(void)state;
	check("return 1 + 2, 'ignored'", "null", "3");
	check("local s = 0 for i = 1, 10 do s = s + i end return s", "null", "55");
	check("local t = {} for w in ('a b c'):gmatch('%a') do t[#t + 1] = w:upper() end return t",
	    "null", "[\"A\",\"B\",\"C\"]");
	check("return select('#', 1, 2, 3), math.max(1, 5)", "null", "3");
	check("return {math.type(1), math.type(1.0), math.floor(2.7), 7 // 2, 2 ^ 3}", "null",
	    "[\"integer\",\"float\",2,3,8.0]");
	check("local ok, e = pcall(error, {code = 7}) return {ok, e.code}", "null", "[false,7]");
	check(
	    "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) "
	    "return {co(1), co(10)}",
	    "null", "[2,20]");
	check(
	    "local ok, v = pcall(coroutine.wrap(function() pcall(coroutine.yield, 5) return 6 end)) return v",
	    "null", "5");
	check("return #utf8.char(8364) .. utf8.len('\xe2\x82\xac')", "null", "\"31\"");
	check("x = 5 return x + input.y", "{\"y\":1}", "6");
	check("return nil", "null", "null");
	check("return", "null", "null");
}

static void
there_is_no_way_out_of_the_allow_list(void **state)
{
	static const char *const gone[] = { "io", "os", "debug", "package", "load", "loadstring",
		"loadfile", "dofile", "print", "collectgarbage", "xpcall", "string.dump",
		"string.pack", "math.randomseed", "_G" };

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		char *code = xasprintf("return %s == nil", gone[i]);

		check(code, "null", "true");
		free(code);
	}
	check("return getmetatable('').__index", "null",
	    "!1 Error: attempt to index a boolean value");
	check("return getmetatable(_ENV)", "null", "false");
	check("return getmetatable(input)", "{}", "false");
	check("return \"\\27Lua\"", "null", "\"\\u001bLua\"");
}

static void
bytecode_is_refused(void **state)
{
	struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	char *text = run_in(b, "\033Lua\x54", "null", 1);

	(void)state;
	assert_non_null(strstr(text, "!load"));
	assert_non_null(strstr(text, "binary"));
	free(text);
	luabox_free(b);
}

static void
libraries_and_globals_cannot_be_changed_for_the_next_run(void **state)
{
	struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	char *text;

	(void)state;
	check("string.format = nil", "null", "!1 Error: this table is read-only");
	check("rawset(string, 'format', 1)", "null", "!1 Error: this table is read-only");
	check("table.insert(string, 1)", "null", "!1 Error: this table is read-only");
	check("setmetatable(string, {})", "null", "!1 Error: cannot change a protected metatable");
	check("setmetatable(_ENV, {})", "null", "!1 Error: cannot change a protected metatable");
	text = run_in(b, "leak = 1 tostring = 2 return leak", "null", 1);
	assert_string_equal(text, "1");
	free(text);
	text = run_in(b, "return {leak == nil, tostring(1)}", "null", 1);
	assert_string_equal(text, "[true,\"1\"]");
	free(text);
	luabox_free(b);
}

static void
no_loop_outlives_the_budget(void **state)
{
	static const char *const loops[] = {
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"repeat local ok = pcall(error) until false",
		"local function f() return 1 + f() end while true do pcall(f) end",
		"local function f() return f() end f()",
		"coroutine.wrap(function() while true do end end)()",
		"while true do coroutine.wrap(function() for i = 1, 50 do end end)() end",
		"while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
		"local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
		"local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
		"table.sort({3, 2, 1}, function() while true do end end)",
		"table.sort({3, 2, 1}, function() while true do pcall(error) end end)",
		"('x'):gsub('.', function() while true do end end)",
		"return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
		"for _ in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end",
		"local s = 'x' while true do s = s .. s s = s:sub(1, 100000) end",
		"local s = ('x'):rep(1000000) while true do local t = s .. 'y' end",
		"while true do pcall(string.rep, 'x', 1e9) end",
		"while true do pcall(string.rep, 'x', 3000000) end",
		"local t = {} while true do pcall(function() while true do t[#t + 1] = {t} end end) end",
		"while true do local t = {} for i = 1, 100 do t[i] = i end table.concat(t) end",
		"local a, b = ('x'):rep(3900000), ('x'):rep(3899999) .. 'y' while a < b do end",
		"return ('a'):rep(400):find('.-.-.-.-b')",
		"return ('a'):rep(100000):find('.-b')",
		"return ('('):rep(100000):find('%b()')",
		"for i = 1, 1e9 do ('a'):rep(10000):find('b', 1, true) end",
		"return ('a'):rep(1000):gsub('a-', 'x'):rep(1000):gsub('.-y', '')",
		"while true do next({}) end",
		"local t = {} for i = 1, 20000 do t[i] = i end while true do for k in pairs(t) do end end",
		"while true do json.decode('[1,2,3]') end",
		"while true do json.encode(input) end",
		"while true do math.random(3) end",
		"while true do table.unpack({}, 1, 90000) end",
		"local t = {} table.move({}, 1, 1e15, 1, t)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
		char *text = run_in(b, loops[i], "{\"a\":[1,2,3]}", 1);

		if (strcmp(text, STEPS_GONE) != 0)
			fail_msg("%s: %s", loops[i], text);
		assert_true(luabox_broken(b));
		free(text);
		luabox_free(b);
	}
}

static void
finalizers_and_what_is_too_large_are_errors(void **state)
{
	(void)state;
	check("setmetatable({}, {__gc = function() while true do end end})", "null",
	    "!1 Error: a metatable with __gc is not allowed");
	check("return (select(2, pcall(string.rep, 'x', 1 << 40)))", "null",
	    "\"resulting string too large\"");
	check("return pcall(table.unpack, {}, 1, 1e8)", "null", "false");
}

static void
memory_is_limited(void **state)
{
	struct luabox *b = new_box(0, 2 << 20);
	char *text = run_in(b, "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
	    "null", 1);

	(void)state;
	assert_string_equal(text, "!3 Error: not enough memory");
	assert_true(luabox_broken(b));
	free(text);
	luabox_free(b);
}

static void
a_box_survives_a_failing_allocation_at_any_place(void **state)
{
	static const char code[] =
	    "local t = {} for i = 1, 30 do t[i] = {n = i, s = ('k'):rep(i + 40)} end "
	    "table.sort(t, function(a, b) return a.n > b.n end) input.list = t "
	    "input.text = json.encode(t):gsub('k+', 'v') error({errorType = 'T', errorMessage = input.text})";
	bool enough = false;

	(void)state;
	/* the next cap is a little larger, so each allocation is the failing one once */
	for (size_t memory = 20000; !enough; memory += 1500) {
		struct luabox *b = new_box(STEPS, memory);
		char *text;

		assert_true(memory < 4 << 20);
		if (b == NULL)
			continue;
		text = run_in(b, code,
		    "{\"a\":{\"b\":[1,2,{\"c\":\"dddddddddddddddddddddddddddddddddddddddddddddddddd\"}]}}",
		    1);
		enough = strncmp(text, "!1 T: ", 6) == 0;
		assert_int_equal(text[0], '!');
		free(text);
		luabox_free(b);
	}
}

static int
give_up(void *arg, bool first)
{
	(void)first;
	return ++*(int *)arg > 10 ? LUABOX_TIME_OVER : 0;
}

static void
a_caller_with_a_clock_can_give_up(void **state)
{
	int asked = 0;
	struct luabox_options o = { .memory = 4 << 20,
		.output_max = 1000,
		.give_up = give_up,
		.arg = &asked };
	struct luabox *b = luabox_new(&o);
	char *text =
	    run_in(b, "while true do pcall(function() while true do end end) end", "null", 1);

	(void)state;
	assert_string_equal(text, STEPS_GONE);
	free(text);
	luabox_free(b);
}

static int
half_the_time(void *arg, bool first)
{
	(void)arg;
	(void)first;
	return LUABOX_TIME_OVER / 2;
}

static void
time_counts_as_steps(void **state)
{
	struct luabox_options o = { .steps = STEPS,
		.memory = 4 << 20,
		.output_max = 1000,
		.give_up = half_the_time };
	struct luabox *b = luabox_new(&o);
	char *text = run_in(b, "for i = 1, 1000 do end return 1", "null", 1);

	(void)state;
	assert_string_equal(text, "1");
	free(text);
	assert_true(luabox_steps_left(b) <= STEPS / 2);
	assert_true(luabox_steps_left(b) > STEPS / 3);
	/* code too short to be looked at is not asked for its time */
	text = run_in(b, "return 1", "null", 1);
	free(text);
	assert_true(luabox_steps_left(b) > STEPS / 2);
	luabox_free(b);
}

static void
the_budget_is_whole_again_for_the_next_run(void **state)
{
	struct luabox *b = new_box(100000, LUABOX_EXPRESSION_MEMORY);

	(void)state;
	for (int i = 0; i < 50; i++) {
		char *text =
		    run_in(b, "local n = 0 for i = 1, 10000 do n = n + 1 end return n", "null", 1);

		assert_string_equal(text, "10000");
		free(text);
	}
	luabox_free(b);
}

static void
random_numbers_and_orders_come_from_the_seed(void **state)
{
	static const char code[] =
	    "local r = {} for i = 1, 5 do r[i] = math.random(1000) end r[6] = math.random() "
	    "local t = {z = 1, a = 2, [3] = 3, [1] = 1, [true] = 1} local keys = '' "
	    "for k in pairs(t) do keys = keys .. tostring(k) .. ' ' end r[7] = keys "
	    "r[8] = tostring(t) .. tostring(print) .. tostring(type) r[9] = string.format('%s', {}) return r";
	struct luabox *a = new_box(STEPS, LUABOX_EXPRESSION_MEMORY),
		      *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	char *x = run_in(a, code, "null", 7), *y = run_in(b, code, "null", 7),
	     *z = run_in(b, code, "null", 8);

	(void)state;
	assert_string_equal(x, y);
	assert_string_not_equal(x, z);
	assert_non_null(strstr(x, "\"1 3 a z true \",\"tablenilfunction\",\"table\"]"));
	check("return math.random(5, 4)", "null", "!1 Error: interval is empty");
	check("local v = math.random(3, 3) return v", "null", "3");
	check("local v = math.random(math.mininteger, math.maxinteger) return math.type(v)", "null",
	    "\"integer\"");
	free(x);
	free(y);
	free(z);
	luabox_free(a);
	luabox_free(b);
}

static void
errors_say_what_and_the_trace_says_where(void **state)
{
	struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	struct luabox_failure f;
	struct luabox_call call = { 0 };
	struct doc result;
	static const char code[] = "local function inner()\n error('broken')\nend\ninner()";
	int id = luabox_load(b, "functions/f.lua", code, strlen(code), NULL);
	char *trace;

	(void)state;
	assert_int_equal(luabox_run(b, id, &call, &result, &f), -1);
	assert_string_equal(f.message, "broken");
	assert_string_equal(f.type, "Error");
	trace = doc_text(f.trace, NULL);
	assert_string_equal(trace,
	    "[\"functions/f.lua:2: in function 'inner'\",\"functions/f.lua:4: in main chunk\"]");
	free(trace);
	luabox_failure_fini(&f);
	luabox_free(b);
	check("error({errorType = 'Mine', errorMessage = 'text'})", "null", "!1 Mine: text");
	check("error(input)", "{\"errorType\":\"Mine\",\"errorMessage\":\"text\"}",
	    "!1 Mine: text");
	check("error({errorType = 'Mine', code = 5})", "null",
	    "!1 Mine: {\"code\":5,\"errorType\":\"Mine\"}");
	check("error('at:80: not a place')", "null", "!1 Error: at:80: not a place");
	check("error(nil)", "null", "!1 Error: (a nil was raised)");
	check("error(print)", "null", "!1 Error: (a nil was raised)");
	check("error(type)", "null", "!1 Error: (a function was raised)");
	check("error('\\xff')", "null", "!1 Error: (a message that is not valid UTF-8)");
	check("return input.a.b", "{}", "!1 Error: attempt to index a nil value (field 'a')");
	check("return 1 +", "null", "!load Test:1: unexpected symbol near <eof>");
}

static void
require_finds_modules_once_and_not_in_circles(void **state)
{
	(void)state;
	module_source = "count = (count or 0) + 1 return {n = count}";
	check("return {require('m').n, require('m').n, require('other').n}", "null", "[1,1,2]");
	module_source = "return require('m')";
	check("return require('m')", "null", "!1 Error: module 'm' requires itself");
	module_source = "return = 1";
	check("return require('m')", "null", "!1 Error: lib/m.lua:1: unexpected symbol near '='");
	module_source = "error('inside')";
	check("return require('m')", "null", "!1 Error: inside");
	check("return require('none')", "null",
	    "!1 Error: module 'none' cannot be loaded: there is no such file");
}

static void
functions_are_called_and_pure_ones_are_told_apart(void **state)
{
	static const char *const codes[] = {
		"return pawl.pure(function(e, c) return {e.a + c.b} end)",
		"return function(e, c) return {e.a + c.b} end", "return 5", "error('x')"
	};
	static const char *const expected[] = { "[3]", "the function is not declared pure",
		"the file must return a function, not a number", "x" };
	struct luabox *b = new_box(STEPS, LUABOX_EXPRESSION_MEMORY);
	struct luabox_value args[] = { { .value = doc_parse("{\"a\":1}", 7, NULL) },
		{ .value = doc_parse("{\"b\":2}", 7, NULL) } };
	struct luabox_call call = { .function = true, .pure_only = true, .args = args, .nargs = 2 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct luabox_failure f;
		struct doc result;
		int id = luabox_load(b, "f", codes[i], strlen(codes[i]), NULL);
		int rc = luabox_run(b, id, &call, &result, &f);
		char *text = rc == 0 ? doc_text(result, NULL) : xstrdup(f.message);

		assert_int_equal(luabox_is_pure(b, id), i == 0);
		assert_string_equal(text, expected[i]);
		free(text);
		doc_unref(result);
		luabox_failure_fini(&f);
	}
	doc_unref(args[0].value);
	doc_unref(args[1].value);
	luabox_free(b);
}

/* Each line: pattern function call, its result. */
static const char *const pattern_cases[][2] = {
	{ "('hello world'):find('o w')", "[5,7]" },
	{ "('hello'):find('l+')", "[3,4]" },
	{ "('hello'):find('xyz')", "[]" },
	{ "('hello'):find('')", "[1,0]" },
	{ "('hello'):find('', 6)", "[6,5]" },
	{ "('hello'):find('', 7)", "[]" },
	{ "('hello'):find('l', -2)", "[4,4]" },
	{ "('a.b'):find('.', 1, true)", "[2,2]" },
	{ "('a.b'):find('%.')", "[2,2]" },
	{ "('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "[\"key\",\"value\"]" },
	{ "('  trim  '):match('^%s*(.-)%s*$')", "[\"trim\"]" },
	{ "('abc'):match('()b()')", "[2,3]" },
	{ "('f(a(b)c)d'):match('%b()')", "[\"(a(b)c)\"]" },
	{ "('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)", "[6,10]" },
	{ "('\"it\\'s\"'):match('([\"\\'])(.-)%1')", "[\"\\\"\",\"it's\"]" },
	{ "('x]y'):match('[]]')", "[\"]\"]" },
	{ "('x^y'):match('[%^]')", "[\"^\"]" },
	{ "('a-z'):match('[a%-]+')", "[\"a-\"]" },
	{ "('2026-11-23'):match('(%d+)-(%d+)-(%d+)')", "[\"2026\",\"11\",\"23\"]" },
	{ "('abc'):match('[^a-b]')", "[\"c\"]" },
	{ "('aXb'):match('%u')", "[\"X\"]" },
	{ "('a\\0b'):match('%z?b')", "[\"b\"]" },
	{ "('aaa'):match('a-$')", "[\"aaa\"]" },
	{ "('aaab'):match('a?a?b')", "[\"aab\"]" },
	{ "('abc'):gsub('%w', '%0%0')", "[\"aabbcc\",3]" },
	{ "('abc'):gsub('', '-')", "[\"-a-b-c-\",4]" },
	{ "('hello world'):gsub('o', '0', 1)", "[\"hell0 world\",1]" },
	{ "('$name is $age'):gsub('%$(%w+)', {name = 'Ann', age = 5})", "[\"Ann is 5\",2]" },
	{ "('abc'):gsub('b', function() return false end)", "[\"abc\",1]" },
	{ "('abc'):gsub('^a', 'x')", "[\"xbc\",1]" },
	{ "('a b'):gsub('(%w) (%w)', '%2 %1')", "[\"b a\",1]" },
	{ "('100%'):gsub('%%', ' percent')", "[\"100 percent\",1]" },
	{ "(function() local t = {} for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do t[#t+1] = k .. v end return t end)()",
	    "[[\"a1\",\"b2\"]]" },
	{ "(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()",
	    "[4]" },
	{ "(function() local t = {} for w in ('one two'):gmatch('%a+', 4) do t[#t+1] = w end return t end)()",
	    "[[\"two\"]]" },
	{ "('a'):rep(3, ',')", "[\"a,a,a\"]" },
	{ "('ab'):rep(0)", "[\"\"]" },
	{ "('ab'):rep(5)", "[\"ababababab\"]" },
	{ "string.format('%5.2f|%-4d|%x|%q', 3.14159, 7, 255, 'a\\nb')",
	    "[\" 3.14|7   |ff|\\\"a\\\\\\nb\\\"\"]" },
	{ "string.format('%s %s %%', {}, nil)", "[\"table nil %\"]" },
};

static void
patterns_match_as_in_lua(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pattern_cases) / sizeof(pattern_cases[0]); i++) {
		char *code = xasprintf(
		    "local t = table.pack(%s) t.n = nil if t[1] == nil then return pawl.array() end return t",
		    pattern_cases[i][0]);

		check(code, "null", pattern_cases[i][1]);
		free(code);
	}
	check("return ('x'):find('[a')", "null", "!1 Error: malformed pattern (missing ']')");
	check("return ('x'):find('%')", "null", "!1 Error: malformed pattern (ends with '%')");
	check("return ('x'):find('(x')", "null", "!1 Error: unfinished capture");
	check("return ('x'):match('x)')", "null", "!1 Error: invalid pattern capture");
	check("return ('x'):find('%1')", "null", "!1 Error: invalid capture index in pattern");
	check("return ('x'):find(('a?'):rep(300))", "null", "!1 Error: pattern too long");
	check("return ('x'):gsub('x', '%')", "null",
	    "!1 Error: invalid use of '%' in replacement string");
	check("return ('x'):gsub('x', '%5')", "null", "!1 Error: invalid capture index %5");
	check("return string.format('%p', {})", "null",
	    "!1 Error: invalid conversion '%p' to 'format'");
}

static void
table_functions_work_on_tables_and_documents(void **state)
{
	(void)state;
	check("table.insert(input, 4) table.insert(input, 1, 0) return input", "[1,2,3]",
	    "[0,1,2,3,4]");
	check("return {table.remove(input), table.remove(input, 1), #input}", "[1,2,3]", "[3,1,1]");
	check("table.sort(input) return input", "[3,1,2]", "[1,2,3]");
	check("table.sort(input, function(a, b) return a.n > b.n end) return input",
	    "[{\"n\":1},{\"n\":3},{\"n\":2}]", "[{\"n\":3},{\"n\":2},{\"n\":1}]");
	check("local t = {5,3,8,1,9,2} table.sort(t) return table.concat(t, '<', 2, 5)", "null",
	    "\"2<3<5<8\"");
	check("return {table.unpack(input, 2)}", "[1,2,3]", "[2,3]");
	check("return table.move(input, 1, 2, 2)", "[1,2,3]", "[1,1,2]");
	check("return table.concat(input, ',')", "[1,2.5,\"x\"]", "\"1,2.5,x\"");
	check("return table.concat({1, {}})", "null",
	    "!1 Error: invalid value (a table) at index 2 in table for 'concat'");
	check("table.sort({1, 'x'})", "null", "!1 Error: attempt to compare string with number");
	check("table.insert({1}, 5, 1)", "null",
	    "!1 Error: bad argument #2 to 'insert' (position out of bounds)");
	check("return next(input)", "{\"z\":1,\"a\":2}", "\"z\"");
	check("return {next({a = 1, b = 2}, 'a')}", "null", "[\"b\",2]");
	check("return rawlen(input) + #input", "[1,2]", "4");
	check("return rawget(input, 'a')", "{\"a\":1}", "1");
	check("local n = 0 for i, v in ipairs(input) do n = n * 10 + v end return n", "[1,2,3]",
	    "123");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lua_works),
		cmocka_unit_test(there_is_no_way_out_of_the_allow_list),
		cmocka_unit_test(bytecode_is_refused),
		cmocka_unit_test(libraries_and_globals_cannot_be_changed_for_the_next_run),
		cmocka_unit_test(no_loop_outlives_the_budget),
		cmocka_unit_test(finalizers_and_what_is_too_large_are_errors),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(a_box_survives_a_failing_allocation_at_any_place),
		cmocka_unit_test(a_caller_with_a_clock_can_give_up),
		cmocka_unit_test(time_counts_as_steps),
		cmocka_unit_test(the_budget_is_whole_again_for_the_next_run),
		cmocka_unit_test(random_numbers_and_orders_come_from_the_seed),
		cmocka_unit_test(errors_say_what_and_the_trace_says_where),
		cmocka_unit_test(require_finds_modules_once_and_not_in_circles),
		cmocka_unit_test(functions_are_called_and_pure_ones_are_told_apart),
		cmocka_unit_test(patterns_match_as_in_lua),
		cmocka_unit_test(table_functions_work_on_tables_and_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
