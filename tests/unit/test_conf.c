/*
 * The option table, the configuration file, the command line over it, reloading.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"

static char folder[] = "/tmp/test_conf.XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/t.conf", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct conf *
load(const char *text)
{
	struct err e = ERR_INIT;
	struct conf *c;

	write_file(text);
	c = conf_load(path, NULL, &e);
	if (c == NULL)
		fail_msg("%s", err_cause(&e));
	return c;
}

/* The file is refused, at that line, with that sentence. */
static void
assert_refused(const char *text, int line, const char *sentence)
{
	struct err e = ERR_INIT;
	char want[512];

	write_file(text);
	assert_null(conf_load(path, NULL, &e));
	snprintf(want, sizeof(want), "%s:%d: %s", path, line, sentence);
	assert_string_equal(err_cause(&e), want);
	assert_string_equal(e.name, "pawl.Config");
	err_fini(&e);
}

static void
assert_holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

static void
every_default_is_a_valid_value_of_its_option(void **state)
{
	struct err e = ERR_INIT;
	struct conf *c = conf_load(NULL, NULL, &e);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->listen, "127.0.0.1:8083");
	assert_string_equal(c->account_id, "123456789012");
	assert_string_equal(c->limits, "none");
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->max_header, 16 * 1024);
	assert_int_equal(c->client_timeout, 60 * 1000);
	assert_string_equal(c->plugins, "{}");
	conf_free(c);
}

static void
the_data_folder_depends_on_who_runs_it(void **state)
{
	struct conf *c;
	const char *want = "/var/lib/pawl";

	(void)state;
	setenv("XDG_DATA_HOME", "/home/someone/share", 1);
	if (geteuid() != 0)
		want = "/home/someone/share/pawl";
	c = load("");
	assert_string_equal(c->data_dir, want);
	conf_free(c);
	c = load("data_dir = '/srv/pawl'");
	assert_string_equal(c->data_dir, "/srv/pawl");
	conf_free(c);
}

static void
globals_of_the_file_are_the_options(void **state)
{
	struct conf *c = load("listen = '[::1]:9000'\n"
			      "local minute = 60\n"
			      "client_timeout = (2 * minute) .. 's'\n"
			      "max_body = '1 MiB'\n"
			      "max_header = 2048\n"
			      "writers = 1 + 1\n"
			      "limits = 'aws'\n");

	(void)state;
	assert_string_equal(c->listen, "[::1]:9000");
	assert_int_equal(c->client_timeout, 120 * 1000);
	assert_int_equal(c->max_body, 1 << 20);
	assert_int_equal(c->max_header, 2048);
	assert_int_equal(c->writers, 2);
	assert_string_equal(c->limits, "aws");
	conf_free(c);
}

static void
an_option_can_be_read_back_and_set_again(void **state)
{
	struct conf *c = load("writers = 2\nread_connections = writers * 4\nwriters = 3\n");

	(void)state;
	assert_int_equal(c->read_connections, 8);
	assert_int_equal(c->writers, 3);
	conf_free(c);
}

static void
an_unknown_option_is_refused_with_the_nearest_known_one(void **state)
{
	(void)state;
	assert_refused("\n\nlisten_on = ':80'\n", 3,
	    "there is no option listen_on, did you mean listen?");
	assert_refused("Region = 'eu-west-1'\n", 1,
	    "there is no option Region, did you mean region?");
	assert_refused("data-dir = 'x'\n", 1, "syntax error near '-'");
	assert_refused("zzzzzzzzzzzz = 1\n", 1,
	    "there is no option zzzzzzzzzzzz (a variable of your own is \"local\")");
}

