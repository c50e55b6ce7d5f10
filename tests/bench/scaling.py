#!/usr/bin/env python3
"""scaling - what several nodes on one PostgreSQL give, against a model that predicts it.

Measures, with fsync, everything on this machine:

	nodes     the chain of bench.py at 1, 2 and 4 pawlds on one database, a load generator for
	          each: transitions per second, and CPU of pawld, PostgreSQL and clients for one
	recovery  one of two nodes is killed while 20,000 executions are open in its memory: until
	          the other one owns its shards, and until it has loaded them all

and holds the figures against the model of docs/scaling.md, whose constants are the CPU times at one node and the
recovery of a tenth as many executions. Then it says what the model gives for more cores and nodes.

	scaling.py [--seconds S] [--rounds N] [--open N] [--json FILE]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
from bench import pawltest

NODES = (1, 2, 4)
CORES = bench.os.cpu_count()
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.until", "End": True}}}


# --- the model ------------------------------------------------------------------------------------

class Model:
    """CPU microseconds of one transition, and seconds of a recovery."""

    def __init__(self, pawld_us, postgres_us, client_us, lost_s, load_us):
        self.pawld_us, self.postgres_us, self.client_us = pawld_us, postgres_us, client_us
        self.lost_s, self.load_us = lost_s, load_us

    def shared(self, cores):
        """Everything on one machine: its cores are the limit, however many nodes there are."""
        return cores * 1e6 / (self.pawld_us + self.postgres_us + self.client_us)

    def apart(self, nodes, postgres_cores):
        """PostgreSQL and clients on machines of their own: a node is one core of pawld and one backend."""
        node = 1e6 / max(self.pawld_us, self.postgres_us)
        return min(nodes * node, postgres_cores * 1e6 / self.postgres_us)

    def recovery_s(self, executions):
        return self.lost_s + executions * self.load_us / 1e6


# --- measurements -----------------------------------------------------------------------------------

class Cluster:
    def __init__(self, count, **options):
        self.postgres = pawltest.Postgres(fsync=True)
        database = self.postgres.new_database()
        self.nodes = [pawltest.Pawld(database=database, log_level="warn",
                                     plugin_dir=str(pawltest.BUILD / "plugins"), **options) for _ in range(count)]
        self.client = self.nodes[0].client()
        pawltest.wait_for(lambda: self.shards(self.client) == [256 // count] * count, what="the nodes to share the shards")

    def shards(self, client):
        return [n["shards"] for n in client.get("/nodes").json()["nodes"]]

    def cpu(self):
        postgres = bench.cpu_of(self.postgres.process.pid, True)
        for pid in self.postgres.children():
            try:
                postgres += bench.cpu_of(pid, False)
            except OSError:
                pass
        return sum(bench.cpu_of(n.process.pid, False) for n in self.nodes if n.is_running()), postgres

    def stop(self):
        self.client.close()
        for node in self.nodes:
            if node.is_running():
                node.stop()
        self.postgres.stop()


def chain(count, seconds, programs):
    """One round at so many nodes."""
    cluster = Cluster(count)
    machine = cluster.client.create("chain", bench.CHAIN)

    def load(seconds):
        words = [str(w) for w in ("--machine", machine, "--input", bench.INPUT, "--seconds", seconds,
                                  "--connections", 64 // count)]
        running = [subprocess.Popen([programs / "load", "--url", n.url, *words], stdout=subprocess.PIPE, text=True)
                   for n in cluster.nodes]
        return [json.loads(one.communicate()[0]) for one in running]
    load(1)     # caches and plans are warm
    before, busy, began = cluster.cpu(), bench.busy(), time.monotonic()
    out = load(seconds)
    elapsed = time.monotonic() - began
    pawld, postgres = (b - a for a, b in zip(before, cluster.cpu()))
    others = bench.busy() - busy - pawld - postgres - sum(o["cpu_seconds"] for o in out)
    n = sum(o["executions"] for o in out) * bench.NSTATES
    cluster.stop()
    return {"rate": n / elapsed, "pawld_us": pawld * 1e6 / n, "postgres_us": postgres * 1e6 / n,
            "client_us": sum(o["cpu_seconds"] for o in out) * 1e6 / n, "others": max(0, others / elapsed / CORES)}


def recovery(count, programs):
    """
    Seconds from the kill of one of two nodes until the other one owns all shards, and until the executions that were in its
    memory, and were due when it was killed, have ended there.
    """
    cluster = Cluster(2, hibernate_after="1h")
    machine = cluster.client.create("wait", WAIT)
    victim = cluster.nodes[1]
    due = int(time.time()) + 5 + count // 2000
    bench.run(programs / "load", "--url", victim.url, "--machine", machine, "--count", count, "--seconds", 600,
              "--input", json.dumps({"until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))}))
    if time.time() > due - 0.5:
        raise SystemExit("the machine is too slow: the executions were due before the kill")
    time.sleep(due - 0.3 - time.time())
    began = time.monotonic()
    victim.kill()
    pawltest.wait_for(lambda: cluster.shards(cluster.client) == [256], what="the shards to be taken over", interval=0.02)
    owned = time.monotonic() - began
    name = cluster.nodes[0].options["database"].rpartition("dbname=")[2]
    pawltest.wait_for(lambda: cluster.postgres.sql("SELECT count(*) FROM pawl.open_execution", name) == "0",
                      600, "all executions to end", 0.05)
    ended = time.monotonic() - began
    cluster.stop()
    return {"owned_s": owned, "ended_s": ended}


# --- the whole -----------------------------------------------------------------------------------------

def middle(rounds):
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def off(predicted, measured):
    return f"{predicted / measured - 1:+.0%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="length of a round (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--open", type=int, default=20000, help="executions of the node that is killed (20000)")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    pawltest.need_pawld()
    programs = bench.make_programs()
    print(bench.machine_line(), flush=True)
    rounds = {n: [] for n in NODES}
    for _ in range(options.rounds):
        for n in NODES:
            rounds[n].append(chain(n, options.seconds, programs))
    measured = {n: middle(rounds[n]) for n in NODES}
    small, large = recovery(options.open // 10, programs), recovery(options.open, programs)
    load_us = (large["ended_s"] - small["ended_s"]) * 1e6 / (options.open - options.open // 10)
    one = measured[1]
    model = Model(one["pawld_us"], one["postgres_us"], one["client_us"],
                  small["ended_s"] - options.open // 10 * load_us / 1e6, load_us)
    print(f"\n{'nodes':>5}  {'transitions/s':>13}  {'model':>9}  {'off':>5}  CPU us: pawld, PostgreSQL, client; others")
    for n in NODES:
        m = measured[n]
        share = model.shared(CORES) * (1 - m["others"])
        print(f"{n:>5}  {m['rate']:>13,.0f}  {share:>9,.0f}  {off(share, m['rate']):>5}  {m['pawld_us']:.2f}, "
              f"{m['postgres_us']:.2f}, {m['client_us']:.2f}; {m['others']:.0%}")
    print(f"\none of two nodes is killed: the other one owns its shards after {large['owned_s']:.1f} s; {options.open // 10} "
          f"executions that were due have ended after {small['ended_s']:.1f} s, {options.open} after {large['ended_s']:.1f} s: "
          f"{load_us:.0f} us each")
    print("\nwhat the model gives with PostgreSQL and clients on machines of their own, transitions/s")
    for cores in (2, 8, 32):
        print(f"  PostgreSQL of {cores:>2} cores: " + ", ".join(
            f"{n} nodes {model.apart(n, cores):,.0f}" for n in (1, 2, 4, 10, 40)))
    print("recovery of a node's executions by one other: " + ", ".join(
        f"{n:,} in {model.recovery_s(n):,.0f} s" for n in (options.open, 10 * options.open, 100 * options.open)))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"measured": measured, "small": small, "large": large,
                                                          "load_us": load_us}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
