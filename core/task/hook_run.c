/*
 * hook_run - what the hooks hear of the runs, as the documents that docs/pawl-lua.7 describes.
 */
#include "task/hook_run.h"

#include <string.h>

#include "base/clock.h"

static void
add_time(struct doc_builder *b, const char *key, int64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(wall_ms, text);
	hook_add_text(b, key, text);
}

static void
add_doc(struct doc_builder *b, const char *key, struct doc value)
{
	if (doc_is_none(value))
		return;
	docb_keys(b, key);
	docb_doc(b, value);
}

/* An object about the execution, left open. */
static struct doc_builder *
about_execution(const struct resident *r)
{
	const struct run_facts *f = run_facts(r->run);
	struct doc_builder *b = docb_new();

	docb_object(b);
	hook_add_text(b, "execution_arn", f->execution_arn);
	hook_add_text(b, "execution_name", f->execution_name);
	hook_add_text(b, "state_machine_arn", f->machine_arn);
	hook_add_text(b, "state_machine_name", f->machine_name);
	hook_add_text(b, "version_arn", f->version_arn);
	hook_add_text(b, "alias_arn", f->alias_arn);
	add_time(b, "start_time", f->start_ms);
	return b;
}

static void
tell(const struct resident *r, enum hook_point p, struct doc_builder *b)
{
	docb_end(b);
	hooks_tell_take(r->engine->hooks, p, docb_finish(b));
}

void
hook_run_started(const struct resident *r)
{
	struct doc_builder *b;

	if (!hooks_any(r->engine->hooks, HOOK_execution_started))
		return;
	b = about_execution(r);
	add_doc(b, "input", run_facts(r->run)->input);
	tell(r, HOOK_execution_started, b);
}

void
hook_run_ended(const struct resident *r)
{
	struct doc_builder *b;

	if (!hooks_any(r->engine->hooks, HOOK_execution_ended))
		return;
	b = about_execution(r);
	add_time(b, "stop_time", run_stop_ms(r->run));
	docb_keys(b, "duration_ms");
	docb_i64(b, run_stop_ms(r->run) - run_facts(r->run)->start_ms);
	hook_add_text(b, "status", run_status_name(run_status(r->run)));
	if (run_status(r->run) == RUN_SUCCEEDED)
		add_doc(b, "output", run_output(r->run));
	hook_add_text(b, "error", run_error(r->run));
	hook_add_text(b, "cause", run_cause(r->run));
	tell(r, HOOK_execution_ended, b);
}

static void
add_state(struct doc_builder *b, const struct state *s, int retry_count)
{
	hook_add_text(b, "state_name", s->name);
	hook_add_text(b, "state_type", state_type_name(s->type));
	docb_keys(b, "retry_count");
	docb_i64(b, retry_count);
	if (s->type == STATE_TASK)
		hook_add_text(b, "resource", s->resource.arn);
}

void
hook_run_failed(const struct resident *r, const struct failed_state *failed)
{
	static const char *const ends[] = { [FAILED_UNCAUGHT] = "UNCAUGHT",
		[FAILED_RETRIED] = "RETRIED",
		[FAILED_CAUGHT] = "CAUGHT" };
	struct doc_builder *b;

	if (!hooks_any(r->engine->hooks, HOOK_state_failed))
		return;
	b = about_execution(r);
	add_state(b, failed->state, failed->retry_count);
	hook_add_text(b, "error", failed->error);
	hook_add_text(b, "cause", failed->cause);
	hook_add_text(b, "outcome", ends[failed->end]);
	hook_add_text(b, "next", failed->next != NULL ? failed->next->name : NULL);
	tell(r, HOOK_state_failed, b);
}

void
hook_run_dispatch(const struct resident *r, const struct run_task *t, const char *idempotency_key,
    struct hook_dispatch *out)
{
	struct doc_builder *b = about_execution(r);
	struct doc task;

	add_state(b, t->state, t->retry_count);
	hook_add_text(b, "idempotency_key", idempotency_key);
	hook_add_text(b, "role_arn", t->credentials_role);
	docb_keys(b, "timeout_seconds");
	docb_i64(b, t->timeout_s);
	add_doc(b, "parameters", t->parameters);
	docb_end(b);
	task = docb_finish(b);
	hooks_before_dispatch(r->engine->hooks, task, out);
	doc_unref(task);
}
