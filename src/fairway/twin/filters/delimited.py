"""Patterns of space-delimited log events: `[ip, user, ..., status = 4* && status != 403, bytes]`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fairway.twin.filters.expressions import OPERATORS, Condition, Reader
from fairway.twin.filters.patterns import Fields, Named, PatternError, compare

ELLIPSIS = "..."
_NAME = re.compile(r"\w+")
# What stands in brackets or quotes is one field.
_FIELD = re.compile(r'\[(?P<bracketed>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<bare>\S+)')
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


@dataclass(frozen=True)
class Field:
    """A field by its name, if it has one, and what must hold for it."""

    name: str | None
    condition: Condition[Mapping[str, str]] | None


@dataclass(frozen=True)
class DelimitedPattern:
    """See Pattern. `tail` are the fields after an ellipsis, None where there is no ellipsis."""

    head: tuple[Field, ...]
    tail: tuple[Field, ...] | None

    def match(self, message: str) -> Fields | None:
        """See Pattern."""
        texts = [match[match.lastgroup or ""] for match in _FIELD.finditer(message)]
        placed = self._place(len(texts))
        if placed is None:
            return None
        values = {f"${field.name}": texts[place] for field, place in placed if field.name}
        holds = all(field.condition is None or field.condition(values) for field, _ in placed)
        numbered = {f"${number}": text for number, text in enumerate(texts, 1)}
        return Named({**numbered, **values}) if holds else None

    def extracted(self, fields: Fields, message: str) -> dict[str, str]:
        """Return the fields as TestMetricFilter shows them: by their names, and those without by their places."""
        number = len(_FIELD.findall(message))
        placed = self._place(number) or []
        names = {place: field.name for field, place in placed if field.name}
        selectors = [f"${names.get(place) or place + 1}" for place in range(number)]
        return {selector: str(fields.get(selector)) for selector in selectors}

    def check_selector(self, selector: str) -> None:
        """See Pattern."""
        names = [field.name for field in (*self.head, *(self.tail or ())) if field.name]
        if selector.removeprefix("$") not in names and not re.fullmatch(r"\$[1-9]\d*", selector):
            raise PatternError(f"{selector!r} is no field of the pattern; it has {', '.join(f'${n}' for n in names)}")

    def _place(self, number: int) -> list[tuple[Field, int]] | None:
        """Return the fields with their places in an event of so many fields, or None if they do not fit."""
        tail = self.tail or ()
        if number < len(self.head) + len(tail) or (self.tail is None and number != len(self.head)):
            return None
        last = number - len(tail)
        return [*zip(self.head, range(number), strict=False), *zip(tail, range(last, number), strict=True)]


def parse_delimited(text: str) -> DelimitedPattern:
    """Read what stands between the brackets."""
    parts = [part.strip() for part in _COMMA.split(text)]
    ellipses = [place for place, part in enumerate(parts) if part == ELLIPSIS]
    if len(ellipses) > 1:
        raise PatternError(f"A pattern has one ellipsis at most: {text!r}")
    if not ellipses:
        return DelimitedPattern(tuple(map(_field, parts)), None)
    place = ellipses[0]
    return DelimitedPattern(tuple(map(_field, parts[:place])), tuple(map(_field, parts[place + 1 :])))


def _field(text: str) -> Field:
    if not text or _NAME.fullmatch(text):
        return Field(text or None, None)
    names: list[str] = []

    def condition(reader: Reader[Mapping[str, str]]) -> Condition[Mapping[str, str]]:
        name = reader.next("a field").text
        if not _NAME.fullmatch(name):
            raise PatternError(f"{name!r} is no name of a field")
        names.append(name)
        operator = reader.word(*OPERATORS)
        literal = reader.literal(operator)
        return lambda values: compare(operator, values[f"${name}"], literal)

    holds = Reader[Mapping[str, str]](text, condition).read()
    if len(set(names)) > 1:
        raise PatternError(f"The conditions of one field are about that field alone: {text!r}")
    return Field(names[0], holds)
