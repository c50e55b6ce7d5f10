/*
 * st_task - the Task state: one attempt after another, each scheduled, started,
 * answered or timed out.
 *
 * Scheduling and starting are two steps, so that the branches of a Parallel and the
 * iterations of a Map are all scheduled before the first of them is started; both
 * happen in one move. The world hears of the attempt (EFFECT_DISPATCH) with the
 * second step. An activity is different: it is offered to the workers as soon as it
 * is scheduled, and started when one of them takes it. What is under a limit that has no
 * room is started, in a move of its own, when its permit is there.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "engine/dataflow.h"

#define SECONDS_MAX INT64_C(99999999)
#define ACTIVITY_LOOK_MS 10 /* when it is not known whether an activity exists */

enum outcome {
	OUTCOME_SCHEDULED,
	OUTCOME_STARTED,
	OUTCOME_SUCCEEDED,
	OUTCOME_FAILED,
	OUTCOME_TIMED_OUT
};

static enum event_type
task_event(const struct task_resource *res, enum outcome o)
{
	static const enum event_type types[][5] = {
		[TASK_LAMBDA] = { EVENT_LAMBDA_FUNCTION_SCHEDULED, EVENT_LAMBDA_FUNCTION_STARTED,
		    EVENT_LAMBDA_FUNCTION_SUCCEEDED, EVENT_LAMBDA_FUNCTION_FAILED,
		    EVENT_LAMBDA_FUNCTION_TIMED_OUT },
		[TASK_ACTIVITY] = { EVENT_ACTIVITY_SCHEDULED, EVENT_ACTIVITY_STARTED,
		    EVENT_ACTIVITY_SUCCEEDED, EVENT_ACTIVITY_FAILED, EVENT_ACTIVITY_TIMED_OUT },
		[TASK_SERVICE] = { EVENT_TASK_SCHEDULED, EVENT_TASK_STARTED, EVENT_TASK_SUCCEEDED,
		    EVENT_TASK_FAILED, EVENT_TASK_TIMED_OUT },
	};

	return types[res->kind][o];
}

/* Opens an event of f's attempt; the cursor moves to it. */
static void
begin(struct run *r, struct frame *f, enum event_type t)
{
	const struct task_resource *res = &f->state->resource;

	f->cursor = event_begin(r, t, f->cursor);
	if (res->kind == TASK_SERVICE)
		event_members(r, res->members, res->members_len);
	frame_touch(r, f);
}

/* --- scheduling -------------------------------------------------------------- */

static bool
has_token(const struct task_resource *res)
{
	return res->kind == TASK_SERVICE && res->pattern != PATTERN_REQUEST;
}

/* TimeoutSeconds, HeartbeatSeconds: *out is 0 when the state has none. */
static int
read_seconds(struct run *r, struct frame *f, const struct dynamic_field *d, const char *field,
    struct doc effective, int64_t *out, struct err *e)
{
	struct doc value = DOC_NONE;
	int rc = 0;

	*out = 0;
	if (d->how == FIELD_ABSENT)
		return 0;
	if (flow_field(r, f, d, effective, "number", &value, e) != 0)
		return d->how == FIELD_PATH ? flow_invalid_path(d->path, e) : -1;
	if (!doc_i64(value, out) || *out < 1 || *out > SECONDS_MAX) {
		char *text = flow_text(value);

		if (d->how == FIELD_EXPRESSION)
			rc = flow_unfit(r, field, e,
			    "The %s field must be an integer from 1 to %lld: %s", field,
			    (long long)SECONDS_MAX, text);
		else
			rc = err_set(e, "States.Runtime",
			    "The %sPath parameter does not reference an integer from 1 to %lld: %s == %s",
			    field, (long long)SECONDS_MAX, flow_field_path(d), text);
		free(text);
	}
	doc_unref(value);
	return rc;
}

