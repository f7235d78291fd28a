"""Application Auto Scaling of SageMaker's endpoint variants."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.scaling import ScalingEngine
from fairway.twin.services.application_autoscaling import policies, schedules, tags, targets

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["close", "policies", "schedules", "tags", "targets"]


def close(twin: "Twin") -> None:
    """End all scaling before the endpoints end."""
    twin.engine(ScalingEngine).close()
