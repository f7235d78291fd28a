import datetime as dt

import numpy as np
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
    found = distances(np.array([day], dtype="datetime64[D]"))
    assert (found[0].tolist(), found[1].tolist()) == ([since], [until])


def test_no_dates_have_no_distances():
    assert [len(found) for found in distances(np.array([], dtype="datetime64[D]"))] == [0, 0]
