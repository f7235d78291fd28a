"""Tags of applications and deployment groups."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.services.codedeploy.resources import SERVICE
from fairway.twin.store import Resource


def _arn(call: Call) -> str:
    return str(call.params["ResourceArn"])


def _tagged(call: Call) -> Resource:
    resource = call.twin.store.find(_arn(call))
    if resource is None:
        raise ServiceError("InvalidArnException", f"No resource found for the ARN {_arn(call)}.")
    return resource


@operation(SERVICE, "ListTagsForResource", resource=_arn)
def list_tags_for_resource(call: Call) -> Mapping[str, Any]:
    """Return all tags, in one page."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(_tagged(call).tags.items())]}


@operation(SERVICE, "TagResource", resource=_arn)
def tag_resource(call: Call) -> Mapping[str, Any]:
    """Set tags; those of other keys stay."""
    resource = _tagged(call)
    resource.tags = resource.tags | {tag["Key"]: tag.get("Value", "") for tag in call.params["Tags"]}
    return {}


@operation(SERVICE, "UntagResource", resource=_arn)
def untag_resource(call: Call) -> Mapping[str, Any]:
    """Remove tags by their keys."""
    resource, gone = _tagged(call), set(call.params["TagKeys"])
    resource.tags = {key: value for key, value in resource.tags.items() if key not in gone}
    return {}
