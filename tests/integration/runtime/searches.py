"""Fixtures of tuning jobs, whose trainings make a loss of their hyperparameters; for the files that test these."""

from functools import partial

import pytest
from tests.integration.runtime.conftest import wait
from tests.integration.runtime.hand_made import layer, push

# The loss is told twice, the second time as what the hyperparameters make of it.
PROGRAM = """
import json, os, pathlib, sys, time
ml = pathlib.Path(os.environ["FAIRWAY_ML_ROOT"])
told = json.loads((ml / "input/config/hyperparameters.json").read_text())
loss = abs(float(told["eta"]) - 0.1) + int(told["depth"])
if told.get("waits"):
    print("begin", flush=True)
    time.sleep(60)
if told.get("interrupted"):
    # Trainings of a search have one place for their checkpoints: what is of this one is named after it.
    mark = ml / "checkpoints" / os.environ["TRAINING_JOB_NAME"]
    if not mark.exists():
        mark.write_text("begun")
        time.sleep(60)
if told["depth"] in told.get("fails", "").split():
    (ml / "output/failure").write_text("depth " + told["depth"] + " is too much")
    sys.exit(3)
if "together" in told:
    folder, mine = pathlib.Path(told["together"]), os.environ["TRAINING_JOB_NAME"]
    (folder / "running" / mine).touch()
    deadline = time.monotonic() + 60
    while len(list((folder / "running").iterdir())) < 2 and not list((folder / "most").iterdir()):
        assert time.monotonic() < deadline, "nobody trains beside it"
        time.sleep(0.02)
    (folder / "most" / str(len(list((folder / "running").iterdir())))).touch()
    time.sleep(0.2)
    (folder / "most" / str(len(list((folder / "running").iterdir())))).touch()
    (folder / "running" / mine).unlink()
if not told.get("mute"):
    print("loss=99;", flush=True)
    print("loss=%r;" % loss, flush=True)
(ml / "model/told.json").write_text(json.dumps(told, sort_keys=True))
"""
RANGES = {
    "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9", "ScalingType": "Linear"}],
    "ContinuousParameterRanges": [
        {"Name": "eta", "MinValue": "0.001", "MaxValue": "0.3", "ScalingType": "Logarithmic"}
    ],
}
GRID = {
    "CategoricalParameterRanges": [{"Name": "depth", "Values": ["2", "3"]}, {"Name": "eta", "Values": ["0.1", "0.2"]}]
}
ENDED = {"Completed", "Failed", "Stopped"}


@pytest.fixture(scope="module")
def image(twin, repository):
    return push(twin, repository, layer({"opt/program/app.py": PROGRAM.encode()}))


@pytest.fixture
def asked(unique, image, bucket, execution_role):
    """Return the request of a tuning job; `static` are hyperparameters, the rest changes members of its definition."""

    def make(*, jobs=4, parallel=2, seed=7, ranges=None, static=None, config=None, **definition):
        limits = {"MaxParallelTrainingJobs": parallel, **({"MaxNumberOfTrainingJobs": jobs} if jobs else {})}
        return {
            "HyperParameterTuningJobName": unique("search"),
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": limits,
                "ParameterRanges": ranges or RANGES,
                "RandomSeed": seed,
                **(config or {}),
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": static or {},
                "AlgorithmSpecification": {
                    "TrainingImage": image,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=([0-9.]+);"}],
                },
                "RoleArn": execution_role(),
                "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
                **definition,
            },
            "Tags": [{"Key": "run", "Value": "r-1"}],
        }

    return make


@pytest.fixture
def search(twin, asked):
    """Run a tuning job to its end; return its description."""

    def run(**changes):
        request = asked(**changes)
        twin.client("sagemaker").create_hyper_parameter_tuning_job(**request)
        return ended(twin, request["HyperParameterTuningJobName"])

    return run


def describe(twin, name):
    return twin.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def ended(twin, name):
    return wait(partial(describe, twin, name), lambda job: job["HyperParameterTuningJobStatus"] in ENDED, seconds=60)


def children(twin, job, **how):
    name = job["HyperParameterTuningJobName"]
    listed = twin.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job
    return listed(HyperParameterTuningJobName=name, **{"MaxResults": 100, **how})["TrainingJobSummaries"]


def objective(told):
    return told["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
