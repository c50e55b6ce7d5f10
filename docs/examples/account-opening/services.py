#!/usr/bin/python3
"""services - the two HTTP services that the bank asks: CheckName and CheckAddress.

    POST /check-name     {"name": ..., "born": ...}   -> {"known": true, "watchlist": false}
    POST /check-address  {"street": ..., "city": ...} -> {"deliverable": true, "yearsThere": 7}
    POST /faults         {"check-name": {"fail": 2}, "check-address": {"rate": 0.3, "delay": 5}}
    GET  /faults         what is set, and how often each service was called

Faults are switchable while it runs: "fail": the next N calls are answered 503;
"rate": this share of the calls is answered 500, 502 or 503; "delay": seconds before each
answer; "slow": the next N calls are delayed so. The answers depend on what is asked alone.
"""

import argparse
import collections
import http.server
import json
import pathlib
import random
import sys
import threading
import time
import zlib

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1]))
# pylint: disable=wrong-import-position
import example


def check_name(asked):
    """Known unless the name is empty; the villains are on the watch list."""
    name = asked["name"]
    return {"known": bool(name.strip()) and "Nobody" not in name, "watchlist": "Villain" in name}


def check_address(asked):
    """Streets have numbers; how long somebody lives there is made up from the address."""
    street = asked["street"]
    years = zlib.crc32(f"{street},{asked['city']}".encode()) % 9 + 1
    return {"deliverable": any(c.isdigit() for c in street), "yearsThere": years}


SERVICES = {"check-name": check_name, "check-address": check_address}


class State:
    """The faults that are set, and the calls that came."""

    def __init__(self, seed):
        self.lock = threading.Lock()
        self.random = random.Random(seed)
        self.faults = {name: {} for name in SERVICES}
        self.calls = collections.Counter()

    def set(self, faults):
        with self.lock:
            for name, fault in faults.items():
                if name not in SERVICES:
                    raise ValueError(f"no service {name}")
                self.faults[name] = dict(fault)

    def next_call(self, name):
        """(delay in seconds, status) of the call that begins now."""
        with self.lock:
            self.calls[name] += 1
            fault = self.faults[name]
            delay = 0
            if fault.get("slow", 1) > 0:
                delay = fault.get("delay", 0)
                if delay and "slow" in fault:
                    fault["slow"] -= 1
            if fault.get("fail", 0) > 0:
                fault["fail"] -= 1
                return delay, 503
            if self.random.random() < fault.get("rate", 0):
                return delay, self.random.choice((500, 502, 503))
            return delay, 200


class Handler(example.JsonHandler):
    """One connection."""

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        if self.server.verbose:
            http.server.BaseHTTPRequestHandler.log_message(self, format, *args)

    def do_GET(self):
        state = self.server.state
        if self.path == "/faults":
            self.answer(200, {"faults": state.faults, "calls": dict(state.calls)})
        else:
            self.answer(404, {"message": "no such page"})

    def do_POST(self):
        body = self.body()
        name = self.path.lstrip("/")
        try:
            asked = json.loads(body)
            if name == "faults":
                self.server.state.set(asked)
                self.answer(200, {})
            elif name in SERVICES:
                delay, status = self.server.state.next_call(name)
                time.sleep(delay)
                self.answer(status, SERVICES[name](asked) if status == 200
                            else {"message": f"{name} is out of order"})
            else:
                self.answer(404, {"message": "no such service"})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.answer(400, {"message": f"cannot read that: {error}"})


class Server(http.server.ThreadingHTTPServer):
    """Both services on one port."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, seed=1, verbose=False):
        super().__init__(address, Handler)
        self.state = State(seed)
        self.verbose = verbose


def main():
    parser = argparse.ArgumentParser(description="the services CheckName and CheckAddress")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--seed", type=int, default=1, help="of the random faults")
    parser.add_argument("--verbose", action="store_true", help="a line for each call")
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), options.seed, options.verbose)
    print(f"services ready http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
