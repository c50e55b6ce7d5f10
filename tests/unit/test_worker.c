/*
 * test_worker - function workers: what runs, what is killed and replaced, what waits,
 * and that nothing of it happens on the loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <signal.h>

#include "plugin_fixture.h"
#include "task/script_file.h"
#include "task/worker.h"
#include "task/worker_frame.h"

static struct fixture f; /* its folder and loop */
static struct http_peer peer;
static bool have_peer;

struct result {
	bool done;
	enum script_result result;
	char *value, *type, *message, *trace, *log;
	int64_t limit_ms;
	int nlines;
};

static int nwanted; /* the loop stops when so many more are done */

static void
keep(void *arg, const struct script_answer *a)
{
	struct result *r = arg;

	assert_false(r->done);
	r->done = true;
	r->result = a->result;
	r->limit_ms = a->limit_ms;
	r->value = doc_is_none(a->value) ? NULL : doc_text(a->value, NULL);
	r->trace = doc_is_none(a->trace) ? NULL : doc_text(a->trace, NULL);
	r->type = a->error_type != NULL ? xstrdup(a->error_type) : NULL;
	r->message = a->error_message != NULL ? xstrdup(a->error_message) : NULL;
	if (--nwanted == 0)
		loop_stop(f.loop);
}

static void
keep_log(void *arg, enum log_level level, const char *line)
{
	struct result *r = arg;

	r->nlines++;
	free(r->log);
	r->log = xasprintf("%s%s", level == LOG_LEVEL_WARN ? "warn " : "", line);
}

static void
result_fini(struct result *r)
{
	free(r->value);
	free(r->type);
	free(r->message);
	free(r->trace);
	free(r->log);
	memset(r, 0, sizeof(*r));
}

static struct worker_pool *
new_pool(int nworkers, int64_t timeout_ms, int64_t memory)
{
	char *program = xstrdup(fixture_build_path("pawl-function"));
	struct worker_options o = { .program = program,
		.dirs = { f.dir, NULL },
		.nworkers = nworkers,
		.timeout_ms = timeout_ms,
		.memory = memory };
	struct worker_pool *p = worker_pool_new(f.loop, &o);

	free(program);
	return p;
}

static uint64_t
start(struct worker_pool *p, const char *name, const char *event, struct result *r)
{
	struct doc d = doc_parse(event, strlen(event), NULL);
	struct script_call c = { .name = name, .event = d, .context = DOC_NONE, .seed = 1 };
	uint64_t id = worker_start(p, &c, keep_log, keep, r);

	doc_unref(d);
	nwanted++;
	return id;
}

static void
wait_all(void)
{
	if (nwanted > 0)
		test_loop_run(f.loop);
}

/* "PID (pawl-function) STATE PARENT ...": is that a worker of this process? */
static bool
is_worker(const char *stat)
{
	static const char name[] = " (pawl-function) ";
	const char *at = strstr(stat, name);

	return at != NULL && strtol(at + strlen(name) + 1, NULL, 10) == getpid();
}

/* The function worker of this process that runs; 0 = none. */
static pid_t
find_worker(void)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (found == 0 && (entry = readdir(d)) != NULL) {
		char path[300], line[512];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    (file = fopen(path, "r")) == NULL)
			continue;
		if (fgets(line, sizeof(line), file) != NULL && is_worker(line))
			found = (pid_t)strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	closedir(d);
	return found;
}

/* Writes functions/NAME.lua and runs it once in the pool. */
static struct result
run(struct worker_pool *p, const char *name, const char *code, const char *event)
{
	char *path = xasprintf("functions/%s.lua", name);
	struct result r = { 0 };

	fixture_write(&f, path, code);
	free(path);
	start(p, name, event, &r);
	assert_false(r.done);
	wait_all();
	return r;
}

