"""What training saw of each column, for serving to tell what it never saw."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# Of a column so many values are remembered, none longer than that: their memory is bounded.
_REMEMBERED = 1024
_SHORT = 32


@dataclass(frozen=True)
class Values:
    """What training saw of a column of strings."""

    seen: frozenset[str]

    def holds(self, value: object) -> bool:
        """Whether training saw the value; blanks around it do not count."""
        return value in self.seen or str(value).strip() in self.seen

    def to_json(self) -> dict[str, object]:
        """Return what column_from_json() reads."""
        return {"values": sorted(self.seen)}


@dataclass(frozen=True)
class Range:
    """What training saw of a column of numbers; one that it never saw a number in holds none."""

    minimum: float = math.inf
    maximum: float = -math.inf

    def holds(self, value: object) -> bool:
        """Whether the value lies within what training saw; CSV gives numbers as text."""
        try:
            return self.minimum <= float(value) <= self.maximum  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return False

    def to_json(self) -> dict[str, object]:
        """Return what column_from_json() reads: JSON has no infinity, so a range that holds nothing is empty."""
        return {"minimum": self.minimum, "maximum": self.maximum} if self.minimum <= self.maximum else {}


MISSING, UNSEEN, KNOWN = range(3)


class Judged(dict[object, int]):
    """What each value of a column is (MISSING, UNSEEN by training, or KNOWN), remembered: columns repeat themselves."""

    def __init__(self, seen: "Seen") -> None:
        super().__init__()
        self._seen = seen

    def count(self, values: Any) -> tuple[int, int]:
        """Return how many of the values are missing, and how many training never saw; an array is of numbers."""
        if isinstance(values, np.ndarray) and isinstance(self._seen, Range):
            missing = int(np.count_nonzero(np.isnan(values)))
            known = int(np.count_nonzero((values >= self._seen.minimum) & (values <= self._seen.maximum)))
            return missing, len(values) - missing - known
        verdicts = list(map(self.__getitem__, values))
        return verdicts.count(MISSING), verdicts.count(UNSEEN)

    def __missing__(self, value: object) -> int:
        if value is None or value == "" or value != value:  # noqa: PLR0124 -- NaN, as arrays have it
            return MISSING
        verdict = UNSEEN if self._seen is not None and not self._seen.holds(value) else KNOWN
        if not (isinstance(value, str) and len(value) > _SHORT):
            if len(self) >= _REMEMBERED:
                self.clear()
            self[value] = verdict
        return verdict


# None is a column of too many different strings to keep: nothing in it is called unseen.
Seen = Values | Range | None


def column_from_json(content: Mapping[str, Any] | None) -> Seen:
    """Read what `to_json` of a column returned."""
    if content is None:
        return None
    return Values(frozenset(content["values"])) if "values" in content else Range(**content)
