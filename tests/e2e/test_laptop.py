#!/usr/bin/python3
"""test_laptop - without a database pawld runs a PostgreSQL of its own, through crashes of both."""

import ctypes
import glob
import json
import os
import pathlib
import signal
import stat
import subprocess

import history
import pawltest
from pawltest import Skip, check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "T"},
                                   "T": {"Type": "Task", "Resource": "arn:pawl:states:::echo:say",
                                         "Parameters": {"Output": "done"}, "End": True}}}


def postmaster_pid(folder):
    """Process id in the private cluster's postmaster.pid, or None."""
    for path in glob.glob(str(folder / "data" / "**" / "postmaster.pid"), recursive=True):
        return int(pathlib.Path(path).read_text(encoding="ascii").split()[0])
    return None


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@check("the first start makes a cluster, as no root, on a socket of its own; SIGTERM ends it")
def _():
    with pawltest.Pawld() as daemon:
        pid = postmaster_pid(daemon.folder)
        assert pid, "no postmaster.pid"
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        uid = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:"))
        assert uid != "0", "PostgreSQL runs as root"
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"listen_addresses" in command or "listen_addresses = ''" in "".join(
            pathlib.Path(p).read_text() for p in glob.glob(
                str(daemon.folder / "data/**/postgresql*.conf"), recursive=True))
        for path in glob.glob(str(daemon.folder / "data" / "**" / "PG_VERSION"), recursive=True)[:1]:
            mode = os.stat(os.path.dirname(path)).st_mode
            equal(stat.S_IMODE(mode) & 0o077, 0, "rights of others on the cluster")
        client = daemon.client()
        equal(client.run(client.create("m", PASS), {"a": 1})["output"], '{"a":1}')
        folder = daemon.folder
        daemon.stop()
        wait_for(lambda: not alive(pid), what="PostgreSQL to end with pawld")
    with pawltest.Pawld(folder=folder) as again:
        client = again.client()
        equal([m["name"] for m in client.call("ListStateMachines")["stateMachines"]], ["m"])


@check("kill -9 of pawld: the next start takes over its cluster and its executions")
def _():
    daemon = pawltest.Pawld()
    client = daemon.client()
    machine = client.create("m", WAIT)
    executions = [client.start(machine) for _ in range(10)]
    daemon.kill()
    with pawltest.Pawld(folder=daemon.folder) as again:
        client = again.client()
        for execution in executions:
            equal(client.wait(execution)["output"], '"done"', execution)
            equal(history.check(client.history(execution)), [])


@check("kill -9 of PostgreSQL: pawld starts it again, executions go on")
def _():
    with pawltest.Pawld() as daemon:
        client = daemon.client()
        machine = client.create("m", WAIT)
        executions = [client.start(machine) for _ in range(10)]
        os.kill(postmaster_pid(daemon.folder), signal.SIGKILL)
        for execution in executions:
            def ended(execution=execution):
                try:
                    description = client.describe(execution)
                except pawltest.ApiError as error:
                    equal(error.code, "ServiceUnavailable")
                    return None
                return description if description["status"] != "RUNNING" else None
            equal(wait_for(ended, what="the end")["output"], '"done"', execution)


@check("kill -9 of both, with a postmaster.pid left behind, is recovered")
def _():
    daemon = pawltest.Pawld()
    client = daemon.client()
    machine = client.create("m", WAIT)
    execution = client.start(machine, name="survivor")
    pid = postmaster_pid(daemon.folder)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid), what="PostgreSQL to be dead")
    assert postmaster_pid(daemon.folder) == pid, "no stale postmaster.pid to recover from"
    with pawltest.Pawld(folder=daemon.folder) as again:
        equal(again.client().wait(execution)["output"], '"done"')


@check("a postmaster.pid that names somebody else's process stops nobody")
def _():
    daemon = pawltest.Pawld()
    pid = postmaster_pid(daemon.folder)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid), what="PostgreSQL to be dead")
    path = glob.glob(str(daemon.folder / "data" / "**" / "postmaster.pid"), recursive=True)[0]
    lines = pathlib.Path(path).read_text(encoding="ascii").splitlines()
    pathlib.Path(path).write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="ascii")
    with pawltest.Pawld(folder=daemon.folder) as again:
        equal(again.client().call("ListStateMachines")["stateMachines"], [])
    os.kill(os.getpid(), 0)


@check("two daemons on one data folder: the second is told why it may not, the first goes on")
def _():
    with pawltest.Pawld() as first:
        second = pawltest.Pawld(folder=first.folder, start=False)
        second.log_path = first.folder / "second.log"
        second.launch()
        assert second.died() != 0
        contains(second.log(), str(first.folder / "data"))
        client = first.client()
        equal(client.run(client.create("m", PASS))["status"], "SUCCEEDED")


def copy_of_file(pid, name):
    """A descriptor for what the process has open under that name: the same open file, as a child of it has."""
    link = next(p for p in glob.glob(f"/proc/{pid}/fd/*")
                if os.path.basename(os.readlink(p)) == name)
    owner = os.pidfd_open(pid)
    pidfd_getfd = 438
    copy = ctypes.CDLL(None, use_errno=True).syscall(pidfd_getfd, owner, int(os.path.basename(link)), 0)
    os.close(owner)
    if copy < 0:
        raise Skip(f"cannot have a file of another process: {os.strerror(ctypes.get_errno())}")
    return copy


@check("a child that outlives a killed pawld by a moment does not keep the next one out")
def _():
    daemon = pawltest.Pawld()
    copy = copy_of_file(daemon.process.pid, "pawld.lock")
    daemon.kill()
    try:
        with pawltest.Pawld(folder=daemon.folder) as again:
            equal(again.client().call("ListStateMachines")["stateMachines"], [])
    finally:
        os.close(copy)


@check("a folder without server programs is told in a sentence that names it")
def _():
    empty = pawltest.temporary_folder()
    daemon = pawltest.Pawld(start=False, postgres_bin=str(empty))
    daemon.launch()
    assert daemon.died() != 0
    contains(daemon.log(), str(empty))


@check("without any PostgreSQL on the machine the package to install is named")
def _():
    hide = "mount -t tmpfs tmpfs /usr/lib/postgresql && exec \"$@\""
    if subprocess.run(["unshare", "-m", "sh", "-c", hide, "sh", "true"], check=False,
                      capture_output=True).returncode != 0:
        raise Skip("cannot hide PostgreSQL from a process here")
    daemon = pawltest.Pawld(start=False)
    done = subprocess.run(["unshare", "-m", "sh", "-c", hide, "sh", *daemon.command()], check=False,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0, done.stdout
    contains(done.stderr, "postgresql")
    contains(done.stderr, "install")


@check("an execution's output is there after the restart, byte for byte")
def _():
    with pawltest.Pawld() as daemon:
        client = daemon.client()
        text = '{"n":12345678901234567890,"f":0.1,"e":1E400,"s":"\\u00e9\\ud83d\\ude00","o":{"b":1,"a":2}}'
        execution = client.start(client.create("m", PASS), text)
        before = client.wait(execution)
        equal(before["input"], text)
        equal(json.loads(before["output"]), json.loads(text))
        assert "12345678901234567890" in before["output"] and "1E400" in before["output"]
        daemon.stop()
        daemon.start()
        after = daemon.client().describe(execution)
        equal(after, before, "the description")


pawltest.main()
