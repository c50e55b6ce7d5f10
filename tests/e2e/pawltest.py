"""pawltest - what the tests of a running pawld share: starting and stopping it, its
PostgreSQL, a small client of the API, waiting for conditions, and named checks.

Folders come from the environment that "make check" sets (builddir, srcdir,
PAWL_SHARED, PAWL_PG_BIN); by hand PAWL_BUILD names the build tree.
"""

import atexit
import contextlib
import datetime
import glob
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid

SOURCE = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).parents[2]).resolve()
BUILD = pathlib.Path(os.environ.get("PAWL_BUILD") or os.environ.get("builddir")
                     or SOURCE / "build").resolve()
SHARED = pathlib.Path(os.environ.get("PAWL_SHARED") or SOURCE / ".." / "shared").resolve()
ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sfn"
SKIPPED = 77
# Everything is slower under sanitizers and on a busy machine; nothing waits this long when it works.
PATIENCE = float(os.environ.get("PAWL_PATIENCE") or 60)


class Skip(Exception):
    """A check cannot be made here."""


# --- named checks ---------------------------------------------------------------------------

_checks = []


def check(sentence):
    """Decorator: the function is a check, the sentence says what it shows."""
    def register(function):
        _checks.append((sentence, function))
        return function
    return register


def main():
    """Runs the checks in order (those whose sentence contains argv[1]), prints the sum, exits."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for sentence, function in _checks:
        if only not in sentence:
            continue
        try:
            function()
            counts["passed"] += 1
            print("ok", sentence, flush=True)
        except Skip as reason:
            counts["skipped"] += 1
            print("ok", sentence, f"# skip {reason}", flush=True)
        except (Exception, KeyboardInterrupt) as error:     # pylint: disable=broad-except
            counts["failed"] += 1
            print("not ok", sentence, flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
            if isinstance(error, KeyboardInterrupt):
                break
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts), flush=True)
    code = 1 if counts["failed"] else 0 if counts["passed"] else SKIPPED
    sys.exit(code)


def equal(got, expected, what="value"):
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"expected {part!r} in {text!r}")


def wait_for(condition, timeout=PATIENCE, what="the condition", interval=0.01):
    """Asks until condition() is true; returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}")
        time.sleep(interval)


def need_pawld():
    """Path of the built daemon; ends the test as skipped when there is none."""
    path = BUILD / "pawld"
    if not path.exists():
        print(f"# no {path}: build first, or set PAWL_BUILD")
        sys.exit(SKIPPED)
    return path


def is_sanitized():
    """Whether pawld was built with sanitizers, which make it slower by a factor nobody knows."""
    return re.search(r"^SANITIZER_FLAGS = \S", (BUILD / "Makefile").read_text(), re.M) is not None


# --- folders and users ------------------------------------------------------------------------

_temporary = []


def fail_points(prefix):
    """Names of the fail points that begin so."""
    lines = subprocess.run([need_pawld(), "--list-failpoints"], check=False, capture_output=True,
                           text=True).stdout.splitlines()
    points = [line.split()[0] for line in lines if line.startswith(prefix)]
    if not points:
        raise Skip("needs a build with fail points")
    return points


def refuses_config(text, why):
    """A configuration file with that text is refused, for that reason."""
    path = temporary_folder() / "pawl.conf"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([need_pawld(), f"--config={path}", "--check-config"], check=False, capture_output=True, text=True)
    equal(done.returncode, 2, text)
    contains(done.stderr, why)


def temporary_folder(prefix="pawl-test-"):
    """A folder that every user may reach; removed at the end of the test."""
    path = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
    os.chmod(path, 0o755)
    _temporary.append(path)
    return pathlib.Path(path)


# A harness that loses patience sends this: ends what was started, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


@atexit.register
def _clean_up():
    for thing in list(_running):
        with contextlib.suppress(Exception):
            thing.kill()
    for path in _temporary:
        stop_private_postgres(path)
    if not os.environ.get("PAWL_KEEP"):
        for path in _temporary:
            shutil.rmtree(path, ignore_errors=True)


