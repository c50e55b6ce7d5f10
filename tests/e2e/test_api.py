#!/usr/bin/python3
"""test_api - the actions one by one: rules, errors, idempotency, pages, tags."""

import concurrent.futures
import functools
import json
import time

import history
import pawltest
from pawltest import ACCOUNT, REGION, ROLE, check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "because"}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}}
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}"


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def conninfo():
    return database().new_database()


@functools.cache
def daemon():
    return pawltest.Pawld(database=conninfo())


@functools.cache
def client():
    return daemon().client()


def constraint(value, path, sentence):
    return (f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy "
            f"constraint: {sentence}")


@check("names are checked: characters, length, presence")
def _():
    for name in ("a b", "a<", "a:b", "a?", "a*", 'a"', "a#", "a%", "a\\b", "a^", "a|", "a~", "a`",
                 "a$", "a&", "a,", "a;", "a/b", "a\x01", "a\x7f", "a\x9f", "a[", "a{", "a]", "a}", "a>"):
        client().refuses("CreateStateMachine", "InvalidName", f"Invalid Name: '{name}'",
                         name=name, definition=json.dumps(PASS), roleArn=ROLE)
    client().refuses("CreateStateMachine", "ValidationException", constraint(
        "x" * 81, "name", "Member must have length less than or equal to 80"),
        name="x" * 81, definition=json.dumps(PASS), roleArn=ROLE)
    client().refuses("CreateStateMachine", "ValidationException",
                     definition=json.dumps(PASS), roleArn=ROLE)
    for name in ("x" * 80, "größe", "名前", "-", "_", "a.b-c_d", "(a)!='@+"):
        client().create(name, PASS)
        client().call("DeleteStateMachine", stateMachineArn=f"{ARN}:stateMachine:{name}")


@check("numbers, enumerations and lengths outside the model are told as AWS tells them")
def _():
    client().refuses("ListStateMachines", "ValidationException", constraint(
        1001, "maxResults", "Member must have value less than or equal to 1000"), maxResults=1001)
    client().refuses("ListStateMachines", "ValidationException", maxResults=-1)
    client().refuses("ListStateMachines", "ValidationException", nextToken="")
    client().refuses("ListStateMachines", "ValidationException", constraint(
        "x" * 1025, "nextToken", "Member must have length less than or equal to 1024"),
        nextToken="x" * 1025)
    machine = client().create("enums", PASS)
    client().refuses("ListExecutions", "ValidationException", constraint(
        "DONE", "statusFilter", "Member must satisfy enum value set: "
        "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"),
        stateMachineArn=machine, statusFilter="DONE")
    client().refuses("CreateStateMachine", "ValidationException", name="e", roleArn=ROLE,
                     definition=json.dumps(PASS), type="FAST")
    client().refuses("StopExecution", "ValidationException", executionArn="x" * 257)
    error = client().refuses("CreateStateMachine", "ValidationException", name="x" * 81,
                             definition="", roleArn=ROLE)
    contains(error.message, "2 validation errors detected: ")


@check("ARNs are checked: prefix, kind, existence")
def _():
    for action, member in (("DescribeStateMachine", "stateMachineArn"),
                           ("StartExecution", "stateMachineArn"),
                           ("ListExecutions", "stateMachineArn"),
                           ("DeleteStateMachine", "stateMachineArn")):
        client().refuses(action, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nonsense'",
                         **{member: "nonsense"})
    absent = f"{ARN}:stateMachine:absent"
    for action in ("DescribeStateMachine", "StartExecution", "ListExecutions"):
        client().refuses(action, "StateMachineDoesNotExist",
                         f"State Machine Does Not Exist: '{absent}'", stateMachineArn=absent)
    equal(client().call("DeleteStateMachine", stateMachineArn=absent), {})
    absent = f"{ARN}:execution:absent:x"
    for action in ("DescribeExecution", "GetExecutionHistory", "StopExecution",
                   "DescribeStateMachineForExecution"):
        client().refuses(action, "ExecutionDoesNotExist",
                         f"Execution Does Not Exist: '{absent}'", executionArn=absent)
        client().refuses(action, "InvalidArn",
                         "Invalid Arn: 'Resource type not valid in this context: express'",
                         executionArn=f"{ARN}:express:m:n:1")


