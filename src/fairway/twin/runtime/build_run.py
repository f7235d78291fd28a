"""One build under way: its phases one after the other, and one certain end."""

import logging
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.twin.context import RoleError
from fairway.twin.runtime import build_phases
from fairway.twin.runtime.build_failures import ACCESS_DENIED, BUILD_TIMED_OUT, CLIENT_ERROR, INTERNAL_ERROR, PhaseError
from fairway.twin.runtime.build_log import BuildLog
from fairway.twin.runtime.build_phases import FAILED, FAULT, SUCCEEDED, Ended
from fairway.twin.runtime.build_record import Record
from fairway.twin.runtime.build_shell import STOPPED, TIMED_OUT, Interrupted
from fairway.twin.runtime.build_spec import Buildspec
from fairway.twin.runtime.build_work import Assignment, Work
from fairway.twin.runtime.containers import Session
from fairway.twin.runtime.failures import RunError

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.build_inputs import PipelineBuild
    from fairway.twin.runtime.build_queue import Queue

logger = logging.getLogger(__name__)

PRINCIPAL = "codebuild.amazonaws.com"
_NEVER = float("inf")


class BuildRun:
    """A build; `pipeline` is what a pipeline's action hands over, if one has started it."""

    def __init__(
        self, twin: "Twin", queue: "Queue", resource: "Resource", pipeline: "PipelineBuild | None", folder: Path
    ) -> None:
        self._twin = twin
        self._queue = queue
        self.resource = resource
        self.pipeline = pipeline
        self._folder = folder
        self._record = Record(twin, resource)
        self._stop = threading.Event()
        self._deadline = _NEVER
        self._session: Session | None = None
        self._log: BuildLog | None = None
        self._work: Work | None = None
        self._ended: list[Ended] = []
        self.failure = ""

    @property
    def _build(self) -> dict[str, Any]:
        return self.resource.attributes

    @property
    def _uuid(self) -> str:
        return self.resource.name.rpartition(":")[2]

    @property
    def spec(self) -> Buildspec:
        """The buildspec; an empty one until it is read."""
        return self._work.spec if self._work is not None else Buildspec()

    @property
    def ended(self) -> tuple[Ended, ...]:
        """The phases that have ended."""
        return tuple(self._ended)

    def stop(self) -> None:
        """Ask for the end; return at once."""
        self._stop.set()
        work = self._work
        if work is not None:
            work.stop()

    def run(self) -> str:
        """Run all of it and return the build's status."""
        self._record.started()
        phase: str | None = build_phases.SUBMITTED
        try:
            while phase and phase != build_phases.COMPLETED:
                self._ended.append(self._phase(phase))
                phase = build_phases.following(self._ended[-1])
        finally:
            status = build_phases.build_status(self._ended)
            self._leave()
            self._record.finish(status)
        return status

    def _leave(self) -> None:
        if self._work is not None:
            self._work.close()
        if self._log is not None:
            self._log.close()
        self._queue.leave(self)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _phase(self, phase: str) -> Ended:
        self._record.begin(phase)
        status, context = SUCCEEDED, ("", "")
        try:
            self._act(phase)
        except PhaseError as error:
            status, context = FAILED, (error.status_code, str(error))
        except RunError as error:
            status, context = FAILED, (CLIENT_ERROR, str(error))
        except Interrupted as interruption:
            status = build_phases.STOPPED if interruption.reason == STOPPED else build_phases.TIMED_OUT
            if interruption.reason == TIMED_OUT:
                context = (BUILD_TIMED_OUT, "Build has timed out. ")
        except Exception:  # the twin's own defect must not leave a build in progress for ever
            logger.exception("%s failed inside the twin", self.resource.arn)
            status, context = FAULT, (INTERNAL_ERROR, "The twin failed; see its log.")
        self._say(f"Phase complete: {phase} State: {status}")
        self._say(f"Phase context status code: {context[0]} Message: {context[1]}")
        if status == FAILED:
            self.failure = f"{context[0]}: {context[1]}"
        self._record.end(status, *context)
        on_failure = self.spec.phase(phase).on_failure
        return Ended(phase, status, on_failure.action if on_failure else None)

    def _act(self, phase: str) -> None:
        if phase != build_phases.FINALIZING:
            self._check_interrupted()
        match phase:
            case build_phases.QUEUED:
                self._wait_for_place()
            case build_phases.PROVISIONING:
                self._provision()
            case build_phases.DOWNLOAD_SOURCE:
                self._working.prepare()
            case build_phases.INSTALL | build_phases.PRE_BUILD | build_phases.BUILD | build_phases.POST_BUILD:
                self._say(f"Entering phase {phase}")
                succeeding = all(one.status == SUCCEEDED for one in self._ended)
                self._working.run_commands(phase, succeeding=succeeding)
            case build_phases.UPLOAD_ARTIFACTS:
                self._working.upload()
            case build_phases.FINALIZING:
                self._finalize()

    def _check_interrupted(self) -> None:
        if self._stop.is_set():
            raise Interrupted(STOPPED)
        if time.monotonic() >= self._deadline:
            raise Interrupted(TIMED_OUT)

    def _say(self, text: str) -> None:
        if self._log is not None:
            self._log.say(text)

    # -- the phases before the commands -------------------------------------------------------------------------------

    def _wait_for_place(self) -> None:
        if not self._queue.enter(self, self._stop, self._build["queuedTimeoutInMinutes"] * 60):
            raise Interrupted(STOPPED if self._stop.is_set() else TIMED_OUT)
        try:
            credentials = self._twin.role_credentials(
                self._build["serviceRole"], service=PRINCIPAL, session=f"AWSCodeBuild-{self._uuid}"
            )
        except RoleError as error:
            raise PhaseError(ACCESS_DENIED, str(error)) from error
        place = (self.resource.account, self.resource.region, self.resource.name)
        session = Session(self._twin, self._build["serviceRole"], *place, credentials)
        logs = self._build["logs"]
        log = BuildLog(session, logs.get("groupName"), logs.get("streamName", ""))
        try:
            log.open()
        except ClientError as error:
            raise PhaseError(
                ACCESS_DENIED,
                f"Service role {self._build['serviceRole']} does not allow AWS CodeBuild to create Amazon CloudWatch "
                f"Logs log streams for build {self.resource.arn}. Error message: {error.response['Error']['Message']}",
            ) from error
        self._session, self._log = session, log

    def _provision(self) -> None:
        assert self._session is not None  # noqa: S101 -- QUEUED has opened them
        assert self._log is not None  # noqa: S101
        self._deadline = time.monotonic() + self._build["timeoutInMinutes"] * 60
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "home").mkdir(parents=True)
        self._work = Work(
            Assignment(
                twin=self._twin,
                resource=self.resource,
                pipeline=self.pipeline,
                session=self._session,
                record=self._record,
                log=self._log,
                folder=self._folder,
                deadline=self._deadline,
            )
        )

    @property
    def _working(self) -> Work:
        assert self._work is not None  # noqa: S101 -- PROVISIONING has made it
        return self._work

    def _finalize(self) -> None:
        if build_phases.build_status(self._ended) == SUCCEEDED:
            self._working.keep_cache()