def npm_folder(source, name):
    """A folder of that name in the build tree: source's files, and the packages of its lock file, installed once."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Skip("needs node and npm (Debian: nodejs, npm)")
    folder = BUILD / name
    folder.mkdir(exist_ok=True)
    for path in source.iterdir():
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    lock = (source / "package-lock.json").read_bytes()
    stamp = folder / "installed-lock"
    if not stamp.exists() or stamp.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=False,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip("npm ci: " + done.stderr[-500:].strip().replace("\n", " "))
        stamp.write_bytes(lock)
    return folder


def unprivileged():
    """Arguments for subprocess that give up root; nothing for anybody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Skip("no unprivileged user")


def give_away(path):
    who = unprivileged()
    if who:
        os.chown(path, who["user"], who["group"])


# --- PostgreSQL ---------------------------------------------------------------------------------

_running = []


def postgres_bin():
    """Folder of PostgreSQL's server programs."""
    places = [os.environ.get("PAWL_PG_BIN") or ""]
    places += sorted(glob.glob("/usr/lib/postgresql/*/bin"),
                     key=lambda p: [int(n) for n in re.findall(r"\d+", p)], reverse=True)
    for place in places:
        if place and os.access(os.path.join(place, "initdb"), os.X_OK):
            return place
    raise Skip("no PostgreSQL server programs")


def stat_of(path):
    """The fields of /proc/PID/stat behind the name: state, parent ..."""
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def state_of(pid):
    """R, S, D, T, Z ..., as in proc(5); Z when there is none."""
    try:
        return stat_of(f"/proc/{pid}/stat")[0]
    except OSError:
        return "Z"


