#!/usr/bin/python3
"""test_distribution - the tables as sql/citus/distribute.sql distributes them.

On a plain PostgreSQL, where Citus's functions are stand-ins that write down what they were asked for, and whose rules are
then held against the catalogue; and, with PAWL_CITUS_BIN (the folder of the programs of a PostgreSQL that has Citus), on
a coordinator and two workers. pawld works on both.
"""

import functools
import os
import re
import subprocess

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

CITUS = pawltest.SOURCE / "sql" / "citus"
ECHO = "arn:pawl:states:::echo:say"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}}
STEPS = {"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Task", "Resource": ECHO, "Parameters": {"Output.$": "$"}, "Next": "C"},
    "C": {"Type": "Task", "Resource": ECHO, "Parameters": {"Output.$": "$"}, "End": True}}}
CALLBACK = {"StartAt": "T", "States": {"T": {
    "Type": "Task", "Resource": f"{ECHO}.waitForTaskToken", "End": True,
    "Parameters": {"Submitted": {"queued": True}, "Never": True, "token.$": "$$.Task.Token"}}}}

# What stays on the coordinator; a new table has to go into distribute.sql or here.
LOCAL = {"effect", "node", "plugin_schema", "schema_version", "secret", "setting", "shard", "start_request"}

STAND_INS = """
CREATE SCHEMA stand_in;
CREATE TABLE stand_in.placed (relation regclass PRIMARY KEY, key_column text, together_with regclass);
CREATE FUNCTION public.create_distributed_table(relation regclass, key_column text, colocate_with text DEFAULT 'default',
    shard_count integer DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO stand_in.placed VALUES (relation, key_column,
        coalesce((SELECT p.together_with FROM stand_in.placed AS p WHERE p.relation = to_regclass(colocate_with)), relation))
$$;
CREATE FUNCTION public.create_reference_table(relation regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO stand_in.placed VALUES (relation, NULL, NULL)
$$;
CREATE FUNCTION public.create_distributed_function(function regprocedure) RETURNS void LANGUAGE sql AS '';

CREATE FUNCTION stand_in.has(columns smallint[], of_table regclass, key_column text) RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(a.attnum = ANY (columns), false) FROM pg_attribute AS a
    WHERE a.attrelid = of_table AND a.attname = key_column
$$;

CREATE VIEW stand_in.complaint AS
SELECT format('%s is distributed by %s, which it has not', p.relation, p.key_column) AS text
FROM stand_in.placed AS p
WHERE p.key_column IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_attribute AS a WHERE a.attrelid = p.relation AND a.attname = p.key_column AND NOT a.attisdropped)
UNION ALL
SELECT format('%s: the unique index %s is without %s', p.relation, i.indexrelid::regclass, p.key_column)
FROM stand_in.placed AS p JOIN pg_index AS i ON i.indrelid = p.relation
WHERE p.key_column IS NOT NULL AND (i.indisunique OR i.indisexclusion)
AND NOT stand_in.has((i.indkey::smallint[])[0:i.indnkeyatts - 1], p.relation, p.key_column)
UNION ALL
SELECT format('%s and %s are together and have keys of two types', p.relation, p.together_with)
FROM stand_in.placed AS p JOIN stand_in.placed AS o ON o.relation = p.together_with
JOIN pg_attribute AS a ON a.attrelid = p.relation AND a.attname = p.key_column
JOIN pg_attribute AS b ON b.attrelid = o.relation AND b.attname = o.key_column
WHERE a.atttypid <> b.atttypid
UNION ALL
SELECT format('%s: the foreign key %s goes where it may not', c.conrelid::regclass, c.conname)
FROM pg_constraint AS c
LEFT JOIN stand_in.placed AS f ON f.relation = c.conrelid
LEFT JOIN stand_in.placed AS t ON t.relation = c.confrelid
WHERE c.contype = 'f' AND (f.relation IS NOT NULL OR t.relation IS NOT NULL)
AND NOT (t.relation IS NOT NULL AND t.key_column IS NULL)   -- to a reference table: from anywhere
AND NOT coalesce(f.together_with = t.together_with AND EXISTS (
    SELECT FROM unnest(c.conkey, c.confkey) AS k (here, there)
    WHERE stand_in.has(ARRAY[k.here], f.relation, f.key_column) AND stand_in.has(ARRAY[k.there], t.relation, t.key_column)),
    false)
UNION ALL
SELECT format('%s: it has the trigger %s', p.relation, t.tgname)
FROM stand_in.placed AS p JOIN pg_trigger AS t ON t.tgrelid = p.relation AND NOT t.tgisinternal
UNION ALL
SELECT format('%s: %s counts in a type other than bigint', p.relation, a.attname)
FROM stand_in.placed AS p JOIN pg_attribute AS a ON a.attrelid = p.relation AND a.attnum > 0 AND a.atttypid <> 'bigint'::regtype
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%';
"""


