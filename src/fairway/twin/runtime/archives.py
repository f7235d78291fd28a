"""model.tar.gz and output.tar.gz: the same files always give the same bytes."""

import gzip
import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# zlib's own default: 9 costs twice the time for one percent.
COMPRESSION = 6
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


def pack(directory: Path, archive: Path) -> None:
    """Write the files below `directory` into a tar.gz, ordered by name, without times, owners or the host's modes."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=COMPRESSION) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in _members(directory):
            tar.add(path, arcname=path.relative_to(directory).as_posix(), recursive=False, filter=_anonymous)


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a tar; raise tarfile.TarError or OSError, also for a member that would leave `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")


def unpack_layer(archive: Path, root: Path) -> None:
    """Unpack a layer of an image over `root`, and delete what it marks so (OCI image specification, whiteouts)."""
    with tarfile.open(archive) as tar:
        members = []
        for member in tar.getmembers():
            path = PurePosixPath(member.name)
            if path.name.startswith(WHITEOUT):
                _delete(root / path.parent, path.name)
            else:
                members.append(member)
        tar.extractall(root, members=members, filter=_inside_root)  # noqa: S202 -- filtered


def _delete(directory: Path, marker: str) -> None:
    victims = [*directory.glob("*")] if marker == OPAQUE else [directory / marker.removeprefix(WHITEOUT)]
    for victim in victims:
        if victim.is_dir() and not victim.is_symlink():
            shutil.rmtree(victim)
        else:
            victim.unlink(missing_ok=True)


def _inside_root(member: tarfile.TarInfo, root: str) -> tarfile.TarInfo | None:
    """Filter as `data` does, after an image's absolute links are made relative to its own root."""
    if member.issym() and member.linkname.startswith("/"):
        parent = PurePosixPath(member.name).parent
        member = member.replace(linkname=os.path.relpath(member.linkname.lstrip("/"), parent), deep=False)
    return tarfile.data_filter(member, root)


def _members(directory: Path) -> "Iterable[Path]":
    return sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).as_posix())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
