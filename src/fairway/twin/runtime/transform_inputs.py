"""The objects that a transform job reads, in its folder: those below a prefix, or those that a manifest names."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.failures import CallerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairway.twin.runtime.channels import Channels


@dataclass(frozen=True)
class Input:
    """One object: its copy here, and its name below the job's prefix, which its output has too."""

    path: Path
    name: str
    gzipped: bool

    def open(self) -> IO[bytes]:
        """Return its content, decompressed."""
        return cast("IO[bytes]", gzip.open(self.path)) if self.gzipped else self.path.open("rb")


def fetch(channels: "Channels", source: "Mapping[str, Any]", directory: Path) -> list[Input]:
    """Copy the objects of a TransformInput into `directory`, and return them in the order of their names."""
    data = source["DataSource"]["S3DataSource"]
    if data["S3DataType"] == "ManifestFile":
        _fetch_listed(channels, data["S3Uri"], directory)
    else:
        channels.download(data["S3Uri"], directory)
    gzipped = source.get("CompressionType", "None") == "Gzip"
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return [Input(path, path.relative_to(directory).as_posix(), gzipped) for path in files]


def share(inputs: list[Input], instances: int) -> list[list[Input]]:
    """Return what each instance works on: whole files, as evenly as their number allows."""
    return [inputs[number::instances] for number in range(instances)]


def _fetch_listed(channels: "Channels", uri: str, directory: Path) -> None:
    manifest = directory.parent / "manifest"
    channels.download_object(uri, manifest)
    for name, place in listed(manifest.read_bytes(), uri).items():
        channels.download_object(place.uri, directory / name)


def listed(manifest: bytes, uri: str) -> dict[str, Location]:
    """Return the objects of a manifest by their names in it; raise CallerError for a document that is none."""
    try:
        first, *names = json.loads(manifest)
        prefix = Location.parse(first["prefix"])
    except (ValueError, KeyError, TypeError) as error:
        raise CallerError(f'The manifest {uri} is no JSON array of {{"prefix": "s3://…"}} and names.') from error
    for name in names:
        if not isinstance(name, str) or not name or ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise CallerError(f"The manifest {uri} names {name!r}, which is no object below its prefix.")
    if not names:
        raise CallerError(f"The manifest {uri} names no object.")
    return {name: Location(prefix.bucket, prefix.key + name) for name in names}
