#!/usr/bin/python3
"""test_fairness - one execution that takes all it can get leaves room for the others."""

import concurrent.futures
import re
import subprocess

import pawltest
from pawltest import check, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
ENDLESS = {"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Choice", "Choices": [{"Variable": "$.go", "BooleanEquals": True, "Next": "A"}],
          "Default": "C"},
    "C": {"Type": "Succeed"}}}
NAP = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "P"},
                                  "P": {"Type": "Parallel", "End": True, "Branches": [
                                      {"StartAt": "X", "States": {"X": {"Type": "Wait", "Seconds": 1,
                                                                        "End": True}}},
                                      {"StartAt": "Y", "States": {"Y": {"Type": "Pass",
                                                                        "End": True}}}]}}}

# Sleeps before each item, and has one large result more each time.
SLEEPER = {"StartAt": "M", "States": {"M": {
    "Type": "Map", "MaxConcurrency": 1, "ResultPath": None, "End": True, "ItemProcessor": {
        "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
                                   "P": {"Type": "Pass", "Result": "x" * 5000, "End": True}}}}}}


def at_least(got, least, what):
    if got < least:
        raise AssertionError(f"{what}: {got} is less than {least}")


@check("a loop without an end is stopped like any other, and others run meanwhile")
def _():
    with pawltest.Pawld(log_level="info") as daemon:
        client = daemon.client()
        loop = client.start(client.create("endless", ENDLESS), {"go": True})
        machine = client.create("short", PASS)
        for number in range(5):
            equal(client.run(machine, {"n": number})["status"], "SUCCEEDED")
        equal(client.describe(loop)["status"], "RUNNING")
        client.call("StopExecution", executionArn=loop, error="Enough")
        ended = client.wait(loop)
        equal((ended["status"], ended["error"]), ("ABORTED", "Enough"))


@check("a machine whose executions fill the writer's line lets a record of another one pass")
def _():
    if pawltest.is_sanitized():
        raise pawltest.Skip("the check of each commit reads what it waits for, and the line is never full")
    count = 40
    with pawltest.Pawld(log_level="info", start_delay="1h", max_memory="16 GiB") as daemon:
        client = daemon.client()
        endless, short = client.create("endless", ENDLESS), client.create("short", PASS)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            clients = [daemon.client() for _ in range(count)]
            list(pool.map(lambda c: c.start(endless, {"go": True}), clients))

        def records():
            return float(re.search(r"^pawl_records_total (\S+)$", client.get("/metrics").body.decode(), re.M).group(1))
        wait_for(lambda: records() > 2 * count, what="all to go on")
        passed = []
        for _ in range(7):
            before = records()
            client.start(short)
            passed.append(records() - before)
        # one after the other each of the 40 would have been before it, each time
        equal(min(passed) < count / 2, True, f"{passed} records before the one of another machine")
        daemon.kill()


@check("executions that are about to hibernate when their time comes neither sleep nor spin")
def _():
    with pawltest.Pawld(log_level="info", hibernate_after="0s") as daemon:
        client = daemon.client()
        machine = client.create("nap", NAP)
        arns = [client.start(machine, {}) for _ in range(20)]
        wait_for(lambda: all(client.describe(arn)["status"] == "SUCCEEDED" for arn in arns),
                 what="all naps to end")


@check("an execution that sleeps often does not fill the journal with snapshots of itself")
def _():
    with pawltest.Pawld(log_level="debug", hibernate_after="0s") as daemon:
        client = daemon.client()
        equal(client.run(client.create("sleeper", SLEEPER), list(range(7)))["status"], "SUCCEEDED")
        at_least(daemon.log().count("hibernates"), 5, "times it slept")
        at_least(daemon.log().count("loaded from"), 5, "times it woke up")
        database = re.search(r'psql "([^"]+)"', daemon.log()).group(1)
        records, snapshots = subprocess.run(
            [f"{pawltest.postgres_bin()}/psql", "-XAtF ", "-d", database, "-c",
             "SELECT sum(octet_length(record)) FILTER (WHERE NOT snapshot),"
             " sum(octet_length(record)) FILTER (WHERE snapshot) FROM pawl.journal"],
            check=True, capture_output=True, text=True).stdout.split()
        at_least(int(records), int(snapshots), "bytes of records, for those of snapshots")


if __name__ == "__main__":
    pawltest.main()
