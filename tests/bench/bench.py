#!/usr/bin/env python3
"""bench - how fast a pawld of this build tree is, beside yardsticks of the same run.

Starts a private pawld with its private PostgreSQL (laptop mode, everything at its
default, so with fsync), and measures

	chain    10 Pass states through StartExecution, keep-alive clients, each answer
	         durable: states entered per second
	steps    10 tasks of the echo plugin, each answer durable before the next task
	         begins, 200 executions open all the time: steps per second
	latency  one client on an idle server, one Pass state: StartExecution to its
	         durable answer, and to SUCCEEDED as DescribeExecution shows it
	map      an inline Map of 10,000 items, each one Pass state, and beside it one of
	         1,000: items per second, time and bytes of journal per item
	long     one execution that loops to a million history events, a task in each turn: its
	         first tenth beside its last, and a page of its history at both ends
	copy     the journal's rows by the writer's statement over arrays and by COPY: rows per second
	expr     one evaluation of a path, a payload template, a Choice rule and Lua
	         expressions on a document of 1 KB, without a server: CPU per evaluation

the first three in short rounds that alternate with its yardsticks on the same PostgreSQL:

	rows     rows of that kind and length through the same statements, in batches of the size
	         that pawld had, by a program that does nothing else (tests/bench/bench_store)
	insert   pgbench: one small row per transaction

The yardstick of expr are the same expressions in JSONata, by the npm package jsonata (needs
node and npm; its results must be the same).

A figure is the median of the rounds. CPU is what the kernel charged to a process for one
operation; "others" is the share of the machine that went to anything else while pawld was
measured, and spoils the figure beside it. The rows in the database are counted afterwards:
a figure that they do not bear out is an error.

At the end each ratio stands beside the one of tests/bench/recorded.json. What is more than 15 % worse
is a line that begins with REGRESSION; the exit status says nothing about it, as machines are noisy.
"""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pawltest     # pylint: disable=wrong-import-position
import recorded     # pylint: disable=wrong-import-position

TICKS = os.sysconf("SC_CLK_TCK")
INPUT = ('{"orderId":"9f2c1b7a","customer":{"id":184467,"name":"Ada Lovelace","vip":true},'
         '"items":[{"sku":"AB-1001","quantity":2,"price":89.9},{"sku":"CD-2002","quantity":1}]}')
NSTATES = 10
OPEN = 200
CONNECTIONS = 64


def chain_of(state):
    """A definition of NSTATES such states in a row."""
    states = {f"S{n}": {**state, "Next": f"S{n + 1}"} for n in range(1, NSTATES)}
    states[f"S{NSTATES}"] = {**state, "End": True}
    return {"StartAt": "S1", "States": states}


CHAIN = chain_of({"Type": "Pass"})
STEPS = chain_of({"Type": "Task", "Resource": "arn:pawl:states:::echo:say"})
ITEMS, FEW_ITEMS = 10000, 1000
COPIED = (32, 1822), (100, 682), (1000, 682)    # rows in a batch, and their length: chain, steps, more than there is
TURN_EVENTS, TURNS = 9, 111111
PAGES = 50      # read at each end of the long history
JS = pathlib.Path(__file__).resolve().parent / "js"


def map_of(items):
    """A definition that makes so many items and maps over them."""
    return {"StartAt": "L", "States": {
        "L": {"Type": "Pass", "Result": [{"n": n} for n in range(items)], "Next": "M"},
        "M": {"Type": "Map", "End": True, "ItemProcessor": {
            "StartAt": "X", "States": {"X": {"Type": "Pass", "End": True}}}}}}


LONG = {"StartAt": "Begin", "States": {
    "Begin": {"Type": "Pass", "Assign": {"n": 1}, "Next": "Work"},
    "Work": {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", "ResultPath": "$.last",
             "Parameters": {"Output": {"n.$": "$n"}}, "Next": "Count"},
    "Count": {"Type": "Pass", "Assign": {"n.$": "States.MathAdd($n, 1)"}, "Next": "More"},
    "More": {"Type": "Choice", "Default": "Done", "Choices": [
        {"Variable": "$n", "NumericLessThanEquals": TURNS, "Next": "Work"}]},
    "Done": {"Type": "Succeed"}}}
ONE = {"StartAt": "S1", "States": {"S1": {"Type": "Pass", "End": True}}}


