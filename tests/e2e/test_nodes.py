#!/usr/bin/python3
"""test_nodes - several pawlds on one database: they share the shards and answer for each other. What happens
when they die is in tests/fault/nodes.py."""

import concurrent.futures
import http.client
import json
import socket
import subprocess
import time

import pawltest
from cluster import Cable, Cluster, patiently, token_of
from pawltest import check, contains, equal, wait_for

NODE_LOCK = 1885435758     # the class of the advisory locks that writer 0 of each node holds
ECHO = "arn:pawl:states:::echo:say"
CALLBACK = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True,
    "Parameters": {"Submitted": {"queued": True}, "Never": True, "token.$": "$$.Task.Token"}}}}


def name_of(node):
    return f"{socket.gethostname()}/{node.process.pid}"


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


@check("a node whose database stood still for a while goes on counting the others")
def _():
    cluster = Cluster(1)
    client = cluster.nodes[0].client()
    machine = client.create("callback", CALLBACK)
    session = pawltest.Session(cluster.postgres.conninfo(cluster.database))
    session.say("BEGIN")
    session.say("LOCK TABLE pawl.journal IN ACCESS EXCLUSIVE MODE")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        started = pool.submit(client.start, machine)
        # longer than the node waits between two looks, so that one stands behind the batch
        wait_for(lambda: cluster.sql("SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid) "
                                     f"WHERE locktype = 'advisory' AND classid = {NODE_LOCK} "
                                     "AND wait_event_type = 'Lock' AND now() - query_start > interval '2.5 s'") == "1",
                 what="the batch of writer 0 to stand still")
        session.say("COMMIT")
        started.result(pawltest.PATIENCE)
    session.close()
    cluster.cables.append(Cable(cluster.postgres))
    cluster.nodes.append(cluster.new(1))
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


if __name__ == "__main__":
    pawltest.main()
