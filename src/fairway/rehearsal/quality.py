"""What serving said of its predictions while the traffic went on: the quality signal, and the alarm's threshold."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient


@dataclass(frozen=True)
class Window:
    """A window of predictions of one worker: when it was over (epoch seconds), of which release, how far it shifted."""

    at: float
    release: str
    psi: float


def read_windows(logs: "CloudWatchLogsClient", endpoint: str, since: float) -> Iterator[Window]:
    """Yield the windows that the containers of an endpoint have told of since then."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}", startTime=int(since * 1000), filterPattern='"psi"'
    )
    for page in pages:
        for event in page["events"]:
            try:
                told = json.loads(event["message"])
            except ValueError:
                continue  # a word of the container's, not of the signal
            if isinstance(told, dict) and told.get("event") == "quality":
                yield Window(event["timestamp"] / 1000, told["release"], told["psi"])


def read_threshold(cloudwatch: "CloudWatchClient", endpoint: str) -> float | None:
    """Return the index above which the endpoint's alarm rings; None where no alarm watches it."""
    alarms = cloudwatch.describe_alarms(AlarmNames=[f"{endpoint}-quality"])["MetricAlarms"]
    return alarms[0].get("Threshold") if alarms else None
