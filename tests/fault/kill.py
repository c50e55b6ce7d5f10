#!/usr/bin/python3
"""kill - the kill harness: executions under way while pawld and PostgreSQL die, again and again.

Executions of the example account-opening and of a mix of Parallel, Map, Wait, Retry and
Catch, which start executions themselves, are started all the time. Meanwhile pawld is killed (kill -9) at every fail point and
at random times, PostgreSQL at random times. Afterwards every execution that was
acknowledged is there, every one has ended, and each history equals that of an
undisturbed run, times aside: as a tree, since what runs side by side may finish in any order.
No task has started two executions, and none that a task waited for has outlived it.

    kill.py                  the short form
    kill.py --long           the long form: 500 executions
    kill.py --seed N         the same kills again; the seed of each run is printed
"""

import argparse
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import queue
import random
import re
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "docs" / "examples" / "account-opening"
sys.path[:0] = [str(TOP / "tests" / "e2e"), str(EXAMPLE)]

# pylint: disable=wrong-import-position
import faults
import history
import pawltest
import services

ECHO = "arn:pawl:states:::echo:say"
START = "arn:aws:states:::states:startExecution"
# An outage lasts longer than the example's time limits, and a limit that passes is a fact of the
# history. Here only the answers of the services decide.
LONG_LIMIT = 300
RETRY = [{"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "BackoffRate": 1.0,
          "MaxAttempts": 5}]


def echo(output, delay_ms, **fields):
    return {"Type": "Task", "Resource": ECHO, "Parameters": {"DelayMs": delay_ms, **output}, **fields}


def mix_definition():
    """Everything that can be under way, nothing whose outcome depends on who is quicker."""
    call = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Retry": RETRY, "End": True,
            "TimeoutSeconds": LONG_LIMIT, "ResultSelector": {"known.$": "$.ResponseBody.known"},
            "Parameters": {"ApiEndpoint.$": "$.service", "Method": "POST",
                           "RequestBody": {"name.$": "$.subject", "born": "2000-01-01"}}}
    inner_map = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": True,
                 "ItemProcessor": {"StartAt": "Each", "States": {
                     "Each": echo({"Output.$": "$"}, 30, Next="Pause"),
                     "Pause": {"Type": "Wait", "Seconds": 1, "End": True}}}}
    return {"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "ResultPath": "$.both", "Next": "Fails", "Branches": [
            {"StartAt": "Items", "States": {"Items": inner_map}},
            {"StartAt": "Sleep", "States": {
                "Sleep": {"Type": "Wait", "Seconds": 2, "Next": "Wake"},
                "Wake": echo({"Output": "awake"}, 10, End=True)}},
            {"StartAt": "Given up", "States": given_up_states()},
            {"StartAt": "Call", "States": {"Call": call}},
            {"StartAt": "Ask", "States": {"Ask": ask_state()}},
            {"StartAt": "Work", "States": {"Work": work_state()}}]},
        "Fails": {"Type": "Parallel", "Next": "Never", "Branches": [
            {"StartAt": "Wrong", "States": {"Wrong": echo(
                {"Error": "Wrong", "Cause": "on purpose"}, 20, End=True, Retry=[
                    {"ErrorEquals": ["Wrong"], "IntervalSeconds": 1, "MaxAttempts": 1}])}}],
            "Catch": [{"ErrorEquals": ["Wrong"], "ResultPath": "$.caught", "Next": "Choose"}]},
        "Never": {"Type": "Fail", "Error": "Unreachable"},
        "Choose": {"Type": "Choice", "Default": "Odd", "Choices": [
            {"Variable": "$.even", "BooleanEquals": True, "Next": "Even"}]},
        "Even": {"Type": "Pass", "Result": "even", "ResultPath": "$.kind", "Next": "Many"},
        "Odd": echo({"Output": "odd"}, 5, ResultPath="$.kind", Next="Many"),
        "Many": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.many", "Next": "Count",
                 "ItemProcessor": {"StartAt": "M1", "States": {
                     "M1": {"Type": "Pass", "Next": "M2"},
                     "M2": echo({"Output.$": "$"}, 5, End=True)}}},
        **lua_states()}}


def ask_state():
    """A worker gets the token, refuses once and answers then."""
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True,
            "HeartbeatSeconds": LONG_LIMIT,
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Parameters": {"FunctionName": "ask", "Payload": {
                "url.$": "States.Format('{}/ask', $.service)", "token.$": "$$.Task.Token",
                "execution.$": "$$.Execution.Id", "attempt.$": "$$.State.RetryCount",
                "subject.$": "$.subject"}}}


