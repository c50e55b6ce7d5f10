"""fakeaws_services - services of AWS in memory, as far as tasks of the tests use them.

An action is a method named as in the API that takes the parameters and returns the
result, both as the JSON protocol has them. Fault is what a service refuses with.
"""

import base64
import collections
import hashlib
import json
import re
import threading
import time
import uuid
import zlib

ACCOUNT, REGION = "111111111111", "us-east-1"


class Fault(Exception):
    """code: of the JSON protocol; query: what the query protocol calls it."""

    def __init__(self, code, message, status=400, query=None):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.query = query or code


class Service:
    """What all have: a lock that an action holds, and the way to an action."""

    shapes = ""         # before a code in __type

    def __init__(self, world):
        self.world = world
        self.lock = threading.Condition(threading.RLock())

    def perform(self, action, params):
        method = getattr(self, action, None) if action[:1].isupper() else None
        if method is None:
            raise Fault("UnknownOperationException", f"no action {action}")
        with self.lock:
            return method(params) or {}


# --- SQS ---------------------------------------------------------------------------------


class Message:
    """A message in a queue: hidden until a time."""

    def __init__(self, body, attributes, delay):
        self.body, self.attributes = body, attributes
        self.id, self.receipt = str(uuid.uuid4()), None
        self.visible_at = time.monotonic() + delay


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def attributes_digest(attributes):
    """MD5OfMessageAttributes, by AWS's rule."""
    packed = b""

    def add(data):
        return len(data).to_bytes(4, "big") + data
    for name in sorted(attributes):
        one = attributes[name]
        packed += add(name.encode()) + add(one["DataType"].encode())
        if "StringValue" in one:
            packed += b"\x01" + add(one["StringValue"].encode())
        else:
            packed += b"\x02" + add(base64.b64decode(one["BinaryValue"]))
    return hashlib.md5(packed).hexdigest()


