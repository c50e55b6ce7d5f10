#!/usr/bin/python3
"""test_sql_client - executions started, stopped and signalled by SQL functions: they take effect if and
only if the caller's transaction commits, with the API's checks and errors."""

import functools
import json
import re
import threading
import time

import pawltest
from counting import CONNECTION, Peer, call
from pawltest import check, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
ECHO = "arn:pawl:states:::echo:say.waitForTaskToken"


def callback(**fields):
    """A machine that waits for its token, which TaskSubmitted's output shows."""
    task = {"Type": "Task", "Resource": ECHO, "End": True,
            "Parameters": {"Submitted": {"token.$": "$$.Task.Token"}}, **fields}
    return {"StartAt": "T", "States": {"T": task}}


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def conninfo():
    return database().new_database()


@functools.cache
def daemon():
    server = pawltest.Pawld(database=conninfo(), config=CONNECTION, start=False)
    hooks = server.folder / "scripts" / "hooks"
    hooks.mkdir()
    (hooks / "watch.lua").write_text("return {execution_started = function(e) log('begun', e.execution_name) end}\n")
    server.start()
    return server


class Session(pawltest.Session):
    def __init__(self, role="pawl_client"):
        super().__init__(conninfo())
        self.say(f"SET ROLE {role}")

    def refuses(self, statement, code, text):
        """The statement fails with SQLSTATE code and this text."""
        got = self.say(statement)
        found = re.search(r"ERROR:  (\w{5}): (.*)", got)
        check_is(found is not None, f"{statement} was not refused: {got}")
        equal((found[1], found[2]), (code, text), statement)


def check_is(condition, what):
    if not condition:
        raise AssertionError(what)


