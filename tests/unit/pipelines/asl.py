"""Evaluates a state's fields as Step Functions does, and holds requests to botocore's models of the services."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import botocore.session
import jsonata
from botocore.model import Shape

EXECUTION = "20261122-150000-abcd-and-32-long-and-more"


def evaluate(node: Any, variables: Mapping[str, Any], states: Mapping[str, Any] | None = None) -> Any:
    """Evaluate every `{% … %}` in a state's field, with the variables that are assigned by then."""
    if isinstance(node, dict):
        return {key: evaluate(value, variables, states) for key, value in node.items()}
    if isinstance(node, list):
        return [evaluate(value, variables, states) for value in node]
    if not (isinstance(node, str) and node.startswith("{%") and node.endswith("%}")):
        return node
    expression = jsonata.Jsonata.jsonata(node[2:-2].strip())
    expression.register_lambda("parse", json.loads)
    expression.register_lambda("hash", _hash)
    bound = {name: jsonata.utils.Utils.NULL_VALUE if value is None else value for name, value in variables.items()}
    context = {"Execution": {"Name": EXECUTION}, "State": {"Name": "TheState", "RetryCount": 2}}
    return expression.evaluate(None, {**bound, "states": {"context": context, **(states or {})}})


def _hash(text: str, algorithm: str) -> str:
    assert algorithm == "SHA-256"
    return hashlib.sha256(text.encode()).hexdigest()


def input_shape(resource: str) -> Shape:
    """Return the input of the operation that a task's resource names."""
    service, action = resource.removesuffix(".sync").split(":")[-2:]
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(action[0].upper() + action[1:]).input_shape
    assert shape is not None
    return shape


def complaints(shape: Shape, value: Any, where: str = "") -> list[str]:
    """Return what the service would say beyond types and required members: enumerations, patterns and lengths."""
    if shape.type_name == "structure":
        members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
        return [each for name, item in value.items() for each in complaints(members[name], item, f"{where}.{name}")]
    if shape.type_name == "list":
        return [each for item in value for each in complaints(shape.member, item, f"{where}[]")]  # type: ignore[attr-defined]
    if shape.type_name == "map":
        keys = [each for key in value for each in complaints(shape.key, key, where)]  # type: ignore[attr-defined]
        items = value.items()
        return keys + [each for key, item in items for each in complaints(shape.value, item, f"{where}.{key}")]  # type: ignore[attr-defined]
    if shape.type_name != "string":
        return []
    found = []
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        found.append(f"{where}: {value!r} is none of {shape.metadata['enum']}")
    if len(value) > shape.metadata.get("max", len(value)):
        found.append(f"{where}: {value!r} is longer than {shape.metadata['max']}")
    pattern = shape.metadata.get("pattern", "")
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):  # Python knows no classes of Unicode
        found.append(f"{where}: {value!r} does not match {pattern}")
    return found