class Sqs(Service):
    shapes = "com.amazonaws.sqs#"

    def __init__(self, world):
        super().__init__(world)
        self.queues = {}        # name -> [Message]

    def queue(self, params):
        url = params.get("QueueUrl")
        if not url:
            raise Fault("MissingRequiredParameterException",
                        "The request must contain the parameter QueueUrl.", query="MissingParameter")
        name = url.rpartition("/")[2]
        if name not in self.queues:
            raise Fault("QueueDoesNotExist", "The specified queue does not exist.",
                        query="AWS.SimpleQueueService.NonExistentQueue")
        return self.queues[name]

    def CreateQueue(self, params):
        self.queues.setdefault(params["QueueName"], [])
        return {"QueueUrl": f"{self.world.url}/{ACCOUNT}/{params['QueueName']}"}

    def DeleteQueue(self, params):
        self.queue(params)
        del self.queues[params["QueueUrl"].rpartition("/")[2]]

    def GetQueueAttributes(self, params):
        self.queue(params)
        name = params["QueueUrl"].rpartition("/")[2]
        return {"Attributes": {"QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}}

    def SetQueueAttributes(self, params):
        self.queue(params)

    def ListQueues(self, params):
        del params
        return {"QueueUrls": [f"{self.world.url}/{ACCOUNT}/{name}" for name in self.queues]}

    def SendMessage(self, params):
        queue = self.queue(params)
        body = params.get("MessageBody")
        if not body:
            raise Fault("MissingRequiredParameterException",
                        "The request must contain the parameter MessageBody.",
                        query="MissingParameter")
        attributes = params.get("MessageAttributes") or {}
        message = Message(body, attributes, int(params.get("DelaySeconds", 0)))
        queue.append(message)
        self.lock.notify_all()
        result = {"MD5OfMessageBody": md5(body), "MessageId": message.id}
        if attributes:
            result["MD5OfMessageAttributes"] = attributes_digest(attributes)
        return result

    def ReceiveMessage(self, params):
        deadline = time.monotonic() + int(params.get("WaitTimeSeconds", 0))
        hidden = int(params.get("VisibilityTimeout", 30))
        while True:
            now = time.monotonic()
            found = [m for m in self.queue(params) if m.visible_at <= now][
                :int(params.get("MaxNumberOfMessages", 1))]
            if found or now >= deadline:
                break
            self.lock.wait(deadline - now)
        for message in found:
            message.visible_at, message.receipt = now + hidden, str(uuid.uuid4())
        shown = [{"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body,
                  "MD5OfBody": md5(m.body),
                  **({"MessageAttributes": m.attributes} if m.attributes else {})} for m in found]
        return {"Messages": shown} if shown else {}

    def DeleteMessage(self, params):
        queue = self.queue(params)
        queue[:] = [m for m in queue if m.receipt != params["ReceiptHandle"]]


# --- SNS ---------------------------------------------------------------------------------


class Sns(Service):
    def __init__(self, world):
        super().__init__(world)
        self.topics = {}        # ARN -> [(protocol, endpoint)]
        self.published = []     # (target, parameters)

    def CreateTopic(self, params):
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{params['Name']}"
        self.topics.setdefault(arn, [])
        return {"TopicArn": arn}

    def DeleteTopic(self, params):
        self.topics.pop(params["TopicArn"], None)

    def ListTopics(self, params):
        del params
        return {"Topics": [{"TopicArn": arn} for arn in self.topics]}

    def Subscribe(self, params):
        self.topics[params["TopicArn"]].append((params["Protocol"], params["Endpoint"]))
        return {"SubscriptionArn": f"{params['TopicArn']}:{uuid.uuid4()}"}

    def Publish(self, params):
        target = params.get("TopicArn") or params.get("TargetArn") or params.get("PhoneNumber")
        if not target:
            raise Fault("InvalidParameter",
                        "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")
        if not params.get("Message"):
            raise Fault("InvalidParameter", "Invalid parameter: Empty message")
        if target.startswith("arn:") and target not in self.topics:
            raise Fault("NotFound", "Topic does not exist", 404)
        message_id = str(uuid.uuid4())
        self.published.append((target, params))
        for protocol, endpoint in self.topics.get(target, ()):
            if protocol == "sqs":
                self.world.services["sqs"].perform("SendMessage", {
                    "QueueUrl": endpoint.replace(":", "/"),
                    "MessageBody": json.dumps({"Type": "Notification", "MessageId": message_id,
                                               "TopicArn": target, "Message": params["Message"]})})
        return {"MessageId": message_id}


# --- DynamoDB ------------------------------------------------------------------------------


class Dynamodb(Service):
    shapes = "com.amazonaws.dynamodb.v20120810#"

    def __init__(self, world):
        super().__init__(world)
        self.tables = {}        # name -> (key names, {key: item})

    @staticmethod
    def check(params, *members):
        problems = []
        if not re.fullmatch(r"[a-zA-Z0-9_.-]+", params.get("TableName") or ""):
            problems.append(f"Value '{params.get('TableName')}' at 'tableName' failed to satisfy "
                            "constraint: Member must satisfy regular expression pattern: "
                            "[a-zA-Z0-9_.-]+")
        for member in members:
            if params.get(member) is None:
                problems.append(f"Value null at '{member[0].lower() + member[1:]}' failed to satisfy "
                                "constraint: Member must not be null")
        if problems:
            plural = "" if len(problems) == 1 else "s"
            raise Fault("ValidationException", f"{len(problems)} validation error{plural} detected: "
                        + "; ".join(problems))

    def table(self, params):
        if params["TableName"] not in self.tables:
            raise Fault("ResourceNotFoundException", "Requested resource not found")
        return self.tables[params["TableName"]]

    def CreateTable(self, params):
        names = [k["AttributeName"] for k in params["KeySchema"]]
        self.tables[params["TableName"]] = (names, {})
        return {"TableDescription": {"TableName": params["TableName"], "TableStatus": "ACTIVE",
                                     "CreationDateTime": 1.6e9}}

    def DescribeTable(self, params):
        names, items = self.table(params)
        return {"Table": {"TableName": params["TableName"], "TableStatus": "ACTIVE",
                          "ItemCount": len(items), "CreationDateTime": 1600000000.25,
                          "KeySchema": [{"AttributeName": n, "KeyType": "HASH"} for n in names]}}

    @staticmethod
    def key_of(names, item):
        return json.dumps([item.get(n) for n in names])

    @staticmethod
    def condition(params, item):
        """attribute_exists(x) and attribute_not_exists(x), one of them."""
        text = params.get("ConditionExpression")
        if not text:
            return
        found = re.fullmatch(r"attribute_(not_)?exists\((\S+)\)", text)
        name = params.get("ExpressionAttributeNames", {}).get(found.group(2), found.group(2))
        if (name in (item or {})) == bool(found.group(1)):
            raise Fault("ConditionalCheckFailedException", "The conditional request failed")

    def PutItem(self, params):
        self.check(params, "Item")
        names, items = self.table(params)
        key = self.key_of(names, params["Item"])
        self.condition(params, items.get(key))
        old = items.get(key)
        items[key] = dict(params["Item"])
        return {"Attributes": old} if old and params.get("ReturnValues") == "ALL_OLD" else {}

    def GetItem(self, params):
        self.check(params, "Key")
        names, items = self.table(params)
        item = items.get(self.key_of(names, params["Key"]))
        return {"Item": item} if item else {}

    def DeleteItem(self, params):
        self.check(params, "Key")
        names, items = self.table(params)
        key = self.key_of(names, params["Key"])
        self.condition(params, items.get(key))
        old = items.pop(key, None)
        return {"Attributes": old} if old and params.get("ReturnValues") == "ALL_OLD" else {}

    def UpdateItem(self, params):
        """UpdateExpression: "set A=:a, #b=:b"."""
        self.check(params, "Key")
        names, items = self.table(params)
        key = self.key_of(names, params["Key"])
        self.condition(params, items.get(key))
        item = items.setdefault(key, dict(params["Key"]))
        changed = {}
        for part in re.sub(r"^\s*set\s", "", params.get("UpdateExpression", ""), flags=re.I).split(","):
            name, _, value = (word.strip() for word in part.partition("="))
            if value:
                name = params.get("ExpressionAttributeNames", {}).get(name, name)
                changed[name] = params["ExpressionAttributeValues"][value]
        item.update(changed)
        shown = {"UPDATED_NEW": changed, "ALL_NEW": item}.get(params.get("ReturnValues"))
        return {"Attributes": dict(shown)} if shown else {}

    def Scan(self, params):
        items = list(self.table(params)[1].values())
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}


# --- EventBridge -------------------------------------------------------------------------------


class Events(Service):
    def __init__(self, world):
        super().__init__(world)
        self.rules = {}         # name -> (pattern, [target ARN])
        self.put = []           # entries as they came

    def PutRule(self, params):
        pattern = params["EventPattern"]
        self.rules[params["Name"]] = (pattern if isinstance(pattern, dict) else json.loads(pattern), [])
        return {"RuleArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{params['Name']}"}

    def PutTargets(self, params):
        self.rules[params["Rule"]][1].extend(t["Arn"] for t in params["Targets"])
        return {"FailedEntryCount": 0, "FailedEntries": []}

    @staticmethod
    def problem(entry):
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                return "InvalidArgument", (f"Parameter {name} is not valid. "
                                           f"Reason: {name} is a required argument.")
        try:
            if isinstance(json.loads(entry["Detail"]), dict):
                return None
        except ValueError:
            pass
        return "MalformedDetail", "Detail is malformed."

    @staticmethod
    def matches(pattern, event):
        for name, wanted in pattern.items():
            have = event.get(name)
            if isinstance(wanted, dict):
                if not isinstance(have, dict) or not Events.matches(wanted, have):
                    return False
            elif have not in wanted:
                return False
        return True

    def PutEvents(self, params):
        shown = []
        for entry in params["Entries"]:
            self.put.append(entry)
            problem = self.problem(entry)
            if problem:
                shown.append({"ErrorCode": problem[0], "ErrorMessage": problem[1]})
                continue
            event_id = str(uuid.uuid4())
            shown.append({"EventId": event_id})
            self.deliver({"version": "0", "id": event_id, "detail-type": entry["DetailType"],
                          "source": entry["Source"], "account": ACCOUNT,
                          "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                          "region": REGION, "resources": entry.get("Resources", []),
                          "detail": json.loads(entry["Detail"])})
        return {"Entries": shown, "FailedEntryCount": sum("ErrorCode" in s for s in shown)}

    def deliver(self, event):
        for pattern, targets in self.rules.values():
            if not self.matches(pattern, event):
                continue
            for arn in targets:
                self.world.services["sqs"].perform("SendMessage", {
                    "QueueUrl": arn.replace(":", "/"), "MessageBody": json.dumps(event)})


# --- Secrets Manager -------------------------------------------------------------------------------


class Secretsmanager(Service):
    def __init__(self, world):
        super().__init__(world)
        self.secrets = {}       # name -> (text, time, ClientRequestToken)

    def arn(self, name):
        return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"

    def CreateSecret(self, params):
        name = params["Name"]
        token = params.get("ClientRequestToken")
        if name in self.secrets and self.secrets[name][2] != token:
            raise Fault("ResourceExistsException",
                        f"The operation failed because the secret {name} already exists.")
        self.secrets[name] = (params.get("SecretString"), time.time(), token)
        return {"ARN": self.arn(name), "Name": name, "VersionId": token}

    def GetSecretValue(self, params):
        if params.get("SecretId") not in self.secrets:
            raise Fault("ResourceNotFoundException",
                        "Secrets Manager can't find the specified secret.")
        text, created, _ = self.secrets[params["SecretId"]]
        return {"ARN": self.arn(params["SecretId"]), "Name": params["SecretId"],
                "SecretString": text, "CreatedDate": round(created, 3)}

    def ListSecrets(self, params):
        del params
        return {"SecretList": [{"Name": name, "ARN": self.arn(name)} for name in self.secrets]}


# --- STS ---------------------------------------------------------------------------------------------


class Sts(Service):
    def __init__(self, world):
        super().__init__(world)
        self.assumed = []       # role ARNs, in the order of calls
        self.lifetime = 3600

    def AssumeRole(self, params):
        role = params["RoleArn"]
        if "forbidden" in role:
            raise Fault("AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:user/pawl is not authorized "
                        f"to perform: sts:AssumeRole on resource: {role}", 403)
        self.assumed.append(role)
        key, secret, token = (f"ASIA{len(self.assumed):016}", uuid.uuid4().hex, uuid.uuid4().hex)
        self.world.keys[key] = (secret, token)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.lifetime))
        return {"Credentials": {"AccessKeyId": key, "SecretAccessKey": secret,
                                "SessionToken": token, "Expiration": expires},
                "AssumedRoleUser": {"AssumedRoleId": f"AROA:{params['RoleSessionName']}",
                                    "Arn": f"{role}/{params['RoleSessionName']}"}}

    def GetCallerIdentity(self, params):
        del params
        return {"UserId": "AIDA", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/pawl"}


# --- ECS -----------------------------------------------------------------------------------------------


class Ecs(Service):
    """Tasks run until somebody ends them: .end(), or StopTask."""

    def __init__(self, world):
        super().__init__(world)
        self.tasks = collections.OrderedDict()
        self.runs = []          # parameters of RunTask
        self.broken = 0         # so many calls of DescribeTasks fail

    def RunTask(self, params):
        self.runs.append(params)
        if params["taskDefinition"] == "missing":
            raise Fault("ClientException", "TaskDefinition not found.")
        if params["taskDefinition"] == "too-big":
            return {"tasks": [], "failures": [{"arn": "arn:aws:ecs:cluster", "reason": "RESOURCE:MEMORY"}]}
        token = params.get("clientToken")
        for task in self.tasks.values():
            if token and task["token"] == token:
                return {"tasks": [task["shown"]], "failures": []}
        cluster = params.get("cluster", "default").rpartition("/")[2]
        prefix = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
        arn = f"{prefix}:task/{cluster}/{uuid.uuid4().hex}"
        shown = {"taskArn": arn, "clusterArn": f"{prefix}:cluster/{cluster}",
                 "taskDefinitionArn": f"{prefix}:task-definition/{params['taskDefinition']}:1",
                 "lastStatus": "PROVISIONING", "desiredStatus": "RUNNING",
                 "createdAt": round(time.time(), 3), "startedBy": params.get("startedBy"),
                 "containers": [{"name": "main", "lastStatus": "PENDING"}],
                 "overrides": params.get("overrides", {})}
        self.tasks[arn] = {"shown": shown, "token": token}
        return {"tasks": [shown], "failures": []}

    def DescribeTasks(self, params):
        if self.broken > 0:
            self.broken -= 1
            raise Fault("ServerException", "Service Unavailable. Please try again later.", 503)
        return {"tasks": [self.tasks[a]["shown"] for a in params["tasks"] if a in self.tasks],
                "failures": [{"arn": a, "reason": "MISSING"} for a in params["tasks"]
                             if a not in self.tasks]}

    def StopTask(self, params):
        task = self.tasks[params["task"]]["shown"]
        task.update(lastStatus="STOPPED", stoppedReason=params.get("reason", ""))
        return {"task": task}

    def end(self, arn, exit_code):
        with self.lock:
            task = self.tasks[arn]["shown"]
            task.update(lastStatus="STOPPED", stopCode="EssentialContainerExited",
                        stoppedAt=round(time.time(), 3))
            task["containers"][0].update(lastStatus="STOPPED", exitCode=exit_code)


# --- EMR -----------------------------------------------------------------------------------------------


class Emr(Service):
    """Clusters and steps stay as they are until a test says otherwise: states[id] = "WAITING"."""

    def __init__(self, world):
        super().__init__(world)
        self.states = {}        # id of a cluster or step -> its state
        self.steps = {}         # id of a step -> (cluster, as it was given)
        self.clusters = {}      # id -> parameters of RunJobFlow
        self.calls = []         # (action, parameters) of all others that change something

    def new(self, kind, state):
        name = f"{kind}-{len(self.states):08}"
        self.states[name] = state
        return name

    def cluster(self, name):
        if name not in self.clusters:
            raise Fault("InvalidRequestException", f"Cluster id '{name}' is not valid.")
        return name

    def RunJobFlow(self, params):
        name = self.new("j", "STARTING")
        self.clusters[name] = params
        return {"JobFlowId": name, "ClusterArn": f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/{name}"}

    def DescribeCluster(self, params):
        name = self.cluster(params["ClusterId"])
        return {"Cluster": {"Id": name, "Name": self.clusters[name].get("Name"),
                            "Status": {"State": self.states[name], "StateChangeReason": {}}}}

    def TerminateJobFlows(self, params):
        for name in params["JobFlowIds"]:
            self.states[self.cluster(name)] = "TERMINATING"

    def AddJobFlowSteps(self, params):
        cluster = self.cluster(params["JobFlowId"])
        added = [self.new("s", "PENDING") for _ in params["Steps"]]
        self.steps.update({name: (cluster, step) for name, step in zip(added, params["Steps"])})
        return {"StepIds": added}

    def DescribeStep(self, params):
        cluster, step = self.steps[params["StepId"]]
        if cluster != params["ClusterId"]:
            raise Fault("InvalidRequestException", "Step id is not valid.")
        return {"Step": {"Id": params["StepId"], "Name": step["Name"], "Status": {"State": self.states[params["StepId"]]}}}

    def CancelSteps(self, params):
        for name in params["StepIds"]:
            self.states[name] = "CANCELLED"
        return {"CancelStepsInfoList": [{"StepId": name, "Status": "SUBMITTED", "Reason": ""} for name in params["StepIds"]]}

    def SetTerminationProtection(self, params):
        self.calls.append(("SetTerminationProtection", params))

    def page(self, params, kind, member):
        """Two pages: of the first three, one on the second."""
        names = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]
        self.cluster(params["ClusterId"])
        shown = names[3:] if params.get("Marker") == "more" else names[:3]
        return {member: [{"Name": name, "Id": kind + number} for name, number in shown],
                **({} if params.get("Marker") else {"Marker": "more"})}

    def ListInstanceFleets(self, params):
        return self.page(params, "if-", "InstanceFleets")

    def ListInstanceGroups(self, params):
        return self.page(params, "ig-", "InstanceGroups")

    def ModifyInstanceFleet(self, params):
        self.calls.append(("ModifyInstanceFleet", params))

    def ModifyInstanceGroups(self, params):
        self.calls.append(("ModifyInstanceGroups", params))


# --- EKS -----------------------------------------------------------------------------------------------


class Eks(Service):
    """Clusters and node groups; things["c/n"] is the status of the node group n, things["c/"] that of the cluster."""

    def __init__(self, world):
        super().__init__(world)
        self.things = {}

    def shown(self, params, kind):
        name = f"{params['cluster']}/{params['group']}"
        if name not in self.things:
            raise Fault("ResourceNotFoundException", f"No {kind} found for name: {name}.", 404)
        return {kind: {"name" if kind == "cluster" else "nodegroupName": name.strip("/"), "status": self.things[name]}}

    def create(self, params, kind, name):
        self.things[name] = "CREATING"
        return self.shown({"cluster": name.partition("/")[0], "group": name.partition("/")[2]}, kind)

    def delete(self, params, kind):
        self.shown(params, kind)
        self.things[f"{params['cluster']}/{params['group']}"] = "DELETING"
        return self.shown(params, kind)

    def CreateCluster(self, params):
        return self.create(params, "cluster", params["name"] + "/")

    def DescribeCluster(self, params):
        return self.shown(params, "cluster")

    def DeleteCluster(self, params):
        return self.delete(params, "cluster")

    def CreateNodegroup(self, params):
        return self.create(params, "nodegroup", f"{params['cluster']}/{params['nodegroupName']}")

    def DescribeNodegroup(self, params):
        return self.shown(params, "nodegroup")

    def DeleteNodegroup(self, params):
        return self.delete(params, "nodegroup")


# --- Scheduler -----------------------------------------------------------------------------------------------


class Scheduler(Service):
    def __init__(self, world):
        super().__init__(world)
        self.schedules = {}     # name -> parameters

    def CreateSchedule(self, params):
        name = params["Name"]
        if name in self.schedules and self.schedules[name].get("ClientToken") != params.get("ClientToken"):
            raise Fault("ConflictException", f"Schedule {name} already exists.", 409)
        self.schedules[name] = params
        return {"ScheduleArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"}

    def GetSchedule(self, params):
        if params["Name"] not in self.schedules:
            raise Fault("ResourceNotFoundException", f"Schedule {params['Name']} does not exist.", 404)
        return {**self.schedules[params["Name"]], "CreationDate": 1700000000.5}

    def DeleteSchedule(self, params):
        self.GetSchedule(params)
        del self.schedules[params["Name"]]

    def ListSchedules(self, params):
        names = sorted(n for n in self.schedules if n.startswith(params.get("NamePrefix", "")))
        return {"Schedules": [{"Name": n} for n in names]}


# --- S3 ---------------------------------------------------------------------------------------------------


class S3(Service):
    def __init__(self, world):
        super().__init__(world)
        self.buckets = {}       # name -> {key: object}

    def bucket(self, params):
        if params["Bucket"] not in self.buckets:
            raise Fault("NoSuchBucket", "The specified bucket does not exist", 404)
        return self.buckets[params["Bucket"]]

    def CreateBucket(self, params):
        self.buckets.setdefault(params["Bucket"], {})
        return {"Location": "/" + params["Bucket"]}

    def DeleteBucket(self, params):
        if self.bucket(params):
            raise Fault("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
        del self.buckets[params["Bucket"]]

    def ListBuckets(self, params):
        del params
        return {"Buckets": [{"Name": n, "CreationDate": "2024-01-02T03:04:05.000Z"}
                            for n in sorted(self.buckets)],
                "Owner": {"ID": "owner", "DisplayName": "pawl"}}

    def PutObject(self, params):
        """Body: bytes or text."""
        bucket = self.bucket(params)
        body = params.get("Body", b"")
        body = body.encode() if isinstance(body, str) else body
        crc = params.get("ChecksumCRC32")
        if crc and crc != base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode():
            raise Fault("BadDigest", "The CRC32 you specified did not match the calculated checksum.")
        one = {"Body": body, "ETag": f'"{hashlib.md5(body).hexdigest()}"',
               "ContentType": params.get("ContentType", "binary/octet-stream"),
               "Metadata": params.get("Metadata", {}), "LastModified": time.time(), "crc": crc}
        bucket[params["Key"]] = one
        return {"ETag": one["ETag"], "ServerSideEncryption": "AES256",
                **({"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT"} if crc else {})}

    def object(self, params):
        bucket = self.bucket(params)
        if params["Key"] not in bucket:
            raise Fault("NoSuchKey", "The specified key does not exist.", 404)
        return bucket[params["Key"]]

    def GetObject(self, params):
        one = self.object(params)
        crc = one["crc"] and params.get("ChecksumMode") == "ENABLED"
        return {"AcceptRanges": "bytes", "Body": one["Body"], "ContentLength": len(one["Body"]),
                "ContentType": one["ContentType"], "ETag": one["ETag"],
                "LastModified": one["LastModified"], "Metadata": one["Metadata"],
                "ServerSideEncryption": "AES256",
                **({"ChecksumCRC32": one["crc"], "ChecksumType": "FULL_OBJECT"} if crc else {})}

    def HeadObject(self, params):
        return self.GetObject(params)

    def DeleteObject(self, params):
        self.bucket(params).pop(params["Key"], None)

    def CopyObject(self, params):
        source, _, key = params["CopySource"].lstrip("/").partition("/")
        one = dict(self.object({"Bucket": source, "Key": key}))
        self.bucket(params)[params["Key"]] = one
        return {"CopyObjectResult": {"ETag": one["ETag"], "LastModified": "2024-01-02T03:04:05.000Z"}}

    def ListObjectsV2(self, params):
        keys = sorted(k for k in self.bucket(params) if k.startswith(params.get("Prefix", "")))
        limit = int(params.get("MaxKeys", 1000))
        shown = keys[:limit]
        return {"Name": params["Bucket"], "Prefix": params.get("Prefix", ""), "KeyCount": len(shown),
                "MaxKeys": limit, "IsTruncated": len(keys) > limit,
                "Contents": [{"Key": k, "LastModified": "2024-01-02T03:04:05.000Z",
                              "ETag": self.buckets[params["Bucket"]][k]["ETag"],
                              "Size": len(self.buckets[params["Bucket"]][k]["Body"]),
                              "StorageClass": "STANDARD"} for k in shown]}

    def ListObjects(self, params):
        return {k: v for k, v in self.ListObjectsV2(params).items() if k != "KeyCount"}

    def DeleteObjects(self, params):
        for one in params["Delete"]["Object"]:
            self.bucket(params).pop(one["Key"], None)
        return {"Deleted": [{"Key": one["Key"]} for one in params["Delete"]["Object"]]}


SERVICES = {"sqs": Sqs, "sns": Sns, "dynamodb": Dynamodb, "events": Events,
            "secretsmanager": Secretsmanager, "sts": Sts, "ecs": Ecs, "emr": Emr, "eks": Eks, "scheduler": Scheduler,
            "s3": S3}
