"""What data capture writes: one JSON document a request, in SageMaker's form, and where.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.channels import Location

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.runtime.invocations import Exchange

CSV, JSON, BASE64 = "CSV", "JSON", "BASE64"


@dataclass(frozen=True)
class Capturing:
    """A DataCaptureConfig that is enabled."""

    destination: Location
    share: Fraction
    kms_key: str | None
    modes: frozenset[str]  # Input and Output, or one of them
    encodings: Mapping[str, str]  # by media type; others are written in base64

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Capturing | None":
        """Read it from an endpoint configuration; None when nothing is captured."""
        given = config.get("DataCaptureConfig") or {}
        if not given or not given.get("EnableCapture", True):
            return None
        modes = {option["CaptureMode"] for option in given["CaptureOptions"]}
        headers = given.get("CaptureContentTypeHeader") or {}
        types = [(CSV, name) for name in headers.get("CsvContentTypes") or ()]
        types += [(JSON, name) for name in headers.get("JsonContentTypes") or ()]
        return cls(
            Location.parse(given["DestinationS3Uri"]),
            Fraction(given["InitialSamplingPercentage"], 100),
            given.get("KmsKeyId") or None,
            frozenset({"Input", "Output"} if "InputAndOutput" in modes else modes),
            {name.lower(): encoding for encoding, name in types},
        )

    def event(self, exchange: "Exchange") -> dict[str, Any]:
        """Return the document of a request that was answered."""
        data = {}
        if "Input" in self.modes:
            data["endpointInput"] = self._part("INPUT", exchange.sent.content_type, exchange.sent.body)
        if "Output" in self.modes and exchange.answer is not None:
            content_type = exchange.answer.headers.get("content-type", "application/octet-stream")
            data["endpointOutput"] = self._part("OUTPUT", content_type, exchange.answer.body)
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if exchange.sent.custom_attributes is not None:
            metadata["customAttributes"] = [exchange.sent.custom_attributes]
        if exchange.sent.inference_id is not None:
            metadata["inferenceId"] = exchange.sent.inference_id
        metadata["inferenceTime"] = f"{exchange.began:%Y-%m-%dT%H:%M:%SZ}"
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}

    def _part(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        encoding = self.encodings.get(content_type.partition(";")[0].strip().lower(), BASE64)
        try:
            data = base64.b64encode(body).decode() if encoding == BASE64 else body.decode()
        except UnicodeDecodeError:
            data, encoding = base64.b64encode(body).decode(), BASE64
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def summary(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return DescribeEndpoint's DataCaptureConfig; None for a configuration that has none."""
    given = config.get("DataCaptureConfig")
    if not given:
        return None
    enabled = given.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": given["InitialSamplingPercentage"],
        "DestinationS3Uri": given["DestinationS3Uri"],
        "KmsKeyId": given.get("KmsKeyId", ""),
    }


def line(event: Mapping[str, Any]) -> bytes:
    """Return a document as a line of a file."""
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def place(destination: Location, endpoint: str, variant: str, first: "datetime") -> Location:
    """Return where a file lies whose first request came at a moment."""
    name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
    return destination.below(f"{endpoint}/{variant}/{first:%Y/%m/%d/%H}/{name}")


def violations(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each rule about data capture that a configuration breaks."""
    given = config.get("DataCaptureConfig") or {}
    destination = given.get("DestinationS3Uri", "s3://")
    if not destination.startswith("s3://"):
        yield f"DataCaptureConfig.DestinationS3Uri is s3://<bucket>/<prefix>, and not {destination}."
    headers = given.get("CaptureContentTypeHeader") or {}
    both = set(headers.get("CsvContentTypes") or ()) & set(headers.get("JsonContentTypes") or ())
    for name in sorted(both):
        yield f"CaptureContentTypeHeader has {name} among CsvContentTypes and among JsonContentTypes; name it once."
