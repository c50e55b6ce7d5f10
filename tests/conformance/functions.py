"""functions - a Lambda Invoke endpoint for the functions of the recorded cases; for the other
services of AWS it is what fakeaws.py is.

POST /2015-03-31/functions/NAME/invocations. A function with source runs in a child
process of its own, killed at its time limit, and its exceptions are reported as
Lambda's Python runtime reports them. A function of which only the results were
recorded answers with these. Headers are those that Lambda sends.
"""

import base64
import json
import os
import re
import select
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from email.utils import formatdate

import fakeaws
import gateways

# Runs in the child: one event a line on stdin, one answer a line on stdout.
CHILD = r'''
import base64, importlib.util, json, linecache, os, sys, traceback
spec = json.loads(sys.stdin.readline())
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for name, source in spec["source"].items():
    path = "/var/task/" + name
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
module_name, _, function_name = spec["handler"].rpartition(".")
path = "/var/task/" + module_name.replace(".", "/") + ".py"
module = type(sys)(module_name)
exec(compile(spec["source"][module_name.replace(".", "/") + ".py"], path, "exec"), module.__dict__)

class Context:
    def __init__(self, request_id, arn):
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = arn.rpartition(":")[2]
        self.function_version = "$LATEST"

for line in sys.stdin:
    call = json.loads(line)
    failed = False
    try:
        result = getattr(module, function_name)(call["event"], Context(call["id"], spec["arn"]))
        text = result if isinstance(result, bytes) else json.dumps(result).encode()
    except Exception as e:
        failed = True
        frames = [f for f in traceback.extract_tb(e.__traceback__) if f.filename.startswith("/var/task/")]
        text = json.dumps({"errorMessage": str(e), "errorType": type(e).__name__,
                           "requestId": call["id"],
                           "stackTrace": traceback.format_list(frames)},
                          separators=(",", ":") if spec["compact"] else None).encode()
    out.write(json.dumps({"failed": failed, "body": base64.b64encode(text).decode()}) + "\n")
    out.flush()
'''


class Source:
    """A function whose Python source is known. compact: its runtime is one of those that write
    an error without blanks."""

    def __init__(self, arn, handler, timeout, source, compact=False):
        self.spec = {"handler": handler, "source": source, "arn": arn, "compact": compact}
        self.timeout = timeout
        self.lock = threading.Lock()
        self.idle = []

    def call(self, event, request_id):
        """(function error or None, body)"""
        with self.lock:
            child = self.idle.pop() if self.idle else None
        if child is None:
            child = subprocess.Popen([sys.executable, "-S", "-c", CHILD], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._say(child, self.spec)
        self._say(child, {"event": event, "id": request_id})
        line = self._hear(child)
        if line is None:
            child.kill()
            self._close(child)
            now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            message = f"{now}.000Z {request_id} Task timed out after {self.timeout:.2f} seconds"
            return "Unhandled", json.dumps({"errorMessage": message}).encode()
        answer = json.loads(line)
        with self.lock:
            self.idle.append(child)
        return "Unhandled" if answer["failed"] else None, base64.b64decode(answer["body"])

    @staticmethod
    def _say(child, message):
        child.stdin.write((json.dumps(message) + "\n").encode())
        child.stdin.flush()

    def _hear(self, child):
        deadline = time.monotonic() + self.timeout
        data = b""
        while not data.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                return None
            piece = os.read(child.stdout.fileno(), 1 << 20)
            if not piece:
                return None
            data += piece
        return data

    @staticmethod
    def _close(child):
        child.stdin.close()
        child.stdout.close()
        child.wait()

    def close(self):
        for child in self.idle:
            child.kill()
            self._close(child)
        self.idle = []


class Replay:
    """A function of which only what it answered is known: [(event, failed, result)], in order."""

    def __init__(self, calls):
        self.calls = list(calls)
        self.lock = threading.Lock()

    def call(self, event, request_id):
        """(function error or None, body); an equal event gets its own answer."""
        del request_id
        with self.lock:
            if not self.calls:
                return "Unhandled", json.dumps({"errorType": "Replay", "errorMessage":
                                                "called more often than recorded"}).encode()
            place = next((i for i, c in enumerate(self.calls) if c[0] == event), 0)
            _, failed, result = self.calls.pop(place)
        return "Unhandled" if failed else None, json.dumps(result).encode()

    def close(self):
        """Nothing to close."""


class _Handler(fakeaws.Handler):
    def do_POST(self):
        path = urllib.parse.unquote(self.path.partition("?")[0])
        found = re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", path)
        if path.startswith("/restapis/"):
            self.serve_gateway(path)
            return
        if not found:
            super().do_POST()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request_id = str(uuid.uuid4())
        name = re.sub(r"^arn:[^:]*:lambda:[^:]*:[^:]*:function:", "", found.group(1)).partition(":")[0]
        function = self.server.functions.get(name)
        if function is None:
            arn = f"arn:aws:lambda:{self.server.region}:{self.server.account}:function:{name}:$LATEST"
            self.answer_call(404, [("x-amzn-ErrorType", "ResourceNotFoundException")],
                        json.dumps({"Message": f"Function not found: {arn}",
                                    "Type": "User"}).encode(), request_id)
            return
        failure, result = function.call(json.loads(body) if body.strip() else {}, request_id)
        extra = [("X-Amz-Executed-Version", "$LATEST"), ("x-amzn-Remapped-Content-Length", "0")]
        if failure:
            extra.append(("X-Amz-Function-Error", failure))
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            extra.append(("X-Amz-Log-Result", base64.b64encode(b"START\nEND\n").decode()))
        self.answer_call(200, extra, result, request_id)

    def serve_gateway(self, path):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = urllib.parse.parse_qsl(self.path.partition("?")[2])
        status, result = self.server.world.services["apigateway"].invoke(
            self.command, path, query, body, self.server.functions)
        self.answer(status, gateways.headers(str(uuid.uuid4())), result)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

    def answer_call(self, status, extra, body, request_id):
        self.send_response_only(status)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "keep-alive")
        self.send_header("x-amzn-RequestId", request_id)
        self.send_header("X-Amzn-Trace-Id", f"root=1-{uuid.uuid4().hex[:8]};sampled=0")
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Endpoint(fakeaws.Endpoint):
    """The server; put functions into .functions by name, the URL is .url."""

    def __init__(self, account, region):
        super().__init__(handler=_Handler)
        self.server.functions = self.functions = {}
        self.server.account, self.server.region = account, region

    def close(self):
        super().close()
        for function in list(self.functions.values()):
            function.close()
