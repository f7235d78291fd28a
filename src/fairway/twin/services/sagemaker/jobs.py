"""Jobs: stored and checked here, run by their engines."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.jobs import JobEngine
from fairway.twin.runtime.processing import ProcessingEngine
from fairway.twin.runtime.training import TrainingEngine
from fairway.twin.runtime.tuning import TuningEngine
from fairway.twin.services.sagemaker.resources import PRINCIPAL, Kind, create, declare_reads

TAKEN = "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
MISSING = "Could not find requested job with name: {name}"

TRAINING_JOB = Kind(
    "TrainingJob",
    "training-job",
    missing="Requested resource not found.",
    taken_code="ResourceInUse",
    taken="Training job names must be unique within an AWS account and region, and a training job with this name "
    "already exists ({arn})",
    status="TrainingJobStatus",
)
PROCESSING_JOB = Kind(
    "ProcessingJob",
    "processing-job",
    missing=MISSING,
    taken_code="ResourceInUse",
    taken=TAKEN,
    status="ProcessingJobStatus",
)


@operation("sagemaker", "CreateTrainingJob", resource=TRAINING_JOB.named, trusted_by=PRINCIPAL)
def create_training_job(call: Call) -> Mapping[str, Any]:
    """Store and start a training job."""
    check_waiting(call.params)
    job = create(call, TRAINING_JOB, TrainingJobStatus="InProgress", SecondaryStatus="Starting")
    call.twin.engine(TrainingEngine).start(job)
    return {"TrainingJobArn": job.arn}


@operation("sagemaker", "CreateProcessingJob", resource=PROCESSING_JOB.named, trusted_by=PRINCIPAL)
def create_processing_job(call: Call) -> Mapping[str, Any]:
    """Store and start a processing job."""
    job = create(call, PROCESSING_JOB, ProcessingJobStatus="InProgress")
    call.twin.engine(ProcessingEngine).start(job)
    return {"ProcessingJobArn": job.arn}


def check_waiting(params: Mapping[str, Any]) -> None:
    """Raise the service's error unless exactly a managed spot training says how long it waits, and long enough."""
    condition = params.get("StoppingCondition") or {}
    waiting, running = condition.get("MaxWaitTimeInSeconds"), condition.get("MaxRuntimeInSeconds", 86_400)
    if params.get("EnableManagedSpotTraining") and (waiting is None or waiting < running):
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if waiting is not None and not params.get("EnableManagedSpotTraining"):
        raise ValidationError("Invalid MaxWaitTimeInSeconds. It must be present only for managed spot training")


def declare_job(kind: Kind, engine: type[JobEngine] | type[TuningEngine]) -> None:
    """Declare Describe, List and Stop of a kind of jobs."""
    declare_reads(kind)

    @operation("sagemaker", f"Stop{kind.noun}", resource=kind.named)
    def _stop(call: Call) -> Mapping[str, Any]:
        job = kind.find(call)
        status = job.attributes[f"{kind.noun}Status"]
        if status not in ("InProgress", "Stopping"):
            raise ValidationError(f"The request was rejected because the job {job.arn} is in status {status}.")
        call.twin.engine(engine).stop(job)
        return {}


declare_job(TRAINING_JOB, TrainingEngine)
declare_job(PROCESSING_JOB, ProcessingEngine)
