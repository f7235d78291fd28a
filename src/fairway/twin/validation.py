"""Parameters held against the constraints of botocore's model, all of them, in AWS's words."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape

# Java's classes that Python's `re` lacks, as they are used inside of brackets. \w stands for \p{L} and \p{N}: where the
# models write one they write the other two of letters, digits and `_` as well, or accept any printable text anyway.
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": r"\u0300-\u036f",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\u0020\u00a0\u2000-\u200a\u2028\u2029\u202f\u3000",
    r"\p{S}": r"$+<=>^`|~\u00a2-\u00a9\u2100-\u2bff",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}\u00a1\u00a7\u00ab\u2010-\u2027",
    r"\p{Alnum}": r"a-zA-Z0-9",
    r"\p{Print}": r"\x20-\x7e",
    r"\p{ASCII}": r"[\x00-\x7f]",  # stands outside of brackets in the models
    r"\z": r"\Z",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
}


def violations(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Yield a sentence for each constraint that the value breaks."""
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _within(shape, len(value), value, path, "length")
        for number, item in enumerate(value, 1):
            yield from violations(shape.member, item, f"{path}.{number}.member")  # type: ignore[attr-defined]
    elif kind == "map":
        yield from _within(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")  # type: ignore[attr-defined]
            yield from violations(shape.value, item, f"{path}.{key}.member")  # type: ignore[attr-defined]
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind == "blob":
        yield from _within(shape, len(value), "java.nio.HeapByteBuffer", path, "length")
    elif kind in ("integer", "long", "float", "double"):
        yield from _within(shape, value, value, path, "value")


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name, member in shape.members.items():  # type: ignore[attr-defined]
        where = prefix + name[:1].lower() + name[1:]
        if value.get(name) is not None:
            yield from violations(member, value[name], where)
        elif name in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    allowed = shape.enum  # type: ignore[attr-defined]
    if allowed and value not in allowed:
        yield _sentence(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    yield from _within(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _sentence(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _within(shape: Shape, size: float, value: object, path: str, what: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _sentence(value, path, f"Member must have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _sentence(value, path, f"Member must have {what} less than or equal to {high}")


def _sentence(value: object, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    pattern = re.sub(r"^\\p\{Print\}", r"[\\p{Print}]", pattern)  # Application Auto Scaling's stands outside
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    # `(...)${1,128}` is a slip of SageMaker's model; Java reads it as the end of the text.
    return re.compile(re.sub(r"\$\{\d+,\d+\}$", "", pattern))


def summary(found: list[str]) -> str:
    """Return AWS's sentence for all that is wrong with a request."""
    many = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{many} detected: {'; '.join(found)}"
