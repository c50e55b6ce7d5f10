#!/usr/bin/python3
"""test_invoice - the example invoice-approval as users run it: 50 scans, three kill -9, and afterwards the
payments, the table, the mails and the archive, looked at without the example's own proof."""

import collections
import functools
import json
import os
import re
import shutil
import subprocess
import sys

import history
import pawltest
from pawltest import Skip, check, contains, equal

EXAMPLE = pawltest.SOURCE / "docs" / "examples" / "invoice-approval"
sys.dont_write_bytecode = True
sys.path.append(str(EXAMPLE))
# pylint: disable=wrong-import-position
import papers
import people

SCANS, SEED, KILLS = 50, 1, 3


def run(folder, *words):
    pawltest.need_pawld()
    if not shutil.which("pdftotext"):
        raise Skip("needs pdftotext (Debian: poppler-utils)")
    return subprocess.run(["/usr/bin/python3", EXAMPLE / "run", "--folder", folder, *words], check=False,
                          capture_output=True, text=True, timeout=4 * pawltest.PATIENCE, cwd="/",
                          env={**os.environ, "PAWL_BUILD": str(pawltest.BUILD)})


@functools.cache
def first():
    """(folder, what was printed) of the run that everything here is about."""
    folder = pawltest.temporary_folder("pawl-inv-")
    done = run(folder, f"--invoices={SCANS}", f"--seed={SEED}", f"--kills={KILLS}")
    equal(done.returncode, 0, done.stdout + done.stderr)
    return folder, done.stdout


@functools.cache
def scans():
    return papers.draw_papers(SCANS, SEED)


def expected(*ends):
    """Keys of the invoices that end so; one that is sent twice is paid once."""
    return {paper.key: paper for paper in scans() if paper.end in ends}


def lines(name):
    return [json.loads(line) for line in (first()[0] / name).read_text(encoding="utf-8").splitlines()]


class House(pawltest.Pawld):
    """The pawld of the example once more, without its configuration: to look at what is there."""

    def __init__(self):
        super().__init__(data_dir=str(first()[0] / "data"))

    def rows(self, text, user="accounts", database="accounts"):
        socket = first()[0] / "data" / "run"
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", f"host={socket} user={user} dbname={database}",
                               "-c", text], check=True, capture_output=True, text=True)
        return [line.split("|") for line in done.stdout.splitlines()]


def state():
    """All that a second start must leave as it is; a mail that a kill cut off may come again, as the same mail."""
    folder = first()[0]
    with House() as house:
        table = house.rows("SELECT * FROM invoice ORDER BY id")
    return {"payments": lines("payments.jsonl"), "messages": lines("bookkeeping.jsonl"), "table": table,
            "mails": {people.read(path)["Message-ID"] for path in (folder / "mail").glob("*.eml")},
            "archive": sorted(path.name for path in (folder / "archive").rglob("*.pdf"))}