static void
a_function_gets_its_event_and_its_value_comes_back(void **state)
{
	struct worker_pool *p = new_pool(1, 10000, 64 << 20);
	struct result r = run(p, "add",
	    "return function(event, context) event.sum = event.a + event.b return event end",
	    "{\"a\":1,\"b\":2,\"kept\":1.50}");

	(void)state;
	assert_int_equal(r.result, SCRIPT_OK);
	assert_string_equal(r.value, "{\"a\":1,\"b\":2,\"kept\":1.50,\"sum\":3}");
	result_fini(&r);
	r = run(p, "pure", "return pawl.pure(function(e) return e end)", "[]");
	assert_string_equal(r.value, "[]");
	result_fini(&r);
	worker_pool_free(p);
}

static void
a_function_finds_modules_and_may_log_sleep_and_look_at_the_clock(void **state)
{
	struct worker_pool *p = new_pool(1, 10000, 64 << 20);
	struct result r;

	(void)state;
	fixture_write(&f, "lib/tax.lua", "return {rate = 0.25}");
	r = run(p, "log",
	    "local tax = require('tax') return function(event) log('rate', tax.rate, event) warn('careful\\nline') "
	    "sleep(0.01) return now() > 1e9 end",
	    "{}");
	assert_string_equal(r.value, "true");
	assert_int_equal(r.nlines, 2);
	assert_string_equal(r.log, "warn careful\nline");
	result_fini(&r);
	r = run(p, "chatty", "return function() for i = 1, 5000 do log(i) end return 1 end", "{}");
	assert_int_equal(r.nlines, WORKER_LOG_LINES_MAX);
	assert_string_equal(r.value, "1");
	result_fini(&r);
	worker_pool_free(p);
}

static void
errors_come_with_type_message_and_trace(void **state)
{
	struct worker_pool *p = new_pool(1, 10000, 64 << 20);
	struct result r = run(p, "bad", "return function()\n error('broken') end", "{}");

	(void)state;
	assert_int_equal(r.result, SCRIPT_RAISED);
	assert_string_equal(r.type, "Error");
	assert_string_equal(r.message, "broken");
	assert_string_equal(r.trace,
	    "[\"functions/bad.lua:2: in function <functions/bad.lua:1>\"]");
	result_fini(&r);
	r = run(p, "typed",
	    "return function() error({errorType = 'NoMoney', errorMessage = 'none left'}) end",
	    "{}");
	assert_string_equal(r.type, "NoMoney");
	assert_string_equal(r.message, "none left");
	result_fini(&r);
	r = run(p, "syntax", "return function(", "{}");
	assert_int_equal(r.result, SCRIPT_RAISED);
	assert_string_equal(r.type, "SyntaxError");
	assert_non_null(strstr(r.message, "functions/syntax.lua:1:"));
	result_fini(&r);
	start(p, "no-such", "{}", &r);
	wait_all();
	assert_int_equal(r.result, SCRIPT_MISSING);
	result_fini(&r);
	start(p, "../functions/add", "{}", &r);
	wait_all();
	assert_int_equal(r.result, SCRIPT_MISSING);
	result_fini(&r);
	worker_pool_free(p);
}

static void
an_endless_function_is_killed_and_its_worker_replaced(void **state)
{
	static const char *const endless[] = { "return function() while true do end end",
		"return function() sleep(1000) end", "while true do end",
		"return function() ('a'):rep(50000):find(('.-'):rep(60) .. 'b') end" };
	struct worker_pool *p = new_pool(1, 150, 64 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		struct result r = run(p, "endless", endless[i], "{}");

		assert_int_equal(r.result, SCRIPT_TIMEOUT);
		assert_int_equal(r.limit_ms, 150);
		result_fini(&r);
		worker_pool_set_limits(p, 10000, 64 << 20);
		r = run(p, "fine", "return function() return 'fine' end", "{}");
		assert_string_equal(r.value, "\"fine\"");
		result_fini(&r);
		worker_pool_set_limits(p, 150, 64 << 20);
	}
	assert_int_equal(worker_counts(p).nprocesses, 1);
	worker_pool_free(p);
}

