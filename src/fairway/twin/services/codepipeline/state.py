"""What a pipeline looks like now, stage by stage."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, operation
from fairway.twin.runtime.pipeline_line import AUTOMATIC, MANUAL, PipelineLine
from fairway.twin.runtime.pipeline_modes import INBOUND, OUTBOUND
from fairway.twin.runtime.pipeline_records import ActionRun, Declaration, Execution
from fairway.twin.services.codepipeline.history import error_details, given
from fairway.twin.services.codepipeline.resources import SERVICE, by, find, line_of


@operation(SERVICE, "GetPipelineState", resource=by("name"))
def get_pipeline_state(call: Call) -> Mapping[str, Any]:
    """Return the stages with their latest executions, what waits in front of them, and their actions."""
    pipeline, line = find(call, call.params["name"]), line_of(call, call.params["name"])
    with line.lock:
        stages = line.declaration["stages"]
        before = [None, *(stage["name"] for stage in stages)]
        shown = [_stage(line, stage, earlier) for stage, earlier in zip(stages, before, strict=False)]
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.attributes["declaration"]["version"],
        "stageStates": shown,
        "created": pipeline.attributes["created"],
        "updated": pipeline.attributes["updated"],
    }


def _stage(line: PipelineLine, stage: Declaration, before: str | None) -> dict[str, Any]:
    name = stage["name"]
    entered = [one for one in line.executions if name in one.stage_statuses]
    waiting = [one for one in line.executions if one.active and one.waiting and one.stage == name]
    inbound = [_execution(one, one.status) for one in waiting]
    latest = entered[-1] if entered else None
    return {
        "stageName": name,
        "inboundTransitionState": _transition(line, name, before),
        "actionStates": [_action(line, name, action) for action in stage["actions"]],
        **given(
            inboundExecution=inbound[-1] if inbound else None,
            inboundExecutions=inbound,
            latestExecution=_execution(latest, latest.stage_statuses[name]) if latest else None,
            retryStageMetadata=_retries(latest, name) if latest else None,
        ),
    }


def _execution(execution: Execution, status: str) -> dict[str, Any]:
    return {"pipelineExecutionId": execution.identity, "status": status, "type": "STANDARD"}


def _transition(line: PipelineLine, stage: str, before: str | None) -> dict[str, Any]:
    """Return the transition into a stage, which is closed too when the one out of the stage before it is."""
    into = line.transitions.get((stage, INBOUND), {"enabled": True})
    out = line.transitions.get((before or "", OUTBOUND), {"enabled": True})
    return out if into["enabled"] and not out["enabled"] else into


def _retries(execution: Execution, stage: str) -> dict[str, Any]:
    counts: dict[str, Any] = dict(execution.retries.get(stage, {}))
    if not counts:
        return {}
    latest = "ManualStageRetry" if counts["latest"] else "AutomatedStageRetry"
    return {**{name: counts[name] for name in (AUTOMATIC, MANUAL) if name in counts}, "latestRetryTrigger": latest}


def _action(line: PipelineLine, stage: str, action: Declaration) -> dict[str, Any]:
    runs = [one.latest(stage, action["name"]) for one in line.executions]
    run = next((one for one in reversed(runs) if one is not None), None)
    if run is None:
        return {"actionName": action["name"]}
    revision = run.revision and {
        "revisionId": run.revision.identity,
        "revisionChangeId": run.revision.identity,
        "created": run.revision.created,
    }
    return {
        "actionName": action["name"],
        "latestExecution": _run(run),
        **given(
            currentRevision=revision,
            revisionUrl=run.revision.url if run.revision else None,
            entityUrl=run.external_url,
        ),
    }


def _run(run: ActionRun) -> dict[str, Any]:
    return {
        "actionExecutionId": run.identity,
        "status": run.status,
        "lastStatusChange": run.updated,
        **given(
            summary=run.summary,
            token=run.token,
            lastUpdatedBy=run.updated_by,
            externalExecutionId=run.external_id,
            externalExecutionUrl=run.external_url,
            errorDetails=error_details(run),
            logStreamARN=run.log_stream_arn,
        ),
    }
