"""The bare repositories on this machine that stand for those of a connection's provider, and what git says of them."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BRANCHES = "refs/heads/"
# The tree without any file, by its hash, which git knows without having stored it.
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class GitError(Exception):
    """Git refused; the message is its own."""


@dataclass(frozen=True)
class Commit:
    """A commit, as source actions show it."""

    identity: str
    author_date: str
    message: str


@dataclass(frozen=True)
class Repository:
    """One bare repository, by its name at the provider."""

    full_name: str
    path: Path

    def branches(self) -> dict[str, str]:
        """Return the commit of every branch, from git's own files: asking git every time would start a process.

        The packed ones are read last, as git packs a branch before it removes the file: none is ever missed.
        """
        loose, heads = {}, self.path / "refs" / "heads"
        for directory, _, names in os.walk(heads):
            for name in names:
                path = Path(directory) / name
                commit = _text(path)
                if commit and not name.endswith(".lock"):
                    loose[path.relative_to(heads).as_posix()] = commit
        return {**_packed(self.path / "packed-refs"), **loose}

    def commit(self, name: str) -> Commit:
        """Return the commit of a name; raise GitError."""
        text = self._git("show", "--no-patch", "--format=%H%x00%aI%x00%B", f"{name}^{{commit}}").decode(
            errors="replace"
        )
        identity, date, message = text.split("\0", 2)
        return Commit(identity, date, message.strip())

    def changed(self, old: str | None, new: str) -> list[str]:
        """Return the paths that differ between two commits; for a new branch, since it left the repository's HEAD."""
        base = old or self._fork_point(new)
        return self._git("diff", "--name-only", "--no-renames", "-z", base, new).decode().split("\0")[:-1]

    def _fork_point(self, commit: str) -> str:
        try:
            point = self._git("merge-base", "HEAD", commit).decode().strip()
        except GitError:
            return _EMPTY_TREE
        return _EMPTY_TREE if point == commit else point

    def archive(self, commit: str) -> bytes:
        """Return the files of a commit as a zip file, without git's own."""
        return self._git("archive", "--format=zip", commit)

    def _git(self, *arguments: str) -> bytes:
        command = [
            "git",
            "-c",
            "safe.directory=*",
            "-c",
            "core.quotePath=false",
            "--git-dir",
            str(self.path),
            *arguments,
        ]
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        if done.returncode != 0:
            raise GitError(done.stderr.decode(errors="replace").strip())
        return done.stdout


def _packed(path: Path) -> Mapping[str, str]:
    lines = (line.partition(" ") for line in _text(path).splitlines() if not line.startswith(("#", "^")))
    return {name.removeprefix(_BRANCHES): commit for commit, _, name in lines if name.startswith(_BRANCHES)}


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # it is not there, or git is just replacing it
        return ""
