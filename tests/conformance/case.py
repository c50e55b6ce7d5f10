"""case - runs one recorded case: sends its requests, holds the answers against the recording."""

import json
import re
import time
import uuid

import fakeaws_services
import functions
import histories
import history
import machines
import match
import pawltest
from match import Mismatch, _Words

READS = re.compile(r"^(Describe|List|Get|Validate)")
# How long an answer may take to become what was recorded.
PATIENCE_READ = 3.0
PATIENCE_RUN = 120.0
DATE = "2012-10-09T19:00:55Z"
EARLIER_DATE = "2012-10-08T19:00:55Z"
# What an action of another service creates is named by this parameter.
MADE = {"CreateBucket": ("Bucket",), "CreateQueue": ("QueueName",), "CreateTopic": ("Name",),
        "CreateTable": ("TableName",), "PutRule": ("Name",)}
QUEUE_NAMES = ("sqs_queue_url", "sqs-queue-url")
ACTIVITY_NAME = re.compile(r"activity_name(_\d+)?")
ROLE_NAMES = ("snf_role_arn", "sfn_role_arn")
EXECUTION_ARN = re.compile(r"^(arn:[^:]+:states:[^:]+:\d+:execution:)((?:<[^>]*>|[^:<])+):(.+)$")


class Failed(Exception):
    """The case fails, and why."""


