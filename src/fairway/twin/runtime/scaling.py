"""Application Auto Scaling at work: alarms that ring and schedules that are due change capacities.

Its thread sleeps while there are neither policies nor schedules.
"""

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairway.twin.runtime.fleet import EndpointEngine
from fairway.twin.runtime.scaling_activities import Activities
from fairway.twin.runtime.scaling_alarms import Ringing, ringing, trackers_agree, without_traffic
from fairway.twin.runtime.scaling_dimensions import dimension_of
from fairway.twin.runtime.scaling_rules import UNSCALABLE, Direction, Rest, decide
from fairway.twin.runtime.scaling_targets import (
    POLICY,
    SCHEDULED_ACTION,
    TARGET,
    Variant,
    bounds_of,
    next_run,
    of_target,
    silent_at_zero,
    suspended,
    variant_of,
)

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin

logger = logging.getLogger(__name__)

# How often AWS's time alarms are looked at, and how often one that goes on ringing has its policy act again.
LOOK_SECONDS, REPEAT_SECONDS = 10.0, 60.0
SHORTEST_PAUSE = 0.1
# How often wall time a change in progress is looked at.
PROGRESS_PAUSE = 0.1


@dataclass(frozen=True)
class Change:
    """A change in progress."""

    target: "Resource"
    activity: str
    capacity: int
    rest: Rest | None  # its cooldown, whose `until` is a length until the change is over


