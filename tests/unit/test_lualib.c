/*
 * test_lualib - the modules of scripts/lib: every function has an example in its comment
 * that is true, bad arguments are named, and lists of thousands stay within the budget of
 * an expression.
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
#include "task/script_file.h"

static const char *const modules[] = { "dates", "list", "money", "text" };

#define NMODULES (sizeof(modules) / sizeof(modules[0]))
#define PRELUDE \
	"local dates, list, money, text = require('dates'), require('list'), require('money'), " \
	"require('text') "

static char *scripts;

static int
module(void *arg, const char *name, uint64_t *stamp, struct buf *text, struct err *e)
{
	(void)arg;
	return script_module_read(&(struct script_dirs){ scripts, NULL }, name, stamp, text, e);
}

static struct luabox *box;

static struct luabox *
new_box(void)
{
	struct luabox_options o = { .steps = LUABOX_EXPRESSION_STEPS,
		.memory = LUABOX_EXPRESSION_MEMORY,
		.output_max = LUABOX_EXPRESSION_OUTPUT,
		.module = module };

	return luabox_new(&o);
}

/* The result of the code, which sees the modules and states.input, as JSON; or "!" and the message. Yours. */
static char *
run(const char *code, struct doc input)
{
	const struct luabox_value states = { .name = "input", .value = input };
	const struct luabox_value global = { .name = "states", .members = &states, .nmembers = 1 };
	struct luabox_call call = { .globals = &global, .nglobals = 1, .expression = true };
	struct luabox_failure f;
	struct err e = ERR_INIT;
	struct doc result;
	bool block = strncmp(code, "local ", 6) == 0 || strncmp(code, "return ", 7) == 0;
	char *whole = xasprintf(PRELUDE "%s%s", block ? "" : "return ", code), *text;
	int id;

	if (luabox_broken(box)) {
		luabox_free(box);
		box = new_box();
	}
	id = luabox_load_expression(box, "Test", whole, strlen(whole), &e);
	if (id < 0) {
		text = xasprintf("!%s", err_cause(&e));
	} else if (luabox_run(box, id, &call, &result, &f) == 0) {
		text = doc_is_none(result) ? xstrdup("nil") : doc_text(result, NULL);
		doc_unref(result);
	} else {
		text = xasprintf("!%s", f.message);
		luabox_failure_fini(&f);
	}
	err_fini(&e);
	free(whole);
	return text;
}

static void
check(const char *code, const char *input, const char *expected)
{
	struct doc d = doc_parse(input, strlen(input), NULL);
	char *text = run(code, d);

	if (strcmp(text, expected) != 0)
		fail_msg("%s: %s instead of %s", code, text, expected);
	free(text);
	doc_unref(d);
}

/* The text of a module. Yours. */
static char *
source(const char *name)
{
	struct err e = ERR_INIT;
	struct buf text;
	uint64_t stamp = 0;
	char *copy;

	buf_init(&text, BUF_UNLIMITED);
	assert_int_equal(script_module_read(&(struct script_dirs){ scripts, NULL }, name, &stamp,
			     &text, &e),
	    0);
	copy = xstrndup(buf_text(&text), text.len);
	buf_fini(&text);
	err_fini(&e);
	return copy;
}

/* "-- EXPRESSION --> VALUE": both give the same. */
static void
check_example(char *line)
{
	char *arrow = strstr(line, " --> "), *got, *expected, *code;

	*arrow = '\0';
	code = xasprintf("return %s", line + 3);
	got = run(code, DOC_NONE);
	free(code);
	code = xasprintf("return %s", arrow + 5);
	expected = run(code, DOC_NONE);
	free(code);
	assert_true(*expected != '!');
	if (strcmp(got, expected) != 0)
		fail_msg("%s gives %s, not %s", line + 3, got, expected);
	free(got);
	free(expected);
}

/*
 * A function has an example in the comment in front of it: the last comment began behind the
 * function before.
 */
