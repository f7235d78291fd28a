"""The image's content as a one-layer OCI image: the same sources give the same bytes, hence the same digest.

It is what the twin runs, which has no Docker; the Dockerfile puts the same files in the same places.
Source: the OCI image format specification, 1.1.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fairway.errors import ImageSourceError

PROGRAM = "opt/program"
REQUIREMENTS = "requirements/serving.txt"
# What the image holds, below src/. The Dockerfile and .dockerignore say the same; a test compares them.
SOURCES = (
    "fairway/__init__.py",
    "fairway/container.py",
    "fairway/errors",
    "fairway/jobs",
    "fairway/serving",
    "model",
)

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True)
class Blob:
    """Bytes that are named by their digest."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits."""
        return digest_of(self.content)

    def descriptor(self) -> dict[str, Any]:
        """How another document of the image refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True)
class OciImage:
    """An image of one layer; its digest is its manifest's."""

    layer: Blob
    config: Blob
    manifest: Blob

    @property
    def digest(self) -> str:
        """What names the image."""
        return self.manifest.digest


def digest_of(content: bytes) -> str:
    """Return the content's digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_sources(checkout: Path) -> dict[str, bytes]:
    """Read what the image holds from a checkout, by path below `/opt/program`.

    Hidden files, bytecode and Markdown stay out: none of them changes what the program does.
    """
    files = {"requirements.txt": _read(checkout / REQUIREMENTS)}
    for source in SOURCES:
        for path in _files(checkout / "src" / source):
            files[path.relative_to(checkout / "src").as_posix()] = _read(path)
    return files


ENTRYPOINT = ("python", "-m", "fairway.container")


def build_image(files: Mapping[str, bytes], entrypoint: Sequence[str] = ENTRYPOINT) -> OciImage:
    """Build the image that holds `files` (by path below `/opt/program`) and starts, by default, as the Dockerfile's."""
    tar = _tar(files)
    # The layer's digest depends on zlib too: another zlib may compress the same tar to other bytes.
    compressed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=compressed, mode="wb", mtime=0) as file:
        file.write(tar)
    layer = Blob(LAYER_TYPE, compressed.getvalue())
    config = Blob(CONFIG_TYPE, _json(_config(digest_of(tar), entrypoint)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    }
    return OciImage(layer, config, Blob(MANIFEST_TYPE, _json(manifest)))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(_left_out(part) for part in file.relative_to(path).parts)
    ]
    if not found:
        raise ImageSourceError(path, "holds no file")
    yield from found


def _left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith((".pyc", ".md"))


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ImageSourceError(path, "is no plain file")
    return path.read_bytes()


def _tar(files: Mapping[str, bytes]) -> bytes:
    entries: dict[str, bytes | None] = {f"{PROGRAM}/{name}": content for name, content in files.items()}
    for name in list(entries):
        entries.update((parent.as_posix(), None) for parent in PurePosixPath(name).parents if parent.name)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(entries):
            content = entries[name]
            # TarInfo's defaults are owner 0 and time 0: nothing of the machine gets in.
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = (tarfile.DIRTYPE, 0o755) if content is None else (tarfile.REGTYPE, 0o644)
            entry.size = len(content or b"")
            tar.addfile(entry, io.BytesIO(content or b""))
    return stream.getvalue()


def _config(layer_of_tar: str, entrypoint: Sequence[str]) -> dict[str, Any]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": [*entrypoint],
            "Env": [f"PYTHONPATH=/{PROGRAM}", "PYTHONUNBUFFERED=1"],
            "Labels": {"fairway.requirements": f"/{PROGRAM}/requirements.txt"},
            "WorkingDir": f"/{PROGRAM}",
        },
        "rootfs": {"type": "layers", "diff_ids": [layer_of_tar]},
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
