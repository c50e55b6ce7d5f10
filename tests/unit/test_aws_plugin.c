/*
 * The plugin aws: its table of services, its protocols, its errors, its jobs, its signatures.
 */
#include "aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "plugin_fixture.h"
#include "task/plugin_module.h"
#include "xml.h"

static struct fixture f;
static struct module module = { .magic = MODULE_MAGIC }; /* whom the host's functions serve */
static struct aws_models *models;

/* --- helpers ---------------------------------------------------------------------------- */

static struct pawl_doc
parse(const char *json)
{
	struct pawl_doc d = module.table.doc_parse(&module.table, json, strlen(json), NULL);

	if (module.table.doc_type(&module.table, d) == PAWL_DOC_NONE)
		fail_msg("no JSON: %s", json);
	return d;
}

static struct aws_codec
codec_of(const char *service, const char *action)
{
	struct aws_codec c = { .host = &module.table, .sdk = true };

	c.service = aws_service_find(models, service);
	assert_non_null(c.service);
	c.action = aws_action_find(c.service, action);
	assert_non_null(c.action);
	return c;
}

/* The request that the parameters make; *problem gets what is wrong with them. */
static struct aws_request
encode(const char *service, const char *action, const char *parameters, char **problem)
{
	struct aws_codec c = codec_of(service, action);
	struct aws_request r = { 0 };
	struct pawl_doc d = parse(parameters);

	aws_encode(&c, d, &r);
	module.table.doc_unref(&module.table, d);
	if (problem != NULL)
		*problem = c.problem;
	else if (c.problem != NULL)
		fail_msg("%s", c.problem);
	return r;
}

static void
body_is(const char *service, const char *action, const char *parameters, const char *body)
{
	struct aws_request r = encode(service, action, parameters, NULL);

	assert_string_equal(text_chars(&r.body), body);
	aws_request_fini(&r);
}

static void
problem_is(const char *service, const char *action, const char *parameters, const char *want)
{
	char *problem;
	struct aws_request r = encode(service, action, parameters, &problem);

	assert_non_null(problem);
	assert_string_equal(problem, want);
	free(problem);
	aws_request_fini(&r);
}

static const char *
header_of(const struct aws_request *r, const char *name)
{
	const struct aws_answer a = { .headers = r->headers, .nheaders = r->nheaders };

	return aws_answer_header(&a, name);
}

struct wire_answer {
	const char *body;
	const struct pawl_http_header *headers;
	size_t nheaders;
	int status;
};

static struct aws_answer
answer_of(const struct wire_answer *w)
{
	return (struct aws_answer){ .headers = w->headers,
		.nheaders = w->nheaders,
		.status = w->status != 0 ? w->status : 200,
		.body = w->body,
		.body_len = strlen(w->body) };
}

static void
result_of(struct aws_codec *c, const struct wire_answer *w, const char *want)
{
	struct aws_answer a = answer_of(w);
	struct pawl_builder *b = module.table.build(&module.table);
	struct pawl_doc d;
	char *text;

	module.table.build_object(b);
	assert_true(aws_decode(c, &a, b));
	module.table.build_end(b);
	d = module.table.build_finish(b);
	text = module.table.doc_text(&module.table, d, NULL);
	assert_string_equal(text, want);
	module.table.free(&module.table, text);
	module.table.doc_unref(&module.table, d);
}

static void
result_is(const char *service, const char *action, const char *body, const char *want)
{
	struct aws_codec c = codec_of(service, action);
	struct wire_answer w = { .body = body };

	result_of(&c, &w, want);
}

/* --- the table of services ------------------------------------------------------------------ */

static void
every_service_of_the_table_can_be_read(void **state)
{
	size_t len, nservices = 0, nactions = 0;
	const char *text = aws_model_text(&len), *end = text + len;

	(void)state;
	for (const char *p = text; p < end; p = strchr(p, '\n') + 1) {
		char id[64];
		const struct aws_service *s;

		if (sscanf(p, "S %63s ", id) != 1)
			continue;
		s = aws_service_find(models, id);
		assert_non_null(s);
		assert_true(s->nactions > 0);
		nservices++;
		nactions += s->nactions;
		for (size_t i = 0; i < s->ntypes; i++)
			for (size_t k = 0; k < s->types[i].nmembers; k++)
				assert_non_null(s->types[i].members[k].type);
	}
	assert_true(nservices > 70);
	assert_true(nactions > 3000);
}

static void
actions_and_members_are_found_as_step_functions_spells_them(void **state)
{
	const struct aws_service *rds = aws_service_find(models, "rds");
	const struct aws_action *a = aws_action_find(rds, "describeDBInstances");
	const struct aws_member *m;

	(void)state;
	assert_null(aws_service_find(models, "states"));
	assert_null(aws_action_find(rds, "describe"));
	assert_non_null(a);
	m = aws_member_find(a->input, "DbInstanceIdentifier");
	assert_non_null(m);
	assert_string_equal(m->wire, "DBInstanceIdentifier");
	assert_ptr_equal(aws_member_find(a->input, "DBInstanceIdentifier"), m);
	assert_null(aws_member_find(a->input, "dbInstanceIdentifier"));
	a = aws_action_find(aws_service_find(models, "sfn"), "startExecution");
	assert_string_equal(aws_member_find(a->input, "StateMachineArn")->wire, "stateMachineArn");
	assert_null(aws_member_find(a->input, "stateMachineArn"));
}

/* --- requests ---------------------------------------------------------------------------------- */

