from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from fairway.delivery import pipelines

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUILD = "flights-unit:0b6cbbd5-3e5f-4e6a-9a55-8f2f4e1d9f11"


def detail(stage: str, name: str, status: str, after: int, **result: Any) -> dict[str, Any]:
    began = NOON + timedelta(seconds=after)
    return {
        "stageName": stage, "actionName": name, "status": status, "startTime": began,
        "lastUpdateTime": began + timedelta(seconds=5), "output": {"executionResult": result},
    }  # fmt: skip


class CodePipeline:
    """Answers as the service does, for one execution."""

    def __init__(self, *details: dict[str, Any]) -> None:
        self.details = details
        self.results: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> Any:
        assert name == "list_action_executions"
        return SimpleNamespace(paginate=lambda **_request: [{"actionExecutionDetails": list(self.details)}])

    def get_pipeline_state(self, name: str) -> Any:
        approve = {
            "actionName": "approve", "entityUrl": "https://example.com/pull/7",
            "latestExecution": {"status": "InProgress", "token": "t", "summary": "Plan: 1 to add."},
        }  # fmt: skip
        done = {"actionName": "plan", "latestExecution": {"status": "Succeeded"}}
        states = {"waiting": [done, approve], "idle": [done]}[name]
        return {"stageStates": [{"stageName": "Approve", "actionStates": states}, {"stageName": "Apply"}]}

    def put_approval_result(self, **request: Any) -> None:
        self.results.append(request)


def test_actions_are_in_their_order_with_their_time():
    client: Any = CodePipeline(detail("Test", "unit", "Succeeded", 9), detail("Source", "source", "Succeeded", 0))
    told = pipelines.actions_of(client, "p", "first")
    assert [(action.stage, action.seconds) for action in told] == [("Source", 5.0), ("Test", 5.0)]


def test_an_approval_that_waits_is_found_and_given():
    client: Any = CodePipeline()
    assert pipelines.approval_of(client, "idle") is None
    waiting = pipelines.approval_of(client, "waiting")
    assert waiting == pipelines.Approval(
        "waiting", "Approve", "approve", "t", "Plan: 1 to add.", "https://example.com/pull/7"
    )
    pipelines.approve(client, waiting, "Read.")
    assert client.results == [
        {"pipelineName": "waiting", "stageName": "Approve", "actionName": "approve", "token": "t",
         "result": {"status": "Approved", "summary": "Read."}}
    ]  # fmt: skip


def test_a_failure_names_the_action_its_reason_and_the_end_of_its_log():
    client: Any = CodePipeline(
        detail("Source", "source", "Succeeded", 0),
        detail("Test", "unit", "Failed", 5, externalExecutionId=BUILD, externalExecutionSummary="Phase BUILD failed"),
    )
    builds: Any = SimpleNamespace(
        batch_get_builds=lambda ids: {
            "builds": [{"logs": {"groupName": "g", "streamName": "s"}}] if ids == [BUILD] else []
        }
    )
    logs = SimpleNamespace(get_log_events=lambda **_request: {"events": [{"message": "1 failed\n"}]})
    assert pipelines.failure_of(pipelines.actions_of(client, "p", "first"), builds, logs) == [
        "The action unit of the stage Test failed: Phase BUILD failed",
        "The last lines of its build (g, s):",
        "  1 failed",
    ]


def test_a_failure_without_a_build_is_its_reason():
    client: Any = CodePipeline(
        detail("Source", "source", "Failed", 0, errorDetails={"message": "The connection is PENDING"})
    )
    told = pipelines.failure_of(pipelines.actions_of(client, "p", "first"), SimpleNamespace(), None)  # type: ignore[arg-type]  # neither is asked
    assert told == ["The action source of the stage Source failed: The connection is PENDING"]


def test_a_reason_comes_before_what_an_action_is_about():
    summary, message = '{"CommitMessage": "A change"}', "s3:PutObject is denied"
    client: Any = CodePipeline(
        detail("Source", "source", "Failed", 0, externalExecutionSummary=summary, errorDetails={"message": message})
    )
    [failed] = pipelines.actions_of(client, "p", "first")
    assert failed.summary == message


def test_an_action_that_was_tried_again_is_judged_by_its_last_try():
    client: Any = CodePipeline(
        detail("Train", "workflow", "Failed", 0, errorDetails={"message": "denied"}),
        detail("Train", "workflow", "Succeeded", 9),
    )
    assert pipelines.failure_of(pipelines.actions_of(client, "p", "first"), SimpleNamespace(), None) == []  # type: ignore[arg-type]  # neither is asked


def test_a_build_that_could_not_make_its_log_has_none():
    class NoSuchStreamError(Exception):
        pass

    def get_log_events(**_request: Any) -> Any:
        raise NoSuchStreamError

    client: Any = CodePipeline(
        detail("Test", "unit", "Failed", 5, externalExecutionId=BUILD, errorDetails={"message": "no log"})
    )
    answer = {"builds": [{"logs": {"groupName": "g", "streamName": "s"}}]}
    builds: Any = SimpleNamespace(batch_get_builds=lambda **_request: answer)
    missing = SimpleNamespace(ResourceNotFoundException=NoSuchStreamError)
    logs = SimpleNamespace(get_log_events=get_log_events, exceptions=missing)
    told = pipelines.failure_of(pipelines.actions_of(client, "p", "first"), builds, logs)
    assert told == ["The action unit of the stage Test failed: no log"]


def test_what_a_pipeline_listens_to_is_told_in_words():
    push = {"branches": {"includes": ["main"]}, "filePaths": {"includes": ["src/**", "Dockerfile"]}}
    triggers = [{"gitConfiguration": {"sourceActionName": "source", "push": [push]}}]
    client: Any = SimpleNamespace(get_pipeline=lambda name: {"pipeline": {"name": name, "triggers": triggers}})
    assert pipelines.listens_to(client, "p") == "main that change src/**, Dockerfile"
    none: Any = SimpleNamespace(get_pipeline=lambda name: {"pipeline": {"name": name}})
    assert pipelines.listens_to(none, "p") == "nothing"
