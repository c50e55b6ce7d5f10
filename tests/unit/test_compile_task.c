/*
 * test_compile_task - which resources a Task may call, how, and with which parameters.
 */
#include "compile_fixture.h"

#define TASK "`Type`:`Task`,`End`:true,"
#define LAMBDA TASK "`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`,"
#define UNRECOGNIZED(arn) \
	S "The resource provided " arn " is not recognized. The value is not a valid resource " \
	  "ARN, or the resource is not available in this region. at /States/X/Resource"
#define MISSING(name) S "The field \"" name "\" is required but was missing at /States/X/Parameters"
#define UNKNOWN(name) \
	S "The field \"" name "\" is not supported by Step Functions at /States/X/Parameters"
#define NO_REFERENCE S "Value is not a Reference Path: The syntax of the path is invalid at "

static void
resources_are_of_a_known_form(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f:PROD`", NULL },
		{ "`Resource`:`arn:aws-us-gov:states:us-gov-west-1:123456789012:activity:a`",
		    NULL },
		{ "`Resource`:`arn:aws:states:us-east-1:123456789012:sqs:sendMessage`", NULL },
		{ "`Resource`:`arn:aws:states:::aws-sdk:s3:getObject`", NULL },
		{ "`Resource`:`arn:aws:states:::glue:startJobRun.sync`", NULL },
		{ "`Resource`:`arn:aws:states:::anything:new.waitForTaskToken`", NULL },
		{ "`Resource`:`arn:pawl:states:::sqs:anything.sync:2`,`Parameters`:{`foo`:1}",
		    NULL },
		{ "`Resource`:``", S "Value is not a valid resource ARN at /States/X/Resource" },
		{ "`Resource`:`${Function}`",
		    S "Value is not a valid resource ARN at /States/X/Resource" },
		{ "`Resource`:`$.function`",
		    S "Value is not a valid resource ARN at /States/X/Resource" },
		{ "`Resource`:1", S "Expected value of type [STRING] at /States/X/Resource" },
		{ "`Resource`:`arn:aws:sns:us-east-1:123456789012:topic`",
		    UNRECOGNIZED("arn:aws:sns:us-east-1:123456789012:topic") },
		{ "`Resource`:`arn:aws:states:::sqs`", UNRECOGNIZED("arn:aws:states:::sqs") },
		{ "`Resource`:`arn:aws:states:::sqs:sendMessage.waitForToken`",
		    UNRECOGNIZED("arn:aws:states:::sqs:sendMessage.waitForToken") },
	};

	(void)state;
	CHECK(TASK, cases);
}

static void
integrations_are_called_as_they_can_be(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Resource`:`arn:aws:states:::lambda:invoke.waitForTaskToken`", NULL },
		{ "`Resource`:`arn:aws:states:::lambda:invoke.sync`",
		    UNRECOGNIZED("arn:aws:states:::lambda:invoke.sync") },
		{ "`Resource`:`arn:aws:states:::lambda:invokeFunction`",
		    UNRECOGNIZED("arn:aws:states:::lambda:invokeFunction") },
		{ "`Resource`:`arn:aws:states:::states:startExecution.sync:2`", NULL },
		{ "`Resource`:`arn:aws:states:::batch:submitJob.sync:2`",
		    UNRECOGNIZED("arn:aws:states:::batch:submitJob.sync:2") },
		{ "`Resource`:`arn:aws:states:::glue:startJobRun.sync:2`",
		    UNRECOGNIZED("arn:aws:states:::glue:startJobRun.sync:2") },
		{ "`Resource`:`arn:aws:states:::dynamodb:getItem`", NULL },
		{ "`Resource`:`arn:aws:states:::dynamodb:getItem.waitForTaskToken`",
		    UNRECOGNIZED("arn:aws:states:::dynamodb:getItem.waitForTaskToken") },
		{ "`Resource`:`arn:aws:states:::dynamodb:query`",
		    UNRECOGNIZED("arn:aws:states:::dynamodb:query") },
		{ "`Resource`:`arn:aws:states:::http:invoke.waitForTaskToken`",
		    UNRECOGNIZED("arn:aws:states:::http:invoke.waitForTaskToken") },
		{ "`Resource`:`arn:aws:states:::aws-sdk:glue:startJobRun.sync`",
		    UNRECOGNIZED("arn:aws:states:::aws-sdk:glue:startJobRun.sync") },
		{ "`Resource`:`arn:aws:states:::aws-sdk:s3:listBuckets.waitForTaskToken`", NULL },
		{ "`Resource`:`arn:aws:states:::ecs:runTask.sync`,`Parameters`:{`Foo`:1}", NULL },
	};
	static const struct fields_case express[] = {
		/* told once */
		{ "`Resource`:`arn:aws:states:::lambda:invoke.sync`",
		    S "Express state machine does not support '.sync' service integration at "
		      "/States/X/Resource" },
		{ "`Resource`:`arn:aws:states:::lambda:invoke`,`Parameters`:{`Payload`:1}",
		    MISSING("FunctionName") },
	};

	(void)state;
	CHECK(TASK, cases);
	check_fields(TASK, CASES(express), MACHINE_EXPRESS, DIAGNOSTIC_ERROR);
}

