"""The course of a build as rules: which phase follows which, and what the phases make of the build.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html (the diagram), and for
`on-failure` https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

SUBMITTED, QUEUED, PROVISIONING, DOWNLOAD_SOURCE = "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"
INSTALL, PRE_BUILD, BUILD, POST_BUILD = "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"
UPLOAD_ARTIFACTS, FINALIZING, COMPLETED = "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"
PHASES = (
    SUBMITTED,
    QUEUED,
    PROVISIONING,
    DOWNLOAD_SOURCE,
    INSTALL,
    PRE_BUILD,
    BUILD,
    POST_BUILD,
    UPLOAD_ARTIFACTS,
    FINALIZING,
    COMPLETED,
)
COMMAND_PHASES = (INSTALL, PRE_BUILD, BUILD, POST_BUILD)
SUCCEEDED, FAILED, STOPPED, TIMED_OUT, FAULT = "SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT", "FAULT"
ABORT, CONTINUE, RETRY = "ABORT", "CONTINUE", "RETRY"
# The phases after which a failed build goes on to the next one.
_GOES_ON = (BUILD, POST_BUILD, UPLOAD_ARTIFACTS, FINALIZING)
_RETRY = re.compile(r"retry(?:-(?P<count>\d+))?(?:-(?P<pattern>.+))?", re.IGNORECASE | re.DOTALL)
_MOST_RETRIES, _RETRIES = 100, 3


@dataclass(frozen=True)
class OnFailure:
    """What a phase's `on-failure` asks for; `retries` new builds when a message matches `pattern`."""

    action: str
    retries: int = 0
    pattern: str = ".*"

    @classmethod
    def parse(cls, text: str) -> "OnFailure":
        """Read ABORT, CONTINUE, or RETRY with a count, a regular expression, or both; raise ValueError."""
        if text in (ABORT, CONTINUE):
            return cls(text)
        match = _RETRY.fullmatch(text)
        if match is None:
            raise ValueError(f"on-failure is {text!r}; expected ABORT, CONTINUE, or RETRY[-count][-regex]")
        retries = int(match["count"] or _RETRIES)
        if retries > _MOST_RETRIES:
            raise ValueError(f"on-failure is {text!r}; expected a count between 0 and {_MOST_RETRIES}")
        try:
            re.compile(match["pattern"] or ".*")
        except re.error as error:
            raise ValueError(f"on-failure is {text!r}; its regular expression is wrong: {error}") from error
        return cls(RETRY, retries, match["pattern"] or ".*")

    def wants_retry(self, message: str, retried: int) -> bool:
        """Tell whether a failure with this message is to be tried again after so many times."""
        return self.action == RETRY and retried < self.retries and re.search(self.pattern, message) is not None


@dataclass(frozen=True)
class Ended:
    """A phase that has ended; `on_failure` is the action that its `on-failure` asks for."""

    phase: str
    status: str
    on_failure: str | None = None


def following(ended: Ended) -> str | None:
    """Return the phase that follows, or None after the last."""
    if ended.phase == COMPLETED:
        return None
    following_one = PHASES[PHASES.index(ended.phase) + 1]
    if ended.status == STOPPED:
        return COMPLETED
    if ended.status == SUCCEEDED or ended.on_failure == CONTINUE:
        return following_one
    if ended.status == TIMED_OUT or ended.on_failure in (ABORT, RETRY) or ended.phase not in _GOES_ON:
        # Without an environment there is nothing to finalize.
        early = ended.phase in (SUBMITTED, QUEUED, PROVISIONING)
        return COMPLETED if early or ended.phase == FINALIZING else FINALIZING
    return following_one


def build_status(phases: Sequence[Ended]) -> str:
    """Return what the phases make of the build: a failure that says CONTINUE is none of the build."""
    for status in (STOPPED, TIMED_OUT, FAULT):
        if any(one.status == status for one in phases):
            return status
    failed = any(one.status == FAILED and one.on_failure != CONTINUE for one in phases)
    return FAILED if failed else SUCCEEDED
