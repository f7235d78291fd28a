"""The state of an alarm as CloudWatch documents it, period by period."""

import pytest

from fairway.twin.runtime.alarms import Alarm, Statistic, UnsupportedAlarmError

SINGLE = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "ModelLatency",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
BEFORE = "what it was"


def alarm(**members):
    return Alarm.parse({**SINGLE, **members})


def data(picture):
    """Periods as CloudWatch's documentation draws them, the oldest first: 0 is well, X breaches, - has no data."""
    return [{"0": 1.0, "X": 99.0, "-": None}[letter] for letter in picture.split()]


# docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, its two tables
@pytest.mark.parametrize(
    ("to_alarm", "picture", "missing", "ignore", "breaching", "not_breaching"),
    [
        (3, "0 - X - X", "OK", "OK", "OK", "OK"),
        (3, "- - - - 0", "OK", "OK", "OK", "OK"),
        (3, "- - - - -", "INSUFFICIENT_DATA", BEFORE, "ALARM", "OK"),
        (3, "0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        (3, "- - X - -", "ALARM", BEFORE, "ALARM", "OK"),
        (2, "0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        (2, "0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        (2, "0 - X - -", "OK", "OK", "ALARM", "OK"),
        (2, "- - - - 0", "OK", "OK", "ALARM", "OK"),
        (2, "- - - X -", "ALARM", BEFORE, "ALARM", "OK"),
        # and what the page says in words: one breaching datapoint just now is too young for three
        (3, "- - - - X", BEFORE, BEFORE, "ALARM", "OK"),
        (3, "0 0 X X X", "ALARM", "ALARM", "ALARM", "ALARM"),
        (3, "X X X X 0", "OK", "OK", "OK", "OK"),
        (1, "0 0 0 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        (1, "X X 0 0 0", "OK", "OK", "OK", "OK"),
    ],
)
def test_missing_data(to_alarm, picture, missing, ignore, breaching, not_breaching):  # noqa: PLR0917 -- a table
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    states = {
        treat: alarm(DatapointsToAlarm=to_alarm, TreatMissingData=treat).judge(data(picture), BEFORE).state
        for treat in expected
    }
    assert states == expected


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanThreshold", 10.0, "OK"),
        ("GreaterThanThreshold", 10.1, "ALARM"),
        ("GreaterThanOrEqualToThreshold", 10.0, "ALARM"),
        ("LessThanThreshold", 10.0, "OK"),
        ("LessThanThreshold", 9.9, "ALARM"),
        ("LessThanOrEqualToThreshold", 10.0, "ALARM"),
    ],
)
def test_comparisons(comparison, value, state):
    judged = alarm(EvaluationPeriods=1, ComparisonOperator=comparison).judge([None, None, value], "OK")
    assert judged.state == state


@pytest.mark.parametrize(
    ("series", "missing", "reason"),
    [
        (
            [1.0, 11.0, 12.0],
            "missing",
            (
                "Threshold Crossed: 2 out of the last 3 datapoints [12.0, 11.0, 1.0] were greater than the threshold "
                "(10.0) (minimum 2 datapoints for OK -> ALARM transition)."
            ),
        ),
        (
            [1.0, 2.0, 12.0],
            "missing",
            (
                "Threshold Crossed: 2 out of the last 3 datapoints [12.0, 2.0, 1.0] were not greater than the "
                "threshold (10.0)."
            ),
        ),
        ([None] * 5, "missing", "Insufficient Data: 3 datapoints were unknown."),
        (
            [None] * 5,
            "breaching",
            (
                "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
                "[Breaching]."
            ),
        ),
    ],
)
def test_reasons(series, missing, reason):
    assert alarm(DatapointsToAlarm=2, TreatMissingData=missing).judge(series, "OK").reason == reason


def metric(name, stat="Sum", **dimensions):
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Metric": {"Namespace": "N", "MetricName": name, "Dimensions": listed}, "Period": 60, "Stat": stat}


def rate(*queries):
    return Alarm.parse(
        {
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "Metrics": list(queries),
        }
    )


ERRORS = {"Id": "errors", "MetricStat": metric("Errors", Endpoint="e"), "ReturnData": False}
CALLS = {"Id": "calls", "MetricStat": metric("Calls", Endpoint="e"), "ReturnData": False}


def test_the_rate_of_two_metrics():
    made = rate({"Id": "rate", "Expression": "100 * errors / calls", "ReturnData": True}, ERRORS, CALLS)
    seen: dict[str, list[float | None]] = {"Errors": [1.0, 30.0, None], "Calls": [100.0] * 3}  # the newest first
    series = made.series(lambda statistic, age: seen[statistic.metric][age])
    assert series == [None, 30.0, 1.0]
    assert made.judge(series, "ALARM").state == "OK"
    assert made.judge(series[:2], "OK").state == "ALARM"
    assert made.statistics["errors"] == Statistic("N", "Errors", (("Endpoint", "e"),), "Sum", None)


def test_an_expression_of_an_expression_in_any_order():
    made = rate(
        {"Id": "shown", "Expression": "IF(calls > 10, ratio, 0)", "ReturnData": True},
        {"Id": "ratio", "Expression": "errors / calls", "ReturnData": False},
        ERRORS,
        CALLS,
    )
    assert made.series(lambda statistic, _: {"Errors": 6.0, "Calls": 12.0}[statistic.metric]) == [0.5] * 3
    assert made.series(lambda statistic, _: {"Errors": 6.0, "Calls": 6.0}[statistic.metric]) == [0.0] * 3


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "ComparisonOperator GreaterThanUpperThreshold"),
        ({"Statistic": None, "ExtendedStatistic": "tm99"}, "the statistic tm99"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "EvaluateLowSampleCountPercentile ignore"),
        ({"Metrics": [ERRORS, CALLS]}, "without exactly one that returns data"),
        ({"Metrics": [{"Id": "a", "Expression": "RATE(errors)"}, ERRORS]}, "no function RATE of 1 arguments"),
        ({"Metrics": [{"Id": "a", "Expression": "b + 1"}, ERRORS]}, "b of a is not defined"),
    ],
)
def test_what_cannot_be_evaluated_is_named(members, said):
    with pytest.raises(UnsupportedAlarmError, match=said):
        alarm(**members)


def test_a_percentile_is_a_statistic():
    assert alarm(Statistic=None, ExtendedStatistic="p99.9").statistics["m"].name == "p99.9"
