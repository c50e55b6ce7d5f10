#!/usr/bin/python3
"""http_peer - the HTTP service that the unit tests talk to: it answers, and misbehaves, as its path says.

Prints "PORT TLS_PORT CERTIFICATE" and ends when its standard input does. TLS_PORT is 0 without openssl(1)."""

import http.server
import itertools
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

connections = itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self):
        super().setup()
        self.number = next(connections)

    def log_message(self, *args):
        pass

    def send(self, status, body, content_type="application/json", headers=()):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self, body):
        lists = {}
        for name, value in self.headers.items():
            lists.setdefault(name.lower(), []).append(value)
        self.send(200, json.dumps({"method": self.command, "path": self.path, "headers": lists,
                                   "body": body.decode("latin-1"), "connection": self.number}).encode())

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def leaving(self):
        """The port of a server that answers once, reads the next request of the connection and is gone."""
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.recv(65536)
            listener.close()
            connection.close()
        threading.Thread(target=serve, daemon=True).start()
        self.send(200, str(listener.getsockname()[1]).encode(), "text/plain")

    def function(self, name, body):
        known = ("x-amzn-RequestId", "req-1"), ("X-Amz-Executed-Version", "$LATEST")
        if name == "double":
            answer = json.dumps({"got": json.loads(body), "path": self.path}).encode()
            self.send(200, answer, headers=known + (("X-Amz-Log-Result", "bG9n"),))
        elif name == "signed":
            self.send(200, json.dumps(dict(self.headers.items())).encode(), headers=known)
        elif name == "raises":
            self.send(200, b'{"errorMessage":"no","errorType":"Mine","stackTrace":[]}',
                      headers=known + (("X-Amz-Function-Error", "Unhandled"),))
        elif name == "untyped":
            self.send(200, b'{"errorMessage":"timed out"}', headers=known + (("X-Amz-Function-Error", "Unhandled"),))
        elif name == "text":
            self.send(200, b"not json", headers=known)
        elif name == "busy":
            self.send(429, b'{"Type":"User","message":"Rate Exceeded."}',
                      headers=(("x-amzn-ErrorType", "TooManyRequestsException"), ("x-amzn-RequestId", "req-2")))
        else:
            self.send(404, json.dumps({"Type": "User", "Message": f"Function not found: {name}"}).encode(),
                      headers=(("x-amzn-ErrorType", "ResourceNotFoundException:http://internal"),
                               ("x-amzn-RequestId", "req-3")))

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        what = parts[0]
        if what == "2015-03-31":
            self.function(urllib.parse.unquote(parts[2]), body)
        elif what == "status":
            self.send(int(parts[1]), b"status " + parts[1].encode(), "text/plain")
        elif what == "slow":
            while self.connection.recv(1):
                pass
        elif what == "reset":
            self.reset()
        elif what == "leaving":
            self.leaving()
        elif what == "garbage":
            self.wfile.write(b"garbage\r\n\r\n")
            self.close_connection = True
        elif what == "partial":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfew")
            self.close_connection = True
        elif what == "large":
            self.send(200, b"x" * int(parts[1]), "text/plain")
        elif what == "headers":
            self.send(200, b"{}", headers=[(f"X-H{i}", "v" * 8000) for i in range(int(parts[1]))])
        elif what == "redirect":
            self.send(302, b"moved", "text/plain", [("Location", "/echo")])
        elif what == "binary":
            self.send(200, b"\xff\x00\x01", "application/octet-stream")
        elif what == "latin":
            self.send(200, b"caf\xe9", "text/plain")
        elif what == "text":
            self.send(200, b"plain words", "text/plain; charset=utf-8", [("X-Twice", "1"), ("X-Twice", "2")])
        elif what == "empty":
            self.send(204, b"", None)
        else:
            self.echo(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what is tested


def tls_server(folder):
    if not shutil.which("openssl"):
        return 0, "-"
    certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], certificate


def main():
    with tempfile.TemporaryDirectory(prefix="pawl-peer-") as folder:
        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tls_port, certificate = tls_server(folder)
        print(server.server_address[1], tls_port, certificate, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
    os._exit(0)
