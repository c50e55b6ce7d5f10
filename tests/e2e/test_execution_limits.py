#!/usr/bin/python3
"""test_execution_limits - how many executions of a state machine may run at the same time: whoever starts them, at whatever
node, and whatever dies meanwhile."""

import concurrent.futures
import functools
import http.client
import json
import signal
import subprocess
import threading

import pawltest
from cluster import Cluster, patiently
from counting import CONNECTION, Peer, call
from pawltest import check, contains, equal, wait_for

START = "arn:aws:states:::states:startExecution"
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
CONFIG = 'execution_limits = { two = 2, one = 1, ["many-*"] = 3, ["many-few-*"] = 1, ["many-few-more"] = 2 }\n'
REFUSED = "ExecutionLimitExceeded"


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(config=CONFIG, **options):
    return pawltest.Pawld(database=database().new_database(), config=config + CONNECTION, **options)


@functools.cache
def daemon():
    return new_daemon()


@functools.cache
def shared(name):
    return daemon().client().create(name, WAIT)


def sql(server, text):
    return database().sql(text, server.options["database"].rpartition("dbname=")[2])


def refused(client, machine, **arguments):
    return client.refuses("StartExecution", REFUSED, stateMachineArn=machine, **arguments)


def stop(client, execution):
    patiently(client.call, "StopExecution", executionArn=execution)


def stop_all(client, executions):
    for execution in executions:
        stop(client, execution)


def types(client, execution):
    return [e["type"] for e in client.history(execution)]


def begun(client, execution):
    """It runs: what is asked for by SQL has no history before."""
    wait_for(lambda: "WaitStateEntered" in types(client, execution), what=f"{execution} to begin")


def running(client, machine):
    return [e["name"] for e in client.call("ListExecutions", stateMachineArn=machine, statusFilter="RUNNING")["executions"]]


@check("a start beyond the limit is refused and leaves nothing behind; when one has ended one more comes in")
def _():
    client, machine = daemon().client(), shared("two")
    executions = [client.start(machine, name=name) for name in ("a", "b")]
    error = refused(client, machine, name="c", input="{}")
    equal((error.status, error.body["message"]), (400, f"Execution Limit Exceeded: '{machine}' has as many running executions "
                                                  "as it may have (execution_limits)"))
    client.refuses("DescribeExecution", "ExecutionDoesNotExist", executionArn=executions[0][:-1] + "c")
    equal(sorted(running(client, machine)), ["a", "b"])
    # the same start, said again, is no other one; the name of another one is taken
    equal(client.start(machine, name="b"), executions[1])
    client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name="b", input="[]")
    equal(types(client, executions[0])[:2], ["ExecutionStarted", "WaitStateEntered"])
    stop(client, executions[0])
    executions.append(client.start(machine, name="c"))
    refused(client, machine)
    client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name="a", input="{}")
    stop_all(client, executions[1:])
    contains(client.get("/metrics").body.decode(), 'pawl_starts_refused_total{reason="limit"} ')


@check("each machine has its own count, the pattern that says most of a name decides, others have no limit")
def _():
    client = daemon().client()
    for name, most in (("many-a", 3), ("many-b", 3), ("many-few-a", 1), ("many-few-more", 2), ("man", None), ("twofold", None)):
        machine = client.create(name, WAIT)
        executions = [client.start(machine) for _ in range(most or 5)]
        if most:
            refused(client, machine)
        # the SQL functions read the option in the same way
        equal(sql(daemon(), f"SELECT pawl.execution_limit(m.id) FROM pawl.machine AS m WHERE m.name = '{name}'"), str(most or ""))
        stop_all(client, executions)


@check("executions that end in their first move need a place for that moment only")
def _():
    client = daemon().client()
    machine = client.create("many-quick", PASS)
    for n in range(10):
        equal(client.run(machine, {"n": n})["output"], json.dumps({"n": n}, separators=(",", ":")))
    client = daemon().client()
    busy = client.create("many-few-quick", WAIT)
    execution = client.start(busy)
    client.call("UpdateStateMachine", stateMachineArn=busy, definition=json.dumps(PASS))
    refused(client, busy)
    stop(client, execution)
    client.run(busy)


def nested(machine, suffix="", **fields):
    return {"StartAt": "N", "States": {"N": {"Type": "Task", "Resource": START + suffix, "End": True, "Parameters": {
        "StateMachineArn": machine, "Input": {}}, **fields}}}


