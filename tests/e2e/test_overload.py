#!/usr/bin/python3
"""test_overload - more work than the machine can do: starts are refused, what was taken on is kept, and the rest answers."""

import concurrent.futures
import json
import re
import signal
import socket
import subprocess
import time

import awscli
import pawltest
from cluster import CALLBACK, token_of
from pawltest import check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
JS = pawltest.SOURCE / "tests" / "e2e" / "js"


def at_most(got, most, what):
    if got > most:
        raise AssertionError(f"{what}: {got} is more than {most}")


class Stalled:
    """A pawld whose PostgreSQL can be made to stand still: it reads, and commits nothing."""

    def __init__(self, **options):
        self.postgres = pawltest.Postgres()
        self.database = self.postgres.new_database()
        self.daemon = pawltest.Pawld(database=self.database, log_level="info", **options)
        self.client = self.daemon.client()
        self.pool = concurrent.futures.ThreadPoolExecutor(100)
        self.session = pawltest.Session(self.database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()
        self.pool.shutdown()
        self.client.close()
        self.daemon.stop()
        self.postgres.stop()

    def stand_still(self):
        self.session.say("BEGIN")
        self.session.say("LOCK TABLE pawl.journal IN SHARE MODE")

    def go_on(self):
        self.session.say("COMMIT")

    def is_stuck(self):
        """A record waits for those who stand still."""
        return self.session.say("SELECT count(*) FROM pg_locks WHERE relation = 'pawl.journal'::regclass "
                                "AND NOT granted") != "0"

    def submit(self, action, /, **params):
        """A call that may take long: a future of its answer."""
        return self.pool.submit(self.client.call, action, **params)

    def start_later(self, machine, name, **params):
        return self.submit("StartExecution", stateMachineArn=machine, name=name, **params)

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.client.get("/metrics").body.decode(), re.M)
        return float(found.group(1)) if found else 0

    def waiting(self, number):
        wait_for(lambda: self.metric("pawl_starts_waiting") >= number, what=f"{number} starts to wait")

    def names(self, machine):
        """Of the executions of the machine that are stored."""
        name = machine.rpartition(":")[2]
        rows = self.session.say("SELECT e.name FROM pawl.execution e JOIN pawl.machine m ON m.id = e.machine_id "
                                f"WHERE m.name = '{name}' ORDER BY 1")
        return rows.split("\n") if rows else []

    def rss(self):
        text = open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024


@check("while PostgreSQL stands still starts are refused, the rest waits or answers, and nothing is lost")
def _():
    with Stalled(start_delay="100ms") as world:
        client = world.client
        machine = client.create("flood", PASS)
        callback = client.create("callback", CALLBACK)
        known = client.run(machine)["executionArn"]
        answered, stopped = client.start(callback), client.start(callback)
        token = token_of(client, answered)
        world.stand_still()
        futures = {f"early-{n}": world.start_later(machine, f"early-{n}", input=json.dumps("x" * 10000))
                   for n in range(40)}

        def refused():
            name = f"probe-{len(futures)}"
            futures[name] = world.start_later(machine, name)
            done, _ = concurrent.futures.wait([futures[name]], timeout=0.2)
            return done and futures[name].exception()
        error = wait_for(refused, what="a start to be refused")
        equal((error.status, error.code, error.message), (400, "ThrottlingException", "Rate exceeded"))
        answer = client.raw("StartExecution", json.dumps({"stateMachineArn": machine, "name": "never-0"}).encode())
        equal(answer.status, 400)
        equal(int(answer.headers["Retry-After"]) >= 1, True, "Retry-After")
        contains(answer.json()["reason"], "start_delay")
        # what is on its way already is not refused: it waits
        late = [world.submit("SendTaskSuccess", taskToken=token, output='"yes"'),
                world.submit("StopExecution", executionArn=stopped)]
        before = world.rss()
        for number in range(1, 400):
            client.refuses("StartExecution", "ThrottlingException", "Rate exceeded", stateMachineArn=machine,
                           name=f"never-{number}", input=json.dumps("x" * 200000))
            if number % 20 == 0:
                equal(client.describe(known)["status"], "SUCCEEDED")
        if not pawltest.is_sanitized():     # else what was freed is kept for a while
            at_most(world.rss() - before, 40 << 20, "bytes more after 80 MB were refused")
        equal([f.result() for f in late if f.done()], [], "answers before the commit")
        equal(world.metric('pawl_starts_refused_total{reason="delay"}') >= 400, True, "the counter")
        world.go_on()
        acknowledged = set()
        for name, future in futures.items():
            error = future.exception(pawltest.PATIENCE)
            if error is None:
                equal(future.result()["executionArn"].rpartition(":")[2], name)
                acknowledged.add(name)
            else:
                equal(error.code, "ThrottlingException", f"how {name} was refused")
        for future in late:
            future.result(pawltest.PATIENCE)
        equal(client.wait(answered)["output"], '"yes"')
        equal(client.wait(stopped)["status"], "ABORTED")
        stored = world.names(machine)
        equal(len(stored), len(set(stored)), "executions, each once")
        equal(set(stored) - {known.rpartition(":")[2]}, acknowledged, "what is stored, for what was acknowledged")
        equal(client.run(machine)["status"], "SUCCEEDED")


