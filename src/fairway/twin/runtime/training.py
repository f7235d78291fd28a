"""Training jobs: from Starting to Completed, Failed or Stopped, as SageMaker goes."""

import contextlib
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime import archives
from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.checkpoints import CheckpointCopies
from fairway.twin.runtime.containers import Container, Session, mounted
from fairway.twin.runtime.failures import CallerError, ContainerError, RunError
from fairway.twin.runtime.instance_memory import SHORT_OF_MEMORY
from fairway.twin.runtime.jobs import GRACE_SECONDS, OVERRUN, JobEngine, JobRun, logger, seconds_between
from fairway.twin.runtime.support import unsupported_training
from fairway.twin.runtime.training_course import FINAL, exit_reason, next_transitions
from fairway.twin.runtime.training_files import MetricReader
from fairway.twin.runtime.training_hosts import Ended, Hosts

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.images import Images

NAMESPACE = "/aws/sagemaker/TrainingJobs"
EVENT = "SageMaker Training Job State Change"
CHECKPOINTS = "/opt/ml/checkpoints"
INTERRUPTED, WAITED = "interrupted", "waited"
# How long, in AWS's time, until a managed spot training has instances again.
CAPACITY_SECONDS = 60


class TrainingRun(JobRun):
    """One training job under way."""

    def __init__(self, twin: "Twin", images: "Images", resource: "Resource", folder: Path) -> None:
        super().__init__(twin, images, resource, folder)
        self._metrics = MetricReader((self.request.get("AlgorithmSpecification") or {}).get("MetricDefinitions") or ())
        self._points: list[tuple[str, float, datetime]] = []
        self._created = time.monotonic()
        self._started: float | None = None
        self._billed = 0.0
        self._hosts = Hosts(folder, self.request)

    def interrupt(self) -> bool:
        """Take the instances of a managed spot training away; tell whether there were any to take."""
        if self.request.get("EnableManagedSpotTraining") and self.request["SecondaryStatus"] == "Training":
            self._inbox.put(INTERRUPTED)
            return True
        return False

    def stages(self, session: Session) -> None:
        """Download, train, upload; again from its checkpoints for as long as its instances are taken away.

        A job that is stopped or out of time keeps what it has made so far.
        """
        while True:
            begun = time.monotonic()
            try:
                again = self._attempt(session)
            finally:
                self._billed += time.monotonic() - begun
            if not again:
                return
            self._move("Interrupted")
            self._stop.wait(min(CAPACITY_SECONDS / self.twin.clock.speed, max(self._seconds_to_wait(), 0)))
            if self.stopped():
                return
            if self._seconds_to_wait() <= 0:
                self.interrupted = WAITED
                return
            shutil.rmtree(self.folder)
            self.folder.mkdir()

    def _attempt(self, session: Session) -> bool:
        """Run the job on instances of its own; return whether they were taken away before it was done."""
        self._move("Starting")
        self._move("Downloading", **({} if self._started else {"TrainingStartTime": self.twin.clock.now()}))
        self._started = self._started or time.monotonic()
        self._hosts.prepare(session)
        copies = self._checkpoints(session)
        if copies is not None:
            copies.bring()
        if self.stopped():
            return False
        container = self._container(session)
        if self.stopped():
            return False
        self._move("Training")
        try:
            with contextlib.nullcontext() if copies is None else copies.sending():
                ended = self._train(container)
        finally:
            self._send_metrics(session)
        if ended.by == INTERRUPTED:
            return True
        self.interrupted = ended.by
        if ended.exit_code != 0 and not self.interrupted:
            with contextlib.suppress(RunError):  # why the container failed is what matters
                self._upload(session, "output/data", "output.tar.gz")
            if ended.short_of_memory:
                raise CallerError(SHORT_OF_MEMORY)
            raise ContainerError(exit_reason(ended.host.failure, ended.exit_code))
        self._move("Uploading")
        if self._upload(session, "model", "model.tar.gz"):
            artifacts = {"S3ModelArtifacts": self._output().below("model.tar.gz").uri}
            self.twin.store.update(self.resource, ModelArtifacts=artifacts)
        self._upload(session, "output/data", "output.tar.gz")
        return False

    def _container(self, session: Session) -> Container:
        specification = self.request["AlgorithmSpecification"]
        image = self.images.pull(specification["TrainingImage"], session.credentials)
        variables = {
            **(self.request.get("Environment") or {}),
            "TRAINING_JOB_NAME": self.resource.name,
            "TRAINING_JOB_ARN": self.resource.arn,
        }
        arguments = specification.get("ContainerArguments") or ["train"]
        entrypoint = specification.get("ContainerEntrypoint") or ()
        return Container(session, image, self.folder, arguments, variables, entrypoint)

    def _train(self, container: Container) -> Ended:
        condition = self.request.get("StoppingCondition") or {}
        left = condition.get("MaxRuntimeInSeconds", 86_400) - self._billed
        waiting = self._seconds_to_wait()
        ended = self._hosts.run(
            container, self._inbox, limit=min(left, waiting), on_line=self._read_metrics, on_ending=self._on_ending
        )
        return replace(ended, by=WAITED) if ended.by == OVERRUN and waiting < left else ended

    def _on_ending(self, message: str) -> float:
        # Interrupted instances give no notice in the job's status before they are gone.
        if message != INTERRUPTED:
            self.on_stopping()
        return GRACE_SECONDS / self.twin.clock.speed

    def _seconds_to_wait(self) -> float:
        limit = (self.request.get("StoppingCondition") or {}).get("MaxWaitTimeInSeconds")
        return float("inf") if limit is None else limit - (time.monotonic() - self._created)

    def finish(self, failure: RunError | None) -> None:
        """Write the status, the reason and the times."""
        status = "Completed"
        extra: dict[str, Any] = {"TrainingEndTime": self.twin.clock.now()}
        if failure is not None:
            status, extra["FailureReason"] = "Failed", failure.reason
        elif self.interrupted:
            status = {OVERRUN: "MaxRuntimeExceeded", WAITED: "MaxWaitTimeExceeded"}.get(self.interrupted, "Stopped")
        if self._started is not None:
            extra["TrainingTimeInSeconds"] = seconds_between(self._started)
            extra["BillableTimeInSeconds"] = max(1, round(self._billed))
        self._move(status, TrainingJobStatus=FINAL[status], **extra)

    def on_stopping(self) -> None:
        """SageMaker shows Stopping while the container has its grace."""
        self._move("Stopping", TrainingJobStatus="Stopping")

    def _move(self, status: str, **attributes: Any) -> None:
        before = self.request.get("SecondaryStatusTransitions") or []
        attributes["SecondaryStatusTransitions"] = next_transitions(before, status, self.twin.clock.now())
        self.twin.store.update(self.resource, SecondaryStatus=status, **attributes)
        self.emit(EVENT, {**self.resource.attributes, "Tags": self.resource.tags})

    def _checkpoints(self, session: Session) -> CheckpointCopies | None:
        config = self.request.get("CheckpointConfig")
        if not config:
            return None
        folders = [mounted(config.get("LocalPath", CHECKPOINTS), host.ml) for host in self._hosts.all]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return CheckpointCopies(session.channels(), config["S3Uri"], folders)

    def _output(self) -> Location:
        path = self.request["OutputDataConfig"]["S3OutputPath"]
        return Location.parse(path).below(self.resource.name).below("output")

    def _upload(self, session: Session, directory: str, name: str) -> bool:
        """Pack what all hosts left in a folder and upload it; return whether there was anything."""
        folders = [host.ml / directory for host in self._hosts.all]
        if not any(any(folder.iterdir()) for folder in folders):
            return False
        for folder in folders[1:]:
            shutil.copytree(folder, folders[0], dirs_exist_ok=True)
        archive = self.folder / "archive"
        archives.pack(folders[0], archive)
        key = self.request["OutputDataConfig"].get("KmsKeyId")
        session.channels().upload_file(archive, self._output().below(name), key)
        return True

    def _read_metrics(self, line: str) -> None:
        now = self.twin.clock.now()
        self._points += [(name, value, now) for name, value in self._metrics.read(line).items()]

    def _send_metrics(self, session: Session) -> None:
        final = {
            name: {"MetricName": name, "Value": value, "Timestamp": moment} for name, value, moment in self._points
        }
        if not final:
            return
        self.twin.store.update(self.resource, FinalMetricDataList=list(final.values()))
        data = [
            {
                "MetricName": name,
                "Value": value,
                "Timestamp": moment,
                "Dimensions": [{"Name": "TrainingJobName", "Value": self.resource.name}],
            }
            for name, value, moment in self._points
        ]
        cloudwatch = session.client("cloudwatch")
        try:
            for start in range(0, len(data), 1000):  # PutMetricData takes 1,000 at a time
                cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + 1000])
        except (ClientError, BotoCoreError) as error:  # as on AWS, a role that may not write metrics has none
            logger.warning("metrics of %s are lost: %s", self.resource.arn, error)


class TrainingEngine(JobEngine):
    """Starts, stops and interrupts training jobs."""

    run_class = TrainingRun
    folder = "training-jobs"

    @staticmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a CreateTrainingJob request."""
        return unsupported_training(request)

    def interrupt(self, name: str) -> bool:
        """Take the instances of a job of that name away; tell whether it is one that trains on spot instances."""
        run = self.find(name)
        return isinstance(run, TrainingRun) and run.interrupt()