static void
a_wrong_value_is_refused_with_a_sentence(void **state)
{
	(void)state;
	assert_refused("writers = 0", 1, "writers must be a whole number from 1 to 16, not \"0\"");
	assert_refused("writers = 1.5", 1,
	    "writers must be a whole number from 1 to 16, not \"1.5\"");
	assert_refused("writers = '1'", 1,
	    "writers must be a whole number from 1 to 16, not string");
	assert_refused("limits = 'aws '", 1, "limits must be one of none, aws, not \"aws \"");
	assert_refused("limits = ''", 1, "limits must be one of none, aws, not \"\"");
	assert_refused("listen = 8083", 1,
	    "listen must be an address as \"127.0.0.1:8083\", \"[::1]:8083\" or \":8083\", not number");
	assert_refused("listen = '::1:80'", 1,
	    "listen must be an address as \"127.0.0.1:8083\", \"[::1]:8083\" or \":8083\", not \"::1:80\"");
	assert_refused("account_id = '1234'", 1,
	    "account_id must be text that matches [0-9]{12}, not \"1234\"");
	assert_refused("client_timeout = 30", 1,
	    "client_timeout must be a time with its unit (ms, s, m, h, d) from 100ms to 1d, not \"30\"");
	assert_refused("max_body = '1 TiB'", 1,
	    "max_body must be a size from 64 KiB to 256 MiB, not \"1 TiB\"");
	assert_refused("max_body = '99999999999999999999'", 1,
	    "max_body must be a size from 64 KiB to 256 MiB, not \"99999999999999999999\"");
	assert_refused("database = 7", 1, "database must be text, not number");
	assert_refused("region = nil", 1,
	    "region must be text that matches [a-z]+(-[a-z]+)+-[0-9]+, not nil");
}

static void
tables_become_json_in_a_stable_order(void **state)
{
	struct conf *c = load(
	    "access_keys = { AKID2 = 's2', AKID1 = 'a\"b' }\n"
	    "plugins = {\n"
	    "  lambda = { pool = 2, ratio = 0.1, on = true },\n"
	    "  http = { connections = { bank = { type = 'basic' } }, list = { 1, 'x', {} } },\n"
	    "}\n");
	char *json;

	(void)state;
	assert_string_equal(c->access_keys, "{\"AKID1\":\"a\\\"b\",\"AKID2\":\"s2\"}");
	json = conf_plugin_json(c, "http");
	assert_string_equal(json,
	    "{\"connections\":{\"bank\":{\"type\":\"basic\"}},\"list\":[1,\"x\",{}]}");
	free(json);
	json = conf_plugin_json(c, "lambda");
	assert_string_equal(json, "{\"on\":true,\"pool\":2,\"ratio\":0.1}");
	free(json);
	json = conf_plugin_json(c, "type");
	assert_string_equal(json, "{}");
	free(json);
	json = conf_plugin_json(c, "lamb");
	assert_string_equal(json, "{}");
	free(json);
	conf_free(c);
}

static void
a_table_of_the_wrong_kind_is_refused(void **state)
{
	(void)state;
	assert_refused("plugins = 'http'", 1, "plugins must be a table of tables, not string");
	assert_refused("plugins = { http = 1 }", 1,
	    "plugins must be a table of tables, not a table of something else");
	assert_refused("access_keys = { 'a' }", 1,
	    "access_keys must be a table of texts, not a table of something else");
	assert_refused("plugins = { http = { f = print or ipairs } }", 1,
	    "a table cannot hold a function");
	assert_refused("plugins = { http = { [true] = 1 } }", 1,
	    "a table must have names, or be a plain list");
	assert_refused("plugins = { http = { x = 'a\\xff' } }", 1,
	    "a text in a table is not valid UTF-8");
	assert_refused("plugins = { http = { x = 0/0 } }", 1, "a number in a table is not finite");
	assert_refused("local t = {}\nt.t = t\nplugins = { http = t }", 3,
	    "a table is nested deeper than 32");
}

static void
the_file_cannot_leave_its_sandbox(void **state)
{
	static const char *const names[] = { "io", "os", "debug", "load", "require", "pcall",
		"dofile", "setmetatable", "rawset", "_G", "collectgarbage", "package" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "assert(%s == nil)", names[i]);
		conf_free(load(text));
	}
	assert_refused("while true do end", 1, "the configuration computes for too long");
}

static void
a_file_that_eats_memory_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	write_file("local s = ('x'):rep(1 << 28)");
	assert_null(conf_load(path, NULL, &e));
	assert_string_equal(err_cause(&e), "not enough memory");
	err_fini(&e);
}

static void
env_reads_the_environment(void **state)
{
	struct conf *c;

	(void)state;
	setenv("TEST_CONF_SECRET", "hush", 1);
	unsetenv("TEST_CONF_NONE");
	c = load(
	    "aws_secret_access_key = env('TEST_CONF_SECRET')\nregion = env('TEST_CONF_NONE', 'eu-west-1')");
	assert_string_equal(c->aws_secret_access_key, "hush");
	assert_string_equal(c->region, "eu-west-1");
	conf_free(c);
	assert_refused("database = env('TEST_CONF_NONE')", 1,
	    "the environment variable TEST_CONF_NONE is not set");
}

