"""When scheduled actions run: `at`, `rate` and `cron` expressions of Application Auto Scaling.

https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
`at` and `cron` are moments of the clock, which nothing scales; a `rate` is a wait, which the twin's speed divides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Days that are looked through for the next run; what is further away (a 29th of February on a Sunday) never comes.
_HORIZON = 366 * 40


class ScheduleError(ValueError):
    """An expression that AWS or the twin refuses; the message says which."""


class Schedule(Protocol):
    """When something happens."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after a moment, or None if it never happens again."""


@dataclass(frozen=True)
class At:
    """Once."""

    moment: datetime

    def after(self, moment: datetime) -> datetime | None:
        """See Schedule."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class Rate:
    """Again and again after the same time, which is wall time."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime | None:
        """See Schedule."""
        return moment + self.interval


@dataclass(frozen=True)
class Cron:
    """At the minutes that all fields match, by the clocks of a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """See Schedule."""
        local = moment.astimezone(self.zone)
        # From the day before, as clocks that are set back may put an earlier local time later.
        day = local.date() - timedelta(days=1)
        for _ in range(_HORIZON):
            if self._on(day):
                for time in self._times(day):
                    if time > moment:
                        return time
            day += timedelta(days=1)
        return None

    def _on(self, day: date) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.year in self.years and day.month in self.months and day.day in self.days and weekday in self.weekdays

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                time = local.astimezone(UTC)
                # A time that the clocks leave out in spring does not come back from UTC as it went.
                if time.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                    yield time


def parse(expression: str, zone_name: str | None, speed: float) -> Schedule:
    """Read an expression; raise ScheduleError if it is none, or one that the twin does not have."""
    zone = _zone(zone_name or "UTC")
    match = re.fullmatch(r"(at|rate|cron)\((.*)\)", expression.strip())
    if match is None:
        raise ScheduleError(f"{expression!r} is no schedule; expected at(…), rate(…) or cron(…)")
    kind, inside = match.groups()
    if kind == "at":
        return At(_at(inside, zone))
    return Rate(_rate(inside) / speed) if kind == "rate" else _cron(inside, zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"{name!r} is no time zone") from error


def _at(text: str, zone: ZoneInfo) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
            return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise ScheduleError(f"at({text}) is no moment: {error}") from error
    raise ScheduleError(f"at({text}) is no moment; expected at(yyyy-mm-ddThh:mm:ss)")


def _rate(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,5}) (minute|hour|day)(s?)", text)
    if match is None or (match[1] == "1") == bool(match[3]):
        raise ScheduleError(f"rate({text}) is no rate; expected a number and minute(s), hour(s) or day(s)")
    return int(match[1]) * _UNITS[match[2]]


def _cron(text: str, zone: ZoneInfo) -> Cron:
    fields = text.split()
    if len(fields) == 7:
        raise ScheduleError("The twin does not have cron expressions with seconds (seven fields)")
    if len(fields) != 6:
        raise ScheduleError(f"cron({text}) has {len(fields)} fields; expected minutes hours day month weekday year")
    minutes, hours, day, month, weekday, year = fields
    if day not in ("*", "?") and weekday not in ("*", "?"):
        raise ScheduleError(f"cron({text}) names days of the month and of the week; one of them must be ?")
    if re.search(r"(^|[,-])\d", weekday):
        # In the guide of Application Auto Scaling 2 is a Tuesday, in the one that it refers to a Monday.
        raise ScheduleError(
            f"cron({text}) numbers days of the week, which AWS documents in two ways; name them: MON-FRI"
        )
    return Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        _numbers(day.replace("?", "*"), 1, 31),
        _numbers(month, 1, 12, _MONTHS),
        _numbers(weekday.replace("?", "*"), 1, 7, _WEEKDAYS),
        _numbers(year, 1970, 2199),
        zone,
    )


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?", part)
        if match is None:
            raise ScheduleError(_unreadable(part))
        first = low if match[1] is None else _number(match[1], low, high, names)
        # A step without an end runs to the last: 0/15.
        open_end = match[1] is None or match[3] is not None
        last = _number(match[2], low, high, names) if match[2] else (high if open_end else first)
        if last < first:
            raise ScheduleError(f"{part!r} in a cron expression runs backwards")
        found.update(range(first, last + 1, int(match[3] or 1)))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + 1
    if not text.isdecimal():
        raise ScheduleError(_unreadable(text))
    number = int(text)
    if not low <= number <= high:
        raise ScheduleError(f"{text} in a cron expression is not between {low} and {high}")
    return number


def _unreadable(part: str) -> str:
    if re.search(r"[LW#]", part):
        return f"The twin does not have L, W and # in cron expressions: {part!r}"
    return f"{part!r} is no part of a cron expression"