static int
check_module(const char *name)
{
	char *text = source(name), *save, *head = xasprintf("function %s.", name);
	int nexamples = 0, nfunctions = 0, own = 0;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "-- ", 3) == 0 && strstr(line, " --> ") != NULL) {
			check_example(line);
			nexamples++;
			own++;
		} else if (strncmp(line, head, strlen(head)) == 0) {
			if (own == 0)
				fail_msg("%s has no example", line);
			nfunctions++;
			own = 0;
		} else if (strncmp(line, "--", 2) != 0) {
			own = 0;
		}
	}
	assert_true(nfunctions > 0 && nexamples >= nfunctions);
	free(head);
	free(text);
	return nexamples;
}

static void
every_function_has_an_example_that_is_true(void **state)
{
	int n = 0;

	(void)state;
	for (size_t i = 0; i < NMODULES; i++)
		n += check_module(modules[i]);
	assert_true(n > 70);
}

static void
every_function_is_in_the_manual(void **state)
{
	char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/docs/pawl-lua.7", srcdir != NULL ? srcdir : ".");
	struct script_file page;

	(void)state;
	assert_int_equal(script_file_read(path, &page, NULL), 0);
	for (size_t i = 0; i < NMODULES; i++) {
		char *text = source(modules[i]), *head = xasprintf("\nfunction %s.", modules[i]);

		for (char *at = text; (at = strstr(at, head)) != NULL; at++) {
			char *name = at + strlen("\nfunction ");
			char *call = xasprintf("%.*s", (int)strcspn(name, ")") + 1, name);

			if (strstr(page.text, call) == NULL)
				fail_msg("%s is not in docs/pawl-lua.7", call);
			free(call);
		}
		free(head);
		free(text);
	}
	script_file_fini(&page);
	free(path);
}

