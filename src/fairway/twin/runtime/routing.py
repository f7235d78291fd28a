"""Fleets and the router between them.

An endpoint has one fleet for each configuration that it runs, and shifts its traffic by swapping routes.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

from fairway.twin.runtime.instances import GRACE_SECONDS, INVOCATION_SECONDS, Instance
from fairway.twin.runtime.variants import VariantFleet

# Weights are floats of people: 0.1 is a tenth.
_FINEST = 10**6
_NEVER = -(10**18)


class NoVariantError(Exception):
    """Nothing can take a request: no such variant, or none with weight, or none of its instances serves."""


@dataclass(frozen=True)
class Fleet:
    """All variants of one endpoint configuration, running."""

    config_name: str
    variants: tuple[VariantFleet, ...]
    folders: tuple[Path, ...]
    config: Mapping[str, Any] = field(default_factory=dict)  # the attributes of the configuration
    shadows: tuple[VariantFleet, ...] = ()

    @property
    def asynchronous(self) -> Mapping[str, Any] | None:
        """The AsyncInferenceConfig of an endpoint that takes asynchronous requests only."""
        return self.config.get("AsyncInferenceConfig")

    def routes(self) -> list["Route"]:
        """Return the routes that give each variant its weight."""
        return [Route(variant, variant.weight) for variant in self.variants]

    def instances(self) -> list[Instance]:
        """All instances of all variants that answer clients."""
        return [instance for variant in self.variants for instance in variant.instances]

    def everyone(self) -> tuple[VariantFleet, ...]:
        """All variants, shadows too."""
        return (*self.variants, *self.shadows)

    def retire(self, grace: float = GRACE_SECONDS) -> None:
        """End all instances; return when they have ended and their files are gone."""
        for variant in self.everyone():
            variant.close()
        retire([instance for variant in self.everyone() for instance in variant.instances], grace)
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
                variant.release(instance)
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
