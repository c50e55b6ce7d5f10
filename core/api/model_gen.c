/*
 * model_gen - the tables of api/model.h.
 *
 * Made by scripts/apigen; changes belong there.
 */
/* clang-format off */
#include "api/model.h"

static const struct model_member members_CreateActivityInput[] = {
	{ "name", 1, true },
	{ "tags", 2, false },
	{ "encryptionConfiguration", 6, false },
};

static const struct model_member members_Tag[] = {
	{ "key", 4, false },
	{ "value", 5, false },
};

static const struct model_member members_EncryptionConfiguration[] = {
	{ "kmsKeyId", 7, false },
	{ "kmsDataKeyReusePeriodSeconds", 8, false },
	{ "type", 9, true },
};

static const char *const enum_EncryptionType[] = {
	"AWS_OWNED_KEY",
	"CUSTOMER_MANAGED_KMS_KEY",
	NULL,
};

static const struct model_member members_CreateStateMachineInput[] = {
	{ "name", 1, true },
	{ "definition", 11, true },
	{ "roleArn", 12, true },
	{ "type", 13, false },
	{ "loggingConfiguration", 14, false },
	{ "tags", 2, false },
	{ "tracingConfiguration", 20, false },
	{ "publish", 22, false },
	{ "versionDescription", 23, false },
	{ "encryptionConfiguration", 6, false },
};

static const char *const enum_StateMachineType[] = {
	"STANDARD",
	"EXPRESS",
	NULL,
};

static const struct model_member members_LoggingConfiguration[] = {
	{ "level", 15, false },
	{ "includeExecutionData", 16, false },
	{ "destinations", 17, false },
};

static const char *const enum_LogLevel[] = {
	"ALL",
	"ERROR",
	"FATAL",
	"OFF",
	NULL,
};

static const struct model_member members_LogDestination[] = {
	{ "cloudWatchLogsLogGroup", 19, false },
};

static const struct model_member members_CloudWatchLogsLogGroup[] = {
	{ "logGroupArn", 12, false },
};

static const struct model_member members_TracingConfiguration[] = {
	{ "enabled", 21, false },
};

static const struct model_member members_CreateStateMachineAliasInput[] = {
	{ "description", 25, false },
	{ "name", 26, true },
	{ "routingConfiguration", 27, true },
};

static const struct model_member members_RoutingConfigurationListItem[] = {
	{ "stateMachineVersionArn", 12, true },
	{ "weight", 29, true },
};

static const struct model_member members_DeleteActivityInput[] = {
	{ "activityArn", 12, true },
};

static const struct model_member members_DeleteStateMachineInput[] = {
	{ "stateMachineArn", 12, true },
};

static const struct model_member members_DeleteStateMachineAliasInput[] = {
	{ "stateMachineAliasArn", 12, true },
};

static const struct model_member members_DeleteStateMachineVersionInput[] = {
	{ "stateMachineVersionArn", 34, true },
};

static const struct model_member members_DescribeActivityInput[] = {
	{ "activityArn", 12, true },
};

static const struct model_member members_DescribeExecutionInput[] = {
	{ "executionArn", 12, true },
	{ "includedData", 37, false },
};

static const char *const enum_IncludedData[] = {
	"ALL_DATA",
	"METADATA_ONLY",
	NULL,
};

static const struct model_member members_DescribeMapRunInput[] = {
	{ "mapRunArn", 34, true },
};

static const struct model_member members_DescribeStateMachineInput[] = {
	{ "stateMachineArn", 12, true },
	{ "includedData", 37, false },
};

static const struct model_member members_DescribeStateMachineAliasInput[] = {
	{ "stateMachineAliasArn", 12, true },
};

static const struct model_member members_DescribeStateMachineForExecutionInput[] = {
	{ "executionArn", 12, true },
	{ "includedData", 37, false },
};

static const struct model_member members_GetActivityTaskInput[] = {
	{ "activityArn", 12, true },
	{ "workerName", 1, false },
};

