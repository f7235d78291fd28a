"""A rollout: traffic moves from one fleet to another, step by step, watched, and moves back when something is wrong."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime import rollout_plan
from fairway.twin.runtime.deployment import FleetMaker
from fairway.twin.runtime.instances import deadline
from fairway.twin.runtime.rollout_plan import Batch, Deployment, Step
from fairway.twin.runtime.routing import Fleet, Route, Router, retire
from fairway.twin.runtime.variants import FleetError, VariantFleet
from fairway.twin.runtime.wishes import Wish, instances_of

if TYPE_CHECKING:
    from fairway.twin.clock import Clock
    from fairway.twin.context import Resource

# How often, of wall time, the alarms and the new instances are looked at while a step bakes.
POLL_SECONDS = 0.1


class RollbackFailedError(Exception):
    """A rolling update and its rollback failed; both fleets go on serving."""

    def __init__(self, reason: str, mixed: Fleet) -> None:
        super().__init__(reason)
        self.mixed = mixed


@dataclass(frozen=True)
class Stage:
    """Where a rollout is, as SageMaker's VariantStatus says it: {instances} is each variant's own number."""

    status: str
    message: str
    instances: Mapping[str, int]

    def of(self, variant: VariantFleet, since: datetime) -> dict[str, Any]:
        """Return the members of PendingDeploymentSummary for a variant of the new fleet."""
        active = self.instances.get(variant.name, len(variant.instances))
        status = {"Status": self.status, "StatusMessage": self.message.format(instances=active), "StartTime": since}
        return {"VariantStatus": [status]}


def mixed_routes(old: Fleet, new: Fleet, share: Fraction) -> list[Route]:
    """Return routes that give the new fleet exactly a share of the traffic, and each variant its part of that."""
    return [*_weighted(old.variants, 1 - share), *_weighted(new.variants, share)]


def _weighted(variants: Sequence[VariantFleet], share: Fraction) -> list[Route]:
    weights = [Fraction(variant.weight).limit_denominator(10**6) for variant in variants]
    total = sum(weights)
    parts = [share * weight / total if total else Fraction(0) for weight in weights]
    return [Route(variant, part) for variant, part in zip(variants, parts, strict=True)]


class Rollout:
    """Takes one endpoint from its old fleet to a new one. `tell` is given each stage and the new fleet."""

    def __init__(  # noqa: PLR0917 -- what it works with
        self,
        clock: "Clock",
        router: Router,
        maker: FleetMaker,
        old: Fleet,
        deployment: Deployment,
        trouble: Callable[[], str | None],
        tell: Callable[[Stage, Fleet], None],
    ) -> None:
        self._clock = clock
        self._router = router
        self._maker = maker
        self._old = old
        self._sizes = {variant: len(variant.instances) for variant in old.variants}
        self._shadows: dict[VariantFleet, int] = {}  # of the new fleet, with how many instances each is to have
        self._deployment = deployment
        self._trouble = trouble
        self._tell = tell
        policy = deployment.get("BlueGreenUpdatePolicy") or deployment.get("RollingUpdatePolicy") or {}
        self._limit: int | None = policy.get("MaximumExecutionTimeoutInSeconds")
        self._until = deadline(self._limit, clock) if self._limit is not None else None

    def run(self, config: "Resource", wanted: Mapping[str, Wish]) -> Fleet:
        """Return the new fleet once it has all the traffic; else the old one has it again, and FleetError is raised."""
        self._check_alarms()
        rolling = bool(self._deployment.get("RollingUpdatePolicy"))
        new = self._maker.prepare(config, wanted)
        self._shadows = {shadow: wanted[shadow.name].instances for shadow in new.shadows}
        instances = instances_of(wanted)
        try:
            (self._roll if rolling else self._shift)(new, instances)
        except FleetError as error:
            if self._maker.abandoned.is_set():
                new.retire(grace=0)
            elif rolling:
                self._roll_back(new, instances, str(error))
            else:
                self._shift_back(new)
            raise
        return new

    # -- blue/green ---------------------------------------------------------------------------------------------------

    def _shift(self, new: Fleet, instances: Mapping[str, int]) -> None:
        self._launch(new, instances, "Creating")
        for step in rollout_plan.blue_green_steps(self._deployment, instances):
            active = {name: max(1, ceil(step.share * total)) for name, total in instances.items()}
            capacity = "full" if step.full else self._part
            self._activate(new, step.share, capacity, active)
            self._bake(new, step, capacity, active)

    @property
    def _part(self) -> str:
        """Return what SageMaker calls a part of a fleet; its pages show no message of a linear step: that is ours."""
        routing = self._deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
        return "canary" if routing["Type"] == "CANARY" else "partial"

    def _shift_back(self, new: Fleet) -> None:
        self._router.swap(self._old.routes())
        self._tell(Stage("Deleting", "Terminating {instances} instance(s).", {}), new)
        self._router.drain(new.instances())
        new.retire()

    # -- rolling ------------------------------------------------------------------------------------------------------

    def _roll(self, new: Fleet, instances: Mapping[str, int]) -> None:
        for batch in rollout_plan.rolling_batches(self._deployment, instances):
            self._launch(new, batch.instances, "Updating")
            self._activate(new, batch.share, "batch", batch.instances)
            self._bake(new, Step(batch.share, batch.bake_seconds, rollout_plan.BETWEEN), "batch", batch.instances)
            self._shrink({variant: ceil((1 - batch.share) * total) for variant, total in self._sizes.items()})

    def _roll_back(self, new: Fleet, instances: Mapping[str, int], reason: str) -> None:
        """Bring the old fleet back to its size in batches, each of them before as much of the new one ends."""
        try:
            for batch in rollout_plan.rollback_batches(self._deployment, self._sizes):
                self._restore(batch)
                share = self._missing_share()
                self._router.swap(mixed_routes(self._old, new, share))
                self._shrink({variant: ceil(share * instances[variant.name]) for variant in new.variants})
        except FleetError as error:
            variants, folders = (*self._old.variants, *new.variants), (*self._old.folders, *new.folders)
            mixed = Fleet(
                self._old.config_name, variants, folders, self._old.config, (*self._old.shadows, *new.shadows)
            )
            share = Fraction(len(new.instances()), len(mixed.instances()))
            self._router.swap(mixed_routes(self._old, new, share))  # as much to each fleet as there is of it
            raise RollbackFailedError(f"{reason} The rollback failed: {error}", mixed) from error
        self._shift_back(new)

    def _restore(self, batch: Batch) -> None:
        missing = {variant: batch.instances[variant] - len(variant.instances) for variant in self._old.variants}
        self._maker.start({variant: number for variant, number in missing.items() if number > 0})

    def _missing_share(self) -> Fraction:
        """Return the share of the traffic that what is left of the old fleet cannot take."""
        return 1 - Fraction(len(self._old.instances()), sum(self._sizes.values()))

    # -- what both do -------------------------------------------------------------------------------------------------

    def _launch(self, new: Fleet, instances: Mapping[str, int], status: str) -> None:
        missing = {variant: instances[variant.name] - len(variant.instances) for variant in new.variants}
        launched = {variant.name: number for variant, number in missing.items()}
        self._tell(Stage(status, "Launching {instances} instance(s).", launched), new)
        shadows = {shadow: number - len(shadow.instances) for shadow, number in self._shadows.items()}
        self._maker.start({**missing, **shadows})

    def _activate(self, new: Fleet, share: Fraction, capacity: str, active: Mapping[str, int]) -> None:
        self._router.swap(mixed_routes(self._old, new, share))
        message = f"Activating traffic on {capacity} capacity of {{instances}} instance(s)."
        self._tell(Stage("ActivatingTraffic", message, active), new)

    def _bake(self, new: Fleet, step: Step, capacity: str, active: Mapping[str, int]) -> None:
        """Watch alarms and instances for the seconds of a step; raise FleetError at the first sign of trouble."""
        message = (
            f"Baking for {step.bake_seconds} seconds ({step.setting}) with traffic enabled on {capacity} capacity of "
            "{instances} instance(s)."
        )
        self._tell(Stage("Baking", message, active), new)
        ends = {instance: instance.ends for instance in new.instances()}
        end = deadline(step.bake_seconds, self._clock)
        while True:
            self._check(new, ends)
            left = end - time.monotonic()
            if left <= 0:
                return
            self._maker.abandoned.wait(min(POLL_SECONDS, left))

    def _check(self, new: Fleet, ends: Mapping[Any, int]) -> None:
        if self._maker.abandoned.is_set():
            raise FleetError("The deployment was ended before it was done.")
        self._check_alarms()
        for variant in new.variants:
            if any(one.problem or one.ends - ends.get(one, 0) >= variant.hopeless for one in variant.instances):
                raise FleetError(
                    f"The primary container for production variant {variant.name} did not pass the ping health check. "
                    "Please check CloudWatch logs for this endpoint."
                )
        if self._until is not None and time.monotonic() >= self._until:
            raise FleetError(f"The deployment exceeded its MaximumExecutionTimeoutInSeconds of {self._limit}.")

    def _check_alarms(self) -> None:
        trouble = self._trouble()
        if trouble is not None:
            raise FleetError(trouble)

    def _shrink(self, instances: Mapping[VariantFleet, int]) -> None:
        for variant, number in instances.items():
            ended = variant.instances[number:]
            variant.give_up(ended)
            self._router.drain(ended)
            retire(ended)
