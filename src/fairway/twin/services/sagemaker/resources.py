"""What all kinds of SageMaker's resources share: stored as asked for, described and listed by the output's shape."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, StructureShape

from fairway.twin.api import Call, ServiceError, ValidationError, operation
from fairway.twin.protocol import shape_output
from fairway.twin.store import AlreadyStoredError, Resource

PRINCIPAL = "sagemaker.amazonaws.com"
_DEFAULT_PAGE = 10


@dataclass(frozen=True)
class Kind:
    """A kind of resource, as SageMaker's operations, members, ARNs and messages name it."""

    noun: str  # TrainingJob: operations are CreateTrainingJob …, members TrainingJobName and TrainingJobArn
    path: str  # training-job: in ARNs
    missing: str  # the sentence when there is none; {arn} and {name} are filled in
    taken: str  # the sentence when there is one already
    taken_code: str = "ValidationException"
    missing_code: str = "ValidationException"
    status: str | None = None  # the member that holds the status

    @property
    def name_member(self) -> str:
        """The member that holds the name."""
        return f"{self.noun}Name"

    @property
    def arn_member(self) -> str:
        """The member that holds the ARN."""
        return f"{self.noun}Arn"

    def arn(self, call: Call, name: str) -> str:
        """Return the ARN of the resource; SageMaker writes names in lower case in it."""
        return call.arn(f"{self.path}/{name.lower()}")

    def named(self, call: Call) -> str:
        """Return the ARN of the resource that a request names."""
        return self.arn(call, call.params[self.name_member])

    def find(self, call: Call, name: str | None = None) -> Resource:
        """Return the resource of that name, or the one that the request names; raise the service's error otherwise."""
        name = name if name is not None else call.params[self.name_member]
        resource = call.twin.store.get(self.noun, call.account, call.region, name)
        if resource is None:
            raise ServiceError(self.missing_code, self.missing.format(arn=self.arn(call, name), name=name))
        return resource


@cache
def _model(name: str) -> OperationModel:
    service = botocore.session.Session().get_service_model("sagemaker")
    return service.operation_model(name)


def tags_of(call: Call) -> dict[str, str]:
    """Return the tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}


def create(call: Call, kind: Kind, **attributes: Any) -> Resource:
    """Store what a Create was given, and `attributes`; raise the service's error if the name is taken."""
    name, now = call.params[kind.name_member], call.twin.clock.now()
    given = {member: value for member, value in call.params.items() if member != "Tags"}
    resource = Resource(
        kind.noun,
        call.account,
        call.region,
        name,
        kind.arn(call, name),
        {**given, kind.arn_member: kind.arn(call, name), "CreationTime": now, "LastModifiedTime": now, **attributes},
        tags_of(call),
    )
    try:
        call.twin.store.add(resource)
    except AlreadyStoredError as error:
        raise ServiceError(kind.taken_code, kind.taken.format(arn=resource.arn, name=name)) from error
    return resource


def describe(operation_name: str, resource: Resource) -> dict[str, Any]:
    """Return those attributes of a resource that the operation's output has members for."""
    shape = _model(operation_name).output_shape
    assert shape is not None  # noqa: S101 -- Describe operations have outputs
    return shape_output(shape, resource.attributes)


def declare_reads(kind: Kind, *, plural: str | None = None) -> None:
    """Declare Describe and List of a kind."""
    describe_name, list_name = f"Describe{kind.noun}", f"List{plural or kind.noun + 's'}"

    @operation("sagemaker", describe_name, resource=kind.named)
    def _describe(call: Call) -> Mapping[str, Any]:
        return describe(describe_name, kind.find(call))

    @operation("sagemaker", list_name)
    def _list(call: Call) -> Mapping[str, Any]:
        return list_page(list_name, call, kind, call.twin.store.list(kind.noun, call.account, call.region))


def declare_delete(kind: Kind, check: Callable[[Call, Resource], None] = lambda _call, _resource: None) -> None:
    """Declare Delete of a kind that has nothing running; `check` refuses by raising."""

    @operation("sagemaker", f"Delete{kind.noun}", resource=kind.named)
    def _delete(call: Call) -> Mapping[str, Any]:
        resource = kind.find(call)
        check(call, resource)
        call.twin.store.remove(resource)
        return {}


# -- lists ------------------------------------------------------------------------------------------------------------


def list_page(operation_name: str, call: Call, kind: Kind, resources: list[Resource]) -> dict[str, Any]:
    """Return a page of summaries, filtered and sorted as the request says, the newest first by default."""
    params = call.params
    chosen = [resource for resource in resources if _matches(resource, params, kind)]
    chosen.sort(key=lambda resource: _sort_key(resource, params.get("SortBy", "CreationTime"), kind))
    if params.get("SortOrder", "Descending") == "Descending":
        chosen.reverse()
    return page_of(operation_name, params, [resource.attributes for resource in chosen])


def page_of(operation_name: str, params: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the page of summaries that a List request asks for, of those that it wants, in the order it wants."""
    start = _read_token(params.get("NextToken"))
    end = start + params.get("MaxResults", _DEFAULT_PAGE)
    member, summary = _summaries(operation_name)
    output: dict[str, Any] = {member: [shape_output(summary, attributes) for attributes in chosen[start:end]]}
    if end < len(chosen):
        output["NextToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return output


def _summaries(operation_name: str) -> tuple[str, StructureShape]:
    shape = _model(operation_name).output_shape
    assert shape is not None  # noqa: S101 -- List operations have outputs
    name = next(name for name, member in shape.members.items() if member.type_name == "list")
    return name, shape.members[name].member  # type: ignore[attr-defined] # a list has one


def _matches(resource: Resource, params: Mapping[str, Any], kind: Kind) -> bool:
    created, modified = resource.attributes["CreationTime"], resource.attributes["LastModifiedTime"]
    checks: dict[str, Callable[[Any], bool]] = {
        "NameContains": lambda wanted: wanted.lower() in resource.name.lower(),
        "StatusEquals": lambda wanted: kind.status is not None and resource.attributes[kind.status] == wanted,
        "CreationTimeAfter": lambda moment: created >= moment,
        "CreationTimeBefore": lambda moment: created <= moment,
        "LastModifiedTimeAfter": lambda moment: modified >= moment,
        "LastModifiedTimeBefore": lambda moment: modified <= moment,
        "ModelApprovalStatus": lambda wanted: resource.attributes.get("ModelApprovalStatus") == wanted,
    }
    return all(check(params[name]) for name, check in checks.items() if name in params)


def _sort_key(resource: Resource, sort_by: str, kind: Kind) -> Any:
    if sort_by == "Name":
        return resource.name
    if sort_by == "Status" and kind.status:
        return resource.attributes[kind.status]
    return resource.attributes["CreationTime"]


def _read_token(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise ValidationError("The NextToken is invalid.") from error