@check("definitions come back byte for byte, and so do inputs")
def _():
    text = ' {"StartAt" : "A",\n\t"States":{"A":{"Type":"Pass","Result":"\\u00fc ü \\/","End":true}}} '
    machine = client().create("verbatim", text)
    equal(client().call("DescribeStateMachine", stateMachineArn=machine)["definition"], text)
    given = '{ "b" : [ 1.0, 1e2 , -0 ],\r\n"a":"\\u00fc\\ud83d\\ude00" }'
    execution = client().start(machine, given)
    end = client().wait(execution)
    equal(end["input"], given)
    equal(end["output"], '"ü ü /"')
    events = client().history(execution)
    equal(events[0]["executionStartedEventDetails"]["input"], given)
    equal(client().call("DescribeStateMachineForExecution", executionArn=execution)["definition"],
          text)


@check("a fresh machine is described with all its defaults")
def _():
    machine = client().create("defaults", PASS)
    described = client().call("DescribeStateMachine", stateMachineArn=machine)
    equal(sorted(described), ["creationDate", "definition", "encryptionConfiguration",
                              "loggingConfiguration", "name", "roleArn", "stateMachineArn",
                              "status", "tracingConfiguration", "type"])
    equal(described["loggingConfiguration"], {"includeExecutionData": False, "level": "OFF"})
    equal(described["tracingConfiguration"], {"enabled": False})
    equal(described["encryptionConfiguration"], {"type": "AWS_OWNED_KEY"})
    assert abs(described["creationDate"] - time.time()) < 60
    equal(machine, f"{ARN}:stateMachine:defaults")


@check("creating again is the first creation; anything that counts and differs is a conflict")
def _():
    definition = json.dumps(PASS)
    first = client().call("CreateStateMachine", name="again", definition=definition, roleArn=ROLE)
    for more in ({}, {"type": "STANDARD"}, {"loggingConfiguration": {}},
                 {"roleArn": ROLE + "2"}, {"tags": [{"key": "a", "value": "b"}]}):
        params = {"name": "again", "definition": definition, "roleArn": ROLE, **more}
        equal(client().call("CreateStateMachine", **params), first, f"answer with {more}")
    equal(client().call("DescribeStateMachine", stateMachineArn=first["stateMachineArn"])["roleArn"],
          ROLE, "role")
    message = f"State Machine Already Exists: '{first['stateMachineArn']}'"
    for more in ({"definition": definition + " "}, {"tracingConfiguration": {"enabled": True}},
                 {"loggingConfiguration": {"includeExecutionData": True}}):
        params = {"name": "again", "definition": definition, "roleArn": ROLE, **more}
        client().refuses("CreateStateMachine", "StateMachineAlreadyExists", message, **params)


@check("updates make revisions, equal ones do not, and running executions keep theirs")
def _():
    machine = client().create("revise", WAIT)
    execution = client().start(machine)
    client().refuses("UpdateStateMachine", "MissingRequiredParameter", stateMachineArn=machine)
    same = client().call("UpdateStateMachine", stateMachineArn=machine, definition=json.dumps(WAIT))
    assert "revisionId" not in same, same
    one = client().call("UpdateStateMachine", stateMachineArn=machine, definition=json.dumps(PASS))
    two = client().call("UpdateStateMachine", stateMachineArn=machine, definition=json.dumps(PASS))
    equal(two["revisionId"], one["revisionId"], "revision of an equal update")
    other = client().call("UpdateStateMachine", stateMachineArn=machine, roleArn=ROLE + "2")
    assert other["revisionId"] != one["revisionId"]
    equal(client().run(machine)["status"], "SUCCEEDED")
    old = client().call("DescribeStateMachineForExecution", executionArn=execution)
    equal((old["definition"], old["roleArn"]), (json.dumps(WAIT), ROLE))
    client().call("StopExecution", executionArn=execution)
    client().refuses("UpdateStateMachine", "InvalidDefinition", stateMachineArn=machine,
                     definition="{}")


