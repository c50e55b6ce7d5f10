#!/usr/bin/python3
"""test_limits - limits of tasks: how many at the same time, how many in a second, who waits, and what ends the waiting."""

import functools
import json
import signal
import subprocess

import awscli
import pawltest
from cluster import Cable, Cluster, patiently
from counting import CONNECTION, Peer, call, most_within
from pawltest import check, contains, equal, wait_for

ECHO = "arn:pawl:states:::echo:say"
CONFIG = """task_limits = {
	three = { concurrency = 3 },
	one = { concurrency = 1 },
	other = { concurrency = 1 },
	steady = { rate = 20, per = "1s" },
	bursts = { rate = 2, per = "1d", burst = 3 },
	files = { concurrency = 2, resources = { "arn:aws:lambda:*" } },
	reports = { concurrency = 1, machines = { "report-*" } },
}
"""


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(config=CONFIG, **options):
    return pawltest.Pawld(database=database().new_database(), config=config + CONNECTION, **options)


@functools.cache
def daemon():
    return new_daemon()


_names = iter(range(1, 1000000))


def new_machine(client, states, prefix="m", **top):
    return client.create(f"{prefix}{next(_names)}", {"StartAt": next(iter(states)), "States": states, **top})


def say(**fields):
    return {"Type": "Task", "Resource": ECHO, "End": True, "Parameters": {"Output": 1}, **fields}


def hold(limit, **fields):
    """Has its permit until its token is answered."""
    return {"Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True, "Limit": limit, "Parameters": {
        "Submitted": {}, "Never": True, "token.$": "$$.Task.Token"}, **fields}


def types(client, execution):
    return [e["type"] for e in client.history(execution)]


def held(client, machine):
    """An execution of a machine of hold(), once it has its permit, and its token."""
    execution = client.start(machine)
    wait_for(lambda: "TaskSubmitted" in types(client, execution), what="TaskSubmitted")
    for event in client.history(execution):
        if event["type"] == "TaskScheduled":
            return execution, json.loads(event["taskScheduledEventDetails"]["parameters"])["token"]
    raise AssertionError("no token")


def waits(client, execution, event="TaskScheduled"):
    wait_for(lambda: types(client, execution)[-1:] == [event], what=f"{event}, and nothing behind it")


def release(client, token):
    client.call("SendTaskSuccess", taskToken=token, output="{}")


def counts(client, limit):
    for one in client.get("/limits").json()["limits"]:
        if one["name"] == limit:
            return one
    return None


def used(client, limit):
    return counts(client, limit)["used"], counts(client, limit)["waiting"]


def is_used(client, limit, holding, waiting):
    """That an execution is over is known a moment before its node has let go of it."""
    wait_for(lambda: used(client, limit) == (holding, waiting), what=f"{holding} to hold {limit} and {waiting} to wait")


def ended(client, executions):
    for execution in executions:
        description = client.wait(execution)
        equal(description["status"], "SUCCEEDED", description.get("cause"))


@check("no more tasks than the limit says are under way at the same time, in many executions and in one, and all get done")
def _():
    client, peer = daemon().client(), Peer()
    machine = new_machine(client, {"T": call(peer, Limit="three")})
    fan = new_machine(client, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": call(peer, Limit="three")}}}})
    before = counts(client, "three")["granted"]
    executions = [client.start(machine) for _ in range(20)] + [client.start(fan, {"items": list(range(15))})]
    ended(client, executions)
    equal(len(peer.paths), 35)
    equal(peer.most, 3, "requests at the same time")
    is_used(client, "three", 0, 0)
    equal(counts(client, "three")["granted"] - before, 35)
    metrics = client.get("/metrics").body.decode()
    contains(metrics, 'pawl_limit_used{limit="three"} 0')
    contains(metrics, 'pawl_limit_waiting{limit="three"} 0')
    contains(metrics, f'pawl_limit_granted_total{{limit="three"}} {before + 35}')


@check("who waits longest is first, machines take turns")
def _():
    client, peer = daemon().client(), Peer()
    _, token = held(client, new_machine(client, {"T": hold("one")}))
    executions = []
    for name, count in (("many", 6), ("few", 2)):
        machine = new_machine(client, {"T": call(peer, Limit="one") | {"Parameters": {
            **call(peer)["Parameters"], "QueryParameters": {"n.$": "$.n"}}}})
        for n in range(count):
            executions.append(client.start(machine, {"n": f"{name}{n}"}))
            waits(client, executions[-1])
    is_used(client, "one", 1, 8)
    release(client, token)
    ended(client, executions)
    equal([path.partition("=")[2] for path in peer.paths],
          ["many0", "few0", "many1", "few1", "many2", "many3", "many4", "many5"])


@check("a task that waits is scheduled and not started, and its TimeoutSeconds does not run")
def _():
    client = daemon().client()
    _, token = held(client, new_machine(client, {"T": hold("one")}))
    execution = client.start(new_machine(client, {"T": say(Limit="one", TimeoutSeconds=1)}))
    waits(client, execution)
    ended(client, [client.start(new_machine(client, {"W": {"Type": "Wait", "Seconds": 2, "End": True}}))])
    waits(client, execution)
    release(client, token)
    ended(client, [execution])
    equal(types(client, execution), ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted",
                                     "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"])


