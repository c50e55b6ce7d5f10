/*
 * optimized - what optimized integrations do besides the call: members that Step Functions
 * adds to a request, answers that are failures.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "aws.h"

/* Opens an object with all members of o but one; NULL = all. */
static struct pawl_builder *
copy_but(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc o, const char *but)
{
	struct pawl_doc_iter it = { .of = o };

	h->build_object(b);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		if (key != NULL && (but == NULL || strcmp(key, but) != 0))
			docs_add_doc(h, b, key, it.value);
		h->free(h, key);
	}
	return b;
}

/* Opens an array with all elements of list. */
static void
copy_elements(const struct pawl_host *h, struct pawl_builder *b, struct pawl_doc list)
{
	struct pawl_doc_iter it = { .of = list };

	h->build_array(b);
	while (h->doc_next(h, &it))
		h->build_doc(b, it.value);
}

static struct pawl_doc
close(const struct pawl_host *h, struct pawl_builder *b)
{
	h->build_end(b);
	return h->build_finish(b);
}

/* An answer that is a failure: it is the cause itself. */
static struct pawl_doc
refused(const struct pawl_host *h, struct pawl_doc output, const char *error, struct aws_failure *f)
{
	char *text = h->doc_text(h, output, NULL);

	f->error = text_format("%s", error);
	f->cause = aws_copy(text, strlen(text));
	h->free(h, text);
	return PAWL_NO_DOC;
}

/* --- events:putEvents --------------------------------------------------------------------------- */

static struct pawl_doc
events_parameters(const struct pawl_host *h, const struct pawl_task *t)
{
	struct pawl_builder *b = copy_but(h, h->build(h), t->parameters, "Entries");
	struct pawl_doc_iter it = { .of = h->doc_get(h, t->parameters, "Entries") };

	h->build_key(b, "Entries");
	h->build_array(b);
	while (h->doc_next(h, &it)) {
		if (h->doc_type(h, it.value) != PAWL_DOC_OBJECT) {
			h->build_doc(b, it.value);
			continue;
		}
		copy_but(h, b, it.value, "Resources");
		h->build_key(b, "Resources");
		copy_elements(h, b, h->doc_get(h, it.value, "Resources"));
		h->build_string(b, t->state_machine_arn, strlen(t->state_machine_arn));
		h->build_string(b, t->execution_arn, strlen(t->execution_arn));
		h->build_end(b);
		h->build_end(b);
	}
	h->build_end(b);
	return close(h, b);
}

static struct pawl_doc
events_result(const struct pawl_host *h, struct pawl_doc output, struct aws_failure *f)
{
	int64_t nfailed = 0;

	h->doc_int(h, h->doc_get(h, output, "FailedEntryCount"), &nfailed);
	if (nfailed == 0)
		return h->doc_ref(h, output);
	return refused(h, output, "EventBridge.FailedEntry", f);
}

/* --- jobs: who started them -------------------------------------------------------------------------- */

static struct pawl_doc
ecs_parameters(const struct pawl_host *h, const struct pawl_task *t)
{
	struct pawl_builder *b;

	if (docs_has(h, t->parameters, "StartedBy"))
		return h->doc_ref(h, t->parameters);
	b = copy_but(h, h->build(h), t->parameters, "StartedBy");
	docs_add_string(h, b, "StartedBy", "AWS Step Functions");
	return close(h, b);
}

static struct pawl_doc
batch_parameters(const struct pawl_host *h, const struct pawl_task *t)
{
	struct pawl_doc overrides = h->doc_get(h, t->parameters, "ContainerOverrides");
	struct pawl_builder *b = copy_but(h, h->build(h), t->parameters, "ContainerOverrides");

	h->build_key(b, "ContainerOverrides");
	copy_but(h, b, overrides, "Environment");
	h->build_key(b, "Environment");
	copy_elements(h, b, h->doc_get(h, overrides, "Environment"));
	h->build_object(b);
	docs_add_string(h, b, "Name", "MANAGED_BY_AWS");
	docs_add_string(h, b, "Value", "STARTED_BY_STEP_FUNCTIONS");
	h->build_end(b);
	h->build_end(b);
	h->build_end(b);
	return close(h, b);
}

/* A task that ECS could not place. */
static struct pawl_doc
ecs_result(const struct pawl_host *h, struct pawl_doc output, struct aws_failure *f)
{
	if (h->doc_len(h, h->doc_get(h, output, "Tasks")) > 0 ||
	    h->doc_len(h, h->doc_get(h, output, "Failures")) == 0)
		return h->doc_ref(h, output);
	return refused(h, output, "AmazonECS.Unknown", f);
}

/* --- bedrock:invokeModel ----------------------------------------------------------------------------- */

/* The body as the JSON that it is. */
static struct pawl_doc
model_result(const struct pawl_host *h, struct pawl_doc output)
{
	char *text = docs_string(h, output, "Body");
	struct pawl_doc body =
	    text != NULL ? h->doc_parse(h, text, strlen(text), NULL) : PAWL_NO_DOC;
	struct pawl_builder *b;

	h->free(h, text);
	if (h->doc_type(h, body) == PAWL_DOC_NONE)
		return h->doc_ref(h, output);
	b = copy_but(h, h->build(h), output, "Body");
	docs_add_doc(h, b, "Body", body);
	h->doc_unref(h, body);
	return close(h, b);
}

/* --- all of them ---------------------------------------------------------------------------------------- */

static bool
is(const struct aws_target *t, const char *service, const char *action)
{
	return !t->sdk && strcmp(t->service->id, service) == 0 &&
	    strcmp(t->action->name, action) == 0;
}

struct pawl_doc
aws_optimized_parameters(const struct pawl_host *h, const struct aws_target *target,
    const struct pawl_task *t)
{
	if (target->wrapper != NULL)
		return aws_wrapper_parameters(h, target->wrapper, t->parameters, NULL);
	if (is(target, "eventbridge", "PutEvents") &&
	    h->doc_type(h, h->doc_get(h, t->parameters, "Entries")) == PAWL_DOC_ARRAY)
		return events_parameters(h, t);
	if (is(target, "ecs", "RunTask"))
		return ecs_parameters(h, t);
	if (is(target, "batch", "SubmitJob"))
		return batch_parameters(h, t);
	return h->doc_ref(h, t->parameters);
}

struct pawl_doc
aws_optimized_result(const struct pawl_host *h, const struct aws_target *target,
    struct pawl_doc output, struct aws_failure *f)
{
	if (target->wrapper != NULL)
		return aws_wrapper_result(h, target->wrapper, output);
	if (is(target, "eventbridge", "PutEvents"))
		return events_result(h, output, f);
	if (is(target, "ecs", "RunTask"))
		return ecs_result(h, output, f);
	if (is(target, "bedrockruntime", "InvokeModel"))
		return model_result(h, output);
	return h->doc_ref(h, output);
}
