"""What a pull request may do to a release file: the rules, for CI, over two commits."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairway.delivery import releases
from fairway.delivery.git import git, read_at, resolve
from fairway.delivery.promotion import Verify, release_file
from fairway.delivery.releases import Release, ReleaseFile
from fairway.errors import FairwayError, GitError, PromotionRuleError

_RELEASE_FILE = re.compile(r"^terraform/environments/([^/]+)/release\.json$")
_EMPTY = ReleaseFile(current=None, previous=None)

Registered = Callable[[str], Release]
"""The release of a model package's ARN, as the registry has it."""


@dataclass(frozen=True)
class Changed:
    """A release file before and after, and what the environments before it run; the nearest first."""

    environment: str
    before: ReleaseFile
    after: ReleaseFile
    sources: tuple[tuple[str, ReleaseFile], ...]


def check(
    repository: Path,
    base: str,
    head: str,
    order: Sequence[str],
    *,
    verify: Verify | None = None,
    registered: Registered | None = None,
) -> str:
    """Return in one sentence what a pull request from `head` into `base` does; `PromotionRuleError` if it may not.

    `verify` and `registered` ask AWS, where there are credentials; without them the files of `base` are believed.
    """
    into, changed = resolve(repository, base), changed_files(repository, base, head)
    touched = [path for path in changed if _releases_something(repository, into, head, path)]
    if not touched:
        return "No release file is changed: this is no promotion, and none of its rules apply."
    problems = _scope(touched, changed, order)
    if problems:
        raise PromotionRuleError(problems)
    change = _read_change(repository, into, head, touched[0], order)
    if problem := judge(change) or _ask_aws(change, verify, registered):
        raise PromotionRuleError([problem])
    return describe(change)


def changed_files(repository: Path, base: str, head: str) -> list[str]:
    """Return the files that `head` changes since it left `base`; a renamed file is two."""
    try:
        fork = git(repository, "merge-base", resolve(repository, base), resolve(repository, head)).strip()
    except GitError as error:
        raise PromotionRuleError(
            [f"{head} and {base} have no commit in common here: in CI, fetch the whole history (fetch-depth: 0)"]
        ) from error
    names = git(repository, "diff", "--name-only", "--no-renames", "-z", fork, resolve(repository, head))
    return [name for name in names.split("\0") if name]


def _releases_something(repository: Path, base: str, head: str, path: str) -> bool:
    """Whether a change of `path` is one of a release: a new environment comes with a file that releases nothing."""
    if not _RELEASE_FILE.match(path):
        return False
    text = read_at(repository, head, path)
    new = read_at(repository, base, path) is None
    return not (new and text is not None and releases.parse(text, path) == _EMPTY)


def _scope(touched: Sequence[str], changed: Sequence[str], order: Sequence[str]) -> list[str]:
    problems = []
    if len(touched) > 1:
        problems.append(f"It changes {len(touched)} release files, {', '.join(touched)}: one environment at a time")
    others = [path for path in changed if path not in touched]
    if others:
        listed = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        problems.append(
            f"Beside {touched[0]} it changes {listed}: a promotion changes its release file and nothing else"
        )
    problems += [
        f"{path} belongs to no environment of project.json, which has {', '.join(order)}"
        for path in touched
        if _environment(path) not in order
    ]
    return problems


def _environment(path: str) -> str:
    found = _RELEASE_FILE.match(path)
    return found[1] if found else ""


def _read_change(repository: Path, base: str, head: str, path: str, order: Sequence[str]) -> Changed:
    name = _environment(path)
    text = read_at(repository, head, path)
    if text is None:
        raise PromotionRuleError([f"{path} is deleted: an environment has a release file, empty or not"])
    after = releases.parse(text, path)
    if text != releases.to_text(after):
        raise PromotionRuleError([f"{path} is not written as `make promote` writes it: do not edit it by hand"])
    earlier = list(reversed(order[: order.index(name)]))
    sources = tuple((each, _at(repository, base, release_file(each))) for each in earlier)
    return Changed(name, _at(repository, base, path), after, sources)


