#!/usr/bin/python3
"""test_awscli - the aws command of Debian 12 against pawld."""

import functools
import json

import awscli
import pawltest
from pawltest import check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": 1}, "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
CHAIN = {"StartAt": "S0", "States": {
    f"S{n}": {"Type": "Pass", **({"Next": f"S{n + 1}"} if n < 19 else {"End": True})}
    for n in range(20)}}


@functools.cache
def daemon():
    return pawltest.Pawld(database=pawltest.Postgres().new_database())


def aws(*words, service="stepfunctions"):
    return awscli.answer(daemon().url, service, *words)


def refused(code, *words):
    return awscli.refused(daemon().url, "stepfunctions", code, *words)


@functools.cache
def machine(name, definition):
    return aws("create-state-machine", "--name", f"cli-{name}", "--definition", definition,
               "--role-arn", pawltest.ROLE)["stateMachineArn"]


def ended(execution):
    def look():
        description = aws("describe-execution", "--execution-arn", execution)
        return description if description["status"] != "RUNNING" else None
    return wait_for(look, what="the execution to end")


@check("the caller's identity is told on the same port")
def _():
    equal(aws("get-caller-identity", service="sts")["Account"], pawltest.ACCOUNT)


@check("a machine is created, described, and found in the list")
def _():
    arn = machine("pass", json.dumps(PASS))
    described = aws("describe-state-machine", "--state-machine-arn", arn)
    equal(described["definition"], json.dumps(PASS), "definition")
    equal(described["roleArn"], pawltest.ROLE, "role")
    listed = aws("list-state-machines")["stateMachines"]
    contains([m["stateMachineArn"] for m in listed], arn)


@check("an execution is started, polled to its end, and its history read")
def _():
    arn = aws("start-execution", "--state-machine-arn", machine("pass", json.dumps(PASS)),
              "--name", "one", "--input", '{"in": true}')["executionArn"]
    end = ended(arn)
    equal(end["status"], "SUCCEEDED", "status")
    equal(json.loads(end["output"]), {"x": 1}, "output")
    events = aws("get-execution-history", "--execution-arn", arn)["events"]
    equal([e["type"] for e in events],
          ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], "types")
    equal(events[0]["executionStartedEventDetails"]["input"], '{"in": true}', "input as given")


@check("a history of many pages is put together by the client's paginator, both ways round")
def _():
    arn = aws("start-execution", "--state-machine-arn",
              machine("chain", json.dumps(CHAIN)))["executionArn"]
    ended(arn)
    forward = aws("get-execution-history", "--execution-arn", arn, "--page-size", "7")["events"]
    equal([e["id"] for e in forward], list(range(1, 43)), "ids")
    backward = aws("get-execution-history", "--execution-arn", arn, "--page-size", "7",
                   "--reverse-order")["events"]
    equal(backward, forward[::-1], "the other way round")
    first = aws("get-execution-history", "--execution-arn", arn, "--max-items", "5")
    equal(len(first["events"]), 5, "events of --max-items 5")
    rest = aws("get-execution-history", "--execution-arn", arn, "--starting-token",
               first["NextToken"])["events"]
    equal(first["events"] + rest, forward, "first items and the rest")


@check("a waiting execution is stopped")
def _():
    arn = aws("start-execution", "--state-machine-arn",
              machine("wait", json.dumps(WAIT)))["executionArn"]
    aws("stop-execution", "--execution-arn", arn, "--error", "E", "--cause", "C")
    end = ended(arn)
    equal((end["status"], end["error"], end["cause"]), ("ABORTED", "E", "C"), "the end")
    aborted = aws("list-executions", "--state-machine-arn", machine("wait", json.dumps(WAIT)),
                  "--status-filter", "ABORTED")["executions"]
    contains([e["executionArn"] for e in aborted], arn)


@check("errors come with AWS's codes and words")
def _():
    absent = machine("pass", json.dumps(PASS)).replace("cli-pass", "absent")
    contains(refused("StateMachineDoesNotExist", "start-execution", "--state-machine-arn", absent),
             f"State Machine Does Not Exist: '{absent}'")
    contains(refused("InvalidArn", "describe-state-machine", "--state-machine-arn", "nonsense"),
             "Invalid Arn: 'Invalid ARN prefix: nonsense'")
    contains(refused("InvalidName", "create-state-machine", "--name", "a b", "--definition",
                     json.dumps(PASS), "--role-arn", pawltest.ROLE), "Invalid Name: 'a b'")
    refused("InvalidDefinition", "create-state-machine", "--name", "cli-bad", "--definition", "{}",
            "--role-arn", pawltest.ROLE)
    contains(refused("InvalidExecutionInput", "start-execution", "--state-machine-arn",
                     machine("pass", json.dumps(PASS)), "--input", "not json"),
             "Invalid State Machine Execution Input")
    refused("ExecutionDoesNotExist", "describe-execution", "--execution-arn",
            absent.replace(":stateMachine:", ":execution:") + ":x")


