#!/usr/bin/python3
"""test_approval - the plugin approval: requests made by state machines, mails of a real SMTP server, decisions
by the links in them and by the API, hostile input, deadlines, and a kill -9 around the decision."""

import concurrent.futures
import contextlib
import functools
import http.client
import json
import re
import socket
import subprocess
import urllib.parse

import pawltest
import smtp
from pawltest import Skip, check, contains, equal, wait_for

REQUEST = "arn:pawl:states:::approval:request.waitForTaskToken"
CONFIG = ('plugins = { approval = { check = "200ms", api_token = "s3cret", '
          'groups = { board = { "carla", "dora" } } } }\n')
TOKEN = {"Authorization": "Bearer s3cret"}
FORM = {"type": "object", "required": ["amount", "email"], "properties": {
    "amount": {"type": "integer", "title": "Amount", "minimum": 1, "maximum": 100},
    "email": {"type": "string", "format": "email"},
    "until": {"type": "string", "format": "date"},
    "size": {"type": "string", "enum": ["S", "M<L"], "default": "S"},
    "note": {"type": "string", "maxLength": 300},
    "urgent": {"type": "boolean"}}}


@functools.cache
def postgres():
    return pawltest.Postgres()


@functools.cache
def peer():
    return smtp.Peer()


def node(database, config=CONFIG, made=pawltest.Pawld):
    return made(database=postgres().conninfo(database), config=config,
                smtp_server=f"smtp://127.0.0.1:{peer().port}", mail_from="pawl@flows.example")


@functools.cache
def daemon():
    postgres().sql("CREATE DATABASE approvals")
    return node("approvals")


def sql(text):
    return postgres().sql(text, "approvals")


def machine(server=None):
    return machine_of(server or daemon())


@functools.cache
def machine_of(server):
    return server.client().create("ask", {"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": REQUEST, "End": True}}})


def fetch(method, url, body=b"", headers=None):
    parts = urllib.parse.urlsplit(url)
    client = pawltest.Client(url)
    try:
        return client.request(method, parts.path + ("?" + parts.query if parts.query else ""), body,
                              headers)
    finally:
        client.close()


def decide(link, decision="approved", comment="", headers=None, **fields):
    values = {"decision": decision, "comment": comment, **{f"f.{k}": v for k, v in fields.items()}}
    return fetch("POST", link, urllib.parse.urlencode(values).encode(),
                 {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})})


def api(path="", server=None, method="GET", body=None, headers=TOKEN):
    data = b"" if body is None else json.dumps(body).encode()
    more = {"Content-Type": "application/json"} if body is not None else {}
    return fetch(method, (server or daemon()).url + "/approval/requests" + path, data,
                 {**headers, **more})


class Asked:
    """An execution whose task has made its request."""

    def __init__(self, server=None, **parameters):
        self.server = server or daemon()
        self.client = self.server.client()
        parameters = {"Title": "Pay?", "Approvers": ["ann"], **parameters}
        self.execution = self.client.start(machine(self.server), parameters)
        self.request = wait_for(self.find, what="the request")

    def find(self):
        for request in api("?limit=200&state=all", self.server).json()["requests"]:
            if request["executionArn"] == self.execution:
                return request
        return None

    def link(self, name="ann"):
        return next(a["link"] for a in self.request["approvers"] if a["approver"] == name)

    def links(self):
        return [a["link"] for a in self.request["approvers"]]

    def end(self):
        return self.client.wait(self.execution)

    def output(self):
        end = self.end()
        equal(end["status"], "SUCCEEDED", str(end))
        return json.loads(end["output"])


def refused(**parameters):
    end = daemon().client().run(machine(), parameters)
    equal((end["status"], end["error"]), ("FAILED", "States.Runtime"), str(end))
    return end["cause"]


