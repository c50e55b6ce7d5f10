"""needs - what a recorded case asks for beyond what is built, read off its content.

A case without needs must pass. A need is a word for a room of the house that is
not built yet; when it is, its rule here goes, and its cases must pass from then on.
Only requests, definitions and recorded answers are looked at, never a case's name.
"""

import json
import re

# Actions that pawld serves.
ACTIONS = frozenset("""
    CreateStateMachine UpdateStateMachine DescribeStateMachine ListStateMachines
    DeleteStateMachine ValidateStateMachineDefinition StartExecution DescribeExecution
    DescribeStateMachineForExecution ListExecutions GetExecutionHistory StopExecution
    TagResource UntagResource ListTagsForResource
    SendTaskSuccess SendTaskFailure SendTaskHeartbeat CreateActivity DescribeActivity
    ListActivities DeleteActivity GetActivityTask""".split())

ACTION_NEEDS = (
    (r"TestState$", "TestState"),
    (r"StartSyncExecution$", "express"),
    (r"(PublishStateMachineVersion|.*StateMachineVersions?)$", "versions"),
    (r".*StateMachineAlias(es)?$", "aliases"),
    (r".*MapRuns?$", "distributed map"),
    (r"RedriveExecution$", "redrive"),
)

# Services that pawld (sqs, sns, dynamodb) or the runner's endpoint plays, and what tasks may ask besides.
SERVICES = frozenset("lambda sqs sns dynamodb s3 events secretsmanager apigateway".split())
TASK_SERVICES = SERVICES | frozenset("http aws-sdk:sqs aws-sdk:sns aws-sdk:dynamodb aws-sdk:s3 "
                                     "aws-sdk:secretsmanager aws-sdk:sfn".split())
DISTRIBUTED_FIELDS = frozenset("ItemReader ItemBatcher ResultWriter Label".split())


def needs(case):
    """The sorted list of what the case needs and pawld does not have; [] = it must pass."""
    found = set()
    for step in case["steps"]:
        if step["service"] == "stepfunctions":
            found |= _step_needs(step)
        elif step["service"] not in SERVICES:
            found.add("service " + step["service"])
        elif "aws.states" in json.dumps(step["params"]):
            found.add("events of executions")
    return sorted(found)


def _action_needs(action):
    if action in ACTIONS:
        return set()
    return {next((need for pattern, need in ACTION_NEEDS if re.match(pattern, action)),
                 "action " + action)}


def definitions(case):
    """The parsed definitions that the case's steps give."""
    for step in case["steps"]:
        definition = step["params"].get("definition")
        if isinstance(definition, dict):
            yield definition


def _step_needs(step):
    action, params = step["action"], step["params"]
    found = _action_needs(action)
    if params.get("type") == "EXPRESS":
        found.add("express")
    if params.get("publish") or "versionDescription" in params:
        found.add("versions")
    if (params.get("loggingConfiguration") or {}).get("destinations"):
        found.add("logs")
    if (params.get("encryptionConfiguration") or {}).get("kmsKeyId"):
        found.add("encryption keys")
    if isinstance(params.get("definition"), dict):
        _definition_needs(params["definition"], found)
    return found


def _definition_needs(machine, found):
    if machine.get("QueryLanguage") == "JSONata":
        found.add("JSONata")
    for state in (machine.get("States") or {}).values():
        if isinstance(state, dict):
            _state_needs(state, found)


def _state_needs(state, found):
    if state.get("QueryLanguage") == "JSONata":
        found.add("JSONata")
    if state.get("Type") == "Task":
        _resource_needs(str(state.get("Resource")), found)
    if state.get("Type") == "Map" and DISTRIBUTED_FIELDS & set(state):
        found.add("distributed map")
    for branch in state.get("Branches") or []:
        _definition_needs(branch, found)
    for field in ("ItemProcessor", "Iterator"):
        processor = state.get(field)
        if isinstance(processor, dict):
            if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
                found.add("distributed map")
            _definition_needs(processor, found)


def _resource_needs(resource, found):
    if re.match(r"arn:[^:]*:lambda:", resource):
        return
    if ":activity:" in resource or resource == "activity_arn":
        return
    match = re.match(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:\w+|\w+):(\w+)(\.\S+)?$", resource)
    if not match:           # no ARN of a task: it is for the validation to say so
        return
    service, action, _ = match.groups()
    if service == "aws-sdk:sfn":
        found |= _action_needs(action[:1].upper() + action[1:])
    elif service not in TASK_SERVICES and (service, action) != ("states", "startExecution"):
        found.add("service " + service)
