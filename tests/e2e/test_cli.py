#!/usr/bin/python3
"""test_cli - the command pawl: with a server, without one, and its exit codes."""

import functools
import json
import os
import pathlib
import subprocess
import tempfile
import threading

import pawltest
from pawltest import Skip, check, contains, equal

FOLDER = tempfile.TemporaryDirectory(prefix="pawl-cli.")
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
                          activity_poll="500ms",
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
    for command in ("validate", "run", "create", "start", "list", "show", "history", "stop", "logs",
                    "task", "activity"):
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


def written(name, text):
    """The path of a file of that name with the text: bytes, or UTF-8."""
    path = pathlib.Path(FOLDER.name) / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def refused(name, text, *words):
    """What validate prints about the file, which is no good definition."""
    done = pawl("validate", *words, written(name, text))
    equal((done.returncode, done.stderr), (1, ""))
    return done.stdout.replace(FOLDER.name + "/", "")


MISSPELT = """\
{
  "StartAt": "Pya",
  "States": {
\t"Pay": {"Type": "Pass", "Nxt": "Ship", "Next": "Skip"},
    "Ship": {"Type": "Succeed"}
  }
}
"""


@check("validate shows the line, a caret and what was meant")
def _():
    equal(refused("m.asl.json", MISSPELT), """\
m.asl.json:2:14: error: MISSING_TRANSITION_TARGET: Missing 'Next' target: Pya at /StartAt
    2 |   "StartAt": "Pya",
      |              ^~~~~
      = did you mean 'Pay'?
m.asl.json:4:26: error: SCHEMA_VALIDATION_FAILED: Field 'Nxt' is not supported at /States/Pay
    4 |     "Pay": {"Type": "Pass", "Nxt": "Ship", "Next": "Skip"},
      |                             ^~~~~
      = did you mean 'Next'?
m.asl.json:4:49: error: MISSING_TRANSITION_TARGET: Missing 'Next' target: Skip at /States/Pay/Next
    4 |     "Pay": {"Type": "Pass", "Nxt": "Ship", "Next": "Skip"},
      |                                                    ^~~~~~
      = did you mean 'Ship'?
""")


@check("what validate tells editors has lines and columns, and nothing where there is none")
def _():
    told = json.loads(refused("m.asl.json", MISSPELT, "--json"))
    equal(told["result"], "FAIL")
    equal(told["diagnostics"][1],
          {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED",
           "message": "Field 'Nxt' is not supported", "location": "/States/Pay", "line": 4,
           "column": 26, "endLine": 4, "endColumn": 31, "suggestion": "Next"})
    loop = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}
    equal(json.loads(refused("loop.json", json.dumps(loop), "--json"))["diagnostics"],
          [{"severity": "ERROR", "code": "MISSING_END_STATE",
            "message": "Workflow has no terminal state"}])
    broken, = json.loads(refused("b.json", '{"a":\n tru}', "--json"))["diagnostics"]
    equal([broken[k] for k in ("code", "line", "column", "endLine", "endColumn")],
          ["INVALID_JSON_DESCRIPTION", 2, 2, 2, 5])
    equal(json.loads(pawl("validate", "--json", definition("PASS")).stdout),
          {"result": "OK", "diagnostics": []})


@check("a file that is no definition is told in a sentence, and moves no cursor")
def _():
    contains(refused("empty.json", ""), "empty.json:1:1: error: INVALID_JSON_DESCRIPTION: The file is empty\n")
    contains(refused("latin.json", b'{"a":"\xe9\x1b"}'), """\
latin.json:1:7: error: INVALID_JSON_DESCRIPTION: The file is not UTF-8: byte 0xe9
    1 | {"a":"\\xe9\\x1b"}
      |       ^~~~
""")
    hostile = {"StartAt": "\x1b[2J\u202e", "States": {"\x1b]0;x\x07": {"Type": "Succeed"}}}
    for text in (refused("h.json", json.dumps(hostile, ensure_ascii=False)),
                 refused("h.yaml", "a: b\x1b[2J")):
        equal([c for c in text if c != "\n" and not c.isprintable()], [])
    contains(refused("deep.json", "[" * 2000), "nesting depth (1001) exceeds")
    done = pawl("validate", FOLDER.name)
    equal((done.returncode, done.stdout), (1, ""))
    contains(done.stderr, "Is a directory")
    with open(FOLDER.name + "/huge.json", "wb") as f:
        f.truncate((64 << 20) + 1)
    done = pawl("validate", FOLDER.name + "/huge.json")
    equal(done.returncode, 1)
    contains(done.stderr, "larger than 64 MiB")


@check("a long line is shown around the problem")
def _():
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Comment": "x" * 5000, "Next": "B",
                                                "Result": "y" * 5000}}}
    lines = refused("long.json", json.dumps(machine, separators=(",", ":"))).splitlines()
    contains(lines[0], "long.json:1:")
    contains(lines[1], '"Next":"B"')
    equal([len(line) < 120 for line in lines[1:]], [True] * (len(lines) - 1))
    equal(lines[1][lines[2].index("^"):][:3], '"B"')


