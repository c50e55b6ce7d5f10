/*
 * aws - tasks that call AWS or endpoints that are compatible with it:
 * arn:aws:states:::aws-sdk:SERVICE:ACTION, and the optimized integrations that no other
 * plugin serves.
 *
 * A call may be made twice when pawld crashes between the call and its answer. APIs that know
 * idempotency tokens get one, the same both times.
 */
#include <stdlib.h>

#include "aws.h"

static const struct pawl_option aws_options[] = {
	{ "endpoints", PAWL_TABLE, "{}",
	    "Base URL of services by their aws-sdk names; others go to aws_endpoint or to AWS." },
	{ "access_key_id", PAWL_STRING, "",
	    "Access key id that calls are signed with; empty: aws_access_key_id." },
	{ "secret_access_key", PAWL_SECRET, "", "Its secret; empty: aws_secret_access_key." },
	{ "session_token", PAWL_SECRET, "", "Session token of temporary credentials." },
	{ "poll_interval", PAWL_DURATION, "10s",
	    "How often a job of .sync is looked at, at the least; more often while it is young." },
	{ "timeout", PAWL_DURATION, "2m", "How long one call may take." },
	{ "max_response", PAWL_BYTES, "8 MiB", "Largest response." },
	{ NULL, 0, NULL, NULL },
};

static int
aws_init(const struct pawl_host *h, void **state)
{
	struct aws *p = text_alloc(sizeof(*p));

	p->host = h;
	p->models = aws_models_new();
	*state = p;
	return 0;
}

static void
aws_start(void *state, const struct pawl_task *t)
{
	aws_task_start(state, t);
}

static void
aws_cancel(void *state, uint64_t id)
{
	aws_task_cancel(state, id);
}

static void
aws_release(void *state, uint64_t id)
{
	aws_task_release(state, id);
}

static void
aws_stop(void *state)
{
	struct aws *p = state;

	aws_tasks_free(p);
	aws_roles_free(p);
	aws_models_free(p->models);
	free(p);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "aws",
	.version = "1.0",
	.resources = "arn:aws:states:::* arn:aws-cn:states:::* arn:aws-us-gov:states:::*",
	.patterns = PAWL_REQUEST | PAWL_SYNC | PAWL_TOKEN,
	.after_crash = PAWL_AGAIN,
	.options = aws_options,
	.init = aws_init,
	.start = aws_start,
	.cancel = aws_cancel,
	.stop = aws_stop,
	.release = aws_release,
};
