/*
 * cmd_execution - pawl create, start, list, show, stop: calls of the API and their answers.
 */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/problems.h"

#define WAIT_INTERVAL_NS 100000000L
#define PAGE_MAX 1000

static void
print_status(struct cli *c, struct doc d)
{
	char *status = cli_text(d, "status");

	printf("%-10s %s%s%s\n", "status", cli_colour(c, cli_status_colour(status)), status,
	    cli_colour(c, CLI_PLAIN));
	free(status);
}

/* --- create ---------------------------------------------------------------- */

static int
create_machine(struct cli *c, const char *name, const char *definition, const char *type,
    const char *role, struct doc *answer)
{
	struct buf b;

	client_begin(&b);
	client_add(&b, "name", name);
	client_add(&b, "definition", definition);
	client_add(&b, "roleArn", role);
	client_add(&b, "type", type);
	return client_do(c, "CreateStateMachine", &b, answer);
}

static int
update_machine(struct cli *c, const char *arn, const char *definition, const char *role,
    struct doc *answer)
{
	struct buf b;

	client_begin(&b);
	client_add(&b, "stateMachineArn", arn);
	client_add(&b, "definition", definition);
	if (role != NULL)
		client_add(&b, "roleArn", role);
	return client_do(c, "UpdateStateMachine", &b, answer);
}

/* The definition in the file, as JSON; yours. NULL after a line about it. */
static char *
read_definition(const char *path)
{
	struct source *s = source_open(path);
	char *json = s != NULL ? problems_source_json(s) : NULL;

	source_free(s);
	return json;
}

int
cmd_create(struct cli *c)
{
	const char *type = cli_option(c, "--type"), *role = cli_option(c, "--role");
	const char *name = cli_word(c, "NAME"), *path = cli_word(c, "FILE");
	struct doc answer = DOC_NONE;
	char *text, *arn;
	int rc;

	cli_done(c);
	if ((text = read_definition(path)) == NULL)
		return CLI_FAILED;
	arn = client_find_machine(c, name, &rc);
	if (rc == 0) {
		if (arn != NULL)
			rc = update_machine(c, arn, text, role, &answer);
		else
			rc = create_machine(c, name, text, type == NULL ? "STANDARD" : type,
			    role == NULL ? "arn:aws:iam::123456789012:role/pawl" : role, &answer);
		if (rc == 0 && !c->json)
			printf("%s %s\n", arn != NULL ? "updated" : "created", name);
	}
	doc_unref(answer);
	free(arn);
	free(text);
	return rc;
}

/* --- start -------------------------------------------------------------------- */

static int
describe(struct cli *c, const char *action, const char *member, const char *arn, struct doc *answer)
{
	struct buf b;
	int rc;

	client_begin(&b);
	client_add(&b, member, arn);
	buf_addc(&b, '}');
	rc = client_call(c, action, &b, answer);
	buf_fini(&b);
	return rc;
}

static void
print_execution(struct cli *c, struct doc d)
{
	cli_print_member(d, "executionArn", "execution");
	print_status(c, d);
	cli_print_time(d, "startDate", "started");
	cli_print_time(d, "stopDate", "stopped");
	cli_print_member(d, "input", "input");
	cli_print_member(d, "output", "output");
	cli_print_member(d, "error", "error");
	cli_print_member(d, "cause", "cause");
}

static int
wait_for_end(struct cli *c, const char *arn)
{
	const struct timespec pause = { .tv_nsec = WAIT_INTERVAL_NS };
	struct doc d;
	bool running, succeeded;
	int rc;

	for (;;) {
		if ((rc = describe(c, "DescribeExecution", "executionArn", arn, &d)) != 0)
			return rc;
		running = doc_str_is(doc_gets(d, "status"), "RUNNING");
		succeeded = doc_str_is(doc_gets(d, "status"), "SUCCEEDED");
		if (!running) {
			char *text = doc_text(d, NULL);

			if (c->json)
				puts(text);
			else
				print_execution(c, d);
			free(text);
		}
		doc_unref(d);
		if (!running)
			return succeeded ? CLI_OK : CLI_FAILED;
		nanosleep(&pause, NULL);
	}
}

int
cmd_start(struct cli *c)
{
	const char *input = cli_option(c, "--input"), *name = cli_option(c, "--name");
	bool wait = cli_flag(c, "--wait"), json = c->json;
	int rc = CLI_OK;
	char *machine = client_machine_arn(c, cli_word(c, "MACHINE"), &rc), *text, *arn;
	struct doc answer;
	struct buf b;
	size_t len;

	cli_done(c);
	if (machine == NULL)
		return rc;
	client_begin(&b);
	client_add(&b, "stateMachineArn", machine);
	free(machine);
	if (name != NULL)
		client_add(&b, "name", name);
	if (input != NULL) {
		if ((text = cli_read_value(input, &len)) == NULL) {
			buf_fini(&b);
			return CLI_FAILED;
		}
		client_add(&b, "input", text);
		free(text);
	}
	c->json = json && !wait;
	if ((rc = client_do(c, "StartExecution", &b, &answer)) != 0)
		return rc;
	c->json = json;
	arn = cli_text(answer, "executionArn");
	doc_unref(answer);
	if (wait)
		rc = wait_for_end(c, arn);
	else if (!c->json)
		puts(arn);
	free(arn);
	return rc;
}

