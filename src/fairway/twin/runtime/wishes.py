"""What a configuration, or a request that changes capacities, wants of each variant of an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairway.twin.context import Resource


@dataclass(frozen=True)
class Wish:
    """How many instances, and what weight, a variant is to have; of a serverless one, its ServerlessConfig."""

    instances: int
    weight: float
    serverless: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, variant: Mapping[str, Any]) -> "Wish":
        """Read a ProductionVariant. A serverless variant begins with one environment, which tries its container."""
        weight, serverless = variant.get("InitialVariantWeight", 1.0), variant.get("ServerlessConfig")
        if serverless is None:
            return cls(variant.get("InitialInstanceCount", 1), weight)
        return cls(max(1, serverless.get("ProvisionedConcurrency", 0)), weight, serverless)

    def desired(self) -> dict[str, Any]:
        """Return the members of a ProductionVariantSummary that say what is wanted."""
        if self.serverless is not None:
            return {"DesiredWeight": self.weight, "DesiredServerlessConfig": self.serverless}
        return {"DesiredWeight": self.weight, "DesiredInstanceCount": self.instances}


# By the name of a variant: the members of its Wish that are to stay as they are.
Retained = Mapping[str, Mapping[str, Any]]


def wishes(config: "Resource", retained: Retained) -> dict[str, Wish]:
    """Return what a configuration wants of each variant; what is retained of the running ones wins."""
    wanted = {}
    for variant in config.attributes["ProductionVariants"]:
        name, first = variant["VariantName"], Wish.of(variant)
        kept = {**retained.get(name, {})}
        if first.serverless is not None:
            kept.pop("instances", None)  # it has none to keep
        wanted[name] = replace(first, **kept)
    return wanted


def instances_of(wanted: Mapping[str, Wish]) -> dict[str, int]:
    """Return how many instances of each variant are wanted."""
    return {name: wish.instances for name, wish in wanted.items()}
