#!/usr/bin/python3
"""test_dynamodb - the DynamoDB of the plugin database: tasks, plain JSON calls, the aws command and the AWS SDK for
JavaScript; expressions, 38 digits, many writers of one item on two nodes, and exactly once through kill -9."""

import concurrent.futures
import contextlib
import functools
import http.client
import json
import re
import subprocess

import awscli
import pawltest
from pawltest import check, contains, equal


@functools.cache
def server():
    return pawltest.Postgres()


@functools.cache
def daemon():
    return pawltest.Pawld(database=server().new_database(), log_level="info")


class Dynamo:
    """The JSON protocol."""

    def __init__(self, url=None):
        self.client = pawltest.Client(url or daemon().url)

    def raw(self, action, **params):
        return self.client.raw(action, json.dumps(params).encode(), service="DynamoDB_20120810")

    def __call__(self, action, /, **params):
        answer = self.raw(action, **params)
        if answer.status != 200:
            raise AssertionError(f"{action} {params}: {answer.body}")
        return answer.json()

    def refuses(self, action, code, part, /, **params):
        answer = self.raw(action, **params)
        equal((answer.status, answer.json().get("__type")), (400, f"com.amazonaws.dynamodb.v20120810#{code}"),
              f"{action} {params}: {answer.body}")
        contains(answer.json()["message"], part)
        return answer.json()

    def table(self, name, range_type=None, hash_type="S"):
        keys = [("id", "HASH", hash_type)] + ([("at", "RANGE", range_type)] if range_type else [])
        self("CreateTable", TableName=name, BillingMode="PAY_PER_REQUEST",
             KeySchema=[{"AttributeName": n, "KeyType": k} for n, k, _ in keys],
             AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, _, t in keys])
        return name


@functools.cache
def dynamo():
    return Dynamo()


numbers = iter(range(10 ** 6))


@functools.cache
def items():
    return dynamo().table("items")


def put(**attributes):
    """A new item with these attributes; its key."""
    key = {"id": {"S": f"i{next(numbers)}"}}
    dynamo()("PutItem", TableName=items(), Item={**key, **attributes})
    return key


def get(key, **params):
    return dynamo()("GetItem", TableName=items(), Key=key, **params).get("Item")


def update(key, expression, values=None, names=None, **params):
    if values:
        params["ExpressionAttributeValues"] = values
    if names:
        params["ExpressionAttributeNames"] = names
    return dynamo()("UpdateItem", TableName=items(), Key=key, UpdateExpression=expression, **params)


def holds(key, condition, values=None, names=None):
    """Whether a condition holds for an item."""
    params = {"ExpressionAttributeValues": values} if values else {}
    if names:
        params["ExpressionAttributeNames"] = names
    answer = dynamo().raw("UpdateItem", TableName=items(), Key=key, ConditionExpression=condition, **params)
    if answer.status != 200:
        equal(answer.json()["__type"].rpartition("#")[2], "ConditionalCheckFailedException", answer.body)
    return answer.status == 200


