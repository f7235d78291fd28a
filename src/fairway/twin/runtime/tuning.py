"""Tuning jobs: a training job for each combination of hyperparameters, so many at a time, and the best of them."""

import logging
import secrets
import threading
from typing import TYPE_CHECKING, Any

from fairway.twin.context import Resource
from fairway.twin.runtime.failures import InternalError
from fairway.twin.runtime.support import refusal
from fairway.twin.runtime.training import TrainingEngine
from fairway.twin.runtime.tuning_children import best_of, counters, failure_of, training_request
from fairway.twin.runtime.tuning_ranges import drawn, grid, ranges_of
from fairway.twin.runtime.tuning_rules import unsupported_tuning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairway.twin.context import Twin
    from fairway.twin.runtime.tuning_ranges import Combination

logger = logging.getLogger(__name__)

EVENT = "SageMaker HyperParameter Tuning Job State Change"
STATUS = "HyperParameterTuningJobStatus"


def combinations_of(config: dict[str, Any]) -> "list[Combination]":
    """Return what a tuning job tries, in the order in which it begins with each; all of it is known beforehand.

    So it is the same for the same seed, whatever ends first.
    """
    ranges, limits = ranges_of(config["ParameterRanges"]), config["ResourceLimits"]
    if config["Strategy"] == "Grid":
        return grid(ranges)
    return drawn(ranges, limits["MaxNumberOfTrainingJobs"], config.get("RandomSeed"))


class TuningRun:
    """One tuning job under way."""

    def __init__(self, twin: "Twin", resource: Resource) -> None:
        self._twin = twin
        self.resource = resource
        self._children: list[Resource] = []
        # What follows is read and written with the condition held, as is what the store has of the job.
        self._changed = threading.Condition()
        self._running = 0
        self._stopping = False

    def run(self) -> None:
        """Run all of it; whatever happens, the job has an end."""
        reason = None
        try:
            self._search(combinations_of(self.resource.attributes["HyperParameterTuningJobConfig"]))
        except Exception:  # the twin's own defect must not leave a job InProgress for ever
            logger.exception("%s failed inside the twin", self.resource.arn)
            reason = InternalError().reason
        with self._changed:
            reason = reason or failure_of(self._counters())
            status = "Stopped" if self._stopping else "Failed" if reason else "Completed"
            failure = {"FailureReason": reason} if status == "Failed" else {}
            self._update(**{STATUS: status, "HyperParameterTuningEndTime": self._twin.clock.now()}, **failure)
        self._emit()

    def stop(self) -> None:
        """Stop the training jobs that run, and begin with no other one; return at once."""
        with self._changed:
            if self.resource.attributes[STATUS] != "InProgress":
                return
            self._stopping = True
            self._update(**{STATUS: "Stopping"})
            self._changed.notify_all()
            for child in self._children:
                if child.attributes["TrainingJobStatus"] == "InProgress":
                    self._record("StopTrainingJob", {"TrainingJobName": child.name})
                    self._twin.engine(TrainingEngine).stop(child)
        self._emit()

    def halt(self) -> None:
        """Begin with no other training job, because the twin ends."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _search(self, combinations: "Sequence[Combination]") -> None:
        limits = self.resource.attributes["HyperParameterTuningJobConfig"]["ResourceLimits"]
        self._emit()
        for number, combination in enumerate(combinations, 1):
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._running < limits["MaxParallelTrainingJobs"])
                if self._stopping:
                    break
                self._start(number, combination)
            self._emit()
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0)

    def _start(self, number: int, combination: "Combination") -> None:
        child = self._child(f"{self.resource.name}-{number:03d}-{secrets.token_hex(4)}", combination)
        self._twin.store.add(child)
        self._record("CreateTrainingJob", child.attributes)
        self._children.append(child)
        self._running += 1
        self._twin.engine(TrainingEngine).start(child, self._ended)
        self._update()

    def _child(self, name: str, combination: "Combination") -> Resource:
        mine, now = self.resource, self._twin.clock.now()
        arn = f"arn:aws:sagemaker:{mine.region}:{mine.account}:training-job/{name.lower()}"
        attributes = {
            **training_request(mine.attributes, name, combination),
            "TrainingJobArn": arn,
            "TuningJobArn": mine.arn,
            "CreationTime": now,
            "LastModifiedTime": now,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
        }
        return Resource("TrainingJob", mine.account, mine.region, name, arn, attributes, dict(mine.tags))

    def _ended(self) -> None:
        with self._changed:
            self._running -= 1
            self._update()
            self._changed.notify_all()
        self._emit()

    def _counters(self) -> dict[str, dict[str, int]]:
        return counters(self.resource.attributes, [child.attributes for child in self._children])

    def _update(self, **attributes: Any) -> None:
        best = best_of(self.resource.attributes, [child.attributes for child in self._children])
        found = {} if best is None else {"BestTrainingJob": best}
        self._twin.store.update(self.resource, **self._counters(), **found, **attributes)

    def _emit(self) -> None:
        # Not with the condition held: whom a rule calls may stop the job.
        try:
            self._twin.emit(
                source="aws.sagemaker",
                detail_type=EVENT,
                detail={**self.resource.attributes, "Tags": self.resource.tags},
                resources=[self.resource.arn],
                account=self.resource.account,
                region=self.resource.region,
            )
        except Exception:  # a job does not fail because nobody could be told
            logger.exception("the event of %s could not be sent", self.resource.arn)

    def _record(self, operation: str, parameters: dict[str, Any]) -> None:
        # Imported here because it loads ministack, whose settings are read at its import.
        from fairway.twin import base_events  # noqa: PLC0415

        mine = self.resource
        base_events.record_service_event(
            "sagemaker", operation, account=mine.account, region=mine.region, parameters=parameters
        )


class TuningEngine:
    """Starts and stops tuning jobs."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._runs: dict[str, TuningRun] = {}
        self._lock = threading.Lock()

    def start(self, resource: Resource) -> None:
        """Start a stored tuning job; return at once. If the twin cannot run it, forget it and raise ServiceError."""
        what = unsupported_tuning(resource.attributes)
        if what is not None:
            self._twin.store.remove(resource)
            raise refusal(what)
        run = TuningRun(self._twin, resource)
        with self._lock:
            self._runs[resource.arn] = run
        threading.Thread(target=self._run, args=(run,), name=resource.arn, daemon=True).start()

    def stop(self, resource: Resource) -> None:
        """Ask a tuning job to end; one that has ended is left alone. Return at once."""
        with self._lock:
            run = self._runs.get(resource.arn)
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Let no tuning job begin with another training job, because the twin ends."""
        with self._lock:
            runs = [*self._runs.values()]
        for run in runs:
            run.halt()

    def _run(self, run: TuningRun) -> None:
        try:
            run.run()
        finally:
            with self._lock:
                self._runs.pop(run.resource.arn, None)
