#!/usr/bin/python3
"""test_plugin_http - what plugins answer on the API's port, shown with the module probe.c: routes,
services that are signed, replies that come late, twice or for nobody, and what a stop does to them."""

import contextlib
import functools
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

KEYS = {"AKIDPROBE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
FORM = "application/x-www-form-urlencoded"
NO_SUCH_PATH = {"__type": "NotFoundException", "message": "There is nothing at this path."}


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def daemon():
    return pawltest.Pawld(database=database().new_database(), modules=["probe"], client_timeout="300ms",
                          max_body="64 KiB")


@functools.cache
def locked():
    keys = ", ".join(f'{key} = "{secret}"' for key, secret in KEYS.items())
    return pawltest.Pawld(database=database().new_database(), modules=["probe"], keys=KEYS,
                          config=f"access_keys = {{ {keys} }}\n",
                          public_url="https://pawl.example/flow")


def request(server, method, path, body=b"", headers=None):
    client = pawltest.Client(server.url)
    try:
        return client.request(method, path, body, headers)
    finally:
        client.close()


def get(path, server=None):
    return request(server or daemon(), "GET", path)


def post(path, body=b"", headers=None, server=None):
    return request(server or daemon(), "POST", path, body, headers)


def signed(server, body, headers, service, path="/"):
    host, port = server.address
    keys = next(iter(KEYS.items()))
    more = pawltest.sign(keys, pawltest.REGION, f"{host}:{port}", body, headers, service=service,
                         path=path)
    return post(path, body, {**headers, **more}, server)


def parked(server=None):
    """(calls that wait, calls that went away while they waited)"""
    return tuple(int(n) for n in get("/probe/gone", server).body.split())


@contextlib.contextmanager
def waiting_call(path="/probe/park", method="GET", body=b"", headers=None, server=None):
    """A call that the plugin keeps; gives its connection."""
    server = server or daemon()
    before = parked(server)[0]
    connection = http.client.HTTPConnection(*server.address, timeout=pawltest.PATIENCE)
    connection.request(method, path, body, headers or {})
    wait_for(lambda: parked(server)[0] == before + 1, what="the call to be parked")
    yield connection
    connection.close()


def metric(name, server=None):
    found = re.search(rf"^{re.escape(name)} (\d+)$", get("/metrics", server).body.decode(), re.M)
    return int(found.group(1)) if found else 0


@check("a route gets every method, as the request was")
def _():
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        answer = request(daemon(), method, "/probe/echo?a=1&b=%20", b'{"x":1}',
                         {"X-Some": "a  b", "Content-Type": "text/odd"})
        equal((answer.status, answer.headers["X-Probe"]), (200, "yes"), method)
        said = answer.json()
        equal((said["method"], said["path"], said["query"], said["body"]),
              (method, "/probe/echo", "a=1&b=%20", '{"x":1}'))
        equal((said["headers"]["x-some"], said["headers"]["content-type"]), ("a  b", "text/odd"))
        equal((said["action"], said["key"], said["requestId"], said["form"]),
              (None, None, None, False))
    head = request(daemon(), "HEAD", "/probe/echo")
    equal((head.status, head.body), (200, b""))
    assert int(head.headers["Content-Length"]) > 100, head.headers


@check("the longest path that fits gets the request; what nobody serves is as before")
def _():
    equal(get("/probe/exact").body, b"exact")
    equal(get("/probe/exactly").status, 404)
    equal(get("/probe/exactly").body, b"no such probe")
    equal(get("/").body, b"exact")
    equal(get("/probe").json(), NO_SUCH_PATH)
    equal(get("/nobody").json(), NO_SUCH_PATH)
    equal(get("/health").json()["status"], "ok")
    equal(post("/nobody").json()["__type"], "NotFoundException")
    equal(post("/").json()["__type"], "UnknownOperationException")
    equal(request(daemon(), "DELETE", "/").json()["__type"], "MethodNotAllowedException")
    client = daemon().client()
    equal(client.call("ListStateMachines"), {"stateMachines": []})


@check("the statuses that have no body are sent without one, and connections go on")
def _():
    client = pawltest.Client(daemon().url)
    for status, body in ((200, b"body"), (201, b"body"), (204, b""), (304, b""), (418, b"body"),
                         (302, b"body"), (599, b"body")):
        answer = client.request("GET", f"/probe/status?{status}")
        equal((answer.status, answer.body), (status, body))
        equal(answer.headers["Content-Length"], None if not body else "4")
    client.close()


@check("a reply that makes no HTTP becomes a 500, and the log says why")
def _():
    for status in (100, 199, 600, 0, -1):
        equal(get(f"/probe/status?{status}").status, 500, f"status {status}")
    for lines in (b"X-A: 1", b"X-A 1\r\n", b"X-A: 1\r\n\r\nbody", b"X-A: 1\nX-B: 2\r\n", b": 1\r\n",
                  b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"X A: 1\r\n",
                  b"X-A: a\x01b\r\n", b"connection: close\r\n"):
        equal(post("/probe/header", lines).status, 500, f"status with {lines!r}")
    answer = post("/probe/header", b"X-A: 1\r\nSet-Cookie: a=b\r\nX-Empty:\r\n")
    equal((answer.status, answer.headers["X-A"], answer.headers["Set-Cookie"]), (200, "1", "a=b"))
    equal((answer.headers["X-Empty"], answer.headers["Content-Type"]), ("", None))
    contains(daemon().log(), "plugin probe: a reply cannot be sent: its headers are not lines")
    contains(daemon().log(), "plugin probe: a reply cannot be sent: its status is not between")


@check("heads and bodies have their limits, and text that is no UTF-8 is replaced")
def _():
    equal(post("/probe/echo", b"x" * 70000).status, 413)
    with socket.create_connection(daemon().address, timeout=pawltest.PATIENCE) as raw:
        raw.sendall(b"POST /probe/echo HTTP/1.1\r\nHost: x\r\nX-Bad: a\xff\xc3(b\xe2\x82\xac\r\n"
                    b"X-Good: \xc3\xa9\r\nX-After: z\r\nContent-Length: 4\r\n"
                    b"Expect: 100-continue\r\n\r\n")
        equal(raw.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.sendall(b"a\x00\xffb")
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        said = json.loads(answer.read())
    equal(said["headers"]["x-bad"], "a\ufffd\ufffd(b\u20ac")
    equal((said["headers"]["x-good"], said["headers"]["x-after"]), ("\u00e9", "z"))
    equal(said["body"], "a\0\ufffdb")
    body = b"5\r\nhello\r\n0\r\n\r\n"
    with socket.create_connection(daemon().address, timeout=pawltest.PATIENCE) as raw:
        raw.sendall(b"POST /probe/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    body)
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        equal(json.loads(answer.read())["body"], "hello")


@check("a reply may come long after client_timeout, and many wait at the same time")
def _():
    began = time.monotonic()
    equal(get("/probe/late?1200").body, b"late")
    assert time.monotonic() - began >= 1.2
    with contextlib.ExitStack() as stack:
        calls = [stack.enter_context(waiting_call()) for _ in range(20)]
        equal(post("/probe/release", b"go").body, b"20")
        for connection in calls:
            equal(connection.getresponse().read(), b"go")
        # the connections are as good as new
        calls[7].request("GET", "/probe/exact")
        equal(calls[7].getresponse().read(), b"exact")


@check("a plugin hears that its client has gone, and cannot hand anything out to it")
def _():
    gone = parked()[1]
    with waiting_call() as first, waiting_call() as second:
        first.close()
        wait_for(lambda: parked() == (1, gone + 1), what="the plugin to hear of it")
        equal(post("/probe/release", b"rest").body, b"1")
        equal(second.getresponse().read(), b"rest")
    late = metric('pawl_plugin_replies_dropped_total{plugin="probe"}')
    connection = http.client.HTTPConnection(*daemon().address)
    connection.request("GET", "/probe/late?300")
    connection.close()
    wait_for(lambda: metric('pawl_plugin_replies_dropped_total{plugin="probe"}') == late + 1, what="the late reply")


@check("a second reply and one to a wrong id are dropped, logged and counted")
def _():
    late = metric('pawl_plugin_replies_dropped_total{plugin="probe"}')
    equal(get("/probe/twice").body, b"/probe/twice")
    equal(get("/probe/twice").body, b"/probe/twice")
    equal(metric('pawl_plugin_replies_dropped_total{plugin="probe"}'), late + 4)
    contains(daemon().log(), "probe: answers /probe/twice twice: 0 1 0")
    contains(daemon().log(), "which is answered or has gone, is dropped")


@check("a service is called by its target at any path, and by its version as a form")
def _():
    headers = {"X-Amz-Target": "Probe.Echo", "Content-Type": "application/x-amz-json-1.0"}
    for path in ("/", "/123456789012/some-queue"):
        said = post(path, b'{"a":1}', headers).json()
        equal((said["action"], said["path"], said["body"], said["form"]),
              ("Echo", path, '{"a":1}', False))
        equal((said["key"], len(said["requestId"])), (None, 36))
    for form in (b"Action=Echo&Version=2020-01-01&Text=a%26b", b"Version=2020-01-01\n&Action=Ec%68o",
                 b"x=Version=1&Version=2020%2D01-01&&Action=Echo\r\n"):
        said = post("/a/b", form, {"Content-Type": FORM + "; charset=utf-8"}).json()
        equal((said["action"], said["form"], said["body"]), ("Echo", True, form.decode()))
    answer = post("/", b"Action=GetCallerIdentity&Version=2011-06-15", {"Content-Type": FORM})
    contains(answer.body, b"<Account>123456789012</Account>")
    for body in (b"Action=Echo&Version=2020-01-0", b"Action=Echo", b"Version=2020-01-01%zz", b""):
        answer = post("/", body, {"Content-Type": FORM})
        equal(answer.status, 400, f"status of {body!r}")
        contains(answer.body, b"<Code>InvalidAction</Code>")


@check("names that no action can have are refused before the plugin sees them")
def _():
    for action in ("", "Echo Echo", "../x", "Echo.Echo", "x" * 129, "Ech\u00f6"):
        answer = post("/", b"{}", {"X-Amz-Target": f"Probe.{action}".encode()})
        equal(answer.json()["__type"], "UnknownOperationException", f"answer to {action!r}")
    for form in (b"Version=2020-01-01", b"Version=2020-01-01&Action=", b"Version=2020-01-01&Action=a%0ab",
                 b"Version=2020-01-01&Action=%FF", b"Version=2020-01-01&Action=%2"):
        answer = post("/", form, {"Content-Type": FORM})
        equal(answer.status, 400, f"status of {form!r}")
        contains(answer.body, b"<Code>InvalidAction</Code>")
    answer = post("/", b"{}", {"X-Amz-Target": "Probes.Echo"})
    equal(answer.json()["__type"], "UnknownOperationException")


@check("requests are counted by service and action, by plugin for routes, and no stranger makes names")
def _():
    def count(label):
        return metric(f'pawl_http_requests_total{{action="{label}"}}')
    echo, other, route = count("Probe.Echo"), count("Probe.other"), count("plugin probe")
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    post("/", b"{}", {**headers, "X-Amz-Target": "Probe.Echo"})
    for number in range(5):
        equal(post("/", b"{}", {**headers, "X-Amz-Target": f"Probe.Made{number}"}).status, 400)
    get("/probe/exact")
    equal((count("Probe.Echo"), count("Probe.other"), count("plugin probe")),
          (echo + 1, other + 5, route + 1))
    assert b"Made" not in get("/metrics").body


@check("with access_keys a service is signed for whatever its name is, and knows who called")
def _():
    headers = {"X-Amz-Target": "Probe.Echo", "Content-Type": "application/x-amz-json-1.0"}
    for service in ("probe", "sqs", "dynamodb"):
        said = signed(locked(), b'{"a":1}', headers, service, "/123456789012/some-queue").json()
        equal((said["key"], said["body"]), ("AKIDPROBE", '{"a":1}'))
    said = signed(locked(), b"Version=2020-01-01&Action=Echo", {"Content-Type": FORM}, "sns").json()
    equal((said["key"], said["form"]), ("AKIDPROBE", True))
    answer = signed(locked(), b"{}", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines",
                                      "Content-Type": "application/x-amz-json-1.0"}, "sqs")
    equal(answer.json()["__type"], "InvalidSignatureException")


@check("without a signature, or with a wrong one, a service is refused in its protocol's form")
def _():
    headers = {"X-Amz-Target": "Probe.Echo", "Content-Type": "application/x-amz-json-1.0"}
    answer = post("/", b"{}", headers, locked())
    equal((answer.status, answer.json()["__type"]), (403, "MissingAuthenticationTokenException"))
    host = "{}:{}".format(*locked().address)
    for when, body, code in (("wrong", b"{}", "InvalidSignatureException"),
                             (KEYS["AKIDPROBE"], b"[]", "InvalidSignatureException")):
        more = pawltest.sign(("AKIDPROBE", when), pawltest.REGION, host, b"{}", headers,
                             service="sqs")
        answer = post("/", body, {**headers, **more}, locked())
        equal((answer.status, answer.json()["__type"]), (403, code))
    answer = post("/", b"Version=2020-01-01&Action=Echo", {"Content-Type": FORM}, locked())
    equal(answer.status, 403)
    tree = xml.etree.ElementTree.fromstring(answer.body)
    equal(tree.find("Error/Code").text, "MissingAuthenticationTokenException")
    equal(get("/probe/exact", locked()).body, b"exact")     # routes are the plugin's to check


@check("without access_keys, pages of other hosts cannot call a service")
def _():
    answer = post("/", b"Version=2020-01-01&Action=Echo",
                  {"Content-Type": FORM, "Origin": "https://evil.example"})
    equal(answer.status, 403)
    contains(answer.body, b"AccessDeniedException")


@check("plugins know where they are, and how to sign calls to it")
def _():
    said = get("/probe/settings").json()
    equal((said["url"], said["own_access_key_id"], said["own_secret_access_key"]),
          (daemon().url, "", ""))
    equal((said["region"], said["nonsense"]), (pawltest.REGION, ""))
    said = get("/probe/settings", locked()).json()
    equal(said["url"], "https://pawl.example/flow")
    equal((said["own_access_key_id"], said["own_secret_access_key"]),
          ("AKIDPROBE", KEYS["AKIDPROBE"]))
    fresh = 'access_keys = { B = "second", A = "first" }\npublic_url = "http://other"\n'
    locked().config_path.write_text(fresh, encoding="utf-8")
    locked().process.send_signal(pawltest.signal.SIGHUP)
    wait_for(lambda: get("/probe/settings", locked()).json()["own_access_key_id"] == "A",
             what="the reload")
    equal(get("/probe/settings", locked()).json()["own_secret_access_key"], "first")


@check("derived keys are the same after a restart, and differ by purpose and by cluster")
def _():
    said, other = get("/probe/settings").json(), get("/probe/settings", locked()).json()
    assert re.fullmatch("[0-9a-f]{64}", said["links"]) and said["links"] != said["forms"], said
    assert said["links"] != other["links"]
    daemon().stop()
    daemon().start()
    again = get("/probe/settings").json()
    equal((again["links"], again["forms"]), (said["links"], said["forms"]))


def pawl(*words, server=None, keys=None):
    path = pawltest.BUILD / "pawl"
    if not path.exists():
        raise Skip(f"needs {path}")
    variables = {**os.environ, "PAWL_ENDPOINT": (server or daemon()).url, "AWS_ACCESS_KEY_ID": "",
                 "AWS_SECRET_ACCESS_KEY": ""}
    if keys:
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"] = keys
    return subprocess.run([path, *words], check=False, capture_output=True, text=True, timeout=120,
                          env=variables)


@check("pawl plugins shows what is loaded, refused, served and taken")
def _():
    say = "arn:pawl:states:::echo:say"
    server = pawltest.Pawld(database=database().new_database(), modules=["probe"], start=False,
                            config=f'resources = {{ ["{say}"] = "none" }}\n'
                            'plugins = { echo = { prefix = "a secret of mine" } }\n')
    (server.folder / "plugins" / "garbage.so").write_bytes(b"no module")
    with server.start():
        told = {plugin["name"]: plugin for plugin in get("/plugins", server).json()["plugins"]}
        probe = told["probe"]
        equal((probe["version"], probe["afterCrash"], probe["patterns"], probe["taken"]),
              ("0", "again", ["request"], []))
        equal(probe["routes"], ["/probe/", "/probe/exact", "/"])
        equal(probe["services"], [{"target": "Probe", "version": "2020-01-01"}])
        equal((told["echo"]["resources"], told["echo"]["taken"]),
              ([], [{"resource": say, "by": "none"}]))
        done = pawl("plugins", server=server)
        equal((done.returncode, done.stderr), (0, ""))
        for line in ("probe 0\n", f"  taken      {say}, by none\n", "  crash      again\n",
                     "  routes     /probe/\n             /probe/exact\n             /\n",
                     "  services   Probe 2020-01-01\n", "garbage.so is refused: it cannot be loaded"):
            contains(done.stdout, line)
        equal(json.loads(pawl("plugins", "--json", server=server).stdout),
              get("/plugins", server).json())
        assert "a secret of mine" not in done.stdout + get("/plugins", server).body.decode()
    done = pawl("plugins", server=server)
    equal(done.returncode, 3)
    contains(done.stderr, "is pawld running?")


@check("with access_keys, /plugins is for those who sign")
def _():
    keys = {"AKIDPROBE": KEYS["AKIDPROBE"]}
    text = f'access_keys = {{ AKIDPROBE = "{keys["AKIDPROBE"]}" }}\n'
    with pawltest.Pawld(database=database().new_database(), modules=["probe"], config=text) as server:
        equal(get("/plugins", server).status, 403)
        done = pawl("plugins", server=server)
        equal(done.returncode, 1)
        contains(done.stderr, "MissingAuthenticationTokenException")
        done = pawl("plugins", server=server, keys=next(iter(keys.items())))
        equal((done.returncode, done.stderr), (0, ""))
        contains(done.stdout, "arn:pawl:states:::probe:echo")


@check("a choice of a plugin that there is not stops the start, and keeps a reload from changing it")
def _():
    say = "arn:pawl:states:::echo:say"
    server = pawltest.Pawld(database=database().new_database(), start=False,
                            config=f'resources = {{ ["{say}"] = "ecko" }}\n')
    server.launch()
    equal(server.died(), 1)
    contains(server.log(), f'cannot start: resources: there is no plugin "ecko" to serve "{say}"')
    server.config_path.write_text(f'resources = {{ ["{say}"] = "none" }}\n', encoding="utf-8")
    with server.start():
        server.config_path.write_text(f'resources = {{ ["{say}"] = "ecko" }}\n', encoding="utf-8")
        server.process.send_signal(pawltest.signal.SIGHUP)
        wait_for(lambda: "who serves what stays as it was" in server.log(), what="the reload")
        client = server.client()
        machine = client.create("m", {"StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": say, "End": True}}})
        contains(client.run(machine)["cause"], "No plugin serves the resource")


