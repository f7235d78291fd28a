"""CodeBuild's builds: started by StartBuild, or by a pipeline's action with the artifacts of its stage."""

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairway.twin.context import Credentials, Twin


@dataclass(frozen=True)
class CloneRef:
    """An input artifact of the format CODEBUILD_CLONE_REF: the build clones the repository in full, at the commit.

    `artifact` is where the pipeline keeps what stands for it (s3://bucket/key): the build's role must be able to read
    that, and to use the connection.
    """

    artifact: str
    connection_arn: str
    repository: Path  # the bare repository on this machine that stands for the connection's
    full_name: str  # owner/name
    branch: str
    commit: str


@dataclass(frozen=True)
class PipelineBuild:
    """What a CodeBuild action of a pipeline runs.

    Inputs are zip files in S3 (s3://bucket/key) or clones, by the names of the action's input artifacts; outputs say
    to which object each output artifact's zip goes. `environment` has StartBuild's form (name, value, type), with
    the pipeline's variables already resolved. `source_version` is the revision of the primary input, if it has one.
    """

    project: str
    account: str
    region: str
    pipeline: str
    inputs: Mapping[str, str | CloneRef]
    primary: str
    outputs: Mapping[str, str]
    environment: Sequence[Mapping[str, str]] = ()
    source_version: str | None = None
    kms_key: str | None = None


class BuildEngine:
    """Starts and stops builds."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._lock = threading.Lock()
        self._awaited: dict[str, PipelineBuild] = {}

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
