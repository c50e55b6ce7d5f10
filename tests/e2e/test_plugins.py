#!/usr/bin/python3
"""test_plugins - plugins built outside the tree against the public header: a good one works when
it is dropped into the folder, bad ones are refused with a sentence, misbehaving ones are survived."""

import functools
import json
import os
import shutil
import subprocess

import history
import pawltest
from pawltest import Skip, check, contains, equal, wait_for

THIRD_PARTY = r"""
#include <pawl/plugin.h>
#include <stdlib.h>

struct reverse { const struct pawl_host *host; };

static int
reverse_init(const struct pawl_host *h, void **state)
{
	struct reverse *r = malloc(sizeof(*r));

	r->host = h;
	*state = r;
	return 0;
}

static void
reverse_start(void *state, const struct pawl_task *t)
{
	const struct pawl_host *h = ((struct reverse *)state)->host;
	size_t len;
	char *s = h->doc_string(h, h->doc_get(h, t->parameters, "Text"), &len);
	struct pawl_builder *b;
	struct pawl_doc d;

	if (s == NULL) {
		h->fail(h, t->id, "Reverse.NoText", "Text is missing");
		return;
	}
	for (size_t i = 0; i < len / 2; i++) {
		char c = s[i];

		s[i] = s[len - 1 - i];
		s[len - 1 - i] = c;
	}
	b = h->build(h);
	h->build_object(b);
	h->build_key(b, "reversed");
	h->build_string(b, s, len);
	h->build_key(b, "greeting");
	h->build_string(b, h->option_string(h, "greeting"), 0 + __builtin_strlen(h->option_string(h, "greeting")));
	h->build_end(b);
	d = h->build_finish(b);
	h->succeed(h, t->id, d);
	h->doc_unref(h, d);
	h->free(h, s);
}

static void
reverse_stop(void *state)
{
	free(state);
}

static const struct pawl_option reverse_options[] = {
	{ "greeting", PAWL_STRING, "hello", "What every answer says." },
	{ NULL, 0, NULL, NULL },
};

const struct pawl_plugin pawl_plugin = {
	PAWL_PLUGIN_HEAD,
	.name = "reverse",
	.version = "0.1",
	.resources = "arn:pawl:states:::reverse:text",
	.patterns = PAWL_REQUEST,
	.after_crash = PAWL_AGAIN,
	.options = reverse_options,
	.init = reverse_init,
	.start = reverse_start,
	.stop = reverse_stop,
};
"""

# A plugin that is wrong in the one way that a macro says.
BAD = r"""
#include <pawl/plugin.h>

static int
bad_init(const struct pawl_host *h, void **state)
{
	(void)h;
	*state = 0;
#ifdef REFUSES
	return h->refuse(h, "the moon is not full");
#else
	return 0;
#endif
}

#ifdef NOSTART
#define START 0
#else
#define START bad_start
static void
bad_start(void *state, const struct pawl_task *t)
{
	(void)state;
	(void)t;
}
#endif

#ifndef MAJOR
#define MAJOR PAWL_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR PAWL_ABI_MINOR
#endif
#ifndef NAME
#define NAME "bad"
#endif
#ifndef RESOURCES
#define RESOURCES "arn:pawl:states:::bad:thing"
#endif
#ifndef SYMBOL
#define SYMBOL pawl_plugin
#endif
__attribute__((visibility("default"))) const struct pawl_plugin SYMBOL = {
	.size = sizeof(struct pawl_plugin), .abi_major = MAJOR, .abi_minor = MINOR,
	.name = NAME, .version = "1", .resources = RESOURCES, .patterns = PAWL_REQUEST,
	.after_crash = PAWL_AGAIN, .init = bad_init, .start = START,
};
"""


@functools.cache
def compiler():
    found = shutil.which("cc") or shutil.which("gcc")
    if not found:
        raise Skip("needs a C compiler")
    pawltest.need_pawld()
    return found


def build(source, path, *defines):
    text = path.with_suffix(".c")
    text.write_text(source, encoding="utf-8")
    subprocess.run([compiler(), "-shared", "-fPIC", "-std=c11", "-Wall", "-Wextra", "-Werror",
                    f"-I{pawltest.BUILD}/include", *[f"-D{d}" for d in defines], "-o", path, text],
                   check=True)
    text.unlink()


@functools.cache
def database():
    return pawltest.Postgres()


def new_daemon(**options):
    daemon = pawltest.Pawld(database=database().new_database(), start=False, **options)
    return daemon, daemon.folder / "plugins"


def task(resource, parameters, **fields):
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True,
                                             "Parameters": parameters, **fields}}}


