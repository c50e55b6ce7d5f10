/*
 * test_hook - hooks as files in a folder: which are taken, who is asked in what order, and what
 * becomes of those that fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "task/hook.h"
#include "task/script_file.h"

#define REQUEST \
	"{\"action\":\"StartExecution\",\"access_key_id\":\"AKIDWEB\",\"state_machine_name\":\"payroll\"}"
#define TASK "{\"resource\":\"arn:aws:states:::http:invoke\",\"parameters\":{\"n\":1}}"

static char folder[64];
static struct loop *loop;
static struct hooks *hooks;
static int terminal; /* where stderr went */

/* fail_msg, where somebody reads it. */
#define FAIL(...) \
	do { \
		dup2(terminal, STDERR_FILENO); \
		fail_msg(__VA_ARGS__); \
	} while (0)

/* --- the folder, and what is logged -------------------------------------------------------------- */

static char *
path_of(const char *name)
{
	return xasprintf("%s/hooks/%s", folder, name);
}

static void
write_hook(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void
remove_hook(const char *name)
{
	char *path = path_of(name);

	assert_int_equal(remove(path), 0);
	free(path);
}

static void
load(void)
{
	struct err e = ERR_INIT;

	if (hooks_load(hooks, &e) != 0)
		FAIL("%s", err_cause(&e));
}

/* Puts one hook there and loads it. */
static void
have(const char *text)
{
	write_hook("a.lua", text);
	load();
}

/* What was logged since the last call. Yours. */
static char *
logged(void)
{
	off_t len = lseek(STDERR_FILENO, 0, SEEK_CUR);
	char *text = xcalloc(1, (size_t)len + 1);

	assert_int_equal(pread(STDERR_FILENO, text, (size_t)len, 0), len);
	assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return text;
}

static void
assert_logged(const char *part)
{
	char *text = logged();

	if (strstr(text, part) == NULL)
		FAIL("no \"%s\" in the log: %s", part, text);
	free(text);
}

static int
setup(void **state)
{
	char *dir, *log;

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pawl-hook-XXXXXX");
	assert_non_null(mkdtemp(folder));
	dir = path_of("");
	assert_int_equal(mkdir(dir, 0755), 0);
	log = xasprintf("%s/log", folder);
	terminal = dup(STDERR_FILENO);
	assert_true(dup2(open(log, O_RDWR | O_CREAT | O_TRUNC, 0600), STDERR_FILENO) >= 0);
	loop = loop_new();
	hooks = hooks_new(loop, &(struct script_dirs){ folder, NULL });
	stat_reset();
	free(dir);
	free(log);
	return 0;
}

static int
teardown(void **state)
{
	char *command = xasprintf("rm -rf %s", folder);

	(void)state;
	hooks_free(hooks);
	loop_free(loop);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	assert_int_equal(system(command), 0);
	free(command);
	return 0;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* --- asking ------------------------------------------------------------------------------------------ */

/* "yes", or "no" with the reason. Yours. */
static char *
ask(const char *request)
{
	struct doc d = doc_parse(request, strlen(request), NULL);
	char *reason, *text;

	assert_false(doc_is_none(d));
	text = hooks_authorize(hooks, d, &reason) ? xstrdup("yes")
	    : reason != NULL                      ? xasprintf("no: %s", reason)
						  : xstrdup("no");
	free(reason);
	doc_unref(d);
	return text;
}

static void
assert_asked(const char *expected)
{
	char *text = ask(REQUEST);

	assert_string_equal(text, expected);
	free(text);
}

/* "as it is", new parameters, or "ERROR: cause". Yours. */
static char *
dispatch(const char *task)
{
	struct doc d = doc_parse(task, strlen(task), NULL);
	struct hook_dispatch out;
	char *text;

	assert_false(doc_is_none(d));
	hooks_before_dispatch(hooks, d, &out);
	text = out.refused                ? xasprintf("%s: %s", out.error, out.cause)
	    : doc_is_none(out.parameters) ? xstrdup("as it is")
					  : doc_text(out.parameters, NULL);
	hook_dispatch_fini(&out);
	doc_unref(d);
	return text;
}

static void
assert_dispatched(const char *expected)
{
	char *text = dispatch(TASK);

	assert_string_equal(text, expected);
	free(text);
}

static void
tell(enum hook_point p, const char *event)
{
	hooks_tell_take(hooks, p, doc_parse(event, strlen(event), NULL));
}

/* Lets the loop go on until the queue is empty: a timer behind its own. */
static void
run_loop(int64_t ms)
{
	struct loop_timer t;

	loop_timer_init(loop, &t, stop, loop);
	loop_timer_set(&t, ms);
	loop_run(loop);
	loop_timer_fini(&t);
}

static void
without_files_there_is_no_hook(void **state)
{
	(void)state;
	load();
	for (int p = 0; p < HOOK_POINT_COUNT; p++)
		assert_false(hooks_any(hooks, (enum hook_point)p));
	assert_false(hooks_any(NULL, HOOK_authorize));
	remove_hook("");
	load();
	assert_false(hooks_any(hooks, HOOK_authorize));
}

static void
only_true_lets_a_call_through(void **state)
{
	static const char *const cases[][2] = {
		{ "return true", "yes" },
		{ "return true, 'why not'", "yes" },
		{ "return false", "no" },
		{ "return false, 'because'", "no: because" },
		{ "return false, 12", "no" },
		{ "return r.access_key_id == 'AKIDWEB'", "yes" },
		{ "return r.access_key_id == 'AKIDPAY', 'the key ' .. r.access_key_id",
		    "no: the key AKIDWEB" },
		{ "return r.nothing == nil", "yes" },
		{ "r.action = 'x' return true", "yes" },
		/* nothing of this is a decision */
		{ "", "no" },
		{ "return nil, 'because'", "no" },
		{ "return 'true'", "no" },
		{ "return 1", "no" },
		{ "return {}", "no" },
		{ "return pawl.null", "no" },
		{ "return print", "no" },
		{ "return true, print", "no" },
		{ "return false, '\\xff'", "no" },
		{ "error('broken')", "no" },
		{ "error({errorType = 'A', errorMessage = 'b'})", "no" },
		{ "return r.a.b", "no" },
		{ "return http.request{url = 'http://127.0.0.1/'}", "no" },
		{ "while true do end", "no" },
		{ "while true do pcall(error) end", "no" },
		{ "local t = {} while true do t[#t + 1] = {t} end", "no" },
		{ "return ('a'):rep(4000):find('.-.-.-.-b')", "no" },
		{ "while true do log('x') end", "no" },
		{ "local s = 'x' while true do s = s .. s end", "no" },
		{ "return require('nothing')", "no" },
		{ "local function f(...) return f(1, ...) end return f()", "no" },
		{ "return table.unpack({}, 1, 1e6)", "no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *code = xasprintf("return {authorize = function(r) %s end}", cases[i][0]),
		     *answer;

		have(code);
		answer = ask(REQUEST);
		if (strcmp(answer, cases[i][1]) != 0)
			FAIL("%s: %s", cases[i][0], answer);
		free(answer);
		free(code);
	}
	have("return {authorize = function(r) return true end}");
	assert_asked("yes");
}

static void
a_hook_that_broke_its_box_is_asked_again(void **state)
{
	(void)state;
	have(
	    "return {authorize = function(r) if r.spin then while true do end end return true end}");
	for (int i = 0; i < 3; i++) {
		char *answer = ask("{\"spin\":true}");

		assert_string_equal(answer, "no");
		free(answer);
		assert_asked("yes");
	}
	assert_int_equal(stat_value(STAT_hook_calls), 6);
	assert_int_equal(stat_value(STAT_hook_errors), 3);
	assert_int_equal(stat_value(STAT_hook_refusals), 3);
	assert_int_equal(stat_value(STAT_hook_seconds), 6);
}

static void
the_first_refusal_in_the_order_of_names_wins(void **state)
{
	(void)state;
	write_hook("20.lua", "return {authorize = function() log('two') return false, 'two' end}");
	write_hook("10.lua", "return {authorize = function() log('one') return true end}");
	write_hook("30.lua",
	    "return {authorize = function() log('three') return false, 'three' end}");
	write_hook("25.lua", "return {}");
	load();
	free(logged());
	assert_asked("no: two");
	{
		char *text = logged();
		const char *one = strstr(text, "hook=10 one"), *two = strstr(text, "hook=20 two");

		assert_non_null(one);
		assert_non_null(two);
		assert_true(one < two);
		assert_null(strstr(text, "three"));
		free(text);
	}
	remove_hook("20.lua");
	load();
	assert_asked("no: three");
}

static void
calls_do_not_see_each_other(void **state)
{
	(void)state;
	have("local n = 0 count = (count or 0) return {authorize = function(r) n = n + 1 "
	     "count = count + 1 r.action = nil return n == 1 and count == 1 end}");
	for (int i = 0; i < 3; i++)
		assert_asked("yes");
}

static void
a_task_is_left_changed_or_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "", "as it is" },
		{ "return true", "as it is" },
		{ "return pawl.null", "as it is" },
		{ "t.parameters.n = 2", "as it is" },
		{ "t.parameters.n = 2 return t.parameters", "{\"n\":2}" },
		{ "return {}", "{}" },
		{ "return 'text'", "\"text\"" },
		{ "return false", "States.Permissions: The hook a refused the task." },
		{ "return false, 'Mine'", "Mine: The hook a refused the task." },
		{ "return false, 'Mine', 'no'", "Mine: no" },
		{ "return false, 1, 2", "States.Permissions: The hook a refused the task." },
		/* one that fails is as if it were not there */
		{ "error('broken')", "as it is" },
		{ "while true do end", "as it is" },
		{ "return print", "as it is" },
		{ "local t = {} t[1] = t return t", "as it is" },
		{ "return ('x'):rep(1e9)", "as it is" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *code =
			 xasprintf("return {before_dispatch = function(t) %s end}", cases[i][0]),
		     *answer;

		have(code);
		answer = dispatch(TASK);
		if (strcmp(answer, cases[i][1]) != 0)
			FAIL("%s: %s", cases[i][0], answer);
		free(answer);
		free(code);
	}
}

static void
each_hook_sees_the_task_as_the_one_before_left_it(void **state)
{
	(void)state;
	write_hook("1.lua",
	    "return {before_dispatch = function(t) t.parameters.n = t.parameters.n + 1 "
	    "return t.parameters end}");
	write_hook("2.lua",
	    "return {before_dispatch = function(t) t.parameters.n = t.parameters.n * 10 "
	    "return t.parameters end}");
	write_hook("3.lua", "return {before_dispatch = function(t) error('broken') end}");
	write_hook("4.lua", "return {before_dispatch = function(t) end}");
	load();
	assert_dispatched("{\"n\":20}");
	write_hook("4.lua",
	    "return {before_dispatch = function(t) return false, 'N', "
	    "tostring(t.parameters.n) end}");
	load();
	assert_dispatched("N: 20");
}

static void
events_are_told_once_in_order_and_later(void **state)
{
	char *text, *at;
	int n = 25000; /* more than may wait */

	(void)state;
	have("return {execution_started = function(e) log('e' .. e.n .. '.') end, "
	     "execution_ended = function(e) error('told to the wrong one') end}");
	write_hook("b.lua", "return {execution_started = function(e) error('broken') end}");
	load();
	free(logged());
	tell(HOOK_execution_started, "{\"n\":0}");
	text = logged();
	assert_null(strstr(text, "e0."));
	free(text);
	for (int i = 1; i < n; i++) {
		char *event = xasprintf("{\"n\":%d}", i);

		tell(HOOK_execution_started, event);
		free(event);
	}
	while (stat_value(STAT_hook_calls) < 2 * n)
		run_loop(0);
	run_loop(0);
	assert_int_equal(stat_value(STAT_hook_calls), 2 * n);
	assert_int_equal(stat_value(STAT_hook_errors), n);
	at = text = logged();
	for (int i = 0; i < n; i++) {
		char *line = xasprintf(" e%d.\n", i);

		if ((at = strstr(at, line)) == NULL)
			FAIL("event %d is missing or comes early", i);
		free(line);
	}
	free(text);
}

static void
what_waits_at_the_end_is_told(void **state)
{
	(void)state;
	have("return {state_failed = function(e) warn('told', e.n) end}");
	tell(HOOK_state_failed, "{\"n\":7}");
	hooks_free(hooks);
	hooks = NULL;
	assert_logged("warn  hook=a told 7");
}

static void
complaints_do_not_fill_the_log(void **state)
{
	char *text;

	(void)state;
	have("return {authorize = function() error('broken') end}");
	free(logged());
	clock_fake(1700000000000, 1000);
	for (int i = 0; i < 100; i++)
		assert_asked("no");
	text = logged();
	assert_non_null(strstr(text, "error hook=a authorize failed at hooks/a.lua:1: broken\n"));
	assert_null(strstr(strstr(text, "broken") + 1, "broken"));
	free(text);
	clock_fake(1700000002000, 3000);
	assert_asked("no");
	assert_logged("hook=a authorize failed 99 times more since the last line");
	clock_fake(-1, -1);
}

/* --- loading ------------------------------------------------------------------------------------------- */

static void
assert_not_loaded(const char *part)
{
	struct err e = ERR_INIT;

	assert_int_equal(hooks_load(hooks, &e), -1);
	if (strstr(err_cause(&e), part) == NULL)
		FAIL("no \"%s\" in \"%s\"", part, err_cause(&e));
	err_fini(&e);
}

static void
a_broken_file_is_told_with_its_line_and_changes_nothing(void **state)
{
	static const char *const cases[][2] = {
		{ "return {\n  authorize = function(r) return tru e end\n}", "hooks/b.lua:2:" },
		{ "return {authorise = function() return false end}",
		    "hooks/b.lua: there is no hook \"authorise\"; there are authorize" },
		{ "return {['before_dispatch '] = function() end}", "there is no hook" },
		{ "return {authorize = true}", "authorize must be a function, not a boolean" },
		{ "return {function() end}", "the names in its table must be strings" },
		{ "return function() return true end", "must return a table, not a function" },
		{ "", "must return a table, not a nil" },
		{ "\nlocal x = nil + 1 return {}", "hooks/b.lua:2: attempt to perform arithmetic" },
		{ "while true do end", "hooks/b.lua" },
		{ "return {authorize = setmetatable({}, {__call = function() return true end})}",
		    "must be a function" },
		{ "local m = require('missing') return {}", "module 'missing' cannot be loaded" },
		{ "\x1bLua", "hooks/b.lua" },
	};

	(void)state;
	have("return {authorize = function() return false, 'the old one' end}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_hook("a.lua", "return {}");
		write_hook("b.lua", cases[i][0]);
		assert_not_loaded(cases[i][1]);
		assert_asked("no: the old one");
	}
	remove_hook("b.lua");
	load();
	assert_false(hooks_any(hooks, HOOK_authorize));
	assert_logged("none has authorize any more");
}

static void
what_should_be_a_hook_and_cannot_be_read_is_an_error(void **state)
{
	char *path = path_of("b.lua");

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	assert_not_loaded("b.lua is not a file");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	assert_not_loaded("No such file");
	remove_hook("b.lua");
	write_hook("not a name.lua", "return {}");
	assert_not_loaded("may hold letters");
	remove_hook("not a name.lua");
	/* these are none */
	write_hook(".hidden.lua", "return");
	write_hook("guard.lua.example", "return");
	write_hook("README", "return");
	load();
	remove_hook(".hidden.lua");
	remove_hook("guard.lua.example");
	remove_hook("README");
	free(path);
	/* a folder that leads nowhere is not the same as none */
	path = xasprintf("%s/hooks", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	assert_not_loaded("hooks: No such file");
	assert_int_equal(unlink(path), 0);
	load();
	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

/* --- the examples ---------------------------------------------------------------------------------------- */

static char *
read_source(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/%s", srcdir != NULL ? srcdir : ".", name);
	struct script_file f;
	struct err e = ERR_INIT;

	if (script_file_read(path, &f, &e) != 0)
		FAIL("%s", err_cause(&e));
	free(path);
	return f.text;
}

/* The example of the manual that begins with "-- hooks/NAME", as a hook. */
static void
have_manual(const char *page, const char *name)
{
	char *head = xasprintf("-- hooks/%s\n", name);
	const char *from = strstr(page, head), *to;
	char *text;

	assert_non_null(from);
	to = strstr(from, "\n.Ed\n");
	assert_non_null(to);
	text = xstrndup(from, (size_t)(to - from));
	assert_null(strchr(text, '\\')); /* what roff would read differently */
	have(text);
	free(text);
	free(head);
}

static void
the_examples_of_the_manual_do_what_it_says(void **state)
{
	char *page = read_source("docs/pawl-lua.7"), *text;

	(void)state;
	have_manual(page, "payroll.lua");
	assert_asked("no: payroll is not yours");
	text = ask("{\"access_key_id\":\"AKIDPAY\",\"state_machine_name\":\"payroll\"}");
	assert_string_equal(text, "yes");
	free(text);
	have_manual(page, "tasks.lua");
	text =
	    dispatch("{\"resource\":\"arn:aws:states:::http:invoke\",\"execution_arn\":\"arn:e\","
		     "\"parameters\":{\"Method\":\"GET\"}}");
	assert_string_equal(text, "{\"Method\":\"GET\",\"Headers\":{\"X-Execution\":\"arn:e\"}}");
	free(text);
	text = dispatch(
	    "{\"resource\":\"arn:aws:states:::http:invoke\",\"parameters\":{\"Method\":\"DELETE\"}}");
	assert_string_equal(text, "Tasks.Delete: nothing is deleted from here");
	free(text);
	have_manual(page, "watch.lua");
	tell(HOOK_execution_started, "{\"execution_name\":\"e\"}");
	tell(HOOK_execution_ended,
	    "{\"execution_name\":\"e\",\"status\":\"FAILED\",\"duration_ms\":12}");
	tell(HOOK_state_failed, "{\"state_name\":\"S\",\"error\":\"E\",\"outcome\":\"UNCAUGHT\"}");
	run_loop(0);
	text = logged();
	assert_non_null(strstr(text, "started e\n"));
	assert_non_null(strstr(text, "FAILED e 12\n"));
	assert_non_null(strstr(text, "S E\n"));
	free(text);
	assert_int_equal(stat_value(STAT_hook_errors), 0);
	/* every point has its place there */
#define X(name) assert_non_null(strstr(page, #name "("));
	HOOK_POINTS(X)
#undef X
	free(page);
}

/* The text with the first old replaced. Yours. */
static char *
with(const char *text, const char *old, const char *new_)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text), text, new_, at + strlen(old));
}

