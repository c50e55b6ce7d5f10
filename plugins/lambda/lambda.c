/*
 * lambda - tasks that call functions: arn:aws:states:::lambda:invoke and bare
 * function ARNs.
 *
 * A function is a file of scripts/functions: one that is pure runs inside the move
 * (call_pure), another in a function worker. When there is no such file, it is a local command
 * of that name; when there is none and an endpoint is configured, the Lambda Invoke API there is
 * called. Local wins, so a machine written for AWS can have some of its functions at home.
 */
#include <pawl/plugin.h>

#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "lambda.h"
#include "text.h"

static const struct pawl_option lambda_options[] = {
	{ "endpoint", PAWL_STRING, "", "Base URL of a Lambda Invoke API; empty: aws_endpoint." },
	{ "access_key_id", PAWL_STRING, "",
	    "Access key id that calls are signed with; empty: aws_access_key_id." },
	{ "secret_access_key", PAWL_SECRET, "", "Its secret; empty: aws_secret_access_key." },
	{ "timeout", PAWL_DURATION, "15m", "How long a call of the endpoint may take." },
	{ "max_response", PAWL_BYTES, "8 MiB", "Largest response of the endpoint." },
	{ "commands", PAWL_TABLE, NULL, "Functions that are local programs, by name." },
	{ NULL, 0, NULL, NULL },
};

struct lambda;

/* A task whose function runs. */
struct lambda_call {
	struct lambda_call *next;
	struct lambda *lambda;
	uint64_t task; /* 0: nobody waits (InvocationType Event) */
	enum pawl_pattern pattern;
	struct lambda_target target;
	uint64_t function, command, exchange; /* what runs; 0 = not that */
	char request_id[ENVELOPE_ID_SIZE];
	/* of a command, as it was when it began */
	int64_t timeout_ms, max_output;
	bool text_out;
};

struct lambda {
	const struct pawl_host *host;
	struct lambda_call *calls;
	struct lambda_command *commands;
};

/* --- life ----------------------------------------------------------------------------- */

static int
lambda_init(const struct pawl_host *h, void **state)
{
	struct lambda_command *commands;
	struct lambda *p;
	char *why;

	if (lambda_commands_read(h, h->option_doc(h, "commands"), &commands, &why) != 0) {
		h->refuse(h, "%s", why);
		free(why);
		return -1;
	}
	p = text_alloc(sizeof(*p));
	p->host = h;
	p->commands = commands;
	*state = p;
	return 0;
}

/* Commands that run go on as they began. */
static void
lambda_reload(void *state)
{
	struct lambda *p = state;
	const struct pawl_host *h = p->host;
	struct lambda_command *commands;
	char *why;

	if (lambda_commands_read(h, h->option_doc(h, "commands"), &commands, &why) != 0) {
		h->log(h, PAWL_LOG_ERROR, 0, "the commands stay as they were: %s", why);
		free(why);
		return;
	}
	lambda_commands_free(p->commands);
	p->commands = commands;
}

static void
call_free(struct lambda_call *c)
{
	struct lambda_call **at = &c->lambda->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	lambda_target_fini(c->lambda->host, &c->target);
	free(c);
}

static void
call_stop(struct lambda_call *c)
{
	const struct pawl_host *h = c->lambda->host;

	if (c->function != 0)
		h->function_cancel(h, c->function);
	if (c->command != 0)
		h->command_cancel(h, c->command);
	if (c->exchange != 0)
		h->http_cancel(h, c->exchange);
	call_free(c);
}

static void
lambda_cancel(void *state, uint64_t task)
{
	struct lambda *p = state;
	struct lambda_call *c = p->calls;

	while (c != NULL && c->task != task)
		c = c->next;
	if (c != NULL)
		call_stop(c);
}

static void
lambda_stop(void *state)
{
	struct lambda *p = state;

	while (p->calls != NULL)
		call_stop(p->calls);
	lambda_commands_free(p->commands);
	free(p);
}

