"""Deployment configurations: the predefined ones of the Lambda platform, and others that are made."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.shift_plan import PREDEFINED, RoutingError, steps
from fairway.twin.services.codedeploy.resources import (
    CONFIG,
    GROUP,
    SERVICE,
    MissingError,
    UnsupportedError,
    config_arn,
    new_id,
    page,
)
from fairway.twin.store import AlreadyStoredError, Resource


def routing_of(call: Call, name: str) -> Mapping[str, Any]:
    """Return the traffic routing of a configuration; the service's error if there is none of that name."""
    if name in PREDEFINED:
        return PREDEFINED[name]
    found = call.twin.store.get(CONFIG, call.account, call.region, name)
    if found is None:
        if name.startswith("CodeDeployDefault."):
            raise UnsupportedError(f"the deployment configuration {name}, only those of the Lambda platform")
        raise MissingError("DeploymentConfig", name)
    routing: Mapping[str, Any] = found.attributes["trafficRoutingConfig"]
    return routing


@operation(SERVICE, "CreateDeploymentConfig", resource=config_arn)
def create_deployment_config(call: Call) -> Mapping[str, Any]:
    """Store a configuration that says how traffic goes over."""
    name, platform = call.params["deploymentConfigName"], call.params.get("computePlatform", "Server")
    if platform != "Lambda":
        raise UnsupportedError(f"the compute platform {platform}, only Lambda")
    if name.startswith("CodeDeployDefault."):
        raise ServiceError("InvalidDeploymentConfigNameException", "Names with CodeDeployDefault. are CodeDeploy's.")
    for member in ("minimumHealthyHosts", "zonalConfig"):
        if member in call.params:
            raise ServiceError("InvalidComputePlatformException", f"{member} is not of the Lambda platform.")
    routing = call.params.get("trafficRoutingConfig", {"type": "AllAtOnce"})
    try:
        steps(routing)
    except RoutingError as error:
        raise ServiceError("InvalidTrafficRoutingConfigurationException", str(error)) from error
    attributes = {
        "deploymentConfigId": new_id(),
        "deploymentConfigName": name,
        "createTime": call.twin.clock.now(),
        "computePlatform": platform,
        "trafficRoutingConfig": routing,
    }
    try:
        call.twin.store.add(Resource(CONFIG, call.account, call.region, name, config_arn(call), attributes))
    except AlreadyStoredError as error:
        sentence = f"A deployment configuration {name} exists already."
        raise ServiceError("DeploymentConfigAlreadyExistsException", sentence) from error
    return {"deploymentConfigId": attributes["deploymentConfigId"]}


@operation(SERVICE, "GetDeploymentConfig", resource=config_arn)
def get_deployment_config(call: Call) -> Mapping[str, Any]:
    """Return a configuration."""
    name = call.params["deploymentConfigName"]
    routing = routing_of(call, name)
    found = call.twin.store.get(CONFIG, call.account, call.region, name)
    predefined = {"deploymentConfigName": name, "computePlatform": "Lambda", "trafficRoutingConfig": routing}
    return {"deploymentConfigInfo": found.attributes if found else predefined}


@operation(SERVICE, "ListDeploymentConfigs")
def list_deployment_configs(call: Call) -> Mapping[str, Any]:
    """Return the names of all configurations."""
    made = [config.name for config in call.twin.store.list(CONFIG, call.account, call.region)]
    return page(call, "deploymentConfigsList", [*PREDEFINED, *made])


@operation(SERVICE, "DeleteDeploymentConfig", resource=config_arn)
def delete_deployment_config(call: Call) -> Mapping[str, Any]:
    """Forget a configuration that no group has."""
    name = call.params["deploymentConfigName"]
    if name in PREDEFINED:
        raise ServiceError("InvalidOperationException", f"{name} is CodeDeploy's own.")
    users = call.twin.store.list(GROUP, call.account, call.region)
    if any(group.attributes["deploymentConfigName"] == name for group in users):
        raise ServiceError("DeploymentConfigInUseException", f"{name} is in use by a deployment group.")
    found = call.twin.store.get(CONFIG, call.account, call.region, name)
    if found is not None:
        call.twin.store.remove(found)
    return {}
