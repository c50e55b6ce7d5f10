/*
 * task - the life of a task: its call, and, with .sync, the job that the call began.
 *
 * A job is looked at until it has ended, first after a second, then less and less often. What
 * its submission answered is in the journal, so a job goes on to be looked at after a restart
 * and is not begun a second time. A task that nobody waits for any more takes its job along.
 */
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "aws.h"

#define FIRST_LOOK_MS 1000

struct aws_task {
	struct aws_task *next;
	struct aws *aws;
	uint64_t id; /* 0: nobody waits for it, the job is to be stopped */
	enum pawl_pattern pattern;
	struct aws_target target;
	struct pawl_doc parameters; /* as given */
	char *role_arn;             /* NULL = none */
	struct aws_call *call;      /* what is waited for, or the timer; else NULL, 0 */
	uint64_t timer;
	/* .sync */
	const struct aws_job *job;
	struct pawl_doc response; /* of the submission; PAWL_NO_DOC until it is there */
	int64_t wait_ms;          /* before the next look */
};

/* --- life -------------------------------------------------------------------------------------- */

static struct aws_task *
task_new(struct aws *p, const struct pawl_task *given, const struct aws_target *target)
{
	const struct pawl_host *h = p->host;
	struct aws_task *t = text_alloc(sizeof(*t));

	t->aws = p;
	t->id = given->id;
	t->pattern = given->pattern;
	t->target = *target;
	t->parameters = h->doc_ref(h, given->parameters);
	t->response = h->doc_ref(h, given->submitted);
	if (given->role_arn != NULL)
		t->role_arn = aws_copy(given->role_arn, strlen(given->role_arn));
	t->next = p->tasks;
	p->tasks = t;
	return t;
}

static void
task_free(struct aws_task *t)
{
	struct aws_task **at = &t->aws->tasks;
	const struct pawl_host *h = t->aws->host;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->call != NULL)
		aws_call_cancel(t->call);
	if (t->timer != 0)
		h->timer_cancel(h, t->timer);
	h->doc_unref(h, t->parameters);
	h->doc_unref(h, t->response);
	free(t->role_arn);
	free(t);
}

static struct aws_task *
task_find(const struct aws *p, uint64_t id)
{
	struct aws_task *t = p->tasks;

	while (t != NULL && t->id != id)
		t = t->next;
	return t;
}

void
aws_tasks_free(struct aws *p)
{
	while (p->tasks != NULL)
		task_free(p->tasks);
}

void
aws_task_release(struct aws *p, uint64_t id)
{
	struct aws_task *t = task_find(p, id);

	if (t != NULL)
		task_free(t);
}

/* --- the end ------------------------------------------------------------------------------------- */

static void
task_fail(struct aws_task *t, const struct aws_failure *f)
{
	const struct pawl_host *h = t->aws->host;
	const struct pawl_task refused = { .id = t->id, .parameters = t->parameters };

	if (f->error == NULL)
		envelope_refuse(h, &refused, f->cause);
	else
		h->fail(h, t->id, f->error, f->cause);
	task_free(t);
}

static void
job_ended(struct aws_task *t, enum aws_job_state state, struct pawl_doc result)
{
	const struct pawl_host *h = t->aws->host;
	char *text;

	if (state == AWS_JOB_DONE) {
		h->succeed(h, t->id, result);
	} else {
		text = h->doc_text(h, result, NULL);
		h->fail(h, t->id, "States.TaskFailed", text);
		h->free(h, text);
	}
	task_free(t);
}

/* --- stopping a job -------------------------------------------------------------------------------- */

static void
on_stopped(void *arg, struct pawl_doc output, const struct aws_failure *failure)
{
	struct aws_task *t = arg;
	const struct pawl_host *h = t->aws->host;

	(void)output;
	t->call = NULL;
	if (failure != NULL)
		h->log(h, PAWL_LOG_WARN, 0, "the job of %s.%s could not be stopped: %s",
		    t->target.service->id, t->target.action->name, failure->cause);
	task_free(t);
}