class ScalingEngine:
    """Scales the targets of this twin."""

    def __init__(self, twin: "Twin") -> None:
        self.activities = Activities(twin.clock)
        self._twin = twin
        self._speed = twin.clock.speed
        self._lock = threading.RLock()
        self._changes: dict[str, Change] = {}  # by the target's ARN, as the two below
        self._rests: dict[str, Rest] = {}
        self._acted: dict[tuple[str, str, str], float] = {}  # when an alarm that still rings had its policy act
        self._zeros = 0.0
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="scaling", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look again: a policy or a schedule is new or changed."""
        self._woken.set()

    def close(self) -> None:
        """End all scaling."""
        self._closed = True
        self.wake()
        self._thread.join()

    def settle(self, target: "Resource") -> None:
        """Bring a target within its bounds, if it can be scaled now; return at once."""
        with self._lock:
            variant, bounds = variant_of(self._twin.store, target), bounds_of(target)
            if variant is None or not variant.scalable or bounds.clamp(variant.capacity) == variant.capacity:
                return
            low = variant.capacity < bounds.minimum
            cause = f"{'minimum' if low else 'maximum'} capacity was set to {bounds.clamp(variant.capacity)}"
            self._change(target, variant, bounds.clamp(variant.capacity), cause, None)

    # -- its thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._woken.wait(self._pause())
            self._woken.clear()
            if self._closed:
                return
            for step in (self._follow_changes, self._run_due, self._evaluate_all):
                try:
                    step()
                except Exception:  # what fails once must not end all scaling
                    logger.exception("scaling failed inside the twin")

    def _pause(self) -> float | None:
        """Return the seconds of wall time until something is to do, None if that is only when somebody wakes it."""
        pauses = []
        if self._changes:
            pauses.append(PROGRESS_PAUSE)
        if self._twin.store.list(POLICY):
            pauses.append(max(SHORTEST_PAUSE, LOOK_SECONDS / self._speed))
        now = self._twin.clock.now()
        dues = (action.attributes.get("NextRun") for action in self._twin.store.list(SCHEDULED_ACTION))
        # Never longer than an hour: the clock of a machine may be set.
        pauses += [min(max(0.0, (due - now).total_seconds()), 3600.0) for due in dues if due is not None]
        return min(pauses, default=None)

    # -- changes ------------------------------------------------------------------------------------------------------

    def _change(self, target: "Resource", variant: Variant, capacity: int, cause: str, rest: Rest | None) -> None:
        from fairway.twin.api import ServiceError  # noqa: PLC0415 -- loads ministack, which the rest does not need

        wanted = f"{variant.dimension.words} to {capacity}"
        identity = self.activities.begin(target, f"Setting {wanted}.", cause)
        try:
            change = {variant.name: variant.dimension.change(capacity)}
            self._twin.engine(EndpointEngine).adjust(variant.endpoint, change)
        except ServiceError as error:
            self.activities.update(target, identity, "Failed", f"Failed to set {wanted}. Reason: {error}")
            return
        message = f"Successfully set {wanted}. Waiting for change to be fulfilled by sagemaker."
        self.activities.update(target, identity, "InProgress", message)
        self._changes[target.arn] = Change(target, identity, capacity, rest)
        self.wake()

    def _follow_changes(self) -> None:
        with self._lock:
            for change in list(self._changes.values()):
                variant = variant_of(self._twin.store, change.target)
                if variant is None or variant.endpoint.attributes["EndpointStatus"] != "Updating":
                    self._end(change, variant)

    def _end(self, change: Change, variant: Variant | None) -> None:
        target = change.target
        count = f"{dimension_of(target.attributes).words} to {change.capacity}"
        del self._changes[target.arn]
        if variant is not None and variant.scalable and variant.capacity == change.capacity:
            fulfilled = f"Successfully set {count}. Change successfully fulfilled by sagemaker."
            self.activities.update(target, change.activity, "Successful", fulfilled)
            if change.rest is not None:
                until = time.monotonic() + change.rest.until / self._speed
                self._rests[target.arn] = Rest(change.rest.direction, change.rest.before, until)
        else:
            reason = variant.endpoint.attributes.get("FailureReason") if variant else "the endpoint is gone"
            self.activities.update(target, change.activity, "Failed", f"Failed to set {count}. Reason: {reason}")

    # -- schedules ----------------------------------------------------------------------------------------------------

    def _run_due(self) -> None:
        now = self._twin.clock.now()
        for action in self._twin.store.list(SCHEDULED_ACTION):
            due = action.attributes.get("NextRun")
            if due is not None and due <= now:
                self._twin.store.update(action, NextRun=next_run(action.attributes, now, self._speed))
                for target in self._twin.store.list(TARGET, action.account, action.region):
                    if target.attributes["ResourceId"] == action.attributes["ResourceId"]:
                        self._run_action(action, target)

    def _run_action(self, action: "Resource", target: "Resource") -> None:
        if target.attributes["SuspendedState"]["ScheduledScalingSuspended"]:
            return
        wanted = action.attributes["ScalableTargetAction"]
        words = " and ".join(f"{name[:3].lower()} capacity to {value}" for name, value in wanted.items())
        cause = f"scheduled action name {action.attributes['ScheduledActionName']} was triggered"
        identity = self.activities.begin(target, f"Setting {words}", cause)
        bounds = {**{name: target.attributes[name] for name in ("MinCapacity", "MaxCapacity")}, **wanted}
        if bounds["MinCapacity"] > bounds["MaxCapacity"]:
            reason = "Maximum capacity cannot be less than minimum capacity"
            self.activities.update(target, identity, "Failed", f"Failed to set {words}. Reason: {reason}")
            return
        self._twin.store.update(target, **wanted)
        self.activities.update(target, identity, "Successful", f"Successfully set {words}")
        self.settle(target)

    # -- policies -----------------------------------------------------------------------------------------------------

    def _evaluate_all(self) -> None:
        self._emit_zeros()
        with self._lock:
            ringing_now: set[tuple[str, str, str]] = set()
            targets = self._twin.store.list(TARGET)
            for target in targets:
                ringing_now |= self._evaluate(target)
            known = {target.arn for target in targets}
            self._rests = {arn: rest for arn, rest in self._rests.items() if arn in known}
            self._acted = {alarm: when for alarm, when in self._acted.items() if alarm in ringing_now}

    def _evaluate(self, target: "Resource") -> set[tuple[str, str, str]]:
        """Let the policies of a target act whose alarms ring; return those alarms."""
        policies = list(of_target(self._twin.store, POLICY, target))
        rung = list(ringing(policies, self._speed)) if policies else []
        due = [one for one in rung if self._is_due(one)]
        variant = variant_of(self._twin.store, target)
        if due and variant is not None:
            if not variant.scalable:
                self.activities.not_scaled(target, due[0].cause, {"Code": UNSCALABLE})
            elif target.arn not in self._changes:
                for one in due:
                    self._acted[one.key] = time.monotonic()
                self._act(target, variant, policies, rung)
        return {one.key for one in rung}

    def _is_due(self, one: Ringing) -> bool:
        acted = self._acted.get(one.key)
        return acted is None or time.monotonic() - acted >= REPEAT_SECONDS / self._speed

    def _act(self, target: "Resource", variant: Variant, policies: "list[Resource]", rung: list[Ringing]) -> None:
        rest = self._rests.get(target.arn)
        rest = rest if rest is not None and time.monotonic() < rest.until else None
        decision = decide(
            [one.proposal for one in rung],
            variant.capacity,
            bounds_of(target),
            rest,
            trackers_agree=trackers_agree(policies),
            suspended=suspended(target),
        )
        if decision is None:
            return
        cause = next(one.cause for one in rung if one.proposal is decision.proposal)
        if decision.capacity is None:
            self.activities.not_scaled(target, cause, decision.refusal(bounds_of(target), variant.capacity))
            return
        direction: Direction = "out" if decision.capacity > variant.capacity else "in"
        before = rest.before if rest is not None and rest.direction == direction == "out" else variant.capacity
        cooldown = Rest(direction, before, decision.proposal.cooldown)
        self._change(target, variant, decision.capacity, cause, cooldown)

    def _emit_zeros(self) -> None:
        """Do what SageMaker does for variants that scale and have no traffic: their metric is 0, once a minute."""
        if time.monotonic() - self._zeros < REPEAT_SECONDS / self._speed:
            return
        self._zeros = time.monotonic()
        for target in silent_at_zero(self._twin.store):
            datum = without_traffic(target, self._speed)
            if datum is not None:
                cloudwatch = self._twin.client("cloudwatch", account=target.account, region=target.region)
                cloudwatch.put_metric_data(**datum)
