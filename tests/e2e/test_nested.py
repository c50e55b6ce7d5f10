#!/usr/bin/python3
"""test_nested - executions that start executions: what they give, who stops whom, and that no child
is started twice and no parent waits for ever, whatever dies meanwhile."""

import functools
import json
import re
import time

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

START = "arn:aws:states:::states:startExecution"
ECHO = "arn:pawl:states:::echo:say"
SERVICE = r" \(Service: AWSStepFunctions; Status Code: 400; Error Code: %s; Request ID: [0-9a-f-]{36}; Proxy: null\)"


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def daemon():
    return pawltest.Pawld(database=database().new_database())


def machine_arn(name):
    return f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:stateMachine:{name}"


def execution_arn(machine, name):
    return f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:execution:{machine}:{name}"


def one(state, name="T"):
    return {"StartAt": name, "States": {name: {"End": True, **state}}}


def nested(suffix="", **parameters):
    """A machine of one task, which starts the machine that its input names."""
    return one({"Type": "Task", "Resource": START + suffix, "Parameters": {
        "StateMachineArn.$": "$.machine", **parameters}})


WAIT = one({"Type": "Wait", "SecondsPath": "$.seconds"})
PASS = one({"Type": "Pass"})
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Sad", "Cause": "on purpose"}}}
CHILDREN = {"pass": PASS, "wait": WAIT, "fail": FAIL,
            "say": one({"Type": "Task", "Resource": ECHO, "Parameters": {"Output.$": "$.say"}})}


def make(client):
    for name, definition in CHILDREN.items():
        client.create(name, definition)


@functools.cache
def ready():
    client = daemon().client()
    make(client)
    return client


def types(client, execution):
    return [e["type"] for e in client.history(execution)]


def output(description):
    equal(description["status"], "SUCCEEDED", f"status ({description.get('cause')})")
    return json.loads(description["output"])


def sql(one_daemon, text):
    return database().sql(text, one_daemon.options["database"].partition("dbname=")[2].split()[0])


def both_sleep(one_daemon):
    wait_for(lambda: sql(one_daemon, "SELECT count(*) FROM pawl.open_execution "
                                     "WHERE wake_at IS NOT NULL") == "2",
             what="parent and child to sleep")


def children(one_daemon, parent):
    """(machine, name, status) of all executions that the parent started, in order."""
    rows = sql(one_daemon, "SELECT coalesce(json_agg(json_build_array(machine, name, status) ORDER BY id), "
                           f"'[]') FROM pawl.execution_summary WHERE parent = '{parent.rpartition(':')[2]}'")
    return [tuple(row) for row in json.loads(rows)]


def running(client, machine):
    return client.call("ListExecutions", stateMachineArn=machine_arn(machine),
                       statusFilter="RUNNING")["executions"]


# --- what a task gives ----------------------------------------------------------------------------

