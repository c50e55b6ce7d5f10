"""history - reads a list of history events as the tree of control that it describes.

Ids and order of events depend on which branch was quicker; what happened does not.
tree() undoes the interleaving: a thread is a list of events and blocks, a block
(one attempt of a Parallel or Map) holds its threads. check() holds a history
against the rules that every history keeps (ids, predecessors, ends).
"""

import json

TERMINAL = frozenset(("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted",
                      "ExecutionTimedOut"))
STARTED = frozenset(("ParallelStateStarted", "MapStateStarted"))
BLOCK_ENDS = frozenset(("ParallelStateSucceeded", "MapStateSucceeded",
                        "ParallelStateFailed", "MapStateFailed"))
ITERATION_ENDS = frozenset(("MapIterationSucceeded", "MapIterationFailed",
                            "MapIterationAborted"))
ABORTED = frozenset(("TaskStateAborted", "WaitStateAborted", "MapStateAborted",
                     "ParallelStateAborted"))
NO_DETAILS = STARTED - {"MapStateStarted"} | ABORTED | {
    "ParallelStateSucceeded", "ParallelStateFailed", "MapStateSucceeded", "MapStateFailed",
    "LambdaFunctionStarted", "MapRunAborted", "MapRunSucceeded"}


class HistoryError(Exception):
    """The events do not make a tree."""


class Thread:
    """One thread of control: the top level, a branch, an iteration."""

    def __init__(self, block=None, index=None):
        self.block = block      # the block it is a part of; None: the top level
        self.index = index      # of a Map's iteration
        self.items = []         # events and blocks, in order
        self.state = None       # name of the state that it is in


class Block:
    """One attempt of a Parallel or Map state."""

    def __init__(self, owner, start):
        self.owner = owner      # the thread whose state it is
        self.name = owner.state
        self.start = start      # the ...StateStarted event
        self.threads = []
        self.leaves = []        # ...StateAborted events


def details(event):
    """The event's details member, or None."""
    for member, value in event.items():
        if member.endswith("EventDetails"):
            return value
    return None


def is_over(events):
    """Whether the execution has ended; in either order of events."""
    return bool(events) and max(events, key=lambda e: e["id"])["type"] in TERMINAL


def is_concurrent(events):
    """Whether several threads ran side by side, so that the order of events is one of many."""
    first_children = {}
    starts = {e["id"] for e in events if e["type"] in STARTED}
    for event in events:
        if event["previousEventId"] in starts and event["type"] not in BLOCK_ENDS:
            parent = event["previousEventId"]
            first_children[parent] = first_children.get(parent, 0) + 1
    return any(count > 1 for count in first_children.values())


def tree(events):
    """The top thread of a history. Raises HistoryError when a predecessor makes no sense."""
    return _Reader(events).top


