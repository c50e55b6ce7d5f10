/*
 * test_plugin_host - what is loaded and what is refused, and what becomes of answers
 * that come late, twice, never or as garbage. The refused plugins are made here with the
 * C compiler and the public header, as a third party would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugin_fixture.h"

#define SAY "arn:pawl:states:::echo:say"

static struct fixture f;

/* --- refusals --------------------------------------------------------------------- */

static const char template[] =
    "#include <pawl/plugin.h>\n"
    "#ifndef MAJOR\n#define MAJOR PAWL_ABI_MAJOR\n#endif\n"
    "#ifndef MINOR\n#define MINOR PAWL_ABI_MINOR\n#endif\n"
    "#ifndef SIZE\n#define SIZE sizeof(struct pawl_plugin)\n#endif\n"
    "#ifndef NAME\n#define NAME \"thing\"\n#endif\n"
    "#ifndef RESOURCES\n#define RESOURCES \"arn:pawl:states:::thing:do\"\n#endif\n"
    "#ifndef PATTERNS\n#define PATTERNS PAWL_REQUEST\n#endif\n"
    "#ifndef START\n#define START start\n#endif\n"
    "#ifndef SYMBOL\n#define SYMBOL pawl_plugin\n#endif\n"
    "#ifndef TYPE\n#define TYPE PAWL_INT\n#endif\n"
    "#ifndef DEFAULT\n#define DEFAULT \"1\"\n#endif\n"
    "static int init(const struct pawl_host *h, void **state) {\n"
    "	*state = 0;\n"
    "#ifdef SILENT\n	(void)h; return -1;\n#endif\n"
    "	return h->option_int(h, \"number\") < 0 ? h->refuse(h, \"%d is below %s\", -1, \"zero\") : 0;\n}\n"
    "static void start(void *state, const struct pawl_task *t) { (void)state; (void)t; }\n"
    "static void (*const unused)(void *, const struct pawl_task *) __attribute__((unused)) = start;\n"
    "static const struct pawl_option options[] = { { \"number\", TYPE, DEFAULT, \"A number.\" }, { 0, 0, 0, 0 } };\n"
    "const struct pawl_plugin SYMBOL = { .size = SIZE, .abi_major = MAJOR, .abi_minor = MINOR, .name = NAME,\n"
    "	.resources = RESOURCES, .patterns = PATTERNS, .options = options, .init = init, .start = START };\n";

static const char *
module_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s.so", f.dir, name);
	return path;
}

/* Builds the template as NAME.so with the given -D flags. False when there is no compiler. */
static bool
build(const char *name, const char *flags)
{
	char *command = xasprintf("cc -shared -fPIC %s -I%s/include -o %s %s/thing.c", flags,
	    fixture_build_path(""), module_path(name), f.dir);
	int rc;

	fixture_write(&f, "thing.c", template);
	rc = system(command);
	free(command);
	return rc == 0;
}

static void
assert_refused(const char *name, const char *flags, const char *sentence)
{
	struct err e = ERR_INIT;

	assert_true(build(name, flags));
	assert_int_equal(plugin_host_load(f.host, module_path(name), &e), -1);
	if (strstr(err_cause(&e), sentence) == NULL ||
	    strstr(err_cause(&e), module_path(name)) == NULL)
		fail_msg("%s: %s", name, err_cause(&e));
	err_fini(&e);
}

static void
what_does_not_fit_is_refused_with_a_sentence(void **state)
{
	(void)state;
	assert_refused("thing", "-DMAJOR=PAWL_ABI_MAJOR+1",
	    "it is built for plugin ABI 2.1, this pawld has 1.1; build it again");
	assert_refused("thing", "-DMINOR=PAWL_ABI_MINOR+1",
	    "it needs plugin ABI 1.2, this pawld has 1.1; use a newer pawld");
	assert_refused("thing", "-DSIZE=8", "its struct pawl_plugin has 8 bytes");
	assert_refused("thing", "-DSYMBOL=other", "it exports no symbol \"pawl_plugin\"");
	assert_refused("other", "", "it calls itself \"thing\"; rename the file to thing.so");
	assert_refused("thing", "-DNAME='\"Thing\"'", "its name must be of the form");
	assert_refused("thing", "-DRESOURCES='\" \"'", "it serves no resource");
	assert_refused("thing", "-DRESOURCES='\"http://x\"'", "is not an ARN");
	assert_refused("thing", "-DRESOURCES='\"arn:a*b\"'", "has a '*' before its end");
	assert_refused("thing", "-DSTART=0", "it has no start function");
	assert_refused("thing", "-DPATTERNS=0", "it knows no integration pattern");
	assert_refused("thing", "-DSILENT", "its init failed without saying why");
}

