/*
 * cmd_history - pawl history, pawl logs: the events of an execution.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/event_line.h"

#define FOLLOW_INTERVAL_NS 300000000L
#define NEWS_MAX 100 /* events that are looked at from the end when following */

/* Where reading the history stands: how many events were shown, and whether the last one ended it. */
struct follow {
	const char *arn;
	int64_t shown;
	bool ended;
	bool first_json;
};

static bool
ends_execution(struct doc event)
{
	static const char *const ends[] = { "ExecutionSucceeded", "ExecutionFailed",
		"ExecutionAborted", "ExecutionTimedOut" };
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (doc_str_is(doc_gets(event, "type"), ends[i]))
			return true;
	return false;
}

static void
show_event(struct cli *c, struct follow *f, struct doc event)
{
	char *text;
	int64_t id;

	if (!doc_i64(doc_gets(event, "id"), &id) || id <= f->shown)
		return;
	if (c->json) {
		text = doc_text(event, NULL);
		printf("%s%s", f->first_json ? "" : ",\n", text);
		f->first_json = false;
		free(text);
	} else {
		event_line_print(c, event);
	}
	f->shown = id;
	f->ended = ends_execution(event);
}

/* One pass over all pages; events that were shown before are passed over. */
static int
show_pages(struct cli *c, struct follow *f)
{
	struct buf body;
	char *token = NULL;
	struct doc page;
	int rc;

	buf_init(&body, BUF_UNLIMITED);
	do {
		struct doc_iter it;

		buf_reset(&body);
		buf_adds(&body, "{\"maxResults\":1000");
		client_add(&body, "executionArn", f->arn);
		if (token != NULL)
			client_add(&body, "nextToken", token);
		buf_addc(&body, '}');
		free(token);
		token = NULL;
		if ((rc = client_call(c, "GetExecutionHistory", &body, &page)) != 0)
			break;
		it = doc_iter(doc_gets(page, "events"));
		while (doc_next(&it))
			show_event(c, f, it.value);
		if (!doc_is_none(doc_gets(page, "nextToken")))
			token = cli_text(page, "nextToken");
		doc_unref(page);
	} while (token != NULL);
	buf_fini(&body);
	fflush(stdout);
	return rc;
}

/* Shows those of a page from the end that are new; false when it does not reach back to what was shown. */
static bool
show_news_page(struct cli *c, struct follow *f, struct doc page)
{
	struct doc events[NEWS_MAX];
	struct doc_iter it = doc_iter(doc_gets(page, "events"));
	int64_t oldest = 0;
	size_t n = 0;

	while (n < NEWS_MAX && doc_next(&it))
		events[n++] = it.value;
	if (n == 0 || !doc_i64(doc_gets(events[n - 1], "id"), &oldest) || oldest > f->shown + 1)
		return n == 0;
	while (n > 0)
		show_event(c, f, events[--n]);
	fflush(stdout);
	return true;
}

/* What came since the last look: one short page, unless very much came. */
static int
show_news(struct cli *c, struct follow *f)
{
	struct buf body;
	struct doc page;
	bool all;
	int rc;

	if (f->shown == 0)
		return show_pages(c, f);
	buf_init(&body, BUF_UNLIMITED);
	buf_addf(&body, "{\"reverseOrder\":true,\"maxResults\":%d", NEWS_MAX);
	client_add(&body, "executionArn", f->arn);
	buf_addc(&body, '}');
	rc = client_call(c, "GetExecutionHistory", &body, &page);
	buf_fini(&body);
	if (rc != 0)
		return rc;
	all = show_news_page(c, f, page);
	doc_unref(page);
	return all ? 0 : show_pages(c, f);
}

int
cmd_history(struct cli *c)
{
	struct follow f = { .first_json = true };
	int rc = CLI_OK;
	char *arn = client_execution_arn(c, cli_word(c, "EXECUTION"), &rc);

	cli_done(c);
	if (arn == NULL)
		return rc;
	f.arn = arn;
	if (c->json)
		fputs("{\"events\":[\n", stdout);
	rc = show_pages(c, &f);
	if (c->json)
		puts("\n]}");
	free(arn);
	return rc;
}

int
cmd_logs(struct cli *c)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_INTERVAL_NS };
	bool follow = cli_flag(c, "-f") || cli_flag(c, "--follow");
	struct follow f = { .first_json = true };
	int rc = CLI_OK;
	char *arn = client_execution_arn(c, cli_word(c, "EXECUTION"), &rc);

	cli_done(c);
	if (arn == NULL)
		return rc;
	f.arn = arn;
	while ((rc = show_news(c, &f)) == 0 && follow && !f.ended)
		nanosleep(&pause, NULL);
	if (c->json && !f.first_json)
		putchar('\n');
	free(arn);
	return rc;
}
