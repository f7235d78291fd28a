"""What is kept of what was done and what was not."""

import pytest

from fairway.twin.clock import Clock
from fairway.twin.runtime.scaling_activities import KEPT, Activities
from fairway.twin.store import Resource

FULL = {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}


@pytest.fixture
def target():
    identity = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/a/variant/b", "ScalableDimension": "d"}
    return Resource("ScalableTarget", "1", "r", "endpoint/a/variant/b", "arn", identity)


def test_an_activity_ends_once(target):
    activities = Activities(Clock())
    identity = activities.begin(target, "Setting desired instance count to 2.", "an alarm")
    activities.update(target, identity, "InProgress", "Waiting")
    [begun] = activities.of("1", "r")
    assert (begun["StatusCode"], begun["StatusMessage"], begun["ResourceId"]) == (
        "InProgress",
        "Waiting",
        "endpoint/a/variant/b",
    )
    assert "EndTime" not in begun
    activities.update(target, identity, "Successful", "Done")
    [ended] = activities.of("1", "r")
    assert ended["EndTime"] >= ended["StartTime"]
    assert activities.of("1", "elsewhere") == activities.of("1", "r", "endpoint/c/variant/d") == []


def test_the_same_reason_is_told_once_until_something_happens(target):
    activities = Activities(Clock())
    for _ in range(3):
        activities.not_scaled(target, "an alarm", FULL)
    assert [one["NotScaledReasons"] for one in activities.of("1", "r")] == [[FULL]]
    activities.not_scaled(target, "another alarm", FULL)
    activities.begin(target, "Setting desired instance count to 2.", "an alarm")
    activities.not_scaled(target, "another alarm", FULL)
    assert len(activities.of("1", "r")) == 4


def test_only_the_latest_are_kept(target):
    activities = Activities(Clock())
    for number in range(KEPT + 1):
        activities.begin(target, str(number), "")
    kept = activities.of("1", "r")
    assert (len(kept), kept[0]["Description"], kept[-1]["Description"]) == (KEPT, str(KEPT), "1")
