"""SageMaker: models, endpoints, the model registry, jobs, and invocations."""

from fairway.twin.services.sagemaker import endpoints, jobs, models, registry, runtime, tags

__all__ = ["endpoints", "jobs", "models", "registry", "runtime", "tags"]
