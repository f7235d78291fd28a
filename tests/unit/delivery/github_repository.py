"""The state of a GitHub repository in memory: what the stand-in answers from, and what tests look at."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, Any, dict[str, str]]
"""Status, body, headers."""


@dataclass
class Commit:
    tree: str
    parents: list[str]
    message: str


@dataclass
class Repository:
    """What it holds, and what it was asked."""

    base: str = ""
    trees: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    planned: list[tuple[Callable[[str, str], bool], Answer]] = field(default_factory=list)

    def answer_next(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None, *, to: str = "", times: int = 1
    ) -> None:
        """Answer the next requests whose `METHOD path` matches `to` with this."""
        wanted = re.compile(to)
        plan = (lambda method, path: bool(wanted.search(f"{method} {path}")), (status, body, dict(headers or {})))
        self.planned += [plan] * times

    def push(self, branch: str, files: Mapping[str, str], *parents: str) -> str:
        """Commit files to a branch, as a person would."""
        before = self.refs.get(f"refs/heads/{branch}")
        kept = self.trees[self.commits[before].tree] if before else {}
        sha = self.commit(self.tree({**kept, **files}), [*parents] or ([before] if before else []), "push")
        self.refs[f"refs/heads/{branch}"] = sha
        return sha

    def tree(self, files: Mapping[str, str]) -> str:
        sha = sha_of(sorted(files.items()))
        self.trees[sha] = dict(files)
        return sha

    def commit(self, tree: str, parents: list[str], message: str) -> str:
        sha = sha_of([tree, parents, message, len(self.commits)])
        self.commits[sha] = Commit(tree, parents, message)
        return sha

    def file(self, branch: str, path: str) -> str | None:
        return self.trees[self.commits[self.refs[f"refs/heads/{branch}"]].tree].get(path)

    def ancestors(self, sha: str) -> Iterator[str]:
        """The commit and all before it, the nearest first."""
        seen, row = set(), [sha]
        while row:
            yield from row
            seen |= {*row}
            row = [parent for each in row for parent in self.commits[each].parents if parent not in seen]

    def merged(self, base: str, head: str) -> str | None:
        """The tree of a merge, or None where both changed a file."""
        known = set(self.ancestors(base))
        fork = next((sha for sha in self.ancestors(head) if sha in known), None)
        trees = [self.trees[self.commits[sha].tree] if sha else {} for sha in (fork, base, head)]
        files = {}
        for path in {path for tree in trees for path in tree}:
            old, ours, theirs = (tree.get(path) for tree in trees)
            if old not in (ours, theirs) and ours != theirs:
                return None
            chosen = theirs if ours == old else ours
            if chosen is not None:
                files[path] = chosen
        return self.tree(files)


def sha_of(of: Any) -> str:
    return hashlib.sha1(json.dumps(of).encode(), usedforsecurity=False).hexdigest()
