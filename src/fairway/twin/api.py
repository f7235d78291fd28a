"""Operations of the twin's own services: declared against botocore's model, checked as AWS checks, shaped by it."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel, ServiceModel, Shape

from fairway.twin import base, protocol, validation
from fairway.twin.context import RoleError

if TYPE_CHECKING:
    from fairway.twin.context import Twin

logger = logging.getLogger(__name__)


class ServiceError(Exception):
    """What an operation answers instead of its output."""

    def __init__(self, code: str, message: str, status: int = 400, **members: object) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.members = members


class ValidationError(ServiceError):
    """A request that breaks a rule which botocore's model does not hold."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


@dataclass(frozen=True)
class Call:
    """One call of an operation: who calls, where, with what. `caller` answers for what more the operation needs."""

    account: str
    region: str
    caller_arn: str
    params: dict[str, Any]
    twin: "Twin"
    caller: base.Caller

    def arn(self, resource: str, service: str = "sagemaker") -> str:
        """Return the ARN of a resource of the caller's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Function = Callable[[Call], Mapping[str, Any]]
# The policy of the resource itself, if it may have one, and the account that owns it.
PolicyOf = Callable[[Call], tuple[str | None, str]]
# The ARN that AWS documents for the action, of the parameters; None where its policies can only say "*".
ResourceOf = Callable[[Call], str]
# The condition keys that only this service has, of the parameters.
ConditionsOf = Callable[[Call], Mapping[str, Any]]


@dataclass(frozen=True)
class Operation:
    """A function that answers one operation of one of botocore's services."""

    service: str
    name: str
    function: Function
    resource: ResourceOf | None
    # Which service is passed the roles of a request; None for those that pass none.
    trusted_by: str | None
    policy: PolicyOf | None
    conditions: ConditionsOf | None


_operations: dict[tuple[str, str], Operation] = {}


def operation(
    service: str,
    name: str,
    *,
    resource: ResourceOf | None = None,
    trusted_by: str | None = None,
    policy: PolicyOf | None = None,
    conditions: ConditionsOf | None = None,
) -> Callable[[Function], Function]:
    """Let a function answer an operation of a service, both named as botocore names them."""

    def register(function: Function) -> Function:
        _operations[service, name] = Operation(service, name, function, resource, trusted_by, policy, conditions)
        return function

    return register