class Plain:
    """One PostgreSQL, with the stand-ins."""

    def __init__(self):
        self.server = pawltest.Postgres()
        self.database = self.server.new_database().rpartition("dbname=")[2]
        self.conninfo = self.server.conninfo(self.database)
        self.sql(STAND_INS)

    def sql(self, text):
        return self.server.sql(text, self.database)

    def psql(self, *words, text=None):
        done = subprocess.run([f"{self.server.bin}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo,
                               *words], input=text, check=False, capture_output=True, text=True)
        equal(done.returncode, 0, f"psql: {done.stderr}")
        return done.stdout.strip()

    def make(self):
        """The schema, by a pawld that goes again, with executions in it; then it is distributed."""
        with pawltest.Pawld(database=self.conninfo) as daemon:
            client = daemon.client()
            client.run(client.create("before", PASS), name="before")
            client.start(client.create("before-open", WAIT), name="open")
        self.psql("-1", "-f", str(CITUS / "distribute.sql"))
        return self


class Citus(Plain):
    """A coordinator and two workers."""

    def __init__(self):     # pylint: disable=super-init-not-called
        if not os.environ.get("PAWL_CITUS_BIN"):
            raise Skip("PAWL_CITUS_BIN names no PostgreSQL with Citus")
        mine = os.environ.get("PAWL_PG_BIN")
        os.environ["PAWL_PG_BIN"] = os.environ["PAWL_CITUS_BIN"]
        try:
            servers = [pawltest.Postgres(settings=[
                ("shared_preload_libraries", "citus"), ("wal_level", "logical"), ("max_prepared_transactions", "100"),
                ("citus.node_conninfo", "sslmode=disable")]) for _ in range(3)]
        finally:
            os.environ.pop("PAWL_PG_BIN")
            if mine is not None:
                os.environ["PAWL_PG_BIN"] = mine
        self.server, self.database = servers[0], "pawl"
        self.conninfo = self.server.conninfo(self.database)
        for server in servers:
            server.sql("CREATE DATABASE pawl")
            server.sql("CREATE EXTENSION citus", "pawl")
        self.sql(f"SELECT citus_set_coordinator_host('{self.server.folder}')")
        for worker in servers[1:]:
            self.sql(f"SELECT citus_add_node('{worker.folder}', 5432)")


@functools.cache
def plain():
    return Plain().make()


@functools.cache
def citus():
    return Citus().make()


