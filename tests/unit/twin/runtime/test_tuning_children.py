"""What a tuning job asks of its training jobs, and what it says of them."""

import pytest
from tests.unit.twin.runtime.test_tuning_rules import REQUEST

from fairway.twin.runtime.tuning_children import best_of, counters, failure_of, final_value, summary, training_request


def child(number, status="Completed", loss=None, reason=None):
    told = [] if loss is None else [{"MetricName": "loss", "Value": loss}, {"MetricName": "auc", "Value": 1.0}]
    return {
        **training_request(REQUEST, f"search-{number:03d}-ab", {"depth": str(number), "booster": "a"}),
        "TrainingJobArn": f"arn:{number}",
        "TrainingJobStatus": status,
        "FinalMetricDataList": told,
        **({"FailureReason": reason} if reason else {}),
    }


def test_a_training_is_asked_for_as_the_definition_says_with_its_own_hyperparameters():
    definition = REQUEST["TrainingJobDefinition"]
    asked = training_request(REQUEST, "search-001-ab", {"depth": "4", "booster": "b"})
    assert asked["HyperParameters"] == {
        "rounds": "5", "depth": "4", "booster": "b", "_tuning_objective_metric": "loss",
    }  # fmt: skip
    assert asked["TrainingJobName"] == "search-001-ab"
    assert "StaticHyperParameters" not in asked
    kept = ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    assert {member: asked[member] for member in kept} == {member: definition[member] for member in kept}


def test_a_summary_has_what_was_searched_and_the_objective():
    told = summary(REQUEST, child(3, loss=0.5))
    assert told["TunedHyperParameters"] == {"depth": "3", "booster": "a"}
    assert told["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Minimize", "MetricName": "loss", "Value": 0.5,
    }  # fmt: skip
    assert told["TuningJobName"] == "search"
    assert "TrainingJobDefinitionName" not in told


def test_a_definitions_name_is_told():
    named = REQUEST | {"TrainingJobDefinition": REQUEST["TrainingJobDefinition"] | {"DefinitionName": "trees"}}
    assert summary(named, child(3))["TrainingJobDefinitionName"] == "trees"


@pytest.mark.parametrize(
    ("status", "loss", "objective"),
    [
        ("InProgress", None, "Pending"),
        ("InProgress", 0.5, "Pending"),  # it uploads
        ("Stopping", 0.5, "Pending"),
        ("Completed", 0.5, "Succeeded"),
        ("Completed", None, "Failed"),
        ("Completed", float("nan"), "Failed"),
        ("Stopped", 0.5, "Failed"),
        ("Failed", 0.5, "Failed"),
    ],
)
def test_an_objective_counts_when_its_training_has_completed(status, loss, objective):
    assert summary(REQUEST, child(1, status, loss))["ObjectiveStatus"] == objective


def test_the_last_value_of_a_metric_is_its_final_one():
    told = {"FinalMetricDataList": [{"MetricName": "loss", "Value": 0.7}, {"MetricName": "loss", "Value": 0.6}]}
    assert final_value(told, "loss") == 0.6
    assert final_value({}, "loss") is None


CHILDREN = [
    child(1, loss=0.5), child(2, loss=0.4), child(3, "Failed", 0.1, "AlgorithmError: no"), child(4, loss=0.4),
    child(5, "Stopped", 0.2), child(6), child(7, "InProgress"), child(8, "Stopping"),
    child(9, "Failed", None, "InternalServerError: We"), child(10, "Failed", None, "ClientError: no"),
]  # fmt: skip


@pytest.mark.parametrize(("goal", "best"), [("Minimize", "search-002-ab"), ("Maximize", "search-001-ab")])
def test_the_best_is_the_first_completed_one_that_none_is_better_than(goal, best):
    config = REQUEST["HyperParameterTuningJobConfig"]
    objective = config["HyperParameterTuningJobObjective"] | {"Type": goal}
    tuning = REQUEST | {"HyperParameterTuningJobConfig": config | {"HyperParameterTuningJobObjective": objective}}
    found = best_of(tuning, CHILDREN)
    assert found is not None
    assert found["TrainingJobName"] == best
    assert found["ObjectiveStatus"] == "Succeeded"


def test_without_an_objective_there_is_no_best():
    assert best_of(REQUEST, [child(1), child(2, "Failed", 0.1)]) is None


def test_training_jobs_and_objectives_are_counted():
    assert counters(REQUEST, CHILDREN) == {
        "TrainingJobStatusCounters": {
            "Completed": 4, "InProgress": 2, "RetryableError": 1, "NonRetryableError": 2, "Stopped": 1,
        },
        "ObjectiveStatusCounters": {"Succeeded": 3, "Pending": 2, "Failed": 5},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("children", "sentence"),
    [
        ([child(1, "Failed", 0.1), child(2, loss=0.4)], None),
        ([child(1, "Failed", 0.1), child(2, "Stopped")], "No training job succeeded after 2 attempts."),
        ([child(1), child(2)], "No objective metrics found after running 2 training jobs."),
        ([child(1), child(2, loss=0.1)], None),
    ],
)
def test_a_search_fails_when_nothing_came_of_it(children, sentence):
    said = failure_of(counters(REQUEST, children))
    assert said is None if sentence is None else str(said).startswith(sentence)
