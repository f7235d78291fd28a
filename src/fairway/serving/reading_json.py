"""JSON and JSON Lines into columns, as exact as JSON can be: no name twice, no NaN, no half of a character."""

import json
from types import NoneType
from typing import Any

from fairway.errors import RequestError
from fairway.serving.checks import Batch, Schema, check_names, check_value, ignores_unknown, names_of, shown

orjson: Any
try:
    import orjson
except ImportError:  # the functions in Lambda do not have it
    orjson = None

_PLAIN = {str, float, int, NoneType}
_LARGE = 2**63


def read(body: bytes, schema: Schema) -> Batch:
    """Return the columns of `{"instances": [{column: value}]}` or `{"columns": {column: [value]}}`."""
    content = _load_plain(body)
    if content is not None:
        batch = _columns(content, schema)
        if _are_plain(batch):
            return batch
    return _checked(_columns(_load(body, "The body is no JSON"), schema))


def read_row(body: bytes, schema: Schema) -> list[Any] | None:
    """Return the values of the only instance, in the schema's order, with None for what it leaves out.

    None in place of them for what `read` has to look at.
    """
    if body.count(b"{") != 2:  # a second instance, columns, or one in a text
        return None
    match _load_plain(body):
        case {"instances": [dict() as row]}:
            names = names_of(schema)
            values = [row.get(name) for name in names]
            return values if row.keys() <= names.keys() and _is_plain(values) else None
    return None


def read_lines(body: bytes, schema: Schema) -> Batch:
    """Return the columns of a JSON object a line; an empty line is none."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    plain = [_load_plain(line) for line in lines]
    if None not in plain:
        batch = _from_instances(plain, schema)
        if _are_plain(batch):
            return batch
    rows = [_load(line, f"Row {number} is no JSON") for number, line in enumerate(lines, 1)]
    return _checked(_from_instances(rows, schema))


def _columns(content: Any, schema: Schema) -> Batch:
    match content:
        case {"instances": list() as instances} if len(content) == 1:
            return _from_instances(instances, schema)
        case {"columns": dict() as columns} if len(content) == 1:
            return _from_columns(columns, schema)
    expected = '{"instances": [{column: value}]} or {"columns": {column: [value]}}'
    raise RequestError(400, f"The JSON body has another shape than {expected}.")


def _load_plain(body: bytes) -> Any:
    """Load JSON in a fraction of the time; None for what is to be read exactly: mistakes, a name that comes twice.

    It is not told of one; but every pair has a colon, so there are no more pairs than were read if there is no other.
    """
    if orjson is None:
        return None
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if body.count(b":") == _pairs(content) else None


def _pairs(content: Any) -> int:
    match content:
        case {"instances": list() as rows} if len(content) == 1:
            return 1 + sum([len(row) for row in rows if type(row) is dict])
        case {"columns": dict() as columns} if len(content) == 1:
            return 1 + len(columns)
        case dict():
            return len(content)
    return -1


def _are_plain(batch: Batch) -> bool:
    columns = list(batch.values())
    if columns and all(len(values) == 1 for values in columns):
        return _is_plain([values[0] for values in columns])
    return all(map(_is_plain, columns))


def _is_plain(values: Any) -> bool:
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return False
    if float in kinds or int in kinds:  # a large integer comes as a float
        if str in kinds or NoneType in kinds:
            values = [value for value in values if value is not None and type(value) is not str]
        return bool(min(values) > -_LARGE and max(values) < _LARGE)
    return True


def _load(text: bytes, what: str) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"{what}: {error}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} comes twice in one object")
    return content


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _from_instances(instances: list[Any], schema: Schema) -> Batch:
    names = {column.name for column in schema.columns}
    required = {column.name for column in schema.columns if column.required}
    alike = _alike(instances, required, names)
    if alike is not None:
        return {column.name: alike.get(column.name, [None] * len(instances)) for column in schema.columns}
    for number, row in enumerate(instances, 1):
        if not isinstance(row, dict):
            raise RequestError(400, f"Row {number} is {shown(row)}: an object of columns and values is expected.")
        if not required <= row.keys() <= names:
            check_names(list(row), schema, f"Row {number}")
    return {column.name: [row.get(column.name) for row in instances] for column in schema.columns}


def _alike(instances: list[Any], required: set[str], names: set[str]) -> dict[str, list[Any]] | None:
    """Return the columns of instances that all have the same names in the same order; None for others."""
    first = tuple(instances[0]) if instances and type(instances[0]) is dict else ()
    if not first or not required <= set(first) <= names:
        return None
    if not all(type(row) is dict and tuple(row) == first for row in instances):
        return None
    return dict(zip(first, map(list, zip(*[row.values() for row in instances], strict=True)), strict=True))


def _from_columns(columns: dict[str, Any], schema: Schema) -> Batch:
    check_names(list(columns), schema)
    if ignores_unknown(schema):
        columns = {column.name: columns[column.name] for column in schema.columns if column.name in columns}
    for name, values in columns.items():
        if not isinstance(values, list):
            raise RequestError(400, f"The column {name!r} is {shown(values)}: a list of values is expected.")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RequestError(400, f"The columns differ in length ({lengths}): as many values in each are expected.")
    return columns


def _checked(batch: Batch) -> Batch:
    for name, values in batch.items():
        for number, value in enumerate(values, 1):
            check_value(value, name, number)
    return batch