static void
json_has_the_apis_case_and_types(void **state)
{
	struct aws_request r = encode("sfn", "startExecution",
	    "{\"StateMachineArn\":\"a\",\"Input\":{\"x\":[1,null]},\"Name\":null}", NULL);

	(void)state;
	assert_string_equal(r.body.s,
	    "{\"stateMachineArn\":\"a\",\"input\":\"{\\\"x\\\":[1,null]}\"}");
	assert_string_equal(header_of(&r, "X-Amz-Target"), "AWSStepFunctions.StartExecution");
	assert_string_equal(header_of(&r, "Content-Type"), "application/x-amz-json-1.0");
	assert_string_equal(r.path.s, "/");
	aws_request_fini(&r);
	body_is("sqs", "sendMessage",
	    "{\"QueueUrl\":\"q\",\"MessageBody\":7,\"DelaySeconds\":\"5\"}",
	    "{\"QueueUrl\":\"q\",\"MessageBody\":\"7\",\"DelaySeconds\":5}");
	body_is("kinesis", "putRecord", "{\"Data\":{\"a\":1},\"PartitionKey\":\"p\"}",
	    "{\"Data\":\"eyJhIjoxfQ==\",\"PartitionKey\":\"p\"}");
	body_is("dynamodb", "getItem", "{\"Key\":{\"k\":{\"B\":\"AAEC\"}}}",
	    "{\"Key\":{\"k\":{\"B\":\"AAEC\"}}}");
	body_is("eventbridge", "putEvents",
	    "{\"Entries\":[{\"Time\":\"2024-01-02T03:04:05Z\",\"Detail\":{\"a\":{}}}]}",
	    "{\"Entries\":[{\"Time\":1704164645,\"Detail\":\"{\\\"a\\\":{}}\"}]}");
}

static void
parameters_that_do_not_exist_or_fit_are_said_to(void **state)
{
	(void)state;
	problem_is("sqs", "sendMessage", "{\"Nonsense\":1,\"Other\":2}",
	    "The field \"Nonsense\" is not supported by Step Functions");
	problem_is("eventbridge", "putEvents", "{\"Entries\":[{\"source\":\"x\"}]}",
	    "The field \"source\" is not supported by Step Functions");
	problem_is("eventbridge", "putEvents", "{\"Entries\":{}}",
	    "The value of the field 'Entries' has an invalid format");
	problem_is("s3", "getObject", "{\"Bucket\":\"b\",\"Key\":\"\"}",
	    "The field 'Key' is required but was missing");
}

static void
forms_number_lists_and_maps(void **state)
{
	(void)state;
	body_is("sns", "publish",
	    "{\"TopicArn\":\"t\",\"Message\":{\"a\":\"b c\"},\"MessageAttributes\":{\"k\":{"
	    "\"DataType\":\"Binary\",\"BinaryValue\":\"hi\"}}}",
	    "Action=Publish&Version=2010-03-31&TopicArn=t&Message=%7B%22a%22%3A%22b%20c%22%7D"
	    "&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=Binary"
	    "&MessageAttributes.entry.1.Value.BinaryValue=aGk%3D");
	body_is("cloudwatch", "putMetricData",
	    "{\"Namespace\":\"n\",\"MetricData\":[{\"MetricName\":\"m\",\"Value\":1.5,"
	    "\"Dimensions\":[{\"Name\":\"d\",\"Value\":\"v\"}]}]}",
	    "Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1.MetricName=m"
	    "&MetricData.member.1.Value=1.5&MetricData.member.1.Dimensions.member.1.Name=d"
	    "&MetricData.member.1.Dimensions.member.1.Value=v");
	body_is("sts", "assumeRole", "{\"RoleArn\":\"r\",\"PolicyArns\":[]}",
	    "Action=AssumeRole&Version=2011-06-15&RoleArn=r&PolicyArns=");
}

static void
ec2_has_names_and_lists_of_its_own(void **state)
{
	(void)state;
	body_is("ec2", "describeInstances",
	    "{\"InstanceIds\":[\"i-1\",\"i-2\"],\"Filters\":[{\"Name\":\"tag:x\",\"Values\":[\"y\"]}],"
	    "\"DryRun\":true}",
	    "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2"
	    "&Filter.1.Name=tag%3Ax&Filter.1.Value.1=y&DryRun=true");
	body_is("ec2", "describeInstances", "{\"InstanceIds\":[]}",
	    "Action=DescribeInstances&Version=2016-11-15");
}

