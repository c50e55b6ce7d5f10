#!/usr/bin/python3
"""test_commands - local commands as Lambda functions, with a real pawld: results, errors that are
caught, many at a time, and what becomes of them when an execution or pawld itself ends."""

import functools
import json
import os
import signal

import pawltest
from pawltest import check, contains, equal, wait_for

INVOKE = "arn:aws:states:::lambda:invoke"

CONFIG = """
max_commands = 4
plugins = { lambda = { commands = {
	double = { "python3", "-c", "import json,sys; print(json.load(sys.stdin)['n'] * 2)" },
	upper = { command = { "tr", "a-z", "A-Z" }, input = "text", output = "text" },
	broken = [[echo '{"errorType":"Disk.Full","errorMessage":"no room"}' >&2; exit 1]],
	-- leaves a line for each start, and stays until it is killed or FOLDER/go is there
	long = {
		command = [[
			echo "$$ $AWS_LAMBDA_REQUEST_ID $PAWL_IDEMPOTENCY_KEY" >> FOLDER/started
			while [ ! -e FOLDER/go ]; do sleep 0.05; done
			echo '"done"' ]],
		timeout = "10m",
	},
} } }
"""


@functools.cache
def postgres():
    pawltest.need_pawld()
    return pawltest.Postgres()


def new_pawld():
    folder = pawltest.temporary_folder()
    return pawltest.Pawld(postgres().new_database(), folder=folder,
                          config=CONFIG.replace("FOLDER", str(folder)))


@functools.cache
def daemon():
    return new_pawld()


def invoke(name, **state):
    return {"Type": "Task", "Resource": INVOKE, "OutputPath": "$.Payload", "End": True,
            "Parameters": {"FunctionName": name, "Payload.$": "$"}, **state}


def machine_of(state):
    return {"StartAt": "Call", "States": {"Call": state}}


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def starts(pawld):
    """[pid, request id, idempotency key] of each start of the command "long"."""
    try:
        text = (pawld.folder / "started").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [line.split() for line in text.splitlines()]


@check("a command gets the event and gives the result, an error of it can be caught")
def _():
    client = daemon().client()
    machine = client.create("double", machine_of(invoke("double")))
    equal(client.run(machine, {"n": 21})["output"], "42")
    direct = {"Type": "Task", "End": True,
              "Resource": "arn:aws:lambda:us-east-1:123456789012:function:upper"}
    equal(client.run(client.create("upper", machine_of(direct)), '"pawl"')["output"], '"PAWL"')
    caught = machine_of(invoke("broken", Catch=[{"ErrorEquals": ["Disk.Full"], "Next": "Fix"}]))
    caught["States"]["Fix"] = {"Type": "Pass", "InputPath": "$.Cause", "End": True}
    output = json.loads(client.run(client.create("caught", caught))["output"])
    equal(json.loads(output)["errorMessage"], "no room")


@check("many commands at a time all have their turn")
def _():
    client = daemon().client()
    each = {"Type": "Map", "End": True, "ItemProcessor": machine_of(invoke("upper"))}
    machine = client.create("many", {"StartAt": "All", "States": {"All": each}})
    words = [f"word {i}" for i in range(100)]
    output = client.run(machine, words)["output"]
    equal(json.loads(output), [word.upper() for word in words])


@check("a reload brings new commands")
def _():
    client = daemon().client()
    text = daemon().config_path.read_text(encoding="utf-8")
    machine = client.create("later", machine_of(invoke("later")))
    contains(client.run(machine)["error"], "Lambda.ResourceNotFoundException")
    daemon().config_path.write_text(text.replace("commands = {", "commands = { later = 'echo 5',"),
                                    encoding="utf-8")
    daemon().process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration read again" in daemon().log(), what="the reload")
    equal(client.run(machine)["output"], "5")


@check("StopExecution and a time-out kill the command")
def _():
    client = daemon().client()
    machine = client.create("stopped", machine_of(invoke("long")))
    execution = client.start(machine)
    pid = wait_for(lambda: starts(daemon()), what="the command to start")[0][0]
    assert lives(pid)
    client.call("StopExecution", executionArn=execution)
    wait_for(lambda: not lives(pid), what="the command to go")
    limited = client.create("limited", machine_of(invoke("long", TimeoutSeconds=1)))
    equal(client.run(limited)["error"], "States.Timeout")
    pid = starts(daemon())[-1][0]
    wait_for(lambda: not lives(pid), what="the command to go")


@check("a command does not outlive pawld, and is started again with the same request id")
def _():
    with new_pawld() as pawld:
        client = pawld.client()
        execution = client.start(client.create("crash", machine_of(invoke("long"))))
        first = wait_for(lambda: starts(pawld), what="the command to start")[0]
        pawld.kill()
        wait_for(lambda: not lives(first[0]), what="the command to go")
        pawld.start()
        again = wait_for(lambda: starts(pawld)[1:], what="the command to start again")[0]
        equal(again[1:], first[1:], "request id and idempotency key")
        (pawld.folder / "go").touch()
        equal(pawld.client().wait(execution)["output"], '"done"')


@check("a command does not outlive a pawld that stops")
def _():
    pawld = new_pawld()
    client = pawld.client()
    client.start(client.create("stop", machine_of(invoke("long"))))
    pid = wait_for(lambda: starts(pawld), what="the command to start")[0][0]
    pawld.process.send_signal(signal.SIGTERM)
    pawld.process.send_signal(signal.SIGTERM)   # does not wait for tasks
    equal(pawld.died(), 0, "how pawld ended")
    assert not lives(pid), "the command lives"


@check("no descriptor of pawld goes along")
def _():
    config = 'plugins = { lambda = { commands = { files = { command = "cd /proc/$$/fd; ' \
             'for i in $(seq 0 500); do [ ! -e $i ] || echo $i; done", output = "text" } } } }'
    with pawltest.Pawld(postgres().new_database(), config=config) as pawld:
        client = pawld.client()
        assert len(os.listdir(f"/proc/{pawld.process.pid}/fd")) > 10
        machine = client.create("files", machine_of(invoke("files")))
        equal(client.run(machine)["output"], '"0\\n1\\n2"')


pawltest.main()
