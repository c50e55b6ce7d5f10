#!/usr/bin/python3
"""test_queue - the plugin queue: the aws command, the AWS SDK for JavaScript and plain JSON calls
against the SQS of pawld; state machines that send to it; and what is left after a kill -9."""

import concurrent.futures
import contextlib
import functools
import hashlib
import http.client
import json
import re
import socket
import subprocess
import threading
import time

import awscli
import pawltest
from pawltest import ACCOUNT, REGION, Skip, check, contains, equal, wait_for

JS = pawltest.SOURCE / "tests" / "e2e" / "js"
CONFIG = 'plugins = { queue = { sweep = "200ms", connections = 8 } }\n'
SEND = "arn:aws:states:::sqs:sendMessage"


@functools.cache
def postgres():
    return pawltest.Postgres()


@functools.cache
def database():
    """Name of the database of the two nodes."""
    name = "queues"
    postgres().sql(f"CREATE DATABASE {name}")
    return name


@functools.cache
def daemon():
    return pawltest.Pawld(database=postgres().conninfo(database()), config=CONFIG)


@functools.cache
def other_daemon():
    """A second pawld of the same database."""
    daemon()
    return pawltest.beside(lambda it: Sqs(it.url)("ListQueues") is not None,
                           database=postgres().conninfo(database()), config=CONFIG)


def sql(text):
    return postgres().sql(text, database())


class Sqs:
    """The JSON protocol, one connection a thread."""

    def __init__(self, url=None):
        self.client = pawltest.Client(url or daemon().url)

    def raw(self, action, **params):
        return self.client.raw(action, json.dumps(params).encode(), service="AmazonSQS")

    def __call__(self, action, /, **params):
        answer = self.raw(action, **params)
        body = answer.json()
        if answer.status != 200:
            raise pawltest.ApiError(answer.status, body)
        return body

    def refuses(self, action, code, /, query_code=None, **params):
        answer = self.raw(action, **params)
        body = answer.json()
        equal(body.get("__type"), f"com.amazonaws.sqs#{code}", f"code ({body})")
        equal(answer.headers["x-amzn-query-error"], f"{query_code or code};Sender", "its query code")
        equal(answer.status, 400, "status")
        return body["message"]

    def create(self, name, tags=None, **attributes):
        params = {"Attributes": attributes} if attributes else {}
        return self("CreateQueue", QueueName=name, **params, **({"tags": tags} if tags else {}))["QueueUrl"]

    def receive(self, url, wait=0, n=10, **params):
        return self("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=wait, MaxNumberOfMessages=n,
                    **params).get("Messages", [])

    def bodies(self, url, wait=0, n=10, **params):
        return [m["Body"] for m in self.receive(url, wait, n, **params)]

    def delete(self, url, message):
        self("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def send(self, url, body, **params):
        return self("SendMessage", QueueUrl=url, MessageBody=body, **params)

    def attribute(self, url, name):
        return self("GetQueueAttributes", QueueUrl=url, AttributeNames=[name])["Attributes"].get(name)


@functools.cache
def sqs():
    return Sqs()


def arn(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def parked(what=daemon):
    """How many receivers have begun to wait at that node."""
    return what().log().count("waits for messages")


def in_background(function, *arguments, **named):
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(function, *arguments, **named)
    pool.shutdown(wait=False)
    return future


# --- the aws command: the query protocol ---------------------------------------------------------

def aws(*words):
    return awscli.answer(daemon().url, "sqs", *words)


def aws_refused(code, *words):
    return awscli.refused(daemon().url, "sqs", code, *words)


@check("the aws command creates, finds, lists, tags, changes, describes and deletes queues")
def _():
    url = aws("create-queue", "--queue-name", "cli-queue", "--attributes", "VisibilityTimeout=45",
              "--tags", "team=ledger")["QueueUrl"]
    equal(url, f"{daemon().url}/{ACCOUNT}/cli-queue", "URL")
    equal(aws("get-queue-url", "--queue-name", "cli-queue")["QueueUrl"], url, "URL found")
    contains(aws("list-queues", "--queue-name-prefix", "cli-")["QueueUrls"], url)
    aws("tag-queue", "--queue-url", url, "--tags", "stage=test,zone=b")
    equal(aws("list-queue-tags", "--queue-url", url)["Tags"],
          {"team": "ledger", "stage": "test", "zone": "b"}, "tags")
    aws("untag-queue", "--queue-url", url, "--tag-keys", "stage", "zone")
    equal(aws("list-queue-tags", "--queue-url", url)["Tags"], {"team": "ledger"}, "tags left")
    aws("set-queue-attributes", "--queue-url", url, "--attributes", "DelaySeconds=3")
    told = aws("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    equal({k: told[k] for k in ("VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod",
                                "ReceiveMessageWaitTimeSeconds", "MaximumMessageSize", "QueueArn",
                                "ApproximateNumberOfMessages")},
          {"VisibilityTimeout": "45", "DelaySeconds": "3", "MessageRetentionPeriod": "345600",
           "ReceiveMessageWaitTimeSeconds": "0", "MaximumMessageSize": "1048576",
           "QueueArn": arn("cli-queue"), "ApproximateNumberOfMessages": "0"}, "attributes")
    aws("delete-queue", "--queue-url", url)
    aws_refused("AWS.SimpleQueueService.NonExistentQueue", "get-queue-url", "--queue-name", "cli-queue")


