"""fakeaws - an endpoint that speaks AWS's protocols, with the services of fakeaws_services.

Signatures are checked for real when it has keys. Answers and errors have the shape,
and the headers, with which the services send them.
"""

import datetime
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree
import zlib
from email.utils import formatdate
from xml.sax.saxutils import escape

import fakeaws_services
from fakeaws_services import Fault

# prefix of X-Amz-Target -> service, and the service that an API version of the query protocol is of
TARGETS = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb", "AWSEvents": "events",
           "secretsmanager": "secretsmanager", "AmazonEC2ContainerServiceV20141113": "ecs",
           "ElasticMapReduce": "emr"}
VERSIONS = {"2010-03-31": "sns", "2011-06-15": "sts", "2012-11-05": "sqs"}
QUERY_NAMESPACES = {"sns": "http://sns.amazonaws.com/doc/2010-03-31/",
                    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
                    "sqs": "http://queue.amazonaws.com/doc/2012-11-05/"}
S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
S3_HEADERS = {"AcceptRanges": "Accept-Ranges", "ContentType": "Content-Type", "ETag": "ETag",
              "ServerSideEncryption": "x-amz-server-side-encryption", "Location": "Location",
              "ChecksumCRC32": "x-amz-checksum-crc32", "ChecksumType": "x-amz-checksum-type"}


class World:
    """All services of an endpoint, and the keys that are good there: {id: (secret, token)}."""

    def __init__(self, keys):
        self.url = None
        self.keys = {key: (secret, None) for key, secret in (keys or {}).items()}
        self.signed = keys is not None
        self.services = {name: kind(self) for name, kind in fakeaws_services.SERVICES.items()}
        self.stepfunctions = None       # URL to which calls of Step Functions are passed on


# --- signatures --------------------------------------------------------------------------------


