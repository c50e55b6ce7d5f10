/*
 * cmd_task - pawl task: what somebody who has a task's token says about the task.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

static int
task_send(struct cli *c, const char *action, struct buf *members)
{
	struct doc answer;
	int rc = client_do(c, action, members, &answer);

	if (rc == 0)
		doc_unref(answer);
	return rc;
}

static int
task_succeed(struct cli *c, struct buf *b)
{
	const char *output = cli_word_or_null(c);
	size_t len;
	char *text;

	cli_done(c);
	if ((text = cli_read_value(output != NULL ? output : "{}", &len)) == NULL) {
		buf_fini(b);
		return CLI_FAILED;
	}
	client_add(b, "output", text);
	free(text);
	return task_send(c, "SendTaskSuccess", b);
}

static int
task_fail(struct cli *c, struct buf *b, const char *error, const char *cause)
{
	cli_done(c);
	if (error != NULL)
		client_add(b, "error", error);
	if (cause != NULL)
		client_add(b, "cause", cause);
	return task_send(c, "SendTaskFailure", b);
}

int
cmd_task(struct cli *c)
{
	const char *error = cli_option(c, "--error"), *cause = cli_option(c, "--cause");
	const char *what = cli_word(c, "succeed, fail or heartbeat");
	bool fail = strcmp(what, "fail") == 0;
	struct buf b;

	if (!fail && strcmp(what, "succeed") != 0 && strcmp(what, "heartbeat") != 0)
		return cli_fail(CLI_USAGE, "a task can succeed, fail or heartbeat, not \"%s\"",
		    what);
	if (!fail && (error != NULL || cause != NULL))
		return cli_fail(CLI_USAGE, "--error and --cause say why a task fails");
	client_begin(&b);
	client_add(&b, "taskToken", cli_word(c, "TOKEN"));
	if (fail)
		return task_fail(c, &b, error, cause);
	if (strcmp(what, "succeed") == 0)
		return task_succeed(c, &b);
	cli_done(c);
	return task_send(c, "SendTaskHeartbeat", &b);
}
