#!/usr/bin/python3
"""test_fairness - one execution that takes all it can get leaves room for the others."""

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


@check("executions that are about to hibernate when their time comes neither sleep nor spin")
def _():
    with pawltest.Pawld(log_level="info", hibernate_after="0s") as daemon:
        client = daemon.client()
        machine = client.create("nap", NAP)
        arns = [client.start(machine, {}) for _ in range(20)]
        wait_for(lambda: all(client.describe(arn)["status"] == "SUCCEEDED" for arn in arns),
                 what="all naps to end")


if __name__ == "__main__":
    pawltest.main()
