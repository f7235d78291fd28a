"""Patterns of JSON log events: `{ $.event = "quality" && $.psi > 0.2 }`."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fairway.twin.filters.expressions import OPERATORS, Condition, Reader
from fairway.twin.filters.patterns import Fields, PatternError, Value, compare

_SELECTOR = re.compile(r"\$(\.[\w-]+(\[\d+\])*)+")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_ABSENT = object()


@dataclass(frozen=True)
class JsonFields:
    """The values of a JSON event."""

    document: Any

    def get(self, selector: str) -> Value | None:
        """Return the text or the number that a selector points at; anything else is no value."""
        return _value(_find(self.document, selector))


@dataclass(frozen=True)
class JsonPattern:
    """See Pattern. An event that is no JSON object matches nothing."""

    holds: Condition[Any]

    def match(self, message: str) -> Fields | None:
        """See Pattern."""
        if not message.lstrip().startswith("{"):
            return None
        try:
            document = json.loads(message)
        except (ValueError, RecursionError):
            return None
        return JsonFields(document) if self.holds(document) else None

    def check_selector(self, selector: str) -> None:
        """See Pattern."""
        check(selector)


def parse_json(text: str) -> JsonPattern:
    """Read what stands between the braces."""
    return JsonPattern(Reader[Any](text, _condition).read())


def check(selector: str) -> None:
    """Raise PatternError unless it is a selector as `$.users[0].name`."""
    if _SELECTOR.fullmatch(selector):
        return
    if "[*]" in selector or ".*" in selector or ".." in selector:
        raise PatternError(f"The twin does not have wildcards in selectors: {selector!r}")
    raise PatternError(f"{selector!r} is no selector; expected one as $.latency or $.users[0].name")


def _condition(reader: Reader[Any]) -> Condition[Any]:
    selector = reader.next("a selector").text
    check(selector)
    operator = reader.next("an operator")
    if operator.kind == "mark" and operator.text in OPERATORS:
        return _comparison(selector, operator.text, reader)
    match operator.text.upper() if operator.kind == "word" else "":
        case "IS":
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[reader.word("NULL", "TRUE", "FALSE")]
            return lambda document: _find(document, selector) is wanted
        case "NOT":
            reader.word("EXISTS")
            return lambda document: _find(document, selector) is _ABSENT
        case "EXISTS":
            raise PatternError(f"CloudWatch knows NOT EXISTS; that {selector} exists is written {{ {selector} = * }}")
    raise PatternError(f"{operator.text!r} is no operator; expected one of {', '.join(OPERATORS)}, IS, NOT EXISTS")


def _comparison(selector: str, operator: str, reader: Reader[Any]) -> Callable[[Any], bool]:
    literal = reader.literal(operator)

    def holds(document: Any) -> bool:
        value = _value(_find(document, selector))
        # Neither = nor != holds for what has no value: CloudWatch does not apply the filter then.
        return value is not None and compare(operator, value, literal)

    return holds


def _value(found: Any) -> Value | None:
    if isinstance(found, bool):
        return None
    return found if isinstance(found, str | int | float) else None


def _find(document: Any, selector: str) -> Any:
    found = document
    for step in _steps(selector):
        if isinstance(step, int):
            if not isinstance(found, list) or step >= len(found):
                return _ABSENT
        elif not isinstance(found, dict) or step not in found:
            return _ABSENT
        found = found[step]
    return found


@lru_cache(maxsize=1024)
def _steps(selector: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for name, index in _STEP.findall(selector))