static int
read_role(struct run *r, struct frame *f, struct doc effective, char **out, struct err *e)
{
	struct context_env env;
	struct doc credentials = DOC_NONE;
	int rc;

	*out = NULL;
	if (f->state->credentials == NULL)
		return 0;
	context_env_init(&env, r, f);
	rc = flow_template(&env, f->state->credentials, effective, &credentials, e);
	context_env_fini(&env);
	if (rc != 0)
		return -1;
	if ((*out = doc_strdup(doc_gets(credentials, "RoleArn"))) != NULL)
		rc = 0;
	else if (f->state->language == QUERY_JSONPATH)
		rc =
		    err_set(e, "States.Runtime", "The RoleArn of the Credentials must be a string");
	else
		rc = flow_unfit(r, "Credentials/RoleArn", e,
		    "The RoleArn of the Credentials must be a string");
	doc_unref(credentials);
	return rc;
}

static int
read_parameters(struct run *r, struct frame *f, struct doc effective, struct doc *out,
    struct err *e)
{
	struct context_env env;
	int rc;

	if (f->state->parameters == NULL) {
		*out = doc_ref(effective);
		return 0;
	}
	context_env_init(&env, r, f);
	/* the next event is the attempt's ...Scheduled */
	if (has_token(&f->state->resource))
		env.task_id = r->last_event_id + 1;
	rc = flow_template(&env, f->state->parameters, effective, out, e);
	context_env_fini(&env);
	return rc;
}

/* 0 with the attempt filled in but for its id; -1 and e. The attempt is to be freed in both cases. */
static int
read_attempt(struct run *r, struct frame *f, struct attempt *a, struct err *e)
{
	const struct state *s = f->state;
	struct doc effective = DOC_NONE;
	int rc;

	rc = flow_input(r, f, &effective, e);
	if (rc == 0)
		rc = read_role(r, f, effective, &a->role, e);
	if (rc == 0)
		rc = read_parameters(r, f, effective, &a->parameters.doc, e);
	if (rc == 0)
		rc = read_seconds(r, f, &s->timeout_s, "TimeoutSeconds", effective, &a->timeout_s,
		    e);
	if (rc == 0)
		rc = read_seconds(r, f, &s->heartbeat_s, "HeartbeatSeconds", effective,
		    &a->heartbeat_s, e);
	doc_unref(effective);
	return rc;
}

static void
write_scheduled(struct run *r, struct frame *f)
{
	const struct task_resource *res = &f->state->resource;
	struct attempt *a = &f->task;
	const char *key = res->kind == TASK_SERVICE ? "parameters" : "input";

	begin(r, f, task_event(res, OUTCOME_SCHEDULED));
	if (res->kind == TASK_SERVICE)
		event_strings(r, "region", r->facts.region);
	else
		event_members(r, res->members, res->members_len);
	a->parameters.event = event_payload(r, f, key, a->parameters.doc);
	if (a->timeout_s != 0)
		event_int(r, "timeoutInSeconds", a->timeout_s);
	if (a->heartbeat_s != 0 && res->kind != TASK_LAMBDA)
		event_int(r, "heartbeatInSeconds", a->heartbeat_s);
	if (a->role != NULL && res->kind != TASK_ACTIVITY) {
		event_object(r, "taskCredentials");
		event_strings(r, "roleArn", a->role);
		event_object_end(r);
	}
	event_end(r);
}

static void
start_heartbeat(struct run *r, struct frame *f)
{
	const struct task_resource *res = &f->state->resource;
	struct attempt *a = &f->task;
	bool beats = res->kind == TASK_ACTIVITY || res->pattern == PATTERN_TOKEN;

	if (beats && a->heartbeat_s != 0)
		a->heartbeat_due_ms = r->now_ms + a->heartbeat_s * 1000;
}

static void
start_timeout(struct run *r, struct frame *f)
{
	struct attempt *a = &f->task;

	if (a->timeout_s != 0)
		a->timeout_due_ms = r->now_ms + a->timeout_s * 1000;
}

