#!/usr/bin/python3
"""test_notify - the plugin notify: the aws command and the AWS SDK for JavaScript against the SNS of pawld;
state machines that publish; queues, webhooks and mailboxes that get it; and what is left after a kill -9."""

import functools
import hashlib
import hmac
import http.client
import http.server
import json
import re
import subprocess
import threading
import time
import urllib.parse

import awscli
import formapi
import pawltest
import smtp
from pawltest import ACCOUNT, REGION, Skip, check, contains, equal, wait_for

JS = pawltest.SOURCE / "tests" / "e2e" / "js"
CONFIG = """plugins = { notify = { connections = 8, first_delay = "20ms", max_delay = "100ms", max_tries = 4,
    timeout = "2s", sweep = "200ms", trusted_hosts = "localhost" }, queue = { sweep = "200ms" } }
"""
PUBLISH = "arn:aws:states:::sns:publish"


@functools.cache
def postgres():
    return pawltest.Postgres()


@functools.cache
def database():
    postgres().sql("CREATE DATABASE topics")
    return "topics"


@functools.cache
def mail():
    return smtp.Peer()


@functools.cache
def daemon():
    return pawltest.Pawld(database=postgres().conninfo(database()), config=CONFIG,
                          smtp_server=f"smtp://127.0.0.1:{mail().port}",
                          mail_from="Pawl <pawl@flows.example>")


def sql(text):
    return postgres().sql(text, database())


@functools.cache
def sns():
    return formapi.FormClient(daemon().url, "2010-03-31")


class Queues:
    """The SQS of a pawld."""

    def __init__(self, url):
        self.client = pawltest.Client(url)

    def __call__(self, action, /, **params):
        answer = self.client.raw(action, json.dumps(params).encode(), service="AmazonSQS")
        equal(answer.status, 200, f"{action}: {answer.body}")
        return answer.json()

    def create(self, name, **attributes):
        return self("CreateQueue", QueueName=name, **({"Attributes": attributes} if attributes else {}))["QueueUrl"]

    def take(self, name, wait=0):
        """All that is in a queue, which is empty then."""
        found = []
        while True:
            messages = self("ReceiveMessage", QueueUrl=name, WaitTimeSeconds=wait if not found else 0,
                            MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]).get("Messages")
            if not messages:
                return found
            found += messages
            for message in messages:
                self("DeleteMessage", QueueUrl=name, ReceiptHandle=message["ReceiptHandle"])

    def bodies(self, name, wait=0):
        return [m["Body"] for m in self.take(name, wait)]


@functools.cache
def sqs():
    return Queues(daemon().url)


def queue_arn(name):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def topic(name, **attributes):
    return sns()("CreateTopic", Name=name, **({"Attributes": attributes} if attributes else {}))["TopicArn"]


def subscribe(arn, protocol, endpoint, **attributes):
    return sns()("Subscribe", TopicArn=arn, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True,
                 **({"Attributes": attributes} if attributes else {}))["SubscriptionArn"]


def to_queue(arn, name, fifo=False, **attributes):
    """A queue of that name that gets what the topic is given."""
    sqs().create(name, **({"FifoQueue": "true"} if fifo else {}))
    return subscribe(arn, "sqs", queue_arn(name), **{"RawMessageDelivery": "true", **attributes})


def publish(arn, message, **params):
    return sns()("Publish", TopicArn=arn, Message=message, **params)


def text_attributes(**values):
    return {k: {"DataType": "String", "StringValue": v} for k, v in values.items()}


# --- a webhook ----------------------------------------------------------------------------------------

