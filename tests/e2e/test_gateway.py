#!/usr/bin/python3
"""test_gateway - tasks apigateway:invoke against a real HTTP server."""

import functools
import http.server
import json
import threading

import pawltest
from pawltest import check, contains, equal, wait_for

INVOKE = "arn:aws:states:::apigateway:invoke"
KEYS = {"aws_access_key_id": "AKIDGATE", "aws_secret_access_key": "gate/secret"}


class Gateway(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; /none refuses, as a gateway without such a method does."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "none" in self.path:
            status, out = 403, {"message": "Missing Authentication Token"}
        else:
            status, out = 200, {"method": self.command, "path": self.path, "body": body,
                                "headers": [[k.lower(), v] for k, v in self.headers.items()]}
        text = json.dumps(out).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):      # pylint: disable=arguments-differ
        pass


@functools.cache
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/apis/a1"


@functools.cache
def daemon():
    return pawltest.Pawld(database=pawltest.Postgres().new_database(), **KEYS)


_names = iter(range(1, 1000))


def run(parameters, suffix="", **fields):
    client = daemon().client()
    machine = client.create(f"m{next(_names)}", {"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": INVOKE + suffix, "End": True, "Parameters": parameters, **fields}}})
    return client.wait(client.start(machine))


def asked(parameters):
    """What the gateway says it was asked."""
    done = run({"ApiEndpoint": endpoint(), **parameters})
    equal(done["status"], "SUCCEEDED", done.get("cause"))
    output = json.loads(done["output"])
    equal((output["StatusCode"], output["StatusText"]), (200, "OK"), "status")
    equal(output["Headers"]["Content-Type"], ["application/json"], "headers are lists")
    return output["ResponseBody"]


@check("stage, path, headers, query and body arrive as they were given")
def _():
    got = asked({"Method": "POST", "Stage": "prod", "Path": "/orders/7", "RequestBody": {"n": [1, "two"]},
                 "Headers": {"X-Shop": ["a", "b"]}, "QueryParameters": {"q": ["x y", "z"], "one": [1]}})
    equal((got["method"], got["path"]), ("POST", "/apis/a1/prod/orders/7?q=x%20y&q=z&one=1"), "request")
    equal(got["body"], '{"n":[1,"two"]}', "body")
    equal([v for k, v in got["headers"] if k == "x-shop"], ["a", "b"], "header")
    contains([k for k, _ in got["headers"]], "idempotency-key")
    equal(asked({"Method": "POST", "RequestBody": "Hello"})["body"], '"Hello"', "a text is JSON too")
    equal(asked({"Method": "POST", "RequestBody": None})["body"], "", "null is no body")
    equal(asked({"Method": "GET"})["path"], "/apis/a1", "neither stage nor path")


@check("nulls are left out, or sent empty when that is allowed")
def _():
    query = {"a": [None, "1"], "b": None}
    equal(asked({"Method": "GET", "QueryParameters": query})["path"], "/apis/a1?a=1", "left out")
    equal(asked({"Method": "GET", "QueryParameters": query, "AllowNullValues": True})["path"], "/apis/a1?a=&a=1&b=", "sent")


@check("a status of 300 or more is ApiGateway.NNN with the body as cause, and can be caught")
def _():
    done = run({"ApiEndpoint": endpoint(), "Method": "POST", "Path": "none", "RequestBody": "Hello"})
    equal((done["status"], done["error"]), ("FAILED", "ApiGateway.403"), "error")
    equal(json.loads(done["cause"]), {"message": "Missing Authentication Token"}, "cause")
    done = run({"ApiEndpoint": "127.0.0.1:1", "Method": "GET"})
    equal(done["error"], "ApiGateway.SdkClientException", "error")
    contains(done["cause"], "Unable to execute HTTP request: 127.0.0.1")


@check("parameters that make no sense fail with Step Functions' sentence")
def _():
    for parameters, sentence in (
            ({"Headers": {"A": "b"}}, "The value of the field 'Headers' has an invalid format"),
            ({"Headers": {"Host": ["b"]}}, 'The header "Host" is not allowed'),
            ({"Headers": {"X-Amz-Date": ["b"]}}, 'The header "X-Amz-Date" is not allowed'),
            ({"QueryParameters": {"a": "b"}}, "The value of the field 'QueryParameters' has an invalid format"),
            ({"AuthType": "MAYBE"}, "The field 'AuthType' must be one of"),
            ({"Stage": 7}, "The value of the field 'Stage' must be a string")):
        done = run({"ApiEndpoint": endpoint(), "Method": "GET", **parameters})
        equal(done["error"], "States.Runtime", "error")
        contains(done["cause"], f"could not be used to start the Task: [{sentence}")


@check("IAM_ROLE signs for execute-api")
def _():
    headers = dict(asked({"Method": "GET", "AuthType": "IAM_ROLE"})["headers"])
    contains(headers["authorization"], f"Credential={KEYS['aws_access_key_id']}/")
    contains(headers["authorization"], f"/{pawltest.REGION}/execute-api/aws4_request")


@check("with .waitForTaskToken the answer is the submission, and the token's is the result")
def _():
    client = daemon().client()
    machine = client.create("callback", {"StartAt": "T", "States": {"T": {
        "Type": "Task", "Resource": INVOKE + ".waitForTaskToken", "End": True, "Parameters": {
            "ApiEndpoint": endpoint(), "Method": "POST", "RequestBody": {"token.$": "$$.Task.Token"}}}}})
    execution = client.start(machine)

    def submitted():
        return [e["taskSubmittedEventDetails"]["output"] for e in client.history(execution) if e["type"] == "TaskSubmitted"]
    answer = json.loads(wait_for(submitted, what="the submission")[0])
    token = json.loads(answer["ResponseBody"]["body"])["token"]
    client.call("SendTaskSuccess", taskToken=token, output='"done"')
    equal(client.wait(execution)["output"], '"done"', "output")


if __name__ == "__main__":
    pawltest.main()