ACTIVITY = f"arn:aws:states:{pawltest.REGION}:{pawltest.ACCOUNT}:activity:work"


def work_state():
    """A worker polls for it; what he is given says how often he refuses."""
    return {"Type": "Task", "Resource": ACTIVITY, "End": True, "HeartbeatSeconds": LONG_LIMIT,
            "Parameters": {"subject.$": "$.subject", "attempt.$": "$$.State.RetryCount"},
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]}


def lua_states():
    """The end of the mix in Lua: what was computed must be there after a crash, and is not computed again."""
    return {
        "Count": {"Type": "Task", "QueryLanguage": "Lua", "Resource": ECHO, "Next": "Nap",
                  "Arguments": {"DelayMs": 5, "Output": "{% {n = #states.input.many, kind = states.input.kind} %}"},
                  "Assign": {"counted": "{% states.result %}", "draw": "{% math.random(6) > 0 %}"},
                  "Output": "{% states.result.n %}"},
        "Nap": {"Type": "Wait", "QueryLanguage": "Lua", "Next": "Decide",
                "Seconds": "{% counted.n > 100 and 5 or 1 %}"},
        "Decide": {"Type": "Choice", "QueryLanguage": "Lua", "Default": "Done", "Choices": [
            {"Condition": "{% draw and counted.kind == 'even' %}", "Next": "Done",
             "Output": {"even": "{% states.input %}"}}]},
        "Done": {"Type": "Pass", "Result": [1, 2], "Next": "Nested"},
        **nested_states()}


def nested_states():
    """Executions that are waited for, and one that goes its way."""
    return {
        "Nested": {"Type": "Map", "Next": "Apart",
                   "Parameters": {"n.$": "$$.Map.Item.Value"},
                   "ItemProcessor": {"StartAt": "Child", "States": {"Child": {
                       "Type": "Task", "Resource": START + ".sync:2", "End": True,
                       "ResultSelector": {"got.$": "$.Output"},
                       "Parameters": {"StateMachineArn": faults.machine_arn("child"), "Input.$": "$"}}}}},
        "Apart": {"Type": "Task", "Resource": START, "ResultPath": None, "End": True,
                  "Parameters": {"StateMachineArn": faults.machine_arn("child"), "Input": {"n": 7}}}}


def given_up_states():
    return {
        "Given up": {"Type": "Task", "Resource": START + ".sync", "TimeoutSeconds": 1, "End": True,
                     "Parameters": {"StateMachineArn": faults.machine_arn("idle")},
                     "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Let be"}]},
        "Let be": {"Type": "Pass", "Result": "given up", "End": True}}


def child_definition():
    return {"StartAt": "Work", "States": {
        "Work": echo({"Output.$": "$"}, 20, Next="Rest"),
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "More"},
        "More": echo({"Output.$": "$.n"}, 5, End=True)}}


