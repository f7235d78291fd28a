"""Transform a whole data set: what the batch workflow is told of it, and where it leaves the predictions."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fairway.errors import BatchInputError


@dataclass(frozen=True)
class Format:
    """How files of one kind are sent to the container: as what, cut into records by what, and what comes back."""

    content_type: str
    accept: str
    split: str


LINES = "application/jsonlines"
FORMATS = {
    # Cut by lines, only the first piece of a file would have its header.
    ".csv": Format("text/csv; header=absent", "text/csv", "Line"),
    ".jsonl": Format(LINES, LINES, "Line"),
    ".json": Format("application/json", "application/json", "None"),
    ".parquet": Format("application/vnd.apache.parquet", LINES, "None"),
}


@dataclass(frozen=True)
class BatchInput:
    """What one run of the workflow is told; pipelines/README.md describes each member."""

    input: str
    content_type: str
    accept: str
    split: str


def told_of(url: str, file_format: Format) -> BatchInput:
    """Return what a run is told of the objects at an address."""
    return BatchInput(url, file_format.content_type, file_format.accept, file_format.split)


def format_of(names: Iterable[str], where: str) -> Format:
    """Return the one format of files, by the ends of their names; `BatchInputError` names what is wrong with them."""
    ends = sorted({PurePosixPath(name).suffix.lower() for name in names})
    if not ends:
        raise BatchInputError(where, "there is nothing", "an object, or a folder of objects")
    if len(ends) > 1 or ends[0] not in FORMATS:
        raise BatchInputError(
            where, f"its files end in {', '.join(ends)}", f"files of one kind, {', '.join(sorted(FORMATS))}"
        )
    return FORMATS[ends[0]]


def refuse_nothing(where: str, size: int) -> None:
    """Raise `BatchInputError` for files without a byte: a job would succeed with nothing."""
    if not size:
        raise BatchInputError(where, "it is empty", "one record or more")


def refuse_header(path: Path, columns: Iterable[str]) -> None:
    """Raise `BatchInputError` for a CSV file whose first line is the names of columns."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        first = next(csv.reader(file), [])
    if set(columns) & {field.strip() for field in first}:
        raise BatchInputError(
            str(path), "its first line names columns", "records only, in the order of the schema (`tail -n +2`)"
        )
