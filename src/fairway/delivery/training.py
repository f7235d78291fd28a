"""Start the training workflow, follow it to its end, and pin what it registered."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fairway.delivery.releases import Release
from fairway.errors import FairwayError, TrainingFailedError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class TrainingInput:
    """What one run of the workflow is told; pipelines/README.md describes each member."""

    git_sha: str
    image: str
    raw: str
    hyperparameters: Mapping[str, str]
    parameters: Mapping[str, str]
    champion: Mapping[str, str] | None


@dataclass(frozen=True)
class StateEvent:
    """A state that the execution entered or left."""

    state: str
    entered: bool


def new_run() -> str:
    """Return a name for a run: when it began, and a few random digits against two that begin together."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def champion_of(release: Release | None) -> dict[str, str] | None:
    """Return what the workflow compares a candidate with: the environment's current release."""
    if release is None:
        return None
    return {"version": release.version, "model_data_url": release.model_data_url}


def start(states: "SFNClient", state_machine_arn: str, told: TrainingInput) -> str:
    """Start an execution, whose name is the run's, and return its ARN."""
    run = new_run()
    try:
        answer = states.start_execution(stateMachineArn=state_machine_arn, name=run, input=json.dumps(asdict(told)))
    except KeyboardInterrupt:
        # It may have begun before its answer came, and would go on for somebody who has asked it to end.
        with suppress(states.exceptions.ExecutionDoesNotExist):
            stop(states, f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{run}")
        raise
    return str(answer["executionArn"])


def stop(states: "SFNClient", execution_arn: str) -> None:
    """Stop an execution, and with it the job that it waits for."""
    states.stop_execution(executionArn=execution_arn, error="Interrupted", cause="Whoever started it interrupted it.")


def follow(
    states: "SFNClient",
    execution_arn: str,
    listen: Callable[[StateEvent], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    failed: Callable[[str, str, str], FairwayError] = TrainingFailedError,
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
