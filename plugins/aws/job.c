/*
 * job - the jobs that .sync waits for: how each kind is looked at, when it has ended, how it
 * is stopped. All is in one table; ECS alone wants a look at its containers.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "aws.h"

/*
 * Arguments of a call: words "Name=place". A place is a path in what the submission answered
 * ("Tasks/0/TaskArn"), in the task's parameters (":JobName"), or a text in quotes; "[]" behind
 * the name makes it a list of one.
 */
struct aws_job {
	const char *service, *action;
	const char *look, *look_arguments;
	const char *item;          /* where the job is in what the look answers; "" = all of it */
	const char *status;        /* in the job */
	const char *done, *failed; /* states of it, separated by blanks */
	const char
	    *result; /* the job stands in the result under this name; NULL = it is the result */
	const char *stop, *stop_arguments; /* NULL = it cannot be stopped */
};

#define SAGEMAKER(kind) \
	{ \
		"sagemaker", "Create" kind, "Describe" kind, kind "Name=:" kind "Name", "", \
		    kind "Status", "Completed", "Failed Stopped", NULL, "Stop" kind, \
		    kind "Name=:" kind "Name" \
	}

static const struct aws_job jobs[] = {
	{ "athena", "StartQueryExecution", "GetQueryExecution", "QueryExecutionId=QueryExecutionId",
	    "QueryExecution", "Status/State", "SUCCEEDED", "FAILED CANCELLED", "QueryExecution",
	    "StopQueryExecution", "QueryExecutionId=QueryExecutionId" },
	{ "batch", "SubmitJob", "DescribeJobs", "Jobs[]=JobId", "Jobs/0", "Status", "SUCCEEDED",
	    "FAILED", NULL, "TerminateJob", "JobId=JobId Reason='Stopped-by-Step-Functions'" },
	{ "bedrock", "CreateModelCustomizationJob", "GetModelCustomizationJob",
	    "JobIdentifier=JobArn", "", "Status", "Completed", "Failed Stopped", NULL,
	    "StopModelCustomizationJob", "JobIdentifier=JobArn" },
	{ "codebuild", "StartBuild", "BatchGetBuilds", "Ids[]=Build/Id", "Builds/0", "BuildStatus",
	    "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT", "Build", "StopBuild", "Id=Build/Id" },
	{ "codebuild", "StartBuildBatch", "BatchGetBuildBatches", "Ids[]=BuildBatch/Id",
	    "BuildBatches/0", "BuildBatchStatus", "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT",
	    "BuildBatch", "StopBuildBatch", "Id=BuildBatch/Id" },
	{ "codebuild", "RetryBuildBatch", "BatchGetBuildBatches", "Ids[]=BuildBatch/Id",
	    "BuildBatches/0", "BuildBatchStatus", "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT",
	    "BuildBatch", "StopBuildBatch", "Id=BuildBatch/Id" },
	{ "databrew", "StartJobRun", "DescribeJobRun", "Name=:Name RunId=RunId", "", "State",
	    "SUCCEEDED", "FAILED TIMEOUT STOPPED", NULL, "StopJobRun", "Name=:Name RunId=RunId" },
	{ "ecs", "RunTask", "DescribeTasks", "Tasks[]=Tasks/0/TaskArn Cluster=Tasks/0/ClusterArn",
	    "Tasks/0", "LastStatus", "STOPPED", "", NULL, "StopTask",
	    "Task=Tasks/0/TaskArn Cluster=Tasks/0/ClusterArn Reason='Stopped-by-Step-Functions'" },
	{ "eks", "CreateCluster", "DescribeCluster", "Name=:Name", "Cluster", "Status", "ACTIVE",
	    "FAILED DELETING", "Cluster", NULL, NULL },
	{ "eks", "CreateFargateProfile", "DescribeFargateProfile",
	    "ClusterName=:ClusterName FargateProfileName=:FargateProfileName", "FargateProfile",
	    "Status", "ACTIVE", "CREATE_FAILED DELETING DELETE_FAILED", "FargateProfile", NULL,
	    NULL },
	{ "eks", "CreateNodegroup", "DescribeNodegroup",
	    "ClusterName=:ClusterName NodegroupName=:NodegroupName", "Nodegroup", "Status",
	    "ACTIVE", "CREATE_FAILED DELETING DELETE_FAILED DEGRADED", "Nodegroup", NULL, NULL },
	{ "emrcontainers", "StartJobRun", "DescribeJobRun",
	    "Id=Id VirtualClusterId=VirtualClusterId", "JobRun", "State", "COMPLETED",
	    "FAILED CANCELLED", "JobRun", "CancelJobRun",
	    "Id=Id VirtualClusterId=VirtualClusterId" },
	{ "emrserverless", "StartJobRun", "GetJobRun",
	    "ApplicationId=ApplicationId JobRunId=JobRunId", "JobRun", "State", "SUCCESS",
	    "FAILED CANCELLED", "JobRun", "CancelJobRun",
	    "ApplicationId=ApplicationId JobRunId=JobRunId" },
	{ "glue", "StartJobRun", "GetJobRun", "JobName=:JobName RunId=JobRunId", "JobRun",
	    "JobRunState", "SUCCEEDED", "FAILED TIMEOUT ERROR STOPPED EXPIRED", NULL,
	    "BatchStopJobRun", "JobName=:JobName JobRunIds[]=JobRunId" },
	{ "mediaconvert", "CreateJob", "GetJob", "Id=Job/Id", "Job", "Status", "COMPLETE",
	    "ERROR CANCELED", "Job", "CancelJob", "Id=Job/Id" },
	SAGEMAKER("HyperParameterTuningJob"),
	SAGEMAKER("LabelingJob"),
	SAGEMAKER("ProcessingJob"),
	SAGEMAKER("TrainingJob"),
	SAGEMAKER("TransformJob"),
};

