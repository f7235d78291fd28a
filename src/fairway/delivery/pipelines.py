"""What CodePipeline says of a pipeline: its executions, how far one has come, and why one failed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codepipeline import CodePipelineClient

RUNNING = ("InProgress", "Stopping")
LOG_LINES = 30


@dataclass(frozen=True)
class Action:
    """One action of an execution: when it ran (epoch seconds), how it ended, and what it said."""

    stage: str
    name: str
    status: str
    began: float
    ended: float
    summary: str
    external: str
    """What the action ran elsewhere: a build, an execution of a state machine."""

    @property
    def seconds(self) -> float:
        """How long it took, or has taken."""
        return self.ended - self.began


@dataclass(frozen=True)
class Approval:
    """An approval that somebody must give."""

    pipeline: str
    stage: str
    action: str
    token: str
    summary: str
    evidence: str


def actions_of(client: "CodePipelineClient", pipeline: str, execution: str) -> list[Action]:
    """Return the actions that an execution has begun, in their order."""
    pages = client.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution}
    )
    found = [_action(detail) for page in pages for detail in page["actionExecutionDetails"]]
    return sorted(found, key=lambda action: action.began)


def _action(detail: Any) -> Action:
    result = detail.get("output", {}).get("executionResult", {})
    error = result.get("errorDetails", {})
    said = error.get("message") or result.get("externalExecutionSummary") or ""
    began = detail["startTime"].timestamp()
    ended = detail.get("lastUpdateTime", detail["startTime"]).timestamp()
    return Action(
        detail["stageName"], detail["actionName"], detail["status"], began, max(began, ended), said,
        result.get("externalExecutionId", ""),
    )  # fmt: skip


def approval_of(client: "CodePipelineClient", pipeline: str) -> Approval | None:
    """Return the approval that a pipeline waits for, if it waits for one."""
    for stage in client.get_pipeline_state(name=pipeline)["stageStates"]:
        for action in stage.get("actionStates", []):
            latest = action.get("latestExecution", {})
            if latest.get("status") == "InProgress" and "token" in latest:
                return Approval(
                    pipeline, stage["stageName"], action["actionName"], latest["token"], latest.get("summary", ""),
                    action.get("entityUrl", ""),
                )  # fmt: skip
    return None


def approve(client: "CodePipelineClient", approval: Approval, summary: str) -> None:
    """Give an approval, with the words that stand beside it."""
    client.put_approval_result(
        pipelineName=approval.pipeline, stageName=approval.stage, actionName=approval.action, token=approval.token,
        result={"status": "Approved", "summary": summary},
    )  # fmt: skip


def listens_to(client: "CodePipelineClient", pipeline: str) -> str:
    """Return which pushes start a pipeline, in words: branches, and the files that one of them has to change."""
    triggers = client.get_pipeline(name=pipeline)["pipeline"].get("triggers", [])
    pushes = [push for trigger in triggers for push in trigger["gitConfiguration"].get("push", [])]
    told = [
        (push.get("branches", {}).get("includes", []), push.get("filePaths", {}).get("includes", [])) for push in pushes
    ]
    return " or ".join(f"{', '.join(branches)} that change {', '.join(paths)}" for branches, paths in told) or "nothing"


def failure_of(actions: list[Action], codebuild: "CodeBuildClient", logs: Any) -> list[str]:
    """Return why an execution failed: the action, what it said, and the last lines of its build's log.

    An action that was tried again is judged by its last try.
    """
    last = {(action.stage, action.name): action for action in actions}.values()
    return [line for action in last if action.status == "Failed" for line in _failure(action, codebuild, logs)]


def _failure(action: Action, codebuild: "CodeBuildClient", logs: Any) -> Iterator[str]:
    yield f"The action {action.name} of the stage {action.stage} failed: {action.summary or 'it gave no reason'}"
    if not re.fullmatch(r"[\w-]+:[0-9a-f-]{36}", action.external):
        return
    for build in codebuild.batch_get_builds(ids=[action.external])["builds"]:
        told = build.get("logs", {})
        if "groupName" not in told or "streamName" not in told:
            continue
        try:
            events = logs.get_log_events(
                logGroupName=told["groupName"], logStreamName=told["streamName"], limit=LOG_LINES, startFromHead=False
            )["events"]
        except logs.exceptions.ResourceNotFoundException:
            continue  # a build that failed before it had a log, as one whose role may not make it
        yield f"The last lines of its build ({told['groupName']}, {told['streamName']}):"
        yield from (f"  {event['message'].rstrip()}" for event in events)
