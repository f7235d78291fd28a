"""The steps of rollouts, as tables."""

from fractions import Fraction

import pytest

from fairway.twin.runtime.rollout_plan import Size, Step, blue_green_steps, rollback_batches, rolling_batches

BETWEEN, FINAL = "WaitIntervalInSeconds", "TerminationWaitInSeconds"


def percent(value):
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def count(value):
    return {"Type": "INSTANCE_COUNT", "Value": value}


def blue_green(kind, **size):
    routing = {"Type": kind, BETWEEN: 60, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, FINAL: 120}}


def steps(*shares):
    return [*(Step(Fraction(share), 60, BETWEEN) for share in shares), Step(Fraction(1), 120, FINAL)]


@pytest.mark.parametrize(
    ("deployment", "instances", "expected"),
    [
        ({}, 3, [Step(Fraction(1), 0, FINAL)]),
        (blue_green("ALL_AT_ONCE"), 3, steps()),
        # a percentage is the traffic's, to the request, whatever number of instances there is
        (blue_green("CANARY", CanarySize=percent(10)), 1, steps("1/10")),
        (blue_green("CANARY", CanarySize=percent(10)), 2, steps("1/10")),
        (blue_green("CANARY", CanarySize=percent(10)), 3, steps("1/10")),
        (blue_green("CANARY", CanarySize=percent(10)), 10, steps("1/10")),
        (blue_green("CANARY", CanarySize=percent(33)), 3, steps("33/100")),
        (blue_green("CANARY", CanarySize=count(1)), 2, steps("1/2")),
        (blue_green("CANARY", CanarySize=count(1)), 3, steps("1/3")),
        (blue_green("CANARY", CanarySize=count(1)), 10, steps("1/10")),
        (blue_green("LINEAR", LinearStepSize=percent(50)), 1, steps("1/2")),
        (blue_green("LINEAR", LinearStepSize=percent(25)), 3, steps("1/4", "1/2", "3/4")),
        (blue_green("LINEAR", LinearStepSize=percent(30)), 3, steps("3/10", "6/10", "9/10")),
        (blue_green("LINEAR", LinearStepSize=count(1)), 3, steps("1/3", "2/3")),
        (blue_green("LINEAR", LinearStepSize=count(3)), 10, steps("3/10", "6/10", "9/10")),
    ],
)
def test_blue_green(deployment, instances, expected):
    assert blue_green_steps(deployment, {"main": instances}) == expected


def test_a_number_of_instances_is_of_the_smallest_variant():
    steps = blue_green_steps(blue_green("CANARY", CanarySize=count(1)), {"a": 10, "b": 2})
    assert steps[0].share == Fraction(1, 2)


def rolling(size, **more):
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, BETWEEN: 60, **more}}


@pytest.mark.parametrize(
    ("size", "instances", "counts", "shares"),
    [
        (percent(50), 1, [1], ["1"]),
        (percent(50), 2, [1, 2], ["1/2", "1"]),
        (percent(50), 3, [1, 2, 3], ["1/3", "2/3", "1"]),
        (percent(33), 3, [1, 2, 3], ["1/3", "2/3", "1"]),
        (percent(5), 10, list(range(1, 11)), [f"{n}/10" for n in range(1, 11)]),
        (percent(40), 10, [4, 8, 10], ["4/10", "8/10", "1"]),
        (count(3), 10, [3, 6, 9, 10], ["3/10", "6/10", "9/10", "1"]),
    ],
)
def test_rolling(size, instances, counts, shares):
    batches = rolling_batches(rolling(size), {"main": instances})
    assert [batch.instances["main"] for batch in batches] == counts
    assert [batch.share for batch in batches] == [Fraction(share) for share in shares]
    assert {batch.bake_seconds for batch in batches} == {60}


def test_the_variants_of_a_fleet_grow_together():
    batches = rolling_batches(rolling(percent(50)), {"a": 4, "b": 1})
    assert [dict(batch.instances) for batch in batches] == [{"a": 2, "b": 1}, {"a": 4, "b": 1}]
    assert [batch.share for batch in batches] == [Fraction(3, 5), Fraction(1)]


@pytest.mark.parametrize(("more", "counts"), [({}, [4]), ({"RollbackMaximumBatchSize": count(1)}, [1, 2, 3, 4])])
def test_rollback_is_at_once_unless_a_size_is_given(more, counts):
    batches = rollback_batches(rolling(percent(50), **more), {"main": 4})
    assert [batch.instances["main"] for batch in batches] == counts


def test_sizes():
    assert Size("CAPACITY_PERCENT", 33).instances(3) == 1
    assert Size("CAPACITY_PERCENT", 50).instances(3) == 1
    assert Size("INSTANCE_COUNT", 5).share(3) == 1