/* True when the activity is there; else the frame looks again soon, or has failed. */
static bool
activity_is_there(struct run *r, struct frame *f)
{
	const char *arn = f->state->resource.arn;
	int there = r->host.activity == NULL ? 1 : r->host.activity(r->host.arg, arn);
	struct err e = ERR_INIT;

	if (there < 0) {
		frame_wait_until(r, f, FRAME_RETRY, r->now_ms + ACTIVITY_LOOK_MS);
	} else if (there == 0) {
		err_set(&e, "States.Runtime", "The activity %s does not exist.", arn);
		frame_fail_err(r, f, &e);
	}
	return there > 0;
}

void
st_task_work(struct run *r, struct frame *f)
{
	struct attempt a = { .timeout_due_ms = DUE_NEVER, .heartbeat_due_ms = DUE_NEVER };
	struct err e = ERR_INIT;
	int rc;

	if (f->state->resource.kind == TASK_ACTIVITY && !activity_is_there(r, f))
		return;
	rc = read_attempt(r, f, &a, &e);
	if (rc != 0 || run_over_limit(r, a.parameters.doc)) {
		doc_unref(a.parameters.doc);
		free(a.role);
		if (rc != 0)
			frame_fail_err(r, f, &e);
		else
			frame_fail_limit(r, f, f->state->name);
		return;
	}
	f->task = a;
	write_scheduled(r, f);
	f->task.id = f->cursor;
	if (f->state->resource.kind != TASK_ACTIVITY) {
		frame_set_phase(r, f, FRAME_START);
		return;
	}
	/* counted from here on, an activity that no worker takes does not wait for ever */
	start_timeout(r, f);
	frame_set_phase(r, f, FRAME_TASK);
	run_effect(r, EFFECT_DISPATCH, f->task.id);
}

/* --- answers ------------------------------------------------------------------ */

/* The name by which a result that is too large is told. */
static const char *
result_owner(const struct task_resource *res)
{
	return res->kind == TASK_SERVICE ? res->type : res->arn;
}

/* Takes x. */
static void
attempt_failed(struct run *r, struct frame *f, enum outcome o, struct failure *x)
{
	begin(r, f, task_event(&f->state->resource, o));
	event_strings(r, "error", x->error);
	event_strings(r, "cause", x->cause);
	event_end(r);
	frame_fail(r, f, x);
}

static void
attempt_succeeded(struct run *r, struct frame *f, struct doc output)
{
	struct failure x;

	if (run_over_limit(r, output)) {
		failure_init_limit(&x, result_owner(&f->state->resource));
		attempt_failed(r, f, OUTCOME_FAILED, &x);
		return;
	}
	begin(r, f, task_event(&f->state->resource, OUTCOME_SUCCEEDED));
	(void)event_payload(r, f, "output", output);
	event_end(r);
	frame_close_attempt(r, f, false);
	frame_finish(r, f, output);
}

void
st_task_answered(struct run *r, struct frame *f, const struct stimulus *s)
{
	if (s->by_token)
		run_effect_answered(r, f->task.id);
	attempt_succeeded(r, f, s->output);
}

void
st_task_failed(struct run *r, struct frame *f, const struct stimulus *s)
{
	struct failure x;

	if (s->by_token)
		run_effect_answered(r, f->task.id);
	failure_init(&x, s->error, s->cause);
	attempt_failed(r, f, OUTCOME_FAILED, &x);
}

/* The history does not tell a missed heartbeat from a time-out, Retriers and Catchers do. */
static void
attempt_timed_out(struct run *r, struct frame *f, bool heartbeat)
{
	struct failure x;

	failure_init(&x, "States.Timeout", NULL);
	x.heartbeat = heartbeat;
	run_effect(r, EFFECT_CANCEL, f->task.id);
	attempt_failed(r, f, OUTCOME_TIMED_OUT, &x);
}

