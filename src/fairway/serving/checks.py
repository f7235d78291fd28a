"""What every format of a request is held to, and the sentences for what does not hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from fairway.errors import RequestError

Batch = Mapping[str, Sequence[object]]
# A container has one, tests have many: so many are remembered.
_SCHEMAS = 8


class Column(Protocol):
    """What is read here of a column of the model's schema."""

    @property
    def name(self) -> str:
        """Its name in requests."""

    @property
    def type(self) -> str:
        """`number`, `integer` or `string`."""

    @property
    def required(self) -> bool:
        """Whether a request may leave it out."""


class Schema(Protocol):
    """What is read here of the model's schema; it may say of `unknown` columns that they are to "ignore"."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns in the order of a CSV without header."""


def ignores_unknown(schema: Schema) -> bool:
    """Tell whether columns that the schema does not know are passed over; "refuse" is the default."""
    return getattr(schema, "unknown", "refuse") == "ignore"


_names: dict[int, tuple[Schema, dict[str, None]]] = {}


def names_of(schema: Schema) -> dict[str, None]:
    """Return the names of a schema's columns, in order; by its identity, as comparing columns would cost more."""
    found = _names.get(id(schema))
    if found is None or found[0] is not schema:
        if len(_names) >= _SCHEMAS:
            _names.clear()
        found = _names[id(schema)] = (schema, dict.fromkeys(column.name for column in schema.columns))
    return found[1]


def check_names(names: Sequence[str], schema: Schema, where: str = "The request") -> None:
    """Raise RequestError for a column that is unknown, named twice or missing."""
    known = {column.name: column for column in schema.columns}
    expected = f"expected are {', '.join(known)}"
    unknown = [name for name in names if name not in known]
    if unknown and not ignores_unknown(schema):
        raise RequestError(400, f"{where} has the unknown column {shown(unknown[0])}: {expected}.")
    if len(set(names)) < len(names):
        raise RequestError(400, f"{where} names a column twice: {expected}.")
    if missing := [name for name, column in known.items() if column.required and name not in names]:
        raise RequestError(400, f"{where} lacks the column {missing[0]!r}: {expected}.")


def check_value(value: object, column: str, row: int) -> None:
    """Raise RequestError for what is no value of a table: JSON can say more than that."""
    usable = value is None or (isinstance(value, str) and _is_text(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        # JSON knows no bounds: 1e400 is read as infinity, and an integer may be of any length.
        usable = math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63
    if not usable:
        raise RequestError(
            400, f"Row {row}, column {column!r}: {shown(value)} came, a string, a number or null is expected."
        )


def _is_text(value: str) -> bool:
    # JSON can write half of a surrogate pair, which no encoding can.
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def shown(value: object) -> str:
    """Return a value as a sentence repeats it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