/* --- list ----------------------------------------------------------------------- */

static void
print_row(struct cli *c, struct doc item, bool executions)
{
	char *name = cli_text(item, "name"), when[32];
	char *second = cli_text(item, executions ? "status" : "type");

	cli_time(doc_gets(item, executions ? "startDate" : "creationDate"), when);
	printf("%s  %s%-10s%s  %s\n", when, cli_colour(c, cli_status_colour(second)), second,
	    cli_colour(c, CLI_PLAIN), name);
	free(name);
	free(second);
}

int
cmd_list(struct cli *c)
{
	const char *status = cli_option(c, "--status"), *limit = cli_option(c, "--limit");
	const char *machine = cli_word_or_null(c);
	long left = limit == NULL ? 100 : strtol(limit, NULL, 10);
	char *arn = NULL, *token = NULL;
	int rc = CLI_OK;

	cli_done(c);
	if (left <= 0)
		return cli_fail(CLI_USAGE, "--limit is a number from 1, not \"%s\"", limit);
	if (machine != NULL && (arn = client_machine_arn(c, machine, &rc)) == NULL)
		return rc;
	do {
		struct doc page;
		struct doc_iter it;
		struct buf b;

		client_begin(&b);
		buf_addf(&b, "\"maxResults\":%ld", left < PAGE_MAX ? left : PAGE_MAX);
		if (arn != NULL)
			client_add(&b, "stateMachineArn", arn);
		if (status != NULL && arn != NULL)
			client_add(&b, "statusFilter", status);
		if (token != NULL)
			client_add(&b, "nextToken", token);
		free(token);
		token = NULL;
		if ((rc = client_do(c, arn != NULL ? "ListExecutions" : "ListStateMachines", &b,
			 &page)) != 0)
			break;
		it = doc_iter(doc_gets(page, arn != NULL ? "executions" : "stateMachines"));
		while (doc_next(&it)) {
			if (!c->json)
				print_row(c, it.value, arn != NULL);
			left--;
		}
		if (left > 0 && !doc_is_none(doc_gets(page, "nextToken")))
			token = cli_text(page, "nextToken");
		doc_unref(page);
	} while (token != NULL);
	free(token);
	free(arn);
	return rc;
}

/* --- show, stop -------------------------------------------------------------------- */

static int
show_machine(struct cli *c, const char *name)
{
	int rc = CLI_OK;
	char *arn = client_machine_arn(c, name, &rc), *text;
	struct doc d;

	if (arn == NULL)
		return rc;
	rc = describe(c, "DescribeStateMachine", "stateMachineArn", arn, &d);
	free(arn);
	if (rc != 0)
		return rc;
	if (c->json) {
		text = doc_text(d, NULL);
		puts(text);
		free(text);
	} else {
		cli_print_member(d, "stateMachineArn", "machine");
		print_status(c, d);
		cli_print_member(d, "type", "type");
		cli_print_time(d, "creationDate", "created");
		cli_print_member(d, "roleArn", "role");
		cli_print_member(d, "revisionId", "revision");
		cli_print_member(d, "definition", "definition");
	}
	doc_unref(d);
	return CLI_OK;
}

static int
show_execution(struct cli *c, const char *name)
{
	int rc = CLI_OK;
	char *arn = client_execution_arn(c, name, &rc), *text;
	struct doc d;

	if (arn == NULL)
		return rc;
	rc = describe(c, "DescribeExecution", "executionArn", arn, &d);
	free(arn);
	if (rc != 0)
		return rc;
	if (c->json) {
		text = doc_text(d, NULL);
		puts(text);
		free(text);
	} else {
		print_execution(c, d);
	}
	doc_unref(d);
	return CLI_OK;
}

int
cmd_show(struct cli *c)
{
	const char *name = cli_word(c, "MACHINE or EXECUTION");
	bool is_arn = strncmp(name, "arn:", 4) == 0;

	cli_done(c);
	if (is_arn ? strstr(name, ":execution:") != NULL : strchr(name, ':') != NULL)
		return show_execution(c, name);
	return show_machine(c, name);
}

int
cmd_stop(struct cli *c)
{
	const char *error = cli_option(c, "--error"), *cause = cli_option(c, "--cause");
	int rc = CLI_OK;
	char *arn = client_execution_arn(c, cli_word(c, "EXECUTION"), &rc);
	struct doc answer;
	struct buf b;

	cli_done(c);
	if (arn == NULL)
		return rc;
	client_begin(&b);
	client_add(&b, "executionArn", arn);
	free(arn);
	if (error != NULL)
		client_add(&b, "error", error);
	if (cause != NULL)
		client_add(&b, "cause", cause);
	if ((rc = client_do(c, "StopExecution", &b, &answer)) != 0)
		return rc;
	if (!c->json)
		cli_print_time(answer, "stopDate", "stopped");
	doc_unref(answer);
	return CLI_OK;
}
