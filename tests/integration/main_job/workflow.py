"""Runs of the training workflow that a provisioned checkout has, told what the test wants."""

from dataclasses import asdict
from typing import Any

import pytest

from fairway.delivery import executions, training
from fairway.errors import TrainingFailedError

MACHINE = "arn:aws:states:us-east-1:111111111111:stateMachine:flights-dev-training"
BUCKET = "flights-artifacts-111111111111-us-east-1"
FEW = ("planes.parquet", *(f"{kind}/2013-0{month}.parquet" for kind in ("flights", "weather") for month in (1, 2, 3)))


def run(copy: Any, told: training.TrainingInput, machine: str = MACHINE, name: str = "") -> dict[str, Any]:
    """Run the workflow to its end and return its output."""
    states = copy.client("stepfunctions")
    return executions.run(
        states, machine, name or executions.new_name(), asdict(told), lambda _: None, failed=TrainingFailedError
    )


def failure(copy: Any, told: training.TrainingInput, machine: str = MACHINE, name: str = "") -> str:
    """Run the workflow, which is to fail, and return the sentence."""
    with pytest.raises(TrainingFailedError) as failed:
        run(copy, told, machine, name)
    return str(failed.value)


def versions(copy: Any) -> int:
    return len(copy.client("sagemaker").list_model_packages(ModelPackageGroupName="flights")["ModelPackageSummaryList"])