@check("a nested start beyond the limit fails its task with StepFunctions.ExecutionLimitExceededException, which can be retried")
def _():
    client, machine = daemon().client(), shared("one")
    first = client.start(machine)
    for suffix in ("", ".sync:2"):
        end = client.run(client.create(f"nested{len(suffix)}", nested(machine, suffix)))
        equal((end["status"], end["error"]), ("FAILED", "StepFunctions.ExecutionLimitExceededException"))
        contains(end["cause"], f"'{machine}' has as many running executions as it may have (execution_limits) (Service: AWSStepFunctions; "
                 "Status Code: 400; Error Code: ExecutionLimitExceeded; ")
    retried = client.start(client.create("retried", nested(machine, ".sync:2", Retry=[{
        "ErrorEquals": ["StepFunctions.ExecutionLimitExceededException"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 60}])))
    wait_for(lambda: "TaskFailed" in types(client, retried), what="the first attempt to fail")
    stop(client, first)
    child = wait_for(lambda: running(client, machine), what="the child")
    refused(client, machine)
    # it is the parent's, which stops it
    stop(client, retried)
    wait_for(lambda: not running(client, machine), what="the child to be stopped")
    equal(client.describe(first.replace(first.rpartition(":")[2], child[0]))["status"], "ABORTED")


def start_by_sql(server, machine, name, then="COMMIT"):
    sql(server, f"BEGIN; SELECT pawl.start_execution('{machine}', '{{}}', '{name}'); {then}")


def arn(machine, name):
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


@check("what SQL starts beyond the limit waits for its turn, in order, and goes before what others start")
def _():
    server = new_daemon()
    client = server.client()
    machine = client.create("two", WAIT)
    executions = [client.start(machine)]
    for n in range(4):
        start_by_sql(server, "two", f"s{n}")
    start_by_sql(server, "two", "never", "ROLLBACK")
    begun(client, arn(machine, "s0"))
    for name in ("s1", "s2", "s3"):
        equal(client.describe(arn(machine, name))["status"], "RUNNING")
        equal(client.history(arn(machine, name)), [])
    equal(len(running(client, machine)), 5)
    refused(client, machine)
    # one that waits is there for whoever asks for the same
    equal(client.start(machine, name="s3"), arn(machine, "s3"))
    client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name="s3", input="[]")
    stop(client, executions[0])
    begun(client, arn(machine, "s1"))
    refused(client, machine)
    equal([client.history(arn(machine, name)) for name in ("s2", "s3")], [[], []])
    # the limit, and who waits, outlive a crash
    server.kill()
    server.start()
    client = server.client()
    refused(client, machine)
    equal([patiently(client.history, arn(machine, name)) for name in ("s2", "s3")], [[], []])
    stop(client, arn(machine, "s0"))
    begun(client, arn(machine, "s2"))
    stop(client, arn(machine, "s1"))
    begun(client, arn(machine, "s3"))
    refused(client, machine)
    stop_all(client, [arn(machine, "s2"), arn(machine, "s3")])
    stop(client, client.start(machine))
    equal(sql(server, "SELECT count(*) FROM pawl.open_execution"), "0")
    server.stop()


@check("one that waits can be stopped, by the API and by SQL, and does nothing before")
def _():
    server, peer = new_daemon(), Peer()
    client = server.client()
    machine = client.create("one", {"StartAt": "T", "States": {"T": call(peer, "/gate")}})
    first = client.start(machine)
    wait_for(lambda: peer.now == 1, what="the first one's request")
    for name in ("api", "sql", "last"):
        start_by_sql(server, "one", name)
    stop(client, arn(machine, "api"))
    sql(server, f"SELECT pawl.stop_execution('{arn(machine, 'sql')}', 'Why', 'because')")
    for name in ("api", "sql"):
        equal(client.wait(arn(machine, name))["status"], "ABORTED")
        equal(types(client, arn(machine, name))[0], "ExecutionStarted")
        equal(types(client, arn(machine, name))[-1], "ExecutionAborted")
    equal(len(peer.paths), 1)
    refused(client, machine)
    client.call("DeleteStateMachine", stateMachineArn=machine)
    peer.gate.set()
    for execution in (first, arn(machine, "last")):
        equal(client.wait(execution)["status"], "SUCCEEDED")
    equal(peer.most, 1, "requests at the same time")
    equal(len(peer.paths), 2)
    server.stop()