static void
assert_host(const char *endpoint, const char *expected)
{
	char *task = xasprintf("{\"resource\":\"arn:aws:states:::http:invoke\","
			       "\"parameters\":{\"ApiEndpoint\":\"%s\"}}",
	    endpoint);
	char *text = dispatch(task);

	assert_string_equal(text, expected);
	free(text);
	free(task);
}

static void
the_guard_lets_all_through_until_it_is_told_whom(void **state)
{
	char *guard = read_source("scripts/hooks/guard.lua");
	char *readers = with(guard, "local readers = {}", "local readers = {AKIDWEB = true}");
	char *owned = with(guard, "local owned = {}", "local owned = {payroll = {AKIDPAY = true}}");
	char *hosts = with(guard, "local hosts = {}", "local hosts = {['api.example.com'] = true}");

	(void)state;
	have(guard);
	assert_asked("yes");
	assert_host("https://elsewhere.example", "as it is");
	have(readers);
	assert_asked("no: the key AKIDWEB may only read");
	have(owned);
	assert_asked("no: the state machine payroll belongs to others");
	have(hosts);
	assert_asked("yes");
	assert_host("https://api.example.com", "as it is");
	assert_host("https://API.example.com:8443/x?y#z", "as it is");
	assert_host("https://api.example.com.evil/",
	    "Guard.Host: tasks may not call api.example.com.evil");
	assert_host("https://api.example.com:x@evil/",
	    "Guard.Host: tasks may not call api.example.com:x@evil");
	assert_host("https://api.example.com@evil",
	    "Guard.Host: tasks may not call api.example.com@evil");
	assert_host("file:///etc/passwd", "Guard.Host: tasks may not call ");
	assert_int_equal(stat_value(STAT_hook_errors), 0);
	free(guard);
	free(readers);
	free(owned);
	free(hosts);
}

