"""Tags of any resource, by its ARN."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.services.sagemaker.resources import tags_of
from fairway.twin.store import Resource


def _arn(call: Call) -> str:
    return str(call.params["ResourceArn"])


def _tagged(call: Call) -> Resource:
    resource = call.twin.store.find(_arn(call))
    if resource is None:
        raise ValidationError(f"Could not find resource {_arn(call)}.")
    return resource


def _listed(resource: Resource) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(resource.tags.items())]}


@operation("sagemaker", "AddTags", resource=_arn)
def add_tags(call: Call) -> Mapping[str, Any]:
    """Set tags; those of other keys stay."""
    resource = _tagged(call)
    resource.tags = {**resource.tags, **tags_of(call)}
    return _listed(resource)


@operation("sagemaker", "ListTags", resource=_arn)
def list_tags(call: Call) -> Mapping[str, Any]:
    """Return all tags, in one page."""
    return _listed(_tagged(call))


@operation("sagemaker", "DeleteTags", resource=_arn)
def delete_tags(call: Call) -> Mapping[str, Any]:
    """Remove tags by their keys."""
    resource = _tagged(call)
    gone = set(call.params["TagKeys"])
    resource.tags = {key: value for key, value in resource.tags.items() if key not in gone}
    return {}
