"""Endpoints: named and checked here, run by the fleet."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.fleet import EndpointEngine
from fairway.twin.runtime.scaling_targets import tied_variants
from fairway.twin.services.application_autoscaling.targets import deregister_endpoint
from fairway.twin.services.sagemaker.models import ENDPOINT_CONFIG
from fairway.twin.services.sagemaker.resources import Kind, create, declare_reads
from fairway.twin.store import Resource

ENDPOINT = Kind(
    "Endpoint",
    "endpoint",
    missing='Could not find endpoint "{arn}".',
    taken='Cannot create already existing endpoint "{arn}".',
    status="EndpointStatus",
)


@operation("sagemaker", "CreateEndpoint", resource=ENDPOINT.named)
def create_endpoint(call: Call) -> Mapping[str, Any]:
    """Store an endpoint and start its fleet."""
    ENDPOINT_CONFIG.find(call, call.params["EndpointConfigName"])
    endpoint = create(call, ENDPOINT, EndpointStatus="Creating", **_deployment(call))
    call.twin.engine(EndpointEngine).create(endpoint)
    return {"EndpointArn": endpoint.arn}


@operation("sagemaker", "UpdateEndpoint", resource=ENDPOINT.named)
def update_endpoint(call: Call) -> Mapping[str, Any]:
    """Move an endpoint to another configuration."""
    endpoint = ENDPOINT.find(call)
    _check_scaled(call, endpoint, ENDPOINT_CONFIG.find(call, call.params["EndpointConfigName"]))
    with call.twin.store.locked():  # of two updates at once, one is refused
        _check_settled(endpoint, "update")
        given = _deployment(call)
        retained = (
            endpoint.attributes.get("LastDeploymentConfig", {}) if call.params.get("RetainDeploymentConfig") else {}
        )
        call.twin.engine(EndpointEngine).update(
            endpoint,
            call.params["EndpointConfigName"],
            given.get("LastDeploymentConfig", retained),
            RetainAllVariantProperties=call.params.get("RetainAllVariantProperties", False),
            ExcludeRetainedVariantProperties=call.params.get("ExcludeRetainedVariantProperties", []),
            **given,
        )
    return {"EndpointArn": endpoint.arn}


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities", resource=ENDPOINT.named)
def update_endpoint_weights_and_capacities(call: Call) -> Mapping[str, Any]:
    """Give running variants other weights and numbers of instances."""
    endpoint = ENDPOINT.find(call)
    changes = {wanted["VariantName"]: _change(wanted) for wanted in call.params["DesiredWeightsAndCapacities"]}
    call.twin.engine(EndpointEngine).adjust(endpoint, changes)
    return {"EndpointArn": endpoint.arn}


def _change(wanted: Mapping[str, Any]) -> dict[str, Any]:
    members = {"DesiredWeight": "weight", "DesiredInstanceCount": "instances", "ServerlessUpdateConfig": "serverless"}
    return {members[member]: wanted[member] for member in members if member in wanted}


@operation("sagemaker", "DeleteEndpoint", resource=ENDPOINT.named)
def delete_endpoint(call: Call) -> Mapping[str, Any]:
    """End an endpoint's fleet, and then forget it."""
    endpoint = ENDPOINT.find(call)
    with call.twin.store.locked():
        if endpoint.attributes["EndpointStatus"] != "Deleting":  # else somebody has asked for it before
            _check_settled(endpoint, "delete")
        call.twin.store.update(endpoint, EndpointStatus="Deleting")
    deregister_endpoint(call, endpoint)
    call.twin.engine(EndpointEngine).delete(endpoint)
    return {}


def _deployment(call: Call) -> dict[str, Any]:
    """Describe gives the deployment configuration that was used last."""
    config = call.params.get("DeploymentConfig")
    return {"LastDeploymentConfig": config} if config else {}


def _check_scaled(call: Call, endpoint: Resource, config: Resource) -> None:
    """Refuse what SageMaker refuses of variants that Application Auto Scaling scales."""
    tied = tied_variants(call.twin.store, endpoint, config)
    if tied:
        raise ValidationError(
            f'The variant(s) "{", ".join(tied)}" must be deregistered as scalable targets with AWS Auto Scaling before '
            "they can be removed or updated with a different instance type."
        )


def _check_settled(endpoint: Resource, verb: str) -> None:
    status = endpoint.attributes["EndpointStatus"]
    if status not in ("InService", "UpdateRollbackFailed", "Failed") or (status == "Failed" and verb == "update"):
        raise ValidationError(f'Cannot {verb} in-progress endpoint "{endpoint.arn}".')


declare_reads(ENDPOINT)