def example_definition():
    text = (EXAMPLE / "account-opening.asl.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r'"TimeoutSeconds": \d+', f'"TimeoutSeconds": {LONG_LIMIT}', text))


# --- the services -----------------------------------------------------------------------------

class PlannedHandler(http.server.BaseHTTPRequestHandler):
    """The example's services; faults follow the attempt, so that a repeated call changes nothing.

    An attempt is known by its Idempotency-Key. Asked about a subject "s-N..." the first
    N mod 3 attempts are answered 503, whoever asks how often."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, format, *args):   # pylint: disable=redefined-builtin
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        name = self.path.rpartition("/")[2]
        if name == "ask":
            self.server.asked.put(asked)
            self.answer(200, {})
            return
        key = self.headers.get("Idempotency-Key") or ""
        subject = asked.get("name") or asked.get("street")
        with self.server.lock:
            attempts = self.server.attempts.setdefault((name, subject), [])
            if key not in attempts:
                attempts.append(key)
            number = attempts.index(key)
            if number < len(attempts) - 1:      # its answer led to the next attempt long ago
                self.server.lost.append(f"{name} {subject}: attempt {number} was made again "
                                        f"after attempt {len(attempts) - 1} had begun")
        faults = int(re.search(r"\d+", subject).group()) % 3
        time.sleep(0.02)
        status = 503 if number < faults else 200
        self.answer(status, services.SERVICES[name](asked) if status == 200
                    else {"message": "out of order"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        with contextlib.suppress(OSError):
            self.send_response_only(status)         # no Date: answers are the same every time
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()


class PlannedServer(http.server.ThreadingHTTPServer):
    """Does not mind callers that are killed."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass


class PlannedServices:
    """Where both services are. lost: complaints about answers that were asked for again."""

    def __init__(self, port=0):
        self.server = PlannedServer(("127.0.0.1", port), PlannedHandler)
        self.server.lock, self.server.attempts = threading.Lock(), {}
        self.asked = self.server.asked = queue.Queue()
        self.lost = self.server.lost = []
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forget(self):
        """The next run begins with no attempts seen."""
        with self.server.lock:
            self.server.attempts.clear()


class Workers:
    """Answer the questions of the mix with their tokens, poll for its activity, and say every
    answer again until it is taken.

    An answer may be durable and its reply lost: then the next one hears that the task is over.
    taken: how often an answer to a token was taken."""

    def __init__(self, asked, endpoint):
        self.asked, self.endpoint = asked, endpoint
        self.lock, self.taken, self.trouble = threading.Lock(), {}, []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=target, daemon=True) for target in
                        (self.work, self.work, self.work, self.work, self.poll, self.poll)]
        for thread in self.threads:
            thread.start()

    def poll(self):
        client = pawltest.Client(self.endpoint)
        while not self.over.is_set():
            try:
                task = self.call(client, "GetActivityTask", activityArn=ACTIVITY, workerName="w")
                if "taskToken" in task:
                    self.say(client, task["taskToken"], **json.loads(task["input"]))
            except Exception as error:      # pylint: disable=broad-except
                self.trouble.append(f"a worker: {error!r}")

    def work(self):
        client = pawltest.Client(self.endpoint)
        while (question := self.asked.get()) is not None:
            try:
                self.answer(client, question)
            except Exception as error:      # pylint: disable=broad-except
                self.trouble.append(f"the question about {question['subject']}: {error!r}")

    def answer(self, client, question):
        token, execution = question["token"], question["execution"]
        # a quicker answer would be fine, but make another history
        while not any(token in str(e) for e in self.submitted(client, execution)):
            if self.call(client, "DescribeExecution", executionArn=execution)["status"] != "RUNNING":
                return
            time.sleep(0.02)
        self.say(client, token, question["subject"], question["attempt"])

    def say(self, client, token, subject, attempt):
        if self.call(client, "SendTaskHeartbeat", taskToken=token) is None:
            return
        if attempt == 0:
            answer = self.call(client, "SendTaskFailure", taskToken=token, error="Busy")
        else:
            answer = self.call(client, "SendTaskSuccess", taskToken=token,
                               output=json.dumps({"answered": subject}))
        if answer is not None:
            with self.lock:
                self.taken[token] = self.taken.get(token, 0) + 1

    def submitted(self, client, execution):
        """The ...Scheduled events of the tasks whose requests are accepted."""
        events = self.call(client, "GetExecutionHistory", executionArn=execution,
                           maxResults=1000)["events"]
        by_id = {e["id"]: e for e in events}
        return [by_id[by_id[e["previousEventId"]]["previousEventId"]] for e in events
                if e["type"] == "TaskSubmitted"]

    def call(self, client, action, **params):
        """The answer; None when the task is over."""
        try:
            return faults.again(client.call, action, **params)
        except pawltest.ApiError as error:
            if error.code != "TaskTimedOut":
                raise
            return None

    def finish(self):
        """Complaints; the threads end with what is asked already."""
        self.over.set()
        for _ in self.threads:
            self.asked.put(None)
        for thread in self.threads:
            thread.join()
        return self.trouble + [f"{count} answers to one token were taken" for count in
                               self.taken.values() if count > 1]


# --- the executions ----------------------------------------------------------------------------

def input_of(number, url):
    """(machine, input) of an execution; a few kinds, so that the undisturbed run can be short."""
    kind = number % 6
    if number % 2:
        return "mix", {"service": f"{url}/check-name", "subject": f"s-{number}", "even": kind == 1,
                       "items": list(range(kind))}
    street = "Nowhere" if kind == 4 else "Lane"
    return "opening", {
        "applicant": {"name": f"s-{number} Nobody" if kind == 2 else f"s-{number}", "born": "1990",
                      "street": f"{number} {street}", "city": "X", "income": 30000},
        "coolingOffSeconds": 2,
        "services": {"checkName": f"{url}/check-name", "checkAddress": f"{url}/check-address"}}


