"""JSON and JSON Lines into columns, as exact as JSON can be: no name twice, no NaN, no half of a character."""

import json
from typing import Any

from fairway.errors import RequestError
from fairway.serving.checks import Batch, Schema, check_names, check_value, ignores_unknown, shown


def read(body: bytes, schema: Schema) -> Batch:
    """Return the columns of `{"instances": [{column: value}]}` or `{"columns": {column: [value]}}`."""
    content = _load(body, "The body is no JSON")
    match content:
        case {"instances": list() as instances} if len(content) == 1:
            batch = _from_instances(instances, schema)
        case {"columns": dict() as columns} if len(content) == 1:
            batch = _from_columns(columns, schema)
        case _:
            expected = '{"instances": [{column: value}]} or {"columns": {column: [value]}}'
            raise RequestError(400, f"The JSON body has another shape than {expected}.")
    return _checked(batch)


def read_lines(body: bytes, schema: Schema) -> Batch:
    """Return the columns of a JSON object a line; an empty line is none."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    rows = [_load(line, f"Row {number} is no JSON") for number, line in enumerate(lines, 1)]
    return _checked(_from_instances(rows, schema))


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
    for number, row in enumerate(instances, 1):
        if not isinstance(row, dict):
            raise RequestError(400, f"Row {number} is {shown(row)}: an object of columns and values is expected.")
        check_names(list(row), schema, f"Row {number}")
    return {column.name: [row.get(column.name) for row in instances] for column in schema.columns}


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
