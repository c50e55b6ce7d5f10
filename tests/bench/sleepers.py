#!/usr/bin/env python3
"""sleepers - what a million executions that only wait cost, and how they wake.

Starts a private pawld with its private PostgreSQL (laptop mode, one worker, fsync on) and fills it: half of the executions
are in a Wait for a time far away, half wait for the token of a callback. Measures

	memory    resident memory of pawld for each sleeping execution, and disk in PostgreSQL
	reads     DescribeExecution and ListExecutions, one client, while all sleep
	answers   SendTaskSuccess for one that sleeps, to its durable answer
	wake      10,000 that are due in the same second: how late each goes on (the time in its
	          history against the one that was asked for), when the last one has ended,
	          reads meanwhile, and the most memory that pawld has
	restart   from starting pawld to "ready" with all of them asleep, after SIGTERM and after
	          kill -9

--bytes is the size of the input of those that are due; with --again they do not end then, but sleep once more, for long. With
--count 0 nothing but the wake is measured.

	sleepers.py [--count N] [--due N] [--bytes N] [--again] [--json FILE]
"""

import argparse
import json
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
from bench import pawltest
from overload import Watch

FAR = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 100 * 86400))
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.until", "Next": "P"},
                                   "P": {"Type": "Pass", "End": True}}}
AGAIN = {"StartAt": "W", "States": {**WAIT["States"], "P": {"Type": "Pass", "Next": "X"},
                                    "X": {"Type": "Wait", "Timestamp": FAR, "End": True}}}
TOKEN = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": "arn:pawl:states:::echo:say.waitForTaskToken", "End": True,
    "Parameters": {"Submitted": {}, "Never": True, "token.$": "$$.Task.Token"}}}}


def spread(values):
    """p50, p99 and the largest of latencies."""
    values = sorted(values)
    return {"p50": values[len(values) // 2], "p99": values[min(len(values) - 1, int(len(values) * 0.99))],
            "max": values[-1]}


def shown(s, unit="ms"):
    return f"p50 {s['p50']:.1f}, p99 {s['p99']:.1f}, max {s['max']:.1f} {unit}"


class Sleepers:
    def __init__(self):
        self.programs = bench.make_programs()
        self.server = bench.Server(hibernate_after="0s")
        self.machines = {name: self.server.client.create(name, definition)
                         for name, definition in (("wait", WAIT), ("token", TOKEN), ("again", AGAIN))}

    def fill(self, name, count, until=FAR, size=0):
        text, done = json.dumps({"until": until, **({"data": "x" * size} if size else {})}), 0
        while done < count:
            n = min(100000, count - done)
            bench.run(self.programs / "load", "--url", self.server.pawld.url, "--machine", self.machines[name],
                      "--input", text, "--connections", bench.CONNECTIONS, "--count", n,
                      "--seconds", 3600)
            done += n
            print(f"  {name}: {done} started", file=sys.stderr, flush=True)

    def sleeping(self):
        rows = self.server.sql("SELECT count(*) FROM pawl.open_execution WHERE wake_at IS NOT NULL")
        return int(rows)

    def wait_asleep(self, count):
        def look():
            ended = self.server.sql("SELECT count(*) FROM pawl.execution WHERE status NOT IN ('RUNNING', 'SUCCEEDED')")
            pawltest.equal(ended, "0", "executions that ended")
            return self.sleeping() >= count
        pawltest.wait_for(look, 3600, "all to sleep", 0.5)

    def arns(self, name, count):
        """By chance, of those that sleep."""
        prefix = self.machines[name].replace(":stateMachine:", ":execution:")
        rows = self.server.sql(f"SELECT e.name FROM pawl.execution e TABLESAMPLE SYSTEM (1) JOIN pawl.machine m ON m.id = e.machine_id "
                               f"WHERE m.name = '{name}' AND e.status = 'RUNNING' LIMIT {count * 5}").split()
        return [f"{prefix}:{row}" for row in random.sample(rows, min(count, len(rows)))]

    def timed(self, calls):
        """Milliseconds of each call."""
        took = []
        for call in calls:
            began = time.perf_counter()
            call()
            took.append((time.perf_counter() - began) * 1000)
        return took

    def reads(self, client, arns):
        return {"describe": spread(self.timed(lambda arn=arn: client.describe(arn) for arn in arns)),
                "list": spread(self.timed(lambda: client.call("ListExecutions", stateMachineArn=self.machines["wait"],
                                                              statusFilter="RUNNING", maxResults=100) for _ in range(50)))}

    def answers(self, count):
        client, arns = self.server.client, self.arns("token", count)
        tokens = []
        for arn in arns:
            scheduled = [e for e in client.history(arn) if e["type"] == "TaskScheduled"]
            tokens.append(json.loads(scheduled[0]["taskScheduledEventDetails"]["parameters"])["token"])
        return spread(self.timed(lambda t=t: client.call("SendTaskSuccess", taskToken=t, output="1") for t in tokens))

    def wake(self, count, size=0, again=False):
        """All in one second, far enough away that they are asleep before."""
        seconds = 30 + count / 2500
        due = int(time.time() + seconds)
        self.fill("again" if again else "wait", count, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due)), size)
        self.wait_asleep(count)
        self.server.pawld.options["hibernate_after"] = "10s"    # the default
        self.restart("term")
        if time.time() > due - 1:
            raise SystemExit("the machine is too slow: the executions were due before they slept")
        client, during, over = self.server.pawld.client(), [], threading.Event()
        arns = self.arns("wait", 200) or [self.server.client.start(self.machines["wait"], json.dumps({"until": FAR}))]

        def read():
            while not over.is_set():
                arn = random.choice(arns)
                during.extend(self.timed([lambda: client.describe(arn)]))
                over.wait(0.005)
        time.sleep(max(0, due - time.time() - 0.2))
        thread, watch, before = threading.Thread(target=read), Watch(self.server), self.server.rss_mb()
        thread.start()
        gone = (f"open_execution WHERE wake_at BETWEEN {due + 86400}000 AND {due + 1000 * 86400}000" if again
                else f"execution WHERE status = 'SUCCEEDED' AND stop_ms >= {due}000")
        count += again and int(self.server.sql(f"SELECT count(*) FROM pawl.{gone}"))
        pawltest.wait_for(lambda: int(self.server.sql(f"SELECT count(*) FROM pawl.{gone}")) >= count, 600, "all to wake", 0.1)
        all_ms = (time.time() - due) * 1000
        over.set()
        thread.join()
        client.close()
        late = [float(ms) for ms in self.server.sql(
            f"SELECT stop_ms - {due}000 FROM pawl.execution WHERE status = 'SUCCEEDED' AND stop_ms >= {due}000").split()]
        return {"count": count, "late": spread(late) if late else None, "all_ms": all_ms, "describe": spread(during),
                "before_mb": before, "most_mb": watch.end()}

    def restart(self, how):
        pawld = self.server.pawld
        self.server.client.close()
        if how == "term":
            pawld.stop()
        else:
            pawld.kill()
        began = time.perf_counter()
        pawld.start(600)
        took = time.perf_counter() - began
        self.server.client = pawld.client()
        return took