static const char *const date_cases[][2] = {
	{ "dates.parse('1970-01-01T00:00:00Z')", "0" },
	{ "dates.parse('1969-12-31T23:59:59.999Z')", "-1" },
	{ "dates.parse('2000-02-29t12:00:00.5z')", "951825600500" },
	{ "dates.parse('2000-02-29 12:00:00.123999+00:00')", "951825600123" },
	{ "dates.parse('0000-01-01T00:00:00Z')", "-62167219200000" },
	{ "dates.parse('9999-12-31T23:59:59Z')", "253402300799000" },
	{ "dates.parse('2016-12-31T23:59:60Z') == dates.parse('2017-01-01T00:00:00Z')", "true" },
	{ "dates.format(dates.parse('0000-03-01T00:00:00Z') - 1)", "\"0000-02-29T23:59:59.999Z\"" },
	{ "dates.format(-1)", "\"1969-12-31T23:59:59.999Z\"" },
	{ "dates.format(0, 0, 2)", "\"1970-01-01T00:00:00.00Z\"" },
	{ "dates.format(1.7e12)", "\"2023-11-14T22:13:20Z\"" },
	{ "dates.format('2024-02-29T12:00:00.120-02:30')", "\"2024-02-29T12:00:00.120-02:30\"" },
	{ "dates.add('2024-02-29T00:00:00Z', 1, 'year')", "\"2025-02-28T00:00:00Z\"" },
	{ "dates.add('2024-02-29T00:00:00Z', 4, 'years')", "\"2028-02-29T00:00:00Z\"" },
	{ "dates.add('2024-12-31T23:00:00-01:00', -10, 'months')",
	    "\"2024-02-29T23:00:00-01:00\"" },
	{ "dates.add('2024-11-30T00:00:00Z', 1, 'quarter')", "\"2025-02-28T00:00:00Z\"" },
	{ "dates.add('2024-02-28T23:59:59.5Z', 500, 'milliseconds')",
	    "\"2024-02-29T00:00:00.000Z\"" },
	{ "dates.add('2024-02-28T00:00:00Z', 1, 'millisecond')", "\"2024-02-28T00:00:00.001Z\"" },
	{ "dates.add(0, -1, 'day')", "-86400000" },
	{ "dates.add('2026-11-27T10:00:00Z', 1, 'business_day')", "\"2026-11-30T10:00:00Z\"" },
	{ "dates.add('2026-11-28T10:00:00Z', 1, 'business_day')", "\"2026-11-30T10:00:00Z\"" },
	{ "dates.add('2026-11-28T10:00:00Z', -1, 'business_day')", "\"2026-11-27T10:00:00Z\"" },
	{ "dates.add('2026-11-28T10:00:00Z', 11, 'business_day')", "\"2026-12-14T10:00:00Z\"" },
	{ "dates.add('2026-11-29T10:00:00Z', -11, 'business_day')", "\"2026-11-13T10:00:00Z\"" },
	{ "dates.add('2026-11-26T10:00:00Z', 261, 'business_day')", "\"2027-11-26T10:00:00Z\"" },
	{ "dates.add('2026-11-27T23:30:00-05:00', 1, 'business_day')",
	    "\"2026-11-30T23:30:00-05:00\"" },
	{ "dates.diff('2024-01-31T00:00:00Z', '2024-02-29T00:00:00Z', 'months')", "1" },
	{ "dates.diff('2024-01-30T00:00:01Z', '2024-02-29T00:00:00Z', 'months')", "0" },
	{ "dates.diff('2024-03-31T00:00:00Z', '2024-02-29T00:00:00Z', 'months')", "-1" },
	{ "dates.diff('2024-03-30T00:00:00Z', '2024-02-29T00:00:01Z', 'months')", "0" },
	{ "dates.diff('2020-06-01T00:00:00Z', '2024-05-31T00:00:00Z', 'years')", "3" },
	{ "dates.diff(0, 90061000, 'hours')", "25" },
	{ "dates.diff(90061000, 0, 'hours')", "-25" },
	{ "dates.diff('2026-11-30T08:00:00Z', '2026-11-27T08:00:00Z', 'business_days')", "-1" },
	{ "dates.diff('2026-12-21T08:00:00Z', '2027-01-04T08:00:00Z', 'business_days', {'2026-12-25', '2026-12-26'})",
	    "9" },
	{ "dates.start_of('2026-11-29T12:00:00Z', 'week')", "\"2026-11-23T00:00:00Z\"" },
	{ "dates.start_of('2026-11-29T12:34:56.789Z', 'minutes')", "\"2026-11-29T12:34:00.000Z\"" },
	{ "dates.end_of('2026-11-29T12:00:00+14:00', 'quarter')",
	    "\"2026-12-31T23:59:59.999+14:00\"" },
	{ "dates.end_of('2026-11-29T12:00:00Z', 'year')", "\"2026-12-31T23:59:59.999Z\"" },
	{ "dates.iso_week('2021-01-03T00:00:00Z')", "\"2020-W53\"" },
	{ "dates.iso_week('2024-12-30T00:00:00Z')", "\"2025-W01\"" },
	{ "dates.fields('2024-12-31T23:59:59.999-08:00')",
	    "{\"day\":31,\"hour\":23,\"millisecond\":999,\"minute\":59,\"month\":12,\"offset\":-480,"
	    "\"second\":59,\"week\":1,\"week_year\":2025,\"weekday\":2,\"year\":2024,\"yearday\":366}" },
	{ "dates.time(dates.fields('2024-12-31T23:59:59.999-08:00')) == dates.parse('2024-12-31T23:59:59.999-08:00')",
	    "true" },
	{ "dates.is_leap(1900)", "false" },
	{ "dates.is_leap(2000)", "true" },
};

