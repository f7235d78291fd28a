"""A rollout between fleets that only say that they serve: what it routes, and how it ends."""

import threading
from fractions import Fraction
from typing import Any

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.rollout import RollbackFailedError, Rollout
from fairway.twin.runtime.routing import Fleet, Router
from fairway.twin.runtime.variants import FleetError, VariantFleet
from fairway.twin.runtime.wishes import Wish

BETWEEN = "WaitIntervalInSeconds"


class FakeInstance:
    """What a rollout knows of an instance."""

    def __init__(self, _changed):
        self.serving, self.in_flight, self.ends, self.problem, self.retired = True, 0, 0, None, False

    def retire(self, grace=30):
        self.serving, self.retired = False, grace is not None


def fleet_of(name, *, instances=0):
    nothing: Any = None  # a rollout asks for none of it
    launcher: Any = FakeInstance
    variant = VariantFleet(
        "main",
        config_name=name,
        weight=1.0,
        image=nothing,
        specified_image="",
        made_at=nothing,
        startup_seconds=60,
        launcher=launcher,
    )
    variant.launch(instances)
    return Fleet(name, (variant,), ())


class FakeMaker:
    """Makes instances that serve at once, until `fails` is set."""

    def __init__(self, new):
        self.abandoned, self.new, self.fails = threading.Event(), new, False

    def prepare(self, _config, _wanted):
        return self.new

    def start(self, launches):
        if self.fails:
            raise FleetError("no capacity")
        for variant, number in launches.items():
            variant.launch(number)


class Run:
    """A rollout from two instances to two, and what it has told."""

    def __init__(self, policy, trouble=lambda _: None, speed=6000.0):
        self.old, self.new, self.told = fleet_of("old", instances=2), fleet_of("new"), []
        self.router, self.maker = Router(self.old.routes()), FakeMaker(self.new)
        maker: Any = self.maker
        self._rollout = Rollout(
            Clock(speed), self.router, maker, self.old, policy, lambda: trouble(self), lambda stage, _: self.tell(stage)
        )

    def tell(self, stage):
        shares = {route.variant.config_name: route.weight for route in self.router.routes}
        self.told.append((stage.status, shares.get("new", 0)))

    def run(self):
        config: Any = None
        return self._rollout.run(config, {"main": Wish(2, 1.0)})


def blue_green(kind, limit=None, wait=60, **size):
    routing = {"Type": kind, BETWEEN: wait, **size}
    limited = {"MaximumExecutionTimeoutInSeconds": limit} if limit else {}
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": wait, **limited}
    }


TENTH = {"Type": "CAPACITY_PERCENT", "Value": 10}
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}
ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, BETWEEN: 60}}


def test_a_canary_step_by_step():
    run = Run(blue_green("CANARY", CanarySize=TENTH))
    assert run.run() is run.new
    assert run.told == [
        ("Creating", 0),
        ("ActivatingTraffic", Fraction(1, 10)),
        ("Baking", Fraction(1, 10)),
        ("ActivatingTraffic", 1),
        ("Baking", 1),
    ]
    assert len(run.new.instances()) == len(run.old.instances()) == 2  # who called it ends the old one


def test_a_rolling_update_step_by_step():
    run = Run(ROLLING)
    old = run.old.instances()
    assert run.run() is run.new
    assert [told for told in run.told if told[0] == "Baking"] == [("Baking", Fraction(1, 2)), ("Baking", 1)]
    assert run.old.instances() == []
    assert all(instance.retired for instance in old)
    assert len(run.new.instances()) == 2


def rings_at(status, share):
    return lambda run: "it rings" if (status, share) in run.told else None


@pytest.mark.parametrize(
    ("policy", "share"),
    [
        (blue_green("CANARY", CanarySize=TENTH), Fraction(1, 10)),
        (blue_green("CANARY", CanarySize=TENTH), 1),
        (blue_green("LINEAR", LinearStepSize=HALF), Fraction(1, 2)),
        (blue_green("ALL_AT_ONCE"), 1),
        (ROLLING, Fraction(1, 2)),
        (ROLLING, 1),
    ],
)
def test_whenever_an_alarm_rings_the_old_fleet_has_all_the_traffic_again(policy, share):
    run = Run(policy, rings_at("Baking", share))
    with pytest.raises(FleetError, match="it rings"):
        run.run()
    assert [route.variant for route in run.router.routes] == list(run.old.variants)
    assert len(run.old.instances()) == 2
    assert all(instance.serving for instance in run.old.instances())
    assert not any(instance.serving for instance in run.new.instances())


def test_an_alarm_that_rings_before_starts_nothing():
    run = Run(blue_green("ALL_AT_ONCE"), lambda _: "it rings")
    with pytest.raises(FleetError, match="it rings"):
        run.run()
    assert run.told == []


def test_a_deployment_that_takes_too_long_is_rolled_back():
    run = Run(blue_green("LINEAR", limit=600, wait=90, LinearStepSize=TENTH))  # ten steps of ninety need more
    with pytest.raises(FleetError, match=r"The deployment exceeded its MaximumExecutionTimeoutInSeconds of 600\."):
        run.run()
    assert [route.variant for route in run.router.routes] == list(run.old.variants)


def test_an_instance_that_ends_again_and_again_is_found():
    def dies(run):
        for instance in run.new.instances():
            instance.ends += 1

    run = Run(blue_green("ALL_AT_ONCE", wait=3600), dies, speed=100)
    with pytest.raises(FleetError, match="production variant main did not pass the ping health check"):
        run.run()


def test_an_abandoned_rollout_ends_at_once():
    run = Run(blue_green("ALL_AT_ONCE", wait=3600), lambda run: run.maker.abandoned.set(), speed=1)
    with pytest.raises(FleetError, match="was ended"):
        run.run()
    assert not any(instance.serving for instance in run.new.instances())


def test_a_rollback_that_fails_keeps_both_fleets():
    def rings_when_nothing_starts_any_more(run):
        run.maker.fails = ("Baking", 1) in run.told
        return "it rings" if run.maker.fails else None

    run = Run(ROLLING, rings_when_nothing_starts_any_more)
    with pytest.raises(RollbackFailedError, match="it rings The rollback failed: no capacity") as caught:
        run.run()
    mixed = caught.value.mixed
    assert mixed.variants == (*run.old.variants, *run.new.variants)
    assert sum(instance.serving for instance in mixed.instances()) == 3
