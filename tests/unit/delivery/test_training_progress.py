"""What a person sees of a training that is under way."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fairway.delivery.training_progress import TrainingProgress, hash_of, place_in, sentence

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


class SageMaker:
    """Knows one tuning job."""

    def __init__(self, **told: Any) -> None:
        self.told = told

    def describe_hyper_parameter_tuning_job(self, *, HyperParameterTuningJobName: str) -> Any:  # noqa: N803 -- see above
        return self.told[HyperParameterTuningJobName]


def tuning(best: tuple[str, float] | None = None, **counters: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 8}},
        "TrainingJobStatusCounters": {"Completed": 0, "InProgress": 2, "NonRetryableError": 0, "Stopped": 0} | counters,
    }
    if best is None:
        return told
    final = {"MetricName": "validation:best_logloss", "Value": best[1]}
    return told | {
        "BestTrainingJob": {"TrainingJobName": best[0], "FinalHyperParameterTuningJobObjectiveMetric": final}
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (json.dumps(ROUND), SAID),
        ('{"event": "resumed", "round": 25}', "goes on after round 25"),
        ('{"event": "quality"}', None),
        ('{"event": "boosted", "round": 9, "best_round": 4, "validation_logloss": 0.5}', None),
        ("[1]", None),
        ("Traceback", None),
    ],
)
def test_a_line_becomes_a_sentence(line: str, said: str | None):
    assert sentence(line) == said


def test_the_newest_line_of_the_runs_own_job_is_told_once():
    logs = Logs({"other-run-train-0/algo-1-1": [json.dumps(ROUND)], "flights-dev-run-1-train-0/algo-1-1": []})
    told: list[str] = []
    progress = TrainingProgress(logs, SageMaker(), "run-1", told.append)  # type: ignore[arg-type] # a stand-in
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

    TrainingProgress(Denied(), SageMaker(), "run-1", pytest.fail).look()  # type: ignore[arg-type] # a stand-in


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (tuning(), "training 3 of 8, 0 ended"),
        (
            tuning(("flights-dev-ab-0-002-cd", 0.51234), Completed=2, NonRetryableError=1),
            "training 3 of 8, 3 ended, best 0.5123 by training 2",
        ),
    ],
)
def test_a_search_is_told_in_numbers(search: dict[str, Any], said: str):
    assert place_in(search, 3) == said


def test_each_training_of_a_search_is_read_on_where_it_was_left():
    search = f"flights-dev-{hash_of('run-1')}-0"
    first, second = (f"{search}-00{number}-abcd1234/algo-1-9" for number in (1, 2))
    logs = Logs({second: [], first: [json.dumps(ROUND)], f"{search}-001-abcd1234/algo-2-9": [json.dumps(ROUND)]})
    told: list[str] = []
    sagemaker = SageMaker(**{search: tuning()})
    progress = TrainingProgress(logs, sagemaker, "run-1", told.append)  # type: ignore[arg-type] # stand-ins
    progress.look()
    assert told == []
    logs.streams = {first: logs.streams[first], second: []}
    progress.look()
    logs.streams = {second: [json.dumps(ROUND)], first: logs.streams[first]}
    progress.look()
    logs.streams = {first: logs.streams[first], second: logs.streams[second]}
    progress.look()
    assert told == [f"training {number} of 8, 0 ended; {SAID}" for number in (1, 2)]


def test_another_runs_search_is_not_told():
    logs = Logs({f"flights-dev-{hash_of('run-2')}-0-001-abcd1234/algo-1-9": [json.dumps(ROUND)]})
    TrainingProgress(logs, SageMaker(), "run-1", pytest.fail).look()  # type: ignore[arg-type] # stand-ins


def test_a_search_that_may_not_be_looked_at_is_no_failure():
    class Denied(SageMaker):
        def describe_hyper_parameter_tuning_job(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeHyperParameterTuningJob")

    logs = Logs({f"flights-dev-{hash_of('run-1')}-0-001-abcd1234/algo-1-9": [json.dumps(ROUND)]})
    TrainingProgress(logs, Denied(), "run-1", pytest.fail).look()  # type: ignore[arg-type] # stand-ins
