"""Alarms on a real twin: their data, their scaled periods, their actions, and what is above them."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from tests.integration.rollout.conftest import SPEED
from tests.integration.runtime.conftest import wait

ARN = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:{}"


@pytest.fixture
def cloudwatch(twin):
    return twin.client("cloudwatch")


@pytest.fixture
def alarm(cloudwatch, unique):
    """Make an alarm on the metric M of a place of its own; return its name, which is the place's too."""
    made = []

    def make(**members):
        name = unique("alarm")
        given = {
            "AlarmName": name,
            "Namespace": "N",
            "MetricName": "M",
            "Dimensions": [{"Name": "Place", "Value": name}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10,
            "ComparisonOperator": "GreaterThanThreshold",
            **members,
        }
        cloudwatch.put_metric_alarm(**given)
        made.append(name)
        return name

    yield make
    cloudwatch.delete_alarms(AlarmNames=made)


def put(cloudwatch, place, value, metric="M"):
    datum = {"MetricName": metric, "Dimensions": [{"Name": "Place", "Value": place}], "Value": value}
    cloudwatch.put_metric_data(Namespace="N", MetricData=[datum])


def described(cloudwatch, name):
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return (answer["MetricAlarms"] + answer["CompositeAlarms"])[0]


def becomes(cloudwatch, name, state, seconds=10):
    return wait(lambda: described(cloudwatch, name), lambda now: now["StateValue"] == state, seconds)


def test_an_alarm_rings_by_its_own_data_and_its_period_is_scaled(cloudwatch, alarm):
    mine, others = alarm(TreatMissingData="notBreaching"), alarm(TreatMissingData="notBreaching")
    assert becomes(cloudwatch, mine, "OK")["StateReason"].startswith("Threshold Crossed: no datapoints were received")
    start = time.monotonic()
    put(cloudwatch, mine, 11)
    rung = becomes(cloudwatch, mine, "ALARM")
    assert rung["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [11.0] was greater than the threshold (10.0) (minimum 1 "
        "datapoint for OK -> ALARM transition)."
    )
    assert rung["Period"] == 60
    assert described(cloudwatch, others)["StateValue"] == "OK"  # whose data has other dimensions
    becomes(cloudwatch, mine, "OK")
    assert 60 / SPEED <= time.monotonic() - start < 10 * 60 / SPEED
    history = cloudwatch.describe_alarm_history(AlarmName=mine, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    summaries = {item["HistorySummary"] for item in history}
    assert {"Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"} <= summaries


def test_without_data_an_alarm_says_so(cloudwatch, alarm):
    name = alarm()
    assert described(cloudwatch, name)["StateReason"] == "Unchecked: Initial alarm creation"
    put(cloudwatch, name, 1)
    becomes(cloudwatch, name, "OK")
    assert (
        becomes(cloudwatch, name, "INSUFFICIENT_DATA")["StateReason"] == "Insufficient Data: 1 datapoint was unknown."
    )


def test_a_change_runs_actions_and_composites_and_is_an_event(twin, cloudwatch, alarm, heard, unique):
    sns, sqs = twin.client("sns"), twin.client("sqs")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    name, above = alarm(TreatMissingData="ignore"), unique("above")
    cloudwatch.put_composite_alarm(AlarmName=above, AlarmRule=f"ALARM({name})", AlarmActions=[topic])
    put(cloudwatch, name, 99)
    becomes(cloudwatch, above, "ALARM")
    message = wait(
        lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1), lambda answer: bool(answer.get("Messages"))
    )["Messages"][0]
    assert json.loads(json.loads(message["Body"])["Message"])["AlarmName"] == above
    said = wait(lambda: {"events": heard(ARN.format(name))}, lambda found: bool(found["events"]))["events"][-1]
    assert said["detail-type"] == "CloudWatch Alarm State Change"
    assert said["detail"]["state"]["value"] == "ALARM"
    assert said["detail"]["alarmName"] == name
    cloudwatch.delete_alarms(AlarmNames=[above])


def test_metric_math(cloudwatch, unique):
    place = unique("place")

    def query(identity, metric):
        dimensions = [{"Name": "Place", "Value": place}]
        stat = {
            "Metric": {"Namespace": "N", "MetricName": metric, "Dimensions": dimensions},
            "Period": 600,
            "Stat": "Sum",
        }
        return {"Id": identity, "MetricStat": stat, "ReturnData": False}

    cloudwatch.put_metric_alarm(
        AlarmName=place,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "rate", "Expression": "100 * errors / calls", "ReturnData": True},
            query("errors", "Errors"),
            query("calls", "Calls"),
        ],
    )
    put(cloudwatch, place, 100, "Calls")
    put(cloudwatch, place, 4, "Errors")
    becomes(cloudwatch, place, "OK")
    put(cloudwatch, place, 2, "Errors")
    rung = becomes(cloudwatch, place, "ALARM")
    assert "[6.0]" in rung["StateReason"]
    assert not {"Namespace", "MetricName", "Statistic", "Period"} & rung.keys()
    cloudwatch.delete_alarms(AlarmNames=[place])


def test_a_percentile(cloudwatch, unique):
    place = unique("place")
    dimensions = [{"Name": "Place", "Value": place}]
    cloudwatch.put_metric_alarm(
        AlarmName=place,
        Namespace="N",
        MetricName="M",
        Dimensions=dimensions,
        ExtendedStatistic="p99",
        Period=600,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
    )
    datum = {"MetricName": "M", "Dimensions": dimensions, "Values": [1.0, 20.0], "Counts": [997.0, 3.0]}
    cloudwatch.put_metric_data(Namespace="N", MetricData=[datum])
    becomes(cloudwatch, place, "OK")
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{**datum, "Counts": [1.0, 30.0]}])
    assert "[20.0]" in becomes(cloudwatch, place, "ALARM")["StateReason"]
    cloudwatch.delete_alarms(AlarmNames=[place])


def test_what_the_twin_cannot_evaluate_is_refused(alarm):
    with pytest.raises(ClientError, match="The twin does not evaluate alarms with ComparisonOperator LessThanLower"):
        alarm(ComparisonOperator="LessThanLowerThreshold")
