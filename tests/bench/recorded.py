"""recorded - the figures of tests/bench/recorded.json, and how those of a run stand to them.

A figure is a ratio to a yardstick of the same run, which a busy or another machine changes little, or CPU for one operation,
which is compared on the machine that it was recorded on only. What is 15 % worse is said; nothing fails by it.
"""

import json
import pathlib

PATH = pathlib.Path(__file__).with_name("recorded.json")
LIMIT = 0.15
MORE, LESS = "more is better", "less is better"


class Figure:
    """One number of a run. better: MORE or LESS; ratio: it holds on other machines too."""

    def __init__(self, value, better, ratio):
        self.value, self.better, self.ratio = value, better, ratio

    def kept(self):
        """As it stands in the file: four digits are more than a bench can tell."""
        return {"value": float(f"{self.value:.4g}"), "better": self.better, "ratio": self.ratio}


def ratio(value, better=MORE):
    return Figure(value, better, True)


def cpu_us(value):
    return Figure(value, LESS, False)


# --- what a run of bench.py has -----------------------------------------------------------------

def _rate(name, result):
    found = {f"{name} beside {yardstick}": ratio(y["ratio"]) for yardstick, y in result["yardsticks"].items()}
    return {**found, **_cpu(name, result["cpu_us"])}


def _cpu(name, used):
    return {f"{name}, CPU us of {who}": cpu_us(us) for who, us in used.items()}


def _latency(name, result):
    found = {f"{name} of {what} beside an insert": ratio(result[what]["ratio"], LESS) for what in ("start", "succeeded")}
    return {**found, **_cpu(name, result["cpu_us"])}


def _map(name, result):
    return {f"{name}, many items beside few": ratio(result["map"]["rate"] / result["few"]["rate"]),
            **_cpu(name, {who: us for who, us in result["map"]["cpu_us"].items() if who != "client"})}


def _long(name, result):
    first, last = result["first"], result["last"]
    return {f"{name}, CPU of the last tenth beside the first": ratio(
                (last["pawld"] + last["postgres"]) / (first["pawld"] + first["postgres"]), LESS),
            f"{name}, the last page beside the first": ratio(result["last_page_ms"] / result["first_page_ms"], LESS),
            **_cpu(name, {who: last[who] for who in ("pawld", "postgres")})}


def _expr(name, result):
    found = {f"{name} {case} beside jsonata": ratio(one["ratio"])
             for case, one in result["cases"].items() if "ratio" in one}
    return {**found, **{f"{name} {case}, CPU us": cpu_us(one["us"]) for case, one in result["cases"].items()}}


PARTS = {"chain": _rate, "steps": _rate, "latency": _latency, "map": _map, "long": _long, "expr": _expr}


def figures(results):
    """The figures of a run, by name."""
    found = {}
    for name, part in PARTS.items():
        if name in results:
            found.update(part(name, results[name]))
    return found


# --- the file -------------------------------------------------------------------------------------

def read(path=PATH):
    """What is on record: the machine, what ran there, figures by name; empty when nothing is."""
    if not path.exists():
        return {"machine": None, "run": None, "figures": {}}
    return json.loads(path.read_text(encoding="utf-8"))


def write(machine, run, found, path=PATH):
    """
    Puts these figures on record, and leaves those of parts that were not measured as they are: but what was recorded on
    another machine keeps its ratios only.
    """
    known = read(path)
    kept = {name: one for name, one in known["figures"].items() if one["ratio"] or known["machine"] == machine}
    kept.update({name: figure.kept() for name, figure in found.items()})
    path.write_text(json.dumps({"machine": machine, "run": run, "figures": kept}, indent=1) + "\n", encoding="utf-8")


# --- comparing --------------------------------------------------------------------------------------

def compare(machine, found, known):
    """Lines about figures of a run on that machine beside those on record: all ratios, and what is worse or better."""
    lines = []
    for name, figure in found.items():
        before = known["figures"].get(name)
        if before is None:
            lines.append(f"{name}: now {figure.value:.4g}, not on record")
            continue
        if not figure.ratio and machine != known["machine"]:
            continue
        change = figure.value / before["value"] - 1
        gain = change if figure.better == MORE else -change
        text = f"{name}: now {figure.value:.4g}, recorded {before['value']:.4g} ({100 * change:+.0f} %)"
        if gain < -LIMIT:
            lines.append(f"REGRESSION {text}")
        elif gain > LIMIT:
            lines.append(f"better {text}")
        else:
            lines.append(f"as recorded {text}")
    return lines


def report(machine, run, found, record=False):
    """Prints the comparison; record: then puts the figures in the place of the old ones. run: versions, for people."""
    known = read()
    print("\nbeside tests/bench/recorded.json")
    if known["machine"] not in (None, machine):
        print(f"  which was recorded on {known['machine']}: CPU is not compared")
    for line in compare(machine, found, known):
        print(line if line.startswith("REGRESSION") else f"  {line}")
    if record:
        write(machine, run, found)
        print(f"  recorded: {len(found)} figures")