@check("the aws command sends, receives, hides and deletes messages, one by one and in batches")
def _():
    url = aws("create-queue", "--queue-name", "cli-messages")["QueueUrl"]
    body = "a < b & \"c\" 'd' grün \U0001f600\r\n end"
    sent = aws("send-message", "--queue-url", url, "--message-body", body, "--message-attributes",
               '{"kind": {"DataType": "String", "StringValue": "x<y"}, "count": {"DataType": "Number", '
               '"StringValue": "7"}, "raw": {"DataType": "Binary", "BinaryValue": "AAH/"}}')
    equal(sent["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest(), "digest")
    message, = aws("receive-message", "--queue-url", url, "--attribute-names", "All",
                   "--message-attribute-names", "All")["Messages"]
    equal(message["Body"], body, "body")
    equal(message["MessageId"], sent["MessageId"], "id")
    equal(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"], "attributes' digest")
    equal(message["MessageAttributes"]["kind"], {"DataType": "String", "StringValue": "x<y"}, "kind")
    equal(message["MessageAttributes"]["raw"]["BinaryValue"], "AAH/", "raw")
    equal(message["Attributes"]["ApproximateReceiveCount"], "1", "receives")
    handle = message["ReceiptHandle"]
    aws("change-message-visibility", "--queue-url", url, "--receipt-handle", handle,
        "--visibility-timeout", "600")
    equal(aws("receive-message", "--queue-url", url), {}, "nothing while it is in flight")
    aws("delete-message", "--queue-url", url, "--receipt-handle", handle)
    batch = aws("send-message-batch", "--queue-url", url, "--entries",
                json.dumps([{"Id": f"e{n}", "MessageBody": f"m{n}"} for n in range(3)]
                           + [{"Id": "late", "MessageBody": "m3", "DelaySeconds": 901}]))
    equal([e["Id"] for e in batch["Successful"]], ["e0", "e1", "e2"], "sent")
    equal([(e["Id"], e["Code"], e["SenderFault"]) for e in batch["Failed"]],
          [("late", "InvalidParameterValue", True)], "not sent")
    messages = aws("receive-message", "--queue-url", url, "--max-number-of-messages", "10")["Messages"]
    equal([m["Body"] for m in messages], ["m0", "m1", "m2"], "bodies")
    hidden = aws("change-message-visibility-batch", "--queue-url", url, "--entries", json.dumps(
        [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0}
         for m in messages]))
    equal([e["Id"] for e in hidden["Successful"]], ["m0", "m1", "m2"], "visible again")
    messages = aws("receive-message", "--queue-url", url, "--max-number-of-messages", "10")["Messages"]
    gone = aws("delete-message-batch", "--queue-url", url, "--entries", json.dumps(
        [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
        + [{"Id": "bad", "ReceiptHandle": "nonsense"}]))
    equal([e["Id"] for e in gone["Successful"]], ["m0", "m1", "m2"], "deleted")
    equal([e["Code"] for e in gone["Failed"]], ["ReceiptHandleIsInvalid"], "not deleted")
    aws("purge-queue", "--queue-url", url)
    aws_refused("AWS.SimpleQueueService.PurgeQueueInProgress", "purge-queue", "--queue-url", url)


# --- the AWS SDK for JavaScript: the JSON protocol ------------------------------------------------

@check("the AWS SDK for JavaScript works, and finds the digests it computes itself")
def _():
    folder = pawltest.npm_folder(JS, "js-client")
    done = subprocess.run(["node", "queue.mjs", daemon().url], cwd=folder, check=False, timeout=300,
                          stdout=subprocess.PIPE, text=True)
    print(re.sub("^", "# ", done.stdout.strip(), flags=re.M))
    equal(done.returncode, 0, "exit status")


# --- queues --------------------------------------------------------------------------------------

@check("a queue is created once: the same again gives its URL, other attributes do not")
def _():
    url = sqs().create("once", VisibilityTimeout="7")
    equal(sqs().create("once", VisibilityTimeout="7"), url, "the same")
    equal(sqs().create("once"), url, "without attributes")
    contains(sqs().refuses("CreateQueue", "QueueNameExists", "QueueAlreadyExists", QueueName="once",
                           Attributes={"VisibilityTimeout": "8"}), "VisibilityTimeout")
    sqs().refuses("CreateQueue", "QueueNameExists", "QueueAlreadyExists", QueueName="once",
                  Attributes={"DelaySeconds": "1"})
    equal(sqs().attribute("once", "VisibilityTimeout"), "7", "attribute by the plain name")


@check("what is wrong with a request is said in SQS's names")
def _():
    url = sqs().create("wrong")
    fifo = sqs().create("wrong.fifo", FifoQueue="true")
    missing = "AWS.SimpleQueueService.NonExistentQueue"
    r = sqs().refuses
    for action, params in (("SendMessage", {"MessageBody": "x"}), ("ReceiveMessage", {}),
                           ("DeleteQueue", {}), ("PurgeQueue", {}), ("ListQueueTags", {}),
                           ("GetQueueAttributes", {}), ("ListDeadLetterSourceQueues", {}),
                           ("TagQueue", {"Tags": {"a": "b"}}), ("UntagQueue", {"TagKeys": ["a"]}),
                           ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
                           ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
                           ("DeleteMessage", {"ReceiptHandle": f"1.1.{'0' * 8}-0000-0000-0000-{'0' * 12}"})):
        r(action, "QueueDoesNotExist", missing, QueueUrl=url + "-not-there", **params)
    r("SendMessage", "QueueDoesNotExist", missing, QueueUrl="http://x/1/no such name", MessageBody="x")
    r("SendMessage", "MissingParameter", MessageBody="x")
    r("SendMessage", "MissingParameter", QueueUrl=url)
    r("SendMessage", "MissingParameter", QueueUrl=url, MessageBody="")
    r("SendMessage", "InvalidMessageContents", QueueUrl=url, MessageBody="a\x01b")
    r("SendMessage", "InvalidMessageContents", QueueUrl=url, MessageBody="a\x00b")
    r("SendMessage", "InvalidMessageContents", QueueUrl=url, MessageBody="\uffff")
    r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x" * 1048577)
    r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x", DelaySeconds=901)
    r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x", MessageDeduplicationId="d")
    r("SendMessage", "MissingParameter", QueueUrl=fifo, MessageBody="x")
    r("SendMessage", "InvalidParameterValue", QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    r("SendMessage", "InvalidParameterValue", QueueUrl=fifo, MessageBody="x", MessageGroupId="g",
      MessageDeduplicationId="d", DelaySeconds=5)
    r("SendMessage", "InvalidParameterValue", QueueUrl=fifo, MessageBody="x", MessageGroupId="g" * 129,
      MessageDeduplicationId="d")
    for attribute in ({"DataType": "String"}, {"DataType": "Date", "StringValue": "x"},
                      {"StringValue": "x"}, {"DataType": "Number", "StringValue": "seven"},
                      {"DataType": "Binary", "BinaryValue": "?"}):
        r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x",
          MessageAttributes={"a": attribute})
    r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x",
      MessageAttributes={"AWS.a": {"DataType": "String", "StringValue": "x"}})
    r("SendMessage", "InvalidParameterValue", QueueUrl=url, MessageBody="x", MessageAttributes={
        f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)})
    batch = "AWS.SimpleQueueService."
    r("SendMessageBatch", "EmptyBatchRequest", batch + "EmptyBatchRequest", QueueUrl=url, Entries=[])
    r("SendMessageBatch", "TooManyEntriesInBatchRequest", batch + "TooManyEntriesInBatchRequest",
      QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)])
    r("SendMessageBatch", "BatchEntryIdsNotDistinct", batch + "BatchEntryIdsNotDistinct",
      QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}] * 2)
    r("DeleteMessageBatch", "InvalidBatchEntryId", batch + "InvalidBatchEntryId",
      QueueUrl=url, Entries=[{"Id": "a b", "ReceiptHandle": "x"}])
    r("SendMessageBatch", "BatchRequestTooLong", batch + "BatchRequestTooLong", QueueUrl=url,
      Entries=[{"Id": str(n), "MessageBody": "x" * 600000} for n in range(2)])
    r("ReceiveMessage", "InvalidParameterValue", QueueUrl=url, WaitTimeSeconds=21)
    r("ReceiveMessage", "InvalidParameterValue", QueueUrl=url, MaxNumberOfMessages=11)
    r("ReceiveMessage", "InvalidParameterValue", QueueUrl=url, VisibilityTimeout=43201)
    r("DeleteMessage", "ReceiptHandleIsInvalid", QueueUrl=url, ReceiptHandle="nonsense")
    r("DeleteMessage", "MissingParameter", QueueUrl=url)
    r("CreateQueue", "InvalidParameterValue", QueueName="a b")
    r("CreateQueue", "InvalidParameterValue", QueueName="a" * 81)
    r("CreateQueue", "InvalidParameterValue", QueueName="x.fifo")
    r("CreateQueue", "InvalidAttributeName", QueueName="x", Attributes={"Colour": "red"})
    r("CreateQueue", "InvalidAttributeName", QueueName="x", Attributes={"FifoQueue": "true"})
    r("CreateQueue", "InvalidAttributeValue", QueueName="x", Attributes={"VisibilityTimeout": "43201"})
    r("CreateQueue", "InvalidParameterValue", QueueName="x", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn("not-there"), "maxReceiveCount": 1})})
    r("CreateQueue", "InvalidParameterValue", QueueName="x", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn("wrong.fifo"), "maxReceiveCount": 1})})
    r("CreateQueue", "InvalidParameterValue", QueueName="x", Attributes={"RedrivePolicy": "text"})
    r("GetQueueAttributes", "InvalidAttributeName", QueueUrl=url, AttributeNames=["Colour"])
    r("ListQueues", "InvalidParameterValue", NextToken="?", MaxResults=1)
    answer = sqs().client.raw("SendMessage", b"[", service="AmazonSQS")
    equal(answer.json()["__type"], "com.amazonaws.sqs#SerializationException", "a body that is no JSON")
    answer = sqs().raw("NoSuchAction")
    equal((answer.status, answer.json()["__type"].rpartition("#")[2]),
          (400, "UnknownOperationException"), "an action that there is not")
    equal(sqs().receive(url), [], "nothing was sent")