static void
a_call_may_shorten_its_time_but_not_stretch_it(void **state)
{
	struct worker_pool *p = new_pool(1, 200, 64 << 20);
	struct doc event = doc_empty_object();
	struct script_call c = { .name = "sleeper", .event = event, .context = DOC_NONE };
	struct result r = { 0 };

	(void)state;
	fixture_write(&f, "functions/sleeper.lua", "return function() sleep(100) end");
	for (int i = 0; i < 2; i++) {
		c.timeout_ms = i == 0 ? 50 : 100000;
		worker_start(p, &c, NULL, keep, &r);
		nwanted++;
		wait_all();
		assert_int_equal(r.limit_ms, i == 0 ? 50 : 200);
		result_fini(&r);
	}
	doc_unref(event);
	worker_pool_free(p);
}

static void
a_function_that_wants_too_much_memory_is_ended_and_replaced(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 4 << 20);
	struct result r = run(p, "hungry",
	    "return function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end",
	    "{}");

	(void)state;
	assert_int_equal(r.result, SCRIPT_MEMORY);
	result_fini(&r);
	r = run(p, "fine", "return function() return 'fine' end", "{}");
	assert_string_equal(r.value, "\"fine\"");
	result_fini(&r);
	worker_pool_free(p);
}

static void
calls_keep_nothing_for_each_other(void **state)
{
	static const char code[] =
	    "calls = (calls or 0) + 1 local up = 0 return function() up = up + 1 "
	    "leak = (leak or 0) + 1 return {calls, up, leak} end";
	struct worker_pool *p = new_pool(1, 10000, 64 << 20);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct result r = run(p, "counts", code, "{}");

		assert_string_equal(r.value, "[1,1,1]");
		result_fini(&r);
	}
	worker_pool_free(p);
}

static void
calls_run_side_by_side_up_to_the_limit_and_the_rest_waits(void **state)
{
	struct worker_pool *p = new_pool(2, 20000, 64 << 20);
	struct result r[5] = { { 0 } };

	(void)state;
	fixture_write(&f, "functions/nap.lua", "return function(e) sleep(0.02) return e end");
	for (int i = 0; i < 5; i++)
		start(p, "nap", "[7]", &r[i]);
	assert_int_equal(worker_counts(p).nwaiting, 5);
	wait_all();
	assert_int_equal(worker_counts(p).nprocesses, 2);
	assert_int_equal(worker_counts(p).nbusy, 0);
	for (int i = 0; i < 5; i++) {
		assert_string_equal(r[i].value, "[7]");
		result_fini(&r[i]);
	}
	worker_pool_free(p);
}

static void
the_queue_is_bounded(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 64 << 20);
	struct doc event = doc_empty_object();
	struct script_call c = { .name = "block", .event = event, .context = DOC_NONE };
	struct result last = { 0 };
	static struct result others[WORKER_QUEUE_MAX + 1];

	(void)state;
	fixture_write(&f, "functions/block.lua", "return function() sleep(1000) end");
	for (int i = 0; i <= WORKER_QUEUE_MAX; i++)
		worker_start(p, &c, NULL, keep, &others[i]); /* one runs, the queue is full */
	worker_start(p, &c, NULL, keep, &last);
	nwanted = 1;
	wait_all();
	assert_int_equal(last.result, SCRIPT_BUSY);
	assert_false(others[WORKER_QUEUE_MAX].done);
	result_fini(&last);
	doc_unref(event);
	worker_pool_free(p);
	nwanted = 0;
}

static void
a_cancelled_call_is_not_answered(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 64 << 20);
	struct result running = { 0 }, waiting = { 0 }, r = { 0 };
	uint64_t a, b;

	(void)state;
	fixture_write(&f, "functions/block.lua", "return function() log('on') sleep(1000) end");
	fixture_write(&f, "functions/fine.lua", "return function() return 'fine' end");
	a = start(p, "block", "{}", &running);
	b = start(p, "block", "{}", &waiting);
	while (running.nlines == 0) /* until it really runs */
		fixture_settle(&f);
	worker_cancel(p, b);
	worker_cancel(p, a);
	worker_cancel(p, a);
	nwanted = 0;
	start(p, "fine", "{}", &r);
	wait_all();
	assert_string_equal(r.value, "\"fine\"");
	assert_false(running.done);
	assert_false(waiting.done);
	result_fini(&running);
	result_fini(&r);
	worker_pool_free(p);
}

