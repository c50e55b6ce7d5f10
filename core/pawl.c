/*
 * pawl - the command line: picks the subcommand and runs it.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct cli_command commands[] = {
	{ "validate", "FILE", "check a definition, without a server",
	    "  --type STANDARD|EXPRESS   what to check for (default STANDARD)\n"
	    "  --json                    the problems as JSON, for editors\n"
	    "FILE is JSON, JSON with comments, or YAML (*.yaml, *.yml); - is standard input.\n"
	    "Exits with 0 when there is no error, 1 when there is one.\n",
	    cmd_validate },
	{ "run", "FILE [--input JSON|@FILE]", "run a definition, without a server",
	    "  --input JSON|@FILE|-      input of the execution (default {})\n"
	    "  --functions DIR           folder of the Lua scripts: DIR/functions/NAME.lua\n"
	    "  --config FILE             the configuration of a pawld, for its plugins\n"
	    "  --set NAME=VALUE          one option of it\n"
	    "  --answer STATE=JSON       what the Task STATE answers (may be given for several)\n"
	    "  --fail STATE=ERROR        the Task STATE fails with this error\n"
	    "  --real-time               wait as long as Wait and Retry say, instead of jumping ahead\n"
	    "  --history                 print the history as well\n"
	    "  --json                    print the history in the form of the API\n"
	    "FILE is JSON, JSON with comments, or YAML (*.yaml, *.yml); - is standard input.\n"
	    "Prints the output. Exits with 1 when the execution fails.\n",
	    cmd_run },
	{ "create", "NAME FILE", "create a state machine, or update it",
	    "  --type STANDARD|EXPRESS   (default STANDARD)\n"
	    "  --role ARN                its role\n"
	    "FILE may be JSON with comments or YAML (*.yaml, *.yml); JSON is sent.\n",
	    cmd_create },
	{ "start", "MACHINE [--input JSON|@FILE]", "start an execution",
	    "  --input JSON|@FILE|-      its input (default {})\n"
	    "  --name NAME               its name (default: a new one)\n"
	    "  --wait                    wait for its end; exits with 1 when it fails\n",
	    cmd_start },
	{ "list", "[MACHINE]", "list state machines, or the executions of one",
	    "  --status STATUS           only RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED ones\n"
	    "  --limit N                 at most N (default 100)\n",
	    cmd_list },
	{ "show", "MACHINE|EXECUTION", "describe a state machine or an execution", "", cmd_show },
	{ "history", "EXECUTION", "the history of an execution",
	    "  --json                    in the form of the API\n", cmd_history },
	{ "stop", "EXECUTION", "stop an execution", "  --error NAME --cause TEXT why\n", cmd_stop },
	{ "task", "succeed|fail|heartbeat TOKEN", "answer a task with its token",
	    "  succeed TOKEN [OUTPUT]    its result: JSON, @FILE or - (default {})\n"
	    "  fail TOKEN [--error NAME] [--cause TEXT]\n"
	    "  heartbeat TOKEN           it is still being worked on\n",
	    cmd_task },
	{ "activity", "create|list|poll|delete [NAME]",
	    "activities, and tasks for a worker by hand",
	    "  create NAME               prints its ARN\n"
	    "  poll NAME [--worker NAME] wait for a task: its token and input; exits with 1 without one\n"
	    "NAME may be an ARN where the activity exists.\n",
	    cmd_activity },
	{ "logs", "[-f] EXECUTION", "the history, one line an event",
	    "  -f                        go on until the execution ends\n", cmd_logs },
	{ "limits", "", "the limits of tasks, and how full they are",
	    "  --json                    as JSON\n", cmd_limits },
	{ "nodes", "", "the pawlds that share the server's database",
	    "  --json                    as JSON\n", cmd_nodes },
	{ "plugins", "", "the plugins of the server and what they serve",
	    "  --json                    as JSON\n", cmd_plugins },
};
#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void
print_usage(FILE *f)
{
	size_t i;

	fputs("usage: pawl COMMAND [ARGUMENTS]\n\n", f);
	for (i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-9s %-29s %s\n", commands[i].name, commands[i].arguments,
		    commands[i].summary);
	fputs("\nEXECUTION is an ARN or MACHINE:NAME. Every command has --help.\n\n"
	      "  --endpoint-url URL   the server (default $PAWL_ENDPOINT, http://127.0.0.1:8083)\n"
	      "  --region REGION      for signed calls (default $AWS_REGION, us-east-1)\n"
	      "  --json               print what the API answers\n"
	      "  --version\n",
	    f);
}

static const struct cli_command *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const char *
first_of(const char *a, const char *b, const char *c)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : c;
}

int
main(int argc, char **argv)
{
	struct cli c = { .argc = argc - 1, .argv = argv + 1 };
	const char *word;
	int rc;

	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("pawl " PAWL_VERSION);
		return CLI_OK;
	}
	c.endpoint = first_of(cli_option(&c, "--endpoint-url"), getenv("PAWL_ENDPOINT"),
	    "http://127.0.0.1:8083");
	c.region = first_of(cli_option(&c, "--region"), getenv("AWS_REGION"), "us-east-1");
	c.json = cli_flag(&c, "--json");
	c.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	word = c.argc > 0 ? c.argv[0] : "";
	if ((c.command = find_command(word)) == NULL)
		return cli_fail(CLI_USAGE, "there is no command \"%s\"; see pawl --help", word);
	c.argc--;
	c.argv++;
	if (cli_flag(&c, "--help") || cli_flag(&c, "-h")) {
		printf("usage: pawl %s %s\n%s\n%s", c.command->name, c.command->arguments,
		    c.command->summary, c.command->help);
		return CLI_OK;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rc = c.command->run(&c);
	curl_global_cleanup();
	return fflush(stdout) == 0 ? rc : CLI_FAILED;
}