static const char *const other_cases[][2] = {
	{ "money.cents('12.345')", "nil" },
	{ "money.cents(12.34)", "1234" },
	{ "money.cents({})", "nil" },
	{ "money.cents('9.90')", "990" },
	{ "money.text(1980)", "\"19.80\"" },
	{ "money.text(-195)", "\"-1.95\"" },
	{ "money.parse('0')", "0" },
	{ "money.parse('-0.00')", "0" },
	{ "money.parse('+1_234_567.80')", "123456780" },
	{ "money.parse('1.500')", "150" },
	{ "money.parse(12.34)", "1234" },
	{ "money.parse('92233720368547758.07')", "9223372036854775807" },
	{ "money.format(0)", "\"0.00\"" },
	{ "money.format(-5)", "\"-0.05\"" },
	{ "money.format(999999, {decimals = 0})", "\"999,999\"" },
	{ "money.format(1000000, {decimals = 3, thousands = ''})", "\"1000.000\"" },
	{ "money.format(math.mininteger)", "\"-92,233,720,368,547,758.08\"" },
	{ "money.round('0.5', 0)", "\"1\"" },
	{ "money.round('0.5', 0, 'half-even')", "\"0\"" },
	{ "money.round('1.5', 0, 'half-even')", "\"2\"" },
	{ "money.round('2.500001', 0, 'half-even')", "\"3\"" },
	{ "money.round('-0.004', 2)", "\"0.00\"" },
	{ "money.round('-2.345', 2)", "\"-2.35\"" },
	{ "money.round('999.999', 2)", "\"1000.00\"" },
	{ "money.round('9.99', 1, 'down')", "\"9.9\"" },
	{ "money.round(1.005, 2)", "\"1.01\"" },
	{ "money.round(0.1 + 0.2, 2)", "\"0.30\"" },
	{ "money.round(1e-7, 8)", "\"0.00000010\"" },
	{ "money.round(1.5e20, 1)", "\"150000000000000000000.0\"" },
	{ "money.round('123456789012345678901234567890.555', 2)",
	    "\"123456789012345678901234567890.56\"" },
	{ "money.round('007', 0)", "\"7\"" },
	{ "money.times(-150, '0.5')", "-75" },
	{ "money.times(-151, '0.5')", "-76" },
	{ "money.times(-151, '0.5', 'down')", "-75" },
	{ "money.times(151, '0.5', 'half-even')", "76" },
	{ "money.times(153, '0.5', 'half-even')", "76" },
	{ "money.times(100, 0)", "0" },
	{ "money.percent(100, -19)", "-19" },
	{ "money.percent(12345, 100)", "12345" },
	{ "money.split(-1000, 3)", "[-334,-333,-333]" },
	{ "money.split(0, 2)", "[0,0]" },
	{ "money.split(5, {0, 1})", "[0,5]" },
	{ "money.split(100, {1, 1, 1, 4})", "[15,14,14,57]" },
	{ "list.sum(money.split(1234567, {7, 11, 13, 17}))", "1234567" },
	{ "text.trim('')", "\"\"" },
	{ "text.trim(' \\t ')", "\"\"" },
	{ "text.split('', ',')", "[\"\"]" },
	{ "text.split(',', ',')", "[\"\",\"\"]" },
	{ "text.split('a.b', '.')", "[\"a\",\"b\"]" },
	{ "text.split('a--b--c', '--', 1)", "[\"a--b--c\"]" },
	{ "text.lines('')", "[]" },
	{ "text.lines('\\n')", "[\"\"]" },
	{ "text.lines('\\r\\n\\r\\nx\\r')", "[\"\",\"\",\"x\\r\"]" },
	{ "text.join({}, ',')", "\"\"" },
	{ "text.ends_with('abc', '')", "true" },
	{ "text.replace('%d', '%', '%%')", "\"%%d\"" },
	{ "text.replace('abc', 'x', 'y')", "\"abc\"" },
	{ "text.pad_start('né', 5, 'äö')", "\"äöäné\"" },
	{ "text.pad_end('long', 2)", "\"long\"" },
	{ "text.truncate('Grüße', 5)", "\"Grüße\"" },
	{ "text.truncate('Grüße', 4)", "\"Grü…\"" },
	{ "text.truncate('Grüße', 2, '...')", "\"..\"" },
	{ "text.truncate('Grüße', 0)", "\"\"" },
	{ "text.sub('Grüße', -100, 3)", "\"Grü\"" },
	{ "text.sub('Grüße', 4, 2)", "\"\"" },
	{ "text.title(\"don't élan ÉCOLE\")", "\"Don't élan École\"" },
	{ "text.slug('')", "\"\"" },
	{ "text.slug('---')", "\"\"" },
	{ "text.slug('Straße № 5')", "\"strasse-5\"" },
	{ "list.map({}, 'x')", "[]" },
	{ "list.unique({1, 1.0, '1'})", "[1,\"1\"]" },
	{ "list.find({1}, function() return false end) == pawl.null", "true" },
	{ "list.chunk({}, 3)", "[]" },
	{ "list.slice({1, 2, 3}, -2)", "[2,3]" },
	{ "list.slice({1, 2, 3}, 3, 2)", "[]" },
	{ "list.flatten({1, {a = 1}, {}})", "[1,{\"a\":1},{}]" },
	{ "list.flatten({{1, {2}}}, 0)", "[[1,[2]]]" },
	{ "list.concat()", "[]" },
	{ "list.sort_by({{k = 'b', n = 1}, {k = 'a', n = 2}, {k = 'b', n = 3}}, 'k', 'descending')",
	    "[{\"k\":\"b\",\"n\":1},{\"k\":\"b\",\"n\":3},{\"k\":\"a\",\"n\":2}]" },
};

