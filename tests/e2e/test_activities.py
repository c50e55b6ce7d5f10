#!/usr/bin/python3
"""test_activities - activities and their workers: queues, long polls, hang-ups, sleep, crashes."""

import contextlib
import functools
import http.client
import json
import re
import signal
import socket
import statistics
import threading
import time

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

TIMED_OUT = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(**options):
    options.setdefault("activity_poll", "20s")
    return pawltest.Pawld(database=database().new_database(), **options)


@functools.cache
def daemon():
    return new_daemon()


@functools.cache
def sleepy():
    """A pawld whose executions leave memory at once."""
    return new_daemon(hibernate_after="0s")


def need_failpoints():
    if not pawltest.failpoints():
        raise Skip("needs --enable-failpoints")


_names = iter(range(1, 1000000))


def arn_of(name):
    return f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:activity:{name}"


def new_activity(client):
    return client.call("CreateActivity", name=f"a{next(_names)}")["activityArn"]


def state(activity, **fields):
    return {"Type": "Task", "Resource": activity, "End": True, **fields}


def machine(client, activity, **fields):
    return client.create(f"m{next(_names)}", {"StartAt": "T", "States": {"T": state(activity, **fields)}})


def poll(client, activity, **params):
    return client.call("GetActivityTask", activityArn=activity, **params)


def succeed(client, task, output="{}"):
    client.call("SendTaskSuccess", taskToken=task["taskToken"], output=output)


def types(client, execution):
    return [e["type"] for e in client.history(execution)]


def scheduled(client, execution, count=1):
    wait_for(lambda: types(client, execution).count("ActivityScheduled") >= count,
             what="ActivityScheduled")


def metric(client, name):
    text = client.get("/metrics").body.decode()
    return sum(float(v) for v in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))


class Parked:
    """A poll that waits, in a thread."""

    def __init__(self, where, activity, **params):
        self.answer = self.error = None
        self.thread = threading.Thread(target=self.run, args=(where, activity, params), daemon=True)
        self.thread.start()

    def run(self, where, activity, params):
        try:
            self.answer = poll(where.client(), activity, **params)
        except (pawltest.ApiError, OSError, http.client.HTTPException) as error:
            self.error = error

    def result(self):
        self.thread.join(pawltest.PATIENCE)
        if self.thread.is_alive():
            raise AssertionError("the poll is not answered")
        if self.error is not None:
            raise self.error
        return self.answer


def parked(client, count):
    wait_for(lambda: metric(client, "pawl_activity_pollers") == count, what=f"{count} polls to wait")


def work(where, activity, done):
    """A worker's loop: calls done(task) for each, until the activity or pawld is gone."""
    client = where.client()
    with contextlib.suppress(pawltest.ApiError, OSError, http.client.HTTPException):
        while True:
            task = poll(client, activity)
            if "taskToken" in task:
                done(task)
                succeed(client, task, task["input"])


def workers(where, activity, count, done):
    for _ in range(count):
        threading.Thread(target=work, args=(where, activity, done), daemon=True).start()


def raw_poll(where, activity, worker=None):
    """The socket of a poll that was sent."""
    body = json.dumps({"activityArn": activity, **({"workerName": worker} if worker else {})}).encode()
    one = socket.create_connection(where.address)
    one.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-amz-json-1.0\r\n"
                b"X-Amz-Target: AWSStepFunctions.GetActivityTask\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return one


# --- the catalogue ------------------------------------------------------------------------------

