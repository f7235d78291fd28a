"""Conditions joined by && and || with parentheses: what JSON and space-delimited patterns share."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from fairway.twin.filters.patterns import Literal, PatternError, unescape

EventT = TypeVar("EventT")
Condition = Callable[[EventT], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<mark>\(|\)|&&|\|\||!=|<=|>=|=|<|>)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<regex>%)
      | (?P<word>[^\s()&|!=<>"%]+)
    )""",
    re.VERBOSE,
)
OPERATORS = ("=", "!=", "<", ">", "<=", ">=")
_UNQUOTED = re.compile(r"[\w*.+:/-]+")


@dataclass(frozen=True)
class Token:
    """A mark, a word, or a quoted text."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of an expression; raise PatternError where there is none."""
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PatternError(f"This is no part of a filter pattern: {text[position:].strip()!r}")
        if match["regex"]:
            raise PatternError(f"The twin does not have regular expressions in filter patterns: {text.strip()!r}")
        kind = match.lastgroup or ""
        yield Token(kind, unescape(match[kind]) if kind == "quoted" else match[kind])
        position = match.end()


class Reader(Generic[EventT]):
    """Reads an expression; `condition` reads one condition from the tokens. && binds closer than ||."""

    def __init__(self, text: str, condition: "Callable[[Reader[EventT]], Condition[EventT]]") -> None:
        self._text = text.strip()
        self._tokens = list(tokens(text))
        self._condition = condition

    def read(self) -> Condition[EventT]:
        """Read all of it."""
        expression = self._any()
        if self._tokens:
            raise PatternError(f"{self._tokens[0].text!r} is not expected there: {self._text!r}")
        return expression

    def next(self, what: str) -> Token:
        """Take the next token, which is `what`."""
        if not self._tokens:
            raise PatternError(f"The pattern ends where {what} is expected: {self._text!r}")
        return self._tokens.pop(0)

    def word(self, *wanted: str) -> str:
        """Take the next token, which is one of these words."""
        token = self.next(" or ".join(wanted))
        if token.kind == "quoted" or token.text.upper() not in wanted:
            raise PatternError(f"{token.text!r} stands where {' or '.join(wanted)} is expected: {self._text!r}")
        return token.text.upper()

    def literal(self, operator: str) -> Literal:
        """Take the value on the right side of an operator."""
        token = self.next("a value")
        if token.kind == "mark":
            raise PatternError(f"{token.text!r} stands where a value is expected: {self._text!r}")
        if token.kind == "word" and not _UNQUOTED.fullmatch(token.text):
            raise PatternError(f'A value with such characters stands in double quotes: "{token.text}"')
        literal = Literal(token.text, quoted=token.kind == "quoted")
        if operator not in ("=", "!=") and literal.number is None:
            raise PatternError(f"{operator} compares numbers, and {token.text!r} is none")
        return literal

    def _any(self) -> Condition[EventT]:
        alternatives = [self._all()]
        while self._take("||"):
            alternatives.append(self._all())
        return alternatives[0] if len(alternatives) == 1 else lambda event: any(one(event) for one in alternatives)

    def _all(self) -> Condition[EventT]:
        conditions = [self._one()]
        while self._take("&&"):
            conditions.append(self._one())
        return conditions[0] if len(conditions) == 1 else lambda event: all(one(event) for one in conditions)

    def _one(self) -> Condition[EventT]:
        if not self._take("("):
            return self._condition(self)
        inner = self._any()
        if not self._take(")"):
            raise PatternError(f"A parenthesis is not closed: {self._text!r}")
        return inner

    def _take(self, mark: str) -> bool:
        if self._tokens and self._tokens[0] == Token("mark", mark):
            self._tokens.pop(0)
            return True
        return False
