/*
 * cmd_activity - pawl activity: activities, and tasks for a worker by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cli/client.h"

/* An action on the activity that the next word names. 0 and *answer, or the exit code. */
static int
activity_ask(struct cli *c, const char *action, const char *worker, struct doc *answer)
{
	int rc = CLI_OK;
	char *arn = client_activity_arn(c, cli_word(c, "NAME"), &rc);
	struct buf b;

	cli_done(c);
	if (arn == NULL)
		return rc;
	client_begin(&b);
	client_add(&b, "activityArn", arn);
	if (worker != NULL)
		client_add(&b, "workerName", worker);
	free(arn);
	return client_do(c, action, &b, answer);
}

static int
activity_create(struct cli *c)
{
	struct doc answer = DOC_NONE;
	struct buf b;
	char *arn;
	int rc;

	client_begin(&b);
	client_add(&b, "name", cli_word(c, "NAME"));
	cli_done(c);
	if ((rc = client_do(c, "CreateActivity", &b, &answer)) != 0)
		return rc;
	arn = cli_text(answer, "activityArn");
	if (!c->json)
		puts(arn);
	free(arn);
	doc_unref(answer);
	return CLI_OK;
}

static void
print_row(struct doc item)
{
	char *name = cli_visible_text(item, "name", SIZE_MAX), when[32];

	cli_time(doc_gets(item, "creationDate"), when);
	printf("%s  %s\n", when, name);
	free(name);
}

static int
activity_list(struct cli *c)
{
	char *token = NULL;
	int rc;

	cli_done(c);
	do {
		struct doc page;
		struct doc_iter it;
		struct buf b;

		client_begin(&b);
		if (token != NULL)
			client_add(&b, "nextToken", token);
		free(token);
		token = NULL;
		if ((rc = client_do(c, "ListActivities", &b, &page)) != 0)
			break;
		for (it = doc_iter(doc_gets(page, "activities")); doc_next(&it);)
			if (!c->json)
				print_row(it.value);
		if (!doc_is_none(doc_gets(page, "nextToken")))
			token = cli_text(page, "nextToken");
		doc_unref(page);
	} while (token != NULL);
	return rc;
}

static int
activity_delete(struct cli *c)
{
	struct doc answer = DOC_NONE;
	int rc = activity_ask(c, "DeleteActivity", NULL, &answer);

	if (rc == 0)
		doc_unref(answer);
	return rc;
}

/* Exits with CLI_FAILED when there was no task. */
static int
activity_poll(struct cli *c, const char *worker)
{
	struct doc answer = DOC_NONE;
	int rc = activity_ask(c, "GetActivityTask", worker, &answer);
	bool got;

	if (rc != 0)
		return rc;
	got = !doc_is_none(doc_gets(answer, "taskToken"));
	if (!c->json) {
		cli_print_member(answer, "taskToken", "token");
		cli_print_member(answer, "input", "input");
	}
	doc_unref(answer);
	return got ? CLI_OK : CLI_FAILED;
}

int
cmd_activity(struct cli *c)
{
	const char *worker = cli_option(c, "--worker");
	const char *what = cli_word(c, "create, list, poll or delete");
	bool poll = strcmp(what, "poll") == 0;

	if (worker != NULL && !poll)
		return cli_fail(CLI_USAGE, "--worker is the name of who polls");
	if (poll)
		return activity_poll(c, worker);
	if (strcmp(what, "create") == 0)
		return activity_create(c);
	if (strcmp(what, "list") == 0)
		return activity_list(c);
	if (strcmp(what, "delete") == 0)
		return activity_delete(c);
	return cli_fail(CLI_USAGE,
	    "an activity can be created, listed, polled or deleted; \"%s\" is none of "
	    "create, list, poll, delete",
	    what);
}
