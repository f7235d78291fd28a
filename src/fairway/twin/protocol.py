"""Requests read, and answers written, by botocore's shapes: the server's side of the `json` and `rest-json` protocols.

botocore has the client's side only. The tests hold the two against each other.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

Query = Mapping[str, Sequence[str]]


class MalformedRequestError(Exception):
    """A request that cannot be read; `code` and message are AWS's."""

    def __init__(self, message: str, code: str = "SerializationException") -> None:
        super().__init__(message)
        self.code = code


# -- requests ---------------------------------------------------------------------------------------------------------


def read_request(
    operation: OperationModel, *, path: str, query: Query, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """Return the parameters of a request in botocore's types."""
    shape = operation.input_shape
    if shape is None:
        return {}
    if operation.service_model.protocol == "json":
        return _read(shape, _load(body), "") or {}
    parameters = _read_located(operation, shape, path, query, headers)
    payload = shape.serialization.get("payload")
    if payload is None:
        located = {name for name, member in shape.members.items() if "location" in member.serialization}
        unlocated = {_wire_name(name, member): name for name, member in shape.members.items() if name not in located}
        document = _load(body) if unlocated else {}
        _refuse_unknown(document, unlocated, "")
        parameters |= {unlocated[k]: _read(shape.members[unlocated[k]], v, unlocated[k]) for k, v in document.items()}
    elif shape.members[payload].type_name == "blob":
        parameters[payload] = body
    elif body:
        parameters[payload] = _read(shape.members[payload], _load(body), payload)
    return parameters


def _load(body: bytes) -> Any:
    try:
        return json.loads(body) if body else {}
    except ValueError as error:
        raise MalformedRequestError("Could not parse the request body as JSON") from error


def _read_located(
    operation: OperationModel, shape: StructureShape, path: str, query: Query, headers: Mapping[str, str]
) -> dict[str, Any]:
    match = route_pattern(operation).fullmatch(path)
    in_path = match.groupdict() if match else {}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), _wire_name(name, member)
        text: str | None = None
        if location == "uri":
            text = unquote(in_path[_group(wire)])
        elif location == "header":
            text = headers.get(wire.lower())
        elif location == "querystring" and wire in query:
            text = query[wire][0]
        if text is not None:
            found[name] = _read_text(member, text, name)
    return found


def _read_text(shape: Shape, text: str, path: str) -> Any:
    """Read what travels in a path, a query or a header."""
    if shape.type_name in ("integer", "long", "float", "double"):
        return _read(shape, _load(text.encode()), path)
    if shape.type_name == "boolean":
        return _read(shape, {"true": True, "false": False}.get(text.lower(), text), path)
    return _read(shape, text, path)


def _read(shape: Shape, value: Any, path: str) -> Any:
    if value is None:
        return None
    reader = _READERS.get(shape.type_name)
    if reader is not None:
        return reader(shape, value, path)
    if shape.type_name == "structure":
        return _read_structure(shape, value, path)  # type: ignore[arg-type] # the type name tells
    if shape.type_name == "list":
        _expect(isinstance(value, list), value, "a list", path)
        return [_read(shape.member, item, f"{path}.{n}.member") for n, item in enumerate(value, 1)]  # type: ignore[attr-defined]
    _expect(isinstance(value, dict), value, "a map", path)
    return {key: _read(shape.value, item, f"{path}.{key}") for key, item in value.items()}  # type: ignore[attr-defined]


def _read_structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    _expect(isinstance(value, dict), value, "a structure", path)
    names = {_wire_name(name, member): name for name, member in shape.members.items()}
    _refuse_unknown(value, names, path)
    prefix = f"{path}." if path else ""
    read = {names[wire]: _read(shape.members[names[wire]], item, prefix + names[wire]) for wire, item in value.items()}
    return {name: item for name, item in read.items() if item is not None}


def _refuse_unknown(value: Any, known: Mapping[str, str], path: str) -> None:
    """Refuse members that the model does not have; AWS ignores them, and a rehearsal must not."""
    _expect(isinstance(value, dict), value, "a structure", path)
    unknown = [name for name in value if name not in known and name != "__type"]
    if unknown:
        where = f" at '{path}'" if path else ""
        raise MalformedRequestError(
            f"Unknown member {unknown[0]!r}{where}; expected one of {', '.join(sorted(known))}", "ValidationException"
        )