def run(*argv):
    done = subprocess.run([str(word) for word in argv], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_programs():
    """The helper programs, as far as the build tree can make them; their folder."""
    if (pawltest.BUILD / "Makefile").exists():
        run("make", "-s", "-C", pawltest.BUILD, "bench-programs")
    return pawltest.BUILD / "tests" / "bench"


def name_of(arn):
    return arn.rpartition(":")[2]


# --- the system under test --------------------------------------------------------------------

def cpu_of(pid, with_children):
    """CPU seconds of a process; with_children: and of those that it waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15 if with_children else 13])) / TICKS


def busy():
    """CPU seconds of the whole machine so far, stolen ones included."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def children_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


class Server:
    """pawld in laptop mode, its PostgreSQL, and what they used."""

    def __init__(self, **options):
        self.pawld = pawltest.Pawld(log_level="info", plugin_dir=str(pawltest.BUILD / "plugins"), **options)
        self.client = self.pawld.client()
        log = self.pawld.log()
        self.conninfo = re.search(r'psql "([^"]+)"', log).group(1)
        pids = list(self.pawld.folder.glob("data/**/postmaster.pid"))
        self.postmaster = int(pids[0].read_text().split()[0])
        self.bin = pathlib.Path(pawltest.postgres_bin())
        self.sql("CREATE DATABASE yardstick")
        self.sql("CREATE TABLE single (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, record text)",
                 "yardstick")
        self.insert = self.pawld.folder / "insert.sql"
        self.insert.write_text(f"INSERT INTO single (record) VALUES ('{'x' * 200}');\n")

    def database(self, name):
        return re.sub(r"dbname=\S+", f"dbname={name}", self.conninfo)

    def sql(self, text, database="postgres"):
        return run(self.bin / "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                   "-d", self.database(database), "-c", text).rstrip("\n")

    def cpu(self):
        """CPU seconds so far: of pawld, of PostgreSQL."""
        postgres = cpu_of(self.postmaster, True)
        for pid in children_of(self.postmaster):
            with contextlib.suppress(OSError):
                postgres += cpu_of(pid, False)
        return sum(cpu_of(pid, False) for pid in self.processes()), postgres

    def processes(self):
        """pawld, or the parent and its workers."""
        parent = self.pawld.process.pid
        return [parent] + [pid for pid in children_of(parent)
                           if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "pawld"]

    def rss_mb(self):
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))
                   for pid in self.processes()) / 1024

    def metric(self, name):
        """Of all workers; those of others than the one that answers are up to a second old."""
        text = self.client.get("/metrics").body.decode()
        return sum(float(value) for value in re.findall(rf'^{name}(?:{{worker="\d+"}})? (\S+)$', text, re.M))

    def stop(self):
        self.client.close()
        self.pawld.stop()


