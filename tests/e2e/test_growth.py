#!/usr/bin/python3
"""test_growth - executions with long histories: what they cost does not grow with their length."""

import functools
import json
import re

import pawltest
from pawltest import check, equal, wait_for

LOOPS = 2500
EVENTS = 1000000
ROW_EVENTS = 5


@functools.cache
def database():
    return pawltest.Postgres()


def rows(conninfo, statement):
    return database().sql(statement, conninfo.rpartition("dbname=")[2])


def number(conninfo, statement):
    return int(rows(conninfo, statement))


# A task, then a counter in the variables; beside it a member that no state touches.
LOOP = {"StartAt": "Begin", "States": {
    "Begin": {"Type": "Pass", "Assign": {"n": 0}, "Next": "Work"},
    "Work": {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", "Parameters": {"Output": {"n.$": "$n"}},
             "ResultPath": "$.last", "Next": "Count"},
    "Count": {"Type": "Pass", "Assign": {"n.$": "States.MathAdd($n, 1)"}, "Next": "More"},
    "More": {"Type": "Choice", "Default": "Done", "Choices": [
        {"Variable": "$n", "NumericLessThanPath": "$.loops", "Next": "Work"}]},
    "Done": {"Type": "Succeed"}}}


@check("a run that never sleeps is loaded from a part of its journal that does not grow")
def _():
    conninfo = database().new_database()
    with pawltest.Pawld(database=conninfo) as daemon:
        client = daemon.client()
        arn = client.start(client.create("loop", LOOP), {"loops": LOOPS, "untouched": "x" * 1000})
        snapshots = "SELECT count(*) FROM pawl.journal WHERE snapshot"
        wait_for(lambda: number(conninfo, snapshots) >= 3, what="some snapshots")
        daemon.kill()
        behind, held = rows(conninfo, """
            SELECT count(*) || ' ' || sum(octet_length(record)) FROM pawl.journal AS j WHERE j.seq >= (
                SELECT max(s.seq) FROM pawl.journal AS s WHERE s.snapshot)""").split()
        there = number(conninfo, "SELECT count(*) FROM pawl.journal")
        assert there > 2 * int(behind) and int(held) < 2 * 256 * 1024, (there, behind, held)
        daemon.start()
        loaded = wait_for(lambda: re.search(r"loaded from (\d+) records", daemon.log()),
                          what="the load").group(1)
        equal(loaded, behind, "records that were read")
        end = daemon.client().wait(arn)
        equal(end["status"], "SUCCEEDED")
        last = json.loads(end["output"])["last"]
        equal(last["n"], LOOPS - 1, "the last task's number")
    equal(rows(conninfo, "SELECT count(*) = max(id) AND max(id) = count(DISTINCT id) FROM pawl.history_event"), "t",
          "each event is in the history once")
    share = rows(conninfo, """
        SELECT round(100.0 * sum(octet_length(record)) FILTER (WHERE snapshot) / sum(octet_length(record)))
        FROM pawl.journal""")
    assert int(share) <= 20, f"snapshots are {share} % of the journal"


def make_long_history(conninfo, arn):
    """Gives a closed execution a journal of EVENTS events, in rows of ROW_EVENTS and some without."""
    rows(conninfo, f"""
        DELETE FROM pawl.journal;
        INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record)
        SELECT e.shard, e.id, n, 1 + (n - n / 100) * {ROW_EVENTS}, CASE WHEN n % 100 = 99 THEN 0 ELSE {ROW_EVENTS} END,
            n % 100 = 99, CASE WHEN n % 100 = 99 THEN '{{"e":[]}}' ELSE '{{"e":[' || (
                SELECT string_agg('["PassStateEntered",' || (n - n / 100) * {ROW_EVENTS} + i
                    || ',1700000000000,{{"name":"A","input":' || n || '}}]', ',')
                FROM generate_series(0, {ROW_EVENTS - 1}) AS i) || ']}}' END
        FROM pawl.execution AS e, generate_series(0, {EVENTS // ROW_EVENTS * 100 // 99}) AS n
        WHERE e.name = '{arn.rpartition(":")[2]}'""")


def query(name):
    """The text of a query of pawld, and the settings of the connection that asks it."""
    def text(path, wanted):
        source = (pawltest.SOURCE / "sql" / "queries" / path).read_text(encoding="utf-8")
        return re.search(rf"-- name: {wanted}\n(.*?;)\n", source, re.S).group(1)
    return text("session.sql", "session_reader"), text("execution.sql", name)


def blocks_of_page(conninfo, first):
    """(rows, blocks of tables and indices) that reading 200 events from there touches."""
    session, text = query("journal_events")
    plan = rows(conninfo, f"""{session}
        PREPARE page (smallint, uuid, bigint, bigint) AS {text}
        DO $$ DECLARE plan json; e record; BEGIN
            SELECT shard, id INTO e FROM pawl.execution;
            EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE page (%s, %L, %s, %s)',
                e.shard, e.id, {first}, {first + 199}) INTO plan;
            EXECUTE format('SELECT set_config(''pawl.plan'', %L, false)', plan);
        END $$;
        SELECT 'plan=' || current_setting('pawl.plan')""").partition("plan=")[2]
    top = json.loads(plan)[0]["Plan"]
    return top["Actual Rows"], top["Shared Hit Blocks"] + top["Shared Read Blocks"]


@check("a page of a million events reads as many blocks at the end as at the beginning")
def _():
    conninfo = database().new_database()
    with pawltest.Pawld(database=conninfo) as daemon:
        client = daemon.client()
        arn = client.start(client.create("long", {"StartAt": "A", "States": {
            "A": {"Type": "Pass", "End": True}}}))
        client.wait(arn)
        make_long_history(conninfo, arn)
        rows(conninfo, "VACUUM pawl.journal")
        count = number(conninfo, "SELECT max(first_event_id + event_count - 1) FROM pawl.journal")
        first, first_blocks = blocks_of_page(conninfo, 1)
        for place in (count // 1000 * 7, count // 2, count - 199):
            got, blocks = blocks_of_page(conninfo, place)
            assert abs(got - first) <= 2, f"{got} rows at {place}, {first} at the beginning"
            assert blocks <= first_blocks + 150, f"{blocks} blocks at {place}, {first_blocks} at the beginning"
        for reverse in (False, True):
            check_pages(client, arn, count, reverse)


def check_pages(client, arn, count, reverse):
    """Pages of an odd size: each event once, in order."""
    token, expected = {}, count if reverse else 1
    for _ in range(5):
        page = client.call("GetExecutionHistory", executionArn=arn, maxResults=997, reverseOrder=reverse, **token)
        step = -1 if reverse else 1
        equal([e["id"] for e in page["events"]], list(range(expected, expected + 997 * step, step)))
        equal(page["events"][0]["stateEnteredEventDetails"]["name"], "A")
        expected += 997 * step
        token = {"nextToken": page["nextToken"]}


if __name__ == "__main__":
    pawltest.main()
