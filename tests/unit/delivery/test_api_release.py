import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fairway.delivery.api_release import Clients, Release, shift
from fairway.errors import ApiDeploymentError

WANTED = Release("flights-prod-api", "live", "flights-prod-api", "live", "3", "flights-prod-api-check")


class Aws:
    """Stands for CodeDeploy, Lambda and CloudWatch Logs: deployments that end as they are told, at the second look."""

    def __init__(self, *, alias="2", running=(), endings=(), log=()):
        self.alias, self.running, self.log = alias, list(running), list(log)
        self.endings, self.created, self.looks = dict(endings), [], dict[str, int]()

    def list_deployments(self, **_: Any):
        return {"deployments": self.running}

    def get_alias(self, **_: Any):
        return {"FunctionVersion": self.alias}

    def create_deployment(self, **given: Any):
        self.created.append(given)
        return {"deploymentId": "d-new"}

    def get_deployment(self, deploymentId):  # noqa: N803 -- boto3's name
        self.looks[deploymentId] = self.looks.get(deploymentId, 0) + 1
        ending = self.endings.get(deploymentId, {"status": "Succeeded"})
        if self.looks[deploymentId] == 1:
            return {"deploymentInfo": {"status": "InProgress"}}
        self.alias = ending.get("alias", "3" if ending["status"] == "Succeeded" else self.alias)
        return {"deploymentInfo": ending}

    def get_deployment_target(self, deploymentId, **_: Any):  # noqa: N803 -- boto3's name
        events = self.endings.get(deploymentId, {}).get("events", [])
        return {"deploymentTarget": {"lambdaTarget": {"lifecycleEvents": events}}}

    def filter_log_events(self, **_: Any):
        if not self.log:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "FilterLogEvents")
        return {"events": [{"message": line} for line in self.log]}


def run(aws):
    said: list[str] = []
    client: Any = aws
    shift(Clients(client, client, client, lambda: None), WANTED, said.append)
    return said


def test_an_alias_that_is_there_is_left_alone():
    aws = Aws(alias="3")
    assert (run(aws), aws.created) == ([], [])


def test_a_new_version_is_deployed_with_its_hook():
    aws = Aws()
    assert len(run(aws)) == 2
    spec = json.loads(aws.created[0]["revision"]["appSpecContent"]["content"])
    assert spec["Resources"][0]["flights-prod-api"]["Properties"] == {
        "Name": "flights-prod-api", "Alias": "live", "CurrentVersion": "2", "TargetVersion": "3",
    }  # fmt: skip
    assert spec["Hooks"] == [{"BeforeAllowTraffic": "flights-prod-api-check"}]


def test_a_deployment_that_is_under_way_is_followed_and_not_begun_again():
    aws = Aws(running=["d-old"])
    run(aws)
    assert (aws.looks, aws.created) == ({"d-old": 2}, [])


def test_after_one_that_failed_another_is_begun():
    aws = Aws(running=["d-old"], endings={"d-old": {"status": "Failed"}})
    run(aws)
    assert len(aws.created) == 1


FAILED = {
    "status": "Failed",
    "events": [{"lifecycleEventName": "BeforeAllowTraffic", "status": "Failed"}],
    "errorInformation": {"code": "HOOK_EXECUTION_FAILURE", "message": "It answered Failed."},
    "rollbackInfo": {"rollbackDeploymentId": "d-back"},
}


def test_a_failure_says_where_and_why_and_what_serves_now():
    log = ["START RequestId: 1", json.dumps({"problem": "version 3 raised KeyError: 'x'"})]
    with pytest.raises(ApiDeploymentError) as told:
        run(Aws(endings={"d-new": FAILED, "d-back": {"status": "Succeeded", "alias": "2"}}, log=log))
    assert str(told.value) == (
        "Version 3 of flights-prod-api did not come into service: d-new Failed at BeforeAllowTraffic "
        "(HOOK_EXECUTION_FAILURE): It answered Failed. The hook says: version 3 raised KeyError: 'x'. "
        "Version 2 answers all requests again."
    )


def test_a_failure_that_was_not_rolled_back_is_told_as_such():
    failed = {**FAILED, "rollbackInfo": {}}
    with pytest.raises(ApiDeploymentError, match=r"could not be read\. It was not rolled back"):
        run(Aws(endings={"d-new": failed}))
