/*
 * check_integration - how the integrations of the service are called: their patterns
 * and the names of their parameters.
 *
 * Only what is known for certain is refused: an integration that is not in the table,
 * and every resource of another partition (arn:pawl:...), may be called in any way.
 */
#include <stdio.h>
#include <string.h>

#include "asl/compiler.h"
#include "expr/ident.h"

#define REQUEST (1u << PATTERN_REQUEST)
#define SYNC (1u << PATTERN_SYNC)
#define SYNC2 (1u << PATTERN_SYNC2)
#define TOKEN (1u << PATTERN_TOKEN)

#define DYNAMODB \
	"TableName Key Item UpdateExpression ConditionExpression ExpressionAttributeNames " \
	"ExpressionAttributeValues ProjectionExpression ConsistentRead ReturnValues " \
	"ReturnConsumedCapacity ReturnItemCollectionMetrics " \
	"ReturnValuesOnConditionCheckFailure Expected ConditionalOperator AttributesToGet " \
	"AttributeUpdates"

static const struct integration {
	const char *service, *action;
	unsigned patterns;
	const char *required, *parameters; /* words; NULL = not known, any pass */
} integrations[] = {
	{ "lambda", "invoke", REQUEST | TOKEN, "FunctionName",
	    "FunctionName Payload Qualifier ClientContext InvocationType LogType" },
	{ "sns", "publish", REQUEST | TOKEN, "Message",
	    "TopicArn TargetArn PhoneNumber Message Subject MessageStructure MessageAttributes "
	    "MessageGroupId MessageDeduplicationId" },
	{ "sqs", "sendMessage", REQUEST | TOKEN, "QueueUrl MessageBody",
	    "QueueUrl MessageBody DelaySeconds MessageAttributes MessageAttribute "
	    "MessageSystemAttributes MessageGroupId MessageDeduplicationId" },
	{ "events", "putEvents", REQUEST | TOKEN, "Entries", "Entries EndpointId" },
	{ "dynamodb", "getItem", REQUEST, "TableName Key", DYNAMODB },
	{ "dynamodb", "putItem", REQUEST, "TableName Item", DYNAMODB },
	{ "dynamodb", "updateItem", REQUEST, "TableName Key", DYNAMODB },
	{ "dynamodb", "deleteItem", REQUEST, "TableName Key", DYNAMODB },
	{ "states", "startExecution", REQUEST | SYNC | SYNC2 | TOKEN, "StateMachineArn",
	    "StateMachineArn Input Name TraceHeader" },
	{ "http", "invoke", REQUEST, "ApiEndpoint Method",
	    "ApiEndpoint Method InvocationConfig Authentication Headers QueryParameters "
	    "RequestBody Transform" },
	{ "apigateway", "invoke", REQUEST | TOKEN, "ApiEndpoint Method",
	    "ApiEndpoint Method Stage Path Headers QueryParameters RequestBody AllowNullValues "
	    "AuthType" },
	{ "ecs", "runTask", REQUEST | SYNC | TOKEN, NULL, NULL },
	{ "batch", "submitJob", REQUEST | SYNC, NULL, NULL },
};

/* Is the part of the text that one of the words? */
static bool
has_word(const char *words, const char *s, size_t len)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, s, n) == 0)
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

/* Members of the parameters that the integration does not have. True = there are some, reported. */
static bool
check_unknown(const struct part *p, const char *known, struct doc parameters,
    const struct place *at)
{
	struct doc_iter it = doc_iter(parameters);
	struct buf scratch;
	bool found = false;

	buf_init(&scratch, BUF_UNLIMITED);
	while (doc_next(&it)) {
		size_t len;
		const char *s = doc_str(it.key, &scratch, &len);

		if (p->language == QUERY_JSONPATH && len > 2 && memcmp(s + len - 2, ".$", 2) == 0)
			len -= 2;
		if (has_word(known, s, len))
			continue;
		report(p->c, at, SCHEMA, "The field \"%.*s\" is not supported by Step Functions",
		    (int)ident_cut(s, len, DIAGNOSTIC_NAME_MAX), s);
		found = true;
	}
	buf_fini(&scratch);
	return found;
}

/* Is there a member of that name, or one that computes it? */
static bool
has_member(const struct part *p, struct doc object, const char *name, size_t len)
{
	char computed[64];
	int n = snprintf(computed, sizeof(computed), "%.*s.$", (int)len, name);

	return !doc_is_none(doc_get(object, name, len)) ||
	    (p->language == QUERY_JSONPATH && !doc_is_none(doc_get(object, computed, (size_t)n)));
}

static void
check_required(const struct part *p, const char *word, struct doc parameters,
    const struct place *at)
{
	while (*word != '\0') {
		size_t n = strcspn(word, " ");

		if (!has_member(p, parameters, word, n))
			report(p->c, at, SCHEMA, "The field \"%.*s\" is required but was missing",
			    (int)n, word);
		word += n + strspn(word + n, " ");
	}
}

/* Without Parameters, or when they are one path or expression, the names are only known at run time. */
void
check_parameter_names(const struct part *p, const char *required, const char *known)
{
	struct place at =
	    place_name(p->at, p->language == QUERY_JSONPATH ? "Parameters" : "Arguments");
	struct doc v = field_get(p, at.name);

	if (doc_is_none(v) || doc_type(v) != DOC_OBJECT)
		return;
	/* A name that is unknown is often the one that is missing, misspelt. */
	if (known == NULL || !check_unknown(p, known, v, &at))
		check_required(p, required, v, &at);
}

/* Is the resource "action" or "action.pattern"? */
static bool
is_action(const char *resource, const char *action)
{
	size_t n = strlen(action);

	return strncmp(resource, action, n) == 0 && (resource[n] == '\0' || resource[n] == '.');
}

/* Calls of the whole API of a service are never jobs; only one job has its output parsed. */
static unsigned
patterns_of_others(const struct task_resource *r)
{
	if (strncmp(r->type, "aws-sdk:", 8) == 0)
		return REQUEST | TOKEN;
	return REQUEST | SYNC | TOKEN;
}

void
check_integration(const struct part *p, const struct task_resource *r)
{
	const struct integration *known = NULL;
	bool service = false;
	unsigned patterns;
	size_t i;

	if (r->kind != TASK_SERVICE || !task_resource_is_aws(r))
		return;
	/* plugins of other partitions are given the token, their parameters need not have it */
	if (r->pattern == PATTERN_TOKEN)
		warn_token(p);
	for (i = 0; i < sizeof(integrations) / sizeof(*integrations) && known == NULL; i++) {
		if (strcmp(integrations[i].service, r->type) != 0)
			continue;
		service = true;
		if (is_action(r->resource, integrations[i].action))
			known = &integrations[i];
	}
	patterns = known != NULL ? known->patterns : service ? 0 : patterns_of_others(r);
	if (!(patterns & 1u << r->pattern)) {
		report_unrecognized(p);
		return;
	}
	if (known != NULL && known->parameters != NULL)
		check_parameter_names(p, known->required, known->parameters);
}
