"""What is remembered of a pipeline's executions, and of the actions that ran in them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Declaration = Mapping[str, Any]

IN_PROGRESS, SUCCEEDED, FAILED, ABANDONED = "InProgress", "Succeeded", "Failed", "Abandoned"
STOPPING, STOPPED, SUPERSEDED, CANCELLED = "Stopping", "Stopped", "Superseded", "Cancelled"


@dataclass(frozen=True)
class Origin:
    """The commit that a clone reference stands for."""

    connection_arn: str
    repository: Path
    full_name: str
    branch: str
    commit: str


@dataclass(frozen=True)
class Artifact:
    """An object in the artifact store; one with an origin is a reference that CodeBuild clones."""

    name: str
    bucket: str
    key: str
    revision: str | None = None
    origin: Origin | None = None

    @property
    def uri(self) -> str:
        """The place as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Trigger:
    """What started an execution, as GetPipelineExecution names it."""

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Decision:
    """What somebody said of an approval."""

    approved: bool
    summary: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Revision:
    """What a source action found."""

    identity: str
    summary: str
    url: str
    created: datetime


@dataclass
class ActionRun:
    """One run of an action; a retried action runs again under another id."""

    identity: str
    stage: str
    declaration: Declaration
    attempt: int
    started: datetime
    updated: datetime
    status: str = IN_PROGRESS
    summary: str | None = None
    error: tuple[str, str] | None = None
    token: str | None = None
    updated_by: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    log_stream_arn: str | None = None
    revision: Revision | None = None
    role: str | None = None
    configuration: dict[str, str] = field(default_factory=dict)
    inputs: list[Artifact] = field(default_factory=list)
    outputs: list[Artifact] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    # Set when somebody decides, or abandons the run: whoever waits for AWS's time to pass looks up.
    wake: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """The action's name."""
        return str(self.declaration["name"])

    @property
    def provider(self) -> str:
        """The action's provider."""
        return str(self.declaration["actionTypeId"]["provider"])


@dataclass
class Execution:
    """One execution; `place` is the stage that it is in, or in front of while it is `waiting`."""

    number: int
    identity: str
    version: int
    declaration: Declaration
    trigger: Trigger
    started: datetime
    updated: datetime
    variables: dict[str, str] = field(default_factory=dict)
    # The commits, by source action, that were asked for or pushed.
    commits: dict[str, str] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    status: str = IN_PROGRESS
    status_summary: str | None = None
    stop_reason: str | None = None
    place: int = 0
    waiting: bool = True
    attempt: int = 1
    stage_statuses: dict[str, str] = field(default_factory=dict)
    # Automatic and manual retries by stage.
    retries: dict[str, dict[str, int]] = field(default_factory=dict)
    runs: list[ActionRun] = field(default_factory=list)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """The stage that it is in, or in front of."""
        return str(self.declaration["stages"][self.place]["name"])

    @property
    def stages(self) -> list[str]:
        """Its stages, in their order."""
        return [str(stage["name"]) for stage in self.declaration["stages"]]

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status in (IN_PROGRESS, STOPPING)

    @property
    def locks(self) -> str | None:
        """The stage that it holds, if any."""
        return self.stage if self.stage_statuses.get(self.stage) in (IN_PROGRESS, STOPPING) else None

    def latest(self, stage: str, action: str) -> ActionRun | None:
        """Return the last run of an action in this execution."""
        found = [run for run in self.runs if run.stage == stage and run.name == action]
        return found[-1] if found else None