static void
a_worker_that_dies_fails_its_call_and_only_that(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 64 << 20);
	struct result dead = { 0 }, next = { 0 };

	(void)state;
	fixture_write(&f, "functions/block.lua", "return function() log('on') sleep(1000) end");
	fixture_write(&f, "functions/fine.lua", "return function() return 'fine' end");
	start(p, "block", "{}", &dead);
	start(p, "fine", "{}", &next);
	while (dead.nlines == 0)
		fixture_settle(&f);
	assert_int_equal(kill(find_worker(), SIGKILL), 0);
	wait_all();
	assert_int_equal(dead.result, SCRIPT_CRASHED);
	assert_string_equal(dead.message, "Runtime exited with error: signal: Killed");
	assert_string_equal(next.value, "\"fine\"");
	result_fini(&dead);
	result_fini(&next);
	worker_pool_free(p);
}

static void
a_program_that_is_not_there_fails_every_call_with_a_sentence(void **state)
{
	struct worker_options o = { .program = "/nonexistent/pawl-function",
		.dirs = { f.dir, NULL },
		.nworkers = 1,
		.timeout_ms = 1000,
		.memory = 1 << 20 };
	struct worker_pool *p = worker_pool_new(f.loop, &o);
	struct result r[2] = { { 0 } };

	(void)state;
	start(p, "fine", "{}", &r[0]);
	start(p, "fine", "{}", &r[1]);
	wait_all();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r[i].result, SCRIPT_CRASHED);
		assert_string_equal(r[i].message,
		    "A function worker cannot be started: /nonexistent/pawl-function: No such file or directory");
		result_fini(&r[i]);
	}
	worker_pool_free(p);
}

static void
a_program_that_talks_nonsense_fails_the_call(void **state)
{
	char *program = xasprintf("%s/nonsense", f.dir);
	struct worker_options o = { .program = program,
		.dirs = { f.dir, NULL },
		.nworkers = 1,
		.timeout_ms = 10000,
		.memory = 1 << 20 };
	struct worker_pool *p;
	struct result r = { 0 };

	(void)state;
	fixture_write(&f, "nonsense",
	    "#!/bin/sh\necho nonsense that is no frame >&0\nexec sleep 1000\n");
	chmod(program, 0755);
	p = worker_pool_new(f.loop, &o);
	start(p, "fine", "{}", &r);
	wait_all();
	assert_int_equal(r.result, SCRIPT_CRASHED);
	result_fini(&r);
	worker_pool_free(p);
	free(program);
}

static void
large_events_and_results_pass(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 64 << 20);
	struct result r = { 0 };
	size_t len = 2000000;
	char *event = xmalloc(len + 3);

	(void)state;
	memset(event, 'x', len + 2);
	event[0] = event[len + 1] = '"';
	event[len + 2] = '\0';
	fixture_write(&f, "functions/same.lua", "return function(e) return {e, #e} end");
	start(p, "same", event, &r);
	wait_all();
	assert_int_equal(r.result, SCRIPT_OK);
	assert_int_equal(strlen(r.value), len + strlen("[\"\",2000000]"));
	result_fini(&r);
	free(event);
	worker_pool_free(p);
}

/* The frame around it nests deeper than any document may. */
static void
an_event_as_deep_as_may_be_goes_there_and_back(void **state)
{
	struct worker_pool *p = new_pool(1, 20000, 64 << 20);
	struct result r = { 0 };
	char event[2 * DOC_DEPTH_MAX + 1];

	(void)state;
	memset(event, '[', DOC_DEPTH_MAX);
	memset(event + DOC_DEPTH_MAX, ']', DOC_DEPTH_MAX);
	event[2 * DOC_DEPTH_MAX] = '\0';
	fixture_write(&f, "functions/back.lua", "return function(e) return e end");
	start(p, "back", event, &r);
	wait_all();
	assert_int_equal(r.result, SCRIPT_OK);
	assert_string_equal(r.value, event);
	result_fini(&r);
	worker_pool_free(p);
}

