import pytest

from fairway.twin.runtime.shift_plan import PREDEFINED, RoutingError, Step, steps


def canary(percent, minutes):
    routing = {"canaryPercentage": percent, "canaryInterval": minutes}
    return {"type": "TimeBasedCanary", "timeBasedCanary": routing}


def linear(percent, minutes):
    routing = {"linearPercentage": percent, "linearInterval": minutes}
    return {"type": "TimeBasedLinear", "timeBasedLinear": routing}


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        ({"type": "AllAtOnce"}, [Step(100, 0)]),
        (canary(10, 5), [Step(10, 300), Step(100, 0)]),
        (linear(25, 2), [Step(25, 120), Step(50, 120), Step(75, 120), Step(100, 0)]),
        (linear(40, 1), [Step(40, 60), Step(80, 60), Step(100, 0)]),
    ],
)
def test_traffic_moves_in_steps(routing, expected):
    assert steps(routing) == expected


@pytest.mark.parametrize(
    ("name", "count", "seconds"),
    [
        ("CodeDeployDefault.LambdaAllAtOnce", 1, 0),
        ("CodeDeployDefault.LambdaCanary10Percent5Minutes", 2, 300),
        ("CodeDeployDefault.LambdaLinear10PercentEvery1Minute", 10, 540),
        ("CodeDeployDefault.LambdaLinear10PercentEvery10Minutes", 10, 5400),
    ],
)
def test_the_predefined_ones_are_codedeploys(name, count, seconds):
    plan = steps(PREDEFINED[name])
    assert (len(plan), sum(step.seconds for step in plan)) == (count, seconds)


def test_there_are_nine_predefined_ones():
    assert len(PREDEFINED) == 9


@pytest.mark.parametrize(
    "routing",
    [
        canary(0, 5), canary(100, 5), canary(10, 0), linear(0, 1), linear(100, 1), linear(10, 0),
        {"type": "TimeBasedCanary"}, {"type": "AllAtOnce", "timeBasedLinear": {}},
        {**canary(10, 5), "type": "AllAtOnce"},
    ],
)  # fmt: skip
def test_what_is_no_routing_is_refused(routing):
    with pytest.raises(RoutingError):
        steps(routing)
