/*
 * test_lambda_command - functions that are local programs: what they are called with, what
 * their end means, and what stands in pawl.conf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "lambda_fixture.h"

static const char commands[] =
    "plugins = { lambda = { commands = {\n"
    "	same = { 'cat' },\n"
    "	shell = 'read event; echo \"[$event, 1]\"',\n"
    "	lines = { command = { 'sort' }, input = 'text', output = 'text' },\n"
    "	text = { command = \"printf 'a\\\\nb\\\\n\\\\n'\", output = 'text' },\n"
    "	bytes = { command = \"printf 'x\\\\377y'\", output = 'text' },\n"
    "	nothing = 'true',\n"
    "	words = 'echo fine, thank you',\n"
    "	where = { command = { 'pwd' }, cwd = '/usr', output = 'text' },\n"
    "	env = { command = { 'env' }, env = { COLOUR = 'red', AWS_REGION = 'mine' }, output = 'text' },\n"
    "	fails = 'echo half; echo one >&2; echo two >&2; exit 3',\n"
    "	says = 'echo no disk; exit 1',\n"
    "	silent = 'exit 1',\n"
    "	raises = [[echo log >&2; echo '{\"errorType\":\"Disk.Full\",\"errorMessage\":\"9 of 9\"}' >&2; exit 1]],\n"
    "	raises_out = [[echo '{\"errorType\":\"Disk.Full\",\"stackTrace\":[\"a\"]}'; exit 1]],\n"
    "	message = [[echo '{\"errorMessage\":\"9 of 9\"}'; exit 1]],\n"
    "	slow = { command = 'sleep 1000', timeout = '200ms' },\n"
    "	large = { command = { 'yes' }, max_output = '1 KiB' },\n"
    "	killed = 'kill -KILL $$',\n"
    "	limits = { command = 'ulimit -v', memory = '64 MiB' },\n"
    "	missing = { 'no-such-program' },\n"
    "	both = 'echo 1',\n"
    "} } }\n";

static struct fixture f;

static void
the_event_is_the_input_and_the_output_is_the_result(void **state)
{
	(void)state;
	assert_succeeded(fixture_run(&f, ARN("same"), "{\"z\":1.50,\"a\":[null]}"),
	    "{\"z\":1.50,\"a\":[null]}");
	assert_succeeded(fixture_run(&f, ARN("shell"), "{\"a\":\"`id` $HOME\"}"),
	    "[{\"a\":\"`id` $HOME\"},1]");
	assert_succeeded(fixture_run(&f, ARN("nothing"), "{}"), "null");
	assert_succeeded(fixture_run(&f, ARN("lines"), "\"b\\na\\nc\\n\""), "\"a\\nb\\nc\"");
	assert_succeeded(fixture_run(&f, ARN("lines"), "{\"a\":1}"), "\"{\\\"a\\\":1}\"");
	assert_succeeded(fixture_run(&f, ARN("text"), "{}"), "\"a\\nb\\n\"");
	assert_succeeded(fixture_run(&f, ARN("bytes"), "{}"), "\"x\xef\xbf\xbdy\"");
	assert_succeeded(fixture_run(&f, ARN("where"), "{}"), "\"/usr\"");
}

static void
lambda_invoke_answers_in_the_envelope_of_the_service(void **state)
{
	const struct fixture_answer *a =
	    fixture_run(&f, INVOKE, "{\"FunctionName\":\"same\",\"Payload\":{\"a\":1}}");

	(void)state;
	assert_false(a->failed);
	assert_non_null(strstr(a->output,
	    "{\"ExecutedVersion\":\"$LATEST\",\"Payload\":{\"a\":1},"
	    "\"SdkHttpMetadata\":{"));
	assert_non_null(strstr(a->output, "\"StatusCode\":200}"));
}

static void
what_a_function_knows_of_its_call_is_in_the_environment(void **state)
{
	static const char *const expected[] = { "AWS_LAMBDA_FUNCTION_NAME=env\\n",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST\\n", "PAWL_IDEMPOTENCY_KEY=key-1\\n",
		"PAWL_STATE_NAME=Pay\\n", "AWS_DEFAULT_REGION=us-east-1\\n", "AWS_REGION=mine\\n",
		"COLOUR=red",
		"PAWL_FUNCTION_ARN=arn:aws:lambda:us-east-1:123456789012:function:env",
		"PAWL_EXECUTION_ARN=arn:aws:states:us-east-1:123456789012:execution:m:run-1\\n",
		"PAWL_STATE_MACHINE_ARN=arn:aws:states:us-east-1:123456789012:stateMachine:m\\n" };
	const struct fixture_answer *first = fixture_run(&f, ARN("env"), "{}");
	const struct fixture_answer *again = fixture_run(&f, ARN("env"), "{}");
	const char *id;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (strstr(first->output, expected[i]) == NULL)
			fail_msg("no %s in %s", expected[i], first->output);
	/* made of the idempotency key, so a second dispatch has the same */
	id = strstr(first->output, "AWS_LAMBDA_REQUEST_ID=");
	assert_non_null(id);
	assert_memory_equal(id, strstr(again->output, "AWS_LAMBDA_REQUEST_ID="),
	    strlen("AWS_LAMBDA_REQUEST_ID=") + 36);
}