static void
files_that_are_no_modules_are_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	fixture_write(&f, "garbage.so", "this is no shared object");
	assert_int_equal(plugin_host_load(f.host, module_path("garbage"), &e), -1);
	assert_non_null(strstr(err_cause(&e), "it cannot be loaded"));
	assert_int_equal(plugin_host_load(f.host, "/nonexistent/x.so", &e), -1);
	assert_non_null(strstr(err_cause(&e), "it cannot be loaded"));
	err_fini(&e);
}

static void
a_resource_or_a_name_is_served_by_one_plugin_only(void **state)
{
	struct err e = ERR_INIT;
	char *path = realpath(fixture_build_path("plugins/echo.so"), NULL);

	(void)state;
	assert_refused("thing", "-DRESOURCES='\"arn:pawl:states:::thing:do " SAY "\"'",
	    "the resource \"" SAY "\" is served by the plugin echo");
	assert_int_equal(plugin_host_load(f.host, path, &e), -1);
	assert_non_null(strstr(err_cause(&e), "a plugin of that name is loaded already"));
	err_fini(&e);
	free(path);
}

static void
a_folder_is_loaded_in_order_and_bad_files_are_left_out(void **state)
{
	struct fixture g;
	struct buf said;
	char *command;

	(void)state;
	fixture_init(&g, "");
	assert_true(build("thing", ""));
	command = xasprintf(
	    "mkdir %s/p && cp %s %s/p/ && cp %s %s/p/copy.so && echo x > %s/p/.hidden.so && "
	    "echo x > %s/p/readme.txt && ln -s /nonexistent %s/p/dangling.so",
	    g.dir, module_path("thing"), g.dir, module_path("thing"), g.dir, g.dir, g.dir, g.dir);
	assert_int_equal(system(command), 0);
	free(command);
	command = xasprintf("%s/p", g.dir);
	assert_int_equal(plugin_host_load_dir(g.host, command), 2); /* copy.so, dangling.so */
	free(command);
	assert_int_equal(plugin_host_load_dir(g.host, "/nonexistent"), 0);
	buf_init(&said, BUF_UNLIMITED);
	plugin_host_describe(g.host, &said);
	command = xasprintf(
	    "{\"plugins\":[{\"name\":\"thing\",\"version\":\"\",\"abi\":\"1.1\",\"path\":\"%s/p/thing.so\","
	    "\"afterCrash\":\"again\",\"patterns\":[\"request\"],"
	    "\"resources\":[\"arn:pawl:states:::thing:do\"],\"taken\":[],\"routes\":[],\"services\":[]}],"
	    "\"refused\":[{\"path\":\"%s/p/copy.so\",\"reason\":\"is refused: it calls itself",
	    g.dir, g.dir);
	if (strncmp(buf_text(&said), command, strlen(command)) != 0)
		fail_msg("%s", buf_text(&said));
	free(command);
	buf_fini(&said);
	fixture_fini(&g);
}

/* --- options -------------------------------------------------------------------------- */

static void
check_options(const char *table, const char *flags, const char *sentence)
{
	struct fixture g;
	struct err e = ERR_INIT;
	char *lines = xasprintf("plugins = { thing = %s }", table);

	assert_true(build("thing", flags));
	fixture_init(&g, lines);
	assert_int_equal(plugin_host_load(g.host, module_path("thing"), &e),
	    sentence == NULL ? 0 : -1);
	if (sentence != NULL && strstr(err_cause(&e), sentence) == NULL)
		fail_msg("%s: %s", table, err_cause(&e));
	err_fini(&e);
	free(lines);
	fixture_fini(&g);
}

