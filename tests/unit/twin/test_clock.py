"""Waits are scaled, the time is not."""

import threading
import time

import pytest

from fairway.twin.clock import SPEED_VARIABLE, Clock


def test_a_wait_takes_its_time_divided_by_the_speed():
    start = time.monotonic()
    assert Clock(speed=100).wait(2) is False
    assert 0.02 <= time.monotonic() - start < 1


def test_a_wait_can_be_interrupted():
    event = threading.Event()
    event.set()
    assert Clock().wait(60, event) is True


def test_a_wait_that_nobody_interrupts_says_so():
    assert Clock(speed=1000).wait(1, threading.Event()) is False


def test_the_speed_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv(SPEED_VARIABLE, raising=False)
    assert Clock.from_environment().speed == 1
    monkeypatch.setenv(SPEED_VARIABLE, "60")
    assert Clock.from_environment().speed == 60


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_is_above_zero(speed):
    with pytest.raises(ValueError, match="expected a number above 0"):
        Clock(speed)


def test_the_time_has_milliseconds_as_aws_keeps_them():
    assert Clock().now().microsecond % 1000 == 0