static void
job_stop(struct aws_task *t)
{
	const struct pawl_host *h = t->aws->host;
	struct aws_call_spec spec;

	t->id = 0;
	if (!aws_job_stop(h, t->job, &t->target, t->response, t->parameters, &spec)) {
		task_free(t);
		return;
	}
	spec.role_arn = t->role_arn;
	t->call = aws_call_start(t->aws, &spec, on_stopped, t);
	h->doc_unref(h, spec.parameters);
}

/* A job whose submission is on its way is stopped when that is answered. */
void
aws_task_cancel(struct aws *p, uint64_t id)
{
	struct aws_task *t = task_find(p, id);
	const struct pawl_host *h = p->host;

	if (t == NULL)
		return;
	if (t->job == NULL) {
		task_free(t);
	} else if (h->doc_type(h, t->response) == PAWL_DOC_NONE) {
		t->id = 0;
	} else {
		if (t->call != NULL)
			aws_call_cancel(t->call);
		t->call = NULL;
		if (t->timer != 0)
			h->timer_cancel(h, t->timer);
		t->timer = 0;
		job_stop(t);
	}
}

/* --- looking at a job ------------------------------------------------------------------------------- */

static void look(void *arg);

static void
look_later(struct aws_task *t)
{
	const struct pawl_host *h = t->aws->host;
	int64_t most = h->option_int(h, "poll_interval");

	if (t->wait_ms == 0)
		t->wait_ms = FIRST_LOOK_MS;
	if (t->wait_ms > most)
		t->wait_ms = most;
	t->timer = h->timer_start(h, t->wait_ms, look, t);
	t->wait_ms += t->wait_ms / 2 + 1;
}

static void
on_look(void *arg, struct pawl_doc output, const struct aws_failure *failure)
{
	struct aws_task *t = arg;
	const struct pawl_host *h = t->aws->host;
	struct pawl_doc result = PAWL_NO_DOC;
	enum aws_job_state state;

	t->call = NULL;
	if (failure != NULL && failure->passing) {
		h->log(h, PAWL_LOG_WARN, t->id,
		    "a job could not be looked at, which is tried again: %s", failure->cause);
		look_later(t);
		return;
	}
	if (failure != NULL) {
		if (aws_job_is_gone(h, t->job, failure->error, t->response, &result))
			job_ended(t, AWS_JOB_DONE, result);
		else
			task_fail(t, failure);
		h->doc_unref(h, result);
		return;
	}
	state = aws_job_state(h, t->job, output, &result);
	if (state == AWS_JOB_RUNS)
		look_later(t);
	else
		job_ended(t, state, result);
	h->doc_unref(h, result);
}

static void
look(void *arg)
{
	struct aws_task *t = arg;
	const struct pawl_host *h = t->aws->host;
	struct aws_call_spec spec;

	t->timer = 0;
	aws_job_look(h, t->job, &t->target, t->response, t->parameters, &spec);
	spec.role_arn = t->role_arn;
	t->call = aws_call_start(t->aws, &spec, on_look, t);
	h->doc_unref(h, spec.parameters);
}

/* --- the call ---------------------------------------------------------------------------------------- */

static void
task_accepted(struct aws_task *t, struct pawl_doc result)
{
	const struct pawl_host *h = t->aws->host;

	if (t->pattern == PAWL_REQUEST) {
		h->succeed(h, t->id, result);
		task_free(t);
	} else if (t->pattern == PAWL_TOKEN) {
		h->submitted(h, t->id, result);
		task_free(t);
	} else {
		t->response = h->doc_ref(h, result);
		if (t->id == 0) {
			job_stop(t);
			return;
		}
		h->submitted(h, t->id, result);
		look_later(t);
	}
}