@check("a plain start gives the answer of StartExecution and does not wait")
def _():
    client = ready()
    parent = client.start(client.create("plain", nested(Input={"seconds": 3600}, Name="n-1")),
                          {"machine": machine_arn("wait")})
    got = output(client.wait(parent))
    arn = execution_arn("wait", "n-1")
    equal(got["ExecutionArn"], arn)
    equal(sorted(got), ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"])
    equal(got["SdkHttpMetadata"]["HttpStatusCode"], 200)
    equal(got["SdkHttpMetadata"]["AllHttpHeaders"]["x-amzn-RequestId"],
          [got["SdkResponseMetadata"]["RequestId"]])
    equal(types(client, parent)[2:5], ["TaskScheduled", "TaskStarted", "TaskSucceeded"])
    child = client.describe(arn)
    equal((child["status"], child["input"]), ("RUNNING", '{"seconds":3600}'))
    equal(int(child["startDate"] * 1000), got["StartDate"], "StartDate, milliseconds")
    equal(children(daemon(), parent), [("wait", "n-1", "RUNNING")])
    client.call("StopExecution", executionArn=arn)


@check(".sync waits, and gives the description with texts")
def _():
    client = ready()
    parent = client.start(client.create("sync", nested(".sync", **{"Input.$": "$.in"})), {
        "machine": machine_arn("say"), "in": {"say": {"b": [1, 2.25]}}})
    got = output(client.wait(parent))
    equal((got["Input"], got["Output"]), ('{"say":{"b":[1,2.25]}}', '{"b":[1,2.25]}'))
    equal(sorted(got), ["ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails",
                        "RedriveCount", "RedriveStatus", "RedriveStatusReason", "StartDate",
                        "StateMachineArn", "Status", "StopDate"])
    equal((got["Status"], got["StateMachineArn"]), ("SUCCEEDED", machine_arn("say")))
    equal(types(client, parent), ["ExecutionStarted", "TaskStateEntered", "TaskScheduled",
                                  "TaskStarted", "TaskSubmitted", "TaskSucceeded",
                                  "TaskStateExited", "ExecutionSucceeded"])
    contains(got["Name"], "-3")     # made from the parent's id and its task's
    equal(client.describe(got["ExecutionArn"])["output"], got["Output"])


@check(".sync:2 gives it with values; input: a text as it is, other values as JSON, none is {}")
def _():
    client = ready()
    machine = client.create("sync2", nested(".sync:2", **{"Input.$": "$.in"}))
    for given, sent in (({"a": None}, '{"a":null}'), ("[1, 2]", "[1, 2]"), ([1], "[1]"), (None, "{}"),
                        ('"x"', '"x"'), (7, "7"), (True, "true")):
        got = output(client.run(machine, {"machine": machine_arn("pass"), "in": given}))
        equal(client.describe(got["ExecutionArn"])["input"], sent, f"input {given!r}")
        equal((got["Input"], got["Output"]), (json.loads(sent), json.loads(sent)))
    got = output(client.run(client.create("absent", nested(".sync:2")),
                            {"machine": machine_arn("pass")}))
    equal(got["Input"], {})


@check("the child has its name and trace header, and knows nothing else of its parent")
def _():
    client = ready()
    got = output(client.run(client.create("traced", nested(
        ".sync", Name="given", TraceHeader="Root=1-2-3")), {"machine": machine_arn("pass")}))
    equal((got["Name"], got["TraceHeader"]), ("given", "Root=1-2-3"))
    child = client.describe(got["ExecutionArn"])
    equal((child["name"], child["traceHeader"]), ("given", "Root=1-2-3"))


@check("a child that fails fails the task with its description")
def _():
    client = ready()
    parent = client.create("failing", nested(".sync:2", **{"Input.$": "$.in"}))
    end = client.run(parent, {"machine": machine_arn("fail"), "in": {"x": "y"}})
    equal((end["status"], end["error"]), ("FAILED", "States.TaskFailed"))
    cause = json.loads(end["cause"])
    equal((cause["Error"], cause["Cause"], cause["Status"]), ("Sad", "on purpose", "FAILED"))
    equal(cause["Input"], '{"x":"y"}', "input, a text in a cause")
    equal((cause["RedriveStatus"], "Output" in cause), ("REDRIVABLE", False))
    end = client.run(parent, {"machine": machine_arn("fail"), "in": {"x": "y" * 40000}})
    cause = json.loads(end["cause"])
    equal((cause["Error"], "Input" in cause, cause["InputDetails"]),
          ("Sad", False, {"Included": False}), "a cause that would be too long")


@check("a child that is stopped or times out fails the task, with what was said")
def _():
    client = ready()
    parent = client.start(client.create("stopped", nested(".sync", Input={"seconds": 3600}, Name="victim")),
                          {"machine": machine_arn("wait")})
    wait_for(lambda: "TaskSubmitted" in types(client, parent))
    client.call("StopExecution", executionArn=execution_arn("wait", "victim"), error="Enough",
                cause="said the operator")
    cause = json.loads(client.wait(parent)["cause"])
    equal((cause["Status"], cause["Error"], cause["Cause"]),
          ("ABORTED", "Enough", "said the operator"))
    client.create("brief", {**WAIT, "TimeoutSeconds": 1})
    end = client.run(machine_arn("stopped"), {"machine": machine_arn("brief")})
    equal(json.loads(end["cause"])["Status"], "TIMED_OUT")


# --- refusals -------------------------------------------------------------------------------------

@check("what StartExecution refuses fails the task in the words of the service")
def _():
    client = ready()
    machine = client.create("refused", nested("", **{"Name.$": "$.name", "Input.$": "$.in"}))
    known = machine_arn("pass")
    for name, code, words, given in (
            ("StateMachineDoesNotExist", None, f"State Machine Does Not Exist: '{known}x'",
             {"machine": known + "x"}),
            ("StateMachineDoesNotExist", None, f"State Machine Does Not Exist: '{known}:7'",
             {"machine": known + ":7"}),
            ("InvalidArn", None, "Invalid Arn: 'Invalid ARN prefix: pass'", {"machine": "pass"}),
            ("InvalidArn", None, "Invalid Arn: 'Resource type not valid in this context: execution'",
             {"machine": execution_arn("pass", "x")}),
            ("InvalidName", None, "Invalid Name: 'a b'", {"name": "a b"}),
            ("InvalidExecutionInput", None, "Invalid State Machine Execution Input: 'Invalid execution input.'",
             {"in": ""}),
            ("AWSStepFunctions", "ValidationException",
             f"1 validation error detected: Value '{'x' * 81}' at 'name' failed to satisfy "
             "constraint: Member must have length less than or equal to 80", {"name": "x" * 81})):
        end = client.run(machine, {"machine": known, "name": None, "in": None, **given})
        equal((end["status"], end["error"]), ("FAILED", f"StepFunctions.{name}Exception"))
        if not re.fullmatch(re.escape(words) + SERVICE % (code or name), end["cause"]):
            raise AssertionError(end["cause"])


@check("parameters that only show at run time are checked then")
def _():
    client = ready()
    machine = client.create("dynamic", one({"Type": "Task", "Resource": START}))
    for given, why in (({"x": 1}, 'The field "x" is not supported by Step Functions'),
                       ({"Input": {}}, 'The field "StateMachineArn" is required but was missing'),
                       ({"StateMachineArn": 1}, "The value of the field 'StateMachineArn' has an invalid format"),
                       ({"StateMachineArn": machine_arn("pass"), "Name": []},
                        "The value of the field 'Name' has an invalid format")):
        end = client.run(machine, given)
        equal(end["error"], "States.Runtime")
        contains(end["cause"], f"The Parameters '{json.dumps(given, separators=(',', ':'))}' could "
                               f"not be used to start the Task: [{why}]")


@check("a name that is taken: the same start again while it runs, else ExecutionAlreadyExists")
def _():
    client = ready()
    plain = client.create("again", nested("", Input={"seconds": 2}, Name="taken"))
    first = client.start(machine_arn("wait"), '{"seconds":2}', name="taken")
    got = output(client.run(plain, {"machine": machine_arn("wait")}))
    equal(got["ExecutionArn"], first)
    # .sync waits for what another one started
    sync = client.create("others", nested(".sync:2", Input={"seconds": 2}, Name="taken"))
    waiting = client.start(sync, {"machine": machine_arn("wait")})
    wait_for(lambda: "TaskSubmitted" in types(client, waiting))
    equal(output(client.wait(waiting))["Output"], {"seconds": 2})
    for machine in (plain, sync):
        end = client.run(machine, {"machine": machine_arn("wait")})
        equal(end["error"], "StepFunctions.ExecutionAlreadyExistsException")
        contains(end["cause"], f"Execution Already Exists: '{first}' (Service: AWSStepFunctions;")


@check("a retry has a child of its own")
def _():
    client = ready()
    definition = nested(".sync")
    definition["States"]["T"]["Retry"] = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2,
                                           "IntervalSeconds": 1, "BackoffRate": 1.0}]
    parent = client.start(client.create("retries", definition), {"machine": machine_arn("fail")})
    equal(client.wait(parent)["status"], "FAILED")
    equal(len(children(daemon(), parent)), 3)