/* --- answers ----------------------------------------------------------------------------- */

static void
answer(const struct pawl_host *h, uint64_t task, enum pawl_pattern pattern,
    const struct lambda_outcome *o)
{
	if (task == 0)
		return;
	if (o->error != NULL)
		h->fail(h, task, o->error, o->cause);
	else if (pattern == PAWL_TOKEN)
		h->submitted(h, task, o->output);
	else
		h->succeed(h, task, o->output);
}

static void
finish(struct lambda_call *c, struct lambda_outcome *o)
{
	const struct pawl_host *h = c->lambda->host;

	if (c->task == 0 && o->error != NULL)
		h->log(h, PAWL_LOG_WARN, 0, "the event for %s failed: %s", c->target.name,
		    o->error);
	answer(h, c->task, c->pattern, o);
	lambda_outcome_fini(h, o);
	call_free(c);
}

static void
function_answered(void *arg, const struct pawl_function_answer *a)
{
	struct lambda_call *c = arg;
	const struct pawl_host *h = c->lambda->host;
	struct lambda_outcome o = { 0 };

	c->function = 0;
	lambda_local_outcome(h, &c->target, a, c->request_id, h->wall_ms(h), &o);
	finish(c, &o);
}

static void
command_answered(void *arg, const struct pawl_command_answer *a)
{
	struct lambda_call *c = arg;
	const struct pawl_host *h = c->lambda->host;
	const struct lambda_call_facts f = { .request_id = c->request_id,
		.now_ms = h->wall_ms(h),
		.timeout_ms = c->timeout_ms,
		.max_output = c->max_output,
		.text_out = c->text_out };
	struct lambda_outcome o = { 0 };

	c->command = 0;
	lambda_command_log(h, c->task, c->target.name, a);
	lambda_command_outcome(h, &c->target, a, &f, &o);
	finish(c, &o);
}

static void
endpoint_answered(void *arg, const struct pawl_http_answer *a)
{
	struct lambda_call *c = arg;
	struct lambda_outcome o = { 0 };

	c->exchange = 0;
	lambda_remote_outcome(c->lambda->host, &c->target, a, &o);
	finish(c, &o);
}

/* --- calls --------------------------------------------------------------------------------- */

static void
add_member(const struct pawl_host *h, struct pawl_builder *b, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	h->build_key(b, key);
	h->build_string(b, value, strlen(value));
}

/* The second argument of a function. */
static struct pawl_doc
context_of(const struct pawl_host *h, const struct pawl_task *t, const struct lambda_target *target,
    const char *request_id)
{
	struct pawl_builder *b = h->build(h);
	char *arn = lambda_function_arn(h, target);

	h->build_object(b);
	add_member(h, b, "function_name", target->name);
	add_member(h, b, "function_version", "$LATEST");
	add_member(h, b, "invoked_function_arn", arn);
	add_member(h, b, "aws_request_id", request_id);
	add_member(h, b, "client_context", target->client_context);
	add_member(h, b, "execution_arn", t->execution_arn);
	add_member(h, b, "state_machine_arn", t->state_machine_arn);
	add_member(h, b, "state_name", t->state_name);
	add_member(h, b, "idempotency_key", t->idempotency_key);
	h->build_end(b);
	free(arn);
	return h->build_finish(b);
}

static uint64_t
random_seed(void)
{
	char id[ENVELOPE_ID_SIZE];
	uint64_t seed = 0;

	envelope_request_id(id);
	for (const char *s = id; *s != '\0'; s++)
		seed = seed * 31 + (unsigned char)*s;
	return seed;
}

static void
start_function(struct lambda_call *c, const struct pawl_task *t)
{
	const struct pawl_host *h = c->lambda->host;
	struct pawl_doc context = context_of(h, t, &c->target, c->request_id);
	struct pawl_function_call call = { .size = sizeof(call),
		.name = c->target.name,
		.event = c->target.payload,
		.context = context,
		.seed = random_seed(),
		.task_id = c->task };

	c->function = h->function_start(h, &call, function_answered, c);
	h->doc_unref(h, context);
}