static void
rest_puts_members_where_they_belong(void **state)
{
	struct aws_request r = encode("s3", "putObject",
	    "{\"Bucket\":\"b\",\"Key\":\"a/b c\",\"Body\":false,\"Metadata\":{\"Colour\":\"red\"},"
	    "\"ObjectLockRetainUntilDate\":1704164645}",
	    NULL);

	(void)state;
	assert_string_equal(r.method, "PUT");
	assert_string_equal(r.path.s, "/b/a/b%20c");
	assert_string_equal(r.body.s, "false");
	assert_string_equal(header_of(&r, "x-amz-meta-Colour"), "red");
	assert_string_equal(header_of(&r, "x-amz-object-lock-retain-until-date"),
	    "2024-01-02T03:04:05Z");
	assert_string_equal(header_of(&r, "Content-Type"), "text/plain; charset=UTF-8");
	assert_string_equal(header_of(&r, "x-amz-checksum-crc32"), "K81oMA==");
	aws_request_fini(&r);
	r = encode("s3", "getObject",
	    "{\"Bucket\":\"b\",\"Key\":\"k\",\"IfModifiedSince\":\"2024-01-02T03:04:05Z\"}", NULL);
	assert_string_equal(header_of(&r, "If-Modified-Since"), "Tue, 02 Jan 2024 03:04:05 GMT");
	aws_request_fini(&r);
	r = encode("s3", "listObjectsV2",
	    "{\"Bucket\":\"b\",\"Prefix\":\"a&b\",\"MaxKeys\":5,\"Delimiter\":\"/\"}", NULL);
	assert_string_equal(r.path.s, "/b");
	assert_string_equal(r.query.s, "delimiter=%2F&list-type=2&max-keys=5&prefix=a%26b");
	assert_false(r.has_body);
	aws_request_fini(&r);
	r = encode("lambda", "invoke",
	    "{\"FunctionName\":\"arn:aws:lambda:r:1:function:f\",\"Payload\":{\"a\":1},"
	    "\"InvocationType\":\"Event\"}",
	    NULL);
	assert_string_equal(r.path.s,
	    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af/invocations");
	assert_string_equal(r.body.s, "{\"a\":1}");
	assert_string_equal(header_of(&r, "X-Amz-Invocation-Type"), "Event");
	aws_request_fini(&r);
	r = encode("batch", "submitJob",
	    "{\"JobName\":\"j\",\"ContainerOverrides\":{\"Environment\":[{\"Name\":\"n\",\"Value\":\"v\"}]}}",
	    NULL);
	assert_string_equal(r.path.s, "/v1/submitjob");
	assert_string_equal(r.body.s,
	    "{\"jobName\":\"j\",\"containerOverrides\":{\"environment\":[{\"name\":\"n\",\"value\":\"v\"}]}}");
	aws_request_fini(&r);
}

static void
xml_is_written_with_its_namespace(void **state)
{
	(void)state;
	body_is("s3", "createBucket",
	    "{\"Bucket\":\"b\",\"CreateBucketConfiguration\":{\"LocationConstraint\":\"eu-west-1\"}}",
	    "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>");
	body_is("s3", "deleteObjects",
	    "{\"Bucket\":\"b\",\"Delete\":{\"Objects\":[{\"Key\":\"a<b\"},{\"Key\":\"c\"}],\"Quiet\":true}}",
	    "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&lt;b</Key></Object>"
	    "<Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>");
	body_is("route53", "changeResourceRecordSets",
	    "{\"HostedZoneId\":\"Z\",\"ChangeBatch\":{\"Changes\":[{\"Action\":\"UPSERT\","
	    "\"ResourceRecordSet\":{\"Name\":\"n\",\"Ttl\":60}}]}}",
	    "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
	    "<ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>n</Name>"
	    "<TTL>60</TTL></ResourceRecordSet></Change></Changes></ChangeBatch>"
	    "</ChangeResourceRecordSetsRequest>");
}

/* --- answers --------------------------------------------------------------------------------------- */

static void
json_answers_are_spelled_as_the_kind_of_task_does(void **state)
{
	static const char body[] =
	    "{\"Messages\":[{\"MD5OfBody\":\"m\",\"Body\":\"b\",\"Other\":1,\"MessageId\":null}]}";
	struct aws_codec c = codec_of("sqs", "receiveMessage");
	struct wire_answer w = { .body = body };

	(void)state;
	result_of(&c, &w, "{\"Messages\":[{\"Md5OfBody\":\"m\",\"Body\":\"b\"}]}");
	c.sdk = false;
	result_of(&c, &w, "{\"Messages\":[{\"MD5OfBody\":\"m\",\"Body\":\"b\"}]}");
	c = codec_of("sfn", "startExecution");
	w.body = "{\"executionArn\":\"a\",\"startDate\":1.7000000005E9}";
	result_of(&c, &w, "{\"ExecutionArn\":\"a\",\"StartDate\":\"2023-11-14T22:13:20.500Z\"}");
	c.sdk = false;
	result_of(&c, &w, "{\"ExecutionArn\":\"a\",\"StartDate\":1700000000500}");
	result_is("dynamodb", "putItem", "{}", "{}");
	result_is("kinesis", "getRecords",
	    "{\"Records\":[{\"Data\":\"eyJhIjoxfQ==\"},{\"Data\":\"/wD+\"}]}",
	    "{\"Records\":[{\"Data\":\"{\\\"a\\\":1}\"},{\"Data\":\"/wD+\"}]}");
}

static void
xml_answers_become_lists_numbers_and_truths(void **state)
{
	(void)state;
	result_is("ec2", "describeInstances",
	    "<DescribeInstancesResponse xmlns=\"x\"><requestId>r</requestId><reservationSet><item>"
	    "<reservationId>r-1</reservationId><groupSet/><instancesSet><item><instanceId>i-1</instanceId>"
	    "<instanceState><code>16</code><name>running</name></instanceState>"
	    "<launchTime>2024-01-02T03:04:05.000Z</launchTime><ebsOptimized>false</ebsOptimized>"
	    "<tagSet><item><key>k</key><value/></item></tagSet></item></instancesSet></item>"
	    "</reservationSet></DescribeInstancesResponse>",
	    "{\"Reservations\":[{\"ReservationId\":\"r-1\",\"Groups\":[],\"Instances\":[{"
	    "\"EbsOptimized\":false,\"Tags\":[{\"Key\":\"k\",\"Value\":\"\"}],\"InstanceId\":\"i-1\","
	    "\"State\":{\"Code\":16,\"Name\":\"running\"},\"LaunchTime\":\"2024-01-02T03:04:05Z\"}]}]}");
	result_is("sns", "listTopics",
	    "<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member>"
	    "<member><TopicArn>b</TopicArn></member></Topics></ListTopicsResult></ListTopicsResponse>",
	    "{\"Topics\":[{\"TopicArn\":\"a\"},{\"TopicArn\":\"b\"}]}");
	result_is("sns", "getTopicAttributes",
	    "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>Owner</key>"
	    "<value>1</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
	    "{\"Attributes\":{\"Owner\":\"1\"}}");
	result_is("s3", "listBuckets",
	    "<?xml version=\"1.0\"?><ListAllMyBucketsResult xmlns=\"x\"><Owner><ID>o</ID></Owner><Buckets>"
	    "<Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>",
	    "{\"Buckets\":[{\"Name\":\"b\"}],\"Owner\":{\"Id\":\"o\"}}");
	result_is("s3", "listObjects",
	    "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>5</Size>"
	    "</Contents><Contents><Key>b</Key></Contents></ListBucketResult>",
	    "{\"IsTruncated\":false,\"Contents\":[{\"Key\":\"a\",\"Size\":5},{\"Key\":\"b\"}]}");
	result_is("s3", "getBucketLocation",
	    "<LocationConstraint xmlns=\"x\">eu</LocationConstraint>",
	    "{\"LocationConstraint\":\"eu\"}");
}

static void
headers_of_an_answer_are_members(void **state)
{
	static const struct pawl_http_header headers[] = {
		{ "ETag", "\"e\"" },
		{ "content-length", "2" },
		{ "Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT" },
		{ "x-amz-meta-Colour", "red" },
	};
	struct aws_codec c = codec_of("s3", "getObject");
	struct wire_answer w = { .body = "\xff\x01", .headers = headers, .nheaders = 4 };

	(void)state;
	result_of(&c, &w,
	    "{\"LastModified\":\"2024-01-02T03:04:05Z\",\"ContentLength\":2,\"ETag\":\"\\\"e\\\"\","
	    "\"Metadata\":{\"Colour\":\"red\"},\"Body\":\"/wE=\"}");
	c = codec_of("lambda", "invoke");
	w = (struct wire_answer){ .body = "[1]", .status = 202 };
	result_of(&c, &w, "{\"StatusCode\":202,\"Payload\":\"[1]\"}");
}

static void
answers_that_are_not_what_the_service_sends_are_refused(void **state)
{
	static const char *const cases[][3] = {
		{ "dynamodb", "getItem", "<html>" },
		{ "sns", "listTopics", "not xml" },
		{ "sns", "listTopics", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>" },
		{ "s3", "listBuckets", "<a>" },
		{ "scheduler", "getSchedule", "{" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct aws_codec c = codec_of(cases[i][0], cases[i][1]);
		struct wire_answer w = { .body = cases[i][2] };
		struct aws_answer a = answer_of(&w);
		struct pawl_builder *b = module.table.build(&module.table);

		module.table.build_object(b);
		assert_false(aws_decode(&c, &a, b));
		module.table.build_end(b);
		module.table.doc_unref(&module.table, module.table.build_finish(b));
	}
}

static void
xml_is_not_read_deeper_than_its_limit(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		text_adds(&t, "<a>");
	assert_null(aws_xml_read(t.s, t.len));
	text_fini(&t);
}

/* --- errors ------------------------------------------------------------------------------------------ */

static void
error_is(const char *resource, const struct wire_answer *w, const char *error, const char *cause)
{
	struct aws aws = { .host = &module.table, .models = models };
	struct aws_target t;
	struct aws_answer a = answer_of(w);
	struct aws_failure got = { 0 };
	char *why;

	if (aws_target_read(&aws, resource, &t, &why) != 0)
		fail_msg("%s", why);
	assert_true(aws_is_failure(&t, &a));
	aws_failure_of_answer(&module.table, &t, &a, &got);
	assert_string_equal(got.error, error);
	assert_string_equal(got.cause, cause);
	aws_failure_fini(&got);
}

#define SDK(x) "arn:aws:states:::aws-sdk:" x
#define OPTIMIZED(x) "arn:aws:states:::" x

static void
errors_have_the_words_of_the_sdks(void **state)
{
	static const struct pawl_http_header id[] = { { "x-amzn-RequestId", "r-1" },
		{ "x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender" } };
	static const struct pawl_http_header s3[] = { { "x-amz-request-id", "r-2" },
		{ "x-amz-id-2", "ext" } };
	static const struct pawl_http_header rest[] = { { "x-amzn-RequestId", "r-3" },
		{ "x-amzn-ErrorType", "ResourceNotFoundException:http://internal.amazon.com/" } };
	struct wire_answer w = {
		"{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"No queue.\"}",
		id, 2, 400
	};

	(void)state;
	error_is(OPTIMIZED("sqs:sendMessage"), &w, "SQS.QueueDoesNotExistException",
	    "No queue. (Service: AmazonSQS; Status Code: 400; Error Code: "
	    "AWS.SimpleQueueService.NonExistentQueue; Request ID: r-1; Proxy: null)");
	error_is(SDK("sqs:sendMessage"), &w, "Sqs.QueueDoesNotExistException",
	    "No queue. (Service: Sqs, Status Code: 400, Request ID: r-1) (SDK Attempt Count: 1)");
	w = (struct wire_answer){ "{\"__type\":\"Strange\",\"Message\":\"m\"}", id, 1, 500 };
	error_is(OPTIMIZED("dynamodb:getItem"), &w, "DynamoDB.AmazonDynamoDBException",
	    "m (Service: AmazonDynamoDBv2; Status Code: 500; Error Code: Strange; Request ID: r-1; "
	    "Proxy: null)");
	error_is(SDK("secretsmanager:getSecretValue"), &w, "SecretsManager.SecretsManagerException",
	    "m (Service: SecretsManager, Status Code: 500, Request ID: r-1) (SDK Attempt Count: 1)");
	w = (struct wire_answer){ "<Error><Code>NoSuchKey</Code><Message>No key.</Message></Error>",
		s3, 2, 404 };
	error_is(SDK("s3:getObject"), &w, "S3.NoSuchKeyException",
	    "No key. (Service: S3, Status Code: 404, Request ID: r-2, Extended Request ID: ext) "
	    "(SDK Attempt Count: 1)");
	w = (struct wire_answer){ "", s3, 1, 404 };
	error_is(SDK("s3:headObject"), &w, "S3.S3Exception",
	    "null (Service: S3, Status Code: 404, Request ID: r-2) (SDK Attempt Count: 1)");
	w = (struct wire_answer){ "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code>"
				  "<Message>No topic</Message></Error><RequestId>r-4</RequestId>"
				  "</ErrorResponse>",
		NULL, 0, 404 };
	error_is(OPTIMIZED("sns:publish"), &w, "SNS.NotFoundException",
	    "No topic (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: r-4; "
	    "Proxy: null)");
	w.body = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>No i-1"
		 "</Message></Error></Errors><RequestID>r-5</RequestID></Response>";
	error_is(SDK("ec2:describeInstances"), &w, "Ec2.Ec2Exception",
	    "No i-1 (Service: Ec2, Status Code: 404, Request ID: r-5) (SDK Attempt Count: 1)");
	w = (struct wire_answer){ "{\"Message\":\"No function\"}", rest, 2, 404 };
	error_is(SDK("lambda:getFunction"), &w, "Lambda.ResourceNotFoundException",
	    "No function (Service: Lambda, Status Code: 404, Request ID: r-3) (SDK Attempt Count: 1)");
}

static void
s3_may_fail_with_status_200(void **state)
{
	static const struct pawl_http_header s3[] = { { "x-amz-request-id", "r" } };
	struct wire_answer w = {
		"<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>x"
		"</Message></Error>",
		s3, 1, 200
	};

	(void)state;
	error_is(SDK("s3:copyObject"), &w, "S3.S3Exception",
	    "x (Service: S3, Status Code: 200, Request ID: r) (SDK Attempt Count: 1)");
}

static void
resources_that_are_not_known_are_said_to_be(void **state)
{
	static const char *const cases[][2] = {
		{ SDK("nothing:act"), "The plugin aws does not know the service 'nothing'" },
		{ SDK("s3:act"),
		    "The plugin aws does not know the action 'act' of the service 's3'" },
		{ OPTIMIZED("nothing:act"),
		    "No plugin serves the resource 'arn:aws:states:::nothing:act'" },
		{ SDK("kinesis:subscribeToShard"),
		    "The action 'subscribeToShard' of the service 'kinesis' is a stream of events, which "
		    "a task cannot receive" },
		{ OPTIMIZED("eks:runJob"),
		    "eks:runJob speaks to the API server of a Kubernetes cluster, not to AWS, which the "
		    "plugin aws does not do: call that API with http:invoke" },
		{ "arn:aws:states:::", "No plugin serves the resource 'arn:aws:states:::'" },
	};
	struct aws aws = { .host = &module.table, .models = models };
	struct aws_target t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *why = NULL;

		assert_int_equal(aws_target_read(&aws, cases[i][0], &t, &why), -1);
		assert_string_equal(why, cases[i][1]);
		free(why);
	}
}

/* --- jobs ----------------------------------------------------------------------------------------------- */

static struct aws_target
target_of(const char *resource)
{
	struct aws aws = { .host = &module.table, .models = models };
	struct aws_target t;
	char *why;

	if (aws_target_read(&aws, resource, &t, &why) != 0)
		fail_msg("%s", why);
	return t;
}

static void
arguments_are(const struct aws_call_spec *spec, const char *action, const char *want)
{
	char *text = module.table.doc_text(&module.table, spec->parameters, NULL);
	struct pawl_doc_iter it = { .of = spec->parameters };

	assert_string_equal(spec->target.action->name, action);
	assert_string_equal(text, want);
	while (module.table.doc_next(&module.table, &it)) {
		char *name = module.table.doc_string(&module.table, it.key, NULL);

		assert_non_null(aws_member_find(spec->target.action->input, name));
		module.table.free(&module.table, name);
	}
	module.table.free(&module.table, text);
	module.table.doc_unref(&module.table, spec->parameters);
}

struct job_case {
	const char *resource, *response, *parameters;
	const char *look, *look_arguments;
	const char *stop, *stop_arguments; /* NULL = it cannot be stopped */
};

static void
jobs_are_looked_at_and_stopped_by_what_their_submission_answered(void **state)
{
	static const struct job_case cases[] = {
		{ OPTIMIZED("ecs:runTask"),
		    "{\"Tasks\":[{\"TaskArn\":\"t\",\"ClusterArn\":\"c\"}]}", "{}", "DescribeTasks",
		    "{\"Tasks\":[\"t\"],\"Cluster\":\"c\"}", "StopTask",
		    "{\"Task\":\"t\",\"Cluster\":\"c\",\"Reason\":\"Stopped-by-Step-Functions\"}" },
		{ OPTIMIZED("batch:submitJob"), "{\"JobId\":\"j\"}", "{}", "DescribeJobs",
		    "{\"Jobs\":[\"j\"]}", "TerminateJob",
		    "{\"JobId\":\"j\",\"Reason\":\"Stopped-by-Step-Functions\"}" },
		{ OPTIMIZED("glue:startJobRun"), "{\"JobRunId\":\"r\"}", "{\"JobName\":\"n\"}",
		    "GetJobRun", "{\"JobName\":\"n\",\"RunId\":\"r\"}", "BatchStopJobRun",
		    "{\"JobName\":\"n\",\"JobRunIds\":[\"r\"]}" },
		{ OPTIMIZED("athena:startQueryExecution"), "{\"QueryExecutionId\":\"q\"}", "{}",
		    "GetQueryExecution", "{\"QueryExecutionId\":\"q\"}", "StopQueryExecution",
		    "{\"QueryExecutionId\":\"q\"}" },
		{ OPTIMIZED("bedrock:createModelCustomizationJob"), "{\"JobArn\":\"j\"}", "{}",
		    "GetModelCustomizationJob", "{\"JobIdentifier\":\"j\"}",
		    "StopModelCustomizationJob", "{\"JobIdentifier\":\"j\"}" },
		{ OPTIMIZED("codebuild:startBuild"), "{\"Build\":{\"Id\":\"b\"}}", "{}",
		    "BatchGetBuilds", "{\"Ids\":[\"b\"]}", "StopBuild", "{\"Id\":\"b\"}" },
		{ OPTIMIZED("codebuild:startBuildBatch"), "{\"BuildBatch\":{\"Id\":\"b\"}}", "{}",
		    "BatchGetBuildBatches", "{\"Ids\":[\"b\"]}", "StopBuildBatch",
		    "{\"Id\":\"b\"}" },
		{ OPTIMIZED("codebuild:retryBuildBatch"), "{\"BuildBatch\":{\"Id\":\"b\"}}", "{}",
		    "BatchGetBuildBatches", "{\"Ids\":[\"b\"]}", "StopBuildBatch",
		    "{\"Id\":\"b\"}" },
		{ OPTIMIZED("databrew:startJobRun"), "{\"RunId\":\"r\"}", "{\"Name\":\"n\"}",
		    "DescribeJobRun", "{\"Name\":\"n\",\"RunId\":\"r\"}", "StopJobRun",
		    "{\"Name\":\"n\",\"RunId\":\"r\"}" },
		{ OPTIMIZED("eks:createCluster"), "{}", "{\"Name\":\"n\"}", "DescribeCluster",
		    "{\"Name\":\"n\"}", NULL, NULL },
		{ OPTIMIZED("eks:createNodegroup"), "{}",
		    "{\"ClusterName\":\"c\",\"NodegroupName\":\"n\"}", "DescribeNodegroup",
		    "{\"ClusterName\":\"c\",\"NodegroupName\":\"n\"}", NULL, NULL },
		{ OPTIMIZED("eks:createFargateProfile"), "{}",
		    "{\"ClusterName\":\"c\",\"FargateProfileName\":\"n\"}",
		    "DescribeFargateProfile",
		    "{\"ClusterName\":\"c\",\"FargateProfileName\":\"n\"}", NULL, NULL },
		{ OPTIMIZED("eks:deleteFargateProfile"), "{}",
		    "{\"ClusterName\":\"c\",\"FargateProfileName\":\"n\"}",
		    "DescribeFargateProfile",
		    "{\"ClusterName\":\"c\",\"FargateProfileName\":\"n\"}", NULL, NULL },
		{ OPTIMIZED("elasticmapreduce:createCluster"), "{\"ClusterId\":\"j\"}", "{}",
		    "DescribeCluster", "{\"ClusterId\":\"j\"}", "TerminateJobFlows",
		    "{\"JobFlowIds\":[\"j\"]}" },
		{ OPTIMIZED("elasticmapreduce:addStep"), "{\"StepId\":\"s\"}",
		    "{\"ClusterId\":\"j\"}", "DescribeStep",
		    "{\"ClusterId\":\"j\",\"StepId\":\"s\"}", "CancelSteps",
		    "{\"ClusterId\":\"j\",\"StepIds\":[\"s\"]}" },
		{ OPTIMIZED("elasticmapreduce:terminateCluster"), "{}", "{\"ClusterId\":\"j\"}",
		    "DescribeCluster", "{\"ClusterId\":\"j\"}", NULL, NULL },
		{ OPTIMIZED("emr-containers:deleteVirtualCluster"), "{}", "{\"Id\":\"v\"}",
		    "DescribeVirtualCluster", "{\"Id\":\"v\"}", NULL, NULL },
		{ OPTIMIZED("emr-serverless:createApplication"), "{\"ApplicationId\":\"a\"}", "{}",
		    "GetApplication", "{\"ApplicationId\":\"a\"}", NULL, NULL },
		{ OPTIMIZED("emr-serverless:stopApplication"), "{}", "{\"ApplicationId\":\"a\"}",
		    "GetApplication", "{\"ApplicationId\":\"a\"}", NULL, NULL },
		{ OPTIMIZED("emr-serverless:cancelJobRun"), "{}",
		    "{\"ApplicationId\":\"a\",\"JobRunId\":\"r\"}", "GetJobRun",
		    "{\"ApplicationId\":\"a\",\"JobRunId\":\"r\"}", NULL, NULL },
		{ OPTIMIZED("emr-containers:startJobRun"),
		    "{\"Id\":\"i\",\"VirtualClusterId\":\"v\"}", "{}", "DescribeJobRun",
		    "{\"Id\":\"i\",\"VirtualClusterId\":\"v\"}", "CancelJobRun",
		    "{\"Id\":\"i\",\"VirtualClusterId\":\"v\"}" },
		{ OPTIMIZED("emr-serverless:startJobRun"),
		    "{\"ApplicationId\":\"a\",\"JobRunId\":\"r\"}", "{}", "GetJobRun",
		    "{\"ApplicationId\":\"a\",\"JobRunId\":\"r\"}", "CancelJobRun",
		    "{\"ApplicationId\":\"a\",\"JobRunId\":\"r\"}" },
		{ OPTIMIZED("mediaconvert:createJob"), "{\"Job\":{\"Id\":\"j\"}}", "{}", "GetJob",
		    "{\"Id\":\"j\"}", "CancelJob", "{\"Id\":\"j\"}" },
		{ OPTIMIZED("sagemaker:createTrainingJob"), "{}", "{\"TrainingJobName\":\"n\"}",
		    "DescribeTrainingJob", "{\"TrainingJobName\":\"n\"}", "StopTrainingJob",
		    "{\"TrainingJobName\":\"n\"}" },
		{ OPTIMIZED("sagemaker:createTransformJob"), "{}", "{\"TransformJobName\":\"n\"}",
		    "DescribeTransformJob", "{\"TransformJobName\":\"n\"}", "StopTransformJob",
		    "{\"TransformJobName\":\"n\"}" },
		{ OPTIMIZED("sagemaker:createProcessingJob"), "{}", "{\"ProcessingJobName\":\"n\"}",
		    "DescribeProcessingJob", "{\"ProcessingJobName\":\"n\"}", "StopProcessingJob",
		    "{\"ProcessingJobName\":\"n\"}" },
		{ OPTIMIZED("sagemaker:createHyperParameterTuningJob"), "{}",
		    "{\"HyperParameterTuningJobName\":\"n\"}", "DescribeHyperParameterTuningJob",
		    "{\"HyperParameterTuningJobName\":\"n\"}", "StopHyperParameterTuningJob",
		    "{\"HyperParameterTuningJobName\":\"n\"}" },
		{ OPTIMIZED("sagemaker:createLabelingJob"), "{}", "{\"LabelingJobName\":\"n\"}",
		    "DescribeLabelingJob", "{\"LabelingJobName\":\"n\"}", "StopLabelingJob",
		    "{\"LabelingJobName\":\"n\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct job_case *c = &cases[i];
		struct aws_target t = target_of(c->resource);
		const struct aws_job *j = aws_job_find(&t);
		struct pawl_doc response = parse(c->response), parameters = parse(c->parameters);
		struct aws_call_spec spec;

		assert_non_null(j);
		aws_job_look(&module.table, j, &t, response, parameters, &spec);
		arguments_are(&spec, c->look, c->look_arguments);
		assert_int_equal(aws_job_stop(&module.table, j, &t, response, parameters, &spec),
		    c->stop != NULL);
		if (c->stop != NULL)
			arguments_are(&spec, c->stop, c->stop_arguments);
		module.table.doc_unref(&module.table, response);
		module.table.doc_unref(&module.table, parameters);
	}
}

static void
job_is(const char *resource, const char *answer, enum aws_job_state want, const char *result)
{
	struct aws_target t = target_of(resource);
	struct pawl_doc d = parse(answer), got = PAWL_NO_DOC;
	char *text;

	assert_int_equal(aws_job_state(&module.table, aws_job_find(&t), d, &got), want);
	text = want == AWS_JOB_RUNS ? NULL : module.table.doc_text(&module.table, got, NULL);
	if (result != NULL)
		assert_string_equal(text, result);
	module.table.free(&module.table, text);
	module.table.doc_unref(&module.table, got);
	module.table.doc_unref(&module.table, d);
}

static void
the_state_of_a_job_is_read_from_its_description(void **state)
{
	(void)state;
	job_is(OPTIMIZED("batch:submitJob"), "{\"Jobs\":[{\"Status\":\"RUNNABLE\"}]}", AWS_JOB_RUNS,
	    NULL);
	job_is(OPTIMIZED("batch:submitJob"), "{\"Jobs\":[{\"Status\":\"SUCCEEDED\"}]}",
	    AWS_JOB_DONE, "{\"Status\":\"SUCCEEDED\"}");
	job_is(OPTIMIZED("batch:submitJob"), "{\"Jobs\":[{\"Status\":\"FAILED\"}]}", AWS_JOB_FAILED,
	    "{\"Status\":\"FAILED\"}");
	job_is(OPTIMIZED("batch:submitJob"), "{\"Jobs\":[]}", AWS_JOB_FAILED, "{\"Jobs\":[]}");
	job_is(OPTIMIZED("codebuild:startBuild"), "{\"Builds\":[{\"BuildStatus\":\"SUCCEEDED\"}]}",
	    AWS_JOB_DONE, "{\"Build\":{\"BuildStatus\":\"SUCCEEDED\"}}");
	job_is(OPTIMIZED("athena:startQueryExecution"),
	    "{\"QueryExecution\":{\"Status\":{\"State\":\"CANCELLED\"}}}", AWS_JOB_FAILED,
	    "{\"QueryExecution\":{\"Status\":{\"State\":\"CANCELLED\"}}}");
	job_is(OPTIMIZED("emr-serverless:createApplication"),
	    "{\"Application\":{\"State\":\"CREATING\"}}", AWS_JOB_RUNS, NULL);
	job_is(OPTIMIZED("emr-serverless:startApplication"),
	    "{\"Application\":{\"State\":\"STARTED\"}}", AWS_JOB_DONE,
	    "{\"Application\":{\"State\":\"STARTED\"}}");
	job_is(OPTIMIZED("emr-serverless:deleteApplication"),
	    "{\"Application\":{\"State\":\"TERMINATED\"}}", AWS_JOB_DONE, NULL);
	job_is(OPTIMIZED("emr-containers:deleteVirtualCluster"),
	    "{\"VirtualCluster\":{\"State\":\"ARRESTED\"}}", AWS_JOB_FAILED, NULL);
	job_is(OPTIMIZED("eks:deleteNodegroup"), "{\"Nodegroup\":{\"Status\":\"DELETING\"}}",
	    AWS_JOB_RUNS, NULL);
	job_is(OPTIMIZED("ecs:runTask"),
	    "{\"Tasks\":[{\"LastStatus\":\"STOPPED\",\"Containers\":[{\"ExitCode\":0}]}]}",
	    AWS_JOB_DONE, NULL);
	job_is(OPTIMIZED("ecs:runTask"),
	    "{\"Tasks\":[{\"LastStatus\":\"STOPPED\",\"Containers\":[{\"ExitCode\":0},{\"ExitCode\":3}]}]}",
	    AWS_JOB_FAILED, NULL);
	job_is(OPTIMIZED("ecs:runTask"),
	    "{\"Tasks\":[{\"LastStatus\":\"STOPPED\",\"Containers\":[{}]}]}", AWS_JOB_FAILED, NULL);
}

/* --- places ------------------------------------------------------------------------------------------------ */

static void
place_is(const char *resource, const char *region, const char *path, const char *url,
    const char *signed_for)
{
	struct aws_target t = target_of(resource);
	struct aws_place place = { .region = region, .keys.id = strdup("AKID") };
	char *rest = strdup(path), *got;

	assert_true(aws_place_at_amazon(&place, &t));
	aws_place_move_bucket(&place, t.service, rest);
	got = text_format("%s%s", place.base, rest);
	assert_string_equal(got, url);
	assert_string_equal(place.region, signed_for);
	free(got);
	free(rest);
	aws_place_fini(&place);
}

static void
aws_has_hosts_by_service_and_region(void **state)
{
	struct aws_target t = target_of(SDK("sqs:listQueues"));
	struct aws_place nobody = { .region = "eu-west-1" };

	(void)state;
	place_is(SDK("sqs:listQueues"), "eu-west-1", "/", "https://sqs.eu-west-1.amazonaws.com/",
	    "eu-west-1");
	place_is(SDK("sqs:listQueues"), "cn-north-1", "/",
	    "https://sqs.cn-north-1.amazonaws.com.cn/", "cn-north-1");
	place_is(SDK("cloudwatch:listMetrics"), "eu-west-1", "/",
	    "https://monitoring.eu-west-1.amazonaws.com/", "eu-west-1");
	place_is(SDK("ecr:describeImages"), "eu-west-1", "/",
	    "https://api.ecr.eu-west-1.amazonaws.com/", "eu-west-1");
	place_is(SDK("iam:listUsers"), "eu-west-1", "/", "https://iam.amazonaws.com/", "us-east-1");
	place_is(SDK("sfn:startSyncExecution"), "eu-west-1", "/",
	    "https://sync-states.eu-west-1.amazonaws.com/", "eu-west-1");
	place_is(SDK("s3:listBuckets"), "eu-west-1", "/", "https://s3.eu-west-1.amazonaws.com/",
	    "eu-west-1");
	place_is(SDK("s3:getObject"), "eu-west-1", "/my-bucket/a/b%20c",
	    "https://my-bucket.s3.eu-west-1.amazonaws.com/a/b%20c", "eu-west-1");
	place_is(SDK("s3:createBucket"), "eu-west-1", "/my-bucket",
	    "https://my-bucket.s3.eu-west-1.amazonaws.com/", "eu-west-1");
	place_is(SDK("s3:getObject"), "eu-west-1", "/Dotted.Bucket/a",
	    "https://s3.eu-west-1.amazonaws.com/Dotted.Bucket/a", "eu-west-1");
	assert_false(aws_place_at_amazon(&nobody, &t));
}

/* --- signatures, times ------------------------------------------------------------------------------------ */

static void
a_signature_is_that_of_awss_example(void **state)
{
	struct aws_keys keys = { .id = (char *)(uintptr_t) "AKIDEXAMPLE",
		.secret = (char *)(uintptr_t) "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
	const struct aws_signing s = { .keys = &keys,
		.service = "service",
		.region = "us-east-1",
		.host = "example.amazonaws.com",
		.path = "/",
		.now_ms = 1440938160000 };
	struct aws_request r = { .method = "GET" };

	(void)state;
	aws_sign(&r, &s);
	assert_string_equal(header_of(&r, "Authorization"),
	    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	    "SignedHeaders=host;x-amz-date, "
	    "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	aws_request_fini(&r);
}

static void
time_is(const char *text, enum aws_time_style style, const char *want)
{
	int64_t ms = -1;
	char *got;

	assert_true(aws_time_read(text, &ms));
	got = aws_time_write(ms, style);
	assert_string_equal(got, want);
	free(got);
}

static void
times_are_read_and_written_in_three_styles(void **state)
{
	int64_t ms;

	(void)state;
	time_is("2024-01-02T03:04:05Z", AWS_TIME_EPOCH, "1704164645");
	time_is("2024-01-02T03:04:05.250+02:00", AWS_TIME_ISO, "2024-01-02T01:04:05.250Z");
	time_is("1704164645.5", AWS_TIME_ISO, "2024-01-02T03:04:05.500Z");
	time_is("1704164645.5", AWS_TIME_EPOCH, "1704164645.500");
	time_is("Tue, 02 Jan 2024 03:04:05 GMT", AWS_TIME_ISO, "2024-01-02T03:04:05Z");
	time_is("1704164645", AWS_TIME_HTTP, "Tue, 02 Jan 2024 03:04:05 GMT");
	time_is("-0.5", AWS_TIME_ISO, "1969-12-31T23:59:59.500Z");
	assert_false(aws_time_read("yesterday", &ms));
	assert_false(aws_time_read("2024-01-02T03:04:05?", &ms));
	assert_false(aws_time_read("", &ms));
	assert_false(aws_time_read("1e300", &ms));
	assert_false(aws_time_read("nan", &ms));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_service_of_the_table_can_be_read),
		cmocka_unit_test(actions_and_members_are_found_as_step_functions_spells_them),
		cmocka_unit_test(json_has_the_apis_case_and_types),
		cmocka_unit_test(parameters_that_do_not_exist_or_fit_are_said_to),
		cmocka_unit_test(forms_number_lists_and_maps),
		cmocka_unit_test(ec2_has_names_and_lists_of_its_own),
		cmocka_unit_test(rest_puts_members_where_they_belong),
		cmocka_unit_test(xml_is_written_with_its_namespace),
		cmocka_unit_test(json_answers_are_spelled_as_the_kind_of_task_does),
		cmocka_unit_test(xml_answers_become_lists_numbers_and_truths),
		cmocka_unit_test(headers_of_an_answer_are_members),
		cmocka_unit_test(answers_that_are_not_what_the_service_sends_are_refused),
		cmocka_unit_test(xml_is_not_read_deeper_than_its_limit),
		cmocka_unit_test(errors_have_the_words_of_the_sdks),
		cmocka_unit_test(s3_may_fail_with_status_200),
		cmocka_unit_test(resources_that_are_not_known_are_said_to_be),
		cmocka_unit_test(jobs_are_looked_at_and_stopped_by_what_their_submission_answered),
		cmocka_unit_test(the_state_of_a_job_is_read_from_its_description),
		cmocka_unit_test(aws_has_hosts_by_service_and_region),
		cmocka_unit_test(a_signature_is_that_of_awss_example),
		cmocka_unit_test(times_are_read_and_written_in_three_styles),
	};
	int rc;

	fixture_init(&f, "");
	module.host = f.host;
	plugin_table_init(&module.table);
	models = aws_models_new();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	aws_models_free(models);
	fixture_fini(&f);
	return rc;
}
