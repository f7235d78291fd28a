"""The JSONPath of batch transform's filters: fields, indexes, slices and wildcards, as SageMaker documents them.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\.(?P<star>\*)|\.?\[(?P<inside>(?:'[^']*'|[^\]'])+)\]")
_SLICE = re.compile(r"(-?\d+)?:(-?\d+)?")
_INDEX = re.compile(r"-?\d+")


class PathError(Exception):
    """An expression that is no JSONPath of SageMaker's, or that selects what a record does not have."""


@dataclass(frozen=True)
class Wildcard:
    """All fields of an object, or all elements of an array."""


Selector = str | int | slice | Wildcard
# Selectors between the same brackets; one selects a value, several select a part of the object or of the array.
Step = tuple[Selector, ...]


@dataclass(frozen=True)
class Path:
    """A parsed expression."""

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Read an expression; raise PathError."""
        if not text.startswith("$"):
            raise PathError(f"{text!r} does not begin with $")
        steps, place = [], 1
        while place < len(text):
            match = _STEP.match(text, place)
            if match is None:
                raise PathError(f"{text!r} has {text[place:]!r}, which is no operator that SageMaker supports")
            steps.append(_step(text, match))
            place = match.end()
        return cls(text, tuple(steps))

    @property
    def everything(self) -> bool:
        """Tell whether it selects the whole record."""
        return not self.steps

    def select(self, value: Any) -> Any:
        """Return what it selects of a record; raise PathError for a field or an index that is not there."""
        for step in self.steps:
            value = self._take(step, value)
        return value

    def _take(self, step: Step, value: Any) -> Any:
        if isinstance(value, dict):
            return self._of_object(step, value)
        if isinstance(value, list):
            return self._of_array(step, value)
        raise PathError(f"{self.text!r} selects a part of {value!r}, which has none")

    def _of_object(self, step: Step, value: dict[str, Any]) -> Any:
        if step == (Wildcard(),):
            return list(value.values())
        for name in step:
            if not isinstance(name, str):
                raise PathError(f"{self.text!r} takes an index of an object: it has fields, {', '.join(value)}")
            if name not in value:
                raise PathError(f"{self.text!r} takes the field {name!r}, and there is none: {', '.join(value)}")
        names = [name for name in step if isinstance(name, str)]
        return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}

    def _of_array(self, step: Step, value: list[Any]) -> Any:
        places = [place for selector in step for place in self._places(selector, len(value))]
        if len(step) == 1 and isinstance(step[0], int):
            return value[places[0]]
        return [value[place] for place in places]

    def _places(self, selector: Selector, length: int) -> Sequence[int]:
        if isinstance(selector, Wildcard):
            return range(length)
        if isinstance(selector, str):
            raise PathError(f"{self.text!r} takes the field {selector!r} of an array of {length}")
        if isinstance(selector, slice):
            if any(end is not None and abs(end) > length for end in (selector.start, selector.stop)):
                raise PathError(f"{self.text!r} is not within the {length} elements that there are")
            return range(*selector.indices(length))
        if not -length <= selector < length:
            raise PathError(f"{self.text!r} takes element {selector} of {length}")
        return [selector]


def _step(text: str, match: "re.Match[str]") -> Step:
    if match["name"]:
        return (match["name"],)
    if match["star"] or match["inside"].strip() == "*":
        return (Wildcard(),)
    return tuple(_selectors(text, match["inside"]))


def _selectors(text: str, inside: str) -> Iterator[Selector]:
    for part in re.findall(r"'[^']*'|[^,]+|(?<=,)$", inside):
        item = part.strip()
        bounds = _SLICE.fullmatch(item)
        if len(item) > 1 and item[0] == item[-1] == "'":
            yield item[1:-1]
        elif bounds:
            yield slice(*(int(end) if end else None for end in bounds.groups()))
        elif _INDEX.fullmatch(item):
            yield int(item)
        else:
            raise PathError(f"{text!r} has {item!r} in brackets; expected a quoted field, an index or a slice")
