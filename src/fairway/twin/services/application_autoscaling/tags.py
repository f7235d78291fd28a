"""Tags of scalable targets."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.services.application_autoscaling.resources import SERVICE
from fairway.twin.store import Resource

_MOST = 50


def _arn(call: Call) -> str:
    return str(call.params["ResourceARN"])


def _tagged(call: Call) -> Resource:
    resource = call.twin.store.find(_arn(call))
    if resource is None:
        raise ServiceError("ResourceNotFoundException", f"No scalable target found for ARN {_arn(call)}")
    return resource


@operation(SERVICE, "ListTagsForResource", resource=_arn)
def list_tags_for_resource(call: Call) -> Mapping[str, Any]:
    """Return all tags."""
    return {"Tags": _tagged(call).tags}


@operation(SERVICE, "TagResource", resource=_arn)
def tag_resource(call: Call) -> Mapping[str, Any]:
    """Set tags; those of other keys stay."""
    resource = _tagged(call)
    tags = {**resource.tags, **call.params["Tags"]}
    if len(tags) > _MOST:
        raise ServiceError("TooManyTagsException", f"A scalable target has {_MOST} tags at most")
    resource.tags = tags
    return {}


@operation(SERVICE, "UntagResource", resource=_arn)
def untag_resource(call: Call) -> Mapping[str, Any]:
    """Remove tags by their keys."""
    resource = _tagged(call)
    resource.tags = {key: value for key, value in resource.tags.items() if key not in set(call.params["TagKeys"])}
    return {}
