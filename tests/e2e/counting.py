"""counting - an HTTP peer that counts what tasks ask of it: how many at the same time, what, and when."""

import http.server
import threading
import time

import pawltest

HTTP = "arn:aws:states:::http:invoke"
CONNECTION = 'plugins = { http = { connections = { c = { type = "basic", username = "u", password = "p" } } } }\n'


class Peer(http.server.ThreadingHTTPServer):
    """Says how many requests it had at the same time, at most, and which paths came in which order."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.paths = []
        self.came = []  # when; monotonic
        self.gate = threading.Event()   # requests below /gate wait for it
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):   # pylint: disable=invalid-name
        peer = self.server
        with peer.lock:
            peer.now += 1
            peer.most = max(peer.most, peer.now)
            peer.paths.append(self.path)
            peer.came.append(time.monotonic())
        if self.path.startswith("/gate"):
            peer.gate.wait(pawltest.PATIENCE)
        time.sleep(0.03)    # the work
        with peer.lock:
            peer.now -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass


def call(peer, path="/", **fields):
    return {"Type": "Task", "Resource": HTTP, "End": True, "Parameters": {
        "ApiEndpoint": peer.url + path, "Method": "GET", "Authentication": {
            "ConnectionArn": f"arn:aws:events:{pawltest.REGION}:{pawltest.ACCOUNT}:connection/c/1"}}, **fields}


def most_within(times, seconds):
    """How many of these came within so many seconds, at most."""
    most = first = 0
    for last, when in enumerate(times):
        while when - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
