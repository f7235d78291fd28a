"""What an environment has run, and since when: Git's history of its release file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairway.delivery import releases
from fairway.delivery.git import git, read_at, resolve
from fairway.delivery.promotion import release_file
from fairway.errors import ReleaseError

# Between fields of a line, and never in a name or a subject.
_FIELD = "\x1f"

# GitHub's words for a merge and for a squash, which the local forge uses too.
_PULL = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")


@dataclass(frozen=True)
class Entry:
    """One change of an environment's release: when (UTC) and by whom, to which version, by which pull request."""

    when: str
    who: str
    version: str | None
    commit: str
    pull: int | None
    subject: str


def history(repository: Path, environment: str, reference: str = "HEAD") -> list[Entry]:
    """Return the changes of an environment's current release that reached `reference`, the newest first.

    Only what was merged counts: the commits of a branch are not what the environment was told. `CheckoutError` if
    there is no such commit.
    """
    path = release_file(environment)
    form = _FIELD.join(("%H", "%cd", "%an", "%s"))
    log = git(repository, "log", "--first-parent", "--diff-merges=first-parent", "--no-patch", f"--format={form}",
              "--date=format-local:%Y-%m-%d %H:%M", resolve(repository, reference), "--", path,
              variables={"TZ": "UTC"})  # fmt: skip
    return list(_entries(repository, path, [line for line in log.split("\n") if line]))


def _entries(repository: Path, path: str, lines: list[str]) -> Iterator[Entry]:
    told = [line.split(_FIELD) for line in lines]
    versions = [_version(repository, commit, path) for commit, *_ in told]
    for (commit, when, who, subject), version, before in zip(told, versions, [*versions[1:], None], strict=True):
        if version != before:
            yield Entry(when, who, version, commit, _number(subject), subject)


def _version(repository: Path, commit: str, path: str) -> str | None:
    text = read_at(repository, commit, path)
    try:
        current = releases.parse(text, path).current if text else None
    except ReleaseError:
        return "unreadable"
    return current.version if current else None


def _number(subject: str) -> int | None:
    found = _PULL.search(subject)
    return int(found[1] or found[2]) if found else None
