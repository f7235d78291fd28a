"""How Application Auto Scaling decides: pure functions of capacities, metrics, bounds and cooldowns.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["out", "in"]

# Application Auto Scaling's for endpoint variants.
DEFAULT_COOLDOWN = 300
# Target tracking begins to scale in where the metric is this share of the target.
LOW_SHARE = 0.9

AT_MAXIMUM, AT_MINIMUM, AT_DESIRED = "AlreadyAtMaxCapacity", "AlreadyAtMinCapacity", "AlreadyAtDesiredCapacity"
UNSCALABLE = "TargetServicePutResourceAsUnscalable"


@dataclass(frozen=True)
class Bounds:
    """The capacities between which policies scale."""

    minimum: int
    maximum: int

    def clamp(self, capacity: int) -> int:
        """Return the nearest capacity that is within."""
        return min(max(capacity, self.minimum), self.maximum)


@dataclass(frozen=True)
class Proposal:
    """What a policy would do because an alarm rang: `wanted` gives the capacity that it wants, of the present one."""

    policy: str
    alarm: str
    tracking: bool
    cooldown: float
    wanted: Callable[[int], int]


@dataclass(frozen=True)
class Rest:
    """A cooldown that runs: after a change in a direction, from the capacity before it, until a moment."""

    direction: Direction
    before: int
    until: float


@dataclass(frozen=True)
class Decision:
    """What is done of the proposals: a capacity, or, where that is None, the reason why nothing is."""

    proposal: Proposal
    capacity: int | None
    reason: str | None = None

    def refusal(self, bounds: Bounds, capacity: int) -> dict[str, Any]:
        """Return the reason as a NotScaledReason, with the capacity that belongs to its code."""
        known = {
            AT_MAXIMUM: {"MaxCapacity": bounds.maximum},
            AT_MINIMUM: {"MinCapacity": bounds.minimum},
            AT_DESIRED: {"CurrentCapacity": capacity},
        }
        return {"Code": self.reason, **known[self.reason or ""]}


def decide(
    proposals: Sequence[Proposal],
    capacity: int,
    bounds: Bounds,
    rest: Rest | None,
    *,
    trackers_agree: bool,
    suspended: frozenset[Direction] = frozenset(),
) -> Decision | None:
    """Return what is done now, if anything is proposed: out before in, and of several the largest capacity.

    `rest` is the cooldown that runs. `trackers_agree` tells whether all target tracking policies that scale in are
    ready to: unless they are, none of them does.
    """
    resting = rest.direction if rest else None
    # Capacity that was added while a cooldown runs counts as a part of what is added next.
    base = rest.before if rest and resting == "out" else capacity
    outs = [(p.wanted(base), p) for p in proposals if p.wanted(capacity) > capacity]
    if outs and "out" not in suspended:
        wanted, proposal = max(outs, key=lambda found: found[0])
        if capacity >= bounds.maximum:
            return Decision(proposal, None, AT_MAXIMUM)
        wanted = bounds.clamp(wanted)
        return Decision(proposal, wanted) if wanted > capacity else Decision(proposal, None, AT_DESIRED)
    ins = [
        (p.wanted(capacity), p)
        for p in proposals
        if p.wanted(capacity) < capacity and (trackers_agree or not p.tracking)
    ]
    if outs or not ins or resting == "in" or "in" in suspended:
        return None
    wanted, proposal = max(ins, key=lambda found: found[0])
    if capacity <= bounds.minimum:
        return Decision(proposal, None, AT_MINIMUM)
    return Decision(proposal, bounds.clamp(wanted))


# -- target tracking --------------------------------------------------------------------------------------------------


def tracked(target: float, value: float, direction: Direction) -> Callable[[int], int]:
    """Return the capacity that brings a metric, which falls as capacity rises, from its value to its target."""

    def wanted(capacity: int) -> int:
        # From no instance the metric, which then is of the whole, is brought to its target as from one.
        proportional = math.ceil((capacity or 1) * value / target)
        return max(proportional, capacity) if direction == "out" else min(proportional, capacity)

    return wanted


# -- steps ------------------------------------------------------------------------------------------------------------


def stepped(configuration: Mapping[str, Any], difference: float, *, above: bool) -> Callable[[int], int]:
    """Return the capacity that a step policy wants where the metric is so far from the alarm's threshold.

    `above` tells on which side the alarm rings: there the lower bounds of steps are inclusive, else the upper ones.
    """
    step = next((s for s in configuration["StepAdjustments"] if _within(s, difference, above=above)), None)
    if step is None:
        return lambda capacity: capacity
    amount = step["ScalingAdjustment"]
    match configuration["AdjustmentType"]:
        case "ExactCapacity":
            return lambda _: int(amount)
        case "PercentChangeInCapacity":
            least = configuration.get("MinAdjustmentMagnitude", 0)
            return lambda capacity: max(0, capacity + _share(capacity * amount / 100, least))
        case _:
            return lambda capacity: max(0, capacity + amount)


def _within(step: Mapping[str, Any], difference: float, *, above: bool) -> bool:
    low, high = step.get("MetricIntervalLowerBound", -math.inf), step.get("MetricIntervalUpperBound", math.inf)
    return bool(low <= difference < high if above else low < difference <= high)


def _share(change: float, least: int) -> int:
    """Round as AWS does: to one at least, and else towards nothing."""
    if change == 0:
        return 0
    size = max(math.floor(abs(change)), 1, least)
    return size if change > 0 else -size


def step_faults(steps: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first rule that the bounds of steps break, or None."""
    bounds = sorted(
        (step.get("MetricIntervalLowerBound", -math.inf), step.get("MetricIntervalUpperBound", math.inf))
        for step in steps
    )
    for low, high in bounds:
        if (low, high) == (-math.inf, math.inf):
            return "A step adjustment must have at least one bound"
        if low >= high:
            return "The upper bound of a step adjustment must be greater than its lower bound"
    for (_, high), (low, _) in itertools.pairwise(bounds):
        if high != low:
            return f"Step adjustments must not {'overlap' if high > low else 'have a gap'}"
    if bounds and bounds[0][0] < 0 and bounds[0][0] != -math.inf:
        return "If one step adjustment has a negative lower bound, there must be one with a null lower bound"
    if bounds and bounds[-1][1] > 0 and bounds[-1][1] != math.inf:
        return "If one step adjustment has a positive upper bound, there must be one with a null upper bound"
    return None
