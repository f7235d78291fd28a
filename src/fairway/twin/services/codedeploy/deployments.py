"""Deployments: created from an AppSpec file, described, listed, stopped."""

import hashlib
from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime import shift_records as records
from fairway.twin.runtime.shift import ShiftEngine
from fairway.twin.runtime.shift_spec import AppSpec, AppSpecError
from fairway.twin.services.codedeploy.configs import routing_of
from fairway.twin.services.codedeploy.resources import (
    SERVICE,
    MissingError,
    UnsupportedError,
    application_arn,
    authorize,
    config_arn,
    deployment_group_arn,
    find_application,
    find_deployment,
    find_group,
    groups_of,
    page,
)
from fairway.twin.store import Resource

_FOREIGN = ("targetInstances", "fileExistsBehavior", "updateOutdatedInstancesOnly", "ignoreApplicationStopFailures")
_GROUP_SETTINGS = ("deploymentConfigName", "autoRollbackConfiguration")


def _named_group(call: Call) -> str:
    group = call.params.get("deploymentGroupName", "")
    return records.group_arn(call.account, call.region, call.params["applicationName"], group)


@operation(SERVICE, "CreateDeployment", resource=_named_group)
def create_deployment(call: Call) -> Mapping[str, Any]:
    """Begin a deployment of an AppSpec file that the request holds."""
    for member in _FOREIGN:
        if call.params.get(member):
            raise UnsupportedError(f"deployments with {member}")
    name = call.params.get("deploymentGroupName")
    if not name:
        raise ServiceError("DeploymentGroupNameRequiredException", "The deployment group's name is required.")
    group = find_group(call, name)
    given = {member: group.attributes[member] for member in _GROUP_SETTINGS if member in group.attributes}
    given |= {member: value for member, value in call.params.items() if member != "revision"}
    routing = routing_of(call, given["deploymentConfigName"])
    _authorize(call, given["deploymentConfigName"])
    text = _text(call.params.get("revision"))
    try:
        spec = AppSpec.parse(text)
    except AppSpecError as error:
        raise ServiceError("InvalidRevisionException", str(error)) from error
    with call.twin.store.locked():
        running = records.active(call.twin, group)
        if running is not None:
            sentence = f"The Deployment Group '{name}' already has an active Deployment '{running.name}'"
            raise ServiceError("DeploymentLimitExceededException", sentence)
        members = {**given, "creator": "user"}
        deployment = records.record(call.twin, (call.account, call.region), members, text, spec)
    call.twin.engine(ShiftEngine).start(deployment, group, routing)
    return {"deploymentId": deployment.name}


def _authorize(call: Call, config: str) -> None:
    """Ask for what a deployment needs beside CreateDeployment.

    https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
    """
    authorize(call, f"{SERVICE}:GetDeploymentConfig", config_arn(call, config))
    arn = application_arn(call)
    try:
        authorize(call, f"{SERVICE}:GetApplicationRevision", arn)
    except ServiceError:
        authorize(call, f"{SERVICE}:RegisterApplicationRevision", arn)


def _text(revision: Mapping[str, Any] | None) -> str:
    if revision is None:
        raise ServiceError("RevisionRequiredException", "The revision is required.")
    kind = revision.get("revisionType", "")
    content = revision.get({"AppSpecContent": "appSpecContent", "String": "string"}.get(kind, ""))
    if content is None:
        raise UnsupportedError(f"revisions of type {kind!r}, only AppSpecContent and String")
    text = str(content.get("content", ""))
    if content.get("sha256", "") not in ("", hashlib.sha256(text.encode()).hexdigest()):
        raise ServiceError("InvalidRevisionException", "The revision's sha256 is not that of its content.")
    return text


@operation(SERVICE, "GetDeployment", resource=deployment_group_arn)
def get_deployment(call: Call) -> Mapping[str, Any]:
    """Return a deployment."""
    return {"deploymentInfo": _described(find_deployment(call))}


def _described(deployment: Resource) -> Mapping[str, Any]:
    status = deployment.attributes[records.TARGET]["status"]
    return {**deployment.attributes, "deploymentOverview": {status: 1}}


