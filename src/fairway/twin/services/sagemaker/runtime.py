"""Invocations."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.fleet import EndpointEngine
from fairway.twin.runtime.invocations import CUSTOM_ATTRIBUTES, Sent
from fairway.twin.store import Resource


def _endpoint(call: Call) -> str:
    return call.arn(f"endpoint/{call.params['EndpointName'].lower()}")


@operation("sagemaker-runtime", "InvokeEndpoint", resource=_endpoint)
def invoke_endpoint(call: Call) -> Mapping[str, Any]:
    """Send a request to an instance of the endpoint and return what it answers."""
    endpoint = _find(call)
    sent = Sent(
        call.params.get("Body", b""),
        call.params.get("ContentType", "application/octet-stream"),
        call.params.get("Accept", "*/*"),
        call.params.get("TargetVariant"),
        call.params.get("InferenceId"),
        call.params.get("CustomAttributes"),
    )
    variant, answer = call.twin.engine(EndpointEngine).invoke(endpoint, sent)
    return {
        "Body": answer.body,
        "ContentType": answer.headers.get("content-type", "application/octet-stream"),
        "CustomAttributes": answer.headers.get(CUSTOM_ATTRIBUTES),
        "InvokedProductionVariant": variant.name,
    }


@operation("sagemaker-runtime", "InvokeEndpointAsync", resource=_endpoint)
def invoke_endpoint_async(call: Call) -> Mapping[str, Any]:
    """Queue a request, and say where its answer will be."""
    order = call.twin.engine(EndpointEngine).enqueue(_find(call), call.params)
    return {
        "InferenceId": order.identity,
        "OutputLocation": order.output.uri,
        "FailureLocation": order.failure.uri if order.failure else None,
    }


def _find(call: Call) -> Resource:
    name = call.params["EndpointName"]
    endpoint = call.twin.store.get("Endpoint", call.account, call.region, name)
    if endpoint is None:
        raise ServiceError("ValidationError", f"Endpoint {name} of account {call.account} not found.")
    return endpoint