class Hook:
    """An HTTP server that keeps the requests it gets and answers as it is told."""

    def __init__(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with hook.lock:
                    hook.got.append((dict(self.headers.items()), body, time.monotonic(), self.path))
                    status, headers, hold = hook.answers.pop(0) if hook.answers else (200, {}, None)
                if hold is not None:
                    hold.wait(60)
                try:
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": "0"}.items():
                        self.send_header(name, value)
                    self.end_headers()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):      # pylint: disable=arguments-differ
                pass

        self.lock, self.got, self.answers = threading.Lock(), [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None      # a client that was killed
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def answer(self, status, hold=None, **headers):
        self.answers.append((status, {k.replace("_", "-"): v for k, v in headers.items()}, hold))

    def next(self):
        """(headers, body, when, path) of the next request."""
        wait_for(lambda: self.got, what="a request of the webhook")
        return self.got.pop(0)


def get(url, method="GET"):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request(method, f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def settled(arn, where=sql):
    """Waits until nothing is on its way to the subscriptions of the topic."""
    name = arn.rpartition(":")[2]
    wait_for(lambda: where(f"""SELECT count(*) FROM pawl_notify.delivery d JOIN pawl_notify.subscription s USING (subscription_id)
        JOIN pawl_notify.topic t USING (topic_id) WHERE t.name = '{name}' AND d.finished_at IS NULL""") == "0",
             what=f"the deliveries of {name}")


# --- the aws command, the SDK --------------------------------------------------------------------------

def aws(*words):
    return awscli.answer(daemon().url, "sns", *words)


@check("the aws command manages topics and subscriptions, publishes, and gets what it published from a queue")
def _():
    arn = aws("create-topic", "--name", "cli", "--tags", "Key=team,Value=ledger")["TopicArn"]
    equal(arn, f"arn:aws:sns:{REGION}:{ACCOUNT}:cli", "ARN")
    equal(aws("create-topic", "--name", "cli")["TopicArn"], arn, "the same again")
    contains([t["TopicArn"] for t in aws("list-topics")["Topics"]], arn)
    aws("set-topic-attributes", "--topic-arn", arn, "--attribute-name", "DisplayName", "--attribute-value", "Shop")
    equal(aws("get-topic-attributes", "--topic-arn", arn)["Attributes"]["DisplayName"], "Shop", "attribute")
    aws("tag-resource", "--resource-arn", arn, "--tags", "Key=zone,Value=b")
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    equal(aws("list-tags-for-resource", "--resource-arn", arn)["Tags"], [{"Key": "zone", "Value": "b"}], "tags")
    sqs().create("cli-queue")
    subscription = aws("subscribe", "--topic-arn", arn, "--protocol", "sqs", "--notification-endpoint",
                       queue_arn("cli-queue"), "--attributes", '{"FilterPolicy": "{\\"kind\\": [\\"a\\"]}"}')["SubscriptionArn"]
    equal([s["SubscriptionArn"] for s in aws("list-subscriptions-by-topic", "--topic-arn", arn)["Subscriptions"]],
          [subscription], "subscriptions")
    sent = aws("publish", "--topic-arn", arn, "--message", "grün", "--subject", "S", "--message-attributes",
               '{"kind": {"DataType": "String", "StringValue": "a"}}')
    aws("publish", "--topic-arn", arn, "--message", "not wanted")
    batch = aws("publish-batch", "--topic-arn", arn, "--publish-batch-request-entries",
                '[{"Id": "x", "Message": "m"}, {"Id": "y", "Message": "n", "MessageStructure": "json"}]')
    equal(([e["Id"] for e in batch["Successful"]], [e["Id"] for e in batch["Failed"]]), (["x"], ["y"]), "batch")
    message, = [json.loads(b) for b in sqs().bodies("cli-queue")]
    equal((message["MessageId"], message["Message"], message["Subject"], message["Type"], message["TopicArn"]),
          (sent["MessageId"], "grün", "S", "Notification", arn), "envelope")
    equal(list(message), ["Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
                          "SigningCertURL", "UnsubscribeURL", "MessageAttributes"], "members")
    aws("set-subscription-attributes", "--subscription-arn", subscription, "--attribute-name", "RawMessageDelivery",
        "--attribute-value", "true")
    equal(aws("get-subscription-attributes", "--subscription-arn", subscription)["Attributes"]["RawMessageDelivery"],
          "true", "attribute")
    aws("unsubscribe", "--subscription-arn", subscription)
    equal(aws("list-subscriptions")["Subscriptions"], [], "subscriptions left")
    aws("delete-topic", "--topic-arn", arn)
    awscli.refused(daemon().url, "sns", "NotFound", "publish", "--topic-arn", arn, "--message", "x")


@check("the AWS SDK for JavaScript works")
def _():
    folder = pawltest.npm_folder(JS, "js-client")
    done = subprocess.run(["node", "notify.mjs", daemon().url], cwd=folder, check=False, timeout=300,
                          stdout=subprocess.PIPE, text=True)
    print(re.sub("^", "# ", done.stdout.strip(), flags=re.M))
    equal(done.returncode, 0, "exit status")


# --- requests ------------------------------------------------------------------------------------------

@check("what is wrong with a request is said in SNS's names")
def _():
    arn, fifo = topic("wrong"), topic("wrong.fifo", FifoTopic="true")
    r, invalid = sns().refuses, "InvalidParameter"
    gone = arn + "-gone"
    for action, code, params in (
            ("Publish", "NotFound", {"Message": "x"}), ("GetTopicAttributes", "NotFound", {}),
            ("SetTopicAttributes", "NotFound", {"AttributeName": "DisplayName", "AttributeValue": "x"}),
            ("ListSubscriptionsByTopic", "NotFound", {}),
            ("PublishBatch", "NotFound", {"PublishBatchRequestEntries": [{"Id": "a", "Message": "x"}]}),
            ("Subscribe", "NotFound", {"Protocol": "sqs", "Endpoint": queue_arn("x")})):
        r(action, code, TopicArn=gone, **params)
    for action, params in (("TagResource", {"Tags": [{"Key": "a", "Value": "b"}]}), ("UntagResource", {"TagKeys": ["a"]}),
                           ("ListTagsForResource", {})):
        r(action, "ResourceNotFound", ResourceArn=gone, **params)
    for action in ("GetSubscriptionAttributes", "Unsubscribe"):
        r(action, "NotFound", SubscriptionArn=f"{arn}:{'0' * 8}-0000-0000-0000-{'0' * 12}")
        r(action, invalid, SubscriptionArn="PendingConfirmation")
    contains(r("Publish", invalid, Message="x"), "TopicArn or TargetArn Reason: no value for required parameter")
    contains(r("Publish", invalid, TopicArn="x", Message="x"), "An ARN must have at least 6 elements, not 1")
    contains(r("Publish", invalid, PhoneNumber="+4912345", Message="x"), "PhoneNumber")
    contains(r("Publish", invalid, TopicArn=arn, Message=""), "Empty message")
    contains(r("Publish", invalid, TopicArn=arn, Message="x" * 262145), "Message too long")
    contains(r("Publish", invalid, TopicArn=arn, Message="x" * 262140,
               MessageAttributes=text_attributes(a="bcdef")), "Message too long")
    publish(arn, "x" * 262144)
    r("Publish", invalid, TopicArn=arn, Message="a\0b")
    for subject in ("", " x", "a\nb", "x" * 101):
        contains(r("Publish", invalid, TopicArn=arn, Message="x", Subject=subject), "Subject")
    contains(r("Publish", invalid, TopicArn=arn, Message="x", MessageStructure="json"), "failed to parse")
    contains(r("Publish", invalid, TopicArn=arn, Message='{"sqs": "x"}', MessageStructure="json"), "No default entry")
    contains(r("Publish", invalid, TopicArn=fifo, Message="x"), "MessageGroupId parameter is required")
    contains(r("Publish", invalid, TopicArn=fifo, Message="x", MessageGroupId="g"), "ContentBasedDeduplication")
    contains(r("Publish", invalid, TopicArn=arn, Message="x", MessageDeduplicationId="d"), "MessageDeduplicationId")
    contains(r("Publish", invalid, TopicArn=fifo, Message="x", MessageGroupId="g" * 129), "MessageGroupId")
    for attribute in ({"DataType": "String"}, {"DataType": "Date", "StringValue": "x"}, {"StringValue": "x"},
                      {"DataType": "Number", "StringValue": "seven"}, {"DataType": "Binary", "BinaryValue": "?"},
                      {"DataType": "String.Array", "StringValue": "x"}):
        r("Publish", "ParameterValueInvalid", TopicArn=arn, Message="x", MessageAttributes={"a": attribute})
    r("Publish", "ParameterValueInvalid", TopicArn=arn, Message="x", MessageAttributes=text_attributes(**{"AWS.a": "x"}))
    entries = "PublishBatchRequestEntries"
    r("PublishBatch", "EmptyBatchRequest", TopicArn=arn)
    r("PublishBatch", "TooManyEntriesInBatchRequest", TopicArn=arn, **{entries: [{"Id": str(n), "Message": "x"} for n in range(11)]})
    r("PublishBatch", "BatchEntryIdsNotDistinct", TopicArn=arn, **{entries: [{"Id": "a", "Message": "x"}] * 2})
    r("PublishBatch", "InvalidBatchEntryId", TopicArn=arn, **{entries: [{"Id": "a b", "Message": "x"}]})
    r("PublishBatch", "BatchRequestTooLong", TopicArn=arn, **{entries: [{"Id": str(n), "Message": "x" * 140000} for n in range(2)]})
    for name in ("", "a b", "x" * 257, "x.fifo", ".fifo"):
        r("CreateTopic", invalid, Name=name)
    r("CreateTopic", invalid, Name="x", Attributes={"FifoTopic": "true"})
    r("CreateTopic", invalid, Name="x", Attributes={"Colour": "red"})
    contains(r("CreateTopic", invalid, Name="wrong", Attributes={"DisplayName": "y"}), "different attributes")
    contains(r("CreateTopic", invalid, Name="wrong", Tags=[{"Key": "a", "Value": "b"}]), "different tags")
    r("SetTopicAttributes", invalid, TopicArn=arn, AttributeName="FifoTopic", AttributeValue="true")
    for protocol, endpoint in (("sqs", "x"), ("sqs", "arn:aws:sqs:r:1:a b"), ("http", "https://h/"), ("http", "http://"),
                               ("http", "http:///x"), ("http", "file:///etc/passwd"), ("https", "https://h/a b"),
                               ("http", "http://h/\r\nX: y"), ("email", "nobody"), ("email", "a@b\nBcc: c@d"),
                               ("email", "a@b, c@d"), ("sms", "+49"), ("lambda", "arn:aws:lambda:x"), ("sqs", queue_arn("f.fifo"))):
        r("Subscribe", invalid, TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    for name, value in (("RawMessageDelivery", "yes"), ("FilterPolicy", "x"), ("FilterPolicy", '{"a": "x"}'),
                        ("FilterPolicy", '{"a": {"b": ["x"]}}'), ("FilterPolicyScope", "x"), ("RedrivePolicy", "{}"),
                        ("DeliveryPolicy", '{"healthyRetryPolicy": {"numRetries": 101}}'), ("Colour", "red")):
        r("Subscribe", invalid, TopicArn=arn, Protocol="sqs", Endpoint=queue_arn("x"), Attributes={name: value})
    r("ConfirmSubscription", invalid, TopicArn=arn, Token="x")
    r("ListTopics", invalid, NextToken="?")
    r("NoSuchAction", "InvalidAction")


@check("topics and subscriptions are listed page by page")
def _():
    arns = [topic(f"page-{n:03}") for n in range(105)]
    for n in range(105):
        subscribe(arns[0], "sqs", queue_arn(f"page-{n}"))
    for action, member, key, more, count in (("ListTopics", "Topics", "TopicArn", {}, None),
                                             ("ListSubscriptionsByTopic", "Subscriptions", "SubscriptionArn",
                                              {"TopicArn": arns[0]}, 105)):
        found, token, pages = [], {}, 0
        while True:
            page = sns()(action, **more, **token)
            found += [item[key] for item in page[member]]
            pages += 1
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        equal((len(set(found)), pages), (count or len(found), 2), action)
    equal(set(arns) - {t["TopicArn"] for t in sns()("ListTopics")["Topics"]} != set(arns), True, "a page of topics")


# --- filters ---------------------------------------------------------------------------------------------

# policy, what it lets pass, what it does not: attributes, or bodies when they are dictionaries in a list
FILTERS = (
    ({"a": ["x", "y"]}, ({"a": "x"}, {"a": "y", "b": "z"}), ({}, {"a": "z"}, {"b": "x"}, {"a": "X"})),
    ({"a": ["x"], "b": ["y"]}, ({"a": "x", "b": "y"},), ({"a": "x"}, {"b": "y"})),
    ({"a": [{"prefix": "or"}]}, ({"a": "order"},), ({"a": "xor"}, {}, {"a": 7})),
    ({"a": [{"suffix": "er"}]}, ({"a": "order"},), ({"a": "or"},)),
    ({"a": [{"equals-ignore-case": "Tea"}]}, ({"a": "TEA"},), ({"a": "teas"},)),
    ({"a": [{"anything-but": ["x", "y"]}]}, ({"a": "z"}, {"a": ["x", "z"]}), ({"a": "x"}, {}, {"a": ["x", "y"]})),
    ({"a": [{"anything-but": 7}]}, ({"a": 8}, {"a": "7"}), ({"a": 7}, {"a": 7.0})),
    ({"a": [{"anything-but": {"prefix": "x"}}]}, ({"a": "yx"},), ({"a": "xy"}, {})),
    ({"a": [{"exists": True}]}, ({"a": "x"}, {"a": 1}), ({}, {"b": "x"})),
    ({"a": [{"exists": False}]}, ({}, {"b": "x"}), ({"a": "x"},)),
    ({"a": [{"numeric": ["=", 3.0]}]}, ({"a": 3}, {"a": 3.00}), ({"a": 3.1}, {"a": "3"})),
    ({"a": [{"numeric": [">", 0, "<=", 100]}]}, ({"a": 100}, {"a": 0.5}), ({"a": 0}, {"a": 100.5}, {"a": -1}, {})),
    ({"a": [3, {"prefix": "x"}, {"numeric": ["<", 0]}]}, ({"a": 3}, {"a": "xy"}, {"a": -2}), ({"a": 4}, {"a": "y"})),
    ({"$or": [{"a": ["x"]}, {"b": [{"numeric": [">", 5]}]}], "c": ["z"]},
     ({"a": "x", "c": "z"}, {"b": 6, "c": "z"}), ({"c": "z"}, {"a": "x"}, {"b": 5, "c": "z"})),
    ({"a": ["x"]}, ({"a": ["w", "x"]},), ({"a": ["w"]}, {"a": []})),
)
BODY_FILTERS = FILTERS + (
    ({"o": {"a": ["x"], "p": {"n": [{"numeric": [">=", 2]}]}}},
     ({"o": {"a": "x", "p": {"n": 2}}}, {"o": [{"a": "y"}, {"a": "x", "p": {"n": 3}}]}),
     ({"o": {"a": "x"}}, {"o": "x"}, {}, {"o": {"a": "x", "p": {"n": 1}}})),
    ({"o": {"a": [{"exists": False}]}}, ({}, {"o": {}}, {"o": {"b": 1}}), ({"o": {"a": 1}},)),
    ({"a": [None, True]}, ({"a": None}, {"a": True}), ({"a": False}, {})),
)


def as_attribute(value):
    kind = "String.Array" if isinstance(value, list) else "String" if isinstance(value, str) else "Number"
    return {"DataType": kind, "StringValue": value if kind == "String" else json.dumps(value)}


@check("filter policies of attributes and of bodies let pass what they should, and nothing else")
def _():
    for scope, filters in (("MessageAttributes", FILTERS), ("MessageBody", BODY_FILTERS)):
        for number, (policy, passes, fails) in enumerate(filters):
            name = f"filter-{scope[7]}-{number}"
            arn = topic(name)
            to_queue(arn, name, FilterPolicy=json.dumps(policy), FilterPolicyScope=scope)
            for n, given in enumerate(passes + fails):
                if scope == "MessageBody":
                    publish(arn, json.dumps({**given, "case": n}))
                else:
                    publish(arn, json.dumps({"case": n}), **({"MessageAttributes": {
                        k: as_attribute(v) for k, v in given.items()}} if given else {}))
            publish(arn, "no JSON") if scope == "MessageBody" else None
            equal(sorted(json.loads(b)["case"] for b in sqs().bodies(name)), list(range(len(passes))), f"{scope} {policy}")


# --- queues ----------------------------------------------------------------------------------------------

@check("a message may have a text for each protocol, and wakes a receiver that waits")
def _():
    arn = topic("structured")
    to_queue(arn, "structured")
    got = []
    thread = threading.Thread(target=lambda: got.extend(Queues(daemon().url).bodies("structured", 20)))
    before = daemon().log().count("waits for messages")
    thread.start()
    wait_for(lambda: daemon().log().count("waits for messages") > before, what="the receiver to wait")
    began = time.monotonic()
    publish(arn, json.dumps({"default": "for all", "sqs": "for queues"}), MessageStructure="json")
    thread.join(60)
    equal(got, ["for queues"], "bodies")
    if time.monotonic() - began > 15:
        raise AssertionError("the receiver was not woken")


@check("a FIFO topic keeps the order and the once of its messages in queues")
def _():
    arn = topic("order.fifo", FifoTopic="true")
    to_queue(arn, "order.fifo", fifo=True)
    to_queue(arn, "order-standard")
    numbers = [publish(arn, f"{group}{n}", MessageGroupId=group, MessageDeduplicationId=f"{group}{n}")["SequenceNumber"]
               for n in range(3) for group in "ab"]
    equal(numbers, sorted(numbers), "sequence numbers")
    publish(arn, "again", MessageGroupId="a", MessageDeduplicationId="a0")
    messages = sqs().take("order.fifo")
    for group in "ab":
        equal([m["Body"] for m in messages if m["Attributes"]["MessageGroupId"] == group],
              [f"{group}{n}" for n in range(3)], f"group {group}")
    equal(len(messages), 6, "messages")
    equal(len(sqs().bodies("order-standard")), 6, "in the standard queue")


@check("what a queue cannot take is a dead letter, with the reason")
def _():
    arn = topic("dead")
    sqs().create("dead-letters")
    policy = json.dumps({"deadLetterTargetArn": queue_arn("dead-letters")})
    subscribe(arn, "sqs", queue_arn("not-there"), RedrivePolicy=policy, RawMessageDelivery="true")
    sqs().create("dead-small", MaximumMessageSize="1024")
    subscribe(arn, "sqs", queue_arn("dead-small"), RawMessageDelivery="true")
    publish(arn, "x" * 2000)
    message, = sqs().take("dead-letters")
    equal(message["Body"], "x" * 2000, "body")
    contains(message["MessageAttributes"]["ErrorMessage"]["StringValue"], "There is no queue not-there.")
    equal(sqs().bodies("dead-small"), [], "the small queue")
    equal(sql("SELECT string_agg(outcome, ',' ORDER BY outcome) FROM pawl_notify.delivery WHERE error ~ 'queue'"),
          "dead letter,lost", "outcomes")


@check("an application publishes in its own transaction: all of it, or nothing")
def _():
    arn = topic("outbox")
    to_queue(arn, "outbox", FilterPolicy='{"total": [{"numeric": [">", 5]}]}')
    sql("BEGIN; SELECT pawl_notify.publish('outbox', 'never', attributes => '{\"total\": 7}'); ROLLBACK")
    sql("SELECT pawl_notify.publish('outbox', 'filtered', attributes => '{\"total\": 5}')")
    sql("BEGIN; SELECT pawl_notify.publish('outbox', 'order', 'A subject', '{\"total\": 7}'); COMMIT")
    equal(sqs().bodies("outbox"), ["order"], "bodies")


# --- webhooks ----------------------------------------------------------------------------------------------

def verify(headers, body, key):
    """As the manual says."""
    parts = dict(part.split("=", 1) for part in headers["X-Pawl-Signature"].split(","))
    wanted = hmac.new(key.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    equal(parts["v1"], wanted, "signature")
    if abs(int(parts["t"]) - time.time()) > 60:
        raise AssertionError(f"signed at {parts['t']}")


def attribute(subscription, name):
    return sns()("GetSubscriptionAttributes", SubscriptionArn=subscription)["Attributes"].get(name)


@check("a webhook confirms its subscription, gets signed messages, and leaves by their link")
def _():
    hook, arn = Hook(), topic("hook")
    equal(sns()("Subscribe", TopicArn=arn, Protocol="http", Endpoint=hook.url("/in"))["SubscriptionArn"],
          "pending confirmation", "without ReturnSubscriptionArn")
    subscription = subscribe(arn, "http", hook.url("/in"))
    for _ in range(2):      # asked twice
        headers, body, _, path = hook.next()
        equal((headers["x-amz-sns-message-type"], path), ("SubscriptionConfirmation", "/in"), "type")
    question = json.loads(body)
    publish(arn, "before it is confirmed")
    equal(attribute(subscription, "PendingConfirmation"), "true", "pending")
    wrong = question["SubscribeURL"][:-1] + ("0" if question["SubscribeURL"][-1] != "0" else "1")
    equal(get(wrong)[0], 404, "another token")
    equal(get(question["SubscribeURL"])[0], 200, "confirmed")
    equal(sns()("ConfirmSubscription", TopicArn=arn, Token=question["Token"])["SubscriptionArn"], subscription, "again")
    sent = publish(arn, "grün", Subject="S", MessageAttributes=text_attributes(kind="x"))
    headers, body, _, _ = hook.next()
    verify(headers, body, attribute(subscription, "SigningKey"))
    message = json.loads(body)
    equal((headers["x-amz-sns-message-type"], headers["x-amz-sns-message-id"], headers["x-amz-sns-topic-arn"],
           headers["x-amz-sns-subscription-arn"]), ("Notification", sent["MessageId"], arn, subscription), "headers")
    equal((message["Message"], message["MessageAttributes"]), ("grün", {"kind": {"Type": "String", "Value": "x"}}), "message")
    status, page = get(message["UnsubscribeURL"])
    equal(status, 200, "page")
    contains(page, "<form method=\"post\">")
    equal(attribute(subscription, "PendingConfirmation"), "false", "a GET ends nothing")
    equal(get(message["UnsubscribeURL"], "POST")[0], 200, "end")
    sns().refuses("GetSubscriptionAttributes", "NotFound", SubscriptionArn=subscription)
    equal(get(message["UnsubscribeURL"], "POST")[0], 404, "again")
    equal(get(message["UnsubscribeURL"], "PUT")[0], 405, "another method")


@check("a webhook of a trusted host needs no confirmation; raw messages come as they are")
def _():
    hook, arn = Hook(), topic("trusted")
    subscription = subscribe(arn, "http", hook.url(host="localhost"), RawMessageDelivery="true")
    publish(arn, "as it is")
    headers, body, _, _ = hook.next()
    equal((body, headers["x-amz-sns-rawdelivery"]), (b"as it is", "true"), "body")
    verify(headers, body, attribute(subscription, "SigningKey"))


@check("a webhook that fails is tried again, later each time, and when it asks to wait not before")
def _():
    hook, arn = Hook(), topic("failing")
    subscribe(arn, "http", hook.url(host="localhost"), RawMessageDelivery="true")
    hook.answer(503)
    hook.answer(429, Retry_After="1")
    publish(arn, "m")
    times = [hook.next()[2] for _ in range(3)]
    if times[2] - times[1] < 0.9:
        raise AssertionError(f"Retry-After was not respected: {times}")
    settled(arn)
    equal(hook.got, [], "requests after the success")
    equal(sql("SELECT tries, outcome FROM pawl_notify.delivery JOIN pawl_notify.subscription USING (subscription_id) "
              f"WHERE endpoint = '{hook.url(host='localhost')}'"), "3|delivered", "row")


@check("a webhook that never succeeds, or says that the request is wrong, leaves a dead letter")
def _():
    arn = topic("hopeless")
    sqs().create("hopeless")
    for answers, tries in (((500, 502, 408, 500), 4), ((404,), 1), ((302,), 1)):
        hook = Hook()
        for status in answers:
            hook.answer(status, Location="http://127.0.0.1:1/")
        subscription = subscribe(arn, "http", hook.url(host="localhost"),
                                 RedrivePolicy=json.dumps({"deadLetterTargetArn": queue_arn("hopeless")}))
        publish(arn, f"m{tries}")
        message, = sqs().take("hopeless", 20)
        equal(json.loads(message["Body"])["Message"], f"m{tries}", "dead letter")
        contains(message["MessageAttributes"]["ErrorMessage"]["StringValue"], f"answered {answers[-1]}")
        equal(len(hook.got), tries, "requests")
        sns()("Unsubscribe", SubscriptionArn=subscription)


@check("DeliveryPolicy says how often; a host that is not there, and one that is silent, are failures")
def _():
    arn, hook, hold = topic("policy"), Hook(), threading.Event()
    sqs().create("policy")
    more = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue_arn("policy")}),
            "DeliveryPolicy": json.dumps({"healthyRetryPolicy": {"numRetries": 0}})}
    hook.answer(200, hold)
    subscribe(arn, "http", hook.url(host="localhost"), **more)
    subscribe(arn, "http", "http://localhost:1/", **more)
    publish(arn, "m")
    letters = []
    wait_for(lambda: letters.extend(sqs().take("policy")) or len(letters) == 2, what="both dead letters")
    hold.set()
    equal(len(hook.got), 1, "requests")


@check("a slow webhook does not hold up the others")
def _():
    arn, slow, quick, hold = topic("slow"), Hook(), Hook(), threading.Event()
    for hook in (slow, quick):
        subscribe(arn, "http", hook.url(host="localhost"), RawMessageDelivery="true")
    for _ in range(40):
        slow.answer(200, hold)
    for n in range(40):
        publish(arn, str(n))
    wait_for(lambda: len(quick.got) == 40, timeout=1.9, what="the quick one")
    if len(slow.got) > 16:
        raise AssertionError(f"{len(slow.got)} requests at the same time")
    hold.set()
    settled(arn)
    equal(sorted({int(b) for _, b, _, _ in slow.got}), list(range(40)), "the slow one")


@check("a FIFO topic keeps the order of each group at a webhook, whatever fails")
def _():
    arn, hook = topic("hook.fifo", FifoTopic="true", ContentBasedDeduplication="true"), Hook()
    subscribe(arn, "http", hook.url(host="localhost"), RawMessageDelivery="true")
    for status in (500, 200, 503, 404, 200, 500):
        hook.answer(status)
    for n in range(6):
        for group in "ab":
            publish(arn, f"{group}{n}", MessageGroupId=group)
    settled(arn)
    for group in "ab":
        bodies = [b.decode() for _, b, _, _ in hook.got if b.decode()[0] == group]
        equal(bodies, sorted(bodies), f"order of group {group}")
        equal(sorted(set(bodies)), [f"{group}{n}" for n in range(6)], f"group {group}")


# --- mail ------------------------------------------------------------------------------------------------

def plain_text(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


@check("a mailbox confirms by a page, gets the messages, and leaves by the link or the button of its program")
def _():
    arn = topic("letters")
    subscription = subscribe(arn, "email", "ann@example.com")
    letter = mail().next()
    equal(letter["to"], ["ann@example.com"], "to")
    link, = re.findall(r"http://\S+/notify/confirm\?\S+", plain_text(letter["message"]))
    status, page = get(link)
    equal(status, 200, "page")
    contains(page, "ann@example.com")
    equal(attribute(subscription, "PendingConfirmation"), "true", "a GET confirms nothing")
    equal(get(link.replace("/confirm", "/subscribe"))[0], 404, "nor at the address for webhooks")
    equal(get(link, "POST")[0], 200, "confirmed")
    publish(arn, "Grüße\nend", Subject="Neues für dich")
    message = mail().next()["message"]
    equal(message["Subject"], "Neues für dich", "subject")
    contains(plain_text(message), "Grüße\nend\n")
    leave = message["List-Unsubscribe"].strip("<>")
    contains(plain_text(message), leave)
    equal(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "button")
    publish(arn, "no subject")
    equal(mail().next()["message"]["Subject"], "Notification from letters", "subject")
    equal(get(leave, "POST")[0], 200, "end")
    sns().refuses("GetSubscriptionAttributes", "NotFound", SubscriptionArn=subscription)


@check("mail that is refused for good is a dead letter at once, mail refused for now after the last try")
def _():
    arn = topic("letters-dead")
    sqs().create("letters-dead")
    for name, tries in (("nobody", 1), ("later", 4)):
        subscribe(arn, "email-json", f"{name}@example.com",
                  RedrivePolicy=json.dumps({"deadLetterTargetArn": queue_arn("letters-dead")}))
        sql(f"UPDATE pawl_notify.subscription SET confirmed_at = now() WHERE endpoint = '{name}@example.com'")
        settled(arn)        # the confirmation that could not be sent
        publish(arn, name)
        message, = sqs().take("letters-dead", 20)
        equal(json.loads(message["Body"])["Message"], name, "dead letter")
        equal(sql("SELECT max(tries) FROM pawl_notify.delivery d JOIN pawl_notify.subscription USING (subscription_id) "
                  f"WHERE endpoint = '{name}@example.com' AND outcome = 'dead letter'"), str(tries), "tries")
        sql(f"DELETE FROM pawl_notify.subscription WHERE endpoint = '{name}@example.com'")


# --- sweeping --------------------------------------------------------------------------------------------

@check("what is over is deleted after its time, what waits is not")
def _():
    arn, hook, hold = topic("swept"), Hook(), threading.Event()
    subscribe(arn, "http", hook.url(host="localhost"))
    publish(arn, "done")
    settled(arn)
    hook.got.clear()
    hook.answer(200, hold)
    publish(arn, "waits")
    hook.next()
    mine = f"subscription_id = (SELECT subscription_id FROM pawl_notify.subscription WHERE endpoint = '{hook.url(host='localhost')}')"
    sql(f"UPDATE pawl_notify.delivery SET finished_at = finished_at - interval '2 days' WHERE {mine}")
    sql("UPDATE pawl_notify.message SET published_at = published_at - interval '2 days' WHERE bodies ->> 'default' IN ('done', 'waits')")
    wait_for(lambda: sql("SELECT string_agg(bodies ->> 'default', ',') FROM pawl_notify.message "
                         "WHERE bodies ->> 'default' IN ('done', 'waits')") == "waits", what="the sweep")
    equal(sql(f"SELECT count(*) FROM pawl_notify.delivery WHERE {mine}"), "1", "deliveries left")
    hold.set()
    settled(arn)


# --- tasks -----------------------------------------------------------------------------------------------

_names = iter(range(1, 1000000))


def machine(client, parameters, resource=PUBLISH, **fields):
    return client.create(f"notify-{next(_names)}", {"StartAt": "Publish", "States": {"Publish": {
        "Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}}})


@check("a task publishes; its result is SNS's with the two blocks about the exchange")
def _():
    arn = topic("task")
    to_queue(arn, "task")
    client = daemon().client()
    end = client.run(machine(client, {"TopicArn": arn, "Message.$": "$", "Subject": "S", "MessageAttributes": text_attributes(
        kind="order")}), {"order": 7, "note": "grün"})
    equal(end["status"], "SUCCEEDED", f"status {end.get('cause')}")
    message, = sqs().take("task")
    equal(json.loads(message["Body"]), {"order": 7, "note": "grün"}, "body")
    result = json.loads(end["output"])
    equal(list(result), ["MessageId", "SdkHttpMetadata", "SdkResponseMetadata"], "members")


@check("a task that cannot publish fails with the names of AWS")
def _():
    arn, client = topic("task-errors"), daemon().client()
    for parameters, error, cause in (
            ({"TopicArn": arn + "-gone", "Message": "x"}, "SNS.NotFoundException",
             "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: "),
            ({"TopicArn": arn, "Message": ""}, "SNS.InvalidParameterException",
             "Invalid parameter: Empty message (Service: AmazonSNS; Status Code: 400; Error Code: InvalidParameter; Request ID: "),
            ({"Message": "x"}, "SNS.InvalidParameterException", "TopicArn or TargetArn Reason: no value for required parameter"),
            ({"PhoneNumber": "+49", "Message": "x"}, "SNS.InvalidParameterException", "no text messages"),
            ({"TopicArn": arn, "Message": "x", "MessageAttributes": {"a": {"DataType": "x"}}},
             "SNS.ParameterValueInvalidException", "invalid message attribute type")):
        end = client.run(machine(client, parameters), {})
        equal((end["status"], end.get("error")), ("FAILED", error), str(parameters))
        contains(end["cause"], cause)


@check("a worker takes the task token from the message and ends the execution")
def _():
    arn, client = topic("callback"), daemon().client()
    to_queue(arn, "callback")
    execution = client.start(machine(client, {"TopicArn": arn, "Message": {"token.$": "$$.Task.Token"}},
                                     PUBLISH + ".waitForTaskToken"), {})
    body, = sqs().bodies("callback", 20)
    client.call("SendTaskSuccess", taskToken=json.loads(body)["token"], output='"paid"')
    equal(json.loads(client.wait(execution)["output"]), "paid", "output")


# --- crashes ---------------------------------------------------------------------------------------------

FAIL_POINTS = ("sql.effect_sent", "sql.effect_done", "sql.commit_sent", "sql.commit_received",
               "task.dispatched", "task.answered")


@check("whenever pawld is killed, each queue gets the message of a task once, and each webhook gets it")
def _():
    listed = subprocess.run([str(pawltest.need_pawld()), "--list-failpoints"], check=False,
                            capture_output=True, text=True).stdout
    if not listed.strip():
        raise Skip("needs a build with --enable-failpoints")
    name, hook = "crashes", Hook()
    postgres().sql(f"CREATE DATABASE {name}")
    config = CONFIG.replace('timeout = "2s"', 'timeout = "500ms"')
    pawld = pawltest.Pawld(database=postgres().conninfo(name), config=config)
    folder, client = pawld.folder, formapi.FormClient(pawld.url, "2010-03-31")
    arn = client("CreateTopic", Name="crash")["TopicArn"]
    for queue in ("one", "two"):
        Queues(pawld.url).create(queue)
        client("Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue_arn(queue), Attributes={"RawMessageDelivery": "true"})
    client("Subscribe", TopicArn=arn, Protocol="http", Endpoint=hook.url(host="localhost"),
           Attributes={"RawMessageDelivery": "true"})
    arn_of_machine = machine(pawld.client(), {"TopicArn": arn, "Message.$": "$.body"})
    pawld.stop()
    for number, point in enumerate(FAIL_POINTS):
        contains(listed, point)
        pawld = pawltest.Pawld(database=postgres().conninfo(name), config=config, folder=folder,
                               environment={"PAWL_FAILPOINTS": f"{point}=die"})
        client = pawld.client()
        try:
            client.start(arn_of_machine, {"body": point}, name=f"at-{number}")
        except (OSError, http.client.HTTPException):
            pass                    # it died before it could say so
        equal(pawld.died(), -9, f"end at {point}")
        with pawltest.Pawld(database=postgres().conninfo(name), config=config, folder=folder) as pawld:
            end = pawld.client().wait(arn_of_machine.replace(":stateMachine:", ":execution:") + f":at-{number}")
            equal(end["status"], "SUCCEEDED", f"{point}: {end.get('cause')}")
            for queue in ("one", "two"):
                equal(Queues(pawld.url).bodies(queue), [point], f"messages in {queue} after {point}")
            settled(arn, lambda text: postgres().sql(text, name))
            bodies = {b.decode() for _, b, _, _ in hook.got}
            contains(bodies, point)
    equal(postgres().sql("SELECT count(*) FROM pawl_notify.delivery", name), str(len(FAIL_POINTS)), "deliveries")


@check("a delivery that is under way when pawld is killed is made again, and its dead letter comes once")
def _():
    name, hook, hold = "takeover", Hook(), threading.Event()
    postgres().sql(f"CREATE DATABASE {name}")
    config = CONFIG.replace('timeout = "2s"', 'timeout = "1s"')
    pawld = pawltest.Pawld(database=postgres().conninfo(name), config=config)
    client = formapi.FormClient(pawld.url, "2010-03-31")
    arn = client("CreateTopic", Name="crash")["TopicArn"]
    Queues(pawld.url).create("dead")
    client("Subscribe", TopicArn=arn, Protocol="http", Endpoint=hook.url(host="localhost"), Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": queue_arn("dead")})})
    hook.answer(200, hold)
    hook.answer(404)
    client("Publish", TopicArn=arn, Message="m")
    first = hook.next()
    pawld.kill()
    with pawltest.Pawld(database=postgres().conninfo(name), config=config, folder=pawld.folder) as pawld:
        second = hook.next()
        equal(first[0]["x-amz-sns-message-id"], second[0]["x-amz-sns-message-id"], "the same message")
        equal(len(Queues(pawld.url).bodies("dead", 20)), 1, "dead letters")
    hold.set()


@check("what was published while PostgreSQL goes away and comes back is delivered")
def _():
    arn, hook = topic("restart"), Hook()
    subscribe(arn, "http", hook.url(host="localhost"), RawMessageDelivery="true")
    hook.answer(500)
    publish(arn, "m")
    hook.next()
    postgres().stop()
    postgres().start()
    wait_for(lambda: any(b == b"m" for _, b, _, _ in hook.got), what="the message")


# --- two nodes ----------------------------------------------------------------------------------------------

class TwoNodes:
    """Two pawld of one database, with a topic."""

    def __init__(self, name, topic_name, timeout="1s", **attributes):
        postgres().sql(f"CREATE DATABASE {name}")
        options = {"database": postgres().conninfo(name), "config": CONFIG.replace('timeout = "2s"', f'timeout = "{timeout}"')}
        self.name, self.one = name, pawltest.Pawld(**options)
        self.other = pawltest.beside(lambda it: formapi.FormClient(it.url, "2010-03-31")("ListTopics"), **options)
        self.clients = [formapi.FormClient(pawld.url, "2010-03-31") for pawld in (self.one, self.other)]
        params = {"Attributes": attributes} if attributes else {}
        self.arn = self.clients[0]("CreateTopic", Name=topic_name, **params)["TopicArn"]

    def subscribe(self, node, protocol, endpoint):
        self.clients[node]("Subscribe", TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint,
                           Attributes={"RawMessageDelivery": "true"})

    def publish(self, node, message, **params):
        self.clients[node]("Publish", TopicArn=self.arn, Message=message, **params)

    def settled(self):
        settled(self.arn, lambda text: postgres().sql(text, self.name))

    def outcomes(self):
        return postgres().sql("SELECT string_agg(outcome || ' ' || n, ',') FROM (SELECT outcome, count(*) AS n "
                              "FROM pawl_notify.delivery GROUP BY 1) x", self.name)

    def stop(self):
        for pawld in (self.one, self.other):
            if pawld.is_running():
                pawld.stop()


def bodies_of(hook):
    return [body.decode() for _, body, _, _ in hook.got]


@check("a subscription that was made at one node gets once what is published at either")
def _():
    nodes, hook, near = TwoNodes("either", "both"), Hook(), Hook()
    Queues(nodes.other.url).create("both")
    nodes.subscribe(1, "http", hook.url(host="localhost"))
    nodes.subscribe(0, "http", near.url(host="localhost"))
    nodes.subscribe(1, "sqs", queue_arn("both"))
    sent = [f"m{n:02}" for n in range(40)]
    for n, message in enumerate(sent):
        nodes.publish(n % 2, message)
    nodes.settled()
    equal(sorted(Queues(nodes.one.url).bodies("both")), sent, "in the queue")
    for at in (hook, near):
        wait_for(lambda it=at: len(it.got) >= len(sent), what="the messages")
        equal(sorted(bodies_of(at)), sent, "at the webhook")
    equal(nodes.outcomes(), f"delivered {2 * len(sent)}")
    nodes.stop()


@check("a node that is killed in the middle of deliveries leaves them to the other one: none is lost, others come once")
def _():
    nodes, hook, hold = TwoNodes("killed", "kill", timeout="8s"), Hook(), threading.Event()
    nodes.subscribe(0, "http", hook.url(host="localhost"))
    for _ in range(16):             # as many as two nodes try at the same time
        hook.answer(200, hold)
    sent = [f"m{n:02}" for n in range(30)]
    for message in sent:
        nodes.publish(1, message)
    wait_for(lambda: len(hook.got) >= 16, what="deliveries of both nodes")
    under_way = set(bodies_of(hook))
    nodes.other.kill()
    hold.set()
    nodes.settled()
    counts = {message: bodies_of(hook).count(message) for message in sent}
    equal(sorted(m for m, n in counts.items() if n == 0), [], "lost")
    equal(sorted(m for m, n in counts.items() if n > 1 and m not in under_way), [], "that came again")
    equal(nodes.outcomes(), f"delivered {len(sent)}")
    nodes.stop()


@check("a FIFO topic keeps the order of each group at a webhook when one of two nodes is killed")
def _():
    nodes, hook = TwoNodes("ordered", "order.fifo", FifoTopic="true", ContentBasedDeduplication="true"), Hook()
    nodes.subscribe(1, "http", hook.url(host="localhost"))
    sent = [(group, f"{group}{n:02}") for n in range(20) for group in "abc"]
    for n, (group, message) in enumerate(sent):
        nodes.publish(n % 2, message, MessageGroupId=group)
        if n == len(sent) // 2:
            wait_for(lambda: hook.got, what="a delivery")
            nodes.other.kill()
            nodes.clients[1] = nodes.clients[0]
    nodes.settled()
    for group in "abc":
        seen = list(dict.fromkeys(m for m in bodies_of(hook) if m[0] == group))
        equal(seen, [m for g, m in sent if g == group], f"group {group}")
    nodes.stop()


if __name__ == "__main__":
    pawltest.main()
