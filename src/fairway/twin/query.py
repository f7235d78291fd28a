"""AWS's query protocol, the server's side, by botocore's shapes: forms are read and XML is written.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import Shape

Form = Mapping[str, Sequence[str] | str]


def read(shape: Shape, form: Form, name: str = "") -> Any:
    """Return what a form holds of a shape, in botocore's types; None where it holds nothing."""
    if shape.type_name == "structure":
        prefix = f"{name}." if name else ""
        found = {member: read(inner, form, prefix + member) for member, inner in shape.members.items()}  # type: ignore[attr-defined]
        return {member: value for member, value in found.items() if value is not None} or (None if name else {})
    if shape.type_name == "list":
        return _read_list(shape, form, name)
    text = form.get(name)
    if text is None:
        return None
    return _read_text(shape, text if isinstance(text, str) else text[0])


def _read_list(shape: Shape, form: Form, name: str) -> list[Any] | None:
    items: list[Any] = []
    while True:
        item = read(shape.member, form, f"{name}.member.{len(items) + 1}")  # type: ignore[attr-defined]
        if item is None:
            return items or None
        items.append(item)


def _read_text(shape: Shape, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name in ("float", "double"):
        return float(text)
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(text)
    return text


def write(shape: Shape, value: Any) -> str:
    """Return a value as XML, without the element around it; members that the shape lacks, or that are None, are not."""
    if shape.type_name == "structure":
        members = shape.members  # type: ignore[attr-defined]
        return "".join(
            f"<{name}>{write(members[name], item)}</{name}>"
            for name, item in value.items()
            if name in members and item is not None
        )
    if shape.type_name == "list":
        return "".join(f"<member>{write(shape.member, item)}</member>" for item in value)  # type: ignore[attr-defined]
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return escape(str(value))
