#!/usr/bin/python3
"""test_recorded - what the benches say about figures beside those on record."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import recorded                                 # pylint: disable=wrong-import-position
import pawltest                                 # pylint: disable=wrong-import-position
from pawltest import check, equal               # pylint: disable=wrong-import-position

KNOWN = {"machine": "2 x This", "figures": {
    "rate": recorded.ratio(2.0).kept(), "time": recorded.ratio(2.0, recorded.LESS).kept(),
    "cpu": recorded.cpu_us(10).kept()}}
RATE = {"rate": 100.0, "cpu_us": {"pawld": 1, "postgres": 2, "client": 3},
        "yardsticks": {"insert": {"rate": 50.0, "postgres_us": 4, "ratio": 2.0}}}


def lines(machine="2 x This", **found):
    return recorded.compare(machine, found, KNOWN)


@check("a ratio that fell by more than 15 % is a regression, one that rose as much is better, between them it is as recorded")
def _():
    equal(lines(rate=recorded.ratio(1.68)), ["REGRESSION rate: now 1.68, recorded 2 (-16 %)"])
    equal(lines(rate=recorded.ratio(1.72)), ["as recorded rate: now 1.72, recorded 2 (-14 %)"])
    equal(lines(rate=recorded.ratio(2.28)), ["as recorded rate: now 2.28, recorded 2 (+14 %)"])
    equal(lines(rate=recorded.ratio(2.32)), ["better rate: now 2.32, recorded 2 (+16 %)"])


@check("where less is better it is the other way round")
def _():
    equal(lines(time=recorded.ratio(2.32, recorded.LESS)), ["REGRESSION time: now 2.32, recorded 2 (+16 %)"])
    equal(lines(time=recorded.ratio(1.68, recorded.LESS)), ["better time: now 1.68, recorded 2 (-16 %)"])


@check("CPU is compared on the machine that it was recorded on only, ratios everywhere")
def _():
    equal(lines(cpu=recorded.cpu_us(12)), ["REGRESSION cpu: now 12, recorded 10 (+20 %)"])
    equal(lines("4 x That", cpu=recorded.cpu_us(12), rate=recorded.ratio(1.0)),
          ["REGRESSION rate: now 1, recorded 2 (-50 %)"])


@check("a figure that is not on record is said to be so")
def _():
    equal(lines(new=recorded.ratio(3)), ["new: now 3, not on record"])


@check("what is written is read again; parts that were not measured stay, CPU of another machine does not")
def _():
    path = pathlib.Path(tempfile.mkdtemp()) / "recorded.json"
    equal(recorded.read(path)["figures"], {}, "no file")
    recorded.write("2 x This", "then", {"a": recorded.ratio(1.23456), "b": recorded.cpu_us(5)}, path)
    recorded.write("2 x This", "later", {"a": recorded.ratio(2)}, path)
    equal(recorded.read(path), {"machine": "2 x This", "run": "later", "figures": {
        "a": recorded.ratio(2).kept(), "b": recorded.cpu_us(5).kept()}})
    recorded.write("4 x That", "now", {"c": recorded.ratio(3)}, path)
    equal(sorted(recorded.read(path)["figures"]), ["a", "c"], "figures")
    path.unlink()
    path.parent.rmdir()


@check("the results of every bench have figures, and the file has a value for each of them")
def _():
    results = {
        "machine": "text", "chain": RATE, "steps": RATE,
        "latency": {"start": {"ratio": 2}, "succeeded": {"ratio": 3}, "cpu_us": {"pawld": 1, "postgres": 2}},
        "map": {"map": RATE, "few": {**RATE, "rate": 50.0}},
        "long": {"first": {"pawld": 1, "postgres": 3}, "last": {"pawld": 2, "postgres": 4}, "first_page_ms": 4.0,
                 "last_page_ms": 5.0},
        "expr": {"cases": {"path": {"us": 1, "ratio": 20}, "lua": {"us": 2}}}}
    found = recorded.figures(results)
    equal(found["map, many items beside few"].value, 2.0)
    equal(found["long, CPU of the last tenth beside the first"].value, 1.5)
    equal("expr lua beside jsonata" in found, False, "a case without its yardstick")
    on_record = recorded.read()["figures"]
    equal([n for n, f in found.items() if not n.endswith("beside insert") and n not in on_record], [], "not on record")
    for name, one in on_record.items():
        equal(sorted(one), ["better", "ratio", "value"], name)
        equal(one["value"] > 0 and one["better"] in (recorded.MORE, recorded.LESS), True, name)


if __name__ == "__main__":
    pawltest.main()