/* Made of the idempotency key: the same when the task is dispatched again. */
static void
request_id_of(const char *key, char out[ENVELOPE_ID_SIZE])
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
	envelope_request_id_from(hash, out);
}

static void
start_command(struct lambda_call *c, const struct pawl_task *t,
    const struct lambda_command *command)
{
	c->timeout_ms = command->timeout_ms;
	c->max_output = command->max_output;
	c->text_out = command->text_out;
	c->command = lambda_command_start(c->lambda->host, command, t, &c->target, c->request_id,
	    command_answered, c);
}

static void
start_local(struct lambda_call *c, const struct pawl_task *t, const struct lambda_command *command)
{
	if (command != NULL)
		start_command(c, t, command);
	else
		start_function(c, t);
}

static const char *
first_set(const char *a, const char *b)
{
	return *a != '\0' ? a : b;
}

static const char *
endpoint_of(const struct pawl_host *h)
{
	return first_set(h->option_string(h, "endpoint"), h->setting(h, "aws_endpoint"));
}

static void
start_remote(struct lambda_call *c, const struct pawl_task *t, const char *endpoint)
{
	static const char *const types[] = { "RequestResponse", "Event", "DryRun" };
	const struct pawl_host *h = c->lambda->host;
	const struct lambda_target *target = &c->target;
	size_t endpoint_len = strlen(endpoint), nheaders = 0, body_len;
	struct pawl_http_header headers[6];
	char *body = h->doc_text(h, target->payload, &body_len);
	char *url = text_format("%.*s/2015-03-31/functions/%s/invocations%s%s",
	    (int)(endpoint_len - (endpoint[endpoint_len - 1] == '/')), endpoint, target->name,
	    *target->qualifier != '\0' ? "?Qualifier=" : "", target->qualifier);
	struct pawl_http_request r = { .size = sizeof(r),
		.method = "POST",
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = body_len,
		.timeout_ms = h->option_int(h, "timeout"),
		.max_response = (size_t)h->option_int(h, "max_response") };

	headers[nheaders++] = (struct pawl_http_header){ "Content-Type", "application/json" };
	headers[nheaders++] =
	    (struct pawl_http_header){ "X-Amz-Invocation-Type", types[target->type] };
	if (target->tail)
		headers[nheaders++] = (struct pawl_http_header){ "X-Amz-Log-Type", "Tail" };
	if (target->client_context != NULL)
		headers[nheaders++] =
		    (struct pawl_http_header){ "X-Amz-Client-Context", target->client_context };
	if (*t->idempotency_key != '\0')
		headers[nheaders++] =
		    (struct pawl_http_header){ "Idempotency-Key", t->idempotency_key };
	r.nheaders = nheaders;
	r.aws_access_key_id =
	    first_set(h->option_string(h, "access_key_id"), h->setting(h, "aws_access_key_id"));
	r.aws_secret_access_key = first_set(h->option_string(h, "secret_access_key"),
	    h->setting(h, "aws_secret_access_key"));
	r.aws_region = h->setting(h, "region");
	if (*r.aws_access_key_id != '\0' && *r.aws_secret_access_key != '\0')
		r.aws_service = "lambda";
	c->exchange = h->http_start(h, &r, endpoint_answered, c);
	h->free(h, body);
	free(url);
}

/* Event and DryRun of a local function: the answer does not wait for it. */
static void
start_accepted(struct lambda_call *c, const struct pawl_task *t,
    const struct lambda_command *command)
{
	const struct pawl_host *h = c->lambda->host;
	struct lambda_outcome o = { 0 };

	lambda_accepted_outcome(h, &c->target, c->request_id, h->wall_ms(h), &o);
	answer(h, c->task, c->pattern, &o);
	lambda_outcome_fini(h, &o);
	c->task = 0;
	if (c->target.type == LAMBDA_EVENT)
		start_local(c, t, command);
	else
		call_free(c);
}

