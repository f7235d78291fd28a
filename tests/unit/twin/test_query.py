"""Forms and XML of the query protocol, held against botocore's own side of it."""

from typing import Any

import botocore.session
import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer

from fairway.twin import query

SERVICE: Any = botocore.session.Session().get_service_model("cloudwatch")

ALARM = {
    "AlarmName": "a",
    "ActionsEnabled": False,
    "AlarmActions": ["arn:aws:sns:us-east-1:111111111111:t"],
    "EvaluationPeriods": 2,
    "Threshold": 2.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Metrics": [
        {"Id": "e", "Expression": "a < b & c", "ReturnData": True},
        {
            "Id": "a",
            "MetricStat": {
                "Metric": {
                    "Namespace": "N",
                    "MetricName": "M",
                    "Dimensions": [{"Name": "E", "Value": "1"}, {"Name": "V", "Value": "2"}],
                },
                "Period": 60,
                "Stat": "p99",
            },
            "ReturnData": False,
        },
    ],
}


@pytest.mark.parametrize("given", [ALARM, {"AlarmName": "b", "EvaluationPeriods": 1, "ComparisonOperator": "x"}])
def test_a_form_is_read_as_botocore_writes_it(given):
    operation = SERVICE.operation_model("PutMetricAlarm")
    form = QuerySerializer().serialize_to_request(given, operation)["body"]
    as_parsed = {name: [str(value)] for name, value in form.items()}
    assert query.read(operation.input_shape, as_parsed) == given


def test_xml_is_read_by_botocore_as_it_was_written():
    shape = SERVICE.operation_model("DescribeAlarms").output_shape
    answer = {"MetricAlarms": [ALARM], "CompositeAlarms": [], "NextToken": None}
    text = (
        '<R xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult>'
        f"{query.write(shape, answer)}</DescribeAlarmsResult></R>"
    )
    shape.serialization["resultWrapper"] = "DescribeAlarmsResult"
    parsed = QueryParser().parse({"body": text.encode(), "headers": {}, "status_code": 200}, shape)
    assert parsed["MetricAlarms"] == [ALARM]
    assert "NextToken" not in parsed
