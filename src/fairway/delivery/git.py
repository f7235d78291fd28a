"""Git, run as a program: what a checkout holds, and what its history says."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from fairway.errors import CheckoutError, GitError, ToolMissingError

# Set by Git for its hooks; inherited, they would point every command here at the hook's repository.
_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")

IDENTITY = "fairway", "fairway@localhost"
"""Who commits where Git has not been told."""


LOCK_SECONDS = 5.0
"""Git holds the lock of a reference for milliseconds: an older one is of a Git that was killed."""


def git(directory: Path, *arguments: str, stdin: str | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Run Git and return what it printed; `GitError` with its words when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in _HOOK} | dict(variables or {})
    # Words are looked at, and those of another language would not be known.
    environment["LC_ALL"] = "C.UTF-8"
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=directory, input=stdin, capture_output=True, text=True, check=False,
            env=environment,
        )  # fmt: skip
    except FileNotFoundError as error:
        if not directory.is_dir():
            raise GitError(arguments, f"{directory} is no directory") from error
        raise ToolMissingError("git", None, "version 2.38 or newer", "Install it (https://git-scm.com).") from error
    if answer.returncode:
        raise GitError(arguments, (answer.stderr or answer.stdout).strip())
    return answer.stdout


def outlast_lock(message: str) -> bool:
    """Wait until the lock that Git's words name is gone; one that nobody can hold any more is removed.

    Returns whether they name one: then the command may be given again.
    """
    named = re.search(r"Unable to create '(.+\.lock)': File exists", message)
    if named is None:
        return False
    lock = Path(named[1])
    try:
        while time.time() - lock.stat().st_mtime < LOCK_SECONDS:
            time.sleep(0.01)
        lock.unlink()
    except FileNotFoundError:
        pass  # whoever held it is done
    return True


def read_at(directory: Path, reference: str, path: str) -> str | None:
    """Return a file as a commit holds it, or None where it holds no such file."""
    try:
        return git(directory, "show", f"{reference}:{path}")
    except GitError:
        git(directory, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")  # a wrong reference is an error
        return None


def resolve(directory: Path, reference: str) -> str:
    """Return the commit that a reference names; `CheckoutError` where there is none."""
    try:
        return git(directory, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").strip()
    except GitError as error:
        raise CheckoutError(f"{reference!r} names no commit here: commit first, or fetch it") from error


def is_ancestor(directory: Path, commit: str, other: str) -> bool:
    """Whether `other` has `commit` in its history and is another one; False where either is not known here."""
    try:
        git(directory, "merge-base", "--is-ancestor", commit, other)
    except GitError:
        return False
    return commit != other


def origin_of(checkout: Path) -> str:
    """Return where a checkout's `origin` is; `CheckoutError` where it has none."""
    try:
        git(checkout, "rev-parse", "--git-dir")
        return git(checkout, "remote", "get-url", "origin").strip()
    except GitError as error:
        raise CheckoutError(
            f"{checkout.name} has no remote `origin`, where its pull requests would be: "
            "`git remote add origin <the repository>`"
        ) from error


def identity_of(checkout: Path) -> tuple[str, str]:
    """Return the name and the address that commits of this checkout carry."""
    try:
        return git(checkout, "config", "user.name").strip(), git(checkout, "config", "user.email").strip()
    except GitError:
        return IDENTITY


def fast_forward(checkout: Path, branch: str) -> None:
    """Bring a checkout of `branch` up to its origin; `CheckoutError` where that would not be a fast-forward."""
    try:
        on = git(checkout, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    except GitError as error:
        raise CheckoutError(
            f"this checkout is at a commit, not on a branch (detached HEAD): `git switch {branch} && git pull`"
        ) from error
    if on != branch:
        raise CheckoutError(f"this checkout is on {on}: `git switch {branch} && git pull`")
    if git(checkout, "status", "--porcelain", "--untracked-files=no"):
        raise CheckoutError("this checkout has changes that are not committed: commit them, then `git pull`")
    try:
        git(checkout, "pull", "--quiet", "--ff-only", "origin", branch)
    except GitError as error:
        raise CheckoutError(f"this checkout could not be brought up to date: {error}") from error
