"""What policies decide, by AWS's own examples and rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.twin.runtime.scaling_rules import (
    AT_DESIRED,
    AT_MAXIMUM,
    AT_MINIMUM,
    Bounds,
    Decision,
    Direction,
    Proposal,
    Rest,
    decide,
    step_faults,
    stepped,
    tracked,
)


def step(low, high, adjustment):
    bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
    given = {name: float(bound) for name, bound in bounds.items() if bound is not None}
    return {**given, "ScalingAdjustment": adjustment}


OUT = [step(0, 10, 0), step(10, 20, 10), step(20, None, 30)]
IN = [step(-10, 0, 0), step(-20, -10, -10), step(None, -20, -30)]


@pytest.mark.parametrize(
    ("steps", "above", "value", "capacity", "wanted"),
    [
        # The user guide's example: a threshold of 50, percentages, ten instances.
        (OUT, True, 59, 10, 10),
        (OUT, True, 60, 10, 11),
        (OUT, True, 70, 11, 14),
        (IN, False, 40, 14, 13),
        (IN, False, 30, 13, 10),
        (IN, False, 41, 14, 14),
        # Bounds are inclusive on the side of the threshold.
        (OUT, True, 69.9, 10, 11),
        (IN, False, 39.9, 10, 9),
        # No step is for a metric on the other side.
        (OUT, True, 40, 10, 10),
    ],
)
def test_steps_in_percent(steps, above, value, capacity, wanted):
    configuration = {"AdjustmentType": "PercentChangeInCapacity", "StepAdjustments": steps}
    assert stepped(configuration, value - 50, above=above)(capacity) == wanted


@pytest.mark.parametrize(
    ("kind", "least", "adjustment", "capacity", "wanted"),
    [
        ("ChangeInCapacity", 0, 5, 3, 8),
        ("ChangeInCapacity", 0, -5, 3, 0),
        ("ExactCapacity", 0, 5, 3, 5),
        ("PercentChangeInCapacity", 2, 25, 4, 6),
        ("PercentChangeInCapacity", 0, 127, 10, 22),
        ("PercentChangeInCapacity", 0, 10, 6, 7),
        ("PercentChangeInCapacity", 0, -10, 6, 5),
        ("PercentChangeInCapacity", 0, -66, 10, 4),
    ],
)
def test_adjustment_types(kind, least, adjustment, capacity, wanted):
    configuration = {
        "AdjustmentType": kind,
        "MinAdjustmentMagnitude": least,
        "StepAdjustments": [step(0, None, adjustment)],
    }
    assert stepped(configuration, 0.0, above=True)(capacity) == wanted


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (OUT, None),
        (IN, None),
        ([*IN, *OUT], None),
        ([step(None, None, 1)], "at least one bound"),
        ([step(5, 5, 1)], "must be greater"),
        ([step(0, 10, 1), step(5, None, 2)], "overlap"),
        ([step(0, 10, 1), step(15, None, 2)], "have a gap"),
        ([step(-10, 0, 1)], "null lower bound"),
        ([step(0, 10, 1)], "null upper bound"),
    ],
)
def test_faults_of_steps(steps, fault):
    found = step_faults(steps)
    assert (found is None) if fault is None else (fault in (found or ""))


@pytest.mark.parametrize(
    ("value", "direction", "capacity", "wanted"),
    [(10.0, "out", 1, 1), (10.1, "out", 1, 2), (25.0, "out", 2, 5), (0.0, "in", 4, 0), (5.0, "in", 4, 2)],
)
def test_target_tracking_is_proportional_and_rounds_up(value, direction, capacity, wanted):
    assert tracked(10.0, value, direction)(capacity) == wanted


def proposal(change, *, tracking=False):
    return Proposal("policy", "alarm", tracking, 60, lambda capacity: capacity + change)


BOUNDS = Bounds(1, 4)


@pytest.mark.parametrize(
    ("changes", "capacity", "rest", "capacity_then"),
    [
        ([+1], 2, None, 3),
        ([+1, +2, -1], 2, None, 4),
        ([+9], 2, None, 4),
        ([+1], 4, None, AT_MAXIMUM),
        ([+1], 7, None, AT_MAXIMUM),  # a person has set more than the maximum: a scale-out leaves it
        ([-1], 3, None, 2),
        ([-1, -2], 4, None, 3),
        ([-9], 3, None, 1),
        ([-1], 7, None, 4),  # and a scale-in begins at the maximum
        ([-1], 1, None, AT_MINIMUM),
        ([+1], 0, None, 1),  # a person has set less than the minimum
        # A cooldown after scaling out from 1 to 2: the same alarm again adds nothing, a larger one the difference.
        ([+1], 2, Rest("out", 1, 0), AT_DESIRED),
        ([+2], 2, Rest("out", 1, 0), 3),
        ([-1], 2, Rest("out", 1, 0), 1),
        # After scaling in nothing is scaled in, and at once out.
        ([-1], 3, Rest("in", 4, 0), None),
        ([+1], 3, Rest("in", 4, 0), 4),
        ([0], 2, None, None),
        ([], 2, None, None),
    ],
)
def test_decisions(changes, capacity, rest, capacity_then):
    decision = decide([proposal(change) for change in changes], capacity, BOUNDS, rest, trackers_agree=True)
    found = None if decision is None else decision.reason or decision.capacity
    assert found == capacity_then


def test_trackers_scale_in_together_or_not_at_all():
    assert decide([proposal(-1, tracking=True)], 3, BOUNDS, None, trackers_agree=False) is None
    decision = decide([proposal(-1, tracking=True), proposal(-2)], 3, BOUNDS, None, trackers_agree=False)
    assert decision is not None
    assert decision.capacity == 1


def test_what_is_suspended_does_not_happen():
    directions: dict[int, Direction] = {+1: "out", -1: "in"}
    for change, direction in directions.items():
        suspended = frozenset({direction})
        assert decide([proposal(change)], 2, BOUNDS, None, trackers_agree=True, suspended=suspended) is None


@given(
    st.lists(st.integers(-10, 10), max_size=5),
    st.integers(0, 20),
    st.integers(1, 10),
    st.integers(0, 10),
    st.sampled_from([None, Rest("out", 1, 0.0), Rest("in", 5, 0.0)]),
)
def test_a_decision_is_within_bounds_and_a_change(changes, capacity, minimum, more, rest):
    bounds = Bounds(minimum, minimum + more)
    decision = decide([proposal(change) for change in changes], capacity, bounds, rest, trackers_agree=True)
    if decision is not None and decision.capacity is not None:
        assert bounds.minimum <= decision.capacity <= bounds.maximum
        assert decision.capacity != capacity


@pytest.mark.parametrize(("backlog", "wanted"), [(0, 0), (5, 1), (10, 1), (11, 2), (25, 3)])
def test_tracking_begins_from_no_instance_as_from_one(backlog, wanted):
    assert tracked(10, backlog, "out")(0) == wanted
    assert tracked(10, backlog, "in")(0) == 0


@pytest.mark.parametrize(
    ("reason", "capacity"),
    [(AT_MAXIMUM, {"MaxCapacity": 4}), (AT_MINIMUM, {"MinCapacity": 1}), (AT_DESIRED, {"CurrentCapacity": 2})],
)
def test_a_refusal_says_the_capacity_that_its_code_speaks_of(reason, capacity):
    nothing = Proposal("p", "a", tracking=True, cooldown=0, wanted=lambda now: now)
    assert Decision(nothing, None, reason).refusal(Bounds(1, 4), 2) == {"Code": reason, **capacity}
