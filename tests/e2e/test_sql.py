#!/usr/bin/python3
"""test_sql - PostgreSQL as plugins have it: a third-party plugin that books an amount exactly once, through
kill -9 of pawld at every step, in pawld's own database and in another one."""

import functools
import json
import shutil
import subprocess

import pawltest
from pawltest import Skip, check, contains, equal, wait_for

BOOK = "arn:pawl:states:::ledger:book"
LEDGER = r"""
#include <pawl/plugin.h>
#include <stdlib.h>
#include <string.h>

struct ledger { const struct pawl_host *host; struct pawl_db *db; };
struct booking { struct ledger *ledger; uint64_t task, call; };
static struct booking *open_booking;

static const char *const steps[] = {
	"CREATE TABLE ledger (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL CHECK (amount > 0))",
	"CREATE INDEX ledger_amount ON ledger (amount)",
};

static void
ledger_migrated(void *arg, const char *why)
{
	const struct pawl_host *h = ((struct ledger *)arg)->host;

	h->log(h, PAWL_LOG_INFO, 0, "migrated: %s", why != NULL ? why : "yes");
}

static void
ledger_heard(void *arg, const char *payload)
{
	const struct pawl_host *h = ((struct ledger *)arg)->host;

	h->log(h, PAWL_LOG_INFO, 0, "heard: <%s>", payload);
}

static int
ledger_init(const struct pawl_host *h, void **state)
{
	struct ledger *l = calloc(1, sizeof(*l));
	const char *where = h->option_string(h, "database");
	char *why = NULL;

	l->host = h;
	if ((l->db = h->db_open(h, *where != '\0' ? where : NULL, 2, &why)) == NULL) {
		h->refuse(h, "its database: %s", why);
		h->free(h, why);
		free(l);
		return -1;
	}
	h->db_migrate(h, l->db, steps, sizeof(steps) / sizeof(*steps), ledger_migrated, l);
	h->db_listen(h, l->db, "ledger", ledger_heard, l);
	*state = l;
	return 0;
}

static struct pawl_doc
ledger_remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct pawl_host *h = ((struct booking *)arg)->ledger->host;
	struct pawl_builder *b = h->build(h);

	h->build_object(b);
	h->build_key(b, "id");
	h->build_int(b, strtoll(a->sets[0].values[0], NULL, 10));
	h->build_end(b);
	return h->build_finish(b);
}

static void
ledger_booked(void *arg, const struct pawl_sql_answer *a)
{
	struct booking *k = arg;
	const struct pawl_host *h = k->ledger->host;

	if (a->result == PAWL_SQL_OK)
		h->succeed(h, k->task, a->output);
	else
		h->fail(h, k->task, a->sqlstate, a->message);
	if (open_booking == k)
		open_booking = NULL;
	free(k);
}

static void
ledger_start(void *state, const struct pawl_task *t)
{
	struct ledger *l = state;
	const struct pawl_host *h = l->host;
	struct booking *k = calloc(1, sizeof(*k));
	char *amount = h->doc_text(h, h->doc_get(h, t->parameters, "Amount"), NULL);
	char *sleep_s = h->doc_text(h, h->doc_get(h, t->parameters, "Sleep"), NULL);
	const char *params[] = { amount }, *pause[] = { sleep_s };
	const struct pawl_sql_statement statements[] = {
		{ "INSERT INTO ledger (amount) VALUES ($1) RETURNING id", params, 1 },
		{ "SELECT pg_sleep($1::float)", pause, 1 },
	};
	const struct pawl_sql_call call = { .size = sizeof(call), .statements = statements, .nstatements = 2,
		.receipt = t->idempotency_key, .remember = ledger_remember, .task_id = t->id };

	k->ledger = l;
	k->task = t->id;
	k->call = h->sql_start(h, l->db, &call, ledger_booked, k);
	open_booking = k;
	h->free(h, amount);
	h->free(h, sleep_s);
}

static void
ledger_cancel(void *state, uint64_t task)
{
	const struct pawl_host *h = ((struct ledger *)state)->host;

	if (open_booking == NULL || open_booking->task != task)
		return;
	h->sql_cancel(h, open_booking->call);
	free(open_booking);
	open_booking = NULL;
}

static void
ledger_stop(void *state)
{
	struct ledger *l = state;

	l->host->db_close(l->host, l->db);
	free(open_booking);
	free(l);
}

static const struct pawl_option ledger_options[] = {
	{ "database", PAWL_STRING, "", "Where the books are; empty: where pawld keeps its own." },
	{ NULL, 0, NULL, NULL },
};

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "ledger",
	.version = "1",
	.resources = "arn:pawl:states:::ledger:book",
	.patterns = PAWL_REQUEST,
	.after_crash = PAWL_EXACTLY_ONCE,
	.options = ledger_options,
	.init = ledger_init,
	.start = ledger_start,
	.cancel = ledger_cancel,
	.stop = ledger_stop,
};
"""


@functools.cache
def ledger_module():
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise Skip("needs a C compiler")
    pawltest.need_pawld()
    module = pawltest.temporary_folder() / "ledger.so"
    source = module.with_suffix(".c")
    source.write_text(LEDGER, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-std=c11", "-Wall", "-Wextra", "-Werror",
                    f"-I{pawltest.BUILD}/include", "-o", module, source], check=True)
    return module


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(books="", **options):
    own = database().new_database()
    daemon = pawltest.Pawld(database=own, start=False, log_level="info",
                            config=f"plugins = {{ ledger = {{ database = '{books}' }} }}\n", **options)
    shutil.copy(ledger_module(), daemon.folder / "plugins" / "ledger.so")
    return daemon, books or own