@check("a request of the wrong shape is refused or its odd part left aside, whatever it is")
def _():
    url = sqs().create("odd")
    values = (None, True, 7, -1, 1e99, "", "x", "\x00", [], [None], [[]], [7], ["x"], {}, {"a": None},
              {"a": 7}, {"a": "x"}, {"a": {"DataType": 7}}, {"VisibilityTimeout": {}}, [{"Id": "a"}],
              [{"Id": 7}], [{"Id": "a", "MessageBody": [], "ReceiptHandle": {}}])
    members = ("QueueUrl", "QueueName", "Attributes", "tags", "Tags", "TagKeys", "Entries", "MessageBody",
               "AttributeNames", "MessageAttributeNames", "MessageSystemAttributeNames", "MessageAttributes",
               "MessageSystemAttributes", "DelaySeconds", "MaxNumberOfMessages", "NextToken", "MaxResults",
               "QueueNamePrefix", "ReceiptHandle", "VisibilityTimeout", "MessageGroupId")
    actions = ("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch",
               "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "CreateQueue", "GetQueueUrl",
               "ListQueues", "ListDeadLetterSourceQueues", "GetQueueAttributes", "SetQueueAttributes",
               "TagQueue", "UntagQueue", "ListQueueTags")
    handle = f"1.1.{'0' * 8}-0000-0000-0000-{'0' * 12}"
    for action in actions:
        usual = {"QueueUrl": url, "MessageBody": "x", "ReceiptHandle": handle, "WaitTimeSeconds": 0}
        if action == "CreateQueue":
            usual["QueueName"] = "odd"
        for member in members:
            for value in values:
                answer = sqs().raw(action, **{**usual, member: value})
                if answer.status not in (200, 400):
                    raise AssertionError(f"{action} {member}={value!r}: {answer.status} {answer.body}")
                if answer.status == 400 and not answer.json()["message"]:
                    raise AssertionError(f"{action} {member}={value!r}: no message")


