/*
 * database - SQL statements as tasks, arn:pawl:states:::database:execute and database:query; DynamoDB
 * on PostgreSQL: the tasks arn:aws:states:::dynamodb:*, and its API for real clients.
 */
#include <pawl/plugin.h>

#include <stdlib.h>
#include <string.h>

#include "database.h"

static const struct pawl_option database_options[] = {
	{ "databases", PAWL_TABLE, NULL,
	    "The databases that tasks may name: billing = { conninfo = \"...\", connections = 4 }." },
	{ "own", PAWL_BOOL, "true",
	    "Whether tasks that name no database run in pawld's own; they have its rights there." },
	{ "connections", PAWL_INT, "4",
	    "Connections to each database that does not say how many, 1 to 64." },
	{ "timeout", PAWL_DURATION, "1m",
	    "How long the statements of a task without TimeoutSeconds may take." },
	{ "max_rows", PAWL_INT, "10000", "The rows that a task may get; its MaxRows may be less." },
	{ "max_bytes", PAWL_BYTES, "8 MiB", "The bytes that all values of a result may have." },
	{ NULL, 0, NULL, NULL },
};

static const char *
bad_option(const struct pawl_host *h)
{
	int64_t connections = h->option_int(h, "connections");

	if (connections < 1 || connections > 64)
		return "connections is 1 to 64";
	if (h->option_int(h, "timeout") < 1)
		return "timeout is 1ms at least";
	if (h->option_int(h, "max_rows") < 1)
		return "max_rows is 1 at least";
	if (h->option_int(h, "max_bytes") < 1024)
		return "max_bytes is 1 KiB at least";
	return NULL;
}

static int
database_init(const struct pawl_host *h, void **state)
{
	const char *bad = bad_option(h);
	struct database *d;
	char *why;

	if (bad != NULL)
		return h->refuse(h, "%s", bad);
	d = text_alloc(sizeof(*d));
	d->host = h;
	TAILQ_INIT(&d->places);
	TAILQ_INIT(&d->tasks);
	if ((why = places_load(d)) != NULL) {
		h->refuse(h, "%s", why);
		free(why);
		free(d);
		return -1;
	}
	if (dynamo_open(&d->dynamo, h) != 0) {
		places_fini(d);
		free(d);
		return -1;
	}
	*state = d;
	return 0;
}

static void
database_start(void *state, const struct pawl_task *t)
{
	struct database *d = state;

	if (strstr(t->base, ":database:") != NULL)
		sqltask_start(d, t);
	else
		dynamo_task_start(&d->dynamo, t);
}

static void
database_cancel(void *state, uint64_t task)
{
	struct database *d = state;

	if (!sqltask_cancel(d, task))
		dynamo_task_cancel(&d->dynamo, task);
}

static void
database_reload(void *state)
{
	struct database *d = state;
	const char *bad = bad_option(d->host);
	char *why = bad != NULL ? text_format("%s", bad) : places_load(d);

	if (why != NULL)
		d->host->log(d->host, PAWL_LOG_ERROR, 0, "the databases stay as they were: %s",
		    why);
	free(why);
}

static void
database_stop(void *state)
{
	struct database *d = state;

	sqltasks_fini(d);
	dynamo_close(&d->dynamo);
	places_fini(d);
	free(d);
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "database",
	.version = "1.0",
	.resources =
	    "arn:pawl:states:::database:execute arn:pawl:states:::database:query "
	    "arn:aws:states:::dynamodb:getItem arn:aws:states:::dynamodb:putItem "
	    "arn:aws:states:::dynamodb:updateItem arn:aws:states:::dynamodb:deleteItem "
	    "arn:aws-cn:states:::dynamodb:getItem arn:aws-cn:states:::dynamodb:putItem "
	    "arn:aws-cn:states:::dynamodb:updateItem arn:aws-cn:states:::dynamodb:deleteItem "
	    "arn:aws-us-gov:states:::dynamodb:getItem arn:aws-us-gov:states:::dynamodb:putItem "
	    "arn:aws-us-gov:states:::dynamodb:updateItem arn:aws-us-gov:states:::dynamodb:deleteItem",
	.patterns = PAWL_REQUEST,
	.after_crash = PAWL_EXACTLY_ONCE,
	.options = database_options,
	.init = database_init,
	.start = database_start,
	.cancel = database_cancel,
	.stop = database_stop,
	.reload = database_reload,
};