@check("activities are created once, described, listed page by page, tagged and deleted")
def _():
    client = daemon().client()
    names = [f"list-{n}" for n in range(5)]
    made = {n: client.call("CreateActivity", name=n, tags=[{"key": "n", "value": n}]) for n in names}
    again = client.call("CreateActivity", name=names[0], tags=[{"key": "other", "value": ""}])
    equal(again, made[names[0]])
    arn = made[names[0]]["activityArn"]
    equal(arn, arn_of(names[0]))
    equal(client.call("ListTagsForResource", resourceArn=arn)["tags"], [{"key": "n", "value": names[0]}])
    client.call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "b"}])
    client.call("UntagResource", resourceArn=arn, tagKeys=["n"])
    equal(client.call("ListTagsForResource", resourceArn=arn)["tags"], [{"key": "a", "value": "b"}])
    equal(client.call("DescribeActivity", activityArn=arn),
          {**made[names[0]], "name": names[0], "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}})
    listed, token = [], {}
    while True:
        page = client.call("ListActivities", maxResults=2, **token)
        listed += page["activities"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    equal([a["name"] for a in listed if a["name"] in names], names)
    client.refuses("ListActivities", "InvalidToken", "Invalid Token: 'Invalid token'", nextToken="x")
    for _ in range(2):
        equal(client.call("DeleteActivity", activityArn=arn), {})
    gone = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    client.refuses("DescribeActivity", *gone, activityArn=arn)
    client.refuses("GetActivityTask", *gone, activityArn=arn)
    client.refuses("ListTagsForResource", "ResourceNotFound", resourceArn=arn)
    client.call("CreateActivity", name=names[0])
    equal(client.call("ListTagsForResource", resourceArn=arn)["tags"], [])


@check("an activity that does not exist fails the state before anything is scheduled")
def _():
    client = daemon().client()
    for arn in (arn_of("nowhere"), arn_of("elsewhere").replace(pawltest.REGION, "eu-west-1"),
                arn_of("other").replace(pawltest.ACCOUNT, "210987654321")):
        description = client.run(machine(client, arn, Retry=[{"ErrorEquals": ["States.ALL"]}]))
        equal((description["status"], description["error"]), ("FAILED", "States.Runtime"))
        equal(description["cause"], "An error occurred while executing the state 'T' (entered at the "
                                    f"event id #2). The activity {arn} does not exist.")
        equal(types(client, description["executionArn"]),
              ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"])
    arn = new_activity(client)
    one = machine(client, arn)
    client.start(one)
    succeed(client, poll(client, arn))
    client.call("DeleteActivity", activityArn=arn)
    equal(client.run(one)["error"], "States.Runtime")
    client.call("CreateActivity", name=arn.rpartition(":")[2])
    execution = client.start(one)
    succeed(client, poll(client, arn))
    equal(client.wait(execution)["status"], "SUCCEEDED")


# --- handing out ----------------------------------------------------------------------------------

@check("a worker gets token and input, and its answer is the result")
def _():
    client = daemon().client()
    arn = new_activity(client)
    execution = client.start(machine(client, arn, HeartbeatSeconds=600, TimeoutSeconds=700), {"a": [1]})
    task = poll(client, arn, workerName="worker 7")
    equal(json.loads(task["input"]), {"a": [1]})
    client.call("SendTaskHeartbeat", taskToken=task["taskToken"])
    succeed(client, task, '"done"')
    equal(client.wait(execution)["output"], '"done"')
    events = client.history(execution)
    equal([e["type"] for e in events[2:5]], ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"])
    equal(events[2]["activityScheduledEventDetails"]["resource"], arn)
    equal(events[3]["activityStartedEventDetails"], {"workerName": "worker 7"})
    client.refuses("SendTaskSuccess", *TIMED_OUT, taskToken=task["taskToken"], output="1")
    execution = client.start(machine(client, arn))
    client.call("SendTaskFailure", taskToken=poll(client, arn)["taskToken"], error="No", cause="because")
    description = client.wait(execution)
    equal((description["error"], description["cause"]), ("No", "because"))
    equal(client.history(execution)[3]["activityStartedEventDetails"], {})


@check("a poll that was there first is answered at once; one without a task ends empty")
def _():
    client = daemon().client()
    arn = new_activity(client)
    waits = Parked(daemon(), arn)
    parked(client, 1)
    execution = client.start(machine(client, arn))
    succeed(client, waits.result())
    client.wait(execution)
    short = new_daemon(activity_poll="300ms")
    other = short.client()
    activity = new_activity(other)
    began = time.monotonic()
    equal(poll(other, activity), {})
    assert time.monotonic() - began >= 0.3
    short.stop()


@check("tasks are handed out in the order of their states, whatever slept")
def _():
    for where in (daemon(), sleepy()):
        client = where.client()
        arn = new_activity(client)
        one = machine(client, arn)
        before = metric(client, "pawl_activity_offers")
        executions = [client.start(one, {"n": n}) for n in range(12)]
        # (what is in the history is not offered before its commit is checked, and some checks take longer than others)
        wait_for(lambda: metric(client, "pawl_activity_offers") == before + 12, what="all to be offered")
        got = [poll(client, arn) for _ in range(12)]
        equal([json.loads(t["input"])["n"] for t in got], list(range(12)), f"the order; pawld said {where.log()[-2000:]}")
        for task in got:
            succeed(client, task, task["input"])
        for n, execution in enumerate(executions):
            equal(json.loads(client.wait(execution)["output"]), {"n": n})


@check("tasks whose executions were stopped, failed or timed out are never handed out")
def _():
    for where in (daemon(), sleepy()):
        client = where.client()
        arn = new_activity(client)
        stopped = client.start(machine(client, arn), "1")
        late = client.start(machine(client, arn, TimeoutSeconds=1), "2")
        sibling = client.start(client.create(f"m{next(_names)}", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                {"StartAt": "A", "States": {"A": state(arn)}},
                {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
                                            "F": {"Type": "Fail"}}}]}}}), "3")
        for execution in (stopped, late, sibling):
            scheduled(client, execution)
        client.call("StopExecution", executionArn=stopped)
        for execution in (late, sibling):
            client.wait(execution)
        last = client.start(machine(client, arn), "4")
        task = poll(client, arn)
        equal(task["input"], "4")
        succeed(client, task)
        client.wait(last)
        equal([types(client, e).count("ActivityStarted") for e in (stopped, late, sibling)], [0, 0, 0])


