/*
 * test_hostile_lua - what code does that wants to hold the process, break it, or reach what
 * is not its own: a box as pawld makes it ends each of these with a value or an error, in a
 * time that the loop can spare.
 *
 * The time is CPU time of the thread, so other load does not count; a build with sanitizers is
 * slower by a factor nobody knows and is not measured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "expr/luabox.h"
#include "task/hook.h"
#include "task/script.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define MEASURED false
#endif
#endif
#ifndef MEASURED
#define MEASURED true
#endif

#define RUN_MAX_US 50000
#define INPUT "{\"a\":{\"b\":[1,2,3]},\"string\":\"hidden\"}"
#define STEPS_GONE "!2 Error: " LUABOX_OUT_OF_STEPS
#define NO_MEMORY "!3 Error: not enough memory"

static struct scripts *scripts;
static int64_t longest_us;
static char *longest_code;

static int
give_up(void *arg, bool first)
{
	return scripts_give_up(arg, first);
}

static int
module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	return scripts_module(arg, name, stamp, text, e);
}

static struct luabox *
new_box(void)
{
	struct luabox_options o = { .steps = LUABOX_EXPRESSION_STEPS,
		.memory = LUABOX_EXPRESSION_MEMORY,
		.output_max = LUABOX_EXPRESSION_OUTPUT,
		.give_up = give_up,
		.module = module,
		.arg = scripts };

	return luabox_new(&o);
}

static void
measure(const char *code, int64_t us)
{
	if (us > longest_us) {
		longest_us = us;
		free(longest_code);
		longest_code = xasprintf("%.200s", code);
	}
	if (MEASURED && us > RUN_MAX_US)
		fail_msg("%.200s: took %lld us", code, (long long)us);
}

/* Compiles and runs an expression or block: the result as JSON, or "!", the kind and the sentence. Yours. */
static char *
run_in(struct luabox *b, const char *code, struct doc input)
{
	const struct luabox_value global = { .name = "input", .value = input };
	struct luabox_call call = { .globals = &global,
		.nglobals = 1,
		.expression = true,
		.variables = { .name = "vars", .value = input } };
	struct err e = ERR_INIT;
	struct luabox_failure f;
	struct doc result;
	char *text;
	int id = luabox_load_expression(b, "Test", code, strlen(code), &e);

	if (id < 0) {
		text = xasprintf("!load %s", err_cause(&e));
	} else if (luabox_run(b, id, &call, &result, &f) == 0) {
		text = doc_is_none(result) ? xstrdup("nil") : doc_text(result, NULL);
		doc_unref(result);
	} else {
		text = xasprintf("!%d %s: %s", f.result, f.type, f.message);
		luabox_failure_fini(&f);
	}
	err_fini(&e);
	return text;
}

/* In a box of its own, measured as a whole: opening, compiling, running, throwing away. Yours. */
static char *
run_on(const char *code, struct doc input)
{
	int64_t began = clock_cpu_us();
	struct luabox *b = new_box();
	char *text;

	assert_non_null(b);
	text = run_in(b, code, input);
	luabox_free(b);
	measure(code, clock_cpu_us() - began);
	return text;
}

/* expected: the whole, or with a '*' at its end how it begins. */
static void
check_text(const char *code, const char *text, const char *expected)
{
	size_t len = strlen(expected);
	bool same = len > 0 && expected[len - 1] == '*' ? strncmp(text, expected, len - 1) == 0
							: strcmp(text, expected) == 0;

	if (!same)
		fail_msg("%.300s: %.200s instead of %s", code, text, expected);
}

static void
check(const char *code, const char *expected)
{
	struct doc input = doc_parse(INPUT, strlen(INPUT), NULL);
	char *text = run_on(code, input);

	check_text(code, text, expected);
	free(text);
	doc_unref(input);
}

