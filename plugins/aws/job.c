/*
 * job - the jobs that .sync waits for: how each kind is looked at, when it has ended, how it
 * is stopped. All is in one table; ECS alone wants a look at its containers.
 */
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "aws.h"

/* Arguments of calls: words as in arguments.c, of what the submission answered. */
struct aws_job {
	const char *service, *action; /* of a wrapper: its name */
	const char *look, *look_arguments;
	const char *item;          /* where the job is in what the look answers; "" = all of it */
	const char *status;        /* in the job */
	const char *done, *failed; /* states of it, separated by blanks */
	const char
	    *result; /* the job stands in the result under this name; NULL = it is the result */
	const char *stop, *stop_arguments; /* NULL = it cannot be stopped */
	const char *gone; /* this error of a look is the end that was wanted; NULL = it is none */
};

#define SAGEMAKER(kind) \
	{ \
		"sagemaker", "Create" kind, "Describe" kind, kind "Name=:" kind "Name", "", \
		    kind "Status", "Completed", "Failed Stopped", NULL, "Stop" kind, \
		    kind "Name=:" kind "Name", NULL \
	}

/* A deletion: over when nobody knows what was deleted. */
#define EKS_DELETION(kind, names, failed) \
	{ \
		"eks", "Delete" kind, "Describe" kind, names, kind, "Status", "", failed, kind, \
		    NULL, NULL, "ResourceNotFoundException" \
	}

/* What an application of EMR Serverless is to become. */
#define APPLICATION(action, id, done, failed) \
	{ \
		"emrserverless", action, "GetApplication", "ApplicationId=" id, "Application", \
		    "State", done, failed, "Application", NULL, NULL, NULL \
	}