static const struct model_member members_GetExecutionHistoryInput[] = {
	{ "executionArn", 12, true },
	{ "maxResults", 44, false },
	{ "reverseOrder", 45, false },
	{ "nextToken", 46, false },
	{ "includeExecutionData", 47, false },
};

static const struct model_member members_ListActivitiesInput[] = {
	{ "maxResults", 44, false },
	{ "nextToken", 46, false },
};

static const struct model_member members_ListExecutionsInput[] = {
	{ "stateMachineArn", 12, false },
	{ "statusFilter", 50, false },
	{ "maxResults", 44, false },
	{ "nextToken", 51, false },
	{ "mapRunArn", 34, false },
	{ "redriveFilter", 52, false },
};

static const char *const enum_ExecutionStatus[] = {
	"RUNNING",
	"SUCCEEDED",
	"FAILED",
	"TIMED_OUT",
	"ABORTED",
	"PENDING_REDRIVE",
	NULL,
};

static const char *const enum_ExecutionRedriveFilter[] = {
	"REDRIVEN",
	"NOT_REDRIVEN",
	NULL,
};

static const struct model_member members_ListMapRunsInput[] = {
	{ "executionArn", 12, true },
	{ "maxResults", 44, false },
	{ "nextToken", 46, false },
};

static const struct model_member members_ListStateMachineAliasesInput[] = {
	{ "stateMachineArn", 12, true },
	{ "nextToken", 46, false },
	{ "maxResults", 44, false },
};

static const struct model_member members_ListStateMachineVersionsInput[] = {
	{ "stateMachineArn", 12, true },
	{ "nextToken", 46, false },
	{ "maxResults", 44, false },
};

static const struct model_member members_ListStateMachinesInput[] = {
	{ "maxResults", 44, false },
	{ "nextToken", 46, false },
};

static const struct model_member members_ListTagsForResourceInput[] = {
	{ "resourceArn", 12, true },
};

static const struct model_member members_PublishStateMachineVersionInput[] = {
	{ "stateMachineArn", 12, true },
	{ "revisionId", 59, false },
	{ "description", 23, false },
};

static const struct model_member members_RedriveExecutionInput[] = {
	{ "executionArn", 12, true },
	{ "clientToken", 61, false },
};

static const struct model_member members_SendTaskFailureInput[] = {
	{ "taskToken", 63, true },
	{ "error", 64, false },
	{ "cause", 65, false },
};

static const struct model_member members_SendTaskHeartbeatInput[] = {
	{ "taskToken", 63, true },
};

static const struct model_member members_SendTaskSuccessInput[] = {
	{ "taskToken", 63, true },
	{ "output", 68, true },
};

static const struct model_member members_StartExecutionInput[] = {
	{ "stateMachineArn", 12, true },
	{ "name", 1, false },
	{ "input", 68, false },
	{ "traceHeader", 70, false },
};

static const struct model_member members_StartSyncExecutionInput[] = {
	{ "stateMachineArn", 12, true },
	{ "name", 1, false },
	{ "input", 68, false },
	{ "traceHeader", 70, false },
	{ "includedData", 37, false },
};

static const struct model_member members_StopExecutionInput[] = {
	{ "executionArn", 12, true },
	{ "error", 64, false },
	{ "cause", 65, false },
};

static const struct model_member members_TagResourceInput[] = {
	{ "resourceArn", 12, true },
	{ "tags", 2, true },
};

static const struct model_member members_TestStateInput[] = {
	{ "definition", 11, true },
	{ "roleArn", 12, false },
	{ "input", 68, false },
	{ "inspectionLevel", 75, false },
	{ "revealSecrets", 76, false },
	{ "variables", 68, false },
	{ "stateName", 77, false },
	{ "mock", 78, false },
	{ "context", 68, false },
	{ "stateConfiguration", 81, false },
};

