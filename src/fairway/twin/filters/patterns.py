"""Filter patterns, as AWS documents them: terms, space-delimited fields, JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
What is documented there and not here (regular expressions, wildcards in selectors) is refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


class PatternError(ValueError):
    """A pattern that AWS or the twin refuses; the message says which."""


Value = str | float


class Fields(Protocol):
    """The values of a log event that a pattern matches, by what names them: `$.latency`, `$status`, `$3`."""

    def get(self, selector: str) -> Value | None:
        """Return the value, or None if the event has none."""


class Pattern(Protocol):
    """A pattern that was read."""

    def match(self, message: str) -> Fields | None:
        """Return the values of an event that matches, or None."""

    def check_selector(self, selector: str) -> None:
        """Raise PatternError if events that match this pattern have nothing that is named so."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Pattern:
    """Read a pattern; raise PatternError if it is none, or one that the twin does not have."""
    # Loaded only now: both need what stands here.
    from fairway.twin.filters.delimited import parse_delimited  # noqa: PLC0415
    from fairway.twin.filters.json_patterns import parse_json  # noqa: PLC0415

    stripped = text.strip()
    for first, last, kind, read in (("{", "}", "JSON", parse_json), ("[", "]", "space-delimited", parse_delimited)):
        if stripped.startswith(first):
            if not stripped.endswith(last) or len(stripped) == 1:
                raise PatternError(f"A {kind} pattern ends with {last!r}: {text!r}")
            return read(stripped[1:-1])
    return _parse_terms(stripped)


# -- values to compare with -------------------------------------------------------------------------------------------

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Literal:
    """What a field is compared with: a text, in which `*` at either end stands for anything, or a number."""

    text: str
    quoted: bool

    @property
    def number(self) -> float | None:
        """The number that it is written as, if it is one."""
        return None if self.quoted else number_of(self.text)

    def equals(self, value: Value) -> bool:
        """Tell whether a field has this value."""
        if self.number is not None and (known := number_of(value)) is not None:
            return known == self.number
        return self._matches(value if isinstance(value, str) else plain(value))

    def _matches(self, text: str) -> bool:
        wanted = self.text.removeprefix("*")
        open_left = wanted != self.text
        core = wanted.removesuffix("*")
        open_right = core != wanted
        if open_left and open_right:
            return core in text
        if open_left:
            return text.endswith(core)
        return text.startswith(core) if open_right else text == core


def compare(operator: str, value: Value, literal: Literal) -> bool:
    """Apply one of the six operators; the four that order hold for numbers only."""
    if operator in ("=", "!="):
        return literal.equals(value) == (operator == "=")
    known, wanted = number_of(value), literal.number
    if known is None or wanted is None:
        return False
    return {"<": known < wanted, ">": known > wanted, "<=": known <= wanted, ">=": known >= wanted}[operator]


def number_of(value: Value) -> float | None:
    """Return the finite number that a field is, or is written as; None for any other."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) and len(value) < 300 else None
    return value


def plain(number: float) -> str:
    """Return a number as JSON would have it: 400 and not 400.0."""
    return str(int(number)) if float(number).is_integer() else str(number)


# -- terms ------------------------------------------------------------------------------------------------------------

_TERM = re.compile(r"""(?P<sign>[-?]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))""")


@dataclass(frozen=True)
class Terms:
    """Texts of which an event holds all, any (where there are some), and none."""

    all_of: tuple[str, ...]
    any_of: tuple[str, ...]
    none_of: tuple[str, ...]

    def match(self, message: str) -> Fields | None:
        """See Pattern."""
        holds = (
            all(term in message for term in self.all_of)
            and not any(term in message for term in self.none_of)
            and (not self.any_of or any(term in message for term in self.any_of))
        )
        return Named({}) if holds else None

    def check_selector(self, selector: str) -> None:
        """See Pattern."""
        raise PatternError(f"A pattern of terms has no fields, and so no {selector!r}")


def _parse_terms(text: str) -> Terms:
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise PatternError(f"A quote is not closed: {text!r}")
        if match["word"] is not None:
            _check_word(match["word"])
        found[match["sign"]].append(match["word"] or unescape(match["quoted"] or ""))
        position = match.end()
        while position < len(text) and text[position].isspace():
            position += 1
    if found["?"] and (found[""] or found["-"]):
        raise PatternError(f"Terms with ? stand alone: CloudWatch ignores the ? beside other terms: {text!r}")
    return Terms(tuple(found[""]), tuple(found["?"]), tuple(found["-"]))


def _check_word(word: str) -> None:
    if word.startswith("%"):
        raise PatternError(f"The twin does not have regular expressions in filter patterns: {word!r}")
    if not re.fullmatch(r"\w+", word):
        raise PatternError(f'A term of other than letters, digits and _ stands in double quotes: "{word}"')


def unescape(text: str) -> str:
    r"""Return what a quoted text stands for: `\"` is a quote, and a doubled backslash is one."""
    return re.sub(r"\\(.)", r"\1", text)


@dataclass(frozen=True)
class Named:
    """Fields known by their names."""

    values: Mapping[str, Value]

    def get(self, selector: str) -> Value | None:
        """See Fields."""
        return self.values.get(selector)
