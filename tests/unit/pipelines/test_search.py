"""A search in the training workflow: when it is chosen, what it asks SageMaker for, and what goes on."""

import json

import pytest
from tests.unit.pipelines.asl import evaluate
from tests.unit.pipelines.workflow import INPUT, RUN, arguments_of, filled

from fairway.delivery.training_progress import hash_of
from fairway.twin.runtime.training_files import MetricReader
from model import SEARCH


@pytest.fixture(scope="module")
def states():
    return filled()


@pytest.mark.parametrize(
    ("jobs", "search", "chosen"),
    [(0, INPUT["search"], "Train"), (0, None, "Train"), (8, INPUT["search"], "Tune"), (8, None, "NothingToSearch")],
)
def test_an_environment_that_searches_needs_something_to_search(jobs, search, chosen):
    states = filled(tuning_jobs=jobs)
    rules = states["Search"]["Choices"]
    found = (rule["Next"] for rule in rules if evaluate(rule["Condition"], {"search": search}) is True)
    assert next(found, states["Search"]["Default"]) == chosen


def test_a_training_of_a_search_is_asked_for_what_a_training_is(states):
    trained, searched = (arguments_of(states, name) for name in ("Train", "Tune"))
    definition = searched["TrainingJobDefinition"]
    assert definition.pop("StaticHyperParameters") == trained.pop("HyperParameters")
    assert trained.pop("TrainingJobName") != searched["HyperParameterTuningJobName"]
    assert trained.pop("Tags") == searched["Tags"]
    assert definition == trained


def test_what_the_model_declares_is_searched_and_what_the_input_fixes_is_not(states):
    config = arguments_of(states, "Tune")["HyperParameterTuningJobConfig"]
    names = {each["Name"] for ranges in config["ParameterRanges"].values() for each in ranges}
    assert names == set(SEARCH["ranges"]) - {"max_depth"}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 8, "MaxParallelTrainingJobs": 2}
    assert (config["Strategy"], config["RandomSeed"]) == ("Random", 2013)


def test_the_objective_is_a_metric_that_the_training_tells_last(states):
    searched = arguments_of(states, "Tune")
    metrics = searched["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]
    objective = searched["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    assert objective == {"Type": "Minimize", "MetricName": "validation:best_logloss"}
    reader = MetricReader([each for each in metrics if each["Name"] == objective["MetricName"]])
    told = {"train_logloss": 0.6, "validation_logloss": 0.5125, "rows_per_second": 1, "seconds_left": 1.0, "rss_mb": 1}
    assert reader.read(json.dumps({"event": "round", "round": 3, "of": 9, **told})) == {}
    line = json.dumps({"event": "boosted", "round": 9, "best_round": 4, "validation_logloss": 0.5125})
    assert reader.read(line) == {objective["MetricName"]: 0.5125}


def test_a_searchs_name_is_the_runs_hash_and_the_attempt(states):
    name = arguments_of(states, "Tune")["HyperParameterTuningJobName"]
    assert name == f"{'b' * 13}-{hash_of(RUN)}-2", "whoever waits finds it by the run"
    assert len(name) == 32  # no more is taken


def test_the_best_training_is_evaluated_as_the_only_one_would_be(states):
    assert arguments_of(states, "Best") == {"TrainingJobName": "search-003-ab"}
    assert (states["Best"]["Assign"], states["Best"]["Next"]) == (states["Train"]["Assign"], states["Train"]["Next"])


def test_a_run_with_nothing_to_search_says_why(states):
    cause = evaluate(states["NothingToSearch"]["Cause"], {"run": "r-1"})
    assert "the input of the run r-1 names none: its search is null" in cause
