"""A stage under way: its actions by run order, those of one order at once."""

import logging
import threading
import uuid
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.pipeline_approval import run_approval
from fairway.twin.runtime.pipeline_build import run_build
from fairway.twin.runtime.pipeline_events import Events
from fairway.twin.runtime.pipeline_failures import AbandonedError, ActionFailedError
from fairway.twin.runtime.pipeline_hands import ActionHands
from fairway.twin.runtime.pipeline_records import (
    FAILED,
    IN_PROGRESS,
    STOPPED,
    SUCCEEDED,
    ActionRun,
    Declaration,
    Execution,
)
from fairway.twin.runtime.pipeline_source import run_source
from fairway.twin.runtime.pipeline_structure import groups
from fairway.twin.runtime.pipeline_workflow import run_workflow

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

RUNNERS: dict[str, Callable[[ActionHands], None]] = {
    "CodeStarSourceConnection": run_source,
    "CodeBuild": run_build,
    "StepFunctions": run_workflow,
    "Manual": run_approval,
}


class StageRun:
    """One stage of one execution. `lock` is the pipeline's, under which its records change."""

    def __init__(
        self, twin: "Twin", pipeline: "Resource", execution: Execution, events: Events, lock: threading.RLock
    ) -> None:
        self._twin = twin
        self._pipeline = pipeline
        self._execution = execution
        self._events = events
        self._lock = lock
        self._stage: Declaration = execution.declaration["stages"][execution.place]
        self._attempt = execution.attempt

    def run(self, kept: Collection[str]) -> str:
        """Run all actions but those that are kept from an earlier attempt; return the stage's status."""
        for group in groups(self._stage["actions"]):
            wanted = [action for action in group if action["name"] not in kept]
            if wanted and self._execution.status != IN_PROGRESS:
                return STOPPED
            threads = [threading.Thread(target=self._run_action, args=(one,), daemon=True) for one in wanted]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if any(self._status(action) != SUCCEEDED for action in group):
                return FAILED
        return SUCCEEDED

    def _status(self, action: Declaration) -> str:
        latest = self._execution.latest(self._stage["name"], action["name"])
        return latest.status if latest else IN_PROGRESS

    def _run_action(self, action: Declaration) -> None:
        now = self._twin.clock.now()
        run = ActionRun(str(uuid.uuid4()), self._stage["name"], action, self._attempt, now, now)
        with self._lock:
            self._execution.runs.append(run)
        self._events.action(self._execution, run)
        failure: ActionFailedError | None = None
        try:
            hands = ActionHands(self._twin, self._pipeline, self._execution, run)
            hands.prepare()
            RUNNERS[run.provider](hands)
        except AbandonedError:
            return
        except ActionFailedError as error:
            failure = error
        except Exception as error:  # the twin's own defect must not leave an action InProgress for ever
            logger.exception("%s of %s failed inside the twin", run.name, self._pipeline.arn)
            failure = ActionFailedError("InternalError", f"The twin failed: {type(error).__name__}: {error}")
        self._end(run, failure)

    def _end(self, run: ActionRun, failure: ActionFailedError | None) -> None:
        with self._lock:
            if run.status != IN_PROGRESS:
                return  # it was abandoned meanwhile
            run.status = FAILED if failure else SUCCEEDED
            run.updated = self._execution.updated = self._twin.clock.now()
            if failure is not None:
                run.error = (failure.code, str(failure))
                run.summary = failure.summary if failure.summary is not None else run.summary
                run.outputs.clear()
            else:
                self._hand_on(run)
        self._events.action(self._execution, run)

    def _hand_on(self, run: ActionRun) -> None:
        self._execution.artifacts.update({artifact.name: artifact for artifact in run.outputs})
        namespace: Any = run.declaration.get("namespace")
        if namespace:
            self._execution.namespaces[namespace] = run.variables
