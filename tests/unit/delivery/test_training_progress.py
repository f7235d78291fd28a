"""What a person sees of a training that is under way."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fairway.delivery.training_progress import TrainingProgress, sentence

ROUND = {
    "event": "round", "round": 7, "of": 600, "train_logloss": 0.4, "validation_logloss": 0.51234,
    "rows_per_second": 1_234_567, "seconds_left": 30.4, "rss_mb": 320,
}  # fmt: skip
SAID = "round 7 of 600, log loss 0.5123, 1,234,567 rows/s, 30 s left at most, 320 MB"


class Logs:
    """Streams by name, the newest first; each is read from where the caller stopped."""

    def __init__(self, streams: dict[str, list[str]]) -> None:
        self.streams = streams

    def describe_log_streams(self, **_: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": name} for name in self.streams]}

    def get_log_events(self, *, logStreamName: str, nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803 -- as boto3 spells it
        lines = self.streams[logStreamName]
        events = [{"message": line} for line in lines[int(nextToken) :]]
        return {"events": events, "nextForwardToken": str(len(lines))}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps(ROUND), SAID),
        ('{"event": "resumed", "round": 25}', "goes on after round 25"),
        ('{"event": "quality"}', None),
        ("[1]", None),
        ("Traceback", None),
    ],
)
def test_a_line_becomes_a_sentence(line: str, said: str | None):
    assert sentence(line) == said


def test_the_newest_line_of_the_runs_own_job_is_told_once():
    logs = Logs({"other-run-train-0/algo-1-1": [json.dumps(ROUND)], "flights-dev-run-1-train-0/algo-1-1": []})
    told: list[str] = []
    progress = TrainingProgress(logs, "run-1", told.append)  # type: ignore[arg-type] # a stand-in
    progress.look()
    assert told == []
    logs.streams["flights-dev-run-1-train-0/algo-1-1"] += ["{}", '{"event": "resumed", "round": 6}', json.dumps(ROUND)]
    progress.look()
    progress.look()
    assert told == [SAID]


def test_a_log_that_may_not_be_read_is_no_failure():
    class Denied:
        def describe_log_streams(self, **_: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeLogStreams")

    TrainingProgress(Denied(), "run-1", pytest.fail).look()  # type: ignore[arg-type] # a stand-in