def clean(event):
    """Takes out of an event what may differ between equal runs: ids of a call, its date, tokens."""
    detail = history.details(event)
    if detail and "parameters" in detail:
        detail["parameters"] = re.sub(r'("token":)"[\w-]{57}"', r"\1null", detail["parameters"])
    if detail and re.search("SdkHttpMetadata|ExecutionArn", str(detail.get("output", ""))):
        output = json.loads(detail["output"])
        for member in ("SdkHttpMetadata", "SdkResponseMetadata", "ExecutionArn", "Name", "StartDate",
                       "StopDate"):
            output.pop(member, None)
        detail["output"] = json.dumps(output)
    return event


def without_submitted(events):
    """The history without TaskSubmitted: a time limit that passes during an outage passes before it."""
    before = {e["id"]: e["previousEventId"] for e in events if e["type"] == "TaskSubmitted"}
    return [{**e, "previousEventId": before.get(e["previousEventId"], e["previousEventId"])}
            for e in events if e["id"] not in before]


class Executions(faults.Executions):
    """Those of the example and of the mix, and an entry of the catalogue beside each.

    machines: the entries that were acknowledged."""

    def __init__(self, count, url, endpoint):
        self.url, self.machines = url, {}
        super().__init__(count, endpoint)

    def given(self, number):
        return input_of(number, self.url)

    def started(self, client, number):
        with contextlib.suppress(pawltest.ApiError, OSError, http.client.HTTPException):
            name = f"churn-{number}"
            self.machines[name] = client.create(name, {"StartAt": "A", "States": {
                "A": {"Type": "Succeed"}}})


# --- the runs -------------------------------------------------------------------------------------

ASK = """
return function(event)
    local answer = http.request({ url = event.url, method = 'POST', body = json.encode(event) })
    return { status = answer.status }
end
"""


def prepare_scripts(daemon):
    functions = daemon.folder / "scripts" / "functions"
    functions.mkdir(exist_ok=True)
    (functions / "ask.lua").write_text(ASK, encoding="utf-8")
    (functions / "score.lua").write_text(
        (EXAMPLE / "scripts" / "functions" / "score.lua").read_text("utf-8"), encoding="utf-8")


def create_machines(client):
    client.call("CreateActivity", name="work")
    client.create("opening", example_definition())
    client.create("child", child_definition())
    client.create("idle", {"StartAt": "Idle", "States": {
        "Idle": {"Type": "Wait", "Seconds": 36000, "End": True}}})
    client.create("mix", mix_definition())


def undisturbed(numbers, planned):
    """{number: (status, canonical history)} of a run that nobody disturbs."""
    with pawltest.Pawld(database=pawltest.Postgres().new_database(), start=False,
                        log_level="info", activity_poll="1s") as daemon:
        prepare_scripts(daemon)
        daemon.start()
        client = daemon.client()
        create_machines(client)
        workers = Workers(planned.asked, daemon.url)
        arns = {}
        for number in numbers:
            machine, given = input_of(number, planned.url)
            arns[number] = client.start(faults.machine_arn(machine), given, name=f"e{number}")
        expected = {number: outcome(client, arn) for number, arn in arns.items()}
        if workers.finish():
            raise AssertionError(f"undisturbed: {workers.trouble}")
        for number, (status, events) in expected.items():
            if status != "SUCCEEDED" and "ApplicationDeclined" not in str(events[-1]):
                raise AssertionError(f"undisturbed, e{number} ended {status}: {events[-1]}")
        return expected


def outcome(client, arn):
    end = client.wait(arn, 180)
    events = client.history(arn, maxResults=1000)
    complaints = history.check(events)
    if complaints:
        raise AssertionError(f"{arn}: {complaints}")
    return end["status"], history.canonical(history.tree(without_submitted(events)), clean)


# --- the kills --------------------------------------------------------------------------------------

def failpoints():
    """Those that concern these executions: sql.* are those of effects.py, retention.* of test_retention.py, place.* of
    test_execution_limits.py."""
    return [name for name in pawltest.failpoints() if not name.startswith(("sql.", "retention.", "place."))]