@dataclass(frozen=True)
class Request:
    """An HTTP request as it arrived: the path still quoted, header names in lower case."""

    method: str
    path: str
    query: protocol.Query
    headers: dict[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes
    region: str


@dataclass(frozen=True)
class Response:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def handle(request: Request, services: "list[ServiceModel]", twin: "Twin") -> Response:
    """Answer a request to one of the services that share its credential scope."""
    request_id = str(uuid.uuid4())
    try:
        response = _answer(request, services, twin, request_id)
    except ServiceError as error:
        response = error_response(error)
    except Exception as error:
        logger.exception("%s %s %s", request.method, request.path, request.headers.get("x-amz-target", ""))
        # 400 and not 500, which SDKs and Terraform repeat for minutes: a defect of the twin stays one.
        response = error_response(ServiceError("InternalFailure", f"The twin failed: {type(error).__name__}: {error}"))
    response.headers["x-amzn-RequestId"] = request_id
    return response


def _answer(request: Request, services: "list[ServiceModel]", twin: "Twin", request_id: str) -> Response:
    model = _find(request, services)
    declared = _operations[model.service_model.service_name, model.name]
    try:
        caller = base.Caller(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.raw_headers,
            body=request.body,
            region=request.region,
        )
        params = protocol.read_request(
            model, path=request.path, query=request.query, headers=request.headers, body=request.body
        )
        call = Call(caller.account, caller.region, caller.arn, params, twin, caller)
        found = list(validation.violations(model.input_shape, params)) if model.input_shape else []
        # A caller that is refused learns nothing of what was wrong with its parameters.
        resource = "*" if declared.resource is None or found else declared.resource(call)
        action = f"{model.service_model.signing_name}:{model.name}"
        conditions = declared.conditions(call) if declared.conditions and not found else {}
        caller.authorize(action, resource, {**conditions, **_tag_context(call, resource)})
        if found:
            raise ValidationError(validation.summary(found))
        if declared.policy is not None:
            caller.check_policy(action, resource, *declared.policy(call))
        if declared.trusted_by and model.input_shape:
            _check_roles(call, caller, model.input_shape, declared.trusted_by)
    except protocol.MalformedRequestError as error:
        raise ServiceError(error.code, str(error)) from error
    except base.RefusedError as error:
        raise ServiceError(error.code, str(error)) from error
    output = declared.function(call)
    _record(request, model, caller, params, request_id)
    headers, body = protocol.write_answer(model, output)
    return Response(model.http.get("responseCode", 200), body, {"Content-Type": _content_type(model), **headers})


def _find(request: Request, services: "list[ServiceModel]") -> OperationModel:
    prefix, _, name = request.headers.get("x-amz-target", "").rpartition(".")
    for model in services:
        if model.protocol == "json" and _service_of(model.metadata["targetPrefix"]) == _service_of(prefix):
            break
        if model.protocol == "rest-json" and not prefix:
            name = protocol.find_operation(model, request.method, request.path) or ""
            if name:
                break
    else:
        asked = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
        raise ServiceError("UnknownOperationException", f"The twin has no operation {asked}.")
    if (model.service_name, name) not in _operations:
        raise ServiceError("UnknownOperationException", f"The twin has no operation {name} of {model.service_name}.")
    return model.operation_model(name)


def _service_of(prefix: str) -> str:
    # botocore writes some services' packages before their names; Terraform's SDK does not.
    return prefix.rpartition(".")[2]


def _tag_context(call: Call, resource: str) -> dict[str, Any]:
    """Return the condition keys that tags make: of the request, and of the resource."""
    context: dict[str, Any] = {}
    tags = call.params.get("Tags") or call.params.get("tags") or {}
    if isinstance(tags, list):  # CodePipeline and CodeBuild write their members small
        tags = {tag.get("Key") or tag.get("key"): tag.get("Value") or tag.get("value") or "" for tag in tags}
    if tags:
        context |= {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
        context["aws:tagkeys"] = list(tags)
    return context | resource_tags(call, resource)


def resource_tags(call: Call, arn: str) -> dict[str, str]:
    """Return the condition keys that the tags of a stored resource make."""
    stored = call.twin.store.find(arn) if arn != "*" else None
    return {f"aws:resourcetag/{key}".lower(): value for key, value in stored.tags.items()} if stored else {}


def _check_roles(call: Call, caller: base.Caller, shape: Shape, trusted_by: str) -> None:
    """Check that the caller may pass each role of the request to the service, and that the service may assume it."""
    for role in sorted(set(roles_in(shape, call.params))):
        caller.authorize("iam:PassRole", role, {"iam:PassedToService": trusted_by})
        try:
            base.check_trust(role, trusted_by)
        except RoleError as error:
            raise ValidationError(str(error)) from error


def roles_in(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the roles among parameters: the members whose shape AWS calls a role's ARN."""
    if shape.name == "RoleArn":
        yield value
    elif shape.type_name == "structure":
        for name, member in shape.members.items():  # type: ignore[attr-defined]
            if value.get(name) is not None:
                yield from roles_in(member, value[name])
    elif shape.type_name == "list":
        for item in value:
            yield from roles_in(shape.member, item)  # type: ignore[attr-defined]


def _record(
    request: Request, model: OperationModel, caller: base.Caller, params: Mapping[str, Any], request_id: str
) -> None:
    if model.service_model.service_name == "sagemaker-runtime":
        return  # data events are no management events, on AWS neither
    base.record_call(
        caller,
        service=model.service_model.signing_name,
        operation=model.name,
        request_id=request_id,
        user_agent=request.headers.get("user-agent", ""),
        parameters=params,
    )


def _content_type(model: OperationModel) -> str:
    metadata = model.service_model.metadata
    return f"application/x-amz-json-{metadata['jsonVersion']}" if metadata["protocol"] == "json" else "application/json"


def error_response(error: ServiceError) -> Response:
    """Return an error as both JSON protocols read it."""
    document = {"__type": error.code, "message": str(error), "Message": str(error), **error.members}
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    return Response(error.status, json.dumps(document).encode(), headers)
