"""queues - SQS of the recorded cases: the one that pawld itself plays."""

import json

import fakeaws_services
import pawltest


class Sqs(fakeaws_services.Service):
    shapes = "com.amazonaws.sqs#"

    def __init__(self, world, url):
        super().__init__(world)
        self.client = pawltest.Client(url)

    def perform(self, action, params):
        if "Attributes" in params:      # recordings show texts that are objects parsed
            params = {**params, "Attributes": {
                name: json.dumps(value) if isinstance(value, dict) else value
                for name, value in params["Attributes"].items()}}
        if action == "DeleteMessage":   # the handle is of its own time: the message is the one that is here
            taken = self.call("ReceiveMessage", {"QueueUrl": params["QueueUrl"], "WaitTimeSeconds": 20})
            params = {**params, "ReceiptHandle": taken["Messages"][0]["ReceiptHandle"]}
        return self.call(action, params)

    def call(self, action, params):
        answer = self.client.raw(action, json.dumps(params).encode(), service="AmazonSQS")
        body = answer.json()
        if answer.status == 200:
            return body
        raise fakeaws_services.Fault(
            body["__type"].rpartition("#")[2], body["message"], answer.status,
            answer.headers["x-amzn-query-error"].partition(";")[0])