@check("starting again with the same name: equal and open is the same, all else exists already")
def _():
    machine = client().create("names", WAIT)
    first = client().call("StartExecution", stateMachineArn=machine, name="n", input='{"a":1}')
    equal(client().call("StartExecution", stateMachineArn=machine, name="n", input='{"a":1}'), first)
    message = f"Execution Already Exists: '{first['executionArn']}'"
    client().refuses("StartExecution", "ExecutionAlreadyExists", message,
                     stateMachineArn=machine, name="n", input='{"a":2}')
    client().call("StopExecution", executionArn=first["executionArn"])
    client().wait(first["executionArn"])
    client().refuses("StartExecution", "ExecutionAlreadyExists", message,
                     stateMachineArn=machine, name="n", input='{"a":1}')
    other = client().create("names2", PASS)
    client().call("StartExecution", stateMachineArn=other, name="n", input='{"a":1}')


@check("an input must be JSON, of any kind")
def _():
    machine = client().create("inputs", PASS)
    for text in ("1", '"x"', "null", "[]", "{}", " true ", "-0.0e-1"):
        end = client().run(machine, text)
        equal(json.loads(end["output"]), json.loads(text), f"output for {text!r}")
    for text in ("", "{", "nope", "{'a':1}", "[1,]", "1 2", '"\n"', "01", "NaN"):
        client().refuses("StartExecution", "InvalidExecutionInput", stateMachineArn=machine,
                         input=text)
    equal(client().run(machine)["output"], "{}")


@check("a stopped execution keeps error and cause, and stopping it again changes nothing")
def _():
    machine = client().create("stops", WAIT)
    execution = client().start(machine)
    stopped = client().call("StopExecution", executionArn=execution, error="E", cause="C")
    end = client().wait(execution)
    equal((end["status"], end["error"], end["cause"], end["stopDate"]),
          ("ABORTED", "E", "C", stopped["stopDate"]))
    client().call("StopExecution", executionArn=execution, error="other")
    equal(client().describe(execution)["error"], "E")
    bare = client().start(machine)
    client().call("StopExecution", executionArn=bare)
    end = client().wait(bare)
    assert "error" not in end and "cause" not in end, end
    equal(client().history(bare)[-1]["executionAbortedEventDetails"], {})


@check("a failed execution tells error and cause")
def _():
    execution = client().start(client().create("fails", FAIL))
    end = client().wait(execution)
    equal((end["status"], end["error"], end["cause"]), ("FAILED", "E", "because"))
    assert "output" not in end and "outputDetails" not in end
    equal(history.check(client().history(execution)), [])


@check("machines are listed by name, page by page, and tokens are bound to their call")
def _():
    names = [f"page-{n}" for n in (0, 1, 10, 11, 2, 20, 3)]
    for name in names:
        client().create(name, PASS)
    found, params = [], {"maxResults": 2}
    while True:
        answer = client().call("ListStateMachines", **params)
        assert len(answer["stateMachines"]) <= 2
        found += [m["name"] for m in answer["stateMachines"]]
        if "nextToken" not in answer:
            break
        params["nextToken"] = answer["nextToken"]
    equal(found, sorted(found, key=lambda n: n.encode()), "order")
    equal([n for n in found if n.startswith("page-")], names)
    token = client().call("ListStateMachines", maxResults=1)["nextToken"]
    client().refuses("ListStateMachines", "InvalidToken", "Invalid Token: 'Invalid token'",
                     nextToken=token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))
    client().refuses("ListExecutions", "InvalidToken", nextToken=token,
                     stateMachineArn=f"{ARN}:stateMachine:page-0")


