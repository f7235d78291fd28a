"""CodeBuild: projects, builds, and test reports."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.builds import BuildEngine
from fairway.twin.services.codebuild import builds, projects, reports

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["builds", "close", "projects", "reports"]


def close(twin: "Twin") -> None:
    """End the builds under way."""
    twin.engine(BuildEngine).close()