static void
a_file_that_is_not_there_is_an_error_with_its_name(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_null(conf_load("/nonexistent/pawl.conf", NULL, &e));
	assert_string_equal(err_cause(&e),
	    "/nonexistent/pawl.conf: cannot be read: No such file or directory");
	err_fini(&e);
}

static int
try_override(struct conf_overrides *o, int argc, const char *const *argv, struct err *e)
{
	return conf_override(o, argc, (char *const *)argv, e);
}

static void
the_command_line_wins_over_the_file(void **state)
{
	const char *const argv[] = { "--listen=:1", "--data-dir", "/tmp/d", "--set",
		"max_body=2 MiB", "--check-config", "--writers=4" };
	static const int took[] = { 1, 2, 2, 0 };
	struct conf_overrides o = CONF_OVERRIDES_INIT;
	struct err e = ERR_INIT;
	struct conf *c;
	int at = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(try_override(&o, 7 - at, argv + at, &e), took[i]);
		at += took[i];
	}
	assert_int_equal(try_override(&o, 1, argv + 6, &e), 1);
	write_file("listen = ':2'\nregion = 'eu-west-1'\n");
	c = conf_load(path, &o, &e);
	assert_non_null(c);
	assert_string_equal(c->listen, ":1");
	assert_string_equal(c->region, "eu-west-1");
	assert_string_equal(c->data_dir, "/tmp/d");
	assert_int_equal(c->max_body, 2 << 20);
	assert_int_equal(c->writers, 4);
	conf_free(c);
	conf_overrides_fini(&o);
}

static void
assert_argument_refused(const char *first, const char *second, const char *sentence)
{
	const char *const argv[] = { first, second };
	struct conf_overrides o = CONF_OVERRIDES_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(try_override(&o, second != NULL ? 2 : 1, argv, &e), -1);
	assert_string_equal(err_cause(&e), sentence);
	assert_int_equal(o.nitems, 0);
	err_fini(&e);
	conf_overrides_fini(&o);
}

static void
a_mistake_on_the_command_line_is_refused(void **state)
{
	struct conf_overrides o = CONF_OVERRIDES_INIT;
	const char *const argv[] = { "--writers=many" };
	struct err e = ERR_INIT;

	(void)state;
	assert_argument_refused("--listen", NULL, "--listen needs a value");
	assert_argument_refused("--set", "region", "--set needs NAME=VALUE, not \"region\"");
	assert_argument_refused("--set", "regio=x",
	    "--set: there is no option regio, did you mean region?");
	assert_argument_refused("--plugins={}", NULL,
	    "plugins is a table: set it in the configuration file");
	assert_int_equal(try_override(&o, 1, argv, &e), 1);
	assert_null(conf_load(NULL, &o, &e));
	assert_string_equal(err_cause(&e),
	    "--writers: writers must be a whole number from 1 to 16, not \"many\"");
	err_fini(&e);
	conf_overrides_fini(&o);
}

static void
reload_changes_what_it_may_and_names_the_rest(void **state)
{
	struct conf *c = load(
	    "log_level = 'info'\nlisten = ':1'\nregion = 'us-east-1'\naccess_keys = { A = 'x' }");
	struct err e = ERR_INIT;
	const char *listen = c->listen;
	struct buf restart;

	(void)state;
	buf_init(&restart, BUF_UNLIMITED);
	write_file(
	    "log_level = 'debug'\nlisten = ':2'\nregion = 'eu-west-1'\naccess_keys = { B = 'y' }");
	assert_int_equal(conf_reload(c, &restart, &e), 0);
	assert_string_equal(c->log_level, "debug");
	assert_string_equal(c->access_keys, "{\"B\":\"y\"}");
	assert_ptr_equal(c->listen, listen);
	assert_string_equal(c->listen, ":1");
	assert_string_equal(buf_text(&restart), "listen, region");
	buf_fini(&restart);
	conf_free(c);
}

