#!/usr/bin/python3
"""test_tokens - task tokens: callbacks, their clocks, what kills them, crashes between."""

import base64
import concurrent.futures
import functools
import json
import time
import uuid

import pawltest
from pawltest import check, contains, equal, wait_for

TIMED_OUT = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
INVALID = ("InvalidToken", "Invalid Token: 'Invalid token'")
ECHO = "arn:pawl:states:::echo:say"
CALLBACK = {"Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True,
            "Parameters": {"Submitted": {"queued": True}, "Never": True, "token.$": "$$.Task.Token"}}
# A worker that is faster than the service that took its message.
EAGER = """
return function(event)
    local answer = http.request({ url = event.url, method = 'POST',
        headers = { ['Content-Type'] = 'application/x-amz-json-1.0',
                    ['X-Amz-Target'] = 'AWSStepFunctions.SendTaskSuccess' },
        body = '{"taskToken":"' .. event.token .. '","output":"[\\\\"eager\\\\"]"}' })
    if answer.status ~= 200 then error(answer.body) end
    return 'late'
end
"""


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(**options):
    folder = pawltest.temporary_folder()
    (folder / "scripts" / "functions").mkdir(parents=True)
    (folder / "scripts" / "functions" / "eager.lua").write_text(EAGER, encoding="utf-8")
    return pawltest.Pawld(database=database().new_database(), folder=folder, **options)


@functools.cache
def daemon():
    return new_daemon()


@functools.cache
def sleepy():
    """A pawld whose executions leave memory at once."""
    return new_daemon(hibernate_after="0s")


_names = iter(range(1, 1000000))


def one(**fields):
    return {"StartAt": "T", "States": {"T": {**CALLBACK, **fields}}}


def begin(client, definition, input=None):        # pylint: disable=redefined-builtin
    return client.start(client.create(f"m{next(_names)}", definition), input)


def scheduled(client, execution):
    return [e["taskScheduledEventDetails"] for e in client.history(execution)
            if e["type"] == "TaskScheduled"]


def token_of(details):
    return json.loads(details["parameters"])["token"]


def tokens(client, execution, count=1):
    """The tokens that were handed out, oldest first, once there are so many."""
    def look():
        found = [token_of(d) for d in scheduled(client, execution)]
        return found if len(found) >= count else None
    return wait_for(look, what="the tokens")


def types(client, execution):
    return [e["type"] for e in client.history(execution)]


def submitted(client, execution, count=1):
    wait_for(lambda: types(client, execution).count("TaskSubmitted") >= count, what="TaskSubmitted")


def succeed(client, token, output="{}"):
    equal(client.call("SendTaskSuccess", taskToken=token, output=output), {})


def dead(client, token):
    """No call has anything to do with the token any more."""
    client.refuses("SendTaskSuccess", *TIMED_OUT, taskToken=token, output="1")
    client.refuses("SendTaskFailure", *TIMED_OUT, taskToken=token)
    client.refuses("SendTaskHeartbeat", *TIMED_OUT, taskToken=token)


def patiently(client, action, **params):
    """Calls again while the service is unavailable, as the SDKs do."""
    def once():
        try:
            return [client.call(action, **params)]
        except pawltest.ApiError as error:
            equal((error.status, error.code), (503, "ServiceUnavailable"), str(error))
            return None
    return wait_for(once, what=f"{action} to be served")[0]


def records(where, execution):
    """Rows of its journal."""
    name = execution.rpartition(":")[2]
    base = where.options["database"].rpartition("dbname=")[2]
    return int(database().sql(
        "SELECT count(*) FROM pawl.journal j JOIN pawl.execution e "
        f"ON e.shard = j.shard AND e.id = j.execution_id WHERE e.name = '{name}'", base))


def asleep(where, execution):
    name = execution.rpartition(":")[2]
    base = where.options["database"].rpartition("dbname=")[2]
    return database().sql(f"SELECT asleep FROM pawl.execution_summary WHERE name = '{name}'",
                          base) == "t"


# --- answers ---------------------------------------------------------------------------------

@check("SendTaskSuccess ends the task with its output")
def _():
    client = daemon().client()
    execution = begin(client, one())
    token, = tokens(client, execution)
    submitted(client, execution)
    equal(client.call("SendTaskHeartbeat", taskToken=token), {})
    succeed(client, token, ' {"b": 1.0, "a": [null]}')
    description = client.wait(execution)
    equal(description["output"], '{"b":1.0,"a":[null]}')
    equal(types(client, execution)[2:-1], ["TaskScheduled", "TaskStarted", "TaskSubmitted",
                                           "TaskSucceeded", "TaskStateExited"])
    event = client.history(execution)[5]["taskSucceededEventDetails"]
    equal((event["resourceType"], event["resource"]), ("echo", "say.waitForTaskToken"))
    dead(client, token)