@check("pawld dies when an execution has its place and has not begun: the next one begins it, and its place is not lost")
def _():
    pawltest.fail_points("place.")
    server = new_daemon()
    machine = server.client().create("one", WAIT)
    server.stop()
    server.environment["PAWL_FAILPOINTS"] = "place.taken=die"
    server.start()
    try:
        server.client().start(machine, name="unheard")
        raise AssertionError("pawld did not die")
    except OSError:
        server.died()
    del server.environment["PAWL_FAILPOINTS"]
    server.start()
    client = server.client()
    begun(client, arn(machine, "unheard"))
    refused(client, machine)
    equal(client.start(machine, name="unheard", input="{}"), arn(machine, "unheard"))
    stop(client, arn(machine, "unheard"))
    stop(client, client.start(machine))
    server.stop()


@check("SIGHUP changes the limits: less room ends nothing, more room lets those that wait go on, no limit lets all")
def _():
    server = new_daemon()
    client = server.client()
    machine = client.create("two", WAIT)

    def set_limits(text):
        server.config_path.write_text(f"execution_limits = {text}\n")
        before = server.log().count("configuration read again")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log().count("configuration read again") > before, what="the configuration to be read")

    executions = [client.start(machine) for _ in range(2)]
    for n in range(6):
        start_by_sql(server, "two", f"s{n}")
    set_limits("{ two = 1 }")
    refused(client, machine)
    stop(client, executions[0])
    refused(client, machine)
    set_limits("{ two = 3 }")
    begun(client, arn(machine, "s0"))
    begun(client, arn(machine, "s1"))
    refused(client, machine)
    equal(client.history(arn(machine, "s2")), [])
    set_limits("{}")
    for n in range(6):
        begun(client, arn(machine, f"s{n}"))
    client.start(machine)
    server.config_path.write_text("execution_limits = { two = 0 }\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "two must be a whole number" in server.log(), what="the complaint")
    client.start(machine)
    server.kill()


@check("nonsense in execution_limits is refused with what to do")
def _():
    for text, why in (
            ("{ a = 0 }", "execution_limits: a must be a whole number from 1 to 1000000, not 0"),
            ("{ a = 1.5 }", "execution_limits: a must be a whole number from 1 to 1000000, not 1.5"),
            ("{ ['a*b'] = 1 }", 'execution_limits: "a*b" must be the name or the ARN of a state machine, in which * may stand at the end'),
            ("{ a = '1' }", "execution_limits must be a table of numbers"),
            ("{ 1, 2 }", "execution_limits must be a table of numbers"),
            ("5", "execution_limits must be a table of numbers")):
        pawltest.refuses_config(f"execution_limits = {text}\n", why)


@check("pawl limits and GET /limits show the machines with a limit, how many run and how many wait")
def _():
    server = new_daemon()
    client = server.client()
    machine = client.create("two", WAIT)
    for name in ("many-x", "free"):
        client.create(name, WAIT)
    for n in range(3):
        start_by_sql(server, "two", f"s{n}")
    begun(client, arn(machine, "s0"))
    begun(client, arn(machine, "s1"))
    equal(client.get("/limits").json()["executions"], [
        {"name": "many-x", "most": 3, "running": 0, "waiting": 0}, {"name": "two", "most": 2, "running": 2, "waiting": 1}])
    shown = subprocess.run([pawltest.BUILD / "pawl", "limits", "--endpoint-url", server.url], check=True, capture_output=True,
                           text=True).stdout
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line}
    equal(lines["two"], ["two", "2", "2", "1"])
    equal(lines["MACHINE"][1:], ["EXECUTIONS", "RUNNING", "WAITING"])
    server.kill()


# --- several nodes ------------------------------------------------------------------------------

def new_cluster(limits):
    """Two nodes; between the count and the commit of who gets a place there is time for the other one."""
    cluster = Cluster(2, config=f"execution_limits = {{ {limits} }}\n{CONNECTION}")
    cluster.wait_balanced(2)
    cluster.sql("CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_sleep(0.01); RETURN NULL; END $$;"
                "CREATE TRIGGER dawdle AFTER INSERT OR UPDATE OF machine_id ON pawl.open_execution "
                "FOR EACH ROW EXECUTE FUNCTION public.dawdle()")
    return cluster


