"""What a run of the training workflow is told to search, of what the model declares."""

import re
from typing import Any

import pytest

from fairway.delivery.training import search_of
from fairway.errors import SearchError

DECLARED: dict[str, Any] = {
    "objective": {"metric": "loss", "goal": "minimize"},
    "ranges": {
        "depth": {"minimum": 3, "maximum": 9},
        "eta": {"minimum": 0.01, "maximum": 1, "scale": "logarithmic"},
        "momentum": {"minimum": 0.5, "maximum": 0.99, "scale": "reverse_logarithmic"},
        "booster": {"values": ["gbtree", "dart"]},
        "layers": {"values": [1, 2]},
    },
}


def test_a_declaration_becomes_sagemakers_ranges():
    assert search_of(DECLARED, {}) == {
        "objective": {"Type": "Minimize", "MetricName": "loss"},
        "ranges": {
            "IntegerParameterRanges": [
                {"Name": "depth", "MinValue": "3", "MaxValue": "9", "ScalingType": "Linear"},
            ],
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.01", "MaxValue": "1", "ScalingType": "Logarithmic"},
                {"Name": "momentum", "MinValue": "0.5", "MaxValue": "0.99", "ScalingType": "ReverseLogarithmic"},
            ],
            "CategoricalParameterRanges": [
                {"Name": "booster", "Values": ["gbtree", "dart"]},
                {"Name": "layers", "Values": ["1", "2"]},
            ],
        },
    }


def test_what_is_fixed_is_not_searched():
    found = search_of(DECLARED, {"eta": "0.1", "booster": "dart", "layers": "1", "momentum": "0.9"})
    assert found is not None
    assert list(found["ranges"]) == ["IntegerParameterRanges"]


@pytest.mark.parametrize(("declared", "fixed"), [(None, {}), (DECLARED, dict.fromkeys(DECLARED["ranges"], "1"))])
def test_where_nothing_is_left_nothing_is_searched(declared, fixed):
    assert search_of(declared, fixed) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"metric": "loss"}, "its members as ['metric', 'objective', 'ranges']"),
        ({"objective": {"metric": "loss", "goal": "down"}}, "its objective as {'metric': 'loss', 'goal': 'down'}"),
        ({"objective": {"goal": "minimize"}}, "its objective as"),
        ({"ranges": {"eta": {"minimum": 1}}}, "the range 'eta' as {'minimum': 1}"),
        ({"ranges": {"eta": {"minimum": 1, "maximum": "2"}}}, "the range 'eta' as"),
        ({"ranges": {"eta": {"minimum": 1, "maximum": 2, "scale": "log"}}}, "the range 'eta' as"),
        ({"ranges": {"eta": {"minimum": 1, "maximum": 2, "step": 1}}}, "the range 'eta' as"),
        ({"ranges": {"eta": {"values": []}}}, "the range 'eta' as {'values': []}"),
        ({"ranges": {"eta": {"values": [1], "scale": "linear"}}}, "the range 'eta' as"),
    ],
)
def test_what_cannot_be_searched_is_named(changes, named):
    with pytest.raises(SearchError, match=re.escape(f"The model's SEARCH has {named}")):
        search_of(DECLARED | changes, {})
