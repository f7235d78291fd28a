"""How a transform job feeds an instance: by its request, else by what the container asks for, else by the defaults.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairway.twin.runtime.transform_records import MEGABYTE, Splitting

PAYLOAD_MB = 6
TIMEOUT_SECONDS, RETRIES = 600, 3
STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Feeding:
    """What is settled before the first record is sent."""

    at_once: int
    payload_mb: int
    strategy: str  # as containers write it: MULTI_RECORD or SINGLE_RECORD
    timeout_seconds: int
    retries: int

    @classmethod
    def settle(cls, request: Request, asked: Request) -> "Feeding":
        """Settle what the request leaves open by what /execution-parameters answered."""
        client = request.get("ModelClientConfig") or {}
        strategy = STRATEGIES.get(request.get("BatchStrategy", ""), asked.get("BatchStrategy"))
        return cls(
            request.get("MaxConcurrentTransforms") or asked.get("MaxConcurrentTransforms", 1),
            request.get("MaxPayloadInMB") or asked.get("MaxPayloadInMB", PAYLOAD_MB),
            strategy or "MULTI_RECORD",
            client.get("InvocationsTimeoutInSeconds", TIMEOUT_SECONDS),
            client.get("InvocationsMaxRetries", RETRIES),
        )

    def splitting(self, request: Request) -> Splitting:
        """Return how files become requests."""
        lines = request["TransformInput"].get("SplitType", "None") == "Line"
        return Splitting(lines, self.strategy == "MULTI_RECORD", self.payload_mb * MEGABYTE)

    def __str__(self) -> str:
        return (
            f"MaxConcurrentTransforms={self.at_once}, MaxPayloadInMB={self.payload_mb}, BatchStrategy={self.strategy}"
        )


def variables(request: Request) -> dict[str, str]:
    """Return what a container finds in its environment of a job: of the settings, only those that the request has."""
    given = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": request.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": STRATEGIES.get(request.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": request.get("MaxConcurrentTransforms"),
    }
    return {"SAGEMAKER_BATCH": "true", **{name: str(value) for name, value in given.items() if value}}


def execution_parameters(status: int, body: bytes) -> dict[str, Any]:
    """Return those parameters of an answer to GET /execution-parameters that make sense; none of another answer."""
    if status != 200:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    numbers = {name: document.get(name) for name in ("MaxConcurrentTransforms", "MaxPayloadInMB")}
    asked: dict[str, Any] = {name: value for name, value in numbers.items() if isinstance(value, int) and value > 0}
    if document.get("BatchStrategy") in STRATEGIES.values():
        asked["BatchStrategy"] = document["BatchStrategy"]
    return asked
