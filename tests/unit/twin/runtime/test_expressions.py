"""Metric math on one period."""

import pytest

from fairway.twin.runtime.expressions import Expression, ExpressionError


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("m1 + m2 * 2", {"m1": 1.0, "m2": 3.0}, 7.0),
        ("(m1 - m2) / 4", {"m1": 1.0, "m2": 3.0}, -0.5),
        ("-m1", {"m1": 2.0}, -2.0),
        ("m1 / m2", {"m1": 1.0, "m2": 0.0}, None),
        ("m1 / m2", {"m1": None, "m2": 1.0}, None),
        ("m1 > 2", {"m1": 3.0}, 1.0),
        ("IF(m1 > 2, m1, 0)", {"m1": 1.0}, 0.0),
        ("IF(m1, 5, 6)", {"m1": None}, None),
        ("FILL(m1, 0) + 1", {"m1": None}, 1.0),
        ("SUM([m1, m2, m3])", {"m1": 1.0, "m2": None, "m3": 2.0}, 3.0),
        ("MAX([m1, m2])", {"m1": None, "m2": None}, None),
        ("AVG([m1, m2])", {"m1": 1.0, "m2": 2.0}, 1.5),
    ],
)
def test_values(text, values, result):
    expression = Expression.parse(text)
    assert expression.value(values) == result
    assert expression.identifiers == set(values)


@pytest.mark.parametrize(
    "text",
    ["m1 +", "ANOMALY_DETECTION_BAND(m1)", "m1 and m2", "'a'", "m1.x", "IF(m1, 2)", "__import__('os')", "m1 ** 2"],
)
def test_what_is_not_there_is_refused(text):
    with pytest.raises(ExpressionError):
        Expression.parse(text)
