"""SageMaker: models, endpoints, the model registry, jobs, and invocations."""

from typing import TYPE_CHECKING

from fairway.twin.runtime.fleet import EndpointEngine
from fairway.twin.runtime.transform import TransformEngine
from fairway.twin.runtime.tuning import TuningEngine
from fairway.twin.services.sagemaker import endpoints, jobs, models, registry, runtime, tags, transform, tuning

if TYPE_CHECKING:
    from fairway.twin.context import Twin

__all__ = ["close", "endpoints", "jobs", "models", "registry", "runtime", "tags", "transform", "tuning"]


def close(twin: "Twin") -> None:
    """End what would start a container again when it ends."""
    twin.engine(TuningEngine).close()
    twin.engine(TransformEngine).close()
    twin.engine(EndpointEngine).close()