@check("a machine that wants all the places leaves some to the others, and its own children are not held up by it")
def _():
    with Stalled(start_queue="20") as world:
        client = world.client
        greedy, modest = client.create("greedy", PASS), client.create("modest", PASS)
        parent = client.create("parent", {"StartAt": "A", "States": {"A": {
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": True,
            "Parameters": {"StateMachineArn": greedy}}}})
        world.stand_still()
        futures = [world.start_later(greedy, f"g{n}") for n in range(10)]
        world.waiting(10)
        error = client.refuses("StartExecution", "ThrottlingException", stateMachineArn=greedy)
        contains(error.body["reason"], "start_queue")
        futures += [world.start_later(modest, f"m{n}") for n in range(3)]
        nested = world.start_later(parent, "p")
        world.waiting(14)
        world.go_on()
        for future in futures:
            future.result(pawltest.PATIENCE)
        equal((len(world.names(greedy)) >= 10, len(world.names(modest))), (True, 3), "stored")
        equal(client.wait(nested.result(pawltest.PATIENCE)["executionArn"])["status"], "SUCCEEDED")


@check("the aws command and the SDK for JavaScript try a refused start again by themselves")
def _():
    folder = pawltest.npm_folder(JS, "js-client")
    with Stalled(start_queue="2") as world:
        machine = world.client.create("busy", PASS)
        world.stand_still()
        first = world.start_later(machine, "first")
        world.waiting(1)
        by_cli = world.pool.submit(awscli.answer, world.daemon.url, "stepfunctions", "start-execution",
                                   "--state-machine-arn", machine, "--name", "by-cli", attempts=30)
        by_sdk = world.pool.submit(subprocess.run, ["node", "throttled.mjs", world.daemon.url, machine], cwd=folder,
                                   check=True, stdout=subprocess.PIPE, text=True)
        wait_for(lambda: world.metric('pawl_starts_refused_total{reason="queue"}') >= 4,
                 what="both to be refused and to come back")
        world.go_on()
        first.result(pawltest.PATIENCE)
        contains(by_cli.result(pawltest.PATIENCE)["executionArn"], ":by-cli")
        equal(int(by_sdk.result(pawltest.PATIENCE).stdout) > 1, True, "more than one attempt")
        equal(world.names(machine), ["by-cli", "by-sdk", "first"], "stored")


@check("a pawld with all the memory that it may have starts nothing, and starts again when there is less to keep")
def _():
    if pawltest.is_sanitized():
        raise pawltest.Skip("sanitizers keep what was freed")
    with Stalled(max_memory="64 MiB", hibernate_after="1h") as world:
        machine, modest = world.client.create("large", WAIT), world.client.create("modest", PASS)
        runs = []

        def refused():
            try:
                runs.append(world.client.start(machine, json.dumps("x" * 4000000)))
            except pawltest.ApiError as error:
                equal(error.code, "ThrottlingException")
                contains(error.body["reason"], "max_memory")
                return True
            return False
        wait_for(refused, what="a start to be refused", interval=0)
        at_most(len(runs), 200, "executions of 4 MB")
        world.client.refuses("StartExecution", "ThrottlingException", stateMachineArn=modest)
        for run in runs:
            world.client.call("StopExecution", executionArn=run)

        def started():
            try:
                return world.client.start(modest)
            except pawltest.ApiError as error:
                equal(error.code, "ThrottlingException")
                return None
        equal(world.client.wait(wait_for(started, what="a start to be taken"))["status"], "SUCCEEDED")


