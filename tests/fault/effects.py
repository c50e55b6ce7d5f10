#!/usr/bin/python3
"""effects - the exactly-once harness: tasks with effects in PostgreSQL while pawld and PostgreSQL die.

State machines send messages and change tables. Meanwhile pawld is killed (kill -9) at the fail points
of tasks and of their transactions and at random times, PostgreSQL (kill -9 of all of it, fsync on) at
random times. Afterwards every execution has succeeded, and each task has had its effect once: no
message and no row is missing or there twice.

    effects.py               the short form
    effects.py --long        10,000 tasks, a kill every few seconds
    effects.py --seed N      the same kills again; the seed of each run is printed
    effects.py --kinds LIST  only these kinds of effects (queue, topic, own, other)

A kind whose plugin is not built is left out, which is said.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / "e2e")]

# pylint: disable=wrong-import-position
import faults
import formapi
import pawltest

ITEMS = 5       # tasks of each kind in an execution
NAME = "States.Format('{}/{}', $.execution, $.item)"


# --- the kinds of effects --------------------------------------------------------------------------

class Effect:
    """A kind of effect. refusals: the errors that say "there is no connection, nothing was changed",
    the only ones for which a task is tried again."""

    name = plugin = None
    refusals = ()

    def prepare(self, daemon, database):
        """Before the first start of pawld."""

    def create(self, client):
        """What the tasks need of a pawld that runs."""

    def task(self):
        """Resource and Parameters. The effect bears the name of the task, execution/item."""
        raise NotImplementedError

    def found(self, client, database):
        """{name of the task: how many effects of it are there}"""
        raise NotImplementedError

    def state(self, **fields):
        retry = [{"ErrorEquals": list(self.refusals), "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 60}]
        return {"Type": "Task", **self.task(), "Retry": retry, "ResultPath": None, **fields}


class Queue(Effect):
    """A message in a queue, received and deleted through the SQS API."""

    name = plugin = "queue"
    refusals = ("SQS.SdkClientException",)

    def create(self, client):
        self.sqs(client, "CreateQueue", QueueName=self.name)

    def task(self):
        return {"Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": self.name, "MessageBody.$": NAME}}

    def body(self, text):
        """What the task wrote, of the body of a message."""
        return text

    def found(self, client, database):
        """Known by their ids, since a message that is received twice is still one."""
        ids = collections.defaultdict(set)
        while messages := self.sqs(client, "ReceiveMessage", QueueUrl=self.name,
                                   MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                ids[self.body(message["Body"])].add(message["MessageId"])
            self.sqs(client, "DeleteMessageBatch", QueueUrl=self.name, Entries=[
                {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)])
        left = self.sqs(client, "GetQueueAttributes", QueueUrl=self.name,
                        AttributeNames=["All"])["Attributes"]
        for what in ("", "NotVisible", "Delayed"):
            pawltest.equal(left[f"ApproximateNumberOfMessages{what}"], "0", f"messages {what} left in {self.name}")
        return {name: len(of) for name, of in ids.items()}

    def sqs(self, client, action, **params):
        answer = client.raw(action, json.dumps(params).encode(), service="AmazonSQS")
        if answer.status != 200:
            raise pawltest.ApiError(answer.status, answer.json())
        return answer.json()


class Topic(Queue):
    """A message published to a topic, received from the queue that it fans out to."""

    name, plugin = "topic", "notify"
    refusals = ("SNS.SdkClientException",)

    def create(self, client):
        super().create(client)
        sns = formapi.FormClient(f"http://{client.host}:{client.port}", "2010-03-31")
        sns("CreateTopic", Name=self.name)
        sns("Subscribe", TopicArn=self.arn("sns"), Protocol="sqs", Endpoint=self.arn("sqs"))

    def arn(self, service):
        return f"arn:aws:{service}:{pawltest.REGION}:{pawltest.ACCOUNT}:{self.name}"

    def task(self):
        return {"Resource": "arn:aws:states:::sns:publish",
                "Parameters": {"TopicArn": self.arn("sns"), "Message.$": NAME}}

    def body(self, text):
        return json.loads(text)["Message"]


class Database(Effect):
    """A row in a table without keys, so that it may be there twice. other: in a database of its own."""

    plugin = "database"
    refusals = ("Database.ConnectionException",)

    def __init__(self, name, other):
        self.name, self.other, self.place = name, other, "postgres"

    def prepare(self, daemon, database):
        conninfo = database.new_database() if self.other else daemon.options["database"]
        self.place = conninfo.rpartition("dbname=")[2]
        database.sql("CREATE TABLE public.done (task text NOT NULL)", self.place)
        if self.other:
            daemon.config_path.write_text(
                f'plugins = {{ database = {{ databases = {{ {self.name} = {{ conninfo = "{conninfo}" }} }} }} }}\n',
                encoding="utf-8")

    def task(self):
        where = {"Database": self.name} if self.other else {}
        return {"Resource": "arn:pawl:states:::database:execute",
                "Parameters": {"Statement": "INSERT INTO public.done (task) VALUES ($1)",
                               "Parameters.$": f"States.Array({NAME})", **where}}

    def found(self, client, database):
        rows = database.sql("SELECT task, count(*) FROM public.done GROUP BY 1", self.place)
        return {task: int(count) for task, _, count in (row.partition("|") for row in rows.splitlines())}


KINDS = [Queue(), Topic(), Database("own", False), Database("other", True)]


def is_built(kind):
    return (pawltest.BUILD / "plugins" / kind.plugin / ".libs" / f"{kind.plugin}.so").exists()


# --- the executions -------------------------------------------------------------------------------

def items(iterator):
    """A machine that does this for each item, with its execution's name beside it."""
    return {"StartAt": "Items", "States": {"Items": {
        "Type": "Map", "ItemsPath": "$.items", "ResultPath": None, "End": True, "ItemProcessor": iterator,
        "ItemSelector": {"execution.$": "$$.Execution.Name", "item.$": "$$.Map.Item.Value"}}}}


