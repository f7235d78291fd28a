"""The metrics of endpoints in CloudWatch: gathered off the hot path, sent about once a second while there are any."""

import logging
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fairway.twin.context import Twin

logger = logging.getLogger(__name__)

NAMESPACE = "AWS/SageMaker"
# Where AWS keeps the metrics of hosts and environments.
HOSTS = "/aws/sagemaker/Endpoints"
ON_HOSTS = {"MemoryUtilization"}
# How often data is sent, in seconds of AWS's time, and the least and most of wall time: alarms look at scaled periods.
FLUSH_SECONDS = 10.0
SHORTEST_FLUSH, LONGEST_FLUSH = 0.1, 1.0
# PutMetricData takes 150 different values in a datum, and 1,000 data.
VALUES = 150
DATA = 1000
# Digits after the first one that latencies keep: percentiles stay right within 1 %, and a datum stays small.
DIGITS = 2

# https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html and the pages of serverless and of
# asynchronous endpoints; what is not named has the unit None.
UNITS = {
    **dict.fromkeys(
        (
            "ModelLatency",
            "OverheadLatency",
            "ModelSetupTime",
            "RequestDownloadLatency",
            "ResponseUploadLatency",
            "TimeInBacklog",
        ),
        "Microseconds",
    ),
    "TotalProcessingTime": "Milliseconds",
    "ApproximateAgeOfOldestRequest": "Seconds",
    "MemoryUtilization": "Percent",
    **dict.fromkeys(
        (
            "ApproximateBacklogSize",
            "ApproximateBacklogSizePerInstance",
            "HasBacklogWithoutCapacity",
            "RequestDownloadFailures",
            "ResponseUploadFailures",
            "NotificationFailures",
            "ExpiredRequests",
            "InvocationFailures",
            "InvocationsProcessed",
            "ServerlessProvisionedConcurrencyExecutions",
            "ServerlessProvisionedConcurrencyInvocations",
            "ServerlessProvisionedConcurrencySpilloverInvocations",
        ),
        "Count",
    ),
}


@dataclass(frozen=True)
class Source:
    """Whose metrics they are."""

    account: str
    region: str
    endpoint: str
    variant: str = ""  # none: they are the whole endpoint's
    config: str = ""

    def dimensions(self) -> list[list[dict[str, str]]]:
        """Return SageMaker's two sets of dimensions: the variant's, and the variant's under one configuration.

        The second tells the fleets of a rollout apart:
        https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        """
        endpoint = [{"Name": "EndpointName", "Value": self.endpoint}]
        if not self.variant:
            return [endpoint]
        variant = [*endpoint, {"Name": "VariantName", "Value": self.variant}]
        return [variant, [*variant, {"Name": "EndpointConfigName", "Value": self.config}]]


@dataclass(frozen=True)
class Invocation:
    """One request to a container: the status, None if nothing was answered, and latencies in microseconds."""

    status: int | None
    model_latency: float
    overhead_latency: float

    def values(self) -> "dict[str, float]":
        """Return what the request adds to each metric; errors get a 0 for each request without one, as on AWS."""
        status = self.status or 0
        return {
            "Invocations": 1.0,
            "ModelLatency": rounded(self.model_latency),
            "OverheadLatency": rounded(self.overhead_latency),
            "Invocation4XXErrors": float(400 <= status < 500),
            "Invocation5XXErrors": float(status >= 500),
            "InvocationModelErrors": float(not 200 <= status < 300),
        }


def rounded(value: float) -> float:
    """Return a value with three significant digits."""
    return float(f"{value:.{DIGITS}e}")


class EndpointMetrics:
    """Gathers invocations and sends them as AWS's own hand. Its thread sleeps while nothing is invoked."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._pause = min(LONGEST_FLUSH, max(SHORTEST_FLUSH, FLUSH_SECONDS / twin.clock.speed))
        self._gathered: dict[tuple[Source, str], Counter[float]] = defaultdict(Counter)
        self._some = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endpoint metrics", daemon=True)
        self._thread.start()

    def record(self, source: Source, values: "Mapping[str, float]") -> None:
        """Take a value of each of these metrics."""
        with self._some:
            for name, value in values.items():
                self._gathered[source, name][value] += 1
            self._some.notify()

    def close(self) -> None:
        """Send what is gathered, and end."""
        self._closed.set()
        with self._some:
            self._some.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self._gathered or self._closed.is_set())
            self._closed.wait(self._pause)
            with self._some:
                gathered, self._gathered = self._gathered, defaultdict(Counter)
            if not gathered and self._closed.is_set():
                return
            self._send(gathered)

    def _send(self, gathered: "Mapping[tuple[Source, str], Counter[float]]") -> None:
        by_place: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        for (source, name), values in gathered.items():
            namespace = HOSTS if name in ON_HOSTS else NAMESPACE
            by_place[source.account, source.region, namespace] += list(data_of(source, name, values))
        for (account, region, namespace), data in by_place.items():
            cloudwatch = self._twin.client("cloudwatch", account=account, region=region)
            try:
                for start in range(0, len(data), DATA):
                    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + DATA])
            except (ClientError, BotoCoreError):
                logger.exception("metrics of endpoints are lost")


def data_of(source: Source, name: str, values: "Counter[float]") -> "Iterator[dict[str, Any]]":
    """Yield the data of one metric: its values and how often each of them came.

    Without a timestamp, CloudWatch takes the moment of their coming; botocore would cut one to whole seconds.
    """
    items = sorted(values.items())
    for dimensions in source.dimensions():
        for start in range(0, len(items), VALUES):
            part = items[start : start + VALUES]
            yield {
                "MetricName": name,
                "Dimensions": dimensions,
                "Unit": UNITS.get(name, "None"),
                "Values": [value for value, _ in part],
                "Counts": [float(times) for _, times in part],
            }
