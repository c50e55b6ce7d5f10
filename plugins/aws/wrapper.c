/*
 * wrapper - optimized integrations that are no action of the API under that name: those of EMR.
 *
 * Each is an action with its parameters in another place. Two know what they change by its name,
 * where the API wants an id: that is looked for first.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "aws.h"

#define METADATA " SdkHttpMetadata=SdkHttpMetadata SdkResponseMetadata=SdkResponseMetadata"

struct aws_wrapper {
	const char *service, *name, *action;
	const char *takes;     /* its parameters, separated by blanks; NULL = those of the action */
	const char *arguments; /* words as in arguments.c; NULL = the parameters as they are */
	const char *result;    /* words of the answer; NULL = the answer as it is */
	/* by name: the action that lists, where, whose name it is, what is changed, and its id there */
	const char *list, *items, *named_by, *change, *id;
};

static const struct aws_wrapper wrappers[] = {
	{ "emr", "createCluster", "RunJobFlow", NULL, NULL, "ClusterId=JobFlowId" METADATA, NULL,
	    NULL, NULL, NULL, NULL },
	{ "emr", "addStep", "AddJobFlowSteps", "ClusterId Step ExecutionRoleArn",
	    "JobFlowId=:ClusterId Steps[]=:Step ExecutionRoleArn=:ExecutionRoleArn",
	    "StepId=StepIds/0" METADATA, NULL, NULL, NULL, NULL, NULL },
	{ "emr", "cancelStep", "CancelSteps", "ClusterId StepId StepCancellationOption",
	    "ClusterId=:ClusterId StepIds[]=:StepId StepCancellationOption=:StepCancellationOption",
	    "CancelStepsInfo=CancelStepsInfoList/0" METADATA, NULL, NULL, NULL, NULL, NULL },
	{ "emr", "setClusterTerminationProtection", "SetTerminationProtection",
	    "ClusterId TerminationProtected",
	    "JobFlowIds[]=:ClusterId TerminationProtected=:TerminationProtected", NULL, NULL, NULL,
	    NULL, NULL, NULL },
	{ "emr", "terminateCluster", "TerminateJobFlows", "ClusterId", "JobFlowIds[]=:ClusterId",
	    NULL, NULL, NULL, NULL, NULL, NULL },
	{ "emr", "modifyInstanceFleetByName", "ModifyInstanceFleet",
	    "ClusterId InstanceFleetName InstanceFleet",
	    "ClusterId=:ClusterId InstanceFleet=Changed", NULL, "ListInstanceFleets",
	    "InstanceFleets", "InstanceFleetName", "InstanceFleet", "InstanceFleetId" },
	{ "emr", "modifyInstanceGroupByName", "ModifyInstanceGroups",
	    "ClusterId InstanceGroupName InstanceGroup",
	    "ClusterId=:ClusterId InstanceGroups[]=Changed", NULL, "ListInstanceGroups",
	    "InstanceGroups", "InstanceGroupName", "InstanceGroup", "InstanceGroupId" },
};

const struct aws_wrapper *
aws_wrapper_find(const char *service, const char *name)
{
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++)
		if (strcmp(wrappers[i].service, service) == 0 &&
		    strcmp(wrappers[i].name, name) == 0)
			return &wrappers[i];
	return NULL;
}

const char *
aws_wrapper_name(const struct aws_wrapper *w)
{
	return w->name;
}

const char *
aws_wrapper_action(const struct aws_wrapper *w)
{
	return w->action;
}

/* --- parameters -------------------------------------------------------------------------------- */

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* A cluster that has steps, or ends with the last of them, would end before anybody waits for it. */
static char *
cluster_problem(const struct pawl_host *h, struct pawl_doc parameters)
{
	if (docs_has(h, parameters, "Steps"))
		return text_format("The field \"Steps\" is not supported by Step Functions");
	if (!h->doc_true(h, aws_at_path(h, parameters, "Instances/KeepJobFlowAliveWhenNoSteps")))
		return text_format(
		    "The field 'Instances.KeepJobFlowAliveWhenNoSteps' must be true");
	return NULL;
}

char *
aws_wrapper_problem(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc parameters)
{
	struct pawl_doc_iter it = { .of = parameters };
	char *why = NULL;

	if (w->takes == NULL)
		return cluster_problem(h, parameters);
	while (why == NULL && h->doc_next(h, &it)) {
		char *name = h->doc_string(h, it.key, NULL);

		if (!has_word(w->takes, name))
			why = text_format("The field \"%s\" is not supported by Step Functions",
			    name);
		h->free(h, name);
	}
	for (const char *wanted = w->takes; why == NULL && w->list != NULL && *wanted != '\0';) {
		size_t len = strcspn(wanted, " ");
		char *name = aws_copy(wanted, len);

		if (!docs_has(h, parameters, name))
			why = text_format("The field '%s' is required but was missing", name);
		free(name);
		wanted += len + (wanted[len] == ' ');
	}
	return why;
}

/* What is changed, with its id, as a member "Changed". */
static struct pawl_doc
changed(const struct pawl_host *h, const struct aws_wrapper *w, struct pawl_doc parameters,
    const char *id)
{
	struct pawl_builder *b = h->build(h);
	struct pawl_doc_iter it = { .of = h->doc_get(h, parameters, w->change) };

	h->build_object(b);
	h->build_key(b, "Changed");
	h->build_object(b);
	docs_add_string(h, b, w->id, id);
	while (h->doc_next(h, &it)) {
		char *key = h->doc_string(h, it.key, NULL);

		if (key != NULL && strcmp(key, w->id) != 0)
			docs_add_doc(h, b, key, it.value);
		h->free(h, key);
	}
	h->build_end(b);
	h->build_end(b);
	return h->build_finish(b);
}

struct pawl_doc
aws_wrapper_parameters(const struct pawl_host *h, const struct aws_wrapper *w,
    struct pawl_doc parameters, const char *id)
{
	struct pawl_doc response = id != NULL ? changed(h, w, parameters, id) : PAWL_NO_DOC, sent;

	if (w->arguments == NULL)
		return h->doc_ref(h, parameters);
	sent = aws_arguments(h, w->arguments, response, parameters);
	h->doc_unref(h, response);
	return sent;
}

struct pawl_doc
aws_wrapper_result(const struct pawl_host *h, const struct aws_wrapper *w, struct pawl_doc output)
{
	return w->result != NULL ? aws_arguments(h, w->result, output, PAWL_NO_DOC)
				 : h->doc_ref(h, output);
}

/* --- by name --------------------------------------------------------------------------------------- */

bool
aws_wrapper_list(const struct pawl_host *h, const struct aws_target *t, struct pawl_doc parameters,
    struct pawl_doc listed, struct aws_call_spec *spec)
{
	bool first = h->doc_type(h, listed) == PAWL_DOC_NONE;

	if (t->wrapper->list == NULL || (!first && !docs_has(h, listed, "Marker")))
		return false;
	return aws_arguments_fill(h, t, t->wrapper->list, "ClusterId=:ClusterId Marker=Marker",
	    listed, parameters, spec);
}

char *
aws_wrapper_id(const struct pawl_host *h, const struct aws_wrapper *w, struct pawl_doc parameters,
    struct pawl_doc listed)
{
	struct pawl_doc_iter it = { .of = h->doc_get(h, listed, w->items) };
	char *name = docs_string(h, parameters, w->named_by), *id = NULL;

	while (name != NULL && id == NULL && h->doc_next(h, &it))
		if (h->doc_is(h, h->doc_get(h, it.value, "Name"), name))
			id = docs_string(h, it.value, "Id");
	h->free(h, name);
	return id;
}
