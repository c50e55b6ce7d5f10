"""example - what the examples share: a pawld of their own, calls of its API, and servers that speak JSON."""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]


class Refused(SystemExit):
    """An answer that is an error; the example ends with it unless somebody minds."""

    def __init__(self, url, status, text):
        super().__init__(f"run: {url} answered {status}: {text}")
        self.status, self.text = status, text


def send(url, body, headers=()):
    """The text of the answer to a POST."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("POST", parts.path or "/", body, dict(headers))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    if answer.status != 200:
        raise Refused(url, answer.status, text)
    return text


def post(url, body, headers=()):
    """The JSON answer of a POST."""
    return json.loads(send(url, json.dumps(body), headers) or "{}")


def call(endpoint, action, service="AWSStepFunctions", /, **params):
    """An action of an AWS service that pawld answers as JSON, by default of Step Functions."""
    return post(endpoint, params, {"Content-Type": "application/x-amz-json-1.0",
                                   "X-Amz-Target": f"{service}.{action}"})


def call_form(endpoint, action, version, /, **params):
    """An action of a service with forms, as SNS; the text of the answer."""
    form = urllib.parse.urlencode({"Action": action, "Version": version, **params})
    return send(endpoint, form, {"Content-Type": "application/x-www-form-urlencoded"})


def ready_line(process, what):
    """Waits for the line "WHAT ready URL ..."; the words behind "ready"."""
    line = process.stdout.readline().decode()
    if not line.startswith(f"{what} ready "):
        sys.exit(f"run: {what} did not start: {line}")
    return line.split()[2:]


def find_program(name):
    for folder in (os.environ.get("PAWL_BUILD"), TOP / "build", "/usr/local/sbin", "/usr/sbin"):
        if folder and os.access(pathlib.Path(folder) / name, os.X_OK):
            return pathlib.Path(folder) / name
    found = shutil.which(name)
    if not found:
        sys.exit(f"run: no {name} found; build it with ./quickstart, or say in PAWL_BUILD where it is built")
    return pathlib.Path(found)


def start_pawld(*options, **more):
    """A pawld of our own with these options; more: for subprocess."""
    program = find_program("pawld")
    command = [program, "--log_level=warn", *options]
    build = program.parent
    if (build / "plugins" / "http.so").exists():        # not installed: what it needs is beside it
        command += [f"--plugin_dir={build}/plugins", f"--libexec_dir={build}",
                    f"--lib_dir={TOP}/scripts/lib"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, **more)


class JsonHandler(http.server.BaseHTTPRequestHandler):
    """One connection of a service: answers are JSON."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1       # head and body leave together

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass

    def body(self):
        """The bytes of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body):
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True        # the caller has gone