static void
options_are_checked_against_what_the_plugin_declares(void **state)
{
	(void)state;
	check_options("{}", "", NULL);
	check_options("{ number = 5 }", "", NULL);
	check_options("{ number = -5 }", "", "-1 is below zero");
	check_options("{ number = 'many' }", "", "number must be a whole number");
	check_options("{ number = {} }", "", "option number must be a number");
	check_options("{ nummer = 5 }", "", "it has no option \"nummer\"; it has number");
	check_options("{ 5 }", "", "its options must be a table with names");
	check_options("{ number = '10m' }",
	    "-DTYPE=PAWL_DURATION -DDEFAULT='\"1s\"' '-Doption_int(h,n)=option_int(h,n)-600000'",
	    NULL);
	check_options("{ number = '2 KiB' }",
	    "-DTYPE=PAWL_BYTES '-Doption_int(h,n)=option_int(h,n)-2048'", NULL);
}

static void
a_reload_brings_new_options_and_keeps_the_old_ones_when_they_are_wrong(void **state)
{
	struct fixture g;

	(void)state;
	fixture_init(&g, "plugins = { echo = { prefix = 'a-' } }");
	fixture_load(&g, "echo");
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":\"x\"}")->output, "\"a-x\"");
	free((char *)(uintptr_t)g.conf->plugins);
	g.conf->plugins = xstrdup("{\"echo\":{\"prefix\":\"b-\"}}");
	plugin_host_reload(g.host, g.conf);
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":\"x\"}")->output, "\"b-x\"");
	free((char *)(uintptr_t)g.conf->plugins);
	g.conf->plugins = xstrdup("{\"echo\":{\"prefix\":5}}");
	plugin_host_reload(g.host, g.conf);
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":\"x\"}")->output, "\"b-x\"");
	fixture_fini(&g);
}

static void
a_plugin_may_say_no_in_init(void **state)
{
	struct fixture g;
	struct err e = ERR_INIT;
	char *path = realpath(fixture_build_path("plugins/echo.so"), NULL);

	(void)state;
	fixture_init(&g, "plugins = { echo = { refuse = 'the moon is not full' } }");
	assert_int_equal(plugin_host_load(g.host, path, &e), -1);
	assert_non_null(strstr(err_cause(&e), "echo.so is refused: the moon is not full"));
	err_fini(&e);
	free(path);
	fixture_fini(&g);
}

/* --- tasks ------------------------------------------------------------------------------ */

static void
a_task_is_answered_once_and_never_inside_start(void **state)
{
	uint64_t t = fixture_start(&f, SAY, "{\"Output\":{\"a\":1}}", NULL);

	(void)state;
	assert_int_equal(f.answers[t].nanswers, 0);
	assert_string_equal(fixture_wait(&f, t)->output, "{\"a\":1}");
	t = fixture_start(&f, SAY, "{\"Error\":\"E\",\"Cause\":\"c\",\"DelayMs\":1}", NULL);
	fixture_wait(&f, t);
	assert_true(f.answers[t].failed);
	assert_string_equal(f.answers[t].error, "E");
	assert_string_equal(f.answers[t].cause, "c");
}

static void
a_second_answer_is_dropped_and_counted(void **state)
{
	int64_t dropped = stat_value(STAT_plugin_answers_dropped);
	uint64_t t = fixture_start(&f, SAY, "{\"Output\":1,\"Times\":4}", NULL);

	(void)state;
	fixture_wait(&f, t);
	fixture_settle(&f);
	assert_int_equal(f.answers[t].nanswers, 1);
	assert_int_equal(stat_value(STAT_plugin_answers_dropped) - dropped, 3);
}

static void
a_cancelled_task_is_not_answered(void **state)
{
	uint64_t id, other;
	uint64_t late = fixture_start(&f, SAY, "{\"DelayMs\":1}", &id);
	uint64_t queued = fixture_start(&f, SAY, "{}", &other);

	(void)state;
	plugin_host_cancel(f.host, id);
	plugin_host_cancel(f.host, id);
	plugin_host_cancel(f.host, other); /* its answer is on the way already */
	plugin_host_cancel(f.host, 999999);
	fixture_settle(&f);
	assert_int_equal(f.answers[late].nanswers, 0);
	assert_int_equal(f.answers[queued].nanswers, 0);
}

