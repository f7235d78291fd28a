"""The hyperparameters that a tuning job searches: their ranges, and the combinations that a strategy draws from them.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Combination = dict[str, str]
# From which ratio of its ends on a range of positive numbers is searched by its logarithm where SageMaker may choose.
SEVERAL_ORDERS = 100
# How often another combination is drawn instead of one that was drawn before, until it is taken a second time.
_ATTEMPTS = 10_000


class Range(Protocol):
    """The values that one hyperparameter may take."""

    @property
    def name(self) -> str:
        """The hyperparameter's name."""

    def size(self) -> float:
        """Return how many values there are."""

    def at(self, share: float) -> str:
        """Return the value that lies so far through the range: `share` is from 0 up to 1, without 1."""


@dataclass(frozen=True)
class Numbers:
    """A range of numbers, both ends in it."""

    name: str
    low: float
    high: float
    scaling: str = "Auto"
    whole: bool = False

    def size(self) -> float:
        """Return how many values there are, infinity for real numbers."""
        if self.low == self.high:
            return 1
        return self.high - self.low + 1 if self.whole else math.inf

    def at(self, share: float) -> str:
        """Return the value at that share of the range's scale, as text."""
        if self.whole and self._scale() == "Linear":
            return str(int(self.low) + int(share * self.size()))
        value = self._at(share)
        # Twelve digits: the logarithms of two machines' C libraries differ in the last ones.
        value = min(max(round(value) if self.whole else float(f"{value:.12g}"), self.low), self.high)
        return str(int(value)) if self.whole else repr(float(value))

    def _at(self, share: float) -> float:
        scale = self._scale()
        if scale == "Logarithmic":
            return math.exp(_between(math.log(self.low), math.log(self.high), share))
        if scale == "ReverseLogarithmic":
            return 1 - math.exp(_between(math.log(1 - self.low), math.log(1 - self.high), share))
        return _between(self.low, self.high, share)

    def _scale(self) -> str:
        if self.scaling != "Auto":
            return self.scaling
        return "Logarithmic" if self.low > 0 and self.high / self.low >= SEVERAL_ORDERS else "Linear"


@dataclass(frozen=True)
class Choices:
    """Values that have no order."""

    name: str
    values: tuple[str, ...]

    def size(self) -> float:
        """Return how many values there are."""
        return len(self.values)

    def at(self, share: float) -> str:
        """Return the value at that share of the list."""
        return self.values[int(share * len(self.values))]


def ranges_of(given: Mapping[str, Any]) -> list[Range]:
    """Return ParameterRanges in the order of their names, so that the request's order plays no part in what is drawn.

    Raises ValueError for an end that is no number.
    """
    found: list[Range] = [*_numbers(given, "IntegerParameterRanges", int)]
    found += _numbers(given, "ContinuousParameterRanges", float)
    for each in given.get("CategoricalParameterRanges") or ():
        found.append(Choices(each["Name"], tuple(dict.fromkeys(each["Values"]))))
    return sorted(found, key=lambda each: each.name)


def _numbers(given: Mapping[str, Any], member: str, kind: type[int] | type[float]) -> Iterator[Numbers]:
    for each in given.get(member) or ():
        low, high = kind(each["MinValue"]), kind(each["MaxValue"])
        if not math.isfinite(low) or not math.isfinite(high):
            raise ValueError(f"{each['Name']} has an end that is no finite number")
        yield Numbers(each["Name"], low, high, each.get("ScalingType", "Auto"), whole=kind is int)


def _between(low: float, high: float, share: float) -> float:
    return low + share * (high - low)


def grid(ranges: Sequence[Range]) -> list[Combination]:
    """Return every combination of values that have no order, the last name's values changing first."""
    values = [each.values for each in ranges if isinstance(each, Choices)]
    return [dict(zip([each.name for each in ranges], row, strict=True)) for row in itertools.product(*values)]


def drawn(ranges: Sequence[Range], count: int, seed: int | None) -> list[Combination]:
    """Return `count` combinations drawn at random, each for each of them alone; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 -- it is to be repeatable, not secret
    rows: dict[tuple[str, ...], None] = {}
    again: list[tuple[str, ...]] = []
    while len(rows) + len(again) < count:
        for _ in range(_ATTEMPTS):
            row = tuple(each.at(chance.random()) for each in ranges)
            if row not in rows:
                rows[row] = None
                break
        else:
            again.append(row)
    return [dict(zip([each.name for each in ranges], row, strict=True)) for row in (*rows, *again)]
