"""The grammar of what a model is asked: typed columns, and the sentence for each way of getting them wrong."""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import getitem
from types import NoneType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]
# A number's column is float64 with NaN for what is missing; a string's column holds str and None.
Values = Numbers | Strings
Columns = Mapping[str, Values]

# What float() takes beyond this ("1_000", "infinity", digits of other scripts) is a mistake in a table of numbers.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LARGEST = sys.float_info.max
_EXACT = 2**53  # beyond it a float64 no longer tells neighbouring integers apart
_SHOWN = 80  # characters of a wrong value that its sentence repeats
# Of each column so many texts are remembered with their values, none longer than that: their memory is bounded.
_NUMBERS = {float, int, NoneType}
_REMEMBERED = 4096
_SHORT = 32


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
    # What a text was parsed to before: columns repeat themselves.
    known: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._forget()

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

    def parse(self, values: Sequence[object] | np.ndarray[Any, Any]) -> Values:
        """Parse one column; raises InputError at the first value that is wrong."""
        if isinstance(values, np.ndarray) and values.dtype == np.float64 and self.type != "string":
            return self._array(values)
        if self.type != "string" and len(values) > 1 and (kinds := set(map(type, values))) <= _NUMBERS:
            nothing = list(values).count(None) if NoneType in kinds else 0
            given: Any = [math.nan if value is None else value for value in values] if nothing else values
            try:
                numbers = np.fromiter(given, np.float64, len(values))
            except OverflowError:  # an integer of hundreds of digits: said below
                numbers = np.full(len(values), np.nan)
            if np.count_nonzero(np.isnan(numbers)) == nothing:  # NaN in a list is no number, and None is nothing
                return self._array(numbers)
        parsed = self.values(values.tolist() if isinstance(values, np.ndarray) else values)
        if self.type == "string":
            strings = np.empty(len(parsed), dtype=object)
            strings[:] = parsed
            return strings
        return np.array(parsed, dtype=np.float64)

    def values(self, values: Sequence[object]) -> list[Any]:
        """Parse one column to numbers, with NaN for what is missing, or to strings and None."""
        known = self.known
        try:
            return [known[value] for value in values]
        except (KeyError, TypeError):  # a text that is new, a number of JSON, or what is no value at all
            return [self.value(value, row) for row, value in enumerate(values, start=1)]

    def absent(self, rows: int) -> Values:
        """Return the column of a request that leaves an optional column out."""
        return np.full(rows, None, dtype=object) if self.type == "string" else np.full(rows, math.nan)

    def _array(self, values: Numbers) -> Numbers:
        low, high = self._bounds
        if not len(values) or not (
            np.fmin.reduce(values) < low  # fmin and fmax pass over NaN
            or np.fmax.reduce(values) > high
            or (self.type == "integer" and (np.floor(values) < values).any())
            or (self.required and np.isnan(values).any())
        ):
            return values
        for row, number in enumerate(values.tolist(), 1):
            whole = number % 1 == 0 and abs(number) < _EXACT  # what is missing is NaN, and infinity no whole number
            self.value(None if math.isnan(number) else int(number) if whole else number, row)
        return values

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        widest = float(_EXACT) if self.type == "integer" else _LARGEST
        low, high = self.minimum, self.maximum
        return (max(-widest, -widest if low is None else low), min(widest, widest if high is None else high))

    def value(self, value: object, row: int = 1) -> Any:
        """Parse one value; raises InputError, which names the row."""
        kind = type(value)
        if kind is str and value in self.known:
            return self.known[value]
        if (kind is float or kind is int) and self.type != "string":
            number: Any = value
            low, high = self._bounds
            if low <= number <= high and (self.type == "number" or number % 1 == 0):
                return float(number)
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            if self.required:
                raise InputError(row=row, column=self.name, came=shown(value), expected=self.expected)
            return None if self.type == "string" else math.nan
        parsed = (text if isinstance(text, str) else None) if self.type == "string" else self._number(text)
        if parsed is None:
            raise InputError(row=row, column=self.name, came=shown(value), expected=self.expected)
        if type(value) is str and len(value) <= _SHORT:
            if len(self.known) >= _REMEMBERED:
                self._forget()
            self.known[value] = parsed
        return parsed

    def _forget(self) -> None:
        self.known.clear()
        if not self.required:
            self.known.update(dict.fromkeys(("", None), None if self.type == "string" else math.nan))

    def _number(self, value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float | str | np.integer | np.floating):
            return None
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            return None
        try:
            number = float(value)
        except OverflowError:
            return None
        low, high = self._bounds
        fits = low <= number <= high and (self.type != "integer" or number % 1 == 0)
        return number if fits else None


@dataclass(frozen=True)
class Schema:
    """The columns of a request, in the order in which a CSV without a header gives them."""

    columns: tuple[Column, ...]
    # What becomes of a column that the schema does not know: "ignore" is for callers who send more than is asked.
    unknown: Literal["refuse", "ignore"] = "refuse"

    @cached_property
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
            if name not in self.names and self.unknown == "refuse":
                raise InputError(column=name, came="a column that the model does not know", expected=self._one_of())
        rows = self._rows(batch)
        return {column.name: self._column(column, batch, rows) for column in self.columns}

    def parse_row(self, values: Sequence[object]) -> dict[str, Any]:
        """Parse one row of all columns, in order, to numbers and strings by name; raises InputError as `parse` does."""
        try:
            return dict(zip(self.names, map(getitem, self._known, values), strict=True))
        except (KeyError, TypeError):  # a text that is new, a number of JSON, or what is no value at all
            row = zip(self.columns, values, strict=True)
            return {column.name: column.value(value) for column, value in row}

    @cached_property
    def _known(self) -> tuple[dict[object, Any], ...]:
        return tuple(column.known for column in self.columns)

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
