"""What is rolled out how, and what must come of it: every strategy with every fate of a release."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairway.rehearsal.faults import DIES, FAULTS, Fault
from fairway.traffic import Sent

EDGE = 2
"""Requests by which a share may be exceeded: the first and the last of a stretch are the new release's own."""


@dataclass(frozen=True)
class Strategy:
    """A rollout as an environment's main.tf has it, and the share of the traffic that its first step risks."""

    name: str
    hcl: str
    risk: float


STRATEGIES = (
    Strategy("all at once", "{ all_at_once = { bake_seconds = 300 } }", 1.0),
    Strategy("canary", "{ canary = { percent = 25, bake_seconds = 300 } }", 0.25),
    Strategy("linear", "{ linear = { step_percent = 50, bake_seconds = 300 } }", 0.5),
    Strategy("rolling", "{ rolling = { batch_percent = 50, bake_seconds = 300 } }", 0.5),
)

GOOD = "good"
RELEASES: dict[str, Fault | None] = {GOOD: None, **{fault.name: fault for fault in FAULTS}}


@dataclass(frozen=True)
class Exposure:
    """Of the requests sent from the first to the last that a release answered, how many it answered."""

    answered: int
    of: int

    @property
    def share(self) -> float:
        """The part of the traffic that it had; 0 for a release that has answered nothing."""
        return self.answered / self.of if self.of else 0.0

    def within(self, bound: float) -> bool:
        """Whether it had no more than that share, but for what the ends of the stretch add."""
        return self.answered <= bound * self.of + EDGE * (bound > 0)


def exposure(sent: Sequence[Sent], release: str) -> Exposure:
    """Return what a release had of the traffic while it had any."""
    ordered = sorted(sent, key=lambda each: each.at)
    its = [number for number, each in enumerate(ordered) if each.release == release]
    return Exposure(len(its), its[-1] - its[0] + 1 if its else 0)


@dataclass(frozen=True)
class Cell:
    """How one strategy ended with one release."""

    strategy: str
    release: str
    outcome: str  # deployed or rolled back
    sent: int
    failed: int
    exposure: Exposure
    seconds: float  # of wall time, from UpdateEndpoint until the endpoint was InService again
    aws_seconds: float
    exit_code: int  # of `terraform apply`
    plan_empty: bool
    wanted: str  # the version in release.json of the default branch, afterwards
    runs: str  # the version that the endpoint runs, afterwards
    reverted_by: int | None  # the pull request that was opened by the failed deployment, and merged

    @property
    def bound(self) -> float:
        """The share of the traffic that the release may have had: none for one that never serves."""
        if self.release == DIES.name:
            return 0.0
        return 1.0 if self.release == GOOD else risk_of(self.strategy)

    @property
    def unmet(self) -> list[str]:
        """What should be otherwise, a phrase each; none where all is well."""
        return list(_unmet(self))


def risk_of(strategy: str) -> float:
    """Return the share that a strategy's first step risks."""
    return next(each.risk for each in STRATEGIES if each.name == strategy)


def _unmet(cell: Cell) -> Iterator[str]:
    good = cell.release == GOOD
    outcome, code = ("deployed", 0) if good else ("rolled back", 1)
    if cell.outcome != outcome:
        yield f"it is {cell.outcome}, not {outcome}"
    if cell.exit_code != code:
        yield f"Terraform ended with {cell.exit_code}, not {code}"
    if not cell.sent:
        yield "nothing was sent"
    if cell.failed:
        yield f"{cell.failed} requests failed"
    if not cell.exposure.within(cell.bound):
        yield f"the release had {cell.exposure.share:.1%} of the traffic, more than {cell.bound:.0%}"
    if cell.exposure.answered == 0 and cell.release != DIES.name:
        yield "the release never answered: nothing was tried"
    if not cell.plan_empty:
        yield "the plan is not empty afterwards"
    if cell.wanted != cell.runs:
        yield f"Git wants version {cell.wanted}, and {cell.runs} runs"
    if good != (cell.reverted_by is None):
        yield "it was reverted by a pull request" if good else "no pull request reverted it"
