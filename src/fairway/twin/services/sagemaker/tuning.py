"""Tuning jobs: checked and stored here, run by the engine; the training jobs that they start are listed here too."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.support import refusal
from fairway.twin.runtime.tuning import TuningEngine
from fairway.twin.runtime.tuning_children import counters, summary
from fairway.twin.runtime.tuning_rules import tuning_violations, unsupported_tuning
from fairway.twin.services.sagemaker.jobs import TRAINING_JOB, check_waiting, declare_job
from fairway.twin.services.sagemaker.resources import PRINCIPAL, Kind, create, page_of

# The sentences are SageMaker's, as users have reported them.
TUNING_JOB = Kind(
    "HyperParameterTuningJob",
    "hyper-parameter-tuning-job",
    missing="Amazon SageMaker can't find a tuning job called {name}. Type another name.",
    missing_code="ResourceNotFound",
    taken="A hyperparameter tuning job with the name, {name}, already exists. Choose a different name.",
    taken_code="ResourceInUse",
    status="HyperParameterTuningJobStatus",
)
CHILDREN = "ListTrainingJobsForHyperParameterTuningJob"


@operation("sagemaker", "CreateHyperParameterTuningJob", resource=TUNING_JOB.named, trusted_by=PRINCIPAL)
def create_tuning_job(call: Call) -> Mapping[str, Any]:
    """Store and start a tuning job, whose tags its training jobs have too."""
    what = unsupported_tuning(call.params)
    if what is not None:
        raise refusal(what)
    broken = list(tuning_violations(call.params))
    if broken:
        raise ValidationError(" ".join(broken))
    check_waiting(call.params["TrainingJobDefinition"])
    config = call.params["HyperParameterTuningJobConfig"]
    job = create(
        call,
        TUNING_JOB,
        HyperParameterTuningJobStatus="InProgress",
        **counters(call.params, []),
        # Members of the summary.
        Strategy=config["Strategy"],
        ResourceLimits=config["ResourceLimits"],
    )
    call.twin.engine(TuningEngine).start(job)
    return {"HyperParameterTuningJobArn": job.arn}


declare_job(TUNING_JOB, TuningEngine)


@operation("sagemaker", CHILDREN, resource=TUNING_JOB.named)
def list_children(call: Call) -> Mapping[str, Any]:
    """Return a page of the training jobs of a tuning job, by name unless the request sorts them otherwise."""
    tuning, params = TUNING_JOB.find(call), call.params
    stored = call.twin.store.list(TRAINING_JOB.noun, call.account, call.region)
    mine = [each.attributes for each in stored if each.attributes.get("TuningJobArn") == tuning.arn]
    found = [summary(tuning.attributes, child) for child in mine]
    if "StatusEquals" in params:
        found = [each for each in found if each["TrainingJobStatus"] == params["StatusEquals"]]
    sort_by = params.get("SortBy", "Name")
    if sort_by == "FinalObjectiveMetricValue":  # those that have none are left out
        found = [each for each in found if "FinalHyperParameterTuningJobObjectiveMetric" in each]
    found.sort(key=lambda each: _sort_key(each, sort_by), reverse=params.get("SortOrder") == "Descending")
    return page_of(CHILDREN, params, found)


def _sort_key(told: Mapping[str, Any], sort_by: str) -> Any:
    if sort_by == "FinalObjectiveMetricValue":
        return told["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    member = {"Name": "TrainingJobName", "CreationTime": "CreationTime", "Status": "TrainingJobStatus"}[sort_by]
    return told[member]