@check("creating and starting twice is one creation and one start")
def _():
    arn = machine("wait", json.dumps(WAIT))
    equal(aws("create-state-machine", "--name", "cli-wait", "--definition", json.dumps(WAIT),
              "--role-arn", pawltest.ROLE)["stateMachineArn"], arn)
    refused("StateMachineAlreadyExists", "create-state-machine", "--name", "cli-wait",
            "--definition", json.dumps(PASS), "--role-arn", pawltest.ROLE)
    words = ("start-execution", "--state-machine-arn", arn, "--name", "same")
    first = aws(*words, "--input", "{}")
    equal(aws(*words, "--input", "{}"), first, "answer of the second start")
    refused("ExecutionAlreadyExists", *words, "--input", '{"other": 1}')
    aws("stop-execution", "--execution-arn", first["executionArn"])


@check("tags are set, listed and removed")
def _():
    arn = machine("pass", json.dumps(PASS))
    aws("tag-resource", "--resource-arn", arn, "--tags", "key=a,value=1", "key=b,value=")
    equal(sorted((t["key"], t["value"]) for t in
                 aws("list-tags-for-resource", "--resource-arn", arn)["tags"]),
          [("a", "1"), ("b", "")], "tags")
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "a")
    equal(aws("list-tags-for-resource", "--resource-arn", arn)["tags"],
          [{"key": "b", "value": ""}], "tags")


@check("a machine is updated and deleted")
def _():
    arn = machine("short", json.dumps(PASS))
    aws("update-state-machine", "--state-machine-arn", arn, "--definition", json.dumps(CHAIN))
    equal(aws("describe-state-machine", "--state-machine-arn", arn)["definition"],
          json.dumps(CHAIN), "definition")
    aws("delete-state-machine", "--state-machine-arn", arn)
    wait_for(lambda: awscli.run(daemon().url, "stepfunctions", "describe-state-machine",
                                "--state-machine-arn", arn).returncode == 254,
             what="the machine to be gone")


@check("a callback is answered with its token; one that is none is refused")
def _():
    arn = machine("callback", json.dumps({"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": "arn:pawl:states:::echo:say.waitForTaskToken", "End": True,
        "Parameters": {"Submitted": {}, "Never": True, "token.$": "$$.Task.Token"}}}}))
    execution = aws("start-execution", "--state-machine-arn", arn)["executionArn"]
    events = aws("get-execution-history", "--execution-arn", execution)["events"]
    token = next(json.loads(e["taskScheduledEventDetails"]["parameters"])["token"] for e in events
                 if e["type"] == "TaskScheduled")
    aws("send-task-heartbeat", "--task-token", token)
    aws("send-task-success", "--task-token", token, "--task-output", '{"answer": 42}')
    equal(ended(execution)["output"], '{"answer":42}')
    refused("TaskTimedOut", "send-task-failure", "--task-token", token, "--error", "E")
    refused("InvalidToken", "send-task-heartbeat", "--task-token", "x")


@check("a worker polls an activity and answers")
def _():
    arn = aws("create-activity", "--name", "cli-work", "--tags", "key=a,value=b")["activityArn"]
    equal(aws("list-tags-for-resource", "--resource-arn", arn)["tags"], [{"key": "a", "value": "b"}])
    execution = aws("start-execution", "--input", '{"n": 1}', "--state-machine-arn", machine(
        "work", json.dumps({"StartAt": "T", "States": {"T": {
            "Type": "Task", "Resource": arn, "End": True}}})))["executionArn"]
    task = aws("get-activity-task", "--activity-arn", arn, "--worker-name", "cli")
    equal(json.loads(task["input"]), {"n": 1})
    aws("send-task-success", "--task-token", task["taskToken"], "--task-output", "2")
    equal(ended(execution)["output"], "2")
    aws("delete-activity", "--activity-arn", arn)
    refused("ActivityDoesNotExist", "describe-activity", "--activity-arn", arn)


pawltest.main()