def _expect(holds: bool, value: object, wanted: str, path: str) -> None:  # noqa: FBT001 -- what is asserted
    if not holds:
        kind = {dict: "structure", list: "list", str: "string", bool: "boolean"}.get(type(value), "number")
        raise MalformedRequestError(f"A {kind} at '{path or '/'}' cannot be converted to {wanted}")


def _read_string(_: Shape, value: Any, path: str) -> str:
    _expect(isinstance(value, str), value, "a string", path)
    return str(value)


def _read_integer(_: Shape, value: Any, path: str) -> int:
    _expect(isinstance(value, int) and not isinstance(value, bool), value, "an integer", path)
    return int(value)


def _read_float(_: Shape, value: Any, path: str) -> float:
    _expect(isinstance(value, int | float) and not isinstance(value, bool), value, "a number", path)
    return float(value)


def _read_boolean(_: Shape, value: Any, path: str) -> bool:
    _expect(isinstance(value, bool), value, "a boolean", path)
    return bool(value)


def _read_timestamp(_: Shape, value: Any, path: str) -> datetime:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, TypeError, OverflowError):
        _expect(False, value, "a timestamp", path)  # noqa: FBT003
        raise


def _read_blob(_: Shape, value: Any, path: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        _expect(False, value, "base64", path)  # noqa: FBT003
        raise


_READERS = {
    "string": _read_string,
    "character": _read_string,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}


def _wire_name(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", name))


# -- routes of rest-json ----------------------------------------------------------------------------------------------


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


@cache
def route_pattern(operation: OperationModel) -> re.Pattern[str]:
    """Return what the path of an operation looks like, with a group for each parameter in it."""
    parts = re.split(r"\{([^}]+)\}", operation.http["requestUri"].partition("?")[0])
    texts = (
        f"(?P<{_group(part.rstrip('+'))}>{'.+' if part.endswith('+') else '[^/]+'})" if n % 2 else re.escape(part)
        for n, part in enumerate(parts)
    )
    return re.compile("".join(texts))


def find_operation(service: ServiceModel, method: str, path: str) -> str | None:
    """Return the name of the rest-json operation that a method and a path (still quoted) mean."""
    for name in service.operation_names:
        operation = service.operation_model(name)
        if operation.http["method"] == method and route_pattern(operation).fullmatch(path):
            return name
    return None


# -- answers ----------------------------------------------------------------------------------------------------------


def write_answer(operation: OperationModel, output: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an answer; members that the output shape does not have are left out."""
    shape = operation.output_shape
    if shape is None:
        return {}, b"" if operation.service_model.protocol == "json" else b"{}"
    if operation.service_model.protocol == "json":
        return {}, json.dumps(_write(shape, output)).encode()
    headers, payload = {}, shape.serialization.get("payload")
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header" and output.get(name) is not None:
            headers[_wire_name(name, member)] = str(output[name])
    if payload is not None and shape.members[payload].type_name == "blob":
        return headers, output.get(payload, b"")
    document = shape.members[payload] if payload else shape
    body = {name: value for name, value in output.items() if name not in headers}
    return headers, json.dumps(_write(document, body[payload] if payload else body)).encode()


def _write(shape: Shape, value: Any) -> Any:
    match shape.type_name:
        case "structure":
            members = shape.members.items()  # type: ignore[attr-defined]
            return {
                _wire_name(name, member): _write(member, value[name])
                for name, member in members
                if value.get(name) is not None and "location" not in member.serialization
            }
        case "list":
            return [_write(shape.member, item) for item in value]  # type: ignore[attr-defined]
        case "map":
            return {key: _write(shape.value, item) for key, item in value.items()}  # type: ignore[attr-defined]
        case "timestamp":
            return round(value.timestamp(), 3)
        case "blob":
            return base64.b64encode(value).decode()
        case _:
            return value


def shape_output(shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those values that an output shape has members for: how Describe is answered from what Create was given."""
    return {name: values[name] for name in shape.members if values.get(name) is not None}  # type: ignore[attr-defined]