@check("queues are listed page by page, and a dead-letter queue knows its sources")
def _():
    dead = sqs().create("page-dead")
    policy = json.dumps({"deadLetterTargetArn": arn("page-dead"), "maxReceiveCount": "3"})
    urls = [sqs().create(f"page-{n}", RedrivePolicy=policy) for n in range(5)]
    for action, more, member in (("ListQueues", {"QueueNamePrefix": "page-"}, "QueueUrls"),
                                 ("ListDeadLetterSourceQueues", {"QueueUrl": dead}, "queueUrls")):
        found, token = [], {}
        while True:
            page = sqs()(action, MaxResults=2, **more, **token)
            found += page[member]
            if "NextToken" not in page:
                break
            equal(len(page[member]), 2, "size of a page")
            token = {"NextToken": page["NextToken"]}
        equal(found, urls + ([dead] if action == "ListQueues" else []), action)
    equal(json.loads(sqs().attribute(urls[0], "RedrivePolicy"))["maxReceiveCount"], "3", "policy as set")
    sqs()("SetQueueAttributes", QueueUrl=urls[0], Attributes={"RedrivePolicy": ""})
    equal(sqs().attribute(urls[0], "RedrivePolicy"), None, "policy taken away")


# --- messages ------------------------------------------------------------------------------------

@check("a message that is not deleted is there again after its time, and wakes who waits")
def _():
    url = sqs().create("hide", VisibilityTimeout="1")
    sqs().send(url, "m")
    first, = sqs().receive(url)
    equal(sqs().receive(url), [], "hidden")
    began = time.monotonic()
    again, = sqs().receive(url, wait=20, AttributeNames=["ApproximateReceiveCount"])
    if time.monotonic() - began > 15:
        raise AssertionError("the receiver was not woken, it looked at the end of its time")
    equal(again["Attributes"], {"ApproximateReceiveCount": "2"}, "the attribute that was asked for")
    sqs().delete(url, first)       # a handle that is older than the last receiving does nothing
    sqs()("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"],
          VisibilityTimeout=0)
    sqs().refuses("ChangeMessageVisibility", "MessageNotInflight",
                  "AWS.SimpleQueueService.MessageNotInflight", QueueUrl=url,
                  ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=5)
    last, = sqs().receive(url, VisibilityTimeout=60)
    sqs().delete(url, last)
    sqs().delete(url, last)
    sqs().refuses("ChangeMessageVisibility", "InvalidParameterValue", QueueUrl=url,
                  ReceiptHandle=last["ReceiptHandle"], VisibilityTimeout=5)
    equal(sqs().attribute(url, "ApproximateNumberOfMessages"), "0", "messages left")


@check("a message is delayed by itself or by its queue")
def _():
    url = sqs().create("late", DelaySeconds="1")
    sqs().send(url, "now", DelaySeconds=0)
    sqs().send(url, "later")
    equal(sqs().bodies(url), ["now"], "at once")
    counts = sqs()("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal([counts[f"ApproximateNumberOfMessages{x}"] for x in ("", "NotVisible", "Delayed")],
          ["0", "1", "1"], "counts")
    equal(sqs().bodies(url, wait=20), ["later"], "after a second")


@check("attributes of messages come back when asked for, by name or by prefix")
def _():
    url = sqs().create("named")
    attributes = {n: {"DataType": "String", "StringValue": n} for n in ("a.one", "a.two", "b")}
    sqs().send(url, "m", MessageAttributes=attributes, MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5"}})
    for names, found in ((["a.*"], ["a.one", "a.two"]), (["b", "c"], ["b"]), (["All"], sorted(attributes)),
                         ([".*"], sorted(attributes)), ([], [])):
        message, = sqs().receive(url, VisibilityTimeout=0, MessageAttributeNames=names,
                                 MessageSystemAttributeNames=["AWSTraceHeader", "SentTimestamp"])
        equal(sorted(message.get("MessageAttributes", {})), found, f"found by {names}")
        equal("MD5OfMessageAttributes" in message, bool(found), "a digest of them")
    equal(message["Attributes"]["AWSTraceHeader"], "Root=1-5", "trace header")
    if abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - time.time()) > 60:
        raise AssertionError(f"sent at {message['Attributes']}")


