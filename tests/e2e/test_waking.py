#!/usr/bin/python3
"""test_waking - more executions that are to go on than memory should hold: they are loaded in turn, and none waits for ever."""

import concurrent.futures
import json
import re
import time

import pawltest
from pawltest import check, equal, wait_for

LARGE = "x" * 100000
MANY = 1500
BOUND = "64 MiB"
MOST = 300 << 20    # of pawld, when all at once would take 560
AGAIN = {"StartAt": "Until", "States": {
    "Until": {"Type": "Wait", "TimestampPath": "$.until", "Next": "On"},
    "On": {"Type": "Pass", "Result": True, "ResultPath": "$.on", "Next": "Long"},
    "Long": {"Type": "Wait", "Seconds": 1000000, "End": True}}}
UNTIL = {"StartAt": "Until", "States": {"Until": {"Type": "Wait", "TimestampPath": "$.until", "End": True}}}
ONCE = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Result": "done", "End": True}}}
AWAKE = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": "arn:pawl:states:::echo:say", "TimeoutSeconds": 20, "End": True,
    "Parameters": {"Never": True, "data.$": "$"}}}}


def most_memory(daemon):
    text = open(f"/proc/{daemon.process.pid}/status", encoding="ascii").read()
    return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) * 1024


def check_memory(daemon):
    if not pawltest.is_sanitized() and most_memory(daemon) > MOST:
        raise AssertionError(f"pawld had {most_memory(daemon) >> 20} MiB of memory")


def metric(client, name):
    found = re.search(rf"^{name} (\S+)$", client.get("/metrics").body.decode(), re.M)
    return float(found.group(1)) if found else 0


def timestamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class World:
    """A pawld whose executions sleep as soon as they can; after again() no sooner than usual."""

    def __init__(self, **options):
        self.postgres = pawltest.Postgres()
        self.database = self.postgres.new_database()
        self.daemon = pawltest.Pawld(database=self.database, log_level="info", hibernate_after="0s", **options)
        self.client = self.daemon.client()

    def number(self, statement):
        return int(self.postgres.sql(f"SELECT count(*) FROM pawl.{statement}", self.database.rpartition("dbname=")[2]))

    def start_many(self, machine, count, text):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [self.daemon.client() for _ in range(8)]
            list(pool.map(lambda n: clients[n % 8].start(machine, text), range(count)))
            for client in clients:
                client.close()

    def stop(self):
        self.client.close()
        self.daemon.kill()

    def again(self, **options):
        self.daemon.options |= {"hibernate_after": "10s", "max_memory": BOUND, **options}
        self.daemon.start()
        self.client = self.daemon.client()


@check("sleepers that are due together are loaded as memory allows, and make room again")
def _():
    world = World()
    machine = world.client.create("again", AGAIN)
    due = time.time() + 20
    world.start_many(machine, MANY, json.dumps({"until": timestamp(due), "data": LARGE}))
    wait_for(lambda: world.number("open_execution WHERE wake_at IS NOT NULL") == MANY, what="all to sleep")
    world.stop()
    wait_for(lambda: time.time() > due, 60, "all to be due")
    world.again()
    wait_for(lambda: world.number(f"open_execution WHERE wake_at > {int(due) + 900000}000") == MANY,
             2 * pawltest.PATIENCE, "all to sleep again")
    equal(metric(world.client, "pawl_waking_full_total") > 0, True, "some had to wait for room")
    wait_for(lambda: metric(world.client, "pawl_executions_waking") == 0, what="none to be counted any more")
    equal(metric(world.client, "pawl_executions_to_load"), 0)
    check_memory(world.daemon)
    world.stop()


@check("executions that SQL started while pawld was away begin in turn")
def _():
    world = World()
    world.client.create("once", ONCE)
    world.stop()
    world.postgres.sql(f"SELECT count(pawl.start_execution('once', to_json(repeat('x', {len(LARGE)}))::text))"
                       f" FROM generate_series(1, {MANY})", world.database.rpartition("dbname=")[2])
    world.again()
    wait_for(lambda: world.number("execution WHERE status = 'SUCCEEDED'") == MANY, 2 * pawltest.PATIENCE, "all to end")
    wait_for(lambda: metric(world.client, "pawl_executions_waking") == 0, what="none to be counted any more")
    check_memory(world.daemon)
    world.stop()


@check("memory that is full of executions whose tasks go on keeps no timer from firing")
def _():
    if pawltest.is_sanitized():
        raise pawltest.Skip("sanitizers keep what was freed")
    world = World()
    until, awake, once = (world.client.create(name, definition) for name, definition
                          in (("until", UNTIL), ("awake", AWAKE), ("once", ONCE)))
    due = time.time() + 10
    world.start_many(until, 300, json.dumps({"until": timestamp(due)}))
    wait_for(lambda: world.number("open_execution WHERE wake_at IS NOT NULL") == 300, what="all to sleep")
    world.stop()
    world.again()
    running = []

    def full():
        try:
            running.append(world.client.start(awake, json.dumps("x" * 1000000)))
            return False
        except pawltest.ApiError as error:
            return error.code == "ThrottlingException"
    wait_for(full, what="memory to be full", interval=0)
    wait_for(lambda: world.number("execution WHERE status = 'SUCCEEDED'") == 300, what="those that slept to end")
    world.client.refuses("StartExecution", "ThrottlingException", stateMachineArn=once)
    for run in running:
        equal(world.client.wait(run)["status"], "FAILED")
    wait_for(lambda: metric(world.client, "pawl_executions_waking") == 0, what="none to be counted any more")
    world.stop()


if __name__ == "__main__":
    pawltest.main()
