"""smtp - a real SMTP server for tests, smtp_peer.py, and what it took."""

import email
import email.policy
import functools
import json
import subprocess
import sys
import threading

import pawltest
from pawltest import Skip, wait_for


@functools.cache
def python():
    """An interpreter that has aiosmtpd."""
    for path in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([path, "-c", "import aiosmtpd"], check=False,
                          capture_output=True).returncode == 0:
            return path
    raise Skip("needs aiosmtpd (Debian: python3-aiosmtpd)")


class Peer:
    """A running SMTP server and what it took."""

    def __init__(self, **options):
        script = pawltest.SOURCE / "tests" / "e2e" / "smtp_peer.py"
        self.process = subprocess.Popen([python(), "-W", "ignore", script, json.dumps(options)],
                                        stdout=subprocess.PIPE, text=True)
        pawltest._running.append(self)      # pylint: disable=protected-access
        self.port = int(self.process.stdout.readline())
        self.taken = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.taken.append(json.loads(line))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def next(self):
        """The next mail that it took: the envelope, with the parsed message."""
        wait_for(lambda: self.taken, what="a mail")
        mail = self.taken.pop(0)
        mail["message"] = email.message_from_bytes(mail["data"].encode("latin-1"),
                                                   policy=email.policy.default)
        return mail
