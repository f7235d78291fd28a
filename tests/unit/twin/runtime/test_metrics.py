"""What an invocation adds to SageMaker's metrics, and how many fit into one call."""

from collections import Counter

import pytest

from fairway.twin.runtime.metrics import Invocation, Source, data_of, rounded

SOURCE = Source("111111111111", "us-east-1", "e", "v", "c")


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        (200, (0, 0, 0)),
        (400, (1, 0, 1)),
        (499, (1, 0, 1)),
        (500, (0, 1, 1)),
        (503, (0, 1, 1)),
        (302, (0, 0, 1)),
        (None, (0, 0, 1)),
    ],
)
def test_each_request_counts_in_the_errors_too(status, errors):
    values = Invocation(status, 1234.0, 56.0).values()
    names = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
    assert tuple(values[name] for name in names) == errors
    assert values["Invocations"] == 1.0


@pytest.mark.parametrize(("value", "kept"), [(0.0, 0.0), (1234.5, 1230.0), (56.789, 56.8), (999_999.0, 1_000_000.0)])
def test_latencies_keep_three_digits(value, kept):
    assert rounded(value) == kept


def test_a_datum_takes_150_values():
    values = Counter({float(value): value + 1 for value in range(301)})
    data = list(data_of(SOURCE, "ModelLatency", values))
    assert [len(datum["Values"]) for datum in data] == [150, 150, 1] * 2
    assert sum(sum(datum["Counts"]) for datum in data) == values.total() * 2
    assert data[0]["Unit"] == "Microseconds"


def test_each_metric_has_the_dimensions_of_the_variant_and_of_its_configuration():
    variant = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "v"}]
    data = list(data_of(SOURCE, "Invocations", Counter({1.0: 3})))
    assert [datum["Dimensions"] for datum in data] == [
        variant,
        [*variant, {"Name": "EndpointConfigName", "Value": "c"}],
    ]