static void
a_mistake_in_a_reload_changes_nothing(void **state)
{
	struct conf *c = load("log_level = 'info'");
	struct err e = ERR_INIT;
	struct buf restart;

	(void)state;
	buf_init(&restart, BUF_UNLIMITED);
	write_file("log_level = 'debug'\nmax_connections = 0");
	assert_int_equal(conf_reload(c, &restart, &e), -1);
	assert_holds(err_cause(&e), ":2: max_connections must be");
	assert_string_equal(c->log_level, "info");
	err_fini(&e);
	buf_fini(&restart);
	conf_free(c);
}

static void
printing_hides_secrets_and_reads_back(void **state)
{
	struct conf *c = load(
	    "database = 'password=hush'\naccess_keys = { A = 'hush' }\nclient_timeout = '90s'\n"
	    "hibernate_after = '0s'\nmax_body = 1048577");
	struct buf out;

	(void)state;
	buf_init(&out, BUF_UNLIMITED);
	conf_print(c, &out);
	assert_null(strstr(buf_text(&out), "hush"));
	assert_holds(buf_text(&out), "database = (set)\n");
	assert_holds(buf_text(&out), "access_keys = (set)\n");
	assert_holds(buf_text(&out), "plugins = \n");
	assert_holds(buf_text(&out), "client_timeout = 90s\n");
	assert_holds(buf_text(&out), "hibernate_after = 0ms\n");
	assert_holds(buf_text(&out), "max_body = 1048577\n");
	assert_holds(buf_text(&out), "max_header = 16 KiB\n");
	buf_fini(&out);
	conf_free(c);
}

static void
a_secret_with_a_mistake_is_not_shown(void **state)
{
	struct option_info o = *option_find("aws_secret_access_key", 21);
	struct err e = ERR_INIT;
	char *field = NULL;

	(void)state;
	o.range = "[a-z]+";
	assert_int_equal(option_set(&o, &field, "HUSH", &e), -1);
	assert_string_equal(err_cause(&e),
	    "aws_secret_access_key must be text that matches [a-z]+");
	assert_null(field);
	err_fini(&e);
}

static void
a_switch_is_true_or_false(void **state)
{
	const struct option_info o = { .name = "verbose", .type = OPTION_BOOL, .range = "" };
	struct err e = ERR_INIT;
	bool field = false;

	(void)state;
	assert_int_equal(option_set(&o, &field, "true", &e), 0);
	assert_true(field);
	assert_int_equal(option_set(&o, &field, "yes", &e), -1);
	assert_string_equal(err_cause(&e), "verbose must be true or false, not \"yes\"");
	assert_true(field);
	err_fini(&e);
}

static void
the_list_of_options_names_each_with_its_sentence(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, BUF_UNLIMITED);
	option_list(&out);
	for (size_t i = 0; i < noptions; i++) {
		assert_holds(buf_text(&out), options[i].name);
		assert_holds(buf_text(&out), options[i].help);
	}
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_a_valid_value_of_its_option),
		cmocka_unit_test(the_data_folder_depends_on_who_runs_it),
		cmocka_unit_test(globals_of_the_file_are_the_options),
		cmocka_unit_test(an_option_can_be_read_back_and_set_again),
		cmocka_unit_test(an_unknown_option_is_refused_with_the_nearest_known_one),
		cmocka_unit_test(a_wrong_value_is_refused_with_a_sentence),
		cmocka_unit_test(tables_become_json_in_a_stable_order),
		cmocka_unit_test(a_table_of_the_wrong_kind_is_refused),
		cmocka_unit_test(the_file_cannot_leave_its_sandbox),
		cmocka_unit_test(a_file_that_eats_memory_is_refused),
		cmocka_unit_test(env_reads_the_environment),
		cmocka_unit_test(a_file_that_is_not_there_is_an_error_with_its_name),
		cmocka_unit_test(the_command_line_wins_over_the_file),
		cmocka_unit_test(a_mistake_on_the_command_line_is_refused),
		cmocka_unit_test(reload_changes_what_it_may_and_names_the_rest),
		cmocka_unit_test(a_mistake_in_a_reload_changes_nothing),
		cmocka_unit_test(printing_hides_secrets_and_reads_back),
		cmocka_unit_test(a_secret_with_a_mistake_is_not_shown),
		cmocka_unit_test(a_switch_is_true_or_false),
		cmocka_unit_test(the_list_of_options_names_each_with_its_sentence),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