@check("executions are listed newest first, by status, page by page")
def _():
    machine = client().create("listed", WAIT)
    started = [client().start(machine, name=f"x{n}") for n in range(7)]
    for execution in started[::2]:
        client().call("StopExecution", executionArn=execution)
        client().wait(execution)

    def listed(**params):
        found = []
        while True:
            answer = client().call("ListExecutions", stateMachineArn=machine, maxResults=2, **params)
            assert len(answer["executions"]) <= 2
            found += [e["executionArn"] for e in answer["executions"]]
            if "nextToken" not in answer:
                return found
            params["nextToken"] = answer["nextToken"]
    equal(listed(), started[::-1])
    equal(listed(statusFilter="RUNNING"), started[1::2][::-1])
    equal(listed(statusFilter="ABORTED"), started[::2][::-1])
    equal(listed(statusFilter="FAILED"), [])
    for execution in started[1::2]:
        client().call("StopExecution", executionArn=execution)


@check("a history is read in pages both ways, also while it grows")
def _():
    states = {f"S{n}": {"Type": "Pass", **({"Next": f"S{n + 1}"} if n < 119 else {"End": True})}
              for n in range(120)}
    execution = client().start(client().create("long", {"StartAt": "S0", "States": states}))
    client().wait(execution)
    whole = client().history(execution)
    equal([e["id"] for e in whole], list(range(1, 243)))
    equal(history.check(whole), [])
    for size in (1, 7, 100, 1000):
        equal(client().history(execution, maxResults=size), whole, f"pages of {size}")
        equal(client().history(execution, maxResults=size, reverseOrder=True), whole[::-1])
    first = client().call("GetExecutionHistory", executionArn=execution)
    equal(len(first["events"]), 100, "default page")
    short = client().call("GetExecutionHistory", executionArn=execution, includeExecutionData=False,
                          maxResults=3)
    assert "input" not in short["events"][0]["executionStartedEventDetails"], short["events"][0]
    client().refuses("GetExecutionHistory", "InvalidToken", executionArn=execution,
                     nextToken=first["nextToken"], reverseOrder=True)


@check("pages cut through records of thousands of events, both ways")
def _():
    execution = client().start(client().create("wide", {"StartAt": "M", "States": {"M": {
        "Type": "Map", "End": True, "ItemProcessor": PASS}}}), list(range(5000)))
    client().wait(execution)
    whole = client().history(execution, maxResults=1000)
    equal([e["id"] for e in whole], list(range(1, 20007)))
    equal(history.check(whole), [])
    for size in (333, 1000):
        equal(client().history(execution, maxResults=size), whole, f"pages of {size}")
        equal(client().history(execution, maxResults=size, reverseOrder=True), whole[::-1])


@check("a large payload stands once in a record and in each event of the history, whose pages stay bounded")
def _():
    text, states = "x" * 300000, 60
    execution = client().start(client().create("large", {"StartAt": "S0", "States": {
        f"S{n}": {"Type": "Pass", **({"Next": f"S{n + 1}"} if n < states - 1 else {"End": True})}
        for n in range(states)}}), {"text": text})
    client().wait(execution)
    events, params = [], {}
    while True:
        page = client().call("GetExecutionHistory", executionArn=execution, maxResults=1000, **params)
        assert 1 <= len(page["events"]) <= 15, len(page["events"])
        events += page["events"]
        if "nextToken" not in page:
            break
        params["nextToken"] = page["nextToken"]
    equal([e["id"] for e in events], list(range(1, 2 * states + 3)))
    equal(history.check(events), [])
    for event in events:
        details = next(v for k, v in event.items() if k.endswith("EventDetails"))
        equal(json.loads(details.get("input") or details["output"]), {"text": text})
    equal(client().history(execution, maxResults=1000, reverseOrder=True), events[::-1])
    kept = int(database().sql(f"""SELECT sum(octet_length(record)) FROM pawl.journal AS j JOIN pawl.execution AS e
        ON e.shard = j.shard AND e.id = j.execution_id WHERE e.name = '{execution.rpartition(":")[2]}'""", conninfo().rpartition("=")[2]))
    assert kept < 2 * len(text), f"{kept} bytes of journal"


