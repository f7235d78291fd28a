"""What training saw of each column, for serving to tell what it never saw."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


# None is a column of too many different strings to keep: nothing in it is called unseen.
Seen = Values | Range | None


def column_from_json(content: Mapping[str, Any] | None) -> Seen:
    """Read what `to_json` of a column returned."""
    if content is None:
        return None
    return Values(frozenset(content["values"])) if "values" in content else Range(**content)
