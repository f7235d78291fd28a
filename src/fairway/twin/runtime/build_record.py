"""What the API and EventBridge see of a build under way: its phases, its status, and the event of each change.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html#sample-build-notifications-ref
"""

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.build_phases import COMPLETED

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

IN_PROGRESS = "IN_PROGRESS"


class Record:
    """Writes the course of one build."""

    def __init__(self, twin: "Twin", resource: "Resource") -> None:
        self._twin = twin
        self._resource = resource

    def tell(self, **attributes: Any) -> None:
        """Set attributes of the build."""
        self._twin.store.update(self._resource, **attributes)

    def begin(self, phase: str) -> None:
        """Write that a phase has begun."""
        started = {"phaseType": phase, "startTime": self._twin.clock.now()}
        self.tell(phases=[*self._phases, started], currentPhase=phase)

    def end(self, status: str, status_code: str = "", message: str = "") -> None:
        """Write how the phase under way has ended."""
        *before, phase = self._phases
        ended = self._twin.clock.now()
        seconds = int((ended - phase["startTime"]).total_seconds())
        context = {"statusCode": status_code, "message": message}
        phase = {
            **phase,
            "phaseStatus": status,
            "endTime": ended,
            "durationInSeconds": seconds,
            "contexts": [context],
        }
        self.tell(phases=[*before, phase])
        self._emit(
            "CodeBuild Build Phase Change",
            {
                "completed-phase": phase["phaseType"],
                "completed-phase-status": status,
                "completed-phase-context": f"[{status_code}: {message}]",
                "completed-phase-duration-seconds": seconds,
                "completed-phase-start": _moment(phase["startTime"]),
                "completed-phase-end": _moment(ended),
            },
        )

    def started(self) -> None:
        """Tell that the build is in progress."""
        self._state_changed()

    def finish(self, status: str) -> None:
        """Write how the build has ended."""
        self.begin(COMPLETED)
        self.tell(buildStatus=status, buildComplete=True, endTime=self._twin.clock.now())
        self._state_changed()

    @property
    def _phases(self) -> list[dict[str, Any]]:
        phases: list[dict[str, Any]] = self._resource.attributes["phases"]
        return phases

    def _state_changed(self) -> None:
        build = self._resource.attributes
        self._emit(
            "CodeBuild Build State Change",
            {
                "build-status": build["buildStatus"],
                "current-phase": build["currentPhase"],
                "current-phase-context": "[]",
            },
        )

    def _emit(self, detail_type: str, detail: dict[str, Any]) -> None:
        build = self._resource.attributes
        common = {
            "project-name": build["projectName"],
            "build-id": self._resource.arn,
            "additional-information": _information(build),
            "version": "1",
        }
        try:
            self._twin.emit(
                source="aws.codebuild",
                detail_type=detail_type,
                detail={**detail, **common},
                resources=[self._resource.arn],
                account=self._resource.account,
                region=self._resource.region,
            )
        except Exception:  # a build does not fail because nobody could be told
            logger.exception("the event of %s could not be sent", self._resource.arn)


def _information(build: dict[str, Any]) -> dict[str, Any]:
    environment, logs = build["environment"], build.get("logs", {})
    return {
        "artifact": {
            name: build["artifacts"][name] for name in ("md5sum", "sha256sum", "location") if name in build["artifacts"]
        },
        "environment": {
            "image": environment["image"],
            "privileged-mode": environment["privilegedMode"],
            "compute-type": environment["computeType"],
            "type": environment["type"],
            "environment-variables": environment["environmentVariables"],
        },
        "timeout-in-minutes": build["timeoutInMinutes"],
        "build-complete": build["buildComplete"],
        "build-number": build["buildNumber"],
        "initiator": build["initiator"],
        "build-start-time": _moment(build["startTime"]),
        "source": {name: build["source"][name] for name in ("location", "type") if name in build["source"]},
        "logs": {
            "group-name": logs.get("groupName"),
            "stream-name": logs.get("streamName"),
            "deep-link": logs.get("deepLink"),
        },
        "phases": [_phase(phase) for phase in build["phases"]],
        "exported-environment-variables": build["exportedEnvironmentVariables"],
    }


def _phase(phase: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"phase-type": phase["phaseType"], "start-time": _moment(phase["startTime"])}
    if "endTime" in phase:
        shown |= {
            "phase-context": [f"{one['statusCode']}: {one['message']}" for one in phase["contexts"]],
            "end-time": _moment(phase["endTime"]),
            "duration-in-seconds": phase["durationInSeconds"],
            "phase-status": phase["phaseStatus"],
        }
    return shown


def _moment(when: datetime) -> str:
    """Return a moment as CodeBuild's events write it: Sep 1, 2017 4:12:29 PM."""
    return f"{when:%b} {when.day}, {when.year} {when.hour % 12 or 12}:{when:%M:%S %p}"
