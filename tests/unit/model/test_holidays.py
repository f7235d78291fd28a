import datetime as dt

import pytest

from model.holidays import FAR, distances, holidays


def test_the_holidays_of_2013():
    days = ("01-01", "01-21", "02-18", "05-27", "07-04", "09-02", "10-14", "11-11", "11-28", "12-25")
    assert holidays(2013) == tuple(dt.date.fromisoformat(f"2013-{day}") for day in days)


@pytest.mark.parametrize(
    ("day", "since", "until"),
    [
        ("2013-07-04", 0, 0),
        ("2013-07-06", 2, FAR),
        ("2013-11-26", FAR, 2),
        ("2013-12-31", 6, 1),
        ("2013-01-02", 1, FAR),
    ],
)
def test_days_since_and_until(day: str, since: int, until: int):
    assert distances(dt.date.fromisoformat(day)) == (since, until)
