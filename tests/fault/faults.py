"""faults - what the fault tests share: a pawld and a PostgreSQL that die again and again, and executions
that are started meanwhile."""

import http.client
import queue
import socket
import threading
import time

import pawltest


# --- the daemon -----------------------------------------------------------------------------------

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Daemon(pawltest.Pawld):
    """A pawld that may die at any moment, always on the same port."""

    def __init__(self, database, **options):
        super().__init__(database=database.new_database(), start=False, log_level="info",
                         listen=f"127.0.0.1:{free_port()}", **options)

    def begin(self, failpoints="", hibernate="10s"):
        """Whether it became ready; it may die before."""
        self.environment["PAWL_FAILPOINTS"] = failpoints
        self.options["hibernate_after"] = hibernate
        self.launch()
        line = self.read_line(pawltest.PATIENCE)
        if line.startswith("pawld ready "):
            self.url = line.split()[2]
            return True
        self.expect_killed()
        return False

    def expect_killed(self):
        """It has ended: by SIGKILL, not by a crash of its own."""
        code = self.process.wait(pawltest.PATIENCE)
        self.forget()
        if code != -9:
            raise AssertionError(f"pawld ended with {code}: {self.log()[-4000:]}")

    def dies_within(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return True
            time.sleep(0.005)
        return False


# --- the executions -------------------------------------------------------------------------------

def again(call, *arguments, **params):
    """The answer of call, which is made again while pawld is away or cannot."""
    while True:
        try:
            return call(*arguments, **params)
        except pawltest.ApiError as error:
            if error.status not in (500, 503):
                raise
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)


class Executions:
    """What is to be started, what was acknowledged.

    given(number): (machine, input); started(client, number): for what a test does besides."""

    def __init__(self, count, endpoint):
        self.count, self.endpoint = count, endpoint
        self.permits = queue.Queue()
        self.acknowledged = {}          # number -> ARN
        self.trouble = []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def given(self, number):
        raise NotImplementedError

    def started(self, client, number):
        pass

    def allow(self, numbers):
        for number in numbers:
            self.permits.put(number)

    def work(self):
        client = pawltest.Client(self.endpoint)
        while (number := self.permits.get()) is not None:
            try:
                self.start(client, number)
            except Exception as error:      # pylint: disable=broad-except
                self.trouble.append(f"execution {number}: {error!r}")
            finally:
                self.permits.task_done()

    def start(self, client, number):
        """Says the same start again until it is acknowledged."""
        machine, given = self.given(number)
        arn = machine_arn(machine)
        try:
            got = again(client.start, arn, given, name=f"e{number}")
        except pawltest.ApiError as error:
            if error.code != "ExecutionAlreadyExists":      # an answer got lost; it has ended
                raise
            got = arn.replace(":stateMachine:", ":execution:") + f":e{number}"
        self.acknowledged[number] = got
        self.started(client, number)

    def finish(self):
        self.permits.join()
        for _ in self.threads:
            self.permits.put(None)
        for thread in self.threads:
            thread.join()


def machine_arn(name):
    return f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:stateMachine:{name}"


# --- the kills ------------------------------------------------------------------------------------

def plan(rng, points, pawld, postgres):
    """Rounds (kind, detail) in random order: these fail points ("name=what"), so many deaths at random
    times of pawld, of PostgreSQL."""
    rounds = [("failpoint", point) for point in points]
    rounds += [("pawld", rng.uniform(0.02, 1.5)) for _ in range(pawld)]
    rounds += [("postgres", rng.uniform(0.02, 1.5)) for _ in range(postgres)]
    rng.shuffle(rounds)
    return rounds


def one_round(daemon, database, kind, detail, rng):
    """Lets the daemon run until it or PostgreSQL has died; what happened, for the log."""
    hibernate = rng.choice(("0s", "500ms", "10s"))
    if kind == "failpoint" and detail.startswith("hibernate"):
        hibernate = "500ms"
    if kind == "failpoint":
        if not daemon.begin(detail, hibernate):
            return "died while starting"
        if daemon.dies_within(6):
            daemon.expect_killed()
            return "died"
        daemon.kill()
        return "not reached, killed"
    if not daemon.begin("", hibernate):
        raise AssertionError("pawld died by itself")
    time.sleep(detail)
    if kind == "postgres":
        database.kill()
        time.sleep(rng.uniform(0, 0.3))
        database.start()
        time.sleep(rng.uniform(0.1, 1.5))
        if daemon.process.poll() is not None:
            raise AssertionError(f"pawld did not survive PostgreSQL: {daemon.log()[-4000:]}")
    daemon.kill()
    return "killed"


def carry_out(rounds, daemon, database, executions, rng):
    """All rounds, in each a share of the executions is started; a last start of pawld lets them come
    to their ends. Fail points at which pawld was to die and never did are trouble."""
    missed = {detail.partition("=")[0] for kind, detail in rounds if kind == "failpoint"}
    for number, (kind, detail) in enumerate(rounds):
        executions.allow(range(number * executions.count // len(rounds),
                               (number + 1) * executions.count // len(rounds)))
        text = detail if kind == "failpoint" else f"after {detail:.2f} s"
        happened = one_round(daemon, database, kind, detail, rng)
        if kind == "failpoint" and happened.startswith("died"):
            missed.discard(detail.partition("=")[0])
        print(f"# {number + 1}/{len(rounds)} {kind} {text}: {happened}, "
              f"{len(executions.acknowledged)} acknowledged", flush=True)
    daemon.begin()
    executions.finish()
    executions.trouble += [f"fail point {name} was never reached" for name in sorted(missed)]


def conclude(wrong, count, sentence, seed):
    """Prints the complaints, the verdict and the sum of count checks, and ends the test."""
    for line in wrong:
        print(f"not ok {line}")
    failed = min(count, len(wrong))
    print(f"{'not ok' if wrong else 'ok'} {sentence} (seed {seed})")
    print(f"{count - failed} passed, {failed} failed, 0 skipped")
    raise SystemExit(1 if wrong else 0)
