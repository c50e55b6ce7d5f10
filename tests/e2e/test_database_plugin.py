#!/usr/bin/python3
"""test_database_plugin - SQL statements as tasks: types, errors, limits, hostile values, and exactly once through
kill -9 of pawld and the death of a second PostgreSQL."""

import functools
import json
import signal

import pawltest
from pawltest import check, contains, equal, wait_for

EXECUTE = "arn:pawl:states:::database:execute"
QUERY = "arn:pawl:states:::database:query"
TYPES = r"""SELECT 9223372036854775807::int8 AS big, 3::int2 AS small, 0.10::numeric AS money,
    12345678901234567890123456789.012345678901234567890::numeric AS exact, 'NaN'::numeric AS nan,
    0.1::float8 AS tenth, 1e300::float8 AS huge, 'Infinity'::float8 AS endless, true AS yes,
    '{"b": [1, 2.50], "a": null}'::json AS j, '{"a": 1.50}'::jsonb AS jb, NULL::text AS nothing,
    ARRAY[[1, 2], [3, NULL]] AS grid, ARRAY['a "q"', 'b\c', 'NULL', NULL, '', '{,}'] AS texts, '{}'::int[] AS none,
    '[0:1]={7,8}'::int[] AS bounds, ARRAY['\x00ff'::bytea] AS blobs, '\x00ff10'::bytea AS blob, ''::bytea AS empty,
    ARRAY['{"x": [1]}'::jsonb] AS docs, ARRAY[true, false] AS flags,
    timestamptz '2026-11-26 09:05:00.25+02' AT TIME ZONE 'UTC' AS stamp,
    timestamptz '2026-11-26 09:05:00.25+00' AS zoned, date '2026-11-26' AS day, timestamp 'infinity' AS never,
    interval '1 day 2 hours' AS span, 'grün 😀'::text AS words, '10.0.0.1'::inet AS host,
    '00000000-0000-0000-0000-000000000001'::uuid AS id"""
TYPED = {
    "big": 9223372036854775807, "small": 3, "money": 0.1, "nan": "NaN", "tenth": 0.1, "huge": 1e300,
    "endless": "Infinity", "yes": True, "j": {"b": [1, 2.5], "a": None}, "jb": {"a": 1.5}, "nothing": None,
    "grid": [[1, 2], [3, None]], "texts": ['a "q"', "b\\c", "NULL", None, "", "{,}"], "none": [], "bounds": [7, 8],
    "blobs": ["AP8="], "blob": "AP8Q", "empty": "", "docs": [{"x": [1]}], "flags": [True, False],
    "stamp": "2026-11-26T07:05:00.25", "zoned": "2026-11-26T09:05:00.25Z", "day": "2026-11-26", "never": "infinity",
    "span": "1 day 02:00:00", "words": "grün 😀", "host": "10.0.0.1", "id": "00000000-0000-0000-0000-000000000001"}


@functools.cache
def server():
    return pawltest.Postgres(settings=(("timezone", "UTC"),))


@functools.cache
def billing():
    """Connection string of the database that is called billing, on the server of pawld's own."""
    conninfo = server().new_database()
    ask("CREATE TABLE account (id text PRIMARY KEY, balance numeric NOT NULL CHECK (balance >= 0), "
        "owner text REFERENCES account); INSERT INTO account VALUES ('a', 100), ('b', 100)", conninfo)
    return conninfo


def ask(question, conninfo, postgres=None):
    return (postgres or server()).sql(question, conninfo.rpartition("dbname=")[2])


def configuration(**databases):
    return "plugins = { database = { databases = { " + ", ".join(
        f'{name} = {{ conninfo = "{conninfo}", connections = 6 }}' for name, conninfo in databases.items()) + " } } }\n"


def new_daemon(**options):
    options.setdefault("config", configuration(billing=billing()))
    return pawltest.Pawld(database=server().new_database(), log_level="info", **options)


@functools.cache
def daemon():
    return new_daemon()


@functools.cache
def client():
    return daemon().client()


machine_numbers = iter(range(1000000))


def run(parameters, resource=EXECUTE, by=None, **fields):
    """How an execution of one task ended."""
    by = by or client()
    return by.run(machine(by, resource, **fields), parameters)


def machine(by, resource=EXECUTE, **fields):
    return by.create(f"sql-{next(machine_numbers)}", {"StartAt": "Sql", "States": {"Sql": {
        "Type": "Task", "Resource": resource, "InputPath": "$", "End": True, **fields}}})


def output(parameters, resource=EXECUTE, **fields):
    end = run(parameters, resource, **fields)
    equal((end["status"], end.get("cause")), ("SUCCEEDED", None), f"end of {parameters}")
    return json.loads(end["output"])


def rows(statement, *values, **more):
    return output({"Database": "billing", "Statement": statement, "Parameters": list(values), **more})["Rows"]


