"""What a rollout does step by step: a pure function of a deployment configuration and of the sizes of the fleets.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Deployment = Mapping[str, Any]

BETWEEN, FINAL = "WaitIntervalInSeconds", "TerminationWaitInSeconds"


@dataclass(frozen=True)
class Size:
    """A part of a fleet, as CapacitySize gives it."""

    kind: str
    value: int

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Size":
        """Read a CapacitySize."""
        return cls(given["Type"], given["Value"])

    def share(self, total: int) -> Fraction:
        """Return the part of a fleet of `total` instances, which percents give exactly whatever the total is."""
        whole = Fraction(self.value, 100 if self.kind == "CAPACITY_PERCENT" else total)
        return min(whole, Fraction(1))

    def instances(self, total: int) -> int:
        """Return the number of instances that do not exceed it, but one at least: 33 % of three are one."""
        return max(1, int(self.share(total) * total))


@dataclass(frozen=True)
class Step:
    """Traffic that is shifted, and the seconds of AWS's time that the alarms then watch it."""

    share: Fraction  # of the new fleet
    bake_seconds: int
    setting: str  # that names the seconds

    @property
    def full(self) -> bool:
        """Tell whether the new fleet has all the traffic."""
        return self.share == 1


@dataclass(frozen=True)
class Batch:
    """How many instances of each variant a fleet has after a batch of a rolling update."""

    instances: Mapping[Any, int]
    share: Fraction
    bake_seconds: int


def blue_green_steps(deployment: Deployment, instances: Mapping[str, int]) -> list[Step]:
    """Return the steps of a blue/green deployment; without a policy all traffic is shifted at once.

    WaitIntervalInSeconds are between two shifts; the last one, after which the new fleet has all the traffic, bakes for
    TerminationWaitInSeconds alone. A number of instances is taken of the variant that has the fewest.
    """
    policy = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE"}
    fewest = min(instances.values())
    shares: list[Fraction] = []
    if routing["Type"] == "CANARY":
        shares = [Size.parse(routing["CanarySize"]).share(fewest)]
    elif routing["Type"] == "LINEAR":
        shares = list(_multiples(Size.parse(routing["LinearStepSize"]).share(fewest)))
    last = Step(Fraction(1), policy.get(FINAL, 0), FINAL)
    return [*(Step(share, routing[BETWEEN], BETWEEN) for share in shares), last]


def _multiples(step: Fraction) -> Iterator[Fraction]:
    share = step
    while share < 1:
        yield share
        share += step


def rolling_batches(deployment: Deployment, instances: Mapping[str, int]) -> list[Batch]:
    """Return the batches of a rolling update to a fleet of so many instances of each variant."""
    policy = deployment["RollingUpdatePolicy"]
    return [
        Batch(counts, share, policy[BETWEEN])
        for counts, share in _growth(Size.parse(policy["MaximumBatchSize"]), instances)
    ]


def rollback_batches(deployment: Deployment, instances: Mapping[Any, int]) -> list[Batch]:
    """Return the batches that bring an old fleet of so many instances back; all at once if no size is given."""
    given = deployment["RollingUpdatePolicy"].get("RollbackMaximumBatchSize")
    size = Size.parse(given) if given else Size("CAPACITY_PERCENT", 100)
    return [Batch(counts, share, 0) for counts, share in _growth(size, instances)]


def _growth(size: Size, instances: Mapping[Any, int]) -> Iterator[tuple[dict[Any, int], Fraction]]:
    total, counts = sum(instances.values()), dict.fromkeys(instances, 0)
    while counts != instances:
        counts = {name: min(wanted, counts[name] + size.instances(wanted)) for name, wanted in instances.items()}
        yield dict(counts), Fraction(sum(counts.values()), total)