@check("every end of a task gives its permit back: failure, time-out, missed heartbeat, stop, a sibling's failure")
def _():
    client = daemon().client()
    for fields, status in (({"TimeoutSeconds": 1}, "FAILED"), ({"HeartbeatSeconds": 1}, "FAILED")):
        execution, _ = held(client, new_machine(client, {"T": hold("one", **fields)}))
        equal(client.wait(execution)["status"], status)
        is_used(client, "one", 0, 0)
    execution, _ = held(client, new_machine(client, {"T": hold("one")}))
    client.call("StopExecution", executionArn=execution)
    is_used(client, "one", 0, 0)
    execution, token = held(client, new_machine(client, {"T": hold("one")}))
    client.call("SendTaskFailure", taskToken=token, error="No")
    equal(client.wait(execution)["status"], "FAILED")
    is_used(client, "one", 0, 0)
    both = new_machine(client, {"P": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "A", "States": {"A": hold("one")}},
        {"StartAt": "B", "States": {"B": say(Limit="one")}},
        {"StartAt": "C", "States": {"C": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail", "Error": "X"}}}]}})
    execution = client.start(both)
    is_used(client, "one", 1, 1)
    equal(client.wait(execution)["error"], "X")
    is_used(client, "one", 0, 0)


@check("an execution can be stopped while its task waits; those behind it go on")
def _():
    client = daemon().client()
    _, token = held(client, new_machine(client, {"T": hold("one")}))
    machine = new_machine(client, {"T": say(Limit="one")})
    executions = [client.start(machine) for _ in range(3)]
    for execution in executions:
        waits(client, execution)
    client.call("StopExecution", executionArn=executions[0])
    equal(client.describe(executions[0])["status"], "ABORTED")
    is_used(client, "one", 1, 2)
    release(client, token)
    ended(client, executions[1:])


@check("a task may be under several limits and needs a permit of each; a machine's Limit is that of all its tasks")
def _():
    client = daemon().client()
    _, token = held(client, new_machine(client, {"T": hold("one")}))
    _, second = held(client, new_machine(client, {"T": hold("other")}))
    execution = client.start(new_machine(client, {"T": say(Limit="other")}, Limit=["one"]))
    waits(client, execution)
    is_used(client, "one", 1, 1)
    is_used(client, "other", 1, 1)
    release(client, token)
    is_used(client, "one", 0, 1)
    waits(client, execution)
    release(client, second)
    ended(client, [execution])
    is_used(client, "one", 0, 0)
    is_used(client, "other", 0, 0)


@check("a rate is kept: no second has more tasks that begin than it says, and they keep coming")
def _():
    client = daemon().client()
    machine = new_machine(client, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": say(Limit="steady")}}}})
    execution = client.start(machine, {"items": list(range(50))})
    ended(client, [execution])
    began = [e["timestamp"] for e in client.history(execution) if e["type"] == "TaskStarted"]
    equal(len(began), 50)
    closest = min(b - a for a, b in zip(began, began[20:]))
    assert closest >= 0.98, f"21 tasks began within {closest:.3f} s"
    assert began[-1] - began[0] < 10, f"50 tasks took {began[-1] - began[0]:.1f} s"
    burst = client.start(new_machine(client, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": say(Limit="bursts")}}}}), {"items": list(range(5))})
    wait_for(lambda: types(client, burst).count("TaskSucceeded") == 3, what="the burst")
    is_used(client, "bursts", 0, 2)
    client.call("StopExecution", executionArn=burst)
    is_used(client, "bursts", 0, 0)


@check("a limit may take resources and machines that do not name it")
def _():
    server = new_daemon()
    client = server.client()
    (server.folder / "scripts" / "functions").mkdir()
    (server.folder / "scripts" / "functions" / "f.lua").write_text("return function(event) return event end\n")
    function = f"arn:aws:lambda:{pawltest.REGION}:{pawltest.ACCOUNT}:function:f"
    ended(client, [client.start(new_machine(client, {"T": {"Type": "Task", "Resource": function, "End": True}}))
                   for _ in range(3)])
    equal(counts(client, "files")["granted"], 3)
    is_used(client, "files", 0, 0)
    report = new_machine(client, {"T": hold("one")}, prefix="report-")
    _, token = held(client, report)
    second = client.start(report)
    waits(client, second)
    is_used(client, "reports", 1, 1)
    is_used(client, "one", 1, 1)
    release(client, token)
    wait_for(lambda: "TaskSubmitted" in types(client, second), what="the second one's turn")
    server.kill()


@check("an activity's task is offered when it has its permit")
def _():
    client = daemon().client()
    activity = client.call("CreateActivity", name=f"a{next(_names)}")["activityArn"]
    machine = new_machine(client, {"T": {"Type": "Task", "Resource": activity, "End": True, "Limit": "one"}})
    executions = [client.start(machine) for _ in range(2)]
    first = client.call("GetActivityTask", activityArn=activity)
    assert first["taskToken"]
    is_used(client, "one", 1, 1)
    release(client, first["taskToken"])
    second = client.call("GetActivityTask", activityArn=activity)
    release(client, second["taskToken"])
    ended(client, executions)
    is_used(client, "one", 0, 0)


@check("SIGHUP changes limits: those that wait go on")
def _():
    server = new_daemon(config="task_limits = { a = { concurrency = 1 }, b = { rate = 1, per = '1d' } }\n")
    client = server.client()
    machine = new_machine(client, {"T": hold("a")})
    _, token = held(client, machine)
    second = client.start(machine)
    waits(client, second)
    named = new_machine(client, {"T": say(Limit="b")})
    ended(client, [client.start(named)])
    third = client.start(named)
    waits(client, third)
    server.config_path.write_text("task_limits = { a = { concurrency = 2 } }\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "TaskSubmitted" in types(client, second), what="the second one's turn")
    release(client, token)
    # b is gone: what names it waits until it is there again
    waits(client, third)
    equal(counts(client, "b")["declared"], False)
    server.config_path.write_text("task_limits = { a = { concurency = 2 } }\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "did you mean concurrency?" in server.log(), what="the complaint")
    server.config_path.write_text("task_limits = { b = { concurrency = 2 } }\n")
    server.process.send_signal(signal.SIGHUP)
    ended(client, [third])
    server.kill()


@check("nonsense in task_limits is refused with what to do")
def _():
    for text, why in (
            ("{ a = { concurrency = 0 } }", "a.concurrency must be a whole number from 1 to 1000000, not 0"),
            ("{ a = { rate = 1.5 } }", "a.rate must be a whole number from 1 to 1000000, not 1.5"),
            ("{ a = {} }", "a limits nothing: set concurrency or rate"),
            ("{ a = { concurrency = 1, per = '1s' } }", "a has per, which is nothing without rate"),
            ("{ a = { rate = 1, per = '0s' } }", 'a.per must be a time from "1ms" to "1d", not "0s"'),
            ("{ a = { rate = 1, burts = 2 } }", "a has no burts, did you mean burst?"),
            ("{ ['a b'] = { rate = 1 } }", '"a b" is no name of a limit: 1 to 80 characters'),
            ("{ a = { rate = 1, resources = 'x' } }", "a.resources must be a list of texts"),
            ("{ a = 5 }", "task_limits must be")):
        pawltest.refuses_config(f"task_limits = {text}\n", why)


@check("Limit is told to be not portable, and a name that nobody declared is refused")
def _():
    client = daemon().client()
    definition = {"StartAt": "T", "Limit": ["one"], "States": {"T": say(Limit="three")}}
    text = json.dumps(definition)
    answer = client.call("ValidateStateMachineDefinition", definition=text, severity="WARNING")
    equal(answer["result"], "OK")
    equal([(d["severity"], d["code"], d["location"]) for d in answer["diagnostics"]],
          [("WARNING", "NOT_PORTABLE", "/Limit"), ("WARNING", "NOT_PORTABLE", "/States/T/Limit")])
    contains(answer["diagnostics"][0]["message"], "AWS Step Functions does not take this definition")
    equal(client.call("ValidateStateMachineDefinition", definition=text), {"result": "OK", "diagnostics": [], "truncated": False})
    machine = awscli.answer(daemon().url, "stepfunctions", "create-state-machine", "--name", f"m{next(_names)}",
                            "--role-arn", pawltest.ROLE, "--definition", text)["stateMachineArn"]
    ended(client, [client.start(machine)])
    folder = pawltest.temporary_folder()
    (folder / "m.json").write_text(json.dumps(definition))
    shown = subprocess.run([pawltest.BUILD / "pawl", "validate", folder / "m.json"], check=True, capture_output=True,
                           text=True).stdout
    contains(shown, "NOT_PORTABLE")
    contains(shown, "OK")
    for limit, why in (("tree", "There is no limit 'tree' in task_limits of this server's configuration, which has: [bursts, "),
                       ([], "Expected the name of a limit, or a list of 1 to 8"),
                       (["one", "one"], "The limit 'one' is named twice"),
                       (5, "Expected value of type [STRING]"), ("a b", "Value is not the name of a limit")):
        wrong = {"StartAt": "T", "States": {"T": say(Limit=limit)}}
        error = client.refuses("CreateStateMachine", "InvalidDefinition", name=f"m{next(_names)}", definition=json.dumps(wrong),
                               roleArn=pawltest.ROLE)
        contains(str(error), why)
        equal(client.call("ValidateStateMachineDefinition", definition=json.dumps(wrong))["result"], "FAIL")


@check("pawl limits shows them")
def _():
    client = daemon().client()
    _, token = held(client, new_machine(client, {"T": hold("one")}))
    shown = subprocess.run([pawltest.BUILD / "pawl", "limits", "--endpoint-url", daemon().url], check=True,
                           capture_output=True, text=True).stdout
    lines = {line.split()[0]: line.split() for line in shown.splitlines()}
    equal(lines["one"][1:5], ["1", "-", "1", "0"])
    equal(lines["steady"][1:6], ["-", "20", "per", "1000", "ms"])
    release(client, token)


@check("after kill -9 the limit holds: who has a token keeps his permit, asleep or not, and the others wait on in their order")
def _():
    for hibernate in ("0s", "1h"):
        peer = Peer()
        server = new_daemon(config="task_limits = { two = { concurrency = 2 } }\n", hibernate_after=hibernate)
        client = server.client()
        holder = new_machine(client, {"T": hold("two")})
        tokens = [held(client, holder)[1] for _ in range(2)]
        machine = new_machine(client, {"T": call(peer, Limit="two") | {"Parameters": {
            **call(peer)["Parameters"], "QueryParameters": {"n.$": "$.n"}}}})
        executions = []
        for n in range(6):
            executions.append(client.start(machine, {"n": n}))
            waits(client, executions[-1])
        if hibernate == "0s":
            wait_for(lambda c=client: 'pawl_sleeping_executions 8' in c.get("/metrics").body.decode(), 20, "all to sleep")
        server.kill()
        server.start()
        client = server.client()
        is_used(client, "two", 2, 6)
        equal(peer.paths, [])
        for token in tokens:
            release(client, token)
        ended(client, executions)
        equal(len(peer.paths), 6)
        assert peer.most <= 2, peer.most
        equal(peer.paths[0][-1] in "01", True, "the oldest is first")
        is_used(client, "two", 0, 0)
        server.stop()


@check("tasks that were under way at kill -9 wait for a permit like others before they are dispatched again")
def _():
    peer = Peer()
    server = new_daemon(config="task_limits = { two = { concurrency = 2 } }\n")
    client = server.client()
    machine = new_machine(client, {"T": call(peer, "/gate", Limit="two")})
    executions = [client.start(machine) for _ in range(6)]
    wait_for(lambda: peer.now == 2, what="two requests")
    server.kill()
    wait_for(lambda: len(peer.paths) == 2, what="no more")
    peer.gate.set()
    wait_for(lambda: peer.now == 0, what="the old requests to end")
    peer.most = 0
    server.start()
    client = server.client()
    ended(client, executions)
    equal(peer.most, 2, "requests at the same time")
    equal(len(peer.paths), 8)
    is_used(client, "two", 0, 0)
    server.stop()


# --- several nodes ------------------------------------------------------------------------------

def new_cluster(count, limits):
    cluster = Cluster(count, config=f"task_limits = {{ {limits} }}\n{CONNECTION}")
    cluster.wait_balanced(count)
    return cluster


def total(cluster, limit, member):
    return sum(counts(node.client(), limit)[member] for node in cluster.nodes if node.is_running())


def are_used(cluster, limit, holding, waiting):
    wait_for(lambda: (total(cluster, limit, "used"), total(cluster, limit, "waiting")) == (holding, waiting),
             what=f"{holding} to hold {limit} and {waiting} to wait")


@check("nodes share a limit: never more at the same time than it says, and each gets its turns")
def _():
    for size in (1, 3):
        cluster, peer = new_cluster(2, f"shared = {{ concurrency = {size} }}"), Peer()
        clients = [node.client() for node in cluster.nodes]
        machine = new_machine(clients[0], {"T": call(peer, Limit="shared")})
        executions = [client.start(machine) for _ in range(25) for client in clients]
        for execution in executions:
            description = wait_for(lambda e=execution: (d := clients[0].describe(e))["status"] != "RUNNING" and d, what="the end")
            equal(description["status"], "SUCCEEDED", description.get("cause"))
        equal(len(peer.paths), 50)
        equal(peer.most, size, "requests at the same time")
        for client in clients:
            assert counts(client, "shared")["granted"] >= 20, client.get("/limits").body
        are_used(cluster, "shared", 0, 0)
        cluster.stop()


@check("a node whose tasks wait gets units from one that has much to do, soon")
def _():
    cluster, peer = new_cluster(2, "shared = { concurrency = 1 }"), Peer()
    busy, other = (node.client() for node in cluster.nodes)
    machine = new_machine(busy, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": call(peer, "/busy", Limit="shared")}}}})
    busy.start(machine, {"items": list(range(400))})
    wait_for(lambda: len(peer.paths) > 3, what="the busy one to begin")
    few = new_machine(other, {"T": call(peer, "/few", Limit="shared")})
    for _ in range(3):
        execution = other.start(few)
        wait_for(lambda e=execution: other.describe(e)["status"] == "SUCCEEDED", what="the other one's turn")
    assert peer.paths.count("/busy") < 400, "the other one had to wait for all of the first"
    equal(peer.most, 1, "requests at the same time")
    for node in cluster.nodes:
        node.kill()


@check("a node is killed: the others never have more than the limit says, its tasks are done, those with tokens hold on")
def _():
    cluster, peer = new_cluster(2, "shared = { concurrency = 4 }, two = { concurrency = 2 }"), Peer()
    first, second = (node.client() for node in cluster.nodes)
    holder = new_machine(first, {"T": hold("two")})
    tokens = [held(first, holder)[1] for _ in range(2)]
    behind = [second.start(new_machine(second, {"T": call(peer, "/behind", Limit="two")})) for _ in range(3)]
    are_used(cluster, "two", 2, 3)
    machine = new_machine(first, {"T": call(peer, "/x", Limit="shared")})
    executions = [client.start(machine) for _ in range(40) for client in (first, second)]
    wait_for(lambda: len(peer.paths) > 20, what="some of them")
    cluster.nodes[0].kill()
    for execution in executions:
        wait_for(lambda e=execution: second.describe(e)["status"] == "SUCCEEDED", what="the end")
    assert peer.most <= 4, peer.most
    are_used(cluster, "two", 2, 3)
    equal("/behind" in peer.paths, False)
    for token in tokens:
        patiently(second.call, "SendTaskSuccess", taskToken=token, output="{}")
    for execution in behind:
        wait_for(lambda e=execution: second.describe(e)["status"] == "SUCCEEDED", what="those behind them")
    are_used(cluster, "two", 0, 0)
    cluster.stop()


@check("four nodes keep a concurrency and a rate together, while one is killed, another one comes in its place, and one ends")
def _():
    cluster = new_cluster(4, "three = { concurrency = 3 }, steady = { rate = 24, per = '2s' }")
    peers = {"three": Peer(), "steady": Peer()}
    last = cluster.nodes[3].client()
    machines = {name: new_machine(last, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": call(peer, Limit=name)}}}}) for name, peer in peers.items()}
    executions, tasks = [], {"three": 40, "steady": 4}

    def begin():
        """At all nodes."""
        for node in cluster.nodes:
            if node.is_running():
                for name, machine in machines.items():
                    executions.append(patiently(node.client().start, machine, {"items": list(range(tasks[name]))}))

    def go_on():
        """Both limits are in use."""
        before = {name: len(peer.paths) for name, peer in peers.items()}
        wait_for(lambda: all(len(peer.paths) > before[name] + 5 for name, peer in peers.items()), what="tasks to go on")

    begin()
    go_on()
    cluster.nodes[0].kill()
    cluster.wait_balanced(3)
    begin()
    go_on()
    cluster.nodes[0] = cluster.new(0)
    cluster.wait_balanced(4)
    begin()
    go_on()
    cluster.nodes[1].stop()
    cluster.wait_balanced(3)
    begin()
    go_on()
    for execution in executions:
        description = wait_for(lambda e=execution: (d := patiently(last.describe, e))["status"] != "RUNNING" and d, what="the end")
        equal(description["status"], "SUCCEEDED", description.get("cause"))
    equal(len(executions), 2 * (4 + 3 + 4 + 3))
    for name, peer in peers.items():
        assert len(peer.paths) >= 14 * tasks[name], len(peer.paths)
        are_used(cluster, name, 0, 0)
    equal(peers["three"].most, 3, "requests at the same time")
    # one of each node may come late, and the first one of the node that joined is not counted with those of the node before it
    most = most_within(peers["steady"].came, 2)
    assert 12 <= most <= 24 + 5, f"{most} requests within two seconds"
    cluster.stop()


@check("a node that is cut off from PostgreSQL keeps nothing: it begins no more tasks, the others go on with its units")
def _():
    cluster, peer = new_cluster(2, "shared = { concurrency = 2 }"), Peer()
    client = cluster.nodes[1].client()
    machine = new_machine(client, {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "StartAt": "T", "States": {"T": call(peer, "/cut", Limit="shared")}}}})
    cut = cluster.nodes[0].client().start(machine, {"items": list(range(2000))})
    wait_for(lambda: len(peer.paths) > 10, what="some of them")
    cluster.cables[0].whole.clear()
    wait_for(lambda: peer.now == 0, what="those that were begun to end")
    begun = len(peer.paths)
    ended(client, [client.start(new_machine(client, {"T": call(peer, "/other", Limit="shared")})) for _ in range(3)])
    equal(peer.paths.count("/other"), 3)
    assert peer.most <= 2, peer.most
    # and what the one that is cut off had is gone on with
    wait_for(lambda: len(peer.paths) > begun + 10, what="the other node to take over")
    assert peer.most <= 2, peer.most
    patiently(client.call, "StopExecution", executionArn=cut)
    for node in cluster.nodes:
        node.kill()


@check("a node joins and takes over executions whose tasks hold permits: the limit holds all the time")
def _():
    cluster, peer = new_cluster(1, "two = { concurrency = 2 }"), Peer()
    client = cluster.nodes[0].client()
    holder = new_machine(client, {"T": hold("two")})
    holders = [held(client, holder) for _ in range(2)]
    machine = new_machine(client, {"T": call(peer, Limit="two")})
    executions = [client.start(machine) for _ in range(20)]
    is_used(client, "two", 2, 20)
    cluster.cables.append(Cable(cluster.postgres))
    cluster.nodes.append(cluster.new(1))
    cluster.wait_balanced(2)
    are_used(cluster, "two", 2, 20)
    equal(peer.paths, [])
    patiently(client.call, "SendTaskSuccess", taskToken=holders[0][1], output="{}")
    for execution in executions:
        wait_for(lambda e=execution: client.describe(e)["status"] == "SUCCEEDED", what="the end")
    equal(peer.most, 1, "requests at the same time")
    patiently(client.call, "SendTaskSuccess", taskToken=holders[1][1], output="{}")
    are_used(cluster, "two", 0, 0)
    cluster.stop()


if __name__ == "__main__":
    pawltest.main()
