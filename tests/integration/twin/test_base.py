"""What the twin relies on of ministack beyond its HTTP interface (twin/base.py): an upgrade fails here.

Signatures and policies of callers, and the trail of calls: test_door.py. Jobs, limits of time and stopped executions:
test_jobs_awaited.py. Branches of state machines: test_states.py.
"""

import json
import time
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


def try_role(twin, unique, *statements):
    """Make a model with a role of these trust statements: SageMaker says whether it may assume it."""
    role = twin.client("iam").create_role(
        RoleName=unique("trusting"), AssumeRolePolicyDocument=json.dumps({"Statement": list(statements)})
    )["Role"]["Arn"]
    twin.client("sagemaker").create_model(
        ModelName=unique("model"), PrimaryContainer={"Image": "example:1"}, ExecutionRoleArn=role
    )


ALLOW = {"Effect": "Allow", "Principal": SAGEMAKER, "Action": "sts:AssumeRole"}


def from_account(number):
    return {**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": number}}}


@pytest.mark.parametrize(
    "statements",
    [
        (ALLOW,),
        (from_account("111111111111"),),
        ({**ALLOW, "Principal": {"Service": ["x.amazonaws.com", SAGEMAKER["Service"]]}},),
    ],
)
def test_trust_that_holds(twin, unique, statements):
    try_role(twin, unique, *statements)


@pytest.mark.parametrize(
    "statements",
    [
        (from_account("222222222222"),),
        (ALLOW, {**ALLOW, "Effect": "Deny"}),
        ({**ALLOW, "Action": "sts:TagSession"},),
        ({**ALLOW, "Principal": {"AWS": "111111111111"}},),
    ],
)
def test_trust_that_does_not_hold(twin, unique, statements):
    with pytest.raises(ClientError, match="Could not assume role"):
        try_role(twin, unique, *statements)


def test_events_of_aws_are_put_by_aws_alone(twin, unique):
    sqs, events = twin.client("sqs"), twin.client("events")
    queue = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    group, rule = unique("group"), unique("rule")
    pattern = {"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [group]}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])

    entry = {"Source": "aws.sagemaker", "DetailType": "x", "Detail": json.dumps({"ModelPackageGroupName": group})}
    refused = events.put_events(Entries=[entry])
    assert refused["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"

    twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    made = twin.client("sagemaker").create_model_package(ModelPackageGroupName=group)["ModelPackageArn"]
    deadline = time.monotonic() + 10
    while not (messages := sqs.receive_message(QueueUrl=queue).get("Messages")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    event = json.loads(messages[0]["Body"])
    assert event["detail-type"] == "SageMaker Model Package State Change"
    assert event["resources"] == [made]
    assert event["detail"]["ModelApprovalStatus"] == "PendingManualApproval"


def test_accounts_and_regions_are_apart(twin, unique):
    name = unique("group")
    twin.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    other = {"AccessKeyId": "222222222222", "SecretAccessKey": "test"}
    theirs = twin.client("sagemaker", other)
    with pytest.raises(
        ClientError, match=r"arn:aws:sagemaker:us-east-1:222222222222:model-package-group/.+ does not exist"
    ):
        theirs.describe_model_package_group(ModelPackageGroupName=name)
    arn = theirs.create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    assert arn.split(":")[4] == "222222222222"


def test_another_account_registers_by_arn_when_the_group_lets_it(twin, unique):
    name, sagemaker = unique("group"), twin.client("sagemaker")
    arn = sagemaker.create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    theirs = twin.client("sagemaker", {"AccessKeyId": "222222222222", "SecretAccessKey": "test"})
    with pytest.raises(
        ClientError, match="because no resource-based policy allows the sagemaker:CreateModelPackage action"
    ):
        theirs.create_model_package(ModelPackageGroupName=arn)
    versions = arn.replace(":model-package-group/", ":model-package/") + "/*"
    policy = {"Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"], "Resource": versions,
    }]}  # fmt: skip
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=json.dumps(policy))
    made = theirs.create_model_package(ModelPackageGroupName=arn)["ModelPackageArn"]
    assert made == versions.replace("*", "1")
    assert theirs.describe_model_package(ModelPackageName=made)["ModelPackageVersion"] == 1
    with pytest.raises(ClientError, match="UpdateModelPackage"):
        theirs.update_model_package(ModelPackageArn=made, ModelApprovalStatus="Approved")


def test_an_activity_is_still_worked_on_by_its_workers(twin, role, unique):
    states = twin.client("stepfunctions")
    activity = states.create_activity(name=unique("activity"))["activityArn"]
    state = {"Type": "Task", "Resource": activity, "End": True}
    machine = states.create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"StartAt": "Work", "States": {"Work": state}}),
        roleArn=role("states.amazonaws.com"),
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
    task = states.get_activity_task(activityArn=activity)
    states.send_task_success(taskToken=task["taskToken"], output='{"n": 2}')
    deadline = time.monotonic() + 10
    while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(answer["output"]) == {"n": 2}


def test_one_alarm_is_told_from_others(twin, as_role, unique):
    """In the form that Terraform's provider speaks."""
    mine, other = unique("alarm"), unique("alarm")
    for name in (mine, other):
        twin.client("cloudwatch").put_metric_alarm(
            AlarmName=name, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    arn = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:{}".format
    actions = ["cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource"]
    keys = as_role({"Action": actions, "Resource": arn(mine)})
    for name, status in ((mine, 200), (other, 403)):
        assert send_form(twin, keys, {"Action": "ListTagsForResource", "ResourceARN": arn(name)}) == status
        assert send_form(twin, keys, {"Action": "DeleteAlarms", "AlarmNames.member.1": name}) == status


def send_form(twin, keys, body):
    """Sign and send a request in CloudWatch's older protocol, and return the status of the answer."""
    signer = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"{twin.endpoint}/", data=urlencode(body), headers=form)
    SigV4Auth(signer, "monitoring", "us-east-1").add_auth(request)
    return URLLib3Session().send(request.prepare()).status_code