@check("tables are made, described, listed page by page and deleted")
def _():
    api = dynamo()
    api.table("tables-a", "N")
    described = api("DescribeTable", TableName="tables-a")["Table"]
    equal([described[k] for k in ("TableName", "TableStatus", "ItemCount")], ["tables-a", "ACTIVE", 0])
    equal(described["KeySchema"][1], {"AttributeName": "at", "KeyType": "RANGE"})
    api.refuses("CreateTable", "ResourceInUseException", "Table already exists: tables-a", TableName="tables-a",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    api.refuses("CreateTable", "ValidationException", "no secondary indexes", TableName="tables-b",
                GlobalSecondaryIndexes=[{}])
    api.refuses("CreateTable", "ValidationException", "KeySchema", TableName="tables-b",
                KeySchema=[{"AttributeName": "id", "KeyType": "RANGE"}])
    api.refuses("CreateTable", "ValidationException", "pattern", TableName="tables/b")
    api.table("tables-b")
    page = api("ListTables", Limit=1, ExclusiveStartTableName="tables")
    equal(page, {"TableNames": ["tables-a"], "LastEvaluatedTableName": "tables-a"})
    contains(api("ListTables", ExclusiveStartTableName="tables-a")["TableNames"], "tables-b")
    equal(api("DeleteTable", TableName="tables-b")["TableDescription"]["TableStatus"], "DELETING")
    api.refuses("DescribeTable", "ResourceNotFoundException", "Table: tables-b not found", TableName="tables-b")
    api.refuses("GetItem", "ResourceNotFoundException", "Requested resource not found", TableName="tables-b",
                Key={"id": {"S": "x"}})
    api.refuses("ExecuteStatement", "UnknownOperationException", "does not know")


@check("values of all types come back, numbers with 38 digits in one form")
def _():
    values = {"s": {"S": "grün 😀"}, "n": {"N": "12345678901234567890123456789012345678"}, "b": {"B": "AP8="},
              "yes": {"BOOL": True}, "no": {"BOOL": False}, "null": {"NULL": True}, "empty": {"S": ""},
              "l": {"L": [{"S": "a"}, {"L": []}]}, "m": {"M": {"x": {"N": "1"}, "y": {"M": {}}}},
              "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["1", "2.5"]}, "bs": {"BS": ["AA=="]}}
    key = put(**values)
    equal(get(key), {**key, **values})
    for text, form in (("1.0", "1"), ("-0", "0"), ("0012.340", "12.34"), ("1e3", "1000"), ("1E-5", "0.00001"),
                       ("-.5", "-0.5"), ("+7", "7"), ("1e125", "1" + "0" * 125), ("1e-130", "0." + "0" * 129 + "1"),
                       ("0.1", "0.1"), ("1234.5", "1234.5"), ("0.0123", "0.0123")):
        equal(get(put(n={"N": text}))["n"], {"N": form}, text)
    for text, part in (("1" * 39, "more than 38 significant digits"), ("1e126", "overflow"), ("1e-131", "underflow"),
                       ("x", "cannot be converted"), ("", "cannot be converted"), ("1e", "cannot be converted")):
        dynamo().refuses("PutItem", "ValidationException", part, TableName=items(),
                         Item={"id": {"S": "x"}, "n": {"N": text}})
    for value in ({}, {"S": "x", "N": "1"}, {"X": "1"}, {"SS": []}, {"SS": ["a", "a"]}, {"NULL": False}):
        dynamo().refuses("PutItem", "ValidationException", "", TableName=items(), Item={"id": {"S": "x"}, "v": value})
    for item in ({}, {"id": {"N": "1"}}, {"id": {"S": ""}}, {"id": {"S": "x" * 2049}}):
        dynamo().refuses("PutItem", "ValidationException", "", TableName=items(), Item=item)
    dynamo().refuses("GetItem", "ValidationException", "does not match the schema", TableName=items(),
                     Key={"id": {"S": "x"}, "more": {"S": "x"}})
    dynamo().refuses("PutItem", "ValidationException", "Item size", TableName=items(),
                     Item={"id": {"S": "x"}, "big": {"S": "x" * 409600}})


@check("conditions: comparisons, BETWEEN, IN, AND, OR, NOT, functions, paths")
def _():
    key = put(n={"N": "10"}, s={"S": "hello"}, l={"L": [{"N": "1"}, {"M": {"k": {"S": "deep"}}}]}, t={"SS": ["a", "b"]},
              b={"B": "AP8="})
    v = {":a": {"N": "10.0"}, ":b": {"N": "9"}, ":c": {"N": "100"}}
    for condition, values, expected in (
            ("n = :a", ":a", True), ("n <> :a", ":a", False), ("n > :b", ":b", True), ("n < :c", ":c", True),
            ("n <= :a AND n >= :a", ":a", True), ("n BETWEEN :b AND :c", ":b:c", True),
            ("n in (:b, :c)", ":b:c", False), ("n IN (:b, :a)", ":b:a", True), ("NOT n = :a", ":a", False),
            ("n = :b OR n = :a AND NOT n = :c", ":a:b:c", True), ("(n = :b OR n = :a) AND n = :c", ":a:b:c", False),
            ("s < :c", ":c", False), ("missing <> :a", ":a", True), ("missing < :a", ":a", False),
            ("attribute_exists(s) AND attribute_not_exists(z)", "", True), ("attribute_exists(l[1].k)", "", True),
            ("attribute_exists(l[2])", "", False), ("l[0] = :one", {":one": {"N": "1"}}, True),
            ("attribute_type(t, :x)", {":x": {"S": "SS"}}, True), ("begins_with(s, :x)", {":x": {"S": "he"}}, True),
            ("contains(s, :x)", {":x": {"S": "ell"}}, True), ("contains(t, :x)", {":x": {"S": "b"}}, True),
            ("contains(t, :x)", {":x": {"S": "c"}}, False), ("size(s) = :x", {":x": {"N": "5"}}, True),
            ("size(l) > :x AND size(b) = :x2", {":x": {"N": "1"}, ":x2": {"N": "2"}}, True),
            (":a = n", ":a", True)):
        chosen = {k: w for k, w in v.items() if k in values} if isinstance(values, str) else values
        equal(holds(key, condition, chosen), expected, condition)
    equal(holds(key, "#l[1].#k = :x", {":x": {"S": "deep"}}, {"#l": "l", "#k": "k"}), True)
    for condition, part in (("n =", "Syntax error; token: <EOF>"), ("n ! :a", 'token: "!"'), ("n = :zz", "not defined"),
                            ("#n = :a", "not defined; attribute name: #n"), ("", "can not be empty"),
                            ("n = :a)", "Syntax error"), ("(" * 500 + "n = :a" + ")" * 500, "too many"),
                            ("attribute_exists(n", "Syntax error"), ("n = :a n", "Syntax error")):
        dynamo().refuses("PutItem", "ValidationException", part, TableName=items(), Item=key,
                         ConditionExpression=condition, ExpressionAttributeValues={":a": {"N": "1"}})
    dynamo().refuses("PutItem", "ValidationException", "unused in expressions: keys: {:a}", TableName=items(), Item=key,
                     ExpressionAttributeValues={":a": {"N": "1"}})
    failed = dynamo().refuses("PutItem", "ConditionalCheckFailedException", "The conditional request failed",
                              TableName=items(), Item=key, ConditionExpression="attribute_not_exists(id)",
                              ReturnValuesOnConditionCheckFailure="ALL_OLD")
    equal(failed["Item"]["s"], {"S": "hello"})
    dynamo().refuses("PutItem", "ValidationException", "legacy", TableName=items(), Item=key, Expected={"n": {}})


@check("updates: SET, REMOVE, ADD, DELETE and what they return")
def _():
    key = put(n={"N": "0.1"}, l={"L": [{"N": str(i)} for i in range(4)]}, m={"M": {"a": {"N": "1"}}},
              t={"SS": ["a", "b"]})
    update(key, "SET n = n + :p, m.b = :p, l[1] = :p REMOVE l[0], l[2] ADD t :t, c :p",
           {":p": {"N": "0.2"}, ":t": {"SS": ["b", "c"]}})
    item = get(key)
    equal(item["n"], {"N": "0.3"})
    equal(item["l"], {"L": [{"N": "0.2"}, {"N": "3"}]})
    equal(item["m"], {"M": {"a": {"N": "1"}, "b": {"N": "0.2"}}})
    equal((sorted(item["t"]["SS"]), item["c"]), (["a", "b", "c"], {"N": "0.2"}))
    update(key, "DELETE t :t", {":t": {"SS": ["a", "b", "c"]}})
    equal("t" in get(key), False)
    update(key, "set l = list_append(:l, l), z = if_not_exists(z, :z), y = if_not_exists(n, :z)",
           {":l": {"L": [{"S": "first"}]}, ":z": {"N": "5"}})
    item = get(key)
    equal((item["l"]["L"][0], item["z"], item["y"]), ({"S": "first"}, {"N": "5"}, {"N": "0.3"}))
    change = ("SET n = :n, m.a = :n", {":n": {"N": "9"}})
    equal(update(key, *change, ReturnValues="UPDATED_OLD")["Attributes"],
          {"n": {"N": "0.3"}, "m": {"M": {"a": {"N": "1"}}}})
    equal(update(key, *change, ReturnValues="UPDATED_NEW")["Attributes"],
          {"n": {"N": "9"}, "m": {"M": {"a": {"N": "9"}}}})
    equal(update(key, *change, ReturnValues="ALL_NEW")["Attributes"]["z"], {"N": "5"})
    equal(update(key, *change), {})
    big = put(n={"N": "99999999999999999999999999999999999998"})
    update(big, "SET n = n + :one", {":one": {"N": "1"}})
    equal(get(big)["n"], {"N": "9" * 38})
    update(big, "SET n = n + :one", {":one": {"N": "1"}})
    equal(get(big)["n"], {"N": "1" + "0" * 38})
    new = {"id": {"S": "made-by-update"}}
    equal(update(new, "ADD n :n", {":n": {"N": "-3"}}, ReturnValues="ALL_NEW")["Attributes"], {**new, "n": {"N": "-3"}})
    for expression, part in (("SET id = :n", "part of the key"), ("SET q = nothing", "does not exist in the item"),
                             ("SET n = l + :n", "incorrect data type"), ("SET q.r = :n", "invalid for update"),
                             ("SET n = :n, n = :n", "overlap"), ("SET n = :n SET m = :n", "only be used once"),
                             ("BOOM n :n", "Syntax error"), ("SET n :n", "Syntax error"),
                             ("ADD n :s", "incorrect operand"), ("ADD n n", "Syntax error")):
        values = {":s": {"S": "x"}} if ":s" in expression else {":n": {"N": "1"}} if ":n" in expression else {}
        dynamo().refuses("UpdateItem", "ValidationException", "" if part == "incorrect operand" else part,
                         TableName=items(), Key=key, UpdateExpression=expression,
                         **({"ExpressionAttributeValues": values} if values else {}))
    equal(dynamo()("PutItem", TableName=items(), Item=key, ReturnValues="ALL_OLD")["Attributes"]["z"], {"N": "5"})
    equal(dynamo()("DeleteItem", TableName=items(), Key=key, ReturnValues="ALL_OLD")["Attributes"], key)
    equal((get(key), dynamo()("DeleteItem", TableName=items(), Key=key)), (None, {}))


@check("projections and consumed capacity")
def _():
    key = put(a={"N": "1"}, m={"M": {"x": {"N": "1"}, "y": {"N": "2"}}}, l={"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]})
    equal(get(key, ProjectionExpression="m.y, l[2], l[0], #a, none", ExpressionAttributeNames={"#a": "a"}),
          {"a": {"N": "1"}, "m": {"M": {"y": {"N": "2"}}}, "l": {"L": [{"N": "0"}, {"N": "2"}]}})
    got = dynamo()("GetItem", TableName=items(), Key=key, ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    equal(got["ConsumedCapacity"], {"TableName": "items", "CapacityUnits": 1.0})


@check("Query and Scan: key conditions in the order of numbers, filters, pages, both ways")
def _():
    table = dynamo().table("events", "N")
    order = ["-1e20", "-10", "-9.5", "-0.001", "0", "0.001", "1", "1.5", "2", "10", "100", "1e20"]
    for i, at in enumerate(order):
        dynamo()("PutItem", TableName=table, Item={"id": {"S": "a"}, "at": {"N": at}, "i": {"N": str(i)}})
    dynamo()("PutItem", TableName=table, Item={"id": {"S": "b"}, "at": {"N": "1"}, "i": {"N": "99"}})

    def query(condition, values, **params):
        got = dynamo()("Query", TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values,
                       **params)
        return [int(item["i"]["N"]) for item in got["Items"]], got
    a = {":a": {"S": "a"}}
    equal(query("id = :a", a)[0], list(range(12)))
    equal(query("id = :a", a, ScanIndexForward=False)[0], list(range(11, -1, -1)))
    for test, expected in (("at > :x", [7, 8, 9, 10, 11]), ("at >= :x", [6, 7, 8, 9, 10, 11]), ("at = :x", [6]),
                           ("at < :x", [0, 1, 2, 3, 4, 5]), ("at <= :x", [0, 1, 2, 3, 4, 5, 6])):
        equal(query(f"id = :a AND {test}", {**a, ":x": {"N": "1"}})[0], expected, test)
    equal(query("id = :a AND at BETWEEN :x AND :y",
                {**a, ":x": {"N": "-9.5"}, ":y": {"N": "1.5"}})[0], [2, 3, 4, 5, 6, 7])
    found, got = query("id = :a", {**a, ":i": {"N": "5"}}, FilterExpression="i > :i", Limit=8)
    equal((found, got["Count"], got["ScannedCount"], got["LastEvaluatedKey"]),
          ([6, 7], 2, 8, {"id": {"S": "a"}, "at": {"N": "1.5"}}))
    for forward in (True, False):
        pages, start = [], {}
        while True:
            found, got = query("id = :a", a, Limit=5, ScanIndexForward=forward, **start)
            pages.append(found)
            if "LastEvaluatedKey" not in got:
                break
            start = {"ExclusiveStartKey": got["LastEvaluatedKey"]}
        equal(sorted(sum(pages, [])), list(range(12)))
        equal(len(pages), 3)
    equal(dynamo()("Query", TableName=table, KeyConditionExpression="id = :a", ExpressionAttributeValues=a,
                   Select="COUNT"), {"Count": 12, "ScannedCount": 12})
    for condition, part in (("at = :a", "Condition parameter type"), ("i = :a", "missed key schema element"),
                            ("id > :a", "not supported"), ("id = :a OR id = :a", "not supported")):
        dynamo().refuses("Query", "ValidationException", part, TableName=table, KeyConditionExpression=condition,
                         ExpressionAttributeValues=a)
    equal(dynamo()("Scan", TableName=table)["Count"], 13)
    segments = [dynamo()("Scan", TableName=table, Segment=i, TotalSegments=3)["Count"] for i in range(3)]
    equal(sum(segments), 13)
    texts = dynamo().table("texts", "S")
    for at in ("a", "ab", "ab\u00ff", "ac", "b"):
        dynamo()("PutItem", TableName=texts, Item={"id": {"S": "x"}, "at": {"S": at}, "pad": {"S": "x" * 300000}})
    got = dynamo()("Query", TableName=texts, KeyConditionExpression="id = :x AND begins_with(at, :p)",
                   ExpressionAttributeValues={":x": {"S": "x"}, ":p": {"S": "ab"}})
    equal([i["at"]["S"] for i in got["Items"]], ["ab", "ab\u00ff"])
    first = dynamo()("Scan", TableName=texts)       # a page is 1 MB
    equal((first["Count"], first["LastEvaluatedKey"]["at"]), (4, {"S": "ac"}))
    equal(dynamo()("Scan", TableName=texts, ExclusiveStartKey=first["LastEvaluatedKey"])["Count"], 1)


def ids(found, name="id"):
    return sorted(item[name]["S"] for item in found)


@check("batches: items of several tables are written and read in one call each")
def _():
    api = dynamo()
    first, second = api.table("batch-a"), api.table("batch-b", "N")
    answer = api("BatchWriteItem", ReturnConsumedCapacity="TOTAL", RequestItems={
        first: [{"PutRequest": {"Item": {"id": {"S": f"k{n:02}"}, "n": {"N": str(n)}, "m": {"M": {"x": {"S": "y"}}}}}}
                for n in range(20)],
        second: [{"PutRequest": {"Item": {"id": {"S": "r"}, "at": {"N": str(n)}}}} for n in range(5)]})
    equal(answer, {"UnprocessedItems": {}, "ConsumedCapacity": [{"TableName": first, "CapacityUnits": 20.0},
                                                                 {"TableName": second, "CapacityUnits": 5.0}]})
    got = api("BatchGetItem", RequestItems={
        first: {"Keys": [{"id": {"S": f"k{n:02}"}} for n in range(25)], "ProjectionExpression": "id, #m.x",
                "ExpressionAttributeNames": {"#m": "m"}, "ConsistentRead": True},
        second: {"Keys": [{"id": {"S": "r"}, "at": {"N": n}} for n in ("1", "2.0", "9")]}})
    equal(ids(got["Responses"][first]), [f"k{n:02}" for n in range(20)])
    equal(got["Responses"][first][0].keys(), {"id", "m"}, "projected")
    equal(sorted(i["at"]["N"] for i in got["Responses"][second]), ["1", "2"])
    equal(got["UnprocessedKeys"], {})
    api("BatchWriteItem", RequestItems={first: [{"DeleteRequest": {"Key": {"id": {"S": "k00"}}}},
                                                {"DeleteRequest": {"Key": {"id": {"S": "nobody"}}}},
                                                {"PutRequest": {"Item": {"id": {"S": "k01"}, "new": {"BOOL": True}}}}]})
    got = api("BatchGetItem", RequestItems={first: {"Keys": [{"id": {"S": "k00"}}, {"id": {"S": "k01"}}]}})
    equal(got["Responses"], {first: [{"id": {"S": "k01"}, "new": {"BOOL": True}}]})
    arn = f"arn:aws:dynamodb:{pawltest.REGION}:{pawltest.ACCOUNT}:table/{first}"
    equal(ids(api("BatchGetItem", RequestItems={arn: {"Keys": [{"id": {"S": "k02"}}]}})["Responses"][arn]), ["k02"])


@check("a batch that is too large to read at once leaves keys unprocessed, which the next call takes")
def _():
    api, table = dynamo(), dynamo().table("batch-large")
    for n in range(14):
        api("PutItem", TableName=table, Item={"id": {"S": f"k{n:02}"}, "pad": {"S": "x" * 390000}})
    rest, seen, calls = {table: {"Keys": [{"id": {"S": f"k{n:02}"}} for n in range(14)], "ConsistentRead": True,
                                 "ProjectionExpression": "id"}}, [], 0
    while rest:
        got = api("BatchGetItem", RequestItems=rest)
        seen += ids(got["Responses"].get(table, []))
        rest, calls = got["UnprocessedKeys"], calls + 1
        equal(rest == {} or rest[table].keys() == {"Keys", "ConsistentRead", "ProjectionExpression"}, True, str(rest))
    equal((sorted(seen), calls), ([f"k{n:02}" for n in range(14)], 2))


@check("what is wrong with a batch is said in DynamoDB's words, and nothing of it is done")
def _():
    api, table = dynamo(), dynamo().table("batch-wrong")
    key = {"id": {"S": "a"}}
    put = {"PutRequest": {"Item": key}}
    for action, asked, part in (
            ("BatchGetItem", {table: {"Keys": [key, key]}}, "Provided list of item keys contains duplicates"),
            ("BatchWriteItem", {table: [put, {"DeleteRequest": {"Key": key}}]},
             "Provided list of item keys contains duplicates"),
            ("BatchGetItem", {table: {"Keys": [{"id": {"S": str(n)}} for n in range(101)]}}, "Too many items requested"),
            ("BatchWriteItem", {table: [{"PutRequest": {"Item": {"id": {"S": str(n)}}}} for n in range(26)]},
             "Too many items requested"),
            ("BatchGetItem", {}, "at 'requestItems' failed to satisfy constraint"),
            ("BatchGetItem", None, "at 'requestItems' failed to satisfy constraint"),
            ("BatchGetItem", {table: {"Keys": []}}, "failed to satisfy constraint"),
            ("BatchGetItem", {table: {}}, "failed to satisfy constraint"),
            ("BatchGetItem", {table: []}, "failed to satisfy constraint"),
            ("BatchWriteItem", {table: []}, "failed to satisfy constraint"),
            ("BatchWriteItem", {table: {}}, "failed to satisfy constraint"),
            ("BatchWriteItem", {table: [{}]}, "exactly one of"),
            ("BatchWriteItem", {table: ["x"]}, "exactly one of"),
            ("BatchWriteItem", {table: [{**put, "DeleteRequest": {"Key": key}}]}, "exactly one of"),
            ("BatchWriteItem", {table: [{"PutRequest": {}}]}, "Value null at 'item'"),
            ("BatchGetItem", {table: {"Keys": [key], "AttributesToGet": ["id"]}}, "legacy"),
            ("BatchGetItem", {table: {"Keys": [{**key, "more": {"S": "x"}}]}}, "does not match the schema"),
            ("BatchWriteItem", {table: [put, {"PutRequest": {"Item": {"id": {"N": "1"}}}}]}, "Type mismatch for key"),
            ("BatchWriteItem", {table: [put, {"PutRequest": {"Item": {"id": {"S": "b"}, "x": {"S": "x" * 409600}}}}]},
             "Item size")):
        api.refuses(action, "ValidationException", part, RequestItems=asked)
    api.refuses("BatchGetItem", "SerializationException", "expects an object", RequestItems={table: {"Keys": ["x"]}})
    for action, asked in (("BatchGetItem", {"Keys": [key]}), ("BatchWriteItem", [put])):
        api.refuses(action, "ResourceNotFoundException", "Requested resource not found", RequestItems={"nowhere": asked})
    equal(api("Scan", TableName=table)["Count"], 0)


@check("transactions: all is written or nothing, and each part says why")
def _():
    api, table = dynamo(), dynamo().table("transact")
    other = dynamo().table("transact-b", "N")

    def key(name):
        return {"TableName": table, "Key": {"id": {"S": name}}}
    api("TransactWriteItems", TransactItems=[
        {"Put": {"TableName": table, "Item": {"id": {"S": "a"}, "n": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(id)"}},
        {"Put": {"TableName": other, "Item": {"id": {"S": "o"}, "at": {"N": "1"}}}},
        {"Update": {**key("b"), "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "5"}}}},
        {"Delete": key("nobody")},
        {"ConditionCheck": {**key("nothing"), "ConditionExpression": "attribute_not_exists(id)"}}])
    equal(api("TransactGetItems", TransactItems=[{"Get": key("a")}, {"Get": key("nobody")},
                                                 {"Get": {**key("b"), "ProjectionExpression": "n"}}]),
          {"Responses": [{"Item": {"id": {"S": "a"}, "n": {"N": "1"}}}, {}, {"Item": {"n": {"N": "5"}}}]})
    more = {"ExpressionAttributeValues": {":n": {"N": "1"}}}
    failed = api.raw("TransactWriteItems", TransactItems=[
        {"Update": {**key("a"), "UpdateExpression": "SET n = n + :n", **more}},
        {"Delete": {**key("b"), "ConditionExpression": "n = :n", "ReturnValuesOnConditionCheckFailure": "ALL_OLD", **more}},
        {"Update": {**key("c"), "UpdateExpression": "SET n = n + :n", **more}},
        {"ConditionCheck": {**key("d"), "ConditionExpression": "attribute_exists(id)"}}]).json()
    equal(failed["__type"], "com.amazonaws.dynamodb.v20120810#TransactionCanceledException")
    equal(failed["Message"], "Transaction cancelled, please refer cancellation reasons for specific reasons "
          "[None, ConditionalCheckFailed, ValidationError, ConditionalCheckFailed]")
    equal([r["Code"] for r in failed["CancellationReasons"]],
          ["None", "ConditionalCheckFailed", "ValidationError", "ConditionalCheckFailed"])
    equal(failed["CancellationReasons"][1]["Item"], {"id": {"S": "b"}, "n": {"N": "5"}})
    equal(api("GetItem", **key("a"))["Item"]["n"], {"N": "1"}, "nothing was done")
    for items_, part in (
            ([{"Put": {"TableName": table, "Item": {"id": {"S": "a"}}}}, {"Delete": key("a")}],
             "cannot include multiple operations on one item"),
            ([], "length greater than or equal to 1"), (None, "length greater"),
            ([{"Delete": key(str(n))} for n in range(101)], "length less than or equal to 100"),
            ([{}], "must contain one of"), ([{"Get": key("a")}], "must contain one of"), (["x"], "must contain one of"),
            ([{"Put": {}, "Delete": {}}], "only contain one of"), ([{"ConditionCheck": key("a")}], "conditionExpression"),
            ([{"Update": {**key("a"), "UpdateExpression": "SET n ="}}], "Syntax error"),
            ([{"Delete": {"TableName": table, "Key": {"x": {"S": "a"}}}}], "does not match the schema")):
        api.refuses("TransactWriteItems", "ValidationException", part, TransactItems=items_)
    api.refuses("TransactGetItems", "ResourceNotFoundException", "not found",
                TransactItems=[{"Get": {"TableName": "nowhere", "Key": {"id": {"S": "a"}}}}])


@check("a transaction with the same token is done once, with another request it is refused")
def _():
    api, table = dynamo(), dynamo().table("tokens")

    def add(n, token):
        return Dynamo().raw("TransactWriteItems", ClientRequestToken=token, TransactItems=[{"Update": {
            "TableName": table, "Key": {"id": {"S": "x"}}, "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": str(n)}}}}])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        equal({a.status for a in pool.map(lambda _: add(1, "one"), range(8))}, {200}, "at the same time")
    equal([add(1, "one").status, add(1, "two").status], [200, 200])
    equal(add(2, "one").json()["__type"].rpartition("#")[2], "IdempotentParameterMismatchException")
    equal(api("GetItem", TableName=table, Key={"id": {"S": "x"}})["Item"]["n"], {"N": "2"})


@check("transfers between accounts by many at the same time keep the sum")
def _():
    api, table, names = dynamo(), dynamo().table("accounts"), "abcd"
    for name in names:
        api("PutItem", TableName=table, Item={"id": {"S": name}, "n": {"N": "100"}})

    def transfer(i):
        source, target = names[i % 4], names[(i + 1 + i // 4 % 3) % 4]
        part = {"UpdateExpression": "SET n = n + :n", "ExpressionAttributeValues": {":n": {"N": "-1"}}}
        answer = Dynamo().raw("TransactWriteItems", TransactItems=[
            {"Update": {"TableName": table, "Key": {"id": {"S": source}}, **part}},
            {"Update": {"TableName": table, "Key": {"id": {"S": target}}, **part,
                        "ExpressionAttributeValues": {":n": {"N": "1"}}}}])
        return answer.status
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(transfer, range(80)))
    contains(done, 200)
    got = api("TransactGetItems", TransactItems=[{"Get": {"TableName": table, "Key": {"id": {"S": n}}}} for n in names])
    equal(sum(int(r["Item"]["n"]["N"]) for r in got["Responses"]), 400)


@check("of two transactions that each look for what the other one writes, one is cancelled")
def _():
    table = dynamo().table("skew")

    def take(names):
        mine, other = names
        return Dynamo().raw("TransactWriteItems", TransactItems=[
            {"ConditionCheck": {"TableName": table, "Key": {"id": {"S": other}}, "ConditionExpression": "attribute_not_exists(id)"}},
            {"Put": {"TableName": table, "Item": {"id": {"S": mine}}}}]).status
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for n in range(30):
            done = list(pool.map(take, [(f"l{n}", f"r{n}"), (f"r{n}", f"l{n}")]))
            equal(sorted(done), [200, 400], f"round {n}")


@check("many writers of one item lose nothing")
def _():
    key = put(n={"N": "0"})

    def add(_):
        Dynamo()("UpdateItem", TableName=items(), Key=key, UpdateExpression="SET n = n + :one",
                 ExpressionAttributeValues={":one": {"N": "1"}})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(add, range(200)))
    equal(get(key)["n"], {"N": "200"})


def definition(action, parameters, **fields):
    return {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": f"arn:aws:states:::dynamodb:{action}",
                                               "Parameters": parameters, "End": True, **fields}}}


@check("tasks answer as AWS does, and fail with its errors")
def _():
    client = daemon().client()
    key = put(n={"N": "1"})

    def run(action, **parameters):
        return client.run(client.create(f"task-{next(numbers)}", definition(action, parameters)))
    end = run("updateItem", TableName=items(), Key=key, UpdateExpression="SET n = n + :n",
              ExpressionAttributeValues={":n": {"N": "41"}}, ReturnValues="ALL_NEW")
    output = json.loads(end["output"])
    equal(output["Attributes"]["n"], {"N": "42"})
    equal(sorted(output), ["Attributes", "SdkHttpMetadata", "SdkResponseMetadata"])
    equal(json.loads(run("getItem", TableName=items(), Key={"id": {"S": "nobody"}})["output"]).get("Item"), None)
    equal(json.loads(run("getItem", TableName=items(), Key=key)["output"])["Item"]["n"], {"N": "42"})
    end = run("putItem", TableName=items(), Item=key, ConditionExpression="attribute_not_exists(id)")
    equal(end["error"], "DynamoDB.ConditionalCheckFailedException")
    contains(end["cause"], "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; "
                           "Error Code: ConditionalCheckFailedException; Request ID: ")
    equal(run("getItem", TableName="nowhere", Key=key)["error"], "DynamoDB.ResourceNotFoundException")
    end = run("deleteItem", TableName=items(), Key={"id": {"N": "1"}})
    equal(end["error"], "DynamoDB.AmazonDynamoDBException")
    contains(end["cause"], "Error Code: ValidationException")


@check("killed at any step between the effect and its answer, an item is changed once, its condition asked once")
def _():
    points = pawltest.fail_points("sql.")
    database = server().new_database()
    for point in points + ["task.answered"]:
        other = pawltest.Pawld(database=database, log_level="info", start=False)
        other.keep_plugins("database")
        other.start()
        api, client = Dynamo(other.url), other.client()
        name = point.replace("_", "-")
        api.table(name)
        machine = client.create(name, definition("updateItem", {
            "TableName": name, "Key": {"id": {"S": "x"}}, "UpdateExpression": "ADD n :one SET done = :one",
            "ConditionExpression": "attribute_not_exists(done)", "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW"}))
        other.kill()
        other.environment["PAWL_FAILPOINTS"] = f"{point}=die"
        other.start()
        with contextlib.suppress(OSError, http.client.HTTPException):   # it may die before it answers
            other.client().start(machine)
        equal(other.died(), -9, point)
        del other.environment["PAWL_FAILPOINTS"]
        with other.start():
            started = other.client().call("ListExecutions", stateMachineArn=machine)["executions"]
            equal(len(started), 1, f"executions at {point}")
            end = other.client().wait(started[0]["executionArn"])
            equal((end["status"], end.get("cause")), ("SUCCEEDED", None), point)
            equal(json.loads(end["output"])["Attributes"]["n"], {"N": "1"}, point)
            equal(Dynamo(other.url)("GetItem", TableName=name, Key={"id": {"S": "x"}})["Item"]["n"], {"N": "1"}, point)


@check("the AWS SDK for JavaScript works")
def _():
    folder = pawltest.npm_folder(pawltest.SOURCE / "tests" / "e2e" / "js", "js-client")
    done = subprocess.run(["node", "dynamodb.mjs", daemon().url], cwd=folder, check=False, timeout=300,
                          stdout=subprocess.PIPE, text=True)
    print(re.sub("^", "# ", done.stdout.strip(), flags=re.M))
    equal(done.returncode, 0, "exit status")


@check("the aws command: a table, items, a query")
def _():
    def aws(*words):
        return awscli.answer(daemon().url, "dynamodb", *words)
    aws("create-table", "--table-name", "shop", "--key-schema", "AttributeName=id,KeyType=HASH",
        "--attribute-definitions", "AttributeName=id,AttributeType=S", "--billing-mode", "PAY_PER_REQUEST")
    equal(aws("describe-table", "--table-name", "shop")["Table"]["TableStatus"], "ACTIVE")
    aws("put-item", "--table-name", "shop", "--item", '{"id": {"S": "1"}, "n": {"N": "5"}, "b": {"B": "AP8="}}')
    equal(aws("get-item", "--table-name", "shop", "--key", '{"id": {"S": "1"}}')["Item"]["n"], {"N": "5"})
    equal(aws("query", "--table-name", "shop", "--key-condition-expression", "id = :i",
              "--expression-attribute-values", '{":i": {"S": "1"}}')["Count"], 1)
    awscli.refused(daemon().url, "dynamodb", "ConditionalCheckFailedException", "put-item", "--table-name", "shop",
                   "--item", '{"id": {"S": "1"}}', "--condition-expression", "attribute_not_exists(id)")
    equal(aws("batch-write-item", "--request-items", json.dumps({"shop": [
        {"PutRequest": {"Item": {"id": {"S": "2"}}}}, {"DeleteRequest": {"Key": {"id": {"S": "1"}}}}]})),
          {"UnprocessedItems": {}})
    equal(aws("batch-get-item", "--request-items", json.dumps({"shop": {"Keys": [{"id": {"S": n}} for n in "12"]}})),
          {"Responses": {"shop": [{"id": {"S": "2"}}]}, "UnprocessedKeys": {}})
    awscli.refused(daemon().url, "dynamodb", "ValidationException", "batch-get-item", "--request-items",
                   json.dumps({"shop": {"Keys": [{"id": {"S": "1"}}] * 2}}))
    aws("transact-write-items", "--transact-items", json.dumps([{"Put": {"TableName": "shop", "Item": {"id": {"S": "3"}}}}]))
    equal(aws("transact-get-items", "--transact-items", json.dumps([{"Get": {"TableName": "shop", "Key": {"id": {"S": "3"}}}}])),
          {"Responses": [{"Item": {"id": {"S": "3"}}}]})
    awscli.refused(daemon().url, "dynamodb", "TransactionCanceledException", "transact-write-items", "--transact-items",
                   json.dumps([{"Put": {"TableName": "shop", "Item": {"id": {"S": "3"}},
                                        "ConditionExpression": "attribute_not_exists(id)"}}]))
    equal(aws("delete-table", "--table-name", "shop")["TableDescription"]["TableName"], "shop")


pawltest.main()
