"""CodePipeline: pipelines, their executions, and what people ask of them."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.pipelines import PipelineEngine
from fairway.twin.services.codepipeline import definitions, executions, history, state, tags

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["close", "definitions", "executions", "history", "state", "tags"]


def close(twin: "Twin") -> None:
    """Start nothing any more, and let go of what runs."""
    twin.engine(PipelineEngine).close()