static void
on_answer(void *arg, struct pawl_doc output, const struct aws_failure *failure)
{
	struct aws_task *t = arg;
	const struct pawl_host *h = t->aws->host;
	struct aws_failure found = { 0 };
	struct pawl_doc result = PAWL_NO_DOC;

	t->call = NULL;
	if (failure == NULL) {
		result = aws_optimized_result(h, &t->target, output, &found);
		failure = found.cause != NULL ? &found : NULL;
	}
	if (failure == NULL)
		task_accepted(t, result);
	else if (t->id != 0)
		task_fail(t, failure);
	else
		task_free(t);
	h->doc_unref(h, result);
	aws_failure_fini(&found);
}

/* --- by name ------------------------------------------------------------------------------------------- */

static void on_listed(void *arg, struct pawl_doc output, const struct aws_failure *failure);

/* Looks for what the task names, on the page behind listed; false: there is none. */
static bool
list(struct aws_task *t, struct pawl_doc listed)
{
	const struct pawl_host *h = t->aws->host;
	struct aws_call_spec spec;

	if (t->target.wrapper == NULL ||
	    !aws_wrapper_list(h, &t->target, t->parameters, listed, &spec))
		return false;
	spec.role_arn = t->role_arn;
	t->call = aws_call_start(t->aws, &spec, on_listed, t);
	h->doc_unref(h, spec.parameters);
	return true;
}

static void
on_listed(void *arg, struct pawl_doc output, const struct aws_failure *failure)
{
	struct aws_task *t = arg;
	const struct pawl_host *h = t->aws->host;
	struct aws_call_spec spec = { .target = t->target, .role_arn = t->role_arn };
	char *id;

	t->call = NULL;
	if (failure != NULL) {
		task_fail(t, failure);
		return;
	}
	if ((id = aws_wrapper_id(h, t->target.wrapper, t->parameters, output)) != NULL) {
		spec.parameters = aws_wrapper_parameters(h, t->target.wrapper, t->parameters, id);
		t->call = aws_call_start(t->aws, &spec, on_answer, t);
		h->doc_unref(h, spec.parameters);
		h->free(h, id);
	} else if (!list(t, output)) {
		h->fail(h, t->id, "ElasticMapReduce.InvalidRequestException",
		    "The cluster has none of that name");
		task_free(t);
	}
}

/* --- the beginning --------------------------------------------------------------------------------------- */

static void
refuse(const struct pawl_host *h, const struct pawl_task *given, char *why)
{
	h->fail(h, given->id, "States.Runtime", why);
	free(why);
}

void
aws_task_start(struct aws *p, const struct pawl_task *given)
{
	const struct pawl_host *h = p->host;
	struct aws_call_spec spec = { .role_arn = given->role_arn,
		.idempotency_key = given->idempotency_key };
	const struct aws_job *job = NULL;
	struct aws_task *t;
	char *why;

	if (aws_target_read(p, given->base, &spec.target, &why) != 0) {
		refuse(h, given, why);
		return;
	}
	if (given->pattern == PAWL_SYNC && (job = aws_job_find(&spec.target)) == NULL) {
		refuse(h, given,
		    text_format("The plugin aws cannot wait for what the resource '%s' begins",
			given->resource));
		return;
	}
	if (spec.target.wrapper != NULL &&
	    (why = aws_wrapper_problem(h, spec.target.wrapper, given->parameters)) != NULL) {
		envelope_refuse(h, given, why);
		free(why);
		return;
	}
	t = task_new(p, given, &spec.target);
	t->job = job;
	if (job != NULL && h->doc_type(h, t->response) != PAWL_DOC_NONE) {
		look_later(t);
		return;
	}
	if (list(t, PAWL_NO_DOC))
		return;
	spec.parameters = aws_optimized_parameters(h, &spec.target, given);
	t->call = aws_call_start(p, &spec, on_answer, t);
	h->doc_unref(h, spec.parameters);
}
