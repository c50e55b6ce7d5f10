"""cluster - several pawlds on one database, each with a cable to PostgreSQL that can be cut, and clients that
start executions at all of them."""

import concurrent.futures
import contextlib
import http.client
import json
import random
import socket
import threading
import time

import pawltest
from pawltest import wait_for

ECHO = "arn:pawl:states:::echo:say"
STEPS = {"StartAt": "A", "States": {
    "A": {"Type": "Task", "Resource": ECHO, "Next": "W", "ResultPath": "$.a",
          "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}],
          "Parameters": {"Output": "a", "DelayMs": 20}},
    "W": {"Type": "Wait", "Seconds": 1, "Next": "P"},
    "P": {"Type": "Parallel", "ResultPath": "$.p", "Next": "Z", "Branches": [
        {"StartAt": f"B{n}", "States": {f"B{n}": {
            "Type": "Task", "Resource": ECHO, "End": True, "Parameters": {"Output": n, "DelayMs": 20},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]}}}
        for n in range(2)]},
    "Z": {"Type": "Task", "Resource": ECHO, "End": True, "Parameters": {"Output.$": "$", "DelayMs": 20},
          "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 20}]}}}
PATIENT = ("ServiceUnavailable", "ThrottlingException")


class Cable:
    """The way from one node to PostgreSQL, that can be cut: nothing passes any more, and nobody is told."""

    def __init__(self, server):
        self.server = str(server.folder / ".s.PGSQL.5432")
        self.folder = pawltest.temporary_folder()
        self.folder.chmod(0o777)
        self.whole = threading.Event()
        self.whole.set()
        self.listener = socket.socket(socket.AF_UNIX)
        path = str(self.folder / ".s.PGSQL.5432")
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database):
        return f"host={self.folder} user=pawl dbname={database}"

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            self.whole.wait()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.server)
            except OSError:
                client.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self.whole.wait()
                other.sendall(data)
        self.whole.wait()
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Cluster:
    def __init__(self, count, fsync=False, **options):
        self.postgres = pawltest.Postgres(fsync)
        self.database = self.postgres.new_database().rpartition("dbname=")[2]
        self.cables = [Cable(self.postgres) for _ in range(count)]
        self.options = {"log_level": "info", **options}
        self.nodes = [self.new(n) for n in range(count)]

    def new(self, n):
        return pawltest.Pawld(database=self.cables[n].conninfo(self.database), **self.options)

    def sql(self, text):
        return self.postgres.sql(text, self.database)

    def owned(self):
        """Shards of each node that is alive, as one of them says."""
        for node, cable in zip(self.nodes, self.cables):
            if node.is_running() and node.url and cable.whole.is_set():
                answer = node.client().get("/nodes")
                if answer.status == 200:
                    return {n["name"]: n["shards"] for n in answer.json()["nodes"]}
        return {}     # PostgreSQL is away

    def balanced(self, count):
        owned = self.owned()
        return len(owned) == count and sum(owned.values()) == 256 and max(owned.values()) <= -(-256 // count)

    def wait_balanced(self, count, timeout=pawltest.PATIENCE):
        try:
            wait_for(lambda: self.balanced(count), timeout, f"{count} nodes to share the shards", 0.05)
        except Exception:
            for node in self.nodes:
                told = [line for line in node.log().splitlines() if " exec=" not in line and " serves " not in line]
                print("# " + "\n# ".join([f"{node.url} {'runs' if node.is_running() else f'has ended: {node.process.returncode}'}", *told[-25:]]), flush=True)
            raise

    def stop(self):
        for node in self.nodes:
            if node.is_running():
                node.stop()


def patiently(call, *arguments, **named):
    """Calls again while the service is unavailable, as the SDKs do."""
    def once():
        try:
            return [call(*arguments, **named)]
        except pawltest.ApiError as error:
            if error.code not in PATIENT:
                raise
            return None
    return wait_for(once, what="the call to be served", interval=0.05)[0]


def token_of(client, execution):
    def look():
        for event in patiently(client.history, execution):
            if event["type"] == "TaskScheduled":
                return json.loads(event["taskScheduledEventDetails"]["parameters"])["token"]
        return None
    return wait_for(look, what="the token")


CALLBACK = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True,
    "Parameters": {"Submitted": {"queued": True}, "Never": True, "token.$": "$$.Task.Token"}}}}


