"""The twin's own services: a scope of signatures for each, and the models of botocore that share it.

Another service is a package beside `sagemaker`, whose import declares its operations, and a line in `OWN`.
"""

import importlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import botocore.session

from fairway.twin import (
    base_accounts,
    base_boundaries,
    base_conditions,
    base_events,
    base_functions,
    base_logs,
    base_resources,
    base_trail,
    image_layers,
    states,
)
from fairway.twin.filters.metrics import MetricFilters
from fairway.twin.runtime.alarm_engine import AlarmEngine
from fairway.twin.runtime.pipelines import PipelineEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ServiceModel

    from fairway.twin.context import Twin

# scope of the signature -> the package that declares the operations, the service models
OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "application-autoscaling": ("fairway.twin.services.application_autoscaling", ("application-autoscaling",)),
    "codebuild": ("fairway.twin.services.codebuild", ("codebuild",)),
    "codeconnections": ("fairway.twin.services.codeconnections", ("codeconnections",)),
    "codedeploy": ("fairway.twin.services.codedeploy", ("codedeploy",)),
    "codepipeline": ("fairway.twin.services.codepipeline", ("codepipeline",)),
    "codestar-connections": ("fairway.twin.services.codeconnections", ("codestar-connections",)),
    "sagemaker": ("fairway.twin.services.sagemaker", ("sagemaker", "sagemaker-runtime")),
}


@dataclass(frozen=True)
class Services:
    """What the gateway asks."""

    by_scope: "dict[str, list[ServiceModel]]"
    _closers: "list[Callable[[], None]]"

    @property
    def names(self) -> list[str]:
        """The services by botocore's names."""
        return sorted(model.service_name for models in self.by_scope.values() for model in models)

    def close(self) -> None:
        """End what the services run."""
        for close in self._closers:
            close()


def install(twin: "Twin") -> Services:
    """Declare all operations, and let Step Functions reach every service through the twin's door."""
    session = botocore.session.Session()
    by_scope: dict[str, list[ServiceModel]] = {}
    closers: list[Callable[[], None]] = []
    for scope, (package, models) in OWN.items():
        closers.append(partial(importlib.import_module(package).close, twin))
        by_scope[scope] = [session.get_service_model(name) for name in models]
    closers.append(twin.engine(AlarmEngine).close)
    base_resources.install()
    base_conditions.install_condition_keys()
    base_trail.install(twin.directory)
    states.install(twin)
    base_events.install_targets("codepipeline", twin.engine(PipelineEngine).deliver)
    image_layers.install()
    base_accounts.install()
    base_boundaries.install()
    base_functions.install()
    filters = MetricFilters(base_logs.MinistackLogs(), twin.clock.speed)
    base_logs.install(filters.take)
    closers.append(filters.close)
    return Services(by_scope, closers)