static void
a_status_that_is_not_0_is_an_error_of_the_function(void **state)
{
	(void)state;
	assert_failed(fixture_run(&f, ARN("fails"), "{}"), "CommandFailed",
	    "{\"errorMessage\":\"fails ended with status 3: one\\ntwo\",\"errorType\":\"CommandFailed\","
	    "\"requestId\":\"");
	assert_failed(fixture_run(&f, ARN("says"), "{}"), "CommandFailed",
	    "\"says ended with status 1: no disk\"");
	assert_failed(fixture_run(&f, ARN("silent"), "{}"), "CommandFailed",
	    "\"silent ended with status 1\"");
	assert_failed(fixture_run(&f, ARN("raises"), "{}"), "Disk.Full",
	    "{\"errorMessage\":\"9 of 9\",\"errorType\":\"Disk.Full\",");
	assert_failed(fixture_run(&f, ARN("raises_out"), "{}"), "Disk.Full",
	    "\"stackTrace\":[\"a\"]}");
	assert_failed(fixture_run(&f, ARN("message"), "{}"), "CommandFailed",
	    "{\"errorMessage\":\"9 of 9\",");
	assert_failed(fixture_run(&f, ARN("words"), "{}"), "Runtime.MarshalError",
	    "The output of words is not JSON");
}

static void
limits_have_the_names_of_the_service(void **state)
{
	(void)state;
	assert_failed(fixture_run(&f, ARN("slow"), "{}"), "Lambda.Unknown",
	    "Task timed out after 0.20 seconds\"}");
	assert_failed(fixture_run(&f, ARN("killed"), "{}"), "Lambda.Unknown",
	    " Error: Runtime exited with error: signal: Killed\"}");
	assert_failed(fixture_run(&f, ARN("large"), "{}"), "Function.ResponseSizeTooLarge",
	    "Response payload size exceeded maximum allowed payload size (1024 bytes).");
	assert_failed(fixture_run(&f, ARN("missing"), "{}"), "Runtime.InvalidEntrypoint",
	    "no-such-program cannot be started: there is no such program in PATH");
	assert_succeeded(fixture_run(&f, ARN("limits"), "{}"), "65536");
}

static void
an_event_is_not_waited_for_and_a_dry_run_does_not_run(void **state)
{
	struct fixture g;
	char *lines, *command;
	const struct fixture_answer *a;

	(void)state;
	fixture_init(&g, "");
	lines = xasprintf("{\"lambda\":{\"commands\":{\"mark\":\"echo >> %s/marks\"}}}", g.dir);
	free((char *)(uintptr_t)g.conf->plugins);
	g.conf->plugins = lines;
	fixture_load(&g, "lambda");
	a = fixture_run(&g, INVOKE, "{\"FunctionName\":\"mark\",\"InvocationType\":\"DryRun\"}");
	assert_non_null(strstr(a->output, "\"StatusCode\":204}"));
	a = fixture_run(&g, INVOKE, "{\"FunctionName\":\"mark\",\"InvocationType\":\"Event\"}");
	assert_non_null(strstr(a->output, "\"StatusCode\":202}"));
	fixture_run(&g, ARN("mark"), "{}"); /* in their order: the event's has begun before */
	fixture_settle(&g);
	command = xasprintf("test $(wc -l < %s/marks) = 2", g.dir);
	assert_int_equal(system(command), 0);
	free(command);
	fixture_fini(&g);
}

static void
a_lua_function_of_the_same_name_is_chosen(void **state)
{
	(void)state;
	assert_succeeded(fixture_run(&f, ARN("both"), "{}"), "1");
	fixture_write(&f, "functions/both.lua", "return function() return 'lua' end");
	assert_succeeded(fixture_run(&f, ARN("both"), "{}"), "\"lua\"");
}

