#!/usr/bin/python3
"""test_nodes - several pawlds on one database: they share the shards, answer for each other, and take over
from one that is killed, hangs, or is cut off from PostgreSQL."""

import concurrent.futures
import contextlib
import http.client
import json
import random
import signal
import socket
import subprocess
import threading
import time

import pawltest
from pawltest import check, contains, equal, wait_for

NODES = 4
ECHO = "arn:pawl:states:::echo:say"
CALLBACK = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True,
    "Parameters": {"Submitted": {"queued": True}, "Never": True, "token.$": "$$.Task.Token"}}}}
STEPS = {"StartAt": "A", "States": {
    "A": {"Type": "Task", "Resource": ECHO, "Next": "W", "ResultPath": "$.a",
          "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}],
          "Parameters": {"Output": "a", "DelayMs": 20}},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
    "P": {"Type": "Parallel", "ResultPath": "$.p", "Next": "Z", "Branches": [
        {"StartAt": f"B{n}", "States": {f"B{n}": {
            "Type": "Task", "Resource": ECHO, "End": True, "Parameters": {"Output": n, "DelayMs": 20},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]}}}
        for n in range(2)]},
    "Z": {"Type": "Task", "Resource": ECHO, "End": True, "Parameters": {"Output.$": "$", "DelayMs": 20},
          "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]}}}
PATIENT = ("ServiceUnavailable", "ThrottlingException")


class Cable:
    """The way from one node to PostgreSQL, that can be cut: nothing passes any more, and nobody is told."""

    def __init__(self, server):
        self.server = str(server.folder / ".s.PGSQL.5432")
        self.folder = pawltest.temporary_folder()
        self.folder.chmod(0o777)
        self.whole = threading.Event()
        self.whole.set()
        self.listener = socket.socket(socket.AF_UNIX)
        path = str(self.folder / ".s.PGSQL.5432")
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database):
        return f"host={self.folder} user=pawl dbname={database}"

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            self.whole.wait()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.server)
            except OSError:
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self.whole.wait()
                other.sendall(data)
        self.whole.wait()
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Cluster:
    def __init__(self, count=NODES, **options):
        self.postgres = pawltest.Postgres()
        self.database = self.postgres.new_database().rpartition("dbname=")[2]
        self.cables = [Cable(self.postgres) for _ in range(count)]
        self.options = {"log_level": "info", **options}
        self.nodes = [self.new(n) for n in range(count)]

    def new(self, n):
        return pawltest.Pawld(database=self.cables[n].conninfo(self.database), **self.options)

    def sql(self, text):
        return self.postgres.sql(text, self.database)

    def owned(self):
        """Shards of each node that is alive, as any of them says."""
        for node in self.nodes:
            if node.is_running():
                answer = node.client().get("/nodes")
                equal(answer.status, 200, "status")
                return {n["name"]: n["shards"] for n in answer.json()["nodes"]}
        raise AssertionError("no node is alive")

    def balanced(self, count):
        owned = self.owned()
        return len(owned) == count and sum(owned.values()) == 256 and max(owned.values()) <= -(-256 // count)

    def wait_balanced(self, count, timeout=pawltest.PATIENCE):
        wait_for(lambda: self.balanced(count), timeout, f"{count} nodes to share the shards", 0.05)

    def stop(self):
        for node in self.nodes:
            if node.is_running():
                node.stop()


def name_of(node):
    return f"{socket.gethostname()}/{node.process.pid}"


def patiently(call, *arguments, **named):
    """Calls again while the service is unavailable, as the SDKs do."""
    def once():
        try:
            return [call(*arguments, **named)]
        except pawltest.ApiError as error:
            if error.code not in PATIENT:
                raise
            return None
    return wait_for(once, what="the call to be served", interval=0.05)[0]


def token_of(client, execution):
    def look():
        for event in client.history(execution):
            if event["type"] == "TaskScheduled":
                return json.loads(event["taskScheduledEventDetails"]["parameters"])["token"]
        return None
    return wait_for(look, what="the token")


def forwarded(node, result="answered"):
    text = node.client().get("/metrics").body.decode()
    for line in text.splitlines():
        if line.startswith(f'pawl_calls_forwarded_total{{result="{result}"}}'):
            return int(line.split()[-1])
    return 0


@check("nodes that join get their share of the shards, one that ends gives its shards back, pawl nodes shows it")
def _():
    cluster = Cluster(2)
    cluster.wait_balanced(2)
    cluster.cables.append(Cable(cluster.postgres))
    cluster.nodes.append(cluster.new(2))
    cluster.wait_balanced(3)
    shown = subprocess.run([pawltest.BUILD / "pawl", "nodes", "--endpoint-url", cluster.nodes[0].url],
                           check=True, capture_output=True, text=True).stdout
    for node in cluster.nodes:
        contains(shown, name_of(node))
    cluster.nodes[0].stop()
    cluster.wait_balanced(2)
    cluster.stop()


@check("any node stops, answers and keeps alive what another one runs")
def _():
    cluster = Cluster(3, hibernate_after="0s")
    cluster.wait_balanced(3)
    clients = [node.client() for node in cluster.nodes]
    machine = clients[0].create("callback", CALLBACK)
    runs = [patiently(clients[n % 3].start, machine, {"n": n}) for n in range(36)]
    tokens = [token_of(clients[(n + 1) % 3], run) for n, run in enumerate(runs)]
    for n, (run, token) in enumerate(zip(runs, tokens)):
        other = clients[(n + 1) % 3]
        if n % 3 == 0:
            other.call("SendTaskHeartbeat", taskToken=token)
            other.call("SendTaskSuccess", taskToken=token, output=str(n))
            equal(clients[n % 3].wait(run)["output"], str(n), "output")
        elif n % 3 == 1:
            other.call("SendTaskFailure", taskToken=token, error="No", cause=str(n))
            equal(clients[n % 3].wait(run)["cause"], str(n), "cause")
        else:
            other.call("StopExecution", executionArn=run, cause="enough")
            equal(clients[n % 3].wait(run)["status"], "ABORTED", "status")
        # whoever is asked knows that it is over
        for client in clients:
            client.refuses("SendTaskSuccess", "TaskTimedOut", taskToken=token, output="1")
    equal(sum(map(forwarded, cluster.nodes)) >= 36, True, "calls were forwarded")
    cluster.stop()


@check("only a node of the same database is listened to at peer_listen")
def _():
    cluster = Cluster(1)
    address = cluster.sql("SELECT address FROM pawl.node")
    for headers in ({}, {"X-Pawl-Peer": "1." + "0" * 64}, {"X-Pawl-Peer": f"{int(time.time() * 1000)}." + "0" * 64}):
        connection = http.client.HTTPConnection(address, timeout=pawltest.PATIENCE)
        connection.request("POST", "/", b"{}", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", **headers})
        equal(connection.getresponse().status, 403, "status")
        connection.close()
    cluster.stop()


def poll(node, arn, worker):
    client = node.client()
    try:
        return client.call("GetActivityTask", activityArn=arn, workerName=worker)
    finally:
        client.close()


def worker_of(client, execution):
    return [e["activityStartedEventDetails"]["workerName"] for e in client.history(execution)
            if e["type"] == "ActivityStarted"]


@check("a worker at any node gets the tasks of executions of all, whoever came first, and each task goes to one")
def _():
    cluster = Cluster(3, hibernate_after="0s", log_level="debug")
    cluster.wait_balanced(3)
    clients = [node.client() for node in cluster.nodes]
    arn = clients[0].call("CreateActivity", name="dig")["activityArn"]
    machine = clients[0].create("dig", {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True}}})
    # tasks first: all workers at one node
    runs = [clients[n % 3].start(machine, {"n": n}) for n in range(30)]
    got = []
    for n in range(30):
        task = poll(cluster.nodes[1], arn, f"w{n}")
        got.append(json.loads(task["input"])["n"])
        clients[2].call("SendTaskSuccess", taskToken=task["taskToken"], output=task["input"])
    equal(sorted(got), list(range(30)), "tasks")
    for n, run in enumerate(runs):
        equal(clients[0].wait(run)["output"], json.dumps({"n": n}, separators=(",", ":")), "output")
        equal(worker_of(clients[0], run), [f"w{got.index(n)}"], "worker")
    # workers first
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        polls = [pool.submit(poll, cluster.nodes[n % 3], arn, f"early{n}") for n in range(6)]
        wait_for(lambda: sum(pollers(node) for node in cluster.nodes) == 6, what="the workers to wait")
        runs = [clients[0].start(machine, {"n": n}) for n in range(6)]
        tasks = [p.result(pawltest.PATIENCE) for p in polls]
    equal(sorted(json.loads(t["input"])["n"] for t in tasks), list(range(6)), "tasks")
    equal(len({t["taskToken"] for t in tasks}), 6, "tokens")
    for task in tasks:
        clients[1].call("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    for run in runs:
        equal(clients[0].wait(run)["status"], "SUCCEEDED", "status")
    cluster.stop()


def metric(node, name):
    for line in node.client().get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return int(line.split()[-1])
    return 0


def pollers(node):
    return metric(node, "pawl_activity_pollers")


class Load:
    """Clients that start executions, each by a name of its own, and ask again when they were not answered."""

    def __init__(self, cluster, machine, threads=4):
        self.cluster, self.machine = cluster, machine
        self.over = threading.Event()
        self.acknowledged = []
        self.slowest = 0.0
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.futures = [self.pool.submit(self._run, n) for n in range(threads)]

    def _once(self, name):
        node = random.choice([n for n in self.cluster.nodes if n.is_running() and n.url])
        client = pawltest.Client(node.url, timeout=5)
        try:
            return client.start(self.machine, {"name": name}, name=name)
        except pawltest.ApiError as error:
            if error.code not in PATIENT:
                raise
        except (OSError, http.client.HTTPException):
            pass
        finally:
            client.close()
        return None

    def _run(self, thread):
        n = 0
        while not self.over.is_set():
            name, began = f"load-{thread}-{n}", time.monotonic()
            while (arn := self._once(name)) is None:
                if time.monotonic() - began > pawltest.PATIENCE:
                    raise AssertionError(f"{name} was never taken")
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.acknowledged.append(arn)
            n += 1

    def end(self):
        self.over.set()
        for future in self.futures:
            future.result(2 * pawltest.PATIENCE)
        self.pool.shutdown()


def counts_are_right(cluster, load):
    """Everything that was acknowledged has ended well; no event of a history is there twice or missing."""
    equal(cluster.sql("SELECT count(*) FROM pawl.execution WHERE status <> 'SUCCEEDED'"), "0", "not SUCCEEDED")
    equal(int(cluster.sql("SELECT count(*) FROM pawl.execution")), len(load.acknowledged), "executions")
    equal(cluster.sql("SELECT count(*) FROM (SELECT sum(event_count) AS n, max(first_event_id + event_count - 1) AS last, "
                      "count(DISTINCT first_event_id) AS firsts, count(*) FILTER (WHERE event_count > 0) AS records "
                      "FROM pawl.journal WHERE event_count > 0 GROUP BY shard, execution_id) AS j "
                      "WHERE n <> last OR firsts <> records"), "0", "histories with gaps or overlaps")


@check("nodes are killed, hang, are cut off and come back under load: nothing is lost or doubled, others take over in time")
def _():
    cluster = Cluster()
    cluster.wait_balanced(NODES)
    client = cluster.nodes[0].client()
    machine = client.create("steps", STEPS)
    load = Load(cluster, machine)
    wait_for(lambda: len(load.acknowledged) > 50, what="some executions")

    began = time.monotonic()
    cluster.nodes[1].kill()
    cluster.wait_balanced(NODES - 1)
    killed_s = time.monotonic() - began

    cluster.nodes[1] = cluster.new(1)
    cluster.wait_balanced(NODES)

    began = time.monotonic()
    cluster.nodes[2].process.send_signal(signal.SIGSTOP)
    hung = cluster.nodes[2]
    hung_url, hung.url = hung.url, None     # nobody would call it for long
    cluster.wait_balanced(NODES - 1)
    hung_s = time.monotonic() - began
    hung.process.send_signal(signal.SIGCONT)
    hung.url = hung_url
    cluster.wait_balanced(NODES)

    began = time.monotonic()
    cluster.cables[3].whole.clear()
    cluster.wait_balanced(NODES - 1)
    cut_s = time.monotonic() - began
    cluster.cables[3].whole.set()
    cluster.wait_balanced(NODES)

    load.end()
    wait_for(lambda: cluster.sql("SELECT count(*) FROM pawl.open_execution") == "0", what="all to end", interval=0.1)
    print(f"# {len(load.acknowledged)} executions; taken over {killed_s:.1f} s after a kill, {hung_s:.1f} s after a hang, "
          f"{cut_s:.1f} s after a cut; slowest start {load.slowest:.1f} s", flush=True)
    counts_are_right(cluster, load)
    equal(killed_s < 10 and hung_s < 30 and cut_s < 30, True, "in time")
    cluster.stop()


if __name__ == "__main__":
    pawltest.main()
