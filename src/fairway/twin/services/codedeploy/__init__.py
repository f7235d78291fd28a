"""CodeDeploy, for the Lambda platform."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.shift import ShiftEngine
from fairway.twin.services.codedeploy import applications, configs, deployments, groups, hooks, tags

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["applications", "close", "configs", "deployments", "groups", "hooks", "tags"]


def close(twin: "Twin") -> None:
    """Leave all deployments as they are."""
    twin.engine(ShiftEngine).close()