@check("after as many receives as its queue allows a message goes to the dead-letter queue, and wakes who waits there")
def _():
    dead = sqs().create("dead")
    url = sqs().create("tried", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 2}))
    sent = sqs().send(url, "m")
    before = parked()
    waiting = in_background(Sqs().receive, dead, 20, AttributeNames=["All"])
    wait_for(lambda: parked() > before, what="the receiver to wait")
    for _ in range(2):
        equal(sqs().bodies(url, VisibilityTimeout=0), ["m"], "tries")
    equal(sqs().bodies(url), [], "no third try")
    message, = waiting.result(60)
    equal(message["MessageId"], sent["MessageId"], "id")
    equal(message["Attributes"]["DeadLetterQueueSourceArn"], arn("tried"), "source")
    equal(message["Attributes"]["ApproximateReceiveCount"], "3", "receives in both queues")
    equal(sqs().attribute(url, "ApproximateNumberOfMessages"), "0", "left in the source")


@check("messages past the retention of their queue are not received, and are deleted")
def _():
    url = sqs().create("old", MessageRetentionPeriod="60")
    fifo = sqs().create("old.fifo", FifoQueue="true", MessageRetentionPeriod="60")
    for n in range(3):
        sqs().send(url, f"m{n}")
        sqs().send(fifo, f"m{n}", MessageGroupId="g", MessageDeduplicationId=str(n))
    sql("UPDATE pawl_queue.message SET sent_at = sent_at - interval '2 minutes' WHERE queue_id IN "
        "(SELECT queue_id FROM pawl_queue.queue WHERE name IN ('old', 'old.fifo')) AND body <> 'm2'")
    equal(sqs().bodies(url), ["m2"], "received")
    equal(sqs().bodies(fifo), ["m2"], "received of the group")
    wait_for(lambda: sql("SELECT count(*) FROM pawl_queue.message JOIN pawl_queue.queue USING (queue_id) "
                         "WHERE name IN ('old', 'old.fifo')") == "2", what="the sweep")


@contextlib.contextmanager
def held(*statements):
    """Another session has run these in a transaction that it rolls back in the end."""
    session = pawltest.Session(postgres().conninfo(database()))
    session.say("BEGIN")
    for statement in statements:
        session.say(statement)
    try:
        yield
    finally:
        session.say("ROLLBACK")
        session.close()


# how others hold a message so that a receiver passes over it
HOLDS = {"held": "UPDATE pawl_queue.message SET visible_at = 'infinity' WHERE body = 'held'",
         "held.fifo": "SELECT FROM pawl_queue.message_group WHERE group_id = 'held' FOR UPDATE"}


def queue_of_held(name):
    url = sqs().create(name, **({"FifoQueue": "true"} if name.endswith(".fifo") else {}))
    more = {"MessageGroupId": "held", "MessageDeduplicationId": "1"} if name.endswith(".fifo") else {}
    sqs().send(url, "held", **more)
    return url


@check("a receiver does not miss a message that another transaction holds while it looks")
def _():
    for name, hold in HOLDS.items():
        url = queue_of_held(name)
        with held(hold):
            equal(sqs().bodies(url), [], "while it is held")
            looks = daemon().log().count(f"messages of {name} are held")
            one_look = in_background(Sqs().bodies, url)
            wait_for(lambda: daemon().log().count(f"messages of {name} are held") > looks, what="a look")
        equal(one_look.result(60), ["held"], f"by a call that does not wait, of {name}")


@check("a receiver that waits looks again when others hold the message, soon after they let it go")
def _():
    for name, hold in HOLDS.items():
        url = queue_of_held("wait-" + name)
        before = parked()
        with held(hold):
            waiting = in_background(Sqs().bodies, url, 20)
            wait_for(lambda: parked() > before, what="the receiver to wait")
            began = time.monotonic()
        equal(waiting.result(60), ["held"], f"received of {name}")
        if time.monotonic() - began > 15:
            raise AssertionError("the receiver slept to the end of its time")


@check("a group whose messages are all past the retention does not stand before another")
def _():
    url = sqs().create("stale.fifo", FifoQueue="true", MessageRetentionPeriod="60")
    for group in "ab":
        sqs().send(url, group, MessageGroupId=group, MessageDeduplicationId=group)
    with held("SELECT pg_advisory_xact_lock(1885435761, 0)"):  # no sweep
        sql("UPDATE pawl_queue.message SET sent_at = sent_at - interval '2 minutes' WHERE body = 'a' AND group_id = 'a'")
        equal(sqs().bodies(url, n=1), ["b"], "received")


@check("a purge takes all messages, also those in flight")
def _():
    for name, more in (("purge", {}), ("purge.fifo", {"FifoQueue": "true", "ContentBasedDeduplication": "true"})):
        url = sqs().create(name, **more)
        group = {"MessageGroupId": "g"} if more else {}
        for n in range(3):
            sqs().send(url, f"m{n}", **group)
        sqs().receive(url, n=1)
        sqs()("PurgeQueue", QueueUrl=url)
        sqs().refuses("PurgeQueue", "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress",
                      QueueUrl=url)
        equal([sqs().attribute(url, f"ApproximateNumberOfMessages{x}") for x in ("", "NotVisible")],
              ["0", "0"], "counts")
        sqs().send(url, "after", **group)
        equal(sqs().bodies(url), ["after"], "what is sent after it")


# --- waiting ------------------------------------------------------------------------------------