def books(conninfo, question="SELECT count(*) FROM ledger"):
    return database().sql(question, conninfo.rpartition("dbname=")[2])


def machine(client, name="book", amount="$.amount", **fields):
    return client.create(name, {"StartAt": "Book", "States": {"Book": {
        "Type": "Task", "Resource": BOOK, "End": True,
        "Parameters": {"Amount.$": amount, "Sleep.$": "$.sleep"}, **fields}}})


@check("a plugin brings its tables along, books in one transaction with its receipt, and hears notifications")
def _():
    daemon, where = new_daemon()
    with daemon.start():
        client = daemon.client()
        wait_for(lambda: "migrated: yes" in daemon.log(), what="the tables")
        arn = machine(client)
        equal(json.loads(client.run(arn, {"amount": 12.5, "sleep": 0})["output"]), {"id": 1})
        equal(books(where, "SELECT plugin, answer FROM pawl.effect"), 'ledger|{"id":1}')
        bad = client.run(arn, {"amount": -1, "sleep": 0})
        equal((bad["status"], bad["error"]), ("FAILED", "23514"))
        contains(bad["cause"], 'violates check constraint "ledger_amount_check"')
        equal(books(where, "SELECT sum(amount), count(*) FROM ledger"), "12.5|1")
        equal(books(where, "SELECT plugin, steps FROM pawl.plugin_schema WHERE plugin = 'ledger'"),
          "ledger|2")
        wait_for(lambda: "heard: <>" in daemon.log(), what="the listener")
        books(where, "NOTIFY ledger, 'closing time'")
        wait_for(lambda: "heard: <closing time>" in daemon.log(), what="the notification")
        contains(client.get("/metrics").body.decode(), 'pawl_sql_calls_total{result="error"} 1')
    with daemon.start():        # the tables are there already
        equal(json.loads(daemon.client().run(arn, {"amount": 1, "sleep": 0})["output"]), {"id": 3})


@check("killed at any step between the effect and its answer, it is booked once and answered")
def _():
    points = pawltest.fail_points("sql.")
    elsewhere = database().new_database()
    for place in ("", elsewhere):
        for point in points + ["task.answered"]:
            daemon, where = new_daemon(place)
            daemon.keep_plugins("ledger")
            daemon.start()
            wait_for(lambda: "migrated: yes" in daemon.log(), what="the tables")   # pylint: disable=cell-var-from-loop
            arn = machine(daemon.client())
            before = int(books(where))
            daemon.kill()
            daemon.environment["PAWL_FAILPOINTS"] = f"{point}=die"
            daemon.start()
            execution = daemon.client().start(arn, {"amount": 5, "sleep": 0})
            equal(daemon.died(), -9, point)
            del daemon.environment["PAWL_FAILPOINTS"]
            with daemon.start():
                end = daemon.client().wait(execution)
                equal(end["status"], "SUCCEEDED", point)
                equal(int(books(where)), before + 1, point)
                newest = books(where, "SELECT max(id) FROM ledger")
                equal(json.loads(end["output"]), {"id": int(newest)}, point)


@check("the connection cut by the server at any step, it is booked once and answered")
def _():
    daemon, where = new_daemon()
    with daemon.start():
        client = daemon.client()
        execution = client.start(machine(client), {"amount": 5, "sleep": 1})
        cut = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
               f"datname = '{where.rpartition('=')[2]}' AND application_name = 'pawl ledger' "
               "AND query LIKE '%pg_sleep%'")
        wait_for(lambda: database().sql(cut) == "1", what="the statement")
        equal(client.wait(execution)["status"], "SUCCEEDED")
        equal(books(where), "1")


@check("a stopped execution ends the transaction; pawld stops while one is open")
def _():
    daemon, where = new_daemon()
    asleep = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
              "wait_event = 'PgSleep'")
    with daemon.start():
        client = daemon.client()
        arn = machine(client)
        execution = client.start(arn, {"amount": 5, "sleep": 600})
        wait_for(lambda: books(where, asleep) == "1", what="the statement")
        client.call("StopExecution", executionArn=execution)
        wait_for(lambda: books(where, asleep) == "0", what="the end of the statement")
        equal(books(where), "0")
        client.start(arn, {"amount": 6, "sleep": 600})
        wait_for(lambda: books(where, asleep) == "1", what="the statement")
    wait_for(lambda: books(where, asleep) == "0", what="the end of the statement")
    equal(books(where, "SELECT count(*) FROM pawl.effect"), "0")


@check("a database that makes no sense is a refusal with a sentence; one that is away fails the task")
def _():
    daemon, _ = new_daemon("hots=nowhere")
    with daemon.start():
        contains(daemon.log(), 'its database: It is no connection string of PostgreSQL')
    daemon, _ = new_daemon("host=/nonexistent dbname=books")
    with daemon.start():
        client = daemon.client()
        arn = machine(client, TimeoutSeconds=2)
        equal(client.run(arn, {"amount": 1, "sleep": 0})["error"], "States.Timeout")


pawltest.main()