class Postgres:
    """A PostgreSQL of the test's own, on a socket in its folder."""

    def __init__(self, fsync=False, settings=()):
        self.bin = postgres_bin()
        self.folder = temporary_folder("pawl-pg-")
        give_away(self.folder)
        self.data = self.folder / "data"
        self.process = None
        self.settings = [("listen_addresses", ""), ("unix_socket_directories", str(self.folder)),
                         ("fsync", "on" if fsync else "off"), *settings]
        subprocess.run([f"{self.bin}/initdb", "-D", str(self.data), "-U", "pawl", "-A", "trust",
                        "-E", "UTF8", "--locale=C", "--no-sync"], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, **unprivileged())
        self.start()

    def conninfo(self, database="postgres"):
        return f"host={self.folder} user=pawl dbname={database}"

    def start(self):
        options = [word for name, value in self.settings for word in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.bin}/postgres", "-D", str(self.data), *options], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, **unprivileged())
        _running.append(self)
        wait_for(self.is_up, what="PostgreSQL to accept connections")

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("postgres ended: " + (self.folder / "log").read_text()[-2000:])
        return subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", str(self.folder)],
                              check=False, stdout=subprocess.DEVNULL).returncode == 0

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: immediate."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        _running.remove(self)

    def kill(self):
        """kill -9 of the postmaster and of all its children, as a crash of the machine's service."""
        # one that stands still has no more children than those that are seen; those of a dead one are nobody's
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            wait_for(lambda: state_of(self.process.pid) in "TZ", what="the postmaster to stand still")
        children = self.children()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.wait(PATIENCE)
        wait_for(lambda: not any(os.path.exists(f"/proc/{c}") for c in children),
                 what="the backends to be gone")
        with contextlib.suppress(ValueError):
            _running.remove(self)

    def children(self):
        """Process ids of the backends and helpers."""
        found = []
        for path in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                if int(stat_of(path)[1]) == self.process.pid:
                    found.append(int(path.split("/")[2]))
        return found

    def sql(self, text, database="postgres"):
        """The rows of a statement as text, columns parted by |."""
        done = subprocess.run([f"{self.bin}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               "-d", self.conninfo(database), "-c", text],
                              check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def new_database(self):
        name = f"t{len(os.listdir('/proc'))}{time.monotonic_ns()}"
        self.sql(f"CREATE DATABASE {name}")
        return self.conninfo(name)


class Session:
    """A psql that stays: one connection, statement by statement."""

    def __init__(self, conninfo):
        self.process = subprocess.Popen(
            [f"{postgres_bin()}/psql", "-X", "-q", "-A", "-t", "-d", conninfo, "-v", "VERBOSITY=verbose",
             "-v", "SHOW_CONTEXT=never", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def send(self, statement):
        self.mark = uuid.uuid4().hex
        self.process.stdin.write(f"{statement};\n\\echo {self.mark}\n")
        self.process.stdin.flush()

    def answer(self):
        lines = []
        for line in self.process.stdout:
            if line.strip() == self.mark:
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError("psql ended: " + "".join(lines))

    def say(self, statement):
        self.send(statement)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def failpoints():
    """Names of pawld's fail points; none in a build without them."""
    done = subprocess.run([need_pawld(), "--list-failpoints"], check=False, capture_output=True,
                          text=True)
    names = re.findall(r"^([a-z]\w*(?:\.\w+)+)\b", done.stdout, re.M)
    return names if done.returncode == 0 else []


# --- pawld --------------------------------------------------------------------------------------

def plugin_folder(folder, modules=()):
    """Links to the built plugins and to these modules of the tests, as pawld's plugin_dir."""
    plugins = folder / "plugins"
    plugins.mkdir(exist_ok=True)
    paths = [BUILD / "tests" / "e2e" / ".libs" / f"{name}.so" for name in modules]
    for path in paths + list((BUILD / "plugins").glob("*/.libs/*.so")):
        link = plugins / path.name
        if not link.exists():
            link.symlink_to(path)
    return plugins



class Pawld:
    """A pawld of the test's own: free port, own folder. database=None: laptop mode.

    options: NAME=value of the command line; config: text of a configuration file; modules: plugins
    of the tests."""

    def __init__(self, database=None, folder=None, config=None, environment=None, start=True,
                 keys=None, modules=(), **options):
        self.folder = pathlib.Path(folder) if folder else temporary_folder()
        self.log_path = self.folder / "pawld.log"
        self.keys = keys
        self.environment = dict(environment or {})
        self.process = None
        self.url = None
        self.config_path = self.folder / "pawl.conf"
        if config is not None:
            self.config_path.write_text(config, encoding="utf-8")
        self.options = {"listen": "127.0.0.1:0", "data_dir": str(self.folder / "data"),
                        "libexec_dir": str(BUILD), "log_level": "debug", "workers": "1"}
        scripts = self.folder / "scripts"
        scripts.mkdir(exist_ok=True)
        self.options["script_dir"] = str(scripts)
        self.options["lib_dir"] = str(SOURCE / "scripts" / "lib")
        self.options["plugin_dir"] = str(plugin_folder(self.folder, modules))
        if database is not None:
            self.options["database"] = database
        self.options.update(options)
        if start:
            self.start()

    def command(self):
        words = [str(need_pawld())]
        if self.config_path.exists():
            words.append(f"--config={self.config_path}")
        return words + [f"--{name}={value}" for name, value in self.options.items()]

    def launch(self):
        """Starts the process without waiting for it to be ready."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                cwd=self.folder, env={**os.environ, **self.environment})
        _running.append(self)

    def start(self, timeout=PATIENCE):
        self.launch()
        line = self.read_line(timeout)
        found = re.match(r"pawld ready (http://\S+)$", line)
        if not found:
            self.process.wait(PATIENCE)
            raise AssertionError(f"pawld said {line!r} and ended with "
                                 f"{self.process.returncode}: {self.log()[-3000:]}")
        self.url = found.group(1)
        return self

    def read_line(self, timeout):
        deadline = time.monotonic() + timeout
        data = b""
        while not data.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"pawld was not ready in {timeout:g} s: {self.log()[-3000:]}")
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                break
            data += piece
        return data.decode().strip()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def address(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.hostname, parts.port

    def client(self, **arguments):
        if self.keys and "keys" not in arguments:
            arguments["keys"] = next(iter(self.keys.items()))
        return Client(self.url, **arguments)

    def keep_plugins(self, *names):
        """The next start loads no others: at a fail point nobody else shall die."""
        for link in (self.folder / "plugins").glob("*.so"):
            if link.stem not in names:
                link.unlink()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout=PATIENCE):
        """SIGTERM; it must drain and end with 0."""
        self.process.terminate()
        code = self.process.wait(timeout)
        self.forget()
        if code != 0:
            raise AssertionError(f"pawld ended with {code}: {self.log()[-3000:]}")

    def kill(self):
        """kill -9 of pawld alone; its children notice or are left behind."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.forget()

    def died(self, timeout=PATIENCE):
        """Waits for an end that it was meant to have; its return code."""
        code = self.process.wait(timeout)
        self.forget()
        return code

    def forget(self):
        self.process.stdout.close()
        with contextlib.suppress(ValueError):
            _running.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if not self.is_running():
            return
        if kind is None:
            self.stop()
        else:
            self.kill()


def beside(answers, **options):
    """A second pawld of a database whose executions another one has. So it never says that it is ready;
    it is as soon as answers(it) is true and does not fail."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    second = Pawld(start=False, listen=f"127.0.0.1:{port}", **options)
    second.url = f"http://127.0.0.1:{port}"
    second.launch()

    def is_there():
        try:
            return answers(second)
        except (OSError, http.client.HTTPException, ApiError, AssertionError):
            return False
    wait_for(is_there, what="the second pawld to answer")
    return second


def stop_private_postgres(folder):
    """Ends the PostgreSQL that a killed pawld left behind in its data folder."""
    for path in glob.glob(str(pathlib.Path(folder) / "**" / "postmaster.pid"), recursive=True):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(pathlib.Path(path).read_text().split()[0]), signal.SIGQUIT)


# --- a client -----------------------------------------------------------------------------------

class ApiError(Exception):
    """An error answer."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        self.code = body.get("__type", "").rpartition("#")[2]
        self.message = body.get("message", "")
        super().__init__(f"{status} {self.code}: {self.message}")


class Answer:
    """An HTTP answer as it came."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """Calls actions; answers and errors are held against the AWS model where it is at hand."""

    def __init__(self, url, keys=None, timeout=PATIENCE, region=REGION):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.keys, self.timeout, self.region = keys, timeout, region
        self.local = threading.local()

    def connection(self):
        if getattr(self.local, "connection", None) is None:
            self.local.connection = http.client.HTTPConnection(self.host, self.port,
                                                               timeout=self.timeout)
            self.local.connection.connect()
            self.local.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.local.connection

    def close(self):
        if getattr(self.local, "connection", None) is not None:
            self.local.connection.close()
            self.local.connection = None

    def request(self, method, path, body=b"", headers=None):
        """One request; the connection is kept. OSError or HTTPException when it breaks."""
        try:
            connection = self.connection()
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def get(self, path):
        return self.request("GET", path)

    def raw(self, action, body, headers=None, service="AWSStepFunctions"):
        """An action with a body of any bytes."""
        all_headers = {"Content-Type": "application/x-amz-json-1.0",
                       "X-Amz-Target": f"{service}.{action}"}
        all_headers.update(headers or {})
        if self.keys:
            all_headers.update(sign(self.keys, self.region, f"{self.host}:{self.port}", body,
                                    all_headers))
        return self.request("POST", "/", body, all_headers)

    def call(self, action, /, **params):
        """The answer as a dict; ApiError when it is an error."""
        answer = self.raw(action, json.dumps(params).encode())
        body = answer.json()
        if answer.headers.get("Content-Type") != "application/x-amz-json-1.0":
            raise AssertionError(f"Content-Type {answer.headers.get('Content-Type')}")
        if not answer.headers.get("x-amzn-RequestId"):
            raise AssertionError("no x-amzn-RequestId")
        if answer.status != 200:
            raise ApiError(answer.status, body)
        complaints = model_complaints(action, body)
        if complaints:
            raise AssertionError(f"{action} answered against the model: {complaints}")
        return body

    def refuses(self, action, code, message=None, /, **params):
        """The call must fail with that code (and exactly that message)."""
        try:
            answer = self.call(action, **params)
        except ApiError as error:
            equal(error.code, code, f"error code ({error.message})")
            if message is not None:
                equal(error.message, message, "error message")
            return error
        raise AssertionError(f"{action} did not fail with {code} but answered {answer}")

    # the usual calls

    def create(self, name, definition, **params):
        """Creates a machine; its ARN."""
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.call("CreateStateMachine", name=name, definition=text,
                         roleArn=params.pop("roleArn", ROLE), **params)["stateMachineArn"]

    def start(self, machine, input=None, **params):     # pylint: disable=redefined-builtin
        if input is not None:
            params["input"] = input if isinstance(input, str) else json.dumps(input)
        return self.call("StartExecution", stateMachineArn=machine, **params)["executionArn"]

    def describe(self, execution):
        return self.call("DescribeExecution", executionArn=execution)

    def wait(self, execution, timeout=PATIENCE):
        """Its description once it has ended."""
        def ended():
            description = self.describe(execution)
            return description if description["status"] != "RUNNING" else None
        return wait_for(ended, timeout, f"{execution} to end")

    def run(self, machine, input=None, **params):       # pylint: disable=redefined-builtin
        return self.wait(self.start(machine, input, **params))

    def history(self, execution, **params):
        """All events, page by page."""
        events = []
        while True:
            answer = self.call("GetExecutionHistory", executionArn=execution, **params)
            events += answer["events"]
            if "nextToken" not in answer:
                return events
            params["nextToken"] = answer["nextToken"]


def sign(keys, region, host, body, headers, when=None, service="states", method="POST", path="/"):
    """Signature Version 4 headers for a request with these headers."""
    access, secret = keys
    now = when or datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    signed = {"host": host, "x-amz-date": stamp}
    signed.update({name.lower(): value for name, value in headers.items()
                   if name.lower() in ("content-type", "x-amz-target")})
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return {"X-Amz-Date": stamp, "Authorization":
            f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"}


# --- answers against the model --------------------------------------------------------------------

_model = None


def model():
    """AWS's description of the API, or None when it is not at hand."""
    global _model       # pylint: disable=global-statement
    if _model is None:
        path = SHARED / "spec" / "aws-model" / "service-2.json"
        _model = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return _model or None


def model_complaints(action, body):
    """How an answer differs from the model's shape: wrong types, unknown or missing members."""
    if model() is None or action not in model()["operations"]:
        return []
    output = model()["operations"][action].get("output")
    wrong = []
    if output:
        _shape_complaints(output["shape"], body, action, wrong)
    return wrong


_TYPES = {"string": str, "integer": int, "long": int, "float": (int, float), "boolean": bool,
          "timestamp": (int, float), "structure": dict, "list": list, "map": dict}


def _shape_complaints(name, value, path, wrong):
    shape = model()["shapes"][name]
    kind = shape["type"]
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool) != (kind == "boolean"):
        wrong.append(f"{path} is {value!r:.80}, not a {kind}")
    elif kind == "structure":
        wrong += [f"{path} has no {m}" for m in shape.get("required", ()) if m not in value]
        for member, inner in value.items():
            if member in shape["members"]:
                _shape_complaints(shape["members"][member]["shape"], inner,
                                  f"{path}.{member}", wrong)
            else:
                wrong.append(f"{path}.{member} is not in the model")
    elif kind == "list":
        for index, inner in enumerate(value):
            _shape_complaints(shape["member"]["shape"], inner, f"{path}[{index}]", wrong)
    elif kind == "string" and "enum" in shape and value not in shape["enum"]:
        wrong.append(f"{path} is {value!r}, not one of {shape['enum']}")