@check("a receiver that waits is woken by a send to its node, to another node, and in SQL")
def _():
    url = sqs().create("wake")
    for bad in ("pawl_queue.send('wake', '')", "pawl_queue.send('wake', E'a\\x01b')",
                "pawl_queue.send('nobody', 'm')", "pawl_queue.send('wake', 'm', 901)"):
        try:
            sql(f"SELECT {bad}")
        except AssertionError:
            continue
        raise AssertionError(f"{bad} was not refused")
    for sender in (daemon, other_daemon, None):
        before, began = parked(), time.monotonic()
        waiting = in_background(Sqs().receive, url, 20)
        wait_for(lambda before=before: parked() > before, what="the receiver to wait")
        if sender:
            Sqs(sender().url).send(url, "m")
        else:
            sql("SELECT pawl_queue.send('wake', 'm')")
        message, = waiting.result(60)
        if time.monotonic() - began > 15:
            raise AssertionError("the receiver was not woken")
        sqs().delete(url, message)


@check("a wait ends with nothing when nothing comes, and the queue may say how long it is")
def _():
    url = sqs().create("idle", ReceiveMessageWaitTimeSeconds="1")
    began = time.monotonic()
    equal(sqs()("ReceiveMessage", QueueUrl=url), {}, "answer")
    if time.monotonic() - began < 0.9:
        raise AssertionError("it did not wait")


@check("receivers hold no connection while they wait: many wait, and others are served")
def _():
    url = sqs().create("crowd")
    before = parked()
    waiting = [in_background(Sqs().receive, url, 20, 1) for _ in range(40)]
    wait_for(lambda: parked() >= before + 40, what="40 receivers to wait")
    busy = sqs().create("busy")
    sqs().send(busy, "x")
    equal(sqs().bodies(busy), ["x"], "another queue")
    for part in range(4):
        sqs()("SendMessageBatch", QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": f"{part * 10 + n}"} for n in range(10)])
    got = sorted(int(m["Body"]) for w in waiting for m in w.result(60))
    equal(got, list(range(40)), "each got one")


@check("a receiver whose client has gone takes nothing")
def _():
    url = sqs().create("gone")
    before, left = parked(), daemon().log().count("went away while it waited")
    host, port = daemon().address
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    with socket.create_connection((host, port)) as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n"
                  b"X-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: %d\r\n\r\n" % len(body)
                  + body)
        wait_for(lambda: parked() > before, what="the receiver to wait")
    wait_for(lambda: daemon().log().count("went away while it waited") > left,
             what="its end to be noticed")
    sqs().send(url, "m")
    message, = sqs().receive(url, wait=5, AttributeNames=["All"])
    equal(message["Attributes"]["ApproximateReceiveCount"], "1", "receives")


@check("those who wait at a queue that is deleted are told so")
def _():
    url = sqs().create("doomed")
    before = parked()
    waiting = in_background(Sqs().raw, "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    wait_for(lambda: parked() > before, what="the receiver to wait")
    sqs()("DeleteQueue", QueueUrl=url)
    contains(waiting.result(60).json()["__type"], "QueueDoesNotExist")
    sqs().create("doomed")      # its name is free at once


# --- FIFO -----------------------------------------------------------------------------------------

@check("a FIFO queue keeps the order of each group, and a group waits for its messages in flight")
def _():
    url = sqs().create("order.fifo", FifoQueue="true", ContentBasedDeduplication="true",
                       VisibilityTimeout="600")
    numbers = []
    for n in range(3):
        for group in "ab":
            numbers.append(sqs().send(url, f"{group}{n}", MessageGroupId=group)["SequenceNumber"])
    equal(numbers, sorted(numbers), "sequence numbers")
    first, = sqs().receive(url, n=1, AttributeNames=["All"])
    equal((first["Body"], first["Attributes"]["MessageGroupId"], first["Attributes"]["SequenceNumber"]),
          ("a0", "a", numbers[0]), "first")
    equal(sqs().bodies(url), ["b0", "b1", "b2"], "all of the other group")
    equal(sqs().bodies(url), [], "both groups are in flight")
    sqs()("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    again, = sqs().receive(url, n=1)
    equal(again["Body"], "a0", "the same again, before those behind it")
    sqs().delete(url, again)
    before = parked()
    messages = sqs().receive(url)
    equal([m["Body"] for m in messages], ["a1", "a2"], "the rest")
    waiting = in_background(Sqs().receive, url, 20)
    wait_for(lambda: parked() > before, what="the receiver to wait")
    sqs().send(url, "a3", MessageGroupId="a")
    sqs().delete(url, messages[0])
    equal(waiting.done(), False, "a2 is still in flight")
    sqs().delete(url, messages[1])
    equal([m["Body"] for m in waiting.result(60)], ["a3"], "woken by the last delete of its group")


@check("a message sent twice within five minutes is there once")
def _():
    url = sqs().create("dedup.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    first = sqs().send(url, "m", MessageGroupId="g")
    equal(sqs().send(url, "m", MessageGroupId="h"), first, "the same content")
    sqs().delete(url, sqs().receive(url)[0])
    equal(sqs().send(url, "m", MessageGroupId="g"), first, "also after it is deleted")
    sqs().send(url, "m", MessageGroupId="g", MessageDeduplicationId="another")
    batch = sqs()("SendMessageBatch", QueueUrl=url, Entries=[
        {"Id": str(n), "MessageBody": f"b{n}", "MessageGroupId": "k", "MessageDeduplicationId": "same"}
        for n in range(3)])["Successful"]
    equal(len({e["MessageId"] for e in batch}), 1, "ids in one batch")
    equal(sorted(sqs().bodies(url)), ["b0", "m"], "messages")
    sql("UPDATE pawl_queue.deduplication SET sent_at = sent_at - interval '5 minutes'")
    if sqs().send(url, "m", MessageGroupId="g")["MessageId"] == first["MessageId"]:
        raise AssertionError("the window of five minutes does not end")
    scoped = sqs().create("scoped.fifo", FifoQueue="true", DeduplicationScope="messageGroup",
                          FifoThroughputLimit="perMessageGroupId")
    for group in "gh":
        for _ in range(2):
            sqs().send(scoped, "m", MessageGroupId=group, MessageDeduplicationId="d")
    equal(sqs().bodies(scoped), ["m", "m"], "once in each group")


@check("a FIFO receipt handle ends with its time, and dead letters keep their order")
def _():
    sqs().create("fifo-dead.fifo", FifoQueue="true")
    url = sqs().create("fifo-tried.fifo", FifoQueue="true", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": arn("fifo-dead.fifo"), "maxReceiveCount": 1}))
    for n in range(3):
        sqs().send(url, f"m{n}", MessageGroupId="g", MessageDeduplicationId=str(n))
    handles = [m["ReceiptHandle"] for m in sqs().receive(url, n=2, VisibilityTimeout=0)]
    contains(sqs().refuses("DeleteMessage", "InvalidParameterValue", QueueUrl=url,
                           ReceiptHandle=handles[0]), "expired")
    equal(sqs().bodies(url), ["m2"], "what is left")
    equal(sqs().bodies("fifo-dead.fifo"), ["m0", "m1"], "dead letters")


# --- many at the same time --------------------------------------------------------------------------

def consume(url, consumer_url, total, seen, lock):
    client = Sqs(consumer_url)
    while True:
        with lock:
            if len(seen) >= total:
                return
        messages = client.receive(url, wait=1)
        with lock:
            seen.extend(m["Body"] for m in messages)
        for start in range(0, len(messages), 10):
            client("DeleteMessageBatch", QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]}
                for i, m in enumerate(messages[start:start + 10])])


def produce(url, node_url, numbers, **more):
    client = Sqs(node_url)
    for start in range(0, len(numbers), 10):
        client("SendMessageBatch", QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": str(n), **{k: f(n) for k, f in more.items()}}
            for n in numbers[start:start + 10]])


