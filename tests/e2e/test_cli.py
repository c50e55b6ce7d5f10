#!/usr/bin/python3
"""test_cli - the command pawl: with a server, without one, and its exit codes."""

import functools
import json
import os
import subprocess
import threading

import pawltest
from pawltest import Skip, check, contains, equal

KEYS = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": 1}, "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E\x1b[31m",
                                         "Cause": "one\ntwo\x9b"}}}
TASK = {"StartAt": "Ask", "States": {
    "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "W",
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Sorry"}]},
    "W": {"Type": "Wait", "Seconds": 86400, "End": True},
    "Sorry": {"Type": "Pass", "Result": "sorry", "End": True}}}


@functools.cache
def daemon():
    """One with access keys, so that every call here is a signed one."""
    (key, secret), = KEYS.items()
    return pawltest.Pawld(database=pawltest.Postgres().new_database(), keys=KEYS,
                          config=f'access_keys = {{ {key} = "{secret}" }}\n')


def pawl(*words, given=None, **environment):
    path = pawltest.BUILD / "pawl"
    if not path.exists():
        raise Skip(f"needs {path}")
    (key, secret), = KEYS.items()
    variables = {**os.environ, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                 "TZ": "UTC", **environment}
    return subprocess.run([path, *words], check=False, capture_output=True, text=True, timeout=120,
                          input=given, env=variables)


def served(*words, code=0, **more):
    """What pawl prints, asked of the daemon; the exit code must be this one."""
    done = pawl(*words, "--endpoint-url", daemon().url, **more)
    if done.returncode != code:
        raise AssertionError(f"pawl {words}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout if code == 0 else done.stdout + done.stderr


@functools.cache
def definition(name):
    path = daemon().folder / f"{name}.asl.json"
    path.write_text(json.dumps(globals()[name]), encoding="utf-8")
    return str(path)


@check("a machine is created, listed, shown, updated")
def _():
    equal(served("create", "m", definition("PASS")), "created m\n")
    contains(served("list"), "STANDARD    m\n")
    contains(served("show", "m"), "status     ACTIVE\n")
    equal(json.loads(json.loads(served("show", "m", "--json"))["definition"]), PASS)
    equal(served("create", "m", definition("FAIL")), "updated m\n")
    equal(json.loads(json.loads(served("show", "m", "--json"))["definition"]), FAIL)


@check("an execution is started, waited for, shown; its failure is the exit code")
def _():
    served("create", "pass", definition("PASS"))
    done = json.loads(served("start", "pass", "--input", "[1, 2]", "--name", "e1", "--wait", "--json"))
    equal(done["status"], "SUCCEEDED")
    equal(done["input"], "[1, 2]")
    contains(served("show", "pass:e1"), 'output     {"x":1}\n')
    contains(served("show", done["executionArn"]), "status     SUCCEEDED\n")
    served("start", "pass", "--input", "-", "--name", "e2", given='{"from":"stdin"}')
    contains(served("show", "pass:e2"), 'input      {"from":"stdin"}\n')
    equal([line.split()[-1] for line in served("list", "pass").splitlines()], ["e2", "e1"])
    served("create", "fail", definition("FAIL"))
    served("start", "fail", "--wait", code=1)


@check("what others wrote moves no cursor of the reader's terminal")
def _():
    served("create", "fail", definition("FAIL"))
    served("start", "fail", "--name", "escape", "--wait", code=1)
    for text in (served("show", "fail:escape"), served("logs", "fail:escape")):
        contains(text, "E\\x1b[31m")
        contains(text, "one\\x0atwo\\x9b")
        equal([c for c in text if c != "\n" and not c.isprintable()], [])


@check("a history is a line an event, or JSON as the API gives it")
def _():
    served("create", "pass", definition("PASS"))
    served("start", "pass", "--name", "h", "--wait")
    lines = served("history", "pass:h").splitlines()
    equal([line.split()[2:4] for line in lines],
          [["1", "ExecutionStarted"], ["2", "PassStateEntered"], ["3", "PassStateExited"],
           ["4", "ExecutionSucceeded"]])
    events = json.loads(served("history", "pass:h", "--json"))["events"]
    equal(events, daemon().client().history(
        f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:execution:pass:h"))


@check("logs -f shows each event once and ends with the execution")
def _():
    served("create", "wait", definition("WAIT"))
    served("start", "wait", "--name", "followed")
    printed = []
    follower = threading.Thread(target=lambda: printed.append(served("logs", "-f", "wait:followed")))
    follower.start()
    contains(served("stop", "wait:followed", "--error", "Enough", "--cause", "of that"), "stopped")
    follower.join()
    lines = printed[0].splitlines()
    equal([line.split()[3] for line in lines],
          ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"])
    contains(lines[-1], "error=Enough cause=of that")
    contains(served("show", "wait:followed"), "status     ABORTED\n")


@check("errors of the API, mistakes and a server that is away have exit codes of their own")
def _():
    contains(served("show", "nobody", code=1), 'there is no state machine "nobody"')
    contains(served("show", "m:nobody", code=1), "ExecutionDoesNotExist: ")
    contains(served("list", code=1, AWS_SECRET_ACCESS_KEY="wrong"), "InvalidSignatureException")
    contains(served("list", code=1, AWS_ACCESS_KEY_ID=""), "MissingAuthenticationToken")
    equal(pawl("dance").returncode, 2)
    equal(pawl("start").returncode, 2)
    equal(pawl("start", "m", "--inptu", "{}").returncode, 2)
    equal(pawl("list", "--endpoint-url", "http://127.0.0.1:1").returncode, 3)
    equal(pawl("list", PAWL_ENDPOINT="http://127.0.0.1:1").returncode, 3)


@check("every command has help, and it names its options")
def _():
    usage = pawl("--help")
    equal(usage.returncode, 0)
    for command in ("validate", "run", "create", "start", "list", "show", "history", "stop", "logs"):
        contains(usage.stdout, f"  {command} ")
        done = pawl(command, "--help")
        equal(done.returncode, 0)
        contains(done.stdout, f"usage: pawl {command} ")


@check("validate tells problems with their place, without a server")
def _():
    equal(pawl("validate", definition("PASS")).returncode, 0)
    broken = pawl("validate", "-", given='{"States":{"A":{"Type":"Pass","End":true}}}')
    equal(broken.returncode, 1)
    contains(broken.stdout, "These fields are required: [StartAt] at /")
    told = json.loads(pawl("validate", "-", "--json", given="{}").stdout)
    equal(told["result"], "FAIL")
    equal(pawl("validate", "/nowhere.json").returncode, 1)


@check("run plays an execution without a server, jumping over its waits")
def _():
    done = pawl("run", definition("PASS"))
    equal((done.returncode, done.stdout), (0, '{"x":1}\n'))
    done = pawl("run", definition("TASK"), "--answer", 'Ask={"Payload":[1]}')
    equal((done.returncode, done.stdout), (0, '{"Payload":[1]}\n'))
    done = pawl("run", definition("TASK"), "--fail", "Ask=Broken")
    equal((done.returncode, done.stdout), (0, '"sorry"\n'))
    done = pawl("run", definition("TASK"), "--fail", "Ask=Other")
    equal(done.returncode, 1)
    contains(done.stderr, "execution FAILED: Other")
    done = pawl("run", definition("TASK"), "--answer", "Ask={}", "--history")
    contains(done.stdout, "WaitStateExited")
    equal(pawl("run", definition("PASS"), "--input", "{").returncode, 2)


pawltest.main()