#define CALL(service) TASK "`Resource`:`arn:aws:states:::" service "`,`Parameters`:"

static void
parameters_have_the_names_of_the_integration(void **state)
{
	static const struct fields_case lambda[] = {
		{ "{`FunctionName`:`f`,`Payload.$`:`$`,`LogType`:`Tail`}", NULL },
		{ "{`FunctionName.$`:`$.f`}", NULL },
		{ "`$.parameters`", NULL },
		{ "{}", MISSING("FunctionName") },
		{ "{`FunctionName`:`f`,`payload.$`:`$`}", UNKNOWN("payload") },
		/* a misspelt name is not told as a missing one as well */
		{ "{`functionName`:`f`,`Foo`:1}", UNKNOWN("functionName") ", " UNKNOWN("Foo") },
	};
	static const struct fields_case sqs[] = {
		{ "{`QueueUrl`:`q`,`MessageBody`:{`a`:1},`MessageAttributes`:{}}", NULL },
		{ "{`MessageGroupId`:`g`}", MISSING("QueueUrl") ", " MISSING("MessageBody") },
	};
	static const struct fields_case item[] = {
		{ "{`TableName`:`t`,`Item`:{},`ReturnValues`:`NONE`}", NULL },
		{ "{`TableName`:`t`,`Key`:{}}", MISSING("Item") },
	};
	static const struct fields_case start[] = {
		{ "{`StateMachineArn`:`a`,`Input`:{`x`:1},`Name`:`n`}", NULL },
		{ "{`StateMachineArn`:`a`,`TaskToken`:1}", UNKNOWN("TaskToken") },
	};
	static const struct fields_case http[] = {
		{ "{`ApiEndpoint`:`https://e`,`Method`:`GET`,`Transform`:{},`InvocationConfig`:{}}",
		    NULL },
		{ "{`ApiEndpoint`:`https://e`}", MISSING("Method") },
	};

	(void)state;
	CHECK(CALL("lambda:invoke"), lambda);
	CHECK(CALL("sqs:sendMessage"), sqs);
	CHECK(CALL("dynamodb:putItem"), item);
	CHECK(CALL("states:startExecution.sync"), start);
	CHECK(CALL("http:invoke"), http);
	refuse_x(TASK "`QueryLanguage`:`JSONata`,`Resource`:`arn:aws:states:::sns:publish`,"
		      "`Arguments`:{`Message`:`m`,`Message.$`:1}",
	    S "The field \"Message.$\" is not supported by Step Functions at /States/X/Arguments");
	refuse_x(TASK "`QueryLanguage`:`JSONata`,`Resource`:`arn:aws:states:::sns:publish`,"
		      "`Arguments`:`{% $states.input %}`",
	    S "The QueryLanguage 'JSONata' is not built yet at /States/X/QueryLanguage");
}

static void
time_limits_are_literals_or_paths(void **state)
{
	static const struct fields_case cases[] = {
		{ "`TimeoutSeconds`:99999999,`HeartbeatSeconds`:1", NULL },
		{ "`TimeoutSecondsPath`:`$.a[0]`,`HeartbeatSecondsPath`:`$$.Execution.Input.h`",
		    NULL },
		{ "`TimeoutSeconds`:100000000",
		    S "Value must be between 1 and 99999999 at /States/X/TimeoutSeconds" },
		{ "`TimeoutSeconds`:`5`",
		    S "Expected value of type [INTEGER] at /States/X/TimeoutSeconds" },
		{ "`TimeoutSecondsPath`:`$.a[*]`", NO_REFERENCE "/States/X/TimeoutSecondsPath" },
		{ "`TimeoutSecondsPath`:5",
		    S "Expected value of type [STRING] at /States/X/TimeoutSecondsPath" },
		{ "`HeartbeatSeconds`:1,`HeartbeatSecondsPath`:`$.h`",
		    S
		    "These fields are mutually exclusive: [HeartbeatSeconds, HeartbeatSecondsPath] "
		    "at /States/X" },
		{ "`TimeoutSeconds`:5,`HeartbeatSeconds`:6",
		    S "Value must be less than TimeoutSeconds at /States/X/HeartbeatSeconds" },
	};

	(void)state;
	CHECK(LAMBDA, cases);
}

