#!/usr/bin/python3
"""test_hooks - Lua hooks in a real pawld: who may call, which tasks go out, what is told and how often, and
that a broken hook lets nobody in.
"""

import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import threading

import pawltest
from pawltest import check, contains, equal, wait_for

WEB, PAY = ("AKIDWEB", "web-secret-0123456789"), ("AKIDPAY", "pay-secret-0123456789")
ACCESS_KEYS = 'access_keys = {AKIDWEB = "web-secret-0123456789", AKIDPAY = "pay-secret-0123456789"}\n'
LAMBDA = f"arn:aws:lambda:{pawltest.REGION}:{pawltest.ACCOUNT}:function:"
MACHINES = f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:stateMachine:"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def one_task(resource, **fields):
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True, **fields}}}


def put(folder, name, text):
    """Writes a file of script_dir in one step."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name("." + path.name)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def scripts(hooks, functions=()):
    folder = pawltest.temporary_folder()
    for name, text in dict(hooks).items():
        put(folder, f"hooks/{name}.lua", text)
    for name, text in dict(functions).items():
        put(folder, f"functions/{name}.lua", text)
    return folder


def pawld(hooks, functions=(), **options):
    options.setdefault("log_level", "info")
    return pawltest.Pawld(script_dir=str(scripts(hooks, functions)), **options)


def daemon_scripts(daemon):
    return pathlib.Path(daemon.options["script_dir"])


def reload(daemon, sentence):
    """SIGHUP; waits until the log says the sentence once more."""
    before = daemon.log().count(sentence)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.log().count(sentence) > before, what=sentence)


def metric(daemon, name):
    found = re.search("^" + re.escape(name) + r" (\S+)$", daemon.client().get("/metrics").body.decode(), re.M)
    return float(found.group(1)) if found else 0


def lines_of(daemon, hook):
    """What a hook logged, in order."""
    return re.findall(rf"hook={hook} (?!loaded:)(.*)", daemon.log())


# --- authorize ------------------------------------------------------------------------------------

OWNED = """
return {
  authorize = function(request)
    log(request.service, request.action, request.access_key_id or "-", request.address,
      request.state_machine_name or "-", table.concat(request.resources, ","), json.encode(request.arguments))
    if request.state_machine_name == "payroll" and request.access_key_id ~= "AKIDPAY" then
      return false, "payroll is not yours"
    end
    return not request.action:find("^Delete")
  end,
}
"""


def denied(action, arn, why=None, key="AKIDWEB"):
    return (f"User: arn:aws:iam::{pawltest.ACCOUNT}:user/{key} is not authorized to perform: states:{action} on "
            f"resource: {arn} because " + (why or f"no identity-based policy allows the states:{action} action"))


@check("a key is refused what another may do, by the name of the machine, whatever ARN names it")
def _():
    with pawld({"owned": OWNED}, config=ACCESS_KEYS, keys=dict([WEB, PAY])) as daemon:
        web, pay = daemon.client(keys=WEB), daemon.client(keys=PAY)
        machine, mine = MACHINES + "payroll", "payroll is not yours"
        web.refuses("CreateStateMachine", "AccessDeniedException", denied("CreateStateMachine", machine, mine),
                    name="payroll", definition=json.dumps(PASS), roleArn=pawltest.ROLE)
        equal(pay.create("payroll", PASS), machine)
        execution = pay.start(machine, {"salary": 1})
        equal(pay.wait(execution)["status"], "SUCCEEDED")
        web.refuses("StartExecution", "AccessDeniedException", denied("StartExecution", machine, mine),
                    stateMachineArn=machine, input='{"salary":2}')
        web.refuses("DescribeExecution", "AccessDeniedException", denied("DescribeExecution", execution, mine),
                    executionArn=execution)
        web.refuses("TagResource", "AccessDeniedException", denied("TagResource", machine, mine),
                    resourceArn=machine, tags=[])
        web.refuses("ListExecutions", "AccessDeniedException",
                    denied("ListExecutions", machine + ":7", mine), stateMachineArn=machine + ":7")
        equal(len(web.call("ListStateMachines")["stateMachines"]), 1)
        other = web.create("other", PASS)
        web.refuses("DeleteStateMachine", "AccessDeniedException", denied("DeleteStateMachine", other),
                    stateMachineArn=other)
        equal(len(web.call("ListStateMachines")["stateMachines"]), 2)
        web.refuses("SendTaskSuccess", "InvalidToken", taskToken="secret-token", output="{}")
        seen = lines_of(daemon, "owned")
        contains("\n".join(seen), "states SendTaskSuccess AKIDWEB 127.0.0.1 - * {}")
        contains("\n".join(seen), f"states StartExecution AKIDWEB 127.0.0.1 payroll {machine} "
                                  f'{{"stateMachineArn":"{machine}"}}')
        contains("\n".join(seen), f"states ListStateMachines AKIDWEB 127.0.0.1 - {MACHINES}* {{}}")
        equal([line for line in seen if "salary" in line or "StartAt" in line], [], "payloads that hooks saw")
        equal(metric(daemon, 'pawl_hook_refusals_total{hook="authorize"}'), 6)
        equal(metric(daemon, 'pawl_hook_calls_total{hook="authorize"}'), len(seen))


@check("a hook that breaks denies, and the caller does not read why; without keys the root of the account asks")
def _():
    text = 'return {authorize = function(r) if r.action ~= "StartExecution" then return true end %s end}'
    with pawld({"a": text % "error('secret plans')"}) as daemon:
        machine = daemon.client().create("m", PASS)
        for code in ("error('secret plans')", "while true do end", "return nil"):
            put(daemon_scripts(daemon), "hooks/a.lua", text % code)
            reload(daemon, "configuration read again")
            error = daemon.client().refuses("StartExecution", "AccessDeniedException", stateMachineArn=machine)
            equal(error.message, f"User: arn:aws:iam::{pawltest.ACCOUNT}:root is not authorized to perform: "
                                 f"states:StartExecution on resource: {machine} because no identity-based policy "
                                 "allows the states:StartExecution action")
        equal(metric(daemon, 'pawl_hook_errors_total{hook="authorize"}'), 3)
        contains(daemon.log(), "hook=a authorize failed at hooks/a.lua:1: secret plans")
        equal(daemon.client().call("ListExecutions", stateMachineArn=machine)["executions"], [])


@check("the AWS services that plugins answer are asked about too, in both protocols, and their routes are not")
def _():
    hook = """return {authorize = function(r)
        log(r.service, r.action, r.access_key_id or "-", r.resources[1], r.arguments == nil)
        return r.action ~= "Steal", "stealing is not done"
      end}"""
    message = (f"User: arn:aws:iam::{pawltest.ACCOUNT}:root is not authorized to perform: probe:Steal on "
               "resource: * because stealing is not done")
    with pawld({"a": hook}, modules=["probe"]) as daemon:
        client = daemon.client()
        answer = client.raw("Steal", b"{}", service="Probe")
        equal(answer.json(), {"__type": "AccessDeniedException", "message": message})
        equal(client.raw("Echo", b"{}", service="Probe").status, 200)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.request("POST", "/", b"Action=Steal&Version=2020-01-01", form)
        equal(answer.status, 403)
        contains(answer.body.decode(), f"<Code>AccessDeniedException</Code><Message>{message}</Message>")
        equal(client.request("POST", "/", b"Action=Echo&Version=2020-01-01", form).status, 200)
        equal(client.get("/probe/echo").status, 200)
        equal(lines_of(daemon, "a"), [f"probe {action} - * true" for action in ("Steal", "Echo") * 2])


# --- before_dispatch ---------------------------------------------------------------------------------

@check("a hook changes what a plugin gets, and the history shows what the state said")
def _():
    hook = """return {before_dispatch = function(task)
        task.parameters.by = task.state_machine_name .. "/" .. task.state_name .. "/" .. task.retry_count
        return task.parameters
      end}"""
    with pawld({"by": hook}, {"echo": "return function(event) return event end"}) as daemon:
        client = daemon.client()
        execution = client.start(client.create("changed", one_task(LAMBDA + "echo")), {"n": 1})
        equal(client.wait(execution)["output"], '{"n":1,"by":"changed/T/0"}')
        scheduled = [e for e in client.history(execution) if e["type"] == "LambdaFunctionScheduled"]
        equal(scheduled[0]["lambdaFunctionScheduledEventDetails"]["input"], '{"n":1}')


@check("a refused task never reaches its plugin, and is retried and caught like one that failed")
def _():
    calls = []

    class Peer(http.server.BaseHTTPRequestHandler):
        """Counts who comes."""
        def do_GET(self):       # pylint: disable=invalid-name
            calls.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):      # pylint: disable=arguments-differ
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = """return {before_dispatch = function(task)
        if task.parameters.ApiEndpoint:find("secret", 1, true) then
          return false, "Guard.Host", "attempt " .. task.retry_count
        end
      end}"""
    config = 'plugins = { http = { connections = { c = { type = "basic", username = "u", password = "p" } } } }\n'
    with pawld({"guard": hook}, config=config) as daemon:
        client = daemon.client()
        url = f"http://127.0.0.1:{server.server_port}/"

        def machine(name, path):
            return client.create(name, {"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke",
                      "Parameters": {"ApiEndpoint": url + path, "Method": "GET", "Authentication": {
                          "ConnectionArn": f"arn:aws:events:{pawltest.REGION}:{pawltest.ACCOUNT}:connection/c/1"}},
                      "Retry": [{"ErrorEquals": ["Guard.Host"], "MaxAttempts": 1, "IntervalSeconds": 1}],
                      "Catch": [{"ErrorEquals": ["Guard.Host"], "Next": "Caught"}], "End": True},
                "Caught": {"Type": "Pass", "End": True}}})
        refused = client.run(machine("refused", "secret"), {})
        equal(json.loads(refused["output"]), {"Error": "Guard.Host", "Cause": "attempt 1"})
        allowed = client.run(machine("allowed", "open"), {})
        equal(allowed["status"], "SUCCEEDED", allowed.get("cause"))
        equal(calls, ["/open"])
        equal(metric(daemon, 'pawl_hook_refusals_total{hook="before_dispatch"}'), 2)
    server.shutdown()
    server.server_close()


@check("a task that is dispatched again after a crash is asked about again")
def _():
    hook = """return {before_dispatch = function(task)
        log("asked", task.idempotency_key)
        if json.encode(task.parameters):find("refuse") then return false, "No", "no" end
      end}"""
    daemon = pawld({"asked": hook}, {"slow": "return function(e) sleep(e.pause) return e end"})
    client = daemon.client()
    execution = client.start(client.create("again", one_task(LAMBDA + "slow")), {"pause": 2})
    wait_for(lambda: lines_of(daemon, "asked"), what="the first dispatch")
    daemon.kill()
    pawltest.stop_private_postgres(daemon.folder)
    with daemon.start():
        equal(daemon.client().wait(execution)["status"], "SUCCEEDED")
        asked = lines_of(daemon, "asked")
        equal(len(asked), 2)
        equal(asked[0], asked[1])


# --- what is told ----------------------------------------------------------------------------------

WATCH = """
return {
  execution_started = function(e) log("started", e.execution_name, json.encode(e.input)) end,
  execution_ended = function(e)
    log("ended", e.execution_name, e.status, e.error or "-", e.cause or "-", e.output and json.encode(e.output) or "-",
      e.stop_time >= e.start_time, math.type(e.duration_ms))
  end,
  state_failed = function(e)
    log("failed", e.execution_name, e.state_name, e.state_type, e.error or "-", e.outcome, e.next or "-", e.retry_count)
  end,
}
"""


@check("each start and end is told once, each failed state with what became of it")
def _():
    definition = {"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": LAMBDA + "fails", "Next": "Done",
              "Retry": [{"ErrorEquals": ["Mine"], "MaxAttempts": 1, "IntervalSeconds": 1}],
              "Catch": [{"ErrorEquals": ["Mine"], "Next": "P", "ResultPath": None}]},
        "P": {"Type": "Parallel", "Next": "Done", "Branches": [{"StartAt": "X", "States": {
            "X": {"Type": "Fail", "Error": "Inner", "Cause": "why"}}}]},
        "Done": {"Type": "Succeed"}}}
    functions = {"fails": "return function(e) error({errorType = 'Mine', errorMessage = 'm'}) end"}
    with pawld({"watch": WATCH}, functions) as daemon:
        client = daemon.client()
        execution = client.start(client.create("failing", definition), {"a": 1}, name="e1")
        equal(client.wait(execution)["status"], "FAILED")
        wait_for(lambda: any(line.startswith("ended") for line in lines_of(daemon, "watch")), what="the end")
        equal(lines_of(daemon, "watch"), [
            'started e1 {"a":1}',
            "failed e1 T Task Mine RETRIED - 0",
            "failed e1 T Task Mine CAUGHT P 1",
            "failed e1 X Fail Inner UNCAUGHT - 0",
            "failed e1 P Parallel Inner UNCAUGHT - 0",
            "ended e1 FAILED Inner why - true integer"])
        machine = client.create("passing", PASS)
        names = [f"p{n}" for n in range(300)]
        for name in names:
            client.start(machine, {"n": name}, name=name)
        waits = client.create("waits", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})
        stopped = client.start(waits, {}, name="s")
        client.call("StopExecution", executionArn=stopped, error="Stopped", cause="by me")
        equal(client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name="p0",
                             input='{"other":1}').status, 400)
        wait_for(lambda: len(lines_of(daemon, "watch")) >= 6 + 2 * 301, what="all ends")
        daemon.stop()
        lines = lines_of(daemon, "watch")[6:]
        equal(sorted(line.split()[1] for line in lines if line.startswith("started")), sorted([*names, "s"]))
        equal(sorted(line.split()[1] for line in lines if line.startswith("ended")), sorted([*names, "s"]))
        contains("\n".join(lines), 'ended p7 SUCCEEDED - - {"n":"p7"} true integer')
        contains("\n".join(lines), "ended s ABORTED Stopped by me - true integer")


@check("an execution that a crash interrupts is not told as started twice, and its end is told")
def _():
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.pause", "End": True}}}
    daemon = pawld({"watch": WATCH})
    client = daemon.client()
    execution = client.start(client.create("waits", waits), {"pause": 3}, name="w")
    wait_for(lambda: lines_of(daemon, "watch"), what="the start")
    daemon.kill()
    pawltest.stop_private_postgres(daemon.folder)
    with daemon.start():
        equal(daemon.client().wait(execution)["status"], "SUCCEEDED")
        wait_for(lambda: len(lines_of(daemon, "watch")) == 2, what="the end")
        equal([line.split()[:2] for line in lines_of(daemon, "watch")], [["started", "w"], ["ended", "w"]])


@check("hooks that never end leave the API, the executions and the plugins to go on")
def _():
    loop = "while true do end"
    hook = f"""return {{execution_started = function() {loop} end, execution_ended = function() {loop} end,
        state_failed = function() {loop} end, before_dispatch = function() {loop} end}}"""
    with pawld({"loop": hook}, {"echo": "return function(e) return e end"}) as daemon:
        client = daemon.client()
        machine = client.create("m", one_task(LAMBDA + "echo"))
        executions = [client.start(machine, {"n": n}) for n in range(30)]
        for n, execution in enumerate(executions):
            equal(client.wait(execution).get("output"), f'{{"n":{n}}}')
        wait_for(lambda: metric(daemon, 'pawl_hook_errors_total{hook="execution_ended"}') == 30, what="all ends")
        equal(metric(daemon, 'pawl_hook_errors_total{hook="before_dispatch"}'), 30)


# --- loading -----------------------------------------------------------------------------------------

@check("SIGHUP takes new hooks while executions run; a broken one keeps the old, and says where")
def _():
    version = "return {before_dispatch = function(task) return {v = %s} end, authorize = function(r) return %s end}"
    with pawld({"a": version % ("1", "true")}, {"echo": "return function(e) return e end"}) as daemon:
        client = daemon.client()
        machine = client.create("versions", {"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "T"},
            "T": {"Type": "Task", "Resource": LAMBDA + "echo", "End": True}}})
        before = [client.start(machine, {}) for _ in range(20)]
        put(daemon_scripts(daemon), "hooks/a.lua", version % ("2", "true"))
        reload(daemon, "hook=a loaded: authorize before_dispatch")
        after = [client.start(machine, {}) for _ in range(20)]
        for execution in before + after:
            contains(('{"v":1}', '{"v":2}'), client.wait(execution)["output"])
        equal(client.run(machine, {})["output"], '{"v":2}')
        put(daemon_scripts(daemon), "hooks/a.lua", "return {\n  authorize = function(r) return false end,\n  oops\n")
        reload(daemon, "the hooks stay as they were")
        contains(daemon.log(), "reload: hooks/a.lua:4: ")
        equal(client.run(machine, {})["output"], '{"v":2}')
        put(daemon_scripts(daemon), "hooks/a.lua", version % ("3", "r.action == 'DescribeExecution'"))
        reload(daemon, "hook=a loaded: authorize before_dispatch")
        client.refuses("StartExecution", "AccessDeniedException", stateMachineArn=machine)
        os.unlink(daemon_scripts(daemon) / "hooks" / "a.lua")
        reload(daemon, "none has authorize any more")
        equal(client.run(machine, {"n": 1})["output"], '{"n":1}')


@check("pawld does not start with a broken hook, and --check-config finds it")
def _():
    for text, sentence in (("return {authorise = function() return false end}", 'there is no hook "authorise"'),
                           ("return {\nauthorize = function( end }", "hooks/a.lua:2: ")):
        daemon = pawld({"a": text}, start=False)
        daemon.launch()
        equal(daemon.died(), 1, "return code")
        contains(daemon.log(), "cannot start: hooks/a.lua")
        contains(daemon.log(), sentence)
        done = subprocess.run([*daemon.command(), "--check-config"], check=False, capture_output=True, text=True)
        equal(done.returncode, 2)
        contains(done.stderr, sentence)


if __name__ == "__main__":
    pawltest.main()
