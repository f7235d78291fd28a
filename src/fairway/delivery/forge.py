"""A forge is where commits are reviewed and merged: what promotion asks of one, whichever it is."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["open", "merged", "closed"]


@dataclass(frozen=True)
class Change:
    """One file's new content, as a commit on a branch."""

    branch: str
    path: str
    content: str
    message: str


@dataclass(frozen=True)
class Pull:
    """A pull request; `where` is how a person looks at it: an address, or a command."""

    number: int
    title: str
    body: str
    head: str
    base: str
    state: State
    where: str
    merge_commit: str | None = None


class Forge(Protocol):
    """The operations of a forge. All raise `ForgeError`, whose classes say in which way it went wrong."""

    name: str
    """How sentences call it."""

    commits: str | None
    """The address that a commit's SHA is appended to; None where commits are not shown."""

    def default_branch(self) -> str:
        """Return the name of the branch that is deployed."""

    def head(self, branch: str) -> str | None:
        """Return a branch's commit, or None where there is no such branch."""

    def read(self, path: str, commit: str) -> str | None:
        """Return a file as a commit holds it, or None."""

    def commit(self, change: Change, *, base: str, old: str | None) -> str:
        """Make a commit of `base` and the change, and move the branch from `old` (None: it is new) to it.

        The commit follows both `old` and `base`, so that no branch is ever forced. `ForgeRaceError` if the branch is
        not where `old` says: somebody else has moved it.
        """

    def open_pull(self, *, head: str, base: str, title: str, body: str) -> Pull:
        """Open a pull request; `ForgeRaceError` if `head` has one that is open."""

    def update_pull(self, number: int, *, title: str, body: str) -> Pull:
        """Give a pull request another title and body."""

    def close_pull(self, number: int, comment: str) -> None:
        """Close a pull request without merging it, and say why."""

    def pulls(self) -> list[Pull]:
        """Return the pull requests that are open, in the order of their numbers."""

    def merge(self, number: int) -> Pull:
        """Merge an open pull request by a merge commit and delete its branch; `MergeConflictError` if it conflicts."""

    def comment(self, number: int, body: str) -> None:
        """Add a comment to a pull request."""
