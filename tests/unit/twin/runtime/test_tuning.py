"""The course of a tuning job, whose training jobs end when the test says so."""

import queue
import threading
from copy import deepcopy
from typing import Any

import pytest
from tests.unit.twin.runtime.test_tuning_rules import CONFIG, GRID, REQUEST

from fairway.twin.clock import Clock
from fairway.twin.context import Resource
from fairway.twin.runtime.tuning import TuningRun, combinations_of
from fairway.twin.runtime.tuning_children import counters
from fairway.twin.store import Store


class Trainings:
    """Stands for the engine of training jobs: remembers what was begun and stopped."""

    def __init__(self) -> None:
        self.begun: list[Resource] = []
        self.stopped: list[str] = []
        self._ended: dict[str, Any] = {}
        self._some = threading.Condition()

    def start(self, child: Resource, ended: Any) -> None:
        with self._some:
            self.begun.append(child)
            self._ended[child.name] = ended
            self._some.notify_all()

    def stop(self, child: Resource) -> None:
        self.stopped.append(child.name)

    def wait(self, count: int) -> None:
        with self._some:
            assert self._some.wait_for(lambda: len(self.begun) >= count, timeout=10)

    def end(self, number: int, status: str, loss: float | None = None) -> None:
        child = self.begun[number]
        told = [] if loss is None else [{"MetricName": "loss", "Value": loss}]
        child.attributes = {**child.attributes, "TrainingJobStatus": status, "FinalMetricDataList": told}
        self._ended[child.name]()


class Twin:
    """What a tuning job needs of the twin."""

    def __init__(self, trainings: Trainings) -> None:
        self.clock = Clock()
        self.store = Store(self.clock)
        self.trainings = trainings
        self.told: list[str] = []

    def engine(self, _kind: type) -> Trainings:
        return self.trainings

    def emit(self, **event: Any) -> None:
        self.told.append(event["detail"]["HyperParameterTuningJobStatus"])


@pytest.fixture
def trainings():
    return Trainings()


@pytest.fixture
def twin(trainings):
    return Twin(trainings)


@pytest.fixture
def begin(twin, monkeypatch):
    """Begin with a search of six combinations, two at a time; return it, its thread and what CloudTrail is told."""
    monkeypatch.setattr(TuningRun, "_record", lambda _run, operation, _parameters: recorded.append(operation))
    recorded: list[str] = []
    request = deepcopy(REQUEST)
    request[CONFIG] |= {
        "Strategy": "Grid", "ResourceLimits": {"MaxParallelTrainingJobs": 2}, "ParameterRanges": GRID,
    }  # fmt: skip
    resource = Resource("HyperParameterTuningJob", "1" * 12, "us-east-1", "search", "arn:search", {
        **request, **counters(request, []), "HyperParameterTuningJobStatus": "InProgress"})  # fmt: skip
    twin.store.add(resource)

    def start():
        run = TuningRun(twin, resource)
        thread = threading.Thread(target=run.run, daemon=True)
        thread.start()
        return run, thread, recorded

    return start


def over(thread):
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_the_next_one_begins_when_one_has_ended(begin, trainings):
    run, thread, recorded = begin()
    for number in range(6):
        trainings.wait(min(number + 2, 6))
        assert len(trainings.begun) == min(number + 2, 6)
        trainings.end(number, "Completed", loss=10 - number)
    over(thread)
    told = run.resource.attributes
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["BestTrainingJob"]["TrainingJobName"] == trainings.begun[5].name
    assert [child.name[:11] for child in trainings.begun] == [f"search-00{number}-" for number in range(1, 7)]
    assert recorded == ["CreateTrainingJob"] * 6


def test_the_best_is_known_before_the_end(begin, trainings):
    run, thread, _ = begin()
    trainings.wait(2)
    trainings.end(1, "Completed", loss=0.5)
    trainings.wait(3)
    assert run.resource.attributes["BestTrainingJob"]["TrainingJobName"] == trainings.begun[1].name
    run.halt()
    for number in (0, 2):
        trainings.end(number, "Completed", loss=0.6)
    over(thread)


@pytest.mark.parametrize("ask", [TuningRun.stop, TuningRun.halt])
def test_nothing_begins_after_the_request_to_end(begin, trainings, ask):
    run, thread, _ = begin()
    trainings.wait(2)
    ask(run)
    trainings.end(0, "Stopped")
    trainings.end(1, "Stopped")
    over(thread)
    assert len(trainings.begun) == 2
    assert run.resource.attributes["HyperParameterTuningJobStatus"] == "Stopped"


def test_a_stop_stops_what_runs_and_is_told(begin, trainings, twin):
    run, thread, recorded = begin()
    trainings.wait(2)
    run.stop()
    assert run.resource.attributes["HyperParameterTuningJobStatus"] == "Stopping"
    assert trainings.stopped == [child.name for child in trainings.begun]
    assert recorded == ["CreateTrainingJob"] * 2 + ["StopTrainingJob"] * 2
    trainings.end(0, "Completed", loss=0.1)
    trainings.end(1, "Stopped")
    over(thread)
    assert twin.told[-1] == "Stopped"
    assert "Stopping" in twin.told


def test_one_that_has_ended_is_not_stopped(begin, trainings):
    run, thread, _ = begin()
    for number in range(6):
        trainings.wait(number + 1)
        trainings.end(number, "Failed")
    over(thread)
    run.stop()
    assert run.resource.attributes["HyperParameterTuningJobStatus"] == "Failed"
    assert trainings.stopped == []


def test_whom_an_event_reaches_may_stop_the_search(begin, trainings, twin, monkeypatch):
    runs: queue.SimpleQueue[TuningRun] = queue.SimpleQueue()
    ended_in_time: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def stop_elsewhere(**event):
        told = event["detail"]
        if (
            told["HyperParameterTuningJobStatus"] == "InProgress"
            and told["TrainingJobStatusCounters"]["InProgress"] == 2
        ):
            # As a function does that a rule calls: it is waited for, and its own call comes by another thread.
            stopper = threading.Thread(target=runs.get(timeout=10).stop, daemon=True)
            stopper.start()
            stopper.join(timeout=10)
            ended_in_time.put(not stopper.is_alive())

    monkeypatch.setattr(twin, "emit", stop_elsewhere)
    run, thread, _ = begin()
    runs.put(run)
    assert ended_in_time.get(timeout=20)
    for number in (0, 1):
        trainings.end(number, "Stopped")
    over(thread)
    assert run.resource.attributes["HyperParameterTuningJobStatus"] == "Stopped"


def test_a_defect_of_the_twin_ends_the_search(begin, trainings, monkeypatch):
    def broken(_child, _ended):
        raise RuntimeError("nothing starts")

    monkeypatch.setattr(trainings, "start", broken)
    run, thread, _ = begin()
    over(thread)
    told = run.resource.attributes
    assert told["HyperParameterTuningJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("InternalServerError: ")


@pytest.mark.parametrize(("strategy", "count"), [("Grid", 6), ("Random", 3)])
def test_the_strategy_says_what_is_tried(strategy, count):
    limits = {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1}
    config = {"Strategy": strategy, "ResourceLimits": limits, "ParameterRanges": GRID, "RandomSeed": 1}
    assert len(combinations_of(config)) == count