@check("a third-party plugin works when it is dropped into the folder, with options of its own")
def _():
    daemon, plugins = new_daemon(config='plugins = { reverse = { greeting = "moin" } }\n')
    build(THIRD_PARTY, plugins / "reverse.so")
    with daemon.start():
        client = daemon.client()
        machine = client.create("r", task("arn:pawl:states:::reverse:text", {"Text.$": "$.say"}))
        equal(json.loads(client.run(machine, {"say": "desserts"})["output"]),
              {"reversed": "stressed", "greeting": "moin"})
        bad = client.run(client.create("r2", task("arn:pawl:states:::reverse:text", {})))
        equal((bad["status"], bad["error"]), ("FAILED", "Reverse.NoText"))


@check("bad plugins are left out with a sentence each, the others work")
def _():
    kinds = {"major": (["MAJOR=PAWL_ABI_MAJOR+1", 'NAME="major"'], "ABI 2.1"),
             "minor": (["MINOR=PAWL_ABI_MINOR+1", 'NAME="minor"'], "ABI 1.2"),
             "othername": ([], "name"),
             "symbol": (["SYMBOL=something_else", 'NAME="symbol"'], "pawl_plugin"),
             "zdouble": (['NAME="zdouble"', 'RESOURCES="arn:pawl:states:::echo:say"'],
                        "arn:pawl:states:::echo:say"),
             "refuses": (["REFUSES", 'NAME="refuses"'], "the moon is not full"),
             "nostart": (["NOSTART", 'NAME="nostart"'], "start")}
    daemon, plugins = new_daemon()
    for name, (defines, _) in kinds.items():
        build(BAD, plugins / f"{name}.so", *defines)
    (plugins / "garbage.so").write_bytes(b"this is no shared object")
    (plugins / "empty.so").write_bytes(b"")
    (plugins / "README.txt").write_text("not a plugin", encoding="utf-8")
    (plugins / "dangling.so").symlink_to("/nonexistent/plugin.so")
    with daemon.start():
        lines = daemon.log().splitlines()
        for name, (_, part) in kinds.items():
            said = [line for line in lines if f"{name}.so" in line or f" {name}" in line]
            assert any(part in line for line in said), f"{name}: no line with {part!r}: {said}"
        for name in ("garbage", "empty", "dangling"):
            assert any(name in line for line in lines), f"nothing said about {name}.so"
        client = daemon.client()
        machine = client.create("echo", task("arn:pawl:states:::echo:say", {"Output": "fine"}))
        equal(client.run(machine)["output"], '"fine"')


@check("a task that no plugin serves fails with a cause that says so")
def _():
    daemon, _ = new_daemon()
    with daemon.start():
        client = daemon.client()
        end = client.run(client.create("none", task("arn:pawl:states:::nobody:home", {})))
        equal((end["status"], end["error"]), ("FAILED", "States.Runtime"))
        contains(end["cause"], "arn:pawl:states:::nobody:home")


@check("a plugin that answers twice, late, never or with garbage harms nobody")
def _():
    daemon, _ = new_daemon()
    say = "arn:pawl:states:::echo:say"
    with daemon.start():
        client = daemon.client()
        end = client.run(client.create("twice", task(say, {"Output": 1, "Times": 3})))
        equal(end["output"], "1")
        for name, parameters in (("late", {"DelayMs": 1500}), ("never", {"Never": True})):
            machine = client.create(name, task(say, parameters, TimeoutSeconds=1))
            execution = client.start(machine)
            end = client.wait(execution)
            equal((end["status"], end["error"]), ("FAILED", "States.Timeout"), name)
            equal(history.check(client.history(execution)), [])
        bad = client.run(client.create("garbage", task(say, {"Text": '{"half":'})))
        equal((bad["status"], bad["error"]), ("FAILED", "States.Runtime"))
        end = client.run(client.create("fine", task(say, {"Output": "fine", "DelayMs": 1})))
        equal(end["output"], '"fine"')
        wait_for(lambda: client.get("/health").status == 200, 1)


@check("each plugin that is built exports pawl_plugin and nothing else")
def _():
    if not shutil.which("nm"):
        raise Skip("needs nm (Debian: binutils)")
    pawltest.need_pawld()
    found = sorted((pawltest.BUILD / "plugins").glob("*/.libs/*.so"))
    assert found, "no plugins were built"
    for path in found:
        names = [line.split()[-1] for line in subprocess.run(
            ["nm", "-D", "--defined-only", path], check=True, capture_output=True,
            text=True).stdout.splitlines()]
        names = [n for n in names if not n.startswith("__asan") and not n.startswith("__odr")]
        equal(names, ["pawl_plugin"], os.path.basename(path))


pawltest.main()
