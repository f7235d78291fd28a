"""Deployment groups: the role, the configuration, the alarms and the rollbacks of an application's deployments."""

from collections.abc import Mapping
from typing import Any

from fairway.twin import base
from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.context import RoleError
from fairway.twin.runtime import shift_records as records
from fairway.twin.runtime.shift_plan import LAMBDA_ALL_AT_ONCE
from fairway.twin.runtime.shift_run import PRINCIPAL
from fairway.twin.services.codedeploy.configs import routing_of
from fairway.twin.services.codedeploy.resources import (
    GROUP,
    SERVICE,
    UnsupportedError,
    application_arn,
    authorize,
    find_application,
    find_group,
    group_arn,
    groups_of,
    new_id,
    page,
    tag_conditions,
    tags_of,
)
from fairway.twin.store import AlreadyStoredError, Resource

_STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
# What groups of servers and of ECS services have, and nothing of the twin's would heed.
_FOREIGN = (
    "ec2TagFilters", "onPremisesInstanceTagFilters", "autoScalingGroups", "blueGreenDeploymentConfiguration",
    "loadBalancerInfo", "ec2TagSet", "ecsServices", "onPremisesTagSet", "terminationHookEnabled",
    "triggerConfigurations",
)  # fmt: skip
_SETTINGS = (
    "deploymentConfigName", "serviceRoleArn", "alarmConfiguration", "autoRollbackConfiguration", "deploymentStyle",
    "outdatedInstancesStrategy",
)  # fmt: skip


def _group_arn(call: Call) -> str:
    return records.group_arn(
        call.account, call.region, call.params["applicationName"], call.params["deploymentGroupName"]
    )


def _check(call: Call) -> None:
    """Refuse what no deployment of the twin would heed, and what CodeDeploy refuses of roles and rollbacks."""
    for member in _FOREIGN:
        if call.params.get(member):
            raise UnsupportedError(f"deployment groups with {member}")
    style = call.params.get("deploymentStyle")
    if style is not None and style != _STYLE:
        sentence = "For the Lambda platform the deployment style is BLUE_GREEN, WITH_TRAFFIC_CONTROL."
        raise ServiceError("InvalidDeploymentStyleException", sentence)
    rollback = call.params.get("autoRollbackConfiguration") or {}
    if rollback.get("enabled") and not rollback.get("events"):
        raise ServiceError("InvalidAutoRollbackConfigException", "Rollbacks are enabled for no event.")
    role = call.params.get("serviceRoleArn")
    if role is not None:
        authorize(call, "iam:PassRole", role, {"iam:PassedToService": PRINCIPAL})
        try:
            base.check_trust(role, PRINCIPAL)
        except RoleError as error:
            raise ServiceError("InvalidRoleException", f"AWS CodeDeploy does not have the permissions required to "
                               f"assume the role {role}.") from error  # fmt: skip
    if "deploymentConfigName" in call.params:
        routing_of(call, call.params["deploymentConfigName"])


@operation(SERVICE, "CreateDeploymentGroup", resource=_group_arn, conditions=tag_conditions)
def create_deployment_group(call: Call) -> Mapping[str, Any]:
    """Store a group of an application."""
    application, name = find_application(call), call.params["deploymentGroupName"]
    _check(call)
    if "deploymentStyle" not in call.params:
        raise ServiceError("InvalidDeploymentStyleException", "The Lambda platform has no deployment style IN_PLACE.")
    attributes = {
        "deploymentConfigName": LAMBDA_ALL_AT_ONCE,
        **{member: call.params[member] for member in _SETTINGS if member in call.params},
        "applicationName": application.name,
        "deploymentGroupName": name,
        "deploymentGroupId": new_id(),
        "computePlatform": "Lambda",
    }
    resource = Resource(
        GROUP, call.account, call.region, f"{application.name}/{name}", _group_arn(call), attributes, tags_of(call)
    )
    try:
        call.twin.store.add(resource)
    except AlreadyStoredError as error:
        sentence = f"A deployment group {name} of {application.name} exists already."
        raise ServiceError("DeploymentGroupAlreadyExistsException", sentence) from error
    return {"deploymentGroupId": attributes["deploymentGroupId"]}


@operation(SERVICE, "UpdateDeploymentGroup", resource=group_arn)
def update_deployment_group(call: Call) -> Mapping[str, Any]:
    """Change a group; what the request leaves out stays."""
    group = find_group(call, call.params["currentDeploymentGroupName"])
    if (
        call.params.get("newDeploymentGroupName", group.attributes["deploymentGroupName"])
        != group.attributes["deploymentGroupName"]
    ):
        raise UnsupportedError("another name for a deployment group")
    _check(call)
    call.twin.store.update(group, **{member: call.params[member] for member in _SETTINGS if member in call.params})
    return {}


@operation(SERVICE, "GetDeploymentGroup", resource=_group_arn)
def get_deployment_group(call: Call) -> Mapping[str, Any]:
    """Return a group with its last deployments."""
    return {"deploymentGroupInfo": _described(call, find_group(call, call.params["deploymentGroupName"]))}


def _described(call: Call, group: Resource) -> Mapping[str, Any]:
    names = {"deploymentId": "deploymentId", "status": "status", "endTime": "completeTime", "createTime": "createTime"}
    last: dict[str, Any] = {}
    for deployment in records.of_group(call.twin, group):
        shown = {name: deployment.attributes.get(member) for name, member in names.items()}
        last["lastAttemptedDeployment"] = {name: value for name, value in shown.items() if value is not None}
        if deployment.attributes["status"] == "Succeeded":
            last["lastSuccessfulDeployment"] = last["lastAttemptedDeployment"]
            last["targetRevision"] = deployment.attributes["revision"]
    return {**group.attributes, **last}


@operation(SERVICE, "BatchGetDeploymentGroups")
def batch_get_deployment_groups(call: Call) -> Mapping[str, Any]:
    """Return several groups of an application, each of which the caller must be allowed to see."""
    application = call.params["applicationName"]
    for name in call.params["deploymentGroupNames"]:
        arn = records.group_arn(call.account, call.region, application, name)
        authorize(call, f"{SERVICE}:BatchGetDeploymentGroups", arn)
    groups = [find_group(call, name) for name in call.params["deploymentGroupNames"]]
    return {"deploymentGroupsInfo": [_described(call, group) for group in groups]}


@operation(SERVICE, "ListDeploymentGroups", resource=application_arn)
def list_deployment_groups(call: Call) -> Mapping[str, Any]:
    """Return the names of an application's groups."""
    application = find_application(call)
    names = [group.attributes["deploymentGroupName"] for group in groups_of(call, application)]
    return {"applicationName": application.name, **page(call, "deploymentGroups", names)}


@operation(SERVICE, "DeleteDeploymentGroup", resource=_group_arn)
def delete_deployment_group(call: Call) -> Mapping[str, Any]:
    """Forget a group; a deployment that runs goes on."""
    name = f"{call.params['applicationName']}/{call.params['deploymentGroupName']}"
    group = call.twin.store.get(GROUP, call.account, call.region, name)
    if group is not None:
        call.twin.store.remove(group)
    return {}
