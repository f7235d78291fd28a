"""Real-time, serverless, asynchronous: what a configuration of each may hold, and what an update may make of what.

https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html#serverless-endpoints-how-it-works-exclusions
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fairway.twin.runtime.wishes import serverless_violations

Mode = Literal["real-time", "serverless", "asynchronous"]
Attributes = Mapping[str, Any]

# Members of a variant that speak of its instances.
OF_INSTANCES = (
    "InstanceType",
    "InitialInstanceCount",
    "InstancePools",
    "AcceleratorType",
    "CoreDumpConfig",
    "VolumeSizeInGB",
    "EnableSSMAccess",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
)
NOT_SERVERLESS = (
    "DataCaptureConfig",
    "ShadowProductionVariants",
    "AsyncInferenceConfig",
    "ExplainerConfig",
    "VpcConfig",
)
NOT_ASYNCHRONOUS = ("ShadowProductionVariants",)


def mode_of(config: Attributes) -> Mode:
    """Return the mode of an endpoint that runs a configuration."""
    if any("ServerlessConfig" in variant for variant in config["ProductionVariants"]):
        return "serverless"
    return "asynchronous" if config.get("AsyncInferenceConfig") else "real-time"


def violations(config: Attributes, models: Mapping[str, Attributes]) -> Iterator[str]:
    """Yield a sentence for each rule of its mode that a configuration breaks; `models` are the attributes by name."""
    mode = mode_of(config)
    excluded = {"serverless": NOT_SERVERLESS, "asynchronous": NOT_ASYNCHRONOUS, "real-time": ()}[mode]
    for member in excluded:
        if config.get(member):
            yield f"{member} is not supported for {mode} endpoints."
    if mode == "serverless":
        yield from _serverless(config, models)


def _serverless(config: Attributes, models: Mapping[str, Attributes]) -> Iterator[str]:
    variants = config["ProductionVariants"]
    if len(variants) > 1:
        yield "Multiple production variants are not supported for serverless endpoints."
    for variant in variants:
        for what in _variant(variant):
            yield f"{what} (variant {variant['VariantName']})"
        model = models.get(variant.get("ModelName", ""))
        for what in _model(model) if model else ():
            yield f"{what} is not supported for serverless endpoints (model {variant['ModelName']})."


def _variant(variant: Attributes) -> Iterator[str]:
    serverless = variant.get("ServerlessConfig")
    if serverless is None:
        return
    for member in OF_INSTANCES:
        if variant.get(member):  # Terraform's provider says EnableSSMAccess: false of every variant
            yield f"{member} cannot be used together with ServerlessConfig."
    yield from serverless_violations(serverless)


def _model(model: Attributes) -> Iterator[str]:
    if model.get("VpcConfig"):
        yield "VpcConfig"
    if model.get("EnableNetworkIsolation"):
        yield "EnableNetworkIsolation"
    containers = [model.get("PrimaryContainer") or {}, *(model.get("Containers") or ())]
    if len(containers) > 2:
        yield "An inference pipeline"
    for container in containers:
        if container.get("Mode") == "MultiModel":
            yield "A multi-model container"
        if (container.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc":
            yield "A private Docker registry"


def conversion(before: Attributes, after: Attributes) -> str | None:
    """Return why an endpoint cannot be updated from one configuration to another, if it cannot.

    SageMaker takes serverless to real-time, and refuses the way back. Of asynchronous endpoints no page says anything.
    """
    old, new = mode_of(before), mode_of(after)
    if old == new or (old, new) == ("serverless", "real-time"):
        return None
    if "asynchronous" in (old, new):
        return f"The twin does not have updates of {old} endpoints to {new}: create another endpoint."
    return "An instance-based endpoint cannot be converted to a serverless endpoint: create another endpoint."


def deployment_violations(deployment: Attributes, config: Attributes) -> Iterator[str]:
    """Yield a sentence for each part of a deployment that a serverless endpoint cannot have.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
    """
    if mode_of(config) != "serverless":
        return
    if deployment.get("RollingUpdatePolicy"):
        yield "RollingUpdatePolicy is not supported for serverless endpoints."
    routing = (deployment.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    for name in ("CanarySize", "LinearStepSize"):
        if (routing.get(name) or {}).get("Type") == "INSTANCE_COUNT":
            yield f"{name} of a serverless endpoint, which has no instances, must be of the type CAPACITY_PERCENT."
