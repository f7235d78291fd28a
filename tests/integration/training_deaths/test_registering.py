"""The whole workflow, whose training is cut off while its artifact is uploaded: nothing of it is registered."""

import hashlib
import json
from pathlib import Path

import pytest
from tests.integration.runtime.conftest import wait

pytestmark = pytest.mark.long
DEFINITION = Path(__file__).parents[3] / "pipelines/training.asl.json"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
GATE = {"thresholds": {"auc": {"min": 0.0}}, "champion": {"metric": "auc", "goal": "maximize", "tolerance": 1.0}}
GROUP = "registered"


@pytest.fixture
def machine(twin, role, bucket, execution_role):
    """The state machine, filled in as terraform/modules/training-workflow fills it."""
    group = twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    jobs = execution_role()
    values = {
        "job_prefix": "registering",
        "bucket": bucket,
        "artifact_key_arn": twin.client("kms").create_key()["KeyMetadata"]["Arn"],
        "model_package_group_arn": group["ModelPackageGroupArn"],
        "approval_status": "Approved",
        "gate": json.dumps(json.dumps(GATE)),
        "sharded_prefix": "none/",
        "training_distribution": "FullyReplicated",
        "training_spot": "false",
        "training_stopping_condition": json.dumps({"MaxRuntimeInSeconds": 600}),
        "processing_instances": "1",
        **dict.fromkeys(("processing_cluster", "prepare_cluster", "training_cluster"), json.dumps(CLUSTER)),
        **dict.fromkeys(("processing_role_arn", "training_role_arn"), jobs),
        **dict.fromkeys(("processing_timeout_seconds", "processing_task_timeout_seconds"), "600"),
        **dict.fromkeys(("training_task_timeout_seconds", "tuning_task_timeout_seconds"), "600"),
        "tuning_prefix": "registering",
        **dict.fromkeys(("tuning_jobs", "tuning_seed"), "0"),
        "tuning_parallel_jobs": "1",
    }
    text = DEFINITION.read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    workflow = role("states.amazonaws.com", {"Action": "*", "Resource": "*"})
    made = twin.client("stepfunctions").create_state_machine(name=GROUP, definition=text, roleArn=workflow)
    return made["stateMachineArn"]


@pytest.fixture
def begin(twin, machine, bucket, image, unique):
    """Start the workflow; return the execution's ARN."""
    told = {
        "git_sha": "a" * 40, "image": image, "raw": f"s3://{bucket}/raw/", "parameters": {},
        "hyperparameters": {"num_boost_round": "100"}, "champion": None, "search": None,
    }  # fmt: skip
    states = twin.client("stepfunctions")
    return lambda: states.start_execution(stateMachineArn=machine, name=unique("run"), input=json.dumps(told))[
        "executionArn"
    ]


def ended(twin, execution):
    states = twin.client("stepfunctions")
    return wait(
        lambda: states.describe_execution(executionArn=execution), lambda told: told["status"] != "RUNNING", seconds=240
    )


def registered(twin):
    return twin.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)["ModelPackageSummaryList"]


def test_nothing_half_uploaded_is_registered(twin, begin, uploads):
    with uploads.cut("/output/model.tar.gz"):
        execution = begin()
        uploads.half()
        assert registered(twin) == []
        uploads.lose()
        told = ended(twin, execution)
    assert told["status"] == "FAILED"
    assert "Train failed: ClientError: Data upload failed:Unable to upload object s3://" in told["cause"]
    assert registered(twin) == []

    output = json.loads(ended(twin, begin())["output"])
    [package] = registered(twin)
    assert output["model_package_arn"] == package["ModelPackageArn"]
    bucket, _, key = output["model_data_url"].removeprefix("s3://").partition("/")
    artifact = twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert hashlib.sha256(artifact).hexdigest() == output["model_data_sha256"]
