#!/usr/bin/python3
"""test_retention - closed executions go when their time is over: whole, never by halves, and no others."""

import functools
import json
import re

import pawltest
from pawltest import check, contains, equal, wait_for

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
OPEN = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}}
STEPS = {"StartAt": "A", "States": {name: {"Type": "Task", "Resource": "arn:pawl:states:::echo:say", **end}
                                    for name, end in (("A", {"Next": "B"}), ("B", {"Next": "C"}),
                                                      ("C", {"End": True}))}}


@functools.cache
def server():
    return pawltest.Postgres()


class House:
    """A database with a pawld that keeps executions for that long."""

    def __init__(self, retention, **options):
        self.conninfo = server().new_database()
        self.daemon = pawltest.Pawld(database=self.conninfo, retention=retention, **options)
        self.client = self.daemon.client()

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *error):
        return self.daemon.__exit__(*error)

    def sql(self, text):
        return server().sql(text, self.conninfo.rpartition("dbname=")[2])

    def restart(self, **options):
        self.daemon.stop()
        self.daemon.options.update(options)
        self.daemon.start()
        self.client = self.daemon.client()

    def exists(self, arn):
        try:
            self.client.describe(arn)
        except pawltest.ApiError as error:
            equal(error.code, "ExecutionDoesNotExist")
            return False
        return True

    def gone(self, arn):
        wait_for(lambda: not self.exists(arn), what=f"{arn} to be deleted")

    def no_journal_without_execution(self):
        """Waits until nothing of what was deleted is left."""
        wait_for(lambda: self.sql("""
            SELECT (SELECT count(*) FROM pawl.expired_execution) + (SELECT count(*) FROM pawl.journal AS j
                WHERE NOT EXISTS (SELECT FROM pawl.execution AS e WHERE e.shard = j.shard AND e.id = j.execution_id))
            """) == "0", what="the journals to be deleted")

    def metric(self, name):
        return int(re.search(rf"^{name} (\d+)$", self.client.get("/metrics").body.decode(), re.M).group(1))


@check("an execution is deleted with its history when it has been closed for long enough, an open one is not")
def _():
    with House("1s") as house:
        client = house.client
        machine, waits = client.create("pass", PASS), client.create("open", OPEN)
        stays = client.start(waits)
        closed = client.start(machine, name="again")
        client.wait(closed)
        house.gone(closed)
        client.refuses("GetExecutionHistory", "ExecutionDoesNotExist", executionArn=closed)
        equal(client.call("ListExecutions", stateMachineArn=machine)["executions"], [])
        house.no_journal_without_execution()
        equal(client.start(machine, name="again"), closed, "the name is free again")
        equal(client.describe(stays)["status"], "RUNNING")
        # one that was passed by because it was open goes when its time has come
        client.call("StopExecution", executionArn=stays)
        house.gone(stays)
        house.gone(closed)
        house.no_journal_without_execution()
        assert house.metric("pawl_executions_deleted_total") == 3
        assert house.metric("pawl_records_deleted_total") >= 3


@check("the tag pawl:retention of a state machine goes before the option, for longer and for shorter")
def _():
    with House("1s") as house:
        client = house.client
        def tag(value):
            return {"tags": [{"key": "pawl:retention", "value": value}]}
        machines = {value: client.create(value, PASS, **tag(value)) for value in ("never", "90d")}
        machines["none"] = client.create("none", PASS)
        arns = {value: client.start(machine) for value, machine in machines.items()}
        house.gone(arns["none"])
        assert house.exists(arns["never"]) and house.exists(arns["90d"])
        client.call("TagResource", resourceArn=machines["90d"], **tag("200ms"))
        house.gone(arns["90d"])
        assert house.exists(arns["never"])
        client.call("UntagResource", resourceArn=machines["never"], tagKeys=["pawl:retention"])
        house.gone(arns["never"])
    with House("never") as house:
        client = house.client
        kept = client.start(client.create("kept", PASS))
        short = client.start(client.create("short", PASS, **tag("200ms")))
        house.restart()
        house.gone(short)
        assert house.exists(kept)


@check("a tag that is no time is refused")
def _():
    with House("never") as house:
        for value in ("banana", "7", "0d", "-1d", "7 d", "1d ", "12345678901d", ""):
            tags = [{"key": "pawl:retention", "value": value}]
            error = house.client.refuses("CreateStateMachine", "ValidationException", name="m",
                                         definition=json.dumps(PASS), roleArn=pawltest.ROLE, tags=tags)
            contains(error.message, "'tags.1.member.value'")
        machine = house.client.create("m", PASS)
        house.client.refuses("TagResource", "ValidationException", resourceArn=machine, tags=tags)


