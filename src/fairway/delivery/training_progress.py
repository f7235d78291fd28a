"""What the training job of a run says of itself, a line a round, for whoever waits for it."""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingProgress:
    """Reads the log of the first host of the training job of a run, from where it stopped reading."""

    def __init__(self, logs: "CloudWatchLogsClient", run: str, tell: Callable[[str], None]) -> None:
        self._logs, self._tell = logs, tell
        # `run` is in the job's name, between the workflow's prefix, which this does not know, and the attempt.
        self._stream = re.compile(rf"[^/]*{re.escape(run)}-train-\d+/algo-1-.*")
        self._found: str | None = None
        self._token: dict[str, str] = {}

    def look(self) -> None:
        """Tell what the newest line says; nothing while there is none, or where the log may not be read."""
        try:
            name = self._newest_stream()
            if name is None:
                return
            if name != self._found:
                self._found, self._token = name, {}
            page = self._logs.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=name,
                startFromHead=True,
                **self._token,  # type: ignore[arg-type] # one string
            )
        except ClientError:  # it is the training that counts, not that it is watched
            return
        self._token = {"nextToken": page["nextForwardToken"]}
        lines = [text for event in page["events"] if (text := sentence(event["message"]))]
        if lines:
            self._tell(lines[-1])

    def _newest_stream(self) -> str | None:
        page = self._logs.describe_log_streams(
            logGroupName=LOG_GROUP, orderBy="LastEventTime", descending=True, limit=20
        )
        names = (stream["logStreamName"] for stream in page["logStreams"])
        return next((name for name in names if self._stream.fullmatch(name)), None)


def sentence(line: str) -> str | None:
    """Return what a person reads of a line of progress; None for another line."""
    try:
        said: dict[str, Any] = json.loads(line)
        event = said["event"]
    except (ValueError, TypeError, KeyError):
        return None
    if event == "resumed":
        return f"goes on after round {said['round']}"
    if event != "round":
        return None
    return (
        f"round {said['round']} of {said['of']}, log loss {said['validation_logloss']:.4f}, "
        f"{said['rows_per_second']:,} rows/s, {said['seconds_left']:.0f} s left at most, {said['rss_mb']} MB"
    )
