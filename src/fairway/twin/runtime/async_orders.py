"""Asynchronous requests: where their answers go, and what is said about them. Pure functions of what was asked.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html
"""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fairway.twin.runtime.channels import Location
from fairway.twin.runtime.invocations import Sent

# SageMaker's: how long a request may wait and work by default, and how much of an answer goes into a notification.
TTL_SECONDS, TIMEOUT_SECONDS = 21_600, 900
INCLUDED_BYTES = 128 * 1024

Status = Literal["Completed", "Failed", "Expired"]


@dataclass(frozen=True)
class Order:
    """An asynchronous request that was taken; `sent.body` is what it holds itself, if `source` is None."""

    sent: Sent
    source: Location | None
    output: Location
    failure: Location | None
    config: Mapping[str, Any]  # the OutputConfig of the endpoint
    timeout: float
    received: datetime
    queued: float  # the monotonic moment
    expires: float  # the monotonic moment
    tries: int = 0

    @property
    def identity(self) -> str:
        """The inference's id."""
        return self.sent.inference_id or ""


@dataclass(frozen=True)
class Outcome:
    """What came of a request."""

    status: Status
    reason: str = ""
    body: bytes | None = None
    content_type: str = "application/octet-stream"
    failure: Location | None = None  # where it was written, if it was


def order_of(
    params: Mapping[str, Any], config: Mapping[str, Any], *, received: datetime, queued: float, speed: float
) -> Order:
    """Read a request to InvokeEndpointAsync for an endpoint with an AsyncInferenceConfig; raise CallerError."""
    identity, output = params.get("InferenceId") or str(uuid.uuid4()), config["OutputConfig"]
    sent = Sent(
        params.get("Body", b""),
        params.get("ContentType", "application/octet-stream"),
        params.get("Accept", "*/*"),
        inference_id=identity,
        custom_attributes=params.get("CustomAttributes"),
    )
    folder = Location.parse(output["S3OutputPath"])
    if "S3OutputPathExtension" in params:
        folder = folder.below(params["S3OutputPathExtension"].strip("/"))
    failures = output.get("S3FailurePath")
    return Order(
        sent,
        Location.parse(params["InputLocation"]) if "InputLocation" in params else None,
        folder.below(params.get("Filename", f"{identity}.out")),
        Location.parse(failures).below(f"{identity}-error.out") if failures else None,
        output,
        params.get("InvocationTimeoutSeconds", TIMEOUT_SECONDS),
        received,
        queued,
        queued + params.get("RequestTTLSeconds", TTL_SECONDS) / speed,
    )


def topic_of(order: Order, outcome: Outcome) -> str | None:
    """Return the SNS topic that is told of an outcome."""
    topics = order.config.get("NotificationConfig") or {}
    return topics.get("SuccessTopic" if outcome.status == "Completed" else "ErrorTopic") or None


def notification(order: Order, outcome: Outcome, *, endpoint: str, region: str, now: datetime) -> dict[str, Any]:
    """Return the message that SageMaker publishes."""
    sent = order.sent
    asked = {
        "contentType": sent.content_type if sent.content_type != Sent.content_type else None,
        "accept": sent.accept if sent.accept != Sent.accept else None,
        "customAttributes": sent.custom_attributes,
        "endpointName": endpoint,
        "inputLocation": order.source.uri if order.source else None,
    }
    message = {
        "awsRegion": region,
        "eventTime": _moment(now),
        "receivedTime": _moment(order.received),
        "invocationStatus": outcome.status,
        "failureReason": outcome.reason or None,
        "requestParameters": _present(asked),
        "responseParameters": _present(_answered(order, outcome)) or None,
        "responseBody": _included(order, outcome),
        "inferenceId": order.identity,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return _present(message)


def _answered(order: Order, outcome: Outcome) -> dict[str, str | None]:
    if outcome.status == "Completed":
        return {"contentType": outcome.content_type, "outputLocation": order.output.uri}
    failure = outcome.failure
    return {"contentType": outcome.content_type, "failureLocation": failure.uri} if failure else {}


def _included(order: Order, outcome: Outcome) -> dict[str, str] | None:
    wanted = (order.config.get("NotificationConfig") or {}).get("IncludeInferenceResponseIn") or ()
    topic = "SUCCESS_NOTIFICATION_TOPIC" if outcome.status == "Completed" else "ERROR_NOTIFICATION_TOPIC"
    if topic not in wanted or outcome.body is None or len(outcome.body) > INCLUDED_BYTES:
        return None
    return {"content": base64.b64encode(outcome.body).decode(), "encoding": "BASE64"}


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