static void
start_missing(struct lambda_call *c)
{
	struct lambda_outcome o = { 0 };

	lambda_missing_outcome(c->lambda->host, &c->target, c->request_id, &o);
	finish(c, &o);
}

static void
lambda_start(void *state, const struct pawl_task *t)
{
	struct lambda *p = state;
	const struct pawl_host *h = p->host;
	struct lambda_call *c = text_alloc(sizeof(*c));
	const struct lambda_command *command = NULL;
	const char *endpoint = endpoint_of(h);
	char *why;

	if (lambda_target_read(h, t, &c->target, &why) != 0) {
		envelope_refuse(h, t, why);
		free(why);
		lambda_target_fini(h, &c->target);
		free(c);
		return;
	}
	c->lambda = p;
	c->task = t->id;
	c->pattern = t->pattern;
	c->next = p->calls;
	p->calls = c;
	if (h->function_kind(h, c->target.name) == PAWL_FUNCTION_NONE)
		command = lambda_command_find(p->commands, c->target.name);
	if (command != NULL && *t->idempotency_key != '\0')
		request_id_of(t->idempotency_key, c->request_id);
	else
		envelope_request_id(c->request_id);
	if (command == NULL && h->function_kind(h, c->target.name) == PAWL_FUNCTION_NONE) {
		if (*endpoint != '\0')
			start_remote(c, t, endpoint);
		else
			start_missing(c);
	} else if (c->target.type == LAMBDA_WAIT) {
		start_local(c, t, command);
	} else {
		start_accepted(c, t, command);
	}
}

/* --- pure functions ------------------------------------------------------------------------- */

struct pure_call {
	const struct pawl_host *host;
	const struct lambda_target *target;
	const char *request_id;
	struct pawl_pure_answer *answer;
};

static void
pure_answered(void *arg, const struct pawl_function_answer *a)
{
	struct pure_call *c = arg;
	struct lambda_outcome o = { 0 };

	lambda_local_outcome(c->host, c->target, a, c->request_id, 0, &o);
	c->answer->failed = o.error != NULL;
	c->answer->output = o.output;
	c->answer->error = o.error;
	c->answer->cause = o.cause;
}

static int
lambda_call_pure(void *state, const struct pawl_task *t, uint64_t seed, struct pawl_pure_answer *a)
{
	const struct lambda *p = state;
	const struct pawl_host *h = p->host;
	struct lambda_target target;
	char id[ENVELOPE_ID_SIZE];
	char *why = NULL;
	int rc = 0;

	if (t->pattern == PAWL_REQUEST && lambda_target_read(h, t, &target, &why) == 0 &&
	    target.type == LAMBDA_WAIT && h->function_kind(h, target.name) == PAWL_FUNCTION_PURE) {
		struct pure_call call = { h, &target, id, a };
		struct pawl_doc context;
		struct pawl_function_call f = { .size = sizeof(f),
			.name = target.name,
			.event = target.payload,
			.seed = seed };

		envelope_request_id_from(seed, id);
		f.context = context = context_of(h, t, &target, id);
		h->function_call(h, &f, pure_answered, &call);
		h->doc_unref(h, context);
		rc = 1;
	}
	if (t->pattern == PAWL_REQUEST)
		lambda_target_fini(h, &target);
	free(why);
	return rc;
}

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "lambda",
	.version = "1.0",
	.resources =
	    "arn:aws:states:::lambda:invoke arn:aws-cn:states:::lambda:invoke "
	    "arn:aws-us-gov:states:::lambda:invoke arn:aws:lambda:* arn:aws-cn:lambda:* arn:aws-us-gov:lambda:*",
	.patterns = PAWL_REQUEST | PAWL_TOKEN,
	.after_crash = PAWL_AGAIN,
	.options = lambda_options,
	.init = lambda_init,
	.start = lambda_start,
	.cancel = lambda_cancel,
	.stop = lambda_stop,
	.reload = lambda_reload,
	.call_pure = lambda_call_pure,
};
