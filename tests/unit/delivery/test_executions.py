import json
from typing import Any

import pytest

from fairway.delivery import executions
from fairway.errors import TrainingFailedError

MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training"
EXECUTION = "arn:aws:states:us-east-1:111111111111:execution:flights-dev-training:r"


def entered(name):
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}


def exited(name):
    return {"type": "TaskStateExited", "stateExitedEventDetails": {"name": name}}


class StepFunctions:
    """Answers as Step Functions would: one status and one history for each look."""

    def __init__(self, *looks, arn="arn:execution"):
        self.looks, self.arn = list(looks), arn
        self.started = {}

    def start_execution(self, **request):
        self.started = request
        return {"executionArn": "arn:execution"}

    def describe_execution(self, *, executionArn):  # noqa: N803  # as boto3 spells it
        assert executionArn == self.arn
        return self.looks[0][0]

    def get_execution_history(self, **request):
        events = self.looks[0][1] if len(self.looks) == 1 else self.looks.pop(0)[1]
        assert request["executionArn"] == self.arn
        return {"events": events}


def follow(states: Any):
    heard: list[executions.StateEvent] = []
    output = executions.follow(
        states, "arn:execution", heard.append, failed=TrainingFailedError, sleep=lambda _seconds: None
    )
    return output, [(event.state, event.entered) for event in heard]


def test_each_state_is_told_once_and_the_output_returned():
    first, second = [entered("Prepare")], [entered("Prepare"), exited("Prepare"), entered("Train")]
    states = StepFunctions(
        ({"status": "RUNNING"}, first),
        ({"status": "RUNNING"}, second),
        ({"status": "SUCCEEDED", "output": json.dumps({"run": "r"})}, second),
    )
    assert follow(states) == ({"run": "r"}, [("Prepare", True), ("Prepare", False), ("Train", True)])


def test_a_failed_execution_raises_with_its_error_and_cause():
    failed = {
        "status": "FAILED",
        "name": "r",
        "error": "QualityGateRefused",
        "cause": "auc is 0.6, 0.65 is the minimum",
    }
    with pytest.raises(TrainingFailedError, match=r"r ended with QualityGateRefused: auc is 0\.6"):
        follow(StepFunctions((failed, [])))


def test_an_aborted_execution_raises_too():
    with pytest.raises(TrainingFailedError, match="ABORTED"):
        follow(StepFunctions(({"status": "ABORTED", "name": "r"}, [])))


def run(states: Any):
    return executions.run(states, MACHINE, "r", {"eta": "0.1"}, lambda _event: None, failed=TrainingFailedError)


def test_an_execution_is_told_what_to_do_and_followed_by_its_name():
    states: Any = StepFunctions(({"status": "SUCCEEDED", "output": "{}"}, []), arn=EXECUTION)
    assert run(states) == {}
    assert states.started == {"stateMachineArn": MACHINE, "name": "r", "input": '{"eta": "0.1"}'}


class Interrupted(StepFunctions):
    """Is interrupted before its answer comes, when the execution has begun or has not."""

    class exceptions:  # noqa: N801  # as boto3 spells it
        class ExecutionDoesNotExist(Exception):  # noqa: N818
            pass

    def __init__(self, *, begun):
        super().__init__()
        self.begun, self.stopped = begun, None

    def start_execution(self, **request):
        super().start_execution(**request)
        raise KeyboardInterrupt

    def stop_execution(self, **request):
        if not self.begun:
            raise self.exceptions.ExecutionDoesNotExist
        self.stopped = request


@pytest.mark.parametrize("begun", [True, False])
def test_an_execution_that_began_before_its_answer_came_is_stopped_by_an_interrupt(begun):
    states: Any = Interrupted(begun=begun)
    with pytest.raises(KeyboardInterrupt):
        run(states)
    if begun:
        assert (states.stopped["executionArn"], states.stopped["error"]) == (EXECUTION, "Interrupted")


def test_runs_that_begin_together_have_names_of_their_own():
    names = {executions.new_name() for _ in range(50)}
    assert len(names) > 1
    assert all(len(name) <= 32 for name in names)