@check("a retry has a token of its own; the old one is dead")
def _():
    client = daemon().client()
    arn = new_activity(client)
    execution = client.start(machine(client, arn, Retry=[
        {"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}]))
    first = poll(client, arn)
    client.call("SendTaskFailure", taskToken=first["taskToken"], error="Again")
    second = poll(client, arn)
    assert first["taskToken"] != second["taskToken"]
    client.refuses("SendTaskHeartbeat", *TIMED_OUT, taskToken=first["taskToken"])
    succeed(client, second, "2")
    equal(client.wait(execution)["output"], "2")


@check("the heartbeat clock runs from the hand-out, that of the task from its scheduling")
def _():
    client = daemon().client()
    arn = new_activity(client)
    silent = client.start(machine(client, arn, HeartbeatSeconds=1))
    scheduled(client, silent)
    tasked = client.start(machine(client, new_activity(client), TimeoutSeconds=2, HeartbeatSeconds=1))
    equal(client.wait(tasked)["error"], "States.Timeout")       # nobody took it
    equal(client.describe(silent)["status"], "RUNNING")
    task = poll(client, arn)
    equal(client.wait(silent)["error"], "States.Timeout")
    contains(types(client, silent), "ActivityTimedOut")
    client.refuses("SendTaskHeartbeat", *TIMED_OUT, taskToken=task["taskToken"])


# --- workers that go away ---------------------------------------------------------------------------

@check("a worker that hung up gets nothing; who polls next does")
def _():
    client = daemon().client()
    arn = new_activity(client)
    gone = [raw_poll(daemon(), arn, f"gone{n}") for n in range(20)]
    parked(client, 20)
    for one in gone:
        one.close()
    execution = client.start(machine(client, arn))
    succeed(client, poll(client, arn, workerName="there"), "1")
    client.wait(execution)
    started = [e for e in client.history(execution) if e["type"] == "ActivityStarted"]
    equal([e["activityStartedEventDetails"] for e in started], [{"workerName": "there"}])
    parked(client, 0)


@check("a worker that hangs up while ActivityStarted is written swallows nothing: the next gets the same token")
def _():
    need_failpoints()
    for hibernate in ("0s", "1h"):
        where = new_daemon(start=False, hibernate_after=hibernate)
        where.environment["PAWL_FAILPOINTS"] = "activity.handed=stall:1500@1"
        where.start()
        client = where.client()
        arn = new_activity(client)
        base = where.options["database"].rpartition("dbname=")[2]
        gone = raw_poll(where, arn, "gone")
        parked(client, 1)
        execution = client.start(machine(client, arn))
        wait_for(lambda base=base: database().sql(
            "SELECT count(*) FROM pawl.history_event WHERE type = 'ActivityStarted'", base) == "1",
            what="ActivityStarted")
        gone.close()            # pawld stands still between the commit and the answer
        task = poll(client, arn, workerName="there")
        succeed(client, task, "1")
        equal(client.wait(execution)["output"], "1")
        started = [e for e in client.history(execution) if e["type"] == "ActivityStarted"]
        equal([e["activityStartedEventDetails"] for e in started], [{"workerName": "gone"}])
        where.stop()


@check("an activity that is deleted tells those who wait for it")
def _():
    client = daemon().client()
    arn = new_activity(client)
    waits = [Parked(daemon(), arn) for _ in range(5)]
    parked(client, 5)
    client.call("DeleteActivity", activityArn=arn)
    for one in waits:
        try:
            raise AssertionError(f"answered {one.result()}")
        except pawltest.ApiError as error:
            equal((error.code, error.message),
                  ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'"))


@check("with AWS's limits the 1,001st poll of an activity is refused")
def _():
    where = new_daemon(limits="aws")
    client = where.client()
    arn = new_activity(client)
    many = [raw_poll(where, arn) for _ in range(1000)]
    parked(client, 1000)
    client.refuses("GetActivityTask", "ActivityWorkerLimitExceeded",
                   "The maximum number of workers concurrently polling for activity tasks has been "
                   "reached.", activityArn=arn)
    many.pop().close()
    parked(client, 999)
    with contextlib.closing(raw_poll(where, arn)):
        parked(client, 1000)
    for one in many:
        one.close()
    where.stop()


def memory(where):
    """Resident memory of the process in bytes."""
    with open(f"/proc/{where.process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


def latency(client, machine_arn):
    """Median time of a call, and of an execution from start to end, in seconds."""
    calls, runs = [], []
    for _ in range(100):
        began = time.perf_counter()
        client.call("DescribeStateMachine", stateMachineArn=machine_arn)
        calls.append(time.perf_counter() - began)
    for _ in range(30):
        began = time.perf_counter()
        client.start(machine_arn)
        runs.append(time.perf_counter() - began)
    return statistics.median(calls), statistics.median(runs)


@check("2,000 workers that wait cost little memory and hold up nobody")
def _():
    where = new_daemon(activity_poll="60s", log_level="info")
    client = where.client()
    arn = new_activity(client)
    other = client.create("pass", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    latency(client, other)      # caches are warm
    before, alone = memory(where), latency(client, other)
    many = [raw_poll(where, arn) for _ in range(2000)]
    parked(client, 2000)
    each = (memory(where) - before) / 2000
    crowd = latency(client, other)
    print(f"# {each:.0f} bytes a poll; call {alone[0] * 1e3:.2f} ms alone, {crowd[0] * 1e3:.2f} ms with "
          f"2,000 polls; start {alone[1] * 1e3:.2f} and {crowd[1] * 1e3:.2f} ms", flush=True)
    slow = 10 if "asan" in str(pawltest.BUILD) else 1
    assert each < 16384 * slow, f"{each:.0f} bytes a poll"
    for name, one, two in (("call", alone[0], crowd[0]), ("start", alone[1], crowd[1])):
        assert two < 3 * one + 0.005 * slow, f"a {name} took {one * 1e3:.2f} ms, now {two * 1e3:.2f} ms"
    executions = [client.start(machine(client, arn), str(n)) for n in range(10)]
    for one in many[:10]:       # the first who came are served, and only they
        data = one.recv(4096)
        task = json.loads(data.partition(b"\r\n\r\n")[2])
        succeed(client, task, task["input"])
    for n, execution in enumerate(executions):
        equal(client.wait(execution)["output"], str(n))
    parked(client, 1990)
    began = time.monotonic()
    where.stop()                # all are answered, none is waited for
    took = time.monotonic() - began
    assert took < 5 * slow, took
    equal([one.recv(4096).partition(b"\r\n\r\n")[2] for one in many[10:]], [b"{}"] * 1990)
    for one in many:
        one.close()


# --- sleep, crashes, the end ---------------------------------------------------------------------

@check("executions that wait for a worker sleep, keep their places and are not loaded for it")
def _():
    where = new_daemon(hibernate_after="0s")
    client = where.client()
    arn = new_activity(client)
    one = machine(client, arn)
    executions = [client.start(one, {"n": n}) for n in range(40)]
    base = where.options["database"].rpartition("dbname=")[2]

    def asleep():
        return database().sql("SELECT count(*) FROM pawl.open_execution WHERE offered IS NOT NULL "
                              "AND wake_at IS NOT NULL", base)
    wait_for(lambda: asleep() == "40", what="all to sleep")
    where.kill()
    loads = where.log().count("loaded from")
    where.start()
    client = where.client()
    wait_for(lambda: metric(client, "pawl_activity_offers") == 40, what="the queue to be there")
    equal(where.log().count("loaded from"), loads, "executions that were loaded")
    client.call("StopExecution", executionArn=executions[3])
    got = [poll(client, arn) for _ in range(39)]
    equal([json.loads(t["input"])["n"] for t in got], [n for n in range(40) if n != 3])
    for task in got:
        succeed(client, task)
    for n, execution in enumerate(executions):
        equal(client.wait(execution)["status"], "ABORTED" if n == 3 else "SUCCEEDED")
    equal(database().sql("SELECT count(*) FROM pawl.open_execution", base), "0")
    where.stop()


@check("a token that was handed out lives through kill -9, and the task is not handed out again")
def _():
    for hibernate in ("0s", "1h"):
        where = new_daemon(hibernate_after=hibernate)
        client = where.client()
        arn = new_activity(client)
        base = where.options["database"].rpartition("dbname=")[2]
        execution = client.start(machine(client, arn), "1")
        task = poll(client, arn)
        wait_for(lambda: database().sql("SELECT count(*) FROM pawl.journal WHERE record LIKE "
                                        "'%\"ho\":true%'", base) == "1",
                 what="the hand-out to be written down")
        where.kill()
        where.start()
        client = where.client()
        next_one = client.start(machine(client, arn), "2")
        equal(poll(client, arn)["input"], "2")
        succeed(client, task, '"the first"')
        equal(client.wait(execution)["output"], '"the first"')
        equal(types(client, execution).count("ActivityStarted"), 1)
        client.call("StopExecution", executionArn=next_one)
        where.stop()


@check("a task that was started and may not have reached its worker is handed out again after a crash")
def _():
    need_failpoints()
    where = new_daemon(start=False)
    where.environment["PAWL_FAILPOINTS"] = "activity.handed=die"
    where.start()
    client = where.client()
    arn = new_activity(client)
    execution = client.start(machine(client, arn))
    waits = Parked(where, arn, workerName="first")
    if where.died() != -signal.SIGKILL:
        raise AssertionError("pawld did not die at activity.handed")
    waits.thread.join()
    assert waits.answer is None
    where.environment.pop("PAWL_FAILPOINTS")
    where.start()
    client = where.client()
    succeed(client, poll(client, arn, workerName="second"), "1")
    equal(client.wait(execution)["output"], "1")
    started = [e for e in client.history(execution) if e["type"] == "ActivityStarted"]
    equal([e["activityStartedEventDetails"]["workerName"] for e in started], ["first"])
    where.stop()


@check("SIGTERM answers those who wait at once")
def _():
    where = new_daemon()
    client = where.client()
    arn = new_activity(client)
    waits = [Parked(where, arn) for _ in range(10)]
    parked(client, 10)
    began = time.monotonic()
    where.stop()
    assert time.monotonic() - began < 8
    equal([one.result() for one in waits], [{}] * 10)


@check("those who wait survive a crash of PostgreSQL")
def _():
    own = pawltest.Postgres()
    where = pawltest.Pawld(database=own.new_database(), activity_poll="60s")
    client = where.client()
    arn = new_activity(client)
    waits = [Parked(where, arn) for _ in range(5)]
    parked(client, 5)
    own.stop(signal.SIGQUIT)
    wait_for(lambda: metric(client, "pawl_database_up") == 0, what="pawld to notice")
    own.start()
    wait_for(lambda: client.get("/health").status == 200, what="pawld to be well again")

    def start():
        try:
            return client.start(one, "1")
        except pawltest.ApiError as error:
            equal(error.status, 503)
            return None
    one = wait_for(lambda: create(client, arn), what="the machine to be made")
    executions = [wait_for(start, what="a start") for _ in range(5)]
    for task in waits:
        succeed(client, task.result())
    for execution in executions:
        equal(client.wait(execution)["status"], "SUCCEEDED")
    where.stop()


def create(client, arn):
    try:
        return machine(client, arn)
    except pawltest.ApiError as error:
        equal(error.status, 503)
        return None


@check("a Map of 300 activity tasks is done by 20 workers, each task once")
def _():
    client = daemon().client()
    arn = new_activity(client)
    execution = client.start(client.create("crowd", {"StartAt": "M", "States": {"M": {
        "Type": "Map", "End": True, "ItemProcessor": {"StartAt": "T", "States": {"T": state(arn)}}}}}),
        list(range(300)))
    seen = []
    workers(daemon(), arn, 20, lambda task: seen.append(task["input"]))
    equal(json.loads(client.wait(execution)["output"]), list(range(300)))
    equal(sorted(map(int, seen)), list(range(300)))
    equal(metric(client, "pawl_activity_offers"), 0)
    client.call("DeleteActivity", activityArn=arn)


pawltest.main()