# --- who stops whom -------------------------------------------------------------------------------

@check("stopping a parent stops its .sync children, through any depth; others go on")
def _():
    client = ready()
    inner = client.create("deep0", nested(".sync", Input={"seconds": 3600}, Name="bottom"))
    for depth in range(1, 4):
        inner = client.create(f"deep{depth}", one({
            "Type": "Task", "Resource": START + ".sync:2", "Parameters": {
                "StateMachineArn": inner, "Name": "bottom",
                "Input": {"machine": machine_arn("wait")}}}))
    top = client.start(inner)
    bottom = execution_arn("wait", "bottom")
    wait_for(lambda: len(running(client, "wait")) == 1, what="the bottom to run")
    client.call("StopExecution", executionArn=top)
    equal(client.wait(bottom)["status"], "ABORTED")
    equal(client.describe(bottom)["cause"],
          "The task that started the execution does not wait for it any more.")
    for depth in range(3):
        equal(client.wait(execution_arn(f"deep{depth}", "bottom"))["status"], "ABORTED")
    client.create("after", one({"Type": "Pass"}))
    for suffix in ("", ".waitForTaskToken"):
        definition = one({"Type": "Parallel", "Branches": [
            nested(suffix, Input={"seconds": 3600, "token.$": "$$.Execution.Id"}, Name="free" + suffix),
            one({"Type": "Wait", "Seconds": 3600}, "W")]}, "P")
        parent = client.start(client.create("lets" + suffix.replace(".", "-"), definition),
                              {"machine": machine_arn("wait")})
        child = execution_arn("wait", "free" + suffix)
        wait_for(lambda: len(running(client, "wait")) == 1, what="the child to run")
        client.call("StopExecution", executionArn=parent)
        # what its end asks for comes before what starts after it
        client.wait(parent)
        client.wait(client.start(machine_arn("after"), {}))
        equal(client.describe(child)["status"], "RUNNING", f"the child of startExecution{suffix}")
        client.call("StopExecution", executionArn=child)