@check("a pawld that stops answers parked calls with 503, each in its form, and ends at once")
def _():
    server = pawltest.Pawld(database=database().new_database(), modules=["probe"])
    target = {"X-Amz-Target": "Probe.Park", "Content-Type": "application/x-amz-json-1.0"}
    with waiting_call(server=server) as route, \
            waiting_call("/", "POST", b"{}", target, server) as service, \
            waiting_call("/", "POST", b"Version=2020-01-01&Action=Park", {"Content-Type": FORM},
                         server) as form:
        late = http.client.HTTPConnection(*server.address, timeout=pawltest.PATIENCE)
        late.request("GET", "/probe/late?400")
        wait_for(lambda: metric("pawl_connections", server) >= 4, what="the late call")
        began = time.monotonic()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        equal(late.getresponse().read(), b"late")           # in time
        answer = route.getresponse()
        equal((answer.status, answer.headers["Connection"]), (503, "close"))
        contains(answer.read(), b"Try again")
        answer = service.getresponse()
        equal((answer.status, json.loads(answer.read())["__type"]), (503, "ServiceUnavailable"))
        answer = form.getresponse()
        equal(answer.status, 503)
        contains(answer.read(), b"<Code>ServiceUnavailable</Code>")
        stopping.join()
        assert time.monotonic() - began < 9, "it waited for the parked calls"
    assert not server.is_running()


pawltest.main()