class Bench:
    """The server (with these options), the helper programs, and how long to measure."""

    def __init__(self, arguments, **options):
        self.seconds, self.rounds, self.workers = arguments.seconds, arguments.rounds, arguments.workers
        self.programs = make_programs()
        self.options = options
        self.started = {}

    @functools.cached_property
    def server(self):
        """Started when it is first asked for: not every part needs it."""
        return Server(workers=self.workers, **self.options)

    def load(self, machine, operations, *arguments, seconds=None):
        """One round of the generator; operations: how many of them are in one execution."""
        server = self.server
        def state():
            return (*server.cpu(), server.metric("pawl_commits_total"), server.metric("pawl_records_total"),
                    busy(), time.monotonic())

        before = state()
        out = json.loads(run(self.programs / "load", "--url", server.pawld.url, "--machine", machine,
                             "--input", INPUT, "--seconds", seconds or self.seconds, *arguments))
        pawld, postgres, commits, records, all_cpu, elapsed = (y - x for x, y in zip(before, state()))
        self.started[machine] = self.started.get(machine, 0) + out["executions"]
        n = out["executions"] * operations
        out["rate"] *= operations
        out["pawld_us"], out["postgres_us"] = pawld * 1e6 / n, postgres * 1e6 / n
        out["client_us"] = out["cpu_seconds"] * 1e6 / n
        out["batch"] = records / max(1, commits)
        others = all_cpu - pawld - postgres - out["cpu_seconds"]
        out["others"] = max(0, others / elapsed / os.cpu_count())
        return out

    def rows(self, kind, batch, record_bytes, operations=1):
        """bench_store: rows of that kind and no engine; operations: how many are in one row."""
        before = self.server.cpu()[1]
        out = json.loads(run(self.programs / "bench_store", kind, self.server.database("yardstick"),
                             self.seconds / 2, min(1000, max(1, round(batch))), record_bytes))
        rate = out["per_second"] * operations
        used = self.server.cpu()[1] - before
        return {"rate": rate, "postgres_us": used * 1e6 / (rate * self.seconds / 2),
                "client_us": out["cpu_us"] / operations}

    def pgbench(self, clients):
        """One row per transaction: rate, p50 in microseconds, CPU of PostgreSQL per row."""
        prefix = self.server.pawld.folder / "pgbench"
        before = self.server.cpu()[1]
        run(self.server.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 1,
            "-T", max(1, round(self.seconds / 2)), "-f", self.server.insert, "-l", "--log-prefix", prefix,
            self.server.database("yardstick"))
        used = self.server.cpu()[1] - before
        lines = []
        for path in self.server.pawld.folder.glob("pgbench.*"):
            lines += [list(map(int, line.split())) for line in path.read_text().splitlines()]
            path.unlink()
        stamps = [seconds * 1000000 + us for _, _, _, _, seconds, us in lines]
        return {"rate": (len(lines) - 1) * 1e6 / (max(stamps) - min(stamps)),
                "p50": statistics.median(line[2] for line in lines),
                "postgres_us": used * 1e6 / len(lines)}

    def record_bytes(self, machine, what="avg(octet_length(j.record))"):
        """How long the journal records of that machine's executions are, on average."""
        return round(float(self.server.sql(
            f"SELECT {what} FROM pawl.journal j"
            " JOIN pawl.execution e ON e.shard = j.shard AND e.id = j.execution_id"
            f" WHERE e.machine_id = (SELECT id FROM pawl.machine WHERE name = '{name_of(machine)}')")))

    def prove(self, machine, records, events):
        """All that was started is there, with that many journal rows (None: any) and events each."""
        name = name_of(machine)
        got = self.server.sql(
            "SELECT count(DISTINCT e.id), count(*), sum(j.event_count)"
            " FROM pawl.execution e JOIN pawl.journal j ON j.shard = e.shard AND j.execution_id = e.id"
            f" WHERE e.machine_id = (SELECT id FROM pawl.machine WHERE name = '{name}')"
            " AND e.status = 'SUCCEEDED'")
        n = self.started[machine]
        if records is None:
            records = int(got.split("|")[1]) // n
        pawltest.equal(got, f"{n}|{n * records}|{n * events}", f"executions, records, events of {name}")


# --- the benchmarks -----------------------------------------------------------------------------

def middle(rounds, key):
    return statistics.median(one[key] for one in rounds)


def compare(rounds, yardsticks):
    """Median, ratios to the yardsticks round by round, CPU."""
    result = {"rate": middle(rounds, "rate"), "rounds": [round(one["rate"]) for one in rounds],
              "cpu_us": {who: round(middle(rounds, f"{who}_us"), 2)
                         for who in ("pawld", "postgres", "client")},
              "batch": round(middle(rounds, "batch"), 1), "yardsticks": {},
              "others": [round(one["others"], 2) for one in rounds]}
    for name, others in yardsticks.items():
        result["yardsticks"][name] = {
            "rate": middle(others, "rate"), "postgres_us": round(middle(others, "postgres_us"), 2),
            "ratio": statistics.median(one["rate"] / other["rate"] for one, other in zip(rounds, others))}
    return result


def bench_chain(b):
    machine = b.server.client.create("chain", CHAIN)
    arguments = ("--connections", CONNECTIONS)
    warm = b.load(machine, NSTATES, *arguments, seconds=1)
    record_bytes = b.record_bytes(machine)
    rounds, appends, starts, inserts = [], [], [], []
    for _ in range(b.rounds):
        rounds.append(b.load(machine, NSTATES, *arguments))
        appends.append(b.rows("append", rounds[-1]["batch"], record_bytes, NSTATES))
        starts.append(b.rows("start_finish", rounds[-1]["batch"], record_bytes, NSTATES))
        inserts.append(b.pgbench(16))
    b.prove(machine, 1, 2 + 2 * NSTATES)
    result = compare(rounds, {"rows: journal only": appends, "rows: start and finish": starts,
                              "insert, 16 clients": inserts})
    return {**result, "unit": "transitions/s", "goal": 150000, "warm": round(warm["rate"]),
            "record_bytes": record_bytes, "start_us": rounds[-1]["start_us"]}


