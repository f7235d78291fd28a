"""The course of a job that runs once: stages in a thread, a request to stop, a limit of time, and one certain end."""

import logging
import queue
import shutil
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.containers import Session
from fairway.twin.runtime.failures import InternalError, RunError
from fairway.twin.runtime.images import Images
from fairway.twin.runtime.support import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.containers import Container
    from fairway.twin.runtime.logs import LogStream
    from fairway.twin.runtime.processes import Process

logger = logging.getLogger(__name__)

# What SageMaker gives a container between SIGTERM and SIGKILL.
GRACE_SECONDS = 120
STOPPED, OVERRUN = "stopped", "overrun"


class JobRun(ABC):
    """One job under way. Subclasses say what its stages are (`stages`) and how its end is written (`finish`)."""

    def __init__(self, twin: "Twin", images: Images, resource: "Resource", folder: Path) -> None:
        self.twin = twin
        self.images = images
        self.resource = resource
        self.folder = folder
        self.interrupted: str | None = None
        # STOPPED, or what a subclass waits for: which host's container has ended, with its exit code.
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = threading.Event()

    @property
    def request(self) -> dict[str, Any]:
        """The members of the request that made the job."""
        return self.resource.attributes

    @property
    def role(self) -> str:
        """The role that the job acts as."""
        return str(self.request["RoleArn"])

    def stop(self) -> None:
        """Ask for the end; the stage under way is finished first, unless it is the container's."""
        self._stop.set()
        self._inbox.put(STOPPED)

    def run(self) -> None:
        """Run all of it; whatever happens, the job has an end."""
        failure: RunError | None = None
        try:
            shutil.rmtree(self.folder, ignore_errors=True)  # of a job of that name, run by a twin that is gone
            self.folder.mkdir(parents=True)
            self.stages(Session.open(self.twin, self.role, self.resource))
        except RunError as error:
            failure = error
        except Exception:  # the twin's own defect must not leave a job InProgress for ever
            logger.exception("%s %s failed inside the twin", self.resource.kind, self.resource.name)
            failure = InternalError()
        self.finish(failure)
        shutil.rmtree(self.folder, ignore_errors=True)

    @abstractmethod
    def stages(self, session: Session) -> None:
        """Do the job's work; raise RunError when it fails."""

    @abstractmethod
    def finish(self, failure: RunError | None) -> None:
        """Write the job's end."""

    @abstractmethod
    def on_stopping(self) -> None:
        """Say that the container is being asked to end."""

    def stopped(self) -> bool:
        """Tell, between two stages, whether somebody asked for the end; then this is the end."""
        if self._stop.is_set():
            self.interrupted = STOPPED
        return self._stop.is_set()

    def execute(self, container: "Container", log: "LogStream", on_line: Any = None) -> int:
        """Run the container to its end, or to the request to stop, or to the limit of time; return its exit code.

        `on_line(line)` sees every line too. `interrupted` says afterwards what ended it, if it did not end by itself.
        """

        def write(line: str) -> None:
            log.write(line)
            if on_line is not None:
                on_line(line)

        return self.execute_all([(container, write)])[1]

    def execute_all(self, containers: "Sequence[tuple[Container, Callable[[str], None]]]") -> tuple[int, int]:
        """Run one container a host, each with what takes its lines, until all have ended or one of them has failed.

        What a failure leaves running is asked to end. Return the position of the host that failed first, or of the
        first one, and its exit code.
        """
        limit = (self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86_400)
        end = time.monotonic() + limit
        processes: list[Process] = []
        try:
            for position, (container, write) in enumerate(containers):
                processes.append(container.start(write, self._ended(position)))
            failed = self._await(len(processes), end)
        except BaseException:
            _stop_all(processes, 0)
            raise
        if failed is None and not self.interrupted:
            return 0, 0
        if self.interrupted:
            self.on_stopping()
        _stop_all(processes, GRACE_SECONDS / self.twin.clock.speed)
        position = failed or 0
        return position, processes[position].wait() or 0

    def _ended(self, position: int) -> "Callable[[int], None]":
        return lambda code: self._inbox.put((position, code))

    def _await(self, running: int, end: float) -> int | None:
        while running:
            try:
                message = self._inbox.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                message = OVERRUN
            if isinstance(message, str):
                self.interrupted = message
                return None
            position, code = message
            if code:
                return int(position)
            running -= 1
        return None

    def emit(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Send the state-change event; a job does not fail because nobody could be told."""
        try:
            self.twin.emit(
                source="aws.sagemaker",
                detail_type=detail_type,
                detail=detail,
                resources=[self.resource.arn],
                account=self.resource.account,
                region=self.resource.region,
            )
        except Exception:
            logger.exception("the event of %s could not be sent", self.resource.arn)


class JobEngine(ABC):
    """Starts and stops the jobs of one kind. Subclasses name the kind's run and folder."""

    run_class: type[JobRun]
    folder = ""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._images = Images(twin)
        self._runs: dict[str, JobRun] = {}
        self._lock = threading.Lock()

    @staticmethod
    @abstractmethod
    def unsupported(request: dict[str, Any]) -> str | None:
        """Return what the twin cannot do of a request, in words that name the member; None when it can do all of it."""

    def start(self, resource: "Resource", ended: "Callable[[], None]" = lambda: None) -> None:
        """Start a stored job; return at once. If the twin cannot run it, forget it and raise ServiceError.

        `ended` is called when the job has its end.
        """
        what = self.unsupported(resource.attributes)
        if what is not None:
            self._twin.store.remove(resource)
            raise refusal(what)
        folder = self._twin.directory / self.folder / f"{resource.account}-{resource.region}-{resource.name}"
        run = self.run_class(self._twin, self._images, resource, folder)
        with self._lock:
            self._runs[resource.arn] = run
        threading.Thread(target=self._run, args=(run, ended), name=resource.arn, daemon=True).start()

    def stop(self, resource: "Resource") -> None:
        """Ask a job to end; one that has ended is left alone. Return at once."""
        with self._lock:
            run = self._runs.get(resource.arn)
        if run is not None:
            run.stop()

    def find(self, name: str) -> JobRun | None:
        """Return the job of that name that is under way."""
        with self._lock:
            return next((run for run in self._runs.values() if run.resource.name == name), None)

    def _run(self, run: JobRun, ended: "Callable[[], None]") -> None:
        try:
            run.run()
        finally:
            with self._lock:
                self._runs.pop(run.resource.arn, None)
            ended()


def _stop_all(processes: "Sequence[Process]", grace: float) -> None:
    with ThreadPoolExecutor(max(1, len(processes))) as pool:
        for done in [pool.submit(process.stop, grace) for process in processes]:
            done.result()


def seconds_between(start: float) -> int:
    """Return the whole seconds since a monotonic moment, at least one, as SageMaker bills them."""
    return max(1, round(time.monotonic() - start))