@check("every JSON value is an output; what is none is InvalidOutput and the task stays open")
def _():
    client = daemon().client()
    for output in ("null", "0", '"x"', "[]", "true", '"\\u0000"'):
        execution = begin(client, one())
        token, = tokens(client, execution)
        for wrong in ("", "{", "{} {}", "'x'", "01", "\ud83d\ude00"):
            error = client.refuses("SendTaskSuccess", "InvalidOutput", taskToken=token, output=wrong)
            assert error.message.startswith("Invalid Output: '"), error.message
        succeed(client, token, output)
        equal(client.wait(execution)["output"], output)


@check("SendTaskFailure fails the task: with its error and cause, or with neither")
def _():
    client = daemon().client()
    execution = begin(client, one())
    client.call("SendTaskFailure", taskToken=tokens(client, execution)[0], error="No.Money",
                cause="the account is empty")
    description = client.wait(execution)
    equal((description["status"], description["error"], description["cause"]),
          ("FAILED", "No.Money", "the account is empty"))
    catch = {"ErrorEquals": ["States.TaskFailed"], "Next": "C"}
    definition = one(Catch=[catch])
    definition["States"]["C"] = {"Type": "Pass", "End": True}
    execution = begin(client, definition)
    client.call("SendTaskFailure", taskToken=tokens(client, execution)[0])
    equal(json.loads(client.wait(execution)["output"]), {"Error": None, "Cause": None})
    failed = [e for e in client.history(execution) if e["type"] == "TaskFailed"][0]
    equal(sorted(failed["taskFailedEventDetails"]), ["resource", "resourceType"])


@check("an error or a cause that is too long is refused and the task stays open")
def _():
    client = daemon().client()
    execution = begin(client, one())
    token, = tokens(client, execution)
    client.refuses("SendTaskFailure", "ValidationException", taskToken=token, error="e" * 257)
    client.refuses("SendTaskFailure", "ValidationException", taskToken=token, cause="c" * 32769)
    client.call("SendTaskFailure", taskToken=token, error="é" * 256, cause="ü" * 32768)
    description = client.wait(execution)
    equal((description["error"], description["cause"]), ("é" * 256, "ü" * 32768))


@check("a token is good before the request is accepted: the worker may be quicker")
def _():
    client = daemon().client()
    execution = begin(client, {"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True,
        "Parameters": {"FunctionName": "eager",
                       "Payload": {"url": daemon().url, "token.$": "$$.Task.Token"}}}}})
    equal(client.wait(execution)["output"], '["eager"]')
    contains(types(client, execution), "TaskSucceeded")


@check("of many answers to one token exactly one is taken")
def _():
    client = daemon().client()
    execution = begin(client, one())
    token, = tokens(client, execution)

    def answer(number):
        try:
            succeed(daemon().client(), token, str(number))
        except pawltest.ApiError as error:
            equal((error.code, error.message), TIMED_OUT)
            return None
        return number
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        taken = [n for n in pool.map(answer, range(64)) if n is not None]
    equal(client.wait(execution)["output"], str(taken[0]))
    equal(len(taken), 1, "answers that were taken")
    equal(types(client, execution).count("TaskSucceeded"), 1)


# --- tokens that are none ---------------------------------------------------------------------

@check("what is no token of ours is InvalidToken")
def _():
    client = daemon().client()
    token, = tokens(client, begin(client, one()))
    plain = base64.urlsafe_b64decode(token[1:])
    forged = [plain[:-1] + bytes([plain[-1] ^ 1]), plain[:20] + bytes(22), plain[1:], plain + b"x",
              plain[:15] + bytes([plain[15] ^ 128]) + plain[16:]]
    wrong = ["x", token[:-1], token + "A", token.lower(), " " + token, token.replace(token[0], "="),
             "A" * 56, "t" + "A" * 56, "A" * 2048, "ÄÖÜ", token + "\0"]
    for text in wrong + [base64.urlsafe_b64encode(p).decode() for p in forged]:
        client.refuses("SendTaskSuccess", *INVALID, taskToken=text, output="1")
        client.refuses("SendTaskFailure", *INVALID, taskToken=text)
        client.refuses("SendTaskHeartbeat", *INVALID, taskToken=text)
    client.refuses("SendTaskHeartbeat", "ValidationException", taskToken="")
    client.refuses("SendTaskHeartbeat", "ValidationException", taskToken="A" * 2049)
    client.refuses("SendTaskHeartbeat", "ValidationException")
    other = new_daemon()
    other.client().refuses("SendTaskHeartbeat", *INVALID, taskToken=token)
    other.stop()


