#!/usr/bin/python3
"""test_write_a_plugin - docs/write-a-plugin.md, done as a reader does it: its files are written, its
commands run in one shell, with the header and pkg-config file as installed, and what it shows is what
comes out."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess

import pawltest
from pawltest import BUILD, SOURCE, Skip, check, equal

PAGE = SOURCE / "docs" / "write-a-plugin.md"
# ```kind ... ```, and the comment before it that names its file.
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def installed(folder):
    """Installs the header and the pkg-config file below the folder; the environment that finds them."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "-C", str(BUILD), "install-pkgincludeHEADERS",
                           "install-pkgconfigDATA", f"DESTDIR={folder}"], check=False,
                          capture_output=True, text=True, env=environment)
    equal(done.returncode, 0, done.stdout + done.stderr)
    found = next(folder.rglob("pawl.pc"))
    return {**environment, "PKG_CONFIG_PATH": str(found.parent),
            "PKG_CONFIG_SYSROOT_DIR": str(folder), "PATH": f"{BUILD}:{os.environ['PATH']}"}


def script_of(page):
    """The page as one shell script, and for each block of commands what it must print."""
    lines, expected = ["set -e"], []
    for file, kind, text in BLOCK.findall(page):
        if file:
            lines.append(f"cat > {file} <<'END_OF_FILE'\n{text}END_OF_FILE")
        elif kind == "sh":
            lines += [f"echo '@@ {len(expected)}'", text]
            expected.append([])
        elif kind == "text":
            expected[-1] = text.splitlines()
        else:
            raise AssertionError(f"a block of {kind} is neither a file nor commands")
    return "\n".join(lines) + "\necho '@@ end'\n", expected


def in_order(expected, printed):
    """The first line that does not come, or None."""
    left = iter(line.strip() for line in printed.splitlines())
    for line in expected:
        if line.strip() not in left:
            return line
    return None


@check("every file, command and result of the page is right")
def _():
    pawltest.need_pawld()
    for tool in ("cc", "pkg-config", "patch", "make", "bash"):
        if not shutil.which(tool):
            raise Skip(f"needs {tool}")
    folder = pawltest.temporary_folder()
    environment = installed(folder / "root")
    port = str(free_port())
    script, expected = script_of(PAGE.read_text(encoding="utf-8").replace("8083", port))
    environment["PAWL_ENDPOINT"] = f"http://127.0.0.1:{port}"
    assert len(expected) > 8 and sum(bool(lines) for lines in expected) > 5, "the page has shrunk"
    shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        output, _unused = shell.communicate(timeout=pawltest.PATIENCE * 3)
    finally:
        # what an early end left running
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    printed = re.split(r"^@@ \w+\n", output, flags=re.MULTILINE)[1:]
    equal(shell.returncode, 0, f"the end of the commands ({output[-3000:]})")
    equal(len(printed), len(expected) + 1, "blocks")
    for wanted, got in zip(expected, printed):
        missing = in_order(wanted, got)
        assert missing is None, f"expected {missing!r} in {got!r}"


pawltest.main()