def hashed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical_query(query):
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def check_signature(world, method, path, query, headers, body):
    """Raises Fault unless the request is signed as AWS wants it."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
        r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", headers.get("Authorization", ""))
    if not found:
        raise Fault("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    key, day, region, service, signed, signature = found.groups()
    secret, token = world.keys.get(key, (None, None))
    if secret is None or token != headers.get("X-Amz-Security-Token"):
        raise Fault("UnrecognizedClientException",
                    "The security token included in the request is invalid.", 403)
    stamp = headers["X-Amz-Date"]
    age = datetime.datetime.utcnow() - datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    if not stamp.startswith(day) or abs(age.total_seconds()) > 300:
        raise Fault("InvalidSignatureException", f"Signature expired: {stamp}", 403)
    names = signed.split(";")
    needed = [n.lower() for n in headers if n.lower() in ("host", "content-type", "x-amz-target")
              or n.lower().startswith("x-amz-")]
    if set(needed) - set(names):
        raise Fault("InvalidSignatureException", f"not signed: {set(needed) - set(names)}", 403)
    payload = hashlib.sha256(body).hexdigest()
    if headers.get("X-Amz-Content-Sha256", payload) != payload or (
            service == "s3" and "X-Amz-Content-Sha256" not in headers):
        raise Fault("XAmzContentSHA256Mismatch", "The hash of the body is missing or wrong.", 400)
    if service != "s3":
        path = urllib.parse.quote(path, safe="/-_.~")
    request = "\n".join([method, path, canonical_query(query)] + [
        f"{n}:{' '.join(headers.get(n, '').split())}" for n in names] + ["", signed, payload])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    signing = hashed(hashed(hashed(hashed(("AWS4" + secret).encode(), day), region), service),
                     "aws4_request")
    if not hmac.compare_digest(hashed(signing, text).hex(), signature):
        raise Fault("SignatureDoesNotMatch" if service == "s3" else "InvalidSignatureException",
                    "The request signature we calculated does not match the signature you provided. "
                    f"The canonical string was {request!r}", 403)


# --- XML and forms -------------------------------------------------------------------------------


def xml_of(name, value):
    """Lists repeat as "member", the way most services of the query protocol write them."""
    if isinstance(value, dict):
        inner = "".join(xml_of(k, v) for k, v in value.items())
    elif isinstance(value, list):
        inner = "".join(xml_of("member", v) for v in value)
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"


def s3_xml(name, value):
    """S3 repeats the list's own name, but for the list of buckets."""
    if isinstance(value, list) and name == "Buckets":
        return "<Buckets>" + "".join(s3_xml("Bucket", v) for v in value) + "</Buckets>"
    if isinstance(value, list):
        return "".join(s3_xml(name, v) for v in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(s3_xml(k, v) for k, v in value.items()) + f"</{name}>"
    return xml_of(name, value)


def form_params(form):
    """Attributes.entry.1.Name=x, A.member.1=y ... as the JSON protocol has them."""
    tree = {}
    for name, value in urllib.parse.parse_qsl(form, keep_blank_values=True):
        at, parts = tree, name.split(".")
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = value
    return _plain(tree)


def _plain(node):
    if not isinstance(node, dict):
        return node
    if set(node) == {"member"}:
        return [_plain(node["member"][k]) for k in sorted(node["member"], key=int)]
    if set(node) == {"entry"}:
        entries = [_plain(e) for e in node["entry"].values()]
        return {e.get("Name", e.get("key")): e.get("Value", e.get("value")) for e in entries}
    return {k: _plain(v) for k, v in node.items()}


def xml_params(element):
    """Elements that repeat are lists, leaves are texts."""
    children = list(element)
    if not children:
        return element.text or ""
    out = {}
    for child in children:
        name = child.tag.rpartition("}")[2]
        value = xml_params(child)
        if name in ("Object", "Tag"):
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


# --- the server -------------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    """One exchange; self.server.world has the services."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1                           # one write for head and body

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.request_id = str(uuid.uuid4())
        self.path_only, _, self.query = self.path.partition("?")
        self.server.requests.append((self.command, self.path, dict(self.headers), self.body))
        kind = self.kind()
        try:
            if self.server.world.signed:
                check_signature(self.server.world, self.command, self.path_only, self.query,
                                self.headers, self.body)
            getattr(self, "serve_" + kind)()
        except Fault as fault:
            getattr(self, "refuse_" + kind)(fault)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

    def kind(self):
        """Which protocol the request speaks."""
        if self.headers.get("X-Amz-Target"):
            return "json"
        if "x-www-form-urlencoded" in self.headers.get("Content-Type", ""):
            return "query"
        if self.path_only.startswith("/clusters"):
            return "eks"
        return "scheduler" if self.path_only.startswith("/schedules") else "s3"

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Date", formatdate(usegmt=True))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    # JSON

    def serve_json(self):
        prefix, _, action = self.headers["X-Amz-Target"].rpartition(".")
        if prefix == "AWSStepFunctions":
            self.pass_on(self.server.world.stepfunctions)
            return
        name = TARGETS[prefix]
        result = self.server.world.services[name].perform(action, json.loads(self.body))
        self.json_answer(name, action, 200, [], json.dumps(result, separators=(",", ":")).encode())

    def refuse_json(self, fault):
        prefix, _, action = self.headers["X-Amz-Target"].rpartition(".")
        name = TARGETS[prefix]
        shapes = self.server.world.services[name].shapes
        extra = [("x-amzn-query-error", f"{fault.query};Sender")] if name == "sqs" else []
        self.json_answer(name, action, fault.status, extra, json.dumps(
            {"__type": shapes + fault.code, "message": fault.message}).encode())

    def json_answer(self, name, action, status, extra, body):
        version = "1.0" if name in ("sqs", "dynamodb") else "1.1"
        headers = [("Content-Type", f"application/x-amz-json-{version}")]
        if name == "dynamodb":
            headers += [("Server", "Server"), ("Connection", "keep-alive"),
                        ("x-amz-crc32", str(zlib.crc32(body))),
                        ("x-amzn-requestid" if action == "GetItem" else "x-amzn-RequestId",
                         self.request_id)]
        else:
            headers += [("connection", "keep-alive"), ("x-amzn-RequestId", self.request_id)]
        self.answer(status, headers + extra, body)

    def pass_on(self, url):
        kept = {n: v for n, v in self.headers.items() if n.lower() in ("content-type", "x-amz-target")}
        request = urllib.request.Request(url, self.body, kept)
        try:
            with urllib.request.urlopen(request, timeout=60) as got:
                self.relay(got.status, got)
        except urllib.error.HTTPError as error:
            self.relay(error.code, error)

    def relay(self, status, got):
        names = ("content-type", "x-amzn-requestid", "x-amzn-errortype")
        headers = [(n, v) for n, v in got.headers.items() if n.lower() in names]
        self.answer(status, headers, got.read())

    # query

    def serve_query(self):
        params = form_params(self.body.decode())
        action, name = params.pop("Action"), VERSIONS[params.pop("Version")]
        result = self.server.world.services[name].perform(action, params)
        inner = xml_of(f"{action}Result", result) + xml_of(
            "ResponseMetadata", {"RequestId": self.request_id})
        self.xml_answer(200, f'<{action}Response xmlns="{QUERY_NAMESPACES[name]}">{inner}'
                        f'</{action}Response>')

    def refuse_query(self, fault):
        self.xml_answer(fault.status, "<ErrorResponse>" + xml_of("Error", {
            "Type": "Sender", "Code": fault.query, "Message": fault.message})
            + xml_of("RequestId", self.request_id) + "</ErrorResponse>")

    def xml_answer(self, status, text):
        self.answer(status, [("Content-Type", "text/xml"), ("connection", "keep-alive"),
                             ("x-amzn-RequestId", self.request_id)], text.encode())

    # EventBridge Scheduler, a service with REST and JSON

    def serve_scheduler(self):
        name = urllib.parse.unquote(self.path_only.removeprefix("/schedules").lstrip("/"))
        kind = {"GET": "Get", "POST": "Create", "DELETE": "Delete"}[self.command]
        params = {**json.loads(self.body or b"{}"), **dict(urllib.parse.parse_qsl(self.query))}
        if name:
            action, params["Name"] = kind + "Schedule", name
        else:
            action = "ListSchedules"
        result = self.server.world.services["scheduler"].perform(action, params)
        self.rest_answer(200, [], result)

    # EKS, as well

    def serve_eks(self):
        _, _, cluster, _, group = (self.path_only + "///").split("/")[:5]
        of_group = "/node-groups" in self.path_only
        action = {"GET": "Describe", "POST": "Create", "DELETE": "Delete"}[self.command]
        params = {**json.loads(self.body or b"{}"), "cluster": cluster, "group": group}
        self.rest_answer(200, [], self.server.world.services["eks"].perform(
            action + ("Nodegroup" if of_group else "Cluster"), params))

    def refuse_scheduler(self, fault):
        self.rest_answer(fault.status, [("x-amzn-ErrorType", fault.code)], {"Message": fault.message})

    refuse_eks = refuse_scheduler

    def rest_answer(self, status, headers, result):
        self.answer(status, [("Content-Type", "application/json"), ("x-amzn-RequestId", self.request_id),
                             *headers], json.dumps(result).encode())

    # S3

    def s3_action(self, key):
        query = dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))
        if self.path_only == "/":
            return "ListBuckets"
        if key:
            kind = {"GET": "Get", "HEAD": "Head", "DELETE": "Delete", "PUT": "Put"}[self.command]
            return "CopyObject" if "x-amz-copy-source" in self.headers else kind + "Object"
        if "delete" in query:
            return "DeleteObjects"
        if self.command == "GET":
            return "ListObjectsV2" if "list-type" in query else "ListObjects"
        return {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}[self.command]

    def serve_s3(self):
        _, bucket, key = (urllib.parse.unquote(p) for p in (self.path_only + "//").split("/", 2))
        key = key.rstrip("/")
        query = dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))
        action = self.s3_action(key)
        params = {"Bucket": bucket, "Key": key, "Prefix": query.get("prefix", ""),
                  "MaxKeys": query.get("max-keys", "1000"),
                  "ChecksumMode": self.headers.get("x-amz-checksum-mode"),
                  "ChecksumCRC32": self.headers.get("x-amz-checksum-crc32"),
                  "CopySource": urllib.parse.unquote(self.headers.get("x-amz-copy-source", "")),
                  "Metadata": {n.lower()[11:]: v for n, v in self.headers.items()
                               if n.lower().startswith("x-amz-meta-")}}
        if action == "PutObject":
            params.update(Body=self.body, ContentType=self.headers["Content-Type"])
        elif action == "DeleteObjects":
            params["Delete"] = xml_params(xml.etree.ElementTree.fromstring(self.body))
        self.s3_answer(action, self.server.world.services["s3"].perform(action, params))

    def s3_answer(self, action, result):
        headers = [("x-amz-id-2", "ext/" + self.request_id), ("x-amz-request-id", self.request_id),
                   ("Server", "AmazonS3")]
        headers += [(S3_HEADERS[n], v) for n, v in result.items() if n in S3_HEADERS]
        headers += [("x-amz-meta-" + n, v) for n, v in result.get("Metadata", {}).items()]
        if action in ("GetObject", "HeadObject"):
            headers.append(("Last-Modified", formatdate(result["LastModified"], usegmt=True)))
            self.answer(200, headers, result["Body"])
            return
        body = b""
        if action in ("ListBuckets", "ListObjects", "ListObjectsV2", "CopyObject", "DeleteObjects"):
            root = {"ListBuckets": "ListAllMyBucketsResult", "CopyObject": "CopyObjectResult",
                    "DeleteObjects": "DeleteResult"}.get(action, "ListBucketResult")
            result = result.get("CopyObjectResult", result)
            body = ('<?xml version="1.0" encoding="UTF-8"?>\n' + s3_xml(root, result).replace(
                f"<{root}>", f'<{root} xmlns="{S3_NAMESPACE}">', 1)).encode()
            headers.append(("Content-Type", "application/xml"))
        self.answer(204 if action.startswith("Delete") and not body else 200, headers, body)

    def refuse_s3(self, fault):
        body = '<?xml version="1.0" encoding="UTF-8"?>\n' + xml_of("Error", {
            "Code": fault.code, "Message": fault.message, "RequestId": self.request_id,
            "HostId": "ext/" + self.request_id})
        self.answer(fault.status, [("x-amz-request-id", self.request_id),
                                   ("x-amz-id-2", "ext/" + self.request_id),
                                   ("Content-Type", "application/xml")], body.encode())


class Endpoint:
    """The server, at .url. keys: {access key id: secret}; None: nobody needs to sign."""

    def __init__(self, keys=None, handler=Handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.world = self.world = World(keys)
        self.server.requests = self.requests = []       # (method, path, headers, body)
        self.url = self.world.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def call(self, service, action, params):
        """Does an action as one of the services' own clients would. Raises Fault."""
        return self.world.services[service].perform(action, params)

    def wait(self, condition, timeout=30):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("what was waited for did not happen at the endpoint")
            time.sleep(0.01)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