static void
edges_are_what_they_should_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(date_cases) / sizeof(date_cases[0]); i++)
		check(date_cases[i][0], "null", date_cases[i][1]);
	for (size_t i = 0; i < sizeof(other_cases) / sizeof(other_cases[0]); i++)
		check(other_cases[i][0], "null", other_cases[i][1]);
}

/* The whole calendar: every day's number, date and fields agree, and days are without gaps. */
static void
all_days_of_eight_hundred_years_are_in_order(void **state)
{
	(void)state;
	/* a year at a time, so that each run has a budget of its own */
	for (int year = 1600; year < 2400; year += 4) {
		char *code = xasprintf(
		    "local t, last = dates.time({year = %d, month = 1, day = 1}), nil "
		    "for i = 1, 1461 do local f = dates.fields(t) "
		    "if last and not (f.day == last.day + 1 or f.day == 1 and last.day == "
		    "dates.days_in_month(last.year, last.month)) then return dates.format(t) end "
		    "if last and f.weekday ~= last.weekday %% 7 + 1 then return 'weekday ' .. t end "
		    "if last and f.week ~= last.week and f.weekday ~= 1 then return 'week ' .. t end "
		    "if dates.time(f) ~= t then return t end "
		    "last, t = f, t + 86400000 end return last.year",
		    year);
		char *expected =
		    xasprintf("%d", year % 100 == 0 && year % 400 != 0 ? year + 4 : year + 3);

		check(code, "null", expected);
		free(expected);
		free(code);
	}
}

static void
documents_work_like_tables_and_stay_as_they_were(void **state)
{
	static const char input[] =
	    "{\"items\":[{\"k\":\"b\",\"n\":2,\"tags\":[]},{\"k\":\"a\",\"n\":1.50,\"tags\":[\"x\"]},"
	    "{\"k\":\"b\",\"n\":3,\"tags\":[]}],\"none\":[],\"when\":\"2026-11-26T07:30:00Z\"}";

	(void)state;
	check("list.map(states.input.items, 'tags')", input, "[[],[\"x\"],[]]");
	check("list.filter(states.input.items, function(v) return v.n > 1.2 end)[2].n", input,
	    "1.5");
	check("list.group_by(states.input.items, 'k')", input,
	    "{\"a\":[{\"k\":\"a\",\"n\":1.50,\"tags\":[\"x\"]}],\"b\":[{\"k\":\"b\",\"n\":2,"
	    "\"tags\":[]},{\"k\":\"b\",\"n\":3,\"tags\":[]}]}");
	check("list.map(list.sort_by(states.input.items, 'n'), 'n')", input, "[1.5,2,3]");
	check("list.flatten(list.map(states.input.items, 'tags'))", input, "[\"x\"]");
	check("list.map(states.input.none, 'x')", input, "[]");
	check("list.slice(states.input.items, 1, 0)", input, "[]");
	check("list.keys(states.input)", input, "[\"items\",\"none\",\"when\"]");
	check("list.index_by(states.input.items, 'k').b.n", input, "3");
	check("list.sum(states.input.items, 'n')", input, "6.5");
	check("list.reverse(list.map(states.input.items, 'k'))", input, "[\"b\",\"a\",\"b\"]");
	check("list.concat(states.input.none, states.input.none)", input, "[]");
	check("dates.add(states.input.when, 1, 'day')", input, "\"2026-11-27T07:30:00Z\"");
	check("text.join(list.map(states.input.items, 'k'), '+')", input, "\"b+a+b\"");
	check("money.split(10, list.map(states.input.items, function() return 1 end))", input,
	    "[4,3,3]");
	check("local l = states.input.items local _ = list.sort_by(l, 'n'), list.reverse(l), "
	      "list.unique(l, 'k'), list.chunk(l, 2) return states.input",
	    input, input);
}

