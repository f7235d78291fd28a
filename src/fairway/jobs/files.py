"""Files of a job: hashed, written and unpacked in one way, so that the same content gives the same bytes."""

import hashlib
import json
import math
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from fairway.errors import ArtifactUnreadableError, JobInputMissingError, JobOutputMissingError


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below `directory`, by its path relative to it, in order."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): sha256_of(path) for path in files}


def require_input(name: str, directory: Path) -> None:
    """Raise JobInputMissingError if there is no file below `directory`, which holds the input `name`."""
    if not _has_files(directory):
        raise JobInputMissingError(name, directory)


def require_output(task: str, directory: Path) -> None:
    """Raise JobOutputMissingError if the model's `task` left no file below `directory`."""
    if not _has_files(directory):
        raise JobOutputMissingError(task, directory)


def _has_files(directory: Path) -> bool:
    return any(path.is_file() for path in directory.rglob("*"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` with its keys sorted; numbers that JSON cannot say (NaN, infinities) become null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_sayable(content), indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def _sayable(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sayable(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(member) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a model.tar.gz into an empty folder; returns it.

    Only plain files and folders inside of it are taken: an artifact comes from a bucket. tarfile's `data` filter would
    do, but Debian 12's Python 3.11.2 has none. Raises ArtifactUnreadableError.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _unpack_member(tar, member, into)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ArtifactUnreadableError(archive, str(error).rstrip(".")) from error
    return into


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = PurePosixPath(member.name)
    content = tar.extractfile(member) if member.isfile() else None
    if path.is_absolute() or ".." in path.parts or not (content or member.isdir()):
        raise tarfile.TarError(f"its member {member.name!r} is no plain file or folder inside of it")
    target = into / path
    (target.parent if content else target).mkdir(parents=True, exist_ok=True)
    if content:
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)
