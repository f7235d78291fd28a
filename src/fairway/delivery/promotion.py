"""Promotion and rollback: a commit that changes one release file, and a pull request that says why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from fairway.delivery import releases
from fairway.delivery.forge import Change, Forge, Pull
from fairway.delivery.releases import Release, ReleaseFile
from fairway.errors import NoReleaseError, PromotionLostError, PromotionRefusedError, UnknownEnvironmentError

Verify = Callable[[str, Release], None]
"""Raises unless the environment verifiably runs the release."""


Done = Literal["opened", "updated", "unchanged"]


@dataclass(frozen=True)
class Proposal:
    """What is to become of an environment's release file, at which commit it was decided, and the evidence for it."""

    environment: str
    branch: str
    title: str
    base: str
    old: ReleaseFile
    new: ReleaseFile
    body: str = ""

    @property
    def release(self) -> Release:
        """The release that the environment gets."""
        if self.new.current is None:
            raise ValueError("a proposal is made of a release")
        return self.new.current


@dataclass(frozen=True)
class Outcome:
    """What became of a proposal, and the pull requests that it made superfluous."""

    pull: Pull
    done: Done
    superseded: tuple[int, ...] = ()


def release_file(environment: str) -> str:
    """Return the path of an environment's release file in the repository."""
    return f"terraform/environments/{environment}/release.json"


def prefix(environment: str) -> str:
    """Return what the branches of an environment's proposals begin with."""
    return f"release/{environment}/"


def require_neighbours(order: Sequence[str], source: str, target: str) -> None:
    """Refuse a promotion that does not go from one environment to the next of `order`."""
    for name in (source, target):
        if name not in order:
            raise UnknownEnvironmentError(name, list(order))
    if order.index(target) != order.index(source) + 1:
        raise PromotionRefusedError(
            f"Promotion from {source} to {target}",
            f"a release goes {' → '.join(order)}, one environment at a time and none left out",
        )


def propose_promotion(forge: Forge, order: Sequence[str], source: str, target: str) -> Proposal | None:
    """Return what promotes the release of `source` to `target`, from the default branch; None if it is there already.

    Raises `PromotionRefusedError`, `UnknownEnvironmentError`, or `NoReleaseError` when `source` has no release.
    """
    require_neighbours(order, source, target)
    base = base_commit(forge)
    release = read_release(forge, source, base).current
    old = read_release(forge, target, base)
    if release is None:
        raise NoReleaseError(source)
    if old.current == release:
        return None
    return Proposal(
        target, f"{prefix(target)}{release.version}", f"Release version {release.version} to {target}", base,
        old, old.pin(release),
    )  # fmt: skip


def propose_release(forge: Forge, order: Sequence[str], release: Release) -> Proposal | None:
    """Return what brings a registered release to the first environment of `order`; None if it is there already."""
    first, base = order[0], base_commit(forge)
    old = read_release(forge, first, base)
    if old.current == release:
        return None
    return Proposal(
        first, f"{prefix(first)}{release.version}", f"Release version {release.version} to {first}", base,
        old, old.pin(release),
    )  # fmt: skip


def propose_rollback(forge: Forge, order: Sequence[str], environment: str) -> Proposal:
    """Return what swaps an environment's current and previous release; refused without a previous one."""
    if environment not in order:
        raise UnknownEnvironmentError(environment, list(order))
    base = base_commit(forge)
    old = read_release(forge, environment, base)
    if old.previous is None:
        raise PromotionRefusedError(
            f"Rollback of {environment}", "its release.json has no previous release to go back to"
        )
    version = old.previous.version
    return Proposal(
        environment, f"{prefix(environment)}rollback-{version}", f"Roll {environment} back to version {version}", base,
        old, ReleaseFile(current=old.previous, previous=old.current),
    )  # fmt: skip


