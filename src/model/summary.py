"""What is counted of one file of examples while it is written, and of several together.

The sums of a file are its own, and files are added in the order of their names: whoever counted them, on one machine
or on ten, the totals are the same to the last bit.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.flights import LABEL, SCHEMA


@dataclass
class Range:
    """What is known of a column of numbers."""

    minimum: float | None = None
    maximum: float | None = None
    sum: float = 0.0
    missing: int = 0

    def add(self, other: "Range") -> None:
        """Count another one's values too."""
        for name, choose in (("minimum", min), ("maximum", max)):
            both = [value for value in (getattr(self, name), getattr(other, name)) if value is not None]
            setattr(self, name, choose(both) if both else None)
        self.sum += other.sum
        self.missing += other.missing


@dataclass
class Summary:
    """Rows that became examples, rows that were scheduled, rows that were put aside (by column), and what they hold."""

    scheduled: int = 0
    rows: int = 0
    late: int = 0
    numbers: dict[str, Range] = field(default_factory=dict)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)

    def count(self, examples: pa.RecordBatch) -> None:
        """Count a batch of examples."""
        self.rows += examples.num_rows
        self.late += pc.sum(examples[LABEL]).as_py() or 0
        for column in SCHEMA.columns:
            values: Any = examples[column.name]
            if column.type == "string":
                words, codes = values.dictionary.to_pylist(), np.asarray(values.indices)
                counts = np.bincount(codes, minlength=len(words)).tolist()
                known = self.categories.setdefault(column.name, Counter())
                known.update({word: count for word, count in zip(words, counts, strict=True) if count})
            else:
                bounds: Any = pc.min_max(values).as_py()
                here = Range(bounds["min"], bounds["max"], pc.sum(values).as_py() or 0, values.null_count)
                self.numbers.setdefault(column.name, Range()).add(here)

    def add(self, other: "Summary") -> None:
        """Count what another one counted."""
        self.scheduled += other.scheduled
        self.rows += other.rows
        self.late += other.late
        for name, its in other.numbers.items():
            self.numbers.setdefault(name, Range()).add(its)
        for name, words in other.categories.items():
            self.categories.setdefault(name, Counter()).update(words)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back."""
        numbers = {name: asdict(its) for name, its in self.numbers.items()}
        return {**vars(self), "numbers": numbers}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Summary":
        """Read what `to_json` returned."""
        numbers = {name: Range(**its) for name, its in content["numbers"].items()}
        categories = {name: Counter(words) for name, words in content["categories"].items()}
        return cls(**{**content, "numbers": numbers, "categories": categories})


def total(summaries: Iterable[Summary]) -> Summary:
    """Add them up, in the order given."""
    result = Summary()
    for summary in summaries:
        result.add(summary)
    return result
