"""What all operations share: what is scaled, how it is named, and pages of what there is."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import botocore.session
from botocore.model import StructureShape

from fairway.twin.api import Call, ServiceError, ValidationError
from fairway.twin.protocol import shape_output
from fairway.twin.runtime.scaling_dimensions import DIMENSIONS
from fairway.twin.runtime.scaling_targets import TARGET
from fairway.twin.store import Resource

SERVICE = "application-autoscaling"
NAMESPACE = "sagemaker"
_RESOURCE_ID = re.compile(r"endpoint/[a-zA-Z0-9](-*[a-zA-Z0-9])*/variant/[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_PAGE = 50


class ObjectNotFoundError(ServiceError):
    """There is no such target, policy or scheduled action."""

    def __init__(self, message: str) -> None:
        super().__init__("ObjectNotFoundException", message)


def check_supported(call: Call) -> None:
    """Refuse what is scaled by no engine of the twin."""
    namespace, dimension = call.params["ServiceNamespace"], call.params.get("ScalableDimension")
    if namespace != NAMESPACE:
        raise ValidationError(
            f"The twin does not have Application Auto Scaling of {namespace!r}, only of {NAMESPACE!r}."
        )
    if dimension is not None and dimension not in DIMENSIONS:
        known = " and ".join(map(repr, DIMENSIONS))
        raise ValidationError(f"The twin does not have the scalable dimension {dimension!r}, only {known}.")
    identities = [call.params["ResourceId"]] if "ResourceId" in call.params else call.params.get("ResourceIds", [])
    for identity in identities:
        if not _RESOURCE_ID.fullmatch(identity):
            raise ValidationError(
                f"Unsupported service namespace, resource type or scalable dimension: {identity!r} is not "
                "endpoint/<name>/variant/<name>"
            )


def named(call: Call) -> str:
    """Return how a request's target is called in messages."""
    params = call.params
    return (
        f"service namespace: {params['ServiceNamespace']}, resource ID: {params['ResourceId']}, scalable dimension: "
        f"{params['ScalableDimension']}"
    )


def target_arn(call: Call) -> str:
    """Return the ARN of the target that a request names; the same target has always the same one."""
    key = "|".join((call.account, call.region, call.params["ResourceId"], call.params["ScalableDimension"]))
    return call.arn(f"scalable-target/{hashlib.sha256(key.encode()).hexdigest()[:34]}", SERVICE)


def conditions(call: Call) -> dict[str, str]:
    """Return the condition keys that Application Auto Scaling adds to a request."""
    return _conditions(call.params)


def conditions_of(target: Resource) -> dict[str, str]:
    """Return the condition keys of a request about a target."""
    return _conditions(target.attributes)


def _conditions(members: Mapping[str, Any]) -> dict[str, str]:
    keys = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    return {f"{SERVICE}:{key}": members[member] for key, member in keys.items() if member in members}


def find_target(call: Call) -> Resource | None:
    """Return the target that a request names; a variant has one at most, for it has one dimension."""
    target = call.twin.store.get(TARGET, call.account, call.region, call.params["ResourceId"])
    return target if target is not None and of_dimension(call, target.attributes) else None


def of_dimension(call: Call, members: Mapping[str, Any]) -> bool:
    """Tell whether a stored target, policy, action or activity is of the dimension that a request names, if any."""
    return call.params.get("ScalableDimension") in (None, members["ScalableDimension"])


def registered(call: Call) -> Resource:
    """Return the target that a request names; raise the service's error if there is none."""
    check_supported(call)
    target = find_target(call)
    if target is None:
        raise ObjectNotFoundError(f"No scalable target registered for {named(call)}")
    return target


# -- pages ------------------------------------------------------------------------------------------------------------


@cache
def _items(operation: str) -> tuple[str, StructureShape]:
    shape = botocore.session.Session().get_service_model(SERVICE).operation_model(operation).output_shape
    assert shape is not None  # noqa: S101 -- Describe operations have outputs
    name = next(name for name, member in shape.members.items() if member.type_name == "list")
    return name, shape.members[name].member  # type: ignore[attr-defined] # a list has one


def page(operation: str, call: Call, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a page of what was found, shaped as the operation shows it."""
    start = _read_token(call.params.get("NextToken"))
    end = start + min(call.params.get("MaxResults", _PAGE), _PAGE)
    member, shape = _items(operation)
    output: dict[str, Any] = {member: [shape_output(shape, one) for one in found[start:end]]}
    if end < len(found):
        output["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return output


def _read_token(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ServiceError("InvalidNextTokenException", "The NextToken is invalid.") from error