static const char *const enum_InspectionLevel[] = {
	"INFO",
	"DEBUG",
	"TRACE",
	NULL,
};

static const struct model_member members_MockInput[] = {
	{ "result", 68, false },
	{ "errorOutput", 79, false },
	{ "fieldValidationMode", 80, false },
};

static const struct model_member members_MockErrorOutput[] = {
	{ "error", 64, false },
	{ "cause", 65, false },
};

static const char *const enum_MockResponseValidationMode[] = {
	"STRICT",
	"PRESENT",
	"NONE",
	NULL,
};

static const struct model_member members_TestStateConfiguration[] = {
	{ "retrierRetryCount", 82, false },
	{ "errorCausedByState", 77, false },
	{ "mapIterationFailureCount", 83, false },
	{ "mapItemReaderData", 68, false },
};

static const struct model_member members_UntagResourceInput[] = {
	{ "resourceArn", 12, true },
	{ "tagKeys", 85, true },
};

static const struct model_member members_UpdateMapRunInput[] = {
	{ "mapRunArn", 34, true },
	{ "maxConcurrency", 87, false },
	{ "toleratedFailurePercentage", 88, false },
	{ "toleratedFailureCount", 89, false },
};

static const struct model_member members_UpdateStateMachineInput[] = {
	{ "stateMachineArn", 12, true },
	{ "definition", 11, false },
	{ "roleArn", 12, false },
	{ "loggingConfiguration", 14, false },
	{ "tracingConfiguration", 20, false },
	{ "publish", 22, false },
	{ "versionDescription", 23, false },
	{ "encryptionConfiguration", 6, false },
};

static const struct model_member members_UpdateStateMachineAliasInput[] = {
	{ "stateMachineAliasArn", 12, true },
	{ "description", 25, false },
	{ "routingConfiguration", 27, false },
};

static const struct model_member members_ValidateStateMachineDefinitionInput[] = {
	{ "definition", 11, true },
	{ "type", 13, false },
	{ "severity", 93, false },
	{ "maxResults", 94, false },
};

static const char *const enum_ValidateStateMachineDefinitionSeverity[] = {
	"ERROR",
	"WARNING",
	NULL,
};