@check("two nodes under a storm of starts never let more run, one ends and exactly one comes in, a node is killed and no place is lost")
def _():
    cluster = new_cluster("ten = 10")
    clients = [node.client() for node in cluster.nodes]
    machine = clients[0].create("ten", WAIT)

    def ask(node, name):
        """Its ARN, or None when it is refused; at the second node when the first one does not answer."""
        try:
            return patiently(node.client(timeout=10).start, machine, name=name)
        except pawltest.ApiError as error:
            equal(error.code, REFUSED)
            return None
        except (OSError, http.client.HTTPException):
            assert node is cluster.nodes[0], "the second node did not answer"
            return ask(cluster.nodes[1], name)

    def storm(nodes, count, kill_at=None):
        """Started, refused; each start has a name of its own. kill_at: at which one the first node is killed."""
        lock, numbers, answers = threading.Lock(), iter(range(count)), {}

        def one(node):
            while True:
                with lock:
                    n = next(numbers, None)
                if n is None:
                    return
                if n == kill_at:
                    cluster.nodes[0].kill()
                name = f"storm-{len(seen)}-{n}"
                answers[name] = ask(node, name)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(one, nodes[n % len(nodes)]) for n in range(8)]:
                future.result()
        seen.append(answers)
        return [a for a in answers.values() if a], [a for a in answers.values() if a is None]

    seen = []
    started, refusals = storm(cluster.nodes, 300)
    equal((len(started), len(refusals)), (10, 290))
    rows = "SELECT count(*) FROM pawl.execution WHERE status = 'RUNNING'"
    equal(cluster.sql(rows), "10")
    equal(cluster.sql("SELECT count(*) FROM pawl.execution"), "10", "rows of refused starts included")
    stop(clients[0], started[0])
    more, _ = storm(cluster.nodes, 100)
    equal(len(more), 1)
    # a place that is free, and a node that dies while both are asked for it
    stop(clients[1], started[1])
    last, _ = storm(cluster.nodes, 200, kill_at=5)
    equal(len(last), 1)
    cluster.wait_balanced(1)
    equal(cluster.sql(rows), "10")
    equal(len(storm([cluster.nodes[1]], 50)[0]), 0)
    executions = started[2:] + more + last
    equal(len(executions), 10)
    stop_all(clients[1], executions)
    equal(len(storm([cluster.nodes[1]], 50)[0]), 10)
    equal(cluster.sql("SELECT count(*) FROM pawl.open_execution"), "10")
    for node in cluster.nodes[1:]:
        node.kill()


@check("starts by the API, by tasks and by SQL at two nodes, of which one is killed: a peer counts, and all that were taken get done")
def _():
    cluster, peer = new_cluster("busy = 3"), Peer()
    last = cluster.nodes[1].client()
    machine = last.create("busy", {"StartAt": "T", "States": {"T": call(peer)}})
    parent = last.create("parent", nested(machine, ".sync:2", Retry=[{
        "ErrorEquals": ["StepFunctions.ExecutionLimitExceededException"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1000}]))
    over, executions = threading.Event(), []

    def ask():
        n = 0
        while not over.is_set():
            node = cluster.nodes[n % 2]
            n += 1
            if not node.is_running():
                continue
            try:
                executions.append(node.client().start(machine))
            except (pawltest.ApiError, OSError) as error:
                if isinstance(error, pawltest.ApiError) and error.code not in (REFUSED, "ServiceUnavailable"):
                    raise

    parents = [node.client().start(parent) for node in cluster.nodes for _ in range(5)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        cluster.sql("SELECT pawl.start_execution('busy', '{}', 's' || n) FROM generate_series(1, 100) AS n")
        wait_for(lambda: len(peer.paths) > 20, what="some of them")
        cluster.nodes[0].kill()
        cluster.wait_balanced(1)
        wait_for(lambda: cluster.sql("SELECT count(*) FROM pawl.execution WHERE name LIKE 's%' AND status = 'SUCCEEDED'") == "100",
                 what="what SQL started to end")
        over.set()
        for future in asking:
            future.result()
    for execution in executions + parents:
        description = wait_for(lambda e=execution: (d := patiently(last.describe, e))["status"] != "RUNNING" and d, what="the end")
        equal(description["status"], "SUCCEEDED", description.get("cause"))
    wait_for(lambda: cluster.sql("SELECT count(*) FROM pawl.open_execution") == "0", what="the last rows")
    assert peer.most <= 3, f"{peer.most} requests at the same time"
    assert len(peer.paths) >= len(executions) + len(parents) + 100, len(peer.paths)
    cluster.nodes[1].stop()


if __name__ == "__main__":
    pawltest.main()