static void
garbage_fails_the_task(void **state)
{
	struct fixture_answer *a = fixture_run(&f, SAY, "{\"Text\":\"{\\\"half\\\":\"}");

	(void)state;
	assert_true(a->failed);
	assert_string_equal(a->error, "States.Runtime");
	assert_non_null(strstr(a->cause, "The plugin echo answered with a text that is not JSON"));
}

static void
an_unknown_resource_or_pattern_fails_like_any_task(void **state)
{
	struct fixture_answer *a = fixture_run(&f, "arn:pawl:states:::nobody:home", "{}");
	struct task_resource r = fixture_resource("arn:pawl:states:::nobody:home"),
			     say = fixture_resource(SAY);

	(void)state;
	assert_string_equal(a->error, "States.Runtime");
	assert_string_equal(a->cause,
	    "No plugin serves the resource 'arn:pawl:states:::nobody:home'");
	assert_false(plugin_host_serves(f.host, &r));
	assert_true(plugin_host_serves(f.host, &say));
	assert_int_equal(plugin_host_after_crash(f.host, &say), AFTER_CRASH_AGAIN);
	fixture_resource_fini(&r);
	fixture_resource_fini(&say);
}

static void
submitted_comes_before_the_answer_where_the_pattern_knows_it(void **state)
{
	uint64_t sync = fixture_start(&f, SAY ".sync",
	    "{\"Submitted\":\"s\",\"Output\":\"o\",\"DelayMs\":5}", NULL);
	uint64_t token = fixture_start(&f, SAY ".waitForTaskToken",
	    "{\"Submitted\":\"s\",\"Output\":\"o\"}", NULL);
	uint64_t plain =
	    fixture_start(&f, SAY, "{\"Submitted\":\"s\",\"Output\":\"o\",\"DelayMs\":5}", NULL);

	(void)state;
	assert_string_equal(fixture_wait(&f, sync)->output, "\"s\"");
	assert_int_equal(f.answers[sync].nanswers, 0);
	fixture_wait(&f, plain);
	fixture_settle(&f);
	assert_int_equal(f.answers[sync].nanswers, 1);
	assert_string_equal(f.answers[sync].output, "\"o\"");
	assert_int_equal(f.answers[token].nsubmitted, 1); /* then its token answers */
	assert_int_equal(f.answers[token].nanswers, 0);
	assert_int_equal(f.answers[plain].nsubmitted, 0);
	assert_string_equal(f.answers[plain].output, "\"o\"");
}

static void
the_longest_pattern_wins_and_region_and_account_may_stand_in_it(void **state)
{
	struct fixture g;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(
	    build("thing", "-DRESOURCES='\"arn:pawl:states:::echo:* arn:aws:states:::thing:do\"'"));
	fixture_init(&g, "");
	fixture_load(&g, "echo");
	assert_int_equal(plugin_host_load(g.host, module_path("thing"), &e), 0);
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":1}")->output,
	    "1"); /* echo, not thing */
	for (int i = 0; i < 3; i++) {
		static const char *const arns[] = { "arn:pawl:states:::echo:other",
			"arn:aws:states:::thing:do",
			"arn:aws:states:us-east-1:123456789012:thing:do" };
		struct task_resource r = fixture_resource(arns[i]);

		assert_true(plugin_host_serves(g.host, &r));
		fixture_resource_fini(&r);
	}
	err_fini(&e);
	fixture_fini(&g);
}

/* A host with echo and with a plugin "thing" that serves a part of the same. */
static void
choosing_init(struct fixture *g, const char *resources)
{
	struct err e = ERR_INIT;
	char *lines = xasprintf("resources = %s", resources);

	assert_true(build("thing",
	    "-DRESOURCES='\"" SAY " arn:pawl:states:::echo:* arn:pawl:states:::thing:do\"'"));
	fixture_init(g, lines);
	fixture_load(g, "echo");
	if (plugin_host_load(g->host, module_path("thing"), &e) != 0)
		fail_msg("%s", err_cause(&e));
	free(lines);
}