def plan(rng, long_form):
    """Each fail point several times in the long form."""
    hits = (1, 2, 5, 13) if long_form else (1,)
    points = [f"{name}=die@{max(1, hit + rng.randrange(hit))}" for name in failpoints() for hit in hits]
    return faults.plan(rng, points, *((25, 15) if long_form else (5, 3)))


def disturbed(rng, count, planned, long_form):
    """Runs and kills; the daemon, its database and the executions afterwards."""
    database = pawltest.Postgres()
    daemon = faults.Daemon(database, activity_poll="1s")
    prepare_scripts(daemon)
    daemon.begin()
    create_machines(daemon.client())
    executions = Executions(count, planned.url, daemon.url)
    workers = Workers(planned.asked, daemon.url)
    daemon.kill()
    faults.carry_out(plan(rng, long_form), daemon, database, executions, rng)
    return daemon, executions, workers, database


def verify(daemon, executions, expected):
    """Complaints, one a line."""
    client = daemon.client()
    wrong = list(executions.trouble)
    if len(executions.acknowledged) != executions.count:
        wrong.append(f"{executions.count - len(executions.acknowledged)} starts were never acknowledged")
    for number, arn in sorted(executions.acknowledged.items()):
        try:
            status, canonical = outcome(client, arn)
        except (AssertionError, pawltest.ApiError) as error:
            wrong.append(f"e{number}: {error}")
            continue
        if (status, canonical) != expected[number]:
            wrong.append(f"e{number}: {status}, the undisturbed run {expected[number][0]}; "
                         + first_difference(expected[number][1], canonical))
    for name, arn in executions.machines.items():
        try:
            client.call("DescribeStateMachine", stateMachineArn=arn)
        except pawltest.ApiError as error:
            wrong.append(f"machine {name} was acknowledged and is not there: {error}")
    return wrong


def nested_complaints(daemon, database):
    """What the rows say about executions that tasks started."""
    name = daemon.options["database"].partition("dbname=")[2].split()[0]
    pawltest.wait_for(lambda: database.sql("SELECT count(*) FROM pawl.open_execution", name) == "0",
                      60, "every execution to end")
    twice = database.sql("SELECT count(*) FROM (SELECT FROM pawl.execution WHERE parent_id IS NOT NULL "
                         "GROUP BY parent_id, parent_task HAVING count(*) > 1) AS t", name)
    odd = database.sql(
        "SELECT count(*) FROM pawl.execution_summary WHERE parent IS NOT NULL "
        "AND status <> CASE machine WHEN 'idle' THEN 'ABORTED' ELSE 'SUCCEEDED' END", name)
    missing = database.sql(
        "SELECT count(*) FROM pawl.execution_summary AS p WHERE machine = 'mix' AND 3 <> ("
        "SELECT count(*) FROM pawl.execution_summary AS c WHERE c.parent = p.name "
        "AND c.machine = 'child')", name)
    return [f"{number} {what}" for number, what in (
        (twice, "tasks started more than one execution"),
        (odd, "executions that tasks started ended otherwise than they should"),
        (missing, "executions have not the children that they should have")) if number != "0"]


def first_difference(expected, got, path=""):
    """Where two canonical histories part."""
    if isinstance(expected, list) and isinstance(got, list):
        for index, (one, other) in enumerate(zip(expected, got)):
            if one != other:
                return first_difference(one, other, f"{path}/{index}")
        return f"at {path}: {len(expected)} items expected, {len(got)} there"
    if isinstance(expected, dict) and isinstance(got, dict) and set(expected) == set(got):
        for key, one in expected.items():
            if one != got[key]:
                return first_difference(one, got[key], f"{path}/{key}")
    return f"at {path}: expected {json.dumps(expected)[:300]}, got {json.dumps(got)[:300]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--long", action="store_true", help="500 executions, every fail point often")
    parser.add_argument("--executions", type=int)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    count = options.executions or (500 if options.long else 60)
    pawltest.need_pawld()
    print(f"# seed {options.seed}, {count} executions, "
          f"{len(failpoints())} fail points", flush=True)
    rng = random.Random(options.seed)
    planned = PlannedServices()
    expected = undisturbed(range(count), planned)
    planned.forget()
    daemon, executions, workers, database = disturbed(rng, count, planned, options.long)
    wrong = planned.lost + verify(daemon, executions, expected) + workers.finish()
    wrong += nested_complaints(daemon, database)
    daemon.stop()
    faults.conclude(wrong, count, "every execution ended as if nothing had happened", options.seed)


if __name__ == "__main__":
    main()
