#!/usr/bin/python3
"""test_js - the AWS SDK for JavaScript against pawld: runs js/client.mjs."""

import re
import subprocess
import sys

import pawltest

JS = pawltest.SOURCE / "tests" / "e2e" / "js"


def main():
    try:
        folder = pawltest.npm_folder(JS, "js-client")
    except pawltest.Skip as reason:
        print(f"# {reason}")
        sys.exit(pawltest.SKIPPED)
    pawltest.need_pawld()
    with pawltest.Pawld(database=pawltest.Postgres().new_database()) as daemon:
        done = subprocess.run(["node", "client.mjs", daemon.url], cwd=folder, check=False,
                              timeout=300, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if not re.search(r"^\d+ passed, \d+ failed, 0 skipped$", done.stdout, re.M):
        print(f"not ok client.mjs ended early with {done.returncode}\n0 passed, 1 failed, 0 skipped")
        sys.exit(1)
    sys.exit(done.returncode)


main()
