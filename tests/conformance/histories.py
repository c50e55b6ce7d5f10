"""histories - holds a history against a recorded one.

Event by event, in order, when one thread ran at a time. Else as trees: the order
of events of concurrent branches, and the numbers that follow from it, is one of
many. Some recordings show neither order nor numbers of what ran concurrently
(their ids are [0]): those events must be there, in whatever order. A recording in
which no state was ever entered is one of a service that stood still until the
recorder gave up; it says nothing about what follows.
"""

import history
from match import Mismatch, _Words


def match_histories(matcher, expected, actual, path="/events"):
    """Raises match.Mismatch unless the actual events are what was recorded."""
    if any(not isinstance(event["id"], int) for event in expected):
        return match_numberless(matcher, expected, actual, path)
    if [event["type"] for event in expected] == ["ExecutionStarted"]:
        actual = actual[:1]
    try:
        matcher.attempt(matcher.match, expected, actual, path)
    except Mismatch as mismatch:
        if not history.is_concurrent(expected):
            raise
        try:
            one, other = history.tree(expected), history.tree(actual)
        except history.HistoryError as error:
            raise Mismatch(path, _Words("a tree"), _Words(str(error))) from mismatch
        match_threads(matcher, one, other, path)
        if len(expected) != len(actual):
            raise Mismatch(path, _Words(f"{len(expected)} events"),
                           _Words(f"{len(actual)} events")) from mismatch
    return None


def bare(event):
    return {k: v for k, v in event.items() if k not in ("id", "previousEventId", "timestamp")}


def match_threads(matcher, expected, actual, path):
    for one, other in zip(expected.items, actual.items):
        blocks = isinstance(one, history.Block), isinstance(other, history.Block)
        if all(blocks):
            match_blocks(matcher, one, other, f"{path}/{one.name}")
        elif any(blocks):
            raise Mismatch(path, summary(one), summary(other))
        else:
            matcher.match(bare(one), bare(other), f"{path}/{one['id']}~{other['id']}")
    if len(expected.items) != len(actual.items):
        raise Mismatch(path, _Words(" ".join(map(summary, expected.items))),
                       _Words(" ".join(map(summary, actual.items))))


def summary(item):
    return _Words(f"[{item.name}]" if isinstance(item, history.Block) else item["type"])


def match_blocks(matcher, expected, actual, path):
    matcher.match(bare(expected.start), bare(actual.start), path)
    if len(expected.threads) != len(actual.threads):
        raise Mismatch(path, _Words(f"{len(expected.threads)} threads"),
                       _Words(f"{len(actual.threads)} threads"))
    match_any_order(matcher, expected.threads, actual.threads, path, match_threads,
                    lambda a, b: a.index == b.index)
    match_any_order(matcher, expected.leaves, actual.leaves, path + " aborted",
                    lambda m, a, b, p: m.match(bare(a), bare(b), p), lambda a, b: True)


def match_any_order(matcher, expected, actual, path, compare, may_pair):
    """Each expected one has a partner of its own in actual."""
    if len(expected) != len(actual):
        raise Mismatch(path, _Words(f"{len(expected)} of them"), _Words(f"{len(actual)} of them"))
    left = list(actual)
    for index, one in enumerate(expected):
        first_mismatch = None
        for other in left:
            if not may_pair(one, other):
                continue
            try:
                matcher.attempt(compare, matcher, one, other, f"{path}/{index}")
            except Mismatch as mismatch:
                first_mismatch = first_mismatch or mismatch
            else:
                left.remove(other)
                break
        else:
            raise first_mismatch or Mismatch(f"{path}/{index}", _Words("a partner"),
                                             _Words("none"))


def match_numberless(matcher, expected, actual, path):
    """Numbered events are where their ids say; the others are somewhere between."""
    by_id = {event["id"]: event for event in actual}
    last = max(e["id"] for e in expected if isinstance(e["id"], int))
    if len(actual) != last:
        raise Mismatch(path, _Words(f"{last} events"), _Words(f"{len(actual)} events"))
    loose = []
    for event in expected:
        if not isinstance(event["id"], int):
            loose.append(event)
            continue
        matcher.match(bare(event), bare(by_id.pop(event["id"])), f"{path}/{event['id']}")
    for event in loose:
        for number, other in by_id.items():
            if event["type"] != other["type"]:
                continue
            try:
                matcher.attempt(matcher.match, bare(event), bare(other), f"{path}/{number}")
            except Mismatch:
                continue
            del by_id[number]
            break
        else:
            raise Mismatch(path, bare(event), _Words("no such event"))
