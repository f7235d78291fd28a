"""The record of calls, and an audit of it, on roles made for the test: what they did, were denied, and never used."""

import json
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from fairway.delivery import audit, audit_advice, audit_record
from fairway.delivery.audit import Call


@pytest.fixture
def bucket(twin, unique):
    name = unique("audited")
    twin.client("s3").create_bucket(Bucket=name)
    twin.client("s3").put_object(Bucket=name, Key="in/data", Body=b"1")
    return name


@pytest.fixture
def keys(as_role, bucket):
    """Of a role that reads below in/, lists groups of models, and might also delete."""
    return as_role(
        {"Sid": "In", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": f"arn:aws:s3:::{bucket}/in/*"},
        {"Sid": "Groups", "Action": "sagemaker:ListModelPackageGroups", "Resource": "*"},
    )


@pytest.fixture
def audited(twin, keys):
    """The ARN of that role."""
    session = twin.client("sts", keys).get_caller_identity()["Arn"]
    return f"arn:aws:iam::{twin.account}:role/{session.split('/')[1]}"


def refused(call, **arguments):
    with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
        call(**arguments)


def calls_of(twin, role):
    calls, _ = audit_record.read_record(twin.directory / "trail.jsonl", role.rpartition("/")[2]).beside({role: []})
    return Counter({call: count for call, count in calls.items() if call.role == role})  # role-1 begins role-10 too


@pytest.fixture
def record(twin, keys, audited, bucket):
    """The record of calls to ministack's services and to ours, allowed and denied, as the audit reads it."""
    s3, sagemaker = twin.client("s3", keys), twin.client("sagemaker", keys)
    for _ in range(2):
        s3.get_object(Bucket=bucket, Key="in/data")
    refused(s3.put_object, Bucket=bucket, Key="out/data", Body=b"2")
    sagemaker.list_model_package_groups()
    refused(sagemaker.describe_endpoint, EndpointName="nobody")
    refused(twin.client("logs", keys).describe_log_groups)
    return calls_of(twin, audited)


def test_the_record_has_who_what_on_which_resource_and_what_was_denied(twin, record, audited, bucket):
    endpoint = f"arn:aws:sagemaker:{twin.region}:{twin.account}:endpoint/nobody"
    [groups] = [call for call in record if call.action == "logs:DescribeLogGroups"]
    assert groups.denied
    assert {call: count for call, count in record.items() if call != groups} == {
        Call(audited, "sts:GetCallerIdentity", "*"): 1,
        Call(audited, "s3:GetObject", f"arn:aws:s3:::{bucket}/in/data"): 2,
        Call(audited, "s3:PutObject", f"arn:aws:s3:::{bucket}/out/data", denied=True): 1,
        Call(audited, "sagemaker:ListModelPackageGroups", "*"): 1,
        Call(audited, "sagemaker:DescribeEndpoint", endpoint, denied=True): 1,
    }


def test_cloudtrail_names_the_resources_and_what_was_denied(twin, record, keys, bucket):
    del record  # it is made by the calls
    attribute = {"AttributeKey": "AccessKeyId", "AttributeValue": keys["AccessKeyId"]}
    events = twin.client("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    told = {event["EventName"]: (event["Resources"], json.loads(event["CloudTrailEvent"])) for event in events}
    shown, put = told["PutObject"]
    assert [each["ResourceName"] for each in shown] == [f"arn:aws:s3:::{bucket}/out/data"]
    assert put["errorCode"] == "AccessDenied"
    assert put["userIdentity"]["type"] == "AssumedRole"
    got = next(event for _, event in told.values() if event["requestParameters"] and "errorCode" not in event)
    assert got["userIdentity"]["accessKeyId"] == keys["AccessKeyId"]
    assert told["DescribeEndpoint"][1]["errorCode"] == "AccessDenied"
    assert told["ListModelPackageGroups"][1].get("errorCode") is None


def test_an_audit_finds_what_lacks_and_what_is_idle(twin, record, audited, bucket):
    name = audited.rpartition("/")[2]
    kind_of = audit.kinds("role", [])
    grants = audit_record.read_grants(twin.client("iam"), name)[audited]
    assert [(each.statement, each.action) for each in audit.unused(record, grants, kind_of)] == [
        ("In", "s3:DeleteObject")
    ]
    lacking = {each.action: each for each in audit.denied(record, grants, kind_of)}
    statements = {
        action: audit_advice.statement_for(each, region=twin.region, account=twin.account)
        for action, each in lacking.items()
    }
    assert statements == {
        "s3:PutObject": {
            "Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/out/data",
        },
        "sagemaker:DescribeEndpoint": {
            "Effect": "Allow", "Action": "sagemaker:DescribeEndpoint",
            "Resource": f"arn:aws:sagemaker:{twin.region}:{twin.account}:endpoint/nobody",
        },
        "logs:DescribeLogGroups": {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
    }  # fmt: skip
    # The statements that it names are the ones that lacked.
    policy = {"Version": "2012-10-17", "Statement": list(statements.values())}
    twin.client("iam").put_role_policy(RoleName=name, PolicyName="lacked", PolicyDocument=json.dumps(policy))
    session = twin.client("sts").assume_role(RoleArn=audited, RoleSessionName="again")["Credentials"]
    twin.client("s3", session).put_object(Bucket=bucket, Key="out/data", Body=b"2")
    twin.client("logs", session).describe_log_groups()


def test_what_a_role_was_granted_is_known_when_it_is_gone(twin, record, audited):
    del record
    iam, name = twin.client("iam"), audited.rpartition("/")[2]
    granted = audit_record.read_grants(iam, name)[audited]
    iam.delete_role_policy(RoleName=name, PolicyName="all")
    iam.delete_role(RoleName=name)
    _, grants = audit_record.read_record(twin.directory / "trail.jsonl", name).beside({})
    assert [each for each in grants if each.role == audited] == granted
    assert any(call.action == "s3:GetObject" for call in calls_of(twin, audited))


def test_what_the_twin_asks_of_a_role_for_a_service_is_recorded_too(twin, unique, role):
    """A state machine that waits for jobs needs rules of EventBridge, which Step Functions makes as its role."""
    arn = role("states.amazonaws.com")
    definition = {"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}}}  # fmt: skip
    refused(
        twin.client("stepfunctions").create_state_machine,
        name=unique("machine"), roleArn=arn, definition=json.dumps(definition),
    )  # fmt: skip
    assert [(call.action, call.denied) for call in calls_of(twin, arn)] == [("events:PutTargets", True)]
