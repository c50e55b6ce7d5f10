#!/usr/bin/python3
"""test_js - the AWS SDK for JavaScript against pawld: runs js/client.mjs."""

import re
import shutil
import subprocess
import sys

import pawltest

JS = pawltest.SOURCE / "tests" / "e2e" / "js"


def client_folder():
    """A folder with client.mjs and the packages of the lock file; installs them once."""
    folder = pawltest.BUILD / "js-client"
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copyfile(JS / name, folder / name)
    lock = (JS / "package-lock.json").read_bytes()
    stamp = folder / "installed-lock"
    if not stamp.exists() or stamp.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            print("# npm ci: " + done.stderr[-500:].replace("\n", "\n# "))
            sys.exit(pawltest.SKIPPED)
        stamp.write_bytes(lock)
    return folder


def main():
    if not shutil.which("node") or not shutil.which("npm"):
        print("# needs node and npm (Debian: nodejs, npm)")
        sys.exit(pawltest.SKIPPED)
    pawltest.need_pawld()
    folder = client_folder()
    with pawltest.Pawld(database=pawltest.Postgres().new_database()) as daemon:
        done = subprocess.run(["node", "client.mjs", daemon.url], cwd=folder, check=False,
                              timeout=300, stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if not re.search(r"^\d+ passed, \d+ failed, 0 skipped$", done.stdout, re.M):
        print(f"not ok client.mjs ended early with {done.returncode}\n0 passed, 1 failed, 0 skipped")
        sys.exit(1)
    sys.exit(done.returncode)


main()