class Load:
    """Clients that start executions at any node, each by a name of its own, and answer those that wait for an answer at
    any other; they ask again when they were not answered."""

    def __init__(self, cluster, threads=4):
        self.cluster = cluster
        client = cluster.nodes[0].client()
        self.steps = client.create("steps", STEPS)
        self.callback = client.create("callback", CALLBACK)
        self.over = threading.Event()
        self.acknowledged = []
        self.slowest = 0.0
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.futures = [self.pool.submit(self._run, n) for n in range(threads)]

    def _once(self, what, fine):
        """What what(client) gives at a node by chance, in a list; None: ask again. fine: errors that are answers too."""
        urls = [url for n in self.cluster.nodes if n.is_running() and (url := n.url)]
        if not urls:
            return None
        client = pawltest.Client(random.choice(urls), timeout=5)
        try:
            return [what(client)]
        except pawltest.ApiError as error:
            if error.code in fine:
                return [error.code]
            if error.code not in PATIENT:
                raise
        except (OSError, http.client.HTTPException):
            pass
        finally:
            client.close()
        return None

    def _ask(self, what, fine=()):
        began, tries = time.monotonic(), 0
        while (answer := self._once(what, fine if tries else ())) is None:
            tries += 1
            if time.monotonic() - began > pawltest.PATIENCE:
                raise AssertionError("a call was never taken")
            self.over.wait(0.01)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return answer[0]

    def _run(self, thread):
        n = 0
        while not self.over.is_set():
            name = f"load-{thread}-{n}"
            machine = self.callback if n % 5 == 4 else self.steps
            # one that was started and not acknowledged may have ended when it is asked for again
            self._ask(lambda c, m=machine, name=name: c.start(m, {"name": name}, name=name), fine=("ExecutionAlreadyExists",))
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
            self.acknowledged.append(arn)
            if machine == self.callback:
                self._answer(arn)
            n += 1

    def _answer(self, arn):
        token = None
        while token is None:
            for event in self._ask(lambda c: c.history(arn)):
                if event["type"] == "TaskScheduled":
                    token = json.loads(event["taskScheduledEventDetails"]["parameters"])["token"]
        # one that was asked and not answered may have taken it
        self._ask(lambda c: c.call("SendTaskSuccess", taskToken=token, output='"answered"'), fine=("TaskTimedOut",))

    def end(self):
        self.over.set()
        for future in self.futures:
            future.result(2 * pawltest.PATIENCE)
        self.pool.shutdown()

    def complaints(self):
        """What is wrong with the rows when all is over: one sentence each."""
        sql, wrong = self.cluster.sql, []
        not_well = sql("SELECT string_agg(name || ' ' || status, ', ') FROM pawl.execution WHERE status <> 'SUCCEEDED'")
        if not_well:
            wrong.append(f"did not succeed: {not_well[:500]}")
        names = {arn.rpartition(":")[2] for arn in self.acknowledged}
        there = set(sql("SELECT name FROM pawl.execution").split())
        if names != there:
            wrong.append(f"acknowledged and not there: {sorted(names - there)[:20]}; only there: {sorted(there - names)[:20]}")
        broken = sql("SELECT count(*) FROM (SELECT sum(event_count) AS n, max(first_event_id + event_count - 1) AS last, "
                     "count(DISTINCT first_event_id) AS firsts, count(*) AS records FROM pawl.journal "
                     "WHERE event_count > 0 GROUP BY shard, execution_id) AS j WHERE n <> last OR firsts <> records")
        if broken != "0":
            wrong.append(f"{broken} histories have gaps or overlaps")
        answers = sql("SELECT count(*) FROM pawl.execution e JOIN pawl.machine m ON m.id = e.machine_id "
                      "WHERE m.name = 'callback' AND e.output IS DISTINCT FROM '\"answered\"'")
        if answers != "0":
            wrong.append(f"{answers} executions have not the answer that was given")
        for node in self.cluster.nodes:
            # the constraint that two writers of one shard would hit
            if "journal_pkey" in node.log():
                wrong.append(f"two nodes wrote one shard: {node.log_path}")
        return wrong
