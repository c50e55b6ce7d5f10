#!/usr/bin/python3
"""test_daemon - signals, configuration, /health and /metrics of pawld."""

import contextlib
import functools
import re
import signal
import subprocess

import pawltest
from pawltest import check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(\{(?:[a-z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (\S+)$')


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def daemon():
    return pawltest.Pawld(database=database().new_database())


def metrics(client):
    """{name with labels: value}; every line must be Prometheus text with HELP and TYPE."""
    answer = client.get("/metrics")
    equal(answer.status, 200, "status")
    contains(answer.headers["Content-Type"], "text/plain")
    values, described = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# "):
            _, word, name, text = line.split(" ", 3)
            assert word in ("HELP", "TYPE") and text, line
            described.setdefault(name, set()).add(word)
            continue
        found = SAMPLE.match(line)
        assert found, f"not a sample: {line!r}"
        family = re.sub(r"_(bucket|sum|count)$", "", found.group(1))
        assert described.get(found.group(1), described.get(family)) == {"HELP", "TYPE"}, \
            f"{found.group(1)} is not described"
        values[found.group(1) + (found.group(2) or "")] = float(found.group(3))
    return values


def run_pawld(*words):
    return subprocess.run([pawltest.need_pawld(), *words], check=False, capture_output=True,
                          text=True, timeout=60)


@check("/health says ok while PostgreSQL is there")
def _():
    answer = daemon().client().get("/health")
    equal(answer.status, 200, "status")


@check("/metrics is Prometheus text and counts what happens")
def _():
    client = daemon().client()
    before = metrics(client)
    machine = client.create("metrics", PASS)
    for _ in range(5):
        equal(client.run(machine)["status"], "SUCCEEDED")
    after = metrics(client)
    grown = {name for name, value in after.items() if value > before.get(name, 0)}
    for word in ("transition", "commit", "execution"):
        assert any(word in name for name in grown), f"no {word} counter grew: {sorted(grown)}"
    for word in ("batch", "lag", "connection"):
        assert any(word in name for name in after), f"no metric tells of {word}"


@check("--help, --version, --list-options and --check-config say what they should")
def _():
    contains(run_pawld("--help").stdout, "usage: pawld")
    equal(run_pawld("--version").returncode, 0)
    options = run_pawld("--list-options").stdout
    for name in ("listen", "database", "data_dir", "plugin_dir", "access_keys"):
        contains(options, name)
    good = run_pawld("--check-config", "--listen=127.0.0.1:0")
    equal(good.returncode, 0, good.stderr)


@check("mistakes in options and in the configuration file name their place")
def _():
    folder = pawltest.temporary_folder()
    path = folder / "bad.conf"
    for text, part in (("listen = \n", "bad.conf:"), ("\nlimits = 'some'\n", "bad.conf:2"),
                       ("no_such_option = 1\n", "no_such_option"),
                       ("region = 'us-east-1'\nworkers = 'many'\n", "bad.conf:2")):
        path.write_text(text, encoding="utf-8")
        done = run_pawld(f"--config={path}", "--check-config")
        assert done.returncode != 0, f"{text!r} was accepted"
        contains(done.stderr, part)
    for words, part in ((("--nonsense=1",), "nonsense"), (("--workers=257",), "workers"),
                        (("--account_id=12",), "account_id")):
        done = run_pawld(*words)
        assert done.returncode != 0, f"{words} were accepted"
        contains(done.stderr, part)


@check("SIGHUP reads the configuration again, and a mistake in it changes nothing")
def _():
    with pawltest.Pawld(database=database().new_database(), start=False,
                        config="log_level = 'info'\n") as one:
        del one.options["log_level"]
        one.start()
        one.config_path.write_text("log_level = 'debug'\nregion = 'eu-west-1'\n", encoding="utf-8")
        one.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "need a restart: region" in one.log(), what="the reload")
        one.client().refuses("StopExecution", "ValidationException", executionArn="")
        wait_for(lambda: " debug " in one.log(), what="debug lines")
        one.config_path.write_text("log_level = 'nonsense'\n", encoding="utf-8")
        one.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "everything stays as it was" in one.log(), what="the refusal")
        equal(one.client().call("ListStateMachines")["stateMachines"], [])


@check("SIGHUP changes the access keys: the new one holds, the old one does not")
def _():
    with pawltest.Pawld(database=database().new_database(),
                        config="access_keys = { OLDKEY = 'one' }\n") as one:
        old, new = (one.client(keys=k) for k in (("OLDKEY", "one"), ("NEWKEY", "two")))
        equal(old.call("ListStateMachines")["stateMachines"], [])
        one.config_path.write_text("access_keys = { NEWKEY = 'two' }\n", encoding="utf-8")
        one.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration read again" in one.log(), what="the reload")
        equal(new.call("ListStateMachines")["stateMachines"], [])
        equal(old.raw("ListStateMachines", b"{}").json()["__type"], "UnrecognizedClientException")
        assert "'two'" not in one.log() and " two" not in one.log(), "a secret in the log"


@check("a log line has time, level and text, and no line holds an input")
def _():
    client = daemon().client()
    machine = client.create("log", PASS)
    client.run(machine, {"secret": "xyzzy-input"})
    lines = daemon().log().splitlines()
    shape = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn|info|debug) ")
    for line in lines:
        assert shape.match(line), f"not a log line: {line!r}"
    assert not any("xyzzy-input" in line for line in lines if " debug " not in line)


@check("SIGTERM finishes what is under way, keeps the rest, and ends with 0")
def _():
    conninfo = database().new_database()
    first = pawltest.Pawld(database=conninfo)
    client = first.client()
    machine = client.create("drain", WAIT)
    running = [client.start(machine, name=f"e{n}") for n in range(20)]
    first.stop()
    second = pawltest.Pawld(database=conninfo)
    client = second.client()
    for execution in running:
        equal(client.wait(execution)["status"], "SUCCEEDED")
    second.stop()


@check("SIGINT stops as well, and the port is free at once")
def _():
    with pawltest.Pawld(database=database().new_database()) as one:
        port = one.address[1]
        one.process.send_signal(signal.SIGINT)
        equal(one.died(), 0, "exit status")
    with pawltest.Pawld(database=database().new_database(), listen=f"127.0.0.1:{port}") as other:
        equal(other.address[1], port)


@check("two daemons on one port: the second says so and ends")
def _():
    second = pawltest.Pawld(database=database().new_database(), start=False,
                            listen="{}:{}".format(*daemon().address))
    second.launch()
    assert second.died() != 0
    contains(second.log().lower(), "in use")


@check("a schema that is newer than the program is refused")
def _():
    conninfo = database().new_database()
    name = re.search(r"dbname=(\S+)", conninfo).group(1)
    with pawltest.Pawld(database=conninfo):
        pass
    database().sql("INSERT INTO pawl.schema_version VALUES (9999, 'of the future')", name)
    newer = pawltest.Pawld(database=conninfo, start=False)
    newer.launch()
    assert newer.died() != 0
    contains(newer.log(), "newer")


@check("a database that cannot be reached at the start is told in a sentence")
def _():
    lost = pawltest.Pawld(database="host=/nonexistent dbname=x connect_timeout=1", start=False)
    lost.launch()
    with contextlib.suppress(subprocess.TimeoutExpired):
        assert lost.died(45) != 0
    contains(lost.log(), "/nonexistent")
    if lost.is_running():
        lost.kill()


pawltest.main()
