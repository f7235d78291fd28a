from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from tests.unit.delivery.samples import release

from fairway.delivery.alarms import watching
from fairway.delivery.status import Running, Status, differences, observe, require_running
from fairway.errors import ReleaseNotRunningError

WANTED = release("7")
WELL = Running(
    status="InService", failure="", config="flights-dev-7-abc", version="7", image=WANTED.image,
    model_data_url=WANTED.model_data_url, git_sha=WANTED.git_sha, instances=2, desired=2, mode="real_time",
    challenger="", alarms=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "running", "expected"),
    [
        (WANTED, WELL, []),
        (None, None, []),
        (WANTED, None, ["version 7 is wanted, and there is no endpoint"]),
        (None, WELL, ["no release is wanted, and version 7 runs"]),
        (release("8"), WELL, ["version 8 is wanted, and 7 runs"]),
        (WANTED, replace(WELL, git_sha="0" * 40), [f"`git_sha` of version 7 is {'b' * 40}, {'0' * 40} runs"]),
        (WANTED, replace(WELL, model_data_url="s3://other"),
         [f"`model_data_url` of version 7 is {WANTED.model_data_url}, s3://other runs"]),
        (WANTED, replace(WELL, image="other"), [f"`image` of version 7 is {WANTED.image}, other runs"]),
        (WANTED, replace(WELL, status="Updating"), ["the endpoint is Updating"]),
        (WANTED, replace(WELL, status="Failed", failure="No ping."), ["the endpoint is Failed (No ping.)"]),
        (WANTED, replace(WELL, instances=1), ["1 of 2 instances run"]),
        (WANTED, replace(WELL, instances=0, desired=0), ["0 of 0 instances run"]),
        (WANTED, replace(WELL, instances=0, desired=0, mode="asynchronous"), []),
        (WANTED, replace(WELL, instances=0, desired=1, mode="asynchronous"), ["0 of 1 instances run"]),
        (WANTED, replace(WELL, instances=0, desired=0, mode="serverless"), []),
        (WANTED, replace(WELL, alarms=("flights-dev-errors",)), ["the alarm flights-dev-errors is in ALARM"]),
        (release("8"), replace(WELL, status="RollingBack", instances=1),
         ["version 8 is wanted, and 7 runs", "the endpoint is RollingBack", "1 of 2 instances run"]),
    ],
)  # fmt: skip
def test_what_differs_is_told(wanted, running, expected):
    assert differences(wanted, running) == expected


def test_a_plan_that_changes_something_is_a_difference():
    assert Status("dev", WANTED, WELL).differences == []
    assert Status("dev", WANTED, WELL, drift="").differences == []
    told = Status("dev", WANTED, WELL, drift="Plan: 1 to add.").differences
    assert told == ["Terraform plans: Plan: 1 to add"]


def test_what_does_not_run_well_is_refused_with_the_reasons():
    require_running("dev", WANTED, WELL)
    with pytest.raises(ReleaseNotRunningError, match=r"dev does not verifiably run its release: 1 of 2 inst"):
        require_running("dev", WANTED, replace(WELL, instances=1))


class SageMaker:
    """An endpoint `flights-dev` as DescribeEndpoint, DescribeEndpointConfig and DescribeModel tell it."""

    def __init__(self, error="Could not find endpoint", more=None, container=None, variables=None):
        self.error = error
        self.more = more or {}
        self.container, self.variables = container or {}, variables or {}

    def describe_endpoint(self, *, EndpointName):  # noqa: N803  # as boto3 spells it
        if EndpointName != "flights-dev":
            raise ClientError({"Error": {"Code": "ValidationException", "Message": self.error}}, "DescribeEndpoint")
        variants = [{"VariantName": "current", "CurrentInstanceCount": 2, "DesiredInstanceCount": 2}]
        return {
            "EndpointStatus": "InService",
            "EndpointConfigName": "flights-dev-7-abc",
            "ProductionVariants": variants,
            "LastDeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}},
        }

    def describe_endpoint_config(self, *, EndpointConfigName):  # noqa: N803
        assert EndpointConfigName == "flights-dev-7-abc"
        return {"ProductionVariants": [{"VariantName": "current", "ModelName": "flights-dev-7-def"}], **self.more}

    def describe_model(self, *, ModelName):  # noqa: N803
        assert ModelName == "flights-dev-7-def"
        environment = {"FAIRWAY_RELEASE": "7", "FAIRWAY_GIT_SHA": WANTED.git_sha, **self.variables}
        container = {"Image": WANTED.image, "ModelDataUrl": WANTED.model_data_url, "Environment": environment}
        container |= self.container
        return {"PrimaryContainer": container}


class CloudWatch:
    def __init__(self, *alarms):
        self.alarms = alarms

    def describe_alarms(self, *, AlarmNames, AlarmTypes):  # noqa: N803
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        states = {name: "ALARM" if name in self.alarms else "OK" for name in AlarmNames}
        found = [{"AlarmName": name, "StateValue": state} for name, state in states.items()]
        return {"MetricAlarms": found[1:], "CompositeAlarms": found[:1]}


def test_what_aws_says_is_observed():
    assert observe(SageMaker(), CloudWatch(), "flights-dev") == WELL
    assert observe(SageMaker(), CloudWatch("b", "a"), "flights-dev") == replace(WELL, alarms=("a", "b"))


def test_the_release_is_that_of_the_current_variant_and_a_challenger_is_named():
    challenger = {"VariantName": "challenger", "ModelName": "flights-dev-8-abc", "InitialVariantWeight": 10.0}
    current = {"VariantName": "current", "ModelName": "flights-dev-7-def", "InitialVariantWeight": 90.0}
    told = observe(SageMaker(more={"ProductionVariants": [challenger, current]}), CloudWatch(), "flights-dev")
    assert told == replace(WELL, challenger="flights-dev-8-abc answers 10 %")
    told = observe(SageMaker(more={"ShadowProductionVariants": [challenger]}), CloudWatch(), "flights-dev")
    assert told == replace(WELL, challenger="flights-dev-8-abc shadows 10 %")


def test_in_script_mode_the_image_is_the_one_that_trained():
    managed = {"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:" + 64 * "2"}
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "FAIRWAY_IMAGE": WANTED.image}
    told = observe(SageMaker(container=managed, variables=variables), CloudWatch(), "flights-dev")
    assert told == WELL


def test_a_mode_is_that_of_the_configuration():
    told = observe(SageMaker(more={"AsyncInferenceConfig": {"OutputConfig": {}}}), CloudWatch(), "flights-dev")
    assert told == replace(WELL, mode="asynchronous")


def test_alarms_that_do_not_watch_the_endpoint_say_nothing_of_it():
    others = CloudWatch("flights-dev-surge", "flights-dev-eu-errors")
    assert observe(SageMaker(), others, "flights-dev") == WELL
    assert watching(others, {"LastDeploymentConfig": {"BlueGreenUpdatePolicy": {}}}) == []


def test_no_endpoint_is_no_error_and_anything_else_is():
    assert observe(SageMaker(), CloudWatch(), "flights-prod") is None
    with pytest.raises(ClientError, match="not authorized"):
        observe(SageMaker("not authorized"), CloudWatch(), "flights-prod")