static const struct aws_job jobs[] = {
	{ "athena", "StartQueryExecution", "GetQueryExecution", "QueryExecutionId=QueryExecutionId",
	    "QueryExecution", "Status/State", "SUCCEEDED", "FAILED CANCELLED", "QueryExecution",
	    "StopQueryExecution", "QueryExecutionId=QueryExecutionId", NULL },
	{ "batch", "SubmitJob", "DescribeJobs", "Jobs[]=JobId", "Jobs/0", "Status", "SUCCEEDED",
	    "FAILED", NULL, "TerminateJob", "JobId=JobId Reason='Stopped-by-Step-Functions'",
	    NULL },
	{ "bedrock", "CreateModelCustomizationJob", "GetModelCustomizationJob",
	    "JobIdentifier=JobArn", "", "Status", "Completed", "Failed Stopped", NULL,
	    "StopModelCustomizationJob", "JobIdentifier=JobArn", NULL },
	{ "codebuild", "StartBuild", "BatchGetBuilds", "Ids[]=Build/Id", "Builds/0", "BuildStatus",
	    "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT", "Build", "StopBuild", "Id=Build/Id",
	    NULL },
	{ "codebuild", "StartBuildBatch", "BatchGetBuildBatches", "Ids[]=BuildBatch/Id",
	    "BuildBatches/0", "BuildBatchStatus", "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT",
	    "BuildBatch", "StopBuildBatch", "Id=BuildBatch/Id", NULL },
	{ "codebuild", "RetryBuildBatch", "BatchGetBuildBatches", "Ids[]=BuildBatch/Id",
	    "BuildBatches/0", "BuildBatchStatus", "SUCCEEDED", "FAILED FAULT STOPPED TIMED_OUT",
	    "BuildBatch", "StopBuildBatch", "Id=BuildBatch/Id", NULL },
	{ "databrew", "StartJobRun", "DescribeJobRun", "Name=:Name RunId=RunId", "", "State",
	    "SUCCEEDED", "FAILED TIMEOUT STOPPED", NULL, "StopJobRun", "Name=:Name RunId=RunId",
	    NULL },
	{ "ecs", "RunTask", "DescribeTasks", "Tasks[]=Tasks/0/TaskArn Cluster=Tasks/0/ClusterArn",
	    "Tasks/0", "LastStatus", "STOPPED", "", NULL, "StopTask",
	    "Task=Tasks/0/TaskArn Cluster=Tasks/0/ClusterArn Reason='Stopped-by-Step-Functions'",
	    NULL },
	{ "eks", "CreateCluster", "DescribeCluster", "Name=:Name", "Cluster", "Status", "ACTIVE",
	    "FAILED DELETING", "Cluster", NULL, NULL, NULL },
	{ "eks", "CreateFargateProfile", "DescribeFargateProfile",
	    "ClusterName=:ClusterName FargateProfileName=:FargateProfileName", "FargateProfile",
	    "Status", "ACTIVE", "CREATE_FAILED DELETING DELETE_FAILED", "FargateProfile", NULL,
	    NULL, NULL },
	{ "eks", "CreateNodegroup", "DescribeNodegroup",
	    "ClusterName=:ClusterName NodegroupName=:NodegroupName", "Nodegroup", "Status",
	    "ACTIVE", "CREATE_FAILED DELETING DELETE_FAILED DEGRADED", "Nodegroup", NULL, NULL,
	    NULL },
	EKS_DELETION("Cluster", "Name=:Name", "FAILED"),
	EKS_DELETION("FargateProfile",
	    "ClusterName=:ClusterName FargateProfileName=:FargateProfileName", "DELETE_FAILED"),
	EKS_DELETION("Nodegroup", "ClusterName=:ClusterName NodegroupName=:NodegroupName",
	    "DELETE_FAILED"),
	{ "emr", "addStep", "DescribeStep", "ClusterId=:ClusterId StepId=StepId", "Step",
	    "Status/State", "COMPLETED", "CANCELLED FAILED INTERRUPTED", "Step", "CancelSteps",
	    "ClusterId=:ClusterId StepIds[]=StepId", NULL },
	{ "emr", "createCluster", "DescribeCluster", "ClusterId=ClusterId", "Cluster",
	    "Status/State", "WAITING", "TERMINATING TERMINATED TERMINATED_WITH_ERRORS", "Cluster",
	    "TerminateJobFlows", "JobFlowIds[]=ClusterId", NULL },
	{ "emr", "terminateCluster", "DescribeCluster", "ClusterId=:ClusterId", "Cluster",
	    "Status/State", "TERMINATED TERMINATED_WITH_ERRORS", "", "Cluster", NULL, NULL, NULL },
	{ "emrcontainers", "DeleteVirtualCluster", "DescribeVirtualCluster", "Id=:Id",
	    "VirtualCluster", "State", "TERMINATED", "ARRESTED", "VirtualCluster", NULL, NULL,
	    NULL },
	{ "emrcontainers", "StartJobRun", "DescribeJobRun",
	    "Id=Id VirtualClusterId=VirtualClusterId", "JobRun", "State", "COMPLETED",
	    "FAILED CANCELLED", "JobRun", "CancelJobRun", "Id=Id VirtualClusterId=VirtualClusterId",
	    NULL },
	APPLICATION("CreateApplication", "ApplicationId", "CREATED STARTED", "TERMINATED"),
	APPLICATION("DeleteApplication", ":ApplicationId", "TERMINATED", ""),
	APPLICATION("StartApplication", ":ApplicationId", "STARTED", "STOPPING STOPPED TERMINATED"),
	APPLICATION("StopApplication", ":ApplicationId", "STOPPED", "TERMINATED"),
	{ "emrserverless", "CancelJobRun", "GetJobRun",
	    "ApplicationId=:ApplicationId JobRunId=:JobRunId", "JobRun", "State", "CANCELLED",
	    "SUCCESS FAILED", "JobRun", NULL, NULL, NULL },
	{ "emrserverless", "StartJobRun", "GetJobRun",
	    "ApplicationId=ApplicationId JobRunId=JobRunId", "JobRun", "State", "SUCCESS",
	    "FAILED CANCELLED", "JobRun", "CancelJobRun",
	    "ApplicationId=ApplicationId JobRunId=JobRunId", NULL },
	{ "glue", "StartJobRun", "GetJobRun", "JobName=:JobName RunId=JobRunId", "JobRun",
	    "JobRunState", "SUCCEEDED", "FAILED TIMEOUT ERROR STOPPED EXPIRED", NULL,
	    "BatchStopJobRun", "JobName=:JobName JobRunIds[]=JobRunId", NULL },
	{ "mediaconvert", "CreateJob", "GetJob", "Id=Job/Id", "Job", "Status", "COMPLETE",
	    "ERROR CANCELED", "Job", "CancelJob", "Id=Job/Id", NULL },
	SAGEMAKER("HyperParameterTuningJob"),
	SAGEMAKER("LabelingJob"),
	SAGEMAKER("ProcessingJob"),
	SAGEMAKER("TrainingJob"),
	SAGEMAKER("TransformJob"),
};

const struct aws_job *
aws_job_find(const struct aws_target *t)
{
	const char *action = t->wrapper != NULL ? aws_wrapper_name(t->wrapper) : t->action->name;

	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		if (!t->sdk && strcmp(jobs[i].service, t->service->id) == 0 &&
		    strcmp(jobs[i].action, action) == 0)
			return &jobs[i];
	return NULL;
}

void
aws_job_look(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec)
{
	aws_arguments_fill(h, t, j->look, j->look_arguments, response, parameters, spec);
}

bool
aws_job_stop(const struct pawl_host *h, const struct aws_job *j, const struct aws_target *t,
    struct pawl_doc response, struct pawl_doc parameters, struct aws_call_spec *spec)
{
	return aws_arguments_fill(h, t, j->stop, j->stop_arguments, response, parameters, spec);
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
	struct pawl_doc item = aws_at_path(h, answer, j->item);
	struct pawl_doc status = aws_at_path(h, item, j->status);
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

bool
aws_job_is_gone(const struct pawl_host *h, const struct aws_job *j, const char *error,
    struct pawl_doc response, struct pawl_doc *result)
{
	const char *name = error != NULL ? strrchr(error, '.') : NULL;

	if (j->gone == NULL || name == NULL || strcmp(name + 1, j->gone) != 0)
		return false;
	*result = result_of(h, j, aws_at_path(h, response, j->item));
	return true;
}