const struct model_shape model_shapes[] = {
	{ /* 0 */
		.name = "CreateActivityInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_CreateActivityInput,
		.nmembers = 3,
	},
	{ /* 1 */
		.name = "Name",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 80,
	},
	{ /* 2 */
		.name = "TagList",
		.kind = MODEL_LIST,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.element = 3,
	},
	{ /* 3 */
		.name = "Tag",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_Tag,
		.nmembers = 2,
	},
	{ /* 4 */
		.name = "TagKey",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 128,
	},
	{ /* 5 */
		.name = "TagValue",
		.kind = MODEL_STRING,
		.min = 0,
		.max = 256,
	},
	{ /* 6 */
		.name = "EncryptionConfiguration",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_EncryptionConfiguration,
		.nmembers = 3,
	},
	{ /* 7 */
		.name = "KmsKeyId",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 2048,
	},
	{ /* 8 */
		.name = "KmsDataKeyReusePeriodSeconds",
		.kind = MODEL_INTEGER,
		.min = 60,
		.max = 900,
	},
	{ /* 9 */
		.name = "EncryptionType",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_EncryptionType,
	},
	{ /* 10 */
		.name = "CreateStateMachineInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_CreateStateMachineInput,
		.nmembers = 10,
	},
	{ /* 11 */
		.name = "Definition",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = 1,
		.max = 1048576,
	},
	{ /* 12 */
		.name = "Arn",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 256,
	},
	{ /* 13 */
		.name = "StateMachineType",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_StateMachineType,
	},
	{ /* 14 */
		.name = "LoggingConfiguration",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_LoggingConfiguration,
		.nmembers = 3,
	},
	{ /* 15 */
		.name = "LogLevel",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_LogLevel,
	},
	{ /* 16 */
		.name = "IncludeExecutionData",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 17 */
		.name = "LogDestinationList",
		.kind = MODEL_LIST,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.element = 18,
	},
	{ /* 18 */
		.name = "LogDestination",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_LogDestination,
		.nmembers = 1,
	},
	{ /* 19 */
		.name = "CloudWatchLogsLogGroup",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_CloudWatchLogsLogGroup,
		.nmembers = 1,
	},
	{ /* 20 */
		.name = "TracingConfiguration",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_TracingConfiguration,
		.nmembers = 1,
	},
	{ /* 21 */
		.name = "Enabled",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 22 */
		.name = "Publish",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 23 */
		.name = "VersionDescription",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = MODEL_NO_MIN,
		.max = 256,
	},
	{ /* 24 */
		.name = "CreateStateMachineAliasInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_CreateStateMachineAliasInput,
		.nmembers = 3,
	},
	{ /* 25 */
		.name = "AliasDescription",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = MODEL_NO_MIN,
		.max = 256,
	},
	{ /* 26 */
		.name = "CharacterRestrictedName",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 80,
		.pattern = "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
	},
	{ /* 27 */
		.name = "RoutingConfigurationList",
		.kind = MODEL_LIST,
		.min = 1,
		.max = 2,
		.element = 28,
	},
	{ /* 28 */
		.name = "RoutingConfigurationListItem",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_RoutingConfigurationListItem,
		.nmembers = 2,
	},
	{ /* 29 */
		.name = "VersionWeight",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = 100,
	},
	{ /* 30 */
		.name = "DeleteActivityInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DeleteActivityInput,
		.nmembers = 1,
	},
	{ /* 31 */
		.name = "DeleteStateMachineInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DeleteStateMachineInput,
		.nmembers = 1,
	},
	{ /* 32 */
		.name = "DeleteStateMachineAliasInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DeleteStateMachineAliasInput,
		.nmembers = 1,
	},
	{ /* 33 */
		.name = "DeleteStateMachineVersionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DeleteStateMachineVersionInput,
		.nmembers = 1,
	},
	{ /* 34 */
		.name = "LongArn",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 2000,
	},
	{ /* 35 */
		.name = "DescribeActivityInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeActivityInput,
		.nmembers = 1,
	},
	{ /* 36 */
		.name = "DescribeExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeExecutionInput,
		.nmembers = 2,
	},
	{ /* 37 */
		.name = "IncludedData",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_IncludedData,
	},
	{ /* 38 */
		.name = "DescribeMapRunInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeMapRunInput,
		.nmembers = 1,
	},
	{ /* 39 */
		.name = "DescribeStateMachineInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeStateMachineInput,
		.nmembers = 2,
	},
	{ /* 40 */
		.name = "DescribeStateMachineAliasInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeStateMachineAliasInput,
		.nmembers = 1,
	},
	{ /* 41 */
		.name = "DescribeStateMachineForExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_DescribeStateMachineForExecutionInput,
		.nmembers = 2,
	},
	{ /* 42 */
		.name = "GetActivityTaskInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_GetActivityTaskInput,
		.nmembers = 2,
	},
	{ /* 43 */
		.name = "GetExecutionHistoryInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_GetExecutionHistoryInput,
		.nmembers = 5,
	},
	{ /* 44 */
		.name = "PageSize",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = 1000,
	},
	{ /* 45 */
		.name = "ReverseOrder",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 46 */
		.name = "PageToken",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 1024,
	},
	{ /* 47 */
		.name = "IncludeExecutionDataGetExecutionHistory",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 48 */
		.name = "ListActivitiesInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListActivitiesInput,
		.nmembers = 2,
	},
	{ /* 49 */
		.name = "ListExecutionsInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListExecutionsInput,
		.nmembers = 6,
	},
	{ /* 50 */
		.name = "ExecutionStatus",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_ExecutionStatus,
	},
	{ /* 51 */
		.name = "ListExecutionsPageToken",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 3096,
	},
	{ /* 52 */
		.name = "ExecutionRedriveFilter",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_ExecutionRedriveFilter,
	},
	{ /* 53 */
		.name = "ListMapRunsInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListMapRunsInput,
		.nmembers = 3,
	},
	{ /* 54 */
		.name = "ListStateMachineAliasesInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListStateMachineAliasesInput,
		.nmembers = 3,
	},
	{ /* 55 */
		.name = "ListStateMachineVersionsInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListStateMachineVersionsInput,
		.nmembers = 3,
	},
	{ /* 56 */
		.name = "ListStateMachinesInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListStateMachinesInput,
		.nmembers = 2,
	},
	{ /* 57 */
		.name = "ListTagsForResourceInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ListTagsForResourceInput,
		.nmembers = 1,
	},
	{ /* 58 */
		.name = "PublishStateMachineVersionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_PublishStateMachineVersionInput,
		.nmembers = 3,
	},
	{ /* 59 */
		.name = "RevisionId",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 60 */
		.name = "RedriveExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_RedriveExecutionInput,
		.nmembers = 2,
	},
	{ /* 61 */
		.name = "ClientToken",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 64,
		.pattern = "[!-~]+",
	},
	{ /* 62 */
		.name = "SendTaskFailureInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_SendTaskFailureInput,
		.nmembers = 3,
	},
	{ /* 63 */
		.name = "TaskToken",
		.kind = MODEL_STRING,
		.min = 1,
		.max = 2048,
	},
	{ /* 64 */
		.name = "SensitiveError",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = 0,
		.max = 256,
	},
	{ /* 65 */
		.name = "SensitiveCause",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = 0,
		.max = 32768,
	},
	{ /* 66 */
		.name = "SendTaskHeartbeatInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_SendTaskHeartbeatInput,
		.nmembers = 1,
	},
	{ /* 67 */
		.name = "SendTaskSuccessInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_SendTaskSuccessInput,
		.nmembers = 2,
	},
	{ /* 68 */
		.name = "SensitiveData",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = MODEL_NO_MIN,
		.max = 262144,
	},
	{ /* 69 */
		.name = "StartExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_StartExecutionInput,
		.nmembers = 4,
	},
	{ /* 70 */
		.name = "TraceHeader",
		.kind = MODEL_STRING,
		.min = 0,
		.max = 256,
		.pattern = "\\p{ASCII}*",
	},
	{ /* 71 */
		.name = "StartSyncExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_StartSyncExecutionInput,
		.nmembers = 5,
	},
	{ /* 72 */
		.name = "StopExecutionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_StopExecutionInput,
		.nmembers = 3,
	},
	{ /* 73 */
		.name = "TagResourceInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_TagResourceInput,
		.nmembers = 2,
	},
	{ /* 74 */
		.name = "TestStateInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_TestStateInput,
		.nmembers = 10,
	},
	{ /* 75 */
		.name = "InspectionLevel",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_InspectionLevel,
	},
	{ /* 76 */
		.name = "RevealSecrets",
		.kind = MODEL_BOOLEAN,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
	},
	{ /* 77 */
		.name = "TestStateStateName",
		.kind = MODEL_STRING,
		.sensitive = true,
		.min = 1,
		.max = 80,
	},
	{ /* 78 */
		.name = "MockInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_MockInput,
		.nmembers = 3,
	},
	{ /* 79 */
		.name = "MockErrorOutput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_MockErrorOutput,
		.nmembers = 2,
	},
	{ /* 80 */
		.name = "MockResponseValidationMode",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_MockResponseValidationMode,
	},
	{ /* 81 */
		.name = "TestStateConfiguration",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_TestStateConfiguration,
		.nmembers = 4,
	},
	{ /* 82 */
		.name = "RetrierRetryCount",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = MODEL_NO_MAX,
	},
	{ /* 83 */
		.name = "MapIterationFailureCount",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = MODEL_NO_MAX,
	},
	{ /* 84 */
		.name = "UntagResourceInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_UntagResourceInput,
		.nmembers = 2,
	},
	{ /* 85 */
		.name = "TagKeyList",
		.kind = MODEL_LIST,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.element = 4,
	},
	{ /* 86 */
		.name = "UpdateMapRunInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_UpdateMapRunInput,
		.nmembers = 4,
	},
	{ /* 87 */
		.name = "MaxConcurrency",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = MODEL_NO_MAX,
	},
	{ /* 88 */
		.name = "ToleratedFailurePercentage",
		.kind = MODEL_FLOAT,
		.min = 0,
		.max = 100,
	},
	{ /* 89 */
		.name = "ToleratedFailureCount",
		.kind = MODEL_LONG,
		.min = 0,
		.max = MODEL_NO_MAX,
	},
	{ /* 90 */
		.name = "UpdateStateMachineInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_UpdateStateMachineInput,
		.nmembers = 8,
	},
	{ /* 91 */
		.name = "UpdateStateMachineAliasInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_UpdateStateMachineAliasInput,
		.nmembers = 3,
	},
	{ /* 92 */
		.name = "ValidateStateMachineDefinitionInput",
		.kind = MODEL_STRUCTURE,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.members = members_ValidateStateMachineDefinitionInput,
		.nmembers = 4,
	},
	{ /* 93 */
		.name = "ValidateStateMachineDefinitionSeverity",
		.kind = MODEL_STRING,
		.min = MODEL_NO_MIN,
		.max = MODEL_NO_MAX,
		.enum_values = enum_ValidateStateMachineDefinitionSeverity,
	},
	{ /* 94 */
		.name = "ValidateStateMachineDefinitionMaxResult",
		.kind = MODEL_INTEGER,
		.min = 0,
		.max = 100,
	},
};
const size_t model_nshapes = sizeof(model_shapes) / sizeof(model_shapes[0]);

