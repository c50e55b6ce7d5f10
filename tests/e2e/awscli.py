"""awscli - the aws command of Debian 12 against a running pawld."""

import json
import os
import subprocess

from pawltest import REGION, Skip, contains, equal

AWS = "/usr/bin/aws"


def run(url, service, *words, attempts=1):
    """The finished process; it tries so often."""
    if not os.access(AWS, os.X_OK):
        raise Skip("needs the aws command (Debian: awscli)")
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": str(attempts),
                   "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
                   "AWS_EC2_METADATA_DISABLED": "true"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run([AWS, "--endpoint-url", url, "--output", "json", service, *words],
                          check=False, capture_output=True, text=True, timeout=120, cwd="/",
                          env=environment)


def answer(url, service, *words, attempts=1):
    """The parsed answer; an AssertionError when the command fails."""
    done = run(url, service, *words, attempts=attempts)
    if done.returncode != 0:
        raise AssertionError(f"aws {service} {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else {}


def refused(url, service, code, *words):
    """It must fail with that code; what it wrote."""
    done = run(url, service, *words)
    equal(done.returncode, 254, "exit status of aws")
    contains(done.stderr, f"({code})")
    return done.stderr
