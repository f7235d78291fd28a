"""The grammar of what a model is asked: typed columns, and the sentence for each way of getting them wrong."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]
# A number's column is float64 with NaN for what is missing; a string's column holds str and None.
Values = Numbers | Strings
Columns = Mapping[str, Values]

# What float() takes beyond this ("1_000", "infinity", digits of other scripts) is a mistake in a table of numbers.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_EXACT = 2**53  # beyond it a float64 no longer tells neighbouring integers apart
_SHOWN = 80  # characters of a wrong value that its sentence repeats


class InputError(ValueError):
    """A value that the caller got wrong: which row (counted from 1) and column, what came, what was expected."""

    def __init__(self, *, column: str, came: str, expected: str, row: int | None = None) -> None:
        self.row, self.column, self.came, self.expected = row, column, came, expected
        where = f"column {column!r}" if row is None else f"row {row}, column {column!r}"
        super().__init__(f"{where}: {came} came, {expected} was expected")


@dataclass(frozen=True)
class Column:
    """One column of a request; `minimum` and `maximum` are inclusive and for numbers only."""

    name: str
    type: Literal["number", "integer", "string"]
    required: bool
    description: str
    minimum: float | None = None
    maximum: float | None = None

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        kind = {"number": "a number", "integer": "an integer", "string": "a string that is not empty"}[self.type]
        if self.minimum is None or self.maximum is None:
            return kind
        return f"{kind} from {self.minimum:g} to {self.maximum:g}"

    def allows(self, values: Numbers) -> npt.NDArray[np.bool_]:
        """Return which of a column of numbers are right; NaN is nothing."""
        missing = np.isnan(values)
        ok = missing if not self.required else np.zeros(len(values), dtype=bool)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        ok = ok | ((values >= low) & (values <= high) & np.isfinite(values))
        if self.type == "integer":
            ok &= missing | (values == np.floor(values))
        return ok

    def parse(self, values: Sequence[object]) -> Values:
        """Parse one column; raises InputError at the first value that is wrong."""
        parsed = [self._value(value, row) for row, value in enumerate(values, start=1)]
        if self.type == "string":
            strings = np.empty(len(parsed), dtype=object)
            strings[:] = parsed
            return strings
        return np.array([math.nan if value is None else value for value in parsed], dtype=np.float64)

    def absent(self, rows: int) -> Values:
        """Return the column of a request that leaves an optional column out."""
        return np.full(rows, None, dtype=object) if self.type == "string" else np.full(rows, math.nan)

    def _value(self, value: object, row: int) -> str | float | None:
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            if self.required:
                raise InputError(row=row, column=self.name, came=shown(value), expected=self.expected)
            return None
        parsed = (text if isinstance(text, str) else None) if self.type == "string" else self._number(text)
        if parsed is None:
            raise InputError(row=row, column=self.name, came=shown(value), expected=self.expected)
        return parsed

    def _number(self, value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float | str | np.integer | np.floating):
            return None
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            return None
        try:
            number = float(value)
        except OverflowError:
            return None
        if not math.isfinite(number) or (self.type == "integer" and (number % 1 != 0 or abs(number) > _EXACT)):
            return None
        low, high = self.minimum, self.maximum
        return number if (low is None or number >= low) and (high is None or number <= high) else None


@dataclass(frozen=True)
class Schema:
    """The columns of a request, in the order in which a CSV without a header gives them."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    def to_json(self) -> list[dict[str, object]]:
        """Return the columns as JSON; bounds only where there are some."""
        rows: list[dict[str, object]] = []
        for column in self.columns:
            bounds = {"minimum": column.minimum, "maximum": column.maximum}
            row: dict[str, object] = {"name": column.name, "type": column.type, "required": column.required}
            rows.append(row | {"description": column.description} | {k: v for k, v in bounds.items() if v is not None})
        return rows

    def parse(self, batch: Mapping[str, Sequence[object]]) -> dict[str, Values]:
        """Parse a request of columns by name; raises InputError for an unknown, missing, uneven or wrong column."""
        for name in batch:
            if name not in self.names:
                raise InputError(column=name, came="a column that the model does not know", expected=self._one_of())
        rows = self._rows(batch)
        return {column.name: self._column(column, batch, rows) for column in self.columns}

    def _column(self, column: Column, batch: Mapping[str, Sequence[object]], rows: int) -> Values:
        if column.name in batch:
            return column.parse(batch[column.name])
        if column.required:
            raise InputError(column=column.name, came="no such column", expected=column.expected)
        return column.absent(rows)

    def _one_of(self) -> str:
        return f"one of {', '.join(self.names)}"

    @staticmethod
    def _rows(batch: Mapping[str, Sequence[object]]) -> int:
        lengths = {name: len(values) for name, values in batch.items()}
        rows = max(lengths.values(), default=0)
        for name, length in lengths.items():
            if length != rows:
                raise InputError(column=name, came=f"{length} values", expected=f"{rows}, as many as the other columns")
        return rows


def require(ok: npt.NDArray[np.bool_], column: str, values: Numbers, expected: str) -> None:
    """Raise InputError for the first row that is not `ok`."""
    if not ok.all():
        row = int(np.argmin(ok))
        raise InputError(row=row + 1, column=column, came=f"{values[row]:g}", expected=expected)


def shown(value: object) -> str:
    """Return a value as a sentence repeats it: as JSON, cut where it is long."""
    if value is None or value == "":
        return "nothing"
    text = json.dumps(value, default=repr)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
