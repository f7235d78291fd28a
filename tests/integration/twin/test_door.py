"""The door: who may come in, and what it says to those whom it cannot serve."""

import json
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

ANY = "*"


def denial(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "method", "parameters", "named"),
    [
        ("sagemaker", "list_hubs", {}, "ListHubs"),
        ("quicksight", "list_users", {"AwsAccountId": "111111111111", "Namespace": "default"}, "quicksight"),
        ("rekognition", "list_collections", {}, "RekognitionService.ListCollections"),
    ],
)
def test_what_it_lacks_is_refused_by_name_within_a_second(twin, service, method, parameters, named):
    client = twin.client(service)
    start = time.monotonic()
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**parameters)
    assert time.monotonic() - start < 1
    code, message = denial(caught)
    assert code == "UnknownOperationException"
    assert named in message
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_statement_removed_is_a_call_denied(twin, as_role, unique):
    name = unique("group")
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:model-package-group/{name}"
    create = {"Action": "sagemaker:CreateModelPackageGroup", "Resource": arn}
    describe = {"Action": "sagemaker:DescribeModelPackageGroup", "Resource": arn}
    twin.client("sagemaker", as_role(create, describe)).create_model_package_group(ModelPackageGroupName=name)

    with pytest.raises(ClientError) as caught:
        twin.client("sagemaker", as_role(create)).describe_model_package_group(ModelPackageGroupName=name)

    code, message = denial(caught)
    assert code == "AccessDeniedException"
    assert message.startswith("User: arn:aws:sts::111111111111:assumed-role/role-")
    assert message.endswith(
        f"is not authorized to perform: sagemaker:DescribeModelPackageGroup on resource: {arn} because no "
        "identity-based policy allows the sagemaker:DescribeModelPackageGroup action"
    )


def test_a_statement_for_another_resource_does_not_help(twin, as_role, unique):
    client = twin.client(
        "sagemaker", as_role({"Action": "sagemaker:*", "Resource": "arn:aws:sagemaker:*:*:model/other"})
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client.describe_model(ModelName=unique("model"))


def test_a_tag_may_be_a_condition(twin, as_role, unique):
    blue = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    client = twin.client("sagemaker", as_role({"Action": "sagemaker:*", "Resource": ANY, "Condition": blue}))
    for team, allowed in (("blue", True), ("red", False)):
        name = unique("group")
        twin.client("sagemaker").create_model_package_group(
            ModelPackageGroupName=name, Tags=[{"Key": "team", "Value": team}]
        )
        if allowed:
            assert client.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupName"] == name
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                client.describe_model_package_group(ModelPackageGroupName=name)


def test_a_wrong_secret_is_refused(twin, as_role):
    credentials = as_role({"Action": "sagemaker:*", "Resource": ANY})
    assert twin.client("sagemaker", credentials).list_models()["Models"] is not None
    with pytest.raises(ClientError) as caught:
        twin.client("sagemaker", {**credentials, "SecretAccessKey": "wrong"}).list_models()
    assert denial(caught)[0] == "InvalidSignatureException"


def test_an_unknown_key_is_refused(twin):
    with pytest.raises(ClientError) as caught:
        twin.client("sagemaker", {"AccessKeyId": "AKIAUNKNOWNUNKNOWN00", "SecretAccessKey": "x"}).list_models()
    assert denial(caught)[0] == "UnrecognizedClientException"


def test_a_role_is_passed_only_by_who_may(twin, as_role, role, unique):
    execution = role("sagemaker.amazonaws.com")
    create = {"Action": "sagemaker:CreateModel", "Resource": ANY}
    elsewhere = {
        "Action": "iam:PassRole",
        "Resource": execution,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }
    pass_it = {
        "Action": "iam:PassRole",
        "Resource": execution,
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    model = {
        "PrimaryContainer": {"Image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/x:1"},
        "ExecutionRoleArn": execution,
    }
    for statements in ((create,), (create, elsewhere)):
        with pytest.raises(ClientError) as caught:
            twin.client("sagemaker", as_role(*statements)).create_model(ModelName=unique("model"), **model)
        assert f"is not authorized to perform: iam:PassRole on resource: {execution}" in denial(caught)[1]
    assert twin.client("sagemaker", as_role(create, pass_it)).create_model(ModelName=unique("model"), **model)[
        "ModelArn"
    ]


@pytest.mark.parametrize("trusted", ["lambda.amazonaws.com", "111111111111", None])
def test_a_role_must_exist_and_trust_the_service(twin, role, unique, trusted):
    arn = role(trusted) if trusted else "arn:aws:iam::111111111111:role/nobody"
    with pytest.raises(ClientError) as caught:
        twin.client("sagemaker").create_model(
            ModelName=unique("model"), PrimaryContainer={"Image": "example:1"}, ExecutionRoleArn=arn
        )
    assert denial(caught) == (
        "ValidationException",
        (
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        ),
    )


def test_cloudtrail_shows_our_services_too(twin, unique):
    name = unique("group")
    twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    events = twin.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateModelPackageGroup"}]
    )["Events"]
    assert any(name in event["CloudTrailEvent"] for event in events)
    assert {event["EventSource"] for event in events} == {"sagemaker.amazonaws.com"}


def test_cloudtrail_says_who_called(twin, unique, as_role):
    """Of a service of ministack and of one of the twin: a role's session, and the root user."""

    def identity(event: str, mark: str) -> tuple[str, dict[str, Any]]:
        attribute = {"AttributeKey": "EventName", "AttributeValue": event}
        events = twin.client("cloudtrail").lookup_events(LookupAttributes=[attribute], MaxResults=50)["Events"]
        found = next(event for event in events if mark in event["CloudTrailEvent"])
        return found["Username"], json.loads(found["CloudTrailEvent"])["userIdentity"]

    keys = as_role({"Action": ["sqs:CreateQueue", "sagemaker:CreateModelPackageGroup"], "Resource": "*"})
    by_role, by_root, queue = unique("by-role"), unique("by-root"), unique("queue")
    twin.client("sagemaker", keys).create_model_package_group(ModelPackageGroupName=by_role)
    twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=by_root)
    twin.client("sqs", keys).create_queue(QueueName=queue)
    for event, mark in (("CreateModelPackageGroup", by_role), ("CreateQueue", queue)):
        name, who = identity(event, mark)
        assert (name, who["type"], who["accessKeyId"]) == ("test", "AssumedRole", keys["AccessKeyId"])
        assert re.fullmatch(rf"arn:aws:sts::{twin.account}:assumed-role/role-\d+/test", who["arn"])
        assert who["sessionContext"]["sessionIssuer"]["arn"].startswith(f"arn:aws:iam::{twin.account}:role/role-")
    name, who = identity("CreateModelPackageGroup", by_root)
    assert (name, who["type"], who["arn"]) == ("root", "Root", f"arn:aws:iam::{twin.account}:root")
