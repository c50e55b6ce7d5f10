#!/usr/bin/env python3
"""names - what a generated name costs its unique index, at random and in the order of time.

Two tables with the names' index of pawl.execution in a private PostgreSQL (fsync on), filled and checkpointed; then starts of 33
executions a transaction, as a busy pawld makes them, in turns.

	names.py [--count N] [--rounds N]
"""

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import pawltest     # pylint: disable=wrong-import-position

MACHINE = "00000000-0000-0000-0000-000000000001"
FIRST_MS = 1790000000000
BATCHES, BATCH = 600, 33
KINDS = {"random": "gen_random_uuid()::text",
         "by_time": "(lpad(to_hex({ms} + i), 12, '0') || '4' || substr(md5(i::text), 1, 3) || '8' || "
                    "substr(md5(i::text), 4, 15))::uuid::text"}


def names(kind, first, ms):
    return f"SELECT '{MACHINE}', {KINDS[kind].format(ms=ms)} FROM generate_series({first}, {first} + {{n}} - 1) AS i"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000000, help="names to begin with (6000000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind (3)")
    options = parser.parse_args()
    postgres = pawltest.Postgres(True)
    for kind in KINDS:
        postgres.sql(f'CREATE TABLE {kind} (machine_id uuid, name text COLLATE "C", UNIQUE (machine_id, name))')
        postgres.sql(f"INSERT INTO {kind} {names(kind, 1, FIRST_MS).format(n=options.count)}")
        postgres.sql(f"VACUUM ANALYZE {kind}")
    postgres.sql("CHECKPOINT")
    for number in range(options.rounds):
        first = options.count + 1 + number * BATCHES * BATCH
        for kind in KINDS:
            wal, began = int(postgres.sql("SELECT wal_bytes FROM pg_stat_wal")), time.monotonic()
            postgres.sql(f"DO $$ BEGIN FOR b IN 0..{BATCHES - 1} LOOP INSERT INTO {kind} "
                         f"{names(kind, f'({first} + b * {BATCH})', FIRST_MS).format(n=BATCH)}; COMMIT; END LOOP; END $$")
            took = (time.monotonic() - began) / BATCHES / BATCH
            wal = (int(postgres.sql("SELECT wal_bytes FROM pg_stat_wal")) - wal) / BATCHES / BATCH
            print(f"{kind}: {took * 1e6:.1f} us, {wal:,.0f} bytes of WAL for each", flush=True)


if __name__ == "__main__":
    main()