@operation(SERVICE, "BatchGetDeployments")
def batch_get_deployments(call: Call) -> Mapping[str, Any]:
    """Return several deployments, each of whose groups the caller must be allowed to see."""
    found = [find_deployment(call, identity) for identity in call.params["deploymentIds"]]
    for deployment in found:
        members = deployment.attributes
        arn = records.group_arn(call.account, call.region, members["applicationName"], members["deploymentGroupName"])
        authorize(call, f"{SERVICE}:BatchGetDeployments", arn)
    return {"deploymentsInfo": [_described(deployment) for deployment in found]}


def _listed_resource(call: Call) -> str:
    asked = {"applicationName", "deploymentGroupName"} <= call.params.keys()
    return _named_group(call) if asked else call.arn("deploymentgroup:*", SERVICE)


@operation(SERVICE, "ListDeployments", resource=_listed_resource)
def list_deployments(call: Call) -> Mapping[str, Any]:
    """Return the identities of a group's deployments, or of an application's, or of all, the newest first."""
    if "createTimeRange" in call.params or "externalId" in call.params:
        raise UnsupportedError("lists of deployments by time or external id")
    if "deploymentGroupName" in call.params:
        found = records.of_group(call.twin, find_group(call, call.params["deploymentGroupName"]))
    elif "applicationName" in call.params:
        groups = groups_of(call, find_application(call))
        found = [deployment for group in groups for deployment in records.of_group(call.twin, group)]
    else:
        found = call.twin.store.list(records.DEPLOYMENT, call.account, call.region)
    wanted = call.params.get("includeOnlyStatuses")
    names = [one.name for one in reversed(found) if not wanted or one.attributes["status"] in wanted]
    return page(call, "deployments", names)


@operation(SERVICE, "StopDeployment")
def stop_deployment(call: Call) -> Mapping[str, Any]:
    """Ask a deployment to stop, and to go back where the request wants it."""
    deployment = find_deployment(call)
    rollback = bool(call.params.get("autoRollbackEnabled"))
    if not call.twin.engine(ShiftEngine).stop(deployment, rollback=rollback):
        sentence = f"The deployment {deployment.name} has already completed."
        raise ServiceError("DeploymentAlreadyCompletedException", sentence)
    return {"status": "Pending", "statusMessage": "The deployment stops at its next step."}


@operation(SERVICE, "ContinueDeployment")
def continue_deployment(call: Call) -> Mapping[str, Any]:
    """Refuse: a deployment of the Lambda platform never waits to be continued."""
    deployment = find_deployment(call)
    raise ServiceError(
        "UnsupportedActionForDeploymentTypeException",
        f"The deployment {deployment.name} is of the Lambda platform, which has nothing to continue.",
    )


@operation(SERVICE, "ListDeploymentTargets")
def list_deployment_targets(call: Call) -> Mapping[str, Any]:
    """Return the one target of a deployment: the function's name."""
    if call.params.get("targetFilters"):
        raise UnsupportedError("filters of targets")
    return {"targetIds": [find_deployment(call).attributes[records.TARGET]["targetId"]]}


@operation(SERVICE, "GetDeploymentTarget")
def get_deployment_target(call: Call) -> Mapping[str, Any]:
    """Return the target of a deployment, with its lifecycle events."""
    return {"deploymentTarget": _target(call, call.params["targetId"])}


@operation(SERVICE, "BatchGetDeploymentTargets")
def batch_get_deployment_targets(call: Call) -> Mapping[str, Any]:
    """Return the targets of a deployment that the request names."""
    return {"deploymentTargets": [_target(call, identity) for identity in call.params.get("targetIds", [])]}


def _target(call: Call, identity: str) -> Mapping[str, Any]:
    target = find_deployment(call).attributes[records.TARGET]
    if target["targetId"] != identity:
        raise MissingError("DeploymentTarget", identity)
    return {"deploymentTargetType": "LambdaTarget", "lambdaTarget": target}
