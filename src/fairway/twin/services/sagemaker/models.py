"""Models and endpoint configurations: nothing runs yet, but what they name must exist."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime import capture_events, modes, shadow
from fairway.twin.services.sagemaker.resources import PRINCIPAL, Kind, create, declare_delete, declare_reads

MODEL = Kind(
    "Model", "model", missing='Could not find model "{arn}".', taken='Cannot create already existing model "{arn}".'
)
ENDPOINT_CONFIG = Kind(
    "EndpointConfig",
    "endpoint-config",
    missing='Could not find endpoint configuration "{arn}".',
    taken='Cannot create already existing endpoint configuration "{arn}".',
)


@operation("sagemaker", "CreateModel", resource=MODEL.named, trusted_by=PRINCIPAL)
def create_model(call: Call) -> Mapping[str, Any]:
    """Store a model whose role can read its data."""
    if ("PrimaryContainer" in call.params) == bool(call.params.get("Containers")):
        raise ValidationError("You must provide either PrimaryContainer or Containers, and not both.")
    for url in _model_data(call.params):
        _check_readable(call, url)
    resource = create(call, MODEL)
    call.twin.store.update(resource, EnableNetworkIsolation=call.params.get("EnableNetworkIsolation", False))
    return {"ModelArn": resource.arn}


def _model_data(params: Mapping[str, Any]) -> Iterator[str]:
    for container in [params.get("PrimaryContainer", {}), *params.get("Containers", [])]:
        if "ModelDataUrl" in container:
            yield container["ModelDataUrl"]


def _check_readable(call: Call, url: str) -> None:
    """Look at the data with the model's role, as SageMaker does before it takes a model."""
    role = call.params.get("ExecutionRoleArn")
    if role is None:
        raise ValidationError("ExecutionRoleArn is required when a container has a ModelDataUrl.")
    credentials = call.twin.role_credentials(role, service=PRINCIPAL, session="SageMaker")
    client = call.twin.client("s3", account=call.account, region=call.region, credentials=credentials)
    place = urlsplit(url)
    try:
        client.head_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            raise ValidationError(f"Could not find model data at {url}.") from error
        raise ValidationError(
            f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust '
            f'relationship policy allows the action "sts:AssumeRole" for the service principal "{PRINCIPAL}". Also '
            f'ensure that the role has "s3:GetObject" permissions and that the object is located in {call.region}.'
        ) from error


@operation("sagemaker", "CreateEndpointConfig", resource=ENDPOINT_CONFIG.named, trusted_by=PRINCIPAL)
def create_endpoint_config(call: Call) -> Mapping[str, Any]:
    """Store a configuration of models that exist, with variants of different names."""
    variants = [*call.params["ProductionVariants"], *call.params.get("ShadowProductionVariants", [])]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise ValidationError(
            f"Variant names must be unique within an endpoint configuration, and these are not: {names}."
        )
    models = {}
    for variant in variants:
        if "ModelName" in variant:
            models[variant["ModelName"]] = MODEL.find(call, variant["ModelName"]).attributes
        if "ServerlessConfig" not in variant and not {"InstanceType", "InitialInstanceCount"} <= variant.keys():
            raise ValidationError(
                f"InstanceType and InitialInstanceCount are required for the variant {variant['VariantName']}, which "
                "is not serverless."
            )
    broken = [
        *modes.violations(call.params, models),
        *shadow.violations(call.params),
        *capture_events.violations(call.params),
    ]
    if broken:
        raise ValidationError(" ".join(broken))
    # SageMaker describes the weight that a variant has when none was given.
    completed = {
        member: [{"InitialVariantWeight": 1.0, **variant} for variant in call.params[member]]
        for member in ("ProductionVariants", "ShadowProductionVariants")
        if member in call.params
    }
    return {"EndpointConfigArn": create(call, ENDPOINT_CONFIG, **completed).arn}


declare_reads(MODEL)
declare_delete(MODEL)
declare_reads(ENDPOINT_CONFIG)
declare_delete(ENDPOINT_CONFIG)