static const char *const refusals[][2] = {
	{ "dates.parse('x')", "dates.parse: \"x\" is no RFC 3339 time" },
	{ "dates.parse('2026-02-29T00:00:00Z')",
	    "dates.parse: \"2026-02-29T00:00:00Z\" is no RFC 3339 time" },
	{ "dates.parse('2026-13-01T00:00:00Z')",
	    "dates.parse: \"2026-13-01T00:00:00Z\" is no RFC 3339 time" },
	{ "dates.parse('2026-01-01T24:00:00Z')",
	    "dates.parse: \"2026-01-01T24:00:00Z\" is no RFC 3339 time" },
	{ "dates.parse('2026-01-01T00:00:00')",
	    "dates.parse: \"2026-01-01T00:00:00\" is no RFC 3339 time" },
	{ "dates.parse('2026-01-01T00:00:00+24:00')",
	    "dates.parse: \"2026-01-01T00:00:00+24:00\" is no RFC 3339 time" },
	{ "dates.parse('2026-01-01T00:00:00.Z')",
	    "dates.parse: \"2026-01-01T00:00:00.Z\" is no RFC 3339 time" },
	{ "dates.parse(('9'):rep(100000))",
	    "dates.parse: \"999999999999999999999999999999999999999999999999999999999999\" is no RFC 3339 time" },
	{ "dates.parse(nil)", "dates.parse: a nil is no RFC 3339 time" },
	{ "dates.parse(pawl.null)", "dates.parse: a null is no RFC 3339 time" },
	{ "dates.format({})",
	    "dates.format: a table is neither an RFC 3339 time nor its milliseconds" },
	{ "dates.format(1.5)",
	    "dates.format: 1.5 is neither an RFC 3339 time nor its milliseconds" },
	{ "dates.format(math.mininteger)",
	    "dates.format: -9223372036854775808 is neither an RFC 3339 time nor its milliseconds" },
	{ "dates.format(0 / 0)",
	    "dates.format: -nan is neither an RFC 3339 time nor its milliseconds" },
	{ "dates.format(-62167219200001)",
	    "dates.format: the year of the result does not lie between 0000 and 9999" },
	{ "dates.format(0, 1440)", "dates.format: 1440 is no offset in minutes" },
	{ "dates.format(0, 0, 4)", "dates.format: 4 is no number of digits between 0 and 3" },
	{ "dates.add('9999-12-31T00:00:00Z', 1, 'day')",
	    "dates.add: the year of the result does not lie between 0000 and 9999" },
	{ "dates.add('2026-01-01T00:00:00Z', math.maxinteger, 'days')",
	    "dates.add: 9223372036854775807 is no whole number that can be added" },
	{ "dates.subtract('2026-01-01T00:00:00Z', math.mininteger, 'days')",
	    "dates.subtract: -9223372036854775808 is no whole number that can be added" },
	{ "dates.add('2026-01-01T00:00:00Z', 1.5, 'days')",
	    "dates.add: 1.5 is no whole number that can be added" },
	{ "dates.add('2026-01-01T00:00:00Z', 1, 'fortnight')",
	    "dates.add: \"fortnight\" is no unit of time" },
	{ "dates.add('2026-01-01T00:00:00Z', 1)", "dates.add: a nil is no unit of time" },
	{ "dates.add('2026-01-01T00:00:00Z', 1, 'business_day', {'soon'})",
	    "dates.add: the holiday \"soon\" is no date" },
	{ "dates.add('2026-01-01T00:00:00Z', 1, 'business_day', 'soon')",
	    "dates.add: the holidays must be a list" },
	{ "dates.time({year = 2026, month = 2, day = 29})",
	    "dates.time: day must be an integer between 1 and 28" },
	{ "dates.time({year = 2026})", "dates.time: month must be an integer between 1 and 12" },
	{ "dates.days_in_month(2026, 13)", "dates.days_in_month: 13 is no month" },
	{ "money.parse('1,23')", "money.parse: \"1,23\" is no amount" },
	{ "money.parse('1,2345')", "money.parse: \"1,2345\" is no amount" },
	{ "money.parse('1,234 567')", "money.parse: \"1,234 567\" is no amount" },
	{ "money.parse('1.234')", "money.parse: \"1.234\" has more than 2 decimals" },
	{ "money.parse('92233720368547758.08')",
	    "money.parse: \"92233720368547758.08\" is too large" },
	{ "money.parse(('9'):rep(1000))",
	    "money.parse: \"999999999999999999999999999999999999999999999999999999999999\" is too large" },
	{ "money.parse('1e5')", "money.parse: \"1e5\" is no amount" },
	{ "money.parse(nil)", "money.parse: a nil is no amount" },
	{ "money.parse('1', 19)", "money.parse: 19 is no number of decimals between 0 and 18" },
	{ "money.round('1', 2, 'up')",
	    "money.round: \"up\" is no way to round; \"half-up\", \"half-even\", \"down\" are" },
	{ "money.round('1,5')", "money.round: \"1,5\" is no decimal number" },
	{ "money.round(1 / 0)", "money.round: inf is no decimal number" },
	{ "money.format(1.5)", "money.format: 1.5 is no whole number of cents" },
	{ "money.percent(math.maxinteger, 50)", "money.percent: the numbers are too large" },
	{ "money.times(math.mininteger, 1)", "money.times: the numbers are too large" },
	{ "money.times(1, '1.0000000000000000001')", "money.times: the numbers are too large" },
	{ "money.split(100, 0)",
	    "money.split: 0 is neither a number of shares nor a list of weights" },
	{ "money.split(100, {0, 0})", "money.split: all weights are 0" },
	{ "money.split(100, {1, -1})",
	    "money.split: the weight -1 is no whole number between 0 and 1000000000" },
	{ "money.split(math.maxinteger, {2, 1})", "money.split: the numbers are too large" },
	{ "text.trim({})", "text.trim: a table is no text" },
	{ "text.split('a', '')", "text.split: the separator is empty" },
	{ "text.split('a', ',', -1)", "text.split: -1 is no number of characters" },
	{ "text.replace('a', '', 'b')", "text.replace: there is nothing to replace" },
	{ "text.truncate('\\xff', 0)", "text.truncate: the text is not valid UTF-8" },
	{ "text.pad_start('a', 1e18)", "resulting string too large" },
	{ "text.join({{}}, ',')", "text.join: element 1 is a table" },
	{ "list.map(nil, 'x')", "list.map: a nil is no list" },
	{ "list.map({a = 1}, 'x')", "list.map: an object is no list" },
	{ "list.map({1}, 'x')", "list.map: a number has no member x" },
	{ "list.map({1}, 5)", "list.map: a number is neither a function nor the name of a member" },
	{ "list.map({{}}, 'x')", "list.map: element 1 became nil; use pawl.null" },
	{ "list.sum({1, '2'})", "list.sum: element 2 is a string, not a number" },
	{ "list.sort_by({1, 'a'})",
	    "list.sort_by: the key of element 2 is a string; all must be numbers, or all texts" },
	{ "list.sort_by({{}})",
	    "list.sort_by: the key of element 1 is a table; all must be numbers, or all texts" },
	{ "list.sort_by({}, nil, 'up')",
	    "list.sort_by: the order is neither \"ascending\" nor \"descending\"" },
	{ "list.group_by({{k = {}}}, 'k')", "list.group_by: the key of element 1 is a table" },
	{ "list.reduce({}, function() end)",
	    "list.reduce: an empty list needs a value to start with" },
	{ "list.chunk({1}, 0)", "list.chunk: the size must be an integer of at least 1" },
	{ "list.sort_by({0 / 0})",
	    "list.sort_by: the key of element 1 is NaN; all must be numbers, or all texts" },
	{ "list.unique({0 / 0})", "list.unique: the key of element 1 is NaN" },
};