static void
the_audit_writes_what_ended_and_what_failed(void **state)
{
	char *audit = read_source("scripts/hooks/audit.lua");
	char *lib = xasprintf("%s/scripts/lib", getenv("srcdir") != NULL ? getenv("srcdir") : ".");

	(void)state;
	hooks_free(hooks);
	hooks = hooks_new(loop, &(struct script_dirs){ folder, lib });
	have(audit);
	free(logged());
	tell(HOOK_execution_ended,
	    "{\"execution_name\":\"e\",\"state_machine_name\":\"m\",\"status\":\"FAILED\",\"error\":\"E\","
	    "\"start_time\":\"2026-11-26T07:30:00.000Z\",\"stop_time\":\"2026-11-26T07:30:01.500Z\"}");
	tell(HOOK_state_failed,
	    "{\"execution_name\":\"e\",\"state_machine_name\":\"m\",\"state_name\":\"S\","
	    "\"outcome\":\"RETRIED\"}");
	tell(HOOK_state_failed,
	    "{\"execution_name\":\"e\",\"state_machine_name\":\"m\",\"state_name\":\"S\","
	    "\"error\":\"E\",\"outcome\":\"CAUGHT\",\"next\":\"N\"}");
	run_loop(0);
	{
		char *text = logged();

		assert_non_null(
		    strstr(text, "hook=a FAILED machine=m execution=e seconds=1.5 error=E"));
		assert_non_null(
		    strstr(text, "machine=m execution=e state=S error=E CAUGHT next=N"));
		assert_null(strstr(text, "RETRIED"));
		free(text);
	}
	assert_int_equal(stat_value(STAT_hook_errors), 0);
	free(audit);
	free(lib);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_files_there_is_no_hook),
		TEST(only_true_lets_a_call_through),
		TEST(a_hook_that_broke_its_box_is_asked_again),
		TEST(the_first_refusal_in_the_order_of_names_wins),
		TEST(calls_do_not_see_each_other),
		TEST(a_task_is_left_changed_or_refused),
		TEST(each_hook_sees_the_task_as_the_one_before_left_it),
		TEST(events_are_told_once_in_order_and_later),
		TEST(what_waits_at_the_end_is_told),
		TEST(complaints_do_not_fill_the_log),
		TEST(a_broken_file_is_told_with_its_line_and_changes_nothing),
		TEST(what_should_be_a_hook_and_cannot_be_read_is_an_error),
		TEST(the_examples_of_the_manual_do_what_it_says),
		TEST(the_guard_lets_all_through_until_it_is_told_whom),
		TEST(the_audit_writes_what_ended_and_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
