"""Environments of a serverless variant that only say that they serve: who gets which, and when one more is started."""

import threading
import time
from typing import Any

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.instances import LostError
from fairway.twin.runtime.serverless import Environment, Environments
from fairway.twin.runtime.variants import CapacityError
from fairway.twin.runtime.wishes import Wish


class Fake(Environment):
    """What a variant knows of an environment, without a process."""

    def __init__(self, *, warm=True):
        self.identity, self.in_flight, self.ends, self.problem, self.used = "i", 0, 0, None, 1 << 29
        self.launched = self.free_since = time.monotonic()
        self.warm, self.retired = warm, False

    @property
    def serving(self):
        return self.warm

    def retire(self, _grace=30):
        self.retired = True

    def hold_to(self, _limit):
        pass


@pytest.fixture
def environments():
    """Make a variant whose environments are warm at once, unless `warm` says otherwise; it is closed afterwards."""
    made = []

    def make(*, warm=True, speed=1.0, **settings):
        nothing: Any = None  # of no concern here
        serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 2, **settings}
        known: Any = dict.fromkeys(("image", "made_at"), nothing)
        variant = Environments(
            "v",
            clock=Clock(speed),
            serverless=serverless,
            config_name="c",
            weight=1.0,
            specified_image="",
            startup_seconds=60,
            launcher=lambda _: Fake(warm=warm),
            **known,
        )
        made.append(variant)
        return variant

    yield make
    for variant in made:
        variant.close()


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_warm_one_is_used_again_and_one_more_is_started_for_two_at_a_time(environments):
    variant = environments()
    first = variant.pick()
    second = variant.pick()
    assert first is not second
    with pytest.raises(CapacityError, match="Rate exceeded") as caught:
        variant.pick()
    assert (caught.value.code, caught.value.status) == ("ThrottlingException", 429)
    variant.release(first)
    assert variant.pick() is first
    assert len(variant.instances) == 2


def test_who_comes_to_a_cold_one_waits_for_it(environments):
    variant = environments(warm=False)
    cold = variant.pick()

    def warm():
        cold.warm = True
        variant.notify()

    threading.Timer(0.05, warm).start()
    variant.make_ready(cold)
    found = variant.measures(cold, {"Invocations": 1.0, "InvocationModelErrors": 0.0})
    assert found["ModelSetupTime"] >= 50_000
    assert (found["MemoryUtilization"], found["ServerlessConcurrentExecutionsUtilization"]) == (50.0, 0.5)
    assert set(found) == {
        "Invocations",
        "ModelSetupTime",
        "MemoryUtilization",
        "ServerlessConcurrentExecutionsUtilization",
    }
    assert "ModelSetupTime" not in variant.measures(cold, {})


def test_one_that_ends_before_it_serves_is_lost(environments):
    variant = environments(warm=False)
    cold = variant.pick()
    cold.ends = 1
    with pytest.raises(LostError, match="The environment of variant v did not start"):
        variant.make_ready(cold)


def test_the_idle_and_the_ended_are_retired(environments):
    variant = environments(speed=3000)  # idle after a tenth of a second
    kept, idle = variant.pick(), variant.pick()
    variant.release(idle)
    until(lambda: idle.retired)
    assert variant.instances == [kept]
    kept.ends = 1
    until(lambda: kept.retired)
    assert variant.instances == []


def test_provisioned_ones_stay_and_are_replaced(environments):
    variant = environments(speed=3000, ProvisionedConcurrency=1)
    assert variant.adjust(Wish(1, 2.0, {**variant.serverless, "MaxConcurrency": 4})) == 1
    [first] = variant.launch(1)
    more = variant.pick(), variant.pick()
    for one in more:
        variant.release(one)
    until(lambda: len(variant.instances) == 1)
    [left] = variant.instances
    left.ends = 1
    until(lambda: variant.instances and variant.instances[0] is not left)
    assert (variant.weight, variant.wish().serverless["MaxConcurrency"]) == (2.0, 4)
    assert first in (*more, left)


def test_what_provisioned_concurrency_handles_and_what_it_does_not(environments):
    variant = environments(ProvisionedConcurrency=1)
    within, beyond = variant.pick(), variant.pick()
    handled, spilled = variant.measures(within, {}), variant.measures(beyond, {})
    name = "ServerlessProvisionedConcurrency{}"
    assert [one[name.format("Invocations")] for one in (handled, spilled)] == [1.0, 0.0]
    assert [one[name.format("SpilloverInvocations")] for one in (handled, spilled)] == [0.0, 1.0]
