"""Metric filters of CloudWatch Logs: log events make metrics, at their own moments."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def group(twin, unique):
    name = f"/fairway/{unique('filtered')}"
    twin.client("logs").create_log_group(logGroupName=name)
    twin.client("logs").create_log_stream(logGroupName=name, logStreamName="one")
    return name


def put_filter(twin, group, pattern='{ $.event = "quality" }', value="$.psi", **members):
    change = {"metricName": "QualityPSI", "metricNamespace": group, "metricValue": value, **members}
    twin.client("logs").put_metric_filter(
        logGroupName=group, filterName="psi", filterPattern=pattern, metricTransformations=[change]
    )


def write(twin, group, *messages, age=0.0):
    moment = int((time.time() - age) * 1000)
    events = [{"timestamp": moment, "message": message} for message in messages]
    twin.client("logs").put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def statistics(twin, group, seconds, *dimensions):
    """Wait for data of the last seconds, and return its Sum, Maximum and SampleCount."""
    deadline = time.monotonic() + 10
    while True:
        now = datetime.now(UTC)
        found = twin.client("cloudwatch").get_metric_statistics(
            Namespace=group,
            MetricName="QualityPSI",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
            StartTime=now - timedelta(seconds=seconds),
            EndTime=now + timedelta(seconds=1),
            Period=86400,
            Statistics=["Sum", "Maximum", "SampleCount"],
        )["Datapoints"]
        if found:
            return {name: found[0][name] for name in ("Sum", "Maximum", "SampleCount")}
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_matching_events_make_data(twin, group):
    put_filter(twin, group)
    lines = [{"event": "quality", "psi": 0.5}, {"event": "quality", "psi": 0.25}, {"event": "start", "psi": 9}]
    write(twin, group, *map(json.dumps, lines), "no JSON")
    assert statistics(twin, group, 60) == {"Sum": 0.75, "Maximum": 0.5, "SampleCount": 2.0}


def test_data_has_the_moment_of_its_event(twin, group):
    put_filter(twin, group)
    write(twin, group, json.dumps({"event": "quality", "psi": 0.5}), age=600)
    assert statistics(twin, group, 700)["SampleCount"] == 1.0
    write(twin, group, json.dumps({"event": "quality", "psi": 0.25}))
    assert statistics(twin, group, 300) == {"Sum": 0.25, "Maximum": 0.25, "SampleCount": 1.0}


def test_dimensions_come_from_the_event(twin, group):
    put_filter(twin, group, dimensions={"Release": "$.release"})
    write(twin, group, *(json.dumps({"event": "quality", "psi": n, "release": str(n)}) for n in (1, 2)))
    assert statistics(twin, group, 60, ("Release", "2")) == {"Sum": 2.0, "Maximum": 2.0, "SampleCount": 1.0}


def test_a_deleted_filter_makes_no_data(twin, group):
    put_filter(twin, group, "ERROR", "1")
    write(twin, group, "ERROR")
    assert statistics(twin, group, 60)["Sum"] == 1.0
    twin.client("logs").delete_metric_filter(logGroupName=group, filterName="psi")
    write(twin, group, "ERROR")
    time.sleep(0.3)
    assert statistics(twin, group, 60)["Sum"] == 1.0


def test_what_the_twin_does_not_have_is_refused_by_name(twin, group):
    for pattern, said in {
        "{ $.a = %reg.x% }": "does not have regular expressions",
        "{ $.a[*].b = 1 }": "does not have wildcards in selectors",
        "{ $.a = 1": "ends with '}'",
    }.items():
        with pytest.raises(ClientError, match="InvalidParameterException") as caught:
            put_filter(twin, group, pattern)
        assert said in str(caught.value)
    with pytest.raises(ClientError, match="mutually exclusive"):
        put_filter(twin, group, dimensions={"a": "$.a"}, defaultValue=0)
    assert twin.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_a_pattern_can_be_tried(twin):
    line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    matches = twin.client("logs").test_metric_filter(
        filterPattern="[..., request=*.html*, status_code=4*,]", logEventMessages=["other", line]
    )["matches"]
    assert matches == [
        {
            "eventNumber": 2,
            "eventMessage": line,
            "extractedValues": {
                "$1": "127.0.0.1",
                "$2": "-",
                "$3": "frank",
                "$4": "10/Oct/2000:13:25:15 -0700",
                "$request": "GET /index.html HTTP/1.0",
                "$status_code": "404",
                "$7": "1534",
            },
        }
    ]


def test_who_may_not_test_patterns_is_refused(twin, as_role):
    stranger = twin.client("logs", as_role({"Action": "logs:PutLogEvents", "Resource": "*"}))
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.test_metric_filter(filterPattern="ERROR", logEventMessages=["ERROR"])
