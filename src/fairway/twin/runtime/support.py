"""What the twin cannot do of a request, named: it refuses rather than pretend."""

from collections.abc import Iterator, Mapping
from typing import Any

Request = Mapping[str, Any]
# The hosts of a job are processes of this machine.
MOST_HOSTS = 8


def refusal(what: str) -> Exception:
    """Return the ServiceError that says what the twin does not have."""
    # Loaded only now: it loads ministack, which the rest of this module does not need.
    from fairway.twin.api import ValidationError  # noqa: PLC0415

    return ValidationError(f"The twin does not have {what}.")


def unsupported_training(request: Request) -> str | None:
    """Return the first member of a CreateTrainingJob request that the twin cannot honour, or None."""
    return next(_training(request), None)


def unsupported_processing(request: Request) -> str | None:
    """Return the first member of a CreateProcessingJob request that the twin cannot honour, or None."""
    return next(_processing(request), None)


def unsupported_endpoint_config(request: Request) -> str | None:
    """Return the first member of a CreateEndpointConfig request that an endpoint of the twin cannot honour, or None."""
    return next(_endpoint_config(request), None)


def unsupported_model(request: Request) -> str | None:
    """Return the first member of a CreateModel request that an endpoint of the twin cannot honour, or None."""
    return next(_model(request), None)


def primary_container(model: Request) -> Request:
    """Return the container that answers a model's invocations."""
    container: Request = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
    return container


def _training(request: Request) -> Iterator[str]:
    resources, specification = request["ResourceConfig"], request["AlgorithmSpecification"]
    if resources.get("InstanceCount", 1) > MOST_HOSTS:
        yield f"training on more than {MOST_HOSTS} instances (ResourceConfig.InstanceCount)"
    if resources.get("InstanceGroups"):
        yield "instance groups (ResourceConfig.InstanceGroups)"
    if specification.get("AlgorithmName"):
        yield "algorithms of the marketplace (AlgorithmSpecification.AlgorithmName)"
    if specification.get("TrainingInputMode", "File") != "File":
        yield f"TrainingInputMode {specification['TrainingInputMode']}"
    # RetryStrategy is taken: it retries the service's internal errors, and the twin has none.
    for member in ("EnableNetworkIsolation", "ServerlessJobConfig"):
        if request.get(member):
            yield member
    if request["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
        yield f"OutputDataConfig.CompressionType {request['OutputDataConfig']['CompressionType']}"
    for channel in request.get("InputDataConfig") or ():
        for what in _channel(channel):
            yield f"{what} (channel {channel['ChannelName']})"


def _channel(channel: Request) -> Iterator[str]:
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        yield "a DataSource other than S3DataSource"
        return
    if source["S3DataType"] != "S3Prefix":
        yield f"S3DataType {source['S3DataType']}"
    for member, default in (("InputMode", "File"), ("CompressionType", "None"), ("RecordWrapperType", "None")):
        if channel.get(member, default) != default:
            yield f"{member} {channel[member]}"
    if channel.get("ShuffleConfig"):
        yield "ShuffleConfig"


def _processing(request: Request) -> Iterator[str]:
    if (request.get("NetworkConfig") or {}).get("EnableNetworkIsolation"):
        yield "NetworkConfig.EnableNetworkIsolation"
    for source in request.get("ProcessingInputs") or ():
        for what in _processing_input(source):
            yield f"{what} (input {source['InputName']})"
    for output in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        if "S3Output" not in output:
            yield f"an output other than S3Output (output {output['OutputName']})"
        elif output["S3Output"].get("S3UploadMode", "EndOfJob") != "EndOfJob":
            yield f"S3UploadMode {output['S3Output']['S3UploadMode']} (output {output['OutputName']})"


def _processing_input(source: Request) -> Iterator[str]:
    s3 = source.get("S3Input")
    if s3 is None:
        yield "an input other than S3Input"
        return
    if s3["S3DataType"] != "S3Prefix":
        yield f"S3DataType {s3['S3DataType']}"
    for member, default in (("S3InputMode", "File"), ("S3CompressionType", "None")):
        if s3.get(member, default) != default:
            yield f"{member} {s3[member]}"
    if "LocalPath" not in s3:
        yield "an S3Input without LocalPath"


def _endpoint_config(request: Request) -> Iterator[str]:
    asynchronous = request.get("AsyncInferenceConfig")
    if asynchronous is not None and not asynchronous["OutputConfig"].get("S3OutputPath"):
        yield "asynchronous endpoints without OutputConfig.S3OutputPath"
    if request.get("ExplainerConfig"):
        yield "endpoints with ExplainerConfig"
    for variant in (*request["ProductionVariants"], *(request.get("ShadowProductionVariants") or ())):
        for member in ("ManagedInstanceScaling", "RoutingConfig", "InferenceAmiVersion"):
            if variant.get(member):
                yield f"{member} (variant {variant['VariantName']})"
        if "ModelName" not in variant:
            yield f"inference components (variant {variant['VariantName']} has no ModelName)"


def _model(request: Request) -> Iterator[str]:
    if len(request.get("Containers") or ()) > 1:
        yield "models of several containers (Containers)"
    container = primary_container(request)
    if "Image" not in container:
        yield "containers without Image"
    for member in ("MultiModelConfig", "ModelDataSource", "ModelPackageName", "InferenceSpecificationName"):
        if container.get(member):
            yield f"containers with {member}"
    if container.get("Mode", "SingleModel") != "SingleModel":
        yield f"containers of Mode {container['Mode']}"
    if request.get("EnableNetworkIsolation"):
        yield "EnableNetworkIsolation"
