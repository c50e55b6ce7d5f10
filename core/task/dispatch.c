/*
 * dispatch - durable effects to plugins, and their answers back to the run.
 *
 * The plugin host knows an attempt by a ticket; a ticket that is gone is an answer
 * that came too late, and is dropped.
 */
#include "task/nested.h"
#include "task/resident.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "task/hook_run.h"

#define CAUSE_ONCE \
	"The task was interrupted and is not dispatched again, because it may have had its effect already."

static struct dispatch *
dispatch_find(const struct resident *r, int64_t task_id)
{
	struct dispatch *d;

	TAILQ_FOREACH(d, &r->dispatches, link)
		if (d->task_id == task_id)
			return d;
	return NULL;
}

static void
dispatch_close(struct dispatch *d)
{
	idmap_take(&d->resident->engine->dispatches, d->ticket);
	TAILQ_REMOVE(&d->resident->dispatches, d, link);
	free(d);
}

static void
dispatch_cancel(struct dispatch *d)
{
	plugin_host_cancel(d->resident->engine->plugins, d->plugin_id);
	dispatch_close(d);
}

static void
dispatch_let_go(struct dispatch *d)
{
	plugin_host_release(d->resident->engine->plugins, d->plugin_id);
	dispatch_close(d);
}

void
dispatch_key(const struct resident *r, int64_t task_id, char out[DISPATCH_KEY_SIZE])
{
	char *end = out + UUID_TEXT_SIZE - 1;

	uuid_format(&r->slot->id, out);
	*end++ = '-';
	*put_i64(end, task_id) = '\0';
}

static void
dispatch_task(struct resident *r, const struct run_task *t)
{
	struct engine *g = r->engine;
	const struct run_facts *f = run_facts(r->run);
	const struct task_resource *res = &t->state->resource;
	struct dispatch *d = xcalloc(1, sizeof(*d));
	struct plugin_task_spec spec = { .resource = res,
		.parameters = t->parameters,
		.execution_arn = f->execution_arn,
		.state_name = t->state->name,
		.machine_arn = f->machine_arn,
		.timeout_ms = t->timeout_s * 1000,
		.credentials_role = t->credentials_role,
		.submitted = t->response };
	char key[DISPATCH_KEY_SIZE];
	struct buf token;

	buf_init(&token, BUF_UNLIMITED);
	dispatch_key(r, t->task_id, key);
	spec.idempotency_key = key;
	if (res->pattern != PATTERN_REQUEST) {
		const struct run_host *host = engine_run_host(g);

		host->task_token(host->arg, r->run, t->task_id, &token);
		spec.task_token = buf_text(&token);
	}
	d->resident = r;
	d->task_id = t->task_id;
	d->by_token = res->pattern == PATTERN_TOKEN;
	d->ticket = spec.ticket = ++g->next_ticket;
	TAILQ_INSERT_TAIL(&r->dispatches, d, link);
	idmap_put(&g->dispatches, d->ticket, d);
	(void)FAILPOINT(task_before_dispatch);
	d->plugin_id = plugin_host_start(g->plugins, &spec);
	(void)FAILPOINT(task_dispatched);
	buf_fini(&token);
}

static void
dispatch_service(struct resident *r, const struct run_task *t)
{
	if (t->state->resource.nested)
		nested_dispatch(r, t);
	else
		dispatch_task(r, t);
}

/* As the hooks at before_dispatch want it, or refused by one. The history keeps what the state said. */
static void
dispatch_asked(struct resident *r, const struct run_task *t)
{
	struct stimulus refused = { .kind = STIMULUS_TASK_FAILED, .task_id = t->task_id };
	struct run_task task = *t;
	struct hook_dispatch d;
	char key[DISPATCH_KEY_SIZE];

	dispatch_key(r, t->task_id, key);
	hook_run_dispatch(r, t, key, &d);
	if (d.refused) {
		refused.error = d.error;
		refused.cause = d.cause;
		resident_deliver(r, &refused, NULL);
	} else {
		if (!doc_is_none(d.parameters))
			task.parameters = d.parameters;
		dispatch_service(r, &task);
	}
	hook_dispatch_fini(&d);
}

void
dispatch_permitted(struct resident *r, const struct run_task *t)
{
	const struct stimulus started = { .kind = STIMULUS_TASK_STARTED, .task_id = t->task_id };

	if (!t->started && t->state->resource.kind != TASK_ACTIVITY)
		resident_deliver(r, &started, NULL); /* it comes again when that is durable */
	else if (t->state->resource.kind == TASK_ACTIVITY)
		activity_offer(r, t);
	else if (hooks_any(r->engine->hooks, HOOK_before_dispatch))
		dispatch_asked(r, t);
	else
		dispatch_service(r, t);
}

static void
dispatch_one(struct resident *r, const struct run_task *t)
{
	if (!limit_wait(r, t))
		dispatch_permitted(r, t);
}

