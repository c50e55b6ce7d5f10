#!/usr/bin/python3
"""test_misbehaving - a plugin that does everything wrong harms nobody but its own tasks: the others
go on, the log names it, and /metrics counts."""

import contextlib
import functools
import http.client
import re

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

RESOURCE = "arn:pawl:states:::misbehaving:do"
MODULE = pawltest.BUILD / "tests" / "e2e" / ".libs" / "misbehaving.so"


@functools.cache
def postgres():
    pawltest.need_pawld()
    return pawltest.Postgres()


def new_pawld(config=None, environment=None, start=True):
    """A pawld with the module beside the plugins of the tree."""
    if not MODULE.exists():
        raise Skip(f"needs {MODULE} (make check builds it)")
    daemon = pawltest.Pawld(postgres().new_database(), config=config, environment=environment,
                            start=False)
    (daemon.folder / "plugins" / "misbehaving.so").symlink_to(MODULE)
    return daemon.start() if start else daemon


@functools.cache
def daemon():
    return new_pawld()


def do(word, resource=RESOURCE, **state):
    return {"Type": "Task", "Resource": resource, "Parameters": {"Do": word}, "End": True, **state}


def machine_of(state, name="Do"):
    return {"StartAt": name, "States": {name: state}}


def run(word, **state):
    client = daemon().client()
    name = re.sub("[^a-z]", "-", word) + f"-{len(state)}"
    return client.run(client.create(name, machine_of(do(word, **state))))


def metric(name, **labels):
    """The value of a sample, 0 when it is not there."""
    wanted = name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    for line in daemon().client().get("/metrics").body.decode().splitlines():
        if line.startswith(wanted + " "):
            return float(line.rpartition(" ")[2])
    return 0.0


def dropped(reason):
    return metric("pawl_plugin_answers_dropped_total", plugin="misbehaving", reason=reason)


def succeeds(description):
    equal((description["status"], description.get("output")), ("SUCCEEDED", '"fine"'), "outcome")


def all_is_well():
    """Other plugins, the API and the plugin itself work."""
    client = daemon().client()
    echo = client.create("echo", machine_of({"Type": "Task", "End": True,
                                             "Resource": "arn:pawl:states:::echo:say",
                                             "Parameters": {"Output": "fine"}}))
    succeeds(client.run(echo))
    succeeds(run("fine"))
    equal(client.get("/health").status, 200, "/health")


@check("of two answers the first counts, the others are dropped and counted")
def _():
    before = dropped("closed")
    succeeds(run("twice"))
    equal(dropped("closed") - before, 2, "dropped answers")
    contains(daemon().log(), "plugin misbehaving: an answer to task ")
    all_is_well()


@check("an answer after the time-out is dropped, one that never comes is none")
def _():
    before = dropped("closed")
    for word in ("late", "never"):
        equal(run(word, TimeoutSeconds=1)["error"], "States.Timeout", word)
    wait_for(lambda: dropped("closed") - before == 1, what="the late answer to be dropped")
    all_is_well()


@check("answers to tasks that do not exist, or are another plugin's, reach nobody")
def _():
    before = dropped("unknown"), dropped("foreign")
    succeeds(run("wrong-ids"))
    equal(dropped("unknown") - before[0], 3, "dropped answers")
    client = daemon().client()
    echo = {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", "End": True,
            "Parameters": {"Output": "echo", "DelayMs": 300}}
    both = {"Type": "Parallel", "End": True, "Branches": [machine_of(echo, "Echo"),
                                                           machine_of(do("foreign"))]}
    equal(client.run(client.create("foreign", machine_of(both, "Both")))["output"], '["echo","fine"]')
    equal(dropped("foreign") - before[1], 1, "dropped answers")
    all_is_well()


@check("an answer that is no JSON, or no answer, fails the task with a cause that names the plugin")
def _():
    words = {"garbage": "The plugin misbehaving answered with a text that is not JSON: ",
             "deeper-text": "The plugin misbehaving answered with a text that is not JSON: "}
    for word in ("no-result", "disorder", "unfinished", "nan"):
        words[word] = "The plugin misbehaving answered without a result"
    for word, cause in words.items():
        failed = run(word)
        equal(failed["error"], "States.Runtime", word)
        contains(failed["cause"], cause)
    for what in ("an end of nothing", "an object or array without its end",
                 "a number that is infinite, or none"):
        contains(daemon().log(), "plugin misbehaving makes a document that is no JSON: " + what)
    all_is_well()