@check("50 scans are worked off while pawld is killed three times")
def _():
    _, told = first()
    contains(told, f"{SCANS} scans, {SCANS} of them new")
    equal(told.count("kill -9 of pawld: payment"), KILLS, "kills")
    paid = len(expected("paid"))
    asked = int(re.search(r"the bank was asked (\d+) times", told).group(1))
    # answers that never came: those that pawld was killed for, and each seventh, which the bank loses
    missing = {paid * n // (KILLS + 1) for n in range(1, KILLS + 1)} | set(range(7, paid + 1, 7))
    assert asked >= paid + len(missing), f"the bank was asked {asked} times for {paid} payments"
    contains(told, f"pawld was killed {KILLS} times\nevery approved invoice was paid exactly once")


@check("what had to be paid is paid once, with the amount on the paper, and nothing else is")
def _():
    payments = [line["order"] for line in lines("payments.jsonl")]
    got = collections.Counter((p["reference"], p["iban"], p["amount"]) for p in payments)
    wanted = {(" ".join(key), p.iban, f"{p.cents // 100}.{p.cents % 100:02}"): 1
              for key, p in expected("paid").items()}
    equal(dict(got), wanted, "payments")


@check("the table says of each invoice what became of it")
def _():
    keys = {line["order"]["reference"]: line["payment"] for line in lines("payments.jsonl")}
    with House() as house:
        rows = house.rows("SELECT supplier, number, status, cents, payment, decided_by FROM invoice")
    wanted = expected("paid", "refused", "expired")
    equal(len(rows), len(wanted), "rows")
    for supplier, number, status, cents, payment, by in rows:
        paper = wanted[supplier, number]
        equal((status, payment), (paper.end, keys.get(f"{supplier} {number}", "")), f"{paper}")
        if status == "paid":
            equal(int(cents), paper.cents, f"{paper}")
        equal(by == "rule", paper.kind == "ordinary", f"by rule: {paper}, {by}")


@check("every execution has succeeded, with a history in order, and was told to bookkeeping once")
def _():
    with House() as house:
        client = house.client()
        machine = f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:stateMachine:invoice-approval"
        executions = client.call("ListExecutions", stateMachineArn=machine, maxResults=1000)["executions"]
        equal({e["status"] for e in executions}, {"SUCCEEDED"})
        equal(len(executions), SCANS)
        for execution in executions:
            equal(history.check(client.history(execution["executionArn"])), [], execution["name"])
        equal(house.rows("SELECT count(*) FROM pawl.open_task", "pawl", "postgres"), [["0"]], "open tasks")
        equal(house.rows("SELECT count(*) FROM pawl_queue.message", "pawl", "postgres"), [["0"]], "messages left")
        equal(house.rows("SELECT state, count(*) FROM pawl_approval.request GROUP BY 1 ORDER BY 1", "pawl", "postgres"),
              [["approved", str(sum(1 for p in scans() if p.answer == "approve"))],
               ["expired", str(len(expected("expired")))], ["rejected", str(len(expected("refused")))]], "requests")
    told = collections.Counter(line["message"]["execution"] for line in lines("bookkeeping.jsonl"))
    equal(dict(told), {execution["name"]: 1 for execution in executions})


@check("people got mail of what they had to decide, and of what was not paid")
def _():
    asked, notices = collections.defaultdict(set), set()
    for path in (first()[0] / "mail").glob("*.eml"):
        mail = people.read(path)
        if people.link_in(path):
            asked[mail["To"]].add(mail["Subject"])
        else:
            equal(mail["To"], "accounts@example.com")
            notices.add(mail["Subject"])
    ends = {line["message"]["file"]: line["message"]["status"] for line in lines("bookkeeping.jsonl")}
    equal(notices, {f"{file}: {end}" for file, end in ends.items() if end != "paid"}, "notices")
    equal(len(asked["ann@example.com"] | asked["bob@example.com"]), sum(1 for p in scans() if p.answer), "requests")
    for paper in scans():
        if paper.kind == "very large":      # all must approve, so all have been asked
            for person in ("ann", "bob", "carla"):
                assert any(paper.supplier["name"] in subject for subject in asked[f"{person}@example.com"]), paper


@check("the archive has every scan, as it came")
def _():
    folder = first()[0]
    equal(os.listdir(folder / "inbox"), [])
    ends = {line["message"]["file"]: line["message"]["scan"] for line in lines("bookkeeping.jsonl")}
    for paper in scans():
        equal((folder / ends[paper.file]).read_bytes(), papers.scan(paper), paper.file)
    equal(len(list((folder / "archive").rglob("*.pdf"))), SCANS, "files in the archive")


@check("the same scans once more change nothing")
def _():
    before = state()
    done = run(first()[0], f"--invoices={SCANS}", f"--seed={SEED}")
    equal(done.returncode, 0, done.stdout + done.stderr)
    contains(done.stdout, f"{SCANS} scans, 0 of them new")
    after = state()
    for part, was in before.items():
        assert after[part] == was, f"{part} changed: {[x for x in after[part] if x not in was]}"


@check("a payment too many is found out")
def _():
    path = first()[0] / "payments.jsonl"
    before = path.read_text(encoding="utf-8")
    double = json.loads(before.splitlines()[0]) | {"key": "another", "payment": "P-double"}
    path.write_text(before + json.dumps(double) + "\n", encoding="utf-8")
    try:
        done = run(first()[0], f"--invoices={SCANS}", f"--seed={SEED}")
    finally:
        path.write_text(before, encoding="utf-8")
    equal(done.returncode, 1, done.stdout + done.stderr)
    contains(done.stdout, "is paid and has 2 payments")
    assert "exactly once" not in done.stdout, done.stdout


@check("no name on a paper leads the archive out of its folder")
def _():
    folder = pawltest.temporary_folder()
    (folder / "inbox").mkdir()
    (folder / "inbox" / "a.pdf").write_bytes(b"%PDF")
    for wrong in ({"name": "../../x"}, {"folder": ".."}, {"file": "../a.pdf"}, {"file": ""}):
        event = {"file": "a.pdf", "folder": "paid", "name": "x", **wrong}
        done = subprocess.run(["/usr/bin/python3", EXAMPLE / "scripts" / "commands" / "archive.py"], cwd=folder,
                              input=json.dumps(event), check=False, capture_output=True, text=True)
        equal((done.returncode, json.loads(done.stderr)["errorType"]), (1, "Archive.BadName"), f"{wrong}")
    assert (folder / "inbox" / "a.pdf").exists()


pawltest.main()
