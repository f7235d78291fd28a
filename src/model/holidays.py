"""The federal holidays of the United States, by rule, for any year: how far a date is from the next and the last."""

import datetime as dt
from functools import cache

FAR = 10  # days from which on a holiday no longer matters

_FIXED = ((1, 1), (7, 4), (11, 11), (12, 25))
# (month, weekday with Monday as 0, which of the month; -1 is the last)
_FLOATING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))


@cache
def holidays(year: int) -> tuple[dt.date, ...]:
    """Return the holidays of a year on the dates themselves, without the substitute days of offices."""
    fixed = [dt.date(year, month, day) for month, day in _FIXED]
    return tuple(sorted(fixed + [_floating(year, *rule) for rule in _FLOATING]))


def distances(date: dt.date) -> tuple[int, int]:
    """Return the days since the last holiday and until the next, each at most FAR."""
    years = range(max(dt.MINYEAR, date.year - 1), min(dt.MAXYEAR, date.year + 1) + 1)
    days = [day for year in years for day in holidays(year)]
    since = min(((date - day).days for day in days if day <= date), default=FAR)
    until = min(((day - date).days for day in days if day >= date), default=FAR)
    return min(since, FAR), min(until, FAR)


def _floating(year: int, month: int, weekday: int, which: int) -> dt.date:
    if which > 0:
        first = dt.date(year, month, 1)
        return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))
    last = dt.date(year, month + 1, 1) - dt.timedelta(days=1)
    return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
