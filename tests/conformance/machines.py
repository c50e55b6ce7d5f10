"""machines - puts back what the recorder's normalisation lost about state machines that start others.

All names became one placeholder, all accounts several, and one case does not say how the machine was
made that it starts. What is put back follows from the content alone.
"""

import json
import re

import history
import match

ACCOUNT_PLACEHOLDER = re.compile(r"<\w*account_id>")
NAME = "ArnPart_0idx"
# These members name what a task starts or started; the others are about the machine of the case itself.
NESTED_MEMBERS = ("StateMachineArn", "ExecutionArn")


def restored(recorded, account):
    """The case with one account, and with two names for two machines."""
    recorded = json.loads(ACCOUNT_PLACEHOLDER.sub(account, json.dumps(recorded)))
    created = [s["params"] for s in recorded["steps"]
               if s["action"] == "CreateStateMachine" and s["params"].get("name") == f"<{NAME}>"
               and "expect" not in s]
    if len(created) == 2 and created[0]["definition"] != created[1]["definition"]:
        created[0]["name"] = f"<{NAME}_started>"
        recorded = _renamed(recorded)
    return recorded


def _renamed(value):
    if isinstance(value, dict):
        return {k: re.sub(f":<{NAME}>(?!<)", f":<{NAME}_started>", v)
                if k in NESTED_MEMBERS and isinstance(v, str) else _renamed(v)
                for k, v in value.items()}
    return [_renamed(v) for v in value] if isinstance(value, list) else value


def unmade(recorded):
    """(word for its ARN, word for its execution's ARN, execution's name, definition) of a machine that the
    case starts and does not make, or None: one with the recorded output."""
    for answer in recorded["expected"].values():
        for event in answer.get("events", ()) if isinstance(answer, dict) else ():
            detail = history.details(event) or {}
            if event["type"] != "TaskSucceeded" or detail.get("resourceType") != "states":
                continue
            end = match.parsed(detail["output"], dict)
            if isinstance(end, dict) and re.fullmatch(r"[\w-]+", end.get("StateMachineArn", ":")):
                return (end["StateMachineArn"], end["ExecutionArn"], end["Name"],
                        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": end["Output"],
                                                          "End": True}}})
    return None
