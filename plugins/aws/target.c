/*
 * target - what a resource names: a service, an action, and how its errors are called.
 */
#include <stdlib.h>
#include <string.h>

#include "aws.h"

/* The optimized integrations, with the names of the SDK for Java 1 that their errors have. */
static const struct integration {
	const char *name, *id, *prefix, *service_name, *exception;
	bool metadata;
} integrations[] = {
	{ "athena", "athena", "Athena", "AmazonAthena", "AmazonAthenaException", true },
	{ "batch", "batch", "Batch", "AWSBatch", "AWSBatchException", true },
	{ "bedrock", "bedrock", "Bedrock", "AmazonBedrock", "AmazonBedrockException", false },
	{ "codebuild", "codebuild", "CodeBuild", "AWSCodeBuild", "AWSCodeBuildException", true },
	{ "databrew", "databrew", "DataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException", true },
	{ "dynamodb", "dynamodb", "DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException", true },
	{ "ecs", "ecs", "ECS", "AmazonECS", "AmazonECSException", true },
	{ "eks", "eks", "EKS", "AmazonEKS", "AmazonEKSException", true },
	{ "elasticmapreduce", "emr", "ElasticMapReduce", "AmazonElasticMapReduce",
	    "AmazonElasticMapReduceException", true },
	{ "emr-containers", "emrcontainers", "EMRContainers", "AmazonEMRContainers",
	    "AmazonEMRContainersException", true },
	{ "emr-serverless", "emrserverless", "EMRServerless", "AWSEMRServerless",
	    "AWSEMRServerlessException", true },
	{ "events", "eventbridge", "EventBridge", "AmazonEventBridge", "AmazonEventBridgeException",
	    false },
	{ "glue", "glue", "Glue", "AWSGlue", "AWSGlueException", true },
	{ "mediaconvert", "mediaconvert", "MediaConvert", "AWSMediaConvert",
	    "AWSMediaConvertException", true },
	{ "sagemaker", "sagemaker", "SageMaker", "AmazonSageMaker", "AmazonSageMakerException",
	    true },
	{ "sns", "sns", "SNS", "AmazonSNS", "AmazonSNSException", true },
	{ "sqs", "sqs", "SQS", "AmazonSQS", "AmazonSQSException", true },
};

static const struct integration *
integration_find(const char *name)
{
	for (size_t i = 0; i < sizeof(integrations) / sizeof(*integrations); i++)
		if (strcmp(integrations[i].name, name) == 0)
			return &integrations[i];
	return NULL;
}

static int
find_sdk(struct aws *p, const char *service, const char *action, struct aws_target *t, char **why)
{
	t->sdk = true;
	t->service = aws_service_find(p->models, service);
	if (t->service == NULL) {
		*why = text_format("The plugin aws does not know the service '%s'", service);
		return -1;
	}
	t->action = aws_action_find(t->service, action);
	t->prefix = t->service_name = t->exception = t->service->client;
	return 0;
}

static int
find_optimized(struct aws *p, const char *resource, const char *service, const char *action,
    struct aws_target *t, char **why)
{
	const struct integration *n = integration_find(service);

	if (n == NULL) {
		*why = text_format("No plugin serves the resource '%s'", resource);
		return -1;
	}
	if (strcmp(n->name, "eks") == 0 &&
	    (strcmp(action, "call") == 0 || strcmp(action, "runJob") == 0)) {
		*why = text_format(
		    "eks:%s speaks to the API server of a Kubernetes cluster, not to AWS, which the "
		    "plugin aws does not do: call that API with http:invoke",
		    action);
		return -1;
	}
	t->service = aws_service_find(p->models, n->id);
	t->wrapper = aws_wrapper_find(n->id, action);
	t->action = aws_action_find(t->service,
	    t->wrapper != NULL ? aws_wrapper_action(t->wrapper) : action);
	if (t->action == NULL && strcmp(n->name, "bedrock") == 0) {
		t->service = aws_service_find(p->models, "bedrockruntime");
		t->action = aws_action_find(t->service, action);
	}
	t->prefix = n->prefix;
	t->service_name = n->service_name;
	t->exception = n->exception;
	t->metadata = n->metadata;
	return 0;
}

/* "service" and "action" behind the ARN's last but one colon; copies. */
static void
split_resource(const char *resource, char **service, char **action, bool *sdk)
{
	const char *at = resource;
	size_t len;

	for (int i = 0; i < 5 && *at != '\0'; i++) {
		at += strcspn(at, ":");
		at += *at == ':';
	}
	*sdk = strncmp(at, "aws-sdk:", 8) == 0;
	at += *sdk ? 8 : 0;
	len = strcspn(at, ":");
	*service = aws_copy(at, len);
	at += len + (at[len] == ':');
	*action = aws_copy(at, strcspn(at, "."));
}

int
aws_target_read(struct aws *p, const char *resource, struct aws_target *t, char **why)
{
	char *service, *action;
	int rc;
	bool sdk;

	*t = (struct aws_target){ 0 };
	split_resource(resource, &service, &action, &sdk);
	rc = sdk ? find_sdk(p, service, action, t, why)
		 : find_optimized(p, resource, service, action, t, why);
	if (rc == 0 && (t->action == NULL || t->action->events)) {
		*why = t->action == NULL
		    ? text_format(
			  "The plugin aws does not know the action '%s' of the service '%s'",
			  action, service)
		    : text_format(
			  "The action '%s' of the service '%s' is a stream of events, which "
			  "a task cannot receive",
			  action, service);
		rc = -1;
	}
	free(service);
	free(action);
	return rc;
}
