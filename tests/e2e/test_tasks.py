#!/usr/bin/python3
"""test_tasks - what tasks do: Lua functions, a remote function endpoint, HTTP services with faults."""

import base64
import functools
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "conformance"))
import functions        # pylint: disable=wrong-import-position

FUNCTIONS = {
    "greet": "return function(event, context) return { text = 'hello ' .. event.name } end",
    "pure": "return pawl.pure(function(event) return event.a + event.b end)",
    "same": "return function(event) return event end",
    "samepure": "return pawl.pure(function(event) return event end)",
    "broken": "return function(event) error('this went wrong') end",
    "typed": "return function(event) error({ errorType = 'NoMoney', errorMessage = 'empty' }) end",
    "spin": "return function(event) while true do end end",
    "spinpure": "return pawl.pure(function(event) while true do end end)",
    "hoard": "return function(event) local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end",
    "slow": "return function(event) sleep(event.seconds) return 'rested' end",
    "fetch": "return function(event) local r = http.request({ url = event.url }) return { status = r.status, body = r.body } end",
    "notlua": "this is not Lua",
    "exits": "return function(event) os.exit(3) end",
    "logs": "return function(event) log('a line from Lua') return 1 end",
}


class Peer(http.server.BaseHTTPRequestHandler):
    """An HTTP service that does what the path says and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass

    def answer(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        seen = {"method": self.command, "path": path, "query": query,
                "headers": dict(self.headers.items()), "body": body.decode("utf-8", "replace")}
        with self.server.lock:
            self.server.seen.append(seen)
            number = sum(s["path"] == path for s in self.server.seen)
        word = path.strip("/").split("/")
        if word[0] == "echo":
            self.answer(200, json.dumps(seen).encode())
        elif word[0] == "status":
            self.answer(int(word[1]), json.dumps({"message": f"status {word[1]}"}).encode())
        elif word[0] == "flaky":            # /flaky/N/name: the first N calls are 503
            self.answer(503 if number <= int(word[1]) else 200, json.dumps({"call": number}).encode())
        elif word[0] == "text":
            self.answer(200, "grüße".encode(), "text/plain; charset=utf-8")
        elif word[0] == "hang":
            self.server.release.wait(60)
            self.close_connection = True
        elif word[0] == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
        elif word[0] == "cut":              # promises more than it sends
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"{")
            self.wfile.flush()
            self.close_connection = True
        elif word[0] == "garbage":
            self.connection.sendall(b"this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif word[0] == "redirect":
            self.answer(302, b"{}", Location="/echo")
        else:
            self.answer(404, b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def do_HEAD(self):
        self.answer(200, b"")


@functools.cache
def peer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    server.lock, server.seen, server.release = threading.Lock(), [], threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    return server


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def daemon():
    folder = pawltest.temporary_folder()
    (folder / "scripts" / "functions").mkdir(parents=True)
    for name, text in FUNCTIONS.items():
        (folder / "scripts" / "functions" / f"{name}.lua").write_text(text, encoding="utf-8")
    config = """
