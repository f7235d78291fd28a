"""What of an endpoint's variant is scaled: its instances, or the provisioned concurrency of a serverless one.

https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-sagemaker.html
https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-autoscale.html
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

Members = Mapping[str, Any]


class Dimension(ABC):
    """One scalable dimension: how its capacity is read and set, and which metric tracks it."""

    name: str
    words: str  # of an activity's description
    predefined: str  # what a target tracking policy calls the metric
    metric: str
    statistic: str
    # Whether SageMaker says 0 of a variant without traffic: of provisioned concurrency no page says that it does.
    zeros: bool

    @abstractmethod
    def capacity(self, summary: Members) -> int | None:
        """Return the desired capacity in a ProductionVariantSummary, None if it has none of this dimension."""

    @abstractmethod
    def change(self, capacity: int) -> dict[str, Any]:
        """Return the members of a Wish that another capacity changes."""

    @abstractmethod
    def fault(self, variant: str, members: Members) -> str | None:
        """Return why a variant with such members of its ProductionVariant cannot be scaled, or None."""

    @abstractmethod
    def minimum_fault(self, minimum: int, *, asynchronous: bool) -> str | None:
        """Return why an endpoint's variant cannot have such a MinCapacity, or None."""


class Instances(Dimension):
    """The number of instances."""

    name = "sagemaker:variant:DesiredInstanceCount"
    words = "desired instance count"
    predefined = "SageMakerVariantInvocationsPerInstance"
    metric, statistic = "InvocationsPerInstance", "Sum"
    zeros = True

    def capacity(self, summary: Members) -> int | None:
        """Return DesiredInstanceCount."""
        return summary.get("DesiredInstanceCount")

    def change(self, capacity: int) -> dict[str, Any]:
        """Return another number of instances."""
        return {"instances": capacity}

    def fault(self, variant: str, members: Members) -> str | None:
        """Refuse serverless variants."""
        if "ServerlessConfig" in members:
            return f"The variant {variant!r} is serverless, and has no instances that could be scaled."
        return None

    def minimum_fault(self, minimum: int, *, asynchronous: bool) -> str | None:
        """Refuse to be without an instance, unless requests wait."""
        if minimum < 1 and not asynchronous:
            return "MinCapacity 0 needs an asynchronous endpoint: the variants of others have an instance."
        return None


class Provisioned(Dimension):
    """The provisioned concurrency."""

    name = "sagemaker:variant:DesiredProvisionedConcurrency"
    words = "desired provisioned concurrency"
    predefined = "SageMakerVariantProvisionedConcurrencyUtilization"
    metric, statistic = "ServerlessProvisionedConcurrencyUtilization", "Average"
    zeros = False

    def capacity(self, summary: Members) -> int | None:
        """Return DesiredServerlessConfig's ProvisionedConcurrency."""
        found: int | None = (summary.get("DesiredServerlessConfig") or {}).get("ProvisionedConcurrency")
        return found

    def change(self, capacity: int) -> dict[str, Any]:
        """Return another ProvisionedConcurrency."""
        return {"serverless": {"ProvisionedConcurrency": capacity}}

    def fault(self, variant: str, members: Members) -> str | None:
        """Refuse variants without provisioned concurrency."""
        if "ProvisionedConcurrency" not in members.get("ServerlessConfig", {}):
            return f"The variant {variant!r} has no provisioned concurrency that could be scaled."
        return None

    def minimum_fault(self, minimum: int, *, asynchronous: bool) -> str | None:  # noqa: ARG002 -- of all
        """Refuse none: what is provisioned is one environment or more."""
        return "MinCapacity 0 is not valid: ProvisionedConcurrency is 1 or more." if minimum < 1 else None


DIMENSIONS: Mapping[str, Dimension] = {one.name: one for one in (Instances(), Provisioned())}


def dimension_of(members: Members) -> Dimension:
    """Return the dimension that a stored target, policy or action names."""
    return DIMENSIONS[members["ScalableDimension"]]
