"""A forge without a server: a bare repository whose pull requests are kept in Git itself.

`refs/pulls/<n>/head` is what a pull request wants to merge, and stays when its branch goes. `refs/meta/pulls` is a
commit for each thing that happened, whose tree holds `<n>.md` (the body) and `<n>.json` (the rest). Every step is one
transaction of `git update-ref` with the old values: of two at once, one finds that it came second.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fairway.delivery.forge import Change, Pull
from fairway.delivery.git import IDENTITY, git, outlast_lock, read_at
from fairway.errors import (
    ForgeError,
    ForgeNotFoundError,
    ForgeRaceError,
    ForgeRefusedError,
    ForgeUnreachableError,
    GitError,
    MergeConflictError,
)  # fmt: skip

META = "refs/meta/pulls"
ABSENT = "0" * 40
TRIES = 20
"""How often a step is taken again because somebody else took one in between."""


@dataclass(frozen=True)
class Move:
    """A reference's new commit, and the one that it must still have; `ABSENT` makes or deletes it."""

    reference: str
    new: str
    old: str


Step = Callable[[Mapping[int, Pull]], tuple[Pull, list[Move]]]
"""From all pull requests to one of them as it is afterwards, and the references that move with it."""


class LocalForge:
    """The forge in the bare repository `repository`; `identity` is the name and address of its commits."""

    def __init__(self, repository: Path, identity: tuple[str, str] = IDENTITY) -> None:
        self.name = repository.name
        self.commits: str | None = None
        self.repository = repository
        self._variables = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in zip(("NAME", "EMAIL"), identity, strict=True)
        }
        try:
            bare = self._git("rev-parse", "--is-bare-repository").strip()
        except GitError as error:
            raise ForgeUnreachableError(self.name, f"there is no Git repository at {repository}") from error
        if bare != "true":
            raise ForgeUnreachableError(
                self.name,
                f"{repository} is somebody's checkout, whose branches must not move below it; a bare repository "
                "(`git clone --bare`) is expected as origin",
            )

    def default_branch(self) -> str:
        """Return the branch that HEAD names; `ForgeNotFoundError` if it has no commit."""
        branch = self._git("symbolic-ref", "--short", "HEAD").strip()
        if self.head(branch) is None:
            raise ForgeNotFoundError(self.name, f"its default branch {branch} has no commits: push it first")
        return branch

    def head(self, branch: str) -> str | None:
        """Return a branch's commit."""
        return self._resolve(f"refs/heads/{branch}")

    def read(self, path: str, commit: str) -> str | None:
        """Return a file as a commit holds it."""
        return read_at(self.repository, commit, path)

    def commit(self, change: Change, *, base: str, old: str | None) -> str:
        """Commit `base` with the change, and move the branch there."""
        tree = self._treereplace(base, change.path, change.content)
        parents = [base] if old is None else [old, base]
        new = self._commit_tree(tree, parents, change.message)
        moves = [Move(f"refs/heads/{change.branch}", new, old or ABSENT)]
        moves += [
            Move(f"refs/pulls/{pull.number}/head", new, old or ABSENT)
            for pull in self.pulls() if pull.head == change.branch
        ]  # fmt: skip
        if not self._move(moves):
            raise ForgeRaceError(self.name, f"the branch {change.branch} was moved by somebody else: run this again")
        return new

    def open_pull(self, *, head: str, base: str, title: str, body: str) -> Pull:
        """Open a pull request."""

        def step(records: Mapping[int, Pull]) -> tuple[Pull, list[Move]]:
            rival = next((pull for pull in records.values() if pull.state == "open" and pull.head == head), None)
            if rival is not None:
                raise ForgeRaceError(self.name, f"{head} has a pull request that is open, #{rival.number}")
            commit = self.head(head)
            if commit is None:
                raise ForgeNotFoundError(self.name, f"there is no branch {head} to open a pull request from")
            number = max(records, default=0) + 1
            pull = Pull(number, title, body, head, base, "open", self._where(number))
            return pull, [Move(f"refs/pulls/{number}/head", commit, ABSENT)]

        return self._record(step, "Open")

    def update_pull(self, number: int, *, title: str, body: str) -> Pull:
        """Give a pull request another title and body."""
        return self._record(lambda records: (replace(self._open(records, number), title=title, body=body), []), "Edit")

    def close_pull(self, number: int, comment: str) -> None:
        """Close a pull request; its branch goes, what it wanted stays at refs/pulls/<n>/head."""

        def step(records: Mapping[int, Pull]) -> tuple[Pull, list[Move]]:
            pull = self._open(records, number)
            head = self.head(pull.head)
            return replace(pull, state="closed"), [Move(f"refs/heads/{pull.head}", ABSENT, head)] if head else []

        self.comment(number, comment)
        self._record(step, "Close")

    def pulls(self) -> list[Pull]:
        """Return the open pull requests."""
        return [pull for _, pull in sorted(self._records(self._resolve(META)).items()) if pull.state == "open"]

    def merge(self, number: int) -> Pull:
        """Merge by a merge commit."""

        def step(records: Mapping[int, Pull]) -> tuple[Pull, list[Move]]:
            pull = self._open(records, number)
            head, base = self.head(pull.head), self.head(pull.base)
            if head is None or base is None:
                raise ForgeRefusedError(self.name, f"#{number} cannot be merged: a branch of it was deleted")
            tree = self._merged_tree(number, pull.base, base, head)
            subject = f"Merge pull request #{number} from {pull.head}\n\n{pull.title}\n"
            merged = self._commit_tree(tree, [base, head], subject)
            moves = [Move(f"refs/heads/{pull.base}", merged, base), Move(f"refs/heads/{pull.head}", ABSENT, head)]
            return replace(pull, state="merged", merge_commit=merged), moves

        return self._record(step, "Merge")

    def comment(self, number: int, body: str) -> None:
        """Add a comment: a commit on `refs/meta/pulls` that changes no file, as its history is the conversation."""
        self._record(lambda records: (self._known(records, number), []), "Comment on", body)

    def _record(
        self, step: Callable[[Mapping[int, Pull]], tuple[Pull, list[Move]]], verb: str, words: str = ""
    ) -> Pull:
        """Take a step from the pull requests as they are; again, if they changed before it was done."""
        for _ in range(TRIES):
            old = self._resolve(META)
            try:
                pull, moves = step(self._records(old))
            except ForgeError:
                if self._resolve(META) == old:
                    raise
                continue  # somebody took a step meanwhile: of branches as they are now, those words may be wrong
            files = {f"{pull.number}.json": _to_json(pull), f"{pull.number}.md": pull.body}
            tree = self._meta_tree(old, files)
            new = self._commit_tree(tree, [old] if old else [], f"{verb} #{pull.number}\n\n{words}\n")
            if self._move([*moves, Move(META, new, old or ABSENT)]):
                return pull
        raise ForgeError(self.name, f"its pull requests changed {TRIES} times in a row: run this again")

    def _records(self, meta: str | None) -> dict[int, Pull]:
        if meta is None:
            return {}
        names = self._git("ls-tree", "--name-only", meta).split()
        return {int(name[:-5]): self._pull(meta, int(name[:-5])) for name in names if name.endswith(".json")}

    def _pull(self, meta: str, number: int) -> Pull:
        told = json.loads(self._git("show", f"{meta}:{number}.json"))
        return Pull(number=number, body=self._git("show", f"{meta}:{number}.md"), where=self._where(number), **told)

    def _known(self, records: Mapping[int, Pull], number: int) -> Pull:
        if number not in records:
            raise ForgeNotFoundError(self.name, f"there is no pull request #{number}")
        return records[number]

    def _open(self, records: Mapping[int, Pull], number: int) -> Pull:
        pull = self._known(records, number)
        if pull.state != "open":
            raise ForgeRefusedError(self.name, f"pull request #{number} is {pull.state}")
        return pull

    def _where(self, number: int) -> str:
        return f"git -C {self.repository} show {META}:{number}.md"

    def _resolve(self, reference: str) -> str | None:
        try:
            return self._git("rev-parse", "--verify", "--quiet", reference).strip()
        except GitError as error:
            if error.message:  # of a reference that does not exist it says nothing
                raise ForgeError(self.name, f"{reference} cannot be read ({error})") from error
            return None

    def _blob(self, content: str) -> str:
        return self._git("hash-object", "-w", "--stdin", stdin=content).strip()

    def _meta_tree(self, meta: str | None, files: Mapping[str, str]) -> str:
        listed = self._git("ls-tree", meta).splitlines() if meta else []
        kept = [line for line in listed if line.split("\t", 1)[1] not in files]
        made = [f"100644 blob {self._blob(content)}\t{name}" for name, content in files.items()]
        return self._git("mktree", stdin="".join(f"{line}\n" for line in [*kept, *made])).strip()

    def _treereplace(self, commit: str, path: str, content: str) -> str:
        with tempfile.TemporaryDirectory() as directory:
            index = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
            self._git("read-tree", commit, variables=index)
            entry = f"100644,{self._blob(content)},{path}"
            self._git("update-index", "--add", "--cacheinfo", entry, variables=index)
            return self._git("write-tree", variables=index).strip()

    def _commit_tree(self, tree: str, parents: list[str], message: str) -> str:
        arguments = [argument for parent in parents for argument in ("-p", parent)]
        return self._git("commit-tree", tree, *arguments, stdin=message).strip()

    def _merged_tree(self, number: int, branch: str, base: str, head: str) -> str:
        try:
            return self._git("merge-tree", "--write-tree", "--name-only", "--no-messages", base, head).split()[0]
        except GitError as error:
            # Its words are then the tree with the conflicts in it, and the names of the files.
            lines = error.message.splitlines()
            if not lines or not re.fullmatch(r"[0-9a-f]{40,64}", lines[0]):
                raise ForgeError(self.name, f"pull request #{number} could not be merged ({error})") from error
            raise MergeConflictError(self.name, number, branch, lines[1:]) from error

    def _move(self, moves: list[Move]) -> bool:
        """Move all the references or none; False if one of them is not where it was."""
        script = "".join(f"update {move.reference} {move.new} {move.old}\n" for move in moves)
        try:
            self._git("update-ref", "--stdin", stdin=script)
        except GitError as error:
            if outlast_lock(error.message):
                return self._move(moves)
            if "cannot lock ref" in error.message:
                return False
            raise ForgeError(self.name, f"its references could not be written ({error})") from error
        return True

    def _git(self, *arguments: str, stdin: str | None = None, variables: Mapping[str, str] | None = None) -> str:
        return git(self.repository, *arguments, stdin=stdin, variables={**self._variables, **(variables or {})})


def _to_json(pull: Pull) -> str:
    told = {"title": pull.title, "head": pull.head, "base": pull.base, "state": pull.state}
    return json.dumps({**told, "merge_commit": pull.merge_commit}, indent=2) + "\n"