static void
assert_said(const struct fixture *g, const char *part)
{
	struct buf said;

	buf_init(&said, BUF_UNLIMITED);
	plugin_host_describe(g->host, &said);
	if (strstr(buf_text(&said), part) == NULL)
		fail_msg("no %s in %s", part, buf_text(&said));
	buf_fini(&said);
}

static bool
serves(const struct fixture *g, const char *arn)
{
	struct task_resource r = fixture_resource(arn);
	bool is = plugin_host_serves(g->host, &r);

	fixture_resource_fini(&r);
	return is;
}

static void
the_configuration_decides_between_two_that_serve_the_same(void **state)
{
	struct fixture g;
	struct err e = ERR_INIT;

	(void)state;
	choosing_init(&g, "{ ['" SAY "'] = 'echo' }");
	assert_int_equal(plugin_host_check(g.host, &e), 0);
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":1}")->output, "1");
	assert_said(&g, "\"resources\":[\"" SAY "\"],\"taken\":[]");
	assert_said(&g,
	    "\"resources\":[\"arn:pawl:states:::echo:*\",\"arn:pawl:states:::thing:do\"],"
	    "\"taken\":[{\"resource\":\"" SAY "\",\"by\":\"echo\"}]");
	fixture_fini(&g);
	choosing_init(&g, "{ ['arn:pawl:states:::echo:*'] = 'thing' }");
	assert_int_equal(plugin_host_check(g.host, &e), 0);
	assert_said(&g, "\"resources\":[],\"taken\":[{\"resource\":\"" SAY "\",\"by\":\"thing\"}]");
	fixture_fini(&g);
}

static void
the_closest_choice_counts_where_its_plugin_serves_the_resource(void **state)
{
	struct fixture g;
	struct err e = ERR_INIT;
	struct fixture_answer *a;

	(void)state;
	/* echo serves no thing:do, so that stays with thing; "none" is closer for echo:no */
	choosing_init(&g,
	    "{ ['arn:pawl:*'] = 'echo', ['arn:pawl:states:::echo:no*'] = 'none', ['arn:x:y'] = 'none' }");
	assert_int_equal(plugin_host_check(g.host, &e), 0);
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":1}")->output, "1");
	assert_true(serves(&g, "arn:pawl:states:::thing:do"));
	assert_true(serves(&g, "arn:pawl:states:::echo:other"));
	assert_false(serves(&g, "arn:pawl:states:::echo:nobody"));
	assert_false(serves(&g, "arn:pawl:states:us-east-1:123456789012:echo:nobody"));
	a = fixture_run(&g, "arn:pawl:states:::echo:nobody", "{}");
	assert_string_equal(a->error, "States.Runtime");
	assert_string_equal(a->cause,
	    "No plugin serves the resource 'arn:pawl:states:::echo:nobody'");
	assert_said(&g, "{\"resource\":\"arn:pawl:states:::echo:no*\",\"by\":\"none\"}");
	fixture_fini(&g);
}

static void
assert_bad_choice(const char *resources, const char *sentence)
{
	struct fixture g;
	struct err e = ERR_INIT;
	char *lines = xasprintf("resources = %s", resources);

	fixture_init(&g, lines);
	fixture_load(&g, "echo");
	assert_int_equal(plugin_host_check(g.host, &e), -1);
	if (strstr(err_cause(&e), sentence) == NULL)
		fail_msg("%s", err_cause(&e));
	err_fini(&e);
	free(lines);
	fixture_fini(&g);
}

static void
a_choice_that_makes_no_sense_is_an_error(void **state)
{
	struct fixture g;
	struct err e = ERR_INIT;

	(void)state;
	assert_bad_choice("{ ['" SAY "'] = 'ecko' }",
	    "there is no plugin \"ecko\" to serve \"" SAY
	    "\"; there are echo, and \"none\" for nobody");
	assert_bad_choice("{ ['arn:aws:*'] = 'echo' }",
	    "the plugin echo serves nothing of \"arn:aws:*\"; it serves " SAY);
	assert_bad_choice("{ say = 'echo' }", "\"say\" is not an ARN, or has a '*' before its end");
	assert_bad_choice("{ ['arn:*:x'] = 'echo' }", "has a '*' before its end");
	/* the one that is chosen does not serve it: who does is open */
	choosing_init(&g, "{ ['arn:pawl:states:::*'] = 'lambda' }");
	fixture_load(&g, "lambda");
	assert_int_equal(plugin_host_check(g.host, &e), -1);
	assert_non_null(strstr(err_cause(&e), "the plugin lambda serves nothing of"));
	err_fini(&e);
	fixture_fini(&g);
}

