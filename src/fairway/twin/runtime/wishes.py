"""What a configuration, or a request that changes capacities, wants of each variant of an endpoint."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairway.twin.context import Resource

MEMORY_STEP = 1024


@dataclass(frozen=True)
class Wish:
    """How many instances, and what weight, a variant is to have; of a serverless one, its ServerlessConfig."""

    instances: int
    weight: float
    serverless: Mapping[str, Any] | None = None
    shadow: bool = False

    @classmethod
    def of(cls, variant: Mapping[str, Any]) -> "Wish":
        """Read a ProductionVariant. A serverless variant begins with one environment, which tries its container."""
        weight, serverless = variant.get("InitialVariantWeight", 1.0), variant.get("ServerlessConfig")
        if serverless is None:
            return cls(variant.get("InitialInstanceCount", 1), weight)
        return cls(max(1, serverless.get("ProvisionedConcurrency", 0)), weight, serverless)

    def changed(self, changes: Mapping[str, Any]) -> "Wish":
        """Return it with other members, as UpdateEndpointWeightsAndCapacities gives them."""
        if "serverless" not in changes:
            return replace(self, **changes)
        return replace(self, **{**changes, "serverless": {**(self.serverless or {}), **changes["serverless"]}})

    def retained(self, dropped: Collection[str]) -> dict[str, Any]:
        """Return what an update is to keep of it, but for properties that it drops; environments are no instances."""
        kept = {} if "DesiredWeight" in dropped else {"weight": self.weight}
        if "DesiredInstanceCount" not in dropped and self.serverless is None:
            kept["instances"] = self.instances
        return kept

    def desired(self) -> dict[str, Any]:
        """Return the members of a ProductionVariantSummary that say what is wanted."""
        if self.serverless is not None:
            return {"DesiredWeight": self.weight, "DesiredServerlessConfig": self.serverless}
        return {"DesiredWeight": self.weight, "DesiredInstanceCount": self.instances}


def change_violations(
    changes: Mapping[str, Mapping[str, Any]], running: Mapping[str, Wish], *, asynchronous: bool
) -> Iterator[str]:
    """Yield a sentence for each change of a running variant that it cannot have."""
    for name, change in changes.items():
        wish = running[name].changed(change)
        if running[name].serverless is None:
            if "serverless" in change:
                yield f"ServerlessUpdateConfig needs a serverless variant, and {name} is none."
            elif wish.instances == 0 and not asynchronous:
                yield f"Only variants of asynchronous endpoints can be without an instance, and {name} is none."
        elif "instances" in change:
            yield f"DesiredInstanceCount cannot be set for the serverless variant {name}."
        else:
            yield from serverless_violations(wish.serverless or {})


def serverless_violations(serverless: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each rule that a ServerlessConfig breaks."""
    memory, most = serverless["MemorySizeInMB"], serverless["MaxConcurrency"]
    if memory % MEMORY_STEP:
        yield f"MemorySizeInMB {memory} is not valid: choose 1024, 2048, 3072, 4096, 5120 or 6144."
    if serverless.get("ProvisionedConcurrency", 0) > most:
        provisioned = f"ProvisionedConcurrency {serverless['ProvisionedConcurrency']}"
        yield f"{provisioned} must be less than or equal to MaxConcurrency {most}."


# By the name of a variant: the members of its Wish that are to stay as they are.
Retained = Mapping[str, Mapping[str, Any]]


def wishes(config: "Resource", retained: Retained) -> dict[str, Wish]:
    """Return what a configuration wants of each variant; what is retained of the running ones wins."""
    wanted = {}
    shadows = config.attributes.get("ShadowProductionVariants") or ()
    for variant in (*config.attributes["ProductionVariants"], *shadows):
        name, first = variant["VariantName"], replace(Wish.of(variant), shadow=variant in shadows)
        kept = {**retained.get(name, {})}
        if first.serverless is not None:
            kept.pop("instances", None)  # it has none to keep
        wanted[name] = replace(first, **kept)
    return wanted


def instances_of(wanted: Mapping[str, Wish]) -> dict[str, int]:
    """Return how many instances of each production variant are wanted."""
    return {name: wish.instances for name, wish in wanted.items() if not wish.shadow}