def bench_steps(b):
    machine = b.server.client.create("steps", STEPS)
    arguments = ("--connections", CONNECTIONS, "--open", OPEN)
    warm = b.load(machine, NSTATES, *arguments, seconds=1)
    record_bytes = b.record_bytes(machine)
    rounds, appends, inserts = [], [], []
    for _ in range(b.rounds):
        rounds.append(b.load(machine, NSTATES, *arguments))
        appends.append(b.rows("append1", rounds[-1]["batch"], record_bytes))
        inserts.append(b.pgbench(16))
    b.prove(machine, NSTATES + 1, 2 + 5 * NSTATES)
    result = compare(rounds, {"rows: journal only": appends, "insert, 16 clients": inserts})
    return {**result, "unit": "steps/s", "goal": 40000, "warm": round(warm["rate"]),
            "record_bytes": record_bytes}


def bench_latency(b):
    machine = b.server.client.create("one", ONE)
    count = ("--count", 500)
    b.load(machine, 1, *count)
    starts, ends, inserts = [], [], []
    for _ in range(b.rounds):
        starts.append(b.load(machine, 1, *count))
        ends.append(b.load(machine, 1, *count, "--ended"))
        inserts.append(b.pgbench(1))
    b.prove(machine, 1, 4)
    insert = middle(inserts, "p50")
    result = {"unit": "us", "goal": 1000, "insert_p50": insert,
              "others": round(middle(starts, "others"), 2),
              "cpu_us": {who: round(middle(starts, f"{who}_us"), 1) for who in ("pawld", "postgres")}}
    for name, rounds, key in (("start", starts, "start_us"), ("succeeded", ends, "ended_us")):
        p50 = statistics.median(one[key]["p50"] for one in rounds)
        result[name] = {"p50": p50, "p99": statistics.median(one[key]["p99"] for one in rounds),
                        "ratio": p50 / insert}
    return result


def bench_map(b):
    machines = {items: b.server.client.create(f"map{items}", map_of(items)) for items in (FEW_ITEMS, ITEMS)}
    arguments = ("--connections", 1, "--open", 1)
    result = {"unit": "items/s", "items": ITEMS}
    rounds = {items: [] for items in machines}
    for _ in range(b.rounds):
        for items, machine in machines.items():
            rounds[items].append(b.load(machine, items, *arguments))
    for items, machine in machines.items():
        b.prove(machine, None, 8 + 4 * items)
        name = "map" if items == ITEMS else "few"
        result[name] = {**compare(rounds[items], {}), "bytes_per_item": b.record_bytes(
            machine, f"sum(octet_length(j.record))::float8 / (count(DISTINCT e.id) * {items})")}
    return result


def tenth_of(samples, first, last):
    """What the events between these two numbers took."""
    inside = [one for one in samples if first <= one["events"] <= last]
    begin, end = inside[0], inside[-1]
    turns = (end["events"] - begin["events"]) / TURN_EVENTS
    return {"rate": turns / (end["time"] - begin["time"]), "rss_mb": end["rss_mb"],
            "pawld": (end["cpu"][0] - begin["cpu"][0]) * 1e6 / turns,
            "postgres": (end["cpu"][1] - begin["cpu"][1]) * 1e6 / turns}


def follow_long(server, arn):
    """Samples of an execution until it has ended."""
    samples = []
    while True:
        events = int(server.sql("SELECT first_event_id FROM pawl.journal WHERE event_count > 0"
                                " ORDER BY shard DESC, execution_id DESC, seq DESC LIMIT 1"))
        samples.append({"events": events, "time": time.monotonic(), "cpu": server.cpu(),
                        "rss_mb": server.rss_mb()})
        if server.client.describe(arn)["status"] != "RUNNING":
            return samples
        time.sleep(0.2)


def time_pages(server, arn):
    """Median milliseconds of a page of 1,000 events: at the beginning, at the end, in turns."""
    took = {False: [], True: []}
    for _ in range(PAGES):
        for at_end, times in took.items():
            began = time.monotonic()
            server.client.call("GetExecutionHistory", executionArn=arn, maxResults=1000, reverseOrder=at_end)
            times.append((time.monotonic() - began) * 1000)
    return {at_end: statistics.median(times) for at_end, times in took.items()}