const struct aws_job *
aws_job_find(const struct aws_target *t)
{
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (!t->sdk && strcmp(jobs[i].service, t->service->id) == 0 &&
		    strcmp(jobs[i].action, t->action->name) == 0)
			return &jobs[i];
	return NULL;
}

/* --- places ------------------------------------------------------------------------------------ */

static struct pawl_doc
element(const struct pawl_host *h, struct pawl_doc list, size_t index)
{
	struct pawl_doc_iter it = { .of = list };

	do
		if (!h->doc_next(h, &it))
			return PAWL_NO_DOC;
	while (index-- > 0);
	return it.value;
}

/* "Tasks/0/TaskArn"; borrowed. */
static struct pawl_doc
at_path(const struct pawl_host *h, struct pawl_doc d, const char *path)
{
	while (*path != '\0' && h->doc_type(h, d) != PAWL_DOC_NONE) {
		size_t len = strcspn(path, "/");
		char *name = aws_copy(path, len);

		d = h->doc_type(h, d) == PAWL_DOC_ARRAY ? element(h, d, strtoul(name, NULL, 10))
							: h->doc_get(h, d, name);
		free(name);
		path += len + (path[len] == '/');
	}
	return d;
}

/* One "Name=place" as a member of the object that b is at. */
static void
add_argument(const struct pawl_host *h, struct pawl_builder *b, char *word,
    struct pawl_doc response, struct pawl_doc parameters)
{
	char *place = strchr(word, '=') + 1;
	bool list = place[-2] == ']';
	struct pawl_doc value = *place == ':' ? at_path(h, parameters, place + 1)
	    : *place == '\''                  ? PAWL_NO_DOC
					      : at_path(h, response, place);

	if (*place != '\'' && h->doc_type(h, value) == PAWL_DOC_NONE)
		return;
	place[list ? -3 : -1] = '\0';
	h->build_key(b, word);
	if (list)
		h->build_array(b);
	if (*place == '\'')
		h->build_string(b, place + 1, strlen(place + 1) - 1);
	else
		h->build_doc(b, value);
	if (list)
		h->build_end(b);
}

static struct pawl_doc
arguments(const struct pawl_host *h, const char *words, struct pawl_doc response,
    struct pawl_doc parameters)
{
	struct pawl_builder *b = h->build(h);
	char *copy = aws_copy(words, strlen(words)), *rest = copy;

	h->build_object(b);
	while (rest != NULL)
		add_argument(h, b, strsep(&rest, " "), response, parameters);
	h->build_end(b);
	free(copy);
	return h->build_finish(b);
}

static bool
fill(const struct pawl_host *h, const struct aws_target *t, const char *action, const char *words,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec)
{
	if (action == NULL)
		return false;
	*spec = (struct aws_call_spec){ .target = *t };
	spec->target.action = aws_action_find(t->service, action);
	spec->target.metadata = false;
	spec->parameters = arguments(h, words, response, parameters);
	return true;
}

void
aws_job_look(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec)
{
	fill(h, t, j->look, j->look_arguments, response, parameters, spec);
}

bool
aws_job_stop(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec)
{
	return fill(h, t, j->stop, j->stop_arguments, response, parameters, spec);
}

/* --- the end -------------------------------------------------------------------------------------- */

static bool
is_one_of(const struct pawl_host *h, struct pawl_doc status, const char *words)
{
	char *copy = aws_copy(words, strlen(words)), *rest = copy;
	bool found = false;

	while (!found && rest != NULL)
		found = h->doc_is(h, status, strsep(&rest, " "));
	free(copy);
	return found;
}

/* A container that ended with another code than 0, or never ran. */
static bool
containers_failed(const struct pawl_host *h, struct pawl_doc task)
{
	struct pawl_doc_iter it = { .of = h->doc_get(h, task, "Containers") };
	int64_t code;

	while (h->doc_next(h, &it))
		if (!h->doc_int(h, h->doc_get(h, it.value, "ExitCode"), &code) || code != 0)
			return true;
	return false;
}

static struct pawl_doc
result_of(const struct pawl_host *h, const struct aws_job *j, struct pawl_doc item)
{
	struct pawl_builder *b;

	if (j->result == NULL)
		return h->doc_ref(h, item);
	b = h->build(h);
	h->build_object(b);
	docs_add_doc(h, b, j->result, item);
	h->build_end(b);
	return h->build_finish(b);
}

enum aws_job_state
aws_job_state(const struct pawl_host *h, const struct aws_job *j, struct pawl_doc answer,
    struct pawl_doc *result)
{
	struct pawl_doc item = at_path(h, answer, j->item);
	struct pawl_doc status = at_path(h, item, j->status);
	bool done = is_one_of(h, status, j->done);

	if (h->doc_type(h, item) == PAWL_DOC_NONE) {
		*result = h->doc_ref(h, answer); /* the service does not know it any more */
		return AWS_JOB_FAILED;
	}
	if (!done && !is_one_of(h, status, j->failed))
		return AWS_JOB_RUNS;
	*result = result_of(h, j, item);
	if (strcmp(j->service, "ecs") == 0 && containers_failed(h, item))
		done = false;
	return done ? AWS_JOB_DONE : AWS_JOB_FAILED;
}
