"""gateways - API Gateway as the recorded cases use it: REST APIs whose methods invoke a Lambda function.

A request to /restapis/ID/STAGE/PATH goes to the function of the method's integration; a request template is
filled in as far as templates of the cases go. Answers have the headers that API Gateway sends behind CloudFront.
"""

import json
import re
import uuid

from fakeaws_services import Fault, Service


class Method:
    """What a method of a resource is integrated with."""

    def __init__(self):
        self.function = None        # its name
        self.template = None        # of application/json; None: the body as it is


class Gateways(Service):
    def __init__(self, world):
        super().__init__(world)
        self.resources = {}         # API -> its paths
        self.methods = {}           # (API, path, HTTP method) -> Method

    # --- the control plane ---------------------------------------------------------------

    def CreateRestApi(self, params):
        return {"name": params["name"]}

    def CreateResource(self, params):
        # a case says the ids that later steps use only there: they come in the order of the recording
        self.resources.setdefault(params["restApiId"], []).append("/" + params["pathPart"])

    def _method(self, params):
        path = self.resources[params["restApiId"]][-1]
        return self.methods.setdefault((params["restApiId"], path, params["httpMethod"]), Method())

    def PutMethod(self, params):
        self._method(params)

    def PutIntegration(self, params):
        method = self._method(params)
        method.function = re.search(r":function:([^/:]+)", params["uri"]).group(1)
        method.template = (params.get("requestTemplates") or {}).get("application/json")

    def PutIntegrationResponse(self, params):
        self._method(params)

    def PutMethodResponse(self, params):
        self._method(params)

    def CreateDeployment(self, params):
        if params["restApiId"] not in self.resources:
            raise Fault("BadRequestException", "The REST API doesn't contain any methods")

    # --- requests ------------------------------------------------------------------------

    @staticmethod
    def _fill(template, body, query):
        named = ", ".join(f"{k}={v}" for k, v in query)
        return (template.replace("$input.json('$')", body or "{}")
                .replace("$input.params().querystring", "{" + named + "}"))

    def invoke(self, command, path, query, body, functions):
        """(status, body) of a request below /restapis/."""
        found = re.fullmatch(r"/restapis/([^/]+)/[^/]+(/.*)", path)
        method = self.methods.get((found.group(1), found.group(2), command)) if found else None
        function = functions.get(method.function) if method is not None else None
        if function is None:
            return 403, b'{"message":"Missing Authentication Token"}'
        text = body.decode()
        if method.template is not None:
            text = self._fill(method.template, text, query)
        failure, result = function.call(json.loads(text) if text.strip() else {}, str(uuid.uuid4()))
        return (502, b'{"message": "Internal server error"}') if failure else (200, result)


def headers(request_id):
    """Those of an answer, but for its length and date."""
    return [("Content-Type", "application/json"), ("Connection", "keep-alive"), ("x-amzn-RequestId", request_id),
            ("x-amz-apigw-id", "TestGateway="), ("X-Amzn-Trace-Id", f"Root=1-{uuid.uuid4().hex[:8]}"),
            ("X-Cache", "Miss from cloudfront"), ("Via", "1.1 test.cloudfront.net (CloudFront)"),
            ("X-Amz-Cf-Pop", "TST1-P1"), ("X-Amz-Cf-Id", "TestCloudfront==")]
