"""Caches of a project from build to build: an archive in S3, or directories on this machine.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-caching.html. A cache that cannot be had, or kept, fails no
build.
"""

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.build_files import download, pattern
from fairway.twin.runtime.build_spec import Cache
from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.failures import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

S3, LOCAL, CUSTOM = "S3", "LOCAL", "LOCAL_CUSTOM_CACHE"
RESTORE, SAVE = "restore", "save"
# The home of CodeBuild's builds, which a buildspec names so; here it lies in the build's folder.
ROOT_HOME = "/root/"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Caches:
    """The cache of one build, whose folder holds `src` and `home`."""

    settings: "Mapping[str, Any]"
    spec: Cache | None
    folder: Path
    project: str
    # Where directories of this machine outlive their build.
    kept: Path
    s3: Callable[[], Any]
    say: Callable[[str], None]

    def restore(self, expand: Callable[[str], str]) -> None:
        """Bring back what was kept; `expand` is the shell's, for keys."""
        if self.spec is None or not self.spec.paths or self.spec.action == SAVE:
            return
        if self.settings.get("type") == LOCAL and CUSTOM in self.settings.get("modes", ()):
            self._link()
        elif self.settings.get("type") == S3:
            self._tried("download", lambda: self._download([expand(key) for key in self._keys()]))

    def save(self, expand: Callable[[str], str]) -> None:
        """Keep what the paths name."""
        if self.spec is None or not self.spec.paths or self.spec.action == RESTORE:
            return
        if self.settings.get("type") == S3:
            self._tried("upload", lambda: self._upload(expand(self._keys()[0])))

    def _tried(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except (ClientError, BotoCoreError) as error:
            self.say(f"Unable to {what} cache: {sentence(error)}")
        except (tarfile.TarError, OSError) as error:
            self.say(f"Unable to {what} cache: {error}")

    def _keys(self) -> list[str]:
        assert self.spec is not None  # noqa: S101 -- the callers have looked
        return [self.spec.key or self.project, *self.spec.fallback_keys]

    def _place(self, key: str) -> Location:
        return Location.parse(f"s3://{self.settings['location']}").below(_UNSAFE.sub("-", key))

    def _download(self, keys: list[str]) -> None:
        s3, archive = self.s3(), self.folder / "cache.tar.gz"
        exact, prefixes = self._place(keys[0]), [self._place(key) for key in keys[1:]]
        found = self._newest(s3, exact, exact=True) or next(
            filter(None, (self._newest(s3, one) for one in prefixes)), None
        )
        if found is None:
            self.say("No cache was found")
            return
        download(s3, exact.bucket, found, archive)
        with tarfile.open(archive) as tar:
            tar.extractall(self.folder, filter="tar")
        archive.unlink()
        self.say(f"Restored cache {found}")

    def _newest(self, s3: Any, place: Location, *, exact: bool = False) -> str | None:
        answer = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key)
        found = [one for one in answer.get("Contents", ()) if not exact or one["Key"] == place.key]
        return str(max(found, key=lambda one: one["LastModified"])["Key"]) if found else None

    def _upload(self, key: str) -> None:
        place, archive = self._place(key), self.folder / "cache.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            for name, path in self._members():
                tar.add(path, arcname=name, recursive=False)
        with archive.open("rb") as content:
            self.s3().put_object(Bucket=place.bucket, Key=place.key, Body=content)
        self.say(f"Kept cache {place.key}")

    def _members(self) -> Iterator[tuple[str, Path]]:
        assert self.spec is not None  # noqa: S101 -- the callers have looked
        for text in self.spec.paths:
            root, relative = self._root(text)
            wanted = pattern(relative)
            for path in sorted(root.rglob("*")):
                if wanted.fullmatch(path.relative_to(root).as_posix()) and (path.is_symlink() or path.is_file()):
                    yield path.relative_to(self.folder).as_posix(), path

    def _root(self, text: str) -> tuple[Path, str]:
        """Return the directory to which a path is relative, and the rest of it."""
        if text.startswith(ROOT_HOME):
            return self.folder / "home", text.removeprefix(ROOT_HOME)
        return self.folder / "src", text.lstrip("/")

    def _link(self) -> None:
        """Let directories be links to where they are kept; what the source brings itself is left alone."""
        assert self.spec is not None  # noqa: S101 -- the callers have looked
        for text in self.spec.paths:
            root, relative = self._root(text)
            directory = relative.partition("*")[0].rstrip("/")
            kept, place = self.kept / root.name / directory, root / directory
            if directory and not place.exists():
                kept.mkdir(parents=True, exist_ok=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(kept)
                self.say(f"Linked cache {directory}")