def _at(repository: Path, commit: str, path: str) -> ReleaseFile:
    text = read_at(repository, commit, path)
    return _EMPTY if text is None else releases.parse(text, path)


def judge(change: Changed) -> str | None:
    """Return what is wrong with a change of a release file, by the files alone, or None."""
    if change.before == change.after:
        return f"{change.environment}'s release file says the same as before: there is nothing to promote"
    if is_rollback(change) or is_withdrawal(change):
        return None
    return next(filter(None, (_wrong_current(change), _wrong_previous(change))), None)


def is_rollback(change: Changed) -> bool:
    """Whether the current and the previous release were swapped."""
    before, after = change.before, change.after
    return before.previous is not None and (after.current, after.previous) == (before.previous, before.current)


def is_withdrawal(change: Changed) -> bool:
    """Whether the first release that an environment ever had is taken back."""
    return change.before.current is not None and change.before.previous is None and change.after == _EMPTY


def _wrong_current(change: Changed) -> str | None:
    name, new = change.environment, change.after.current
    if new is None:
        return f"{name} would lose its release: roll back to the previous one (`make rollback ENV={name}`)"
    if edited := next(_edited(new, _known(change)), None):
        return edited
    if new == change.before.current:
        return f"{name} keeps version {new.version}, and its `previous` is rewritten: nobody does that by hand"
    if not change.sources or new == change.sources[0][1].current:
        return None
    return _not_from_source(change, new)


def _not_from_source(change: Changed, new: Release) -> str:
    name, (source, runs) = change.environment, change.sources[0]
    skipped = [each for each, file in change.sources[1:] if file.current == new]
    if skipped:
        return f"Version {new.version} comes from {skipped[0]} and skips {source}: promote it to {source} first"
    if new == change.before.previous:
        return f"Version {new.version} is {name}'s previous release, but the two are not swapped: `make rollback`"
    return (
        f"{name} would run version {new.version}, and {source} runs {_version(runs.current)}: only what {source} runs "
        "is promoted"
    )


def _known(change: Changed) -> Iterator[Release]:
    for file in (change.before, *(file for _, file in change.sources)):
        yield from filter(None, (file.current, file.previous))


def _edited(new: Release, known: Iterator[Release]) -> Iterator[str]:
    """Find a release of the same model package that says something else."""
    for other in known:
        if other.model_package_arn == new.model_package_arn and other != new:
            ours, theirs = new.model_dump(), other.model_dump()
            members = ", ".join(f"`{name}`" for name in ours if ours[name] != theirs[name])
            yield f"Version {new.version} was edited by hand: its {members} is not what was registered"


def _wrong_previous(change: Changed) -> str | None:
    if change.after.previous == change.before.current:
        return None
    was, says = change.before.current, change.after.previous
    return (
        f"`previous` must be what {change.environment} runs now, {_version(was)}; it is {_version(says)}. If "
        f"{change.environment} was changed since this was opened, make the promotion again"
    )


def _version(release: Release | None) -> str:
    return f"version {release.version}" if release else "none"


def _ask_aws(change: Changed, verify: Verify | None, registered: Registered | None) -> str | None:
    new = change.after.current
    if new is None:
        return None
    try:
        if registered is not None and (as_registered := registered(new.model_package_arn)) != new:
            return next(_edited(new, iter([as_registered])))
        if verify is not None and change.sources and not is_rollback(change):
            verify(change.sources[0][0], new)
    except FairwayError as error:
        return str(error).rstrip(".")
    return None


def describe(change: Changed) -> str:
    """Return what a change that may be made does."""
    name, new = change.environment, change.after.current
    if new is None:
        return f"{name}'s first release is taken back."
    if is_rollback(change):
        return f"{name} is rolled back to version {new.version}."
    source = f", which {change.sources[0][0]} runs" if change.sources else ", as it was registered"
    return f"Version {new.version}{source}, is promoted to {name}."
