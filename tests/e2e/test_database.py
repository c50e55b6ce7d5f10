#!/usr/bin/python3
"""test_database - PostgreSQL goes away in every manner and comes back: nothing acknowledged is
lost, callers are told, pawld goes on by itself."""

import contextlib
import functools
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import history
import pawltest
from pawltest import ApiError, Skip, check, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
ECHO = "arn:pawl:states:::echo:say"
# Tasks, waits and branches: something is under way whenever the database goes.
MIX = {"StartAt": "P", "States": {
    "P": {"Type": "Parallel", "Next": "W", "Branches": [
        {"StartAt": f"T{n}", "States": {f"T{n}": {
            "Type": "Task", "Resource": ECHO, "End": True,
            "Parameters": {"DelayMs": 50 * n, "Output": {"n": n, "in.$": "$.in"}}}}}
        for n in range(3)]},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "M"},
    "M": {"Type": "Map", "MaxConcurrency": 2, "End": True, "ItemProcessor": {
        "StartAt": "I", "States": {"I": {"Type": "Task", "Resource": ECHO, "End": True,
                                         "Parameters": {"DelayMs": 20, "Output.$": "$.n"}}}}}}}


@functools.cache
def database():
    return pawltest.Postgres(settings=[("max_connections", "36"),
                                       ("superuser_reserved_connections", "0")])


@functools.cache
def daemon():
    return pawltest.Pawld(database=database().new_database())


def unavailable(client, action, **params):
    """Whether the call is refused with 503 for now (True), or served (False)."""
    try:
        client.call(action, **params)
        return False
    except ApiError as error:
        equal((error.status, error.code), (503, "ServiceUnavailable"), f"answer ({error.message})")
        return True


def back(client):
    """Waits until calls are served again."""
    wait_for(lambda: not unavailable(client, "ListStateMachines"), what="the daemon to be back")
    wait_for(lambda: client.get("/health").status == 200, what="/health to be ok")


class Load:
    """Starts executions all the time and remembers which were acknowledged."""

    def __init__(self, machine, threads=4):
        self.machine, self.acknowledged, self.refused = machine, [], 0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        client = daemon().client()
        while not self.over.is_set():
            name = f"load-{number}-{time.monotonic_ns()}"
            while not self.over.is_set():       # the same start again until somebody says yes
                try:
                    execution = client.start(self.machine, {"in": name}, name=name)
                    with self.lock:
                        self.acknowledged.append(execution)
                    break
                except ApiError as error:
                    if error.status != 503:
                        self.failures.append(error)
                        return
                    self.refused += 1
                    time.sleep(0.02)
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(error)
                    return
            time.sleep(0.005)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures[:3]
        assert self.acknowledged
        return self.acknowledged


def all_end_well(client, executions):
    for execution in executions:
        end = client.wait(execution)
        equal(end["status"], "SUCCEEDED", f"{execution} ({end.get('error')}: {end.get('cause')})")
        equal(json.loads(end["output"]), [0, 1, 2], execution)
        complaints = history.check(client.history(execution))
        assert not complaints, f"{execution}: {complaints}"


@functools.cache
def mix():
    return daemon().client().create("mix", MIX)


@check("while PostgreSQL is stopped calls are 503 ServiceUnavailable, afterwards all goes on")
def _():
    client = daemon().client()
    execution = client.start(mix(), {"in": "before"})
    database().stop()
    machine = mix()
    wait_for(lambda: unavailable(client, "StartExecution", stateMachineArn=machine),
             what="StartExecution to be refused")
    for action, params in (("DescribeExecution", {"executionArn": execution}),
                           ("ListExecutions", {"stateMachineArn": machine}),
                           ("GetExecutionHistory", {"executionArn": execution}),
                           ("StopExecution", {"executionArn": execution}),
                           ("ListStateMachines", {}),
                           ("CreateStateMachine", {"name": "x", "roleArn": pawltest.ROLE,
                                                   "definition": json.dumps(PASS)})):
        assert unavailable(client, action, **params), f"{action} was served without a database"
    client.refuses("StartExecution", "ValidationException", stateMachineArn="")
    assert client.get("/health").status != 200, "/health says ok"
    assert client.get("/metrics").status == 200
    database().start()
    back(client)
    all_end_well(client, [execution])


