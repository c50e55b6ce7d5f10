"""tables - DynamoDB of the recorded cases: the one that pawld itself plays."""

import json

import fakeaws_services
import pawltest


class Dynamodb(fakeaws_services.Service):
    shapes = "com.amazonaws.dynamodb.v20120810#"

    def __init__(self, world, url):
        super().__init__(world)
        self.client = pawltest.Client(url)

    def perform(self, action, params):
        answer = self.client.raw(action, json.dumps(params).encode(), service="DynamoDB_20120810")
        body = answer.json()
        if answer.status != 200:
            raise fakeaws_services.Fault(body["__type"].rpartition("#")[2], body["message"], answer.status)
        return body
