/*
 * context - the Context Object ($$) of a frame, built when an expression asks for it.
 */
#include "engine/context.h"

#include "base/clock.h"

static void
add_iso(struct doc_builder *b, const char *key, int64_t ms)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(ms, text);
	docb_keys(b, key);
	docb_strings(b, text);
}

static void
add_string(struct doc_builder *b, const char *key, const char *value)
{
	docb_keys(b, key);
	docb_strings(b, value);
}

static struct doc
execution_part(struct run *r)
{
	struct doc_builder *b;

	if (!doc_is_none(r->context_execution))
		return r->context_execution;
	b = docb_new();
	docb_object(b);
	add_string(b, "Id", r->facts.execution_arn);
	docb_keys(b, "Input");
	docb_doc(b, r->facts.input);
	add_iso(b, "StartTime", r->facts.start_ms);
	add_string(b, "Name", r->facts.execution_name);
	add_string(b, "RoleArn", r->facts.role_arn);
	docb_keys(b, "RedriveCount");
	docb_i64(b, 0);
	docb_end(b);
	return r->context_execution = docb_finish(b);
}

static struct doc
machine_part(struct run *r)
{
	struct doc_builder *b;

	if (!doc_is_none(r->context_machine))
		return r->context_machine;
	b = docb_new();
	docb_object(b);
	add_string(b, "Id", r->facts.machine_arn);
	add_string(b, "Name", r->facts.machine_name);
	docb_end(b);
	return r->context_machine = docb_finish(b);
}

/* RetryCount is there for the states that can be retried only. */
static bool
has_retry_count(const struct state *s)
{
	return s->type == STATE_TASK || s->type == STATE_PARALLEL || s->type == STATE_MAP;
}

static void
add_state(struct doc_builder *b, const struct frame *f)
{
	docb_keys(b, "State");
	docb_object(b);
	docb_keys(b, "Name");
	docb_string(b, f->state->name, f->state->name_len);
	add_iso(b, "EnteredTime", f->entered_ms);
	if (has_retry_count(f->state)) {
		docb_keys(b, "RetryCount");
		docb_i64(b, f->retry_count);
	}
	docb_end(b);
}

static void
add_token(struct doc_builder *b, struct context_env *env)
{
	struct run *r = env->run;
	struct buf token;

	if (env->task_id == 0 || r->host.task_token == NULL)
		return;
	buf_init(&token, BUF_UNLIMITED);
	r->host.task_token(r->host.arg, r, env->task_id, &token);
	docb_keys(b, "Task");
	docb_object(b);
	docb_keys(b, "Token");
	docb_string(b, buf_text(&token), token.len);
	docb_end(b);
	buf_fini(&token);
}

/* The innermost Map iteration that f runs in; NULL = none. */
static struct frame *
iteration_around(struct frame *f)
{
	while (f != NULL && (f->parent == NULL || f->parent->state->type != STATE_MAP))
		f = f->parent;
	return f;
}

static void
add_item(struct doc_builder *b, struct context_env *env)
{
	struct frame *iteration = iteration_around(env->frame);
	struct doc item = env->item;
	uint32_t index = env->index;

	if (doc_is_none(item)) {
		if (iteration == NULL)
			return;
		item = map_item(iteration);
		index = iteration->index;
	}
	docb_keys(b, "Map");
	docb_object(b);
	docb_keys(b, "Item");
	docb_object(b);
	docb_keys(b, "Index");
	docb_i64(b, index);
	docb_keys(b, "Value");
	docb_doc(b, item);
	docb_end(b);
	docb_end(b);
}

static struct doc
build(struct context_env *env)
{
	struct doc_builder *b = docb_new();

	docb_object(b);
	docb_keys(b, "Execution");
	docb_doc(b, execution_part(env->run));
	docb_keys(b, "StateMachine");
	docb_doc(b, machine_part(env->run));
	add_state(b, env->frame);
	add_token(b, env);
	add_item(b, env);
	docb_end(b);
	return docb_finish(b);
}

static struct doc
context_get(void *arg)
{
	struct context_env *env = arg;

	if (env->task_id == 0 && doc_is_none(env->item)) {
		if (doc_is_none(env->frame->context))
			env->frame->context = build(env);
		return env->frame->context;
	}
	if (doc_is_none(env->built))
		env->built = build(env);
	return env->built;
}

void
context_env_init(struct context_env *env, struct run *r, struct frame *f)
{
	*env = (struct context_env){ .run = r, .frame = f };
}

void
context_env_fini(struct context_env *env)
{
	doc_unref(env->built);
}

struct expr_scope
context_scope(struct context_env *env, struct doc root)
{
	return (struct expr_scope){
		.root = root,
		.vars = env->frame->vars,
		.context = context_get,
		.context_arg = env,
		.result = env->result,
		.error_output = env->error_output,
		.random = &env->run->random,
		.host = &env->run->expr_host,
		.steps = &env->run->lua_steps,
		.failed_field = &env->run->failed_field,
		.aws_limits = env->run->facts.aws_limits,
	};
}
