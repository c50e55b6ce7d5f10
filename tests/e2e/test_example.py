#!/usr/bin/python3
"""test_example - the example account-opening does what its README says."""

import os
import subprocess

import pawltest
from pawltest import check, contains, equal

RUN = pawltest.SOURCE / "docs" / "examples" / "account-opening" / "run"


def run(*words):
    pawltest.need_pawld()
    return subprocess.run(["/usr/bin/python3", RUN, *words], check=False, capture_output=True,
                          text=True, timeout=120, cwd="/",
                          env={**os.environ, "PAWL_BUILD": str(pawltest.BUILD)})


def in_order(text, *parts):
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"no {part!r} after place {at} of {text}"
        at = found + len(part)


@check("an account is opened")
def _():
    done = run()
    equal(done.returncode, 0, done.stdout + done.stderr)
    in_order(done.stdout, "CheckApplicant", "CheckName", "Score", "Decide", "CoolingOff",
             "OpenAccount", "Opened", "ExecutionSucceeded", '"decision":"opened"')
    contains(done.stdout, "CheckAddress")


@check("services that fail at first are asked again")
def _():
    done = run("--faults")
    equal(done.returncode, 0, done.stdout + done.stderr)
    equal(done.stdout.count("CheckName: States.Http.StatusCode.503"), 2, "failures of CheckName")
    equal(done.stdout.count("CheckAddress: States.Timeout"), 1, "time-outs of CheckAddress")
    contains(done.stdout, '"decision":"opened"')


@check("a service that stays away ends in a polite refusal")
def _():
    done = run("--outage")
    equal(done.returncode, 0, done.stdout + done.stderr)
    in_order(done.stdout, "CheckAddress: States.Http.StatusCode.50", "RefusePolitely", "Refused",
             '"decision":"refused"', "We are sorry")


pawltest.main()