static void
bad_arguments_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char *expected = xasprintf("!%s", refusals[i][1]);

		check(refusals[i][0], "null", expected);
		free(expected);
	}
}

static void
hostile_lists_end_with_the_budget(void **state)
{
	static const char *const codes[] = {
		"local t = {} t[1] = t list.flatten(t, math.maxinteger)",
		"list.map(setmetatable({}, {__len = function() return math.maxinteger end, "
		"__index = function() return 1 end}), function(v) return v end)",
		"list.sort_by({2, 1}, function() while true do end end)",
		"return dates.add(0, 4000000, 'business_days', {'2026-12-25'})",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char *text = run(codes[i], DOC_NONE);

		if (strcmp(text, "!" LUABOX_OUT_OF_STEPS) != 0 &&
		    strstr(text, "overflow") == NULL && strcmp(text, "!not enough memory") != 0)
			fail_msg("%s: %s", codes[i], text);
		free(text);
	}
}

/* An array of n orders. */
static struct doc
orders(int n)
{
	struct doc_builder *b = docb_new();

	docb_array(b);
	for (int i = 0; i < n; i++) {
		char *id = xasprintf("order-%d", i * 7919 % n), *group = xasprintf("g%d", i % 50);

		docb_object(b);
		docb_key(b, "id", 2);
		docb_string(b, id, strlen(id));
		docb_key(b, "group", 5);
		docb_string(b, group, strlen(group));
		docb_key(b, "cents", 5);
		docb_i64(b, i % 1000);
		docb_key(b, "when", 4);
		docb_string(b, "2026-11-26T07:30:00.123Z", 24);
		docb_end(b);
		free(group);
		free(id);
	}
	docb_end(b);
	return docb_finish(b);
}