static void
a_function_may_call_http_services(void **state)
{
	struct worker_pool *p;
	struct result r;
	char *code;

	(void)state;
	if (!have_peer)
		skip();
	p = new_pool(1, 20000, 64 << 20);
	code = xasprintf(
	    "return function(e) local base = 'http://127.0.0.1:%d'\n"
	    "local a = http.request{url = base .. '/echo', method = 'PUT', body = 'b', headers = {['X-One'] = '1'}}\n"
	    "local seen = json.decode(a.body)\n"
	    "local b, why = http.request{url = 'http://127.0.0.1:1/'}\n"
	    "local c = http.request{url = base .. '/status/503'}\n"
	    "local d, late = http.request{url = base .. '/slow', timeout = 0.05}\n"
	    "local ok, e = pcall(http.request, {})\n"
	    "return {a.status, seen.method, seen.body, seen.headers['x-one'][1], a.headers['content-type'],\n"
	    "  b == nil and why, c.status, d == nil and late:match('Timed out'), e} end",
	    peer.port);
	r = run(p, "calls", code, "{}");
	assert_string_equal(r.value,
	    "[200,\"PUT\",\"b\",\"1\",\"application/json\",\"127.0.0.1:1: Connection refused or not reachable\",503,"
	    "\"Timed out\",\"http.request: url is missing\"]");
	result_fini(&r);
	free(code);
	worker_pool_free(p);
}

static void
functions_see_no_secret_of_the_environment(void **state)
{
	struct worker_pool *p;
	struct result r;
	char path[64], text[8192] = "";
	FILE *environment;

	(void)state;
	setenv("PAWL_TEST_SECRET", "hidden", 1);
	p = new_pool(1, 20000, 64 << 20);
	r = run(p, "env",
	    "return function() return {os == nil, io == nil, load == nil, string.dump == nil} end",
	    "{}");
	assert_string_equal(r.value, "[true,true,true,true]");
	result_fini(&r);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)find_worker());
	environment = fopen(path, "r");
	assert_non_null(environment);
	text[fread(text, 1, sizeof(text) - 1, environment)] = '\0';
	fclose(environment);
	for (char *s = text; *s != '\0'; s += strlen(s) + 1)
		assert_null(strstr(s, "PAWL_TEST_SECRET"));
	worker_pool_free(p);
}

static void
require_looks_in_the_folder_of_scripts_then_in_that_of_modules(void **state)
{
	char *lib = xstrdup(test_source_path("scripts/lib"));
	struct script_dirs dirs = { f.dir, lib };
	struct err e = ERR_INIT;
	uint64_t stamp = 0, first;
	struct buf text;

	(void)state;
	buf_init(&text, BUF_UNLIMITED);
	assert_int_equal(script_module_read(&dirs, "dates", &stamp, &text, &e), 0);
	assert_non_null(strstr(buf_text(&text), "RFC 3339"));
	first = stamp;
	assert_int_equal(script_module_read(&dirs, "dates", &stamp, &text, &e), 1);
	/* a module of the same name in script_dir is the one that counts from now on */
	fixture_write(&f, "lib/dates.lua", "return 'mine'");
	buf_reset(&text);
	assert_int_equal(script_module_read(&dirs, "dates", &stamp, &text, &e), 0);
	assert_string_equal(buf_text(&text), "return 'mine'");
	assert_int_not_equal(stamp, first);
	dirs.lib_dir = NULL;
	stamp = 0;
	assert_int_equal(script_module_read(&dirs, "list", &stamp, &text, &e), -1);
	err_fini(&e);
	buf_fini(&text);
	free(lib);
}