@check("SIGHUP changes the option")
def _():
    with House("never", start=False, config="retention = 'never'\n") as house:
        daemon = house.daemon
        del daemon.options["retention"]
        daemon.start()
        house.client = daemon.client()
        arn = house.client.start(house.client.create("m", PASS))
        house.client.wait(arn)
        daemon.config_path.write_text("retention = '100ms'\n", encoding="utf-8")
        daemon.process.send_signal(pawltest.signal.SIGHUP)
        house.gone(arn)


@check("a child stays as long as the execution that started it is open: it may still ask for it")
def _():
    with House("500ms") as house:
        client = house.client
        child = client.create("child", PASS)
        parent = client.start(client.create("parent", {"StartAt": "S", "States": {
            "S": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Next": "W",
                  "Parameters": {"StateMachineArn": child, "Name": "kid"}}, **OPEN["States"]}}))
        kid = child.replace(":stateMachine:", ":execution:") + ":kid"
        wait_for(lambda: house.exists(kid) and client.describe(kid)["status"] == "SUCCEEDED", what="the child")
        other = client.start(child, name="other")
        house.gone(other)
        assert house.exists(kid)
        client.call("StopExecution", executionArn=parent)
        house.gone(kid)
        house.gone(parent)


@check("a long journal goes in portions")
def _():
    with House("never") as house:
        client = house.client
        arn = client.start(client.create("m", PASS))
        client.wait(arn)
        house.sql("""INSERT INTO pawl.journal (shard, execution_id, seq, first_event_id, event_count, snapshot, record)
            SELECT shard, id, n, 5, 0, false, '{"e":[]}' FROM pawl.execution, generate_series(1, 5000) AS n""")
        house.restart(retention="1ms")
        house.gone(arn)
        wait_for(lambda: "1 executions and 5001 records deleted" in house.daemon.log(), what="the line in the log")
        house.no_journal_without_execution()


@check("kill -9 between an execution and its journal: nothing half deleted shows, and the rest goes later")
def _():
    pawltest.fail_points("retention.")
    with House("never") as house:
        client, daemon = house.client, house.daemon
        arns = [client.start(client.create(f"m{n}", STEPS)) for n in range(40)]
        for arn in arns:
            client.wait(arn)
        daemon.stop()
        daemon.options["retention"] = "1ms"
        for hit in (1, 5):
            daemon.environment["PAWL_FAILPOINTS"] = f"retention.expired=die@{hit}"
            daemon.start()
            equal(daemon.died(), -9)
            assert house.sql("SELECT count(*) FROM pawl.expired_execution") != "0"
            shown_whole(house, daemon, arns)
        daemon.start()
        house.client = daemon.client()
        for arn in arns:
            house.gone(arn)
        house.no_journal_without_execution()
        equal(house.sql("SELECT count(*) FROM pawl.journal"), "0")


def shown_whole(house, daemon, arns):
    """Each execution has its whole history, or none at all; a pawld that deletes nothing tells."""
    daemon.options["retention"], daemon.environment["PAWL_FAILPOINTS"] = "never", ""
    daemon.start()
    house.client = daemon.client()
    there = [arn for arn in arns if house.exists(arn)]
    for arn in there:
        events = house.client.call("GetExecutionHistory", executionArn=arn)["events"]
        equal([e["id"] for e in events], list(range(1, 18)))
    equal(int(house.sql("SELECT count(DISTINCT execution) FROM pawl.history_event")), len(there))
    assert len(there) < len(arns)
    daemon.stop()
    daemon.options["retention"] = "1ms"


@check("a deleted state machine goes with its last execution, its revisions and tags")
def _():
    with House("never") as house:
        client = house.client
        kept = client.create("kept", PASS)
        client.start(kept)
        short = [{"key": "pawl:retention", "value": "1ms"}, {"key": "a", "value": "b"}]
        machine = client.create("m", PASS, tags=short)
        client.wait(client.start(machine))
        client.call("UpdateStateMachine", stateMachineArn=machine, definition=json.dumps(STEPS))
        for arn in (machine, kept):
            client.call("DeleteStateMachine", stateMachineArn=arn)
        wait_for(lambda: house.sql("SELECT count(*) FROM pawl.machine WHERE status = 'DELETED'") == "2",
                 what="the deletions")
        house.sql("UPDATE pawl.machine SET deleted_ms = deleted_ms - 2 * 3600000")
        house.restart()
        wait_for(lambda: house.sql("SELECT count(*) FROM pawl.execution") == "1", what="its execution to be gone")
        house.restart()
        wait_for(lambda: house.sql("SELECT string_agg(name, ',') FROM pawl.machine") == "kept",
                 what="the machine to be gone")
        equal(house.sql("SELECT count(*) FROM pawl.machine_revision"), "1")
        equal(house.sql("SELECT count(*) FROM pawl.tag"), "0")


if __name__ == "__main__":
    pawltest.main()
