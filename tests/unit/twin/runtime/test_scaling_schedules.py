"""When scheduled actions run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.twin.runtime.scaling_schedules import ScheduleError, parse

# A Sunday.
NOW = datetime(2026, 11, 22, 16, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "then"),
    [
        ("at(2026-11-22T16:08:00)", None, "2026-11-22T16:08:00"),
        ("at(2026-11-22T16:07:00)", None, None),
        ("at(2026-11-22T18:00:00)", "Europe/Berlin", "2026-11-22T17:00:00"),
        ("rate(1 minute)", None, "2026-11-22T16:08:30"),
        ("rate(2 hours)", None, "2026-11-22T18:07:30"),
        ("rate(5 days)", None, "2026-11-27T16:07:30"),
        ("cron(0 10 * * ? *)", None, "2026-11-23T10:00:00"),
        ("cron(15 12 * * ? *)", None, "2026-11-23T12:15:00"),
        ("cron(0 18 ? * MON-FRI *)", None, "2026-11-23T18:00:00"),
        ("cron(0 8 1 * ? *)", None, "2026-12-01T08:00:00"),
        ("cron(0/15 * * * ? *)", None, "2026-11-22T16:15:00"),
        ("cron(0/10 * ? * MON-FRI *)", None, "2026-11-23T00:00:00"),
        ("cron(0/5 8-17 ? * MON-FRI *)", None, "2026-11-23T08:00:00"),
        ("cron(30 6 * * TUE *)", None, "2026-11-24T06:30:00"),
        ("cron(0 0 1 JAN,JUL ? *)", None, "2027-01-01T00:00:00"),
        ("cron(8 16 22 11 ? 2026)", None, "2026-11-22T16:08:00"),
        ("cron(0 0 1 1 ? 2026)", None, None),
        ("cron(0 0 29 2 ? *)", None, "2028-02-29T00:00:00"),
        ("cron(0 0 30 2 ? *)", None, None),
        ("cron(0 9 * * ? *)", "Asia/Tokyo", "2026-11-23T00:00:00"),
    ],
)
def test_the_next_run(expression, zone, then):
    wanted = None if then is None else datetime.fromisoformat(then).replace(tzinfo=UTC)
    assert parse(expression, zone, 1).after(NOW) == wanted


def test_the_hour_that_summer_time_leaves_out_is_left_out():
    schedule = parse("cron(30 2 * * ? *)", "Europe/Berlin", 1)
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert schedule.after(before) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_the_speed_divides_rates_alone():
    assert parse("rate(1 minute)", None, 60).after(NOW) == NOW + timedelta(seconds=1)
    assert parse("cron(8 16 * * ? *)", None, 60).after(NOW) == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("expression", "zone", "said"),
    [
        ("every day", None, "is no schedule"),
        ("at(2026-11-22)", None, "expected at(yyyy-mm-ddThh:mm:ss)"),
        ("at(2026-13-22T00:00:00)", None, "is no moment"),
        ("rate(0 minutes)", None, "is no rate"),
        ("rate(1 minutes)", None, "is no rate"),
        ("rate(5 minute)", None, "is no rate"),
        ("rate(5 weeks)", None, "is no rate"),
        ("cron(0 10 * * ?)", None, "5 fields"),
        ("cron(0 0 10 * * ? *)", None, "seconds"),
        ("cron(0 10 1 * MON *)", None, "one of them must be ?"),
        ("cron(60 10 * * ? *)", None, "not between 0 and 59"),
        ("cron(0 10 L * ? *)", None, "does not have L, W and #"),
        ("cron(0 10 ? * MON#1 *)", None, "does not have L, W and #"),
        ("cron(0 10 ? * 2 *)", None, "name them: MON-FRI"),
        ("cron(0 17-8 * * ? *)", None, "runs backwards"),
        ("cron(0 10 * * ? *)", "Mars/Olympus", "is no time zone"),
        ("cron(0 10 * * ? *)", "../etc/passwd", "is no time zone"),
    ],
)
def test_refused(expression, zone, said):
    with pytest.raises(ScheduleError) as caught:
        parse(expression, zone, 1)
    assert said in str(caught.value)


@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 2**32))
def test_a_daily_cron_runs_within_a_day_at_its_time(minute, hour, moment):
    after = datetime.fromtimestamp(moment, UTC)
    then = parse(f"cron({minute} {hour} * * ? *)", None, 1).after(after)
    assert then is not None
    assert after < then <= after + timedelta(days=1)
    assert (then.hour, then.minute, then.second) == (hour, minute, 0)