def bench_long(b):
    server = b.server
    server.sql("TRUNCATE pawl.journal, pawl.execution, pawl.open_execution")
    arn = server.client.start(server.client.create("long", LONG), INPUT)
    samples = follow_long(server, arn)
    total = TURN_EVENTS * TURNS
    pages = time_pages(server, arn)
    count, size, snapshots, snapshot_size = map(int, server.sql(
        "SELECT sum(event_count), sum(octet_length(record)), count(*) FILTER (WHERE snapshot),"
        " sum(octet_length(record)) FILTER (WHERE snapshot) FROM pawl.journal").split("|"))
    pawltest.equal(count, total + 6, "events")
    return {"first": tenth_of(samples, 0, total / 10), "last": tenth_of(samples, total * 9 / 10, total),
            "events": count, "bytes": size, "snapshots": snapshots, "snapshot_share": snapshot_size / size,
            "first_page_ms": pages[False], "last_page_ms": pages[True]}


def measure_expr(b):
    """One round: of bench_expr, and of the yardstick or why there is none."""
    ours = json.loads(run(b.programs / "bench_expr", b.seconds / 10))
    try:
        folder = pawltest.npm_folder(JS, "js-bench")
    except pawltest.Skip as reason:
        return ours, str(reason)
    document = run(b.programs / "bench_expr", "--document")
    done = subprocess.run(["node", "bench.mjs", str(b.seconds / 10)], cwd=folder, input=document, check=True,
                          capture_output=True, text=True)
    return ours, json.loads(done.stdout)


def bench_expr(b):
    rounds = [measure_expr(b) for _ in range(b.rounds)]
    missing = next((theirs for _, theirs in rounds if isinstance(theirs, str)), None)
    result = {"goal": 5, "missing": missing, "cases": {}}
    for name in rounds[0][0]:
        case = {"us": statistics.median(ours[name]["us"] for ours, _ in rounds)}
        if missing is None:
            for ours, theirs in rounds:
                pawltest.equal(theirs[name]["result"], ours[name]["result"], f"jsonata's result of {name}")
            case["jsonata_us"] = statistics.median(theirs[name]["us"] for _, theirs in rounds)
            case["ratio"] = statistics.median(theirs[name]["us"] / ours[name]["us"] for ours, theirs in rounds)
        result["cases"][name] = case
    return result


def bench_copy(b):
    result = {}
    for records, size in COPIED:
        kinds = {"arrays": [], "copy": []}
        for _ in range(b.rounds):
            kinds["arrays"].append(b.rows("append1", records, size))
            kinds["copy"].append(b.rows("copy1", records, size))
        result[f"{records} of {size} bytes"] = {
            kind: {"rate": middle(rounds, "rate"), "postgres_us": middle(rounds, "postgres_us")}
            for kind, rounds in kinds.items()}
    return result


BENCHMARKS = {"chain": bench_chain, "steps": bench_steps, "latency": bench_latency, "map": bench_map,
              "long": bench_long, "copy": bench_copy, "expr": bench_expr}


# --- what is printed ------------------------------------------------------------------------------

def print_rate(name, r):
    cpu = r["cpu_us"]
    share = r["rate"] / r["goal"]
    print(f"\n{name:<28}{'median':>10}  {'ratio':>6}  CPU us per operation")
    print(f"  {'pawl, ' + r['unit']:<26}{r['rate']:>10,.0f}  {'':>6}  pawld {cpu['pawld']},"
          f" PostgreSQL {cpu['postgres']}, client {cpu['client']}")
    for yardstick, y in r["yardsticks"].items():
        print(f"  {yardstick:<26}{y['rate']:>10,.0f}  {y['ratio']:>6.2f}  PostgreSQL {y['postgres_us']}")
    rounds = ", ".join(f"{n:,} (others {o:.0%})" for n, o in zip(r["rounds"], r["others"]))
    print(f"  rounds {rounds}\n  {r['batch']} records a commit, {r['record_bytes']} bytes a record;"
          f" goal {r['goal']:,}: {share:.0%}")
    if "start_us" in r:
        print("  StartExecution, ms: " + ", ".join(f"{k} {v / 1000:.1f}" for k, v in r["start_us"].items()))


def print_latency(name, r):
    print(f"\n{name:<28}{'p50, us':>10}  {'ratio':>6}  {'p99, us':>8}")
    for what, label in (("start", "StartExecution"), ("succeeded", "start to SUCCEEDED")):
        one = r[what]
        print(f"  {label:<26}{one['p50']:>10,.0f}  {one['ratio']:>6.2f}  {one['p99']:>8,.0f}")
    print(f"  {'insert, 1 client':<26}{r['insert_p50']:>10,.0f}")
    print(f"  CPU us per StartExecution: pawld {r['cpu_us']['pawld']}, PostgreSQL {r['cpu_us']['postgres']};"
          f" others {r['others']:.0%}; goal p50 {r['goal']:,} us")


