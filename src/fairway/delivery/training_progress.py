"""What the training of a run says of itself, a line a round, for whoever waits for it; of a search, how far it is."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sagemaker import SageMakerClient

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingProgress:
    """Reads the logs of the first hosts of a run's training jobs, each from where it stopped reading."""

    def __init__(
        self, logs: "CloudWatchLogsClient", sagemaker: "SageMakerClient", run: str, tell: Callable[[str], None]
    ) -> None:
        self._logs, self._sagemaker, self._tell = logs, sagemaker, tell
        # `run`, or of a search its hash, is in the job's name, between the workflow's prefix, which this does not know,
        # and the attempt; the trainings of a search have their number behind it.
        self._stream = re.compile(
            rf"[^/]*{re.escape(run)}-train-\d+/algo-1-.*"
            rf"|(?P<search>[^/]*{hash_of(run)}-\d+)-(?P<number>\d{{3,}})-[0-9a-f]+/algo-1-.*"
        )
        self._tokens: dict[str, str] = {}

    def look(self) -> None:
        """Tell what the newest line says; nothing while there is none, or where the log may not be read."""
        try:
            found = self._newest_stream()
            if found is None:
                return
            lines = [text for message in self._read(found[0]) if (text := sentence(message))]
            if lines:
                self._tell(f"{self._place(found)}{lines[-1]}")
        except ClientError:  # it is the training that counts, not that it is watched
            return

    def _newest_stream(self) -> "re.Match[str] | None":
        page = self._logs.describe_log_streams(
            logGroupName=LOG_GROUP, orderBy="LastEventTime", descending=True, limit=20
        )
        found = (self._stream.fullmatch(stream["logStreamName"]) for stream in page["logStreams"])
        return next((match for match in found if match), None)

    def _read(self, stream: str) -> list[str]:
        token = {"nextToken": self._tokens[stream]} if stream in self._tokens else {}
        page = self._logs.get_log_events(
            logGroupName=LOG_GROUP,
            logStreamName=stream,
            startFromHead=True,
            **token,  # type: ignore[arg-type] # one string
        )
        self._tokens[stream] = page["nextForwardToken"]
        return [event["message"] for event in page["events"]]

    def _place(self, stream: "re.Match[str]") -> str:
        if stream["search"] is None:
            return ""
        told = self._sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=stream["search"])
        return f"{place_in(told, int(stream['number']))}; "


def hash_of(run: str) -> str:
    """Return what stands for a run in the name of its tuning job, which is too short for more."""
    return hashlib.sha256(run.encode()).hexdigest()[:16]


def place_in(search: Mapping[str, Any], number: int) -> str:
    """Return which training of a search it is, how many have ended, and what the best of these has reached."""
    counters, best = search["TrainingJobStatusCounters"], search.get("BestTrainingJob")
    of = search["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    told = f"training {number} of {of}, {sum(counters.values()) - counters['InProgress']} ended"
    if best is None:
        return told
    reached = best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    return f"{told}, best {reached:.4f} by training {int(best['TrainingJobName'].split('-')[-2])}"


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