def send_and_hang_up(client, action, **params):
    body = json.dumps(params, ensure_ascii=False).encode()
    with socket.create_connection((client.host, client.port)) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: {client.host}\r\nX-Amz-Target: AWSStepFunctions.{action}\r\n"
                           "Content-Type: application/x-amz-json-1.0\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


INBOX = 128 << 20


@check("answers of clients that hang up are kept until there are too many of them, whatever they are made of")
def _():
    kinds = {"SendTaskSuccess": (100, {"output": json.dumps([1] * 80000)}),
             "SendTaskFailure": (1300, {"error": "E", "cause": "\U0001f980" * 32000})}
    for action, (count, params) in kinds.items():
        with Stalled() as world:
            client = world.client
            run = client.start(client.create("callback", CALLBACK))
            token = token_of(client, run)
            world.stand_still()
            first = world.submit("SendTaskSuccess", taskToken=token, output='"first"')
            wait_for(world.is_stuck, what="its record to be on its way")
            before = world.rss()
            for _ in range(count):
                send_and_hang_up(client, action, taskToken=token, **params)
            counter = f'pawl_http_requests_total{{action="{action}"}}'
            wait_for(lambda w=world, c=counter: w.metric(c) >= count, what="all to be read")
            refused = client.refuses("SendTaskSuccess", "ServiceUnavailable", taskToken=token, output="1")
            equal(refused.status, 503)
            client.refuses("StopExecution", "ServiceUnavailable", executionArn=run)
            at_most(abs(world.metric("pawl_inbox_bytes") - INBOX), 4 << 20, "bytes beside the bound")
            if not pawltest.is_sanitized():
                at_most(world.rss() - before, INBOX + (80 << 20), f"bytes more after {count} {action}")
            world.go_on()
            first.result(pawltest.PATIENCE)
            equal(client.wait(run)["output"], '"first"')
            wait_for(lambda w=world: w.metric("pawl_inbox_bytes") == 0, what="all to be told")
            client.refuses("SendTaskSuccess", "TaskTimedOut", taskToken=token, output="1")


def throttle(text):
    return f"throttle = {text}\n"


