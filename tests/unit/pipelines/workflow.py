"""The training workflow as Terraform fills it, and what its states are told by then; for the files that test it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.pipelines.asl import evaluate

from fairway.delivery.training import search_of
from model import SEARCH

ROOT = Path(__file__).parents[3]
DEFINITION = (ROOT / "pipelines/training.asl.json").read_text()

DIGEST = "sha256:" + "1" * 64
IMAGE = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/flights@{DIGEST}"
CLUSTER = {
    "InstanceCount": 1,
    "InstanceType": "ml.m5.large",
    "VolumeSizeInGB": 30,
    "VolumeKmsKeyId": "arn:aws:kms:us-east-1:111111111111:key/1",
}
GATE = {"thresholds": {"auc": {"min": 0.65}}, "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0.005}}
FILLED = {
    "job_prefix": "a" * 22,  # the longest that Terraform gives
    "bucket": "flights-artifacts",
    "artifact_key_arn": "arn:aws:kms:us-east-1:111111111111:key/2",
    "processing_role_arn": "arn:aws:iam::111111111111:role/flights-dev-processing",
    "processing_cluster": json.dumps(CLUSTER),
    "prepare_cluster": json.dumps(CLUSTER),
    "processing_instances": "1",
    "sharded_prefix": "flights/",
    "processing_timeout_seconds": "3600",
    "processing_task_timeout_seconds": "5400",
    "training_role_arn": "arn:aws:iam::111111111111:role/flights-dev-training",
    "training_cluster": json.dumps(CLUSTER),
    "training_stopping_condition": json.dumps({"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}),
    "training_spot": "true",
    "training_distribution": "ShardedByS3Key",
    "training_task_timeout_seconds": "5400",
    "tuning_prefix": "b" * 13,  # the longest that Terraform gives
    "tuning_jobs": "8",
    "tuning_parallel_jobs": "2",
    "tuning_seed": "2013",
    "tuning_task_timeout_seconds": "21600",
    "gate": json.dumps(json.dumps(GATE)),
    "model_package_group_arn": "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/flights",
    "approval_status": "PendingManualApproval",
}
CHAMPION = {"version": "3", "model_data_url": "s3://flights-artifacts/runs/before/model/job/output/model.tar.gz"}
RUN = "20261122-150000-abcd-and-32-long"  # of the execution's name
INPUT = {
    "git_sha": "2" * 40, "image": IMAGE, "raw": "s3://flights-artifacts/raw/",
    "hyperparameters": {"max_depth": "6"}, "parameters": {"test": "2013-08"}, "champion": None,
    "search": search_of(SEARCH, {"max_depth": "6"}),
}  # fmt: skip
MODEL_DATA = f"s3://flights-artifacts/runs/{RUN}/model/job/output/model.tar.gz"
EVALUATION = {
    "metrics": {"auc": 0.7, "log_loss": 0.5}, "slices": {}, "champion": None, "gate": {"passed": True, "reasons": []},
    "model_data_sha256": "3" * 64,
    "lineage": {"git_sha": "2" * 40, "image": IMAGE, "data": {"test/a.parquet": "4" * 64}, "hyperparameters": {}},
}  # fmt: skip


def filled(instances: int = 1, *, tuning_jobs: int = 8) -> dict[str, Any]:
    told = FILLED | {"processing_instances": str(instances), "tuning_jobs": str(tuning_jobs)}
    return dict(json.loads(re.sub(r"\$\{(\w+)\}", lambda match: told[match[1]], DEFINITION))["States"])


def variables_of(states: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is assigned when the last task begins."""
    assigned: dict[str, Any] = evaluate(states["Begin"]["Assign"], {}, {"input": told})
    if "listed" in told:
        assigned |= evaluate(states["ListRaw"]["Assign"], assigned, {"result": told["listed"]})
    tuned = {"BestTrainingJob": {"TrainingJobName": "search-003-ab"}}
    assigned |= evaluate(states["Tune"]["Assign"], assigned, {"result": tuned})
    training = {"ModelArtifacts": {"S3ModelArtifacts": MODEL_DATA}}
    assigned |= evaluate(states["Train"]["Assign"], assigned, {"result": training})
    read = {"Body": json.dumps(EVALUATION)}
    assigned |= evaluate(states["ReadEvaluation"]["Assign"], assigned, {"result": read})
    return assigned


def tasks(states: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def arguments_of(states: Mapping[str, Any], name: str, **told: Any) -> Any:
    return evaluate(states[name]["Arguments"], variables_of(states, INPUT | told))