void
dispatch_release(struct resident *r)
{
	struct effects fx = r->effects;
	struct run_task t;
	struct dispatch *d;
	size_t i;

	r->effects = (struct effects){ 0 }; /* a move that this causes collects its own */
	for (i = 0; i < fx.n; i++) {
		switch (fx.list[i].kind) {
		case EFFECT_DISPATCH:
			/* a later move of the same record may have ended it */
			if (run_task(r->run, fx.list[i].task_id, &t) == 0)
				dispatch_one(r, &t);
			break;
		case EFFECT_CANCEL:
			activity_drop(r->slot, fx.list[i].task_id);
			if (!nested_cancel(r, fx.list[i].task_id, fx.list[i].answered) &&
			    (d = dispatch_find(r, fx.list[i].task_id)) != NULL)
				dispatch_cancel(d);
			break;
		case EFFECT_CLOSED:
			limit_drop(r->engine, r->slot, fx.list[i].task_id);
			break;
		case EFFECT_ENDED:
			hook_run_ended(r);
			break;
		case EFFECT_FAILED:
			hook_run_failed(r, fx.list[i].failed);
			break;
		}
	}
	effects_fini(&fx);
}

/* The ids first: delivering a stimulus moves the run under the walk's feet. */
struct open_ids {
	int64_t *list;
	size_t n, cap;
};

static void
open_ids_add(void *arg, const struct run_task *t)
{
	struct open_ids *o = arg;

	if (o->n == o->cap) {
		o->cap = o->cap == 0 ? 16 : o->cap * 2;
		o->list = xreallocarray(o->list, o->cap, sizeof(*o->list));
	}
	o->list[o->n++] = t->task_id;
}

/* It goes on without us: its permit is not ours to take. */
static bool
is_under_way(const struct run_task *t)
{
	return t->submitted || t->handed;
}

static void
dispatch_resume_one(struct resident *r, const struct run_task *t, bool offered)
{
	const struct task_resource *res = &t->state->resource;
	struct stimulus failed = { .kind = STIMULUS_TASK_FAILED,
		.task_id = t->task_id,
		.error = "States.TaskFailed",
		.cause = CAUSE_ONCE };

	if (is_under_way(t))
		limit_hold(r, t);
	if (res->pattern == PATTERN_TOKEN && t->submitted)
		return; /* its token answers */
	if (res->kind == TASK_ACTIVITY) {
		/* its worker answers, or it is to be offered; after sleep it was all the time */
		if (!t->handed && !offered)
			dispatch_one(r, t);
		return;
	}
	if (!t->started) {
		dispatch_one(r, t);
		return;
	}
	if (res->nested && nested_resume(r, t->task_id)) {
		limit_hold(r, t);
		return;
	}
	if (doc_is_none(t->response) && !res->nested &&
	    plugin_host_serves(r->engine->plugins, res) &&
	    plugin_host_after_crash(r->engine->plugins, res) == AFTER_CRASH_ONCE) {
		resident_deliver(r, &failed, NULL);
		return;
	}
	resident_log(r, LOG_LEVEL_INFO, "state=%s dispatched again after a restart",
	    t->state->name);
	dispatch_one(r, t);
}

void
dispatch_resume(struct resident *r)
{
	struct open_ids open = { 0 };
	bool offered = r->slot->offers != NULL; /* all that are to be, then */
	struct run_task t;
	size_t i;

	run_each_task(r->run, open_ids_add, &open);
	for (i = 0; i < open.n; i++)
		if (run_task(r->run, open.list[i], &t) == 0)
			dispatch_resume_one(r, &t, offered);
	free(open.list);
}

bool
dispatch_is_quiet(const struct resident *r, bool hurry)
{
	const struct dispatch *d;
	struct run_task t;

	TAILQ_FOREACH(d, &r->dispatches, link) {
		if (d->submitted)
			continue;
		if (!hurry || run_task(r->run, d->task_id, &t) != 0 ||
		    plugin_host_after_crash(r->engine->plugins, &t.state->resource) ==
			AFTER_CRASH_ONCE)
			return false;
	}
	return true;
}

void
dispatch_drop_all(struct resident *r, bool over)
{
	struct dispatch *d, *next;

	for (d = TAILQ_FIRST(&r->dispatches); d != NULL; d = next) {
		next = TAILQ_NEXT(d, link);
		if (over)
			dispatch_cancel(d);
		else
			dispatch_let_go(d);
	}
	nested_drop_all(r);
}

void
engine_plugin_answer(void *arg, uint64_t ticket, const struct plugin_answer *a)
{
	struct engine *g = arg;
	struct dispatch *d = idmap_get(&g->dispatches, ticket);
	struct resident *r;
	struct stimulus s = { .output = a->output, .error = a->error, .cause = a->cause };

	if (d == NULL) {
		log_debug("task: an answer for ticket %llu, which is closed, is dropped",
		    (unsigned long long)ticket);
		return;
	}
	(void)FAILPOINT(task_answered);
	r = d->resident;
	s.task_id = d->task_id;
	switch (a->kind) {
	case ANSWER_SUBMITTED:
		s.kind = STIMULUS_TASK_SUBMITTED;
		d->submitted = true;
		if (d->by_token)
			dispatch_close(d);
		break;
	case ANSWER_SUCCEEDED:
		s.kind = STIMULUS_TASK_SUCCEEDED;
		dispatch_close(d);
		break;
	case ANSWER_FAILED:
		s.kind = STIMULUS_TASK_FAILED;
		dispatch_close(d);
		break;
	}
	resident_deliver(r, &s, NULL);
	engine_check_drained(g);
}
