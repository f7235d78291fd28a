"""State changes reach EventBridge as SageMaker's events."""

import json

import pytest
from tests.integration.runtime.conftest import wait


@pytest.fixture
def heard(twin, unique):
    """Return what a rule on SageMaker's events has put into a queue."""
    sqs, events, name = twin.client("sqs"), twin.client("events"), unique("heard")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.sagemaker"]}))["RuleArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    seen = []

    def read(arn):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in seen if event["resources"] == [arn]]

    return read


def test_a_training_job_tells_each_of_its_steps(heard, train):
    job = train(HyperParameters={"fails": "no reason"})
    said = wait(
        lambda: {"events": heard(job["TrainingJobArn"])},
        lambda found: any(event["detail"]["TrainingJobStatus"] == "Failed" for event in found["events"]),
    )["events"]
    assert {event["detail-type"] for event in said} == {"SageMaker Training Job State Change"}
    assert {"Starting", "Downloading", "Training", "Failed"} <= {event["detail"]["SecondaryStatus"] for event in said}
    last = next(event["detail"] for event in said if event["detail"]["TrainingJobStatus"] == "Failed")
    assert last["FailureReason"] == "AlgorithmError: no reason, exit code: 3"
    assert last["CreationTime"] == int(job["CreationTime"].timestamp() * 1000)


def test_an_endpoint_tells_its_statuses(heard, endpoint, config, model):
    described = endpoint(config(main=(model(), 1, 1)))
    said = wait(
        lambda: {"events": heard(described["EndpointArn"])},
        lambda found: any(event["detail"]["EndpointStatus"] == "IN_SERVICE" for event in found["events"]),
    )["events"]
    assert {event["detail-type"] for event in said} == {"SageMaker Endpoint State Change"}
    assert {event["detail"]["EndpointStatus"] for event in said} == {"CREATING", "IN_SERVICE"}
