#!/usr/bin/env python3
"""scaling - what several nodes on one PostgreSQL give, against a model that predicts it.

Measures, with fsync, everything on this machine:

	nodes     the chain of bench.py at 1, 2 and 4 pawlds on one database, a load generator for
	          each, 64 connections in all; and at one pawld with 16: transitions per second, CPU
	          of pawld, PostgreSQL and clients, syncs and bytes of WAL for one
	recovery  one of two nodes is killed while 20,000 executions are open in its memory: until
	          the other one owns its shards, and until it has loaded them all

and holds the figures against the model of docs/scaling.md (tests/bench/model.py), whose constants are those of one node
(its own rate among them) and of the recovery of a tenth as many executions. Then it says what the model gives for ten and a hundred times as much.

	scaling.py [--seconds S] [--rounds N] [--open N] [--json FILE] [--record]
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
import recorded     # pylint: disable=wrong-import-position
from bench import pawltest      # pylint: disable=wrong-import-position
from model import Cost, Model   # pylint: disable=wrong-import-position

NODES = (1, 2, 4)
FEW = 16            # connections for small batches
CORES = bench.os.cpu_count()
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "TimestampPath": "$.until", "End": True}}}


# --- measurements -----------------------------------------------------------------------------------

class Cluster:
    def __init__(self, count, **options):
        self.postgres = pawltest.Postgres(fsync=True, settings=[("track_wal_io_timing", "on")])
        database = self.postgres.new_database()
        self.database = database.rpartition("dbname=")[2]
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

    def open(self):
        """Open executions, as text."""
        return self.postgres.sql("SELECT count(*) FROM pawl.open_execution", self.database)

    def wal(self):
        """Bytes of WAL so far, syncs, and the microseconds they took."""
        return [float(word) for word in self.postgres.sql(
            "SELECT wal_bytes, wal_sync, wal_sync_time * 1000 FROM pg_stat_wal").split("|")]

    def commits(self):
        text = [node.client().get("/metrics").body.decode() for node in self.nodes]
        return sum(float(re.search(r"^pawl_commits_total (\S+)$", one, re.M).group(1)) for one in text)

    def stop(self):
        self.client.close()
        for node in self.nodes:
            if node.is_running():
                node.stop()
        self.postgres.stop()


def chain(count, seconds, programs, connections=bench.CONNECTIONS):
    """One round at so many nodes."""
    cluster = Cluster(count)
    machine = cluster.client.create("chain", bench.CHAIN)

    def load(seconds):
        words = [str(w) for w in ("--machine", machine, "--input", bench.INPUT, "--seconds", seconds,
                                  "--connections", connections // count)]
        running = [subprocess.Popen([programs / "load", "--url", n.url, *words], stdout=subprocess.PIPE, text=True)
                   for n in cluster.nodes]
        return [json.loads(one.communicate()[0]) for one in running]
    load(1)     # caches and plans are warm
    commits, wal = cluster.commits(), cluster.wal()
    before, busy, began = cluster.cpu(), bench.busy(), time.monotonic()
    out = load(seconds)
    elapsed = time.monotonic() - began
    pawld, postgres = (b - a for a, b in zip(before, cluster.cpu()))
    others = bench.busy() - busy - pawld - postgres - sum(o["cpu_seconds"] for o in out)
    n = sum(o["executions"] for o in out) * bench.NSTATES
    commits = cluster.commits() - commits
    time.sleep(1)       # what backends count is up to a second late
    wal_bytes, syncs, sync_us = (b - a for a, b in zip(wal, cluster.wal()))
    cluster.stop()
    return {"rate": n / elapsed, "pawld_us": pawld * 1e6 / n, "postgres_us": postgres * 1e6 / n,
            "client_us": sum(o["cpu_seconds"] for o in out) * 1e6 / n, "others": max(0, others / elapsed / CORES), "batch": n / commits,
            "wal_bytes": wal_bytes / n, "sync_us": sync_us / max(1, syncs)}


def open_until(cluster, node, count, programs, seconds):
    """That many executions in the memory of a node, which are due all at once, in so many seconds: when; None: too slow."""
    machine = node.client().create(f"wait{seconds}", WAIT)
    due = int(time.time()) + seconds
    bench.run(programs / "load", "--url", node.url, "--machine", machine, "--count", count, "--seconds", 600,
              "--input", json.dumps({"until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))}))
    if time.time() < due - 0.5:
        return due
    pawltest.wait_for(lambda: cluster.open() == "0", 600, "the executions of a slow machine to end", 0.1)
    return None


def recovery(count, programs):
    """
    Seconds from the kill of one of two nodes until the other one owns all shards, and until the executions that were in its
    memory, and were due when it was killed, have ended there.
    """
    cluster = Cluster(2, hibernate_after="1h")
    victim, seconds = cluster.nodes[1], 5 + count // 2000
    while (due := open_until(cluster, victim, count, programs, seconds)) is None:
        seconds *= 2
    time.sleep(due - 0.3 - time.time())
    witness = cluster.nodes[0].client()     # the one from before was idle for long
    began = time.monotonic()
    victim.kill()
    pawltest.wait_for(lambda: cluster.shards(witness) == [256], what="the shards to be taken over", interval=0.02)
    owned = time.monotonic() - began
    pawltest.wait_for(lambda: cluster.open() == "0", 600, "all executions to end", 0.05)
    ended = time.monotonic() - began
    witness.close()
    cluster.stop()
    return {"owned_s": owned, "ended_s": ended}


# --- the whole -----------------------------------------------------------------------------------------

def middle(rounds):
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def off(predicted, measured):
    return f"{predicted / measured - 1:+.0%}"


def model_of(large, small):
    """From what one node was measured to do, with all clients and with few."""
    def cost(who):
        return Cost.between((large["batch"], large[who]), (small["batch"], small[who]))
    model = Model(cost("pawld_us"), cost("postgres_us"), large["client_us"], large["sync_us"], large["batch"], large["wal_bytes"])
    model.set_serial(large["rate"])
    return model


def print_constants(model):
    print("\nconstants of the model, of one node")
    for who, cost in (("pawld", model.pawld), ("PostgreSQL", model.postgres)):
        print(f"  CPU us of {who}: {cost.transition_us:.2f} for a transition and {cost.batch_us:.0f} for a batch")
    print(f"  CPU us of a client: {model.client_us:.2f}; a sync {model.sync_us:.0f} us, one for {model.batch:.0f} transitions;"
          f" WAL {model.wal_bytes:.0f} bytes a transition\n"
          f"  of pawld's work {model.serial:.0%} waits for the batch before")


def print_nodes(model, measured):
    print(f"\n{'nodes':>5}  {'transitions/s':>13}  {'model':>9}  {'off':>5}  CPU us: pawld, PostgreSQL, client; others")
    for n, m in measured.items():
        predicted = model.shared(n, CORES * (1 - m["others"]))
        print(f"{n:>5}  {m['rate']:>13,.0f}  {predicted:>9,.0f}  {off(predicted, m['rate']):>5}  {m['pawld_us']:.2f}, "
              f"{m['postgres_us']:.2f}, {m['client_us']:.2f}; {m['others']:.0%}")


def print_recovery(model, count, small, large):
    predicted = model.recovery_s(count)
    print(f"\none of two nodes is killed: the other one owns its shards after {large['owned_s']:.1f} s\n"
          f"  {count // 10:>9,} executions have ended after {small['ended_s']:.2f} s\n"
          f"  {count:>9,} after {large['ended_s']:.2f} s, the model {predicted:.2f} s ({off(predicted, large['ended_s'])}):"
          f" {model.load_us:.0f} us each")


def print_more(model):
    print("\nwhat the model gives with PostgreSQL, nodes and clients on machines of their own, transitions/s, and its limit")
    for cores, disk in ((2, 200), (16, 1000), (64, 3000)):
        print(f"  PostgreSQL with {cores} cores, {disk} MB/s of WAL: " + "; ".join(
            "{} nodes {:,.0f} ({})".format(n, *model.apart(n, cores, disk)) for n in (1, 4, 10, 100)))
    print("recovery of one node's executions, by one other and by nine")
    for n in (10 ** 4, 10 ** 5, 10 ** 6):
        print(f"  {n:>9,}: {model.recovery_s(n):,.1f} s, {model.recovery_s(n, 9):,.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="length of a round (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--open", type=int, default=20000, help="executions of the node that is killed (20000)")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--record", action="store_true", help="put the ratios into recorded.json, in a quiet hour")
    options = parser.parse_args()
    pawltest.need_pawld()
    programs = bench.make_programs()
    print(bench.machine_line(), flush=True)
    rounds, few = {n: [] for n in NODES}, []
    for _ in range(options.rounds):
        for n in NODES:
            rounds[n].append(chain(n, options.seconds, programs))
        few.append(chain(1, options.seconds, programs, FEW))
    measured, few = {n: middle(rounds[n]) for n in NODES}, middle(few)
    model = model_of(measured[1], few)
    print_constants(model)
    print_nodes(model, measured)
    # a load costs what the smaller one and half of the larger one differ in; the larger one is the test of it
    tenth, half, whole = (recovery(n, programs) for n in (options.open // 10, options.open // 2, options.open))
    model.load_us = (half["ended_s"] - tenth["ended_s"]) * 1e6 / (options.open // 2 - options.open // 10)
    model.lost_s = tenth["ended_s"] - options.open // 10 * model.load_us / 1e6
    print_recovery(model, options.open, tenth, whole)
    print_more(model)
    one = measured[1]
    figures = {f"scaling, {n} nodes beside 1": recorded.ratio(measured[n]["rate"] / one["rate"]) for n in NODES[1:]}
    figures.update({f"scaling of one node, CPU us of {who}": recorded.cpu_us(one[f"{who}_us"])
                    for who in ("pawld", "postgres", "client")})
    figures["scaling, us to load an execution"] = recorded.cpu_us(model.load_us)
    bench.beside_recorded(figures, options.record)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({
            "measured": measured, "few": few, "tenth": tenth, "half": half, "whole": whole, "load_us": model.load_us},
            indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
