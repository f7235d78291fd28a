"""Tags of pipelines."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.pipelines import PIPELINE
from fairway.twin.services.codepipeline.resources import SERVICE, page
from fairway.twin.store import Resource


def _arn(call: Call) -> str:
    return str(call.params["resourceArn"])


def _tagged(call: Call) -> Resource:
    resource = call.twin.store.find(_arn(call))
    if resource is None or resource.kind != PIPELINE:
        raise ServiceError("ResourceNotFoundException", f"The resource {_arn(call)} was not found.")
    return resource


@operation(SERVICE, "TagResource", resource=_arn)
def tag_resource(call: Call) -> Mapping[str, Any]:
    """Set tags; those of other keys stay."""
    resource = _tagged(call)
    resource.tags = resource.tags | {tag["key"]: tag["value"] for tag in call.params["tags"]}
    return {}


@operation(SERVICE, "UntagResource", resource=_arn)
def untag_resource(call: Call) -> Mapping[str, Any]:
    """Remove tags by their keys."""
    resource = _tagged(call)
    resource.tags = {key: value for key, value in resource.tags.items() if key not in call.params["tagKeys"]}
    return {}


@operation(SERVICE, "ListTagsForResource", resource=_arn)
def list_tags_for_resource(call: Call) -> Mapping[str, Any]:
    """Return the tags."""
    return page(call, "tags", [{"key": key, "value": value} for key, value in sorted(_tagged(call).tags.items())])
