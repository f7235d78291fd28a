"""What a build leaves in S3: the artifacts of its project, or of the action of a pipeline.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectArtifacts.html
"""

import hashlib
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.build_failures import CLIENT_ERROR, PhaseError, phase_errors
from fairway.twin.runtime.build_files import select, write_zip
from fairway.twin.runtime.build_spec import Buildspec, Files
from fairway.twin.runtime.channels import Location

if TYPE_CHECKING:
    from fairway.twin.runtime.build_sources import Sources

ZIP, S3 = "ZIP", "S3"
S3_KEY = "alias/aws/s3"


@dataclass(frozen=True)
class Artifact:
    """Files, and the place in S3 that gets them: as one zip, or each below it."""

    files: Files
    place: Location
    packaging: str
    identifier: str | None = None
    kms_key: str | None = None


def of_pipeline(spec: Buildspec, outputs: Mapping[str, str], kms_key: str | None) -> Iterator[Artifact]:
    """Yield the output artifacts of a pipeline's action: a sole one is `artifacts`, several are secondary ones."""
    for name, uri in outputs.items():
        files = spec.secondary_artifacts.get(name) or (spec.artifacts if len(outputs) == 1 else None)
        if files is None:
            raise PhaseError(CLIENT_ERROR, f"the buildspec has no artifacts for the output artifact {name!r}")
        yield Artifact(files, Location.parse(uri), ZIP, name, kms_key)


def of_project(
    spec: Buildspec, build: Mapping[str, Any], build_uuid: str, expand: Callable[[str], str]
) -> Iterator[Artifact]:
    """Yield the artifacts that a project keeps in S3."""
    settings, key_of_build = build["artifactSettings"], build["encryptionKey"]
    # With S3's own key objects are encrypted anyway, without a word.
    kms_key = None if key_of_build.endswith(S3_KEY) else key_of_build
    for one in (settings["artifacts"], *settings.get("secondaryArtifacts", ())):
        if one["type"] != S3:
            continue
        identifier = one.get("artifactIdentifier")
        files = spec.secondary_artifacts.get(identifier) if identifier else spec.artifacts
        if files is None:
            raise PhaseError(CLIENT_ERROR, f"the buildspec has no artifacts for {identifier or 'the project'}")
        name = expand(files.name) if files.name and one.get("overrideArtifactName") else one["name"]
        by_build = one.get("namespaceType") == "BUILD_ID"
        parts = [one.get("path", ""), files.s3_prefix if by_build else "", build_uuid if by_build else "", name]
        key = "/".join(part.strip("/") for part in parts if part.strip("/"))
        encrypted = None if one.get("encryptionDisabled") else kms_key
        yield Artifact(files, Location(one["location"], key), one.get("packaging", "NONE"), identifier, encrypted)


class Uploader:
    """Puts artifacts into S3 as the build's role; raises PhaseError."""

    def __init__(self, s3: Any, folder: Path, build_arn: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._metadata = {"codebuild-buildarn": build_arn}

    def upload(self, artifact: Artifact, sources: "Sources") -> dict[str, Any]:
        """Upload one artifact; return what the build shows of it."""
        found = select(sources.primary, artifact.files)
        if not found:
            raise PhaseError(CLIENT_ERROR, "no matching artifact paths found")
        shown: dict[str, Any] = {"location": f"arn:aws:s3:::{artifact.place.bucket}/{artifact.place.key}"}
        if artifact.identifier:
            shown["artifactIdentifier"] = artifact.identifier
        if artifact.packaging != ZIP:
            for name, path in found.items():
                self._put(path, artifact.place.below(name), artifact.kms_key)
            return shown
        archive = self._folder / "artifact.zip"
        write_zip(found, archive)
        content = archive.read_bytes()
        self._put(archive, artifact.place, artifact.kms_key)
        archive.unlink()
        return {
            **shown,
            "sha256sum": hashlib.sha256(content).hexdigest(),
            "md5sum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        }

    def _put(self, path: Path, place: Location, kms_key: str | None) -> None:
        extra: dict[str, Any] = {"Metadata": self._metadata}
        if kms_key:
            extra |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        if kind := mimetypes.guess_type(place.key)[0]:
            extra["ContentType"] = kind
        with phase_errors(CLIENT_ERROR, f"uploading to {place.uri}"), path.open("rb") as content:
            self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=content, **extra)