def print_map(name, r):
    print(f"\n{name:<28}{'median':>10}  {'ratio':>6}  CPU us per item")
    for what, label in (("map", f"{ITEMS:,} items, items/s"), ("few", f"{FEW_ITEMS:,} items, items/s")):
        one = r[what]
        ratio = f"{r['map']['rate'] / one['rate']:>6.2f}" if what == "few" else ""
        print(f"  {label:<26}{one['rate']:>10,.0f}  {ratio:>6}  pawld {one['cpu_us']['pawld']},"
              f" PostgreSQL {one['cpu_us']['postgres']}; {one['bytes_per_item']} bytes of journal an item;"
              f" others {max(one['others']):.0%}")


def print_long(name, r):
    print(f"\n{name:<28}{'turns/s':>10}  {'pawld':>6}  {'PostgreSQL':>10}  CPU us per turn of {TURN_EVENTS} events")
    for what in ("first", "last"):
        one = r[what]
        print(f"  {what + ' tenth':<26}{one['rate']:>10,.0f}  {one['pawld']:>6.1f}  {one['postgres']:>10.1f}"
              f"  pawld {one['rss_mb']:.1f} MB")
    print(f"  {r['events']:,} events, {r['bytes'] / 1e6:,.0f} MB; {r['snapshots']} snapshots,"
          f" {r['snapshot_share']:.1%} of the bytes")
    print(f"  a page of 1,000 events: the first {r['first_page_ms']:.1f} ms, the last {r['last_page_ms']:.1f} ms")


def print_expr(name, r):
    print(f"\n{name:<28}{'CPU us':>10}  {'jsonata':>8}  {'ratio':>6}")
    for case, one in r["cases"].items():
        theirs = f"{one['jsonata_us']:>8.2f}  {one['ratio']:>6.1f}" if "ratio" in one else ""
        print(f"  {case:<26}{one['us']:>10.2f}  {theirs}")
    print(f"  goal of a Lua expression: {r['goal']} us")
    if r["missing"] is not None:
        print(f"  no yardstick: {r['missing']}")


def print_copy(name, r):
    print(f"\n{name:<28}{'rows/s':>10}  {'CPU us of PostgreSQL for a row':>6}")
    for what, kinds in r.items():
        for kind, one in kinds.items():
            print(f"  {kind + ', ' + what:<26}{one['rate']:>10,.0f}  {one['postgres_us']:.2f}")


PRINTERS = {"copy": print_copy, "latency": print_latency, "map": print_map, "long": print_long, "expr": print_expr}


def machine_name():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} x {cpu.group(1) if cpu else platform.machine()}"


def versions():
    return f"Linux {platform.release()}, {run(pawltest.BUILD / 'pawld', '--version').strip()}"


def machine_line():
    return f"{machine_name()}, {versions()}"


def beside_recorded(figures, record):
    recorded.report(machine_name(), f"{time.strftime('%Y-%m-%d')}: {versions()}", figures, record)


def server_line(server):
    version = server.sql("SHOW server_version").split()[0]
    return (f"PostgreSQL {version} (fsync {server.sql('SHOW fsync')},"
            f" synchronous_commit {server.sql('SHOW synchronous_commit')})")


def main():
    parser = argparse.ArgumentParser(
        usage="bench.py [--seconds S] [--rounds N] [--workers N] [--json FILE] [--record] [NAME ...]",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="length of a round (default 3)")
    parser.add_argument("--rounds", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--workers", type=int, default=1, help="of pawld (default 1); steps can be measured with one only")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--record", action="store_true", help="put the figures into recorded.json, in a quiet hour")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    arguments = parser.parse_args()
    names = arguments.names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    if arguments.workers > 1 and "steps" in names:
        parser.error("steps counts what has ended by /metrics, which are a second old for other workers: --workers 1")
    pawltest.need_pawld()
    bench = Bench(arguments)
    results = {"machine": machine_line()}
    print(results["machine"])
    if set(names) != {"expr"}:
        results["server"] = server_line(bench.server)
        results["idle_rss_mb"] = round(bench.server.rss_mb(), 1)
        print(f"{results['server']}\nidle pawld: {results['idle_rss_mb']} MB resident")
    for name in names:
        results[name] = BENCHMARKS[name](bench)
        PRINTERS.get(name, print_rate)(name, results[name])
        sys.stdout.flush()
    if "server" in results:
        bench.server.stop()
    beside_recorded(recorded.figures(results), arguments.record)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