@check("a time-out and a sibling's failure stop the child, and the parent goes on")
def _():
    client = ready()
    definition = nested(".sync", Input={"seconds": 3600}, Name="late")
    definition["States"]["T"].update({"TimeoutSeconds": 1, "End": False, "Next": "Caught", "Catch": [
        {"ErrorEquals": ["States.Timeout"], "Next": "Caught"}]})
    del definition["States"]["T"]["End"]
    definition["States"]["Caught"] = {"Type": "Pass", "End": True}
    equal(client.run(client.create("impatient", definition), {"machine": machine_arn("wait")})["status"],
          "SUCCEEDED")
    equal(client.wait(execution_arn("wait", "late"))["status"], "ABORTED")

    definition = one({"Type": "Parallel", "Catch": [{"ErrorEquals": ["Sad"], "Next": "Nap"}], "Branches": [
        nested(".sync", Input={"seconds": 3600}, Name="sibling"),
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
                                    "F": {"Type": "Fail", "Error": "Sad"}}}]}, "P")
    definition["States"]["Nap"] = {"Type": "Wait", "Seconds": 1, "End": True}
    parent = client.start(client.create("siblings", definition), {"machine": machine_arn("wait")})
    wait_for(lambda: len(running(client, "wait")) == 1, what="the child to run")
    equal(client.wait(execution_arn("wait", "sibling"))["status"], "ABORTED")
    equal(client.describe(parent)["status"], "RUNNING", "the parent, which naps")
    equal(client.wait(parent)["status"], "SUCCEEDED")


# --- tokens ---------------------------------------------------------------------------------------

@check(".waitForTaskToken: the child is started, the token answers")
def _():
    client = ready()
    parent = client.start(client.create("token", nested(".waitForTaskToken", Name="t", Input={
        "seconds": 0, "token.$": "$$.Task.Token"})), {"machine": machine_arn("wait")})
    wait_for(lambda: "TaskSubmitted" in types(client, parent))
    child = client.wait(execution_arn("wait", "t"))
    equal(client.describe(parent)["status"], "RUNNING", "the parent of a child that has ended")
    client.call("SendTaskSuccess", taskToken=json.loads(child["input"])["token"], output='"answered"')
    equal(output(client.wait(parent)), "answered")


@check("the token of a .sync task ends it before the child does; the child goes on, over crashes as well")
def _():
    for hibernate in ("10s", "0s"):
        with pawltest.Pawld(database=database().new_database(), hibernate_after=hibernate) as early:
            client = early.client()
            make(client)
            definition = nested(".sync", Name="t", Input={"seconds": 3600, "token.$": "$$.Task.Token"})
            del definition["States"]["T"]["End"]
            definition["States"]["T"]["Next"] = "Nap"
            definition["States"]["Nap"] = {"Type": "Wait", "Seconds": 3, "End": True}
            parent = client.start(client.create("parent", definition), {"machine": machine_arn("wait")})
            child = execution_arn("wait", "t")
            wait_for(lambda: "TaskSubmitted" in types(client, parent))
            client.call("SendTaskSuccess", output="{}",
                        taskToken=json.loads(client.describe(child)["input"])["token"])
            for _ in range(2):      # once while the parent naps, once when it has ended
                early.kill()
                early.start()
                client = early.client()
                equal(client.wait(parent)["status"], "SUCCEEDED")
                equal(client.describe(child)["status"], "RUNNING")
            # stopping works, so everything is loaded that was to be loaded
            client.call("StopExecution", executionArn=child)
            equal(client.wait(child)["status"], "ABORTED")
            assert "cause" not in client.describe(child), "it was stopped by its parent"