class _Reader:
    def __init__(self, events):
        self.top = Thread()
        self.events = {e["id"]: e for e in events}
        self.where = {}         # event id -> thread
        self.opened = {}        # id of a ...StateStarted event -> its block, in order
        for event in sorted(events, key=lambda e: e["id"]):
            self.read(event)

    def read(self, event):
        kind, before = event["type"], event["previousEventId"]
        if before == 0:
            thread = self.top
        elif before not in self.where:
            raise HistoryError(f"event {event['id']} ({kind}) follows {before}, which is not there")
        elif kind == "MapIterationStarted":
            thread = self.new_iteration(event)
        elif before in self.opened and kind.endswith("StateEntered"):
            block = self.opened[before]
            thread = Thread(block)
            block.threads.append(thread)
        elif kind in STARTED:
            thread = self.open_block(event)
            self.where[event["id"]] = thread
            return
        elif kind in BLOCK_ENDS:
            thread = self.block_end(event)
        elif kind in ITERATION_ENDS:
            thread = self.iteration(event)
        elif kind in ABORTED:
            block = self.where[before].block
            if block is None:
                raise HistoryError(f"event {event['id']} ({kind}) at the top level")
            block.leaves.append(event)
            self.where[event["id"]] = self.where[before]
            return
        elif kind.endswith("StateExited"):
            thread = self.leaving(event)
        elif kind in TERMINAL:
            thread = self.top
        else:
            thread = self.where[before]
        self.where[event["id"]] = thread
        thread.items.append(event)
        if kind.endswith("StateEntered"):
            thread.state = details(event)["name"]
        elif kind.endswith("StateExited"):
            thread.state = None

    def new_iteration(self, event):
        before = event["previousEventId"]
        block = self.opened.get(before) or self.climb(event, self.where[before])
        thread = Thread(block, details(event)["index"])
        block.threads.append(thread)
        return thread

    def climb(self, event, thread):
        """The innermost block around thread that has the event's name."""
        name = details(event)["name"]
        while thread.block is not None and thread.block.name != name:
            thread = thread.block.owner
        if thread.block is None:
            raise HistoryError(f"event {event['id']} ({event['type']}): no open Map {name!r}")
        return thread.block

    def open_block(self, event):
        before = event["previousEventId"]
        owner = self.where[before]
        if not self.events[before]["type"].endswith("StateEntered") or owner.state is None \
                or self.events[before]["type"] == "FailStateEntered":
            if owner.block is None:
                raise HistoryError(f"event {event['id']} ({event['type']}): no state to retry")
            owner = owner.block.owner
        block = Block(owner, event)
        owner.items.append(block)
        self.opened[event["id"]] = block
        return owner

    def block_end(self, event):
        before = event["previousEventId"]
        thread = self.where[before]
        previous = self.events[before]["type"]
        if before in self.opened or thread.block is None or previous == "EvaluationFailed" and \
                thread.state is not None and any(isinstance(i, Block) for i in thread.items[-1:]):
            return thread
        if previous in ("MapStateEntered", "ParallelStateEntered", "MapRunSucceeded",
                        "MapRunFailed"):
            return thread
        return thread.block.owner

    def iteration(self, event):
        """The iteration that ends; an aborted one may name a culprit in another branch."""
        name, index = details(event)["name"], details(event)["index"]
        if event["type"] == "MapIterationSucceeded":
            blocks = [self.climb(event, self.where[event["previousEventId"]])]
        else:
            blocks = [b for b in reversed(self.opened.values()) if b.name == name]
        for block in blocks:
            for thread in reversed(block.threads):
                if thread.index == index:
                    return thread
        raise HistoryError(f"event {event['id']} ({event['type']}): iteration {index} never began")

    def leaving(self, event):
        name = details(event)["name"]
        thread = self.where[event["previousEventId"]]
        while thread.state != name:
            if thread.block is None:
                raise HistoryError(f"event {event['id']} ({event['type']}): not in state {name!r}")
            thread = thread.block.owner
        return thread


def canonical(thread, clean=lambda event: event):
    """The tree as plain data that is equal for equal runs: no ids, no times, threads sorted.

    clean may replace what differs from run to run; it gets a copy of each event."""
    out = []
    for item in thread.items:
        if isinstance(item, Block):
            threads = [canonical(t, clean) for t in item.threads]
            indices = [t.index for t in item.threads]
            out.append({"block": item.name,
                        "start": _bare(item.start, clean),
                        "threads": [t for _, t in sorted(
                            zip(indices, threads), key=lambda p: (p[0] or 0, json.dumps(p[1])))],
                        "leaves": sorted((_bare(e, clean) for e in item.leaves), key=json.dumps)})
        else:
            out.append(_bare(item, clean))
    return out


def _bare(event, clean):
    event = clean(json.loads(json.dumps(event)))
    return {k: v for k, v in event.items() if k not in ("id", "previousEventId", "timestamp")}


def check(events):
    """Complaints about a whole history (ascending order); an empty list when it keeps the rules."""
    wrong = []
    last_time = 0.0
    for position, event in enumerate(events, 1):
        name = f"event {event.get('id')} ({event.get('type')})"
        if event["id"] != position:
            wrong.append(f"{name} stands at place {position}")
        if not 0 <= event["previousEventId"] < event["id"]:
            wrong.append(f"{name}: previousEventId {event['previousEventId']}")
        if event["timestamp"] < last_time:
            wrong.append(f"{name}: time runs backwards")
        last_time = event["timestamp"]
        members = [m for m in event if m.endswith("EventDetails")]
        expected = 0 if event["type"] in NO_DETAILS else 1
        if len(members) != expected:
            wrong.append(f"{name}: {len(members)} details members, {expected} expected")
        if event["type"] in TERMINAL and position != len(events):
            wrong.append(f"{name} is not the last one")
    if not events or events[0]["type"] != "ExecutionStarted" or events[0]["previousEventId"] != 0:
        wrong.append("does not begin with ExecutionStarted")
    if len(events) > 1 and events[1]["previousEventId"] != 0:
        wrong.append("the second event does not follow 0")
    try:
        tree(events)
    except HistoryError as e:
        wrong.append(str(e))
    return wrong