static void
the_functions_that_come_with_the_sources_work(void **state)
{
	char *dir = xstrdup(test_source_path("scripts"));
	struct scripts *s = scripts_new(&(struct script_dirs){ dir, NULL });
	static const char event[] =
	    "{\"items\":[{\"price\":\"9.90\",\"count\":2},{\"price\":0.1}]}";
	struct script_call c = { .name = "order_total",
		.event = doc_parse(event, strlen(event), NULL),
		.context = DOC_NONE };
	struct script_answer a;
	char *text;

	(void)state;
	assert_int_equal(scripts_kind(s, "order_total"), SCRIPT_PURE);
	assert_int_equal(scripts_kind(s, "check_site"), SCRIPT_ORDINARY);
	scripts_call_pure(s, &c, &a);
	assert_int_equal(a.result, SCRIPT_OK);
	text = doc_text(doc_gets(a.value, "total"), NULL);
	assert_string_equal(text, "\"19.90\"");
	free(text);
	script_answer_fini(&a);
	doc_unref(c.event);
	scripts_free(s);
	if (have_peer) {
		struct worker_options o = { .program = "",
			.dirs = { dir, NULL },
			.nworkers = 1,
			.timeout_ms = 20000,
			.memory = 64 << 20 };
		char *program = xstrdup(fixture_build_path("pawl-function"));
		char *down = xasprintf(
		    "{\"url\":\"http://127.0.0.1:%d/status/503\",\"tries\":2,\"pause\":0}",
		    peer.port);
		struct result r = { 0 };
		struct worker_pool *p;

		o.program = program;
		p = worker_pool_new(f.loop, &o);
		start(p, "check_site", down, &r);
		wait_all();
		assert_string_equal(r.value, "{\"tries\":2,\"up\":false}");
		assert_int_equal(r.nlines, 2);
		result_fini(&r);
		worker_pool_free(p);
		free(program);
		free(down);
	}
	free(dir);
}

static void
frames_that_are_no_frames_are_told_from_frames(void **state)
{
	static const unsigned char good[] = { 0, 0, 1, 0, 'A' }, empty[] = { 0, 0, 0, 0, 'A' },
				   large[] = { 255, 0, 0, 0, 'A' }, kind[] = { 0, 0, 0, 2, 'x' };
	enum worker_frame_kind k;
	struct script_answer a;

	(void)state;
	assert_int_equal(worker_frame_len(good, &k), 255);
	assert_int_equal(k, WORKER_ANSWER);
	assert_int_equal(worker_frame_len(empty, &k), -1);
	assert_int_equal(worker_frame_len(large, &k), -1);
	assert_int_equal(worker_frame_len(kind, &k), -1);
	assert_int_equal(worker_read_answer("{\"result\":0}", 12, &a), -1);
	assert_int_equal(worker_read_answer("{\"result\":77,\"value\":1}", 23, &a), -1);
	assert_int_equal(worker_read_answer("[", 1, &a), -1);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&f, "");
	nwanted = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_gets_its_event_and_its_value_comes_back),
		TEST(a_function_finds_modules_and_may_log_sleep_and_look_at_the_clock),
		TEST(errors_come_with_type_message_and_trace),
		TEST(an_endless_function_is_killed_and_its_worker_replaced),
		TEST(a_call_may_shorten_its_time_but_not_stretch_it),
		TEST(a_function_that_wants_too_much_memory_is_ended_and_replaced),
		TEST(calls_keep_nothing_for_each_other),
		TEST(calls_run_side_by_side_up_to_the_limit_and_the_rest_waits),
		TEST(the_queue_is_bounded),
		TEST(a_cancelled_call_is_not_answered),
		TEST(a_worker_that_dies_fails_its_call_and_only_that),
		TEST(a_program_that_is_not_there_fails_every_call_with_a_sentence),
		TEST(a_program_that_talks_nonsense_fails_the_call),
		TEST(large_events_and_results_pass),
		TEST(an_event_as_deep_as_may_be_goes_there_and_back),
		TEST(a_function_may_call_http_services),
		TEST(functions_see_no_secret_of_the_environment),
		TEST(require_looks_in_the_folder_of_scripts_then_in_that_of_modules),
		TEST(the_functions_that_come_with_the_sources_work),
		TEST(frames_that_are_no_frames_are_told_from_frames),
	};
	int rc;

	have_peer = http_peer_start(&peer) == 0;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (have_peer)
		http_peer_stop(&peer);
	return rc;
}
