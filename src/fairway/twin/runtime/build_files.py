"""Files of a build by CodeBuild's patterns, and zip archives of them that keep modes.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts.files
"""

import os
import re
import shutil
import stat
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fairway.twin.runtime.build_failures import CLIENT_ERROR, PhaseError
from fairway.twin.runtime.build_spec import Files

# The first moment that a zip can name: the same files always give the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SPECIAL = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return what a pattern means: `*` stays in one directory, `**` does not."""
    text = text.removeprefix("./").lstrip("/")
    parts, end = [], 0
    for match in _SPECIAL.finditer(text):
        parts += [re.escape(text[end : match.start()]), _MEANING[match[0]]]
        end = match.end()
    return re.compile("".join([*parts, re.escape(text[end:])]))


def select(source: Path, files: Files) -> dict[str, Path]:
    """Return files by the names that they get in the artifact; raise PhaseError when there is none.

    A base directory may be a pattern; what matches it is left out of the names.
    """
    chosen: dict[str, Path] = {}
    wanted, excluded = [pattern(one) for one in files.patterns], [pattern(one) for one in files.excluded]
    for base in _bases(source, files.base_directory):
        for path in _files_below(base):
            name = path.relative_to(base).as_posix()
            if any(one.fullmatch(name) for one in wanted) and not any(one.fullmatch(name) for one in excluded):
                chosen[path.name if files.discard_paths else name] = path
    # A file may also be named by where it lies, as one of the home directory.
    for text in files.patterns:
        path = Path(text)
        if path.is_absolute() and path.is_file():
            chosen[path.name if files.discard_paths else text.lstrip("/")] = path
    return chosen


def _bases(source: Path, text: str) -> list[Path]:
    text = text.rstrip("/")
    if text in ("", "."):
        return [source]
    if Path(text).is_absolute():
        found = [Path(text)] if Path(text).is_dir() else []
    else:
        wanted = pattern(text)
        directories = (Path(root) / name for root, names, _ in os.walk(source) for name in names)
        found = sorted(one for one in directories if wanted.fullmatch(one.relative_to(source).as_posix()))
    if not found:
        raise PhaseError(CLIENT_ERROR, f"no matching base directory path found for {text}")
    return found


def _files_below(base: Path) -> Iterable[Path]:
    for root, directories, names in os.walk(base, followlinks=False):
        directories.sort()
        yield from (Path(root) / name for name in sorted(names) if (Path(root) / name).is_file())


def write_zip(files: Mapping[str, Path], archive: Path) -> None:
    """Write files under their names into a zip that keeps whether they can be executed."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, path in sorted(files.items()):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (stat.S_IFREG | stat.S_IMODE(path.stat().st_mode)) << 16
            with path.open("rb") as content, target.open(member, "w", force_zip64=True) as place:
                while block := content.read(1 << 20):
                    place.write(block)


def read_zip(archive: Path, directory: Path) -> None:
    """Unpack a zip, with the modes that it has; raise PhaseError for what is none."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as source:
            for member in source.infolist():
                path = Path(source.extract(member, directory))  # which keeps it inside of the directory
                mode = member.external_attr >> 16
                if mode and not member.is_dir():
                    path.chmod(stat.S_IMODE(mode) | stat.S_IRUSR | stat.S_IWUSR)
    except zipfile.BadZipFile as error:
        raise PhaseError(CLIENT_ERROR, f"the source is no zip file: {error}") from error


def download(s3: Any, bucket: str, key: str, path: Path, **more: str) -> None:
    """Copy an object to a file; raise ClientError. The error of GetObject names what a role may not do."""
    with path.open("wb") as target:
        shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key, **more)["Body"], target)
