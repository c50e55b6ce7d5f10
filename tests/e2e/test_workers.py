#!/usr/bin/python3
"""test_workers - one pawld of several worker processes on one port."""

import os
import pathlib
import re
import signal
import subprocess

import pawltest
from pawltest import check, contains, equal, wait_for

WORKERS = 3
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
SLEEP = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "End": True}}}


def workers_of(pawld):
    text = pathlib.Path(f"/proc/{pawld.process.pid}/task/{pawld.process.pid}/children").read_text(encoding="ascii")
    found = []
    for pid in map(int, text.split()):
        try:
            if b"pawld" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            pass
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def nodes(pawld):
    client = pawld.client()
    try:
        return client.get("/nodes").json()["nodes"]
    finally:
        client.close()


def shared(pawld, count=WORKERS):
    found = nodes(pawld)
    return len(found) == count and sum(n["shards"] for n in found) == 256 and max(n["shards"] for n in found) < 256


def fresh(pawld):
    """A connection of its own: the kernel chooses a worker for each."""
    return pawld.client()


def patiently(call, *arguments, **named):
    def once():
        try:
            return [call(*arguments, **named)]
        except (OSError, pawltest.ApiError, pawltest.http.client.HTTPException):
            return None
    return wait_for(once, what="an answer")[0]


@check("several workers answer on one port, are ready together, and share the executions")
def _():
    with pawltest.Pawld(workers=WORKERS) as pawld:      # laptop mode
        equal(len(workers_of(pawld)), WORKERS, "workers")
        wait_for(lambda: shared(pawld), what="the shards to be shared")
        machine = fresh(pawld).create("pass", PASS)
        runs = [fresh(pawld).start(machine, {"n": n}) for n in range(60)]
        for run in runs:
            equal(fresh(pawld).wait(run)["status"], "SUCCEEDED", "status")
        text = fresh(pawld).get("/metrics").body.decode()
        for family in ("pawl_transitions_total", "pawl_loop_turn_seconds"):
            equal(text.count(f"# HELP {family} "), 1, f"HELP of {family}")

        def started():
            text = fresh(pawld).get("/metrics").body.decode()
            counts = re.findall(r'^pawl_executions_started_total\{worker="(\d)"\} (\d+)$', text, re.M)
            return sum(int(n) for _, n in counts), {worker for worker, _ in counts}
        wait_for(lambda: started() == (60, {"0", "1", "2"}), what="the counters of all workers")


@check("a worker that is killed is started again, the others take over meanwhile, and nothing is lost")
def _():
    with pawltest.Pawld(workers=WORKERS) as pawld:
        wait_for(lambda: shared(pawld), what="the shards to be shared")
        machine = fresh(pawld).create("sleep", SLEEP)
        runs = [fresh(pawld).start(machine) for _ in range(30)]
        victim = workers_of(pawld)[1]
        os.kill(victim, signal.SIGKILL)
        runs += [patiently(fresh(pawld).start, machine) for _ in range(30)]
        for run in runs:
            equal(patiently(fresh(pawld).wait, run)["status"], "SUCCEEDED", "status")
        wait_for(lambda: len(workers_of(pawld)) == WORKERS and victim not in workers_of(pawld), what="a new worker")
        wait_for(lambda: patiently(shared, pawld), what="the shards to be shared again")
        contains(pawld.log(), "was killed by signal 9")


@check("a worker that hangs is killed and replaced")
def _():
    with pawltest.Pawld(workers=2) as pawld:
        wait_for(lambda: shared(pawld, 2), what="the shards to be shared")
        victim = workers_of(pawld)[0]
        os.kill(victim, signal.SIGSTOP)
        wait_for(lambda: victim not in workers_of(pawld) and len(workers_of(pawld)) == 2, what="a new worker", interval=0.2)
        contains(pawld.log(), "says nothing")


@check("SIGHUP reaches all workers")
def _():
    folder = pawltest.temporary_folder()
    (folder / "scripts" / "hooks").mkdir(parents=True)
    hook = folder / "scripts" / "hooks" / "authorize.lua"
    hook.write_text("return { authorize = function(request) return true end }\n", encoding="utf-8")
    with pawltest.Pawld(workers=WORKERS, folder=folder) as pawld:
        hook.write_text("return { authorize = function(request) return false, 'closed' end }\n", encoding="utf-8")
        pawld.process.send_signal(signal.SIGHUP)
        wait_for(lambda: pawld.log().count("configuration read again") == WORKERS, what="all workers to read again")
        for _ in range(20):
            fresh(pawld).refuses("ListStateMachines", "AccessDeniedException")


@check("SIGTERM ends all of it cleanly, and no worker outlives a parent that was killed")
def _():
    pawld = pawltest.Pawld(workers=WORKERS, database=pawltest.Postgres().new_database())
    pids = workers_of(pawld)
    pawld.stop()
    equal([pid for pid in pids if is_alive(pid)], [], "workers left")
    pawld.start()
    pids = workers_of(pawld)
    equal(len(pids), WORKERS, "workers")
    pawld.kill()
    wait_for(lambda: not any(map(is_alive, pids)), what="the workers to end with their parent")


@check("what keeps one worker from starting is said, and ends pawld with 1")
def _():
    folder = pawltest.temporary_folder()
    (folder / "scripts" / "hooks").mkdir(parents=True)
    (folder / "scripts" / "hooks" / "authorize.lua").write_text("return function(", encoding="utf-8")
    pawld = pawltest.Pawld(workers=2, folder=folder, start=False)
    pawld.launch()
    equal(pawld.died(), 1, "exit status")
    contains(pawld.log(), "authorize.lua")


@check("a port that is taken is taken, also for those who would share it")
def _():
    with pawltest.Pawld(workers=2) as pawld:
        host, port = pawld.address
        other = subprocess.run([pawltest.BUILD / "pawld", "--workers=2", f"--listen={host}:{port}",
                                f"--data-dir={pawltest.temporary_folder()}", "--plugin-dir="],
                               check=False, capture_output=True, text=True, timeout=pawltest.PATIENCE)
        equal(other.returncode, 1, "exit status")
        contains(other.stderr, f"cannot listen on {host}:{port}")


if __name__ == "__main__":
    pawltest.main()
