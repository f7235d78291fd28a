"""Invocations."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime.fleet import EndpointEngine

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


def _endpoint(call: Call) -> str:
    return call.arn(f"endpoint/{call.params['EndpointName'].lower()}")


@operation("sagemaker-runtime", "InvokeEndpoint", resource=_endpoint)
def invoke_endpoint(call: Call) -> Mapping[str, Any]:
    """Send a request to an instance of the endpoint and return what it answers."""
    name = call.params["EndpointName"]
    endpoint = call.twin.store.get("Endpoint", call.account, call.region, name)
    if endpoint is None:
        raise ServiceError("ValidationError", f"Endpoint {name} of account {call.account} not found.")
    attributes = {CUSTOM_ATTRIBUTES: call.params["CustomAttributes"]} if "CustomAttributes" in call.params else {}
    _, headers, body = call.twin.engine(EndpointEngine).invoke(
        endpoint,
        call.params.get("TargetVariant"),
        call.params.get("Body", b""),
        call.params.get("ContentType", "application/octet-stream"),
        call.params.get("Accept", "*/*"),
        attributes,
    )
    answered = {name.lower(): value for name, value in headers.items()}
    return {
        "Body": body,
        "ContentType": answered.get("content-type"),
        "CustomAttributes": answered.get(CUSTOM_ATTRIBUTES),
        "InvokedProductionVariant": answered.get("x-amzn-invoked-production-variant"),
    }