YAML = """\
StartAt: Wait   # a comment
States:
  Wait: &wait
    Type: Wait
    Seconds: 1
    Next: Done
  Again: {<<: *wait, Type: Pass}
  Done:
    Type: Pass
    Result: {answer: yes, n: 0x10}
    End: true
"""


@check("definitions in YAML and with comments are validated, run and created as JSON")
def _():
    commented = """\
    { // a pass
      "StartAt": "A", /* and
      nothing else */ "States": {"A": {"Type": "Pass", "Result": "//x", "End": true,},},
    }"""
    good = YAML.replace("  Again: {<<: *wait, Type: Pass}\n", "")
    done = pawl("run", written("good.yaml", good))
    equal((done.returncode, done.stdout), (0, '{"answer":"yes","n":16}\n'))
    done = pawl("run", "-", given=good)
    equal((done.returncode, done.stdout), (0, '{"answer":"yes","n":16}\n'))
    done = pawl("run", written("c.json", commented))
    equal((done.returncode, done.stdout), (0, '"//x"\n'))
    served("create", "yaml", written("good.yml", good))
    equal(json.loads(json.loads(served("show", "yaml", "--json"))["definition"])["States"]["Done"],
          {"Type": "Pass", "Result": {"answer": "yes", "n": 16}, "End": True})
    served("create", "commented", written("c.jsonc", commented))
    equal(json.loads(json.loads(served("show", "commented", "--json"))["definition"]),
          {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "//x", "End": True}}})
    contains(pawl("validate", written("c.json", commented)).stdout, "note: it has comments")
    equal(pawl("validate", written("c.jsonc", commented)).stdout, f"{FOLDER.name}/c.jsonc: OK\n")
    done = pawl("validate", written("mark.json", b"\xef\xbb\xbf" + json.dumps(PASS).encode()))
    equal(done.returncode, 0)
    contains(done.stdout, "note: it begins with a byte order mark")


@check("problems in YAML stand where they were written")
def _():
    text = refused("m.yaml", YAML)
    contains(text, "m.yaml:5:5: error: SCHEMA_VALIDATION_FAILED: Field 'Seconds' is not supported")
    contains(text, "    5 |     Seconds: 1\n      |     ^~~~~~~\n")
    contains(text, 'm.yaml:7:3: error: MISSING_TRANSITION_TARGET: State "Again" is not reachable.')
    contains(refused("broken.yaml", "a: [1\nb: 2"), "broken.yaml:2:2: error: INVALID_YAML_DESCRIPTION: YAML: ")
    laughs = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 10}]\n" for i in range(1, 30))
    contains(refused("laughs.yaml", laughs), "Its aliases make it larger than 64 MiB")
    contains(refused("tag.yaml", "StartAt: !Ref A"), "The tag '!Ref' means nothing here")
    contains(refused("two.yaml", "a: 1\n---\na: 2"), "two.yaml:2:1: error")


@check("run and create tell the place of a problem on standard error")
def _():
    path = written("m.asl.json", MISSPELT)
    done = pawl("run", path)
    equal((done.returncode, done.stdout), (1, ""))
    contains(done.stderr, f"{path}:2:14: error: MISSING_TRANSITION_TARGET")
    path = written("broken.json", '{"StartAt":\n}')
    contains(served("create", "broken", path, code=1), f"{path}:2:1: error: INVALID_JSON_DESCRIPTION")
    contains(served("create", "broken", written("w.json", "{}"), code=1), "InvalidDefinition")


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


@check("activities and tasks are worked on by hand")
def _():
    arn = served("activity", "create", "by-hand").strip()
    contains(served("activity", "list"), "by-hand")
    client = daemon().client()
    machine = client.create("by-hand", {"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": arn, "End": True}}})

    def taken(*words):
        lines = dict(line.split(None, 1) for line in served("activity", "poll", *words).splitlines())
        return lines["token"], lines["input"]
    execution = client.start(machine, {"a": 1})
    token, given = taken("by-hand", "--worker", "me")
    equal(given, '{"a":1}')
    equal(served("task", "heartbeat", token), "")
    equal(served("task", "succeed", token, "-", given="[2]"), "")
    equal(client.wait(execution)["output"], "[2]")
    contains(served("task", "succeed", token, code=1), "TaskTimedOut")
    contains(served("task", "heartbeat", "x", code=1), "InvalidToken")
    execution = client.start(machine)
    served("task", "fail", taken(arn)[0], "--error", "No", "--cause", "because")
    equal(client.wait(execution)["error"], "No")
    equal(json.loads(served("activity", "poll", "by-hand", "--json", code=1)), {})
    served("activity", "delete", "by-hand")
    contains(served("activity", "poll", "by-hand", code=1), 'there is no activity "by-hand"')
    for wrong in (("task", "win", "x"), ("task", "succeed"), ("activity", "eat", "x"),
                  ("activity", "create", "x", "--worker", "y"), ("task", "heartbeat", "x", "--cause", "y")):
        served(*wrong, code=2)


pawltest.main()
