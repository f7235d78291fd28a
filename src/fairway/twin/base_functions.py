"""All that is touched of ministack's Lambda and API Gateway: an API in front of an alias is to be what it is on AWS.

Part of `base`; tests/integration/shifts/test_functions.py holds it. ministack sends all of an alias's traffic to its
first version, counts invocations by the function only and none that come by an API, asks no permission of the function,
takes any role, evaluates other actions than those that were asked for, knows no versions among their resources, and
tells an address of the API that no resolver knows.
"""
# ruff: noqa: SLF001

import contextvars
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import apigateway, cloudwatch, lambda_svc

from fairway.twin import base, protocol
from fairway.twin.context import RoleError

LAMBDA = "lambda.amazonaws.com"
API_GATEWAY = "apigateway.amazonaws.com"
_ADDRESS = "http://127.0.0.1:{port}/_aws/execute-api/{api}"


@dataclass
class _Invocation:
    """What was invoked, as the metrics' dimension `Resource` has it, and whether the function raised."""

    resource: str
    raised: bool = False


_invocation: contextvars.ContextVar[_Invocation | None] = contextvars.ContextVar("invocation", default=None)
_INTERNAL_ERROR = 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'


def install() -> None:
    """Take over what ministack does otherwise."""
    _install_invoke()
    _install_proxy()
    _install_metrics()
    _install_roles()
    _install_actions()
    _install_address()