def chain_definition(kinds):
    """One effect after the other."""
    states = {kind.name: kind.state(Next=following.name) for kind, following in zip(kinds, kinds[1:])}
    states[kinds[-1].name] = kinds[-1].state(End=True)
    return items({"StartAt": kinds[0].name, "States": states})


def beside_definition(kinds):
    """All at once."""
    branches = [{"StartAt": kind.name, "States": {kind.name: kind.state(End=True)}} for kind in kinds]
    return items({"StartAt": "All", "States": {"All": {
        "Type": "Parallel", "Branches": branches, "ResultPath": None, "End": True}}})


class Executions(faults.Executions):
    def given(self, number):
        return ("chain", "beside")[number % 2], {"items": list(range(ITEMS))}


# --- the run ----------------------------------------------------------------------------------------

def failpoints():
    """Those of tasks and of their transactions; these tasks have no tokens."""
    return [name for name in pawltest.failpoints()
            if name.startswith(("sql.", "task.")) and name != "task.signalled"]


def plan(rng, long_form):
    """In the long form each fail point often, and the connection is lost at those of SQL, too."""
    hits = (2, 10, 30, 60) if long_form else (5,)
    points = [f"{name}=die@{hit + rng.randrange(hit)}" for name in failpoints() for hit in hits]
    if long_form:
        points = [f"{other}=fail@{1 + rng.randrange(50)},{point}" for point in points
                  for other in [rng.choice([name for name in failpoints() if name.startswith("sql.")])]]
    return faults.plan(rng, points, *((20, 16) if long_form else (3, 3)))


def complaints(executions, kinds, client, database):
    """One a line: executions that did not succeed, effects that are missing or too many."""
    wrong = list(executions.trouble)
    for number, arn in sorted(executions.acknowledged.items()):
        end = client.wait(arn, 180)
        if end["status"] != "SUCCEEDED":
            wrong.append(f"e{number} {end['status']}: {end.get('error')}: {end.get('cause')}")
    expected = {f"e{number}/{item}" for number in range(executions.count) for item in range(ITEMS)}
    for kind in kinds:
        found = kind.found(client, database)
        print(f"# {kind.name}: {len(expected)} tasks, {sum(found.values())} effects", flush=True)
        wrong += [f"{kind.name}: the effect of task {task} is there {found.get(task, 0)} times"
                  for task in sorted(expected | set(found))
                  if found.get(task, 0) != (1 if task in expected else 0)]
    return wrong


def run(options, kinds, count):
    """Complaints."""
    rng = random.Random(options.seed)
    database = pawltest.Postgres(fsync=True)
    daemon = faults.Daemon(database)
    for kind in kinds:
        kind.prepare(daemon, database)
    daemon.begin()
    client = daemon.client()
    for kind in kinds:
        kind.create(client)
    client.create("chain", chain_definition(kinds))
    client.create("beside", beside_definition(kinds))
    executions = Executions(count, daemon.url)
    daemon.kill()
    client.close()
    faults.carry_out(plan(rng, options.long), daemon, database, executions, rng)
    wrong = complaints(executions, kinds, client, database)
    daemon.stop()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="10,000 tasks, a kill every few seconds")
    parser.add_argument("--tasks", type=int, help="so many tasks (300; 10,000 in the long form)")
    parser.add_argument("--kinds", default=",".join(kind.name for kind in KINDS))
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    pawltest.need_pawld()
    asked = [kind for kind in KINDS if kind.name in options.kinds.split(",")]
    kinds = [kind for kind in asked if is_built(kind)]
    for kind in asked:
        if kind not in kinds:
            print(f"# {kind.name} is left out: the plugin {kind.plugin} is not built")
    if not kinds:
        sys.exit(pawltest.SKIPPED)
    tasks = options.tasks or (10000 if options.long else 300)
    count = -(-tasks // (ITEMS * len(kinds)))
    print(f"# seed {options.seed}, {count * ITEMS * len(kinds)} tasks of the kinds "
          f"{', '.join(kind.name for kind in kinds)}, {len(failpoints())} fail points", flush=True)
    wrong = run(options, kinds, count)
    faults.conclude(wrong, count * ITEMS * len(kinds), "each task had its effect exactly once", options.seed)


if __name__ == "__main__":
    main()
