#!/usr/bin/python3
"""nodes - four pawlds on one database are killed, hang, are cut off from PostgreSQL, end and come back, and PostgreSQL
dies, while clients start executions and answer tasks at all of them.

In the end every execution that was acknowledged is there once and has succeeded, with the answer that was given; no history
has gaps or overlaps; no two nodes wrote one shard. Others take over within 10 s of a kill and 30 s of a hang.

    nodes.py                 the short form: one of each, about a minute
    nodes.py --long          40 rounds, about ten minutes
    nodes.py --seed N        the same rounds again
"""

import argparse
import os
import pathlib
import random
import signal
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))

# pylint: disable=wrong-import-position
import faults
import pawltest
from cluster import Cluster, Load
from pawltest import wait_for

NODES = 4
LIMITS = {"kill": 10, "hang": 30, "cut": 30, "end": 20}


class Round:
    """One or two nodes fail in some way, the others take over, and they come back."""

    def __init__(self, cluster, kinds, rng):
        self.cluster = cluster
        self.victims = list(zip(rng.sample(range(NODES), len(kinds)), kinds))
        self.name = " and ".join(f"{kind} of node {n}" for n, kind in self.victims)

    def begin(self, n, kind):
        node = self.cluster.nodes[n]
        if kind == "kill":
            node.kill()
        elif kind == "end":
            node.stop()
        elif kind == "hang":
            node.url, node.hung_url = None, node.url    # no client would stay with it
            node.process.send_signal(signal.SIGSTOP)
        else:
            self.cluster.cables[n].whole.clear()

    def end(self, n, kind):
        node = self.cluster.nodes[n]
        if kind in ("kill", "end"):
            self.cluster.nodes[n] = self.cluster.new(n)
        elif kind == "hang":
            node.process.send_signal(signal.SIGCONT)
            node.url = node.hung_url
        else:
            self.cluster.cables[n].whole.set()

    def carry_out(self):
        """Complaints."""
        began, wrong = time.monotonic(), []
        for n, kind in self.victims:
            self.begin(n, kind)
        self.cluster.wait_balanced(NODES - len(self.victims))
        took = time.monotonic() - began
        print(f"# {self.name}: taken over after {took:.1f} s", flush=True)
        if took > max(LIMITS[kind] for _, kind in self.victims):
            wrong.append(f"{self.name}: taken over only after {took:.1f} s")
        for n, kind in self.victims:
            self.end(n, kind)
        self.cluster.wait_balanced(NODES)
        return wrong


def postgres_dies(cluster):
    began = time.monotonic()
    cluster.postgres.kill()
    cluster.postgres.start()
    cluster.wait_balanced(NODES)
    print(f"# PostgreSQL was killed: all shards are owned again after {time.monotonic() - began:.1f} s", flush=True)


def plan(rng, long):
    if not long:
        return [["kill"], ["hang", "cut"], ["end"], None]
    kinds = list(LIMITS)
    rounds = [rng.choice([[rng.choice(kinds)], rng.sample(kinds, 2), None]) for _ in range(36)]
    return rounds + [["kill"], ["hang"], ["cut"], ["end"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="40 rounds")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    pawltest.need_pawld()
    rng = random.Random(options.seed)
    print(f"# seed {options.seed}", flush=True)
    cluster = Cluster(NODES, fsync=True)
    cluster.wait_balanced(NODES)
    load, wrong = Load(cluster), []
    wait_for(lambda: len(load.acknowledged) > 50, what="some executions")
    try:
        for kinds in plan(rng, options.long):
            if kinds is None:
                postgres_dies(cluster)
            else:
                wrong += Round(cluster, kinds, rng).carry_out()
    finally:
        load.end()
    wait_for(lambda: cluster.sql("SELECT count(*) FROM pawl.open_execution") == "0", what="all executions to end", interval=0.1)
    count = len(load.acknowledged)
    print(f"# {count} executions; the slowest call was taken after {load.slowest:.1f} s", flush=True)
    wrong += load.complaints()
    cluster.stop()
    faults.conclude(wrong, count, "each acknowledged execution and answer is there once", options.seed)


if __name__ == "__main__":
    main()