def base_commit(forge: Forge) -> str:
    """Return the commit of the default branch."""
    branch = forge.default_branch()
    commit = forge.head(branch)
    if commit is None:
        raise PromotionRefusedError("Promotion", f"{forge.name} has no commit on {branch}: push it first")
    return commit


def read_release(forge: Forge, environment: str, commit: str) -> ReleaseFile:
    """Return an environment's release file as a commit of the forge holds it."""
    text = forge.read(release_file(environment), commit)
    if text is None:
        raise PromotionRefusedError(
            f"Promotion to or from {environment}",
            f"{forge.name} holds no {release_file(environment)} on its default branch: push it first",
        )
    return releases.parse(text, f"{environment}/release.json")


def submit(forge: Forge, proposal: Proposal) -> Outcome:
    """Open the proposal's pull request, or bring the one that is open up to date; one for each environment.

    A promotion waits for an open rollback, and takes the place of an open promotion of another version. Of two that
    begin at the same moment the lower number wins, and the other is closed with `PromotionLostError`.
    """
    seen = _rivals(forge, proposal.environment)
    same = next((pull for pull in seen if pull.head == proposal.branch), None)
    others = [pull for pull in seen if pull.head != proposal.branch]
    _give_way_to_rollback(proposal, others)
    if same is None:
        done: Done = "opened"
        pull = _open(forge, proposal, known={each.number for each in seen})
    else:
        pull, done = _bring_up_to_date(forge, proposal, same)
    for other in others:
        forge.close_pull(other.number, f"Superseded by #{pull.number}: {pull.title}.")
    return Outcome(pull, done, tuple(other.number for other in others))


def _open(forge: Forge, proposal: Proposal, *, known: set[int]) -> Pull:
    """Open the proposal's pull request; `known` are those for its environment that were open before."""
    _commit(forge, proposal)
    pull = forge.open_pull(head=proposal.branch, base=forge.default_branch(), title=proposal.title, body=proposal.body)
    _require_first(forge, proposal, pull, known=known)
    return pull


def _bring_up_to_date(forge: Forge, proposal: Proposal, pull: Pull) -> tuple[Pull, Done]:
    head = forge.head(proposal.branch)
    current = head is not None and read_release(forge, proposal.environment, head) == proposal.new
    if not current:
        _commit(forge, proposal)
    elif (pull.title, pull.body) == (proposal.title, proposal.body):
        return pull, "unchanged"
    return forge.update_pull(pull.number, title=proposal.title, body=proposal.body), "updated"


def _commit(forge: Forge, proposal: Proposal) -> None:
    text = releases.to_text(proposal.new)
    change = Change(proposal.branch, release_file(proposal.environment), text, proposal.title)
    forge.commit(change, base=proposal.base, old=forge.head(proposal.branch))


def _rivals(forge: Forge, environment: str) -> list[Pull]:
    return [pull for pull in forge.pulls() if pull.head.startswith(prefix(environment))]


def is_rollback(branch: str) -> bool:
    """Whether a proposal's branch is a rollback's."""
    return branch.rpartition("/")[2].startswith("rollback-")


def _give_way_to_rollback(proposal: Proposal, others: Sequence[Pull]) -> None:
    rollback = next((pull for pull in others if is_rollback(pull.head)), None)
    if rollback is not None and not is_rollback(proposal.branch):
        raise PromotionRefusedError(
            proposal.title,
            f"a rollback of {proposal.environment} is open (#{rollback.number}): merge or close it first",
        )


def _require_first(forge: Forge, proposal: Proposal, pull: Pull, *, known: set[int]) -> None:
    """Close `pull` if another proposal for its environment was opened since they were looked at, and before it."""
    late = [other for other in _rivals(forge, proposal.environment) if other.number not in known]
    winner = min(late, key=lambda other: other.number, default=pull)
    if winner.number < pull.number:
        forge.close_pull(pull.number, f"#{winner.number} was opened at the same moment, and first.")
        raise PromotionLostError(proposal.environment, f"#{winner.number}, {winner.title!r}")