def show_wake(w):
    print(f"{w['count']} due in one second{': late ' + shown(w['late']) if w['late'] else ''}; all had ended or slept again "
          f"after {w['all_ms']:.0f} ms; pawld {w['before_mb']:.0f} MB before, {w['most_mb']:.0f} MB at most; "
          f"DescribeExecution meanwhile {shown(w['describe'])}", flush=True)


def measure(options):
    s = Sleepers()
    print(f"{bench.machine_line()}\n{bench.server_line(s.server)}", flush=True)
    r = {"count": options.count, "idle_mb": s.server.rss_mb()}
    began = time.monotonic()
    for name in ("wait", "token"):
        s.fill(name, options.count // 2)
    s.wait_asleep(options.count // 2 * 2)
    r["fill_per_s"] = options.count / (time.monotonic() - began)
    r["full_mb"] = s.server.rss_mb()
    r["database_bytes"] = int(s.server.sql("SELECT pg_database_size(current_database())"))
    print(f"{options.count} asleep, {r['fill_per_s']:.0f} started and laid to sleep per second; "
          f"{r['database_bytes'] / options.count:.0f} bytes of disk each", flush=True)
    r["restart_s"] = {"term": s.restart("term")}
    s.wait_asleep(options.count // 2 * 2)
    r["asleep_mb"] = s.server.rss_mb()
    r["bytes_each"] = (r["asleep_mb"] - r["idle_mb"]) * 1048576 / options.count
    print(f"resident: idle {r['idle_mb']:.1f} MB, after filling {r['full_mb']:.1f} MB, after a restart {r['asleep_mb']:.1f} MB: "
          f"{r['bytes_each']:.0f} bytes each (goal 200)", flush=True)
    r["reads"] = s.reads(s.server.client, s.arns("wait", 500))
    print(f"DescribeExecution {shown(r['reads']['describe'])}; ListExecutions {shown(r['reads']['list'])}", flush=True)
    r["answers"] = s.answers(300)
    print(f"SendTaskSuccess of one that sleeps {shown(r['answers'])}", flush=True)
    r["wake"] = s.wake(options.due, options.bytes, options.again)
    show_wake(r["wake"])
    r["restart_s"]["kill"] = s.restart("kill")
    print(f"ready again {r['restart_s']['term']:.1f} s after SIGTERM, {r['restart_s']['kill']:.1f} s after kill -9", flush=True)
    s.server.stop()
    return r


def measure_wake(options):
    s = Sleepers()
    print(f"{bench.machine_line()}\n{bench.server_line(s.server)}", flush=True)
    r = {"wake": s.wake(options.due, options.bytes, options.again)}
    show_wake(r["wake"])
    s.server.stop()
    return r


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000000, help="how many sleep (1000000)")
    parser.add_argument("--due", type=int, default=10000, help="how many are due in one second (10000)")
    parser.add_argument("--bytes", type=int, default=0, help="of the input of these (0)")
    parser.add_argument("--again", action="store_true", help="they sleep again, for long")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    pawltest.need_pawld()
    r = measure(options) if options.count else measure_wake(options)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(r, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