static void
a_cancelled_task_kills_its_command(void **state)
{
	uint64_t id, t = fixture_start(&f, ARN("slow"), "{}", &id);

	(void)state;
	fixture_settle(&f);
	plugin_host_cancel(f.host, id);
	assert_succeeded(fixture_run(&f, ARN("nothing"), "{}"), "null");
	assert_int_equal(f.answers[t].nanswers, 0);
}

static void
a_reload_brings_new_commands_and_keeps_the_old_ones_when_they_are_wrong(void **state)
{
	(void)state;
	free((char *)(uintptr_t)f.conf->plugins);
	f.conf->plugins = xstrdup("{\"lambda\":{\"commands\":{\"same\":\"echo 2\"}}}");
	plugin_host_reload(f.host, f.conf);
	assert_succeeded(fixture_run(&f, ARN("same"), "{}"), "2");
	assert_failed(fixture_run(&f, ARN("nothing"), "{}"), "Lambda.ResourceNotFoundException",
	    "Function not found");
	free((char *)(uintptr_t)f.conf->plugins);
	f.conf->plugins = xstrdup("{\"lambda\":{\"commands\":{\"same\":5}}}");
	plugin_host_reload(f.host, f.conf);
	assert_succeeded(fixture_run(&f, ARN("same"), "{}"), "2");
}

static void
mistakes_are_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *table, *sentence;
	} cases[] = {
		{ "{ 'ls' }", "plugins.lambda.commands must be a table whose names" },
		{ "{ a = 5 }", "commands.a must be a text for the shell, or a list" },
		{ "{ a = {} }", "commands.a has no command" },
		{ "{ a = '' }", "commands.a must be a text for the shell, or a list" },
		{ "{ a = { timeout = '1s' } }", "commands.a has no command" },
		{ "{ a = { command = { 'ls', 5 } } }", "commands.a: command must be a text" },
		{ "{ a = { command = 'ls', timeout = 5 } }",
		    "commands.a: timeout must be a time with its unit, as \"30s\"" },
		{ "{ a = { command = 'ls', timeout = '0s' } }", "timeout must be" },
		{ "{ a = { command = 'ls', timeout = '99999999999999999999d' } }",
		    "timeout must be" },
		{ "{ a = { command = 'ls', memory = 'much' } }", "memory must be a size" },
		{ "{ a = { command = 'ls', max_output = -1 } }", "max_output must be a size" },
		{ "{ a = { command = 'ls', env = { A = 5 } } }", "env must be a table of texts" },
		{ "{ a = { command = 'ls', env = { ['A=B'] = 'x' } } }",
		    "env must be a table of texts" },
		{ "{ a = { command = 'ls', cwd = 'here' } }",
		    "cwd must be the absolute path of a folder" },
		{ "{ a = { command = 'ls', output = 'xml' } }",
		    "output must be \"json\" or \"text\"" },
		{ "{ a = { comand = 'ls' } }",
		    "commands.a: there is no \"comand\"; there are command" },
		{ "{ ['a:b'] = 'ls' }", "whose names are those of functions" },
		{ "{}", NULL },
		{ "{ a = { command = 'ls', env = {}, memory = 100000000, timeout = '1 h' } }",
		    NULL },
	};
	char *path = realpath(fixture_build_path("plugins/lambda.so"), NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *lines = xasprintf("plugins = { lambda = { commands = %s } }", cases[i].table);
		struct err e = ERR_INIT;
		struct fixture g;
		int rc;

		fixture_init(&g, lines);
		rc = plugin_host_load(g.host, path, &e);
		if ((rc == 0) != (cases[i].sentence == NULL) ||
		    (rc != 0 && strstr(err_cause(&e), cases[i].sentence) == NULL))
			fail_msg("%s: %s", cases[i].table, err_cause(&e));
		err_fini(&e);
		fixture_fini(&g);
		free(lines);
	}
	free(path);
}

static int
setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	fixture_init(&f, commands);
	fixture_load(&f, "lambda");
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
		TEST(the_event_is_the_input_and_the_output_is_the_result),
		TEST(lambda_invoke_answers_in_the_envelope_of_the_service),
		TEST(what_a_function_knows_of_its_call_is_in_the_environment),
		TEST(a_status_that_is_not_0_is_an_error_of_the_function),
		TEST(limits_have_the_names_of_the_service),
		TEST(an_event_is_not_waited_for_and_a_dry_run_does_not_run),
		TEST(a_lua_function_of_the_same_name_is_chosen),
		TEST(a_cancelled_task_kills_its_command),
		TEST(a_reload_brings_new_commands_and_keeps_the_old_ones_when_they_are_wrong),
		TEST(mistakes_are_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
