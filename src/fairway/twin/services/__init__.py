"""The twin's own services: a scope of signatures for each, and the models of botocore that share it.

Another service is a package beside `sagemaker`, whose import declares its operations, and a line in `OWN`.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import botocore.session

from fairway.twin import states

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from fairway.twin.context import Twin

# scope of the signature -> the package that declares the operations, the service models
OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "sagemaker": ("fairway.twin.services.sagemaker", ("sagemaker", "sagemaker-runtime")),
}


@dataclass(frozen=True)
class Services:
    """What the gateway asks."""

    by_scope: "dict[str, list[ServiceModel]]"

    @property
    def names(self) -> list[str]:
        """The services by botocore's names."""
        return sorted(model.service_name for models in self.by_scope.values() for model in models)


def install(twin: "Twin") -> Services:
    """Declare all operations, and let Step Functions reach every service through the twin's door."""
    session = botocore.session.Session()
    by_scope = {}
    for scope, (package, models) in OWN.items():
        importlib.import_module(package)
        by_scope[scope] = [session.get_service_model(name) for name in models]
    states.install(twin)
    return Services(by_scope)
