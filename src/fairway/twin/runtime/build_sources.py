"""The sources of a build: fetched as its role into its clean folder."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.build_environment import machine_variables
from fairway.twin.runtime.build_failures import CLIENT_ERROR, PhaseError, phase_errors
from fairway.twin.runtime.build_files import download, read_zip
from fairway.twin.runtime.build_inputs import CloneRef
from fairway.twin.runtime.build_spec import BuildspecError
from fairway.twin.runtime.channels import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairway.twin.runtime.containers import Session

NO_SOURCE, S3, CODEPIPELINE = "NO_SOURCE", "S3", "CODEPIPELINE"
DEFAULT_BUILDSPEC = "buildspec.yml"
_USE_CONNECTION = ("codeconnections:UseConnection", "codestar-connections:UseConnection")


@dataclass(frozen=True)
class Sources:
    """Where the sources lie; `secondary` by their identifiers."""

    primary: Path
    secondary: dict[str, Path] = field(default_factory=dict)


class Fetcher:
    """Fetches sources below `folder`; raises PhaseError."""

    def __init__(self, session: "Session", folder: Path, environment: "Mapping[str, str]") -> None:
        self._session = session
        self._folder = folder
        self._environment = environment

    def of_project(self, build: "Mapping[str, Any]") -> Sources:
        """Fetch what the project, or the StartBuild, names."""
        sources = Sources(self._directory("src"))
        self._fetch(build["source"], build.get("sourceVersion"), sources.primary)
        versions = {one["sourceIdentifier"]: one["sourceVersion"] for one in build.get("secondarySourceVersions", ())}
        for source in build.get("secondarySources", ()):
            identifier = source["sourceIdentifier"]
            sources.secondary[identifier] = self._directory(f"src-{identifier}")
            self._fetch(source, versions.get(identifier), sources.secondary[identifier])
        return sources

    def of_pipeline(self, inputs: "Mapping[str, str | CloneRef]", primary: str) -> Sources:
        """Fetch the input artifacts of a pipeline's action."""
        sources = Sources(self._directory("src"))
        for name, artifact in inputs.items():
            directory = sources.primary if name == primary else self._directory(f"src-{name}")
            if name != primary:
                sources.secondary[name] = directory
            if isinstance(artifact, CloneRef):
                self._clone(artifact, directory)
            else:
                self._unzip(Location.parse(artifact), None, directory)
        return sources

    def buildspec(self, text: str | None, source: Path) -> str:
        """Return the buildspec: `text` is one, or says where one is; without it, buildspec.yml of the source."""
        if text and "\n" in text.strip():
            return text
        if text and text.startswith("arn:"):
            bucket, _, key = text.rpartition(":")[2].partition("/")
            with phase_errors(CLIENT_ERROR):
                answer = self._session.client("s3").get_object(Bucket=bucket, Key=key)
                return str(answer["Body"].read().decode(errors="replace"))
        path = source / (text or DEFAULT_BUILDSPEC)
        if not path.is_file():
            raise BuildspecError(f"stat {path}: no such file or directory" if text else "YAML file does not exist")
        return path.read_text(encoding="utf-8", errors="replace")

    def _directory(self, name: str) -> Path:
        directory = self._folder / name
        directory.mkdir(parents=True)
        return directory

    def _fetch(self, source: "Mapping[str, Any]", version: str | None, directory: Path) -> None:
        if source["type"] != S3:
            return
        location = Location.parse(f"s3://{source['location']}")
        if location.key.endswith("/"):
            with phase_errors(CLIENT_ERROR):
                self._session.channels().download(location.uri, directory)
        else:
            self._unzip(location, version, directory)

    def _unzip(self, location: Location, version: str | None, directory: Path) -> None:
        archive = self._folder / "source.zip"
        which = {"VersionId": version} if version else {}
        with phase_errors(CLIENT_ERROR, f"downloading {location.uri}"):
            download(self._session.client("s3"), location.bucket, location.key, archive, **which)
        read_zip(archive, directory)
        archive.unlink()

    def _clone(self, reference: CloneRef, directory: Path) -> None:
        from fairway.twin import base  # noqa: PLC0415 -- it loads ministack

        artifact = Location.parse(reference.artifact)
        with phase_errors(CLIENT_ERROR, f"downloading {artifact.uri}"):
            # Not HeadObject, whose error does not say what a role may not do.
            self._session.client("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].close()
        role, arn = self._session.role, reference.connection_arn
        if not any(base.role_allows(role, action, arn) for action in _USE_CONNECTION):
            raise PhaseError(
                CLIENT_ERROR,
                f"authorization failed for primary source and source version {reference.commit}: {role} is not "
                f"authorized to perform: {_USE_CONNECTION[0]} on resource: {arn}",
            )
        self._git("clone", "--quiet", "--no-checkout", str(reference.repository), str(directory))
        self._git("-C", str(directory), "checkout", "--quiet", "--detach", reference.commit)

    def _git(self, *arguments: str) -> None:
        done = subprocess.run(
            ["git", *arguments],
            env={**machine_variables(self._environment), "HOME": str(self._folder), "TMPDIR": str(self._folder)},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise PhaseError(CLIENT_ERROR, f"git {arguments[0]} failed: {done.stderr.strip()[-600:]}")
