#!/usr/bin/python3
"""test_http - what clients that are slow, broken or hostile get from the port of the API."""

import contextlib
import datetime
import functools
import http.client
import json
import socket
import time

import pawltest
from pawltest import check, contains, equal, wait_for

KEYS = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
LIST = (b"POST / HTTP/1.1\r\nHost: pawl\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"X-Amz-Target: AWSStepFunctions.ListStateMachines\r\n")


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def daemon():
    return pawltest.Pawld(database=database().new_database(), client_timeout="500ms",
                          max_body="64 KiB", max_header="4 KiB", max_connections="50")


@contextlib.contextmanager
def connected():
    with socket.create_connection(daemon().address, timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def read_answer(connection):
    """(status, headers, body) of the next answer on the connection."""
    answer = http.client.HTTPResponse(connection, method="POST")
    answer.begin()
    return answer.status, answer.headers, answer.read()


def exchange(data):
    """Sends bytes, returns the answer."""
    with connected() as connection:
        connection.sendall(data)
        return read_answer(connection)


def refusal(data, status, code):
    got, _, body = exchange(data)
    equal(got, status, f"status of {data[:60]!r} ({body[:200]!r})")
    equal(json.loads(body)["__type"], code, "__type")


def is_closed(connection):
    connection.settimeout(30)
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


@check("an empty body is {}, an unknown member and null are ignored")
def _():
    client = daemon().client()
    for body in (b"", b"{}", b'{"maxResults":null,"somethingNew":{"a":[1]}}', b' {\r\n} '):
        answer = client.raw("ListStateMachines", body)
        equal((answer.status, answer.json()), (200, {"stateMachines": []}), f"answer to {body!r}")


@check("answers carry type, request id, date and length")
def _():
    answer = daemon().client().raw("ListStateMachines", b"{}")
    equal(answer.headers["Content-Type"], "application/x-amz-json-1.0")
    equal(len(answer.headers["x-amzn-RequestId"]), 36, "length of the request id")
    equal(answer.headers["Content-Length"], str(len(answer.body)))
    sent = datetime.datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    off = abs((sent - datetime.datetime.utcnow()).total_seconds())
    assert off < 10, f"Date is off by {off} s"


@check("bodies that are not JSON objects are SerializationException")
def _():
    client = daemon().client()
    deep = b'{"name":' + b"[" * 20000 + b"]" * 20000 + b"}"
    for body in (b"{", b"[]", b'"text"', b"nonsense", b'{"name":"\xff\xfe"}', b'{"name":"\xc3"}',
                 b'{"name":1,}', b'{"name":"a\nb"}', b'{"name":01}', b'\xef\xbb\xbf{}', deep):
        answer = client.raw("CreateStateMachine", body)
        equal(answer.status, 400, f"status of {body[:30]!r}")
        equal(answer.json()["__type"], "SerializationException", f"answer to {body[:30]!r}")
    for body in (b'{"name":1}', b'{"name":{}}', b'{"tags":{}}', b'{"publish":"true"}'):
        answer = client.raw("CreateStateMachine", body)
        equal(answer.json()["__type"], "SerializationException", f"answer to {body!r}")


@check("an unknown or missing target is UnknownOperationException")
def _():
    client = daemon().client()
    for target in ("AWSStepFunctions.NoSuchThing", "awsstepfunctions.ListStateMachines",
                   "AWSStepFunctions.liststatemachines", "AWSStepFunctions.",
                   "AmazonNothing.SendMessage", "", "AWSStepFunctions.TestState"):
        answer = client.raw("", b"{}", headers={"X-Amz-Target": target})
        equal(answer.json()["__type"], "UnknownOperationException", f"answer to {target!r}")
        assert answer.status in (400, 404), answer.status
    status, _, body = exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "
                               b"application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}")
    equal(json.loads(body)["__type"], "UnknownOperationException")
    assert status in (400, 404), status


@check("any Host header will do")
def _():
    for host in (b"example.com", b"sync-127.0.0.1:1", b"states.us-east-1.amazonaws.com", b""):
        data = LIST.replace(b"Host: pawl", b"Host: " + host) + b"Content-Length: 2\r\n\r\n{}"
        equal(exchange(data)[0], 200, f"status with Host {host!r}")


@check("a body over max_body is refused before it is sent")
def _():
    refusal(LIST + b"Content-Length: 70000\r\n\r\n", 413, "RequestEntityTooLargeException")
    chunks = b"".join(b"4000\r\n" + b"x" * 0x4000 + b"\r\n" for _ in range(5))
    refusal(LIST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, 413,
            "RequestEntityTooLargeException")
    body = b"{" + b" " * 65534 + b"}"
    equal(daemon().client().raw("ListStateMachines", body).status, 200, "status of 64 KiB")


@check("heads that are too large, or could be read in two ways, are refused")
def _():
    refusal(LIST + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n", 431,
            "RequestHeaderFieldsTooLargeException")
    for head in (b"Content-Length: 2\r\nContent-Length: 3\r\n",
                 b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                 b"Content-Length: -1\r\n", b"Content-Length: 2 \n", b"Bad Name: 1\r\n",
                 b" folded: 1\r\n", b"X: a\x00b\r\n"):
        status, _, body = exchange(LIST + head + b"\r\n{}")
        equal(status, 400, f"status with {head!r}")
        equal(json.loads(body)["__type"], "BadRequestException")


@check("Expect: 100-continue is answered before the body comes")
def _():
    with connected() as connection:
        connection.sendall(LIST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        equal(head, b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"{}")
        equal(read_answer(connection)[0], 200, "status")


@check("a chunked body is put together")
def _():
    data = LIST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nTrailer: 1\r\n\r\n"
    equal(exchange(data)[0], 200, "status")


@check("a connection serves many calls, also when they come pipelined or byte by byte")
def _():
    call = LIST + b"Content-Length: 2\r\n\r\n{}"
    with connected() as connection:
        for _ in range(20):
            connection.sendall(call)
            equal(read_answer(connection)[0], 200, "status")
        connection.sendall(call * 5)
        reader = connection.makefile("rb")
        for _ in range(5):
            contains(reader.readline(), b"200")
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            reader.read(length)
    with connected() as connection:
        for byte in call:
            connection.sendall(bytes([byte]))
        equal(read_answer(connection)[0], 200, "status byte by byte")
    with connected() as connection:
        connection.sendall(call.replace(b"HTTP/1.1", b"HTTP/1.0"))
        equal(read_answer(connection)[0], 200, "status of HTTP/1.0")
        assert is_closed(connection)


@check("a client that is silent or drips its request is cut off, others are served meanwhile")
def _():
    began = time.monotonic()
    with connected() as silent, connected() as dripping, connected() as half:
        half.sendall(LIST[:40])
        dripping.settimeout(0.05)
        sent = 0
        client = daemon().client()
        closed = False
        while not closed and time.monotonic() < began + pawltest.PATIENCE:
            with contextlib.suppress(OSError):
                dripping.sendall(LIST[sent:sent + 1])
                sent += 1
            try:
                closed = dripping.recv(4096) == b""
            except TimeoutError:
                pass
            except ConnectionError:
                closed = True
            equal(client.raw("ListStateMachines", b"{}").status, 200, "status of another client")
        assert closed, "the dripping client was never cut off"
        assert is_closed(silent) and is_closed(half)
        client.close()


@check("more connections than max_connections wait and are served when one leaves")
def _():
    held = []
    try:
        for _ in range(60):
            held.append(socket.create_connection(daemon().address, timeout=30))
        for connection in held:         # the first fifty time out, which lets the others in
            with contextlib.suppress(OSError):
                connection.sendall(LIST + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
        served = 0
        for connection in held:
            with contextlib.suppress(OSError, http.client.HTTPException):
                served += read_answer(connection)[0] == 200
        equal(served, 60, "calls answered")
    finally:
        for connection in held:
            connection.close()


@check("GET and other methods do not reach the API")
def _():
    client = daemon().client()
    equal(client.get("/nothing-here").status, 404)
    for method, path in (("PUT", "/"), ("DELETE", "/"), ("POST", "/elsewhere")):
        answer = client.request(method, path, b"{}", {
            "X-Amz-Target": "AWSStepFunctions.ListStateMachines"})
        assert answer.status in (404, 405), f"{method} {path}: {answer.status}"


@check("a client that hangs up before its answer does no harm")
def _():
    for _ in range(50):
        with connected() as connection:
            connection.sendall(LIST + b"Content-Length: 2\r\n\r\n{}")
    equal(daemon().client().raw("ListStateMachines", b"{}").status, 200, "status")


@functools.cache
def signed_daemon():
    keys = "access_keys = { " + ", ".join(f'["{k}"] = "{v}"' for k, v in KEYS.items()) + " }\n"
    return pawltest.Pawld(database=database().new_database(), config=keys, keys=KEYS)


@check("with access keys a signed call is served, all others get AWS's errors")
def _():
    good = signed_daemon().client()
    equal(good.call("ListStateMachines"), {"stateMachines": []})
    body = json.dumps({"maxResults": 5}).encode()
    equal(good.raw("ListStateMachines", body).status, 200)

    def code(client, body=b"{}", **headers):
        answer = client.raw("ListStateMachines", body, headers=headers)
        assert answer.status in (400, 403), answer.status
        return answer.json()["__type"]

    unsigned = signed_daemon().client(keys=None)
    equal(code(unsigned), "MissingAuthenticationTokenException")
    equal(code(unsigned, Authorization="AWS4-HMAC-SHA256 nonsense"),
          "IncompleteSignatureException")
    equal(code(signed_daemon().client(keys=("AKIDUNKNOWN", "x"))), "UnrecognizedClientException")
    equal(code(signed_daemon().client(keys=("AKIDEXAMPLE", "wrong"))), "InvalidSignatureException")


@check("a signature does not cover another body, another action or another time")
def _():
    client = signed_daemon().client(keys=None)
    host = "{}:{}".format(*signed_daemon().address)
    headers = {"Content-Type": "application/x-amz-json-1.0",
               "X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
    key = next(iter(KEYS.items()))
    signature = pawltest.sign(key, "us-east-1", host, b"{}", headers)
    equal(client.raw("ListStateMachines", b"{}", signature).status, 200)
    for action, body in (("ListStateMachines", b"{ }"), ("CreateStateMachine", b"{}")):
        answer = client.raw(action, body, signature)
        equal(answer.json()["__type"], "InvalidSignatureException", f"{action} {body}")
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes in (-6, 6):
        when = now + datetime.timedelta(minutes=minutes)
        answer = client.raw("ListStateMachines", b"{}",
                            pawltest.sign(key, "us-east-1", host, b"{}", headers, when))
        equal(answer.json()["__type"], "InvalidSignatureException", f"{minutes} minutes off")


@check("without access keys pawld does not listen on other than loopback addresses")
def _():
    bold = pawltest.Pawld(database=database().new_database(), start=False, listen="0.0.0.0:0")
    bold.launch()
    assert bold.died() != 0
    contains(bold.log(), "access_keys")


@check("nothing of all this made the daemon die")
def _():
    wait_for(lambda: daemon().is_running(), 1)
    daemon().stop()
    signed_daemon().stop()


pawltest.main()
