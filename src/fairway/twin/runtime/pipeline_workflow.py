"""Step Functions actions.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
"""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.pipeline_artifacts import zipped
from fairway.twin.runtime.pipeline_failures import CONFIGURATION, JOB, ActionFailedError, failure_code

if TYPE_CHECKING:
    from fairway.twin.runtime.pipeline_hands import ActionHands

# The file of an output artifact; AWS's page does not name it.
OUTPUT_FILE = "output.json"
_POLL_SECONDS = 0.5


def run_workflow(hands: "ActionHands") -> None:
    """Start an execution of the state machine, wait for its end, and hand on its output."""
    run, client = hands.run, hands.client("stepfunctions")
    machine = run.configuration["StateMachineArn"]
    express = _call(client.describe_state_machine, stateMachineArn=machine)["type"] == "EXPRESS"
    if express and hands.output_names():
        raise ActionFailedError(CONFIGURATION, "An express state machine cannot provide an output artifact.")
    prefix = run.configuration.get("ExecutionNamePrefix")
    execution = _call(
        client.start_execution,
        stateMachineArn=machine,
        name=f"{prefix}-{run.identity}" if prefix else run.identity,
        input=_input(hands),
    )["executionArn"]
    run.external_id = execution
    run.external_url = (
        f"https://console.aws.amazon.com/states/home?region={hands.pipeline.region}#/executions/details/{execution}"
    )
    run.variables = {"StateMachineArn": machine, "ExecutionArn": execution}
    if not express:
        _finish(hands, client, execution)


def _finish(hands: "ActionHands", client: Any, execution: str) -> None:
    while (found := _call(client.describe_execution, executionArn=execution))["status"] == "RUNNING":
        hands.pause(_POLL_SECONDS)
    if found["status"] != "SUCCEEDED":
        why = ": ".join(found[name] for name in ("error", "cause") if found.get(name))
        raise ActionFailedError(JOB, f"The execution {execution} ended as {found['status']}{f': {why}' if why else ''}")
    for name in hands.output_names():
        if not found.get("output"):
            raise ActionFailedError(JOB, f"The execution {execution} has no output for the artifact {name}.")
        artifact = hands.new_output(name)
        hands.store.put(artifact, zipped({OUTPUT_FILE: found["output"]}))
        hands.run.outputs.append(artifact)


def _input(hands: "ActionHands") -> str:
    """Return what the execution is given; ministack would take what is no JSON."""
    text = _given(hands)
    try:
        json.loads(text)
    except ValueError as error:
        raise ActionFailedError(
            CONFIGURATION,
            f"Error calling StartExecution: Invalid State Machine Execution Input: {error} (InvalidExecutionInput)",
        ) from error
    return text


def _given(hands: "ActionHands") -> str:
    configuration = hands.run.configuration
    if configuration.get("InputType", "Literal") == "Literal":
        return configuration.get("Input", "{}")
    [artifact] = hands.run.inputs
    if artifact.origin is not None:
        raise ActionFailedError(
            CONFIGURATION, f"The artifact {artifact.name} is a clone reference, which only CodeBuild can read."
        )
    return hands.store.read_file(artifact, configuration["Input"])


def _call(method: Any, **parameters: str) -> Any:
    try:
        return method(**parameters)
    except ClientError as error:
        raise ActionFailedError(
            failure_code(error), f"Error calling {error.operation_name}: {sentence(error)}"
        ) from error