def fails(error, statement, *values, resource=EXECUTE, **more):
    end = run({"Database": "billing", "Statement": statement, "Parameters": list(values), **more}, resource)
    equal((end["status"], end.get("error")), ("FAILED", error), f"end of {statement} ({end.get('cause')})")
    return end["cause"]


@check("values come back with their types, and numbers with their digits")
def _():
    for resource in (EXECUTE, QUERY):
        end = run({"Database": "billing", "Statement": TYPES}, resource)
        equal(end["status"], "SUCCEEDED", end.get("cause"))
        got = json.loads(end["output"])
        contains(end["output"], '"money":0.10,')
        contains(end["output"], '"exact":12345678901234567890123456789.012345678901234567890')
        equal(got["RowCount"], 1)
        row = got["Rows"][0]
        del row["exact"]
        equal(row, TYPED)


@check("parameters of any JSON type are bound, and stay values whatever is in them")
def _():
    equal(rows("SELECT $1 AS a, $2::numeric AS b, $3::bool AS c, $4::int AS d, $5::jsonb AS e, $6::jsonb AS f",
               "text", 12345678901234567.25, True, None, {"k": ["v"]}, [1, "2"]),
          [{"a": "text", "b": 12345678901234567.25, "c": True, "d": None, "e": {"k": ["v"]}, "f": [1, "2"]}])
    ask("CREATE TABLE IF NOT EXISTS victim (name text)", billing())
    hostile = ["'; DROP TABLE victim; --", "$1", "\\'); DELETE FROM account; --", "x' OR '1'='1", "\u2028\n\t\"",
               "%s %d {} :name ?", "E'\\\\'", "$tag$"]
    for value in hostile:
        equal(rows("INSERT INTO victim VALUES ($1) RETURNING name", value), [{"name": value}])
        equal(rows("SELECT count(*) AS n FROM victim WHERE name = $1", value), [{"n": 1}])
    equal(ask("SELECT count(*) FROM victim", billing()), str(len(hostile)))
    equal(ask("SELECT count(*) FROM account", billing()), "2")
    contains(fails("States.Runtime", "SELECT $1", "a\0b"), "Parameter $1 has the character U+0000")


