/*
 * fetch - tasks of activities that other nodes have, for the workers who wait here.
 */
#include "api/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/peer.h"
#include "base/log.h"
#include "base/stat.h"
#include "base/xalloc.h"
#include "store/member.h"
#include "task/token.h"

/* Tasks that are fetched at the same time after one hint; each that came is followed by another one. */
#define FETCHES_MAX 8

struct fetch {
	TAILQ_ENTRY(fetch) link;
	struct api *api;
	int32_t node;
	char *activity;
	uint64_t poll; /* of the worker */
};

/* --- hints: "want NODE ACTIVITY", "have NODE ACTIVITY" --------------------------------- */

static void
fetch_hint(void *arg, const char *word, const char *activity)
{
	struct api *a = arg;
	char *hint;

	if (store_nodes(a->store) < 2)
		return;
	hint = xasprintf("%s %d %s", word, (int)store_node_number(a->store), activity);
	store_hint(a->store, hint);
	free(hint);
}

static void
fetch_want(void *arg, const char *activity)
{
	fetch_hint(arg, "want", activity);
}

static void
fetch_have(void *arg, const char *activity)
{
	fetch_hint(arg, "have", activity);
}

struct engine_neighbours
fetch_neighbours(struct api *a)
{
	return (struct engine_neighbours){ .want = fetch_want, .have = fetch_have, .arg = a };
}

/* --- fetching ------------------------------------------------------------------------------ */

static void
give_back_answered(void *arg, const struct httpc_answer *a)
{
	(void)arg;
	if (a->result != HTTPC_OK)
		log_warn("fetch: an activity task that no worker took could not be given back: %s",
		    a->message);
}

/* To the node that it came from, which has it for as long as it owns the shard. */
static void
give_back(const struct fetch *f, const char *token)
{
	const char *address = store_node_address(f->api->store, f->node);

	if (address != NULL)
		(void)peers_send(f->api->peers,
		    &(struct peer_request){ .address = address,
			.target = PEER_TAKE_BACK,
			.body = token,
			.body_len = strlen(token) },
		    give_back_answered, NULL);
}

static void
fetch_free(struct fetch *f)
{
	TAILQ_REMOVE(&f->api->fetches, f, link);
	free(f->activity);
	free(f);
}

static bool fetch_one(struct api *a, int32_t node, const char *activity);

static void
fetch_answered(void *arg, const struct httpc_answer *answer)
{
	struct fetch *f = arg;
	struct polled_task t = { .token = NULL };
	struct doc body = DOC_NONE;
	char *token = NULL, *input = NULL;

	if (answer->result == HTTPC_OK && answer->status == 200)
		body = doc_parse(answer->body, answer->body_len, NULL);
	token = doc_strdup(doc_gets(body, "taskToken"));
	input = doc_strdup(doc_gets(body, "input"));
	if (token != NULL && input != NULL) {
		t.token = token;
		t.input = doc_parse(input, strlen(input), NULL);
	}
	if (doc_is_none(t.input)) {
		(void)engine_fetched(f->poll, NULL);
	} else {
		stat_add(STAT_activities_fetched, 1);
		if (!engine_fetched(f->poll, &t))
			give_back(f, token);
		(void)fetch_one(f->api, f->node, f->activity); /* there may be more */
	}
	doc_unref(t.input);
	doc_unref(body);
	free(input);
	free(token);
	fetch_free(f);
}

static void
fetch_body(const struct api *a, const char *activity, const char *worker, struct buf *out)
{
	struct buf arn;

	buf_init(&arn, BUF_UNLIMITED);
	resource_activity_arn(&a->here, activity, &arn);
	buf_addc(out, '{');
	reply_text_n(out, "activityArn", arn.data, arn.len);
	reply_text(out, "workerName", worker);
	buf_addc(out, '}');
	buf_fini(&arn);
}

/* False when nobody waits for one. */
static bool
fetch_one(struct api *a, int32_t node, const char *activity)
{
	const char *address = store_node_address(a->store, node), *worker;
	struct fetch *f;
	struct buf body;
	uint64_t poll;

	if (address == NULL || (poll = engine_fetch_for(a->engine, activity, &worker)) == 0)
		return false;
	f = xcalloc(1, sizeof(*f));
	f->api = a;
	f->node = node;
	f->activity = xstrdup(activity);
	f->poll = poll;
	TAILQ_INSERT_TAIL(&a->fetches, f, link);
	buf_init(&body, BUF_UNLIMITED);
	fetch_body(a, activity, worker, &body);
	(void)peers_send(a->peers,
	    &(struct peer_request){ .address = address,
		.target = PEER_TARGET_PREFIX "GetActivityTask",
		.body = body.data,
		.body_len = body.len },
	    fetch_answered, f);
	buf_fini(&body);
	return true;
}

void
fetch_end(struct api *a)
{
	struct fetch *f, *next;

	for (f = TAILQ_FIRST(&a->fetches); f != NULL; f = next) {
		next = TAILQ_NEXT(f, link);
		fetch_free(f);
	}
}

void
fetch_heard(struct api *a, const char *hint)
{
	char *end;
	long node = strlen(hint) > 5 ? strtol(hint + 5, &end, 10) : -1;

	/* what anybody may have sent is asked of nodes that live, and of nobody else */
	if (node < 0 || *end != ' ' || node == store_node_number(a->store))
		return;
	if (strncmp(hint, "want ", 5) == 0)
		engine_neighbour_wants(a->engine, end + 1);
	else if (strncmp(hint, "have ", 5) == 0)
		for (int i = 0; i < FETCHES_MAX && fetch_one(a, (int32_t)node, end + 1); i++)
			continue;
}

void
fetch_taken_back(struct api *a, const char *body, size_t len)
{
	struct task_ref task;

	if (token_read(a->token_secret, body, len, &task) == 0)
		engine_take_back(a->engine, &task);
}
