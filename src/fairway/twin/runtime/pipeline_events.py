"""Events of pipelines, stages and actions on EventBridge.

https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.pipeline_records import ABANDONED, FAILED, IN_PROGRESS, SUCCEEDED, ActionRun, Execution

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

STARTED, RESUMED = "STARTED", "RESUMED"
_ACTION_STATES = {IN_PROGRESS: STARTED, SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", ABANDONED: "ABANDONED"}


class Events:
    """Tells of the executions of one pipeline."""

    def __init__(self, twin: "Twin", pipeline: "Resource") -> None:
        self._twin = twin
        self._pipeline = pipeline
        # In a thread of its own, in their order: a rule's target may ask for the very pipeline that is being changed.
        self._teller = ThreadPoolExecutor(1, thread_name_prefix="pipeline-events")

    def pipeline(self, execution: Execution, state: str) -> None:
        """Tell that an execution started, resumed, is stopping, or ended."""
        trigger = {"trigger-type": execution.trigger.kind, "trigger-detail": execution.trigger.detail}
        self._send("CodePipeline Pipeline Execution State Change", execution, state, {"execution-trigger": trigger})

    def stage(self, execution: Execution, stage: str, state: str) -> None:
        """Tell that a stage of an execution started, resumed or ended."""
        self._send("CodePipeline Stage Execution State Change", execution, state, {"stage": stage})

    def action(self, execution: Execution, run: ActionRun) -> None:
        """Tell that an action of an execution started or ended."""
        result = {
            "external-execution-id": run.external_id,
            "external-execution-url": run.external_url,
            "external-execution-summary": run.error[1] if run.error else run.summary,
            "error-code": run.error[0] if run.error else None,
        }
        detail: dict[str, Any] = {
            "stage": run.stage,
            "action": run.name,
            "action-execution-id": run.identity,
            "region": self._pipeline.region,
            "type": dict(run.declaration["actionTypeId"]),
            "input-artifacts": _places(run.inputs),
            "output-artifacts": _places(run.outputs),
        }
        if run.status != IN_PROGRESS:
            detail["execution-result"] = {name: value for name, value in result.items() if value}
        kind, state = "CodePipeline Action Execution State Change", _ACTION_STATES[run.status]
        self._send(kind, execution, state, detail, run.started)

    def _send(
        self, kind: str, execution: Execution, state: str, more: dict[str, Any], started: datetime | None = None
    ) -> None:
        detail = {
            "pipeline": self._pipeline.name,
            "execution-id": execution.identity,
            "start-time": _written(started or execution.started),
            "state": state,
            "version": float(execution.version),
            "pipeline-execution-attempt": float(execution.attempt),
            **more,
        }
        self._teller.submit(self._emit, kind, detail)

    def _emit(self, kind: str, detail: dict[str, Any]) -> None:
        """Send the event; nothing fails because nobody could be told."""
        try:
            self._twin.emit(
                source="aws.codepipeline",
                detail_type=kind,
                detail=detail,
                resources=[self._pipeline.arn],
                account=self._pipeline.account,
                region=self._pipeline.region,
            )
        except Exception:
            logger.exception("an event of %s could not be sent", self._pipeline.arn)


def _places(artifacts: Any) -> list[dict[str, Any]]:
    return [{"name": one.name, "s3location": {"bucket": one.bucket, "key": one.key}} for one in artifacts]


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