@check("the token of an execution that is purged is TaskDoesNotExist")
def _():
    client = daemon().client()
    execution = begin(client, one())
    token, = tokens(client, execution)
    succeed(client, token)
    client.wait(execution)
    base = daemon().options["database"].rpartition("dbname=")[2]
    database().sql("DELETE FROM pawl.execution WHERE id = '"
                   f"{uuid.UUID(bytes=base64.urlsafe_b64decode(token[1:])[18:34])}'", base)
    client.refuses("SendTaskSuccess", "TaskDoesNotExist", taskToken=token, output="1")
    client.refuses("SendTaskHeartbeat", "TaskDoesNotExist", taskToken=token)


# --- what kills a token -----------------------------------------------------------------------

@check("a retry has another token, and the old one is dead")
def _():
    client = daemon().client()
    execution = begin(client, one(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1,
                                          "BackoffRate": 1.0, "MaxAttempts": 2}]))
    first, = tokens(client, execution)
    client.call("SendTaskFailure", taskToken=first, error="Again")
    dead(client, first)
    second = tokens(client, execution, 2)[1]
    assert first != second
    dead(client, first)
    succeed(client, second, '"second"')
    equal(client.wait(execution)["output"], '"second"')


@check("StopExecution kills the token")
def _():
    client = daemon().client()
    execution = begin(client, one())
    token, = tokens(client, execution)
    client.call("StopExecution", executionArn=execution)
    dead(client, token)
    equal(client.describe(execution)["status"], "ABORTED")


