"""Executions: started, stopped, retried; approvals decided; transitions disabled."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, ValidationError, operation
from fairway.twin.runtime.pipeline_line import PipelineLine
from fairway.twin.runtime.pipeline_records import IN_PROGRESS, ActionRun, Decision, Trigger
from fairway.twin.runtime.pipelines import PipelineEngine
from fairway.twin.services.codepipeline.resources import (
    SERVICE,
    by,
    check_stage,
    find_execution,
    line_of,
    refusals,
)


@operation(SERVICE, "StartPipelineExecution", resource=by("name"))
def start_pipeline_execution(call: Call) -> Mapping[str, Any]:
    """Start an execution of the newest revisions, or of those that are asked for."""
    line, token = line_of(call, call.params["name"]), call.params.get("clientRequestToken")
    announced = call.twin.engine(PipelineEngine).announced(token)
    with refusals():
        execution = line.start(
            announced or Trigger("StartPipelineExecution", call.caller_arn),
            variables={one["name"]: one["value"] for one in call.params.get("variables", [])},
            commits=_revisions(call, line),
            token=token,
        )
    return {"pipelineExecutionId": execution.identity}


def _revisions(call: Call, line: PipelineLine) -> dict[str, str]:
    sources = [action["name"] for action in line.declaration["stages"][0]["actions"]]
    asked = call.params.get("sourceRevisions", [])
    for one in asked:
        if one["actionName"] not in sources:
            raise ValidationError(f"The pipeline has no source action {one['actionName']!r}; it has {sources}.")
        if one["revisionType"] != "COMMIT_ID":
            raise ValidationError(f"A source revision of {one['actionName']} must be a COMMIT_ID.")
    return {one["actionName"]: one["revisionValue"] for one in asked}


@operation(SERVICE, "StopPipelineExecution", resource=by("pipelineName"))
def stop_pipeline_execution(call: Call) -> Mapping[str, Any]:
    """Stop an execution after its actions under way, or abandon them."""
    line, identity = line_of(call, call.params["pipelineName"]), call.params["pipelineExecutionId"]
    execution = find_execution(call, line, identity, "PipelineExecutionNotStoppableException")
    with refusals():
        line.stop(execution, abandon=call.params.get("abandon", False), reason=call.params.get("reason"))
    return {"pipelineExecutionId": identity}


@operation(SERVICE, "RetryStageExecution", resource=by("pipelineName", "stageName"))
def retry_stage_execution(call: Call) -> Mapping[str, Any]:
    """Run a failed stage of an execution again, with the same revisions and variables."""
    line, identity = line_of(call, call.params["pipelineName"]), call.params["pipelineExecutionId"]
    execution = find_execution(call, line, identity, "StageNotRetryableException")
    with refusals():
        line.retry(execution, call.params["stageName"], call.params["retryMode"])
    return {"pipelineExecutionId": identity}


@operation(SERVICE, "PutApprovalResult", resource=by("pipelineName", "stageName", "actionName"))
def put_approval_result(call: Call) -> Mapping[str, Any]:
    """Approve or reject what waits under a token."""
    line = line_of(call, call.params["pipelineName"])
    with line.lock:
        run = _awaiting(call, line)
        result, now = call.params["result"], call.twin.clock.now()
        line.decide(run, Decision(result["status"] == "Approved", result["summary"], call.caller_arn, now))
    return {"approvedAt": now}


def _awaiting(call: Call, line: PipelineLine) -> ActionRun:
    """Return the approval that the request's token means."""
    stage, action, token = (call.params[name] for name in ("stageName", "actionName", "token"))
    check_stage(line, stage)
    declared = next(one for one in line.declaration["stages"] if one["name"] == stage)
    if action not in [one["name"] for one in declared["actions"]]:
        raise ServiceError("ActionNotFoundException", f"Stage '{stage}' has no action with name '{action}'")
    runs = [run for one in line.executions for run in one.runs if (run.stage, run.name) == (stage, action)]
    run = next((one for one in runs if one.token == token), None)
    if run is None:
        raise ServiceError(
            "InvalidApprovalTokenException", f"The approval token {token} of action '{action}' is invalid"
        )
    if run.status != IN_PROGRESS or run.decision is not None:
        raise ServiceError("ApprovalAlreadyCompletedException", f"The approval action '{action}' is completed already")
    return run


@operation(SERVICE, "DisableStageTransition", resource=by("pipelineName", "stageName"))
def disable_stage_transition(call: Call) -> Mapping[str, Any]:
    """Keep executions in front of a stage, or from leaving it."""
    return _set_transition(call, enabled=False, disabledReason=call.params["reason"])


@operation(SERVICE, "EnableStageTransition", resource=by("pipelineName", "stageName"))
def enable_stage_transition(call: Call) -> Mapping[str, Any]:
    """Let executions pass again."""
    return _set_transition(call, enabled=True)


def _set_transition(call: Call, **state: Any) -> Mapping[str, Any]:
    line, stage = line_of(call, call.params["pipelineName"]), call.params["stageName"]
    check_stage(line, stage)
    changed = {"lastChangedBy": call.caller_arn, "lastChangedAt": call.twin.clock.now()}
    with line.lock:
        line.transitions[stage, call.params["transitionType"]] = {**state, **changed}
        line.advance()
    return {}
