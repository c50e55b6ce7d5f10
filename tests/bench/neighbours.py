#!/usr/bin/env python3
"""neighbours - how long one small execution takes beside another machine that takes all it can get.

Starts a private pawld with its private PostgreSQL (laptop mode, one worker, fsync on) for each kind of flood, and beside it
one client that starts one execution after the other, of a single Pass state (so StartExecution answers when all of it is
committed), and one that asks DescribeExecution 50 times a second. Floods:

	quiet   none
	steps   500 executions that do one task of the echo plugin after the other, without end
	map     one execution after the other whose Map has 10,000 items of a Pass state
	loops   500 executions that go from a Pass to a Choice and back without end

Prints latencies, what the flood entered in states per second, and how long turns of the loop, commits and the waits for them took.

	neighbours.py [--seconds S] [--executions N] [--json FILE] [NAME ...]
"""

import argparse
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
from bench import pawltest
from overload import Watch, figures, launch, ms, run_kinds

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
AGAIN = {"Again": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": True, "Next": "Z"}], "Default": "A"},
         "Z": {"Type": "Succeed"}}
STEPS = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", "Parameters": {"Output": 1},
                                         "ResultPath": None, "Next": "Again"}, **AGAIN}}
MAP = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": None, "End": True, "ItemProcessor": {
    "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}}}
LOOPS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Again"}, **AGAIN}}
FLOODS = {"quiet": None, "steps": STEPS, "map": MAP, "loops": LOOPS}
HISTOGRAMS = ("loop_turn", "commit", "commit_wait")
PROBES = 50


class Flood:
    def __init__(self, server, programs, kind, executions):
        self.over, self.threads = threading.Event(), []
        if FLOODS[kind] is None:
            return
        machine = server.client.create(kind, FLOODS[kind])
        if kind == "map":
            self.threads = [threading.Thread(target=self.maps, args=(server, machine))]
            self.threads[0].start()
            return
        bench.run(programs / "load", "--url", server.pawld.url, "--machine", machine, "--input", bench.INPUT,
                  "--connections", executions, "--count", executions, "--seconds", 60)

    def maps(self, server, machine):
        client = server.pawld.client()
        while not self.over.is_set():
            client.run(machine, {"items": list(range(10000))})
        client.close()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def histogram(server, name):
    """How many took no longer than so many seconds."""
    text = server.client.get("/metrics").body.decode()
    return {float(le.replace("+Inf", "inf")): int(n)
            for le, n in re.findall(rf'^pawl_{name}_seconds_bucket{{[^}}]*le="([^"]+)"}} (\d+)$', text, re.M)}


def quantile(before, after, part):
    counts = {le: n - before.get(le, 0) for le, n in after.items()}
    total = max(counts.values())
    return min(le for le, n in counts.items() if n >= part * total)


def describe(server, known, running):
    """Microseconds, as load has them, while it runs."""
    client, took = server.pawld.client(), []
    while running.poll() is None:
        began = time.perf_counter()
        client.describe(known)
        took.append((time.perf_counter() - began) * 1e6)
        time.sleep(1 / PROBES)
    client.close()
    took.sort()
    return {"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "max": took[-1]}


def measure(kind, seconds, executions):
    server, programs = bench.Server(), bench.make_programs()
    small = server.client.create("small", PASS)
    known = server.client.run(small)["executionArn"]
    flood = Flood(server, programs, kind, executions)
    time.sleep(2)   # it flows, all of it
    before = {name: histogram(server, name) for name in HISTOGRAMS}
    entered, watch = server.metric("pawl_transitions_total"), Watch(server)
    running = launch(programs, server.pawld.url, "--machine", small, "--input", "{}", "--connections", 1, "--seconds", seconds)
    described = describe(server, known, running)
    out = figures(running)
    result = {"start": out["start_us"], "describe": described}
    result["entered"] = (server.metric("pawl_transitions_total") - entered) / out["seconds"]
    result["most_mb"] = watch.end()
    for name in HISTOGRAMS:
        after = histogram(server, name)
        result[name] = [quantile(before[name], after, part) for part in (0.5, 0.99)]
    flood.end()
    server.client.close()
    server.pawld.kill()
    return result


def show(kind, r):
    print(f"{kind}: StartExecution of one state {ms(r['start'])}, most {r['start']['max'] / 1000:.0f} ms; DescribeExecution "
          f"{ms(r['describe'])}; {r['entered']:,.0f} states/s in all; pawld {r['most_mb']:.0f} MB at most; "
          + ", ".join(f"{name} p50 <= {r[name][0] * 1000:g} ms, p99 <= {r[name][1] * 1000:g} ms" for name in HISTOGRAMS), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="for each flood (8)")
    parser.add_argument("--executions", type=int, default=500, help="of steps and loops (500)")
    run_kinds(parser, FLOODS, lambda kind, options: measure(kind, options.seconds, options.executions), show)


if __name__ == "__main__":
    main()
