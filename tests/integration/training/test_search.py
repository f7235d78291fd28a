"""A search over real flights, twice with one seed: the same trainings, the same best one, the same bytes."""

import hashlib
import io
import json
import re
import tarfile
from functools import partial
from pathlib import Path

import pytest
from tests.integration.runtime.conftest import statements, wait

from fairway.delivery.training import search_of
from fairway.delivery.training_progress import TrainingProgress, hash_of
from model import SEARCH

WORKFLOW = (Path(__file__).parents[3] / "pipelines/training.asl.json").read_text()
FEW = {"num_boost_round": "12", "early_stopping_rounds": "4", "max_bin": "64"}


def metric_definitions():
    """What the workflow asks SageMaker to read of a training's lines."""
    filled = json.loads(re.sub(r"\$\{\w+\}", "1", WORKFLOW))
    definition = filled["States"]["Tune"]["Arguments"]["TrainingJobDefinition"]
    return definition["AlgorithmSpecification"]["MetricDefinitions"]


@pytest.fixture(scope="module")
def training_role(twin, bucket, repository):
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = twin.client("iam")
    made = iam.create_role(
        RoleName="search", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    allowed = [{"Effect": "Allow", **statement} for statement in statements(bucket, repository)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName="search", PolicyName="all", PolicyDocument=policy)
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def searches(twin, bucket, image, training_role):
    """Both searches, when they have ended; one trains two at a time, the other one after the other."""
    begin = partial(search, twin, bucket, image, training_role)
    return [begin(run=f"run-{parallel}", parallel=parallel) for parallel in (2, 1)]


def definition(bucket, image, role, name):
    """What a training is asked for, whether it is one of a search or not."""
    channels = [
        {
            "ChannelName": split,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/{split}/"}},
        }
        for split in ("train", "validation")
    ]
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image, "TrainingInputMode": "File", "MetricDefinitions": metric_definitions(),
        },
        "RoleArn": role,
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/{name}"},
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/checkpoints/{name}"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Environment": {"FAIRWAY_GIT_SHA": "a" * 40, "FAIRWAY_IMAGE": image, "MODEL_CHECKPOINT_ROUNDS": "5"},
    }  # fmt: skip


def search(twin, bucket, image, role, *, run, parallel):
    told, name = search_of(SEARCH, FEW), f"flights-dev-{hash_of(run)}-0"
    assert told is not None
    sagemaker = twin.client("sagemaker")
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": told["objective"],
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": told["ranges"],
            "RandomSeed": 2013,
        },
        TrainingJobDefinition={
            "StaticHyperParameters": FEW,
            **definition(bucket, image, role, name),
        },
    )
    shown: list[str] = []
    progress = TrainingProgress(twin.client("logs"), sagemaker, run, shown.append)

    def look():
        job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        progress.look()
        return job | {"shown": shown}

    return wait(look, lambda job: job["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"), seconds=240)


def trainings(twin, job):
    listed = twin.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job
    return listed(HyperParameterTuningJobName=job["HyperParameterTuningJobName"])["TrainingJobSummaries"]


def objective(told):
    return told["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def artifact(twin, told):
    """The files of a training's artifact."""
    child = twin.client("sagemaker").describe_training_job(TrainingJobName=told["TrainingJobName"])
    bucket, _, key = child["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    content = twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: read(tar, member) for member in tar if member.isfile()}


def read(tar, member):
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def test_one_seed_tries_the_same_and_finds_the_same_best_with_the_same_bytes(twin, searches):
    for job in searches:
        assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
        assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    tried = [[(told["TunedHyperParameters"], objective(told)) for told in trainings(twin, job)] for job in searches]
    assert tried[0] == tried[1]
    assert len({json.dumps(tuned) for tuned, _ in tried[0]}) == 3
    best = [job["BestTrainingJob"] for job in searches]
    assert best[0]["TunedHyperParameters"] == best[1]["TunedHyperParameters"]
    first, second = (artifact(twin, told) for told in best)
    assert {name: digest(content) for name, content in first.items()} == {
        name: digest(content) for name, content in second.items()
    }


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_no_training_is_better_than_the_best(twin, searches):
    for job in searches:
        values = [objective(told) for told in trainings(twin, job)]
        assert objective(job["BestTrainingJob"]) == min(values)
        assert len(set(values)) == len(values), "there is something to choose from"


def test_the_objective_is_the_loss_of_the_model_that_is_kept(twin, searches):
    for told in trainings(twin, searches[0]):
        report = json.loads(artifact(twin, told)["training.json"])
        assert report["validation"]["log_loss"] == pytest.approx(objective(told), abs=1e-5)


def test_a_training_by_hand_with_the_best_hyperparameters_gives_the_same_artifact(
    twin, bucket, image, training_role, searches
):
    best, sagemaker = searches[0]["BestTrainingJob"], twin.client("sagemaker")
    chosen = {**FEW, **best["TunedHyperParameters"]}
    sagemaker.create_training_job(
        TrainingJobName="by-hand", HyperParameters=chosen, **definition(bucket, image, training_role, "by-hand")
    )
    describe = partial(sagemaker.describe_training_job, TrainingJobName="by-hand")
    job = wait(describe, lambda told: told["TrainingJobStatus"] in ("Completed", "Failed"), seconds=120)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    found = artifact(twin, best)
    assert found == artifact(twin, job)
    assert json.loads(found["lineage.json"])["hyperparameters"] == chosen


def test_each_training_has_checkpoints_of_its_own(twin, bucket, searches):
    job = searches[0]
    prefix = f"checkpoints/{job['HyperParameterTuningJobName']}/"
    listed = twin.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    folders = {item["Key"].removeprefix(prefix).partition("/")[0] for item in listed}
    assert folders == {told["TrainingJobName"] for told in trainings(twin, job)}


def test_who_waits_sees_how_far_it_is(searches):
    shown = searches[1]["shown"]
    last = r"training 3 of 3, [23] ended, best 0\.\d{4} by training [123]; round \d+ of 12, log loss 0\.\d{4}, .* MB"
    assert re.fullmatch(last, shown[-1]), shown