static void
check_all(const char *const (*cases)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(cases[i][0], cases[i][1]);
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

/* Attacks on the budget: none of them has a way to end but this. */
static void
nothing_runs_longer_than_its_budget(void **state)
{
	static const char *const codes[] = {
		"goto x ::y:: ::x:: goto y",
		"for i = 1, math.huge do end",
		"for i = 1.0, math.huge do end",
		"for _ in function() return 1 end do end",
		"return setmetatable({}, {__concat = function() while true do end end}) .. 'x'",
		"return #setmetatable({}, {__len = function() while true do end end})",
		"return setmetatable({}, {__lt = function() while true do end end}) < 1",
		"return setmetatable({}, {__eq = function() while true do end end}) == setmetatable({}, {})",
		"setmetatable({}, {__newindex = function() while true do end end}).x = 1",
		"setmetatable({}, {__call = function() while true do end end})()",
		/* a length below zero gave the budget steps back */
		"local t = setmetatable({}, {__len = function() return -(1 << 62) end}) table.sort(t) while true do end",
		/* one instruction that copies all arguments */
		"local function f(...) return f(1, ...) end f()",
		"local t = {} for i = 1, 50000 do t[i] = i end "
		"local function g(...) while true do local n = select('#', ...) end end g(table.unpack(t))",
		"local t = {} for i = 1, 50000 do t[i] = i end local function noop() end local function g(...) "
		"while true do local n = select('#', ...) for i = 1, 100 do noop() end end end g(table.unpack(t))",
		"local t = {} for i = 1, 20000 do t[i] = i end local function g(...) "
		"for i = 1, 200 do local n = select('#', ...) end end "
		"while true do coroutine.wrap(g)(table.unpack(t)) end",
		/* chains of tables, made where no single link is long */
		"local us = {} for i = 1, 500 do us[i] = {} end "
		"for i = 1, 499 do setmetatable(us[i], {__index = us[i + 1]}) end "
		"local u = us[1] while true do local _ = u.x end",
		"local ms, us = {}, {} for i = 1, 500 do ms[i] = {__index = {}} us[i] = setmetatable({}, ms[i]) end "
		"for i = 1, 499 do ms[i].__index = us[i + 1] setmetatable({}, ms[i]) end "
		"local u = us[1] while true do local _ = u.x end",
		/* a table that was large */
		"local t = {} for i = 1, 60000 do t['k' .. i] = 1 end for i = 1, 60000 do t['k' .. i] = nil end "
		"while true do for k in pairs(t) do end end",
		"local t = {} for i = 1, 20000 do t[i] = i end for i = 1, 20000 do t[i] = nil end "
		"while true do json.encode(t) end",
		/* long texts */
		"local s = ('1'):rep(3000000) return math.max(s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)",
		"local s = ('1'):rep(900000) while true do pcall(function() return s | 0 end) end",
		"local s = ('1'):rep(60000) while true do pcall(function() return s | 0 end) end",
		"local s = ('1'):rep(3000000) while true do pcall(select, s, 1) end",
		"local s = ('1'):rep(3000000) while true do pcall(error, 'x', s) end",
		"local a, b = ('a'):rep(60000) .. 'b', ('a'):rep(60000) .. 'b' while true do local _ = a == b end",
		"local a, b = ('a'):rep(60000) .. 'b', ('a'):rep(60000) .. 'b' while true do local _ = a <= b end",
		"local a, b = ('a'):rep(60000) .. 'b', ('a'):rep(60000) .. 'b' while true do rawequal(a, b) end",
		"local s = ('x'):rep(60000) while true do local t = {[s .. 'a'] = 1} end",
		"local s = 'a' .. ('\\x80'):rep(3000000) local f = utf8.codes(s) while true do pcall(f, s, 1) end",
		"local s = ('\xc3\xa9'):rep(100000) while true do utf8.len(s) end",
		"while true do string.format('%99.99f', 1e308) end",
		"while true do tostring(1e308) end",
		"while true do local _ = 1e308 .. '' .. 1.5 end",
		"return string.format('%q', ('\\0'):rep(3000000))",
		"return ('x'):rep(3000000):gsub('', 'y')",
		/* patterns: long ones, and those that try everything */
		"return ('x'):find('[' .. ('\\0-\\xff'):rep(1000000) .. ']')",
		"while true do ('x'):find(('%w'):rep(150)) end",
		"return ('a'):rep(3000):match(('a*'):rep(100) .. 'b')",
		"return ('a'):rep(3000):match(('a?'):rep(100) .. ('a'):rep(30) .. 'b')",
		"return ('a'):rep(3000):match('(.-)(.-)(.-)%1%2%3b')",
		"while true do for w in ('x y z'):gmatch('%a-') do end end",
		"return ('x'):rep(10):gsub('x', function() return (('a'):rep(400):find('.-.-.-.-b')) end)",
		"for s in ('abc'):gmatch('.') do while true do s = s:gsub('.', '%0%0'):sub(1, 5000) end end",
		/* full memory, where each failure collects garbage */
		"local t = {} for i = 1, 150000 do t[i] = {} end while true do pcall(string.rep, 'x', 3000000) end",
		"local t = {} for i = 1, 150000 do t[i] = {} end "
		"while true do pcall(function() local u = {} for i = 1, 1e6 do u[i] = {} end end) end",
		/* errors on the way out */
		"local c = setmetatable({}, {__close = function() while true do end end}) "
		"local function f() local x <close> = c return f() + 1 end f()",
		"local c = setmetatable({}, {__close = function() while true do end end}) "
		"local function w(d) local function f(n) local x <close> = c "
		"if n == 0 then return coroutine.wrap(w)(d - 1) end return f(n - 1) + 1 end return f(190) end return w(180)",
		"local co = coroutine.create(function() local x <close> = setmetatable({}, "
		"{__close = function() while true do end end}) coroutine.yield() end) "
		"coroutine.resume(co) coroutine.close(co)",
		"local co = coroutine.wrap(function() local x <close> = setmetatable({}, "
		"{__close = function() while true do pcall(error) end end}) error('x') end) pcall(co)",
		"local mt = {} mt.__close = function() local y <close> = setmetatable({}, mt) end "
		"while true do pcall(function() local x <close> = setmetatable({}, mt) end) end",
		"while true do error(setmetatable({}, {__tostring = error})) end",
		"while true do pcall(require, 'nothing') end",
		"while true do pcall(setmetatable, {}) end",
		"while true do setmetatable({}, {__index = {}}) end",
		"while true do json.decode('{\"a\":{\"b\":[1,2,3,{\"c\":\"d\"}]}}') end",
		"local s = ('['):rep(500000) while true do pcall(json.decode, s) end",
		"local s = ('1'):rep(500000) while true do pcall(json.decode, s) end",
		"local t = {} for i = 1, 200 do t[i] = {} end while true do table.sort(t, function() return true end) end",
		"local t = {3, 1, 2} while true do pcall(table.sort, t, function(a, b) error('no') end) end",
		"local t = setmetatable({}, {__index = function(t, i) return i end}) return table.concat(t, '', 1, math.maxinteger)",
		"local t = {1} for i = 1, 60 do t = {t, t} end return t",
		"local t = {1} for i = 1, 60 do t = {t, t} end error(t)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct doc input = doc_parse("{}", 2, NULL);
		char *text = run_on(codes[i], input);

		if (strcmp(text, STEPS_GONE) != 0 && strcmp(text, NO_MEMORY) != 0 &&
		    strcmp(text, "!1 Error: {}") != 0 &&
		    strcmp(text, "!1 Error: (a table was raised)") != 0)
			fail_msg("%s: %.200s", codes[i], text);
		free(text);
		doc_unref(input);
	}
}

static void
loops_that_the_hook_cannot_see_are_not_offered(void **state)
{
	static const char *const cases[][2] = {
		{ "xpcall(error, error)",
		    "!1 Error: attempt to call a nil value (global 'xpcall')" },
		{ "load('return 1')", "!1 Error: attempt to call a nil value (global 'load')" },
		{ "loadstring('return 1')",
		    "!1 Error: attempt to call a nil value (global 'loadstring')" },
		{ "dofile('x')", "!1 Error: attempt to call a nil value (global 'dofile')" },
		{ "local mt = {} mt.__gc = type setmetatable({}, mt)",
		    "!1 Error: a metatable with __gc is not allowed" },
		{ "setmetatable({}, {__mode = 'k'})",
		    "!1 Error: a metatable with __mode is not allowed" },
		{ "setmetatable({}, {__call = {}})", "!1 Error: __call must be a function" },
		/* a call of a table that is called by calling a table ... */
		{ "local mt = {} local t = setmetatable({}, mt) mt.__call = t return t()",
		    "!1 Error: attempt to call a table value (local 't')" },
		/* collecting the garbage of this took seconds */
		{ "local mt = {} local t = setmetatable({}, mt) mt.__mode = 'k' local k = {} "
		  "for i = 1, 20000 do local n = {} t[k] = n k = n end return #('x'):rep(3000000)",
		    "3000000" },
		{ "local mt = {} local t = setmetatable({}, mt) mt.__index = t return setmetatable(t, mt)",
		    "!1 Error: a chain of __index or __newindex is too long, or a loop" },
		{ "local t = {} for i = 1, 100 do t = setmetatable({}, {__newindex = t}) end",
		    "!1 Error: a chain of __index or __newindex is too long, or a loop" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
metatables_work_for_what_they_are_meant_for(void **state)
{
	static const char *const cases[][2] = {
		{ "local C = {} C.__index = C function C.new(v) return setmetatable({v = v}, C) end "
		  "function C.__add(a, b) return C.new(a.v + b.v) end function C:get() return self.v end "
		  "return (C.new(1) + C.new(2)):get()",
		    "3" },
		{ "local A = {name = function() return 'A' end} A.__index = A local B = setmetatable({}, A) "
		  "B.__index = B return setmetatable({}, B).name()",
		    "\"A\"" },
		{ "local mt = {} local t = setmetatable({}, mt) return getmetatable(t) == mt",
		    "true" },
		{ "local mt = {} local a = setmetatable({}, mt) mt.__len = function() return 5 end "
		  "local b = setmetatable({}, mt) return {#a, #b}",
		    "[5,5]" },
		{ "local mt = {__len = function() return 5 end} local a = setmetatable({}, mt) mt.__len = nil "
		  "setmetatable(a, mt) return #a",
		    "0" },
		{ "local t = setmetatable({}, {__index = function(t, k) return k end}) return setmetatable(t, nil).x",
		    "nil" },
		{ "getmetatable(setmetatable({}, {__metatable = 'locked'}))", "\"locked\"" },
		{ "setmetatable(setmetatable({}, {__metatable = 1}), {})",
		    "!1 Error: cannot change a protected metatable" },
		{ "getmetatable('')", "false" },
		{ "getmetatable({})", "nil" },
		{ "local s = 0 for k, v in pairs(setmetatable({}, {__pairs = function(t) return function(_, k) "
		  "k = (k or 0) + 1 if k < 4 then return k end end, t end})) do s = s + k end return s",
		    "6" },
		{ "setmetatable({}, {__call = function(self, a) return a * 2 end})(4)", "8" },
		{ "tostring(setmetatable({}, {__name = 'Mine'}))", "\"table\"" },
		{ "setmetatable({}, {__name = '\\xff'}) + 1",
		    "!1 Error: (a message that is not valid UTF-8)" },
		{ "getmetatable('').__index = 1", "!1 Error: attempt to index a boolean value" },
		{ "rawset(table, 'x', 1)", "!1 Error: this table is read-only" },
		{ "rawset(getmetatable(_ENV) or table, 'x', 1)",
		    "!1 Error: this table is read-only" },
		{ "setmetatable(pawl.array(), {})",
		    "!1 Error: cannot change a protected metatable" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
sizes_at_the_end_of_the_numbers_are_errors_or_nothing(void **state)
{
	static const char *const cases[][2] = {
		{ "table.unpack(setmetatable({}, {__len = function() return math.maxinteger end}))",
		    "!1 Error: too many results to unpack" },
		{ "table.unpack({}, math.mininteger, math.maxinteger)",
		    "!1 Error: too many results to unpack" },
		{ "table.insert(setmetatable({}, {__len = function() return math.maxinteger end}), 1, 1)",
		    "!1 Error: bad argument #1 to 'insert' (table is too large)" },
		{ "table.remove(setmetatable({}, {__len = function() return math.mininteger end}))",
		    "nil" },
		{ "table.move({}, math.mininteger, math.maxinteger, 1)",
		    "!1 Error: bad argument #3 to 'move' (too many elements to move)" },
		{ "table.move({}, -1, math.maxinteger - 2, 1)", STEPS_GONE },
		{ "table.concat({}, '', math.mininteger, math.maxinteger)",
		    "!1 Error: invalid value (a nil) at index *" },
		{ "table.sort(setmetatable({}, {__len = function() return math.mininteger end}))",
		    "nil" },
		{ "table.sort(setmetatable({}, {__len = function() return math.maxinteger end}))",
		    STEPS_GONE },
		{ "('x'):rep(math.maxinteger)", "!1 Error: resulting string too large" },
		{ "(''):rep(math.maxinteger)", "\"\"" },
		{ "(''):rep(math.maxinteger, ('x'):rep(1000))",
		    "!1 Error: resulting string too large" },
		{ "('x'):rep(1e8)", STEPS_GONE },
		{ "('xy'):sub(math.mininteger, math.maxinteger)", "\"xy\"" },
		{ "('x'):byte(math.mininteger, math.maxinteger)", "120" },
		{ "('x'):find('x', math.mininteger)", "1" },
		{ "('x'):find('', math.maxinteger)", "nil" },
		{ "('x'):gsub('x', 'y', math.mininteger)", "\"x\"" },
		{ "('x'):gmatch('x', math.mininteger)()", "\"x\"" },
		{ "string.format('%99999d', 1)", "!1 Error: invalid conversion *" },
		{ "string.format('%' .. ('0'):rep(1000000) .. 'd', 1)",
		    "!1 Error: invalid conversion *" },
		{ "string.format('%')", "!1 Error: invalid conversion '% ' to 'format'" },
		{ "string.format('%p', {})", "!1 Error: invalid conversion '%p' to 'format'" },
		{ "string.format('%d', 1.5)",
		    "!1 Error: bad argument #2 to 'format' (number has no integer representation)" },
		{ "string.format('%s %s', 1)", "!1 Error: bad argument #3 to 'format' *" },
		{ "string.format('%q', {})",
		    "!1 Error: bad argument #2 to 'format' (value has no literal form)" },
		{ "tonumber(('z'):rep(3900000), 36)", "-1" },
		{ "tonumber(('1'):rep(3900000)) == math.huge", "true" },
		{ "tonumber('1', 99)",
		    "!1 Error: bad argument #2 to 'tonumber' (base out of range)" },
		{ "math.mininteger // -1", "-9223372036854775808" },
		{ "math.mininteger % -1", "0" },
		{ "1 // 0", "!1 Error: attempt to divide by zero" },
		{ "1 << 100", "0" },
		{ "math.tointeger(2 ^ 63)", "nil" },
		{ "math.floor(1e308)", "1e+308" },
		{ "for i = math.maxinteger - 1, math.maxinteger do end return 1", "1" },
		{ "for i = 1, 2, 0 do end", "!1 Error: 'for' step is zero" },
		{ "utf8.char(-1)", "!1 Error: bad argument #1 to 'char' (value out of range)" },
		{ "utf8.codepoint('\\xff')", "!1 Error: invalid UTF-8 code" },
		{ "utf8.len('\\xff')", "nil" },
		{ "utf8.offset('\\x80\\x80', 1)",
		    "!1 Error: initial position is a continuation byte" },
		{ "for p, c in utf8.codes('ab\\xff') do end", "!1 Error: invalid UTF-8 code" },
		{ "local n = 0 for p, c in utf8.codes('a\xc3\xa9z') do n = n + c end return n",
		    "452" },
		{ "utf8.codes", "!4 Error: a function cannot be put into a document" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
recursion_ends_on_every_stack(void **state)
{
	static const char *const cases[][2] = {
		{ "local function f(s) return (s:gsub('.', f)) end return pcall(f, 'x')", "false" },
		{ "local function f() return (select(2, pcall(f))) end return f()", "*" },
		{ "setmetatable({}, {__tostring = tostring})", "{}" },
		{ "local t = setmetatable({}, {}) getmetatable(t).__tostring = function(s) return tostring(s) end "
		  "return tostring(setmetatable(t, getmetatable(t)))",
		    "!1 Error: C stack overflow*" },
		{ "-setmetatable({}, {__unm = function(x) return -x end})", "!1 Error: *" },
		{ "local function c() return coroutine.wrap(function() return c()() end) end return c()()",
		    "!*" },
		{ "local co co = coroutine.wrap(function() return co() end) return pcall(co)",
		    "false" },
		{ "local function f(a, b) table.sort({1, 2}, f) end f()",
		    "!1 Error: C stack overflow*" },
		{ "json.decode(('['):rep(100000))", "!1 Error: *" },
		{ "local t = {} for i = 1, 2000 do t = {t} end return t",
		    "!4 Error: a table is nested too deep, or holds itself" },
		{ "local t = {} t.t = t return t",
		    "!4 Error: a table is nested too deep, or holds itself" },
		{ "local t = {} t.t = t return json.encode(t)",
		    "!1 Error: a table is nested too deep, or holds itself" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
anything_can_be_raised(void **state)
{
	static const char *const cases[][2] = {
		{ "error()", "!1 Error: (a nil was raised)" },
		{ "error(setmetatable({}, {__tostring = function() while true do end end}))",
		    "!1 Error: {}" },
		{ "error(setmetatable({}, {__index = function() while true do end end}))",
		    "!1 Error: {}" },
		{ "error({errorType = {}, errorMessage = type})",
		    "!1 Error: (a table was raised)" },
		{ "error(coroutine.create(type))", "!1 Error: (a thread was raised)" },
		{ "error(pawl.pure(type))", "!1 Error: (a userdata was raised)" },
		{ "error(1 / 0)", "!1 Error: inf" },
		{ "error({errorType = '\\xff', errorMessage = '\\xff'})",
		    "!1 (a message that is not valid UTF-8): (a message that is not valid UTF-8)" },
		{ "error(('x'):rep(3900000))", "!1 Error: xxx*" },
		{ "local t = {} t.t = t error(t)", "!1 Error: (a table was raised)" },
		{ "pcall(error, error, error)", "false" },
		{ "local x <close> = setmetatable({}, {__close = function(_, e) error(e .. ' and more') end}) error('one', 0)",
		    "!1 Error: one and more" },
		{ "local x <close> = 5", "!1 Error: variable 'x' got a non-closable value" },
		{ "local x <close> = setmetatable({}, {__close = 5}) return 1", "!1 Error: *" },
		{ "coroutine.yield(1)", "!1 Error: attempt to yield from outside a coroutine" },
		{ "coroutine.close(coroutine.running())",
		    "!1 Error: cannot close a running coroutine" },
		{ "coroutine.wrap(function() error({errorType = 'T', errorMessage = 'm'}) end)()",
		    "!1 T: m" },
		{ "table.sort({3, 1, 2}, function(a, b) return a .. 'x' end)", "nil" },
		{ "table.sort({1, 'a', {}})", "!1 Error: attempt to compare *" },
		{ "('x'):gsub('x', function() error('inside', 0) end)", "!1 Error: inside" },
		{ "'\\27Lua'", "\"\\u001bLua\"" },
		{ "\033Lua", "!load *" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
results_that_are_no_documents_are_named(void **state)
{
	static const char *const cases[][2] = {
		{ "{1, nil, 3}",
		    "!4 Error: an array with holes cannot be put into a document; use pawl.null" },
		{ "{1, a = 2}",
		    "!4 Error: a table with both texts and integers as keys is neither an array nor an object" },
		{ "{[0] = 1}", "!4 Error: a table with a key that is neither *" },
		{ "{[1 << 62] = 1}", "!4 Error: an array with holes *" },
		{ "0 / 0", "!4 Error: a number that is not finite *" },
		{ "{a = {math.huge}}", "!4 Error: a number that is not finite *" },
		{ "{a = type}", "!4 Error: a function cannot be put into a document" },
		{ "'\\xed\\xa0\\x80'", "!4 Error: a text that is not valid UTF-8 *" },
		{ "{['\\xff'] = 1}", "!4 Error: a name that is not valid UTF-8 *" },
		{ "local s = ('x'):rep(3900000) return {s, s, s, s, s}", "!*" },
		{ "local t = {} for i = 1, 20 do t[i] = ('\\1'):rep(100000) end return t",
		    "[\"\\u0001*" },
		{ "setmetatable({}, {__index = function() return 1 end, __pairs = error, __len = error})",
		    "{}" },
	};

	(void)state;
	CHECK_ALL(cases);
}

static void
modules_come_from_their_folder_only(void **state)
{
	static const char *const names[] = { "../x", "a/b", "/etc/passwd", "..", ".a", "a.", "a..b",
		"", "\\0", "a\\0b", "x y", "a\\nb", "\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *code = xasprintf("require('%s')", names[i]);

		check(code, "!1 Error: module '*");
		free(code);
	}
	check("require({})", "!1 Error: bad argument #1 to 'require' (string expected, got table)");
	check("require(('x'):rep(3000000))", "!1 Error: module 'xxx*");
	check("local m = require('money') m.text = nil return require('money').text == nil",
	    "true");
}

/* What one run does to its globals, libraries, modules and documents, another one does not see. */
static void
nothing_is_left_for_the_next_run(void **state)
{
	static const char *const cases[][2] = {
		{ "leak = 1 input = 2 tostring = 3 _ENV.type = 4 return leak + input", "3" },
		{ "{leak == nil, type(input), tostring(1)}", "[true,\"table\",\"1\"]" },
		{ "input.a.b[1] = 'changed' input.new = {} return #input.a.b", "3" },
		{ "input", "{\"a\":{\"b\":[1,2,3]},\"string\":\"hidden\"}" },
		{ "a.b[2] = 'changed' return a", "{\"b\":[1,\"changed\",3]}" },
		{ "a", "{\"b\":[1,2,3]}" },
		{ "string", "\"hidden\"" },
		{ "('x'):upper()", "\"X\"" },
		{ "string = nil return string", "\"hidden\"" },
		{ "require('money').text = function() return 'mine' end", "nil" },
		{ "require('money').text(5)", "\"0.05\"" },
		{ "coroutine.create(function() saved = 1 end)", "!4 Error: a thread *" },
		{ "saved", "nil" },
		{ "error(input)", "!1 Error: {\"a\":{\"b\":[1,2,3]},\"string\":\"hidden\"}" },
		{ "local mt = {__len = function() return 9 end} saved = setmetatable({}, mt) return #saved",
		    "9" },
		{ "local _ENV = {} x = 1 return x", "1" },
		{ "_ENV = nil", "nil" },
		{ "x", "nil" },
		{ "function type() return 'mine' end return type()", "\"mine\"" },
		{ "type()", "!1 Error: bad argument #1 to 'type' (value expected)" },
	};
	struct doc input = doc_parse(INPUT, strlen(INPUT), NULL);
	struct luabox *b = new_box();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = run_in(b, cases[i][0], input);

		check_text(cases[i][0], text, cases[i][1]);
		assert_false(luabox_broken(b));
		free(text);
	}
	luabox_free(b);
	doc_unref(input);
}

/* An object of n members, each an object with one; deep: each within the one before as well. */
static struct doc
wide_object(int n)
{
	struct doc_builder *b = docb_new();

	docb_object(b);
	for (int i = 0; i < n; i++) {
		char *name = xasprintf("member-%d", i);

		docb_key(b, name, strlen(name));
		docb_i64(b, i);
		free(name);
	}
	docb_end(b);
	return docb_finish(b);
}

/* 400 levels, at the bottom an array of n objects. */
static struct doc
tall_document(int n)
{
	struct buf text;
	struct doc d;

	buf_init(&text, BUF_UNLIMITED);
	for (int i = 0; i < 400; i++)
		buf_adds(&text, "[");
	for (int i = 0; i < n; i++)
		buf_adds(&text, i > 0 ? ",{}" : "[{}");
	buf_adds(&text, "]");
	for (int i = 0; i < 400; i++)
		buf_adds(&text, "]");
	d = doc_parse(buf_text(&text), text.len, NULL);
	assert_false(doc_is_none(d));
	buf_fini(&text);
	return d;
}

static void
large_documents_have_their_price(void **state)
{
	static const char *const wide[][2] = {
		{ "while true do local _ = input.nothing end", STEPS_GONE },
		{ "while true do local _ = nothing end", STEPS_GONE },
		{ "while true do for k in pairs(input) do break end end", STEPS_GONE },
		{ "while true do local _ = next(input) end", STEPS_GONE },
		{ "local n = 0 for k, v in pairs(input) do n = n + v end return n", "*" },
		{ "local t = {} for i = 1, 10000 do t[i] = input['member-' .. i] end return #t",
		    "*" },
	};
	struct doc d = wide_object(20000);
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		text = run_on(wide[i][0], d);
		check_text(wide[i][0], text, wide[i][1]);
		free(text);
	}
	doc_unref(d);

	/* one member more: the others must not be looked for one by one */
	d = wide_object(10000);
	text = run_on("input.extra = 1 return input", d);
	assert_non_null(strstr(text, "\"member-9999\":9999,\"extra\":1}"));
	free(text);
	doc_unref(d);

	d = tall_document(20000);
	text = run_on(
	    "local t = input for i = 1, 400 do t = t[1] end for i = 1, #t do local _ = t[i] end "
	    "t[#t].x = 1 return input",
	    d);
	assert_true(strcmp(text, STEPS_GONE) == 0 || *text == '[');
	free(text);
	doc_unref(d);

	d = doc_parse("[1]", 3, NULL);
	text = run_on("input[1] = input return input", d);
	assert_string_equal(text, "!4 Error: a table is nested too deep, or holds itself");
	free(text);
	doc_unref(d);
}

static char *
repeat(const char *before, const char *again, int n, const char *behind)
{
	struct buf text;
	char *copy;

	buf_init(&text, BUF_UNLIMITED);
	buf_adds(&text, before);
	for (int i = 0; i < n; i++)
		buf_adds(&text, again);
	buf_adds(&text, behind);
	copy = xstrndup(buf_text(&text), text.len);
	buf_fini(&text);
	return copy;
}

/* Functions within functions, each with many parameters, around uses of global names. */
static char *
many_names(int depth, int params, int uses)
{
	char *list = repeat("local function f(a", ",a", params, ") "),
	     *names = repeat("", "x=x ", uses, ""), *heads = repeat("", list, depth, names),
	     *all = repeat(heads, "end ", depth, "");

	free(list);
	free(names);
	free(heads);
	return all;
}

static void
compiling_is_limited_as_well(void **state)
{
	char *code;

	(void)state;
	/* each name is looked for among all local names around it: this took ten seconds */
	code = many_names(150, 180, 50000);
	check(code, "!load the code has too many names or labels");
	free(code);
	/* each label and goto with all others of the function */
	code = repeat("do ", "goto a ", 30000, " end return 1");
	check(code, "!load *");
	free(code);
	code = repeat("", "do goto a x = 1 end ::b:: ", 6000, "::a:: return 1");
	check(code, "!load the code has too many names or labels");
	free(code);
	/* texts and comments are no names */
	code = repeat("local a, b, c, d, e, f, g = 1 -- ", "local word ", 30000,
	    "\nlocal s = [==[ local ::label:: ]] ]==] .. '\\' local x' .. \"local 'y\" return #s + a");
	check(code, "38");
	free(code);
	code = many_names(5, 20, 200);
	check(code, "nil");
	free(code);
	check("return (((((1", "!load Test:1: ')' expected near <eof>");
	code = repeat("return ", "(", 1000, "");
	check(code, "!load C stack overflow");
	free(code);
	code = repeat("return ", "{", 1000, "");
	check(code, "!load *");
	free(code);
	code = repeat("return 1", " + 1", 50000, "");
	check(code, "50001");
	free(code);
	check("return '", "!load Test:1: unfinished string near *");
	check("return [[", "!load Test:1: unfinished long string *");
	check("--[==[", "!load Test:1: unfinished long comment *");
	check("return '\\", "!load Test:1: unfinished string near *");
	check("return '\\u{110000000}'", "!load Test:1: UTF-8 value too large near *");
	check("return 0x", "!load Test:1: malformed number near '0x'");
}

/* The longest of all the runs above. */
static void
no_run_took_longer_than_the_loop_can_spare(void **state)
{
	(void)state;
	print_message("the longest run: %lld us of CPU time: %s\n", (long long)longest_us,
	    longest_code);
	assert_true(!MEASURED || longest_us <= RUN_MAX_US);
}

static int
set_up(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *dir = xasprintf("%s/scripts", srcdir != NULL ? srcdir : ".");

	(void)state;
	scripts = scripts_new(&(struct script_dirs){ dir, NULL });
	free(dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scripts_free(scripts);
	free(longest_code);
	return 0;
}

/* --- hooks ----------------------------------------------------------------------------------- */

static char *
write_hook(const char *folder, const char *text)
{
	char *path = xasprintf("%s/hooks/a.lua", folder);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* Loading a hook runs its file, and a call runs it and the function: each has the budget of an expression. */
static void
hooks_end_in_time(void **state)
{
	static const char *const codes[] = {
		"while true do end",
		"while true do pcall(error) end",
		"local s = ('a'):rep(4000):find('.-.-.-.-b')",
		"local t = {} while true do t[#t + 1] = {t} end",
		"local s = ('1'):rep(900000) while true do pcall(function() return s | 0 end) end",
		"while true do pcall(log, ('x'):rep(100000)) end",
		"while true do pcall(require, 'nothing') end",
		"while true do now() end",
	};
	char folder[] = "/tmp/pawl-hostile-XXXXXX";
	struct loop *loop = loop_new();
	struct doc request = doc_empty_object();
	struct hooks *hooks;
	char *dir, *path = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir = xasprintf("%s/hooks", folder);
	assert_int_equal(mkdir(dir, 0755), 0);
	log_set_level(LOG_LEVEL_ERROR);
	hooks = hooks_new(loop, &(struct script_dirs){ folder, NULL });
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char *in_file = xasprintf("%s return {}", codes[i]);
		char *in_call =
		    xasprintf("return {authorize = function() %s return true end}", codes[i]);
		struct err e = ERR_INIT;
		char *reason;
		int64_t began;

		free(path);
		path = write_hook(folder, in_file);
		began = clock_cpu_us();
		assert_int_equal(hooks_load(hooks, &e), -1);
		measure(in_file, clock_cpu_us() - began);
		err_fini(&e);
		free(write_hook(folder, in_call));
		assert_int_equal(hooks_load(hooks, &e), 0);
		began = clock_cpu_us();
		assert_false(hooks_authorize(hooks, request, &reason));
		measure(in_call, clock_cpu_us() - began);
		free(reason);
		free(in_file);
		free(in_call);
	}
	hooks_free(hooks);
	loop_free(loop);
	doc_unref(request);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rmdir(folder), 0);
	free(path);
	free(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_runs_longer_than_its_budget),
		cmocka_unit_test(loops_that_the_hook_cannot_see_are_not_offered),
		cmocka_unit_test(metatables_work_for_what_they_are_meant_for),
		cmocka_unit_test(sizes_at_the_end_of_the_numbers_are_errors_or_nothing),
		cmocka_unit_test(recursion_ends_on_every_stack),
		cmocka_unit_test(anything_can_be_raised),
		cmocka_unit_test(results_that_are_no_documents_are_named),
		cmocka_unit_test(modules_come_from_their_folder_only),
		cmocka_unit_test(nothing_is_left_for_the_next_run),
		cmocka_unit_test(large_documents_have_their_price),
		cmocka_unit_test(compiling_is_limited_as_well),
		cmocka_unit_test(hooks_end_in_time),
		cmocka_unit_test(no_run_took_longer_than_the_loop_can_spare),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
