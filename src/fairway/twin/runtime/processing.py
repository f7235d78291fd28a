"""Processing jobs: inputs from S3, a container, outputs to S3, as SageMaker goes."""

import json
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.containers import Container, Session, mounted, stream_name, written_reason
from fairway.twin.runtime.failures import REASON_LENGTH, ContainerError, RunError
from fairway.twin.runtime.jobs import OVERRUN, JobEngine, JobRun
from fairway.twin.runtime.support import unsupported_processing
from fairway.twin.runtime.training_files import resource_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
EVENT = "SageMaker Processing Job State Change"
# SageMaker's own words for a container that ended with an error.
SEE_LOGS = "See job logs for more information"


class ProcessingRun(JobRun):
    """One processing job under way."""

    @property
    def _ml(self) -> "Path":
        return self.folder / "ml"

    def stages(self, session: Session) -> None:
        """Download, run, upload; the outputs of a job that failed are not uploaded."""
        self._tell(ProcessingStartTime=self.twin.clock.now())
        self._download(session)
        if self.stopped():
            return
        specification = self.request["AppSpecification"]
        image = self.images.pull(specification["ImageUri"], session.credentials)
        if self.stopped():
            return
        variables = {
            **(self.request.get("Environment") or {}),
            "PROCESSING_JOB_NAME": self.resource.name,
            "PROCESSING_JOB_ARN": self.resource.arn,
        }
        container = Container(
            session,
            image,
            self.folder,
            specification.get("ContainerArguments") or (),
            variables,
            specification.get("ContainerEntrypoint") or (),
        )
        log = session.logs(LOG_GROUP, stream_name(self.resource.name))
        try:
            exit_code = self.execute(container, log)
        finally:
            log.close()
        if exit_code != 0 and not self.interrupted:
            raise ContainerError(SEE_LOGS)
        self._upload(session)

    def finish(self, failure: RunError | None) -> None:
        """Write the status, the reason, and what the container said."""
        status = "Failed" if failure else "Stopped" if self.interrupted else "Completed"
        extra: dict[str, Any] = {"ProcessingEndTime": self.twin.clock.now()}
        if failure is not None:
            extra["FailureReason"] = failure.reason
        elif self.interrupted == OVERRUN:
            extra["FailureReason"] = "Processing job runtime exceeded MaxRuntimeInSeconds provided"
        message = written_reason(self._ml / "output" / "message")
        if message:
            extra["ExitMessage"] = message[:REASON_LENGTH]
        self._tell(ProcessingJobStatus=status, **extra)

    def on_stopping(self) -> None:
        """SageMaker shows Stopping while the container has its grace."""
        self._tell(ProcessingJobStatus="Stopping")

    def _tell(self, **attributes: Any) -> None:
        self.twin.store.update(self.resource, **attributes)
        self.emit(EVENT, {**self.resource.attributes, "Tags": self.resource.tags})

    def _download(self, session: Session) -> None:
        self._write_config()
        channels = session.channels()
        for source in self.request.get("ProcessingInputs") or ():
            channels.download(source["S3Input"]["S3Uri"], mounted(source["S3Input"]["LocalPath"], self._ml))
        for directory, _ in self._outputs():
            directory.mkdir(parents=True, exist_ok=True)
        (self._ml / "output").mkdir(parents=True, exist_ok=True)

    def _write_config(self) -> None:
        directory = self._ml / "config"
        directory.mkdir(parents=True)
        members = (
            "ProcessingInputs",
            "ProcessingOutputConfig",
            "ProcessingResources",
            "StoppingCondition",
            "AppSpecification",
            "Environment",
            "NetworkConfig",
            "RoleArn",
        )
        config = {name: self.request[name] for name in members if self.request.get(name)}
        config |= {"ProcessingJobArn": self.resource.arn, "ProcessingJobName": self.resource.name}
        (directory / "processingjobconfig.json").write_text(json.dumps(config))
        cluster = self.request["ProcessingResources"]["ClusterConfig"]
        (directory / "resourceconfig.json").write_text(json.dumps(resource_config(cluster["InstanceType"])))

    def _upload(self, session: Session) -> None:
        channels = session.channels()
        key = (self.request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        for directory, uri in self._outputs():
            channels.upload(directory, uri, key)

    def _outputs(self) -> "Iterator[tuple[Path, str]]":
        for output in (self.request.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
            yield mounted(output["S3Output"]["LocalPath"], self._ml), output["S3Output"]["S3Uri"]


class ProcessingEngine(JobEngine):
    """Starts and stops processing jobs."""

    run_class = ProcessingRun
    folder = "processing-jobs"

    @staticmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a CreateProcessingJob request."""
        return unsupported_processing(request)
