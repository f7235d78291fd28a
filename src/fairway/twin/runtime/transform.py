"""Transform jobs: a model's containers are started, fed with the objects of S3, and ended, as SageMaker goes."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.deployment import STARTUP_SECONDS
from fairway.twin.runtime.failures import CallerError, ContainerError, RunError
from fairway.twin.runtime.instances import Instance, deadline
from fairway.twin.runtime.jobs import STOPPED, JobEngine, JobRun
from fairway.twin.runtime.model_containers import new_identity, serving_container
from fairway.twin.runtime.routing import retire
from fairway.twin.runtime.support import primary_container
from fairway.twin.runtime.transform_client import SEE_LOGS, ModelClient
from fairway.twin.runtime.transform_inputs import Input, fetch, share
from fairway.twin.runtime.transform_joining import Joining
from fairway.twin.runtime.transform_rules import unsupported_transform
from fairway.twin.runtime.transform_settings import Feeding, variables
from fairway.twin.runtime.transform_work import Work, Worker
from fairway.twin.runtime.variants import FleetError, VariantFleet

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.containers import Session
    from fairway.twin.runtime.images import Images

LOG_GROUP = "/aws/sagemaker/TransformJobs"
EVENT = "SageMaker Transform Job State Change"


class TransformRun(JobRun):
    """One transform job under way."""

    def __init__(self, twin: "Twin", images: "Images", resource: "Resource", folder: Path) -> None:
        super().__init__(twin, images, resource, folder)
        model = twin.store.get("Model", resource.account, resource.region, self.request["ModelName"])
        assert model is not None  # noqa: S101 -- the operation has looked
        self._model = model.attributes
        self._began = int(time.time())

    @property
    def role(self) -> str:
        """The execution role of the model."""
        return str(self._model["ExecutionRoleArn"])

    def stages(self, session: "Session") -> None:
        """Download, start the containers, feed them, upload; of a job that is stopped nothing is uploaded."""
        self._tell(TransformStartTime=self.twin.clock.now())
        inputs = fetch(session.channels(), self.request["TransformInput"], self.folder / "input")
        if self.stopped():
            return
        fleet = self._fleet(session)
        if self.stopped():
            return
        fleet.launch(self.request["TransformResources"]["InstanceCount"])
        ender = Thread(target=self._end_when_stopped, args=(fleet,), daemon=True)
        ender.start()
        try:
            faults = self._work(session, fleet, inputs)
        finally:
            self._inbox.put("ended")
            ender.join()
            retire(fleet.instances)
        if not self.stopped():
            output = self.request["TransformOutput"]
            session.channels().upload(self.folder / "output", output["S3OutputPath"], output.get("KmsKeyId") or None)
            if faults:
                raise (CallerError if CallerError in faults else ContainerError)(SEE_LOGS)

    def finish(self, failure: RunError | None) -> None:
        """Write the status, the reason and the time."""
        status = "Failed" if failure else "Stopped" if self.interrupted else "Completed"
        reason = {"FailureReason": failure.reason} if failure else {}
        self._tell(TransformJobStatus=status, TransformEndTime=self.twin.clock.now(), **reason)

    def on_stopping(self) -> None:
        """SageMaker shows Stopping while the containers end."""
        self._tell(TransformJobStatus="Stopping")

    def _tell(self, **attributes: Any) -> None:
        self.twin.store.update(self.resource, **attributes)
        self.emit(EVENT, {**self.resource.attributes, "Tags": self.resource.tags})

    def _end_when_stopped(self, fleet: VariantFleet) -> None:
        if self._inbox.get() == STOPPED:
            self.on_stopping()
            fleet.notify()
            retire(fleet.instances)

    # -- the containers -----------------------------------------------------------------------------------------------

    def _fleet(self, session: "Session") -> VariantFleet:
        """Pull the image and download the artifact, both once."""
        container = primary_container(self._model)
        image = self.images.pull(container["Image"], session.credentials)
        artifact = None
        if container.get("ModelDataUrl"):
            artifact = self.folder / "model.tar.gz"
            session.channels().download_object(container["ModelDataUrl"], artifact)
        environment = {
            **(container.get("Environment") or {}),
            **(self.request.get("Environment") or {}),
            **variables(self.request),
        }

        def launch(changed: "Callable[[], None]") -> Instance:
            identity = new_identity()
            start = serving_container(session, image, environment, artifact, self.folder / identity)
            return Instance(identity, start, session.logs(LOG_GROUP, self._stream(identity)), self.twin.clock, changed)

        return VariantFleet(
            self.resource.name,
            config_name="",
            weight=1,
            image=image,
            specified_image=container["Image"],
            made_at=self.twin.clock.now(),
            startup_seconds=STARTUP_SECONDS,
            launcher=launch,
        )

    def _stream(self, identity: str) -> str:
        return f"{self.resource.name}/{identity}-{self._began}"

    def _serving(self, fleet: VariantFleet, instances: Sequence[Instance]) -> None:
        fleet.wait_until_serving(instances, deadline(fleet.startup_seconds, self.twin.clock), self._stop)

    # -- the records --------------------------------------------------------------------------------------------------

    def _work(self, session: "Session", fleet: VariantFleet, inputs: list[Input]) -> list[type[RunError]]:
        try:
            self._serving(fleet, fleet.instances)
        except FleetError as error:
            if self.stopped():
                return []
            problem = next((instance.problem for instance in fleet.instances if instance.problem), None)
            raise problem or ContainerError(
                "The primary container did not pass the ping health check. Please check CloudWatch logs for this job."
            ) from error
        shares = share(inputs, len(fleet.instances))
        feed = partial(self._feed, session, fleet)
        with ThreadPoolExecutor(len(shares)) as pool:
            return [fault for faults in pool.map(feed, fleet.instances, shares) for fault in faults]

    def _feed(
        self, session: "Session", fleet: VariantFleet, instance: Instance, inputs: list[Input]
    ) -> list[type[RunError]]:
        """Let one instance do its share; return the faults of the files that failed."""
        source, output = self.request["TransformInput"], self.request["TransformOutput"]
        headers = {
            "Content-Type": source.get("ContentType") or "application/octet-stream",
            "Accept": output.get("Accept") or "*/*",
        }
        client = ModelClient(instance, partial(self._serving, fleet, [instance]), headers, self._stop)
        feeding = Feeding.settle(self.request, client.parameters())
        log = session.logs(LOG_GROUP, f"{self._stream(instance.identity)}/data-log")

        def say(line: str) -> None:
            log.write(f"{self.twin.clock.now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f":[sagemaker logs]: {line}")

        say(str(feeding))
        line_ends = output.get("AssembleWith", "None") == "Line"
        work = Work(feeding, feeding.splitting(self.request), Joining.of(self.request), line_ends)
        worker = Worker(client, work, say, self._stop)
        try:
            worker.run(inputs, self.folder / "output")
        finally:
            log.close()
        return worker.faults


class TransformEngine(JobEngine):
    """Starts and stops transform jobs."""

    run_class = TransformRun
    folder = "transform-jobs"

    @staticmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a CreateTransformJob request."""
        return unsupported_transform(request)

    def close(self) -> None:
        """Let no job start a container again, because the twin ends."""
        with self._lock:
            runs = [*self._runs.values()]
        for run in runs:
            run.stop()
