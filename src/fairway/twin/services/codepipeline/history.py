"""What ran: executions and actions, the newest first."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, operation
from fairway.twin.runtime.pipeline_records import SUCCEEDED, ActionRun, Artifact, Execution
from fairway.twin.services.codepipeline.resources import SERVICE, by, find_execution, line_of, page


def given(**members: Any) -> dict[str, Any]:
    """Return the members that have a value."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


@operation(SERVICE, "GetPipelineExecution", resource=by("pipelineName"))
def get_pipeline_execution(call: Call) -> Mapping[str, Any]:
    """Return an execution with its revisions and variables."""
    line, identity = line_of(call, call.params["pipelineName"]), call.params["pipelineExecutionId"]
    with line.lock:
        execution = find_execution(call, line, identity, "PipelineExecutionNotFoundException")
        shown = {
            "pipelineName": call.params["pipelineName"],
            "pipelineVersion": execution.version,
            "pipelineExecutionId": identity,
            "status": execution.status,
            "artifactRevisions": [_artifact_revision(run) for run in _sources(execution)],
            "variables": [{"name": k, "resolvedValue": v} for k, v in sorted(execution.variables.items())],
            **_started(execution),
        }
    return {"pipelineExecution": shown}


def _started(execution: Execution) -> dict[str, Any]:
    trigger = {"triggerType": execution.trigger.kind, "triggerDetail": execution.trigger.detail}
    mode = execution.declaration["executionMode"]
    return {"trigger": trigger, "executionMode": mode, "executionType": "STANDARD"}


def _sources(execution: Execution) -> list[ActionRun]:
    return [run for run in execution.runs if run.revision is not None and run.status == SUCCEEDED]


def _artifact_revision(run: ActionRun) -> dict[str, Any]:
    revision = run.revision
    assert revision is not None  # noqa: S101 -- only those that have one are asked
    return {
        "name": run.outputs[0].name,
        "revisionId": revision.identity,
        "revisionSummary": revision.summary,
        "created": revision.created,
        "revisionUrl": revision.url,
    }


@operation(SERVICE, "ListPipelineExecutions", resource=by("pipelineName"))
def list_pipeline_executions(call: Call) -> Mapping[str, Any]:
    """Return the executions, those that succeeded in a stage or all."""
    line = line_of(call, call.params["pipelineName"])
    stage = call.params.get("filter", {}).get("succeededInStage", {}).get("stageName")
    with line.lock:
        found = [
            _execution_summary(one)
            for one in reversed(line.executions)
            if stage is None or one.stage_statuses.get(stage) == SUCCEEDED
        ]
    return page(call, "pipelineExecutionSummaries", found)


def _execution_summary(execution: Execution) -> dict[str, Any]:
    revisions = [
        {
            "actionName": run.name,
            "revisionId": run.revision.identity,
            "revisionSummary": run.revision.summary,
            "revisionUrl": run.revision.url,
        }
        for run in _sources(execution)
        if run.revision is not None
    ]
    return {
        "pipelineExecutionId": execution.identity,
        "status": execution.status,
        "startTime": execution.started,
        "lastUpdateTime": execution.updated,
        "sourceRevisions": revisions,
        **_started(execution),
        **given(stopTrigger=given(reason=execution.stop_reason)),
    }


@operation(SERVICE, "ListActionExecutions", resource=by("pipelineName"))
def list_action_executions(call: Call) -> Mapping[str, Any]:
    """Return the runs of actions, of one execution or of all."""
    line, asked = line_of(call, call.params["pipelineName"]), call.params.get("filter", {})
    latest = asked.get("latestInPipelineExecution", {})
    identity = asked.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    with line.lock:
        if identity is not None:
            find_execution(call, line, identity, "PipelineExecutionNotFoundException")
        found = [
            _action_detail(execution, run)
            for execution in reversed(line.executions)
            for run in reversed(execution.runs)
            if identity in (None, execution.identity)
            and (latest.get("startTimeRange") != "Latest" or run is execution.latest(run.stage, run.name))
        ]
    return page(call, "actionExecutionDetails", found)


def _action_detail(execution: Execution, run: ActionRun) -> dict[str, Any]:
    action = run.declaration
    return {
        "pipelineExecutionId": execution.identity,
        "actionExecutionId": run.identity,
        "pipelineVersion": execution.version,
        "stageName": run.stage,
        "actionName": run.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        "input": given(
            actionTypeId=action["actionTypeId"],
            configuration=action["configuration"],
            resolvedConfiguration=run.configuration,
            roleArn=action.get("roleArn"),
            region=action.get("region"),
            inputArtifacts=[_place(one) for one in run.inputs],
            namespace=action.get("namespace"),
        ),
        "output": given(
            outputArtifacts=[_place(one) for one in run.outputs],
            executionResult=_result(run),
            outputVariables=run.variables,
        ),
        **given(updatedBy=run.updated_by),
    }


def _place(artifact: Artifact) -> dict[str, Any]:
    return {"name": artifact.name, "s3location": {"bucket": artifact.bucket, "key": artifact.key}}


def _result(run: ActionRun) -> dict[str, Any]:
    return given(
        externalExecutionId=run.external_id,
        externalExecutionSummary=run.summary,
        externalExecutionUrl=run.external_url,
        errorDetails=error_details(run),
        logStreamARN=run.log_stream_arn,
    )


def error_details(run: ActionRun) -> dict[str, str] | None:
    """Return why a run failed, or None."""
    return {"code": run.error[0], "message": run.error[1]} if run.error else None
