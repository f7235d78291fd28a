"""What a pipeline's action hands to its build."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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