@check("the buckets of throttle refuse as AWS does, for each action or each machine, and SIGHUP changes them")
def _():
    config = throttle('{ StartExecution = { bucket = 2, refill = 0.01, each = "machine" }, '
                      'ListExecutions = { bucket = 1, refill = 0.01 } }')
    with pawltest.Pawld(database=pawltest.Postgres().new_database(), config=config) as daemon:
        client = daemon.client()
        one, other = client.create("one", PASS), client.create("other", PASS)
        for machine in (one, other):
            for _ in range(2):
                client.run(machine)
            client.refuses("StartExecution", "ThrottlingException", "Rate exceeded", stateMachineArn=machine)
        client.call("ListExecutions", stateMachineArn=one)
        answer = client.raw("ListExecutions", json.dumps({"stateMachineArn": other}).encode())
        equal(answer.status, 400)
        equal(answer.headers["x-amzn-errortype"], "ThrottlingException")
        equal(90 <= int(answer.headers["Retry-After"]) <= 101, True, "Retry-After")
        contains(client.get("/metrics").body.decode(), 'pawl_calls_throttled_total{action="StartExecution"} 2')
        daemon.config_path.write_text(throttle("{}"), encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration read again" in daemon.log(), what="the configuration to be read")
        client.run(one)


CHAIN = {"StartAt": "S1", "States": {f"S{n}": {"Type": "Pass", **({"Next": f"S{n + 1}"} if n < 100 else {"End": True})}
                                     for n in range(1, 101)}}
BUCKET, REFILL = 20, 50


def entered(client, execution):
    """Milliseconds at which each state was entered, in the order of the history."""
    return [event["timestamp"] * 1000 for event in client.history(execution) if event["type"] == "PassStateEntered"]


def check_pace(times, what):
    """No more than the bucket and what came into it, from any of them on (the clock of events has milliseconds)."""
    for begin, at in enumerate(times):
        for number, until in enumerate(times[begin:], 1):
            if number > BUCKET + 2 + (until - at) * REFILL / 1000:
                raise AssertionError(f"{what}: {number} states in {until - at:.0f} ms")


def held(client):
    found = re.search(r"^pawl_executions_held (\d+)$", client.get("/metrics").body.decode(), re.M)
    return int(found.group(1))


@check("an execution waits when the bucket StateTransition is empty; calls are served, a stop stops, and a crash loses nothing")
def _():
    config = throttle(f"{{ StateTransition = {{ bucket = {BUCKET}, refill = {REFILL} }} }}")
    with pawltest.Pawld(database=pawltest.Postgres().new_database(), config=config) as daemon:
        client = daemon.client()
        machine = client.create("chain", CHAIN)
        runs = [client.start(machine) for _ in range(2)]
        wait_for(lambda: held(client) == 2, what="both to be held")
        slowest = 0
        for _ in range(50):
            began = time.monotonic()
            equal(client.describe(runs[0])["status"], "RUNNING")
            slowest = max(slowest, time.monotonic() - began)
        at_most(slowest, 1, "seconds of DescribeExecution")
        stopped = client.start(machine)
        wait_for(lambda: held(client) == 3, what="the third one to be held")
        client.call("StopExecution", executionArn=stopped)
        equal(client.wait(stopped)["status"], "ABORTED")
        contains(client.get("/metrics").body.decode(), 'pawl_executions_throttled_total{machine="chain"}')
        daemon.kill()
        daemon.start()
        client = daemon.client()
        for run in runs:
            equal(client.wait(run)["status"], "SUCCEEDED")
        times = [entered(client, run) for run in runs]
        equal([len(one) for one in times], [100, 100], "states")
        # the bucket is full again after the restart
        together = sorted(times[0] + times[1])
        at_most(((200 - 2 * BUCKET) / REFILL - 1) * 1000, together[-1] - together[0], "ms that 200 states take")
        wait_for(lambda: held(client) == 0, what="none to be held")


@check("each machine may have its bucket of StateTransition, and SIGHUP lets those go that wait")
def _():
    config = throttle(f'{{ StateTransition = {{ bucket = {BUCKET}, refill = {REFILL}, each = "machine" }} }}')
    with pawltest.Pawld(database=pawltest.Postgres().new_database(), config=config) as daemon:
        client = daemon.client()
        busy, other, short = client.create("busy", CHAIN), client.create("other", CHAIN), client.create("short", PASS)
        alone = client.run(other)
        times = entered(client, alone["executionArn"])
        check_pace(times, "one execution")
        at_most(times[-1] - times[0], 20000, "ms")
        runs = [client.start(busy) for _ in range(50)]
        wait_for(lambda: held(client) == 50, what="all to be held")
        began = time.monotonic()
        equal(client.run(short)["status"], "SUCCEEDED")
        at_most(time.monotonic() - began, 10, "seconds of another machine's execution")
        # 5,000 states would take 100 seconds
        daemon.config_path.write_text(throttle("{}"), encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        for run in runs:
            equal(client.wait(run, 30)["status"], "SUCCEEDED")
        equal(held(client), 0)


@check("a mistake in throttle is told before pawld starts")
def _():
    for text, part in (("{ StartExekution = { bucket = 1, refill = 1 } }", 'no action "StartExekution"'),
                       ("{ StopExecution = { bucket = 1 } }", "must have a number refill")):
        daemon = pawltest.Pawld(start=False, config=throttle(text))
        done = subprocess.run([*daemon.command(), "--check-config"], check=False, capture_output=True, text=True)
        equal(done.returncode, 2, "exit status")
        contains(done.stderr, part)


if __name__ == "__main__":
    pawltest.main()
