"""The input schema that a release recorded, and the sentence for the first value of a request that breaks it."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fairway.errors import RequestError

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SHOWN = 80  # characters of a wrong value that its sentence repeats


@dataclass(frozen=True)
class Column:
    """One column of a request; the bounds are inclusive, and for numbers only."""

    name: str
    type: Literal["number", "integer", "string"]
    required: bool
    minimum: float = -math.inf
    maximum: float = math.inf

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        kind = {"number": "a number", "integer": "an integer", "string": "a string that is not empty"}[self.type]
        bounded = self.minimum > -math.inf and self.maximum < math.inf
        return f"{kind} from {self.minimum:g} to {self.maximum:g}" if bounded else kind

    def takes(self, value: object) -> bool:
        """Tell whether a value will do, as JSON or a field of CSV has it."""
        value = value.strip() if isinstance(value, str) else value
        if value is None or value == "":
            return not self.required
        if self.type == "string":
            return isinstance(value, str)
        number = _number(value)
        if number is None or (self.type == "integer" and number % 1 != 0):
            return False
        return self.minimum <= number <= self.maximum


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Schema:
    """The columns of a request, in the order in which a CSV without a header gives them."""

    columns: tuple[Column, ...]
    unknown: str = "refuse"

    @classmethod
    def parse(cls, rows: Sequence[Mapping[str, Any]], unknown: str = "refuse") -> "Schema":
        """Read what the model's `schema.to_json()` wrote, and what becomes of columns that it does not know."""
        return cls(
            tuple(
                Column(
                    row["name"],
                    row["type"],
                    row["required"],
                    row.get("minimum", -math.inf),
                    row.get("maximum", math.inf),
                )
                for row in rows
            ),
            unknown,
        )

    def check(self, batch: Mapping[str, Sequence[object]]) -> None:
        """Raise RequestError 400 for the first value that is wrong: row, column, what came, what was expected."""
        for column in self.columns:
            for row, value in enumerate(batch.get(column.name, ()), 1):
                if not column.takes(value):
                    sentence = (
                        f"row {row}, column {column.name!r}: {_shown(value)} came, {column.expected} was expected"
                    )
                    raise RequestError(400, sentence)


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
