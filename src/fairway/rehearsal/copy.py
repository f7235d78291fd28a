"""The copy of the checkout that a rehearsal works in, and the repository that is its origin."""

import shutil
from pathlib import Path

from fairway import local_twin
from fairway.delivery import releases
from fairway.delivery.git import git
from fairway.settings import Settings

BRANCH = "main"
AUTHOR = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")


def refresh(told: Settings) -> Path:
    """Bring the copy up to the checkout's files, uncommitted changes included, and return its folder.

    The releases that the copy holds are kept while the twin that runs them is the same; on another one, no environment
    has a release, and what the copy and its origin held is forgotten.
    """
    copy, origin = told.build / "rehearsal/repo", told.build / "rehearsal/origin.git"
    marker, twin = told.build / "rehearsal/twin", twin_id(told)
    known = marker.exists() and marker.read_text() == twin and (copy / ".git").exists() and origin.exists()
    marker.unlink(missing_ok=True)
    if known:
        git(copy, "fetch", "--quiet", "origin")
        git(copy, "reset", "--quiet", "--hard", f"origin/{BRANCH}")
    else:
        _start(told.root, copy, origin)
    kept = {path: path.read_text() for path in _release_files(copy)} if known else {}
    _mirror(told.root, copy)
    for path in _release_files(copy):
        nothing = releases.to_text(releases.ReleaseFile(current=None, previous=None))
        path.write_text(kept.get(path, nothing))
    commit(copy, "What the checkout holds")
    marker.write_text(twin)
    return copy


def twin_id(told: Settings) -> str:
    """Name the running twin: what an earlier rehearsal made is gone when it is another one."""
    return str((local_twin.health(told) or {}).get("pid"))


def commit(copy: Path, message: str) -> None:
    """Commit whatever differs, if anything does, and push."""
    git(copy, "add", "--all")
    if git(copy, "status", "--porcelain"):
        git(copy, *AUTHOR, "commit", "--quiet", "--message", message)
    git(copy, "push", "--quiet", "origin", BRANCH)


def pull(copy: Path) -> None:
    """Bring the copy up to what was merged."""
    git(copy, "pull", "--quiet", "--ff-only", "origin", BRANCH)


def _start(checkout: Path, copy: Path, origin: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(origin, ignore_errors=True)
    copy.parent.mkdir(parents=True, exist_ok=True)
    git(copy.parent, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(origin))
    git(copy.parent, "clone", "--quiet", "--no-checkout", "--no-hardlinks", str(checkout), copy.name)
    head = git(copy, "rev-parse", "HEAD").strip()
    git(copy, "update-ref", f"refs/heads/{BRANCH}", head)
    git(copy, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    git(copy, "remote", "set-url", "origin", str(origin))
    git(copy, "config", "user.name", "rehearsal")
    git(copy, "config", "user.email", "rehearsal@localhost")
    for environment in (".venv", ".venv-checkov"):
        if (checkout / environment).exists():
            (copy / environment).symlink_to(checkout / environment)


def _mirror(checkout: Path, copy: Path) -> None:
    """Make the copy's files those of the checkout's working tree, but for what Git ignores."""
    listed = git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    wanted = {name for name in listed if name and (checkout / name).is_file()}
    for name in git(copy, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if name and name not in wanted:
            (copy / name).unlink(missing_ok=True)
    for name in wanted:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, copy / name)


def _release_files(copy: Path) -> list[Path]:
    return sorted(copy.glob("terraform/environments/*/release.json"))