def branches(count):
    return {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": f"T{n}", "States": {f"T{n}": CALLBACK}} for n in range(count)]}}}


@check("a branch that fails kills the tokens of its siblings, whether the failure is caught or not")
def _():
    client = daemon().client()
    iterations = {"StartAt": "M", "States": {"M": {
        "Type": "Map", "End": True, "ItemProcessor": {"StartAt": "T", "States": {"T": CALLBACK}}}}}
    for definition, state in ((branches(3), "P"), (iterations, "M")):
        definition["States"][state]["Catch"] = [{"ErrorEquals": ["Boo"], "Next": "After"}]
        definition["States"]["After"] = CALLBACK
        execution = begin(client, definition, [1, 2, 3])
        three = tokens(client, execution, 3)
        client.call("SendTaskFailure", taskToken=three[1], error="Boo")
        after = tokens(client, execution, 4)[3]
        for token in three:
            dead(client, token)
        succeed(client, after, '"caught"')
        equal(client.wait(execution)["output"], '"caught"')


@check("the branches of a Parallel are answered one by one, in any order")
def _():
    client = daemon().client()
    execution = begin(client, branches(5))
    five = tokens(client, execution, 5)
    for n in (3, 0, 4, 2, 1):
        succeed(client, five[n], str(n))
    equal(client.wait(execution)["output"], "[0,1,2,3,4]")


@check("a .sync task has a token too: answering it ends the task and cancels the plugin")
def _():
    client = daemon().client()
    execution = begin(client, one(
        Resource=f"{ECHO}.sync", Parameters={"Submitted": {}, "DelayMs": 400, "Output": "late",
                                             "token.$": "$$.Task.Token"}))
    token, = tokens(client, execution)
    submitted(client, execution)
    succeed(client, token, '"by token"')
    equal(client.wait(execution)["output"], '"by token"')
    contains(types(client, execution), "TaskSucceeded")
    dead(client, token)
    # one that is answered later than the first would have been: the plugin has dropped that
    client.wait(begin(client, one(Resource=ECHO, Parameters={"DelayMs": 600})))
    assert "pawl_plugin_answers_dropped_total{" not in client.get("/metrics").body.decode()


# --- clocks -----------------------------------------------------------------------------------

@check("a callback that nobody answers times out, and its token is dead")
def _():
    client = daemon().client()
    execution = begin(client, one(TimeoutSeconds=1))
    token, = tokens(client, execution)
    description = client.wait(execution)
    equal((description["status"], description["error"]), ("FAILED", "States.Timeout"))
    contains(types(client, execution), "TaskTimedOut")
    dead(client, token)


def beat_until(client, token, condition):
    """Beats again and again until the condition holds."""
    def once():
        client.call("SendTaskHeartbeat", taskToken=token)
        return condition()
    wait_for(once, what="the condition, while beating", interval=0.2)


def seconds_between(events, one_type, other_type):
    when = {e["type"]: e["timestamp"] for e in events}
    return when[other_type] - when[one_type]


@check("heartbeats keep a task alive, in memory and asleep; without them it times out")
def _():
    for where in (daemon(), sleepy()):
        client = where.client()
        beating = begin(client, one(HeartbeatSeconds=2))
        silent = begin(client, one(HeartbeatSeconds=1))
        longer = begin(client, one(TimeoutSeconds=4))
        token, = tokens(client, beating)
        beat_until(client, token, lambda: client.describe(longer)["status"] != "RUNNING")
        equal(client.describe(beating)["status"], "RUNNING")
        description = client.wait(silent)
        equal((description["status"], description["error"]), ("FAILED", "States.Timeout"))
        dead(client, tokens(client, silent)[0])
        took = seconds_between(client.history(silent), "TaskSubmitted", "TaskTimedOut")
        assert 1 <= took < 3, took
        description = client.wait(beating)          # it is beaten no more
        equal((description["status"], description["error"]), ("FAILED", "States.Timeout"))
        took = seconds_between(client.history(beating), "TaskSubmitted", "TaskTimedOut")
        assert took >= 4, took


@check("heartbeats do not reach TimeoutSeconds")
def _():
    client = daemon().client()
    execution = begin(client, one(TimeoutSeconds=2, HeartbeatSeconds=1))
    token, = tokens(client, execution)

    def is_over():
        try:
            client.call("SendTaskHeartbeat", taskToken=token)
        except pawltest.ApiError as error:
            equal((error.code, error.message), TIMED_OUT)
            return True
        return False
    wait_for(is_over, what="the time-out, while beating", interval=0.1)
    took = seconds_between(client.history(execution), "TaskStarted", "TaskTimedOut")
    assert 2 <= took < 4, took


@check("a hundred heartbeats write no record before the clock runs out, nor when there is none")
def _():
    client = daemon().client()
    for fields in ({}, {"HeartbeatSeconds": 60}):
        execution = begin(client, one(**fields))
        token, = tokens(client, execution)
        submitted(client, execution)
        before = records(daemon(), execution)
        for _ in range(100):
            client.call("SendTaskHeartbeat", taskToken=token)
        equal(records(daemon(), execution), before, "records of the journal")
        succeed(client, token)


# --- sleep, crashes, the end ---------------------------------------------------------------------

@check("a sleeping execution wakes for its token")
def _():
    client = sleepy().client()
    ends = {"SendTaskSuccess": ("SUCCEEDED", {"output": '"good morning"'}),
            "SendTaskFailure": ("FAILED", {"error": "Grumpy"})}
    for action, (status, params) in ends.items():
        execution = begin(client, one(HeartbeatSeconds=600))
        token, = tokens(client, execution)
        wait_for(lambda: asleep(sleepy(), execution), what="it to sleep")
        for _ in range(3):
            client.call("SendTaskHeartbeat", taskToken=token)
        client.call(action, taskToken=token, **params)
        equal(client.wait(execution)["status"], status)
        dead(client, token)
    execution = begin(client, one())
    token, = tokens(client, execution)
    wait_for(lambda: asleep(sleepy(), execution), what="it to sleep")
    client.call("StopExecution", executionArn=execution)
    dead(client, token)


@check("tokens live through kill -9, asleep and awake, and so do the heartbeats' clocks")
def _():
    for hibernate in ("0s", "1h"):
        where = new_daemon(hibernate_after=hibernate)
        client = where.client()
        plain = begin(client, one())
        beating = begin(client, one(HeartbeatSeconds=4))
        held = [tokens(client, e)[0] for e in (plain, beating)]
        for execution in (plain, beating):
            submitted(client, execution)
        ended = begin(client, one())
        closed, = tokens(client, ended)
        succeed(client, closed)
        where.kill()
        back = time.monotonic() + 4         # longer than HeartbeatSeconds nobody can be heard
        wait_for(lambda: time.monotonic() > back, what="the time to pass")
        where.start()
        client = where.client()
        equal(client.describe(beating)["status"], "RUNNING")
        patiently(client, "SendTaskHeartbeat", taskToken=held[1])
        dead(client, closed)
        for execution, token in zip((plain, beating), held):
            succeed(client, token, '"after the crash"')
            equal(client.wait(execution)["output"], '"after the crash"')
        where.stop()


pawltest.main()