@check("a person who gets the mail opens the link, fills in the form and approves")
def _():
    asked = Asked(Approvers=["ann@example.com"], Title="Pay <b>Bob</b>?", Text="Line 1\nLine 2",
                  Data={"to": "<script>alert(1)</script>", "lines": [1, "x"]}, Form=FORM, Deadline=3600)
    mail = peer().next()
    equal(mail["to"], ["ann@example.com"])
    equal(mail["message"]["Subject"], "Pay <b>Bob</b>?")
    link = re.search(r"http://\S+/approval/r/[0-9a-f]{96}", mail["message"].get_body().get_content()).group(0)
    equal(link, asked.link("ann@example.com"))
    page = fetch("GET", link)
    equal(page.status, 200)
    html = page.body.decode()
    for part in ("Pay &lt;b&gt;Bob&lt;/b&gt;?", "&lt;script&gt;alert(1)&lt;/script&gt;", "Line 1\nLine 2",
                 'type="date"', 'type="checkbox"', "M&lt;L", "ann@example.com", "(required)"):
        contains(html, part)
    assert "<script" not in html and "<b>" not in html
    equal((page.headers["Referrer-Policy"], page.headers["Cache-Control"]), ("no-referrer", "no-store"))
    contains(page.headers["Content-Security-Policy"], "default-src 'none'")
    wrong = decide(link, amount="101", email="nobody", until="2026-02-30", size="S",
                   note='"><i>kept', comment="typed & kept")
    equal(wrong.status, 422)
    html = wrong.body.decode()
    for part in ("This must be 100 at most.", "This must be an e-mail address.",
                 "This must be a date such as", 'value="101"', 'value="2026-02-30"',
                 "&quot;&gt;&lt;i&gt;kept", "typed &amp; kept", "Nothing was decided yet"):
        contains(html, part)
    done = decide(link, amount="7", email="bob@example.com", until="", size="M<L", note="fine",
                  comment="ok")
    equal(done.status, 200, done.body.decode())
    output = asked.output()
    equal(output["Decision"], "approved")
    equal(output["Form"], {"amount": 7, "email": "bob@example.com", "size": "M<L", "note": "fine",
                           "urgent": False})
    decision, = output["Decisions"]
    equal((decision["Approver"], decision["Comment"]), ("ann@example.com", "ok"))
    equal(decide(link, amount="7", email="b@c.example").status, 409, "a second click")
    equal(fetch("GET", link).status, 409, "the page afterwards")
    equal(sql(f"SELECT who, what, via, address FROM pawl_approval.audit WHERE request_id = "
              f"'{asked.request['requestId']}' ORDER BY audit_id"),
          "|created||\nann@example.com|approved|link|127.0.0.1\n|approved||")
    assert link.rpartition("/")[2] not in daemon().log(), "a link is in the log"