static void
credentials_name_a_role(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Credentials`:{`RoleArn`:`arn:aws:iam::123456789012:role/r`}", NULL },
		{ "`Credentials`:{`RoleArn.$`:`States.Format('arn:aws:iam::{}:role/r', $.a)`}",
		    NULL },
		{ "`Credentials`:{`RoleArn`:`r`}",
		    S "Value is not a valid role ARN at /States/X/Credentials/RoleArn" },
		{ "`Credentials`:{`RoleArn`:1}",
		    S "Expected value of type [STRING] at /States/X/Credentials/RoleArn" },
		{ "`Credentials`:{}",
		    S "The field 'RoleArn' is required but was missing at /States/X/Credentials" },
		{ "`Credentials`:`r`",
		    S "Expected value of type [OBJECT] at /States/X/Credentials" },
		{ "`Credentials`:{`RoleArn.$`:`r`}",
		    S "The value for the field 'RoleArn.$' must be a valid JSONPath or a valid "
		      "intrinsic function call at /States/X/Credentials" },
	};

	(void)state;
	CHECK(LAMBDA, cases);
}

#define NO_TOKEN(field, path) \
	"NO_TASK_TOKEN: The task waits for its token, but '" field "' does not pass it on: '" path \
	"' is not read. at /States/X/Resource"

static void
a_callback_without_the_token_gives_a_warning(void **state)
{
	static const struct fields_case cases[] = {
		{ "`Parameters`:{`QueueUrl`:`q`,`MessageBody`:{`t.$`:`$$.Task.Token`}}", NULL },
		{ "`Parameters`:{`QueueUrl`:`q`,`MessageBody.$`:`States.Format('{}', $$['Task'].Token)`}",
		    NULL },
		{ "`Parameters`:{`QueueUrl`:`q`,`MessageBody.$`:`$$`}", NULL },
		{ "`Parameters`:{`QueueUrl`:`q`,`MessageBody`:[{`t.$`:`$$.Task`}]}", NULL },
		{ "`Parameters`:{`QueueUrl`:`q`,`MessageBody.$`:`$$.Execution.Id`}",
		    NO_TOKEN("Parameters", "$$.Task.Token") },
		{ "`InputPath`:`$.a`", NO_TOKEN("Parameters", "$$.Task.Token") },
	};
	static const struct fields_case jsonata[] = {
		{ "`Arguments`:{`QueueUrl`:`q`,`MessageBody`:`{% $states.context.Task.Token %}`}",
		    NULL },
		{ "`Arguments`:{`QueueUrl`:`q`,`MessageBody`:`{% $states.input %}`}",
		    NO_TOKEN("Arguments", "$states.context.Task.Token") },
	};
	static const struct fields_case own[] = { { "`Parameters`:{`Title`:`Pay?`}", NULL } };

	(void)state;
	CHECK_WARNINGS(TASK "`Resource`:`arn:aws:states:::sqs:sendMessage.waitForTaskToken`,",
	    cases);
	CHECK_WARNINGS(TASK "`QueryLanguage`:`JSONata`,"
			    "`Resource`:`arn:aws:states:::sqs:sendMessage.waitForTaskToken`,",
	    jsonata);
	CHECK_WARNINGS(TASK "`Resource`:`arn:pawl:states:::approval:request.waitForTaskToken`,",
	    own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resources_are_of_a_known_form),
		cmocka_unit_test(integrations_are_called_as_they_can_be),
		cmocka_unit_test(parameters_have_the_names_of_the_integration),
		cmocka_unit_test(time_limits_are_literals_or_paths),
		cmocka_unit_test(credentials_name_a_role),
		cmocka_unit_test(a_callback_without_the_token_gives_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