void
st_task_picked_up(struct run *r, struct frame *f, const struct stimulus *s)
{
	if (f->state->resource.kind != TASK_ACTIVITY) {
		frame_set_phase(r, f, FRAME_START);
		return;
	}
	begin(r, f, EVENT_ACTIVITY_STARTED);
	event_strings(r, "workerName", s->worker);
	event_end(r);
	f->task.started = true;
	start_heartbeat(r, f);
	frame_rearm(r, f);
}

void
st_task_submitted(struct run *r, struct frame *f, const struct stimulus *s)
{
	enum task_pattern pattern = f->state->resource.pattern;
	struct payload response = { DOC_NONE, PAYLOAD_NOWHERE };
	int64_t shown;

	begin(r, f, EVENT_TASK_SUBMITTED);
	shown = event_payload(r, f, "output", s->output);
	event_end(r);
	if (pattern == PATTERN_SYNC || pattern == PATTERN_SYNC2)
		response = (struct payload){ doc_ref(s->output), shown };
	frame_set_submitted(r, f, response);
	start_heartbeat(r, f);
	frame_rearm(r, f);
}

void
st_task_heard(struct frame *f, int64_t ms)
{
	struct attempt *a = &f->task;

	if (a->heartbeat_due_ms != DUE_NEVER && ms > a->heard_ms)
		a->heard_ms = ms;
}

bool
st_task_beat(struct run *r, struct frame *f)
{
	struct attempt *a = &f->task;
	int64_t due = a->heard_ms + a->heartbeat_s * 1000;

	if (a->heartbeat_due_ms == DUE_NEVER || due <= a->heartbeat_due_ms)
		return false;
	a->heartbeat_due_ms = due;
	frame_rearm(r, f);
	frame_touch(r, f);
	return true;
}

/* One of the clocks ran out; that of the heartbeats may only have to be set on. */
void
st_task_due(struct run *r, struct frame *f)
{
	bool heartbeat = f->task.heartbeat_due_ms < f->task.timeout_due_ms;

	if (!heartbeat || !st_task_beat(r, f))
		attempt_timed_out(r, f, heartbeat);
}

/* --- starting ----------------------------------------------------------------- */

/* True when the function was pure, and has answered. */
static bool
call_pure(struct run *r, struct frame *f)
{
	struct err e = ERR_INIT;
	struct doc result = DOC_NONE;
	struct failure x;

	if (r->host.pure_call == NULL ||
	    r->host.pure_call(r->host.arg, &f->state->resource, f->task.parameters.doc,
		expr_random_next(&r->random), &r->lua_steps, &result, &e) == 0)
		return false;
	if (err_is_set(&e)) {
		failure_init(&x, e.name[0] != '\0' ? e.name : NULL, e.cause);
		err_fini(&e);
		attempt_failed(r, f, OUTCOME_FAILED, &x);
	} else {
		attempt_succeeded(r, f, result);
	}
	doc_unref(result);
	return true;
}

static bool
may_start(const struct run *r, const struct frame *f)
{
	return r->host.permit == NULL || r->host.permit(r->host.arg, r, f->state, f->task.id);
}

void
st_task_start(struct run *r, struct frame *f)
{
	const struct task_resource *res = &f->state->resource;

	if (!may_start(r, f)) {
		frame_set_phase(r, f, FRAME_TASK);
		run_effect(r, EFFECT_DISPATCH, f->task.id);
		return;
	}
	if (res->kind == TASK_LAMBDA) {
		f->cursor = event_plain(r, EVENT_LAMBDA_FUNCTION_STARTED, f->cursor);
	} else {
		begin(r, f, EVENT_TASK_STARTED);
		event_end(r);
	}
	f->task.started = true;
	frame_touch(r, f);
	if (res->pattern == PATTERN_REQUEST && call_pure(r, f))
		return;
	start_timeout(r, f);
	start_heartbeat(r, f);
	frame_set_phase(r, f, FRAME_TASK);
	run_effect(r, EFFECT_DISPATCH, f->task.id);
}
