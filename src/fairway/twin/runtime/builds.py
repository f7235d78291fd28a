"""CodeBuild's builds: started by StartBuild, or by a pipeline's action with the artifacts of its stage."""

import threading
import uuid
from typing import TYPE_CHECKING

from fairway.twin.runtime.build_inputs import CloneRef, PipelineBuild
from fairway.twin.runtime.build_phases import FAILED
from fairway.twin.runtime.build_queue import Queue
from fairway.twin.runtime.build_run import BuildRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from fairway.twin.context import Credentials, Resource, Twin

__all__ = ["BuildEngine", "CloneRef", "PipelineBuild"]


class BuildEngine:
    """Starts and stops builds."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._lock = threading.Lock()
        self._awaited: dict[str, PipelineBuild] = {}
        self._runs: dict[str, BuildRun] = {}
        self._queues: dict[tuple[str, str], Queue] = {}
        self._closed = False

    def start_for_pipeline(self, build: PipelineBuild, credentials: "Credentials") -> str:
        """Start a build with StartBuild as the action's role; return its id; raise botocore's ClientError.

        Its course is then read by BatchGetBuilds, and StopBuild ends it. What StartBuild has no member for waits here
        under the request's idempotency token.
        """
        token = str(uuid.uuid4())
        with self._lock:
            self._awaited[token] = build
        try:
            client = self._twin.client("codebuild", account=build.account, region=build.region, credentials=credentials)
            answer = client.start_build(
                projectName=build.project,
                environmentVariablesOverride=[dict(variable) for variable in build.environment],
                idempotencyToken=token,
            )
        finally:
            with self._lock:
                self._awaited.pop(token, None)
        return str(answer["build"]["id"])

    def awaited(self, token: str | None) -> PipelineBuild | None:
        """Return what a pipeline has announced under the idempotency token of a StartBuild."""
        with self._lock:
            return self._awaited.get(token or "")

    def running(self, project: str) -> int:
        """Return how many builds of a project, by its ARN, have not ended."""
        with self._lock:
            return sum(run.resource.attributes["projectArn"] == project for run in self._runs.values())

    def start(
        self,
        resource: "Resource",
        pipeline: PipelineBuild | None = None,
        retry: "Callable[[Resource], None]" = lambda _build: None,
    ) -> None:
        """Start a stored build; return at once. `retry` is called when it has failed in a way that is tried again."""
        folder = self._twin.directory / "builds" / resource.name.rpartition(":")[2]
        with self._lock:
            queue = self._queues.setdefault((resource.account, resource.region), Queue())
            run = BuildRun(self._twin, queue, resource, pipeline, folder)
            self._runs[resource.arn] = run
        threading.Thread(target=self._run, args=(run, retry), name=resource.arn, daemon=True).start()

    def stop(self, resource: "Resource") -> None:
        """Ask a build to end; one that has ended is left alone. Return at once."""
        with self._lock:
            run = self._runs.get(resource.arn)
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Ask all builds to end."""
        with self._lock:
            self._closed = True
            runs = list(self._runs.values())
        for run in runs:
            run.stop()

    def _run(self, run: BuildRun, retry: "Callable[[Resource], None]") -> None:
        status = FAILED
        try:
            status = run.run()
        finally:
            with self._lock:
                self._runs.pop(run.resource.arn, None)
        if status == FAILED and not self._closed and self._wants_retry(run):
            retry(run.resource)

    @staticmethod
    def _wants_retry(run: BuildRun) -> bool:
        """Tell whether the project, or the phase that failed, asks for another build; a pipeline retries by itself."""
        if run.pipeline is not None:
            return False
        config = run.resource.attributes["autoRetryConfig"]
        retried = config["autoRetryNumber"]
        if retried < config["autoRetryLimit"]:
            return True
        failed = [one.phase for one in run.ended if one.status == FAILED]
        asked = run.spec.phase(failed[0]).on_failure if failed else None
        return asked is not None and asked.wants_retry(run.failure, retried)
