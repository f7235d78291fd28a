"""The training jobs of a tuning job: what each is asked for, and what their ends make of the tuning job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Request = Mapping[str, Any]
# What SageMaker adds to the hyperparameters of a training that is part of a search.
OBJECTIVE = "_tuning_objective_metric"
# What a training job's request has and a definition does not, or has in another form.
_OWN = ("DefinitionName", "HyperParameterRanges", "StaticHyperParameters", "TuningObjective")
_TOLD = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "TrainingJobStatus",
    "FailureReason",
)
_RUNNING = ("InProgress", "Stopping")
RETRYABLE = "InternalServerError"


def training_request(tuning: Request, name: str, combination: Mapping[str, str]) -> dict[str, Any]:
    """Return the CreateTrainingJob request of one combination: the definition, with hyperparameters of its own."""
    definition = tuning["TrainingJobDefinition"]
    objective = tuning["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective")
    return {
        **{member: value for member, value in definition.items() if member not in _OWN},
        "TrainingJobName": name,
        "HyperParameters": {
            **(definition.get("StaticHyperParameters") or {}),
            **combination,
            **({OBJECTIVE: objective["MetricName"]} if objective else {}),
        },
    }


def summary(tuning: Request, child: Request) -> dict[str, Any]:
    """Return what a tuning job tells of one of its training jobs."""
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    value = final_value(child, objective["MetricName"])
    final = {} if value is None else {"FinalHyperParameterTuningJobObjectiveMetric": {**objective, "Value": value}}
    searched = {
        each["Name"]
        for ranges in tuning["HyperParameterTuningJobConfig"]["ParameterRanges"].values()
        for each in ranges
    }
    definition = tuning["TrainingJobDefinition"].get("DefinitionName")
    return {
        **{member: child[member] for member in _TOLD if member in child},
        **({"TrainingJobDefinitionName": definition} if definition else {}),
        "TuningJobName": tuning["HyperParameterTuningJobName"],
        "TunedHyperParameters": {name: text for name, text in child["HyperParameters"].items() if name in searched},
        "ObjectiveStatus": _objective_status(child, value),
        **final,
    }


def final_value(child: Request, metric: str) -> float | None:
    """Return the last value that a training job has told of the metric; None before its end and where it told none."""
    told = {each["MetricName"]: each["Value"] for each in child.get("FinalMetricDataList") or ()}
    value = told.get(metric)
    return value if value is not None and math.isfinite(value) else None


def _objective_status(child: Request, value: float | None) -> str:
    if child["TrainingJobStatus"] in _RUNNING:
        return "Pending"
    return "Succeeded" if child["TrainingJobStatus"] == "Completed" and value is not None else "Failed"


def best_of(tuning: Request, children: Sequence[Request]) -> dict[str, Any] | None:
    """Return the summary of the completed training job with the best objective, the first of several; None without."""
    found = [told for each in children if (told := summary(tuning, each))["ObjectiveStatus"] == "Succeeded"]
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    choose = max if objective["Type"] == "Maximize" else min
    return choose(found, key=lambda told: told["FinalHyperParameterTuningJobObjectiveMetric"]["Value"], default=None)


def counters(tuning: Request, children: Sequence[Request]) -> dict[str, dict[str, int]]:
    """Return TrainingJobStatusCounters and ObjectiveStatusCounters."""
    statuses = [_counted_as(each) for each in children]
    objectives = [summary(tuning, each)["ObjectiveStatus"] for each in children]
    kinds = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {
        "TrainingJobStatusCounters": {kind: statuses.count(kind) for kind in kinds},
        "ObjectiveStatusCounters": {kind: objectives.count(kind) for kind in ("Succeeded", "Pending", "Failed")},
    }


def _counted_as(child: Request) -> str:
    status = str(child["TrainingJobStatus"])
    if status in _RUNNING:
        return "InProgress"
    if status == "Failed":
        return "RetryableError" if child.get("FailureReason", "").startswith(RETRYABLE) else "NonRetryableError"
    return status


def failure_of(told: Mapping[str, Mapping[str, int]]) -> str | None:
    """Return why a tuning job has failed whose counters these are, when all its training jobs have ended; None if not.

    The sentences are SageMaker's, as users have reported them.
    """
    statuses, objectives = told["TrainingJobStatusCounters"], told["ObjectiveStatusCounters"]
    if not statuses["Completed"]:
        return (
            f"No training job succeeded after {sum(statuses.values())} attempts. For additional details, please take a "
            "look at the training job failures by listing training jobs for the hyperparameter tuning job."
        )
    if not objectives["Succeeded"]:
        return (
            f"No objective metrics found after running {sum(statuses.values())} training jobs. Please ensure that the "
            "custom algorithm is emitting the objective metric as defined by the regular expression provided."
        )
    return None
