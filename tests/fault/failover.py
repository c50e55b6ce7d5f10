#!/usr/bin/python3
"""failover - PostgreSQL's primary dies, its synchronous standby takes over, and pawld follows by itself.

pawld has both hosts in its connection string. Executions are started all the time, workers
answer their activity tasks. The primary is killed (kill -9) and the standby promoted. Afterwards every start and every
answer that was acknowledged is there, each execution has ended with its own answer, each has
sent one message to a queue, and all that pawld needs a connection for works.
"""

import functools
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
import faults
import pawltest
from pawltest import check, contains, equal, wait_for

COUNT = 90
ACTIVITY = f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:activity:work"
# An effect in the same database, exactly once, before the answer of a worker.
RETRY = [{"ErrorEquals": ["SQS.SdkClientException"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 60}]


def definition(queue):
    return {"StartAt": "Send", "States": {
        "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": RETRY, "ResultPath": None,
                 "Parameters": {"QueueUrl": queue, "MessageBody.$": "States.Format('{}', $.number)"},
                 "Next": "Ask"},
        "Ask": {"Type": "Task", "Resource": ACTIVITY, "End": True}}}


class Standby(pawltest.Postgres):
    """A hot standby of that primary, which commits nothing without it."""

    def __init__(self, primary):     # pylint: disable=super-init-not-called
        self.bin = primary.bin
        self.folder = pawltest.temporary_folder("pawl-standby-")
        pawltest.give_away(self.folder)
        self.data = self.folder / "data"
        self.process = None
        self.settings = [(name, str(self.folder) if name == "unix_socket_directories" else value)
                         for name, value in primary.settings]
        subprocess.run([f"{self.bin}/pg_basebackup", "-h", str(primary.folder), "-U", "pawl", "-D", str(self.data),
                        "-R", "-X", "stream", "-c", "fast", "--no-sync"], check=True, cwd="/",
                       **pawltest.unprivileged())
        self.start()
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.sql("SELECT pg_reload_conf()")
        wait_for(lambda: primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync",
                 what="the standby to be synchronous")

    def promote(self):
        self.sql("SELECT pg_promote()")


class Pair:
    """A primary and its standby, and a database of pawld's there."""

    def __init__(self):
        self.primary = pawltest.Postgres()
        self.name = self.primary.new_database().rpartition("dbname=")[2]
        self.standby = Standby(self.primary)

    def new_database(self):
        """For pawld: both hosts, the standby first."""
        return f"host={self.standby.folder},{self.primary.folder} user=pawl dbname={self.name}"

    def fail_over(self):
        self.primary.kill()
        self.standby.promote()

    def sql(self, text):
        return self.standby.sql(text, self.name)


class Executions(faults.Executions):
    def given(self, number):
        return "asks", {"number": number}


class Workers:
    """Poll for tasks and say each answer until it is taken. taken: number -> how often an answer was acknowledged."""

    def __init__(self, endpoint):
        self.endpoint, self.over = endpoint, threading.Event()
        self.lock, self.taken, self.trouble = threading.Lock(), {}, []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def work(self):
        client = pawltest.Client(self.endpoint)
        while not self.over.is_set():
            try:
                task = faults.again(client.call, "GetActivityTask", activityArn=ACTIVITY)
                if task.get("taskToken"):
                    self.answer(client, task["taskToken"], json.loads(task["input"])["number"])
            except Exception as error:      # pylint: disable=broad-except
                self.trouble.append(f"a worker: {error!r}")

    def answer(self, client, token, number):
        try:
            faults.again(client.call, "SendTaskSuccess", taskToken=token, output=json.dumps({"answered": number}))
        except pawltest.ApiError as error:
            if error.code != "TaskTimedOut":        # taken before, its acknowledgement was lost
                raise
            return
        with self.lock:
            self.taken[number] = self.taken.get(number, 0) + 1

    def finish(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


@functools.cache
def run():
    """The load, and the failover in the middle of it."""
    pair = Pair()
    daemon = faults.Daemon(pair, activity_poll="1s")
    assert daemon.begin()
    client = daemon.client()
    client.call("CreateActivity", name="work")
    answer = client.raw("CreateQueue", b'{"QueueName":"q"}', service="AmazonSQS")
    equal(answer.status, 200, "CreateQueue")
    client.create("asks", definition(answer.json()["QueueUrl"]))
    executions, workers = Executions(COUNT, daemon.url), Workers(daemon.url)
    executions.allow(range(COUNT // 3))
    wait_for(lambda: len(workers.taken) >= COUNT // 9, what="the first answers")
    executions.allow(range(COUNT // 3, COUNT))
    wait_for(lambda: len(executions.acknowledged) >= COUNT // 3 + 5, what="more starts")
    known = (dict(executions.acknowledged), dict(workers.taken))
    began = time.monotonic()
    pair.fail_over()
    wait_for(lambda: client.get("/health").status == 200 and len(executions.acknowledged) > len(known[0]) + 8,
             what="pawld to follow")
    print(f"# pawld followed in {time.monotonic() - began:.1f} s", flush=True)
    executions.finish()
    ends = {number: client.wait(arn) for number, arn in executions.acknowledged.items()}
    workers.finish()
    return pair, daemon, executions, workers, ends


@check("pawld follows by itself to the standby, and every acknowledged start and answer is there")
def _():
    pair, daemon, executions, workers, ends = run()
    equal(executions.trouble + workers.trouble, [])
    equal(sorted(ends), list(range(COUNT)), "acknowledged starts")
    for number, end in ends.items():
        equal((number, end["status"], end.get("output")), (number, "SUCCEEDED", f'{{"answered":{number}}}'))
    equal([n for n, times in workers.taken.items() if times > 1], [], "answers that were taken twice")
    equal(pair.sql("SELECT count(*) || ' ' || count(DISTINCT name) FROM pawl.execution"), f"{COUNT} {COUNT}")
    assert daemon.is_running()


@check("what plugins did in the database was done once")
def _():
    pair, _, _, _, _ = run()
    equal(pair.sql("SELECT count(*) FROM pawl_queue.message"), str(COUNT), "messages")
    equal(pair.sql("SELECT count(*) FROM pawl.effect WHERE plugin = 'queue'"), str(COUNT), "receipts")


@check("catalogue, reads, signals and retention work at the new primary")
def _():
    pair, daemon, _, _, ends = run()
    client = daemon.client()
    machine = client.create("new", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
                            tags=[{"key": "pawl:retention", "value": "1ms"}])
    equal(client.run(machine)["status"], "SUCCEEDED")
    pair.sql("SELECT pawl.start_execution('new', '{}', 'by-sql')")
    contains(str(client.call("GetExecutionHistory", executionArn=ends[0]["executionArn"])), "ActivitySucceeded")
    wait_for(lambda: pair.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pawld %'") >= "5",
             what="its connections")
    wait_for(lambda: pair.sql("SELECT status FROM pawl.execution_summary WHERE name = 'by-sql'")
             in ("SUCCEEDED", ""), what="the execution that SQL started")


@check("a start that meets a standby first goes on to the primary")
def _():
    pair, daemon, _, _, _ = run()
    daemon.stop()
    second = Standby(pair.standby)
    daemon.options["database"] = f"host={second.folder},{pair.standby.folder} user=pawl dbname={pair.name}"
    daemon.start()
    equal(daemon.client().get("/health").status, 200)
    daemon.stop()


if __name__ == "__main__":
    pawltest.main()
