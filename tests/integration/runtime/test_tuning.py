"""Tuning jobs on a real twin: which trainings they start, so many at a time, and what comes of them."""

import json
import re
from functools import partial

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import wait
from tests.integration.runtime.hand_made import layer, push
from tests.integration.runtime.test_training import in_archive

# The loss is told twice, the second time as what the hyperparameters make of it.
PROGRAM = """
import json, os, pathlib, sys, time
ml = pathlib.Path(os.environ["FAIRWAY_ML_ROOT"])
told = json.loads((ml / "input/config/hyperparameters.json").read_text())
loss = abs(float(told["eta"]) - 0.1) + int(told["depth"])
if told.get("waits"):
    print("begin", flush=True)
    time.sleep(60)
if told["depth"] in told.get("fails", "").split():
    (ml / "output/failure").write_text("depth " + told["depth"] + " is too much")
    sys.exit(3)
if "together" in told:
    folder, mine = pathlib.Path(told["together"]), os.environ["TRAINING_JOB_NAME"]
    (folder / "running" / mine).touch()
    deadline = time.monotonic() + 20
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


# -- who called, and who was told ------------------------------------------------------------------------------------


def test_nobody_has_called_what_sagemaker_does_by_itself(twin, asked, as_role):
    request = asked(jobs=1, parallel=1)
    name = request["HyperParameterTuningJobName"]
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:hyper-parameter-tuning-job/{name}"
    passed = request["TrainingJobDefinition"]["RoleArn"]
    keys = as_role(
        {"Action": "sagemaker:CreateHyperParameterTuningJob", "Resource": arn},
        {"Action": "iam:PassRole", "Resource": passed},
    )
    twin.client("sagemaker", keys).create_hyper_parameter_tuning_job(**request)
    job = ended(twin, name)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    trail = twin.client("cloudtrail")
    found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTrainingJob"}])
    told = [json.loads(event["CloudTrailEvent"]) for event in found["Events"]]
    child = job["BestTrainingJob"]["TrainingJobName"]
    [mine] = [event for event in told if event["requestParameters"]["TrainingJobName"] == child]
    assert mine["eventType"] == "AwsServiceEvent"
    assert mine["userIdentity"] == {"accountId": "111111111111", "invokedBy": "sagemaker.amazonaws.com"}
    mine_too = trail.lookup_events(
        LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": keys["AccessKeyId"]}]
    )["Events"]
    assert {event["EventName"] for event in mine_too} == {"CreateHyperParameterTuningJob"}


@pytest.mark.parametrize("lacks", ["sagemaker:CreateHyperParameterTuningJob", "iam:PassRole"])
def test_who_may_not_is_refused(twin, asked, as_role, lacks):
    actions = {"sagemaker:CreateHyperParameterTuningJob", "iam:PassRole"} - {lacks}
    keys = as_role({"Action": sorted(actions), "Resource": "*"})
    with pytest.raises(ClientError, match=f"not authorized to perform: {lacks}"):
        twin.client("sagemaker", keys).create_hyper_parameter_tuning_job(**asked())


def test_a_role_that_does_not_trust_sagemaker_is_refused(twin, asked, role):
    with pytest.raises(ClientError, match="ValidationException"):
        twin.client("sagemaker").create_hyper_parameter_tuning_job(**asked(RoleArn=role("states.amazonaws.com")))


def test_events_tell_how_far_a_search_is(heard, search):
    job = search(jobs=2, parallel=1)
    said = wait(
        lambda: {"events": heard(job["HyperParameterTuningJobArn"])},
        lambda found: any(e["detail"]["HyperParameterTuningJobStatus"] == "Completed" for e in found["events"]),
    )["events"]
    assert {event["detail-type"] for event in said} == {"SageMaker HyperParameter Tuning Job State Change"}
    details = [event["detail"] for event in said]
    assert {0, 1, 2} <= {detail["TrainingJobStatusCounters"]["Completed"] for detail in details}
    last = next(detail for detail in details if detail["HyperParameterTuningJobStatus"] == "Completed")
    assert last["BestTrainingJob"]["TrainingJobName"] == job["BestTrainingJob"]["TrainingJobName"]
    assert last["Tags"] == {"run": "r-1"}


# -- what is read and refused ----------------------------------------------------------------------------------------


def test_searches_and_their_trainings_are_listed(twin, search):
    job = search(jobs=4)
    sagemaker, name = twin.client("sagemaker"), job["HyperParameterTuningJobName"]
    [listed] = sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name, StatusEquals="Completed")[
        "HyperParameterTuningJobSummaries"
    ]
    assert (listed["Strategy"], listed["ResourceLimits"]) == (
        "Random", {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
    )  # fmt: skip
    assert listed["ObjectiveStatusCounters"]["Succeeded"] == 4
    by_value = [objective(told) for told in children(twin, job, SortBy="FinalObjectiveMetricValue")]
    assert by_value == sorted(by_value)
    falling = children(twin, job, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert [objective(told) for told in falling] == by_value[::-1]
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    paged = [
        told["TrainingJobName"]
        for page in pages.paginate(HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 3})
        for told in page["TrainingJobSummaries"]
    ]
    assert paged == sorted(paged)
    assert len(paged) == 4
    assert children(twin, job, StatusEquals="Failed") == []


def test_a_search_is_tagged_like_any_other_resource(twin, search):
    arn = search(jobs=1, parallel=1)["HyperParameterTuningJobArn"]
    sagemaker = twin.client("sagemaker")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "by", "Value": "me"}])
    assert {tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == {"run", "by"}


def test_a_name_is_taken_once_and_one_that_nobody_has_is_not_found(twin, asked):
    sagemaker, request = twin.client("sagemaker"), asked(jobs=1, parallel=1)
    sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="already exists"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="can't find a tuning job called nobody"):
        sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="nobody")
    ended(twin, request["HyperParameterTuningJobName"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"config": {"Strategy": "Bayesian"}}, "The twin does not have the Strategy Bayesian of tuning jobs"),
        ({"EnableNetworkIsolation": True}, "The twin does not have EnableNetworkIsolation"),
        ({"parallel": 5}, "MaxParallelTrainingJobs 5 is greater than MaxNumberOfTrainingJobs 4"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"config": {"Strategy": "Annealing"}}, "Member must satisfy enum value set"),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_nothing(twin, asked, changes, sentence):
    sagemaker, request = twin.client("sagemaker"), asked(**changes)
    with pytest.raises(ClientError, match=re.escape(sentence)):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=request["HyperParameterTuningJobName"]
        )
