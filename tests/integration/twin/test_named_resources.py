"""A policy that names a rule, a topic or a log stream is evaluated against its ARN, as on AWS: another one is not."""

import json
import time

import pytest
from botocore.exceptions import ClientError

RULE, TOPIC = "arn:aws:events:us-east-1:111111111111:rule/{name}", "arn:aws:sns:us-east-1:111111111111:{name}"
EVENTS = ("DescribeRule", "ListTagsForResource", "PutRule", "PutTargets", "RemoveTargets")


def calls(events, name):
    """Use every permission of `EVENTS` on a rule of the default bus."""
    arn = RULE.format(name=name)
    yield lambda: events.put_rule(Name=name, EventPattern=json.dumps({"source": ["one"]}))
    yield lambda: events.describe_rule(Name=name)
    yield lambda: events.put_targets(
        Rule=name, EventBusName="default", Targets=[{"Id": "one", "Arn": TOPIC.format(name=name)}]
    )
    yield lambda: events.list_tags_for_resource(ResourceARN=arn)
    yield lambda: events.remove_targets(Rule=name, EventBusName="default", Ids=["one"])


def test_a_rule_of_the_default_bus(twin, unique, as_role):
    named, other = unique("rule"), unique("other")
    allowed = {"Action": [f"events:{action}" for action in EVENTS], "Resource": RULE.format(name=named)}
    events = twin.client("events", as_role(allowed))
    for call in calls(events, named):
        call()
    for call in calls(events, other):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_a_topics_tags(twin, unique, as_role):
    named, other = unique("topic"), unique("other")
    arns = [twin.client("sns").create_topic(Name=name)["TopicArn"] for name in (named, other)]
    sns = twin.client("sns", as_role({"Action": "sns:ListTagsForResource", "Resource": TOPIC.format(name=named)}))
    assert sns.list_tags_for_resource(ResourceArn=arns[0])["Tags"] == []
    with pytest.raises(ClientError, match="AuthorizationError"):
        sns.list_tags_for_resource(ResourceArn=arns[1])


def test_a_log_stream(twin, unique, as_role):
    named, other = unique("group"), unique("other")
    for group in (named, other):
        twin.client("logs").create_log_group(logGroupName=group)
    below = f"arn:aws:logs:us-east-1:111111111111:log-group:{named}:log-stream:ours/*"
    actions = [f"logs:{action}" for action in ("CreateLogStream", "GetLogEvents", "PutLogEvents")]
    logs = twin.client("logs", as_role({"Action": actions, "Resource": below}))
    logs.create_log_stream(logGroupName=named, logStreamName="ours/one")
    logs.put_log_events(
        logGroupName=named, logStreamName="ours/one", logEvents=[{"timestamp": int(time.time() * 1000), "message": "a"}]
    )
    assert logs.get_log_events(logGroupName=named, logStreamName="ours/one")["events"][0]["message"] == "a"
    for group, stream in ((named, "theirs/one"), (other, "ours/one")):
        with pytest.raises(ClientError, match="AccessDenied"):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)


def test_the_namespace_of_metrics(twin, as_role):
    condition = {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}}
    cloudwatch = twin.client(
        "cloudwatch", as_role({"Action": "cloudwatch:PutMetricData", "Condition": condition, "Resource": "*"})
    )
    data = [{"MetricName": "validation:logloss", "Value": 0.5}]
    cloudwatch.put_metric_data(Namespace="/aws/sagemaker/TrainingJobs", MetricData=data)
    with pytest.raises(ClientError, match="AccessDenied"):
        cloudwatch.put_metric_data(Namespace="another", MetricData=data)
