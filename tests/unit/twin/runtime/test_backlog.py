"""The queue of an asynchronous endpoint, with instances and work that only say what they do."""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.async_orders import order_of
from fairway.twin.runtime.backlog import Backlog
from fairway.twin.runtime.routing import Route, Router
from fairway.twin.runtime.variants import VariantFleet

CONFIG = {"OutputConfig": {"S3OutputPath": "s3://b/out"}}


class Instance:
    serving, in_flight = True, 0


class Work:
    """Does each request when it may, in a thread of its own; what `fails` first is asked again."""

    def __init__(self):
        self.done, self.expired = [], []
        self.tries: Counter[str] = Counter()
        self.may, self.fails, self.most = threading.Event(), set(), 0
        self.may.set()

    def run(self, order, _variant, instance):
        self.most = max(self.most, instance.in_flight)
        self.may.wait(10)
        self.tries[order.identity] += 1
        if order.identity in self.fails and order.tries == 0:
            return False
        self.done.append(order.identity)
        return True

    def expire(self, order, _variant):
        self.expired.append(order.identity)


class Metrics:
    def __init__(self):
        self.told = []

    def record(self, source, values):
        self.told.append((source, values))


class Stand:
    """A backlog with its router, variant, work and metrics."""

    def __init__(self, instances):
        nothing: Any = None
        resource: Any = type("R", (), {"account": "1", "region": "r", "name": "e", "arn": "arn"})()
        known: Any = dict.fromkeys(("image", "made_at", "launcher"), nothing)
        self.variant = VariantFleet(
            "v", config_name="c", weight=1.0, specified_image="", startup_seconds=60, limit=2, **known
        )
        fakes: Any = [Instance() for _ in range(instances)]
        self.variant.instances = fakes
        work: Any = Work()
        metrics: Any = Metrics()
        self.work, self.metrics = work, metrics
        self.backlog = Backlog(Clock(600), resource, Router([Route(self.variant, 1)]), work, metrics)

    def put(self, identity, **params):
        asked = {"InputLocation": "s3://b/in", "InferenceId": identity, **params}
        now: Any = None
        self.backlog.put(order_of(asked, CONFIG, received=now, queued=time.monotonic(), speed=600))

    def gauge(self, name):
        return max((values[name] for _, values in self.metrics.told), default=0)


@pytest.fixture
def stand():
    made = []

    def make(instances=1):
        made.append(Stand(instances))
        return made[-1]

    yield make
    for one in made:
        one.backlog.close()


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_instance_has_no_more_than_its_share(stand):
    one = stand()
    one.work.may.clear()
    for number in range(5):
        one.put(str(number))
    until(lambda: one.gauge("ApproximateBacklogSize") == 5)
    assert one.gauge("ApproximateBacklogSizePerInstance") == 5
    assert one.gauge("HasBacklogWithoutCapacity") == 0
    one.work.may.set()
    until(lambda: len(one.work.done) == 5)
    assert one.work.most == 2


def test_requests_wait_for_an_instance(stand):
    one = stand(instances=0)
    one.put("a")
    until(lambda: one.gauge("HasBacklogWithoutCapacity") == 1)
    assert one.gauge("ApproximateAgeOfOldestRequest") > 0
    assert one.work.done == []
    fake: Any = Instance()
    one.variant.instances = [fake]
    until(lambda: one.work.done == ["a"])


def test_what_an_instance_lost_is_asked_again(stand):
    one = stand()
    one.work.fails.add("a")
    one.put("a")
    until(lambda: one.work.done == ["a"])
    assert one.work.tries["a"] == 2


def test_who_waits_too_long_is_expired(stand):
    one = stand(instances=0)
    one.put("a", RequestTTLSeconds=60)  # a tenth of a second
    one.put("b")
    until(lambda: one.work.expired == ["a"])
    fake: Any = Instance()
    one.variant.instances = [fake]
    until(lambda: one.work.done == ["b"])
