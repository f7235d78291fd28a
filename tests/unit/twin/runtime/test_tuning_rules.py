"""Which tuning jobs are refused: those that SageMaker refuses, and those that the twin cannot run, by name."""

from copy import deepcopy
from typing import Any

import pytest

from fairway.twin.runtime.tuning_rules import tuning_violations, unsupported_tuning

REQUEST: dict[str, Any] = {
    "HyperParameterTuningJobName": "search",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9"}],
            "CategoricalParameterRanges": [{"Name": "booster", "Values": ["a", "b"]}],
        },
        "RandomSeed": 1,
    },
    "TrainingJobDefinition": {
        "StaticHyperParameters": {"rounds": "5"},
        "AlgorithmSpecification": {
            "TrainingImage": "i", "TrainingInputMode": "File", "MetricDefinitions": [{"Name": "loss", "Regex": "x"}],
        },
        "RoleArn": "arn:aws:iam::111111111111:role/r",
        "OutputDataConfig": {"S3OutputPath": "s3://b"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        "StoppingCondition": {},
    },
}  # fmt: skip
GRID = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2"]}, {"Name": "b", "Values": ["x", "y", "z"]}]}


def changed(path, value):
    request = deepcopy(REQUEST)
    *way, last = path.split(".")
    at = request
    for member in way:
        at = at[member]
    at[last] = value
    return request


CONFIG, DEFINITION = "HyperParameterTuningJobConfig", "TrainingJobDefinition"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (f"{CONFIG}.Strategy", "Random", None),
        (f"{CONFIG}.Strategy", "Grid", None),
        (f"{CONFIG}.Strategy", "Bayesian", "the Strategy Bayesian of tuning jobs; it has Random and Grid"),
        (f"{CONFIG}.Strategy", "Hyperband", "the Strategy Hyperband of tuning jobs; it has Random and Grid"),
        (f"{CONFIG}.TrainingJobEarlyStoppingType", "Auto", "TrainingJobEarlyStoppingType Auto"),
        (f"{CONFIG}.TrainingJobEarlyStoppingType", "Off", None),
        ("Autotune", {"Mode": "Enabled"}, "tuning jobs with Autotune"),
        ("WarmStartConfig", {"WarmStartType": "TransferLearning"}, "tuning jobs with WarmStartConfig"),
        ("TrainingJobDefinitions", [{}], "tuning jobs with TrainingJobDefinitions"),
        (f"{CONFIG}.StrategyConfig", {"x": {}}, "tuning jobs with StrategyConfig"),
        (f"{CONFIG}.TuningJobCompletionCriteria", {"x": 1}, "tuning jobs with TuningJobCompletionCriteria"),
        (f"{CONFIG}.ResourceLimits.MaxRuntimeInSeconds", 600, "tuning jobs with ResourceLimits.MaxRuntimeInSeconds"),
        (f"{CONFIG}.ParameterRanges.AutoParameters", [{}], "tuning jobs with ParameterRanges.AutoParameters"),
        (f"{DEFINITION}.TuningObjective", {"x": 1}, "tuning jobs with TrainingJobDefinition.TuningObjective"),
        (f"{DEFINITION}.HyperParameterRanges", {"x": 1}, "tuning jobs with TrainingJobDefinition.HyperParameterRanges"),
        (f"{DEFINITION}.EnableNetworkIsolation", True, "EnableNetworkIsolation"),
        (f"{DEFINITION}.ResourceConfig.InstanceCount", 9, "training on more than 8 instances"),
        (f"{DEFINITION}.EnableManagedSpotTraining", True, None),
        (f"{DEFINITION}.ResourceConfig.InstanceCount", 2, None),
    ],
)
def test_what_the_twin_does_not_have_is_named(path, value, named):
    said = unsupported_tuning(changed(path, value))
    assert said is None if named is None else str(said).startswith(named)


def numbers(low, high, scaling="Auto", kind="Continuous"):
    return {
        f"{kind}ParameterRanges": [{"Name": "eta", "MinValue": low, "MaxValue": high, "ScalingType": scaling}],
        "CategoricalParameterRanges": [{"Name": "booster", "Values": list("abcd")}],
    }