class Case:
    """A case under way against one pawld."""

    def __init__(self, recorded, client, endpoint, account, region):
        self.recorded = recorded = machines.restored(recorded, account)
        self.client, self.endpoint = client, endpoint
        self.account, self.region = account, region
        self.unique = uuid.uuid4().hex[:8]
        day = recorded["recorded"]
        self.bindings = {"region": region, "partition": "aws"}
        self.matcher = match.Matcher(int(day[6:10] + day[3:5] + day[:2]), self.bindings)
        self.names = {}             # names that stand bare in the case -> ours
        self.activities = []        # their ARNs
        self.machines = {}          # ARN -> (definition as given, answer)
        self.started = []           # execution ARNs in order
        self.unclaimed = []         # those that no later step has named yet
        self.tokens = {}            # action -> nextToken of its last answer
        self.registered = []        # function names at the endpoint
        self.layout = {}            # machine name -> params of the create that made it
        self.compared = 0           # answers that were held against recorded ones

    # --- the run ---------------------------------------------------------------------------

    def run(self):
        """Raises Failed."""
        try:
            self.register_functions()
            self.create_queue()
            self.make_unmade()
            steps = self.recorded["steps"]
            for number, step in enumerate(steps):
                try:
                    self.step(step, steps[number + 1:])
                except Mismatch as mismatch:
                    raise Failed(f"step {number} {step['action']} "
                                 f"{' '.join(step.get('expect', ()))}: {mismatch}") from mismatch
            if self.compared == 0:
                raise Failed("nothing of it was ever sent to the service")
        finally:
            self.clean_up()

    def step(self, step, later):
        action, params = step["action"], step["params"]
        if action.startswith("SendTask") and "<task_token:1>" in params.values():
            self.bindings.setdefault("task_token:1", self.token_of_queue())
        if step["service"] in self.endpoint.world.services:
            self.step_of_service(step)
            return
        if step["service"] != "stepfunctions":
            if "expect" in step:
                raise Failed(f"nobody here plays {step['service']}, which answers {action}")
            return
        expected = [self.recorded["expected"][name] for name in step.get("expect", ())]
        if any(isinstance(e, str) for e in expected) or any(
                isinstance(e, dict) and e.get("exception_typename") == "ParamValidationError"
                for e in expected):
            return                      # refused by the recorder's own client, never sent
        request = self.request(action, params, expected)
        self.compared += bool(expected)
        if expected and isinstance(expected[0], list):
            self.compare_collected(action, request, expected)
        elif step.get("poll"):
            self.poll(action, request, later)
        elif not expected:
            self.call_without_answer(step, request)
            if action == "StartExecution":
                self.play_worker()
        else:
            self.compare(action, request, expected[0])

    # --- steps of other services --------------------------------------------------------------

    def step_of_service(self, step):
        """What a step of another service prepares, or finds when the run is over."""
        action, params = step["action"], self.named(step["action"], step["params"])
        expected = [self.recorded["expected"][name] for name in step.get("expect", ())]
        if action == "ReceiveMessage" and expected:
            events = unique(self.renamed(expected[0]))      # one was received more than once
            self.matcher.match(events, self.events_at(params, len(events)))
            return
        try:
            if action == "GetObject":       # as boto3 asks
                params["ChecksumMode"] = "ENABLED"
            got = self.endpoint.call(step["service"], action, params)
        except fakeaws_services.Fault as fault:
            raise Failed(f"{action} of {step['service']} was refused: {fault}") from fault
        if action == "CreateQueue":
            self.name_queue(got["QueueUrl"])
        if expected:
            self.matcher.match(self.renamed(expected[0]), self.as_shown(got))

    def named(self, action, params):
        """The request; what it creates by a plain name gets one that no other case has."""
        for member in MADE.get(action, ()):
            name = params[member]
            if not match.PLACEHOLDER.search(name):
                self.names.setdefault(name, f"{name}-{self.unique}")
        self.bindings.setdefault("endpoint", self.endpoint.url)
        return self.filled(params)

    def name_queue(self, url):
        for name in QUEUE_NAMES:
            self.bindings[name] = self.names[name] = url

    def create_queue(self):
        """The queue that the recorder had before the first step."""
        steps = self.recorded["steps"]
        if (any(name in json.dumps(steps) for name in QUEUE_NAMES)
                and not any(s["action"] == "CreateQueue" for s in steps)):
            self.name_queue(self.endpoint.call(
                "sqs", "CreateQueue", {"QueueName": f"queue-{self.unique}"})["QueueUrl"])

    def token_of_queue(self):
        """The task token in a message that nobody has taken."""
        params = {"QueueUrl": self.bindings["sqs_queue_url"], "MaxNumberOfMessages": 10}
        found = []

        def look():
            got = self.endpoint.call("sqs", "ReceiveMessage", {**params, "VisibilityTimeout": 0})
            found.extend(json.loads(m["Body"])["TaskToken"] for m in got.get("Messages", ())
                         if "TaskToken" in m["Body"])
            return found
        self.endpoint.wait(look)
        return found[0]

    def play_worker(self):
        """Who took messages from the queue is in no recording, only how its tasks ended."""
        if self.recorded["services"] != ["sqs"] or any(
                s["action"] in ("SendTaskSuccess", "SendTaskFailure", "CreateQueue")
                for s in self.recorded["steps"]):
            return
        for event in self.recorded["expected"].get("get_execution_history", {}).get("events", ()):
            end = event.get("taskFailedEventDetails", {})
            if end.get("resource", "").endswith(".waitForTaskToken"):
                self.endpoint.wait(lambda: any(
                    e["type"] == "TaskSubmitted" for e in self.client.history(self.started[-1])))
                answer = self.send("SendTaskFailure", {"taskToken": self.token_of_queue(),
                                                       "error": end["error"], "cause": end["cause"]})
                if "Error" in answer:
                    raise Failed(f"SendTaskFailure was refused: {answer['Error']}")

    def events_at(self, params, count):
        """The events that came to a queue."""
        self.endpoint.wait(lambda: count == 0 or self.endpoint.call(
            "sqs", "ReceiveMessage", {**params, "VisibilityTimeout": 0}).get("Messages"))
        got = self.endpoint.call("sqs", "ReceiveMessage", {**params, "MaxNumberOfMessages": 10})
        return [json.loads(m["Body"]) for m in got.get("Messages", ())]

    @staticmethod
    def as_shown(got):
        """An answer as boto3 shows it."""
        body = {k: v.decode() if isinstance(v, bytes) else v for k, v in got.items()}
        return {**body, "ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": 200}}

    def call_without_answer(self, step, request):
        answer = self.send(step["action"], request)
        self.note(step["action"], request, answer)
        if "Error" in answer and not step.get("may_fail"):
            raise Failed(f"{step['action']} was refused: {answer['Error']}")

    def send(self, action, request):
        """The answer as boto3 shows it."""
        answer = self.client.raw(action, json.dumps(request).encode())
        body = answer.json()
        shown = {"ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": answer.status}}
        if answer.status == 200:
            complaints = pawltest.model_complaints(action, body)
            if complaints:
                raise Failed(f"{action} answered against the model: {complaints}")
            return {**body, **shown}
        code = body.pop("__type", "")
        return {"Error": {"Code": code, "Message": body.get("message", "")}, **body, **shown}

    def note(self, action, request, answer):
        """Remembers what was made."""
        if "nextToken" in answer:
            self.tokens[action] = answer["nextToken"]
        if "Error" in answer:
            return
        if action == "CreateStateMachine":
            self.machines[answer["stateMachineArn"]] = request
        elif action == "CreateActivity":
            self.activities.append(answer["activityArn"])
        elif action == "StartExecution":
            self.started.append(answer["executionArn"])
            self.unclaimed.append(answer["executionArn"])

    # --- requests --------------------------------------------------------------------------

    def request(self, action, params, expected):
        """The step's parameters with our values, objects that are texts on the wire as texts."""
        shape = self.input_shape(action)
        request = {}
        if action == "CreateActivity":
            self.name_activity(params["name"])
        for member, value in params.items():
            if member == "definition" and isinstance(value, dict):
                value = self.dated(value)
            value = self.filled(value, member)
            if shape.get(member) == "string" and isinstance(value, (dict, list)):
                value = json.dumps(value)
            request[member] = value
        if action == "StartExecution":
            self.date_the_input(request)
        if isinstance(request.get("stateMachineArn"), str):
            request["stateMachineArn"] = re.sub(r"#\w+$", "", request["stateMachineArn"])
        token = request.get("nextToken")
        if token and action in self.tokens and not token.startswith("x" * 1000):
            request["nextToken"] = self.tokens[action]
        if action == "CreateStateMachine":
            self.vary_layout(request, expected)
        return request

    def name_activity(self, name):
        """The recordings say activity_name or activity_name_N for names, activity_arn or
        activity_arn_N for their ARNs. Others may use the same name at the same time."""
        found, number = ACTIVITY_NAME.fullmatch(name), ""
        if found:
            number = found.group(1) or ""
            self.names[name] = f"{name}-{self.unique}"
        self.names[f"activity_arn{number}"] = (
            f"arn:aws:states:{self.region}:{self.account}:activity:{self.names.get(name, name)}")

    @staticmethod
    def input_shape(action):
        model = pawltest.model()
        if action not in model["operations"]:
            return {}
        members = model["shapes"][model["operations"][action]["input"]["shape"]]["members"]
        return {name: model["shapes"][m["shape"]]["type"] for name, m in members.items()}

    def vary_layout(self, request, expected):
        """Recordings show definitions parsed. One that was refused as different from an equal
        one before it was the same JSON in another layout."""
        name, refused = request.get("name"), any(
            isinstance(e, dict) and (e.get("Error") or {}).get("Code") == "StateMachineAlreadyExists"
            for e in expected)
        if refused and self.layout.get(name) == request:
            request["definition"] = json.dumps(json.loads(request["definition"]), indent=1)
        else:
            self.layout.setdefault(name, dict(request))

    def filled(self, value, member=""):
        if isinstance(value, dict):
            return {self.filled(k) if "<" in k else k: self.filled(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if not isinstance(value, str):
            return value
        if member == "executionArn":
            value = self.claim(value)
        if value == "date":
            return DATE
        for role in ROLE_NAMES:
            value = value.replace(role, f"arn:aws:iam::{self.account}:role/{role}")
        for name, ours in self.names.items():
            value = re.sub(rf"(?<![\w<-]){re.escape(name)}(?![\w>-])", ours, value)
        return match.PLACEHOLDER.sub(lambda m: self.value_of(m.group(1)), value)

    def value_of(self, name):
        """Our value of a placeholder in a request."""
        if name not in self.bindings:
            self.bindings[name] = self.chosen(name)
        return self.bindings[name]

    def chosen(self, name):
        length = re.fullmatch(r"invalid_token_(\d+)_chars", name)
        if length:
            return "x" * int(length.group(1))
        if name == "timestamp":
            return self.chosen_time()
        if name.startswith("uuid"):
            return str(uuid.uuid4())
        number = re.fullmatch(r"ArnPart_(\d+)idx", name)
        if number:      # the recorded names had no dash, and sort by the number that they end with
            return f"machine_{self.unique}_{number.group(1)}_"
        return re.sub(r"[^A-Za-z0-9_-]", "-", f"{name}-{self.unique}")

    def chosen_time(self):
        """A time of which the recorded end is true: no time at all, soon, far, or too far away."""
        text = json.dumps(self.recorded["expected"])
        ended = any(f'"{kind}"' in text for kind in history.TERMINAL)
        if "does not reference a valid ISO-8601" in text:
            return "2024-01-01T12:00:00"        # says no zone
        if "delay is too long" in text:
            ahead = 24857 * 86400
        elif ended:
            ahead = 1
        else:
            ahead = 24854 * 86400
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))

    def claim(self, arn):
        """An execution that is called by a name which we did not choose is the first one of its
        machine that no step has named."""
        parts = EXECUTION_ARN.match(arn)
        if not parts:
            return arn
        name = parts.group(3)
        prefix = self.filled(parts.group(1) + parts.group(2)) + ":"
        known = name
        found = match.PLACEHOLDER.fullmatch(name)
        if found:
            known = self.bindings.get(found.group(1), "")
        if prefix + known in self.started:
            if prefix + known in self.unclaimed:
                self.unclaimed.remove(prefix + known)
            return arn
        if name in self.names:
            return arn
        for execution in self.unclaimed:
            if execution.startswith(prefix):
                self.unclaimed.remove(execution)
                if found:
                    self.bindings[found.group(1)] = execution[len(prefix):]
                else:
                    self.names[name] = execution[len(prefix):]
                return arn
        return arn

    # --- times that the recording lost -------------------------------------------------------

    def dated(self, definition):
        """Choice rules that compare with a recorded time compare with ours."""
        text = json.dumps(definition)
        return json.loads(re.sub(r'("Timestamp\w+": )"date"', rf'\1"{DATE}"', text))

    def date_the_input(self, request):
        """The recording shows both times of a comparison as "date". Ours are such that the
        recorded outcome is the right one."""
        outcome = self.recorded_outcome()
        definition = json.loads(self.machines.get(request["stateMachineArn"], {})
                                .get("definition", "{}"))
        for state in definition.get("States", {}).values():
            for rule in state.get("Choices", ()) if outcome is not None else ():
                operator = next((k for k in rule if k.startswith("Timestamp")), None)
                given = json.loads(request.get("input", "{}"))
                if operator is None or given.get("Variable") != DATE or DATE not in (
                        given.get("Value"), rule[operator]):
                    continue
                taken = definition["States"][rule["Next"]].get("Result") == outcome
                given["Variable"] = self.comparable(operator, taken)
                request["input"] = json.dumps(given)

    def recorded_outcome(self):
        outcomes = next((e for e in self.recorded["expected"].values() if isinstance(e, list)), [])
        number = len(self.started)
        if number < len(outcomes) and isinstance(outcomes[number], dict):
            return outcomes[number].get("output")
        return None

    @staticmethod
    def comparable(operator, taken):
        """A time for which "it operator DATE" is as taken says."""
        later = DATE.replace("2012", "2013")
        relation = re.sub(r"^Timestamp|Path$", "", operator)
        true_for = {"Equals": DATE, "LessThan": EARLIER_DATE, "LessThanEquals": DATE,
                    "GreaterThan": later, "GreaterThanEquals": DATE}
        false_for = {"Equals": later, "LessThan": DATE, "LessThanEquals": later,
                     "GreaterThan": DATE, "GreaterThanEquals": EARLIER_DATE}
        return (true_for if taken else false_for)[relation]

    # --- answers ---------------------------------------------------------------------------

    def compare(self, action, request, expected):
        """Sends until the answer is the recorded one; reads may need a moment."""
        if action == "GetExecutionHistory" and "events" in expected:
            self.wait_history(request, expected["events"])
        deadline = time.monotonic() + (PATIENCE_READ if READS.match(action) else 0)
        while True:
            answer = self.send(action, request)
            try:
                self.matcher.attempt(self.match_answer, action, expected, answer)
                break
            except Mismatch:
                if time.monotonic() >= deadline:
                    self.note(action, request, answer)
                    raise
                time.sleep(0.05)
        self.note(action, request, answer)

    def match_answer(self, action, expected, answer):
        expected = self.renamed(expected)
        if "exception_typename" in expected:
            if "Error" not in answer:
                raise Mismatch("", expected, answer)
            code, message = answer["Error"]["Code"], answer["Error"]["Message"]
            self.matcher.match(expected["exception_typename"], code, "/code")
            self.matcher.match(expected["exception_value"],
                               f"An error occurred ({code}) when calling the {action} operation: "
                               f"{message}", "/message")
            return
        if "Error" in answer and "Error" not in expected:
            raise Mismatch("", _Words("success"), answer["Error"])
        if action == "GetExecutionHistory" and "events" in expected:
            histories.match_histories(self.matcher, expected["events"], answer.get("events", []))
            expected = {k: v for k, v in expected.items() if k != "events"}
            answer = {k: v for k, v in answer.items() if k != "events"}
        if action == "ListActivities" and "activities" in answer:
            answer["activities"] = [a for a in answer["activities"]
                                    if a["activityArn"] in self.activities]
        self.matcher.match(expected, answer)

    def renamed(self, value):
        """A recorded answer with our names for the things that are named plainly in the case."""
        if isinstance(value, dict):
            return {k: self.renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.renamed(v) for v in value]
        if isinstance(value, str):
            for role in ROLE_NAMES:
                value = value.replace(role, f"arn:aws:iam::{self.account}:role/{role}")
            for name, ours in self.names.items():
                value = re.sub(rf"(?<![\w<-]){re.escape(name)}(?![\w>-])", ours, value)
        return value

    def wait_history(self, request, expected):
        """Until there are as many events as recorded and the last one is no other than there."""
        ends = history.is_over([e for e in expected if isinstance(e["id"], int)])
        deadline = time.monotonic() + PATIENCE_RUN
        while time.monotonic() < deadline:
            events = self.send("GetExecutionHistory", request).get("events")
            if events is None or (history.is_over(events) if ends
                                  else len(events) >= len(expected)):
                return
            time.sleep(0.02)

    def poll(self, action, request, later):
        """Repeats until what follows is possible."""
        deadline = time.monotonic() + PATIENCE_RUN
        while time.monotonic() < deadline:
            answer = self.send(action, request)
            self.note(action, request, answer)
            if "Error" in answer:
                raise Failed(f"{action} was refused: {answer['Error']}")
            if self.is_possible(action, answer, later):
                return
            time.sleep(0.02)
        raise Failed(f"{action}: what follows did not become possible")

    @staticmethod
    def is_possible(action, answer, later):
        if action == "GetExecutionHistory":
            return history.is_over(answer["events"]) or any(
                s["action"] == "StopExecution" or (
                    s["action"].startswith("SendTask")
                    and any(e["type"] == "TaskSubmitted" for e in answer["events"])) for s in later)
        return True

    def compare_collected(self, action, request, expected):
        """Answers that the recorder put together from several: pages of a list, ends of runs."""
        if action == "GetExecutionHistory":
            got = []
            for execution in self.started:
                end = self.client.wait(execution, PATIENCE_RUN)
                got.append({"input": end["input"], "output": end.get("output")})
            self.matcher.match(self.renamed(expected[0]), got)
        elif action == "ListStateMachines":
            got, params = [], {"maxResults": request.get("maxResults", 0)}
            while True:
                answer = self.send(action, params)
                got += [m for m in answer["stateMachines"] if m["stateMachineArn"] in self.machines]
                if "nextToken" not in answer:
                    break
                params["nextToken"] = answer["nextToken"]
            self.matcher.match([one for page in expected for one in page], got)
        else:
            raise Failed(f"no rule for the collected answers of {action}")

    def make_unmade(self):
        found = machines.unmade(self.recorded)
        if found is None:
            return
        machine, execution, name, definition = found
        arn = self.client.create(f"unmade-{self.unique}", definition)
        self.machines[arn] = {}
        self.names[machine] = arn
        self.names[execution] = arn.replace(":stateMachine:", ":execution:") + ":" + name

    # --- functions -------------------------------------------------------------------------

    def register_functions(self):
        given = self.recorded.get("functions", ())
        for function in given:
            placeholder = match.PLACEHOLDER.fullmatch(function["name"])
            ours = re.sub(r"\W+", "_", f"{function['name'].strip('<>')}_{self.unique}")
            if placeholder:
                self.bindings[placeholder.group(1)] = ours
            else:
                self.names[function["name"]] = ours
            arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{ours}"
            self.add_function(ours, functions.Source(
                arn, function["handler"], function["timeout"], function["source"],
                '{\\"errorMessage\\":\\"' in json.dumps(self.recorded["expected"])))
        for name, calls in recorded_calls(self.recorded).items():
            if name not in [f["name"] for f in given]:
                ours = re.sub(r"\W+", "_", f"{name.strip('<>')}_{self.unique}")
                placeholder = match.PLACEHOLDER.fullmatch(name)
                if placeholder:
                    self.bindings[placeholder.group(1)] = ours
                else:
                    self.names[name] = ours
                self.add_function(ours, functions.Replay(calls))

    def add_function(self, name, function):
        self.endpoint.functions[name] = function
        self.registered.append(name)

    # --- the end ---------------------------------------------------------------------------

    def clean_up(self):
        """Leaves nothing behind that other cases could see."""
        for execution in self.started:
            if ":execution:" in execution:
                self.send("StopExecution", {"executionArn": execution})
        for machine in self.machines:
            self.send("DeleteStateMachine", {"stateMachineArn": machine})
        for activity in self.activities:
            self.send("DeleteActivity", {"activityArn": activity})
        for name in self.registered:
            function = self.endpoint.functions.pop(name, None)
            if function is not None:
                function.close()


