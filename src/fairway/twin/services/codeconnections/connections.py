"""The operations, declared for both services: codestar-connections is the older name, and both see all connections."""

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, ValidationError, operation
from fairway.twin.runtime.sources_connections import CONNECTION, PENDING
from fairway.twin.store import Resource

SERVICES = ("codeconnections", "codestar-connections")
_HOSTED = ("GitHubEnterpriseServer", "GitLabSelfManaged")
_MEMBERS = ("ConnectionName", "ConnectionArn", "ProviderType", "OwnerAccountId", "ConnectionStatus")
_PAGE = 100


class ResourceNotFoundError(ServiceError):
    """There is no such connection."""

    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"Resource not found: {arn}")


def _connection(call: Call) -> str:
    return str(call.params["ConnectionArn"])


def _resource(call: Call) -> str:
    return str(call.params["ResourceArn"])


def _find(call: Call, arn: str) -> Resource:
    found = call.twin.store.find(arn)
    if found is None or found.kind != CONNECTION or found.account != call.account:
        raise ResourceNotFoundError(arn)
    return found


def _shown(connection: Resource) -> dict[str, Any]:
    return {name: connection.attributes[name] for name in _MEMBERS}


def _create(service: str) -> Callable[[Call], Mapping[str, Any]]:
    def create_connection(call: Call) -> Mapping[str, Any]:
        """Store a connection; it is pending, as every connection is that no console has made."""
        provider = call.params.get("ProviderType")
        if "HostArn" in call.params or provider in _HOSTED:
            raise ValidationError("The twin does not have connections to installed providers (HostArn).")
        if provider is None:
            raise ValidationError("ProviderType or HostArn is required.")
        arn = call.arn(f"connection/{uuid.uuid4()}", service)
        tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
        attributes = {
            "ConnectionName": call.params["ConnectionName"],
            "ConnectionArn": arn,
            "ProviderType": provider,
            "OwnerAccountId": call.account,
            "ConnectionStatus": PENDING,
        }
        call.twin.store.add(Resource(CONNECTION, call.account, call.region, arn, arn, attributes, tags))
        return {"ConnectionArn": arn, "Tags": call.params.get("Tags", [])}

    return create_connection


def get_connection(call: Call) -> Mapping[str, Any]:
    """Return a connection with its status."""
    return {"Connection": _shown(_find(call, _connection(call)))}


def list_connections(call: Call) -> Mapping[str, Any]:
    """Return the connections, of one provider or of all, a page at a time."""
    if "HostArnFilter" in call.params:
        raise ValidationError("The twin does not have connections to installed providers (HostArnFilter).")
    wanted = call.params.get("ProviderTypeFilter")
    stored = call.twin.store.list(CONNECTION, call.account, call.region)
    found = [_shown(one) for one in stored if wanted in (None, one.attributes["ProviderType"])]
    start = _read_token(call.params.get("NextToken"))
    end = start + call.params.get("MaxResults", _PAGE)
    more = {"NextToken": base64.urlsafe_b64encode(str(end).encode()).decode()} if end < len(found) else {}
    return {"Connections": found[start:end], **more}


def _read_token(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ValidationError("The NextToken is invalid.") from error


def delete_connection(call: Call) -> Mapping[str, Any]:
    """Forget a connection; pipelines that name it fail at their next source action."""
    call.twin.store.remove(_find(call, _connection(call)))
    return {}


def tag_resource(call: Call) -> Mapping[str, Any]:
    """Set tags; those of other keys stay."""
    connection = _find(call, _resource(call))
    connection.tags = connection.tags | {tag["Key"]: tag["Value"] for tag in call.params["Tags"]}
    return {}


def untag_resource(call: Call) -> Mapping[str, Any]:
    """Remove tags by their keys."""
    connection = _find(call, _resource(call))
    connection.tags = {key: value for key, value in connection.tags.items() if key not in call.params["TagKeys"]}
    return {}


def list_tags(call: Call) -> Mapping[str, Any]:
    """Return all tags."""
    tags = _find(call, _resource(call)).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


for _service in SERVICES:
    operation(_service, "CreateConnection")(_create(_service))
    operation(_service, "GetConnection", resource=_connection)(get_connection)
    operation(_service, "ListConnections")(list_connections)
    operation(_service, "DeleteConnection", resource=_connection)(delete_connection)
    operation(_service, "TagResource", resource=_resource)(tag_resource)
    operation(_service, "UntagResource", resource=_resource)(untag_resource)
    operation(_service, "ListTagsForResource", resource=_resource)(list_tags)