@check("kill -9 of PostgreSQL in the middle of everything loses nothing that was acknowledged")
def _():
    client = daemon().client()
    for _ in range(3):
        load = Load(mix())
        wait_for(lambda: len(load.acknowledged) > 20, what="some starts")
        database().kill()
        wait_for(lambda: load.refused > 3, what="refusals")
        database().start()
        back(client)
        so_far = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > so_far + 10, what="more starts")
        all_end_well(client, load.stop())


@check("a restart of PostgreSQL under load loses nothing that was acknowledged")
def _():
    client = daemon().client()
    load = Load(mix())
    for how in (signal.SIGINT, signal.SIGQUIT):
        so_far = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > so_far + 15, what="some starts")
        database().stop(how)
        database().start()
    back(client)
    all_end_well(client, load.stop())


@check("connections that the server ends are made again, one by one or all at once")
def _():
    client = daemon().client()
    name = re.search(r"dbname=(\S+)", daemon().options["database"]).group(1)
    load = Load(mix())
    pids = database().sql(f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}'").split()
    assert len(pids) >= 2, pids
    for pid in pids:
        database().sql(f"SELECT pg_terminate_backend({pid})")
        back(client)
    database().sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    back(client)
    all_end_well(client, load.stop())


@check("too many connections: 503, and back by itself when there is room")
def _():
    client = daemon().client()
    name = re.search(r"dbname=(\S+)", daemon().options["database"]).group(1)
    execution = client.start(mix(), {"in": "crowd"})
    # connections that others hold: more than there is room for, each ends with its stdin
    crowd = [subprocess.Popen([f"{database().bin}/psql", "-X", "-q", "-d",
                               f"host={database().folder} user=pawl dbname=postgres"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
             for _ in range(40)]
    try:
        def crowded_out():
            # a connection of pawld that is ended leaves a place that one of the crowd takes
            for pid in database().children():
                with contextlib.suppress(OSError):
                    if f" {name} ".encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(pid, signal.SIGTERM)
            for place, one in enumerate(crowd):
                if one.poll() is not None:
                    one.stdin.close()
                    crowd[place] = subprocess.Popen(one.args, stdin=subprocess.PIPE,
                                                    stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.DEVNULL)
            return unavailable(client, "ListStateMachines") and "too many" in daemon().log()
        wait_for(crowded_out, what="pawld to be crowded out", interval=0.1)
    finally:
        for one in crowd:
            one.stdin.close()
            one.terminate()
            one.wait()
    back(client)
    all_end_well(client, [execution])


@check("a database without space for more: refused while it lasts, nothing lost afterwards")
def _():
    if os.geteuid() != 0:
        raise Skip("needs root, to mount a small file system")
    folder = pawltest.temporary_folder("pawl-small-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0777", "tmpfs", folder],
                      check=False, capture_output=True).returncode != 0:
        raise Skip("cannot mount a small file system here")
    space = None
    try:
        (folder / "space").mkdir(mode=0o777)
        os.chmod(folder / "space", 0o777)
        pawltest.give_away(folder / "space")
        database().sql(f"CREATE TABLESPACE small LOCATION '{folder}/space'")
        database().sql("CREATE DATABASE small TABLESPACE small")
        space = pawltest.Pawld(database=database().conninfo("small"))
        client = space.client()
        machine = client.create("full", PASS)
        executions = [client.start(machine, {"n": n}) for n in range(20)]
        with open(folder / "ballast", "wb") as ballast:
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(b"x" * 65536)
        text = "y" * 100000         # does not fit on the pages that are there

        def refused():
            try:
                executions.append(client.start(machine, {"text": text + str(len(executions))}))
                return False
            except ApiError as error:
                equal((error.status, error.code), (503, "ServiceUnavailable"), error.message)
                return True
        wait_for(refused, what="the disk to be full")
        os.unlink(folder / "ballast")
        wait_for(lambda: not refused(), what="starts to be served again")
        for execution in executions:
            equal(client.wait(execution)["status"], "SUCCEEDED", execution)
        space.stop()
    finally:
        if space is not None and space.is_running():
            space.kill()
        with contextlib.suppress(AssertionError):
            database().sql("DROP DATABASE IF EXISTS small WITH (FORCE)")
            database().sql("DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", "-l", folder], check=False)


@check("after all that the daemon ends cleanly")
def _():
    daemon().stop()


pawltest.main()