def quoted(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return "'" + text.replace("'", "''") + "'"


def signals():
    return database().sql("SELECT count(*) FROM pawl.signal", conninfo().rpartition("=")[2])


def no_signals():
    wait_for(lambda: signals() == "0", what="the signals to be consumed")


def arn_of(machine, name):
    return machine.replace(":stateMachine:", ":execution:") + ":" + name


def token_of(client, execution):
    def found():
        for event in client.call("GetExecutionHistory", executionArn=execution)["events"]:
            if event["type"] == "TaskSubmitted":
                return json.loads(event["taskSubmittedEventDetails"]["output"])["token"]
        return None
    return wait_for(found, what="the token")


@check("an execution starts when its transaction commits, and runs")
def start_commits():
    client, session = daemon().client(), Session()
    machine = client.create("sql-start", PASS)
    session.say("BEGIN")
    arn = session.say("SELECT pawl.start_execution('sql-start', '{\"a\": [1, 2]}', 'one')")
    equal(arn, arn_of(machine, "one"))
    client.refuses("DescribeExecution", "ExecutionDoesNotExist", executionArn=arn)
    session.say("COMMIT")
    got = client.wait(arn)
    equal((got["status"], got["input"], json.loads(got["output"])),
          ("SUCCEEDED", '{"a": [1, 2]}', {"a": [1, 2]}))
    types = [e["type"] for e in client.call("GetExecutionHistory", executionArn=arn)["events"]]
    equal(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"])
    session.close()


@check("what is rolled back never was, and its name is free")
def start_rolls_back():
    client, session = daemon().client(), Session()
    machine = client.create("sql-rollback", PASS)
    session.say("BEGIN")
    arn = session.say("SELECT pawl.start_execution('sql-rollback', '{}', 'x')")
    session.say("ROLLBACK")
    client.refuses("DescribeExecution", "ExecutionDoesNotExist", executionArn=arn)
    equal(client.call("ListExecutions", stateMachineArn=machine)["executions"], [])
    client.wait(client.start(machine, {}, name="x"))
    session.close()


@check("a name whose execution runs with the same input is the same execution; else it is taken")
def names():
    client, session = daemon().client(), Session()
    machine = client.create("sql-names", WAIT)
    start = "SELECT pawl.start_execution('sql-names', '{\"a\":1}', 'n')"
    arn = session.say(start)
    equal(session.say(start), arn)
    session.refuses("SELECT pawl.start_execution('sql-names', '{\"a\":2}', 'n')", "PW001",
                    f"ExecutionAlreadyExists: Execution Already Exists: '{arn}'")
    equal(client.start(machine, '{"a":1}', name="n"), arn)
    wait_for(lambda: client.describe(arn)["status"] == "RUNNING", what="it to run")
    session.say(f"SELECT pawl.stop_execution('{arn}')")
    equal(client.wait(arn)["status"], "ABORTED")
    session.refuses(start, "PW001", f"ExecutionAlreadyExists: Execution Already Exists: '{arn}'")
    no_signals()
    session.close()


@check("a transaction that holds a name open delays nobody; when the API takes the name, its commit is refused")
def name_held_open():
    client, session = daemon().client(), Session()
    machine = client.create("sql-held", PASS)
    session.say("BEGIN")
    session.say("SELECT pawl.start_execution('sql-held', '{}', 'held')")
    for n in range(20):
        equal(client.wait(client.start(machine, {}, name=f"free-{n}"))["status"], "SUCCEEDED")
    arn = client.start(machine, {}, name="held")
    equal(client.wait(arn)["status"], "SUCCEEDED")
    session.refuses("COMMIT", "PW001", f"ExecutionAlreadyExists: Execution Already Exists: '{arn}'")
    equal(database().sql("SELECT count(*) FROM pawl.start_request", conninfo().rpartition("=")[2]), "0")
    session.close()


@check("one transaction may ask twice for the same, and not for two things of one name")
def same_name_in_one():
    client, session = daemon().client(), Session()
    client.create("sql-one", PASS)
    start = "SELECT pawl.start_execution('sql-one', '{\"a\":1}', 'n')"
    session.say("BEGIN")
    arn = session.say(start)
    equal(session.say(start), arn)
    session.say("COMMIT")
    equal(client.wait(arn)["status"], "SUCCEEDED")
    session.say("BEGIN")
    session.say("SELECT pawl.start_execution('sql-one', '1', 'm')")
    check_is("PW001" in session.say("SELECT pawl.start_execution('sql-one', '2', 'm')"), "two of one name")
    session.say("ROLLBACK")
    session.close()


@check("two transactions that start one name: the second waits and is told")
def same_name_twice():
    client = daemon().client()
    client.create("sql-twice", PASS)
    first, second = Session(), Session()
    start = "SELECT pawl.start_execution('sql-twice', '{%s}', 'both')"
    first.say("BEGIN")
    arn = first.say(start % "")
    second.send(start % '"other":1')
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
    wait_for(lambda: database().sql(waiting) != "0", what="the second transaction to wait")
    first.say("COMMIT")
    found = second.answer()
    check_is("ExecutionAlreadyExists" in found, found)
    equal(client.wait(arn)["status"], "SUCCEEDED")
    first.close()
    second.close()


@check("10,000 executions are started by one statement, each of them once")
def many():
    client, session = daemon().client(), Session()
    client.create("sql-many", PASS)
    got = session.say("SELECT count(*) FROM (SELECT pawl.start_execution('sql-many', "
                      "json_build_object('n', n)::text, 'n' || n) FROM generate_series(1, 10000) n) x")
    equal(got, "10000")
    done = ("SELECT count(*), count(DISTINCT output) FROM pawl.execution_summary "
            "WHERE machine = 'sql-many' AND status = 'SUCCEEDED' AND events = 4")
    wait_for(lambda: session.say(done) == "10000|10000", timeout=120, what="all of them to end")
    session.close()


@check("the first task of what SQL starts goes out once, and not before its first record is durable")
def first_task():
    client, session, peer = daemon().client(), Session(), Peer()
    client.create("sql-task", {"StartAt": "T", "States": {"T": call(peer)}})
    for n in range(20):
        client.wait(session.say(f"SELECT pawl.start_execution('sql-task', '{{}}', 't{n}')"))
    equal(len(peer.paths), 20, "requests")
    for n in range(20):
        equal(len(re.findall(rf"begun\s+t{n}$", daemon().log(), re.M)), 1, f"hooks that heard of t{n}")
    session.close()


@check("at rest an execution ends within 100 ms of the commit, by the median of 20")
def delay():
    client, session = daemon().client(), Session()
    client.create("sql-delay", PASS)
    took = []
    for n in range(20):
        arn = session.say(f"SELECT pawl.start_execution('sql-delay', '{{}}', 'd{n}')")
        began = time.monotonic()
        wait_for(lambda arn=arn: client.describe(arn)["status"] == "SUCCEEDED", interval=0.002,
                 what="it to end")
        took.append(time.monotonic() - began)
    median = sorted(took)[10]
    check_is(median < 0.1, f"median {median * 1000:.0f} ms")
    session.close()


@check("a task is answered by its token when the transaction commits, and not before")
def success():
    client, session = daemon().client(), Session()
    arn = client.start(client.create("sql-token", callback()), {})
    token = token_of(client, arn)
    session.say("BEGIN")
    session.say(f"SELECT pawl.send_task_success('{token}', '{{\"ok\": true}}')")
    session.say("ROLLBACK")
    equal(client.describe(arn)["status"], "RUNNING")
    session.say(f"SELECT pawl.send_task_success('{token}', '{{\"ok\": true}}')")
    got = client.wait(arn)
    equal((got["status"], json.loads(got["output"])), ("SUCCEEDED", {"ok": True}))
    no_signals()
    session.refuses(f"SELECT pawl.send_task_success('{token}', '1')", "PW007",
                    "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'")
    session.refuses(f"SELECT pawl.send_task_heartbeat('{token}')", "PW007",
                    "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'")
    session.close()


@check("a task fails by its token, with error and cause, for its Catcher")
def failure():
    client, session = daemon().client(), Session()
    machine = callback(Catch=[{"ErrorEquals": ["Refused"], "Next": "No"}])
    machine["States"]["No"] = {"Type": "Pass", "End": True}
    arn = client.start(client.create("sql-fail", machine), {})
    session.say(f"SELECT pawl.send_task_failure('{token_of(client, arn)}', 'Refused', 'too much')")
    got = client.wait(arn)
    equal(json.loads(got["output"]), {"Error": "Refused", "Cause": "too much"})
    session.close()


@check("of two transactions that answer one task the second waits, and is refused")
def answered_twice():
    client = daemon().client()
    arn = client.start(client.create("sql-double", callback()), {})
    token = token_of(client, arn)
    first, second = Session(), Session()
    first.say("BEGIN")
    first.say(f"SELECT pawl.send_task_success('{token}', '1')")
    second.send(f"SELECT pawl.send_task_success('{token}', '2')")
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
    wait_for(lambda: database().sql(waiting) != "0", what="the second answer to wait")
    first.say("COMMIT")
    check_is("TaskTimedOut" in second.answer(), "the second answer was taken")
    equal(client.wait(arn)["output"], "1")
    first.close()
    second.close()


@check("heartbeats by SQL keep a task alive, and without them it times out")
def heartbeat():
    client, session = daemon().client(), Session()
    arn = client.start(client.create("sql-beat", callback(HeartbeatSeconds=3)), {})
    token = token_of(client, arn)
    until = time.monotonic() + 6
    while time.monotonic() < until:
        equal(session.say(f"SELECT pawl.send_task_heartbeat('{token}')"), "")
        equal(client.describe(arn)["status"], "RUNNING")
        time.sleep(0.3)        # the beat of the worker, nothing is waited for
    equal(client.wait(arn)["error"], "States.Timeout")
    session.close()


@check("an execution is stopped with error and cause; one that has ended stays as it is")
def stop():
    client, session = daemon().client(), Session()
    arn = client.start(client.create("sql-stop", WAIT), {})
    session.say("BEGIN")
    session.say(f"SELECT pawl.stop_execution('{arn}', 'Enough', 'no more')")
    equal(client.describe(arn)["status"], "RUNNING")
    session.say("COMMIT")
    got = client.wait(arn)
    equal((got["status"], got["error"], got["cause"]), ("ABORTED", "Enough", "no more"))
    equal(session.say(f"SELECT pawl.stop_execution('{arn}')"), "")
    equal(client.describe(arn)["stopDate"], got["stopDate"])
    session.close()


@check("what is wrong is refused in the words of the API")
def refusals():
    client, session = daemon().client(), Session()
    client.create("sql-wrong", PASS)
    prefix = "arn:aws:states:us-east-1:123456789012"
    for call, code, text in (
            ("start_execution('nope')", "PW002",
             f"StateMachineDoesNotExist: State Machine Does Not Exist: '{prefix}:stateMachine:nope'"),
            (f"start_execution('{prefix}:stateMachine:nope')", "PW002",
             f"StateMachineDoesNotExist: State Machine Does Not Exist: '{prefix}:stateMachine:nope'"),
            ("start_execution('arn:aws:sqs:x')", "PW010",
             "InvalidArn: Invalid Arn: 'Invalid ARN: arn:aws:sqs:x'"),
            ("start_execution('sql-wrong', '{}', 'a b')", "PW003", "InvalidName: Invalid Name: 'a b'"),
            ("start_execution('sql-wrong', '{}', '')", "PW013",
             "ValidationException: 1 validation error detected: Value '' at 'name' failed to satisfy "
             "constraint: Member must have length greater than or equal to 1"),
            ("send_task_success('nonsense', '1')", "PW005", "InvalidToken: Invalid Token: 'Invalid token'"),
            (f"send_task_success('t{'A' * 56}', '1')", "PW005",
             "InvalidToken: Invalid Token: 'Invalid token'"),
            ("send_task_heartbeat(NULL)", "PW005", "InvalidToken: Invalid Token: 'Invalid token'"),
            (f"stop_execution('{prefix}:execution:sql-wrong:nope')", "PW009",
             f"ExecutionDoesNotExist: Execution Does Not Exist: '{prefix}:execution:sql-wrong:nope'"),
            ("stop_execution('nope')", "PW010", "InvalidArn: Invalid Arn: 'Invalid ARN: nope'")):
        session.refuses(f"SELECT pawl.{call}", code, text)
    check_is("PW004: InvalidExecutionInput: " in session.say("SELECT pawl.start_execution('sql-wrong', '{')"),
             "broken input")
    check_is("PW008: InvalidOutput: " in session.say("SELECT pawl.send_task_success('x', '{')"),
             "broken output")
    session.close()


@check("history_event shows in each event what the API shows")
def views():
    client, session = daemon().client(), Session()
    states = {"A": {"Type": "Pass", "Next": "B"},
              "B": {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", "ResultPath": None, "Next": "C"},
              "C": {"Type": "Pass", "Assign": {"v.$": "$.list"}, "Next": "D",
                    "Parameters": {"list.$": "$.list", "s": "x" * 50}},
              "D": {"Type": "Succeed"}}
    arn = client.start(client.create("sql-views", {"StartAt": "A", "States": states}),
                       '{ "long": "\u00e9\\u0001 \\"quoted\\" ' + "y" * 40 + '",  "list": [1.50, {"a": null}, 8] }')
    client.wait(arn)
    rows = json.loads(session.say(f"""SELECT json_agg(json_build_array(id, type, previous_event_id, details) ORDER BY id)
        FROM pawl.history_event WHERE machine = 'sql-views' AND execution = '{arn.rpartition(":")[2]}'"""))
    events, payloads = client.history(arn), 0
    equal([row[:3] for row in rows], [[e["id"], e["type"], e["previousEventId"]] for e in events])
    for (_, kind, _, details), event in zip(rows, events):
        shown = next((v for k, v in event.items() if k.endswith("EventDetails")), {})
        for member in ("input", "output", "parameters"):
            if member not in shown:
                continue
            payloads += 1
            value = details[member] if kind != "ExecutionStarted" else json.loads(details[member])
            equal(value, json.loads(shown[member]), f"{kind} {event['id']}")
    equal(payloads, 12)
    session.close()


@check("the role pawl_client reads the views, calls these functions, and may nothing else")
def permissions():
    session = Session()
    for view in ("execution_summary", "history_event", "open_task"):
        got = session.say(f"SELECT count(*) >= 0 FROM pawl.{view}")
        equal(got, "t", view)
    tables = database().sql("SELECT relname FROM pg_class WHERE relnamespace = 'pawl'::regnamespace "
                            "AND relkind = 'r'", conninfo().rpartition("=")[2]).split()
    check_is(len(tables) > 8, tables)
    for table in tables:
        for statement in (f"SELECT * FROM pawl.{table}", f"DELETE FROM pawl.{table}"):
            check_is("42501" in session.say(statement), statement)
    for call in ("read_token('x')", "tell_node('start', 0::smallint, gen_random_uuid())", "admit_clients()"):
        check_is("42501" in session.say(f"SELECT pawl.{call}"), call)
    session.close()


@check("what was asked while pawld was away is done when it is back")
def while_away():
    client, session = daemon().client(), Session()
    machine = client.create("sql-away", callback())
    arn = client.start(machine, {})
    token = token_of(client, arn)
    stopped = client.start(client.create("sql-away-stop", WAIT), {})
    daemon().kill()
    started = session.say("SELECT pawl.start_execution('sql-start', '{}', 'away')")
    session.say(f"SELECT pawl.send_task_success('{token}', '\"late\"')")
    session.say(f"SELECT pawl.stop_execution('{stopped}', 'Away')")
    daemon().start()
    client = daemon().client()
    equal(client.wait(started)["status"], "SUCCEEDED")
    equal(client.wait(arn)["output"], '"late"')
    equal(client.wait(stopped)["error"], "Away")
    no_signals()
    session.close()


@check("starts and answers in a crowd of transactions, with pawld killed: each holds if it committed")
def crowd():
    client = daemon().client()
    client.create("sql-crowd", PASS)
    committed, lock = [], threading.Lock()

    def work(n):
        session = Session()
        for i in range(40):
            session.say("BEGIN")
            arn = session.say(f"SELECT pawl.start_execution('sql-crowd', '{{}}', 'c{n}-{i}')")
            if i % 3 == 0:
                session.say("ROLLBACK")
                continue
            session.say("COMMIT")
            with lock:
                committed.append(arn)
        session.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(committed) > 30, what="some to commit")
    daemon().kill()
    daemon().start()
    for thread in threads:
        thread.join()
    equal(len(committed), 6 * 26)
    client = daemon().client()
    for arn in committed:
        equal(client.wait(arn)["status"], "SUCCEEDED")
    session = Session()
    equal(session.say("SELECT count(*) FROM pawl.execution_summary WHERE machine = 'sql-crowd'"),
          str(len(committed)))
    session.close()


if __name__ == "__main__":
    pawltest.main()
