"""The raw files of flights: each is called what it holds, a month or a day, so that its name alone says its split."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

FOLDER = "flights"
SPLITS = ("train", "validation", "test")
_NAME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?")
# Hours by which a local day may differ from the same day UTC, and somewhat more.
_MARGIN = 48


@dataclass(frozen=True, order=True)
class Span:
    """A file's month, or its day: `name` is 2013-01 or 2013-01-31."""

    name: str

    @classmethod
    def of(cls, file: PurePath) -> "Span":
        """Read it off the file's name; raises ValueError for another name."""
        if not _NAME.fullmatch(file.stem):
            raise ValueError(
                f"{FOLDER}/{file.name}: a file is called after the month or the day of its flights, such as "
                f"{FOLDER}/2013-01.parquet or {FOLDER}/2013-01-31.parquet"
            )
        return cls(file.stem)

    @property
    def month(self) -> str:
        """The month that it is or lies in."""
        return self.name[:7]

    @property
    def parts(self) -> dict[str, int]:
        """What year, month and, for a day, day of each row are."""
        return dict(zip(("year", "month", "day"), map(int, self.name.split("-")), strict=False))

    @property
    def hours(self) -> tuple[int, int]:
        """The first hour since 1970 (UTC) in which a flight of it can depart, and the number of hours."""
        told = self.parts
        first = dt.date(told["year"], told["month"], told.get("day", 1))
        end = first + dt.timedelta(days=1) if "day" in told else (first + dt.timedelta(days=32)).replace(day=1)
        start = (first - dt.date(1970, 1, 1)).days * 24 - _MARGIN
        return start, (end - first).days * 24 + 2 * _MARGIN


def splits_of(spans: Iterable[Span]) -> dict[str, list[str]]:
    """Return each split's months: the last one tests, the one before validates; raises ValueError for fewer than 3."""
    months = sorted({span.month for span in spans})
    if len(months) < len(SPLITS):
        raise ValueError(
            f"{FOLDER}/*.parquet are of {len(months)} month(s) ({', '.join(months)}): at least {len(SPLITS)} "
            "months were expected, the last to test, the one before to validate, the others to train"
        )
    return {"train": months[:-2], "validation": [months[-2]], "test": [months[-1]]}


def split_of(splits: Mapping[str, Sequence[str]], span: Span) -> str:
    """Return the split that a file belongs to."""
    return next(split for split, months in splits.items() if span.month in months)