RANGES, LIMITS = f"{CONFIG}.ParameterRanges", f"{CONFIG}.ResourceLimits"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (f"{CONFIG}.RandomSeed", 2, None),
        (DEFINITION, None, "A tuning job needs a TrainingJobDefinition."),
        (f"{DEFINITION}.ResourceConfig", None, "The TrainingJobDefinition needs a ResourceConfig."),
        (f"{CONFIG}.HyperParameterTuningJobObjective", None, "A metric is required for this"),
        (f"{CONFIG}.HyperParameterTuningJobObjective.MetricName", "auc", "Provide a metric in the metric definitions."),
        (f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions", None, "A metric is required for this"),
        (
            f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions",
            [{"Name": "loss", "Regex": "x"}] * 21,
            "at most 20 metric definitions; 21 came",
        ),
        (RANGES, None, "needs ParameterRanges with at least one hyperparameter"),
        (RANGES, {}, "needs ParameterRanges with at least one hyperparameter"),
        (RANGES, numbers("a", "1"), "The ends of ParameterRanges are numbers"),
        (RANGES, numbers("0.5", "1", kind="Integer"), "whole ones of IntegerParameterRanges"),
        (RANGES, numbers("0.5", "0.5"), None),
        (RANGES, numbers("0.6", "0.5"), "eta has the MinValue 0.6, which is greater than its MaxValue 0.5"),
        (RANGES, numbers("0", "1", "Logarithmic"), "eta is scaled Logarithmic, which needs values greater than 0"),
        (RANGES, numbers("0.1", "1", "Logarithmic"), None),
        (RANGES, numbers("0", "0.9", "ReverseLogarithmic"), None),
        (RANGES, numbers("0", "1", "ReverseLogarithmic"), "needs values from 0 up to 1, without 1"),
        (RANGES, numbers("-1", "0.9", "ReverseLogarithmic"), "needs values from 0 up to 1, without 1"),
        (RANGES, numbers("0", "9", "ReverseLogarithmic", "Integer"), "integers, which have no scale Reverse"),
        (f"{DEFINITION}.StaticHyperParameters", {"depth": "3"}, "searched or static; depth is both"),
        (f"{DEFINITION}.StaticHyperParameters", {f"p{n}": "" for n in range(98)}, "at most 100 hyperparameters"),
        (f"{DEFINITION}.StaticHyperParameters", {f"p{n}": "" for n in range(97)}, None),
        (f"{DEFINITION}.StaticHyperParameters", {"_tuning_objective_metric": "x"}, "SageMaker adds by itself"),
        (
            f"{RANGES}.CategoricalParameterRanges",
            [{"Name": "depth", "Values": ["1"]}],
            "has one range; depth has several",
        ),
        (
            f"{RANGES}.CategoricalParameterRanges",
            [{"Name": f"c{n}", "Values": ["1"]} for n in range(30)],
            "searches at most 30 hyperparameters; 31 came",
        ),
        (f"{LIMITS}.MaxParallelTrainingJobs", 5, "MaxParallelTrainingJobs 5 is greater than MaxNumberOfTrainingJobs 4"),
        (f"{LIMITS}.MaxParallelTrainingJobs", 101, "at most 10000 training jobs, 100 of them in parallel"),
        (f"{LIMITS}.MaxNumberOfTrainingJobs", 10_001, "at most 10000 training jobs, 100 of them in parallel"),
        (f"{LIMITS}.MaxNumberOfTrainingJobs", None, "A Random search needs ResourceLimits.MaxNumberOfTrainingJobs"),
        (f"{LIMITS}.MaxNumberOfTrainingJobs", 16, None),
        (
            f"{LIMITS}.MaxNumberOfTrainingJobs",
            17,
            "for the provided ranges [16.0] must be equal or greater than the value of MaxNumberOfJobs, [17]",
        ),
        (f"{CONFIG}.Strategy", "Grid", "has categorical hyperparameters only; depth is a range of numbers"),
    ],
)
def test_what_sagemaker_refuses_is_refused(path, value, sentence):
    said = " ".join(tuning_violations(changed(path, value)))
    assert said == "" if sentence is None else sentence in said


@pytest.mark.parametrize(("jobs", "refused"), [(None, False), (6, False), (5, True), (7, True)])
def test_a_grid_has_as_many_jobs_as_combinations(jobs, refused):
    request = changed(RANGES, GRID)
    request[CONFIG] |= {
        "Strategy": "Grid",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 1},
    }
    said = list(tuning_violations(request))
    assert bool(said) == refused
    assert all("the number of its combinations, 6" in sentence for sentence in said)


def test_a_grid_has_no_more_combinations_than_jobs_may_be():
    many = {"CategoricalParameterRanges": [{"Name": n, "Values": [str(v) for v in range(30)]} for n in "abc"]}
    request = changed(RANGES, many)
    request[CONFIG] |= {"Strategy": "Grid", "ResourceLimits": {"MaxParallelTrainingJobs": 1}}
    assert "there are at most 10000" in " ".join(tuning_violations(request))