def unique(values):
    return [v for i, v in enumerate(values) if v not in values[:i]]


def recorded_calls(recorded):
    """{function name: [(event, failed, result)]} of the calls that the histories show."""
    calls = {}
    for answer in recorded["expected"].values():
        events = answer.get("events") if isinstance(answer, dict) else None
        for name, call in _calls_of(events or ()):
            calls.setdefault(name, []).append(call)
    return calls


def _calls_of(events):
    """Pairs each lambda Scheduled event with the next unpaired end of a lambda task."""
    scheduled, ends = [], []
    for event in events:
        detail = history.details(event) or {}
        kind = event["type"]
        if kind == "LambdaFunctionScheduled":
            scheduled.append((detail["resource"].rpartition("function:")[2], detail.get("input")))
        elif kind == "TaskScheduled" and detail.get("resourceType") == "lambda":
            parameters = match.parsed(detail["parameters"], dict)
            if isinstance(parameters, dict) and "FunctionName" in parameters:
                name = parameters["FunctionName"].rpartition("function:")[2]
                scheduled.append((name, parameters.get("Payload", {})))
        elif kind == "LambdaFunctionSucceeded":
            ends.append((False, match.parsed(detail["output"], object)))
        elif kind == "TaskSucceeded" and detail.get("resourceType") == "lambda":
            output = match.parsed(detail["output"], dict)
            ends.append((False, output.get("Payload") if isinstance(output, dict) else None))
        elif kind in ("LambdaFunctionFailed", "TaskFailed"):
            ends.append((True, match.parsed(detail.get("cause", "{}"), dict)))
    for (name, event), (failed, result) in zip(scheduled, ends):
        if failed and not isinstance(result, dict):
            continue            # not the function failed but its call: there is no such function
        yield name, (match.parsed(event, object) if isinstance(event, str) else event,
                     failed, result)