@check("tags: set, replaced, removed, limited, and only where something is")
def _():
    machine = client().create("tagged", PASS, tags=[{"key": "a", "value": "1"}])
    client().call("TagResource", resourceArn=machine,
                  tags=[{"key": "a", "value": "2"}, {"key": "b", "value": ""}])
    equal(sorted((t["key"], t["value"]) for t in
                 client().call("ListTagsForResource", resourceArn=machine)["tags"]),
          [("a", "2"), ("b", "")])
    client().call("UntagResource", resourceArn=machine, tagKeys=["a", "absent"])
    equal(client().call("ListTagsForResource", resourceArn=machine)["tags"],
          [{"key": "b", "value": ""}])
    error = client().refuses("TagResource", "TooManyTags", resourceArn=machine,
                             tags=[{"key": f"k{n}", "value": "v"} for n in range(50)])
    equal(error.body.get("resourceName"), machine, "resourceName")
    client().refuses("TagResource", "ResourceNotFound", tags=[],
                     resourceArn=f"{ARN}:stateMachine:absent")
    client().refuses("TagResource", "ValidationException", resourceArn=machine,
                     tags=[{"key": "k" * 129, "value": "v"}])


@check("a deleted machine is gone, its open executions first come to their end")
def _():
    machine = client().create("doomed", WAIT)
    execution = client().start(machine)
    client().call("DeleteStateMachine", stateMachineArn=machine)
    client().refuses("StartExecution", "StateMachineDeleting", stateMachineArn=machine)
    client().call("StopExecution", executionArn=execution)

    def gone():
        try:
            client().call("DescribeStateMachine", stateMachineArn=machine)
            return False
        except pawltest.ApiError as error:
            return error.code == "StateMachineDoesNotExist"
    wait_for(gone, what="the machine to be gone")
    equal(client().describe(execution)["status"], "ABORTED")
    client().create("doomed", PASS)


@check("definitions that cannot run are refused with a place")
def _():
    cases = (
        ("{}", "These fields are required: [States, StartAt] at /"),
        ('{"StartAt":"A"}', "These fields are required: [States] at /"),
        ('{"StartAt":"A","States":{"A":{"Type":"Nope"}}}', "/States/A/Type"),
        ('{"StartAt":"B","States":{"A":{"Type":"Succeed"}}}', "StartAt"),
        ('{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}', "/States/A/Next"),
        ('{"StartAt":"A","States":{"A":{"Type":"Pass"}}}', "/States/A"),
        ("not json", ""))
    for text, part in cases:
        error = client().refuses("CreateStateMachine", "InvalidDefinition", name="bad",
                                 definition=text, roleArn=ROLE)
        contains(error.message, "Invalid State Machine Definition: '")
        contains(error.message, part)
        answer = client().call("ValidateStateMachineDefinition", definition=text)
        equal(answer["result"], "FAIL", f"result for {text}")
        assert answer["diagnostics"], text
    equal(client().call("ValidateStateMachineDefinition", definition=json.dumps(PASS))["result"],
          "OK")


@check("the caller's identity is told in the query protocol of STS")
def _():
    answer = client().request("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15",
                              {"Content-Type": "application/x-www-form-urlencoded"})
    equal(answer.status, 200)
    contains(answer.body.decode(), f"<Account>{ACCOUNT}</Account>")
    contains(answer.headers["Content-Type"], "xml")


@check("a hundred clients at once get right answers")
def _():
    machine = client().create("crowd", PASS)

    def one(number):
        mine = daemon().client()
        out = mine.run(machine, {"n": number}, name=f"c{number}")["output"]
        mine.close()
        return json.loads(out)["n"] == number
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert all(pool.map(one, range(300)))


@check("the daemon ends cleanly")
def _():
    daemon().stop()


pawltest.main()
