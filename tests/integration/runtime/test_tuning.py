"""Tuning jobs on a real twin: which trainings they start, so many at a time, and what comes of them."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import wait
from tests.integration.runtime.searches import GRID, asked, children, describe, ended, image, objective, search
from tests.integration.runtime.test_training import in_archive

__all__ = ["asked", "image", "search"]


# -- what ends well --------------------------------------------------------------------------------------------------


def test_a_search_trains_each_combination_and_tells_the_best(twin, search, bucket):
    job = search(static={"rounds": "5"})
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0,
    }  # fmt: skip
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert job["CreationTime"] <= job["HyperParameterTuningEndTime"]
    found = children(twin, job)
    name = job["HyperParameterTuningJobName"]
    assert all(
        re.fullmatch(rf"{name}-00{number}-[0-9a-f]{{8}}", told["TrainingJobName"])
        for number, told in enumerate(found, 1)
    )
    for told in found:
        tuned = told["TunedHyperParameters"]
        assert set(tuned) == {"depth", "eta"}
        assert objective(told) == pytest.approx(abs(float(tuned["eta"]) - 0.1) + int(tuned["depth"]))
    best = job["BestTrainingJob"]
    assert objective(best) == min(objective(told) for told in found)
    child = twin.client("sagemaker").describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert child["HyperParameters"] == {
        "rounds": "5", **best["TunedHyperParameters"], "_tuning_objective_metric": "loss",
    }  # fmt: skip
    artifact = child["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{bucket}/")
    assert json.loads(in_archive(twin, bucket, artifact)["told.json"]) == child["HyperParameters"]
    tags = twin.client("sagemaker").list_tags(ResourceArn=child["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "run", "Value": "r-1"}]


def test_a_seed_says_what_is_tried(twin, search):
    tried = [
        [told["TunedHyperParameters"] for told in children(twin, search(seed=seed, parallel=parallel))]
        for seed, parallel in ((7, 2), (7, 1), (8, 2))
    ]
    assert tried[0] == tried[1] != tried[2]


def test_a_grid_tries_every_combination(twin, search):
    job = search(jobs=None, ranges=GRID, config={"Strategy": "Grid"})
    tried = [tuple(told["TunedHyperParameters"].values()) for told in children(twin, job)]
    assert sorted(tried) == [("2", "0.1"), ("2", "0.2"), ("3", "0.1"), ("3", "0.2")]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"depth": "2", "eta": "0.1"}


def test_so_many_train_at_a_time_and_no_more(search, tmp_path):
    for folder in ("running", "most"):
        (tmp_path / folder).mkdir()
    job = search(jobs=5, parallel=2, static={"together": str(tmp_path)})
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert max(int(seen.name) for seen in (tmp_path / "most").iterdir()) == 2


def test_hosts_and_spot_are_passed_on(twin, search):
    job = search(
        jobs=1,
        parallel=1,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
        Environment={"COLOUR": "red"},
    )
    child = twin.client("sagemaker").describe_training_job(TrainingJobName=job["BestTrainingJob"]["TrainingJobName"])
    assert child["EnableManagedSpotTraining"]
    assert child["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700}
    assert child["ResourceConfig"]["InstanceCount"] == 2
    assert child["Environment"] == {"COLOUR": "red"}
    streams = twin.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=child["TrainingJobName"]
    )
    assert len(streams["logStreams"]) == 2, "each of the hosts has trained"


# -- what does not ---------------------------------------------------------------------------------------------------


def test_a_training_that_fails_fails_no_search(twin, search):
    job = search(jobs=None, ranges=GRID, static={"fails": "2"}, config={"Strategy": "Grid"})
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 2
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 2}
    assert job["BestTrainingJob"]["TunedHyperParameters"]["depth"] == "3"
    [reason] = {told["FailureReason"] for told in children(twin, job, StatusEquals="Failed")}
    assert reason == "AlgorithmError: depth 2 is too much, exit code: 3"


def test_a_search_whose_trainings_all_fail_fails(search):
    job = search(jobs=None, ranges=GRID, static={"fails": "2 3"}, config={"Strategy": "Grid"})
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No training job succeeded after 4 attempts.")
    assert "BestTrainingJob" not in job


def test_a_search_without_an_objective_fails(search):
    job = search(jobs=2, static={"mute": "yes"})
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 2}


def test_a_search_that_is_stopped_stops_its_trainings_and_begins_with_no_other(twin, asked):
    sagemaker, request = twin.client("sagemaker"), asked(jobs=8, static={"waits": "yes"})
    sagemaker.create_hyper_parameter_tuning_job(**request)
    name = {"HyperParameterTuningJobName": request["HyperParameterTuningJobName"]}
    wait(
        lambda: {"found": children(twin, name)},
        lambda seen: len(seen["found"]) == 2 and all("TrainingStartTime" in told for told in seen["found"]),
    )
    assert describe(twin, *name.values())["TrainingJobStatusCounters"]["InProgress"] == 2
    sagemaker.stop_hyper_parameter_tuning_job(**name)
    job = ended(twin, *name.values())
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    assert [told["TrainingJobStatus"] for told in children(twin, job)] == ["Stopped", "Stopped"]
    assert {told["ObjectiveStatus"] for told in children(twin, job)} == {"Failed"}
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_hyper_parameter_tuning_job(**name)
