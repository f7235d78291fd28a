"""Tuning jobs as others see them: who called, who was told, what is read, and what is refused."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import wait
from tests.integration.runtime.searches import asked, children, ended, image, objective, search

__all__ = ["asked", "image", "search"]


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
