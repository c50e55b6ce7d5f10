#!/usr/bin/python3
"""test_model - the arithmetic of the model of scaling.py, on numbers that one can follow by hand."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pawltest                                 # pylint: disable=wrong-import-position
from model import Cost, Model                   # pylint: disable=wrong-import-position
from pawltest import check, equal               # pylint: disable=wrong-import-position

# 100 in a batch: pawld 4 us, PostgreSQL 5 us and a sync of 500 us for the batch; one client us
MODEL = Model(Cost(3, 100), Cost(4, 100), 1, 500, 100, 1000, lost_s=1, load_us=100)


@check("the two parts of a cost are found from two sizes of batches")
def _():
    cost = Cost.between((100, 5.0), (20, 9.0))
    equal((round(cost.transition_us, 6), round(cost.batch_us, 6)), (4.0, 100.0))
    equal(round(cost.at(50), 6), 6.0)
    equal(Cost.between((100, 5.0), (20, 4.9)).at(7), 5.0, "small batches that cost no more")


@check("a node goes at the pace of its batches, or of its loop when that is slower")
def _():
    equal(MODEL.node(100), 1e6 / (4 + 1 + 5))
    equal(Model(Cost(20, 0), Cost(4, 100), 1, 500, 100, 1000).node(100), 1e6 / 20)
    equal(Model(Cost(3, 100), Cost(4, 100), 1, 500, 100, 1000, serial=0.5).node(100), 1e6 / (4 + 1 + 5 + 2))


@check("what waits for the batch before is found from what one node gives")
def _():
    model = Model(Cost(3, 100), Cost(4, 100), 1, 500, 100, 1000)
    for rate, serial in ((1e6 / 12, 0.5), (1e6 / 30, 1.0), (1e6 / 5, 0.0)):
        model.set_serial(rate)
        equal(round(model.serial, 6), serial)


@check("on one machine nodes add up until the cores are used, and then cost more in smaller batches")
def _():
    equal(MODEL.shared(1, 2), 1e5, "the pace of one node")
    equal(MODEL.shared(1, 0.5), 0.5e6 / 10, "half a core")
    equal(MODEL.shared(2, 2), min(2e6 / (4 + 2 + 10), 2e6 / (5 + 6 + 1)))
    equal(MODEL.shared(4, 2), 2e6 / (7 + 8 + 1))


@check("on machines of their own the first of nodes, cores and WAL is the limit")
def _():
    equal(MODEL.apart(3, 32, 10000), (3e5, "nodes"))
    equal(MODEL.apart(100, 2, 10000), (4e5, "PostgreSQL's cores"))
    equal(MODEL.apart(100, 32, 500), (5e5, "WAL"))


@check("a recovery is the time to notice and one load after the other, shared by those who take over")
def _():
    equal(MODEL.recovery_s(10000), 2.0)
    equal(MODEL.recovery_s(10000, 10), 1.1)


if __name__ == "__main__":
    pawltest.main()
