"""Training and processing jobs: stored and checked here, run by the engines."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ValidationError, operation
from fairway.twin.runtime.processing import ProcessingEngine
from fairway.twin.runtime.training import TrainingEngine
from fairway.twin.services.sagemaker.resources import PRINCIPAL, Kind, create, declare_reads

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
    missing="Could not find requested job with name: {name}",
    taken_code="ResourceInUse",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    status="ProcessingJobStatus",
)


@operation("sagemaker", "CreateTrainingJob", resource=TRAINING_JOB.named, trusted_by=PRINCIPAL)
def create_training_job(call: Call) -> Mapping[str, Any]:
    """Store and start a training job."""
    job = create(call, TRAINING_JOB, TrainingJobStatus="InProgress", SecondaryStatus="Starting")
    call.twin.engine(TrainingEngine).start(job)
    return {"TrainingJobArn": job.arn}


@operation("sagemaker", "CreateProcessingJob", resource=PROCESSING_JOB.named, trusted_by=PRINCIPAL)
def create_processing_job(call: Call) -> Mapping[str, Any]:
    """Store and start a processing job."""
    job = create(call, PROCESSING_JOB, ProcessingJobStatus="InProgress")
    call.twin.engine(ProcessingEngine).start(job)
    return {"ProcessingJobArn": job.arn}


@operation("sagemaker", "StopTrainingJob", resource=TRAINING_JOB.named)
def stop_training_job(call: Call) -> Mapping[str, Any]:
    """Ask a training job to end."""
    job = TRAINING_JOB.find(call)
    check_running(job.attributes["TrainingJobStatus"], job.arn)
    call.twin.engine(TrainingEngine).stop(job)
    return {}


@operation("sagemaker", "StopProcessingJob", resource=PROCESSING_JOB.named)
def stop_processing_job(call: Call) -> Mapping[str, Any]:
    """Ask a processing job to end."""
    job = PROCESSING_JOB.find(call)
    check_running(job.attributes["ProcessingJobStatus"], job.arn)
    call.twin.engine(ProcessingEngine).stop(job)
    return {}


def check_running(status: str, arn: str) -> None:
    """Refuse to stop what has ended."""
    if status not in ("InProgress", "Stopping"):
        raise ValidationError(f"The request was rejected because the job {arn} is in status {status}.")


declare_reads(TRAINING_JOB)
declare_reads(PROCESSING_JOB)
