"""Scalable targets as the scaling engine sees them: an endpoint's variant, its bounds, policies and schedules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.scaling_dimensions import Dimension, dimension_of
from fairway.twin.runtime.scaling_rules import Bounds, Direction
from fairway.twin.runtime.scaling_schedules import At, parse

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Store

TARGET, POLICY, SCHEDULED_ACTION = "ScalableTarget", "ScalingPolicy", "ScheduledAction"


@dataclass(frozen=True)
class Variant:
    """A variant of an endpoint that exists."""

    endpoint: "Resource"
    name: str
    dimension: Dimension
    capacity: int

    @property
    def scalable(self) -> bool:
        """Tell whether SageMaker would take another capacity now."""
        return bool(self.endpoint.attributes["EndpointStatus"] == "InService")


def names_of(resource_id: str) -> tuple[str, str]:
    """Return the endpoint and the variant of `endpoint/<name>/variant/<name>`."""
    _, endpoint, _, variant = resource_id.split("/")
    return endpoint, variant


def variant_of(store: "Store", target: "Resource") -> Variant | None:
    """Return what a target scales, or None if it is not there (any more)."""
    name, variant = names_of(target.attributes["ResourceId"])
    endpoint = store.get("Endpoint", target.account, target.region, name)
    if endpoint is None:
        return None
    dimension = dimension_of(target.attributes)
    for summary in endpoint.attributes.get("ProductionVariants") or ():
        capacity = dimension.capacity(summary) if summary["VariantName"] == variant else None
        if capacity is not None:
            return Variant(endpoint, variant, dimension, capacity)
    return None


def is_asynchronous(endpoint: "Resource") -> bool:
    """Tell whether an endpoint takes asynchronous requests only; such a one may be without an instance."""
    return endpoint.attributes.get("AsyncInferenceConfig") is not None


def minimum_fault(store: "Store", target: "Resource", minimum: int) -> str | None:
    """Return why a target cannot have such a MinCapacity, or None."""
    endpoint = store.get("Endpoint", target.account, target.region, names_of(target.attributes["ResourceId"])[0])
    asynchronous = endpoint is not None and is_asynchronous(endpoint)
    return dimension_of(target.attributes).minimum_fault(minimum, asynchronous=asynchronous)


def silent_at_zero(store: "Store") -> Iterator["Resource"]:
    """Yield the targets with policies of whose variants SageMaker says 0 when they have no traffic."""
    for target in store.list(TARGET):
        variant = variant_of(store, target)
        policies = any(of_target(store, POLICY, target))
        # Asynchronous endpoints have no InvocationsPerInstance.
        if variant is not None and policies and variant.dimension.zeros and not is_asynchronous(variant.endpoint):
            yield target


def targets_of(store: "Store", endpoint: "Resource") -> list["Resource"]:
    """Return the targets that are variants of an endpoint."""
    targets = store.list(TARGET, endpoint.account, endpoint.region)
    return [target for target in targets if names_of(target.attributes["ResourceId"])[0] == endpoint.name]


def tied_variants(store: "Store", endpoint: "Resource", config: "Resource") -> list[str]:
    """Return the scaled variants of an endpoint that another configuration does not have, or on other instances."""
    running = store.get("EndpointConfig", endpoint.account, endpoint.region, endpoint.attributes["EndpointConfigName"])
    before, after = (
        {one["VariantName"]: one.get("InstanceType") for one in found.attributes["ProductionVariants"]}
        for found in (running or config, config)
    )
    scaled = sorted(names_of(target.attributes["ResourceId"])[1] for target in targets_of(store, endpoint))
    return [name for name in scaled if name not in after or before.get(name) != after[name]]


def bounds_of(target: "Resource") -> Bounds:
    """Return the capacities between which a target scales."""
    return Bounds(target.attributes["MinCapacity"], target.attributes["MaxCapacity"])


def suspended(target: "Resource") -> frozenset[Direction]:
    """Return the directions in which policies are not to scale."""
    members: dict[Direction, str] = {"out": "DynamicScalingOutSuspended", "in": "DynamicScalingInSuspended"}
    return frozenset(way for way, member in members.items() if target.attributes["SuspendedState"][member])


def of_target(store: "Store", kind: str, target: "Resource") -> Iterator["Resource"]:
    """Yield the policies or scheduled actions of a target."""
    for resource in store.list(kind, target.account, target.region):
        if resource.attributes["ResourceId"] == target.attributes["ResourceId"]:
            yield resource


def next_run(action: "dict[str, Any]", after: datetime, speed: float) -> datetime | None:
    """Return when a scheduled action runs first after a moment: at its start, and then as its schedule says."""
    schedule = parse(action["Schedule"], action.get("Timezone"), speed)
    start, end = action.get("StartTime"), action.get("EndTime")
    due = start if start and after < start and not isinstance(schedule, At) else schedule.after(after)
    return None if due is None or (end and due > end) else due
