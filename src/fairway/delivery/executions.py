"""Run a workflow of Step Functions from its start to its end, or until somebody interrupts."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fairway.errors import FairwayError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class StateEvent:
    """A state that the execution entered or left."""

    state: str
    entered: bool


def new_name() -> str:
    """Return a name for an execution: when it began, and a few random digits against two that begin together."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def arn_of(state_machine_arn: str, name: str) -> str:
    """Return the ARN of a state machine's execution of that name."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def run(
    states: "SFNClient",
    state_machine_arn: str,
    name: str,
    told: Mapping[str, Any],
    listen: Callable[[StateEvent], None],
    *,
    failed: Callable[[str, str, str], FairwayError],
    look: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Start an execution, follow it as `follow` does, and return its output; an interrupt stops it, with its job."""
    execution = arn_of(state_machine_arn, name)
    try:
        states.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(told))
        return follow(states, execution, listen, failed=failed, look=look)
    except KeyboardInterrupt:
        # Its jobs would go on, and on AWS cost, for somebody who has asked them to end. It may have begun although its
        # answer has not come, and may not have begun.
        with suppress(states.exceptions.ExecutionDoesNotExist):
            states.stop_execution(
                executionArn=execution, error="Interrupted", cause="Whoever started it interrupted it."
            )
        raise


def follow(
    states: "SFNClient",
    execution_arn: str,
    listen: Callable[[StateEvent], None],
    *,
    failed: Callable[[str, str, str], FairwayError],
    sleep: Callable[[float], None] = time.sleep,
    look: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Wait for an execution, telling each state that it enters and leaves, and return its output.

    `look` is called each time that nothing has ended yet. Raises what `failed` makes of the execution, its error and
    its cause when it does not succeed.
    """
    seen = 0
    while True:
        execution = states.describe_execution(executionArn=execution_arn)
        events = list(_state_events(states, execution_arn))
        for event in events[seen:]:
            listen(event)
        seen = len(events)
        if execution["status"] == "SUCCEEDED":
            return dict(json.loads(execution["output"]))
        if execution["status"] != "RUNNING":
            error, cause = execution.get("error") or execution["status"], execution.get("cause") or "no cause was given"
            raise failed(execution["name"], error, cause)
        look()
        sleep(POLL_SECONDS)


def _state_events(states: "SFNClient", execution_arn: str) -> Iterator[StateEvent]:
    request: dict[str, Any] = {"executionArn": execution_arn, "maxResults": 1000}
    while True:
        page = states.get_execution_history(**request)
        for event in page["events"]:
            if entered := event.get("stateEnteredEventDetails"):
                yield StateEvent(entered["name"], entered=True)
            if left := event.get("stateExitedEventDetails"):
                yield StateEvent(left["name"], entered=False)
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]
