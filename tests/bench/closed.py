#!/usr/bin/env python3
"""closed - what millions of executions that have ended cost those that run.

Starts a private pawld with its private PostgreSQL (laptop mode, one worker, fsync on), measures the chain of bench.py beside
its yardstick, fills the tables with copies of an execution that has ended, spread over the shards and over the last
90 days, and measures again:

	chain     transitions per second, against rows through the same statements in an empty database
	reads     DescribeExecution of old ones by chance, and pages of ListExecutions

	closed.py [--count N] [--rounds N] [--seconds S] [--json FILE]
"""

import argparse
import json
import pathlib
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench        # pylint: disable=wrong-import-position
from bench import pawltest
from sleepers import shown, spread

SLICE = 500000
SPAN_MS = 80 * 86400 * 1000     # retention keeps 90 days


class Closed(bench.Bench):
    def __init__(self, options):
        options.workers = 1
        super().__init__(options)
        self.machine = self.server.client.create("chain", bench.CHAIN)
        self.load(self.machine, bench.NSTATES, "--connections", bench.CONNECTIONS, seconds=1)
        self.bytes = self.record_bytes(self.machine)

    def chain(self):
        rounds, rows = [], []
        for _ in range(self.rounds):
            rounds.append(self.load(self.machine, bench.NSTATES, "--connections", bench.CONNECTIONS))
            rows.append(self.rows_of(rounds[-1]["batch"]))
        return {"rate": bench.middle(rounds, "rate"), "postgres_us": bench.middle(rounds, "postgres_us"),
                "others": bench.middle(rounds, "others"), "rows": bench.middle(rows, "rate"),
                "ratio": statistics.median(a["rate"] / b["rate"] for a, b in zip(rounds, rows))}

    def rows_of(self, batch):
        return self.rows("start_finish", batch, self.bytes, bench.NSTATES)

    def columns(self, table, **instead):
        names = self.server.sql("SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '' "
                                f"AND attrelid = 'pawl.{table}'::regclass ORDER BY attnum").split()
        return ", ".join(names), ", ".join(instead.get(name, f"t.{name}") for name in names)

    def fill(self, count):
        """Ids are made as pawl makes them: by time, so that the keys come in as they would have."""
        newest = int(time.time() * 1000) - 3600 * 1000
        self.server.sql("CREATE TABLE template AS SELECT * FROM pawl.execution WHERE status = 'SUCCEEDED' LIMIT 1")
        self.server.sql("CREATE TABLE template_journal AS SELECT j.* FROM pawl.journal j JOIN template t "
                        "ON j.shard = t.shard AND j.execution_id = t.id")
        for first in range(0, count, SLICE):
            n = min(SLICE, count - first)
            made = (f"(SELECT (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0') || '8' || "
                    "substr(md5(i::text), 1, 15))::uuid AS id, ms, (i % 256)::smallint AS shard FROM (SELECT i, "
                    f"{newest - SPAN_MS} + (i * {SPAN_MS / count}::float8)::bigint AS ms "
                    f"FROM generate_series({first}, {first + n - 1}) AS i) AS s) AS s")
            into, values = self.columns("execution", id="s.id", name="overlay(s.id::text placing '4' from 15)", shard="s.shard", start_ms="s.ms",
                                        stop_ms="s.ms + 1")
            rows, row_values = self.columns("journal", execution_id="s.id", shard="s.shard")
            self.server.sql(f"INSERT INTO pawl.execution ({into}) SELECT {values} FROM template t, {made};"
                            f"INSERT INTO pawl.journal ({rows}) SELECT {row_values} FROM template_journal t, {made};")
            print(f"  {first + n} filled in", file=sys.stderr, flush=True)
        self.server.sql("VACUUM (ANALYZE) pawl.execution")
        self.server.sql("VACUUM (ANALYZE) pawl.journal")
        self.server.sql("CHECKPOINT")
        self.server.client = self.server.pawld.client()     # the old one was idle for too long

    def reads(self):
        client, prefix = self.server.client, self.machine.replace(":stateMachine:", ":execution:")
        names = self.server.sql("SELECT name FROM pawl.execution TABLESAMPLE SYSTEM (0.01) LIMIT 5000").split()
        arns = [f"{prefix}:{name}" for name in random.sample(names, min(500, len(names)))]
        took = {"describe": [], "history": [], "list": []}

        def timed(what, call):
            began = time.perf_counter()
            answer = call()
            took[what].append((time.perf_counter() - began) * 1000)
            return answer
        for arn in arns:
            timed("describe", lambda arn=arn: client.describe(arn))
            timed("history", lambda arn=arn: client.call("GetExecutionHistory", executionArn=arn))
        page = {}
        for _ in range(50):
            answer = timed("list", lambda page=page: client.call("ListExecutions", stateMachineArn=self.machine, **page))
            page = {"nextToken": answer["nextToken"]}
        return {what: spread(values) for what, values in took.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000000, help="executions that have ended (10000000)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a round (3)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds before and after (5)")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    pawltest.need_pawld()
    c = Closed(options)
    print(f"{bench.machine_line()}\n{bench.server_line(c.server)}", flush=True)
    r = {"count": options.count, "before": c.chain()}
    began = time.monotonic()
    c.fill(options.count)
    r["gigabytes"] = int(c.server.sql("SELECT pg_database_size(current_database())")) / 1e9
    print(f"{options.count} ended executions, {r['gigabytes']:.1f} GB, filled in {time.monotonic() - began:.0f} s", flush=True)
    r["after"] = c.chain()
    for when in ("before", "after"):
        one = r[when]
        print(f"{when}: {one['rate']:,.0f} transitions/s, PostgreSQL {one['postgres_us']:.2f} us each; rows {one['rows']:,.0f}; "
              f"ratio {one['ratio']:.3f} (others {one['others']:.0%})")
    r["loss"] = 1 - r["after"]["ratio"] / r["before"]["ratio"]
    print(f"with them the ratio is {r['loss']:.1%} lower (goal: less than 10%)", flush=True)
    r["reads"] = c.reads()
    print("; ".join(f"{what} {shown(values)}" for what, values in r["reads"].items()), flush=True)
    c.server.stop()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(r, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