static void
lists_of_thousands_stay_within_the_budget(void **state)
{
	static const char *const codes[] = {
		"#list.map(states.input, 'id')",
		"#list.filter(states.input, function(v) return v.cents > 500 end)",
		"list.sum(states.input, 'cents')",
		"#list.keys(list.group_by(states.input, 'group'))",
		"list.sort_by(states.input, 'id')[1].id",
		"#list.unique(states.input, 'group')",
		"list.index_by(states.input, 'id')['order-1'].id",
		"#list.flatten(list.chunk(states.input, 10))",
		"#list.reverse(states.input)",
		"#text.join(list.map(states.input, 'id'), ',')",
		"#money.split(1234567, #states.input)",
	};
	struct doc d = orders(5000);
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		text = run(codes[i], d);
		if (*text == '!')
			fail_msg("%s: %s", codes[i], text);
		print_message("%s: %s, %lld steps\n", codes[i], text,
		    (long long)(LUABOX_EXPRESSION_STEPS - luabox_steps_left(box)));
		free(text);
	}
	doc_unref(d);
	d = orders(1500);
	text =
	    run("#list.map(states.input, function(v) return dates.add(v.when, 1, 'month') end)", d);
	assert_string_equal(text, "1500");
	free(text);
	doc_unref(d);
}

static int
set_up(void **state)
{
	const char *srcdir = getenv("srcdir");

	(void)state;
	scripts = xasprintf("%s/scripts", srcdir != NULL ? srcdir : ".");
	box = new_box();
	return box == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	luabox_free(box);
	free(scripts);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_has_an_example_that_is_true),
		cmocka_unit_test(every_function_is_in_the_manual),
		cmocka_unit_test(edges_are_what_they_should_be),
		cmocka_unit_test(all_days_of_eight_hundred_years_are_in_order),
		cmocka_unit_test(documents_work_like_tables_and_stay_as_they_were),
		cmocka_unit_test(bad_arguments_are_named),
		cmocka_unit_test(hostile_lists_end_with_the_budget),
		cmocka_unit_test(lists_of_thousands_stay_within_the_budget),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
