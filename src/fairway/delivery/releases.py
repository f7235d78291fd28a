"""What an environment runs: the grammar of release.json, and the only hands that write it."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, ValidationInfo, field_validator

from fairway.errors import ArtifactMismatchError, ArtifactMissingError, ReleaseError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SHA256 = r"[0-9a-f]{64}"


class Release(BaseModel):
    """One version of a model, by immutable identifiers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: Annotated[str, Field(pattern=r"^[1-9]\d*$")]
    model_package_arn: Annotated[
        str, Field(pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/[\w-]+/[1-9]\d*$")
    ]
    model_data_url: Annotated[str, Field(pattern=r"^s3://[a-z0-9.-]{3,63}/\S+\.tar\.gz$")]
    model_data_sha256: Annotated[str, Field(pattern=rf"^{_SHA256}$")]
    image: Annotated[str, Field(pattern=rf"^[\w.-]+(:\d+)?/[\w./-]+@sha256:{_SHA256}$")]
    git_sha: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    metrics: dict[str, FiniteFloat]

    @field_validator("model_package_arn")
    @classmethod
    def _is_of_the_version(cls, arn: str, told: ValidationInfo) -> str:
        version = told.data.get("version")
        if version is not None and arn.rpartition("/")[2] != version:
            raise ValueError(f"the ARN of version {version}")
        return arn


class ReleaseFile(BaseModel):
    """`release.json`: what the environment runs, and what a rollback returns to; null where there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: Release | None
    previous: Release | None

    @field_validator("previous")
    @classmethod
    def _is_another(cls, previous: Release | None, told: ValidationInfo) -> Release | None:
        current: Release | None = told.data.get("current")
        if previous is not None and "current" in told.data:
            if current is None:
                raise ValueError("null beside a current release that is null")
            if current.version == previous.version:
                raise ValueError(f"another version than the current one, {current.version}")
        return previous

    def pin(self, release: Release) -> "ReleaseFile":
        """Return the file with `release` current and the old current previous; the same version keeps the previous."""
        if release == self.current:
            return self
        same = self.current is not None and self.current.version == release.version
        return ReleaseFile(current=release, previous=self.previous if same else self.current)


EXPECTED = {
    "version": "the number of a model package version",
    "model_package_arn": "the ARN of a model package version",
    "model_data_url": "an S3 address that ends in .tar.gz",
    "model_data_sha256": "64 hexadecimal digits",
    "image": "an image by digest (…@sha256:<64 hexadecimal digits>), never by tag: a tag can move",
    "git_sha": "a whole commit, 40 hexadecimal digits",
}


def parse(text: str, where: str) -> ReleaseFile:
    """Parse a release file; `where` names it in the one sentence that a mistake gets."""
    try:
        return ReleaseFile.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ReleaseError(where, f"it is not JSON (line {error.lineno}: {error.msg})") from error
    except ValidationError as error:
        first = error.errors()[0]
        path = [str(part) for part in first["loc"]]
        expected = EXPECTED.get(path[-1] if path else "", first["msg"])
        if first["type"] == "value_error":  # our own words
            expected = str(first["ctx"]["error"])
        found = "missing" if first["type"] == "missing" else _shown(first["input"])
        raise ReleaseError(where, f"`{'.'.join(path)}` is {found}: expected {expected}") from error


def _shown(value: object) -> str:
    return f"version {value['version']}" if isinstance(value, dict) and "version" in value else repr(value)


def read(path: Path) -> ReleaseFile:
    """Read an environment's release file."""
    try:
        return parse(path.read_text(), f"{path.parent.name}/{path.name}")
    except FileNotFoundError as error:
        raise ReleaseError(f"{path.parent.name}/{path.name}", "it does not exist; an environment has one") from error


def to_text(file: ReleaseFile) -> str:
    """Return a release file in the one form that it has, so that a diff shows what changed and nothing else."""
    return json.dumps(file.model_dump(), indent=2) + "\n"


def write(path: Path, file: ReleaseFile) -> None:
    """Write a release file."""
    path.write_text(to_text(file))


def verify_artifact(s3: "S3Client", release: Release) -> None:
    """Compare the SHA-256 of the object at `model_data_url` with the pinned one, streaming it.

    Raises `ArtifactMismatchError`, or `ArtifactMissingError` when it cannot be read.
    """
    bucket, key = release.model_data_url.removeprefix("s3://").split("/", 1)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        raise ArtifactMissingError(release.model_data_url, error.response["Error"]["Code"]) from error
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(1 << 20):
        digest.update(chunk)
    if digest.hexdigest() != release.model_data_sha256:
        raise ArtifactMismatchError(release.model_data_url, release.model_data_sha256, digest.hexdigest())