# --- many and much --------------------------------------------------------------------------------

@check("a Map of children: each iteration gets the result of its own")
def _():
    client = ready()
    definition = one({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": one({
        "Type": "Task", "Resource": START + ".sync:2", "ResultSelector": {"got.$": "$.Output"},
        "Parameters": {"StateMachineArn": machine_arn("say"), "Input": {"say.$": "$"}}})}, "M")
    parent = client.start(client.create("many", definition), {"items": list(range(200))})
    equal(output(client.wait(parent, 60)), [{"got": n} for n in range(200)])
    equal(len(children(daemon(), parent)), 200)


@check("a waiting parent leaves memory and comes back for its child")
def _():
    with pawltest.Pawld(database=database().new_database(), hibernate_after="0s") as sleepy:
        client = sleepy.client()
        make(client)
        parent = client.start(client.create("sleeper", nested(".sync:2", **{"Input.$": "$.in"})), {
            "machine": machine_arn("wait"), "in": {"seconds": 3}})
        both_sleep(sleepy)
        equal(output(client.wait(parent))["Output"], {"seconds": 3})
        equal(len(children(sleepy, parent)), 1)
        # killed while both sleep
        parent = client.start(machine_arn("sleeper"), {
            "machine": machine_arn("wait"), "in": {"seconds": 2}})
        both_sleep(sleepy)
        sleepy.kill()
        sleepy.start()
        client = sleepy.client()
        equal(output(client.wait(parent))["Output"], {"seconds": 2})
        equal(len(children(sleepy, parent)), 1)


@check("a machine that starts itself for ever harms nobody, and ends when the machine is deleted")
def _():
    with pawltest.Pawld(database=database().new_database(), log_level="warn",
                        hibernate_after="100ms") as endless:
        client = endless.client()
        machine = client.create("ouroboros", one({
            "Type": "Task", "Resource": START + ".sync", "Parameters": {
                "StateMachineArn": machine_arn("ouroboros")}}))
        client.start(machine)

        def count(status):
            return int(sql(endless, f"SELECT count(*) FROM pawl.execution WHERE status = '{status}'"))

        wait_for(lambda: count("RUNNING") > 500, 60, "500 levels")
        equal(client.run(client.create("pass", PASS))["status"], "SUCCEEDED")
        client.call("DeleteStateMachine", stateMachineArn=machine)
        wait_for(lambda: count("RUNNING") == 0, 120, "all of them to end")
        assert count("FAILED") > 500
        contains(sql(endless, "SELECT cause FROM pawl.execution ORDER BY id DESC LIMIT 1"),
                 "StateMachineDeleting")
        assert endless.is_running()


# --- crashes --------------------------------------------------------------------------------------

def need_failpoints():
    if "nested.started" not in pawltest.failpoints():
        raise Skip("pawld was built without fail points")


def dying(failpoint, hibernate):
    """A pawld that dies at the fail point, with the machines made."""
    one_daemon = pawltest.Pawld(database=database().new_database(), hibernate_after=hibernate)
    make(one_daemon.client())
    one_daemon.stop()
    one_daemon.environment["PAWL_FAILPOINTS"] = f"{failpoint}=die@1"
    one_daemon.start()
    return one_daemon


def revive(one_daemon):
    equal(one_daemon.died(), -9, "the end at the fail point")
    one_daemon.environment["PAWL_FAILPOINTS"] = ""
    one_daemon.start()
    return one_daemon.client()


@check("pawld dies between a child's start, its end and its parent's hearing of it: one child, one answer")
def _():
    need_failpoints()
    for failpoint in ("nested.started", "nested.child_ended", "start.before_submit@2",
                      "store.commit_received@2", "store.commit_received@3", "store.commit_received@4"):
        for hibernate in ("10s", "0s"):
            nest_and_die(failpoint, hibernate, ".sync:2", {})
        if failpoint != "nested.child_ended":
            nest_and_die(failpoint, "10s", "", {"Name": "fixed"})
    nest_and_die("nested.started", "10s", ".sync:2", {"Name": "fixed"})
    nest_and_die("nested.started", "10s", "", {})


