#!/usr/bin/python3
"""test_aws - tasks of the plugin aws against an endpoint that speaks AWS's protocols."""

import functools
import json

import fakeaws
import pawltest
from pawltest import check, contains, equal, wait_for

KEYS = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
ACCOUNT, REGION = "111111111111", "us-east-1"
ROLE = "arn:aws:iam::111111111111:role/test"
ATTEMPT = " (SDK Attempt Count: 1)"


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def endpoint():
    return fakeaws.Endpoint(KEYS)


def pawld(**options):
    key, secret = next(iter(KEYS.items()))
    one = pawltest.Pawld(database=database().new_database(), account_id=ACCOUNT, region=REGION,
                         **{"aws_endpoint": endpoint().url, "aws_access_key_id": key,
                            "aws_secret_access_key": secret, **options}, start=False)
    one.keep_plugins("aws", "echo", "http", "lambda", "queue")      # DynamoDB is the endpoint's
    return one.start()


@functools.cache
def daemon():
    return pawld()


def machine_of(daemon_, resource, parameters, **members):
    if not resource.startswith("arn:"):
        resource = "arn:aws:states:::" + resource
    machine_of.n += 1
    return daemon_.client().create(f"m{machine_of.n}", {"StartAt": "Call", "States": {"Call": {
        "Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **members}}})


machine_of.n = 0


def run(resource, parameters, of=None, **members):
    """The end of an execution that is one task."""
    of = of or daemon()
    return of.client().run(machine_of(of, resource, parameters, **members))


def output(resource, parameters, of=None, **members):
    end = run(resource, parameters, of, **members)
    equal(end["status"], "SUCCEEDED", f"status of {resource} ({end.get('error')}: {end.get('cause')})")
    return json.loads(end["output"])


def failure(resource, parameters, of=None, **members):
    end = run(resource, parameters, of, **members)
    equal(end["status"], "FAILED", f"status of {resource} ({end.get('output')})")
    return end["error"], end["cause"]


def request_of(cause):
    return cause.partition("Request ID: ")[2].partition(")")[0].partition(";")[0].partition(",")[0]


# --- JSON ----------------------------------------------------------------------------------


@check("aws-sdk tasks have the members of the answer, optimized ones the two blocks as well")
def _():
    endpoint().call("dynamodb", "CreateTable", {"TableName": "t", "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"}]})
    item = {"id": {"S": "1"}, "n": {"N": "12345678901234567890"}, "b": {"B": "AAEC"}}
    equal(output("aws-sdk:dynamodb:putItem", {"TableName": "t", "Item": item}), {})
    equal(output("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
          {"Item": item})
    equal(output("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "2"}}}), {})
    got = output("dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}})
    equal(set(got), {"Item", "SdkHttpMetadata", "SdkResponseMetadata"})
    equal(got["SdkHttpMetadata"]["HttpStatusCode"], 200)
    equal(got["SdkHttpMetadata"]["AllHttpHeaders"]["Server"], ["Server"])
    equal(len(got["SdkResponseMetadata"]["RequestId"]), 36)
    got = output("aws-sdk:dynamodb:describeTable", {"TableName": "t"})
    equal(got["Table"]["CreationDateTime"], "2020-09-13T12:26:40.250Z")


@check("errors have the names of the SDK that each kind of task uses")
def _():
    error, cause = failure("aws-sdk:dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}})
    equal(error, "DynamoDb.ResourceNotFoundException")
    equal(cause, "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: "
          f"{request_of(cause)}){ATTEMPT}")
    error, cause = failure("dynamodb:getItem", {"TableName": "none", "Key": {"id": {"S": "1"}}})
    equal(error, "DynamoDB.ResourceNotFoundException")
    equal(cause, "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error "
          f"Code: ResourceNotFoundException; Request ID: {request_of(cause)}; Proxy: null)")
    equal(failure("aws-sdk:dynamodb:putItem", {"TableName": "t", "Item": None})[0],
          "DynamoDb.DynamoDbException")
    equal(failure("dynamodb:putItem", {"TableName": "t", "Item": None})[0],
          "DynamoDB.AmazonDynamoDBException")
    error, cause = failure("sqs:sendMessage", {"QueueUrl": "http://x/1/none", "MessageBody": "x"})
    equal(error, "SQS.QueueDoesNotExistException")
    contains(cause, "Error Code: AWS.SimpleQueueService.NonExistentQueue;")


@check("sns:publish goes by the query protocol, an object is sent as its JSON")
def _():
    topic = endpoint().call("sns", "CreateTopic", {"Name": "news"})["TopicArn"]
    got = output("sns:publish", {"TopicArn": topic, "Message": {"a": [1, "é&="]}, "MessageAttributes": {
        "k": {"DataType": "String", "StringValue": "v"}}})
    equal(set(got), {"MessageId", "SdkHttpMetadata", "SdkResponseMetadata"})
    target, sent = endpoint().world.services["sns"].published[-1]
    equal((target, json.loads(sent["Message"])), (topic, {"a": [1, "é&="]}))
    equal(sent["MessageAttributes"], {"k": {"DataType": "String", "StringValue": "v"}})
    equal(output("aws-sdk:sns:listTopics", {}), {"Topics": [{"TopicArn": topic}]})
    error, cause = failure("aws-sdk:sns:publish", {"TopicArn": topic + "x", "Message": "m"})
    equal(error, "Sns.NotFoundException")
    contains(cause, "Topic does not exist (Service: Sns, Status Code: 404, Request ID: ")


@check("S3: objects, lists, copies, and what is not there")
def _():
    equal(output("aws-sdk:s3:createBucket", {"Bucket": "b1"}), {"Location": "/b1"})
    got = output("aws-sdk:s3:putObject", {"Bucket": "b1", "Key": "a dir/ü+1.txt", "Body": {"x": 1},
                                          "Metadata": {"colour": "red"}})
    equal(set(got), {"ChecksumCRC32", "ChecksumType", "ETag", "ServerSideEncryption"})
    got = output("aws-sdk:s3:getObject", {"Bucket": "b1", "Key": "a dir/ü+1.txt"})
    equal((got["Body"], got["ContentLength"], got["ContentType"], got["Metadata"]),
          ('{"x":1}', 7, "text/plain; charset=UTF-8", {"colour": "red"}))
    endpoint().call("s3", "PutObject", {"Bucket": "b1", "Key": "bin", "Body": b"\xff\x00\xfe"})
    equal(output("aws-sdk:s3:getObject", {"Bucket": "b1", "Key": "bin"})["Body"], "/wD+")
    equal(output("aws-sdk:s3:headObject", {"Bucket": "b1", "Key": "bin"})["ContentLength"], 3)
    got = output("aws-sdk:s3:copyObject", {"Bucket": "b1", "Key": "copy", "CopySource": "b1/bin"})
    equal(got["CopyObjectResult"]["LastModified"], "2024-01-02T03:04:05Z")
    got = output("aws-sdk:s3:listObjectsV2", {"Bucket": "b1", "MaxKeys": 2})
    equal(([c["Key"] for c in got["Contents"]], got["IsTruncated"], got["KeyCount"]),
          (["a dir/ü+1.txt", "bin"], True, 2))
    equal(got["Contents"][1]["Size"], 3)
    got = output("aws-sdk:s3:deleteObjects", {"Bucket": "b1", "Delete": {"Objects": [
        {"Key": "bin"}, {"Key": "copy"}]}})
    equal(got, {"Deleted": [{"Key": "bin"}, {"Key": "copy"}]})
    equal([b["Name"] for b in output("aws-sdk:s3:listBuckets", {})["Buckets"]], ["b1"])
    error, cause = failure("aws-sdk:s3:getObject", {"Bucket": "b1", "Key": "none"})
    equal(error, "S3.NoSuchKeyException")
    contains(cause, "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ")
    contains(cause, ", Extended Request ID: ext/")
    equal(failure("aws-sdk:s3:headObject", {"Bucket": "b1", "Key": "none"})[0], "S3.S3Exception")
    equal(failure("aws-sdk:s3:deleteObject", {"Bucket": "b1"}),
          ("States.Runtime", "The Parameters '{\"Bucket\":\"b1\"}' could not be used to start the Task: "
           "[The field 'Key' is required but was missing]"))


@check("REST with JSON: path, query and body, and a client token where the API has one")
def _():
    schedule = {"Name": "a:b (c)", "ScheduleExpression": "rate(1 hour)", "StartDate": "2024-01-02T03:04:05Z",
                "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": "arn:x", "Input": {"a": 1}}}
    contains(output("aws-sdk:scheduler:createSchedule", schedule)["ScheduleArn"], "/a:b (c)")
    stored = endpoint().world.services["scheduler"].schedules["a:b (c)"]
    equal((len(stored["ClientToken"]), stored["StartDate"], stored["Target"]["Input"]),
          (36, 1704164645, '{"a":1}'))
    got = output("aws-sdk:scheduler:getSchedule", {"Name": "a:b (c)"})
    equal((got["CreationDate"], got["StartDate"]), ("2023-11-14T22:13:20.500Z", "2024-01-02T03:04:05Z"))
    equal(output("aws-sdk:scheduler:listSchedules", {"NamePrefix": "a:b", "GroupName": "g&=h"}),
          {"Schedules": [{"Name": "a:b (c)"}]})
    error, cause = failure("aws-sdk:scheduler:getSchedule", {"Name": "none"})
    equal(error, "Scheduler.ResourceNotFoundException")
    contains(cause, "Schedule none does not exist. (Service: Scheduler, Status Code: 404, Request ID: ")
    equal(failure("aws-sdk:scheduler:createSchedule", schedule)[0], "Scheduler.ConflictException")


# --- where calls go --------------------------------------------------------------------------


@check("without an endpoint and credentials a task says which option to set")
def _():
    with pawld(aws_endpoint="", aws_access_key_id="", aws_secret_access_key="") as alone:
        error, cause = failure("aws-sdk:s3:listBuckets", {}, alone)
        equal(error, "States.Runtime")
        contains(cause, "plugins.aws.endpoints.s3")
        error, cause = failure("aws-sdk:kinesis:listStreams", {}, alone)
        equal(error, "States.Runtime")
        contains(cause, "plugins.aws.endpoints.kinesis")


@check("services have endpoints of their own, keys come from the plugin's options or the environment")
def _():
    key, secret = next(iter(KEYS.items()))
    config = (f'plugins = {{ aws = {{ endpoints = {{ secretsmanager = "{endpoint().url}/" }}, '
              f'access_key_id = "{key}", secret_access_key = "{secret}" }} }}')
    with pawld(config=config, aws_endpoint="http://127.0.0.1:1", aws_access_key_id="AKIDOTHER",
               aws_secret_access_key="wrong") as one:
        equal(output("aws-sdk:secretsmanager:listSecrets", {}, one), {"SecretList": []})
        error, cause = failure("aws-sdk:s3:listBuckets", {}, one)
        equal(error, "S3.SdkClientException")
        contains(cause, "Unable to execute HTTP request: 127.0.0.1:1: ")
    with pawld(aws_access_key_id="", aws_secret_access_key="",
               environment={"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}) as two:
        output("aws-sdk:s3:listBuckets", {}, two)
        equal(failure("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "none"}, two)[0],
              "SecretsManager.ResourceNotFoundException")
    with pawld(config='plugins = { aws = { endpoints = { s3 = "localhost:9000" } } }') as three:
        error, cause = failure("aws-sdk:s3:listBuckets", {}, three)
        equal((error, cause), ("States.Runtime", "plugins.aws.endpoints.s3 is 'localhost:9000': it must be "
                               "a URL that begins with http:// or https://"))


@check("a wrong key is refused in the words of the service")
def _():
    with pawld(aws_secret_access_key="wrong") as one:
        equal(failure("aws-sdk:s3:listBuckets", {}, one)[0], "S3.S3Exception")
        error, cause = failure("dynamodb:getItem", {"TableName": "t", "Key": {}}, one)
        equal(error, "DynamoDB.AmazonDynamoDBException")
        contains(cause, "Error Code: InvalidSignatureException;")


@check("aws-sdk:sfn is this pawld, whatever aws_endpoint says")
def _():
    got = output("aws-sdk:sfn:listStateMachines", {"MaxResults": 1})
    contains(got["StateMachines"][0]["StateMachineArn"], f":states:{REGION}:{ACCOUNT}:stateMachine:")
    contains(got["StateMachines"][0]["CreationDate"], "T")
    error, cause = failure("aws-sdk:sfn:describeExecution", {
        "ExecutionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:none:none"})
    equal(error, "Sfn.ExecutionDoesNotExistException")
    contains(cause, "(Service: Sfn, Status Code: 400, Request ID: ")


@check("calls of this pawld are signed with one of its own keys")
def _():
    with pawld(config='access_keys = { OURKEY = "our secret" }',
               keys={"OURKEY": "our secret"}) as one:
        output("aws-sdk:sfn:listStateMachines", {}, one)


# --- roles -----------------------------------------------------------------------------------


@check("a state's role is assumed once, and its keys are used until they expire")
def _():
    sts = endpoint().world.services["sts"]
    role = {"RoleArn": "arn:aws:iam::222222222222:role/other"}
    for _ in range(3):
        output("aws-sdk:s3:listBuckets", {}, Credentials=role)
    equal(sts.assumed, [role["RoleArn"]])
    contains(endpoint().requests[-1][2]["Authorization"], "Credential=ASIA")
    sts.lifetime = 240                  # as good as over
    short = {"RoleArn": "arn:aws:iam::222222222222:role/short"}
    for _ in range(2):
        output("aws-sdk:s3:listBuckets", {}, Credentials=short)
    sts.lifetime = 3600
    equal(sts.assumed[1:], [short["RoleArn"]] * 2)


@check("tasks that need the same role at the same time ask for it together")
def _():
    sts = endpoint().world.services["sts"]
    before = len(sts.assumed)
    role = {"RoleArn": "arn:aws:iam::222222222222:role/together"}
    machine = machine_of(daemon(), "aws-sdk:s3:listBuckets", {}, Credentials=role)
    with sts.lock:                      # STS is slow
        runs = [daemon().client().start(machine) for _ in range(5)]
        endpoint().wait(lambda: any(b"together" in r[3] for r in endpoint().requests))
    for one in runs:
        equal(daemon().client().wait(one)["status"], "SUCCEEDED")
    equal(len(sts.assumed), before + 1)


@check("a role that may not be assumed is States.Permissions")
def _():
    role = "arn:aws:iam::222222222222:role/forbidden"
    error, cause = failure("aws-sdk:s3:listBuckets", {}, Credentials={"RoleArn": role})
    equal(error, "States.Permissions")
    contains(cause, f"The role {role} cannot be assumed: User: ")


# --- events --------------------------------------------------------------------------------------


@check("events:putEvents names the machine and the execution; an entry that fails fails the task")
def _():
    events = endpoint().world.services["events"]
    entry = {"Source": "s", "DetailType": "d", "Detail": {"a": 1}, "Resources": ["arn:x"]}
    got = output("events:putEvents", {"Entries": [entry]})
    equal(set(got), {"Entries", "FailedEntryCount"})
    sent = events.put[-1]
    equal((sent["Detail"], sent["Resources"][0]), ('{"a":1}', "arn:x"))
    contains(sent["Resources"][1], ":stateMachine:")
    contains(sent["Resources"][2], ":execution:")
    error, cause = failure("events:putEvents", {"Entries": [entry, {**entry, "Detail": "no"}]})
    equal(error, "EventBridge.FailedEntry")
    equal(json.loads(cause)["FailedEntryCount"], 1)


# --- jobs --------------------------------------------------------------------------------------------


def ecs():
    return endpoint().world.services["ecs"]


def start_job(of, definition="web", **members):
    """Starts ecs:runTask.sync; (execution, ARN of its ECS task)."""
    before = len(ecs().tasks)
    machine = machine_of(of, "ecs:runTask.sync", {"TaskDefinition": definition, "Cluster": "c"}, **members)
    execution = of.client().start(machine)
    endpoint().wait(lambda: len(ecs().tasks) > before)
    return execution, list(ecs().tasks)[-1]


def is_submitted(of, execution):
    return any(e["type"] == "TaskSubmitted" for e in of.client().history(execution))


@functools.cache
def jobber():
    return pawld(config='plugins = { aws = { poll_interval = "50ms" } }')


@check(".sync waits for the job and answers with its description")
def _():
    execution, arn = start_job(jobber())
    wait_for(lambda: is_submitted(jobber(), execution))
    equal(ecs().runs[-1]["startedBy"], "AWS Step Functions")
    equal(jobber().client().describe(execution)["status"], "RUNNING")
    ecs().end(arn, 0)
    end = jobber().client().wait(execution)
    equal(end["status"], "SUCCEEDED")
    got = json.loads(end["output"])
    equal((got["TaskArn"], got["LastStatus"], got["Containers"][0]["ExitCode"]), (arn, "STOPPED", 0))
    equal(type(got["StoppedAt"]), int)
    events = jobber().client().history(execution)
    submitted = next(e for e in events if e["type"] == "TaskSubmitted")["taskSubmittedEventDetails"]
    equal(set(json.loads(submitted["output"])), {"Failures", "Tasks", "SdkHttpMetadata",
                                                 "SdkResponseMetadata"})


@check("a job that fails is States.TaskFailed with its description, one that cannot begin AmazonECS.Unknown")
def _():
    execution, arn = start_job(jobber())
    ecs().end(arn, 3)
    end = jobber().client().wait(execution)
    equal((end["error"], json.loads(end["cause"])["Containers"][0]["ExitCode"]), ("States.TaskFailed", 3))
    error, cause = failure("ecs:runTask.sync", {"TaskDefinition": "too-big"}, jobber())
    equal((error, json.loads(cause)["Failures"][0]["Reason"]), ("AmazonECS.Unknown", "RESOURCE:MEMORY"))
    equal(failure("ecs:runTask.sync", {"TaskDefinition": "missing"}, jobber())[0], "ECS.ClientException")
    error, cause = failure("eks:tagResource.sync", {"ResourceArn": "c"}, jobber())
    equal(error, "States.Runtime")
    contains(cause, "cannot wait for what the resource 'arn:aws:states:::eks:tagResource.sync' begins")


@check("a job is stopped with its execution, and when its task times out")
def _():
    execution, arn = start_job(jobber())
    wait_for(lambda: is_submitted(jobber(), execution))
    jobber().client().call("StopExecution", executionArn=execution)
    endpoint().wait(lambda: ecs().tasks[arn]["shown"]["lastStatus"] == "STOPPED")
    execution, arn = start_job(jobber(), TimeoutSeconds=1)
    equal(jobber().client().wait(execution)["error"], "States.Timeout")
    endpoint().wait(lambda: ecs().tasks[arn]["shown"]["lastStatus"] == "STOPPED")


@check("after kill -9 a job is looked at again and not begun again; a quiet end does not stop it")
def _():
    with pawld(config='plugins = { aws = { poll_interval = "50ms" } }') as one:
        execution, arn = start_job(one)
        wait_for(lambda: is_submitted(one, execution))
        nruns = len(ecs().runs)
        one.kill()
        one.start()
        equal(one.client().describe(execution)["status"], "RUNNING")
        one.stop()
        equal(ecs().tasks[arn]["shown"]["lastStatus"], "PROVISIONING")
        one.start()
        ecs().end(arn, 0)
        equal(one.client().wait(execution)["status"], "SUCCEEDED")
        equal(len(ecs().runs), nruns)
        equal(sum(e["type"] == "TaskSubmitted" for e in one.client().history(execution)), 1)


@check("a look that fails for a moment is made again")
def _():
    execution, arn = start_job(jobber())
    wait_for(lambda: is_submitted(jobber(), execution))
    ecs().broken = 3
    endpoint().wait(lambda: ecs().broken == 0)
    ecs().end(arn, 0)
    equal(jobber().client().wait(execution)["status"], "SUCCEEDED")


def emr():
    return endpoint().world.services["emr"]


def eks():
    return endpoint().world.services["eks"]


def begun(resource, parameters, what):
    """An execution of a .sync task, when what() is there."""
    execution = jobber().client().start(machine_of(jobber(), resource, parameters))
    endpoint().wait(what)
    wait_for(lambda: is_submitted(jobber(), execution))
    return execution


CLUSTER = {"Name": "C", "Instances": {"KeepJobFlowAliveWhenNoSteps": True}, "ServiceRole": "r", "JobFlowRole": "r"}


@check("elasticmapreduce: a cluster is created, gets steps and is terminated; each is waited for")
def _():
    got = output("elasticmapreduce:createCluster", CLUSTER)
    equal(set(got), {"ClusterId", "SdkHttpMetadata", "SdkResponseMetadata"})
    equal(emr().clusters[got["ClusterId"]], {**CLUSTER})
    before = len(emr().clusters)
    execution = begun("elasticmapreduce:createCluster.sync", CLUSTER, lambda: len(emr().clusters) > before)
    cluster = list(emr().clusters)[-1]
    emr().states[cluster] = "RUNNING"
    equal(jobber().client().describe(execution)["status"], "RUNNING")
    emr().states[cluster] = "WAITING"
    equal(json.loads(jobber().client().wait(execution)["output"])["Cluster"]["Status"]["State"], "WAITING")
    step = {"Name": "S", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["x"]}}
    got = output("elasticmapreduce:addStep", {"ClusterId": cluster, "Step": step})
    equal(emr().steps[got["StepId"]], (cluster, step))
    got = output("elasticmapreduce:cancelStep", {"ClusterId": cluster, "StepId": got["StepId"]})
    equal(got["CancelStepsInfo"]["Status"], "SUBMITTED")
    for state, status in (("COMPLETED", "SUCCEEDED"), ("FAILED", "FAILED")):
        before = len(emr().steps)
        execution = begun("elasticmapreduce:addStep.sync", {"ClusterId": cluster, "Step": step},
                          lambda: len(emr().steps) > before)      # pylint: disable=cell-var-from-loop
        emr().states[list(emr().steps)[-1]] = state
        end = jobber().client().wait(execution)
        equal((end["status"], end.get("error")), (status, None if status == "SUCCEEDED" else "States.TaskFailed"))
        equal(json.loads(end.get("output") or end["cause"])["Step"]["Status"]["State"], state)
    equal(set(output("elasticmapreduce:setClusterTerminationProtection", {"ClusterId": cluster, "TerminationProtected": False})),
          {"SdkHttpMetadata", "SdkResponseMetadata"})
    equal(emr().calls[-1], ("SetTerminationProtection", {"JobFlowIds": [cluster], "TerminationProtected": False}))
    execution = begun("elasticmapreduce:terminateCluster.sync", {"ClusterId": cluster},
                      lambda: emr().states[cluster] == "TERMINATING")
    emr().states[cluster] = "TERMINATED"
    equal(json.loads(jobber().client().wait(execution)["output"])["Cluster"]["Id"], cluster)


@check("elasticmapreduce: what is changed by name is found on any page; what is wrong is said")
def _():
    cluster = output("elasticmapreduce:createCluster", CLUSTER)["ClusterId"]
    output("elasticmapreduce:modifyInstanceFleetByName", {
        "ClusterId": cluster, "InstanceFleetName": "d", "InstanceFleet": {"TargetSpotCapacity": 3}})
    equal(emr().calls[-1], ("ModifyInstanceFleet", {"ClusterId": cluster, "InstanceFleet": {
        "InstanceFleetId": "if-4", "TargetSpotCapacity": 3}}))
    output("elasticmapreduce:modifyInstanceGroupByName", {
        "ClusterId": cluster, "InstanceGroupName": "b", "InstanceGroup": {"InstanceCount": 8}})
    equal(emr().calls[-1], ("ModifyInstanceGroups", {"ClusterId": cluster, "InstanceGroups": [
        {"InstanceGroupId": "ig-2", "InstanceCount": 8}]}))
    ncalls = len(emr().calls)
    for resource, parameters, error, part in (
            ("modifyInstanceGroupByName", {"ClusterId": cluster, "InstanceGroupName": "z", "InstanceGroup": {}},
             "ElasticMapReduce.InvalidRequestException", "none of that name"),
            ("modifyInstanceFleetByName", {"ClusterId": "j-none", "InstanceFleetName": "a", "InstanceFleet": {}},
             "ElasticMapReduce.InvalidRequestException", "is not valid"),
            ("modifyInstanceFleetByName", {"ClusterId": cluster, "InstanceFleet": {}}, "States.Runtime",
             "'InstanceFleetName' is required but was missing"),
            ("addStep", {"ClusterId": cluster, "Steps": []}, "States.Runtime", '"Steps" is not supported'),
            ("createCluster", {**CLUSTER, "Steps": []}, "States.Runtime", '"Steps" is not supported'),
            ("createCluster", {"Name": "C", "Instances": {}}, "States.Runtime", "KeepJobFlowAliveWhenNoSteps' must be true"),
            ("createCluster", {**CLUSTER, "Nonsense": 1}, "States.Runtime", '"Nonsense" is not supported')):
        got, cause = failure("elasticmapreduce:" + resource, parameters)
        equal(got, error, cause)
        contains(cause, part)
    equal(len(emr().calls), ncalls, "calls")


@check("elasticmapreduce: a cluster or step whose execution is stopped is stopped as well")
def _():
    before = len(emr().clusters)
    execution = begun("elasticmapreduce:createCluster.sync", CLUSTER, lambda: len(emr().clusters) > before)
    cluster = list(emr().clusters)[-1]
    jobber().client().call("StopExecution", executionArn=execution)
    endpoint().wait(lambda: emr().states[cluster] == "TERMINATING")
    before = len(emr().steps)
    execution = begun("elasticmapreduce:addStep.sync", {"ClusterId": cluster, "Step": {
        "Name": "S", "HadoopJarStep": {"Jar": "x"}}}, lambda: len(emr().steps) > before)
    step = list(emr().steps)[-1]
    jobber().client().call("StopExecution", executionArn=execution)
    endpoint().wait(lambda: emr().states[step] == "CANCELLED")


@check("eks: clusters and node groups are waited for until they are there, and until they are gone")
def _():
    group = {"ClusterName": "k", "NodegroupName": "g"}
    for resource, parameters, name, kind in (
            ("Cluster", {"Name": "k", "RoleArn": "r", "ResourcesVpcConfig": {}}, "k/", "Cluster"),
            ("Nodegroup", {**group, "NodeRole": "r", "Subnets": ["s"]}, "k/g", "Nodegroup")):
        execution = begun(f"eks:create{resource}.sync", parameters, lambda: name in eks().things)
        eks().things[name] = "ACTIVE"
        equal(json.loads(jobber().client().wait(execution)["output"])[kind]["Status"], "ACTIVE")
    for resource, parameters, name, kind in (("Nodegroup", group, "k/g", "Nodegroup"), ("Cluster", {"Name": "k"}, "k/", "Cluster")):
        execution = begun(f"eks:delete{resource}.sync", parameters, lambda: eks().things[name] == "DELETING")
        equal(jobber().client().describe(execution)["status"], "RUNNING")
        del eks().things[name]
        end = jobber().client().wait(execution)
        equal((end["status"], end.get("cause")), ("SUCCEEDED", None))
        equal(json.loads(end["output"])[kind]["Status"], "DELETING", "as it was when its deletion began")
    equal(failure("eks:deleteCluster.sync", {"Name": "k"}, jobber())[0], "EKS.ResourceNotFoundException")
    for verb in ("call", "runJob"):
        error, cause = failure(f"eks:{verb}", {"ClusterName": "k"})
        equal(error, "States.Runtime")
        contains(cause, f"eks:{verb} speaks to the API server of a Kubernetes cluster")


if __name__ == "__main__":
    pawltest.main()
