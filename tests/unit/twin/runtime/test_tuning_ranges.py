"""What a search draws: within its ranges, along its scales, and the same for the same seed."""

from itertools import pairwise
from typing import Any

import pytest

from fairway.twin.runtime.tuning_ranges import Choices, Numbers, Range, drawn, grid, ranges_of

GIVEN: dict[str, list[dict[str, Any]]] = {
    "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "3", "MaxValue": "6"}],
    "ContinuousParameterRanges": [
        {"Name": "eta", "MinValue": "0.001", "MaxValue": "0.3", "ScalingType": "Logarithmic"},
        {"Name": "subsample", "MinValue": "0.5", "MaxValue": "1"},
    ],
    "CategoricalParameterRanges": [{"Name": "booster", "Values": ["gbtree", "dart", "gbtree"]}],
}


def test_ranges_are_read_in_the_order_of_their_names():
    assert ranges_of(GIVEN) == [
        Choices("booster", ("gbtree", "dart")),
        Numbers("eta", 0.001, 0.3, "Logarithmic"),
        Numbers("max_depth", 3, 6, whole=True),
        Numbers("subsample", 0.5, 1),
    ]


@pytest.mark.parametrize("end", ["a", "0.5", "1e3", ""])
def test_an_integers_end_is_an_integer(end):
    with pytest.raises(ValueError, match="int"):
        ranges_of({"IntegerParameterRanges": [{"Name": "n", "MinValue": "0", "MaxValue": end}]})


@pytest.mark.parametrize("end", ["nan", "inf"])
def test_an_end_is_finite(end):
    with pytest.raises(ValueError, match="n has an end that is no finite number"):
        ranges_of({"ContinuousParameterRanges": [{"Name": "n", "MinValue": "0", "MaxValue": end}]})


@pytest.mark.parametrize(
    ("given", "halfway"),
    [
        (Numbers("n", 0, 10, "Linear"), "5.0"),
        (Numbers("n", 1, 10, "Linear", whole=True), "6"),
        (Numbers("n", 0.01, 100, "Logarithmic"), "1.0"),
        (Numbers("n", 1, 10_000, "Logarithmic", whole=True), "100"),
        (Numbers("n", 0, 0.99, "ReverseLogarithmic"), "0.9"),
        (Numbers("n", 0.01, 100), "1.0"),  # several orders: SageMaker may choose, and the twin takes the logarithm
        (Numbers("n", 0.01, 0.99), "0.5"),
        (Numbers("n", 0, 100), "50.0"),
        (Choices("n", ("a", "b", "c")), "b"),
    ],
)
def test_a_value_lies_on_the_scale(given, halfway):
    value = given.at(0.5)
    if isinstance(given, Numbers) and not given.whole:
        assert float(value) == pytest.approx(float(halfway))
    else:
        assert value == halfway


@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic", "Auto"])
@pytest.mark.parametrize("whole", [True, False])
def test_both_ends_are_reached_and_not_passed(scaling, whole):
    given = Numbers("n", 1, 512, scaling, whole=whole)
    nearly = 1 - 2**-53
    assert [float(given.at(0)), float(given.at(nearly))] == pytest.approx([1, 512])
    assert all(1 <= float(given.at(step / 1000)) <= 512 for step in range(1000))


@pytest.mark.parametrize("low", [0.0, 0.5])
def test_a_reversed_scale_reaches_both_ends_and_is_denser_at_the_upper_one(low):
    given = Numbers("n", low, 0.999, "ReverseLogarithmic")
    assert [float(given.at(0)), float(given.at(1 - 2**-53))] == pytest.approx([low, 0.999])
    steps = [float(given.at(step / 10)) for step in range(10)]
    gaps = [after - before for before, after in pairwise(steps)]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (Numbers("n", 3, 6, whole=True), 4),
        (Numbers("n", 0.5, 0.5), 1),
        (Numbers("n", 0.5, 0.6), float("inf")),
        (Choices("n", ("a", "b")), 2),
    ],
)
def test_a_range_knows_how_many_values_it_has(given, size):
    assert given.size() == size


def test_the_same_seed_draws_the_same():
    ranges = ranges_of(GIVEN)
    assert drawn(ranges, 20, 7) == drawn(ranges, 20, 7)
    assert drawn(ranges, 20, 7) != drawn(ranges, 20, 8)
    assert drawn(ranges, 20, None) != drawn(ranges, 20, None)


def test_a_longer_search_begins_as_the_shorter_one_with_its_seed():
    ranges = ranges_of(GIVEN)
    assert drawn(ranges, 20, 7)[:5] == drawn(ranges, 5, 7)


def test_the_order_of_a_request_plays_no_part():
    turned = {member: list(reversed(ranges)) for member, ranges in reversed(GIVEN.items())}
    assert drawn(ranges_of(turned), 5, 7) == drawn(ranges_of(GIVEN), 5, 7)


def test_what_is_drawn_does_not_change_from_one_release_of_the_twin_to_the_next():
    # A seed in a repository is a promise: the same search next year.
    assert drawn(ranges_of(GIVEN), 2, 2013) == [
        {"booster": "gbtree", "eta": "0.00134455797051", "max_depth": "4", "subsample": "0.950308611018"},
        {"booster": "dart", "eta": "0.00918105191537", "max_depth": "5", "subsample": "0.704799096166"},
    ]


def test_nothing_is_tried_twice_where_there_is_something_else():
    ranges: list[Range] = [Numbers("a", 1, 5, whole=True), Choices("b", ("x", "y"))]
    found = drawn(ranges, 10, 1)
    assert len({tuple(each.items()) for each in found}) == 10


def test_what_has_too_few_values_is_tried_again(monkeypatch):
    monkeypatch.setattr("fairway.twin.runtime.tuning_ranges._ATTEMPTS", 20)
    assert drawn([Choices("b", ("x",))], 3, 1) == [{"b": "x"}] * 3


def test_a_grid_has_every_combination_once():
    assert grid([Choices("a", ("1", "2")), Choices("b", ("x", "y"))]) == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
    ]
