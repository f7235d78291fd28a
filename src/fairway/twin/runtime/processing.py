"""Processing jobs: inputs from S3, a container, outputs to S3, as SageMaker goes."""

import json
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.containers import Container, Session, mounted, stream_name, written_reason
from fairway.twin.runtime.failures import REASON_LENGTH, ContainerError, RunError
from fairway.twin.runtime.jobs import OVERRUN, JobEngine, JobRun
from fairway.twin.runtime.support import unsupported_processing
from fairway.twin.runtime.training_files import resource_config, shard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fairway.twin.runtime.images import Image

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
EVENT = "SageMaker Processing Job State Change"
# SageMaker's own words for a container that ended with an error.
SEE_LOGS = "See job logs for more information"


class ProcessingRun(JobRun):
    """One processing job under way."""

    # The host whose message is the job's: the first one, or the one that failed.
    _speaker = "algo-1"

    @property
    def _cluster(self) -> dict[str, Any]:
        return dict(self.request["ProcessingResources"]["ClusterConfig"])

    @property
    def _hosts(self) -> list[str]:
        return [f"algo-{number}" for number in range(1, self._cluster["InstanceCount"] + 1)]

    def _ml(self, host: str) -> "Path":
        return self.folder / host / "ml"

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
        exit_code = self._run_hosts(session, image)
        if exit_code != 0 and not self.interrupted:
            raise ContainerError(SEE_LOGS)
        self._upload(session)

    def _run_hosts(self, session: Session, image: "Image") -> int:
        specification = self.request["AppSpecification"]
        variables = {
            **(self.request.get("Environment") or {}),
            "PROCESSING_JOB_NAME": self.resource.name,
            "PROCESSING_JOB_ARN": self.resource.arn,
        }
        arguments, entrypoint = (specification.get(f"Container{what}") or () for what in ("Arguments", "Entrypoint"))
        with ExitStack() as logs:
            containers = []
            for host in self._hosts:
                log = logs.enter_context(closing(session.logs(LOG_GROUP, stream_name(self.resource.name, host))))
                containers.append(
                    (Container(session, image, self.folder / host, arguments, variables, entrypoint), log.write)
                )
            position, exit_code = self.execute_all(containers)
        self._speaker = self._hosts[position]
        return exit_code

    def finish(self, failure: RunError | None) -> None:
        """Write the status, the reason, and what the container said."""
        status = "Failed" if failure else "Stopped" if self.interrupted else "Completed"
        extra: dict[str, Any] = {"ProcessingEndTime": self.twin.clock.now()}
        if failure is not None:
            extra["FailureReason"] = failure.reason
        elif self.interrupted == OVERRUN:
            extra["FailureReason"] = "Processing job runtime exceeded MaxRuntimeInSeconds provided"
        message = written_reason(self._ml(self._speaker) / "output" / "message")
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
        channels = session.channels()
        for number, host in enumerate(self._hosts):
            self._write_config(host)
            for source in self.request.get("ProcessingInputs") or ():
                s3 = source["S3Input"]
                shared = s3.get("S3DataDistributionType") == "ShardedByS3Key"
                choose = shard(number, len(self._hosts)) if shared else None
                channels.download(s3["S3Uri"], mounted(s3["LocalPath"], self._ml(host)), choose)
            for directory, _ in self._outputs(host):
                directory.mkdir(parents=True, exist_ok=True)
            (self._ml(host) / "output").mkdir(parents=True, exist_ok=True)

    def _write_config(self, host: str) -> None:
        directory = self._ml(host) / "config"
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
        hosts = resource_config(self._cluster["InstanceType"], self._hosts, host)
        (directory / "resourceconfig.json").write_text(json.dumps(hosts))

    def _upload(self, session: Session) -> None:
        channels = session.channels()
        key = (self.request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        # All hosts write below the same addresses: what two of them name alike, the last one leaves.
        for host in self._hosts:
            for directory, uri in self._outputs(host):
                channels.upload(directory, uri, key)

    def _outputs(self, host: str) -> "Iterator[tuple[Path, str]]":
        for output in (self.request.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
            yield mounted(output["S3Output"]["LocalPath"], self._ml(host)), output["S3Output"]["S3Uri"]


class ProcessingEngine(JobEngine):
    """Starts and stops processing jobs."""

    run_class = ProcessingRun
    folder = "processing-jobs"

    @staticmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a CreateProcessingJob request."""
        return unsupported_processing(request)
