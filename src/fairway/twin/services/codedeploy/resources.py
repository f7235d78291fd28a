"""What all operations share: how things are named, found and missed."""

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fairway.twin import base
from fairway.twin.api import Call, ServiceError
from fairway.twin.runtime import shift_records as records
from fairway.twin.store import Resource

SERVICE = "codedeploy"
APPLICATION, GROUP, CONFIG = "CodeDeployApplication", "CodeDeployDeploymentGroup", "CodeDeployDeploymentConfig"
_PAGE = 100


class MissingError(ServiceError):
    """There is no such application, group, configuration, deployment or target."""

    def __init__(self, what: str, name: str) -> None:
        code = f"{what}DoesNotExistException"
        words = {"Application": "Application", "DeploymentGroup": "Deployment Group", "DeploymentConfig": "Deployment "
                 "Configuration", "Deployment": "Deployment", "DeploymentTarget": "Deployment Target"}  # fmt: skip
        super().__init__(code, f"No {words[what]} found for name: {name}")


class UnsupportedError(ServiceError):
    """What CodeDeploy has and the twin has not, named."""

    def __init__(self, what: str) -> None:
        super().__init__("UnsupportedActionForDeploymentTypeException", f"The twin's CodeDeploy does not have {what}.")


def application_arn(call: Call, name: str | None = None) -> str:
    """Return the ARN of an application, by default of the one that the request names."""
    return call.arn(f"application:{name or call.params['applicationName']}", SERVICE)


def group_arn(call: Call) -> str:
    """Return the ARN of the deployment group that the request names."""
    group = call.params.get("deploymentGroupName") or call.params["currentDeploymentGroupName"]
    return records.group_arn(call.account, call.region, call.params["applicationName"], group)


def deployment_group_arn(call: Call) -> str:
    """Return the ARN of the group of the deployment that the request names; the service's error if there is none."""
    members = find_deployment(call).attributes
    return records.group_arn(call.account, call.region, members["applicationName"], members["deploymentGroupName"])


def config_arn(call: Call, name: str | None = None) -> str:
    """Return the ARN of a deployment configuration, by default of the one that the request names."""
    return call.arn(f"deploymentconfig:{name or call.params['deploymentConfigName']}", SERVICE)


def find_application(call: Call, name: str | None = None) -> Resource:
    """Return an application, by default the one that the request names; the service's error if there is none."""
    name = name or call.params["applicationName"]
    found = call.twin.store.get(APPLICATION, call.account, call.region, name)
    if found is None:
        raise MissingError("Application", name)
    return found


def find_group(call: Call, name: str) -> Resource:
    """Return a group of the application that the request names; the service's error if there is none."""
    application = find_application(call)
    found = call.twin.store.get(GROUP, call.account, call.region, f"{application.name}/{name}")
    if found is None:
        raise MissingError("DeploymentGroup", name)
    return found


def groups_of(call: Call, application: Resource) -> list[Resource]:
    """Return the groups of an application, in the order of their creation."""
    groups = call.twin.store.list(GROUP, call.account, call.region)
    return [group for group in groups if group.attributes["applicationName"] == application.name]


def find_deployment(call: Call, identity: str | None = None) -> Resource:
    """Return a deployment, by default the one that the request names; the service's error if there is none."""
    identity = identity or call.params["deploymentId"]
    found = call.twin.store.get(records.DEPLOYMENT, call.account, call.region, identity)
    if found is None:
        raise MissingError("Deployment", identity)
    return found


def authorize(call: Call, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    """Ask for one permission more of the caller; raise AWS's error."""
    try:
        call.caller.authorize(action, resource, context)
    except base.RefusedError as error:
        raise ServiceError(error.code, str(error)) from error


def tag_conditions(call: Call) -> Mapping[str, Any]:
    """Return the condition keys that a request's tags make, which CodeDeploy calls `tags`."""
    tags = tags_of(call)
    keys = {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
    return {**keys, "aws:tagkeys": list(tags)} if tags else {}


def tags_of(call: Call) -> dict[str, str]:
    """Return the tags of a request."""
    return {tag["Key"]: tag.get("Value", "") for tag in call.params.get("tags", [])}


def new_id() -> str:
    """Return an identity as applications, groups and configurations have them."""
    return str(uuid.uuid4())


def page(call: Call, member: str, found: Sequence[Any]) -> Mapping[str, Any]:
    """Return a page of what was found."""
    token = call.params.get("nextToken")
    try:
        start = int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ServiceError("InvalidNextTokenException", "The next token is invalid.") from error
    output: dict[str, Any] = {member: list(found[start : start + _PAGE])}
    if start + _PAGE < len(found):
        output["nextToken"] = base64.urlsafe_b64encode(str(start + _PAGE).encode()).decode()
    return output