@check("an answer that is too large or nested too deep fails the task")
def _():
    for word in ("large", "deep"):
        failed = run(word)
        equal((failed["status"], failed["error"]), ("FAILED", "States.DataLimitExceeded"), word)
    all_is_well()


@check("submitted is dropped where nobody waits for it")
def _():
    before = dropped("not_waited")
    succeeds(run("submit"))
    equal(dropped("not_waited") - before, 1, "dropped answers")


@check("questions that make no sense have answers that mean nothing")
def _():
    succeeds(run("ask-nonsense"))
    contains(daemon().log(), "plugin misbehaving asks for the option no-such-option")
    all_is_well()


@check("a call that blocks is logged and counted, and everything goes on")
def _():
    where = {"block-start": "start", "block-timer": "a timer", "block-deferred": "a deferred call"}
    count = metric("pawl_plugin_blocked_total", plugin="misbehaving")
    for word, function in where.items():
        succeeds(run(word))
        assert re.search(rf"warn  plugin misbehaving blocked pawld for 0\.\d s in {function}: ",
                         daemon().log()), f"no line about {function}"
    equal(metric("pawl_plugin_blocked_total", plugin="misbehaving") - count, 3, "blocked calls")
    assert metric("pawl_plugin_blocked_seconds_total", plugin="misbehaving") >= 0.9
    equal(metric("pawl_plugin_blocked_total", plugin="echo"), 0, "blocked calls of echo")
    all_is_well()


def refusal(how, config=True, environment=None):
    """The line of the log that says why the module is refused; pawld runs without it."""
    text = f"plugins = {{ misbehaving = {{ init = '{how}' }} }}" if config else None
    with new_pawld(text, environment) as pawld:
        lines = [line for line in pawld.log().splitlines() if "misbehaving.so is refused" in line]
        equal(len(lines), 1, f"lines about the refusal ({lines})")
        client = pawld.client()
        failed = client.run(client.create("m", machine_of(do("fine"))))
        contains(failed["cause"], "No plugin serves the resource")
        echo = machine_of({"Type": "Task", "Resource": "arn:pawl:states:::echo:say",
                           "Parameters": {"Output": 1}, "End": True})
        equal(client.run(client.create("echo", echo))["output"], "1")
    return lines[0]


@check("one that crashes, ends the process, hangs or corrupts memory in init is refused")
def _():
    contains(refusal("crash"), "it crashed in init (signal ")
    contains(refusal("abort"), "it crashed in init (signal 6, Aborted); it said: "
                               "misbehaving: the stars are wrong")
    contains(refusal("exit"), "it ended the process in init, with status 3")
    contains(refusal("hang"), "its init did not return within 5 seconds")
    contains(refusal("overwrite"), "it wrote over the memory of pawld in init")
    # the allocator sees it when it is used next, a sanitizer at once
    line = refusal("corrupt")
    assert re.search(r"it (corrupted memory in init \(signal \d+, |(crashed|ended the process) in "
                     r"init.*AddressSanitizer|ended the process in init.*==ABORTING)", line), line


@check("one that crashes while it is loaded is refused")
def _():
    line = refusal("", config=False, environment={"PAWL_TEST_CRASH_AT_LOAD": "1"})
    contains(line, "it crashed while it was loaded (signal 6, Aborted)")


@check("one that is slow in init works, and the log says how slow")
def _():
    with new_pawld("plugins = { misbehaving = { init = 'slow' } }") as pawld:
        contains(pawld.log(), "plugin misbehaving blocked pawld for 0.3 s in init")
        client = pawld.client()
        succeeds(client.run(client.create("m", machine_of(do("fine")))))


@check("a call from another thread ends a check build with a sentence")
def _():
    config = (pawltest.BUILD / "config.log").read_text(encoding="utf-8", errors="replace")
    if "--enable-check-build" not in config:
        raise Skip("needs a build with --enable-check-build")
    pawld = new_pawld()
    client = pawld.client()
    machine = client.create("m", machine_of(do("thread")))
    with contextlib.suppress(OSError, http.client.HTTPException):   # it may end before it answers
        client.start(machine)
    equal(pawld.died(), -6, "how pawld ended")
    contains(pawld.log(), "plugin misbehaving called pawld from a thread of its own")


pawltest.main()