def nest_and_die(failpoint, hibernate, suffix, extra):
    name, _, hit = failpoint.partition("@")
    one_daemon = pawltest.Pawld(database=database().new_database(), hibernate_after=hibernate)
    client = one_daemon.client()
    make(client)
    machine = client.create("parent", nested(suffix, Input={"seconds": 1}, **extra))
    one_daemon.stop()
    one_daemon.environment["PAWL_FAILPOINTS"] = f"{name}=die@{hit or 1}"
    one_daemon.start()
    client = one_daemon.client()
    try:
        parent = client.start(machine, {"machine": machine_arn("wait")}, name="p")
    except (OSError, pawltest.http.client.HTTPException):
        parent = execution_arn("parent", "p")
    what = f"{failpoint} {hibernate} {suffix} {extra}"
    equal(one_daemon.died(), -9, f"the end at {what}")
    one_daemon.environment["PAWL_FAILPOINTS"] = ""
    one_daemon.start()
    client = one_daemon.client()
    got = output(client.wait(parent))
    if suffix:
        equal(got["Output"], {"seconds": 1}, what)
    started = children(one_daemon, parent)
    equal(len(started), 1, f"children, {what}")
    equal(client.wait(execution_arn(started[0][0], started[0][1]))["status"], "SUCCEEDED")
    kinds = types(client, parent)
    equal(kinds.count("TaskSubmitted"), 1 if suffix else 0, f"TaskSubmitted, {what}")
    equal(kinds.count("TaskSucceeded"), 1, f"TaskSucceeded, {what}")
    one_daemon.stop()


@check("pawld dies before it has stopped a child that nobody waits for: the next one stops it")
def _():
    need_failpoints()
    sibling = one({"Type": "Parallel", "Catch": [{"ErrorEquals": ["Sad"], "Next": "Nap"}], "Branches": [
        nested(".sync", Input={"seconds": 3600}, Name="c"),
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
                                    "F": {"Type": "Fail", "Error": "Sad"}}}]}, "P")
    sibling["States"]["Nap"] = {"Type": "Wait", "Seconds": 3600, "End": True}
    for hibernate in ("10s", "0s"):
        for definition, stop in ((nested(".sync", Input={"seconds": 3600}, Name="c"), True),
                                 (sibling, False)):
            one_daemon = dying("nested.before_stop", hibernate)
            client = one_daemon.client()
            parent = client.start(client.create("parent", definition), {"machine": machine_arn("wait")})
            child = execution_arn("wait", "c")
            wait_for(lambda: len(running(client, "wait")) == 1, what="the child to run")
            if hibernate == "0s" and stop:
                both_sleep(one_daemon)
            if stop:
                try:
                    client.call("StopExecution", executionArn=parent)
                except (OSError, pawltest.http.client.HTTPException):
                    pass
            client = revive(one_daemon)
            equal(client.wait(child)["status"], "ABORTED")
            equal(client.describe(parent)["status"], "ABORTED" if stop else "RUNNING")
            one_daemon.stop()


@check("a parent that waits for what another one started still does after a crash")
def _():
    with pawltest.Pawld(database=database().new_database(), hibernate_after="0s") as one_daemon:
        client = one_daemon.client()
        make(client)
        client.start(machine_arn("wait"), '{"seconds":3}', name="taken")
        parent = client.start(client.create("parent", nested(
            ".sync:2", Input={"seconds": 3}, Name="taken")), {"machine": machine_arn("wait")})
        wait_for(lambda: "TaskSubmitted" in types(client, parent))
        one_daemon.kill()
        one_daemon.start()
        equal(output(one_daemon.client().wait(parent))["Output"], {"seconds": 3})


@check("a pawld that is told to end does not wait for children; the next one goes on")
def _():
    one_daemon = pawltest.Pawld(database=database().new_database())
    client = one_daemon.client()
    make(client)
    parent = client.start(client.create("parent", nested(".sync:2", Input={"seconds": 2})),
                          {"machine": machine_arn("wait")})
    wait_for(lambda: "TaskSubmitted" in types(client, parent))
    began = time.monotonic()
    one_daemon.stop()
    assert time.monotonic() - began < 1.5, "it waited for the child"
    one_daemon.start()
    equal(output(one_daemon.client().wait(parent))["Output"], {"seconds": 2})
    one_daemon.stop()


@check("all of it is still alive and ends cleanly")
def _():
    daemon().stop()


pawltest.main()
