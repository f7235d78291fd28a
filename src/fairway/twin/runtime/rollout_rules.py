"""Which deployment configurations SageMaker takes: the rules that its API reference states in words.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html and the pages that it leads to
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fairway.twin.runtime.rollout_plan import BETWEEN, FINAL, Deployment, Size

LIMIT = "MaximumExecutionTimeoutInSeconds"
# The sizes that each type of traffic routing takes.
_SIZES = {"ALL_AT_ONCE": (), "CANARY": ("CanarySize",), "LINEAR": ("LinearStepSize",)}


def violations(deployment: Deployment, instances: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each rule that a deployment to so many instances of each variant breaks."""
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield "Only one update policy should be used in the deployment configuration."
    if blue_green:
        yield from _blue_green(blue_green, instances)
    if rolling:
        yield from _rolling(rolling, instances)


def missing_alarms(deployment: Deployment, exists: Callable[[str], bool]) -> Iterator[str]:
    """Yield a sentence for each alarm that is to roll back, and is not there."""
    for name in alarm_names(deployment):
        if not exists(name):
            yield f"The alarm {name} in AutoRollbackConfiguration does not exist."


def alarm_names(deployment: Deployment) -> list[str]:
    """Return the names of the alarms that roll a deployment back."""
    alarms = (deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    return [alarm["AlarmName"] for alarm in alarms if "AlarmName" in alarm]


def _blue_green(policy: Mapping[str, Any], instances: Mapping[str, int]) -> Iterator[str]:
    routing = policy["TrafficRoutingConfiguration"]
    kind = routing["Type"]
    for name in ("CanarySize", "LinearStepSize"):
        if name in _SIZES[kind] and name not in routing:
            yield f"{name} is required when the traffic routing type is {kind}."
        elif name not in _SIZES[kind] and name in routing:
            yield f"{name} cannot be used when the traffic routing type is {kind}."
    if kind == "CANARY" and "CanarySize" in routing:
        size = Size.parse(routing["CanarySize"])
        yield from _outside("CanarySize", size, instances, 0, 50, "less than or equal to 50%")
    if kind == "LINEAR" and "LinearStepSize" in routing:
        size = Size.parse(routing["LinearStepSize"])
        yield from _outside("LinearStepSize", size, instances, 10, 50, "10-50%")
    waits = routing[BETWEEN] + policy.get(FINAL, 0)
    if policy.get(LIMIT, waits + 1) <= waits:
        yield f"{LIMIT} should be larger than the total waiting time specified in {FINAL} and {BETWEEN}."


def _rolling(policy: Mapping[str, Any], instances: Mapping[str, int]) -> Iterator[str]:
    size = Size.parse(policy["MaximumBatchSize"])
    yield from _outside("MaximumBatchSize", size, instances, 5, 50, "between 5% to 50%")
    if "RollbackMaximumBatchSize" in policy:
        size = Size.parse(policy["RollbackMaximumBatchSize"])
        yield from _outside("RollbackMaximumBatchSize", size, instances, 0, 100, "at most 100%")
    if policy.get(LIMIT, policy[BETWEEN] + 1) <= policy[BETWEEN]:
        yield f"{LIMIT} should be larger than the waiting time specified in {BETWEEN}."


def _outside(  # noqa: PLR0917 -- a rule's parts
    name: str, size: Size, instances: Mapping[str, int], low: int, high: int, words: str
) -> Iterator[str]:
    for variant, total in instances.items():
        percent = size.value if size.kind == "CAPACITY_PERCENT" else 100 * size.value / max(1, total)
        if not low <= percent <= high:
            given = f"{size.value}%" if size.kind == "CAPACITY_PERCENT" else f"{size.value} of {total} instance(s)"
            yield (
                f"{name} must be {words} of the variant's total instance count. Variant {variant} was given {given}."
            )