static void
a_reload_changes_the_choice_or_nothing(void **state)
{
	static const char *const bad[] = { "{ }", "{ ['" SAY "'] = 'nobody' }", "{ x = 'echo' }" };
	struct fixture g;
	struct err e = ERR_INIT;
	struct buf restart;
	char *lines;

	(void)state;
	buf_init(&restart, BUF_UNLIMITED);
	choosing_init(&g, "{ ['" SAY "'] = 'thing' }");
	assert_int_equal(plugin_host_check(g.host, &e), 0);
	for (size_t i = 0; i < 3; i++) {
		lines = xasprintf("resources = %s", bad[i]);
		fixture_write(&g, "pawl.conf", lines);
		free(lines);
		assert_int_equal(conf_reload(g.conf, &restart, &e), 0);
		plugin_host_reload(g.host, g.conf);
		assert_said(&g, "{\"resource\":\"" SAY "\",\"by\":\"thing\"}");
	}
	assert_true(serves(&g, SAY));
	fixture_write(&g, "pawl.conf", "resources = { ['" SAY "'] = 'none' }");
	assert_int_equal(conf_reload(g.conf, &restart, &e), 0);
	plugin_host_reload(g.host, g.conf);
	assert_false(serves(&g, SAY));
	fixture_write(&g, "pawl.conf", "resources = { ['" SAY "'] = 'echo' }");
	assert_int_equal(conf_reload(g.conf, &restart, &e), 0);
	plugin_host_reload(g.host, g.conf);
	assert_said(&g, "{\"resource\":\"" SAY "\",\"by\":\"echo\"}");
	assert_string_equal(fixture_run(&g, SAY, "{\"Output\":1}")->output, "1");
	fixture_fini(&g);
	buf_fini(&restart);
}

static void
stopping_leaves_nothing_behind(void **state)
{
	struct fixture g;
	uint64_t t;

	(void)state;
	fixture_init(&g, "");
	fixture_load(&g, "echo");
	t = fixture_start(&g, SAY, "{\"DelayMs\":60000}", NULL);
	fixture_start(&g, SAY, "{\"Never\":true}", NULL);
	fixture_start(&g, SAY, "{}", NULL);
	plugin_host_free(g.host);
	g.host = NULL;
	fixture_settle(&g);
	assert_int_equal(g.answers[t].nanswers, 0);
	fixture_fini(&g);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&f, "");
	fixture_load(&f, "echo");
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
		TEST(a_task_is_answered_once_and_never_inside_start),
		TEST(a_second_answer_is_dropped_and_counted),
		TEST(a_cancelled_task_is_not_answered),
		TEST(garbage_fails_the_task),
		TEST(an_unknown_resource_or_pattern_fails_like_any_task),
		TEST(submitted_comes_before_the_answer_where_the_pattern_knows_it),
		TEST(stopping_leaves_nothing_behind),
		TEST(a_plugin_may_say_no_in_init),
		TEST(a_reload_brings_new_options_and_keeps_the_old_ones_when_they_are_wrong),
		TEST(files_that_are_no_modules_are_refused),
		/* these need a compiler */
		TEST(what_does_not_fit_is_refused_with_a_sentence),
		TEST(a_resource_or_a_name_is_served_by_one_plugin_only),
		TEST(a_folder_is_loaded_in_order_and_bad_files_are_left_out),
		TEST(options_are_checked_against_what_the_plugin_declares),
		TEST(the_longest_pattern_wins_and_region_and_account_may_stand_in_it),
		TEST(the_configuration_decides_between_two_that_serve_the_same),
		TEST(the_closest_choice_counts_where_its_plugin_serves_the_resource),
		TEST(a_choice_that_makes_no_sense_is_an_error),
		TEST(a_reload_changes_the_choice_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