@check("whatever fetches the link, only a POST decides")
def _():
    asked = Asked()
    for method in ("GET", "HEAD", "GET"):
        equal(fetch(method, asked.link() + "?decision=approved").status, 200, method)
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        equal(fetch(method, asked.link()).status, 405, method)
    equal(api(f"/{asked.request['requestId']}").json()["state"], "open")
    foreign = ({"Origin": "https://evil.example"}, {"Referer": "https://evil.example/x"},
               {"Sec-Fetch-Site": "cross-site", "Origin": "null"})
    for headers in foreign:
        equal(decide(asked.link(), headers=headers).status, 403, str(headers))
    equal(api(f"/{asked.request['requestId']}").json()["state"], "open")
    equal(decide(asked.link(), headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"}).status, 200)
    equal(asked.output()["Decision"], "approved")


@check("a rejection fails the task with the decisions as cause, or is its output")
def _():
    asked = Asked(CommentRequired=True, Form=FORM)
    page = decide(asked.link(), "rejected", "  ")
    equal(page.status, 422)
    contains(page.body.decode(), "A comment is required.")
    equal(decide(asked.link(), "rejected", "too much").status, 200)
    end = asked.end()
    equal((end["status"], end["error"]), ("FAILED", "Approval.Rejected"))
    cause = json.loads(end["cause"])
    equal((cause["Decision"], cause["Decisions"][0]["Comment"]), ("rejected", "too much"))
    asked = Asked(RejectIsOutput=True)
    equal(decide(asked.link(), "rejected").status, 200)
    equal(asked.output()["Decision"], "rejected")
    # the cause of many long comments is cut to the last
    names = [f"n{i}" for i in range(30)]
    asked = Asked(Approvers=names)
    for link in asked.links():
        equal(decide(link, "rejected", "x" * 2000).status, 200)
    cause = json.loads(asked.end()["cause"])
    equal([d["Approver"] for d in cause["Decisions"]], ["n29"])


@check("a quorum is reached, or rejected as soon as it cannot be")
def _():
    asked = Asked(Groups=["board"], Quorum=2)
    equal([a["approver"] for a in asked.request["approvers"]], ["ann", "carla", "dora"])
    equal(decide(asked.link("dora")).status, 200)
    equal(decide(asked.link("dora"), "rejected").status, 409)
    equal(decide(asked.link("ann"), "rejected").status, 200)
    equal(asked.client.describe(asked.execution)["status"], "RUNNING")
    equal(decide(asked.link("carla")).status, 200)
    equal([(d["Approver"], d["Decision"]) for d in asked.output()["Decisions"]],
          [("dora", "approved"), ("ann", "rejected"), ("carla", "approved")])
    asked = Asked(Approvers=["a", "b", "c"], Quorum="all")
    equal(decide(asked.link("b"), "rejected").status, 200)
    equal(asked.end()["error"], "Approval.Rejected")
    equal(decide(asked.link("a")).status, 409, "others have decided")


@check("two posts at the same time are one decision")
def _():
    asked = Asked(Approvers=["a", "b"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda n: decide(asked.link("ab"[n % 2]),
                                              ("approved", "rejected")[n // 2 % 2]).status, range(8)))
    equal(sorted(set(same)), [200, 409], str(same))
    asked.end()
    rows = sql("SELECT count(*) FROM pawl_approval.audit WHERE who IS NOT NULL AND request_id = "
               f"'{asked.request['requestId']}'")
    equal(int(rows), same.count(200), "decisions in the audit")


@check("a link that was altered, made up or cut is unknown")
def _():
    asked = Asked()
    link = asked.link()
    head, _, secret = link.rpartition("/")
    for made_up in ("", "x", secret[:-1], secret + "0", "0" * 96, secret[:-1] + ("1" if secret[-1] != "1" else "2"),
                    ("1" if secret[0] != "1" else "2") + secret[1:], secret + "/", secret.upper() + "x",
                    "%00" * 32, "..%2f" + secret):
        equal(fetch("GET", f"{head}/{made_up}").status, 404, made_up)
        equal(decide(f"{head}/{made_up}").status, 404, made_up)
    # a nonce alone, as a copy of the table has it, is no link
    equal(fetch("GET", f"{head}/{secret[:32]}{'0' * 64}").status, 404)


@check("hostile posts are refused, and decide nothing")
def _():
    asked = Asked()
    link, form = asked.link(), {"Content-Type": "application/x-www-form-urlencoded"}
    for status, body, headers in (
            (413, b"decision=approved&comment=" + b"x" * 70000, form),
            (415, b'{"decision": "approved"}', {"Content-Type": "application/json"}),
            (400, b"decision=approved&comment=%00", form), (400, b"decision=%ff", form),
            (400, b"decision=%zz", form), (400, b"&".join(b"a%d=b" % n for n in range(400)), form),
            (422, b"decision=maybe", form), (422, b"", form),
            (422, b"decision=approved&f.surprise=1", form),
            (422, b"decision=approved&comment=" + b"x" * 2001, form)):
        equal(fetch("POST", link, body, headers).status, status, repr(body[:40]))
    equal(api(f"/{asked.request['requestId']}").json()["state"], "open")
    evil = '</textarea><script>x</script>\x1b"\''
    html = decide(link, "maybe", comment=evil).body.decode()
    assert "<script" not in html and "\x1b" not in html
    contains(html, "&lt;/textarea&gt;&lt;script&gt;")


@check("parameters that make no sense fail the task with a sentence")
def _():
    good = {"Title": "t", "Approvers": ["a"]}
    for more, part in (
            ({"Titel": "t"}, 'no parameter "Titel"'), ({"Title": 1}, "Title must be"),
            ({"Title": ""}, "Title must be"), ({"Title": "x" * 201}, "Title must be"),
            ({"Title": "a\0b"}, "Title must be"),
            ({"Text": []}, "Text must be"), ({"Approvers": []}, "must name somebody"),
            ({"Approvers": "a"}, "must be a list"), ({"Approvers": ["a\n@b.example"]}, "An approver must"),
            ({"Approvers": ["a@b@c"]}, "An approver must"), ({"Groups": ["none"]}, 'no group "none"'),
            ({"Approvers": [f"n{i}" for i in range(101)]}, "100 approvers"),
            ({"Quorum": 2}, "Quorum must be"), ({"Quorum": 0}, "Quorum must be"),
            ({"Quorum": "any"}, "Quorum must be"), ({"Deadline": 0}, "Deadline must be"),
            ({"Deadline": "soon"}, "Deadline must be"), ({"Deadline": "2026-13-01T00:00:00Z"}, "no time"),
            ({"Reminder": "x"}, "Reminder must be"), ({"Reminder": [0]}, "Reminder must be"),
            ({"CommentRequired": "yes"}, "CommentRequired must be"),
            ({"Form": {}}, "Form makes no sense"), ({"Data": "x" * 270000}, "Data may have"),
            ({"Form": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+"}}}},
             '"pattern"')):
        contains(refused(**{**good, **more}), part)


@check("a deadline fails the task, reminders go to who has not decided")
def _():
    asked = Asked(Approvers=["eve@example.com", "fay@example.com"], Quorum=2, Deadline=4, Reminder=[1])
    equal({peer().next()["to"][0] for _ in range(2)}, {"eve@example.com", "fay@example.com"})
    equal(decide(asked.link("eve@example.com")).status, 200)
    mail = peer().next()
    equal((mail["to"], mail["message"]["Subject"]), (["fay@example.com"], "Reminder: Pay?"))
    end = asked.end()
    equal((end["error"], json.loads(end["cause"])["Decision"]), ("Approval.Expired", "expired"))
    equal(decide(asked.link("fay@example.com")).status, 410)
    equal(fetch("GET", asked.link("fay@example.com")).status, 410)
    equal(peer().taken, [])
    asked = Asked(Deadline="2020-01-01T00:00:00Z")
    equal(asked.end()["error"], "Approval.Expired")


@check("a request whose execution was stopped is closed, and its links say so")
def _():
    asked = Asked()
    asked.client.call("StopExecution", executionArn=asked.execution)
    answer = decide(asked.link())
    equal(answer.status, 410)
    contains(answer.body.decode(), "Nobody waits for this decision any more")
    other = Asked()
    other.client.call("StopExecution", executionArn=other.execution)
    wait_for(lambda: other.find()["state"] == "cancelled", what="the request to be closed by itself")


@check("a mail that the server does not take now is kept, one that it never takes is given up")
def _():
    asked = Asked(Approvers=["nobody@example.com", "later@example.com"])
    wait_for(lambda: [a.get("mail") for a in asked.find()["approvers"]] == ["failed", "waiting"]
             and all("mailError" in a for a in asked.find()["approvers"]), what="both answers")
    equal(decide(asked.link("later@example.com")).status, 200)
    asked.output()


@check("the API lists, filters and pages requests, and takes decisions of who has the token")
def _():
    asked = Asked(Approvers=["gil", "hal"], Quorum=2, Form=FORM, Data=[{"a": 1}])
    path = f"/{asked.request['requestId']}"
    for headers in ({}, {"Authorization": "Bearer wrong!"}, {"Authorization": "Basic s3cret"}):
        equal(api(path, headers=headers).status, 401, str(headers))
    equal([r["requestId"] for r in api("?approver=gil&machine=ask").json()["requests"]],
          [asked.request["requestId"]])
    equal(api("?approver=gil&machine=other").json(), {"requests": []})
    first = api("?state=all&limit=1").json()
    second = api(f"?state=all&limit=1&after={first['next']}").json()
    assert first["requests"][0]["requestId"] != second["requests"][0]["requestId"]
    for query in ("?state=odd", "?limit=0", "?limit=201", "?after=x", "?state=%zz"):
        equal(api(query).status, 400, query)
    equal(api("/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12).status, 404)
    equal(api("/x").status, 404)

    def post(**body):
        return api(path + "/decisions", method="POST", body=body)
    equal(post(decision="approved").status, 400)
    equal(post(approver="gil", decision="approved", more=1).status, 400)
    equal(post(approver="ian", decision="approved").status, 404)
    wrong = post(approver="gil", decision="approved", form={"amount": "7"})
    equal(wrong.status, 422)
    equal(sorted(wrong.json()["fields"]), ["amount", "email"])
    form = {"amount": 7, "email": "b@c.example"}
    equal(post(approver="gil", decision="approved", form=form).json(), {"settled": False})
    equal(post(approver="gil", decision="approved", form=form).json()["error"], "AlreadyDecided")
    equal(post(approver="hal", decision="approved", form={**form, "amount": 8}).json(), {"settled": True})
    equal(asked.output()["Form"]["amount"], 8)
    equal(api(path).json()["state"], "approved")
    assert "link" not in api(path).json()["approvers"][0]


@check("without a token only a pawld that trusts everybody answers the API")
def _():
    with pawltest.Pawld(database=postgres().new_database()) as server:
        equal(api(server=server, headers={}).json(), {"requests": []})
        equal(api(server=server, headers={"Origin": "https://evil.example"}).status, 403)
    with pawltest.Pawld(database=postgres().new_database(),
                        config='access_keys = { AKID = "secretsecretsecret" }\n') as server:
        equal(api(server=server, headers={}).status, 403)


@check("the audit is only added to")
def _():
    for statement in ("UPDATE pawl_approval.audit SET who = 'x'", "DELETE FROM pawl_approval.audit",
                      "TRUNCATE pawl_approval.audit"):
        try:
            sql(statement)
        except AssertionError as error:
            contains(str(error), "only added to")
        else:
            raise AssertionError(statement)


@check("requests that were kept long enough go with their links, decisions and audit; others stay")
def _():
    postgres().sql("CREATE DATABASE kept")

    def count(table, request):
        join = " JOIN pawl_approval.approver USING (approver_id)" if table == "mail" else ""
        return postgres().sql(f"SELECT count(*) FROM pawl_approval.{table}{join} WHERE request_id = '{request}'", "kept")
    with node("kept", CONFIG.replace("approval = {", 'approval = { keep = "1h", sweep = "100ms",')) as server:
        old, newer, waits = [Asked(server, Approvers=["ann", "bob@example.com"], Quorum=1) for _ in range(3)]
        for asked in (old, newer):
            equal(decide(asked.link()).status, 200)
        ids = [asked.request["requestId"] for asked in (old, newer, waits)]
        for i in (0, 2):     # the one that is open was made long ago as well
            postgres().sql("UPDATE pawl_approval.request SET created_at = created_at - interval '2 hours', "
                           f"closed_at = closed_at - interval '2 hours' WHERE request_id = '{ids[i]}'", "kept")
        tables = ("request", "approver", "mail", "audit")
        wait_for(lambda: [count(t, ids[0]) for t in tables] == ["0"] * 4, what="the sweep")
        equal(fetch("GET", old.link()).status, 404, "its link")
        equal(api(f"/{ids[0]}", server).status, 404, "in the API")
        equal([[count(t, i) for t in tables] for i in ids[1:]], [["1", "2", "1", "3"], ["1", "2", "1", "1"]], "the others")
        equal(fetch("GET", newer.link()).status, 409, "the link of another")
        for i in range(3):
            postgres().sql("INSERT INTO pawl_approval.request (token, execution_arn, machine_arn, state_name, title, body, quorum, "
                           "comment_required, reject_is_output, check_at, state, closed_at) SELECT token, execution_arn, machine_arn, "
                           f"state_name, title, body, 1, false, false, now(), 'expired', now() - interval '{i + 2} hours' "
                           f"FROM pawl_approval.request WHERE request_id = '{ids[1]}'", "kept")
        equal(decide(waits.link()).status, 200, "what waits can be decided")
        wait_for(lambda: postgres().sql("SELECT count(*) FROM pawl_approval.request", "kept") == "2", what="the next sweep")
        try:
            postgres().sql(f"DELETE FROM pawl_approval.audit WHERE request_id = '{ids[1]}'", "kept")
        except AssertionError as error:
            contains(str(error), "only added to")
        else:
            raise AssertionError("the audit of a request that is there was deleted")


@check("kill -9 while a request is made leaves one request")
def _():
    listed = subprocess.run([pawltest.need_pawld(), "--list-failpoints"], check=False,
                            capture_output=True, text=True).stdout
    if "sql.effect_done" not in listed:
        raise Skip("needs a build with fail points")
    postgres().sql("CREATE DATABASE crashed")
    server = node("crashed")
    ask = machine(server)
    for point in ("sql.effect_sent", "sql.effect_done", "sql.commit_sent", "sql.commit_received"):
        server.stop()
        server.environment["PAWL_FAILPOINTS"] = f"{point}=die"
        # what plugins do by themselves may meet the fail point first, even before pawld is ready
        with contextlib.suppress(AssertionError, OSError, http.client.HTTPException):
            server.start()
            server.client().start(ask, {"Title": point, "Approvers": ["ann"]}, name="x" + point[4:])
        if server.is_running():
            server.died()
        del server.environment["PAWL_FAILPOINTS"]
        server.start()
        # the same name and input is the same execution
        server.client().start(ask, {"Title": point, "Approvers": ["ann"]}, name="x" + point[4:])
        found = wait_for(lambda p=point: [r for r in api("", server).json()["requests"]
                                          if r["title"] == p], what=f"the request of {point}")
        equal(len(found), 1, point)
        equal(decide(found[0]["approvers"][0]["link"].replace(
            found[0]["approvers"][0]["link"].split("/approval")[0], server.url)).status, 200)
        equal(server.client().wait(found[0]["executionArn"])["status"], "SUCCEEDED")
    server.stop()


@check("a mail that a kill -9 cut off is sent again once its time is over")
def _():
    postgres().sql("CREATE DATABASE cut")
    quick = CONFIG.replace("approval = {", 'approval = { mail_timeout = "200ms",')
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        server = pawltest.Pawld(database=postgres().conninfo("cut"), config=quick, mail_from="pawl@flows.example",
                                smtp_server=f"smtp://127.0.0.1:{port}")
        Asked(server, Title="Cut off?", Approvers=["cut@example.com"])
        client = silent.accept()[0]
        server.kill()
        client.close()
    answering = smtp.Peer()
    server.options["smtp_server"] = f"smtp://127.0.0.1:{answering.port}"
    server.start()
    equal(answering.next()["to"], ["cut@example.com"])
    equal(postgres().sql("SELECT attempts FROM pawl_approval.mail", "cut"), "2", "tries")
    server.stop()


@check("kill -9 at any time of a decision loses and doubles nothing")
def _():
    postgres().sql("CREATE DATABASE killed")
    server = node("killed")
    for delay in (0, 1, 2, 3, 5, 8, 12, 20):
        asked = Asked(server)
        path = urllib.parse.urlsplit(asked.link()).path
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(lambda: decide(server.url + path).status)
            with contextlib.suppress(concurrent.futures.TimeoutError):
                first.exception(delay / 1000)
            server.kill()
            told = None if first.exception() else first.result()
        server.start()
        again = decide(server.url + path).status
        assert (told, again) in ((200, 409), (None, 409), (None, 200)), f"{delay} ms: {told}, {again}"
        end = server.client().wait(asked.execution)
        equal(len(json.loads(end["output"])["Decisions"]), 1)
        rows = postgres().sql("SELECT count(*) FROM pawl_approval.audit WHERE who = 'ann' AND request_id = "
                              f"'{asked.request['requestId']}'", "killed")
        equal(rows, "1", "rows of the audit")
    server.stop()


# --- two nodes ------------------------------------------------------------------------------------------

def two_nodes(name, config=CONFIG):
    """Two pawld of one database; the first has the executions."""
    postgres().sql(f"CREATE DATABASE {name}")
    return node(name, config), node(name, config, made=lambda **options: pawltest.beside(
        lambda it: api(server=it).status == 200, **options))


def at(server, link):
    """The link as the other node would have written it."""
    return server.url + urllib.parse.urlsplit(link).path


@check("a link opens at either of two nodes, and a decision at one ends the execution of the other")
def _():
    one, other = two_nodes("either")
    asked = Asked(one)
    for server in (one, other):
        equal(fetch("GET", at(server, asked.link())).status, 200)
    equal(decide(at(other, asked.link())).status, 200)
    equal(asked.output()["Decision"], "approved")
    equal([decide(at(server, asked.link())).status for server in (one, other)], [409, 409], "again")
    equal([api(f"/{asked.request['requestId']}", server).json()["state"] for server in (one, other)], ["approved"] * 2)
    many = [Asked(one, Approvers=["a", "b", "c"], Quorum=2) for _ in range(5)]
    for asked in many:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            told = list(pool.map(lambda n, it=asked: decide(at((one, other)[n % 2], it.link("abc"[n // 2]))).status, range(6)))
        equal(asked.output()["Decision"], "approved")
        decided = postgres().sql("SELECT count(*) FROM pawl_approval.audit WHERE who IS NOT NULL AND request_id = "
                                 f"'{asked.request['requestId']}'", "either")
        equal((sorted(set(told)), decided, told.count(200)), ([200, 409], "2", 2), str(told))
    late = [Asked(one, Approvers=["ann"], Deadline=1) for _ in range(5)]
    for asked in late:
        equal(asked.end()["error"], "Approval.Expired")
    equal(postgres().sql("SELECT max(n) FROM (SELECT count(*) AS n FROM pawl_approval.audit WHERE what IN "
                         "('approved', 'expired') AND who IS NULL GROUP BY request_id) x", "either"), "1", "ends of a request")
    for server in (other, one):
        server.stop()


@check("with two nodes each mail goes out once; those of a node that is killed are sent by the other")
def _():
    one, other = two_nodes("mails", CONFIG.replace("approval = {", 'approval = { mail_timeout = "5s",'))
    peer().taken.clear()
    names = [f"p{n}@example.com" for n in range(30)]
    for n in range(0, 30, 3):
        Asked(one, Approvers=names[n:n + 3])
    wait_for(lambda: len(peer().taken) >= 30, what="the mails")
    wait_for(lambda: postgres().sql("SELECT count(*) FROM pawl_approval.mail WHERE state <> 'sent'", "mails") == "0",
             what="the rows of the mails")
    equal(sorted(m["to"][0] for m in peer().taken), sorted(names), "mails")
    peer().taken.clear()
    names = [f"q{n}@example.com" for n in range(60)]
    client, asks = one.client(), machine(one)
    for n in range(0, 60, 3):
        client.start(asks, {"Title": "Killed", "Approvers": names[n:n + 3]})
    wait_for(lambda: len(peer().taken) >= 15, what="some mails")
    other.kill()
    wait_for(lambda: postgres().sql("SELECT count(*) FROM pawl_approval.mail WHERE state <> 'sent'", "mails") == "0",
             what="the mails of the node that was killed")
    got = {}
    for mail in list(peer().taken):
        message = re.search(r"^Message-ID: (\S+)", mail["data"], re.M | re.I).group(1)
        got.setdefault(mail["to"][0], set()).add(message)
    equal((sorted(got), max(len(ids) for ids in got.values())), (sorted(names), 1), "who got mail, and how many different ones")
    one.stop()


@check("a decision at the node that is left ends the execution of the one that was killed")
def _():
    one, other = two_nodes("survived")
    asked = Asked(one, Approvers=["a", "b"], Quorum=2)
    equal(decide(at(one, asked.link("a"))).status, 200)
    one.kill()
    equal(decide(at(other, asked.link("b"))).status, 200)
    asked.client = other.client()
    equal([d["Approver"] for d in asked.output()["Decisions"]], ["a", "b"])
    other.stop()


if __name__ == "__main__":
    pawltest.main()