const struct model_action model_actions[] = {
	{ "CreateActivity", 0 },
	{ "CreateStateMachine", 10 },
	{ "CreateStateMachineAlias", 24 },
	{ "DeleteActivity", 30 },
	{ "DeleteStateMachine", 31 },
	{ "DeleteStateMachineAlias", 32 },
	{ "DeleteStateMachineVersion", 33 },
	{ "DescribeActivity", 35 },
	{ "DescribeExecution", 36 },
	{ "DescribeMapRun", 38 },
	{ "DescribeStateMachine", 39 },
	{ "DescribeStateMachineAlias", 40 },
	{ "DescribeStateMachineForExecution", 41 },
	{ "GetActivityTask", 42 },
	{ "GetExecutionHistory", 43 },
	{ "ListActivities", 48 },
	{ "ListExecutions", 49 },
	{ "ListMapRuns", 53 },
	{ "ListStateMachineAliases", 54 },
	{ "ListStateMachineVersions", 55 },
	{ "ListStateMachines", 56 },
	{ "ListTagsForResource", 57 },
	{ "PublishStateMachineVersion", 58 },
	{ "RedriveExecution", 60 },
	{ "SendTaskFailure", 62 },
	{ "SendTaskHeartbeat", 66 },
	{ "SendTaskSuccess", 67 },
	{ "StartExecution", 69 },
	{ "StartSyncExecution", 71 },
	{ "StopExecution", 72 },
	{ "TagResource", 73 },
	{ "TestState", 74 },
	{ "UntagResource", 84 },
	{ "UpdateMapRun", 86 },
	{ "UpdateStateMachine", 90 },
	{ "UpdateStateMachineAlias", 91 },
	{ "ValidateStateMachineDefinition", 92 },
};
const size_t model_nactions = sizeof(model_actions) / sizeof(model_actions[0]);