@check("statements of one list are one transaction")
def _():
    def move(amount):
        return {"Database": "billing", "Statements": [
            {"Statement": "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
            {"Statement": "UPDATE account SET balance = balance + $1::numeric WHERE id = 'b'", "Parameters": [amount]},
            {"Statement": "UPDATE account SET balance = balance - $1::numeric WHERE id = 'a' RETURNING balance",
             "Parameters": [amount]}]}
    equal(output(move(30)), {"Results": [{"Rows": [], "RowCount": 0}, {"Rows": [], "RowCount": 1},
                                         {"Rows": [{"balance": 70}], "RowCount": 1}]})
    end = run(move(1000))
    equal(end["error"], "Database.CheckViolation")
    contains(end["cause"], "Statement 3: ")
    contains(end["cause"], "(SQLSTATE 23514)")
    equal(ask("SELECT string_agg(balance::text, ' ' ORDER BY id) FROM account", billing()), "70 130")


@check("errors of PostgreSQL have names, and say what was wrong")
def _():
    new = "INSERT INTO account VALUES ($1, $2::numeric, $3)"
    cause = fails("Database.UniqueViolation", new, "a", 1, None)
    contains(cause, 'account_pkey')
    contains(cause, 'Key (id)=(a) already exists')
    fails("Database.CheckViolation", new, "z", -1, None)
    fails("Database.NotNullViolation", new, "z", None, None)
    fails("Database.ForeignKeyViolation", new, "z", 1, "nobody")
    fails("Database.SyntaxError", "SELEKT 1")
    fails("Database.UndefinedTable", "SELECT * FROM nowhere")
    fails("Database.UndefinedColumn", "SELECT nothing FROM account")
    fails("Database.UndefinedFunction", "SELECT nothing(1)")
    fails("Database.InvalidTextRepresentation", "SELECT $1::int", "twelve")
    fails("Database.DataException", "SELECT 1 / $1::int", 0)
    fails("Database.SqlState.42P07", "CREATE TABLE public.account ()")
    contains(fails("Database.RaiseException", "DO $$ BEGIN RAISE 'out of %', 'stock'; END $$"), "out of stock")
    fails("Database.SqlState.PA123", "DO $$ BEGIN RAISE 'own' USING ERRCODE = 'PA123'; END $$")
    fails("Database.FeatureNotSupported", "COPY account TO STDOUT")
    contains(fails("Database.FeatureNotSupported", "BEGIN"), "one transaction")
    contains(fails("Database.FeatureNotSupported", "SET search_path = x"), "SET LOCAL")
    contains(fails("Database.SyntaxError", "SELECT 1; SELECT 2"), "several go to Statements")
    contains(fails("Database.DuplicateColumn", "SELECT 1 AS x, 2 AS x"), 'two columns named "x"')
    fails("Database.DuplicateColumn", "SELECT 1 AS x, 2 AS x", resource=QUERY)
    contains(fails("Database.ReadOnlyTransaction", "DELETE FROM account", resource=QUERY), "database:execute")
    equal(ask("SELECT count(*) FROM account", billing()), "2")


@check("parameters that make no sense are refused with a sentence")
def _():
    for parameters, part in (
            ({}, "Statement is missing"), ({"Statement": 1}, "Statement is missing"),
            ({"Statement": "SELECT 1", "Parameters": {"a": 1}}, "must be an array"),
            ({"Statement": "SELECT 1", "Statements": []}, "array of 1 to"),
            ({"Statement": "SELECT 1", "Statements": [{"Statement": "SELECT 1"}]}, "Give either"),
            ({"Statements": ["SELECT 1"]}, "array of objects"), ({"Statements": [{}]}, "Statement is missing"),
            ({"Statement": "SELECT 1", "Sql": 1}, 'field "Sql" is not known'),
            ({"Statements": [{"Statement": "SELECT 1", "MaxRows": 1}]}, 'field "MaxRows" is not known'),
            ({"Statement": "SELECT 1", "MaxRows": 0}, "MaxRows must be"),
            ({"Statement": "SELECT 1", "Database": ""}, "Database must be")):
        end = run(parameters)
        equal(end["error"], "States.Runtime", f"error of {parameters}")
        contains(end["cause"], part)
    equal(run({"Statement": "SELECT 1", "Database": "nowhere"})["error"], "Database.UnknownDatabase")
    contains(fails("Database.ResultTooLarge", "SELECT generate_series(1, 4) AS n", MaxRows=3), "more than 3 rows")
    equal(rows("SELECT generate_series(1, 3) AS n", MaxRows=3), [{"n": 1}, {"n": 2}, {"n": 3}])
    fails("Database.ResultTooLarge", "SELECT repeat('x', 9000000)")


@check("the state's time-out ends the statement; an administrator's cancel has a name of its own")
def _():
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    end = run({"Database": "billing", "Statement": "SELECT pg_sleep(600)::text"}, TimeoutSeconds=1)
    equal((end["status"], end.get("error")), ("FAILED", "States.Timeout"))
    wait_for(lambda: ask(asleep, billing()) == "0", what="the end of the statement")
    execution = client().start(machine(client()), {"Database": "billing", "Statement": "SELECT pg_sleep(600)::text"})
    wait_for(lambda: ask(asleep, billing()) == "1", what="the statement")
    ask("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event = 'PgSleep'", billing())
    equal(client().wait(execution)["error"], "Database.QueryCanceled")


@check("without a Database the statements run in pawld's own, unless it is not allowed")
def _():
    equal(output({"Statement": "SELECT count(*) > 0 AS own FROM pawl.execution"})["Rows"], [{"own": True}])
    with new_daemon(config="plugins = { database = { own = false } }\n") as other:
        end = run({"Statement": "SELECT 1"}, by=other.client())
        equal(end["error"], "Database.UnknownDatabase")
        contains(end["cause"], "plugins.database.own")


@check("a serialization failure and a deadlock are retried by the state's Retry")
def _():
    retry = [{"ErrorEquals": ["Database.SerializationFailure", "Database.DeadlockDetected"], "IntervalSeconds": 1,
              "MaxAttempts": 8, "JitterStrategy": "FULL"}]
    ask("CREATE TABLE IF NOT EXISTS pot (id int PRIMARY KEY, n int NOT NULL); "
        "INSERT INTO pot VALUES (1, 0), (2, 0) ON CONFLICT DO NOTHING", billing())
    arn = machine(client(), Retry=retry)

    def add(first, second, isolation):
        step = "UPDATE pot SET n = n + 1 WHERE id = $1::int"
        return {"Database": "billing", "Statements": [
            {"Statement": f"SET TRANSACTION ISOLATION LEVEL {isolation}"},
            {"Statement": "SELECT sum(n) AS n FROM pot"},
            {"Statement": step, "Parameters": [first]}, {"Statement": "SELECT pg_sleep(0.3)::text"},
            {"Statement": step, "Parameters": [second]}]}
    failed = []
    for isolation in ("SERIALIZABLE", "READ COMMITTED"):
        before = int(ask("SELECT sum(n) FROM pot", billing()))
        executions = [client().start(arn, add(*pair, isolation)) for pair in ((1, 2), (2, 1), (1, 2), (2, 1))]
        for execution in executions:
            end = client().wait(execution)
            equal((end["status"], end.get("cause")), ("SUCCEEDED", None))
            failed += [e["taskFailedEventDetails"]["error"] for e in client().history(execution)
                       if e["type"] == "TaskFailed"]
        equal(int(ask("SELECT sum(n) FROM pot", billing())), before + 8, isolation)
    equal({"Database.DeadlockDetected", "Database.SerializationFailure"} - set(failed), set(), "what was not met")


@check("killed at any step between the effect and its answer, it is done once, with the first result")
def _():
    points = pawltest.fail_points("sql.")
    ask("CREATE TABLE IF NOT EXISTS booked (id bigint GENERATED ALWAYS AS IDENTITY, point text)", billing())
    insert = "INSERT INTO booked (point) VALUES ($1) RETURNING id, random() AS luck, clock_timestamp() AS at"
    for point in points + ["task.answered"]:
        other = new_daemon(start=False)
        other.keep_plugins("database")
        other.environment["PAWL_FAILPOINTS"] = f"{point}=die"
        other.start()
        by = other.client()
        execution = by.start(machine(by), {"Database": "billing", "Statement": insert, "Parameters": [point]})
        equal(other.died(), -9, point)
        del other.environment["PAWL_FAILPOINTS"]
        with other.start():
            end = other.client().wait(execution)
            equal(end["status"], "SUCCEEDED", f"{point} {end.get('cause')}")
            equal(ask(f"SELECT count(*) FROM booked WHERE point = '{point}'", billing()), "1", point)
            kept = ask(f"SELECT id FROM booked WHERE point = '{point}'", billing())
            equal(json.loads(end["output"])["Rows"][0]["id"], int(kept), point)


@check("a second PostgreSQL that dies in the middle: the task waits or fails by name, and happens once")
def _():
    second = pawltest.Postgres()
    where = second.new_database()
    ask("CREATE TABLE booked (n int)", where, second)
    retry = [{"ErrorEquals": ["Database.ConnectionException"], "IntervalSeconds": 1, "BackoffRate": 1,
              "MaxAttempts": 60}]
    with new_daemon(config=configuration(elsewhere=where)) as other:
        by = other.client()
        arn = machine(by, TimeoutSeconds=60, Retry=retry)
        slow = {"Database": "elsewhere", "Statements": [
            {"Statement": "INSERT INTO booked VALUES (1)"}, {"Statement": "SELECT pg_sleep(1)::text"}]}
        execution = by.start(arn, slow)
        wait_for(lambda: ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", where, second)
                 == "1", what="the statement")
        second.kill()
        second.start()
        end = by.wait(execution)
        equal((end["status"], end.get("cause")), ("SUCCEEDED", None))
        equal(ask("SELECT count(*) FROM booked", where, second), "1")
        second.stop()
        end = by.run(machine(by, TimeoutSeconds=2), slow)
        equal(end["error"] in ("States.Timeout", "Database.ConnectionException"), True, end)
        second.start()
        equal(ask("SELECT count(*) FROM booked", where, second), "1")


@check("a password is never shown; a database that makes no sense is refused with a sentence")
def _():
    with new_daemon(config=configuration(billing="hots=nowhere password=tops3cret")) as other:
        contains(other.log(), "databases.billing")
        equal("tops3cret" in other.log(), False, "the password in the log")
    with new_daemon(config=configuration(
            away="host=127.0.0.1 port=1 dbname=x user=y password=tops3cret")) as other:
        by = other.client()
        end = run({"Database": "away", "Statement": "SELECT 1"}, by=by, TimeoutSeconds=5)
        equal(end["error"] in ("States.Timeout", "Database.ConnectionException"), True, end)
        equal("tops3cret" in other.log() + json.dumps(end), False, "the password")


@check("a reload brings other databases, and one that makes no sense changes nothing")
def _():
    def where(database):
        end = other.client().run(machine(other.client()), {
            "Database": database, "Statement": "SELECT current_database() AS name"})
        return json.loads(end["output"])["Rows"][0]["name"] if end["status"] == "SUCCEEDED" else end["error"]

    def reload(config, said):
        before = other.log().count(said)
        other.config_path.write_text(config, encoding="utf-8")
        other.process.send_signal(signal.SIGHUP)
        wait_for(lambda: other.log().count(said) > before, what=said)
    first, second = server().new_database(), server().new_database()
    with new_daemon(config=configuration(one=first)) as other:
        equal(where("one"), first.rpartition("=")[2])
        reload(configuration(one=second, two=first), "configuration read again")
        equal((where("one"), where("two")), (second.rpartition("=")[2], first.rpartition("=")[2]))
        reload(configuration(two="hots=x"), "the databases stay as they were")
        equal(where("one"), second.rpartition("=")[2])
        reload(configuration(one=first), "configuration read again")
        equal((where("one"), where("two")), (first.rpartition("=")[2], "Database.UnknownDatabase"))


pawltest.main()