def statements(path):
    """The named statements of a file."""
    found = {}
    for part in re.split(r"^-- name: ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        found[name] = re.sub(r"^\s*--.*\n", "", body, flags=re.M).strip().rstrip(";")
    return found


def originals():
    found = {}
    for path in (pawltest.SOURCE / "sql" / "queries").glob("*.sql"):
        found.update(statements(path))
    return found


# --- the rules -------------------------------------------------------------------------------------

@check("the stand-ins find what Citus refuses")
def _():
    place = Plain()
    place.sql("""
        CREATE TABLE public.a (k integer, id integer GENERATED ALWAYS AS IDENTITY, UNIQUE (k, id), UNIQUE (id));
        CREATE TABLE public.b (k integer, a_k integer, a_id integer, UNIQUE (id, k), id integer);
        CREATE TABLE public.c (k bigint, id integer REFERENCES public.a (id));
        CREATE TABLE public.r (id integer PRIMARY KEY, a_id integer REFERENCES public.a (id));
        CREATE TABLE public.l (a_id integer REFERENCES public.a (id), r_id integer REFERENCES public.r (id));
        ALTER TABLE public.b ADD FOREIGN KEY (a_k, a_id) REFERENCES public.a (k, id);
        ALTER TABLE public.b ADD CONSTRAINT fine FOREIGN KEY (k, a_id) REFERENCES public.a (k, id);
        CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER t AFTER INSERT ON public.b FOR EACH ROW EXECUTE FUNCTION public.f();
        SELECT create_distributed_table('public.a', 'k', colocate_with := 'none');
        SELECT create_distributed_table('public.b', 'k', colocate_with := 'public.a', shard_count := 4);
        SELECT create_distributed_table('public.c', 'k', colocate_with := 'public.a');
        SELECT create_reference_table('public.r')""")
    equal(place.sql("SELECT text FROM stand_in.complaint ORDER BY 1").split("\n"), [
        "a: id counts in a type other than bigint",
        "a: the unique index a_id_key is without k",
        "b: it has the trigger t",
        "b: the foreign key b_a_k_a_id_fkey goes where it may not",
        "c and a are together and have keys of two types",
        "c: the foreign key c_id_fkey goes where it may not",
        "l: the foreign key l_a_id_fkey goes where it may not",
        "r: the foreign key r_a_id_fkey goes where it may not"])


@check("distribute.sql keeps the rules of Citus, and every table of the schema is distributed, a reference, or local")
def _():
    place = plain()
    equal(place.sql("SELECT text FROM stand_in.complaint"), "")
    named = set(place.sql("SELECT c.relname FROM stand_in.placed AS p JOIN pg_class AS c ON c.oid = p.relation").split())
    there = set(place.sql("SELECT relname FROM pg_class WHERE relnamespace = 'pawl'::regnamespace AND relkind = 'r'").split())
    equal(named & LOCAL, set(), "tables that are local and are not")
    equal(there - named - LOCAL, set(), "tables of no class")
    equal((named | LOCAL) - there, set(), "tables that are none")


@check("a statement for distributed tables has the parameters and the columns of the one whose place it takes")
def _():
    place, before = plain(), originals()

    def shape(text):
        """Types of the parameters, types of the columns."""
        out = place.psql("-f", "-", text=f"PREPARE s AS {text};\nSELECT parameter_types FROM pg_prepared_statements;\n"
                                         f"{text} \\gdesc\n").split("\n")
        return out[0], [line.rpartition("|")[2] for line in out[1:]]

    others = statements(CITUS / "queries.sql")
    equal(len(others) > 5, True, "some statements")
    for name, text in others.items():
        if name.startswith("session_"):
            equal(name in before, True, name)
        else:
            equal(shape(text), shape(before[name]), name)


# --- pawld on it ------------------------------------------------------------------------------------

def named_child(machine, name):
    parameters = {"StateMachineArn": machine, "Input": {"x": 1}}
    if name is not None:
        parameters["Name.$"] = name
    return {"StartAt": "N", "States": {"N": {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": parameters,
        "OutputPath": "$.Output", "End": True}}}


def works(place):
    """What distinguishes distributed tables from others, from the first start to the last row."""
    with pawltest.Pawld(database=place.conninfo) as daemon:
        client = daemon.client()
        contains(daemon.log(), "the tables are distributed")

        # what was there before
        old = "arn:aws:states:us-east-1:123456789012:execution:before:before"
        equal(client.describe(old)["status"], "SUCCEEDED")
        equal(len(client.history(old)), 4, "events")
        client.refuses("StartExecution", "ExecutionAlreadyExists", name="before", input='{"x":1}',
                       stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:before")

        # names
        machine, waits = client.create("steps", STEPS), client.create("waits", WAIT)
        arns = [client.start(machine, {"n": n}, name=f"n{n}") for n in range(20)]
        for n, arn in enumerate(arns):
            equal(client.wait(arn)["output"], f'{{"n":{n}}}', arn)
        client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=machine, name="n7", input="{}")
        open_one = client.start(waits, {"a": 1}, name="n7")
        equal(client.start(waits, {"a": 1}, name="n7"), open_one, "the same start again")
        client.refuses("StartExecution", "ExecutionAlreadyExists", stateMachineArn=waits, name="n7", input="{}")
        client.refuses("DescribeExecution", "ExecutionDoesNotExist", executionArn=arns[0] + "x")

        # lists and histories, page by page
        listed, token = [], {}
        while token is not None:
            answer = client.call("ListExecutions", stateMachineArn=machine, maxResults=7, **token)
            listed += [e["name"] for e in answer["executions"]]
            token = {"nextToken": answer["nextToken"]} if "nextToken" in answer else None
        equal(listed, [f"n{n}" for n in reversed(range(20))], "executions, newest first")
        running = client.call("ListExecutions", stateMachineArn=waits, statusFilter="RUNNING")["executions"]
        equal([e["executionArn"] for e in running], [open_one], "running")
        events = client.history(arns[3])
        equal(client.history(arns[3], maxResults=3), events, "the history in pages")
        equal(client.history(arns[3], maxResults=3, reverseOrder=True), events[::-1], "and from its end")

        # nested executions, with names and without
        child = client.create("child", STEPS)
        output = client.run(client.create("parent", named_child(child, None)), {})["output"]
        equal(output, '{"x":1}', "the child's output")
        named = client.create("named-parent", named_child(child, "$.child"))
        equal(client.run(named, {"child": "c1"})["status"], "SUCCEEDED")
        contains(client.run(named, {"child": "c1"})["error"], "ExecutionAlreadyExists")

        # SQL of applications
        place.sql("SELECT pawl.start_execution('steps', '{\"sql\":true}', 'by-sql')")
        by_sql = arns[0].replace(":n0", ":by-sql")
        equal(client.wait(by_sql)["output"], '{"sql":true}')
        equal(place.sql("SELECT pawl.start_execution('waits', '{\"a\": 1}', 'n7')"), open_one, "the same start in SQL")
        for name in ("by-sql", "n7"):
            try:
                place.sql(f"SELECT pawl.start_execution('steps', '[]', '{name}')")
            except AssertionError as refusal:
                contains(str(refusal), "ExecutionAlreadyExists")
            else:
                raise AssertionError(f"{name} was started twice")
        asked = client.start(client.create("callback", CALLBACK))
        token = wait_for(lambda: re.search(r'"token":"([^"]+)"', "".join(
            e.get("taskScheduledEventDetails", {}).get("parameters", "") for e in client.history(asked))), what="the token")
        place.sql(f"SELECT pawl.send_task_success('{token.group(1)}', '\"yes\"')")
        equal(client.wait(asked)["output"], '"yes"')

        # what is in memory when pawld dies is there again
        daemon.kill()
        daemon.start()
        client = daemon.client()
        equal(client.describe(open_one)["status"], "RUNNING")
        place.sql(f"SELECT pawl.stop_execution('{open_one}', 'E', 'c')")
        equal(client.wait(open_one)["error"], "E")
        client.call("StopExecution", executionArn="arn:aws:states:us-east-1:123456789012:execution:before-open:open")

        # the end of machines and of executions: names are free again
        client.call("DeleteStateMachine", stateMachineArn=waits)
        wait_for(lambda: place.sql("SELECT status FROM pawl.machine WHERE name = 'waits'") == "DELETED",
                 what="the machine to be deleted")
        equal(place.sql("SELECT count(*) FROM pawl.open_execution"), "0", "open executions")
        daemon.stop()
        daemon.options["retention"] = "1ms"
        daemon.start()
        wait_for(lambda: place.sql("SELECT (SELECT count(*) FROM pawl.execution) + (SELECT count(*) FROM pawl.journal)"
                                   " + (SELECT count(*) FROM pawl.named_execution)"
                                   " + (SELECT count(*) FROM pawl.expired_execution)") == "0",
                 5 * pawltest.PATIENCE, "all to be deleted")    # a look at each shard, which Citus takes its time for
        client = daemon.client()
        client.start(machine, {"n": 0}, name="n7")
        for line in daemon.log().splitlines():
            if " failed" in line and (" warn " in line or " error " in line):
                raise AssertionError(line)


@check("pawld works on tables that are distributed, with stand-ins")
def _():
    works(plain())


@check("pawld works on Citus")
def _():
    works(citus())


@check("the views for people can be read on Citus")
def _():
    place = citus()
    for view in ("execution_summary", "history_event", "open_task"):
        place.sql(f"SELECT * FROM pawl.{view}")


if __name__ == "__main__":
    pawltest.need_pawld()
    pawltest.main()
