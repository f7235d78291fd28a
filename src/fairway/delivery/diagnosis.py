"""Why a rollout did not end as it should: what SageMaker says, the alarms that rang, the containers' last words."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fairway.delivery.alarms import watching

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sagemaker import SageMakerClient

LINES = 3
STREAMS = 10


def diagnose(
    sagemaker: "SageMakerClient", cloudwatch: "CloudWatchClient", logs: "CloudWatchLogsClient", endpoint: str,
    since: datetime,
) -> list[str]:  # fmt: skip
    """Return a sentence for each thing that explains what happened to `endpoint` since then."""
    try:
        told: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        told = {"FailureReason": error.response["Error"].get("Message", str(error))}
    reason = told.get("FailureReason")
    return [
        *([f"SageMaker says: {reason}"] if reason else []),
        *_alarms(cloudwatch, told, since),
        *_last_words(logs, f"/aws/sagemaker/Endpoints/{endpoint}", since),
    ]


def transform_words(logs: "CloudWatchLogsClient", run: str) -> str:
    """Return what the log of a run's transform job says last of the data, which its FailureReason only points to."""
    group = "/aws/sagemaker/TransformJobs"
    try:
        newest = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=STREAMS)
        names = [stream["logStreamName"] for stream in newest["logStreams"]]
        for name in names:
            if run in name and name.endswith("/data-log"):
                events = logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
                lines = [event["message"].partition("[sagemaker logs]:")[2].strip() for event in events]
                return next((line for line in reversed(lines) if line), "")[:500]
    except ClientError:  # no job has begun, or the log may not be read
        pass
    return ""


def _alarms(cloudwatch: "CloudWatchClient", endpoint: Mapping[str, Any], since: datetime) -> Iterator[str]:
    for alarm in watching(cloudwatch, endpoint):
        history = cloudwatch.describe_alarm_history(
            AlarmName=alarm["AlarmName"],
            HistoryItemType="StateUpdate",
            StartDate=since,
            EndDate=datetime.now(since.tzinfo),
        )["AlarmHistoryItems"]
        for item in history:
            state = json.loads(item.get("HistoryData") or "{}").get("newState", {})
            if state.get("stateValue") == "ALARM":
                yield f"The alarm {alarm['AlarmName']} rang: {state.get('stateReason', item['HistorySummary'])}"
                break


def _last_words(logs: "CloudWatchLogsClient", group: str, since: datetime) -> Iterator[str]:
    """Yield the newest errors of the containers that wrote since then: those that failed wrote last."""
    start = int(since.timestamp() * 1000)
    try:
        streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=STREAMS)
    except ClientError:
        return  # no container has ever started
    words: dict[str, int] = {}
    for stream in streams["logStreams"]:
        found = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startTime=start)
        for event in found["events"]:
            if text := _error_in(event["message"]):
                words[text] = event["timestamp"]
    for text in sorted(words, key=words.__getitem__)[-LINES:]:
        yield f"A container said: {text}"


def _error_in(line: str) -> str | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("level") not in ("ERROR", "CRITICAL"):
        return None
    return str(told.get("message", ""))[:300]