def crowd(url, total, producers, consumers):
    """What consumers of two nodes got of what producers sent meanwhile, in the order they noted it."""
    nodes = [daemon().url, other_daemon().url]
    seen, lock = [], threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(consumers + len(producers)) as pool:
        work = [pool.submit(consume, url, nodes[n % 2], total, seen, lock) for n in range(consumers)]
        work += [pool.submit(produce, url, nodes[n % 2], *arguments[:1], **arguments[1])
                 for n, arguments in enumerate(producers)]
        for future in work:
            future.result(300)
    return seen


@check("eight consumers on two nodes get each of 5,000 messages once")
def _():
    url = sqs().create("many", VisibilityTimeout="600")
    seen = crowd(url, 5000, [(range(n, 5000, 4), {}) for n in range(4)], 8)
    equal(len(seen), 5000, "received")
    equal(sorted(map(int, seen)), list(range(5000)), "each once")
    equal(sql("SELECT count(*) FROM pawl_queue.message JOIN pawl_queue.queue USING (queue_id) "
              "WHERE name = 'many'"), "0", "messages left")


@check("each group keeps its order with four consumers on two nodes and four producers")
def _():
    url = sqs().create("many.fifo", FifoQueue="true", VisibilityTimeout="600")
    groups = {"MessageGroupId": lambda n: f"g{n % 12}", "MessageDeduplicationId": str}
    # each group has one producer, so the order in which its messages are sent is known
    producers = [([n for n in range(600) if n % 4 == p], groups) for p in range(4)]
    seen = [int(n) for n in crowd(url, 600, producers, 4)]
    equal(sorted(seen), list(range(600)), "each once")
    for group in range(12):
        mine = [n for n in seen if n % 12 == group]
        equal(mine, sorted(mine), f"order of group {group}")


# --- tasks ------------------------------------------------------------------------------------------

_names = iter(range(1, 1000000))


