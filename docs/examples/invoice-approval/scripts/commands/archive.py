#!/usr/bin/python3
"""archive - a command of pawl: moves a scan from inbox/ into archive/, also when it is asked twice.

Standard input: {"file": "scan.pdf", "folder": "paid", "name": "de811569869-b-17"}; the answer:
{"path": "archive/paid/de811569869-b-17.pdf"}. After a crash pawld asks again; then the scan is there
already, and the answer is the same.
"""

import json
import os
import pathlib
import re
import sys


def fail(kind, message):
    """An error of the function, in the form that pawl-plugin-lambda(7) reads."""
    print(json.dumps({"errorType": kind, "errorMessage": message}), file=sys.stderr)
    sys.exit(1)


def main():
    asked = json.load(sys.stdin)
    for word in (asked["file"], asked["folder"], asked["name"]):
        # some of this was read from a paper that somebody sent us
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", word):
            fail("Archive.BadName", f"{word!r} is not the name of a file")
    source = pathlib.Path("inbox", asked["file"])
    target = pathlib.Path("archive", asked["folder"], asked["name"] + ".pdf")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, target)
    except FileNotFoundError:
        if not target.exists():
            fail("Archive.NoScan", f"there is neither {source} nor {target}")
    print(json.dumps({"path": str(target)}))


main()
