"""Fleets and the router between them.

An endpoint has one fleet for each configuration that it runs, and shifts its traffic by swapping routes.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.instances import GRACE_SECONDS, INVOCATION_SECONDS, Instance

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.runtime.images import Image

# Weights are floats of people: 0.1 is a tenth.
_FINEST = 10**6
_NEVER = -(10**18)
# A container that ends this often before its first good ping will not pass; SageMaker finds out when its time is over.
HOPELESS = 3


class FleetError(Exception):
    """A fleet does not come up; the message is SageMaker's FailureReason."""


class NoVariantError(Exception):
    """Nothing can take a request: no such variant, or none with weight, or none of its instances serves."""


class VariantFleet:
    """The instances of one production variant under one configuration."""

    def __init__(
        self,
        name: str,
        *,
        config_name: str,
        weight: float,
        image: "Image",
        specified_image: str,
        made_at: "datetime",
        startup_seconds: float,
        launcher: Callable[[Callable[[], None]], Instance],
    ) -> None:
        self.name = name
        self.config_name = config_name
        self.weight = weight
        self.image = image
        self.specified_image = specified_image
        self.made_at = made_at
        self.startup_seconds = startup_seconds
        self.instances: list[Instance] = []
        self._launcher = launcher
        self._changed = threading.Condition()
        self._turn = count()

    def launch(self, number: int) -> list[Instance]:
        """Start `number` instances more; return them at once."""
        launched = [self._launcher(self.notify) for _ in range(number)]
        self.instances = [*self.instances, *launched]
        return launched

    def give_up(self, instances: Sequence[Instance]) -> None:
        """Send no request to these instances from now on."""
        self.instances = [instance for instance in self.instances if instance not in instances]

    def wait_until_serving(self, instances: Sequence[Instance], until: float, abandoned: threading.Event) -> None:
        """Return when these instances serve; raise FleetError when they do not by the monotonic moment `until`."""
        with self._changed:
            while not all(instance.serving for instance in instances):
                self._check(instances, until, abandoned)
                self._changed.wait(max(0.0, until - time.monotonic()))

    def summary(self) -> dict[str, Any]:
        """Return the variant as DescribeEndpoint shows it."""
        deployed = {
            "SpecifiedImage": self.specified_image,
            "ResolvedImage": self.image.uri,
            "ResolutionTime": self.made_at,
        }
        return {
            "VariantName": self.name,
            "DeployedImages": [deployed],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
            "CurrentInstanceCount": sum(instance.serving for instance in self.instances),
            "DesiredInstanceCount": len(self.instances),
        }

    def pick(self, avoid: Sequence[Instance] = ()) -> Instance | None:
        """Return the next serving instance in turn, or None."""
        serving = [instance for instance in self.instances if instance.serving and instance not in avoid]
        return serving[next(self._turn) % len(serving)] if serving else None

    def notify(self) -> None:
        """Wake whoever waits for the instances to serve."""
        with self._changed:
            self._changed.notify_all()

    def _check(self, instances: Sequence[Instance], until: float, abandoned: threading.Event) -> None:
        if abandoned.is_set():
            raise FleetError("The deployment was ended before its instances were ready.")
        for instance in instances:
            if instance.problem is not None:
                raise FleetError(
                    f"CannotStartContainerError. Please ensure the model container for variant {self.name} starts "
                    f"correctly when invoked with 'docker run <image> serve'. {instance.problem}"
                )
        hopeless = any(instance.ends >= HOPELESS and not instance.serving for instance in instances)
        if hopeless or time.monotonic() >= until:
            raise FleetError(
                f"The primary container for production variant {self.name} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )


@dataclass(frozen=True)
class Fleet:
    """All variants of one endpoint configuration, running."""

    config_name: str
    variants: tuple[VariantFleet, ...]
    folders: tuple[Path, ...]

    def routes(self) -> list["Route"]:
        """Return the routes that give each variant its weight."""
        return [Route(variant, variant.weight) for variant in self.variants]

    def instances(self) -> list[Instance]:
        """All instances of all variants."""
        return [instance for variant in self.variants for instance in variant.instances]

    def retire(self, grace: float = GRACE_SECONDS) -> None:
        """End all instances; return when they have ended and their files are gone."""
        retire(self.instances(), grace)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def retire(instances: Sequence[Instance], grace: float = GRACE_SECONDS) -> None:
    """End instances, at the same time; return when they have ended."""
    if instances:
        with ThreadPoolExecutor(len(instances)) as pool:
            list(pool.map(lambda instance: instance.retire(grace), instances))


@dataclass(frozen=True)
class Route:
    """A share of an endpoint's traffic. While it shifts between two fleets, both may have a variant of that name."""

    variant: VariantFleet
    weight: float | Fraction


class Router:
    """Picks an instance for each request by the routes' weights, and knows which instances still work on one.

    `routes` is swapped as a whole: a request is routed by the old ones or by the new ones, and is counted at its
    instance before the lock is given up, so a fleet that is drained after a swap has nothing in flight.

    Weights are kept to the request: routes take turns so that after any number of requests each has had its share of
    them, but for less than one (nginx's smooth weighted round-robin). A share of 1/3 is 100 of 300 requests.
    """

    def __init__(self, routes: "Sequence[Route]" = ()) -> None:
        self.routes: tuple[Route, ...] = ()
        self._weights: dict[VariantFleet, int] = {}
        self._credits: dict[VariantFleet, int] = {}
        self._changed = threading.Condition()
        self.swap(routes)

    def swap(self, routes: Sequence[Route]) -> None:
        """Send the requests from now on along other routes."""
        weights = [Fraction(route.weight).limit_denominator(_FINEST) for route in routes]
        scale = lcm(*(weight.denominator for weight in weights))
        with self._changed:
            self.routes = tuple(routes)
            self._weights = {r.variant: int(w * scale) for r, w in zip(routes, weights, strict=True)}
            self._credits = dict.fromkeys(self._weights, 0)

    @contextmanager
    def request(self, target: str | None, avoid: Sequence[Instance] = ()) -> Iterator[tuple[VariantFleet, Instance]]:
        """Hold an instance while it works on one request; raise NoVariantError when there is none."""
        with self._changed:
            variant, instance = self._pick(target, avoid)
            instance.in_flight += 1
        try:
            yield variant, instance
        finally:
            with self._changed:
                instance.in_flight -= 1
                self._changed.notify_all()

    def drain(self, instances: Sequence[Instance], seconds: float = INVOCATION_SECONDS) -> None:
        """Return when none of these instances, which are on no route any more, has a request in flight."""
        with self._changed:
            self._changed.wait_for(lambda: not any(one.in_flight for one in instances), timeout=seconds)

    def _pick(self, target: str | None, avoid: Sequence[Instance]) -> tuple[VariantFleet, Instance]:
        variants = [route.variant for route in self.routes if target in (None, route.variant.name)]
        if not variants:
            raise NoVariantError(target)
        while variants:
            # A variant of weight 0 takes no traffic but what names it.
            if target is None and not any(self._weights[variant] for variant in variants):
                break
            variant = self._next(variants)
            instance = variant.pick(avoid)
            if instance is not None:
                return variant, instance
            variants.remove(variant)  # none of its instances serves at the moment: another variant's may
        raise NoVariantError

    def _next(self, variants: Sequence[VariantFleet]) -> VariantFleet:
        weights = {variant: self._weights[variant] for variant in variants}
        if not any(weights.values()):
            weights = dict.fromkeys(variants, 1)
        for variant, weight in weights.items():
            self._credits[variant] += weight
        chosen = max(weights, key=lambda variant: self._credits[variant] if weights[variant] else _NEVER)
        self._credits[chosen] -= sum(weights.values())
        return chosen
