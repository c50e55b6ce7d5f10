#!/usr/bin/env python3
"""overload - twice the work that the machine can do, from two machines of which one wants a hundred times as much.

For each kind of work, on a pawld of its own with its private PostgreSQL (laptop mode, one worker, fsync on):

	capacity   executions per second in a closed loop, as in bench.py
	overload   twice as many starts per second are offered in an open loop: "greedy" starts a
	           hundred times as many as "modest"; what is refused is not tried again. Beside
	           it a prober asks DescribeExecution fifty times a second.

Prints what was accepted (and as a ratio of the capacity), refused, the part of the two machines' starts that was accepted,
latencies, and the most memory that pawld had. Then it holds PostgreSQL against the answers: all that was acknowledged is
there, and nothing else; and waits until it has all ended.

	overload.py [--seconds S] [--times N] [--json FILE] [NAME ...]
"""

import argparse
import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
from bench import pawltest

KINDS = {"chain": (bench.CHAIN, ()), "steps": (bench.STEPS, ("--open", bench.OPEN))}
WEIGHT = 100        # of greedy, beside modest
CONNECTIONS = 8000  # of each at most: enough that the line stands, and not the clients
PROBES = 50         # a second
DRAIN_S = 120


class Watch(threading.Thread):
    """The most memory that pawld has while this runs, in MB."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.over = server, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            self.most = max(self.most, self.server.rss_mb())

    def end(self):
        self.over.set()
        self.join()
        return self.most


def launch(programs, url, *words):
    return subprocess.Popen([str(word) for word in (programs / "load", "--url", url, *words)],
                            stdout=subprocess.PIPE, text=True)


def figures(process):
    text = process.communicate()[0]
    if process.returncode != 0:
        raise SystemExit(f"load ended with {process.returncode}")
    return json.loads(text)


def capacity(b, machine, arguments):
    b.load(machine, 1, "--connections", bench.CONNECTIONS, *arguments, seconds=1)
    return b.load(machine, 1, "--connections", bench.CONNECTIONS, *arguments)["rate"]


def prove(server, machine, acknowledged):
    """All that was acknowledged is stored, nothing else, and in the end it has succeeded."""
    where = f"WHERE machine_id = (SELECT id FROM pawl.machine WHERE name = '{bench.name_of(machine)}')"
    pawltest.equal(int(server.sql(f"SELECT count(*) FROM pawl.execution {where}")), acknowledged,
                   f"stored executions of {bench.name_of(machine)}, for those that were acknowledged")
    pawltest.wait_for(lambda: server.sql("SELECT count(*) FROM pawl.open_execution") == "0", DRAIN_S,
                      "all to end", 0.1)
    pawltest.equal(int(server.sql(f"SELECT count(*) FROM pawl.execution {where} AND status = 'SUCCEEDED'")),
                   acknowledged, f"executions of {bench.name_of(machine)} that succeeded")


def measure(kind, seconds, times):
    b = bench.Bench(argparse.Namespace(seconds=max(3, seconds / 4), rounds=1, workers=1),
                    max_connections=2 * CONNECTIONS + 100)
    definition, arguments = KINDS[kind]
    server = b.server
    url = server.pawld.url
    full = capacity(b, server.client.create("capacity", definition), arguments)
    machines = {name: server.client.create(name, definition) for name in ("greedy", "modest")}
    known = server.client.run(machines["modest"], bench.INPUT)["executionArn"]
    offered = {"modest": times * full / (WEIGHT + 1)}
    offered["greedy"] = WEIGHT * offered["modest"]
    watch, busy, before, began = Watch(server), bench.busy(), server.cpu(), time.monotonic()
    prober = launch(b.programs, url, "--describe", known, "--rate", PROBES, "--connections", 20, "--seconds", seconds)
    running = {name: launch(b.programs, url, "--machine", machine, "--input", bench.INPUT, "--seconds", seconds,
                            "--rate", offered[name], "--connections", CONNECTIONS) for name, machine in machines.items()}
    out = {name: figures(process) for name, process in running.items()}
    described = figures(prober)
    elapsed = time.monotonic() - began
    used = sum(server.cpu()) - sum(before) + sum(one["cpu_seconds"] for one in (*out.values(), described))
    result = {"capacity": full, "described_us": described["start_us"], "rss_mb": watch.end(), "machines": out,
              "offered": offered, "others": max(0, (bench.busy() - busy - used) / elapsed / bench.os.cpu_count())}
    for name, one in out.items():
        one["accepted"] = one["executions"] - one["refused"]
        prove(server, machines[name], one["accepted"] + (name == "modest"))
    result["accepted"] = sum(one["accepted"] for one in out.values()) / seconds
    result["refused"] = sum(one["refused"] for one in out.values()) / seconds
    result["ratio"] = result["accepted"] / full
    server.stop()
    return result


def ms(samples):
    return "none" if samples is None else f"p50 {samples['p50'] / 1000:.1f} ms, p99 {samples['p99'] / 1000:.1f} ms"


def show(kind, r):
    print(f"\n{kind}: capacity {r['capacity']:,.0f} executions/s; offered {sum(r['offered'].values()):,.0f}/s, accepted "
          f"{r['accepted']:,.0f}/s ({r['ratio']:.2f} of the capacity), refused {r['refused']:,.0f}/s; others {r['others']:.0%}")
    for name, one in r["machines"].items():
        due = one["executions"] + one["unsent"]
        print(f"  {name:<8}wanted {r['offered'][name]:>9,.1f}/s, got {one['accepted'] / due:>4.0%}; StartExecution accepted "
              f"{ms(one.get('start_us'))}; refused {ms(one.get('refused_us'))}; {one['unsent']:,} not sent in time")
    print(f"  DescribeExecution {ms(r['described_us'])}, at most {r['described_us']['max'] / 1000:.1f} ms; "
          f"pawld {r['rss_mb']:.0f} MB at most")


def run_kinds(parser, kinds, measure_one, show_one):
    """What a program of this kind does: it measures each kind that is asked for with its options, and shows it."""
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(kinds)}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(kinds):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    pawltest.need_pawld()
    print(bench.machine_line(), flush=True)
    results = {}
    for kind in options.names or kinds:
        results[kind] = measure_one(kind, options)
        show_one(kind, results[kind])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of overload (default 20)")
    parser.add_argument("--times", type=float, default=2, help="the capacity that is offered (default 2)")
    run_kinds(parser, KINDS, lambda kind, options: measure(kind, options.seconds, options.times), show)


if __name__ == "__main__":
    main()
