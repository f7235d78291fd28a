"""The federal holidays of the United States, by rule, for any year: how far a date is from the next and the last."""

import datetime as dt
from functools import cache

import numpy as np
import numpy.typing as npt

Dates = npt.NDArray[np.datetime64]
FAR = 10  # days from which on a holiday no longer matters

_FIXED = ((1, 1), (7, 4), (11, 11), (12, 25))
# (month, weekday with Monday as 0, which of the month; -1 is the last)
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


@cache
def holidays(year: int) -> tuple[dt.date, ...]:
    """Return the holidays of a year on the dates themselves, without the substitute days of offices."""
    fixed = [dt.date(year, month, day) for month, day in _FIXED]
    return tuple(sorted(fixed + [_floating(year, *rule) for rule in _FLOATING]))


def distances(dates: Dates) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return for each date the days since the last holiday and until the next, each at most FAR."""
    if dates.size == 0:
        return np.empty(0), np.empty(0)
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    span = range(int(years.min()) - 1, int(years.max()) + 2)
    known = np.array([day for year in span for day in holidays(year)], dtype="datetime64[D]")
    following = np.searchsorted(known, dates, side="left")
    until = (known[following] - dates).astype(float)
    last = np.searchsorted(known, dates, side="right") - 1
    since = (dates - known[last]).astype(float)
    return np.minimum(since, FAR), np.minimum(until, FAR)


def _floating(year: int, month: int, weekday: int, which: int) -> dt.date:
    if which > 0:
        first = dt.date(year, month, 1)
        return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    last = dt.date(year, month + 1, 1) - dt.timedelta(days=1)
    return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
