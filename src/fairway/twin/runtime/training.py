"""Training jobs: from Starting to Completed, Failed or Stopped, as SageMaker goes."""

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime import archives
from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.containers import Container, Session, mounted, stream_name, written_reason
from fairway.twin.runtime.failures import REASON_LENGTH, ContainerError, RunError
from fairway.twin.runtime.jobs import OVERRUN, JobEngine, JobRun, logger, seconds_between
from fairway.twin.runtime.support import unsupported_training
from fairway.twin.runtime.training_files import MetricReader, write_config

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.images import Images

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
NAMESPACE = "/aws/sagemaker/TrainingJobs"
EVENT = "SageMaker Training Job State Change"
CHECKPOINTS = "/opt/ml/checkpoints"

# SageMaker's own words for its transitions.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
FINAL = {"Completed": "Completed", "Failed": "Failed", "Stopped": "Stopped", "MaxRuntimeExceeded": "Stopped"}


def next_transitions(transitions: list[dict[str, Any]], status: str, now: "datetime") -> list[dict[str, Any]]:
    """Return the transitions after one to `status`: the last one ends where it begins; a final one ends at once."""
    closed = [*transitions]
    if closed and "EndTime" not in closed[-1]:
        closed[-1] = {**closed[-1], "EndTime": now}
    begun: dict[str, Any] = {"Status": status, "StartTime": now, "StatusMessage": MESSAGES[status]}
    return [*closed, {**begun, "EndTime": now} if status in FINAL else begun]


def exit_reason(reason: str, exit_code: int) -> str:
    """Return the text of a failed container's FailureReason: what it wrote, cut if need be, and the exit code."""
    ending = f", exit code: {exit_code if exit_code >= 0 else 128 - exit_code}"
    return reason[: REASON_LENGTH - len(ending) - len("AlgorithmError: ")] + ending


class TrainingRun(JobRun):
    """One training job under way."""

    def __init__(self, twin: "Twin", images: "Images", resource: "Resource", folder: Path) -> None:
        super().__init__(twin, images, resource, folder)
        self._metrics = MetricReader((self.request.get("AlgorithmSpecification") or {}).get("MetricDefinitions") or ())
        self._points: list[tuple[str, float, datetime]] = []
        self._started: float | None = None

    @property
    def _ml(self) -> Path:
        return self.folder / "ml"

    def stages(self, session: Session) -> None:
        """Download, train, upload; a job that is stopped or out of time keeps what it has made so far."""
        self._move("Starting")
        self._move("Downloading", TrainingStartTime=self.twin.clock.now())
        self._started = time.monotonic()
        self._download(session)
        if self.stopped():
            return
        specification = self.request["AlgorithmSpecification"]
        image = self.images.pull(specification["TrainingImage"], session.credentials)
        if self.stopped():
            return
        self._move("Training")
        variables = {
            **(self.request.get("Environment") or {}),
            "TRAINING_JOB_NAME": self.resource.name,
            "TRAINING_JOB_ARN": self.resource.arn,
        }
        arguments = specification.get("ContainerArguments") or ["train"]
        entrypoint = specification.get("ContainerEntrypoint") or ()
        container = Container(session, image, self.folder, arguments, variables, entrypoint)
        log = session.logs(LOG_GROUP, stream_name(self.resource.name))
        try:
            exit_code = self.execute(container, log, self._read_metrics)
        finally:
            log.close()
            self._send_metrics(session)
        if exit_code != 0 and not self.interrupted:
            with contextlib.suppress(RunError):  # why the container failed is what matters
                self._upload_rest(session)
            raise ContainerError(exit_reason(written_reason(self._ml / "output" / "failure"), exit_code))
        self._move("Uploading")
        self._upload_model(session)
        self._upload_rest(session)

    def finish(self, failure: RunError | None) -> None:
        """Write the status, the reason and the times."""
        status = "Completed"
        extra: dict[str, Any] = {"TrainingEndTime": self.twin.clock.now()}
        if failure is not None:
            status, extra["FailureReason"] = "Failed", failure.reason
        elif self.interrupted == OVERRUN:
            status = "MaxRuntimeExceeded"
        elif self.interrupted:
            status = "Stopped"
        if self._started is not None:
            extra["TrainingTimeInSeconds"] = extra["BillableTimeInSeconds"] = seconds_between(self._started)
        self._move(status, TrainingJobStatus=FINAL[status], **extra)

    def on_stopping(self) -> None:
        """SageMaker shows Stopping while the container has its grace."""
        self._move("Stopping", TrainingJobStatus="Stopping")

    def _move(self, status: str, **attributes: Any) -> None:
        before = self.request.get("SecondaryStatusTransitions") or []
        attributes["SecondaryStatusTransitions"] = next_transitions(before, status, self.twin.clock.now())
        self.twin.store.update(self.resource, SecondaryStatus=status, **attributes)
        self.emit(EVENT, {**self.resource.attributes, "Tags": self.resource.tags})

    def _download(self, session: Session) -> None:
        write_config(self._ml / "input" / "config", self.request)
        for directory in ("input/data", "model", "output/data", "checkpoints"):
            (self._ml / directory).mkdir(parents=True, exist_ok=True)
        channels = session.channels()
        for channel in self.request.get("InputDataConfig") or ():
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            channels.download(uri, self._ml / "input" / "data" / channel["ChannelName"])
        checkpoints = self.request.get("CheckpointConfig")
        if checkpoints:
            channels.download_any(checkpoints["S3Uri"], self._checkpoints(checkpoints))

    def _checkpoints(self, config: dict[str, str]) -> Path:
        return mounted(config.get("LocalPath", CHECKPOINTS), self._ml)

    def _upload_model(self, session: Session) -> None:
        place = self._output().below("model.tar.gz")
        if any((self._ml / "model").iterdir()):
            self._upload_archive(session, self._ml / "model", place)
            self.twin.store.update(self.resource, ModelArtifacts={"S3ModelArtifacts": place.uri})

    def _upload_rest(self, session: Session) -> None:
        if any((self._ml / "output" / "data").iterdir()):
            self._upload_archive(session, self._ml / "output" / "data", self._output().below("output.tar.gz"))
        checkpoints = self.request.get("CheckpointConfig")
        if checkpoints:
            session.channels().upload(self._checkpoints(checkpoints), checkpoints["S3Uri"])

    def _output(self) -> Location:
        path = self.request["OutputDataConfig"]["S3OutputPath"]
        return Location.parse(path).below(self.resource.name).below("output")

    def _upload_archive(self, session: Session, directory: Path, place: Location) -> None:
        archive = self.folder / "archive"
        archives.pack(directory, archive)
        session.channels().upload_file(archive, place, self.request["OutputDataConfig"].get("KmsKeyId"))

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
    """Starts and stops training jobs."""

    run_class = TrainingRun
    folder = "training-jobs"

    @staticmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a CreateTrainingJob request."""
        return unsupported_training(request)
