"""What CodeBuild's operations share: errors, names, roles, tags and pages."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairway.twin import base
from fairway.twin.api import Call, ServiceError
from fairway.twin.context import RoleError
from fairway.twin.store import Resource

SERVICE = "codebuild"
PRINCIPAL = "codebuild.amazonaws.com"
PROJECT, BUILD = "CodeBuildProject", "CodeBuildBuild"
_PAGE = 100


class InvalidInputError(ServiceError):
    """The input is not valid."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidInputException", message)


class NotFoundError(ServiceError):
    """There is no such resource."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


class AlreadyExistsError(ServiceError):
    """There is such a resource already."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceAlreadyExistsException", message)


def refuse(what: str) -> InvalidInputError:
    """Return the error that says what the twin does not have."""
    return InvalidInputError(f"The twin does not have {what}.")


def project_arn(call: Call, name: str) -> str:
    """Return the ARN of a project that is named, or given by its ARN."""
    return name if name.startswith("arn:") else call.arn(f"project/{name}", SERVICE)


def find_project(call: Call, name: str) -> Resource:
    """Return a project by its name or ARN; raise NotFoundError."""
    resource = call.twin.store.find(project_arn(call, name))
    if resource is None or resource.kind != PROJECT:
        raise NotFoundError(f"Project cannot be found: {project_arn(call, name)}")
    return resource


def authorize_all(call: Call, action: str, arns: Iterable[str]) -> None:
    """Ask the caller's policies for each of the resources of a batch."""
    for arn in sorted(set(arns)):
        _authorize(call, f"{SERVICE}:{action}", arn)


def check_role(call: Call, role: str) -> None:
    """Check that the caller may pass a role to CodeBuild, and that CodeBuild may assume it."""
    _authorize(call, "iam:PassRole", role, {"iam:PassedToService": PRINCIPAL})
    try:
        base.check_trust(role, PRINCIPAL)
    except RoleError as error:
        # The sentence of CodeBuild's troubleshooting page.
        raise InvalidInputError(f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}") from error


def _authorize(call: Call, action: str, arn: str, context: Mapping[str, Any] | None = None) -> None:
    try:
        call.caller.authorize(action, arn, context)
    except base.RefusedError as error:
        raise ServiceError(error.code, str(error)) from error


def tags_of(call: Call) -> dict[str, str]:
    """Return the tags of a request."""
    return {tag["key"]: tag.get("value", "") for tag in call.params.get("tags", ())}


def tag_conditions(call: Call) -> dict[str, Any]:
    """Return the condition keys that the tags of a request make."""
    tags = tags_of(call)
    keys: dict[str, Any] = {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
    return {**keys, "aws:tagkeys": list(tags)} if tags else keys


def shown_tags(resource: Resource) -> list[dict[str, str]]:
    """Return the tags of a resource as CodeBuild writes them."""
    return [{"key": key, "value": value} for key, value in sorted(resource.tags.items())]


def in_order(resources: Sequence[Resource], call: Call, default: str) -> list[Resource]:
    """Return resources, which come in the order of their creation, in the order that the request names."""
    by = {
        "NAME": lambda one: one.name,
        "CREATED_TIME": lambda one: one.attributes["created"],
        "LAST_MODIFIED_TIME": lambda one: one.attributes["lastModified"],
    }
    chosen = sorted(resources, key=by[call.params["sortBy"]]) if "sortBy" in call.params else list(resources)
    return chosen[::-1] if call.params.get("sortOrder", default) == "DESCENDING" else chosen


def page(call: Call, member: str, items: Sequence[Any]) -> dict[str, Any]:
    """Return a page of items."""
    token = call.params.get("nextToken")
    try:
        start = int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise InvalidInputError("The nextToken is invalid.") from error
    end = start + min(call.params.get("maxResults", _PAGE), _PAGE)
    output: dict[str, Any] = {member: items[start:end]}
    if end < len(items):
        output["nextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return output