plugins = { http = { connections = {
    basic = { type = "basic", username = "ada", password = "hush-basic" },
    key = { type = "api_key", header = "X-Api-Key", value = "hush-key" },
    bearer = { type = "bearer", token = "hush-bearer" },
} } }
"""
    return pawltest.Pawld(database=database().new_database(), folder=folder, config=config,
                          function_timeout="1s", function_memory="32 MiB")


def task(resource, parameters=None, **fields):
    state = {"Type": "Task", "Resource": resource, "End": True, **fields}
    if parameters is not None:
        state["Parameters"] = parameters
    return {"StartAt": "T", "States": {"T": state}}


_names = iter(range(1, 1000000))


def run(definition, input=None):        # pylint: disable=redefined-builtin
    """(description, history) of a run of a machine of its own."""
    client = daemon().client()
    arn = client.start(client.create(f"m{next(_names)}", definition), input)
    return client.wait(arn), client.history(arn)


def invoke(name, payload=None, **fields):
    return run(task("arn:aws:states:::lambda:invoke",
                    {"FunctionName": name, "Payload": payload or {}}, **fields))


def output(description):
    equal(description["status"], "SUCCEEDED", f"status ({description.get('error')}: "
                                              f"{description.get('cause')})")
    return json.loads(description["output"])


def failed(outcome, error):
    """The cause of a run that must have failed with that error."""
    description, _ = outcome
    equal(description["status"], "FAILED", f"status ({description.get('output')})")
    equal(description["error"], error, f"error ({description.get('cause')})")
    return description.get("cause", "")


def http_task(path, method="GET", more=None, **fields):
    parameters = {"ApiEndpoint": peer().url + path, "Method": method, **(more or {})}
    return run(task("arn:aws:states:::http:invoke", parameters, **fields))


# --- Lua functions ---------------------------------------------------------------------------

@check("lambda:invoke runs a Lua function and wraps its result as Lambda does")
def _():
    description, events = invoke("greet", {"name": "Ada"})
    result = output(description)
    equal(result["Payload"], {"text": "hello Ada"})
    equal((result["StatusCode"], result["ExecutedVersion"]), (200, "$LATEST"))
    contains(result, "SdkHttpMetadata")
    contains(result, "SdkResponseMetadata")
    equal([e["type"] for e in events[2:5]], ["TaskScheduled", "TaskStarted", "TaskSucceeded"])


@check("a bare function ARN gets the input and gives the value itself")
def _():
    arn = f"arn:aws:lambda:{pawltest.REGION}:{pawltest.ACCOUNT}:function:greet"
    description, events = run(task(arn), {"name": "Bob"})
    equal(output(description), {"text": "hello Bob"})
    equal([e["type"] for e in events[2:5]],
          ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"])


@check("a pure function runs within the move and leaves the same events")
def _():
    description, events = invoke("pure", {"a": 2, "b": 40})
    equal(output(description)["Payload"], 42)
    equal([e["type"] for e in events[2:5]], ["TaskScheduled", "TaskStarted", "TaskSucceeded"])


@check("every JSON value survives the way through Lua and back")
def _():
    value = {"z": 1, "a": [], "o": {}, "n": None, "list": [None, True, 1.5, -7, "ü\u0000\"", [[]]],
             "big": 9007199254740993, "deep": {"x": {"y": {"z": [{"w": 1}]}}}, "": "empty"}
    for name in ("same", "samepure"):
        description, _ = invoke(name, value)
        equal(output(description)["Payload"], value, name)
        text = json.dumps(json.loads(description["output"])["Payload"])
        equal(text, json.dumps(value), f"{name}: order of members")


@check("errors of a function have its type, its message and a trace")
def _():
    cause = json.loads(failed(invoke("broken"), "Error"))
    contains(cause["errorMessage"], "this went wrong")
    assert any("broken.lua" in line or "broken:" in line for line in cause["stackTrace"]), cause
    cause = json.loads(failed(invoke("typed"), "NoMoney"))
    equal(cause["errorMessage"], "empty")
    caught, _ = run({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
              "Parameters": {"FunctionName": "typed"}, "End": True,
              "Catch": [{"ErrorEquals": ["NoMoney"], "Next": "C"}]},
        "C": {"Type": "Pass", "Result": "caught", "End": True}}})
    equal(output(caught), "caught")


@check("a function that does not exist is Lambda.ResourceNotFoundException")
def _():
    contains(failed(invoke("absent"), "Lambda.ResourceNotFoundException"), "absent")


@check("endless loops, memory hoards and ends of the process are survived; others go on")
def _():
    client = daemon().client()
    machines = {name: client.create(f"bad-{name}", task("arn:aws:states:::lambda:invoke", {
        "FunctionName": name, "Payload": {}})) for name in ("spin", "hoard", "spinpure", "exits")}
    bad = {name: client.start(machine) for name, machine in machines.items()}
    description, _ = invoke("greet", {"name": "meanwhile"})
    equal(output(description)["Payload"]["text"], "hello meanwhile")
    for name, execution in bad.items():
        equal(client.wait(execution)["status"], "FAILED", name)
    description, _ = invoke("greet", {"name": "afterwards"})
    equal(output(description)["Payload"]["text"], "hello afterwards")


@check("more calls than function workers wait for their turn")
def _():
    client = daemon().client()
    machine = client.create("queue", {"StartAt": "M", "States": {"M": {
        "Type": "Map", "End": True, "ItemProcessor": task("arn:aws:states:::lambda:invoke", {
            "FunctionName": "slow", "Payload": {"seconds": 0.05}}, OutputPath="$.Payload")}}})
    equal(output(client.run(machine, list(range(30)))), ["rested"] * 30)


@check("TimeoutSeconds of a task wins over a function that takes longer")
def _():
    description, events = run(task(
        f"arn:aws:lambda:{pawltest.REGION}:{pawltest.ACCOUNT}:function:slow",
        TimeoutSeconds=1), {"seconds": 30})
    equal((description["status"], description["error"]), ("FAILED", "States.Timeout"))
    assert events[-2]["type"] in ("LambdaFunctionTimedOut", "LambdaFunctionFailed"), events[-2]


@check("a function that is not Lua fails with a message, not the daemon")
def _():
    description, _ = invoke("notlua")
    equal(description["status"], "FAILED")
    contains(description["cause"], "notlua")


@check("a function may ask an HTTP service and write a log line")
def _():
    description, _ = invoke("fetch", {"url": peer().url + "/text"})
    equal(output(description)["Payload"], {"status": 200, "body": "grüße"})
    output(invoke("logs")[0])
    wait_for(lambda: "a line from Lua" in daemon().log(), what="the line in the log")


# --- http:invoke -------------------------------------------------------------------------------

@check("http:invoke sends method, query, headers and body and returns status, headers, body")
def _():
    description, events = http_task("/echo", "POST", {
        "Headers": {"X-Mine": "ü1"}, "QueryParameters": {"a": "1 2", "b": ["x", "y"]},
        "RequestBody": {"k": [1, 2.5, None]}})
    result = output(description)
    equal((result["StatusCode"], result["StatusText"]), (200, "OK"))
    seen = result["ResponseBody"]
    equal((seen["method"], seen["path"]), ("POST", "/echo"))
    equal(seen["query"].replace("+", "%20"), "a=1%202&b=x&b=y", "query")
    equal(json.loads(seen["body"]), {"k": [1, 2.5, None]}, "body")
    headers = {k.lower(): v for k, v in seen["headers"].items()}
    equal(headers["content-type"], "application/json")
    contains(headers["user-agent"], "Amazon|StepFunctions|HttpInvoke|")
    assert headers.get("idempotency-key"), "no Idempotency-Key"
    equal([e["type"] for e in events[2:5]], ["TaskScheduled", "TaskStarted", "TaskSucceeded"])


@check("a body that is no JSON is a text, a form is encoded as AWS does")
def _():
    equal(output(http_task("/text")[0])["ResponseBody"], "grüße")
    seen = output(http_task("/echo", "POST", {
        "Headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "RequestBody": {"a": {"b": "c d"}, "l": ["x", "y"]},
        "Transform": {"RequestBodyEncoding": "URL_ENCODED"}})[0])["ResponseBody"]
    equal(seen["body"].replace("%5B", "[").replace("%5D", "]").replace("%20", "+"),
          "a[b]=c+d&l[0]=x&l[1]=y", "form")


@check("each connection adds its credentials, which no event and no log line shows")
def _():
    expected = {"basic": ("authorization", "Basic " + base64.b64encode(b"ada:hush-basic").decode()),
                "key": ("x-api-key", "hush-key"), "bearer": ("authorization", "Bearer hush-bearer")}
    for name, (header, value) in expected.items():
        arn = f"arn:aws:events:us-east-1:{pawltest.ACCOUNT}:connection/{name}/1f2e"
        _, events = http_task("/echo", "GET", {"InvocationConfig": {"ConnectionArn": arn}})
        seen = {k.lower(): v for k, v in peer().seen[-1]["headers"].items()}
        equal(seen.get(header), value, f"{header} of {name}")
        text = json.dumps(events) + daemon().log()
        assert "hush-" not in text and value not in text, f"the secret of {name} shows"


@check("an unknown connection fails the task with its name")
def _():
    arn = f"arn:aws:events:us-east-1:{pawltest.ACCOUNT}:connection/absent/1"
    description, _ = http_task("/echo", "GET", {"Authentication": {"ConnectionArn": arn}})
    equal(description["status"], "FAILED")
    contains(description["cause"], "absent")


@check("statuses from 400 on are States.Http.StatusCode.N with the body as cause")
def _():
    for status in (400, 404, 429, 500, 503):
        contains(failed(http_task(f"/status/{status}"), f"States.Http.StatusCode.{status}"),
                 f"status {status}")


@check("resets, early ends, garbage and closed ports are States.Http.Socket")
def _():
    for path in ("/reset", "/cut", "/garbage"):
        assert failed(http_task(path), "States.Http.Socket"), path
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        failed(run(task("arn:aws:states:::http:invoke", {"ApiEndpoint": url, "Method": "GET"})),
               "States.Http.Socket")


@check("a service that hangs runs into TimeoutSeconds, and Retry asks again")
def _():
    before = len(peer().seen)
    description, events = http_task("/hang", TimeoutSeconds=1, Retry=[
        {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}])
    equal((description["status"], description["error"]), ("FAILED", "States.Timeout"))
    equal([e["type"] for e in events].count("TaskTimedOut"), 2, "time-outs")
    equal(len(peer().seen) - before, 2, "calls")
    peer().release.set()


@check("Retry asks until the service is well, each attempt with a key of its own")
def _():
    description, events = http_task("/flaky/2/one", Retry=[
        {"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "BackoffRate": 1}])
    equal(output(description)["ResponseBody"], {"call": 3})
    equal([e["type"] for e in events].count("TaskFailed"), 2, "failures in the history")
    keys = [s["headers"].get("Idempotency-Key") for s in peer().seen if s["path"] == "/flaky/2/one"]
    equal(len(set(keys)), 3, f"different keys among {keys}")


@check("a redirect is not followed to the end of the task")
def _():
    description, _ = http_task("/redirect")
    equal(description["status"], "FAILED")
    contains(description["error"], "302")


@check("forbidden headers and nonsense parameters fail before anything is sent")
def _():
    before = len(peer().seen)
    for more in ({"Headers": {"Authorization": "mine"}}, {"Headers": {"Host": "x"}},
                 {"Method": "CONNECT"}, {"ApiEndpoint": "ftp://127.0.0.1/"},
                 {"Headers": {"X": "a\r\nY: b"}}):
        description, _ = http_task("/echo", "GET", more)
        equal(description["status"], "FAILED", f"status with {more}")
    equal(len(peer().seen), before, "calls that the service saw")


@check("StopExecution cancels the call that is under way")
def _():
    peer().release.clear()
    client = daemon().client()
    machine = client.create("stop-http", task("arn:aws:states:::http:invoke", {
        "ApiEndpoint": peer().url + "/hang/stop", "Method": "GET"}))
    execution = client.start(machine)
    wait_for(lambda: any(s["path"] == "/hang/stop" for s in peer().seen), what="the call")
    client.call("StopExecution", executionArn=execution)
    equal(client.wait(execution)["status"], "ABORTED")
    peer().release.set()


@check("a hundred calls go side by side")
def _():
    client = daemon().client()
    machine = client.create("many", {"StartAt": "M", "States": {"M": {
        "Type": "Map", "End": True, "ItemProcessor": task("arn:aws:states:::http:invoke", {
            "ApiEndpoint": peer().url + "/echo", "Method": "POST", "RequestBody.$": "$"},
            ResultSelector={"said.$": "$.ResponseBody.body"})}}})
    got = output(client.run(machine, list(range(100))))
    equal([int(one["said"]) for one in got], list(range(100)), "answers in order")


@check("https: an unknown certificate is refused, one of a known authority is served")
def _():
    if not shutil.which("openssl"):
        raise Skip("needs the openssl command (Debian: openssl)")
    folder = pawltest.temporary_folder()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads, server.handle_error = True, lambda *_: None
    server.lock, server.seen, server.release = threading.Lock(), [], threading.Event()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(client, host, name):
        return client.run(client.create(name, task("arn:aws:states:::http:invoke", {
            "ApiEndpoint": f"https://{host}:{server.server_address[1]}/text", "Method": "GET"})))

    end = ask(daemon().client(), "localhost", "unknown-authority")
    equal((end["status"], end["error"]), ("FAILED", "States.Http.Socket"), "with the system's")
    with pawltest.Pawld(database=database().new_database(), config="plugins = { http = { ca_file = "
                        f"'{folder}/cert.pem' }} }}\n") as one:
        equal(output(ask(one.client(), "localhost", "known"))["ResponseBody"], "grüße")
        end = ask(one.client(), "127.0.0.1", "other-name")
        equal((end["status"], end["error"]), ("FAILED", "States.Http.Socket"), "with another name")
    equal(len(server.seen), 1, "calls that got through")
    server.shutdown()


# --- a remote function endpoint ------------------------------------------------------------------

@check("with aws_endpoint functions are called there, signed when keys are set")
def _():
    endpoint = functions.Endpoint(pawltest.ACCOUNT, pawltest.REGION)
    endpoint.functions["remote"] = functions.Source(
        "arn:aws:lambda:us-east-1:1:function:remote", "f.h", 10,
        {"f.py": "def h(e, c):\n    if e.get('bad'):\n        raise ValueError('no')\n    return e\n"})
    with pawltest.Pawld(database=database().new_database(), aws_endpoint=endpoint.url,
                        aws_access_key_id="AKIDREMOTE", aws_secret_access_key="hush-remote") as one:
        client = one.client()
        machine = client.create("remote", task("arn:aws:states:::lambda:invoke", {
            "FunctionName": "remote", "Payload.$": "$"}))
        equal(output(client.run(machine, {"a": 1}))["Payload"], {"a": 1})
        bad = client.run(machine, {"bad": 1})
        equal((bad["status"], bad["error"]), ("FAILED", "ValueError"))
        assert "hush-remote" not in one.log()
    endpoint.close()


@check("all of it is still alive and ends cleanly")
def _():
    daemon().stop()


pawltest.main()