def machine(client, parameters, resource=SEND, **fields):
    return client.create(f"queue-{next(_names)}", {"StartAt": "Send", "States": {"Send": {
        "Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}}})


@check("a task sends a message; its result is the API's with the two blocks about the exchange")
def _():
    url = sqs().create("task")
    client = daemon().client()
    body = {"order": 7, "note": "grün"}
    end = client.run(machine(client, {"QueueUrl": url, "MessageBody.$": "$", "MessageAttributes": {
        "kind": {"DataType": "String", "StringValue": "order"}}}), body)
    equal(end["status"], "SUCCEEDED", f"status {end.get('cause')}")
    result = json.loads(end["output"])
    message, = sqs().receive(url, MessageAttributeNames=["All"])
    equal(json.loads(message["Body"]), body, "body")
    equal((result["MessageId"], result["MD5OfMessageBody"], result["MD5OfMessageAttributes"]),
          (message["MessageId"], message["MD5OfBody"], message["MD5OfMessageAttributes"]), "result")
    equal(list(result), ["MD5OfMessageAttributes", "MD5OfMessageBody", "MessageId", "SdkHttpMetadata",
                         "SdkResponseMetadata"], "members")
    equal(result["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"],
          result["SdkResponseMetadata"]["RequestId"], "request id")
    equal(result["SdkHttpMetadata"]["AllHttpHeaders"]["Content-Type"], ["application/x-amz-json-1.0"],
          "content type")


@check("a task that cannot send fails with the names of AWS")
def _():
    url = sqs().create("task-errors")
    client = daemon().client()
    for parameters, error, cause in (
            ({"QueueUrl": url + "-not-there", "MessageBody": "x"}, "SQS.QueueDoesNotExistException",
             "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: "
             "AWS.SimpleQueueService.NonExistentQueue; Request ID: "),
            ({"QueueUrl": url, "MessageBody.$": "$.nothing"}, "SQS.AmazonSQSException",
             "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; "
             "Error Code: MissingParameter; Request ID: "),
            ({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901}, "SQS.AmazonSQSException",
             "Error Code: InvalidParameterValue; "),
            ({"QueueUrl": url, "MessageBody": "a\x01"}, "SQS.InvalidMessageContentsException",
             "Invalid characters found.")):
        end = client.run(machine(client, parameters), {"nothing": None})
        equal((end["status"], end.get("error")), ("FAILED", error), str(parameters))
        contains(end["cause"], cause)
    equal(sqs().receive(url), [], "nothing was sent")


@check("tasks aws-sdk:sqs reach the queues of this pawld")
def _():
    url = sqs().create("by-sdk")
    client = daemon().client()
    end = client.run(machine(client, {"QueueUrl": url, "MessageBody": "m"},
                             "arn:aws:states:::aws-sdk:sqs:sendMessage"))
    equal(end["status"], "SUCCEEDED", f"status {end.get('cause')}")
    message, = sqs().receive(url)
    equal((message["Body"], message["MessageId"]), ("m", json.loads(end["output"])["MessageId"]), "message")
    end = client.run(machine(client, {"QueueUrl": url + "-not-there", "MessageBody": "m"},
                             "arn:aws:states:::aws-sdk:sqs:sendMessage"))
    equal((end["status"], end["error"]), ("FAILED", "Sqs.QueueDoesNotExistException"), "without a queue")


@check("a worker takes the task token from the queue and ends the execution")
def _():
    url = sqs().create("callback")
    client = daemon().client()
    arn_ = client.start(machine(client, {"QueueUrl": url, "MessageBody": {
        "token.$": "$$.Task.Token", "sum.$": "$.sum"}}, SEND + ".waitForTaskToken"), {"sum": 12})
    message, = sqs().receive(url, wait=20)
    order = json.loads(message["Body"])
    client.call("SendTaskSuccess", taskToken=order["token"], output=json.dumps({"paid": order["sum"]}))
    sqs().delete(url, message)
    equal(json.loads(client.wait(arn_)["output"]), {"paid": 12}, "output")
    submitted = [e for e in client.history(arn_) if e["type"] == "TaskSubmitted"]
    equal(json.loads(submitted[0]["taskSubmittedEventDetails"]["output"])["MessageId"],
          message["MessageId"], "submit response")


@check("pawld stops while receivers wait, and tells them to try elsewhere")
def _():
    for what in (other_daemon, daemon):
        url, before = Sqs(what().url).create("stopping"), parked(what)
        waiting = in_background(Sqs(what().url).raw, "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
        wait_for(lambda what=what, before=before: parked(what) > before, what="the receiver to wait")
        what().stop()
        equal(waiting.result(60).status, 503, "status")


# --- crashes -----------------------------------------------------------------------------------------

FAIL_POINTS = ("sql.effect_sent", "sql.effect_done", "sql.commit_sent", "sql.commit_received",
               "task.dispatched", "task.answered")


@check("whenever pawld is killed, the message of a task is there once")
def _():
    name = "crashes"
    postgres().sql(f"CREATE DATABASE {name}")
    listed = subprocess.run([str(pawltest.need_pawld()), "--list-failpoints"], check=False,
                            capture_output=True, text=True).stdout
    if not listed.strip():
        raise Skip("needs a build with --enable-failpoints")
    pawld = pawltest.Pawld(database=postgres().conninfo(name), config=CONFIG)
    folder = pawld.folder
    url = Sqs(pawld.url).create("crash")
    arn_of_machine = machine(pawld.client(), {"QueueUrl": "crash", "MessageBody.$": "$.body"})
    pawld.stop()
    for number, point in enumerate(FAIL_POINTS):
        contains(listed, point)
        pawld = pawltest.Pawld(database=postgres().conninfo(name), config=CONFIG, folder=folder,
                               environment={"PAWL_FAILPOINTS": f"{point}=die"}, start=False)
        start = {"stateMachineArn": arn_of_machine, "name": f"at-{number}",
                 "input": json.dumps({"body": point})}
        # it may die before it says that it is ready: plugins do things by themselves
        with contextlib.suppress(AssertionError, OSError, http.client.HTTPException):
            pawld.start()
            pawld.client().call("StartExecution", **start)
        equal(pawld.process.wait(pawltest.PATIENCE), -9, f"end at {point}")
        with pawltest.Pawld(database=postgres().conninfo(name), config=CONFIG, folder=folder) as pawld:
            client = pawld.client()
            with contextlib.suppress(pawltest.ApiError):        # it has ended already
                client.call("StartExecution", **start)
            end = client.wait(arn_of_machine.replace(":stateMachine:", ":execution:") + f":at-{number}")
            equal(end["status"], "SUCCEEDED", f"{point}: {end.get('cause')}")
            messages = Sqs(pawld.url).receive(url)
            equal([m["Body"] for m in messages], [point], f"messages after {point}")
            equal(json.loads(end["output"])["MessageId"], messages[0]["MessageId"], "id")
            Sqs(pawld.url).delete(url, messages[0])
            equal(postgres().sql("SELECT count(*) FROM pawl_queue.message", name), "0", "left")


if __name__ == "__main__":
    pawltest.main()
