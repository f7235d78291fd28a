"""Batch transform's DataProcessing: what of a record the model gets, and what of record and answer is written.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairway.twin.runtime.transform_paths import Path, PathError
from fairway.twin.runtime.transform_records import RecordError

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
FORMATS = (CSV, JSON, JSON_LINES)


def media_type(header: str | None) -> str:
    """Return a content type without its parameters."""
    return (header or "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Joining:
    """A job's filters, and whether records are joined with their answers. `kind` is the format of both."""

    kind: str
    input_filter: Path
    output_filter: Path
    join: bool

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Joining":
        """Read a CreateTransformJob request; raise PathError for a filter that is none."""
        given = request.get("DataProcessing") or {}
        return cls(
            media_type(request["TransformInput"].get("ContentType")),
            Path.parse(given.get("InputFilter") or "$"),
            Path.parse(given.get("OutputFilter") or "$"),
            given.get("JoinSource", "None") == "Input",
        )

    @property
    def writes(self) -> bool:
        """Tell whether what is written is more or less than the answers."""
        return self.join or not self.output_filter.everything

    def request(self, records: Sequence[bytes]) -> bytes:
        """Return the body of a request with these records; raise RecordError."""
        if self.input_filter.everything:
            return b"".join(records)
        return self._text([self._filtered(self.input_filter, value) for value in self._values(b"".join(records))])

    def output(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """Return what is written of an answer to these records; raise RecordError."""
        if not self.writes:
            return answer
        values = self._values(answer)
        if self.join:
            asked = self._values(b"".join(records))
            if len(asked) != len(values):
                raise RecordError(
                    f"The model answered {len(values)} records to {len(asked)}: they cannot be joined with the input."
                )
            values = [self._joined(*pair) for pair in zip(asked, values, strict=True)]
        return self._text([self._filtered(self.output_filter, value) for value in values])

    def _joined(self, record: Any, answer: Any) -> Any:
        if self.kind == CSV:
            return [*record, *answer]
        fields = record if isinstance(record, dict) else {"SageMakerInput": record}
        return {**fields, "SageMakerOutput": answer}

    @staticmethod
    def _filtered(path: Path, value: Any) -> Any:
        try:
            return path.select(value)
        except PathError as error:
            raise RecordError(f"The filter {error}.") from error

    def _values(self, content: bytes) -> list[Any]:
        """Return the rows of CSV, the values of JSON Lines, or the one value of JSON, of which lines are several."""
        try:
            text = content.decode()
            if self.kind == CSV:
                return list(csv.reader(io.StringIO(text, newline=""), strict=True))
            return _json_values(text, lines=self.kind == JSON_LINES)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            raise RecordError(f"What is to be filtered or joined is no {self.kind}: {error}.") from error

    def _text(self, values: Sequence[Any]) -> bytes:
        if self.kind != CSV:
            return "\n".join(json.dumps(value) for value in values).encode()
        rows = io.StringIO()
        csv.writer(rows, lineterminator="\n").writerows(
            value if isinstance(value, list) else [value] for value in values
        )
        return rows.getvalue().encode()


def _json_values(text: str, *, lines: bool) -> list[Any]:
    if not lines:
        try:
            return [json.loads(text)]
        except ValueError:
            if "\n" not in text.strip():
                raise
    return [json.loads(line) for line in text.split("\n") if line.strip()]
