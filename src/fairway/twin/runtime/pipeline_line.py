"""One pipeline's executions: which run, which wait, and what people ask of them."""

import logging
import threading
import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.pipeline_errors import PipelineError
from fairway.twin.runtime.pipeline_events import RESUMED, STARTED, Events
from fairway.twin.runtime.pipeline_modes import MOST_EXECUTIONS, PARALLEL, Waiting, next_moves
from fairway.twin.runtime.pipeline_records import (
    ABANDONED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    SUPERSEDED,
    ActionRun,
    Decision,
    Declaration,
    Execution,
    Trigger,
)
from fairway.twin.runtime.pipeline_stage import StageRun
from fairway.twin.runtime.pipeline_variables import OWN, values

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

AUTOMATIC, MANUAL = "autoStageRetryAttempt", "manualStageRetryAttempt"
FAILED_ACTIONS, ALL_ACTIONS = "FAILED_ACTIONS", "ALL_ACTIONS"


class PipelineLine:
    """The executions of one pipeline, the oldest first, and the transitions that somebody has disabled."""

    def __init__(self, twin: "Twin", pipeline: "Resource") -> None:
        self._twin = twin
        self._pipeline = pipeline
        self._events = Events(twin, pipeline)
        self.lock = threading.RLock()
        self.executions: list[Execution] = []
        # Executions by the token of the request that started them, which may come twice.
        self._by_token: dict[str, Execution] = {}
        # (stage, Inbound or Outbound) -> who disabled it, when and why; kept when it is enabled again
        self.transitions: dict[tuple[str, str], dict[str, Any]] = {}
        self._gone = False

    @property
    def declaration(self) -> Declaration:
        """The pipeline as it is now."""
        declaration: Declaration = self._pipeline.attributes["declaration"]
        return declaration

    def find(self, identity: str) -> Execution | None:
        """Return an execution, or None."""
        return next((one for one in self.executions if one.identity == identity), None)

    # -- starting, and going on -----------------------------------------------------------------------------------

    def start(
        self,
        trigger: Trigger,
        *,
        variables: Mapping[str, str] | None = None,
        commits: Mapping[str, str] | None = None,
        branches: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Execution:
        """Start an execution; raise PipelineError when too many are under way, or a variable has no value."""
        with self.lock:
            if token is not None and token in self._by_token:
                return self._by_token[token]
            if sum(one.active for one in self.executions) >= MOST_EXECUTIONS:
                raise PipelineError(
                    "ConcurrentPipelineExecutionsLimitExceededException",
                    f"The pipeline has reached the limit of {MOST_EXECUTIONS} concurrent executions.",
                )
            now, declaration = self._twin.clock.now(), self.declaration
            execution = Execution(
                number=len(self.executions) + 1,
                identity=str(uuid.uuid4()),
                version=declaration["version"],
                declaration=declaration,
                trigger=trigger,
                started=now,
                updated=now,
                variables=values(declaration, variables or {}),
                commits=dict(commits or {}),
                branches=dict(branches or {}),
            )
            execution.namespaces[OWN] = execution.variables
            self.executions.append(execution)
            if token is not None:
                self._by_token[token] = execution
            self._events.pipeline(execution, STARTED)
            self.advance()
            return execution

    def advance(self) -> None:
        """Let in whoever may enter a stage now, and end whoever was superseded."""
        with self.lock:
            active = [one for one in self.executions if one.active]
            known = [stage for one in active for stage in one.stages]
            moves = next_moves(
                self.declaration["executionMode"],
                list(dict.fromkeys([*(stage["name"] for stage in self.declaration["stages"]), *known])),
                waiting=[Waiting(one.number, one.stage) for one in active if one.waiting],
                locked={one.locks for one in active if one.locks},
                disabled={which for which, state in self.transitions.items() if not state["enabled"]},
            )
            for gone in moves.superseded:
                self._close(self.executions[gone.number - 1], SUPERSEDED)
            for entering in moves.enter:
                self._enter(self.executions[entering.number - 1], STARTED, kept=())

    def _enter(self, execution: Execution, state: str, kept: Collection[str]) -> None:
        stage = execution.stage
        execution.waiting = False
        execution.stage_statuses[stage] = IN_PROGRESS
        run = StageRun(self._twin, self._pipeline, execution, self._events, self.lock)
        self._events.stage(execution, stage, state)
        name = f"{self._pipeline.name}/{stage}/{execution.identity}"
        threading.Thread(
            target=self._work, args=(run, execution, stage, kept, execution.attempt), name=name, daemon=True
        ).start()

    def _work(self, run: StageRun, execution: Execution, stage: str, kept: Collection[str], attempt: int) -> None:
        try:
            status = run.run(kept)
        except Exception:  # the twin's own defect must not leave a stage InProgress for ever
            logger.exception("stage %s of %s failed inside the twin", stage, self._pipeline.arn)
            status = FAILED
        with self.lock:
            if self._gone or execution.attempt != attempt or execution.locks != stage:
                return  # abandoned meanwhile; a retry may be under way already
            self._leave(execution, stage, status)
            self.advance()

    def _leave(self, execution: Execution, stage: str, status: str) -> None:
        """Write how a stage ended, and what that means for the execution."""
        stopping, last = execution.status == STOPPING, execution.place == len(execution.stages) - 1
        if status != SUCCEEDED and stopping:
            status = STOPPED
        execution.stage_statuses[stage] = status
        execution.updated = self._twin.clock.now()
        self._events.stage(execution, stage, status.upper())
        if status == SUCCEEDED and last:
            self._close(execution, SUCCEEDED)
        elif stopping:
            self._close(execution, STOPPED)
        elif status == SUCCEEDED:
            execution.place += 1
            execution.waiting = True
        elif not self._retries_by_itself(execution, stage):
            self._close(execution, FAILED)

    def _close(self, execution: Execution, status: str) -> None:
        execution.status, execution.waiting = status, False
        execution.updated = self._twin.clock.now()
        self._events.pipeline(execution, status.upper())

    # -- retrying -------------------------------------------------------------------------------------------------

    def _retries_by_itself(self, execution: Execution, stage: str) -> bool:
        """Retry a stage once whose onFailure says so."""
        wanted = execution.declaration["stages"][execution.place].get("onFailure", {})
        if wanted.get("result") != "RETRY" or execution.retries.get(stage, {}).get(AUTOMATIC):
            return False
        mode = wanted.get("retryConfiguration", {}).get("retryMode", ALL_ACTIONS)
        self._again(execution, stage, mode, AUTOMATIC)
        return True

    def retry(self, execution: Execution, stage: str, mode: str) -> None:
        """Run a stage again that failed or was stopped: the failed actions only, or all of them."""
        with self.lock:
            if stage not in execution.stages:
                raise PipelineError("StageNotFoundException", f"The pipeline has no stage {stage!r}.")
            if self.declaration["executionMode"] != PARALLEL and any(
                other.number > execution.number and stage in other.stage_statuses for other in self.executions
            ):
                raise PipelineError(
                    "NotLatestPipelineExecutionException",
                    f"The stage {stage} has been run by a later execution; {execution.identity} is out of date.",
                )
            stopped = execution.status in (FAILED, STOPPED) and execution.stage == stage
            if not stopped or execution.stage_statuses.get(stage) not in (FAILED, STOPPED):
                raise PipelineError(
                    "StageNotRetryableException",
                    "Unable to retry. The pipeline structure or stage state might have changed while actions awaited "
                    "retry, or the stage contains no failed actions.",
                )
            if self.declaration["executionMode"] != PARALLEL and any(one.locks == stage for one in self.executions):
                raise PipelineError(
                    "ConflictException",
                    "Your request cannot be handled because the pipeline is busy handling ongoing activities. Try "
                    "again later.",
                )
            self._again(execution, stage, mode, MANUAL)

    def _again(self, execution: Execution, stage: str, mode: str, who: str) -> None:
        counts = execution.retries.setdefault(stage, {})
        counts[who] = counts.get(who, 0) + 1
        counts["latest"] = who == MANUAL
        execution.attempt += 1
        execution.status = IN_PROGRESS
        execution.stop_reason = None
        names = [action["name"] for action in execution.declaration["stages"][execution.place]["actions"]]
        runs = [execution.latest(stage, name) for name in names]
        succeeded = [run.name for run in runs if run is not None and run.status == SUCCEEDED]
        self._events.pipeline(execution, RESUMED)
        self._enter(execution, RESUMED, kept=succeeded if mode == FAILED_ACTIONS else ())

    # -- stopping -------------------------------------------------------------------------------------------------

    def stop(self, execution: Execution, *, abandon: bool, reason: str | None) -> None:
        """Stop an execution, after the actions under way, or without them."""
        with self.lock:
            if not execution.active:
                raise PipelineError(
                    "PipelineExecutionNotStoppableException",
                    f"Unable to stop the pipeline execution {execution.identity}. The execution might already be in a "
                    "Stopped state, or it might no longer be in progress.",
                )
            if execution.status == STOPPING and not abandon:
                raise PipelineError(
                    "DuplicatedStopRequestException",
                    f"The pipeline execution {execution.identity} is already in a Stopping state.",
                )
            execution.stop_reason = reason
            stage = execution.locks
            if execution.status != STOPPING:
                execution.status = STOPPING
                self._events.pipeline(execution, STOPPING.upper())
            if stage is None:
                self._close(execution, STOPPED)
            elif abandon:
                self._abandon(execution, stage)
            else:
                execution.stage_statuses[stage] = STOPPING
            self.advance()

    def _abandon(self, execution: Execution, stage: str) -> None:
        for run in execution.runs:
            if run.status == IN_PROGRESS:
                run.status, run.updated = ABANDONED, self._twin.clock.now()
                run.wake.set()
                self._events.action(execution, run)
        self._leave(execution, stage, STOPPED)

    def close(self) -> None:
        """Let go of everything, because the pipeline is deleted or the twin ends."""
        with self.lock:
            self._gone = True
            for execution in self.executions:
                if execution.active:
                    execution.status = STOPPED
                for run in execution.runs:
                    if run.status == IN_PROGRESS:
                        run.status = ABANDONED
                        run.wake.set()

    # -- approving ------------------------------------------------------------------------------------------------

    def decide(self, run: ActionRun, decision: Decision) -> None:
        """Give an approval its decision; the run itself ends the action."""
        with self.lock:
            run.decision = decision
            run.wake.set()