def choose_version(alias: Mapping[str, Any], draw: float) -> str:
    """Return the version of an alias that a request goes to; `draw` is uniform in [0, 1).

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version, weight in weights.items():
        draw -= weight
        if draw < 0:
            return str(version)
    return str(alias["FunctionVersion"])


def _version_for(function: Mapping[str, Any] | None, qualifier: str | None) -> str | None:
    """Return the version that a qualifier leads to, where it is an alias with several."""
    alias = (function or {}).get("aliases", {}).get(qualifier)
    return choose_version(alias, random.random()) if alias and alias.get("RoutingConfig") else None  # noqa: S311


# -- what replaces ministack's own ------------------------------------------------------------------------------------


def _install_invoke() -> None:
    invoke = lambda_svc._invoke

    async def invoke_version(
        name: str, event: Any, headers: Any, path_qualifier: str | None = None, query_params: Any = None
    ) -> Any:
        qualifier = path_qualifier or lambda_svc._qp_first(query_params or {}, "Qualifier") or None
        version = _version_for(lambda_svc._functions.get(name), qualifier)
        token = _invocation.set(_Invocation(f"{name}:{qualifier}" if qualifier else name))
        try:
            return await invoke(name, event, headers, version or path_qualifier, query_params)
        finally:
            _invocation.reset(token)

    lambda_svc._invoke = invoke_version


def _install_proxy() -> None:
    """Let a route of an HTTP API reach the version that its alias leads to, if the function lets the API invoke it."""
    proxy = apigateway._invoke_lambda_proxy

    async def invoke_permitted(
        integration: Any, api: str, stage: str, path: str, method: str, *rest: Any, **more: Any
    ) -> Any:
        reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        name, qualifier = lambda_svc._resolve_name_and_qualifier(reference)
        function = lambda_svc._functions.get(name)
        source = _source_of(api, stage, str(rest[3]))
        if function is None or not _permits(function, lambda_svc._policy_resource_arn(name, qualifier), source):
            return _INTERNAL_ERROR  # AWS says no more of it
        version = _version_for(function, qualifier)
        if version is not None:
            integration = {**integration, "integrationUri": lambda_svc._policy_resource_arn(name, version)}
        invocation = _Invocation(f"{name}:{qualifier}" if qualifier else name)
        token = _invocation.set(invocation)
        try:
            answer = await proxy(integration, api, stage, path, method, *rest, **more)
        finally:
            _invocation.reset(token)
        return _INTERNAL_ERROR if invocation.raised else answer  # ministack tells the client what was raised

    apigateway._invoke_lambda_proxy = invoke_permitted


def _source_of(api: str, stage: str, route: str) -> str:
    place = f"{responses.get_region()}:{responses.get_account_id()}"
    return f"arn:aws:execute-api:{place}:{api}/{stage}/{route.replace(' ', '', 1)}"


def _permits(function: Mapping[str, Any], resource: str, source: str) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn=API_GATEWAY,
        principal_type="Service",
        principal_account=responses.get_account_id(),
        action="lambda:InvokeFunction",
        resource_arn=resource,
        region=responses.get_region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": responses.get_account_id()},
    )
    decision = iam_evaluator.evaluate_resource_policy(function["policy"], context, service=API_GATEWAY).decision
    return bool(decision == "Allow")


def _install_metrics() -> None:
    """Count where all invocations pass, by function, by what was invoked, and by the version that ran."""
    dispatch = lambda_svc._execute_function_dispatch

    def dispatch_and_count(function: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        began = time.perf_counter()
        result = dispatch(function, config, event, request_id, started)
        milliseconds = (time.perf_counter() - began) * 1000
        failed, invocation = bool(result.get("error")), _invocation.get()
        if invocation is not None:
            invocation.raised = failed
        for dimensions in _dimensions(config):
            for name, value, unit in (
                ("Invocations", 1.0, "Count"), ("Errors", float(failed), "Count"),
                ("Duration", milliseconds, "Milliseconds"),
            ):  # fmt: skip
                cloudwatch.record_metric("AWS/Lambda", name, value, unit, dimensions)
        return result

    def count_throttled(name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: FBT001
        del error  # counted above, as is what lasted
        if throttle and not duration_ms:
            cloudwatch.record_metric("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": name})

    lambda_svc._execute_function_dispatch = dispatch_and_count
    lambda_svc._emit_lambda_metrics = count_throttled


def _dimensions(config: Mapping[str, Any]) -> list[dict[str, str]]:
    name = str(config["FunctionName"])
    invocation, version = _invocation.get(), str(config.get("Version", "$LATEST"))
    # Without one it was another service that invoked; an event of a queue or a rule names no alias here.
    resource = invocation.resource if invocation is not None else name
    by_function = {"FunctionName": name}
    by_resource = {**by_function, "Resource": resource}
    return [by_function, by_resource, {**by_resource, "ExecutedVersion": version}]


def _install_roles() -> None:
    """Refuse a function whose role Lambda may not assume."""
    create, update = lambda_svc._create_function, lambda_svc._update_config

    def refusal(given: Mapping[str, Any]) -> Any:
        if not given.get("Role"):
            return None
        try:
            base.check_trust(given["Role"], LAMBDA)
        except RoleError:
            sentence = "The role defined for the function cannot be assumed by Lambda."
            return responses.error_response_json("InvalidParameterValueException", sentence, 400)
        return None

    lambda_svc._create_function = lambda given: refusal(given) or create(given)
    lambda_svc._update_config = lambda name, given: refusal(given) or update(name, given)


def _install_actions() -> None:
    """Evaluate policies for the action that a request is, and for the version or alias that it invokes."""
    model = botocore.session.Session().get_service_model("lambda")
    action_of, resource_of = iam_actions._lambda_action, iam_actions.extract_resource_arn

    def precise_action(method: str, path: str) -> Any:
        operation = protocol.find_operation(model, method, path)
        invoked = operation in ("Invoke", "InvokeWithResponseStream", "InvokeAsync")
        return "InvokeFunction" if invoked else operation or action_of(method, path)

    def precise_resource(  # noqa: PLR0917 -- ministack's own signature
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        found = str(resource_of(service, method, path, headers, body, query, region, account))
        if service == "lambda" and found == "*" and method == "POST" and path.rstrip("/").endswith("/functions"):
            return f"arn:aws:lambda:{region}:{account}:function:{_name_in(body)}"
        qualifier = lambda_svc._qp_first(query or {}, "Qualifier")
        qualified = service == "lambda" and path.endswith("/invocations") and qualifier and found.count(":") == 6
        return f"{found}:{qualifier}" if qualified else found

    iam_actions._lambda_action = precise_action
    iam_actions.extract_resource_arn = precise_resource


def _name_in(body: bytes) -> str:
    try:
        return str(json.loads(body)["FunctionName"])
    except (ValueError, KeyError, TypeError):
        return "*"  # no function: Lambda refuses the request, whoever asks


def _install_address() -> None:
    """Tell the address by which an API answers on the loopback; AWS's has the API's id in a host of its own."""
    create = apigateway._create_api

    def create_and_tell(given: Any) -> Any:
        status, headers, body = create(given)
        if status != 201 or given.get("protocolType", "HTTP") != "HTTP":
            return status, headers, body
        identity = json.loads(body)["apiId"]
        api = apigateway._apis[identity]
        api["apiEndpoint"] = _ADDRESS.format(port=os.environ["GATEWAY_PORT"], api=identity)
        return apigateway._apigw_response(api, status)

    apigateway._create_api = create_and_tell
